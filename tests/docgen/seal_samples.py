"""A seal and a sealing key for tests of the OFD seal; made anew in each run."""

from __future__ import annotations

import functools
import io
from datetime import UTC, datetime

from PIL import Image, ImageDraw

from certs import sm2
from certs.ses import Picture, SesSeal
from certs.ses_build import assemble_seal, build_seal_info
from certs.signer import LocalSigner
from certs.x509 import Certificate
from certs.x509_build import build_certificate

START, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
NAME = "测试市应急管理局"


def _certificate(name: str, key: sm2.PrivateKey, serial: int) -> Certificate:
    return build_certificate(
        subject=(("C", "CN"), ("CN", name)), spki=key.spki, issuer=None, issuer_key=key, serial=serial,
        not_before=START, not_after=END, key_usage=("digitalSignature", "nonRepudiation"))


def imprint() -> bytes:
    """A red ring, PNG with alpha."""
    picture = Image.new("RGBA", (496, 496), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse((8, 8, 488, 488), outline=(220, 0, 0, 255), width=14)
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


@functools.cache
def seal_and_signer() -> tuple[SesSeal, LocalSigner]:
    """A seal whose only certificate is the signer's."""
    maker, sealing = sm2.PrivateKey.generate(), sm2.PrivateKey.generate()
    maker_certificate, certificate = _certificate("制章人", maker, 1), _certificate(NAME, sealing, 2)
    info = build_seal_info(
        vendor_id="zhengyin", es_id="TEST0001", name=NAME, certificates=(certificate.der,),
        created_at=START,
        valid_start=START, valid_end=END,
        picture=Picture(kind="PNG", data=imprint(), width_mm=42, height_mm=42))
    return assemble_seal(info, maker_certificate.der, maker.sign(info)), LocalSigner(certificate, sealing)

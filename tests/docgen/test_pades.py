"""The certifying signature: valid for readers we did not write, and nothing but its own digits is added."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms, x509  # type: ignore[import-untyped]
from asn1crypto import pem as armour
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from certs import sm2
from certs.der import require_der
from certs.signer import LocalSigner
from certs.tsa import Timestampers
from certs.x509 import Certificate
from certs.x509_build import build_certificate
from docgen.pades import sign_pdf
from docgen.pdf_errors import PdfError
from tests.docgen.pdf_sample import NOW, PLAN, unsigned, world


def signed(**options: Any) -> bytes:
    signer, ca, root = world()
    return sign_pdf(unsigned(**options), signer, chain=(ca, root))


def contents(data: bytes) -> bytes:
    """Return the CMS of the file, its padding cut off."""
    digits = re.search(rb"/Contents <([0-9a-f]+)>", data)
    assert digits is not None
    padded = bytes.fromhex(digits[1].decode())
    length = 4 + int.from_bytes(padded[2:4], "big")
    assert not any(padded[length:])
    return padded[:length]


def judge(data: bytes, *extra_roots: Any) -> Any:
    root = x509.Certificate.load(world()[2].der)
    context = ValidationContext(trust_roots=[root, *extra_roots], allow_fetching=False, moment=NOW)
    found, = PdfFileReader(io.BytesIO(data), strict=True).embedded_signatures
    return validate_pdf_signature(found, signer_validation_context=context, ts_validation_context=context,
                                  skip_diff=False)


def test_pyhanko_finds_a_valid_certification_that_allows_no_change() -> None:
    status = judge(signed())
    assert status.bottom_line
    assert (status.intact, status.valid, status.trusted) == (True, True, True)
    assert status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    assert status.modification_level == ModificationLevel.NONE
    found, = PdfFileReader(io.BytesIO(signed())).embedded_signatures
    assert found.docmdp_level == MDPPerm.NO_CHANGES
    assert found.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert found.sig_object["/M"] == "D:20250801093000+08'00'"


def test_poppler_finds_it_valid_and_the_whole_file_signed(poppler: None, tmp_path: Path) -> None:
    (tmp_path / "s.pdf").write_bytes(signed())
    said = subprocess.run(["pdfsig", "-nocert", "s.pdf"], cwd=tmp_path, check=False,
                          capture_output=True).stdout
    assert b"Signature is Valid" in said
    assert b"Total document signed" in said


def test_only_the_digits_of_contents_are_filled_in() -> None:
    before = unsigned()
    after = signed()
    assert after[:before.start + 1] == before.data[:before.start + 1]
    assert after[before.end - 1:] == before.data[before.end - 1:]
    assert re.fullmatch(rb"[0-9a-f]+", after[before.start + 1:before.end - 1])


def test_the_cms_is_strict_der_and_holds_only_what_pades_asks_for() -> None:
    encoded = contents(signed())
    require_der(encoded)
    data = cms.ContentInfo.load(encoded)["content"]
    info, = data["signer_infos"]
    assert {attribute["type"].native for attribute in info["signed_attrs"]} == {
        "content_type", "message_digest", "signing_certificate_v2"}
    assert not info["unsigned_attrs"]
    signer, ca, root = world()
    assert {one.chosen.dump() for one in data["certificates"]} == {signer.certificate.der, ca.der, root.der}
    assert info["digest_algorithm"]["algorithm"].native == "sha256"


@pytest.mark.parametrize("share", [0.01, 0.2, 0.4, 0.6, 0.8, 0.99])
def test_a_changed_byte_breaks_the_signature(share: float) -> None:
    data = bytearray(signed())
    made = unsigned()
    outside = [*range(made.start), *range(made.end, len(data))]
    data[outside[int(share * len(outside))]] ^= 1
    try:
        status = judge(bytes(data))
    except Exception:  # a reader that cannot read it has not accepted it
        return
    assert not status.bottom_line


def test_another_certificate_authority_is_not_trusted() -> None:
    found, = PdfFileReader(io.BytesIO(signed())).embedded_signatures
    other = ValidationContext(trust_roots=[], allow_fetching=False, moment=NOW)
    assert not validate_pdf_signature(found, signer_validation_context=other).trusted


def test_a_signature_works_inside_a_running_event_loop() -> None:
    import asyncio

    async def inside() -> bytes:
        return signed()

    assert judge(asyncio.run(inside())).bottom_line


def sm2_signer() -> LocalSigner:
    key = sm2.PrivateKey.generate()
    certificate = build_certificate(
        subject=(("CN", "测试"),), spki=key.spki, issuer=None, issuer_key=key, serial=1,
        not_before=NOW - timedelta(1), not_after=NOW + timedelta(1), key_usage=("digitalSignature",))
    return LocalSigner(certificate, key)


@pytest.mark.parametrize(("plan", "signer", "code"), [
    (PLAN, "sm2", "pdf.signer-unfit"),
    (replace(PLAN, signed_at=NOW - timedelta(days=31)), "p256", "pdf.signer-unfit"),
    (replace(PLAN, signed_at=NOW + timedelta(days=3651)), "p256", "pdf.signer-unfit"),
    (replace(PLAN, reserved=1000), "p256", "pdf.signature-too-long"),
])
def test_it_refuses(plan: Any, signer: str, code: str) -> None:
    who, ca, root = world()
    with pytest.raises(PdfError) as caught:
        sign_pdf(unsigned(plan), sm2_signer() if signer == "sm2" else who, chain=(ca, root))
    assert caught.value.code == code


@pytest.fixture(scope="module")
def tsa(openssl: str, tmp_path_factory: pytest.TempPathFactory) -> Tsa:
    return Tsa(openssl, tmp_path_factory.mktemp("tsa"))


class Tsa:
    """`openssl ts`, asked in the way that services are asked."""

    def __init__(self, openssl: str, folder: Path) -> None:
        self.command, self.folder = openssl, folder
        (folder / "tsa.cnf").write_text(
            "[tsa]\ndefault_tsa = one\n[one]\nserial = serial\ncrypto_device = builtin\n"
            "signer_cert = tsa.pem\ncerts = tsa.pem\nsigner_key = tsa.key\nsigner_digest = sha256\n"
            "default_policy = 1.2.3.4\ndigests = sha256\naccuracy = secs:1\n"
            "ess_cert_id_chain = no\ness_cert_id_alg = sha256\n"
            "[req]\ndistinguished_name = dn\nx509_extensions = ext\nprompt = no\n[dn]\nCN = Test TSA\n"
            "[ext]\nkeyUsage = critical,digitalSignature\nextendedKeyUsage = critical,timeStamping\n")
        (folder / "serial").write_text("01\n")
        self.openssl("req", "-new", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-keyout", "tsa.key", "-out", "tsa.pem", "-days", "3650", "-config", "tsa.cnf")
        self.certificate = Certificate.load(armour.unarmor((folder / "tsa.pem").read_bytes())[2])

    def openssl(self, *words: str) -> None:
        subprocess.run([self.command, *words], cwd=self.folder, check=True, capture_output=True)

    def post(self, url: str, body: bytes, *, media_type: str, timeout_s: float, max_bytes: int) -> bytes:
        assert url and media_type and timeout_s and max_bytes
        (self.folder / "query").write_bytes(body)
        self.openssl("ts", "-reply", "-config", "tsa.cnf", "-section", "one", "-queryfile", "query",
                     "-out", "reply")
        return (self.folder / "reply").read_bytes()


def test_with_a_time_stamping_authority_the_signature_carries_a_token_over_itself(tsa: Tsa) -> None:
    signer, ca, root = world()
    stampers = Timestampers(["http://tsa.invalid/"], anchors=[tsa.certificate], post=tsa.post)
    data = sign_pdf(unsigned(), signer, chain=(ca, root), timestamper=stampers)
    info, = cms.ContentInfo.load(contents(data))["content"]["signer_infos"]
    attribute, = info["unsigned_attrs"]
    assert attribute["type"].native == "signature_time_stamp_token"
    token = attribute["values"][0]["content"]["encap_content_info"]["content"].parsed
    imprint = token["message_imprint"]["hashed_message"].native
    assert imprint == hashlib.sha256(info["signature"].native).digest()
    root_context = ValidationContext(
        trust_roots=[x509.Certificate.load(one.der) for one in (root, tsa.certificate)], allow_fetching=False)
    found, = PdfFileReader(io.BytesIO(data), strict=True).embedded_signatures
    status = validate_pdf_signature(found, signer_validation_context=root_context,
                                    ts_validation_context=root_context)
    assert status.bottom_line
    assert status.timestamp_validity is not None
    assert status.timestamp_validity.valid
    assert status.timestamp_validity.intact
    assert status.timestamp_validity.trusted

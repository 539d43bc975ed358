"""BouncyCastle's verdict on our SM2 certificates, revocation lists, seals and seal signatures."""

from __future__ import annotations

from pathlib import Path

import pytest

from certs.crl import Revocation
from certs.ses import Picture
from certs.ses_build import assemble_seal, assemble_signature, build_seal_info, build_to_sign
from certs.sm3 import sm3
from tests.certs.core_pki import AT, DAY, END, START, root
from tests.interop.judges import CryptoJudge

PATH = "/Doc_0/Signs/Sign_0/Signature.xml"


@pytest.mark.judge
def test_bouncycastle_accepts_what_we_make_and_refuses_it_damaged(crypto_judge: CryptoJudge,
                                                                  tmp_path: Path) -> None:
    top = root()
    maker, signer = top.leaf("试验制章人", 2), top.leaf("测试市应急管理局", 3, uscc="11140100MB9TEX0180")
    document = b"<ofd:Signature/>"
    info = build_seal_info(
        vendor_id="zhengyin", es_id="11140100000001", name="测试市应急管理局",
        certificates=[signer.certificate.der], created_at=AT - DAY, valid_start=START, valid_end=END,
        picture=Picture(kind="PNG", data=b"\x89PNG", width_mm=42, height_mm=42))
    seal = assemble_seal(info, maker.certificate.der, maker.key.sign(info))
    to_sign = build_to_sign(seal=seal, signed_at=AT, data_hash=sm3(document), property_info=PATH)
    signature = assemble_signature(to_sign, signer.certificate.der, signer.key.sign(to_sign))
    files = {
        "root.cer": top.certificate.der, "leaf.cer": signer.certificate.der,
        "list.crl": top.crl({9: Revocation(revoked_at=AT, reason="superseded")}).der,
        "seal.esl": seal.der, "signature.dat": signature.der, "Signature.xml": document,
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)

    def damaged(name: str) -> Path:
        content = bytearray(files[name])
        content[-1] ^= 1
        (tmp_path / f"damaged-{name}").write_bytes(content)
        return tmp_path / f"damaged-{name}"

    issuer = tmp_path / "root.cer"
    assert crypto_judge.certificate(tmp_path / "leaf.cer", issuer).ok
    assert not crypto_judge.certificate(damaged("leaf.cer"), issuer).ok
    assert crypto_judge.crl(tmp_path / "list.crl", issuer).ok
    assert not crypto_judge.crl(damaged("list.crl"), issuer).ok
    assert crypto_judge.seal(tmp_path / "seal.esl").ok
    assert not crypto_judge.seal(damaged("seal.esl")).ok
    xml = tmp_path / "Signature.xml"
    verdict = crypto_judge.seal_signature(tmp_path / "signature.dat", xml, PATH)
    assert verdict.ok, verdict.text
    assert not crypto_judge.seal_signature(damaged("signature.dat"), xml, PATH).ok
    assert not crypto_judge.seal_signature(tmp_path / "signature.dat", damaged("Signature.xml"), PATH).ok

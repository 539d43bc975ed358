"""Seals of version 5 (GM/T 0031-2025): written, read as strictly as version 4, sealed with, and judged by others."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import docgen
import layouts
from certs import der_build as build
from certs.approval import Terms
from certs.der import Reader
from certs.home import Home
from certs.keystore import load_key, seal_key
from certs.known import load_known
from certs.seal import SealFile, make_seal
from certs.seal_folder import ROLES, SealUse, UseState, publish_seal_folder
from certs.ses import Picture, SesCode, SesError, SesSeal, SesSignature
from certs.ses_build import assemble_seal, assemble_signature, build_seal_info, build_to_sign
from certs.signer import LocalSigner
from certs.sm3 import sm3
from certs.x509 import Certificate
from certs.x509_build import TIME_STAMPING
from codes.errors import EngineError
from tests.certs.core_pki import AT, DAY, END, START, Entity, root
from tests.certs.tokens import Recipe, make_token
from tests.interop.judges import CryptoJudge, FormJudge
from tests.support.approvals import approve
from tests.support.demo_home import CHEAP, CITY, KINDS, own_home, seal_folder
from tests.support.foreign_seals import edited, v1_info, v1_seal
from verify import verify

__all__ = ["own_home"]

NAME = "测试市应急管理局"
PATH = "/Doc_0/Signs/Sign_0/Signature.xml"
DOCUMENT = b"<ofd:Signature/>"
TOKEN = build.explicit(0, build.bit_string(b"\x30\x00"))
PICTURE = Picture(kind="PNG", data=b"\x89PNG\r\n" * 8, width_mm=42, height_mm=42)


@dataclass(frozen=True)
class Desk:
    """A seal maker and a signer."""

    maker: Entity
    signer: Entity

    def seal(self, version: int) -> SesSeal:
        """A seal of a version."""
        info = build_seal_info(
            vendor_id="zhengyin", es_id="11140100000001", name=NAME, certificates=[self.signer.certificate.der],
            created_at=AT - DAY, valid_start=START, valid_end=END, picture=PICTURE, version=version)
        return assemble_seal(info, self.maker.certificate.der, self.maker.key.sign(info))

    def signature(self, seal: SesSeal) -> SesSignature:
        """A sealing with it."""
        to_sign = build_to_sign(seal=seal, signed_at=AT, data_hash=sm3(DOCUMENT), property_info=PATH)
        return assemble_signature(to_sign, self.signer.certificate.der, self.signer.key.sign(to_sign))


@pytest.fixture(scope="module")
def desk() -> Desk:
    top = root()
    return Desk(top.leaf("试验制章人", 2), top.leaf(NAME, 3))


def test_a_seal_of_version_5_is_read_back_and_signs_as_version_5(desk: Desk) -> None:
    read = SesSignature.parse(desk.signature(desk.seal(5)).der)
    assert (read.seal.info.version, read.seal.info.name, read.seal.timestamp) == (5, NAME, None)
    assert Reader(read.to_sign).enter().integer() == 5
    assert read.signed_by(desk.signer.certificate) and read.seal.signed_by(desk.maker.certificate)


def test_only_version_5_carries_a_timestamp_in_the_seal(desk: Desk) -> None:
    stamped = edited(desk.seal(5).der, lambda parts: [*parts, TOKEN])
    read = SesSeal.parse(stamped)
    assert read.timestamp == b"\x30\x00" and read.der == stamped and read.signed_by(desk.maker.certificate)
    assert SesSignature.parse(desk.signature(read).der).seal.timestamp == b"\x30\x00"
    for der in (edited(desk.seal(4).der, lambda parts: [*parts, TOKEN]),
                edited(stamped, lambda parts: [*parts, TOKEN])):
        with pytest.raises(EngineError):
            SesSeal.parse(der)


@pytest.mark.parametrize(("seal", "signature"), [(4, 5), (5, 4)])
def test_seal_and_signature_of_two_versions_are_refused(desk: Desk, seal: int, signature: int) -> None:
    made = desk.signature(desk.seal(seal))
    to_sign = edited(made.to_sign, lambda parts: [build.integer(signature), *parts[1:]])
    with pytest.raises(SesError) as refused:
        assemble_signature(to_sign, desk.signer.certificate.der, desk.signer.key.sign(to_sign))
    assert refused.value.code is SesCode.VALUE


@pytest.mark.parametrize("number", [1, 2, 4])
def test_nothing_is_sealed_with_version_1_whatever_number_it_bears(desk: Desk, number: int) -> None:
    info = v1_info(name=NAME, es_id="1", certificates=[desk.signer.certificate.der], created_at=AT, valid_start=START,
                   valid_end=END, picture=PICTURE, number=number)
    with pytest.raises(SesError) as refused:
        SealFile.load(v1_seal(info, desk.maker))
    assert refused.value.code is SesCode.VERSION
    assert "第 5 版" in refused.value.zh and "a new seal is needed" in refused.value.en


@pytest.mark.parametrize("version", [0, 1, 2, 3, 6])
def test_other_versions_are_refused_by_name(desk: Desk, version: int) -> None:
    with pytest.raises(SesError) as refused:
        desk.seal(version)
    assert refused.value.code is SesCode.VERSION


def test_no_changed_byte_passes_in_version_5(desk: Desk) -> None:
    good = desk.signature(SesSeal.parse(edited(desk.seal(5).der, lambda parts: [*parts, TOKEN]))).der

    def accepted(data: bytes) -> bool:
        try:
            read = SesSignature.parse(data)
            signer, maker = Certificate.load(read.certificate), Certificate.load(read.seal.certificate)
        except EngineError:
            return False
        return (read.signed_by(signer) and read.seal.signed_by(maker) and read.data_hash == sm3(DOCUMENT)
                and (signer, maker) == (desk.signer.certificate, desk.maker.certificate))

    assert accepted(good)
    for index in range(len(good)):
        changed = bytearray(good)
        changed[index] ^= 1 << index % 8
        assert not accepted(bytes(changed)), index


@pytest.mark.judge
def test_bouncycastle_accepts_version_5_and_refuses_it_damaged(
    desk: Desk, crypto_judge: CryptoJudge, tmp_path: Path,
) -> None:
    seal = desk.seal(5)
    files = {"seal.esl": seal.der, "stamped.esl": edited(seal.der, lambda parts: [*parts, TOKEN]),
             "value.dat": desk.signature(seal).der, "Signature.xml": DOCUMENT}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    for name in ("seal.esl", "stamped.esl"):
        answer = crypto_judge.seal(tmp_path / name)
        assert answer.ok and answer.text.startswith("v5 "), answer.text
    answer = crypto_judge.seal_signature(tmp_path / "value.dat", tmp_path / "Signature.xml", PATH)
    assert answer.ok, answer.text
    (tmp_path / "seal.esl").write_bytes(seal.der[:-1] + bytes((seal.der[-1] ^ 1,)))
    assert not crypto_judge.seal(tmp_path / "seal.esl").ok


def _version_5_home(home: Home, *, stamp: Callable[[bytes], bytes] | None = None) -> Home:
    """Put a seal of version 5 into use for the city, beside that which the home has.

    ``stamp`` makes the timestamp for the seal from its signature value.
    """
    folder, known = seal_folder(home.path), load_known(home.path)
    before, password = SealFile.load((folder / "seal.esl").read_bytes()), home.password()
    pairs = {role: (Certificate.load((folder / f"{role}.cer").read_bytes()), load_key(folder / f"{role}.key", password))
             for role in ROLES}
    ca = home.path / "ca"
    maker = LocalSigner(Certificate.load((ca / "seal-maker.cer").read_bytes()),
                        load_key(ca / "seal-maker.key", password))
    now = datetime.now(UTC)
    seal = make_seal(
        name=CITY[1], code=CITY[0], certificate=pairs["sealing"][0], imprint=before.imprint, diameter_mm=42,
        maker=maker, seal_id="CITY-V5", created_at=now, intermediates=known.certificates, anchors=known.anchors,
        crls=known.crls, version=5)
    if stamp:
        token = build.explicit(0, build.bit_string(stamp(seal.seal.signature)))
        seal = SealFile.load(edited(seal.der, lambda parts: [*parts, token]))
    publish_seal_folder(
        home.path, name=CITY[1], code=CITY[0], seal=seal,
        keys={role: (certificate, seal_key(key, password, cost=CHEAP)) for role, (certificate, key) in pairs.items()},
        use=SealUse(state=UseState.IN_USE, use_from=now - timedelta(seconds=1)))
    approve(home, Terms(id="v5", kinds=KINDS, region=CITY[0][2:8], seal_id="CITY-V5",
                        valid_from=now - timedelta(minutes=1), valid_to=seal.valid_end, count=9), at=now)
    return Home.open(home.path, environ={})


def _issue(home: Home, out: Path) -> Path:
    record = docgen.read_record(layouts.resource("K0", "samples/example-1.json"))
    return docgen.issue(record, home=home, out=out).ofd_path


@pytest.fixture
def sealed(own_home: Home, tmp_path: Path) -> Path:
    """A licence sealed with a seal of version 5."""
    return _issue(_version_5_home(own_home), tmp_path / "out")


def test_a_licence_sealed_with_version_5_is_genuine(sealed: Path, own_home: Home) -> None:
    report = verify(sealed, trust=own_home.trust_dir)
    assert report.verdict == "valid", report.to_text()
    assert report.signatures[0].kind == "SES v5"


@pytest.mark.parametrize(("right", "verdict"), [(True, "valid"), (False, "indeterminate")])
def test_a_timestamp_in_the_seal_has_to_be_one_of_its_signature(
    right: bool, verdict: str, own_home: Home, tmp_path: Path,
) -> None:
    tsa = root().leaf("试验时间戳", 9, ext_key_usage=(TIME_STAMPING,))
    home = _version_5_home(
        own_home, stamp=lambda value: make_token(tsa, Recipe(message=value if right else b"another")))
    report = verify(_issue(home, tmp_path / "out"), trust=own_home.trust_dir)
    assert report.verdict == verdict, report.to_text()
    assert ("seal.timestamp" in {reason.code for reason in report.reasons}) is not right


@pytest.mark.judge
@pytest.mark.req("R-003-26")
def test_ofdrw_and_bouncycastle_accept_a_licence_sealed_with_version_5(
    sealed: Path, form_judge: FormJudge, crypto_judge: CryptoJudge, tmp_path: Path,
) -> None:
    answer = form_judge.ofd_valid(sealed)
    assert answer.ok, answer.text
    sign = "Doc_0/Signs/Sign_0/"
    with zipfile.ZipFile(sealed) as package:
        for name in ("Signature.xml", "SignedValue.dat"):
            (tmp_path / name).write_bytes(package.read(sign + name))
    answer = crypto_judge.seal_signature(
        tmp_path / "SignedValue.dat", tmp_path / "Signature.xml", f"/{sign}Signature.xml")
    assert answer.ok, answer.text

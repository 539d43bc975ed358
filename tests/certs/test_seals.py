"""Making a seal and using one: every fault has its code, and nothing is made or used despite it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from certs import p256, sm2
from certs.crl import Crl, Revocation, build_crl
from certs.demo_pki import CHINA_TIME, KeyPair, make_authority, make_cas, midnight
from certs.picture import PictureError
from certs.seal import SealError, SealFile, check_usable, make_seal
from certs.ses_build import assemble_seal
from certs.signer import LocalSigner
from certs.x509 import Certificate
from certs.x509_build import build_certificate
from codes.errors import EngineError
from tests.support.demo_home import CITY, PROVINCE, imprint

NOW = datetime(2026, 3, 2, 10, 30, tzinfo=CHINA_TIME)
DAY = timedelta(days=1)
CODE, NAME = CITY


@dataclass(frozen=True, kw_only=True)
class Pki:
    """A demonstration PKI made at NOW with one authority, and lists on which nothing stands."""

    cas: dict[str, KeyPair]
    own: dict[str, KeyPair]
    other: dict[str, KeyPair]

    def crls(self, revoked: Certificate | None = None, *, at: datetime = NOW, days: int = 3650) -> list[Crl]:
        """Return the SM2 lists, one certificate on them if asked for."""
        made = []
        for role in ("sm2-root", "sm2-issuing"):
            ca = self.cas[role]
            entries = {revoked.serial: Revocation(revoked_at=at)} if revoked else {}
            made.append(build_crl(
                issuer=ca.certificate, issuer_key=ca.key, this_update=at, next_update=at + days * DAY,
                number=1,
                revoked=entries if revoked and revoked.issued_by(ca.certificate) else {}))
        return made

    def judged_by(self) -> dict[str, Any]:
        """Return what certificates are judged by."""
        return {"intermediates": [self.cas["sm2-issuing"].certificate],
                "anchors": [self.cas["sm2-root"].certificate], "crls": self.crls()}

    def request(self) -> dict[str, Any]:
        """Return the arguments of a seal that can be made."""
        maker = self.cas["seal-maker"]
        return {
            "name": NAME, "code": CODE, "certificate": self.own["sealing"].certificate,
            "imprint": imprint(NAME, 42), "diameter_mm": 42,
            "maker": LocalSigner(maker.certificate, maker.key),
            "seal_id": "14010000000001", "created_at": NOW, **self.judged_by()}


def _authority(cas: dict[str, KeyPair], code: str, name: str, now: datetime = NOW) -> dict[str, KeyPair]:
    return dict(make_authority(
        name, code, sm2_issuer=cas["sm2-issuing"], p256_issuer=cas["p256-issuing"], now=now))


@pytest.fixture(scope="module")
def pki() -> Pki:
    """One PKI for this module."""
    cas = dict(make_cas(NOW - 400 * DAY))
    return Pki(cas=cas, own=_authority(cas, *CITY), other=_authority(cas, *PROVINCE))


@pytest.fixture(scope="module")
def seal(pki: Pki) -> SealFile:
    """A sound seal."""
    return make_seal(**pki.request())


def test_a_seal_says_what_was_asked_and_is_read_back(seal: SealFile, pki: Pki) -> None:
    certificate = pki.own["sealing"].certificate
    again = SealFile.load(seal.der)
    assert again == seal
    assert (again.name, again.seal_id, again.width_mm, again.height_mm) == (NAME, "14010000000001", 42, 42)
    assert again.imprint == imprint(NAME, 42)
    assert again.created_at == NOW
    assert again.info.certificates == (certificate.der,)
    assert again.seal.signed_by(pki.cas["seal-maker"].certificate)


@pytest.mark.req("R-003-13")
def test_the_validity_of_a_seal_is_its_certificates(seal: SealFile, pki: Pki) -> None:
    certificate = pki.own["sealing"].certificate
    assert (seal.valid_start, seal.valid_end) == (certificate.not_before, certificate.not_after)
    assert certificate.not_before == midnight(NOW)


def _foreign(_: Pki) -> Any:
    """Take the organisation's certificate from a CA that is not configured."""
    return {"certificate": _authority(dict(make_cas(NOW)), CODE, NAME)["sealing"].certificate}


def _own_maker(_: Pki) -> Any:
    """Take a self-made seal maker."""
    key = sm2.PrivateKey.generate()
    certificate = build_certificate(
        subject=(("CN", "演示制章中心"),), spki=key.spki, issuer=None, issuer_key=key, serial=7,
        not_before=NOW, not_after=NOW + DAY, key_usage=("digitalSignature",))
    return {"maker": LocalSigner(certificate, key)}


def _p256_maker(pki: Pki) -> Any:
    return {"maker": LocalSigner(pki.own["pdf"].certificate, pki.own["pdf"].key)}


def _certified(pki: Pki, usage: str, uscc: str | None) -> Certificate:
    """Return a certificate of the right name and CA."""
    issuer, key = pki.cas["sm2-issuing"], sm2.PrivateKey.generate()
    return build_certificate(
        subject=(("O", NAME), ("CN", NAME)), spki=key.spki, issuer=issuer.certificate, issuer_key=issuer.key,
        serial=9, not_before=midnight(NOW), not_after=NOW + 300 * DAY, key_usage=(usage,), uscc=uscc)


def _own(pki: Pki) -> Certificate:
    return pki.own["sealing"].certificate


SECOND = timedelta(seconds=1)
MAKING_FAULTS: list[tuple[str, str, Callable[[Pki], dict[str, Any]]]] = [
    ("another name", "seal.name-mismatch", lambda _: {"name": "测试市应急管理厅"}),
    ("a blank more", "seal.name-mismatch", lambda _: {"name": NAME + " "}),
    ("a compatibility character", "seal.name-mismatch", lambda _: {"name": NAME.replace("理", "\uf9e4")}),
    ("another organisation's certificate", "seal.name-mismatch",
     lambda pki: {"certificate": pki.other["sealing"].certificate}),
    ("another code", "seal.uscc-mismatch", lambda _: {"code": PROVINCE[0]}),
    ("ends a second later", "seal.outlives-certificate",
     lambda pki: {"valid_end": _own(pki).not_after + SECOND}),
    ("begins a second earlier", "seal.outlives-certificate",
     lambda pki: {"valid_start": _own(pki).not_before - SECOND}),
    ("certificate not yet valid", "seal.certificate-not-yet-valid",
     lambda pki: {"created_at": _own(pki).not_before - SECOND}),
    ("certificate expired", "seal.certificate-expired",
     lambda pki: {"created_at": _own(pki).not_after + SECOND}),
    ("certificate revoked", "seal.certificate-revoked", lambda pki: {"crls": pki.crls(_own(pki))}),
    ("CA revoked", "seal.certificate-revoked",
     lambda pki: {"crls": pki.crls(pki.cas["sm2-issuing"].certificate)}),
    ("no lists", "seal.certificate-status-unknown", lambda _: {"crls": []}),
    ("stale lists", "seal.certificate-status-unknown",
     lambda pki: {"crls": pki.crls(at=NOW - 9 * DAY, days=8)}),
    ("certificate of another CA", "seal.certificate-untrusted", _foreign),
    ("no anchor", "seal.certificate-untrusted", lambda _: {"anchors": []}),
    ("key for encryption", "seal.certificate-usage",
     lambda pki: {"certificate": _certified(pki, "keyEncipherment", CODE)}),
    ("P-256 certificate", "seal.wrong-key", lambda pki: {"certificate": pki.own["pdf"].certificate}),
    ("P-256 seal maker", "seal.wrong-key", _p256_maker),
    ("self-made seal maker", "seal.certificate-untrusted", _own_maker),
    ("revoked seal maker", "seal.certificate-revoked",
     lambda pki: {"crls": pki.crls(pki.cas["seal-maker"].certificate)}),
    ("no identifier", "seal.bad-identifier", lambda _: {"seal_id": ""}),
    ("identifier with a blank", "seal.bad-identifier", lambda _: {"seal_id": "1 2"}),
    ("identifier that is not ASCII", "seal.bad-identifier", lambda _: {"seal_id": "印1"}),
    ("diameter that no seal has", "imprint-file.diameter", lambda _: {"diameter_mm": 40}),
    ("no picture", "imprint-file.not-png", lambda _: {"imprint": b""}),
]


@pytest.mark.req("R-003-11", "R-003-12", "R-003-13")
@pytest.mark.parametrize(("why", "code", "fault"), MAKING_FAULTS, ids=[row[0] for row in MAKING_FAULTS])
def test_no_seal_is_made_with_a_fault(
    pki: Pki, why: str, code: str, fault: Callable[[Pki], dict[str, Any]],
) -> None:
    with pytest.raises((SealError, PictureError)) as refusal:
        make_seal(**{**pki.request(), **fault(pki)})
    assert refusal.value.code.value == code, why


@pytest.mark.parametrize(("fault", "zh", "en"), [
    (lambda pki: {"crls": pki.crls(_own(pki))}, "zhengyin seals lost", "docs/runbook.md"),
    (lambda pki: {"crls": pki.crls(pki.cas["sm2-issuing"].certificate)}, "上级证书机构", "authority above"),
    (lambda pki: {"created_at": _own(pki).not_after + SECOND}, "申请新证书", "new one issued"),
])
def test_whoever_has_the_seal_is_told_what_to_do_and_not_what_verifiers_are(
    pki: Pki, fault: Callable[[Pki], dict[str, Any]], zh: str, en: str,
) -> None:
    with pytest.raises(SealError) as refusal:
        make_seal(**{**pki.request(), **fault(pki)})
    assert zh in refusal.value.zh and "换发印章" in refusal.value.zh and "请向发证机关查询" not in refusal.value.zh
    assert en in refusal.value.en and "the seal replaced" in refusal.value.en
    assert "ask the issuing authority" not in refusal.value.en and "trusted time" not in refusal.value.en


def test_a_certificate_without_a_code_is_compared_by_name_alone(pki: Pki) -> None:
    request = {**pki.request(), "certificate": _certified(pki, "digitalSignature", None)}
    assert make_seal(**request).name == NAME


def test_a_sound_seal_is_usable_to_its_last_second(pki: Pki, seal: SealFile) -> None:
    certificate = pki.own["sealing"].certificate
    for moment in (NOW, certificate.not_after):
        check_usable(seal, certificate=certificate, at=moment, **pki.judged_by(),
                     seal_makers=[pki.cas["seal-maker"].certificate])


def _swapped_imprint(pki: Pki, seal: SealFile) -> SealFile:
    """Put another picture of the same length into the seal and keep the maker's signature."""
    changed = bytearray(seal.info.der)
    at = changed.find(seal.imprint) + len(seal.imprint) - 20
    changed[at] ^= 1
    return SealFile(seal=assemble_seal(bytes(changed), seal.seal.certificate, seal.seal.signature))


def _made_by(pki: Pki, seal: SealFile, pair: KeyPair) -> SealFile:
    return SealFile(seal=assemble_seal(seal.info.der, pair.certificate.der, pair.key.sign(seal.info.der)))


def _resigned(pki: Pki, seal: SealFile) -> SealFile:
    """Sign with another key than that of the maker it names."""
    signature = pki.own["data"].key.sign(seal.info.der)
    return SealFile(seal=assemble_seal(seal.info.der, seal.seal.certificate, signature))


def _unreadable_maker(_: Pki, seal: SealFile) -> SealFile:
    return SealFile(seal=assemble_seal(seal.info.der, b"\x30\x00", seal.seal.signature))


USING_FAULTS: list[tuple[str, str, Callable[[Pki, SealFile], dict[str, Any]]]] = [
    ("expired", "seal.expired", lambda _, seal: {"at": seal.valid_end + SECOND}),
    ("not yet valid", "seal.not-yet-valid", lambda _, seal: {"at": seal.valid_start - SECOND}),
    ("revoked", "seal.certificate-revoked", lambda pki, _: {"crls": pki.crls(_own(pki))}),
    ("revoked seal maker", "seal.certificate-revoked",
     lambda pki, _: {"crls": pki.crls(pki.cas["seal-maker"].certificate)}),
    ("no lists", "seal.certificate-status-unknown", lambda *_: {"crls": []}),
    ("another organisation's certificate", "seal.unbound",
     lambda pki, _: {"certificate": pki.other["sealing"].certificate}),
    ("the organisation's other certificate", "seal.unbound",
     lambda pki, _: {"certificate": pki.own["data"].certificate}),
    ("swapped imprint", "seal.broken", lambda pki, seal: {"seal": _swapped_imprint(pki, seal)}),
    ("signed by another than it names", "seal.broken", lambda pki, seal: {"seal": _resigned(pki, seal)}),
    ("maker not accepted", "seal.untrusted-maker",
     lambda pki, seal: {"seal": _made_by(pki, seal, pki.own["data"])}),
    ("maker's certificate unreadable", "seal.untrusted-maker",
     lambda pki, seal: {"seal": _unreadable_maker(pki, seal)}),
    ("no anchor", "seal.certificate-untrusted", lambda *_: {"anchors": []}),
]


@pytest.mark.req("R-003-13")
@pytest.mark.parametrize(("why", "code", "fault"), USING_FAULTS, ids=[row[0] for row in USING_FAULTS])
def test_no_seal_is_used_with_a_fault(
    pki: Pki, seal: SealFile, why: str, code: str, fault: Callable[[Pki, SealFile], dict[str, Any]],
) -> None:
    arguments = {"certificate": _own(pki), "at": NOW, **pki.judged_by(),
                 "seal_makers": [pki.cas["seal-maker"].certificate], **fault(pki, seal)}
    with pytest.raises(SealError) as refusal:
        check_usable(arguments.pop("seal", seal), **arguments)
    assert refusal.value.code.value == code, why


def test_a_seal_whose_period_leaves_its_certificate_is_not_used(pki: Pki, seal: SealFile) -> None:
    short = _authority(pki.cas, CODE, NAME, NOW - 30 * DAY)["sealing"].certificate
    info = dataclasses.replace(seal.info, certificates=(short.der,))
    loose = SealFile(seal=dataclasses.replace(seal.seal, info=info))
    with pytest.raises(SealError) as refusal:
        check_usable(loose, certificate=short, at=NOW, **pki.judged_by())
    assert refusal.value.code.value == "seal.outlives-certificate"


def test_a_seal_with_another_kind_of_picture_is_refused(seal: SealFile) -> None:
    other = seal.der.replace(b"\x16\x03PNG", b"\x16\x03GIF", 1)
    with pytest.raises(SealError, match=r"seal\.not-png"):
        SealFile.load(other)


def test_a_signer_refuses_a_key_of_another_certificate(pki: Pki) -> None:
    for certificate, key in (
            (pki.own["sealing"].certificate, pki.own["data"].key),
            (pki.own["pdf"].certificate, p256.PrivateKey.generate())):
        with pytest.raises(EngineError, match=r"signer\.key-mismatch"):
            LocalSigner(certificate, key)

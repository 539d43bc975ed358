"""Making a seal: what is checked at application, at making, and again before a seal is used."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from certs import sm2
from certs.config import Config, store_config
from certs.demo_pki import KeyPair, make_cas, midnight
from certs.known import load_known
from certs.seal import SealFile, make_seal
from certs.ses import Picture
from certs.ses_build import assemble_seal, build_seal_info
from certs.signer import LocalSigner
from certs.x509 import Certificate
from certs.x509_build import build_certificate
from codes.errors import EngineError
from tests.support.demo_home import CITY, PROVINCE, imprint
from tests.support.seal_office import (
    BACKENDS,
    COUNTY,
    DAY,
    PAPERS,
    START,
    Office,
    cas,
    make_home,
    organisation_keys,
    refused,
    write_lists,
)

SECOND = timedelta(seconds=1)


def _sealing(name: str = COUNTY[1], code: str = COUNTY[0], *, start: Any = START, **changes: Any) -> Certificate:
    """A sealing certificate of the county, odd in one respect."""
    issuer, key = changes.pop("issuer", cas()["sm2-issuing"]), sm2.PrivateKey.generate()
    fields = {"not_before": midnight(start), "not_after": start + 900 * DAY, "uscc": code,
              "key_usage": ("digitalSignature", "nonRepudiation"), **changes}
    return build_certificate(
        subject=(("C", "CN"), ("O", name), ("CN", name)), spki=key.spki, issuer=issuer.certificate,
        issuer_key=issuer.key, serial=4711, **fields)


class Workshop:
    """An office with one case of the legal name that waits for its seal, and a clock that may be put forward."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.case = office.reviewed()

    def seal(self, **changes: Any) -> bytes:
        """Make a seal for the case with the seal maker's own key, odd in one respect."""
        maker, keys, known = cas()["seal-maker"], organisation_keys(*COUNTY), load_known(self.office.home)
        request = {
            "name": COUNTY[1], "code": COUNTY[0], "certificate": keys["sealing"].certificate,
            "imprint": imprint(COUNTY[1], 42), "diameter_mm": 42,
            "maker": LocalSigner(maker.certificate, maker.key), "seal_id": "11140121-1",
            "created_at": self.office.now, "intermediates": known.certificates, "anchors": known.anchors,
            "crls": known.crls, **changes}
        return make_seal(**request).der

    def forged(self, *, by: KeyPair | None = None, named: KeyPair | None = None, **changes: Any) -> bytes:
        """A seal that no honest seal maker makes: bound to further certificates, signed by another."""
        made, maker = SealFile.load(self.seal()), cas()["seal-maker"]
        info = build_seal_info(**{
            "vendor_id": "ZHENGYIN", "es_id": made.seal_id, "name": made.name, "certificates": made.info.certificates,
            "created_at": made.created_at, "valid_start": made.valid_start, "valid_end": made.valid_end,
            "seal_type": 1, "picture": made.info.picture, **changes})
        return assemble_seal(info, (named or maker).certificate.der, (by or maker).key.sign(info)).der


@pytest.fixture(scope="module", params=BACKENDS)
def workshop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """A workshop in each database, made once for the module."""
    office = Office.of(request, tmp_path_factory.mktemp("workshop"))
    yield Workshop(office)
    office.registry.close()


@pytest.fixture
def surroundings(workshop: Workshop) -> Iterator[None]:
    """Put lists, settings and trust of the home back after the test."""
    yield
    write_lists(workshop.office.home)
    store_config(workshop.office.home, Config(name="测试"))


def _own() -> Mapping[str, KeyPair]:
    return organisation_keys(*COUNTY)


def _certificate() -> Certificate:
    return _own()["sealing"].certificate


def _touched(workshop: Workshop) -> Picture:
    """The imprint with its last pixels a little changed, still a sound picture."""
    with Image.open(io.BytesIO(imprint(COUNTY[1], 42))) as picture:
        changed = picture.convert("RGBA")
        changed.putpixel((changed.width // 2, changed.height // 2), (255, 0, 0, 254))
        out = io.BytesIO()
        changed.save(out, "PNG")
    return Picture(kind="PNG", data=out.getvalue(), width_mm=42, height_mm=42)


def _configured(workshop: Workshop, certificate: Certificate) -> None:
    store_config(workshop.office.home, Config(name="测试", seal_ca=(certificate.fingerprint,)))


MAKING = [
    # why, code, clause, what is changed around it, the seal that is brought
    ("swapped imprint", "seal.imprint-differs", "B第6条", None,
     lambda shop: shop.seal(imprint=imprint("测试市另一印模局", 42))),
    ("imprint of one pixel else", "seal.imprint-differs", "B第6条", None,
     lambda shop: shop.forged(picture=_touched(shop))),
    ("imprint printed larger", "seal.imprint-differs", "B第6条", None,
     lambda shop: shop.seal(imprint=imprint(COUNTY[1], 45), diameter_mm=45)),
    ("certificate on hold", "seal.certificate-revoked", "B第7条",
     lambda shop: write_lists(shop.office.home, _certificate(), reason="certificateHold"), Workshop.seal),
    ("certificate revoked", "seal.certificate-revoked", "B第7条",
     lambda shop: write_lists(shop.office.home, _certificate()), Workshop.seal),
    ("seal maker revoked", "seal.certificate-revoked", "B第7条",
     lambda shop: write_lists(shop.office.home, cas()["seal-maker"].certificate), Workshop.seal),
    ("CA not configured", "seal.issuer-not-configured", "B第6条",
     lambda shop: _configured(shop, cas()["p256-root"].certificate), Workshop.seal),
    ("seal maker that no verifier trusts", "seal.untrusted-maker", "GB/T 38540-2020", None,
     lambda shop: shop.forged(by=_own()["data"], named=_own()["data"])),
    ("signed by another than it names", "seal.broken", "GB/T 38540-2020", None,
     lambda shop: shop.forged(by=_own()["data"])),
    ("another organisation's certificate", "seal.unbound", "GB/T 38540-2020", None,
     lambda shop: shop.forged(certificates=[organisation_keys(*CITY)["sealing"].certificate.der])),
    ("the organisation's other certificate", "seal.unbound", "GB/T 38540-2020", None,
     lambda shop: shop.forged(certificates=[_own()["data"].certificate.der])),
    ("one certificate more", "seal.further-certificates", "B第7条", None,
     lambda shop: shop.forged(certificates=[_own()["sealing"].certificate.der, _own()["data"].certificate.der])),
    ("another name in the seal", "seal.name-mismatch", "B第7条", None, lambda shop: shop.forged(name=COUNTY[1] + "章")),
    ("a second longer than the certificate", "seal.outlives-certificate", "B第8条", None,
     lambda shop: shop.forged(valid_end=_certificate().not_after + SECOND)),
    ("a day shorter than the certificate", "seal.period-differs", "B第8条", None,
     lambda shop: shop.seal(valid_end=_certificate().not_after - DAY)),
    ("made tomorrow", "seal.made-in-future", "B第7条", None,
     lambda shop: shop.forged(created_at=shop.office.now + DAY)),
    ("an identifier that leaves its folder", "seal.bad-identifier", "GB/T 38540-2020", None,
     lambda shop: shop.seal(seal_id="../x")),
    ("an identifier that hides its folder", "seal.bad-identifier", "GB/T 38540-2020", None,
     lambda shop: shop.seal(seal_id=".next-1")),
]


@pytest.mark.req("R-003-10", "R-003-11", "R-003-12", "R-003-13", "R-003-18")
@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize(("why", "code", "clause", "around", "seal"), MAKING, ids=[row[0] for row in MAKING])
def test_no_seal_with_a_fault_is_taken(
    workshop: Workshop, why: str, code: str, clause: str, around: Callable[[Workshop], None] | None,
    seal: Callable[[Workshop], bytes],
) -> None:
    brought = seal(workshop)
    if around:
        around(workshop)
    error = refused(workshop.office, lambda office: office.act("制章员", "make", workshop.case, {}, {"seal": brought}))
    assert (error.code.value, error.facts["clause"]) == (code, clause), why


CERTIFIED = COUNTY[1] + "验证专用章"
STRANGERS = make_cas(START - 400 * DAY)
CERTIFICATES = [
    # why, code, clause, the sealing certificate that is applied with
    ("expired", "seal.certificate-expired", "B第7条", lambda: _sealing(CERTIFIED, start=START - 1000 * DAY)),
    ("not yet valid", "seal.certificate-not-yet-valid", "B第7条", lambda: _sealing(CERTIFIED, start=START + 2 * DAY)),
    ("key for encryption", "seal.certificate-usage", "B第7条",
     lambda: _sealing(CERTIFIED, key_usage=("keyEncipherment",))),
    ("key for servers", "seal.certificate-usage", "B第7条",
     lambda: _sealing(CERTIFIED, ext_key_usage=("1.3.6.1.5.5.7.3.1",))),
    ("of an unknown CA", "seal.certificate-untrusted", "B第6条、第7条",
     lambda: _sealing(CERTIFIED, issuer=STRANGERS["sm2-issuing"])),
    ("of the seal maker, which is no CA", "seal.certificate-untrusted", "B第6条、第7条",
     lambda: _sealing(CERTIFIED, issuer=cas()["seal-maker"])),
    ("of another code", "seal.uscc-mismatch", "B第7条", lambda: _sealing(CERTIFIED, code=PROVINCE[0])),
    ("revoked", "seal.certificate-revoked", "B第7条", lambda: _sealing(CERTIFIED)),
]


@pytest.mark.req("R-003-07", "R-003-11", "R-003-12")
@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize(("why", "code", "clause", "certified"), CERTIFICATES, ids=[row[0] for row in CERTIFICATES])
def test_no_application_with_a_bad_certificate_is_taken(
    workshop: Workshop, why: str, code: str, clause: str, certified: Callable[[], Certificate],
) -> None:
    certificate = certified()
    if why == "revoked":
        write_lists(workshop.office.home, certificate)
    papers = {**PAPERS, "imprint": imprint(COUNTY[1], 42), "certificate": certificate.der}
    facts = {"code": COUNTY[0], "name": CERTIFIED, "organisation": COUNTY[1], "type": "业务专用章", "diameter_mm": 42}
    error = refused(workshop.office, lambda office: office.act("申请人", "apply", COUNTY[0], facts, papers))
    assert (error.code.value, error.facts["clause"]) == (code, clause), why


@pytest.mark.req("R-003-07")
def test_a_certificate_without_a_code_will_do_and_one_held_before_too(workshop: Workshop) -> None:
    office, name = workshop.office, COUNTY[1] + "无码专用章"
    papers = {**PAPERS, "imprint": imprint(COUNTY[1], 42), "certificate": _sealing(name, uscc=None).der}
    for title in ("无码专用章", "再用专用章"):
        facts = {"code": COUNTY[0], "name": name, "organisation": COUNTY[1], "type": "业务专用章", "diameter_mm": 42}
        case = office.act("申请人", "apply", COUNTY[0], facts, papers).case
        office.act("县审核", "refuse", case, {"reason": title})


LATER = [
    # why, code, what happens after the seal was made
    ("revoked", "seal.certificate-revoked", lambda office: write_lists(office.home, _certificate(), at=office.now)),
    ("seal maker revoked", "seal.certificate-revoked",
     lambda office: write_lists(office.home, cas()["seal-maker"].certificate, at=office.now)),
    ("stale lists, also for the actor", "statement.chain", lambda office: write_lists(office.home, days=1)),
    ("CA taken out of the settings", "seal.issuer-not-configured",
     lambda office: store_config(office.home, Config(name="测试", seal_ca=("0" * 64,)))),
]


@pytest.mark.req("R-003-12", "R-003-13")
@pytest.mark.parametrize("act", ["make", "activate", "resume"])
@pytest.mark.parametrize(("why", "code", "happens"), LATER, ids=[row[0] for row in LATER])
def test_what_has_gone_bad_since_is_seen_at_the_next_step(
    tmp_path: Path, why: str, code: str, happens: Callable[[Office], None], act: str,
) -> None:
    office = Office.found(make_home(tmp_path / "home"))
    if act == "make":
        case = office.reviewed()
        documents = {"seal": office.prepare(case).der}
    elif act == "activate":
        case, documents = office.made(), {"rules": b"rules"}
    else:
        case, documents = office.in_use(), {}
        office.act("保管人", "suspend", case, {"reason": "搬迁"})
    office.now += 2 * DAY
    happens(office)
    by = {"make": "制章员", "activate": "保管人", "resume": "县审核"}[act]
    facts: dict[str, object] = {"reason": "恢复"} if act == "resume" else {}
    with pytest.raises(EngineError) as refusal:
        office.act(by, act, case, facts, documents)
    assert refusal.value.code.value == code, why
    office.registry.close()

"""Seals made elsewhere are taken in by the checks of making; one of version 1 is held and never put into use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from certs import der_build as build
from certs.demo_pki import KeyPair
from certs.home import Home
from certs.seal_import import read_seal
from certs.ses import Picture
from certs.ses_build import assemble_seal, build_seal_info
from certs.signer import LocalSigner
from certs.x509_build import TIME_STAMPING
from registry.making import Grounds, prepare_seal
from registry.seals import application_of, describe
from registry.tables import Seal
from tests.certs.core_pki import root
from tests.certs.tokens import Recipe, make_token
from tests.interop.judges import FormJudge
from tests.support.demo_home import CITY, imprint
from tests.support.foreign_seals import edited, v1_info, v1_seal
from tests.support.seal_office import (
    COUNTY,
    DAY,
    Office,
    cas,
    make_home,
    organisation_keys,
    refused,
    write_lists,
)

HOUR = timedelta(hours=1)
RULES = {"rules": "用章制度".encode()}
MAKER = cas()["seal-maker"]


def brought(
    office: Office, version: int, *, maker: KeyPair = MAKER, key: KeyPair | None = None, **changes: Any,
) -> bytes:
    """A seal for the county's case as another seal system makes it, odd in one respect."""
    own = organisation_keys(*COUNTY)["sealing"].certificate
    facts = {
        "name": COUNTY[1], "es_id": f"ELSEWHERE-{version}", "certificates": [own.der], "created_at": office.now - DAY,
        "valid_start": own.not_before + HOUR, "valid_end": own.not_after - DAY,
        "picture": Picture(kind="PNG", data=imprint(COUNTY[1], 42), width_mm=42, height_mm=42), **changes}
    signer = KeyPair(key=(key or maker).key, certificate=maker.certificate)
    if version == 1:
        return v1_seal(v1_info(**facts), signer)
    info = build_seal_info(vendor_id="OTHER", version=version, **facts)
    return assemble_seal(info, signer.certificate.der, signer.key.sign(info)).der


@pytest.mark.req("R-003-12", "R-003-18")
@pytest.mark.parametrize("version", [4, 5])
def test_an_imported_seal_keeps_its_bytes_and_is_put_into_use(office: Office, version: int) -> None:
    case, data = office.reviewed(), brought(office, version)
    outcome = office.act("制章员", "import", case, {}, {"seal": data})
    assert outcome.state == "made"
    with office.registry.reading() as session:
        row = session.get_one(Seal, case)
        assert (row.seal_der, row.seal_id) == (data, f"ELSEWHERE-{version}")
        assert (row.valid_start, row.valid_end) == (read_seal(data).valid_start, read_seal(data).valid_end)
    office.act("保管人", "activate", case, {}, RULES)
    folder = office.home / "authorities" / COUNTY[0] / f"ELSEWHERE-{version}"
    assert (folder / "seal.esl").read_bytes() == data
    authority = Home.open(office.home, environ={"ZHENGYIN_PASSWORD": "office"}).authority(*COUNTY, at=office.now)
    assert authority.seal.info.version == version
    authority.check_usable(at=office.now)


@pytest.mark.req("R-003-12")
def test_a_seal_of_version_1_is_held_and_shown_and_never_put_into_use(office: Office) -> None:
    case, data = office.reviewed(), brought(office, 1)
    assert office.act("制章员", "import", case, {}, {"seal": data}).state == "made"
    with office.registry.reading() as session:
        row = session.get_one(Seal, case)
        shown = describe(session, row, at=office.now)
        assert (row.seal_der, shown["seal"], shown["state"]) == (data, "ELSEWHERE-1", "made")
    error = refused(office, lambda office: office.act("保管人", "activate", case, {}, RULES))
    assert error.code.value == "ses.version"
    assert "第 4 版" in error.zh and "a new seal is needed" in error.en
    assert not (office.home / "authorities" / COUNTY[0] / "ELSEWHERE-1").exists()
    office.act("申请人", "request-cancel", case, {"reason": "另制新章"}, {"application": b"a", "identity-proof": b"b"})
    assert office.act("县审核", "cancel", case).state == "cancelled"


def test_a_seal_of_version_5_is_made_on_request(office: Office) -> None:
    case = office.reviewed()
    with office.registry.reading() as session:
        application = application_of(session, session.get_one(Seal, case))
    made = prepare_seal(application, maker=LocalSigner(MAKER.certificate, MAKER.key), seal_id="FIVE", at=office.now,
                        grounds=Grounds.of_home(office.home), version=5)
    assert made.info.version == 5
    office.act("制章员", "make", case, {}, {"seal": made.der})
    office.act("保管人", "activate", case, {}, RULES)
    authority = Home.open(office.home, environ={"ZHENGYIN_PASSWORD": "office"}).authority(*COUNTY, at=office.now)
    assert authority.seal.der == made.der


def test_version_1_comes_by_import_alone(office: Office) -> None:
    case = office.reviewed()
    error = refused(office, lambda office: office.act("制章员", "make", case, {}, {"seal": brought(office, 1)}))
    assert error.code.value == "ses.version"


def _stamped(office: Office, message: bytes | None = None) -> bytes:
    seal = read_seal(brought(office, 5))
    tsa = root().leaf("试验时间戳", 9, ext_key_usage=(TIME_STAMPING,))
    token = make_token(tsa, Recipe(message=message or seal.seal.signature))
    return edited(seal.seal.der, lambda parts: [*parts, build.explicit(0, build.bit_string(token))])


def test_a_timestamp_in_the_seal_must_be_one_of_its_signature(office: Office) -> None:
    case = office.reviewed()
    error = refused(
        office, lambda office: office.act("制章员", "import", case, {}, {"seal": _stamped(office, b"another")}))
    assert error.code.value == "seal.bad-timestamp"
    data = _stamped(office)
    office.act("制章员", "import", case, {}, {"seal": data})
    office.act("保管人", "activate", case, {}, RULES)
    assert (office.home / "authorities" / COUNTY[0] / "ELSEWHERE-5" / "seal.esl").read_bytes() == data


def _own() -> KeyPair:
    return organisation_keys(*COUNTY)["sealing"]


Faulty = Callable[[Office, int], bytes]
FAULTS: list[tuple[str, str, Faulty]] = [
    ("the maker is not trusted", "seal.untrusted-maker",
     lambda office, version: brought(office, version, maker=organisation_keys(*CITY)["data"])),
    ("the maker did not sign it", "seal.broken", lambda office, version: brought(office, version, key=_own())),
    ("another name", "seal.name-mismatch",
     lambda office, version: brought(office, version, name=COUNTY[1] + " ")),
    ("another certificate", "seal.unbound",
     lambda office, version: brought(
         office, version, certificates=[organisation_keys(*CITY)["sealing"].certificate.der])),
    ("one certificate more", "seal.further-certificates",
     lambda office, version: brought(
         office, version,
         certificates=[_own().certificate.der, organisation_keys(*COUNTY)["data"].certificate.der])),
    ("another imprint", "seal.imprint-differs",
     lambda office, version: brought(office, version, picture=Picture(
         kind="PNG", data=imprint("测试市另一印模局", 42), width_mm=42, height_mm=42))),
    ("an imprint of another size", "seal.imprint-differs",
     lambda office, version: brought(office, version, picture=Picture(
         kind="PNG", data=imprint(COUNTY[1], 42), width_mm=45, height_mm=45))),
    ("an imprint that is no PNG", "seal.not-png",
     lambda office, version: brought(office, version, picture=Picture(
         kind="OFD", data=imprint(COUNTY[1], 42), width_mm=42, height_mm=42))),
    ("longer than the certificate", "seal.outlives-certificate",
     lambda office, version: brought(office, version, valid_end=_own().certificate.not_after + DAY)),
    ("expired", "seal.expired", lambda office, version: brought(office, version, valid_end=office.now - HOUR)),
    ("not valid yet", "seal.not-yet-valid",
     lambda office, version: brought(office, version, valid_start=office.now + DAY)),
    ("made tomorrow", "seal.made-in-future",
     lambda office, version: brought(office, version, created_at=office.now + DAY)),
    ("an identifier that leaves its folder", "seal.bad-identifier",
     lambda office, version: brought(office, version, es_id="../x")),
    ("cut short", "der.malformed", lambda office, version: brought(office, version)[:-1]),
]


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, str]]:
    """An office with a case that waits for its seal."""
    office = Office.found(make_home(tmp_path_factory.mktemp("import") / "home"))
    yield office, office.reviewed()
    office.registry.close()


@pytest.mark.req("R-003-10", "R-003-12", "R-003-13")
@pytest.mark.parametrize("version", [1, 4, 5])
@pytest.mark.parametrize(("why", "code", "make"), FAULTS, ids=[row[0] for row in FAULTS])
def test_no_seal_with_a_fault_is_imported(
    waiting: tuple[Office, str], version: int, why: str, code: str, make: Faulty,
) -> None:
    office, case = waiting
    data = make(office, version)
    error = refused(office, lambda office: office.act("制章员", "import", case, {}, {"seal": data}))
    assert error.code.value == code and error.facts["clause"], why


@pytest.mark.parametrize("certificate", ["the organisation's", "the maker's"])
def test_no_seal_of_a_revoked_certificate_is_imported(office: Office, certificate: str) -> None:
    case, data = office.reviewed(), brought(office, 5)
    write_lists(office.home, (MAKER if certificate == "the maker's" else _own()).certificate)
    error = refused(office, lambda office: office.act("制章员", "import", case, {}, {"seal": data}))
    assert error.code.value == "seal.certificate-revoked"


def test_an_identifier_is_taken_once(office: Office) -> None:
    first = office.reviewed()
    office.act("制章员", "import", first, {}, {"seal": brought(office, 4)})
    second = office.reviewed(business="验证专用章")
    keys = organisation_keys(COUNTY[0], COUNTY[1] + "验证专用章")["sealing"].certificate
    data = brought(office, 4, name=COUNTY[1] + "验证专用章", certificates=[keys.der])
    error = refused(office, lambda office: office.act("制章员", "import", second, {}, {"seal": data}))
    assert error.code.value == "case.seal-id-taken"


@pytest.mark.judge
@pytest.mark.parametrize("form", ["v1", "v4", "v4-digest", "v5"])
def test_seals_that_ofdrw_made_are_imported(form: str, form_judge: FormJudge, tmp_path: Path) -> None:
    office = Office.found(make_home(tmp_path / "home"))
    case, own = office.reviewed(), _own().certificate
    for name, data in (("maker.key", MAKER.key.pkcs8()), ("maker.cer", MAKER.certificate.der),
                       ("own.cer", own.der), ("imprint.png", imprint(COUNTY[1], 42))):
        (tmp_path / name).write_bytes(data)
    path = form_judge.write_seal(
        form, tmp_path / "a.esl", key=tmp_path / "maker.key", maker=tmp_path / "maker.cer",
        signer=tmp_path / "own.cer", picture=tmp_path / "imprint.png", name=COUNTY[1], es_id="OFDRW-1",
        diameter_mm=42, created=office.now, start=own.not_before, end=own.not_after)
    office.act("制章员", "import", case, {}, {"seal": path.read_bytes()})
    if form == "v1":
        refused(office, lambda office: office.act("保管人", "activate", case, {}, RULES))
    else:
        office.act("保管人", "activate", case, {}, RULES)
        folder = office.home / "authorities" / COUNTY[0] / "OFDRW-1"
        assert (folder / "seal.esl").read_bytes() == path.read_bytes()
    with office.registry.reading() as session:
        assert session.scalar(select(Seal.seal_der).where(Seal.case == case)) == path.read_bytes()
    office.registry.close()

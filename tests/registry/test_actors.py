"""Persons and roles: who may be appointed, by whom, for what, until when."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from certs import sm2
from certs.demo_pki import KeyPair, make_authority, make_person
from certs.signer import LocalSigner
from certs.x509_build import build_certificate
from codes.errors import EngineError
from codes.region import covers
from registry.actors import allowed, create_registry, find_actor, held, same_person
from registry.errors import RegistryCode, RegistryError
from registry.tables import Actor, ActorRole
from tests.support.demo_home import CITY, PROVINCE
from tests.support.registry_home import NOW, RegistryHome, make_registry_home, signer

COUNTY = ("11140123MB9TEX019D", "测试市测试县应急管理局")


def refused(home: RegistryHome, person: LocalSigner, role: str, **scope: str) -> str:
    """Appoint a person in vain; return the code."""
    with pytest.raises(RegistryError) as caught:
        home.appoint(person, role, **scope)
    assert caught.value.facts.get("clause") or caught.value.code is RegistryCode.BAD_ACT
    return str(caught.value.code)


def actor_of(home: RegistryHome, person: LocalSigner) -> Actor:
    """The row of a person."""
    with home.registry.reading() as session:
        return session.get_one(Actor, person.certificate.fingerprint)


def may(home: RegistryHome, person: LocalSigner, role: str, unit: str) -> str:
    """Ask whether a person has a role for an organisation: empty, or the code of the refusal."""
    try:
        with home.registry.reading() as session:
            actor = find_actor(session, person.certificate)
            assert all(row.role == role for row in allowed(session, actor, {role}, unit=unit, at=home.clock.now))
    except RegistryError as error:
        return str(error.code)
    return ""


REGIONS = [
    # region of the role, region of the place, whether it takes it in
    ("140000", "140123", True), ("140100", "140123", True), ("140123", "140123", True), ("140100", "140100", True),
    ("140123", "140100", False), ("140100", "140000", False), ("140200", "140123", False), ("140124", "140123", False),
    ("130000", "140123", False), ("", "140123", False), ("1401", "140123", False),
]


@pytest.mark.parametrize(("wide", "place", "inside"), REGIONS)
def test_a_region_takes_in_what_lies_below_it(wide: str, place: str, inside: bool) -> None:
    assert covers(wide, place) is inside


SCOPES = [
    # role, region of the role, organisation asked about, refusal
    ("applicant", "", CITY, ""), ("applicant", "", COUNTY, RegistryCode.OUT_OF_SCOPE),
    ("custodian", "", CITY, ""), ("custodian", "", PROVINCE, RegistryCode.OUT_OF_SCOPE),
    ("approver", "", CITY, ""), ("approver", "", COUNTY, RegistryCode.OUT_OF_SCOPE),
    ("county-reviewer", "140123", COUNTY, ""), ("county-reviewer", "140123", CITY, RegistryCode.OUT_OF_SCOPE),
    ("county-reviewer", "140124", COUNTY, RegistryCode.OUT_OF_SCOPE),
    ("upper-reviewer", "140100", COUNTY, ""), ("upper-reviewer", "140000", CITY, ""),
    ("upper-reviewer", "140100", PROVINCE, RegistryCode.OUT_OF_SCOPE),
    ("maker", "", COUNTY, ""), ("auditor", "", PROVINCE, ""),
]


@pytest.mark.req("R-003-50")
@pytest.mark.parametrize(("role", "region", "organisation", "refusal"), SCOPES)
def test_a_role_holds_for_its_scope_alone(
    sqlite_home: RegistryHome, role: str, region: str, organisation: tuple[str, str], refusal: str,
) -> None:
    person = sqlite_home.appointed("测试人甲", role, region=region)
    assert may(sqlite_home, person, role, organisation[0]) == refusal
    assert may(sqlite_home, person, "administrator", organisation[0]) == RegistryCode.ROLE_MISSING


def test_the_scope_of_one_role_is_not_that_of_another(registry_home: RegistryHome) -> None:
    person = registry_home.appointed("测试人甲", "applicant")
    registry_home.appoint(person, "county-reviewer", region="140123")
    registry_home.appoint(person, "upper-reviewer", region="140000")
    assert may(registry_home, person, "county-reviewer", CITY[0]) == RegistryCode.OUT_OF_SCOPE
    assert may(registry_home, person, "applicant", COUNTY[0]) == RegistryCode.OUT_OF_SCOPE
    assert may(registry_home, person, "upper-reviewer", COUNTY[0]) == ""
    with registry_home.registry.reading() as session:
        rows = held(session, actor_of(registry_home, person), {"county-reviewer", "upper-reviewer"},
                    at=registry_home.clock.now)
    assert [(row.role, row.region) for row in rows] == [("county-reviewer", "140123"), ("upper-reviewer", "140000")]


def test_an_appointment_counts_from_its_moment_to_the_dismissal(registry_home: RegistryHome) -> None:
    before = registry_home.clock.now
    registry_home.clock.forward(timedelta(hours=1))
    person = registry_home.appointed("测试人甲", "approver", "custodian")
    registry_home.clock.forward(timedelta(hours=1))
    outcome = registry_home.act(registry_home.administrator, "actor-dismiss", person.certificate.fingerprint,
                                {"role": "approver", "region": ""})
    assert outcome.state == "dismissed"
    actor = actor_of(registry_home, person)
    assert actor.dismissed_at is None
    with registry_home.registry.reading() as session:
        for at, good in ((before, False), (before + timedelta(hours=1), True), (before + timedelta(hours=2), False)):
            if good:
                assert len(held(session, actor, {"approver"}, at=at)) == 1
            else:
                with pytest.raises(RegistryError):
                    held(session, actor, {"approver"}, at=at)
    assert may(registry_home, person, "custodian", CITY[0]) == ""


def test_who_is_dismissed_from_everything_is_gone_and_may_come_back(registry_home: RegistryHome) -> None:
    person = registry_home.appointed("测试人甲", "approver", "custodian")
    registry_home.act(registry_home.administrator, "actor-dismiss", person.certificate.fingerprint)
    assert actor_of(registry_home, person).dismissed_at == registry_home.clock.now
    assert may(registry_home, person, "custodian", CITY[0]) == RegistryCode.DISMISSED_ACTOR
    registry_home.clock.forward(timedelta(hours=1))
    registry_home.appoint(person, "custodian")
    assert actor_of(registry_home, person).dismissed_at is None
    assert may(registry_home, person, "custodian", CITY[0]) == ""
    assert may(registry_home, person, "approver", CITY[0]) == RegistryCode.ROLE_MISSING


def test_an_appointment_repeated_changes_nothing(registry_home: RegistryHome) -> None:
    person = registry_home.appointed("测试人甲", "approver", "approver")
    with registry_home.registry.reading() as session:
        rows = session.scalars(select(ActorRole).where(ActorRole.actor == person.certificate.fingerprint)).all()
    assert len(rows) == 1


def test_nobody_is_dismissed_from_what_is_not_held(registry_home: RegistryHome) -> None:
    person = registry_home.appointed("测试人甲", "approver")
    for subject, role in ((person.certificate.fingerprint, "maker"), ("f" * 64, "")):
        with pytest.raises(RegistryError) as caught:
            registry_home.act(registry_home.administrator, "actor-dismiss", subject, {"role": role, "region": ""})
        assert caught.value.code is RegistryCode.UNKNOWN_ACTOR


def test_the_last_administrator_stays(registry_home: RegistryHome) -> None:
    own = registry_home.administrator.certificate.fingerprint
    with pytest.raises(RegistryError) as caught:
        registry_home.act(registry_home.administrator, "actor-dismiss", own)
    assert caught.value.code is RegistryCode.LAST_ADMINISTRATOR
    registry_home.appointed("测试管理员乙", "administrator")
    registry_home.act(registry_home.administrator, "actor-dismiss", own)
    assert may(registry_home, registry_home.administrator, "administrator", CITY[0]) == RegistryCode.DISMISSED_ACTOR


def test_an_administrator_appoints_nobody_of_the_same_name_or_key(registry_home: RegistryHome) -> None:
    """Otherwise one person could hold both ends of an act that takes two."""
    administrator, cas = registry_home.administrator, registry_home.cas
    own_key = administrator._key
    renewed = registry_home.person("测试管理员")
    same_key = signer(make_person("另一个名字", unit=CITY[1], code=CITY[0], issuer=cas["sm2-issuing"], now=NOW,
                                  key=own_key))  # type: ignore[arg-type]
    for person in (administrator, renewed, same_key):
        assert refused(registry_home, person, "approver") == RegistryCode.SAME_PERSON


def test_one_person_is_known_again_by_certificate_key_or_name(sqlite_home: RegistryHome) -> None:
    ca = sqlite_home.cas["sm2-issuing"]

    def certified(name: str, number: str | None = None, key: sm2.PrivateKey | None = None) -> KeyPair:
        used = key or sm2.PrivateKey.generate()
        extra = (("serialNumber", number),) if number else ()
        return KeyPair(key=used, certificate=build_certificate(
            subject=(("C", "CN"), ("O", CITY[1]), ("CN", name), *extra), spki=used.spki, issuer=ca.certificate,
            issuer_key=ca.key, serial=99, not_before=NOW, not_after=NOW + timedelta(days=300),
            key_usage=("digitalSignature",)))

    one = certified("测试人甲")
    assert isinstance(one.key, sm2.PrivateKey)
    cases = [
        (one, True, "the same"), (certified("测试人甲"), True, "renewed"),
        (certified("测试人乙", key=one.key), True, "another name, the same key"),
        (certified("测试人乙"), False, "another person"),
        (certified("测试人甲", "002"), True, "the same name, one without a number"),
    ]
    for other, same, why in cases:
        assert same_person(one.certificate, other.certificate) is same, why
        assert same_person(other.certificate, one.certificate) is same, why
    assert not same_person(certified("测试人甲", "001").certificate, certified("测试人甲", "002").certificate)


NAMES = ["张伟 ", " 张伟", "张\u200b伟", "张\u3164伟", "Jose\u0301", "张\u00a0伟", "张\u202e伟", "\u3164", "张\n伟"]


@pytest.mark.parametrize("name", NAMES, ids=[ascii(name) for name in NAMES])
def test_nobody_is_appointed_under_a_name_that_cannot_be_told_from_another(
    sqlite_home: RegistryHome, name: str,
) -> None:
    assert refused(sqlite_home, sqlite_home.person(name), "auditor") == RegistryCode.NOT_PERSONAL


@pytest.mark.parametrize("name", ["Li Wei", "买买提·艾力", "José", "\U00030EDE伟"])
def test_a_name_as_people_have_them_is_taken(sqlite_home: RegistryHome, name: str) -> None:
    assert sqlite_home.appointed(name, "auditor")


def test_an_appointment_takes_a_personal_certificate_that_is_good(registry_home: RegistryHome) -> None:
    cas = registry_home.cas
    organisation = make_authority(*reversed(CITY), sm2_issuer=cas["sm2-issuing"], p256_issuer=cas["p256-issuing"],
                                  now=NOW)
    assert refused(registry_home, signer(organisation["sealing"]), "approver") == RegistryCode.NOT_PERSONAL
    ca = LocalSigner(cas["sm2-issuing"].certificate, cas["sm2-issuing"].key)
    assert refused(registry_home, ca, "approver") == RegistryCode.NOT_PERSONAL
    revoked = registry_home.person("测试人甲")
    registry_home.revoke(revoked.certificate.serial)
    assert refused(registry_home, revoked, "approver") == RegistryCode.CERTIFICATE


def test_the_unit_is_the_certificates(registry_home: RegistryHome) -> None:
    person = registry_home.person("测试人甲")
    assert refused(registry_home, person, "approver", unit=PROVINCE[0]) == RegistryCode.UNIT_MISMATCH
    assert refused(registry_home, person, "approver", unit="11140100MB9TEX0181") == RegistryCode.UNIT_MISMATCH
    assert refused(registry_home, person, "approver", unit="") == RegistryCode.UNIT_MISMATCH


@pytest.mark.parametrize(("role", "region"), [
    ("king", ""), ("", ""), ("approver", "140100"), ("county-reviewer", ""), ("county-reviewer", "1401"),
    ("county-reviewer", "14010x"), ("upper-reviewer", "１４０１００"), ("administrator", "140000"),
])
def test_role_and_region_belong_together(sqlite_home: RegistryHome, role: str, region: str) -> None:
    assert refused(sqlite_home, sqlite_home.person("测试人甲"), role, region=region) == RegistryCode.BAD_ACT


def test_the_subject_of_an_appointment_is_the_certificate_in_it(registry_home: RegistryHome) -> None:
    one, other = registry_home.person("测试人甲"), registry_home.person("测试人乙")
    facts = {"certificate": base64.b64encode(other.certificate.der).decode(), "role": "approver", "unit": CITY[0],
             "region": ""}
    with pytest.raises(EngineError) as caught:
        registry_home.act(registry_home.administrator, "actor-appoint", one.certificate.fingerprint, facts)
    assert caught.value.code is RegistryCode.BAD_ACT


def test_the_first_administrator_must_be_a_person_with_a_good_certificate(
    registry_home: RegistryHome, tmp_path: Path,
) -> None:
    organisation = make_authority(*reversed(CITY), sm2_issuer=registry_home.cas["sm2-issuing"],
                                  p256_issuer=registry_home.cas["p256-issuing"], now=NOW)
    other = make_registry_home(tmp_path / "other")
    for certificate, code in ((organisation["sealing"].certificate, RegistryCode.NOT_PERSONAL),
                              (other.administrator.certificate, RegistryCode.CERTIFICATE)):
        with pytest.raises(RegistryError) as caught:
            create_registry(registry_home.path, administrator=certificate, now=NOW)
        assert caught.value.code is code
    other.registry.close()

"""Acts: what is checked of every one, the same again, refusals in the log, and a kill at every step."""

from __future__ import annotations

import base64
import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from certs.canonical_json import JSON
from certs.moments import write_moment
from certs.signer import LocalSigner
from certs.sm3 import sm3
from certs.statement import SignedStatement, StatementCode, sign_statement
from codes.errors import EngineError
from registry import acts
from registry.acts import MAX_DOCUMENT, perform
from registry.errors import RegistryCode
from registry.requests import ACT_TYPE
from registry.tables import Act, Actor, Audit, Document
from tests.registry.test_database import log_of
from tests.support.demo_home import CITY
from tests.support.registry_home import RegistryHome, make_registry_home

FORK = multiprocessing.get_context("fork")


def refusal(home: RegistryHome, signed: SignedStatement, documents: Mapping[str, bytes] | None = None) -> EngineError:
    """Perform an act that is refused, see that nothing but the refusal is kept, and return it."""
    before, logged = _state(home), len(log_of(home.registry))
    with pytest.raises(EngineError) as caught:
        perform(home.registry, signed, documents=documents)
    assert _state(home) == before
    assert log_of(home.registry)[logged:] == [(logged + 1, "act.refused")]
    facts = last_facts(home)
    assert facts["code"] == caught.value.code
    assert facts["statement"] == signed.digest.hex()
    assert facts["certificate"] == signed.certificate.fingerprint
    assert facts.get("clause") == caught.value.facts.get("clause")
    return caught.value


def _state(home: RegistryHome) -> object:
    with home.registry.reading() as session:
        actors = session.execute(select(Actor.id, Actor.dismissed_at).order_by(Actor.id)).all()
        return [tuple(row) for row in actors], session.scalars(select(Act.digest).order_by(Act.number)).all(), \
            session.scalars(select(Document.sm3)).all()


def last_facts(home: RegistryHome) -> dict[str, Any]:
    """The facts of the last entry of the log."""
    with home.registry.reading() as session:
        facts: dict[str, Any] = json.loads(session.scalars(
            select(Audit.facts).order_by(Audit.number.desc()).limit(1)).one())
        return facts


def appointment(person: LocalSigner, **changes: JSON) -> dict[str, JSON]:
    """The facts of an appointment as approver."""
    return {"certificate": base64.b64encode(person.certificate.der).decode(), "role": "approver", "unit": CITY[0],
            "region": "", **changes}


def appoint(home: RegistryHome, person: LocalSigner, *, by: LocalSigner | None = None) -> SignedStatement:
    """Sign the appointment of a person."""
    return home.sign(by or home.administrator, "actor-appoint", person.certificate.fingerprint, appointment(person))


@pytest.mark.req("R-003-20", "R-003-48", "R-003-50")
def test_an_act_is_performed_kept_with_its_statement_and_logged(registry_home: RegistryHome) -> None:
    person = registry_home.person("测试人甲")
    signed = appoint(registry_home, person)
    outcome = perform(registry_home.registry, signed)
    assert (outcome.case, outcome.state) == (person.certificate.fingerprint, "appointed")
    with registry_home.registry.reading() as session:
        act = session.scalars(select(Act)).one()
        assert SignedStatement.parse(act.statement, type=ACT_TYPE) == signed
        assert (act.type, act.subject, act.actor, act.at) == (
            "actor-appoint", person.certificate.fingerprint, registry_home.administrator.certificate.fingerprint,
            registry_home.clock.now)
    assert log_of(registry_home.registry)[-1][1] == "act.actor-appoint"
    assert last_facts(registry_home) == {
        "actor": registry_home.administrator.certificate.fingerprint, "case": person.certificate.fingerprint,
        "state": "appointed", "statement": signed.digest.hex()}


def test_the_same_statement_again_gives_the_same_outcome_and_changes_nothing(registry_home: RegistryHome) -> None:
    """Also when it could no longer be performed: days later, its signer dismissed and the certificate revoked."""
    other = registry_home.appointed("测试管理员乙", "administrator")
    signed = appoint(registry_home, registry_home.person("测试人甲"))
    outcome = perform(registry_home.registry, signed)
    before, logged = _state(registry_home), log_of(registry_home.registry)
    assert perform(registry_home.registry, signed) == outcome
    assert (_state(registry_home), log_of(registry_home.registry)) == (before, logged)
    registry_home.act(other, "actor-dismiss", registry_home.administrator.certificate.fingerprint,
                      {"role": "", "region": ""})
    registry_home.revoke(registry_home.administrator.certificate.serial)
    registry_home.clock.forward(timedelta(days=3))
    before = _state(registry_home)
    assert perform(registry_home.registry, signed) == outcome
    assert _state(registry_home) == before


def test_a_statement_signed_anew_is_another_act_or_none(registry_home: RegistryHome) -> None:
    """The same content signed again by its signer is the same act; by somebody else it is refused."""
    other = registry_home.appointed("测试管理员乙", "administrator")
    signed = appoint(registry_home, registry_home.person("测试人甲"))
    outcome = perform(registry_home.registry, signed)
    again = sign_statement(signed.body, registry_home.administrator)
    assert again.signature != signed.signature
    assert perform(registry_home.registry, again) == outcome
    taken = sign_statement(signed.body, other)
    assert refusal(registry_home, taken).code is RegistryCode.REPLAYED


def test_an_act_for_another_registry_is_refused(registry_home: RegistryHome, tmp_path: Path) -> None:
    other = make_registry_home(tmp_path / "other")
    signed = acts.sign_act(
        "actor-appoint", "x", {}, signer=registry_home.administrator, registry_id=other.registry.id,
        at=registry_home.clock.now)
    assert refusal(registry_home, signed).code is RegistryCode.OTHER_REGISTRY
    other.registry.close()


@pytest.mark.parametrize(("step", "good"), [
    (timedelta(hours=-24), True), (timedelta(hours=-24, milliseconds=-1), False),
    (timedelta(minutes=5), True), (timedelta(minutes=5, milliseconds=1), False),
])
def test_an_act_is_signed_lately(registry_home: RegistryHome, step: timedelta, good: bool) -> None:
    person = registry_home.person("测试人甲")
    signed = acts.sign_act(
        "actor-appoint", person.certificate.fingerprint, appointment(person), signer=registry_home.administrator,
        registry_id=registry_home.registry.id, at=registry_home.clock.now + step)
    if good:
        assert perform(registry_home.registry, signed).state == "appointed"
    else:
        assert refusal(registry_home, signed).code is RegistryCode.STATEMENT_TIME


def _body(home: RegistryHome, **changes: JSON) -> dict[str, JSON]:
    person = home.person("测试人甲")
    return {"type": ACT_TYPE, "at": write_moment(home.clock.now), "act": "actor-appoint",
            "subject": person.certificate.fingerprint, "registry": home.registry.id, "nonce": "0" * 32,
            "facts": appointment(person), "documents": {}, **changes}


BODIES: list[tuple[dict[str, JSON], str]] = [
    ({"more": 1}, StatementCode.MALFORMED), ({"nonce": "0" * 31}, StatementCode.MALFORMED),
    ({"nonce": "G" * 32}, StatementCode.MALFORMED), ({"nonce": None}, StatementCode.MALFORMED),
    ({"act": "Actor"}, StatementCode.MALFORMED), ({"act": ""}, StatementCode.MALFORMED),
    ({"act": ["actor-appoint"]}, StatementCode.MALFORMED),
    ({"subject": "测试人甲"}, StatementCode.MALFORMED), ({"subject": ""}, StatementCode.MALFORMED),
    ({"subject": "../x"}, StatementCode.MALFORMED), ({"subject": "x\n"}, StatementCode.MALFORMED),
    ({"facts": []}, StatementCode.MALFORMED), ({"documents": []}, StatementCode.MALFORMED),
    ({"documents": {str(number): "" for number in range(17)}}, StatementCode.MALFORMED),
    ({"registry": ""}, RegistryCode.OTHER_REGISTRY), ({"registry": None}, RegistryCode.OTHER_REGISTRY),
    ({"type": "zhengyin/approval/1"}, StatementCode.MALFORMED), ({"act": "actor-crown"}, RegistryCode.UNKNOWN_ACT),
    ({"documents": {"form": 5}}, RegistryCode.DOCUMENT_MISSING),
    ({"facts": {}}, RegistryCode.BAD_ACT), ({"facts": {"role": 5}}, RegistryCode.BAD_ACT),
]


@pytest.mark.parametrize(("changes", "code"), BODIES, ids=[str(changes)[:50] for changes, _ in BODIES])
def test_a_statement_that_is_no_proper_act_is_refused(
    sqlite_home: RegistryHome, changes: dict[str, JSON], code: str,
) -> None:
    signed = sign_statement(_body(sqlite_home, **changes), sqlite_home.administrator)
    assert refusal(sqlite_home, signed).code == code


def test_a_signature_that_does_not_hold_is_refused(registry_home: RegistryHome) -> None:
    signed = appoint(registry_home, registry_home.person("测试人甲"))
    other = appoint(registry_home, registry_home.person("测试人乙"))
    assert refusal(registry_home, replace(signed, signature=other.signature)).code == StatementCode.SIGNATURE


def test_a_certificate_from_elsewhere_is_refused(registry_home: RegistryHome, tmp_path: Path) -> None:
    other = make_registry_home(tmp_path / "other")
    error = refusal(registry_home, appoint(registry_home, registry_home.person("测试人甲"), by=other.administrator))
    assert (error.code, error.facts["chain"]) == (StatementCode.CHAIN, "chain.no-anchor")
    other.registry.close()


@pytest.mark.parametrize(("reason", "chain"), [
    ("keyCompromise", "chain.revoked"), ("certificateHold", "chain.revoked"),
])
def test_a_revoked_certificate_acts_no_more(registry_home: RegistryHome, reason: str, chain: str) -> None:
    registry_home.revoke(registry_home.administrator.certificate.serial, reason=reason)
    error = refusal(registry_home, appoint(registry_home, registry_home.person("测试人甲")))
    assert (error.code, error.facts["chain"]) == (StatementCode.CHAIN, chain)


def test_an_expired_certificate_acts_no_more(registry_home: RegistryHome) -> None:
    person = registry_home.person("测试人甲")
    registry_home.clock.now = registry_home.administrator.certificate.not_after + timedelta(seconds=1)
    error = refusal(registry_home, appoint(registry_home, person))
    assert (error.code, error.facts["chain"]) == (StatementCode.CHAIN, "chain.expired")


@pytest.mark.req("R-003-50")
def test_who_was_not_appointed_does_not_act(registry_home: RegistryHome) -> None:
    stranger = registry_home.person("测试人丙")
    signed = appoint(registry_home, registry_home.person("测试人甲"), by=stranger)
    assert refusal(registry_home, signed).code is RegistryCode.UNKNOWN_ACTOR


def test_who_lacks_the_role_does_not_act(registry_home: RegistryHome) -> None:
    approver = registry_home.appointed("测试人丙", "approver", "custodian")
    signed = appoint(registry_home, registry_home.person("测试人甲"), by=approver)
    assert refusal(registry_home, signed).code is RegistryCode.ROLE_MISSING


def test_exactly_the_documents_that_were_signed_are_taken_and_kept(registry_home: RegistryHome) -> None:
    person, documents = registry_home.person("测试人甲"), {"form": b"%PDF one", "statement": b"two"}

    def signed(**given: bytes) -> SignedStatement:
        return registry_home.sign(registry_home.administrator, "actor-appoint", person.certificate.fingerprint,
                                  appointment(person), documents=given)

    cases: list[tuple[Mapping[str, bytes], RegistryCode]] = [
        ({"form": b"%PDF one"}, RegistryCode.DOCUMENT_MISSING),
        ({**documents, "more": b""}, RegistryCode.DOCUMENT_MISSING),
        ({**documents, "form": b"%PDF two"}, RegistryCode.DOCUMENT_CHANGED),
        ({"form": b"two", "statement": b"%PDF one"}, RegistryCode.DOCUMENT_CHANGED),
    ]
    for given, code in cases:
        assert refusal(registry_home, signed(**documents), given).code is code
    perform(registry_home.registry, signed(**documents), documents=documents)
    perform(registry_home.registry, signed(form=b"%PDF one"), documents={"form": b"%PDF one"})
    with registry_home.registry.reading() as session:
        kept = {one.sm3: one.data for one in session.scalars(select(Document))}
    assert kept == {sm3(data).hex(): data for data in documents.values()}


def test_a_document_has_a_largest_size(sqlite_home: RegistryHome) -> None:
    person, large = sqlite_home.person("测试人甲"), b"x" * (MAX_DOCUMENT + 1)
    signed = sqlite_home.sign(sqlite_home.administrator, "actor-appoint", person.certificate.fingerprint,
                              appointment(person), documents={"form": large})
    assert refusal(sqlite_home, signed, {"form": large}).code is RegistryCode.DOCUMENT_TOO_LARGE


def test_what_is_no_refusal_is_not_logged_as_one(registry_home: RegistryHome) -> None:
    signed = appoint(registry_home, registry_home.person("测试人甲"))
    registry_home.clock.forward(timedelta(hours=1))
    registry_home.appointed("测试人乙", "approver")
    logged = log_of(registry_home.registry)
    registry_home.clock.forward(timedelta(hours=-1))
    with pytest.raises(EngineError) as caught:
        perform(registry_home.registry, signed)
    assert caught.value.code is RegistryCode.CLOCK_BACKWARDS
    assert log_of(registry_home.registry) == logged


def test_the_log_holds_no_name_and_no_secret(registry_home: RegistryHome) -> None:
    registry_home.appointed("测试人甲", "approver", "custodian")
    refusal(registry_home, appoint(registry_home, registry_home.administrator))
    with registry_home.registry.reading() as session:
        text = "\n".join(session.scalars(select(Audit.facts)))
    for secret in ("测试人甲", "测试管理员", CITY[1]):
        assert secret not in text
    assert len(text) > 500


STEPS = ("check_signature", "check_statement", "find_actor", "held", "_keep", "restrict", "project")


def _perform_until(home: RegistryHome, signed: SignedStatement, step: str, after: bool) -> None:
    """Perform an act and be killed before or after one of its steps."""
    real: Callable[..., Any] = getattr(acts, step)

    def killed(*arguments: Any, **options: Any) -> Any:
        result = real(*arguments, **options) if after else None
        os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(acts, step, killed)
    perform(home.registry, signed)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_leaves_the_old_state_or_the_new(
    registry_home: RegistryHome, step: str, after: bool,
) -> None:
    person = registry_home.person("测试人甲")
    signed = appoint(registry_home, person)
    logged = log_of(registry_home.registry)
    child = FORK.Process(target=_perform_until, args=(registry_home, signed, step, after))
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    with registry_home.registry.reading() as session:
        done = session.scalars(select(Act)).all()
        there = session.get(Actor, person.certificate.fingerprint)
    assert (there is not None) == bool(done) == (step == "project")
    assert len(log_of(registry_home.registry)) == len(logged) + len(done)
    outcome = perform(registry_home.registry, signed)            # the caller tries again
    assert outcome.state == "appointed"
    assert log_of(registry_home.registry)[len(logged):] == [(len(logged) + 1, "act.actor-appoint")]


def _perform_and_tell(home: RegistryHome, signed: SignedStatement, told: Any) -> None:
    told.put(perform(home.registry, signed).to_json())


def test_one_statement_performed_by_many_at_once_is_performed_once(registry_home: RegistryHome) -> None:
    signed, told = appoint(registry_home, registry_home.person("测试人甲")), FORK.Queue()
    logged = len(log_of(registry_home.registry))
    children = [FORK.Process(target=_perform_and_tell, args=(registry_home, signed, told)) for _ in range(4)]
    for child in children:
        child.start()
    outcomes = [told.get(timeout=60) for _ in children]
    for child in children:
        child.join(60)
    assert all(outcome == outcomes[0] for outcome in outcomes)
    assert log_of(registry_home.registry)[logged:] == [(logged + 1, "act.actor-appoint")]

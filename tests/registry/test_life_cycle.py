"""The life of a seal through signed acts: every order, renewal, loss, a new name; and what others make of the seal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import docgen
import layouts
from certs.approval import Terms, confirm, give
from certs.config import Config, store_config
from certs.demo_pki import CHINA_TIME
from certs.home import Home
from certs.seal import SealError
from certs.sm3 import sm3
from codes.errors import EngineError
from registry.acts import perform
from registry.cases import phase_of
from registry.errors import RegistryError
from registry.handlers import ROLES_OF_ACT
from registry.seals import describe, history, list_cases
from registry.states import STEPS, Phase, State, renewal_opens, step_for
from registry.tables import Seal
from tests.interop.judges import CryptoJudge, FormJudge
from tests.support.demo_home import imprint
from tests.support.seal_office import (
    BACKENDS,
    COUNTY,
    DAY,
    ENDING,
    START,
    Office,
    organisation_keys,
    person,
    refused,
)

RULES = {"rules": "用章制度".encode()}


def opened(office: Office) -> Home:
    """The home with its keys' password."""
    path = office.home / "password"
    path.write_text("office")
    path.chmod(0o600)
    return Home.open(office.home, environ={})


@pytest.mark.req("R-003-09", "R-003-15", "R-003-48")
def test_a_seal_goes_its_way_and_every_step_is_known_by_who_when_why_and_papers(office: Office) -> None:
    case = office.apply()
    course: list[tuple[str, str, dict[str, object], dict[str, bytes], str]] = [
        ("县审核", "review-county", {}, {}, "county-reviewed"), ("市审核", "review-upper", {}, {}, "upper-reviewed")]
    for who, act, facts, documents, state in course:
        assert office.act(who, act, case, facts, documents).state == state
    office.act("制章员", "make", case, {}, {"seal": office.prepare(case).der})
    office.now += timedelta(hours=1)
    for who, act, facts, documents, state in [
            ("市审核", "file", {"number": "晋备2026-17"}, {}, "made"),
            ("保管人", "activate", {}, RULES, "in-use"), ("保管人", "suspend", {"reason": "搬迁"}, {}, "suspended"),
            ("县审核", "resume", {"reason": "搬迁完毕"}, {}, "in-use"),
            ("申请人", "request-cancel", {"reason": "机构撤并"}, ENDING, "in-use"),
            ("县审核", "cancel", {}, {}, "cancelled")]:
        assert office.act(who, act, case, facts, documents).state == state
    with office.registry.reading() as session:
        seal = office.row(case)
        told, acts = describe(session, seal, at=office.now), history(session, seal)
    assert [act["act"] for act in acts] == [
        "apply", "review-county", "review-upper", "make", "file", "activate", "suspend", "resume", "request-cancel",
        "cancel"]
    assert acts[6]["by"] == f"保管人 ({COUNTY[0]})" and acts[6]["at"] == "2026-03-02T03:30:00.000Z"
    assert told["custodian"] == f"保管人 ({COUNTY[0]})" and told["filing"] == "晋备2026-17"
    assert told["reason"] == "机构撤并" and told["state"] == "cancelled"
    assert {"application", "form", "imprint-statement", "activate.rules", "request-cancel.identity-proof"} <= set(
        told["documents"])                                                                  # type: ignore[arg-type]
    events = [(event, facts["case"]) for event, facts in office.log() if facts.get("case") == case]
    assert [event for event, _ in events] == [f"act.{act['act']}" for act in acts]


@pytest.fixture(scope="module", params=BACKENDS)
def gallery(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Office, dict[State, str]]]:
    """A case in every state."""
    office = Office.of(request, tmp_path_factory.mktemp("gallery"))
    yield office, {state: office.bring(state, f"业务{number}专用章") for number, state in enumerate(State)}
    office.registry.close()


WHO = {"applicant": "申请人", "custodian": "保管人", "county-reviewer": "县审核", "upper-reviewer": "市审核",
       "maker": "制章员"}
OUT_OF_ORDER = [(act, state) for act in sorted({step.act for step in STEPS} - {"apply"}) for state in State
                if step_for(act, state) is None]


@pytest.mark.req("R-003-09", "R-003-16", "R-003-17")
@pytest.mark.parametrize(("act", "state"), OUT_OF_ORDER, ids=[f"{act} when {state}" for act, state in OUT_OF_ORDER])
def test_no_step_is_taken_out_of_order(gallery: tuple[Office, dict[State, str]], act: str, state: State) -> None:
    office, cases = gallery
    who = WHO[ROLES_OF_ACT[act][0]]
    error = refused(office, lambda office: office.act(
        who, act, cases[state], {"reason": "理由"}, {"certificate": b"x", "seal": b"x", "handover": b"x", **RULES,
                                                   **ENDING}))
    assert error.code.value == "registry.out-of-order"
    assert error.facts["state"] == state and error.facts["clause"]


def test_a_statement_given_again_does_nothing_twice(office: Office) -> None:
    case = office.made()
    signed = office.sign("保管人", "activate", case, {}, RULES)
    first = perform(office.registry, signed, documents=RULES)
    before, entries = office.snapshot(), len(office.log())
    assert perform(office.registry, signed) == first
    assert office.snapshot() == before and len(office.log()) == entries


def renewable(office: Office) -> tuple[str, datetime]:
    """A seal in use on the first day of its renewal, and the end of its validity."""
    case = office.in_use()
    end = office.row(case).valid_end
    assert end is not None
    office.now = renewal_opens(end).astimezone(UTC)
    return case, end


def renewal(office: Office, case: str) -> str:
    """Renew with new keys, one review, and the same imprint; returns the new case, made."""
    keys = organisation_keys(*COUNTY, start=office.now)
    new = office.act("保管人", "renew", case, {}, {
        "certificate": keys["sealing"].certificate.der, "certificate-data": keys["data"].certificate.der,
        "certificate-pdf": keys["pdf"].certificate.der}).case
    office.act("县审核", "review-county", new)
    office.act("制章员", "make", new, {}, {"seal": office.prepare(new).der})
    office.lay_down(COUNTY[0], new, keys)
    return new


@pytest.mark.req("R-003-13", "R-003-14")
def test_a_renewal_takes_over_at_the_set_moment_without_a_gap(office: Office) -> None:
    old, end = renewable(office)
    new = renewal(office, old)
    change = datetime(2029, 3, 1, tzinfo=CHINA_TIME)
    assert office.now < change < end
    office.act("保管人", "activate", new, {"from": "2029-02-28T16:00:00.000Z"})
    before, after = office.row(old), office.row(new)
    assert (before.imprint_sm3, before.name) == (after.imprint_sm3, after.name) and after.predecessor == old
    assert after.documents["activate.rules"] == before.documents["activate.rules"]
    home = opened(office)
    for moment, seal_id, states in (
            (change - timedelta(seconds=1), before.seal_id, (Phase.IN_USE, Phase.SCHEDULED)),
            (change, after.seal_id, (Phase.RETIRED, Phase.IN_USE)),
            (end, after.seal_id, (Phase.RETIRED, Phase.IN_USE))):
        assert home.authority(*COUNTY, at=moment).seal.seal_id == seal_id
        assert (phase_of(before, moment), phase_of(after, moment)) == states
    assert phase_of(before, end + DAY) is Phase.EXPIRED


@pytest.mark.req("R-003-14", "R-003-18")
def test_a_renewal_is_neither_early_nor_late_and_changes_nothing_else(office: Office) -> None:
    case, end = renewable(office)
    keys = organisation_keys(*COUNTY, start=office.now)
    papers = {"certificate": keys["sealing"].certificate.der}
    first, last = office.now, end
    office.now = first - timedelta(seconds=1)
    error = refused(office, lambda office: office.act("保管人", "renew", case, {}, papers))
    assert (error.code.value, error.facts["clause"]) == ("case.not-yet-renewable", "B第8条")
    office.now = first
    other = {**papers, "imprint": imprint("另一印模", 42)}
    error = refused(office, lambda office: office.act("保管人", "renew", case, {}, other))
    assert (error.code.value, error.facts["clause"]) == ("seal.imprint-differs", "B第6条、第15条")
    same = {"certificate": organisation_keys(*COUNTY)["sealing"].certificate.der}
    error = refused(office, lambda office: office.act("保管人", "renew", case, {}, same))
    assert (error.code.value, error.facts["clause"]) == ("case.certificate-not-longer", "B第8条")
    new = renewal(office, case)
    error = refused(office, lambda office: office.act("保管人", "renew", case, {}, papers))
    assert (error.code.value, error.facts["case"]) == ("case.renewal-open", new)
    office.act("保管人", "activate", new)
    office.now += timedelta(hours=1)
    error = refused(office, lambda office: office.act("保管人", "renew", case, {}, papers))
    assert error.code.value == "case.renewal-open"
    office.now = last + timedelta(seconds=2)
    error = refused(office, lambda office: office.act("保管人", "renew", case, {}, papers))
    assert (error.code.value, error.facts["clause"]) == ("case.expired", "B第8条")


@pytest.mark.req("R-003-14")
def test_a_retired_seal_is_not_renewed_but_a_new_one_may_be_applied_for(office: Office) -> None:
    old, _ = renewable(office)
    new = renewal(office, old)
    office.act("保管人", "activate", new)
    office.now += timedelta(hours=1)
    office.act("保管人", "report-lost", new, {"reason": "失控"})
    keys = organisation_keys(*COUNTY, start=office.now)
    papers = {"certificate": keys["sealing"].certificate.der}
    error = refused(office, lambda office: office.act("保管人", "renew", old, {}, papers))
    assert (error.code.value, error.facts["clause"]) == ("case.retired", "B第8条")
    third = office.in_use(keys=keys)
    assert opened(office).authority(*COUNTY, at=office.now).seal.seal_id == office.row(third).seal_id


def test_a_renewal_without_its_keys_is_not_put_into_use(office: Office) -> None:
    case, _ = renewable(office)
    keys = organisation_keys(*COUNTY, start=office.now)
    new = office.act("保管人", "renew", case, {}, {
        f"certificate{tail}": keys[role].certificate.der
        for role, tail in (("sealing", ""), ("data", "-data"), ("pdf", "-pdf"))}).case
    office.act("县审核", "review-county", new)
    office.act("制章员", "make", new, {}, {"seal": office.prepare(new).der})
    error = refused(office, lambda office: office.act("保管人", "activate", new))
    assert error.code.value == "case.keys-missing"
    office.lay_down(COUNTY[0], new, organisation_keys(*COUNTY))
    error = refused(office, lambda office: office.act("保管人", "activate", new))
    assert error.code.value == "case.keys-differ"


@pytest.mark.req("R-003-17")
def test_a_lost_seal_is_blocked_at_once_and_for_good_and_a_new_one_can_be_had(office: Office) -> None:
    case = office.in_use()
    home = opened(office)
    assert home.authority(*COUNTY, at=office.now).seal.seal_id
    office.act("申请人", "report-lost", case, {"reason": "密钥介质失控"})
    with pytest.raises(SealError, match=r"seal\.lost"):
        home.authority(*COUNTY, at=office.now)
    office.now += timedelta(hours=1)
    new = office.in_use(keys=organisation_keys(*COUNTY, start=START + DAY / 2))
    assert home.authority(*COUNTY, at=office.now).seal.seal_id == office.row(new).seal_id != office.row(case).seal_id
    office.act("申请人", "request-cancel", case, {"reason": "已挂失"}, ENDING)
    office.act("市审核", "cancel", case)
    assert office.row(case).state == State.CANCELLED


@pytest.mark.req("R-003-16", "R-003-18")
def test_a_new_name_is_cancelling_and_a_new_seal(office: Office) -> None:
    old, renamed = office.in_use(), (COUNTY[0], "测试市测试区应急管理局")
    error = refused(office, lambda office: office.apply(of=renamed))
    assert (error.code.value, error.facts["clause"]) == ("case.seal-exists", "B第15条、第6条、第7条")
    office.act("申请人", "request-cancel", old, {"reason": "更名"}, ENDING)
    office.act("县审核", "cancel", old)
    home = opened(office)
    with pytest.raises(SealError, match=r"seal\.cancelled"):
        home.authority(*COUNTY, at=office.now)
    office.now += timedelta(hours=1)
    new = office.in_use(of=renamed)
    assert home.authority(*renamed, at=office.now).seal.name == renamed[1]
    with office.registry.reading() as session:
        assert [(seal.case, seal.name) for seal in list_cases(session, at=office.now)] == [
            (old, COUNTY[1]), (new, renamed[1])]
        assert [seal.case for seal in list_cases(session, at=office.now, phase="in-use")] == [new]
        assert not list(list_cases(session, at=office.now, organisation="11140000MB9TEX018T"))
    assert office.row(old).name == COUNTY[1]                       # what the old one sealed stays readable


@pytest.mark.req("R-003-15")
def test_a_custodian_may_be_followed_by_another(office: Office) -> None:
    case, second = office.in_use(), person("保管人乙", COUNTY[0])
    office.extra["保管人乙"] = second
    office.appoint(second.certificate, COUNTY[0], "custodian")
    error = refused(office, lambda office: office.act("保管人乙", "take-over", case))
    assert (error.code.value, error.facts["clause"]) == ("registry.document-missing", "B第14条")
    office.act("保管人乙", "take-over", case, {}, {"handover": "交接单".encode()})
    assert office.row(case).custodian == second.certificate.fingerprint


def test_a_number_of_filing_is_never_changed(office: Office) -> None:
    case = office.made()
    office.act("市审核", "file", case, {"number": "备1"})
    error = refused(office, lambda office: office.act("市审核", "file", case, {"number": "备2"}))
    assert error.code.value == "case.filed-already"


def test_an_identifier_is_never_used_twice(office: Office) -> None:
    first, second = office.made(business="甲专用章"), office.reviewed(business="乙专用章")
    taken = str(office.row(first).seal_id)
    seal = office.prepare(second, seal_id=taken).der
    error = refused(office, lambda office: office.act("制章员", "make", second, {}, {"seal": seal}))
    assert error.code.value == "case.seal-id-taken"


@pytest.mark.req("R-003-10", "R-003-18")
def test_an_imprint_exchanged_in_the_database_is_not_made(office: Office) -> None:
    case = office.reviewed()
    with office.registry.transaction() as t:
        row = t.session.get_one(Seal, case)
        row.imprint = imprint("偷换的印模", 42)
        row.imprint_sm3 = sm3(row.imprint).hex()
    with pytest.raises(RegistryError) as refusal:
        office.prepare(case)
    assert (refusal.value.code.value, refusal.value.facts["clause"]) == ("seal.imprint-differs", "B第6条")


def approve(office: Office, case: str) -> None:
    """Have two approvers allow three licences under a case's seal."""
    given = give(
        Terms(id="A-1", kinds=("K0",), region="140000", seal_id=str(office.row(case).seal_id), valid_from=START,
              valid_to=START + 900 * DAY, count=3), signer=office.signer("审批甲"), at=office.now)
    office.act("审批甲", "approve-give", "A-1", {}, {"approval": given.to_json()})
    answer = confirm(given, signer=office.signer("审批乙"), at=office.now)
    office.act("审批乙", "approve-confirm", "A-1", {}, {"confirmation": answer.to_json()})


@pytest.mark.judge
@pytest.mark.req("R-003-17", "R-003-22")
def test_what_is_sealed_with_a_seal_made_by_acts_satisfies_the_judges_until_it_is_lost(
    office: Office, form_judge: FormJudge, crypto_judge: CryptoJudge, tmp_path: Path,
) -> None:
    store_config(office.home, Config(name="测试", lookup_hosts=("lookup.example.invalid",)))
    case = office.in_use()
    approve(office, case)
    answer = crypto_judge.seal(office.home / "authorities" / COUNTY[0] / str(office.row(case).seal_id) / "seal.esl")
    assert answer.ok and "演示制章中心" in answer.text                     # whose signature it has verified
    record = {**docgen.read_record(layouts.resource("K0", "samples/example-1.json")), "发证机关": COUNTY[1],
              "发证机关代码": COUNTY[0]}
    home = opened(office)
    judged = form_judge.ofd_valid(docgen.issue(record, home=home, out=tmp_path / "out").ofd_path)
    assert judged.ok, judged.text
    office.act("保管人", "report-lost", case, {"reason": "失控"})
    with pytest.raises(SealError, match=r"seal\.lost"):
        docgen.issue({**record, "许可证编号": "14010013202590002"}, home=home, out=tmp_path / "out")


def test_the_facts_of_an_act_hold_no_persons_name_in_the_log(office: Office) -> None:
    office.in_use()
    with pytest.raises(EngineError):
        office.act("申请人", "review-county", "S2026-000001")
    logged = json.dumps(office.log(), ensure_ascii=False)
    assert not [name for name in ("申请人", "保管人", "县审核", "市审核", "制章员") if name in logged]

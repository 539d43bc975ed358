"""The published state of a seal decides beside chains and revocation lists, and can only take away."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from typing import Any

import pytest

import docgen
import verify
from certs.home import Home
from certs.keystore import load_key
from certs.ses_build import assemble_seal
from certs.status_list import SealState, SealStatus, read_status_list, seal_digest
from certs.trust import STATUS_LIST
from cli.actor_keys import actor_signer
from registry.acts import perform, sign_act
from registry.database import Registry
from registry.demo import revoke
from registry.publication import publish, status_signer
from registry.seals import list_cases
from tests.support.demo_home import CITY, PROVINCE, own_home, shared_home  # noqa: F401 - a fixture among them
from tests.support.status_lists import (
    DAY,
    entry,
    new_signer,
    now,
    put_list,
    seal_of,
    status_file,
    trusting,
)
from tests.verify.packages import Forger, check, codes, entries, issued, record
from verify.model import Verdict
from verify.reasons import Findings
from verify.report import Report
from verify.seal_state import StatusView, judge_state
from verify.status import local_time

SECOND = dt.timedelta(seconds=1)
HOUR = dt.timedelta(hours=1)
UNKNOWN = "seal.status-unknown"


def claimed() -> dt.datetime:
    """The time at which the worked example says that it was sealed."""
    moment = check(issued().ofd).signatures[0].claimed_at
    assert moment is not None
    return moment


def judged(state: str | None = None, *, at: dt.datetime | None = None, **facts: Any) -> Report:
    """The worked example judged an hour after its sealing, under a list of then that says this of its seal."""
    moment = at or claimed() + HOUR
    data = None if state is None else status_file(entry(state, **facts), at=claimed() + HOUR / 2)
    return check(issued().ofd, trust=trusting(data), at=moment, clock_now=moment)


def seal_codes(report: Report) -> set[str]:
    """The codes about the seal's state."""
    return {code for code in codes(report) if code.startswith("seal.")}


def told(report: Report) -> dict[str, Any]:
    """The seal in the JSON report."""
    seal: dict[str, Any] = json.loads(report.to_json())["signatures"][0]["seal"]
    return seal


@pytest.mark.req("R-003-19")
def test_without_a_list_a_genuine_file_stays_genuine_and_the_report_says_that_the_state_is_unknown() -> None:
    report = check(issued().ofd, trust=trusting(None))
    assert (report.verdict, report.exit_code) == (Verdict.VALID, 0)
    assert seal_codes(report) == {UNKNOWN}
    assert report.signatures[0].indication == "TOTAL-PASSED"
    assert "印章状态未知" in report.to_text()
    seal = told(report)
    assert (seal["id"], seal["state"], seal["zh"], seal["list"]) == (seal_of().seal_id, "unknown", "印章状态未知", None)


@pytest.mark.req("R-003-19", "R-003-32")
def test_a_seal_in_use_is_told_with_its_list() -> None:
    report = judged("in-use", since=claimed() - DAY)
    assert (report.verdict, report.exit_code, seal_codes(report)) == (Verdict.VALID, 0, set())
    seal = told(report)
    assert (seal["state"], seal["until"], seal["list"]["sequence"]) == ("in-use", None, 1)
    assert dt.datetime.fromisoformat(seal["since"]) == claimed() - DAY
    assert "在用 / in use" in report.to_text()


@pytest.mark.req("R-003-19")
def test_a_seal_whose_use_is_still_to_begin_is_told_as_waiting() -> None:
    report = judged("in-use", since=claimed() + DAY)
    assert (report.verdict, seal_codes(report)) == (Verdict.INDETERMINATE, {"seal.before-use"})
    assert told(report)["state"] == "scheduled" and "待启用 / in use from a moment to come" in report.to_text()


def test_a_seal_whose_successor_is_in_use_is_told_as_retired() -> None:
    """The list was published before, with the moment."""
    report = judged("in-use", since=claimed() - DAY, until=claimed())
    assert (report.verdict, told(report)["state"]) == (Verdict.VALID, "retired")
    assert told(judged("in-use", since=claimed() - DAY, until=claimed() + 900 * DAY))["state"] == "in-use"


VERDICTS: list[tuple[str, int | None, int | None, Verdict, str]] = [
    # state, since and until (seconds after the sealing), verdict, reason
    ("in-use", -3600, None, Verdict.VALID, ""),
    ("in-use", -3600, 1800, Verdict.VALID, ""),
    ("in-use", None, None, Verdict.VALID, ""),
    ("in-use", 60, None, Verdict.VALID, ""),                    # clocks differ
    ("in-use", 600, None, Verdict.INDETERMINATE, "seal.before-use"),
    ("in-use", -3600, -1, Verdict.INVALID, "seal.after-retired"),
    ("made", None, None, Verdict.INDETERMINATE, "seal.before-use"),
    ("retired", -3600, 600, Verdict.VALID, ""),
    ("retired", -3600, 0, Verdict.VALID, ""),
    ("retired", -3600, -1, Verdict.INVALID, "seal.after-retired"),
    ("retired", None, -600, Verdict.INVALID, "seal.after-retired"),
    ("suspended", 1, None, Verdict.INDETERMINATE, "seal.suspended"),
    ("suspended", 0, None, Verdict.INVALID, "seal.after-suspended"),
    ("suspended", -600, None, Verdict.INVALID, "seal.after-suspended"),
    ("lost", 1, None, Verdict.INDETERMINATE, "seal.lost"),
    ("lost", 0, None, Verdict.INVALID, "seal.after-lost"),
    ("lost", -600, None, Verdict.INVALID, "seal.after-lost"),
    ("lost", 600, -600, Verdict.INVALID, "seal.after-retired"),  # retired, and lost later
    ("cancelled", 600, None, Verdict.INDETERMINATE, "seal.cancelled"),
    ("cancelled", 0, None, Verdict.INVALID, "seal.after-cancelled"),
    ("cancelled", 600, 300, Verdict.INDETERMINATE, "seal.cancelled"),
]


@pytest.mark.req("R-003-16", "R-003-17")
@pytest.mark.parametrize(("state", "since", "until", "verdict", "code"), VERDICTS)
def test_the_state_decides_with_the_claimed_time(
    state: str, since: int | None, until: int | None, verdict: Verdict, code: str,
) -> None:
    def moment(seconds: int | None) -> dt.datetime | None:
        return None if seconds is None else claimed() + seconds * SECOND

    report = judged(state, since=moment(since), until=moment(until))
    assert report.verdict is verdict, codes(report)
    assert seal_codes(report) == ({code} if code else set())
    assert report.exit_code == {Verdict.VALID: 0, Verdict.INVALID: 1, Verdict.INDETERMINATE: 3}[verdict]
    assert told(report)["state"] == ("retired" if state == "in-use" and until is not None else state)


def test_within_one_second_nothing_is_proven() -> None:
    """A claim is cut to its second: what was sealed just before the loss claims the second of the loss."""
    report = judged("lost", since=claimed() + dt.timedelta(milliseconds=300))
    assert (report.verdict, seal_codes(report)) == (Verdict.INDETERMINATE, {"seal.lost"})


@pytest.mark.parametrize(("state", "seconds", "indication", "sub"), [
    ("lost", 1, "INDETERMINATE", "REVOKED_NO_POE"), ("lost", -1, "TOTAL-FAILED", "REVOKED"),
    ("retired", -1, "TOTAL-FAILED", "EXPIRED"), ("in-use", 600, "INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")])
def test_the_signature_says_what_became_of_its_seal(state: str, seconds: int, indication: str, sub: str) -> None:
    moment = claimed() + seconds * SECOND
    signature = judged(state, since=moment, until=moment if state == "retired" else None).signatures[0]
    assert (signature.indication, signature.sub_indication) == (indication, sub)


def test_backdating_under_a_lost_seal_is_not_genuine() -> None:
    """The thief seals anew and claims a day before the loss: nobody proves it, so nobody is told 真实."""
    data = Forger(moment=claimed() - DAY / 4).apply(entries())
    moment = claimed() + HOUR
    trust = trusting(status_file(entry("lost", since=claimed()), at=moment))
    report = check(data, trust=trust, at=moment, clock_now=moment)
    assert report.verdict is not Verdict.VALID and "seal.lost" in codes(report)
    data = Forger(moment=claimed() + HOUR / 2).apply(entries())
    assert "seal.after-lost" in codes(check(data, trust=trust, at=moment, clock_now=moment))


def test_a_suspended_seal_may_have_been_resumed_after_the_list() -> None:
    """The list is of a time before the sealing: it cannot call it a use while suspended."""
    listed = status_file(entry("suspended", since=claimed() - DAY / 2), at=claimed() - HOUR)
    report = check(issued().ofd, trust=trusting(listed))
    assert (report.verdict, seal_codes(report)) == (Verdict.INDETERMINATE, {"seal.suspended"})
    lost = status_file(entry("lost", since=claimed() - DAY / 2), at=claimed() - HOUR)
    assert check(issued().ofd, trust=trusting(lost)).verdict is Verdict.INVALID, "a lost seal stays lost"
    made = status_file(entry("made"), at=claimed() - HOUR)
    report = check(issued().ofd, trust=trusting(made))
    assert (report.verdict, seal_codes(report)) == (Verdict.VALID, {UNKNOWN})


def stale(state: str, **facts: Any) -> Report:
    """The example under a list that ended a second before the check."""
    moment = claimed() + HOUR
    data = status_file(entry(state, **facts), at=claimed(), until=moment - SECOND)
    return check(issued().ofd, trust=trusting(data), at=moment, clock_now=moment)


@pytest.mark.parametrize(("state", "facts", "verdict", "code"), [
    # moments in minutes from the sealing; the list is of the moment of sealing
    ("in-use", {}, Verdict.VALID, ""),
    ("in-use", {"since": 10}, Verdict.INDETERMINATE, "seal.before-use"),
    ("in-use", {"since": -90, "stops": (-9, -1)}, Verdict.VALID, ""),
    ("in-use", {"since": -90, "stops": (-9, 1)}, Verdict.INVALID, "seal.while-suspended"),
    ("made", {}, Verdict.INDETERMINATE, "seal.before-use"),
    ("suspended", {"since": -60}, Verdict.INVALID, "seal.after-suspended"),
    ("suspended", {"since": 1}, Verdict.INDETERMINATE, "seal.suspended"),
    ("retired", {"since": -90, "until": -60}, Verdict.INVALID, "seal.after-retired"),
    ("retired", {"since": -90, "until": 0}, Verdict.VALID, ""),
    ("lost", {"since": -60}, Verdict.INVALID, "seal.after-lost"),
    ("lost", {"since": 1}, Verdict.INDETERMINATE, "seal.lost"),
    ("cancelled", {"since": -60}, Verdict.INVALID, "seal.after-cancelled")])
def test_a_stale_list_speaks_for_no_seal_and_what_it_says_against_one_counts(
    state: str, facts: dict[str, Any], verdict: Verdict, code: str,
) -> None:
    """Who keeps new lists from a verifier must not make a seal good by waiting."""
    def moment(minutes: int) -> dt.datetime:
        return claimed() + minutes * 60 * SECOND

    report = stale(state, **{
        name: ((moment(value[0]), moment(value[1])),) if name == "stops" else moment(value)
        for name, value in facts.items()})
    assert (report.verdict, seal_codes(report)) == (verdict, {UNKNOWN, code} - {""})
    assert "过期" in next(reason.zh for reason in report.reasons if reason.code == UNKNOWN)
    assert told(report)["state"] == (state if code else "unknown")


def test_an_end_that_was_to_come_may_have_been_put_off_since_a_stale_list() -> None:
    listed = status_file(entry("in-use", until=claimed() - HOUR), at=claimed() - DAY)

    def reasons(moment: dt.datetime) -> set[str]:
        return seal_codes(check(issued().ofd, trust=trusting(listed), at=moment, clock_now=moment))

    assert reasons(claimed()) == {"seal.after-retired"}
    assert reasons(claimed() + HOUR) == {UNKNOWN}


def test_a_seal_suspended_when_last_heard_of_may_have_been_resumed() -> None:
    """The list is stale and older than the sealing: cannot say, as with a fresh one."""
    listed = status_file(entry("suspended", since=claimed() - 3 * DAY), at=claimed() - 2 * DAY)
    report = check(issued().ofd, trust=trusting(listed))
    assert (report.verdict, seal_codes(report)) == (Verdict.INDETERMINATE, {UNKNOWN, "seal.suspended"})


def test_a_list_holds_to_its_last_moment() -> None:
    data = status_file(entry("in-use", since=claimed()), at=claimed(), until=claimed() + HOUR)

    def at(moment: dt.datetime) -> set[str]:
        return seal_codes(check(issued().ofd, trust=trusting(data), at=moment, clock_now=moment))

    assert at(claimed() + HOUR) == set()
    assert at(claimed() + HOUR + SECOND) == {UNKNOWN}


@pytest.mark.req("R-003-16", "R-003-19")
@pytest.mark.parametrize(("first", "last", "verdict"), [
    (-60, -1, Verdict.VALID), (-60, 0, Verdict.VALID), (-60, 1, Verdict.INVALID), (0, 1, Verdict.INVALID),
    (0, 3600, Verdict.INVALID), (1, 60, Verdict.VALID)])
@pytest.mark.parametrize("state", ["in-use", "retired", "suspended", "lost"])
def test_what_was_sealed_while_suspended_is_not_made_good_by_the_resumption(
    state: str, first: int, last: int, verdict: Verdict,
) -> None:
    """The holder of a copied key sealed in between; afterwards the seal is in use again, or anything else."""
    later = claimed() + 2 * HOUR
    stops = ((claimed() - DAY, claimed() - DAY / 2), (claimed() + first * SECOND, claimed() + last * SECOND))
    facts = {"retired": {"until": later}, "in-use": {}}.get(state, {"since": later})
    data = status_file(entry(state, stops=stops, **facts), at=later)
    report = check(issued().ofd, trust=trusting(data), at=later, clock_now=later)
    good = Verdict.VALID if state in ("in-use", "retired") else Verdict.INDETERMINATE
    assert report.verdict is (verdict if verdict is Verdict.INVALID else good)
    assert ("seal.while-suspended" in seal_codes(report)) == (verdict is Verdict.INVALID)
    if verdict is Verdict.INVALID:
        assert report.signatures[0].sub_indication == "REVOKED"
        reason = next(each for each in report.reasons if each.code == "seal.while-suspended")
        assert local_time(stops[1][0]) in reason.zh and local_time(stops[1][1]) in reason.en


def test_a_loss_published_later_than_the_moment_asked_about_counts() -> None:
    """As a revocation does: the signature is still unproven."""
    later = claimed() + 2 * DAY
    trust = trusting(status_file(entry("lost", since=later), at=later))
    report = check(issued().ofd, trust=trust, at=claimed() + HOUR, clock_now=later + HOUR)
    assert (report.verdict, seal_codes(report)) == (Verdict.INDETERMINATE, {"seal.lost"})
    unborn = check(issued().ofd, trust=trust, at=claimed() + HOUR, clock_now=claimed() + HOUR)
    assert (unborn.verdict, seal_codes(unborn)) == (Verdict.VALID, {UNKNOWN})


def bad_lists() -> list[tuple[str, bytes]]:
    """Lists that would call the seal lost, if they were believed."""
    since = now() - 30 * DAY
    lost = entry("lost", since=since)
    good = status_file(lost)
    return [
        ("changed", good.replace(b"lost", b"last")),
        ("cut off", good[:-40]),
        ("empty", b""),
        ("by a stranger", status_file(lost, by=new_signer())),
        ("by an authority's sealing key", status_file(lost, by=shared_home().authority(*CITY).sealing_signer)),  # type: ignore[arg-type]
        ("of tomorrow", status_file(lost, at=now() + DAY)),
    ]


@pytest.mark.parametrize(("why", "data"), bad_lists())
def test_a_list_that_is_not_believed_neither_helps_nor_harms(why: str, data: bytes) -> None:
    report = check(issued().ofd, trust=trusting(data))
    assert (report.verdict, seal_codes(report)) == (Verdict.VALID, {UNKNOWN}), why


def test_an_expired_status_certificate_makes_the_state_unknown() -> None:
    by = new_signer(end=now() - HOUR)
    data = status_file(entry("in-use"), at=now() - DAY / 2, by=by)
    report = check(issued().ofd, trust=trusting(data, by=by))
    assert (report.verdict, seal_codes(report)) == (Verdict.VALID, {UNKNOWN})


def test_a_list_never_makes_good_what_chains_refuse() -> None:
    """In use says the list; the CRLs are gone: cannot say."""
    trust = dataclasses.replace(trusting(status_file(entry("in-use"))), crls=())
    assert check(issued().ofd, trust=trust).verdict is Verdict.INDETERMINATE
    later = claimed() + 5 * 365 * DAY
    late = status_file(entry("in-use"), at=later - DAY, until=later + DAY)
    assert check(issued().ofd, trust=trusting(late), at=later).verdict is not Verdict.VALID


def test_another_organisations_seal_in_the_list_is_not_this_one() -> None:
    other = entry("lost", since=now() - 30 * DAY, seal=seal_of(who=PROVINCE))
    report = check(issued().ofd, trust=trusting(status_file(other)))
    assert (report.verdict, seal_codes(report)) == (Verdict.VALID, {UNKNOWN})
    twin = {seal_of().seal_id: SealStatus(
        state=SealState.LOST, since=now() - 30 * DAY, digest=seal_digest(seal_of(who=PROVINCE).info.der))}
    report = check(issued().ofd, trust=trusting(status_file(twin)))
    assert (report.verdict, seal_codes(report)) == (Verdict.VALID, {UNKNOWN}), "the same number by another maker"


def test_a_lost_seal_cannot_be_dressed_as_another() -> None:
    """A new signature around the same seal, even by a trusted maker, leaves it the seal that is listed."""
    home, seal = shared_home(), seal_of().seal
    key = load_key(home.path / "ca" / "seal-maker.key", home.password())
    dressed = assemble_seal(seal.info.der, seal.certificate, key.sign(seal.info.der))
    assert dressed.der != seal.der
    trust = trusting(status_file(entry("lost", since=claimed() - DAY)))
    assert "seal.after-lost" in codes(check(Forger(seal=dressed).apply(entries()), trust=trust))


def test_a_list_does_not_speak_for_a_maker_that_is_not_trusted() -> None:
    trust = dataclasses.replace(trusting(status_file(entry("in-use"))), seal_makers=())
    report = check(issued().ofd, trust=trust)
    assert (report.verdict, seal_codes(report)) == (Verdict.INDETERMINATE, {UNKNOWN})
    assert told(report)["state"] == "unknown"


def test_without_trust_no_list_is_asked() -> None:
    report = check(issued().ofd, trust=None)
    assert UNKNOWN not in codes(report) and told(report) is None


def test_what_a_process_has_seen_against_a_seal_counts_on(own_home: Home) -> None:  # noqa: F811
    """Whatever is put in place of the list that said it: yesterday's, a damaged one, none, one that takes it back."""
    place = own_home.trust_dir

    def reasons(data: bytes) -> set[str]:
        return seal_codes(verify.verify(issued().ofd, trust=put_list(place, data)))

    before = status_file(entry("in-use"), sequence=1)
    lost = status_file(entry("lost", since=now() - 30 * DAY), sequence=2)
    against = {UNKNOWN, "seal.after-lost"}
    assert reasons(before) == set()
    assert reasons(lost) == {"seal.after-lost"}
    assert reasons(before) == against
    assert reasons(b"{}") == against
    assert reasons(status_file(entry("in-use"), sequence=3)) == against, "a loss is for good"
    assert reasons(status_file(entry("in-use", seal=seal_of(who=PROVINCE)), sequence=3)) == against, "left out"
    (place / STATUS_LIST).unlink()
    assert seal_codes(verify.verify(issued().ofd, trust=place)) == against
    assert reasons(lost) == {"seal.after-lost"}
    assert reasons(status_file(entry("cancelled", since=now() - 30 * DAY), sequence=3)) == {"seal.after-cancelled"}


def test_what_a_revoked_status_certificate_said_is_forgotten(own_home: Home) -> None:  # noqa: F811
    """A stolen status key speaks ill of a seal until it is found out."""
    by = new_signer(own_home)
    ill = put_list(own_home.trust_dir, status_file(entry("lost", since=now() - DAY), by=by), by=by)
    assert seal_codes(verify.verify(issued().ofd, trust=ill)) & {"seal.lost", "seal.after-lost"}
    revoke(own_home.path, by.certificate, now=now(), environ={})
    assert seal_codes(verify.verify(issued().ofd, trust=ill)) == {UNKNOWN}


@pytest.mark.req("R-003-16", "R-003-17", "R-003-19")
def test_what_is_recorded_in_the_registry_reaches_whoever_verifies(own_home: Home) -> None:  # noqa: F811
    """A seal is suspended, resumed, reported lost and cancelled by acts; each publication tells verifiers."""
    sealed = docgen.issue(record(), home=own_home)
    home = own_home.path

    def act(folder: str, name: str, facts: dict[str, str], **papers: bytes) -> None:
        documents = {title.replace("_", "-"): data for title, data in papers.items()}
        person = actor_signer(home / "actors" / folder, home=home, environ={})
        perform(registry, sign_act(name, case, facts, documents=documents, signer=person, registry_id=registry.id,
                                   at=registry.now()), documents=documents)

    def judge() -> tuple[Verdict, set[str]]:
        publish(registry, signer=status_signer(own_home), valid_for=DAY)
        report = verify.verify(sealed.ofd, trust=own_home.trust_dir)
        return report.verdict, seal_codes(report)

    with Registry.open(home) as registry:
        with registry.reading() as session:
            case = next(seal.case for seal in list_cases(session, at=registry.now(), organisation=CITY[0]))
        assert judge() == (Verdict.VALID, set())
        act(f"{CITY[0]}-custodian", "suspend", {"reason": "清点"})
        assert judge() == (Verdict.INDETERMINATE, {"seal.suspended"})
        act("county-reviewer", "resume", {"reason": "清点完毕"})
        assert judge() == (Verdict.VALID, set())
        act(f"{CITY[0]}-custodian", "report-lost", {"reason": "密钥介质丢失"})
        assert judge() == (Verdict.INDETERMINATE, {"seal.lost"})
        act(f"{CITY[0]}-applicant", "request-cancel", {"reason": "机构撤并"}, application="申请".encode(),
            identity_proof="证明".encode())
        assert judge() == (Verdict.INDETERMINATE, {"seal.lost"})
        act("county-reviewer", "cancel", {})
        assert judge() == (Verdict.INDETERMINATE, {"seal.cancelled"})


def test_a_demonstrations_seals_are_in_its_list() -> None:
    report = verify.verify(issued().ofd, trust=shared_home().trust_dir)
    assert (report.verdict, seal_codes(report)) == (Verdict.VALID, set())
    assert told(report)["state"] == "in-use"


def test_a_foreign_file_sealed_after_the_loss_is_not_genuine_either() -> None:
    """Of other writers' files only hard facts say 不真实; this is one."""
    parts = {name: data for name, data in entries().items() if not name.endswith("/record.xml")}
    data = Forger().apply(parts)
    lost = check(data, trust=trusting(status_file(entry("lost", since=claimed() - DAY))))
    assert lost.verdict is Verdict.INVALID and not lost.file.own
    earlier = check(data, trust=trusting(status_file(entry("lost", since=claimed() + SECOND))))
    assert earlier.verdict is Verdict.INDETERMINATE


def test_a_trusted_timestamp_before_the_loss_keeps_the_signature() -> None:
    """The rule by itself."""
    info, sealed = seal_of().info, now() - DAY
    listed = read_status_list(status_file(entry("lost", since=sealed + HOUR)))

    def reasons(proven_at: dt.datetime | None) -> list[str]:
        found = Findings()
        judge_state(info.es_id, info.der, sealed, StatusView(at=sealed, listed=listed, fresh=True), found,
                    accepted_maker=True, proven_at=proven_at)
        return [each.reason.code for each in found.all()]

    assert reasons(None) == ["seal.lost"]
    assert reasons(sealed + HOUR - SECOND) == ["seal.ended-later"]
    assert reasons(sealed + HOUR) == ["seal.lost"]


def test_a_pdf_says_nothing_of_seals() -> None:
    report = check(issued().pdf, trust=trusting(status_file(entry("lost", since=now() - 30 * DAY))))
    assert report.verdict is Verdict.VALID and not seal_codes(report)
    assert all(signature["seal"] is None for signature in json.loads(report.to_json())["signatures"])


def test_the_demand_for_a_status_is_about_the_licence() -> None:
    """--require-status asks for the licence's register; the seal's state neither meets nor fails it."""
    for data in (None, status_file(entry("in-use"))):
        assert check(issued().ofd, trust=trusting(data)).exit_code == 0
        assert check(issued().ofd, trust=trusting(data), require_status=True).exit_code == 3

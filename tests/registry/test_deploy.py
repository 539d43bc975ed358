"""Files follow the database: what restricts goes first, what permits after, and a crash is mended."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest

from certs.approval_scope import read_approvers
from certs.files import FileError
from certs.seal_folder import SealUse, UseState, seal_uses
from registry import acts, projection
from registry.database import Transaction
from registry.deploy import settle
from registry.errors import RegistryError
from registry.projection import PENDING, staged_keys
from registry.requests import Request
from registry.states import State
from tests.support.limits import disk_of
from tests.support.seal_office import COUNTY, DAY, ENDING, Office, organisation_keys, person

RULES = {"rules": b"rules"}


def uses(office: Office) -> dict[str, SealUse]:
    """What the files say."""
    return seal_uses(office.home, COUNTY[0])


def state_of(office: Office, case: str) -> str | None:
    """What the files say of a case's seal."""
    use = uses(office).get(str(office.row(case).seal_id))
    return use.state.value if use else None


def test_a_made_seal_has_no_folder_and_its_keys_wait_hidden(office: Office) -> None:
    case = office.made()
    assert uses(office) == {} and staged_keys(office.home, COUNTY[0], case) is not None
    office.act("保管人", "activate", case, {}, RULES)
    folder = office.home / "authorities" / COUNTY[0] / str(office.row(case).seal_id)
    assert (folder / "seal.esl").read_bytes() and (folder / "sealing.key").stat().st_mode & 0o777 == 0o600
    assert staged_keys(office.home, COUNTY[0], case) is None
    assert not list((office.home / PENDING).iterdir())


def test_the_files_follow_every_change_of_use(office: Office) -> None:
    case = office.in_use()
    for who, act, facts, documents, state in [
            ("保管人", "suspend", {"reason": "搬迁"}, {}, "suspended"),
            ("县审核", "resume", {"reason": "完毕"}, {}, "in-use"),
            ("申请人", "request-cancel", {"reason": "撤并"}, ENDING, "in-use"),
            ("县审核", "cancel", {}, {}, "cancelled")]:
        office.act(who, act, case, facts, documents)  # type: ignore[arg-type]
        assert state_of(office, case) == state
    first = office.row(case).in_use_from
    assert [use.use_from for use in uses(office).values()] == [first]


def test_a_seal_without_keys_here_or_of_another_type_is_registered_and_has_no_folder(office: Office) -> None:
    case = office.in_use(business="财务专用章")
    assert office.row(case).state == State.IN_USE and uses(office) == {}


class _NoCommitError(Exception):
    """The commit does not happen."""


def _stop(t: Transaction, request: Request) -> None:
    """Write what goes before the commit, and commit nothing."""
    projection.restrict(t, request)
    raise _NoCommitError


def _cut_before_commit(office: Office, monkeypatch: pytest.MonkeyPatch, who: str, act: str, case: str) -> None:
    """Perform an act up to its commit."""
    monkeypatch.setattr(acts, "restrict", _stop)
    with pytest.raises(_NoCommitError):
        office.act(who, act, case, {"reason": "理由"} if act != "cancel" else {})
    monkeypatch.undo()


@pytest.mark.req("R-003-17")
@pytest.mark.parametrize("act", ["report-lost", "suspend", "cancel"])
def test_what_restricts_is_in_the_files_before_the_commit_and_a_crash_does_not_undo_it(
    office: Office, monkeypatch: pytest.MonkeyPatch, act: str,
) -> None:
    case = office.in_use()
    if act == "cancel":
        office.act("申请人", "request-cancel", case, {"reason": "撤并"}, ENDING)
    _cut_before_commit(office, monkeypatch, "县审核" if act == "cancel" else "保管人", act, case)
    blocked = {"report-lost": "lost", "suspend": "suspended", "cancel": "cancelled"}[act]
    assert (office.row(case).state, state_of(office, case)) == (State.IN_USE, blocked)
    assert settle(office.registry) == ()
    assert (office.row(case).state, state_of(office, case)) == (blocked, blocked)
    assert not list((office.home / PENDING).iterdir())


@pytest.mark.req("R-003-17")
def test_a_report_of_loss_is_carried_on_however_late(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    case = office.in_use()
    _cut_before_commit(office, monkeypatch, "保管人", "report-lost", case)
    office.now += 20 * DAY
    assert settle(office.registry) == () and office.row(case).state == State.LOST


@pytest.mark.req("R-003-17")
def test_a_seal_stays_blocked_even_where_its_report_of_loss_cannot_be_carried_on(
    office: Office, monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = office.in_use()
    _cut_before_commit(office, monkeypatch, "保管人", "report-lost", case)
    office.act("管理员", "actor-dismiss", office.signer("保管人").certificate.fingerprint, {"role": "", "region": ""})
    for everything in (False, True):
        assert settle(office.registry, everything=everything) == (case,)
        assert (office.row(case).state, state_of(office, case)) == (State.IN_USE, "lost")
    office.act("申请人", "report-lost", case, {"reason": "再次挂失"})
    assert settle(office.registry) == () and office.row(case).state == State.LOST
    assert not list((office.home / PENDING).iterdir())


def test_an_approver_who_is_being_dismissed_stays_out_whatever_else_happens(
    office: Office, monkeypatch: pytest.MonkeyPatch,
) -> None:
    leaving = office.signer("审批乙").certificate.fingerprint
    signed = office.sign("管理员", "actor-dismiss", leaving, {"role": "approver", "region": ""})
    monkeypatch.setattr(acts, "restrict", _stop)
    with pytest.raises(_NoCommitError):
        acts.perform(office.registry, signed)
    monkeypatch.undo()
    office.appoint(person("审批丁", COUNTY[0]).certificate, COUNTY[0], "approver")
    open_ones = [one.certificate for one in read_approvers((office.home / "approvers.json").read_bytes())
                 if one.held_until is None]
    assert leaving not in open_ones and len(open_ones) == 2
    assert settle(office.registry) == ()
    office.now += timedelta(hours=1)
    office.appoint(office.signer("审批乙").certificate, COUNTY[0], "approver")
    assert [one.held_until is None for one in read_approvers((office.home / "approvers.json").read_bytes())
            if one.certificate == leaving] == [False, True]


def test_a_note_that_outlived_its_act_holds_nothing_back(office: Office) -> None:
    case = office.in_use()
    signed = office.sign("保管人", "suspend", case, {"reason": "搬迁"})
    acts.perform(office.registry, signed)
    note = office.home / PENDING / f"{signed.digest.hex()}.json"
    note.write_bytes(signed.to_json())                         # as after a kill between commit and clearing up
    office.act("县审核", "resume", case, {"reason": "完毕"})
    assert (office.row(case).state, state_of(office, case)) == (State.IN_USE, "suspended")
    assert settle(office.registry) == ()
    assert state_of(office, case) == "in-use" and not note.exists()


def test_what_is_no_note_is_named(office: Office) -> None:
    (office.home / PENDING).mkdir(exist_ok=True)
    (office.home / PENDING / "x.json").write_bytes(b"{}")
    with pytest.raises(RegistryError, match=r"registry\.damaged.*x\.json"):
        settle(office.registry)


def test_what_permits_is_in_the_files_only_after_the_commit(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    case = office.in_use()
    office.act("保管人", "suspend", case, {"reason": "搬迁"})
    _cut_before_commit(office, monkeypatch, "县审核", "resume", case)
    assert (office.row(case).state, state_of(office, case)) == (State.SUSPENDED, "suspended")
    settle(office.registry)
    assert (office.row(case).state, state_of(office, case)) == (State.SUSPENDED, "suspended")
    monkeypatch.setattr(acts, "project", lambda *_: None)
    office.act("县审核", "resume", case, {"reason": "完毕"})
    monkeypatch.undo()
    assert (office.row(case).state, state_of(office, case)) == (State.IN_USE, "suspended")
    settle(office.registry)
    assert state_of(office, case) == "in-use"


def test_a_repeated_statement_also_mends_the_files(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    case = office.made()
    signed = office.sign("保管人", "activate", case, {}, RULES)
    monkeypatch.setattr(acts, "project", lambda *_: None)
    acts.perform(office.registry, signed, documents=RULES)
    monkeypatch.undo()
    assert uses(office) == {}
    acts.perform(office.registry, signed)
    assert state_of(office, case) == "in-use"


def test_everything_is_put_right_after_a_restored_backup(office: Office) -> None:
    lost = office.in_use()
    office.act("保管人", "report-lost", lost, {"reason": "失控"})
    office.now += timedelta(hours=1)
    case = office.in_use(keys=organisation_keys(*COUNTY, start=office.now))
    folder = office.home / "authorities" / COUNTY[0]
    for seal, use in uses(office).items():               # as an older copy of the files would have it
        (folder / seal / "use.json").write_bytes(SealUse(state=UseState.IN_USE, use_from=use.use_from).to_json())
    (office.home / "approvers.json").unlink()
    shutil.rmtree(office.home / PENDING)
    assert settle(office.registry, everything=True) == ()
    assert (state_of(office, lost), state_of(office, case)) == ("lost", "in-use")
    assert (office.home / "approvers.json").read_bytes().count(b"certificate") == 2


def test_a_full_disk_leaves_the_old_state_and_the_act_can_be_given_again(office: Office) -> None:
    case = office.in_use()
    before = office.snapshot()
    with disk_of(40), pytest.raises(FileError) as refusal:
        office.act("保管人", "suspend", case, {"reason": "搬迁"})
    assert refusal.value.code.value == "file.no-space" and office.snapshot() == before
    office.act("保管人", "suspend", case, {"reason": "搬迁"})
    assert (office.row(case).state, state_of(office, case)) == (State.SUSPENDED, "suspended")

"""Files edited by hand towards more permission are put right and logged; what permits less is left alone."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from certs.approval import Approval, confirm, give
from certs.approval_scope import read_approvers
from certs.moments import write_moment
from certs.seal_folder import SealUse, UseState, seal_uses
from certs.sm3 import sm3
from registry import acts
from registry.corrections import correct
from registry.deploy import settle
from tests.registry.test_approvals import confirmed, given, terms
from tests.support.seal_office import COUNTY, DAY, Office, organisation_keys

CASE = "S2026-000001"
REASON = {"reason": "理由"}


@pytest.fixture
def office(office: Office) -> Office:
    """An office in each database, with a seal in use and an approval."""
    office.in_use()
    given(office)
    confirmed(office)
    return office


def use_file(office: Office) -> Path:
    """The ``use.json`` of the seal."""
    return office.home / "authorities" / COUNTY[0] / str(office.row(CASE).seal_id) / "use.json"


def logged(office: Office) -> list[dict[str, object]]:
    """Facts of every correction in the log."""
    return [facts for event, facts in office.log() if event == "files.corrected"]


def corrected(office: Office, path: Path) -> None:
    """See that this file alone is put right, said and logged, once."""
    name, found = path.relative_to(office.home).as_posix(), sm3(path.read_bytes()).hex()
    before = len(logged(office))
    assert correct(office.registry) == (name,)
    assert logged(office)[before:] == [{"file": name, "found": found}]
    assert correct(office.registry) == () and len(logged(office)) == before + 1


@pytest.mark.req("R-003-17", "R-003-54")
@pytest.mark.parametrize(("act", "state"), [("report-lost", "lost"), ("suspend", "suspended")])
def test_a_blocked_seal_opened_by_hand_is_blocked_again(office: Office, act: str, state: str) -> None:
    opened = use_file(office).read_bytes()
    office.act("保管人", act, CASE, REASON)
    blocked = use_file(office).read_bytes()
    use_file(office).write_bytes(opened)
    corrected(office, use_file(office))
    assert use_file(office).read_bytes() == blocked and json.loads(blocked)["state"] == state


def test_a_seal_in_use_is_not_used_longer_than_the_registry_says(office: Office) -> None:
    right = use_file(office).read_bytes()
    use = SealUse.parse(right)
    earlier = SealUse(state=UseState.IN_USE, use_from=use.use_from - DAY)
    use_file(office).write_bytes(earlier.to_json())
    corrected(office, use_file(office))
    assert use_file(office).read_bytes() == right
    for less in (SealUse(state=UseState.SUSPENDED, use_from=use.use_from),
                 SealUse(state=UseState.IN_USE, use_from=use.use_from + DAY),
                 SealUse(state=UseState.IN_USE, use_from=use.use_from, use_until=use.use_from + DAY)):
        use_file(office).write_bytes(less.to_json())
        assert correct(office.registry) == () and use_file(office).read_bytes() == less.to_json()
    use_file(office).write_bytes(b"{}")
    assert correct(office.registry) == ()                     # allows nothing


def test_a_seal_that_the_registry_does_not_have_in_use_is_suspended(office: Office) -> None:
    folder = use_file(office).parent
    stranger = folder.with_name("stranger")
    folder.rename(stranger)
    corrected(office, stranger / "use.json")
    assert seal_uses(office.home, COUNTY[0])["stranger"].state is UseState.SUSPENDED
    stranger.rename(folder)
    settle(office.registry, everything=True)
    assert seal_uses(office.home, COUNTY[0])[folder.name].state is UseState.IN_USE
    office.act("保管人", "report-lost", CASE, REASON)
    office.now += timedelta(hours=1)
    made = office.made(keys=organisation_keys(*COUNTY, start=office.now))
    early = folder.with_name(str(office.row(made).seal_id))
    early.mkdir()
    (early / "use.json").write_bytes(SealUse(state=UseState.IN_USE, use_from=office.now).to_json())
    corrected(office, early / "use.json")


@pytest.mark.req("R-003-22", "R-003-54")
def test_an_approval_that_did_not_go_through_the_registry_is_set_aside(office: Office) -> None:
    folder = office.home / "approvals"
    own = (folder / "standing-1.json").read_bytes()
    first, second = office.signer("审批甲"), office.signer("审批乙")
    for number in ("standing-1", "standing-2"):               # two approvers, good signatures
        forged = give(terms(office, number, count=1000), signer=first, at=office.now)
        data = Approval.join(forged, confirm(forged, signer=second, at=office.now)).to_json()
        (folder / f"{number}.json").write_bytes(data)
        corrected(office, folder / f"{number}.json")
        assert (folder / f".{number}.json").read_bytes() == data
    assert [path.name for path in sorted(folder.glob("[!.]*"))] == ["standing-1.json"]
    assert (folder / "standing-1.json").read_bytes() == own
    (folder / "standing-1.json").unlink()
    assert correct(office.registry) == ()                     # less is left alone


@pytest.mark.req("R-003-22", "R-003-54")
def test_nobody_becomes_an_approver_by_hand(office: Office) -> None:
    path = office.home / "approvers.json"
    before = json.loads(path.read_bytes())
    office.now += timedelta(hours=1)
    office.act("管理员", "actor-dismiss", office.signer("审批乙").certificate.fingerprint, {"role": "", "region": ""})
    right = path.read_bytes()
    added = {**before[0], "certificate": office.signer("路人").certificate.fingerprint}
    earlier = {**before[0], "from": write_moment(office.now - 900 * DAY)}
    for content in (before, [*json.loads(right), added], [earlier]):
        path.write_text(json.dumps(content))
        corrected(office, path)
        assert path.read_bytes() == right
    path.write_text(json.dumps(before[:1]))
    assert correct(office.registry) == () and len(read_approvers(path.read_bytes())) == 1
    path.write_bytes(b"no JSON")
    assert correct(office.registry) == ()                     # allows nothing


def test_what_an_act_is_still_to_write_is_no_edit(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "project", lambda *_: None)     # as between commit and files
    office.act("保管人", "suspend", CASE, REASON)
    office.act("县审核", "resume", CASE, REASON)
    monkeypatch.undo()
    assert correct(office.registry) == () and settle(office.registry) == ()
    assert logged(office) == [] and seal_uses(office.home, COUNTY[0])[use_file(office).parent.name].state == "in-use"


def test_a_correction_is_made_though_the_clock_is_wrong(office: Office) -> None:
    opened = use_file(office).read_bytes()
    office.act("保管人", "report-lost", CASE, REASON)
    use_file(office).write_bytes(opened)
    office.now -= 30 * DAY
    corrected(office, use_file(office))


def test_a_strange_name_is_logged_by_its_digest(office: Office) -> None:
    path = office.home / "approvals" / "张三.json"
    path.write_bytes(b"{}")
    assert correct(office.registry) == ("approvals/张三.json",) and not path.exists()
    assert [len(str(facts["file"])) for facts in logged(office)] == [64]

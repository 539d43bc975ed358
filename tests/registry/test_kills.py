"""A process killed at any step of an act leaves the old state or the new one, and what it left behind is mended."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session

from certs.approval import confirm, give
from certs.moments import write_moment
from certs.seal_folder import SealUse, UseState
from certs.statement import SignedStatement
from registry.acts import perform
from registry.deploy import settle
from registry.projection import PENDING
from registry.states import State
from registry.tables import Seal
from tests.registry.test_approvals import terms
from tests.support.postgresql import Server
from tests.support.seal_office import DAY, ENDING, Office, make_home

RULES = {"rules": b"rules"}
STEPS: tuple[tuple[Any, str], ...] = (
    (os, "fsync"), (Path, "replace"), (Path, "rename"), (Path, "unlink"), (Path, "mkdir"), (shutil, "rmtree"),
    (Session, "commit"))
"""Calls before which a child is killed, and after a commit too."""


@dataclass(frozen=True)
class Scene:
    """An act that is about to be performed."""

    signed: SignedStatement
    documents: Mapping[str, bytes]


def _act(office: Office, who: str, act: str, subject: str, facts: dict[str, object] | None = None,
         documents: Mapping[str, bytes] | None = None) -> Scene:
    return Scene(office.sign(who, act, subject, facts, documents), documents or {})


def _make(office: Office) -> Scene:
    case = office.reviewed()
    return _act(office, "制章员", "make", case, {}, {"seal": office.prepare(case).der})


def _activate(office: Office) -> Scene:
    return _act(office, "保管人", "activate", office.made(), {}, RULES)


def _take_the_place(office: Office) -> Scene:
    _, new = office.renewed()
    return _act(office, "保管人", "activate", new)


def _set_another_moment(office: Office) -> Scene:
    scene = _take_the_place(office)
    new = str(scene.signed.body["subject"])
    office.act("保管人", "activate", new, {"from": write_moment(office.now + 5 * DAY)})
    return _act(office, "保管人", "reschedule", new, {"from": write_moment(office.now + 8 * DAY)})


def _suspend(office: Office) -> Scene:
    return _act(office, "保管人", "suspend", office.in_use(), {"reason": "搬迁"})


def _resume(office: Office) -> Scene:
    case = office.in_use()
    office.act("保管人", "suspend", case, {"reason": "搬迁"})
    return _act(office, "县审核", "resume", case, {"reason": "完毕"})


def _report_lost(office: Office) -> Scene:
    return _act(office, "保管人", "report-lost", office.in_use(), {"reason": "失控"})


def _cancel(office: Office) -> Scene:
    case = office.in_use()
    office.act("申请人", "request-cancel", case, {"reason": "撤并"}, ENDING)
    return _act(office, "县审核", "cancel", case)


def _confirm(office: Office) -> Scene:
    office.in_use()
    given = give(terms(office), signer=office.signer("审批甲"), at=office.now)
    office.act("审批甲", "approve-give", "standing-1", {}, {"approval": given.to_json()})
    answer = confirm(given, signer=office.signer("审批乙"), at=office.now)
    return _act(office, "审批乙", "approve-confirm", "standing-1", {}, {"confirmation": answer.to_json()})


def _withdraw(office: Office) -> Scene:
    scene = _confirm(office)
    perform(office.registry, scene.signed, documents=scene.documents)
    return _act(office, "保管人", "approve-withdraw", "standing-1", {"reason": "任务取消"})


def _accept_clock(office: Office) -> Scene:
    now, office.now = office.now, office.now + 400 * DAY
    office.act("管理员", "actor-dismiss", office.signer("审批乙").certificate.fingerprint, {"role": "", "region": ""})
    last, office.now = office.now, now + timedelta(minutes=1)
    return _act(office, "管理员", "clock-accept", office.registry.id, {"last": write_moment(last), "reason": "时钟"})


def _dismiss(office: Office) -> Scene:
    return _act(office, "管理员", "actor-dismiss", office.signer("审批乙").certificate.fingerprint,
                {"role": "", "region": ""})


SCENES: dict[str, tuple[Callable[[Office], Scene], tuple[str, ...]]] = {
    # act → how it comes about, databases it is tried in
    "make": (_make, ("sqlite",)), "activate": (_activate, ("sqlite",)),
    "take the place of another": (_take_the_place, ("sqlite", "postgresql")),
    "set another moment": (_set_another_moment, ("sqlite",)),
    "suspend": (_suspend, ("sqlite",)), "resume": (_resume, ("sqlite",)),
    "report lost": (_report_lost, ("sqlite", "postgresql")), "cancel": (_cancel, ("sqlite",)),
    "confirm an approval": (_confirm, ("sqlite",)), "withdraw an approval": (_withdraw, ("sqlite", "postgresql")),
    "accept the clock": (_accept_clock, ("sqlite",)), "dismiss an approver": (_dismiss, ("sqlite",)),
}
RUNS = [(name, backend) for name, (_, backends) in SCENES.items() for backend in backends]


def new_database(server: Server, template: str = "template0") -> str:
    """Make a database of its own, which unlike a schema can be copied; returns its name."""
    name = f"kills_{secrets.token_hex(6)}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    return name


class Copies:
    """The office before the act, copied for every run."""

    def __init__(self, office: Office, folder: Path, server: Server | None, database: str) -> None:
        office.registry.close()
        self._office, self._folder, self._server, self._database, self._made = office, folder, server, database, 0

    def another(self) -> tuple[Path, str | None]:
        """Copy home and database."""
        self._made += 1
        home, url = self._folder / f"copy-{self._made}", None
        shutil.copytree(self._office.home, home)
        if self._server is not None:
            url = self._server.url(new_database(self._server, self._database))
        return home, url

    def reopen(self, home: Path, url: str | None) -> Office:
        """Open a copy at the time of the act."""
        office = Office.open(home, url=url)
        office.now = self._office.now
        return office


def _run_and_die(copies: Copies, home: Path, url: str | None, scene: Scene, at: int) -> bool:
    """Perform the act in a child that is killed at its step ``at``; say whether it was."""
    child = os.fork()
    if child == 0:
        try:
            office = copies.reopen(home, url)
            _kill_at(at)
            perform(office.registry, scene.signed, documents=scene.documents)
            os._exit(0)
        finally:
            os._exit(7)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), status
    return status == signal.SIGKILL


def _kill_at(at: int) -> None:
    """Count the steps of this process and kill it at one of them."""
    count = 0

    def step() -> None:
        nonlocal count
        count += 1
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(call: Callable[..., Any], after: bool) -> Callable[..., Any]:
        def act(*arguments: Any, **named: Any) -> Any:
            step()
            answer = call(*arguments, **named)
            if after:
                step()
            return answer
        return act

    for owner, name in STEPS:
        setattr(owner, name, watched(getattr(owner, name), name == "commit"))


def _seen(office: Office) -> tuple[dict[str, list[str]], dict[str, bytes]]:
    """Rows and files, without what a killed writer leaves under a name of its own."""
    rows, files = office.snapshot()
    return rows, {name: data for name, data in files.items() if ".tmp-" not in name}


def _permit_no_more(office: Office) -> None:
    """See that no file allows the use of a seal that the database does not."""
    with office.registry.reading() as session:
        for seal in session.query(Seal):
            path = office.home / "authorities" / seal.organisation / str(seal.seal_id) / "use.json"
            use = SealUse.parse(path.read_bytes()) if path.exists() else None
            if use is not None and use.state is UseState.IN_USE:
                assert seal.state == State.IN_USE and seal.in_use_from is not None
                assert use.use_from >= seal.in_use_from
                assert seal.in_use_until is None or (
                    use.use_until is not None and use.use_until <= seal.in_use_until)


@pytest.mark.req("R-003-17")
@pytest.mark.parametrize(("name", "backend"), RUNS, ids=[f"{name} ({backend})" for name, backend in RUNS])
def test_a_kill_at_any_step_leaves_the_old_state_or_the_new(
    request: pytest.FixtureRequest, tmp_path: Path, name: str, backend: str,
) -> None:
    server: Server | None = request.getfixturevalue("postgresql") if backend == "postgresql" else None
    database = new_database(server) if server else ""
    office = Office.found(make_home(tmp_path / "home"), url=server.url(database) if server else None)
    scene = SCENES[name][0](office)
    copies = Copies(office, tmp_path, server, database)
    before = copies.reopen(*copies.another())
    old = _seen(before)
    perform(before.registry, scene.signed, documents=scene.documents)
    new = _seen(before)
    before.registry.close()
    assert old != new
    step, ends = 1, []
    while True:
        home, url = copies.another()
        killed = _run_and_die(copies, home, url, scene, step)
        after = copies.reopen(home, url)
        _permit_no_more(after)
        assert settle(after.registry) == ()
        seen = _seen(after)
        assert seen in (old, new), f"neither old nor new after a kill at step {step}"
        ends.append(seen == new)
        assert not [path for path in (home / PENDING).glob("*") if ".tmp-" not in path.name]
        perform(after.registry, scene.signed, documents=scene.documents)
        assert _seen(after) == new
        after.registry.close()
        shutil.rmtree(home)
        if not killed:
            break
        step += 1
    assert step > 2 and ends == sorted(ends)               # once new, always new
    assert not ends[0] and ends[-1]

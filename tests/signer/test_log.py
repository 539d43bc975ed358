"""The audit log of a signer: what it counted and refused, chained, exported and signed with the registry's."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from certs.audit import AuditEntry
from certs.audit_check import check_export
from certs.audit_report import Verdict
from certs.sm3 import sm3
from registry.audit_export import export_logs, make_checkpoint
from registry.audit_logs import signer_log
from registry.engines import WRITES
from signer.counts import Counts, Use
from signer.settings import Limits
from tests.signer.processes import approval_id, issuing_home, running, signer_home
from tests.support.command import caller
from tests.support.registry_home import RegistryHome, make_registry_home


@pytest.fixture
def registry_home(tmp_path: Path, counts_url: str) -> Iterator[RegistryHome]:
    """A home with a registry, and with counts in the same database or beside it."""
    made = make_registry_home(tmp_path / "home", url=counts_url or None)
    yield made
    made.registry.close()


@pytest.fixture
def counts(registry_home: RegistryHome, counts_url: str) -> Iterator[Counts]:
    made = Counts(registry_home.path, counts_url)
    yield made
    made.close()


def use(home: RegistryHome, number: int, approval: str = "A-1") -> Use:
    return Use(approval=approval, role="sealing", key="U/S/sealing", message=sm3(b"%d" % number), client="issuing",
               limits={"client issuing": Limits(per_minute=100, per_day=100)}, at=home.clock.now)


def entries(home: RegistryHome) -> list[AuditEntry]:
    with home.registry.reading() as session, signer_log(home.path, session) as log:
        assert log is not None
        found = list(log.entries())
    assert all(isinstance(entry, AuditEntry) for entry in found)
    return [entry for entry in found if isinstance(entry, AuditEntry)]


def allow(_: object) -> None:
    """Refuse nothing."""


def act_in_all_ways(home: RegistryHome, counts: Counts) -> None:
    """One of each event."""
    counts.count(use(home, 1), allow)
    counts.count(use(home, 1), allow)
    counts.count(use(home, 2), allow)
    counts.give_back(use(home, 2))
    counts.give_back(use(home, 2))
    counts.note_refusal({"client": "issuing", "code": "approval.none"}, at=home.clock.now)
    counts.forgive("A-1", sm3(b"1"), at=home.clock.now)
    counts.carry("issued-0123456789ab", {"A-1": 7}, ("sealing",), at=home.clock.now)
    counts.accept_clock(home.clock.now)
    counts.accept_clock(home.clock.now - timedelta(hours=1))


EVENTS = ["sign.counted", "sign.counted", "sign.given-back", "sign.refused", "sign.forgiven", "sign.carried",
          "clock.accepted"]


@pytest.mark.req("R-003-54")
def test_what_was_counted_given_back_and_refused_is_chained_and_signed_with_the_other_logs(
    registry_home: RegistryHome, counts: Counts, tmp_path: Path,
) -> None:
    with registry_home.registry.reading() as session, signer_log(registry_home.path, session) as log:
        assert log is not None
        assert log.head() is None                                          # it has begun, and nothing has happened
    act_in_all_ways(registry_home, counts)
    assert [entry.event for entry in entries(registry_home)] == EVENTS
    assert entries(registry_home)[0].facts == {
        "approval": "A-1", "client": "issuing", "key": "U/S/sealing", "message": sm3(b"1").hex()}
    checkpoint = make_checkpoint(registry_home.registry, registry_home.audit_key())
    export_logs(registry_home.registry, tmp_path / "out", checkpoint=checkpoint)
    report = check_export(tmp_path / "out", now=registry_home.clock.now)
    assert report.verdict is Verdict.WHOLE
    (own,) = [log for log in report.logs if log.log.startswith("signer-")]
    assert (own.entries, own.signed_to) == (len(EVENTS), len(EVENTS))
    (file,) = (tmp_path / "out").glob("signer-*.jsonl")
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))
    assert check_export(tmp_path / "out", now=registry_home.clock.now).verdict is Verdict.BROKEN




@pytest.mark.parametrize("statement", [
    "UPDATE {log} SET event = 'sign.other' WHERE number = 1", "DELETE FROM {log} WHERE number = 1",
    "INSERT INTO {log} SELECT number + 5, at, event, facts, previous, digest FROM {log} WHERE number = 1"])
def test_nobody_changes_an_entry(
    registry_home: RegistryHome, counts: Counts, counts_url: str, statement: str,
) -> None:
    act_in_all_ways(registry_home, counts)
    with contextlib.closing(counts._engine.connect().execution_options(**{WRITES: True})) as connection, \
            pytest.raises(DBAPIError):
        connection.execute(text(statement.format(log="signer_audit" if counts_url else "audit")))
    assert [entry.event for entry in entries(registry_home)] == EVENTS


def test_two_programs_write_one_chain(registry_home: RegistryHome, counts: Counts, counts_url: str) -> None:
    other = Counts(registry_home.path, counts_url)
    for number in range(6):
        (counts, other)[number % 2].count(use(registry_home, number), allow)
    other.close()
    assert [entry.number for entry in entries(registry_home)] == [1, 2, 3, 4, 5, 6]
    assert len({entry.log for entry in entries(registry_home)}) == 1


def test_what_was_not_allowed_leaves_neither_count_nor_entry(registry_home: RegistryHome, counts: Counts) -> None:
    def refuse(_: object) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        counts.count(use(registry_home, 1), refuse)
    limited = replace(use(registry_home, 2), limits={"client issuing": Limits(per_minute=0)})
    with pytest.raises(Exception, match=r"signer\.limit"):
        counts.count(limited, allow)
    assert counts.used() == {}
    assert entries(registry_home) == []


def test_an_outsider_checks_what_a_signer_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:
    from docgen import issue
    from tests.docgen.records import record

    keys, call = signer_home(tmp_path / "keys"), caller(monkeypatch, capfd, "audit")
    with running(keys):
        home = issuing_home(tmp_path / "issuing", keys, {"address": f"unix:{keys / 'signer.sock'}"})
        issue(record(), home=home)
        (keys / "approvals" / f"{approval_id(keys)}.json").rename(tmp_path / "withdrawn")
        with pytest.raises(Exception, match=r"approval\.none"):
            issue(record(90002), home=home)
        shown = call("show", "--home", keys, "--event", "sign.", "--json")[1].splitlines()
        assert [json.loads(line)["event"] for line in shown] == [*["sign.counted"] * 3, "sign.refused"]
        assert call("export", "--home", keys, "--out", tmp_path / "out")[0] == 0
    code, out, _ = call("verify", tmp_path / "out", "--trust", keys / "trust")
    assert (code, "signer-" in out) == (0, True)

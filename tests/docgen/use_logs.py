"""The audit log of seal use, read as an outsider would: every entry sound and linked to the one before."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from certs.audit import AuditEntry, genesis, is_log_name, is_sound, read_entry

__all__ = ["events", "use_log"]


def use_log(folder: Path) -> list[AuditEntry]:
    """The entries of the ledger in ``folder``, in their order."""
    with contextlib.closing(sqlite3.connect(folder / "ledger.sqlite3")) as database:
        ((name,),) = database.execute("SELECT value FROM meta WHERE key = 'log'").fetchall()
        rows = database.execute(
            "SELECT number, at, event, facts, previous, digest FROM audit ORDER BY number").fetchall()
    assert is_log_name(name)
    entries = [read_entry(name, row) for row in rows]
    previous = genesis(name)
    for number, entry in enumerate(entries, start=1):
        assert entry.number == number and entry.previous == previous and is_sound(entry)
        previous = entry.digest
    return entries


def events(folder: Path) -> list[str]:
    """What happened, without ``use.``."""
    return [entry.event.removeprefix("use.") for entry in use_log(folder)]

"""The audit log of seal use, in the ledger's own database: what was reserved, sealed, given back or refused.

Each entry is written in the transaction of what it tells, so that neither is there without the other; entries are
chained and never changed (:mod:`certs.audit`). A ledger from before the log gets one when it is opened.

No entry bears an earlier time than the one before; a clock that stands further back than clocks may differ writes none,
and so nothing is sealed by it, until it is right or was accepted.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from certs.audit import SQLITE_SCHEMA, Head, next_entry, write_facts
from certs.moments import CLOCKS_DIFFER, read_moment, write_moment
from docgen.ledger_errors import clock_backwards

__all__ = ["USE_LOG_SCHEMA", "accept_clock", "append", "log_name"]

USE_LOG_SCHEMA: Final = ";\n".join((
    "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT", *SQLITE_SCHEMA, ""))


def log_name(database: sqlite3.Connection) -> str:
    """Return what the log of this ledger is called; named at random the first time."""
    row = database.execute("SELECT value FROM meta WHERE key = 'log'").fetchone()
    if row is None:
        database.execute("INSERT OR IGNORE INTO meta (key, value) VALUES ('log', ?)",
                         (f"issued-{secrets.token_hex(6)}",))
        row = database.execute("SELECT value FROM meta WHERE key = 'log'").fetchone()
    return str(row[0])


def append(
    database: sqlite3.Connection, log: str, *, at: datetime, event: str, facts: Mapping[str, str | bool],
) -> None:
    """Add an entry inside the transaction that is open.

    Args:
        at: the present, aware; the entry bears that of the one before where this is a little earlier.
        event: ``use.sealed`` and the like; facts: digests, codes and numbers, nothing personal.

    Raises:
        LedgerError: ``issue.clock-backwards``.
    """
    head, before = _last(database, log)
    if before is not None and at < before - CLOCKS_DIFFER:
        raise clock_backwards(at, before)
    _add(database, log, head, at=at if before is None else max(at, before), event=event, facts=facts)


def accept_clock(database: sqlite3.Connection, log: str, *, at: datetime) -> None:
    """Go on by a clock that stands before the last entry, and say so; nothing where it does not.

    Args:
        at: the present, aware.
    """
    head, before = _last(database, log)
    if before is not None and at < before - CLOCKS_DIFFER:
        _add(database, log, head, at=at, event="clock.accepted",
             facts={"old": write_moment(before), "new": write_moment(at)})


def _last(database: sqlite3.Connection, log: str) -> tuple[Head | None, datetime | None]:
    """Return the last entry and its moment."""
    row = database.execute("SELECT number, digest, at FROM audit ORDER BY number DESC LIMIT 1").fetchone()
    return (None, None) if row is None else (Head(log, row[0], row[1]), read_moment(row[2]))


def _add(
    database: sqlite3.Connection, log: str, head: Head | None, *, at: datetime, event: str,
    facts: Mapping[str, str | bool],
) -> None:
    entry = next_entry(head, log=log, at=at, event=event, facts=facts)
    database.execute(
        "INSERT INTO audit (number, at, event, facts, previous, digest) VALUES (?, ?, ?, ?, ?, ?)",
        (entry.number, write_moment(entry.at), entry.event, write_facts(entry.facts), entry.previous, entry.digest))

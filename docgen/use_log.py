"""The audit log of seal use, in the ledger's own database: what was reserved, sealed, given back or refused.

Each entry is written in the transaction of what it tells, so that neither is there without the other; entries are
chained and never changed (:mod:`certs.audit`). A ledger from before the log gets one when it is opened.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from certs.audit import SQLITE_SCHEMA, Head, next_entry, write_facts
from certs.moments import write_moment

__all__ = ["USE_LOG_SCHEMA", "append", "log_name"]

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
        at: the present, aware.
        event: ``use.sealed`` and the like; facts: digests, codes and numbers, nothing personal.
    """
    last = database.execute("SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1").fetchone()
    entry = next_entry(None if last is None else Head(log, *last), log=log, at=at, event=event, facts=facts)
    database.execute(
        "INSERT INTO audit (number, at, event, facts, previous, digest) VALUES (?, ?, ?, ?, ?, ?)",
        (entry.number, write_moment(entry.at), entry.event, write_facts(entry.facts), entry.previous, entry.digest))

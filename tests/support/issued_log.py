"""The audit log of a ledger, filled without issuing anything."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path

from docgen.use_log import USE_LOG_SCHEMA, append, log_name

__all__ = ["add_uses", "issued_log"]


def add_uses(home: Path, count: int, *, at: datetime) -> None:
    """Append uses of a seal to the log of the home's ledger, made if it is not there."""
    (home / "issued").mkdir(exist_ok=True)
    with sqlite3.connect(home / "issued" / "ledger.sqlite3") as database:
        database.executescript(USE_LOG_SCHEMA)
        for _ in range(count):
            append(database, log_name(database), at=at, event="use.sealed", facts={"package": "ab" * 32})


def issued_log(home: Path) -> str:
    """Return what the log of the home's ledger is called."""
    with sqlite3.connect(home / "issued" / "ledger.sqlite3") as database:
        return log_name(database)

"""The audit logs of a home: the registry's own and that of what was issued, each read as it is stored.

The issuing ledger keeps its log in ``issued/ledger.sqlite3``, in the table of :mod:`certs.audit`, and its name in
``meta``; it is only ever read here.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from certs.audit import AuditEntry, AuditError, Head, is_log_name, read_entry
from certs.moments import read_moment
from registry.engines import failure, failure_of
from registry.errors import RegistryCode
from registry.tables import Audit

__all__ = ["AuditLog", "Unreadable", "ledger_log", "registry_log"]

_PAGE: Final = 1000
_Row = tuple[int, str, str, str, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A stored row that is no entry: somebody wrote it past the program."""

    number: int


class AuditLog(Protocol):
    """A log as stored."""

    @property
    def name(self) -> str:
        """Its name."""

    def head(self) -> Head | None:
        """Its last entry."""

    def last_at(self) -> datetime | None:
        """The moment of its last entry."""

    def entries(self, *, after: int = 0, up_to: int | None = None) -> Iterator[AuditEntry | Unreadable]:
        """Every row in order, from the one after ``after``, read piece by piece."""


@dataclass(frozen=True, slots=True)
class _RegistryLog:
    """The log in the registry's database, as one transaction sees it."""

    session: Session
    name: str

    def head(self) -> Head | None:
        row = self.session.execute(
            select(Audit.number, Audit.digest).order_by(Audit.number.desc()).limit(1)).one_or_none()
        return None if row is None else Head(self.name, row.number, bytes(row.digest))

    def last_at(self) -> datetime | None:
        at = self.session.scalars(select(Audit.at).order_by(Audit.number.desc()).limit(1)).one_or_none()
        return None if at is None else read_moment(at)

    def entries(self, *, after: int = 0, up_to: int | None = None) -> Iterator[AuditEntry | Unreadable]:
        columns = (Audit.number, Audit.at, Audit.event, Audit.facts, Audit.previous, Audit.digest)
        while True:
            query = select(*columns).where(Audit.number > after).order_by(Audit.number).limit(_PAGE)
            rows = self.session.execute(query if up_to is None else query.where(Audit.number <= up_to)).all()
            if not rows:
                return
            for row in rows:
                yield _entry(self.name, row)
            after = rows[-1].number


@dataclass(frozen=True, slots=True)
class _LedgerLog:
    """The log in the ledger's file, as one transaction sees it."""

    connection: sqlite3.Connection
    name: str

    def head(self) -> Head | None:
        row = self.connection.execute("SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1").fetchone()
        return None if row is None else Head(self.name, row[0], bytes(row[1]))

    def last_at(self) -> datetime | None:
        row = self.connection.execute("SELECT at FROM audit ORDER BY number DESC LIMIT 1").fetchone()
        return None if row is None else read_moment(row[0])

    def entries(self, *, after: int = 0, up_to: int | None = None) -> Iterator[AuditEntry | Unreadable]:
        rows = self.connection.execute(
            "SELECT number, at, event, facts, previous, digest FROM audit WHERE number > ? AND number <= ?"
            " ORDER BY number", (after, 2**63 - 1 if up_to is None else up_to))
        for row in rows:
            yield _entry(self.name, row)


def registry_log(session: Session, name: str) -> AuditLog:
    """Return the registry's log as ``session`` sees it."""
    return _RegistryLog(session, name)


@contextlib.contextmanager
def ledger_log(issued: Path) -> Iterator[AuditLog | None]:
    """Give the block the log of the ledger in the folder ``issued``; None where nothing was ever issued.

    Raises:
        RegistryError: ``registry.unavailable`` or ``registry.damaged`` about the ledger's file.
    """
    path = issued / "ledger.sqlite3"
    if not path.is_file():
        yield None
        return
    try:
        with contextlib.closing(sqlite3.connect(path.absolute().as_uri() + "?mode=ro", uri=True,
                                                isolation_level=None)) as connection:
            connection.execute("BEGIN")
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            # without the table it is a ledger of a program that kept no log yet
            yield _LedgerLog(connection, _name(connection, path, tables)) if "audit" in tables else None
    except sqlite3.Error as error:
        raise failure_of(error, str(path)) from None


def _name(connection: sqlite3.Connection, path: Path, tables: Collection[str]) -> str:
    row = connection.execute("SELECT value FROM meta WHERE key = 'log'").fetchone() if "meta" in tables else None
    if row is None or not is_log_name(str(row[0])):
        raise failure(RegistryCode.DAMAGED, str(path), "log")
    return str(row[0])


def _entry(log: str, row: _Row) -> AuditEntry | Unreadable:
    try:
        return read_entry(log, row)
    except AuditError:
        return Unreadable(row[0])

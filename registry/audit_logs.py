"""The audit logs of a home: the registry's own, that of what was issued and that of a signer, each as it is stored.

The issuing ledger keeps its log in ``issued/ledger.sqlite3``, in the table of :mod:`certs.audit`, and its name in
``meta``; a signer in ``signer.sqlite3``, or beside the registry in PostgreSQL. Both are only ever read here.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import FromClause, column, inspect, select, table, text
from sqlalchemy.orm import Session

from certs.audit import AuditEntry, AuditError, Head, is_log_name, read_entry
from certs.moments import read_moment
from registry.engines import failure, failure_of
from registry.errors import RegistryCode
from registry.tables import Audit

__all__ = ["AuditLog", "Unreadable", "ledger_log", "registry_log", "signer_log"]

_PAGE: Final = 1000
_COLUMNS: Final = ("number", "at", "event", "facts", "previous", "digest")
_SIGNER: Final = table("signer_audit", *map(column, _COLUMNS))
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
    """A log in the registry's database, as one transaction sees it."""

    session: Session
    name: str
    table: FromClause = Audit.__table__

    def head(self) -> Head | None:
        number, digest = self.table.c.number, self.table.c.digest
        row = self.session.execute(select(number, digest).order_by(number.desc()).limit(1)).one_or_none()
        return None if row is None else Head(self.name, row.number, bytes(row.digest))

    def last_at(self) -> datetime | None:
        at = self.session.scalars(
            select(self.table.c.at).order_by(self.table.c.number.desc()).limit(1)).one_or_none()
        return None if at is None else read_moment(at)

    def entries(self, *, after: int = 0, up_to: int | None = None) -> Iterator[AuditEntry | Unreadable]:
        number, columns = self.table.c.number, [self.table.c[name] for name in _COLUMNS]
        while True:
            query = select(*columns).where(number > after).order_by(number).limit(_PAGE)
            rows = self.session.execute(query if up_to is None else query.where(number <= up_to)).all()
            if not rows:
                return
            for row in rows:
                yield _entry(self.name, row)
            after = rows[-1].number


@dataclass(frozen=True, slots=True)
class _FileLog:
    """The log in a file of its own, as one transaction sees it."""

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
    with _file_log(issued / "ledger.sqlite3", "meta") as log:
        yield log


@contextlib.contextmanager
def signer_log(home: Path, session: Session) -> Iterator[AuditLog | None]:
    """Give the block the log of a home's signer; None where none has ever run.

    Args:
        session: of the home's registry; a signer keeps its log in the same database, or in a file of its own.

    Raises:
        RegistryError: ``registry.unavailable`` or ``registry.damaged``.
    """
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        with _file_log(home / "signer.sqlite3", "signer_meta") as log:
            yield log
    elif not inspect(connection).has_table(_SIGNER.name):
        yield None
    else:
        name = str(session.execute(text("SELECT value FROM signer_meta WHERE key = 'log'")).scalar_one_or_none())
        if not is_log_name(name):
            raise failure(RegistryCode.DAMAGED, _SIGNER.name, "log")
        yield _RegistryLog(session, name, _SIGNER)


@contextlib.contextmanager
def _file_log(path: Path, meta: str) -> Iterator[AuditLog | None]:
    if not path.is_file():
        yield None
        return
    try:
        with contextlib.closing(sqlite3.connect(path.absolute().as_uri() + "?mode=ro", uri=True,
                                                isolation_level=None)) as connection:
            connection.execute("BEGIN")
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            # without the table it is the file of a program that kept no log yet
            yield _FileLog(connection, _name(connection, path, meta, tables)) if "audit" in tables else None
    except sqlite3.Error as error:
        raise failure_of(error, str(path)) from None


def _name(connection: sqlite3.Connection, path: Path, meta: str, tables: Collection[str]) -> str:
    query = f"SELECT value FROM {meta} WHERE key = 'log'"                  # noqa: S608 - a name of ours
    row = connection.execute(query).fetchone() if meta in tables else None
    if row is None or not is_log_name(str(row[0])):
        raise failure(RegistryCode.DAMAGED, str(path), "log")
    return str(row[0])


def _entry(log: str, row: _Row) -> AuditEntry | Unreadable:
    try:
        return read_entry(log, row)
    except AuditError:
        return Unreadable(row[0])

"""The tables of a signer's counts, the same in SQLite and PostgreSQL, and its audit log in them.

The log is that of :mod:`certs.audit`: entries that each hold the digest of the one before, in a table that takes the
next entry only. In a file of its own it is called ``audit``; in a database that a registry uses, ``signer_audit``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    insert,
    inspect,
    select,
    update,
)

from certs.audit import SQLITE_SCHEMA, Head, next_entry, write_facts
from certs.canonical_json import JSON
from certs.moments import read_moment, write_moment

__all__ = ["CARRIED", "META", "RATE", "TOTAL", "USE", "add", "append", "digest_of", "last_entry", "make_tables"]

_counts, _logs = MetaData(), MetaData()
META: Final = Table(
    "signer_meta", _counts, Column("key", String(16), primary_key=True), Column("value", String(64), nullable=False))
"""``id``, by which a home knows its counts; ``log``, the name of the audit log."""
USE: Final = Table(
    "signer_use", _counts,
    Column("approval", String(64), primary_key=True), Column("key", String(128), primary_key=True),
    Column("message", LargeBinary(32), primary_key=True), Column("client", String(64), nullable=False),
    Column("at", String(24), nullable=False), Column("asked", Integer, nullable=False))
"""Each use, with how often it was asked for; ``approval`` is "" for keys that need none."""
TOTAL: Final = Table(
    "signer_total", _counts, Column("role", String(16), primary_key=True),
    Column("approval", String(64), primary_key=True), Column("used", Integer, nullable=False))
"""Uses of an approval by keys of a role."""
RATE: Final = Table(
    "signer_rate", _counts, Column("scope", String(160), primary_key=True),
    Column("period", String(16), primary_key=True), Column("used", Integer, nullable=False))
"""Signatures of a client or a seal in a minute or a day."""
CARRIED: Final = Table(
    "signer_carried", _counts, Column("ledger", String(64), primary_key=True),
    Column("approval", String(64), primary_key=True), Column("used", Integer, nullable=False))
"""Uses that were taken over from a ledger."""


def _log(name: str, metadata: MetaData) -> Table:
    return Table(
        name, metadata, Column("number", BigInteger, primary_key=True, autoincrement=False),
        Column("at", Text, nullable=False), Column("event", Text, nullable=False),
        Column("facts", Text, nullable=False), Column("previous", LargeBinary, nullable=False),
        Column("digest", LargeBinary, nullable=False))


_AUDIT: Final = {"sqlite": _log("audit", MetaData()), "postgresql": _log("signer_audit", _logs)}
_POSTGRESQL_GUARD: Final = (
    """CREATE FUNCTION signer_audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'the audit log is never changed';
    END IF;
    SELECT number, digest INTO last FROM signer_audit ORDER BY number DESC LIMIT 1;
    IF NEW.number IS DISTINCT FROM coalesce(last.number, 0) + 1
            OR (last.number IS NOT NULL AND NEW.previous IS DISTINCT FROM last.digest) THEN
        RAISE EXCEPTION 'the audit log takes the next entry only';
    END IF;
    RETURN NEW;
END $$""",
    "CREATE TRIGGER signer_audit_rows BEFORE INSERT OR UPDATE OR DELETE ON signer_audit FOR EACH ROW"
    " EXECUTE FUNCTION signer_audit_guard()",
    "CREATE TRIGGER signer_audit_whole BEFORE TRUNCATE ON signer_audit FOR EACH STATEMENT"
    " EXECUTE FUNCTION signer_audit_guard()",
)


def make_tables(connection: Connection) -> None:
    """Make what is not there yet, in the transaction that is open."""
    _counts.create_all(connection)
    if connection.dialect.name == "sqlite":
        for statement in SQLITE_SCHEMA:
            connection.exec_driver_sql(statement)
    elif not inspect(connection).has_table("signer_audit"):
        _logs.create_all(connection)
        for statement in _POSTGRESQL_GUARD:
            connection.exec_driver_sql(statement)


def last_entry(connection: Connection) -> tuple[Head | None, datetime | None]:
    """Return the last entry of the log and its moment; None where there is none yet."""
    audit = _AUDIT[connection.dialect.name]
    row = connection.execute(
        select(audit.c.number, audit.c.digest, audit.c.at).order_by(audit.c.number.desc()).limit(1)).one_or_none()
    if row is None:
        return None, None
    return Head(_name(connection), row.number, bytes(row.digest)), read_moment(row.at)


def digest_of(connection: Connection, number: int) -> bytes | None:
    """Return the digest of an entry of the log; None where there is none of this number."""
    audit = _AUDIT[connection.dialect.name]
    found = connection.execute(select(audit.c.digest).where(audit.c.number == number)).scalar_one_or_none()
    return None if found is None else bytes(found)


def append(
    connection: Connection, event: str, facts: Mapping[str, JSON], *, at: datetime, behind: bool = False,
) -> None:
    """Add an entry inside the transaction that is open.

    Args:
        at: the present, aware; the entry bears that of the one before where this is earlier, unless ``behind``: the
            log goes on by an earlier clock.
    """
    head, before = last_entry(connection)
    entry = next_entry(
        head, log=_name(connection) if head is None else head.log,
        at=at if before is None or behind else max(at, before), event=event, facts=facts)
    connection.execute(insert(_AUDIT[connection.dialect.name]).values(
        number=entry.number, at=write_moment(entry.at), event=event, facts=write_facts(entry.facts),
        previous=entry.previous, digest=entry.digest))


def add(connection: Connection, table: Table, row: Mapping[str, str], number: int = 1) -> int:
    """Add to the ``used`` of a row; return what it is then."""
    own = [table.c[key] == value for key, value in row.items()]
    if not connection.execute(update(table).where(*own).values(used=table.c.used + number)).rowcount:
        connection.execute(insert(table).values(**row, used=number))
    return int(connection.execute(select(table.c.used).where(*own)).scalar_one())


def _name(connection: Connection) -> str:
    return str(connection.execute(select(META.c.value).where(META.c.key == "log")).scalar_one())

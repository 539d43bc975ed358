"""What each key has signed under which approval, counted on the disk before a signature leaves.

A use is an approval, a key and the SM3 of what was signed: the same once more is the same use. Signers that share a
database (SQLite in the home, or PostgreSQL where ``config.toml`` names the registry's) count together; a transaction
holds all others off. A count that was lost would allow everything once more, so a home remembers the id of its
counts and refuses others.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from certs.files import FileCode, FileError, read_file, reported, write_atomic
from certs.moments import CLOCKS_DIFFER, read_moment, write_moment
from certs.remote_wire import RemoteCode, RemoteError
from certs.sm3 import sm3
from codes.china_time import CHINA_TIME, time_en, time_zh
from registry.engines import WRITES, make_file, place, postgresql_engine, sqlite_engine, translated
from registry.errors import RegistryError
from signer.settings import Limits

__all__ = ["Counts", "Use"]

_FILE: Final = "signer.sqlite3"
_MARK: Final = "signer.id"
_WAIT_S: Final = 30
_LOCK: Final = int.from_bytes(sm3(b"zhengyin signer")[:8], "big", signed=True)
_tables = MetaData()
_meta = Table("signer_meta", _tables, Column("key", String(16), primary_key=True), Column("value", String(64)))
_use = Table(
    "signer_use", _tables,
    Column("approval", String(64), primary_key=True), Column("key", String(128), primary_key=True),
    Column("message", LargeBinary(32), primary_key=True), Column("client", String(64), nullable=False),
    Column("at", String(24), nullable=False), Column("asked", Integer, nullable=False))
_total = Table(
    "signer_total", _tables, Column("role", String(16), primary_key=True),
    Column("approval", String(64), primary_key=True), Column("used", Integer, nullable=False))
_rate = Table(
    "signer_rate", _tables, Column("scope", String(160), primary_key=True),
    Column("period", String(16), primary_key=True), Column("used", Integer, nullable=False))
_carried = Table(
    "signer_carried", _tables, Column("ledger", String(64), primary_key=True),
    Column("approval", String(64), primary_key=True), Column("used", Integer, nullable=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One signature that is asked for.

    Attributes:
        approval: its number; "" for a key that needs none. role, key: of the key; message: SM3 of what is signed.
        limits: scope (``client issuing``, ``seal …``) → how often in a minute and a day.
        at: the present by the signer's clock (aware).
    """

    approval: str
    role: str
    key: str
    message: bytes
    client: str
    limits: Mapping[str, Limits]
    at: datetime


class Counts:
    """The counts of a home; safe to share between threads and with other signers."""

    def __init__(self, home: Path, url: str = "") -> None:
        """Open the counts, or make them the first time.

        Args:
            url: of a PostgreSQL database; "" for a file in the home.

        Raises:
            RemoteError: ``signer.state``: they cannot be used, or are not those of this home.
            RegistryError: the URL is not right, or has no driver.
            FileError: the home cannot be written.
        """
        if url:
            self._engine, parsed = postgresql_engine(url)
            self._where = place(home, parsed)
        else:
            path = home / _FILE
            make_file(path)
            with reported(path):
                if path.stat().st_mode & 0o077:
                    raise _unusable(str(path), "others may read it: chmod 600", "可被他人读取，请 chmod 600")
            self._engine, self._where = sqlite_engine(path), str(path)
        with self._transaction() as connection:
            _tables.create_all(connection)
            self._recognise(connection, home / _MARK)

    def _recognise(self, connection: Connection, mark: Path) -> None:
        known = connection.execute(select(_meta.c.value).where(_meta.c.key == "id")).scalar_one_or_none()
        try:
            remembered = read_file(mark, max_bytes=256).decode("ascii", "replace").strip()
        except FileError as error:
            if error.code is not FileCode.MISSING:
                raise
            remembered = ""
        if known is None and not remembered:
            known = secrets.token_hex(16)
            connection.execute(insert(_meta).values(key="id", value=known))
        if known is None or remembered not in ("", known):
            raise _unusable(self._where, f"these are not the counts that {mark.name} names: restore them",
                            f"不是 {mark.name} 所记的计数，请从备份恢复")
        if not remembered:
            write_atomic(mark, f"{known}\n".encode())

    def count(self, use: Use, require: Callable[[Mapping[str, int]], None]) -> bool:
        """Count a use unless it was counted before; on the disk when this returns.

        Args:
            require: takes approval → uses so far by this role, raises when one more is too many.

        Returns:
            Whether it was counted anew.

        Raises:
            RemoteError: ``signer.limit``, ``signer.state``, ``signer.time`` (the clock stands before the last use).
            Whatever ``require`` raises. Nothing is counted then.
        """
        own = (_use.c.approval == use.approval, _use.c.key == use.key, _use.c.message == use.message)
        with self._transaction() as connection:
            self._require_clock(connection, use.at)
            if connection.execute(update(_use).where(*own).values(asked=_use.c.asked + 1)).rowcount:
                used = self._used(connection, use.role)
                if use.approval:
                    used[use.approval] -= 1
                require(used)
                return False
            require(self._used(connection, use.role))
            for scope, limits in use.limits.items():
                _within(connection, f"{scope} {use.role}", limits, use)
            connection.execute(insert(_use).values(
                approval=use.approval, key=use.key, message=use.message, client=use.client, at=write_moment(use.at),
                asked=1))
            if use.approval:
                _add(connection, _total, {"role": use.role, "approval": use.approval})
            return True

    def give_back(self, use: Use) -> None:
        """Take back a use under which nothing was signed, unless it was asked for again meanwhile.

        Raises:
            RemoteError: ``signer.state``; it stays counted then.
        """
        with self._transaction() as connection:
            gone = connection.execute(delete(_use).where(
                _use.c.approval == use.approval, _use.c.key == use.key, _use.c.message == use.message,
                _use.c.asked == 1)).rowcount
            if gone and use.approval:
                _add(connection, _total, {"role": use.role, "approval": use.approval}, -1)

    def forgive(self, approval: str, message: bytes) -> int:
        """Take back the uses of an approval for a message (its SM3) whose signature is known to have been lost.

        Returns:
            How many keys had signed it.

        Raises:
            RemoteError: ``signer.state``.
        """
        own = (_use.c.approval == approval, _use.c.message == message)
        with self._transaction() as connection:
            keys = connection.execute(select(_use.c.key).where(*own)).scalars().all()
            connection.execute(delete(_use).where(*own))
            for key in keys:
                _add(connection, _total, {"role": key.rpartition("/")[2], "approval": approval}, -1)
            return len(keys)

    def carry(self, ledger: str, used: Mapping[str, int], roles: Iterable[str]) -> int:
        """Count what was sealed under approvals before their keys came here, once for each ledger and approval.

        Args:
            ledger: name of the ledger's log; used: approval → licences; roles: that made a signature of each.

        Returns:
            How many approvals were carried now.

        Raises:
            RemoteError: ``signer.state``.
        """
        with self._transaction() as connection:
            before = set(connection.execute(
                select(_carried.c.approval).where(_carried.c.ledger == ledger)).scalars())
            fresh = {approval: number for approval, number in used.items() if approval not in before}
            for approval, number in fresh.items():
                connection.execute(insert(_carried).values(ledger=ledger, approval=approval, used=number))
                for role in roles:
                    _add(connection, _total, {"role": role, "approval": approval}, number)
            return len(fresh)

    def used(self) -> dict[tuple[str, str], int]:
        """Return (approval, role) → signatures.

        Raises:
            RemoteError: ``signer.state``.
        """
        with self._transaction(writes=False) as connection:
            return {(row.approval, row.role): row.used for row in connection.execute(select(_total))}

    def accept_clock(self, now: datetime) -> None:
        """Go on by a clock that stands before the last use.

        Raises:
            RemoteError: ``signer.state``.
        """
        with self._transaction() as connection:
            connection.execute(update(_meta).where(_meta.c.key == "last").values(value=write_moment(now)))

    def close(self) -> None:
        """Close its connections."""
        self._engine.dispose()

    def _used(self, connection: Connection, role: str) -> dict[str, int]:
        return {row.approval: row.used for row in connection.execute(
            select(_total.c.approval, _total.c.used).where(_total.c.role == role))}

    def _require_clock(self, connection: Connection, now: datetime) -> None:
        """Refuse to count by a clock that was set back: what has ended would be open again."""
        last = connection.execute(select(_meta.c.value).where(_meta.c.key == "last")).scalar_one_or_none()
        if last is None:
            connection.execute(insert(_meta).values(key="last", value=write_moment(now)))
            return
        before = read_moment(last)
        if now < before - CLOCKS_DIFFER:
            raise RemoteError(
                RemoteCode.TIME,
                f"签名进程的时钟（{time_zh(now)}）早于它上一次签名（{time_zh(before)}），没有签名；请校准时钟，"
                "如错的是上一次，请执行 zhengyin signer accept-clock",
                f"the signer's clock ({time_en(now)}) stands before its last signature ({time_en(before)}), so nothing "
                "is signed: set the clock right or, if that last time is wrong, run zhengyin signer accept-clock")
        if now > before:
            connection.execute(update(_meta).where(_meta.c.key == "last").values(value=write_moment(now)))

    @contextlib.contextmanager
    def _transaction(self, *, writes: bool = True) -> Iterator[Connection]:
        """One transaction, the only one that writes; on the disk when the block ends, undone when it raises."""
        try:
            with translated(self._where), self._engine.connect() as connection:
                connection = connection.execution_options(**{WRITES: writes})
                with connection.begin():
                    if writes and connection.dialect.name == "postgresql":
                        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_WAIT_S}s'")
                        connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
                        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
                    yield connection
        except RegistryError as error:
            raise _unusable(self._where, error.code.value, error.code.value) from error


def _within(connection: Connection, scope: str, limits: Limits, use: Use) -> None:
    """Count a signature of a scope in its minute and its day; refuse one that is too many."""
    local = use.at.astimezone(CHINA_TIME)
    for period, most, zh, en in ((local.strftime("%Y-%m-%dT%H:%M"), limits.per_minute, "每分钟", "a minute"),
                                 (local.strftime("%Y-%m-%d"), limits.per_day, "每天", "a day")):
        if most is None:
            continue
        used = _add(connection, _rate, {"scope": scope, "period": period})
        if used == 1:                                       # the first of its time: the days before are over
            connection.execute(delete(_rate).where(_rate.c.scope == scope, _rate.c.period < period[:10]))
        if used > most:
            raise RemoteError(
                RemoteCode.LIMIT, f"{scope} 已达{zh} {most} 次的上限，没有签名；请稍后再试，或由管理员调整 signer.toml",
                f"{scope} has reached its limit of {most} {en}, so nothing is signed: try later, or have the "
                "administrator change signer.toml", scope=scope)


def _add(connection: Connection, table: Table, row: Mapping[str, str], number: int = 1) -> int:
    """Add to the ``used`` of a row; return what it is then."""
    own = [table.c[key] == value for key, value in row.items()]
    if not connection.execute(update(table).where(*own).values(used=table.c.used + number)).rowcount:
        connection.execute(insert(table).values(**row, used=number))
    return int(connection.execute(select(table.c.used).where(*own)).scalar_one())


def _unusable(where: str, reason: str, zh: str = "") -> RemoteError:
    return RemoteError(
        RemoteCode.STATE, f"签名计数 {where} 无法使用（{zh or reason}），没有签名",
        f"the signer's counts in {where} cannot be used ({reason}), so nothing is signed", path=where)

"""What each key has signed under which approval, counted on the disk before a signature leaves.

A use is an approval, a key and the SM3 of what was signed: the same once more is the same use. Signers that share a
database (SQLite in the home, or PostgreSQL where ``config.toml`` names the registry's) count together; a transaction
holds all others off. What becomes of each use stands in an audit log, in the transaction of what it tells. Counts that
were lost would allow everything once more, so a home remembers outside of them (:mod:`signer.mark`) which are its own
and the last entry that it saw of their log, and refuses others, older ones and such as went on otherwise.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from certs.canonical_json import JSON
from certs.files import reported
from certs.moments import CLOCKS_DIFFER, write_moment
from certs.remote_wire import RemoteCode, RemoteError
from certs.sm3 import sm3
from codes.china_time import CHINA_TIME, time_en, time_zh
from registry.engines import WRITES, make_file, place, postgresql_engine, sqlite_engine, translated
from registry.errors import RegistryError
from signer.course import fault_of, length_of, reached_by, recognised, require_course
from signer.mark import Mark, Remembered, unusable
from signer.settings import Limits
from signer.tables import CARRIED, RATE, TOTAL, USE, add, append, last_entry, make_tables

__all__ = ["Counts", "Use"]

_FILE: Final = "signer.sqlite3"
_WAIT_S: Final = 30
_LOCK: Final = int.from_bytes(sm3(b"zhengyin signer")[:8], "big", signed=True)


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
    """The counts of a home; safe to share between threads and with other signers.

    ``accepted`` is what was wrong with them and was accepted: ``older``, ``other`` (their log went on otherwise) or
    ``unmarked`` (they have entries, and the home remembered nothing of them); "" where nothing was. ``missing`` is how
    many entries the log of older ones lacked, else 0.
    """

    def __init__(self, home: Path, url: str = "", *, accept: datetime | None = None) -> None:
        """Open the counts, or make them the first time.

        Args:
            url: of a PostgreSQL database; "" for a file in the home.
            accept: go on, at this moment (aware), with counts that are not as the home remembers, and say so in their
                log.

        Raises:
            RemoteError: ``signer.state``: they cannot be used, or are not as this home remembers.
            RegistryError: the URL is not right, or has no driver.
            FileError: the home cannot be written.
        """
        self._mark, self._seeing = Mark(home), threading.Lock()
        self._file: tuple[Path, tuple[int, int] | None] | None = None
        self.accepted, self.missing = "", 0
        if url:
            self._engine, parsed = postgresql_engine(url)
            self._where = place(home, parsed)
        else:
            path = home / _FILE
            make_file(path)
            with reported(path):
                if path.stat().st_mode & 0o077:
                    raise unusable(str(path), "others may read it: chmod 600", "可被他人读取，请 chmod 600")
                self._file = (path, _inode(path))
            self._engine, self._where = sqlite_engine(path), str(path)
        with self._transaction() as connection:
            make_tables(connection)
            remembered = self._mark.read()
            self._id = recognised(connection, remembered, self._mark, self._where)
            if accept is None:
                require_course(connection, remembered, self._mark, self._where)
            else:
                self._accept(connection, remembered, accept)
        with self._transaction() as connection:             # they are on the disk: a kill between leaves no riddle
            self._seen = reached_by(connection, self._id)
            if remembered is None or self.accepted:
                self._mark.begin(self._seen)
            else:
                self._mark.follow(self._seen)

    def _accept(self, connection: Connection, remembered: Remembered | None, at: datetime) -> None:
        """Say in the log that the counts are not as remembered, and that this is meant; nothing where they are."""
        self.accepted = fault_of(connection, remembered)
        if self.accepted:
            old, new = 0 if remembered is None else remembered.entries, length_of(connection)
            self.missing = max(old - new, 0)
            append(connection, "counts.accepted", {"old": old, "new": new}, at=at)

    def _require_newest(self, connection: Connection) -> None:
        """Refuse counts that are not as this process or the home remembers; call it while nobody else can count."""
        remembered = self._mark.read()                      # another signer of this home may have seen more
        if remembered is None:
            raise self._mark.gone()
        recognised(connection, remembered, self._mark, self._where)
        require_course(connection, remembered, self._mark, self._where)
        if self._seen != remembered:
            require_course(connection, self._seen, self._mark, self._where)

    def _saw(self, reached: Remembered) -> None:
        """Remember what is committed."""
        with self._seeing:
            self._seen = max(self._seen, reached, key=lambda one: one.entries)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Connection]:
        """One transaction that adds to the counts; when the block ends they and the mark are on the disk."""
        with self._transaction() as connection:
            self._require_newest(connection)
            yield connection
            reached = reached_by(connection, self._id)
        self._saw(reached)
        self._mark.follow(reached)

    def keep(self) -> None:
        """Look where the log stands and have the home remember it, so that a signer that has nothing to count knows.

        Raises:
            RemoteError: ``signer.state``: they cannot be used, or are not as this process or the home remembers.
            FileError: the home cannot be written.
        """
        before = (self._seen, self._mark.read())            # first: all of this must be in what is read then
        with self._transaction(writes=False) as connection:
            for remembered in before:
                require_course(connection, remembered, self._mark, self._where)
            reached = reached_by(connection, self._id)
        self._mark.follow(reached)
        self._saw(reached)

    def count(self, use: Use, require: Callable[[Mapping[str, int]], None]) -> bool:
        """Count a use unless it was counted before; on the disk when this returns.

        Args:
            require: takes approval → uses so far by this role, raises when one more is too many.

        Returns:
            Whether it was counted anew.

        Raises:
            RemoteError: ``signer.limit``, ``signer.state``, ``signer.time`` (the clock stands before the last use).
            Whatever ``require`` raises. Nothing is counted then.
            FileError: it is counted, but the home cannot be told: nothing may be signed.
        """
        own = (USE.c.approval == use.approval, USE.c.key == use.key, USE.c.message == use.message)
        with self._writing() as connection:
            _require_clock(connection, use.at)
            if connection.execute(update(USE).where(*own).values(asked=USE.c.asked + 1)).rowcount:
                used = self._used(connection, use.role)
                if use.approval:
                    used[use.approval] -= 1
                require(used)
                return False
            require(self._used(connection, use.role))
            for scope, limits in use.limits.items():
                _within(connection, f"{scope} {use.role}", limits, use)
            connection.execute(insert(USE).values(
                approval=use.approval, key=use.key, message=use.message, client=use.client, at=write_moment(use.at),
                asked=1))
            if use.approval:
                add(connection, TOTAL, {"role": use.role, "approval": use.approval})
            append(connection, "sign.counted", _facts(use), at=use.at)
            return True

    def give_back(self, use: Use) -> None:
        """Take back a use under which nothing was signed, unless it was asked for again meanwhile.

        Raises:
            RemoteError: ``signer.state``; it stays counted then.
        """
        with self._writing() as connection:
            gone = connection.execute(delete(USE).where(
                USE.c.approval == use.approval, USE.c.key == use.key, USE.c.message == use.message,
                USE.c.asked == 1)).rowcount
            if not gone:
                return
            if use.approval:
                add(connection, TOTAL, {"role": use.role, "approval": use.approval}, -1)
            append(connection, "sign.given-back", _facts(use), at=use.at)

    def note_refusal(self, facts: Mapping[str, JSON], *, at: datetime) -> None:
        """Log that a signature was refused.

        Raises:
            RemoteError: ``signer.state``.

        Source: R-003-54.
        """
        with self._writing() as connection:
            append(connection, "sign.refused", facts, at=at)

    def forgive(self, approval: str, message: bytes, *, at: datetime) -> int:
        """Take back the uses of an approval for a message (its SM3) whose signature is known to have been lost.

        Returns:
            How many keys had signed it.

        Raises:
            RemoteError: ``signer.state``.
        """
        own = (USE.c.approval == approval, USE.c.message == message)
        with self._writing() as connection:
            keys = connection.execute(select(USE.c.key).where(*own)).scalars().all()
            connection.execute(delete(USE).where(*own))
            for key in keys:
                add(connection, TOTAL, {"role": key.rpartition("/")[2], "approval": approval}, -1)
                append(connection, "sign.forgiven", {
                    "approval": approval, "key": key, "message": message.hex()}, at=at)
            return len(keys)

    def carry(self, ledger: str, used: Mapping[str, int], roles: Iterable[str], *, at: datetime) -> int:
        """Count what was sealed under approvals before their keys came here, once for each ledger and approval.

        Args:
            ledger: name of the ledger's log; used: approval → licences; roles: that made a signature of each.

        Returns:
            How many approvals were carried now.

        Raises:
            RemoteError: ``signer.state``.
        """
        with self._writing() as connection:
            before = set(connection.execute(
                select(CARRIED.c.approval).where(CARRIED.c.ledger == ledger)).scalars())
            fresh = {approval: number for approval, number in used.items() if approval not in before}
            for approval, number in fresh.items():
                connection.execute(insert(CARRIED).values(ledger=ledger, approval=approval, used=number))
                append(connection, "sign.carried", {"approval": approval, "ledger": ledger, "used": number}, at=at)
                for role in roles:
                    add(connection, TOTAL, {"role": role, "approval": approval}, number)
            return len(fresh)

    def used(self) -> dict[tuple[str, str], int]:
        """Return (approval, role) → signatures.

        Raises:
            RemoteError: ``signer.state``.
        """
        with self._transaction(writes=False) as connection:
            return {(row.approval, row.role): row.used for row in connection.execute(select(TOTAL))}

    def accept_clock(self, now: datetime) -> None:
        """Go on by a clock that stands before the last entry of the log, and say so in it; nothing where it does not.

        Raises:
            RemoteError: ``signer.state``.
        """
        with self._writing() as connection:
            _, before = last_entry(connection)
            if before is not None and now < before - CLOCKS_DIFFER:
                append(connection, "clock.accepted", {"old": write_moment(before), "new": write_moment(now)}, at=now,
                       behind=True)

    def close(self) -> None:
        """Close their connections."""
        self._engine.dispose()

    def _used(self, connection: Connection, role: str) -> dict[str, int]:
        return {row.approval: row.used for row in connection.execute(
            select(TOTAL.c.approval, TOTAL.c.used).where(TOTAL.c.role == role))}

    @contextlib.contextmanager
    def _transaction(self, *, writes: bool = True) -> Iterator[Connection]:
        """One transaction, the only one that writes; on the disk when the block ends, undone when it raises."""
        if self._file is not None and _inode(self._file[0]) != self._file[1]:
            raise unusable(self._where, "the file was replaced or taken away: start the signer again",
                            "文件已被替换或移走，请重新启动签名进程")
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
            raise unusable(self._where, error.code.value, error.code.value) from error


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _require_clock(connection: Connection, now: datetime) -> None:
    """Refuse to count by a clock that was set back: what has ended would be open again."""
    _, before = last_entry(connection)
    if before is not None and now < before - CLOCKS_DIFFER:
        raise RemoteError(
            RemoteCode.TIME,
            f"签名进程的时钟（{time_zh(now)}）早于其日志的最后一条（{time_zh(before)}），没有签名；请校准时钟，"
            "如错的是那一条，请执行 zhengyin signer accept-clock",
            f"the signer's clock ({time_en(now)}) stands before the last entry of its log ({time_en(before)}), so "
            "nothing is signed: set the clock right or, if that entry is wrong, run zhengyin signer accept-clock")


def _facts(use: Use) -> dict[str, JSON]:
    """What the audit log says of a use."""
    return {"approval": use.approval, "client": use.client, "key": use.key, "message": use.message.hex()}


def _within(connection: Connection, scope: str, limits: Limits, use: Use) -> None:
    """Count a signature of a scope in its minute and its day; refuse one that is too many."""
    local = use.at.astimezone(CHINA_TIME)
    for period, most, zh, en in ((local.strftime("%Y-%m-%dT%H:%M"), limits.per_minute, "每分钟", "a minute"),
                                 (local.strftime("%Y-%m-%d"), limits.per_day, "每天", "a day")):
        if most is None:
            continue
        used = add(connection, RATE, {"scope": scope, "period": period})
        if used == 1:                                       # the first of its time: the days before are over
            connection.execute(delete(RATE).where(RATE.c.scope == scope, RATE.c.period < period[:10]))
        if used > most:
            raise RemoteError(
                RemoteCode.LIMIT, f"{scope} 已达{zh} {most} 次的上限，没有签名；请稍后再试，或由管理员调整 signer.toml",
                f"{scope} has reached its limit of {most} {en}, so nothing is signed: try later, or have the "
                "administrator change signer.toml", scope=scope)

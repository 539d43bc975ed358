"""The registry of one home: where it is, one writer at a time, and the audit log in every transaction.

Whatever is changed is changed in :meth:`Registry.transaction`, which holds the registry's write lock from its first
read on; what it logs is kept together with the change or not at all. A kill leaves the state before or after.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, insert, inspect, select, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool

from certs.audit import AuditEntry, Head, next_entry, write_facts
from certs.canonical_json import JSON
from certs.config import load_config
from certs.moments import CLOCKS_DIFFER, read_moment, to_milliseconds, write_moment
from codes.china_time import time_en, time_zh
from registry.binding import check_bound, make_home_id
from registry.engines import (
    WRITES,
    begin_writing,
    check_file,
    make_file,
    missing,
    place,
    postgresql_engine,
    sqlite_engine,
    translated,
)
from registry.errors import RegistryCode, RegistryError
from registry.migrations import HEAD, KNOWN
from registry.tables import Audit, Meta

__all__ = ["FILE", "Registry", "Transaction", "check_encoding", "migrate"]

FILE: Final = "registry.sqlite3"
_inherited: list[Pool] = []
"""Pools that a fork copied into this process: kept, for closing their connections would disturb the parent's."""


def _present() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Place:
    """A database: how to reach it and how to call it."""

    engine: Callable[[], Engine]
    name: str
    file: Path | None


class Transaction:
    """One write transaction.

    ``now`` (aware UTC, milliseconds) is never before the last entry of the log; ``clock`` is what the clock says, a
    little earlier at most, or anything where the transaction was begun with ``clock_behind``.
    """

    def __init__(
        self, session: Session, now: datetime, clock: datetime, registry_id: str, log: str, head: Head | None,
    ) -> None:
        self.session, self.now, self.clock = session, now, clock
        self.registry_id = registry_id
        self._log, self._head = log, head

    def log(self, event: str, **facts: JSON) -> AuditEntry:
        """Append an entry to the audit log, kept if the transaction is.

        Raises:
            AuditError: the event or the facts are not as :func:`certs.audit.next_entry` takes them.
        """
        entry = next_entry(self._head, log=self._log, at=self.now, event=event, facts=facts)
        self.session.execute(insert(Audit).values(
            number=entry.number, at=write_moment(entry.at), event=event, facts=write_facts(facts),
            previous=entry.previous, digest=entry.digest))
        self._head = Head(entry.log, entry.number, entry.digest)
        return entry

    def accept_clock(self) -> None:
        """Go on by the clock, although the last entry bears a later moment."""
        self.now = self.clock

    @property
    def head(self) -> Head | None:
        """The last entry of the log, those of this transaction included."""
        return self._head


class Registry:
    """An opened registry; threads share it, a forked child goes on with connections of its own.

    Attributes:
        home: the home it belongs to.
        id: twelve hexadecimal digits that tell it from any other; log: the name of its audit log.
    """

    def __init__(self, home: Path, where: _Place, clock: Callable[[], datetime]) -> None:
        """Use :meth:`open` or :meth:`create`."""
        self.home, self.id, self.log = home, "", ""
        self._where, self._clock = where, clock
        self._engine, self._process = where.engine(), os.getpid()
        self._writing = threading.local()

    @classmethod
    def open(cls, home: Path, *, url: str | None = None, clock: Callable[[], datetime] = _present) -> Registry:
        """Open the registry of ``home``, bringing its tables up to this program first.

        Args:
            url: of a PostgreSQL database; by default what ``config.toml`` says.
            clock: the present, aware.

        Raises:
            RegistryError: ``registry.missing`` (none was made there), ``registry.permissions``,
                ``registry.newer`` (a newer program has used it), ``registry.bad-url``,
                ``registry.password-in-url``, ``registry.no-driver``, ``registry.unavailable``,
                ``registry.damaged``, ``registry.other-home`` (the database is another home's).
            HomeError: the settings are not right.
        """
        where = _place(home, url)
        if where.file is not None:
            check_file(where.file, where.name)
        registry = cls(home, where, clock)
        try:
            registry._bring_up()
            registry._recall()
        except BaseException:
            registry.close()
            raise
        return registry

    @classmethod
    def create(
        cls, home: Path, first: Callable[[Transaction], None], *, now: datetime, url: str | None = None,
        clock: Callable[[], datetime] = _present,
    ) -> Registry:
        """Make the registry of ``home``; :func:`registry.actors.create_registry` names its administrator.

        Args:
            first: writes what the registry begins with, in the same transaction that makes it.
            now: the moment of its making (aware).

        Raises:
            RegistryError: ``registry.exists``, ``registry.encoding``, or as :meth:`open`; nothing is made then.
        """
        where = _place(home, url)
        if where.file is not None and not where.file.exists():
            make_file(where.file)
        registry = cls(home, where, clock)
        try:
            registry._make(first, now)
            registry._recall()
        except BaseException:
            registry.close()
            raise
        return registry

    @contextlib.contextmanager
    def transaction(self, *, clock_behind: bool = False) -> Iterator[Transaction]:
        """Change the registry; on the disk when the block ends, undone when it raises.

        Args:
            clock_behind: go on where the clock stands before the last entry, at that entry's moment.

        Raises:
            RegistryError: ``registry.clock-backwards`` (the clock stands more than five minutes before the last
                entry), ``registry.busy``, ``registry.no-space``, ``registry.conflict``, ``registry.unavailable``.
        """
        with self._session(writes=True) as session:
            yield self._begin(session, clock_behind)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """Look at one state of the registry; nothing is written, nobody waits.

        Raises:
            RegistryError: ``registry.unavailable``, ``registry.damaged``.
        """
        with self._session(writes=False) as session:
            yield session

    def now(self) -> datetime:
        """Return the present by the registry's clock, aware UTC in milliseconds."""
        return to_milliseconds(self._clock())

    def close(self) -> None:
        """Close its connections."""
        self._usable_engine().dispose()

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _usable_engine(self) -> Engine:
        """The engine of this process."""
        if self._process != os.getpid():
            _inherited.append(self._engine.pool)
            self._engine, self._process = self._where.engine(), os.getpid()
        return self._engine

    @contextlib.contextmanager
    def _session(self, *, writes: bool) -> Iterator[Session]:
        """One transaction of one connection."""
        if writes and getattr(self._writing, "process", None) == os.getpid():
            raise RuntimeError("a transaction of this thread is still open")
        options: dict[str, Any] = {WRITES: True} if writes else {}
        if not writes and self._usable_engine().dialect.name == "postgresql":
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with translated(self._where.name), self._usable_engine().connect() as connection:
            connection = connection.execution_options(**options)
            with Session(bind=connection, expire_on_commit=False) as session:
                if not writes:
                    yield session
                    return
                begin_writing(session.connection())
                self._writing.process = os.getpid()
                try:
                    yield session
                    session.commit()
                finally:
                    self._writing.process = None

    def _begin(self, session: Session, clock_behind: bool) -> Transaction:
        last = session.execute(
            select(Audit.number, Audit.at, Audit.digest).order_by(Audit.number.desc()).limit(1)).one_or_none()
        clock, head = self.now(), None
        now = clock
        if last is not None:
            head, before = Head(self.log, last.number, last.digest), read_moment(last.at)
            if clock < before - CLOCKS_DIFFER and not clock_behind:
                raise RegistryError(
                    RegistryCode.CLOCK_BACKWARDS,
                    f"本机时钟（{time_zh(clock)}）早于审计日志的最后一条（{time_zh(before)}），不作任何改动；"
                    "请先校准时钟，如错的是那一条，请管理员执行 zhengyin seals accept-clock",
                    f"this machine's clock ({time_en(clock)}) stands before the last entry of the audit log "
                    f"({time_en(before)}), so nothing is changed: set the clock right, or, if that entry is wrong, "
                    "have an administrator run zhengyin seals accept-clock")
            now = max(clock, before)
        return Transaction(session, now, clock, self.id, self.log, head)

    def _make(self, first: Callable[[Transaction], None], now: datetime) -> None:
        with self._session(writes=True) as session:
            connection = session.connection()
            if inspect(connection).has_table("alembic_version"):
                raise RegistryError(
                    RegistryCode.EXISTS, f"{self._where.name} 中已有登记库，不作任何改动",
                    f"there is a registry in {self._where.name} already; nothing is changed")
            check_encoding(connection, self._where.name)
            migrate(connection)
            registry_id, moment = secrets.token_hex(6), to_milliseconds(now)
            log = f"registry-{registry_id}"
            for key, value in (("registry", registry_id), ("log", log), ("created", write_moment(moment)),
                               ("home", make_home_id(self.home))):
                session.add(Meta(key=key, value=value))
            session.flush()
            t = Transaction(session, moment, moment, registry_id, log, None)
            t.log("registry.created", registry=registry_id)
            first(t)

    def _bring_up(self) -> None:
        """Run the migrations that are still to come."""
        with self._session(writes=False) as session:
            revision = self._revision(session.connection())
        if revision == HEAD:
            return
        if revision not in KNOWN:
            raise RegistryError(
                RegistryCode.NEWER, f"登记库 {self._where.name} 由更新的程序使用过（{revision}），请升级本程序",
                f"the registry {self._where.name} was used by a newer program ({revision}): bring this one up to date")
        with self._session(writes=True) as session:
            migrate(session.connection())

    def _revision(self, connection: Connection) -> str:
        if not inspect(connection).has_table("alembic_version"):
            raise missing(self._where.name)
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none())

    def _recall(self) -> None:
        """Read what the registry is called, and see that it is this home's."""
        with self._session(writes=False) as session:
            known = {row.key: row.value for row in session.scalars(select(Meta))}
        try:
            self.id, self.log = known["registry"], known["log"]
        except KeyError:
            raise RegistryError(
                RegistryCode.DAMAGED, f"登记库 {self._where.name} 缺少自身的标识，请从备份恢复",
                f"the registry {self._where.name} has lost its own name: restore it from a backup") from None
        if self._where.file is None:
            check_bound(self.home, known.get("home", ""), self._where.name)


def _place(home: Path, url: str | None) -> _Place:
    url = load_config(home).registry if url is None else url
    if not url:
        path = home / FILE
        return _Place(lambda: sqlite_engine(path), place(path, None), path)
    _, parsed = postgresql_engine(url)
    return _Place(lambda: postgresql_engine(url)[0], place(home, parsed), None)


def check_encoding(connection: Connection, name: str) -> None:
    """Refuse a PostgreSQL database that cannot hold every name.

    Raises:
        RegistryError: ``registry.encoding``.
    """
    if connection.dialect.name == "sqlite":
        return
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise RegistryError(
            RegistryCode.ENCODING, f"数据库 {name} 的编码是 {encoding}，须为 UTF8；请另建数据库",
            f"the database {name} is encoded in {encoding} where UTF8 is needed: make another one")


def migrate(connection: Connection) -> None:
    """Make the tables, or bring them up to this program, in the connection's transaction."""
    from alembic import command  # slow to import, seldom needed
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "registry:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)

"""Connections to the registry's database, SQLite or PostgreSQL, and its failures in our words.

A password is never part of a URL: PostgreSQL's own means hold it (PGPASSFILE, a service file, the environment).
Errors name what the database calls the failure, never its statement or values, which may be personal data.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.pool import QueuePool

from certs.files import reported
from certs.sm3 import sm3
from registry.errors import RegistryCode, RegistryError

__all__ = [
    "WRITES", "begin_writing", "check_file", "failure", "failure_of", "make_file", "missing", "place",
    "postgresql_engine", "sqlite_engine", "translated",
]

WRITES: Final = "zhengyin_writes"
"""Execution option of a connection whose transaction writes."""
BUSY_SECONDS: Final = 60
_LOCK: Final = int.from_bytes(sm3(b"zhengyin registry")[:8], "big", signed=True)
_SQLITE_CODES: Final = {
    "SQLITE_FULL": RegistryCode.NO_SPACE, "SQLITE_BUSY": RegistryCode.BUSY, "SQLITE_LOCKED": RegistryCode.BUSY,
    "SQLITE_CORRUPT": RegistryCode.DAMAGED, "SQLITE_NOTADB": RegistryCode.DAMAGED,
    "SQLITE_CONSTRAINT": RegistryCode.CONFLICT,
}
_POSTGRESQL_CODES: Final = {
    "53100": RegistryCode.NO_SPACE, "55P03": RegistryCode.BUSY, "40001": RegistryCode.BUSY,
    "40P01": RegistryCode.BUSY, "23": RegistryCode.CONFLICT, "XX": RegistryCode.DAMAGED,
}
_WORDS: Final = {
    RegistryCode.NO_SPACE: ("磁盘空间不足，未作任何改动；请清理空间后重试",
                            "has no disk space left and nothing was changed; free space and repeat"),
    RegistryCode.BUSY: ("一直被其他进程占用，未作任何改动；请稍后重试",
                        "was kept busy by another process and nothing was changed; try again later"),
    RegistryCode.DAMAGED: ("已损坏，请从备份恢复", "is damaged: restore it from a backup"),
    RegistryCode.CONFLICT: ("与已有的内容冲突，未作任何改动；请重新读取后再办",
                            "holds something that contradicts this and nothing was changed; look again and repeat"),
    RegistryCode.UNAVAILABLE: ("无法读写，请检查磁盘空间、权限和连接",
                               "cannot be used: check disk space, permissions and the connection"),
}


def place(path: Path, url: URL | None) -> str:
    """Name a database for people: the file, or host and name without a password."""
    if url is None:
        return str(path)
    return f"{url.host or 'localhost'}/{url.database or ''}"


def missing(name: str) -> RegistryError:
    """Make the error that there is no registry in the database called ``name``."""
    return RegistryError(
        RegistryCode.MISSING, f"{name} 中没有登记库；用 zhengyin seals init 建立，丢失的请从备份恢复",
        f"there is no registry in {name}: make one with zhengyin seals init, restore a lost one from a backup")


def check_file(path: Path, name: str) -> None:
    """Refuse an SQLite file that is not there or that others may read.

    Raises:
        RegistryError: ``registry.missing``, ``registry.permissions``.
        FileError: it cannot be looked at.
    """
    with reported(path):
        if not path.is_file() or not path.stat().st_size:            # an empty one: making it was broken off
            raise missing(name)
        if path.stat().st_mode & 0o077:
            raise RegistryError(
                RegistryCode.PERMISSIONS, f"登记库 {path} 可被他人读取，请执行 chmod 600 {path}",
                f"others may read the registry {path}: run chmod 600 {path}", path=str(path))


def make_file(path: Path) -> None:
    """Make an empty file, mode 0600 whatever the umask, which SQLite takes for an empty database."""
    with reported(path), contextlib.suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.fchmod(handle, 0o600)
        finally:
            os.close(handle)


def sqlite_engine(path: Path) -> Engine:
    """Return an engine for the SQLite file ``path``, which must be there."""
    uri = path.absolute().as_uri() + "?mode=rw"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {setting}")
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, hide_parameters=True)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def postgresql_engine(text: str) -> tuple[Engine, URL]:
    """Return an engine for a PostgreSQL URL (``postgresql://user@host/database``), and the URL.

    Raises:
        RegistryError: ``registry.bad-url``, ``registry.password-in-url``, ``registry.no-driver``.
    """
    try:
        url = make_url(text)
    except ArgumentError:
        raise _bad_url() from None
    if url.password is not None or "password" in url.query:
        raise RegistryError(
            RegistryCode.PASSWORD_IN_URL,
            "登记库的 URL 中不得写口令，请改用 PGPASSFILE、服务文件（PGSERVICEFILE）或环境变量",
            "the registry's URL must hold no password: use PGPASSFILE, a service file (PGSERVICEFILE) or the "
            "environment")
    if url.drivername not in ("postgresql", "postgresql+psycopg"):
        raise _bad_url()
    arguments: dict[str, Any] = {} if "connect_timeout" in url.query else {"connect_timeout": 10}
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"), connect_args=arguments, pool_pre_ping=True,
            hide_parameters=True)
    except ImportError:
        raise RegistryError(
            RegistryCode.NO_DRIVER, "没有安装 PostgreSQL 驱动，请安装 zhengyin[postgresql]",
            "the driver for PostgreSQL is not installed: install zhengyin[postgresql]") from None
    return engine, url


def begin_writing(connection: Connection) -> None:
    """Make the connection's transaction the only one that writes, until it ends.

    SQLite has taken its lock with BEGIN IMMEDIATE; PostgreSQL takes an advisory one here.
    """
    if connection.dialect.name == "sqlite":
        return
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'")
    connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


@contextlib.contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn every failure of the database in the block into a :class:`RegistryError` about ``where``."""
    try:
        yield
    except StaleDataError as error:
        raise failure(RegistryCode.CONFLICT, where, "") from error
    except DBAPIError as error:
        raise failure_of(error.orig, where) from None
    except StatementError:
        raise                                   # a value of the wrong type: a fault of the program
    except SQLAlchemyError as error:
        raise failure_of(error, where) from None


def failure_of(error: BaseException | None, where: str) -> RegistryError:
    """Make of an error of a database's driver what the database at ``where`` cannot do."""
    return failure(_code(error), where, _reason(error))


def failure(code: RegistryCode, where: str, reason: str) -> RegistryError:
    """Make the error that says what the database at ``where`` cannot do."""
    zh, en = _WORDS[code]
    why = f"（{reason}）" if reason else ""
    why_en = f" ({reason})" if reason else ""
    return RegistryError(code, f"登记库 {where} {zh}{why}", f"the registry {where} {en}{why_en}", registry=where)


def _code(error: BaseException | None) -> RegistryCode:
    name = getattr(error, "sqlite_errorname", None)
    if name is not None:
        main = "_".join(str(name).split("_")[:2])
        return _SQLITE_CODES.get(main, RegistryCode.UNAVAILABLE)
    state = getattr(error, "sqlstate", None) or ""
    return _POSTGRESQL_CODES.get(state, _POSTGRESQL_CODES.get(state[:2], RegistryCode.UNAVAILABLE))


def _reason(error: BaseException | None) -> str:
    """What the database calls it; a server's own sentence only where there was no statement yet."""
    name = getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None)
    if name:
        return str(name)
    return str(error).strip().splitlines()[0] if type(error).__name__ == "OperationalError" else type(error).__name__


def _bad_url() -> RegistryError:
    return RegistryError(
        RegistryCode.BAD_URL, "登记库的 URL 应为 postgresql://用户@主机/库名，请更正 config.toml 的 registry",
        "the registry's URL must be postgresql://user@host/database: correct registry in config.toml")

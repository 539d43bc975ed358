"""What a home has issued: identifier → digest of the record → package, kept so that a kill loses nothing.

One issue is: find, reserve (with the use of the approval, in one transaction), make, keep. A reservation
without a package was never handed out, so the next attempt takes it over: the same record uses no further
approval, another record is another sealing and does. A kept package is never replaced.

Processes and threads exclude each other by a file lock for each identifier (256 stripes, named by the
first byte of its SM3); a stripe's lock guards its folder of packages as well.
"""

from __future__ import annotations

import contextlib
import enum
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from certs.files import FileError, locked, make_folder, read_file, sweep, write_atomic
from certs.sm3 import sm3
from codes.errors import EngineError

__all__ = ["Claim", "Entry", "Ledger", "LedgerCode", "LedgerError", "Reservation"]

_MAX_PACKAGE = 64 * 1024 * 1024
_BUSY_SECONDS = 60.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS licence (
    identifier TEXT PRIMARY KEY,
    record_sm3 BLOB NOT NULL,
    number     TEXT NOT NULL,
    address    TEXT NOT NULL,
    holder_sm3 BLOB NOT NULL,
    version    TEXT NOT NULL,
    reserved   TEXT NOT NULL,
    package_sm3 BLOB,
    issued     TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS licence_by_number ON licence (number);
CREATE INDEX IF NOT EXISTS licence_by_address ON licence (address);
CREATE TABLE IF NOT EXISTS approval_use (
    identifier TEXT NOT NULL,
    record_sm3 BLOB NOT NULL,
    approval   TEXT NOT NULL,
    used       TEXT NOT NULL,
    PRIMARY KEY (identifier, record_sm3)
) STRICT;
CREATE TABLE IF NOT EXISTS approval_total (
    approval TEXT PRIMARY KEY,
    used     INTEGER NOT NULL
) STRICT;
"""


class LedgerCode(enum.StrEnum):
    """Codes of :class:`LedgerError`."""

    EXISTS = "issue.exists"
    NUMBER_TAKEN = "issue.number-taken"
    ADDRESS_TAKEN = "issue.qr-taken"
    DAMAGED = "issue.store-damaged"
    UNAVAILABLE = "issue.store-unavailable"


class LedgerError(EngineError):
    """The ledger refuses, or cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one issue takes for itself.

    Attributes:
        record_sm3: 32 bytes, digest of the record.
        number: 许可证编号; address: the address in the QR code, as allocated; empty without QR code.
        holder_sm3: 32 bytes, digest of the holder's code (it may be a person's).
        version: 版本号.
    """

    identifier: str
    record_sm3: bytes
    number: str
    address: str
    holder_sm3: bytes
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is known of an identifier; ``package_sm3`` is None while only reserved."""

    identifier: str
    record_sm3: bytes
    package_sm3: bytes | None


_inherited: list[sqlite3.Connection] = []
"""Connections that a fork copied into this process: kept open, for closing one would disturb the parent's."""


class _PerThread(threading.local):
    """A connection belongs to the thread and the process that opened it."""

    connection: sqlite3.Connection | None = None
    process: int = 0


class Ledger:
    """The ledger of one home, in the folder ``issued`` (made when it is not there)."""

    def __init__(self, folder: Path) -> None:
        """Open or make the ledger.

        Raises:
            LedgerError: ``issue.store-unavailable``.
            FileError: the folder cannot be made.
        """
        self._folder = folder
        self._own = _PerThread()
        self._swept: set[str] = set()
        make_folder(folder)
        make_folder(folder / "locks")
        make_folder(folder / "packages")

    @property
    def _database(self) -> sqlite3.Connection:
        """This thread's connection; a forked child opens its own."""
        connection = self._own.connection
        if connection is None or self._own.process != os.getpid():
            if connection is not None:
                _inherited.append(connection)
            connection = sqlite3.connect(
                self._folder / "ledger.sqlite3", timeout=_BUSY_SECONDS, isolation_level=None)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_SCHEMA)
            self._require_rows(connection)
            self._own.connection, self._own.process = connection, os.getpid()
        return connection

    def _require_rows(self, connection: sqlite3.Connection) -> None:
        """An empty ledger beside kept packages has been lost: nothing more is issued from it."""
        if connection.execute("SELECT 1 FROM licence LIMIT 1").fetchone() is not None:
            return
        known = next((self._folder / "packages").glob("*/*.ofd"), None)
        if known is not None:
            raise LedgerError(
                LedgerCode.DAMAGED,
                f"台账为空，而 {known.parent.parent} 中已有证照：台账已丢失，请从备份恢复 ledger.sqlite3",
                f"the ledger is empty but {known.parent.parent} holds packages: it has been lost; "
                "restore ledger.sqlite3 from a backup", path=str(known))

    @contextlib.contextmanager
    def _transaction(self, *, durable: bool) -> Iterator[sqlite3.Connection]:
        """One write transaction; a durable one is on the disk when the block ends."""
        try:
            database = self._database
            database.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    database.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise _unavailable(self._folder, error) from error

    @contextlib.contextmanager
    def hold(self, identifier: str) -> Iterator[None]:
        """Keep every other process and thread from this identifier while the block runs.

        Raises:
            FileError: the lock cannot be made.
        """
        stripe = _stripe(identifier)
        with locked(self._folder / "locks" / stripe):
            if stripe not in self._swept:
                sweep(self._folder / "packages" / stripe)
                self._swept.add(stripe)
            yield

    def find(self, identifier: str) -> Entry | None:
        """Look up an identifier.

        Raises:
            LedgerError: ``issue.store-unavailable``.
        """
        try:
            row = self._database.execute(
                "SELECT record_sm3, package_sm3 FROM licence WHERE identifier = ?", (identifier,)).fetchone()
        except sqlite3.Error as error:
            raise _unavailable(self._folder, error) from error
        return None if row is None else Entry(identifier=identifier, record_sm3=row[0], package_sm3=row[1])

    def package(self, entry: Entry) -> bytes:
        """Return a kept package, checked against its digest.

        Raises:
            LedgerError: ``issue.store-damaged``.
        """
        path = self._path(entry.identifier)
        try:
            data = read_file(path, max_bytes=_MAX_PACKAGE)
        except FileError as error:
            raise _damaged(path) from error
        if sm3(data) != entry.package_sm3:
            raise _damaged(path)
        return data

    def reserve(
        self, claim: Claim, choose: Callable[[Mapping[str, int]], str], now: datetime,
    ) -> Reservation:
        """Take the identifier, the number and the QR address, and count one use of an approval.

        Call it inside :meth:`hold`.

        Args:
            choose: takes the uses counted so far (approval id → number) and returns the id of the approval
                that allows one more; raises when none does. Not asked when this record's sealing under
                this identifier was counted before.

        Raises:
            LedgerError: ``issue.exists``, ``issue.number-taken``, ``issue.qr-taken``,
                ``issue.store-damaged`` (a package stands there that no row explains: it is never replaced),
                ``issue.store-unavailable``. Whatever ``choose`` raises. Nothing is counted then.

        Source: R-000-05, R-003-22.
        """
        stamp = now.isoformat()
        with self._transaction(durable=True) as database:      # on the disk before any package is: see _require_rows
            row = database.execute(
                "SELECT package_sm3 FROM licence WHERE identifier = ?", (claim.identifier,)).fetchone()
            if row is not None and row[0] is not None:
                raise exists(claim.identifier)
            if row is None and self._path(claim.identifier).exists():
                raise _unknown_package(self._path(claim.identifier))
            _require_own(database, claim)
            approval, counted = _count_use(database, claim, choose, stamp)
            database.execute(
                "INSERT OR REPLACE INTO licence (identifier, record_sm3, number, address, holder_sm3,"
                " version, reserved) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (claim.identifier, claim.record_sm3, claim.number, claim.address, claim.holder_sm3,
                 claim.version, stamp))
        return Reservation(self, claim, approval, counted=counted)

    def _path(self, identifier: str) -> Path:
        return self._folder / "packages" / _stripe(identifier) / f"{identifier}.ofd"

    def _keep(self, claim: Claim, data: bytes, now: datetime) -> None:
        path = self._path(claim.identifier)
        make_folder(path.parent)
        write_atomic(path, data)
        with self._transaction(durable=True) as database:
            database.execute(
                "UPDATE licence SET package_sm3 = ?, issued = ? WHERE identifier = ?",
                (sm3(data), now.isoformat(), claim.identifier))

    def _release(self, claim: Claim, approval: str, *, counted: bool) -> None:
        entry = self.find(claim.identifier)
        if entry is None or entry.package_sm3 is None:          # what was written counted for nothing yet
            self._path(claim.identifier).unlink(missing_ok=True)
        with self._transaction(durable=False) as database:
            database.execute(
                "DELETE FROM licence WHERE identifier = ? AND package_sm3 IS NULL", (claim.identifier,))
            if counted:
                database.execute(
                    "DELETE FROM approval_use WHERE identifier = ? AND record_sm3 = ?",
                    (claim.identifier, claim.record_sm3))
                database.execute(
                    "UPDATE approval_total SET used = used - 1 WHERE approval = ?", (approval,))

    def used(self) -> dict[str, int]:
        """Return how many sealings were counted against each approval.

        Raises:
            LedgerError: ``issue.store-unavailable``.
        """
        try:
            return _used(self._database)
        except sqlite3.Error as error:
            raise _unavailable(self._folder, error) from error


class Reservation:
    """An identifier taken for one issue under ``approval``; ends with :meth:`keep` or :meth:`release`."""

    def __init__(self, ledger: Ledger, claim: Claim, approval: str, *, counted: bool) -> None:
        self.approval = approval
        self._ledger, self._claim, self._counted = ledger, claim, counted

    def keep(self, data: bytes, now: datetime) -> None:
        """Store the finished package: file first, then the row that makes it count.

        Raises:
            FileError, LedgerError: nothing is kept.
        """
        self._ledger._keep(self._claim, data, now)

    def release(self) -> None:
        """Give everything back after a failure: nothing left this process."""
        with contextlib.suppress(EngineError):                  # then the next attempt takes it over
            self._ledger._release(self._claim, self.approval, counted=self._counted)


def _stripe(identifier: str) -> str:
    return sm3(identifier.encode("utf-8"))[:1].hex()


def _require_own(database: sqlite3.Connection, claim: Claim) -> None:
    """A number names one licence (one holder, versions that differ); an address leads to one number."""
    rows = database.execute(
        "SELECT holder_sm3, version FROM licence WHERE number = ? AND identifier <> ?",
        (claim.number, claim.identifier)).fetchall()
    if any(holder != claim.holder_sm3 or version == claim.version for holder, version in rows):
        raise LedgerError(
            LedgerCode.NUMBER_TAKEN,
            f"许可证编号 {claim.number} 已用于另一张证照，请核对编号",
            f"number {claim.number} already belongs to another licence: check the number",
            number=claim.number)
    row = None if not claim.address else database.execute(
        "SELECT 1 FROM licence WHERE address = ? AND number <> ? LIMIT 1",
        (claim.address, claim.number)).fetchone()
    if row is not None:
        raise LedgerError(
            LedgerCode.ADDRESS_TAKEN,
            f"二维码地址 {claim.address} 已用于另一张证照，请核对二维码",
            f"the QR address {claim.address} already belongs to another licence: check 二维码",
            address=claim.address)


def _used(database: sqlite3.Connection) -> dict[str, int]:
    return dict(database.execute("SELECT approval, used FROM approval_total").fetchall())


def _count_use(
    database: sqlite3.Connection, claim: Claim, choose: Callable[[Mapping[str, int]], str], stamp: str,
) -> tuple[str, bool]:
    """Count a use unless this record's sealing was counted before; return its approval and whether it was."""
    row = database.execute(
        "SELECT approval FROM approval_use WHERE identifier = ? AND record_sm3 = ?",
        (claim.identifier, claim.record_sm3)).fetchone()
    if row is not None:
        return str(row[0]), False
    approval = choose(_used(database))
    database.execute(
        "INSERT INTO approval_use (identifier, record_sm3, approval, used) VALUES (?, ?, ?, ?)",
        (claim.identifier, claim.record_sm3, approval, stamp))
    database.execute(
        "INSERT INTO approval_total (approval, used) VALUES (?, 1)"
        " ON CONFLICT (approval) DO UPDATE SET used = used + 1", (approval,))
    return approval, True


def exists(identifier: str) -> LedgerError:
    """Make the refusal of a second record under an identifier."""
    return LedgerError(
        LedgerCode.EXISTS,
        f"证照标识 {identifier} 已用另一份数据签发，内容变更请使用新的版本号",
        f"identifier {identifier} was issued with another record: a change needs a new 版本号",
        identifier=identifier)


def _unknown_package(path: Path) -> LedgerError:
    return LedgerError(
        LedgerCode.DAMAGED, f"{path} 已存在，而台账中没有它：不予覆盖，请从备份恢复台账",
        f"{path} is there but the ledger does not know it: it is not replaced; restore the ledger from a backup",
        path=str(path))


def _damaged(path: Path) -> LedgerError:
    return LedgerError(
        LedgerCode.DAMAGED,
        f"已签发的文件 {path} 丢失或被改动，请从备份恢复",
        f"the issued package {path} is missing or changed: restore it from the backup",
        path=str(path))


def _unavailable(folder: Path, error: sqlite3.Error) -> LedgerError:
    return LedgerError(
        LedgerCode.UNAVAILABLE,
        f"签发台账 {folder / 'ledger.sqlite3'} 无法读写（{error}），请检查磁盘空间和权限",
        f"the ledger {folder / 'ledger.sqlite3'} cannot be used ({error}): check disk space and permissions",
        path=str(folder))

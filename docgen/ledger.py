"""What a home has issued: identifier → digest of the record → package, kept so that a kill loses nothing.

One issue is: find, reserve (with the use of the approval, in one transaction), make, keep. A reservation
without a package was never handed out, so the next attempt takes it over: the same record uses no further
approval, another record is another sealing and does. A kept package is never replaced.

What becomes of each use of a seal is written to the audit log in the same transactions (:mod:`docgen.use_log`).

Processes and threads exclude each other by a file lock for each identifier (256 stripes, named by the
first byte of its SM3); a stripe's lock guards its folder of packages as well.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from certs.files import FileError, locked, make_folder, read_file, remove, sweep, write_atomic
from certs.sm3 import sm3
from codes.errors import EngineError
from docgen.ledger_errors import LedgerCode, LedgerError, damaged, exists, unavailable, unknown_package
from docgen.ledger_file import connect
from docgen.ledger_tables import Claim, count_use, require_own, uses
from docgen.use_log import accept_clock, append, log_name

__all__ = ["Claim", "Entry", "Ledger", "LedgerError", "Reservation"]

_MAX_PACKAGE = 64 * 1024 * 1024


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
    log: str = ""
    process: int = 0


def _present() -> datetime:
    return datetime.now(UTC)


class Ledger:
    """The ledger of one home, in the folder ``issued`` (made when it is not there)."""

    def __init__(self, folder: Path, *, clock: Callable[[], datetime] = _present) -> None:
        """Open or make the ledger.

        Args:
            clock: the present, aware; the audit log's, whatever the moment of sealing.

        Raises:
            LedgerError: ``issue.store-unavailable``.
            FileError: the folder cannot be made.
        """
        self._folder, self._clock = folder, clock
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
            connection = connect(self._folder / "ledger.sqlite3")
            self._require_rows(connection)
            self._own.log = log_name(connection)
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
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One write transaction, on the disk when the block ends."""
        try:
            database = self._database
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    database.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise unavailable(self._folder, error) from error

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
            raise unavailable(self._folder, error) from error
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
            raise damaged(path) from error
        if sm3(data) != entry.package_sm3:
            raise damaged(path)
        return data

    def reserve(
        self, claim: Claim, choose: Callable[[Mapping[str, int]], str], now: datetime,
    ) -> Reservation:
        """Take the identifier, the number and the QR address, and count one use of an approval.

        Call it inside :meth:`hold`.

        Args:
            choose: takes the uses counted so far (approval id → number), without this record's under this
                identifier, and returns the id of the approval that allows one more; raises when none does.

        Raises:
            LedgerError: ``issue.exists``, ``issue.number-taken``, ``issue.qr-taken``,
                ``issue.store-damaged`` (a package stands there that no row explains: it is never replaced),
                ``issue.store-unavailable``, ``issue.clock-backwards``. Whatever ``choose`` raises. Nothing is counted
                then.

        Source: R-000-05, R-003-22.
        """
        stamp = now.isoformat()
        with self._transaction() as database:         # on the disk before any package is: see _require_rows
            row = database.execute(
                "SELECT package_sm3 FROM licence WHERE identifier = ?", (claim.identifier,)).fetchone()
            if row is not None and row[0] is not None:
                raise exists(claim.identifier)
            if row is None and self._path(claim.identifier).exists():
                raise unknown_package(self._path(claim.identifier))
            require_own(database, claim)
            approval, counted = count_use(database, claim, choose, stamp)
            database.execute(
                "INSERT OR REPLACE INTO licence (identifier, record_sm3, number, address, holder_sm3,"
                " version, reserved) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (claim.identifier, claim.record_sm3, claim.number, claim.address, claim.holder_sm3,
                 claim.version, stamp))
            self._note("reserved", _facts(claim, approval) | {"counted": counted})
        return Reservation(self, claim, approval, counted=counted)

    def _path(self, identifier: str) -> Path:
        return self._folder / "packages" / _stripe(identifier) / f"{identifier}.ofd"

    def refused(self, *, code: str, unit: str, seal_id: str, approval: str, record_sm3: bytes) -> None:
        """Log an attempt to use a seal that was refused.

        Args:
            code: of the refusal.
            unit: USCC of the authority whose seal was asked for.
            seal_id, approval: what the refusal names; empty where it names none.

        Raises:
            LedgerError: ``issue.store-unavailable``, ``issue.clock-backwards``.

        Source: R-003-54.
        """
        with self._transaction():
            self._note("refused", {"code": code, "unit": unit, "seal": seal_id, "approval": approval,
                                   "record": record_sm3.hex()})

    def accept_clock(self) -> None:
        """Go on by the clock as it is, although the last entry of the log bears a moment to come; the log says so.

        An administrator's act comes before it (``clock-accept``).

        Raises:
            LedgerError: ``issue.store-unavailable``.
        """
        with self._transaction() as database:
            accept_clock(database, self._own.log, at=self._clock())

    def _note(self, what: str, facts: Mapping[str, str | bool]) -> None:
        """Append to the audit log; inside :meth:`_transaction`."""
        append(self._database, self._own.log, at=self._clock(), event=f"use.{what}", facts=facts)

    def _keep(self, claim: Claim, approval: str, data: bytes, now: datetime) -> None:
        path = self._path(claim.identifier)
        make_folder(path.parent)
        write_atomic(path, data)
        digest = sm3(data)
        with self._transaction() as database:
            database.execute(
                "UPDATE licence SET package_sm3 = ?, issued = ? WHERE identifier = ?",
                (digest, now.isoformat(), claim.identifier))
            self._note("sealed", _facts(claim, approval) | {"package": digest.hex()})

    def _release(self, claim: Claim, approval: str, *, counted: bool) -> None:
        entry = self.find(claim.identifier)
        if entry is None or entry.package_sm3 is None:          # what was written counted for nothing yet
            remove(self._path(claim.identifier))                # gone for good before the row that explains it
        with self._transaction() as database:
            database.execute(
                "DELETE FROM licence WHERE identifier = ? AND package_sm3 IS NULL", (claim.identifier,))
            if counted:
                database.execute(
                    "DELETE FROM approval_use WHERE identifier = ? AND record_sm3 = ?",
                    (claim.identifier, claim.record_sm3))
                database.execute(
                    "UPDATE approval_total SET used = used - 1 WHERE approval = ?", (approval,))
            self._note("given-back", _facts(claim, approval) | {"counted": counted})

    def used(self) -> dict[str, int]:
        """Return how many sealings were counted against each approval.

        Raises:
            LedgerError: ``issue.store-unavailable``.
        """
        try:
            return uses(self._database)
        except sqlite3.Error as error:
            raise unavailable(self._folder, error) from error


class Reservation:
    """An identifier taken for one issue under ``approval``; ends with :meth:`keep` or :meth:`release`."""

    def __init__(self, ledger: Ledger, claim: Claim, approval: str, *, counted: bool) -> None:
        self.approval = approval
        self._ledger, self._claim, self._counted = ledger, claim, counted

    def used_before(self) -> dict[str, int]:
        """Return the uses counted against each approval without this one.

        Raises:
            LedgerError: ``issue.store-unavailable``.
        """
        used = self._ledger.used()
        used[self.approval] -= 1
        return used

    def keep(self, data: bytes, now: datetime) -> None:
        """Store the finished package: file first, then the row that makes it count.

        Raises:
            FileError, LedgerError: nothing is kept.
        """
        self._ledger._keep(self._claim, self.approval, data, now)

    def release(self) -> None:
        """Give everything back after a failure: nothing left this process."""
        with contextlib.suppress(EngineError):                  # then the next attempt takes it over
            self._ledger._release(self._claim, self.approval, counted=self._counted)


def _facts(claim: Claim, approval: str) -> dict[str, str | bool]:
    """What the audit log says of a use: no personal data (R-003-54)."""
    return {"identifier": claim.identifier, "record": claim.record_sm3.hex(), "seal": claim.seal_id,
            "approval": approval}


def _stripe(identifier: str) -> str:
    return sm3(identifier.encode("utf-8"))[:1].hex()

"""The tables of the ledger, and what must hold between their rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from docgen.ledger_errors import LedgerCode, LedgerError
from docgen.use_log import USE_LOG_SCHEMA

__all__ = ["SCHEMA", "Claim", "count_use", "require_own", "uses"]

SCHEMA: Final = """
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
""" + USE_LOG_SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one issue takes for itself.

    Attributes:
        record_sm3: 32 bytes, digest of the record.
        number: 许可证编号; address: the address in the QR code, as allocated; empty without QR code.
        holder_sm3: 32 bytes, digest of the holder's code (it may be a person's).
        version: 版本号.
        seal_id: esID of the seal that will be set.
    """

    identifier: str
    record_sm3: bytes
    number: str
    address: str
    holder_sm3: bytes
    version: str
    seal_id: str


def require_own(database: sqlite3.Connection, claim: Claim) -> None:
    """Demand that a number names one licence (one holder, versions that differ), and an address leads to one number.

    Raises:
        LedgerError: ``issue.number-taken``, ``issue.qr-taken``.
    """
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


def uses(database: sqlite3.Connection) -> dict[str, int]:
    """Return how many sealings were counted against each approval."""
    return dict(database.execute("SELECT approval, used FROM approval_total").fetchall())


def count_use(
    database: sqlite3.Connection, claim: Claim, choose: Callable[[Mapping[str, int]], str], stamp: str,
) -> tuple[str, bool]:
    """Count a use unless this record's sealing was counted before; return its approval and whether it is new.

    What was counted before is not counted again, but asked again: the approval may have been taken back since, or
    the seal replaced.
    """
    row = database.execute(
        "SELECT approval FROM approval_use WHERE identifier = ? AND record_sm3 = ?",
        (claim.identifier, claim.record_sm3)).fetchone()
    used = uses(database)
    if row is not None:
        used[row[0]] -= 1
    approval = choose(used)
    if row is not None and row[0] == approval:
        return approval, False
    if row is not None:
        database.execute("UPDATE approval_total SET used = used - 1 WHERE approval = ?", row)
    database.execute(
        "INSERT OR REPLACE INTO approval_use (identifier, record_sm3, approval, used) VALUES (?, ?, ?, ?)",
        (claim.identifier, claim.record_sm3, approval, stamp))
    database.execute(
        "INSERT INTO approval_total (approval, used) VALUES (?, 1)"
        " ON CONFLICT (approval) DO UPDATE SET used = used + 1", (approval,))
    return approval, True

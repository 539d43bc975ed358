"""What the ledger refuses, and why it cannot be used."""

from __future__ import annotations

import enum
import sqlite3
from datetime import datetime
from pathlib import Path

from codes.china_time import time_en, time_zh
from codes.errors import EngineError

__all__ = ["LedgerCode", "LedgerError", "clock_backwards", "damaged", "exists", "unavailable", "unknown_package"]


class LedgerCode(enum.StrEnum):
    """Codes of :class:`LedgerError`."""

    EXISTS = "issue.exists"
    NUMBER_TAKEN = "issue.number-taken"
    ADDRESS_TAKEN = "issue.qr-taken"
    DAMAGED = "issue.store-damaged"
    UNAVAILABLE = "issue.store-unavailable"
    CLOCK_BACKWARDS = "issue.clock-backwards"


class LedgerError(EngineError):
    """The ledger refuses, or cannot be used."""


def exists(identifier: str) -> LedgerError:
    """Make the refusal of a second record under an identifier."""
    return LedgerError(
        LedgerCode.EXISTS,
        f"证照标识 {identifier} 已用另一份数据签发，内容变更请使用新的版本号",
        f"identifier {identifier} was issued with another record: a change needs a new 版本号",
        identifier=identifier)


def unknown_package(path: Path) -> LedgerError:
    """Make the refusal of a package that stands where no row explains it."""
    return LedgerError(
        LedgerCode.DAMAGED, f"{path} 已存在，而台账中没有它：不予覆盖，请从备份恢复台账",
        f"{path} is there but the ledger does not know it: it is not replaced; restore the ledger from a backup",
        path=str(path))


def damaged(path: Path) -> LedgerError:
    """Make the refusal of a kept package that is gone or changed."""
    return LedgerError(
        LedgerCode.DAMAGED,
        f"已签发的文件 {path} 丢失或被改动，请从备份恢复",
        f"the issued package {path} is missing or changed: restore it from the backup",
        path=str(path))


def unavailable(folder: Path, error: sqlite3.Error) -> LedgerError:
    """Make the refusal when SQLite cannot work."""
    return LedgerError(
        LedgerCode.UNAVAILABLE,
        f"签发台账 {folder / 'ledger.sqlite3'} 无法读写（{error}），请检查磁盘空间和权限",
        f"the ledger {folder / 'ledger.sqlite3'} cannot be used ({error}): check disk space and permissions",
        path=str(folder))


def clock_backwards(clock: datetime, last: datetime) -> LedgerError:
    """Make the refusal of a clock that stands before the last entry of the log of seal use (both aware)."""
    return LedgerError(
        LedgerCode.CLOCK_BACKWARDS,
        f"本机时钟（{time_zh(clock)}）早于用印日志的最后一条（{time_zh(last)}），不予签发；请先校准时钟，"
        "如错的是那一条，请管理员执行 zhengyin seals accept-clock",
        f"this machine's clock ({time_en(clock)}) stands before the last entry of the log of seal use "
        f"({time_en(last)}), so nothing is issued: set the clock right, or, if that entry is wrong, have an "
        "administrator run zhengyin seals accept-clock")

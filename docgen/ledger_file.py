"""The ledger's SQLite file: its owner's alone, and on the disk whatever is committed."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Final

from certs.files import reported
from docgen.ledger_tables import SCHEMA

__all__ = ["connect"]

_BUSY_SECONDS: Final = 60.0
_BESIDE: Final = ("", "-wal", "-shm")


def connect(path: Path) -> sqlite3.Connection:
    """Open the ledger's file, made with its tables when it is not there.

    A use that was counted and then lost would be had twice, one that was given back and then lost is nobody's: each
    commit waits for the disk.

    Raises:
        FileError: the file cannot be made, or not be kept from others.
        sqlite3.Error: it is no ledger, or cannot be used.
    """
    with reported(path):
        _keep_from_others(path)
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(SCHEMA)
    except BaseException:
        connection.close()
        raise
    return connection


def _keep_from_others(path: Path) -> None:
    """Make the file with mode 0600, whatever the umask, or tighten what is there; SQLite makes its others like it."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    for beside in _BESIDE:
        file = path.with_name(path.name + beside)
        with contextlib.suppress(FileNotFoundError):
            if file.stat().st_mode & 0o077:
                file.chmod(0o600)

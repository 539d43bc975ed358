"""What a home remembers of its counts outside of them, in ``signer.id``: which they are, and how long their log was.

A signature leaves once the mark is on the disk, so counts that were put back from before it are found out. The mark is
written over in place, its length always the same, which costs the disk less than a new file; whoever writes it reads it
first, under a lock, so that several threads and signers never set it back.
"""

from __future__ import annotations

import fcntl
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from certs.files import FileCode, FileError, read_file, reported, write_atomic
from certs.remote_wire import RemoteCode, RemoteError

__all__ = ["Mark", "Remembered", "unusable"]

_FILE: Final = "signer.id"
_DIGITS: Final = 12
_LINE: Final = re.compile(rb"([0-9a-f]{32}) ([0-9]{1,12})\n")


@dataclass(frozen=True, slots=True)
class Remembered:
    """Which counts they are, and how many entries their log had at least."""

    id: str
    entries: int


class Mark:
    """The mark of one home; safe to share between threads and with other signers."""

    def __init__(self, home: Path) -> None:
        self.path = home / _FILE

    def read(self) -> Remembered | None:
        """Return what is remembered; None where nothing is yet.

        Raises:
            RemoteError: ``signer.state``: it is damaged.
            FileError: it cannot be read.
        """
        try:
            return self._read(read_file(self.path, max_bytes=256))
        except FileError as error:
            if error.code is not FileCode.MISSING:
                raise
            return None

    def write(self, counts: str, entries: int, *, back: bool = False) -> None:
        """Remember these counts and that their log has so many entries, or more where that is known already.

        Args:
            back: remember so many, even where more are known.

        Raises:
            RemoteError: ``signer.state``: it is damaged, and is left as it is.
            FileError: it cannot be written.
        """
        line = b"%s %0*d\n" % (counts.encode("ascii"), _DIGITS, entries)
        with reported(self.path):
            try:
                handle = os.open(self.path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            except FileNotFoundError:
                write_atomic(self.path, line)
                return
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                before = os.pread(handle, 256, 0)
                if self._read(before).entries >= entries and len(before) == len(line) and not back:
                    return
                os.pwrite(handle, line, 0)
                os.fdatasync(handle)
            finally:
                os.close(handle)

    def _read(self, data: bytes) -> Remembered:
        found = _LINE.fullmatch(data)
        if found is None:
            raise unusable(str(self.path), "it is damaged: restore it", "已损坏，请从备份恢复")
        return Remembered(found[1].decode("ascii"), int(found[2]))


def unusable(where: str, reason: str, zh: str) -> RemoteError:
    """Make the refusal of counts, or of their mark, that cannot be used; ``reason`` and ``zh`` say why."""
    return RemoteError(
        RemoteCode.STATE, f"签名计数 {where} 无法使用（{zh}），没有签名",
        f"the signer's counts in {where} cannot be used ({reason}), so nothing is signed", path=where)

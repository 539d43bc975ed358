"""What a home remembers of its counts outside of them, in ``signer.id``: which they are, and where their log stood.

A signature leaves once the mark is on the disk, so counts that were put back from before it, or that went on otherwise
since, are found out. The mark is written over in place, its length always the same, which costs the disk less than a
new file; whoever writes it reads it first, under a lock, so that several threads and signers never set it back.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from certs.files import reported, write_atomic
from certs.remote_wire import RemoteCode, RemoteError

__all__ = ["Mark", "Remembered", "unusable"]

_FILE: Final = "signer.id"
_MAX_BYTES: Final = 256
_LINE: Final = re.compile(rb"([0-9a-f]{32})(?: ([0-9]{1,12})(?: ([0-9a-f]{64}))?)?\n")
"""Id, length, digest; the two last are not in marks that were written before they were kept."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """Which counts they are, and where their log stood.

    Attributes:
        entries: how many it had; digest: of the last of them, in hex; "" where there was none, or it is not known.
    """

    id: str
    entries: int
    digest: str

    def line(self) -> bytes:
        """Return what the file holds: 111 bytes."""
        return f"{self.id} {self.entries:012d} {self.digest:0>64}\n".encode("ascii")


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
        with reported(self.path):
            try:
                with self._locked(os.O_RDONLY | os.O_NONBLOCK, fcntl.LOCK_SH) as handle:
                    return self._read(os.pread(handle, _MAX_BYTES, 0))
            except FileNotFoundError:
                return None

    def begin(self, reached: Remembered) -> None:
        """Remember this whatever was remembered of the same counts; call it while nobody else can count.

        Raises:
            RemoteError: ``signer.state``: it is damaged or of other counts, and is left as it is.
            FileError: it cannot be written.
        """
        with reported(self.path):
            try:
                with self._locked(os.O_RDWR, fcntl.LOCK_EX) as handle:
                    self._of_same(reached, handle)
                    _write(handle, reached)
            except FileNotFoundError:
                write_atomic(self.path, reached.line())

    def follow(self, reached: Remembered) -> None:
        """Remember this, unless more entries are remembered already.

        Raises:
            RemoteError: ``signer.state``: it is gone, damaged, of other counts or of another course of these, and is
                left as it is.
            FileError: it cannot be written.
        """
        with reported(self.path):
            try:
                with self._locked(os.O_RDWR, fcntl.LOCK_EX) as handle:
                    before = self._of_same(reached, handle)
                    if before.entries == reached.entries and before.digest not in ("", reached.digest):
                        raise unusable(str(self.path), "it remembers another log of these counts",
                                       "所记的是这份计数的另一份日志")
                    if before.entries < reached.entries or (
                            before.entries == reached.entries and before.digest != reached.digest):
                        _write(handle, reached)
            except FileNotFoundError:
                raise self.gone() from None

    def gone(self) -> RemoteError:
        """Make the refusal of counts beside which there is no mark."""
        return unusable(
            str(self.path), "it is gone, or was never here beside counts that have entries: restore it, or see "
            "Restoring in docs/signer.md",
            "已不在，或从未与已有条目的计数在一起，请从备份恢复，或见 docs/signer.zh.md 的“恢复”")

    def _of_same(self, reached: Remembered, handle: int) -> Remembered:
        """Return what an open mark holds; it must be of the same counts."""
        before = self._read(os.pread(handle, _MAX_BYTES, 0))
        if before.id != reached.id:
            raise unusable(str(self.path), "it names other counts: restore it", "所记的是另一份计数，请从备份恢复")
        return before

    @contextlib.contextmanager
    def _locked(self, flags: int, lock: int) -> Iterator[int]:
        handle = os.open(self.path, flags | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, lock)
            yield handle
        finally:
            os.close(handle)

    def _read(self, data: bytes) -> Remembered:
        found = _LINE.fullmatch(data)
        if found is None:
            raise unusable(str(self.path), "it is damaged: restore it", "已损坏，请从备份恢复")
        entries = int(found[2] or 0)
        return Remembered(found[1].decode("ascii"), entries, (found[3] or b"").decode("ascii") if entries else "")


def _write(handle: int, reached: Remembered) -> None:
    os.pwrite(handle, reached.line(), 0)
    os.fdatasync(handle)


def unusable(where: str, reason: str, zh: str) -> RemoteError:
    """Make the refusal of counts, or of their mark, that cannot be used; ``reason`` and ``zh`` say why."""
    return RemoteError(
        RemoteCode.STATE, f"签名计数 {where} 无法使用（{zh}），没有签名",
        f"the signer's counts in {where} cannot be used ({reason}), so nothing is signed", path=where)

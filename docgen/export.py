"""Finished files in the folder that the caller names: each appears under its name only when complete."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from certs.files import FileError, make_folder, read_file, write_atomic

__all__ = ["export"]

_MODE = 0o644
_LEFT_BEHIND = re.compile(r"\.[0-9][0-9A-Z.]+\.(?:ofd|pdf)\.tmp-[0-9a-f]+")
_cleared: set[tuple[int, int]] = set()


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Share the folder with other writers; where there is none, first clear what a killed one left.

    The lock is on the folder itself, so no lock file is left in it. Clearing is done once a process.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        facts = os.fstat(handle)
        mark = (facts.st_dev, facts.st_ino)
        if mark not in _cleared:
            with contextlib.suppress(OSError):                      # somebody writes: leave it to the next
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for entry in os.scandir(handle):
                    if _LEFT_BEHIND.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                        os.unlink(entry.name, dir_fd=handle)
                _cleared.add(mark)
        with contextlib.suppress(OSError):                          # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)


def _is_there(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size == len(data) and read_file(path, max_bytes=len(data)) == data
    except (FileError, OSError):
        return False


def export(folder: Path, files: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write ``files`` (name → content) into ``folder``, in their order; make the folder when needed.

    A file that is there already with the same content is left alone.

    Raises:
        FileError: ``file.no-space``, ``file.denied`` …; files already complete stay.
    """
    make_folder(folder, mode=0o755)
    paths = tuple(folder / name for name in files)
    with _writing(folder):
        for path, data in zip(paths, files.values(), strict=True):
            if not _is_there(path, data):
                write_atomic(path, data, mode=_MODE)
    return paths

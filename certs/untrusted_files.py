"""Reading a folder that comes from strangers: no links, no pipes, no file larger than it may be, no exception."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

__all__ = ["is_folder", "lines", "names", "open_regular", "printable", "read_regular"]

_CHUNK: Final = 1024 * 1024


def is_folder(path: Path) -> bool:
    """Whether ``path`` is a folder and no link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def names(folder: Path, *, at_most: int) -> list[str] | None:
    """Return the names in ``folder`` in order; None when there are more, or it cannot be read."""
    found: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                found.append(entry.name)
                if len(found) > at_most:
                    return None
    except (OSError, ValueError):
        return None
    return sorted(found)


def open_regular(path: Path) -> BinaryIO | None:
    """Open a regular file that is no link; None for anything else. Nothing, such as a pipe, is waited for."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    return os.fdopen(handle, "rb", buffering=_CHUNK)


def read_regular(path: Path, *, max_bytes: int) -> bytes | None:
    """Return the content of a regular file that is no link and not larger; None for anything else."""
    file = open_regular(path)
    if file is None:
        return None
    with file:
        try:
            data = file.read(min(max_bytes, os.fstat(file.fileno()).st_size) + 1)
        except OSError:
            return None
    return data if len(data) <= max_bytes else None


def lines(file: BinaryIO, *, max_bytes: int) -> Iterator[bytes | None]:
    """Yield the lines without their breaks; None for one that is longer, has no break, or cannot be read."""
    try:
        while line := file.readline(max_bytes + 1):
            if line.endswith(b"\n"):
                yield line[:-1]
                continue
            yield None
            while line and not line.endswith(b"\n"):
                line = file.readline(_CHUNK)
    except OSError:
        yield None


def printable(value: object, *, at_most: int = 200) -> str:
    """Return a text that is safe to print: what is not printable is escaped, what is too long is cut."""
    text = str(value)
    shown = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text[:at_most])
    return shown + "…" if len(text) > at_most else shown

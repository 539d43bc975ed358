"""What changes when a file does: by it, what was read once is kept until then."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["FileMark", "mark_file", "mark_files"]

FileMark = tuple[str, int, int, int, int]
"""Name, inode, times (ns) of the last change of content and of anything, which nobody sets back, size."""


def mark_file(path: Path) -> FileMark | None:
    """Return the mark of a file; None when it is not there.

    Raises:
        OSError: it cannot be reached.
    """
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return str(path), stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size


def mark_files(folder: Path, ending: str = "") -> tuple[FileMark, ...]:
    """Return the marks of what lies in a folder, by name; none where there is no such folder.

    Args:
        ending: only names that end so, hidden ones left out; everything without it.

    Raises:
        OSError: the folder cannot be reached.
    """
    try:
        with os.scandir(folder) as entries:
            stats = [(entry.name, entry.stat()) for entry in entries
                     if not ending or (entry.name.endswith(ending) and not entry.name.startswith("."))]
    except FileNotFoundError:
        return ()
    return tuple(sorted((name, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size) for name, stat in stats))

"""The files of the folders that are named on a command line."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from pathlib import Path

__all__ = ["files_below"]


def files_below(folder: Path, endings: Container[str]) -> Iterator[Path]:
    """The files below a folder, with whatever else has a name of one of the endings (pipes, sockets, devices, dangling
    links), and the folders that cannot be read.

    Args:
        endings: in small letters, each with its dot.
    """
    closed: list[Path] = []
    for place, _, names in os.walk(folder, onerror=lambda error: closed.append(Path(error.filename))):
        for one in (Path(place, name) for name in names):
            if one.suffix.lower() in endings or one.is_file():
                yield one
    yield from closed

"""A trust folder that is read once, and again when it has changed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from certs.file_marks import mark_files
from certs.trust import Trust
from codes.errors import EngineError

__all__ = ["TrustFolder"]

_LOOK_S: Final = 1.0                     # between two looks whether it has changed


class TrustFolder:
    """What a process keeps of a trust folder from file to file."""

    def __init__(self) -> None:
        self._trust: Trust | None = None
        self._marks: object = None
        self._looked = -_LOOK_S

    def read(self, folder: str | None) -> Trust | Path | None:
        """Return what the folder holds; its path where it cannot be read, which the report then tells."""
        if folder is None:
            return None
        path = Path(folder)
        if self._marks is not None and time.monotonic() - self._looked < _LOOK_S:
            return self._trust
        self._looked = time.monotonic()
        try:
            marks = (folder, mark_files(path), *(mark_files(one) for one in sorted(path.iterdir()) if one.is_dir()))
            if marks != self._marks:
                self._trust = Trust.load(path)
                self._marks = marks
        except (EngineError, OSError):
            self._marks = None
            return path
        return self._trust

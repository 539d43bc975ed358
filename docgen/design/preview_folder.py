"""The folder of a preview: only what a preview has put there is ever replaced or removed.

A file in it names what was put there, with the digest of each; a folder without that file is used only while it is
empty, and a file that has become another one since stays where it is.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from codes.others_words import system_words
from docgen.design.findings import DesignError, FindingCode

__all__ = ["DRAWN", "MARK_NAME", "PreviewFolder"]

MARK_NAME = ".zhengyin-preview.json"
"""The file that says of a folder that a preview made it."""

DRAWN = re.compile(r"page-[0-9]{1,4}\.svg|preview\.(?:pdf|ofd)|index\.html")
"""Names of the files of a preview."""

_MOST_BYTES = 1_000_000         # of the mark


class PreviewFolder:
    """A folder in which previews are put one after the other."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def files(self) -> list[Path]:
        """The files of the preview that is there, sorted; none where the folder is not one of ours."""
        return [self.path / name for name in sorted(self._put() or ()) if (self.path / name).is_file()]

    def clear(self) -> None:
        """Make the folder, or remove the preview that is in it.

        Raises:
            DesignError: ``design.out-folder``: something is there that no preview has put there; nothing is removed.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            put = self._put()
            if put is None:
                if any(self.path.iterdir()):
                    raise _foreign(self.path, "里面有别的文件，又不是预览目录",
                                   "it holds other files and is no folder of previews")
                put = {}
            here = [name for name in put if os.path.lexists(self.path / name)]
            for name in here:
                path = self.path / name
                if path.is_symlink() or not path.is_file() or _digest(path.read_bytes()) != put[name]:
                    raise _foreign(self.path, f"其中的 {name} 不是预览所写的那个文件",
                                   f"the {name} in it is not the one that a preview wrote")
            for name in here:
                (self.path / name).unlink()
            self._mark({})
        except OSError as error:
            raise _failed(self.path, error) from error

    def put(self, files: Mapping[str, bytes]) -> None:
        """Put a preview into the folder that was cleared.

        Args:
            files: name, one of :data:`DRAWN`, → content.

        Raises:
            DesignError: ``design.out-folder``: one of them is there already, or it cannot be written.
        """
        for name in files:
            if os.path.lexists(self.path / name):
                raise _foreign(self.path, f"其中已有别的 {name}", f"there is another {name} in it")
        try:
            self._mark({name: _digest(data) for name, data in files.items()})      # first: what is there is known
            for name, data in files.items():
                with (self.path / name).open("xb") as file:
                    file.write(data)
        except OSError as error:
            raise _failed(self.path, error) from error

    def _put(self) -> dict[str, str] | None:
        """Name → digest of what was put there; None where no mark of ours is."""
        path = self.path / MARK_NAME
        try:
            if path.is_symlink() or path.stat().st_size > _MOST_BYTES:
                return None
            files = json.loads(path.read_bytes())["preview"]
        except (OSError, ValueError, RecursionError, KeyError, TypeError):
            return None
        if not isinstance(files, dict):
            return None
        return {name: str(digest) for name, digest in files.items() if DRAWN.fullmatch(name)}

    def _mark(self, files: dict[str, str]) -> None:
        new = self.path / f"{MARK_NAME}.new"
        new.unlink(missing_ok=True)
        with new.open("x", encoding="ascii") as file:
            json.dump({"preview": files}, file, indent=1)
        new.replace(self.path / MARK_NAME)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _foreign(path: Path, zh: str, en: str) -> DesignError:
    return DesignError(
        FindingCode.OUT, f"预览目录 {path} 不能使用：{zh}；未作改动，请用 --out 另选新目录或空目录",
        f"{path} cannot take a preview: {en}; nothing was changed. Choose a new or empty folder with --out")


def _failed(path: Path, error: OSError) -> DesignError:
    zh, en = system_words(error)
    return DesignError(
        FindingCode.OUT, f"预览目录 {path} 不能写入（{zh}），请检查，或用 --out 另选目录",
        f"{path} cannot be written ({en}); check it, or choose another folder with --out")

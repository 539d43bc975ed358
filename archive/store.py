"""An archive as a folder: which licences are in it, and who may write to one at a time."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from archive.errors import ArchiveCode, ArchiveError
from archive.layout import MARK, folder_of, stripe_of
from certs.files import flushed, locked, make_folder, publishing, read_file, reported, sweep, write_atomic
from codes.identifier import Identifier, IdentifierError

__all__ = ["Archive", "publish_tree"]

_FORM: Final = {"type": "zhengyin/archive/1"}
_STRIPE: Final = re.compile(r"[0-9a-f]{2}", re.ASCII)
_MAX_MARK: Final = 4096


@dataclass(frozen=True, slots=True)
class Archive:
    """An opened archive; any number of processes may work in it."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> Archive:
        """Open an archive.

        Raises:
            ArchiveError: ``archive.not-an-archive``.
            FileError: the folder cannot be read.
        """
        if not (path / MARK).is_file() or path.is_symlink():
            raise _none(path)
        try:
            found = json.loads(read_file(path / MARK, max_bytes=_MAX_MARK))
        except (ValueError, RecursionError):
            found = None
        if found != _FORM:
            raise _none(path)
        return cls(path)

    @classmethod
    def prepare(cls, path: Path) -> Archive:
        """Open an archive, or make one where there is nothing or an empty folder.

        Raises:
            ArchiveError: ``archive.not-an-archive``: other things lie there.
            FileError: the folder cannot be made.
        """
        with reported(path):
            if not (path / MARK).exists():
                make_folder(path)
                if any(entry.name != "locks" and not entry.name.startswith(".") for entry in path.iterdir()):
                    raise _none(path)
                write_atomic(path / MARK, json.dumps(_FORM).encode() + b"\n", mode=0o644)
        return cls.open(path)

    def identifiers(self) -> Iterator[str]:
        """Every licence, in the order of folders."""
        with reported(self.path):
            for stripe in sorted(each for each in self.path.iterdir() if _STRIPE.fullmatch(each.name)):
                yield from sorted(each.name for each in stripe.iterdir() if _is_own(each.name, stripe.name))

    def folder(self, identifier: str) -> Path:
        """Where a licence lies, whether or not it is there.

        Raises:
            ArchiveError: ``archive.identifier``; ``archive.damaged``: the way there is a link, which is not followed.
        """
        folder = folder_of(self.path, identifier)
        if folder.parent.is_symlink():
            raise ArchiveError(
                ArchiveCode.DAMAGED, f"{folder.parent} 是链接，档案不跟随链接；请把目录本身放回原处",
                f"{folder.parent} is a link, and an archive follows none: put the folder itself in its place")
        return folder

    def existing(self, identifier: str) -> Path:
        """Where a licence lies.

        Raises:
            ArchiveError: ``archive.unknown``, and those of :meth:`folder`.
        """
        folder = self.folder(identifier)
        if folder.is_symlink() or not folder.is_dir():
            raise ArchiveError(
                ArchiveCode.UNKNOWN,
                f"{identifier} 不在档案 {self.path} 中：从未归档，或已被删除、移走；请用 zhengyin archive list 查看",
                f"{identifier} is not in the archive {self.path}: it never was, or it was deleted or moved; see "
                "zhengyin archive list")
        return folder

    @contextlib.contextmanager
    def held(self, identifier: str) -> Iterator[Path]:
        """Give the block the folder of a licence; meanwhile no other process writes to it or its neighbours.

        Raises:
            ArchiveError: those of :meth:`folder`.
            FileError: the lock cannot be had.
        """
        folder = self.folder(identifier)
        make_folder(self.path / "locks")
        with locked(self.path / "locks" / stripe_of(identifier)):
            yield folder

    def publish(self, identifier: str, files: Mapping[str, bytes]) -> None:
        """Make a package appear with all its files at once; call it while it is :meth:`held`.

        Raises:
            FileError: it cannot be written; nothing of it is left then.
        """
        folder = self.folder(identifier)
        make_folder(folder.parent)
        sweep(folder.parent)
        publish_tree(folder, files)


def publish_tree(path: Path, files: Mapping[str, bytes]) -> None:
    """Make a folder appear with files in folders of their own, all at once.

    Raises:
        FileError: it cannot be written, or exists; nothing of it is left then.
    """
    with publishing(path) as temporary:
        for name, data in files.items():
            place = temporary / name
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with flushed(place) as file:
                file.write(data)


def _is_own(name: str, stripe: str) -> bool:
    try:
        return Identifier.parse(name).text() == name and stripe_of(name) == stripe
    except IdentifierError:
        return False


def _none(path: Path) -> ArchiveError:
    return ArchiveError(
        ArchiveCode.NOT_AN_ARCHIVE, f"{path} 不是档案目录（没有 {MARK}），也不是空目录，未作任何改动；请核对路径",
        f"{path} is no archive (it has no {MARK}) and no empty folder; nothing was changed: check the path",
        path=str(path))

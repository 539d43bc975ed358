"""Backing up a home whole into one encrypted file, and making a new home of such a file.

Inside :mod:`certs.backup_file` lies one record after another, each a length (4 bytes, big-endian) and canonical JSON::

    {"format": 1, "name": name of the home, "packages": true or false}      first
    {"mode": permissions, "path": below the home, "size": bytes}            a file; its content follows
    {"mode": permissions, "path": below the home, "size": null}             a folder, before what is in it
    length 0                                                                last

The permissions tell how it was; what is restored is its owner's alone, files 0600 and folders 0700.

Databases are never copied as files: whoever knows them makes snapshots, after the files, so that a database is never
older than the files it speaks of; files that appeared meanwhile follow, the packages last. A home that is restored
appears under its name when it is whole.
"""

from __future__ import annotations

import secrets
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from certs.backup_file import BACKUP_COST, BackupCode, BackupError, BackupReader, BackupWriter
from certs.canonical_json import JSON, JsonError, decode, encode, is_object
from certs.config import Password, load_config
from certs.files import FileCode, FileError, flushed, locked, publishing, reported, writing
from certs.pkcs8 import ScryptCost
from certs.untrusted_files import open_regular, printable

__all__ = ["DATABASES", "BackupMade", "Manifest", "copy_sqlite", "restore_files", "write_backup"]

DATABASES: Final = ("registry.sqlite3", "issued/ledger.sqlite3", "signer.sqlite3")
"""The SQLite files of a home, which go into a backup as snapshots."""
_PACKAGES: Final = "issued/packages"
_FORMAT: Final = 1
_MAX_RECORD: Final = 64 * 1024
_PIECE: Final = 1024 * 1024
_BUSY_SECONDS: Final = 60.0
_OWN, _TEMPORARY = ".backup", ".tmp-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself: when it was made, of which home, with or without the issued packages."""

    created: datetime
    name: str
    packages: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupMade:
    """A finished backup: SM3 of the file, how many files of the home it holds, and of how many bytes."""

    sm3: bytes
    files: int
    size: int


@dataclass(slots=True)
class _Archive:
    """The records while they are written; ``names`` are the paths that are in them."""

    out: BackupWriter
    names: set[str] = field(default_factory=set)
    files: int = 0
    size: int = 0

    def record(self, content: Mapping[str, JSON]) -> None:
        """Write one record."""
        data = encode(content)
        self.out.write(len(data).to_bytes(4, "big") + data)

    def end(self) -> None:
        """Write the record that says that nothing follows."""
        self.out.write(bytes(4))

    def add_folder(self, name: str, mode: int) -> None:
        """Add a folder."""
        self.record({"mode": mode, "path": name, "size": None})
        self.names.add(name)

    def add_file(self, name: str, file: BinaryIO, mode: int) -> None:
        """Add a regular file, of the size that it has now."""
        size = file.seek(0, 2)
        file.seek(0)
        self.record({"mode": mode, "path": name, "size": size})
        left = size
        while left:
            piece = file.read(min(left, _PIECE))
            if not piece:
                raise BackupError(
                    BackupCode.ODD_FILE, f"{name} 在备份时变短了，没有备份；请在无人改动它时重试",
                    f"{name} became shorter while it was read, so nothing was backed up: repeat when nobody changes it")
            self.out.write(piece)
            left -= len(piece)
        self.names.add(name)
        self.files += 1
        self.size += size


def write_backup(
    home: Path, out: Path, *, password: Password, now: datetime, snapshots: Callable[[Path], Mapping[str, Path]],
    packages: bool = True, cost: ScryptCost = BACKUP_COST,
) -> BackupMade:
    """Write a backup of ``home``; it appears as ``out`` (mode 0600) when it is whole.

    Args:
        out: must not exist, nor lie inside the home.
        now: the present, aware.
        snapshots: given an empty folder, fills it and returns path below the home → file, for each of
            :data:`DATABASES` that the home has.
        packages: whether the issued packages go along; without them the restored home hands out no licence again
            until they are put back.

    Raises:
        BackupError: ``backup.exists``, ``backup.inside-the-home``, ``backup.odd-file``, ``backup.weak-password``.
        HomeError: the folder is no home.
        FileError: a file cannot be read or written; there is no ``out`` then.
    """
    name = load_config(home).name
    if out.exists() or out.is_symlink():
        raise _exists(out, "备份文件", "the backup")
    if out.resolve().is_relative_to(home.resolve()):
        raise BackupError(
            BackupCode.INSIDE, f"备份文件 {out} 在工作目录之内，会与它一同丢失，请放到别处",
            f"the backup {out} would lie inside the home and be lost with it: put it elsewhere")
    with _scratch(home) as folder, writing(out) as file:
        archive = _Archive(BackupWriter(file, password=password, created=now, cost=cost))
        archive.record({"format": _FORMAT, "name": name, "packages": packages})
        _add_files(archive, home)
        for database, path in snapshots(folder).items():
            with path.open("rb") as snapshot:
                archive.add_file(database, snapshot, 0o600)
        _add_files(archive, home, packages=packages)
        archive.end()
        sm3 = archive.out.close()
    return BackupMade(sm3=sm3, files=archive.files, size=archive.size)


def _exists(path: Path, zh: str, en: str) -> BackupError:
    return BackupError(BackupCode.EXISTS, f"{zh} {path} 已存在，不会覆盖，请换一个路径",
                       f"{en} {path} exists already and is not overwritten: choose another path", path=str(path))


@contextmanager
def _scratch(home: Path) -> Iterator[Path]:
    """Give the block a private folder inside the home, where what is not encrypted may lie; it goes afterwards.

    One backup of a home is made at a time, and takes away what a killed one has left.
    """
    with locked(home / f"{_OWN}.lock"), reported(home):
        for left in home.glob(f"{_OWN}{_TEMPORARY}*"):
            shutil.rmtree(left, ignore_errors=True)
        folder = home / f"{_OWN}{_TEMPORARY}{secrets.token_hex(6)}"
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _add_files(archive: _Archive, home: Path, *, packages: bool = False) -> None:
    """Add what is not in the archive yet: folders and files but databases, and the packages if wanted."""
    for path in _walk(home):
        name = path.relative_to(home).as_posix()
        if name in archive.names or _is_database(name) or (_is_package(name) and not packages):
            continue
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            continue                                 # taken away meanwhile
        if stat.S_ISSOCK(mode):
            continue                                 # a signer listens there; nothing of it lasts
        if stat.S_ISDIR(mode):
            archive.add_folder(name, stat.S_IMODE(mode))
            continue
        file = open_regular(path) if name.isprintable() else None
        if file is not None:
            with file:
                archive.add_file(name, file, stat.S_IMODE(mode))
        elif path.exists() or path.is_symlink():
            raise BackupError(
                BackupCode.ODD_FILE,
                f"{printable(path)} 不是普通文件、不能读取或名称含不可见字符，无法备份；请移走、更正后重试",
                f"{printable(path)} is no regular file, cannot be read, or has a name with unprintable characters, and "
                "so cannot be backed up: take it away or correct it")


def _walk(folder: Path) -> Iterator[Path]:
    """Return everything below a folder in order, a folder before what is in it, without what writers leave behind."""
    try:
        with reported(folder):
            entries = sorted(folder.iterdir())
    except FileError as error:
        if error.code is not FileCode.MISSING:
            raise
        return
    for path in entries:
        if path.name.startswith(_OWN) or (path.name.startswith(".") and _TEMPORARY in path.name):
            continue
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)


def _is_database(name: str) -> bool:
    return any(name == database or name.startswith(f"{database}-") for database in DATABASES)


def _is_package(name: str) -> bool:
    return name != _PACKAGES and PurePosixPath(name).is_relative_to(_PACKAGES)


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy an SQLite database as it stands at one moment, whoever uses it meanwhile.

    Raises:
        BackupError: ``backup.database-damaged``.
        FileError: the copy cannot be written.
    """
    uri = f"{source.absolute().as_uri()}?mode=rw"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS)) as original, \
                closing(sqlite3.connect(target)) as copy:
            target.chmod(0o600)
            original.backup(copy)
            whole = copy.execute("PRAGMA quick_check").fetchone() == ("ok",)
    except sqlite3.Error as error:
        raise _bad_database(source, str(error)) from error
    if not whole:
        raise _bad_database(source, "quick_check")


def _bad_database(path: Path, reason: str) -> BackupError:
    return BackupError(
        BackupCode.DATABASE, f"数据库 {path} 无法完整复制（{reason}），没有备份；请检查磁盘，损坏的从上一份备份恢复",
        f"the database {path} cannot be copied whole ({reason}), so nothing was backed up: check the disk, and restore "
        "a damaged one from the last backup", path=str(path))


def restore_files(backup: Path, home: Path, *, password: Password, finish: Callable[[Path], None]) -> Manifest:
    """Make the new home ``home`` of a backup; it appears when it is whole and ``finish`` has done its part.

    Args:
        home: must not exist; its parent must.
        finish: is given the folder, complete but not yet under its name.

    Raises:
        BackupError: ``backup.exists``, ``backup.not-a-backup``, ``backup.newer``, ``backup.wrong-password``,
            ``backup.damaged``, ``backup.content``.
        FileError: a file cannot be read or written. There is no home then, nor when ``finish`` raises.
    """
    if home.exists() or home.is_symlink():
        raise _exists(home, "目录", "the folder")
    file = open_regular(backup)
    if file is None:
        raise BackupError(
            BackupCode.NOT_A_BACKUP, f"{backup} 不存在、不是普通文件或不能读取，请检查路径和权限",
            f"{backup} is not there, no regular file, or cannot be read: check path and permissions")
    with file:
        reader = BackupReader(file, password=password)
        with publishing(home) as folder:
            manifest = _unpack(reader, folder)
            finish(folder)
    return manifest


def _unpack(reader: BackupReader, folder: Path) -> Manifest:
    """Write every entry below ``folder``; none leaves it, none is written twice, none is a link."""
    first = _read_record(reader)
    if first is None or first.get("format") != _FORMAT:
        raise _bad_content("format")
    name, packages = first.get("name"), first.get("packages")
    if not isinstance(name, str) or not isinstance(packages, bool):
        raise _bad_content("name")
    while (entry := _read_record(reader)) is not None:
        _write_entry(reader, entry, folder)
    if reader.read(1):
        raise _bad_content("end")
    return Manifest(created=reader.created, name=name, packages=packages)


def _read_record(reader: BackupReader) -> Mapping[str, JSON] | None:
    """Return the next record; None for the last."""
    length = int.from_bytes(_exactly(reader, 4), "big")
    if length == 0:
        return None
    if length > _MAX_RECORD:
        raise _bad_content("length")
    try:
        content = decode(_exactly(reader, length))
    except JsonError:
        raise _bad_content("record") from None
    if not is_object(content):
        raise _bad_content("record")
    return content


def _exactly(reader: BackupReader, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = reader.read(size - len(data))
        if not piece:
            raise _bad_content("end")
        data += piece
    return data


def _write_entry(reader: BackupReader, entry: Mapping[str, JSON], folder: Path) -> None:
    name, mode, size = entry.get("path"), entry.get("mode"), entry.get("size")
    if not isinstance(name, str) or type(mode) is not int or not (size is None or type(size) is int):
        raise _bad_content("record")
    parts = name.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise _bad_content(name)
    path = folder.joinpath(*parts)
    try:
        if size is None:
            path.mkdir(mode=0o700)
            path.chmod(0o700)                        # whatever the umask
            return
        with flushed(path, mode=0o600) as target:
            left = size
            while left > 0:
                piece = reader.read(min(left, _PIECE))
                if not piece:
                    raise _bad_content(name)
                target.write(piece)
                left -= len(piece)
    except (FileExistsError, FileNotFoundError, NotADirectoryError):
        raise _bad_content(name) from None


def _bad_content(name: str) -> BackupError:
    shown = printable(name)
    return BackupError(
        BackupCode.CONTENT, f"备份的内容不是一个工作目录（{shown}），未恢复任何内容；请换用另一份备份",
        f"what the backup holds is no home ({shown}), and nothing was restored: use another backup")

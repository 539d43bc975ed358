"""Files that appear under their name only when complete.

Everything that holds keys, seals or trust is written here: to a new file in the same folder, flushed to
the disk, renamed over the name, and the folder flushed. A process killed at any point leaves the old
file or the new one, never half of one.
"""

from __future__ import annotations

import contextlib
import enum
import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, TypeVar

from codes.errors import EngineError
from codes.others_words import system_words

__all__ = [
    "FileCode", "FileError", "flushed", "listed_again", "locked", "make_folder", "publish_folder", "publishing",
    "read_file", "remove", "remove_folder", "reported", "sweep", "write_atomic", "writing",
]

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_TEMPORARY = ".tmp-"
_LISTINGS = 5                            # of a folder that somebody else is clearing
_T = TypeVar("_T")


class FileCode(enum.StrEnum):
    """Codes of :class:`FileError`."""

    NO_SPACE = "file.no-space"
    DENIED = "file.denied"
    MISSING = "file.missing"
    TOO_LARGE = "file.too-large"
    FAILED = "file.failed"


class FileError(EngineError):
    """A file or folder could not be read or written; the name in place is untouched."""


def _wrap(error: OSError, path: Path, zh_act: str, en_act: str) -> FileError:
    """Turn an operating system error into ours, with what to do."""
    if error.errno in _NO_SPACE:
        return FileError(
            FileCode.NO_SPACE,
            f"磁盘空间不足，未能{zh_act} {path}；原有文件未改动，请清理空间后重试",
            f"no space left: {path} could not be {en_act}; the old file stands; free space and repeat",
            path=str(path))
    if error.errno in _DENIED:
        return FileError(
            FileCode.DENIED,
            f"没有权限{zh_act} {path}，请检查文件和目录的属主与权限",
            f"{path} may not be {en_act}: check owner and permissions of the file and its folder",
            path=str(path))
    if error.errno == errno.ENOENT:
        return FileError(
            FileCode.MISSING,
            f"找不到 {path}，请检查路径",
            f"{path} is not there: check the path",
            path=str(path))
    reason_zh, reason_en = system_words(error)
    return FileError(
        FileCode.FAILED,
        f"未能{zh_act} {path}（{reason_zh}）",
        f"{path} could not be {en_act} ({reason_en})",
        path=str(path))


@contextlib.contextmanager
def reported(path: Path) -> Iterator[None]:
    """Turn every operating system error of the block into a :class:`FileError` about ``path``."""
    try:
        yield
    except OSError as error:
        raise _wrap(error, Path(error.filename or path), "访问", "reached") from error


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_new(path: Path, data: bytes, mode: int) -> None:
    """Create ``path`` (it must not exist) with ``data``, flushed to the disk."""
    with flushed(path, mode=mode) as file:
        file.write(data)


def write_atomic(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Write ``data`` so that ``path`` is the old file or the new one at every moment.

    Args:
        mode: permissions of the file, whatever the umask.

    Raises:
        FileError: ``file.no-space``, ``file.denied``, ``file.missing`` (folder), ``file.failed``.
    """
    with writing(path, mode=mode) as file:
        file.write(data)


@contextlib.contextmanager
def writing(path: Path, *, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Give the block a file that becomes ``path`` when the block ends, or goes if it raises.

    Args:
        mode: permissions of the file, whatever the umask.

    Raises:
        FileError: as :func:`write_atomic`.
    """
    temporary = path.parent / f".{path.name}{_TEMPORARY}{secrets.token_hex(6)}"
    try:
        try:
            with flushed(temporary, mode=mode) as file:
                yield file
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise _wrap(error, path, "写入", "written") from error


@contextlib.contextmanager
def publishing(path: Path) -> Iterator[Path]:
    """Give the block a new folder (mode 0700) that becomes ``path`` when the block ends, or goes if it raises.

    Args:
        path: must not exist; its parent must. The block flushes its own files (:func:`flushed`).

    Raises:
        FileError: as :func:`write_atomic`; also ``file.failed`` when ``path`` exists already.
    """
    temporary = path.parent / f".{path.name}{_TEMPORARY}{secrets.token_hex(6)}"
    try:
        try:
            temporary.mkdir(mode=0o700)
            temporary.chmod(0o700)
            yield temporary
            for folder in (*(path for path in temporary.rglob("*") if path.is_dir()), temporary):
                _sync_folder(folder)
            temporary.rename(path)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise _wrap(error, path, "写入", "written") from error


@contextlib.contextmanager
def flushed(path: Path, *, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Open the new file ``path`` for writing; when the block ends it is on the disk."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, mode)                      # whatever the umask
        yield file
        file.flush()
        os.fsync(handle)


def publish_folder(path: Path, files: Mapping[str, tuple[bytes, int]]) -> None:
    """Make the folder ``path`` (mode 0700) appear with all its files at once.

    Args:
        path: must not exist; its parent must.
        files: name → (content, permissions).

    Raises:
        FileError: as :func:`write_atomic`; also ``file.failed`` when ``path`` exists already.
    """
    with publishing(path) as temporary:
        for name, (data, mode) in files.items():
            _write_new(temporary / name, data, mode)


def make_folder(path: Path, *, mode: int = 0o700) -> None:
    """Make ``path`` and its parents; ``path`` itself gets ``mode`` when it is new.

    Raises:
        FileError: as :func:`write_atomic`.
    """
    try:
        if not path.is_dir():
            path.mkdir(mode=mode, parents=True, exist_ok=True)        # another process may be first
            path.chmod(mode)
    except OSError as error:
        raise _wrap(error, path, "建立", "made") from error


def read_file(path: Path, *, max_bytes: int) -> bytes:
    """Read a regular file of at most ``max_bytes``.

    Raises:
        FileError: ``file.missing``, ``file.denied``, ``file.too-large``, ``file.failed``.
    """
    try:
        with path.open("rb") as handle:
            data = handle.read(max_bytes + 1)
    except OSError as error:
        raise _wrap(error, path, "读取", "read") from error
    if len(data) > max_bytes:
        raise FileError(
            FileCode.TOO_LARGE,
            f"{path} 超过 {max_bytes} 字节，不会读取，请检查是否放错文件",
            f"{path} is larger than {max_bytes} bytes and is not read: check that it is the right file",
            path=str(path))
    return data


def listed_again(read: Callable[[], _T]) -> _T:
    """Return what ``read`` makes of a folder; from a new listing where a file has gone since the folder was listed.

    Raises:
        FileError: as ``read`` does; ``file.missing`` for one that is still listed and still not there.
    """
    for _ in range(_LISTINGS):
        try:
            return read()
        except FileError as error:
            if error.code is not FileCode.MISSING:
                raise
    return read()


def remove(path: Path) -> None:
    """Remove a file, which may be missing, so that it stays away.

    Raises:
        FileError: as :func:`write_atomic`; the file may be there still.
    """
    try:
        if path.is_symlink() or path.exists():
            path.unlink(missing_ok=True)
            _sync_folder(path.parent)
    except OSError as error:
        raise _wrap(error, path, "删除", "removed") from error


def remove_folder(path: Path) -> None:
    """Remove a folder, which may be missing, with all that is in it: at every moment it is whole or gone.

    Raises:
        FileError: as :func:`write_atomic`; the folder may be there still.
    """
    temporary = path.parent / f".{path.name}{_TEMPORARY}{secrets.token_hex(6)}"
    try:
        with contextlib.suppress(FileNotFoundError):
            path.rename(temporary)
            _sync_folder(path.parent)
    except OSError as error:
        raise _wrap(error, path, "删除", "removed") from error
    shutil.rmtree(temporary, ignore_errors=True)            # what a kill leaves of it is swept


def sweep(folder: Path) -> None:
    """Remove what killed writers left in ``folder``; call it under the folder's lock."""
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        if entry.name.startswith(".") and _TEMPORARY in entry.name:
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    entry.unlink()


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on the file ``path`` (made with mode 0600) while the block runs.

    Raises:
        FileError: as :func:`write_atomic`.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _wrap(error, path, "锁定", "locked") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)

"""Where the folders of licence kinds are: those that ship with the engine, and those of a deployment.

A folder of kinds holds a folder a kind, each with its ``kind.json``. What a deployment adds is added once a
process, before the first licence is issued or verified; issuing and verifying see the same kinds.
"""

from __future__ import annotations

import os
import re
import stat
import threading
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from codes.others_words import system_words
from layouts.kind import KindError, KindErrorCode

__all__ = ["CODE", "add_folder", "added_folders", "forget", "kind_folder", "kinds", "on_change", "resource", "ships"]

CODE = re.compile(r"[A-Z][A-Za-z0-9-]{0,15}")
"""How the code of a kind is written; its folder has the same name."""

_MOST_BYTES = 16 * 1024 * 1024
_LOCK = threading.Lock()
_added: list[Path] = []
_found: dict[str, Path] = {}
_listeners: list[Callable[[], None]] = []


def add_folder(path: Path | str) -> tuple[str, ...]:
    """Add a folder with kinds; added twice it counts once.

    Returns:
        The codes of the kinds in it, sorted.

    Raises:
        KindError: ``kind.folder``, it is no folder; ``kind.twice``, a kind of this code is known already.
    """
    folder = Path(path).resolve()
    with _LOCK:
        if not folder.is_dir():
            raise KindError(
                KindErrorCode.FOLDER, f"证照种类目录 {folder} 不存在或不是目录，请核对路径",
                f"{folder} is no folder of licence kinds; check the path", path=str(folder),
            )
        here = _kinds_in(folder)
        if folder not in _added:
            known = {code for one in (_own(), *_added) for code in _kinds_in(one)}
            twice = sorted(known.intersection(here))
            if twice:
                raise KindError(
                    KindErrorCode.TWICE, f"{folder} 中的证照种类{'、'.join(twice)}与已有的重名，请改用别的代码",
                    f"{folder}: the licence kinds {', '.join(twice)} are known already; give them other codes",
                    path=str(folder),
                )
            _added.append(folder)
            _clear()
    return tuple(sorted(here))


def added_folders() -> tuple[Path, ...]:
    """The folders that were added, in the order of adding."""
    with _LOCK:
        return tuple(_added)


def forget() -> None:
    """Read all kinds anew from now on: for whoever is just writing one. Added folders stay added."""
    with _LOCK:
        _clear()


def on_change(clear: Callable[[], None]) -> None:
    """Have ``clear`` called whenever what was read of the kinds may have changed (it empties a cache)."""
    _listeners.append(clear)


def kinds() -> tuple[str, ...]:
    """Codes of the kinds that are here, sorted."""
    return tuple(sorted(_all()))


def kind_folder(code: str) -> Path:
    """The folder of a kind.

    Raises:
        KindError: ``kind.unknown``.
    """
    folder = _all().get(code)
    if folder is None:
        known = kinds()
        raise KindError(
            KindErrorCode.UNKNOWN, f"没有证照种类“{code}”，现有：{'、'.join(known)}",
            f"there is no licence kind “{code}”; known are {', '.join(known)}", kind=code,
        )
    return folder


def ships(code: str) -> bool:
    """Whether a kind is one of those that ship with the engine.

    Raises:
        KindError: ``kind.unknown``.
    """
    return kind_folder(code).parent == _own()


def resource(kind_code: str, name: str) -> bytes:
    """A file out of the folder of a kind, e.g. ``resource("K0", "samples/example-1.json")``.

    Raises:
        KindError: ``kind.unknown``; ``kind.resource``, there is no such file; ``kind.unreadable``, there is
            something, but no file of the folder of at most 16 MiB that can be read.
    """
    folder = kind_folder(kind_code)
    parts = PurePosixPath(name).parts
    refused = KindError(
        KindErrorCode.RESOURCE, f"证照种类{kind_code}没有文件“{name}”", f"kind {kind_code} has no file “{name}”",
        kind=kind_code, name=name,
    )
    if not parts or PurePosixPath(name).is_absolute() or ".." in parts:
        raise refused
    path = folder.joinpath(*parts)
    if not os.path.lexists(path):
        raise refused
    try:
        path = path.resolve(strict=True)
        if path.is_relative_to(folder.resolve()):
            return _regular(path)
        why_zh, why_en = "它指向该证照种类的文件夹之外", "it leads out of the kind's folder"
    except OSError as error:
        why_zh, why_en = system_words(error)
    except RuntimeError:
        why_zh, why_en = "符号链接首尾相接", "links lead round and round"
    except ValueError as error:
        why_zh = why_en = str(error)
    raise KindError(
        KindErrorCode.UNREADABLE, f"证照种类{kind_code}的文件“{name}”不能读取：{why_zh}",
        f"the file “{name}” of kind {kind_code} cannot be read: {why_en}", kind=kind_code, name=name,
    )


def _regular(path: Path) -> bytes:
    """The bytes of a file; a pipe or device would never end."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ValueError("不是普通文件 / no regular file")
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ValueError(f"超过 {_MOST_BYTES} 字节 / larger than {_MOST_BYTES} bytes")
    return data


def _own() -> Path:
    return Path(__file__).resolve().parent


def _kinds_in(folder: Path) -> dict[str, Path]:
    return {
        entry.name: entry for entry in folder.iterdir()
        if CODE.fullmatch(entry.name) and (entry / "kind.json").is_file()
    }


def _all() -> dict[str, Path]:
    if not _found:
        with _LOCK:
            found: dict[str, Path] = {}
            for folder in (_own(), *_added):
                found.update(_kinds_in(folder))
            _found.update(found)
    return _found


def _clear() -> None:
    _found.clear()
    for clear in _listeners:
        clear()

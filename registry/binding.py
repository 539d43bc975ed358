"""Which home a registry belongs to: the id in ``registry.id`` of the home stands in the database too.

Two homes pointed at one PostgreSQL database would each write files for acts of the other, so the second is refused.
The file ``registry.sqlite3`` lies in its home and needs no check; it may move into a PostgreSQL database later. A copy
of the whole home has the same id and is not told from it here (docs/threat-model.md, The second worker).
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Final

from certs.files import read_file, reported, write_atomic
from registry.errors import RegistryCode, RegistryError

__all__ = ["ID_FILE", "check_bound", "make_home_id"]

ID_FILE: Final = "registry.id"
_ID: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_MAX_BYTES: Final = 1024


def make_home_id(home: Path) -> str:
    """Return the id of a home, made the first time; call it under the registry's lock.

    Raises:
        RegistryError: ``registry.damaged``, the file holds no id.
        FileError: it cannot be read or written.
    """
    path = home / ID_FILE
    with reported(path):
        if not path.exists():
            write_atomic(path, f"{secrets.token_hex(16)}\n".encode())
    return _read(path)


def check_bound(home: Path, bound: str, name: str) -> None:
    """Refuse a home that the registry does not belong to.

    Args:
        bound: the id that the registry has; name: what people call the database.

    Raises:
        RegistryError: ``registry.other-home``, ``registry.damaged``.
        FileError: the home's id cannot be read.
    """
    path = home / ID_FILE
    with reported(path):
        own = _read(path) if path.exists() else ""
    if own != bound:
        raise RegistryError(
            RegistryCode.OTHER_HOME,
            f"登记库 {name} 属于另一工作目录（{bound}），本目录（{own or '无标识'}）不得使用；"
            f"请为每个目录各建一个数据库。原目录已不再使用、由本目录接替的，把该标识写入 {path}",
            f"the registry {name} belongs to another home ({bound}), not to this one ({own or 'without an id'}): each "
            f"home takes a database of its own. If this one took the place of that one, write that id into {path}",
            registry=name, home=bound)


def _read(path: Path) -> str:
    found = read_file(path, max_bytes=_MAX_BYTES).decode("ascii", "replace").strip()
    if not _ID.fullmatch(found):
        raise RegistryError(
            RegistryCode.DAMAGED, f"{path} 不是工作目录的标识（32 位十六进制），请从备份恢复",
            f"{path} holds no id of a home (32 hexadecimal digits): restore it from a backup", path=str(path))
    return found

"""An authority's folder: one seal a folder below it, and when each may be used.

Layout of ``authorities/<USCC>/``::

    authority.json                  {"name", "code"}
    <seal id>/                      seal.esl, imprint.png, and key and certificate each of sealing, data and
                                    pdf (.key or .key.json, .cer)
    <seal id>/use.json              {"state": "in-use" | "suspended" | "lost" | "cancelled", "from": moment,
                                    "until": moment or null}

A seal's folder appears whole; afterwards its ``use.json`` alone changes. ``from`` is in, ``until`` is out, both
count in whole seconds, as the times of seals do: a seal ends in the second in which its successor begins.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from certs.config import HomeCode, HomeError
from certs.files import FileCode, FileError, make_folder, publish_folder, read_file, reported, write_atomic
from certs.key_reference import key_file_name
from certs.seal import SealCode, SealError, SealFile
from certs.x509 import Certificate
from codes.china_time import time_en, time_zh

__all__ = [
    "ROLES", "SealUse", "UseState", "authority_name", "can_name_folder", "incomplete",
    "narrow_use", "publish_seal_folder", "seal_folders", "seal_in_use", "seal_uses", "set_use",
]

ROLES: Final = ("sealing", "data", "pdf")
"""The three keys of a seal's folder: sealing and data are SM2, pdf is P-256 or RSA."""
_MAX_SMALL, _MAX_SEAL = 64 * 1024, 4 * 1024 * 1024
_FOLDER_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_NAMES_OF_FILES: Final = (".json", ".tmp")


class UseState(enum.StrEnum):
    """Whether a seal may be used within its time."""

    IN_USE = "in-use"
    SUSPENDED = "suspended"
    LOST = "lost"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealUse:
    """When a seal may be used: from ``use_from`` until before ``use_until`` (aware; None: until it expires)."""

    state: UseState
    use_from: datetime
    use_until: datetime | None = None

    def __post_init__(self) -> None:
        ends = self.use_until or self.use_from
        if self.use_from.utcoffset() is None or ends.utcoffset() is None or ends < self.use_from:
            raise ValueError("a seal is used from one aware moment until another that is not before it")

    def begun(self, at: datetime) -> bool:
        """Say whether its time has begun at ``at``."""
        return self.use_from.replace(microsecond=0) <= at

    def ended(self, at: datetime) -> bool:
        """Say whether its time is over at ``at``."""
        return self.use_until is not None and self.use_until.replace(microsecond=0) <= at

    def to_json(self) -> bytes:
        """Return the content of ``use.json``."""
        content = {"state": self.state.value, "from": self.use_from.isoformat(),
                   "until": self.use_until.isoformat() if self.use_until else None}
        return (json.dumps(content, indent=2) + "\n").encode()

    @classmethod
    def parse(cls, data: bytes) -> SealUse:
        """Read ``use.json``; raises ValueError when it is not one."""
        content = json.loads(data)
        if not isinstance(content, dict) or set(content) != {"state", "from", "until"}:
            raise ValueError("use.json takes exactly state, from and until")
        moments = [None if content[key] is None else datetime.fromisoformat(_text(content[key]))
                   for key in ("from", "until")]
        if moments[0] is None:
            raise ValueError("use.json names no beginning")
        return cls(state=UseState(content["state"]), use_from=moments[0], use_until=moments[1])


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a moment is a text")
    return value


def can_name_folder(seal_id: str) -> bool:
    """Say whether an identifier can name a seal's folder: letters, digits, dots and dashes, and no file's name."""
    return bool(_FOLDER_NAME.fullmatch(seal_id)) and not seal_id.lower().endswith(_NAMES_OF_FILES)


def publish_seal_folder(
    home: Path, *, code: str, name: str, seal: SealFile, keys: Mapping[str, tuple[Certificate, bytes]],
    use: SealUse,
) -> None:
    """Make a seal's folder appear whole below ``home/authorities/<code>``; one that is there gets ``use`` alone.

    Args:
        keys: role (``sealing``, ``data``, ``pdf``) → certificate and key file, encrypted or a reference.

    Raises:
        SealError: ``seal.bad-identifier`` (no name of a folder), ``seal.folder-taken`` (another seal has the
            identifier), ``seal.name-mismatch`` (a seal of another name is still in use there).
        HomeError: ``home.incomplete``, what stands there is damaged.
        FileError: something cannot be written; the folder is not there then.
    """
    if not can_name_folder(seal.seal_id):
        raise SealError(
            SealCode.IDENTIFIER,
            f"印章编码 {seal.seal_id!r} 不能用作文件夹名（字母、数字、点、横线，至多 64 位，不以 .json、.tmp 结尾），"
            "请换用编码",
            f"the seal's identifier {seal.seal_id!r} cannot name a folder (letters, digits, dots, dashes, at most "
            "64, not ending in .json or .tmp): use another one")
    above = home / "authorities" / code
    folder = above / seal.seal_id
    if folder.is_dir():
        _require_same(folder, seal)
        set_use(home, code, seal.seal_id, use)
        return
    make_folder(above)
    _name_authority(above, name, seal.seal_id)
    files = {"seal.esl": seal.der, "imprint.png": seal.imprint, "use.json": use.to_json()}
    for role in ROLES:
        certificate, key = keys[role]
        files |= {f"{role}.cer": certificate.der, key_file_name(role, key): key}
    publish_folder(folder, {file: (data, 0o600) for file, data in files.items()})


def _require_same(folder: Path, seal: SealFile) -> None:
    if read_file(folder / "seal.esl", max_bytes=_MAX_SEAL) != seal.der:
        raise SealError(
            SealCode.FOLDER_TAKEN, f"{folder} 已是另一枚印章，印章编码不得重复使用，请换用编码",
            f"{folder} holds another seal, and an identifier is never used twice: use another one",
            seal=seal.seal_id)


def _name_authority(folder: Path, name: str, seal_id: str) -> None:
    """Write ``authority.json``; a new name takes over only when no seal of the old one is in use."""
    path = folder / "authority.json"
    if path.exists():
        old = authority_name(folder)
        if old == name:
            return
        open_ones = [one for one, use in _uses(folder).items() if use.state is UseState.IN_USE]
        if open_ones:
            raise SealError(
                SealCode.NAME_MISMATCH,
                f"“{old}”的印章 {open_ones[0]} 尚未注销，不能为“{name}”启用印章 {seal_id}；请先办理注销",
                f"seal {open_ones[0]} of {old} is not cancelled yet, so seal {seal_id} of {name} cannot be put into "
                "use; cancel the old one first", seal=seal_id)
    about = json.dumps({"name": name, "code": folder.name}, ensure_ascii=False, indent=2) + "\n"
    write_atomic(path, about.encode())


def set_use(home: Path, code: str, seal_id: str, use: SealUse) -> None:
    """Set when a seal may be used; an open home follows at the next licence.

    Raises:
        FileError: ``file.missing`` when the seal has no folder; else the file cannot be written.
    """
    path = home / "authorities" / code / seal_id / "use.json"
    data = use.to_json()
    if not path.is_file() or read_file(path, max_bytes=_MAX_SMALL) != data:
        write_atomic(path, data)


def narrow_use(home: Path, code: str, seal_id: str, *, use_from: datetime, use_until: datetime | None) -> None:
    """Have a seal be used within a time (aware moments) alone; what its ``use.json`` allows less stays so.

    A seal without a folder is left alone.

    Raises:
        HomeError: ``home.incomplete``, its ``use.json`` is damaged.
        FileError: it cannot be read or written.
    """
    folder = home / "authorities" / code / seal_id
    if not folder.is_dir():
        return
    use = _use(folder)
    start = max(use.use_from, use_from)
    ends = [moment for moment in (use.use_until, use_until) if moment is not None]
    set_use(home, code, seal_id, replace(use, use_from=start, use_until=max(min(ends), start) if ends else None))


def seal_uses(home: Path, code: str) -> dict[str, SealUse]:
    """Return identifier → use of every seal of an authority; none when there is no such authority.

    Raises:
        HomeError: ``home.incomplete``, a ``use.json`` is missing or damaged: then none of them can be trusted.
        FileError: a file cannot be read.
    """
    folder = home / "authorities" / code
    with reported(folder):
        return _uses(folder)


def _uses(folder: Path) -> dict[str, SealUse]:
    return {path.name: _use(path) for path in seal_folders(folder)}


def _use(folder: Path) -> SealUse:
    try:
        return SealUse.parse(read_file(folder / "use.json", max_bytes=_MAX_SMALL))
    except (ValueError, RecursionError):
        raise incomplete(folder, "use.json") from None
    except FileError as error:
        if error.code is FileCode.MISSING:
            raise incomplete(folder, "use.json") from None
        raise


def seal_folders(folder: Path) -> list[Path]:
    """Return the folders of the seals in an authority's folder, by identifier; prepared ones are hidden."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def authority_name(folder: Path) -> str:
    """Return the name in ``authority.json`` of an authority's folder.

    Raises:
        HomeError: ``home.incomplete``.
        FileError: the file cannot be read.
    """
    try:
        content: Any = json.loads(read_file(folder / "authority.json", max_bytes=_MAX_SMALL))
        name, code = content["name"], content["code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise incomplete(folder, "authority.json") from None
    except FileError as error:
        if error.code is FileCode.MISSING:
            raise incomplete(folder, "authority.json") from None
        raise
    if not isinstance(name, str) or code != folder.name:
        raise incomplete(folder, "authority.json")
    return name


def incomplete(folder: Path, name: str) -> HomeError:
    """Make the refusal of a folder whose file is missing or damaged."""
    return HomeError(
        HomeCode.INCOMPLETE,
        f"{folder} 中的 {name} 缺失或已损坏，请从备份恢复；演示目录可另建一个（certs demo）",
        f"{name} in {folder} is missing or damaged: restore it, or make a new demo home with certs demo",
        path=str(folder / name))


def seal_in_use(uses: Mapping[str, SealUse], at: datetime, *, name: str) -> str:
    """Return the identifier of the seal to use at ``at``: of those in use, the one that began last.

    Args:
        name: the authority's, for the refusal.

    Raises:
        HomeError: ``home.no-seal``, the authority has none.
        SealError: ``seal.suspended``, ``seal.lost``, ``seal.cancelled``, ``seal.retired`` or
            ``seal.not-yet-in-use``, as it stands with the last one that began (or the first that will).

    Source: R-003-16, R-003-17.
    """
    if not uses:
        raise HomeError(
            HomeCode.NO_SEAL, f"“{name}”还没有启用的印章，请先办理制章和启用",
            f"{name} has no seal yet: have one made and put into use", authority=name)
    order = sorted(uses, key=lambda one: (uses[one].use_from, one))
    begun = [one for one in order if uses[one].begun(at)]
    open_ones = [one for one in begun if uses[one].state is UseState.IN_USE and not uses[one].ended(at)]
    if open_ones:
        return open_ones[-1]
    seal_id = begun[-1] if begun else order[0]
    use = uses[seal_id]
    if use.state is UseState.SUSPENDED:
        code, zh, en = SealCode.SUSPENDED, "已停用，恢复使用（zhengyin seals resume）前", (
            "is suspended until it is put into use again (zhengyin seals resume)")
    elif use.state is UseState.LOST:
        code, zh, en = SealCode.LOST, "已挂失，须另制新章，", "is reported lost; a new seal is needed"
    elif use.state is UseState.CANCELLED:
        code, zh, en = SealCode.CANCELLED, "已注销，须另制新章，", "is cancelled; a new seal is needed"
    elif begun:
        ended = use.use_until or at
        code, zh, en = (SealCode.RETIRED, f"已于{time_zh(ended)}停止使用，",
                        f"was retired at {time_en(ended)}; put its successor into use")
    else:
        code, zh, en = (SealCode.NOT_YET_IN_USE, f"自{time_zh(use.use_from)}起启用，此前",
                        f"is in use only from {time_en(use.use_from)}")
    raise SealError(
        code, f"“{name}”的印章 {seal_id} {zh}不能盖章", f"nothing is sealed for {name}: seal {seal_id} {en}",
        seal=seal_id)

"""PINs of tokens and devices: read from a file, and never tried again once one was wrong.

A token locks after a few wrong PINs, and a service that starts again and again, or many workers at once, would use
them up in seconds. So before a PIN is tried it is noted, for all processes of the home, in ``tokens/<digest of what
tells the token from others>.json``: scrypt of the PIN, and how often its trying came to no clear end. When the token
took it, the note goes; when the token refused it, this PIN is not tried again, whoever asks. Another one is.
"""

from __future__ import annotations

import enum
import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from certs.config import HOME_VARIABLE, Password
from certs.files import locked, make_folder, read_file, remove, reported, write_atomic
from certs.sm3 import sm3
from codes.errors import EngineError

__all__ = ["PIN_FILE_VARIABLE", "PinCode", "PinError", "PinMemory", "PinRefusedError", "PinUntriedError", "read_pin"]

PIN_FILE_VARIABLE: Final = "ZHENGYIN_PIN_FILE"
_MAX_PIN, _MAX_NOTES, _LEVELS = 1024, 64 * 1024, 4
_UNFINISHED: Final = 2
"""How often the trying of one PIN may come to no clear end before the PIN counts as wrong."""
_KEPT: Final = 16
"""Notes of this many PINs are kept; a token would long be locked."""


class PinCode(enum.StrEnum):
    """Codes of :class:`PinError`."""

    NONE = "pin.none"
    PERMISSIONS = "pin.permissions"
    BAD = "pin.bad"
    WRONG = "pin.wrong"
    KNOWN_WRONG = "pin.known-wrong"
    LAST_TRY = "pin.last-try"
    LOCKED = "pin.locked"


class PinError(EngineError):
    """A PIN cannot be had, is wrong, or is not tried."""


class PinRefusedError(Exception):
    """The token or device refused the PIN; raised inside :meth:`PinMemory.trying` alone."""


class PinUntriedError(Exception):
    """The PIN was not looked at; raised inside :meth:`PinMemory.trying` alone, with the reason as its cause."""


def read_pin(named: str, environ: Mapping[str, str] = os.environ) -> Password:
    """Read a PIN from the file that a reference names, or without one ``ZHENGYIN_PIN_FILE``.

    Raises:
        PinError: ``pin.none`` (no file is named), ``pin.permissions`` (others may read it), ``pin.bad`` (empty, more
            than one line, too long, not UTF-8).
        FileError: it cannot be read.
    """
    path = Path(named or environ.get(PIN_FILE_VARIABLE, ""))
    if path == Path():
        raise PinError(
            PinCode.NONE, f"没有指明口令文件（PIN）：请在密钥引用中写明 pin_file，或设置 {PIN_FILE_VARIABLE}",
            f"no file with the PIN is named: give pin_file in the key reference, or set {PIN_FILE_VARIABLE}")
    data = read_file(path, max_bytes=64 * 1024)
    with reported(path):
        if path.stat().st_mode & 0o077:
            raise PinError(
                PinCode.PERMISSIONS, f"口令文件 {path} 可被他人读取，请执行 chmod 600 {path}",
                f"others may read the PIN file {path}: run chmod 600 {path}", path=str(path))
    pin = data.removesuffix(b"\n").removesuffix(b"\r")
    try:
        pin.decode("utf-8")
    except UnicodeDecodeError:
        pin = b""
    if not pin or len(pin) > _MAX_PIN or b"\n" in pin or b"\0" in pin:
        raise PinError(
            PinCode.BAD, f"口令文件 {path} 为空、过长、不止一行或不是 UTF-8，请改为一行口令",
            f"the PIN file {path} is empty, too long, more than one line or not UTF-8: make it one line",
            path=str(path))
    return Password(pin)


class PinMemory:
    """What is remembered of the PIN of one token."""

    def __init__(self, folder: Path, token: str, *, name: str = "") -> None:
        """Name the memory; nothing is read yet.

        Args:
            folder: in which the key reference lies; the memory is that of the home around it, or else of the home
                that ``ZHENGYIN_HOME`` names.
            token: tells this token or device from others, and stays: maker, model and serial number rather than a
                label, which whoever has the token may change.
            name: how it is called to people; as ``token`` without one.
        """
        self._folder, self._token = _home_around(folder) / "tokens", name or token
        self._path = self._folder / f"{sm3(token.encode('utf-8')).hex()[:32]}.json"

    @contextmanager
    def trying(self, pin: Password) -> Iterator[None]:
        """Let the block show ``pin`` to the token once, unless it is known to be wrong.

        One process at a time comes here. The block raises :class:`PinRefusedError` when the token refuses the PIN, and
        :class:`PinUntriedError` when the token said nothing about it; whatever else it raises leaves that open.

        Raises:
            PinError: ``pin.known-wrong``, and nothing was tried; ``pin.wrong``, the token has just refused it.
            FileError: it cannot be noted, so it is not tried.
        """
        make_folder(self._folder)
        with locked(self._path.with_suffix(".lock")):
            salt, notes = self._read()
            mark = _stretched(pin, salt)
            before = notes.pop(mark, 0)
            if before >= _UNFINISHED:
                raise self._known_wrong()
            self._write(salt, {**notes, mark: before + 1})
            try:
                yield
            except PinRefusedError:
                self._write(salt, {**notes, mark: _UNFINISHED})
                raise PinError(
                    PinCode.WRONG,
                    f"令牌或设备 {self._token} 不接受口令文件中的口令；为免锁定，不会再用同一口令尝试，请更正口令文件",
                    f"token or device {self._token} refuses the PIN in the PIN file; lest it lock, this PIN is not "
                    "tried again: correct the file", token=self._token) from None
            except PinUntriedError as error:
                self._write(salt, {**notes, mark: before} if before else notes)
                raise (error.__cause__ or error) from None
            self._write(salt, notes)

    def _read(self) -> tuple[bytes, dict[str, int]]:
        """Return the salt, and scrypt of a PIN → how often its trying came to no clear end."""
        with reported(self._path):
            if not self._path.exists():
                return secrets.token_bytes(16), {}
        try:
            note = json.loads(read_file(self._path, max_bytes=_MAX_NOTES))
            return bytes.fromhex(note["salt"]), {str(mark): int(count) for mark, count in note["pins"].items()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise self._known_wrong() from None             # better not to try than to lock

    def _write(self, salt: bytes, notes: Mapping[str, int]) -> None:
        """Write the notes, the latest ones; none leave no file."""
        if not notes:
            remove(self._path)
            return
        note = {"token": self._token, "salt": salt.hex(), "pins": dict(list(notes.items())[-_KEPT:])}
        write_atomic(self._path, (json.dumps(note, ensure_ascii=False, indent=2) + "\n").encode("utf-8"))

    def _known_wrong(self) -> PinError:
        return PinError(
            PinCode.KNOWN_WRONG,
            f"令牌或设备 {self._token} 已拒绝过口令文件中的口令，为免锁定不再尝试；请更正口令文件，"
            f"如确认该口令现已有效，删除 {self._path}",
            f"token or device {self._token} has refused the PIN in the PIN file before; lest it lock, it is not tried "
            f"again: correct the file, or if this PIN is right by now remove {self._path}",
            token=self._token, path=str(self._path))


def _home_around(folder: Path) -> Path:
    """Return the home that a folder lies in, or the one of the environment; the folder itself without either."""
    named = os.environ.get(HOME_VARIABLE)
    places = [*[folder, *folder.absolute().parents][:_LEVELS + 1], *([Path(named)] if named else [])]
    return next((one for one in places if (one / "config.toml").is_file()), folder)


def _stretched(pin: Password, salt: bytes) -> str:
    return hashlib.scrypt(pin.value, salt=salt, n=1 << 15, r=8, p=1, maxmem=64 << 20, dklen=32).hex()

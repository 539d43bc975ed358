"""The encrypted file of a backup: whatever is written comes out again unchanged and whole, or not at all.

::

    "zhengyin backup 1" LF | length of the header (4 bytes, big-endian) | header | chunk … chunk

The header is canonical JSON. scrypt (RFC 7914) makes 48 bytes of the password: the key, and 16 that tell a wrong
password from a damaged file. Each chunk of plaintext is sealed by AES-256-GCM with the nonce ``prefix (7) | number of
the chunk (4) | 1 for the last, else 0``; everything before the first chunk is authenticated with each. So nothing can
be changed, left out, reordered, added or cut off unnoticed, and no more than two chunks are ever in memory.
"""

from __future__ import annotations

import base64
import binascii
import enum
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from certs.canonical_json import JSON, JsonError, decode, encode, is_object
from certs.config import Password
from certs.moments import read_moment, write_moment
from certs.pkcs8 import ScryptCost
from certs.sm3 import new as new_sm3
from codes.errors import EngineError

__all__ = ["BACKUP_COST", "BackupCode", "BackupError", "BackupReader", "BackupWriter"]

BACKUP_COST: Final = ScryptCost(n=1 << 17, r=8, p=1)
"""128 MiB of memory and about half a second, once a backup."""
CHUNK: Final = 1024 * 1024
_MAGIC: Final = b"zhengyin backup "
_FORM: Final = b"1\n"
_CIPHER, _KDF = "AES-256-GCM", "scrypt"
_KEYS: Final = frozenset({"check", "chunk", "cipher", "created", "kdf", "n", "nonce", "p", "r", "salt"})
_TAG, _KEY, _CHECK, _NONCE, _SALT = 16, 32, 16, 7, 16
_MAX_HEADER, _MAX_CHUNK = 4096, 16 * 1024 * 1024
_MAX_MEMORY, _MAX_WORK = 256 * 1024 * 1024, 1 << 22
_SHORTEST_PASSWORD: Final = 12


class BackupCode(enum.StrEnum):
    """Codes of :class:`BackupError`."""

    NO_PASSWORD = "backup.no-password"  # noqa: S105 (an error code)
    WEAK_PASSWORD = "backup.weak-password"  # noqa: S105 (an error code)
    WRONG_PASSWORD = "backup.wrong-password"  # noqa: S105 (an error code)
    NOT_A_BACKUP = "backup.not-a-backup"
    NEWER = "backup.newer"
    DAMAGED = "backup.damaged"
    CONTENT = "backup.content"
    EXISTS = "backup.exists"
    INSIDE = "backup.inside-the-home"
    ODD_FILE = "backup.odd-file"
    DATABASE = "backup.database-damaged"


class BackupError(EngineError):
    """A home cannot be backed up or restored; what was there is untouched."""


def _damaged(offset: int) -> BackupError:
    return BackupError(
        BackupCode.DAMAGED, f"备份文件在第 {offset} 字节附近已损坏或被截断，未恢复任何内容；请换用另一份备份",
        f"the backup is damaged or cut off near byte {offset}, and nothing was restored: use another backup",
        offset=str(offset))


def _not_a_backup() -> BackupError:
    return BackupError(BackupCode.NOT_A_BACKUP, "这不是证印的备份文件，请检查是否选错文件",
                       "this is no backup made by zhengyin: check that it is the right file")


def _newer() -> BackupError:
    return BackupError(BackupCode.NEWER, "备份由更新的程序制作，或参数超出接受范围，请升级本程序",
                       "the backup was made by a newer program, or its parameters are beyond what is taken: "
                       "bring this program up to date")


@dataclass(frozen=True, slots=True)
class _Secret:
    """What a password comes to."""

    cipher: AESGCM
    check: bytes

    @classmethod
    def derive(cls, password: Password, salt: bytes, cost: ScryptCost) -> _Secret:
        made = Scrypt(salt=salt, length=_KEY + _CHECK, n=cost.n, r=cost.r, p=cost.p).derive(password.value)
        return cls(AESGCM(made[:_KEY]), made[_KEY:])


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes((last,))


class BackupWriter:
    """Encrypts what is written to it; :meth:`close` writes the last chunk, without which the file cannot be read."""

    def __init__(self, out: BinaryIO, *, password: Password, created: datetime, cost: ScryptCost = BACKUP_COST,
                 chunk: int = CHUNK) -> None:
        """Write the header.

        Args:
            created: aware moment; it stands readable in the header.
            chunk: bytes of plaintext encrypted at a time.

        Raises:
            BackupError: ``backup.weak-password``, fewer than 12 bytes.
        """
        if len(password.value) < _SHORTEST_PASSWORD:
            raise BackupError(
                BackupCode.WEAK_PASSWORD, f"备份口令不足 {_SHORTEST_PASSWORD} 个字节；备份含全部密钥，请用更长的口令",
                f"the backup's password has fewer than {_SHORTEST_PASSWORD} bytes; the backup holds every key, so "
                "choose a longer one")
        salt, self._prefix = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
        secret = _Secret.derive(password, salt, cost)
        header = encode({
            "check": base64.b64encode(secret.check).decode(), "chunk": chunk, "cipher": _CIPHER,
            "created": write_moment(created), "kdf": _KDF, "n": cost.n, "r": cost.r, "p": cost.p,
            "nonce": base64.b64encode(self._prefix).decode(), "salt": base64.b64encode(salt).decode()})
        self._out, self._cipher, self._chunk = out, secret.cipher, chunk
        self._head = _MAGIC + _FORM + len(header).to_bytes(4, "big") + header
        self._buffer, self._number, self._sm3 = bytearray(), 0, new_sm3()
        self._emit(self._head)

    def write(self, data: bytes) -> int:
        """Take some bytes."""
        self._buffer += data
        while len(self._buffer) > self._chunk:
            self._seal(bytes(self._buffer[:self._chunk]), last=False)
            del self._buffer[:self._chunk]
        return len(data)

    def close(self) -> bytes:
        """Write the last chunk and return the SM3 of the whole file."""
        self._seal(bytes(self._buffer), last=True)
        return self._sm3.digest()

    def _seal(self, plain: bytes, *, last: bool) -> None:
        self._emit(self._cipher.encrypt(_nonce(self._prefix, self._number, last), plain, self._head))
        self._number += 1

    def _emit(self, data: bytes) -> None:
        self._sm3.update(data)
        self._out.write(data)


class BackupReader:
    """Decrypts a backup; only what is authentic is handed out.

    Attributes:
        created: when it was made, by the clock of the machine that made it.
    """

    def __init__(self, file: BinaryIO, *, password: Password) -> None:
        """Read the header and try the password.

        Raises:
            BackupError: ``backup.not-a-backup``, ``backup.newer``, ``backup.wrong-password``, ``backup.damaged``.
        """
        if file.read(len(_MAGIC)) != _MAGIC:
            raise _not_a_backup()
        if file.read(len(_FORM)) != _FORM:
            raise _newer()
        size = file.read(4)
        length = int.from_bytes(size, "big")
        if length > _MAX_HEADER:
            raise _damaged(len(_MAGIC))
        raw = file.read(length)
        self._head = _MAGIC + _FORM + size + raw
        self._file, self._offset = file, len(self._head)
        header, cost = _read_header(raw, self._offset)
        secret = _Secret.derive(password, _bytes(header, "salt", _SALT, self._offset), cost)
        if not hmac.compare_digest(secret.check, _bytes(header, "check", _CHECK, self._offset)):
            raise BackupError(
                BackupCode.WRONG_PASSWORD, "备份口令不对，请核对口令（文件头损坏时也会如此）",
                "the backup's password is wrong: check it (a damaged header looks the same)")
        self._cipher, self._prefix = secret.cipher, _bytes(header, "nonce", _NONCE, self._offset)
        self._size = int(str(header["chunk"])) + _TAG
        self._plain, self._number, self._ended = memoryview(b""), 0, False
        self._ahead = file.read(self._size)
        self.created: datetime = read_moment(str(header["created"]))

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes; none at the end, which is then known to be the real one.

        Raises:
            BackupError: ``backup.damaged``.
        """
        while not self._plain and not self._ended:
            self._open()
        taken, self._plain = self._plain[:size], self._plain[size:]
        return bytes(taken)

    def _open(self) -> None:
        sealed, self._ahead = self._ahead, self._file.read(self._size)
        last = not self._ahead
        try:
            self._plain = memoryview(self._cipher.decrypt(_nonce(self._prefix, self._number, last), sealed, self._head))
        except (InvalidTag, ValueError):
            raise _damaged(self._offset) from None
        self._offset += len(sealed)
        self._number += 1
        self._ended = last


def _read_header(raw: bytes, offset: int) -> tuple[Mapping[str, JSON], ScryptCost]:
    """Return the header and the cost of deriving the key, within what is taken."""
    try:
        header = decode(raw)
        if not is_object(header) or set(header) != _KEYS:
            raise ValueError
        n, r, p, chunk = (_integer(header[key]) for key in ("n", "r", "p", "chunk"))
        read_moment(str(header["created"]))
    except (JsonError, ValueError):
        raise _damaged(offset) from None
    if (header["cipher"], header["kdf"]) != (_CIPHER, _KDF) or not 1 <= chunk <= _MAX_CHUNK or n < 2 or n & (n - 1) \
            or min(r, p) < 1 or 128 * n * r > _MAX_MEMORY or n * r * p > _MAX_WORK:
        raise _newer()
    return header, ScryptCost(n=n, r=r, p=p)


def _integer(value: JSON) -> int:
    if type(value) is not int:
        raise ValueError
    return value


def _bytes(header: Mapping[str, JSON], key: str, size: int, offset: int) -> bytes:
    try:
        value = base64.b64decode(str(header[key]), validate=True)
    except binascii.Error:
        raise _damaged(offset) from None
    if len(value) != size:
        raise _damaged(offset)
    return value

"""Private keys in encrypted files (PKCS#8 PEM, mode 0600); readable by ``openssl pkey``.

What cannot be had: Python does not wipe memory, so a decrypted key stays in the process until it ends.
No error here holds key material or a password.
"""

from __future__ import annotations

import enum
import secrets
from pathlib import Path

from certs import der_build, p256, rsa, sm2
from certs.config import Password
from certs.der import DerError, Reader
from certs.files import FileCode, FileError, read_file, write_atomic
from certs.pkcs8 import Pkcs8Error, ScryptCost, UnsupportedPkcs8Error, decrypt, encrypt
from certs.public_key import OID_RSA_KEY
from codes.errors import EngineError

__all__ = ["KeyStoreCode", "KeyStoreError", "PrivateKey", "ScryptCost", "load_key", "seal_key", "store_key"]

PrivateKey = sm2.PrivateKey | p256.PrivateKey | rsa.PrivateKey
_MAX_BYTES = 64 * 1024
_SM2_PARAMETERS = der_build.oid("1.2.156.10197.1.301")


class KeyStoreCode(enum.StrEnum):
    """Codes of :class:`KeyStoreError`."""

    MISSING = "keystore.missing"
    PERMISSIONS = "keystore.permissions"
    WRONG_PASSWORD = "keystore.wrong-password"  # noqa: S105 (an error code)
    UNSUPPORTED = "keystore.unsupported"


class KeyStoreError(EngineError):
    """A private key cannot be had from its file."""


def seal_key(key: PrivateKey, password: Password, *, cost: ScryptCost | None = None) -> bytes:
    """Return the encrypted PEM file of ``key``."""
    return encrypt(key.pkcs8(), password.value, salt=secrets.token_bytes(16), iv=secrets.token_bytes(16),
                   cost=cost or ScryptCost())


def store_key(path: Path, key: PrivateKey, password: Password, *, cost: ScryptCost | None = None) -> None:
    """Write ``key`` encrypted to ``path``, mode 0600, complete or not at all.

    Raises:
        FileError: the file cannot be written.
    """
    write_atomic(path, seal_key(key, password, cost=cost), mode=0o600)


def load_key(path: Path, password: Password) -> PrivateKey:
    """Read the private key in ``path``.

    Raises:
        KeyStoreError: ``keystore.missing``, ``keystore.permissions`` (others may read the file),
            ``keystore.wrong-password`` (or a damaged file: the two look alike), ``keystore.unsupported``
            (another cipher, or neither an SM2 nor a P-256 or RSA key).
        FileError: the file cannot be read.
    """
    try:
        pem = read_file(path, max_bytes=_MAX_BYTES)
    except FileError as error:
        if error.code is not FileCode.MISSING:
            raise
        raise KeyStoreError(
            KeyStoreCode.MISSING, f"找不到密钥文件 {path}：请核对目录是否写对；确实丢失的，从备份恢复",
            f"the key file {path} is not there: check that the folder is the right one; restore the file if it is lost",
            path=str(path)) from None
    if path.stat().st_mode & 0o077:
        raise KeyStoreError(
            KeyStoreCode.PERMISSIONS, f"密钥文件 {path} 可被他人读取，请执行 chmod 600 {path}",
            f"others may read the key file {path}: run chmod 600 {path}", path=str(path))
    try:
        plain = decrypt(pem, password.value)
        info = Reader(plain).enter()
        info.integer()
        algorithm = info.enter()
        kind = _kind(algorithm.oid(), algorithm.raw() if algorithm.more() else b"")
    except UnsupportedPkcs8Error:
        raise _unsupported(path) from None
    except (Pkcs8Error, DerError):
        raise KeyStoreError(
            KeyStoreCode.WRONG_PASSWORD, f"口令不对，或密钥文件 {path} 已损坏；请核对口令，或从备份恢复文件",
            f"the password is wrong or {path} is damaged: check the password or restore the file",
            path=str(path)) from None
    try:
        return kind.from_pkcs8(plain)
    except (sm2.Sm2Error, p256.P256Error, rsa.RsaError) as error:
        if error.code is sm2.Sm2Code.NO_SIGNER:
            raise
        raise _unsupported(path) from None


def _kind(oid: str, parameters: bytes) -> type[sm2.PrivateKey] | type[p256.PrivateKey] | type[rsa.PrivateKey]:
    if oid == OID_RSA_KEY:
        return rsa.PrivateKey
    return sm2.PrivateKey if parameters == _SM2_PARAMETERS else p256.PrivateKey


def _unsupported(path: Path) -> KeyStoreError:
    return KeyStoreError(
        KeyStoreCode.UNSUPPORTED,
        f"密钥文件 {path} 不是 SM2、P-256 或 RSA 私钥，或加密方式不受支持；"
        "请用 openssl pkcs8 -topk8 -v2 aes-256-cbc 转换",
        f"the key file {path} holds no SM2, P-256 or RSA key, or its encryption is not supported; "
        "convert it with openssl pkcs8 -topk8 -v2 aes-256-cbc", path=str(path))

"""Encrypted PKCS#8 (RFC 5958, RFC 8018): the bytes in which private keys rest.

Written: PBES2 with scrypt (RFC 7914) and AES-256-CBC, PEM ``ENCRYPTED PRIVATE KEY``, which ``openssl pkey``
reads. Read: also PBKDF2 and shorter AES keys, which is what other tools write.
"""

from __future__ import annotations

import base64
import binascii
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from certs import der_build as build
from certs.der import INTEGER, SEQUENCE, DerError, Reader, require_der

__all__ = ["Pkcs8Error", "ScryptCost", "UnsupportedPkcs8Error", "decrypt", "encrypt"]

_PBES2 = "1.2.840.113549.1.5.13"
_PBKDF2 = "1.2.840.113549.1.5.12"
_SCRYPT = "1.3.6.1.4.1.11591.4.11"
_AES_256_CBC = "2.16.840.1.101.3.4.1.42"
_AES_CBC = {"2.16.840.1.101.3.4.1.2": 16, "2.16.840.1.101.3.4.1.22": 24, _AES_256_CBC: 32}
_PRF: dict[str, Callable[[], hashes.HashAlgorithm]] = {
    "1.2.840.113549.2.7": hashes.SHA1, "1.2.840.113549.2.9": hashes.SHA256,
    "1.2.840.113549.2.10": hashes.SHA384, "1.2.840.113549.2.11": hashes.SHA512,
    "1.2.156.10197.1.401.2": hashes.SM3,
}
_MAX_MEMORY = 256 * 1024 * 1024
_MAX_WORK = 1 << 26                                 # N·r·p of scrypt; what we write has 2**18
_MAX_ITERATIONS = 10_000_000


class Pkcs8Error(Exception):
    """Not an encrypted key of ours, damaged, or the password is wrong (the three look alike)."""


class UnsupportedPkcs8Error(Pkcs8Error):
    """Well-formed, but with a cipher, a derivation or a cost that is not taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScryptCost:
    """Cost of deriving a key from a password: 128·N·r bytes of memory, time in proportion to N·r·p.

    The default needs 16 MiB (OpenSSL reads no more than 32 MiB) and about 80 ms.
    """

    n: int = 1 << 14
    r: int = 8
    p: int = 2


def encrypt(plain: bytes, password: bytes, *, salt: bytes, iv: bytes, cost: ScryptCost) -> bytes:
    """Return the PEM of an encrypted private key.

    Args:
        plain: unencrypted PKCS#8, DER.
        salt: 16 random bytes.
        iv: 16 random bytes.
    """
    secret = Scrypt(salt=salt, length=32, n=cost.n, r=cost.r, p=cost.p).derive(password)
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(iv)).encryptor()
    sealed = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    derivation = build.sequence(build.oid(_SCRYPT), build.sequence(
        build.octet_string(salt), build.integer(cost.n), build.integer(cost.r), build.integer(cost.p)))
    cipher = build.sequence(build.oid(_AES_256_CBC), build.octet_string(iv))
    der = build.sequence(
        build.sequence(build.oid(_PBES2), build.sequence(derivation, cipher)), build.octet_string(sealed))
    body = "\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64))
    return f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{body}\n-----END ENCRYPTED PRIVATE KEY-----\n".encode()


def _scrypt_secret(parameters: Reader, size: int, password: bytes) -> bytes:
    salt = parameters.octets()
    n, r, p = parameters.integer(), parameters.integer(), parameters.integer()
    if parameters.peek() == INTEGER and parameters.integer() != size:
        raise Pkcs8Error
    parameters.done()
    if n < 2 or n & (n - 1) or r < 1 or p < 1 or 128 * n * r > _MAX_MEMORY or n * r * p > _MAX_WORK:
        raise UnsupportedPkcs8Error
    return Scrypt(salt=salt, length=size, n=n, r=r, p=p).derive(password)


def _pbkdf2_secret(parameters: Reader, size: int, password: bytes) -> bytes:
    salt, iterations = parameters.octets(), parameters.integer()
    if parameters.peek() == INTEGER and parameters.integer() != size:
        raise Pkcs8Error
    prf = "1.2.840.113549.2.7"
    if parameters.peek() == SEQUENCE:
        algorithm = parameters.enter()
        prf = algorithm.oid()
    parameters.done()
    if prf not in _PRF or not 1 <= iterations <= _MAX_ITERATIONS:
        raise UnsupportedPkcs8Error
    return PBKDF2HMAC(algorithm=_PRF[prf](), length=size, salt=salt, iterations=iterations).derive(password)


def _decrypt_der(der: bytes, password: bytes) -> bytes:
    """Return the plain PrivateKeyInfo."""
    outer = Reader(der)
    body = outer.enter()
    outer.done()
    algorithm, sealed = body.enter(), body.octets()
    body.done()
    if algorithm.oid() != _PBES2:
        raise UnsupportedPkcs8Error
    scheme = algorithm.enter()
    derivation, cipher = scheme.enter(), scheme.enter()
    name, cipher_name = derivation.oid(), cipher.oid()
    if cipher_name not in _AES_CBC:
        raise UnsupportedPkcs8Error
    size, iv = _AES_CBC[cipher_name], cipher.octets()
    if name == _SCRYPT:
        secret = _scrypt_secret(derivation.enter(), size, password)
    elif name == _PBKDF2:
        secret = _pbkdf2_secret(derivation.enter(), size, password)
    else:
        raise UnsupportedPkcs8Error
    try:
        decryptor = Cipher(algorithms.AES(secret), modes.CBC(iv)).decryptor()
        padded = decryptor.update(sealed) + decryptor.finalize()
        remover = padding.PKCS7(128).unpadder()
        return remover.update(padded) + remover.finalize()
    except ValueError:
        raise Pkcs8Error from None


def decrypt(pem: bytes, password: bytes) -> bytes:
    """Return the unencrypted PKCS#8 (DER) inside an encrypted PEM file.

    Raises:
        UnsupportedPkcs8Error: another cipher, derivation or cost.
        Pkcs8Error: not such a file, damaged, or the wrong password.
    """
    lines = [line.strip() for line in pem.strip().splitlines()]
    if len(lines) < 3 or lines[0] != b"-----BEGIN ENCRYPTED PRIVATE KEY-----" \
            or lines[-1] != b"-----END ENCRYPTED PRIVATE KEY-----":
        raise Pkcs8Error
    try:
        plain = _decrypt_der(base64.b64decode(b"".join(lines[1:-1]), validate=True), password)
        require_der(plain)                          # a wrong password passes the padding once in 256
    except (binascii.Error, DerError):
        raise Pkcs8Error from None
    return plain

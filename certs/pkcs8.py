"""Encrypted PKCS#8 (RFC 5958, RFC 8018): the bytes in which private keys rest.

Written: PBES2 with scrypt (RFC 7914) and AES-256-CBC, PEM ``ENCRYPTED PRIVATE KEY``, a named curve and the
public key inside, so that ``openssl pkey`` reads it. Read: also PBKDF2 and shorter AES keys, which is what
other tools write. Keys of the SM2 curve and of P-256, nothing else.
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

__all__ = ["CURVES", "Pkcs8Error", "RawKey", "ScryptCost", "UnsupportedPkcs8Error", "decrypt", "encrypt",]

_PBES2 = "1.2.840.113549.1.5.13"
_PBKDF2 = "1.2.840.113549.1.5.12"
_SCRYPT = "1.3.6.1.4.1.11591.4.11"
_AES_CBC = {"2.16.840.1.101.3.4.1.2": 16, "2.16.840.1.101.3.4.1.22": 24, "2.16.840.1.101.3.4.1.42": 32}
_PRF: dict[str, Callable[[], hashes.HashAlgorithm]] = {
    "1.2.840.113549.2.7": hashes.SHA1, "1.2.840.113549.2.9": hashes.SHA256,
    "1.2.840.113549.2.10": hashes.SHA384, "1.2.840.113549.2.11": hashes.SHA512,
    "1.2.156.10197.1.401.2": hashes.SM3,
}
_EC_KEY = "1.2.840.10045.2.1"
CURVES = {"sm2": "1.2.156.10197.1.301", "p256": "1.2.840.10045.3.1.7"}
"""Names of the curves and their OIDs."""
_MAX_MEMORY = 256 * 1024 * 1024
_MAX_WORK = 1 << 26                                 # N·r·p of scrypt; what we write has 2**18
_MAX_ITERATIONS = 10_000_000
_INTEGER, _BITS, _OCTETS, _NULL, _OID, _SEQUENCE = 0x02, 0x03, 0x04, 0x05, 0x06, 0x30


class Pkcs8Error(Exception):
    """Not an encrypted key of ours, damaged, or the password is wrong (the three look alike)."""


class UnsupportedPkcs8Error(Pkcs8Error):
    """Well-formed, but with a cipher, a derivation or a kind of key that is not taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScryptCost:
    """Cost of deriving a key from a password: 128·N·r bytes of memory, time in proportion to N·r·p.

    The default needs 16 MiB (OpenSSL reads no more than 32 MiB) and about 80 ms.
    """

    n: int = 1 << 14
    r: int = 8
    p: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RawKey:
    """A private number and the curve it belongs to; never printed."""

    curve: str
    number: int

    def __repr__(self) -> str:
        return f"RawKey(curve={self.curve!r})"


def _tlv(tag: int, body: bytes) -> bytes:
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(digits))) + digits + body


def _sequence(*parts: bytes) -> bytes:
    return _tlv(_SEQUENCE, b"".join(parts))


def _integer(value: int) -> bytes:
    return _tlv(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _oid(text: str) -> bytes:
    first, second, *rest = (int(arc) for arc in text.split("."))
    body = bytearray()
    for arc in (first * 40 + second, *rest):
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(0x80 | (arc & 0x7F))
        body += bytes(reversed(digits))
    return _tlv(_OID, bytes(body))


class _Reader:
    """Walks over DER elements; every surprise is a :class:`Pkcs8Error`."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def tag(self) -> int | None:
        return self._data[self._at] if self._at < len(self._data) else None

    def take(self, tag: int) -> bytes:
        data, at = self._data, self._at
        if at + 2 > len(data) or data[at] != tag:
            raise Pkcs8Error
        size, at = data[at + 1], at + 2
        if size & 0x80:
            count = size & 0x7F
            if not 1 <= count <= 4 or at + count > len(data):
                raise Pkcs8Error
            size, at = int.from_bytes(data[at:at + count], "big"), at + count
        if at + size > len(data):
            raise Pkcs8Error
        self._at = at + size
        return data[at:at + size]

    def inner(self) -> _Reader:
        return _Reader(self.take(_SEQUENCE))

    def integer(self) -> int:
        body = self.take(_INTEGER)
        if not body or len(body) > 16:
            raise Pkcs8Error
        value = int.from_bytes(body, "big", signed=True)
        if value < 0:
            raise Pkcs8Error
        return value

    def oid(self) -> str:
        body = self.take(_OID)
        arcs, value = [], 0
        for byte in body:
            value = value << 7 | byte & 0x7F
            if not byte & 0x80:
                arcs.append(value)
                value = 0
        if not arcs:
            raise Pkcs8Error
        first = min(arcs[0] // 40, 2)
        return ".".join(str(arc) for arc in (first, arcs[0] - 40 * first, *arcs[1:]))

    def end(self) -> None:
        if self._at != len(self._data):
            raise Pkcs8Error


def encrypt(
    key: RawKey, public: bytes, password: bytes, *, salt: bytes, iv: bytes, cost: ScryptCost,
) -> bytes:
    """Return the PEM of the encrypted key.

    Args:
        public: uncompressed point (65 bytes) that belongs to the key.
        salt: 16 random bytes.
        iv: 16 random bytes.
    """
    ec_key = _sequence(
        _integer(1), _tlv(_OCTETS, key.number.to_bytes(32, "big")), _tlv(0xA1, _tlv(_BITS, b"\0" + public)))
    plain = _sequence(
        _integer(0), _sequence(_oid(_EC_KEY), _oid(CURVES[key.curve])), _tlv(_OCTETS, ec_key))
    secret = Scrypt(salt=salt, length=32, n=cost.n, r=cost.r, p=cost.p).derive(password)
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(iv)).encryptor()
    sealed = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    derivation = _sequence(
        _oid(_SCRYPT), _sequence(_tlv(_OCTETS, salt), _integer(cost.n), _integer(cost.r), _integer(cost.p)))
    cipher = _sequence(_oid("2.16.840.1.101.3.4.1.42"), _tlv(_OCTETS, iv))
    der = _sequence(_sequence(_oid(_PBES2), _sequence(derivation, cipher)), _tlv(_OCTETS, sealed))
    body = "\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64))
    return f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{body}\n-----END ENCRYPTED PRIVATE KEY-----\n".encode()


def _scrypt_secret(parameters: _Reader, size: int, password: bytes) -> bytes:
    salt = parameters.take(_OCTETS)
    n, r, p = parameters.integer(), parameters.integer(), parameters.integer()
    if parameters.tag() == _INTEGER and parameters.integer() != size:
        raise Pkcs8Error
    parameters.end()
    if n < 2 or n & (n - 1) or r < 1 or p < 1 or 128 * n * r > _MAX_MEMORY or n * r * p > _MAX_WORK:
        raise UnsupportedPkcs8Error
    return Scrypt(salt=salt, length=size, n=n, r=r, p=p).derive(password)


def _pbkdf2_secret(parameters: _Reader, size: int, password: bytes) -> bytes:
    salt, iterations = parameters.take(_OCTETS), parameters.integer()
    if parameters.tag() == _INTEGER and parameters.integer() != size:
        raise Pkcs8Error
    prf = "1.2.840.113549.2.7"
    if parameters.tag() == _SEQUENCE:
        algorithm = parameters.inner()
        prf = algorithm.oid()
    parameters.end()
    if prf not in _PRF or not 1 <= iterations <= _MAX_ITERATIONS:
        raise UnsupportedPkcs8Error
    return PBKDF2HMAC(algorithm=_PRF[prf](), length=size, salt=salt, iterations=iterations).derive(password)


def _decrypt_der(der: bytes, password: bytes) -> bytes:
    """Return the plain PrivateKeyInfo."""
    outer = _Reader(der)
    body = outer.inner()
    outer.end()
    algorithm, sealed = body.inner(), body.take(_OCTETS)
    body.end()
    if algorithm.oid() != _PBES2:
        raise UnsupportedPkcs8Error
    scheme = algorithm.inner()
    derivation, cipher = scheme.inner(), scheme.inner()
    name, cipher_name = derivation.oid(), cipher.oid()
    if cipher_name not in _AES_CBC:
        raise UnsupportedPkcs8Error
    size, iv = _AES_CBC[cipher_name], cipher.take(_OCTETS)
    if name == _SCRYPT:
        secret = _scrypt_secret(derivation.inner(), size, password)
    elif name == _PBKDF2:
        secret = _pbkdf2_secret(derivation.inner(), size, password)
    else:
        raise UnsupportedPkcs8Error
    try:
        decryptor = Cipher(algorithms.AES(secret), modes.CBC(iv)).decryptor()
        padded = decryptor.update(sealed) + decryptor.finalize()
        remover = padding.PKCS7(128).unpadder()
        return remover.update(padded) + remover.finalize()
    except ValueError:
        raise Pkcs8Error from None


def decrypt(pem: bytes, password: bytes) -> tuple[RawKey, bytes | None]:
    """Return the key and, when the file names it, the public point.

    Raises:
        UnsupportedPkcs8Error: another cipher, derivation, cost or kind of key.
        Pkcs8Error: not such a file, damaged, or the wrong password.
    """
    lines = [line.strip() for line in pem.strip().splitlines()]
    if len(lines) < 3 or lines[0] != b"-----BEGIN ENCRYPTED PRIVATE KEY-----" \
            or lines[-1] != b"-----END ENCRYPTED PRIVATE KEY-----":
        raise Pkcs8Error
    try:
        der = base64.b64decode(b"".join(lines[1:-1]), validate=True)
    except binascii.Error:
        raise Pkcs8Error from None
    info = _Reader(_decrypt_der(der, password)).inner()
    info.integer()
    algorithm, inner = info.inner(), _Reader(info.take(_OCTETS)).inner()
    if algorithm.oid() != _EC_KEY:
        raise UnsupportedPkcs8Error
    if algorithm.tag() != _OID:
        raise UnsupportedPkcs8Error
    curve_oid = algorithm.oid()
    curve = next((name for name, oid in CURVES.items() if oid == curve_oid), None)
    if curve is None:
        raise UnsupportedPkcs8Error
    inner.integer()
    number = int.from_bytes(inner.take(_OCTETS), "big")
    if inner.tag() == 0xA0:
        inner.take(0xA0)
    public = None
    if inner.tag() == 0xA1:
        public = _Reader(inner.take(0xA1)).take(_BITS)[1:]
    return RawKey(curve=curve, number=number), public

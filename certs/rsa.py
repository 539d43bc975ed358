"""RSA keys (PKCS #1 v1.5 with SHA-256), for the PDF rendition; the same shape as :mod:`certs.p256` keys.

For authorities whose certification authority issues RSA certificates, or whose token signs with RSA alone.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from certs.plain_pkcs8 import read_plain, write_plain
from certs.public_key import RSA_MAX_BITS, RSA_MIN_BITS
from codes.errors import EngineError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import rsa

__all__ = ["BITS", "PrivateKey", "RsaCode", "RsaError"]

BITS: Final = 3072
"""Length of new keys: as strong as P-256. From 2048 bits on a key is accepted."""
_PUBLIC_EXPONENT: Final = 65537


class RsaCode(enum.StrEnum):
    """Codes of :class:`RsaError`."""

    BAD_PRIVATE_KEY = "rsa.bad-private-key"


class RsaError(EngineError):
    """A key is not a usable RSA private key."""


class PrivateKey:
    """An RSA private key; ``algorithm`` and ``sign`` make it a :class:`certs.signer.SigningKey`."""

    __slots__ = ("_key", "spki")

    algorithm: ClassVar[Literal["rsa-pkcs1-sha256"]] = "rsa-pkcs1-sha256"

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        """Take a key of ``cryptography``.

        Raises:
            RsaError: ``rsa.bad-private-key`` when it is none, or has fewer than 2048 or more than 8192 bits.
        """
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        if not isinstance(key, rsa.RSAPrivateKey) or not RSA_MIN_BITS <= key.key_size <= RSA_MAX_BITS:
            raise _bad_key()
        self._key = key
        self.spki: bytes = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    @classmethod
    def generate(cls, bits: int = BITS) -> PrivateKey:
        """A new key from the operating system's randomness."""
        from cryptography.hazmat.primitives.asymmetric import rsa

        return cls(rsa.generate_private_key(public_exponent=_PUBLIC_EXPONENT, key_size=bits))

    @classmethod
    def from_pkcs8(cls, encoded: bytes) -> PrivateKey:
        """A key from unencrypted PKCS#8 (DER).

        Raises:
            RsaError: ``rsa.bad-private-key`` when it is not such a key.
        """
        try:
            key = read_plain(encoded)
        except ValueError as error:
            raise _bad_key() from error
        return cls(key)                                 # which refuses any other kind

    def pkcs8(self) -> bytes:
        """Unencrypted PKCS#8 (DER). The caller encrypts it before it is stored."""
        return write_plain(self._key)

    def sign(self, message: bytes, *, approval: str = "") -> bytes:  # noqa: ARG002 - for keys elsewhere
        """The signature (as long as the modulus) over ``message``."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        return self._key.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def __repr__(self) -> str:
        return f"<RSA private key of {self._key.key_size} bits>"

    def __reduce__(self) -> str:
        raise TypeError("a private key is not pickled")


def _bad_key() -> RsaError:
    return RsaError(
        RsaCode.BAD_PRIVATE_KEY, f"不是可用的 RSA 私钥（PKCS#8，{RSA_MIN_BITS} 至 {RSA_MAX_BITS} 位），请检查密钥文件",
        f"this is not a usable RSA private key (PKCS#8, {RSA_MIN_BITS} to {RSA_MAX_BITS} bits); check the key file")

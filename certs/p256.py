"""ECDSA keys on P-256 with SHA-256, for the PDF rendition; the same shape as :mod:`certs.sm2` keys."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from certs.der import SEQUENCE, Reader
from certs.der_build import signature_value
from certs.plain_pkcs8 import read_plain, write_plain
from codes.errors import EngineError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

__all__ = ["P256Code", "P256Error", "PrivateKey", "canonical_signature", "spki"]

_HALF_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551 >> 1

_SPKI_PREFIX: Final = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")


class P256Code(enum.StrEnum):
    """Codes of :class:`P256Error`."""

    BAD_PRIVATE_KEY = "p256.bad-private-key"


class P256Error(EngineError):
    """A key is not a usable P-256 private key."""


class PrivateKey:
    """A P-256 private key; ``algorithm`` and ``sign`` make it a :class:`certs.signer.SigningKey`."""

    __slots__ = ("_ecdsa", "_key", "public")

    algorithm: ClassVar[Literal["ecdsa-p256-sha256"]] = "ecdsa-p256-sha256"

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        """Take a key of ``cryptography``.

        Raises:
            P256Error: ``p256.bad-private-key`` when it is on another curve.
        """
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise _bad_key()
        self._key = key
        self._ecdsa = ec.ECDSA(hashes.SHA256())
        self.public: bytes = key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)

    @classmethod
    def generate(cls) -> PrivateKey:
        """A new key from the operating system's randomness."""
        from cryptography.hazmat.primitives.asymmetric import ec

        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_pkcs8(cls, encoded: bytes) -> PrivateKey:
        """A key from unencrypted PKCS#8 (DER).

        Raises:
            P256Error: ``p256.bad-private-key`` when it is not such a key.
        """
        try:
            key = read_plain(encoded)
        except ValueError as error:
            raise _bad_key() from error
        return cls(key)                                 # which refuses any other kind

    def pkcs8(self) -> bytes:
        """Unencrypted PKCS#8 (DER). The caller encrypts it before it is stored."""
        return write_plain(self._key)

    @property
    def spki(self) -> bytes:
        """SubjectPublicKeyInfo (DER) of the public key."""
        return spki(self.public)

    def sign(self, message: bytes, *, approval: str = "") -> bytes:  # noqa: ARG002 - for keys elsewhere
        """A DER ECDSA signature with SHA-256 over ``message``."""
        return self._key.sign(message, self._ecdsa)

    def __repr__(self) -> str:
        return f"<P-256 private key of {self.public.hex()[:18]}…>"

    def __reduce__(self) -> str:
        raise TypeError("a private key is not pickled")


def spki(public: bytes) -> bytes:
    """SubjectPublicKeyInfo (DER) of an uncompressed point (65 bytes)."""
    return _SPKI_PREFIX + public


def canonical_signature(signature: bytes) -> bytes:
    """The one spelling of an ECDSA signature on P-256: s in the lower half (with (r, s) also (r, n−s) verifies).

    Raises:
        DerError: it is not DER of two integers.
    """
    reader = Reader(signature).enter(SEQUENCE)
    r, s = reader.integer(), reader.integer()
    reader.done()
    return signature_value(r, min(s, 2 * _HALF_ORDER + 1 - s))


def _bad_key() -> P256Error:
    return P256Error(P256Code.BAD_PRIVATE_KEY, "不是可用的 P-256 私钥（PKCS#8），请检查密钥文件",
                     "this is not a usable P-256 private key (PKCS#8); check the key file")

"""Who signs: the one small interface between what must be signed and the keys.

A :class:`SigningKey` signs; a :class:`Signer` is a key together with its certificate. Key stores, tokens and
signer processes implement these two; nothing else in the project sees a private key.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Literal, Protocol

from codes.errors import EngineError

if TYPE_CHECKING:
    from certs.x509 import Certificate

__all__ = ["Algorithm", "LocalSigner", "Signer", "SignerCode", "SignerError", "SigningKey"]

Algorithm = Literal["sm2-sm3", "ecdsa-p256-sha256", "rsa-pkcs1-sha256"]


class SignerCode(enum.StrEnum):
    """Codes of :class:`SignerError`."""

    KEY_MISMATCH = "signer.key-mismatch"


class SignerError(EngineError):
    """A signer cannot be made."""


class SigningKey(Protocol):
    """A private key that signs messages, wherever it is: :class:`certs.sm2.PrivateKey`, a key on a token."""

    @property
    def algorithm(self) -> Algorithm:
        """How it signs."""

    @property
    def spki(self) -> bytes:
        """SubjectPublicKeyInfo (DER) of its public key."""

    def sign(self, message: bytes, *, approval: str = "") -> bytes:
        """Return the signature over ``message``: DER for SM2 and ECDSA, PKCS #1 v1.5 for RSA.

        Args:
            approval: identifier of the approval under which a licence is sealed; "" for what needs none. A key
                in this process does not ask for it; a signer process checks and counts it.
        """


class Signer(Protocol):
    """A key with its certificate."""

    @property
    def certificate(self) -> Certificate:
        """The certificate of the key."""

    @property
    def algorithm(self) -> Algorithm:
        """How it signs."""

    def sign(self, message: bytes, *, approval: str = "") -> bytes:
        """The signature over ``message``; see :meth:`SigningKey.sign`."""


class LocalSigner:
    """A :class:`Signer` of a certificate and its key."""

    __slots__ = ("_key", "certificate")

    def __init__(self, certificate: Certificate, key: SigningKey) -> None:
        """Join a certificate and its key.

        Raises:
            SignerError: ``signer.key-mismatch`` when the key does not belong to the certificate.
        """
        if certificate.public_key.spki != key.spki:
            raise SignerError(
                SignerCode.KEY_MISMATCH,
                f"私钥不属于证书“{certificate.subject_cn}”，请检查密钥与证书是否成对",
                f"the private key does not belong to certificate {certificate.subject_cn}; check the pair")
        self.certificate = certificate
        self._key = key

    @property
    def algorithm(self) -> Algorithm:
        """How it signs."""
        return self._key.algorithm

    def sign(self, message: bytes, *, approval: str = "") -> bytes:
        """The signature over ``message``; see :meth:`SigningKey.sign`."""
        return self._key.sign(message, approval=approval)

    def __repr__(self) -> str:
        return f"<signer {self.certificate.subject_cn} ({self.algorithm})>"

"""Unencrypted PKCS#8 (RFC 5958) by the library's own reader and writer, for keys that it holds: P-256 and RSA."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

__all__ = ["read_plain", "write_plain"]


def read_plain(encoded: bytes) -> Any:
    """Return the key in DER, of whatever kind it is: who asked for one kind refuses the others.

    Raises:
        ValueError: it is no private key that the library knows.
    """
    # Imported here: a verifier reads no private key, and would wait for it.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    try:
        return serialization.load_der_private_key(encoded, password=None)
    except (TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("no private key that is known here") from error


def write_plain(key: PrivateKeyTypes) -> bytes:
    """Return the DER of a key. The caller encrypts it before it is stored."""
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())

"""Digests of what a foreign PDF signs, and RSASSA-PSS over them."""

from __future__ import annotations

import hashlib

from certs.sm3 import sm3

__all__ = ["digest_of", "holds_pss"]


def digest_of(name: str, *parts: memoryview | bytes) -> bytes:
    """The digest of all parts, by a name of hashlib or by sm3."""
    if name == "sm3":
        return sm3(b"".join(parts))
    digest = hashlib.new(name, usedforsecurity=False)
    for part in parts:
        digest.update(part)
    return digest.digest()


def holds_pss(spki: bytes, message: bytes, signature: bytes, digest_name: str, salt: int) -> bool:
    """RSASSA-PSS with MGF1 over the same digest (RFC 8017, 8.1)."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    digest = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}[digest_name]
    key = load_der_public_key(spki)
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        key.verify(signature, message, padding.PSS(padding.MGF1(digest), salt), digest)
    except (InvalidSignature, ValueError):
        return False
    return True

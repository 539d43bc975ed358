"""Public keys of certificates, and verifying what they signed.

SM2 is verified by :mod:`certs.sm2`; RSA and ECDSA by ``cryptography``, imported on first use only. Every
signature value is checked to be in its one form before a backend sees it.
"""

from __future__ import annotations

import enum
import functools
import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from certs import sm2
from certs.der import SEQUENCE, DerError, Reader
from certs.sm3 import new as new_sm3
from codes.errors import EngineError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

__all__ = [
    "ALGORITHM_BY_OID", "OID_BY_ALGORITHM", "KeyKind", "PublicKey", "PublicKeyCode", "PublicKeyError",
    "read_algorithm", "verify_cached",
]

KeyKind = Literal["sm2", "p256", "p384", "p521", "rsa"]

OID_EC_KEY: Final = "1.2.840.10045.2.1"
OID_RSA_KEY: Final = "1.2.840.113549.1.1.1"
_CURVES: Final[dict[str, KeyKind]] = {
    "1.2.156.10197.1.301": "sm2", "1.2.840.10045.3.1.7": "p256",
    "1.3.132.0.34": "p384", "1.3.132.0.35": "p521",
}
_COORDINATE_BYTES: Final[dict[str, int]] = {"sm2": 32, "p256": 32, "p384": 48, "p521": 66}
RSA_MIN_BITS: Final = 2048
RSA_MAX_BITS: Final = 8192

# Signature algorithms that are accepted; MD5 and SHA-1 are not among them.
ALGORITHM_BY_OID: Final[dict[str, str]] = {
    "1.2.156.10197.1.501": "sm2-sm3",
    "1.2.840.10045.4.3.2": "ecdsa-sha256",
    "1.2.840.10045.4.3.3": "ecdsa-sha384",
    "1.2.840.10045.4.3.4": "ecdsa-sha512",
    "1.2.840.113549.1.1.11": "rsa-sha256",
    "1.2.840.113549.1.1.12": "rsa-sha384",
    "1.2.840.113549.1.1.13": "rsa-sha512",
}
OID_BY_ALGORITHM: Final[dict[str, str]] = {
    **{name: oid for oid, name in ALGORITHM_BY_OID.items()}, "ecdsa-p256-sha256": "1.2.840.10045.4.3.2",
    "rsa-pkcs1-sha256": "1.2.840.113549.1.1.11",
}
_NULL_PARAMETERS: Final = b"\x05\x00"


class PublicKeyCode(enum.StrEnum):
    """Codes of :class:`PublicKeyError`."""

    UNSUPPORTED_KEY = "key.unsupported"
    BAD_KEY = "key.bad"
    UNSUPPORTED_ALGORITHM = "key.unsupported-algorithm"


class PublicKeyError(EngineError):
    """A public key or signature algorithm is not one that is accepted."""


def read_algorithm(reader: Reader) -> str:
    """The name of the signature algorithm that comes next (an AlgorithmIdentifier).

    Raises:
        PublicKeyError: ``key.unsupported-algorithm`` for an unknown or broken algorithm or odd parameters.
    """
    inner = reader.enter(SEQUENCE)
    oid = inner.oid()
    parameters = inner.raw() if inner.more() else None
    inner.done()
    name = ALGORITHM_BY_OID.get(oid)
    family = "" if name is None else name.partition("-")[0]
    # RSA demands NULL (RFC 4055), ECDSA nothing (RFC 5758); SM2 occurs with both.
    allowed: dict[str, tuple[bytes | None, ...]] = {
        "rsa": (_NULL_PARAMETERS,), "ecdsa": (None,), "sm2": (None, _NULL_PARAMETERS)}
    if name is None or parameters not in allowed[family]:
        raise PublicKeyError(PublicKeyCode.UNSUPPORTED_ALGORITHM,
                             f"不接受签名算法 {oid}，请改用 SM2、ECDSA 或 RSA",
                             f"signature algorithm {oid} is not accepted; use SM2, ECDSA or RSA", oid=oid)
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A public key: its kind, its SubjectPublicKeyInfo as received, and its key bits.

    For SM2 and P-256 the bits are the 65 bytes of the uncompressed point.
    """

    kind: KeyKind
    spki: bytes
    bits: bytes

    @classmethod
    def parse(cls, spki: bytes) -> PublicKey:
        """Read a SubjectPublicKeyInfo.

        Raises:
            DerError: not strict DER.
            PublicKeyError: ``key.unsupported`` or ``key.bad``.
        """
        return _parse_public_key(spki)

    def verify(self, message: bytes, signature: bytes, algorithm: str) -> bool:
        """Whether ``signature`` by ``algorithm`` (a name of this module) holds.

        Hostile input gives False, never an exception.
        """
        if algorithm == "sm2-sm3":
            return self.kind == "sm2" and sm2.verify(self.bits, message, signature)
        if algorithm == "ecdsa-p256-sha256":
            return self.kind == "p256" and _verify_ecdsa(self, message, signature, "sha256")
        if algorithm == "rsa-pkcs1-sha256":
            return self.kind == "rsa" and _verify_rsa(self, message, signature, "sha256")
        family, _, digest = algorithm.partition("-")
        if OID_BY_ALGORITHM.get(algorithm) is None:
            return False
        if family == "ecdsa":
            return self.kind in ("p256", "p384", "p521") and _verify_ecdsa(self, message, signature, digest)
        return self.kind == "rsa" and _verify_rsa(self, message, signature, digest)

    @property
    def key_id(self) -> bytes:
        """A 20-byte subject key identifier: SM3 (SM2 keys) or SHA-256 of the key bits, cut (RFC 7093)."""
        if self.kind == "sm2":
            return new_sm3(self.bits).digest()[:20]
        import hashlib

        return hashlib.sha256(self.bits).digest()[:20]


@functools.lru_cache(maxsize=512)
def _parse_public_key(spki: bytes) -> PublicKey:
    outer = Reader(spki)
    info = outer.enter()
    outer.done()
    algorithm = info.enter()
    oid = algorithm.oid()
    if oid == OID_RSA_KEY:
        algorithm.null()
        algorithm.done()
        bits = info.bits()
        info.done()
        _check_rsa(bits)
        return PublicKey(kind="rsa", spki=spki, bits=bits)
    kind = _CURVES.get(algorithm.oid()) if oid == OID_EC_KEY else None
    if kind is None:
        raise PublicKeyError(PublicKeyCode.UNSUPPORTED_KEY, "不支持这种公钥，请改用 SM2、P-256 或 RSA 证书",
                             "this kind of public key is not supported; use an SM2, P-256 or RSA certificate")
    algorithm.done()
    bits = info.bits()
    info.done()
    right_size = len(bits) == 1 + 2 * _COORDINATE_BYTES[kind] and bits[0] == 4
    if not right_size or (kind == "sm2" and not sm2.is_public_key(bits)):
        raise _bad_key()
    return PublicKey(kind=kind, spki=spki, bits=bits)


def _bad_key() -> PublicKeyError:
    return PublicKeyError(PublicKeyCode.BAD_KEY, "公钥取值有误，请检查证书",
                          "the public key has a wrong value; check the certificate")


def _check_rsa(bits: bytes) -> None:
    outer = Reader(bits)
    key = outer.enter()
    outer.done()
    modulus, exponent = key.integer(), key.integer()
    key.done()
    if (not RSA_MIN_BITS <= modulus.bit_length() <= RSA_MAX_BITS or modulus <= 0 or modulus % 2 == 0
            or exponent < 3 or exponent % 2 == 0 or exponent.bit_length() > 64):
        raise _bad_key()


@functools.lru_cache(maxsize=256)
def _loaded(spki: bytes) -> EllipticCurvePublicKey | RSAPublicKey | None:
    """The key in ``cryptography``; None when that refuses it (a point off the curve, for example)."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key: Any = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        return None
    loaded: EllipticCurvePublicKey | RSAPublicKey = key
    return loaded


def _hash(name: str) -> Any:
    from cryptography.hazmat.primitives import hashes

    if name == "sha256":
        return hashes.SHA256()
    return hashes.SHA384() if name == "sha384" else hashes.SHA512()


def _verify_ecdsa(key: PublicKey, message: bytes, signature: bytes, digest: str) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        outer = Reader(signature)
        pair = outer.enter()
        outer.done()
        r, s = pair.integer(), pair.integer()
        pair.done()
    except DerError:
        return False
    loaded = _loaded(key.spki)
    if r <= 0 or s <= 0 or not isinstance(loaded, ec.EllipticCurvePublicKey):
        return False
    try:
        loaded.verify(signature, message, ec.ECDSA(_hash(digest)))
    except (InvalidSignature, ValueError):
        return False
    return True


def _verify_rsa(key: PublicKey, message: bytes, signature: bytes, digest: str) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    loaded = _loaded(key.spki)
    if not isinstance(loaded, rsa.RSAPublicKey) or len(signature) != (loaded.key_size + 7) // 8:
        return False
    try:
        loaded.verify(signature, message, padding.PKCS1v15(), _hash(digest))
    except (InvalidSignature, ValueError):
        return False
    return True


_CACHE_SIZE: Final = 4096
_MARKED_WHOLE: Final = 2048             # bytes of what is signed; a larger one is marked by its digest
_passes: OrderedDict[tuple[object, ...], None] = OrderedDict()
_passes_lock = threading.Lock()


def verify_cached(key: PublicKey, message: bytes, signature: bytes, algorithm: str) -> bool:
    """:meth:`PublicKey.verify` for certificates and CRLs, which recur: passes are remembered, failures never.

    A pass is remembered under every input as it is; of a long message under its SHA-256 and length.
    """
    short = len(message) <= _MARKED_WHOLE
    mark = (algorithm, key.spki, signature, message if short else (len(message), hashlib.sha256(message).digest()))
    with _passes_lock:
        if mark in _passes:
            _passes.move_to_end(mark)
            return True
    if not key.verify(message, signature, algorithm):
        return False
    with _passes_lock:
        _passes[mark] = None
        if len(_passes) > _CACHE_SIZE:
            _passes.popitem(last=False)
    return True

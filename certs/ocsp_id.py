"""The name by which OCSP speaks of a certificate (CertID, RFC 6960 clause 4.1.1)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from certs import der_build as build
from certs.der import NULL, SEQUENCE, DerCode, DerError, Reader
from certs.sm3 import sm3
from certs.x509 import Certificate

__all__ = ["CertId", "read_cert_id"]

_DIGEST_BY_OID: Final = {
    "1.3.14.3.2.26": "sha1", "2.16.840.1.101.3.4.2.1": "sha256", "1.2.156.10197.1.401": "sm3",
}
_OID_BY_DIGEST: Final = {name: oid for oid, name in _DIGEST_BY_OID.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class CertId:
    """Issuer and serial number of a certificate, the issuer by digests of its name and of its key.

    ``algorithm`` is ``sha1``, ``sha256`` or ``sm3``. SHA-1 only finds the issuer here and protects nothing: the
    answer's signer is judged by its certificate.
    """

    algorithm: str
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: int

    @classmethod
    def of(cls, serial: int, issuer: Certificate, algorithm: str = "sha1") -> CertId:
        """Name the certificate that ``issuer`` gave the number ``serial``."""
        return cls(algorithm=algorithm, issuer_name_hash=_hash(algorithm, issuer.subject),
                   issuer_key_hash=_hash(algorithm, issuer.public_key.bits), serial=serial)

    def is_of(self, issuer: Certificate) -> bool:
        """Whether ``issuer`` is the issuer that is meant."""
        return self == CertId.of(self.serial, issuer, self.algorithm)

    def is_of_name(self, name: bytes) -> bool:
        """Whether an encoded name is that of the issuer that is meant."""
        return self.issuer_name_hash == _hash(self.algorithm, name)

    def encode(self) -> bytes:
        """DER of the CertID; the parameters of SHA digests are NULL as everywhere in OCSP, those of SM3 absent."""
        parameters = b"" if self.algorithm == "sm3" else build.null()
        return build.sequence(
            build.sequence(build.oid(_OID_BY_DIGEST[self.algorithm]), parameters),
            build.octet_string(self.issuer_name_hash), build.octet_string(self.issuer_key_hash),
            build.integer(self.serial))


def read_cert_id(reader: Reader) -> CertId:
    """Read the CertID that comes next.

    Raises:
        DerError: it is none, or its digest is none of SHA-1, SHA-256 and SM3.
    """
    body = reader.enter(SEQUENCE)
    holder = body.enter(SEQUENCE)
    name = _DIGEST_BY_OID.get(holder.oid())
    if holder.peek() == NULL:
        holder.null()
    holder.done()
    if name is None:
        raise DerError(DerCode.UNEXPECTED, "证书标识的摘要算法不是 SHA-1、SHA-256 或 SM3，请换用其中之一",
                       "the digest of a certificate identifier is none of SHA-1, SHA-256 and SM3; use one of them")
    found = CertId(algorithm=name, issuer_name_hash=body.octets(), issuer_key_hash=body.octets(),
                   serial=body.integer())
    body.done()
    if any(len(value) != len(_hash(name, b"")) for value in (found.issuer_name_hash, found.issuer_key_hash)):
        raise DerError(DerCode.UNEXPECTED, "证书标识的摘要长度有误，请重新取得",
                       "a digest in a certificate identifier has the wrong length; obtain it again")
    return found


def _hash(name: str, value: bytes) -> bytes:
    if name == "sm3":
        return sm3(value)
    return hashlib.new(name, value, usedforsecurity=False).digest()

"""Messages as a licence's signatures have them, as many as wanted."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from certs import der_build
from certs.seal import SealFile
from certs.ses_build import build_to_sign
from certs.sm3 import sm3
from certs.x509 import Certificate
from tests.signer.processes import key_name

__all__ = ["attributes", "to_sign"]


def to_sign(home: Path, number: int) -> bytes:
    """What is signed when the authority's seal is set on a document, now."""
    seal = SealFile.load((home / "authorities" / key_name(home, "seal.esl")).read_bytes()).seal
    return build_to_sign(
        seal=seal, signed_at=datetime.now(UTC), data_hash=sm3(b"document %d" % number),
        property_info="/Doc_0/Signs/Sign_0/Signature.xml")


def attributes(certificate: Certificate, *, digest: bytes = b"\2" * 32, extra: bytes = b"") -> bytes:
    """The signed attributes of a PDF's signature (EN 319 122-1)."""
    def attribute(kind: str, value: bytes) -> bytes:
        return der_build.sequence(der_build.oid(kind), der_build.set_of([value]))

    identified = der_build.sequence(der_build.octet_string(hashlib.sha256(certificate.der).digest()))
    return der_build.set_of([
        attribute("1.2.840.113549.1.9.3", der_build.oid("1.2.840.113549.1.7.1")),
        attribute("1.2.840.113549.1.9.4", der_build.octet_string(digest)),
        attribute("1.2.840.113549.1.9.16.2.47", der_build.sequence(der_build.sequence(identified))),
        *([extra] if extra else [])])

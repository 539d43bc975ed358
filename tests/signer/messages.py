"""Messages as a licence's signatures have them, as many as wanted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from certs.seal import SealFile
from certs.ses_build import build_to_sign
from certs.sm3 import sm3
from tests.signer.processes import key_name

__all__ = ["to_sign"]


def to_sign(home: Path, number: int) -> bytes:
    """What is signed when the authority's seal is set on a document, now."""
    seal = SealFile.load((home / "authorities" / key_name(home, "seal.esl")).read_bytes()).seal
    return build_to_sign(
        seal=seal, signed_at=datetime.now(UTC), data_hash=sm3(b"document %d" % number),
        property_info="/Doc_0/Signs/Sign_0/Signature.xml")

"""What is told of a revocation besides the verdict: that it came after the proven moment and does no harm, and when
it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from certs.chain import ChainResult
from codes.china_time import time_en, time_zh
from verify.model import Finding
from verify.reasons import Both, finding
from verify.report_words import PURPOSES

__all__ = ["revoked_at", "revoked_later"]


def revoked_later(chain: ChainResult, purpose: str) -> Iterator[Finding]:
    """A note for each certificate of a good chain that was revoked since; other chains have none.

    Args:
        purpose: what the chain was judged for, a key of ``PURPOSES``.
    """
    zh, en = PURPOSES[purpose]
    for certificate, entry, proven_at in chain.later:
        name = certificate.subject_cn or certificate.subject_text
        yield finding(
            "trust.revoked-later", name, purpose=zh, purpose_en=en, name=name,
            reason=Both(entry.reason_zh, entry.reason),
            revoked=Both(time_zh(entry.revoked_at), time_en(entry.revoked_at)),
            proven=Both(time_zh(proven_at), time_en(proven_at)))


def revoked_at(chain: ChainResult | None) -> datetime | None:
    """When the leaf of a chain, good or not, was revoked; None where nothing says so."""
    if chain is None:
        return None
    if chain.code == "chain.revoked" and chain.revocation is not None:
        return chain.revocation.revoked_at
    return next((each.revocation.revoked_at for each in chain.later if each.certificate == chain.path[0]), None)

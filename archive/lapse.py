"""Evidence that has ended: since when it proves no time any more. A renewal after that comes too late for it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from certs.chain import SubIndication
from certs.evidence import EvidenceResult
from certs.evidence_build import Material, due
from certs.strength import Strength

__all__ = ["NEXT_TRY", "Lapse", "can_wait", "is_renewable", "is_unshown", "lapse_of"]

NEXT_TRY: Final = dt.timedelta(days=14)
"""When a renewal that was put off is tried again, at the latest: the timer runs once a week."""
_NO_MARGIN: Final = dt.timedelta(0)
_REVOKED: Final = frozenset({SubIndication.REVOKED, SubIndication.REVOKED_NO_POE})
_ENDED: Final = _REVOKED | {None, SubIndication.EXPIRED, SubIndication.OUT_OF_BOUNDS_NO_POE,
                            SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE}
"""Why a good timestamp holds no more, for good; None where an algorithm became weak."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapse:
    """``at``: since when a record proves no time, None where only the reason is known, as of a revocation."""

    at: dt.datetime | None
    zh: str
    en: str


def lapse_of(record: bytes, result: EvidenceResult, *, material: Material, strength: Strength,
             now: dt.datetime) -> Lapse | None:
    """The end of a record that held until its newest timestamp, of an authority that is believed, ended.

    None for one that holds, and for one that cannot be judged now but may be tomorrow, as without a current list.

    Args:
        result: of judging the record at ``now``.
        material: certificates of the authority that the token does not carry.

    Raises:
        EngineError: the record cannot be read, or the authority's certificate is not at hand.
    """
    if not (_held_once(result) and result.sub_indication in _ENDED):
        return None
    end = due(record, material=material, strength=strength, margin=_NO_MARGIN)
    known = end < now and result.sub_indication not in _REVOKED
    return Lapse(at=end if known else None, zh=result.zh, en=result.en)


def is_renewable(result: EvidenceResult) -> bool:
    """Whether a renewal carries what a record proves or, late, saves what is left: it is of its file, and believed."""
    return result.ok or result.code == "evidence.gap" or is_unshown(result) or (
        _held_once(result) and result.sub_indication in _ENDED)


def is_unshown(result: EvidenceResult) -> bool:
    """Whether nothing but a word of today is wanting: renewed without it, the record would lose its earlier times as
    soon as nobody can have one any more."""
    return _held_once(result) and result.sub_indication is SubIndication.TRY_LATER


def can_wait(record: bytes, *, material: Material, strength: Strength, now: dt.datetime) -> bool:
    """Whether a record does not end before its renewal is tried again.

    Raises:
        EngineError: the record cannot be read, or the authority's certificate is not at hand.
    """
    return due(record, material=material, strength=strength, margin=NEXT_TRY) > now


def _held_once(result: EvidenceResult) -> bool:
    return result.code == "evidence.lapsed" and bool(result.steps) and result.steps[-1].anchor is not None

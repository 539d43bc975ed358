"""Evidence that has ended: since when it proves no time any more. A renewal after that comes too late for it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from certs.chain import SubIndication
from certs.evidence import EvidenceResult
from certs.evidence_build import Material, due
from certs.strength import Strength
from certs.timestamp import TimestampResult

__all__ = ["NEXT_TRY", "NO_MARGIN", "Lapse", "Standing", "lapse_of", "of_record", "of_timestamp"]

NEXT_TRY: Final = dt.timedelta(days=14)
"""When a renewal that was put off is tried again, at the latest: the timer runs once a week."""
NO_MARGIN: Final = dt.timedelta(0)
_REVOKED: Final = frozenset({SubIndication.REVOKED, SubIndication.REVOKED_NO_POE})
_ENDED: Final = _REVOKED | {None, SubIndication.EXPIRED, SubIndication.OUT_OF_BOUNDS_NO_POE,
                            SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE}
"""Why a good timestamp holds no more, for good; None where an algorithm became weak."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapse:
    """``at``: since when evidence proves no time, None where only the reason is known, as of a revocation."""

    at: dt.datetime | None
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How evidence stands now.

    Attributes:
        proves: whether it proves a time, be it after a gap.
        held: where it does not, whether it is of its file, and its newest timestamp of an authority that is believed.
        sub: why that timestamp does not hold now.
    """

    proves: bool
    held: bool
    sub: SubIndication | None
    zh: str
    en: str

    @property
    def has_ended(self) -> bool:
        """Whether it held until its newest timestamp ended, and will not hold again."""
        return self.held and self.sub in _ENDED

    @property
    def is_unshown(self) -> bool:
        """Whether nothing but a word of today is wanting: renewed without it, evidence would lose its earlier times as
        soon as nobody can have one any more."""
        return self.held and self.sub is SubIndication.TRY_LATER

    @property
    def is_renewable(self) -> bool:
        """Whether a renewal carries what is proven or, late, saves what is left."""
        return self.proves or self.is_unshown or self.has_ended

    def lapse(self, end: dt.datetime | None, now: dt.datetime) -> Lapse | None:
        """What ended; None for what proves a time, or may tomorrow, as without a current list.

        Args:
            end: that of the newest timestamp, None where it is not known.
        """
        if not self.has_ended:
            return None
        known = end is not None and end < now and self.sub not in _REVOKED
        return Lapse(at=end if known else None, zh=self.zh, en=self.en)


def of_record(result: EvidenceResult) -> Standing:
    """The standing of a record."""
    held = result.code == "evidence.lapsed" and bool(result.steps) and result.steps[-1].anchor is not None
    return Standing(proves=result.ok or result.code == "evidence.gap", held=held, sub=result.sub_indication,
                    zh=result.zh, en=result.en)


def of_timestamp(result: TimestampResult) -> Standing:
    """The standing of a document timestamp, the newest of its PDF."""
    held = not result.ok and result.chain is not None and result.chain.anchor is not None
    return Standing(proves=result.ok, held=held, sub=result.sub_indication, zh=result.zh, en=result.en)


def lapse_of(record: bytes, result: EvidenceResult, *, material: Material, strength: Strength,
             now: dt.datetime) -> Lapse | None:
    """The end of a record that held until its newest timestamp ended.

    Args:
        result: of judging the record at ``now``.
        material: certificates of the authority that the token does not carry.

    Raises:
        EngineError: the record cannot be read, or the authority's certificate is not at hand.
    """
    standing = of_record(result)
    return standing.lapse(due(record, material=material, strength=strength, margin=NO_MARGIN), now) if (
        standing.has_ended) else None

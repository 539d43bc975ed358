"""One entry of the status list (印章状态列表): what became of one seal, and what no later list may take back.

An entry is written ``[state, since, until, digest]`` or, where the use of the seal was stopped and taken up again,
``[state, since, until, digest, [[from, until], …]]``. ``since`` and ``until`` are moments or null. Of a seal that is
or was in use they are the first moment of its use and the moment its use ends; of one that is suspended, lost or
cancelled ``since`` is the moment from which on it must not have been used. The digest ties an entry to one very
seal: two makers may give the same identifier.
"""

from __future__ import annotations

import enum
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from certs.canonical_json import JSON
from certs.moments import read_moment, write_moment
from certs.sm3 import sm3

__all__ = ["MAX_STOPS", "SealState", "SealStatus", "Stop", "join_stops", "read_entry", "seal_digest", "write_entry"]

MAX_STOPS: Final = 64
_IDENTIFIER: Final = re.compile(r"[!-~]{1,200}", re.ASCII)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)

Stop = tuple[datetime, datetime]
"""A time of suspension that is over: its first moment, and the first moment of use after it."""


class SealState(enum.StrEnum):
    """What a list says of a seal."""

    MADE = "made"                # 制作完成，尚未启用
    IN_USE = "in-use"
    SUSPENDED = "suspended"
    LOST = "lost"
    CANCELLED = "cancelled"
    RETIRED = "retired"          # a successor has taken its place

    @property
    def is_final(self) -> bool:
        """Whether a seal stays so: what is lost or cancelled."""
        return self in (SealState.LOST, SealState.CANCELLED)


_STOPPED: Final = frozenset({SealState.SUSPENDED, SealState.LOST, SealState.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class SealStatus:
    """One entry; moments are aware UTC, what they mean says the head of this module.

    Attributes:
        digest: SM3 of the seal's signed part, 32 bytes (:func:`seal_digest`).
        stops: the times of suspension that are over, in order and apart, at most ``MAX_STOPS``.

    Raises:
        ValueError: suspended, lost or cancelled without ``since``, retired without ``until``, stops that overlap
            or are too many.
    """

    state: SealState
    since: datetime | None = None
    until: datetime | None = None
    digest: bytes
    stops: tuple[Stop, ...] = ()

    def __post_init__(self) -> None:
        if (self.state in _STOPPED and self.since is None) or (
                self.state is SealState.RETIRED and self.until is None):
            raise ValueError(f"{self.state.value} needs its moment")
        if len(self.digest) != 32:
            raise ValueError("the digest has 32 bytes")
        if self.stops:
            moments = [moment for stop in self.stops for moment in stop]
            if len(self.stops) > MAX_STOPS or any(one >= other for one, other in itertools.pairwise(moments)):
                raise ValueError("the stops overlap or are too many")

    def awaiting(self, at: datetime) -> bool:
        """Whether the seal was put into use from a moment that is still to come at ``at`` (aware)."""
        return self.state is SealState.IN_USE and self.since is not None and self.since > at

    def for_good(self, at: datetime) -> bool:
        """Whether a list of the moment ``at`` (aware) says with this what none after it takes back.

        What is lost or cancelled stays so; a seal whose use has ended, by a successor or by time, is not used again.
        """
        return self.state.is_final or (self.until is not None and self.until <= at)

    def keeps(self, earlier: SealStatus) -> bool:
        """Whether this entry holds to what an earlier one said for good.

        Reported lost or cancelled is as much as retired, and more: no use of such a seal is genuine.
        """
        if self.digest != earlier.digest:
            return False
        if self.state.is_final or earlier.state.is_final:
            return self.state.is_final
        return self.until is not None and earlier.until is not None and self.until <= earlier.until

    def stop_at(self, moment: datetime) -> Stop | None:
        """Return the stop that ``moment`` (aware) lies in."""
        return next((stop for stop in self.stops if stop[0] <= moment < stop[1]), None)


def seal_digest(signed_part: bytes) -> bytes:
    """Return the digest by which a list names a seal: SM3 of its eSealInfo (DER).

    The part that the maker signed, not the whole file: whoever holds a lost seal could put the maker's
    certificate or signature around it in another form, and it would be no seal of the list.
    """
    return sm3(signed_part)


def join_stops(stops: Iterable[Stop]) -> tuple[Stop, ...]:
    """Return stops in order and apart; where they are too many, those nearest to each other become one."""
    joined: list[Stop] = []
    for start, end in sorted(stop for stop in stops if stop[0] < stop[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    while len(joined) > MAX_STOPS:
        place = min(range(len(joined) - 1), key=lambda index: joined[index + 1][0] - joined[index][1])
        joined[place:place + 2] = [(joined[place][0], joined[place + 1][1])]
    return tuple(joined)


def write_entry(status: SealStatus) -> JSON:
    """Return an entry as the list holds it."""
    since, until = (None if moment is None else write_moment(moment) for moment in (status.since, status.until))
    entry: list[JSON] = [status.state.value, since, until, status.digest.hex()]
    if status.stops:
        entry.append([[write_moment(moment) for moment in stop] for stop in status.stops])
    return entry


def read_entry(seal_id: str, entry: JSON) -> SealStatus:
    """Read one entry.

    Raises:
        ValueError: it is not understood.
    """
    if not _IDENTIFIER.fullmatch(seal_id) or not isinstance(entry, list) or len(entry) not in (4, 5):
        raise ValueError("an entry has an identifier and four or five parts")
    state, since, until, digest = entry[:4]
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise ValueError("a digest has 64 digits")
    return SealStatus(
        state=SealState(state), since=_moment(since), until=_moment(until), digest=bytes.fromhex(digest),
        stops=_stops(entry[4]) if len(entry) == 5 else ())


def _stops(value: JSON) -> tuple[Stop, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_STOPS:
        raise ValueError("stops are a list, left out where there are none")
    return tuple(_stop(one) for one in value)


def _stop(value: JSON) -> Stop:
    start, end = (_moment(part) for part in value) if isinstance(value, list) and len(value) == 2 else (None, None)
    if start is None or end is None:
        raise ValueError("a stop has two moments")
    return start, end


def _moment(value: JSON) -> datetime | None:
    return None if value is None else read_moment(value if isinstance(value, str) else "")

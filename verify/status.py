"""Is the licence in force? The second answer, by the dates that the document prints.

What happened after issue (注销, 吊销, 变更…) stands in no file: offline that part is unknown and said so.
"""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from typing import Final

from codes.china_time import CHINA_TIME

__all__ = ["LicenceState", "Status", "licence_status", "local_time", "parse_date"]


class LicenceState(enum.StrEnum):
    """The second answer."""

    IN_FORCE = "in-force"
    NOT_YET = "not-yet"
    EXPIRED = "expired"
    NOT_APPLICABLE = "not-applicable"
    UNKNOWN = "unknown"


_WORDS: Final = {
    LicenceState.IN_FORCE: ("在有效期内", "within its printed dates"),
    LicenceState.NOT_YET: ("未生效", "not yet in force"),
    LicenceState.EXPIRED: ("已过期", "expired"),
    LicenceState.NOT_APPLICABLE: ("不适用", "not applicable: a document without validity"),
    LicenceState.UNKNOWN: ("状态未知", "unknown"),
}
_NOT_ANSWERED: Final = ("未答：文件不真实", "not answered: the file is not genuine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The licence's state at a time. ``first_day`` and ``last_day`` are calendar dates in China.

    ``register`` is what the issuer's register says now; "unknown" when nobody was asked. ``answered`` is false of a
    file that is not genuine: no licence stands behind it, so there is no state, and none of its dates are told as one.
    """

    state: LicenceState
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    register: str = "unknown"
    answered: bool = True

    @property
    def zh(self) -> str:
        """The state in Chinese."""
        return self._words[0]

    @property
    def en(self) -> str:
        """The state in English."""
        return self._words[1]

    @property
    def _words(self) -> tuple[str, str]:
        return _WORDS[self.state] if self.answered else _NOT_ANSWERED

    @property
    def is_no(self) -> bool:
        """Whether the answer is no: 未生效 counts as no."""
        return self.state in (LicenceState.NOT_YET, LicenceState.EXPIRED)


def local_time(moment: dt.datetime) -> str:
    """An aware moment as a report shows it: ISO 8601, whole seconds, China Standard Time."""
    try:
        return moment.astimezone(CHINA_TIME).isoformat(timespec="seconds")
    except OverflowError:                # a file may claim the calendar's first or last day
        return moment.isoformat(timespec="seconds")


def parse_date(text: str) -> dt.date | None:
    """A date ``YYYY-MM-DD``; None for anything else."""
    try:
        date = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return date if date.isoformat() == text else None


def licence_status(valid_from: str | None, valid_to: str | None, extended_to: str | None,
                   at: dt.datetime) -> Status:
    """State by the dates of the record (``YYYY-MM-DD``, None or "" where it has none).

    The last day is 有效期延续至 where there is one, else 有效期截止日期; both days count in full.
    """
    given = [text for text in (valid_from, valid_to, extended_to) if text]
    if not given:
        return Status(state=LicenceState.NOT_APPLICABLE)
    first, last = parse_date(valid_from or ""), parse_date(extended_to or valid_to or "")
    if first is None or last is None or any(parse_date(text) is None for text in given):
        return Status(state=LicenceState.UNKNOWN)
    today = at.astimezone(CHINA_TIME).date()
    state = LicenceState.IN_FORCE
    if today < first:
        state = LicenceState.NOT_YET
    elif today > last:
        state = LicenceState.EXPIRED
    return Status(state=state, first_day=first, last_day=last)

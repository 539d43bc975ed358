"""The second answer: in force by the printed dates, in China's time."""

from __future__ import annotations

import datetime as dt

import pytest

from codes.china_time import CHINA_TIME
from verify.status import LicenceState, licence_status


def china(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=CHINA_TIME)


DATES = [
    # from, to, extended to, at (China), state
    ("2025-08-01", "2028-07-31", None, "2025-07-31T23:59:59", LicenceState.NOT_YET),
    ("2025-08-01", "2028-07-31", None, "2025-08-01T00:00:00", LicenceState.IN_FORCE),
    ("2025-08-01", "2028-07-31", None, "2028-07-31T23:59:59", LicenceState.IN_FORCE),
    ("2025-08-01", "2028-07-31", None, "2028-08-01T00:00:00", LicenceState.EXPIRED),
    ("2025-08-01", "2028-07-31", "2031-07-31", "2028-08-01T00:00:00", LicenceState.IN_FORCE),
    ("2025-08-01", "2028-07-31", "2031-07-31", "2031-08-01T00:00:00", LicenceState.EXPIRED),
    (None, None, None, "2025-08-01T00:00:00", LicenceState.NOT_APPLICABLE),
    ("", "", "", "2025-08-01T00:00:00", LicenceState.NOT_APPLICABLE),
    ("2025-02-30", "2028-07-31", None, "2026-01-01T00:00:00", LicenceState.UNKNOWN),
    ("2025-08-01", "20280731", None, "2026-01-01T00:00:00", LicenceState.UNKNOWN),
    ("2025-08-01", None, None, "2026-01-01T00:00:00", LicenceState.UNKNOWN),
    (None, "2028-07-31", None, "2026-01-01T00:00:00", LicenceState.UNKNOWN),
    ("2025-08-01", "x", "2031-07-31", "2026-01-01T00:00:00", LicenceState.UNKNOWN),
]


@pytest.mark.parametrize(("first", "last", "extended", "at", "state"), DATES)
def test_state_by_printed_dates(first: str | None, last: str | None, extended: str | None, at: str,
                                state: LicenceState) -> None:
    assert licence_status(first, last, extended, china(at)).state is state


def test_the_day_changes_in_china_not_elsewhere() -> None:
    """16:00 UTC is midnight in China."""
    before, after = (dt.datetime(2028, 7, 31, hour, 59, 59, tzinfo=dt.UTC) for hour in (15, 16))
    assert licence_status("2025-08-01", "2028-07-31", None, before).state is LicenceState.IN_FORCE
    assert licence_status("2025-08-01", "2028-07-31", None, after).state is LicenceState.EXPIRED

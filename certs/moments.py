"""Moments as they are written in statements and logs: UTC, milliseconds, ``2026-01-31T01:02:03.004Z``."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

__all__ = ["CLOCKS_DIFFER", "later", "read_moment", "to_milliseconds", "write_moment"]

CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""By how much the clocks of two machines that work together may differ."""

_SHAPE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z", re.ASCII)


def later(moment: datetime, by: timedelta) -> datetime:
    """Return the moment (aware) that is ``by`` after ``moment``; the calendar's last one where that is beyond it.

    What strangers write may be the last moment itself, long before anybody has asked whether it is signed.
    """
    try:
        return moment + by
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def to_milliseconds(moment: datetime) -> datetime:
    """Return an aware moment in UTC, cut to milliseconds.

    Raises:
        ValueError: the moment has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("moments need a time zone")
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def write_moment(moment: datetime) -> str:
    """Return an aware moment in the one form of this project, 24 characters; texts sort as moments do.

    Raises:
        ValueError: the moment has no time zone.
    """
    return to_milliseconds(moment).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def read_moment(text: str) -> datetime:
    """Read a moment in exactly that form.

    Raises:
        ValueError: any other form, or no such day or time.
    """
    if not _SHAPE.fullmatch(text):
        raise ValueError("a moment is written like 2026-01-31T01:02:03.004Z")
    return datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC)

"""Moments as people read them: the time of day in China (北京时间, UTC+8), and said to be that.

Files, statements and JSON have UTC; every sentence and every list has these. Strangers may write the calendar's last
moment or its first: what is beyond its ends in China is told as the end itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Final

__all__ = ["CHINA_TIME", "in_china", "time_en", "time_zh"]

CHINA_TIME: Final = timezone(timedelta(hours=8))


def in_china(moment: datetime) -> datetime:
    """Return an aware moment in the time of China; one beyond the calendar's end there is that end.

    Raises:
        ValueError: the moment has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("moments need a time zone")
    try:
        return moment.astimezone(CHINA_TIME)
    except OverflowError:
        return (datetime.max if moment.year > 1 else datetime.min).replace(tzinfo=CHINA_TIME)


def time_zh(moment: datetime) -> str:
    """Return an aware moment for a sentence in Chinese, to the second: ``2026年11月26日11:30:05（北京时间）``.

    Raises:
        ValueError: the moment has no time zone.
    """
    here = in_china(moment)
    return f"{here.year}年{here.month}月{here.day}日{here:%H:%M:%S}（北京时间）"


def time_en(moment: datetime) -> str:
    """Return an aware moment for English and for lists, to the second: ``2026-11-26 11:30:05 +08:00``.

    Raises:
        ValueError: the moment has no time zone.
    """
    return f"{in_china(moment).replace(microsecond=0, tzinfo=None)} +08:00"

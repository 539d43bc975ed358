"""行政区划代码 (codes of administrative divisions), GB/T 2260: provinces, cities, counties.

The table is that of python-stdnum. It knows abolished divisions too, with the years in which they stood,
because a licence number keeps the region of the first application.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

__all__ = ["Region", "covers", "region", "region_name"]

_ENTRY = re.compile(r"(?:\[(\d{4})?-(\d{4})?\])?([^,\[\]]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One division under one code; ``until`` is the last year in which it stood, None while it stands."""

    code: str
    name: str
    province: str
    since: int | None
    until: int | None


@functools.lru_cache(maxsize=1024)
def region(code: str) -> Region | None:
    """The latest division that bears or bore the six digits ``code``; None where there is none."""
    if len(code) != 6 or not (code.isascii() and code.isdigit()):
        return None
    from stdnum import numdb  # loading the table takes some 80 ms: only when a code is looked up

    found = numdb.get("cn/loc").info(code)
    if len(found) != 2 or "county" not in found[1][1]:
        return None
    entries = _ENTRY.findall(found[1][1]["county"])
    since, until, name = entries[-1]
    return Region(
        code=code, name=name, province=found[0][1].get("province", name),
        since=int(since) if since else None, until=int(until) if until else None,
    )


def region_name(code: str) -> str | None:
    """The name of the division with the six digits ``code`` (``140100`` → 太原市), or None."""
    found = region(code)
    return None if found is None else found.name


def covers(wide: str, place: str) -> bool:
    """Whether the region ``wide`` takes in ``place`` (six digits each): trailing pairs of zeros stand for all below.

    ``140000`` covers ``140123``; the other way round it does not.
    """
    digits = wide
    while len(digits) > 2 and digits.endswith("00"):
        digits = digits[:-2]
    return len(wide) == 6 and place.startswith(digits)

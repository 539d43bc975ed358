"""行政区划代码 (codes of administrative divisions), GB/T 2260: provinces, cities, counties.

The table is that of python-stdnum. It knows abolished divisions too, with the years in which they stood,
because a licence number keeps the region of the first application.
"""

from __future__ import annotations

import functools
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

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


@functools.cache
def _table() -> str:
    """The table as a text: a line for each province and beneath it, indented, one for each of its divisions.

    python-stdnum's own reader takes some 80 ms for it, which a single file to verify need not wait for.
    """
    package = importlib.util.find_spec("stdnum")
    folder = next(iter(package.submodule_search_locations or ())) if package else ""
    return (Path(folder) / "cn" / "loc.dat").read_text(encoding="utf-8")


@functools.lru_cache(maxsize=1024)
def region(code: str) -> Region | None:
    """The latest division that bears or bore the six digits ``code``; None where there is none."""
    if len(code) != 6 or not (code.isascii() and code.isdigit()):
        return None
    province = re.search(rf'^{code[:2]} province="([^"]*)"\n((?:  .*\n?)*)', _table(), re.MULTILINE)
    found = province and re.search(rf'^  {code[2:]} county="([^"]*)"', province[2], re.MULTILINE)
    if not province or not found:
        return None
    entries = _ENTRY.findall(found[1])
    since, until, name = entries[-1]
    return Region(
        code=code, name=name, province=province[1],
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

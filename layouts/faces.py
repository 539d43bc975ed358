"""The faces of a kind: the pages of the document, the lines on them in their order, where the seal stands."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from layouts.fields import Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a line: the value of ``field``, or the fixed ``text``."""

    field: str | None = None
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a face: a label (may be empty) and what stands behind it.

    ``style`` is ``line``, ``title``, ``subtitle`` or ``maker`` (the 监制 line). A line with ``when`` stands only
    where that holds; other lines stand with an empty value too (decision 4). ``heads``: of the one table that
    the line prints, the texts over its columns, repeated on each page that it reaches. ``on``: where the line stands
    in a face that repeats: on ``each`` page, on the ``first`` or the ``last``, or it belongs to what may ``run`` over
    several pages and is printed once.
    """

    label: str
    parts: tuple[Part, ...]
    style: str = "line"
    when: Condition | None = None
    heads: tuple[str, ...] = ()
    on: str = "each"

    @functools.cached_property
    def fields(self) -> tuple[str, ...]:
        """Labels of the fields that this line prints, in their order."""
        return tuple(part.field for part in self.parts if part.field is not None)


FOLIOS = ("{n}/{m}", "第{n}页 共{m}页", "第 {n} 页 共 {m} 页", "— {n} —", "－ {n} －")
"""The forms of a page number: of the pages of a face that repeats, ``n`` of ``m``."""

_STRADDLED = 8              # pages that one 骑缝章 may lie over


@dataclass(frozen=True, slots=True, kw_only=True)
class SealRule:
    """How the seal stands on the pages of a face.

    ``count`` whole seals a page, or with ``last_page_only`` on the last page of the face alone; with
    ``straddle`` the 骑缝章 besides: one slice of a seal on each page, when the face has more than one. With
    ``size_mm`` the seal's picture is scaled into a square of that size: a card is smaller than a seal of 42 mm.
    """

    count: int = 1
    last_page_only: bool = False
    straddle: bool = False
    size_mm: float | None = None        # side of the seal's place where that is not the picture's own size

    def on(self, number: int, pages: int) -> tuple[int, bool]:
        """Whole seals, and whether a slice, on page ``number`` (from 1) of ``pages`` of the face."""
        whole = self.count if number == pages or not self.last_page_only else 0
        return whole, self.straddle and pages > 1

    @staticmethod
    def slice_of(number: int, pages: int) -> tuple[int, int]:
        """Which slice (from 0) of how many page ``number`` (from 1) of ``pages`` bears.

        One seal lies over eight pages at most; pages that need several share them as evenly as they can.
        """
        groups = -(-pages // _STRADDLED)
        first = 0
        for group in range(groups):
            size = pages // groups + (group < pages % groups)
            if number <= first + size:
                return number - 1 - first, size
            first += size
        raise ValueError(f"page {number} of {pages}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One page of the document with its lines in their exact order (R-000-15).

    ``summary``: the 许可范围 may stand as a summary with 详见附页 (decision 5).
    ``repeats``: over as many pages as its long text or table needs.
    ``qr``: each page carries the QR code.
    """

    role: str
    lines: tuple[Line, ...]
    summary: bool = False
    repeats: bool = False
    seals: SealRule = SealRule()
    qr: bool = True

"""A path of an OFD page as an outline in µm, to be held against what the kind may draw."""

from __future__ import annotations

import functools
from typing import Final

from lxml import etree

from layouts.released import NO_PAINT, Paint, Shape
from verify.model import RectMm
from verify.xml import local_name

__all__ = ["shape_of"]

_OPERATORS: Final = {"M": "M", "L": "L", "B": "C", "C": "Z"}        # GB/T 33190 table 36 → ours
_LINE_WIDTH: Final = "0.353"
_OURS: Final = frozenset({"ID", "Boundary", "LineWidth", "Stroke", "Fill", "Rule"})
_BLACK: Final = (0, 0, 0, 255)
_KNOWN_LENGTH: Final = 16 << 10         # characters of a path that is remembered: many documents have the same


def shape_of(path: etree._Element, box: RectMm) -> Shape:
    """The outline that a PathObject paints; with ``NO_PAINT`` where it is painted as no kind does it.

    Args:
        box: the path's boundary.
    """
    left, top = round(box.x_mm * 1000), round(box.y_mm * 1000)
    try:
        paint = _paint(path)
        drawn = path[-1].text or ""
        ops, points = (_known_outline if len(drawn) <= _KNOWN_LENGTH else _outline)(drawn, left, top)
    except (ValueError, KeyError, IndexError):
        paint, ops, points = NO_PAINT, "", ()
    if not points or len(points) % 2:
        return Shape(NO_PAINT, "", (left, top))
    return Shape(paint, ops, points)


def _outline(text: str, left: int, top: int) -> tuple[str, tuple[int, ...]]:
    """AbbreviatedData as operators and points, both from the corner of a boundary that lies at ``left`` and ``top``."""
    words = text.split()
    ops = "".join([_OPERATORS[word] for word in words if word.isalpha()])
    points = [round(float(word) * 1000) for word in words if not word.isalpha()]
    points[::2] = [x + left for x in points[::2]]
    points[1::2] = [y + top for y in points[1::2]]
    return ops, tuple(points)


_known_outline = functools.lru_cache(maxsize=256)(_outline)


def _paint(path: etree._Element) -> Paint:
    """How a path is painted."""
    if not _OURS.issuperset(map(str, path.attrib)):
        return NO_PAINT
    fill: tuple[int, ...] = ()
    stroke: tuple[int, ...] = () if path.get("Stroke") == "false" else _BLACK
    filled = path.get("Fill") == "true"
    for child in list(path)[:-1]:
        name = local_name(child)
        if len(child) or name not in ("StrokeColor", "FillColor"):
            return NO_PAINT
        red, green, blue = map(int, str(child.get("Value")).split())
        colour = (red, green, blue, int(child.get("Alpha", "255")))
        if name == "FillColor":
            fill = colour
        elif stroke:
            stroke = colour
    if filled != bool(fill):
        return NO_PAINT
    width = round(float(path.get("LineWidth", _LINE_WIDTH)) * 1000) if stroke else 0
    return Paint(fill, stroke, width, path.get("Rule") == "Even-Odd")

"""The shapes of SVG as moves, lines and cubic curves in their own units.

What cannot be read raises ``ValueError`` with two arguments, a Chinese and an English sentence.

Source: SVG 1.1 (W3C), chapters 8 and 9.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from docgen import markup
from docgen.shown import shown
from docgen.svg_path import Point, outline
from docgen.svg_values import number

__all__ = ["Piece", "shape"]

Piece = tuple[str, tuple[Point, ...]]

_SPLIT = re.compile(r"[\s,]+")


def shape(name: str, attributes: Mapping[str, str]) -> list[Piece]:
    """The outline of ``path``, ``rect``, ``circle``, ``ellipse``, ``line``, ``polyline`` or ``polygon``."""
    if name == "path":
        return outline(attributes.get("d", ""))
    if name in ("polyline", "polygon"):
        parts = _SPLIT.split(attributes.get("points", "").strip())
        values = [markup.length(part) for part in parts]
        if None in values:
            found = shown(parts[values.index(None)])
            raise ValueError(f"points 中应为{markup.NUMBER_ZH}，实为 {found!r}",
                             f"expected {markup.NUMBER_EN} in points, found {found!r}")
        if len(values) % 2 or len(values) < 4:
            raise ValueError(f"points 应为成对的数字，至少两对，实为 {len(values)} 个数",
                             f"expected points as pairs of numbers, two pairs at least, found {len(values)} numbers")
        flat = [value or 0.0 for value in values]
        return _polygon(list(zip(flat[::2], flat[1::2], strict=True)), closed=name == "polygon")
    if name == "line":
        x1, y1, x2, y2 = (number(attributes, key, 0.0) for key in ("x1", "y1", "x2", "y2"))
        return _polygon([(x1, y1), (x2, y2)], closed=False)
    if name == "rect":
        x, y = number(attributes, "x", 0.0), number(attributes, "y", 0.0)
        width, height = number(attributes, "width"), number(attributes, "height")
        return _polygon([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], closed=True)
    cx, cy = number(attributes, "cx", 0.0), number(attributes, "cy", 0.0)
    radii = ("r", "r") if name == "circle" else ("rx", "ry")
    return _ellipse(cx, cy, number(attributes, radii[0]), number(attributes, radii[1]))


def _polygon(points: list[Point], *, closed: bool) -> list[Piece]:
    segments: list[Piece] = [("M", (points[0],))]
    segments += [("L", (point,)) for point in points[1:]]
    return [*segments, ("Z", ())] if closed else segments


def _ellipse(cx: float, cy: float, rx: float, ry: float) -> list[Piece]:
    k = 0.5522847498307936
    arcs = [((1, k), (k, 1), (0, 1)), ((-k, 1), (-1, k), (-1, 0)), ((-1, -k), (-k, -1), (0, -1)),
            ((k, -1), (1, -k), (1, 0))]
    segments: list[Piece] = [("M", ((cx + rx, cy),))]
    segments += [("C", tuple((cx + rx * x, cy + ry * y) for x, y in arc)) for arc in arcs]
    return [*segments, ("Z", ())]

"""How a shape of SVG is painted, and the shape painted.

What cannot be read raises ``ValueError`` with two arguments, a Chinese and an English sentence.

Source: SVG 1.1 (W3C), chapter 11.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from docgen.page import Colour, Gradient, Path, Segment
from docgen.shown import shown
from docgen.svg_gradient import GradientPlan
from docgen.svg_shape import Piece
from docgen.svg_values import Matrix, colour, number, require_near

__all__ = ["PAINT", "REFERENCE", "Paint", "paint_of", "painted"]

PAINT = frozenset({"fill", "fill-rule", "stroke", "stroke-width", "opacity", "fill-opacity", "stroke-opacity"})
"""The attributes that paint."""

REFERENCE = re.compile(r"url\(#([A-Za-z][\w-]*)\)")
"""How a gradient is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paint:
    """Fill and stroke of an element and of what is in it."""

    fill: tuple[int, int, int] | GradientPlan | None = (0, 0, 0)
    even_odd: bool = False
    stroke: tuple[int, int, int] | None = None
    width: float = 1.0
    fill_alpha: float = 1.0
    stroke_alpha: float = 1.0
    alpha: float = 1.0


def paint_of(attributes: Mapping[str, str], around: Paint, gradients: Mapping[str, GradientPlan]) -> Paint:
    """The paint of an element: its own attributes over those around it."""
    if not PAINT & attributes.keys():
        return around
    rule = attributes.get("fill-rule", "evenodd" if around.even_odd else "nonzero")
    if rule not in ("evenodd", "nonzero"):
        raise ValueError(f"fill-rule 应为 nonzero 或 evenodd，实为 {shown(rule)!r}",
                         f"expected fill-rule nonzero or evenodd, found {shown(rule)!r}")
    defaults = (("fill-opacity", around.fill_alpha), ("stroke-opacity", around.stroke_alpha), ("opacity", 1.0))
    alphas = [number(attributes, name, default) for name, default in defaults]
    if not all(0 <= alpha <= 1 for alpha in alphas):
        raise ValueError("不透明度应在 0 与 1 之间", "expected an opacity from 0 to 1")
    return Paint(fill=_filling(attributes, around.fill, gradients), even_odd=rule == "evenodd",
                 stroke=_ink(attributes, "stroke", around.stroke),
                 width=number(attributes, "stroke-width", around.width), fill_alpha=alphas[0],
                 stroke_alpha=alphas[1], alpha=around.alpha * alphas[2])


def _filling(attributes: Mapping[str, str], around: tuple[int, int, int] | GradientPlan | None,
             gradients: Mapping[str, GradientPlan]) -> tuple[int, int, int] | GradientPlan | None:
    """The fill of an element: a colour, or a gradient that was defined before."""
    text = attributes.get("fill")
    if text is None:
        return around
    if not text.startswith("url("):
        return _ink(attributes, "fill", None)
    match = REFERENCE.fullmatch(text)
    plan = gradients.get(match[1]) if match else None
    if plan is None:
        raise ValueError(f"fill 应为前面 defs 中的渐变 url(#id)，实为 {shown(text)!r}",
                         f"expected url(#id) of a gradient in the defs above for fill, found {shown(text)!r}")
    return plan


def _ink(attributes: Mapping[str, str], name: str, around: tuple[int, int, int] | None,
         ) -> tuple[int, int, int] | None:
    text = attributes.get(name)
    if text is None:
        return around
    if text == "none":
        return None
    if name == "stroke" and text.startswith("url("):
        raise ValueError("渐变只能用于 fill，不能用于 stroke；请把描边转为路径",
                         "gradients are for fills only, not for strokes; turn the stroke into a path")
    ink = colour(text)
    if ink is None:
        found = shown(text)
        raise ValueError(f"{name} 应为 none、#rgb、#rrggbb、rgb() 或基本颜色名，实为 {found!r}",
                         f"expected none, #rgb, #rrggbb, rgb() or a basic colour name for {name}, found {found!r}")
    return ink


def painted(segments: Sequence[Piece], matrix: Matrix, paint: Paint) -> Path | None:
    """A shape in the drawing's millimetres; None where nothing of it is seen.

    Raises:
        NotACircleError, OutOfRangeError: see there.
    """
    a, b, c, d, e, f = matrix
    width = round(paint.width * math.sqrt(abs(a * d - b * c)), 3)
    stroke = (Colour(*paint.stroke, round(paint.alpha * paint.stroke_alpha, 3))
              if paint.stroke and width > 0 else None)
    moved = tuple(Segment(op, tuple(round(value, 3) for x, y in points
                                    for value in (a * x + c * y + e, b * x + d * y + f)))
                  for op, points in segments)
    require_near((value for segment in moved for value in segment.args), what_zh="图形", what_en="the shape")
    if stroke:
        require_near((width,), what_zh="描边的宽度", what_en="the width of the stroke")
    fill = _fill(segments, matrix, paint)
    if not moved or (fill is None and stroke is None):
        return None
    return Path(segments=moved, fill=fill, stroke=stroke, stroke_width_mm=width if stroke else 0.0,
                even_odd=paint.even_odd)


def _fill(segments: Sequence[Piece], matrix: Matrix, paint: Paint) -> Colour | Gradient | None:
    """What fills a shape: its colour, or its gradient laid into its box."""
    alpha = round(paint.alpha * paint.fill_alpha, 3)
    if not isinstance(paint.fill, GradientPlan):
        return Colour(*paint.fill, alpha) if paint.fill else None
    xs = [x for _, points in segments for x, _ in points]
    ys = [y for _, points in segments for _, y in points]
    if not xs:
        return None
    return paint.fill.laid((min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)), matrix, alpha)

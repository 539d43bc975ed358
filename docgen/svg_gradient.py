"""Gradients of SVG artwork: read out of ``defs``, then laid into the shape that they fill.

Understood: ``linearGradient`` and ``radialGradient`` with ``id``, their points, ``gradientUnits`` and
``gradientTransform``, and stops (``offset``, ``stop-color``, ``stop-opacity`` the same for all). Both ends go on
(``spreadMethod`` pad). Where a radial gradient would be drawn as an ellipse it is refused: PDF and OFD draw circles.

Source: SVG 1.1 (W3C), 13.2 gradients.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from docgen.page import Colour, Gradient, Stop
from docgen.shown import shown
from docgen.svg_values import UNMOVED, Matrix, colour, matrix_of, number, require_near, share, times

__all__ = ["GradientPlan", "NotACircleError", "gradient_plan", "moved_gradient", "stop_of"]

Point = tuple[float, float]

_ROUND = 1e-3
_FLAT = 1e-9                # area of what a matrix makes of a square, beside the square of its longest side
_LEAST_FACTOR = 1e-6        # of a gradientTransform
_NOTHING = 1e-9             # millimetres a unit, with which no gradient is seen to run
_MAX_STOPS = 64


class NotACircleError(ValueError):
    """A radial gradient whose circles would become ellipses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GradientPlan:
    """A gradient as the file has it: points in its own units, or in shares of the shape's box (``boxed``)."""

    start: tuple[float, float]
    end: tuple[float, float]
    radii: tuple[float, float] | None
    stops: tuple[Stop, ...]
    boxed: bool
    matrix: Matrix

    def laid(self, box: tuple[float, float, float, float], matrix: Matrix, alpha: float) -> Gradient | Colour:
        """The gradient of one shape, in the drawing's millimetres; a plain colour where it has no room to run.

        Args:
            box: left, top, width, height of the shape in its own units.
            matrix: from the shape's units to the drawing.
            alpha: of the shape.

        Raises:
            NotACircleError, OutOfRangeError: see there.
        """
        whole = self.matrix
        if self.boxed:
            left, top, width, height = box
            whole = times((width, 0, 0, height, left, top), whole)
        whole = times(matrix, whole)
        stops = tuple(Stop(stop.offset, Colour(stop.colour.r, stop.colour.g, stop.colour.b,
                                               round(stop.colour.alpha * alpha, 3))) for stop in self.stops)
        if _flat(whole) or max(map(abs, whole[:4])) < _NOTHING:
            return stops[-1].colour
        return self._linear(whole, stops) if self.radii is None else self._radial(whole, stops, self.radii)

    def _linear(self, matrix: Matrix, stops: tuple[Stop, ...]) -> Gradient | Colour:
        """Along the line on which the colour still runs at right angles to its stripes, whatever the matrix does."""
        a, b, c, d, _, _ = matrix
        dx, dy = self.end[0] - self.start[0], self.end[1] - self.start[1]
        length = dx * dx + dy * dy
        if not length:
            return stops[-1].colour
        share = (dx / length, dy / length)                  # how fast the colour runs, in the gradient's units
        area = a * d - b * c
        rise = (d * share[0] - b * share[1], a * share[1] - c * share[0])
        slowness = area / (rise[0] * rise[0] + rise[1] * rise[1])
        start = _at(matrix, self.start)
        end = (start[0] + rise[0] * slowness, start[1] + rise[1] * slowness)
        return _gradient(start, end, None, stops)

    def _radial(self, matrix: Matrix, stops: tuple[Stop, ...], radii: tuple[float, float]) -> Gradient | Colour:
        a, b, c, d, _, _ = matrix
        across, down = math.hypot(a, b), math.hypot(c, d)
        if abs(across - down) > _ROUND * across or abs(a * c + b * d) > _ROUND * across * down:
            raise NotACircleError
        if not radii[1]:
            return stops[-1].colour
        scale = math.sqrt(abs(a * d - b * c))
        return _gradient(_at(matrix, self.start), _at(matrix, self.end), (radii[0] * scale, radii[1] * scale), stops)


def _flat(matrix: Matrix) -> bool:
    """Whether a matrix presses everything onto a line, or as good as."""
    a, b, c, d, _, _ = matrix
    return abs(a * d - b * c) <= _FLAT * (a * a + b * b + c * c + d * d)


def gradient_plan(name: str, attributes: Mapping[str, str], stops: Sequence[Stop]) -> GradientPlan:
    """A ``linearGradient`` or ``radialGradient`` with its stops.

    Raises:
        ValueError: two arguments, the Chinese and the English sentence that say what was expected.
    """
    units = attributes.get("gradientUnits", "objectBoundingBox")
    if units not in ("objectBoundingBox", "userSpaceOnUse"):
        raise ValueError(f"gradientUnits 应为 objectBoundingBox 或 userSpaceOnUse，实为 {shown(units)!r}",
                         f"expected objectBoundingBox or userSpaceOnUse for gradientUnits, found {shown(units)!r}")
    boxed = units == "objectBoundingBox"
    middle = 0.5 if boxed else None
    radii: tuple[float, float] | None = None
    if name == "linearGradient":
        start = number(attributes, "x1", 0.0), number(attributes, "y1", 0.0)
        end = number(attributes, "x2", 1.0 if boxed else None), number(attributes, "y2", 0.0)
    else:
        end = number(attributes, "cx", middle), number(attributes, "cy", middle)
        start = number(attributes, "fx", end[0]), number(attributes, "fy", end[1])
        radii = (0.0, number(attributes, "r", middle))
        if math.dist(start, end) > radii[1] or radii[1] < 0:
            raise ValueError("fx、fy 应在圆内，r 应为正数", "expected fx and fy inside the circle, and r positive")
    offsets = [stop.offset for stop in stops]
    if not 2 <= len(stops) <= _MAX_STOPS or sorted(set(offsets)) != offsets or (offsets[0], offsets[-1]) != (0, 1) \
            or len({stop.colour.alpha for stop in stops}) > 1:
        raise ValueError("渐变应有 offset 从 0 递增到 1 的 stop，且不透明度相同",
                         "expected stops whose offset rises from 0 to 1, all of the same opacity")
    matrix = matrix_of(attributes.get("gradientTransform", ""), UNMOVED, "gradientTransform")
    if _flat(matrix) or max(map(abs, matrix[:4])) < _LEAST_FACTOR:
        raise ValueError("gradientTransform 把渐变压成一条线或一个点；请改正数值，或改用单一颜色",
                         "gradientTransform presses the gradient onto a line or a point; mend its numbers, or fill "
                         "with one colour")
    return GradientPlan(start=start, end=end, radii=radii, stops=tuple(stops), boxed=boxed, matrix=matrix)


def stop_of(attributes: Mapping[str, str]) -> Stop:
    """One stop of a gradient.

    Raises:
        ValueError: as :func:`gradient_plan`.
    """
    found = colour(attributes.get("stop-color", ""))
    alpha = number(attributes, "stop-opacity", 1.0)
    if found is None or not 0 <= alpha <= 1:
        raise ValueError("stop 应有 stop-color（#rgb、#rrggbb、rgb() 或基本颜色名），不透明度在 0 与 1 之间",
                         "expected stop-color #rgb, #rrggbb, rgb() or a basic colour name, and an opacity from 0 to 1")
    return Stop(round(share(attributes, "offset"), 4), Colour(*found, alpha))


def _gradient(start: Point, end: Point, radii: tuple[float, float] | None, stops: tuple[Stop, ...],
              ) -> Gradient | Colour:
    """The gradient with places in thousandths; its last colour where these are one place.

    Raises:
        OutOfRangeError: see there.
    """
    require_near((*start, *end, *(radii or ())), what_zh="渐变的起点、终点或半径",
                 what_en="the start, the end or the radius of the gradient")
    start, end = (round(start[0], 3), round(start[1], 3)), (round(end[0], 3), round(end[1], 3))
    if radii is not None:
        radii = round(radii[0], 3), round(radii[1], 3)
    if (start == end) if radii is None else not radii[1]:
        return stops[-1].colour
    return Gradient(start=start, end=end, radii=radii, stops=stops)


def moved_gradient(gradient: Gradient, x_mm: float, y_mm: float, scale: float) -> Gradient | Colour:
    """A gradient put on a page with the drawing that it belongs to.

    Raises:
        OutOfRangeError: see there.
    """
    def moved(point: tuple[float, float]) -> tuple[float, float]:
        return x_mm + point[0] * scale, y_mm + point[1] * scale

    radii = None if gradient.radii is None else (gradient.radii[0] * scale, gradient.radii[1] * scale)
    return _gradient(moved(gradient.start), moved(gradient.end), radii, gradient.stops)


def _at(matrix: Matrix, point: Point) -> Point:
    a, b, c, d, e, f = matrix
    return a * point[0] + c * point[1] + e, b * point[0] + d * point[1] + f

"""How well text stands out from the artwork under it: the ground as a small picture, and WCAG's ratio.

The ground is drawn at 4 pixels a millimetre without smoothing, so that a hairline has its full colour; the darkest and
the lightest pixel under a text are what it must stand out from.

Source: WCAG 2.2, relative luminance and contrast ratio.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

from PIL import Image, ImageDraw

from docgen.page import Colour, Path

__all__ = ["Ground", "contrast", "flattened"]

PIXELS_A_MM = 4.0
_STEPS = 8                      # straight pieces of a Bézier curve
_MAX_PIXELS = 40_000_000

Point = tuple[float, float]


class Ground:
    """What lies under the text of a page, drawn once."""

    def __init__(self, width_mm: float, height_mm: float, paths: Iterable[Path]) -> None:
        """Draw the ground; a very large page with fewer pixels a millimetre."""
        self._scale = min(PIXELS_A_MM, math.sqrt(_MAX_PIXELS / (width_mm * height_mm)))
        size = (max(int(width_mm * self._scale), 1), max(int(height_mm * self._scale), 1))
        self._picture = Image.new("RGB", size, (255, 255, 255))
        for path in paths:
            self._draw(path)

    def colours(
        self, left_mm: float, top_mm: float, right_mm: float, bottom_mm: float,
    ) -> tuple[tuple[int, int, int], ...]:
        """The colours in a rectangle, each once; white beyond the page."""
        box = [round(edge * self._scale) for edge in (left_mm, top_mm, right_mm, bottom_mm)]
        box[2], box[3] = max(box[2], box[0] + 1), max(box[3], box[1] + 1)
        part = self._picture.crop((box[0], box[1], box[2], box[3]))
        found = part.getcolors(part.width * part.height) or []
        return tuple(colour for _, colour in found if isinstance(colour, tuple))     # type: ignore[misc]

    def _draw(self, path: Path) -> None:
        lines = flattened(path, self._scale)
        width = path.stroke_width_mm * self._scale
        points = [point for line in lines for point in line]
        if not points:
            return
        margin = 1 + round(width)
        left = max(int(min(x for x, _ in points)) - margin, 0)
        top = max(int(min(y for _, y in points)) - margin, 0)
        right = min(int(max(x for x, _ in points)) + margin + 1, self._picture.width)
        bottom = min(int(max(y for _, y in points)) + margin + 1, self._picture.height)
        if right <= left or bottom <= top:
            return
        size = (right - left, bottom - top)
        moved = [[(x - left, y - top) for x, y in line] for line in lines]
        if path.fill is not None:
            self._paint(_filled(moved, size, path.even_odd), _flat(path.fill), (left, top))
        if path.stroke is not None:
            self._paint(_stroked(moved, size, width), _flat(path.stroke), (left, top))

    def _paint(self, mask: Image.Image, colour: Colour, place: tuple[int, int]) -> None:
        alpha = colour.alpha
        self._picture.paste((colour.r, colour.g, colour.b), place, mask.point(lambda level: round(level * alpha)))


def _flat(fill: object) -> Colour:
    """One colour for a fill: its own, or the darkest stop of a gradient."""
    if isinstance(fill, Colour):
        return fill
    stops: list[Colour] = [stop.colour for stop in getattr(fill, "stops", ())]
    return min(stops, key=_luminance_of, default=Colour(255, 255, 255))


def _luminance_of(colour: Colour) -> float:
    return _luminance((colour.r, colour.g, colour.b))


def flattened(path: Path, scale: float) -> list[list[Point]]:
    """The outline as straight lines, in pixels; one list for each subpath."""
    lines: list[list[Point]] = []
    for segment in path.segments:
        args = [value * scale for value in segment.args]
        if segment.op == "M":
            lines.append([(args[0], args[1])])
        elif segment.op == "L":
            lines[-1].append((args[0], args[1]))
        elif segment.op == "C":
            lines[-1] += _curve(lines[-1][-1], args)
        else:
            lines[-1].append(lines[-1][0])
            lines.append([lines[-1][0]])
    return [line for line in lines if len(line) > 1]


def _curve(start: Point, args: list[float]) -> list[Point]:
    (x0, y0), (x1, y1, x2, y2, x3, y3) = start, args
    out = []
    for step in range(1, _STEPS + 1):
        t = step / _STEPS
        u = 1 - t
        a, b, c, d = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
        out.append((a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3))
    return out


def _filled(lines: list[list[Point]], size: tuple[int, int], even_odd: bool) -> Image.Image:
    """The inside of an outline by its own rule, row by row at the middle of the pixels, and the outline itself.

    Source: SVG 1.1, 11.3 (fill-rule): where the outline winds around a point, or crosses a ray an odd number of times.
    """
    width, height = size
    crossings: dict[int, list[tuple[float, int]]] = {}
    for line in lines:
        for (x0, y0), (x1, y1) in pairwise([*line, line[0]]):
            way, (top, bottom) = (1, (y0, y1)) if y0 < y1 else (-1, (y1, y0))
            for row in range(max(math.ceil(top - 0.5), 0), min(math.ceil(bottom - 0.5), height)):
                crossings.setdefault(row, []).append((x0 + (row + 0.5 - y0) * (x1 - x0) / (y1 - y0), way))
    inside = bytearray(width * height)
    for row, found in crossings.items():
        found.sort()
        winds = 0
        for (x, way), (after, _) in pairwise(found):
            winds += way
            if winds % 2 if even_odd else winds:
                first, last = max(math.ceil(x - 0.5), 0), min(math.ceil(after - 0.5), width)
                inside[row * width + first:row * width + last] = b"\xff" * max(last - first, 0)
    mask = Image.frombytes("L", size, bytes(inside))
    draw = ImageDraw.Draw(mask)
    for line in lines:
        draw.line([*line, line[0]], fill=255)               # what is thinner than a pixel has its full colour too
    return mask


def _stroked(lines: list[list[Point]], size: tuple[int, int], width: float) -> Image.Image:
    mask = Image.new("L", size, 0)
    draw = ImageDraw.Draw(mask)
    for line in lines:
        draw.line(line, fill=255, width=max(round(width), 1))
    return mask


def _luminance(colour: tuple[int, int, int]) -> float:
    def linear(channel: int) -> float:
        value = channel / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = map(linear, colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """WCAG's contrast ratio of two colours, 1 to 21."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)

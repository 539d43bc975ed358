"""How well text stands out from the artwork under it: the ground as a small picture, and WCAG's ratio.

The ground is drawn at 4 pixels a millimetre without smoothing, so that a hairline has its full colour; a text must
stand out from every pixel under it.

Source: WCAG 2.2, relative luminance and contrast ratio.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from PIL import Image, ImageDraw

from docgen.gradient_picture import gradient_picture
from docgen.ink import Box
from docgen.page import Colour, Gradient, Path

__all__ = ["Ground", "contrast", "flattened", "luminance", "ratio"]

PIXELS_A_MM = 4.0
_STEPS = 8                      # straight pieces of a Bézier curve
_STRIP = 2
_MAX_PIXELS = 8_000_000

Point = tuple[float, float]
Rgb = tuple[int, int, int]

_WHITE: Rgb = (255, 255, 255)


class Ground:
    """What lies under the text of a page, drawn once."""

    def __init__(self, width_mm: float, height_mm: float, paths: Iterable[Path]) -> None:
        """Draw the ground; a very large page with fewer pixels a millimetre."""
        self._scale = min(PIXELS_A_MM, math.sqrt(_MAX_PIXELS / (width_mm * height_mm)))
        size = (max(int(width_mm * self._scale), 1), max(int(height_mm * self._scale), 1))
        self._picture = Image.new("RGB", size, _WHITE)
        for path in paths:
            _draw(self._picture, path, self._scale, (0, 0))

    def colours(self, box: Box, over: Sequence[Path] = ()) -> set[Rgb]:
        """The colours in a rectangle with more drawn ``over`` the ground; white beyond the page."""
        left, top, right, bottom = (round(edge * self._scale) for edge in (box.left, box.top, box.right, box.bottom))
        right, bottom = max(right, left + 1), max(bottom, top + 1)
        width, height = self._picture.size
        within = (max(left, 0), max(top, 0), min(right, width), min(bottom, height))
        if within[0] >= within[2] or within[1] >= within[3]:
            return {_WHITE}
        part = self._part(within, over) if over else self._picture.crop(within)
        found = {colour for _, colour in part.getcolors(part.width * part.height)}   # type: ignore[union-attr]
        return found if within == (left, top, right, bottom) else found | {_WHITE}   # type: ignore[return-value]

    def least_contrast(self, ink: Rgb, box: Box, over: Sequence[Path] = ()) -> float:
        """The contrast of an ink to what it stands out from least in a rectangle."""
        return min(contrast(ink, colour) for colour in self.colours(box, over))

    def _part(self, within: tuple[int, int, int, int], over: Sequence[Path]) -> Image.Image:
        """Some pixels with more drawn over them; a strip around them too, for pens round towards its edge."""
        left, top, right, bottom = within
        origin = (max(left - _STRIP, 0), max(top - _STRIP, 0))
        part = self._picture.crop((*origin, right + _STRIP, bottom + _STRIP))
        for path in over:
            _draw(part, path, self._scale, origin)
        return part.crop((left - origin[0], top - origin[1], right - origin[0], bottom - origin[1]))


def _draw(picture: Image.Image, path: Path, scale: float, origin: tuple[int, int]) -> None:
    """Draw a path of a page onto the part of its picture that begins at ``origin``."""
    lines = [[(x - origin[0], y - origin[1]) for x, y in line] for line in flattened(path, scale)]
    width = path.stroke_width_mm * scale
    points = [point for line in lines for point in line]
    if not points:
        return
    margin = 1 + round(width)
    left = max(int(min(x for x, _ in points)) - margin, 0)
    top = max(int(min(y for _, y in points)) - margin, 0)
    right = min(int(max(x for x, _ in points)) + margin + 1, picture.width)
    bottom = min(int(max(y for _, y in points)) + margin + 1, picture.height)
    if right <= left or bottom <= top:
        return
    size = (right - left, bottom - top)
    moved = [[(x - left, y - top) for x, y in line] for line in lines]
    place = (left, top)
    if isinstance(path.fill, Gradient):
        colours = gradient_picture(path.fill, scale, (origin[0] + left, origin[1] + top), size)
        picture.paste(colours, place, _clear(_filled(moved, size, path.even_odd), path.fill.alpha))
    elif path.fill is not None:
        picture.paste(_rgb(path.fill), place, _clear(_filled(moved, size, path.even_odd), path.fill.alpha))
    if path.stroke is not None:
        picture.paste(_rgb(path.stroke), place, _clear(_stroked(moved, size, width), path.stroke.alpha))


def _clear(mask: Image.Image, alpha: float) -> Image.Image:
    return mask.point(lambda level: round(level * alpha))


def _rgb(colour: Colour) -> Rgb:
    return colour.r, colour.g, colour.b


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
                if last > first:
                    inside[row * width + first:row * width + last] = b"\xff" * (last - first)
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


@functools.lru_cache(maxsize=4096)
def luminance(colour: Rgb) -> float:
    """WCAG's relative luminance, 0 to 1."""
    def linear(channel: int) -> float:
        value = channel / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = map(linear, colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Rgb, other: Rgb) -> float:
    """WCAG's contrast ratio of two colours, 1 to 21."""
    dark, bright = sorted((luminance(one), luminance(other)))
    return ratio(bright, dark)


def ratio(bright: float, dark: float) -> float:
    """WCAG's contrast ratio of two luminances, the brighter first."""
    return (bright + 0.05) / (dark + 0.05)

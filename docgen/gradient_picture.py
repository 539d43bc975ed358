"""A gradient as the colours of pixels, for the ground that text is judged on."""

from __future__ import annotations

import math
from itertools import pairwise

from PIL import Image, ImageDraw

from docgen.page import Gradient

__all__ = ["gradient_picture"]

_STEPS = 256                    # from one end to the other, more than there are shades of one channel


def gradient_picture(gradient: Gradient, scale: float, origin: tuple[int, int], size: tuple[int, int]) -> Image.Image:
    """The colours of a gradient on a part of a page.

    Args:
        scale: pixels a millimetre.
        origin: the part's top left corner in pixels of the page.
        size: the part's width and height in pixels.
    """
    start, end = ((x * scale - origin[0], y * scale - origin[1]) for x, y in (gradient.start, gradient.end))
    if gradient.radii is not None:
        return _circles(gradient, start, end, (gradient.radii[0] * scale, gradient.radii[1] * scale), size)
    across, down = end[0] - start[0], end[1] - start[1]
    length = across * across + down * down

    def share(x: float, y: float) -> float:
        return ((x - start[0]) * across + (y - start[1]) * down) / length

    corners = [share(x, y) for x in (0, size[0]) for y in (0, size[1])]
    least, spread = min(corners), max(max(corners) - min(corners), 1e-9)
    count = min(max(math.ceil(_STEPS * spread), 2), _STEPS * 16)
    ramp = Image.new("RGB", (count, 1))
    ramp.putdata([_colour(gradient, least + (step + 0.5) / count * spread) for step in range(count)])
    step = count / spread
    matrix = (across / length * step, down / length * step, (share(0, 0) - least) * step, 0.0, 0.0, 0.0)
    return ramp.transform(size, Image.Transform.AFFINE, matrix)


def _circles(gradient: Gradient, start: tuple[float, float], end: tuple[float, float], radii: tuple[float, float],
             size: tuple[int, int]) -> Image.Image:
    """Circles from the outer one inwards, each over the one before."""
    picture = Image.new("RGB", size, _colour(gradient, 1.0))
    pen = ImageDraw.Draw(picture)
    for step in range(_STEPS, -1, -1):
        share = step / _STEPS
        x, y = start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
        radius = radii[0] + (radii[1] - radii[0]) * share
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_colour(gradient, share))
    return picture


def _colour(gradient: Gradient, share: float) -> tuple[int, int, int]:
    """The colour at a share of the way; beyond both ends that of the end."""
    share = min(max(share, 0.0), 1.0)
    for one, other in pairwise(gradient.stops):
        if share <= other.offset:
            part = (share - one.offset) / (other.offset - one.offset)
            red, green, blue = (round(left + (right - left) * part) for left, right in (
                (one.colour.r, other.colour.r), (one.colour.g, other.colour.g), (one.colour.b, other.colour.b)))
            return red, green, blue
    last = gradient.stops[-1].colour
    return last.r, last.g, last.b

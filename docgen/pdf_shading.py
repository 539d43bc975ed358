"""Gradients as PDF shadings: axial and radial, in DeviceRGB, going on beyond both ends.

Source: ISO 32000-2 8.7.4.5.3 (axial), 8.7.4.5.4 (radial), 7.10 (functions).
"""

from __future__ import annotations

import hashlib
from itertools import pairwise

from docgen.page import Colour, Gradient, Stop
from docgen.pdf_objects import Value, number

__all__ = ["shading", "shading_name"]


def shading_name(gradient: Gradient, height_mm: float) -> str:
    """Return the resource name of GRADIENT on a page or form of this height: the same gradient, the same name."""
    return "S-" + hashlib.sha256(repr((gradient, height_mm)).encode()).hexdigest()[:16]


def shading(gradient: Gradient, height_mm: float) -> Value:
    """Return the shading dictionary of GRADIENT; millimetres from the foot."""
    ends = [(number(x), number(height_mm - y)) for x, y in (gradient.start, gradient.end)]
    if gradient.radii is None:
        coordinates = [word for end in ends for word in end]
    else:
        coordinates = [word for end, radius in zip(ends, gradient.radii, strict=True)
                       for word in (*end, number(radius))]
    return {
        "ShadingType": 2 if gradient.radii is None else 3, "ColorSpace": "/DeviceRGB", "Coords": coordinates,
        "Function": _function(gradient.stops), "Extend": [True, True],
    }


def _function(stops: tuple[Stop, ...]) -> Value:
    """Return the function from 0…1 to colours: straight from stop to stop."""
    parts = [{
        "FunctionType": 2, "Domain": [0, 1], "C0": _channels(one.colour), "C1": _channels(other.colour), "N": 1,
    } for one, other in pairwise(stops)]
    if len(parts) == 1:
        return parts[0]
    return {
        "FunctionType": 3, "Domain": [0, 1], "Functions": parts,
        "Bounds": [number(stop.offset) for stop in stops[1:-1]], "Encode": [0, 1] * len(parts),
    }


def _channels(colour: Colour) -> list[str]:
    return [number(channel / 255) for channel in (colour.r, colour.g, colour.b)]

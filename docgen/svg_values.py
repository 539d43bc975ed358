"""Values of SVG attributes: numbers, colours, transforms.

What cannot be read raises ``ValueError`` with two arguments, a Chinese and an English sentence; what would be drawn too
far away to be drawn at all ``OutOfRangeError``, which is one.

Source: SVG 1.1 (W3C), 4.4 and 7.6; the sixteen names of colours: HTML 4.01, 6.5.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from docgen import markup
from docgen.page import FARTHEST_MM
from docgen.shown import shown

__all__ = ["UNMOVED", "Matrix", "OutOfRangeError", "colour", "matrix_of", "number", "require_near", "share", "times"]

Matrix = tuple[float, float, float, float, float, float]

UNMOVED: Matrix = (1, 0, 0, 1, 0, 0)

_NAMES = {
    "black": (0, 0, 0), "silver": (192, 192, 192), "gray": (128, 128, 128), "white": (255, 255, 255),
    "maroon": (128, 0, 0), "red": (255, 0, 0), "purple": (128, 0, 128), "fuchsia": (255, 0, 255),
    "green": (0, 128, 0), "lime": (0, 255, 0), "olive": (128, 128, 0), "yellow": (255, 255, 0),
    "navy": (0, 0, 128), "blue": (0, 0, 255), "teal": (0, 128, 128), "aqua": (0, 255, 255),
}
_RGB = re.compile(r"rgb\(\s*([^,\s]+)\s*,\s*([^,\s]+)\s*,\s*([^,\s]+)\s*\)")
_TRANSFORM = re.compile(r"\s*(matrix|translate|scale|rotate)\s*\(([^()]*)\)\s*,?")
_SPLIT = re.compile(r"[\s,]+")
_LARGEST_FACTOR = 1e9           # of a transform; what is drawn with it need not be that far away


class OutOfRangeError(ValueError):
    """Something that would be drawn farther away than anything on a page may be."""


def require_near(values: Iterable[float], *, what_zh: str, what_en: str) -> None:
    """Refuse coordinates in millimetres that are no numbers, or farther from the page's corner than ``FARTHEST_MM``.

    Raises:
        OutOfRangeError: arguments as of the other errors here.
    """
    if not all(abs(value) <= FARTHEST_MM for value in values):
        raise OutOfRangeError(
            f"{what_zh}超出坐标范围（距左上角最多 {FARTHEST_MM:.0f} mm）；请核对坐标与 transform，删去页面之外的图形",
            f"{what_en} lies beyond what can be drawn ({FARTHEST_MM:.0f} mm from the top left corner at most); check "
            "its coordinates and transforms, and delete what lies off the page")


def number(attributes: Mapping[str, str], name: str, default: float | None = None) -> float:
    """A plain number; without a default the attribute must be there."""
    text = attributes.get(name)
    if text is None and default is not None:
        return default
    value = markup.length(text) if text is not None else None
    if value is None:
        found = None if text is None else shown(text)
        raise ValueError(f"属性 {name} 应为{markup.NUMBER_ZH}，实为 {found!r}",
                         f"expected {markup.NUMBER_EN} for {name}, found {found!r}")
    return value


def share(attributes: Mapping[str, str], name: str) -> float:
    """A number, or a percentage as its hundredth part."""
    text = attributes.get(name, "")
    if text.endswith("%"):
        return number({name: text[:-1]}, name) / 100
    return number(attributes, name)


def colour(text: str) -> tuple[int, int, int] | None:
    """The channels of ``#rgb``, ``#rrggbb``, ``rgb(r, g, b)`` or one of sixteen names; None for anything else."""
    if text.lower() in _NAMES:
        return _NAMES[text.lower()]
    match = _RGB.fullmatch(text)
    if match is None:
        return markup.colour(text)
    channels = [_channel(part) for part in match.groups()]
    red, green, blue = (-1 if channel is None else channel for channel in channels)
    return (red, green, blue) if min(red, green, blue) >= 0 else None


def _channel(text: str) -> int | None:
    value = markup.length(text.removesuffix("%"))
    if value is None:
        return None
    value = round(value * 255 / 100 if text.endswith("%") else value)
    return value if 0 <= value <= 255 else None


def matrix_of(text: str, matrix: Matrix, name: str) -> Matrix:
    """The matrix of an element with this transform (in the attribute ``name``) inside that of its parent."""
    at = 0
    while at < len(text):
        match = _TRANSFORM.match(text, at)
        values = [markup.length(part) for part in _SPLIT.split(match[2].strip())] if match else [None]
        step = None if match is None or None in values else _step(match[1], [value or 0.0 for value in values])
        if match is None or step is None:
            found = shown(text[at:])
            raise ValueError(f"{name} 第 {at + 1} 个字符处应为 matrix、translate、scale、rotate，参数为"
                             f"{markup.NUMBER_ZH}，实为 {found!r}",
                             f"expected matrix, translate, scale or rotate with {markup.NUMBER_EN} for each argument "
                             f"at character {at + 1} of {name}, found {found!r}")
        matrix, at = times(matrix, step), match.end()
        if not all(abs(value) <= _LARGEST_FACTOR for value in matrix):
            raise OutOfRangeError(
                f"{name} 到 {shown(match[0].strip())!r} 为止放大过多；请合并各级变换，并核对 scale 与 matrix 的数值",
                f"{name} makes things too large by {shown(match[0].strip())!r}; merge the transforms around it, and "
                "check the numbers of scale and matrix")
    return matrix


def _step(kind: str, values: list[float]) -> Matrix | None:
    """One transform as a matrix, None where the count of values is wrong."""
    match kind, values:
        case "matrix", [a, b, c, d, e, f]:
            return a, b, c, d, e, f
        case "translate", [x]:
            return 1, 0, 0, 1, x, 0
        case "translate", [x, y]:
            return 1, 0, 0, 1, x, y
        case "scale", [x]:
            return x, 0, 0, x, 0, 0
        case "scale", [x, y]:
            return x, 0, 0, y, 0, 0
        case "rotate", [angle]:
            cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
            return cos, sin, -sin, cos, 0, 0
        case "rotate", [angle, x, y]:
            turn = _step("rotate", [angle])
            return times(times((1, 0, 0, 1, x, y), turn), (1, 0, 0, 1, -x, -y)) if turn else None
    return None


def times(left: Matrix, right: Matrix) -> Matrix:
    """The matrix that does ``right`` first, then ``left``."""
    a, b, c, d, e, f = left
    g, h, i, j, k, m = right
    return (a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j, a * k + c * m + e, b * k + d * m + f)

"""Writing SVG: numbers, escaped text, data URIs. Whatever comes from a file goes through here."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape, quoteattr

__all__ = ["Matrix", "attributes", "box_of", "data_uri", "document", "escape", "matrix_of", "moved", "number",
           "numbers_of", "transform"]

Matrix = tuple[float, float, float, float, float, float]
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_LARGEST: Final = 1e6
_NUMBERS_LIMIT: Final = 200_000


def number(value: float) -> str:
    """A number with at most four decimals."""
    return f"{value:.4f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))


def numbers_of(text: str | None) -> list[float] | None:
    """The numbers of a text, None when it holds anything else, or a number out of all bounds."""
    pieces = (text or "").replace(",", " ").split()
    if len(pieces) > _NUMBERS_LIMIT or not all(map(_NUMBER.fullmatch, pieces)):
        return None
    values = [float(piece) for piece in pieces]
    return values if all(-_LARGEST < value < _LARGEST for value in values) else None


def box_of(text: str | None) -> tuple[float, float, float, float] | None:
    """``x y width height``, None when the text is no box."""
    values = numbers_of(text)
    if values is None or len(values) != 4 or values[2] < 0 or values[3] < 0:
        return None
    return values[0], values[1], values[2], values[3]


def matrix_of(text: str | None) -> Matrix | None:
    """A CTM, None when there is none."""
    values = numbers_of(text)
    return (values[0], values[1], values[2], values[3], values[4], values[5]) if values and len(values) == 6 else None


def transform(matrix: Matrix) -> str:
    """The value of ``transform``."""
    return f"matrix({' '.join(f'{value:.6g}' for value in matrix)})"


def moved(x: float, y: float, matrix: Matrix | None) -> str:
    """The value of ``transform`` for an object at a place, with its own matrix."""
    place = f"translate({number(x)} {number(y)})"
    return place if matrix is None else f"{place} {transform(matrix)}"


def attributes(values: dict[str, str]) -> str:
    """Attributes, each led by a space."""
    return "".join(f" {name}={quoteattr(value)}" for name, value in values.items())


def document(width: float, height: float, body: Sequence[str], defs: Sequence[str] = (), origin: str = "0 0",
             paper: bool = True) -> str:
    """An SVG picture of this size in millimetres, on white unless it is no ``paper``."""
    x, y = origin.split()
    ground = f'<rect x="{x}" y="{y}" width="{number(width)}" height="{number(height)}" fill="#fff"/>' if paper else ""
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{number(width)}mm" height="{number(height)}mm" '
            f'viewBox="{origin} {number(width)} {number(height)}">'
            f'{ground}{"<defs>" + "".join(defs) + "</defs>" if defs else ""}{"".join(body)}</svg>')


def data_uri(mime: str, data: bytes) -> str:
    """The bytes as a URI."""
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"

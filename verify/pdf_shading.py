"""Gradients of a rendition (ISO 32000-2, 8.7.4.5): axial and radial shadings in the one form that is written here."""

from __future__ import annotations

from typing import Final

from verify.pdf_keys import check_keys
from verify.pdf_objects import Object
from verify.pdf_reasons import PdfRefusal

__all__ = ["check_shading"]

_LARGEST: Final = 1e5
_PARTS: Final = 63
_COORDINATES: Final = {2: 4, 3: 6}       # by ShadingType


def check_shading(value: Object, where: str) -> None:
    """Refuse a shading that is not one of ours: RGB, going on beyond both ends, straight from colour to colour.

    Raises:
        PdfRefusal: ``pdf.content``, or ``pdf.unknown-key`` for a key that ours do not have.
    """
    check_keys(value, "Shading", where)
    if not isinstance(value, dict) or value.get("ColorSpace") != "DeviceRGB" or value.get("Extend") != [True, True]:
        raise _refusal(where)
    kind = value.get("ShadingType")
    count = _COORDINATES.get(kind) if type(kind) is int else None
    coordinates = _numbers(value.get("Coords"), where)
    if count is None or len(coordinates) != count or (count == 6 and min(coordinates[2], coordinates[5]) < 0):
        raise _refusal(where)
    function = value.get("Function")
    if isinstance(function, dict) and function.get("FunctionType") == 3:
        _check_stitching(function, where)
    else:
        _check_interpolation(function, where)


def _refusal(where: str) -> PdfRefusal:
    return PdfRefusal("pdf.content", where, what="sh")


def _numbers(value: Object, where: str) -> list[float]:
    if not isinstance(value, list):
        raise _refusal(where)
    made = []
    for each in value:
        if isinstance(each, bool) or not isinstance(each, int | float) or not abs(each) <= _LARGEST:
            raise _refusal(where)
        made.append(float(each))
    return made


def _check_interpolation(value: Object, where: str) -> None:
    """From one colour to another, straight."""
    check_keys(value, "Interpolation", where)
    if not isinstance(value, dict) or value.get("FunctionType") != 2 or value.get("N") != 1:
        raise _refusal(where)
    ends = [_numbers(value.get(key), where) for key in ("C0", "C1")]
    if _numbers(value.get("Domain"), where) != [0, 1] or any(
            len(end) != 3 or not all(0 <= channel <= 1 for channel in end) for end in ends):
        raise _refusal(where)


def _check_stitching(value: Object, where: str) -> None:
    """Several such parts, one after the other."""
    check_keys(value, "Stitching", where)
    parts = value.get("Functions") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(parts, list) or not 2 <= len(parts) <= _PARTS:
        raise _refusal(where)
    for part in parts:
        _check_interpolation(part, where)
    bounds = [0.0, *_numbers(value.get("Bounds"), where), 1.0]
    if _numbers(value.get("Domain"), where) != [0, 1] or len(bounds) != len(parts) + 1 \
            or sorted(set(bounds)) != bounds or _numbers(value.get("Encode"), where) != [0, 1] * len(parts):
        raise _refusal(where)

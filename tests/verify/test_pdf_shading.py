"""Shadings of a rendition: the one form that is written here, and everything else refused."""

from __future__ import annotations

from typing import Any

import pytest

from verify.pdf_objects import Name, Object, parse_object
from verify.pdf_reasons import PdfRefusal
from verify.pdf_shading import check_shading

PART = "<</FunctionType 2 /Domain [0 1] /C0 [0 0 0] /C1 [1 0.5 0] /N 1>>"
AXIAL = f"<</ShadingType 2 /ColorSpace /DeviceRGB /Coords [0 0 10 5] /Function {PART} /Extend [true true]>>"
STITCHED = (f"<</FunctionType 3 /Domain [0 1] /Functions [{PART} {PART}] /Bounds [0.4] /Encode [0 1 0 1]>>")
RADIAL = AXIAL.replace("ShadingType 2", "ShadingType 3").replace("[0 0 10 5]", "[0 0 0 1 2 5]").replace(PART, STITCHED)


def parsed(text: str) -> Object:
    value, _ = parse_object(text.encode(), 0)
    return value


@pytest.mark.parametrize("text", [AXIAL, RADIAL])
def test_our_shadings_are_read(text: str) -> None:
    check_shading(parsed(text), "page 1")


@pytest.mark.parametrize(("old", "new"), [
    ("ShadingType 3", "ShadingType 1"), ("ShadingType 3", "ShadingType 7"), ("ShadingType 3", "ShadingType true"),
    ("/DeviceRGB", "/DeviceCMYK"), ("/DeviceRGB", "[/Separation /All /DeviceRGB]"), ("[true true]", "[true false]"),
    ("[0 0 0 1 2 5]", "[0 0 0 1 2]"), ("[0 0 0 1 2 5]", "[0 0 -1 1 2 5]"), ("[0 0 0 1 2 5]", "[0 0 0 1 2 1e9]"),
    ("[0 0 0 1 2 5]", "[0 0 0 1 2 (5)]"), ("/Extend", "/Background [0 0 0] /Extend"),
    ("/Extend", "/BBox [0 0 1 1] /Extend"),
    ("/Bounds [0.4]", "/Bounds [0.4 0.5]"), ("/Bounds [0.4]", "/Bounds [1.4]"),
    ("/Encode [0 1 0 1]", "/Encode [0 1 1 0]"),
    ("/N 1", "/N 2"), ("/C1 [1 0.5 0]", "/C1 [1 0.5]"), ("/C1 [1 0.5 0]", "/C1 [1 0.5 2]"),
    ("FunctionType 2", "FunctionType 4"), ("/Functions", "/Parts"),
])
def test_any_other_shading_is_refused(old: str, new: str) -> None:
    assert old in RADIAL
    with pytest.raises(PdfRefusal):
        check_shading(parsed(RADIAL.replace(old, new)), "page 1")


@pytest.mark.parametrize("value", [None, 3, Name("Shading"), []])
def test_what_is_no_dictionary_is_refused(value: Any) -> None:
    with pytest.raises(PdfRefusal):
        check_shading(value, "page 1")

"""Gradients of an OFD (GB/T 33190-2016 8.3.4): axial and radial, in the one form that is written here."""

from __future__ import annotations

import re
from typing import Final

from lxml import etree

from verify.reasons import Findings
from verify.xml import local_name

__all__ = ["check_shading", "is_shaded"]

_AXIAL: Final = frozenset({"StartPoint", "EndPoint", "Extend"})
_RADIAL: Final = _AXIAL | {"StartRadius", "EndRadius"}
_KINDS: Final = {"AxialShd": _AXIAL, "RadialShd": _RADIAL}
_NUMBER: Final = r"-?[0-9]{1,5}(?:\.[0-9]{1,3})?"
_POINT: Final = re.compile(f"{_NUMBER} {_NUMBER}")
_LENGTH: Final = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,3})?")
_COLOUR: Final = re.compile(r"[0-9]{1,3} [0-9]{1,3} [0-9]{1,3}")
_OFFSET: Final = re.compile(r"(?:0|1|0\.[0-9]{1,4})")
_ALPHA: Final = re.compile(r"[0-9]{1,3}")
_STOPS: Final = 64


def is_shaded(element: etree._Element | None) -> bool:
    """Whether a FillColor holds a gradient."""
    return element is not None and len(element) == 1 and local_name(element[0]) in _KINDS


def check_shading(element: etree._Element, where: str, found: Findings) -> None:
    """Name what is not the one form of a gradient: its look could not be told."""
    shading = element[0]
    kind = local_name(shading)
    stops = [(segment.get("Position", ""), segment) for segment in shading]
    fits = (
        set(element.attrib) <= {"Value", "Alpha"} and _COLOUR.fullmatch(str(element.get("Value"))) is not None
        and _ALPHA.fullmatch(str(element.get("Alpha", "255"))) is not None
        and set(shading.attrib) == _KINDS[kind] and shading.get("Extend") == "3"
        and all(_POINT.fullmatch(str(shading.get(name))) for name in ("StartPoint", "EndPoint"))
        and all(_LENGTH.fullmatch(str(shading.get(name))) for name in _KINDS[kind] - _AXIAL)
        and 2 <= len(stops) <= _STOPS and all(_is_segment(segment) for _, segment in stops)
        and all(_OFFSET.fullmatch(offset) for offset, _ in stops))
    offsets = [float(offset) for offset, _ in stops] if fits else []
    if not fits or (offsets[0], offsets[-1]) != (0.0, 1.0) or sorted(set(offsets)) != offsets or not _is_mean(
            _channels(element.get("Value")), offsets, [_channels(segment[0].get("Value")) for _, segment in stops]):
        found.add("ofd.not-understood", where, element=kind)


def _channels(text: str | None) -> list[int]:
    return [int(channel) for channel in str(text).split()]


def _is_mean(value: list[int], offsets: list[float], colours: list[list[int]]) -> bool:
    """Whether a plain value, which readers without gradients draw, is the mean of the colours along the way."""
    for channel, found in enumerate(value):
        mean = sum((right - left) * (one[channel] + other[channel]) / 2
                   for left, right, one, other in zip(offsets, offsets[1:], colours, colours[1:], strict=False))
        if abs(mean - found) > 1:
            return False
    return True


def _is_segment(segment: etree._Element) -> bool:
    """A stop: its position, and one plain colour."""
    if local_name(segment) != "Segment" or set(segment.attrib) != {"Position"} or len(segment) != 1:
        return False
    colour = segment[0]
    return (local_name(colour) == "Color" and set(colour.attrib) == {"Value"} and not len(colour)
            and _COLOUR.fullmatch(str(colour.get("Value"))) is not None
            and all(int(channel) <= 255 for channel in str(colour.get("Value")).split()))

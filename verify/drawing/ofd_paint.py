"""Colours, strokes and shadings of an OFD as attributes of SVG (GB/T 33190-2016, 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lxml import etree

from verify.drawing.budget import Budget
from verify.drawing.svg import attributes, number, numbers_of
from verify.xml import children, local_name

__all__ = ["Paints", "first", "is_true"]

_CAPS: Final = {"Round": "round", "Square": "square"}
_JOINS: Final = {"Round": "round", "Bevel": "bevel"}
_INHERIT_DEPTH: Final = 8
_SEGMENTS: Final = 256
_WIDTH_MM: Final = 0.353


def first(element: etree._Element | None, name: str) -> etree._Element | None:
    """The first child of this name."""
    return next(iter(children(element, name)), None) if element is not None else None


def is_true(element: etree._Element, name: str, otherwise: bool) -> bool:
    """A truth value among the attributes."""
    text = (element.get(name) or "").strip().lower()
    return text in ("true", "1") if text else otherwise


class Paints:
    """Attributes for what one page paints.

    Args:
        defs: gets gradients.
        lacks: gets ``pattern`` where a fill is not drawn as it is.
        parameters: DrawParam elements by ID.
        spaces: types of colour spaces by ID.
    """

    def __init__(self, defs: list[str], lacks: set[str], parameters: Mapping[str, etree._Element],
                 spaces: Mapping[str, str], budget: Budget) -> None:
        self._defs, self._lacks, self._parameters, self._spaces = defs, lacks, parameters, spaces
        self._budget = budget

    def of(self, element: etree._Element, outer: str, *, fill: bool, stroke: bool) -> dict[str, str]:
        """Fill and stroke of an object.

        Args:
            outer: ID of the DrawParam of what it stands in.
            fill: whether it is filled where it does not say.
            stroke: likewise.
        """
        told = self._told(element, element.get("DrawParam") or outer)
        values: dict[str, str] = {"fill": "none"}
        if is_true(element, "Fill", fill):
            values.update(self._paint("fill", told.get("FillColor")))
        if is_true(element, "Stroke", stroke):
            values.update(self._paint("stroke", told.get("StrokeColor")))
            values.update(self._line(told))
        if str(element.get("Rule", "")).lower() == "even-odd":
            values["fill-rule"] = "evenodd"
        alpha = numbers_of(element.get("Alpha"))
        if alpha and 0 <= alpha[0] < 255:
            values["opacity"] = number(alpha[0] / 255)
        return values

    def _told(self, element: etree._Element, parameter: str | None) -> dict[str, etree._Element | str]:
        """What the object says, then its DrawParam, then those that this one is relative to."""
        told: dict[str, etree._Element | str] = {}
        current: etree._Element | None = element
        for _ in range(_INHERIT_DEPTH):
            if current is None:
                break
            for child in children(current, "FillColor") + children(current, "StrokeColor"):
                told.setdefault(local_name(child), child)
            for name in ("LineWidth", "Cap", "Join", "MiterLimit", "DashPattern", "DashOffset"):
                if (value := current.get(name)) is not None:
                    told.setdefault(name, value)
            current = self._parameters.get(str(parameter))
            parameter = current.get("Relative") if current is not None else None
        return told

    def _line(self, told: Mapping[str, etree._Element | str]) -> dict[str, str]:
        """Width, ends, corners and dashes of a stroke."""
        width = numbers_of(str(told.get("LineWidth", _WIDTH_MM))) or [_WIDTH_MM]
        values = {"stroke-width": number(max(width[0], 0.05))}
        if (cap := _CAPS.get(str(told.get("Cap")))) is not None:
            values["stroke-linecap"] = cap
        if (join := _JOINS.get(str(told.get("Join")))) is not None:
            values["stroke-linejoin"] = join
        limit = numbers_of(str(told.get("MiterLimit", "4.234")))
        values["stroke-miterlimit"] = number(max(limit[0], 1)) if limit else "4.234"
        dashes = numbers_of(str(told.get("DashPattern", "")))
        if dashes and len(dashes) <= 32 and all(each >= 0 for each in dashes) and any(dashes):
            values["stroke-dasharray"] = " ".join(map(number, dashes))
            offset = numbers_of(str(told.get("DashOffset", "0")))
            values["stroke-dashoffset"] = number(offset[0]) if offset else "0"
        return values

    def _paint(self, what: str, colour: etree._Element | str | None) -> dict[str, str]:
        """One paint; black where none is told."""
        if colour is None or isinstance(colour, str):
            return {what: "#000"}
        values: dict[str, str] = {}
        alpha = numbers_of(colour.get("Alpha"))
        if alpha and 0 <= alpha[0] < 255:
            values[f"{what}-opacity"] = number(alpha[0] / 255)
        for kind in ("AxialShd", "RadialShd"):
            if (shading := first(colour, kind)) is not None:
                return {**values, what: self._shading(shading, kind)}
        if any(local_name(child) for child in colour):
            self._lacks.add("pattern")
            return {**values, what: "#c8c8c8"}
        return {**values, what: self._colour(colour)}

    def _colour(self, colour: etree._Element) -> str:
        """A plain colour; grey, RGB or CMYK."""
        values = numbers_of(colour.get("Value")) or [0.0, 0.0, 0.0]
        values = [min(max(value, 0.0), 255.0) for value in values]
        if len(values) == 1 or self._spaces.get(colour.get("ColorSpace", "")) == "GRAY":
            values = [values[0]] * 3
        elif len(values) == 4:
            black = 1 - values[3] / 255
            values = [255 * (1 - value / 255) * black for value in values[:3]]
        return "#" + "".join(f"{round(value):02x}" for value in [*values, 0.0, 0.0, 0.0][:3])

    def _shading(self, shading: etree._Element, kind: str) -> str:
        """A gradient; returns how it is called for."""
        start, end = (numbers_of(shading.get(name)) or [] for name in ("StartPoint", "EndPoint"))
        segments = children(shading, "Segment")[:_SEGMENTS]
        if len(start) != 2 or len(end) != 2 or not segments:
            self._lacks.add("pattern")
            return "#c8c8c8"
        stops = []
        for index, segment in enumerate(segments):
            self._budget.object()
            place = numbers_of(segment.get("Position")) or [index / max(len(segments) - 1, 1)]
            colour = first(segment, "Color")
            alpha = numbers_of(colour.get("Alpha")) if colour is not None else None
            stops.append("<stop" + attributes({
                "offset": number(min(max(place[0], 0.0), 1.0)),
                "stop-color": self._colour(colour) if colour is not None else "#000",
                "stop-opacity": number(min(max(alpha[0], 0.0), 255.0) / 255) if alpha else "1"}) + "/>")
        name = f"s{len(self._defs)}"
        spread = {"Repeat": "repeat", "Reflect": "reflect"}.get(shading.get("MapType", ""), "pad")
        common = {"id": name, "gradientUnits": "userSpaceOnUse", "spreadMethod": spread}
        if kind == "AxialShd":
            tag, place_of = "linearGradient", dict(zip(("x1", "y1", "x2", "y2"), map(number, (*start, *end)),
                                                       strict=True))
        else:
            radius = numbers_of(shading.get("EndRadius")) or [0.0]
            inner = numbers_of(shading.get("StartRadius")) or [0.0]
            tag, place_of = "radialGradient", {
                "cx": number(end[0]), "cy": number(end[1]), "r": number(abs(radius[0])), "fx": number(start[0]),
                "fy": number(start[1]), "fr": number(abs(inner[0]))}
        text = f"<{tag}{attributes({**common, **place_of})}>{''.join(stops)}</{tag}>"
        self._budget.write(len(text))
        self._defs.append(text)
        return f"url(#{name})"

"""Page content: glyph runs, paths and pictures as GB/T 33190 page objects.

Coordinates inside an object count from the corner of its Boundary; objects are written in the order in
which the page model draws them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from lxml import etree

import fonts
from docgen.memo import Memo
from docgen.ofd_xml import Numbers, add, box, micron, mm, root, to_bytes
from docgen.page import Artwork, Colour, GlyphRun, Gradient, Image, Page, Path

__all__ = ["PageFile", "page_file", "template_file"]

_OPERATORS = {"M": "M", "L": "L", "C": "B", "Z": "C"}        # ours → GB/T 33190 table 36
_BEYOND_BMP = 0x10000
_templates: Memo[tuple[str, int], tuple[bytes, int]] = Memo(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFile:
    """One written page: its object number, its bytes, and the objects that print each tagged field.

    ``tagged`` maps a field's label to object numbers in drawing order.
    """

    number: int
    data: bytes
    tagged: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def _colour(parent: etree._Element, name: str, colour: Colour) -> None:
    attributes = {"Value": f"{colour.r} {colour.g} {colour.b}"}
    if colour.alpha < 1:
        attributes["Alpha"] = str(round(colour.alpha * 255))
    add(parent, name, attributes)


def _gradient(parent: etree._Element, gradient: Gradient, left: int, top: int) -> None:
    """Write a colour that runs (GB/T 33190 8.3.4): points count from the object's corner, both ends go on.

    Its mean is written as the plain value, for readers that draw no gradients.
    """
    mean = gradient.mean
    attributes = {"Value": f"{mean.r} {mean.g} {mean.b}"}
    if gradient.alpha < 1:
        attributes["Alpha"] = str(round(gradient.alpha * 255))
    colour = add(parent, "FillColor", attributes)
    start, end = (f"{mm(micron(x) - left)} {mm(micron(y) - top)}" for x, y in (gradient.start, gradient.end))
    ends = {"StartPoint": start, "EndPoint": end, "Extend": "3"}
    if gradient.radii is not None:
        ends |= {"StartRadius": mm(micron(gradient.radii[0])), "EndRadius": mm(micron(gradient.radii[1]))}
    shading = add(colour, "AxialShd" if gradient.radii is None else "RadialShd", ends)
    for stop in gradient.stops:
        segment = add(shading, "Segment", {"Position": f"{stop.offset:.4g}"})
        add(segment, "Color", {"Value": f"{stop.colour.r} {stop.colour.g} {stop.colour.b}"})


def _path(layer: etree._Element, path: Path, number: int) -> None:
    """Write one outline; its Boundary holds all its points and the width of its line."""
    points = [micron(value) for segment in path.segments for value in segment.args]
    margin = micron(path.stroke_width_mm) if path.stroke else 0
    left, top = min(points[0::2]) - margin, min(points[1::2]) - margin
    width, height = max(points[0::2]) + margin - left, max(points[1::2]) + margin - top
    attributes = {"ID": str(number), "Boundary": box(left, top, max(width, 1), max(height, 1))}
    if path.stroke:
        attributes["LineWidth"] = mm(micron(path.stroke_width_mm))
    else:
        attributes["Stroke"] = "false"
    if path.fill:
        attributes["Fill"] = "true"
        if path.even_odd:
            attributes["Rule"] = "Even-Odd"
    element = add(layer, "PathObject", attributes)
    if path.stroke:
        _colour(element, "StrokeColor", path.stroke)
    if isinstance(path.fill, Gradient):
        _gradient(element, path.fill, left, top)
    elif path.fill:
        _colour(element, "FillColor", path.fill)
    words: list[str] = []
    at = 0
    for segment in path.segments:
        words.append(_OPERATORS[segment.op])
        for offset in range(0, len(segment.args), 2):
            words.append(mm(points[at + offset] - left))
            words.append(mm(points[at + offset + 1] - top))
        at += len(segment.args)
    add(element, "AbbreviatedData", text=" ".join(words))


def _deltas(xs: list[int]) -> str:
    """Write the steps between glyph origins; three or more equal steps become ``g n step``."""
    steps = [after - before for before, after in pairwise(xs)]
    words: list[str] = []
    at = 0
    while at < len(steps):
        end = at
        while end < len(steps) and steps[end] == steps[at]:
            end += 1
        value = mm(steps[at])
        words += ["g", str(end - at), value] if end - at > 2 else [value] * (end - at)
        at = end
    return " ".join(words)


def _stretches(text: str) -> list[tuple[int, int]]:
    """Cut ``text`` so that each character beyond the BMP stands alone.

    Readers that count UTF-16 units would otherwise give the steps after it to the wrong glyphs.
    """
    cuts = [0]
    for index, char in enumerate(text):
        if ord(char) >= _BEYOND_BMP:
            cuts += [index, index + 1]
    edges = sorted({*cuts, len(text)})
    return list(pairwise(edges))


def _text(layer: etree._Element, run: GlyphRun, numbers: Numbers, font_number: int,
          glyphs: Mapping[str, int]) -> tuple[int, ...]:
    """Write one glyph run and return its object numbers; glyphs follow from the embedded font's own cmap.

    A character beyond the BMP is an object of its own whose CGTransform (GB/T 33190 11.4.2) names the glyph:
    readers that look up one UTF-16 unit after the other would find none for it.
    """
    face = fonts.face(run.face)
    size, baseline = micron(run.size_mm), micron(run.y_mm)
    above = round(size * face.ascent / face.units_per_em)
    below = round(size * -face.descent / face.units_per_em)
    xs = [micron(x) for x in run.xs_mm]
    ends = [*xs[1:], min(xs) + micron(run.width_mm)]
    made = []
    for start, end in _stretches(run.text):
        left, text = min(xs[start:end]), run.text[start:end]
        advance = round(size * (face.width(text[-1]) or 0) / face.units_per_em)
        width = max(ends[end - 1] - left, xs[end - 1] + advance - left if end < len(xs) else 0,
                    max(xs[start:end]) - left + 1)
        made.append(numbers.next())
        element = add(layer, "TextObject", {
            "ID": str(made[-1]), "Boundary": box(left, baseline - above, width, above + below),
            "Font": str(font_number), "Size": mm(size)})
        _colour(element, "FillColor", run.fill)
        if ord(text[0]) >= _BEYOND_BMP:
            transform = add(element, "CGTransform", {"CodePosition": "0", "CodeCount": "2", "GlyphCount": "1"})
            add(transform, "Glyphs", text=str(glyphs[text]))
        attributes = {"X": mm(xs[start] - left), "Y": mm(above)}
        if end - start > 1:
            attributes["DeltaX"] = _deltas(xs[start:end])
        add(element, "TextCode", attributes, text)
    return tuple(made)


def _image(layer: etree._Element, image: Image, number: int, resource: int) -> None:
    left, top, width, height = map(micron, (image.x_mm, image.y_mm, image.width_mm, image.height_mm))
    add(layer, "ImageObject", {
        "ID": str(number), "Boundary": box(left, top, width, height),
        "CTM": f"{mm(width)} 0 0 {mm(height)} 0 0", "ResourceID": str(resource)})


def template_file(artwork: Artwork, numbers: Numbers) -> PageFile:
    """Write the ground that several pages share; kept for the next document with the same ground.

    Args:
        numbers: the template page takes the first number, its layer and objects the following ones.
    """
    first = numbers.next()

    def make() -> tuple[bytes, int]:
        own = Numbers(first)
        page = root("Page")
        add(add(page, "Area"), "PhysicalBox", text=_page_box(artwork.width_mm, artwork.height_mm))
        layer = add(add(page, "Content"), "Layer", {"Type": "Background", "ID": str(own.next())})
        for path in artwork.paths:
            _path(layer, path, own.next())
        return to_bytes(page), own.last

    data, numbers.last = _templates.get((artwork.digest, first), make)
    return PageFile(number=first, data=data)


def _page_box(width_mm: float, height_mm: float) -> str:
    return box(0, 0, micron(width_mm), micron(height_mm))


def page_file(
    page: Page, numbers: Numbers, *, templates: Mapping[str, int], font_numbers: Mapping[str, int],
    glyphs: Mapping[str, Mapping[str, int]], images: Mapping[str, int],
) -> PageFile:
    """Write one page.

    Args:
        templates: artwork name → number of its template page.
        font_numbers: face → number of its font resource.
        glyphs: face → character → glyph in the embedded font.
        images: image name → number of its resource.
    """
    own = numbers.next()
    tagged: dict[str, tuple[int, ...]] = {}
    element = root("Page")
    if page.artwork is not None:
        add(element, "Template", {"TemplateID": str(templates[page.artwork]), "ZOrder": "Background"})
    add(add(element, "Area"), "PhysicalBox", text=_page_box(page.width_mm, page.height_mm))
    layer = add(add(element, "Content"), "Layer", {"Type": "Body", "ID": str(numbers.next())})
    for item in page.items:
        made: tuple[int, ...] = ()
        label: str | None = None
        match item:
            case GlyphRun():
                made = _text(layer, item, numbers, font_numbers[item.face], glyphs[item.face])
                label = item.tag
            case Path():
                _path(layer, item, numbers.next())
            case Image():
                made = (numbers.next(),)
                _image(layer, item, made[0], images[item.name])
                label = "二维码" if item.role == "qr" else item.tag
        if label is not None:
            tagged[label] = (*tagged.get(label, ()), *made)
    return PageFile(number=own, data=to_bytes(element), tagged=tagged)

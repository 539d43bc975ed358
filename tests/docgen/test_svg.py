"""Artwork: the subset of SVG that is read, and everything that is refused with file and line."""

from __future__ import annotations

import math

import pytest

from docgen.page import Colour, Gradient, Path, Segment
from docgen.svg import parse_svg, placed
from docgen.svg_faults import SvgError, SvgErrorCode

SIZE = 'width="20mm" height="10mm" viewBox="0 0 20 10"'


def document(body: str, *, size: str = SIZE, head: str = "") -> bytes:
    return f'{head}<svg xmlns="http://www.w3.org/2000/svg" {size}>\n{body}\n</svg>'.encode()


def only(body: str) -> Path:
    (path,) = parse_svg(document(body), name="a.svg").paths
    return path


def points(path: Path) -> list[tuple[str, tuple[float, ...]]]:
    return [(segment.op, segment.args) for segment in path.segments]


@pytest.mark.parametrize(("data", "expected"), [
    ("M1 2L3 4Z", [("M", (1, 2)), ("L", (3, 4)), ("Z", ())]),
    ("m1,2 l2 2z", [("M", (1, 2)), ("L", (3, 4)), ("Z", ())]),
    ("M1 2 3 4 5 6", [("M", (1, 2)), ("L", (3, 4)), ("L", (5, 6))]),
    ("M1 2H5V6h-1v-1", [("M", (1, 2)), ("L", (5, 2)), ("L", (5, 6)), ("L", (4, 6)), ("L", (4, 5))]),
    ("M0 0C1 1 2 1 3 0S5-1 6 0", [("M", (0, 0)), ("C", (1, 1, 2, 1, 3, 0)), ("C", (4, -1, 5, -1, 6, 0))]),
    ("M0 0Q3 3 6 0", [("M", (0, 0)), ("C", (2, 2, 4, 2, 6, 0))]),
    ("M0 0Q3 3 6 0T12 0", [("M", (0, 0)), ("C", (2, 2, 4, 2, 6, 0)), ("C", (8, -2, 10, -2, 12, 0))]),
    ("M1 1l1 0zl0 1", [("M", (1, 1)), ("L", (2, 1)), ("Z", ()), ("L", (1, 2))]),
    ("M.5.5L1e1-1.5", [("M", (0.5, 0.5)), ("L", (10, -1.5))]),
])
def test_path_data_becomes_moves_lines_and_cubic_curves(
        data: str, expected: list[tuple[str, tuple[float, ...]]]) -> None:
    assert points(only(f'<path d="{data}"/>')) == expected


def test_an_arc_keeps_its_distance_from_the_centre() -> None:
    path = only('<path d="M8 5A3 3 0 0 1 5 8A3 3 0 0 1 2 5"/>')
    at = (8.0, 5.0)
    for segment in path.segments[1:]:
        x1, y1, x2, y2, x3, y3 = segment.args
        middle = ((at[0] + 3 * x1 + 3 * x2 + x3) / 8, (at[1] + 3 * y1 + 3 * y2 + y3) / 8)
        assert math.dist(middle, (5, 5)) == pytest.approx(3, abs=2e-3)
        at = (x3, y3)
    assert at == (2, 5)


def test_shapes_paint_and_transforms_are_read() -> None:
    body = """<g stroke="#0a0b0c" fill="none" stroke-width="0.5" transform="translate(1 2)">
      <rect x="1" y="1" width="4" height="2" transform="scale(2)"/>
      <circle cx="3" cy="3" r="1" fill="#fff" fill-opacity="0.5"/>
      <polygon points="0,0 1,0 1,1" fill-rule="evenodd" fill="#123"/>
      <line x1="0" y1="0" x2="1" y2="1" opacity="0.5"/>
      <polyline points="0 0 1 1" transform="rotate(90)"/>
    </g>"""
    rect, circle, polygon, line, polyline = parse_svg(document(body), name="a.svg").paths
    assert rect.segments[0] == Segment("M", (3, 4)) and rect.stroke_width_mm == 1.0
    assert rect.stroke == Colour(10, 11, 12) and rect.fill is None
    assert circle.fill == Colour(255, 255, 255, 0.5) and len(circle.segments) == 6
    assert polygon.even_odd and polygon.fill == Colour(0x11, 0x22, 0x33)
    assert line.stroke == Colour(10, 11, 12, 0.5)
    assert points(polyline) == [("M", (1, 2)), ("L", (0, 3))]


def test_a_drawing_is_scaled_to_its_place() -> None:
    body = '<path d="M0 0L20 10" fill="none" stroke="#000" stroke-width="1"/>'
    drawing = parse_svg(document(body), name="a.svg")
    (path,) = placed(drawing, x_mm=5, y_mm=6, width_mm=40)
    assert points(path) == [("M", (5, 6)), ("L", (45, 26))] and path.stroke_width_mm == 2


HOSTILE = [
    ("<script>alert(1)</script>", SvgErrorCode.ACTIVE_CONTENT, 2),
    ("<style>*{fill:red}</style>", SvgErrorCode.ACTIVE_CONTENT, 2),
    ('\n<image href="http://example.invalid/a.png"/>', SvgErrorCode.ACTIVE_CONTENT, 3),
    ('<use href="#a"/>', SvgErrorCode.ACTIVE_CONTENT, 2),
    ('<foreignObject/>', SvgErrorCode.ACTIVE_CONTENT, 2),
    ('<a><path d="M0 0L1 1"/></a>', SvgErrorCode.ACTIVE_CONTENT, 2),
    ('<path d="M0 0L1 1" onclick="x()"/>', SvgErrorCode.ACTIVE_CONTENT, 2),
    ('<path d="M0 0L1 1" style="fill:url(http://example.invalid)"/>', SvgErrorCode.ACTIVE_CONTENT, 2),
    ('<g xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="#a"/>', SvgErrorCode.ACTIVE_CONTENT, 2),
    ('<path d="M0 0L1 1" fill="url(#a)"/>', SvgErrorCode.MALFORMED, 2),
    ('<path d="M0 0L1 1" filter="x"/>', SvgErrorCode.UNSUPPORTED, 2),
    ("<text>证</text>", SvgErrorCode.UNSUPPORTED, 2),
    ('<path xmlns="urn:other" d="M0 0"/>', SvgErrorCode.UNSUPPORTED, 2),
    ('\n\n<path d="M0 0L1"/>', SvgErrorCode.MALFORMED, 4),
    ('<path d="L1 1"/>', SvgErrorCode.MALFORMED, 2),
    ('<path d="1 1"/>', SvgErrorCode.MALFORMED, 2),
    ('<path d="M0 0 X"/>', SvgErrorCode.MALFORMED, 2),
    ('<path d="M0 0L1e9 1"/>', SvgErrorCode.MALFORMED, 2),
    ('<rect x="a" width="1" height="1"/>', SvgErrorCode.MALFORMED, 2),
    ('<circle cx="1" cy="1"/>', SvgErrorCode.MALFORMED, 2),
    ('<polygon points="1 1 2"/>', SvgErrorCode.MALFORMED, 2),
    ('<g transform="skewX(3)"/>', SvgErrorCode.MALFORMED, 2),
    ('<g transform="scale(1 2 3)"/>', SvgErrorCode.MALFORMED, 2),
    ('<g fill-rule="odd"/>', SvgErrorCode.MALFORMED, 2),
    ('<g opacity="2"/>', SvgErrorCode.MALFORMED, 2),
    ('<g stroke="rebeccapurple"/>', SvgErrorCode.MALFORMED, 2),
    ('<g stroke="rgb(1, 2, 256)"/>', SvgErrorCode.MALFORMED, 2),
    ('<svg viewBox="0 0 2 1" width="2mm" height="1mm"/>', SvgErrorCode.UNSUPPORTED, 2),
    ('<g stroke-dasharray="1 2"/>', SvgErrorCode.UNSUPPORTED, 2),
    ('<g stroke-linejoin="round"/>', SvgErrorCode.UNSUPPORTED, 2),
    ('<g stroke="url(#a)"/>', SvgErrorCode.MALFORMED, 2),
    ('<path d="M0 0"><g/></path>', SvgErrorCode.UNSUPPORTED, 2),
    ("<?php x?>", SvgErrorCode.MALFORMED, 2),
    ("<g>", SvgErrorCode.MALFORMED, 3),
    ("<g>" * 40 + "</g>" * 40, SvgErrorCode.TOO_LARGE, 2),
]


@pytest.mark.parametrize(("body", "code", "line"), HOSTILE)
def test_what_is_not_plain_artwork_is_refused_with_file_and_line(
        body: str, code: SvgErrorCode, line: int) -> None:
    with pytest.raises(SvgError) as caught:
        parse_svg(document(body), name="K0/art/a.svg")
    error = caught.value
    assert (error.code, error.facts["file"], error.facts["line"]) == (code, "K0/art/a.svg", str(line))
    assert "K0/art/a.svg" in error.zh and "K0/art/a.svg" in error.en


DRAWN_BY_A_PROGRAM = """
  <sodipodi:namedview xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd" pagecolor="#ffffff">
    <path d="M0 0L9 9"/>
  </sodipodi:namedview>
  <metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></metadata>
  <defs><linearGradient id="g"><title>g</title><stop offset="0%" stop-color="white"/>
    <stop offset="100%" stop-color="rgb(0, 50%, 255)"/></linearGradient></defs>
  <g xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" inkscape:label="Layer 1" id="layer1" data-name="a"
     clip-rule="evenodd" stroke-linecap="butt" stroke-linejoin="miter" stroke-miterlimit="10" stroke-dasharray="none"
     stroke-dashoffset="0" display="inline">
    <rect x="1" y="1" width="4" height="2" fill="Red" stroke="rgb(1,2,3)" xml:space="preserve"><title>a</title></rect>
    <rect x="1" y="5" width="4" height="2" fill="url(#g)"/>
  </g>"""


def test_what_drawing_programs_add_and_draws_nothing_is_passed_over() -> None:
    size = f'{SIZE} x="0px" y="0px" version="1.1"'
    one, other = parse_svg(document(DRAWN_BY_A_PROGRAM, size=size), name="a.svg").paths
    assert (one.fill, one.stroke) == (Colour(255, 0, 0), Colour(1, 2, 3))
    assert isinstance(other.fill, Gradient)
    assert [(stop.offset, stop.colour) for stop in other.fill.stops] == [
        (0, Colour(255, 255, 255)), (1, Colour(0, 128, 255))]


def test_all_faults_of_a_file_are_told_at_once_each_with_its_first_line_and_how_often() -> None:
    body = """<style>.a{fill:red}</style>
    <g style="fill:none"><path d="M0 0L1"/><path class="a" d="M0 0L1 1" filter="x"/></g>
    <path class="a" d="M0 0L1 1"/><text>a</text>
    <defs><linearGradient id="g" href="#h"><stop offset="0" style="stop-color:#000"/></linearGradient></defs>"""
    head = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n'
    with pytest.raises(SvgError) as caught:
        parse_svg(document(body, size='viewBox="0 0 20 10" width="20px" height="10px"', head=head), name="a.svg")
    error = caught.value
    told = [(part.code, int(part.facts["line"]), part.en.partition(": ")[2]) for part in error.parts]
    assert [(code, line) for code, line, _ in told] == [
        (SvgErrorCode.MALFORMED, 1), (SvgErrorCode.MALFORMED, 2), (SvgErrorCode.ACTIVE_CONTENT, 3),
        (SvgErrorCode.ACTIVE_CONTENT, 4), (SvgErrorCode.MALFORMED, 4), (SvgErrorCode.ACTIVE_CONTENT, 4),
        (SvgErrorCode.UNSUPPORTED, 4), (SvgErrorCode.UNSUPPORTED, 5), (SvgErrorCode.ACTIVE_CONTENT, 6)]
    assert (error.code, error.facts["line"]) == (SvgErrorCode.MALFORMED, "1")
    assert "另有 6 种问题" in error.zh and "and 6 more faults" in error.en
    assert [words for _, _, words in told if words.endswith("(2 times)")] == [told[3][2], told[5][2]]


def test_of_very_many_faults_twenty_are_told() -> None:
    body = "".join(f'<path d="M0 0L1 1" a{number}=""/>' for number in range(90))
    with pytest.raises(SvgError) as caught:
        parse_svg(document(body), name="a.svg")
    assert len(caught.value.parts) == 20


@pytest.mark.parametrize("head", [
    '<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">',
    '<?xml-stylesheet href="http://example.invalid/a.css"?>',
])
def test_nothing_is_fetched_and_no_entity_is_opened(head: str) -> None:
    with pytest.raises(SvgError):
        parse_svg(document("<g/>", head=head), name="a.svg")


@pytest.mark.parametrize("size", [
    'viewBox="0 0 20 10"', 'width="20mm" height="10mm"', 'width="20px" height="10px" viewBox="0 0 20 10"',
    'width="20mm" height="20mm" viewBox="0 0 20 10"', 'width="0mm" height="0mm" viewBox="0 0 0 0"',
])
def test_a_drawing_without_a_plain_size_is_refused(size: str) -> None:
    with pytest.raises(SvgError):
        parse_svg(document("<g/>", size=size), name="a.svg")


def test_a_bomb_of_elements_is_refused() -> None:
    with pytest.raises(SvgError) as caught:
        parse_svg(document("<g/>" * 30_000), name="a.svg")
    assert caught.value.code is SvgErrorCode.TOO_LARGE
    with pytest.raises(SvgError):
        parse_svg(document("<!--" + "x" * 5_000_000 + "-->"), name="a.svg")


STOPS = '<stop offset="0" stop-color="#000000"/><stop offset="1" stop-color="#ffffff"/>'


CLEAR = '<stop offset="1" stop-color="#000000" stop-opacity="0.5"/>'


def gradient_of(definition: str, shape: str) -> Gradient:
    fill = only(f"<defs>{definition}</defs>{shape}").fill
    assert isinstance(fill, Gradient)
    return fill


@pytest.mark.parametrize(("attributes", "shape", "start", "end"), [
    ("", '<rect x="2" y="1" width="10" height="4" fill="url(#g)"/>', (2, 1), (12, 1)),
    ('x1="0" y1="0" x2="0" y2="1"', '<rect x="2" y="1" width="10" height="4" fill="url(#g)"/>', (2, 1), (2, 5)),
    ('gradientUnits="userSpaceOnUse" x1="1" y1="2" x2="5" y2="2"', '<rect width="9" height="9" fill="url(#g)"/>',
     (1, 2), (5, 2)),
    ('gradientUnits="userSpaceOnUse" x2="4"', '<g transform="translate(1 2) rotate(90)"><rect width="9" height="9" '
     'fill="url(#g)"/></g>', (1, 2), (1, 6)),
    ('gradientTransform="rotate(90)"', '<rect x="2" y="1" width="4" height="4" fill="url(#g)"/>', (2, 1), (2, 5)),
    # stripes stay at right angles to the line although the box is twice as wide as high
    ('x1="0" y1="0" x2="1" y2="1"', '<rect width="8" height="4" fill="url(#g)"/>', (0, 0), (3.2, 6.4)),
])
def test_a_linear_gradient_lies_in_its_shape(
        attributes: str, shape: str, start: tuple[float, float], end: tuple[float, float]) -> None:
    found = gradient_of(f'<linearGradient id="g" {attributes}>{STOPS}</linearGradient>', shape)
    assert found.start == pytest.approx(start, abs=0.001)
    assert found.end == pytest.approx(end, abs=0.001)
    assert found.radii is None and found.mean == Colour(128, 128, 128)


def test_a_radial_gradient_keeps_its_focus_and_grows_with_the_drawing() -> None:
    found = gradient_of(f'<radialGradient id="g" fx="0.25" fy="0.5">{STOPS}</radialGradient>',
                        '<g transform="scale(2)"><circle cx="3" cy="2" r="2" fill="url(#g)" opacity="0.5"/></g>')
    assert found.start == pytest.approx((4, 4)) and found.end == pytest.approx((6, 4))
    assert found.radii == pytest.approx((0, 4)) and found.alpha == 0.5
    (moved,) = placed(parse_svg(document(
        f'<defs><radialGradient id="g">{STOPS}</radialGradient></defs><circle cx="5" cy="5" r="4" fill="url(#g)"/>'),
        name="a.svg"), x_mm=10, y_mm=20, width_mm=40)
    assert isinstance(moved.fill, Gradient)
    assert moved.fill.end == pytest.approx((20, 30)) and moved.fill.radii == pytest.approx((0, 8))


@pytest.mark.parametrize(("body", "code"), [
    (f'<linearGradient id="g">{STOPS}</linearGradient>', SvgErrorCode.UNSUPPORTED),
    ('<rect width="1" height="1" fill="url(#g)"/>', SvgErrorCode.MALFORMED),
    ('<rect width="1" height="1" fill="url(http://x.invalid/a.svg#g)"/>', SvgErrorCode.MALFORMED),
    (f'<defs><linearGradient id="g">{STOPS}</linearGradient><linearGradient id="g">{STOPS}</linearGradient></defs>',
     SvgErrorCode.MALFORMED),
    (f'<defs><linearGradient id="g" href="#h">{STOPS}</linearGradient></defs>', SvgErrorCode.ACTIVE_CONTENT),
    (f'<defs><linearGradient id="g" spreadMethod="reflect">{STOPS}</linearGradient></defs>', SvgErrorCode.UNSUPPORTED),
    ('<defs><linearGradient id="g"><stop offset="0" stop-color="#000"/></linearGradient></defs>',
     SvgErrorCode.MALFORMED),
    (f'<defs><linearGradient id="g">{STOPS}{STOPS}</linearGradient></defs>', SvgErrorCode.MALFORMED),
    (f'<defs><linearGradient id="g">{STOPS.replace("#ffffff", "snow")}</linearGradient></defs>',
     SvgErrorCode.MALFORMED),
    (f'<defs><linearGradient id="g">{STOPS.replace("#ffffff", "#fff") + CLEAR}</linearGradient></defs>',
     SvgErrorCode.MALFORMED),
    (f'<defs><linearGradient id="g"><stop offset="0" stop-color="#000"/>{CLEAR}</linearGradient></defs>',
     SvgErrorCode.MALFORMED),
    (f'<defs><radialGradient id="g" fx="2">{STOPS}</radialGradient></defs>', SvgErrorCode.MALFORMED),
    (f'<defs><radialGradient id="g">{STOPS}</radialGradient></defs><rect width="4" height="2" fill="url(#g)"/>',
     SvgErrorCode.UNSUPPORTED),
    ('<defs><path d="M0 0"/></defs>', SvgErrorCode.UNSUPPORTED),
])
def test_a_gradient_that_would_not_be_drawn_alike_is_refused(body: str, code: SvgErrorCode) -> None:
    with pytest.raises(SvgError) as caught:
        parse_svg(document(body), name="a.svg")
    assert caught.value.code == code

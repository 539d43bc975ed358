"""Artwork with numbers that no drawing needs: refused with file, line and word, never drawn beyond all range."""

from __future__ import annotations

import random
import re

import pytest

from docgen import markup
from docgen.artwork import drawings
from docgen.page import FARTHEST_MM, LARGEST_SIDE_MM, Colour, Gradient, Path
from docgen.svg import Drawing, parse_svg, placed
from docgen.svg_faults import SvgError, SvgErrorCode
from docgen.svg_values import OutOfRangeError
from docgen.template_layout import Art
from tests.support.bounds import not_hanging

SIZE = 'width="20mm" height="10mm" viewBox="0 0 20 10"'
STOPS = '<stop offset="0" stop-color="#fff"/><stop offset="1" stop-color="#000"/>'
SQUARE = '<rect x="1" y="1" width="4" height="4" fill="url(#a)"/>'


def document(body: str, size: str = SIZE) -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n{body}\n</svg>'.encode()


def refused(body: str, size: str = SIZE) -> SvgError:
    with not_hanging(), pytest.raises(SvgError) as caught:
        parse_svg(document(body, size), name="a.svg")
    error = caught.value
    assert error.facts["file"] == "a.svg"
    assert len(error.zh) < 1000 and len(error.en) < 1000, "the word, not a megabyte of it"
    return error


def linear(transform: str, fill: str = SQUARE) -> str:
    return f'<defs><linearGradient id="a" gradientTransform="{transform}">{STOPS}</linearGradient></defs>\n{fill}'


DOT = '<rect width="1" height="1"/>'
FAR = SvgErrorCode.OUT_OF_RANGE
BAD = SvgErrorCode.MALFORMED


@pytest.mark.req("R-003-04")
@pytest.mark.parametrize(("body", "code", "line", "word"), [
    (f'<g transform="{"scale(99999) " * 3}">{DOT}</g>', FAR, 2, "scale(99999)"),
    (f'<g transform="scale(99999)">\n<g transform="scale(99999)">{DOT}</g></g>', FAR, 3, "scale(99999)"),
    (f'<g transform="{"scale(99999) " * 80}">{DOT}</g>', FAR, 2, "scale(99999)"),
    (f'<g transform="scale(9999)">\n{DOT}</g>', FAR, 3, "5080 mm"),
    (f'<g transform="translate(0 -5081)">{DOT}</g>', FAR, 2, "5080 mm"),
    ('<path d="M0 0L99999 0"/>', FAR, 2, "5080 mm"),
    ('<path d="M0 0C1 1 1 9000 2 2"/>', FAR, 2, "5080 mm"),
    ('<line x2="3" y2="3" stroke="#000" stroke-width="9000"/>', FAR, 2, "5080 mm"),
    (linear("scale(99999)"), FAR, 3, "5080 mm"),
    (linear("scale(0.000000001)"), BAD, 2, "gradientTransform"),
    (linear("scale(0.00001) " * 60), BAD, 2, "gradientTransform"),
    (linear("matrix(1 1 1 1 0 0)"), BAD, 2, "gradientTransform"),
    (linear("matrix(1 1 1 1.000000000001 0 0)"), BAD, 2, "gradientTransform"),
    (linear("scale(1 0)"), BAD, 2, "gradientTransform"),
    (linear("matrix(0 0 0 0 0 0)"), BAD, 2, "gradientTransform"),
    ('<path d="M0 0A1e-300 1e-300 0 0 1 3 3"/>', BAD, 2, "L"),
    ('<path d="M0 0A1e-170 9 0 0 1 3 3"/>', BAD, 2, "1e-170"),
    ('<path d="M0 0L1e400 0"/>', BAD, 2, "1e400"),
    ('<path d="M0 0L100001 0"/>', BAD, 2, "100001"),
    (f'<path d="M0 0L{"1" * 33} 0"/>', BAD, 2, "1111"),
    (f'<rect width="{"1" * 33}" height="1"/>', BAD, 2, "1111"),
    (f'<polygon points="1 1 2 {"2" * 33}"/>', BAD, 2, "2222"),
    (f'<g transform="scale({"3" * 33})"/>', BAD, 2, "3333"),
])
def test_a_number_that_no_drawing_needs_is_refused_with_its_line_and_word(
        body: str, code: SvgErrorCode, line: int, word: str) -> None:
    error = refused(body)
    assert (error.code, error.facts["line"]) == (code, str(line))
    assert word in error.zh and word in error.en


@pytest.mark.req("R-003-04")
@pytest.mark.parametrize("body", [
    '<rect x="{}" width="1" height="1"/>', '<path d="M0 0L{} 1"/>', '<polygon points="1 1 {} 2"/>',
    '<g transform="scale({})"/>', '<g opacity="{}"/>', '<g stroke="rgb(1,{},3)"/>', '<g fill="{}"/>',
    '<g fill-rule="{}"/>', '<g clip="{}"/>',
])
def test_a_number_of_a_megabyte_is_refused_at_once_and_not_repeated_in_the_message(body: str) -> None:
    for digits in ("1" * 1_000_000, "1" * 1_000_000 + "x", "." * 1_000_000, " " * 1_000_000 + "x"):
        refused(body.format(digits))


def test_the_size_of_the_drawing_has_numbers_too() -> None:
    far = f'width="{LARGEST_SIDE_MM + 1}mm" height="{LARGEST_SIDE_MM + 1}mm" viewBox="0 0 1 1"'
    assert refused("", far).code is FAR
    assert refused("", f'width="{"1" * 1_000_000}mm" height="10mm" viewBox="0 0 1 1"').code is BAD
    assert refused("", 'width="20mm" height="10.1mm" viewBox="0 0 2000 1000"').code is BAD, "not in proportion"
    assert refused(DOT, 'width="1000mm" height="1000mm" viewBox="0 0 0.00001 0.00001"').code is FAR


def points(body: str) -> list[tuple[float, ...]]:
    (path,) = parse_svg(document(body), name="a.svg").paths
    return [segment.args for segment in path.segments]


def test_an_arc_to_where_it_begins_draws_nothing_and_a_short_one_is_drawn() -> None:
    assert points('<path d="M1 1A3 3 0 1 1 1.00000000001 1L2 2"/>') == [(1, 1), (2, 2)]
    assert points('<path d="M1 1A1e-320 3 0 1 1 1 1L2 2"/>') == [(1, 1), (2, 2)]
    assert points('<path d="M1 1a3 3 0 0 1 1e-320 0L2 2"/>') == [(1, 1), (2, 2)]
    assert points('<path d="M1 1a.001 .001 0 0 1 .001 .001"/>')[-1][-2:] == (1.001, 1.001)


def test_a_gradient_without_room_to_run_is_its_last_colour() -> None:
    for body in (linear("scale(0.00001)"), linear("", '<rect x="1" y="1" width="4" height="0" fill="url(#a)"/>'),
                 linear("", f'<g transform="scale(0.00001)">{SQUARE}</g>')):
        (path,) = parse_svg(document(body), name="a.svg").paths
        assert path.fill == Colour(0, 0, 0)


def test_a_gradient_is_drawn_at_right_angles_to_its_stripes_in_a_flat_box() -> None:
    (path,) = parse_svg(document(linear("rotate(45)", '<rect width="20" height="0.01" fill="url(#a)"/>')),
                        name="a.svg").paths
    assert isinstance(path.fill, Gradient) and path.fill.start != path.fill.end


def test_a_drawing_much_smaller_than_its_place_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    small = document('<rect width="1" height="1"/><rect x="2000" width="1" height="1"/>',
                     'width="1mm" height="1mm" viewBox="0 0 1 1"')
    drawing = parse_svg(small, name="a.svg")
    with pytest.raises(OutOfRangeError):
        placed(drawing, x_mm=0, y_mm=0, width_mm=100)
    monkeypatch.setattr("docgen.artwork.resource", lambda *_: small)
    with pytest.raises(SvgError) as caught:
        drawings("K0-SMALL", (Art(file="small.svg", x_mm=0, y_mm=0, width_mm=100, source_line=7),))
    assert caught.value.code is FAR and caught.value.facts == {"file": "K0-SMALL/pages.xml", "line": "7"}
    assert "small.svg" in caught.value.zh and "small.svg" in caught.value.en


def test_a_length_is_written_in_so_many_characters() -> None:
    assert markup.length("1" * 5) == 11111 and markup.length(" 12.50 ") == 12.5 and markup.length("-.5") == -0.5
    assert [markup.length(text) for text in ("100001", "1e3", "1.2.3", "٣", "", ".", "-", "0" * 33)] == [None] * 8


WHOLE = f"""<defs><linearGradient id="a" x1="0" y2="1" gradientTransform="rotate(30)">{STOPS}</linearGradient>
<radialGradient id="b" cx="5" cy="5" r="4" fx="4" fy="4" gradientUnits="userSpaceOnUse">{STOPS}</radialGradient></defs>
<g transform="translate(1 2)" opacity="0.5"><path d="M1 1a3 2 30 0 1 5 5s3 3 4-4t1 1q1 1 2 3z" fill="url(#a)"/>
<rect x="1" y="1" width="4" height="4" fill="url(#b)" transform="scale(2)"/><circle cx="3" cy="4" r="2"/></g>
<path d="M8 5A3 3 0 0 1 5 8A3 3 0 0 1 2 5m1,1c1 2 3 4 5 6v1h2l1 1V0H3" stroke="#123" stroke-width="0.3"/>"""
NUMBER = re.compile(r"(?<![#\w])\d*\.?\d+")
ODD = ("0", "1e-300", "1e300", "0.00001", "99999", "-99999", "1e-160", "nan", "1" * 40, "-0", "0.000000001", ".", "3e3")


def within(paths: tuple[Path, ...]) -> bool:
    numbers = [number for path in paths for segment in path.segments for number in segment.args]
    numbers += [path.stroke_width_mm for path in paths]
    for path in paths:
        if isinstance(path.fill, Gradient):
            numbers += [*path.fill.start, *path.fill.end, *(path.fill.radii or ())]
    return all(abs(number) <= FARTHEST_MM for number in numbers)


@pytest.mark.req("R-003-04")
def test_whatever_number_stands_where_it_is_drawn_within_range_or_refused() -> None:
    chance = random.Random(20261126)  # noqa: S311 - seeded on purpose
    read: list[Drawing] = []
    for _ in range(1500):
        body = WHOLE
        for _ in range(chance.choice((1, 1, 2, 3))):
            found = chance.choice(list(NUMBER.finditer(body)))
            odd = chance.choice((*ODD, f"{10 ** chance.uniform(-12, 6):.12f}"))
            body = body[:found.start()] + odd + body[found.end():]
        try:
            read.append(parse_svg(document(body), name="a.svg"))
        except SvgError as error:
            assert error.facts["file"] == "a.svg" and int(error.facts["line"]) > 0
    assert len(read) > 200
    assert all(within(drawing.paths) for drawing in read)

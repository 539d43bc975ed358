"""Shapes that a dishonest clerk draws over the text, under it, or where only some readers see them."""

from __future__ import annotations

import re

import pytest

from docgen.page import Colour, GlyphRun, Image, Path, Segment
from tests.verify.clerk import issue, on_page
from tests.verify.packages import PAGE, Forger, check, codes, entries
from verify.model import Verdict

WHITE, DARK = Colour(255, 255, 255), Colour(17, 17, 17)


def box(colour: Colour) -> Path:
    """A filled rectangle on the line of the validity."""
    corners = ((120.0, 130.0), (200.0, 130.0), (200.0, 160.0), (120.0, 160.0))
    return Path(segments=(*(Segment("L" if index else "M", place) for index, place in enumerate(corners)),
                          Segment("Z")), fill=colour)


def line(width_mm: float, colour: Colour = WHITE) -> Path:
    """A stroke over the same place."""
    return Path(segments=(Segment("M", (126.0, 145.0)), Segment("L", (168.0, 145.0))), stroke=colour,
                stroke_width_mm=width_mm)


@pytest.mark.req("R-003-31")
@pytest.mark.parametrize("shape", [box(WHITE), box(DARK), line(13), line(0.12), line(0.12, DARK)])
def test_nothing_is_drawn_over_text(shape: Path) -> None:
    forged = issue(on_page(lambda items: (*items, shape)))
    for data in (forged.ofd, forged.pdf):
        assert check(data).verdict is not Verdict.VALID


@pytest.mark.req("R-003-31")
@pytest.mark.parametrize("width_mm", [0.04, 1.0, 23.0])
def test_nothing_is_drawn_over_the_qr_code(width_mm: float) -> None:
    def over(items: tuple[object, ...]) -> tuple[object, ...]:
        place = next(index for index, item in enumerate(items) if isinstance(item, Image))
        code = items[place]
        assert isinstance(code, Image)
        middle = code.y_mm + code.height_mm / 2
        drawn = Path(segments=(Segment("M", (code.x_mm, middle)), Segment("L", (code.x_mm + code.width_mm, middle))),
                     stroke=WHITE, stroke_width_mm=width_mm)
        return (*items[:place + 1], drawn, *items[place + 1:])
    forged = issue(on_page(over))  # type: ignore[arg-type]
    for data, code in ((forged.ofd, "ofd.covered"), (forged.pdf, "pdf.picture-covered")):
        report = check(data)
        assert report.verdict is not Verdict.VALID and code in codes(report)


@pytest.mark.req("R-003-31")
def test_text_does_not_lie_on_dark() -> None:
    def under(items: tuple[object, ...]) -> tuple[object, ...]:
        first = next(index for index, item in enumerate(items) if isinstance(item, GlyphRun))
        return (*items[:first], box(DARK), *items[first:])
    report = check(issue(on_page(under)).ofd)  # type: ignore[arg-type]
    assert report.verdict is Verdict.INVALID and "ofd.hidden" in codes(report)


@pytest.mark.parametrize(("boundary", "data"), [
    ("0 0 1 1", "M 126 142 L 168 142 L 168 150 L 126 150 C"), ("126 142 42 8", "M -1 0 L 42 8"),
    ("126 142 42 8", "M 0 0 B 0 0 50 9 42 8")])
def test_a_path_lies_inside_its_boundary(boundary: str, data: str) -> None:
    parts = entries()
    path = (f'<ofd:PathObject ID="99001" Boundary="{boundary}" Stroke="false" Fill="true"><ofd:FillColor '
            f'Value="255 255 255"/><ofd:AbbreviatedData>{data}</ofd:AbbreviatedData></ofd:PathObject>')
    at = parts[PAGE].index(b"<ofd:TextObject ")
    parts[PAGE] = parts[PAGE][:at] + path.encode() + parts[PAGE][at:]
    report = check(Forger().apply(parts))
    assert report.verdict is not Verdict.VALID and "ofd.not-understood" in codes(report)


@pytest.mark.parametrize("blanks", ["\u2003", "\u00a0\u2002", "\u2028", "\u0085"])
def test_blanks_are_those_that_we_print(blanks: str) -> None:
    """Blanks are left out where texts are compared; an embedded font could draw signs for them."""
    parts = entries()
    text = parts[PAGE].decode()
    at = text.index("<ofd:TextObject ")
    size = text.index("</ofd:TextObject>") + len("</ofd:TextObject>")
    first = text[at:size]
    font = re.search('Font="[0-9]+"', first)
    assert font is not None
    deltas = ' DeltaX="3"' if len(blanks) > 1 else ""
    more = (f'<ofd:TextObject ID="99001" Boundary="78 152 60 5.8" {font[0]} Size="4.9"><ofd:FillColor '
            f'Value="17 17 17"/><ofd:TextCode X="0" Y="4.5"{deltas}>{blanks}</ofd:TextCode></ofd:TextObject>')
    parts[PAGE] = text.replace("</ofd:Layer>", more + "</ofd:Layer>").encode()
    report = check(Forger().apply(parts))
    assert report.verdict is Verdict.INVALID and codes(report) & {"page.extra", "font.glyph"}

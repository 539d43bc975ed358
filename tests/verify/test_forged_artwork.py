"""Drawings that a dishonest clerk adds, changes or leaves out, in the OFD, in the PDF, in both: none is genuine."""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path as File
from typing import Any

import pytest
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.ttLib import TTFont

import docgen
import fonts
from certs.sm3 import sm3
from docgen.design.drawing import draw
from docgen.design.records import drawable
from docgen.page import Colour, Document, GlyphRun, Gradient, Path, Segment, Stop
from docgen.pdf_content import ContentWriter
from docgen.record import validate
from layouts import load_kind
from tests.support.demo_home import shared_home
from tests.verify.clerk import Change, issue, on_page
from tests.verify.packages import PAGE, TEMPLATE, Forger, check, codes, entries
from verify.model import Verdict

LAYOUTS = File(__file__).parents[2] / "layouts"
DARK, GREY, WHITE, RED = Colour(17, 17, 17), Colour(238, 238, 238), Colour(255, 255, 255), Colour(200, 0, 0)
FREE = (60.0, 195.0)                     # where nothing stands on the first page of the worked example

Item = Any
Items = tuple[Item, ...]


def sample(code: str, name: str = "example-1") -> dict[str, Any]:
    read: dict[str, Any] = json.loads((LAYOUTS / code / "samples" / f"{name}.json").read_bytes())
    return read


@functools.cache
def sheet() -> docgen.Issued:
    """The safety data sheet that the label stands on."""
    return docgen.issue(sample("SDS"), home=shared_home())


def issue_label(change: Change) -> docgen.Issued:
    """A label with the pictograms 火焰 and 感叹号 and a table."""
    reference = f"{sheet().identifier} sm3:{sm3(sheet().ofd).hex()}"
    return issue(change, of=sample("LBL") | {"安全技术说明书": reference}, attachments={"sds": sheet().ofd})


def rectangle(x: float, y: float, width: float, height: float, **paint: Any) -> Path:
    corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    segments = (*(Segment("L" if number else "M", corner) for number, corner in enumerate(corners)), Segment("Z"))
    return Path(segments=segments, **paint)


def line(*points: float, colour: Colour = DARK, width: float = 0.2) -> Path:
    return Path(segments=(Segment("M", points[:2]), Segment("L", points[2:])), stroke=colour, stroke_width_mm=width)


def outlines(text: str, x: float, y: float, size_mm: float = 5.0) -> tuple[Path, ...]:
    """Words as outlines: what a reader sees, and no reader of text finds."""
    made = []
    with TTFont(io.BytesIO(fonts.face("song").subset(frozenset(text)).data)) as font:
        scale, glyphs, names = size_mm / font["head"].unitsPerEm, font.getGlyphSet(), font.getBestCmap()
        for number, char in enumerate(text):
            pen = DecomposingRecordingPen(glyphs)
            glyphs[names[ord(char)]].draw(pen)
            segments = []
            for operator, points in pen.value:
                placed = [(round(x + number * size_mm + px * scale, 3), round(y - py * scale, 3)) for px, py in points]
                segments += ([Segment("Z")] if operator == "closePath" else [
                    Segment("M" if operator == "moveTo" else "L", placed[-1])])
            made.append(Path(segments=tuple(segments), fill=DARK))
    return tuple(made)


def first(kind: type) -> Callable[[Items], int]:
    return lambda items: next(at for at, item in enumerate(items) if isinstance(item, kind))


before_text = first(GlyphRun)


def put(*paths: Path, at: Callable[[Items], int] = before_text) -> Change:
    return on_page(lambda items: (*items[:at(items)], *paths, *items[at(items):]))


def drop(items: Items) -> Items:
    gone = first(Path)(items)
    return (*items[:gone], *items[gone + 1:])


def each_path(change: Callable[[Path], Path]) -> Change:
    return on_page(lambda items: tuple(change(item) if isinstance(item, Path) else item for item in items))


def ground(change: Callable[[tuple[Path, ...]], tuple[Path, ...]]) -> Change:
    """Change the border and the ground of the first page."""
    def made(document: Document) -> Document:
        name = document.pages[0].artwork
        assert name is not None
        art = document.artworks[name]
        paths = change(art.paths)
        assert paths != art.paths
        other = replace(art, digest=str(hash(paths)), paths=paths)
        return replace(document, artworks={**document.artworks, name: other})
    return made


def moved(path: Path, by_mm: float = 0.5) -> Path:
    return replace(path, segments=tuple(
        Segment(one.op, tuple(round(value + by_mm, 3) for value in one.args)) for one in path.segments))


def bare(document: Document) -> Document:
    pages = (replace(document.pages[0], artwork=None), *document.pages[1:])
    return replace(document, pages=pages)


def other_ground(document: Document) -> Document:
    """The first page on the ground of the last."""
    page = replace(document.pages[0], artwork=document.pages[-1].artwork)
    return replace(document, pages=(page, *document.pages[1:]))


SUNRISE = Gradient(start=(60.0, 195.0), end=(70.0, 195.0), stops=(Stop(0.0, RED), Stop(1.0, WHITE)))
CHANGES: dict[str, Change] = {
    "beside": put(rectangle(*FREE, 8, 3, fill=RED)),
    "a dot": put(rectangle(*FREE, 0.2, 0.2, fill=DARK)),
    "a line": put(line(*FREE, 90.0, 195.0)),
    "a hair": put(line(*FREE, 60.5, 195.5, width=0.02, colour=WHITE)),
    "a frame": put(rectangle(*FREE, 40, 6, stroke=DARK, stroke_width_mm=0.2)),
    "a gradient": put(rectangle(*FREE, 10, 3, fill=SUNRISE)),
    "clear": put(rectangle(*FREE, 8, 3, fill=Colour(200, 0, 0, 0.1))),
    "under text": put(rectangle(60, 90, 120, 8, fill=Colour(255, 240, 240))),
    "under all": put(rectangle(0, 0, 297, 210, fill=Colour(250, 250, 240)), at=lambda _: 0),
    "under text, light": put(rectangle(60, 90, 120, 8, fill=WHITE)),
    "over text": put(rectangle(60, 90, 120, 8, fill=WHITE), at=len),
    "through text": put(line(60, 92, 160, 92)),
    "words": put(*outlines("特别许可", *FREE)),
    "digits": put(*outlines("2099", 150.0, 195.0)),
    "outline words": put(*(replace(path, fill=None, stroke=DARK, stroke_width_mm=0.1)
                           for path in outlines("甲", *FREE))),
    "no drawing": on_page(drop),
    "a drawing twice": on_page(lambda items: (items[first(Path)(items)], *items)),
    "a drawing moved": each_path(moved),
    "a drawing recoloured": each_path(lambda path: replace(path, fill=RED)),
    "a drawing grown": each_path(lambda path: replace(path, segments=tuple(
        Segment(one.op, tuple(round(value * 1.01, 3) for value in one.args)) for one in path.segments))),
    "border moved": ground(lambda paths: tuple(map(moved, paths))),
    "border moved a little": ground(lambda paths: (*paths[:-1], moved(paths[-1], 0.001))),
    "border recoloured": ground(lambda paths: tuple(
        replace(path, stroke=RED if path.stroke else None, fill=RED if path.fill else None) for path in paths)),
    "border thicker": ground(lambda paths: tuple(
        replace(path, stroke_width_mm=path.stroke_width_mm + 0.05) if path.stroke else path for path in paths)),
    "border cut": ground(lambda paths: paths[:-1]),
    "border and a shape": ground(lambda paths: (*paths, rectangle(*FREE, 8, 3, fill=RED))),
    "border and words": ground(lambda paths: (*paths, *outlines("特别许可", *FREE))),
    "border turned round": ground(lambda paths: paths[::-1]),
    "no border": bare,
    "another border": other_ground,
}


@pytest.mark.req("R-003-31")
@pytest.mark.parametrize("name", CHANGES)
def test_a_drawing_of_the_clerks_own_is_not_genuine_in_either_format(name: str) -> None:
    forged = issue(CHANGES[name])
    for data in (forged.ofd, forged.pdf):
        report = check(data)
        assert report.verdict is not Verdict.VALID
        assert "page.artwork" in codes(report), codes(report)


@pytest.mark.req("R-003-31")
@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("where", ["ofd", "pdf"])
def test_nor_in_one_format_alone(name: str, where: str) -> None:
    forged = issue(**{where: CHANGES[name]})
    report = check(forged.ofd)
    assert report.verdict is not Verdict.VALID and "page.artwork" in codes(report), codes(report)
    alone = check(forged.pdf)
    assert (alone.verdict is Verdict.VALID) == (where == "ofd"), codes(alone)


def test_the_finding_says_what_differs_and_where() -> None:
    report = check(issue(CHANGES["beside"]).ofd)
    reasons = [reason for reason in report.reasons if reason.code == "page.artwork"]
    assert [(reason.zh, reason.en) for reason in reasons] == [(
        "正本（第 1 页）的图形不是该证照种类所发布的：未发布的图形（左 60.0 mm、上 195.0 mm 处）",
        "what page 1 draws is not what was released for the licence kind: a drawing that was never released "
        "(60.0 mm from the left, 195.0 mm from the top)")]


@pytest.mark.parametrize(("old", "new"), [
    (b'LineWidth="0.', b'LineWidth="1.'),
    (b' Fill="true"', b""), (b'Boundary="', b'Boundary="1')])
def test_a_template_changed_by_a_byte_is_another_one(old: bytes, new: bytes) -> None:
    parts = entries()
    assert old in parts[TEMPLATE]
    report = check(Forger().apply({**parts, TEMPLATE: parts[TEMPLATE].replace(old, new, 1)}))
    assert report.verdict is Verdict.INVALID and "page.artwork" in codes(report)


@pytest.mark.parametrize("path", [
    '<ofd:PathObject ID="99001" Boundary="60 195 8 3"><ofd:AbbreviatedData>M 0 0 L 8 3</ofd:AbbreviatedData>',
    '<ofd:PathObject ID="99001" Boundary="60 195 8 3" Fill="true"><ofd:AbbreviatedData>M 0 0 L 8 3 L 0 3 C'
    '</ofd:AbbreviatedData>',
    '<ofd:PathObject ID="99001" Boundary="60 195 8 3" LineWidth="0"><ofd:StrokeColor Value="9 9 9"/>'
    '<ofd:AbbreviatedData>M 0 0 L 8 3</ofd:AbbreviatedData>'])
def test_a_path_that_leaves_its_paint_to_the_reader_is_drawn_too(path: str) -> None:
    parts = entries()
    at = parts[PAGE].index(b"<ofd:TextObject ")
    page = parts[PAGE][:at] + path.encode() + b"</ofd:PathObject>" + parts[PAGE][at:]
    report = check(Forger().apply({**parts, PAGE: page}))
    assert report.verdict is Verdict.INVALID and "page.artwork" in codes(report)


# -- a label's pictograms are those of the record


def as_if(names: list[str]) -> Change:
    """A label that shows the pictograms of another record."""
    def made(document: Document) -> Document:
        page = document.pages[0]
        drawn = [item for item in composed(names).pages[0].items if isinstance(item, Path)]
        rest = tuple(item for item in page.items if not isinstance(item, Path))
        return replace(document, pages=(replace(page, items=(*drawn, *rest)),))
    return made


def composed(names: list[str]) -> Document:
    record = {**sample("LBL"), "象形图": names}
    return draw(validate(record, load_kind("LBL"), lookup_hosts=(), drawable=drawable, demo=True))[0]


@pytest.mark.parametrize("shown", [
    ["火焰"], [], ["感叹号", "火焰"], ["火焰", "骷髅和交叉骨"], ["火焰", "感叹号", "环境"]])
def test_a_label_shows_the_pictograms_of_its_record(shown: list[str]) -> None:
    assert sample("LBL")["象形图"] == ["火焰", "感叹号"]
    forged = issue_label(as_if(shown))
    for data in (forged.ofd, forged.pdf):
        report = check(data)
        assert report.verdict is not Verdict.VALID and "page.artwork" in codes(report), codes(report)


@pytest.mark.parametrize("change", [
    lambda path: replace(path, fill=GREY if path.fill == DARK else path.fill),
    lambda path: moved(path, 40.0),
    lambda path: moved(path, 200.0),
    lambda path: replace(path, segments=path.segments[:-2]),
    lambda path: replace(path, segments=tuple(
        Segment(one.op, tuple(round(value * (1.2 if at % 2 else 1), 3) for at, value in enumerate(one.args)))
        for one in path.segments))])
def test_a_pictogram_is_whole_and_in_its_place(change: Callable[[Path], Path]) -> None:
    forged = issue_label(each_path(change))
    for data in (forged.ofd, forged.pdf):
        report = check(data)
        assert report.verdict is not Verdict.VALID and "page.artwork" in codes(report), codes(report)


# -- lines that go with tables


def with_grid(change: Callable[[Path], tuple[Path, ...]]) -> Change:
    return on_page(lambda items: tuple(
        one for item in items
        for one in (change(item) if isinstance(item, Path) and len(item.segments) > 8 and item.stroke else (item,))))


def shifted(path: Path, down: float) -> Path:
    return replace(path, segments=tuple(
        Segment(one.op, tuple(round(value + down * (at % 2), 3) for at, value in enumerate(one.args)))
        for one in path.segments))


def level(path: Path, y: float) -> Path:
    """The table's lines with one more line across."""
    across = [one.args for one in path.segments if one.op in "ML"]
    left, right = across[0][0], across[1][0]
    lines = [*zip(across[::2], across[1::2], strict=True), ((left, y), (right, y))]
    flat = sorted((one for one in lines if one[0][1] == one[1][1]), key=lambda one: one[0][1])
    upright = [one for one in lines if one[0][1] != one[1][1]]
    return replace(path, segments=tuple(
        Segment("L" if at else "M", point) for one in (*flat, *upright) for at, point in enumerate(one)))


@pytest.mark.parametrize("change", [
    lambda path: (path, path),
    lambda path: (path, shifted(path, 60.0)),
    lambda path: (shifted(path, 2.0),),
    lambda path: (replace(path, stroke=RED),),
    lambda path: (replace(path, stroke_width_mm=0.9),),
    lambda path: (moved(path, 0.3),),
    lambda path: (level(path, path.segments[0].args[1] + 1.7),),
    lambda path: (path, line(25.0, 30.0, 185.0, 30.0, colour=path.stroke, width=path.stroke_width_mm)),
    lambda path: (path, rectangle(25.0, 40.0, 160.0, 8.0, fill=Colour(233, 238, 240))),
])
def test_lines_stand_where_a_table_has_them(change: Callable[[Path], tuple[Path, ...]]) -> None:
    forged = issue_label(with_grid(change))
    for data in (forged.ofd, forged.pdf):
        report = check(data)
        assert report.verdict is not Verdict.VALID and "page.artwork" in codes(report), codes(report)


# -- a ground under another state of the graphics


@pytest.mark.parametrize("operators", [
    "1.001 0 0 1 0 0 cm /{0} Do", "1 0 0 1 0 0.4 cm /{0} Do", "-1 0 0 -1 297 210 cm /{0} Do", "1 J /{0} Do",
    "[3] 0 d /{0} Do", "1 0 0 RG /{0} Do", "0.9 g /{0} Do", "q 0 0 100 100 re W n /{0} Do Q", "/{0} Do /{0} Do",
    "q /{0} Do Q 10 10 30 3 re f", "2 w /{0} Do", "0 0 297 210 re S /{0} Do", "q 1 J 10 10 m 60 10 l S Q /{0} Do",
    "/{0} Do 10 10 m 60 10 l s", "/{0} Do 10 10 m 60 10 30 30 v b", "10 10 m 60 10 l n"])
def test_the_ground_of_a_pdf_is_drawn_plainly(operators: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What reaches into a form from outside, or is drawn with operators that the writer never uses."""
    def form(writer: ContentWriter, resource: str) -> None:
        writer._ops.append(operators.format(resource))
    monkeypatch.setattr(ContentWriter, "form", form)
    forged = issue()
    for data in (forged.ofd, forged.pdf):
        assert check(data).verdict is not Verdict.VALID

"""Text that cannot be read is never issued, and is what the check of a kind finds: one judgement."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

import docgen
import fonts
import layouts
from docgen.compose import compose
from docgen.compose_errors import ComposeError, ComposeErrorCode
from docgen.contrast import Ground, contrast
from docgen.design.contained import run
from docgen.design.folder import open_folder
from docgen.design.scaffold import new_kind
from docgen.floors import floors
from docgen.ink import Box, ink_box
from docgen.legibility import ground_of, require_legible, unreadable
from docgen.licence import Licence
from docgen.page import Artwork, Colour, Document, GlyphRun, Page, Segment
from docgen.page import Path as Outline
from docgen.record import read_record, validate
from docgen.relief import Relief
from layouts import load_kind, resource
from tests.support.demo_home import CITY, make_home
from tests.support.installed_kinds import installed_kinds

__all__ = ["installed_kinds"]

CODE = "LEGIBLE-1"
LEAST = float(floors()["contrast"])


@functools.cache
def laid_out(code: str, sample: str = "example-1") -> tuple[Licence, Document]:
    chain = "kai"
    licence = validate(
        read_record(resource(code, f"samples/{sample}.json")), load_kind(code), demo=True,
        lookup_hosts=("lookup.example.invalid",), drawable=lambda text: fonts.drawable(text, chain))
    return licence, compose(licence, f"{licence.qr_address}#{'7' * 300}", seal_size_mm=42)


@pytest.mark.parametrize("code", layouts.kinds())
def test_every_kind_that_ships_is_read_without_effort(code: str) -> None:
    licence, document = laid_out(code)
    require_legible(document, licence)
    assert not [one for page in document.pages for one in unreadable(document, page)]


def repainted(page: Page, chance: Random) -> Page:
    """The page with its texts in other colours."""
    def colour() -> Colour:
        grey = chance.randrange(256)
        return chance.choice((Colour(grey, grey, grey), Colour(*(chance.randrange(256) for _ in range(3)))))

    return replace(page, items=tuple(
        replace(item, fill=colour()) if isinstance(item, GlyphRun) else item for item in page.items))


@pytest.mark.parametrize("code", ["K0", "K8", "LBL", "SDS", "D2a"])
def test_a_text_is_judged_as_by_a_look_at_each_pixel_under_it(code: str) -> None:
    _, document = laid_out(code)
    chance = Random(code)  # noqa: S311 - seeded on purpose
    told = 0
    for page in document.pages:
        artwork = document.artworks[page.artwork].paths if page.artwork is not None else ()
        own = [item for item in page.items if isinstance(item, Outline)]
        whole = Ground(page.width_mm, page.height_mm, (*artwork, *own))
        for painted in (repainted(page, chance) for _ in range(4)):
            runs = [item for item in painted.items if isinstance(item, GlyphRun)]
            seen = [run for run in runs
                    if whole.least_contrast((run.fill.r, run.fill.g, run.fill.b), ink_box(run)) < LEAST]
            found = [one.run for one in unreadable(document, painted) if one.code is ComposeErrorCode.FAINT]
            assert found == seen
            told += len(found)
    assert told > 20, "both answers occur"


def test_what_is_known_of_a_ground_is_what_its_pixels_say() -> None:
    _, document = laid_out("K0")
    page = document.pages[0]
    ground = ground_of(document, page)
    relief, chance = Relief(lambda: ground), Random(7)  # noqa: S311 - seeded on purpose
    answers = set()
    for _ in range(600):
        left, top = chance.uniform(-5, page.width_mm), chance.uniform(-5, page.height_mm)
        box = Box(left, top, left + chance.uniform(0, 60), top + chance.uniform(0, 9))
        ink = chance.choice(((0, 0, 0), (255, 255, 255), (200, 30, 30), (90, 90, 90), (120, 120, 120)))
        wanted = ground.least_contrast(ink, box) >= LEAST
        assert relief.stands_out(ink, LEAST, box) == wanted
        answers.add(wanted)
    assert answers == {True, False}


def sheet(paths: Sequence[Outline], fill: Colour, *, size_mm: float = 5.0, y_mm: float = 50.0) -> tuple[Document, Page]:
    """A page with one text, and drawings of its own or of its artwork under it."""
    text = GlyphRun(face="song", size_mm=size_mm, text="证照", glyphs=(1, 2), xs_mm=(50.0, 55.0), y_mm=y_mm,
                    width_mm=10.0, fill=fill, tag="企业名称")
    page = Page(role="正本", width_mm=210, height_mm=297, artwork=None, items=(*paths, text))
    return Document(title="", pages=(page,)), page


def bar(top: float, bottom: float, colour: Colour) -> Outline:
    corners = (("M", 0, top), ("L", 210, top), ("L", 210, bottom), ("L", 0, bottom))
    return Outline(segments=tuple(Segment(op, (x, y)) for op, x, y in corners), fill=colour)


def rule(y: float, colour: Colour) -> Outline:
    return Outline(segments=(Segment("M", (0, y)), Segment("L", (210, y))), stroke=colour, stroke_width_mm=0.2)


BLACK, WHITE, PALE = Colour(0, 0, 0), Colour(255, 255, 255), Colour(250, 240, 240)


@pytest.mark.parametrize(("paths", "fill", "faint"), [
    ([], BLACK, False), ([], WHITE, True), ([], Colour(150, 150, 150), True),
    ([bar(0, 297, PALE)], BLACK, False), ([bar(40, 60, BLACK)], BLACK, True), ([bar(40, 60, BLACK)], WHITE, False),
    ([bar(40, 60, BLACK), bar(40, 60, PALE)], BLACK, False), ([bar(40, 60, Colour(0, 0, 0, 0.9))], BLACK, True),
    ([bar(40, 60, Colour(0, 0, 0, 0.02))], BLACK, False), ([bar(10, 20, BLACK)], BLACK, False),
    ([rule(48, BLACK)], BLACK, True), ([rule(45.4, BLACK)], BLACK, False), ([rule(52, BLACK)], BLACK, False),
])
def test_what_a_page_draws_itself_lies_under_its_text(paths: list[Outline], fill: Colour, faint: bool) -> None:
    document, page = sheet(paths, fill)
    assert [one.code for one in unreadable(document, page)] == [ComposeErrorCode.FAINT] * faint


def test_artwork_of_one_name_and_another_content_is_another_ground() -> None:
    document, page = sheet((), BLACK)
    for digest, colour, faint in (("a1", PALE, False), ("b2", BLACK, True), ("a1", PALE, False)):
        artwork = Artwork(name="ground", digest=f"legible-{digest}", width_mm=210, height_mm=297,
                          paths=(bar(0, 297, colour),))
        own = replace(page, artwork="ground")
        assert bool([*unreadable(replace(document, artworks={"ground": artwork}), own)]) == faint


@pytest.mark.parametrize(("size", "small"), [(3.175, False), (3.17, True), (0.01, True)])
def test_a_value_smaller_than_nine_points_is_too_small_on_a_page(size: float, small: bool) -> None:
    document, page = sheet((), BLACK, size_mm=size)
    assert [one.code for one in unreadable(document, page)] == [ComposeErrorCode.TOO_SMALL] * small


def test_the_ratio_is_the_same_whichever_comes_first() -> None:
    assert contrast((10, 20, 30), (200, 210, 220)) == contrast((200, 210, 220), (10, 20, 30)) > LEAST


VALUE = 'name="value" face="kai" size="5.8" least="3.175" colour="#111111"'


@pytest.mark.req("R-003-04")
@pytest.mark.parametrize(("changed", "checked", "issued"), [
    (VALUE.replace("#111111", "#8fa3b5"), "design.contrast", "compose.too-faint"),
    (VALUE.replace("#111111", "#ffffff"), "design.contrast", "compose.too-faint"),
    (VALUE.replace('size="5.8" least="3.175"', 'size="2.5"'), "design.too-small", "compose.too-small"),
])
def test_what_the_check_finds_unreadable_is_not_issued_and_can_be_issued_once_mended(
        tmp_path: Path, changed: str, checked: str, issued: str) -> None:
    new_kind(CODE, name="试读许可证", out=tmp_path / "kinds")
    kind = tmp_path / "kinds" / CODE
    pages = kind / "pages.xml"
    right = pages.read_text(encoding="utf-8")
    assert VALUE in right
    pages.write_text(right.replace(VALUE, changed), encoding="utf-8")
    findings = [one for one in run("check", open_folder(kind)).findings if one.code == checked]
    layouts.add_folder(kind.parent)
    home = make_home(tmp_path / "home", kinds=(CODE,))
    record = json.loads((kind / "samples/example-1.json").read_bytes()) | {
        "发证机关": CITY[1], "发证机关代码": CITY[0]}
    with pytest.raises(ComposeError) as caught:
        docgen.issue(record, home=home, out=tmp_path / "out")
    error = caught.value
    assert error.code.value == issued and error.facts["file"] == f"{CODE}/pages.xml"
    assert (error.facts["label"], int(error.facts["line"])) in [(one.field, one.line) for one in findings]
    assert record["企业名称"] not in error.zh + error.en, "the field is named, what it holds is not"
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())
    pages.write_text(right, encoding="utf-8")
    layouts.folders.forget()
    assert not docgen.issue(record, home=home, out=tmp_path / "out").repeated

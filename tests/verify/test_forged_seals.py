"""Pictures of seals in the hands of a dishonest clerk: another picture, another place, another size."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from PIL import Image, ImageDraw

from docgen.page import Document, Place, Stamp
from tests.support.demo_home import PROVINCE, shared_home
from tests.verify.clerk import issue
from tests.verify.packages import Forger, check, codes, entries, issued
from verify.model import Verdict


def opaque() -> bytes:
    """A picture that says something: dark signs on white, one pixel a little clear."""
    picture = Image.new("RGBA", (500, 500), (255, 255, 255, 255))
    ImageDraw.Draw(picture).rectangle((20, 60, 300, 110), fill=(17, 17, 17, 255))
    picture.putpixel((0, 0), (255, 255, 255, 254))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def over_the_validity(document: Document) -> Document:
    """The seal of the first page on the line of the validity."""
    run = next(each for each in document.pages[0].items if getattr(each, "tag", None) == "有效期截止日期")
    place = Place(x_mm=run.xs_mm[0] - 5, y_mm=run.y_mm - 20, width_mm=42, height_mm=42)
    return replace(document, pages=(replace(document.pages[0], seals=(Stamp(place=place),)), *document.pages[1:]))


@pytest.mark.req("R-003-31")
def test_the_pdf_shows_the_picture_of_the_e_seal() -> None:
    other = shared_home().authority(*PROVINCE).seal.imprint
    for picture in (other, opaque()):
        report = check(issue(seal_png=picture).ofd)
        assert report.verdict is Verdict.INVALID and "rendition.page" in codes(report)


def test_one_level_of_one_pixel_is_a_difference() -> None:
    seal = Image.open(io.BytesIO(shared_home().authority("11140100MB9TEX0180", "测试市应急管理局").seal.imprint))
    for channel in (0, 3):
        changed = seal.convert("RGBA")
        at = next((x, y) for y in range(changed.height) for x in range(changed.width)
                  if changed.getpixel((x, y))[3] > 100)
        pixel = list(changed.getpixel(at))
        pixel[channel] ^= 1
        changed.putpixel(at, tuple(pixel))
        file = io.BytesIO()
        changed.save(file, "PNG")
        assert "rendition.page" in codes(check(issue(seal_png=file.getvalue()).ofd))


@pytest.mark.req("R-003-31")
@pytest.mark.parametrize("picture", [None, opaque()])
def test_a_seal_over_another_value_is_refused_in_both_formats(picture: bytes | None) -> None:
    forged = issue(over_the_validity, seal_png=picture)
    for data in (forged.ofd, forged.pdf):
        report = check(data)
        assert report.verdict is Verdict.INVALID and "page.under-seal" in codes(report)


def test_a_pdf_alone_says_that_its_seal_is_not_proven() -> None:
    report = check(issued().pdf)
    assert report.verdict is Verdict.VALID and "pdf.seal-unproven" in codes(report)


@pytest.mark.parametrize("box", ["0.01 0.01", "42 41", "60 60"])
def test_a_stamp_has_the_size_of_its_seal(box: str) -> None:
    def edit(data: bytes) -> bytes:
        return re.sub(rb'(Boundary="[\d.]+ [\d.]+) [\d.]+ [\d.]+"', rb'\1 ' + box.encode() + b'"', data)
    report = check(Forger(edit=edit).apply(entries()))
    assert report.verdict is Verdict.INVALID and codes(report) & {"page.seal-picture", "page.under-seal"}

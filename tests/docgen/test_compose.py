"""Laid-out pages: order, completeness, places; for the worked examples and for records made at random."""

from __future__ import annotations

import io
import itertools
import random
import runpy
import subprocess
import zlib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from PIL import Image as Picture

import fonts
from docgen.compose import ComposeError, ComposeErrorCode, compose
from docgen.licence import Licence
from docgen.measure import CLOSING, OPENING, TypesetError
from docgen.page import Document, GlyphRun, Image, Page, Place
from docgen.pdf import write_pdf
from docgen.record import read_record, validate
from layouts import Groups, face_lines, part_text, scope_summary, scope_text
from tests.docgen.pdf_sample import META, PLAN
from tests.docgen.records import as_json, record

LEAST_MM = 3.175          # 9 pt
SEALS_MM = (42.0, 45.0, 50.0)


def licence(example: int = 1, **changes: Any) -> Licence:
    return validate(read_record(as_json(record(90000 + example, example=example, **changes))),
                    lookup_hosts=("lookup.example.invalid",),
                    drawable=lambda text: fonts.drawable(text, "kai"))


def changed(base: Licence, *, scope: Groups | None = None, **values: Any) -> Licence:
    """A licence with other values, past the checks of a record."""
    groups = base.scope if scope is None else scope
    return replace(base, scope=groups, values={**base.values, **values, "许可范围": scope_text(groups)})


def qr_text(of: Licence, size: int = 230) -> str:
    digits = int.from_bytes(b"\x01" + random.Random(7).randbytes(size - 1), "big")  # noqa: S311 - test data
    return f"{of.qr_address}#{digits}"


def composed(of: Licence, seal_size_mm: float = 42.0) -> Document:
    return compose(of, qr_text(of), seal_size_mm=seal_size_mm)


@cache
def example(number: int) -> Document:
    return composed(licence(number))


def glyph_runs(page: Page) -> list[GlyphRun]:
    return [item for item in page.items if isinstance(item, GlyphRun)]


def printed_lines(page: Page, count: int) -> list[tuple[str, str]]:
    """(label, value) of each line as drawn; the label is what carries no tag and comes before the value."""
    out = []
    for number in range(count):
        runs = [run for run in glyph_runs(page) if run.line == number]
        tagged = any(run.tag for run in runs)
        first = next((index for index, run in enumerate(runs) if run.tag), len(runs))
        label = "".join(run.text for run in runs[:first])
        value = "".join(run.text for run in runs[first:])
        out.append((label, value) if tagged or not label.startswith(("（", "(")) else ("", label))
    return out


def value_of(document: Document, role: str, tag: str) -> str:
    """The whole value of a field on the pages of a role."""
    return "".join(run.text for page in document.pages if page.role == role
                   for run in glyph_runs(page) if run.tag == tag)


def box(run: GlyphRun) -> Place:
    return Place(x_mm=run.xs_mm[0], y_mm=run.y_mm - 0.82 * run.size_mm, width_mm=run.width_mm,
                 height_mm=0.94 * run.size_mm)


def meet(one: Place, other: Place, slack: float = 0.01) -> bool:
    return (one.x_mm < other.x_mm + other.width_mm - slack and other.x_mm < one.x_mm + one.width_mm - slack
            and one.y_mm < other.y_mm + other.height_mm - slack
            and other.y_mm < one.y_mm + one.height_mm - slack)


@pytest.mark.req("R-000-15")
@pytest.mark.parametrize("number", [1, 2])
def test_every_page_prints_the_lines_of_its_face_in_order(number: int) -> None:
    of = licence(number)
    summary = scope_summary(of.scope)
    for page in example(number).pages:
        face = of.kind.face(page.role)
        order = [run.line for run in glyph_runs(page) if run.line is not None]
        assert order == sorted(order)
        expected = list(face_lines(of.kind, page.role, of.values))
        drawn = printed_lines(page, len(face.lines))
        for (label, value), (wanted_label, wanted) in zip(drawn, expected, strict=True):
            assert label == wanted_label
            if label == "许可范围":
                assert value in wanted or (face.summary and value == summary)
            else:
                assert value == wanted


@pytest.mark.req("R-000-16")
def test_dates_are_printed_zero_padded() -> None:
    document = example(1)
    for role in ("正本", "副本"):
        assert value_of(document, role, "发证日期") == "2025年08月01日"
        page = next(page for page in document.pages if page.role == role)
        line = next(run.line for run in glyph_runs(page) if run.tag == "有效期起始日期")
        text = "".join(run.text for run in glyph_runs(page) if run.line == line)
        assert text == "有效期限2025年08月01日 至 2028年07月31日"


@pytest.mark.req("R-000-17")
def test_the_extension_is_printed_when_there_is_one_and_its_label_stands_alone_when_not() -> None:
    for role in ("正本", "副本"):
        assert value_of(example(2), role, "有效期延续至") == "2031年08月04日"
        assert value_of(example(1), role, "有效期延续至") == ""
        page = next(page for page in example(1).pages if page.role == role)
        assert "有效期延续至" in [run.text for run in glyph_runs(page)]


@pytest.mark.req("R-000-18", "R-000-19")
def test_a_scope_that_fits_stands_whole_on_every_page() -> None:
    of = licence(1)
    assert {value_of(example(1), role, "许可范围") for role in ("正本", "副本", "附页")} == {of.scope_text}


@pytest.mark.req("R-000-18")
def test_a_long_scope_is_summed_up_and_stands_whole_on_the_attached_pages() -> None:
    of = licence(2)
    document = example(2)
    assert len(of.scope_text or "") == 1877
    assert value_of(document, "附页", "许可范围") == of.scope_text
    for role in ("正本", "副本"):
        assert value_of(document, role, "许可范围") == scope_summary(of.scope)
        assert "详见附页" in value_of(document, role, "许可范围")
    folios = [run.text for page in document.pages for run in glyph_runs(page) if run.line is None]
    attached = sum(page.role == "附页" for page in document.pages)
    assert folios == [f"{number}/{attached}" for number in range(1, attached + 1)]


@pytest.mark.req("R-000-18")
@pytest.mark.parametrize(("count", "original_whole", "copy_whole"), [
    (1, True, True), (10, True, True), (25, True, True), (45, False, False), (400, False, False),
])
def test_a_scope_is_whole_while_it_fits_and_never_smaller_than_nine_points(
        count: int, original_whole: bool, copy_whole: bool) -> None:
    groups = (("无储存经营", tuple(f"测试化学品{number}号" for number in range(count))),)
    document = composed(changed(licence(1), scope=groups))
    whole, summary = scope_text(groups), scope_summary(groups)
    assert value_of(document, "附页", "许可范围") == whole
    assert value_of(document, "正本", "许可范围") == (whole if original_whole else summary)
    assert value_of(document, "副本", "许可范围") == (whole if copy_whole else summary)
    assert all(run.size_mm >= LEAST_MM for page in document.pages for run in glyph_runs(page))
    for page in document.pages:
        sizes = {run.tag: run.size_mm for run in glyph_runs(page) if run.tag}
        assert sizes["企业名称"] >= 3.704, "no other value gives way below 10.5 pt for the scope"


@pytest.mark.req("R-000-21")
def test_the_maker_is_the_last_line_of_every_page() -> None:
    for page in (*example(1).pages, *example(2).pages):
        lines = [run for run in glyph_runs(page) if run.line is not None]
        assert lines[-1].text == "中华人民共和国应急管理部监制"
        assert lines[-1].y_mm == max(run.y_mm for run in lines)


@pytest.mark.req("R-000-20")
def test_the_qr_code_stands_top_right_on_every_page_and_is_large_enough() -> None:
    for page in (*example(1).pages, *example(2).pages):
        (image,) = [item for item in page.items if isinstance(item, Image)]
        assert image.role == "qr"
        assert image.x_mm > page.width_mm / 2 and image.y_mm + image.height_mm < page.height_mm / 2
        picture = Picture.open(io.BytesIO(example(1).images[image.name]))
        assert image.width_mm * (picture.width - 64) / picture.width >= 32      # without the quiet zone


@pytest.mark.req("R-000-20")
@pytest.mark.judge
@pytest.mark.parametrize("number", [1, 2])
def test_the_qr_code_is_read_from_a_page_at_150_dpi(number: int, poppler: None, tmp_path: Path) -> None:
    of = licence(number)
    path = tmp_path / "pages.pdf"
    path.write_bytes(write_pdf(example(number), meta=META, seal_png=None, signature=PLAN).data)
    subprocess.run(["pdftoppm", "-r", "150", "-png", str(path), str(tmp_path / "page")], check=True)
    pictures = sorted(tmp_path.glob("page*.png"))
    assert len(pictures) == len(example(number).pages)
    for picture in pictures:
        codes = zxingcpp.read_barcodes(Picture.open(picture), formats=zxingcpp.BarcodeFormat.QRCode)
        assert [found.text for found in codes] == [qr_text(of)]


def assert_sound(document: Document, of: Licence) -> None:
    """Whatever the record says: nothing lost, nothing cut, nothing over anything else."""
    for page in document.pages:
        face = of.kind.face(page.role)
        runs = glyph_runs(page)
        qr = next(item for item in page.items if isinstance(item, Image))
        square = Place(x_mm=qr.x_mm, y_mm=qr.y_mm, width_mm=qr.width_mm, height_mm=qr.height_mm)
        for run in runs:
            assert run.xs_mm[0] > 21 and run.xs_mm[0] + run.width_mm < page.width_mm - 21
            assert box(run).y_mm > 21 and run.y_mm < page.height_mm - 21
            assert not meet(box(run), square)
            assert run.size_mm >= LEAST_MM
        for one, other in itertools.combinations(runs, 2):
            assert not meet(box(one), box(other)), f"{one.text} over {other.text} on {page.role}"
        for line in face.lines:
            for part in line.parts:
                if part.field is None or part.field == "许可范围":
                    continue
                wanted = part_text(of.kind, part, of.values)
                assert "".join(run.text for run in runs if run.tag == part.field) == wanted
        for seal in (stamp.place for stamp in page.seals):
            assert not meet(seal, square)
            for run in runs:
                if run.tag and run.tag not in ("发证机关", "发证日期"):
                    assert not meet(box(run), seal), f"{run.text} under the seal on {page.role}"
    assert value_of(document, "附页", "许可范围") == of.scope_text
    for role in ("正本", "副本"):
        assert value_of(document, role, "许可范围") in (of.scope_text, scope_summary(of.scope))


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("seal_size_mm", SEALS_MM)
def test_nothing_lies_over_anything_else(number: int, seal_size_mm: float) -> None:
    of = licence(number)
    assert_sound(composed(of, seal_size_mm), of)


AUTHORITIES = (
    "测试市应急管理局", "测试省测试市高新技术产业开发区应急管理局",
    "测试省测试市高新技术产业开发区测试市高新技术产业开发区测试市高新技术产业开发区管理局",
)


@pytest.mark.parametrize("authority", AUTHORITIES)
@pytest.mark.parametrize("seal_size_mm", SEALS_MM)
def test_the_seal_rides_on_the_date_and_hides_neither_it_nor_the_authority(authority: str, seal_size_mm: float) -> None:
    for page in composed(changed(licence(2), 发证机关=authority), seal_size_mm).pages:
        seal = page.seals[0].place
        assert seal.y_mm + seal.height_mm < page.height_mm - 21 - 2, "the seal keeps off the border"
        assert seal.x_mm > 21 + 2 and seal.x_mm + seal.width_mm < page.width_mm - 21 - 2
        if page.role == "附页":
            assert seal.y_mm + seal.height_mm > 0.8 * page.height_mm
            continue
        middle_x, middle_y = seal.x_mm + seal.width_mm / 2, seal.y_mm + seal.height_mm / 2
        (date,) = [box(run) for run in glyph_runs(page) if run.tag == "发证日期"]
        assert date.x_mm < middle_x < date.x_mm + date.width_mm
        assert date.y_mm > middle_y + 0.3 * seal_size_mm, "below the star and the ends of the name around it"
        assert date.y_mm + date.height_mm < seal.y_mm + seal.height_mm - 0.02 * seal_size_mm
        assert not any(meet(box(run), seal) for run in glyph_runs(page) if run.tag == "发证机关")


def test_labels_values_and_qr_code_keep_to_two_edges() -> None:
    left, right = 32.0, 265.0
    for page in example(2).pages:
        runs = glyph_runs(page)
        assert min(run.xs_mm[0] for run in runs) == pytest.approx(left, abs=0.5)
        assert max(run.xs_mm[0] + run.width_mm for run in runs) <= right + 0.01
        (image,) = [item for item in page.items if isinstance(item, Image)]
        picture = Picture.open(io.BytesIO(example(2).images[image.name]))
        quiet = image.width_mm * 32 / picture.width
        assert image.x_mm + image.width_mm - quiet == pytest.approx(right, abs=0.3)
        assert page.role != "附页" or page.seals[0].place.x_mm + page.seals[0].place.width_mm == right


@pytest.mark.parametrize("seal_size_mm", SEALS_MM)
def test_attached_pages_use_their_width_and_break_between_items(seal_size_mm: float) -> None:
    of = licence(2)
    pages = [page for page in composed(of, seal_size_mm).pages if page.role == "附页"]
    items = {item for _, group in of.scope for item in group}
    for page in pages:
        lines = by_baseline(page, "许可范围")
        text = "".join(run.text for line in lines for run in line)
        assert text.endswith(("、", "；"))
        assert text[:-1].rpartition("、")[2] in items or text.endswith("；")
        seal = page.seals[0].place
        for line in lines[:-1]:
            end = line[-1].xs_mm[0] + line[-1].width_mm
            foot = box(line[0]).y_mm + box(line[0]).height_mm
            assert end < seal.x_mm or foot < seal.y_mm
            assert end > 240 or foot > seal.y_mm - 4 or line[-1].text.endswith("；")


def test_codes_and_numbers_are_set_in_song() -> None:
    for page in example(2).pages:
        assert {run.face for run in glyph_runs(page) if run.tag in ("统一社会信用代码", "许可证编号")} == {"song"}


HAN = "测试危险化学品经营许可证无储存苯酸乙烷氯醇溶液含量仅限原料用途有限公司省市区路号㛃䶮𠮷"
name = st.text(alphabet=HAN + "（）ABC0123 ", min_size=1, max_size=80).map(lambda text: "甲" + text.strip())
item = st.text(alphabet=HAN + "0123456789", min_size=1, max_size=24)
items = st.lists(st.one_of(item, item.map(lambda text: f"{text}（甲苯10%，{text[:6]}）"),
                           st.sampled_from(["1,2-二甲苯", "N,N-二甲基甲酰胺", "氨溶液[含氨＞10%]"])),
                 min_size=1, max_size=90)
MODES = ("无储存经营", "有储存经营（不构成重大危险源）")


@seed(20250801)
@settings(max_examples=60, deadline=None)
@given(holder=name, address=st.text(alphabet=HAN + "，；（）1Z", min_size=1, max_size=200), person=item,
       authority=st.text(alphabet=HAN, min_size=4, max_size=60), extended=st.booleans(),
       scope=st.lists(items, min_size=1, max_size=2), size=st.sampled_from(SEALS_MM))
def test_any_record_is_laid_out_whole_and_without_overlap(
        holder: str, address: str, person: str, authority: str, extended: bool, scope: list[list[str]],
        size: float) -> None:
    groups = tuple(zip(MODES, map(tuple, scope), strict=False))
    of = changed(
        licence(1), scope=groups, 企业名称=holder[:80], 企业住所=address, 企业法定代表人=person,
        发证机关=authority, 经营方式=tuple(mode for mode, _ in groups),
        有效期延续至="2031-07-31" if extended else None)
    document = composed(of, size)
    assert_sound(document, of)
    for page in document.pages:
        for line_runs in by_baseline(page, "许可范围"):
            text = "".join(run.text for run in line_runs)
            assert text[0] not in CLOSING and text.rstrip()[-1] not in OPENING


def by_baseline(page: Page, tag: str) -> list[list[GlyphRun]]:
    runs = [run for run in glyph_runs(page) if run.tag == tag]
    return [list(group) for _, group in itertools.groupby(runs, key=lambda run: run.y_mm)]


@pytest.mark.req("R-000-18")
@pytest.mark.parametrize("field", ["企业名称", "企业住所", "发证机关", "企业法定代表人"])
def test_what_fits_nowhere_is_refused_and_never_cut(field: str) -> None:
    with pytest.raises(ComposeError) as caught:
        base = licence(1)
        composed(replace(base, values={**base.values, field: "测试" * 2000}))
    assert caught.value.code is ComposeErrorCode.OVERFLOW


def test_a_seal_too_large_for_its_place_is_refused() -> None:
    with pytest.raises(ComposeError) as caught:
        composed(licence(1), 120.0)
    assert caught.value.code in (ComposeErrorCode.SEAL_PLACE, ComposeErrorCode.OVERLAP)


def test_a_character_that_no_font_draws_is_refused() -> None:
    with pytest.raises(TypesetError):
        composed(changed(licence(1), 企业名称="测试\U00013000"))


def test_the_same_licence_gives_the_same_pages() -> None:
    assert composed(licence(2)) == composed(licence(2))


def test_artwork_is_read_once_and_small_when_deflated() -> None:
    first, second = example(1), composed(licence(2))
    assert set(first.artworks) == set(second.artworks)
    assert all(first.artworks[key] is second.artworks[key] for key in first.artworks)
    size = 0
    for artwork in first.artworks.values():
        words = [f"{segment.op} {' '.join(f'{value:g}' for value in segment.args)}"
                 for path in artwork.paths for segment in path.segments]
        size += len(zlib.compress(" ".join(words).encode()))
    assert size < 60_000


def luminance(red: int, green: int, blue: int) -> float:
    """Relative luminance (WCAG 2.1)."""
    channels = [value / 255 for value in (red, green, blue)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_keeps_its_contrast_over_the_ground() -> None:
    """What lies behind values is so pale that every text over it keeps a contrast of 7:1 (WCAG AAA)."""
    for page in example(2).pages:
        runs = glyph_runs(page)
        artwork = example(2).artworks[page.artwork or ""]
        inks = {(run.fill.r, run.fill.g, run.fill.b) for run in runs}
        for path in artwork.paths:
            colour = path.stroke or path.fill
            assert colour is not None
            corners = [segment.args[-2:] for segment in path.segments if segment.args]
            under = any(meet(box(run), Place(x_mm=x - 0.1, y_mm=y - 0.1, width_mm=0.2, height_mm=0.2))
                        for run in runs for x, y in corners)
            for ink in inks if under else ():
                contrast = (luminance(colour.r, colour.g, colour.b) + 0.05) / (luminance(*ink) + 0.05)
                assert contrast >= 7


def test_the_committed_artwork_is_what_the_engraver_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    import layouts

    folder = Path(layouts.__file__).parent / "K0" / "art"
    written: dict[str, str] = {}
    monkeypatch.setattr(Path, "write_text", lambda self, text, **_: written.update({self.name: text}))
    runpy.run_path(str(folder / "engrave.py"), run_name="__main__")
    assert written == {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.svg")}

"""Text and tables that run over pages: nothing lost, nothing over anything else, heads on each page."""

from __future__ import annotations

import itertools
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docgen.compose import ComposeError, ComposeErrorCode, compose
from docgen.licence import Licence
from docgen.page import Document, GlyphRun, Image, Page
from layouts import cells, heads
from tests.docgen.test_compose import box, meet
from tests.support.running_kind import PARAGRAPH, letter, licence, photo, rows

TOP_MM, BOTTOM_MM = (102, 36), 262
TABLE = 7                                   # the table's line in the face


def composed(of: Licence, size_mm: float = 42.0) -> Document:
    return compose(of, "", seal_size_mm=size_mm)


def runs_of(page: Page, line: int | None = None) -> list[GlyphRun]:
    return [item for item in page.items if isinstance(item, GlyphRun) and (line is None or item.line == line)]


def printed(document: Document, tag: str) -> str:
    return "".join(run.text for page in document.pages for run in runs_of(page) if run.tag == tag)


def assert_sound(document: Document, of: Licence) -> None:
    """Every character once, in its order; no ink over other ink; all of it inside the box; heads on every page."""
    field = of.kind.field("材料")
    for tag, text in cells(field, of.values["材料"]):
        assert printed(document, tag) == text
    for label in ("事由", "救济"):
        value = of.values[label]
        assert isinstance(value, str) and printed(document, label) == value.replace("\n", "")
    over = "".join(heads(of.kind, of.kind.faces[0].lines[TABLE]))
    for number, page in enumerate(document.pages):
        runs = runs_of(page)
        for one, other in itertools.combinations(runs, 2):
            assert not meet(box(one), box(other)), f"{one.text} over {other.text}"
        flowing = [run for run in runs if run.line is not None and run.line >= 3]
        assert min(box(run).y_mm for run in flowing) >= TOP_MM[min(number, 1)] - 0.01
        assert max(run.y_mm for run in flowing) <= BOTTOM_MM + 0.01
        table = runs_of(page, TABLE)
        if table:
            fixed = "".join(run.text for run in table if run.tag is None)
            assert fixed == over and table[0].tag is None, "a table begins with its heads on each page"
            assert any(run.tag for run in table), "heads stand over a row"


TEXT = st.text(alphabet="测试危险化学品经营许可证（）《》，。、；：“”…—ABCabc0123456789 -≥%", min_size=1, max_size=240)
PARAGRAPHS = st.lists(TEXT.map(lambda text: f"甲{text.strip()}。"), min_size=1, max_size=14)
ROW = st.tuples(st.text(alphabet="安全评价报告及附件（）ABC 0123，。", max_size=120),
                st.sampled_from(["", "1份", "若干"]))


@settings(max_examples=40, deadline=None)
@given(paragraphs=PARAGRAPHS, table=st.lists(ROW, max_size=40), note=st.booleans())
def test_whatever_runs_over_pages_is_whole_and_legible(
        paragraphs: list[str], table: list[tuple[str, str]], note: bool) -> None:
    material = [{"序号": str(number), "名称": f"甲{text.strip()}乙", **({"数量": count} if count else {})}
                for number, (text, count) in enumerate(table, 1)] or None
    of = licence(letter(事由="\n".join(paragraphs), 材料=material, 附注="一式两份。" if note else None))
    assert_sound(composed(of), of)


@pytest.mark.parametrize("characters", [1500, 2600, 3999])
def test_a_row_taller_than_a_page_is_parted_and_whole(characters: int) -> None:
    text = ("安全评价报告及附件、" * 500)[:characters]
    table = [*rows(3), {"序号": "4", "名称": text, "数量": "1份"}, *rows(2)]
    of = licence(letter(材料=[{**row, "序号": str(number)} for number, row in enumerate(table, 1)]))
    document = composed(of)
    assert_sound(document, of)
    assert sum(any(run.tag == "材料[4].名称" for run in runs_of(page)) for page in document.pages) > 1


def test_no_paragraph_leaves_a_single_line_on_a_page() -> None:
    for count in range(1, 12):
        of = licence(letter(事由="\n".join([PARAGRAPH] * count), 材料=None))
        ends = [{run.y_mm for run in runs_of(page) if run.tag == "事由"} for page in composed(of).pages]
        assert all(len(lines) != 1 for lines in ends)


@pytest.mark.parametrize("before", range(1, 12))
def test_no_table_leaves_a_single_row_on_a_page(before: int) -> None:
    pages = composed(licence(letter(事由="\n".join([PARAGRAPH] * before), 材料=rows(6)))).pages
    standing = [{run.tag.split(".")[0] for run in runs_of(page, TABLE) if run.tag} for page in pages]
    assert sum(map(len, standing)) == 6
    assert all(len(here) != 1 for here in standing)


@pytest.mark.parametrize("count", range(0, 36, 5))
def test_authority_and_date_never_stand_alone(count: int) -> None:
    last = composed(licence(letter(材料=rows(count) or None))).pages[-1]
    assert {"救济", "发文机关", "成文日期"} <= {run.tag for run in runs_of(last)}


@pytest.mark.parametrize("size_mm", [38.0, 42.0, 45.0])
def test_the_seal_stands_on_the_last_page_and_a_slice_of_it_on_each(size_mm: float) -> None:
    document = composed(licence(letter()), size_mm)
    count = len(document.pages)
    assert count > 2
    shown: dict[float, float] = defaultdict(float)
    for number, page in enumerate(document.pages):
        whole = [stamp for stamp in page.seals if stamp.clip is None]
        (cut,) = [stamp for stamp in page.seals if stamp.clip is not None]
        assert len(whole) == (number == count - 1)
        assert cut.clip is not None and cut.visible.x_mm + cut.visible.width_mm == pytest.approx(page.width_mm)
        assert cut.clip.x_mm == pytest.approx(sum(shown.values()), abs=0.002)
        shown[number] = cut.clip.width_mm
        assert not any(meet(box(run), cut.visible) for run in runs_of(page))
    assert sum(shown.values()) == pytest.approx(size_mm)


def test_a_letter_of_one_page_has_no_slice_and_its_seal_on_the_date() -> None:
    (page,) = composed(licence(letter(事由="不符合条件。", 材料=None, 附注=None))).pages
    (stamp,) = page.seals
    date = next(run for run in runs_of(page) if run.tag == "成文日期")
    assert stamp.clip is None and meet(box(date), stamp.place)


def test_a_photo_keeps_its_proportions_inside_its_box() -> None:
    pages = composed(licence(letter())).pages
    (image,) = [item for item in pages[0].items if isinstance(item, Image)]
    assert (image.role, image.tag) == ("photo", "照片")
    assert image.width_mm / image.height_mm == pytest.approx(150 / 200, rel=0.001)
    assert image.x_mm >= 150 and image.x_mm + image.width_mm <= 175 and image.height_mm <= 33
    assert not any(isinstance(item, Image) for page in pages[1:] for item in page.items)
    assert composed(licence(letter())).images["photo-照片"] == photo()


def test_running_text_under_the_seal_is_refused() -> None:
    with pytest.raises(ComposeError) as caught:
        composed(licence(letter(附注="本文书一式两份。" * 6)), 70.0)
    assert caught.value.code in (ComposeErrorCode.OVERLAP, ComposeErrorCode.SEAL_PLACE)


def test_a_conditional_line_stands_only_where_its_field_has_a_value() -> None:
    document = composed(licence(letter(附注=None, 材料=None)))
    words = "".join(run.text for page in document.pages for run in runs_of(page))
    assert "附注" not in words and "申请材料及核查情况" not in words


@pytest.mark.parametrize("count", [2, 12, 60, 150])
def test_a_table_shrinks_no_further_than_its_floor_and_goes_on_over_pages(count: int) -> None:
    of = licence(letter(材料=rows(count)))
    document = composed(of)
    assert_sound(document, of)
    sizes = {run.size_mm for page in document.pages for run in runs_of(page, TABLE) if run.tag}
    assert len(sizes) == 1 and 3.5 <= min(sizes) <= 4.2


@pytest.mark.parametrize("before", [0, 3])
@pytest.mark.parametrize("characters", [900, 1500, 1580, 1700, 3999])
def test_a_tall_row_right_below_its_heading_goes_to_the_next_page(before: int, characters: int) -> None:
    tall = {"序号": "1", "名称": ("安全评价报告及附件、" * 500)[:characters], "数量": "1份"}
    of = licence(letter(事由="\n".join(["不符合条件。"] * (1 + before)), 材料=[tall, *rows(1)]))
    document = composed(of)
    assert_sound(document, of)
    for page in document.pages:
        tags = [run.tag for run in runs_of(page, TABLE) if run.tag]
        for tag in set(tags):
            first = tags.index(tag)
            assert tags[first:first + tags.count(tag)] == [tag] * tags.count(tag), "one part of a row on each page"

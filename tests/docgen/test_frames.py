"""Running texts with a frame: cells of labels and values, one under the other, over pages too."""

from __future__ import annotations

import itertools
import json

from docgen.compose import compose
from docgen.page import Document, GlyphRun, Page, Path
from docgen.record import validate
from layouts import load_kind, resource

LABELS = ("项目名称", "项目性质", "建设单位", "统一社会信用代码", "建设地点", "立项文件", "建设内容", "安全评价机构",
          "安全评价报告")
PAD_MM = 1.5
Box = tuple[float, float, float, float]     # left, top, right, bottom


def drawn() -> Document:
    """An opinion whose table of the project goes on on the second page, in the middle of a cell."""
    record = json.loads(resource("K5a", "samples/example-2.json"))
    record["建设内容"] += "，并配套建设公用工程和辅助设施" * 6
    return compose(validate(record, load_kind("K5a"), lookup_hosts=(), drawable=lambda _: set()), "", seal_size_mm=42)


def cells(page: Page) -> list[tuple[Box, float]]:
    """The frames of a page: the box, and where the line between label and value stands."""
    found: list[tuple[Box, float]] = []
    for item in page.items:
        if isinstance(item, Path) and item.fill is None and len(item.segments) == 7:
            (left, top), (right, bottom) = item.segments[0].args, item.segments[2].args
            found.append(((left, top, right, bottom), item.segments[5].args[0]))
    return sorted(found, key=lambda cell: cell[0][1])


def inside(run: GlyphRun, box: Box) -> bool:
    return box[1] < run.y_mm - 0.8 * run.size_mm and run.y_mm + 0.1 * run.size_mm < box[3]


def test_each_label_and_each_value_has_its_cell() -> None:
    kind = load_kind("K5a")
    lines = kind.face("意见书").lines
    seen = set()
    for page in drawn().pages:
        for run in (item for item in page.items if isinstance(item, GlyphRun) and item.line is not None):
            label = lines[run.line or 0].label
            if label not in LABELS:
                continue
            (box, middle), = [cell for cell in cells(page) if inside(run, cell[0])]
            left, right = (box[0], middle) if run.tag is None else (middle, box[2])
            assert left + PAD_MM - 0.7 * run.size_mm <= run.xs_mm[0]
            assert run.xs_mm[0] + run.width_mm <= right - PAD_MM + 0.6 * run.size_mm
            seen.add((label, run.tag is None))
    assert seen >= {(label, is_label) for label in LABELS for is_label in (True, False)}


def test_cells_adjoin_and_a_cell_that_a_page_cuts_is_closed_on_both_pages() -> None:
    first, second = (cells(page) for page in drawn().pages[:2])
    assert len(first) + len(second) == len(LABELS) + 1
    for column in (first, second):
        for (upper, _), (lower, _) in itertools.pairwise(column):
            assert (upper[0], upper[2], upper[3]) == (lower[0], lower[2], lower[1])
    assert {middle for _, middle in first} == {middle for _, middle in second}

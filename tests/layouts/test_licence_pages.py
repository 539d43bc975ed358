"""The measures of the licences on A4 (their heads spaced apart, the date clear of the seal's words) and of the card."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

import layouts
from docgen.compose import compose
from docgen.page import Document, GlyphRun, Page
from docgen.record import validate

LICENCES = ("K0", "K1", "K2", "K3", "K6a", "K6b", "K7")
SEAL_MM = 42
WORDS_FOOT_MM = 13.4        # how far below its middle the line of a seal of 42 mm reaches that stands under the star


def licence(code: str, number: int) -> Document:
    record = json.loads(layouts.resource(code, f"samples/example-{number}.json"))
    return compose(validate(record, lookup_hosts=(), drawable=lambda _: set(), demo=True), "", seal_size_mm=SEAL_MM)


def runs(page: Page) -> list[GlyphRun]:
    return [item for item in page.items if isinstance(item, GlyphRun)]


def ink(run: GlyphRun) -> tuple[float, float]:
    """Top and foot of the Han characters of a run."""
    return run.y_mm - 0.84 * run.size_mm, run.y_mm + 0.08 * run.size_mm


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("code", LICENCES)
def test_the_date_stands_clear_below_the_words_of_the_seal(code: str, number: int) -> None:
    for page in licence(code, number).pages[:2]:
        date = next(run for run in runs(page) if run.tag == "发证日期")
        middle = page.seals[0].place.y_mm + SEAL_MM / 2
        top, foot = date.y_mm - 0.77 * date.size_mm, ink(date)[1]
        assert top - middle > WORDS_FOOT_MM + 1
        assert foot - middle < SEAL_MM / 2 + 0.5            # and still over the edge of the seal


@pytest.mark.parametrize("code", [code for code in LICENCES if code != "K0"])
def test_title_name_of_the_copy_number_and_rows_of_an_original_stand_apart(code: str) -> None:
    kind = layouts.load_kind(code)
    page = licence(code, 1).pages[0]
    title, number, holder = (next(run for run in runs(page) if run.tag == kind.roles[role])
                             for role in ("title", "number", "holder_name"))
    name = next(run for run in runs(page) if run.text == "（正本）")
    stack = [ink(run) for run in (title, name, number, holder)]
    gaps = [below[0] - above[1] for above, below in pairwise(stack)]
    assert min(gaps) > 3.5
    assert gaps[2] > 7          # the rule lies between


@pytest.mark.parametrize("number", [1, 2])
def test_the_rows_of_the_card_are_evenly_apart_and_its_values_under_one_another(number: int) -> None:
    front = runs(licence("K8", number).pages[0])
    rows = [next(run for run in front if run.tag == tag) for tag in ("姓名", "性别", "作业类别", "准操项目")]
    steps = [below.y_mm - above.y_mm for above, below in pairwise(rows)]
    assert max(steps) - min(steps) < 0.2
    first = next(run for run in front if run.tag == "初领日期")
    valid = next(run for run in front if run.tag == "有效期起始日期")
    assert first.xs_mm[0] == pytest.approx(valid.xs_mm[0], abs=0.01)

"""Rows of a table that stand on several pages: every true reading is found, no other, and none takes for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.bounds import not_hanging
from verify.face_lines import ExpectedLine, Running


def running(*rows: tuple[str, ...]) -> Running:
    line = ExpectedLine("表", "", ("".join(map("".join, rows)),), False, "run", ("甲", "乙", "丙")[:len(rows[0])], rows)
    return Running([line])


@given(st.lists(st.text(alphabet="一二三", max_size=12), min_size=2, max_size=4), st.data())
def test_a_row_cut_over_pages_at_the_ends_of_runs_is_read_whole(cells: list[str], data: st.DataObject) -> None:
    row = ("甲" + cells[0], *cells[1:])
    state, left = running(row), list(row)
    while any(left):
        parts = [data.draw(st.integers(min(1, len(text)), len(text))) for text in left]
        here = [text[:length] for text, length in zip(left, parts, strict=True)]
        left = [text[length:] for text, length in zip(left, parts, strict=True)]
        joined = "".join(here)
        found = state.row_parts(joined, range(len(joined) + 1))
        assert found is not None and "".join(found) == joined
        if state.table_read:
            break
    assert state.table_read or not any(left)


@pytest.mark.parametrize("here", ["甲乙丁", "乙甲", "丙", "甲甲"])
def test_what_is_no_part_of_the_row_is_refused(here: str) -> None:
    assert running(("甲", "乙", "丙")).row_parts(here, range(len(here) + 1)) is None


def test_a_part_ends_where_a_run_ends() -> None:
    state = running(("甲甲甲甲", "乙乙"))
    assert state.row_parts("甲甲乙", [0, 2, 3]) == ["甲甲", "乙"]
    assert state.row_left == ("甲甲", "乙")
    assert running(("甲甲甲甲", "乙乙")).row_parts("甲甲乙", [0, 1, 3]) is None


def test_a_hostile_row_is_given_up_soon() -> None:
    state = running(*[("一" * 4000,) * 4])
    with not_hanging():
        assert state.row_parts("一" * 3999, range(4000)) is None

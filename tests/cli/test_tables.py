"""Lists for people."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from cli.tables import table
from tests.support.command import caller


def test_columns_stand_below_their_headings_whatever_the_width_of_a_character() -> None:
    told = table(("名称 name", "code"), [("测试县局", "1"), ("office", "2"), ("é́x", "3")])
    assert told.splitlines() == ["名称 name  code", "测试县局   1", "office     2", "é́x         3"]


def test_nothing_in_a_list_steers_the_terminal() -> None:
    told = table(("a", "b"), [("\x1b[31mred\r", "x\ny")])
    assert told.splitlines() == ["a              b", "\\x1b[31mred\\r  x\\ny"]


def test_the_faces_are_listed_below_headings(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:
    code, out, _ = caller(monkeypatch, capfd, "fonts")("show")
    headings, *rows = out.splitlines()
    assert code == 0 and headings.startswith("键 key") and len(rows) >= 3
    column = cell_len(headings.partition("名称")[0])
    assert all(row[column - 1] == " " and row[column] != " " for row in rows)

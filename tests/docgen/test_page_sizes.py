"""How large a page may be: A0 at most; what a kind asks beyond is refused wherever its template is read."""

from __future__ import annotations

import pytest

from docgen.markup import MarkupError
from docgen.page import FARTHEST_MM, LARGEST_SIDE_MM
from docgen.template import Layout, Template
from layouts import load_kind, resource

K0 = load_kind("K0")
SOURCE = resource("K0", "pages.xml").decode("utf-8")
PAGE = '<page role="正本" width="297" height="210"'
LINE = next(number for number, text in enumerate(SOURCE.splitlines(), 1) if PAGE in text)


def filled(width: str, height: str) -> Layout:
    source = SOURCE.replace(PAGE, f'<page role="正本" width="{width}" height="{height}"')
    assert (width, height) == ("297", "210") or source != SOURCE
    template = Template(source.encode("utf-8"), file="K0/pages.xml", kind=K0)
    return template.layout({field.label: "" for field in K0.fields})


def test_a_page_as_large_as_a0_is_laid_out_and_lies_within_what_is_drawn() -> None:
    page = filled("1189", "1189").pages[0]
    assert (page.width_mm, page.height_mm) == (LARGEST_SIDE_MM, LARGEST_SIDE_MM)
    assert LARGEST_SIDE_MM < FARTHEST_MM == pytest.approx(14400 / 72 * 25.4)


@pytest.mark.req("R-003-04")
@pytest.mark.parametrize(("width", "height", "which"), [
    ("1189.1", "210", "width"), ("297", "1189.1", "height"), ("2000", "2000", "width"), ("297", "19.9", "height"),
    ("0.1", "0.1", "width"), ("1" * 100_000, "210", "width"),
])
def test_a_page_that_is_larger_or_smaller_is_refused_in_its_line(width: str, height: str, which: str) -> None:
    with pytest.raises(MarkupError) as caught:
        filled(width, height)
    error = caught.value
    assert (error.code, error.facts["file"], error.facts["line"]) == ("template.value", "K0/pages.xml", str(LINE))
    assert which in error.zh and "20 至 1189 mm" in error.zh and "A0" in error.en

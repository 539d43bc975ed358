"""Whole lines of text and whole paths are read at once: the same is read of them operator by operator."""

from __future__ import annotations

import re

import pytest

from tests.verify import packages
from verify.model import PageView
from verify.pdf_content import MAX_TOKENS
from verify.pdf_file import PdfFile, read_file
from verify.pdf_objects import Dict, Ref
from verify.pdf_pages import PageReader
from verify.pdf_reasons import FindingList, PdfRefusal


class _Rewritten(PageReader):
    """Reads pages whose content was rewritten."""

    def __init__(self, file: PdfFile, pattern: bytes, text: bytes) -> None:
        super().__init__(file, FindingList())
        self._pattern, self._text = re.compile(pattern), text
        self.changes = 0

    def content(self, entries: Dict, where: str) -> bytes:
        made, count = self._pattern.subn(self._text, super().content(entries, where))
        self.changes += count
        return made


def _read(pattern: bytes, text: bytes) -> tuple[tuple[PageView, ...], int, int]:
    """The pages, how many changes were made to them, and how many tokens they cost."""
    file = read_file(packages.entries(packages.issued(1).ofd)[packages.RENDITION])
    catalog = file.get(file.trailer["Root"])
    assert isinstance(catalog, dict)
    reader = _Rewritten(file, pattern, text)
    widget = next(Ref(number, 0) for number, value in file.objects.items()
                  if isinstance(value, dict) and value.get("FT") == "Sig")
    return reader.read(catalog["Pages"], widget), reader.changes, MAX_TOKENS - reader.tokens_left


@pytest.mark.parametrize(("pattern", "text"), [
    (rb"BT /", b"BT %\n/"), (rb" Td ", b" Td\n"), (rb" ET", b"\nET"), (rb" ([ml])(?= )", rb" \1 %\n"),
    (rb" c(?= )", b" c %\n"), (rb" h(?= )", b" %\nh"),
])
def test_operators_that_stand_apart_paint_the_same(pattern: bytes, text: bytes) -> None:
    _read(rb"\Z", b"")                   # from now on the forms are known, which costs less
    plain, _, cost = _read(rb"\Z", b"")
    apart, changes, cost_apart = _read(pattern, text)
    assert changes > 2
    assert apart == plain
    assert cost_apart == pytest.approx(cost, rel=0.05)


@pytest.mark.parametrize(("pattern", "text"), [
    (rb"BT /", b"q BT BT /"), (rb"BT /", b"[ BT /"), (rb"BT /", b"1 BT /"), (rb"BT /F-song ", b"BT /F-none "),
    (rb" Td <00", b" Td <0"), (rb" Tj ET", b" Tj"), (rb"(?<=rg\n)(?=\d)", b"3 4 l 5 6 l "), (rb" m (?=\d)", b" m 1 "),
    (rb"(?<=rg\n)(?=\d)", b"h h "),
])
def test_what_is_wrong_in_a_line_or_path_is_refused(pattern: bytes, text: bytes) -> None:
    with pytest.raises(PdfRefusal):
        _read(pattern, text)


@pytest.mark.parametrize("shown", [(rb"<0001> Tj", rb"[0001] TJ"), (rb"[0001] TJ", rb"<0001> Tj")])
def test_digits_of_a_string_are_no_number_of_an_array(shown: tuple[bytes, bytes]) -> None:
    plain, _, _ = _read(rb"\Z", b"")
    twice = b"".join(rb"BT \1 " + each + b" ET\n" for each in shown)
    changed, _, _ = _read(rb"BT (/\S+ \S+ Tf \S+ \S+ Td) ", twice + rb"BT \1 ")
    assert [len(page.runs) for page in changed] == [2 * len(page.runs) for page in plain]

"""QR code, photo and seal: off the page, too small, over one another or over artwork is found before it is sealed."""

from __future__ import annotations

from pathlib import Path

import pytest

from docgen.design.findings import FindingCode
from docgen.design.qr_inspection import qr_faults
from docgen.page import Colour, Document, Image, Page, Segment
from docgen.page import Path as Outline
from docgen.qr import qr_png
from docgen.template_boxes import SMALLEST_PHOTO_MM, SMALLEST_QR_MM
from tests.design.kinds import CODE, change, check, made, with_photo
from verify import pictures, qr

QR = '<qr x="232" y="26" size="36"/>'
PICTURE = '<picture field="照片" x="232" y="80" width="30" height="40"/>'


@pytest.fixture
def kind(tmp_path: Path) -> Path:
    return with_photo(made(tmp_path), PICTURE)


def test_the_kind_of_these_tests_is_right(kind: Path) -> None:
    assert check(kind).findings == ()


@pytest.mark.req("R-000-19", "R-003-04")
@pytest.mark.parametrize(("old", "new", "code", "why"), [
    (QR, '<qr x="232" y="26" size="10"/>', "template.place", "smaller than a verifier reads"),
    (QR, '<qr x="400" y="26" size="36"/>', "template.place", "beyond the page"),
    (QR, '<qr x="-10" y="26" size="36"/>', "template.place", "over its edge"),
    (QR, '<qr x="232" y="190" size="36"/>', "template.place", "over its lower edge"),
    (QR, '<qr x="228" y="26" size="30"/>', "design.qr-small", "too small for a page"),
    (QR, '<qr x="255" y="3" size="36"/>', "design.qr-over-art", "on the border"),
    (PICTURE, PICTURE.replace('x="232"', 'x="280"'), "template.place", "over the edge"),
    (PICTURE, PICTURE.replace('x="232"', 'x="300"'), "template.place", "beyond the page"),
    (PICTURE, PICTURE.replace('height="40"', 'height="7.9"'), "template.place", "too small to be known by"),
])
def test_a_box_that_cannot_be_seen_or_read_is_found_in_its_line(
    kind: Path, old: str, new: str, code: str, why: str,
) -> None:
    line = change(kind / "pages.xml", old, new)
    found = [(one.code, one.file, one.line) for one in check(kind).findings]
    assert (code, f"{CODE}/pages.xml", line) in found, (why, found)


def test_a_qr_code_over_the_photo_is_found_in_the_line_of_the_later_of_both(kind: Path) -> None:
    change(kind / "pages.xml", QR, QR.replace('x="232" y="26"', 'x="240" y="70"'))
    later = _line(kind, "<picture ")
    assert [(one.code, one.line) for one in check(kind).findings] == [("template.place", later)]


def _line(kind: Path, words: str) -> int:
    lines = (kind / "pages.xml").read_text(encoding="utf-8").splitlines()
    return next(number for number, text in enumerate(lines, 1) if words in text)


@pytest.mark.parametrize(("size", "over", "codes"), [
    (32.0, None, []), (6.0, None, [FindingCode.QR_SMALL, FindingCode.QR_UNREAD]),
    (32.0, (2, 2, 10, 10), [FindingCode.QR_ART, FindingCode.QR_UNREAD]), (32.0, (40, 2, 50, 10), []),
])
def test_the_qr_code_is_read_as_it_is_printed(
    size: float, over: tuple[float, float, float, float] | None, codes: list[FindingCode],
) -> None:
    items: list[Image | Outline] = [
        Image(name="qr", x_mm=0, y_mm=0, width_mm=size, height_mm=size, role="qr")]
    if over is not None:
        left, top, right, bottom = over
        corners = (("M", left, top), ("L", right, top), ("L", right, bottom), ("L", left, bottom))
        items.append(Outline(segments=tuple(Segment(op, (x, y)) for op, x, y in corners), fill=Colour(0, 0, 0)))
    page = Page(role="正本", width_mm=210, height_mm=297, artwork=None, items=tuple(items))
    document = Document(title="", pages=(page,), images={"qr": qr_png("https://lookup.example.invalid/#" + "7" * 400)})
    assert [code for code, *_ in qr_faults(document, page)] == codes


@pytest.mark.req("R-000-19")
def test_a_face_without_its_qr_code_and_a_face_with_one_too_many_are_found(kind: Path) -> None:
    change(kind / "pages.xml", QR, "")
    page = _line(kind, '<page role="正本"')
    assert [(one.code, one.line) for one in check(kind).findings] == [("template.face", page)]
    change(kind / "kind.json", '"role": "正本",', '"role": "正本", "qr": false,')
    assert check(kind).findings == ()
    line = change(kind / "pages.xml", "    {{ rest() }}", f"    {QR}\n    {{{{ rest() }}}}")
    assert [(one.code, one.line) for one in check(kind).findings] == [("template.face", line)]


@pytest.mark.parametrize(("seal", "what"), [('<seal x="245" y="100"/>', "照片"), ('<seal x="245" y="60"/>', "二维码")])
def test_a_seal_over_photo_or_qr_code_is_found_in_its_line(kind: Path, seal: str, what: str) -> None:
    line = change(kind / "pages.xml", '<seal over="发证机关 发证日期"/>', seal)
    (finding,) = check(kind).findings
    assert (finding.code, finding.file, finding.line) == ("compose.seal-place", f"{CODE}/pages.xml", line)
    assert what in finding.zh


def test_text_that_leaves_the_page_is_refused_before_it_is_sealed(kind: Path) -> None:
    change(kind / "pages.xml", 'x="162" y="155" width="100" bottom="178"', 'x="255" y="155" width="100" bottom="178"')
    change(kind / "pages.xml", '<seal over="发证机关 发证日期"/>', '<seal x="60" y="180"/>')
    assert {one.code for one in check(kind).findings} == {"compose.overflow"}


def test_the_least_sizes_are_those_of_the_verifier() -> None:
    assert vars(qr)["_SMALLEST_MM"] == SMALLEST_QR_MM
    assert vars(pictures)["_SMALLEST_MM"] == SMALLEST_PHOTO_MM

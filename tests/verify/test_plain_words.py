"""What is told in Chinese is told in Chinese, and what is told in English in English."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from tests.verify import pdf_forge as forge
from tests.verify.foreign.test_pdf_attacks import MALLEABLE, judged
from tests.verify.packages import VALUE, check, entries, pack
from tests.verify.test_pdf_outsider import (
    extra_certificate,
    resigned,
    respelt,
    swapped_certificates,
    unsigned_attribute,
)
from verify.artwork import compare_artwork
from verify.model import Bitmap, PageView, PictureBox, Reason, RectMm, Shape, TextRun
from verify.pdf import check_pdf
from verify.reasons import Findings
from verify.rendition import compare_pages
from verify.zip import DEVIATIONS

ENGLISH = re.compile(r"[a-z]{3,} [a-z]{2,}|\b(?:pictures?|seal|glyphs|order|comment|flags|version|time|attributes)\b")
CHINESE = re.compile("[\u4e00-\u9fff]")


def keep_to_their_language(reasons: Iterable[Reason], code: str) -> None:
    """The reasons of a code are there, and each of their sentences keeps to its language."""
    told = [reason for reason in reasons if reason.code == code]
    assert told
    for reason in told:
        assert CHINESE.search(reason.zh) and not ENGLISH.search(reason.zh), reason.zh
        assert not CHINESE.search(re.sub("“[^”]*”", "", reason.en)), reason.en      # what the file says may be quoted


def repacked() -> bytes:
    """An issued package as zipfile writes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.comment = b"a"
        for name, data in reversed(entries().items()):
            opened.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize(("data", "code"), [
    (repacked, "zip.not-canonical"), (lambda: pack({**entries(), VALUE: entries()[VALUE] + b"\0"}), "seal.form")])
def test_packages(data: Callable[[], bytes], code: str) -> None:
    keep_to_their_language(check(data()).reasons, code)


def test_every_deviation_of_an_archive_has_its_chinese_words() -> None:
    for english, chinese in DEVIATIONS.items():
        assert CHINESE.search(chinese) and not CHINESE.search(english)


@pytest.mark.parametrize(("change", "code"), [
    (extra_certificate, "pdf.cms-form"), (swapped_certificates, "pdf.cms-form"), (respelt, "pdf.cms-form"),
    (unsigned_attribute, "pdf.cms"), (lambda cms: cms[:30] + b"\x02\x01\x05" + cms[33:], "pdf.cms")])
def test_signatures_of_renditions(change: Callable[[bytes], bytes], code: str) -> None:
    found = check_pdf(resigned(change), forge.world().trust(), forge.AT).findings
    keep_to_their_language([each.reason for each in found], code)


@pytest.mark.parametrize(("data", "code"), [
    pytest.param(data, code, id=what) for what, data, _, code in MALLEABLE if code in ("fpdf.cms", "fpdf.cms-loose")])
def test_signatures_of_others(data: Callable[[], bytes], code: str) -> None:
    keep_to_their_language(judged(data()).reasons, code)


def _page(**changes: object) -> PageView:
    return replace(PageView(number=1, width_mm=210, height_mm=297, runs=(_run("甲"),), pictures=(_picture(10),)),
                   **changes)  # type: ignore[arg-type]


def _run(text: str) -> TextRun:
    return TextRun(text=text, xs_mm=tuple(range(len(text))), y_mm=10, size_mm=4, width_mm=4, font="F", font_id="1",
                   glyphs=tuple(range(len(text))), colour=(0, 0, 0), program=b"")


def _picture(x_mm: float, digest: str = "a", **changes: object) -> PictureBox:
    def load() -> Bitmap:
        raise ValueError

    return replace(PictureBox(
        name="p", box=RectMm(x_mm=x_mm, y_mm=0, width_mm=9, height_mm=9), digest=digest, load=load), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("other", [
    _page(width_mm=200), _page(runs=(_run("乙"),)), _page(runs=(_run("甲乙"),)), _page(pictures=()),
    _page(pictures=(_picture(20),)), _page(pictures=(_picture(10, "b"),)),
    _page(pictures=(_picture(10, upright=False),)),
    _page(pictures=(), seals=(_picture(10),)), None,
])
def test_pages_that_differ(other: PageView | None) -> None:
    found = Findings()
    compare_pages([_page()], [] if other is None else [other], found)
    keep_to_their_language([each.reason for each in found.all()], "rendition.page")


def test_drawings_that_differ() -> None:
    found, shape = Findings(), Shape("", (), ())
    compare_artwork([_page(shapes=(shape,))], [_page()], found)
    keep_to_their_language([each.reason for each in found.all()], "rendition.page")

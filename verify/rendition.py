"""Does the PDF rendition show the same as the OFD, glyph by glyph, and hold the same record?"""

from __future__ import annotations

import math
import operator
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final

from certs.sm3 import sm3
from verify.model import PageView, PictureBox, TextRun
from verify.png import seen_bitmap
from verify.reasons import Both, Findings
from verify.record import RecordData

__all__ = ["compare_metadata", "compare_pages"]

_PLACE_MM: Final = 0.05                 # PDF writes points, OFD millimetres: both are rounded
_SIZE_MM: Final = 0.02
_PICTURE_MM: Final = 0.1
_SEALS_KEPT: Final = 1000
_COLOUR: Final = 3                      # of 255, a channel

_SEAL: Final = Both("印章", "the seal")

_Glyph = tuple[str, float, float, float, tuple[int, int, int]]


def compare_pages(ofd: Sequence[PageView], pdf: Sequence[PageView], found: Findings) -> None:
    """Each page: the same size, the same glyphs at the same places in the same colours, the same pictures."""
    if len(ofd) != len(pdf):
        found.add("rendition.page", "", page=min(len(ofd), len(pdf)) + 1,
                  detail=Both("页数", "the number of pages"))
        return
    equal: set[tuple[str, str, int, int]] = set()
    for left, right in zip(ofd, pdf, strict=True):
        detail = _difference(left, right, equal)
        if detail is not None:
            found.add("rendition.page", "", page=left.number, detail=detail)


def _difference(ofd: PageView, pdf: PageView, equal: set[tuple[str, str, int, int]]) -> Both | None:
    """The first difference of two pages, None when there is none. ``equal``: pictures compared before."""
    if abs(ofd.width_mm - pdf.width_mm) > _PICTURE_MM or abs(ofd.height_mm - pdf.height_mm) > _PICTURE_MM:
        return Both("页面尺寸", "the size of the page")
    text = None if _same_runs(ofd.runs, pdf.runs) else _glyph_difference(ofd, pdf)
    if text is not None:
        return text
    ours, theirs = _placed(ofd), _placed(pdf)
    if not _same_boxes(ours, theirs):
        return Both("图片的数量或位置", "the number or the places of pictures")
    seals = {id(picture) for picture in (*ofd.seals, *pdf.seals)}
    for mine, its in zip(ours, theirs, strict=True):
        pair = (mine.digest, its.digest, its.width_px, its.height_px)
        if (id(mine) in seals) != (id(its) in seals) or not its.upright:
            return _SEAL
        if pair not in equal:
            if not (_same_seal(mine, its, pair) if id(mine) in seals else _same_pixels(mine, its)):
                return _SEAL if id(mine) in seals else Both("图片的内容", "what a picture shows")
            equal.add(pair)
    return None


def _placed(page: PageView) -> list[PictureBox]:
    """Pictures and seals of a page, by place."""
    return sorted((*page.pictures, *page.seals),
                  key=lambda each: (round(each.box.y_mm), round(each.box.x_mm)))


def _same_runs(ofd: Sequence[TextRun], pdf: Sequence[TextRun]) -> bool:
    """Whether both pages draw the same runs in the same order: the usual case, quickly told."""
    return len(ofd) == len(pdf) and all(
        one.text == other.text and len(one.xs_mm) == len(other.xs_mm) and math.isfinite(sum(other.xs_mm))
        and abs(one.y_mm - other.y_mm) <= _PLACE_MM and abs(one.size_mm - other.size_mm) <= _SIZE_MM
        and max(map(abs, map(operator.sub, one.xs_mm, other.xs_mm)), default=0.0) <= _PLACE_MM
        and max(map(abs, map(operator.sub, one.colour, other.colour))) <= _COLOUR
        for one, other in zip(ofd, pdf, strict=True))


def _glyph_difference(ofd: PageView, pdf: PageView) -> Both | None:
    """The first glyph that differs, whatever the order of drawing; None when there is none."""
    left, right = _glyphs(ofd.runs), _glyphs(pdf.runs)
    if len(left) != len(right):
        return Both(f"{len(left)} 字 / {len(right)} 字", f"{len(left)} / {len(right)} glyphs")
    left.sort(key=_sorting)
    right.sort(key=_sorting)
    for one, other in zip(left, right, strict=True):
        if not _same(one, other):
            told = _told(ofd.runs, pdf.runs) or (f"“{one[0]}” / “{other[0]}”" if one[0] != other[0] else "")
            return Both(told, told) if told else Both(
                f"“{one[0]}”的位置、大小或颜色", f"the place, size or colour of “{one[0]}”")
    return None


def _told(ofd: Sequence[TextRun], pdf: Sequence[TextRun]) -> str:
    """The first texts that differ, as a reader meets them; "" when only places, sizes or colours do."""
    return next((f"“{one.text}” / “{other.text}”" for one, other in zip(ofd, pdf, strict=False)
                 if one.text != other.text), "")


def _glyphs(runs: Iterable[TextRun]) -> list[_Glyph]:
    """Each glyph with its place, size and colour, in the order of drawing."""
    return [(char, x, run.y_mm, run.size_mm, run.colour)
            for run in runs for char, x in zip(run.text, run.xs_mm, strict=True) if not char.isspace()]


def _sorting(glyph: _Glyph) -> tuple[str, int, int]:
    return glyph[0], round(glyph[2]), round(glyph[1])


def _same(one: _Glyph, other: _Glyph) -> bool:
    """Whether two glyphs are the same within rounding."""
    return (one[0] == other[0] and abs(one[1] - other[1]) <= _PLACE_MM and abs(one[2] - other[2]) <= _PLACE_MM
            and abs(one[3] - other[3]) <= _SIZE_MM
            and all(abs(a - b) <= _COLOUR for a, b in zip(one[4], other[4], strict=True)))


def _same_boxes(ours: Sequence[PictureBox], theirs: Sequence[PictureBox]) -> bool:
    """Whether pictures stand at the same places."""
    if len(ours) != len(theirs):
        return False
    return all((one.clip is None) == (other.clip is None) and abs(a - b) <= _PICTURE_MM
               for one, other in zip(ours, theirs, strict=True)
               for a, b in zip(_edges(one), _edges(other), strict=True))


def _edges(picture: PictureBox) -> tuple[float, ...]:
    """The edges of a picture, and of what is seen of it."""
    return tuple(edge for box in (picture.box, picture.clip or picture.box)
                 for edge in (box.x_mm, box.y_mm, box.right_mm, box.bottom_mm))


def _same_pixels(one: PictureBox, other: PictureBox) -> bool:
    """Whether two pictures have the same pixels."""
    if (one.width_px, one.height_px) != (other.width_px, other.height_px):
        return False
    try:
        ours, theirs = one.load(), other.load()
    except ValueError:
        return False
    return (ours.width, ours.height) == (theirs.width, theirs.height) \
        and (ours.mode, ours.data) == (theirs.mode, theirs.data) and ours.alpha == theirs.alpha


_known_seals: Final[OrderedDict[tuple[str, str, int, int], bool]] = OrderedDict()


def _same_seal(one: PictureBox, other: PictureBox, pair: tuple[str, str, int, int]) -> bool:
    """Whether the PDF shows the picture of the e-seal: all that can be seen of it, and how clear it is.

    An authority's seals are compared once: many licences bear the same.
    """
    if pair not in _known_seals:
        try:
            ours, theirs = one.load(), other.load()
            _known_seals[pair] = (ours.width, ours.height) == (theirs.width, theirs.height) and (
                ours == seen_bitmap(theirs))
        except ValueError:
            return False
        while len(_known_seals) > _SEALS_KEPT:
            _known_seals.popitem(last=False)
    return _known_seals[pair]


def compare_metadata(record: RecordData, record_data: bytes, *, identifier: str, record_sm3: str,
                     attached: Sequence[bytes], found: Findings) -> None:
    """The PDF's XMP names this licence and the SM3 of this record, and the record it holds is this one."""
    if identifier != record.identifier:
        found.add("rendition.metadata", "", name="identifier")
    if record_sm3.lower() != sm3(record_data).hex():
        found.add("rendition.metadata", "", name="SM3")
    if list(attached) != [record_data]:
        found.add("rendition.record")

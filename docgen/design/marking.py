"""The marks of a preview: light ones across the page under its text, and a red line along its upper and lower edge."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from docgen.measure import TextStyle, measure
from docgen.page import Colour, Document, GlyphRun, Page, Segment, Stamp
from docgen.page import Path as Outline
from docgen.typeset import runs, single_line

__all__ = ["MARK", "marked"]

MARK = "预览 · 非正式证照"
"""What stands on each page of a preview."""

_RED = Colour(200, 16, 46)
_LIGHT = replace(_RED, alpha=0.11)      # seen at once, and all that is designed is seen through it
_DASHES = 24
_SHARE = 0.72                           # of the page's width, for one mark across it
_EDGE_MM, _EDGE_SHARE = 3.2, 0.035      # largest size of the line along an edge, and of the page's height
_APART = 1.5                            # marks of a line, in their own width


def marked(document: Document) -> Document:
    """The document with the marks on each page, and frames where seals would stand."""
    return replace(document, title=f"{MARK}：{document.title}", pages=tuple(map(_marked, document.pages)))


def _marked(page: Page) -> Page:
    """Wherever a page is cut or folded a mark is left, and none lies over what is to be judged."""
    text = next((index for index, item in enumerate(page.items) if isinstance(item, GlyphRun)), len(page.items))
    frames = [frame for stamp in page.seals for frame in _frame(stamp)]
    under, over = page.items[:text], page.items[text:]
    return replace(page, items=(*under, *_across(page), *over, *frames, *_edges(page)), seals=())


def _across(page: Page) -> list[GlyphRun]:
    """Three light marks from top to bottom."""
    size = round(_SHARE * page.width_mm / measure(MARK, _style(1, _LIGHT)).width_em, 3)
    made: list[GlyphRun] = []
    for share in (0.22, 0.52, 0.82):
        made += _mark(page.width_mm / 2, page.height_mm * share + 0.35 * size, _style(size, _LIGHT))
    return made


def _edges(page: Page) -> list[GlyphRun]:
    """A line of small marks along the upper and the lower edge."""
    style = _style(round(min(_EDGE_MM, _EDGE_SHARE * page.height_mm), 3), _RED)
    width = measure(MARK, style).width_em * style.size_mm * _APART
    count = max(int(page.width_mm / width), 1)
    made: list[GlyphRun] = []
    for baseline in (1.4 * style.size_mm, page.height_mm - 0.6 * style.size_mm):
        for number in range(count):
            made += _mark(page.width_mm * (number + 0.5) / count, baseline, style)
    return made


def _style(size_mm: float, colour: Colour) -> TextStyle:
    return TextStyle(face="hei", size_mm=size_mm, colour=colour)


def _mark(middle_mm: float, baseline_mm: float, style: TextStyle) -> list[GlyphRun]:
    line = single_line(measure(MARK, style))
    return runs(line, middle_mm - line.width_em * style.size_mm / 2, baseline_mm, style)


def _frame(stamp: Stamp) -> list[Outline]:
    """A dashed frame where the seal would stand."""
    place = stamp.visible
    left, top, right, bottom = (place.x_mm, place.y_mm, place.x_mm + place.width_mm, place.y_mm + place.height_mm)
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    segments: list[Segment] = []
    for (x1, y1), (x2, y2) in pairwise(corners):
        for step in range(0, _DASHES, 2):
            segments += [Segment(op, (round(x1 + (x2 - x1) * at / _DASHES, 3), round(y1 + (y2 - y1) * at / _DASHES, 3)))
                         for op, at in (("M", step), ("L", step + 1))]
    return [Outline(segments=tuple(segments), stroke=replace(_RED, alpha=0.8), stroke_width_mm=0.3)]

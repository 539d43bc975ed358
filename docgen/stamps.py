"""Where the organisation's seal stands: over its lines, at a point, cut over the page edges; and what it may cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from docgen.compose_errors import ComposeError, ComposeErrorCode, Sheet
from docgen.page import GlyphRun, Path, Place, Stamp
from docgen.rows import PlacedRow
from docgen.template import TemplateError, TemplateErrorCode
from docgen.template_boxes import meet
from docgen.template_layout import PageLayout, Photo, Seal, Straddle
from layouts import SealRule

__all__ = ["Obstacle", "check_overlaps", "obstacles", "stamps"]

_ABOVE_EM, _BELOW_EM = 0.82, 0.12       # ink of a line above and below its baseline


def stamps(layout: PageLayout, rule: SealRule, rows: Sequence[PlacedRow], *, number: int, pages: int, size_mm: float,
           sheet: Sheet) -> tuple[Stamp, ...]:
    """The seals of page ``number`` (from 1) of ``pages`` of one face: whole ones first, then the slice of a 骑缝章.

    Raises:
        ComposeError: ``compose.seal-place``: a seal leaves the page.
        TemplateError: a seal stands over lines that are not on the page.
    """
    whole, cut = rule.on(number, pages)
    made = [Stamp(place=_place(seal, layout, rows, size_mm, sheet)) for seal in (layout.seals if whole else ())]
    if cut and layout.straddle is not None:
        index, count = rule.slice_of(number, pages)
        left, right = round(size_mm * index / count, 3), round(size_mm * (index + 1) / count, 3)
        place = Place(x_mm=round(layout.width_mm - right, 3), y_mm=round(layout.straddle.y_mm - size_mm / 2, 3),
                      width_mm=size_mm, height_mm=size_mm)
        if place.y_mm < 0 or place.y_mm + size_mm > layout.height_mm:
            raise _leaves(sheet, layout.straddle, size_mm)
        made.append(Stamp(place=place, clip=Place(x_mm=left, y_mm=0.0, width_mm=round(right - left, 3),
                                                  height_mm=size_mm)))
    return tuple(made)


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """What columns run around: its place, the template's word for it and the line of that word."""

    place: Place
    word: str
    source_line: int


def obstacles(layout: PageLayout, rule: SealRule, rows: Sequence[PlacedRow], size_mm: float,
              sheet: Sheet) -> tuple[Obstacle, ...]:
    """What columns run around: the QR code, and the seals whose place is known before the columns are set.

    Args:
        rows: the lines that have places of their own.
    """
    known = [seal for seal in layout.seals if not seal.over or _under(seal, rows)] if rule.count else []
    qr = ([] if layout.qr is None else
          [Obstacle(place=layout.qr.place, word="qr", source_line=layout.qr.source_line)])
    return (*qr, *(Obstacle(place=_place(seal, layout, rows, size_mm, sheet), word="seal", source_line=seal.source_line)
                   for seal in known))


def _place(seal: Seal, layout: PageLayout, rows: Sequence[PlacedRow], size_mm: float, sheet: Sheet) -> Place:
    """Where the seal stands: its centre over the middle of the lines it belongs to (骑年盖月), or fixed."""
    half = size_mm / 2
    x = seal.x_mm if seal.right_mm is None else seal.right_mm - half
    y = seal.y_mm if seal.bottom_mm is None else seal.bottom_mm - half
    if x is None or y is None:
        numbers = _under(seal, rows)
        covered = [run for row in rows if row.entry.number in numbers for run in row.value]
        if not covered:
            raise TemplateError(
                TemplateErrorCode.VALUE, f"over 应为本页有值的行，实为“{'、'.join(seal.over)}”",
                f"expected lines with values of this page in over, found {seal.over}", file=sheet.file,
                line=seal.source_line)
        x = (min(run.xs_mm[0] for run in covered) + max(run.xs_mm[0] + run.width_mm for run in covered)) / 2
        y = (covered[0].y_mm + covered[-1].y_mm) / 2 - 0.35 * covered[0].size_mm
        x, y = x + seal.dx_mm, y + seal.dy_mm - seal.up * size_mm
    place = Place(x_mm=round(x - half, 3), y_mm=round(y - half, 3), width_mm=size_mm, height_mm=size_mm)
    if place.x_mm < 0 or place.y_mm < 0 or place.x_mm + size_mm > layout.width_mm or (
            place.y_mm + size_mm > layout.height_mm):
        raise _leaves(sheet, seal, size_mm)
    return place


def _under(seal: Seal, rows: Sequence[PlacedRow]) -> frozenset[int]:
    """The lines that a seal stands over: for each name the last line of the page that has it."""
    last = {name: row.entry.number for row in rows if row.value for name in row.entry.names & set(seal.over)}
    return frozenset(last.values())


def _leaves(sheet: Sheet, seal: Seal | Straddle, size_mm: float) -> ComposeError:
    zh, en = ("骑缝章", "a 骑缝章") if isinstance(seal, Straddle) else ("印章", "a seal")
    return sheet.refuse(
        ComposeErrorCode.SEAL_PLACE, f"{sheet.role}上 {size_mm} mm 的{zh}超出页面；请换小印章或调整模板",
        f"{en} of {size_mm} mm leaves the page {sheet.role}; use a smaller one or change the template",
        line=seal.source_line)


def check_overlaps(layout: PageLayout, rows: Sequence[PlacedRow], seals: Sequence[Stamp], photos: Sequence[Photo],
                   sheet: Sheet) -> None:
    """No text outside the page, nothing under the QR code, no photo under the seal and no value but its own.

    Args:
        photos: those that stand on this page.

    Raises:
        ComposeError: ``compose.overflow``, ``compose.overlap`` or ``compose.seal-place``, with a line of the template.
    """
    square = layout.qr.place if layout.qr else None
    qr_line = layout.qr.source_line if layout.qr else 0
    code = (f"第 {qr_line} 行的二维码", f"the QR code of line {qr_line}")
    whole = iter(layout.seals)
    owned: list[tuple[Seal | Straddle, frozenset[int], Place]] = []
    for stamp in seals:
        seal = next(whole) if stamp.clip is None else layout.straddle
        if seal is not None:
            owned.append((seal, _under(seal, rows) if isinstance(seal, Seal) else frozenset(), stamp.visible))
    for row in rows:
        for run in (*row.label, *row.value):
            if _outside(run, layout):
                raise _leaves_page(sheet, row)
        if square is not None and any(meet(_extent(path), square) for path in row.paths):
            raise _overlap(sheet, row, *code)
        for run in row.value:
            box = Place(x_mm=run.xs_mm[0], y_mm=run.y_mm - _ABOVE_EM * run.size_mm, width_mm=run.width_mm,
                        height_mm=(_ABOVE_EM + _BELOW_EM) * run.size_mm)
            if square is not None and meet(box, square):
                raise _overlap(sheet, row, *code)
            for seal, under, place in owned:
                if row.entry.number not in under and meet(box, place):
                    raise _overlap(sheet, row, f"第 {seal.source_line} 行的印章",
                                   f"the seal of line {seal.source_line}")
    for seal, _, place in owned:
        if square is not None and meet(square, place):
            raise _covers(sheet, seal, *code)
        for photo in photos:
            if meet(photo.place, place):
                raise _covers(sheet, seal, f"第 {photo.source_line} 行的照片",
                              f"the photo of line {photo.source_line}")


def _outside(run: GlyphRun, layout: PageLayout) -> bool:
    """Whether a run has ink outside the page; a bracket at its beginning may hang out by its blank half."""
    hang = run.size_mm / 2
    return (run.xs_mm[0] < -hang or run.xs_mm[0] + run.width_mm > layout.width_mm
            or run.y_mm < _ABOVE_EM * run.size_mm or run.y_mm + _BELOW_EM * run.size_mm > layout.height_mm)


def _leaves_page(sheet: Sheet, row: PlacedRow) -> ComposeError:
    name = row.entry.label or row.entry.text
    return sheet.refuse(
        ComposeErrorCode.OVERFLOW, f"{sheet.role}的“{name}”超出页面；请缩短或调整模板",
        f"{name} leaves the page {sheet.role}; shorten it or change the template",
        line=row.entry.source_line, label=row.entry.label)


def _extent(path: Path) -> Place:
    """The box around the points of a path."""
    xs = [value for segment in path.segments for value in segment.args[::2]]
    ys = [value for segment in path.segments for value in segment.args[1::2]]
    return Place(x_mm=min(xs), y_mm=min(ys), width_mm=max(xs) - min(xs), height_mm=max(ys) - min(ys))


def _covers(sheet: Sheet, seal: Seal | Straddle, zh: str, en: str) -> ComposeError:
    return sheet.refuse(
        ComposeErrorCode.SEAL_PLACE, f"{sheet.role}上印章会盖住{zh}；请换小印章或调整模板",
        f"the seal would cover {en} on {sheet.role}; use a smaller one or change the template", line=seal.source_line)


def _overlap(sheet: Sheet, row: PlacedRow, zh: str, en: str) -> ComposeError:
    name = row.entry.label or row.entry.text
    return sheet.refuse(
        ComposeErrorCode.OVERLAP, f"{sheet.role}的“{name}”会被{zh}盖住；请缩短或调整模板",
        f"{name} on {sheet.role} would lie under {en}; shorten it or change the template",
        line=row.entry.source_line, label=row.entry.label)

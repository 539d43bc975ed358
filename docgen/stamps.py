"""Where the organisation's seal stands: over its lines, at a point, cut over the page edges; and what it may cover."""

from __future__ import annotations

from collections.abc import Sequence

from docgen.columns import ComposeError, ComposeErrorCode, PlacedRow
from docgen.page import Place, Stamp
from docgen.template import TemplateError, TemplateErrorCode
from docgen.template_layout import PageLayout, QrPlace, Seal
from layouts import SealRule

__all__ = ["check_overlaps", "obstacles", "stamps"]

_ABOVE_EM, _BELOW_EM = 0.82, 0.12       # ink of a line above and below its baseline


def stamps(layout: PageLayout, rule: SealRule, rows: Sequence[PlacedRow], *, number: int, pages: int, size_mm: float,
           file: str) -> tuple[Stamp, ...]:
    """The seals of page ``number`` (from 1) of ``pages`` of one face: whole ones first, then the slice of a 骑缝章.

    Raises:
        ComposeError: ``compose.seal-place``: a whole seal leaves the page.
        TemplateError: a seal stands over lines that are not on the page.
    """
    whole, cut = rule.on(number, pages)
    made = [Stamp(place=_place(seal, layout, rows, size_mm, file)) for seal in (layout.seals if whole else ())]
    if cut and layout.straddle is not None:
        index, count = rule.slice_of(number, pages)
        left, right = round(size_mm * index / count, 3), round(size_mm * (index + 1) / count, 3)
        place = Place(x_mm=round(layout.width_mm - right, 3), y_mm=round(layout.straddle.y_mm - size_mm / 2, 3),
                      width_mm=size_mm, height_mm=size_mm)
        if place.y_mm < 0 or place.y_mm + size_mm > layout.height_mm:
            raise _leaves(layout, size_mm)
        made.append(Stamp(place=place, clip=Place(x_mm=left, y_mm=0.0, width_mm=round(right - left, 3),
                                                  height_mm=size_mm)))
    return tuple(made)


def obstacles(layout: PageLayout, rule: SealRule, rows: Sequence[PlacedRow], size_mm: float,
              file: str) -> tuple[Place, ...]:
    """What columns run around: the QR code, and the seals whose place is known before the columns are set.

    Args:
        rows: the lines that have places of their own.
    """
    known = [seal for seal in layout.seals if not seal.over or _under(seal, rows)] if rule.count else []
    qr = [_square(layout.qr)] if layout.qr is not None else []
    return (*qr, *(_place(seal, layout, rows, size_mm, file) for seal in known))


def _place(seal: Seal, layout: PageLayout, rows: Sequence[PlacedRow], size_mm: float, file: str) -> Place:
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
                f"expected lines with values of this page in over, found {seal.over}", file=file,
                line=seal.source_line)
        x = (min(run.xs_mm[0] for run in covered) + max(run.xs_mm[0] + run.width_mm for run in covered)) / 2
        y = (covered[0].y_mm + covered[-1].y_mm) / 2 - 0.35 * covered[0].size_mm
        x, y = x + seal.dx_mm, y + seal.dy_mm - seal.up * size_mm
    place = Place(x_mm=round(x - half, 3), y_mm=round(y - half, 3), width_mm=size_mm, height_mm=size_mm)
    if place.x_mm < 0 or place.y_mm < 0 or place.x_mm + size_mm > layout.width_mm or (
            place.y_mm + size_mm > layout.height_mm):
        raise _leaves(layout, size_mm)
    return place


def _under(seal: Seal, rows: Sequence[PlacedRow]) -> frozenset[int]:
    """The lines that a seal stands over: for each name the last line of the page that has it."""
    last = {name: row.entry.number for row in rows if row.value for name in row.entry.names & set(seal.over)}
    return frozenset(last.values())


def _leaves(layout: PageLayout, size_mm: float) -> ComposeError:
    return ComposeError(ComposeErrorCode.SEAL_PLACE,
                        f"{layout.role}上 {size_mm} mm 的印章超出页面；请换小印章或调整模板",
                        f"a seal of {size_mm} mm leaves the page {layout.role}; use a smaller one or "
                        f"change the template", role=layout.role)


def check_overlaps(layout: PageLayout, rows: Sequence[PlacedRow], seals: Sequence[Stamp], file: str) -> None:
    """No value under the QR code, none under the seal but those it belongs to, no seal on the QR code.

    Raises:
        ComposeError: ``compose.overlap`` or ``compose.seal-place``.
    """
    square = _square(layout.qr) if layout.qr else None
    owned: list[tuple[frozenset[int], Place]] = []
    whole = iter(layout.seals)
    for stamp in seals:
        owned.append((_under(next(whole), rows) if stamp.clip is None else frozenset(), stamp.visible))
    for row in rows:
        for run in row.value:
            box = Place(x_mm=run.xs_mm[0], y_mm=run.y_mm - _ABOVE_EM * run.size_mm, width_mm=run.width_mm,
                        height_mm=(_ABOVE_EM + _BELOW_EM) * run.size_mm)
            hit = square is not None and _meet(box, square)
            if hit or any(row.entry.number not in under and _meet(box, place) for under, place in owned):
                raise _overlap(layout, row, run.text, file)
    if square is not None and any(_meet(square, stamp.visible) for stamp in seals):
        raise ComposeError(
            ComposeErrorCode.SEAL_PLACE, f"{layout.role}上印章会盖住二维码；请换小印章或调整模板",
            f"the seal would cover the QR code on {layout.role}; use a smaller one or change the template",
            role=layout.role)


def _overlap(layout: PageLayout, row: PlacedRow, text: str, file: str) -> ComposeError:
    name = row.entry.label or text
    return ComposeError(
        ComposeErrorCode.OVERLAP,
        f"{layout.role}的“{name}”会被二维码或印章盖住；请缩短或调整模板"
        f"（{file} 第 {row.entry.source_line} 行）",
        f"{name} on {layout.role} would lie under the QR code or the seal; shorten it or change "
        f"the template ({file}, line {row.entry.source_line})", role=layout.role,
        label=row.entry.label, file=file, line=str(row.entry.source_line))


def _square(qr: QrPlace) -> Place:
    return Place(x_mm=qr.x_mm, y_mm=qr.y_mm, width_mm=qr.size_mm, height_mm=qr.size_mm)


def _meet(one: Place, other: Place) -> bool:
    return (one.x_mm < other.x_mm + other.width_mm and other.x_mm < one.x_mm + one.width_mm
            and one.y_mm < other.y_mm + other.height_mm and other.y_mm < one.y_mm + one.height_mm)

"""From a checked licence to laid-out pages: ``compose``.

The template of the kind (``pages.xml``) says where things stand, the kind's faces say which lines there
are. Every run that prints a value carries the field's label as ``tag`` and the line's number; a value that
takes several lines is several runs in reading order, and their texts joined are exactly the printed value
(spaces at line ends included). A face that repeats (附页) prints the lines above the 许可范围 on each of its
pages, and the 许可范围 once over all of them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from itertools import pairwise

from certs.sm3 import sm3
from docgen.columns import (
    ComposeError,
    ComposeErrorCode,
    PlacedRow,
    Value,
    fill_column,
    fill_pages,
    set_entry,
)
from docgen.licence import Licence
from docgen.page import Artwork, Document, GlyphRun, Image, Page, Path, Place, Stamp
from docgen.qr import qr_png
from docgen.svg import parse_svg, placed
from docgen.template import TemplateError, TemplateErrorCode, load_template
from docgen.template_layout import Art, Entry, PageLayout, Seal
from docgen.typeset import measure, runs, single_line
from layouts import (
    Face,
    Groups,
    Kind,
    KindError,
    Line,
    part_text,
    printed,
    resource,
    scope_summary,
    scope_text,
)

__all__ = ["ComposeError", "ComposeErrorCode", "artwork", "compose"]

_ABOVE_EM, _BELOW_EM = 0.82, 0.12       # ink of a line above and below its baseline
_QR_IMAGE = "qr"


def compose(licence: Licence, qr_text: str, *, seal_size_mm: float) -> Document:
    """Lay out all pages of a licence.

    Args:
        qr_text: the whole text of the QR code (address, ``#``, signed digits).
        seal_size_mm: width and height of the place for the organisation's seal.

    Raises:
        ComposeError: ``compose.overflow``, ``compose.overlap`` or ``compose.seal-place``.
        TemplateError: the kind's template cannot be used; with file and line.
        SvgError: the kind's artwork cannot be used; with file and line.
        QrError: the text does not fit a QR code.
        TypesetError: a character that no font draws.

    Source: R-000-15 to R-000-21; decisions 4, 5 and 6.
    """
    kind = licence.kind
    template = load_template(kind.code)
    values = {field.label: _printed(licence, field.label) for field in kind.fields}
    layout = template.layout(values)
    pages: list[Page] = []
    artworks: dict[str, Artwork] = {}
    for page_layout, face in zip(layout.pages, kind.faces, strict=True):
        pages += _pages(licence, page_layout, face, layout.file, seal_size_mm)
        if page_layout.artwork is not None:
            artworks[page_layout.artwork] = artwork(kind.code, page_layout)
    images = {_QR_IMAGE: qr_png(qr_text)} if any(page.qr for page in layout.pages) else {}
    return Document(title=licence.title, pages=tuple(pages), artworks=artworks, images=images)


def _printed(licence: Licence, label: str) -> str:
    return printed(licence.values.get(label), licence.kind.field(label).printed_as)


def artwork(kind_code: str, layout: PageLayout) -> Artwork:
    """The ground of a page, read once a process.

    Raises:
        SvgError: with file and line.
        KindError: ``kind.resource``: a drawing that the template names is not there.
    """
    return _artwork(kind_code, layout.artwork or "", layout.art, layout.width_mm, layout.height_mm)


@functools.lru_cache(maxsize=64)
def _artwork(kind_code: str, name: str, art: tuple[Art, ...], width_mm: float, height_mm: float) -> Artwork:
    paths = _paths(kind_code, art)
    digest = sm3(repr((width_mm, height_mm, paths)).encode("utf-8")).hex()
    return Artwork(name=name, digest=digest, width_mm=width_mm, height_mm=height_mm, paths=paths)


@functools.lru_cache(maxsize=64)
def _paths(kind_code: str, art: tuple[Art, ...]) -> tuple[Path, ...]:
    """The paths of drawings, each in its place."""
    paths: list[Path] = []
    for one in art:
        found = _drawing(kind_code, one)
        if found is not None:
            file, data = found
            drawing = parse_svg(data, name=f"{kind_code}/{file}")
            paths += placed(drawing, x_mm=one.x_mm, y_mm=one.y_mm, width_mm=one.width_mm)
    return tuple(paths)


def _drawing(kind_code: str, one: Art) -> tuple[str, bytes] | None:
    """A drawing's file name and content: the official artwork of a slot, else what stands in for it."""
    file = f"art/{one.file}"
    try:
        return file, resource(kind_code, file)
    except KindError:
        if not one.slot:
            raise
    return (f"art/{one.fallback}", resource(kind_code, f"art/{one.fallback}")) if one.fallback else None


def _pages(licence: Licence, layout: PageLayout, face: Face, file: str, seal_size_mm: float) -> list[Page]:
    """All pages of one face."""
    whole = _values(licence, face, licence.scope, scope_text)
    filled = _fill(layout, face, whole)
    if filled is None and face.summary and licence.scope:
        filled = _fill(layout, face, _values(licence, face, licence.scope, scope_summary))
    if filled is None:
        raise ComposeError(
            ComposeErrorCode.OVERFLOW, f"{layout.role}放不下全部内容，最小字号也不行；请缩短各项或调整模板",
            f"the values do not fit on {layout.role} even at the least size; shorten them or change the "
            f"template", role=layout.role)
    items_before: list[Path | Image] = [*_paths(licence.kind.code, layout.ornaments)]
    if layout.qr is not None:
        qr = layout.qr
        items_before.append(Image(name=_QR_IMAGE, x_mm=qr.x_mm, y_mm=qr.y_mm, width_mm=qr.size_mm,
                                  height_mm=qr.size_mm, role="qr"))
    pages = []
    for number, rows in enumerate(filled, 1):
        seals = tuple(_seal_place(seal, layout, rows, seal_size_mm, file) for seal in layout.seals)
        _check_overlaps(layout, rows, seals, file)
        glyphs = [run for row in rows for run in (*row.label, *row.value)]
        pages.append(Page(role=layout.role, width_mm=layout.width_mm, height_mm=layout.height_mm,
                          artwork=layout.artwork,
                          items=(*items_before, *glyphs, *_folio(layout, number, len(filled))),
                          seals=tuple(Stamp(place=place) for place in seals)))
    return pages


def _values(licence: Licence, face: Face, scope: Groups, write: Callable[[Groups], str]) -> list[Value]:
    """What each line of a face prints, the 许可范围 as ``write`` puts it, a paragraph for each group."""
    kind, out = licence.kind, []
    for line in face.lines:
        scope_field = kind.scope.field if kind.scope is not None else None
        if scope and line.fields == (scope_field,):
            ends = [write(scope[:count]) for count in range(len(scope) + 1)]
            paragraphs = tuple(after[len(before):] for before, after in pairwise(ends))
            out.append(Value(paragraphs=paragraphs, groups=True, long=write is scope_text,
                             tags=tuple((scope_field,) * len(text) for text in paragraphs)))
            continue
        out.append(_plain_value(kind, line, licence))
    return out


def _plain_value(kind: Kind, line: Line, licence: Licence) -> Value:
    """The value of a line as one paragraph; empty when none of its fields has a value (decision 4)."""
    if line.fields and all(licence.values.get(label) is None for label in line.fields):
        return Value(paragraphs=("",), tags=((),))
    parts = [(part.field, part_text(kind, part, licence.values)) for part in line.parts]
    return Value(paragraphs=("".join(text for _, text in parts),),
                 tags=(tuple(field for field, text in parts for _ in text),))


def _fill(layout: PageLayout, face: Face, values: Sequence[Value]) -> list[list[PlacedRow]] | None:
    """The rows of each page of a face, in the face's order; None when they do not fit."""
    blocks: list[list[list[PlacedRow]]] = []
    for block in layout.blocks:
        if isinstance(block, Entry):
            blocks.append([[set_entry(block, values[block.number], layout.role)]])
            continue
        chosen = [values[entry.number] for entry in block.entries]
        if face.repeats and any(value.long for value in chosen):
            blocks.append(fill_pages(block, chosen, layout.role))
            continue
        rows = fill_column(block, chosen)
        if rows is None:
            return None
        blocks.append([rows])
    count = max(len(pages) for pages in blocks)
    return [[row for pages in blocks for row in (pages[number] if len(pages) > 1 else pages[0])]
            for number in range(count)]


def _folio(layout: PageLayout, number: int, count: int) -> list[GlyphRun]:
    folio = layout.folio
    if folio is None:
        return []
    text = folio.text.replace("{n}", str(number)).replace("{m}", str(count))
    line = single_line(measure(text, folio.style.text))
    spare = folio.width_mm - line.width_em * folio.style.text.size_mm
    x = folio.x_mm + {"left": 0.0, "center": spare / 2, "right": spare}[folio.align]
    return runs(line, x, folio.y_mm, folio.style.text)


def _seal_place(seal: Seal, layout: PageLayout, rows: Sequence[PlacedRow], size_mm: float,
                file: str) -> Place:
    """Where the seal stands: its centre over the middle of the lines it belongs to (骑年盖月), or fixed."""
    x, y = seal.x_mm, seal.y_mm
    if x is None or y is None:
        covered = [run for row in rows if row.entry.label in seal.over for run in row.value]
        if not covered:
            raise TemplateError(
                TemplateErrorCode.VALUE, f"over 应为本页有值的行，实为“{'、'.join(seal.over)}”",
                f"expected lines with values of this page in over, found {seal.over}", file=file,
                line=seal.source_line)
        x = (min(run.xs_mm[0] for run in covered) + max(run.xs_mm[0] + run.width_mm for run in covered)) / 2
        y = (covered[0].y_mm + covered[-1].y_mm) / 2 - 0.35 * covered[0].size_mm
        x, y = x + seal.dx_mm, y + seal.dy_mm
    place = Place(x_mm=round(x - size_mm / 2, 3), y_mm=round(y - size_mm / 2, 3), width_mm=size_mm,
                  height_mm=size_mm)
    if place.x_mm < 0 or place.y_mm < 0 or place.x_mm + size_mm > layout.width_mm or (
            place.y_mm + size_mm > layout.height_mm):
        raise ComposeError(ComposeErrorCode.SEAL_PLACE,
                           f"{layout.role}上 {size_mm} mm 的印章超出页面；请换小印章或调整模板",
                           f"a seal of {size_mm} mm leaves the page {layout.role}; use a smaller one or "
                           f"change the template", role=layout.role)
    return place


def _check_overlaps(layout: PageLayout, rows: Sequence[PlacedRow], seals: Sequence[Place], file: str) -> None:
    """No value under the QR code, none under the seal but those it belongs to, no seal on the QR code."""
    qr = layout.qr
    square = Place(x_mm=qr.x_mm, y_mm=qr.y_mm, width_mm=qr.size_mm, height_mm=qr.size_mm) if qr else None
    for row in rows:
        for run in row.value:
            box = Place(x_mm=run.xs_mm[0], y_mm=run.y_mm - _ABOVE_EM * run.size_mm, width_mm=run.width_mm,
                        height_mm=(_ABOVE_EM + _BELOW_EM) * run.size_mm)
            hit = square is not None and _meet(box, square)
            for seal, place in zip(layout.seals, seals, strict=True):
                hit = hit or (row.entry.label not in seal.over and _meet(box, place))
            if hit:
                name = row.entry.label or run.text
                raise ComposeError(
                    ComposeErrorCode.OVERLAP,
                    f"{layout.role}的“{name}”会被二维码或印章盖住；请缩短或调整模板"
                    f"（{file} 第 {row.entry.source_line} 行）",
                    f"{name} on {layout.role} would lie under the QR code or the seal; shorten it or change "
                    f"the template ({file}, line {row.entry.source_line})", role=layout.role,
                    label=row.entry.label)
    if square is not None and any(_meet(square, place) for place in seals):
        raise ComposeError(
            ComposeErrorCode.SEAL_PLACE, f"{layout.role}上印章会盖住二维码；请换小印章或调整模板",
            f"the seal would cover the QR code on {layout.role}; use a smaller one or change the template",
            role=layout.role)


def _meet(one: Place, other: Place) -> bool:
    return (one.x_mm < other.x_mm + other.width_mm and other.x_mm < one.x_mm + one.width_mm
            and one.y_mm < other.y_mm + other.height_mm and other.y_mm < one.y_mm + one.height_mm)

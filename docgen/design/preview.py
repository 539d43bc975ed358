"""``preview``: a kind drawn with one record, plainly marked, as PDF, OFD and SVG pages.

A preview is no licence: every page says so across its whole width, no seal and no signature is in it, its QR code says
nothing, and its metadata name no licence. A verifier refuses both files (R-000-22).
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from docgen.design.drawing import draw
from docgen.design.findings import Finding, FindingCode, from_error, to_json
from docgen.design.folder import KindFolder
from docgen.design.inspection import Inspector
from docgen.design.records import drawable
from docgen.design.svg_pages import page_svgs
from docgen.faults import RecordError
from docgen.ofd import OfdMeta, write_ofd
from docgen.package import pack
from docgen.page import Colour, Document, GlyphRun, Page, Segment, Stamp
from docgen.page import Path as Outline
from docgen.pdf import PdfMeta, write_plain_pdf
from docgen.record import read_record, validate
from docgen.typeset import TextStyle, measure, runs, single_line
from layouts import load_kind
from layouts.schema import record_schema

__all__ = ["MARK", "draw_preview", "marked"]

MARK = "预览 · 非正式证照"
"""What stands over each page of a preview."""

_RED = Colour(200, 16, 46, 0.3)
_DASHES = 24
_SHARE = 0.72                           # of the page's width, for one mark
_EPOCH = dt.datetime(2000, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=8)))


def marked(document: Document) -> Document:
    """The document with the mark over each page, and frames where seals would stand."""
    return replace(document, title=f"{MARK}：{document.title}", pages=tuple(map(_marked, document.pages)))


def _marked(page: Page) -> Page:
    """Three marks from top to bottom: one catches the eye wherever a page is cut or folded."""
    em = measure(MARK, TextStyle(face="hei", size_mm=1, colour=_RED))
    size = round(_SHARE * page.width_mm / em.width_em, 3)
    style = TextStyle(face="hei", size_mm=size, colour=_RED)
    line = single_line(measure(MARK, style))
    left = (page.width_mm - line.width_em * size) / 2
    marks: list[GlyphRun] = []
    for share in (0.22, 0.52, 0.82):
        marks += runs(line, left, page.height_mm * share + 0.35 * size, style)
    frames = [frame for stamp in page.seals for frame in _frame(stamp)]
    return replace(page, items=(*page.items, *frames, *marks), seals=())


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


def draw_preview(folder: KindFolder, *, out: Path, record: str | None, record_name: str) -> dict[str, Any]:
    """Draw a record and leave ``preview.pdf``, ``preview.ofd`` and ``page-<n>.svg`` in ``out``.

    Args:
        record: the record's JSON; None takes the kind's first sample.
        record_name: what the findings call it.

    Returns:
        The child's answer: findings, the pages (role, size, file), the schema and the record as drawn.

    Raises:
        EngineError: the kind or the record cannot be drawn; nothing is written then.
    """
    kind = load_kind(folder.code)
    name = record_name
    facts: dict[str, Any] = {"schema": record_schema(kind), "name": kind.name}
    if record is None:
        samples = folder.samples()
        if not samples:
            return {"findings": to_json([Finding(
                code=FindingCode.DATA.value, file=f"{folder.code}/samples", zh="没有样例记录，请用 --record 给出一条",
                en="there is no sample record; give one with --record")]), **facts}
        name = f"{folder.code}/{samples[0]}"
        record = (folder.read(samples[0]) or b"").decode("utf-8", errors="replace")
    facts["record"] = _plain(record)
    try:
        licence = validate(read_record(record.encode("utf-8")), kind, lookup_hosts=(), drawable=drawable, demo=True)
    except RecordError as error:
        lines = {label: _line(record, label) for label in kind.labels}
        return {"findings": to_json(from_error(error, file=name, lines=lines)), **facts}
    document, layout = draw(licence)
    findings = Inspector(f"{folder.code}/pages.xml").inspect(document, layout, data=name)
    shown = marked(document)
    meta = PdfMeta(identifier=MARK, title=shown.title, author=MARK, record_sm3="", created=_EPOCH, notice=MARK)
    files = {"preview.pdf": write_plain_pdf(shown, meta=meta)}
    parts = write_ofd(shown, meta=OfdMeta(identifier=MARK, title=shown.title, author=MARK, created=_EPOCH, items=()),
                      attachments=(), sealed=False)
    files["preview.ofd"] = pack(parts.entries)
    pages = []
    for number, (svg, page) in enumerate(zip(page_svgs(shown), shown.pages, strict=True), 1):
        files[f"page-{number}.svg"] = svg.encode("utf-8")
        pages.append({"file": f"page-{number}.svg", "role": page.role, "width_mm": page.width_mm,
                      "height_mm": page.height_mm})
    for file, data in files.items():
        (out / file).write_bytes(data)
    return {"findings": to_json(findings), "pages": pages, **facts}


def _plain(record: str) -> Any:
    """The record as data; None where it is no JSON."""
    try:
        return json.loads(record)
    except (ValueError, RecursionError):
        return None


def _line(text: str, label: str) -> int:
    at = text.find(f'"{label}"')
    return text.count("\n", 0, at) + 1 if at >= 0 else 1

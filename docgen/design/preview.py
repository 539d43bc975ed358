"""``preview``: a kind drawn with one record, plainly marked, as PDF, OFD and SVG pages.

A preview is no licence: every page says so across its width and along its edges, no seal and no signature is in it, its
QR code says nothing, and its metadata name no licence. A verifier refuses both files (R-000-22).
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from codes.china_time import CHINA_TIME
from codes.errors import EngineError
from docgen.design.art_inspection import art_findings
from docgen.design.drawing import draw, template_lines
from docgen.design.findings import Finding, FindingCode, from_error, to_json
from docgen.design.folder import KindFolder
from docgen.design.inspection import Inspector
from docgen.design.marking import MARK, marked
from docgen.design.record_lines import record_findings
from docgen.design.records import SIZES, drawable, extreme_record
from docgen.design.svg_pages import page_svgs
from docgen.faults import RecordError
from docgen.ofd import OfdMeta, write_ofd
from docgen.package import pack
from docgen.page import Document
from docgen.pdf import PdfMeta, write_plain_pdf
from docgen.record import read_record, validate
from layouts import load_kind
from layouts.schema import record_schema

__all__ = ["draw_preview"]

_EPOCH = dt.datetime(2000, 1, 1, tzinfo=CHINA_TIME)


def draw_preview(folder: KindFolder, *, out: Path, record: str | None, record_name: str, data: str | None = None,
                 ) -> dict[str, Any]:
    """Draw a record and leave ``preview.pdf``, ``preview.ofd`` and ``page-<n>.svg`` in ``out``.

    Args:
        record: the record's JSON; None takes a sample of the kind.
        record_name: what the findings call it.
        data: which sample to take (``samples/example-2.json``, or ``example-2``), or ``short``, ``long``, ``empty``,
            ``rare``: data made of the record, as ``check`` draws them. None takes the record, or the first sample.

    Returns:
        The child's answer: findings, the pages (role, size, file), the schema and the record as drawn, which ``data``
        there are to choose from and which was drawn.

    Raises:
        KindError: the kind cannot be used; nothing is written then.
    """
    kind = load_kind(folder.code)
    samples = folder.samples()
    facts: dict[str, Any] = {"schema": record_schema(kind), "name": kind.name, "choices": [*samples, *SIZES],
                             "data": data or ("" if record is not None else next(iter(samples), ""))}
    sample = next((one for one in samples if data in (one, Path(one).stem)), None)
    if data is not None and sample is None and data not in SIZES:
        return _no_data(folder, facts, f"没有名为“{data}”的数据，可用：{'、'.join(facts['choices'])}",
                        f"there are no data {data}; choose one of {', '.join(facts['choices'])}")
    if record is None and not samples:
        return _no_data(folder, facts, "没有样例记录，请用 --record 给出一条",
                        "there is no sample record; give one with --record")
    name = record_name
    if record is None or sample is not None:
        chosen = sample or samples[0]
        name = f"{folder.code}/{chosen}"
        record = (folder.read(chosen) or b"").decode("utf-8", errors="replace")
    facts["record"] = _plain(record)
    try:
        values = read_record(record.encode("utf-8"))
        licence = validate(values, kind, lookup_hosts=(), drawable=drawable, demo=True)
        if data in SIZES:
            facts["record"], licence = extreme_record(kind, values, data)
    except RecordError as error:
        return {"findings": to_json(record_findings(error, record.encode("utf-8"), file=name)), **facts}
    try:
        document, layout = draw(licence)
    except EngineError as error:
        lines = template_lines(folder, kind)
        found = from_error(error, data=data or name, file=f"{folder.code}/pages.xml", lines=lines)
        return {"findings": to_json(found), **facts}
    findings = [*Inspector(f"{folder.code}/pages.xml").inspect(document, layout, data=data or name),
                *art_findings(kind.code, layout, data=data or name)]
    return {"findings": to_json(findings), "pages": _write(marked(document), out), **facts}


def _write(shown: Document, out: Path) -> list[dict[str, Any]]:
    """The files of a preview; its pages as data."""
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
    for file, content in files.items():
        (out / file).write_bytes(content)
    return pages


def _no_data(folder: KindFolder, facts: dict[str, Any], zh: str, en: str) -> dict[str, Any]:
    return {"findings": to_json([Finding(
        code=FindingCode.DATA.value, file=f"{folder.code}/samples", zh=zh, en=en)]), **facts}


def _plain(record: str) -> Any:
    """The record as data; None where it is no JSON."""
    try:
        return json.loads(record)
    except (ValueError, RecursionError):
        return None

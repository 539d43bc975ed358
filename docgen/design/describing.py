"""``list`` and ``show``: what the data of a kind say, for people and for programs.

Reads ``kind.json`` alone; no template is carried out.
"""

from __future__ import annotations

import json
from typing import Any

import layouts
from docgen.design.findings import DesignError, Finding, FindingCode, from_error
from docgen.design.folder import KindFolder, open_folder
from layouts import Kind, KindError, load_kind
from layouts.kind_faults import KindDataError
from layouts.loading import read_kind

__all__ = ["describe", "description", "kind_findings", "kind_in", "summaries"]


def kind_in(folder: KindFolder) -> Kind:
    """The kind in a folder.

    Raises:
        DesignError: ``design.json``, ``kind.json`` is larger than 4 MB; KindError: its data are wrong.
    """
    if not folder.own:
        return load_kind(folder.code)
    data = folder.read("kind.json")
    if data is None:
        file = f"{folder.code}/kind.json"
        raise DesignError(FindingCode.JSON, f"{file} 超过 4 MB", f"{file} is larger than 4 MB")
    return read_kind(folder.code, data)


def kind_findings(code: str, error: KindError) -> list[Finding]:
    """What the error of a kind's data says, each fault at its line of ``kind.json``."""
    if isinstance(error, KindDataError):
        return [Finding(code=error.code.value, zh=fault.zh, en=fault.en, file=error.file, line=line, field=fault.word)
                for line, fault in error.places]
    return from_error(error, file=f"{code}/kind.json")


def summaries() -> list[dict[str, Any]]:
    """Code, names and pages of every kind that is known here."""
    found = []
    for folder in map(open_folder, layouts.kinds()):
        kind = kind_in(folder)
        found.append({
            "code": kind.code, "name": kind.name, "name_en": kind.name_en, "version": kind.version,
            "pages": [face.role for face in kind.faces], "number_provisional": kind.number.provisional,
            "type_code_provisional": kind.type_code_provisional, "folder": str(folder.path)})
    return found


def description(folder: KindFolder) -> dict[str, Any]:
    """Everything that ``kind.json`` says, its shared parts put in, as plain data."""
    kind = kind_in(folder)
    return {
        "code": kind.code, "version": kind.version, "name": kind.name, "name_en": kind.name_en,
        "source": kind.source, "legal_basis": list(kind.legal_basis),
        "type_code": {"code": kind.type_code, "provisional": kind.type_code_provisional},
        "number": {"source": kind.number.source, "provisional": kind.number.provisional,
                   "parts": [_part(part) for part in kind.number.parts]},
        "validity": _period(kind.validity), "renewal": _period(kind.renewal), "statuses": list(kind.statuses),
        "roles": dict(kind.roles),
        "fields": [{"label": field.label, "format": field.format.value, "required": field.required,
                    "private": field.private, "max_length": field.max_length, "values": list(field.values),
                    "constant": field.constant, "metadata": field.metadata} for field in kind.fields],
        "faces": [{"role": face.role, "repeats": face.repeats, "qr": face.qr and kind.has_qr,
                   "seals": {"count": face.seals.count, "last_page_only": face.seals.last_page_only,
                             "straddle": face.seals.straddle},
                   "lines": [{"label": line.label, "text": _text(line)} for line in face.lines]}
                  for face in kind.faces],
        "samples": list(folder.samples()), "folder": str(folder.path),
    }


def _part(part: Any) -> dict[str, Any]:
    return {"name": part.name, "rule": part.rule.value, "length": part.length, "values": list(part.values)}


def _period(period: Any) -> dict[str, Any] | None:
    if period is None:
        return None
    names = ("years", "months", "days")
    return {"text": period.text, "source": period.source,
            **{name: getattr(period, name) for name in names if getattr(period, name, None) is not None}}


def _text(line: layouts.Line) -> str:
    return "".join(part.text if part.field is None else f"{{{part.field}}}" for part in line.parts)


def describe(folder: KindFolder) -> str:
    """The description for people, in Chinese with English heads."""
    data = description(folder)
    number = data["number"]
    out = [
        f"{data['code']}  {data['name']}  {data['name_en']}  ({data['version']})",
        f"来源 source: {data['source']}",
        f"法律依据 legal basis: {'；'.join(data['legal_basis'])}",
        f"类型代码 type code: {data['type_code']['code']}{_provisional(data['type_code']['provisional'])}",
        f"编号 number: {' + '.join(_part_text(part) for part in number['parts'])}"
        f"{_provisional(number['provisional'])}；{number['source']}",
        f"有效期 validity: {_period_text(data['validity'])}",
        f"延续 renewal: {_period_text(data['renewal'])}",
        f"状态 statuses: {'、'.join(data['statuses']) or '—'}",
        "字段 fields (* 必填 required, ~ 不公开 private):",
        *(f"  {'*' if field['required'] else ' '}{'~' if field['private'] else ' '}{field['label']}  "
          f"{field['format']}{_values(field)}" for field in data["fields"]),
    ]
    for face in data["faces"]:
        more = [word for word, holds in (("续页 repeats", face["repeats"]), ("二维码 QR", face["qr"]),
                                         (f"印章 seals {face['seals']['count']}", face["seals"]["count"]),
                                         ("骑缝章 straddle", face["seals"]["straddle"])) if holds]
        out.append(f"{face['role']} ({'，'.join(more)}):")
        out += [f"  {line['label']}｜{line['text']}" for line in face["lines"]]
    out.append(f"样例 samples: {'、'.join(data['samples']) or '—'}")
    out.append(f"目录 folder: {data['folder']}")
    return "\n".join(out)


def _provisional(holds: bool) -> str:
    return "（暂定 provisional）" if holds else ""


def _part_text(part: dict[str, Any]) -> str:
    values = f"={'/'.join(part['values'])}" if part["values"] else ""
    return f"{part['name']}{values}[{part['length']}]"


def _period_text(period: dict[str, Any] | None) -> str:
    return "—" if period is None else f"{period['text']}；{period['source']}"


def _values(field: dict[str, Any]) -> str:
    if field["constant"] is not None:
        return f" = {field['constant']}"
    return f" {json.dumps(field['values'], ensure_ascii=False)}" if field["values"] else ""

"""``check``: is a kind complete, and does it look right with every record it accepts?

Runs inside the contained child. The parts of the folder come first; then every sample and made records are drawn and
looked at.
"""

from __future__ import annotations

import re
from typing import Any

from docgen.design.describing import kind_findings
from docgen.design.drawing import Drawings, draw
from docgen.design.findings import Finding, FindingCode, to_json
from docgen.design.folder import KindFolder
from layouts import Kind, KindError, load_kind
from layouts.loading import changed_since_release
from layouts.schema import schema_bytes

__all__ = ["check_kind", "draw", "undecided"]

_UNDECIDED = re.compile(r'"(待定[^"/]*?)(?: / ([^"]*))?"')


def check_kind(folder: KindFolder, *, drawing_s: float) -> dict[str, Any]:
    """Everything that is wrong with a kind, as the child's answer."""
    findings = _parts(folder)
    drawn: list[str] = []
    notes = [] if findings else undecided(folder)
    if not findings:
        try:
            kind = load_kind(folder.code)
        except KindError as error:
            findings += kind_findings(folder.code, error)
        else:
            findings += _completeness(folder, kind) + _released(folder, kind)
            notes += _unprinted(folder, kind)
            drawings = Drawings(folder, kind, drawing_s=drawing_s)
            drawings.all()
            findings += _once(drawings.findings)
            notes += drawings.notes
            drawn = drawings.drawn
    return {"findings": to_json(findings), "drawn": drawn, "notes": to_json(notes)}


def _parts(folder: KindFolder) -> list[Finding]:
    """The files without which nothing else can be looked at."""
    data = folder.json("kind.json")
    if isinstance(data, Finding):
        return [data]
    file = f"{folder.code}/kind.json"
    if not isinstance(data, dict):
        return [Finding(code=FindingCode.JSON.value, zh="kind.json 应为 JSON 对象", en="kind.json is one JSON object",
                        file=file)]
    findings = []
    if data.get("code") != folder.code:
        findings.append(Finding(
            code=FindingCode.CODE.value, file=file, line=_key_line(folder, "code"), field="code",
            zh=f"code 应与目录同名，为“{folder.code}”", en=f"code must be “{folder.code}”, the folder's name"))
    if folder.read("pages.xml") is None:
        findings.append(_missing(f"{folder.code}/pages.xml", "缺少模板 pages.xml", "the template pages.xml is missing"))
    return findings


def undecided(folder: KindFolder) -> list[Finding]:
    """What the author still has to say: every text of kind.json that begins with 待定."""
    text = (folder.read("kind.json") or b"").decode("utf-8", errors="replace")
    return [Finding(code=FindingCode.UNDECIDED.value, zh=found[1], en=found[2] or "still to be decided",
                    file=f"{folder.code}/kind.json", line=text.count("\n", 0, found.start()) + 1)
            for found in _UNDECIDED.finditer(text)]


def _unprinted(folder: KindFolder, kind: Kind) -> list[Finding]:
    """Fields that every record must give and nobody sees: on no face, in no metadata, and nothing to the engine."""
    shown = {label for face in kind.faces for line in face.lines for label in line.fields}
    used = {one.field for one in kind.metadata} | set(kind.roles.values())
    return [Finding(
        code=FindingCode.UNPRINTED.value, field=field.label, file=f"{folder.code}/kind.json",
        line=_key_line(folder, "label", field.label),
        zh=f"必填项“{field.label}”不印在任何一面上，也不在元数据中，看证照的人见不到它",
        en=f"the required field {field.label} is printed on no face and stands in no metadata: no reader sees it")
        for field in kind.fields if field.required and field.label not in shown | used]


def _released(folder: KindFolder, kind: Kind) -> list[Finding]:
    """Whether verifiers have other data of this version already."""
    if not changed_since_release(folder.code):
        return []
    return [Finding(
        code=FindingCode.RELEASED.value, file=f"{folder.code}/kind.json", line=_key_line(folder, "version"),
        field="version", zh=f"版本 {kind.version} 已发布，现在的数据与之不同，核验会按已发布的判断；请提高 version",
        en=f"version {kind.version} was released with other data, by which verifiers judge: raise version")]


def _missing(file: str, zh: str, en: str, *, line: int = 1, field: str = "") -> Finding:
    return Finding(code=FindingCode.PART.value, zh=zh, en=en, file=file, line=line, field=field)


def _key_line(folder: KindFolder, key: str, value: str | None = None) -> int:
    text = (folder.read("kind.json") or b"").decode("utf-8", errors="replace")
    found = re.search(rf'"{re.escape(key)}"\s*:' + ("" if value is None else rf'\s*"{re.escape(value)}"'), text)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _completeness(folder: KindFolder, kind: Kind) -> list[Finding]:
    """What a kind must have to be used: a source of its validity, statuses, schema, samples."""
    findings: list[Finding] = []
    file = f"{folder.code}/kind.json"
    if "valid_to" in kind.roles and (kind.validity is None or not kind.validity.source):
        findings.append(_missing(file, "有效期没有依据：请填写 validity 的 text 与 source",
                                 "the validity has no source: give validity with text and source",
                                 line=_key_line(folder, "validity"), field="validity"))
    if not kind.statuses:
        findings.append(_missing(file, "没有写明证照可能的状态（statuses）",
                                 "the statuses that a licence may take are missing",
                                 line=_key_line(folder, "statuses"), field="statuses"))
    schema = folder.read("schema.json")
    if schema != schema_bytes(kind):
        stale = schema is not None
        findings.append(Finding(
            code=FindingCode.SCHEMA.value if stale else FindingCode.PART.value, file=f"{folder.code}/schema.json",
            zh=f"schema.json {'与 kind.json 不符' if stale else '缺失'}，请用 zhengyin kinds schema 重写",
            en=f"schema.json is {'not what kind.json gives' if stale else 'missing'}; run zhengyin kinds schema"))
    findings += [Finding(code=FindingCode.NAME.value, file=f"{folder.code}/{name}",
                         zh="文件名不是 UTF-8，没有绘制，请改名", en="its name is no UTF-8; not drawn. Rename it")
                 for name in folder.unnamed_samples()]
    if not folder.samples():
        findings.append(_missing(f"{folder.code}/samples", "没有样例记录（samples/*.json）",
                                 "there is no sample record (samples/*.json)"))
    return findings


def _once(findings: list[Finding]) -> list[Finding]:
    """The same fault at the same place once, with the first record that shows it."""
    seen: dict[tuple[str, str, int, str], Finding] = {}
    for finding in findings:
        seen.setdefault((finding.code, finding.file, finding.line, finding.field), finding)
    return list(seen.values())


"""What is wrong with a kind: one finding each, with the file, the line and the field where it can be mended."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from codes.errors import EngineError, Fault

__all__ = ["DesignError", "Finding", "FindingCode", "folded", "from_error", "memory_finding", "time_finding", "to_json"]

_ALIKE = 4                  # findings of one code in one file that are all told
_TOLD = 2                   # that are told of more


class FindingCode(enum.StrEnum):
    """Stable codes of what ``check`` and ``preview`` find by themselves; errors of the engine keep their own."""

    FOLDER = "design.no-folder"
    EXISTS = "design.exists"
    CODE = "design.code"
    JSON = "design.json"
    PART = "design.part-missing"
    SCHEMA = "design.schema-stale"
    DATA = "design.no-data"
    OVERFLOW = "design.overflow"
    OVERLAP = "design.overlap"
    UNDER_QR = "design.under-qr"
    ART = "design.art-size"
    QR_SMALL = "design.qr-small"
    QR_ART = "design.qr-over-art"
    QR_UNREAD = "design.qr-unread"
    UNDER_SEAL = "design.under-seal"
    TOO_SMALL = "design.too-small"
    CONTRAST = "design.contrast"
    PAGES = "design.too-many-pages"
    UNFILLED = "design.unfilled-table"
    TIME = "design.time"
    MEMORY = "design.memory"
    UNDECIDED = "design.undecided"
    UNPRINTED = "design.not-printed"
    RELEASED = "design.released"
    PORT = "design.port"
    OUT = "design.out-folder"
    RECORD = "design.record-unreadable"
    CANNOT = "design.cannot-draw"
    NAME = "design.file-name"
    BROKEN = "design.broken"


class DesignError(EngineError):
    """A designer's command that cannot be carried out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to mend.

    ``file`` is the file inside the kind's folder and ``line`` the line in it, from 1; ``field`` the label it concerns;
    ``data`` the record that shows it (a sample's name, or ``long``, ``short``, ``empty``, ``rare``).
    """

    code: str
    zh: str
    en: str
    file: str = ""
    line: int = 1
    field: str = ""
    data: str = ""

    @property
    def place(self) -> str:
        """``K0/pages.xml:12``; empty when no file is known."""
        return f"{self.file}:{self.line}" if self.file else ""


def from_error(error: EngineError, *, data: str = "", file: str = "", lines: Mapping[str, int] | None = None,
               ) -> list[Finding]:
    """Findings of an error of the engine: one for each fault that it carries, else one.

    Args:
        data: the record that was drawn.
        file: where the error is when it does not say so itself.
        lines: label → line of ``file``.
    """
    lines = lines or {}
    parts: tuple[EngineError, ...] = getattr(error, "parts", ())
    if parts:
        return [finding for part in parts for finding in from_error(part, data=data, file=file, lines=lines)]
    faults: tuple[Fault, ...] = getattr(error, "faults", ())
    if faults:
        return [Finding(code=fault.code, zh=fault.zh, en=fault.en, file=file, field=fault.field, data=data,
                        line=lines.get(fault.field.split("[")[0].split(".")[0], 1))
                for fault in faults]
    label = error.facts.get("label", "")
    own = error.facts.get("file")
    line = int(error.facts["line"]) if "line" in error.facts else lines.get(label or error.facts.get("role", ""), 1)
    zh, en = error.zh, error.en
    if own is not None:                                     # the finding says itself where it is
        zh = zh.removeprefix(f"{own} 第 {line} 行：").removesuffix(f"（{own} 第 {line} 行）")
        en = en.removeprefix(f"{own}, line {line}: ").removesuffix(f" ({own}, line {line})")
    return [Finding(code=error.code.value, zh=zh, en=en, file=own or file, line=line, field=label, data=data)]


def time_finding(file: str, line: int | None, seconds: float) -> Finding:
    """The finding for a drawing that took too long; ``line``: of the template, where it is known."""
    return Finding(
        code=FindingCode.TIME.value, file=file, line=line or 1,
        zh=f"绘制超过 {seconds:g} 秒，已停止；请检查此处的循环",
        en=f"drawing took more than {seconds:g} s and was stopped; look at the loop here")


def memory_finding(file: str, *, data: str = "") -> Finding:
    """The finding for a drawing that took too much memory."""
    return Finding(
        code=FindingCode.MEMORY.value, file=file, data=data, zh="绘制需要的内存超过上限，已停止",
        en="drawing needs more memory than the limit and was stopped")


def to_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Findings as plain data."""
    return [asdict(finding) for finding in findings]


def folded(findings: Sequence[Finding]) -> list[Finding]:
    """Findings for people: of many that one fault of the design makes (text after text on a dark ground) the first."""
    alike = Counter((finding.code, finding.file) for finding in findings if finding.code.startswith("design."))
    told: Counter[tuple[str, str]] = Counter()
    kept = []
    for finding in findings:
        key = (finding.code, finding.file)
        told[key] += 1
        if alike[key] > _ALIKE and told[key] == _TOLD:
            more = alike[key] - _TOLD
            finding = replace(finding, zh=f"{finding.zh}；另有 {more} 处同类",
                              en=f"{finding.en}; and {more} more of this kind")
        if alike[key] <= _ALIKE or told[key] <= _TOLD:
            kept.append(finding)
    return kept

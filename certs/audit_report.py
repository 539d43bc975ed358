"""What the check of an exported audit log says: findings with their weight, and one verdict."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from certs.canonical_json import JSON
from certs.moments import write_moment
from certs.untrusted_files import printable

__all__ = ["TABLE", "AuditReport", "Finding", "Findings", "LogSummary", "Verdict", "Weight"]

_KEPT: Final = 20
"""Findings of one code in one log that are kept singly; the rest are counted."""


class Weight(enum.StrEnum):
    """How much a finding weighs."""

    BROKEN = "broken"            # a change or contradiction is shown
    UNKNOWN = "unknown"          # a doubt is left
    NOTE = "note"


class Verdict(enum.StrEnum):
    """The one answer."""

    WHOLE = "whole"
    BROKEN = "broken"
    UNKNOWN = "unknown"


# code → (weight, Chinese, English); the places are filled from the facts of the finding.
TABLE: Final[dict[str, tuple[Weight, str, str]]] = {
    "audit.bad-line": (
        Weight.BROKEN, "第 {line} 行不是规定的条目（被改动、截断或过长）",
        "line {line} is no proper entry (changed, cut or too long)"),
    "audit.other-log": (
        Weight.BROKEN, "第 {line} 行属于另一个日志", "line {line} belongs to another log"),
    "audit.changed": (
        Weight.BROKEN, "第 {number} 条的内容与其摘要不符，已被改动",
        "entry {number} does not have its digest: it was changed"),
    "audit.removed": (
        Weight.BROKEN, "第 {first} 至 {last} 条缺失", "entries {first} to {last} are missing"),
    "audit.out-of-order": (
        Weight.BROKEN, "第 {number} 条位置不对（被移动、重复或插入）",
        "entry {number} stands in the wrong place (moved, repeated or put in)"),
    "audit.broken-link": (
        Weight.BROKEN, "第 {number} 条不接在前一条之后，其间有条目被替换",
        "entry {number} does not follow from the one before: one of them was replaced"),
    "audit.contradicted": (
        Weight.BROKEN, "第 {number} 条与检查点 {sequence} 所签的不同，此前的条目被重写",
        "entry {number} is not the one that checkpoint {sequence} signed: what stands before it was rewritten"),
    "audit.cut": (
        Weight.BROKEN, "日志止于第 {last} 条，而检查点 {sequence} 签到第 {number} 条，末尾被截去",
        "the log ends at entry {last} but checkpoint {sequence} signed up to {number}: its end was cut off"),
    "audit.log-missing": (
        Weight.BROKEN, "检查点 {sequence} 签有此日志，而导出中没有",
        "checkpoint {sequence} names this log, which is not there"),
    "audit.checkpoint-bad": (
        Weight.BROKEN, "检查点文件 {file} 不成立（{zh}）", "the checkpoint {file} does not hold ({en})"),
    "audit.checkpoint-missing": (
        Weight.BROKEN, "检查点 {sequence} 缺失或被替换", "checkpoint {sequence} is missing or was replaced"),
    "audit.not-a-file": (
        Weight.BROKEN, "{file} 不是规定的文件，或读不出来", "{file} is not a file as it must be, or cannot be read"),
    "audit.strange-file": (
        Weight.BROKEN, "{file} 不属于审计日志的导出", "{file} does not belong to an export of audit logs"),
    "audit.empty": (
        Weight.BROKEN, "此处没有任何日志", "there is no log here"),
    "audit.checkpoint-newer": (
        Weight.UNKNOWN,
        "{file} 是检查点 {sequence}，导出止于检查点 {last}：可能只是导出较早，也可能末尾被截去，请重新导出再核对",
        "{file} is checkpoint {sequence} and the export ends at {last}: the export may only be older, or its end was "
        "cut off; have a new one made and compare that"),
    "audit.checkpoint-untrusted": (
        Weight.UNKNOWN, "检查点 {file} 的签署证书不能确认：{zh}",
        "the certificate that signed checkpoint {file} cannot be confirmed: {en}"),
    "audit.checkpoint-signer": (
        Weight.UNKNOWN, "检查点 {file} 不是由审计证书（OU={unit}）签署，或由另一单位的签署",
        "checkpoint {file} was not signed by an audit certificate (OU={unit}), or by another organisation's"),
    "audit.no-checkpoint": (
        Weight.UNKNOWN, "没有可信的检查点：末尾是否被截、全部是否被重写，无法确定",
        "there is no checkpoint to rely on: whether the end was cut or all of it rewritten cannot be said"),
    "audit.unsigned-tail": (
        Weight.UNKNOWN, "第 {first} 条以后尚无检查点签署，这一段是否被重写或截去无法确定",
        "no checkpoint has signed entry {first} and what follows: whether that was rewritten or cut cannot be said"),
    "audit.time": (
        Weight.NOTE, "第 {number} 条的时间早于前一条", "entry {number} bears an earlier time than the one before"),
    "audit.own-anchors": (
        Weight.NOTE, "以导出自带的根证书核验，请与证书机构公布的核对，SM3 {fingerprint}",
        "checked by a root that came with the export; compare it with what the authority publishes, SM3 {fingerprint}"),
    "audit.demo": (
        Weight.NOTE, "根证书是演示用的，不具法律效力", "the root is a demonstration's and has no legal effect"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found; ``log`` is empty where it is about no single log."""

    code: str
    log: str
    zh: str
    en: str

    @property
    def weight(self) -> Weight:
        """How much it weighs."""
        return TABLE[self.code][0]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSummary:
    """What one log holds: entries read, the last number that a trusted checkpoint signed, its first and last time."""

    log: str
    entries: int
    signed_to: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """The result of a check.

    Attributes:
        more: code → how many further findings of it were only counted.
        checkpoints: how many trusted checkpoints were used; signer: the subject of the newest one's certificate.
    """

    findings: tuple[Finding, ...]
    more: dict[str, int]
    logs: tuple[LogSummary, ...]
    checkpoints: int
    signer: str

    @property
    def verdict(self) -> Verdict:
        """Broken when anything is shown to be; whole only when nothing is left in doubt."""
        weights = {finding.weight for finding in self.findings}
        if Weight.BROKEN in weights:
            return Verdict.BROKEN
        return Verdict.UNKNOWN if Weight.UNKNOWN in weights or not self.logs else Verdict.WHOLE

    def to_json(self) -> dict[str, JSON]:
        """Return the report for programs."""
        return {
            "verdict": self.verdict.value, "checkpoints": self.checkpoints, "signer": self.signer,
            "logs": [{
                "log": one.log, "entries": one.entries, "signedTo": one.signed_to,
                "first": None if one.first_at is None else write_moment(one.first_at),
                "last": None if one.last_at is None else write_moment(one.last_at)} for one in self.logs],
            "findings": [{
                "code": one.code, "weight": one.weight.value, "log": one.log, "zh": one.zh, "en": one.en}
                for one in self.findings],
            "more": dict(self.more),
        }


@dataclass(slots=True)
class Findings:
    """Collects findings, so many of a kind and no more."""

    kept: list[Finding] = field(default_factory=list)
    more: dict[str, int] = field(default_factory=dict)
    _counts: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, code: str, log: str = "", /, **facts: object) -> None:
        """Note a finding of :data:`TABLE`."""
        count = self._counts[code, log] = self._counts.get((code, log), 0) + 1
        if count > _KEPT:
            self.more[code] = self.more.get(code, 0) + 1
            return
        _, zh, en = TABLE[code]
        shown = {name: printable(fact) for name, fact in facts.items()}
        self.kept.append(Finding(code=code, log=log, zh=zh.format(**shown), en=en.format(**shown)))

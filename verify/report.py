"""The report: two answers, then each check with its reason, who sealed, what is covered, whom we trusted."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from certs.sm3 import sm3
from verify.covered import Coverage, CoveredEntry, LoosePart, plain_box
from verify.model import EvidenceStanding, Finding, Reason, SealStanding, Severity, SignatureEvidence, Verdict
from verify.reason_table import CHECK_NAMES
from verify.reasons import clean
from verify.report_text import text_lines
from verify.report_words import DEMO, VERDICTS, seal_words
from verify.status import Status, local_time

__all__ = [
    "Anchor",
    "Check",
    "Coverage",
    "CoveredEntry",
    "FileFacts",
    "LicenceData",
    "LoosePart",
    "Report",
]

SCHEMA: Final = "urn:zhengyin:verification-report:1"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """The file looked at. ``kind`` is ``ofd``, ``pdf``, ``large``, ``unknown``; ``own``: it has our form."""

    name: str
    kind: str
    size: int
    data: bytes = field(repr=False, compare=False)
    own: bool = False

    @property
    def sm3(self) -> str:
        """SM3 of the file, hex; "" when it was too large to be read."""
        return sm3(self.data).hex() if len(self.data) == self.size else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: ``result`` is passed, failed, indeterminate or not-done."""

    name: str
    result: str
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A trusted anchor that a chain ended at; ``purpose`` says for what."""

    name: str
    fingerprint: str                     # SM3 of the DER, hex
    purpose: str
    demo: bool


FieldValue = str | tuple[str, ...] | tuple[Mapping[str, str], ...]
"""A text, several texts, or the rows of a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceData:
    """The licence as the file holds it. ``proven`` only in a genuine file. Private fields are left out."""

    kind: str
    identifier: str
    fields: Mapping[str, FieldValue]
    metadata: tuple[tuple[str, str], ...]
    withheld: tuple[str, ...]            # labels of private fields that the file holds
    proven: bool
    headline: tuple[tuple[str, str], ...] = ()      # holder, its code, number, authority: label, value


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The result of ``verify()``. ``findings`` hold notes too; ``reasons`` are those of the verdict."""

    verdict: Verdict
    file: FileFacts
    findings: tuple[Finding, ...]
    signatures: tuple[SignatureEvidence, ...]
    coverage: Coverage
    licence: LicenceData | None
    status: Status
    checks: tuple[Check, ...]
    anchors: tuple[Anchor, ...]
    checked_at: dt.datetime
    demo: bool = False                   # a chain leads to a demonstration's anchor
    trust_name: str = ""
    require_status: bool = False
    evidence: EvidenceStanding | None = None     # None: no evidence record was given

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """All reasons, those that weigh most first."""
        order = {Severity.INVALID: 0, Severity.INDETERMINATE: 1, Severity.NOTE: 2}
        found = sorted(self.findings, key=lambda each: order[each.severity])
        return tuple(dict.fromkeys(each.reason for each in found))

    @property
    def words(self) -> tuple[str, str]:
        """The file's verdict in Chinese and English."""
        return VERDICTS[self.verdict]

    def weighs(self, reason: Reason) -> bool:
        """Whether a reason keeps the file from being genuine (a note does not)."""
        return any(each.reason == reason and each.severity is not Severity.NOTE for each in self.findings)

    @property
    def exit_code(self) -> int:
        """0 yes, 1 either answer is no, 3 cannot say, 4 not such a file."""
        if self.file.kind == "unknown":
            return 4
        if self.verdict is Verdict.INVALID or self.status.is_no:
            return 1
        if self.verdict is Verdict.INDETERMINATE or not self.file.own:
            return 3                     # a genuine file of another form is no licence that can be read
        return 3 if self.require_status and self.status.register == "unknown" else 0

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values, for JSON."""
        return {
            "schema": SCHEMA,
            "verdict": self.verdict.value,
            "verdict_zh": self.words[0],
            "verdict_en": self.words[1],
            "exit_code": self.exit_code,
            "demo": self.demo,
            "notice": dict(zip(("zh", "en"), DEMO, strict=True)) if self.demo else None,
            "file": {"name": clean(self.file.name), "kind": self.file.kind, "size": self.file.size,
                     "sm3": self.file.sm3, "own": self.file.own},
            "checked_at": _time(self.checked_at),
            "trust": clean(self.trust_name),
            "reasons": [_reason(reason) for reason in self.reasons],
            "findings": [{**_reason(found.reason), "severity": found.severity.value, "where": found.where}
                         for found in self.findings],
            "checks": [{"name": check.name, "zh": CHECK_NAMES[check.name][0],
                        "en": CHECK_NAMES[check.name][1], "result": check.result,
                        "reasons": [_reason(reason) for reason in check.reasons]} for check in self.checks],
            "signatures": [_signature(signature, self.coverage) for signature in self.signatures],
            "coverage": self.coverage.to_dict(),
            "anchors": [{"name": clean(anchor.name), "fingerprint_sm3": anchor.fingerprint,
                         "purpose": anchor.purpose, "demo": anchor.demo} for anchor in self.anchors],
            "evidence": _evidence(self.evidence),
            "licence": _licence(self.licence),
            "status": {"code": self.status.state.value, "zh": self.status.zh, "en": self.status.en,
                       "first_day": _day(self.status.first_day), "last_day": _day(self.status.last_day),
                       "register": self.status.register},
        }

    def to_json(self) -> str:
        """The report as JSON (UTF-8, indented)."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def to_text(self) -> str:
        """The report for a terminal, Chinese first."""
        return "\n".join(text_lines(self)) + "\n"

    def to_line(self) -> str:
        """The report in one line: the verdict, the licence's state where the file proves it, the first reason."""
        zh, en = ("不是 OFD、PDF 或照片", "neither OFD, PDF nor photo") if self.file.kind == "unknown" else self.words
        status = f" · {self.status.zh} / {self.status.en}" if self.verdict is Verdict.VALID else ""
        first = next((f" · {reason.zh} / {reason.en} [{reason.code}]" for reason in self.reasons
                      if self.weighs(reason) or reason.code == "status.not-asked"), "")
        return f"{zh} / {en}{status}{first}"


def _reason(reason: Reason) -> dict[str, str]:
    return {"code": reason.code, "zh": reason.zh, "en": reason.en}


def _time(moment: dt.datetime | None) -> str | None:
    return None if moment is None else local_time(moment)


def _day(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()


def _signature(signature: SignatureEvidence, coverage: Coverage) -> dict[str, Any]:
    """One signature as plain values."""
    covers = coverage.under(signature.id) if signature.id else {}
    return {
        "id": clean(signature.id),
        "covers": {standing: [clean(entry.name) for entry in entries] for standing, entries in covers.items()},
        "stamps": [{"page": stamp.page, "box_mm": plain_box(stamp.box)} for stamp in signature.stamps],
        "kind": signature.kind, "indication": signature.indication,
        "sub_indication": signature.sub_indication, "signer": clean(signature.signer),
        "organisation": clean(signature.organisation),
        "organisation_code": clean(signature.organisation_code),
        "certificate_sm3": signature.certificate_fingerprint, "claimed_at": _time(signature.claimed_at),
        "proven_at": _time(signature.proven_at), "anchor": clean(signature.anchor),
        "anchor_sm3": signature.anchor_fingerprint, "algorithm": signature.algorithm,
        "seal": _standing(signature.seal),
        "reasons": [_reason(reason) for reason in dict.fromkeys(signature.reasons)],
    }


def _evidence(told: EvidenceStanding | None) -> dict[str, Any] | None:
    """What an evidence record proves, as plain values."""
    if told is None:
        return None
    return {
        "code": told.code, "zh": told.zh, "en": told.en, "holds": told.holds, "used": told.used,
        "proven_at": _time(told.proven_at),
        "steps": [{"time": _time(step.gen_time), "judged_at": _time(step.judged_at), "authority": clean(step.authority),
                   "digest": step.digest, "signature": step.signature, "code": step.code, "ok": step.ok,
                   "rehashed": step.rehashed} for step in told.steps],
    }


def _standing(seal: SealStanding | None) -> dict[str, Any] | None:
    """What the status list says of a seal, as plain values."""
    if seal is None:
        return None
    zh, en = seal_words(seal)
    return {
        "id": clean(seal.seal_id), "state": seal.state, "zh": zh, "en": en, "since": _time(seal.since),
        "until": _time(seal.until), "list": None if seal.list_sequence is None else {
            "sequence": seal.list_sequence, "published": _time(seal.list_published),
            "next_update": _time(seal.list_until)},
    }


def _licence(licence: LicenceData | None) -> dict[str, Any] | None:
    """The licence's data as plain values."""
    if licence is None:
        return None
    return {
        "kind": clean(licence.kind), "identifier": clean(licence.identifier), "proven": licence.proven,
        "fields": {label: [dict(one) if isinstance(one, Mapping) else one for one in value]
                   if isinstance(value, tuple) else value
                   for label, value in licence.fields.items()},
        "metadata": dict(licence.metadata), "withheld": list(licence.withheld),
    }

"""The way through one file: which checks run, in which order, and what must have come to its end.

A check that throws, for whatever reason, is a check that did not come to its end: the file is then never
called genuine.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from certs.carried import Carried
from certs.trust import DEMO_MARK, Trust
from certs.x509 import Certificate
from codes.identifier import Identifier
from codes.qr_payload import QrClaims
from layouts import Kind, Table
from verify.agree import kind_of, role_value, withheld
from verify.chains import Judge
from verify.model import EvidenceStanding, Finding, PageView, Severity, SignatureEvidence, Verdict
from verify.reasons import Findings, Refusal, finding
from verify.record import RecordData, Value, read_record
from verify.report import Check, Coverage, FieldValue, FileFacts, LicenceData, Report
from verify.status import LicenceState, Status, licence_status

__all__ = ["Case", "RecordCase", "guarded", "read_case"]

_HEADLINE: Final = ("holder_name", "holder_code", "number", "issuer_name")
_RESULTS: Final = {Verdict.VALID: "passed", Verdict.INVALID: "failed", Verdict.INDETERMINATE: "indeterminate"}


@dataclass(slots=True, kw_only=True)
class RecordCase:
    """A record that could be read, with its kind."""

    data: bytes
    record: RecordData
    kind: Kind | None
    identifier: Identifier | None = None


@dataclass(slots=True, kw_only=True)
class Case:
    """One file under examination; filled step by step, then told as a :class:`Report`."""

    name: str
    kind: str                            # ofd, pdf
    data: bytes
    at: dt.datetime
    clock_now: dt.datetime
    trust: Trust | None
    unusable: Finding | None = None      # why the trust folder that was named cannot be used
    demanded: tuple[str, ...]
    found: Findings = field(default_factory=Findings)
    judge: Judge = field(init=False)
    own: bool = False
    ends_early: bool = False             # a finding says why the checks that did not run have nothing to look at
    signatures: list[SignatureEvidence] = field(default_factory=list)
    coverage: Coverage = field(default_factory=lambda: Coverage(complete=False))
    record: RecordCase | None = None
    claims: QrClaims | None = None       # of a photo, whose code is all that can be read
    claims_proven: bool = False
    pages: Sequence[PageView] = ()
    evidence: EvidenceStanding | None = None     # of a record beside the file
    depth: int = 0                       # 1 for an earlier document inside another

    def __post_init__(self) -> None:
        against = () if self.trust is None else self.trust.against
        self.judge = Judge(trust=self.trust, at=self.at, clock_now=self.clock_now, found=self.found,
                           carried=Carried(against=against))

    @property
    def font_packs(self) -> Mapping[str, bytes]:
        """Tables of outlines that the trust folder has for fonts of packs."""
        return self.trust.font_outlines if self.trust else {}

    def report(self, require_status: bool) -> Report:
        """Everything found, as a report. Valid only when every demanded check came to a good end."""
        verdict = self.found.verdict()
        for check in self.found.unfinished(self.demanded):
            if not self.ends_early and not self.found.of(check):
                self.found.begin(check)
                self.found.add("file.broken-off", check, check=check)
        if verdict is Verdict.VALID and self.found.unfinished(self.demanded):
            verdict = Verdict.INDETERMINATE
        status = self._status(verdict)
        if require_status and verdict is Verdict.VALID and self.own and status.register == "unknown" and (
                not status.is_no):
            self.found.begin("")
            self.found.add("status.not-asked")
        if self.found.left_out and verdict is not Verdict.VALID:
            self.found.tell(finding("file.more", count=self.found.left_out))
        return Report(
            verdict=verdict, findings=self.found.all(), signatures=tuple(self.signatures),
            file=FileFacts(name=self.name, kind=self.kind, size=len(self.data), data=self.data,
                           own=self.own),
            coverage=self.coverage, licence=self._licence(verdict), status=status,
            checks=tuple(self._check(name) for name in self.demanded) + self._evidence_check(),
            anchors=tuple(self.judge.anchors.values()), checked_at=self.at, demo=self.judge.demo,
            trust_name=self.trust.name if self.trust else "", require_status=require_status,
            evidence=self.evidence)

    def without_trust(self) -> None:
        """Say that nothing can be trusted, and why."""
        if self.trust is None:
            self.found.keep(self.unusable or finding("trust.none"))

    def demonstration(self, certificates: Iterable[Certificate]) -> None:
        """Say that a trusted anchor is a demonstration's, or that certificates of no trusted anchor claim to be."""
        if self.judge.demo:
            self.found.add("trust.demo")
            return
        for certificate in certificates:
            if DEMO_MARK in certificate.issuer_text:
                self.found.add("trust.demo-claimed", issuer=certificate.issuer_text)
                return

    def _check(self, name: str) -> Check:
        """The result of one check: notes weigh nothing."""
        findings = self.found.of(name)
        result = "not-done"
        if self.found.finished(name) or findings:
            result = _RESULTS[_weight(findings)]
        if result == "passed" and not self.found.finished(name):
            result = "not-done"
        return Check(name=name, result=result, reasons=tuple(dict.fromkeys(f.reason for f in findings)))

    def _evidence_check(self) -> tuple[Check, ...]:
        """The check of the record beside the file; one that does not hold is never told as passed."""
        if self.evidence is None:
            return ()
        check = self._check("evidence")
        return (check if self.evidence.holds else dataclasses.replace(check, result="indeterminate"),)

    def _licence(self, verdict: Verdict) -> LicenceData | None:
        """The data of the record, private fields left out; of a photo what its code says."""
        if self.claims is not None:
            return _claimed(self.claims, proven=self.claims_proven)
        if self.record is None:
            return None
        record, kind = self.record.record, self.record.kind
        hidden = set(withheld(kind, record)) if kind else set(record.values)
        return LicenceData(
            kind=record.kind, identifier=record.identifier,
            fields={label: _plain(kind, label, value) for label, value in record.values.items()
                    if kind and label not in hidden},
            headline=tuple((kind.roles[role], role_value(kind, record, role)) for role in _HEADLINE
                           if kind and role in kind.roles and kind.roles[role] not in hidden),
            metadata=record.metadata, withheld=tuple(sorted(hidden)), proven=verdict is Verdict.VALID)

    def _status(self, verdict: Verdict) -> Status:
        """The licence's state by the dates it prints; a file that is not genuine has none."""
        if verdict is Verdict.INVALID:
            return Status(state=LicenceState.UNKNOWN, answered=False)
        if self.claims is not None:
            first, last, extended = (str(day) if day else None for day in (
                self.claims.valid_from, self.claims.valid_to, self.claims.extended_to))
            return licence_status(first, last, extended, self.at)
        if self.record is None or self.record.kind is None:
            return Status(state=LicenceState.UNKNOWN)
        first, last, extended = (role_value(self.record.kind, self.record.record, role)
                                 for role in ("valid_from", "valid_to", "extended_to"))
        return licence_status(first, last, extended, self.at)


def _claimed(claims: QrClaims, *, proven: bool) -> LicenceData:
    """What a code says, by the labels of its claims; the digests in it say nothing to a reader."""
    values = {
        "证照流水号": claims.serial, "持证主体": claims.holder, "持证主体代码": claims.uscc,
        "发证机关代码": claims.authority_code,
        "发证日期": claims.issued, "有效期起始日期": claims.valid_from, "有效期截止日期": claims.valid_to,
        "有效期延续至": claims.extended_to, "版本": claims.version,
    }
    fields = {label: str(value) for label, value in values.items() if value is not None}
    return LicenceData(kind="", identifier="", fields=fields, headline=tuple(fields.items()), metadata=(), withheld=(),
                       proven=proven)


def _plain(kind: Kind, label: str, value: Value) -> FieldValue:
    """A value for the report; of a table each row as column → text, private columns left out."""
    if not isinstance(value, Table):
        return value
    columns = kind.field(label).columns if label in kind.labels else ()
    return tuple(
        {column.label: cell for column, cell in zip(columns, row, strict=False)
         if cell is not None and not column.private}
        for row in value.rows)


def _weight(findings: Sequence[Finding]) -> Verdict:
    severities = {found.severity for found in findings}
    if Severity.INVALID in severities:
        return Verdict.INVALID
    return Verdict.INDETERMINATE if Severity.INDETERMINATE in severities else Verdict.VALID


def guarded(case: Case, check: str, step: Callable[[], None]) -> None:
    """Run one check. A refusal, or whatever a parser throws on hostile bytes, is a finding."""
    case.found.begin(check)
    try:
        step()
    except Refusal as refusal:
        case.found.refuse(refusal)
    except Exception as error:           # hostile bytes may break any parser in any way
        case.found.add("file.unreadable-part", check, check=check, kind=type(error).__name__)
    else:
        case.found.end(check)


def read_case(case: Case, data: bytes, where: str) -> None:
    """Read a record and look up its kind.

    Raises:
        Refusal: the record cannot be read.
    """
    record = read_record(data, where)
    case.record = RecordCase(data=data, record=record, kind=None)
    case.record.kind = kind_of(record, case.found)

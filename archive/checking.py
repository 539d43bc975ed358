"""Is a package whole, and what does it prove today? From its folder alone, and what a verifier believes.

Whole: every file has the digests of the manifest, nothing else lies there, and an evidence record shows when the
manifest existed. The original is verified as any file is, with its own record beside it; the copies are held against
it. A package is good only where each of these steps came to a good end.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from archive.cover import ADDED, cover_faults
from archive.errors import told_by_name
from archive.findings import Found, found
from archive.lapse import Lapse, lapse_of
from archive.layout import (
    MANIFEST,
    MANIFEST_RECORD,
    METADATA,
    ORIGINAL_RECORD,
    RECORD,
    PackageFiles,
    is_mutable,
    ofda_name,
    original_name,
    read_package,
    rendition_name,
)
from archive.manifest import Manifest
from archive.metadata import told_files
from archive.ofda_check import differences
from archive.pades import pdf_due
from archive.snapshot import KINDS, snapshot_trust, unreadable
from certs.carried import NOTHING_CARRIED, Carried
from certs.chain import SubIndication
from certs.evidence import EvidenceResult, judge_evidence
from certs.evidence_build import Material, due
from certs.evidence_record import EvidenceRecord
from certs.strength import STRONG, Strength
from certs.trust import Trust
from codes.china_time import time_en, time_zh
from codes.errors import EngineError
from layouts import kinds
from verify.attachments import carried_answers, carried_lists
from verify.entry import verify_source
from verify.model import Severity, Verdict
from verify.online import Chain, Fresh
from verify.reasons import Refusal
from verify.report import Report
from verify.zip import read_zip

__all__ = ["Believer", "PackageReport", "check_files", "check_package", "due_of", "whole"]

Believer = Callable[[Trust | None], Trust | None]
"""Makes of the trust inside a package what is believed of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageReport:
    """The answer on one package.

    Attributes:
        intact: whether all files are those of the day of archiving, whatever is still proven of them.
        existed_at: from when the package is proven to have existed.
        lapse: the end of evidence that proves no time any more.
        due: when its evidence has to be renewed at the latest.
        original, rendition: the verifier's reports; None where the file is not there.
    """

    identifier: str
    findings: tuple[Found, ...]
    intact: bool
    existed_at: dt.datetime | None = None
    lapse: Lapse | None = None
    due: dt.datetime | None = None
    original: Report | None = None
    rendition: Report | None = None

    @property
    def verdict(self) -> Verdict:
        """真实 where everything holds, 不真实 where something was changed, else 无法确定."""
        weights = {each.severity for each in self.findings}
        if Severity.INVALID in weights:
            return Verdict.INVALID
        complete = self.original is not None and self.rendition is not None and self.existed_at is not None
        return Verdict.VALID if complete and Severity.INDETERMINATE not in weights else Verdict.INDETERMINATE


def check_package(folder: Path, *, believe: Believer, at: dt.datetime) -> PackageReport:
    """Check a package.

    Args:
        believe: what the verifier makes of the trust inside it: :func:`archive.snapshot.believed` by named anchors, or
            :func:`archive.snapshot.with_snapshot` beside a trust folder of their own.
        at: the present (aware).

    Raises:
        ArchiveError: ``archive.unknown``: there is no such package.
    """
    return check_files(read_package(folder), believe=believe, at=at)


def check_files(package: PackageFiles, *, believe: Believer, at: dt.datetime,
                fresh: Fresh | None = None) -> PackageReport:
    """Check a package that was read, as :func:`check_package` does: what is told is told of these very bytes.

    Args:
        fresh: what CAs were asked for it; gets the chains that were judged.
    """
    fresh = fresh or Fresh()
    try:
        with told_by_name(package.folder.name):
            check = _Check(package, believe, at, fresh)
            report = check.report()
    except EngineError as error:
        return PackageReport(identifier=package.folder.name, intact=False,
                             findings=(found("package.unread", zh=error.zh, en=error.en),))
    fresh.seen(list(dict.fromkeys(check.paths)))
    fresh.left_out += check.left_out
    return report


def whole(package: PackageFiles) -> tuple[Manifest | None, list[Found]]:
    """The manifest, and what in the folder is not as it was archived."""
    told = [found("package.left-over", name=odd.name) if odd.what == "left-over" else
            found("package.odd", name=odd.name, what=odd.what) for odd in package.odd]
    data = package.files.get(MANIFEST)
    if data is None:
        return None, [*told, found("package.missing", name=MANIFEST)]
    manifest = Manifest.parse(data)
    if manifest is None or manifest.identifier != package.folder.name:
        return None, [*told, found("package.manifest")]
    told += [found(f"package.{fault.what}", name=fault.name) for fault in manifest.faults(package.files)]
    told += [found("package.extra", name=name) for name in package.files if is_mutable(name) and name not in (
        MANIFEST_RECORD, ORIGINAL_RECORD) and not name.startswith(ADDED)]
    told += [found("package.missing", name=name) for name in (
        original_name(manifest.identifier), rendition_name(manifest.identifier), ofda_name(manifest.identifier), RECORD,
        METADATA) if name not in manifest.files]
    told += [found("package.other-kind", name=name) for name in package.files
             if name.startswith(KINDS) and not name.startswith(f"{KINDS}{manifest.kind}/")]
    return manifest, told + cover_faults(package.files, manifest.identifier)


def due_of(files: Mapping[str, bytes], identifier: str, material: Material,
           strength: Strength = STRONG) -> dt.datetime | None:
    """When the evidence of a package has to be renewed; None where some of it cannot be read.

    Args:
        material: certificates of authorities that the tokens may not carry.
        strength: from when algorithms are weak.
    """
    try:
        moments = [due(files[name], material=material, strength=strength)
                   for name in (MANIFEST_RECORD, ORIGINAL_RECORD)]
        last = pdf_due(files[rendition_name(identifier)], material, strength=strength)
    except (EngineError, KeyError):
        return None
    return None if last is None else min(*moments, last)


class _Check:
    """One package under examination."""

    def __init__(self, package: PackageFiles, believe: Believer, at: dt.datetime, fresh: Fresh) -> None:
        self.package, self.files, self.at = package, package.files, at
        self.identifier = package.folder.name
        self.manifest, self.found = whole(package)
        self.intact = all(each.severity is Severity.NOTE for each in self.found)
        snapshot = snapshot_trust(self.files)
        if snapshot is None:
            self.found.append(found("package.trust"))
        self.found += [found("package.trust-unread", name=name) for name in unreadable(self.files)]
        trust = believe(snapshot)
        self.trust = None if trust is None else fresh.added_to(trust)
        self.paths: list[Chain] = []
        self.left_out = 0
        self.material = _material(self.trust, snapshot)
        self.lapse: Lapse | None = None

    def report(self) -> PackageReport:
        """All steps."""
        existed = self.evidence(MANIFEST_RECORD, MANIFEST)
        original_at = self.evidence(ORIGINAL_RECORD, original_name(self.identifier))
        self.known_kind()
        original = self.verified(original_name(self.identifier), "package.original",
                                 evidence=self.files.get(ORIGINAL_RECORD) if original_at else None)
        rendition = self.verified(rendition_name(self.identifier), "package.rendition",
                                  beside=_riding(self.files.get(original_name(self.identifier)), original_at))
        self.copies()
        last = due_of(self.files, self.identifier, self.material, self.trust.strength if self.trust else STRONG)
        if last is not None and last < self.at and self.lapse is None:
            self.found.append(found("package.due", zh=time_zh(last), en=time_en(last)))
        return PackageReport(
            identifier=self.identifier, findings=tuple(dict.fromkeys(self.found)), intact=self.intact,
            existed_at=existed, lapse=self.lapse, due=last, original=original, rendition=rendition)

    def evidence(self, name: str, covered: str) -> dt.datetime | None:
        """What a record proves of a file; None where nothing."""
        record, data = self.files.get(name), self.files.get(covered)
        if record is None:
            self.found.append(found("package.missing", name=name))
            return None
        if data is None:
            return None
        try:
            result = judge_evidence(
                EvidenceRecord.parse(record), data, anchors=self.trust.tsa if self.trust else (),
                intermediates=self.trust.intermediates if self.trust else (),
                crls=self.trust.crls if self.trust else (), ocsp=self.trust.ocsp if self.trust else (),
                carried=Carried(against=self.trust.against if self.trust else ()), now=self.at,
                strength=self.trust.strength if self.trust else STRONG)
        except EngineError as error:
            self.found.append(found("package.evidence", name=name, zh=error.zh, en=error.en))
            return None
        self.paths += [step.path for step in result.steps if step.path]
        self.found.append(self.told(name, record, result))
        return result.proven_at

    def told(self, name: str, record: bytes, result: EvidenceResult) -> Found:
        """The finding on a record that could be read."""
        if result.ok and result.proven_at is not None:
            return found("package.proven", name=name, zh=time_zh(result.proven_at), en=time_en(result.proven_at))
        code = {"evidence.gap": "package.evidence-gap", "evidence.lapsed": "package.evidence-unjudged"}.get(
            result.code, "package.evidence")
        if code == "package.evidence-gap" and result.sub_indication is SubIndication.TRY_LATER:
            code = "package.evidence-unshown"
        if code == "package.evidence-unjudged":
            lapse = lapse_of(record, result, material=self.material, now=self.at,
                             strength=self.trust.strength if self.trust else STRONG)
            if lapse is not None:
                self.lapse, code = lapse, "package.evidence-lapsed"
            elif result.sub_indication is SubIndication.TRY_LATER:
                code = "package.evidence-stale"
        return found(code, name=name, zh=result.zh, en=result.en)

    def known_kind(self) -> None:
        """A kind is what the verifier knows it to be: the one inside the package says what whoever made it likes."""
        if self.manifest is not None and self.manifest.kind not in kinds():
            self.found.append(found("package.kind", kind=self.manifest.kind))

    def verified(self, name: str, code: str, *, evidence: bytes | None = None,
                 beside: Carried = NOTHING_CARRIED) -> Report | None:
        """The verifier's report on a file; what weighs in it weighs here."""
        data = self.files.get(name)
        if data is None:
            return None                 # said already
        judged = Fresh()
        report = verify_source(data, trust=self.trust, at=self.at, clock_now=self.at, require_status=False,
                               name=name.rpartition("/")[2], evidence=evidence, beside=beside, fresh=judged)
        self.paths += judged.paths
        self.left_out += judged.left_out
        if report.verdict is not Verdict.VALID or not report.file.own:
            invalid = report.verdict is Verdict.INVALID
            reasons = [each for each in report.reasons if report.weighs(each)]
            for reason in reasons[:5]:
                self.found.append(found(f"{code}-invalid" if invalid else code, zh=reason.zh, en=reason.en))
            if not reasons:
                self.found.append(found(code, zh=report.words[0], en=report.words[1]))
        return report

    def copies(self) -> None:
        """The copies and descriptions are those of the original."""
        original, copy = (self.files.get(name(self.identifier)) for name in (original_name, ofda_name))
        if original is None or copy is None:
            return
        self.found += [found("package.copy", what=each) for each in differences(original, copy)[:5]]
        try:
            inside = read_zip(original).entries.get("Doc_0/Attachs/record.xml")
        except Refusal:
            inside = None
        if inside is None or inside.data != self.files.get(RECORD):
            self.found.append(found("package.record"))
        if self.manifest is not None and METADATA in self.files:
            told = told_files(self.files[METADATA])
            listed = {name: (one.size, one.sm3) for name, one in self.manifest.files.items() if name != METADATA}
            if told != listed:
                self.found.append(found("package.metadata"))


def _riding(original: bytes | None, existed_at: dt.datetime | None) -> Carried:
    """The lists and answers in the original, by which its rendition is judged too: nothing in the PDF speaks of the
    certificate for its QR code, and a CA's lists of today may leave out what has ended.

    Args:
        existed_at: when the original is proven to have existed.
    """
    if original is None:
        return NOTHING_CARRIED
    try:
        inside = read_zip(original)
    except Refusal:
        return NOTHING_CARRIED
    answers = carried_answers(inside)
    return Carried(crls=carried_lists(inside), ocsp=answers).existing((one.der for one in answers), existed_at)


def _material(*trusts: Trust | None) -> Material:
    known = [one for trust in trusts if trust is not None for one in (*trust.tsa, *trust.roots, *trust.intermediates)]
    return Material(certificates=tuple(known))


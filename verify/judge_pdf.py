"""A PDF rendition to its verdict: by itself, and as the copy inside a package.

The PDF half reads the bytes and judges the signature; here the record inside is compared with the pages, the
QR code, the metadata and the signer, and, in a package, with the OFD.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from certs.carried import Carried
from certs.sm3 import sm3
from certs.trust import Trust
from layouts import Kind
from verify.agree import check_metadata, check_record, require_printable, role_value
from verify.artwork import check_artwork, compare_artwork
from verify.face import check_pages, page_roles
from verify.glyphs import check_glyphs
from verify.judge import Case, RecordCase, guarded, read_case
from verify.model import Severity, Verdict
from verify.pdf import PdfEvidence, check_pdf, judge
from verify.pdf_reasons import pdf_finding
from verify.pdf_signature import OWN_MARK
from verify.qr import check_qr
from verify.reasons import Findings, Refusal
from verify.rendition import compare_metadata, compare_pages
from verify.report import Coverage, CoveredEntry
from verify.stamps import check_pictures, check_seals

__all__ = ["CHECKS", "judge_pdf", "judge_rendition"]

CHECKS: Final = ("signature", "trust", "data", "pages", "qr")
_RECORD: Final = "record.xml"
_NOBODY: Final = Trust(name="", lookup_hosts=(), roots=(), data_signing=MappingProxyType({}))


def _evidence(case: Case, data: bytes, *, archived: bool = False) -> PdfEvidence:
    """What the PDF half found, with its findings kept under the current check."""
    evidence = check_pdf(data, case.trust or _NOBODY, case.at, case.clock_now, carried=case.judge.brought(),
                         existed_at=case.judge.existed_at, archived=archived)
    case.found.extend(found for found in evidence.findings)
    case.signatures.extend(evidence.signatures)
    if evidence.later is not None:
        case.signatures.extend(evidence.later.stamps)
        case.judge.exists(evidence.later.existed_at)
        case.judge.covers(evidence.later.crls)
        case.judge.carries(Carried(against=evidence.later.against))
        for anchor in evidence.later.anchors:
            case.judge.trusted(anchor, "timestamp")
    for chain in (evidence.chain, evidence.stamp_chain, *(evidence.later.chains if evidence.later else ())):
        if chain is not None:
            case.judge.seen(chain)
    if evidence.chain is not None and evidence.chain.ok:
        case.judge.trusted(evidence.chain.path[-1], "pdf")
    if evidence.stamp_chain is not None and evidence.stamp_chain.ok:
        case.judge.trusted(evidence.stamp_chain.path[-1], "timestamp")
    return evidence


def judge_pdf(case: Case) -> None:
    """Judge a PDF by its own signature (decision 1); the report says of one of ours that it is a copy."""
    if OWN_MARK in case.data:
        _PdfJudge(case).run()
        return
    from verify.foreign.pdf import ForeignPdf  # loads only for files of others

    foreign = ForeignPdf(case)
    if foreign.claims_to_be_ours():
        _PdfJudge(case).run()
    else:
        foreign.run()


class _PdfJudge:
    """One PDF under examination."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.evidence = PdfEvidence(findings=(), unfinished=("file",))

    def run(self) -> None:
        """All checks."""
        guarded(self.case, "signature", self._signature)
        guarded(self.case, "trust", self._trust)
        if not self.case.own:
            self.case.found.begin("data")
            self.case.found.add("foreign.form")
            return
        guarded(self.case, "data", self._data)
        guarded(self.case, "pages", self._pages)
        guarded(self.case, "qr", self._qr)

    def _signature(self) -> None:
        self.evidence = _evidence(self.case, self.case.data, archived=True)
        self.case.found.keep(pdf_finding("pdf.copy"))
        self.case.own = self.evidence.is_rendition
        verdict, _ = judge(self.evidence)
        complete = self.evidence.covered == self.evidence.size > 0
        state = "protected" if complete and verdict is not Verdict.INVALID else "unprotected"
        self.case.coverage = Coverage(complete=state == "protected", entries=(
            CoveredEntry(name=f"bytes 0-{self.evidence.covered}", state=state),))
        if verdict is Verdict.VALID:
            return
        if all(found.severity is Severity.NOTE for found in self.case.found.of("signature")):
            raise Refusal("file.broken-off", "signature", check="signature")

    def _trust(self) -> None:
        self.case.without_trust()
        self.case.demonstration([self.evidence.signer] if self.evidence.signer else [])
        if self.evidence.chain is None:
            raise Refusal("file.broken-off", "signature", check="signature")
        if self.case.coverage.complete:
            # what a good signature covers existed when it was timestamped: the QR code
            self.case.judge.exists(self.evidence.signatures[0].proven_at)

    def _data(self) -> None:
        data = self.evidence.attachment(_RECORD)
        if data is None or len(self.evidence.attachments) != 1:
            raise Refusal("record.missing" if data is None else "data.attachment", _RECORD)
        read_case(self.case, data, _RECORD)
        kind, record = _known(self.case)
        identifier = check_record(kind, record.record, self.case.found)
        require_printable(kind, record.record)
        record.identifier = identifier
        if record.identifier is not None:
            check_metadata(kind, record.record, record.identifier, {}, self.case.found)
        for field in kind.earlier.values():
            if field.label in record.record.values:
                self.case.found.add("data.earlier-elsewhere", field.label, label=field.label)
        metadata = self.evidence.metadata
        if metadata.identifier != record.record.identifier:
            self.case.found.add("rendition.metadata", "", name="identifier")
        if metadata.record_sm3 != sm3(data).hex():
            self.case.found.add("rendition.metadata", "", name="SM3")
        check_signer(self.evidence, kind, record, self.case.found)

    def _pages(self) -> None:
        kind, record = _known(self.case)
        require_printable(kind, record.record)
        self.case.pages = self.evidence.pages
        faces = check_pages(kind, record.record, self.evidence.pages, self.case.found)
        check_glyphs(self.evidence.pages, self.case.font_packs, self.case.found)
        if faces is not None:
            check_artwork(kind, record.record, faces, self.evidence.pages, self.case.found)
            check_seals(faces, self.evidence.pages, self.case.found)
            check_pictures(faces, self.evidence.pages, (), self.case.found)
            self.case.found.keep(pdf_finding("pdf.seal-unproven"))

    def _qr(self) -> None:
        kind, record = _known(self.case)
        if record.identifier is None or not self.evidence.pages:
            raise Refusal("file.broken-off", "data", check="data")
        check_qr(kind, record.record, record.identifier, self.evidence.pages, self.case.judge)


def _known(case: Case) -> tuple[Kind, RecordCase]:
    """The record and its kind, when both are known."""
    if case.record is None or case.record.kind is None:
        raise Refusal("file.broken-off", "data", check="data")
    return case.record.kind, case.record


def check_signer(evidence: PdfEvidence, kind: Kind, record: RecordCase, found: Findings) -> None:
    """The PDF is signed by the issuing authority itself."""
    signer = evidence.signer
    name, code = (role_value(kind, record.record, role) for role in ("issuer_name", "issuer_code"))
    if signer is None or name not in (signer.subject_cn, signer.subject_o) or signer.uscc != code:
        found.add("rendition.signer", "", signer=signer.subject_o or signer.subject_text if signer else "—")


def judge_rendition(case: Case, data: bytes) -> None:
    """Judge the PDF inside a package and compare it with the OFD (``case.pages``, ``case.record``).

    Raises:
        Refusal: the comparison cannot be made.
    """
    evidence = _evidence(case, data)
    verdict, _ = judge(evidence)
    if verdict is not Verdict.VALID:
        case.found.add("rendition.invalid" if verdict is Verdict.INVALID else "rendition.unsure")
    kind, record = _known(case)
    compare_metadata(
        record.record, record.data, identifier=evidence.metadata.identifier,
        record_sm3=evidence.metadata.record_sm3, attached=[each.data for each in evidence.attachments],
        found=case.found)
    check_signer(evidence, kind, record, case.found)
    if not case.pages:
        raise Refusal("file.broken-off", "pages", check="pages")
    compare_pages(case.pages, evidence.pages, case.found)
    compare_artwork(case.pages, evidence.pages, case.found)
    faces = page_roles(kind, len(evidence.pages))
    if faces is not None and not case.found.has("page.artwork-unreleased"):      # said of the OFD already
        check_artwork(kind, record.record, faces, evidence.pages, case.found)
    check_glyphs(evidence.pages, case.font_packs, case.found)

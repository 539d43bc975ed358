"""Judges a PDF from a stranger: who signed it, what is signed, what it shows.

Two questions are kept apart. ``check_pdf`` reads the bytes with a reader of its own and tells what was
found; ``judge`` turns that into a verdict. A file is valid only when every step came to its end and nothing
was found that weighs; any other PDF is invalid where the signature is broken, else indeterminate with the
form that is not supported.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from certs.carried import NOTHING_CARRIED, Carried
from certs.chain import ChainResult
from certs.crl import Crl
from certs.trust import Trust
from certs.x509 import Certificate
from verify.model import Attachment, Finding, PageView, Reason, Severity, SignatureEvidence, Verdict, worst
from verify.pdf_document import STEPS, DocumentView, read_document, text_of
from verify.pdf_file import MAX_FILE_SIZE, PdfFile, read_file
from verify.pdf_objects import Dict, ObjectReader
from verify.pdf_reasons import HOSTILE, FindingList, PdfRefusal, pdf_finding
from verify.pdf_signature import OWN_MARK, Judged, Moment, judge_signature
from verify.pdf_xmp import COPY_STATEMENT, PdfMetadata
from verify.reasons import Both

if TYPE_CHECKING:
    from verify.pdf_later import Later

__all__ = ["PdfEvidence", "PdfMetadata", "check_pdf", "is_pdf", "judge"]

MAX_SIGNATURES: Final = 16
_BYTE_RANGE: Final = re.compile(rb"/ByteRange(?![A-Za-z0-9_.+-])")
_OBJECT: Final = re.compile(rb"(?<!\d)\d{1,10}[\x00\t\n\x0c\r ]+\d{1,5}[\x00\t\n\x0c\r ]+obj(?![A-Za-z])")
_REVISED: Final = re.compile(rb"/Prev(?![A-Za-z0-9_.+-])")
_LOOK_BACK: Final = 64 << 10            # bytes from a signature's object head to its ByteRange


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfEvidence:
    """Everything found in one PDF.

    ``unfinished`` names the steps that did not come to their end: with one of them no verdict is valid.
    ``pages`` are empty unless the file has the form of our own renditions.
    """

    findings: tuple[Finding, ...]
    signatures: tuple[SignatureEvidence, ...] = ()
    pages: tuple[PageView, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    metadata: PdfMetadata = field(default_factory=PdfMetadata)
    producer: str = ""
    version: str = ""
    own_form: bool = False              # the skeleton is that of our renditions
    signer: Certificate | None = None
    chain: ChainResult | None = None
    stamp_chain: ChainResult | None = None
    covered: int = 0                    # bytes from the start that the signature covers, its own gap included
    size: int = 0
    later: Later | None = None          # evidence and timestamps behind the rendition
    unfinished: tuple[str, ...] = ()

    @property
    def is_rendition(self) -> bool:
        """Whether the file says that it is one of our renditions."""
        return self.metadata.is_rendition

    def attachment(self, name: str) -> bytes | None:
        """An attached file by its name."""
        return next((each.data for each in self.attachments if each.name == name), None)


def is_pdf(data: bytes) -> bool:
    """Whether the bytes call themselves a PDF, possibly after some garbage (as lenient readers accept)."""
    return b"%PDF-" in data[:1024]


def check_pdf(data: bytes, trust: Trust, at: datetime, clock_now: datetime | None = None, *, crls: Iterable[Crl] = (),
              carried: Carried = NOTHING_CARRIED, existed_at: datetime | None = None,
              archived: bool = False) -> PdfEvidence:
    """Read and check one PDF. Never raises for anything that the bytes hold.

    Args:
        data: the whole file.
        trust: anchors, intermediates, revocation lists, timestamp anchors.
        at: the moment to judge at (aware); for the chain, a trusted timestamp takes its place.
        clock_now: the present (aware).
        crls: further revocation lists.
        carried: lists and answers that ride beside the PDF; they count for a proven moment alone.
        existed_at: a moment at which something beside the PDF proves that all of it existed.
        archived: whether revisions of evidence may follow the rendition, as an archive adds them.

    Raises:
        ValueError: ``at`` or ``clock_now`` has no time zone.
    """
    if at.tzinfo is None or (clock_now is not None and clock_now.tzinfo is None):
        raise ValueError("moments need a time zone")
    findings = FindingList()
    if len(data) > MAX_FILE_SIZE:
        findings.add("pdf.too-large", "file")
        return PdfEvidence(findings=findings.all(), size=len(data), unfinished=("file", *STEPS))
    moment = Moment(at=at, clock_now=clock_now, existed_at=existed_at, carried=carried)
    later = _later(data, trust, moment, findings) if archived and _REVISED.search(data) else None
    if later is not None:
        times = [each for each in (later.existed_at, existed_at) if each is not None]
        inner = replace(moment, existed_at=min(times, default=None), carried=carried.joined(
            Carried(crls=later.crls, against=later.against)))
        return _with_later(_checked(data[:later.base], trust, inner, tuple(crls), findings), later, data)
    return _checked(data, trust, moment, tuple(crls), findings)


def _checked(data: bytes, trust: Trust, moment: Moment, crls: tuple[Crl, ...], findings: FindingList) -> PdfEvidence:
    """Read and check a file, or the first revision of one."""
    check = _Check(data, trust, moment, crls, findings)
    try:
        file = read_file(data)
    except PdfRefusal as refusal:
        findings.keep(refusal.finding())
        return check.other_form()
    except HOSTILE as error:
        findings.add("pdf.unreadable", "file", what=type(error).__name__)
        return check.other_form()
    return check.own_form(file)


def _later(data: bytes, trust: Trust, moment: Moment, findings: FindingList) -> Later | None:
    """The revisions of evidence behind a rendition; None where there are none or they hold something else."""
    from verify.pdf_later import read_later  # loads only for files of an archive

    try:
        later = read_later(data, trust, moment)
    except PdfRefusal as refusal:
        findings.keep(refusal.finding())
        return None
    except HOSTILE as error:
        findings.add("pdf.unreadable", "revisions", what=type(error).__name__)
        return None
    if later is not None and b"%%EOF" not in data[later.base - 8:later.base]:
        findings.add("pdf.later-form", f"@{later.base}")
        return None
    return later


def _with_later(evidence: PdfEvidence, later: Later, data: bytes) -> PdfEvidence:
    """What was found of the rendition, with what follows it; all of the file is covered where the rendition is."""
    whole = evidence.covered == evidence.size
    return replace(
        evidence, findings=tuple(dict.fromkeys((*evidence.findings, *later.findings))),
        later=later, size=len(data), covered=len(data) if whole else evidence.covered)


def judge(evidence: PdfEvidence) -> tuple[Verdict, tuple[Reason, ...]]:
    """The verdict of the PDF alone, by its own signature (decision 1), and its reasons, worst first."""
    found = list(evidence.findings)
    if evidence.is_rendition:
        found.append(pdf_finding("pdf.copy"))
    verdict = worst(found)
    if verdict is Verdict.VALID and not _all_good(evidence):
        found.append(pdf_finding("pdf.unreadable", ", ".join(evidence.unfinished) or "signature", what="-"))
        verdict = worst(found)
    rank = {Severity.INVALID: 0, Severity.INDETERMINATE: 1, Severity.NOTE: 2}
    ordered = sorted(found, key=lambda each: rank[each.severity])
    return verdict, tuple(dict.fromkeys(each.reason for each in ordered))


def _all_good(evidence: PdfEvidence) -> bool:
    """What a valid file must have, asked for positively: an omission can never be taken for a pass."""
    return (not evidence.unfinished and evidence.own_form and len(evidence.signatures) == 1
            and evidence.signatures[0].indication == "TOTAL-PASSED" and evidence.signer is not None
            and evidence.chain is not None and evidence.chain.ok and evidence.covered == evidence.size > 0
            and bool(evidence.pages) and (evidence.later is None or all(
                each.indication == "TOTAL-PASSED" for each in evidence.later.stamps)))


class _Check:
    """One run over one file."""

    def __init__(self, data: bytes, trust: Trust, moment: Moment, crls: tuple[Crl, ...],
                 findings: FindingList) -> None:
        self.data, self.findings = data, findings
        self.trust, self.crls, self.moment = trust, crls, moment

    def own_form(self, file: PdfFile) -> PdfEvidence:
        """The skeleton is ours: walk it, read the pages, judge the one signature."""
        view = read_document(file, self.findings)
        try:
            return self.with_signature(file, view)
        except (PdfRefusal, *HOSTILE) as error:
            self.findings.add("pdf.unreadable", "signature", what=type(error).__name__)
            return self.evidence((), view, file.version, ("signature",), own_form=True)

    def with_signature(self, file: PdfFile, view: DocumentView) -> PdfEvidence:
        """The walk is done: the one signature, and what a rendition must say of itself."""
        judged: tuple[Judged, ...] = ()
        if view.signature is not None:
            judged = (self.signature(view.signature, view.signature_at),)
        elif "pdf.no-signature" not in self.findings or _BYTE_RANGE.search(self.data):
            judged = self.signatures_anywhere()
        self.rendition(view, judged)
        unfinished = [step for step in STEPS if step not in view.finished]
        if not judged:
            unfinished.append("signature")
        return self.evidence(judged, view, file.version, tuple(unfinished), own_form=True)

    def other_form(self) -> PdfEvidence:
        """The skeleton is not ours: judge the signatures that can be found, read nothing else."""
        judged = self.signatures_anywhere()
        if not judged:
            says_so = OWN_MARK in self.data or _BYTE_RANGE.search(self.data)
            self.findings.add("pdf.signature-removed" if says_so else "pdf.no-signature", "file")
        return self.evidence(judged, DocumentView(), "", ("file", *STEPS), own_form=False)

    def rendition(self, view: DocumentView, judged: tuple[Judged, ...]) -> None:
        """What one of our renditions must have beyond a sound PDF."""
        metadata = view.metadata
        if not metadata.is_rendition:
            return
        if not judged:
            self.findings.add("pdf.signature-removed", "AcroForm")
        if metadata.notice != COPY_STATEMENT:
            self.findings.add("pdf.no-copy-statement", "Metadata")
        for each in judged:
            if each.signer is None:
                continue
            if each.respelt:
                self.findings.add("pdf.cms-form", view.signature_at, what=Both(
                    "ECDSA 签名值的另一种写法", "the other spelling of the ECDSA signature"))
            organisation = each.evidence.organisation or each.evidence.signer
            self.named(view, organisation)
            if metadata.author != organisation:
                self.findings.add("pdf.signer-differs", "Metadata", author=metadata.author,
                                  signer=organisation)

    def named(self, view: DocumentView, organisation: str) -> None:
        """The name that viewers show beside the signature is the signer's."""
        shown = (view.signature or {}).get("Name")
        if shown is not None and text_of(shown) != organisation:
            self.findings.add("pdf.name-differs", view.signature_at, signer=organisation)

    def signature(self, entries: Dict, where: str) -> Judged:
        """Judge one signature and keep its findings."""
        judged = judge_signature(self.data, entries, where, self.trust, self.crls, self.moment)
        for found in judged.findings:
            self.findings.keep(found)
        return judged

    def signatures_anywhere(self) -> tuple[Judged, ...]:
        """Signature dictionaries by their ByteRange, wherever they stand in the bytes."""
        found = (match.start() for match in _BYTE_RANGE.finditer(self.data))
        places = list(itertools.islice(found, MAX_SIGNATURES))
        count = len(places) + sum(1 for _ in found)
        reader = ObjectReader()
        judged: list[Judged] = []
        for place in places:
            entries = self.dictionary_around(reader, place)
            if entries is not None and entries.get("Type") != "DocTimeStamp":
                judged.append(self.signature(entries, f"@{place}"))
        if count > 1:
            self.findings.add("pdf.many-signatures", "file", count=str(count))
        return tuple(judged)

    def dictionary_around(self, reader: ObjectReader, place: int) -> Dict | None:
        """The dictionary of the object that the offset lies in, None when it cannot be parsed."""
        heads = list(_OBJECT.finditer(self.data, max(0, place - _LOOK_BACK), place))
        if not heads:
            return None
        try:
            value, end = reader.read(self.data, heads[-1].end())
        except (PdfRefusal, *HOSTILE):
            return None
        return value if isinstance(value, dict) and "ByteRange" in value and end > place else None

    def evidence(self, judged: tuple[Judged, ...], view: DocumentView, version: str,
                 unfinished: tuple[str, ...], *, own_form: bool) -> PdfEvidence:
        """Put it all together."""
        first = judged[0] if judged else None
        return PdfEvidence(
            findings=self.findings.all(), signatures=tuple(each.evidence for each in judged),
            pages=view.pages, attachments=view.attachments, metadata=view.metadata,
            producer=view.info.get("Producer", view.metadata.producer), version=version, own_form=own_form,
            signer=first.signer if first else None, chain=first.chain if first else None,
            stamp_chain=first.stamp_chain if first else None,
            covered=first.signed_end if first else 0, size=len(self.data), unfinished=unfinished)

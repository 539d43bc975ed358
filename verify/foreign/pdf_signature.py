"""One signature of a foreign PDF: where its value stands, what it covers, who made it, when, by which chain.

Source: ISO 32000-2 12.8.1, ETSI EN 319 142-1, ETSI EN 319 102-1 (names of results), RFC 3161.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from certs.chain import ChainResult, Indication
from certs.timestamp import TimestampResult
from certs.timestamp_token import TimestampToken
from certs.trust import Trust
from certs.x509 import Certificate
from codes.errors import EngineError
from verify.existence import chain_by, token_by
from verify.foreign.pdf_cms import ForeignCms, read_cms
from verify.foreign.pdf_fields import FormField, Rule, rule_of
from verify.foreign.pdf_reasons import ForeignRefusal, foreign_finding
from verify.foreign.pdf_store import State, Store
from verify.model import Finding, Reason, Severity, SignatureEvidence
from verify.pdf_contents import ContentsError, ContentsFault, cut_padded
from verify.pdf_objects import Dict, PdfString, Ref
from verify.pdf_reasons import HOSTILE, FindingList, PdfRefusal
from verify.pdf_signature import Moment, pdf_date
from verify.reasons import Both
from verify.revocations import revoked_later

__all__ = ["ForeignSignature", "Signed", "locate", "loose", "prove"]

MAX_CMS: Final = 1 << 20                # bytes
_CLOCK_SLACK: Final = timedelta(minutes=10)
_CMS_FILTERS: Final = ("ETSI.CAdES.detached", "adbe.pkcs7.detached")
_STAMP_FILTER: Final = "ETSI.RFC3161"
_ONE_CASE: Final = re.compile(rb"(?:[0-9a-f]{2})*|(?:[0-9A-F]{2})*")


@dataclass(slots=True, kw_only=True)
class Signed:
    """A signature as it lies in the file. ``end`` is behind the last byte that it covers."""

    form_field: FormField
    label: str
    entries: Dict
    rule: Rule
    place: int                              # offset of the signature dictionary's object, -1 when packed
    ranges: tuple[tuple[int, int], ...] = ()
    der: bytes = b""
    findings: FindingList = field(default_factory=FindingList)

    @property
    def end(self) -> int:
        """Offset behind the last byte that it covers; 0 when that is not known."""
        return self.ranges[1][0] + self.ranges[1][1] if self.ranges else 0

    @property
    def is_stamp(self) -> bool:
        """Whether it is a document timestamp."""
        return self.entries.get("SubFilter") == _STAMP_FILTER

    def parts(self, data: bytes) -> tuple[memoryview, memoryview]:
        """The bytes that it covers."""
        (start, first), (second, length) = self.ranges
        view = memoryview(data)
        return view[start:start + first], view[second:second + length]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignSignature:
    """One signature with the outcome."""

    signed: Signed
    evidence: SignatureEvidence
    signer: Certificate | None = None
    chain: ChainResult | None = None
    stamp_chain: ChainResult | None = None          # of a good timestamp on it

    @property
    def passed(self) -> bool:
        """Whether it is TOTAL-PASSED."""
        return self.evidence.indication == "TOTAL-PASSED"


# -- where it lies


def locate(store: Store, state: State, form_field: FormField) -> Signed:
    """Find the value of a signed field and check the gap that it stands in; what is wrong is in its findings."""
    value = form_field.entries.get("V")
    entries = state.deref(value)
    number = value.number if isinstance(value, Ref) else form_field.number
    place = state.place(number)
    signed = Signed(form_field=form_field, label=form_field.name or f"{form_field.number} 0 R",
                    entries=entries if isinstance(entries, dict) else {},
                    rule=Rule(), place=place[0] if place and place[1] < 0 else -1)
    try:
        signed.rule = rule_of(state, signed.entries, form_field.entries.get("Lock"))
        _form(store.data, signed)
    except PdfRefusal as refusal:
        signed.findings.keep(refusal.finding())
    except HOSTILE as error:
        signed.findings.keep(foreign_finding("fpdf.unreadable", signed.label, what=type(error).__name__))
    return signed


def loose(data: bytes, entries: Dict, place: int) -> Signed:
    """A signature dictionary that was found in a file that cannot be read; its rules are not known."""
    nobody = FormField(name="", kind="Sig", number=0, numbers=(), entries={})
    signed = Signed(form_field=nobody, label=f"@{place}", entries=entries, rule=Rule(), place=place)
    try:
        _form(data, signed)
    except PdfRefusal as refusal:
        signed.findings.keep(refusal.finding())
    return signed


def _form(data: bytes, signed: Signed) -> None:
    entries, label = signed.entries, signed.label
    if entries.get("Type") is None:
        signed.findings.keep(foreign_finding("form.pdf-no-type", label))
    elif entries.get("Type") != ("DocTimeStamp" if signed.is_stamp else "Sig"):
        raise ForeignRefusal("fpdf.subfilter", label, what=str(entries.get("Type")))
    if entries.get("Filter") != "Adobe.PPKLite":
        signed.findings.keep(foreign_finding("form.pdf-filter", label, what=str(entries.get("Filter"))))
    contents = entries.get("Contents")
    if not isinstance(contents, PdfString) or not any(contents.value):
        raise ForeignRefusal("fpdf.no-contents", label)
    if not contents.is_hex or signed.place < 0:
        raise ForeignRefusal("fpdf.byte-range", label)
    signed.ranges = _ranges(data, entries, contents, label)
    if entries.get("SubFilter") not in (*_CMS_FILTERS, _STAMP_FILTER):
        raise ForeignRefusal("fpdf.subfilter", label, what=str(entries.get("SubFilter")))
    signed.der = _der(contents.value, label)
    digits = data[contents.start + 1:contents.end - 1]
    if not _ONE_CASE.fullmatch(digits) or any(contents.value[len(signed.der):]):
        signed.findings.keep(foreign_finding("fpdf.contents-form", label))


def _ranges(data: bytes, entries: Dict, contents: PdfString, label: str) -> tuple[tuple[int, int], ...]:
    """The two ranges; what lies between them is exactly the hex string of this dictionary."""
    value = entries.get("ByteRange")
    if not isinstance(value, list) or len(value) != 4 or not all(type(each) is int for each in value):
        raise ForeignRefusal("fpdf.byte-range", label)
    start, first, second, length = (each for each in value if isinstance(each, int))
    if start != 0 or first != contents.start or second != contents.end or not 0 < length <= len(data) - second:
        raise ForeignRefusal("fpdf.byte-range", label)
    return (0, first), (second, length)


def _der(value: bytes, label: str) -> bytes:
    """The CMS at the start of the padded contents."""
    try:
        return cut_padded(value, limit=MAX_CMS, length_bytes=4)
    except ContentsError as error:
        if error.fault is ContentsFault.NOTHING:
            raise ForeignRefusal("fpdf.no-contents", label) from None
        code = "fpdf.cms-not-der" if error.fault is ContentsFault.LENGTH else "fpdf.cms"
        raise ForeignRefusal(code, label, what="length", was="长度") from None


# -- what it proves


def prove(data: bytes, signed: Signed, trust: Trust, moment: Moment, proven: datetime | None,
          intermediates: Sequence[Certificate] = ()) -> ForeignSignature:
    """Judge one signature.

    Args:
        proven: a time at which a trusted document timestamp proves that the signature existed.
        intermediates: further certificates that may link the signer to an anchor; not trusted.
    """
    run = _Run(data, signed, trust, moment, proven, tuple(intermediates))
    if signed.der and signed.ranges:
        try:
            run.document_stamp() if signed.is_stamp else run.signature()
        except PdfRefusal as refusal:
            signed.findings.keep(refusal.finding())
        except HOSTILE as error:
            signed.findings.keep(foreign_finding("fpdf.unreadable", signed.label, what=type(error).__name__))
    return run.outcome()


class _Run:
    """The steps of one validation; each adds findings, a refusal ends it."""

    def __init__(self, data: bytes, signed: Signed, trust: Trust, moment: Moment, proven: datetime | None,
                 intermediates: tuple[Certificate, ...]) -> None:
        self.data, self.signed, self.trust, self.moment = data, signed, trust, moment
        self.proven = proven
        self.intermediates = (*trust.intermediates, *intermediates)
        self.claimed: datetime | None = None
        self.cms: ForeignCms | None = None
        self.signer: Certificate | None = None
        self.chain: ChainResult | None = None
        self.stamp_chain: ChainResult | None = None
        self.sub = ""                       # sub-indication of a chain or a timestamp
        self.complete = False

    def add(self, code: str, **facts: object) -> None:
        """Keep a finding about this signature."""
        self.signed.findings.keep(foreign_finding(code, self.signed.label, **facts))

    # -- a signature

    def signature(self) -> None:
        self.cms = cms = read_cms(self.signed.der, self.signed.label)
        self.signer = cms.signer
        if not cms.covers(*self.signed.parts(self.data)):
            raise ForeignRefusal("fpdf.digest", self.signed.label)
        if not cms.holds():
            raise ForeignRefusal("fpdf.signature", self.signed.label)
        self.bound(cms)
        for each in cms.loose:
            self.add("fpdf.cms-loose", what=each)
        for each in cms.odd:
            self.add("form.pdf-cms", what=each)
        if cms.timestamp is not None:
            self.stamped(cms.timestamp, cms.signature)
        self.chain = self.validated(cms)
        self.extra_certificates(cms, self.chain)
        self.times(cms)
        self.complete = True

    def bound(self, cms: ForeignCms) -> None:
        """The certificate that the signed attributes name."""
        binding, plain = cms.binding, self.signed.entries.get("SubFilter") == "adbe.pkcs7.detached"
        if not binding.fits:
            raise ForeignRefusal("fpdf.certificate-unbound", self.signed.label)
        if not binding.present:
            if not plain:
                raise ForeignRefusal("fpdf.cms", self.signed.label, what="it has no signing-certificate attribute",
                                     was="没有 signing-certificate 属性")
            self.add("form.pdf-unbound")
        elif binding.weak:
            self.add("form.pdf-weak-binding")

    def validated(self, cms: ForeignCms) -> ChainResult:
        chain = chain_by(
            cms.signer, intermediates=(*self.intermediates, *cms.certificates), anchors=self.trust.roots,
            crls=self.trust.crls, ocsp=self.trust.ocsp, carried=self.moment.carried, at=self.moment.at,
            clock_now=self.moment.latest, proven_at=self.proven, existed_at=self.moment.existed_at,
            strength=self.trust.strength, algorithms=(cms.algorithm,))
        if not chain.ok:
            self.signed.findings.keep(_chain_finding(chain, self.signed.label))
            self.sub = str(chain.sub_indication or "")
        self.signed.findings.extend(revoked_later(chain, "pdf"))
        return chain

    def extra_certificates(self, cms: ForeignCms, chain: ChainResult) -> None:
        """Certificates inside that are neither of the chain nor above it: anybody can add them."""
        known = list(chain.path or (cms.signer,))
        rest = [each for each in cms.certificates if each not in known]
        while True:
            above = [each for each in rest if any(one.issued_by(each) for one in known)]
            if not above:
                break
            known += above
            rest = [each for each in rest if each not in above]
        if rest and chain.ok:
            self.add("fpdf.cms-loose", what=Both(
                f"证书“{rest[0].subject_text}”", f"the certificate “{rest[0].subject_text}”"))

    def times(self, cms: ForeignCms) -> None:
        """What the signer claims must be possible."""
        told = cms.claimed_at if isinstance(cms.claimed_at, datetime) else None
        self.claimed = claimed = pdf_date(self.signed.entries.get("M")) or told
        if claimed is None:
            self.add("form.pdf-no-time")
            return
        if claimed > self.moment.at + _CLOCK_SLACK:
            self.add("fpdf.time-future", time=claimed.isoformat())
        if not cms.signer.valid_at(claimed):
            self.add("fpdf.time-outside-certificate", time=claimed.isoformat())
        if self.proven is not None and claimed > self.proven + _CLOCK_SLACK:
            self.add("fpdf.timestamp-order", time=self.proven.isoformat())

    # -- timestamps

    def stamped(self, encoded: bytes, signature: bytes) -> None:
        """The signature timestamp must verify; one that does not is worse than none."""
        result = self.token(encoded, signature)
        if result is not None and result.ok:
            self.proven = min(result.gen_time, self.proven or result.gen_time)
            self.stamp_chain = result.chain

    def document_stamp(self) -> None:
        """A document timestamp: the token's imprint is over the ranges."""
        result = self.token(self.signed.der, b"".join(self.signed.parts(self.data)))
        if result is None:
            return
        self.signer, self.chain = result.signer, result.chain
        if result.ok:
            self.proven, self.complete = result.gen_time, True

    def token(self, encoded: bytes, message: bytes) -> TimestampResult | None:
        """Judge one token; None when it cannot be read."""
        try:
            token = TimestampToken.parse(encoded)
        except EngineError as error:
            self.sub = "FORMAT_FAILURE"
            self.add("fpdf.timestamp", zh=error.zh, en=error.en)
            return None
        result = token_by(token, message, anchors=self.trust.tsa, intermediates=self.intermediates,
                          crls=self.trust.crls, ocsp=self.trust.ocsp, carried=self.moment.carried, at=self.moment.at,
                          clock_now=self.moment.latest, existed_at=self.moment.existed_at,
                          strength=self.trust.strength)
        if not result.ok:
            # loose parts: with an unknown authority its own certificate is one, which proves no forgery
            forged = result.indication is Indication.FAILED and result.code != "timestamp.loose-parts"
            self.sub = str(result.sub_indication or "")
            self.add("fpdf.timestamp-forged" if forged else "fpdf.timestamp", zh=result.zh, en=result.en)
        elif result.chain is not None:
            self.signed.findings.extend(revoked_later(result.chain, "timestamp"))
        return result

    # -- outcome

    def outcome(self) -> ForeignSignature:
        found = self.signed.findings.all()
        # how the value is spelt is a matter of the file, not of the signature
        weighed = [each for each in found if each.reason.code not in ("fpdf.contents-form", "fpdf.cms-loose")]
        worst = next((each for each in weighed if each.severity is Severity.INVALID), None)
        unsure = next((each for each in weighed if each.severity is Severity.INDETERMINATE), None)
        indication, sub = "TOTAL-PASSED", ""
        if worst is not None:
            indication, sub = "TOTAL-FAILED", self.sub_indication(worst, "FORMAT_FAILURE")
        elif unsure is not None or not self.complete:
            indication = "INDETERMINATE"
            sub = self.sub_indication(unsure, "SIG_CONSTRAINTS_FAILURE") if unsure else ""
        evidence = SignatureEvidence(
            id=self.signed.label, kind=self.kind(), indication=indication, sub_indication=sub, claimed_at=self.claimed,
            proven_at=self.moment.since(self.proven, self.claimed), reasons=tuple(each.reason for each in found),
            algorithm=self.cms.algorithm if self.cms else "")
        if self.signer is not None:
            evidence = _named(evidence, self.signer)
        if self.chain is not None and self.chain.ok and self.chain.anchor is not None:
            evidence = replace(evidence, anchor=self.chain.anchor.subject_cn or "",
                               anchor_fingerprint=self.chain.anchor.fingerprint)
        return ForeignSignature(signed=self.signed, evidence=evidence, signer=self.signer, chain=self.chain,
                                stamp_chain=self.stamp_chain)

    def kind(self) -> str:
        """What sort of signature it is."""
        if self.signed.is_stamp:
            return "PAdES timestamp"
        return "PAdES" if self.signed.entries.get("SubFilter") == "ETSI.CAdES.detached" else "PKCS#7"

    def sub_indication(self, found: Finding, otherwise: str) -> str:
        """The sub-indication that a finding stands for."""
        code = found.reason.code
        if code.startswith("chain.") or code in ("fpdf.timestamp", "fpdf.timestamp-forged"):
            return self.sub or otherwise
        return _SUB_INDICATIONS.get(code, otherwise)


_SUB_INDICATIONS: Final = {
    "fpdf.digest": "HASH_FAILURE", "fpdf.signature": "SIG_CRYPTO_FAILURE",
    "fpdf.weak-digest": "CRYPTO_CONSTRAINTS_FAILURE", "fpdf.no-contents": "SIGNED_DATA_NOT_FOUND",
    "fpdf.certificate-unbound": "SIG_CONSTRAINTS_FAILURE", "fpdf.timestamp-order": "TIMESTAMP_ORDER_FAILURE",
    "fpdf.cms": "FORMAT_FAILURE", "fpdf.cms-not-der": "FORMAT_FAILURE", "fpdf.not-a-revision": "FORMAT_FAILURE",
}


def _chain_finding(chain: ChainResult, where: str) -> Finding:
    failed = chain.indication is Indication.FAILED
    return Finding(reason=Reason(code=chain.code, zh=chain.zh, en=chain.en),
                   severity=Severity.INVALID if failed else Severity.INDETERMINATE, where=where)


def _named(evidence: SignatureEvidence, signer: Certificate) -> SignatureEvidence:
    """The evidence with the signer's names, as far as they can be read."""
    evidence = replace(evidence, certificate_fingerprint=signer.fingerprint)
    try:
        return replace(evidence, signer=signer.subject_cn or "", organisation=signer.subject_o or "",
                       organisation_code=signer.uscc or "")
    except EngineError:
        return evidence

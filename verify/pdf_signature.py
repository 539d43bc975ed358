"""The signature of a PDF: is the gap exactly its hex string, does it cover all else, who made it.

Source: ISO 32000-2 12.8.1, ETSI EN 319 142-1 5.3 and 6.3, ETSI EN 319 102-1 (names of results).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from certs.carried import NOTHING_CARRIED, Carried
from certs.chain import ChainResult, Indication
from certs.crl import Crl
from certs.timestamp import TimestampResult
from certs.timestamp_token import TimestampToken
from certs.trust import Trust
from certs.x509 import Certificate
from codes.errors import EngineError
from verify.cms_lists import lists_in
from verify.existence import chain_by, token_by
from verify.model import Finding, Reason, Severity, SignatureEvidence
from verify.pdf_cms import CmsSignature, read_cms
from verify.pdf_contents import ContentsError, ContentsFault, cut_padded
from verify.pdf_objects import Dict, PdfString
from verify.pdf_reasons import HOSTILE, FindingList, PdfRefusal
from verify.reasons import Both
from verify.revocations import revoked_later

__all__ = ["OWN_MARK", "Judged", "Moment", "judge_signature", "kept_severity", "pdf_date"]

MAX_CMS: Final = 1 << 20                # bytes
_LOWER_HEX: Final = b"0123456789abcdef"
_DATE: Final = re.compile(
    rb"D:(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:Z(?:00'?00'?)?|([+-])(\d\d)'(\d\d)'?)")
OWN_MARK: Final = b"urn:zhengyin:rendition:"     # stands in the XMP packet of each of our renditions
_CLOCK_SLACK: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When to judge: ``at`` is the moment asked for, ``clock_now`` the present; both aware.

    ``existed_at`` is a moment at which something beside the signature proves that all of it existed. ``carried`` are
    lists and answers that ride with the file.
    """

    at: datetime
    clock_now: datetime | None = None
    existed_at: datetime | None = None
    carried: Carried = NOTHING_CARRIED

    @property
    def latest(self) -> datetime:
        """The later of the two."""
        return max(self.at, self.clock_now or self.at)

    def since(self, proven_at: datetime | None, claimed_at: datetime | None) -> datetime | None:
        """The earliest moment at which a signature is proven to have existed, unless the signer states a later one."""
        if proven_at is not None or self.existed_at is None:
            return proven_at
        return None if claimed_at is not None and claimed_at > self.existed_at + _CLOCK_SLACK else self.existed_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One signature with all that was found about it."""

    evidence: SignatureEvidence
    findings: tuple[Finding, ...]
    signer: Certificate | None = None
    chain: ChainResult | None = None
    stamp_chain: ChainResult | None = None
    signed_end: int = 0                 # offset behind the last signed byte
    respelt: bool = False               # not in the one spelling that we write


def judge_signature(data: bytes, entries: Dict, where: str, trust: Trust, crls: Iterable[Crl],
                    moment: Moment) -> Judged:
    """Judge one signature dictionary over the whole file.

    Args:
        data: the whole file.
        entries: the signature dictionary as parsed from ``data``.
        crls: further revocation lists beside those of ``trust``.
    """
    run = _Run(data, entries, where, trust, tuple(crls), moment)
    try:
        run.form()
        run.cryptography()
        run.trusted()
    except PdfRefusal as refusal:
        run.findings.keep(refusal.finding())
    except HOSTILE as error:
        run.findings.add("pdf.unreadable", "signature", what=type(error).__name__)
    return run.judged()


class _Run:
    """The steps of one validation; each adds findings, a refusal ends it."""

    def __init__(self, data: bytes, entries: Dict, where: str, trust: Trust, crls: tuple[Crl, ...],
                 moment: Moment) -> None:
        self.data, self.entries, self.where = data, entries, where
        self.trust, self.crls, self.moment = trust, crls, moment
        self.findings = FindingList()
        self.ranges: tuple[tuple[int, int], ...] = ()
        self.cms: CmsSignature | None = None
        self.chain: ChainResult | None = None
        self.stamp_chain: ChainResult | None = None
        self.claimed_at: datetime | None = None
        self.proven_at: datetime | None = None
        self.stamp_sub = "FORMAT_FAILURE"  # sub-indication of a timestamp that does not verify
        self.der = b""
        self.complete = False

    # -- form of the dictionary and of the gap

    def form(self) -> None:
        entries = self.entries
        if entries.get("SubFilter") != "ETSI.CAdES.detached" or entries.get("Filter") != "Adobe.PPKLite":
            self.findings.add("pdf.subfilter", self.where, what=str(entries.get("SubFilter")))
        self.claimed_at = pdf_date(entries.get("M"))
        if self.claimed_at is None:
            self.findings.add("pdf.no-time", self.where)
        contents = entries.get("Contents")
        if not isinstance(contents, PdfString) or not contents.is_hex or not any(contents.value[:2]):
            raise PdfRefusal("pdf.no-contents", self.where)
        self.ranges = self.byte_range(contents)
        digits = self.data[contents.start + 1:contents.end - 1]
        self.der = _cms_of(contents.value, self.where)
        if len(digits) % 2 or digits.translate(None, _LOWER_HEX) or contents.value[len(self.der):].strip(b"\0"):
            self.findings.add("pdf.contents-form", self.where)

    def byte_range(self, contents: PdfString) -> tuple[tuple[int, int], ...]:
        """The ranges; the gap is exactly the hex string and the last range ends with the file."""
        value = self.entries.get("ByteRange")
        if not isinstance(value, list) or len(value) != 4 or not all(type(each) is int for each in value):
            raise PdfRefusal("pdf.byte-range", self.where)
        start, first, second, length = (each for each in value if isinstance(each, int))
        if start != 0 or first != contents.start or second != contents.end or length < 1:
            raise PdfRefusal("pdf.byte-range", self.where)
        end = second + length
        if end > len(self.data):
            raise PdfRefusal("pdf.byte-range", self.where)
        if end < len(self.data):
            allowed = _may_be_lawful(self.data, end)
            self.findings.add("pdf.later-revision" if allowed else "pdf.changed-after-signing", f"@{end}")
        return (0, first), (second, length)

    # -- cryptography

    def cryptography(self) -> None:
        self.cms = cms = read_cms(self.der, self.where)
        if not cms.covers(self.data, self.ranges):
            raise PdfRefusal("pdf.digest", self.where)
        if not cms.holds():
            raise PdfRefusal("pdf.signature", self.where)
        if not cms.certificate_bound:
            raise PdfRefusal("pdf.certificate-unbound", self.where)
        for deviation in cms.deviations:
            self.findings.add("pdf.cms-form", self.where, what=deviation)

    # -- trust

    def trusted(self) -> None:
        cms = self.cms
        if cms is None:
            return
        if cms.deviations or cms.timestamp is not None:        # in our form lists have no other place
            told = Carried(against=lists_in(self.der))
            self.moment = replace(self.moment, carried=self.moment.carried.joined(told))
        if cms.timestamp is not None:
            self.timestamp(cms.timestamp, cms.signature)
        moment = self.moment
        self.chain = chain = chain_by(
            cms.signer, intermediates=(*self.trust.intermediates, *cms.certificates), anchors=self.trust.roots,
            crls=(*self.trust.crls, *self.crls), ocsp=self.trust.ocsp, carried=moment.carried, at=moment.at,
            clock_now=moment.latest, proven_at=self.proven_at, existed_at=moment.since(None, self.claimed_at),
            strength=self.trust.strength, algorithms=(cms.algorithm,))
        if not chain.ok:
            self.findings.keep(_chain_finding(chain, self.where))
        else:
            self.bag(cms.certificates, chain)
            self.findings.extend(revoked_later(chain, "pdf"))
        self.times(cms.signer)
        self.complete = True

    def bag(self, certificates: tuple[Certificate, ...], chain: ChainResult) -> None:
        """The certificates beside the signature are those of its chain, the root left out, as we write them: no
        signature covers them, so anyone could add one or take one away."""
        if any(each not in chain.path or (each.is_self_issued and each != chain.path[0]) for each in certificates):
            self.findings.add("pdf.cms-form", self.where, what=Both(
                "证书链以外的证书，或根证书", "a certificate outside the chain, or its root"))
        elif any(each not in certificates for each in chain.path[:-1]):
            self.findings.add("pdf.cms-form", self.where, what=Both(
                "缺少证书链中的证书", "a certificate of the chain is missing"))

    def timestamp(self, encoded: bytes, signature: bytes) -> None:
        """The signature timestamp must verify; one that does not is worse than none."""
        try:
            token = TimestampToken.parse(encoded)
        except EngineError as error:
            self.findings.keep(_timestamp_finding(error.zh, error.en, Severity.INDETERMINATE, self.where))
            return
        result = token_by(
            token, signature, anchors=self.trust.tsa, intermediates=self.trust.intermediates,
            crls=(*self.trust.crls, *self.crls), ocsp=self.trust.ocsp, carried=self.moment.carried, at=self.moment.at,
            clock_now=self.moment.latest, existed_at=self.moment.existed_at, strength=self.trust.strength)
        self.stamp_chain = result.chain
        if result.ok:
            self.proven_at = result.gen_time
            if result.chain is not None:
                self.findings.extend(revoked_later(result.chain, "timestamp"))
            return
        self.stamp_sub = str(result.sub_indication or "")
        self.findings.keep(_timestamp_finding(result.zh, result.en, kept_severity(result), self.where))

    def times(self, signer: Certificate) -> None:
        """What the signer claims must be possible."""
        claimed, proven = self.claimed_at, self.proven_at
        if claimed is None:
            return
        if claimed > self.moment.at + _CLOCK_SLACK:
            self.findings.add("pdf.time-future", self.where, time=claimed.isoformat())
        if not signer.valid_at(claimed):
            self.findings.add("pdf.time-outside-certificate", self.where, time=claimed.isoformat())
        if proven is not None and claimed > proven + _CLOCK_SLACK:
            self.findings.add("pdf.timestamp-order", self.where, time=proven.isoformat())

    # -- outcome

    def judged(self) -> Judged:
        found = self.findings.all()
        indication, sub = "TOTAL-PASSED", ""
        # how the value is spelt is a matter of the file, not of the signature
        weighed = [each for each in found if each.reason.code != "pdf.contents-form"]
        worst = next((each for each in weighed if each.severity is Severity.INVALID), None)
        unsure = next((each for each in weighed if each.severity is Severity.INDETERMINATE), None)
        if worst is not None:
            indication, sub = "TOTAL-FAILED", self.sub_indication(worst, "FORMAT_FAILURE")
        elif unsure is not None:
            indication, sub = "INDETERMINATE", self.sub_indication(unsure, "SIG_CONSTRAINTS_FAILURE")
        elif not self.complete:
            indication = "INDETERMINATE"
        chain = self.chain
        evidence = SignatureEvidence(
            kind="PAdES", indication=indication, sub_indication=sub, claimed_at=self.claimed_at,
            proven_at=self.moment.since(self.proven_at, self.claimed_at), reasons=tuple(each.reason for each in found))
        signer = self.cms.signer if self.cms else None
        if self.cms is not None and signer is not None:
            evidence = self.named(evidence, signer, self.cms.algorithm)
        if chain is not None and chain.ok and chain.anchor is not None:
            evidence = replace(evidence, anchor=chain.anchor.subject_cn or "",
                               anchor_fingerprint=chain.anchor.fingerprint)
        end = self.ranges[1][0] + self.ranges[1][1] if self.ranges else 0
        return Judged(evidence=evidence, findings=found, signer=signer, chain=chain,
                      stamp_chain=self.stamp_chain, signed_end=end,
                      respelt=self.cms is not None and self.complete and self.cms.respelt)

    def sub_indication(self, found: Finding, otherwise: str) -> str:
        """The sub-indication that a finding stands for."""
        code = found.reason.code
        if code.startswith("chain.") and self.chain is not None and self.chain.sub_indication is not None:
            return str(self.chain.sub_indication)
        return self.stamp_sub if code == "pdf.timestamp" else _SUB_INDICATIONS.get(code, otherwise)

    def named(self, evidence: SignatureEvidence, signer: Certificate, algorithm: str) -> SignatureEvidence:
        """The evidence with the signer's names, as far as they can be read."""
        try:
            return replace(evidence, signer=signer.subject_cn or "", organisation=signer.subject_o or "",
                           organisation_code=signer.uscc or "", algorithm=algorithm,
                           certificate_fingerprint=signer.fingerprint)
        except EngineError:
            return replace(evidence, certificate_fingerprint=signer.fingerprint, algorithm=algorithm)


_SUB_INDICATIONS: Final = {
    "pdf.digest": "HASH_FAILURE", "pdf.changed-after-signing": "HASH_FAILURE",
    "pdf.signature": "SIG_CRYPTO_FAILURE", "pdf.certificate-unbound": "SIG_CONSTRAINTS_FAILURE",
    "pdf.weak-digest": "CRYPTO_CONSTRAINTS_FAILURE", "pdf.byte-range": "FORMAT_FAILURE",
    "pdf.no-contents": "SIGNED_DATA_NOT_FOUND", "pdf.cms": "FORMAT_FAILURE",
    "pdf.timestamp-order": "TIMESTAMP_ORDER_FAILURE",
}


def _may_be_lawful(data: bytes, end: int) -> bool:
    """Whether what follows the signed bytes could be evidence or, in a foreign file, another signature.

    Either way the file is not called valid; this decides between "changed" and "not judged".
    """
    later = data[end:]
    if b"/DSS" in later or b"/DocTimeStamp" in later:
        return True
    return b"/ByteRange" in later and OWN_MARK not in data


def kept_severity(result: TimestampResult) -> Severity:
    """What a token that does not hold weighs.

    Loose parts: with an unknown authority its own certificate is one, which proves no forgery.
    """
    failed = result.indication is Indication.FAILED and result.code != "timestamp.loose-parts"
    return Severity.INVALID if failed else Severity.INDETERMINATE


def _timestamp_finding(zh: str, en: str, severity: Severity, where: str) -> Finding:
    return Finding(severity=severity, where=where, reason=Reason(
        code="pdf.timestamp", zh=f"签名时间戳不可信：{zh}",
        en=f"the signature timestamp is not trusted: {en}"))


def _chain_finding(chain: ChainResult, where: str) -> Finding:
    failed = chain.indication is Indication.FAILED
    return Finding(reason=Reason(code=chain.code, zh=chain.zh, en=chain.en),
                   severity=Severity.INVALID if failed else Severity.INDETERMINATE, where=where)


def _cms_of(value: bytes, where: str) -> bytes:
    """The CMS at the start of the padded contents."""
    try:
        return cut_padded(value, limit=MAX_CMS, length_bytes=3)
    except ContentsError as error:
        if error.fault is ContentsFault.NOTHING:
            raise PdfRefusal("pdf.no-contents", where) from None
        raise PdfRefusal("pdf.cms", where, what="length", was="长度") from None


def pdf_date(value: object) -> datetime | None:
    """A PDF date with seconds and zone as an aware datetime; None for anything else."""
    if not isinstance(value, PdfString):
        return None
    match = _DATE.fullmatch(value.value)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    zone: timezone = UTC
    try:
        if match[7]:
            offset = timedelta(hours=int(match[8]), minutes=int(match[9]))
            zone = timezone(offset if match[7] == b"+" else -offset)
        return datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except (ValueError, EngineError):
        return None

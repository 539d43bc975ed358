"""What an archive may add behind one of our renditions, in revisions of their own: evidence (DSS), document timestamps.

The rendition itself is judged on its own bytes, as if nothing followed. Here it is shown that what follows changes
nothing but the list of evidence and the list of signature fields, that nothing else is in it, and when, by the
timestamps, all of that existed. Anything beyond is refused.

Source: ISO 32000-2 12.8.2.2.2 (what P = 1 allows), 12.8.4.3, 12.8.5; ETSI EN 319 142-1 5.4, 5.5.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from certs.carried import Carried
from certs.chain import ChainResult
from certs.crl import Crl
from certs.timestamp import TimestampResult
from certs.timestamp_token import TimestampToken
from certs.trust import Trust
from certs.x509 import Certificate
from codes.errors import EngineError
from verify.cms_lists import Said, lists_in
from verify.existence import token_by
from verify.foreign.pdf_evidence import Links, certificates_of, odd_evidence, parts_of
from verify.foreign.pdf_fields import FormField, read_fields
from verify.foreign.pdf_lists import lists_of
from verify.foreign.pdf_pair import Pair, changed_keys
from verify.foreign.pdf_signature import Signed, locate
from verify.foreign.pdf_store import State, Store
from verify.foreign.pdf_walk import reached
from verify.model import Finding, Reason, Severity, SignatureEvidence
from verify.pdf_cms import read_cms
from verify.pdf_later_form import require_plain
from verify.pdf_objects import Object, PdfString, Ref
from verify.pdf_reasons import PdfRefusal, pdf_finding
from verify.pdf_signature import Moment, kept_severity

__all__ = ["Later", "read_later"]

_MAX_REVISIONS: Final = 64
_FIELD: Final = frozenset({"Type", "Subtype", "FT", "T", "F", "Rect", "P", "V"})
_STAMP: Final = frozenset({"Type", "Filter", "SubFilter", "ByteRange", "Contents", "V"})
_FLAGS: Final = (4, 132)
_FIELD_NAME: Final = re.compile(rb"[ -~]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """What follows the rendition, which ends at ``base``.

    Attributes:
        existed_at: the earliest moment at which a trusted timestamp proves that all of the rendition existed; None
            where that is later than the moment asked about.
        stamps: one for each document timestamp, oldest first.
        crls: revocation lists of the evidence; each counts only for the CA that signed it.
        against: lists and answers of all revisions, and of the timestamps, which can show a revocation.
        anchors: trusted certificates that the timestamps' chains end at.
        chains: of the timestamps' authorities, good or not.
    """

    base: int
    findings: tuple[Finding, ...]
    existed_at: datetime | None
    stamps: tuple[SignatureEvidence, ...]
    certificates: tuple[Certificate, ...]
    crls: tuple[Crl, ...] = ()
    against: tuple[Said, ...] = ()
    anchors: tuple[Certificate, ...] = ()
    chains: tuple[ChainResult, ...] = ()


def read_later(data: bytes, trust: Trust, moment: Moment) -> Later | None:
    """Read and judge the revisions behind the first one; None where there is only one.

    Raises:
        PdfRefusal: something else than evidence and document timestamps was added, or it cannot be read.
    """
    store = Store.read(data)
    states = store.states()
    if len(states) == 1:
        return None
    if len(states) > _MAX_REVISIONS:
        raise PdfRefusal("pdf.too-large", "revisions")
    require_plain(store, states)
    fields: list[tuple[State, FormField]] = []
    for before, after in itertools.pairwise(states):
        field = _added(before, after)
        if field is not None:
            fields.append((after, field))
    last = states[-1]
    certificates = certificates_of(last)
    try:
        crls = tuple(map(Crl.load, parts_of(last, "CRLs")))
    except (EngineError, ValueError):
        raise PdfRefusal("pdf.evidence-odd", "CRLs") from None
    stamps = [_located(store, state, field) for state, field in fields]
    against = (*lists_of(states), *(one for each in stamps for one in lists_in(each.der)))
    moment = replace(moment, carried=moment.carried.joined(Carried(crls=crls, against=against)))
    return replace(_judged(data, states, stamps, trust, moment, certificates), crls=crls, against=against)


# -- what one revision did


def _added(before: State, after: State) -> FormField | None:
    """Check that a revision changed nothing but what it may, and give the field of its timestamp, if it has one.

    Raises:
        PdfRefusal: ``pdf.later-form``, naming the object.
    """
    pair = Pair(before, after)
    root = after.trailer["Root"]
    if not isinstance(root, Ref):
        raise PdfRefusal("pdf.later-form", "Root")
    may_change = {root.number}
    keys = set(changed_keys(before.root, after.root))
    if not keys <= {"DSS", "AcroForm"}:
        raise PdfRefusal("pdf.later-form", f"Catalog {min(keys - {'DSS', 'AcroForm'})}")
    held = before.root.get("AcroForm")
    if isinstance(held, Ref):
        if after.root.get("AcroForm") != held:
            raise PdfRefusal("pdf.later-form", "AcroForm")
        may_change.add(held.number)
    one, two = before.dict(held), after.dict(after.root.get("AcroForm"))
    if not set(changed_keys(one, two)) <= {"Fields"} or not _direct(two.get("Fields")):
        raise PdfRefusal("pdf.later-form", "AcroForm")
    new = _appended(before.list(one.get("Fields")), after.list(two.get("Fields")), "Fields")
    field = _field(pair, after, new) if new is not None else None
    may_change |= _annotated(pair, after, new)
    own = set() if field is None else {field.number, _value_of(field).number}
    evidence = reached(after, [after.root.get("DSS")])
    if evidence & pair.guarded:
        raise PdfRefusal("pdf.later-form", "DSS")
    for number in after.section.entries:
        if number and number not in may_change | own | evidence:
            raise PdfRefusal("pdf.later-form", f"{number} 0 R")
    if own & (pair.guarded | evidence) or any(before.value(number) is not None for number in own):
        raise PdfRefusal("pdf.later-form", "Fields")
    if not keys and field is None:
        raise PdfRefusal("pdf.later-form", f"@{before.end}")
    return field


def _direct(value: Object) -> bool:
    return isinstance(value, list)


def _appended(old: Sequence[Object], new: Sequence[Object], where: str) -> Ref | None:
    """The one reference behind a list that is otherwise what it was; None where nothing was added."""
    if list(new[:len(old)]) != list(old) or len(new) > len(old) + 1:
        raise PdfRefusal("pdf.later-form", where)
    if len(new) == len(old):
        return None
    added = new[-1]
    if not isinstance(added, Ref):
        raise PdfRefusal("pdf.later-form", where)
    return added


def _annotated(pair: Pair, after: State, widget: Ref | None) -> set[int]:
    """Pages that list the new widget, and have changed in nothing else."""
    changed: set[int] = set()
    for page in pair.pages:
        number = page.ref.number
        if number not in pair.differ:
            continue
        now = after.dict(page.ref)
        if set(pair.keys(number)) != {"Annots"} or widget is None or not _direct(now.get("Annots")):
            raise PdfRefusal("pdf.later-form", f"{number} 0 R")
        if _appended(page.annotations(pair.before), after.list(now.get("Annots")), f"{number} 0 R") != widget:
            raise PdfRefusal("pdf.later-form", f"{number} 0 R")
        changed.add(number)
    if len(changed) > 1:
        raise PdfRefusal("pdf.later-form", "Annots")
    return changed


def _field(pair: Pair, after: State, ref: Ref) -> FormField:
    """The new field: a document timestamp in a widget that is not seen."""
    where = f"{ref.number} 0 R"
    known = {each.name for each in pair.fields}
    found = next((each for each in read_fields(after) if each.number == ref.number), None)
    if found is None or found.numbers != (ref.number,) or not found.name or found.name in known:
        raise PdfRefusal("pdf.later-form", where)
    entries = found.entries
    odd = entries.keys() - _FIELD
    box = entries.get("Rect")
    empty = isinstance(box, list) and len(box) == 4 and box[0] == box[2] and box[1] == box[3] and all(
        type(side) in (int, float) for side in box)
    pages = {page.ref for page in pair.pages}
    if odd or not empty or entries.get("FT") != "Sig" or entries.get("F") not in _FLAGS or (
            entries.get("Type", "Annot") != "Annot" or entries.get("Subtype") != "Widget"
            or not _is_name(entries.get("T")) or entries.get("P", min(pages)) not in pages):
        raise PdfRefusal("pdf.later-form", where)
    value = after.dict(_value_of(found))
    if value.get("Type") != "DocTimeStamp" or not value.keys() <= _STAMP or value.get("V", 0) != 0 or (
            value.get("Filter") != "Adobe.PPKLite" or value.get("SubFilter") != "ETSI.RFC3161"):
        raise PdfRefusal("pdf.later-form", f"{_value_of(found).number} 0 R")
    return found


def _is_name(value: Object) -> bool:
    return isinstance(value, PdfString) and _FIELD_NAME.fullmatch(value.value) is not None


def _value_of(field: FormField) -> Ref:
    value = field.entries.get("V")
    if not isinstance(value, Ref):
        raise PdfRefusal("pdf.later-form", f"{field.number} 0 R")
    return value


def _located(store: Store, state: State, field: FormField) -> Signed:
    """The timestamp, which covers all of the file up to the end of its own revision."""
    signed = locate(store, state, field)
    for found in signed.findings.all():
        if found.severity is not Severity.NOTE:
            raise PdfRefusal("pdf.later-form", field.name)
    start, first = signed.ranges[0] if signed.ranges else (0, 0)
    end = state.end
    if start or not first or signed.end != end or not signed.place >= 0:
        raise PdfRefusal("pdf.later-form", field.name)
    return signed


# -- what the timestamps prove


def _judged(data: bytes, states: Sequence[State], stamps: Sequence[Signed], trust: Trust, moment: Moment,
            certificates: tuple[Certificate, ...]) -> Later:
    """Judge from the newest timestamp to the oldest: each is asked about at the time that the next one proves."""
    findings: list[Finding] = []
    told: list[SignatureEvidence] = []
    anchors: list[Certificate] = []
    chains: list[ChainResult] = []
    existed_at: datetime | None = None
    paths: list[Certificate] = []
    leaves, between = _signers(states[0])
    for signed in reversed(stamps):
        token, result = _token(data, signed, trust, moment, existed_at, certificates)
        if token is not None:
            between += token.certificates
        told.append(_told(result))
        chains += [result.chain] if result is not None and result.chain is not None else []
        if result is None or not result.ok:
            findings.append(_fault(signed, result))
        else:
            existed_at = result.gen_time
            path = result.chain.path if result.chain is not None else ()
            leaves += path[:1]
            paths += path
            anchors += path[-1:]
    links = Links(anchors=(*trust.roots, *trust.tsa, *paths), leaves=tuple(leaves),
                  between=(*trust.intermediates, *between))
    for state in states[1:]:
        odd = odd_evidence(state, links) if state.root.get("DSS") is not None else ""
        if odd:
            findings.append(pdf_finding("pdf.evidence-odd", odd))
    findings.append(pdf_finding("pdf.evidence-added", f"@{states[0].end}", count=len(stamps)))
    asked = existed_at if existed_at is not None and existed_at <= moment.at else None
    return Later(base=states[0].end, findings=tuple(findings), existed_at=asked, stamps=tuple(reversed(told)),
                 certificates=certificates, anchors=tuple(anchors), chains=tuple(chains))


def _signers(state: State) -> tuple[list[Certificate], list[Certificate]]:
    """Of the rendition: the certificates of its signer and of its timestamp's, and what rides with them.

    Its signature is judged elsewhere; what cannot be read is nobody's.
    """
    leaves: list[Certificate] = []
    riding: list[Certificate] = []
    for field in read_fields(state):
        signed = locate(state.store, state, field)
        try:
            cms = read_cms(signed.der, signed.label)
            leaves.append(cms.signer)
            riding += cms.certificates
            token = None if cms.timestamp is None else TimestampToken.parse(cms.timestamp)
        except (EngineError, PdfRefusal):
            continue
        if token is not None:
            riding += token.certificates
            leaves += [each for each in riding if token.names(each)][:1]
    return leaves, riding


def _token(data: bytes, signed: Signed, trust: Trust, moment: Moment, existed_at: datetime | None,
           certificates: tuple[Certificate, ...]) -> tuple[TimestampToken | None, TimestampResult | None]:
    """Read and judge one token; what cannot be read is None."""
    try:
        token = TimestampToken.parse(signed.der)
    except EngineError:
        return None, None
    known = [each for each in (existed_at, moment.existed_at) if each is not None]
    return token, token_by(
        token, b"".join(signed.parts(data)), anchors=trust.tsa, intermediates=(*trust.intermediates, *certificates),
        crls=trust.crls, ocsp=trust.ocsp, carried=moment.carried, at=moment.at, clock_now=moment.latest,
        existed_at=min(known, default=None), strength=trust.strength)


def _fault(signed: Signed, result: TimestampResult | None) -> Finding:
    zh, en = ("无法读取", "it cannot be read") if result is None else (result.zh, result.en)
    severity = Severity.INDETERMINATE if result is None else kept_severity(result)
    return Finding(severity=severity, where=signed.label, reason=Reason(
        code="pdf.document-timestamp", zh=f"文档时间戳 {signed.label} 不可信：{zh}",
        en=f"the document timestamp {signed.label} is not trusted: {en}"))


def _told(result: TimestampResult | None) -> SignatureEvidence:
    """One timestamp for the report."""
    made = SignatureEvidence(kind="PAdES timestamp", indication="INDETERMINATE", sub_indication="FORMAT_FAILURE")
    if result is None:
        return made
    signer = result.signer
    if signer is not None:
        made = replace(made, signer=signer.subject_cn or "", organisation=signer.subject_o or "",
                       certificate_fingerprint=signer.fingerprint)
    if not result.ok:
        failed = kept_severity(result) is Severity.INVALID
        return replace(made, indication="TOTAL-FAILED" if failed else "INDETERMINATE",
                       sub_indication=str(result.sub_indication or ""))
    anchor = result.chain.anchor if result.chain is not None else None
    made = replace(made, indication="TOTAL-PASSED", sub_indication="", proven_at=result.gen_time)
    return made if anchor is None else replace(
        made, anchor=anchor.subject_cn or "", anchor_fingerprint=anchor.fingerprint)



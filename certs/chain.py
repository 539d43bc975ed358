"""Certificate chain validation (RFC 5280 clause 6) with results named as in ETSI EN 319 102-1.

Nothing is fetched: intermediates, anchors, revocation lists and OCSP answers are what the caller has. Silence is never
consent: a certificate in the path of which none of them says that it is good gives INDETERMINATE / TRY_LATER.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from certs.carried import NOTHING_CARRIED, Carried
from certs.chain_status import CertificateStatus, Words, status_of, why_unknown
from certs.crl import Crl, Revocation
from certs.ocsp import OcspResponse
from certs.strength import STRONG, Strength
from certs.x509 import Certificate
from codes.china_time import time_en, time_zh

__all__ = ["ChainResult", "Indication", "LaterRevocation", "SubIndication", "Usage", "paths_of", "validate"]

MAX_PATH: Final = 8
MAX_SIGNATURE_CHECKS: Final = 64

_EKU_ANY: Final = "2.5.29.37.0"
_EKU_TIME_STAMPING: Final = "1.3.6.1.5.5.7.3.8"
# Extended usages that say the key signs something else than documents.
_EKU_NOT_DOCUMENTS: Final = frozenset({
    "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.3", _EKU_TIME_STAMPING, "1.3.6.1.5.5.7.3.9",
})


class Indication(enum.StrEnum):
    """Main indication of a building block (EN 319 102-1 clause 5.1.3)."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    INDETERMINATE = "INDETERMINATE"


class SubIndication(enum.StrEnum):
    """Sub-indications that chain and timestamp validation give."""

    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    REVOKED = "REVOKED"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    TRY_LATER = "TRY_LATER"
    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE_NO_POE = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"


class Usage(enum.StrEnum):
    """What the leaf's key did."""

    SIGNATURE = "signature"      # documents, seals, licence data
    TIMESTAMP = "timestamp"      # RFC 3161 tokens


class LaterRevocation(NamedTuple):
    """A certificate of a good chain that was revoked after the proven moment at which the chain was judged."""

    certificate: Certificate
    revocation: Revocation
    proven_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainResult:
    """Outcome for one leaf. ``path`` runs from the leaf to the anchor; empty when none was found.

    ``code`` is stable; ``zh`` and ``en`` say what is wrong and what to do. ``revocation`` is the entry that
    made the result REVOKED or REVOKED_NO_POE; ``later`` are those that a proven moment before them makes harmless.
    """

    indication: Indication
    sub_indication: SubIndication | None
    code: str
    zh: str
    en: str
    path: tuple[Certificate, ...] = ()
    revocation: Revocation | None = None
    later: tuple[LaterRevocation, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the chain is good."""
        return self.indication is Indication.PASSED

    @property
    def anchor(self) -> Certificate | None:
        """The trusted certificate at the end of the path."""
        return self.path[-1] if self.path else None


def validate(
    leaf: Certificate,
    *,
    intermediates: Iterable[Certificate],
    anchors: Iterable[Certificate],
    crls: Iterable[Crl],
    ocsp: Iterable[OcspResponse] = (),
    carried: Carried = NOTHING_CARRIED,
    at: datetime,
    clock_now: datetime | None = None,
    usage: Usage = Usage.SIGNATURE,
    at_is_proven: bool = False,
    judged_at: datetime | None = None,
    strength: Strength = STRONG,
    algorithms: Sequence[str] = (),
) -> ChainResult:
    """Judge a leaf at one moment.

    Args:
        intermediates: certificates that may link the leaf to an anchor; not trusted.
        anchors: trusted certificates. An anchor's own dates and rights are demanded too.
        crls: lists from anywhere; each counts only for the CA whose signature it carries.
        ocsp: answers from anywhere; each counts only for what the CA or its responder signed.
        carried: lists and answers that whoever made the file chose. They show a revocation; that a certificate was
            good they show of a proven moment alone, once the signer's certificate has ended at ``judged_at``.
        at: the moment to judge at (aware).
        clock_now: the present (aware); a list or answer published between ``at`` and the present counts.
        usage: what the leaf's key did.
        at_is_proven: a trusted timestamp proves that the signature existed at ``at``. Then a later revocation
            does no harm, and an earlier one is FAILED / REVOKED instead of INDETERMINATE / REVOKED_NO_POE.
        judged_at: for a proven ``at`` the moment of judging, by default the present: of certificates that have not
            ended by then, a word in force then is demanded.
        strength: until when algorithms are strong; all of the chain's must be at ``at``, and those of the lists and
            answers that show its certificates to be good.
        algorithms: those of what the leaf signed, held against the same table.

    Returns:
        The first good path's result, otherwise the first path's.

    Raises:
        ValueError: a moment without time zone.
    """
    if at.tzinfo is None or (clock_now is not None and clock_now.tzinfo is None):
        raise ValueError("moments need a time zone")
    helpers, trusted, latest = tuple(intermediates), tuple(anchors), max(at, clock_now or at)
    words = Words(crls=tuple(crls), ocsp=tuple(ocsp), carried=carried, helpers=helpers, anchors=trusted, at=at,
                  latest=latest, proven=at_is_proven, judged_at=judged_at or latest, strength=strength)
    first: ChainResult | None = None
    for path in paths_of(leaf, helpers, trusted):
        result = _judge(path, words, usage, strength, algorithms)
        if result.ok:
            return result
        first = first or result
    if first is not None:
        return first
    return ChainResult(
        indication=Indication.INDETERMINATE, sub_indication=SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
        code="chain.no-anchor",
        zh=f"证书“{_label(leaf)}”找不到通往可信根证书的链，请配置其根证书或补充中间证书",
        en=f"no chain leads from certificate {_label(leaf)} to a trusted root; "
           "configure its root or add the intermediate certificates")


def paths_of(leaf: Certificate, intermediates: Sequence[Certificate],
           anchors: Sequence[Certificate]) -> Iterator[tuple[Certificate, ...]]:
    """Every chain from the leaf to an anchor whose names and signatures fit, within the limits."""
    trusted = {anchor.fingerprint for anchor in anchors}
    if leaf.fingerprint in trusted:
        yield (leaf,)
        return
    pool = [*anchors, *(c for c in intermediates if c.fingerprint not in trusted)]
    checks = 0
    stack: list[tuple[Certificate, ...]] = [(leaf,)]
    while stack:
        path = stack.pop()
        found: list[tuple[Certificate, ...]] = []
        for candidate in pool:
            if not _may_issue(candidate, path):
                continue
            if checks == MAX_SIGNATURE_CHECKS:
                return
            checks += 1
            if not path[-1].issued_by(candidate):
                continue
            if candidate.fingerprint in trusted:
                yield (*path, candidate)
            elif len(path) + 1 < MAX_PATH:
                found.append((*path, candidate))
        stack.extend(reversed(found))


def _may_issue(candidate: Certificate, path: tuple[Certificate, ...]) -> bool:
    """Cheap checks before a signature is verified: name, key identifier, no loop."""
    child = path[-1]
    if child.issuer != candidate.subject:
        return False
    if (child.authority_key_id and candidate.subject_key_id
            and child.authority_key_id != candidate.subject_key_id):
        return False
    return all(c.subject != candidate.subject or c.public_key.spki != candidate.public_key.spki for c in path)


def _judge(path: tuple[Certificate, ...], words: Words, usage: Usage, strength: Strength,
           algorithms: Sequence[str]) -> ChainResult:
    """Rights, revocation, dates, algorithms, in the order of how final the answer is."""
    statuses = status_of(path, words)
    return (
        _check_usage(path, usage)
        or _check_authorities(path)
        or _check_revocation(path, statuses, words.proven)
        or _check_dates(path, words.at, words.proven)
        or _check_strength(path, words.at, strength, algorithms)
        or _check_known(path, statuses)
        or ChainResult(indication=Indication.PASSED, sub_indication=None, code="chain.good",
                       zh="证书链有效", en="the certificate chain is valid", path=path,
                       later=tuple(LaterRevocation(certificate, status.later, words.at)
                                   for certificate, status in zip(path, statuses, strict=False)
                                   if status.later is not None))
    )


def _label(certificate: Certificate) -> str:
    return certificate.subject_cn or certificate.subject_text


def _check_usage(path: tuple[Certificate, ...], usage: Usage) -> ChainResult | None:
    leaf = path[0]
    signs = leaf.key_usage is None or bool(leaf.key_usage & {"digitalSignature", "nonRepudiation"})
    extended = leaf.ext_key_usage
    if usage is Usage.TIMESTAMP:
        fits = signs and extended == (_EKU_TIME_STAMPING,) and leaf.ext_key_usage_critical
    else:
        fits = signs and (extended is None or not set(extended) <= _EKU_NOT_DOCUMENTS)
    if fits and not leaf.is_ca:
        return None
    purpose = ("时间戳", "timestamps") if usage is Usage.TIMESTAMP else ("签章", "document signatures")
    return ChainResult(
        indication=Indication.FAILED, sub_indication=SubIndication.SIG_CONSTRAINTS_FAILURE,
        code="chain.wrong-usage", path=path,
        zh=f"证书“{_label(leaf)}”不能用于{purpose[0]}，应使用用途相符的证书",
        en=f"certificate {_label(leaf)} is not for {purpose[1]}; one with that usage is needed")


def _check_authorities(path: tuple[Certificate, ...]) -> ChainResult | None:
    between = 0
    problem: tuple[Certificate, str, str] | None = None
    for index, certificate in enumerate(path):
        if certificate.unknown_critical:
            unknown = certificate.unknown_critical[0]
            problem = (certificate, f"含有不能识别的关键扩展 {unknown}",
                       f"has unknown critical extension {unknown}")
        elif index and (not certificate.is_ca or (
                certificate.key_usage is not None and "keyCertSign" not in certificate.key_usage)):
            problem = (certificate, "无权签发证书", "may not issue certificates")
        elif index and certificate.path_len is not None and between > certificate.path_len:
            problem = (certificate, "下的证书链过长", "stands above too long a chain")
        if problem:
            break
        between += 1 if index and not certificate.is_self_issued else 0
    if problem is None:
        return None
    culprit, zh, en = problem
    return ChainResult(
        indication=Indication.INDETERMINATE, sub_indication=SubIndication.CHAIN_CONSTRAINTS_FAILURE,
        code="chain.constraints", path=path, zh=f"证书“{_label(culprit)}”{zh}，请向证书机构核实",
        en=f"certificate {_label(culprit)} {en}; ask the certificate authority")


def _check_revocation(path: tuple[Certificate, ...], statuses: Sequence[CertificateStatus],
                      at_is_proven: bool) -> ChainResult | None:
    for index, status in enumerate(statuses):
        if status.revocation is not None:
            return _revoked(path, index, status.revocation, at_is_proven)
    return None


def _revoked(path: tuple[Certificate, ...], index: int, entry: Revocation, at_is_proven: bool) -> ChainResult:
    label = _label(path[index])
    if at_is_proven:
        tail_zh, tail_en = "签章不早于此，不予认可", "the signature is not older and is refused"
    else:
        tail_zh = "没有可信时间证明签章在此之前，请向发证机关查询"
        tail_en = "no trusted time proves that the signature is older; ask the issuing authority"
    return ChainResult(
        indication=Indication.FAILED if at_is_proven else Indication.INDETERMINATE,
        sub_indication=SubIndication.REVOKED if at_is_proven else SubIndication.REVOKED_NO_POE,
        code="chain.ca-revoked" if index else "chain.revoked", path=path, revocation=entry,
        zh=f"证书“{label}”已于{time_zh(entry.revoked_at)}撤销（{entry.reason_zh}），{tail_zh}",
        en=f"certificate {label} was revoked at {time_en(entry.revoked_at)} ({entry.reason}); {tail_en}")


def _check_dates(path: tuple[Certificate, ...], at: datetime, at_is_proven: bool) -> ChainResult | None:
    for certificate in path:
        if certificate.valid_at(at):
            continue
        early = at < certificate.not_before
        bound = certificate.not_before if early else certificate.not_after
        sub = SubIndication.OUT_OF_BOUNDS_NO_POE
        if at_is_proven:
            sub = SubIndication.NOT_YET_VALID if early else SubIndication.EXPIRED
        return ChainResult(
            indication=Indication.FAILED if at_is_proven and early else Indication.INDETERMINATE,
            sub_indication=sub, code="chain.not-yet-valid" if early else "chain.expired", path=path,
            zh=f"证书“{_label(certificate)}”{'自' if early else '至'}{time_zh(bound)}"
               f"{'起才有效' if early else '已到期'}，需要有效期内的可信时间证明",
            en=f"certificate {_label(certificate)} {'is valid only from' if early else 'expired at'} {time_en(bound)}; "
               "proof of a trusted time within its validity is needed")
    return None


def _check_known(path: tuple[Certificate, ...], statuses: Sequence[CertificateStatus]) -> ChainResult | None:
    for certificate, ca, status in zip(path, path[1:], statuses, strict=False):
        if status.feared is not None:
            return _feared(path, certificate, ca, status.feared)
        if status.known:
            continue
        code, zh, en = why_unknown(status.asked)
        return ChainResult(
            indication=Indication.INDETERMINATE, sub_indication=SubIndication.TRY_LATER, code=code, path=path,
            zh=f"证书机构“{_label(ca)}”{zh}，无法确认证书“{_label(certificate)}”未被撤销，请把最新列表或应答放入信任目录，"
               "或核验时加 --online 查询",
            en=f"certificate authority {_label(ca)} {en}, so it is unknown whether certificate {_label(certificate)} "
               "is revoked; put its latest list or answer into the trust folder, or verify with --online")
    return None


def _feared(path: tuple[Certificate, ...], certificate: Certificate, ca: Certificate, entry: Revocation) -> ChainResult:
    """A revocation that may not be the CA's word."""
    return ChainResult(
        indication=Indication.INDETERMINATE, sub_indication=SubIndication.TRY_LATER, code="chain.maybe-revoked",
        path=path,
        zh=f"有应答或列表称证书“{_label(certificate)}”已于{time_zh(entry.revoked_at)}撤销，但不能确认出自证书机构"
           f"“{_label(ca)}”，请向其核实",
        en=f"an answer or a list says that certificate {_label(certificate)} was revoked at "
           f"{time_en(entry.revoked_at)}, and cannot be confirmed to be the word of {_label(ca)}; ask that authority")


def _check_strength(path: tuple[Certificate, ...], at: datetime, strength: Strength,
                    algorithms: Sequence[str]) -> ChainResult | None:
    for name in (*algorithms, *(certificate.signature_algorithm for certificate in path[:-1])):
        end = strength.end(name)
        if end is not None and end <= at:
            return ChainResult(
                indication=Indication.INDETERMINATE, sub_indication=SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
                code="chain.weak-algorithm", path=path,
                zh=f"算法 {name} 自{time_zh(end)}起不再可靠，需要该日之前的可信时间证明",
                en=f"algorithm {name} is no longer strong from {time_en(end)} on; proof of a trusted time before that "
                   "day is needed")
    return None

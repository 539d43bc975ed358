"""What an evidence record proves: that a file existed at a time, though the first timestamps have long expired.

The newest archive time-stamp is judged now; each earlier one at the time that the next one proves, for from then on
its bytes are known to be unchanged. Where one does not hold at that time (its authority's certificate had expired, was
revoked, or an algorithm had become weak), the record is still linked by its digests: it proves the time of the next
one and no earlier. So a gap costs the time before it, and the result says where it is.

Nothing here makes a signature good. A time that is proven can only show that a signature existed while its certificate
was valid.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from certs.carried import NOTHING_CARRIED, Carried
from certs.chain import SubIndication
from certs.crl import Crl
from certs.evidence_record import ArchiveTimestamp, EvidenceRecord, bound_leaf
from certs.ocsp import OcspResponse
from certs.strength import STRONG, Strength
from certs.timestamp import TimestampResult, verify_token
from certs.timestamp_token import digest
from certs.x509 import Certificate
from codes.china_time import time_en, time_zh

__all__ = ["EvidenceResult", "EvidenceStep", "judge_evidence"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceStep:
    """One archive time-stamp, oldest first: its time, who gave it, and at which moment it was judged.

    ``code`` is that of :mod:`certs.timestamp` or ``evidence.weak``; ``rehashed`` says that it begins a further chain;
    ``path`` runs from the authority's certificate to its anchor, empty where none was found.
    """

    gen_time: datetime
    judged_at: datetime
    authority: str
    digest: str
    signature: str
    code: str
    ok: bool
    rehashed: bool
    path: tuple[Certificate, ...] = ()

    @property
    def anchor(self) -> Certificate | None:
        """The trusted certificate at the end of the authority's chain."""
        return self.path[-1] if self.path else None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceResult:
    """Outcome for one record and one file: ``proven_at`` is the earliest time at which the file provably existed.

    ``code`` is ``evidence.good`` when every archive time-stamp holds. With any other, ``proven_at`` is the time that
    is left, or None; ``zh`` and ``en`` say what is wrong and what it costs. ``carried`` is what the tokens carry, with
    when it is proven to have existed.
    """

    code: str
    zh: str
    en: str
    sub_indication: SubIndication | None = None
    proven_at: datetime | None = None
    steps: tuple[EvidenceStep, ...] = ()
    carried: Carried = NOTHING_CARRIED

    @property
    def ok(self) -> bool:
        """Whether the whole record holds."""
        return self.code == "evidence.good"


def judge_evidence(
    record: EvidenceRecord, data: bytes, *, anchors: Iterable[Certificate], intermediates: Iterable[Certificate] = (),
    crls: Iterable[Crl] = (), ocsp: Iterable[OcspResponse] = (), carried: Carried = NOTHING_CARRIED, now: datetime,
    strength: Strength = STRONG,
) -> EvidenceResult:
    """Judge a record for a file.

    Args:
        data: the file.
        anchors: trusted certificates of timestamp authorities or their roots, of all the years.
        crls: revocation lists beside those that the tokens carry.
        ocsp: answers beside those that the tokens carry.
        carried: lists and answers that come with the file from elsewhere.
        now: the present (aware).
        strength: until when algorithms are strong.
    """
    stamps = record.stamps
    fault = _first_fault(record, stamps, data)
    if fault:
        return _outcome(fault)
    trusted = tuple(anchors)
    known = tuple(intermediates)
    links = (*(one for stamp in stamps for one in stamp.token.certificates), *known)
    given = tuple(crls), tuple(ocsp)
    held = carried.plus((one for stamp in stamps for one in stamp.token.crls), record.answers)
    starts, ends = _chain_bounds(record, now)
    steps: list[EvidenceStep] = []
    at, proven = now, None
    for place in reversed(range(len(stamps))):
        stamp, newest = stamps[place], place == len(stamps) - 1
        held = held.existing(stamp.token.ocsp, proven)       # the next time-stamp covers what this one carries
        # what the tokens carry was chosen by whoever made the record: it counts for a moment that is proven
        result = verify_token(
            stamp.token, imprint=stamp.token.imprint, anchors=trusted, intermediates=known if newest else links,
            crls=given[0], ocsp=given[1], carried=held, at=at, clock_now=now, at_is_proven=not newest,
            strength=strength, covered=not newest)
        weak = _weak(stamp, result, at, ends[place], strength)
        steps.insert(0, _step(stamp, result, at, weak, rehashed=place in starts))
        if result.code in _FORGED:
            return _outcome("evidence.token", result.zh, result.en, steps=steps)
        if weak or not result.ok:
            return dataclasses.replace(_interrupted(stamp, result, weak, at, proven, steps), carried=held)
        at = proven = stamp.token.gen_time
    return dataclasses.replace(
        _outcome("evidence.good", time_zh(at), time_en(at), proven_at=proven, steps=steps), carried=held)


_FORGED: Final = frozenset({"timestamp.wrong-imprint", "timestamp.bad-signature"})
"""Loose parts are none of these: of an unknown authority its own certificate is one, which proves no forgery."""
_SENTENCES: Final = {
    "evidence.good": ("存证有效：文件在{zh}已存在", "the evidence holds: the file existed at {en}"),
    "evidence.other-file": ("存证不是为这个文件所做", "the evidence was not made for this file"),
    "evidence.wrong-tree": ("存证的摘要树与其时间戳不符",
                            "a hash tree of the evidence does not lead to what its time-stamp covers"),
    "evidence.broken-chain": ("存证的后一个时间戳没有覆盖前一个：记录被截断、拼接或改动",
                              "a time-stamp of the evidence does not cover the one before it: the record was cut, "
                              "joined or changed"),
    "evidence.order": ("存证的时间戳次序颠倒", "the time-stamps of the evidence are not in the order of their times"),
    "evidence.token": ("存证中有时间戳不成立：{zh}", "a time-stamp of the evidence does not hold: {en}"),
    "evidence.lapsed": ("存证已不能证明任何时间：最新的时间戳现在不成立（{zh}）",
                        "the evidence proves no time any more: its newest time-stamp does not hold now ({en})"),
    "evidence.gap": ("存证有断档：{zh}", "the evidence has a gap: {en}"),
}


def _outcome(code: str, zh: str = "", en: str = "", *, sub: SubIndication | None = None,
             proven_at: datetime | None = None, steps: Sequence[EvidenceStep] = ()) -> EvidenceResult:
    in_chinese, in_english = _SENTENCES[code]
    return EvidenceResult(code=code, zh=in_chinese.format(zh=zh), en=in_english.format(en=en), sub_indication=sub,
                          proven_at=proven_at, steps=tuple(steps))


def _first_fault(record: EvidenceRecord, stamps: Sequence[ArchiveTimestamp], data: bytes) -> str:
    """The code of what does not fit in the record, by digests and times alone; "" when all does."""
    for number, chain in enumerate(record.chains):
        first, algorithm = chain[0], chain[0].algorithm
        if not first.holds(bound_leaf(algorithm, digest(algorithm, data), record.earlier(number))):
            return "evidence.broken-chain" if number else "evidence.other-file"
        for before, stamp in itertools.pairwise(chain):
            if not stamp.holds(digest(algorithm, before.token.der)):
                return "evidence.broken-chain"
    if not all(stamp.sound for stamp in stamps):
        return "evidence.wrong-tree"
    if any(before.token.gen_time > stamp.token.gen_time for before, stamp in itertools.pairwise(stamps)):
        return "evidence.order"
    return ""


def _chain_bounds(record: EvidenceRecord, now: datetime) -> tuple[frozenset[int], list[datetime]]:
    """Places of the time-stamps that begin a further chain; of each time-stamp the moment until which its digest has
    to be strong: that of the next chain."""
    starts, ends = set(), []
    place = 0
    for number, chain in enumerate(record.chains):
        if number:
            starts.add(place)
        last = number + 1 == len(record.chains)
        ends += [now if last else record.chains[number + 1][0].token.gen_time] * len(chain)
        place += len(chain)
    return frozenset(starts), ends


def _weak(stamp: ArchiveTimestamp, result: TimestampResult, at: datetime, end: datetime, strength: Strength) -> str:
    """The algorithm that was weak before the next step; "" when none was."""
    path = result.chain.path if result.chain is not None else ()
    signatures = (stamp.token.signature_algorithm, *(one.signature_algorithm for one in path[:-1]))
    for moment, algorithm in ((end, stamp.algorithm), *((at, each) for each in signatures)):
        if not strength.holds(moment, algorithm):
            return algorithm
    return ""


def _step(stamp: ArchiveTimestamp, result: TimestampResult, at: datetime, weak: str, *, rehashed: bool) -> EvidenceStep:
    signer = result.signer
    return EvidenceStep(
        gen_time=stamp.token.gen_time, judged_at=at, digest=stamp.algorithm, signature=stamp.token.signature_algorithm,
        authority="" if signer is None else signer.subject_cn or signer.subject_text, rehashed=rehashed,
        code="evidence.weak" if weak else result.code, ok=result.ok and not weak,
        path=result.chain.path if result.chain is not None else ())


def _interrupted(stamp: ArchiveTimestamp, result: TimestampResult, weak: str, at: datetime, proven: datetime | None,
                 steps: Sequence[EvidenceStep]) -> EvidenceResult:
    """What is left where a time-stamp does not hold at the moment from which its bytes are known."""
    zh, en, sub = result.zh, result.en, result.sub_indication
    if weak:
        zh, en, sub = f"算法 {weak} 当时已不再可靠", f"the algorithm {weak} was no longer strong", None
    if proven is None:
        return _outcome("evidence.lapsed", zh, en, sub=sub, steps=steps)
    first = stamp.token.gen_time
    return _outcome(
        "evidence.gap",
        f"{time_zh(first)}的时间戳到{time_zh(at)}续期时已不成立（{zh}），只能证明文件在{time_zh(at)}已存在",
        f"the time-stamp of {time_en(first)} did not hold any more when it was renewed at {time_en(at)} ({en}), so the "
        f"file is proven only from {time_en(at)}",
        sub=sub, proven_at=proven, steps=steps)

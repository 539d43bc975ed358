"""Whether an act of sealing keeps within an approval, and whether its two persons may approve for the unit.

Who may approve stands in ``approvers.json`` of the home: a list of {"certificate": SM3, "unit": USCC, "from": moment,
"until": moment or null}. An approval ends when one of its persons ceases to be an approver. Counting the uses is the
ledger's duty, in the transaction that records the licence. Source: 003 B第12条, decision 3.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from certs.approval import Approval, ApprovalCode, ApprovalError, Terms
from certs.moments import CLOCKS_DIFFER, read_moment
from certs.statement import SignedStatement
from codes.china_time import time_en, time_zh
from codes.region import covers

__all__ = ["Office", "Sealing", "check", "choose", "read_approvers", "used_in_all"]

_OFFICE: Final = frozenset({"certificate", "unit", "from", "until"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Someone who may approve sealing for a unit, from ``held_from`` until before ``held_until`` (aware).

    ``certificate`` is the personal certificate's SM3 in hexadecimal, ``unit`` a USCC.
    """

    certificate: str
    unit: str
    held_from: datetime
    held_until: datetime | None

    def held(self, at: datetime) -> bool:
        """Say whether the office is held at ``at``; the clock by which it was given may be five minutes ahead."""
        return self.held_from - CLOCKS_DIFFER <= at and (self.held_until is None or at < self.held_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """One act of sealing that needs leave.

    Attributes:
        kind: code of the licence kind (``K0``).
        unit: USCC of the authority whose seal it is.
        region: six digits of GB/T 2260 that the licence belongs to.
        seal_id: esID of the seal.
        record: SM3 of the record, hexadecimal.
        at: aware moment of sealing.
    """

    kind: str
    unit: str
    region: str
    seal_id: str
    record: str
    at: datetime


def read_approvers(data: bytes) -> tuple[Office, ...]:
    """Read ``approvers.json``.

    Raises:
        ApprovalError: ``approval.malformed``.
    """
    try:
        content: Any = json.loads(data)
        if not isinstance(content, list) or any(not isinstance(one, dict) or set(one) != _OFFICE for one in content):
            raise ValueError("keys")
        if not all(isinstance(one[key], str) for one in content for key in ("certificate", "unit", "from")):
            raise ValueError("types")
        return tuple(
            Office(certificate=one["certificate"], unit=one["unit"], held_from=read_moment(one["from"]),
                   held_until=None if one["until"] is None else read_moment(one["until"])) for one in content)
    except (ValueError, TypeError, RecursionError):
        raise ApprovalError(
            ApprovalCode.MALFORMED, "approvers.json 已损坏，请从登记库重新生成，或从备份恢复",
            "approvers.json is damaged: have the registry write it anew, or restore it", approval="approvers.json",
        ) from None


def check(approval: Approval, sealing: Sealing, *, used: int, offices: Iterable[Office]) -> None:
    """Refuse an act of sealing that goes beyond ``approval``.

    Args:
        used: how many licences were sealed under it before this one, and under those it continues.
        offices: who may approve.

    Raises:
        ApprovalError: ``approval.seal``, ``approval.record``, ``approval.kind``, ``approval.region``,
            ``approval.not-yet``, ``approval.ended``, ``approval.exhausted`` or ``approval.not-approver``, the first
            that applies.

    Source: 003 B第12条 (严禁不按照审批权限使用).
    """
    def refuse(code: ApprovalCode, zh: str, en: str, do: tuple[str, str] = ("", "")) -> ApprovalError:
        return ApprovalError(
            code, f"用印审批 {approval.id} {zh}，不予盖章；请取得相应审批{do[0]}",
            f"approval {approval.id} {en}, so nothing is sealed; obtain an approval that covers this{do[1]}",
            approval=approval.id)

    terms, begin = approval.terms, max(approval.terms.valid_from, approval.confirmed.at - CLOCKS_DIFFER)
    if sealing.seal_id != terms.seal_id:
        raise refuse(ApprovalCode.SEAL, f"不包括印章 {sealing.seal_id}", f"does not cover seal {sealing.seal_id}")
    if terms.record not in (None, sealing.record):
        raise refuse(ApprovalCode.RECORD, "只准用于另一份数据", "is for another record and does not cover this one")
    if sealing.kind not in terms.kinds:
        command = f"zhengyin seals approve give … --kind {sealing.kind}"
        raise refuse(ApprovalCode.KIND, f"不包括证照种类 {sealing.kind}", f"does not cover licence kind {sealing.kind}",
                     (f"（{command}，再由另一人确认）", f" ({command}, then confirmed by another person)"))
    if not covers(terms.region, sealing.region):
        raise refuse(ApprovalCode.REGION, f"限于行政区划 {terms.region}，不包括 {sealing.region}",
                     f"is for region {terms.region} and does not cover {sealing.region}")
    if sealing.at < begin:
        raise refuse(ApprovalCode.NOT_YET, f"自{time_zh(begin)}起才生效",
                     f"does not cover a time before {time_en(begin)}")
    if sealing.at > terms.valid_to:
        raise refuse(ApprovalCode.ENDED, f"已于{time_zh(terms.valid_to)}到期",
                     f"does not cover a time after {time_en(terms.valid_to)}")
    if used >= terms.count:
        raise refuse(ApprovalCode.EXHAUSTED, f"的 {terms.count} 次已用完",
                     f"does not cover more than its {terms.count} uses")
    for signed, zh, en in ((approval.given, "批准人", "giver"), (approval.confirmed, "确认人", "confirmer")):
        if not _in_office(signed, sealing, offices):
            raise refuse(ApprovalCode.NOT_APPROVER, f"的{zh}不是（或不再是）{sealing.unit} 的审批人",
                         f"has a {en} who is not, or no longer, an approver of {sealing.unit}")


def _in_office(signed: SignedStatement, sealing: Sealing, offices: Iterable[Office]) -> bool:
    """Whether the signer, his certificate not expired, held the office when signing and at the moment of sealing."""
    person = signed.certificate
    return person.not_before <= sealing.at <= person.not_after and any(
        office.certificate == person.fingerprint and office.unit == sealing.unit
        and office.held(signed.at) and office.held(sealing.at) for office in offices)


def used_in_all(terms: Terms, approvals: Iterable[Approval], used: Mapping[str, int]) -> int:
    """Return how many licences were sealed under an approval, those that it continues, and those that continue them.

    Args:
        approvals: all there are; used: number of an approval → licences sealed under it.
    """
    line = {terms.id, *terms.continues}
    line |= {one.id for one in approvals if not line.isdisjoint(one.terms.continues)}
    return sum(used.get(number, 0) for number in line)


def choose(
    approvals: Iterable[Approval], sealing: Sealing, *, used: Mapping[str, int], offices: Iterable[Office],
    unusable: Iterable[ApprovalError] = (),
) -> Approval:
    """Return the approval under which this act of sealing is allowed: that of the very record, else the first by id.

    Args:
        used: approval id → licences sealed under it so far; absent means none.
        unusable: why further approvals, which concern this seal, do not count.

    Raises:
        ApprovalError: ``approval.none`` when no approval names the seal; else why the nearest one refuses.
    """
    approvals, offices = tuple(approvals), tuple(offices)
    refusals = list(unusable)
    for approval in sorted(approvals, key=lambda one: (one.terms.record is None, one.id)):
        try:
            check(approval, sealing, used=used_in_all(approval.terms, approvals, used), offices=offices)
        except ApprovalError as refusal:
            if refusal.code is not ApprovalCode.SEAL:
                refusals.append(refusal)
        else:
            return approval
    refusals.append(ApprovalError(
        ApprovalCode.NONE,
        f"印章 {sealing.seal_id} 没有用印审批，不予盖章；请由两名审批人批准和确认",
        f"seal {sealing.seal_id} has no approval, so nothing is sealed; have one given and confirmed by two approvers",
        seal=sealing.seal_id))
    rank = {code: place for place, code in enumerate(ApprovalCode)}
    raise max(refusals, key=lambda refusal: rank[ApprovalCode(refusal.code)])

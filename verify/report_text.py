"""The report for a terminal, Chinese first: the two answers, each check with its reasons, signatures, anchors."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from verify.model import EvidenceStanding, Reason, SignatureEvidence, Verdict
from verify.reason_table import CHECK_NAMES
from verify.reasons import clean
from verify.report_words import DEMO, PURPOSES, VERDICTS, proof_words, seal_words, signature_title
from verify.status import LicenceState, Status, local_time

if TYPE_CHECKING:
    from verify.report import Anchor, LicenceData, Report

__all__ = ["text_lines"]

_MARKS: Final = {"passed": "✓", "failed": "✗", "indeterminate": "?", "not-done": "–"}
_ALIKE: Final = 5                        # reasons of one code that are told in full


def text_lines(report: Report) -> list[str]:
    """Lines of the terminal report."""
    zh, en = VERDICTS[report.verdict]
    lines = [f"文件 file: {clean(report.file.name)}"]
    if report.file.kind == "unknown":
        return [*lines, *(f"  {_reason(reason)}" for reason in report.reasons)]
    status = _status_text(report.status, _by_whom(report))
    lines += [f"文件真伪 document: {zh} / {en}{_unproven_code(report)}", f"证照状态 licence: {status}"]
    if report.demo:
        lines.append("※ " + " / ".join(DEMO))
    lines += _licence_lines(report.licence, photo=report.file.kind == "picture")
    lines.append("检查 checks:")
    shown: set[Reason] = set()
    for check in report.checks:
        name_zh, name_en = CHECK_NAMES[check.name]
        lines.append(f"  {_MARKS[check.result]} {name_zh} / {name_en}")
        lines += [f"      {line}" for line in _reason_lines(check.reasons, shown)]
        shown.update(check.reasons)
    lines += [f"  · {line}" for line in _reason_lines(
        [reason for reason in report.reasons if reason not in shown], shown)]
    for signature in report.signatures:
        lines += _signature_lines(signature, report)
    lines += _evidence_lines(report.evidence)
    lines += report.coverage.text_lines()
    lines += _anchor_lines(report.anchors)
    lines.append(f"检查时间 checked at: {local_time(report.checked_at)}")
    return lines


def _unproven_code(report: Report) -> str:
    """Beside the answer on a photo, that its code is as unproven as its paper."""
    unproven = report.file.kind == "picture" and report.licence is not None and not report.licence.proven
    return "（二维码未经证实 / its QR code is unproven）" if unproven else ""


def _reason(reason: Reason) -> str:
    return f"{reason.zh} / {reason.en} [{reason.code}]"


def _reason_lines(reasons: Iterable[Reason], shown: set[Reason]) -> Iterator[str]:
    """A line for each reason; those told under an earlier check, and many of one code, by their number alone."""
    again, told = Counter[str](), Counter[str]()
    for reason in reasons:
        if reason in shown:
            again[reason.code] += 1
            continue
        told[reason.code] += 1
        if told[reason.code] <= _ALIKE:
            yield _reason(reason)
    for code, count in again.items():
        yield f"同上 {count} 项 / {count} as told above [{code}]"
    for code, count in told.items():
        if count > _ALIKE:
            yield f"… 同类还有 {count - _ALIKE} 项 / {count - _ALIKE} more of the kind [{code}]"


def _anchor_lines(anchors: Collection[Anchor]) -> list[str]:
    """Each anchor once, with all that it was relied on for."""
    lines = []
    for fingerprint, name in {each.fingerprint: each.name for each in anchors}.items():
        purposes = [PURPOSES[each.purpose] for each in anchors if each.fingerprint == fingerprint]
        zh, en = "、".join(each[0] for each in purposes), ", ".join(each[1] for each in purposes)
        lines.append(f"信任锚 anchor: {clean(name)} ({zh} / {en})\n  SM3 {fingerprint}")
    return lines


def _by_whom(report: Report) -> str:
    """By what the licence's days are known, beside them where that is not a genuine file."""
    if report.verdict is Verdict.VALID:
        return ""
    if report.file.kind != "picture":
        return "（文件自称，未经证实 / as the file claims, unproven）"
    if report.licence is not None and report.licence.proven:
        return "（签名的二维码所载，纸面本身不作证明 / as the signed QR code says; the paper itself proves nothing）"
    return "（二维码自称，未经证实 / as the QR code claims, unproven）"


def _status_text(status: Status, by_whom: str) -> str:
    """The licence's state, its days, by what they are known, and that nobody asked the issuing authority."""
    if not status.answered:
        return f"{status.zh} / {status.en}"
    days = f"（{status.first_day} 至 {status.last_day}）" if status.first_day else ""
    asked = status.register != "unknown" or status.state is LicenceState.UNKNOWN
    tail = "" if asked else (
        "；未联网查询证照是否已被注销、吊销 / the issuing authority was not asked whether it was cancelled or revoked")
    return f"{status.zh}{days} / {status.en}{by_whom if days else ''}{tail}"


def _licence_lines(licence: LicenceData | None, *, photo: bool) -> list[str]:
    """What the licence says, in short."""
    if licence is None:
        return []
    zh, en = ("二维码", "QR code") if photo else ("文件", "file")
    word = "" if licence.proven else f"（{zh}自称，未经证实 / as the {en} claims, unproven）"
    title = f"证照标识 identifier: {clean(licence.identifier)}" if licence.identifier else "二维码所载 the QR code says"
    lines = [title + word]
    return lines + [f"  {label}: {clean(value)}" for label, value in licence.headline if value]


def _evidence_lines(told: EvidenceStanding | None) -> list[str]:
    """What the evidence record beside the file proves, in short."""
    if told is None:
        return []
    lines = [f"存证 evidence: {_time(told.proven_at) or '无 none'}" + ("" if told.used else "（未采用 not used）")]
    return lines + [f"  {_MARKS['passed' if step.ok else 'failed']} {_time(step.gen_time)} {clean(step.authority)}"
                    f" ({step.digest}, {step.signature})" for step in told.steps]


def _signature_lines(signature: SignatureEvidence, report: Report) -> list[str]:
    """One signature in short."""
    coverage, (zh, en) = report.coverage, signature_title(report.file.kind, signature.kind)
    result = signature.indication + (f"/{signature.sub_indication}" if signature.sub_indication else "")
    evidence_at = report.evidence.proven_at if report.evidence and report.evidence.used else None
    proof_zh, proof_en = proof_words(signature.proven_at, evidence_at)
    lines = [
        f"{zh} / {en}{f' {clean(signature.id)}' if signature.id else ''}: {signature.kind} {result}",
        f"  {clean(signature.organisation or signature.signer)} {clean(signature.organisation_code)}",
        f"  自称时间 claimed at {_time(signature.claimed_at)}"
        f" · {proof_zh} {proof_en} {_time(signature.proven_at) or '无 none'}",
    ]
    if signature.seal:
        zh, en = seal_words(signature.seal)
        published = _time(signature.seal.list_published)
        lines.append(f"  印章 seal: {zh} / {en}" + (f"（状态列表 status list {published}）" if published else ""))
    if signature.stamps:
        pages = ", ".join(str(page) for page in sorted({stamp.page for stamp in signature.stamps}))
        lines.append(f"  印章所在页 seal on page: {pages}")
    if signature.id and coverage.entries:
        lines += coverage.lines_under(signature.id)
    return lines


def _time(moment: dt.datetime | None) -> str | None:
    return None if moment is None else local_time(moment)

"""What a reader of a check is told first: why a package is not good, in one sentence, and what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from archive.checking import PackageReport
from archive.findings import Found
from codes.china_time import time_en, time_zh
from verify.model import Severity, Verdict

__all__ = ["Advice", "Words", "advise"]


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """``code`` is that of the finding which is the cause; no ``cure`` where the cause says what to do."""

    code: str
    cause: Words
    cure: Words | None


_BACKUP: Final = Words(
    "请勿采信；用备份或另一份档案中的同一档案包换下它，再核验",
    "do not rely on it; put the same package from a backup or another archive in its place, and verify again")
_OTHER_COPY: Final = Words(
    "现在续期已来不及；如有按期续期的另一份档案或备份，请用其中的档案包换下它，没有则只能是“无法确定”",
    "renewing comes too late now; if another archive or a backup was renewed in time, put its package in the place of "
    "this one, and if none was, this stays what it is: cannot say")
_RENEW_NOW: Final = Words(
    "原件目前仍证明真实，请立即执行 zhengyin archive renew：原件今后仍可证明，但续期之前的存在时间不能再证明",
    "the original is still proven genuine, so run zhengyin archive renew now: it stays provable, though not from "
    "before the renewal")
_KEEP_ON: Final = Words(
    "原件仍证明真实；如有按期续期的另一份档案或备份，请用其中的档案包换下它；今后请按期续期",
    "the original is proven genuine; if another archive or a backup was renewed in time, put its package in the place "
    "of this one, and renew in time from now on")
_SAME_BYTES: Final = Words(
    "请勿采信；档案包与归档当天一致，备份中是同样的原件，换下它没有用；请向发证机关查询，必要时请其重新签发",
    "do not rely on it; the package is that of the day of archiving and a backup holds the same original, so putting "
    "another in its place does not help: ask the issuing authority, and have the licence issued anew where need be")
_CURES: Final = MappingProxyType({
    "package.evidence-stale": Words(
        "请把时间戳服务所属 CA 的现行撤销列表放入信任目录，并以 --trust 指定；或用 zhengyin archive verify --online "
        "查询",
        "put a current revocation list of the timestamp service's CA into a trust folder, and give that with --trust; "
        "or ask with zhengyin archive verify --online"),
    "package.evidence-unshown": Words(
        "请把该时间戳服务所属 CA 的现行撤销列表放入信任目录（zhengyin certs refresh），并以 --trust 指定；其证书到期"
        "之后，只有续期时带有该列表的另一份档案或备份能证明更早的时间",
        "put a current revocation list of that timestamp service's CA into the trust folder (zhengyin certs refresh), "
        "and give that with --trust; once its certificate has ended, only another archive or a backup that was renewed "
        "with such a list proves more"),
    "package.trust-unread": Words(
        "请用备份或另一份档案中的同一文件换下它，再核验", "put the same file from a backup or another archive in its "
        "place, and verify again"),
    "package.evidence-unjudged": Words(
        "请以 --trust 或 --home 指明含有历年时间戳根证书（tsa/）的信任目录，或以 --anchor 点名归档时记下的全部指纹",
        "give a trust folder that has the roots of time of all the years (tsa/) with --trust or --home, or name all "
        "fingerprints that were written down on the day of archiving with --anchor"),
    "package.original": Words(
        "请核对所信任的是否齐全：根证书、制章人、时间戳根证书、现行撤销列表；全部理由见 --details",
        "check that what you believe is complete: roots, seal makers, roots of time, current revocation lists; all "
        "reasons are told by --details"),
})
_FIRST: Final = ("package.unread", "package.kind", "package.trust-unread", "package.evidence-unjudged",
                 "package.evidence-stale", "package.evidence-lapsed", "package.evidence-gap",
                 "package.evidence-unshown")
"""What is told before anything else that leaves a doubt: the rest follows from it."""


def advise(report: PackageReport) -> Advice | None:
    """What comes first of a report; None where all is good and nothing is to be done."""
    if report.verdict is Verdict.VALID:
        overdue = next((each for each in report.findings if each.code == "package.due"), None)
        return None if overdue is None else Advice(code=overdue.code, cause=_said(overdue), cure=None)
    broken = [each for each in report.findings if each.severity is Severity.INVALID]
    if broken:
        same = report.intact and broken[0].code == "package.original-invalid"
        return Advice(code=broken[0].code, cause=_said(broken[0]), cure=_SAME_BYTES if same else _BACKUP)
    unsure = [each for each in report.findings if each.severity is Severity.INDETERMINATE]
    first = min(unsure, key=lambda each: _FIRST.index(each.code) if each.code in _FIRST else len(_FIRST))
    cure = _CURES.get(first.code, _CURES["package.original"])
    if first.code in ("package.kind", "package.unread"):        # it says itself what to do
        return Advice(code=first.code, cause=_said(first), cure=None)
    if first.code == "package.evidence-lapsed":
        return Advice(code=first.code, cause=_lapsed(report, first),
                      cure=_RENEW_NOW if _original_holds(report) else _OTHER_COPY)
    if first.code == "package.evidence-gap":
        return Advice(code=first.code, cause=_gap(report, first),
                      cure=_KEEP_ON if _original_holds(report) else _OTHER_COPY)
    return Advice(code=first.code, cause=_said(first), cure=cure)


def _original_holds(report: PackageReport) -> bool:
    return report.original is not None and report.original.verdict is Verdict.VALID


def _said(one: Found) -> Words:
    return Words(one.zh, one.en)


def _lapsed(report: PackageReport, first: Found) -> Words:
    if report.lapse is None or report.lapse.at is None:
        return _said(first)
    at = report.lapse.at
    return Words(f"存证已于{time_zh(at)}失效，此前没有续期",
                 f"its evidence lapsed at {time_en(at)} and had not been renewed")


def _gap(report: PackageReport, first: Found) -> Words:
    if report.existed_at is None:
        return _said(first)
    at = report.existed_at
    return Words(f"存证有断档：续期逾期，只能证明自{time_zh(at)}起已存在",
                 f"its evidence has a gap: it was renewed too late and proves existence from {time_en(at)} on alone")

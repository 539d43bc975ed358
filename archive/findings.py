"""What the check of a package finds: stable codes with their weights and sentences."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from verify.model import Severity
from verify.reasons import clean_facts

__all__ = ["TABLE", "Found", "found"]

_NO, _UNSURE, _NOTE = Severity.INVALID, Severity.INDETERMINATE, Severity.NOTE

TABLE: Final = MappingProxyType({
    "package.missing": (_NO, "缺少 {name}", "{name} is missing"),
    "package.changed": (_NO, "{name} 已被改动，与归档时的摘要不符",
                        "{name} was changed: its digests are not those of the day of archiving"),
    "package.extra": (_NO, "{name} 不是归档时的文件", "{name} was not there on the day of archiving"),
    "package.odd": (_NO, "{name} 不是档案包中的普通文件（{what}）", "{name} is no plain file of a package ({what})"),
    "package.left-over": (_NOTE, "{name} 是中断的写入留下的，可删除；续期时会自动清除",
                          "{name} was left by a writer that was stopped; the next renewal clears it away"),
    "package.unread": (_UNSURE, "{zh}", "{en}"),
    "package.no-day": (_UNSURE, "存证记录或 PDF 时间戳无法读取，续期期限不明",
                       "its evidence or the timestamps of its PDF cannot be read, so it is not known when it is due"),
    "package.manifest": (_NO, "manifest.json 不是规范的清单，或不属于这个证照",
                         "manifest.json is no manifest in its one form, or another licence's"),
    "package.other-kind": (_NO, "{name} 属于清单所列以外的证照种类",
                           "{name} belongs to another kind than the manifest names"),
    "package.kind": (
        _UNSURE, "本机不知道证照种类“{kind}”，档案包自带的种类资料不予采信；请从发布者取得该种类并以 --kinds 指定",
        "the kind “{kind}” is not known here, and the package is not believed on it: get the kind from whoever "
        "released it and name its folder with --kinds"),
    "package.trust": (_UNSURE, "档案自带的信任资料无法读取", "the trust data inside the package cannot be read"),
    "package.trust-unread": (_UNSURE, "{name} 无法读取，其中可能有撤销信息；请从备份取回这个文件",
                             "{name} cannot be read, and may have told a revocation: take this file from a backup"),
    "package.evidence": (_NO, "存证记录 {name} 不成立：{zh}", "the evidence record {name} does not hold: {en}"),
    "package.evidence-lapsed": (_UNSURE, "存证记录 {name}：{zh}", "the evidence record {name}: {en}"),
    "package.evidence-gap": (_UNSURE, "存证记录 {name}：{zh}", "the evidence record {name}: {en}"),
    "package.evidence-unshown": (_UNSURE, "存证记录 {name}：{zh}", "the evidence record {name}: {en}"),
    "package.evidence-stale": (_UNSURE, "存证记录 {name} 缺少现行的撤销信息：{zh}",
                               "for the evidence record {name} there is no revocation information of today: {en}"),
    "package.evidence-unjudged": (_UNSURE, "存证记录 {name} 现在无法判断：{zh}",
                                  "the evidence record {name} cannot be judged now: {en}"),
    "package.evidence-missing": (
        _NO, "evidence/ 下有一个文件在最近一次续期之后被取走或替换（{name}），其中可能写有撤销；请从备份取回",
        "a file that lay under evidence/ at the newest renewal was taken away or exchanged since ({name}); it may have "
        "told a revocation: take it from a backup"),
    "package.evidence-added": (
        _NOTE, "{name} 是最近一次续期之后添加的，下次续期起由时间戳覆盖",
        "{name} was added after the newest renewal; the next one covers it"),
    "package.evidence-uncovered": (
        _NOTE, "{name} 最近一次续期时的版本尚未记下 evidence/ 下有哪些文件：从中取走的看不出来；下次续期起记下",
        "the newest renewal of {name} was made by an earlier version, which does not hold the files under evidence/: "
        "one that was taken away is not noticed; the next renewal holds them"),
    "package.proven": (_NOTE, "存证记录 {name} 有效，证明其在 {zh} 已存在",
                       "the evidence record {name} holds; it proves existence at {en}"),
    "package.original": (_UNSURE, "原件：{zh}", "the original: {en}"),
    "package.original-invalid": (_NO, "原件：{zh}", "the original: {en}"),
    "package.rendition": (_UNSURE, "版式副本：{zh}", "the rendition: {en}"),
    "package.rendition-invalid": (_NO, "版式副本：{zh}", "the rendition: {en}"),
    "package.copy": (_NO, "OFD-A 副本与原件不符（{what}）", "the OFD-A copy is not like the original ({what})"),
    "package.record": (_NO, "record.xml 与原件中的证照数据不同", "record.xml is not the record inside the original"),
    "package.metadata": (_NO, "metadata.xml 所列文件与清单不符", "metadata.xml names other files than the manifest"),
    "package.due": (_NOTE, "存证应于{zh}之前续期，现已逾期，请立即执行 zhengyin archive renew",
                    "the evidence is overdue, it had to be renewed before {en}: run zhengyin archive renew now"),
})
"""Code to (weight, Chinese, English)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One finding."""

    code: str
    severity: Severity
    zh: str
    en: str


def found(code: str, **facts: object) -> Found:
    """Make the finding of a code; facts from files are cleaned."""
    severity, zh, en = TABLE[code]
    in_chinese, in_english = clean_facts(facts)
    return Found(code=code, severity=severity, zh=zh.format_map(in_chinese), en=en.format_map(in_english))

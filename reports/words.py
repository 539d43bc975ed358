"""The two answers of a report as sentences, and the words around them, in Chinese and English."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Mapping
from typing import Any, Final, NamedTuple

from codes.china_time import time_en, time_zh
from verify.report_words import PURPOSES, proof_words, signature_title

__all__ = ["CHECK_SIGNS", "INDICATIONS", "RESULTS", "Answer", "Root", "Words", "file_answer", "licence_answer",
           "moment", "proof", "purpose", "roots", "told_reasons", "what_is_signed"]


class Words(NamedTuple):
    """A text in both languages."""

    zh: str
    en: str


class Root(NamedTuple):
    """A trusted root: its name, the SM3 of its certificate (hex), what it was relied on for."""

    name: str
    fingerprint: str
    purposes: Words


class Answer(NamedTuple):
    """One of the two answers: ``tone`` is good, bad or unsure; ``sign`` says the same without colour."""

    tone: str
    sign: str
    word: Words
    sentence: Words


_FILE: Final = {
    "valid": Answer("good", "✓", Words("真实", "genuine"), Words(
        "文件真实：由下列印章或签名签署，签署后没有改动。",
        "The file is genuine: it was sealed or signed as told below, and nothing has been changed since.")),
    "invalid": Answer("bad", "✗", Words("不真实", "not genuine"), Words(
        "文件不真实：不要据此办理任何业务，请向发证机关核实。",
        "The file is not genuine: accept nothing on the strength of it, and ask the issuing authority.")),
    "indeterminate": Answer("unsure", "?", Words("无法确定", "cannot say"), Words(
        "无法确定文件的真伪：原因见下。在弄清之前，请不要采信。",
        "Whether the file is genuine cannot be said: the reasons follow. Do not rely on it until they are settled.")),
}
_CUT_SHORT: Final = _FILE["invalid"]._replace(sentence=Words(
    "文件不真实：它不完整或已损坏，多半没有下载完。请重新下载后再核验；仍是如此的，请向发证机关核实。",
    "The file is not genuine: it is incomplete or damaged, most often by a download that was cut short. Fetch it again "
    "and check that; if the answer stays, ask the issuing authority."))
_NO_FILE: Final = Answer("unsure", "?", Words("不能核验", "nothing to verify"), Words(
    "不是 OFD、PDF 文件，也不是证照的照片。", "It is neither an OFD nor a PDF file, nor a photo of a licence."))
_FOREIGN: Final = Words(
    "文件真实，但不是本系统能读取的证照：内容请自行核对。",
    "The file is genuine, but it is no licence that can be read here: its content is yours to check.")
_PHOTO: Final = Words(
    "纸质件或照片视同复印件，本身不能证明真伪：请把二维码中的数据与纸面逐项核对。",
    "Paper or a photo is a copy and proves nothing itself: compare what the QR code says with the paper.")
_PHOTO_UNPROVEN: Final = Words(
    "二维码未经证实（原因见下）：做这张纸的人也可能做了这个码，纸面与它一致也不说明什么。请索要电子原件，或向发证机关核实。",
    "The QR code is unproven, for the reasons below: whoever made the paper may have made the code, and that they "
    "agree says nothing. Ask for the electronic original, or ask the issuing authority.")
_LICENCE: Final = {
    "in-force": ("good", "✓"), "not-yet": ("bad", "✗"), "expired": ("bad", "✗"), "not-applicable": ("good", "–"),
    "unknown": ("unsure", "?"),
}
_NOT_ANSWERED: Final = Words(
    "不真实的文件背后没有可以回答的证照，其中的日期和内容一概不能作数。",
    "Behind a file that is not genuine stands no licence to answer for: its dates and its text count for nothing.")
CHECK_SIGNS: Final = {"passed": "✓", "failed": "✗", "indeterminate": "?", "not-done": "–"}
RESULTS: Final = {
    "passed": Words("通过", "passed"), "failed": Words("未通过", "failed"),
    "indeterminate": Words("无法确定", "cannot say"), "not-done": Words("未进行", "not done"),
}
INDICATIONS: Final = {
    "TOTAL-PASSED": Words("有效", "valid"), "TOTAL-FAILED": Words("无效", "invalid"),
    "INDETERMINATE": Words("无法确定", "cannot say"),
}
_NO_CODE: Final = Words("图片中没有读出签名的二维码，不知道是哪一份证照。请对准二维码、光线充足、靠近些重拍，"
                        "或索要原始文件。",
                        "No signed QR code could be read, so there is no telling which licence this is. Take the "
                        "picture again, close to the code and in good light, or ask for the original file.")
_NOT_OURS: Final = Words("图片中的二维码不是签名的证照二维码（理由见下），不知道是哪一份证照。请索要原始文件，"
                         "或向发证机关核实。",
                         "The QR code in the picture is no signed licence code, for the reasons below, so there is no "
                         "telling which licence this is. Ask for the original file, or ask the issuing authority.")


def purpose(name: str) -> Words:
    """What an anchor was relied on for."""
    return Words(*PURPOSES[name])


def roots(report: Mapping[str, Any]) -> list[Root]:
    """The trusted roots, each once with all that it was relied on for."""
    found = []
    for fingerprint, name in {each["fingerprint_sm3"]: each["name"] for each in report["anchors"]}.items():
        purposes = [purpose(each["purpose"]) for each in report["anchors"] if each["fingerprint_sm3"] == fingerprint]
        found.append(Root(name, fingerprint, Words("、".join(each.zh for each in purposes),
                                                   ", ".join(each.en for each in purposes))))
    return found


def what_is_signed(report: Mapping[str, Any], signature: Mapping[str, Any]) -> Words:
    """What one of the report's signatures signs: :func:`verify.report_words.signature_title`."""
    return Words(*signature_title(report["file"]["kind"], signature["kind"]))


def moment(text: str) -> Words:
    """A moment of a report (ISO 8601) as its sentences write moments."""
    read = dt.datetime.fromisoformat(text)
    try:
        return Words(time_zh(read), time_en(read))
    except (OverflowError, ValueError):  # a file may claim the calendar's first or last day
        return Words(text, text)


def proof(report: Mapping[str, Any], signature: Mapping[str, Any]) -> Words:
    """What proves the time of one of the report's signatures: :func:`verify.report_words.proof_words`."""
    evidence = report.get("evidence")
    return Words(*proof_words(signature["proven_at"], evidence["proven_at"] if evidence and evidence["used"] else None))


def file_answer(report: Mapping[str, Any]) -> Answer:
    """Is the file genuine?"""
    file = report["file"]
    if file["kind"] == "unknown":
        return _NO_FILE
    answer = _FILE[report["verdict"]]
    if {each["code"] for each in report["findings"] if each["severity"] == "invalid"} == {"zip.truncated"}:
        return _CUT_SHORT
    if report["verdict"] == "valid" and not file["own"]:
        return answer._replace(sentence=_FOREIGN)
    if file["kind"] == "picture" and report["verdict"] == "indeterminate" and report["licence"]:
        return answer._replace(sentence=_PHOTO if report["licence"]["proven"] else _PHOTO_UNPROVEN)
    return answer


def licence_answer(report: Mapping[str, Any]) -> Answer:
    """Is the licence in force? A file that is not genuine only claims what it says; paper shows what its code says."""
    status = report["status"]
    if report["verdict"] == "invalid":
        return Answer("unsure", "–", Words(status["zh"], status["en"]), _NOT_ANSWERED)
    tone, sign = _LICENCE[status["code"]]
    licence = report["licence"]
    claimed = licence is not None and not licence["proven"]
    printed = report["file"]["kind"] == "picture"
    if printed and licence is None:
        unsigned = any(each["code"] == "photo.unsigned" for each in report["findings"])
        return Answer("unsure", "?", Words(status["zh"], status["en"]), _NOT_OURS if unsigned else _NO_CODE)
    if claimed or printed:
        tone, sign = ("bad" if tone == "bad" else "unsure"), ("✗" if tone == "bad" else "?")
    first, last = status["first_day"], status["last_day"]
    zh = f"有效期 {first} 至 {last}。" if first else ""
    en = f"Valid from {first} to {last}. " if first else ""
    if claimed and status["code"] != "unknown":
        who = Words("二维码", "QR code") if printed else Words("文件", "file")
        zh, en = f"{zh}以上为{who.zh}自称，未经证实。", f"{en}The {who.en} claims so; nothing proves it. "
    if status["register"] == "unknown" and status["code"] != "unknown":
        zh += "没有联网查询证照是否已经变更、注销或吊销。"
        en += "The issuing authority was not asked whether it was changed, cancelled or revoked."
    word = Words(status["zh"], status["en"])
    if claimed and status["code"] != "unknown":
        word = Words(f"自称{word.zh}", f"claims to be {word.en}")
    elif printed and status["code"] != "unknown":
        word = Words(f"二维码数据{word.zh}", f"the QR code's data: {word.en}")
    return Answer(tone, sign, word, Words(zh, en.strip()))


def told_reasons(report: Mapping[str, Any], *,
                 but: Container[str] = ()) -> list[tuple[Words, list[Mapping[str, str]]]]:
    """The reasons, those that weigh apart from what is merely noted; each with its title, empty ones left out.

    Args:
        but: codes of notes that are told elsewhere.
    """
    weighing = {(found["code"], found["zh"]) for found in report["findings"] if found["severity"] != "note"}
    grouped: tuple[list[Mapping[str, str]], list[Mapping[str, str]]] = ([], [])
    for reason in report["reasons"]:
        noted = (reason["code"], reason["zh"]) not in weighing
        if not noted or reason["code"] not in but:
            grouped[noted].append(reason)
    titles = (Words("理由", "Reasons"), Words("说明", "Notes"))
    return [(title, reasons) for title, reasons in zip(titles, grouped, strict=True) if reasons]

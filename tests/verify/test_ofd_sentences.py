"""What the verifier says of a package or another OFD that is odd: the true reason, in words."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.verify.archives import archive, item
from tests.verify.foreign import vendors
from tests.verify.packages import PAGE, Entries, Forger, check, entries, forged, swap
from verify.report import Report

DOCUMENT = "Doc_0/Document.xml"


def told(report: Report, code: str) -> list[tuple[str, str]]:
    """The sentences of one code."""
    return [(each.reason.zh, each.reason.en) for each in report.findings if each.reason.code == code]


def test_metadata_that_stand_there_twice_are_told_to_be_twice() -> None:
    def doubled(data: bytes) -> bytes:
        return re.sub(rb'(<ofd:CustomData Name="KZ_BBH">(.*?)</ofd:CustomData>)', rb"\1\1", data)

    parts = entries()
    (number,) = re.findall(rb'<ofd:CustomData Name="KZ_BBH">(.*?)</ofd:CustomData>', parts["OFD.xml"])
    sentences = told(check(forged("OFD.xml", doubled)), "data.metadata")
    assert sentences == [(
        f"元数据 KZ_BBH 与证照数据不一致：第二次出现“{number.decode()}”，应为 只出现一次",
        f"the metadata KZ_BBH disagree with the record: a second “{number.decode()}” instead of one")]


@pytest.mark.parametrize(("name", "change", "zh", "en"), [
    (DOCUMENT, swap("?>\n", "?>\n<!-- a -->"), "根元素之前的声明、注释或指令", "instruction before the root element"),
    (DOCUMENT, swap("<ofd:Pages>", "<!-- a --><ofd:Pages>"), "注释或指令", "a comment or an instruction"),
    (DOCUMENT, swap("<ofd:Pages>", "<ofd:Pages>x"), "Pages 的下级元素", "the elements in Pages"),
    ("OFD.xml", lambda data: re.sub(rb"<ofd:Signatures>.*?</ofd:Signatures>", b"", data), "DocBody 的下级元素",
     "the elements in DocBody"),
])
def test_what_ours_do_not_have_is_named_in_words(name: str, change: Callable[[bytes], bytes], zh: str, en: str) -> None:
    sentences = told(check(forged(name, change)), "ofd.not-understood")
    assert any(zh in each and en in other for each, other in sentences), sentences


def test_text_of_another_size_is_told_to_be_of_another_size() -> None:
    def smaller(data: bytes) -> bytes:
        return re.sub(rb'Size="[0-9.]+"', b'Size="2.3"', data, count=1)

    report = check(Forger().apply({**entries(), PAGE: smaller(entries()[PAGE])}))
    ((zh, en),) = told(report, "rendition.page")
    assert zh.endswith("的位置、大小或颜色") and "the place, size or colour of" in en


def other(change: Callable[[Entries], Entries]) -> Report:
    """The report on another writer's file."""
    return vendors.check(vendors.pack(change(vendors.sealed())))


def test_a_first_file_that_cannot_be_read_is_no_missing_one() -> None:
    broken = other(lambda parts: {**parts, "OFD.xml": b"<a>\n<b>"})
    assert told(broken, "ofd.structure") == [(
        "OFD.xml 缺少 OFD 或结构不符合 GB/T 33190", "OFD.xml lacks OFD or is not built as GB/T 33190 says")]
    ((zh, en),) = told(broken, "xml.malformed")
    assert zh == "OFD.xml 不是良构的 XML（第 2 行）" and "string" not in en
    gone = other(lambda parts: {"Old_OFD.xml" if name == "OFD.xml" else name: data for name, data in parts.items()})
    assert told(gone, "ofd.structure")[0][0] == "/ 缺少 OFD.xml 或结构不符合 GB/T 33190"


def test_a_second_entry_of_the_very_same_name_is_told_as_another_one() -> None:
    items = [item(name, data) for name, data in (*vendors.sealed().items(), ("OFD.xml", b"<a/>"))]
    (sentence,) = told(vendors.check(archive(items)), "zip.twin")
    assert sentence == ("条目 OFD.xml 与 另一个条目 重名（含大小写、全半角差异）",
                        "the entries OFD.xml and another entry have the same name (case and width aside)")


def test_the_checks_that_were_not_made_are_named_not_the_one_that_failed() -> None:
    sentences = told(vendors.check(b"PK\3\4" + bytes(40)), "file.broken-off")
    assert sentences and not any("文件封装" in zh for zh, _ in sentences)

"""``metadata.xml``: what archivists ask of an electronic record, by the names of DA/T 48-2009 and DA/T 46-2009.

The elements stand in the order of the standard's package: the record (文件实体), what was done with it (业务实体),
who did it (机构人员实体). The files themselves lie beside it and are named with sizes and digests (文档), not
encoded into it.

Source: DA/T 48-2009 6 and annex A; DA/T 46-2009 5 (M1 to M88); GB/T 42727-2023.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from lxml import etree

from archive.manifest import Listed
from codes.china_time import CHINA_TIME
from codes.errors import EngineError

__all__ = ["NAMESPACE", "Act", "Described", "metadata_xml"]

NAMESPACE: Final = "http://www.saac.gov.cn/standards/ERM/encapsulation"
_FORM: Final = (
    "元数据元素取自 DA/T 48-2009《基于XML的电子文件封装规范》和 DA/T 46-2009；文件数据以独立文件存放于同一目录，"
    "由 manifest.json 记其摘要，由 evidence/ 中的存证记录（RFC 4998）证明其存在时间")
_FORMATS: Final = {
    ".ofd": "OFD（GB/T 33190-2016）", ".pdf": "PDF/A-3b（ISO 19005-3）", ".xml": "XML 1.0",
    ".json": "JSON（RFC 8785）", ".jsonl": "JSON lines", ".cer": "X.509 DER", ".crl": "X.509 CRL DER",
    ".outlines": "字形表", ".svg": "SVG",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that was done: its name, its moment (aware), by whom, a description."""

    name: str
    at: dt.datetime
    by: str
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What a package is.

    Attributes:
        items: metadata of the licence (ZZMC …) in their order.
        pages: how many the original has.
        authority: name and code of 发证机关.
        acts: in the order of their moments.
    """

    identifier: str
    title: str
    number: str
    holder: str
    holder_code: str
    issued: str
    first_day: str
    last_day: str
    authority: tuple[str, str]
    kind: str
    pages: int
    archived_at: dt.datetime
    items: tuple[tuple[str, str], ...]
    acts: tuple[Act, ...]
    files: Mapping[str, Listed]
    roles: Mapping[str, str]             # file → what it is


def metadata_xml(described: Described) -> bytes:
    """Write the metadata; the same values give the same bytes."""
    one = described
    root = etree.Element(f"{{{NAMESPACE}}}电子文件封装包", nsmap={None: NAMESPACE})  # type: ignore[dict-item]
    _add(root, "封装包格式描述", _FORM)
    _add(root, "版本", "2009")
    signed = _add(root, "被签名对象")
    signed.set("eep版本", "2009")
    _add(signed, "封装包类型", "原始型")
    _add(signed, "封装包类型描述", "本封装包包含电子文件数据及其元数据，原始封装，未经修改")
    _add(signed, "封装包创建时间", _time(one.archived_at))
    _add(signed, "封装包创建单位", one.authority[0])
    content = _add(signed, "封装内容")
    _record(_add(_add(content, "文件实体块"), "文件实体"), one)
    business = _add(content, "业务实体块")
    for number, act in enumerate(one.acts, 1):
        entity = _add(business, "业务实体")
        for name, value in (("业务标识符", f"业务{number}"), ("业务行为", act.name), ("行为时间", _time(act.at)),
                            ("行为描述", act.told), ("机构人员标识符", act.by)):
            _add(entity, name, value)
    people = _add(content, "机构人员实体块")
    for name in dict.fromkeys((one.authority[0], *(act.by for act in one.acts))):
        entity = _add(people, "机构人员实体")
        _add(entity, "机构人员标识符", name)
        _add(entity, "机构人员类型", "单位")
        _add(entity, "机构人员名称", name)
        if name == one.authority[0]:
            _add(entity, "组织机构代码", one.authority[1])
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _record(entity: etree._Element, one: Described) -> None:
    """文件实体: level, source, identifiers, content, form, place, the documents."""
    _add(entity, "聚合层次", "文件")
    source = _add(entity, "来源")
    _add(source, "立档单位名称", one.authority[0])
    _add(entity, "电子文件号", one.identifier)
    _pairs(_add(entity, "内容描述"), (
        ("题名", one.title), ("文件编号", one.number), ("责任者", one.authority[0]), ("主送", one.holder),
        ("文件日期", one.issued), ("起始日期", one.first_day), ("截止日期", one.last_day),
        ("持证主体代码", one.holder_code), ("证照种类", one.kind)))
    more = _add(entity, "证照元数据")
    for name, value in one.items:
        _add(more, "元数据项", value).set("名称", name)
    _pairs(_add(entity, "形式特征"), (
        ("文件组合类型", "单件"), ("件数", "1"), ("页数", str(one.pages)), ("语种", "中文"), ("稿本", "正本"),
        ("电子档案生成方式", "原生")))
    _pairs(_add(entity, "存储位置"), (("当前位置", one.identifier),))
    data = _add(entity, "文件数据")
    for number, (name, listed) in enumerate(one.files.items(), 1):
        document = _add(data, "文档")
        ending = PurePosixPath(name).suffix
        _pairs(document, (
            ("文档标识符", f"文档{number}"), ("文档序号", str(number)),
            ("文档主从声明", "主文档" if number == 1 else "从文档"), ("文档说明", one.roles.get(name, "核验依据"))))
        facts = _add(document, "文档数据")
        _pairs(facts, (
            ("计算机文件名", name), ("计算机文件大小", str(listed.size)), ("格式名称", _FORMATS.get(ending, "—")),
            ("数字摘要算法", "SM3"), ("数字摘要值", listed.sm3)))


def _pairs(element: etree._Element, pairs: Iterable[tuple[str, str]]) -> None:
    for name, value in pairs:
        if value:
            _add(element, name, value)


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    if text is not None:
        element.text = text
    return element


def _time(moment: dt.datetime) -> str:
    return moment.astimezone(CHINA_TIME).isoformat(timespec="seconds")


def told_files(data: bytes) -> dict[str, tuple[int, str]] | None:
    """The files that a ``metadata.xml`` names, with size and SM3; None where it cannot be read."""
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        root = etree.fromstring(data, parser)
        found = {}
        for facts in root.iter(f"{{{NAMESPACE}}}文档数据"):
            texts = {etree.QName(each).localname: each.text or "" for each in facts}
            found[texts["计算机文件名"]] = (int(texts["计算机文件大小"]), texts["数字摘要值"])
    except (etree.LxmlError, ValueError, KeyError, EngineError):
        return None
    return found

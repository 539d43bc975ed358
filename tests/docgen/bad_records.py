"""Records that are wrong, and records that are only odd: changes to worked example 1 and what they give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from docgen.record import MAX_BYTES

Change = Callable[[dict[str, Any]], None]


def put(**fields: Any) -> Change:
    return lambda record: record.update(fields)


def drop(*labels: str) -> Change:
    def change(record: dict[str, Any]) -> None:
        for label in labels:
            del record[label]
    return change


def groups(*given: tuple[str, list[Any]], text: str | None = None) -> Change:
    def change(record: dict[str, Any]) -> None:
        record["许可范围"] = text
        record["许可范围项"] = dict(given)
    return change


MODE, OTHER = "无储存经营", "有储存经营（不构成重大危险源）"

# change to example 1, (field, code) of every fault that it makes: no more, no fewer
BAD: list[tuple[str, Change, list[tuple[str, str]]]] = [
    # what must be there (R-000-01)
    ("no holder's name", drop("持有者名称"), [("持有者名称", "record.missing")]),
    ("empty address of the enterprise", put(企业住所=""), [("企业住所", "record.missing")]),
    ("null", put(企业法定代表人=None), [("企业法定代表人", "record.missing")]),
    ("blanks only", put(企业法定代表人="  "), [("企业法定代表人", "record.missing")]),
    ("no phone of the contact", drop("联系人电话"), [("联系人电话", "record.missing")]),
    ("no 经营方式", put(经营方式=[]), [("经营方式", "record.missing")]),
    ("no 许可范围", drop("许可范围"), [("许可范围", "record.missing")]),
    ("no QR address", drop("二维码"), [("二维码", "record.missing")]),
    ("several at once", drop("发证机关", "发证日期", "监制单位名称"), [
        ("发证机关", "record.missing"), ("发证日期", "record.missing"), ("监制单位名称", "record.missing")]),
    # keys and types
    ("another name for a field", put(证照编号="1"), [("证照编号", "record.unknown-key")]),
    ("an unknown key", put(remark="x"), [("remark", "record.unknown-key")]),
    ("a key with a zero-width space", put(**{"企业名称\u200b": "x"}), [
        ("企业名称<U+200B>", "record.unknown-key")]),
    ("a number for text", put(许可证编号=14010013202590001), [("许可证编号", "record.type")]),
    ("a list for text", put(企业名称=["甲"]), [("企业名称", "record.type")]),
    ("an object for text", put(发证日期={}), [("发证日期", "record.type")]),
    ("true for 是", put(发证机构是否属于应急局=True), [("发证机构是否属于应急局", "record.type")]),
    ("text for a list", put(经营方式=MODE), [("经营方式", "record.type")]),
    ("a number in a list", put(经营方式=[MODE, 2]), [("经营方式[2]", "record.type")]),
    ("a number as kind", put(kind=0), [("kind", "record.type")]),
    ("an unknown kind", put(kind="K99"), [("kind", "record.unknown-kind")]),
    ("kind as a path", put(kind="../K0"), [("kind", "record.unknown-kind")]),
    # presets and enumerations
    ("another maker", put(监制单位名称="中华人民共和国应急管理总局"), [("监制单位名称", "value.constant")]),
    ("another title", put(证件类型名称="危险化学品经营许可"), [("证件类型名称", "value.constant")]),
    ("another standard name", put(类别标准名称="危险化学品经营许可证（标准化）"), [
        ("类别标准名称", "value.constant")]),
    ("another type of holder", put(持有者类型="自然人"), [("持有者类型", "value.not-listed")]),
    ("an old word for 是否延期", put(是否延期="不过期"), [("是否延期", "value.not-listed")]),
    ("an unknown 经营方式", put(经营方式=[MODE, "零售经营"]), [("经营方式[2]", "value.not-listed")]),
    ("经营方式 as ids", put(经营方式=["1"]), [("经营方式[1]", "value.not-listed")]),
    ("经营方式 twice", put(经营方式=[MODE, MODE]), [("经营方式[2]", "value.twice")]),
    ("not an 应急局", put(发证机构是否属于应急局="不是"), [
        ("发证机构是否属于应急局", "record.not-issuable")]),
    # codes
    ("code one short", put(发证机关代码="11140100MB9TEX018"), [("发证机关代码", "uscc.length")]),
    ("code in lower case", put(发证机关代码="11140100mb9tex0180"), [("发证机关代码", "uscc.alphabet")]),
    ("code with letter O", put(发证机关代码="11140100MB9TEXO180"), [("发证机关代码", "uscc.alphabet")]),
    ("code with a wrong check digit", put(发证机关代码="11140100MB9TEX0181"), [
        ("发证机关代码", "uscc.check-digit")]),
    ("the seed's test code", put(证件号码="91140100MA0LRTL67U", 统一社会信用代码="91140100MA0LRTL67U"), [
        ("证件号码", "uscc.check-digit"), ("统一社会信用代码", "uscc.check-digit")]),
    # number
    ("provisional number", put(许可证编号="764466"), [("许可证编号", "number.provisional")]),
    ("provisional text", put(许可证编号="待配号"), [("许可证编号", "number.provisional")]),
    ("number one short", put(许可证编号="1401001320259000"), [("许可证编号", "number.length")]),
    ("number with a letter", put(许可证编号="1401001320259000O"), [("许可证编号", "number.digit")]),
    ("number of another type", put(许可证编号="14010023202590001"), [("许可证编号", "number.constant")]),
    ("number of another class", put(许可证编号="14010011202590001"), [("许可证编号", "number.constant")]),
    ("number of no region", put(许可证编号="99999913202590001"), [("许可证编号", "number.region")]),
    ("number of an impossible year", put(许可证编号="14010013192590001"), [("许可证编号", "number.year")]),
    ("sequence 00000", put(许可证编号="14010013202500000"), [("许可证编号", "number.sequence")]),
    # dates
    ("date with slashes", put(发证日期="2025/08/01"), [("发证日期", "date.format")]),
    ("date in Chinese", put(发证日期="2025年08月01日"), [("发证日期", "date.format")]),
    ("date without zero", put(发证日期="2025-8-1"), [("发证日期", "date.format")]),
    ("full-width date", put(发证日期="２０２５-08-01"), [("发证日期", "date.format")]),
    ("30 February", put(有效期截止日期="2028-02-30"), [("有效期截止日期", "date.impossible")]),
    ("month 13", put(发证日期="2025-13-01"), [("发证日期", "date.impossible")]),
    ("year 0", put(发证日期="0000-01-01"), [("发证日期", "date.impossible")]),
    ("end before start", put(有效期截止日期="2025-07-31"), [
        ("有效期截止日期", "date.order"), ("发证日期", "date.order")]),
    ("issued after the end", put(发证日期="2029-01-01"), [("发证日期", "date.order")]),
    ("extension date without extension", put(有效期延续至="2031-07-31"), [
        ("有效期延续至", "record.empty-when")]),
    ("extension without a date", put(是否延期="延期"), [("有效期延续至", "record.required-when")]),
    ("extension before the end", put(是否延期="延期", 有效期延续至="2028-07-30"), [
        ("有效期延续至", "date.order")]),
    # holder and face agree
    ("another holder", put(持有者名称="测试乙化工贸易有限公司"), [("持有者名称", "record.disagrees")]),
    ("another holder's code", put(证件号码="91140100MA9TEY017R"), [("证件号码", "record.disagrees")]),
    # names of units (R-001-04)
    ("abbreviated authority", put(发证机关="测试市应急局"), [("发证机关", "unit.abbreviated")]),
    ("abbreviated province", put(颁发单位="测试省应急厅"), [("颁发单位", "unit.abbreviated")]),
    ("authority without a place", put(发证机关="应急管理局"), [("发证机关", "unit.incomplete")]),
    ("authority as 市应急管理局", put(发证机关="市应急管理局"), [("发证机关", "unit.incomplete")]),
    ("no authority at all", put(发证机关="测试市"), [("发证机关", "unit.incomplete")]),
    # phones
    ("phone with words", put(联系人电话="请拨0351"), [("联系人电话", "value.pattern")]),
    ("phone too short", put(法人联系电话="12345"), [("法人联系电话", "value.pattern")]),
    ("id with letters", put(发证机关ID="31A7"), [("发证机关ID", "value.pattern")]),
    ("ids with commas", put(许可范围ID="1,2"), [("许可范围ID", "value.pattern")]),
    # address of the QR code (decision 6)
    ("http", put(二维码="http://lookup.example.invalid/l/1"), [("二维码", "address.scheme")]),
    ("another host", put(二维码="https://evil.invalid/l/1"), [("二维码", "address.host")]),
    ("host as a suffix", put(二维码="https://lookup.example.invalid.evil.invalid/"), [
        ("二维码", "address.host")]),
    ("host with a port", put(二维码="https://lookup.example.invalid:8443/l/1"), [
        ("二维码", "address.host")]),
    ("host in capitals", put(二维码="https://LOOKUP.example.invalid/l/1"), [("二维码", "address.host")]),
    ("a user before the host", put(二维码="https://lookup.example.invalid@evil.invalid/"), [
        ("二维码", "address.form")]),
    ("a fragment", put(二维码="https://lookup.example.invalid/l/1#9"), [("二维码", "address.form")]),
    ("a blank inside", put(二维码="https://lookup.example.invalid/l 1"), [("二维码", "address.form")]),
    ("Chinese in the address", put(二维码="https://lookup.example.invalid/证"), [
        ("二维码", "address.form")]),
    ("a backslash", put(二维码="https://lookup.example.invalid\\@evil.invalid/"), [
        ("二维码", "address.form")]),
    ("no address", put(二维码="14010013202590001"), [("二维码", "address.form")]),
    ("a bad port", put(二维码="https://lookup.example.invalid:x/"), [("二维码", "address.form")]),
    ("a very long address", put(二维码="https://lookup.example.invalid/" + "a" * 100), [
        ("二维码", "text.too-long")]),
    # characters
    ("line break", put(企业住所="测试市\n测试区"), [("企业住所", "text.control")]),
    ("tab", put(企业住所="测试市\t测试区"), [("企业住所", "text.control")]),
    ("NUL", put(联系人="甲\x00"), [("联系人", "text.control")]),
    ("right-to-left override", put(企业住所="测试市\u202e1号"), [("企业住所", "text.bidi")]),
    ("isolate", put(企业法定代表人="\u2066测试人甲\u2069"), [("企业法定代表人", "text.bidi")]),
    ("zero-width space", put(企业法定代表人="测试\u200b人甲"), [("企业法定代表人", "text.invisible")]),
    ("byte order mark inside", put(企业法定代表人="测试\ufeff人甲"), [("企业法定代表人", "text.invisible")]),
    ("Hangul filler", put(企业法定代表人="测试\u3164人甲"), [("企业法定代表人", "text.invisible")]),
    ("private use", put(企业法定代表人="测试人\ue000"), [("企业法定代表人", "text.private-use")]),
    ("unassigned", put(企业法定代表人="测试人\U000e0fff"), [("企业法定代表人", "text.unassigned")]),
    ("noncharacter", put(企业法定代表人="测试人\uffff"), [("企业法定代表人", "text.unassigned")]),
    ("lone surrogate", put(企业法定代表人="测试人\ud842"), [("企业法定代表人", "text.surrogate")]),
    ("no-break space", put(企业住所="测试市\u00a01号"), [("企业住所", "text.odd-blank")]),
    ("variation selector", put(企业法定代表人="测试葛\U000e0100"), [("企业法定代表人", "text.combining")]),
    ("replacement character", put(企业法定代表人="测试\ufffd"), [("企业法定代表人", "text.replacement")]),
    ("Kangxi radical", put(企业住所="测试市⼯业园"), [("企业住所", "text.radical")]),
    ("compatibility ideograph", put(企业法定代表人="测试人\uf9dc"), [("企业法定代表人", "text.not-nfc")]),
    ("decomposed letter", put(企业住所="Cafe\u0301大厦"), [("企业住所", "text.not-nfc")]),
    ("blank in front", put(企业法定代表人=" 测试人甲"), [("企业法定代表人", "text.edge-blanks")]),
    ("ideographic blank behind", put(企业法定代表人="测试人甲\u3000"), [
        ("企业法定代表人", "text.edge-blanks")]),
    ("no font", put(企业法定代表人="测试人𠮷"), [("企业法定代表人", "text.undrawable")]),
    ("no font for a scope item", put(许可范围="一、无储存经营：甲醇😀；"), [
        ("许可范围", "text.undrawable")]),
    ("blank and zero-width in a code", put(发证机关代码=" 11140100MB9TEX\u200b0181"), [
        ("发证机关代码", "text.invisible"), ("发证机关代码", "text.edge-blanks"),
        ("发证机关代码", "uscc.check-digit")]),
    # lengths
    ("very long name", put(企业名称="甲" * 81, 持有者名称="甲" * 81), [
        ("持有者名称", "text.too-long"), ("企业名称", "text.too-long")]),
    ("very long address of the enterprise", put(企业住所="甲" * 201), [("企业住所", "text.too-long")]),
    ("very long scope", put(许可范围="一、无储存经营：" + "、".join(["甲" * 200] * 250) + "；"), [
        ("许可范围", "text.too-long")]),
    # version and identifier
    ("version with two digits", put(版本号="01"), [("版本号", "record.version")]),
    ("version 000", put(版本号="000"), [("版本号", "record.version")]),
    ("version as a number", put(版本号=1), [("版本号", "record.version")]),
    # 许可范围 as text (R-000-08)
    ("scope without numeral", put(许可范围="轻质芳烃；"), [("许可范围", "scope.numeral")]),
    ("scope without colon", put(许可范围="一、无储存经营、轻质芳烃、正丁烷"), [("许可范围", "scope.colon")]),
    ("scope with half-width colon", put(许可范围="一、无储存经营:甲;"), [("许可范围", "scope.colon")]),
    ("items before a mode", put(许可范围="一、：甲；"), [("许可范围", "scope.mode")]),
    ("scope without end", put(许可范围="一、无储存经营：甲"), [("许可范围", "scope.end")]),
    ("scope with an empty item", put(许可范围="一、无储存经营：甲、、乙；"), [("许可范围", "scope.item")]),
    ("scope with an open bracket", put(许可范围="一、无储存经营：甲（乙；"), [
        ("许可范围", "scope.brackets")]),
    ("second group without numeral", put(许可范围=f"一、{MODE}：甲、{OTHER}：乙；"), [
        (f"许可范围.{MODE}[2]", "scope.item-form")]),
    ("blank before a separator", put(许可范围=f"一、{MODE}：甲 、乙；"), [
        (f"许可范围.{MODE}[1]", "scope.item-form")]),
    ("item of a mode that is not chosen", put(许可范围=f"一、{OTHER}：甲；"), [
        ("许可范围", "scope.other-mode")]),
    ("two groups of one mode", put(许可范围=f"一、{MODE}：甲；二、{MODE}：乙；"), [
        ("许可范围", "scope.mode-twice")]),
    ("very long item", put(许可范围=f"一、{MODE}：{'甲' * 301}；"), [
        (f"许可范围.{MODE}[1]", "scope.item-form")]),
    ("very many items", put(许可范围=f"一、{MODE}：" + "、".join("甲" * 4001) + "；"), [
        ("许可范围", "scope.too-many")]),
    # 许可范围 as groups (decision 17)
    ("text and groups disagree", groups((MODE, ["甲", "乙"]), text=f"一、{MODE}：甲、丙；"), [
        ("许可范围", "scope.disagrees")]),
    ("text is shorter than groups", groups((MODE, ["甲", "乙"]), text=f"一、{MODE}：甲；"), [
        ("许可范围", "scope.disagrees")]),
    ("groups as a list", put(许可范围项=[MODE]), [("许可范围项", "record.type")]),
    ("no groups", put(许可范围项={}), [("许可范围项", "record.missing")]),
    ("a group as text", groups((MODE, "甲")), [(f"许可范围项.{MODE}", "record.type")]),     # type: ignore[arg-type]
    ("a group without items", groups((MODE, [])), [(f"许可范围项.{MODE}", "record.missing")]),
    ("a number as item", groups((MODE, ["甲", 5])), [(f"许可范围项.{MODE}[2]", "record.type")]),
    ("an empty item", groups((MODE, ["甲", ""])), [(f"许可范围项.{MODE}[2]", "scope.item-form")]),
    ("an item with a control character", groups((MODE, ["甲\u0007"])), [
        (f"许可范围项.{MODE}[1]", "text.control")]),
    ("an item with ；", groups((MODE, ["甲；乙"])), [(f"许可范围项.{MODE}[1]", "scope.item-form")]),
    ("an item with an open bracket", groups((MODE, ["甲（乙"])), [
        (f"许可范围项.{MODE}[1]", "scope.item-form")]),
    ("groups of another mode", groups((MODE, ["甲"]), (OTHER, ["乙"])), [
        ("许可范围项", "scope.other-mode")]),
    ("a mode with a zero-width space", groups((MODE + "\u200b", ["甲"])), [
        (f"许可范围项.{MODE}<U+200B>", "text.invisible")]),
    ("very many groups", put(许可范围=None, 许可范围项={f"{MODE}{count}": ["甲"] for count in range(120)}), [
        ("许可范围项", "scope.too-many"), *[("许可范围项", "scope.other-mode")] * 120]),
]

# change to example 1, (field, code) of every warning beside that of a missing list
WARNINGS: list[tuple[str, Change, list[tuple[str, str]]]] = [
    ("effective the day after issue", put(发证日期="2025-07-31"), []),
    ("effective before issue", put(发证日期="2025-08-02"), [("有效期起始日期", "date.order")]),
    ("number of a later year", put(许可证编号="14010013202690001"), [("许可证编号", "number.after-issue")]),
    ("number of another region", put(许可证编号="14020013202590001"), [
        ("许可证编号", "number.other-region")]),
    ("an item twice", put(许可范围=f"一、{MODE}：甲、甲；"), [(f"许可范围.{MODE}[2]", "scope.item-twice")]),
    ("an item with 、", groups((MODE, ["合成树脂、油漆等制品"])), [
        (f"许可范围项.{MODE}[1]", "scope.separator-in-item")]),
    ("a mode without items", put(经营方式=[MODE, OTHER]), [("许可范围", "scope.mode-empty")]),
    ("extension on the last day", put(是否延期="延期", 有效期延续至="2028-07-31"), []),
]

BAD_JSON = [
    (b"", "json.syntax"), (b"{", "json.syntax"), (b"{} {}", "json.syntax"),
    (b"{'kind': 'K0'}", "json.syntax"),
    (b'{"a": 1,}', "json.syntax"), (b'{"a": "x\ny"}', "json.syntax"), (b"[]", "json.not-object"),
    (b'"text"', "json.not-object"), (b"null", "json.not-object"), (b'{"a": NaN}', "json.number"),
    (b'{"a": -Infinity}', "json.number"), (b'{"a": ' + b"9" * 5000 + b"}", "json.number"),
    (b'{"a": 1, "a": 2}', "json.duplicate-key"), (b'{"x": {"a": 1, "a": 2}}', "json.duplicate-key"),
    ('{"企业名称": "甲"}'.encode("gb18030"), "json.encoding"), ("{}".encode("utf-16"), "json.encoding"),
    (b'{"a": "\xed\xa0\x80"}', "json.encoding"), (b'{"a": [[[[1]]]]}', "json.too-deep"),
    (b"[" * 100_000, "json.too-deep"), (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "json.too-deep"),
    (b" " * (MAX_BYTES + 1), "json.too-large"),
]

"""Records of the two test kinds that are wrong: changes to their samples and exactly the faults they give."""

from __future__ import annotations

import base64
import io
from typing import Any

from PIL import Image

from docgen.rich_checks import MAX_PHOTO_BYTES
from tests.docgen.bad_records import Change, drop, put

EARLIER = "1.2.156.3005.2.11100000MB9TEX018A9T1.11140100MB9TEX0180.202500007.001.C"
SM3 = "a" * 64


END = b"\xff\xd9"


def scanless(data: bytes) -> bytes:
    """The photo up to the end of its scan's header."""
    scan = data.index(b"\xff\xda")
    return data[:scan + 2 + int.from_bytes(data[scan + 2:scan + 4], "big")]


def taller(data: bytes) -> bytes:
    """The photo, said to be twice as high."""
    height = data.index(b"\xff\xc0") + 5
    return data[:height] + (2 * int.from_bytes(data[height:height + 2], "big")).to_bytes(2, "big") + data[height + 2:]


def spare_table(data: bytes) -> bytes:
    """The photo with a quantisation table that no component names."""
    return data[:2] + b"\xff\xdb\x00\x43\x03" + b"private text".ljust(64) + data[2:]


def flat(data: bytes) -> bytes:
    """The photo, its pixels said to be four times as wide as high."""
    return data.replace(b"JFIF\0\x01\x01\x00\x00\x01\x00\x01", b"JFIF\0\x01\x01\x00\x00\x04\x00\x01")


def photo(size: tuple[int, int] = (120, 160), mode: str = "RGB", form: str = "JPEG", **options: Any) -> bytes:
    """A picture file."""
    written = io.BytesIO()
    Image.new(mode, size, 128 if mode == "L" else None).save(written, form, **options)
    return written.getvalue()


def text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def segment(marker: int, body: bytes) -> bytes:
    """A picture file with one more segment behind its start."""
    data = photo()
    return data[:2] + bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body + data[2:]


def without(marker: int) -> bytes:
    """A picture file that lacks its segments of one sort."""
    data = photo()
    kept, at = data[:2], 2
    while data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2:at + 4], "big")
        kept += b"" if data[at + 1] == marker else data[at:end]
        at = end
    return kept + data[at:]


def rows(*given: object) -> Change:
    return lambda record: record.update(核查人员=list(given))


def cell(number: int, **cells: Any) -> Change:
    return lambda record: record["核查人员"][number - 1].update(cells)


def several(*changes: Change) -> Change:
    def change(record: dict[str, Any]) -> None:
        for one in changes:
            one(record)
    return change


_OFFICER = {"姓名": "测试人丙", "执法证号": "0000003"}

# name, kind, change, (field, code) of every fault
BAD_RICH: list[tuple[str, str, Change, list[tuple[str, str]]]] = [
    # paragraphs
    ("no reasons", "R1", drop("理由"), [("理由", "record.missing")]),
    ("reasons of blanks and line feeds", "R1", put(理由=" \n "), [
        ("理由[1]", "text.empty-paragraph"), ("理由[2]", "text.empty-paragraph"), ("理由", "record.missing")]),
    ("an empty paragraph", "R1", put(理由="甲。\n\n乙。"), [("理由[2]", "text.empty-paragraph")]),
    ("a line feed at the end", "R1", put(理由="甲。\n"), [("理由[2]", "text.empty-paragraph")]),
    ("a carriage return", "R1", put(理由="甲。\r\n乙。"), [("理由[1]", "text.control")]),
    ("a hidden character in the second paragraph", "R1", put(理由="甲。\n乙\u200b。"), [("理由[2]", "text.invisible")]),
    ("an indented paragraph", "R1", put(理由="甲。\n　　乙。"), [("理由[2]", "text.edge-blanks")]),
    ("reasons too long", "R1", put(理由="甲" * 3001), [("理由", "text.too-long")]),
    ("reasons as a list", "R1", put(理由=["甲。"]), [("理由", "record.type")]),
    ("a line feed where none may be", "R1", put(申请人="测试\n公司"), [("申请人", "text.control")]),
    ("reasons no font draws", "R1", put(理由="甲。\n𠮷。"), [("理由", "text.undrawable")]),
    # tables
    ("no officers", "R1", drop("核查人员"), [("核查人员", "record.missing")]),
    ("an empty list", "R1", rows(), [("核查人员", "record.missing")]),
    ("no list", "R1", put(核查人员={"姓名": "甲"}), [("核查人员", "record.type")]),
    ("a row that is a text", "R1", rows(_OFFICER, "测试人丁"), [("核查人员[2]", "record.type")]),
    ("one officer", "R1", rows(_OFFICER), [("核查人员", "record.too-few")]),
    ("a list of one annex", "R1", put(附件清单=[{"名称": "甲"}]), [("附件清单", "table.too-few-rows")]),
    ("an annex that is nothing", "R1", put(附件清单=[{"名称": "甲"}, {}]), [("附件清单[2]", "record.missing")]),
    ("21 officers", "R1", rows(*({"姓名": f"测试{n}", "执法证号": "1"} for n in range(21))),
     [("核查人员", "record.too-many")]),
    ("41 officers", "R1", rows(*({"姓名": f"测试{n}", "执法证号": "1"} for n in range(41))),
     [("核查人员", "table.too-many-rows")]),
    ("the same officer twice", "R1", rows(_OFFICER, _OFFICER), [("核查人员[2].姓名", "table.twice")]),
    ("a cell that is missing", "R1", cell(2, 执法证号=None), [("核查人员[2].执法证号", "record.missing")]),
    ("a cell of another form", "R1", cell(2, 执法证号="A1"), [("核查人员[2].执法证号", "value.pattern")]),
    ("a date that is none", "R1", cell(1, 核查日期="2025-02-30"), [("核查人员[1].核查日期", "date.impossible")]),
    ("a number in a cell", "R1", cell(1, 执法证号=1), [("核查人员[1].执法证号", "record.type")]),
    ("a cell too long", "R1", cell(1, 意见="同" * 201), [("核查人员[1].意见", "text.too-long")]),
    ("a line feed in a cell", "R1", cell(1, 意见="同\n意"), [("核查人员[1].意见", "text.control")]),
    ("a cell of no column", "R1", cell(2, 姓明="甲"), [("核查人员[2].姓明", "record.unknown-key")]),
    ("a cell no font draws", "R1", cell(2, 姓名="𠮷"), [("核查人员[2].姓名", "text.undrawable")]),
    ("several cells at once", "R1", several(cell(1, 核查日期="x"), cell(2, 姓名="")), [
        ("核查人员[1].核查日期", "date.format"), ("核查人员[2].姓名", "record.missing")]),
    # photos
    ("no photo", "R2", drop("照片"), [("照片", "record.missing")]),
    ("a photo that is no text", "R2", put(照片=[1]), [("照片", "record.type")]),
    ("no base64", "R2", put(照片="照片"), [("照片", "photo.base64")]),
    ("base64 with line feeds", "R2", put(照片=text(photo())[:76] + "\n" + text(photo())[76:]),
     [("照片", "photo.base64")]),
    ("a photo that is no photo", "R2", put(照片=text(b"<script>alert(1)</script>")), [("照片", "photo.not-jpeg")]),
    ("a PNG", "R2", put(照片=text(photo(form="PNG"))), [("照片", "photo.not-jpeg")]),
    ("a GIF", "R2", put(照片=text(photo(mode="L", form="GIF"))), [("照片", "photo.not-jpeg")]),
    ("a progressive JPEG", "R2", put(照片=text(photo(progressive=True))), [("照片", "photo.coding")]),
    ("a CMYK JPEG", "R2", put(照片=text(photo(mode="CMYK"))), [("照片", "photo.colour")]),
    ("EXIF", "R2", put(照片=text(segment(0xE1, b"Exif\0\0"))), [("照片", "photo.more-than-picture")]),
    ("a comment", "R2", put(照片=text(segment(0xFE, b"hello"))), [("照片", "photo.more-than-picture")]),
    ("bytes behind the picture", "R2", put(照片=text(photo() + b"<html>")), [("照片", "photo.more-than-picture")]),
    ("half a photo", "R2", put(照片=text(photo()[:-40])), [("照片", "photo.damaged")]),
    ("half a photo, closed", "R2", put(照片=text(photo()[:-60] + END)), [("照片", "photo.form")]),
    ("a photo without pixels", "R2", put(照片=text(scanless(photo()) + END)), [("照片", "photo.form")]),
    ("twice as high as its pixels", "R2", put(照片=text(taller(photo()))), [("照片", "photo.form")]),
    ("text inside the scan", "R2", put(照片=text(photo()[:-2] + b"<script>" * 9 + END)), [("照片", "photo.form")]),
    ("a table that nothing uses", "R2", put(照片=text(spare_table(photo()))), [("照片", "photo.more-than-picture")]),
    ("pixels that are not square", "R2", put(照片=text(flat(photo()))), [("照片", "photo.more-than-picture")]),
    ("3001 pixels high", "R2", put(照片=text(photo((100, 3001), "L"))), [("照片", "photo.pixels")]),
    ("20000 pixels wide", "R2", put(照片=text(photo((20000, 100), "L"))), [("照片", "photo.pixels")]),
    ("too few pixels", "R2", put(照片=text(photo((99, 100)))), [("照片", "photo.pixels")]),
    ("too many bytes", "R2", put(照片=text(bytes(MAX_PHOTO_BYTES + 4))), [("照片", "photo.too-large")]),
    ("a JPEG that lacks a table", "R2", put(照片=text(without(0xDB))), [("照片", "photo.damaged")]),
    # identity numbers
    ("no identity number", "R2", put(公民身份号码="99999919900101001X"), [("公民身份号码", "identity.form")]),
    ("17 digits", "R2", put(公民身份号码="99999919900101001"), [("公民身份号码", "identity.form")]),
    ("another date of birth", "R2", put(出生日期="1990-01-02"), [("出生日期", "identity.birth")]),
    ("another sex", "R2", put(性别="女"), [("性别", "identity.sex")]),
    ("too young", "R2", put(公民身份号码="999999201001010016", 出生日期="2010-01-01"),
     [("公民身份号码", "record.age")]),
    ("too old", "R2", put(公民身份号码="999999195001010018", 出生日期="1950-01-01"),
     [("公民身份号码", "record.age")]),
    # references to earlier documents
    ("a reference of one word", "R1", put(前件=EARLIER), [("前件", "earlier.form")]),
    ("a wrong check character", "R1", put(前件=f"{EARLIER[:-1]}D sm3:{SM3}"), [("前件", "earlier.form")]),
    ("a digest in capitals", "R1", put(前件=f"{EARLIER} sm3:{SM3.upper()}"), [("前件", "earlier.form")]),
    # numbers with words
    ("a 文号 without brackets", "R1", put(文号="测应急核2025-7号"), [("文号", "number.form")]),
    ("a 文号 with a leading zero", "R1", put(文号="测应急核〔2025〕07号"), [("文号", "number.sequence")]),
    ("a 文号 of another century", "R1", put(文号="测应急核〔1925〕7号"), [("文号", "number.year")]),
    # rules
    ("first and second authority the same", "R1", put(初审机关="测试市应急管理局"),
     [("初审机关", "record.not-different")]),
    ("an activity that the class bars", "R1", put(活动=["生产", "储存"]), [("活动", "record.not-allowed")]),
    ("a class that the activity bars", "R1", put(类别="第三类"), [("类别", "record.barred")]),
    ("a grade too low", "R1", put(等级="三级"), [("等级", "record.below")]),
    ("a grade that is missing", "R1", put(等级=None), [("等级", "record.required-when")]),
    ("neither demand nor date", "R1", put(结论="不同意"), [("整改要求", "record.one-of")]),
    ("a date for nothing", "R1", put(整改期限="2025-10-01"), [("整改期限", "record.empty-when")]),
    ("an authority of too low a level", "R1", put(发文机关代码="11140105MB9TEX019B"),
     [("发文机关代码", "record.authority-level")]),
    ("too little schooling", "R2", put(学历="小学", 作业类别="电工作业"), [("学历", "record.below")]),
    ("too little schooling for chemicals", "R2", put(学历="初中"), [("学历", "record.below")]),
]

# name, kind, change: all of these hold
GOOD_RICH: list[tuple[str, str, Change]] = [
    ("as it is", "R1", put()), ("as it is", "R2", put()),
    ("one paragraph", "R1", put(理由="甲。")),
    ("forty paragraphs", "R1", put(理由="\n".join(["甲。"] * 40))),
    ("a reference", "R1", put(前件=f"{EARLIER} sm3:{SM3}")),
    ("refused with a demand", "R1", put(结论="不同意", 整改要求="甲。\n乙。")),
    ("the third class, trade", "R1", put(类别="第三类", 活动=["经营"], 等级=None)),
    ("the third class, refused", "R1", put(类别="第三类", 结论="不同意", 整改期限="2025-10-01")),
    ("two annexes", "R1", put(附件清单=[{"名称": "甲"}, {"份数": "2"}])),
    ("a number of five digits", "R1", put(文号="测应急核〔2025〕99999号")),
    ("a county may do the second class", "R1", put(类别="第二类", 发文机关代码="11140105MB9TEX019B")),
    ("no entries", "R2", put(复审记录=[])),
    ("a grey photo", "R2", put(照片=text(photo(mode="L")))),
    ("the largest photo", "R2", put(照片=text(photo((3000, 100), "L")))),
    ("schooling just enough", "R2", put(学历="初中", 作业类别="电工作业")),
    ("a woman", "R2", put(性别="女", 公民身份号码="999999199001010024")),
    ("eighteen today", "R2", put(发证日期="2008-01-01", 有效期起始日期="2008-01-01")),
]

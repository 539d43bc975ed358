"""Opinions, decisions and notices: what they demand of a record, how they are sealed, that they issue and verify."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import docgen
from certs.home import Home, HomeError
from certs.sm3 import sm3
from docgen.compose import compose
from docgen.earlier import EarlierError
from docgen.page import Document, GlyphRun
from docgen.record import RecordError, validate
from layouts import load_kind, printed, resource
from tests.support.demo_home import CITY, PROVINCE, copied_home, demo_home
from verify import verify

__all__ = ["demo_home"]

LETTERS = ("D1", "D2a", "D2b", "D3", "D4", "D5", "D7")
OPINIONS = ("K4", "K5a", "K5b")
COUNTY = ("11140121MB9TEX018D", "测试市测试县应急管理局")
Change = Callable[[dict[str, Any]], None]


def sample(code: str, number: int = 1) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(resource(code, f"samples/example-{number}.json"))
    return loaded


def put(**values: Any) -> Change:
    return lambda record: record.update(values)


def issuer(authority: tuple[str, str]) -> Change:
    return put(发文机关代码=authority[0], 发文机关=authority[1])


def cut(label: str, rows: int) -> Change:
    return lambda record: record.update({label: record[label][:rows]})


def faults(code: str, *changes: Change, number: int = 1) -> list[tuple[str, str]]:
    record = copy.deepcopy(sample(code, number))
    for change in changes:
        change(record)
    with pytest.raises(RecordError) as caught:
        validate(record, load_kind(code), lookup_hosts=(), drawable=lambda _: set(), demo=True)
    return [(fault.field, fault.code) for fault in caught.value.faults]


def drawn(code: str, number: int) -> Document:
    licence = validate(sample(code, number), load_kind(code), lookup_hosts=(), drawable=lambda _: set(), demo=True)
    return compose(licence, "", seal_size_mm=42)


def text_of(document: Document) -> str:
    return "".join(item.text for page in document.pages for item in page.items
                   if isinstance(item, GlyphRun) and item.line is not None)


BAD: list[tuple[str, str, tuple[str, ...], list[Change], list[tuple[str, str]]]] = [
    ("D1", "no reasons", ("R-004-05",), [put(理由=None)], [("理由", "record.missing")]),
    ("D1", "empty reasons", ("R-004-05",), [put(理由="")], [("理由", "record.missing")]),
    ("D1", "no remedy", (), [put(复议机关=None, 诉讼法院="")],
     [("复议机关", "record.missing"), ("诉讼法院", "record.missing")]),
    ("D1", "decided before it was accepted", (), [put(受理日期="2025-09-06")], [("成文日期", "date.order")]),
    ("D1", "K2 refused in a city's own name", ("R-004-13",), [put(许可事项="危险化学品生产企业安全生产许可证核发")],
     [("发文机关代码", "record.authority-level")]),
    ("D1", "K1 refused by the province", ("R-004-13",), [issuer(PROVINCE)],
     [("发文机关代码", "record.authority-level")]),
    ("D1", "a number of next year", (), [put(文号="测应急不许字〔2026〕12号")], [("文号", "number.after-issue")]),
    ("D1", "a number of another kind", (), [put(文号="测应急初审字〔2025〕12号")], [("文号", "number.form")]),
    ("D2a", "the city does the first check", ("R-004-06", "R-004-23"), [issuer(CITY), put(报送机关="测试省应急管理厅")],
     [("发文机关代码", "record.authority-level")]),
    ("D2a", "sent to itself", ("R-004-06",), [put(报送机关=COUNTY[1])], [("报送机关", "record.not-different")]),
    ("D2a", "no opinion", ("R-004-06",), [put(初审意见=None)], [("初审意见", "record.missing")]),
    ("D2b", "without the county's part", ("R-004-06", "R-004-23"), [put(初审文书=None)],
     [("初审文书", "record.missing")]),
    ("D2b", "the county does the second check", ("R-004-06", "R-004-23"),
     [issuer(COUNTY), put(初审机关="测试市测试区应急管理局")], [("发文机关代码", "record.authority-level")]),
    ("D2b", "both checks by one authority", ("R-004-06", "R-004-23"), [put(初审机关=CITY[1])],
     [("初审机关", "record.not-different")]),
    ("D2b", "before the county", ("R-004-06",), [put(初审日期="2025-08-09")], [("收到日期", "date.order")]),
    ("D3", "one officer", ("R-004-07",), [cut("核查人员", 1)], [("核查人员", "record.too-few")]),
    ("D3", "no officer", ("R-004-07",), [put(核查人员=[])], [("核查人员", "record.missing")]),
    ("D3", "the same officer twice", ("R-004-07",), [put(核查人员=sample("D3")["核查人员"][:1] * 2)],
     [("核查人员[2].执法证件号码", "table.twice")]),
    ("D3", "no findings", (), [put(核查意见="")], [("核查意见", "record.missing")]),
    ("D3", "to be mended, but neither what nor when", (), [put(核查结论="整改后复查")],
     [("整改要求", "record.required-when"), ("整改期限", "record.required-when")]),
    ("D4", "no reason", ("R-004-10",), [put(延长理由="")], [("延长理由", "record.missing")]),
    ("D4", "no approval", ("R-004-10",), [put(批准人=None, 批准日期=None)],
     [("批准人", "record.missing"), ("批准日期", "record.missing")]),
    ("D4", "another length", ("R-004-10",), [put(延长期限="15个工作日")], [("延长期限", "value.constant")]),
    ("D4", "approved when the limit was over", ("R-004-10",), [put(批准日期="2025-09-01", 成文日期="2025-09-01")],
     [("批准日期", "date.order")]),
    ("D4", "told before it was approved", ("R-004-10",), [put(成文日期="2025-08-26")], [("成文日期", "date.order")]),
    ("D4", "not longer at all", ("R-004-10",), [put(延长后届满日="2025-08-29")],
     [("延长后届满日", "record.not-different")]),
    ("D4", "an item without extension", ("R-004-10",), [put(许可事项="烟花爆竹经营（批发）许可")],
     [("许可事项", "value.not-listed")]),
    ("D5", "no addressee", ("R-004-11",), [put(告知对象=[])], [("告知对象", "record.missing")]),
    ("D5", "an addressee who is neither", ("R-004-11",), [lambda record: record["告知对象"][1].update(类别="其他")],
     [("告知对象[2].类别", "value.not-listed")]),
    ("D5", "an addressee without a name", ("R-004-11",), [lambda record: record["告知对象"][1].update(名称="")],
     [("告知对象[2].名称", "record.missing")]),
    ("D7", "told before it was decided", (), [put(成文日期="2025-09-07")], [("成文日期", "date.order")]),
    ("D7", "an item that nobody collects", (), [put(许可事项="特种作业操作证的考核、发证、复审")],
     [("许可事项", "value.not-listed")]),
    ("K4", "another title", ("R-004-09",), [put(文书名称="建设项目安全设施批复")], [("文书名称", "value.not-listed")]),
    ("K4", "neither yes nor no", (), [put(审查结论="原则同意")], [("审查结论", "value.not-listed")]),
    ("K4", "an acceptance without builder", (), [put(文书名称="建设项目安全设施竣工验收意见")],
     [("施工单位", "record.required-when"), ("监理单位", "record.required-when")]),
    ("K4", "no first check", ("R-004-23",), [put(初审机关=None, 初审日期=None, 初审意见=None)],
     [("初审机关", "record.missing"), ("初审日期", "record.missing"), ("初审意见", "record.missing")]),
    ("K5a", "neither yes nor no", ("R-004-08",), [put(审查结论="基本同意")], [("审查结论", "value.not-listed")]),
    ("K5a", "no conclusion", ("R-004-08",), [put(审查结论="")], [("审查结论", "record.missing")]),
    ("K5a", "no, without remedies", (), [put(审查结论="不同意")],
     [("复议机关", "record.required-when"), ("诉讼法院", "record.required-when")]),
    ("K5a", "by a county", ("R-004-13",), [issuer(COUNTY), put(初审机关="测试市测试区应急管理局")],
     [("发文机关代码", "record.authority-level")]),
    ("K5b", "neither yes nor no", ("R-004-08",), [put(审查结论="有条件同意")], [("审查结论", "value.not-listed")]),
    ("K5b", "no conclusion", ("R-004-08",), [put(审查结论=None)], [("审查结论", "record.missing")]),
    ("K5b", "both checks by one authority", ("R-004-23",), [put(初审机关=CITY[1])],
     [("初审机关", "record.not-different")]),
]


@pytest.mark.parametrize(
    ("code", "changes", "expected"),
    [pytest.param(code, changes, expected, id=f"{code} {name}", marks=[pytest.mark.req(*ids)] if ids else [])
     for code, name, ids, changes, expected in BAD])
def test_a_bad_record_is_refused_with_exactly_its_faults(
    code: str, changes: list[Change], expected: list[tuple[str, str]],
) -> None:
    assert sorted(faults(code, *changes)) == sorted(expected)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home in which this module issues."""
    return copied_home(tmp_path_factory.mktemp("letters") / "home")


def issue(home: Home, record: dict[str, Any], out: Path, **attachments: bytes) -> docgen.Issued:
    return docgen.issue(record, home=home, out=out, attachments=attachments)


def assert_valid(home: Home, issued: docgen.Issued) -> None:
    for path in (issued.ofd_path, issued.pdf_path):
        assert path is not None
        report = verify(path, trust=home.trust_dir)
        assert (report.verdict, report.status.state.value) == ("valid", "not-applicable"), report.reasons


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("code", [
    pytest.param("D1", marks=pytest.mark.req("R-004-05")), pytest.param("D3", marks=pytest.mark.req("R-004-07")),
    pytest.param("D4", marks=pytest.mark.req("R-004-10")), pytest.param("D5", marks=pytest.mark.req("R-004-11")), "D7",
    pytest.param("K4", marks=pytest.mark.req("R-004-09")), pytest.param("K5a", marks=pytest.mark.req("R-004-08")),
    pytest.param("K5b", marks=pytest.mark.req("R-004-08")),
])
def test_a_sample_issues_and_verifies_with_no_validity(code: str, number: int, home: Home, tmp_path: Path) -> None:
    assert_valid(home, issue(home, sample(code, number), tmp_path))


@pytest.mark.req("R-004-06", "R-004-23")
def test_the_citys_opinion_holds_the_countys_sealed_one(home: Home, tmp_path: Path) -> None:
    county = issue(home, sample("D2a"), tmp_path)
    assert_valid(home, county)
    assert county.ofd_path is not None
    earlier = county.ofd_path.read_bytes()
    record = sample("D2b") | {"初审文书": f"{county.identifier} sm3:{sm3(earlier).hex()}"}
    with pytest.raises(EarlierError) as missing:
        issue(home, record, tmp_path)
    assert missing.value.code.value == "issue.earlier-missing"
    other = issue(home, sample("D3"), tmp_path)
    assert other.ofd_path is not None
    with pytest.raises(EarlierError) as wrong:
        issue(home, record, tmp_path, earlier=other.ofd_path.read_bytes())
    assert wrong.value.code.value == "issue.earlier-digest"
    with pytest.raises(EarlierError) as twisted:
        issue(home, record | {"初审日期": "2025-08-05"}, tmp_path, earlier=earlier)
    assert twisted.value.code.value == "issue.earlier-disagrees"
    assert_valid(home, issue(home, record, tmp_path, earlier=earlier))


@pytest.mark.req("R-004-06")
def test_a_city_opinion_on_a_document_of_another_kind_is_refused(home: Home, tmp_path: Path) -> None:
    other = issue(home, sample("D3", 2), tmp_path)
    assert other.ofd_path is not None
    data = other.ofd_path.read_bytes()
    named = f"{other.identifier} sm3:{sm3(data).hex()}"
    with pytest.raises(EarlierError) as caught:
        issue(home, sample("D2b") | {"文号": "测应急审查字〔2025〕99号", "初审文书": named}, tmp_path, earlier=data)
    assert caught.value.code.value == "issue.earlier-kind"


@pytest.mark.req("R-004-13")
@pytest.mark.parametrize(("code", "name"), [(CITY[0], PROVINCE[1]), ("11140105MB9TEX0263", "测试市测试区应急管理局")])
def test_no_seal_but_that_of_the_authority_that_decides(code: str, name: str, home: Home, tmp_path: Path) -> None:
    record = sample("K4") | {"发文机关代码": code, "发文机关": name, "文号": "测应急设审字〔2025〕66号"}
    with pytest.raises(HomeError):
        issue(home, record, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.req("R-004-05")
def test_a_long_decision_has_its_seal_on_the_last_page_and_a_slice_on_each() -> None:
    pages = drawn("D1", 2).pages
    assert len(pages) >= 3
    whole = [[stamp for stamp in page.seals if stamp.clip is None] for page in pages]
    cut = [[stamp for stamp in page.seals if stamp.clip is not None] for page in pages]
    assert [len(stamps) for stamps in whole] == [0] * (len(pages) - 1) + [1]
    assert [len(stamps) for stamps in cut] == [1] * len(pages)
    (seal,) = whole[-1]
    dates = [item for item in pages[-1].items if isinstance(item, GlyphRun) and item.tag == "成文日期"]
    assert all(seal.place.x_mm < run.xs_mm[0] + run.width_mm and run.xs_mm[0] < seal.place.x_mm + seal.place.width_mm
               and seal.place.y_mm < run.y_mm < seal.place.y_mm + seal.place.height_mm for run in dates) and dates


@pytest.mark.req("R-004-05")
@pytest.mark.parametrize("number", [1, 2])
def test_a_decision_prints_its_reasons_whole_and_the_remedies(number: int) -> None:
    text, record = text_of(drawn("D1", number)), sample("D1", number)
    assert printed(record["理由"], "paragraphs") in text
    for part in ("自收到本决定书之日起六十日内，向测试市人民政府申请行政复议", "自收到本决定书之日起六个月内",
                 "向测试市测试区人民法院提起行政诉讼", "《中华人民共和国行政许可法》第三十八条第二款"):
        assert part in text


BASES = [
    ("D1", 1, "《危险化学品安全使用许可证实施办法》第五条"),
    ("D1", 2, "《非煤矿矿山企业安全生产许可证实施办法》第二条"),
    ("D4", 1, "《建设项目安全设施“三同时”监督管理办法》"), ("D4", 2, "《危险化学品建设项目安全监督管理办法》"),
    ("D5", 1, "《中华人民共和国行政许可法》第三十六条、第四十七条、第八十二条"),
    ("K4", 1, "《中华人民共和国安全生产法》第三十三条第二款和《建设项目安全设施“三同时”监督管理办法》第五条"),
    ("K4", 2, "《中华人民共和国安全生产法》第三十四条第二款和《建设项目安全设施“三同时”监督管理办法》第五条"),
    ("K5a", 1, "《危险化学品安全管理条例》第十二条"),
    ("K5b", 2, "《危险化学品建设项目安全监督管理办法》第三条第一款"),
]


@pytest.mark.parametrize(("code", "number", "basis"), BASES)
def test_a_letter_cites_the_basis_of_its_item_and_no_other(code: str, number: int, basis: str) -> None:
    text = text_of(drawn(code, number))
    assert text.count(basis) == 1 and "《烟花爆竹安全管理条例》" not in text


@pytest.mark.req("R-004-08")
@pytest.mark.parametrize("code", ["K5a", "K5b"])
def test_an_opinion_says_yes_or_no_and_names_remedies_only_with_a_no(code: str) -> None:
    agreed, refused = text_of(drawn(code, 1)), text_of(drawn(code, 2))
    assert "行政复议" not in agreed and "行政复议" in refused
    assert f"不同意{sample(code, 2)['项目名称']}" in refused and f"不同意{sample(code, 1)['项目名称']}" not in agreed


@pytest.mark.req("R-004-09")
@pytest.mark.parametrize(
    ("number", "title"), [(1, "建设项目安全设施设计审查意见"), (2, "建设项目安全设施竣工验收意见")])
def test_an_opinion_on_a_mine_or_smelter_bears_one_of_two_titles(number: int, title: str) -> None:
    text = text_of(drawn("K4", number))
    assert title in text and ("通过竣工验收" in text) == (number == 2)


@pytest.mark.req("R-004-10")
def test_a_notice_of_a_longer_limit_says_by_how_much_why_and_who_approved() -> None:
    text, record = text_of(drawn("D4", 1)), sample("D4", 1)
    for part in ("审查期限延长10个工作日，至2025年9月12日止", record["延长理由"],
                 "经本部门负责人测试人壬（局长）于2025年8月27日批准"):
        assert part in text


@pytest.mark.req("R-004-11")
def test_a_notice_of_rights_names_every_addressee_and_every_right() -> None:
    text, record = text_of(drawn("D5", 2)), sample("D5", 2)
    for part in ("陈述和申辩", "要求听证的权利", "五个工作日内", "二十个工作日内",
                 *(row["名称"] for row in record["告知对象"])):
        assert part in text


DATES = [("2025-04-03", "2025年4月3日"), ("2025-10-30", "2025年10月30日"), (None, "")]


@pytest.mark.parametrize(("value", "text"), DATES)
def test_letters_write_dates_without_leading_zeros(value: str | None, text: str) -> None:
    assert printed(value, "date-plain") == text


@pytest.mark.parametrize("code", [*LETTERS, *OPINIONS])
def test_a_letter_has_no_validity_no_qr_code_and_a_provisional_number(code: str) -> None:
    kind = load_kind(code)
    assert not {"valid_from", "valid_to", "qr"} & set(kind.roles) and "不适用" in kind.statuses
    assert kind.number.provisional and kind.type_code_provisional


def test_two_authorities_may_give_the_same_document_number(home: Home) -> None:
    first, second = sample("D4"), sample("D4")
    second |= {"发文机关": PROVINCE[1], "发文机关代码": PROVINCE[0]}
    issued = [docgen.issue(record, home=home).identifier for record in (first, second)]
    assert len(set(issued)) == 2

"""``kinds check``: a new kind passes at once; each way to spoil it is found, with its file, line and field."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from docgen.design.findings import DesignError, folded
from docgen.design.folder import open_folder
from docgen.design.scaffold import new_kind, write_schema
from tests.design.kinds import CODE, NAME, change, check, codes, data, made


@pytest.fixture
def kind(tmp_path: Path) -> Path:
    return made(tmp_path)


@pytest.mark.req("R-003-04", "R-003-59")
def test_a_new_kind_passes_at_once_and_says_what_its_author_still_has_to_write(kind: Path) -> None:
    answer = check(kind)
    assert answer.findings == ()
    assert answer.facts["drawn"] == ["samples/example-1.json", "short", "long", "empty", "rare"]
    text = (kind / "kind.json").read_text(encoding="utf-8")
    assert [note["line"] for note in answer.facts["notes"]] == [
        number for number, line in enumerate(text.splitlines(), 1) if '"待定' in line]


SPOILT = [
    # file, what stands there, what is put there, code, field
    ("kind.json", '"validity": {', '"validity_old": {', "kind.data", "validity_old"),
    ("kind.json", '"version": "1.0",', '"version" "1.0",', "design.json", ""),
    ("kind.json", '"label": "住所", "required": true', '"label": "住址", "required": true', "kind.data", "住所"),
    ("kind.json", '"type_code": "11100000MB9TEX018A', '"type_code": "11100', "kind.data", "type_code"),
    ("kind.json", '"max_length": 200', '"max_length": 2000', "compose.overflow", None),
    ("pages.xml", 'style="title" x="66" y="58"', 'style="title" x="66" y="70"', "design.overlap", "证照名称"),
    ("pages.xml", 'x="35" y="34" width="120"', 'x="190" y="34" width="90"', "compose.overlap", None),
    ("pages.xml", 'name="code" face="kai" size="5" least="3.175"', 'name="code" face="kai" size="3"',
     "design.too-small", "统一社会信用代码"),
    ("pages.xml", 'name="value" face="kai" size="5.8" least="3.175" colour="#111111"',
     'name="value" face="kai" size="5.8" least="3.175" colour="#8fa3b5"', "design.contrast", "企业名称"),
    ("pages.xml", '<seal over="发证机关 发证日期"/>', '<seal over="发证机关"/>', "compose.overlap", None),
    ("pages.xml", '<seal over="发证机关 发证日期"/>', '<seal over="发证单位"/>', "template.value", None),
    ("pages.xml", '<seal over="发证机关 发证日期"/>', '<stamp over="发证机关"/>', "template.unknown-word", None),
    ("pages.xml", 'text="（副本）"', 'text="（正本）"', "template.face", None),
    ("pages.xml", "{{ rest() }}", "{{ rests() }}", "template.filling", None),
    ("pages.xml", "{% macro rest() -%}", "{% macro rest( -%}", "template.malformed", None),
    ("pages.xml", "border.svg", "boarder.svg", "kind.resource", None),
    ("samples/example-1.json", '"91140100MA9TEX0149"', '"91140100MA9TEX0148"', "uscc.check-digit", "统一社会信用代码"),
    ("samples/example-1.json", '"法定代表人": "测试人甲",', "", "record.missing", "法定代表人"),
    ("art/border.svg", '<g fill="none"', "<script>alert(1)</script><g fill=\"none\"", "svg.active-content", None),
    ("art/border.svg", '<g fill="none"', '<image href="https://example.invalid/a.png"/><g fill="none"',
     "svg.active-content", None),
    ("art/ground.svg", '<g fill="none"', '<use href="other.svg#x"/><g fill="none"', "svg.active-content", None),
]


LINES = {"design.json", "template.malformed", "template.unknown-word", "svg.active-content", "uscc.check-digit"}


@pytest.mark.parametrize(("file", "old", "new", "code", "field"), SPOILT, ids=lambda value: str(value)[:24])
def test_what_is_spoilt_is_found_in_its_file_and_line(
    kind: Path, file: str, old: str, new: str, code: str, field: str | None,
) -> None:
    line = change(kind / file, old, new)
    findings = [finding for finding in check(kind).findings if finding.code == code]
    assert findings, [(one.code, one.place, one.zh) for one in check(kind).findings]
    if field is not None:
        assert field in {finding.field for finding in findings}
    places = {(finding.file, finding.line) for finding in findings}
    if code in LINES:
        assert (f"{CODE}/{file}", line) in places, places
    assert all(finding.file.startswith(f"{CODE}/") and finding.zh and finding.en for finding in findings)


def test_a_required_field_that_no_reader_sees_is_noted_in_its_line(kind: Path) -> None:
    phone = '    {"label": "联系电话"'
    line = change(kind / "kind.json", phone,
                  f'    {{"label": "经办人", "required": true, "format": "text", "max_length": 20}},\n{phone}')
    change(kind / "samples/example-1.json", '"法定代表人"', '"经办人": "测试人丁",\n  "法定代表人"')
    write_schema(open_folder(kind))
    answer = check(kind)
    assert answer.findings == ()
    told = [note for note in answer.facts["notes"] if note["code"] == "design.not-printed"]
    assert [(note["field"], note["line"]) for note in told] == [("经办人", line)]


def test_what_one_fault_of_the_design_does_to_many_lines_is_told_once_and_counted(kind: Path) -> None:
    change(kind / "art/ground.svg", "#f6f9fc", "#5a6f86")
    findings = [finding for finding in check(kind).findings if finding.code == "design.contrast"]
    assert len(findings) > 10
    told = folded(findings)
    assert told[0] == findings[0]
    assert [(one.line, one.field) for one in told] == [(one.line, one.field) for one in findings[:2]]
    assert told[1].zh.endswith(f"另有 {len(findings) - 2} 处同类")
    assert told[1].en.endswith(f"and {len(findings) - 2} more of this kind")
    assert folded(findings[:4]) == list(findings[:4])


def test_a_changed_field_makes_the_schema_stale(kind: Path) -> None:
    change(kind / "kind.json", '"max_length": 120', '"max_length": 110')
    assert codes(check(kind)) == ["design.schema-stale"]


BORDER = '<art src="border.svg" x="0" y="0" width="297"/>'


@pytest.mark.parametrize(("new", "words"), [
    (BORDER.replace('width="297"', 'width="29.7"'), "没有铺满页面：border.svg 占 29.7×21 mm，页面为 297×210 mm"),
    (BORDER.replace('width="297"', 'width="420"'), "超出页面"),
    (BORDER.replace('x="0"', 'x="8"'), "超出页面"),
    ('<ornament src="border.svg" x="100" y="200" width="60"/>', "超出页面"),
])
def test_a_drawing_that_does_not_fit_its_page_is_found_in_its_line(kind: Path, new: str, words: str) -> None:
    line = change(kind / "pages.xml", BORDER, new)
    found = [finding for finding in check(kind).findings if finding.code == "design.art-size"]
    assert [(one.file, one.line) for one in found] == [(f"{CODE}/pages.xml", line)]
    assert words in found[0].zh


def test_a_drawing_of_other_proportions_is_found(kind: Path) -> None:
    change(kind / "art/border.svg", 'viewBox="0 0 297 210"', 'viewBox="0 0 210 297"')
    change(kind / "art/border.svg", 'width="297mm" height="210mm"', 'width="210mm" height="297mm"')
    assert "design.art-size" in codes(check(kind))


@pytest.mark.parametrize(("old", "new", "code", "field"), [
    ('"法定代表人": "测试人甲"', '"法定代表入": "测试人甲"', "record.unknown-key", "法定代表入"),
    ('"法定代表人": "测试人甲",', '"法定代表人": "测试人甲"', "json.syntax", ""),
    ('"法定代表人": "测试人甲"', '"企业名称": "测试人甲"', "json.duplicate-key", ""),
    ('"法定代表人": "测试人甲"', '"法定代表人": ["测试人甲"]', "record.type", "法定代表人"),
])
def test_a_fault_of_a_sample_is_found_in_its_line(kind: Path, old: str, new: str, code: str, field: str) -> None:
    line = change(kind / "samples/example-1.json", old, new)
    (finding, *_) = [one for one in check(kind).findings if one.code == code]
    assert (finding.file, finding.field) == (f"{CODE}/samples/example-1.json", field)
    assert finding.line == line + (code == "json.syntax"), "a comma that is missing is missed in the next line"


@pytest.mark.parametrize("file", ["kind.json", "pages.xml", "samples/example-1.json"])
def test_a_byte_order_mark_is_passed_over(kind: Path, file: str) -> None:
    (kind / file).write_bytes(b"\xef\xbb\xbf" + (kind / file).read_bytes())
    assert check(kind).findings == ()


def test_a_drawing_that_is_missing_is_told_in_its_line_with_those_that_there_are(kind: Path) -> None:
    line = change(kind / "pages.xml", "border.svg", "boarder.svg")
    (finding, *_) = check(kind).findings
    assert (finding.code, finding.file, finding.line) == ("kind.resource", f"{CODE}/pages.xml", line)
    assert "没有 boarder.svg；有border.svg、ground.svg" in finding.zh


@pytest.mark.parametrize(("file", "code"), [
    ("schema.json", "design.part-missing"), ("pages.xml", "design.part-missing"),
    ("samples/example-1.json", "design.part-missing"), ("art/ground.svg", "kind.resource"),
])
def test_a_missing_part_is_named(kind: Path, file: str, code: str) -> None:
    (kind / file).unlink()
    assert code in codes(check(kind))


@pytest.mark.parametrize("key", ["validity", "statuses"])
def test_what_the_data_may_leave_out_and_a_licence_needs_is_named(kind: Path, key: str) -> None:
    rest = {name: value for name, value in data(kind).items() if name != key}
    (kind / "kind.json").write_text(json.dumps(rest), encoding="utf-8")
    assert [(one.code, one.field) for one in check(kind).findings] == [("design.part-missing", key)]


@pytest.mark.req("R-004-25")
def test_a_kind_without_legal_basis_is_refused(kind: Path) -> None:
    change(kind / "kind.json", '"待定：写明法律依据 / to do: the legal basis"', "")
    assert codes(check(kind)) == ["kind.no-legal-basis"]


def test_a_folder_with_another_name_than_its_code_is_found(kind: Path) -> None:
    other = kind.rename(kind.parent / "T2")
    answer = check(other)
    assert codes(answer) == ["design.code"]
    assert answer.findings[0].line == 2


def test_a_kind_of_one_s_own_may_not_take_the_code_of_an_installed_one(kind: Path) -> None:
    change(kind / "kind.json", f'"code": "{CODE}"', '"code": "K0"')
    assert codes(check(kind.rename(kind.parent / "K0"))) == ["kind.twice"]


@pytest.mark.parametrize(("code", "name", "why"), [
    ("t1", NAME, "small letter"), ("K0", NAME, "taken"), ("T/1", NAME, "no path"), ("T1", "", "no name"),
    ("T1", "测试\u202e证", "turns the text round"), ("T1", "测" * 21, "too long"),
])
def test_a_code_or_a_name_that_cannot_be_used_makes_no_folder(tmp_path: Path, code: str, name: str, why: str) -> None:
    with pytest.raises(DesignError):
        new_kind(code, name=name, out=tmp_path)
    assert list(tmp_path.iterdir()) == [], why


def test_an_existing_folder_is_left_alone(kind: Path) -> None:
    before = (kind / "kind.json").read_bytes()
    with pytest.raises(DesignError):
        new_kind(CODE, name="别的", out=kind.parent)
    assert (kind / "kind.json").read_bytes() == before


def test_what_is_no_kind_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(DesignError) as caught:
        open_folder(tmp_path)
    assert caught.value.code.value == "design.no-folder"

"""``kind.schema.json`` and the checks of ``kind.json``: shipped kinds follow it, each fault is told where it stands."""

from __future__ import annotations

import copy
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import layouts
from docgen.design.scaffold import new_kind
from layouts import Check, Format, KindError, build_kind, load_kind, resource
from layouts.kind_check import data_faults, kind_schema
from layouts.kind_faults import KindDataError
from layouts.loading import read_kind
from layouts.regexes import regex_fault
from tests.design.kinds import made
from tests.support.bounds import not_hanging
from tests.support.installed_kinds import installed_kinds

__all__ = ["installed_kinds"]

ROOT = Path(__file__).parents[2]
COMMON = json.loads((ROOT / "layouts" / "common.json").read_bytes())
SHIPPED = sorted(path.parent.name for path in (ROOT / "layouts").glob("*/kind.json"))


@pytest.fixture
def text(tmp_path: Path, installed_kinds: None) -> str:
    """The kind.json of a new kind."""
    return (made(tmp_path / "text") / "kind.json").read_text(encoding="utf-8")


def _refused(data: str | bytes) -> KindDataError:
    with pytest.raises(KindDataError) as caught:
        read_kind("T1", data if isinstance(data, bytes) else data.encode("utf-8", errors="surrogatepass"))
    return caught.value


@pytest.mark.parametrize("code", SHIPPED)
def test_every_shipped_kind_follows_the_schema_and_hangs_together(code: str) -> None:
    data = resource(code, "kind.json")
    assert data_faults(json.loads(data), COMMON["heads"]) == []
    assert read_kind(code, data).code == code


def test_the_schema_is_one_and_describes_every_key_in_both_languages() -> None:
    schema = kind_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    keys = list(_keys(schema, ""))
    assert len(keys) > 100
    for place, part in keys:
        zh, mark, en = part.get("description", "").partition(" / ")
        assert mark and re.search("[\u4e00-\u9fff]", zh) and en, place


def _keys(schema: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "properties" and "const" not in str(value)[:40] and schema.get("type") == "object":
                yield from ((f"{place}/{name}", part) for name, part in value.items())
            yield from _keys(value, f"{place}/{key}")
    elif isinstance(schema, list):
        for value in schema:
            yield from _keys(value, place)


def test_the_words_of_the_schema_are_those_of_the_engine() -> None:
    parts = kind_schema()["$defs"]
    assert set(parts["field"]["properties"]["format"]["enum"]) == set(Format)
    assert set(parts["rule"]["properties"]["check"]["enum"]) == set(Check)
    assert kind_schema()["properties"]["head"]["enum"] == list(COMMON["heads"])
    assert {field for face in ("K0", "SDS") for field in load_kind(face).roles} <= set(
        kind_schema()["properties"]["roles"]["properties"])


def test_a_new_kind_is_accepted_with_a_schema_key_and_with_a_byte_order_mark(text: str) -> None:
    named = text.replace("{", '{\n  "$schema": "../../layouts/kind.schema.json",', 1)
    assert read_kind("T1", b"\xef\xbb\xbf" + named.encode()).name == "测试食品经营许可证"


FAULTS = [
    # what stands there, what is put there, words of the sentence in Chinese, in English
    ('"required": true', '"required": "yes"', "true 或 false", "must be true or false"),
    ('"years": 3, "severity"', '"years": "3", "severity"', "整数", "whole number"),
    ('"max_length": 50', '"max_length": "x"', "整数", "whole number"),
    ('"max_length": 50', '"max_length": 60001', "不能大于 60000", "at most 60000"),
    ('"max_length": 50', '"max_length": 20001', "不能大于 20000", "at most 20000"),
    ('"years": 3, "severity"', '"when": [], "years": 3, "severity"', "至少应有 1 项", "1 or more entries"),
    ('"format": "pattern", "pattern": "phone"', '"format": "enum", "values": [1]', "文本，加引号", "text in quotes"),
    ('"version": "1.0"', '"version": 1', "文本，加引号", "text in quotes"),
    ('"version": "1.0"', '"version": "one"', "如 \"1.0\"", "like \"1.0\""),
    ('{"name": "KZ_ZS"', '{"name": "KZ_FDDBR"', "“KZ_FDDBR”出现两次", "“KZ_FDDBR” twice"),
    ('{"label": "住所", "req', '{"label": "法定代表人", "req', "“法定代表人”出现两次", "“法定代表人” twice"),
    ('"format": "text"', '"format": "txt"', "是否指“text”？", "is “text” meant?"),
    ('"head": "licence"', '"head": "license"', "是否指“licence”？", "is “licence” meant?"),
    ('"check": "years"', '"check": "yeers"', "是否指“years”？", "is “years” meant?"),
    ('"text": "{住所}"', '"text": "{住址}"', "是否指“住所”？", "is “住所” meant?"),
    ('"text": "{住所}"', '"text": "{住所}", "on": "runs"', "是否指“run”？", "each、first、last、run"),
    ('"text": "{住所}"', '"text": "{住所}", "colour": "red"', "不认识键“colour”", "no key “colour”"),
    ('"pattern": "phone"', '"pattern": "phones"', "是否指“phone”？", "is “phone” meant?"),
    ('"validity": {', '"validty": {', "是否指“validity”？", "is “validity” meant?"),
    ('"name": "测', '"name": "\u202e测', "U+202E", "U+202E"),
    ('"name": "测', '"name": "\\u001b]0;测', "U+001B", "U+001B"),
    ('"name": "测', '"name": "\\ud800测', "U+D800", "U+D800"),
    ('"code": "T1"', '"code": "T1", "code": "T1"', "出现两次", "stands twice"),
    ('"code": "T1"', '"code": "T2"', "应与目录同名", "the folder's name"),
    ('"rule": "region"', '"rule": "place"', "region、constant", "region、constant"),
    ('"rule": "region", "length": 6', '"rule": "region", "length": 5', "应为 6", "must be 6"),
    ('"label": "证照名称", ', '"label": "证照名字", ', "是否指“证照名称”？", "is “证照名称” meant?"),
    ('"pattern": "phone"', '"pattern": "phone", "values": ["1"]', "不用 values", "takes no values"),
    ('"serial": "许可证编号"', '"serial": {"parts": ["年度"]}', "不同的编号会有相同的标识", "tells numbers apart"),
    ('"serial": "许可证编号"', '"serial": {"part": ["年度"]}', "是否指“parts”？", "is “parts” meant?"),
]


@pytest.mark.parametrize(("old", "new", "zh", "en"), FAULTS, ids=lambda value: str(value)[:30])
def test_a_fault_is_told_in_its_line_with_the_wrong_word_and_the_right_ones(
    text: str, old: str, new: str, zh: str, en: str,
) -> None:
    assert old in text
    error = _refused(text.replace(old, new, 1))
    (line, fault), *_ = error.places
    assert line == text[:text.index(old)].count("\n") + 1
    assert zh in fault.zh and en in fault.en
    assert not re.search(r"Error\(|<class|Traceback|\bNone\b", f"{error.zh}{error.en}")


def test_every_fault_is_told_in_one_go_in_the_order_of_the_lines(text: str) -> None:
    error = _refused(text.replace('"required": true', '"required": "yes"').replace('"length": 6', '"length": "6"'))
    lines = [line for line, _ in error.places]
    assert len(lines) == 4 and lines == sorted(lines)
    assert [fault.field for fault in error.faults] == [f"T1/kind.json:{line}" for line in lines]
    assert "4 处错误" in error.zh and "4 faults" in error.en


@pytest.mark.parametrize(("data", "zh"), [
    (b"[]", "应为 对象"), (b"1", "应为 对象"), (b"{", "不是合格的 JSON"), (b'{"a": NaN}', "NaN"), (b"\xff", "UTF-8"),
    (b'{"legal_basis": ["x"], "a": ' + b"[" * 40 + b"]" * 40 + b"}", "嵌套"),
    (b"[" * 100_000, ""),
])
def test_what_is_no_object_of_json_is_said_so(data: bytes, zh: str) -> None:
    error = _refused(data)
    assert zh in error.zh and error.en


def test_a_number_with_han_characters_says_how_its_serial_is_written(text: str) -> None:
    error = _refused(text.replace('"rule": "constant", "length": 2, "values": ["T1"]',
                                  '"rule": "constant", "length": 2, "values": ["食证"]'))
    (line, fault), = error.places
    assert 'serial 请写 {"parts": ["行政区划", "年度", "顺序号"]}' in fault.zh
    assert '"serial"' in text.splitlines()[line - 1]


@pytest.mark.parametrize(("damage", "words"), [
    ({"field": "许可证编号", "value": "年份", "other": ["发证日期"], "check": "number-year"}, "是否指“年度”？"),
    ({"field": "住所", "other": ["企业名称"], "check": "equal", "years": 3}, "不用 years"),
    ({"field": "住所", "check": "equal"}, "缺少 other"),
    ({"field": "住所", "check": "required-when"}, "缺少 when"),
    ({"field": "住所", "check": "count", "minimum": 2}, "table 或 choices"),
    ({"field": "住所", "check": "not-after", "other": ["发证日期"]}, "日期"),
    ({"field": "发证机关代码", "check": "level", "values": ["乡级"]}, "省级"),
    ({"field": "住所", "check": "length", "maximum": 500}, "小于字段自己的 120"),
])
def test_a_rule_that_makes_no_sense_is_refused_at_its_line(text: str, damage: dict[str, Any], words: str) -> None:
    data = json.loads(text)
    data["rules"].insert(0, damage | {"source": "测试"})
    written = json.dumps(data, ensure_ascii=False, indent=1)
    (line, fault), = _refused(written).places
    rules = written[:written.index('"rules"')].count("\n") + 1
    assert words in fault.zh and rules < line <= rules + 12


REGEXES = [
    ("[0-9]{1,20}", True), ("[0-9]{1,20}(?:、[0-9]{1,20})*", True), ("[A-Z]{2}[0-9]{6}|[0-9]{8}", True),
    ("(?:ab){0,40}", True), ("(", False), ("(a+)+b", False), ("(a|ab)*c", False), ("(?:、(?:aa|a[a]))*x", False),
    ("(?:、[0-9]*[0-9]*)*x", False), ("a*a*a*a*a*b", False), (r"(\d)\1", False), ("(?=a)a", False), ("(?i)a", False),
    ("(?:[0-9]{1,20}){2}", False), ("()*", False), ("(?>a*)*", False),
]


@pytest.mark.parametrize(("regex", "good"), REGEXES)
def test_only_patterns_that_stay_quick_are_let_through(text: str, regex: str, good: bool) -> None:
    data = json.loads(text)
    data["patterns"] = {"own": {"regex": regex, "zh": "自定", "en": "one's own"}}
    data["fields"][1] |= {"format": "pattern", "pattern": "own"}
    assert (regex_fault(regex) is None) == good
    if good:
        with not_hanging():
            for letter in "a1、":
                assert re.fullmatch(regex, letter * 199 + "!") is None
        assert build_kind(data).patterns["own"].regex == regex
    else:
        assert "patterns › own" in _refused(json.dumps(data)).zh
    data["fields"][1]["max_length"] = 201
    assert _refused(json.dumps(data)).places


def test_a_type_code_of_another_kind_is_refused_when_the_kind_is_loaded(tmp_path: Path, text: str) -> None:
    taken = load_kind("K0").type_code
    folder = made(tmp_path)
    path = folder / "kind.json"
    path.write_text(re.sub(r'"type_code": "\w+"', f'"type_code": "{taken}"', text), encoding="utf-8")
    layouts.add_folder(tmp_path)
    with pytest.raises(KindError) as caught:
        load_kind("T1")
    assert taken in caught.value.zh and "K0" in caught.value.zh and caught.value.facts["line"] == "12"


def test_new_kinds_have_type_codes_and_numbers_of_their_own(tmp_path: Path) -> None:
    codes = [f"N{number}" for number in range(40)]
    for code in codes:
        new_kind(code, name="测试许可证", out=tmp_path)
    layouts.add_folder(tmp_path)
    loaded = [load_kind(code) for code in codes]
    assert len({load_kind(code).type_code for code in (*codes, *SHIPPED)}) == len(codes) + len(SHIPPED)
    samples = {json.loads(resource(code, "samples/example-1.json"))["许可证编号"] for code in codes}
    assert len(samples) == 40
    assert all(kind.number.check(number) != () for kind in loaded[:1] for number in samples if "N0" not in number)


def test_a_kind_of_a_deployment_is_checked_when_it_is_loaded_and_a_shipped_one_is_not(tmp_path: Path) -> None:
    shutil.copytree(made(tmp_path), tmp_path / "kinds" / "T1")
    program = ("import sys, layouts; layouts.load_kind('K0'); print('jsonschema' in sys.modules); "
               "layouts.add_folder(sys.argv[1]); layouts.load_kind('T1'); print('jsonschema' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "kinds")], cwd=ROOT, capture_output=True,
                          text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_data_without_a_text_are_checked_too(text: str) -> None:
    data = json.loads(text)
    spoilt = copy.deepcopy(data)
    spoilt["fields"][1]["required"] = "no"
    assert build_kind(data).code == "T1"
    with pytest.raises(KindDataError) as caught:
        build_kind(spoilt)
    assert caught.value.zh.startswith("T1/kind.json 第 1 行")

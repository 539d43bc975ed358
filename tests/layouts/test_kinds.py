"""Licence kinds: K0's faces are those of the seed, its data hang together, and bad data are refused."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from typing import Any

import jsonschema
import pytest

import layouts
from layouts import (
    KindError,
    KindErrorCode,
    build_kind,
    configure,
    face_lines,
    kinds,
    line_text,
    load_kind,
    resource,
)
from layouts.kind import Kind
from layouts.schema import schema_bytes

# Requirements 2.1, copied by hand: what stands on each line, 〈label of the field〉.
FACES = {
    "正本": [
        ("统一社会信用代码", "〈统一社会信用代码〉"), ("", "〈证件类型名称〉"), ("编号", "〈许可证编号〉"),
        ("企业名称", "〈企业名称〉"), ("企业法定代表人", "〈企业法定代表人〉"), ("企业住所", "〈企业住所〉"),
        ("经营方式", "〈经营方式〉"), ("许可范围", "〈许可范围〉"),
        ("有效期限", "〈有效期起始日期〉 至 〈有效期截止日期〉"), ("有效期延续至", "〈有效期延续至〉"),
        ("发证机关", "〈发证机关〉"), ("发证日期", "〈发证日期〉"), ("", "〈监制单位名称〉"),
    ],
    "副本": [
        ("统一社会信用代码", "〈统一社会信用代码〉"), ("", "〈证件类型名称〉"), ("", "（副本）"),
        ("证书编号", "〈许可证编号〉"), ("发证机关", "〈发证机关〉"), ("发证日期", "〈发证日期〉"),
        ("企业名称", "〈企业名称〉"), ("企业住所", "〈企业住所〉"), ("企业法定代表人", "〈企业法定代表人〉"),
        ("经营方式", "〈经营方式〉"), ("许可范围", "〈许可范围〉"),
        ("有效期限", "〈有效期起始日期〉 至 〈有效期截止日期〉"), ("有效期延续至", "〈有效期延续至〉"),
        ("", "〈监制单位名称〉"),
    ],
    "附页": [
        ("", "〈证件类型名称〉"), ("", "(附页)"), ("企业名称", "〈企业名称〉"),
        ("统一社会信用代码", "〈统一社会信用代码〉"), ("证书编号", "〈许可证编号〉"),
        ("许可范围", "〈许可范围〉"), ("", "〈监制单位名称〉"),
    ],
}
STARRED = {
    "证件类型名称", "类别标准名称", "颁发单位", "持有者类型", "持有者名称", "证件类型", "证件号码",
    "许可证编号", "发证机关", "发证机关代码", "发证日期", "有效期起始日期", "有效期截止日期",
    "发证机构是否属于应急局", "企业名称", "统一社会信用代码", "企业住所", "企业法定代表人", "联系人电话",
    "经营方式", "监制单位名称", "二维码", "是否延期",
}


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(resource("K0", "kind.json"))
    return loaded


def _as_written(kind: Kind, role: str) -> list[tuple[str, str]]:
    return [
        (line.label, "".join(part.text or f"〈{part.field}〉" for part in line.parts))
        for line in kind.face(role).lines
    ]


@pytest.mark.req("R-000-15")
@pytest.mark.parametrize("role", FACES)
def test_the_faces_have_the_lines_and_order_of_the_seed(role: str) -> None:
    assert _as_written(load_kind("K0"), role) == FACES[role]


def test_the_faces_are_three_and_only_the_last_repeats() -> None:
    faces = load_kind("K0").faces
    assert [face.role for face in faces] == list(FACES)
    assert [face.repeats for face in faces] == [False, False, True]
    assert [face.summary for face in faces] == [True, True, False]


@pytest.mark.req("R-000-01")
def test_the_required_fields_are_those_with_a_star_and_the_scope() -> None:
    kind = load_kind("K0")
    assert {field.label for field in kind.fields if field.required} == STARRED | {"许可范围"}
    assert len(kind.fields) == 35


@pytest.mark.req("R-000-21")
def test_the_maker_line_is_a_constant_and_the_last_line_of_every_face() -> None:
    kind = load_kind("K0")
    assert kind.field("监制单位名称").constant == "中华人民共和国应急管理部监制"
    assert {face.lines[-1].fields for face in kind.faces} == {("监制单位名称",)}


@pytest.mark.req("R-003-03")
def test_private_fields_are_neither_printed_nor_metadata() -> None:
    kind = load_kind("K0")
    private = {field.label for field in kind.fields if field.private}
    assert private == {"联系电话", "安全负责人姓名", "联系人", "法人联系电话", "安全负责人电话", "联系人电话"}
    assert not private & kind.drawn
    assert not private & {item.field for item in kind.metadata}


@pytest.mark.req("R-000-16")
def test_dates_are_printed_with_leading_zeros() -> None:
    assert layouts.printed("2025-04-03", "date-zh") == "2025年04月03日"
    kind = load_kind("K0")
    line = next(line for line in kind.face("正本").lines if line.label == "有效期限")
    values = {"有效期起始日期": "2025-04-30", "有效期截止日期": "2028-04-30"}
    assert line_text(kind, line, values) == "2025年04月30日 至 2028年04月30日"


PRINTED = [
    (None, "text", ""), (None, "date-zh", ""), (None, "join-slash", ""), ("甲", "text", "甲"),
    (("甲", "乙（丙）"), "join-slash", "甲/乙（丙）"), (("甲",), "join-slash", "甲"),
]


@pytest.mark.parametrize(("value", "form", "text"), PRINTED)
def test_values_have_a_printed_form(value: layouts.Value, form: str, text: str) -> None:
    assert layouts.printed(value, form) == text


@pytest.mark.parametrize(("value", "form"), [("2025/04/30", "date-zh"), (("a", "b"), "text"), ("a", "shout")])
def test_what_cannot_be_printed_is_an_error(value: layouts.Value, form: str) -> None:
    with pytest.raises(ValueError, match=r"date|text|form"):
        layouts.printed(value, form)


def test_an_empty_extension_leaves_its_line_empty() -> None:
    kind = load_kind("K0")
    assert dict(face_lines(kind, "正本", {}))["有效期延续至"] == ""
    assert dict(face_lines(kind, "正本", {}))["有效期限"] == ""
    with pytest.raises(KeyError):
        face_lines(kind, "封面", {})


@pytest.mark.parametrize("code", kinds())
def test_the_stored_schema_is_the_one_that_the_data_give(code: str) -> None:
    assert resource(code, "schema.json") == schema_bytes(load_kind(code))


@pytest.mark.parametrize("name", ["example-1.json", "example-2.json"])
def test_the_samples_follow_the_schema(name: str) -> None:
    schema = json.loads(resource("K0", "schema.json"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(resource("K0", f"samples/{name}")), schema)


def _without_basis(data: dict[str, Any]) -> None:
    data["legal_basis"] = []


def _unknown_face_field(data: dict[str, Any]) -> None:
    data["faces"][0]["lines"][2]["text"] = "{编号}"


def _unknown_rule(data: dict[str, Any]) -> None:
    data["rules"][0]["check"] = "resembles"


def _unknown_rule_field(data: dict[str, Any]) -> None:
    data["rules"][0]["other"] = ["企业"]


def _unknown_key(data: dict[str, Any]) -> None:
    data["fields"][0]["colour"] = "red"


def _twice(data: dict[str, Any]) -> None:
    data["fields"].append(data["fields"][0])


def _no_values(data: dict[str, Any]) -> None:
    del data["fields"][2]["values"]


def _no_pattern(data: dict[str, Any]) -> None:
    data["fields"][8]["pattern"] = "fax"


def _no_role(data: dict[str, Any]) -> None:
    del data["roles"]["issuer_code"]


def _other_role(data: dict[str, Any]) -> None:
    data["roles"]["owner"] = "企业名称"


def _private_metadata(data: dict[str, Any]) -> None:
    data["metadata"].append({"name": "KZ_DH", "field": "联系人电话"})


def _two_sources(data: dict[str, Any]) -> None:
    data["metadata"][0]["constant"] = "x"


def _odd_severity(data: dict[str, Any]) -> None:
    data["rules"][0]["severity"] = "grave"


def _odd_number(data: dict[str, Any]) -> None:
    data["number"]["parts"] = []


BREAKS = [
    _unknown_face_field, _unknown_rule, _unknown_rule_field, _unknown_key, _twice, _no_values, _no_pattern,
    _no_role, _other_role, _private_metadata, _two_sources, _odd_severity, _odd_number,
]


@pytest.mark.parametrize("damage", BREAKS)
def test_data_that_do_not_hang_together_are_refused(data: dict[str, Any], damage: Any) -> None:
    changed = copy.deepcopy(data)
    damage(changed)
    with pytest.raises(KindError) as caught:
        build_kind(changed)
    assert caught.value.code == KindErrorCode.DATA


@pytest.mark.req("R-004-25")
def test_a_kind_without_legal_basis_is_refused(data: dict[str, Any]) -> None:
    changed = copy.deepcopy(data)
    _without_basis(changed)
    with pytest.raises(KindError) as caught:
        build_kind(changed)
    assert caught.value.code == KindErrorCode.LEGAL_BASIS


@pytest.mark.parametrize("code", ["K99", "..", "", "K0/..", "files"])
def test_an_unknown_kind_is_named(code: str) -> None:
    with pytest.raises(KindError) as caught:
        load_kind(code)
    assert caught.value.code == KindErrorCode.UNKNOWN


@pytest.mark.parametrize(("name", "code"), [
    ("../common.json", KindErrorCode.RESOURCE), ("/etc/passwd", KindErrorCode.RESOURCE), ("", KindErrorCode.RESOURCE),
    ("none.json", KindErrorCode.RESOURCE), ("samples", KindErrorCode.UNREADABLE),
])
def test_only_files_of_the_kind_are_given_out(name: str, code: KindErrorCode) -> None:
    with pytest.raises(KindError) as caught:
        resource("K0", name)
    assert caught.value.code == code


def test_a_kind_is_built_once() -> None:
    assert load_kind("K0") is load_kind("K0")


LISTS = {"modes": [{"id": 3, "name": "仓储经营"}], "lists": {"仓储经营": [{"id": 1, "name": "甲醇"}]}}


@pytest.mark.req("R-000-49")
def test_a_deployment_adds_modes_and_lists() -> None:
    kind = configure(load_kind("K0"), LISTS)
    assert kind.field("经营方式").values[-1] == "仓储经营"
    assert kind.scope is not None
    assert kind.scope.lists == {"仓储经营": ("甲醇",)}
    assert load_kind("K0").field("经营方式").values[-1] != "仓储经营"


BAD_SETTINGS: list[tuple[dict[str, Any], KindErrorCode]] = [
    ({"modes": [{"id": "1", "name": "仓储经营"}]}, KindErrorCode.DUPLICATE_ID),
    ({"modes": [{"id": "3", "name": "无储存经营"}]}, KindErrorCode.DUPLICATE_ID),
    ({"lists": {"无储存经营": [{"id": 1, "name": "甲"}, {"id": 1, "name": "乙"}]}},
     KindErrorCode.DUPLICATE_ID),
    ({"lists": {"零售经营": []}}, KindErrorCode.DATA),
    ({"lists": {"无储存经营": [{"name": "甲醇"}]}}, KindErrorCode.DATA),
    ({"colours": []}, KindErrorCode.DATA),
]


@pytest.mark.req("R-000-49")
@pytest.mark.parametrize(("settings", "code"), BAD_SETTINGS)
def test_settings_with_an_id_twice_or_unknown_names_are_refused(
    settings: dict[str, Any], code: KindErrorCode,
) -> None:
    with pytest.raises(KindError) as caught:
        configure(load_kind("K0"), settings)
    assert caught.value.code == code


def test_the_loader_is_light() -> None:
    heavy = ("jsonschema", "lxml", "stdnum", "cbor2", "jinja2")
    program = f"import sys, layouts; layouts.load_kind('K0'); print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

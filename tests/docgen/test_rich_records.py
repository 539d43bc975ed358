"""Records of kinds with paragraphs, tables, photos, identity numbers and references to earlier documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from certs.sm3 import sm3
from codes.errors import Fault
from docgen.licence import Licence
from docgen.record import RecordError, read_record, validate
from docgen.record_xml import record_xml
from layouts import Table, add_folder, load_kind, resource
from layouts.schema import record_schema
from tests.docgen.bad_records import Change
from tests.docgen.bad_rich_records import BAD_RICH, GOOD_RICH
from verify.record import read_record as read_xml

KINDS = Path(__file__).parents[1] / "data" / "kinds"
HOSTS = ("lookup.example.invalid",)


@pytest.fixture(autouse=True)
def _kinds() -> None:
    add_folder(KINDS)


def sample(kind: str) -> dict[str, Any]:
    return read_record(resource(kind, "samples/sample.json"))


def _check(record: dict[str, Any]) -> Licence:
    return validate(record, lookup_hosts=HOSTS, drawable=lambda text: set(text) & {"𠮷"})


def _faults(record: dict[str, Any]) -> tuple[Fault, ...]:
    with pytest.raises(RecordError) as caught:
        _check(record)
    return caught.value.faults


@pytest.mark.parametrize(("kind", "change", "expected"), [row[1:] for row in BAD_RICH],
                         ids=[f"{row[1]} {row[0]}" for row in BAD_RICH])
def test_a_bad_record_is_refused_with_exactly_its_faults(
    kind: str, change: Change, expected: list[tuple[str, str]],
) -> None:
    record = sample(kind)
    change(record)
    found = _faults(record)
    assert [(fault.field, fault.code) for fault in found] == expected
    assert all(fault.zh and fault.en for fault in found)


@pytest.mark.parametrize(("kind", "change"), [row[1:] for row in GOOD_RICH],
                         ids=[f"{row[1]} {row[0]}" for row in GOOD_RICH])
def test_a_good_record_is_taken_and_fits_its_schema(kind: str, change: Change) -> None:
    record = sample(kind)
    change(record)
    assert _check(record).warnings == ()
    jsonschema.Draft202012Validator(record_schema(load_kind(kind))).validate(record)


CLAUSES = [
    pytest.param("R1", "one officer", marks=pytest.mark.req("R-004-07")),
    pytest.param("R1", "no reasons", marks=pytest.mark.req("R-004-05")),
    pytest.param("R2", "too young", marks=pytest.mark.req("R-004-02")),
    pytest.param("R2", "too old", marks=pytest.mark.req("R-004-02")),
    pytest.param("R2", "too little schooling for chemicals", marks=pytest.mark.req("R-004-02")),
]


@pytest.mark.parametrize(("kind", "name"), CLAUSES)
def test_a_clause_refuses_what_breaks_it(kind: str, name: str) -> None:
    change = next(row[2] for row in BAD_RICH if row[:2] == (name, kind))
    record = sample(kind)
    change(record)
    assert _faults(record)


def test_what_the_kind_says_stands_in_the_sentences() -> None:
    record = sample("R1")
    record["核查人员"] = record["核查人员"][:1]
    fault, = _faults(record)
    assert fault.zh.endswith("：核查应有2名以上人员")
    record = sample("R1") | {"等级": "三级"}
    fault, = _faults(record)
    assert fault.zh == "“等级”为“三级”，“类别”为“第一类”时应达到“二级”"


def test_a_licence_has_the_values_and_the_photo_bytes() -> None:
    letter, card = _check(sample("R1")), _check(sample("R2"))
    table = letter.values["核查人员"]
    assert isinstance(table, Table)
    assert table.rows[1] == ("测试人乙", "0000002", None, None)
    assert letter.identifier.serial == "202500007"
    assert letter.qr_address is None
    assert letter.valid_from is letter.valid_to is None
    data = card.photos["照片"]
    assert card.values["照片"] == f"sm3:{sm3(data).hex()}"
    assert data[:3] == b"\xff\xd8\xff"


@pytest.mark.req("R-003-03")
def test_an_identity_number_is_no_holder_code_and_masked_in_the_metadata() -> None:
    card = _check(sample("R2"))
    assert card.holder_code is None
    assert dict(card.metadata)["CZZTDM"] == "999999**********16"
    assert "999999199001010016" not in json.dumps(card.metadata)


@pytest.mark.parametrize("kind", ["R1", "R2"])
def test_the_xml_says_what_the_record_says(kind: str) -> None:
    licence = _check(sample(kind))
    read = read_xml(record_xml(licence), "record.xml")
    assert dict(read.values) == {label: value for label, value in licence.values.items() if value is not None}


def test_records_that_differ_in_one_cell_have_different_digests() -> None:
    record = sample("R1")
    first = _check(record).digest
    record["核查人员"][1]["意见"] = "不同意"
    assert _check(record).digest != first

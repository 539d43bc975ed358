"""The record's XML: complete, the same each time, and read back by the verifier's own reader."""

from __future__ import annotations

import pytest
from lxml import etree

from docgen.licence import Licence
from docgen.record import read_record, validate
from docgen.record_xml import NAMESPACE, record_xml
from layouts import resource
from verify.record import read_record as read_xml


def _licence(number: int, **changes: object) -> Licence:
    record = read_record(resource("K0", f"samples/example-{number}.json")) | changes
    return validate(record, lookup_hosts=("lookup.example.invalid",), drawable=lambda _: set())


@pytest.mark.req("R-003-02")
@pytest.mark.parametrize("number", [1, 2])
def test_the_xml_says_what_the_licence_says(number: int) -> None:
    licence = _licence(number)
    found = read_xml(record_xml(licence), "record.xml")
    assert (found.kind, found.kind_version) == ("K0", licence.kind.version)
    assert found.identifier == licence.identifier.text()
    assert found.metadata == licence.metadata
    given = {label: value for label, value in licence.values.items() if value is not None}
    assert dict(found.values) == given
    assert found.scope == licence.scope


def test_the_same_licence_gives_the_same_bytes() -> None:
    assert record_xml(_licence(2)) == record_xml(_licence(2))
    assert record_xml(_licence(2)) != record_xml(_licence(2, 联系人="测试人"))


def test_the_file_is_plain_utf_8_with_unix_lines() -> None:
    data = record_xml(_licence(1))
    assert data.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<LicenceRecord xmlns="')
    assert data.endswith(b"</LicenceRecord>\n")
    assert b"\r" not in data
    assert etree.fromstring(data).tag == f"{{{NAMESPACE}}}LicenceRecord"


def test_characters_that_xml_uses_itself_come_back() -> None:
    odd = "A&B <1号> \"甲\" ]]> '乙'"
    licence = _licence(1, 企业住所=odd, 许可范围='一、无储存经营：甲&乙<60%>、"丙"；')
    found = read_xml(record_xml(licence), "record.xml")
    assert found.values["企业住所"] == odd
    assert found.scope == (("无储存经营", ("甲&乙<60%>", '"丙"')),)

"""Do record, metadata and 标引 agree with each other and with the rules of the licence kind?

Every demand is worked out anew from the kind's data; nothing is taken from the writer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from codes.errors import EngineError
from codes.identifier import Identifier
from codes.uscc import is_uscc
from layouts import Format, Kind, KindError, Value, load_kind, part_text, scope_text
from layouts.kind import Check, Field
from verify.face import scope_forms, squeeze
from verify.ofd import OfdDocument, Tag
from verify.reasons import Findings
from verify.record import RecordData
from verify.status import parse_date

__all__ = ["check_head", "check_metadata", "check_record", "check_tags", "kind_of", "role_value", "withheld"]

_SERIAL: Final = re.compile(r"[0-9A-Z]{1,64}")


def kind_of(record: RecordData, found: Findings) -> Kind | None:
    """The kind of a record; a finding and None when this verifier does not know it."""
    try:
        kind = load_kind(record.kind)
    except KindError:
        kind = None
    if kind is None or kind.version != record.kind_version:
        found.add("record.kind", "", kind=record.kind, version=record.kind_version)
        return None
    return kind


def role_value(kind: Kind, record: RecordData, role: str) -> str:
    """The value of the field that plays a role; "" when there is none."""
    label = kind.roles.get(role)
    return record.text(label) if label else ""


def withheld(kind: Kind, record: RecordData) -> tuple[str, ...]:
    """Labels of private fields that the record holds; their values reach no report."""
    private = {field.label for field in kind.fields if field.private}
    return tuple(label for label in record.values if label in private)


def check_record(kind: Kind, record: RecordData, found: Findings) -> Identifier | None:
    """Check the record by itself: fields, codes, dates, scope, identifier."""
    for label in record.values:
        if label not in kind.labels:
            _wrong(found, label, "不是该证照类型的字段", "no field of this kind")
    for field in kind.fields:
        value = record.values.get(field.label)
        if value is None or value in ("", ()):
            if field.required or value is not None:
                _wrong(found, field.label, "缺失或为空", "missing or empty")
            continue
        _check_value(kind, field, value, found)
    for rule in kind.rules:
        if rule.check is Check.EQUAL and not rule.warning:
            for other in rule.other:
                if record.values.get(rule.field) != record.values.get(other):
                    _wrong(found, rule.field, f"与“{other}”不一致", f"differs from “{other}”")
    _check_scope(kind, record, found)
    return _check_identifier(kind, record, found)


def _wrong(found: Findings, label: str, zh: str, en: str) -> None:
    found.add("data.field", label, field=label, zh=zh, en=en)


def _check_value(kind: Kind, field: Field, value: Value, found: Findings) -> None:
    """Check one value by the form of its field."""
    if field.format is Format.CHOICES:
        chosen = value if isinstance(value, tuple) else ()
        listed = set(chosen) if kind.scope is not None and field.label == kind.scope.modes else set(field.values)
        if not chosen or not set(chosen) <= listed or len(set(chosen)) != len(chosen):   # a deployment adds modes
            _wrong(found, field.label, "不在规定的取值中", "not among the allowed values")
        return
    if not isinstance(value, str):
        _wrong(found, field.label, "应为单个文本", "must be one text")
    elif field.constant is not None and value != field.constant:
        _wrong(found, field.label, f"应为“{field.constant}”", f"must be “{field.constant}”")
    elif field.format is Format.USCC and not is_uscc(value):
        _wrong(found, field.label, "统一社会信用代码的校验位不符",
               "the check digit of the credit code is wrong")
    elif field.format is Format.DATE and parse_date(value) is None:
        _wrong(found, field.label, "不是有效日期", "no valid date")
    elif field.format is Format.ENUM and value not in field.values:
        _wrong(found, field.label, "不在规定的取值中", "not among the allowed values")
    elif field.format is Format.NUMBER:
        for fault in kind.number.check(value):
            _wrong(found, field.label, fault.zh, fault.en)


def _check_scope(kind: Kind, record: RecordData, found: Findings) -> None:
    """The groups of the 许可范围, written out, are the 许可范围; each is of another mode that the record has."""
    rule = kind.scope
    if rule is None:
        if record.scope:
            _wrong(found, "许可范围", "该证照类型没有许可范围分组", "this kind has no groups of a scope")
        return
    modes = [mode for mode, _ in record.scope]
    chosen = record.values.get(rule.modes)
    if scope_text(record.scope) != record.values.get(rule.field) \
            or len(set(modes)) != len(modes) or not set(modes) <= set(chosen if isinstance(chosen, tuple) else ()):
        _wrong(found, rule.field, "文本与分项不一致", "text and groups differ")


def _check_identifier(kind: Kind, record: RecordData, found: Findings) -> Identifier | None:
    """The identifier is well formed and made of the record's own type, issuer and number."""
    try:
        identifier = Identifier.parse(record.identifier)
    except EngineError as error:
        found.add("data.identifier", "", identifier=record.identifier, zh=error.zh, en=error.en)
        return None
    serial = record.text(kind.serial_field)
    expected = {
        "TYPE": (identifier.type_code, kind.type_code),
        "ISSUER": (identifier.issuer, role_value(kind, record, "issuer_code")),
        "SERIAL": (identifier.serial, serial if _SERIAL.fullmatch(serial) else identifier.serial),
    }
    for part, (has, wanted) in expected.items():
        if has != wanted:
            found.add("data.identifier-parts", "", part=part)
    return identifier


def _expected_metadata(kind: Kind, record: RecordData, identifier: Identifier) -> list[tuple[str, str]]:
    """元数据 as the kind defines them, out of the record's fields."""
    sources = {"identifier": record.identifier, "type_code": identifier.type_code,
               "version": identifier.version}
    items = []
    for item in kind.metadata:
        if item.field is not None:
            value = record.values.get(item.field)
            text = "/".join(value) if isinstance(value, tuple) else value
        else:
            text = item.constant if item.source is None else sources[item.source]
        if text is not None:
            items.append((item.name, text))
    return items


def check_metadata(kind: Kind, record: RecordData, identifier: Identifier,
                   sources: Mapping[str, Iterable[tuple[str, str]]], found: Findings) -> None:
    """The record's own 元数据 and every other list (by the place where it stands) are the expected ones."""
    expected = _expected_metadata(kind, record, identifier)
    for where, pairs in {"record.xml": record.metadata, **sources}.items():
        given = list(pairs)
        if given == expected:
            continue
        names = dict(expected)
        for name, value in given:
            if names.pop(name, None) != value:
                found.add("data.metadata", where, name=name, found=value,
                          expected=dict(expected).get(name, "—"))
        for name, value in names.items():
            found.add("data.metadata", where, name=name, found="—", expected=value)
        if sorted(given) == sorted(expected):
            found.add("data.custom", where, name="order")


def check_head(kind: Kind, record: RecordData, document: OfdDocument, found: Findings) -> None:
    """DocInfo names the licence and its issuing authority."""
    if document.title != role_value(kind, record, "title"):
        found.add("data.head", "OFD.xml", name="Title")
    if document.author != role_value(kind, record, "issuer_name"):
        found.add("data.head", "OFD.xml", name="Author")


def check_tags(kind: Kind, record: RecordData, document: OfdDocument, found: Findings) -> None:
    """Each printed field is tagged, and the tagged objects print exactly its value on every page."""
    pages = {page.id: page for page in document.pages}
    names = {item.field: item.name for item in kind.metadata if item.field is not None}
    seen: set[str] = set()
    tagged: set[tuple[str, str]] = set()
    for tag in document.tags:
        double = tag.label in seen or len(set(tag.objects)) != len(tag.objects) \
            or not tagged.isdisjoint(tag.objects)
        seen.add(tag.label)
        tagged.update(tag.objects)
        known = tag.label in kind.labels and (not tag.name or names.get(tag.label) == tag.name)
        exists = all(page in pages and item in pages[page].objects for page, item in tag.objects)
        if double or not known or not exists or not _tag_agrees(kind, record, document, tag):
            found.add("data.tags", tag.label, label=tag.label)
    for label in sorted(kind.drawn):
        if record.values.get(label) and label not in seen:
            found.add("data.tags", label, label=label)


def _tag_agrees(kind: Kind, record: RecordData, document: OfdDocument, tag: Tag) -> bool:
    """Whether the tagged objects, page by page, print the value."""
    if tag.label == kind.roles.get("qr"):
        return True                      # a picture: what it says is checked where QR codes are read
    pieces = []
    for page in document.pages:
        text = squeeze("".join(page.objects[item] for number, item in tag.objects if number == page.id))
        if text:
            pieces.append(text)
    if kind.scope is not None and tag.label == kind.scope.field:
        return _scope_agrees(pieces, scope_forms(record))
    field = kind.field(tag.label)
    part = next(part for face in kind.faces for line in face.lines for part in line.parts
                if part.field == field.label)
    expected = squeeze(part_text(kind, part, record.values))
    return bool(pieces) and all(piece == expected for piece in pieces)


def _scope_agrees(pieces: list[str], forms: tuple[str, str]) -> bool:
    """Pages print the scope whole, as the summary, or (the last ones together) whole over several pages."""
    index = 0
    while index < len(pieces) and pieces[index] in forms:
        index += 1
    rest = "".join(pieces[index:])
    return bool(pieces) and (not rest or rest == forms[0])

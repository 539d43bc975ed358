"""Do record, metadata and 标引 agree with each other and with the rules of the licence kind?

Every demand is worked out anew from the kind's data; nothing is taken from the writer.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final

from codes.errors import EngineError
from codes.identifier import Identifier
from codes.identity import is_identity_number
from codes.uscc import is_uscc
from layouts import (
    Format,
    Kind,
    KindError,
    Table,
    Value,
    cell_tag,
    cells,
    earlier_parts,
    holds,
    load_kind,
    part_text,
    printed,
    scope_text,
    stands,
)
from layouts.kind import Check, Field
from verify.face import scope_forms, squeeze
from verify.ofd import OfdDocument, Tag
from verify.reasons import Both, Findings, Refusal
from verify.record import RecordData
from verify.status import parse_date

__all__ = [
    "check_head", "check_metadata", "check_record", "check_tags", "earlier_of", "kind_of", "require_printable",
    "role_value", "withheld",
]

_SERIAL: Final = re.compile(r"[0-9A-Z]{1,64}")
_PHOTO: Final = re.compile(r"sm3:[0-9a-f]{64}")


def kind_of(record: RecordData, found: Findings) -> Kind | None:
    """The kind of a record as it was in the record's version; a finding and None where that is not known here."""
    try:
        kind = load_kind(record.kind)
    except KindError:
        found.add("record.kind", "", kind=record.kind, version=record.kind_version)
        return None
    try:
        return load_kind(record.kind, record.kind_version)
    except KindError:
        found.add("record.kind-version", "", kind=record.kind, version=record.kind_version, known=kind.version)
        return None


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
        binds = all(holds(one, record.values) for one in rule.when)
        if rule.check is Check.EQUAL and binds and not rule.warning:
            for other in rule.other:
                if record.values.get(rule.field) != record.values.get(other):
                    _wrong(found, rule.field, f"与“{other}”不一致", f"differs from “{other}”")
    _check_scope(kind, record, found)
    return _check_identifier(kind, record, found)


def require_printable(kind: Kind, record: RecordData) -> None:
    """Stop where a value has not the form in which it is printed: it can be compared with nothing.

    Raises:
        Refusal: ``data.unprintable``; what is wrong with the value says :func:`check_record`.
    """
    for face in kind.faces:
        for part in (part for line in face.lines if stands(line, record.values) for part in line.parts):
            if part.field is not None:
                _print(part.field, partial(part_text, kind, part, record.values))
    for item in kind.metadata:
        if item.field is not None and item.field in record.values and item.form is not None:
            _print(item.field, partial(printed, record.text(item.field), item.form))


def _print(label: str, write: Callable[[], str]) -> None:
    try:
        write()
    except ValueError:
        raise Refusal("data.unprintable", label, field=label) from None


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
    if field.format is Format.TABLE:
        _check_table(kind, field, value, found)
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
    elif field.format is Format.PARAGRAPHS and not all(part.strip() for part in value.split("\n")):
        _wrong(found, field.label, "有空段落", "an empty paragraph")
    elif field.format is Format.PHOTO and not _PHOTO.fullmatch(value):
        _wrong(found, field.label, "不是照片的摘要", "no digest of a photo")
    elif field.format is Format.IDENTITY and not is_identity_number(value):
        _wrong(found, field.label, "公民身份号码的校验码不符", "the check character of the identity number is wrong")
    elif field.format is Format.DIGEST_OF and earlier_of(value) is None:
        _wrong(found, field.label, "不是前件的标识和摘要", "no identifier and digest of an earlier document")


def _check_table(kind: Kind, field: Field, value: Value, found: Findings) -> None:
    """Check a table: its number of rows, and each cell by its column."""
    if not isinstance(value, Table):
        _wrong(found, field.label, "应为表格", "must be a table")
        return
    if not max(1, field.min_rows) <= len(value.rows) <= field.max_rows:
        _wrong(found, field.label, "行数不符", "too few or too many rows")
    for number, row in enumerate(value.rows, 1):
        if len(row) != len(field.columns):
            _wrong(found, field.label, "列数不符", "other columns than the kind's")
            return
        for column, cell in zip(field.columns, row, strict=True):
            placed = dataclasses.replace(column, label=cell_tag(field.label, number, column.label))
            if cell is not None:
                _check_value(kind, placed, cell, found)
            elif column.required:
                _wrong(found, placed.label, "缺失或为空", "missing or empty")


def earlier_of(value: str) -> tuple[str, str] | None:
    """Identifier and SM3 (hex) in a reference to an earlier document; None for what is none."""
    try:
        return earlier_parts(value)
    except ValueError:
        return None


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
    serial = record.text(kind.serial.field)
    if kind.serial.parts:
        try:
            serial = kind.number.serial(serial, kind.serial.parts)
        except EngineError:
            serial = ""              # the number itself is named as wrong
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
            text = record.text(item.field) if item.field in record.values else None
            if text is not None and item.form is not None:
                text = printed(text, item.form)
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
        names, wanted = dict(expected), dict(expected)
        for name, value in given:
            if name in wanted and name not in names:
                found.add("data.metadata", where, name=name, found=Both(f"第二次出现“{value}”", f"a second “{value}”"),
                          expected=Both("只出现一次", "one"))
            elif names.pop(name, None) != value:
                found.add("data.metadata", where, name=name, found=value,
                          expected=wanted.get(name, "—"))
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
    expected, forms = _printed_values(kind, record), scope_forms(record)
    photos = {label for label in expected if label in kind.labels and kind.field(label).format is Format.PHOTO}
    seen: set[str] = set()
    tagged: set[tuple[str, str]] = set()
    for tag in document.tags:
        double = tag.label in seen or len(set(tag.objects)) != len(tag.objects) \
            or not tagged.isdisjoint(tag.objects)
        seen.add(tag.label)
        tagged.update(tag.objects)
        known = tag.label in expected and names.get(tag.label, "") == tag.name
        exists = all(page in pages and item in pages[page].objects for page, item in tag.objects)
        if double or not known or not exists or not _tag_agrees(kind, document, tag, expected[tag.label], forms):
            found.add("data.tags", tag.label, label=tag.label)
    for label in sorted(expected.keys() - seen):
        if expected[label] or label in photos:
            found.add("data.tags", label, label=label)


def _printed_values(kind: Kind, record: RecordData) -> dict[str, str]:
    """What each tag has to print, without white space: the fields of all lines that stand, cells one by one.

    The QR code and photos print no text.
    """
    expected: dict[str, str] = {}
    for face in kind.faces:
        for line in face.lines:
            if not stands(line, record.values):
                continue
            for part in line.parts:
                value = None if part.field is None else record.values.get(part.field)
                if part.field is None or value is None:
                    continue
                field = kind.field(part.field)
                if field.format is Format.TABLE:
                    expected |= {tag: squeeze(text) for tag, text in cells(field, value)}
                else:
                    expected[part.field] = squeeze(part_text(kind, part, record.values))
    if kind.has_qr:
        expected.setdefault(kind.roles["qr"], "")
    return expected


def _tag_agrees(kind: Kind, document: OfdDocument, tag: Tag, expected: str, forms: tuple[str, str]) -> bool:
    """Whether the tagged objects print the value: whole on each page, or whole over several pages."""
    if tag.label == kind.roles.get("qr") or (
            tag.label in kind.labels and kind.field(tag.label).format is Format.PHOTO):
        return True                      # a picture: what it shows is checked where pictures are read
    pieces = []
    for page in document.pages:
        text = squeeze("".join(page.objects[item] for number, item in tag.objects if number == page.id))
        if text:
            pieces.append(text)
    if kind.scope is not None and tag.label == kind.scope.field:
        return _scope_agrees(pieces, forms)
    return bool(expected) and (
        all(_repeats(piece, expected) for piece in pieces) or _repeats("".join(pieces), expected))


def _repeats(text: str, expected: str) -> bool:
    """Whether a text is the expected one, once or several times."""
    return bool(text) and text == expected * (len(text) // len(expected))


def _scope_agrees(pieces: list[str], forms: tuple[str, str]) -> bool:
    """Pages print the scope whole, as the summary, or (the last ones together) whole over several pages."""
    index = 0
    while index < len(pieces) and pieces[index] in forms:
        index += 1
    rest = "".join(pieces[index:])
    return bool(pieces) and (not rest or rest == forms[0])

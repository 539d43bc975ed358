"""Whether the data of a kind hang together: every label, part and value that they name is there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from codes.number import PartRule
from layouts.json_lines import Entry, Path
from layouts.kind import Check, Face, Field, Format, Kind, Line
from layouts.kind_faults import KindFault, hint, listed
from layouts.rule_references import rule_faults, value_faults

__all__ = ["reference_faults"]

_REQUIRED_ROLES = ("title", "number", "issuer_name", "issuer_code", "holder_name", "issued")
_ROLE_FORMATS = {
    "issuer_code": {Format.USCC}, "issued": {Format.DATE}, "valid_from": {Format.DATE},
    "valid_to": {Format.DATE}, "extended_to": {Format.DATE}, "qr": {Format.ADDRESS},
    "holder_code": {Format.USCC, Format.IDENTITY},
}
_FORMS = {Format.DATE: {"date-plain"}, Format.IDENTITY: {"masked"}, Format.DIGEST_OF: {"identifier", "sm3"}}
_PRINTED_LENGTH = 20_000            # characters of a printed text: more than any document here can hold
_SERIAL_LENGTH = 64

_FIELD_KEYS: dict[str, frozenset[Format]] = {
    "values": frozenset({Format.ENUM, Format.CHOICES}), "ids": frozenset({Format.ENUM, Format.CHOICES}),
    "pattern": frozenset({Format.PATTERN}), "columns": frozenset({Format.TABLE}),
    "attachment": frozenset({Format.DIGEST_OF}), "of": frozenset({Format.DIGEST_OF}),
    "same": frozenset({Format.DIGEST_OF}), "min_rows": frozenset({Format.TABLE}),
    "max_rows": frozenset({Format.TABLE}),
}
"""Keys of a field → the formats that have them."""

_PLAIN = Field(label="", format=Format.TEXT)
_NEEDED_KEYS = {
    Format.ENUM: "values", Format.CHOICES: "values", Format.PATTERN: "pattern", Format.TABLE: "columns",
    Format.DIGEST_OF: "attachment",
}

def reference_faults(kind: Kind) -> list[KindFault]:
    """All that one part of the data says wrongly of another.

    Names that are not there come first and alone: what else is wrong may follow from them.
    """
    return list(_unknown_names(kind)) or [
        *_role_faults(kind),
        *(fault for field in kind.fields
          for fault in _field_faults(kind, field, ("fields", Entry("label", field.label)))),
        *_serial_faults(kind),
        *(fault for place, rule in enumerate(kind.rules, -len(kind.rules))
          for fault in rule_faults(kind, rule, place)),
        *(fault for face in kind.faces for fault in _face_faults(kind, face)),
        *_metadata_faults(kind),
        *_whole_faults(kind),
    ]


def _unknown_names(kind: Kind) -> Iterator[KindFault]:
    for path, label, known in _named(kind):
        if label not in known:
            zh, en = hint(label, known)
            yield KindFault(path, label, f"没有“{label}”{zh or '，'}现有：{listed(known)}",
                            f"there is no “{label}”{en or ';'} known are {listed(known)}")


def _named(kind: Kind) -> Iterator[tuple[Path, str, tuple[str, ...]]]:
    """Every name that the data use somewhere: where, the name, and the names that there are."""
    labels, parts = kind.labels, tuple(part.name for part in kind.number.parts)
    for role, label in kind.roles.items():
        yield ("roles", role), label, labels
    serial: Path = ("identifier", "serial")
    if kind.serial.parts:
        yield from ((((*serial, "parts")), name, parts) for name in kind.serial.parts)
    else:
        yield serial, kind.serial.field, labels
    for item in kind.metadata:
        if item.field is not None:
            yield ("metadata", Entry("name", item.name), "field"), item.field, labels
    for place, rule in enumerate(kind.rules, -len(kind.rules)):
        path: Path = ("rules", place)
        yield (*path, "field"), rule.field, labels
        yield from (((*path, "other"), label, labels) for label in rule.other)
        yield from (((*path, "when"), one[0], labels) for one in rule.when)
        if rule.check in (Check.NUMBER_YEAR, Check.NUMBER_REGION) and rule.value:
            yield (*path, "value"), rule.value, parts
        columns = _columns(kind, rule.field)
        if columns and rule.value and rule.check in (Check.ROW_EQUAL, Check.ROW_NOT_AFTER, Check.LENGTH):
            yield (*path, "value"), rule.value, columns
    for face in kind.faces:
        for number, line in enumerate(face.lines):
            path = ("faces", Entry("role", face.role), "lines", number)
            yield from (((*path, "text"), label, labels) for label in line.fields)
            if line.when is not None:
                yield (*path, "when"), line.when[0], labels
    for field in kind.fields:
        path = ("fields", Entry("label", field.label))
        yield from (((*path, "same", own), own, labels) for own, _ in field.same)
        for inner, one in _with_columns(field, path):
            if one.pattern is not None:
                yield (*inner, "pattern"), one.pattern, tuple(kind.patterns)
    if kind.scope is not None:
        yield ("scope", "field"), kind.scope.field, labels
        yield ("scope", "modes"), kind.scope.modes, labels


def _columns(kind: Kind, label: str) -> tuple[str, ...]:
    return tuple(column.label for field in kind.fields if field.label == label for column in field.columns)


def _with_columns(field: Field, path: Path) -> Iterator[tuple[Path, Field]]:
    yield path, field
    yield from (((*path, "columns", Entry("label", column.label)), column) for column in field.columns)


def _role_faults(kind: Kind) -> Iterator[KindFault]:
    missing = [role for role in _REQUIRED_ROLES if role not in kind.roles]
    if missing:
        yield KindFault(("roles",), missing[0], f"roles 缺少 {listed(missing)}；字段被 omit 时其角色也一并省去",
                        f"roles lack {listed(missing)}; a field that is left out takes its role with it")
    for role, label in kind.roles.items():
        field = kind.field(label)
        if role in _REQUIRED_ROLES and not field.required:
            yield KindFault(("roles", role), label, f"角色 {role} 的字段“{label}”应为必填（required: true）",
                            f"the field “{label}” of the role {role} must be required")
        if role in _ROLE_FORMATS and field.format not in _ROLE_FORMATS[role]:
            formats = listed(sorted(_ROLE_FORMATS[role]))
            yield KindFault(("roles", role), label, f"角色 {role} 的字段“{label}”的 format 应为 {formats}",
                            f"the field “{label}” of the role {role} must have the format {formats}")


def _field_faults(kind: Kind, field: Field, path: Path, *, column: bool = False) -> Iterator[KindFault]:
    name = f"“{field.label}”"
    for key, formats in _FIELD_KEYS.items():
        if getattr(field, key) != getattr(_PLAIN, key) and field.format not in formats:
            yield KindFault((*path, key), field.label, f"{name}的格式是 {field.format}，不用 {key}",
                            f"{name} has the format {field.format} and takes no {key}")
    needed = _NEEDED_KEYS.get(field.format)
    if needed is not None and not getattr(field, needed):
        yield KindFault(path, field.label, f"{name}的格式是 {field.format}，缺少 {needed}",
                        f"{name} has the format {field.format} and lacks {needed}")
    if field.ids and len(field.ids) != len(field.values):
        yield KindFault((*path, "ids"), field.label, f"{name}的 ids 应与 values 一一对应",
                        f"{name} must have one of ids for each of values")
    forms = _FORMS.get(field.format, set())
    if field.form is not None and field.form not in forms:
        yield KindFault((*path, "form"), field.label,
                        f"{name}的格式是 {field.format}，form 只能是：{listed(forms) or '（不写）'}",
                        f"{name} has the format {field.format}; its form can be: {listed(forms) or '(none)'}")
    if field.constant is not None and (len(field.constant) > field.max_length
                                       or (field.values and field.constant not in field.values)):
        yield KindFault((*path, "constant"), field.label, f"{name}的 constant 超过 max_length，或不在 values 之内",
                        f"the constant of {name} is longer than max_length, or none of values")
    if field.format is Format.IDENTITY and not (field.private or column):
        yield KindFault(path, field.label, f"{name}是身份号码，应写 \"private\": true",
                        f"{name} is an identity number and must be private")
    if field.min_rows > field.max_rows:
        yield KindFault((*path, "min_rows"), field.label, f"{name}的 min_rows 大于 max_rows",
                        f"{name} has min_rows over max_rows")
    if field.label in kind.drawn and field.format is not Format.SCOPE and field.max_length > _PRINTED_LENGTH:
        yield KindFault((*path, "max_length"), field.label,
                        f"{name}印在页面上，max_length 不能大于 {_PRINTED_LENGTH}",
                        f"{name} is printed; max_length must be at most {_PRINTED_LENGTH}")
    for inner, one in _with_columns(field, path):
        if one is not field:
            yield from _field_faults(kind, one, inner, column=True)


def _serial_faults(kind: Kind) -> Iterator[KindFault]:
    """SERIAL has 1 to 64 characters 0-9 A-Z, and tells numbers apart."""
    parts, path = {part.name: part for part in kind.number.parts}, ("identifier", "serial")
    taken = kind.serial.parts or (
        tuple(parts) if kind.field(kind.serial.field).format is Format.NUMBER else ())
    for name in taken:
        part = parts[name]
        plain = all(value.isascii() and value.isalnum() and value == value.upper() for value in part.values)
        if part.rule is not PartRule.TEXT and plain:
            continue
        counted = (PartRule.REGION, PartRule.YEAR, PartRule.SEQUENCE)
        good = [one.name for one in kind.number.parts if one.rule in counted]
        example = json.dumps({"parts": good}, ensure_ascii=False)
        yield KindFault(path, name,
                        f"编号的“{name}”段含有 0-9、A-Z 以外的字符，不能用在流水号里；serial 请写 {example}",
                        f"part “{name}” of the number is not 0-9 A-Z only and cannot be in the serial; write {example}")
        return
    if sum(parts[name].longest for name in taken) > _SERIAL_LENGTH:
        yield KindFault(path, "serial", f"流水号超过 {_SERIAL_LENGTH} 个字符",
                        f"the serial has more than {_SERIAL_LENGTH} characters")
    left_out = [part for name, part in parts.items() if name not in kind.serial.parts]
    for part in left_out if kind.serial.parts else ():
        if part.rule is not PartRule.TEXT and len(part.values) != 1:
            yield KindFault((*path, "parts"), part.name, f"流水号漏了“{part.name}”段，不同的编号会有相同的标识",
                            f"the serial leaves out the part “{part.name}”, which tells numbers apart")


def _face_faults(kind: Kind, face: Face) -> Iterator[KindFault]:
    path: Path = ("faces", Entry("role", face.role))
    for number, line in enumerate(face.lines):
        for zh, en in _line_sentences(kind, line):
            yield KindFault((*path, "lines", number), line.label, f"{face.role}的“{line.label}”行{zh}",
                            f"line “{line.label}” of {face.role} {en}")
        if line.when is not None:
            yield from value_faults(kind.field(line.when[0]), line.when[1:], (*path, "lines", number, "when"))
    places = "".join({"each": "e", "first": "f", "last": "l", "run": "r"}[line.on] for line in face.lines)
    if not face.repeats and set(places) != {"e"}:
        number = next(number for number, letter in enumerate(places) if letter != "e")
        yield KindFault((*path, "lines", number, "on"), face.role, f"{face.role}不续页（没有 repeats），各行不写 on",
                        f"{face.role} does not repeat; its lines have no on")
    elif face.repeats and re.fullmatch("[ef]*r+[el]*", places) is None:
        yield KindFault((*path, "lines"), face.role,
                        f"{face.role}各行的 on 应先是 first、each，再是 run（至少一行），最后是 each、last",
                        f"the lines of {face.role} stand in this order: first and each, then run (one at least), "
                        "then each and last")


def _line_sentences(kind: Kind, line: Line) -> Iterator[tuple[str, str]]:
    formats = [kind.field(label).format for label in line.fields]
    if any(mark in part.text for part in line.parts for mark in "{}") and not formats:
        yield "的 { } 里应是一个字段名", "must have a label inside { }"
    if Format.TABLE in formats:
        columns = kind.field(line.fields[0]).columns
        if len(line.parts) != 1:
            yield "：表格应单独成行", "must have its table alone"
        elif line.heads and len(line.heads) != len(columns):
            yield (f"有 {len(line.heads)} 个表头，表格有 {len(columns)} 列",
                   f"has {len(line.heads)} heads over {len(columns)} columns")
    elif line.heads:
        yield "没有表格，不写 heads", "has no table and takes no heads"
    if Format.PHOTO in formats and (len(line.parts) != 1 or line.label):
        yield "：照片应单独成行，label 为空", "must have its photo alone, without a label"


def _metadata_faults(kind: Kind) -> Iterator[KindFault]:
    for item in kind.metadata:
        path: Path = ("metadata", Entry("name", item.name))
        if sum(source is not None for source in (item.field, item.constant, item.source)) != 1:
            yield KindFault(path, item.name, f"元数据 {item.name} 应有 field、constant、from 之一，且只有一个",
                            f"metadata {item.name} needs one of field, constant, from")
        if item.field is None:
            continue
        field = kind.field(item.field)
        if item.form is not None and field.format is not Format.IDENTITY:
            yield KindFault((*path, "form"), item.name, f"元数据 {item.name}：只有身份号码写 form",
                            f"metadata {item.name}: form is for an identity number")
        if field.format in (Format.TABLE, Format.PHOTO, Format.PARAGRAPHS):
            yield KindFault((*path, "field"), item.name, f"“{item.field}”是 {field.format}，不能作元数据",
                            f"“{item.field}” is a {field.format} and cannot be metadata")
        if field.private and item.form is None:
            yield KindFault((*path, "field"), item.name, f"“{item.field}”不公开（private），不能作元数据",
                            f"“{item.field}” is private and must not be metadata")


def _whole_faults(kind: Kind) -> Iterator[KindFault]:
    if kind.has_qr and not any(face.qr for face in kind.faces):
        yield KindFault(("faces",), "qr", "有二维码的种类应至少有一个版面带二维码（qr 不为 false）",
                        "a kind with a QR code has a face that bears it (qr not false)")
    if kind.scope is not None:
        formats = (("field", kind.scope.field, Format.SCOPE), ("modes", kind.scope.modes, Format.CHOICES))
        for key, label, format_ in formats:
            if kind.field(label).format is not format_:
                yield KindFault(("scope", key), label, f"scope 的 {key} 应是格式为 {format_} 的字段",
                                f"{key} of scope must be a field of the format {format_}")
    seen: dict[str, str] = {}
    for field in kind.fields:
        if field.format is Format.DIGEST_OF and seen.setdefault(field.attachment, field.label) != field.label:
            yield KindFault(("fields", Entry("label", field.label), "attachment"), field.label,
                            f"“{field.label}”与“{seen[field.attachment]}”用了同一个附件",
                            f"“{field.label}” and “{seen[field.attachment]}” refer to the same attachment")

"""Whether the data of a kind hang together: every label, part and value that they name is there."""

from __future__ import annotations

import re
from collections.abc import Iterable

from codes.number import PartRule
from layouts.kind import Check, Face, Field, Format, Kind, Line, Rule

__all__ = ["ROLES", "STATUSES", "check_references"]

ROLES = frozenset({
    "title", "number", "issuer_name", "issuer_code", "holder_name", "holder_code", "issued", "valid_from",
    "valid_to", "extended_to", "scope", "qr",
})
"""What a field can be to the engine."""

STATUSES = frozenset({
    "有效", "未生效", "已过期", "已变更", "已延期", "挂失", "抵押", "质押", "暂扣", "注销", "吊销", "撤销",
    "废止", "不适用",
})
"""The states that a licence may take (R-003-34)."""

_REQUIRED_ROLES = ("title", "number", "issuer_name", "issuer_code", "holder_name", "issued")
_METADATA_SOURCES = frozenset({"identifier", "type_code", "version"})
_COLUMN_FORMATS = frozenset({
    Format.TEXT, Format.UNIT, Format.USCC, Format.DATE, Format.ENUM, Format.PATTERN, Format.IDENTITY,
})
_FORMS = {Format.DATE: {"date-plain"}, Format.IDENTITY: {"masked"}, Format.DIGEST_OF: {"identifier", "sm3"}}
_LEAST_SEAL_MM, _MOST_SEAL_MM = 15, 60          # legible, and the largest seal in use
_LEVELS = frozenset({"省级", "市级", "县级"})


def check_references(kind: Kind) -> None:
    """Check all that one part of the data says of another.

    Raises:
        ValueError: the first thing that does not fit.
    """
    labels = set(kind.labels)
    if len(labels) != len(kind.fields) or len({face.role for face in kind.faces}) != len(kind.faces):
        raise ValueError("a label or a role of a face occurs twice")
    missing = sorted(set(_named(kind)) - labels)
    if missing:
        raise ValueError(f"no such field: {'、'.join(missing)}")
    if not ROLES.issuperset(kind.roles) or not set(_REQUIRED_ROLES).issubset(kind.roles):
        raise ValueError(f"roles must be of {sorted(ROLES)}, with at least {_REQUIRED_ROLES}")
    for role in _REQUIRED_ROLES:
        if not kind.field(kind.roles[role]).required:
            raise ValueError(f"the field of the role {role} must be required")
    for field in kind.fields:
        _check_field(kind, field)
    _check_serial(kind)
    for rule in kind.rules:
        _check_rule(kind, rule)
    for face in kind.faces:
        if face.seals.count < 0:
            raise ValueError(f"{face.role}: less than no seal")
        if face.seals.size_mm is not None and not _LEAST_SEAL_MM <= face.seals.size_mm <= _MOST_SEAL_MM:
            raise ValueError(f"{face.role}: a seal has {_LEAST_SEAL_MM} to {_MOST_SEAL_MM} mm")
        for line in face.lines:
            _check_line(kind, line)
        _check_order(face)
    if kind.has_qr and not any(face.qr for face in kind.faces):
        raise ValueError("a kind with a QR code has a face that bears it")
    _check_metadata(kind)
    if not STATUSES.issuperset(kind.statuses):
        raise ValueError(f"statuses must be of {sorted(STATUSES)}")
    if len(kind.earlier) != sum(field.format is Format.DIGEST_OF for field in kind.fields):
        raise ValueError("two fields refer to the same attachment")


def _named(kind: Kind) -> Iterable[str]:
    """Every label that the data name somewhere."""
    yield from kind.roles.values()
    yield from kind.drawn
    yield kind.serial.field
    yield from (item.field for item in kind.metadata if item.field is not None)
    for rule in kind.rules:
        yield from (rule.field, *rule.other, *(one[0] for one in rule.when))
    for face in kind.faces:
        yield from (line.when[0] for line in face.lines if line.when is not None)
    for field in kind.fields:
        yield from (own for own, _ in field.same)
    if kind.scope is not None:
        yield from (kind.scope.field, kind.scope.modes)


def _check_field(kind: Kind, field: Field, *, column: bool = False) -> None:
    if any(mark in field.label for mark in ".[]{}") or not field.label:
        raise ValueError(f"a label must not hold . [ ] {{ }}: {field.label!r}")
    if field.format in (Format.ENUM, Format.CHOICES) and not field.values:
        raise ValueError(f"{field.label} has no values")
    if field.format is Format.PATTERN and field.pattern not in kind.patterns:
        raise ValueError(f"{field.label} has no pattern")
    if field.form is not None and field.form not in _FORMS.get(field.format, ()):
        raise ValueError(f"{field.label} cannot be printed as {field.form}")
    if field.format is Format.IDENTITY and not (field.private or column):
        raise ValueError(f"{field.label} is an identity number and must be private")
    if field.format is Format.DIGEST_OF and not (field.attachment.isascii() and field.attachment.isidentifier()):
        raise ValueError(f"{field.label} needs the key of an attachment: a name of letters a-z")
    if (field.of or field.same) and field.format is not Format.DIGEST_OF:
        raise ValueError(f"{field.label} is no reference to an earlier document")
    if (field.format is Format.TABLE) != bool(field.columns):
        raise ValueError(f"{field.label}: a table has columns, and nothing else has")
    names = [one.label for one in field.columns]
    if len(set(names)) != len(names) or not 0 <= field.min_rows <= field.max_rows:
        raise ValueError(f"{field.label}: a column occurs twice, or min_rows is over max_rows")
    for one in field.columns:
        if one.format not in _COLUMN_FORMATS:
            raise ValueError(f"{field.label}.{one.label}: a column cannot hold {one.format}")
        _check_field(kind, one, column=True)


def _check_serial(kind: Kind) -> None:
    parts = {part.name: part for part in kind.number.parts}
    for name in kind.serial.parts:
        part = parts.get(name)
        if part is None:
            raise ValueError(f"SERIAL: the number has no part {name}")
        plain = all(value.isascii() and value.isalnum() and value == value.upper() for value in part.values)
        if part.rule is PartRule.TEXT or not plain:
            raise ValueError(f"SERIAL: the part {name} is not 0-9 A-Z only")
    if kind.serial.parts:
        left_out = [part for name, part in parts.items() if name not in kind.serial.parts]
        if any(part.rule is not PartRule.TEXT and len(part.values) != 1 for part in left_out):
            raise ValueError("SERIAL leaves out a part that tells numbers apart")


def _check_rule(kind: Kind, rule: Rule) -> None:
    field = kind.field(rule.field)
    if rule.check in (Check.ALLOWED, Check.BARRED) and not rule.values:
        raise ValueError(f"{rule.check} of {rule.field} has no values")
    if rule.check is Check.AT_LEAST and rule.value not in field.values:
        raise ValueError(f"{rule.field} has no value {rule.value}")
    if rule.check is Check.LEVEL and (not rule.values or not _LEVELS.issuperset(rule.values)):
        raise ValueError(f"levels are of {sorted(_LEVELS)}")
    if rule.check in (Check.COUNT, Check.AGE) and rule.minimum is None and rule.maximum is None:
        raise ValueError(f"{rule.check} of {rule.field} has neither minimum nor maximum")
    if rule.check is Check.LENGTH and not 0 < (rule.maximum or 0) < _measured(field, rule).max_length:
        raise ValueError(f"{rule.check} of {rule.field} needs a maximum below the field's own")
    if rule.check in (Check.IDENTITY_BIRTH, Check.IDENTITY_SEX, Check.AGE) and len(rule.other) != 1:
        raise ValueError(f"{rule.check} of {rule.field} needs one other field")
    if rule.check in (Check.ROW_EQUAL, Check.ROW_NOT_AFTER):
        column = field.column(rule.value)
        if len(rule.other) != 1 or (rule.check is Check.ROW_NOT_AFTER and column.format is not Format.DATE):
            raise ValueError(f"{rule.check} of {rule.field} needs one other field, and dates where it compares them")
    if rule.check is Check.DERIVED and not rule.other:
        raise ValueError(f"{rule.field} is derived from nothing")
    if rule.delay is not None and (rule.check is not Check.AGE or rule.maximum is None or rule.delay.every < 1):
        raise ValueError(f"only the maximum of an age can rise: {rule.field}")
    known = {one.label: one for one in kind.fields}
    for label, *wanted in rule.when:
        values = known[label].values
        if values and not set(wanted) <= set(values):
            raise ValueError(f"{label} has no value {sorted(set(wanted) - set(values))}")


def _measured(field: Field, rule: Rule) -> Field:
    """The field, or the column of it, whose length a rule limits."""
    return field.column(rule.value) if field.columns else field


def _check_order(face: Face) -> None:
    """Lines of a face that repeats: above (each, first), running ones together, below (each, last)."""
    places = "".join({"each": "e", "first": "f", "last": "l", "run": "r"}.get(line.on, "?") for line in face.lines)
    pattern = "[ef]*r+[el]*" if face.repeats else "e*"
    if re.fullmatch(pattern, places) is None:
        raise ValueError(f"{face.role}: lines stand first or on each page, then those that run, then the last ones")


def _check_line(kind: Kind, line: Line) -> None:
    formats = [kind.field(label).format for label in line.fields]
    if Format.TABLE in formats:
        if len(line.parts) != 1:
            raise ValueError(f"{line.label}: a table stands alone on its line")
        columns = kind.field(line.fields[0]).columns
        if line.heads and len(line.heads) != len(columns):
            raise ValueError(f"{line.label}: {len(line.heads)} heads over {len(columns)} columns")
    elif line.heads:
        raise ValueError(f"{line.label}: heads without a table")
    if Format.PHOTO in formats and (len(line.parts) != 1 or line.label):
        raise ValueError("a photo stands alone on its line, without a label")


def _check_metadata(kind: Kind) -> None:
    for item in kind.metadata:
        sources = [source for source in (item.field, item.constant, item.source) if source is not None]
        if len(sources) != 1 or (item.source is not None and item.source not in _METADATA_SOURCES):
            raise ValueError(f"metadata {item.name} needs one source")
        if item.field is None:
            continue
        field = kind.field(item.field)
        if item.form is not None and (item.form != "masked" or field.format is not Format.IDENTITY):
            raise ValueError(f"metadata {item.name} cannot be {item.form}")
        if field.format in (Format.TABLE, Format.PHOTO, Format.PARAGRAPHS):
            raise ValueError(f"{item.field} is a {field.format} and cannot be metadata")
        if field.private and item.form is None:
            raise ValueError(f"{item.field} is private and must not be metadata")

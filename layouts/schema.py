"""The JSON Schema of a kind's records, made from the kind's data (so that both cannot disagree).

The schema is the published interface for issuing systems and says what a schema can say: names, types,
required fields, values, simple forms, lengths that hang on another field's value. The engine's own checks say the
rest, in two languages.
Each kind's folder keeps its ``schema.json``; ``python -m layouts.schema FOLDER`` writes it anew.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from layouts.kind import Check, Condition, Field, Format, Kind, Rule
from layouts.loading import read_kind

__all__ = ["record_schema", "schema_bytes"]

_DATE = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
_USCC = "^[0-9ABCDEFGHJKLMNPQRTUWXY]{18}$"
_IDENTITY = "^[0-9]{17}[0-9X]$"
_EARLIER = "^[0-9A-Z.]{1,160} sm3:[0-9a-f]{64}$"
_PHOTO_LENGTH = 700_000     # base64 of 512 KiB


def record_schema(kind: Kind) -> dict[str, Any]:
    """The schema (draft 2020-12) of the records of ``kind``."""
    properties: dict[str, Any] = {
        "kind": {"const": kind.code, "description": f"证照种类 / licence kind: {kind.name}"},
        "版本号": {"type": "string", "pattern": "^(?!000)[0-9]{3}$", "default": "001"},
    }
    for field in kind.fields:
        properties[field.label] = _property(kind, field)
    scope = kind.scope
    required = [
        field.label for field in kind.fields
        if field.required and (scope is None or field.label != scope.field)
    ]
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:zhengyin:record:{kind.code}:{kind.version}",
        "title": kind.name,
        "description": kind.source,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    if scope is not None:
        item = {"type": "string", "minLength": 1, "maxLength": scope.max_item_length}
        properties[scope.items] = {
            "type": "object", "minProperties": 1, "maxProperties": scope.max_groups,
            "additionalProperties": {
                "type": "array", "minItems": 1, "maxItems": scope.max_items, "items": item,
            },
        }
        if kind.field(scope.field).required:
            schema["anyOf"] = [{"required": [scope.field]}, {"required": [scope.items]}]
    limits = _limits(kind)
    return schema | {"allOf": limits} if limits else schema


def schema_bytes(kind: Kind) -> bytes:
    """The content of the kind's ``schema.json``."""
    return (json.dumps(record_schema(kind), ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def _limits(kind: Kind) -> list[dict[str, Any]]:
    """Lengths and counts that hold for some values of other fields alone, those of one condition together."""
    found: dict[tuple[Condition, ...], dict[str, Any]] = {}
    for rule in kind.rules:
        limit = _limit(kind.field(rule.field), rule)
        if limit and not rule.warning and rule.when and all(len(one) > 1 for one in rule.when):
            then = found.setdefault(rule.when, {})
            then[rule.field] = _merged(then.get(rule.field, {}), limit)
    return [{"if": {"properties": {label: {"enum": values} for label, *values in when},
                    "required": [label for label, *_ in when]},
             "then": {"properties": then}} for when, then in found.items()]


def _limit(field: Field, rule: Rule) -> dict[str, Any]:
    """What a rule over length or count says of its field; empty for other rules."""
    if rule.check is Check.LENGTH:
        longest = {"maxLength": rule.maximum}
        return {"items": {"properties": {rule.value: longest}}} if field.columns else longest
    if rule.check is Check.COUNT:
        bounds = {"minItems": rule.minimum, "maxItems": rule.maximum}
        return {key: bound for key, bound in bounds.items() if bound is not None}
    return {}


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Both, one inside the other where they have the same keys."""
    return {key: _merged(one[key], other[key]) if isinstance(one.get(key), dict) and key in other
            else other.get(key, one.get(key)) for key in {**one, **other}}


def _property(kind: Kind, field: Field) -> dict[str, Any]:
    if field.constant is not None:
        return {"const": field.constant}
    if field.format is Format.CHOICES:
        return {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"enum": list(field.values)}}
    if field.format is Format.ENUM:
        return {"enum": [*field.values, *([] if field.required else [None])]}
    if field.format is Format.TABLE:
        return _table(kind, field)
    optional = not field.required or field.format is Format.SCOPE
    schema: dict[str, Any] = {"type": ["string", "null"] if optional else "string"}
    if field.format is Format.USCC:
        schema["pattern"] = _USCC
    elif field.format is Format.DATE:
        schema |= {"format": "date", "pattern": _DATE}
    elif field.format is Format.PATTERN and field.pattern is not None:
        schema["pattern"] = f"^(?:{kind.patterns[field.pattern].regex})$"
    elif field.format is Format.NUMBER:
        schema |= {"minLength": kind.number.length, "maxLength": kind.number.longest}
    elif field.format is Format.IDENTITY:
        schema["pattern"] = _IDENTITY
    elif field.format is Format.DIGEST_OF:
        schema["pattern"] = _EARLIER
    elif field.format is Format.PHOTO:
        schema |= {"contentEncoding": "base64", "contentMediaType": "image/jpeg", "maxLength": _PHOTO_LENGTH}
    elif field.format is Format.ADDRESS:
        schema |= {"format": "uri", "maxLength": field.max_length}
    else:
        schema |= {"minLength": 1, "maxLength": field.max_length}
    return schema


def _table(kind: Kind, field: Field) -> dict[str, Any]:
    """A list of rows; each row is an object with the columns' labels."""
    row = {
        "type": "object",
        "properties": {column.label: _property(kind, column) for column in field.columns},
        "required": [column.label for column in field.columns if column.required],
        "additionalProperties": False,
    }
    least = field.min_rows if field.required else 0
    return {"type": "array" if field.required else ["array", "null"], "minItems": least,
            "maxItems": field.max_rows, "items": row}


if __name__ == "__main__":
    for folder in map(Path, sys.argv[1:]):
        made = read_kind(folder.name, (folder / "kind.json").read_bytes())
        (folder / "schema.json").write_bytes(schema_bytes(made))

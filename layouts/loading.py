"""From a kind's folder to a :class:`layouts.kind.Kind`; everything that refers to a field is checked."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from typing import Any

from codes.number import NumberError, NumberPattern
from layouts.folders import on_change, resource
from layouts.heads import with_head
from layouts.kind import (
    Check,
    Condition,
    Delay,
    Face,
    Field,
    Format,
    Kind,
    KindError,
    KindErrorCode,
    Line,
    Metadata,
    Part,
    Pattern,
    Renewal,
    Rule,
    ScopeRule,
    SealRule,
    Serial,
    UnitNames,
    Validity,
)
from layouts.references import check_references

__all__ = ["build_kind", "load_kind"]

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_FIELD_KEYS = frozenset({
    "label", "format", "required", "private", "max_length", "constant", "values", "ids", "pattern", "form",
    "columns", "min_rows", "max_rows", "unique", "attachment", "of", "same",
})


_BUILT_KEYS = frozenset({"format", "values", "ids", "columns", "of", "same"})


@functools.cache
def load_kind(code: str) -> Kind:
    """The kind with this code, built once a process.

    Raises:
        KindError: ``kind.unknown``, ``kind.data`` or ``kind.no-legal-basis``.
    """
    try:
        data = json.loads(resource(code, "kind.json"))
        if not isinstance(data, dict):
            raise ValueError("no JSON object")
    except ValueError as error:
        raise _wrong_data(code, error) from error
    kind = build_kind(data, _common())
    if kind.code != code:
        raise _wrong_data(code, ValueError(f"code {kind.code!r} in the folder {code}"))
    return kind


on_change(load_kind.cache_clear)


def build_kind(data: Mapping[str, Any], common: Mapping[str, Any] | None = None) -> Kind:
    """Build a kind from the content of its ``kind.json``.

    Args:
        data: the kind's own data.
        common: what holds for all kinds (phone numbers, names of units); the built-in by default.

    Raises:
        KindError: ``kind.data`` (says where), ``kind.no-legal-basis`` (R-004-25).
    """
    code = str(data.get("code", "?"))
    if not data.get("legal_basis"):
        raise KindError(
            KindErrorCode.LEGAL_BASIS, f"证照种类{code}没有法律依据，不能启用",
            f"kind {code} has no legal basis and cannot be used", kind=code,
        )
    try:
        common = _common() if common is None else common
        kind = _build(with_head(data, common.get("heads", {})), common)
        check_references(kind)
    except (AttributeError, KeyError, TypeError, ValueError, NumberError) as error:
        raise _wrong_data(code, error) from error
    return kind


def _wrong_data(code: str, error: Exception) -> KindError:
    return KindError(
        KindErrorCode.DATA, f"证照种类{code}的配置有误：{error!r}",
        f"the data of kind {code} are wrong: {error!r}", kind=code,
    )


@functools.cache
def _common() -> dict[str, Any]:
    from importlib.resources import files

    data: dict[str, Any] = json.loads(files("layouts").joinpath("common.json").read_bytes())
    return data


def _build(data: Mapping[str, Any], common: Mapping[str, Any]) -> Kind:
    metadata = tuple(
        Metadata(
            name=entry["name"], field=entry.get("field"), constant=entry.get("constant"),
            source=entry.get("from"), form=entry.get("form"),
        )
        for entry in data["metadata"]
    )
    short_names = {item.field: item.name for item in reversed(metadata) if item.field is not None}
    units = common["unit_names"]
    return Kind(
        code=data["code"], version=data["version"], name=data["name"], name_en=data["name_en"],
        source=data["source"], legal_basis=tuple(data["legal_basis"]),
        type_code=data["identifier"]["type_code"],
        type_code_provisional=bool(data["identifier"]["provisional"]),
        serial=_serial(data["identifier"]["serial"], data["roles"]),
        number=NumberPattern.from_data(data["number"]),
        fields=tuple(_field(entry, short_names) for entry in data["fields"]),
        roles=dict(data["roles"]),
        rules=tuple(_rule(entry) for entry in data.get("rules", ())),
        scope=_scope(data["scope"]) if "scope" in data else None,
        metadata=metadata,
        faces=tuple(_face(entry) for entry in data["faces"]),
        patterns={
            name: Pattern(regex=entry["regex"], zh=entry["zh"], en=entry["en"])
            for name, entry in {**common["patterns"], **data.get("patterns", {})}.items()
        },
        unit_names=UnitNames(
            abbreviations=dict(units["abbreviations"]), endings=tuple(units["endings"]),
            bare=units["bare"],
        ),
        validity=_validity(data["validity"]) if "validity" in data else None,
        renewal=_renewal(data["renewal"]) if "renewal" in data else None,
        statuses=tuple(data.get("statuses", ())),
    )


def _serial(entry: str | Mapping[str, Any], roles: Mapping[str, str]) -> Serial:
    """``"许可证编号"``, or ``{"parts": [names of parts of the number]}``."""
    if isinstance(entry, str):
        return Serial(field=entry)
    return Serial(field=roles["number"], parts=tuple(entry["parts"]))


def _validity(entry: Mapping[str, Any]) -> Validity:
    return Validity(text=entry["text"], source=entry["source"], years=entry.get("years"))


def _renewal(entry: Mapping[str, Any]) -> Renewal:
    return Renewal(
        text=entry["text"], source=entry["source"], months=entry.get("months"), days=entry.get("days"))


def _field(entry: Mapping[str, Any], short_names: Mapping[str, str]) -> Field:
    if not _FIELD_KEYS.issuperset(entry):
        raise ValueError(f"unknown keys {sorted(set(entry) - _FIELD_KEYS)} in field {entry.get('label')}")
    rest = {key: value for key, value in entry.items() if key not in _BUILT_KEYS}
    if entry["format"] == Format.DIGEST_OF:
        rest.setdefault("max_length", 240)
    return Field(
        format=Format(entry["format"]),
        values=tuple(entry.get("values", ())), ids=tuple(entry.get("ids", ())),
        columns=tuple(_field(column, {}) for column in entry.get("columns", ())),
        of=tuple(entry.get("of", ())), same=tuple(entry.get("same", {}).items()),
        metadata=short_names.get(entry["label"]), **rest,
    )


def _rule(entry: Mapping[str, Any]) -> Rule:
    severity = entry.get("severity", "error")
    if severity not in ("error", "warning"):
        raise ValueError(f"severity {severity!r}")
    when = entry.get("when", [])
    several = [when] if when and not isinstance(when[0], list) else when
    return Rule(
        check=Check(entry["check"]), field=entry["field"], source=entry["source"],
        other=tuple(entry.get("other", ())), value=entry.get("value", ""),
        values=tuple(entry.get("values", ())), when=tuple(_condition(one) for one in several),
        years=int(entry.get("years", 0)), minimum=entry.get("minimum"), maximum=entry.get("maximum"),
        delay=Delay(**entry["delay"]) if "delay" in entry else None,
        warning=severity == "warning", zh=entry.get("zh", ""), en=entry.get("en", ""),
    )


def _condition(entry: str | list[str]) -> Condition:
    """``"label"`` or ``["label", value, …]``."""
    return (entry,) if isinstance(entry, str) else tuple(str(one) for one in entry)


def _scope(entry: Mapping[str, Any]) -> ScopeRule:
    return ScopeRule(
        field=entry["field"], items=entry["items"], modes=entry["modes"],
        max_groups=int(entry["max_groups"]), max_items=int(entry["max_items"]),
        max_item_length=int(entry["max_item_length"]),
        lists={mode: tuple(items) for mode, items in entry.get("lists", {}).items()},
    )


def _face(entry: Mapping[str, Any]) -> Face:
    seals = entry.get("seals", {})
    return Face(
        role=entry["role"],
        summary=bool(entry.get("summary", False)), repeats=bool(entry.get("repeats", False)),
        lines=tuple(_line(line) for line in entry["lines"]),
        seals=SealRule(
            count=int(seals.get("count", 1)), last_page_only=bool(seals.get("last_page_only", False)),
            straddle=bool(seals.get("straddle", False)),
            size_mm=float(seals["size_mm"]) if "size_mm" in seals else None),
        qr=bool(entry.get("qr", True)),
    )


def _line(entry: Mapping[str, Any]) -> Line:
    return Line(
        label=entry["label"], parts=_parts(entry["text"]), style=entry.get("style", "line"),
        when=_condition(entry["when"]) if "when" in entry else None, heads=tuple(entry.get("heads", ())),
        on=entry.get("on", "each"),
    )


def _parts(text: str) -> tuple[Part, ...]:
    pieces = _PLACEHOLDER.split(text)       # fixed, label, fixed, label, …, fixed
    return tuple(
        Part(field=piece) if index % 2 else Part(text=piece)
        for index, piece in enumerate(pieces) if index % 2 or piece
    )

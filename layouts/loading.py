"""From a kind's folder to a :class:`layouts.kind.Kind`; everything that refers to a field is checked."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from codes.number import NumberError, NumberPattern
from layouts.kind import (
    Check,
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
    Rule,
    ScopeRule,
    UnitNames,
)

__all__ = ["build_kind", "kinds", "load_kind", "resource"]

_CODE = re.compile(r"K[0-9]{1,2}[a-z]?")
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_ROLES = frozenset({
    "title", "number", "issuer_name", "issuer_code", "holder_name", "holder_code", "issued", "valid_from",
    "valid_to", "extended_to", "scope", "qr",
})
_REQUIRED_ROLES = ("title", "number", "issuer_name", "issuer_code", "holder_name", "issued", "qr")
_METADATA_SOURCES = frozenset({"identifier", "type_code", "version"})


@functools.cache
def kinds() -> tuple[str, ...]:
    """Codes of the kinds that are here, sorted."""
    from importlib.resources import files  # slow to import: not before it is needed

    return tuple(sorted(
        entry.name for entry in files("layouts").iterdir()
        if _CODE.fullmatch(entry.name) and entry.joinpath("kind.json").is_file()
    ))


def resource(kind_code: str, name: str) -> bytes:
    """A file out of the folder of a kind, e.g. ``resource("K0", "samples/example-1.json")``.

    Raises:
        KindError: ``kind.unknown`` or ``kind.resource``.
    """
    from importlib.resources import files

    if kind_code not in kinds():
        raise _unknown(kind_code)
    parts = PurePosixPath(name).parts
    if not parts or PurePosixPath(name).is_absolute() or ".." in parts:
        raise _no_resource(kind_code, name)
    try:
        return files("layouts").joinpath(kind_code, *parts).read_bytes()
    except OSError as error:
        raise _no_resource(kind_code, name) from error


@functools.cache
def load_kind(code: str) -> Kind:
    """The kind with this code, built once a process.

    Raises:
        KindError: ``kind.unknown``, ``kind.data`` or ``kind.no-legal-basis``.
    """
    return build_kind(json.loads(resource(code, "kind.json")), _common())


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
        kind = _build(data, _common() if common is None else common)
        _check_references(kind)
    except (AttributeError, KeyError, TypeError, ValueError, NumberError) as error:
        raise KindError(
            KindErrorCode.DATA, f"证照种类{code}的配置有误：{error!r}",
            f"the data of kind {code} are wrong: {error!r}", kind=code,
        ) from error
    return kind


@functools.cache
def _common() -> dict[str, Any]:
    from importlib.resources import files

    data: dict[str, Any] = json.loads(files("layouts").joinpath("common.json").read_bytes())
    return data


def _build(data: Mapping[str, Any], common: Mapping[str, Any]) -> Kind:
    metadata = tuple(
        Metadata(
            name=entry["name"], field=entry.get("field"), constant=entry.get("constant"),
            source=entry.get("from"),
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
        serial_field=data["identifier"]["serial"],
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
    )


def _field(entry: Mapping[str, Any], short_names: Mapping[str, str]) -> Field:
    known = {"label", "format", "required", "private", "max_length", "constant", "values", "ids", "pattern"}
    if not known.issuperset(entry):
        raise ValueError(f"unknown keys {sorted(set(entry) - known)} in field {entry.get('label')}")
    rest = {key: value for key, value in entry.items() if key not in ("format", "values", "ids")}
    return Field(
        format=Format(entry["format"]),
        values=tuple(entry.get("values", ())), ids=tuple(entry.get("ids", ())),
        metadata=short_names.get(entry["label"]), **rest,
    )


def _rule(entry: Mapping[str, Any]) -> Rule:
    severity = entry.get("severity", "error")
    if severity not in ("error", "warning"):
        raise ValueError(f"severity {severity!r}")
    when = entry.get("when")
    return Rule(
        check=Check(entry["check"]), field=entry["field"], source=entry["source"],
        other=tuple(entry.get("other", ())), value=entry.get("value", ""),
        when=None if when is None else (str(when[0]), str(when[1])), years=int(entry.get("years", 0)),
        warning=severity == "warning", zh=entry.get("zh", ""), en=entry.get("en", ""),
    )


def _scope(entry: Mapping[str, Any]) -> ScopeRule:
    return ScopeRule(
        field=entry["field"], items=entry["items"], modes=entry["modes"],
        max_groups=int(entry["max_groups"]), max_items=int(entry["max_items"]),
        max_item_length=int(entry["max_item_length"]),
        lists={mode: tuple(items) for mode, items in entry.get("lists", {}).items()},
    )


def _face(entry: Mapping[str, Any]) -> Face:
    return Face(
        role=entry["role"],
        summary=bool(entry.get("summary", False)), repeats=bool(entry.get("repeats", False)),
        lines=tuple(
            Line(label=line["label"], parts=_parts(line["text"]), style=line.get("style", "line"))
            for line in entry["lines"]
        ),
    )


def _parts(text: str) -> tuple[Part, ...]:
    pieces = _PLACEHOLDER.split(text)       # fixed, label, fixed, label, …, fixed
    return tuple(
        Part(field=piece) if index % 2 else Part(text=piece)
        for index, piece in enumerate(pieces) if index % 2 or piece
    )


def _check_references(kind: Kind) -> None:
    labels = set(kind.labels)
    if len(labels) != len(kind.fields) or len({face.role for face in kind.faces}) != len(kind.faces):
        raise ValueError("a label or a role of a face occurs twice")
    wanted = [*kind.roles.values(), *kind.drawn, kind.serial_field]
    wanted += [item.field for item in kind.metadata if item.field is not None]
    for rule in kind.rules:
        wanted += [rule.field, *rule.other, *([rule.when[0]] if rule.when else [])]
    if kind.scope is not None:
        wanted += [kind.scope.field, kind.scope.modes]
    missing = sorted(set(wanted) - labels)
    if missing:
        raise ValueError(f"no such field: {'、'.join(missing)}")
    if not _ROLES.issuperset(kind.roles) or not set(_REQUIRED_ROLES).issubset(kind.roles):
        raise ValueError(f"roles must be of {sorted(_ROLES)}, with at least {_REQUIRED_ROLES}")
    for field in kind.fields:
        if field.format in (Format.ENUM, Format.CHOICES) and not field.values:
            raise ValueError(f"{field.label} has no values")
        if field.format is Format.PATTERN and field.pattern not in kind.patterns:
            raise ValueError(f"{field.label} has no pattern")
    for item in kind.metadata:
        sources = [source for source in (item.field, item.constant, item.source) if source is not None]
        if len(sources) != 1 or (item.source is not None and item.source not in _METADATA_SOURCES):
            raise ValueError(f"metadata {item.name} needs one source")
        if item.field is not None and kind.field(item.field).private:
            raise ValueError(f"{item.field} is private and must not be metadata")


def _unknown(code: str) -> KindError:
    return KindError(
        KindErrorCode.UNKNOWN, f"没有证照种类“{code}”，现有：{'、'.join(kinds())}",
        f"there is no licence kind “{code}”; known are {', '.join(kinds())}", kind=code,
    )


def _no_resource(kind_code: str, name: str) -> KindError:
    return KindError(
        KindErrorCode.RESOURCE, f"证照种类{kind_code}没有文件“{name}”",
        f"kind {kind_code} has no file “{name}”",
        kind=kind_code, name=name,
    )

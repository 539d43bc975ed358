"""From a kind's folder to a :class:`layouts.kind.Kind`; everything that refers to a field is checked."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from typing import Any

from codes.number import NumberPattern
from layouts.folders import kinds, on_change, resource, ships
from layouts.heads import with_head
from layouts.json_lines import JsonError, JsonText, read_json
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
from layouts.kind_check import data_faults
from layouts.kind_faults import KindDataError, KindFault, data_error, safe
from layouts.references import reference_faults
from layouts.released import KIND, released_file

__all__ = ["build_kind", "frozen_data", "load_kind", "read_kind", "type_code_of"]

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_BUILT_KEYS = frozenset({"format", "values", "ids", "columns", "of", "same"})


def load_kind(code: str, version: str | None = None) -> Kind:
    """The kind with this code, built once a process.

    Kinds that ship with the engine are held against ``kind.schema.json`` by the tests; those of a deployment are here.

    Args:
        version: of the kind as it was released, whatever its folder says now; None for the kind as it is now.

    Raises:
        KindError: ``kind.unknown``, ``kind.version``, ``kind.data`` or ``kind.no-legal-basis``.
    """
    kind = _current(code)
    if version is None or (version == kind.version and not changed_since_release(code)):
        return kind
    return _released(code, version)


@functools.cache
def changed_since_release(code: str) -> bool:
    """Whether the data of a kind are others than those that were released under the same version.

    Raises:
        KindError: as :func:`load_kind`.
    """
    data = released_file(code, _current(code).version, KIND)
    return data is not None and json.loads(data) != frozen_data(code)


on_change(changed_since_release.cache_clear)


@functools.cache
def _current(code: str) -> Kind:
    data = resource(code, "kind.json")
    if not ships(code):
        return read_kind(code, data)
    return _assembled(code, json.loads(data), _common())


on_change(_current.cache_clear)


@functools.lru_cache(maxsize=256)
def _released(code: str, version: str) -> Kind:
    """A kind by the data of a version that was released, which name no head any more."""
    data = released_file(code, version, KIND)
    if data is None:
        raise KindError(
            KindErrorCode.VERSION, f"证照种类{code}没有发布过版本 {safe(version)}",
            f"version {safe(version)} of the kind {code} was never released here", kind=code, version=safe(version))
    try:
        kind = _assembled(code, json.loads(data), _common())        # checked when it was released
        if (kind.code, kind.version) != (code, version):
            raise ValueError(f"{kind.code} {kind.version}")
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        file = f"{code}/released/{version}/{KIND}"
        raise KindError(KindErrorCode.DATA, f"{file} 不是该版本的数据：{safe(str(error))}",
                        f"{file} does not hold the data of that version: {safe(str(error))}", kind=code,
                        file=file) from error
    return kind


on_change(_released.cache_clear)


def frozen_data(code: str) -> dict[str, Any]:
    """The data of a kind as they are released: whole, with what its head and the common patterns add to them.

    Raises:
        KindError: as :func:`load_kind`.
    """
    _current(code)
    common = _common()
    data = with_head(json.loads(resource(code, "kind.json")), common["heads"])
    return {**data, "patterns": {**common["patterns"], **data.get("patterns", {})}}


def read_kind(code: str, data: bytes) -> Kind:
    """The kind of this code from the bytes of its ``kind.json``, every demand upon its data made.

    Raises:
        KindError: ``kind.data`` (a :class:`KindDataError`: every fault with its line), ``kind.no-legal-basis``.
    """
    try:
        text = read_json(data)
    except JsonError as error:
        fault = KindFault(path=(), word="", zh=error.zh, en=error.en)
        raise KindDataError(code, f"{code}/kind.json", [(error.line, fault)]) from error
    kind = build_kind(text.value, text=text, code=code)
    if kind.code != code:
        raise data_error(code, [KindFault(
            path=("code",), word="code", zh=f"code 应与目录同名，为“{code}”，现为“{kind.code}”",
            en=f"code must be “{code}”, the folder's name, not “{kind.code}”")], text)
    for other in kinds():
        if other != code and type_code_of(other) == kind.type_code:
            raise data_error(code, [KindFault(
                path=("identifier", "type_code"), word="type_code",
                zh=f"type_code {kind.type_code} 已为证照种类{other}所用，请换一个：证照的标识以它区分种类",
                en=f"the type_code {kind.type_code} is that of kind {other}; take another one, "
                   "for identifiers tell kinds apart by it")], text)
    return kind


def build_kind(data: Any, common: Mapping[str, Any] | None = None, *, text: JsonText | None = None,
               code: str = "") -> Kind:
    """Build a kind from the content of its ``kind.json``, once everything in it is checked.

    Args:
        data: the kind's own data.
        common: what holds for all kinds (phone numbers, names of units); the built-in by default.
        text: the text that the data were read from, for the lines of faults.
        code: of the kind, for errors; what the data say by default.

    Raises:
        KindError: ``kind.data`` (says where), ``kind.no-legal-basis`` (R-004-25).
    """
    common = _common() if common is None else common
    if not code:
        code = str(data.get("code", "?")) if isinstance(data, dict) else "?"
    if isinstance(data, dict) and not data.get("legal_basis"):
        raise KindError(
            KindErrorCode.LEGAL_BASIS, f"证照种类{safe(code)}没有法律依据（legal_basis），不能启用",
            f"kind {safe(code)} has no legal basis and cannot be used", kind=code,
            **({} if text is None else {"file": f"{code}/kind.json", "line": str(text.line(("legal_basis",)))}),
        )
    faults = data_faults(data, common["heads"])
    if faults:
        raise data_error(code, faults, text)
    return _assembled(code, data, common, text)


def _assembled(code: str, data: Mapping[str, Any], common: Mapping[str, Any], text: JsonText | None = None) -> Kind:
    """The kind of data that are written as they should be."""
    kind = _build(with_head(data, common["heads"]), common)
    faults = reference_faults(kind)
    if faults:
        raise data_error(code, faults, text)
    return kind


@functools.cache
def type_code_of(code: str) -> str | None:
    """The type code that a kind's data name; None where they are no use."""
    try:
        found = json.loads(resource(code, "kind.json"))["identifier"]["type_code"]
    except (KindError, KeyError, TypeError, ValueError, RecursionError):
        return None
    return found if isinstance(found, str) else None


on_change(type_code_of.cache_clear)


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
        type_code_provisional=data["identifier"]["provisional"],
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
    when = entry.get("when", [])
    several = [when] if when and not isinstance(when[0], list) else when
    return Rule(
        check=Check(entry["check"]), field=entry["field"], source=entry["source"],
        other=tuple(entry.get("other", ())), value=entry.get("value", ""),
        values=tuple(entry.get("values", ())), when=tuple(_condition(one) for one in several),
        years=entry.get("years", 0), minimum=entry.get("minimum"), maximum=entry.get("maximum"),
        delay=Delay(**entry["delay"]) if "delay" in entry else None,
        warning=entry.get("severity") == "warning", zh=entry.get("zh", ""), en=entry.get("en", ""),
    )


def _condition(entry: str | list[str]) -> Condition:
    """``"label"`` or ``["label", value, …]``."""
    return (entry,) if isinstance(entry, str) else tuple(entry)


def _scope(entry: Mapping[str, Any]) -> ScopeRule:
    return ScopeRule(
        field=entry["field"], items=entry["items"], modes=entry["modes"],
        max_groups=entry["max_groups"], max_items=entry["max_items"],
        max_item_length=entry["max_item_length"],
        lists={mode: tuple(items) for mode, items in entry.get("lists", {}).items()},
    )


def _face(entry: Mapping[str, Any]) -> Face:
    seals = entry.get("seals", {})
    return Face(
        role=entry["role"],
        summary=entry.get("summary", False), repeats=entry.get("repeats", False),
        lines=tuple(_line(line) for line in entry["lines"]),
        seals=SealRule(
            count=seals.get("count", 1), last_page_only=seals.get("last_page_only", False),
            straddle=seals.get("straddle", False),
            size_mm=float(seals["size_mm"]) if "size_mm" in seals else None),
        qr=entry.get("qr", True),
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

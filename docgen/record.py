"""From the bytes of a record to a checked licence: strict reading, then every check in one go.

The record belongs to the issuing system: nothing in it is repaired or filled in (R-003-02). What is wrong is
listed, all of it at once, each fault with its field, a stable code and a sentence in Chinese and in English.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NoReturn

from certs.sm3 import sm3
from codes.errors import Fault
from codes.identifier import Identifier, IdentifierError
from codes.identity import holds_identity_number
from codes.others_words import json_words
from docgen.characters import undrawable_fault
from docgen.fault_codes import RecordCode
from docgen.faults import RecordError, fault
from docgen.field_checks import Context, check_field, type_fault
from docgen.licence import Licence
from docgen.rich_checks import check_photo, check_table
from docgen.rule_checks import check_rules
from docgen.scope_checks import check_scope
from docgen.shown import shown
from layouts import (
    Format,
    Groups,
    Kind,
    KindError,
    Table,
    Value,
    cell_tag,
    configure,
    kinds,
    load_kind,
    printed,
    scope_text,
)

__all__ = ["MAX_BYTES", "RecordCode", "RecordError", "read_record", "validate"]

MAX_BYTES = 2 * 1024 * 1024
"""Longest record that is read. A 许可范围 with every listed chemical has some 150 000 bytes."""

MAX_DEPTH = 4
KIND_KEY = "kind"
VERSION_KEY = "版本号"
DEFAULT_VERSION = "001"
_MOST_UNKNOWN, _LONGEST_KEY = 100, 100
_VERSION = re.compile(r"[0-9]{3}")


def read_record(data: bytes) -> dict[str, Any]:
    """Read one record from JSON; strict.

    UTF-8 only (a byte order mark at the very start is passed over), no key twice in one object, no NaN or
    Infinity, at most :data:`MAX_BYTES` bytes and four levels.

    Raises:
        RecordError: one fault, ``json.…``.
    """
    if len(data) > MAX_BYTES:
        _refuse(RecordCode.JSON_SIZE, size=len(data), limit=MAX_BYTES)
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse(RecordCode.JSON_ENCODING, place=error.start)
    try:
        record = json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        zh, en = json_words(error)
        _refuse(RecordCode.JSON_SYNTAX, line=error.lineno, column=error.colno, why_zh=zh, why=en)
    except RecursionError:
        _refuse(RecordCode.JSON_DEPTH, limit=MAX_DEPTH)
    except ValueError:          # a number with thousands of digits
        _refuse(RecordCode.JSON_NUMBER, why="…")
    if not isinstance(record, dict):
        _refuse(RecordCode.JSON_OBJECT)
    if _depth(record, MAX_DEPTH + 1) > MAX_DEPTH:
        _refuse(RecordCode.JSON_DEPTH, limit=MAX_DEPTH)
    return record


def validate(
    record: Mapping[str, Any],
    kind: Kind | None = None,
    *,
    lookup_hosts: tuple[str, ...],
    drawable: Callable[[str], set[str]],
    demo: bool = False,
    settings: Callable[[str], Mapping[str, Any] | None] | None = None,
) -> Licence:
    """Check a record against its kind and make it a licence.

    Args:
        record: as :func:`read_record` gives it: the seed's field labels, and ``kind``, ``版本号`` (default
            ``001``) and the kind's key for groups of the 许可范围 (``许可范围项``).
        kind: the kind the record must be of; None takes the one that the record names.
        lookup_hosts: hosts (``host`` or ``host:port``) on which the QR code's address may lie.
        drawable: gives the characters of a text that **no** font here can draw.
        demo: an address elsewhere is a warning instead of a fault (decision 6).
        settings: gives what the deployment sets for the kind of a code, see :func:`layouts.configure`.

    Raises:
        KindError: the deployment's settings make no sense.
        RecordError: ``faults`` lists everything that is wrong (R-000-01, R-000-14, R-003-01).
    """
    kind = _choose_kind(record, kind)
    if settings is not None and (set_here := settings(kind.code)) is not None:
        kind = configure(kind, set_here)
    context = Context(kind=kind, lookup_hosts=lookup_hosts, demo=demo)
    faults = _unknown_keys(record, kind)
    warnings: list[Fault] = []
    values: dict[str, Value] = {}
    photos: dict[str, bytes] = {}
    for field in kind.fields:
        raw = record.get(field.label)
        more: list[Fault] = []
        if field.format is Format.SCOPE:
            # the scope may come as groups instead; whether it is missing is judged with them
            values[field.label], found, more = _scope_value(raw, context, field.label)
        elif field.format is Format.TABLE:
            values[field.label], found, more = check_table(context, field, raw)
        elif field.format is Format.PHOTO:
            values[field.label], data, found = check_photo(field, raw)
            photos |= {field.label: data} if data else {}
        else:
            values[field.label], found, more = check_field(context, field, raw)
        faults += found
        warnings += more
    wrong = frozenset(re.split(r"[.\[]", entry.field)[0] for entry in faults)
    groups = _check_scope_of(record, kind, values, wrong, faults, warnings)
    if kind.scope is not None and groups is not None:
        values[kind.scope.field] = scope_text(groups)
    more_faults, more_warnings = check_rules(kind, values, wrong)
    faults += more_faults
    warnings += more_warnings
    faults += _undrawable(kind, values, drawable)
    version = _check_version(record, faults)
    identifier = _identifier(kind, values, version, wrong, faults)
    if faults or identifier is None:
        raise RecordError(tuple(faults))
    frozen = MappingProxyType(values)
    return Licence(
        kind=kind, values=frozen, scope=groups or (), identifier=identifier, warnings=tuple(warnings),
        digest=_digest(kind, frozen, groups or (), version), photos=MappingProxyType(photos),
    )


def _refuse(code: RecordCode, field: str = "", **facts: object) -> NoReturn:
    raise RecordError((fault(code, field, **facts),))


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            _refuse(RecordCode.JSON_DUPLICATE, shown(key), key=shown(key))
        found[key] = value
    return found


def _no_constant(name: str) -> NoReturn:
    _refuse(RecordCode.JSON_NUMBER, why=name)


def _depth(value: object, limit: int) -> int:
    """How deep containers are nested, at most ``limit``."""
    children: list[object] = []
    if isinstance(value, dict):
        children = list(value.values())
    elif isinstance(value, list):
        children = value
    else:
        return 0
    if limit <= 1:
        return 1
    return 1 + max((_depth(child, limit - 1) for child in children), default=0)


def _choose_kind(record: Mapping[str, Any], kind: Kind | None) -> Kind:
    """The kind that the record names; without a name the one whose document has the record's title."""
    code = record.get(KIND_KEY)
    known = "、".join(kinds())
    if code is None and kind is None:
        for candidate in _usable_kinds():
            title = record.get(candidate.roles["title"])
            if title is not None and title == candidate.field(candidate.roles["title"]).constant:
                return candidate
        _refuse(RecordCode.KIND_MISSING, KIND_KEY, known=known)
    if code is not None and not isinstance(code, str):
        raise RecordError((type_fault(KIND_KEY, code, "文本", "text"),))
    if kind is not None:
        if code is not None and code != kind.code:
            _refuse(RecordCode.KIND_OTHER, KIND_KEY, value=shown(code), wanted=kind.code)
        return kind
    if code not in kinds():
        _refuse(RecordCode.KIND_UNKNOWN, KIND_KEY, value=shown(code or ""), known=known)
    return load_kind(code)


def _usable_kinds() -> Iterator[Kind]:
    """All kinds but those whose data are wrong; whoever names such a one is told."""
    for code in kinds():
        with contextlib.suppress(KindError):
            yield load_kind(code)


def _unknown_keys(record: Mapping[str, Any], kind: Kind) -> list[Fault]:
    known = [*kind.labels, KIND_KEY, VERSION_KEY, *([kind.scope.items] if kind.scope else [])]
    faults = []
    unknown = [key for key in record if key not in known]
    for place, key in enumerate(unknown[:_MOST_UNKNOWN]):
        name = shown(str(key))
        meant = _meant(str(key)[:_LONGEST_KEY], known, record, kind) if place < 20 else None
        hint_zh = f"，是否指“{meant}”" if meant else "，请删除"
        hint_en = f"; is “{meant}” meant?" if meant else "; delete it"
        faults.append(fault(RecordCode.UNKNOWN_KEY, name, key=name, hint_zh=hint_zh, hint_en=hint_en))
    return faults


def _meant(key: str, known: list[str], record: Mapping[str, Any], kind: Kind) -> str | None:
    """The field that a key may mean: of those alike first one that is required and missing, then one that is missing,
    then the one most alike; None where none is alike."""
    close = difflib.get_close_matches(key, known, n=4, cutoff=0.5)
    missing = [label for label in close if not record.get(label)]
    required = [label for label in missing if label in kind.labels and kind.field(label).required]
    return next(iter((*required, *missing, *close)), None)


def _scope_value(raw: object, context: Context, label: str) -> tuple[Value, list[Fault], list[Fault]]:
    """The text form of the 许可范围; that it is missing is no fault here."""
    value, faults, warnings = check_field(context, context.kind.field(label), raw)
    return value, [entry for entry in faults if entry.code != RecordCode.MISSING], warnings


def _check_scope_of(
    record: Mapping[str, Any], kind: Kind, values: Mapping[str, Value], wrong: frozenset[str],
    faults: list[Fault], warnings: list[Fault],
) -> Groups | None:
    """The groups of the 许可范围; None where the kind has none, or they are wrong."""
    rule = kind.scope
    if rule is None:
        return None
    text, chosen = values[rule.field], values[rule.modes]
    field = kind.field(rule.field)
    given = text if isinstance(text, str) else None
    damaged = rule.field in wrong
    groups, found, more = check_scope(
        rule, text=None if damaged else given, groups=record.get(rule.items),
        chosen=chosen if isinstance(chosen, tuple) and rule.modes not in wrong else None,
        required=field.required and not damaged, max_length=field.max_length,
    )
    faults += found
    warnings += more
    return groups


def _undrawable(kind: Kind, values: Mapping[str, Value], drawable: Callable[[str], set[str]]) -> list[Fault]:
    """Characters of printed fields that no font can draw: never a blank box on a licence."""
    drawn = kind.drawn
    texts: dict[str, str] = {}
    for field in kind.fields:
        value = values[field.label]
        if field.label not in drawn or value is None or field.format is Format.PHOTO:
            continue
        if isinstance(value, Table):
            texts |= {
                cell_tag(field.label, number, column.label): cell or ""
                for number, row in enumerate(value.rows, 1)
                for column, cell in zip(field.columns, row, strict=False)
            }
        else:
            form = "paragraphs" if field.format is Format.PARAGRAPHS else "join-slash"
            texts[field.label] = printed(value, form)
    if not drawable("".join(texts.values())):
        return []
    faults = []
    for label, text in texts.items():
        missing = drawable(text)
        if missing:
            faults.append(undrawable_fault(label, missing))
    return faults


def _check_version(record: Mapping[str, Any], faults: list[Fault]) -> str:
    version = record.get(VERSION_KEY)
    if version is None:
        return DEFAULT_VERSION
    if isinstance(version, str) and _VERSION.fullmatch(version) and version != "000":
        return version
    faults.append(fault(RecordCode.VERSION, VERSION_KEY))
    return DEFAULT_VERSION


def _identifier(
    kind: Kind, values: Mapping[str, Value], version: str, wrong: frozenset[str], faults: list[Fault],
) -> Identifier | None:
    """The identifier (decision 18); None where its parts are wrong."""
    issuer, serial = values[kind.roles["issuer_code"]], values[kind.serial.field]
    if not isinstance(serial, str) or kind.serial.field in wrong:
        return None
    if kind.serial.parts:
        serial = kind.number.serial(serial, kind.serial.parts)
    if holds_identity_number(serial):
        faults.append(fault(RecordCode.IDENTITY_NUMBER, kind.serial.field))
        return None
    if not isinstance(issuer, str) or kind.roles["issuer_code"] in wrong:
        return None
    try:
        return Identifier(type_code=kind.type_code, issuer=issuer, serial=serial, version=version)
    except IdentifierError:
        faults.append(fault(RecordCode.SERIAL, kind.serial.field))
        return None


def _digest(kind: Kind, values: Mapping[str, Value], groups: Groups, version: str) -> bytes:
    """SM3 of the canonical JSON: equal for records that say the same, however they were written."""
    content = {
        "kind": kind.code, "version": version, "scope": groups,
        "fields": {
            label: value.rows if isinstance(value, Table) else value
            for label, value in values.items() if value is not None
        },
    }
    return sm3(json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode())

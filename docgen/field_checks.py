"""Checks of one field at a time: type, characters, length, format."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from codes import uscc
from codes.errors import Fault
from codes.identifier import Identifier, IdentifierError
from codes.identity import is_identity_number
from docgen.characters import check_text
from docgen.fault_codes import RecordCode
from docgen.faults import fault
from docgen.shown import shown
from layouts import Field, Format, Kind, Value, earlier_parts

__all__ = ["Context", "check_field", "type_fault"]

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_JSON_TYPES: tuple[tuple[type, str, str], ...] = (
    (bool, "真假值", "true or false"), (int, "数字", "a number"), (float, "数字", "a number"),
    (str, "文本", "text"), (list, "数组", "a list"), (dict, "对象", "an object"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a check needs beside the value.

    ``demo``: an address on another host or without https is a warning, not a fault (decision 6).
    """

    kind: Kind
    lookup_hosts: tuple[str, ...]
    demo: bool


def type_fault(label: str, value: object, wanted_zh: str, wanted_en: str) -> Fault:
    """The fault for a value of the wrong JSON type."""
    found = next((names for kind, *names in _JSON_TYPES if isinstance(value, kind)), ["null", "null"])
    return fault(
        RecordCode.TYPE, label, wanted_zh=wanted_zh, wanted_en=wanted_en,
        found_zh=found[0], found_en=found[1],
    )


def check_field(
    context: Context, field: Field, raw: object,
) -> tuple[Value, list[Fault], list[Fault]]:
    """Check one field by itself; photos and tables are checked in :mod:`docgen.rich_checks`.

    Args:
        context: kind, lookup hosts, demo.
        field: what the kind says of the field.
        raw: the value in the record; None and an empty text are the same.

    Returns:
        The value (None where it is empty or of no use), the faults, the warnings.
    """
    if field.format is Format.CHOICES:
        return _check_choices(field, raw)
    if raw is not None and not isinstance(raw, str):
        hint = "文本，请加引号" if isinstance(raw, int | float) else "文本"
        return None, [type_fault(field.label, raw, hint, "text in quotes")], []
    text, faults = _text(field, raw or "")
    if not text.strip():
        if field.required:
            faults.append(fault(RecordCode.MISSING, field.label))
        return None, faults, []
    if len(text) > field.max_length:
        faults.append(fault(RecordCode.TEXT_LENGTH, field.label, length=len(text), limit=field.max_length))
        return None, faults, []
    if field.constant is not None and text != field.constant:
        faults.append(fault(
            RecordCode.VALUE_CONSTANT, field.label, wanted=field.constant, value=shown(text),
        ))
    warnings: list[Fault] = []
    check = _CHECKS.get(field.format)
    if check is not None:
        for entry, severe in check(context, field, text):
            (faults if severe else warnings).append(entry)
    return text, faults, warnings


def _text(field: Field, raw: str) -> tuple[str, list[Fault]]:
    """The characters of a text; of paragraphs each by itself, under the path ``理由[2]``."""
    if field.format is not Format.PARAGRAPHS or "\n" not in raw:
        return check_text(field.label, raw)
    paragraphs: list[str] = []
    faults: list[Fault] = []
    for number, paragraph in enumerate(raw.split("\n"), 1):
        path = f"{field.label}[{number}]"
        text, found = check_text(path, paragraph)
        paragraphs.append(text)
        faults += found
        if not text.strip():
            faults.append(fault(RecordCode.PARAGRAPH_EMPTY, path))
    return "\n".join(paragraphs), faults


Finding = tuple[Fault, bool]        # a fault, and whether it is one (a warning otherwise)


def _check_choices(field: Field, raw: object) -> tuple[Value, list[Fault], list[Fault]]:
    if raw is None or raw == "" or raw == []:
        return None, [fault(RecordCode.MISSING, field.label)] if field.required else [], []
    if not isinstance(raw, list):
        return None, [type_fault(field.label, raw, "文本的数组", "a list of texts")], []
    faults: list[Fault] = []
    chosen: list[str] = []
    for place, entry in enumerate(raw, 1):
        path = f"{field.label}[{place}]"
        if not isinstance(entry, str):
            faults.append(type_fault(path, entry, "文本", "text"))
            continue
        text, found = check_text(path, entry)
        faults += found
        if text not in field.values:
            faults.append(fault(
                RecordCode.VALUE_UNLISTED, path, value=shown(text), wanted="、".join(field.values),
            ))
        elif text in chosen:
            faults.append(fault(RecordCode.VALUE_TWICE, path, value=shown(text)))
        else:
            chosen.append(text)
    return tuple(chosen) or None, faults, []


def _check_uscc(_: Context, field: Field, text: str) -> list[Finding]:
    if len(text) != uscc.LENGTH:
        return [(fault(RecordCode.USCC_LENGTH, field.label, length=len(text)), True)]
    for place, character in enumerate(text, 1):
        if character not in uscc.ALPHABET:
            return [(fault(RecordCode.USCC_ALPHABET, field.label, place=place, value=character), True)]
    if not uscc.is_uscc(text):
        return [(fault(RecordCode.USCC_CHECK, field.label), True)]
    return []


def _check_number(context: Context, field: Field, text: str) -> list[Finding]:
    return [
        (Fault(field=field.label, code=entry.code.value, zh=entry.zh, en=entry.en), True)
        for entry in context.kind.number.check(text)
    ]


def _check_date(_: Context, field: Field, text: str) -> list[Finding]:
    if not _DATE.fullmatch(text):
        return [(fault(RecordCode.DATE_FORMAT, field.label), True)]
    try:
        if dt.date.fromisoformat(text).year < 1000:
            raise ValueError(text)
    except ValueError:
        return [(fault(RecordCode.DATE_IMPOSSIBLE, field.label, value=text), True)]
    return []


def _check_enum(_: Context, field: Field, text: str) -> list[Finding]:
    if text in field.values:
        return []
    return [(fault(
        RecordCode.VALUE_UNLISTED, field.label, value=shown(text), wanted="、".join(field.values),
    ), True)]


def _check_pattern(context: Context, field: Field, text: str) -> list[Finding]:
    pattern = context.kind.patterns[field.pattern or ""]
    if re.fullmatch(pattern.regex, text):
        return []
    return [(fault(RecordCode.VALUE_PATTERN, field.label, wanted_zh=pattern.zh, wanted_en=pattern.en), True)]


def _check_unit(context: Context, field: Field, text: str) -> list[Finding]:
    names = context.kind.unit_names
    for short, full in names.abbreviations.items():
        if short in text:
            return [(fault(RecordCode.UNIT_ABBREVIATED, field.label, value=short, wanted=full), True)]
    ending = next((ending for ending in names.endings if text.endswith(ending)), None)
    if ending is None or len(text) < len(ending) + 4 or re.fullmatch(names.bare, text):
        return [(fault(RecordCode.UNIT_INCOMPLETE, field.label, value=shown(text)), True)]
    return []


def _check_identity(_: Context, field: Field, text: str) -> list[Finding]:
    return [] if is_identity_number(text) else [(fault(RecordCode.IDENTITY_FORM, field.label), True)]


def _check_earlier(_: Context, field: Field, text: str) -> list[Finding]:
    try:
        Identifier.parse(earlier_parts(text)[0])
    except (ValueError, IdentifierError):
        return [(fault(RecordCode.EARLIER_FORM, field.label), True)]
    return []


_LET_PASS = {"tail_zh": "（演示中放行，正式签发时会被拒绝）",
             "tail_en": " (let pass in the demonstration, refused when issuing in earnest)"}


def _check_address(context: Context, field: Field, text: str) -> list[Finding]:
    """The allocated address: https, on a lookup host, nothing that could lead elsewhere (decision 6)."""

    def form(why_zh: str, why_en: str) -> list[Finding]:
        return [(fault(RecordCode.ADDRESS_FORM, field.label, why_zh=why_zh, why_en=why_en), True)]

    if not all("!" <= character <= "~" for character in text):
        return form("只能是不含空格的半角字符", "it must be ASCII without blanks")
    if "#" in text:
        return form("不能含有#，其后将写入签名数据", "it must not hold #, behind which the signed data stand")
    if set(text) & set("\\<>\"^`{|}"):
        return form("含有网址不允许的字符", "it holds characters that no address may hold")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return form("主机名或端口有误", "its host or port is wrong")
    if not host or parts.username is not None or parts.password is not None:
        return form("没有主机名，或含有用户名", "it has no host, or names a user")
    findings: list[Finding] = []
    tail = _LET_PASS if context.demo else {"tail_zh": "", "tail_en": ""}
    if not text.startswith("https://"):
        findings.append((fault(RecordCode.ADDRESS_SCHEME, field.label, **tail), not context.demo))
    where = host if port is None else f"{host}:{port}"
    if where not in context.lookup_hosts or not text.startswith(f"{parts.scheme}://{where}"):
        known = "、".join(context.lookup_hosts) or "—"
        findings.append((
            fault(RecordCode.ADDRESS_HOST, field.label, value=parts.netloc, known=known, **tail), not context.demo,
        ))
    return findings


_CHECKS: dict[Format, Callable[[Context, Field, str], list[Finding]]] = {
    Format.USCC: _check_uscc, Format.NUMBER: _check_number, Format.DATE: _check_date,
    Format.ENUM: _check_enum, Format.PATTERN: _check_pattern,
    Format.UNIT: _check_unit, Format.ADDRESS: _check_address, Format.IDENTITY: _check_identity,
    Format.DIGEST_OF: _check_earlier,
}

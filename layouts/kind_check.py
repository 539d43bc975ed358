"""Whether ``kind.json`` is written as ``kind.schema.json`` says, and what no schema can say of it by itself.

The data of a kind come from whoever designs it. They are checked whole before anything is built from them, and every
fault is told: in both languages, with the place, the wrong word and the right ones.
"""

from __future__ import annotations

import functools
import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from layouts.json_lines import Path
from layouts.kind_faults import KindFault, hint, listed, place, shown
from layouts.regexes import LONGEST_TEXT, regex_fault

if TYPE_CHECKING:
    from jsonschema import ValidationError

__all__ = ["data_faults", "kind_schema"]

_REFUSED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_TYPES = {
    "object": ("对象 {…}", "an object {…}"), "array": ("数组 […]", "a list […]"),
    "string": ("文本，加引号", "text in quotes"), "number": ("数，不加引号", "a number without quotes"),
    "integer": ("整数，不加引号", "a whole number without quotes"),
    "boolean": ("true 或 false，不加引号", "true or false without quotes"),
}


@functools.cache
def kind_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of ``kind.json``."""
    from importlib.resources import files  # only for kinds that do not ship with the engine

    schema: dict[str, Any] = json.loads(files("layouts").joinpath("kind.schema.json").read_bytes())
    return schema


def data_faults(data: Any, heads: Mapping[str, Any]) -> list[KindFault]:
    """Everything that is wrong with the data of a kind by themselves.

    Args:
        data: what ``kind.json`` holds.
        heads: the heads of ``common.json`` by their names.
    """
    faults = list(_characters(data, ()))
    return faults or _by_schema(data) or list(_beyond_schema(data, heads))


def _characters(data: Any, path: Path) -> Iterator[KindFault]:
    """Texts and keys with characters that nobody sees, or that turn a line round."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _characters(key, (*path, key))
            yield from _characters(value, (*path, key))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from _characters(value, (*path, number))
    elif isinstance(data, str):
        odd = sorted({char for char in data if unicodedata.category(char) in _REFUSED})
        if odd:
            points = "、".join(f"U+{ord(char):04X}" for char in odd[:5])
            yield KindFault(path=path, word="", zh=f"文本含有控制、不可见或未定义的字符 {points}，请删除",
                            en=f"the text holds control, invisible or undefined characters {points}; delete them")


def _by_schema(data: Any) -> list[KindFault]:
    from jsonschema import Draft202012Validator  # only for kinds that do not ship with the engine

    faults: dict[tuple[object, ...], KindFault] = {}
    errors = Draft202012Validator(kind_schema()).iter_errors(data)
    for error in sorted(errors, key=lambda one: one.validator == "required"):   # a wrong key before the missing one
        for fault in _told(error, data):
            faults.setdefault((fault.path, fault.word), fault)
    return list(faults.values())


def _told(error: ValidationError, data: Any) -> Iterator[KindFault]:
    """An error of the schema as sentences: one, but for several keys that are unknown or missing."""
    path: Path = tuple(error.absolute_path)
    found: Any = error.instance
    wanted: Any = error.validator_value
    schema: Any = error.schema
    name = place(data, path) or "kind.json"
    if error.validator == "additionalProperties":
        known = schema["properties"]
        for key in [key for key in found if key not in known]:
            zh, en = hint(key, known)
            yield KindFault(path=(*path, key), word=key,
                            zh=f"{name} 中不认识键{shown(key)}{zh or '，'}可用：{listed(known)}",
                            en=f"{name} has no key {shown(key)}{en or ';'} known are {listed(known)}")
    elif error.validator in ("required", "dependentRequired"):
        needed = wanted if error.validator == "required" else [
            key for given, keys in wanted.items() if given in found for key in keys]
        for key in [key for key in needed if key not in found]:
            yield KindFault(path=path, word=key, zh=f"{name} 缺少键“{key}”{_about(error, key, 0)}",
                            en=f"{name} lacks the key “{key}”{_about(error, key, 1)}")
    else:
        zh, en = _wanted(error)
        known = wanted if error.validator == "enum" else [wanted] if error.validator == "const" else []
        meant_zh, meant_en = hint(found, filter(_is_text, known)) if isinstance(found, str) else ("", "")
        yield KindFault(path=path, word=str(path[-1]) if path and _is_text(path[-1]) else "",
                        zh=f"{name} {zh}，现为 {shown(found)}{meant_zh}",
                        en=f"{name} {en}, not {shown(found)}{meant_en}")


def _about(error: ValidationError, key: str, language: int) -> str:
    """What a missing key says, in brackets."""
    schema: Any = error.schema
    text = _description(schema.get("properties", {}).get(key, {}))[language]
    return (f"（{text}）" if language == 0 else f" ({text})") if text else ""


def _description(schema: Mapping[str, Any]) -> tuple[str, str]:
    zh, _, en = schema.get("description", "").partition(" / ")
    return zh, en


def _wanted(error: ValidationError) -> tuple[str, str]:
    """What a value should be."""
    wanted: Any = error.validator_value
    match error.validator:
        case "type":
            return f"应为 {_TYPES[wanted][0]}", f"must be {_TYPES[wanted][1]}"
        case "enum" | "const":
            known = wanted if error.validator == "enum" else [wanted]
            words, several = listed(one if _is_text(one) else json.dumps(one) for one in known), len(known) > 1
            return f"应为 {words}{' 之一' * several}", f"must be {'one of ' * several}{words}"
        case "minimum" | "exclusiveMinimum":
            return f"不能小于 {wanted}", f"must be at least {wanted}"
        case "maximum":
            return f"不能大于 {wanted}", f"must be at most {wanted}"
        case "minItems" | "minProperties":
            return f"至少应有 {wanted} 项", f"must have {wanted} or more entries"
        case "maxItems" | "maxProperties":
            return f"最多 {wanted} 项", f"must have no more than {wanted} entries"
        case "uniqueItems":
            return "各项不得相同", "must not have the same entry twice"
        case "minLength":
            return "不能为空", "must not be empty"
        case "maxLength":
            return f"最多 {wanted} 个字符", f"must have no more than {wanted} characters"
    zh, en = _description(cast("Mapping[str, Any]", error.schema))
    return f"写法不对（{zh}）", f"must be written as said ({en})"


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _beyond_schema(data: Mapping[str, Any], heads: Mapping[str, Any]) -> Iterator[KindFault]:
    for key, name in (("fields", "label"), ("metadata", "name"), ("faces", "role")):
        yield from _twice(data, (key,), data.get(key, ()), name)
    yield from _twice(data, ("number", "parts"), data["number"]["parts"], "name")
    yield from _number(data["number"]["parts"])
    head = {field["label"] for field in heads[data["head"]]["fields"]} if "head" in data else set()
    for number, field in enumerate(data["fields"]):
        path: Path = ("fields", number)
        yield from _field(data, path, field, head)
        yield from _twice(data, (*path, "columns"), field.get("columns", ()), "label")
        for at, column in enumerate(field.get("columns", ())):
            yield from _own_pattern(data, (*path, "columns", at), column)
    for name, pattern in data.get("patterns", {}).items():
        if (fault := regex_fault(pattern["regex"])) is not None:
            yield KindFault(path=("patterns", name, "regex"), word=name, zh=f"patterns › {name} 的 regex {fault[0]}",
                            en=f"patterns › {name}, regex: {fault[1]}")


def _twice(data: Any, path: Path, entries: Iterable[Mapping[str, Any]], key: str) -> Iterator[KindFault]:
    first: dict[str, int] = {}
    for number, entry in enumerate(entries):
        name = entry[key]
        if name in first:
            inside, before, here = place(data, path), first[name] + 1, number + 1
            yield KindFault(path=(*path, number, key), word=name,
                            zh=f"{inside} 中 {key} {shown(name)}出现两次（第 {before} 项和第 {here} 项）",
                            en=f"{inside} has the {key} {shown(name)} twice (entries {before} and {here})")
        first.setdefault(name, number)


def _number(parts: list[Mapping[str, Any]]) -> Iterator[KindFault]:
    """What the parts of a number say of one another."""
    for place_, part in enumerate(parts):
        path: Path = ("number", "parts", place_)
        name, rule, length = part["name"], part["rule"], part["length"]
        longest = part.get("longest", length)
        if longest != length and (longest < length or rule not in ("sequence", "text")):
            yield KindFault(path=(*path, "longest"), word=name,
                            zh=f"编号的“{name}”：longest 不能小于 length，且只用于 sequence 和 text",
                            en=f"part “{name}” of the number: longest is no less than length, "
                               "and for sequence and text only")
        wrong = [value for value in part.get("values", ()) if len(value) != length]
        if wrong and rule == "constant":
            yield KindFault(path=(*path, "values"), word=name,
                            zh=f"编号的“{name}”：{shown(wrong[0])}的长度不是 length 所写的 {length}",
                            en=f"part “{name}” of the number: {shown(wrong[0])} has not the length {length}")
        if "values" in part and rule != "constant":
            yield KindFault(path=(*path, "values"), word=name, zh=f"编号的“{name}”：values 只用于 constant",
                            en=f"part “{name}” of the number: values are for a constant only")
        if part.get("minimum", 0) > part.get("maximum", part.get("minimum", 0)):
            yield KindFault(path=(*path, "maximum"), word=name, zh=f"编号的“{name}”：minimum 大于 maximum",
                            en=f"part “{name}” of the number: minimum is over maximum")


def _field(data: Any, path: Path, field: Mapping[str, Any], head: set[str]) -> Iterator[KindFault]:
    """Whether a field is whole, or changes one that the head has."""
    label = field["label"]
    if label in head:
        if "omit" in field and len(field) > 2:
            yield KindFault(path=path, word=label, zh=f"字段“{label}”既写 omit 又写别的键，请只留一种",
                            en=f"field “{label}” has omit and other keys; keep one")
    elif "omit" in field:
        zh, en = hint(label, head)
        yield KindFault(path=path, word=label, zh=f"head 没有字段“{label}”可以省去{zh}",
                        en=f"the head has no field “{label}” to leave out{en}")
    elif "format" not in field:
        zh, en = hint(label, head)
        yield KindFault(path=path, word=label, zh=f"字段“{label}”缺少 format，而 head 没有这个字段{zh}",
                        en=f"field “{label}” has no format, and the head has no such field{en}")
    yield from _own_pattern(data, path, field)


def _own_pattern(data: Any, path: Path, field: Mapping[str, Any]) -> Iterator[KindFault]:
    if field.get("pattern") in data.get("patterns", {}) and field.get("max_length", 0) > LONGEST_TEXT:
        yield KindFault(path=(*path, "max_length"), word=field["label"],
                        zh=f"“{field['label']}”用本种类自己的 pattern，max_length 不能大于 {LONGEST_TEXT}",
                        en=f"“{field['label']}” has a pattern of this kind; max_length must be at most {LONGEST_TEXT}")

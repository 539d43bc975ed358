"""Whether the rules of a kind have the keys that their checks need, and make sense for their fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from layouts.json_lines import Path
from layouts.kind import Check, Field, Format, Kind, Rule
from layouts.kind_faults import KindFault, hint, listed

__all__ = ["rule_faults", "value_faults"]

_LEVELS = ("省级", "市级", "县级")
_Keys = tuple[tuple[str, ...], tuple[str, ...]]
_RULE_KEYS: dict[Check, _Keys] = {
    Check.EQUAL: (("other",), ()), Check.DIFFERS: (("other",), ()), Check.ISSUE_ONLY: (("value",), ()),
    Check.NOT_BEFORE: (("other",), ()), Check.NOT_AFTER: (("other",), ()), Check.EMPTY_WHEN: (("when",), ()),
    Check.REQUIRED_WHEN: (("when",), ()), Check.YEARS: (("other", "years"), ()),
    Check.NUMBER_YEAR: (("other", "value"), ()), Check.NUMBER_REGION: (("other", "value"), ()),
    Check.ALLOWED: (("values",), ()), Check.BARRED: (("values",), ()), Check.AT_LEAST: (("value",), ()),
    Check.ONE_OF: (("other",), ()), Check.COUNT: ((), ("minimum", "maximum")),
    Check.LENGTH: (("maximum",), ("value",)), Check.AGE: (("other",), ("minimum", "maximum", "delay")),
    Check.IDENTITY_BIRTH: (("other",), ()), Check.IDENTITY_SEX: (("other",), ()),
    Check.DERIVED: (("other",), ("value",)), Check.ROW_EQUAL: (("other", "value"), ()),
    Check.ROW_NOT_AFTER: (("other", "value"), ()), Check.LEVEL: (("values",), ()),
}
"""Check → the keys that it needs, those that it may have; ``when`` it may always have."""

_UNSET: dict[str, Any] = {
    "other": (), "value": "", "values": (), "when": (), "years": 0, "minimum": None, "maximum": None, "delay": None,
}


def rule_faults(kind: Kind, rule: Rule, number: int) -> Iterator[KindFault]:
    """What is wrong with a rule; ``number`` is its place, counted from the end of the rules (-1 for the last)."""
    path: Path = ("rules", number)
    name, needed, allowed = f"{rule.check}（{rule.field}）", *_RULE_KEYS[rule.check]
    for key, unset in _UNSET.items():
        given = getattr(rule, key) != unset
        if key in needed and not given:
            yield KindFault(path, rule.field, f"规则 {name} 缺少 {key}", f"the rule {name} lacks {key}")
        if given and key not in (*needed, *allowed, "when"):
            keys = listed([*needed, *allowed])
            yield KindFault((*path, key), rule.field, f"规则 {name} 不用 {key}，只用：{keys}",
                            f"the rule {name} takes no {key}, only {keys}")
    if any(getattr(rule, key) == _UNSET[key] for key in needed):
        return
    for zh, en in _rule_sentences(kind, rule):
        yield KindFault(path, rule.field, f"规则 {name} {zh}", f"the rule {name} {en}")
    known = {one.label: one for one in kind.fields}
    for label, *wanted in rule.when:
        yield from value_faults(known[label], wanted, (*path, "when"))


def value_faults(field: Field, wanted: Iterable[str], path: Path) -> Iterator[KindFault]:
    """Values that a condition or rule names and the field cannot have."""
    for value in wanted:
        if field.values and value not in field.values:
            zh, en = hint(value, field.values)
            yield KindFault(path, field.label,
                            f"“{field.label}”没有值“{value}”{zh or '，'}可选：{listed(field.values)}",
                            f"“{field.label}” has no value “{value}”{en or ';'} it can have {listed(field.values)}")


def _rule_sentences(kind: Kind, rule: Rule) -> Iterator[tuple[str, str]]:
    """What is wrong with a rule that has its keys."""
    field, check = kind.field(rule.field), rule.check
    formats = {label: kind.field(label).format for label in rule.other}
    ordered = check in (Check.NOT_BEFORE, Check.NOT_AFTER, Check.YEARS)
    if ordered and {field.format, *formats.values()} != {Format.DATE}:
        yield "比较的应都是日期", "compares dates only"
    if check in (Check.NUMBER_YEAR, Check.NUMBER_REGION) and field.format is not Format.NUMBER:
        yield "的字段应是编号", "is for the number"
    if check in (Check.ALLOWED, Check.BARRED):
        yield from ((fault.zh, fault.en) for fault in value_faults(field, rule.values, ()))
    if check in (Check.AT_LEAST, Check.ISSUE_ONLY):
        yield from ((fault.zh, fault.en) for fault in value_faults(field, (rule.value,), ()))
    if check is Check.AT_LEAST and not field.values:
        yield "的字段应有 values", "is for a field with values"
    if check is Check.LEVEL and not set(rule.values) <= set(_LEVELS):
        yield f"的 values 只能是{listed(_LEVELS)}", f"has values of {listed(_LEVELS)} only"
    if check in (Check.COUNT, Check.AGE) and rule.minimum is None and rule.maximum is None:
        yield "应有 minimum 或 maximum", "needs minimum or maximum"
    if check is Check.COUNT and field.format not in (Format.TABLE, Format.CHOICES):
        yield "的字段应是 table 或 choices", "is for a table or choices"
    if check is Check.LENGTH:
        measured = field.column(rule.value) if field.columns and rule.value else field
        if bool(field.columns) != bool(rule.value):
            yield "：表格要写 value（列名），别的字段不写", "has value, a column, for a table and for nothing else"
        elif not 0 < (rule.maximum or 0) < measured.max_length:
            yield (f"的 maximum 应小于字段自己的 {measured.max_length}",
                   f"needs a maximum below the field's own {measured.max_length}")
    if check in (Check.IDENTITY_BIRTH, Check.IDENTITY_SEX, Check.AGE) and len(rule.other) != 1:
        yield "的 other 应恰有一项", "has one of other"
    if check in (Check.ROW_EQUAL, Check.ROW_NOT_AFTER):
        if len(rule.other) != 1 or not field.columns:
            yield "的字段应是 table，other 应恰有一项", "is for a table, with one of other"
        elif check is Check.ROW_NOT_AFTER and field.column(rule.value).format is not Format.DATE:
            yield "比较的应都是日期", "compares dates only"
    if rule.delay is not None and rule.maximum is None:
        yield "有 delay 时应有 maximum", "with delay needs a maximum"

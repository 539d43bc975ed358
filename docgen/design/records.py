"""Records that try a kind: short, long, empty, with rare characters, or random; all of them records the kind accepts.

They are made from the kind's fields and one of its samples. What a rule of the kind does not let stand is taken back to
the sample's value, so that every record that leaves here can be issued.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import Any

from docgen.design.record_values import EXTREMES, drawable, random_value
from docgen.faults import RecordError
from docgen.licence import Licence
from docgen.record import validate
from layouts import Check, Field, Format, Kind, Rule, holds

__all__ = ["SIZES", "drawable", "extreme_record", "random_record"]

SIZES = ("short", "long", "empty", "rare")
"""The records that ``check`` makes beside the samples."""

_ROUNDS = 6


def extreme_record(kind: Kind, sample: Mapping[str, Any], size: str) -> tuple[dict[str, Any], Licence]:
    """A record of one of the ``SIZES``.

    Args:
        sample: a record of the kind that is right.

    Raises:
        RecordError: the sample itself is refused.
    """
    return _settled(kind, sample, lambda field: EXTREMES[size](kind, field, sample.get(field.label)))


def random_record(kind: Kind, sample: Mapping[str, Any], random: Random) -> tuple[dict[str, Any], Licence]:
    """A random record: every field short or long, plain or rare, given or not, independently of the others.

    Raises:
        RecordError: the sample itself is refused.
    """
    def value(field: Field) -> Any:
        return random_value(kind, field, sample.get(field.label), random)

    return _settled(kind, sample, value)


def _settled(kind: Kind, sample: Mapping[str, Any], value: Callable[[Field], Any]) -> tuple[dict[str, Any], Licence]:
    """Change the sample field by field, then take back what the kind refuses."""
    record = dict(sample)
    fields = _fields(kind, sample)
    for field in fields.values():
        if _free(kind, field):
            record[field.label] = value(field)
    if kind.scope is not None:
        record.pop(kind.scope.items, None)
        _make_scope(kind, record, value)
    _make_equal(kind, record, fields)
    _make_rows(kind, record)
    for _ in range(_ROUNDS):
        try:
            return record, _licence(kind, record)
        except RecordError as error:
            wrong = {label for fault in error.faults for label in _concerned(kind, fault.field)}
            for label in wrong:
                record.pop(label, None)
                if label in sample:
                    record[label] = sample[label]
    return dict(sample), _licence(kind, sample)


def _licence(kind: Kind, record: Mapping[str, Any]) -> Licence:
    return validate(record, kind, lookup_hosts=(), drawable=drawable, demo=True)


def _concerned(kind: Kind, path: str) -> set[str]:
    """The labels of a fault: its field, and those that a rule ties to it."""
    label = path.split("[")[0].split(".")[0]
    labels = {label}
    if kind.scope is not None and label in (kind.scope.field, kind.scope.items, kind.scope.modes):
        labels |= {kind.scope.field, kind.scope.items, kind.scope.modes}
    for rule in kind.rules:
        tied = {rule.field, *rule.other, *(condition[0] for condition in rule.when)}
        if label in tied:
            labels |= tied
    return labels


def _fields(kind: Kind, sample: Mapping[str, Any]) -> dict[str, Field]:
    """The fields by their labels, as short as the rules that bind the sample make them; equal ones equally short."""
    fields = {field.label: field for field in kind.fields}
    given = {label: tuple(value) if isinstance(value, list) else value for label, value in sample.items()}
    for rule in kind.rules:
        if rule.check in (Check.LENGTH, Check.COUNT) and all(holds(one, given) for one in rule.when):
            fields[rule.field] = _shortened(fields[rule.field], rule)
        elif rule.check is Check.EQUAL:
            tied = (rule.field, *rule.other)
            least = min(fields[label].max_length for label in tied)
            fields |= {label: replace(fields[label], max_length=least) for label in tied}
    return fields


def _shortened(field: Field, rule: Rule) -> Field:
    """The field with the limit of a rule over length or count."""
    if rule.maximum is None:
        return field
    if rule.check is Check.COUNT:
        return replace(field, max_rows=min(field.max_rows, rule.maximum))
    if not field.columns:
        return replace(field, max_length=min(field.max_length, rule.maximum))
    return replace(field, columns=tuple(
        replace(one, max_length=min(one.max_length, rule.maximum)) if one.label == rule.value else one
        for one in field.columns))


def _free(kind: Kind, field: Field) -> bool:
    """Whether a field's value may be anything of its format: it is printed and no code, date or place of the web."""
    if field.constant is not None or field.label not in kind.drawn or field.max_length < 1:
        return False
    if kind.scope is not None and field.label == kind.scope.field:
        return False
    return not field.required or field.format not in _FIXED


_FIXED = frozenset({Format.USCC, Format.NUMBER, Format.DATE, Format.PATTERN, Format.ADDRESS, Format.UNIT})


def _make_equal(kind: Kind, record: dict[str, Any], fields: Mapping[str, Field]) -> None:
    for rule in kind.rules:
        if rule.check is Check.EQUAL:
            labels = [rule.field, *rule.other]
            leading = next((label for label in labels if label in kind.drawn), labels[0])
            text = record.get(leading)
            if isinstance(text, str) and len(text) <= fields[leading].max_length:
                record.update(dict.fromkeys(labels, text))


def _make_rows(kind: Kind, record: dict[str, Any]) -> None:
    """Columns that a rule ties to another field: the same text, or a day of its own no later than that one."""
    for rule in kind.rules:
        rows, other = record.get(rule.field), record.get(rule.other[0]) if rule.other else None
        if not isinstance(rows, list) or not isinstance(other, str):
            continue
        if rule.check is Check.ROW_EQUAL:
            record[rule.field] = [{**row, rule.value: other} for row in rows]
        elif rule.check is Check.ROW_NOT_AFTER:
            last = dt.date.fromisoformat(other)
            record[rule.field] = [{**row, rule.value: (last - dt.timedelta(days=len(rows) - number)).isoformat()}
                                  for number, row in enumerate(rows, 1)]


def _make_scope(kind: Kind, record: dict[str, Any], value: Callable[[Field], Any]) -> None:
    """许可范围: groups for the chosen modes, as many items as the size wants."""
    scope = kind.scope
    if scope is None:
        return
    field = kind.field(scope.field)
    chosen = record.get(scope.modes)
    if not isinstance(chosen, list):
        return
    wanted = value(field)
    if not isinstance(wanted, list):
        return
    record[scope.field] = None
    record[scope.items] = {
        mode: list(dict.fromkeys(wanted))[:max(scope.max_items // len(chosen), 1)] if not scope.lists.get(mode)
        else list(scope.lists[mode])[:len(wanted)]
        for mode in chosen
    }



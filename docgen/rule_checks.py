"""Rules over several fields. What they demand, of which fields and why stands in the kind's data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from codes.errors import Fault
from docgen.fault_codes import RecordCode
from docgen.faults import fault
from docgen.rule_checks_more import MORE_RULES, Values, conditions, text_of
from docgen.shown import shown
from layouts import Check, Kind, Rule, holds

__all__ = ["check_rules"]

def check_rules(kind: Kind, values: Values, wrong: frozenset[str]) -> tuple[list[Fault], list[Fault]]:
    """Check every rule of the kind.

    Args:
        kind: whose rules.
        values: the fields' values; those that are wrong by themselves may be anything.
        wrong: labels of the fields that are wrong by themselves; a rule that needs one is passed over.

    Returns:
        The faults, the warnings.
    """
    faults: list[Fault] = []
    warnings: list[Fault] = []
    for rule in kind.rules:
        needed = {rule.field, *rule.other, *(one[0] for one in rule.when)}
        if needed & wrong or not all(holds(one, values) for one in rule.when):
            continue
        found = _RULES[rule.check](kind, rule, values)
        if found is not None:
            (warnings if rule.warning else faults).append(_with_words(rule, found))
    return faults, warnings


def _with_words(rule: Rule, found: Fault) -> Fault:
    """The fault with what the kind's data add to its sentences."""
    if not rule.zh:
        return found
    return Fault(
        field=found.field, code=found.code, zh=f"{found.zh}：{rule.zh}", en=f"{found.en}: {rule.en}")


def _first(values: Values, labels: tuple[str, ...]) -> tuple[str, str] | None:
    """The first of the fields that has a value, with it."""
    for label in labels:
        text = text_of(values, label)
        if text is not None:
            return label, text
    return None


def _equal(_: Kind, rule: Rule, values: Values) -> Fault | None:
    text = text_of(values, rule.field)
    for other in rule.other:
        than = text_of(values, other)
        if text is not None and than is not None and text != than:
            return fault(RecordCode.DISAGREES, rule.field, other=other)
    return None


def _issue_only(_: Kind, rule: Rule, values: Values) -> Fault | None:
    text = text_of(values, rule.field)
    if text is None or text == rule.value:
        return None
    return fault(RecordCode.NOT_ISSUABLE, rule.field, value=shown(text), wanted=rule.value)


def _order(
    rule: Rule, values: Values, words: tuple[str, str], allowed: Callable[[str, str], bool],
) -> Fault | None:
    text, other = text_of(values, rule.field), _first(values, rule.other)
    if text is None or other is None or allowed(text, other[1]):     # ISO dates compare as texts
        return None
    return fault(
        RecordCode.DATE_ORDER, rule.field, value=text, other=other[0], than=other[1],
        order_zh=words[0], order_en=words[1],
    )


def _not_before(_: Kind, rule: Rule, values: Values) -> Fault | None:
    return _order(rule, values, ("早于", "earlier than"), lambda date, other: date >= other)


def _not_after(_: Kind, rule: Rule, values: Values) -> Fault | None:
    return _order(rule, values, ("晚于", "later than"), lambda date, other: date <= other)


def _empty_when(_: Kind, rule: Rule, values: Values) -> Fault | None:
    if text_of(values, rule.field) is None:
        return None
    when, value = conditions(rule, values)
    return fault(RecordCode.EMPTY_WHEN, rule.field, when=when, value=value)


def _required_when(_: Kind, rule: Rule, values: Values) -> Fault | None:
    if text_of(values, rule.field) is not None:
        return None
    when, value = conditions(rule, values)
    return fault(RecordCode.REQUIRED_WHEN, rule.field, when=when, value=value)


def _years(_: Kind, rule: Rule, values: Values) -> Fault | None:
    """Both conventions are right: the same day of the year, or the day before (R-000-10, decision 7)."""
    end, start = text_of(values, rule.field), _first(values, rule.other)
    if end is None or start is None:
        return None
    begin = dt.date.fromisoformat(start[1])
    if begin.year + rule.years > dt.MAXYEAR:
        return None
    same_day = _anniversary(begin, rule.years)
    if dt.date.fromisoformat(end) in (same_day, same_day - dt.timedelta(days=1)):
        return None
    return fault(
        RecordCode.DATE_YEARS, rule.field, start=start[1], end=end, years=rule.years,
        wanted=(same_day - dt.timedelta(days=1)).isoformat(), source=rule.source,
    )


def _anniversary(day: dt.date, years: int) -> dt.date:
    """The same day ``years`` later; of 29 February the last day of the month."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _number_part(kind: Kind, rule: Rule, values: Values) -> tuple[str, str] | None:
    """A part of the number, and what it is compared with."""
    number, other = text_of(values, rule.field), _first(values, rule.other)
    if number is None or other is None:
        return None
    return kind.number.split(number)[rule.value], other[1]


def _number_year(kind: Kind, rule: Rule, values: Values) -> Fault | None:
    found = _number_part(kind, rule, values)
    if found is None or found[0] <= found[1][:4]:
        return None
    return fault(
        RecordCode.NUMBER_AFTER_ISSUE, rule.field, part=rule.value, value=found[0], than=found[1][:4],
    )


def _number_region(kind: Kind, rule: Rule, values: Values) -> Fault | None:
    found = _number_part(kind, rule, values)
    if found is None or found[0] == found[1][2:8]:
        return None
    return fault(
        RecordCode.NUMBER_OTHER_REGION, rule.field, part=rule.value, value=found[0], other=rule.other[0],
        than=found[1][2:8],
    )


_RULES: dict[Check, Callable[[Kind, Rule, Values], Fault | None]] = {
    Check.EQUAL: _equal, Check.ISSUE_ONLY: _issue_only, Check.NOT_BEFORE: _not_before,
    Check.NOT_AFTER: _not_after, Check.EMPTY_WHEN: _empty_when, Check.REQUIRED_WHEN: _required_when,
    Check.YEARS: _years, Check.NUMBER_YEAR: _number_year, Check.NUMBER_REGION: _number_region,
    **MORE_RULES,
}

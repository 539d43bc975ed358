"""Rules over several fields that say who may get what: values, counts, ages, levels of authorities."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence

from certs.sm3 import sm3
from codes.errors import Fault
from codes.identity import is_identity_number
from docgen.fault_codes import RecordCode
from docgen.faults import fault
from docgen.shown import shown
from layouts import Check, Kind, Rule, Table, Value, cell_tag, printed

__all__ = ["MORE_RULES", "Values", "conditions", "derived_digits", "text_of"]

_MUNICIPALITIES = frozenset({"11", "12", "31", "50"})     # 直辖市, GB/T 2260
Values = Mapping[str, Value]


def text_of(values: Values, label: str) -> str | None:
    """The value of a field as one text; None where nothing is given."""
    value = values.get(label)
    if isinstance(value, Table):
        return printed(value, "table")
    return "/".join(value) if isinstance(value, tuple) else value


def conditions(rule: Rule, values: Values) -> tuple[str, str]:
    """Why a rule binds, for a sentence: the labels of its conditions, and their values."""
    return (
        "、".join(one[0] for one in rule.when),
        "、".join(shown(text_of(values, one[0]) or "") for one in rule.when),
    )


def _given(rule: Rule, values: Values) -> dict[str, str]:
    """The conditions of a rule as the beginning of a clause; empty for a rule that always binds."""
    if not rule.when:
        return {"given_zh": "", "given_en": ""}
    pairs = [(one[0], shown(text_of(values, one[0]) or "")) for one in rule.when]
    return {
        "given_zh": "、".join(f"“{label}”为“{value}”" for label, value in pairs) + "时",
        "given_en": "with " + " and ".join(f"“{label}” “{value}”" for label, value in pairs) + " ",
    }


def _chosen(values: Values, label: str) -> tuple[str, ...]:
    """The values that a field has: one, several, or none."""
    value = values.get(label)
    if isinstance(value, tuple):
        return value
    return (value,) if isinstance(value, str) else ()


def _differs(_: Kind, rule: Rule, values: Values) -> Fault | None:
    text = text_of(values, rule.field)
    for other in rule.other:
        if text is not None and text == text_of(values, other):
            return fault(RecordCode.NOT_DIFFERENT, rule.field, other=other)
    return None


def _allowed(_: Kind, rule: Rule, values: Values) -> Fault | None:
    for value in _chosen(values, rule.field):
        if value not in rule.values:
            return fault(
                RecordCode.NOT_ALLOWED, rule.field, value=shown(value), wanted="、".join(rule.values),
                **_given(rule, values))
    return None


def _barred(_: Kind, rule: Rule, values: Values) -> Fault | None:
    for value in _chosen(values, rule.field):
        if value in rule.values:
            return fault(RecordCode.BARRED, rule.field, value=shown(value), **_given(rule, values))
    return None


def _at_least(kind: Kind, rule: Rule, values: Values) -> Fault | None:
    """The values of the field stand in rising order."""
    text = text_of(values, rule.field)
    order = kind.field(rule.field).values
    if text is None or text not in order or order.index(text) >= order.index(rule.value):
        return None
    return fault(RecordCode.BELOW, rule.field, value=text, wanted=rule.value, **_given(rule, values))


def _one_of(_: Kind, rule: Rule, values: Values) -> Fault | None:
    labels = (rule.field, *rule.other)
    if any(values.get(label) is not None for label in labels):
        return None
    return fault(RecordCode.ONE_OF, rule.field, labels="、".join(f"“{label}”" for label in labels))


def _count(_: Kind, rule: Rule, values: Values) -> Fault | None:
    value = values.get(rule.field)
    count = len(value.rows) if isinstance(value, Table) else len(_chosen(values, rule.field))
    if rule.minimum is not None and count < rule.minimum:
        return fault(
            RecordCode.TOO_FEW, rule.field, count=count, limit=rule.minimum, **_given(rule, values))
    if rule.maximum is not None and count > rule.maximum:
        return fault(
            RecordCode.TOO_MANY, rule.field, count=count, limit=rule.maximum, **_given(rule, values))
    return None


def _length(kind: Kind, rule: Rule, values: Values) -> Fault | None:
    """The first text that is too long: the field's own, or a cell of its column ``value``."""
    text = text_of(values, rule.field)
    cells = _column(kind, rule, values) if kind.field(rule.field).columns else [(rule.field, text or "")]
    return next((fault(RecordCode.TOO_LONG, tag, length=len(cell), limit=rule.maximum, **_given(rule, values))
                 for tag, cell in cells if rule.maximum is not None and len(cell) > rule.maximum), None)


def _born(text: str) -> dt.date:
    """A date of birth: the text itself, or the one inside an identity number."""
    if is_identity_number(text):
        return dt.date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    return dt.date.fromisoformat(text)


def _age(_: Kind, rule: Rule, values: Values) -> Fault | None:
    """Full years (周岁) on the day of the other field."""
    text, other = text_of(values, rule.field), text_of(values, rule.other[0])
    if text is None or other is None:
        return None
    born, day = _born(text), dt.date.fromisoformat(other)
    age = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    young = rule.minimum is not None and age < rule.minimum
    if not young and (rule.maximum is None or _within(rule, born, day, age)):
        return None
    least, most = rule.minimum, rule.maximum
    bounds = {
        "bounds_zh": "、".join([*([f"满{least}周岁"] if least is not None else []),
                               *([f"不超过{most}周岁"] if most is not None else [])]),
        "bounds_en": " and ".join([*([f"at least {least}"] if least is not None else []),
                                   *([f"at most {most}"] if most is not None else [])]),
    }
    return fault(
        RecordCode.AGE, rule.field, other=rule.other[0], age=age, **bounds, **_given(rule, values))


def _within(rule: Rule, born: dt.date, day: dt.date, age: int) -> bool:
    """Whether the maximum is kept: in full years, or where it rises with the month of birth, to the day."""
    most, delay = rule.maximum or 0, rule.delay
    if delay is None:
        return age <= most
    since = 12 * (born.year - int(delay.since[:4])) + born.month - int(delay.since[5:])
    later = min(since // delay.every + 1, delay.most) if since >= 0 else 0
    months = 12 * born.year + born.month - 1 + 12 * most + later
    return (day.year, day.month, day.day) <= (months // 12, months % 12 + 1, born.day)


def _row_equal(kind: Kind, rule: Rule, values: Values) -> Fault | None:
    other = text_of(values, rule.other[0])
    for tag, cell in _column(kind, rule, values):
        if other is not None and cell != other:
            return fault(RecordCode.DISAGREES, tag, other=rule.other[0])
    return None


def _row_not_after(kind: Kind, rule: Rule, values: Values) -> Fault | None:
    other = text_of(values, rule.other[0])
    for tag, cell in _column(kind, rule, values):
        if other is not None and cell > other:           # ISO dates compare as texts
            return fault(RecordCode.DATE_ORDER, tag, value=cell, other=rule.other[0], than=other,
                         order_zh="晚于", order_en="later than")
    return None


def derived_digits(texts: Sequence[str]) -> str:
    """Sixteen digits that follow from texts: one thing has one code, without a register (一企一品一码)."""
    return f"{int.from_bytes(sm3(chr(10).join(texts).encode('utf-8')), 'big') % 10**16:016d}"


def _derived(_: Kind, rule: Rule, values: Values) -> Fault | None:
    text, others = text_of(values, rule.field), [text_of(values, label) for label in rule.other]
    known = [other for other in others if other is not None]
    if text is None or len(known) < len(others):
        return None
    wanted = rule.value + derived_digits(known)
    return None if text == wanted else fault(
        RecordCode.DERIVED, rule.field, wanted=wanted, labels="、".join(f"“{label}”" for label in rule.other))


def _column(kind: Kind, rule: Rule, values: Values) -> Iterator[tuple[str, str]]:
    """Tag and value of each filled cell of the column that a rule names."""
    value, columns = values.get(rule.field), kind.field(rule.field).columns
    at = [column.label for column in columns].index(rule.value)
    for number, row in enumerate(value.rows if isinstance(value, Table) else (), 1):
        cell = row[at]
        if cell is not None:
            yield cell_tag(rule.field, number, rule.value), cell


def _identity_birth(_: Kind, rule: Rule, values: Values) -> Fault | None:
    text, identity = text_of(values, rule.field), text_of(values, rule.other[0])
    if text is None or identity is None or text.replace("-", "") == identity[6:14]:
        return None
    return fault(RecordCode.IDENTITY_BIRTH, rule.field, other=rule.other[0])


def _identity_sex(_: Kind, rule: Rule, values: Values) -> Fault | None:
    """The 17th digit is odd for men (GB 11643)."""
    text, identity = text_of(values, rule.field), text_of(values, rule.other[0])
    if text is None or identity is None or text == ("男" if int(identity[16]) % 2 else "女"):
        return None
    return fault(RecordCode.IDENTITY_SEX, rule.field, other=rule.other[0])


def _level(_: Kind, rule: Rule, values: Values) -> Fault | None:
    """The level of an authority by the region inside its code: 14 00 00 省级, 14 01 00 市级, 14 01 05 县级.

    A 直辖市 (31 00 00) is a province and a city in one, a place straight under its province (41 90 01) a city too.
    """
    code = text_of(values, rule.field)
    if code is None:
        return None
    region = code[2:8]
    level = "省级" if region.endswith("0000") else "市级" if region.endswith("00") else "县级"
    also_city = (level == "省级" and region[:2] in _MUNICIPALITIES) or (level == "县级" and region[2:4] == "90")
    if level in rule.values or (also_city and "市级" in rule.values):
        return None
    return fault(
        RecordCode.LEVEL, rule.field, value=level, wanted="或".join(rule.values), **_given(rule, values))


MORE_RULES: dict[Check, Callable[[Kind, Rule, Values], Fault | None]] = {
    Check.DIFFERS: _differs, Check.ALLOWED: _allowed, Check.BARRED: _barred, Check.AT_LEAST: _at_least,
    Check.ONE_OF: _one_of, Check.COUNT: _count, Check.LENGTH: _length, Check.AGE: _age,
    Check.IDENTITY_BIRTH: _identity_birth, Check.IDENTITY_SEX: _identity_sex, Check.LEVEL: _level,
    Check.ROW_EQUAL: _row_equal, Check.ROW_NOT_AFTER: _row_not_after, Check.DERIVED: _derived,
}

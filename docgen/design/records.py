"""Records that try a kind: short, long, empty, with rare characters, or random; all of them records the kind accepts.

They are made from the kind's fields and one of its samples. What a rule of the kind does not let stand is taken back to
the sample's value, so that every record that leaves here can be issued.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import Any

import fonts
from docgen.faults import RecordError
from docgen.licence import Licence
from docgen.record import validate
from layouts import Check, Field, Format, Kind, Rule, holds

__all__ = ["SIZES", "drawable", "extreme_record", "random_record"]

SIZES = ("short", "long", "empty", "rare")
"""The records that ``check`` makes beside the samples."""

_ROUNDS = 6
_LONG_SCOPE = 3000              # characters of a long 许可范围: more than one page of it
_MOST_ROWS = 60
_CHAIN = "kai"
_WORDS = (
    "测试", "示例", "化工", "贸易", "有限公司", "股份", "集团", "（北京）", "工业园区", "东路", "1号", "三层302室",
    "第二", "分公司", "物流", "科技", "新材料", "精细", "，", "、", "—", "ABC", "（A区）", "GB/T 33190", "No. 7",
    "“试”", "氧化", "乙烯", "二甲苯", "12.5%",
)
_RARE = (
    "𠮷", "㛃", "䶮", "堃", "喆", "犇", "㐂", "㙓", "𪟝", "𫖯", "𬭎", "·", "①", "Ⅲ", "℃", "α", "㎡", "〇", "囍", "甪",
    "镕", "鿍",
)
_ITEMS = (
    "测试氧化物", "1,2-二甲苯", "正丁烷（此品种仅限作为化工原料等非燃料用途的经营）", "乙醇［无水］", "甲醇", "α-蒎烯",
    "过氧化氢溶液（含量＞8%）", "N,N-二甲基甲酰胺", "盐酸", "粘合剂（醋酸甲酯34%，丙酮20%）",
)


def drawable(text: str) -> set[str]:
    """The characters of ``text`` that no font here can draw."""
    return fonts.drawable(text, _CHAIN)


def extreme_record(kind: Kind, sample: Mapping[str, Any], size: str) -> tuple[dict[str, Any], Licence]:
    """A record of one of the ``SIZES``.

    Args:
        sample: a record of the kind that is right.

    Raises:
        RecordError: the sample itself is refused.
    """
    return _settled(kind, sample, lambda field: _EXTREMES[size](kind, field, sample.get(field.label)))


def random_record(kind: Kind, sample: Mapping[str, Any], random: Random) -> tuple[dict[str, Any], Licence]:
    """A random record: every field short or long, plain or rare, given or not, independently of the others.

    Raises:
        RecordError: the sample itself is refused.
    """
    def value(field: Field) -> Any:
        return _random_value(kind, field, sample.get(field.label), random)

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


def _filler(words: tuple[str, ...], length: int, start: int = 0) -> str:
    """Words one behind the other, exactly ``length`` characters; no blank at an edge."""
    text = ""
    while len(text) < length + 1:
        text += words[start % len(words)]
        start += 1
    return _closed(text[:length])


def _closed(text: str) -> str:
    """Neither blanks at the edges nor brackets left open (a 许可范围 would be refused for them)."""
    waiting: list[int] = []
    letters = list(text)
    for index, letter in enumerate(letters):
        if letter in "（［":
            waiting.append(index)
        elif letter in "）］":
            if waiting:
                waiting.pop()
            else:
                letters[index] = "业"
    for index in waiting:
        letters[index] = "业"
    if letters and letters[0] in " ，、—":
        letters[0] = "测"
    if letters and letters[-1] == " ":
        letters[-1] = "试"
    return "".join(letters)


@functools.cache
def _rare_words() -> tuple[str, ...]:
    """The rare characters that the fonts here have, mixed with ordinary words."""
    can = [char for char in _RARE if not drawable(char)]
    return tuple(piece for index, char in enumerate(can) for piece in (char, _WORDS[index % len(_WORDS)]))


def _items(count: int, length: int, start: int = 0) -> list[str]:
    """So many different items of a 许可范围, none longer than ``length``."""
    return [item for number in range(count)
            if len(item := _ITEMS[(start + number) % len(_ITEMS)] + ("" if number < len(_ITEMS) else f"（{number}号）"))
            <= length]


def _short(_: Kind, field: Field, given: Any) -> Any:
    match field.format:
        case Format.TEXT:
            return "测"
        case Format.SCOPE:
            return _items(1, 100)
        case Format.CHOICES:
            return [min(field.values, key=len)]
        case Format.ENUM:
            return min(field.values, key=len)
    return _of_format(field, given, 1, "测") if field.required else given


def _long(kind: Kind, field: Field, given: Any) -> Any:
    length = field.max_length
    match field.format:
        case Format.TEXT:
            return _filler(_WORDS, length)
        case Format.SCOPE:
            return _items(min(_LONG_SCOPE, length) // 12, kind.scope.max_item_length if kind.scope else 100)
        case Format.CHOICES:
            return list(field.values)
        case Format.ENUM:
            return max(field.values, key=len)
    return _of_format(field, given, 1_000_000, _filler(_WORDS, 1000))


def _empty(kind: Kind, field: Field, given: Any) -> Any:
    if not field.required and field.format is not Format.SCOPE:
        return None
    return _short(kind, field, given) if field.format is Format.SCOPE else given


def _rare(_: Kind, field: Field, given: Any) -> Any:
    length = min(field.max_length, 40)
    match field.format:
        case Format.TEXT:
            return _filler(_rare_words(), length)
        case Format.SCOPE:
            return [_filler(_rare_words(), 12, start) for start in range(5)]
    return _of_format(field, given, 3, _filler(_rare_words(), 40))


_EXTREMES: dict[str, Callable[[Kind, Field, Any], Any]] = {
    "short": _short, "long": _long, "empty": _empty, "rare": _rare,
}


def _of_format(field: Field, given: Any, size: int, text: str) -> Any:
    """A value of a format with parts of its own; what is not known here stays as the sample has it.

    Args:
        size: rows of a table, paragraphs of a text, within the field's limits.
        text: what the words are taken from.
    """
    if field.format is Format.PARAGRAPHS:
        count = min(max(size, 1), 6)
        length = max(min(len(text), field.max_length // count - 1), 1)
        return "\n".join([_closed(text[:length])] * count)
    if field.format is Format.TABLE:
        rows = min(max(size, field.min_rows, 1), field.max_rows, _MOST_ROWS)
        first = given[0] if isinstance(given, list) and given and isinstance(given[0], dict) else {}
        return [_row(field, given[number % len(given)] if isinstance(given, list) and given else first, text, number)
                for number in range(rows)]
    return given


def _row(field: Field, given: Any, text: str, number: int) -> dict[str, Any]:
    """One row of a table: texts of the columns' length, values of other formats as the sample has them."""
    row = dict(given) if isinstance(given, dict) else {}
    for column in field.columns:
        if column.format is Format.TEXT and column.constant is None:
            tail = str(number) if column.unique else ""
            row[column.label] = _closed(text[:max(min(column.max_length, len(text)) - len(tail), 0)]) + tail
    return row


def _random_value(kind: Kind, field: Field, given: Any, random: Random) -> Any:
    if not field.required and field.format is not Format.SCOPE and random.random() < 0.2:
        return None
    words = _rare_words() if random.random() < 0.2 else _WORDS
    longest = field.max_length
    length = random.choice((1, 2, 5, 12, 25, longest, random.randint(1, longest)))
    match field.format:
        case Format.TEXT:
            return _filler(tuple(random.sample(words, len(words))), min(length, longest))
        case Format.SCOPE:
            count = random.choice((1, 3, 10, 40, 150))
            return _items(count, kind.scope.max_item_length if kind.scope else 100, random.randrange(len(_ITEMS)))
        case Format.CHOICES:
            return random.sample(field.values, random.randint(1, len(field.values)))
        case Format.ENUM:
            return random.choice(field.values)
    return _of_format(field, given, length, _filler(words, min(length, 400)))

"""Values for made records: short, long, empty, with rare characters, or random; for each format of a field.

What is not known here (codes, dates, photos) stays as the sample has it.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Callable
from random import Random
from typing import Any

import fonts
from layouts import Field, Format, Kind

__all__ = ["EXTREMES", "MOST_ROWS", "drawable", "random_value"]

MOST_ROWS = 400
"""Rows of a table that are drawn; what more make is reckoned."""

_LONG_SCOPE = 3000              # characters of a long 许可范围: more than one page of it
_LONG_PARAGRAPHS = 12_000       # characters of a long text
_PARAGRAPHS = 6
_CHAIN = "kai"
_DAY = dt.date(2024, 1, 31)
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


def _short(kind: Kind, field: Field, given: Any) -> Any:
    match field.format:
        case Format.TEXT:
            return "测"
        case Format.SCOPE:
            return _items(1, 100)
        case Format.CHOICES:
            return [min(field.values, key=len)]
        case Format.ENUM:
            return min(field.values, key=len)
    return _of_format(kind, field, given, 1, "测") if field.required else given


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
    return _of_format(kind, field, given, 1_000_000, _filler(_WORDS, _LONG_PARAGRAPHS // _PARAGRAPHS))


def _empty(kind: Kind, field: Field, given: Any) -> Any:
    if not field.required and field.format is not Format.SCOPE:
        return None
    return _short(kind, field, given) if field.format is Format.SCOPE else given


def _rare(kind: Kind, field: Field, given: Any) -> Any:
    length = min(field.max_length, 40)
    match field.format:
        case Format.TEXT:
            return _filler(_rare_words(), length)
        case Format.SCOPE:
            return [_filler(_rare_words(), 12, start) for start in range(5)]
    return _of_format(kind, field, given, 3, _filler(_rare_words(), 40))


EXTREMES: dict[str, Callable[[Kind, Field, Any], Any]] = {
    "short": _short, "long": _long, "empty": _empty, "rare": _rare,
}
"""A field's value in each extreme record, by the kind, the field and the sample's value."""


def _of_format(kind: Kind, field: Field, given: Any, size: int, text: str) -> Any:
    """A value of a format with parts of its own; what is not known here stays as the sample has it.

    Args:
        size: rows of a table, paragraphs of a text, within the field's limits.
        text: what the words are taken from.
    """
    if field.format is Format.PARAGRAPHS:
        count = min(max(size, 1), _PARAGRAPHS)
        length = max(min(len(text), field.max_length // count - 1), 1)
        return "\n".join([_closed(text[:length])] * count)
    if field.format is Format.TABLE:
        rows = min(max(size, field.min_rows, 1), field.max_rows, MOST_ROWS)
        known = given if isinstance(given, list) and given else [{}]
        return [_row(kind, field, known[number % len(known)], text, number) for number in range(rows)]
    return given


def _row(kind: Kind, field: Field, given: Any, text: str, number: int) -> dict[str, Any]:
    """One row of a table: texts of the columns' length, other formats as the sample has them, all rows different."""
    row = dict(given) if isinstance(given, dict) else {}
    for column in field.columns:
        if column.constant is None and (cell := _cell(kind, column, row.get(column.label), text, number)) is not None:
            row[column.label] = cell
    return row


def _cell(kind: Kind, column: Field, given: Any, text: str, number: int) -> Any:
    """A cell; None where there is nothing to go by."""
    match column.format:
        case Format.TEXT:
            tail = str(number) if column.unique else ""
            return _closed(text[:max(min(column.max_length, len(text)) - len(tail), 0)]) + tail
        case Format.ENUM:
            return given or column.values[0]
        case Format.DATE if column.unique:
            return (_DAY - dt.timedelta(days=number)).isoformat()
        case Format.PATTERN if column.unique and column.pattern is not None:
            return _numbered(kind.patterns[column.pattern].regex, given, number)
    return given


def _numbered(pattern: str, given: Any, number: int) -> str | None:
    """The text of a pattern with this number in it: the number alone, or in the place of the last digits of a text."""
    tried = [str(number + 1)]
    if isinstance(given, str):
        digits = [index for index, char in enumerate(given) if char.isdigit()]
        letters = list(given)
        for index, digit in zip(reversed(digits), reversed(f"{number + 1:0{len(digits)}d}"), strict=False):
            letters[index] = digit
        tried.append("".join(letters))
    return next((one for one in tried if re.fullmatch(pattern, one)), None)


def random_value(kind: Kind, field: Field, given: Any, random: Random) -> Any:
    """Any value of a field: short or long, plain or rare, or none."""
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
    return _of_format(kind, field, given, length, _filler(words, min(length, 400)))

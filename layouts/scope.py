"""许可范围 (scope of a licence): groups of items per 经营方式, their text forms, and reading one back.

Whole: ``一、〈mode〉：item、item（qualifier）；二、…`` (R-000-08). Summary: each mode with the number of its
items and 详见附页 (decision 5).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence

from codes.errors import EngineError

__all__ = [
    "Groups", "ScopeError", "ScopeErrorCode", "brackets_close", "numeral", "parse_scope", "scope_summary",
    "scope_text", "separators_outside_brackets", "split_items",
]

Groups = tuple[tuple[str, tuple[str, ...]], ...]
"""Per 经营方式 its items, in the order in which they are printed."""

_DIGITS = "零一二三四五六七八九"
_OPEN = {"（": "）", "(": ")", "[": "]", "［": "］", "【": "】", "〔": "〕", "{": "}", "《": "》", "〈": "〉"}
_CLOSE = frozenset(_OPEN.values())
SEPARATOR, COLON, END = "、", "：", "；"


class ScopeErrorCode(enum.StrEnum):
    """What is wrong with a text that should be a 许可范围."""

    NUMERAL = "scope.numeral"           # a group does not begin with 一、 二、 …
    COLON = "scope.colon"               # no ： behind the mode
    MODE = "scope.mode"                 # no mode before the ：
    END = "scope.end"                   # no ； at the end of a group
    ITEM = "scope.item"                 # an empty item
    BRACKETS = "scope.brackets"         # brackets that do not close


_SENTENCES = {
    ScopeErrorCode.NUMERAL: (
        "许可范围第{group}组应以“{head}”开头，此处为“{near}”",
        "group {group} must begin with “{head}”, not “{near}”",
    ),
    ScopeErrorCode.COLON: (
        "许可范围第{group}组的经营方式之后缺少全角冒号“：”，此处为“{near}”",
        "behind the 经营方式 of group {group} the full-width colon “：” is missing, near “{near}”",
    ),
    ScopeErrorCode.MODE: (
        "许可范围第{group}组的冒号之前没有经营方式，此处为“{near}”",
        "group {group} has items before a 经营方式, near “{near}”",
    ),
    ScopeErrorCode.END: (
        "许可范围第{group}组缺少结尾的全角分号“；”，此处为“{near}”",
        "group {group} lacks the full-width semicolon “；” at its end, near “{near}”",
    ),
    ScopeErrorCode.ITEM: (
        "许可范围第{group}组有空项，请核对多余的顿号“、”，经营方式“{near}”",
        "group {group} has an empty item (“、” too many?), under “{near}”",
    ),
    ScopeErrorCode.BRACKETS: (
        "许可范围第{group}组的括号不成对，此处为“{near}”",
        "brackets of group {group} do not match, near “{near}”",
    ),
}


class ScopeError(EngineError):
    """A text that is no 许可范围: what is wrong, in which group (from 1), and near which words."""

    def __init__(self, code: ScopeErrorCode, group: int, near: str) -> None:
        zh, en = _SENTENCES[code]
        head = f"{numeral(group)}{SEPARATOR}" if group < 100 else "?"
        facts = {"group": str(group), "near": near, "head": head}
        super().__init__(code, zh.format(**facts), en.format(**facts), **facts)


def numeral(count: int) -> str:
    """一, 二, … 十, 十一, … 九十九.

    Raises:
        ValueError: less than 1 or more than 99.
    """
    if not 1 <= count <= 99:
        raise ValueError(f"no numeral for {count}")
    tens, ones = divmod(count, 10)
    head = "" if tens == 0 else "十" if tens == 1 else _DIGITS[tens] + "十"
    return head + (_DIGITS[ones] if ones else "")


def scope_text(groups: Iterable[tuple[str, Sequence[str]]]) -> str:
    """The whole 许可范围 as it is printed; an empty text for no groups."""
    return "".join(
        f"{numeral(count)}{SEPARATOR}{mode}{COLON}{SEPARATOR.join(items)}{END}"
        for count, (mode, items) in enumerate(groups, 1)
    )


def scope_summary(groups: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Each mode with the number of its items and 详见附页, for a page on which the whole does not fit."""
    return "".join(
        f"{numeral(count)}{SEPARATOR}{mode}{COLON}共{len(items)}项，详见附页{END}"
        for count, (mode, items) in enumerate(groups, 1)
    )


def parse_scope(text: str, lists: Mapping[str, Sequence[str]] | None = None) -> Groups:
    """Read the whole text back into groups; strict: the groups written again give the same text.

    Args:
        text: as :func:`scope_text` writes it.
        lists: per mode the items that are allowed; where a mode has a list, an item of the list that holds
            ``、`` itself is recognised.

    Raises:
        ScopeError: what is wrong and where.
    """
    lists = {} if lists is None else lists
    groups: list[tuple[str, tuple[str, ...]]] = []
    start = 0
    while start < len(text) or not groups:
        count = len(groups) + 1
        head = f"{numeral(count)}{SEPARATOR}" if count < 100 else ""
        if not head or not text.startswith(head, start):
            raise ScopeError(ScopeErrorCode.NUMERAL, count, text[start:start + 12])
        start += len(head)
        colon = _find(text, start, COLON, stops=END, group=count)
        if colon < 0:
            raise ScopeError(ScopeErrorCode.COLON, count, text[start:start + 12])
        mode = text[start:colon]
        if not mode:
            raise ScopeError(ScopeErrorCode.MODE, count, text[start:start + 12])
        end = _find(text, colon + 1, END, stops="", group=count)
        if end < 0:
            raise ScopeError(ScopeErrorCode.END, count, text[-12:])
        items = split_items(text[colon + 1:end], lists.get(mode, ()))
        if not all(items):
            raise ScopeError(ScopeErrorCode.ITEM, count, mode)
        groups.append((mode, items))
        start = end + 1
    return tuple(groups)


def split_items(text: str, listed: Sequence[str] = ()) -> tuple[str, ...]:
    """Split at every ``、`` that stands outside brackets, but never inside a listed item."""
    with_separator = sorted((item for item in listed if SEPARATOR in item), key=len, reverse=True)
    items: list[str] = []
    start = position = depth = 0
    while position < len(text):
        if position == start:
            whole = next((item for item in with_separator if _stands_at(text, item, position)), None)
            if whole is not None:
                position += len(whole)
                continue
        character = text[position]
        if character in _OPEN:
            depth += 1
        elif character in _CLOSE:
            depth -= 1
        elif character == SEPARATOR and depth <= 0:
            items.append(text[start:position])
            start = position + 1
        position += 1
    items.append(text[start:])
    return tuple(items)


def brackets_close(text: str) -> bool:
    """Whether every bracket in ``text`` is closed by its partner, in order."""
    waiting: list[str] = []
    for character in text:
        if character in _OPEN:
            waiting.append(_OPEN[character])
        elif character in _CLOSE and (not waiting or waiting.pop() != character):
            return False
    return not waiting


def separators_outside_brackets(text: str) -> frozenset[str]:
    """Which of ``、：；`` stand in ``text`` outside brackets."""
    found: set[str] = set()
    depth = 0
    for character in text:
        if character in _OPEN:
            depth += 1
        elif character in _CLOSE:
            depth -= 1
        elif depth == 0 and character in (SEPARATOR, COLON, END):
            found.add(character)
    return frozenset(found)


def _stands_at(text: str, item: str, position: int) -> bool:
    end = position + len(item)
    return text.startswith(item, position) and (end == len(text) or text[end] == SEPARATOR)


def _find(text: str, start: int, wanted: str, *, stops: str, group: int) -> int:
    """Where ``wanted`` stands outside brackets, or -1; brackets that do not match are a fault."""
    waiting: list[str] = []
    for position in range(start, len(text)):
        character = text[position]
        if character in _OPEN:
            waiting.append(_OPEN[character])
        elif character in _CLOSE:
            if not waiting or waiting.pop() != character:
                near = text[max(start, position - 10):position + 1]
                raise ScopeError(ScopeErrorCode.BRACKETS, group, near)
        elif not waiting:
            if character == wanted:
                return position
            if stops and character in stops:
                return -1
    if waiting:
        raise ScopeError(ScopeErrorCode.BRACKETS, group, text[start:start + 12])
    return -1

"""Which regular expressions a kind may bring: those whose matching cannot run away.

A pattern is matched against texts from elsewhere. The standard library's engine tries one way after the other, so a
text of forty characters can keep ``(a+)+b`` busy for years. Only what is known to stay quick is let through.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from math import inf, prod
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

__all__ = ["LONGEST_TEXT", "regex_fault"]

LONGEST_TEXT = 200
"""Characters of a text that is matched against a kind's own pattern."""

_MOST_WAYS = 10_000_000
_REPEATS = frozenset({_constants.MAX_REPEAT, _constants.MIN_REPEAT})
_LOOKING = frozenset({_constants.ASSERT, _constants.ASSERT_NOT, _constants.GROUPREF, _constants.GROUPREF_EXISTS})


def regex_fault(regex: str) -> tuple[str, str] | None:
    """Why a pattern cannot be used, in Chinese and English; None where it can."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(regex)
            tree = _parser.parse(regex)
    except (re.error, RecursionError, OverflowError, Warning) as error:
        return f"不是合格的正则表达式（{error}）", f"this is no regular expression ({error})"
    flagged = tree.state.flags & ~re.UNICODE or any(
        op is _constants.SUBPATTERN and (argument[1] or argument[2]) for op, argument in _nodes(tree))
    if flagged or any(op in _LOOKING for op, _ in _nodes(tree)):
        return "不能使用反向引用、环视和 (?i) 一类的标志", "back references, look-around and flags are not allowed"
    ways = _ways(tree)
    if ways == inf:
        return ("重复的组里长短不定，匹配可能不会结束；请让组以组内别处不会出现的一个分隔符开头，其后至多一处长短不定，"
                "如 (?:、[0-9]+)*",
                "a repeated group may be long or short, and matching may not end; let it begin with one separator that "
                "cannot stand elsewhere in it, followed by one repetition at most, like (?:、[0-9]+)*")
    if ways > _MOST_WAYS:
        return ("长短不定之处过多，匹配会很慢；请减少 *、+、{m,n}，或缩小其范围",
                "too much in it may be long or short, and matching is slow; use fewer *, + and {m,n}, or narrower ones")
    return None


def _nodes(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every operation of a parsed pattern, outer ones first."""
    for op, argument in tree:
        yield op, argument
        for inner in _inside(op, argument):
            yield from _nodes(inner)


def _inside(op: Any, argument: Any) -> list[Any]:
    if op in _REPEATS or str(op) == "POSSESSIVE_REPEAT":
        return [argument[2]]
    if op is _constants.SUBPATTERN:
        return [argument[3]]
    if op is _constants.BRANCH:
        return list(argument[1])
    if op in (_constants.ASSERT, _constants.ASSERT_NOT):
        return [argument[1]]
    return [argument] if str(op) == "ATOMIC_GROUP" else []


def _ways(tree: Any) -> float:
    """In how many ways a pattern may be tried on one text, at most."""
    return prod(_ways_of(op, argument) for op, argument in tree)


def _ways_of(op: Any, argument: Any) -> float:
    inner = _inside(op, argument)
    if op is _constants.BRANCH:
        return sum(map(_ways, inner))
    if not inner or len(argument) != 3 or op is _constants.SUBPATTERN:
        return prod(map(_ways, inner))
    least, most, body = argument
    if most <= 1:
        return 1 + _ways(body)
    return min(most - least + 1, LONGEST_TEXT) if _one_way(body) else inf


def _one_way(body: Any) -> bool:
    """Whether repetitions of a group can end in one place only: it has one length, or begins with a separator."""
    while len(body) == 1 and body[0][0] is _constants.SUBPATTERN:
        body = body[0][1][3]
    nodes = list(_nodes(body))
    varying = [argument for op, argument in nodes if op in _REPEATS and argument[0] != argument[1]]
    if any(op is _constants.BRANCH for op, _ in nodes) or body.getwidth()[1] == 0:
        return False
    if not varying:
        return True
    if len(varying) > 1 or body[0][0] is not _constants.LITERAL:
        return False
    separator = body[0][1]
    return not any(_matches(op, argument, separator) for op, argument in nodes[1:])


def _matches(op: Any, argument: Any, char: int) -> bool:
    """Whether one operation may take this character."""
    if op is _constants.LITERAL:
        return bool(argument == char)
    if op is _constants.NOT_LITERAL:
        return bool(argument != char)
    if op is _constants.IN:
        negated = argument[0][0] is _constants.NEGATE
        return negated != any(_in_set(one, what, char) for one, what in argument)
    return op is _constants.ANY


def _in_set(op: Any, argument: Any, char: int) -> bool:
    if op is _constants.RANGE:
        return bool(argument[0] <= char <= argument[1])
    if op is _constants.CATEGORY:
        return argument is not _constants.CATEGORY_DIGIT or chr(char).isdigit()
    return op is _constants.LITERAL and bool(argument == char)

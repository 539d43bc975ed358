"""JSON that knows the line of each of its keys and entries, so that a fault can be shown where it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

from codes.others_words import json_words

__all__ = ["Entry", "JsonError", "JsonText", "Path", "read_json", "resolve"]


class Entry(NamedTuple):
    """A step of a path into a list: the entry whose ``key`` has this ``value``."""

    key: str
    value: str


Path = tuple[str | int | Entry, ...]
"""The way to a value: keys, places in lists (from 0, or from the end when negative), entries by their names."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_DEEPEST = 12
_LONGEST_NUMBER = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonText:
    """A value read from JSON, and the line (from 1) in which each key or entry of a list begins."""

    value: Any
    lines: Mapping[tuple[str | int, ...], int]

    def line(self, path: Path) -> int:
        """The line of what lies at ``path``, or of the innermost thing on the way to it that there is."""
        return self.lines[resolve(self.value, path)]


class JsonError(ValueError):
    """A text that is no JSON, or JSON that says one thing twice; with its line and a sentence in each language."""

    def __init__(self, line: int, zh: str, en: str) -> None:
        super().__init__(en)
        self.line, self.zh, self.en = line, zh, en


def read_json(data: bytes) -> JsonText:
    """Read JSON in UTF-8; a byte order mark at the very start is passed over.

    Raises:
        JsonError: no UTF-8, no JSON, a key twice in one object, NaN or Infinity, a number of more than 1000 digits,
            nested deeper than 12.
    """
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise JsonError(line, "不是 UTF-8 文本，请另存为 UTF-8", "this is not UTF-8; save it as UTF-8") from error
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_int=_integer)
        lines: dict[tuple[str | int, ...], int] = {}
        _walk(_tokens(text), (), lines)
    except json.JSONDecodeError as error:
        zh, en = json_words(error)
        raise JsonError(error.lineno, f"不是合格的 JSON（第 {error.colno} 列：{zh}）",
                        f"this is no JSON (column {error.colno}: {en})") from error
    except RecursionError as error:
        raise _too_deep(1) from error
    except _WordError as error:
        line = next((line for word, line in _tokens(text) if word == error.word), 1)
        raise JsonError(line, error.zh, error.en) from error
    return JsonText(value=value, lines=lines)


class _WordError(Exception):
    """A word that JSON, or we, do not have; the parser that found it does not say where."""

    def __init__(self, word: str, zh: str, en: str) -> None:
        super().__init__(en)
        self.word, self.zh, self.en = word, zh, en


def _no_constant(name: str) -> NoReturn:
    raise _WordError(name, f"JSON 中不能使用 {name}", f"JSON must not hold {name}")


def _integer(word: str) -> int:
    if len(word) > _LONGEST_NUMBER:
        raise _WordError(word, f"数字超过 {_LONGEST_NUMBER} 位", f"a number has more than {_LONGEST_NUMBER} digits")
    return int(word)


def _too_deep(line: int) -> JsonError:
    return JsonError(line, f"JSON 嵌套超过 {_DEEPEST} 层", f"the JSON is nested deeper than {_DEEPEST} levels")


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    """The words of a JSON text with their lines."""
    line, last = 1, 0
    for found in _TOKEN.finditer(text):
        line += text.count("\n", last, found.start())
        last = found.start()
        yield found[0], line


def _walk(tokens: Iterator[tuple[str, int]], path: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int],
          begun: tuple[str, int] | None = None) -> None:
    """Note the lines of one value; ``begun``: its first word, where that is read already."""
    word, line = begun or next(tokens)
    lines.setdefault(path, line)
    if len(path) > _DEEPEST:
        raise _too_deep(line)
    if word == "{":
        for word, line in tokens:
            if word == "}":
                return
            if word != ",":
                key = json.loads(word)
                if (*path, key) in lines:
                    first = lines[(*path, key)]
                    raise JsonError(line, f"同一对象内键“{key}”出现两次，前一处在第 {first} 行",
                                    f"the key “{key}” stands twice in one object, first in line {first}")
                lines[(*path, key)] = line
                next(tokens)                                # the colon
                _walk(tokens, (*path, key), lines)
    elif word == "[":
        count = 0
        for word, line in tokens:
            if word == "]":
                return
            if word != ",":
                _walk(tokens, (*path, count), lines, (word, line))
                count += 1


def resolve(value: Any, path: Path) -> tuple[str | int, ...]:
    """The keys and places of a path, as far as it leads."""
    found: list[str | int] = []
    for step in path:
        if isinstance(step, Entry):
            places = [place for place, one in enumerate(value) if isinstance(one, dict) and one.get(step[0]) == step[1]
                      ] if isinstance(value, list) else []
            place: str | int | None = places[0] if places else None
        elif isinstance(step, int):
            size = len(value) if isinstance(value, list) else 0
            place = step % size if -size <= step < size else None
        else:
            place = step if isinstance(value, dict) and step in value else None
        if place is None:
            break
        found.append(place)
        value = value[place]
    return tuple(found)

"""What is wrong with the data of a kind: each fault with its place in ``kind.json`` and a sentence in each language."""

from __future__ import annotations

import difflib
import json
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from codes.errors import Fault
from layouts.json_lines import JsonText, Path
from layouts.kind import KindError, KindErrorCode

__all__ = ["KindDataError", "KindFault", "data_error", "hint", "listed", "place", "safe", "shown"]

_LONGEST = 40
_LISTED = 40


@dataclass(frozen=True, slots=True)
class KindFault:
    """One thing to mend in the data of a kind.

    ``path`` is where it stands; ``word`` the label or key that it is about, empty where there is none.
    """

    path: Path
    word: str
    zh: str
    en: str


class KindDataError(KindError):
    """Data of a kind that cannot be used.

    ``places`` are the faults with the line (from 1) of each in ``file``; ``faults`` tells them too, and is empty
    where the error itself says the only one.
    """

    def __init__(self, kind: str, file: str, places: Sequence[tuple[int, KindFault]]) -> None:
        self.file = file
        self.places = tuple(places)
        line, first = places[0]
        zh, en = f"{file} 第 {line} 行：{first.zh}", f"{file}, line {line}: {first.en}"
        self.faults: tuple[Fault, ...] = ()
        if len(places) > 1:
            zh, en = f"{file} 有 {len(places)} 处错误", f"{file} has {len(places)} faults"
            self.faults = tuple(
                Fault(field=f"{file}:{number}", code=KindErrorCode.DATA.value, zh=fault.zh, en=fault.en)
                for number, fault in places)
        super().__init__(KindErrorCode.DATA, zh, en, kind=kind, file=file, line=str(line))


def data_error(kind: str, faults: Iterable[KindFault], text: JsonText | None = None) -> KindDataError:
    """The error of these faults, in the order of their lines.

    Args:
        kind: the kind's code.
        faults: at least one.
        text: what was read from ``kind.json``; without it every fault stands in line 1.
    """
    placed = [(1 if text is None else text.line(fault.path), fault) for fault in faults]
    return KindDataError(safe(kind), f"{safe(kind)}/kind.json", sorted(placed, key=lambda pair: pair[0]))


def hint(word: str, known: Iterable[str]) -> tuple[str, str]:
    """``，是否指“run”？`` and the same in English, where one of the known words is like ``word``; else nothing."""
    close = difflib.get_close_matches(word[:100], sorted(known), n=1, cutoff=0.5)
    return (f"，是否指“{close[0]}”？", f"; is “{close[0]}” meant?") if close else ("", "")


def listed(words: Iterable[str]) -> str:
    """Words one after the other, not too many of them."""
    known = list(words)
    return "、".join(map(safe, known[:_LISTED])) + ("…" if len(known) > _LISTED else "")


def safe(text: str) -> str:
    """The text with what is invisible or turns text round as ``\\u202e``: it goes to a terminal."""
    return "".join(f"\\u{ord(char):04x}" if unicodedata.category(char)[0] == "C" or char in "\u2028\u2029" else char
                   for char in text)


def shown(value: Any) -> str:
    """A value as JSON writes it, cut where it is long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = safe(text if len(text) <= _LONGEST else text[:_LONGEST] + "…")
    return f"“{text}”" if isinstance(value, str) else text


def place(data: Any, path: Sequence[Any]) -> str:
    """A path for people: ``fields › 住所 › max_length``; entries of lists by their names, else by their number."""
    words = []
    for step in path:
        data = data[step] if isinstance(data, dict | list) else None
        word = str(step)
        if isinstance(step, int):
            names = [data[key] for key in ("label", "name", "role", "check") if isinstance(data.get(key), str)
                     ] if isinstance(data, dict) else []
            word = next(filter(None, names), f"#{step + 1}")
        words.append(safe(word))
    return " › ".join(words)

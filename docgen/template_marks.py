"""From a place in a filled template back to the line of its source.

Before a template is filled in, every start tag gets the number of its line, every end tag and every call of a macro
that writes elements a mark in control characters, which no XML may hold. After filling in, the marks are taken out
again: what remains is the XML with a ``source-line`` in each start tag, and a table for places outside of tags. A tag
whose attributes a macro was given (it holds ``{{``) belongs to the line of the call, any other to its own.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

__all__ = ["CONTROLS", "SOURCE_LINE", "Filled", "marked", "unmarked"]

SOURCE_LINE = "source-line"
"""The attribute in which every element of a filled template keeps its line, and that inside the macro behind it."""

CONTROLS = frozenset("\x01\x02\x03\x04")
"""Characters that a template may not hold: the marks."""

_CALL, _END, _TAG, _STOP = "\x01", "\x02", "\x03", "\x04"

_TOKENS = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<!--.*?-->|<([A-Za-z][\w.-]*)|(</)", re.DOTALL)
_MACRO = re.compile(r"\{%[-+]?\s*macro\s+(\w+)(.*?)\{%[-+]?\s*endmacro", re.DOTALL)
_CALLED = re.compile(r"\{\{[-+]?\s*(\w+)\s*\(")
_ELEMENT = re.compile(r"<[A-Za-z]")
_NUMBER = "([0-9]{1,7})"            # of a line; longer ones are no marks of ours
_MARKS = re.compile(rf"{_CALL}{_NUMBER}{_STOP}|({_END})|{_TAG}{_NUMBER}{_STOP}|{SOURCE_LINE}=\"{_NUMBER}(~?)\"")


def marked(text: str) -> str:
    """A template's source with its marks."""
    macros = _element_macros(text)
    out, at, line = [], 0, 1
    for match in _TOKENS.finditer(text):
        out.append(text[at:match.start()])
        line += text.count("\n", at, match.start())
        token = match[0]
        if match[1]:
            given = "~" if "{{" in text[match.end():text.find(">", match.end())] else ""
            out.append(f'{token} {SOURCE_LINE}="{line}{given}"')
        elif match[2]:
            out.append(f"{_TAG}{line}{_STOP}{token}")
        elif (call := _CALLED.match(token)) and call[1] in macros:
            out.append(f"{_CALL}{line}{_STOP}{token}{_END}")
        else:
            out.append(token)
        line += token.count("\n")
        at = match.end()
    return "".join(out) + text[at:]


def _element_macros(text: str) -> set[str]:
    """The macros that write elements, by themselves or through another one."""
    bodies = {match[1]: match[2] for match in _MACRO.finditer(text)}
    found = {name for name, body in bodies.items() if _ELEMENT.search(body)}
    while more := {name for name, body in bodies.items() if name not in found
                   and any(call[1] in found for call in _CALLED.finditer(body))}:
        found |= more
    return found


@dataclass(frozen=True, slots=True)
class Filled:
    """A filled template without marks: its XML, and where in it (offsets, rising) which line of the source begins."""

    xml: str
    offsets: tuple[int, ...]
    lines: tuple[int, ...]

    def line(self, row: int, column: int) -> int:
        """The line of the source of what stands in a row and a column (both from 1, in bytes) of the XML."""
        rows = self.xml.split("\n")
        text = rows[row - 1] if row <= len(rows) else ""
        before = text.encode("utf-8")[:max(column - 1, 0)].decode("utf-8", errors="ignore")
        return self.at(sum(len(one) + 1 for one in rows[:row - 1]) + len(before))

    def tag_line(self, row: int, name: str) -> int:
        """The line of the source of the last start tag ``name`` in a row (from 1) of the XML."""
        rows = self.xml.split("\n")
        text = rows[row - 1] if row <= len(rows) else ""
        start = sum(len(one) + 1 for one in rows[:row - 1])
        return self.at(start + max(text.rfind(f"<{name} "), 0) + len(name) + 2)

    def at(self, offset: int) -> int:
        """The line of the source of what stands at an offset of the XML."""
        index = bisect_right(self.offsets, offset) - 1
        return self.lines[index] if index >= 0 else 1


def unmarked(filled: str) -> Filled:
    """A filled template with its marks taken out."""
    pieces: list[str] = []
    offsets: list[int] = []
    lines: list[int] = []
    calls: list[int] = []
    at = size = 0
    for match in _MARKS.finditer(filled):
        pieces.append(filled[at:match.start()])
        size += match.start() - at
        at = match.end()
        call, end, tag, own, given = match.groups()
        if call:
            calls.append(int(call))
            continue
        if end:
            del calls[-1:]
            continue
        line = calls[-1] if given and calls else int(tag or own)
        offsets.append(size)
        lines.append(line)
        if own:
            inner = f" {own}" if given and calls else ""
            pieces.append(f'{SOURCE_LINE}="{line}{inner}"')
            size += len(pieces[-1])
    return Filled("".join([*pieces, filled[at:]]), tuple(offsets), tuple(lines))

"""Do the pages show what the record says, and nothing else? For OFD and PDF alike.

Each page is read as a person reads it: lines from top to bottom, left to right. With white space taken
out this must be, character by character, the labels and values of the licence kind's face in their order;
so every text on the page is accounted for, stands beside its label, and none is missing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from layouts import Kind, line_text, scope_summary, scope_text
from layouts.kind import Face
from verify.model import PageView, text_lines
from verify.reasons import Findings
from verify.record import RecordData

__all__ = ["check_pages", "page_roles", "scope_forms", "squeeze"]

_SPACE: Final = re.compile(r"[\s\u00a0\u3000]+")
_PAGE_NUMBER: Final = re.compile(r"(?:第)?([0-9]{1,3})(?:页)?/?(?:共)?([0-9]{1,3})(?:页)?")
_BASELINE_MM: Final = 1.0               # runs of one line may differ by so much (label and value sizes)


def squeeze(text: str) -> str:
    """Text without white space."""
    return _SPACE.sub("", text)


def scope_forms(record: RecordData) -> tuple[str, str]:
    """The 许可范围 whole and as a summary, without white space."""
    return squeeze(scope_text(record.scope)), squeeze(scope_summary(record.scope))


def page_roles(kind: Kind, count: int) -> list[Face] | None:
    """The face of each page: one each in the kind's order, a repeating face as often as needed."""
    faces = list(kind.faces)
    spare = count - len(faces)
    repeating = [face for face in faces if face.repeats]
    if spare < 0 or (spare and len(repeating) != 1):
        return None
    return [each for face in faces for each in [face] * (1 + (spare if face.repeats else 0))]


@dataclass(frozen=True, slots=True)
class _Expected:
    """One line as it must read: its name for people, its text in each allowed form."""

    name: str
    label: str
    forms: tuple[str, ...]
    is_scope: bool


def check_pages(kind: Kind, record: RecordData, pages: Sequence[PageView],
                found: Findings) -> list[Face] | None:
    """Compare all pages with the faces of the kind; return the face of each page."""
    faces = page_roles(kind, len(pages))
    if faces is None:
        found.add("page.count", "", detail=len(pages))
        return None
    pieces: list[str] = []
    repeats = sum(face.repeats for face in faces)
    index = 0
    for face, page in zip(faces, pages, strict=True):
        text = _read(page)
        if face.repeats:
            index += 1
            text = _without_number(text, index, repeats, page, found)
            pieces.append(_piece(kind, record, face, page, text, found))
        else:
            _compare(_expected(kind, record, face), text, face, page, found)
    whole = scope_forms(record)[0]
    if pieces and "".join(pieces) != whole:
        last = next(face for face in faces if face.repeats)
        found.add("page.line", "", role=last.role, page=len(faces) - repeats + 1, label="许可范围",
                  found="".join(pieces), expected=whole)
    return faces


def _read(page: PageView) -> str:
    """The page's text in reading order, without white space."""
    return squeeze("".join(line.text for line in text_lines(page.runs, _BASELINE_MM)))


def _expected(kind: Kind, record: RecordData, face: Face) -> list[_Expected]:
    """The lines of a face as they must read."""
    lines = []
    for line in face.lines:
        is_scope = kind.scope is not None and kind.scope.field in line.fields
        text = squeeze(line_text(kind, line, record.values))
        forms = (text, scope_forms(record)[1]) if is_scope and face.summary else (text,)
        lines.append(_Expected(line.label or text, squeeze(line.label), forms, is_scope))
    return lines


def _compare(lines: list[_Expected], text: str, face: Face, page: PageView, found: Findings) -> None:
    """Read the expected lines off the page's text; name the first that differs, and what is left over."""
    position = 0
    for index, line in enumerate(lines):
        if not text.startswith(line.label, position):
            found.add("page.label", "", role=face.role, page=page.number, label=line.name)
            return
        position += len(line.label)
        if line.label and text.startswith("：", position):
            position += 1
        fitting = [form for form in line.forms if text.startswith(form, position)]
        if not fitting:
            shown = text[position:_next_label(lines, index, text, position)]
            found.add("page.line", "", role=face.role, page=page.number, label=line.name, found=shown,
                      expected=line.forms[0])
            return
        position += max(map(len, fitting))
    if position != len(text):
        found.add("page.extra", "", role=face.role, page=page.number, found=text[position:])


def _next_label(lines: list[_Expected], index: int, text: str, position: int) -> int:
    """Where the next labelled line begins, for showing what stands in between."""
    for line in lines[index + 1:]:
        if line.label:
            at = text.find(line.label, position)
            return at if at >= 0 else len(text)
    return len(text)


def _without_number(text: str, index: int, count: int, page: PageView, found: Findings) -> str:
    """Take the page number (its own line at the foot) out of a repeating page and check it."""
    lines = [squeeze(line.text) for line in text_lines(page.runs, _BASELINE_MM)]
    for line in reversed(lines[-2:]):
        match = _PAGE_NUMBER.fullmatch(line)
        if match:
            if (int(match.group(1)), int(match.group(2))) != (index, count):
                found.add("page.number", "", page=page.number, found=line)
            head, _, tail = text.rpartition(line)
            return head + tail
    found.add("page.number", "", page=page.number, found="")
    return text


def _piece(kind: Kind, record: RecordData, face: Face, page: PageView, text: str, found: Findings) -> str:
    """The part of the 许可范围 that a repeating page prints between its other lines."""
    lines = _expected(kind, record, face)
    at = next((index for index, line in enumerate(lines) if line.is_scope), None)
    if at is None:
        _compare(lines, text, face, page, found)
        return ""
    before = [*lines[:at], _Expected(lines[at].name, lines[at].label, ("",), False)]
    tail = "".join(line.label + line.forms[0] for line in lines[at + 1:])
    if not text.endswith(tail):
        found.add("page.label", "", role=face.role, page=page.number, label=lines[-1].name)
        return ""
    body = text[:len(text) - len(tail)]
    position = 0
    for line in before:
        if not body.startswith(line.label + line.forms[0], position):
            found.add("page.line", "", role=face.role, page=page.number, label=line.name,
                      found=body[position:position + 60], expected=line.label + line.forms[0])
            return ""
        position += len(line.label + line.forms[0])
    return body[position:]

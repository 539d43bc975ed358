"""Do the pages show what the record says, and nothing else? For OFD and PDF alike.

In the order of drawing, with white space taken out, a page's text must be, character by character, the labels
and values of the licence kind's face in their order: every text is accounted for and none is missing. The
places are checked too: a value stands beside or below its own label, lines follow each other downwards or in
a column further right, and no text lies on other text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from layouts import Kind, line_text, scope_summary, scope_text
from layouts.kind import Face, Line
from verify.model import PageView, TextRun
from verify.reasons import Findings
from verify.record import RecordData

__all__ = ["check_pages", "page_roles", "scope_forms", "squeeze"]

_SPACE: Final = re.compile(r"[\s\u00a0\u3000]+")
_PAGE_NUMBER: Final = re.compile(r"([0-9]{1,3})/([0-9]{1,3})")
_BASELINE_MM: Final = 1.0               # label and value of one line may differ by so much
_TOUCH_MM: Final = 0.5
_RUN_LIMIT: Final = 3000                # text objects of one page of a licence


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


def check_pages(kind: Kind, record: RecordData, pages: Sequence[PageView],
                found: Findings) -> list[Face] | None:
    """Compare all pages with the faces of the kind; return the face of each page."""
    faces = page_roles(kind, len(pages))
    if faces is None:
        found.add("page.count", "", detail=len(pages))
        return None
    total = sum(face.repeats for face in faces)
    pieces: list[str] = []
    for face, page in zip(faces, pages, strict=True):
        reader = _PageCheck(kind, record, face, page, found)
        reader.run(len(pieces) + 1, total)
        if face.repeats:
            pieces.append(reader.piece)
    whole = scope_forms(record)[0]
    if pieces and kind.scope is not None and "".join(pieces) != whole:
        last = next(face for face in faces if face.repeats)
        found.add("page.line", "", role=last.role, page=len(faces) - total + 1, label=kind.scope.field,
                  found="".join(pieces), expected=whole)
    return faces


@dataclass(frozen=True, slots=True)
class _Expected:
    """One line as it must read: its name for people, its text in each allowed form."""

    name: str
    label: str
    forms: tuple[str, ...]
    is_scope: bool


class _PageCheck:
    """One page against one face. ``piece`` is the part of the 许可范围 that a repeating page prints."""

    def __init__(self, kind: Kind, record: RecordData, face: Face, page: PageView, found: Findings) -> None:
        self.face, self.page, self.found = face, page, found
        self.lines = [self._expected(kind, record, line) for line in face.lines]
        self.text = ""
        self.starts: list[tuple[int, TextRun]] = []     # where each run begins in ``text``
        for run in sorted(page.runs, key=lambda each: each.order):
            words = squeeze(run.text)
            if words:
                self.starts.append((len(self.text), run))
                self.text += words
        self.position = 0
        self.piece = ""
        self.previous: list[TextRun] = []

    def _expected(self, kind: Kind, record: RecordData, line: Line) -> _Expected:
        """A line of the face with the record's values."""
        is_scope = kind.scope is not None and kind.scope.field in line.fields
        text = squeeze(line_text(kind, line, record.values))
        forms = (text, scope_forms(record)[1]) if is_scope and self.face.summary else (text,)
        return _Expected(line.label or text, squeeze(line.label), forms, is_scope)

    def run(self, index: int, total: int) -> None:
        """Read all lines off the page; name the first that differs, and what is left over."""
        end = self._foot(index, total) if self.face.repeats else len(self.text)
        for number, line in enumerate(self.lines):
            if not self._line(number, line, end):
                return
        if self.position != end:
            self._add("page.extra", found=self.text[self.position:end])
        self._overlaps()

    def _add(self, code: str, **facts: object) -> None:
        self.found.add(code, "", role=self.face.role, page=self.page.number, **facts)

    def _foot(self, index: int, total: int) -> int:
        """Check the page number, drawn last; return where the face's own text ends."""
        start, words = len(self.text), ""
        if self.starts:
            start = self.starts[-1][0]
            words = self.text[start:]
        match = _PAGE_NUMBER.fullmatch(words)
        if match is None or (int(match.group(1)), int(match.group(2))) != (index, total):
            self._add("page.number", found=words)
            return len(self.text)
        return start

    def _line(self, number: int, line: _Expected, end: int) -> bool:
        """Read one line: label, then value."""
        if not self.text.startswith(line.label, self.position):
            self._add("page.label", label=line.name)
            return False
        label = self._take(len(line.label))
        forms = line.forms
        if line.is_scope and self.face.repeats:
            tail = "".join(each.label + each.forms[0] for each in self.lines[number + 1:])
            self.piece = self.text[self.position:max(self.position, end - len(tail))]
            forms = (self.piece,)
        fitting = [form for form in forms if self.text.startswith(form, self.position)]
        if not fitting:
            self._add("page.line", label=line.name, found=self._shown(number), expected=forms[0])
            return False
        value = self._take(max(map(len, fitting)))
        if label is None or value is None or not self._well_placed(label, value):
            self._add("page.label", label=line.name)
            return False
        return True

    def _shown(self, number: int) -> str:
        """The text up to the next label, for people."""
        places = [self.text.find(line.label, self.position) for line in self.lines[number + 1:] if line.label]
        return self.text[self.position:min((at for at in places if at >= 0), default=len(self.text))]

    def _take(self, length: int) -> list[TextRun] | None:
        """Step over ``length`` characters; their runs, None when the end lies inside a run."""
        start, self.position = self.position, self.position + length
        runs = [run for at, run in self.starts if start <= at < self.position]
        whole = self.position == len(self.text) or any(at == self.position for at, _ in self.starts)
        return runs if whole else None

    def _well_placed(self, label: list[TextRun], value: list[TextRun]) -> bool:
        """The value begins beside its label and stays right of it; the line follows the one before."""
        if label:
            right = max(run.xs_mm[-1] for run in label)
            base = label[0].y_mm
            if any(abs(run.y_mm - base) > _BASELINE_MM for run in label):
                return False
            if value and abs(value[0].y_mm - base) > _BASELINE_MM:
                return False
            if any(run.xs_mm[0] < right or run.y_mm < base - _BASELINE_MM for run in value):
                return False
        runs = [*label, *value]
        before, self.previous = self.previous, runs or self.previous
        if not before or not runs:
            return True
        below = min(run.y_mm for run in runs) > max(run.y_mm for run in before) - _BASELINE_MM
        beside = min(run.xs_mm[0] for run in runs) > max(run.xs_mm[-1] for run in before)
        return below or beside

    def _overlaps(self) -> None:
        """Name text that lies on other text: seen so, neither could be read."""
        if len(self.starts) > _RUN_LIMIT:
            self._add("page.extra", found=f"> {_RUN_LIMIT}")
            return
        boxes = [(run.xs_mm[0], run.xs_mm[-1] + 0.3 * run.size_mm, run.y_mm - 0.6 * run.size_mm, run.y_mm)
                 for _, run in self.starts]
        boxes.sort(key=lambda box: box[2])
        for index, (left, right, _, bottom) in enumerate(boxes):
            for other_left, other_right, other_top, _ in boxes[index + 1:]:
                if other_top >= bottom - _TOUCH_MM:
                    break
                if left < other_right and other_left < right:
                    self._add("page.overlap")
                    return

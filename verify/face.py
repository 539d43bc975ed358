"""Do the pages show what the record says, and nothing else? For OFD and PDF alike.

In the order of drawing, with white space taken out, a page's text must be, character by character, the labels
and values of the licence kind's face in their order: every text is accounted for and none is missing. What runs over
pages is read over all of them, a table with its heads on each. The places are checked too: a value stands beside or
below its own label, lines follow each other downwards or in a column further right, text runs downwards, the cells of a
row stand side by side, and no text lies on other text.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from typing import Final

from layouts import FOLIOS, Kind
from layouts.kind import Face
from verify.face_lines import ExpectedLine, Running, expected_lines
from verify.face_lines import scope_forms as scope_forms
from verify.face_lines import squeeze as squeeze
from verify.model import PageView, RectMm, TextRun
from verify.reasons import Findings
from verify.record import RecordData

__all__ = ["check_pages", "page_roles", "scope_forms", "squeeze"]

_BASELINE_MM: Final = 1.0               # label and value of one line may differ by so much
_RUN_IN_MM: Final = 15.0                # running text goes on so far left of its label at most
_TOUCH_MM: Final = 0.5
_INK_EM: Final = 0.15                   # of the last glyph of a run, at least
_BLANKS: Final = frozenset(" \u3000")
_RUN_LIMIT: Final = 3000                # text objects of one page of a licence


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
    at = 0
    for face in kind.faces:
        own = pages[at:at + faces.count(face)]
        lines = expected_lines(kind, record, face)
        running = Running([line for line in lines if line.on == "run"])
        for index, page in enumerate(own, 1):
            _PageCheck(face, lines, running, page, found).run(index, len(own))
        if not running.read_whole and not running.broken:
            line = running.line
            found.add("page.line", "", role=face.role, page=at + 1, label=line.name, found=running.shown,
                      expected=line.forms[0])
        at += len(own)
    return faces


class _PageCheck:
    """One page against one face."""

    def __init__(self, face: Face, lines: Sequence[ExpectedLine], running: Running, page: PageView,
                 found: Findings) -> None:
        self.face, self.page, self.found, self.running = face, page, found, running
        self.lines = lines
        self.text = ""
        self.starts: list[tuple[int, TextRun]] = []     # where each run begins in ``text``
        for run in sorted(page.runs, key=lambda each: each.order):
            words = squeeze(run.text)
            odd = {char for char in run.text if char.isspace()} - _BLANKS if len(words) != len(run.text) else None
            if odd:                      # dropped when texts are compared, so they must be such that nobody sees
                self._add("page.extra", found=" ".join(f"U+{ord(char):04X}" for char in sorted(odd)))
            if words:
                self.starts.append((len(self.text), run))
                self.text += words
        self.places = [at for at, _ in self.starts]
        self.edges = {*self.places, len(self.text)}
        self.position = 0
        self.previous: list[TextRun] = []
        self.values: list[TextRun] = []                 # values that no seal may touch

    def run(self, index: int, total: int) -> None:
        """Read all lines off the page; name the first that differs, and what is left over."""
        if self._read(index, total):
            self._overlaps()
            self._under_seals()
        else:
            self.running.broken = True

    def _read(self, index: int, total: int) -> bool:
        """Fixed lines above, what runs over pages, fixed lines below, the page number."""
        end = self._foot(index, total) if self.face.repeats else len(self.text)
        shown = {"each"} | ({"first"} if index == 1 else set()) | ({"last"} if index == total else set())
        places = [number for number, line in enumerate(self.lines) if line.on == "run"]
        above = [line for line in (self.lines[:places[0]] if places else self.lines) if line.on in shown]
        below = [line for line in (self.lines[places[-1] + 1:] if places else ()) if line.on in shown]
        if not self._fixed(above):
            return False
        tail = sum(len(line.label + line.forms[0]) for line in below)
        if places and not self._run_on(max(self.position, end - tail)):
            return False
        if not self._fixed(below):
            return False
        if self.position != end:
            self._add("page.extra", found=self.text[self.position:end])
            return False
        return True

    def _fixed(self, lines: Sequence[ExpectedLine]) -> bool:
        """Lines that stand on this page alone; a table among them stands on it whole."""
        for number, line in enumerate(lines):
            if line.rows:
                whole = Running([line])
                read = self._table(whole, line, len(self.text)) and whole.read_whole
            else:
                read = self._line(lines[number + 1:], line)
            if not read:
                return False
        return True

    def _add(self, code: str, **facts: object) -> bool:
        self.found.add(code, "", role=self.face.role, page=self.page.number, **facts)
        return False

    def _foot(self, index: int, total: int) -> int:
        """Check the page number, drawn last; return where the face's own text ends."""
        for folio in FOLIOS:
            words = squeeze(folio.format(n=index, m=total))
            start = len(self.text) - len(words)
            if self.text.endswith(words) and start in self.edges:
                return start
        self._add("page.number", found=self.text[self.starts[-1][0]:] if self.starts else "")
        return len(self.text)

    # -- lines that stand on one page

    def _line(self, rest: Sequence[ExpectedLine], line: ExpectedLine) -> bool:
        """Read one line: label, then value."""
        if not self.text.startswith(line.label, self.position):
            return self._add("page.label", label=line.name)
        label = self._take(len(line.label))
        fitting = [form for form in line.forms if self.text.startswith(form, self.position)]
        if not fitting:
            return self._add("page.line", label=line.name, found=self._shown(rest), expected=line.forms[0])
        value = self._take(max(map(len, fitting)))
        if label is None or value is None or not self._well_placed(label, value):
            return self._add("page.label", label=line.name)
        self._keep_clear(line, value)
        return True

    def _shown(self, rest: Sequence[ExpectedLine]) -> str:
        """The text up to the next label, for people."""
        places = [self.text.find(line.label, self.position) for line in rest if line.label]
        return self.text[self.position:min((at for at in places if at >= 0), default=len(self.text))]

    def _take(self, length: int) -> list[TextRun] | None:
        """Step over ``length`` characters; their runs, None when the end lies inside a run."""
        start, self.position = self.position, self.position + length
        first, end = (bisect.bisect_left(self.places, at) for at in (start, self.position))
        runs = [run for _, run in self.starts[first:end]]
        return runs if self.position in self.edges else None

    def _well_placed(self, label: list[TextRun], value: list[TextRun]) -> bool:
        """The value begins beside its label and stays right of it, or goes on below it; the line follows the last."""
        if label:
            left, right = label[0].xs_mm[0], max(run.xs_mm[-1] for run in label)
            base = label[0].y_mm
            if any(abs(run.y_mm - base) > _BASELINE_MM for run in label):
                return False
            if value and (abs(value[0].y_mm - base) > _BASELINE_MM or value[0].xs_mm[0] < right):
                return False
            if any(run.y_mm < base - _BASELINE_MM or (
                    run.xs_mm[0] < right and (run.y_mm < base + _BASELINE_MM or run.xs_mm[0] < left - _RUN_IN_MM))
                    for run in value):
                return False
        return self._follows([*label, *value])

    def _follows(self, runs: list[TextRun]) -> bool:
        """Whether runs stand below what came before them, or right of it."""
        before, self.previous = self.previous, runs or self.previous
        if not before or not runs:
            return True
        below = min([run.y_mm for run in runs]) > max([run.y_mm for run in before]) - _BASELINE_MM
        return below or min([run.xs_mm[0] for run in runs]) > max([run.xs_mm[-1] for run in before])

    # -- what runs over pages

    def _run_on(self, end: int) -> bool:
        """Read on where the page before stopped."""
        running = self.running
        while self.position < end and not running.read_whole:
            line = running.line
            if line.is_scope:
                read = self._scope(running, line, end)
            else:
                read = self._table(running, line, end) if line.rows else self._passage(running, line, end)
            if not read:
                return False
        if self.position != end:
            return self._add("page.extra", found=self.text[self.position:end])
        return True

    def _scope(self, running: Running, line: ExpectedLine, end: int) -> bool:
        """The 许可范围 has its label on each page that it reaches."""
        if not self.text.startswith(line.label, self.position):
            return self._add("page.label", label=line.name)
        label = self._take(len(line.label))
        piece = self.text[self.position:end]
        rest = line.forms[0][running.offset:]
        if not piece or not rest.startswith(piece):
            return self._add("page.line", label=line.name, found=piece, expected=rest)
        value = self._take(len(piece))
        if label is None or value is None or not self._well_placed(label, value):
            return self._add("page.label", label=line.name)
        running.advance(len(piece))
        self._keep_clear(line, value)
        return True

    def _passage(self, running: Running, line: ExpectedLine, end: int) -> bool:
        """A line of running text, or as much of it as stands on this page."""
        here = self.text[self.position:end]
        label: list[TextRun] | None = []
        if line.label and not running.offset:
            if not here.startswith(line.label):
                return self._add("page.label", label=line.name)
            label = self._take(len(line.label))
            here = here[len(line.label):]
        rest = line.forms[0][running.offset:]
        if not (here.startswith(rest) or rest.startswith(here)):
            return self._add("page.line", label=line.name, found=here[:len(rest)], expected=rest)
        length = min(len(here), len(rest))
        value = self._take(length)
        if label is None or value is None or not _downwards([*label, *value]) \
                or not self._well_placed(label, value):
            return self._add("page.label", label=line.name)
        running.advance(length)
        self._keep_clear(line, value)
        return True

    def _table(self, running: Running, line: ExpectedLine, end: int) -> bool:
        """A table, or as many rows of it as stand on this page, under its heads."""
        heads = [line.label, *line.heads] if running.fresh and line.label else [*line.heads]
        if not self.text.startswith("".join(heads), self.position):
            return self._add("page.label", label=line.name)
        if running.fresh and line.label and not self._follows(self._take(len(line.label)) or []):
            return self._add("page.label", label=line.name)
        if not self._row(list(line.heads)) or self.position >= end:
            return self._add("page.label", label=line.name)
        while not running.table_read and self.position < end:
            here = self.text[self.position:end]
            parts = running.row_parts(here, [edge - self.position for edge in self.edges])
            if parts is None:
                return self._add("page.line", label=line.name, found=here[:200], expected="".join(running.row_left))
            if not self._row(parts):
                return self._add("page.label", label=line.name)
        if running.table_read:
            running.next_line()
        return True

    def _row(self, parts: Sequence[str]) -> bool:
        """Step over the cells of a row: each reads downwards, each stands right of the one before, all below."""
        everything: list[TextRun] = []
        right = float("-inf")
        for part in parts:
            runs = self._take(len(part)) if part else []
            if runs is None or not _downwards(runs) or (runs and min(run.xs_mm[0] for run in runs) <= right):
                return False
            right = max([right, *(run.xs_mm[-1] for run in runs)])
            everything += runs
        self.values += everything
        before, self.previous = self.previous, everything or self.previous
        return not before or not everything or (
            min(run.y_mm for run in everything) > max(run.y_mm for run in before) - _BASELINE_MM)

    def _keep_clear(self, line: ExpectedLine, value: Sequence[TextRun]) -> None:
        """Remember the runs of a value that no seal may touch."""
        if not line.under_seal:
            self.values += value

    def _under_seals(self) -> None:
        """Name a seal that touches a picture, or a value other than who issued and when: it could change it."""
        for seal in self.page.seals:
            box = seal.clip or seal.box
            for run in self.values:
                size = run.size_mm
                ink = RectMm(x_mm=run.xs_mm[0] + 0.1 * size, y_mm=run.y_mm - 0.7 * size, height_mm=0.7 * size,
                             width_mm=run.xs_mm[-1] - run.xs_mm[0] + 0.3 * size)
                if box.overlaps(ink):
                    self._add("page.under-seal", found=run.text)
                    return
            if any(box.overlaps(picture.box) for picture in self.page.pictures):
                self._add("page.seal-on-picture")
                return

    def _overlaps(self) -> None:
        """Name text that lies on other text: seen so, neither could be read."""
        if len(self.starts) > _RUN_LIMIT:
            self._add("page.extra", found=f"> {_RUN_LIMIT}")
            return
        boxes = [(run.xs_mm[0], _last_x(run) + _INK_EM * run.size_mm, run.y_mm - 0.6 * run.size_mm, run.y_mm)
                 for _, run in self.starts]
        boxes.sort(key=lambda box: box[2])
        for index, (left, right, _, bottom) in enumerate(boxes):
            for other_left, other_right, other_top, _ in boxes[index + 1:]:
                if other_top >= bottom - _TOUCH_MM:
                    break
                if left < other_right and other_left < right:
                    self._add("page.overlap")
                    return


def _last_x(run: TextRun) -> float:
    """Where the last glyph that is no blank stands."""
    return next(x for char, x in zip(reversed(run.text), reversed(run.xs_mm), strict=True) if not char.isspace())


def _downwards(runs: Sequence[TextRun]) -> bool:
    """Whether each run goes on right of the one before on its line, or below it."""
    for one, other in itertools.pairwise(runs):
        beside = abs(other.y_mm - one.y_mm) <= _TOUCH_MM and other.xs_mm[0] > one.xs_mm[-1]
        if not beside and other.y_mm <= one.y_mm + _TOUCH_MM:
            return False
    return True

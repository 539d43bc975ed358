"""Do the bytes of a foreign PDF hold what its cross-reference does not name?

Readers that repair a file scan it for objects. Where that scan would find another object than the
cross-reference names, two readers may show two files, and the file is never called genuine.
"""

from __future__ import annotations

import re
from typing import Final

from verify.foreign.pdf_reasons import ForeignRefusal, foreign_finding
from verify.foreign.pdf_store import State, Store
from verify.foreign.pdf_xref import BLANK, FREE, Entry
from verify.model import Finding
from verify.pdf_objects import Stream

__all__ = ["check_layout"]

_OBJECT: Final = re.compile(rb"(?<!\d)(\d{1,10})[\x00\t\n\x0c\r ]+\d{1,5}[\x00\t\n\x0c\r ]+obj(?![A-Za-z])")
_WORDS: Final = re.compile(rb"(?<![A-Za-z])(?:trailer|startxref|xref)(?![A-Za-z])")
_MANY: Final = 20                        # findings of one kind


def check_layout(store: Store, states: tuple[State, ...]) -> list[Finding]:
    """Parse every object that a cross-reference names and look at the bytes between them.

    Raises:
        PdfRefusal: an object is not where the cross-reference says.
    """
    found: list[Finding] = []
    start = 0
    for index, state in enumerate(states):
        before = states[index - 1] if index else None
        for code, where in (*state.section.forgiven[:_MANY], *state.section.doubts[:_MANY]):
            found.append(foreign_finding(code, where))
        after = states[index + 1] if index + 1 < len(states) else None
        found += _Revision(store, state, before, start, after if after and _is_hybrid(after) else None).findings()
        start = state.end
    return found


def _is_hybrid(state: State) -> bool:
    """Whether a revision has a table and a stream."""
    return "XRefStm" in state.section.trailer


class _Revision:
    """The bytes of one revision. Objects that old readers are not to see are named by a ``hybrid`` that follows."""

    def __init__(self, store: Store, state: State, before: State | None, start: int, hybrid: State | None) -> None:
        self.store, self.state, self.before, self.start, self.hybrid = store, state, before, start, hybrid
        self.found: dict[tuple[str, str], Finding] = {}

    def add(self, code: str, where: str) -> None:
        """Keep a finding, each once, not too many."""
        if len(self.found) < _MANY:
            self.found.setdefault((code, where), foreign_finding(code, where))

    def findings(self) -> list[Finding]:
        """What is odd about the revision."""
        for number in sorted(self.state.section.streamed):
            self.streamed(number)
        for number in sorted(self.state.section.unlisted):
            self.unlisted(number)
        spans = [*self.spans(), *self.state.section.places]
        spans.sort()
        position = self.start
        for begin, end in spans:
            if begin < position and (begin, end) not in self.state.section.places:
                self.add("fpdf.overlap", f"@{begin}")
            if begin > position:
                self.gap(position, begin)
            position = max(position, end)
        if position < self.state.end:
            self.gap(position, self.state.end)
        return list(self.found.values())

    def spans(self) -> list[tuple[int, int]]:
        """The bytes of the objects that the revision's own cross-reference names."""
        own = self.state.section.places[0][0]
        made: set[tuple[int, int]] = set()
        for number in self.state.section.entries:
            entry = self.state.entries[number]
            if entry.packed:
                self.packed(number, entry.first, entry.second)
                continue
            if not entry.plain:
                continue
            if not self.start <= entry.first < self.state.end:
                if not self.stood(number, entry):
                    self.add("fpdf.xref-back", f"{number} {entry.second} R")
                continue
            if entry.first == own or any(begin == entry.first for begin, _ in self.state.section.places):
                continue
            value = self.state.value(number)
            made.add((entry.first, self.store.spans[entry.first]))
            self.container(number, value)
            self.inside(number, value)
        return sorted(made | (self.hidden(self.hybrid) if self.hybrid else set()))

    def streamed(self, number: int) -> None:
        """What only the stream of a hybrid section names: readers of its table alone keep, or lose, what was before."""
        known = self.before.entries.get(number, FREE) if self.before else FREE
        if known != FREE and (number in self.state.section.freed or known != self.state.entries[number]):
            self.add("fpdf.hybrid-differs", f"{number} 0 R")

    def unlisted(self, number: int) -> None:
        """A cross-reference stream that does not name itself takes no number but that of another one."""
        known = self.before.entries.get(number, FREE) if self.before else FREE
        sections = {start for section in self.store.chain.sections for start, _ in section.places}
        if known != FREE and not (known.plain and known.first in sections):
            self.add("fpdf.object-twice", f"{number} 0 R")

    def hidden(self, hybrid: State) -> set[tuple[int, int]]:
        """The bytes of objects here that only the stream of the hybrid section that follows names."""
        made: set[tuple[int, int]] = set()
        for number, entry in hybrid.section.entries.items():
            if entry.plain and self.start <= entry.first < self.state.end and self.state.place(number) is None:
                self.inside(number, hybrid.value(number))
                made.add((entry.first, self.store.spans[entry.first]))
        return made

    def stood(self, number: int, entry: Entry) -> bool:
        """Whether an entry that points at earlier bytes said so before, or is one that a hybrid file hid there."""
        if self.before is None:
            return False
        hid = _is_hybrid(self.state) and self.before.place(number) is None
        return hid or self.before.entries.get(number) == entry

    def packed(self, number: int, container: int, index: int) -> None:
        """An object in an object stream must stand in one that belongs to the same or an earlier revision."""
        before = self.before
        self.state.value(number)
        if before is not None and before.place(number) != self.state.place(number) and (
                before.place(container) == self.state.place(container)):
            self.add("fpdf.xref-back", f"{number} 0 R")
        if index < 0:
            raise ForeignRefusal("fpdf.object-stream", f"{number} 0 R")

    def container(self, number: int, value: object) -> None:
        """All that an object stream of this revision holds is named at its place."""
        entries = getattr(value, "entries", None)
        if not isinstance(entries, dict) or entries.get("Type") != "ObjStm":
            return
        held = self.store.pack(number, self.state.entries[number], self.state)
        for index, (one, _) in enumerate(held):
            entry = self.state.entries.get(one)
            if entry is None or not entry.packed or (entry.first, entry.second) != (number, index):
                self.add("fpdf.object-twice", f"{one} 0 R")

    def inside(self, number: int, value: object) -> None:
        """What readers that search the file for objects would find in a stream, referred to or not."""
        if not isinstance(value, Stream):
            return
        if b"endstream" in value.raw:
            self.add("fpdf.stream-end", f"{number} 0 R")
        elif b"obj" in value.raw and _OBJECT.search(value.raw):
            self.add("fpdf.stream-object", f"{number} 0 R")

    def gap(self, begin: int, end: int) -> None:
        """Bytes between objects: blanks and comments; anything else is told."""
        gap = self.store.data[begin:end]
        hidden = _OBJECT.search(gap)
        if hidden is not None:
            number = int(hidden[1])
            twice = number in self.state.section.entries
            self.add("fpdf.object-twice" if twice else "fpdf.hidden-object", f"{number} 0 R @{begin + hidden.start()}")
        elif _WORDS.search(gap):
            self.add("fpdf.xref", f"@{begin}")
        else:
            if BLANK.fullmatch(gap) is None:
                self.add("form.pdf-loose-bytes", f"@{begin}")

"""What each line of a face must say, and how far running text was read.

Texts are compared without white space. A row of a table that is taller than a page stands on several: which part of
which cell stands where is found out from the text, every way that is possible being kept until only whole rows count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from layouts import Kind, cell_tag, cells, heads, line_text, scope_summary, scope_text, stands, table_of
from layouts.kind import Face, Line, Table
from verify.record import RecordData

__all__ = ["ExpectedLine", "Running", "expected_lines", "scope_forms", "squeeze"]

_UNDER_SEAL: Final = ("issuer_name", "issued")
_WAYS: Final = 5_000                    # tried for the parts of one row; a hostile table has more

Row = tuple[str, ...]


def squeeze(text: str) -> str:
    """Text without white space."""
    return "".join(text.split())


def scope_forms(record: RecordData) -> tuple[str, str]:
    """The 许可范围 whole and as a summary, without white space."""
    return squeeze(scope_text(record.scope)), squeeze(scope_summary(record.scope))


@dataclass(frozen=True, slots=True)
class ExpectedLine:
    """One line as it must read: its name for people, its text in each allowed form, or its heads and rows."""

    name: str
    label: str
    forms: tuple[str, ...]
    is_scope: bool
    on: str
    heads: Row = ()
    rows: tuple[Row, ...] = ()
    under_seal: bool = False            # the seal stands over it: who issued, and when


def expected_lines(kind: Kind, record: RecordData, face: Face) -> list[ExpectedLine]:
    """The lines of a face that stand, with the record's values."""
    return [_expected(kind, record, face, line) for line in face.lines if stands(line, record.values)]


def _expected(kind: Kind, record: RecordData, face: Face, line: Line) -> ExpectedLine:
    is_scope = kind.scope is not None and kind.scope.field in line.fields
    text = squeeze(line_text(kind, line, record.values))
    forms = (text, scope_forms(record)[1]) if is_scope and face.summary else (text,)
    table, rows = table_of(kind, line), tuple[Row, ...]()
    if table is not None:
        value = record.values.get(table.label)
        texts = dict(cells(table, value))
        rows = tuple(tuple(squeeze(texts.get(cell_tag(table.label, number, column.label), ""))
                           for column in table.columns)
                     for number in range(1, len(value.rows) + 1 if isinstance(value, Table) else 1))
        rows = tuple(row for row in rows if any(row))
    return ExpectedLine(line.label or text[:40], squeeze(line.label), forms, is_scope, line.on,
                        tuple(map(squeeze, heads(kind, line))) if rows else (), rows,
                        any(kind.roles.get(role) in line.fields for role in _UNDER_SEAL))


@dataclass(slots=True)
class Running:
    """How far the running lines of a face were read: the line, and in it the character or the row.

    ``ways``: for each possible reading the characters of each cell of the row that were read on earlier pages.
    """

    lines: Sequence[ExpectedLine]
    index: int = 0
    offset: int = 0
    row: int = 0
    ways: set[tuple[int, ...]] = field(default_factory=set)
    broken: bool = False                # a page differs: what follows it is not looked for
    shown: str = ""

    def __post_init__(self) -> None:
        self._skip()

    @property
    def line(self) -> ExpectedLine:
        """The line that is being read."""
        return self.lines[self.index]

    @property
    def read_whole(self) -> bool:
        """Whether every line was read to its end."""
        return self.index >= len(self.lines)

    @property
    def fresh(self) -> bool:
        """Whether nothing of the table was read."""
        return not self.row and not self.ways

    @property
    def table_read(self) -> bool:
        """Whether the table was read to its end."""
        return self.row >= len(self.line.rows)

    @property
    def row_left(self) -> Row:
        """What is left of the row, in one of its readings."""
        if self.table_read:
            return ()
        row = self.line.rows[self.row]
        return tuple(text[at:] for text, at in zip(row, next(iter(self.ways), (0,) * len(row)), strict=True))

    def advance(self, length: int) -> None:
        """``length`` more characters of the line's text were read."""
        self.offset += length
        if self.offset >= len(self.line.forms[0]):
            self.next_line()

    def next_line(self) -> None:
        """The line was read to its end."""
        self.index, self.offset, self.row, self.ways = self.index + 1, 0, 0, set()
        self._skip()

    def _skip(self) -> None:
        while not self.read_whole and not (self.line.label or self.line.forms[0] or self.line.rows):
            self.index += 1

    def row_parts(self, here: str, edges: Sequence[int]) -> list[str] | None:
        """The cells of the next row that the text ``here`` begins with, or their parts when it holds no more.

        Args:
            edges: where runs begin or end in ``here``; a part ends at one of them.
        """
        row = self.line.rows[self.row]
        for way in self.ways or {(0,) * len(row)}:
            rest = [text[at:] for text, at in zip(row, way, strict=True)]
            if here.startswith("".join(rest)) and "".join(rest):
                self.row, self.ways = self.row + 1, set()
                return rest
        cuts, budget = frozenset(edges), [_WAYS]
        found: dict[tuple[int, ...], list[str]] = {}
        for way in self.ways or {(0,) * len(row)}:
            for lengths in _divisions([text[at:] for text, at in zip(row, way, strict=True)], here, 0, cuts, budget):
                ends = tuple(at + length for at, length in zip(way, lengths, strict=True))
                places = [sum(lengths[:number]) for number in range(len(lengths))]
                found.setdefault(ends, [here[at:at + length] for at, length in zip(places, lengths, strict=True)])
        if not found or budget[0] < 0:
            return None
        self.ways = set(found)
        return next(iter(found.values()))


def _divisions(texts: Sequence[str], here: str, at: int, cuts: frozenset[int], budget: list[int]) -> list[list[int]]:
    """All ways to make the text ``here`` from ``at`` on out of beginnings of the texts, cut where runs end.

    Each text that is not empty gives one character at least: every cell of a parted row goes on in each part.
    """
    budget[0] -= 1
    if budget[0] < 0:
        return []
    if not texts:
        return [[]] if at == len(here) else []
    text, made = texts[0], list[list[int]]()
    if not text:
        return [[0, *rest] for rest in _divisions(texts[1:], here, at, cuts, budget)]
    length = 0
    while length < len(text) and at + length < len(here) and text[length] == here[at + length]:
        length += 1
        if at + length in cuts:
            made += [[length, *rest] for rest in _divisions(texts[1:], here, at + length, cuts, budget)]
    return made

"""Objects of a foreign PDF, and what a reader sees of them after each of its revisions.

A file is parsed once; a :class:`State` is the file as it ends with one revision. So what was signed and what
there is now are read by the same eyes and can be compared.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from verify.foreign.pdf_filters import inflate
from verify.foreign.pdf_reasons import ForeignRefusal
from verify.foreign.pdf_xref import FREE, HEAD, MAX_OBJECTS, STREAM, Chain, Entry, Section, read_chain
from verify.pdf_file import MAX_TOTAL, Budget
from verify.pdf_objects import WHITE_SPACE, Dict, Object, ObjectReader, PdfString, Ref, Stream, skip_space

__all__ = ["Place", "State", "Store", "refs_of", "same"]

Place = tuple[int, int]
"""Where an object's bytes stand: offset in the file (of its object stream, when packed) and index (-1: plain)."""

_MAX_DEPTH: Final = 40
_END: Final = re.compile(rb"endobj(?![^\x00\t\n\x0c\r ()<>\[\]{}/%])")
_SLACK: Final = 1 << 20
_MAX_WALKED: Final = 30_000_000         # values and links on all ways through a file, of all its revisions
_HEAD: Final = re.compile(
    rb"[\x00\t\n\x0c\r ]*+(?:\d{1,10}+(?=[\x00\t\n\x0c\r ]|\Z)[\x00\t\n\x0c\r ]*+)*+")
_DIGITS: Final = re.compile(rb"\d+")
_REGULAR: Final = re.compile(rb"[^\x00\t\n\x0c\r ()<>\[\]{}/%]")


def same(one: Object, other: Object) -> bool:
    """Whether two objects say the same to every reader, wherever they stand.

    8 and 8.0 do not, for some readers take one of them alone; nor do two spellings of a string of which readers make
    different bytes.
    """
    if one is other:                    # what a later revision leaves alone is the very object
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, PdfString) and isinstance(other, PdfString):
        return one.value == other.value and one.odd == other.odd
    if isinstance(one, Stream) and isinstance(other, Stream):
        return one.raw == other.raw and same(one.entries, other.entries)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def _ends(data: bytes, offset: int) -> bool:
    """Whether no token goes on beyond an offset."""
    return not (_REGULAR.match(data, offset) and offset and _REGULAR.match(data, offset - 1))


def refs_of(value: Object, count: Callable[[int], None] = lambda _: None) -> Iterator[Ref]:
    """Every reference inside an object; ``count`` is told how many values are looked at for it."""
    pending: list[Object] = [value]
    while pending:
        one = pending.pop()
        kind = type(one)
        if kind is Ref:
            yield one  # type: ignore[misc]
        elif kind is dict:
            count(len(one))  # type: ignore[arg-type]
            pending.extend(one.values())  # type: ignore[union-attr]
        elif kind is list:
            count(len(one))  # type: ignore[arg-type]
            pending.extend(one)  # type: ignore[arg-type]
        elif kind is Stream:
            pending.extend(one.entries.values())  # type: ignore[union-attr]


class _Inflated(Budget):
    """The budget of one file, which knows what was spent of it."""

    @property
    def spent(self) -> int:
        """Bytes that streams were inflated to."""
        return MAX_TOTAL - self.left


@dataclass(slots=True)
class Store:
    """All that was parsed of one file. ``spans`` tells where each plain object ends; ``reader`` reads its objects,
    ``contents`` the operands of what fields show, each counting what it read."""

    data: bytes
    chain: Chain
    budget: _Inflated
    reader: ObjectReader = field(default_factory=lambda: ObjectReader(empty_names=True))
    contents: ObjectReader = field(default_factory=ObjectReader)
    values: dict[tuple[int, int, int], Object] = field(default_factory=dict)
    spans: dict[int, int] = field(default_factory=dict)
    links: dict[tuple[Place, int], tuple[int, ...]] = field(default_factory=dict)
    spent: int = 0                      # bytes of the objects that were read; each is read once
    walked: int = 0
    packs: dict[int, tuple[tuple[int, Object], ...]] = field(default_factory=dict)

    @classmethod
    def read(cls, data: bytes) -> Store:
        """Read the skeleton.

        Raises:
            PdfRefusal: it cannot be read without repair, or is not supported.
        """
        if not data.startswith(b"%PDF-"):
            raise ForeignRefusal("fpdf.header", "@0")
        budget = _Inflated()
        return cls(data, read_chain(data, budget), budget)

    def states(self) -> tuple[State, ...]:
        """The file after each revision, oldest first."""
        made: list[State] = []
        entries: dict[int, Entry] = {}
        last = 0
        for section in self.chain.sections:
            entries = {**entries, **section.entries}
            last = max(last, max((number for number, entry in section.entries.items() if entry != FREE), default=0))
            if len(entries) > MAX_OBJECTS:
                raise ForeignRefusal("fpdf.too-large", "xref")
            if "Encrypt" in section.trailer:
                raise ForeignRefusal("fpdf.encrypted", "trailer")
            size = section.trailer.get("Size")
            if type(size) is int and size <= last:          # the last may have been deleted
                last = max((number for number, entry in entries.items() if entry != FREE), default=0)
            if type(size) is not int or size <= last:       # objects beyond it are missing to some readers alone
                raise ForeignRefusal("fpdf.xref", f"Size @{section.at}")
            made.append(State(self, len(made) + 1, section, entries))
        return tuple(made)

    def plain(self, number: int, entry: Entry, state: State) -> Object:
        """The object at an offset, whose own head must bear its number."""
        where = f"{number} {entry.second} R"
        if (entry.first, number, entry.second) in self.values:
            known = self.values[entry.first, number, entry.second]
            self.keeps_length(known, state, where)
            return known
        head = HEAD.match(self.data, entry.first)
        if head is None or (int(head[1]), int(head[2])) != (number, entry.second):
            raise ForeignRefusal("fpdf.xref", f"{where} @{entry.first}")
        value, position = self.reader.read(self.data, head.end())
        begin = STREAM.match(self.data, position) if isinstance(value, dict) else None
        if isinstance(value, dict) and begin is not None:
            value, position = self.stream(value, begin.end(), state, where)
        self.spend(position - entry.first, where)
        position = skip_space(self.data, position)
        if not _END.match(self.data, position):
            raise ForeignRefusal("fpdf.xref", where)
        self.values[entry.first, number, entry.second] = value
        self.spans[entry.first] = position + len(b"endobj")
        return value

    def stream(self, entries: Dict, start: int, state: State, where: str) -> tuple[Stream, int]:
        """The bytes of a stream; its length is true to the byte, but for one line end."""
        length = state.deref(entries.get("Length"))
        if type(length) is not int or not 0 <= length <= len(self.data) - start:
            raise ForeignRefusal("fpdf.xref", f"Length {where}")
        stop = start + length
        end = next((stop + len(eol) for eol in (b"\r\n", b"\n", b"\r", b"")
                    if self.data.startswith(eol + b"endstream", stop)), None)
        if end is None:
            raise ForeignRefusal("fpdf.xref", f"Length {where}")
        return Stream(entries, self.data[start:stop]), end + len(b"endstream")

    def keeps_length(self, value: Object, state: State, where: str) -> None:
        """A stream whose length stands elsewhere has the same one in every state of the file."""
        if isinstance(value, Stream) and isinstance(value.entries.get("Length"), Ref):
            length = state.deref(value.entries["Length"])
            if type(length) is not int or length != len(value.raw):
                raise ForeignRefusal("fpdf.xref", f"Length {where}")

    def pack(self, number: int, entry: Entry, state: State) -> tuple[tuple[int, Object], ...]:
        """The objects of an object stream with their numbers (ISO 32000-2, 7.5.7)."""
        where = f"{number} 0 R"
        stream = self.plain(number, entry, state) if entry.plain and not entry.second else None
        found = self.packs.get(entry.first)
        if found is not None:
            return found
        if not isinstance(stream, Stream) or stream.entries.get("Type") != "ObjStm" or "F" in stream.entries:
            raise ForeignRefusal("fpdf.object-stream", where)
        count, first = stream.entries.get("N"), stream.entries.get("First")
        data = inflate(stream.raw, stream.entries, self.budget, where)
        if type(count) is not int or type(first) is not int or not 0 <= count <= MAX_OBJECTS or first < 0:
            raise ForeignRefusal("fpdf.object-stream", where)
        told = _DIGITS.finditer(data, 0, first) if _HEAD.fullmatch(data, 0, first) else iter(())
        head = [each[0] for each in itertools.islice(told, 2 * count + 1)]
        if len(head) != 2 * count or not _ends(data, first):
            raise ForeignRefusal("fpdf.object-stream", where)
        pairs = [(int(head[place]), first + int(head[place + 1])) for place in range(0, 2 * count, 2)]
        made: list[tuple[int, Object]] = []
        position = first
        for one, offset in pairs:       # in their order, with nothing between them
            if offset < position or data[position:offset].strip(WHITE_SPACE) or not _ends(data, offset) or (
                    data.startswith(b"%", skip_space(data, offset))):
                raise ForeignRefusal("fpdf.object-stream", where)
            value, position = self.packed_value(data, offset, where)
            made.append((one, value))
        if data[position:].strip(WHITE_SPACE):
            raise ForeignRefusal("fpdf.object-stream", where)
        self.packs[entry.first] = tuple(made)
        return self.packs[entry.first]

    def packed_value(self, data: bytes, offset: int, where: str) -> tuple[Object, int]:
        """One object of an object stream and the offset behind it."""
        value, end = self.reader.read(data, offset)
        self.spend(end - offset, where)
        return value, end

    def spend(self, count: int, where: str) -> None:
        """Count the bytes of objects: of those that lie in one another each would be parsed, and its stream kept.

        A byte of the file may be one of an object stream, and of an object in it.
        """
        self.spent += count
        if self.spent > 2 * len(self.data) + self.budget.spent + _SLACK:
            raise ForeignRefusal("fpdf.too-large", where)

    def walk(self, count: int) -> None:
        """Count what ways through the file look at: each revision is walked through several times."""
        self.walked += count
        if self.walked > _MAX_WALKED:
            raise ForeignRefusal("fpdf.too-large", "objects")


class State:
    """The file as it ends with one revision. Absent and free objects are null, as the standard has it."""

    __slots__ = ("_depth", "entries", "number", "section", "store")

    def __init__(self, store: Store, number: int, section: Section, entries: Mapping[int, Entry]) -> None:
        self.store, self.number, self.section, self.entries = store, number, section, entries
        self._depth = 0

    @property
    def end(self) -> int:
        """Offset behind the revision."""
        return self.section.end

    @property
    def trailer(self) -> Dict:
        """The trailer that is in force."""
        return self.section.trailer

    @property
    def root(self) -> Dict:
        """The catalog."""
        found = self.deref(self.trailer.get("Root"))
        if not isinstance(found, dict) or not isinstance(self.trailer.get("Root"), Ref):
            raise ForeignRefusal("fpdf.type", "Root", what="Catalog")
        return found

    def generation(self, number: int) -> int:
        """The generation that a reference must name."""
        entry = self.entries.get(number, FREE)
        return entry.second if entry.plain else 0

    def place(self, number: int) -> Place | None:
        """Where an object's bytes stand; None when there is no such object."""
        entry = self.entries.get(number, FREE)
        if entry.plain:
            return entry.first, -1
        if entry.packed:
            container = self.entries.get(entry.first, FREE)
            return (container.first, entry.second) if container.plain else None
        return None

    def value(self, number: int) -> Object:
        """The object of a number, null when there is none.

        Raises:
            PdfRefusal: the cross-reference does not tell the truth, or bad syntax.
        """
        entry = self.entries.get(number, FREE)
        if entry.plain:
            self._depth += 1
            try:
                if self._depth > _MAX_DEPTH:
                    raise ForeignRefusal("fpdf.xref", f"{number} 0 R")
                return self.store.plain(number, entry, self)
            finally:
                self._depth -= 1
        if not entry.packed:
            return None
        container = self.entries.get(entry.first, FREE)
        objects = self.store.pack(entry.first, container, self)
        if entry.second >= len(objects) or objects[entry.second][0] != number:
            raise ForeignRefusal("fpdf.object-stream", f"{number} 0 R")
        return objects[entry.second][1]

    def links(self, number: int) -> tuple[int, ...]:
        """Numbers of the objects that an object refers to."""
        place = self.place(number)
        if place is None:
            return ()
        found = self.store.links.get((place, number))
        if found is None:
            found = tuple({ref.number for ref in refs_of(self.value(number))})
            self.store.links[place, number] = found
        return found

    def leads(self, ref: Ref) -> bool:
        """Whether a reference names an object by its generation."""
        return self.generation(ref.number) == ref.generation and self.place(ref.number) is not None

    def deref(self, value: Object) -> Object:
        """Follow a reference, at most one step; one to another generation is null."""
        if not isinstance(value, Ref):
            return value
        if self.generation(value.number) != value.generation:
            return None
        found = self.value(value.number)
        if isinstance(found, Ref):
            raise ForeignRefusal("fpdf.type", f"{value.number} {value.generation} R", what="reference")
        return found

    def dict(self, value: Object) -> Dict:
        """A dictionary (of a stream too), empty for anything else."""
        found = self.deref(value)
        if isinstance(found, Stream):
            return found.entries
        return found if isinstance(found, dict) else {}

    def list(self, value: Object) -> Sequence[Object]:
        """An array, empty for anything else."""
        found = self.deref(value)
        return found if isinstance(found, list) else ()

    def counted(self, value: Object) -> Sequence[Object]:
        """An array that is gone through: many objects may have the same one, and it counts for each."""
        found = self.list(value)
        self.store.walk(len(found))
        return found

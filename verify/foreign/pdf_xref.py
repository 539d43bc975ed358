"""Reads the cross-reference sections of a foreign PDF (ISO 32000-2, 7.5.4 to 7.5.8), newest first.

Tables, streams and files that have both are read. Nothing is repaired: a file whose sections do not lie where
its end and each ``Prev`` say is refused, for readers that repair would not agree on what it shows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from verify.foreign.pdf_filters import inflate, integer
from verify.foreign.pdf_reasons import ForeignRefusal
from verify.pdf_file import Budget
from verify.pdf_objects import Dict, ObjectReader, skip_space

__all__ = ["BLANK", "FREE", "HEAD", "MAX_NUMBER", "MAX_OBJECTS", "STREAM", "Chain", "Entry", "Section", "read_chain"]

MAX_SECTIONS: Final = 64
MAX_OBJECTS: Final = 60_000
_FREE, _PLAIN, _PACKED = 0, 1, 2
_TAIL_LENGTH: Final = 2048
_LINE_END: Final = 2                     # bytes
_TAIL_END: Final = 64                    # bytes from startxref to the end: some readers look no further back
MAX_NUMBER: Final = 8_388_607            # of an object (ISO 32000-1, annex C)
_MAX_NEXT: Final = 9_999_999_999         # number that a free row tells: the digits of a table
_WIDTHS: Final = (1, 8, 2)               # of a row's fields, in bytes

_TAIL: Final = re.compile(rb"startxref[\x00\t\n\x0c\r ]+(\d{1,10})[\x00\t\n\x0c\r ]+%%EOF(?:\r\n|\n|\r)?")
BLANK: Final = re.compile(rb"[\x00\t\n\x0c\r ]*+(?:%[^\r\n]*+[\x00\t\n\x0c\r ]*+)*+")     # and comments
_TABLE: Final = re.compile(rb"(?<![A-Za-z])xref[\x00\t\n\x0c\r ]+")
_PART: Final = re.compile(rb"(\d{1,7})[ ]+(\d{1,7})[ ]*(?:\r\n|\n|\r)")
_ENTRY: Final = re.compile(rb"(\d{10}) (\d{5}) ([nf])(?: \n| \r|\r\n)")
_TRAILER: Final = re.compile(rb"[\x00\t\n\x0c\r ]*trailer(?![^\x00\t\n\x0c\r ()<>\[\]{}/%])")
HEAD: Final = re.compile(                # an offset may not point into the number: others read another object there
    rb"(?<![\d+.-])(\d{1,10})[\x00\t\n\x0c\r ]+(\d{1,5})[\x00\t\n\x0c\r ]+obj(?![^\x00\t\n\x0c\r ()<>\[\]{}/%])")
STREAM: Final = re.compile(rb"[\x00\t\n\x0c\r ]*stream(?:\r\n|\n)")
_STREAM_END: Final = re.compile(rb"(?:\r\n|\n|\r)?endstream[\x00\t\n\x0c\r ]+endobj")


class Entry(NamedTuple):
    """Where an object stands: free; at offset ``first`` with generation ``second``; or in the object stream
    ``first`` at index ``second``."""

    kind: int
    first: int
    second: int

    @property
    def plain(self) -> bool:
        """Whether it stands in the file itself."""
        return self.kind == _PLAIN

    @property
    def packed(self) -> bool:
        """Whether it stands in an object stream."""
        return self.kind == _PACKED


FREE: Final = Entry(_FREE, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One cross-reference section with its trailer.

    ``places`` are the byte ranges that it takes itself; ``end`` is behind its ``%%EOF`` and end of line; ``streams``
    are the dictionaries of its streams, ``unlisted`` the numbers of those that do not name themselves: to some readers
    they are the objects of their numbers all the same; ``free`` is the highest number that its free rows tell.
    """

    at: int
    end: int
    named: bool                                     # its startxref says where it stands
    entries: Mapping[int, Entry]
    trailer: Dict
    places: tuple[tuple[int, int], ...]
    streams: tuple[Dict, ...] = ()
    unlisted: frozenset[int] = frozenset()
    free: int = 0
    streamed: frozenset[int] = frozenset()          # of a hybrid section: named as in use by its stream alone
    freed: frozenset[int] = frozenset()             # those of them that its table calls free
    forgiven: tuple[tuple[str, str], ...] = ()      # code and place
    doubts: tuple[tuple[str, str], ...] = ()        # what readers may disagree on: code and place


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """All sections, oldest first, and the bytes that follow the last ``%%EOF``."""

    sections: tuple[Section, ...]
    trailing: bytes


def read_chain(data: bytes, budget: Budget) -> Chain:
    """Read the sections from the end of the file backwards.

    Raises:
        ForeignRefusal: ``fpdf.tail``, ``fpdf.xref``, ``fpdf.unsupported``, ``fpdf.too-large`` and others.
        PdfRefusal: bad syntax or a damaged stream.
    """
    tails = list(_TAIL.finditer(data, max(0, len(data) - _TAIL_LENGTH)))
    if not tails:
        raise ForeignRefusal("fpdf.tail", f"@{len(data)}")
    tail = tails[-1]
    objects = ObjectReader()
    found: list[Section] = []
    place = int(tail[1])
    while True:
        section = _Reader(data, budget, objects).section(place)
        before = found[-1] if found else None
        if before is not None and section.at > before.at:
            found[-1] = _linearized(data, before, section)
            if len(found) > 1 and found[-1].end > found[-2].at:
                raise ForeignRefusal("fpdf.xref", f"@{place}")
            break
        if section.end > (before.at if before else tail.end()) or len(found) == MAX_SECTIONS:
            raise ForeignRefusal("fpdf.xref", f"@{place}")
        if before is not None and _TABLE.match(data, before.at) and not _TABLE.match(data, section.at):
            # a table may have streams beside it (7.5.8.4), not before it: there some readers repair the file
            found[-1] = replace(before, doubts=(*before.doubts, ("fpdf.xref-odd", f"Prev @{before.at}")))
        found.append(section)
        previous = section.trailer.get("Prev")
        if previous is None:
            break
        place = integer(previous, f"Prev @{section.at}")
    if found[0].end != tail.end() or not all(each.named for each in found):
        raise ForeignRefusal("fpdf.xref", f"startxref @{tail.start()}")
    return Chain(sections=tuple(reversed(found)), trailing=data[tail.end():])


def _linearized(data: bytes, first: Section, main: Section) -> Section:
    """The two sections of a linearized file (ISO 32000-2, annex F) as one; ``first`` stands before ``main``."""
    end = _TAIL.search(data, main.places[0][1], main.places[0][1] + _TAIL_LENGTH)
    told = b"/Linearized" in data[:1024] and "Prev" not in main.trailer and "XRefStm" not in main.trailer
    if not told or end is None or int(end[1]) != first.at or (
            first.entries.keys() & main.entries.keys() - first.unlisted - main.unlisted - {0}):
        raise ForeignRefusal("fpdf.xref", f"Prev @{first.at}")
    return Section(
        at=first.at, end=end.end(), named=True, entries={**main.entries, **first.entries}, trailer=first.trailer,
        places=(*first.places, *main.places, (end.start(), end.end())), streams=(*first.streams, *main.streams),
        unlisted=first.unlisted | main.unlisted, free=max(first.free, main.free),
        forgiven=(*first.forgiven, *main.forgiven, ("form.pdf-linearized", f"@{first.at}")),
        doubts=(*first.doubts, *main.doubts))


class _Reader:
    """Reads one section."""

    def __init__(self, data: bytes, budget: Budget, objects: ObjectReader) -> None:
        self.data = data
        self.budget = budget
        self.objects = objects
        self.told = 0                                # the offset by which the section is named
        self.streams: list[Dict] = []
        self.unlisted: set[int] = set()
        self.free = 0
        self.forgiven: list[tuple[str, str]] = []
        self.doubts: list[tuple[str, str]] = []

    def section(self, told: int) -> Section:
        """The section at an offset, whichever form it has; some writers name the line end before it."""
        if told > len(self.data):
            raise ForeignRefusal("fpdf.xref", f"@{told}")
        self.told, at = told, skip_space(self.data, told)
        if at - told > _LINE_END:
            raise ForeignRefusal("fpdf.xref", f"@{told}")
        if at != told:
            self.forgiven.append(("form.pdf-offset", f"@{told}"))
        table = _TABLE.match(self.data, at)
        if table is None:
            entries, trailer, end = self.stream(at)
            return self.closed(at, entries, trailer, end, ())
        entries, trailer, end = self.table(table.end())
        further = trailer.get("XRefStm")
        if further is None:
            return self.closed(at, entries, trailer, end, ())
        place = integer(further, f"XRefStm @{at}")
        hidden, other, stop = self.stream(place)
        self.forgiven.append(("form.pdf-hybrid", f"@{at}"))
        self.doubts += [("fpdf.hybrid-differs", f"trailer {key}") for key in ("Root", "Info", "Encrypt")
                        if key in other and other[key] != trailer.get(key)]
        if "Prev" in other:                          # some readers go on by it
            self.doubts.append(("fpdf.hybrid-differs", "trailer Prev"))
        streamed = {number for number, entry in hidden.items() if entry != FREE and entries.get(number, FREE) == FREE}
        section = self.closed(at, self.merged(entries, hidden), trailer, end, ((place, stop),))
        return replace(section, streamed=frozenset(streamed), freed=frozenset(streamed & entries.keys()))

    def merged(self, table: dict[int, Entry], stream: dict[int, Entry]) -> dict[int, Entry]:
        """Table and stream of a hybrid file; what both name as in use must be the same."""
        merged = dict(stream)
        for number, entry in table.items():
            other = stream.get(number, FREE)
            if entry.kind == _FREE:
                merged.setdefault(number, entry)
                continue
            if number in stream and other != entry:
                self.doubts.append(("fpdf.hybrid-differs", f"{number} 0 R"))
            merged[number] = entry
        return merged

    def closed(self, at: int, entries: dict[int, Entry], trailer: Dict, end: int,
               further: tuple[tuple[int, int], ...]) -> Section:
        """The section with the end of its revision."""
        blank = BLANK.match(self.data, end)       # some writers sign here, in a comment
        start = blank.end() if blank else end
        tail = _TAIL.match(self.data, start)      # the first section of a linearized file may have none
        stop = tail.end() if tail else end
        if tail and (b"\0" in tail[0] or len(tail[0]) > _TAIL_END):
            self.doubts.append(("fpdf.xref-odd", f"startxref @{start}"))
        if self.free > _MAX_NEXT:
            self.doubts.append(("fpdf.xref-odd", f"@{at}"))
        self.within(0, integer(trailer.get("Size", 0), f"Size @{at}"), f"Size @{at}")
        return Section(at=at, end=stop, named=tail is not None and int(tail[1]) in (at, self.told), entries=entries,
                       trailer=trailer, places=((at, end), (start, stop) if tail else (end, end), *further),
                       streams=tuple(self.streams), unlisted=frozenset(self.unlisted), free=self.free,
                       forgiven=tuple(self.forgiven), doubts=tuple(self.doubts))

    def within(self, first: int, count: int, where: str) -> None:
        """Some readers repair a file with numbers beyond what the standard once allowed, be it those of an empty run.
        """
        if first + max(count, 1) > MAX_NUMBER + 1:
            self.doubts.append(("fpdf.xref-odd", where))

    # -- a table

    def table(self, position: int) -> tuple[dict[int, Entry], Dict, int]:
        entries: dict[int, Entry] = {}
        while True:
            word = _TRAILER.match(self.data, position)
            if word is not None:
                break
            part = _PART.match(self.data, position)
            if part is None:
                raise ForeignRefusal("fpdf.xref", f"@{position}")
            position = self.part(entries, int(part[1]), int(part[2]), part.end())
        trailer, end = self.objects.read(self.data, word.end())
        if not isinstance(trailer, dict):
            raise ForeignRefusal("fpdf.xref", f"trailer @{word.end()}")
        return entries, trailer, end

    def part(self, entries: dict[int, Entry], first: int, count: int, position: int) -> int:
        """One run of entries; gives the offset behind it."""
        self.objects.count(count, position)
        if len(entries) + count > MAX_OBJECTS:
            raise ForeignRefusal("fpdf.too-large", f"xref @{position}")
        self.within(first, count, f"xref @{position}")
        for number in range(first, first + count):
            match = _ENTRY.match(self.data, position)
            if match is None:
                raise ForeignRefusal("fpdf.xref", f"@{position}")
            position = match.end()
            if number in entries:
                self.doubts.append(("fpdf.object-twice", f"{number} 0 R"))
            entries[number] = self.entry(number, int(match[1]), int(match[2]), in_use=match[3] == b"n")
        return position

    def entry(self, number: int, offset: int, generation: int, *, in_use: bool) -> Entry:
        if in_use and offset == 0:
            self.forgiven.append(("form.pdf-null-entry", f"{number} {generation} R"))
            return FREE
        if not in_use:
            self.free = max(self.free, offset)
        return Entry(_PLAIN, offset, generation) if in_use else FREE

    # -- a stream

    def stream(self, at: int) -> tuple[dict[int, Entry], Dict, int]:
        head = HEAD.match(self.data, at)
        if head is None:
            raise ForeignRefusal("fpdf.xref", f"@{at}")
        trailer, position = self.objects.read(self.data, head.end())
        begin = STREAM.match(self.data, position)
        if not isinstance(trailer, dict) or begin is None or trailer.get("Type") != "XRef":
            raise ForeignRefusal("fpdf.xref", f"@{at}")
        length = integer(trailer.get("Length"), f"Length @{at}")
        raw = self.data[begin.end():begin.end() + length]
        end = _STREAM_END.match(self.data, begin.end() + length)
        if end is None:
            raise ForeignRefusal("fpdf.xref", f"Length @{at}")
        self.streams.append(trailer)
        entries = self.packed(inflate(raw, trailer, self.budget, f"@{at}"), trailer, at)
        number, own = int(head[1]), Entry(_PLAIN, at, int(head[2]))
        if number == 0:                              # some readers repair the file
            self.doubts.append(("fpdf.xref-odd", f"0 0 R @{at}"))
        elif number not in entries:
            self.unlisted.add(number)
            if number < integer(trailer.get("Size"), f"Size @{at}"):
                entries[number] = own
        if entries.get(number, own) != own:
            self.doubts.append(("fpdf.object-twice", f"{number} {own.second} R"))
        return entries, trailer, end.end()

    def packed(self, table: bytes, trailer: Dict, at: int) -> dict[int, Entry]:
        """The rows of a cross-reference stream."""
        where = f"W @{at}"
        told = trailer.get("W")
        widths = [integer(each, where) for each in told] if isinstance(told, list) else []
        size = integer(trailer.get("Size"), f"Size @{at}")
        index = trailer.get("Index", [0, size])
        if len(widths) != 3 or max(widths) > 8 or not isinstance(index, list) or len(index) % 2:
            raise ForeignRefusal("fpdf.xref", where)
        if any(width > usual for width, usual in zip(widths, _WIDTHS, strict=True)):
            self.doubts.append(("fpdf.xref-odd", where))
        runs = [integer(each, where) for each in index]
        for first, many in zip(runs[::2], runs[1::2], strict=True):
            self.within(first, many, f"Index @{at}")
        row = sum(widths)
        count = sum(runs[1::2])
        if count > MAX_OBJECTS:
            raise ForeignRefusal("fpdf.too-large", f"xref @{at}")
        if len(table) != row * count:
            raise ForeignRefusal("fpdf.xref", where)
        self.objects.count(count, at)
        entries: dict[int, Entry] = {}
        numbers = (number for first, many in zip(runs[::2], runs[1::2], strict=True)
                   for number in range(first, first + many))
        for place, number in enumerate(numbers):
            if number in entries:
                self.doubts.append(("fpdf.object-twice", f"{number} 0 R"))
            entries[number] = self.row(table[place * row:(place + 1) * row], widths, number)
        return entries

    def row(self, row: bytes, widths: list[int], number: int) -> Entry:
        one, two, _ = widths
        kind = int.from_bytes(row[:one], "big") if one else _PLAIN
        first, second = int.from_bytes(row[one:one + two], "big"), int.from_bytes(row[one + two:], "big")
        if kind in (_FREE, _PLAIN):
            return self.entry(number, first, second, in_use=kind == _PLAIN)
        if kind != _PACKED:
            raise ForeignRefusal("fpdf.xref", f"{number} 0 R")
        return Entry(_PACKED, first, second)

"""Strict reader of a PDF file's skeleton (ISO 32000-2, 7.5): the form of our own renditions.

One revision, one classic cross-reference table, objects back to back. Every byte belongs to the header,
to exactly one object, to the table, to the trailer or to the end of the file, so no reader can find an
object here that another does not. Any other form is refused with the reason; it is not thereby forged.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from verify.pdf_objects import Dict, Name, Object, ObjectReader, Ref, Stream, skip_space
from verify.pdf_reasons import PdfRefusal

__all__ = ["MAX_FILE_SIZE", "Budget", "PdfFile", "read_file"]

MAX_FILE_SIZE: Final = 64 << 20         # bytes
MAX_OBJECTS: Final = 20_000
MAX_INFLATED: Final = 48 << 20          # bytes, one stream
MAX_TOTAL: Final = 96 << 20             # bytes, all streams of a file

_HEADER: Final = re.compile(rb"%PDF-(1\.[0-7])(?:\r\n|\n|\r)(?:%[^\r\n]*(?:\r\n|\n|\r))?")
_TAIL: Final = re.compile(rb"startxref(?:\r\n|\n|\r)(\d{1,10})(?:\r\n|\n|\r)%%EOF(?:\r\n|\n|\r)?\Z")
_TAIL_LENGTH: Final = 64
_XREF: Final = re.compile(rb"xref[ ]?(?:\r\n|\n|\r)0 (\d{1,7})[ ]?(?:\r\n|\n|\r)")
_ENTRY: Final = re.compile(rb"(\d{10}) (\d{5}) ([nf])(?: \n| \r|\r\n)")
_OBJECT: Final = re.compile(rb"(\d{1,7}) (\d{1,5}) obj(?![^\x00\t\n\x0c\r ()<>\[\]{}/%])")
_END_OBJECT: Final = re.compile(rb"[\x00\t\n\x0c\r ]*endobj[\x00\t\n\x0c\r ]*")
_STREAM: Final = re.compile(rb"[\x00\t\n\x0c\r ]*stream(?:\r\n|\n)")
_END_STREAM: Final = re.compile(rb"(?:\r\n|\n|\r)endstream")
_TRAILER: Final = re.compile(rb"trailer(?![^\x00\t\n\x0c\r ()<>\[\]{}/%])")
_TRAILER_KEYS: Final = frozenset({"Size", "Root", "Info", "ID"})


class Budget:
    """How many bytes the streams of one file may still inflate to."""

    def __init__(self, total: int = MAX_TOTAL) -> None:
        self.left = total

    def inflate(self, raw: bytes, limit: int = MAX_INFLATED, where: str = "") -> bytes:
        """Inflate one zlib stream completely.

        Raises:
            PdfRefusal: ``pdf.too-large``, or ``pdf.stream`` when the stream is damaged, cut off or longer
                than its data.
        """
        limit = min(limit, self.left)
        inflater = zlib.decompressobj()
        try:
            data = inflater.decompress(raw, limit + 1)
        except zlib.error:
            raise PdfRefusal("pdf.stream", where) from None
        if len(data) > limit:
            raise PdfRefusal("pdf.too-large", where)
        if not inflater.eof or inflater.unused_data:
            raise PdfRefusal("pdf.stream", where)
        self.left -= len(data)
        return data


@dataclass(slots=True)
class PdfFile:
    """All objects of a file of one revision. ``reached`` collects what a walk asked for."""

    data: bytes
    version: str
    objects: Mapping[int, Object]
    trailer: Dict
    budget: Budget = field(default_factory=Budget)
    reached: set[int] = field(default_factory=set)

    def get(self, value: Object) -> Object:
        """Follow a reference, at most one step: an object that is itself a reference is refused."""
        if not isinstance(value, Ref):
            return value
        if value.generation != 0 or value.number not in self.objects:
            raise PdfRefusal("pdf.dangling", f"{value.number} {value.generation} R")
        self.reached.add(value.number)
        found = self.objects[value.number]
        if isinstance(found, Ref):
            raise PdfRefusal("pdf.dangling", f"{value.number} {value.generation} R")
        return found

    def decode(self, stream: Stream, where: str = "", limit: int = MAX_INFLATED) -> bytes:
        """The data of a stream that has no filter or FlateDecode without a predictor."""
        filters = self.get(stream.entries.get("Filter"))
        if isinstance(filters, list) and len(filters) == 1:
            filters = self.get(filters[0])
        if filters is None or filters == []:
            if len(stream.raw) > limit:
                raise PdfRefusal("pdf.too-large", where)
            return stream.raw
        if filters != "FlateDecode" or not isinstance(filters, Name) or "DecodeParms" in stream.entries:
            raise PdfRefusal("pdf.form-unsupported", where, what="Filter")
        return self.budget.inflate(stream.raw, limit, where)


def read_file(data: bytes) -> PdfFile:
    """Read the skeleton and every object.

    Raises:
        PdfRefusal: ``pdf.form-unsupported`` for another form of PDF, ``pdf.hidden-bytes`` for bytes that
            belong to nothing, ``pdf.xref`` for a table that does not tell the truth, and others.
    """
    header = _HEADER.match(data)
    if header is None:
        raise PdfRefusal("pdf.header", "@0")
    table_at = _table_offset(data)
    offsets, position = _read_table(data, table_at)
    reader = ObjectReader()
    trailer, position = _read_trailer(reader, data, position)
    objects, end = _read_objects(reader, data, header.end(), offsets)
    if end != table_at:
        raise PdfRefusal("pdf.hidden-bytes", f"@{end}")
    if trailer["Size"] != len(offsets) + 1:
        raise PdfRefusal("pdf.xref", "Size")
    tail = _TAIL.match(data, position)
    if tail is None:
        raise PdfRefusal("pdf.hidden-bytes", f"@{position}")
    return PdfFile(data, header[1].decode(), objects, trailer)


def _table_offset(data: bytes) -> int:
    tail = _TAIL.search(data, max(0, len(data) - _TAIL_LENGTH))
    if tail is None:
        raise PdfRefusal("pdf.tail", f"@{len(data)}")
    offset = int(tail[1])
    if not _XREF.match(data, offset):
        if _OBJECT.match(data, offset):
            raise PdfRefusal("pdf.form-unsupported", f"@{offset}", what="XRef stream")
        if data.startswith(b"xref", offset):
            raise PdfRefusal("pdf.form-unsupported", f"@{offset}", what="xref sections")
        raise PdfRefusal("pdf.xref", f"startxref {offset}")
    return offset


def _read_table(data: bytes, table_at: int) -> tuple[dict[int, int], int]:
    """Offsets of the objects 1 … n by number, and where the table ends."""
    head = _XREF.match(data, table_at)
    count = int(head[1]) if head else 0
    if count == 1:
        raise PdfRefusal("pdf.form-unsupported", f"@{table_at}", what="xref sections")
    if head is None or not 1 < count <= MAX_OBJECTS:
        raise PdfRefusal("pdf.xref", f"@{table_at}")
    offsets: dict[int, int] = {}
    position = head.end()
    for number in range(count):
        entry = _ENTRY.match(data, position)
        if entry is None:
            raise PdfRefusal("pdf.xref", f"@{position}")
        position = entry.end()
        if number == 0:
            if entry.group(1, 2, 3) != (b"0000000000", b"65535", b"f"):
                raise PdfRefusal("pdf.xref", f"@{position - 20}")
        elif entry[3] != b"n" or entry[2] != b"00000":
            raise PdfRefusal("pdf.xref", f"@{position - 20}")
        else:
            offsets[number] = int(entry[1])
    return offsets, position


def _read_objects(reader: ObjectReader, data: bytes, position: int, offsets: Mapping[int, int],
                  ) -> tuple[dict[int, Object], int]:
    """Read the objects in the order of the file; each begins where the one before it ended."""
    objects: dict[int, Object] = {}
    for number, offset in sorted(offsets.items(), key=lambda each: each[1]):
        head = _OBJECT.match(data, offset)
        if head is None or head.group(1, 2) != (str(number).encode(), b"0"):
            raise PdfRefusal("pdf.xref", f"{number} 0 R @{offset}")
        if offset != position:
            raise PdfRefusal("pdf.hidden-bytes", f"@{position}")
        objects[number], position = _read_object(reader, data, head.end(), number)
    return objects, position


def _read_object(reader: ObjectReader, data: bytes, position: int, number: int) -> tuple[Object, int]:
    value, position = reader.read(data, position)
    where = f"{number} 0 R"
    if isinstance(value, dict):
        stream = _STREAM.match(data, position)
        if stream is not None:
            value, position = _read_stream(data, stream.end(), value, where)
    end = _END_OBJECT.match(data, position)
    if end is None:
        raise PdfRefusal("pdf.syntax", where)
    return value, end.end()


def _read_stream(data: bytes, start: int, entries: Dict, where: str) -> tuple[Stream, int]:
    """The bytes of a stream; ``Length`` stands in the dictionary itself and is exact."""
    length = entries.get("Length")
    if isinstance(length, Ref):
        raise PdfRefusal("pdf.form-unsupported", where, what="Length")
    if not isinstance(length, int) or isinstance(length, bool) or not 0 <= length <= len(data) - start:
        raise PdfRefusal("pdf.length", where)
    raw = data[start:start + length]
    end = _END_STREAM.match(data, start + length)
    if end is None or b"endstream" in raw:
        raise PdfRefusal("pdf.length", where)
    return _checked_stream(Stream(entries, raw), where), end.end()


def _checked_stream(stream: Stream, where: str) -> Stream:
    kind = stream.entries.get("Type")
    if kind in ("ObjStm", "XRef"):
        raise PdfRefusal("pdf.form-unsupported", where, what=str(kind))
    if stream.entries.keys() & {"F", "FFilter", "FDecodeParms"}:
        raise PdfRefusal("pdf.external", where)
    return stream


def _read_trailer(reader: ObjectReader, data: bytes, position: int) -> tuple[Dict, int]:
    word = _TRAILER.match(data, position)
    if word is None and data[position:position + 1].isdigit():
        raise PdfRefusal("pdf.form-unsupported", f"@{position}", what="xref sections")
    if word is None:
        raise PdfRefusal("pdf.xref", f"@{position}")
    trailer, position = reader.read(data, word.end())
    if not isinstance(trailer, dict):
        raise PdfRefusal("pdf.syntax", "trailer")
    for key, what in (("Encrypt", "Encrypt"), ("Prev", "Prev"), ("XRefStm", "XRefStm")):
        if key in trailer:
            raise PdfRefusal("pdf.form-unsupported", "trailer", what=what)
    if not {"Size", "Root", "ID"} <= trailer.keys() <= _TRAILER_KEYS:
        raise PdfRefusal("pdf.unknown-key", "trailer", key=", ".join(trailer.keys() - _TRAILER_KEYS))
    return trailer, skip_space(data, position)

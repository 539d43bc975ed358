"""How a revision must be written that no signer covers, so that all readers find the same objects in it.

Anybody can append one. What it says is compared as it is read here; where another reader could read something else in
the same bytes, that comparison would prove nothing. So its objects stand in the file itself, one after the other, with
white space between them and nothing else, spelt in the common way; its streams tell their own length; and nothing in it
can be taken for an object by a reader that searches the file for them.

Source: ISO 32000-2 7.2 (spelling), 7.3.8 (streams), 7.5.4 to 7.5.8 (cross-reference, updates, object streams).
"""

from __future__ import annotations

import re
from typing import Final

from verify.foreign.pdf_store import State
from verify.foreign.pdf_xref import FREE, HEAD, Entry
from verify.pdf_objects import WHITE_SPACE, Object, PdfString, Stream

__all__ = ["odd_form", "xref_stream"]

_TABLE_KEYS: Final = frozenset({"Size", "Root", "Info", "ID", "Prev"})
_STREAM_KEYS: Final = _TABLE_KEYS | {"Type", "W", "Index", "Length", "Filter", "DecodeParms"}
_WHOLE: Final = ("Size", "Prev", "Length")
_OBJECT: Final = re.compile(rb"(?<!\d)\d++[\x00\t\n\x0c\r ]++\d++[\x00\t\n\x0c\r ]++obj(?![A-Za-z])")
_WORDS: Final = (b"startxref", b"trailer", b"%%EOF")
_LAST: Final = re.compile(rb"startxref[\x00\t\n\x0c\r ]+(\d+)")
_BEGIN: Final = re.compile(rb"[1-9]\d{0,9} \d{1,5} obj(?=[\t\n\r <\[])")
_STREAM: Final = re.compile(rb">>[\t\n\r ]*stream(?:\r\n|\n)")
_STREAM_END: Final = re.compile(rb"(?:\r\n|\n|\r)?endstream[\t\n\r ]+endobj")
_UNUSUAL: Final = re.compile(
    rb"[^\t\n\r -~]|[%{}]"                                      # other white space, comments, functions
    rb"|#(?![01][0-9A-Fa-f]|2[03589Ff]|3[CcEe]|5[BbDd]|7[BbDdFf]|[89A-Fa-f][0-9A-Fa-f])"    # escapes without need
    rb"|(?<=[\t\n\r \[\]<>)])(?:\+|-?0\d|-?\d{11})|\.\d{21}")  # numbers
"""What some readers are known, or can be feared, to read in their own way; strings are left out before."""
_RANGES: Final = re.compile(rb"/ByteRange[\t\n\r ]*\[[\d\t\n\r ]*\]")  # with zeros before, where programs leave room


def odd_form(before: State, after: State) -> str:
    """The place of what is not written in the common way in the revision that ends ``after``; "" when all is.

    Raises:
        PdfRefusal: an object cannot be read.
    """
    section, data = after.section, after.store.data
    if section.doubts or section.forgiven:
        return (*section.doubts, *section.forgiven)[0][1]
    if not _plain_trailer(after) or not _follows(before, after):
        return f"trailer @{section.at}"
    for number, entry in sorted(section.entries.items()):
        if not _plain_entry(before, after, number, entry):
            return f"{number} {entry.second if entry.plain else 0} R"
    spans = _spans(after)
    position = before.end
    for start, end in sorted((*spans, *section.places)):
        if start < position or data[position:start].strip(WHITE_SPACE):
            return f"@{position}"
        position = end
    if data[position:after.end].strip(WHITE_SPACE):
        return f"@{position}"
    return _ambiguous(before, after, {start for start, _ in spans})


def xref_stream(state: State) -> int:
    """The number of the object that a revision's cross-reference stream is; 0 where it is a table."""
    head = HEAD.match(state.store.data, state.section.at)
    return int(head[1]) if head else 0


def _plain_trailer(after: State) -> bool:
    """A trailer, or the dictionary of a cross-reference stream, with the usual keys in their usual types."""
    trailer, data = after.trailer, after.store.data
    start, end = after.section.places[0]
    packed = xref_stream(after)
    identifier = trailer.get("ID", [])
    if not trailer.keys() <= (_STREAM_KEYS if packed else _TABLE_KEYS) or not isinstance(identifier, list):
        return False
    if not all(type(trailer.get(key, 0)) is int for key in _WHOLE) or "Prev" not in trailer or not all(
            isinstance(each, PdfString) for each in identifier):
        return False
    begin = start if packed else data.index(b"trailer", start)
    stream = _STREAM.search(data, begin, end) if packed else None
    return not _unusual(data, begin, stream.end() if stream else end, trailer)


def _follows(before: State, after: State) -> bool:
    """Whether the section before is named where it stands, or as it names itself: not all readers let more pass."""
    data, told = after.store.data, after.trailer.get("Prev")
    last = _LAST.match(data, data.rfind(b"startxref", 0, before.end))
    return told == before.section.at or (last is not None and told == int(last[1]))


def _plain_entry(before: State, after: State, number: int, entry: Entry) -> bool:
    """Whether an object stands in the revision itself under the generation that it had; number 0 alone is free."""
    if number == 0 or entry == FREE:
        return number == 0 and entry == FREE
    known = before.entries.get(number, FREE)
    generation = known.second if known.plain else 0
    if not entry.plain or entry.second != generation or not before.end <= entry.first < after.end:
        return False
    return number == xref_stream(after) if entry.first == after.section.at else _plain_object(after, number, entry)


def _plain_object(after: State, number: int, entry: Entry) -> bool:
    value, data = after.value(number), after.store.data
    begin, end = entry.first, after.store.spans[entry.first]
    if not _BEGIN.match(data, begin):
        return False
    if not isinstance(value, Stream):
        return not _unusual(data, begin, end, value)
    if type(value.entries.get("Length")) is not int:
        return False
    for stream in _STREAM.finditer(data, begin, end):           # a string before it may hold the word
        behind = stream.end() + len(value.raw)
        if _STREAM_END.fullmatch(data, behind, end) and data.startswith(value.raw, stream.end()):
            return not _unusual(data, begin, stream.end(), value.entries)
    return False


def _unusual(data: bytes, begin: int, end: int, value: Object) -> bool:
    """Whether an object, its strings left out, is spelt in an uncommon way between two offsets."""
    pieces, position = list[bytes](), begin
    for start, stop in sorted((each.start, each.end) for each in _strings(value)):
        pieces.append(data[position:start])
        position = stop
    pieces.append(data[position:end])
    return _UNUSUAL.search(_RANGES.sub(b"", b"()".join(pieces))) is not None


def _strings(value: Object) -> list[PdfString]:
    """Every string inside an object."""
    found: list[PdfString] = []
    pending: list[Object] = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, PdfString):
            found.append(one)
        elif isinstance(one, dict):
            pending.extend(one.values())
        elif isinstance(one, list):
            pending.extend(one)
    return found


def _spans(after: State) -> list[tuple[int, int]]:
    """The bytes of the revision's objects, a cross-reference stream left out."""
    return [(entry.first, after.store.spans[entry.first]) for entry in after.section.entries.values()
            if entry.plain and entry.first != after.section.at]


def _ambiguous(before: State, after: State, places: set[int]) -> str:
    """What a reader that searches for objects would find beside those that the cross-reference names."""
    data, packed = after.store.data, xref_stream(after)
    heads = {match.start() - before.end for match in _OBJECT.finditer(data, before.end, after.end)}
    wanted = {place - before.end for place in (*places, *((after.section.at,) if packed else ()))}
    if heads != wanted:
        return f"@{before.end + min(heads ^ wanted)}"
    for word in _WORDS:
        if data.count(word, before.end, after.end) != (word != b"trailer" or not packed):
            return f"@{before.end}"
    return ""

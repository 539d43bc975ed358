"""Strict parser of PDF objects (ISO 32000-2, 7.2 and 7.3).

It reads what is written once and one way: a name twice in one dictionary, a number that is none, a
string that does not end, or anything nested too deep is refused. Names are decoded (``#xx``), so that
an alias cannot hide a key.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from verify.pdf_reasons import PdfRefusal

__all__ = ["WHITE_SPACE", "Array", "Dict", "Name", "Object", "ObjectReader", "PdfString", "Ref", "Stream",
           "parse_object", "skip_space", "unescape"]

WHITE_SPACE: Final = b"\x00\t\n\x0c\r "
"""Bytes that are white space in a PDF (7.2.3); Python strips others."""
MAX_DEPTH: Final = 32
MAX_ITEMS: Final = 1_000_000            # of all objects of a file together
_MAX_NAME: Final = 127                  # bytes

Object: TypeAlias = "bool | int | float | Name | PdfString | Ref | Array | Dict | Stream | None"
Array: TypeAlias = "list[Object]"
Dict: TypeAlias = "dict[str, Object]"


class Name(str):
    """A name without its slash, ``#xx`` decoded; one character for each byte."""

    __slots__ = ()


class PdfString(NamedTuple):
    """A string and where its token stands in the file (``start`` at ``(`` or ``<``, ``end`` behind it).

    ``odd`` is what stands between its delimiters where readers are known, or to be feared, to make other bytes of it
    than the standard says: line ends, escapes that name no byte in the usual way, half a byte. Empty for all others.
    """

    value: bytes
    start: int
    end: int
    is_hex: bool
    odd: bytes = b""


class Ref(NamedTuple):
    """A reference to an indirect object."""

    number: int
    generation: int


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream: its dictionary and its bytes as stored."""

    entries: Dict
    raw: bytes


_SPACE = rb"[\x00\t\n\x0c\r ]*+(?:%[^\r\n]*+[\x00\t\n\x0c\r ]*+)*+"
_SPACE_ONLY: Final = re.compile(rb"[\x00\t\n\x0c\r ]*+")
_REGULAR = rb"[^\x00\t\n\x0c\r ()<>\[\]{}/%]"
_TOKEN: Final = re.compile(
    _SPACE + rb"(?:"
    rb"/(" + _REGULAR + rb"*+)"
    rb"|(\d{1,10}+[\x00\t\n\x0c\r ]++\d{1,5}+[\x00\t\n\x0c\r ]++R(?!" + _REGULAR + rb"))"
    rb"|([+-]?(?:\d++\.?\d*+|\.\d++)(?!" + _REGULAR + rb"))"
    rb"|(<<)|(>>)"
    rb"|\[([\d\n\r +.-]*+)\]"
    rb"|(\[)|(\])"
    rb"|<([0-9A-Fa-f\x00\t\n\x0c\r ]*+)>"
    rb"|\(([^()\\\r]*+(?:\\[^\r][^()\\\r]*+)*+)\)"
    rb"|(\()"
    rb"|([A-Za-z]++)(?!" + _REGULAR + rb")"
    rb")", re.DOTALL)
_ENTRY: Final = re.compile(
    _SPACE + rb"/(" + _REGULAR + rb"*+)(?:" + _SPACE + rb"(?:"
    rb"/(" + _REGULAR + rb"*+)"
    rb"|(\d{1,10}+[\x00\t\n\x0c\r ]++\d{1,5}+[\x00\t\n\x0c\r ]++R(?!" + _REGULAR + rb"))"
    rb"|([+-]?\d{1,32}+(?!" + _REGULAR + rb"))"
    rb"))?+", re.DOTALL)
"""A key, and its value where that is a name, a reference or a whole number: most are."""
_KEY, _NAME_VALUE, _REF_VALUE, _WHOLE_VALUE = range(1, 5)
(_NAME, _REF, _NUMBER, _OPEN, _CLOSE, _NUMBERS, _ARRAY, _END, _HEX, _TEXT, _PAREN, _WORD) = range(1, 13)
_PAREN_OR_ESCAPE: Final = re.compile(rb"\\.|[()]", re.DOTALL)
_ESCAPE: Final = re.compile(rb"\\(?:[0-7]{1,3}|\r\n|.)", re.DOTALL)
_ESCAPED: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_COMMON_TEXT: Final = re.compile(rb"(?:[^\\\r\n]|\\(?:[nrtbf()\\]|[0-3][0-7]{2}))*+", re.DOTALL)
_COMMON_HEX: Final = re.compile(rb"[0-9A-Fa-f\t\n\r ]*+")
_WORDS: Final[dict[bytes, bool | None]] = {b"true": True, b"false": False, b"null": None}
_PLAIN_NAME: Final = re.compile(rb"[!-\"$-~]{1,%d}" % _MAX_NAME)
_HEX_NAME: Final = re.compile(rb"#([0-9A-Fa-f]{2})?")


def skip_space(data: bytes, position: int) -> int:
    """The first offset from ``position`` on that is not white space; a comment is none."""
    match = _SPACE_ONLY.match(data, position)
    return match.end() if match else position


def parse_object(data: bytes, position: int, *, empty_names: bool = False) -> tuple[Object, int]:
    """Read one object by itself; of a whole file :class:`ObjectReader` reads them."""
    return ObjectReader(empty_names=empty_names).read(data, position)


class ObjectReader:
    """Recursive descent with a limit on depth, and on the number of items of all that one reader reads.

    An item is a value, a key, a number of an array, and an escape or a parenthesis within a string: each costs about
    the same time, so that the limit is one on the time that a file can take.

    Args:
        empty_names: let a name be a slash alone, which the standard allows and we never write.
    """

    def __init__(self, *, empty_names: bool = False) -> None:
        self.data = b""
        self.empty_names = empty_names
        self.items = 0

    def read(self, data: bytes, position: int) -> tuple[Object, int]:
        """Read the object at ``position`` (white space before it is skipped).

        Returns:
            the object and the offset behind it. A stream's bytes are not read here.

        Raises:
            PdfRefusal: ``pdf.syntax`` or ``pdf.duplicate-key``, naming the offset; ``pdf.too-large``.
        """
        self.data = data
        return self.value(position, 0)

    def count(self, items: int, position: int) -> None:
        """Count items beyond the one that a value is."""
        self.items += items
        if self.items > MAX_ITEMS:
            raise _too_many(position)

    def value(self, position: int, depth: int) -> tuple[Object, int]:
        match = _TOKEN.match(self.data, position)
        if match is None:
            raise _syntax(position)
        return self.finish(match, depth)

    def finish(self, match: re.Match[bytes], depth: int) -> tuple[Object, int]:
        """Turn a token into an object, reading on where it opens one."""
        kind, end = match.lastindex, match.end()
        self.items += 1
        if depth > MAX_DEPTH or self.items > MAX_ITEMS:
            raise _syntax(match.start()) if depth > MAX_DEPTH else _too_many(match.start())
        if kind == _NAME:
            return self.name(match[_NAME], match.start()), end
        if kind == _NUMBER:
            return _number(match[_NUMBER], match.start()), end
        if kind == _REF:
            return _ref(match[_REF]), end
        if kind == _NUMBERS:
            numbers = match[_NUMBERS].split(None, MAX_ITEMS - self.items)
            self.count(len(numbers), match.start())
            return [_number(each, match.start()) for each in numbers], end
        if kind == _OPEN:
            return self.dictionary(end, depth + 1)
        if kind == _ARRAY:
            return self.array(end, depth + 1)
        if kind == _WORD:
            if match[_WORD] not in _WORDS:
                raise _syntax(match.start())
            return _WORDS[match[_WORD]], end
        return self.string(match)

    def name(self, token: bytes, position: int) -> Name:
        """A name, which is a slash alone only where that is let pass."""
        known = _plain_name(token)
        if known is not None:
            return known
        if self.empty_names and not token:
            return Name("")
        return _name(token, position)

    def string(self, match: re.Match[bytes]) -> tuple[Object, int]:
        kind, end = match.lastindex, match.end()
        if kind == _HEX:
            digits = match[_HEX].translate(None, WHITE_SPACE)
            start = match.start(_HEX) - 1
            value = bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode())
            odd = b"" if len(digits) % 2 == 0 and _COMMON_HEX.fullmatch(match[_HEX]) else match[_HEX]
            return PdfString(value, start, end, True, odd), end
        if kind == _TEXT:
            told = match[_TEXT]
            odd = b"" if _COMMON_TEXT.fullmatch(told) else told
            return PdfString(self.text(told, match.start()), match.start(_TEXT) - 1, end, False, odd), end
        if kind == _PAREN:
            return self.nested_string(match.start(_PAREN))
        raise _syntax(match.start())

    def text(self, value: bytes, position: int) -> bytes:
        """The bytes of a literal string, whose escapes count."""
        escapes = value.count(b"\\")
        if not escapes:
            return value
        self.count(escapes, position)
        return unescape(value)

    def nested_string(self, start: int) -> tuple[PdfString, int]:
        """A literal string with balanced parentheses inside, or with bare carriage returns."""
        depth = 0
        for match in _PAREN_OR_ESCAPE.finditer(self.data, start):
            self.items += 1
            if self.items > MAX_ITEMS:
                raise _too_many(start)
            if match[0] == b"(":
                depth += 1
            elif match[0] == b")":
                depth -= 1
                if depth == 0:
                    told, end = self.data[start + 1:match.start()], match.end()
                    value = unescape(told.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
                    return PdfString(value, start, end, False, b"" if _COMMON_TEXT.fullmatch(told) else told), end
        raise _syntax(start)

    def array(self, position: int, depth: int) -> tuple[Array, int]:
        found: Array = []
        while True:
            match = _TOKEN.match(self.data, position)
            if match is None:
                raise _syntax(position)
            if match.lastindex == _END:
                return found, match.end()
            value, position = self.finish(match, depth)
            found.append(value)

    def dictionary(self, position: int, depth: int) -> tuple[Dict, int]:
        found: Dict = {}
        data = self.data
        while True:
            match = _ENTRY.match(data, position)
            if match is None:
                close = _TOKEN.match(data, position)
                if close is None or close.lastindex != _CLOSE:
                    raise _syntax(position)
                return found, close.end()
            self.items += 2
            if depth > MAX_DEPTH or self.items > MAX_ITEMS:
                raise _syntax(position) if depth > MAX_DEPTH else _too_many(position)
            key = self.name(match[_KEY], position)
            if key in found:
                raise PdfRefusal("pdf.duplicate-key", f"@{position}", key=key)
            position, kind = match.end(), match.lastindex
            if kind == _NAME_VALUE:
                found[key] = self.name(match[_NAME_VALUE], match.start(_NAME_VALUE))
            elif kind == _REF_VALUE:
                found[key] = _ref(match[_REF_VALUE])
            elif kind == _WHOLE_VALUE:
                found[key] = int(match[_WHOLE_VALUE])
            else:
                self.items -= 1          # counted with the value
                found[key], position = self.value(position, depth)


def _syntax(position: int) -> PdfRefusal:
    return PdfRefusal("pdf.syntax", f"@{position}")


def _too_many(position: int) -> PdfRefusal:
    return PdfRefusal("pdf.too-large", f"@{position}")


def _ref(token: bytes) -> Ref:
    number, generation, _ = token.replace(b"\0", b" ").split()
    return Ref(int(number), int(generation))


def _number(token: bytes, position: int) -> int | float:
    if len(token) > 32:
        raise _syntax(position)
    try:
        return float(token) if b"." in token else int(token)
    except ValueError:
        raise _syntax(position) from None


@functools.lru_cache(maxsize=2048)
def _plain_name(token: bytes) -> Name | None:
    """A name that is written as it is; None for any other. All files have most of them in common."""
    return Name(token.decode("ascii")) if _PLAIN_NAME.fullmatch(token) else None


def _name(token: bytes, position: int) -> Name:
    if b"#" in token and len(token) <= 3 * _MAX_NAME:
        def decode(match: re.Match[bytes]) -> bytes:
            if not match[1]:
                raise _syntax(position)
            return bytes.fromhex(match[1].decode())
        token = _HEX_NAME.sub(decode, token)
    if not token or len(token) > _MAX_NAME or b"\0" in token:     # at a null byte some readers end it
        raise _syntax(position)
    return Name(token.decode("latin-1"))


def unescape(value: bytes) -> bytes:
    """The bytes of a literal string without its escapes (ISO 32000-2 7.3.4.2)."""
    if b"\\" not in value:
        return value

    return _ESCAPE.sub(lambda match: _escaped(match[0]), value)


@functools.lru_cache(maxsize=1024)      # there are fewer
def _escaped(escape: bytes) -> bytes:
    told = escape[1:]
    if told.isdigit() and told < b"8":
        return bytes([int(told, 8) & 0xFF])
    return b"" if told in (b"\r\n", b"\r", b"\n") else _ESCAPED.get(told, told)

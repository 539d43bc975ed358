"""Strict DER: one reader for every ASN.1 structure of this room.

Bytes come from strangers, and two readers must never see two meanings in them. So the reader knows only
the one form that ITU-T X.690 clause 10 and 11 allow: definite minimal lengths, minimal integers and object
identifiers, ``00``/``FF`` booleans, zero padding bits, sorted sets, one form of time. Anything else raises
:class:`DerError` with the byte offset. Tag numbers above 30 do not occur in our structures and are refused.
"""

from __future__ import annotations

import enum
import functools
import re
from datetime import UTC, datetime
from typing import Final, NoReturn

from codes.errors import EngineError

__all__ = [
    "BIT_STRING", "BOOLEAN", "GENERALIZED_TIME", "IA5_STRING", "INTEGER", "NULL", "OCTET_STRING", "OID",
    "PRINTABLE_STRING", "SEQUENCE", "SET", "UTC_TIME", "UTF8_STRING", "DerCode", "DerError", "Reader",
    "context", "require_der",
]

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OID: Final = 0x06
UTF8_STRING: Final = 0x0C
PRINTABLE_STRING: Final = 0x13
T61_STRING: Final = 0x14
IA5_STRING: Final = 0x16
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
BMP_STRING: Final = 0x1E
SEQUENCE: Final = 0x30
SET: Final = 0x31

MAX_DEPTH: Final = 24
MAX_BYTES: Final = 64 * 1024 * 1024
MAX_VALUES: Final = 200_000
MAX_INTEGER: Final = 1_700               # bytes: more than an RSA key of 8192 bits, and still written in decimal

_PRINTABLE = re.compile(rb"[A-Za-z0-9 '()+,\-./:=?]*")
_UTC = re.compile(rb"[0-9]{12}Z")
_PADDED_ARC = re.compile(rb"[\x00-\x7f]\x80")       # behind the first arc
_GENERALIZED = re.compile(rb"[0-9]{14}(\.[0-9]*[1-9])?Z")
# Universal types that are always constructed, with the constructed bit set: SEQUENCE, SET, EXTERNAL.
_CONSTRUCTED_ONLY = frozenset({0x10, 0x11, 0x08})


class DerCode(enum.StrEnum):
    """Codes of :class:`DerError`."""

    MALFORMED = "der.malformed"
    NOT_CANONICAL = "der.not-canonical"
    UNEXPECTED = "der.unexpected"
    TRAILING = "der.trailing"
    LIMIT = "der.limit"


class DerError(EngineError):
    """The bytes are not the one DER form of the structure that was expected."""


def _fail(code: DerCode, offset: int, zh: str, en: str) -> NoReturn:
    raise DerError(code, f"第{offset}字节处{zh}，请向出具方索取符合 DER 的数据",
                   f"at byte {offset}: {en}; ask the producer for DER", offset=str(offset))


def context(number: int, *, constructed: bool = True) -> int:
    """The identifier byte of context tag ``[number]``."""
    return (0xA0 if constructed else 0x80) | number


def _header(data: bytes, pos: int, end: int) -> tuple[int, int, int]:
    """Read one identifier and length: (tag, start of the content, end of the content)."""
    if end - pos < 2:
        _fail(DerCode.MALFORMED, pos, "数据提前结束", "the data ends early")
    tag = data[pos]
    if tag & 0x1F == 0x1F:
        _fail(DerCode.UNEXPECTED, pos, "标签号过大", "a tag number above 30 is not used here")
    length = data[pos + 1]
    body = pos + 2
    if length & 0x80:
        count = length & 0x7F
        if count == 0 or count > 4:
            _fail(DerCode.NOT_CANONICAL, pos, "长度不是定长形式", "the length is indefinite or too long")
        if end - body < count:
            _fail(DerCode.MALFORMED, pos, "长度不完整", "the length is cut off")
        length = int.from_bytes(data[body:body + count], "big")
        if length < 0x80 or length >> (8 * (count - 1)) == 0:
            _fail(DerCode.NOT_CANONICAL, pos, "长度不是最短形式", "the length is not in its shortest form")
        body += count
    stop = body + length
    if stop > end:
        _fail(DerCode.MALFORMED, pos, "内容超出边界", "the content runs past its container")
    return tag, body, stop


def _check_integer(data: bytes, start: int, stop: int) -> None:
    if stop == start:
        _fail(DerCode.MALFORMED, start, "整数为空", "an INTEGER is empty")
    if stop - start > 1:
        first, second = data[start], data[start + 1]
        if (first == 0 and second < 0x80) or (first == 0xFF and second >= 0x80):
            _fail(DerCode.NOT_CANONICAL, start, "整数不是最短形式", "an INTEGER is padded")


def _check_bits(data: bytes, start: int, stop: int) -> None:
    if stop == start:
        _fail(DerCode.MALFORMED, start, "比特串为空", "a BIT STRING lacks its first byte")
    unused = data[start]
    if unused > 7 or (unused and stop - start == 1):
        _fail(DerCode.MALFORMED, start, "比特串的未用位数有误", "a BIT STRING has a wrong unused count")
    if unused and data[stop - 1] & ((1 << unused) - 1):
        _fail(DerCode.NOT_CANONICAL, start, "比特串的未用位不为零",
              "unused bits of a BIT STRING are not zero")


def _check_oid(data: bytes, start: int, stop: int) -> None:
    if stop == start or data[stop - 1] & 0x80 or stop - start > 64:
        _fail(DerCode.MALFORMED, start, "对象标识符不完整",
              "an OBJECT IDENTIFIER is empty, cut off or too long")
    padded = _PADDED_ARC.search(data, start, stop)
    if data[start] == 0x80 or padded is not None:
        index = start if padded is None or data[start] == 0x80 else padded.end() - 1
        _fail(DerCode.NOT_CANONICAL, index, "对象标识符有多余的零", "an OBJECT IDENTIFIER arc is padded")


def _check_boolean(data: bytes, start: int, stop: int) -> None:
    if stop - start != 1 or data[start] not in (0x00, 0xFF):
        _fail(DerCode.NOT_CANONICAL, start, "布尔值不是 00 或 FF", "a BOOLEAN is neither 00 nor FF")


def _check_null(_: bytes, start: int, stop: int) -> None:
    if stop != start:
        _fail(DerCode.MALFORMED, start, "空值带有内容", "a NULL has content")


def _time(tag: int, data: bytes, start: int, stop: int) -> datetime:
    """A UTCTime or GeneralizedTime, its one DER form checked (X.690 clause 11.7, 11.8)."""
    text = data[start:stop]
    if not (_UTC if tag == UTC_TIME else _GENERALIZED).fullmatch(text):
        _fail(DerCode.NOT_CANONICAL, start, "时间格式不规范", "a time is not in the form YYYYMMDDHHMMSSZ")
    return _as_datetime(text, start)


def _as_datetime(text: bytes, offset: int) -> datetime:
    """A time whose form was checked, as an aware UTC datetime (UTCTime: 1950 to 2049, RFC 5280 4.1.2.5.1)."""
    digits = text[:-1].decode("ascii")
    micro = 0
    if len(digits) == 12:
        digits = ("20" if digits < "50" else "19") + digits
    elif len(digits) > 14:
        micro = int(digits[15:21].ljust(6, "0"))
        digits = digits[:14]
    try:
        return datetime(int(digits[:4]), int(digits[4:6]), int(digits[6:8]), int(digits[8:10]),
                        int(digits[10:12]), int(digits[12:14]), micro, tzinfo=UTC)
    except ValueError:
        _fail(DerCode.MALFORMED, offset, "时间不存在", "a time names a moment that does not exist")


def _text(tag: int, body: bytes, offset: int) -> str:
    """The text of one of the ASN.1 string types, its alphabet checked."""
    try:
        if tag == UTF8_STRING:
            return body.decode("utf-8")
        if tag == BMP_STRING:
            if len(body) % 2:
                raise UnicodeDecodeError("utf-16", body, 0, 1, "odd length")
            return body.decode("utf-16-be")
        if tag == T61_STRING:
            return body.decode("latin-1")
        text = body.decode("ascii")
    except UnicodeDecodeError:
        _fail(DerCode.MALFORMED, offset, "文字编码有误", "a string holds bytes outside its alphabet")
    if tag == PRINTABLE_STRING and not _PRINTABLE.fullmatch(body):
        _fail(DerCode.MALFORMED, offset, "文字超出 PrintableString 的字符集",
              "a PrintableString holds a character outside its alphabet")
    return text


_CHECKS = {
    BOOLEAN: _check_boolean, INTEGER: _check_integer, BIT_STRING: _check_bits, NULL: _check_null,
    OID: _check_oid, 0x0A: _check_integer,
}
_TEXT_TAGS = frozenset({UTF8_STRING, PRINTABLE_STRING, IA5_STRING, BMP_STRING, T61_STRING})
_TIME_TAGS = frozenset({UTC_TIME, GENERALIZED_TIME})


def _walk(data: bytes, pos: int, end: int, depth: int, left: int, sorted_sets: bool) -> int:
    """Check every value between ``pos`` and ``end``; return how many values may still follow elsewhere."""
    if depth > MAX_DEPTH:
        _fail(DerCode.LIMIT, pos, "嵌套过深", "the nesting is too deep")
    while pos < end:
        if left == 0:
            _fail(DerCode.LIMIT, pos, "内容项过多", "there are too many values")
        left -= 1
        tag, body = data[pos], pos + 2
        stop = body + data[pos + 1] if body <= end else end + 1
        if stop > end or data[pos + 1] & 0x80 or tag & 0x1F == 0x1F:      # not a short form that fits
            tag, body, stop = _header(data, pos, end)
        if tag == SEQUENCE or tag & 0xE0 == 0xA0:
            left = _walk(data, body, stop, depth + 1, left, sorted_sets)
        elif tag == SET:
            left = _walk(data, body, stop, depth + 1, left, sorted_sets)
            if sorted_sets:
                _check_sorted(data, body, stop)
        elif tag & 0xC0 == 0x80:
            pass  # an implicit primitive: its type is known to the caller alone
        elif tag & 0xC0 or (tag & 0x20) != (0x20 if tag & 0x1F in _CONSTRUCTED_ONLY else 0) or tag == 0:
            _fail(DerCode.NOT_CANONICAL, pos, "标签在 DER 中不允许", "the tag is not allowed in DER")
        else:
            check = _CHECKS.get(tag)
            if check is not None:
                check(data, body, stop)
            elif tag in _TEXT_TAGS:
                _text(tag, data[body:stop], body)
            elif tag in _TIME_TAGS:
                _time(tag, data, body, stop)
        pos = stop
    return left


def _check_sorted(data: bytes, start: int, stop: int) -> None:
    """Elements of a SET OF in ascending order of their encodings (X.690 clause 11.6)."""
    previous, pos = b"", start
    while pos < stop:
        _, _, after = _header(data, pos, stop)
        current = data[pos:after]
        if current < previous:
            _fail(DerCode.NOT_CANONICAL, pos, "集合元素的次序有误", "the elements of a SET are not sorted")
        previous, pos = current, after


def require_der(data: bytes, *, sorted_sets: bool = True) -> None:
    """Demand that ``data`` is exactly one DER value, checked down to every leaf.

    What stands under an implicit context tag is checked for its nesting only; its type is the caller's.

    Args:
        data: the bytes as received.
        sorted_sets: also demand the order of SET elements; off only for CMS parts of others, whose order
            carries no meaning.

    Raises:
        DerError: with the offset of the first byte that DER does not allow.
    """
    if len(data) > MAX_BYTES:
        _fail(DerCode.LIMIT, 0, "数据过大", "the data is too large")
    _, _, stop = _header(data, 0, len(data))
    if stop != len(data):
        _fail(DerCode.TRAILING, stop, "结构之后有多余数据", "there is data after the structure")
    _walk(data, 0, len(data), 0, MAX_VALUES, sorted_sets)


@functools.lru_cache(maxsize=1024)
def _oid_text(body: bytes) -> str:
    """Dotted text of an object identifier whose form was checked."""
    arcs: list[int] = []
    value = 0
    for byte in body:
        value = (value << 7) | (byte & 0x7F)
        if byte < 0x80:
            arcs.append(value)
            value = 0
    top = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (top, arcs[0] - 40 * top, *arcs[1:]))


class Reader:
    """A cursor over the values of one constructed value; each ``read`` demands its type.

    Bytes handed out are slices of the input, never re-encoded.
    """

    __slots__ = ("_data", "_end", "_pos")

    def __init__(self, data: bytes, start: int = 0, end: int | None = None) -> None:
        self._data = data
        self._pos = start
        self._end = len(data) if end is None else end

    def peek(self) -> int:
        """The tag of the next value, or -1 at the end."""
        return self._data[self._pos] if self._pos < self._end else -1

    def more(self) -> bool:
        """Whether a value is left."""
        return self._pos < self._end

    def done(self) -> None:
        """Demand the end: no field beyond those that were read."""
        if self._pos != self._end:
            _fail(DerCode.TRAILING, self._pos, "有结构之外的内容",
                  "there is a field that the structure does not have")

    def _next(self, tag: int) -> tuple[int, int]:
        found, body, stop = _header(self._data, self._pos, self._end)
        if found != tag:
            _fail(DerCode.UNEXPECTED, self._pos, f"标签为 {found:02X}，应为 {tag:02X}",
                  f"the tag is {found:02X} where {tag:02X} is due")
        self._pos = stop
        return body, stop

    def body(self, tag: int) -> bytes:
        """Content bytes of the next value."""
        start, stop = self._next(tag)
        return self._data[start:stop]

    def raw(self, tag: int | None = None) -> bytes:
        """The next value whole, identifier and length included; any tag when ``tag`` is None."""
        begin = self._pos
        if tag is None:
            _, _, self._pos = _header(self._data, self._pos, self._end)
        else:
            self._next(tag)
        return self._data[begin:self._pos]

    def enter(self, tag: int = SEQUENCE) -> Reader:
        """A reader of the next value's content."""
        start, stop = self._next(tag)
        return Reader(self._data, start, stop)

    def integer(self) -> int:
        """An INTEGER in its shortest form."""
        start, stop = self._next(INTEGER)
        _check_integer(self._data, start, stop)
        if stop - start > MAX_INTEGER:
            _fail(DerCode.LIMIT, start, "整数过长", "an INTEGER is too long")
        return int.from_bytes(self._data[start:stop], "big", signed=True)

    def boolean(self) -> bool:
        """A BOOLEAN, 00 or FF."""
        start, stop = self._next(BOOLEAN)
        _check_boolean(self._data, start, stop)
        return self._data[start] == 0xFF

    def oid(self) -> str:
        """An OBJECT IDENTIFIER as dotted text."""
        start, stop = self._next(OID)
        _check_oid(self._data, start, stop)
        return _oid_text(self._data[start:stop])

    def octets(self) -> bytes:
        """Content of an OCTET STRING."""
        return self.body(OCTET_STRING)

    def bits(self) -> bytes:
        """Content of a BIT STRING that holds whole bytes (no unused bits)."""
        start, stop = self._next(BIT_STRING)
        _check_bits(self._data, start, stop)
        if self._data[start]:
            _fail(DerCode.NOT_CANONICAL, start, "比特串不是整字节", "a BIT STRING does not hold whole bytes")
        return self._data[start + 1:stop]

    def named_bits(self) -> frozenset[int]:
        """Numbers of the set bits of a BIT STRING with named bits (no trailing zero bits, X.690 11.2.2)."""
        start, stop = self._next(BIT_STRING)
        _check_bits(self._data, start, stop)
        body = self._data[start + 1:stop]
        if body and not body[-1] >> self._data[start] & 1:
            _fail(DerCode.NOT_CANONICAL, start, "比特串末尾有多余的零",
                  "a named BIT STRING ends in zero bits")
        return frozenset(8 * index + bit for index, byte in enumerate(body) for bit in range(8)
                         if byte & (0x80 >> bit))

    def null(self) -> None:
        """A NULL."""
        start, stop = self._next(NULL)
        _check_null(self._data, start, stop)

    def text(self, *tags: int) -> str:
        """A string of one of the given types (all string types when none is given)."""
        tag = self.peek()
        if tag not in (tags or _TEXT_TAGS):
            _fail(DerCode.UNEXPECTED, self._pos, "应为文字", "a string is due")
        start, stop = self._next(tag)
        return _text(tag, self._data[start:stop], start)

    def time(self, *tags: int) -> datetime:
        """A UTCTime or GeneralizedTime in the one DER form, as an aware UTC datetime."""
        tag = self.peek()
        if tag not in (tags or _TIME_TAGS):
            _fail(DerCode.UNEXPECTED, self._pos, "应为时间", "a time is due")
        start, stop = self._next(tag)
        return _time(tag, self._data, start, stop)

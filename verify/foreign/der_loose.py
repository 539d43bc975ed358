"""The spellings of DER that sealing systems in the field get wrong, each exactly one beside the proper one.

Lengths, nesting and tags are read strictly by :class:`certs.der.Reader`; only leaves are read here. A spelling that
no sealing system is known to write is refused like in a strict reader, so that nobody can respell a value at will.
What was forgiven is collected as codes ``form.*``.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Final

from certs import sm2
from certs.der import (
    BIT_STRING,
    BMP_STRING,
    GENERALIZED_TIME,
    IA5_STRING,
    INTEGER,
    PRINTABLE_STRING,
    SEQUENCE,
    UTC_TIME,
    UTF8_STRING,
    Reader,
)
from certs.der_build import tlv
from codes.china_time import CHINA_TIME
from codes.errors import EngineError
from verify.reasons import Refusal

__all__ = ["LooseReader", "read_time_text"]

SM2_PART: Final = 32                     # bytes of r and of s
_RAW: Final = 2 * SM2_PART
_MAX_DROPPED: Final = 8                  # zero bytes that a named-bit list may have lost at its end
_MAX_BITS: Final = 31
_STRINGS: Final = frozenset({UTF8_STRING, PRINTABLE_STRING, IA5_STRING, BMP_STRING})
_TIMES: Final[tuple[tuple[re.Pattern[str], str, dt.tzinfo], ...]] = (
    (re.compile(r"[0-9]{14}(\.[0-9]{1,6})?Z"), "%Y%m%d%H%M%S", dt.UTC),
    (re.compile(r"[0-9]{14}(\.[0-9]{1,6})?"), "%Y%m%d%H%M%S", CHINA_TIME),
    (re.compile(r"[0-9]{14}(\.[0-9]{1,6})?\+0800"), "%Y%m%d%H%M%S", CHINA_TIME),
    (re.compile(r"[0-9]{12}Z"), "%y%m%d%H%M%S", dt.UTC),
    (re.compile(r"[0-9]{12}"), "%y%m%d%H%M%S", CHINA_TIME),
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"), "%Y-%m-%d %H:%M:%S", CHINA_TIME),
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z"), "%Y-%m-%dT%H:%M:%S", dt.UTC),
)


def read_time_text(text: str) -> dt.datetime | None:
    """A time as sealing systems write it, as an aware datetime; None for any other text.

    Without a zone it is China Standard Time; twelve digits are what a UTCTime holds.
    """
    for shape, form, zone in _TIMES:
        if shape.fullmatch(text):
            try:
                whole = dt.datetime.strptime(re.split(r"[.Z+]", text)[0], form)
            except ValueError:
                return None
            return whole.replace(tzinfo=zone)
    return None


@dataclass(slots=True)
class LooseReader:
    """Reads leaves of one signed value; ``where`` names it in refusals, ``forgiven`` collects what was odd."""

    where: str
    forgiven: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def forgive(self, code: str, **facts: str) -> None:
        """Note an oddity once."""
        if (code, facts) not in self.forgiven:
            self.forgiven.append((code, facts))

    def refusal(self, zh: str, en: str) -> Refusal:
        """Make the refusal of what is in no form that is read."""
        return Refusal("value.form", self.where, zh=zh, en=en)

    # -- leaves

    def number(self, reader: Reader) -> int:
        """An INTEGER of the size of a version, a type or a measure."""
        value = reader.integer()
        if value.bit_length() > _MAX_BITS:
            raise self.refusal("整数过大", "an INTEGER is too large")
        return value

    def bits(self, reader: Reader, size: int | None = None) -> bytes:
        """A BIT STRING of whole bytes, also one that was written as a list of named bits.

        Such a writer drops the zero bits at the end, and with them whole zero bytes; exactly that form is taken.

        Args:
            size: the number of bytes that is meant, where it is known.
        """
        body = reader.body(BIT_STRING)
        if not body or body[0] > 7 or (body[0] and len(body) == 1):
            raise self.refusal("比特串不完整", "a BIT STRING is cut off")
        unused, value = body[0], body[1:]
        ends_in_one = bool(value) and bool(value[-1] >> unused & 1) and not value[-1] & ((1 << unused) - 1)
        if unused and not ends_in_one:
            raise self.refusal("比特串的未用位有误", "a BIT STRING has wrong unused bits")
        size = len(value) if size is None else size
        if len(value) != size and not (ends_in_one and size - _MAX_DROPPED <= len(value) < size):
            raise self.refusal(f"比特串为 {len(value)} 字节，应为 {size} 字节",
                               f"a BIT STRING has {len(value)} bytes instead of {size}")
        if unused or len(value) != size:
            self.forgive("form.value-bits")
        return value.ljust(size, b"\0")

    def signature_bits(self, reader: Reader) -> bytes:
        """The octets of an SM2 signature value in a BIT STRING, dropped zero bytes put back."""
        body = Reader(reader.raw(BIT_STRING)).body(BIT_STRING)
        value, size = body[1:], len(body) - 1
        if size == _RAW or size > _RAW + _MAX_DROPPED:
            return self.bits(Reader(tlv(BIT_STRING, body)))
        if size > 1 and value[0] == SEQUENCE and 0 <= value[1] + 2 - size <= _MAX_DROPPED:
            size = value[1] + 2
        elif 0 < _RAW - size <= _MAX_DROPPED:
            size = _RAW
        return self.bits(Reader(tlv(BIT_STRING, body)), size)

    def sm2_signature(self, value: bytes) -> bytes:
        """DER ``{r, s}`` from DER, from DER whose INTEGERs lack the leading 00, or from 64 bytes ``r ‖ s``."""
        try:
            sm2.raw_from_der(value)
        except sm2.Sm2Error:
            pass
        else:
            return value
        try:
            if len(value) == _RAW:
                made = sm2.der_from_raw(value)
                self.forgive("form.value-raw")
                return made
            outer = Reader(value)
            pair = outer.enter(SEQUENCE)
            outer.done()
            parts = [self._unsigned(pair.body(INTEGER)) for _ in range(2)]
            pair.done()
            made = sm2.der_from_raw(b"".join(parts))
        except EngineError:
            raise Refusal("value.signature-form", self.where) from None
        self.forgive("form.value-unsigned")
        return made

    def _unsigned(self, body: bytes) -> bytes:
        """r or s as 32 bytes: a proper INTEGER, one that reads as negative, or the 32 bytes as they are."""
        proper = bool(body) and body[0] < 0x80 and (len(body) == 1 or body[0] != 0 or body[1] >= 0x80)
        negative = 0 < len(body) <= SM2_PART and body[0] >= 0x80
        if not (proper or negative or len(body) == SM2_PART):
            raise Refusal("value.signature-form", self.where)
        return body.lstrip(b"\0").rjust(SM2_PART, b"\0")

    def time(self, reader: Reader) -> dt.datetime | None:
        """A GeneralizedTime or UTCTime in the forms of the field; None when it names no moment."""
        tag = reader.peek()
        if tag not in (GENERALIZED_TIME, UTC_TIME):
            raise self.refusal("应为时间", "a time is due")
        return self._moment(reader.body(tag), proper=rb"[0-9]{14}Z" if tag == GENERALIZED_TIME else rb"[0-9]{12}Z")

    def time_bits(self, reader: Reader) -> dt.datetime | None:
        """The time of a seal signature of version 1: text, or an encoded time, in a BIT STRING."""
        if reader.peek() in (GENERALIZED_TIME, UTC_TIME):
            return self.time(reader)
        value = self.bits(reader)
        if value[:1] in (bytes((GENERALIZED_TIME,)), bytes((UTC_TIME,))):
            inner = Reader(value)
            moment = self.time(inner)
            inner.done()
            return moment
        return self._moment(value, proper=rb"[0-9]{14}Z")

    def _moment(self, text: bytes, *, proper: bytes) -> dt.datetime | None:
        moment = read_time_text(text.decode("latin-1"))
        if not re.fullmatch(proper, text):
            self.forgive("form.value-time", text=text[:40].decode("latin-1"))
        return moment

    def text(self, reader: Reader) -> str:
        """A string of any type; bytes outside its alphabet are shown as replacement characters."""
        tag, raw = reader.peek(), reader.raw()
        try:
            return Reader(raw).text()
        except EngineError:
            if tag not in _STRINGS:
                raise self.refusal("应为文字", "a string is due") from None
        self.forgive("form.value-text")
        return Reader(raw).body(tag).decode("utf-8", "replace")

"""Writing DER: small functions that each return one encoded value.

The counterpart of :mod:`certs.der`; what is written here is read back by that reader without complaint.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from datetime import UTC, datetime

from certs import der

__all__ = [
    "bit_string", "boolean", "explicit", "generalized_time", "ia5", "implicit", "integer", "named_bits",
    "null", "octet_string", "oid", "printable", "sequence", "set_of", "signature_value", "tlv", "utf8",
    "x509_time",
]


def tlv(tag: int, body: bytes) -> bytes:
    """One value: identifier, shortest length, content."""
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE of encoded values."""
    return tlv(der.SEQUENCE, b"".join(parts))


def set_of(parts: Iterable[bytes]) -> bytes:
    """A SET OF encoded values, sorted as DER demands."""
    return tlv(der.SET, b"".join(sorted(parts)))


def explicit(number: int, value: bytes) -> bytes:
    """``[number] EXPLICIT`` around an encoded value."""
    return tlv(der.context(number), value)


def implicit(number: int, body: bytes) -> bytes:
    """``[number] IMPLICIT`` of a primitive type with the given content."""
    return tlv(der.context(number, constructed=False), body)


def integer(value: int) -> bytes:
    """An INTEGER in its shortest two's complement form."""
    bits = value.bit_length() if value >= 0 else (value + 1).bit_length()
    return tlv(der.INTEGER, value.to_bytes(bits // 8 + 1, "big", signed=True))


def boolean(value: bool) -> bytes:
    """A BOOLEAN."""
    return tlv(der.BOOLEAN, b"\xff" if value else b"\x00")


def null() -> bytes:
    """A NULL."""
    return b"\x05\x00"


@functools.lru_cache(maxsize=256)
def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER from its dotted text."""
    arcs = [int(arc) for arc in dotted.split(".")]
    body = bytearray()
    for arc in (40 * arcs[0] + arcs[1], *arcs[2:]):
        groups = [arc & 0x7F]
        arc >>= 7
        while arc:
            groups.append(0x80 | (arc & 0x7F))
            arc >>= 7
        body += bytes(reversed(groups))
    return tlv(der.OID, bytes(body))


def octet_string(value: bytes) -> bytes:
    """An OCTET STRING."""
    return tlv(der.OCTET_STRING, value)


def bit_string(value: bytes) -> bytes:
    """A BIT STRING of whole bytes."""
    return tlv(der.BIT_STRING, b"\x00" + value)


def named_bits(numbers: Iterable[int]) -> bytes:
    """A BIT STRING with named bits, trailing zero bits left out."""
    wanted = sorted(set(numbers))
    if not wanted:
        return tlv(der.BIT_STRING, b"\x00")
    size = wanted[-1] // 8 + 1
    body = bytearray(size)
    for number in wanted:
        body[number // 8] |= 0x80 >> (number % 8)
    return tlv(der.BIT_STRING, bytes((7 - wanted[-1] % 8,)) + bytes(body))


def utf8(text: str) -> bytes:
    """A UTF8String."""
    return tlv(der.UTF8_STRING, text.encode("utf-8"))


def ia5(text: str) -> bytes:
    """An IA5String; raises UnicodeEncodeError for text that is not ASCII."""
    return tlv(der.IA5_STRING, text.encode("ascii"))


def printable(text: str) -> bytes:
    """A PrintableString; raises UnicodeEncodeError for text that is not ASCII."""
    return tlv(der.PRINTABLE_STRING, text.encode("ascii"))


def generalized_time(moment: datetime) -> bytes:
    """A GeneralizedTime ``YYYYMMDDHHMMSSZ`` from an aware datetime; fractions of a second are cut."""
    text = moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").rjust(15, "0")
    return tlv(der.GENERALIZED_TIME, text.encode("ascii"))


def x509_time(moment: datetime) -> bytes:
    """UTCTime for 1950 to 2049, GeneralizedTime otherwise (RFC 5280 clause 4.1.2.5)."""
    utc = moment.astimezone(UTC)
    if 1950 <= utc.year < 2050:
        return tlv(der.UTC_TIME, utc.strftime("%y%m%d%H%M%SZ").encode("ascii"))
    return generalized_time(utc)


def signature_value(r: int, s: int) -> bytes:
    """``SEQUENCE { r INTEGER, s INTEGER }`` of SM2 and ECDSA."""
    return sequence(integer(r), integer(s))

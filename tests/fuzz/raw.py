"""Damage to bytes that knows nothing of their form."""

from __future__ import annotations

import random
import struct

__all__ = ["damage", "numbers"]

WORDS = (b"PK\3\4", b"PK\1\2", b"PK\5\6", b"<", b">", b'"', b"&#0;", b"]]>", b"<!--", b"<![CDATA[", b"\0", b"\xff" * 8,
         b"%PDF-1.7", b"endobj", b"stream\n", b"endstream", b"xref\n0 1\n", b"startxref\n0\n%%EOF", b"trailer", b"<<",
         b">>", b"1 0 R", b"9e999", b"-1", b"NaN", b"99999999999999999999", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff",
         "　".encode(), "证".encode("gbk"), b"\xef\xbb\xbf", b"\xff\xfe", b"../", b"%00", b"IDAT", b"\xff\xd8\xff")


def numbers(dice: random.Random) -> int:
    """A number near one of the edges of the usual widths."""
    edge = dice.choice((0, 1, 7, 8, 16, 31, 32, 63, 64))
    return max(0, (1 << edge) + dice.choice((-2, -1, 0, 1, 2)))


def damage(data: bytes, dice: random.Random, other: bytes = b"") -> bytes:
    """One damage at one place; ``other`` is where foreign pieces come from."""
    if not data:
        return dice.randbytes(dice.randrange(40))
    place = dice.randrange(len(data))
    if dice.random() < 0.25:
        place = min(len(data) - 1, max(0, dice.choice((0, len(data))) + dice.randrange(-400, 400)))
    length = dice.choice((1, 1, 2, 4, 8, 30, 200, 2000))
    source = other or data
    start = dice.randrange(len(source))
    kind = dice.randrange(9)
    if kind == 0:
        return data[:place] + bytes([data[place] ^ 1 << dice.randrange(8)]) + data[place + 1:]
    if kind == 1:
        return data[:place] + dice.randbytes(length) + data[place + length:]
    if kind == 2:
        return data[:place] + data[place + length:]
    if kind == 3:
        return data[:place] + source[start:start + length] + data[place:]
    if kind == 4:
        return data[:place] + source[start:start + length] + data[place + length:]
    if kind == 5:
        word = dice.choice(WORDS)
        return data[:place] + word + data[place + dice.choice((0, len(word))):]
    if kind == 6:
        return data[:place] if dice.random() < 0.5 else data[place:]
    if kind == 7:
        form = dice.choice(("<H", "<L", "<Q", ">H", ">L"))
        packed = struct.pack(form, numbers(dice) & (1 << 8 * struct.calcsize(form)) - 1)
        return data[:place] + packed + data[place + len(packed):]
    return data[:place] + data[place:place + length] * dice.choice((2, 3, 40)) + data[place + length:]

"""Pictures and fonts: chunks of PNG with right check sums, segments of JPEG, tables of fonts."""

from __future__ import annotations

import random
import struct
import zlib

from tests.fuzz.raw import damage, numbers

__all__ = ["mutate"]


def mutate(data: bytes, dice: random.Random, other: bytes = b"") -> bytes:
    """One change of a picture or a font, by what its first bytes say that it is."""
    if data.startswith(b"\x89PNG") and dice.random() < 0.9:
        return _png(data, dice)
    if data.startswith(b"\xff\xd8") and dice.random() < 0.7:
        return _jpeg(data, dice)
    if data[:4] in (b"\0\1\0\0", b"OTTO", b"true") and dice.random() < 0.9:
        return _font(data, dice)
    return damage(data, dice, other)


def _png(data: bytes, dice: random.Random) -> bytes:
    chunks, place = [], 8
    while place + 12 <= len(data):
        size = int.from_bytes(data[place:place + 4], "big")
        chunks.append((data[place + 4:place + 8], data[place + 8:place + 8 + size]))
        place += 12 + size
    if not chunks:
        return damage(data, dice)
    at = dice.randrange(len(chunks))
    name, body = chunks[at]
    kind = dice.randrange(7)
    if kind == 0:
        chunks.insert(dice.randrange(len(chunks)), chunks[at])
    elif kind == 1:
        del chunks[at]
    elif kind == 2:
        added = dice.choice((b"PLTE", b"tRNS", b"iCCP", b"acTL", b"tEXt", b"IDAT", b"IEND"))
        chunks.insert(at, (added, dice.randbytes(9)))
    elif kind == 3 and chunks[0][0] == b"IHDR" and len(chunks[0][1]) == 13:
        facts = list(struct.unpack(">LLBBBBB", chunks[0][1]))
        which = dice.randrange(7)
        facts[which] = numbers(dice) & (0xFFFFFFFF if which < 2 else 0xFF)
        chunks[0] = (b"IHDR", struct.pack(">LLBBBBB", *facts))
    elif kind == 4 and name == b"IDAT":
        try:
            chunks[at] = (name, zlib.compress(damage(zlib.decompress(body), dice)))
        except zlib.error:
            chunks[at] = (name, zlib.compress(bytes(dice.choice((10, 1 << 22)))))
    else:
        chunks[at] = (name, damage(body, dice))
    return data[:8] + b"".join(len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")
                               for name, body in chunks)


def _jpeg(data: bytes, dice: random.Random) -> bytes:
    marks = [place for place in range(2, min(len(data), 3000) - 4) if data[place] == 0xFF and data[place + 1] > 0xBF]
    if not marks:
        return damage(data, dice)
    place = dice.choice(marks)
    size = int.from_bytes(data[place + 2:place + 4], "big")
    segment = data[place:place + 2 + size]
    kind = dice.randrange(4)
    if kind == 0:
        return data[:place] + data[place + len(segment):]
    if kind == 1:
        return data[:place] + segment * dice.choice((2, 50)) + data[place + len(segment):]
    if kind == 2:
        return data[:place + 4] + damage(segment[4:], dice) + data[place + len(segment):]
    return data[:place + 2] + (numbers(dice) & 0xFFFF).to_bytes(2, "big") + data[place + 4:]


def _font(data: bytes, dice: random.Random) -> bytes:
    if len(data) < 12:
        return damage(data, dice)
    count = int.from_bytes(data[4:6], "big")
    rows = [12 + 16 * number for number in range(count) if 28 + 16 * number <= len(data)]
    if not rows:
        return damage(data, dice)
    row = dice.choice(rows)
    start, size = struct.unpack(">LL", data[row + 8:row + 16])
    kind = dice.randrange(4)
    if kind == 0:
        field = row + dice.choice((0, 4, 8, 12))
        return data[:field] + (numbers(dice) & 0xFFFFFFFF).to_bytes(4, "big") + data[field + 4:]
    if kind == 1:
        return data[:4] + (numbers(dice) & 0xFFFF).to_bytes(2, "big") + data[6:]
    place = start + dice.randrange(max(1, min(size, 60 if kind == 2 else size)))
    return data[:place] + (numbers(dice) & 0xFFFF).to_bytes(2, "big") + data[place + 2:]

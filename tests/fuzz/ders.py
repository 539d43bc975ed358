"""DER taken apart as trees and put together again with other tags, lengths, orders and nested values."""

from __future__ import annotations

import random

from tests.fuzz.raw import damage

__all__ = ["mutate"]

_MAX_PARTS = 400


def _read(data: bytes, start: int) -> tuple[int, int, int] | None:
    """Begin of the body, end of the body, tag of the value at ``start``; None where none is."""
    if start + 2 > len(data) or data[start] & 31 == 31:
        return None
    length, begin = data[start + 1], start + 2
    if length & 128:
        count = length & 127
        if not 1 <= count <= 4 or begin + count > len(data):
            return None
        length = int.from_bytes(data[begin:begin + count], "big")
        begin += count
    return (begin, begin + length, data[start]) if begin + length <= len(data) else None


def _parts(data: bytes) -> list[bytes] | None:
    """The values in ``data``, None where it is no row of values."""
    parts: list[bytes] = []
    place = 0
    while place < len(data) and len(parts) < _MAX_PARTS:
        one = _read(data, place)
        if one is None:
            return None
        parts.append(data[place:one[1]])
        place = one[1]
    return parts if place == len(data) and parts else None


def _written(tag: int, body: bytes, dice: random.Random) -> bytes:
    """A value; rarely with a length that is longer than need be, indefinite, or wrong."""
    size = len(body)
    odd = dice.random()
    if odd < 0.02:
        return bytes((tag, 0x80)) + body + b"\0\0"
    if odd < 0.04:
        return bytes((tag, 0x84)) + size.to_bytes(4, "big") + body
    if odd < 0.06:
        size = max(0, size + dice.choice((-1, 1, 100)))
    if size < 128:
        return bytes((tag, size)) + body
    count = (size.bit_length() + 7) // 8
    return bytes((tag, 0x80 | count)) + size.to_bytes(count, "big") + body


def mutate(data: bytes, dice: random.Random, other: bytes = b"", depth: int = 0) -> bytes:
    """Change one value somewhere in the tree; ``other`` is where foreign values come from."""
    one = _read(data, 0)
    if one is None or one[1] != len(data):
        parts = _parts(data)
        if parts is None or len(parts) < 2:
            return damage(data, dice, other)
        place = dice.randrange(len(parts))
        parts[place] = mutate(parts[place], dice, other, depth + 1)
        return b"".join(parts)
    begin, end, tag = one
    body = data[begin:end]
    lead = body[:1] if tag == 0x03 else b""
    inside = _parts(body[len(lead):]) if depth < 40 else None
    if inside is None:
        return _leaf(tag, body, dice, other)
    if dice.random() < 0.8:
        place = dice.randrange(len(inside))
        inside[place] = mutate(inside[place], dice, other, depth + 1)
    else:
        _row(inside, dice, other)
    return _written(tag, lead + b"".join(inside), dice)


def _row(parts: list[bytes], dice: random.Random, other: bytes) -> None:
    """Change a row of values."""
    place, kind = dice.randrange(len(parts)), dice.randrange(7)
    if kind == 0:
        del parts[place]
    elif kind == 1:
        parts.insert(dice.randrange(len(parts) + 1), parts[place])
    elif kind == 2:
        dice.shuffle(parts)
    elif kind == 3:
        parts[place] = _anywhere(other or b"".join(parts), dice)
    elif kind == 4:
        parts.insert(place, _anywhere(other or b"".join(parts), dice))
    elif kind == 5:
        for _ in range(dice.choice((1, 3, 60, 2000))):
            parts[place] = _written(0x30, parts[place], dice) if len(parts[place]) < 20_000 else parts[place]
    else:
        parts[place] = parts[place] * dice.choice((2, 30))


def _anywhere(data: bytes, dice: random.Random) -> bytes:
    """A value somewhere in a tree."""
    parts = _parts(data)
    while parts:
        chosen = dice.choice(parts)
        one = _read(chosen, 0)
        parts = _parts(chosen[one[0]:one[1]]) if one and dice.random() < 0.75 else None
        if not parts:
            return chosen
    return data[:60]


def _leaf(tag: int, body: bytes, dice: random.Random, other: bytes) -> bytes:
    kind = dice.randrange(6)
    if kind == 0:
        return _written(dice.choice((tag ^ 0x20, 2, 3, 4, 5, 6, 0xC, 0x13, 0x16, 0x17, 0x18, 0x1E, 0x30, 0x31, 0xA0,
                                     dice.randrange(256))), body, dice)
    if kind == 1:
        return _written(tag, b"", dice)
    if kind == 2:
        return _written(tag, dice.choice((b"\0", b"\xff", b"\x80", b"\0" * 9)) + body, dice)
    if kind == 3:
        return _written(tag, dice.choice((
            b"\x01" * 3000, b"99991231235959Z", b"20261332256199Z", b"\xff\xfe\0\0", b"\x7f" + bytes(2000))), dice)
    if kind == 4:
        return _anywhere(other, dice) if other else b""
    return _written(tag, damage(body, dice, other), dice)

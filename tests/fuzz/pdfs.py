"""PDF objects, streams and cross-references changed, in place, by an update, or in a file that is written anew."""

from __future__ import annotations

import random
import re
import zlib
from dataclasses import dataclass

from tests.fuzz import ders
from tests.fuzz.raw import damage, numbers

__all__ = ["bodies", "mutate", "signature_values"]

_OBJECT = re.compile(rb"(?:^|[\r\n])(\d{1,6}) (\d{1,5}) obj\b(.*?)\bendobj", re.S)
_TOKEN = re.compile(rb"/[^\s/<>\[\]()]*|\d+ \d+ R|[-+]?\d*\.?\d+|<<|>>|\[|\]|\((?:[^()\\]|\\.)*\)|<[0-9A-Fa-f\s]*>|\w+")
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\n?endstream", re.S)
_CONTENTS = re.compile(rb"/Contents\s*<([0-9A-Fa-f]{200,})>")
_RANGE = re.compile(rb"/ByteRange\s*\[([^\]]*)\]")
_VALUES = (b"null", b"true", b"[]", b"<<>>", b"()", b"<>", b"-1", b"0", b"1e9", b"99999999999", b"2147483648",
           b"4294967296", b"/Catalog", b"/Page", b"/JavaScript", b"/XFA", b"/Encrypt", b"/Contents", b"/Annots",
           b"/AcroForm", b"/Sig",
           b"/ObjStm", b"/XRef", b"/FlateDecode", b"/LZWDecode", b"/JBIG2Decode", b"/Prev", b"/Length", b"/OpenAction",
           b"(\\376\\377)", b"[[[[[[[[[[]]]]]]]]]]", b"[" * 600 + b"]" * 600, b"0 0 R", b"1 65535 R", b"/" + b"A" * 400,
           b"/Extends", b"/Perms", b"/DSS", b"/Predictor 15", b"/#00", b"% a\n", b"endobj", b"stream")
_OPERATORS = (b"q", b"Q" * 40, b"q " * 500, b"BT", b"ET", b"Do", b"/F1 9999 Tf", b"1e30 0 0 1e30 0 0 cm", b"BI ID EI",
              b"[", b"]", b"(", b"<<", b"sh", b"gs", b"0 0 m", b"h", b"W n", b"BMC", b"EMC", b"NaN 0 l", b"0 Tr 3 Tr")


@dataclass(frozen=True)
class _Object:
    number: int
    generation: int
    start: int                           # of the body, behind ``obj``
    body: bytes


def bodies(data: bytes) -> list[bytes]:
    """What stands in every plain object."""
    return [one[3] for one in _OBJECT.finditer(data)]


def signature_values(data: bytes) -> list[bytes]:
    """What stands in the gaps, without what fills them up."""
    held = [bytes.fromhex(one[1][:len(one[1]) // 2 * 2].decode()) for one in _CONTENTS.finditer(data)]
    return [value[:4 + int.from_bytes(value[2:4], "big")] for value in held if value[:2] == b"\x30\x82"]


def mutate(data: bytes, dice: random.Random, other: bytes = b"") -> bytes:
    """One change that knows the form."""
    kind = dice.randrange(10)
    if kind == 0:
        return _contents(data, dice)
    if kind == 1:
        return _range(data, dice)
    if kind in (2, 3):
        return _references(data, dice)
    found = [_Object(int(one[1]), int(one[2]), one.start(3), one[3]) for one in _OBJECT.finditer(data)]
    if not found:
        return damage(data, dice, other)
    chosen = dice.choice(found)
    body = _stream(chosen.body, dice) if b"stream" in chosen.body and dice.random() < 0.7 else _text(
        chosen.body, dice, dice.choice(found).body)
    if kind in (4, 5):
        return _in_place(data, chosen, body)
    if kind in (6, 7):
        return _update(data, chosen, body, dice)
    return _anew(data, found, chosen, body, dice)


def _text(body: bytes, dice: random.Random, other: bytes) -> bytes:
    """Exchange tokens outside of streams."""
    head, mark, tail = body.partition(b"stream")
    tokens = list(_TOKEN.finditer(head))
    if not tokens:
        return damage(head, dice, other) + mark + tail
    one = dice.choice(tokens)
    spare = _TOKEN.findall(other.partition(b"stream")[0]) or [b"null"]
    value = dice.choice((dice.choice(_VALUES), dice.choice(spare), str(numbers(dice)).encode()))
    kind = dice.randrange(4)
    if kind == 0:
        head = head[:one.start()] + head[one.end():]
    elif kind == 1:
        head = head[:one.start()] + value + b" " + head[one.start():]
    else:
        head = head[:one.start()] + value + head[one.end():]
    return head + mark + tail


def _stream(body: bytes, dice: random.Random) -> bytes:
    """Inflate, change, deflate; the length is made right, mostly."""
    one = _STREAM.search(body)
    if one is None:
        return damage(body, dice)
    packed = one[1]
    try:
        inflated, deflated = zlib.decompress(packed), True
    except zlib.error:
        inflated, deflated = packed, False
    if dice.random() < 0.3:
        words = inflated.split(b" ")
        words.insert(dice.randrange(len(words)), dice.choice(_OPERATORS))
        inflated = b" ".join(words)
    elif dice.random() < 0.02:
        inflated = bytes(dice.choice((1 << 20, 1 << 24)))
    else:
        inflated = damage(inflated, dice)
    made = zlib.compress(inflated, 1) if deflated and dice.random() < 0.95 else inflated
    head = body[:one.start(1)]
    if dice.random() < 0.95:
        head = re.sub(rb"/Length \d+(?! \d+ R)", b"/Length %d" % len(made), head)
    return head + made + body[one.end(1):]


def _in_place(data: bytes, chosen: _Object, body: bytes) -> bytes:
    """The changed object where it was, as long as before where that can be, so that every offset stays right."""
    before = len(chosen.body)
    return data[:chosen.start] + body.ljust(before) + data[chosen.start + before:]


def _update(data: bytes, chosen: _Object, body: bytes, dice: random.Random) -> bytes:
    """The changed object in an incremental update."""
    ends = re.findall(rb"startxref\s+(\d+)", data)
    roots = re.findall(rb"/Root (\d+ \d+ R)", data)
    if not ends or not roots:
        return damage(data, dice)
    number = chosen.number if dice.random() < 0.9 else numbers(dice) & 0xFFFFF
    sizes = [int(each[:9]) for each in re.findall(rb"/Size (\d+)", data)]
    at = len(data) + 1
    made = b"\n%d %d obj%bendobj\n" % (number, chosen.generation, body)
    table = b"xref\n%d 1\n%010d %05d n \ntrailer\n<</Size %d /Root %b /Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        number, at, chosen.generation, max([*sizes, number + 1]), roots[-1], int(ends[-1][:12]), len(data) + len(made))
    return data + made + table


def _anew(data: bytes, found: list[_Object], chosen: _Object, body: bytes, dice: random.Random) -> bytes:
    """All plain objects written into one revision, each once, with a table that is right."""
    bodies = {each.number: each.body for each in found if b"/Type /XRef" not in each.body}
    bodies[chosen.number] = body
    if dice.random() < 0.2:
        bodies.pop(dice.choice(list(bodies)))
    roots = re.findall(rb"/Root (\d+ \d+ R)", data) or [b"1 0 R"]
    out, rows = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), [b"xref\n0 1\n0000000000 65535 f \n"]
    for number, text in sorted(bodies.items()):
        rows.append(b"%d 1\n%010d 00000 n \n" % (number, len(out)))
        out += b"%d 0 obj%bendobj\n" % (number, text)
    return bytes(out) + b"".join(rows) + b"trailer\n<</Size %d /Root %b>>\nstartxref\n%d\n%%%%EOF\n" % (
        max(bodies, default=0) + 1, roots[-1], len(out))


def _contents(data: bytes, dice: random.Random) -> bytes:
    """The signature value, as a tree, in the gap that it has."""
    found = list(_CONTENTS.finditer(data))
    if not found:
        return damage(data, dice)
    one = dice.choice(found)
    held = bytes.fromhex(one[1][:len(one[1]) // 2 * 2].decode())
    if held[:2] == b"\x30\x82":
        held = held[:4 + int.from_bytes(held[2:4], "big")]
    if dice.random() < 0.15:
        made = one[1].swapcase() if dice.random() < 0.5 else damage(one[1], dice)[:len(one[1])]
    else:
        made = ders.mutate(held, dice, held).hex().encode()
    return data[:one.start(1)] + made.ljust(len(one[1]), b"0")[:len(one[1])] + data[one.end(1):]


def _range(data: bytes, dice: random.Random) -> bytes:
    found = list(_RANGE.finditer(data))
    if not found:
        return damage(data, dice)
    one = dice.choice(found)
    values = one[1].split() or [b"0"]
    place = dice.randrange(len(values))
    values[place] = dice.choice((b"0", b"-1", str(numbers(dice)).encode(), b"1 0 R", b"%d" % (len(data) - 1),
                                 damage(values[place], dice)[:20]))
    made = b" ".join(values)
    return data[:one.start(1)] + made.ljust(len(one[1]))[:len(one[1])] + data[one.end(1):]


def _references(data: bytes, dice: random.Random) -> bytes:
    """The table, the trailer, the last words."""
    kind = dice.randrange(5)
    found = list(re.finditer((rb"\d{10} \d{5} [nf]", rb"startxref\s+\d+", rb"/Prev \d+", rb"trailer\s*<<[^>]*>>",
                              rb"xref\s+\d+ \d+")[kind], data))
    if not found:
        return damage(data, dice)
    one = dice.choice(found)
    if kind == 3:
        made = _text(one[0], dice, one[0])
    else:
        figures = list(re.finditer(rb"\d+", one[0]))
        figure = dice.choice(figures)
        near = max(0, int(figure[0]) + dice.choice((-1, 1)))
        value = b"%d" % dice.choice((numbers(dice), dice.randrange(len(data)), near))
        made = one[0][:figure.start()] + value.rjust(len(figure[0]), b"0") + one[0][figure.end():]
    return data[:one.start()] + made + data[one.end():]

"""ZIP archives made by hand, byte by byte, so that a test can break any one field."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Item:
    """One entry with every header field; ``local`` overrides fields of the local header alone."""

    name: bytes
    data: bytes = b""
    method: int = 8
    flags: int = 0
    needed: int = 20
    made_by: int = 0x14
    time: int = 0
    date: int = 0x21
    extra: bytes = b""
    comment: bytes = b""
    external: int = 0
    crc: int | None = None
    size: int | None = None
    packed: bytes | None = None
    local: dict[str, int | bytes] = field(default_factory=dict)
    descriptor: bytes = b""
    gap: bytes = b""

    def body(self) -> bytes:
        """The packed bytes."""
        if self.packed is not None:
            return self.packed
        if self.method != 8:
            return self.data
        engine = zlib.compressobj(6, zlib.DEFLATED, -15)
        return engine.compress(self.data) + engine.flush()


def item(name: str, data: bytes = b"", **facts: object) -> Item:
    """A canonical entry: deflated when that is smaller, else stored."""
    made = Item(name.encode("ascii"), data)
    if len(made.body()) >= len(data):
        made = replace(made, method=0)
    return replace(made, **facts)  # type: ignore[arg-type]


def archive(items: Iterable[Item], *, before: bytes = b"", after: bytes = b"", comment: bytes = b"",
            middle: bytes = b"", count: int | None = None, shift: int = 0) -> bytes:
    """Write an archive as told, right or wrong."""
    out, directory = bytearray(before), bytearray()
    number = 0
    for each in items:
        number += 1
        body = each.body()
        crc = zlib.crc32(each.data) if each.crc is None else each.crc
        size = len(each.data) if each.size is None else each.size
        fields: dict[str, int | bytes] = {
            "needed": each.needed, "flags": each.flags, "method": each.method, "time": each.time,
            "date": each.date, "crc": crc, "packed": len(body), "size": size, "name": each.name,
            "extra": each.extra}
        offset = len(out) + shift
        local = {**fields, **each.local}
        name, extra = local["name"], local["extra"]
        assert isinstance(name, bytes) and isinstance(extra, bytes)
        out += struct.pack("<4s5H3L2H", b"PK\x03\x04", local["needed"], local["flags"], local["method"],
                           local["time"], local["date"], local["crc"], local["packed"], local["size"],
                           len(name), len(extra)) + name + extra + body + each.descriptor + each.gap
        directory += struct.pack("<4s6H3L5H2L", b"PK\x01\x02", each.made_by, each.needed, each.flags,
                                 each.method, each.time, each.date, crc, len(body), size, len(each.name),
                                 len(each.extra), len(each.comment), 0, 0, each.external, offset)
        directory += each.name + each.extra + each.comment
    out += middle
    start = len(out) + shift
    total = number if count is None else count
    out += directory
    out += struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, total, total, len(directory), start, len(comment))
    return bytes(out + comment + after)

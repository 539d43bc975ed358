"""Archives taken apart by the standard library and written again, their headers right or wrong."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Sequence
from dataclasses import replace

from tests.fuzz.raw import damage, numbers
from tests.verify.archives import Item, archive

__all__ = ["Parts", "pack", "parts_of", "repack"]

Parts = list[tuple[str, bytes]]


def parts_of(data: bytes) -> Parts | None:
    """Names and contents in the directory's order; None where the standard library reads no archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            return [(each.filename, opened.read(each)) for each in opened.infolist()]
    except Exception:                    # it raises whatever its parsers raise
        return None


def pack(parts: Sequence[tuple[str, bytes]]) -> bytes:
    """A canonical archive: in order, deflated where that is smaller, every check sum right."""
    return archive([_item(name, data) for name, data in parts])


def _item(name: str, data: bytes) -> Item:
    made = Item(name.encode("utf-8", "surrogatepass"), data)
    return replace(made, method=0) if len(made.body()) >= len(data) else made


def repack(parts: Parts, dice: random.Random) -> bytes:
    """An archive of the same parts with one to three oddities in how it is written."""
    items = [_item(name, data) for name, data in parts]
    around: dict[str, bytes | int] = {}
    for _ in range(dice.choice((1, 1, 2, 3))):
        _one(items, around, dice)
    return archive(items, **around)  # type: ignore[arg-type]


def _one(items: list[Item], around: dict[str, bytes | int], dice: random.Random) -> None:
    if not items:
        return
    place = dice.randrange(len(items))
    item, other = items[place], dice.choice(items)
    kind = dice.randrange(16)
    if kind == 0:
        dice.shuffle(items)
    elif kind == 1:
        items.insert(dice.randrange(len(items) + 1), replace(item, data=damage(item.data, dice), packed=None))
    elif kind == 2:
        items.insert(dice.randrange(len(items) + 1), replace(item, name=dice.choice((
            item.name.swapcase(), b"/" + item.name, item.name.replace(b"/", b"\\"), b"./" + item.name,
            item.name + b"\0", item.name + b" ", b"../" + item.name, damage(item.name, dice)[:300]))))
    elif kind == 3:
        del items[place]
    elif kind == 4:
        items[place] = replace(item, name=other.name)
    elif kind == 5:
        items[place] = replace(item, **{dice.choice(("flags", "needed", "made_by", "time", "date")):
                                        numbers(dice) & 0xFFFF})  # type: ignore[arg-type]
    elif kind == 6:
        items[place] = replace(item, packed=item.body(), method=dice.choice((0, 1, 8, 9, 12, 14, 93, 95, 99)))
    elif kind == 7:
        items[place] = replace(item, crc=numbers(dice) & 0xFFFFFFFF)
    elif kind == 8:
        items[place] = replace(item, size=numbers(dice) & 0xFFFFFFFF)
    elif kind == 9:
        field = dice.choice(("needed", "flags", "method", "time", "date", "crc", "packed", "size"))
        wide = 0xFFFFFFFF if field in ("crc", "packed", "size") else 0xFFFF
        items[place] = replace(item, local={field: numbers(dice) & wide})
    elif kind == 10:
        items[place] = replace(item, local={"name": dice.choice((other.name, item.name.swapcase(), b""))})
    elif kind == 11:
        extra = dice.choice((b"\1\0\x10\0" + bytes(16), b"\x75\x70\5\0" + dice.randbytes(5), dice.randbytes(7)))
        items[place] = replace(item, **{dice.choice(("extra", "comment")): extra})  # type: ignore[arg-type]
    elif kind == 12:
        items[place] = replace(item, descriptor=dice.choice((b"PK\7\x08", b"")) + dice.randbytes(12), flags=8)
    elif kind == 13:
        items[place] = replace(item, gap=dice.choice((dice.randbytes(9), archive([other]))))
    elif kind == 14:
        where = dice.choice(("before", "after", "comment", "middle"))
        added = dice.choice((dice.randbytes(20), archive([other]), archive(items)))
        around[where] = added[:0xFFFF] if where == "comment" else added
    else:
        around[dice.choice(("count", "shift"))] = numbers(dice) & 0x7FFF

"""The canonical ZIP: one byte sequence for one list of entries, so that a verifier accounts for every byte.

Entries stand back to back from offset 0, then the central directory in the same order, then one end
record. No directory entries, data descriptors, extra fields, comments or file times; ASCII names.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Set

from docgen.memo import Memo

__all__ = ["pack"]

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_VERSION_NEEDED, _MADE_BY = 20, 0x0014
_MIDNIGHT, _FIRST_DAY = 0, 0x0021                       # 00:00:00, 1980-01-01
_STORED, _DEFLATED = 0, 8
_LEVEL = 6
_COMPRESSED = (".pdf", ".png")                          # deflating these again gains nothing
_packed: Memo[bytes, tuple[int, int, bytes]] = Memo(64)


def _deflate(data: bytes) -> tuple[int, int, bytes]:
    """Return CRC-32, method and stored form."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    small = packer.compress(data) + packer.flush()
    crc = zlib.crc32(data)
    return (crc, _DEFLATED, small) if len(small) < len(data) else (crc, _STORED, data)


def _form(name: str, data: bytes, shared: Set[str]) -> tuple[int, int, bytes]:
    if name.endswith(_COMPRESSED):
        return zlib.crc32(data), _STORED, data
    return _packed.get(data, lambda: _deflate(data)) if name in shared else _deflate(data)


def pack(entries: Mapping[str, bytes], *, shared: Set[str] = frozenset()) -> bytes:
    """Pack ``entries`` in their order.

    Args:
        entries: entry name → content.
        shared: names whose content recurs from document to document; its deflated form is kept.

    Raises:
        ValueError: a name is not ASCII, not relative, or equals another but for case; or the whole
            would need ZIP64.
    """
    if len({name.lower() for name in entries}) < len(entries) or len(entries) > 0xFFFE:
        raise ValueError("entry names must differ by more than case, and be fewer than 65535")
    body: list[bytes] = []
    directory: list[bytes] = []
    offset = 0
    for name, data in entries.items():
        if not name or name.startswith("/") or ".." in name or "\\" in name or name.endswith("/"):
            raise ValueError(f"not a plain relative entry name: {name!r}")
        raw = name.encode("ascii")
        crc, method, form = _form(name, data, shared)
        facts = (0, method, _MIDNIGHT, _FIRST_DAY, crc, len(form), len(data), len(raw))
        if offset > 0xFFFF_FFFF - len(form) - 4096 or len(data) > 0xFFFF_FFFE:
            raise ValueError("the package is too large for a plain ZIP")
        directory += [
            _CENTRAL.pack(b"PK\x01\x02", _MADE_BY, _VERSION_NEEDED, *facts, 0, 0, 0, 0, 0, offset), raw]
        body += [_LOCAL.pack(b"PK\x03\x04", _VERSION_NEEDED, *facts, 0), raw, form]
        offset += _LOCAL.size + len(raw) + len(form)
    central = b"".join(directory)
    end = _END.pack(b"PK\x05\x06", 0, 0, len(entries), len(entries), len(central), offset, 0)
    return b"".join((*body, central, end))

"""Strict ZIP reader over the raw bytes (APPNOTE 6.3.10, the part that OFD uses).

What another reader could see differently is refused: the entries fill the file from its first byte to
the central directory without a gap, local and central headers agree, no name occurs twice in any
spelling, nothing is encrypted or split, and no inflated byte is kept beyond the declared size.
"""

from __future__ import annotations

import functools
import re
import struct
import unicodedata
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

from lxml import etree

from certs.sm3 import sm3
from verify.reasons import Both, Refusal
from verify.xml import parse_xml

__all__ = ["DEVIATIONS", "NODE_LIMIT", "TWIN", "Archive", "Entry", "Limits", "read_zip"]

_EOCD: Final = struct.Struct("<4s4H2LH")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_EOCD_SIGN, _CENTRAL_SIGN, _LOCAL_SIGN = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
_DESCRIPTOR_SIGN: Final = b"PK\x07\x08"
_UTF8_FLAG, _DESCRIPTOR_FLAG, _DEFLATE_FLAGS = 0x0800, 0x0008, 0x0006
_STORED, _DEFLATED = 0, 8
_CANONICAL_DATE: Final = 0x0021         # 1980-01-01
_PLAIN_NAME: Final = re.compile(rb"(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*+/)*+[A-Za-z0-9_-][A-Za-z0-9_.-]*+")
_CANONICAL: Final = (0x0014, 20, 0, 0, _CANONICAL_DATE, 0, 0, b"", b"")
_UNICODE_PATH, _ZIP64 = 0x7075, 0x0001
TWIN: Final = Both("另一个条目", "another entry")      # as a finding calls the second of one name
NODE_LIMIT: Final = 1_000_000
"""Of the XML that is read of one archive, see :meth:`Archive.nodes`; ours have some hundreds a page."""
_BYTES_A_NODE: Final = 32
_SHARED_LIMIT: Final = 1 << 20          # bytes of an entry that is remembered
DEVIATIONS: Final = {
    "comment": "压缩包带有注释", "order": "条目次序", "OFD.xml is not first": "OFD.xml 不在最前",
    "made by": "制作程序标记", "version needed": "所需版本", "flags": "标志位", "time": "时间",
    "extra field": "扩展字段", "entry comment": "条目注释",
    "attributes": "文件属性", "name not ASCII": "条目名不是 ASCII", "directory entry": "目录条目", "method": "压缩方法",
}
"""How an archive may differ from our canonical form, in English and in Chinese."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a stranger's archive may cost. Sizes in bytes."""

    entries: int = 4000
    entry_size: int = 32 << 20
    total_size: int = 64 << 20
    ratio: int = 400                    # inflated : stored, asked once an entry is over ``ratio_from``
    ratio_from: int = 1 << 20
    name: int = 512


class Entry(NamedTuple):
    """One file of the archive; ``data`` is inflated and its CRC checked."""

    name: str
    data: bytes
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """The files of an archive in their order. ``deviations`` tell how it differs from our canonical form, each one of
    :data:`DEVIATIONS`."""

    entries: Mapping[str, Entry]
    deviations: tuple[str, ...]
    _roots: dict[str, etree._Element] = field(default_factory=dict, repr=False, compare=False)
    _digests: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    _nodes: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    def xml(self, name: str) -> etree._Element:
        """The root of the entry ``name``; parsed once and not to be changed.

        Raises:
            Refusal: ``ofd.missing``; ``ofd.too-many``, of all that was read; else as :func:`verify.xml.parse_xml`.
        """
        if name not in self._roots:
            entry = self.entries.get(name)
            if entry is None:
                raise Refusal("ofd.missing", name)
            self.nodes(name)
            if sum(self._nodes.values()) > NODE_LIMIT:
                raise Refusal("ofd.too-many", name, limit=NODE_LIMIT)
            self._roots[name] = parse_xml(entry.data, name)
        return self._roots[name]

    def nodes(self, name: str) -> int:
        """What reading the XML entry ``name``, which is there, costs: its tags, and its bytes by the score."""
        if name not in self._nodes:
            data = self.entries[name].data
            self._nodes[name] = data.count(b"<") + len(data) // _BYTES_A_NODE
        return self._nodes[name]

    def sm3(self, name: str) -> bytes:
        """The digest of the entry ``name``, which is there; computed once."""
        if name not in self._digests:
            data = self.entries[name].data
            self._digests[name] = (_shared_sm3 if _is_shared(name, len(data)) else sm3)(data)
        return self._digests[name]

    @property
    def canonical(self) -> bool:
        """Whether every header byte is the one that our packages have."""
        return not self.deviations


@dataclass(slots=True)
class _Header:
    """One central header."""

    made_by: int
    needed: int
    flags: int
    method: int
    time: int
    date: int
    crc: int
    packed: int
    size: int
    disk: int
    internal: int
    external: int
    offset: int
    raw_name: bytes
    extra: bytes
    comment: bytes
    name: str = ""


def read_zip(data: bytes, limits: Limits | None = None) -> Archive:
    """Read an archive whole.

    Raises:
        Refusal: a ``zip.…`` code; the archive is not read at all.
    """
    limits = limits or Limits()
    end = _end_record(data)
    headers = _central(data, end, limits)
    deviations: list[str] = ["comment"] if end.offset + _EOCD.size != len(data) else []
    in_order = sorted(headers, key=lambda header: header.offset)
    if in_order != headers:
        deviations.append("order")
    if headers and headers[0].name != "OFD.xml":
        deviations.append("OFD.xml is not first")
    if sum(header.size for header in headers) > limits.total_size:
        raise Refusal("zip.bomb", "", limit=limits.total_size)
    entries: dict[str, Entry] = {}
    position = 0
    for header in in_order:
        if header.offset != position:
            raise Refusal("zip.slack", header.name, offset=min(position, header.offset))
        body, position = _local(data, header, end.start, deviations)
        content = _inflate(body, header)
        _canonical_header(header, deviations)
        if not header.name.endswith("/"):
            entries[header.name] = Entry(name=header.name, data=content, offset=header.offset)
        elif content:
            raise Refusal("zip.directory-data", header.name)
    if position != end.start:
        raise Refusal("zip.slack", "", offset=position)
    return Archive(entries=MappingProxyType(entries), deviations=tuple(dict.fromkeys(deviations)))


@dataclass(frozen=True, slots=True)
class _End:
    """The end record: where it stands, where the central directory starts, how many entries."""

    offset: int
    start: int
    count: int


def _end_record(data: bytes) -> _End:
    """Find the one end record whose comment reaches exactly to the end of the file."""
    lowest = max(0, len(data) - _EOCD.size - 0xFFFF)
    found: list[int] = []
    position = data.find(_EOCD_SIGN, lowest)
    while position >= 0:
        if position + _EOCD.size + int.from_bytes(data[position + 20:position + 22], "little") == len(data):
            found.append(position)
        position = data.find(_EOCD_SIGN, position + 1)
    if not found:
        raise Refusal("zip.truncated", "")
    if len(found) > 1:
        raise Refusal("zip.two-ends", "", offset=found[0])
    _, disk, start_disk, here, count, size, start, _ = _EOCD.unpack_from(data, found[0])
    if count == 0xFFFF or size == 0xFFFFFFFF or start == 0xFFFFFFFF:
        raise Refusal("zip.zip64", "")
    if disk or start_disk or here != count:
        raise Refusal("zip.split", "")
    if start + size != found[0]:
        raise Refusal("zip.slack", "", offset=min(start + size, found[0]))
    return _End(found[0], start, count)


def _central(data: bytes, end: _End, limits: Limits) -> list[_Header]:
    """Read the central directory; names and limits are checked here."""
    if end.count > limits.entries:
        raise Refusal("zip.too-many", "", count=end.count, limit=limits.entries)
    headers: list[_Header] = []
    position = end.start
    for _ in range(end.count):
        if position + _CENTRAL.size > end.offset:
            raise Refusal("zip.central", "", offset=position)
        (sign, made, needed, flags, method, time, date, crc, packed, size, name_len, extra_len,
         comment_len, disk, internal, external, offset) = _CENTRAL.unpack_from(data, position)
        if sign != _CENTRAL_SIGN:
            raise Refusal("zip.central", "", offset=position)
        name_end = position + _CENTRAL.size + name_len
        header = _Header(made, needed, flags, method, time, date, crc, packed, size, disk, internal, external,
                         offset, raw_name=data[name_end - name_len:name_end],
                         extra=data[name_end:name_end + extra_len],
                         comment=data[name_end + extra_len:name_end + extra_len + comment_len])
        position = name_end + extra_len + comment_len
        if position > end.offset:
            raise Refusal("zip.central", "", offset=position)
        header.name = _name(header, limits)
        _supported(header, limits)
        headers.append(header)
    if position != end.offset:
        raise Refusal("zip.slack", "", offset=position)
    _no_twins(headers)
    return headers


def _name(header: _Header, limits: Limits) -> str:
    """Decode and judge a name: relative, inside, plain."""
    raw = header.raw_name
    if len(raw) <= limits.name and _PLAIN_NAME.fullmatch(raw):
        return raw.decode("ascii")
    name = raw.decode("ascii") if raw.isascii() else _decoded(raw, utf8=bool(header.flags & _UTF8_FLAG))
    parts = (name[:-1] if name.endswith("/") else name).split("/")
    bad = (not name or len(raw) > limits.name or "\\" in name or ":" in name
           or any(part in ("", ".", "..") or part != part.strip() for part in parts)
           or any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in name))
    if bad:
        raise Refusal("zip.name", name)
    return name


def _decoded(raw: bytes, *, utf8: bool) -> str:
    """A name that is not ASCII: UTF-8 if the flag says so or it is well formed, else GB 18030."""
    for encoding in ("utf-8",) if utf8 else ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refusal("zip.name", raw.hex())


def _supported(header: _Header, limits: Limits) -> None:
    """Refuse what an OFD never has: encryption, other methods, ZIP64, a second name, too much."""
    if header.flags & ~(_UTF8_FLAG | _DESCRIPTOR_FLAG | _DEFLATE_FLAGS):
        raise Refusal("zip.encrypted", header.name, flags=hex(header.flags))
    if header.method not in (_STORED, _DEFLATED) or header.disk:
        raise Refusal("zip.method", header.name, method=header.method)
    if 0xFFFFFFFF in (header.size, header.packed, header.offset) or header.needed > 45:
        raise Refusal("zip.zip64", header.name)
    if header.extra:
        _no_alias(header.extra, header.name)
    if header.method == _STORED and header.size != header.packed:
        raise Refusal("zip.headers", header.name)
    if header.size > limits.entry_size or (
            header.size > limits.ratio_from and header.size > header.packed * limits.ratio):
        raise Refusal("zip.bomb", header.name, limit=limits.entry_size)


def _no_alias(extra: bytes, name: str) -> None:
    """Walk the extra field; refuse fields that give a second name or second sizes."""
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, position)
        position += 4 + length
        if kind in (_UNICODE_PATH, _ZIP64):
            raise Refusal("zip.alias", name, kind=hex(kind))
    if position != len(extra):
        raise Refusal("zip.headers", name)


def _no_twins(headers: list[_Header]) -> None:
    """Refuse two entries that some file system or reader would take for the same."""
    seen: dict[str, str] = {}
    folders: set[str] = set()
    for header in headers:
        key = unicodedata.normalize("NFKC", header.name).casefold().rstrip("/")
        if key in seen:
            raise Refusal("zip.twin", header.name, other=TWIN if seen[key] == header.name else seen[key])
        seen[key] = header.name
        parts = key.split("/")
        folders.update("/".join(parts[:depth]) for depth in range(1, len(parts)))
    for key, name in seen.items():
        if key in folders and not name.endswith("/"):
            raise Refusal("zip.twin", name, other=name + "/…")


def _local(data: bytes, header: _Header, start: int, deviations: list[str]) -> tuple[memoryview, int]:
    """Check the local header against the central one; return the packed bytes and the next position."""
    position = header.offset
    if position + _LOCAL.size > start:
        raise Refusal("zip.headers", header.name)
    (sign, needed, flags, method, time, date, crc, packed, size, name_len, extra_len) = \
        _LOCAL.unpack_from(data, position)
    body = position + _LOCAL.size + name_len + extra_len
    end = body + header.packed
    if sign != _LOCAL_SIGN or end > start:
        raise Refusal("zip.headers", header.name)
    extra = data[body - extra_len:body]
    later = bool(header.flags & _DESCRIPTOR_FLAG)
    sizes = (crc, packed, size)
    central = (header.crc, header.packed, header.size)
    if ((needed, flags, method, time, date) != (header.needed, header.flags, header.method, header.time,
                                                header.date)
            or data[position + _LOCAL.size:body - extra_len] != header.raw_name
            or not (sizes == central or (later and sizes == (0, 0, 0)))):
        raise Refusal("zip.headers", header.name)
    if extra:
        _no_alias(extra, header.name)
        deviations.append("extra field")
    if later:
        end = _descriptor(data, end, central, header.name, start)
    return memoryview(data)[body:body + header.packed], end


def _descriptor(data: bytes, position: int, expected: tuple[int, int, int], name: str, start: int) -> int:
    """Check a data descriptor (with or without its signature) and return the position after it."""
    if data[position:position + 4] == _DESCRIPTOR_SIGN:
        position += 4
    if position + 12 > start or struct.unpack_from("<3L", data, position) != expected:
        raise Refusal("zip.headers", name)
    return position + 12


def _inflate(body: memoryview, header: _Header) -> bytes:
    """The bytes of an entry: exactly as many as declared, out of every packed byte, and of the declared CRC."""
    if header.method == _STORED:
        content, crc = bytes(body), zlib.crc32(body)
    else:
        read = (_shared if _is_shared(header.name, header.size) else _inflated)(bytes(body), header.size)
        if read is None:
            raise Refusal("zip.inflate", header.name)
        content, crc = read
    if crc != header.crc:
        raise Refusal("zip.crc", header.name)
    return content


def _inflated(body: bytes, size: int) -> tuple[bytes, int] | None:
    """The inflated bytes of a raw deflate stream, never more than declared, and their CRC; None for another stream."""
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = engine.decompress(body, size + 1)
    except zlib.error:
        return None
    whole = len(content) == size and engine.eof and not engine.unused_data and not engine.unconsumed_tail
    return (content, zlib.crc32(content)) if whole else None


def _is_shared(name: str, size: int) -> bool:
    """Whether an entry is a template page or a seal. Many packages share these: what they give is remembered by their
    bytes.
    """
    return ("/Tpls/" in name or name.endswith("/Seal.esl")) and size <= _SHARED_LIMIT


_shared = functools.lru_cache(maxsize=32)(_inflated)
_shared_sm3 = functools.lru_cache(maxsize=32)(sm3)


def _canonical_header(header: _Header, deviations: list[str]) -> None:
    """Note how a header differs from those of our own packages."""
    told = (header.made_by, header.needed, header.flags, header.time, header.date, header.internal, header.external,
            header.extra, header.comment)
    method = _DEFLATED if header.packed < header.size else _STORED
    if told == _CANONICAL and header.method == method and header.raw_name.isascii() and header.name[-1] != "/":
        return
    expected = {
        "made by": header.made_by == 0x0014, "version needed": header.needed == 20,
        "flags": header.flags == 0, "time": header.time == 0 and header.date == _CANONICAL_DATE,
        "extra field": not header.extra, "entry comment": not header.comment,
        "attributes": header.internal == 0 and header.external == 0,
        "name not ASCII": header.raw_name.isascii(), "directory entry": not header.name.endswith("/"),
        "method": header.method == method,
    }
    deviations.extend(name for name, right in expected.items() if not right)

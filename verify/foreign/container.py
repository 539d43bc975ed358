"""ZIP archives of any writer: what is odd but means one thing is told, what readers could see differently weighs.

Strict about everything that decides which bytes stand under which name: names that occur twice in any spelling,
headers that disagree, entries that overlap, bytes that no header accounts for, second end records, second names. Such
an archive is read on, so that the report can tell more, but it is never called genuine.
"""

from __future__ import annotations

import contextlib
import re
import stat
import struct
import unicodedata
import zlib
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from verify.reasons import Findings, Refusal
from verify.zip import TWIN, Archive, Entry, Limits

__all__ = ["read_container"]

_EOCD: Final = struct.Struct("<4s4H2LH")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_EOCD_SIGN, _CENTRAL_SIGN, _LOCAL_SIGN = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
_LOCATOR_SIGN, _DESCRIPTOR_SIGN = b"PK\x06\x07", b"PK\x07\x08"
_ENCRYPTED, _LATER, _UTF8, _LEVEL = 0x0001, 0x0008, 0x0800, 0x0006
_STORED, _DEFLATED = 0, 8
_ZIP64, _UNICODE_PATH = 0x0001, 0x7075
_HUGE: Final = 0xFFFFFFFF
_UNIX: Final = (3, 19)                  # systems whose attributes hold a mode
_DOS_FOLDER: Final = 0x10
_LOCATOR_SIZE: Final = 20
_NEWEST: Final = 63                     # version of the format, times 10: readers refuse what is newer
_ASIDE_LIMIT: Final = 1024              # bytes of a comment or an extra field
_FOLDED: Final = re.compile(
    r"[.]$|~[0-9]|[<>\"|?*]|^(?:con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$)(?:[.]|$)", re.IGNORECASE)
"""What Windows takes for another name when the archive is unpacked: dots at the end, short names, devices."""
_OTHER_FILES: Final = (b"%pdf", b"startxref", b"%%eof", b"<html", b"<svg", b"pk\3\4", b"pk\1\2")
"""What lets another program take the file for something else; in lower case."""


@dataclass(slots=True)
class _Header:
    """One central header. ``name`` is decoded; ``zip64`` the ZIP64 part of the local extra field."""

    raw: bytes
    needed: int
    flags: int
    method: int
    moment: tuple[int, int]
    crc: int
    packed: int
    size: int
    offset: int
    extra: bytes
    name: str = ""
    zip64: bytes | None = field(default=None)


def read_container(data: bytes, found: Findings, limits: Limits | None = None) -> Archive:
    """Read an archive as far as it can be read.

    Args:
        found: gets ``zip.…`` for what readers could see differently, ``form.zip`` for what was forgiven.

    Raises:
        Refusal: there is no archive to be read, or it costs too much.
    """
    return _Reader(data, found, limits or Limits()).read()


def _odd_kind(made_by: int, external: int, name: str) -> bool:
    """Whether the attributes say that a file is a folder, a link or a device: who unpacks it gets something else."""
    folder = name.endswith("/")
    kind = stat.S_IFMT(external >> 16)
    if made_by >> 8 not in _UNIX and kind != stat.S_IFLNK:      # some programs make links whatever system it says
        kind = 0
    return kind not in (0, stat.S_IFDIR if folder else stat.S_IFREG) or bool(external & _DOS_FOLDER and not folder)


def _spellings(header: _Header) -> set[str]:
    """A name in every way that readers decode it."""
    spellings = {header.name}
    for encoding in () if header.raw.isascii() else ("utf-8", "gb18030", "cp437"):
        with contextlib.suppress(UnicodeDecodeError):
            spellings.add(header.raw.decode(encoding))
    return spellings


class _Reader:
    """One archive."""

    def __init__(self, data: bytes, found: Findings, limits: Limits) -> None:
        self.data = data
        self.found = found
        self.limits = limits
        self.base = 0                    # what must be added to every offset
        self.start = 0                   # of the central directory
        self.end = 0                     # of the central directory
        self.forgiven: dict[str, str] = {}

    def read(self) -> Archive:
        count = self._end_record()
        headers = self._central(count)
        if sum(header.size for header in headers) > self.limits.total_size:
            raise Refusal("zip.bomb", "", limit=self.limits.total_size)
        self._twins(headers)
        entries: dict[str, Entry] = {}
        position = 0
        for header in sorted(headers, key=lambda each: each.offset):
            offset = header.offset + self.base
            if offset != position:
                self._doubt("zip.slack", header.name, offset=min(position, offset))
            body, position = self._local(header, offset)
            content = self._content(header, body)
            if header.name.endswith("/"):
                if content:
                    self._doubt("zip.directory-data", header.name)
            elif content is not None:
                entries.setdefault(header.name, Entry(name=header.name, data=content, offset=offset))
        if position != self.start:
            self._doubt("zip.slack", "", offset=position)
        for zh, en in self.forgiven.items():
            self.found.add("form.zip", "", zh=zh, en=en)
        return Archive(entries=MappingProxyType(entries), deviations=tuple(self.forgiven.values()))

    def _doubt(self, code: str, where: str, **facts: object) -> None:
        self.found.add(code, where, **facts)

    def _forgive(self, zh: str, en: str) -> None:
        self.forgiven[zh] = en

    def _aside(self, where: str, text: bytes) -> None:
        """Bytes of the archive that no signature can protect: a word of its maker, never another file."""
        if len(text) > _ASIDE_LIMIT or any(mark in text.lower() for mark in _OTHER_FILES):
            self._doubt("zip.aside", where, size=len(text))
        elif text:
            self._forgive("压缩包带有注释", "the archive has comments")

    # -- the directory

    def _end_record(self) -> int:
        """Find the end record; the number of entries that it states."""
        data = self.data
        last = data.rfind(_EOCD_SIGN, max(0, len(data) - _EOCD.size - 0xFFFF))
        if last < 0 or last + _EOCD.size > len(data):
            raise Refusal("zip.truncated", "")
        place, closing = last, []
        while place >= 0:
            if place + _EOCD.size + int.from_bytes(data[place + 20:place + 22], "little") == len(data):
                closing.append(place)
            place = data.rfind(_EOCD_SIGN, max(0, len(data) - _EOCD.size - 0xFFFF), place)
        place = closing[-1] if closing else last
        if len(closing) > 1 or (closing and place != last):
            self._doubt("zip.two-ends", "", offset=place)
        elif not closing:
            self._doubt("zip.slack", "", offset=place + _EOCD.size)
        elif place + _EOCD.size != len(data):
            self._aside("", data[place + _EOCD.size:])
        if data[max(0, place - _LOCATOR_SIZE):place].startswith(_LOCATOR_SIGN):
            self._doubt("zip.zip64", "")
        _, disk, start_disk, here, count, size, start, _ = _EOCD.unpack_from(data, place)
        if count == 0xFFFF or _HUGE in (size, start):
            raise Refusal("zip.zip64", "")
        if disk or start_disk or here not in (count, 0):
            self._doubt("zip.split", "")
        elif here != count:
            self._forgive("结尾记录的本卷条目数为 0", "the end record says that no entry is on this disk")
        self._place(place, start, size)
        return int(count)

    def _place(self, end: int, start: int, size: int) -> None:
        """Where the central directory stands, when bytes were put before the archive or behind the directory."""
        self.start, self.end = start, start + size
        if self.end == end:
            return
        self._doubt("zip.slack", "", offset=min(self.end, end))
        if size <= end and self.data[end - size:end - size + 4] == _CENTRAL_SIGN:
            self.base, self.start, self.end = end - size - start, end - size, end
        elif self.end > end:
            raise Refusal("zip.central", "", offset=end)

    def _central(self, count: int) -> list[_Header]:
        """The headers of the entries that can be read."""
        if count > self.limits.entries:
            raise Refusal("zip.too-many", "", count=count, limit=self.limits.entries)
        headers, position = [], self.start
        for _ in range(count):
            if position + _CENTRAL.size > self.end or self.data[position:position + 4] != _CENTRAL_SIGN:
                raise Refusal("zip.central", "", offset=position)
            (_, made_by, needed, flags, method, time, date, crc, packed, size, name_size, extra_size, comment_size,
             disk, _, external, offset) = _CENTRAL.unpack_from(self.data, position)
            name_end = position + _CENTRAL.size + name_size
            header = _Header(self.data[name_end - name_size:name_end], needed, flags, method, (time, date), crc, packed,
                             size, offset, self.data[name_end:name_end + extra_size])
            position = name_end + extra_size + comment_size
            if position > self.end:
                raise Refusal("zip.central", "", offset=position)
            header.name = self._name(header)
            if _odd_kind(made_by, external, header.name):
                self._doubt("zip.kind", header.name)
            if disk:
                self._doubt("zip.split", header.name)
            if needed > _NEWEST:
                self._doubt("zip.zip64", header.name)
            if _HUGE in (packed, size, offset):
                raise Refusal("zip.zip64", header.name)
            if size > self.limits.entry_size or (size > self.limits.ratio_from and size > packed * self.limits.ratio):
                raise Refusal("zip.bomb", header.name, limit=self.limits.entry_size)
            self._aside(header.name, self.data[position - comment_size:position])
            self._extra(header, header.extra)
            headers.append(header)
        if position != self.end:
            self._doubt("zip.slack", "", offset=position)
        return headers

    def _name(self, header: _Header) -> str:
        """The name, judged: relative, inside, plain. Readers decode names that do not say how differently."""
        raw, name = header.raw, ""
        if raw.isascii():
            name = raw.decode("ascii")
        else:
            for encoding in ("utf-8",) if header.flags & _UTF8 else ("utf-8", "gb18030"):
                try:
                    name = raw.decode(encoding)
                    break
                except UnicodeDecodeError:
                    continue
            if not header.flags & _UTF8:
                self._forgive("中文条目名没有 UTF-8 标志", "names outside ASCII without the UTF-8 flag")
        parts = (name[:-1] if name.endswith("/") else name).split("/")
        if (not name or len(raw) > self.limits.name or "\\" in name or ":" in name
                or any(part in ("", ".", "..") or part != part.strip() or _FOLDED.search(part) for part in parts)
                or any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in name)):
            self._doubt("zip.name", name or raw.hex())
        return name or raw.hex()

    def _twins(self, headers: list[_Header]) -> None:
        """Two entries that some file system or reader would take for the same, in any decoding of their names."""
        seen: dict[str, _Header] = {}
        folders: dict[str, str] = {}
        for header in headers:
            for key in {unicodedata.normalize("NFKC", each).casefold().strip("/") for each in _spellings(header)}:
                other = seen.setdefault(key, header)
                if other is not header:
                    self._doubt("zip.twin", header.name, other=TWIN if other.name == header.name else other.name)
                parts = key.split("/")
                folders.update(("/".join(parts[:depth]), header.name) for depth in range(1, len(parts)))
        for key, header in seen.items():
            if key in folders and not header.name.endswith("/"):
                self._doubt("zip.twin", header.name, other=folders[key])

    def _extra(self, header: _Header, extra: bytes, *, local: bool = False) -> None:
        """Walk an extra field: another name or other sizes weigh, padding does not."""
        if len(extra) > _ASIDE_LIMIT:
            self._doubt("zip.aside", header.name, size=len(extra))
        position = 0
        while position + 4 <= len(extra):
            kind, length = struct.unpack_from("<2H", extra, position)
            body = extra[position + 4:position + 4 + length]
            if kind == _ZIP64 and local:
                header.zip64 = body
                self._forgive("本地文件头带有 ZIP64 长度", "local headers with ZIP64 sizes")
            elif kind == _ZIP64 or (kind == _UNICODE_PATH and body[5:] != header.name.encode()):
                self._doubt("zip.alias", header.name, kind=hex(kind))
            if position + 4 + length > len(extra):
                self._doubt("zip.headers", header.name)
            position += 4 + length
        if any(extra[position:]):
            self._doubt("zip.headers", header.name)

    # -- one entry

    def _local(self, header: _Header, offset: int) -> tuple[bytes, int]:
        """The packed bytes of an entry and the position behind it; what the local header says otherwise weighs."""
        if not 0 <= offset <= self.start - _LOCAL.size or self.data[offset:offset + 4] != _LOCAL_SIGN:
            self._doubt("zip.headers", header.name)
            return b"", max(offset, 0)
        (_, needed, flags, method, time, date, crc, packed, size, name_size, extra_size) = \
            _LOCAL.unpack_from(self.data, offset)
        body = offset + _LOCAL.size + name_size + extra_size
        self._extra(header, self.data[body - extra_size:body], local=True)
        sizes, central = (crc, packed, size), (header.crc, header.packed, header.size)
        if header.zip64 is not None:
            sizes = self._zip64_sizes(header, sizes)
        later, ascii_only = bool(flags & _LATER), header.raw.isascii()
        differing = (flags ^ header.flags) & ~_LEVEL & ~(_UTF8 if ascii_only else 0)
        if (differing or method != header.method or self.data[offset + _LOCAL.size:body - extra_size] != header.raw
                or not (sizes == central or (later and sizes[1:] == (0, 0) and crc in (0, header.crc)))
                or body + header.packed > self.start):
            self._doubt("zip.headers", header.name)
        if (needed, (time, date)) != (header.needed, header.moment):
            self._forgive("两处文件头的时间或版本不同", "headers that differ in time or version")
        end = body + header.packed
        return self.data[body:end], self._descriptor(header, end) if later else end

    def _zip64_sizes(self, header: _Header, sizes: tuple[int, int, int]) -> tuple[int, int, int]:
        """Sizes of a local header whose ZIP64 field gives those that it leaves out."""
        crc, packed, size = sizes
        body = header.zip64 or b""
        values = list(struct.unpack_from(f"<{len(body) // 8}Q", body))
        if size == _HUGE and values:
            size = values.pop(0)
        if packed == _HUGE and values:
            packed = values.pop(0)
        if any(value not in (0, header.size, header.packed) for value in values):
            self._doubt("zip.alias", header.name, kind=hex(_ZIP64))
        return crc, packed, size

    def _descriptor(self, header: _Header, position: int) -> int:
        """The position behind a data descriptor, with or without its mark, with sizes of 4 or 8 bytes."""
        place = position + 4 if self.data[position:position + 4] == _DESCRIPTOR_SIGN else position
        forms = ("<LQQ", "<LLL") if header.zip64 is not None else ("<LLL",)
        for form in forms:
            size = struct.calcsize(form)
            if place + size <= self.start and struct.unpack_from(form, self.data, place) == (
                    header.crc, header.packed, header.size):
                return place + size
        self._doubt("zip.headers", header.name)
        return position

    def _content(self, header: _Header, body: bytes) -> bytes | None:
        """The inflated bytes, None when they cannot be had."""
        if header.flags & ~(_UTF8 | _LATER | _LEVEL):
            self._doubt("zip.encrypted", header.name, flags=hex(header.flags))
            return None
        if header.method not in (_STORED, _DEFLATED):
            self._doubt("zip.method", header.name, method=header.method)
            return None
        content = body if header.method == _STORED else self._inflated(header, body)
        if content is not None and (len(content) != header.size or zlib.crc32(content) != header.crc):
            self._doubt("zip.crc", header.name)
        return content

    def _inflated(self, header: _Header, body: bytes) -> bytes | None:
        """Inflate, never past the declared size; every packed byte must be used."""
        engine = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            content = engine.decompress(body, header.size + 1)
        except zlib.error:
            self._doubt("zip.inflate", header.name)
            return None
        if len(content) != header.size or not engine.eof or engine.unused_data or engine.unconsumed_tail:
            self._doubt("zip.inflate", header.name)
        return content

"""Forms with a file (multipart/form-data), read as they come in, within limits, never onto a disk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from service.refusals import Refused

__all__ = ["Form", "Pace", "read_form"]

_PARTS: Final = 8
_HEADER_BYTES: Final = 8192
_FIELD_BYTES: Final = 256
_SLACK: Final = 64 << 10                # of a body beyond the file: boundaries, headers, short fields
_NAME: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How slowly a body may come: seconds between two pieces, seconds in all, and bytes a second that it must have
    come with on the whole, but for its first ``grace_s`` seconds."""

    between_s: float = 20.0
    whole_s: float = 180.0
    least_bytes_s: float = 8192.0
    grace_s: float = 10.0

    def left_s(self, passed_s: float, received: int) -> float:
        """How long the next piece may take, ``passed_s`` seconds after the first of ``received`` bytes."""
        return max(min(self.between_s, self.whole_s - passed_s,
                       self.grace_s + received / self.least_bytes_s - passed_s), 0.0)


@dataclass(slots=True)
class Form:
    """What a form holds: short fields, and one large one, a file or a text, in ``data``; ``name`` of the file."""

    fields: dict[str, str] = field(default_factory=dict)
    data: bytearray | None = None
    name: str = ""


async def read_form(pieces: AsyncIterator[bytes], content_type: str, content_length: str | None, *, large: str,
                    limit: int, hold: Callable[[int], None], pace: Pace) -> Form:
    """Read a form.

    Args:
        pieces: the body.
        large: the name of the field that may be large.
        limit: its bytes.
        hold: is told of bytes before they are kept.

    Raises:
        Refused: ``form``, ``too-large``, ``slow``, and what ``hold`` raises.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 0 < len(boundary) <= 70:
        raise Refused("form")
    if content_length is not None and content_length.isdigit() and int(content_length) > limit + _SLACK:
        raise Refused("too-large")
    reader = _Reader(large, limit, hold)
    parser = MultipartParser(boundary, {
        "on_part_begin": reader.begin, "on_header_field": reader.header_name, "on_header_value": reader.header_value,
        "on_header_end": reader.header_end, "on_headers_finished": reader.headers_end, "on_part_data": reader.data,
        "on_part_end": reader.part_end, "on_end": reader.end})
    begun, total = time.monotonic(), 0
    while True:
        try:
            piece = await asyncio.wait_for(anext(pieces), pace.left_s(time.monotonic() - begun, total))
        except StopAsyncIteration:
            break
        except TimeoutError:
            raise Refused("slow") from None
        total += len(piece)
        if total > limit + _SLACK:
            raise Refused("too-large")
        try:
            parser.write(piece)
        except FormParserError:
            raise Refused("form") from None
    if not reader.ended:
        raise Refused("form")
    return reader.form


class _Reader:
    """Takes the parts of a form one after the other."""

    def __init__(self, large: str, limit: int, hold: Callable[[int], None]) -> None:
        self.form = Form()
        self.ended = False
        self._large, self._limit, self._hold = large, limit, hold
        self._parts = 0
        self._header_bytes = 0
        self._name, self._value = bytearray(), bytearray()
        self._disposition = b""
        self._key = ""
        self._text = bytearray()

    def begin(self) -> None:
        self._parts += 1
        if self._parts > _PARTS:
            raise Refused("form")
        self._disposition, self._key, self._header_bytes = b"", "", 0
        self._name, self._value, self._text = bytearray(), bytearray(), bytearray()

    def _count(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > _HEADER_BYTES:
            raise Refused("form")

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._value += data[start:end]

    def header_end(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._name, self._value = bytearray(), bytearray()

    def headers_end(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._key = options.get(b"name", b"").decode("utf-8", "replace")
        if self._key != self._large:
            return
        if self.form.data is not None:
            raise Refused("form")
        self.form.data = bytearray()
        self.form.name = options.get(b"filename", b"").decode("utf-8", "replace")[-_NAME:]

    def data(self, data: bytes, start: int, end: int) -> None:
        size = end - start
        if self._key == self._large and self.form.data is not None:
            if len(self.form.data) + size > self._limit:
                raise Refused("too-large")
            self._hold(size)
            self.form.data += data[start:end]
        else:
            if len(self._text) + size > _FIELD_BYTES:
                raise Refused("form")
            self._text += data[start:end]

    def part_end(self) -> None:
        if self._key and self._key != self._large:
            self.form.fields[self._key] = self._text.decode("utf-8", "replace")

    def end(self) -> None:
        self.ended = True

"""The /Contents of a PDF signature: the CMS at the start of what is padded."""

from __future__ import annotations

import enum

__all__ = ["ContentsError", "ContentsFault", "cut_padded"]

_SEQUENCE = 0x30
_LEAST = 8


class ContentsFault(enum.Enum):
    """What keeps a CMS from being found."""

    NOTHING = enum.auto()                # no SEQUENCE stands there
    LENGTH = enum.auto()                 # its length is written in a way that is not read
    TOO_LONG = enum.auto()               # it is longer than what is there, or than the limit


class ContentsError(Exception):
    """There is no CMS; becomes a refusal of the reader that asked."""

    def __init__(self, fault: ContentsFault) -> None:
        super().__init__(fault)
        self.fault = fault


def cut_padded(value: bytes, *, limit: int, length_bytes: int) -> bytes:
    """Return the value at the start of the padded contents, by its own length.

    Args:
        limit: bytes of the longest CMS.
        length_bytes: how many bytes its length may be written in.

    Raises:
        ContentsError: there is none.
    """
    if len(value) < _LEAST or value[0] != _SEQUENCE:
        raise ContentsError(ContentsFault.NOTHING)
    size, body = value[1], 2
    if size & 0x80:
        count = size & 0x7F
        if not 1 <= count <= length_bytes:
            raise ContentsError(ContentsFault.LENGTH)
        size, body = int.from_bytes(value[2:2 + count], "big"), 2 + count
    if body + size > min(len(value), limit):
        raise ContentsError(ContentsFault.TOO_LONG)
    return value[:body + size]

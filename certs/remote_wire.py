"""What is said between a signer process and those who ask it: frames, strict and bounded, and the codes of refusals.

A frame is ``ZYS1``, the lengths of head and body (4 bytes each, big-endian), the head, the body. The head is canonical
JSON, an object; the body is what is signed, or the signature. A question and its answer follow each other on one
line::

    {"op":"key","key":K}                               → {"ok":true,"algorithm":A}            SubjectPublicKeyInfo
    {"op":"sign","key":K,"approval":A}   message       → {"ok":true,"message":SM3}            signature
    {"op":"health","after":K}                          → {"ok":true,"ready":…,"keys":{K:code},"more":…}
                                                       → {"ok":false,"code":C,"zh":…,"en":…,"facts":{…}}

``key`` is ``<USCC>/<seal id>/<role>``, or the name of a service's key (``status``); ``after`` the last key that was
told, or "". The message itself is what tells
requests apart: the same message under the same approval is one use, however often it is asked for.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Mapping
from typing import Final

from certs import canonical_json
from certs.canonical_json import JSON, JsonError, is_object
from codes.errors import EngineError

__all__ = [
    "HEADER_BYTES", "MAX_BODY", "MAX_HEAD", "RemoteCode", "RemoteError", "malformed", "pack", "read_head",
    "read_lengths",
]

MAX_HEAD: Final = 16 * 1024
MAX_BODY: Final = 16 * 1024 * 1024 + 64 * 1024           # the largest status list, and what stands before it
_MAGIC: Final = b"ZYS1"
_HEADER: Final = struct.Struct(">4sII")
HEADER_BYTES: Final = _HEADER.size


class RemoteCode(enum.StrEnum):
    """Codes of :class:`RemoteError`."""

    BAD_REFERENCE = "signer.bad-reference"
    UNREACHABLE = "signer.unreachable"
    BAD_ANSWER = "signer.bad-answer"
    STRANGER = "signer.stranger"
    MALFORMED = "signer.malformed"
    NO_KEY = "signer.no-key"
    NOT_FOR_THIS_KEY = "signer.not-for-this-key"
    TIME = "signer.time"
    LIMIT = "signer.limit"
    BUSY = "signer.busy"
    STATE = "signer.state"
    SETTINGS = "signer.settings"
    KEY_FAILED = "signer.key-failed"
    INTERNAL = "signer.internal"


class RemoteError(EngineError):
    """A signer process cannot be asked, or refuses."""


def malformed(zh: str, en: str) -> RemoteError:
    """Make the refusal of a frame; ``zh`` and ``en`` say what is wrong with it."""
    return RemoteError(
        RemoteCode.MALFORMED, f"签名进程的报文{zh}，请检查两端的程序版本",
        f"a frame to or from the signer {en}: check that both sides run the same version")


def pack(head: Mapping[str, JSON], body: bytes = b"") -> bytes:
    """Return a frame."""
    encoded = canonical_json.encode(head, max_bytes=MAX_HEAD)
    if len(body) > MAX_BODY:
        raise malformed("过长", "is too long")
    return _HEADER.pack(_MAGIC, len(encoded), len(body)) + encoded + body


def read_lengths(header: bytes) -> tuple[int, int]:
    """Return the lengths of head and body that the first :data:`HEADER_BYTES` bytes of a frame announce.

    Raises:
        RemoteError: ``signer.malformed``.
    """
    magic, head, body = _HEADER.unpack(header)
    if magic != _MAGIC:
        raise malformed("开头不对", "does not begin as frames do")
    if not 2 <= head <= MAX_HEAD or body > MAX_BODY:
        raise malformed("过长", "is too long")
    return head, body


def read_head(data: bytes) -> Mapping[str, JSON]:
    """Read the head of a frame.

    Raises:
        RemoteError: ``signer.malformed``.
    """
    try:
        head = canonical_json.decode(data, max_bytes=MAX_HEAD)
    except JsonError as error:
        raise malformed(f"的头部读不出来（{error.zh}）", f"has a head that cannot be read ({error.en})") from error
    if not is_object(head):
        raise malformed("的头部不是 JSON 对象", "has a head that is no JSON object")
    return head

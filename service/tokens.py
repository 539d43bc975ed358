"""A report that a page carries and gives back: authentic, unchanged, not too old, kept by nobody."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

__all__ = ["LARGEST", "LASTS_S", "Tokens"]

LARGEST: Final = 6 << 20
"""Characters of a token."""
LASTS_S: Final = 24 * 3600
"""How long a token is taken back, in seconds."""
_MAC: Final = 32
_TIME: Final = 8
_CLOCKS_DIFFER_S: Final = 300           # of processes that share a key
_PLAIN: Final = 64 << 20


class Tokens:
    """Makes tokens and takes them back.

    Args:
        key: of the authentication; processes that share it take each other's tokens. By default a new one, which dies
            with the process.
        clock: seconds since 1970.
    """

    def __init__(self, key: bytes | None = None, *, clock: Callable[[], float] = time.time) -> None:
        self._key = key or secrets.token_bytes(32)
        self._clock = clock

    def seal(self, report: Mapping[str, Any]) -> str:
        """The report as a token; "" where it would be too large."""
        packed = int(self._clock()).to_bytes(_TIME, "big") + zlib.compress(
            json.dumps(report, ensure_ascii=True).encode("ascii"), 6)
        token = base64.b64encode(self._mac(packed) + packed).decode("ascii")
        return token if len(token) <= LARGEST else ""

    def open(self, token: str) -> dict[str, Any] | None:
        """The report in a token, None for one that was not made here, was changed, or is too old."""
        try:
            whole = base64.b64decode(token, validate=True)
        except (binascii.Error, ValueError):
            return None
        packed = whole[_MAC:]
        if not hmac.compare_digest(self._mac(packed), whole[:_MAC]):
            return None                  # nothing that is not ours is ever unpacked
        age = self._clock() - int.from_bytes(packed[:_TIME], "big")
        if not -_CLOCKS_DIFFER_S <= age <= LASTS_S:
            return None
        report: dict[str, Any] = json.loads(zlib.decompressobj().decompress(packed[_TIME:], _PLAIN))
        return report

    def _mac(self, packed: bytes) -> bytes:
        return hmac.new(self._key, b"zhengyin report\0" + packed, hashlib.sha256).digest()

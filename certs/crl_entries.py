"""The entries of a revocation list: which serial numbers it names, and what it says of each.

A list may name hundreds of thousands. Each is held against the strict form once, those in the usual spellings by one
expression for the whole entry; what an entry says is read when it is asked for.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from certs.der import GENERALIZED_TIME, SEQUENCE, Reader
from certs.x509_extensions import read_extension
from codes.errors import EngineError

__all__ = ["HOLD", "LIFTED", "REASONS", "CrlCode", "CrlError", "Entries", "Revocation", "malformed", "read_entries"]

LIFTED: Final = "removeFromCRL"         # in delta lists alone
HOLD: Final = "certificateHold"
_OID_REASON: Final = "2.5.29.21"
_OID_INVALIDITY: Final = "2.5.29.24"
_ENUMERATED: Final = 0x0A
_HELD: Final = bytes((_ENUMERATED, 1, 6))    # the reason certificateHold
# RFC 5280 clause 5.3.1; 7 is not assigned.
REASONS: Final[dict[int, str]] = {
    0: "unspecified", 1: "keyCompromise", 2: "cACompromise", 3: "affiliationChanged", 4: "superseded",
    5: "cessationOfOperation", 6: "certificateHold", 8: "removeFromCRL", 9: "privilegeWithdrawn",
    10: "aACompromise",
}
_REASONS_ZH: Final = {
    "unspecified": "未说明原因", "keyCompromise": "密钥泄露", "cACompromise": "证书机构密钥泄露",
    "affiliationChanged": "隶属关系变更", "superseded": "已被替换", "cessationOfOperation": "停止使用",
    "certificateHold": "暂停使用", "removeFromCRL": "移出撤销列表", "privilegeWithdrawn": "权限收回",
    "aACompromise": "属性机构密钥泄露",
}


class CrlCode(enum.StrEnum):
    """Codes of :class:`CrlError`."""

    MALFORMED = "crl.malformed"
    TOO_LARGE = "crl.too-large"
    BAD_REQUEST = "crl.bad-request"


class CrlError(EngineError):
    """The bytes are not a revocation list that can be relied on, or one cannot be made as asked."""


def malformed(zh: str, en: str) -> CrlError:
    """Return the error that a list ``en``, in Chinese ``zh``."""
    return CrlError(CrlCode.MALFORMED, f"撤销列表{zh}，请重新下载",
                    f"the revocation list {en}; fetch it again")


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """One revoked certificate: when, why (a name of ``REASONS``), and since when its key is distrusted."""

    revoked_at: datetime
    reason: str = "unspecified"
    invalid_since: datetime | None = None

    @property
    def effective_at(self) -> datetime:
        """The earlier of the revocation and the moment from which the key is distrusted."""
        return self.revoked_at if self.invalid_since is None else min(self.revoked_at, self.invalid_since)

    @property
    def reason_zh(self) -> str:
        """The reason in Chinese."""
        return _REASONS_ZH[self.reason]


class Entries(Mapping[int, Revocation]):
    """What a list says, by serial number.

    ``lifts`` says that entries take serial numbers off an earlier list; those are not among the keys.
    """

    __slots__ = ("_content", "_places", "lifts")

    def __init__(self, content: bytes, places: dict[bytes, int], *, lifts: bool) -> None:
        self._content, self._places, self.lifts = content, places, lifts

    def __getitem__(self, serial: int) -> Revocation:
        return _entry(self._content, self._places[_key(serial)])[1]

    def __iter__(self) -> Iterator[int]:
        return (int.from_bytes(key, "big", signed=True) for key in self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, serial: object) -> bool:
        return isinstance(serial, int) and _key(serial) in self._places

    def beyond(self, other: Entries) -> Iterator[int]:
        """Yield the serial numbers of which ``other`` says nothing, or not the same in the same bytes."""
        for key, place in self._places.items():
            there = other._places.get(key)
            if there is None or _bytes(self._content, place) != _bytes(other._content, there):
                yield int.from_bytes(key, "big", signed=True)

    def holds(self) -> Iterator[int]:
        """Yield the serial numbers of certificates that are on hold, without reading the other entries."""
        for key, place in self._places.items() if _HELD in self._content else ():
            if _HELD in _bytes(self._content, place) and _entry(self._content, place)[1].reason == HOLD:
                yield int.from_bytes(key, "big", signed=True)


def read_entries(content: bytes) -> Entries:
    """Read the content of revokedCertificates, every entry strictly.

    Raises:
        DerError: it is not strict DER.
        CrlError: ``crl.malformed``: a serial number twice, an unknown reason or critical extension.
    """
    places: dict[bytes, int] = {}
    lifted: list[bytes] = []
    position, end = 0, len(content)
    while position < end:
        size = content[position + 3] if position + 3 < end else 0
        usual = _usual(size).match(content, position) if 0 < size <= _USUAL_BYTES else None
        if usual is not None:
            key, after = usual[2], usual.end()
        else:
            serial, entry = _entry(content, position)
            key, after = _key(serial), position + len(Reader(content, position).raw(SEQUENCE))
            if entry.reason == LIFTED:
                lifted.append(key)
        if key in places:
            raise malformed("中同一序列号出现两次", "names a serial number twice")
        places[key] = position
        position = after
    for key in lifted:
        del places[key]
    return Entries(content, places, lifts=bool(lifted))


_USUAL_BYTES: Final = 96                 # of a serial number; the entry's length is then one byte
_TIME_BYTES: Final = 15
_REASON_BYTES: Final = 14
# Days that every month has. What else is spelt otherwise, or wrong, is read the long way.
_USUAL_TIME: Final = (rb"\x17\x0d[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|1[0-9]|2[0-8])(?:[01][0-9]|2[0-3])"
                      rb"[0-5][0-9][0-5][0-9]Z")
_USUAL_REASON: Final = rb"\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01[\x00-\x06\x09\x0a]"


@functools.cache
def _usual(size: int) -> re.Pattern[bytes]:
    """An entry whose serial number has that many bytes: a UTCTime behind it, and a reason or nothing."""
    bare = 2 + size + _TIME_BYTES
    serial = (rb"(?!\x00[\x00-\x7f]|\xff[\x80-\xff])" if size > 1 else b"") + b".{%d}" % size
    return re.compile(
        rb"\x30(?:\x%02x|(\x%02x))\x02\x%02x(%b)%b(?(1)%b)"
        % (bare, bare + _REASON_BYTES, size, serial, _USUAL_TIME, _USUAL_REASON), re.DOTALL)


def _key(serial: int) -> bytes:
    """The content of a serial number's INTEGER."""
    return serial.to_bytes((serial if serial >= 0 else ~serial).bit_length() // 8 + 1, "big", signed=True)


def _bytes(content: bytes, position: int) -> bytes:
    """The entry that begins there, as it is encoded."""
    size = content[position + 1]
    return content[position:position + 2 + size] if size < 0x80 else Reader(content, position).raw(SEQUENCE)


def _entry(content: bytes, position: int) -> tuple[int, Revocation]:
    """The entry that begins there."""
    entry = Reader(content, position).enter(SEQUENCE)
    serial, moment = entry.integer(), entry.time()
    reason, invalid_since = "unspecified", None
    if entry.more():
        extensions = entry.enter(SEQUENCE)
        while extensions.more():
            oid, critical, value = read_extension(extensions)
            inner = Reader(value)
            if oid == _OID_REASON:
                reason = _reason(inner)
            elif oid == _OID_INVALIDITY:
                invalid_since = inner.time(GENERALIZED_TIME)
                inner.done()
            elif critical:
                raise malformed("是间接列表或带未知的条目扩展",
                                "is indirect or holds an unknown critical entry extension")
    entry.done()
    return serial, Revocation(revoked_at=moment, reason=reason, invalid_since=invalid_since)


def _reason(reader: Reader) -> str:
    body = reader.body(_ENUMERATED)
    reader.done()
    name = REASONS.get(body[0]) if len(body) == 1 else None
    if name is None:
        raise malformed("的撤销原因有误", "names an unknown reason")
    return name

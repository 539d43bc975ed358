"""Signed payload of the licence's QR code.

Text of the code: the allocated address, ``#``, then decimal digits. The digits are the number whose
big-endian bytes are ``message`` followed by a raw SM2 signature (r‖s, 64 bytes)::

    message = 0x01 (version of the form) ‖ key id (8) ‖ deterministic CBOR map (RFC 8949, 4.2)

    1 serial   2 统一社会信用代码 of the holder   3 holder's name   4 code of the authority
    5 发证日期   6 有效期起始日期   7 有效期截止日期   8 有效期延续至      (dates as integers YYYYMMDD)
    9 licence version (integer)   10 SM3 of the whole 许可范围   11 first 16 bytes of the address's SM3

What a licence lacks is left out of the map. Nothing here is secret or personal: never a phone, a contact, an
identity number (R-003-03). This module has no cryptography: digests and signatures are arguments.
"""

from __future__ import annotations

import datetime as dt
import enum
import re
from dataclasses import dataclass
from typing import Any

import cbor2

from codes.errors import EngineError

__all__ = [
    "ADDRESS_DIGEST_BYTES", "KEY_ID_BYTES", "SIGNATURE_BYTES", "QrClaims", "QrPayload", "QrPayloadError",
    "QrPayloadErrorCode", "message", "parse", "read_message", "split", "text",
]

FORM_VERSION = 1
KEY_ID_BYTES = 8
SIGNATURE_BYTES = 64
ADDRESS_DIGEST_BYTES = 16
SCOPE_DIGEST_BYTES = 32
_MAX_DIGITS = 4000
_DIGITS = re.compile(r"[1-9][0-9]*")
_VERSION = re.compile(r"[0-9]{3}")


class QrPayloadErrorCode(enum.StrEnum):
    """Stable codes of what can be wrong with a payload."""

    ADDRESS = "qr.address"
    UNSIGNED = "qr.unsigned"
    DIGITS = "qr.digits"
    FORM = "qr.form"
    CLAIMS = "qr.claims"
    NOT_CANONICAL = "qr.not-canonical"


class QrPayloadError(EngineError):
    """A text that is no signed payload, or parts that make none."""


def _error(code: QrPayloadErrorCode, zh: str, en: str) -> QrPayloadError:
    return QrPayloadError(code, zh, en)


def _claims_error(what: str) -> QrPayloadError:
    return _error(
        QrPayloadErrorCode.CLAIMS, f"二维码数据项有误：{what}", f"a claim of the QR payload is wrong: {what}",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class QrClaims:
    """What the QR code says of a licence. ``version`` has three digits; None is left out.

    Raises:
        QrPayloadError: ``qr.claims``, a claim has the wrong type or length.
    """

    serial: str
    uscc: str | None
    holder: str
    authority_code: str
    issued: dt.date
    valid_from: dt.date | None
    valid_to: dt.date | None
    extended_to: dt.date | None = None
    version: str
    scope_digest: bytes | None
    address_digest: bytes

    def __post_init__(self) -> None:
        for name in ("serial", "holder", "authority_code"):
            value = getattr(self, name)
            if not _is_text(value):
                raise _claims_error(name)
        if self.uscc is not None and not _is_text(self.uscc):
            raise _claims_error("uscc")
        for name in ("issued", "valid_from", "valid_to", "extended_to"):
            value = getattr(self, name)
            missing = value is None and name != "issued"
            if not missing and (type(value) is not dt.date or value.year < 1000):
                raise _claims_error(name)
        if not _VERSION.fullmatch(self.version):
            raise _claims_error("version")
        if self.scope_digest is not None and not _is_bytes(self.scope_digest, SCOPE_DIGEST_BYTES):
            raise _claims_error("scope_digest")
        if not _is_bytes(self.address_digest, ADDRESS_DIGEST_BYTES):
            raise _claims_error("address_digest")


@dataclass(frozen=True, slots=True, kw_only=True)
class QrPayload:
    """A payload as read: ``message`` are the signed bytes, ``signature`` the raw r‖s."""

    address: str
    key_id: bytes
    claims: QrClaims
    message: bytes
    signature: bytes


_FIELDS = (
    (1, "serial"), (2, "uscc"), (3, "holder"), (4, "authority_code"), (5, "issued"), (6, "valid_from"),
    (7, "valid_to"), (8, "extended_to"), (9, "version"), (10, "scope_digest"), (11, "address_digest"),
)
_DATES = frozenset({5, 6, 7, 8})
_VERSION_KEY = 9


def message(claims: QrClaims, key_id: bytes) -> bytes:
    """The bytes to be signed.

    Args:
        claims: what the code says.
        key_id: first 8 bytes of the SM3 of the data-signing certificate (DER).

    Raises:
        QrPayloadError: ``qr.form``, the key id has another length.
    """
    if not _is_bytes(key_id, KEY_ID_BYTES):
        raise _error(QrPayloadErrorCode.FORM, "签名密钥标识应为8字节", "the key id must be 8 bytes")
    items: dict[int, int | str | bytes] = {}
    for key, name in _FIELDS:
        value = getattr(claims, name)
        if value is None:
            continue
        if key in _DATES:
            value = value.year * 10000 + value.month * 100 + value.day
        elif key == _VERSION_KEY:
            value = int(value)
        items[key] = value
    return bytes([FORM_VERSION]) + key_id + cbor2.dumps(items, canonical=True)


def text(address: str, signed_message: bytes, signature: bytes) -> str:
    """The text of the QR code.

    Args:
        address: the allocated address, verbatim; ASCII without ``#`` and blanks.
        signed_message: what :func:`message` gave.
        signature: raw r‖s, 64 bytes, over ``signed_message``.

    Raises:
        QrPayloadError: ``qr.address`` or ``qr.form``.
    """
    _require_address(address)
    if not _is_bytes(signature, SIGNATURE_BYTES):
        raise _error(QrPayloadErrorCode.FORM, "二维码签名应为64字节", "the signature must be 64 bytes")
    if signed_message[:1] != bytes([FORM_VERSION]):
        raise _error(QrPayloadErrorCode.FORM, "不是本版本的二维码数据", "the message has another version")
    return f"{address}#{int.from_bytes(signed_message + signature, 'big')}"


def split(content: str) -> tuple[str, str]:
    """The address and the digits of a QR code's text.

    Raises:
        QrPayloadError: ``qr.unsigned`` (nothing behind the address), ``qr.address`` or ``qr.digits``.
    """
    address, mark, digits = content.partition("#")
    if not mark or not digits:
        raise _error(
            QrPayloadErrorCode.UNSIGNED, "二维码只有网址，没有签名数据",
            "the QR code holds an address and no signed data",
        )
    _require_address(address)
    if len(digits) > _MAX_DIGITS or not _DIGITS.fullmatch(digits):
        raise _error(
            QrPayloadErrorCode.DIGITS, "网址之后应为不以0开头的十进制数字",
            "behind the address stand decimal digits, the first of them not 0",
        )
    return address, digits


def parse(content: str) -> QrPayload:
    """Read the text of a QR code; strict: what is read, written again, gives the same text.

    The signature is not verified here.

    Raises:
        QrPayloadError: every way in which the text can be wrong has its code; nothing else is raised.
    """
    address, digits = split(content)
    number = int(digits)
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    if data[0] != FORM_VERSION or len(data) <= 1 + KEY_ID_BYTES + SIGNATURE_BYTES:
        raise _error(
            QrPayloadErrorCode.FORM, "二维码数据的版本或长度不符",
            "the signed data have another version or are too short",
        )
    signed, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
    key_id, claims = read_message(signed)
    return QrPayload(address=address, key_id=key_id, claims=claims, message=signed, signature=signature)


def read_message(signed: bytes) -> tuple[bytes, QrClaims]:
    """Read the bytes that are or were to be signed; returns the key id and the claims.

    Raises:
        QrPayloadError: ``qr.form``, ``qr.claims`` or ``qr.not-canonical``.
    """
    if signed[:1] != bytes([FORM_VERSION]) or len(signed) <= 1 + KEY_ID_BYTES:
        raise _error(
            QrPayloadErrorCode.FORM, "二维码数据的版本或长度不符",
            "the signed data have another version or are too short",
        )
    key_id = signed[1:1 + KEY_ID_BYTES]
    claims = _claims(signed[1 + KEY_ID_BYTES:])
    if message(claims, key_id) != signed:
        raise _error(
            QrPayloadErrorCode.NOT_CANONICAL, "二维码数据不是规定的唯一编码",
            "the signed data are not in their one canonical form",
        )
    return key_id, claims


def _claims(data: bytes) -> QrClaims:
    try:
        items = cbor2.loads(data)
    except Exception as error:          # whatever a decoder throws on hostile bytes is a finding
        raise _claims_error("CBOR") from error
    known = {key for key, _ in _FIELDS}
    if not isinstance(items, dict) or not all(type(key) is int and key in known for key in items):
        raise _claims_error("CBOR map")
    values: dict[str, Any] = {
        name: _value(key, items[key]) if key in items else None for key, name in _FIELDS
    }
    if values["version"] is None:
        raise _claims_error("version")
    return QrClaims(**values)


def _value(key: int, value: object) -> object:
    if key in _DATES:
        if type(value) is not int or not 1000_01_01 <= value <= 9999_12_31:
            raise _claims_error(f"date {key}")
        try:
            return dt.date(value // 10000, value // 100 % 100, value % 100)
        except ValueError as error:
            raise _claims_error(f"date {key}") from error
    if key == _VERSION_KEY:
        if type(value) is not int or not 0 <= value <= 999:
            raise _claims_error("version")
        return f"{value:03d}"
    if type(value) not in (str, bytes):
        raise _claims_error(str(key))
    return value


def _is_text(value: object) -> bool:
    """Whether ``value`` is a text that is not empty and has no lone surrogates."""
    return isinstance(value, str) and value != "" and value.encode("utf-8", "replace").decode() == value


def _is_bytes(value: object, length: int) -> bool:
    return isinstance(value, bytes) and len(value) == length


def _require_address(address: str) -> None:
    if not address or not all("!" <= character <= "~" for character in address) or "#" in address:
        raise _error(
            QrPayloadErrorCode.ADDRESS, "二维码网址只能是不含空格和#的ASCII字符",
            "the address in the QR code must be ASCII without blanks and without #",
        )

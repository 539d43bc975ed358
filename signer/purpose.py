"""What a key may sign: only what its role is for, of its own seal, at the present.

``sealing`` signs TBS_Sign of its own seal; ``data`` the message of a QR code of its own authority; ``pdf`` and
``report`` the signed attributes of a PDF's signature; ``audit`` and ``status`` statements of one type each. So whoever
gets hold of a caller gets no signature of anything else out of the keys.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from certs.audit import CHECKPOINT
from certs.der import OCTET_STRING, SEQUENCE, SET, Reader, require_der
from certs.moments import CLOCKS_DIFFER
from certs.remote_wire import RemoteCode, RemoteError
from certs.ses import ToSign
from certs.statement import read_signed
from certs.status_list import MAX_BYTES as MAX_STATUS_LIST
from certs.status_list import STATUS_TYPE
from certs.trust import key_id
from certs.x509 import Certificate
from codes import qr_payload
from codes.china_time import time_en, time_zh
from codes.errors import EngineError
from signer.room import HeldKey

__all__ = ["require_purpose"]

_CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE: Final = "1.2.840.113549.1.9.16.2.47"
_DATA: Final = "1.2.840.113549.1.7.1"
_STATEMENTS: Final = {"audit": CHECKPOINT, "status": STATUS_TYPE}
_MAX_SMALL: Final = 64 * 1024


def require_purpose(held: HeldKey, message: bytes, *, now: datetime) -> datetime:
    """Refuse what the key is not for.

    Args:
        now: the signer's present (aware).

    Returns:
        The moment of the signature: what the message says, where it says one, else the present.

    Raises:
        RemoteError: ``signer.not-for-this-key``, ``signer.time`` (the message claims another time than the present).
    """
    try:
        if held.role == "sealing":
            return _sealing(held, message, now)
        if held.role == "data":
            _data(held, message)
        elif held.role in ("pdf", "report"):
            _attributes(held.certificate, message)
        else:
            _statement(held, message)
    except (EngineError, ValueError) as error:
        if isinstance(error, RemoteError):
            raise
        raise _refuse(held, getattr(error, "zh", "内容读不出来"), getattr(error, "en", "it cannot be read")) from error
    return now


def _sealing(held: HeldKey, message: bytes, now: datetime) -> datetime:
    signed = ToSign.parse(message)
    if held.seal is None or signed.seal.der != held.seal.der:
        raise _refuse(held, "是另一枚印章的签章", "it is with another seal")
    if signed.extensions or not signed.property_info.startswith("/"):
        raise _refuse(held, "带有扩展项，或原文属性不是包内路径", "it has extensions, or no path in a package")
    if abs(signed.signed_at - now) > CLOCKS_DIFFER:
        raise RemoteError(
            RemoteCode.TIME,
            f"要求签署的签章时间（{time_zh(signed.signed_at)}）与签名进程的时钟（{time_zh(now)}）相差过大，没有签名；"
            "请校准两端时钟",
            f"the seal would bear {time_en(signed.signed_at)} but the signer's clock says {time_en(now)}, so nothing "
            "is signed: set both clocks right")
    return signed.signed_at


def _data(held: HeldKey, message: bytes) -> None:
    if len(message) > _MAX_SMALL:
        raise _refuse(held, "过长", "it is too long")
    named, claims = qr_payload.read_message(message)
    if named != key_id(held.certificate):
        raise _refuse(held, "写明的是另一把密钥", "it names another key")
    if claims.authority_code != held.code:
        raise _refuse(held, "写明的是另一发证机关", "it names another authority")


def _attributes(certificate: Certificate, message: bytes) -> None:
    """Demand exactly content type, message digest and signing-certificate-v2 (EN 319 142-1), of this certificate."""
    if len(message) > _MAX_SMALL:
        raise ValueError("too long")
    require_der(message)
    outer = Reader(message)
    attributes, found = outer.enter(SET), {}
    outer.done()
    while attributes.more():
        attribute = attributes.enter(SEQUENCE)
        kind, values = attribute.oid(), attribute.enter(SET)
        if kind in found:
            raise ValueError("an attribute twice")
        found[kind] = values.raw()
        values.done()
        attribute.done()
    if set(found) != {_CONTENT_TYPE, _MESSAGE_DIGEST, _SIGNING_CERTIFICATE}:
        raise ValueError("other attributes")
    if Reader(found[_CONTENT_TYPE]).oid() != _DATA or len(Reader(found[_MESSAGE_DIGEST]).octets()) != 32:
        raise ValueError("other content")
    identified = Reader(found[_SIGNING_CERTIFICATE]).enter(SEQUENCE).enter(SEQUENCE).enter(SEQUENCE)
    if identified.peek() == OCTET_STRING and identified.octets() == hashlib.sha256(certificate.der).digest():
        return                                            # SHA-256, which is not written out
    raise ValueError("another certificate")


def _statement(held: HeldKey, message: bytes) -> None:
    body = read_signed(message, held.certificate, max_bytes=MAX_STATUS_LIST)
    if body["type"] != _STATEMENTS.get(held.role):
        raise _refuse(held, f"是 {body['type']}", f"it is {body['type']}")


def _refuse(held: HeldKey, zh: str, en: str) -> RemoteError:
    return RemoteError(
        RemoteCode.NOT_FOR_THIS_KEY, f"密钥 {held.name} 不用于签署所给的内容（{zh}），没有签名",
        f"key {held.name} is not for what was given ({en}), so nothing is signed", key=held.name)

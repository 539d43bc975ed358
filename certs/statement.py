"""Signed statements: one format for acts, approvals, status lists and checkpoints of the audit log.

The content is canonical JSON with at least ``type`` (``zhengyin/act/1``) and ``at``. The signature covers a fixed
prefix, the digest of the certificate and the content: so it is no signature of anything else, the statement of
another type is not taken for it, and another certificate of the same key cannot be put in its place. A signature
has one spelling (strict DER; on P-256 the lower s), hence a statement has one file.
"""

from __future__ import annotations

import base64
import binascii
import enum
import functools
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from certs import canonical_json, p256
from certs.canonical_json import JSON, JsonError, is_object, members_once
from certs.chain import ChainResult, SubIndication, validate
from certs.crl import Crl
from certs.der import DerError
from certs.moments import read_moment
from certs.ocsp import OcspResponse
from certs.signer import Signer
from certs.sm3 import sm3
from certs.x509 import MAX_BYTES as MAX_CERTIFICATE
from certs.x509 import Certificate
from codes.errors import EngineError

__all__ = [
    "MAX_CONTENT", "SignedStatement", "StatementBody", "StatementCode", "StatementError", "check_signature",
    "check_statement", "read_signed", "sign_statement",
]

StatementBody = Mapping[str, JSON]
MAX_CONTENT: Final = canonical_json.MAX_BYTES
_PREFIX: Final = b"zhengyin statement\0"
_TYPE: Final = re.compile(r"zhengyin/[a-z][a-z-]{0,40}/[1-9][0-9]{0,3}", re.ASCII)
_ALGORITHMS: Final = {"sm2": "sm2-sm3", "p256": "ecdsa-p256-sha256"}
_KEYS: Final = frozenset({"content", "certificate", "signature"})
_MAX_SIGNATURE: Final = 80


class StatementCode(enum.StrEnum):
    """Codes of :class:`StatementError`."""

    MALFORMED = "statement.malformed"
    TYPE = "statement.type"
    SIGNATURE = "statement.signature"
    CHAIN = "statement.chain"


class StatementError(EngineError):
    """A statement cannot be read, made or believed."""


@dataclass(frozen=True, kw_only=True)
class SignedStatement:
    """A statement with the certificate and the signature of whoever made it; well-formed, not yet believed."""

    content: bytes
    certificate: Certificate
    signature: bytes

    @functools.cached_property
    def body(self) -> StatementBody:
        """The content as a mapping.

        Raises:
            StatementError: ``statement.malformed``.
        """
        return _body(self.content, max_bytes=len(self.content))

    @property
    def type(self) -> str:
        """What kind of statement it is, with the number of its format."""
        return str(self.body["type"])

    @property
    def at(self) -> datetime:
        """The moment that the signer claims, aware UTC."""
        return read_moment(str(self.body["at"]))

    @property
    def digest(self) -> bytes:
        """SM3 of the content, 32 bytes: by this others refer to the statement."""
        return sm3(self.content)

    def to_json(self) -> bytes:
        """Return the file: a JSON object with exactly content, certificate and signature."""
        file = {
            "content": self.content.decode("utf-8"),
            "certificate": base64.b64encode(self.certificate.der).decode("ascii"),
            "signature": base64.b64encode(self.signature).decode("ascii"),
        }
        return (json.dumps(file, ensure_ascii=False, indent=2) + "\n").encode("utf-8")

    @classmethod
    def parse(cls, data: bytes, *, type: str, max_bytes: int = MAX_CONTENT) -> SignedStatement:  # noqa: A002
        """Read the file of a statement.

        Args:
            type: the type that is asked for.
            max_bytes: the most that the content may measure.

        Raises:
            StatementError: ``statement.malformed`` (unknown, missing or twin keys, content that is not canonical,
                a certificate or signature that is not in its one spelling, too large), ``statement.type``.
        """
        if len(data) > 2 * max_bytes + 2 * MAX_CERTIFICATE:
            raise malformed("超过规定的大小", "is larger than statements may be")
        file = _members(data)
        content = _text(file, "content").encode("utf-8")
        body = _body(content, max_bytes=max_bytes)
        try:
            certificate = Certificate.load(_base64(file, "certificate", MAX_CERTIFICATE))
        except EngineError as error:
            raise malformed(f"的证书读不出来（{error.zh}）", f"has an unreadable certificate ({error.en})") from error
        statement = cls(content=content, certificate=certificate, signature=_base64(file, "signature", _MAX_SIGNATURE))
        vars(statement)["body"] = body                      # read already, and large lists take their time
        _require_type(statement, type)
        return statement


def sign_statement(body: StatementBody, signer: Signer, *, max_bytes: int = MAX_CONTENT) -> SignedStatement:
    """Sign a statement.

    Args:
        body: has ``type`` and ``at`` (:func:`certs.moments.write_moment`), no fractions.

    Raises:
        StatementError: ``statement.malformed`` when the body cannot be one.
    """
    try:
        content = canonical_json.encode(body, max_bytes=max_bytes)
    except JsonError as error:
        raise malformed(f"的{error.zh}", f"cannot be written: {error.en}") from error
    read = _body(content, max_bytes=max_bytes)
    signature = signer.sign(_message(signer.certificate, content))
    if signer.algorithm == "ecdsa-p256-sha256":
        signature = p256.canonical_signature(signature)
    statement = SignedStatement(content=content, certificate=signer.certificate, signature=signature)
    vars(statement)["body"] = read
    return statement


def read_signed(message: bytes, certificate: Certificate, *, max_bytes: int = MAX_CONTENT) -> StatementBody:
    """Return the body of the statement that a signature by ``certificate`` over ``message`` makes.

    Raises:
        StatementError: ``statement.malformed``: it makes none.
    """
    start = _message(certificate, b"")
    if not message.startswith(start):
        raise malformed("不是以这张证书签署的", "is not one that this certificate signs")
    return _body(message[len(start):], max_bytes=max_bytes)


def check_signature(signed: SignedStatement) -> None:
    """Refuse a statement whose signature does not hold; says nothing about the certificate.

    Raises:
        StatementError: ``statement.signature``.
    """
    algorithm = _ALGORITHMS.get(signed.certificate.key_kind)
    if (algorithm is None or not _one_spelling(signed)
            or not signed.certificate.verify(
                _message(signed.certificate, signed.content), signed.signature, algorithm)):
        raise StatementError(
            StatementCode.SIGNATURE, "声明的签名不成立：内容或签名被改动，或不是该证书所签；请向签署人取得原件",
            "the signature of the statement does not hold: content or signature were changed, or another key signed; "
            "get the original from its signer")


def check_statement(
    signed: SignedStatement, *, type: str, anchors: Iterable[Certificate],  # noqa: A002
    intermediates: Iterable[Certificate], crls: Iterable[Crl], ocsp: Iterable[OcspResponse] = (),
    at: datetime, clock_now: datetime, unknown_revocation: bool = False,
) -> ChainResult:
    """Refuse a statement that is not of this type, not signed, or signed by a certificate that is not good.

    Args:
        at: the moment at which the certificate must be good (aware).
        clock_now: the present; revocation lists published until then count.
        unknown_revocation: take also a certificate that is good but for missing or stale revocation lists.

    Returns:
        How the certificate was judged; not ``ok`` only where ``unknown_revocation`` let it pass.

    Raises:
        StatementError: ``statement.malformed``, ``statement.type``, ``statement.signature``, or
            ``statement.chain`` with the chain's code in the fact ``chain``.
    """
    _require_type(signed, type)
    check_signature(signed)
    result = validate(signed.certificate, intermediates=intermediates, anchors=anchors, crls=crls, ocsp=ocsp,
                      at=at, clock_now=clock_now)
    if not result.ok and not (unknown_revocation and result.sub_indication is SubIndication.TRY_LATER):
        raise StatementError(
            StatementCode.CHAIN, f"声明的签署证书不可用：{result.zh}",
            f"the certificate that signed the statement is not good: {result.en}", chain=result.code)
    return result


def malformed(zh: str, en: str) -> StatementError:
    """Make the refusal of what is no statement; ``zh`` and ``en`` continue 声明 and "the statement"."""
    return StatementError(
        StatementCode.MALFORMED, f"声明{zh}，请向签署人取得原件",
        f"the statement {en}; get the original from its signer")


def _message(certificate: Certificate, content: bytes) -> bytes:
    return _PREFIX + bytes.fromhex(certificate.fingerprint) + content


def _one_spelling(signed: SignedStatement) -> bool:
    """On P-256 with (r, s) also (r, n-s) verifies; SM2's reader takes strict DER alone."""
    if signed.certificate.key_kind != "p256":
        return True
    try:
        return p256.canonical_signature(signed.signature) == signed.signature
    except DerError:
        return False


def _require_type(signed: SignedStatement, wanted: str) -> None:
    if signed.type != wanted:
        raise StatementError(
            StatementCode.TYPE, f"声明的类型是 {signed.type}，此处需要 {wanted}，请给出相应的文件",
            f"the statement is of type {signed.type} where {wanted} is needed: give the right file")


def _body(content: bytes, *, max_bytes: int) -> StatementBody:
    """Read the content; it has a type and a moment."""
    try:
        body = canonical_json.decode(content, max_bytes=max_bytes)
    except JsonError as error:
        raise malformed(f"的{error.zh}", f"cannot be read: {error.en}") from error
    if not is_object(body):
        raise malformed("的内容不是 JSON 对象", "is no JSON object")
    kind, at = body.get("type"), body.get("at")
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        raise malformed("没有类型 type", "has no type")
    try:
        read_moment(at if isinstance(at, str) else "")
    except ValueError:
        raise malformed("没有时间 at", "has no moment at") from None
    return MappingProxyType(body)


def _members(data: bytes) -> Mapping[str, object]:
    try:
        file = json.loads(data.decode("utf-8"), object_pairs_hook=members_once)
        if not isinstance(file, dict) or set(file) != _KEYS:
            raise ValueError("other keys")
    except (ValueError, RecursionError):
        raise malformed("文件须恰有 content、certificate、signature 三项",
                        "takes a JSON object with exactly content, certificate and signature") from None
    return file


def _text(file: Mapping[str, object], key: str) -> str:
    value = file[key]
    if isinstance(value, str):
        with suppress(UnicodeEncodeError):                  # half a surrogate pair
            value.encode("utf-8")
            return value
    raise malformed(f"的 {key} 不是文字", f"has no text in {key}")


def _base64(file: Mapping[str, object], key: str, max_bytes: int) -> bytes:
    """Decode the one spelling of at most ``max_bytes``."""
    text = _text(file, key)
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data or len(data) > max_bytes or base64.b64encode(data).decode("ascii") != text:
        raise malformed(f"的 {key} 不是规定的 Base64", f"has no proper base64 in {key}")
    return data

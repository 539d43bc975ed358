"""Certificate revocation lists (RFC 5280 clause 5): reading and making direct lists, complete or one part of several.

A delta list and one with a critical extension that is not known name it in ``unknown_critical``, an indirect list has
an odd ``scope``; none of them shows a certificate to be good, and a delta list may show it revoked.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from certs import der_build as build
from certs.crl_scope import OID_SCOPE, CrlScope, read_scope
from certs.der import GENERALIZED_TIME, INTEGER, SEQUENCE, Reader, context
from certs.public_key import read_algorithm, verify_cached
from certs.x509 import Certificate, name_attributes, name_text
from certs.x509_extensions import read_authority_key_id, read_extension
from codes.errors import EngineError

if TYPE_CHECKING:
    from certs.signer import SigningKey

__all__ = ["REASONS", "Crl", "CrlCode", "CrlError", "Revocation", "build_crl"]

MAX_BYTES: Final = 16 * 1024 * 1024
_REMEMBERED_BYTES: Final = 64 * 1024    # larger lists are read anew each time
_OID_NUMBER: Final = "2.5.29.20"
_OID_REASON: Final = "2.5.29.21"
_OID_INVALIDITY: Final = "2.5.29.24"
_OID_AUTHORITY_KEY: Final = "2.5.29.35"
_OID_DELTA: Final = "2.5.29.27"
_OID_EXPIRED_SINCE: Final = "2.5.29.60"     # expiredCertsOnCRL, X.509 clause 9.5.2.8
_LIFTED: Final = "removeFromCRL"        # in delta lists alone
_ENUMERATED: Final = 0x0A
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
_CODES: Final = {name: number for number, name in REASONS.items()}


class CrlCode(enum.StrEnum):
    """Codes of :class:`CrlError`."""

    MALFORMED = "crl.malformed"
    TOO_LARGE = "crl.too-large"
    BAD_REQUEST = "crl.bad-request"


class CrlError(EngineError):
    """The bytes are not a revocation list that can be relied on, or one cannot be made as asked."""


def _malformed(zh: str, en: str) -> CrlError:
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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Crl:
    """One revocation list, read strictly; ``revoked`` maps serial numbers. Times are aware UTC.

    The list still names certificates that have expired at ``expired_since`` or later; None when it may leave them out.
    """

    der: bytes
    tbs: bytes
    signature_algorithm: str
    signature: bytes
    issuer: bytes
    this_update: datetime
    next_update: datetime | None
    revoked: Mapping[int, Revocation]
    authority_key_id: bytes | None
    number: int | None
    unknown_critical: tuple[str, ...]
    scope: CrlScope
    expired_since: datetime | None

    @classmethod
    def load(cls, der: bytes) -> Crl:
        """Read one list.

        Raises:
            DerError: not strict DER, or fields beyond the structure.
            CrlError: ``crl.malformed`` or ``crl.too-large``.
            PublicKeyError: a signature algorithm that is not accepted.
        """
        if len(der) > MAX_BYTES:
            raise CrlError(CrlCode.TOO_LARGE, "撤销列表超过 16 MiB，请检查来源",
                           "the revocation list exceeds 16 MiB; check where it comes from")
        return _load_known(bytes(der)) if len(der) <= _REMEMBERED_BYTES else _load(bytes(der))

    def __repr__(self) -> str:
        return (f"<CRL of {self.issuer_text!r}, {self.this_update:%Y-%m-%d %H:%M:%S}Z, "
                f"{len(self.revoked)} revoked>")

    @property
    def issuer_text(self) -> str:
        """The issuer for people."""
        return name_text(self.issuer)

    @property
    def counts(self) -> bool:
        """Whether the list can show a certificate to be good: no delta list, not indirect, and wholly understood."""
        return not self.unknown_critical and not self.scope.odd

    @property
    def understood(self) -> bool:
        """Whether its entries are what they seem; beside a critical extension that is not known they may not be."""
        return all(oid == _OID_DELTA for oid in self.unknown_critical)

    def issued_by(self, ca: Certificate) -> bool:
        """Whether ``ca`` issued this list: name, key identifier, cRLSign and signature."""
        if self.issuer != ca.subject or (ca.key_usage is not None and "cRLSign" not in ca.key_usage):
            return False
        if self.authority_key_id and ca.subject_key_id and self.authority_key_id != ca.subject_key_id:
            return False
        return verify_cached(ca.public_key, self.tbs, self.signature, self.signature_algorithm)


def _load(der: bytes) -> Crl:
    outer = Reader(der)
    body = outer.enter(SEQUENCE)
    outer.done()
    tbs = body.raw(SEQUENCE)
    outer_algorithm = body.raw(SEQUENCE)
    signature = body.bits()
    body.done()
    reader = Reader(tbs).enter(SEQUENCE)
    if reader.peek() != INTEGER or reader.integer() != 1:
        raise _malformed("不是第 2 版", "is not version 2")
    inner_algorithm = reader.raw(SEQUENCE)
    if inner_algorithm != outer_algorithm:
        raise _malformed("内外签名算法不一致", "names two different signature algorithms")
    algorithm = read_algorithm(Reader(inner_algorithm))
    issuer = reader.raw(SEQUENCE)
    name_attributes(issuer)
    this_update = reader.time()
    next_update = None if reader.peek() in (SEQUENCE, context(0), -1) else reader.time()
    revoked = _read_revoked(reader.enter(SEQUENCE)) if reader.peek() == SEQUENCE else {}
    authority_key_id, number, scope, expired_since = None, None, CrlScope(), None
    unknown: list[str] = []
    if reader.more():
        wrapper = reader.enter(context(0))
        extensions = wrapper.enter(SEQUENCE)
        wrapper.done()
        while extensions.more():
            oid, critical, value = read_extension(extensions)
            inner = Reader(value)
            if oid == _OID_AUTHORITY_KEY:
                authority_key_id = read_authority_key_id(inner)
                inner.done()
            elif oid == _OID_NUMBER:
                number = inner.integer()
                inner.done()
            elif oid == OID_SCOPE:
                scope = read_scope(value)
            elif oid == _OID_EXPIRED_SINCE:
                expired_since = inner.time(GENERALIZED_TIME)
                inner.done()
            elif critical or oid == _OID_DELTA:
                unknown.append(oid)
    reader.done()
    lifted = [serial for serial, entry in revoked.items() if entry.reason == _LIFTED]
    if lifted and _OID_DELTA not in unknown:
        raise _malformed("的撤销原因有误", "names an unknown reason")
    for serial in lifted:
        del revoked[serial]
    return Crl(der=der, tbs=tbs, signature_algorithm=algorithm, signature=signature, issuer=issuer,
               this_update=this_update, next_update=next_update, revoked=MappingProxyType(revoked),
               authority_key_id=authority_key_id, number=number, unknown_critical=tuple(unknown), scope=scope,
               expired_since=expired_since)


_load_known = functools.lru_cache(maxsize=64)(_load)


def _read_revoked(reader: Reader) -> dict[int, Revocation]:
    revoked: dict[int, Revocation] = {}
    while reader.more():
        entry = reader.enter(SEQUENCE)
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
                    raise _malformed("是间接列表或带未知的条目扩展",
                                     "is indirect or holds an unknown critical entry extension")
        entry.done()
        if serial in revoked:
            raise _malformed("中同一序列号出现两次", "names a serial number twice")
        revoked[serial] = Revocation(revoked_at=moment, reason=reason, invalid_since=invalid_since)
    return revoked


def _reason(reader: Reader) -> str:
    body = reader.body(_ENUMERATED)
    reader.done()
    name = REASONS.get(body[0]) if len(body) == 1 else None
    if name is None:
        raise _malformed("的撤销原因有误", "names an unknown reason")
    return name


def build_crl(
    *,
    issuer: Certificate,
    issuer_key: SigningKey,
    this_update: datetime,
    next_update: datetime,
    number: int,
    revoked: Mapping[int, Revocation] | Iterable[tuple[int, Revocation]] = (),
    scope: bytes | None = None,
    expired_since: datetime | None = None,
) -> Crl:
    """Make a list signed by a CA and read it back. Times are aware.

    Args:
        scope: makes it one part of the CA's lists (:func:`certs.crl_scope.scope_value`); complete without.
        expired_since: the moment (aware) since which expired certificates are still listed.

    Raises:
        CrlError: ``crl.bad-request`` when the key is not the issuer's or the times are wrong.
    """
    # Imported here: reading a list needs no certificate builder.
    from certs.x509_build import algorithm_identifier, extension

    if issuer.public_key.spki != issuer_key.spki or this_update >= next_update or number < 0:
        raise CrlError(CrlCode.BAD_REQUEST,
                       "无法签发撤销列表：密钥与签发者不符，或时间、编号有误，请更正后重试",
                       "cannot make a revocation list: the key is not the issuer's, or a time or number is "
                       "wrong; correct it and try again")
    algorithm = algorithm_identifier(issuer_key.algorithm)
    entries = []
    for serial, revocation in sorted(dict(revoked).items()):
        extensions = []
        if revocation.reason != "unspecified":
            code = build.tlv(_ENUMERATED, bytes((_CODES[revocation.reason],)))
            extensions.append(extension(_OID_REASON, code))
        if revocation.invalid_since is not None:
            since = build.generalized_time(revocation.invalid_since)
            extensions.append(extension(_OID_INVALIDITY, since))
        entries.append(build.sequence(
            build.integer(serial), build.x509_time(revocation.revoked_at),
            build.sequence(*extensions) if extensions else b""))
    key_id = issuer.subject_key_id or issuer.public_key.key_id
    tbs = build.sequence(
        build.integer(1), algorithm, issuer.subject, build.x509_time(this_update),
        build.x509_time(next_update), build.sequence(*entries) if entries else b"",
        build.explicit(0, build.sequence(
            extension(_OID_AUTHORITY_KEY, build.sequence(build.implicit(0, key_id))),
            extension(_OID_NUMBER, build.integer(number)),
            b"" if scope is None else extension(OID_SCOPE, scope, critical=True),
            b"" if expired_since is None else extension(
                _OID_EXPIRED_SINCE, build.generalized_time(expired_since)))))
    return Crl.load(build.sequence(tbs, algorithm, build.bit_string(issuer_key.sign(tbs))))

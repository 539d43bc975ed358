"""Certificate revocation lists (RFC 5280 clause 5): reading and making direct lists, complete or one part of several.

A delta list and one with a critical extension that is not known name it in ``unknown_critical``, an indirect list has
an odd ``scope``; none of them shows a certificate to be good, and a delta list may show it revoked.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from certs import der_build as build
from certs.crl_entries import REASONS, CrlCode, CrlError, Entries, Revocation, malformed, read_entries
from certs.crl_scope import OID_SCOPE, CrlScope, read_scope
from certs.der import GENERALIZED_TIME, INTEGER, SEQUENCE, Reader, context
from certs.public_key import read_algorithm, verify_cached
from certs.x509 import Certificate, name_attributes, name_text
from certs.x509_extensions import read_authority_key_id, read_extension

if TYPE_CHECKING:
    from certs.signer import SigningKey

__all__ = ["REASONS", "Crl", "CrlCode", "CrlError", "Revocation", "build_crl", "is_signed_by"]

MAX_BYTES: Final = 16 * 1024 * 1024
_REMEMBERED_BYTES: Final = 64 * 1024    # larger lists are read anew each time
_OID_NUMBER: Final = "2.5.29.20"
_OID_REASON: Final = "2.5.29.21"
_OID_INVALIDITY: Final = "2.5.29.24"
_OID_AUTHORITY_KEY: Final = "2.5.29.35"
_OID_DELTA: Final = "2.5.29.27"
_OID_EXPIRED_SINCE: Final = "2.5.29.60"     # expiredCertsOnCRL, X.509 clause 9.5.2.8
_ENUMERATED: Final = 0x0A
_CODES: Final = {name: number for number, name in REASONS.items()}


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
    revoked: Entries = field(compare=False)     # as ``der`` has them
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
        return _load_known(bytes(der)) if len(der) <= _REMEMBERED_BYTES else _load(bytes(der))

    def __repr__(self) -> str:
        return (f"<CRL of {self.issuer_text!r}, {self.this_update:%Y-%m-%d %H:%M:%S}Z, "
                f"{len(self.revoked)} revoked>")

    @property
    def issuer_text(self) -> str:
        """The issuer for people."""
        return name_text(self.issuer)

    @property
    def newness(self) -> tuple[datetime, int]:
        """By which of two lists the newer is told: when it was made and, of one second, its number."""
        return self.this_update, -1 if self.number is None else self.number

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


def is_signed_by(der: bytes, ca: Certificate) -> bool:
    """Whether a list names ``ca`` as its issuer and has its signature: asked of a stranger's list before its entries,
    which may be many, are read. Whether ``ca`` may sign lists is :meth:`Crl.issued_by`'s.

    Raises:
        DerError, CrlError, PublicKeyError: as of :meth:`Crl.load`.
    """
    head = _opened(bytes(der))
    return head.issuer == ca.subject and verify_cached(ca.public_key, head.tbs, head.signature, head.algorithm)


class _Head(NamedTuple):
    """A list up to its issuer's name; ``rest`` reads what follows that."""

    tbs: bytes
    algorithm: str
    signature: bytes
    issuer: bytes
    rest: Reader


def _opened(der: bytes) -> _Head:
    if len(der) > MAX_BYTES:
        raise CrlError(CrlCode.TOO_LARGE, "撤销列表超过 16 MiB，请检查来源",
                       "the revocation list exceeds 16 MiB; check where it comes from")
    outer = Reader(der)
    body = outer.enter(SEQUENCE)
    outer.done()
    tbs = body.raw(SEQUENCE)
    outer_algorithm = body.raw(SEQUENCE)
    signature = body.bits()
    body.done()
    reader = Reader(tbs).enter(SEQUENCE)
    if reader.peek() != INTEGER or reader.integer() != 1:
        raise malformed("不是第 2 版", "is not version 2")
    inner_algorithm = reader.raw(SEQUENCE)
    if inner_algorithm != outer_algorithm:
        raise malformed("内外签名算法不一致", "names two different signature algorithms")
    return _Head(tbs=tbs, algorithm=read_algorithm(Reader(inner_algorithm)), signature=signature,
                 issuer=reader.raw(SEQUENCE), rest=reader)


def _load(der: bytes) -> Crl:
    head = _opened(der)
    reader = head.rest
    name_attributes(head.issuer)
    this_update = reader.time()
    next_update = None if reader.peek() in (SEQUENCE, context(0), -1) else reader.time()
    revoked = read_entries(reader.body(SEQUENCE) if reader.peek() == SEQUENCE else b"")
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
    if revoked.lifts and _OID_DELTA not in unknown:
        raise malformed("的撤销原因有误", "names an unknown reason")
    return Crl(der=der, tbs=head.tbs, signature_algorithm=head.algorithm, signature=head.signature, issuer=head.issuer,
               this_update=this_update, next_update=next_update, revoked=revoked, authority_key_id=authority_key_id,
               number=number, unknown_critical=tuple(unknown), scope=scope, expired_since=expired_since)


_load_known = functools.lru_cache(maxsize=64)(_load)


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

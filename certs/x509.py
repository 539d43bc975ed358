"""X.509 certificates (RFC 5280, GM/T 0015): reading. Building is in :mod:`certs.x509_build`.

A certificate is strict DER or it is not read. Every extension that bears on trust is decoded; a critical one
that is not understood is named in ``unknown_critical`` and makes chain validation fail.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from certs.der import SEQUENCE, SET, Reader, context, require_der
from certs.public_key import KeyKind, PublicKey, read_algorithm, verify_cached
from certs.sm3 import sm3
from certs.x509_errors import CertificateCode, CertificateError, malformed
from certs.x509_extensions import USCC_SHAPE, Extensions, read_extensions

__all__ = ["Certificate", "name_attributes", "name_text"]

MAX_BYTES: Final = 64 * 1024

OID_COMMON_NAME: Final = "2.5.4.3"
OID_SERIAL_NUMBER: Final = "2.5.4.5"
OID_ORGANISATION: Final = "2.5.4.10"
OID_ORGANISATION_ID: Final = "2.5.4.97"
SHORT_NAMES: Final[dict[str, str]] = {
    OID_COMMON_NAME: "CN", OID_SERIAL_NUMBER: "serialNumber",
    "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST",
    OID_ORGANISATION: "O", "2.5.4.11": "OU", OID_ORGANISATION_ID: "organizationIdentifier",
    "1.2.840.113549.1.9.1": "emailAddress", "2.5.4.4": "SN", "2.5.4.42": "GN", "2.5.4.12": "title",
    "2.5.4.9": "street", "2.5.4.17": "postalCode", "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
}
_V3: Final = 2


@functools.lru_cache(maxsize=512)
def name_attributes(name: bytes) -> tuple[tuple[str, str], ...]:
    """Attributes (dotted OID, text) of an encoded Name, in order.

    Raises:
        DerError: not strict DER.
    """
    outer = Reader(name)
    rdns = outer.enter(SEQUENCE)
    outer.done()
    found: list[tuple[str, str]] = []
    while rdns.more():
        rdn = rdns.enter(SET)
        while rdn.more():
            pair = rdn.enter(SEQUENCE)
            found.append((pair.oid(), pair.text()))
            pair.done()
    return tuple(found)


def name_text(name: bytes) -> str:
    """An encoded Name for people: ``CN=…, O=…, C=CN``, most specific first."""
    parts = [f"{SHORT_NAMES.get(oid, oid)}={value}" for oid, value in reversed(name_attributes(name))]
    return ", ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Certificate:
    """One certificate, read strictly.

    ``issuer`` and ``subject`` are the encoded Names (compared byte by byte); times are aware UTC;
    ``key_usage`` and ``ext_key_usage`` (dotted OIDs) are None when the extension is absent;
    ``fingerprint`` is the SM3 of ``der`` in lower-case hex. ``crl_points`` are the encoded names of each distribution
    point that has lists for all reasons by the issuer itself; ``ocsp_urls`` say where the issuer answers by OCSP.
    """

    der: bytes
    tbs: bytes
    signature_algorithm: str
    signature: bytes
    serial: int
    issuer: bytes
    subject: bytes
    not_before: datetime
    not_after: datetime
    public_key: PublicKey
    key_usage: frozenset[str] | None
    ext_key_usage: tuple[str, ...] | None
    ext_key_usage_critical: bool
    is_ca: bool
    path_len: int | None
    subject_key_id: bytes | None
    authority_key_id: bytes | None
    crl_urls: tuple[str, ...]
    crl_points: tuple[frozenset[bytes], ...]
    ocsp_urls: tuple[str, ...]
    ocsp_nocheck: bool
    uscc: str | None
    unknown_critical: tuple[str, ...]
    fingerprint: str

    @classmethod
    def load(cls, der: bytes) -> Certificate:
        """Read one certificate.

        Raises:
            DerError: not strict DER, or fields beyond the structure.
            CertificateError: ``certificate.malformed`` or ``certificate.too-large``.
            PublicKeyError: a key or algorithm that is not accepted.
        """
        if len(der) > MAX_BYTES:
            raise CertificateError(CertificateCode.TOO_LARGE, "证书超过 64 KiB，请检查文件",
                                   "the certificate exceeds 64 KiB; check the file")
        return _load(bytes(der))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and self.der == other.der

    def __hash__(self) -> int:
        return hash(self.der)

    def __repr__(self) -> str:
        return f"<certificate {self.subject_text!r}, serial {self.serial:x}, SM3 {self.fingerprint[:16]}…>"

    @property
    def key_kind(self) -> KeyKind:
        """Kind of the public key."""
        return self.public_key.kind

    def subject_attribute(self, oid: str) -> str | None:
        """The last value of an attribute of the subject, or None."""
        return next((value for found, value in reversed(name_attributes(self.subject)) if found == oid), None)

    @property
    def subject_cn(self) -> str | None:
        """Common name of the subject."""
        return self.subject_attribute(OID_COMMON_NAME)

    @property
    def subject_o(self) -> str | None:
        """Organisation of the subject."""
        return self.subject_attribute(OID_ORGANISATION)

    @property
    def subject_text(self) -> str:
        """The subject for people."""
        return name_text(self.subject)

    @property
    def issuer_text(self) -> str:
        """The issuer for people."""
        return name_text(self.issuer)

    @property
    def is_self_issued(self) -> bool:
        """Whether issuer and subject are the same name."""
        return self.issuer == self.subject

    def valid_at(self, moment: datetime) -> bool:
        """Whether ``moment`` (aware) lies in the validity, both ends included."""
        return self.not_before <= moment <= self.not_after

    def verify(self, message: bytes, signature: bytes, algorithm: str) -> bool:
        """Whether ``signature`` over ``message`` was made by this certificate's key. Never raises."""
        return self.public_key.verify(message, signature, algorithm)

    def issued_by(self, ca: Certificate) -> bool:
        """Whether ``ca``'s name and key issued this certificate; says nothing about ``ca``'s rights."""
        return self.issuer == ca.subject and verify_cached(
            ca.public_key, self.tbs, self.signature, self.signature_algorithm)


@functools.lru_cache(maxsize=256)
def _load(der: bytes) -> Certificate:
    """Read a certificate; the same ones recur in every file of an authority."""
    require_der(der)
    body = Reader(der).enter(SEQUENCE)
    tbs = body.raw(SEQUENCE)
    outer_algorithm = body.raw(SEQUENCE)
    signature = body.bits()
    body.done()
    reader = Reader(tbs).enter(SEQUENCE)
    if reader.peek() != context(0):
        raise malformed("不是第 3 版", "is not version 3")
    version = reader.enter(context(0))
    if version.integer() != _V3:
        raise malformed("不是第 3 版", "is not version 3")
    version.done()
    serial = reader.integer()
    if serial < 0 or serial.bit_length() > 160:
        raise malformed("的序列号超出范围", "has a serial number out of range")
    inner_algorithm = reader.raw(SEQUENCE)
    if inner_algorithm != outer_algorithm:
        raise malformed("内外签名算法不一致", "names two different signature algorithms")
    algorithm = read_algorithm(Reader(inner_algorithm))
    issuer = reader.raw(SEQUENCE)
    validity = reader.enter(SEQUENCE)
    not_before, not_after = validity.time(), validity.time()
    validity.done()
    subject = reader.raw(SEQUENCE)
    public_key = PublicKey.parse(reader.raw(SEQUENCE))
    extensions = Extensions()
    if reader.more():
        wrapper = reader.enter(context(3))
        extensions = read_extensions(wrapper.enter(SEQUENCE))
        wrapper.done()
    reader.done()
    name_attributes(issuer)
    named = name_attributes(subject)
    uscc = extensions.uscc or _uscc_of_name(named)
    return Certificate(
        der=der, tbs=tbs, signature_algorithm=algorithm, signature=signature, serial=serial, issuer=issuer,
        subject=subject, not_before=not_before, not_after=not_after, public_key=public_key,
        key_usage=extensions.key_usage, ext_key_usage=extensions.ext_key_usage,
        ext_key_usage_critical=extensions.ext_key_usage_critical, is_ca=extensions.is_ca,
        path_len=extensions.path_len, subject_key_id=extensions.subject_key_id,
        authority_key_id=extensions.authority_key_id, crl_urls=extensions.crl_urls,
        crl_points=extensions.crl_points, ocsp_urls=extensions.ocsp_urls, ocsp_nocheck=extensions.ocsp_nocheck,
        uscc=uscc, unknown_critical=extensions.unknown_critical, fingerprint=sm3(der).hex())


def _uscc_of_name(attributes: tuple[tuple[str, str], ...]) -> str | None:
    """A 统一社会信用代码 in organizationIdentifier (``NTRCN-…`` or plain) or serialNumber."""
    for wanted in (OID_ORGANISATION_ID, OID_SERIAL_NUMBER):
        for oid, value in attributes:
            code = value.rpartition("-")[2]
            if oid == wanted and USCC_SHAPE.fullmatch(code):
                return code
    return None

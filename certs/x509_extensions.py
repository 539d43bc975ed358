"""The extensions of a certificate, a request or a revocation list (RFC 5280 clause 4.2, GM/T 0015)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from certs import der_build as build
from certs.der import IA5_STRING, OCTET_STRING, OID, SEQUENCE, DerError, Reader, context
from certs.x509_errors import malformed

__all__ = [
    "KEY_USAGES", "OID_USCC", "USCC_SHAPE", "Extensions", "read_authority_key_id", "read_extension", "read_extensions",
    "read_general_names", "uris",
]

OID_USCC: Final = "1.2.156.10260.4.4"
USCC_SHAPE: Final = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")
KEY_USAGES: Final = (
    "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
    "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly",
)
# Extensions that are decoded here or carry no constraint on a path (policies: any policy is acceptable).
_UNDERSTOOD: Final = frozenset({
    "2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.31", "2.5.29.32", "2.5.29.35", "2.5.29.37",
    OID_USCC,
})
_AUTHORITY_ACCESS: Final = "1.3.6.1.5.5.7.1.1"
_ACCESS_OCSP: Final = "1.3.6.1.5.5.7.48.1"
_NO_CHECK: Final = "1.3.6.1.5.5.7.48.1.5"
_URI: Final = context(6, constructed=False)


@dataclass(slots=True)
class Extensions:
    """What the extensions of a certificate, or of a request for one, say; filled while they are read."""

    key_usage: frozenset[str] | None = None
    ext_key_usage: tuple[str, ...] | None = None
    ext_key_usage_critical: bool = False
    is_ca: bool = False
    path_len: int | None = None
    subject_key_id: bytes | None = None
    authority_key_id: bytes | None = None
    crl_urls: tuple[str, ...] = ()
    crl_points: tuple[frozenset[bytes], ...] = ()
    ocsp_urls: tuple[str, ...] = ()
    ocsp_nocheck: bool = False
    uscc: str | None = None
    unknown_critical: tuple[str, ...] = ()


def read_extension(reader: Reader) -> tuple[str, bool, bytes]:
    """One Extension: (dotted OID, critical, content of the OCTET STRING). A written FALSE is not DER."""
    inner = reader.enter(SEQUENCE)
    oid = inner.oid()
    critical = False
    if inner.peek() == 0x01:
        critical = inner.boolean()
        if not critical:
            raise malformed("写出了默认值 FALSE", "writes out the default FALSE")
    value = inner.octets()
    inner.done()
    return oid, critical, value


def read_extensions(reader: Reader) -> Extensions:
    """Extensions up to the reader's end; none, or one twice, is an error.

    Raises:
        DerError, CertificateError: an extension that is decoded is not as it should be.
    """
    found = Extensions()
    seen: set[str] = set()
    unknown: list[str] = []
    while reader.more():
        oid, critical, value = read_extension(reader)
        if oid in seen:
            raise malformed("有重复的扩展", "holds an extension twice")
        seen.add(oid)
        decode = _DECODERS.get(oid)
        if decode is not None:
            inner = Reader(value)
            decode(inner, found, critical)
            inner.done()
        elif oid == _AUTHORITY_ACCESS and not critical:
            found.ocsp_urls = _ocsp_urls(value)
        elif oid == _NO_CHECK:
            found.ocsp_nocheck = value == build.null()
        elif critical and oid not in _UNDERSTOOD:
            unknown.append(oid)
    if not seen:
        raise malformed("的扩展列表为空", "has an empty list of extensions")
    found.unknown_critical = tuple(unknown)
    return found


def _key_usage(reader: Reader, found: Extensions, _: bool) -> None:
    numbers = reader.named_bits()
    if not numbers or max(numbers) >= len(KEY_USAGES):
        raise malformed("的密钥用途有误", "has a wrong key usage")
    found.key_usage = frozenset(KEY_USAGES[number] for number in numbers)


def _ext_key_usage(reader: Reader, found: Extensions, critical: bool) -> None:
    inner = reader.enter(SEQUENCE)
    usages: list[str] = []
    while inner.peek() == OID:
        usages.append(inner.oid())
    inner.done()
    if not usages:
        raise malformed("的扩展密钥用途为空", "has an empty extended key usage")
    found.ext_key_usage, found.ext_key_usage_critical = tuple(usages), critical


def _basic_constraints(reader: Reader, found: Extensions, _: bool) -> None:
    inner = reader.enter(SEQUENCE)
    if inner.peek() == 0x01:
        found.is_ca = inner.boolean()
        if not found.is_ca:
            raise malformed("写出了默认值 FALSE", "writes out the default FALSE")
    if inner.more():
        found.path_len = inner.integer()
        if found.path_len < 0 or not found.is_ca:
            raise malformed("的路径长度有误", "has a wrong path length")
    inner.done()


def _subject_key_id(reader: Reader, found: Extensions, _: bool) -> None:
    found.subject_key_id = reader.octets()


def read_authority_key_id(reader: Reader) -> bytes | None:
    """keyIdentifier of an AuthorityKeyIdentifier; the other two fields are passed over."""
    inner = reader.enter(SEQUENCE)
    key_id_tag = context(0, constructed=False)
    key_id = inner.body(key_id_tag) if inner.peek() == key_id_tag else None
    for tag in (context(1), context(2, constructed=False)):
        if inner.peek() == tag:
            inner.raw()
    inner.done()
    return key_id


def _authority_key_id(reader: Reader, found: Extensions, _: bool) -> None:
    found.authority_key_id = read_authority_key_id(reader)


def _crl_points(reader: Reader, found: Extensions, _: bool) -> None:
    """Distribution points; those for some reasons only, or with another issuer's lists, are none for us."""
    urls: list[str] = []
    named: list[frozenset[bytes]] = []
    points = reader.enter(SEQUENCE)
    while points.more():
        point = points.enter(SEQUENCE)
        names: list[bytes] = []
        if point.peek() == context(0):
            name = point.enter(context(0))
            if name.peek() == context(0):
                names = read_general_names(name.enter(context(0)))
        if not point.more() and names:
            named.append(frozenset(names))
        urls += uris(names)
    found.crl_urls, found.crl_points = tuple(urls), tuple(named)


def read_general_names(reader: Reader) -> list[bytes]:
    """Every GeneralName up to the reader's end, encoded."""
    names: list[bytes] = []
    while reader.more():
        names.append(reader.raw())
    return names


def uris(names: Iterable[bytes]) -> list[str]:
    """The addresses among encoded GeneralNames.

    Raises:
        DerError: one is not ASCII.
    """
    return [Reader(bytes((IA5_STRING,)) + name[1:]).text(IA5_STRING) for name in names if name[0] == _URI]


def _ocsp_urls(value: bytes) -> tuple[str, ...]:
    """Where the issuer answers by OCSP. Only a hint, so what is malformed names nothing."""
    urls: list[str] = []
    try:
        outer = Reader(value)
        accesses = outer.enter(SEQUENCE)
        outer.done()
        while accesses.more():
            access = accesses.enter(SEQUENCE)
            if access.oid() == _ACCESS_OCSP:
                urls += uris([access.raw()])
    except DerError:
        return ()
    return tuple(urls)


def _uscc(reader: Reader, found: Extensions, _: bool) -> None:
    code = reader.text() if reader.peek() != OCTET_STRING else reader.octets().decode("ascii", "replace")
    if not USCC_SHAPE.fullmatch(code):
        raise malformed("的统一社会信用代码扩展有误", "has a wrong unified social credit code extension")
    found.uscc = code


_DECODERS = {
    "2.5.29.14": _subject_key_id, "2.5.29.15": _key_usage, "2.5.29.19": _basic_constraints,
    "2.5.29.31": _crl_points, "2.5.29.35": _authority_key_id, "2.5.29.37": _ext_key_usage, OID_USCC: _uscc,
}

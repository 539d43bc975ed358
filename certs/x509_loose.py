"""Certificates that are sound but not strict DER, as some certificate authorities issue them.

For certificates of other makers alone: in the files that they sealed, and in the trust folder. Three faults are let
pass, all inside what the authority signed, so that nobody else can put them there: a default FALSE that is written
out, a key usage that ends in zero bits, and texts of a name outside the alphabet of their type. The signature is
verified over the bytes as they were received.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Final, NamedTuple

from certs import der_build as build
from certs.der import (
    BIT_STRING,
    BOOLEAN,
    IA5_STRING,
    OCTET_STRING,
    OID,
    PRINTABLE_STRING,
    SEQUENCE,
    SET,
    T61_STRING,
    UTF8_STRING,
    Reader,
    context,
)
from certs.sm3 import sm3
from certs.x509 import MAX_BYTES, Certificate
from codes.errors import EngineError

__all__ = ["LooselyRead", "load_loose", "loose_name"]

_KEY_USAGE: Final = "2.5.29.15"
_BASIC_CONSTRAINTS: Final = "2.5.29.19"
_TEXTS: Final = frozenset({UTF8_STRING, PRINTABLE_STRING, IA5_STRING, T61_STRING})
_FALSE: Final = b"\0"


class LooselyRead(NamedTuple):
    """A certificate, and whether one of the faults had to be let pass."""

    certificate: Certificate
    mended: bool


def load_loose(der: bytes) -> LooselyRead:
    """Read a certificate, strictly if it can be read so.

    ``der``, ``tbs`` and ``fingerprint`` are those of the bytes as received; a name that was mended is mended in the
    same way in every certificate that bears it, so that chains hold.

    Raises:
        DerError, CertificateError, PublicKeyError: it has other faults as well; the first one is told.
    """
    try:
        return LooselyRead(Certificate.load(der), mended=False)
    except EngineError as error:
        if len(der) > MAX_BYTES:
            raise
        try:
            return LooselyRead(_load(bytes(der)), mended=True)
        except EngineError:
            raise error from None


@functools.lru_cache(maxsize=256)
def _load(der: bytes) -> Certificate:
    outer = Reader(der)
    body = outer.enter(SEQUENCE)
    outer.done()
    tbs, closing = body.raw(SEQUENCE), body.raw(SEQUENCE) + body.raw(BIT_STRING)
    body.done()
    fields = Reader(tbs).enter(SEQUENCE)
    head = fields.raw(context(0)) + fields.raw() + fields.raw(SEQUENCE)
    issuer, validity, subject, key = (fields.raw(SEQUENCE) for _ in range(4))
    extensions = b""
    if fields.more():
        extensions = build.explicit(3, build.sequence(*map(_extension, _parts(
            Reader(fields.raw(context(3))).enter(context(3)).raw(SEQUENCE)))))
    fields.done()
    mended = build.sequence(head, loose_name(issuer), validity, loose_name(subject), key, extensions)
    return replace(Certificate.load(build.sequence(mended, closing)), der=der, tbs=tbs, fingerprint=sm3(der).hex())


def _parts(value: bytes, tag: int = SEQUENCE) -> list[bytes]:
    """The values inside a SEQUENCE or SET, which must be nothing else."""
    outer, found = Reader(value), []
    reader = outer.enter(tag)
    outer.done()
    while reader.more():
        found.append(reader.raw())
    return found


def loose_name(name: bytes) -> bytes:
    """A Name (encoded) whose texts are all of their type; one that is proper comes back as it is.

    Raises:
        DerError: it is no Name.
    """
    return build.sequence(*(
        build.tlv(SET, b"".join(build.sequence(*map(_text, _parts(pair))) for pair in _parts(rdn, SET)))
        for rdn in _parts(name)))


def _text(value: bytes) -> bytes:
    if value[0] not in _TEXTS:
        return value
    try:
        Reader(value).text()
    except EngineError:
        body = Reader(value).body(value[0])
        return build.utf8(_decoded(body))
    return value


def _decoded(body: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    return body.decode("latin-1")


def _extension(value: bytes) -> bytes:
    """An Extension without what is written out needlessly."""
    reader = Reader(value).enter(SEQUENCE)
    oid_value = reader.raw(OID)
    critical = reader.raw(BOOLEAN) if reader.peek() == BOOLEAN else b""
    content = reader.body(OCTET_STRING)
    reader.done()
    oid = Reader(oid_value).oid()
    if oid == _KEY_USAGE:
        content = _named_bits(content)
    elif oid == _BASIC_CONSTRAINTS:
        content = _no_false(content)
    return build.sequence(oid_value, b"" if critical[2:] == _FALSE else critical, build.octet_string(content))


def _named_bits(value: bytes) -> bytes:
    """A BIT STRING without zero bits at its end; one with other faults comes back as it is."""
    reader = Reader(value)
    body = reader.body(BIT_STRING)
    reader.done()
    if len(body) < 2 or body[0] > 7 or body[-1] & ((1 << body[0]) - 1):
        return value
    numbers = [8 * place + bit for place, byte in enumerate(body[1:]) for bit in range(8) if byte & (0x80 >> bit)]
    return build.named_bits(numbers)


def _no_false(value: bytes) -> bytes:
    """BasicConstraints; of a certificate that is no authority's nothing else counts."""
    parts = _parts(value)
    return build.sequence() if parts and parts[0] == build.boolean(False) else value

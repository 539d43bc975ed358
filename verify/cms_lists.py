"""Revocation lists and OCSP answers that ride in a CMS signature, wherever writers put them.

They lie beside the certificates (RFC 5652 clause 10.2.1, RFC 5940), in an attribute, signed or not
(adbe-revocationInfoArchival: ISO 32000-2 12.8.3.3.2; revocation-values: ETSI EN 319 122-1 A.1.2.1), and in the same
places of a signature's timestamp. Whoever made the signature chose them, so they can speak against it alone.
"""

from __future__ import annotations

import contextlib
from typing import Final

from certs import der_build as build
from certs.crl import Crl
from certs.der import SEQUENCE, SET, Reader, context
from certs.ocsp import OID_BASIC, OcspResponse
from verify.pdf_reasons import HOSTILE

__all__ = ["MOST_LISTS", "Said", "lists_in", "read_answer", "read_list"]

MOST_LISTS: Final = 64                  # of one place; whoever made it could as well have left them out

_ENUMERATED: Final = 0x0A
_OCSP_INFO: Final = "1.3.6.1.5.5.7.16.2"
_ARCHIVAL: Final = "1.2.840.113583.1.1.8"
_REVOCATION_VALUES: Final = "1.2.840.113549.1.9.16.2.24"
_TIMESTAMP: Final = "1.2.840.113549.1.9.16.2.14"

Said = Crl | OcspResponse


def read_list(der: bytes) -> tuple[Said, ...]:
    """A revocation list; nothing where it is none."""
    try:
        return (Crl.load(der),)
    except HOSTILE:
        return ()


def read_answer(der: bytes) -> tuple[Said, ...]:
    """An OCSP answer; nothing where it is none."""
    try:
        return (OcspResponse.load(der),)
    except HOSTILE:
        return ()


def lists_in(cms: bytes) -> tuple[Said, ...]:
    """All lists and answers of a CMS SignedData that can be read, up to the first place that cannot."""
    found: list[Said] = []
    with contextlib.suppress(*HOSTILE):  # whoever judges the signature says so
        _signed_data(Reader(cms), found, stamped=False)
    return tuple(found[:MOST_LISTS])


def _signed_data(reader: Reader, found: list[Said], *, stamped: bool) -> None:
    outer = reader.enter(SEQUENCE)
    outer.oid()
    body = outer.enter(context(0)).enter(SEQUENCE)
    body.integer()
    body.raw(SET)
    body.raw(SEQUENCE)
    if body.peek() == context(0):
        body.raw()
    if body.peek() == context(1):
        _beside(body.enter(context(1)), found)
    signers = body.enter(SET)
    while signers.more():
        info = signers.enter(SEQUENCE)
        info.integer()
        while info.more():
            if info.peek() in (context(0), context(1)):
                _attributes(info.enter(info.peek()), found, stamped=stamped)
            else:
                info.raw()


def _beside(choices: Reader, found: list[Said]) -> None:
    """RevocationInfoChoices."""
    while choices.more() and len(found) < MOST_LISTS:
        if choices.peek() == SEQUENCE:
            found += read_list(choices.raw())
            continue
        other = choices.enter(choices.peek())
        if other.oid() == _OCSP_INFO:
            found += read_answer(other.raw())


def _attributes(attributes: Reader, found: list[Said], *, stamped: bool) -> None:
    while attributes.more():
        attribute = attributes.enter(SEQUENCE)
        kind = attribute.oid()
        values = attribute.enter(SET)
        while values.more():
            value = Reader(values.raw())
            if kind in (_ARCHIVAL, _REVOCATION_VALUES):
                _archived(value.enter(SEQUENCE), found, bare=kind == _REVOCATION_VALUES)
            elif kind == _TIMESTAMP and not stamped:
                _signed_data(value, found, stamped=True)


def _archived(kinds: Reader, found: list[Said], *, bare: bool) -> None:
    """RevocationInfoArchival, and RevocationValues, whose answers are ``bare`` of what tells that there is one."""
    while kinds.more():
        kind = kinds.peek()
        if kind not in (context(0), context(1)):
            kinds.raw()
            continue
        listed = kinds.enter(kind).enter(SEQUENCE)
        while listed.more() and len(found) < MOST_LISTS:
            der = listed.raw()
            found += read_list(der) if kind == context(0) else read_answer(_dressed(der) if bare else der)


def _dressed(basic: bytes) -> bytes:
    """An OCSPResponse of a BasicOCSPResponse (RFC 6960, 4.2.1)."""
    return build.sequence(build.tlv(_ENUMERATED, b"\0"), build.explicit(0, build.sequence(
        build.oid(OID_BASIC), build.octet_string(basic))))

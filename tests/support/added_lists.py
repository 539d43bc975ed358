"""Revocation lists put into a finished timestamp token, where nobody has signed: as anybody on the way can do it."""

from __future__ import annotations

from certs import der_build as build
from certs.der import SEQUENCE, Reader, context

__all__ = ["with_list"]


def with_list(token: bytes, crl: bytes) -> bytes:
    """The token with a list beside its certificates; its signature holds as before."""
    outer = Reader(token).enter(SEQUENCE)
    kind, wrapper = outer.raw(), outer.enter(context(0))
    fields, parts = wrapper.enter(SEQUENCE), []
    while fields.more():
        tag = fields.peek()
        parts.append(fields.raw())
        if tag == context(0):
            parts.append(build.tlv(context(1), crl))
    return build.sequence(kind, build.explicit(0, build.sequence(*parts)))

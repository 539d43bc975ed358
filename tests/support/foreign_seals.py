"""Seals of version 1 (GM/T 0031-2014) for tests, in the shapes that occur; and any seal with parts exchanged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from certs import der_build as build
from certs import sm2
from certs.der import Reader
from certs.keystore import PrivateKey
from certs.ses import ALGORITHM_OID, Picture
from certs.x509 import Certificate

__all__ = ["Maker", "edited", "v1_info", "v1_seal"]


class Maker(Protocol):
    """A seal maker: certificate and SM2 key."""

    @property
    def certificate(self) -> Certificate:
        """Its certificate."""

    @property
    def key(self) -> PrivateKey:
        """Its key."""


def v1_info(
    *, name: str, es_id: str, certificates: Sequence[bytes], created_at: datetime, valid_start: datetime,
    valid_end: datetime, picture: Picture, number: int = 1, seal_type: int = 1,
    time: Callable[[datetime], bytes] = build.x509_time, extensions: bytes = b"",
) -> bytes:
    """SES_SealInfo of version 1; ``number`` stands in the header, ``time`` writes the dates."""
    return build.sequence(
        build.sequence(build.ia5("ES"), build.integer(number), build.ia5("OTHER")), build.ia5(es_id),
        build.sequence(build.integer(seal_type), build.utf8(name),
                       build.sequence(*map(build.octet_string, certificates)),
                       *map(time, (created_at, valid_start, valid_end))),
        build.sequence(build.ia5(picture.kind), build.octet_string(picture.data), build.integer(picture.width_mm),
                       build.integer(picture.height_mm)),
        extensions)


def v1_seal(info: bytes, maker: Maker, *, raw: bool = False) -> bytes:
    """A seal of version 1; ``raw`` writes the signature value as 64 bytes."""
    parts = build.octet_string(maker.certificate.der), build.oid(ALGORITHM_OID)
    signature = maker.key.sign(build.sequence(info, *parts))
    value = sm2.raw_from_der(signature) if raw else signature
    return build.sequence(info, build.sequence(*parts, build.bit_string(value)))


def edited(der: bytes, change: Callable[[list[bytes]], list[bytes]], *path: int) -> bytes:
    """Change the list of parts of the SEQUENCE at ``path`` below ``der``, with right lengths around it."""
    reader = Reader(der).enter(0x30)
    parts: list[bytes] = []
    while reader.more():
        parts.append(reader.raw())
    if path:
        parts[path[0]] = edited(parts[path[0]], change, *path[1:])
    else:
        parts = change(parts)
    return build.sequence(*parts)

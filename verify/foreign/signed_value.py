"""What a signature value (SignedValue.dat) of any writer says, read but not yet judged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from certs.sm3 import sm3
from certs.x509 import Certificate

__all__ = ["ForeignSeal", "Forgiven", "SignedValue"]


class Forgiven(NamedTuple):
    """An oddity of form that was let pass: its code ``form.*`` and the facts of its sentence."""

    code: str
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignSeal:
    """The e-seal inside a seal signature (SESeal), as received.

    ``raw`` is the whole seal, ``info`` its eSealInfo, ``signed`` what the maker signed and ``signature`` the maker's
    value as DER ``{r, s}``. ``listed`` holds certificates (DER) or SM3 digests of certificates that may seal with it.
    Times are aware, None where they name no moment. ``maker`` is None when its certificate cannot be read, for
    ``maker_fault`` in Chinese and English. ``timestamp`` is a token over ``signature_octets``.
    """

    version: int
    seal_id: str
    name: str
    maker: Certificate | None
    maker_fault: tuple[str, str] = ("", "")
    created_at: dt.datetime | None
    not_before: dt.datetime | None
    not_after: dt.datetime | None
    listed: tuple[bytes, ...]
    picture_type: str
    picture: bytes
    width_mm: float
    height_mm: float
    raw: bytes
    info: bytes
    signed: bytes
    signature: bytes
    signature_octets: bytes
    critical: str = ""                   # OID of a critical extension: none is known
    timestamp: bytes | None = None

    def __repr__(self) -> str:
        return f"<seal {self.seal_id} {self.name!r}>"

    def lists(self, certificate: bytes) -> bool:
        """Whether this certificate (DER) may be used with the seal."""
        return certificate in self.listed or sm3(certificate) in self.listed


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedValue:
    """One signature value. Nothing in it is verified; octets are slices of what was received.

    ``digest`` is that of Signature.xml as the value states it; empty where the value signs the file itself, without
    attributes and without content: then ``signed`` is None. ``content`` is what a CMS carries. ``signature`` is the
    value as it is verified, by ``algorithm`` (a name of :mod:`certs.public_key`); ``signature_value`` are the octets
    that a timestamp imprints. ``signer`` is None when its certificate cannot be read, for ``signer_fault``.
    """

    form: str                            # "SES v1", "SES v4", "SES v5", "GB/T 35275", "PKCS#7"
    signer: Certificate | None
    signer_fault: tuple[str, str] = ("", "")
    extra: tuple[Certificate, ...] = ()  # further certificates inside
    crls: tuple[bytes, ...] = ()
    claimed_at: dt.datetime | None
    digest: bytes
    digest_algorithm: str                # "SM3", "SHA-256", "SHA-384", "SHA-512"
    content: bytes | None = None
    property_info: str = ""
    seal: ForeignSeal | None = None
    timestamp: bytes | None = None
    signed: bytes | None
    signature: bytes
    signature_value: bytes
    algorithm: str
    critical: str = ""                   # OID of a critical extension in a seal signature
    forgiven: tuple[Forgiven, ...] = ()

    def __repr__(self) -> str:
        return f"<{self.form} value of {self.signer!r}>"

"""Revocation lists and OCSP answers that come with what is judged: who chose them, and since when they are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from certs.crl import Crl
from certs.ocsp import OcspResponse

__all__ = ["NOTHING_CARRIED", "Carried"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What a file, a timestamp or the evidence beside a file carries. Whoever made it chose them: they can show a
    revocation, and that a certificate was good at a moment that is proven and past.

    Attributes:
        against: lists and answers that can show a revocation and nothing else.
        known_at: of an answer (DER) the earliest moment at which it is proven to have existed.
    """

    crls: tuple[Crl, ...] = ()
    ocsp: tuple[OcspResponse, ...] = ()
    against: tuple[Crl | OcspResponse, ...] = ()
    known_at: Mapping[bytes, datetime] = field(default_factory=lambda: MappingProxyType({}))

    def plus(self, crls: Iterable[Crl] = (), ocsp: Iterable[OcspResponse] = ()) -> Carried:
        """The same with more; when that existed is not known."""
        return replace(self, crls=(*self.crls, *crls), ocsp=(*self.ocsp, *ocsp))

    def joined(self, other: Carried) -> Carried:
        """The same with another's; of two moments at which an answer existed the earlier one."""
        found = replace(self.plus(other.crls, other.ocsp), against=(*self.against, *other.against))
        for der, at in other.known_at.items():
            found = found.existing((der,), at)
        return found

    def existing(self, answers: Iterable[bytes], at: datetime | None) -> Carried:
        """The same where these answers (DER) are proven to have existed at a moment; None where no moment is proven."""
        if at is None:
            return self
        known = {der: min(at, self.known_at.get(der, at)) for der in answers}
        return replace(self, known_at=MappingProxyType({**self.known_at, **known})) if known else self


NOTHING_CARRIED: Final = Carried()

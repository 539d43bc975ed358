"""Which certificates a revocation list speaks of: its IssuingDistributionPoint (RFC 5280 clause 5.2.5).

Without that extension a list is on every certificate of its issuer. With it, it may be the part that a certificate's
own distribution points name, or on CAs or on others alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from certs import der_build as build
from certs.der import BOOLEAN, SEQUENCE, Reader, context
from certs.x509 import Certificate
from certs.x509_extensions import read_general_names, uris

__all__ = ["OID_SCOPE", "CrlScope", "read_scope", "scope_value"]

OID_SCOPE: Final = "2.5.29.28"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlScope:
    """The certificates of its issuer that a list is on.

    ``names`` are the encoded names of the distribution point, empty for any; ``odd`` says that the list is indirect,
    for some reasons only, for attribute certificates or named relative to its issuer: such a list shows no certificate
    to be good. ``elsewhere`` says that its entries need not be certificates of its issuer.
    """

    names: frozenset[bytes] = frozenset()
    users_only: bool = False
    cas_only: bool = False
    odd: bool = False
    elsewhere: bool = False

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses among the names."""
        return tuple(uris(sorted(self.names)))

    def covers(self, certificate: Certificate) -> bool:
        """Whether the list is on ``certificate``, which the list's issuer must have issued (clause 6.3.3 (b))."""
        if self.odd or (self.users_only and certificate.is_ca) or (self.cas_only and not certificate.is_ca):
            return False
        # one that names no point has that of its issuer's name
        points = certificate.crl_points or (
            () if certificate.crl_urls else (frozenset((build.explicit(4, certificate.issuer),)),))
        return not self.names or any(self.names & point for point in points)


def read_scope(value: bytes) -> CrlScope:
    """Read the content of the extension.

    Raises:
        DerError: it is not strict DER.
    """
    outer = Reader(value)
    body = outer.enter(SEQUENCE)
    outer.done()
    names: list[bytes] = []
    odd = False
    if body.peek() == context(0):
        point = body.enter(context(0))
        if point.peek() == context(0):
            names = read_general_names(point.enter(context(0)))
            uris(names)
        odd = point.more() or not names
    users, cas = _flag(body, 1), _flag(body, 2)
    if body.peek() == context(3, constructed=False):
        body.raw()
        odd = True
    indirect, attributes = _flag(body, 4), _flag(body, 5)
    body.done()
    return CrlScope(names=frozenset(names), users_only=users, cas_only=cas,
                    odd=odd or indirect or attributes or (users and cas), elsewhere=indirect or attributes)


def _flag(body: Reader, number: int) -> bool:
    tag = context(number, constructed=False)
    if body.peek() != tag:
        return False
    return Reader(bytes((BOOLEAN,)) + body.raw(tag)[1:]).boolean()


def scope_value(*, urls: Sequence[str] = (), users_only: bool = False, cas_only: bool = False) -> bytes:
    """Return the content of the extension for a list that is one part of its issuer's.

    Args:
        urls: names of the distribution point, as the certificates of this part have them.
    """
    names = b"".join(build.implicit(6, url.encode("ascii")) for url in urls)
    true = b"\xff"
    return build.sequence(
        build.explicit(0, build.explicit(0, names)) if names else b"",
        build.implicit(1, true) if users_only else b"", build.implicit(2, true) if cas_only else b"")

"""Bringing a home up to date: revocation lists and OCSP answers for every certificate in use.

In use are the certificates that lie in the home and those of the timestamp services whose tokens it has had.

What is fetched goes into ``crls/`` and ``ocsp/`` of the home, by which it seals, and of its trust folder, by which
others verify (:mod:`certs.revocation_install`). How a certificate stands is judged by what lies there then, in both
places, as it will be judged from now on. An answer is asked for where no list in force is to be had.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from certs.approval import load_approval
from certs.chain import paths_of
from certs.chain_status import Words, status_of
from certs.crl import Crl
from certs.files import reported
from certs.known import Known, load_known
from certs.ocsp import OcspResponse
from certs.revocation import decisive, said_of
from certs.revocation_errors import RevocationCode, trouble
from certs.revocation_fetch import Fetched, Inquiry, Trouble
from certs.revocation_install import install
from certs.trust import Trust
from certs.tsa_chains import kept_chains
from certs.untrusted_files import read_regular
from certs.x509 import MAX_BYTES as MAX_CERTIFICATE
from certs.x509 import Certificate
from certs.x509_loose import load_loose
from codes.errors import EngineError

__all__ = ["Standing", "refresh"]

Chain = tuple[Certificate, ...]
"""From a certificate to its anchor."""

_IN_USE: Final = (
    "authorities/[!.]*/[!.]*/*.cer", "actors/*/actor.cer", "audit/audit.cer", "status/status.cer", "report/report.cer",
    "trust-list/*.cer", *(f"trust/{name}/*.cer" for name in (
        "roots", "intermediates", "tsa", "seal-makers", "data-signing", "status-signers", "list-signers")))


_WORST: Final = ("revoked", "unknown", "good")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of one certificate now, and the troubles on the way.

    Attributes:
        until: until when that is in force; None while it is unknown.
        by: ``list`` or ``answer``, by which it is known; empty while it is unknown.
    """

    certificate: Certificate
    state: Literal["good", "revoked", "unknown"]
    until: datetime | None = None
    by: str = ""
    troubles: tuple[Trouble, ...] = ()


@dataclass(slots=True)
class _Material:
    """Lists and answers, those of the home first, and what was fetched."""

    known: Known
    crls: dict[bytes, Crl] = field(default_factory=dict)
    ocsp: dict[bytes, OcspResponse] = field(default_factory=dict)

    def take(self, fetched: Fetched) -> None:
        self.crls.update({one.der: one for one in fetched.crls})
        self.ocsp.update({one.der: one for one in fetched.ocsp})

    @property
    def lists(self) -> tuple[Crl, ...]:
        return *self.known.crls, *self.crls.values()

    @property
    def answers(self) -> tuple[OcspResponse, ...]:
        return *self.known.ocsp, *self.ocsp.values()


def refresh(home: Path, inquiry: Inquiry, *, clock: Callable[[], datetime]) -> tuple[Standing, ...]:
    """Fetch what there is on each certificate in use that has not expired, and put it where it is used.

    Args:
        home: the home's folder.
        clock: the present, aware.

    Raises:
        FileError: something cannot be read or written.
        EngineError: a file of ``chain/`` is no certificate.
    """
    known = load_known(home)
    with reported(home):
        in_use = tuple(_used(home, known))
        services = tuple(_services(home, in_use))
    used = (*in_use, *itertools.chain.from_iterable(services))
    paths, material = _paths(in_use, services, clock()), _Material(known)
    troubles = {certificate: _ask(path, inquiry, material, used, clock) for certificate, path in paths.items()}
    now = clock()
    install(home, crls=tuple(material.crls.values()), ocsp=tuple(material.ocsp.values()), certificates=used,
            lists=material.lists, now=now)
    places = tuple(_places(home, now))
    return tuple(_standing(path, places, troubles[certificate]) for certificate, path in paths.items())


def _ask(path: Chain, inquiry: Inquiry, material: _Material, helpers: Sequence[Certificate],
         clock: Callable[[], datetime]) -> tuple[Trouble, ...]:
    """Ask about the first certificate of a path; what could not be had is returned."""
    if len(path) == 1:
        return (Trouble(url="", error=trouble(RevocationCode.NO_PATH)),)
    certificate, ca = path[:2]
    troubles: tuple[Trouble, ...] = ()
    if certificate.crl_urls:
        fetched = inquiry.lists(certificate, ca)
        material.take(fetched)
        troubles = fetched.troubles
    now = clock()
    newest = decisive(said_of(certificate, ca, crls=material.lists, ocsp=material.answers, at=now, latest=now,
                              helpers=helpers))
    if certificate.ocsp_urls and (newest is None or not isinstance(newest.source, Crl)):
        fetched = inquiry.answers(certificate, ca, material.lists)
        material.take(fetched)
        troubles += fetched.troubles
    return troubles


# -- how it stands then


def _places(home: Path, now: datetime) -> Iterator[Words | Trouble]:
    """What the home judges by, and what those do who have its trust folder; why nobody can, where that is so."""
    known = load_known(home)
    yield Words(crls=known.crls, ocsp=known.ocsp, helpers=known.certificates, anchors=known.anchors, at=now, latest=now,
                judged_at=now)
    if (home / "trust").is_dir():
        try:
            trust = Trust.load(home / "trust")
        except EngineError as error:
            yield Trouble(url="", error=error)
            return
        yield Words(crls=trust.crls, ocsp=trust.ocsp, helpers=trust.intermediates, anchors=(*trust.roots, *trust.tsa),
                    at=now, latest=now, judged_at=now, strength=trust.strength)


def _standing(path: Chain, places: Sequence[Words | Trouble], troubles: tuple[Trouble, ...]) -> Standing:
    """How the first certificate of a path stands: of the places that trust its anchor, as in the worst."""
    readable = [place for place in places if isinstance(place, Words)]
    unread = tuple(place for place in places if isinstance(place, Trouble))
    found = [Standing(certificate=path[0], state="unknown")] if unread or len(path) == 1 else []
    if len(path) > 1:
        found += [_judged(path, words) for words in readable if path[-1] in words.anchors] or [
            _judged(path, words) for words in readable]
    worst = min(found, key=lambda one: (_WORST.index(one.state), one.until is None, one.until))
    if worst.state == "unknown" and not (troubles or unread):
        troubles = (Trouble(url="", error=trouble(RevocationCode.NOWHERE)),)
    return replace(worst, troubles=(*troubles, *unread))


def _judged(path: Chain, words: Words) -> Standing:
    status = status_of(path, words)[0]
    newest = decisive(status.asked)
    if newest is None or newest.doubt or (status.revocation is None and status.feared is not None):
        return Standing(certificate=path[0], state="unknown" if status.revocation is None else "revoked")
    return Standing(certificate=path[0], state="good" if status.revocation is None else "revoked", until=newest.until,
                    by="list" if isinstance(newest.source, Crl) else "answer")


# -- what is in use


def _used(home: Path, known: Known) -> Iterator[Certificate]:
    """Every certificate in use; a file that is none is told by whoever needs it."""
    yield from known.certificates
    for pattern in _IN_USE:
        yield from _read(home, pattern)
    for path in sorted(home.glob("approvals/[!.]*.json")):
        try:
            approval = load_approval(path)
        except EngineError:
            continue
        yield from (approval.given.certificate, approval.confirmed.certificate)


def _read(home: Path, pattern: str) -> Iterator[Certificate]:
    for path in sorted(home.glob(pattern)):
        try:
            yield load_loose(read_regular(path, max_bytes=MAX_CERTIFICATE) or b"").certificate
        except EngineError:
            continue


def _services(home: Path, used: Sequence[Certificate]) -> Iterator[tuple[Certificate, ...]]:
    """The chains of timestamp services whose tokens the home has had, as far as its trust folder believes them."""
    kept, anchors = tuple(kept_chains(home)), tuple(_read(home, "trust/tsa/*.cer"))
    for leaf in kept:
        yield from itertools.islice(paths_of(leaf, (*used, *kept), anchors), 1)


def _paths(used: Sequence[Certificate], services: Iterable[Chain], now: datetime) -> dict[Certificate, Chain]:
    """Each certificate that has not expired, with its way to an anchor; alone without one."""
    found: dict[Certificate, Chain] = {}

    def add(path: Chain) -> None:
        for index, certificate in enumerate(path[:-1]):
            if now <= certificate.not_after and len(found.get(certificate, ())) < 2:
                found[certificate] = path[index:]

    anchors = tuple(dict.fromkeys(one for one in used if one.is_self_issued))
    for leaf in used:
        path = next(paths_of(leaf, used, anchors), None)
        if path is None and leaf.valid_at(now):
            found.setdefault(leaf, (leaf,))
        add(path or ())
    for chain in services:
        add(chain)
    return found

"""Bringing a home up to date: revocation lists and OCSP answers for every certificate in use.

In use are the certificates that lie in the home and those of the timestamp services whose tokens it has had.

What is fetched goes into ``crls/`` and ``ocsp/`` of the home, by which it seals, and of its trust folder, by which
others verify. A newer list takes the place of the older one of the same CA and part, whatever that file is called;
nothing newer is ever replaced. What says that a certificate in use was revoked, or on hold, from an earlier moment than
the newer one knows of stays beside it. An answer is asked for where no list in force is to be had.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from certs.approval import load_approval
from certs.chain import paths_of
from certs.crl import MAX_BYTES as MAX_CRL
from certs.crl import Crl, Revocation
from certs.files import locked, make_folder, reported, sweep, write_atomic
from certs.known import Known, load_known
from certs.ocsp import MAX_BYTES as MAX_OCSP
from certs.ocsp import OcspResponse
from certs.revocation import decisive, forgotten, revocation_of, said_of
from certs.revocation_cache import CACHE
from certs.revocation_errors import RevocationCode, trouble
from certs.revocation_fetch import Fetched, Inquiry, Trouble
from certs.sm3 import sm3
from certs.tsa_chains import kept_chains
from certs.untrusted_files import read_regular
from certs.x509 import MAX_BYTES as MAX_CERTIFICATE
from certs.x509 import Certificate
from certs.x509_loose import load_loose
from codes.errors import EngineError

__all__ = ["Standing", "refresh"]

_IN_USE: Final = (
    "authorities/[!.]*/[!.]*/*.cer", "actors/*/actor.cer", "audit/audit.cer", "status/status.cer", "report/report.cer",
    "trust-list/*.cer", *(f"trust/{name}/*.cer" for name in (
        "roots", "intermediates", "tsa", "seal-makers", "data-signing", "status-signers", "list-signers")))


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
    material, standings = _Material(known), []
    for certificate, ca in _pairs(in_use, services, clock()).items():
        if ca is None:
            standings.append(Standing(certificate=certificate, state="unknown", troubles=(
                Trouble(url="", error=trouble(RevocationCode.NO_PATH)),)))
        else:
            standings.append(_ask(certificate, ca, inquiry, material, used, clock))
    _install(home, material, used)
    return tuple(standings)


def _ask(certificate: Certificate, ca: Certificate, inquiry: Inquiry, material: _Material,
         helpers: Sequence[Certificate], clock: Callable[[], datetime]) -> Standing:
    troubles: tuple[Trouble, ...] = ()
    if certificate.crl_urls:
        fetched = inquiry.lists(certificate, ca)
        material.take(fetched)
        troubles = fetched.troubles
    standing = _standing(certificate, ca, material, helpers, clock())
    if certificate.ocsp_urls and standing.by != "list":
        fetched = inquiry.answers(certificate, ca, material.lists)
        material.take(fetched)
        troubles += fetched.troubles
        standing = _standing(certificate, ca, material, helpers, clock())
    if standing.state == "unknown" and not troubles:
        troubles = (Trouble(url="", error=trouble(RevocationCode.NOWHERE)),)
    return Standing(certificate=certificate, state=standing.state, until=standing.until, by=standing.by,
                    troubles=troubles)


def _standing(certificate: Certificate, ca: Certificate, material: _Material, helpers: Sequence[Certificate],
              now: datetime) -> Standing:
    told = said_of(certificate, ca, crls=material.lists, ocsp=material.answers, at=now, latest=now, helpers=helpers)
    newest = decisive(told)
    by, until = "", None
    if newest is not None and not newest.doubt:
        by = "list" if isinstance(newest.source, Crl) else "answer"
        until = newest.until
    if revocation_of(told, proven_at=None) is not None:
        return Standing(certificate=certificate, state="revoked", by=by, until=until)
    return Standing(certificate=certificate, state="good" if by else "unknown", by=by, until=until)


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


def _pairs(used: Sequence[Certificate], services: Iterable[Sequence[Certificate]],
           now: datetime) -> dict[Certificate, Certificate | None]:
    """Each certificate that has not expired, with its issuer on the way to an anchor; None without a way."""
    found: dict[Certificate, Certificate | None] = {}

    def add(path: Sequence[Certificate]) -> None:
        for certificate, ca in itertools.pairwise(path):
            if now <= certificate.not_after and found.get(certificate) is None:
                found[certificate] = ca

    anchors = tuple(dict.fromkeys(one for one in used if one.is_self_issued))
    for leaf in used:
        path = next(paths_of(leaf, used, anchors), None)
        if path is None and leaf.valid_at(now):
            found.setdefault(leaf, None)
        add(path or ())
    for chain in services:
        add(chain)
    return found


# -- where it is used


def _install(home: Path, material: _Material, used: Sequence[Certificate]) -> None:
    make_folder(home / CACHE)
    with locked(home / CACHE / ".install.lock"):
        for place in (home, home / "trust"):
            if place.is_dir():
                _install_lists(place / "crls", material.crls.values(), used)
                _install_answers(place / "ocsp", material.ocsp.values())


def _install_lists(folder: Path, crls: Iterable[Crl], used: Sequence[Certificate]) -> None:
    new = list(crls)
    if not new:
        return
    make_folder(folder, mode=0o755)
    sweep(folder)
    held: dict[object, tuple[Path, Crl]] = {}
    for path in sorted(folder.glob("[!.]*.crl")):
        try:
            crl = Crl.load(read_regular(path, max_bytes=MAX_CRL) or b"")
        except EngineError:
            continue
        if crl.counts and (_part(crl) not in held or held[_part(crl)][1].newness <= crl.newness):
            held[_part(crl)] = path, crl
    for crl in new:
        path, old = held.get(_part(crl), (folder / _list_name(crl), None))
        if old is None or (old.newness <= crl.newness and old.der != crl.der):
            if old is not None and any(
                    forgotten(old.revoked.get(one.serial), crl.revoked.get(one.serial), covered=crl.scope.covers(one)
                              and crl.this_update <= one.not_after) for one in used if one.issuer == crl.issuer):
                _keep(path, old.der, old.this_update)
            write_atomic(path, crl.der, mode=0o644)
            held[_part(crl)] = path, crl


def _keep(path: Path, der: bytes, made: datetime) -> None:
    """Keep what lies there under a name of its own, by when it was made; several may be of one second."""
    write_atomic(path.with_name(f"{path.stem}-{made:%Y%m%d%H%M%S}-{sm3(der).hex()[:8]}{path.suffix}"), der, mode=0o644)


def _part(crl: Crl) -> object:
    """What two lists have in common of which the newer takes the place of the older."""
    return crl.issuer, crl.authority_key_id, crl.scope


def _list_name(crl: Crl) -> str:
    digest = sm3(crl.issuer + (crl.authority_key_id or b"") + repr(
        (sorted(crl.scope.names), crl.scope.users_only, crl.scope.cas_only)).encode())
    return f"{digest.hex()[:16]}.crl"


def _install_answers(folder: Path, answers: Iterable[OcspResponse]) -> None:
    for answer in answers:
        if any(each.status == "unknown" for each in answer.answers):
            continue                     # the next question may be answered otherwise
        make_folder(folder, mode=0o755)
        sweep(folder)
        path = folder / f"{_answer_name(answer)}.ors"
        try:
            held = OcspResponse.load(read_regular(path, max_bytes=MAX_OCSP) or b"")
        except EngineError:
            held = None
        if held is None or (held.produced_at <= answer.produced_at and held.der != answer.der):
            if held is not None and any(forgotten(before, after, covered=True)
                                        for before, after in _both(held, answer)):
                _keep(path, held.der, held.produced_at)
            write_atomic(path, answer.der, mode=0o644)


def _both(old: OcspResponse, new: OcspResponse) -> Iterator[tuple[Revocation | None, Revocation | None]]:
    """What two answers say of the same certificate."""
    return ((before.revocation, after.revocation) for before in old.answers for after in new.answers
            if before.cert_id == after.cert_id)


def _answer_name(answer: OcspResponse) -> str:
    """By the certificates that it is on, whoever answered."""
    return sm3(b"".join(sorted(each.cert_id.encode() for each in answer.answers))).hex()[:32]

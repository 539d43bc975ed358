"""Asking a CA whether its certificates are revoked: lists and OCSP answers, from where the certificates say.

The addresses stand in certificates, and those may come from strangers. So only a certificate that its CA has really
signed is asked about, only by http and https, never where a redirect points, and never inside a network of one's own,
unless the settings name the host. What comes back is judged before it is kept; what is kept, every time it is read.

There is no silence: whatever is not had is told as a trouble with its reason. And no latch: a server that failed once
is asked again at the next question; from the second failure in a row on there is a short wait.
"""

from __future__ import annotations

import ipaddress
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol, TypeVar

from certs.allowance import Allowance
from certs.crl import MAX_BYTES as MAX_CRL
from certs.crl import Crl, is_signed_by
from certs.files import FileError
from certs.http_client import HttpCode, HttpError, http_exchange, split_url
from certs.moments import later
from certs.ocsp import MAX_BYTES as MAX_OCSP
from certs.ocsp import OcspCode, OcspError, OcspResponse, build_request
from certs.revocation import Doubt, Said, said_of
from certs.revocation_cache import Note, RevocationCache
from certs.revocation_errors import CODE_BY_DOUBT, RevocationCode, trouble
from certs.revocation_settings import RevocationSettings
from certs.revocation_words import Heard, answer_word, list_word, needed
from certs.x509 import Certificate
from codes.errors import EngineError

__all__ = ["Fetched", "Http", "Inquiry", "Trouble", "admits"]

_T = TypeVar("_T", bound=Crl | OcspResponse)
_MAX_URLS: Final = 4                     # of one certificate that are tried
_NONCE_BYTES: Final = 16
_WEB_PORTS: Final = (80, 443)
_CRL_TYPE: Final = {"Accept": "application/pkix-crl"}
_OCSP_TYPE: Final = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}
# Networks through which an address may mean another one, inside.
_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
_TUNNELS: Final = tuple(map(ipaddress.IPv6Network, ("2002::/16", "2001::/32")))
_RELAYS: Final = tuple(map(ipaddress.IPv4Network, ("192.88.99.0/24", "168.63.129.16/32")))
"""Of the Internet by their numbers, and inside all the same: relays of 6to4, what a cloud tells its own machines."""


class Http(Protocol):
    """How a server is asked: :func:`certs.http_client.http_exchange`, or what a test puts in its place."""

    def __call__(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], *, timeout_s: float,
        max_bytes: int, admit: Callable[[str], bool] | None,
    ) -> bytes:
        """Return the body of the answer; raise :class:`certs.http_client.HttpError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What could not be had from an address ("" where there is none), and why."""

    url: str
    error: EngineError


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What is known of one certificate: lists and answers that are the CA's, and the troubles on the way.

    What is here may still say that the certificate is revoked, or be too old to say anything else.
    """

    crls: tuple[Crl, ...] = ()
    ocsp: tuple[OcspResponse, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    stand_ins: tuple[bytes, ...] = ()
    """The DER of those that were kept from before and stand in for what could not be had now."""


def admits(address: str) -> bool:
    """Whether a numeric address is one of the Internet at large."""
    try:
        number = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(number, ipaddress.IPv6Address):
        if number.ipv4_mapped is not None:
            number = number.ipv4_mapped
        elif number not in _UNICAST or any(number in network for network in _TUNNELS):
            return False
    if isinstance(number, ipaddress.IPv4Address) and any(number in network for network in _RELAYS):
        return False
    return number.is_global and not number.is_multicast


class Inquiry:
    """Asks, and keeps what it is told; safe to share between threads and processes."""

    def __init__(
        self, cache: Path, *, settings: RevocationSettings, clock: Callable[[], datetime],
        http: Http = http_exchange, random: Callable[[int], bytes] = secrets.token_bytes, insist: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask nothing yet.

        Args:
            cache: folder for what is fetched; made when it is first needed.
            clock: the present, aware.
            random: that many bytes, for nonces.
            insist: ask exactly once for each thing, were it fresh or had its server failed before.
        """
        self._cache = RevocationCache(cache)
        self._settings, self._clock, self._http = settings, clock, http
        self._random, self._insist, self._monotonic = random, insist, monotonic
        self._asked: dict[tuple[str, ...], EngineError | None] = {}
        self._hosts: dict[str, Note] = {}
        self._learnt: set[bytes] = set()

    def allowance(self) -> Allowance:
        """The time that the settings give for all that is asked about one file."""
        return Allowance(self._settings.total_s, self._monotonic)

    def lists(self, certificate: Certificate, ca: Certificate, *, allowance: Allowance | None = None) -> Fetched:
        """Fetch the revocation list that covers ``certificate``, from the first of its addresses that gives one.

        Args:
            ca: the issuer, itself trusted.
            allowance: the time for this and what else is asked; without it each question has its own alone.
        """
        return self._first(certificate, ca, certificate.crl_urls, allowance,
                           lambda url: self._list(url, certificate, ca, allowance))

    def answers(self, certificate: Certificate, ca: Certificate, crls: Sequence[Crl] = (), *,
                allowance: Allowance | None = None) -> Fetched:
        """Ask by OCSP, at the first of the certificate's addresses that answers.

        Args:
            ca: the issuer, itself trusted.
            crls: lists by which the responder's own certificate is judged.
            allowance: as of :meth:`lists`.
        """
        return self._first(certificate, ca, certificate.ocsp_urls, allowance,
                           lambda url: self._answer(url, certificate, ca, tuple(crls), allowance))

    def _first(self, certificate: Certificate, ca: Certificate, urls: Sequence[str], allowance: Allowance | None,
               ask: Callable[[str], Fetched]) -> Fetched:
        if not certificate.issued_by(ca):
            return Fetched(troubles=(Trouble(url="", error=trouble(RevocationCode.FOREIGN)),))
        web = [url for url in urls if url.lower().startswith(("http://", "https://"))]
        if not web:
            return Fetched(troubles=(Trouble(url="", error=trouble(RevocationCode.NOWHERE)),))
        crls: list[Crl] = []
        ocsp: list[OcspResponse] = []
        troubles: list[Trouble] = []
        stand_ins: list[bytes] = []
        for url in web[:_MAX_URLS]:
            with allowance.running() if allowance else nullcontext():
                fetched = ask(url)
            crls += fetched.crls
            ocsp += fetched.ocsp
            troubles += fetched.troubles
            stand_ins += fetched.stand_ins
            if not fetched.troubles:
                break
        return Fetched(crls=tuple(crls), ocsp=tuple(ocsp), troubles=tuple(troubles), stand_ins=tuple(stand_ins))

    # -- one address

    def _list(self, url: str, certificate: Certificate, ca: Certificate, allowance: Allowance | None) -> Fetched:
        limit = min(MAX_CRL, self._settings.max_mb << 20)

        def read(data: bytes) -> Heard[Crl]:
            if not is_signed_by(data, ca):
                raise trouble(RevocationCode.FOREIGN)
            crl = Crl.load(data)
            word = list_word(crl, authorities=[ca], certificates=[certificate], now=self._clock())
            told = self._said(certificate, ca, crls=[crl])
            if not told or word is None:
                raise trouble(RevocationCode.FOREIGN if crl.counts else RevocationCode.UNUSABLE)
            return Heard(crl, told[0], word)

        crls, failed, stand_ins = self._obtain(
            ("crl", url, ca.fingerprint), limit, read,
            lambda: self._exchange("GET", url, None, _CRL_TYPE, limit, allowance))
        return Fetched(crls=crls, troubles=_troubles(url, failed), stand_ins=stand_ins)

    def _answer(self, url: str, certificate: Certificate, ca: Certificate, crls: tuple[Crl, ...],
                allowance: Allowance | None) -> Fetched:
        def read(data: bytes) -> Heard[OcspResponse]:
            response = OcspResponse.load(data)
            said = next((one for one in self._said(certificate, ca, crls=crls, ocsp=[response])
                         if one.source is response), None)
            if said is None:
                raise trouble(RevocationCode.OTHER)
            word = answer_word(response, [(certificate, ca)], crls=crls, now=self._clock())
            if word is None:
                raise trouble(CODE_BY_DOUBT[said.doubt])
            return Heard(response, said, word)

        ocsp, failed, stand_ins = self._obtain(
            ("ocsp", url, ca.fingerprint, f"{certificate.serial:x}"), MAX_OCSP, read,
            lambda: self._ask(url, certificate, ca, allowance))
        return Fetched(ocsp=ocsp, troubles=_troubles(url, failed), stand_ins=stand_ins)

    def _ask(self, url: str, certificate: Certificate, ca: Certificate, allowance: Allowance | None) -> bytes:
        """Ask by OCSP; the answer may lack the nonce, but not have another."""
        nonce = self._random(_NONCE_BYTES)
        failed: EngineError = trouble(RevocationCode.OTHER)
        # an SM2 responder may know SM3 alone, and others SHA-1 alone
        for algorithm in ("sm3", "sha1") if ca.key_kind == "sm2" else ("sha1",):
            request = build_request(certificate, ca, algorithm=algorithm, nonce=nonce)
            data = self._exchange("POST", url, request, _OCSP_TYPE, MAX_OCSP, allowance)
            try:
                response = OcspResponse.load(data)
            except OcspError as error:
                if error.code is not OcspCode.REFUSED:
                    raise
                failed = error
                continue
            if response.nonce not in (None, nonce):
                raise trouble(RevocationCode.REPLAYED)
            return data
        raise failed

    def _said(self, certificate: Certificate, ca: Certificate, *, crls: Iterable[Crl],
              ocsp: Iterable[OcspResponse] = ()) -> tuple[Said, ...]:
        now = self._clock()
        return said_of(certificate, ca, crls=crls, ocsp=ocsp, at=now, latest=now)

    def _exchange(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], limit: int,
                  allowance: Allowance | None) -> bytes:
        parts = split_url(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        server = f"{host}:{port}"
        inside = server in self._settings.hosts or (host in self._settings.hosts and port in _WEB_PORTS)
        before = self._hosts.get(server, Note())
        if before.waits(self._clock()):  # one dead server does not cost its time for every certificate
            raise trouble(RevocationCode.WAITING)
        patience: float = self._settings.timeout_s
        if allowance is not None:
            patience = min(patience, allowance.left)
            if not patience:
                raise trouble(RevocationCode.OUT_OF_TIME)
        try:
            data = self._http(method, url, body, headers, timeout_s=patience, max_bytes=limit,
                              admit=None if inside else admits)
        except HttpError as error:
            if error.code is HttpCode.SLOW and patience < self._settings.timeout_s:
                raise trouble(RevocationCode.OUT_OF_TIME) from error     # no fault of the server's
            if error.code in (HttpCode.UNREACHABLE, HttpCode.SLOW):
                self._hosts[server] = before.failed(self._clock())
            raise
        self._hosts.pop(server, None)
        return data

    # -- what was had before, and what is new

    def _obtain(
        self, what: tuple[str, ...], limit: int, read: Callable[[bytes], Heard[_T]], ask: Callable[[], bytes],
    ) -> tuple[tuple[_T, ...], EngineError | None, tuple[bytes, ...]]:
        """Return the newest genuine thing and what revokes beside it; why there is none that is in force, or none newer
        than that one; and which of them only stand in for what could not be had."""
        now = self._clock()
        try:
            with self._cache.entry(*what) as path:
                held = self._held(path, limit, read)
                note = self._cache.read_note(path)
                if self._insist and what in self._asked:
                    return self._given(held, self._asked[what], now)
                if not self._insist:
                    if note.is_fresh(now, self._settings.refresh) and any(
                            each.said.in_force for each in held if self._young(each.said, now)):
                        return self._given(held, None, now)
                    if note.waits(now):
                        return self._given(held, trouble(RevocationCode.WAITING), now)
                heard, failed = self._new(path, held, read, ask, now)
                if failed is None or failed.code is not RevocationCode.OUT_OF_TIME:
                    self._asked[what] = failed
                    self._cache.write_note(path, Note(asked_at=now) if failed is None else note.failed(now))
        except FileError as error:       # what cannot be kept is not had: the next one would be asked in vain again
            return (), error, ()
        return self._given(heard, failed, now)

    def _given(self, heard: Sequence[Heard[_T]], failed: EngineError | None, now: datetime,
               ) -> tuple[tuple[_T, ...], EngineError | None, tuple[bytes, ...]]:
        """What is handed on: all that is not too old by the settings."""
        things = tuple(each.thing for each in heard if self._young(each.said, now))
        return things, failed, () if failed is None else tuple(
            each.der for each in things if each.der not in self._learnt)

    def _held(self, path: Path, limit: int, read: Callable[[bytes], Heard[_T]]) -> list[Heard[_T]]:
        """What was kept, judged anew, without what is damaged or strange."""
        held = []
        for data in self._cache.read(path, max_bytes=limit):
            with suppress(EngineError):
                heard = read(data)
                if heard.on_it or heard.word.tells:
                    held.append(heard)
        return held

    def _young(self, said: Said, now: datetime) -> bool:
        """Whether the settings let it be used; a revocation has no age."""
        limit = self._settings.max_age
        return said.revocation is not None or limit is None or now <= later(said.this_update, limit)

    def _new(
        self, path: Path, held: Sequence[Heard[_T]], read: Callable[[bytes], Heard[_T]], ask: Callable[[], bytes],
        now: datetime,
    ) -> tuple[Sequence[Heard[_T]], EngineError | None]:
        """Ask, and keep what is newer and what revokes; what there is then, and why the newest is no other."""
        try:
            new = read(ask())
        except EngineError as error:
            return held, error
        code = new.refused([each.word for each in held])
        if code is None and not self._young(new.said, now):
            code = RevocationCode.TOO_OLD
        if code is not None and not new.word.tells:
            return held, trouble(code)
        self._learnt.add(new.thing.der)
        now_held = [new, *held] if code is None else [*held, new]
        if new.said.doubt is not Doubt.UNKNOWN:  # which may change at any moment, and is asked for each time
            kept = needed([each.word for each in now_held])
            now_held = [each for each in now_held if each.word in kept]
            self._cache.keep(path, [each.thing.der for each in now_held])
        code = code or CODE_BY_DOUBT.get(new.said.doubt)
        return now_held, None if code is None else trouble(code)


def _troubles(url: str, failed: EngineError | None) -> tuple[Trouble, ...]:
    return () if failed is None else (Trouble(url=url, error=failed),)

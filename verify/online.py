"""Asking the CAs whether the certificates of a file are revoked, and judging the file by what they say.

A file is judged to learn which chains lead to a trusted root, and again with what was fetched; what is judged for the
first time then (an older timestamp of evidence, whose newer one holds only now) is asked about as well, a few times
over. Only certificates on such a chain are asked about. Where nobody answers, the file is judged as if nobody had been
asked, and the troubles are told; what was left unasked is told too, and is judged by what is at hand.
"""

from __future__ import annotations

import base64
import contextlib
import enum
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from certs.crl import Crl
from certs.ocsp import OcspResponse
from certs.revocation import said_of
from certs.trust import Trust
from certs.untrusted_files import printable
from certs.x509 import Certificate
from certs.x509_loose import load_loose
from codes.errors import EngineError
from verify.status import local_time

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from certs.revocation_fetch import Fetched, Inquiry, Trouble
    from verify.report import Report

__all__ = [
    "Asked", "Effect", "Fresh", "judge_online", "read_fresh", "read_paths", "verify_online", "write_fresh",
    "write_paths",
]

_MAX_PATHS: Final = 32
_MAX_LENGTH: Final = 8
_MAX_ROUNDS: Final = 4                   # of judging and asking
_T = TypeVar("_T")
_URL: Final = 200

Chain = tuple[Certificate, ...]
"""From a leaf to its anchor."""


@dataclass(slots=True)
class Fresh:
    """What was fetched for one file; when it has been judged, ``paths`` are filled with its chains, ``left_out`` with
    how many more there are."""

    crls: tuple[Crl, ...] = ()
    ocsp: tuple[OcspResponse, ...] = ()
    paths: list[Chain] = field(default_factory=list)
    left_out: int = 0

    def added_to(self, trust: Trust) -> Trust:
        """The trust folder with what was fetched."""
        return replace(trust, crls=(*trust.crls, *self.crls), ocsp=(*trust.ocsp, *self.ocsp))

    def seen(self, paths: Sequence[Chain]) -> None:
        """Note the chains of a file, as many as are asked about."""
        self.paths, self.left_out = list(paths[:_MAX_PATHS]), max(0, len(paths) - _MAX_PATHS)


class Effect(enum.StrEnum):
    """What asking changed."""

    ANSWERED = "answered"                # the file was judged by what was fetched
    FROM_CACHE = "from-cache"            # nothing new could be had: judged by what was kept from an earlier time
    UNANSWERED = "unanswered"            # nothing could be had: judged as if nobody had been asked
    NO_ADDRESS = "no-address"            # the certificates name nobody to ask
    NO_CHAIN = "no-chain"                # no chain leads to a trusted root
    NO_TRUST = "no-trust"                # there is no trust folder that names roots


_EFFECTS: Final[dict[Effect, tuple[str, str]]] = {
    Effect.ANSWERED: ("核验采用了查得的结果", "the file was judged by what was learnt"),
    Effect.FROM_CACHE: ("这次没有查到任何结果，核验采用了以前查得并保存的结果",
                        "nothing was learnt this time: the file was judged by what had been kept from an earlier time"),
    Effect.UNANSWERED: ("没有查到结果，按未联网判断", "nothing was learnt, so the file was judged as without asking"),
    Effect.NO_ADDRESS: ("证书中没有可查询的地址，未向任何机构查询，按未联网判断",
                        "the certificates name no address to ask at: nobody was asked, and the file was judged as "
                        "without asking"),
    Effect.NO_CHAIN: ("文件中没有通往可信根证书的证书链，未向任何机构查询",
                      "no certificate chain of the file leads to a trusted root: nobody was asked"),
    Effect.NO_TRUST: ("没有可用的信任目录，未向任何机构查询", "there is no trust folder to judge by: nobody was asked"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How the asking went: about how many certificates, with what effect, what could not be had, and how many chains
    were not asked about because there are too many."""

    certificates: int = 0
    effect: Effect = Effect.NO_TRUST
    troubles: tuple[Trouble, ...] = ()
    left_out: int = 0
    kept_from: datetime | None = None    # the oldest of what was kept and stands in for what could not be had

    def to_dict(self) -> dict[str, Any]:
        """Plain values for the report."""
        zh, en = self.sentence
        return {"certificates": self.certificates, "effect": self.effect.value, "zh": zh, "en": en,
                "kept_from": None if self.kept_from is None else local_time(self.kept_from),
                "left_out": self.left_out, "troubles": [
                    {"url": printable(one.url, at_most=_URL), "code": str(one.error.code), "zh": one.error.zh,
                     "en": one.error.en} for one in self.troubles]}

    @property
    def sentence(self) -> tuple[str, str]:
        """What asking changed, in Chinese and English."""
        zh, en = _EFFECTS[self.effect]
        if self.kept_from is not None:
            if self.effect is Effect.ANSWERED:
                zh, en = f"{zh}，没有查到的用以前保存的", f"{en}, and where nothing was by what had been kept before"
            moment = local_time(self.kept_from)
            zh, en = f"{zh}（最早的签发于 {moment}）", f"{en} (the oldest of it was issued at {moment})"
        if not self.left_out:
            return zh, en
        return (f"{zh}；另有至少 {self.left_out} 条证书链超出上限，未予查询",
                f"{en}; at least {self.left_out} further chains are beyond the limit and were not asked about")

    def to_lines(self) -> list[str]:
        """The same for people."""
        zh, en = self.sentence
        head = f"联网查询撤销状态 asked online: {self.certificates} 张证书 / certificates — {zh} / {en}"
        return [head, *(
            f"  ✗ {printable(one.url, at_most=_URL) + ': ' if one.url else ''}{one.error.zh} / {one.error.en}"
            for one in self.troubles)]


def judge_online(judged: Callable[[Fresh], _T], trust: Trust | None, inquiry: Inquiry, *,
                 at: datetime) -> tuple[_T, Asked]:
    """Judge a file by what its CAs say now.

    Args:
        judged: judges the file by the trust folder and what is given, and fills in the paths.
        trust: whose anchors a path must end at before anybody is asked.
        at: the present, aware.
    """
    fresh = Fresh()
    answer = judged(fresh)
    if trust is None:
        return answer, Asked()
    asking = _Asking(trust, inquiry, at)
    left_out = fresh.left_out
    for last in range(1, _MAX_ROUNDS + 1):
        if not asking.ask(fresh.paths):
            break
        fresh = asking.fresh()
        answer = judged(fresh)
        left_out = max(left_out, fresh.left_out)
        if last == _MAX_ROUNDS:
            left_out += asking.unasked(fresh.paths)
    return answer, asking.told(left_out)


class _Asking:
    """What was asked about for one file, and what was learnt."""

    def __init__(self, trust: Trust, inquiry: Inquiry, at: datetime) -> None:
        self._trust, self._inquiry, self._at = trust, inquiry, at
        self._allowance = inquiry.allowance()
        self._pairs: dict[tuple[Certificate, Certificate], None] = {}
        self._crls: dict[bytes, Crl] = {}
        self._ocsp: dict[bytes, OcspResponse] = {}
        self._troubles: dict[tuple[str, str], Trouble] = {}
        self._stand_ins: set[bytes] = set()

    def ask(self, paths: Sequence[Chain]) -> bool:
        """Ask about what nobody was asked about before; say whether something was learnt."""
        known = len(self._crls) + len(self._ocsp)
        helpers = tuple(one for path in paths for one in path)
        for certificate, ca in dict.fromkeys(_trusted_pairs(paths, self._trust)):
            if (certificate, ca) not in self._pairs:
                self._pairs[certificate, ca] = None
                self._ask_about(certificate, ca, helpers)
        return len(self._crls) + len(self._ocsp) > known

    def _ask_about(self, certificate: Certificate, ca: Certificate, helpers: tuple[Certificate, ...]) -> None:
        lists = [*self._trust.crls, *self._crls.values()]
        if certificate.ocsp_urls:
            self._keep(self._inquiry.answers(certificate, ca, lists, allowance=self._allowance))
        told = said_of(certificate, ca, crls=lists, ocsp=self._ocsp.values(), at=self._at, latest=self._at,
                       helpers=helpers, strength=self._trust.strength) if self._ocsp else ()
        answered = any(isinstance(said.source, OcspResponse) and not said.doubt for said in told)
        if not answered and certificate.crl_urls:
            self._keep(self._inquiry.lists(certificate, ca, allowance=self._allowance))

    def _keep(self, fetched: Fetched) -> None:
        self._stand_ins.update(fetched.stand_ins)
        self._crls |= {one.der: one for one in fetched.crls}
        self._ocsp |= {one.der: one for one in fetched.ocsp}
        self._troubles |= {(one.url, str(one.error.code)): one for one in fetched.troubles}

    def unasked(self, paths: Sequence[Chain]) -> int:
        """How many of these chains have certificates that nobody was asked about."""
        return sum(any(pair not in self._pairs for pair in _trusted_pairs([path], self._trust)) for path in paths)

    def fresh(self) -> Fresh:
        """What was learnt, to judge the file by."""
        return Fresh(crls=tuple(self._crls.values()), ocsp=tuple(self._ocsp.values()))

    def told(self, left_out: int) -> Asked:
        """How it went."""
        effect = Effect.NO_CHAIN
        had: dict[bytes, Crl | OcspResponse] = {**self._crls, **self._ocsp}
        kept = [one for der, one in had.items() if der in self._stand_ins]
        if had:
            effect = Effect.FROM_CACHE if len(kept) == len(had) else Effect.ANSWERED
        elif any(certificate.ocsp_urls or certificate.crl_urls for certificate, _ in self._pairs):
            effect = Effect.UNANSWERED
        elif self._pairs:
            effect = Effect.NO_ADDRESS
        return Asked(certificates=len(self._pairs), effect=effect, troubles=tuple(self._troubles.values()),
                     left_out=left_out, kept_from=min(map(_issued, kept), default=None))


def _issued(thing: Crl | OcspResponse) -> datetime:
    """When a list, or the oldest answer of a response, was made."""
    return thing.this_update if isinstance(thing, Crl) else min(one.this_update for one in thing.answers)


def _trusted_pairs(paths: Sequence[Chain], trust: Trust) -> Iterator[tuple[Certificate, Certificate]]:
    """Certificates with their issuers, of paths that lead to an anchor by signatures that hold."""
    anchors = {one.fingerprint for one in (*trust.roots, *trust.tsa)}
    for path in paths:
        links = list(itertools.pairwise(path[:_MAX_LENGTH]))
        if path and path[-1].fingerprint in anchors and len(path) <= _MAX_LENGTH and all(
                child.issued_by(ca) for child, ca in links):
            yield from links


def verify_online(source: bytes | Path, *, trust: Trust, inquiry: Inquiry, at: datetime | None = None,
                  clock_now: datetime, **options: Any) -> tuple[Report, Asked]:
    """Verify one file in this process; the arguments are those of :func:`verify.verify`.

    Args:
        clock_now: the present, aware; ``inquiry`` should have the same.
    """
    from verify.entry import verify_source

    def judged(fresh: Fresh) -> Report:
        return verify_source(source, trust=trust, at=at, clock_now=clock_now, fresh=fresh, **{
            "require_status": False, "name": "", **options})

    return judge_online(judged, trust, inquiry, at=clock_now)


# -- between a child and its parent


def write_paths(fresh: Fresh) -> dict[str, Any]:
    """The chains of a file as plain values."""
    return {"paths": [[_text(one.der) for one in path] for path in fresh.paths], "left_out": fresh.left_out}


def read_paths(values: Mapping[str, Any], fresh: Fresh) -> None:
    """Note what a child says the chains are; one that cannot be read is left out, and counted."""
    found: list[Chain] = []
    told, left_out = values.get("paths"), values.get("left_out")
    paths = told if isinstance(told, list) else []
    for value in paths[:_MAX_PATHS]:
        with contextlib.suppress(EngineError, TypeError, ValueError):
            found.append(tuple(load_loose(base64.b64decode(one)).certificate for one in value[:_MAX_LENGTH]))
    fresh.paths = found
    fresh.left_out = len(paths) - len(found) + (left_out if type(left_out) is int and left_out > 0 else 0)


def write_fresh(fresh: Fresh) -> dict[str, list[str]]:
    """What was fetched as plain values."""
    return {"crls": [_text(one.der) for one in fresh.crls], "ocsp": [_text(one.der) for one in fresh.ocsp]}


def read_fresh(values: Mapping[str, Sequence[str]] | None) -> Fresh | None:
    """The same, read by the child from its parent."""
    if values is None:
        return None
    return Fresh(crls=tuple(Crl.load(base64.b64decode(one)) for one in values["crls"]),
                 ocsp=tuple(OcspResponse.load(base64.b64decode(one)) for one in values["ocsp"]))


def _text(der: bytes) -> str:
    return base64.b64encode(der).decode("ascii")

"""Asking the CAs whether the certificates of a file are revoked, and judging the file by what they say.

A file is judged twice: once to learn which chains lead to a trusted root, and again with what was fetched. Only
certificates on such a chain are asked about. Where nobody answers, the file is judged as if nobody had been asked, and
the troubles are told.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from certs.revocation_fetch import Inquiry, Trouble
    from verify.report import Report

__all__ = ["Asked", "Fresh", "judge_online", "read_fresh", "read_paths", "verify_online", "write_fresh", "write_paths"]

_MAX_PATHS, _MAX_LENGTH = 32, 8
_T = TypeVar("_T")
_URL: Final = 200

Chain = tuple[Certificate, ...]
"""From a leaf to its anchor."""


@dataclass(slots=True)
class Fresh:
    """What was fetched for one file; ``paths`` are filled with its chains when it has been judged."""

    crls: tuple[Crl, ...] = ()
    ocsp: tuple[OcspResponse, ...] = ()
    paths: list[Chain] = field(default_factory=list)

    def added_to(self, trust: Trust) -> Trust:
        """The trust folder with what was fetched."""
        return replace(trust, crls=(*trust.crls, *self.crls), ocsp=(*trust.ocsp, *self.ocsp))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How the asking went: about how many certificates, and what could not be had."""

    certificates: int = 0
    troubles: tuple[Trouble, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values for the report."""
        return {"certificates": self.certificates, "troubles": [
            {"url": printable(one.url, at_most=_URL), "code": str(one.error.code), "zh": one.error.zh,
             "en": one.error.en} for one in self.troubles]}

    def to_lines(self) -> list[str]:
        """The same for people."""
        head = f"联网查询撤销状态 asked online: {self.certificates} 张证书 / certificates"
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
    first = Fresh()
    answer = judged(first)
    if trust is None:
        return answer, Asked()
    pairs = dict.fromkeys(_trusted_pairs(first.paths, trust))
    helpers = tuple(one for path in first.paths for one in path)
    crls: list[Crl] = []
    ocsp: list[OcspResponse] = []
    troubles: list[Trouble] = []
    for certificate, ca in pairs:
        lists = [*trust.crls, *crls]
        fetched = inquiry.answers(certificate, ca, lists) if certificate.ocsp_urls else None
        if fetched is not None:
            ocsp += fetched.ocsp
            troubles += fetched.troubles
        told = said_of(certificate, ca, crls=lists, ocsp=ocsp, at=at, latest=at, helpers=helpers) if ocsp else ()
        answered = any(isinstance(said.source, OcspResponse) and not said.doubt for said in told)
        if not answered and certificate.crl_urls:
            fetched = inquiry.lists(certificate, ca)
            crls += fetched.crls
            troubles += fetched.troubles
    asked = Asked(certificates=len(pairs), troubles=tuple({
        (one.url, one.error.code): one for one in troubles}.values()))
    if crls or ocsp:
        answer = judged(Fresh(crls=tuple({one.der: one for one in crls}.values()),
                              ocsp=tuple({one.der: one for one in ocsp}.values())))
    return answer, asked


def _trusted_pairs(paths: Sequence[Chain], trust: Trust) -> Iterator[tuple[Certificate, Certificate]]:
    """Certificates with their issuers, of paths that lead to an anchor by signatures that hold."""
    anchors = {one.fingerprint for one in (*trust.roots, *trust.tsa)}
    for path in paths[:_MAX_PATHS]:
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


def write_paths(paths: Iterable[Chain]) -> list[list[str]]:
    """Paths as plain values."""
    return [[_text(one.der) for one in path] for path in list(paths)[:_MAX_PATHS]]


def read_paths(values: object) -> list[Chain]:
    """What a child says the paths are; one that cannot be read is left out."""
    found: list[Chain] = []
    for value in values[:_MAX_PATHS] if isinstance(values, list) else ():
        try:
            found.append(tuple(load_loose(base64.b64decode(one)).certificate for one in value[:_MAX_LENGTH]))
        except (EngineError, TypeError, ValueError):
            continue
    return found


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

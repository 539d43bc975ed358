"""The certificates of a demonstration: two roots, two issuing CAs, a seal maker, each authority's three, those of
persons, of the audit log and of the status list, and those that stamp time and answer for certificates.

All but an organisation's carry 演示 in their names; an organisation's name stays exactly as given. Two trees,
because the OFD is sealed with SM2 and the PDF signed with ECDSA on P-256.

Validity: roots 20 years, issuing CAs 15, an authority's certificates 3, all others 10. Each begins at the midnight
(China Standard Time) before it is made and ends a second before a midnight.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from certs import p256, sm2
from certs.csr import KIND_NAMES, PROFILES, SIGNING, CertificateRequest, authority_request, new_key
from certs.keystore import PrivateKey
from certs.x509 import SHORT_NAMES, Certificate, name_attributes
from certs.x509_build import OCSP_SIGNING, TIME_STAMPING, build_certificate
from codes.china_time import CHINA_TIME

__all__ = [
    "AUTHORITY_YEARS", "CHINA_TIME", "RESPONDERS", "TREES", "KeyPair", "certify_request", "make_authority", "make_cas",
    "make_person", "make_responder", "make_service", "midnight", "with_addresses",
]

AUTHORITY_YEARS: Final = 3
_LEAF_YEARS, _ISSUING_YEARS, _ROOT_YEARS = 10, 15, 20
_OPERATOR: Final = "证印演示"
_CA_USAGE: Final = ("keyCertSign", "cRLSign")
TREES: Final = ("sm2", "p256")
"""The two trees, by the kind of their keys; ``<tree>-root`` and ``<tree>-issuing`` are their CAs."""
RESPONDERS: Final = tuple(f"{task}-{tree}" for task in ("tsa", "ocsp") for tree in TREES)
"""Who stamps time and who answers for certificates, in each tree."""
_RESPONDING: Final = {
    "tsa": ("时间戳", "演示时间戳服务", TIME_STAMPING), "ocsp": ("证书状态", "演示证书状态服务", OCSP_SIGNING),
}
_SERVICES: Final = {"audit": ("审计", "演示审计日志"), "status": ("印章状态", "演示印章状态发布")}
_CA_NAMES: Final = {
    "sm2-root": "证印演示根证书（SM2）", "sm2-issuing": "证印演示签发中心（SM2）",
    "seal-maker": "演示制章中心",
    "p256-root": "证印演示根证书（P-256）", "p256-issuing": "证印演示签发中心（P-256）",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """A private key and its certificate; of a CA also where its lists and answers are to be had, which stands in the
    certificates that it issues."""

    key: PrivateKey
    certificate: Certificate
    crl_urls: tuple[str, ...] = ()
    ocsp_urls: tuple[str, ...] = ()


def with_addresses(ca: KeyPair, role: str, services: str) -> KeyPair:
    """Give a CA the addresses of the services at the URL ``services``; none when that is empty."""
    if not services:
        return ca
    return replace(ca, crl_urls=(f"{services}/crl/{role}.crl",),
                   ocsp_urls=(f"{services}/ocsp/{role.partition('-')[0]}",))


def midnight(moment: datetime) -> datetime:
    """Return the midnight, China Standard Time, at which the day of ``moment`` began."""
    return moment.astimezone(CHINA_TIME).replace(hour=0, minute=0, second=0, microsecond=0)


def _last_second(start: datetime, years: int) -> datetime:
    """Return the last second of the period of ``years`` that begins at ``start``."""
    day = start if (start.month, start.day) != (2, 29) else start.replace(day=28)
    return day.replace(year=start.year + years) - timedelta(seconds=1)


def _serial() -> int:
    return secrets.randbits(127) | 1 << 126


def _certify(
    role: str, key: PrivateKey, issuer: KeyPair | None, now: datetime, years: int, *,
    path_len: int | None = None,
) -> KeyPair:
    """Certify a CA (``path_len`` given) or the seal maker."""
    start, ca = midnight(now), path_len is not None
    return KeyPair(key=key, certificate=build_certificate(
        subject=(("C", "CN"), ("O", _OPERATOR), ("CN", _CA_NAMES[role])), spki=key.spki,
        issuer=issuer.certificate if issuer else None, issuer_key=issuer.key if issuer else key,
        serial=_serial(), not_before=start, not_after=_last_second(start, years),
        key_usage=_CA_USAGE if ca else SIGNING, ca=ca, path_len=path_len,
        crl_urls=issuer.crl_urls if issuer else (), ocsp_urls=issuer.ocsp_urls if issuer else ()))


def make_cas(now: datetime, services: str = "") -> Mapping[str, KeyPair]:
    """Make both roots, both issuing CAs and the seal maker.

    Args:
        services: URL of the services at which certificates are to be asked for; "" for none.

    Returns:
        ``sm2-root``, ``sm2-issuing``, ``seal-maker``, ``p256-root`` and ``p256-issuing``.
    """
    made: dict[str, KeyPair] = {}
    for tree in TREES:
        root, issuing = f"{tree}-root", f"{tree}-issuing"
        made[root] = with_addresses(_certify(root, _new_key(tree), None, now, _ROOT_YEARS, path_len=1), root, services)
        made[issuing] = with_addresses(
            _certify(issuing, _new_key(tree), made[root], now, _ISSUING_YEARS, path_len=0), issuing, services)
    made["seal-maker"] = _certify(
        "seal-maker", sm2.PrivateKey.generate(), made["sm2-issuing"], now, _LEAF_YEARS)
    return made


def make_authority(
    name: str, code: str, *, sm2_issuer: KeyPair, p256_issuer: KeyPair, now: datetime,
) -> Mapping[str, KeyPair]:
    """Make an authority's certificates: CN and O are its name exactly, the extension holds its USCC.

    Returns:
        ``sealing`` and ``data`` (SM2, told apart by OU) and ``pdf`` (P-256).
    """
    made: dict[str, KeyPair] = {}
    for role, profile in PROFILES.items():
        key = new_key(role)
        request = authority_request(role, key, name=name, code=code)
        issuer = sm2_issuer if profile.kind == "sm2" else p256_issuer
        made[role] = KeyPair(key=key, certificate=certify_request(request, issuer=issuer, now=now))
    return made


def certify_request(request: CertificateRequest, *, issuer: KeyPair, now: datetime) -> Certificate:
    """Make the certificate that a request asks for, for the years of an authority's."""
    start = midnight(now)
    return build_certificate(
        subject=[(SHORT_NAMES[oid], text) for oid, text in name_attributes(request.subject)],
        spki=request.public_key.spki, issuer=issuer.certificate, issuer_key=issuer.key, serial=_serial(),
        not_before=start, not_after=_last_second(start, AUTHORITY_YEARS), key_usage=request.key_usage or SIGNING,
        ext_key_usage=request.ext_key_usage or (), uscc=request.uscc, crl_urls=issuer.crl_urls,
        ocsp_urls=issuer.ocsp_urls)


def make_person(
    name: str, *, unit: str, code: str, issuer: KeyPair, now: datetime, key: sm2.PrivateKey | None = None,
) -> KeyPair:
    """Make a person's certificate: CN is the person, O the unit, the extension holds the unit's USCC.

    Args:
        key: the person's own; a new one by default.
    """
    return _leaf((("C", "CN"), ("O", unit), ("CN", name)), key or sm2.PrivateKey.generate(), issuer=issuer,
                 now=now, code=code)


def make_service(role: str, *, issuer: KeyPair, now: datetime) -> KeyPair:
    """Make the certificate that signs checkpoints of the audit log (``audit``) or the status list (``status``)."""
    unit, name = _SERVICES[role]
    return _leaf((("C", "CN"), ("O", _OPERATOR), ("OU", unit), ("CN", name)), sm2.PrivateKey.generate(),
                 issuer=issuer, now=now)


def make_responder(role: str, *, issuer: KeyPair, now: datetime, until: datetime | None = None) -> KeyPair:
    """Make one of :data:`RESPONDERS`: who stamps time (RFC 3161 clause 2.3), or who answers in the name of the CA
    ``issuer`` for the certificates that it issued (RFC 6960 clause 4.2.2.2).

    Args:
        until: the end of its certificate, to the second; by default ten years.
    """
    task, _, tree = role.partition("-")
    unit, name, usage = _RESPONDING[task]
    return _leaf((("C", "CN"), ("O", _OPERATOR), ("OU", unit), ("CN", f"{name}（{KIND_NAMES[tree]}）")),
                 _new_key(tree), issuer=issuer, now=now, usage=usage, until=until)


def _new_key(tree: str) -> PrivateKey:
    return sm2.PrivateKey.generate() if tree == "sm2" else p256.PrivateKey.generate()


def _leaf(
    subject: tuple[tuple[str, str], ...], key: PrivateKey, *, issuer: KeyPair, now: datetime,
    code: str | None = None, usage: str | None = None, until: datetime | None = None,
) -> KeyPair:
    start = midnight(now)
    return KeyPair(key=key, certificate=build_certificate(
        subject=subject, spki=key.spki, issuer=issuer.certificate, issuer_key=issuer.key, serial=_serial(),
        not_before=start, not_after=until or _last_second(start, _LEAF_YEARS), key_usage=SIGNING, uscc=code,
        ext_key_usage=(usage,) if usage else (), ocsp_nocheck=usage == OCSP_SIGNING,
        crl_urls=issuer.crl_urls, ocsp_urls=issuer.ocsp_urls))

"""What is known of the revocation of each certificate of a chain, and by which words that was asked.

For a moment that is proven and past, the words of then suffice only where nothing newer can be had: the signer's
certificate has ended, or the CA above is revoked and says no more (ETSI EN 319 102-1 clause 5.6.2.1: past validation
begins with the end or the revocation of a certificate). Until then a word of the present is demanded, and of those
that the verifier has, not those that the file brings: whoever has a stolen key can have a timestamp too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from certs.carried import NOTHING_CARRIED, Carried
from certs.crl import Crl, Revocation
from certs.ocsp import OcspResponse
from certs.revocation import (
    Doubt,
    Others,
    Said,
    decisive,
    lost_since,
    revocation_of,
    said_of,
    suspicion,
    told_as_fact,
)
from certs.strength import STRONG, Strength
from certs.x509 import Certificate

__all__ = ["CertificateStatus", "Words", "status_of", "why_unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """All that is at hand, and when it is asked about.

    Attributes:
        carried: lists and answers that whoever made the file chose.
        helpers: certificates from anywhere, among them responders and other keys of a CA.
        at: the moment in question; ``proven`` says that the signature is proven to have existed then.
        latest: the present, or ``at`` where that is later.
        judged_at: the moment of judging, at which a word in force is demanded of what has not ended.
        strength: until when the algorithms of lists and answers are strong.
    """

    crls: tuple[Crl, ...]
    ocsp: tuple[OcspResponse, ...]
    carried: Carried = NOTHING_CARRIED
    helpers: tuple[Certificate, ...] = ()
    anchors: tuple[Certificate, ...] = ()
    at: datetime
    latest: datetime
    proven: bool = False
    judged_at: datetime
    strength: Strength = STRONG

    @property
    def proven_at(self) -> datetime | None:
        """The moment in question where it is proven."""
        return self.at if self.proven else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateStatus:
    """Of one certificate: the revocation that counts, the one that is feared, and whether it is known to be good.

    ``later`` is the revocation that came after the proven moment and does no harm: the earliest, the gravest of equally
    early ones, and one that is the CA's word for certain. ``asked`` are the words by which it was decided whether the
    certificate is known to be good.
    """

    revocation: Revocation | None
    feared: Revocation | None
    known: bool
    asked: tuple[Said, ...]
    later: Revocation | None = None


def status_of(path: Sequence[Certificate], words: Words) -> tuple[CertificateStatus, ...]:
    """The status of each certificate below the anchor, the leaf's first."""
    found: list[CertificateStatus] = []
    above: tuple[Said, ...] = ()                    # what is said of the CA itself
    leaf_ended = words.judged_at > path[0].not_after
    for index in reversed(range(len(path) - 1)):
        certificate, ca = path[index], path[index + 1]
        others, lost_at = _others(path, index, words), lost_since(above)
        past = words.proven and (leaf_ended or words.judged_at > certificate.not_after
                                 or lost_since(told_as_fact(above)) is not None)
        told = asked = _said(certificate, ca, words, words.at, past, lost_at, others)
        known = _good(told)
        if words.proven and not past:
            asked = _said(certificate, ca, words, words.judged_at, False, lost_at, others)
            known = _good(asked) or lost_since(told_as_fact(told)) is not None
        found.insert(0, CertificateStatus(
            revocation=revocation_of(told, proven_at=words.proven_at), known=known, asked=asked,
            feared=suspicion(told, proven_at=words.proven_at),
            later=revocation_of(told_as_fact(told), proven_at=None) if words.proven else None))
        above = told
    return tuple(found)


def _said(certificate: Certificate, ca: Certificate, words: Words, at: datetime, carried_count: bool,
          lost_at: datetime | None, others: Others) -> tuple[Said, ...]:
    return said_of(certificate, ca, crls=words.crls, ocsp=words.ocsp, carried=words.carried, at=at, latest=words.latest,
                   helpers=words.helpers, carried_count=carried_count, lost_at=lost_at, others=others,
                   strength=words.strength)


def _good(told: Sequence[Said]) -> bool:
    newest = decisive(told)
    return newest is not None and newest.doubt is Doubt.NONE


def _others(path: Sequence[Certificate], index: int, words: Words) -> Others:
    """Other keys of the CA, and other certificates of the certificate's key, of which the path's own CAs know."""
    certificate, ca = path[index], path[index + 1]
    issuers = tuple(dict.fromkeys((*path[index + 1:], *words.anchors)))
    keys = tuple(one for one in _apart(words, ca, same_key=False)
                 if one.subject == ca.subject and one.is_ca
                 and (one in words.anchors or any(one.issued_by(issuer) for issuer in issuers)))
    twins = tuple((one, issuer) for one in _apart(words, certificate, same_key=True)
                  for issuer in issuers if one.issued_by(issuer))
    return Others(keys=keys, twins=twins)


def _apart(words: Words, certificate: Certificate, *, same_key: bool) -> Iterator[Certificate]:
    """Certificates at hand other than this one, of the same key or of another."""
    return (one for one in dict.fromkeys((*words.helpers, *words.anchors))
            if one != certificate and (one.public_key.spki == certificate.public_key.spki) is same_key)


# Why nothing that is there shows a certificate to be good, the first that fits: code, zh, en.
_UNKNOWN: Final[dict[Doubt, tuple[str, str, str]]] = {
    Doubt.UNKNOWN: ("chain.ocsp-unknown", "的 OCSP 服务器不认识该证书", "does not know it by OCSP"),
    Doubt.RESPONDER_REVOKED: ("chain.ocsp-responder", "的 OCSP 应答由已撤销的证书签发",
                              "has answered by OCSP with a certificate that is revoked"),
    Doubt.RESPONDER_EXPIRED: ("chain.ocsp-responder", "的 OCSP 应答由不在有效期内的证书签发",
                              "has answered by OCSP with a certificate that is not valid then"),
    Doubt.RESPONDER_UNCHECKED: ("chain.ocsp-responder", "的 OCSP 应答者证书是否撤销无从查证",
                                "has answered by OCSP with a certificate that may be revoked for all that is known"),
    Doubt.STRANGER: ("chain.ocsp-responder", "未授权作出该 OCSP 应答者", "has not authorised whoever answered by OCSP"),
    Doubt.CA_LOST: ("chain.ca-lost", "的密钥当时可能已失窃", "may have lost its key when it said so"),
    Doubt.WEAK: ("chain.weak-revocation", "的撤销列表或应答由已不再可靠的算法签名",
                 "has signed what it says by an algorithm that was no longer strong"),
}


def why_unknown(said: Sequence[Said]) -> tuple[str, str, str]:
    """Code and the middle of the two sentences."""
    doubts = {each.doubt for each in said}
    for doubt, words in _UNKNOWN.items():
        if doubt in doubts:
            return words
    silent = (Doubt.OTHERS, Doubt.CHOSEN)
    when_zh, when_en = "已过时", "stale"
    if doubts - set(silent) == {Doubt.FUTURE}:
        when_zh, when_en = "晚于核验的时刻（请核对时钟）", "future (check the clock)"
    if any(isinstance(each.source, Crl) and each.doubt not in silent for each in said):
        return "chain.crl-stale", f"的撤销列表{when_zh}", f"has only {when_en} revocation lists"
    if doubts - set(silent):
        return "chain.ocsp-stale", f"的 OCSP 应答{when_zh}", f"has given only {when_en} OCSP answers"
    if Doubt.CHOSEN in doubts:
        return "chain.crl-missing", "没有撤销列表（文件自带的不能说明现在）", \
            "has no revocation list (what the file brings says nothing of now)"
    return "chain.crl-missing", "没有撤销列表", "has no revocation list"

"""What an RFC 3161 timestamp token proves (authorities with RSA, ECDSA and SM2 keys).

Each certificate and list that a token carries has to verify, so that no byte of a good token can change unnoticed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from certs.carried import NOTHING_CARRIED, Carried
from certs.chain import ChainResult, Indication, SubIndication, Usage, validate
from certs.crl import Crl
from certs.moments import CLOCKS_DIFFER
from certs.ocsp import OcspResponse
from certs.strength import STRONG, Strength
from certs.timestamp_token import TimestampToken, digest
from certs.x509 import Certificate
from codes.errors import EngineError

__all__ = ["TimestampResult", "verify_token"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampResult:
    """Outcome for one token; ``gen_time`` may be relied on only when ``ok``."""

    indication: Indication
    sub_indication: SubIndication | None
    code: str
    zh: str
    en: str
    gen_time: datetime
    signer: Certificate | None = None
    chain: ChainResult | None = None

    @property
    def ok(self) -> bool:
        """Whether the token proves ``gen_time``."""
        return self.indication is Indication.PASSED


# code: indication, sub-indication, zh, en
_Outcome = tuple[Indication, SubIndication | None, str, str]
_OUTCOMES: Final[dict[str, _Outcome]] = {
    "timestamp.good": (Indication.PASSED, None, "时间戳有效", "the timestamp is valid"),
    "timestamp.wrong-imprint": (
        Indication.FAILED, SubIndication.HASH_FAILURE, "时间戳不是为此数据所加，请勿采信",
        "the timestamp was made for other data; do not rely on it"),
    "timestamp.no-certificate": (
        Indication.INDETERMINATE, SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
        "找不到时间戳服务的证书，请在信任目录中补充",
        "the authority's certificate is missing; add it to the trust folder"),
    "timestamp.bad-signature": (
        Indication.FAILED, SubIndication.SIG_CRYPTO_FAILURE, "时间戳的签名无效，请勿采信",
        "the timestamp's signature is wrong; do not rely on it"),
    "timestamp.loose-parts": (
        Indication.FAILED, SubIndication.FORMAT_FAILURE, "时间戳夹带了无法核实的证书或撤销列表，请勿采信",
        "the timestamp carries a certificate or list that cannot be verified; do not rely on it"),
    "timestamp.future": (
        Indication.INDETERMINATE, SubIndication.NOT_YET_VALID, "时间戳的时间晚于现在，请核对本机时钟",
        "the timestamp lies in the future; check this machine's clock"),
    "timestamp.out-of-bounds": (
        Indication.INDETERMINATE, SubIndication.OUT_OF_BOUNDS_NO_POE,
        "时间戳的时间不在其证书有效期内，请勿采信",
        "the timestamp's time is outside its certificate's validity; do not rely on it"),
}


def verify_token(
    token: TimestampToken,
    message: bytes | None = None,
    *,
    imprint: bytes | None = None,
    anchors: Iterable[Certificate],
    intermediates: Iterable[Certificate] = (),
    crls: Iterable[Crl] = (),
    ocsp: Iterable[OcspResponse] = (),
    carried: Carried = NOTHING_CARRIED,
    at: datetime,
    clock_now: datetime | None = None,
    at_is_proven: bool = False,
    judged_at: datetime | None = None,
    strength: Strength = STRONG,
    covered: bool = False,
) -> TimestampResult:
    """Whether a token proves that ``message``, or what ``imprint`` is the digest of, existed at its time.

    Args:
        message: the bytes whose digest the token holds (for SES the content octets of ``signature``).
        imprint: instead of them, their digest by the token's ``imprint_algorithm``.
        anchors: trusted certificates of timestamp authorities or their roots.
        crls: the verifier's lists. Those that the token carries were chosen by whoever made it, like ``carried``.
        ocsp: the verifier's answers.
        carried: lists and answers that ride elsewhere in the file (:func:`certs.chain.validate`).
        at: the moment to judge the authority's chain at (aware); usually the present.
        clock_now: the present; a token from the future of it is refused.
        at_is_proven: something else proves that the token existed at ``at``; then a later revocation does no harm.
        judged_at: for a proven ``at`` the moment of judging, by default the present (:func:`certs.chain.validate`).
        strength: until when the algorithms of the token and of its chain are strong.
        covered: something else protects every byte of the token, so that what it carries need not verify.

    Raises:
        ValueError: neither or both of ``message`` and ``imprint``.
    """
    if (message is None) == (imprint is None):
        raise ValueError("a token is of a message or of its digest")
    if message is not None:
        imprint = digest(token.imprint_algorithm, message)
    trusted, extra = tuple(anchors), tuple(intermediates)
    known = (*token.certificates, *extra, *trusted)
    signer = next((certificate for certificate in known if token.names(certificate)), None)
    code = _first_fault(token, imprint, signer, () if covered else known, max(at, clock_now or at))
    chain: ChainResult | None = None
    if code is None and signer is not None:
        chain = validate(signer, intermediates=(*token.certificates, *extra), anchors=trusted,
                         crls=crls, ocsp=ocsp, at=at, clock_now=clock_now,
                         carried=carried.plus(token.crls, _answers(token)),
                         usage=Usage.TIMESTAMP, at_is_proven=at_is_proven, judged_at=judged_at, strength=strength,
                         algorithms=(token.signature_algorithm, token.imprint_algorithm))
        if not chain.ok:
            return TimestampResult(
                indication=chain.indication, sub_indication=chain.sub_indication, code=chain.code,
                zh=chain.zh, en=chain.en, gen_time=token.gen_time, signer=signer, chain=chain)
        within = all(certificate.valid_at(token.gen_time) for certificate in chain.path)
        code = "timestamp.good" if within else "timestamp.out-of-bounds"
    code = code or "timestamp.no-certificate"
    indication, sub, zh, en = _OUTCOMES[code]
    return TimestampResult(indication=indication, sub_indication=sub, code=code, zh=zh, en=en,
                           gen_time=token.gen_time, signer=signer, chain=chain)


def _first_fault(token: TimestampToken, imprint: bytes | None, signer: Certificate | None,
                 known: tuple[Certificate, ...], latest: datetime) -> str | None:
    """What is wrong with the token itself, before its authority is judged; None when nothing is.

    Args:
        known: certificates by which what the token carries has to verify; none where that is not asked.
    """
    if imprint != token.imprint:
        return "timestamp.wrong-imprint"
    if signer is None:
        return "timestamp.no-certificate"
    if not signer.verify(token.signed_attributes, token.signature, token.signature_algorithm):
        return "timestamp.bad-signature"
    if known and _carries_loose_parts(token, signer, known):
        return "timestamp.loose-parts"
    return "timestamp.future" if token.gen_time > latest + CLOCKS_DIFFER else None


def _answers(token: TimestampToken) -> list[OcspResponse]:
    """The OCSP answers inside the token that can be read."""
    found: list[OcspResponse] = []
    for der in token.ocsp:
        with contextlib.suppress(EngineError):
            found.append(OcspResponse.load(der))
    return found


def _carries_loose_parts(token: TimestampToken, signer: Certificate, known: tuple[Certificate, ...]) -> bool:
    """Whether a certificate, list or answer inside the token is neither known from elsewhere nor verifiable here.

    Verifiable is what another certificate issued that stands above the signer or is known from elsewhere, the signer
    and those above it among them: what only signs itself proves nothing.
    """
    if token.ocsp:
        return True
    elsewhere = {certificate.der: certificate for certificate in known[len(token.certificates):]}
    above = _above(signer, known)
    believed = (*elsewhere.values(), *above)
    return any(
        certificate.der not in elsewhere and not (
            any(certificate.issued_by(ca) for ca in believed if ca.der != certificate.der)
            or (certificate in above and any(certificate.issued_by(ca) for ca in known)))
        for certificate in token.certificates
    ) or any(not any(crl.issued_by(ca) for ca in believed) for crl in token.crls)


def _above(signer: Certificate, known: tuple[Certificate, ...]) -> list[Certificate]:
    """The signer, and every certificate whose key issued one of these."""
    found = [signer]
    for below in found:
        found += [ca for ca in known if ca not in found and below.issued_by(ca)]
    return found

"""Organisational seals (电子印章): making one, and whether one may be used.

A seal binds an organisation's name, its imprint and its certificate under the seal maker's signature. It is
made only when all of them agree, never outlives its certificate, and is never edited: a new name or imprint
is a new seal.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from certs.chain import ChainResult, validate
from certs.crl import Crl, Revocation
from certs.ocsp import OcspResponse
from certs.public_key import verify_cached
from certs.ses import SEAL_OF_UNIT, VERSION, Picture, SesSeal, SesSealInfo
from certs.ses_build import assemble_seal, build_seal_info
from certs.signer import Signer
from certs.x509 import Certificate
from codes.china_time import time_en, time_zh
from codes.errors import EngineError

__all__ = ["SealCode", "SealError", "SealFile", "check_chain", "check_names", "check_usable", "make_seal"]

VENDOR_ID = "ZHENGYIN"


class SealCode(enum.StrEnum):
    """Codes of :class:`SealError`."""

    NAME_MISMATCH = "seal.name-mismatch"
    USCC_MISMATCH = "seal.uscc-mismatch"
    OUTLIVES_CERTIFICATE = "seal.outlives-certificate"
    WRONG_KEY = "seal.wrong-key"
    CERTIFICATE_EXPIRED = "seal.certificate-expired"
    CERTIFICATE_NOT_YET_VALID = "seal.certificate-not-yet-valid"
    CERTIFICATE_REVOKED = "seal.certificate-revoked"
    CERTIFICATE_UNTRUSTED = "seal.certificate-untrusted"
    CERTIFICATE_USAGE = "seal.certificate-usage"
    STATUS_UNKNOWN = "seal.certificate-status-unknown"
    EXPIRED = "seal.expired"
    NOT_YET_VALID = "seal.not-yet-valid"
    UNBOUND = "seal.unbound"
    BROKEN = "seal.broken"
    UNTRUSTED_MAKER = "seal.untrusted-maker"
    IDENTIFIER = "seal.bad-identifier"
    NOT_ROUND_PNG = "seal.not-png"
    SUSPENDED = "seal.suspended"
    LOST = "seal.lost"
    CANCELLED = "seal.cancelled"
    RETIRED = "seal.retired"
    NOT_YET_IN_USE = "seal.not-yet-in-use"
    FOLDER_TAKEN = "seal.folder-taken"


_BY_CHAIN = {
    "chain.expired": SealCode.CERTIFICATE_EXPIRED, "chain.not-yet-valid": SealCode.CERTIFICATE_NOT_YET_VALID,
    "chain.revoked": SealCode.CERTIFICATE_REVOKED, "chain.ca-revoked": SealCode.CERTIFICATE_REVOKED,
    "chain.no-anchor": SealCode.CERTIFICATE_UNTRUSTED, "chain.constraints": SealCode.CERTIFICATE_UNTRUSTED,
    "chain.wrong-usage": SealCode.CERTIFICATE_USAGE, "chain.crl-stale": SealCode.STATUS_UNKNOWN,
    "chain.crl-missing": SealCode.STATUS_UNKNOWN, "chain.ocsp-stale": SealCode.STATUS_UNKNOWN,
    "chain.ocsp-unknown": SealCode.STATUS_UNKNOWN, "chain.ocsp-responder": SealCode.STATUS_UNKNOWN,
}


class SealError(EngineError):
    """A seal cannot be made, or must not be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealFile:
    """A seal with its bytes (``seal.esl``); times are aware UTC, sizes millimetres."""

    seal: SesSeal

    @classmethod
    def load(cls, der: bytes) -> SealFile:
        """Read a seal that documents can be sealed with: version 4 or 5.

        Raises:
            DerError, SesError: not such a seal.
            SealError: ``seal.not-png`` when its imprint is another kind of picture.
        """
        return cls.of(SesSeal.parse(der))

    @classmethod
    def of(cls, ses: SesSeal) -> SealFile:
        """Take a seal that was read.

        Raises:
            SealError: ``seal.not-png`` when its imprint is another kind of picture.
        """
        seal = cls(seal=ses)
        if seal.info.picture.kind.upper() != "PNG":
            raise SealError(
                SealCode.NOT_ROUND_PNG, f"印章 {seal.seal_id} 的印模不是 PNG，不能用于盖章",
                f"the imprint of seal {seal.seal_id} is no PNG, so it cannot be used here", seal=seal.seal_id)
        return seal

    @property
    def info(self) -> SesSealInfo:
        """What the seal maker signed."""
        return self.seal.info

    @property
    def der(self) -> bytes:
        """The seal's bytes."""
        return self.seal.der

    @property
    def seal_id(self) -> str:
        """Its identifier (esID)."""
        return self.info.es_id

    @property
    def name(self) -> str:
        """The organisation's name."""
        return self.info.name

    @property
    def created_at(self) -> datetime:
        """When it was made."""
        return self.info.created_at

    @property
    def valid_start(self) -> datetime:
        """First moment of its validity."""
        return self.info.valid_start

    @property
    def valid_end(self) -> datetime:
        """Last moment of its validity."""
        return self.info.valid_end

    @property
    def imprint(self) -> bytes:
        """PNG of the imprint."""
        return self.info.picture.data

    @property
    def width_mm(self) -> int:
        """Width on paper."""
        return self.info.picture.width_mm

    @property
    def height_mm(self) -> int:
        """Height on paper."""
        return self.info.picture.height_mm


def check_chain(
    certificate: Certificate, *, intermediates: Iterable[Certificate], anchors: Iterable[Certificate],
    crls: Iterable[Crl], ocsp: Iterable[OcspResponse] = (), at: datetime, clock_now: datetime | None = None,
) -> None:
    """Refuse a certificate that is not good for signing at ``at`` (aware); unknown status is a refusal.

    Raises:
        SealError: ``seal.certificate-expired``, ``-not-yet-valid``, ``-revoked``, ``-untrusted``,
            ``-usage`` or ``-status-unknown``.
    """
    result = validate(
        certificate, intermediates=intermediates, anchors=anchors, crls=crls, ocsp=ocsp, at=at,
        clock_now=clock_now)
    if not result.ok:
        raise _refusal(result, at)


def _refusal(result: ChainResult, at: datetime) -> SealError:
    """What a chain that is not good means to whoever has the seal; the chain's own sentences speak to verifiers."""
    code = _BY_CHAIN.get(result.code, SealCode.CERTIFICATE_UNTRUSTED)
    zh, en = result.zh, result.en
    ended = next((each for each in result.path if at > each.not_after), None)
    if result.revocation is not None:
        zh, en = _revoked(result.revocation, result.path, whole=result.code == "chain.revoked")
    elif code is SealCode.CERTIFICATE_EXPIRED and ended is not None:
        name = ended.subject_cn or ended.subject_text
        zh = f"证书“{name}”已于{time_zh(ended.not_after)}到期；请申请新证书、换发印章后再盖章"
        en = f"certificate {name} ended at {time_en(ended.not_after)}; have a new one issued, and the seal replaced"
    return SealError(code, f"不予制章或盖章：{zh}", f"no seal is made or used: {en}", chain=result.code)


def _revoked(entry: Revocation, path: Sequence[Certificate], *, whole: bool) -> tuple[str, str]:
    """What to do about a revoked certificate: that of the seal's own keys (``whole``), or one of a CA above."""
    name = path[0].subject_cn or path[0].subject_text
    at_zh, at_en = time_zh(entry.revoked_at), time_en(entry.revoked_at)
    if not whole:
        return (f"“{name}”的上级证书机构的证书已于{at_zh}撤销（{entry.reason_zh}）；"
                "请向可用的证书机构申请新证书，换发印章后再盖章",
                f"a certificate of the authority above {name} was revoked at {at_en} ({entry.reason}); have new "
                "certificates issued by one that is good, and the seal replaced")
    return (f"证书“{name}”已于{at_zh}撤销（{entry.reason_zh}），不能再用；"
            "密钥失控的先将印章挂失（zhengyin seals lost），再用新密钥申请新证书、换发印章，步骤见 docs/runbook.zh.md；"
            "撤销之前已盖章并带时间戳的证照不受影响",
            f"certificate {name} was revoked at {at_en} ({entry.reason}) and is of no more use; where a key is out of "
            "hand report its seal first (zhengyin seals lost), then have new keys certified and the seal replaced, as "
            "docs/runbook.md says; licences sealed and timestamped before the revocation are not affected")


def check_names(name: str, code: str | None, certificate: Certificate) -> None:
    """Demand equal names, character by character, and equal codes where the certificate has one.

    Raises:
        SealError: ``seal.name-mismatch``, ``seal.uscc-mismatch``.
    """
    if name != certificate.subject_cn:
        raise SealError(
            SealCode.NAME_MISMATCH,
            f"印章名称“{name}”与证书名称“{certificate.subject_cn}”不是逐字相同，请核对",
            f"the seal's name {name} is not the certificate's, {certificate.subject_cn}, to the character; "
            "compare them")
    if code is not None and certificate.uscc is not None and code != certificate.uscc:
        raise SealError(
            SealCode.USCC_MISMATCH, f"统一社会信用代码 {code} 与证书中的 {certificate.uscc} 不同，请核对",
            f"USCC {code} differs from {certificate.uscc} in the certificate; compare them")


def _check_period(start: datetime, end: datetime, certificate: Certificate) -> None:
    if start < certificate.not_before or end > certificate.not_after or start > end:
        raise SealError(
            SealCode.OUTLIVES_CERTIFICATE,
            f"印章有效期（{time_zh(start)}至{time_zh(end)}）超出证书有效期"
            f"（{time_zh(certificate.not_before)}至{time_zh(certificate.not_after)}），请与证书一致",
            f"the seal's validity ({time_en(start)} to {time_en(end)}) leaves its certificate's "
            f"({time_en(certificate.not_before)} to {time_en(certificate.not_after)}); make them equal")


def make_seal(
    *, name: str, code: str | None, certificate: Certificate, imprint: bytes, diameter_mm: int,
    maker: Signer, seal_id: str, created_at: datetime, intermediates: Sequence[Certificate],
    anchors: Sequence[Certificate], crls: Sequence[Crl], ocsp: Sequence[OcspResponse] = (),
    valid_start: datetime | None = None, valid_end: datetime | None = None, clock_now: datetime | None = None,
    version: int = VERSION,
) -> SealFile:
    """Make an organisation's seal from its name, certificate and imprint.

    Args:
        name: legal name, equal to the certificate's CN to the character.
        code: USCC; compared where the certificate carries one; None when there is none to compare.
        certificate: the organisation's SM2 sealing certificate.
        imprint: PNG of the round imprint with a clear ground (:func:`certs.picture.check_picture`).
        diameter_mm: 42, 45 or 50.
        maker: the seal maker's signer (SM2).
        seal_id: identifier of the seal (esID): printable ASCII, never used for another seal.
        created_at: aware moment of making.
        intermediates, anchors, crls, ocsp: what the certificates of organisation and maker are judged by.
        valid_start, valid_end: aware; the certificate's own by default and never beyond.
        clock_now: the present, where ``created_at`` is not.
        version: 4 (GB/T 38540-2020) or 5 (GM/T 0031-2025).

    Raises:
        SealError: ``seal.name-mismatch``, ``seal.uscc-mismatch``, ``seal.wrong-key``,
            ``seal.outlives-certificate``, ``seal.bad-identifier``, or :func:`check_chain`'s for either
            certificate.
        PictureError: the imprint cannot be used.

    Source: 003 B第7条 (valid certificate, equal names), B第8条 (seal period = certificate period).
    """
    from certs.picture import check_picture  # loads a picture library, which sealing does not need

    check_names(name, code, certificate)
    if certificate.key_kind != "sm2" or maker.algorithm != "sm2-sm3":
        raise SealError(
            SealCode.WRONG_KEY, "电子印章的机构证书和制章人证书都须为 SM2 证书，请换用",
            "a seal needs SM2 certificates of organisation and seal maker; use such ones")
    if not seal_id or not all("!" <= char <= "~" for char in seal_id):
        raise SealError(
            SealCode.IDENTIFIER, f"印章编码 {seal_id!r} 应为不含空格的可见 ASCII 字符，请更正",
            f"the seal's identifier {seal_id!r} must be visible ASCII without blanks; correct it")
    start, end = valid_start or certificate.not_before, valid_end or certificate.not_after
    _check_period(start, end, certificate)
    for checked in (certificate, maker.certificate):
        check_chain(checked, intermediates=intermediates, anchors=anchors, crls=crls, ocsp=ocsp, at=created_at,
                    clock_now=clock_now)
    check_picture(imprint, diameter_mm=diameter_mm)
    info = build_seal_info(
        vendor_id=VENDOR_ID, es_id=seal_id, name=name, certificates=[certificate.der], created_at=created_at,
        valid_start=start, valid_end=end, seal_type=SEAL_OF_UNIT, version=version,
        picture=Picture(kind="PNG", data=imprint, width_mm=diameter_mm, height_mm=diameter_mm))
    return SealFile(seal=assemble_seal(info, maker.certificate.der, maker.sign(info)))


def check_usable(
    seal: SealFile, *, certificate: Certificate, intermediates: Sequence[Certificate],
    anchors: Sequence[Certificate], crls: Sequence[Crl], ocsp: Sequence[OcspResponse] = (), at: datetime,
    clock_now: datetime | None = None, seal_makers: Sequence[Certificate] | None = None,
) -> None:
    """Refuse a seal that is broken, unbound, out of its time, or whose certificates are not good.

    Args:
        certificate: the certificate that will sign.
        at: aware moment of sealing.
        clock_now: the present, where ``at`` is not.
        seal_makers: the only makers accepted; None accepts any whose certificate chains to an anchor.

    Raises:
        SealError: ``seal.untrusted-maker``, ``seal.broken`` (the maker's signature), ``seal.unbound``
            (the certificate is not in the seal's list), ``seal.name-mismatch``, ``seal.not-yet-valid``,
            ``seal.expired``, ``seal.outlives-certificate``, or :func:`check_chain`'s for the signing or the
            maker's certificate.

    Source: 003 B第7条, B第8条; GB/T 38540-2020.
    """
    info = seal.info
    maker = _maker(seal, seal_makers)
    if not verify_cached(maker.public_key, seal.seal.signed, seal.seal.signature, "sm2-sm3"):
        raise SealError(
            SealCode.BROKEN,
            f"印章 {seal.seal_id} 的制章人签名无效，印章可能被改动，不能使用；请从备份恢复",
            f"the maker's signature on seal {seal.seal_id} is not valid: it may be changed; restore it")
    if not info.lists(certificate.der):
        raise SealError(
            SealCode.UNBOUND,
            f"证书“{certificate.subject_cn}”不在印章 {seal.seal_id} 的证书列表中，不能用它盖章",
            f"certificate {certificate.subject_cn} is not bound to seal {seal.seal_id}: use the one that is")
    check_names(info.name, None, certificate)
    if not info.valid_start <= at <= info.valid_end:
        early = at < info.valid_start
        bound = info.valid_start if early else info.valid_end
        raise SealError(
            SealCode.NOT_YET_VALID if early else SealCode.EXPIRED,
            f"印章 {seal.seal_id} {'自' if early else '已于'}{time_zh(bound)}{'起才有效' if early else '到期'}，"
            "不能盖章，请换用有效的印章",
            f"seal {seal.seal_id} {'is valid only from' if early else 'expired at'} {time_en(bound)}: "
            "use one that is valid")
    _check_period(info.valid_start, info.valid_end, certificate)
    for checked in (certificate, maker):
        check_chain(checked, intermediates=intermediates, anchors=anchors, crls=crls, ocsp=ocsp, at=at,
                    clock_now=clock_now)


def _maker(seal: SealFile, seal_makers: Sequence[Certificate] | None) -> Certificate:
    try:
        maker = Certificate.load(seal.seal.certificate)
    except EngineError as error:
        raise SealError(
            SealCode.UNTRUSTED_MAKER, f"印章 {seal.seal_id} 的制章人证书读不出来，不能使用",
            f"the maker's certificate in seal {seal.seal_id} cannot be read; it cannot be used") from error
    if seal_makers is not None and all(maker.der != accepted.der for accepted in seal_makers):
        raise SealError(
            SealCode.UNTRUSTED_MAKER,
            f"印章 {seal.seal_id} 的制章人“{maker.subject_cn}”不在受信任之列，不能使用",
            f"the maker {maker.subject_cn} of seal {seal.seal_id} is not among those trusted")
    return maker

"""Making a seal for a case, and judging a finished one before the registry takes it.

The seal maker's key is used outside the registry's transaction: :func:`prepare_seal` makes the seal, the act
``make`` brings it, and :func:`check_seal` judges it as a stranger's, whoever made it. An imprint is never edited:
the seal carries the bytes that were applied for, or it is refused.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from certs.chain import validate
from certs.config import load_config
from certs.csr import PROFILES
from certs.files import read_file
from certs.known import Known, load_known
from certs.moments import CLOCKS_DIFFER
from certs.picture import PictureError, check_picture
from certs.seal import SealCode, SealFile, check_chain, check_names, check_usable, make_seal
from certs.seal_folder import can_name_folder
from certs.ses import VERSION
from certs.signer import Signer
from certs.sm3 import sm3
from certs.x509 import MAX_BYTES as MAX_CERTIFICATE
from certs.x509 import Certificate
from codes.china_time import time_en, time_zh
from codes.errors import EngineError
from registry.errors import RegistryError, refused
from registry.states import SealType

__all__ = [
    "Application", "Grounds", "MakingCode", "check_application", "check_certificates", "check_seal", "clause",
    "prepare_seal",
]

_NAMED_AFTER_UNIT: Final = frozenset({SealType.DEPARTMENT, SealType.BRANCH, SealType.BUSINESS})
_CLAUSES: Final = {
    "seal.name-mismatch": "B第7条", "seal.uscc-mismatch": "B第7条", "seal.wrong-key": "GB/T 38540-2020",
    "seal.certificate-untrusted": "B第6条、第7条", "seal.outlives-certificate": "B第8条",
    "seal.expired": "B第8条", "seal.not-yet-valid": "B第8条", "seal.bad-identifier": "GB/T 38540-2020",
    "seal.not-png": "GB/T 38540-2020", "seal.broken": "GB/T 38540-2020", "seal.unbound": "GB/T 38540-2020",
    "seal.untrusted-maker": "GB/T 38540-2020", "ses.version": "GB/T 38540-2020、GM/T 0031-2025",
}
"""Code of a refusal → clause, where it is not B第7条 (validity of the certificate) or B第6条 (imprint)."""


class MakingCode(enum.StrEnum):
    """Codes of refusals at application and making that :mod:`certs.seal` does not have."""

    TYPE = "seal.type"
    NAMED_AFTER_UNIT = "seal.not-named-after-unit"
    ISSUER = "seal.issuer-not-configured"
    IMPRINT = "seal.imprint-differs"
    PERIOD = "seal.period-differs"
    MADE_LATER = "seal.made-in-future"
    OTHER_KEY = "seal.certificate-key"
    FURTHER = "seal.further-certificates"
    TIMESTAMP = "seal.bad-timestamp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What a seal was applied for.

    Attributes:
        code: USCC of the organisation; organisation: its legal name; name: what the seal and the certificate say.
        imprint_sm3: SM3 of the imprint's PNG as the applicant signed it, lower-case hex.
        certificate: of the sealing key.
        data, pdf: certificates of the other two keys of an issuing authority; None where the home does not issue.
    """

    code: str
    organisation: str
    name: str
    type: SealType
    diameter_mm: int
    imprint: bytes
    imprint_sm3: str
    certificate: Certificate
    data: Certificate | None = None
    pdf: Certificate | None = None

    @property
    def ends(self) -> datetime:
        """The last moment at which every one of its certificates is valid."""
        return min(one.not_after for one in (self.certificate, self.data, self.pdf) if one is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What certificates and seal makers are judged by, read from a home.

    Attributes:
        issuers: SM3 (hex) of the CAs whose certificates may be bound to a seal; empty for any that is known.
        makers: the seal makers that verifiers are told to accept.
    """

    known: Known
    issuers: frozenset[str]
    makers: tuple[Certificate, ...]

    @classmethod
    def of_home(cls, home: Path) -> Grounds:
        """Read them.

        Raises:
            HomeError, FileError: the settings or a file cannot be read.
            EngineError: a file is no certificate or list.
        """
        folder = home / "trust" / "seal-makers"
        makers = sorted(path for path in folder.glob("*.cer") if not path.name.startswith("."))
        return cls(known=load_known(home), issuers=frozenset(load_config(home).seal_ca),
                   makers=tuple(Certificate.load(read_file(path, max_bytes=MAX_CERTIFICATE)) for path in makers))


@contextmanager
def clause(otherwise: str = "B第7条") -> Iterator[None]:
    """Turn a refusal of :mod:`certs` into the registry's, with the clause behind it; code and sentences stay.

    Raises:
        RegistryError: in place of SealError, PictureError and errors of parsing.
    """
    try:
        yield
    except RegistryError:
        raise
    except PictureError as error:
        raise refused(error.code, error.zh, error.en, clause="B第6条", **error.facts) from error
    except EngineError as error:
        source = _CLAUSES.get(error.code.value, otherwise)
        raise refused(error.code, error.zh, error.en, clause=source, **error.facts) from error


def check_application(application: Application, *, grounds: Grounds, at: datetime) -> None:
    """Refuse an application whose names, imprint or certificates could never become a seal.

    Args:
        at: aware moment of judging.

    Raises:
        RegistryError: ``seal.not-named-after-unit``, ``imprint-file.…``, or :func:`check_certificates`'s.

    Source: 003 B第2条, B第6条, B第7条.
    """
    _check_name(application)
    with clause("B第6条"):
        check_picture(application.imprint, diameter_mm=application.diameter_mm)
    check_certificates(application, grounds=grounds, at=at)


def _check_name(application: Application) -> None:
    kind, name, unit = application.type, application.name, application.organisation
    if kind is SealType.LEGAL_NAME and name != unit:
        raise refused(
            MakingCode.NAMED_AFTER_UNIT, f"法定名称章的名称“{name}”须与单位全称“{unit}”逐字相同，请核对",
            f"a seal of the legal name must say {unit} to the character, not {name}; compare them",
            clause="B第2条")
    if kind in _NAMED_AFTER_UNIT and not (name.startswith(unit) and name != unit):
        raise refused(
            MakingCode.NAMED_AFTER_UNIT, f"{kind.value}“{name}”须以单位全称“{unit}”冠名，请更正",
            f"a seal of type {kind.value} must begin with the legal name {unit}; {name} does not", clause="B第2条")


def check_certificates(application: Application, *, grounds: Grounds, at: datetime) -> None:
    """Refuse certificates that are not good at ``at``, not the organisation's, or of a CA that is not configured.

    Raises:
        RegistryError: ``seal.name-mismatch``, ``seal.uscc-mismatch``, ``seal.wrong-key``, ``seal.certificate-…``
            or ``seal.issuer-not-configured``.

    Source: 003 B第6条 (configured CA), B第7条 (validity, equal names).
    """
    for role, certificate in (
            ("sealing", application.certificate), ("data", application.data), ("pdf", application.pdf)):
        if certificate is None:
            continue
        with clause():
            check_names(application.name, application.code, certificate)
            kinds = (PROFILES[role].kind, *PROFILES[role].also)
            if certificate.key_kind not in kinds:
                raise refused(
                    MakingCode.OTHER_KEY,
                    f"证书“{certificate.subject_cn}”的密钥应为 {'、'.join(kinds)}，实为 {certificate.key_kind}，请换用",
                    f"certificate {certificate.subject_cn} must hold a key of kind {' or '.join(kinds)}, not "
                    f"{certificate.key_kind}; use such a one", clause="GB/T 38540-2020")
            check_chain(certificate, at=at, clock_now=at + CLOCKS_DIFFER, **grounds.known.judges())
    _check_issuer(application.certificate, grounds, at)


def _check_issuer(certificate: Certificate, grounds: Grounds, at: datetime) -> None:
    if not grounds.issuers:
        return
    path = validate(certificate, at=at, clock_now=at + CLOCKS_DIFFER, **grounds.known.judges()).path
    if grounds.issuers.isdisjoint(ca.fingerprint for ca in path[1:]):
        issuer = path[1].subject_cn if len(path) > 1 else ""
        raise refused(
            MakingCode.ISSUER, f"证书由“{issuer}”签发，不在设置 seal_ca 所列的认证服务机构之内，请换用其签发的证书",
            f"the certificate was issued by {issuer}, which is none of the CAs in the setting seal_ca; "
            "use a certificate of one of these", clause="B第6条")


def prepare_seal(
    application: Application, *, maker: Signer, seal_id: str, grounds: Grounds, at: datetime, version: int = VERSION,
) -> SealFile:
    """Make the seal that was applied for, with the seal maker's key.

    Args:
        seal_id: identifier (esID), never used before; it names the seal's folder too.
        at: aware moment of making.
        version: 4 (GB/T 38540-2020) or 5 (GM/T 0031-2025).

    Raises:
        RegistryError: as :func:`check_seal`, or :func:`certs.seal.make_seal`'s codes.
    """
    with clause():
        seal = make_seal(
            name=application.name, code=application.code, certificate=application.certificate,
            imprint=application.imprint, diameter_mm=application.diameter_mm, maker=maker, seal_id=seal_id,
            created_at=at, clock_now=at + CLOCKS_DIFFER, version=version, **grounds.known.judges())
    check_seal(seal, application, grounds=grounds, at=at)
    return seal


def check_seal(
    seal: SealFile, application: Application, *, grounds: Grounds, at: datetime, elsewhere: bool = False,
) -> None:
    """Refuse a finished seal that is not exactly the one applied for, or that no verifier would believe.

    Args:
        at: aware moment of judging.
        elsewhere: the seal was made elsewhere; then its period need only lie within the certificate's.

    Raises:
        RegistryError: ``seal.imprint-differs``, ``seal.bad-identifier``, ``seal.further-certificates``,
            ``seal.period-differs``, ``seal.made-in-future``, :func:`certs.seal.check_usable`'s codes, or
            :func:`check_certificates`'s.

    Source: 003 B第6条 (the imprint is the applicant's), B第7条, B第8条 (seal period = certificate period).
    """
    if sm3(seal.imprint).hex() != application.imprint_sm3 or not (
            seal.width_mm == seal.height_mm == application.diameter_mm):
        raise refused(
            MakingCode.IMPRINT,
            f"印章 {seal.seal_id} 的印模与申请的印模不同（按摘要比对），不予制章；印模不得改动，请按申请制作",
            f"the imprint of seal {seal.seal_id} is not the one applied for (their digests differ), so it is not "
            "taken; an imprint is never edited: make the seal that was applied for", clause="B第6条")
    if not can_name_folder(seal.seal_id):
        raise refused(
            SealCode.IDENTIFIER,
            f"印章编码 {seal.seal_id!r} 应为字母、数字、点、横线，至多 64 位，不以 .json、.tmp 结尾，请更正",
            f"the seal's identifier {seal.seal_id!r} takes letters, digits, dots and dashes, at most 64, and does not "
            "end in .json or .tmp; correct it",
            clause="GB/T 38540-2020")
    check_certificates(application, grounds=grounds, at=at)
    with clause():
        check_usable(
            seal, certificate=application.certificate, at=at, clock_now=at + CLOCKS_DIFFER,
            seal_makers=grounds.makers, **grounds.known.judges())
    _check_binding(seal, application.certificate, at, elsewhere)


def _check_binding(seal: SealFile, certificate: Certificate, at: datetime, elsewhere: bool) -> None:
    """Demand the one certificate, its very period, and a making that is not still to come."""
    info = seal.info
    if len(info.certificates) + len(info.certificate_digests) != 1:
        raise refused(
            MakingCode.FURTHER, f"印章 {seal.seal_id} 还绑定了申请以外的证书，不予制章，请按申请制作",
            f"seal {seal.seal_id} is bound to certificates that were not applied for; make the one applied for",
            clause="B第7条")
    period = (certificate.not_before, certificate.not_after)
    if (seal.valid_start, seal.valid_end) != period and not elsewhere:
        raise refused(
            MakingCode.PERIOD,
            f"印章有效期（{time_zh(seal.valid_start)}至{time_zh(seal.valid_end)}）须与证书有效期"
            f"（{time_zh(period[0])}至{time_zh(period[1])}）一致，请重新制作",
            f"the seal's validity ({time_en(seal.valid_start)} to {time_en(seal.valid_end)}) must be its "
            f"certificate's ({time_en(period[0])} to {time_en(period[1])}); make it anew", clause="B第8条")
    if seal.created_at > at + CLOCKS_DIFFER:
        raise refused(
            MakingCode.MADE_LATER, f"印章 {seal.seal_id} 的制作时间{time_zh(seal.created_at)}尚未到来，请校准时钟",
            f"seal {seal.seal_id} says it was made at {time_en(seal.created_at)}, which is still to come; "
            "set the clock right", clause="B第7条")

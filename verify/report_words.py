"""The words of a report: its verdicts, what its signatures are, the state of a seal, what anchors are relied on for."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from verify.model import SealStanding, Verdict
from verify.status import local_time

__all__ = ["DEMO", "PURPOSES", "VERDICTS", "proof_words", "seal_words", "signature_title"]

DEMO: Final = ("演示，不具法律效力", "demonstration, no legal force")
VERDICTS: Final = MappingProxyType({
    Verdict.VALID: ("真实", "genuine"),
    Verdict.INVALID: ("不真实", "not genuine"),
    Verdict.INDETERMINATE: ("无法确定", "cannot say"),
})
_SEAL_STATES: Final = MappingProxyType({
    "unknown": ("印章状态未知", "unknown"), "made": ("尚未启用", "not yet in use"),
    "scheduled": ("待启用", "in use from a moment to come"), "in-use": ("在用", "in use"),
    "retired": ("已换发", "retired"), "suspended": ("停用", "suspended"), "lost": ("挂失", "reported lost"),
    "cancelled": ("注销", "cancelled"),
})
_USABLE: Final = frozenset({"made", "scheduled", "in-use"})

PURPOSES: Final = MappingProxyType({
    "seal": ("签章", "seal"), "seal-maker": ("制章人", "seal maker"), "data": ("数据签名", "signed QR code"),
    "pdf": ("PDF 签名", "PDF signature"), "sign": ("数字签名", "digital signature"),
    "timestamp": ("时间戳", "timestamp"),
})
"""What a certificate is judged for, and an anchor relied on, in Chinese and English."""
_TITLES: Final = MappingProxyType({
    ("ofd", True): ("OFD 电子印章", "E-seal of the OFD"), ("ofd", False): ("OFD 数字签名", "Signature of the OFD"),
    ("pdf", False): ("PDF 数字签名", "Signature of the PDF"),
})
_INSIDE: Final = ("包内 PDF 的签名（不是 OFD 的）", "Signature of the PDF inside, not of the OFD")
_OTHER: Final = ("签名", "Signature")


def signature_title(file: str, signature: str) -> tuple[str, str]:
    """Say in Chinese and English what is signed: the OFD itself, or only the PDF that it carries.

    Args:
        file: kind of the file: ``ofd``, ``pdf``, …
        signature: kind of the signature: ``SES v4``, ``PAdES``, …
    """
    if file == "ofd" and signature == "PAdES":
        return _INSIDE
    return _TITLES.get((file, file == "ofd" and signature.startswith("SES")), _OTHER)


def proof_words(proven_at: object, evidence_at: object) -> tuple[str, str]:
    """What proves the time of a signature, in Chinese and English: its timestamp, or the evidence beside the file.

    Args:
        proven_at: the time that is proven, None where none is.
        evidence_at: the time that the evidence proves, in the same form, None where none is relied on.
    """
    if proven_at is None:
        return "证明时间", "proven at"
    if proven_at == evidence_at:
        return "存证证明", "proven by the evidence"
    return "时间戳证明", "proven by its timestamp"


def seal_words(seal: SealStanding) -> tuple[str, str]:
    """The state of a seal in words; one that the list has in use is told beside the revocation of its certificate."""
    zh, en = _SEAL_STATES[seal.state]
    if seal.certificate_revoked_at is None or seal.state not in _USABLE:
        return zh, en
    revoked = local_time(seal.certificate_revoked_at)
    return (f"状态列表记为“{zh}”，但其证书已于 {revoked} 撤销",
            f"{en} by the status list, but its certificate was revoked at {revoked}")

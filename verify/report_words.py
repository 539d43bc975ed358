"""The names of what a report lists: its signatures and the anchors they rest on."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

__all__ = ["PURPOSES", "signature_title"]

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

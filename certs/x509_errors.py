"""What is wrong with a certificate."""

from __future__ import annotations

import enum

from codes.errors import EngineError

__all__ = ["CertificateCode", "CertificateError", "malformed"]


class CertificateCode(enum.StrEnum):
    """Codes of :class:`CertificateError`."""

    MALFORMED = "certificate.malformed"
    TOO_LARGE = "certificate.too-large"
    BAD_REQUEST = "certificate.bad-request"


class CertificateError(EngineError):
    """The bytes are not a certificate that can be relied on, or one cannot be made as asked."""


def malformed(zh: str, en: str) -> CertificateError:
    """Make the refusal of a certificate; ``zh`` and ``en`` continue 证书 and "the certificate"."""
    return CertificateError(CertificateCode.MALFORMED, f"证书{zh}，请向发证机构索取正确的证书",
                            f"the certificate {en}; ask its issuer for a proper one")

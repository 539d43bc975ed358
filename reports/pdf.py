"""A report as a sheet of PDF/A-3b, signed where a key for reports is given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from certs.signer import Signer
from docgen.pades import sign_pdf
from docgen.pdf import PdfMeta, SignaturePlan, write_pdf, write_plain_pdf
from reports.sheet import lay_out

__all__ = ["report_pdf"]

_NOTICE: Final = "核验报告，不是证照 / a verification report, not a licence"
_RESERVED: Final = 16_384


def report_pdf(report: Mapping[str, Any], *, signer: Signer | None = None, now: dt.datetime | None = None) -> bytes:
    """Write a report as PDF/A-3b, A4, on one page, or on two where there is much to tell.

    Args:
        report: the plain values of a report.
        signer: a P-256 or RSA key with a certificate for signing documents; None leaves the sheet unsigned.
        now: the moment of writing (aware); the present when left out.

    Raises:
        PdfError: the certificate does not fit, or is not valid now.
    """
    moment = now or dt.datetime.now(dt.UTC)
    author = signer.certificate.subject_o or signer.certificate.subject_text if signer else "证印 zhengyin"
    document = lay_out(report)
    meta = PdfMeta(title=document.title, author=author, created=moment, notice=_NOTICE)
    if signer is None:
        return write_plain_pdf(document, meta=meta)
    unsigned = write_pdf(document, meta=meta, seal_png=None, signature=SignaturePlan(
        signer_name=author, signed_at=moment, reason="核验报告", reserved=_RESERVED))
    return sign_pdf(unsigned, signer)

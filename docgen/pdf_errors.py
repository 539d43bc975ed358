"""Errors of the PDF writer and of its signature."""

from __future__ import annotations

import enum

from codes.errors import EngineError

__all__ = ["PdfError", "PdfErrorCode"]


class PdfErrorCode(enum.StrEnum):
    """Stable codes of the PDF writer."""

    GLYPH_MISMATCH = "pdf.glyph-mismatch"
    IMAGE_UNREADABLE = "pdf.image-unreadable"
    TIME_NAIVE = "pdf.time-without-zone"
    SIGNER_UNFIT = "pdf.signer-unfit"
    SIGNATURE_TOO_LONG = "pdf.signature-too-long"


class PdfError(EngineError):
    """The PDF rendition cannot be written or signed."""

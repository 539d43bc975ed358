"""Errors of fonts: a face that is not there, a character that it cannot draw, bytes that are no font."""

from __future__ import annotations

import enum

from codes.errors import EngineError

__all__ = ["FontError", "FontErrorCode", "malformed"]


class FontErrorCode(enum.StrEnum):
    """Stable codes of this room."""

    UNKNOWN_FACE = "font.unknown-face"
    MISSING_GLYPH = "font.missing-glyph"
    MALFORMED = "font.malformed"
    PACK = "font.pack"


class FontError(EngineError):
    """A face that is not there, a character that it cannot draw, a broken font file, an unusable pack."""


def malformed(zh: str, en: str) -> FontError:
    """Return the error for a font file that cannot be read."""
    return FontError(FontErrorCode.MALFORMED, f"字体文件已损坏：{zh}", f"the font file is broken: {en}")

"""Why a template cannot be used."""

from __future__ import annotations

import enum

from docgen import markup

__all__ = ["TemplateError", "TemplateErrorCode"]


class TemplateErrorCode(enum.StrEnum):
    """Why a template cannot be used."""

    MALFORMED = "template.malformed"
    UNKNOWN_WORD = "template.unknown-word"
    VALUE = "template.value"
    FACE = "template.face"
    PLACE = "template.place"
    FILLING = "template.filling"
    LIMIT = "template.limit"


class TemplateError(markup.MarkupError):
    """A template that cannot be used; ``facts`` hold ``file`` and ``line``."""

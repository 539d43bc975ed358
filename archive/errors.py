"""What can go wrong with an archive: stable codes."""

from __future__ import annotations

import enum

from codes.errors import EngineError

__all__ = ["ArchiveCode", "ArchiveError"]


class ArchiveCode(enum.StrEnum):
    """Codes of :class:`ArchiveError`; a code is never renamed or reused once released."""

    NOT_GENUINE = "archive.not-genuine"
    NOT_A_LICENCE = "archive.not-a-licence"
    OTHER_ORIGINAL = "archive.other-original"
    UNKNOWN = "archive.unknown"
    NOT_AN_ARCHIVE = "archive.not-an-archive"
    IDENTIFIER = "archive.identifier"
    PDF_FORM = "archive.pdf-form"
    OFD_FORM = "archive.ofd-form"
    TOKEN_SIZE = "archive.token-size"    # noqa: S105 - a code, no secret
    NAMES = "archive.names"
    DAMAGED = "archive.damaged"
    NO_TIME = "archive.no-timestamp-service"
    COPY_DIFFERS = "archive.copy-differs"
    WEAK = "archive.weak"
    UNSHOWN = "archive.unshown"
    OUT_EXISTS = "archive.out-exists"
    ANCHOR = "archive.anchor"


class ArchiveError(EngineError):
    """A package cannot be made, read, renewed or restored."""

"""What can go wrong with an archive: stable codes."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager

from codes.errors import EngineError

__all__ = ["ArchiveCode", "ArchiveError", "told_by_name"]


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
    NOT_GOOD = "archive.not-good"
    WEAK = "archive.weak"
    UNSHOWN = "archive.unshown"
    OUT_EXISTS = "archive.out-exists"
    ANCHOR = "archive.anchor"
    TOO_LARGE = "archive.too-large"
    UNREADABLE = "archive.unreadable"


class ArchiveError(EngineError):
    """A package cannot be made, read, renewed or restored."""


@contextmanager
def told_by_name(identifier: str) -> Iterator[None]:
    """Run a block over one package: its bytes may be anybody's and break a parser in any way, which is told of this
    package and keeps no other from its turn.

    Raises:
        ArchiveError: ``archive.unreadable``: the block threw what nobody foresaw.
        EngineError: what it raised on purpose.
    """
    try:
        yield
    except EngineError:
        raise
    except Exception as error:
        kind = type(error).__name__
        raise ArchiveError(
            ArchiveCode.UNREADABLE, f"档案包 {identifier} 的内容无法解析（{kind}）；请从备份恢复这个档案包",
            f"what the package {identifier} holds could not be parsed ({kind}); restore it from a backup") from error

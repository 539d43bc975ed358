"""What issuing gives, and its own refusals."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

from codes.errors import EngineError, Fault

__all__ = ["IssueCode", "IssueError", "Issued"]


class IssueCode(enum.StrEnum):
    """Codes of :class:`IssueError`."""

    SEAL_NAME = "issue.seal-name"
    SEAL_CHANGED = "issue.seal-changed"


class IssueError(EngineError):
    """A licence cannot be issued as asked; nothing was issued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """One issued licence.

    Attributes:
        identifier: GB/T 36904; the files are named by it.
        ofd: the package, the original.
        pdf: the rendition, byte for byte the one inside the package.
        ofd_path, pdf_path: where they were written; None when no folder was given.
        repeated: whether this licence had been issued before and the kept package was returned.
        approval: id of the approval that this sealing used; None for a repeat.
        warnings: what the checks of the record noted without refusing.
    """

    identifier: str
    ofd: bytes
    pdf: bytes
    ofd_path: Path | None = None
    pdf_path: Path | None = None
    repeated: bool
    approval: str | None
    warnings: tuple[Fault, ...]

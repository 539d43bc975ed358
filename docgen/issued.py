"""What issuing gives, and its own refusals."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

from codes.errors import EngineError, Fault

__all__ = ["IssueCode", "IssueError", "Issued", "WaitingError"]


class IssueCode(enum.StrEnum):
    """Codes of :class:`IssueError`."""

    SEAL_NAME = "issue.seal-name"
    SEAL_CHANGED = "issue.seal-changed"
    WAITING = "issue.waiting"
    WAITING_OTHER = "issue.waiting-other"
    WAITING_DAMAGED = "issue.waiting-damaged"


class IssueError(EngineError):
    """A licence cannot be issued as asked; nothing was issued."""


class WaitingError(IssueError):
    """No timestamp can be had, so nothing was issued; the record is kept and waits for one.

    ``faults`` is what each timestamp service said (``field`` is its URL).
    """

    def __init__(self, identifier: str, faults: tuple[Fault, ...]) -> None:
        super().__init__(
            IssueCode.WAITING,
            f"目前取不到时间戳，证照 {identifier} 尚未签发；数据已保存，请稍后用 zhengyin issue --waiting 完成签发",
            f"no timestamp can be had now, so {identifier} is not issued yet; its record is kept: "
            "finish it later with zhengyin issue --waiting", identifier=identifier)
        self.identifier, self.faults = identifier, faults


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

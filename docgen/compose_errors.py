"""Why a licence cannot be laid out, and where in its template that can be mended."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from codes.errors import EngineError
from docgen.measure import TypesetError

__all__ = ["ComposeError", "ComposeErrorCode", "Sheet"]


class ComposeErrorCode(enum.StrEnum):
    """Why a licence cannot be laid out."""

    OVERFLOW = "compose.overflow"
    OVERLAP = "compose.overlap"
    SEAL_PLACE = "compose.seal-place"
    PHOTO_PLACE = "compose.photo-place"
    PAGES = "compose.too-many-pages"
    TOO_SMALL = "compose.too-small"
    FAINT = "compose.too-faint"


class ComposeError(EngineError):
    """A licence whose values do not fit the template, could not be read, or would be covered by its seal.

    ``facts``: ``role``, ``label``, ``file``, ``line``.
    """

    def __init__(self, code: ComposeErrorCode, zh: str, en: str, *, role: str, file: str, line: int,
                 label: str = "") -> None:
        super().__init__(code, f"{zh}（{file} 第 {line} 行）", f"{en} ({file}, line {line})", role=role, label=label,
                         file=file, line=str(line))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The page that is laid out: its role, and the file of its template."""

    role: str
    file: str

    def refuse(self, code: ComposeErrorCode, zh: str, en: str, *, line: int, label: str = "") -> ComposeError:
        """The error of this page at a line of the template."""
        return ComposeError(code, zh, en, role=self.role, file=self.file, line=line, label=label)

    def placed(self, error: TypesetError, line: int) -> TypesetError:
        """An error of typesetting, told where the template can be mended."""
        if "line" in error.facts:
            return error
        return TypesetError(error.code, f"{error.zh}（{self.file} 第 {line} 行）",
                            f"{error.en} ({self.file}, line {line})", **error.facts, file=self.file, line=str(line))

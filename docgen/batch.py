"""Many licences in one go: a JSON record a line in, a result a line out; a bad line stops no good one."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from certs.home import Home
from codes.errors import EngineError, Fault
from docgen.issued import IssueCode, Issued, WaitingError
from docgen.issuing import issuer_of
from docgen.record import MAX_BYTES

__all__ = ["LineResult", "issue_line", "issue_many", "record_lines"]

_INTERNAL = "internal.error"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineResult:
    """What became of one record.

    Attributes:
        line: counted from 1, blank lines too.
        issued: identifier, files and warnings, without the bytes; None when the record was refused.
        code, zh, en: why it was not issued; empty when it was.
        faults: every fault of a refused record; what each timestamp service said of one that waits.
    """

    line: int
    identifier: str | None = None
    ofd_path: Path | None = None
    pdf_path: Path | None = None
    repeated: bool = False
    approval: str | None = None
    warnings: tuple[Fault, ...] = ()
    code: str = ""
    zh: str = ""
    en: str = ""
    faults: tuple[Fault, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the licence is issued."""
        return not self.code

    @property
    def waits(self) -> bool:
        """Whether the record was kept and waits for a timestamp."""
        return self.code == IssueCode.WAITING

    def to_json(self) -> str:
        """Write the result as one line of JSON."""
        result: dict[str, Any] = {"line": self.line, "ok": self.ok}
        if self.ok:
            result |= {
                "identifier": self.identifier, "ofd": _text(self.ofd_path), "pdf": _text(self.pdf_path),
                "repeated": self.repeated, "approval": self.approval, "warnings": _faults(self.warnings)}
        else:
            if self.identifier is not None:
                result["identifier"] = self.identifier
            result |= {"code": self.code, "zh": self.zh, "en": self.en, "faults": _faults(self.faults)}
        return json.dumps(result, ensure_ascii=False)


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _faults(faults: Iterable[Fault]) -> list[dict[str, str]]:
    return [{"field": one.field, "code": one.code, "zh": one.zh, "en": one.en} for one in faults]


def record_lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Read lines one at a time; of a line longer than any record only the beginning is kept.

    What is kept of an overlong line is itself too long for a record, so it is refused as such.
    """
    while line := stream.readline(MAX_BYTES + 2):
        yield line
        while len(line) == MAX_BYTES + 2 and not line.endswith(b"\n"):       # pass over the rest
            line = stream.readline(MAX_BYTES + 2)


def _issued(number: int, issued: Issued) -> LineResult:
    return LineResult(
        line=number, identifier=issued.identifier, ofd_path=issued.ofd_path, pdf_path=issued.pdf_path,
        repeated=issued.repeated, approval=issued.approval, warnings=issued.warnings)


def issue_line(line: int, act: Callable[[], Issued], identifier: str | None = None) -> LineResult:
    """Return what became of one issue; nothing that goes wrong with it reaches the others.

    Args:
        act: issues.
        identifier: of the licence, where that is known beforehand.
    """
    try:
        return _issued(line, act())
    except EngineError as error:
        return LineResult(
            line=line, identifier=error.identifier if isinstance(error, WaitingError) else identifier,
            code=error.code.value, zh=error.zh, en=error.en, faults=tuple(getattr(error, "faults", ())))
    except Exception as error:
        name = type(error).__name__
        return LineResult(
            line=line, identifier=identifier, code=_INTERNAL, zh=f"程序内部错误（{name}），请报告",
            en=f"internal error ({name}), please report it")


def issue_many(
    lines: Iterable[bytes], *, home: Home | Path | str | None = None, out: Path | str | None = None,
    font_pack: Path | str | None = None,
) -> Iterator[LineResult]:
    """Issue a record a line and yield each result as soon as it is there; nothing else is kept in memory.

    Args:
        lines: JSON records in UTF-8, e.g. :func:`record_lines` of a file; blank lines are passed over.
        home, out, font_pack: as for :func:`docgen.issue`; each licence has its own time.

    Raises:
        HomeError, FileError: the home cannot be used at all.

    Source: R-000-39, R-000-42, R-003-46.
    """
    issuer, folder = issuer_of(home), None if out is None else Path(out)
    pack = None if font_pack is None else Path(font_pack)
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield issue_line(number, functools.partial(
                issuer.issue, line.rstrip(b"\r\n"), out=folder, font_pack=pack))

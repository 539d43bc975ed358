"""How ``zhengyin verify`` tells the results of many files: lines, JSON lines, a CSV table, progress on the terminal."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from codes.errors import EngineError

if TYPE_CHECKING:
    from verify.contained import Answer

__all__ = ["Teller", "shown_progress", "telling"]

_COLUMNS: Final = ("path", "exit_code", "verdict", "verdict_zh", "proven", "licence_status", "licence_status_zh",
                   "first_day", "last_day", "identifier", "sm3", "codes", "reason_zh", "reason_en")
_FORMULA: Final = tuple("=+-@\t\r")           # a spreadsheet would carry out a cell that begins so
_EVERY_S: Final = 0.2


class Teller:
    """Tells one file after the other."""

    def __init__(self, *, as_json: bool, table: io.TextIOWrapper | None) -> None:
        self._json = as_json
        self._rows = None if table is None else csv.writer(table)
        if self._rows is not None:
            self._rows.writerow(_COLUMNS)

    def answer(self, path: Path, answer: Answer) -> None:
        """Tell what was found of a file."""
        from verify.reasons import shown_path

        report, shown = answer.report, shown_path(path)
        typer.echo(json.dumps({"path": shown, **report}, ensure_ascii=False) if self._json
                   else answer.line.replace(" · ", f" · {shown} · ", 1) if " · " in answer.line
                   else f"{answer.line} · {shown}")
        status, licence = report["status"], report["licence"] or {}
        first = next(iter(report["reasons"]), {"zh": "", "en": ""})
        proven = bool(licence.get("proven"))
        told = proven or not licence or report["verdict"] == "invalid"       # of a forgery no state is told at all
        self._row(shown, report["exit_code"], report["verdict"], report["verdict_zh"], "yes" if proven else "no",
                  status["code"] if told else f"claimed-{status['code']}",
                  status["zh"] if told else f"自称{status['zh']}",
                  status["first_day"], status["last_day"], licence.get("identifier"), report["file"]["sm3"],
                  " ".join(dict.fromkeys(reason["code"] for reason in report["reasons"])), first["zh"], first["en"])

    def error(self, path: Path, error: EngineError) -> None:
        """Tell why a file could not be read."""
        from verify.reasons import shown_path

        shown = shown_path(path)
        typer.echo(json.dumps({"path": shown, "error": error.code.value, "zh": error.zh, "en": error.en},
                              ensure_ascii=False) if self._json
                   else f"? {shown}: {error.zh} / {error.en} [{error.code.value}]")
        self._row(shown, 3, *[""] * (len(_COLUMNS) - 5), error.code.value, error.zh, error.en)

    def _row(self, *cells: object) -> None:
        if self._rows is not None:
            texts = ("" if cell is None else str(cell) for cell in cells)
            self._rows.writerow(f"'{text}" if text.startswith(_FORMULA) else text for text in texts)


@contextlib.contextmanager
def telling(*, as_json: bool, as_csv: Path | None) -> Iterator[Teller]:
    """Tell on stdout and, where ``as_csv`` names a file, in a table too; the file appears when it is complete.

    Raises:
        FileError: the table cannot be written.
    """
    if as_csv is None:
        yield Teller(as_json=as_json, table=None)
        return
    from certs.files import writing

    with writing(as_csv, mode=0o644) as file:
        table = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")   # spreadsheets see the mark
        yield Teller(as_json=as_json, table=table)
        table.flush()
        table.detach()


@contextlib.contextmanager
def shown_progress() -> Iterator[Callable[[Sequence[int]], None]]:
    """Yield what is told the exit codes so far; it shows how many files are done where stderr is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    begun = shown = time.monotonic()

    def show(codes: Sequence[int]) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown < _EVERY_S:
            return
        shown = now
        bad = sum(code == 1 for code in codes)
        sys.stderr.write(f"\r已核验 {len(codes)} 份，{bad} 份为否，{len(codes) / (now - begun):.0f} 份/秒 / "
                         f"{len(codes)} checked, {bad} no\x1b[K")
        sys.stderr.flush()

    try:
        yield show
    finally:
        sys.stderr.write("\r\x1b[K")

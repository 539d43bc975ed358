"""``zhengyin verify``: is the file genuine, and is its licence in force?"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.kind_folders import KINDS_HELP, add_kinds
from codes.errors import EngineError

if TYPE_CHECKING:
    from certs.trust import Trust
    from verify.report import Report

__all__ = ["app"]

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

USAGE, CANNOT, NOT_SUCH = 2, 3, 4
_ENDINGS: Final = frozenset({".ofd", ".pdf"})
_WORST: Final = (1, 3, 4, 0)            # of several files the first of these that occurs is the exit code
_EARLIEST, _LATEST = 1900, 9998          # years of --at; beyond them a time zone may leave the calendar
_CHINA: Final = dt.timezone(dt.timedelta(hours=8))


@app.command()
def verify(
    files: Annotated[list[Path], typer.Argument(
        metavar="FILE|DIR…", exists=True,
        help="OFD 或 PDF 文件或目录，可给多个 / OFD or PDF files or folders")],
    trust: Annotated[Path | None, typer.Option(
        "--trust", exists=True, file_okay=False,
        help="信任目录，默认取工作目录的 / trust folder; by default the home's")] = None,
    at: Annotated[str | None, typer.Option(
        "--at", metavar="TIME", help="核验时刻，默认现在 / ISO 8601; by default now, zone +08:00")] = None,
    require_status: Annotated[bool, typer.Option(
        "--require-status", help="现状未经查询时不返回0 / exit 3 while the register was not asked")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
    home: Annotated[Path | None, typer.Option(
        "--home", help="工作目录，默认取 ZHENGYIN_HOME / home; by default ZHENGYIN_HOME")] = None,
    kinds: Annotated[list[Path] | None, typer.Option(
        "--kinds", exists=True, file_okay=False, help=KINDS_HELP)] = None,
) -> None:
    """核验证照文件：文件真伪与证照状态两个结论 / two answers: is the file genuine, is the licence in force.

    退出码 / exit codes: 0 both yes, 1 either no, 2 usage, 3 cannot say, 4 not such a file.
    """
    from cli.main import print_error

    try:
        moment = _moment(at)
        add_kinds(kinds, home)
        believed = _trust(trust, home)
        if len(files) == 1 and not files[0].is_dir():
            code = _one(files[0], believed, moment, require_status, as_json)
        else:
            code = _several(files, believed, moment, require_status, as_json)
    except EngineError as error:
        print_error(error)
        code = USAGE if error.code.value.startswith(("home.", "kind.")) else CANNOT
    raise typer.Exit(code)


def _moment(text: str | None) -> dt.datetime | None:
    """The moment of ``--at``; without a time zone it is China Standard Time."""
    if text is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} 不是 ISO 8601 时间 / is no ISO 8601 time, e.g. 2026-01-31T09:00",
                                 param_hint="--at") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=_CHINA)
    if not _EARLIEST <= moment.year <= _LATEST:
        raise typer.BadParameter(f"{text!r} 的年份应在 {_EARLIEST} 至 {_LATEST} 之间 / the year must be from "
                                 f"{_EARLIEST} to {_LATEST}", param_hint="--at")
    return moment


def _trust(folder: Path | None, home: Path | None) -> Trust | Path | None:
    """The folder named, else the home's, else nothing. One that cannot be loaded is told in the report."""
    from certs.config import HomeCode, HomeError, find_home
    from certs.trust import Trust, TrustError

    if folder is None:
        try:
            folder = find_home(home, os.environ) / "trust"
        except HomeError as error:
            if error.code is HomeCode.NONE:
                return None
            raise
    try:
        return Trust.load(folder)
    except TrustError:
        return folder


def _one(file: Path, trust: Trust | Path | None, at: dt.datetime | None, require_status: bool,
         as_json: bool) -> int:
    """Verify one file and print its report."""
    import verify

    report = verify.verify(file, trust=trust, at=at, require_status=require_status)
    typer.echo(report.to_json() if as_json else report.to_text(), nl=as_json)
    return report.exit_code


def _several(named: list[Path], trust: Trust | Path | None, at: dt.datetime | None, require_status: bool,
             as_json: bool) -> int:
    """Verify files, and every OFD and PDF below folders, one line each (``--json``: one JSON object a line)."""
    import verify
    from verify.reasons import shown_path

    codes = []
    for path in _files(named):
        try:
            report = verify.verify(path, trust=trust, at=at, require_status=require_status)
        except EngineError as error:
            codes.append(CANNOT)
            line = {"path": shown_path(path), "error": error.code.value, "zh": error.zh, "en": error.en}
            typer.echo(json.dumps(line, ensure_ascii=False) if as_json
                       else f"? {shown_path(path)}: {error.zh} / {error.en} [{error.code.value}]")
            continue
        codes.append(report.exit_code)
        if as_json:
            typer.echo(json.dumps({"path": shown_path(path), **report.to_dict()}, ensure_ascii=False))
        else:
            typer.echo(_line(path, report))
    if not codes:
        names = ", ".join(map(shown_path, named))
        typer.echo(f"{names} 中没有 .ofd 或 .pdf 文件 / {names} holds no .ofd or .pdf file", err=True)
        return NOT_SUCH
    return next(code for code in _WORST if code in codes)


def _files(named: list[Path]) -> Iterator[Path]:
    """The files that are named, and in the place of a folder what it holds, in the order of their names."""
    for path in named:
        if path.is_dir():
            yield from (one for one in sorted(path.rglob("*")) if one.suffix.lower() in _ENDINGS and one.is_file())
        else:
            yield path


def _line(path: Path, report: Report) -> str:
    """One file in one line: what it is, the licence's state where the file proves it, the first reason."""
    from verify.model import Verdict
    from verify.reasons import shown_path

    zh, en = report.words
    if report.file.kind == "unknown":
        zh, en = "不是 OFD 或 PDF 文件", "neither OFD nor PDF"
    status = f" · {report.status.zh} / {report.status.en}" if report.verdict is Verdict.VALID else ""
    weighing = [reason for reason in report.reasons if report.weighs(reason)]
    reason = f" · {weighing[0].zh} / {weighing[0].en} [{weighing[0].code}]" if weighing else ""
    return f"{zh} / {en}{status} · {shown_path(path)}{reason}"

"""``zhengyin issue``: one record (JSON) or many (JSON lines) → sealed OFD and PDF files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from cli.kind_folders import KINDS_HELP, add_kinds
from codes.errors import EngineError

if TYPE_CHECKING:
    from certs.home import Home
    from docgen import Issued, LineResult

__all__ = ["app"]

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

REFUSED, USAGE, CANNOT, WAITING = 1, 2, 3, 5
_LINES = (".jsonl", ".ndjson")
_USAGE_CODES = ("home.", "keystore.", "kind.", "font.pack", "pin.")
_CANNOT_CODES = ("file.", "issue.store-", "internal.", "signer.", "timestamp.", "token.", "device.", "service.")


def _exit_code(code: str) -> int:
    """Return the exit code for an error: 1 refused, 2 how the command was called, 3 could not, 5 waits for the time."""
    if code == "issue.waiting":
        return WAITING
    if code.startswith(_USAGE_CODES):
        return USAGE
    return CANNOT if code.startswith(_CANNOT_CODES) else REFUSED


@app.command()
def issue(
    records: Annotated[Path | None, typer.Argument(
        metavar="RECORD.json|RECORDS.jsonl", exists=True, dir_okay=False, readable=True, show_default=False,
        help="一条记录，或每行一条的多条记录 / one record, or one record a line")] = None,
    out: Annotated[Path | None, typer.Option(
        "--out", file_okay=False, show_default=False,
        help="存放 <标识>.ofd 和 <标识>.pdf 的目录 / folder for the files")] = None,
    home: Annotated[Path | None, typer.Option(
        "--home", help="工作目录，默认取 ZHENGYIN_HOME / home; by default ZHENGYIN_HOME")] = None,
    font_pack: Annotated[Path | None, typer.Option(
        "--font-pack",
        help="生僻字的字体包目录，默认取工作目录的设置 / folder of further fonts; by default the home's")] = None,
    attach: Annotated[list[str] | None, typer.Option(
        "--attach", metavar="NAME=FILE",
        help="记录所引用的前件（OFD 原件） / an earlier document that the record names, as NAME=FILE")] = None,
    kinds: Annotated[list[Path] | None, typer.Option(
        "--kinds", exists=True, file_okay=False, help=KINDS_HELP)] = None,
    waiting: Annotated[bool, typer.Option(
        "--waiting", help="签发等待时间戳的记录 / issue the records that wait for a timestamp")] = False,
    show: Annotated[bool, typer.Option(
        "--list", help="与 --waiting 合用：只列出 / with --waiting: show them only")] = False,
    drop: Annotated[str | None, typer.Option(
        "--drop", metavar="IDENTIFIER",
        help="与 --waiting 合用：撤下一条，不再签发 / with --waiting: take one away for good")] = None,
) -> None:
    """签发证照：校验记录，排版，签名，盖章，存档 / check, draw, sign, seal and keep.

    .jsonl 每行一条，逐行输出 JSON 结果。退出码 / exit codes: 0 all issued, 1 refused, 2 usage, 3 could not,
    5 等待时间戳 / kept, waiting for a timestamp.
    """
    from certs.home import Home
    from cli.main import print_error

    try:
        _require_combination(records, out, waiting=waiting, show=show, drop=drop)
        opened = Home.open(home)
        add_kinds(kinds, opened.path)
        if records is None or out is None:
            from cli.issue_waiting import finish, list_or_drop

            code = finish(opened, out, font_pack) if out is not None else list_or_drop(opened, drop)
        elif records.suffix.lower() in _LINES:
            if attach:
                raise typer.BadParameter("多条记录不能带前件 / only one record can have it", param_hint="--attach")
            code = _many(records, out, opened, font_pack)
        else:
            code = _single(records, out, opened, font_pack, _attached(attach or []))
    except EngineError as error:
        print_error(error)
        code = _exit_code(error.code.value)
    raise typer.Exit(code)


def _require_combination(
    records: Path | None, out: Path | None, *, waiting: bool, show: bool, drop: str | None,
) -> None:
    """Demand a record and a folder, or with ``--waiting`` exactly one of a folder, ``--list`` and ``--drop``."""
    if not waiting:
        if show or drop is not None:
            raise typer.BadParameter("只能与 --waiting 合用 / it goes with --waiting",
                                     param_hint="--list" if show else "--drop")
        if records is None:
            raise typer.BadParameter("请给出记录文件 / name the file with the record", param_hint="RECORD")
        if out is None:
            raise typer.BadParameter("请指明存放目录 / name the folder for the files", param_hint="--out")
    elif records is not None or (out is not None) + show + (drop is not None) != 1:
        raise typer.BadParameter(
            "不带记录文件，并与 --out、--list、--drop 之一合用 / it takes no record, and one of --out, --list, --drop",
            param_hint="--waiting")


def _attached(named: list[str]) -> dict[str, bytes]:
    """Read the files of ``--attach NAME=FILE``."""
    from certs.files import read_file
    from docgen.earlier import MAX_EARLIER_BYTES

    found: dict[str, bytes] = {}
    for one in named:
        name, _, file = one.partition("=")
        if not name or not file or name in found:
            raise typer.BadParameter(
                f"{one!r} 应写作 名称=文件，名称不重复 / write NAME=FILE, each name once", param_hint="--attach")
        found[name] = read_file(Path(file), max_bytes=MAX_EARLIER_BYTES)
    return found


def _single(
    path: Path, out: Path, home: Home, font_pack: Path | None, attachments: dict[str, bytes],
) -> int:
    """Issue one record and say where the files are."""
    import docgen
    from certs.files import read_file

    issued = docgen.issue(read_file(path, max_bytes=64 * 1024 * 1024), home=home, out=out,
                          font_pack=font_pack, attachments=attachments)
    for fault in issued.warnings:
        typer.echo(f"提示 / note: {fault.field}: {fault.code}: {fault.zh} / {fault.en}", err=True)
    typer.echo(_summary(issued))
    typer.echo(str(issued.ofd_path))
    typer.echo(str(issued.pdf_path))
    return 0


def _summary(issued: Issued) -> str:
    if issued.repeated:
        return f"此前已签发，原件再次写出 / issued before, the same files again: {issued.identifier}"
    return f"已签发 / issued: {issued.identifier} (用印审批 / approval {issued.approval})"


def _many(path: Path, out: Path, home: Home, font_pack: Path | None) -> int:
    """Issue every line; a result line each on stdout, progress on stderr."""
    import docgen

    tally = Tally()
    with path.open("rb") as stream:
        lines = _with_progress(stream, path.stat().st_size)
        for result in docgen.issue_many(lines, home=home, out=out, font_pack=font_pack):
            tally.tell(result)
    return tally.close()


class Tally:
    """Results a line each on stdout, at the end a count on stderr and the exit code of the worst."""

    def __init__(self) -> None:
        self._good = self._repeated = self._bad = self._waiting = self._worst = 0

    def tell(self, result: LineResult) -> None:
        """Print a result and count it."""
        typer.echo(result.to_json())
        if result.ok:
            self._good += 1
            self._repeated += result.repeated
        elif result.waits:
            self._waiting += 1
        else:
            self._bad += 1
            self._worst = max(self._worst, _exit_code(result.code))

    def close(self) -> int:
        """Print the count and return the exit code."""
        waiting = (f"，等待时间戳 {self._waiting}", f", waiting {self._waiting}") if self._waiting else ("", "")
        typer.echo(f"已签发 {self._good}（其中此前已签发 {self._repeated}），未签发 {self._bad}{waiting[0]} / "
                   f"issued {self._good} ({self._repeated} of them before), refused {self._bad}{waiting[1]}", err=True)
        return self._worst or (WAITING if self._waiting else 0)


def _with_progress(stream: IO[bytes], total_bytes: int) -> Iterator[bytes]:
    """Pass on the lines of a file; on a terminal show how far it is, by bytes read."""
    import docgen

    lines = docgen.record_lines(stream)
    if not sys.stderr.isatty():
        yield from lines
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("签发 / issuing"), BarColumn(), TextColumn("{task.fields[count]}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("issue", total=total_bytes, count=0)
        for count, line in enumerate(lines, 1):
            yield line
            progress.update(task, advance=len(line), count=count)

"""``zhengyin archive``: licences kept for decades. Make packages and list them; the other commands have modules of
their own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli import archive_renew, archive_restore, archive_verify
from cli.archive_common import (
    CANNOT,
    ArchiveArgument,
    HomeOption,
    JsonOption,
    KindsOption,
    day,
    end_progress,
    iso,
    moment_of,
    opened_home,
    plain,
    progress,
    said,
    shown_file,
    stamper_of,
    tell,
    tell_reasons,
)
from cli.folder_files import files_below
from cli.tables import table
from codes.errors import EngineError

if TYPE_CHECKING:
    from archive.listing import Line

__all__ = ["app"]

_ENDINGS: Final = (".ofd",)
_HEADINGS: Final = ("证照标识 identifier", "种类 kind", "归档 archived", "续期期限 due", "时间戳 stamps")

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
app.add_typer(archive_verify.app)
app.add_typer(archive_renew.app)
app.add_typer(archive_restore.app)


@app.callback()
def _group() -> None:
    """档案：归档、核验、列表、续期、取出 / archives: make, verify, list, renew, restore."""


@app.command()
def make(
    files: Annotated[list[Path], typer.Argument(
        metavar="PACKAGE|DIR…", exists=True, help="盖章的 OFD 或其目录 / sealed packages, or folders of them")],
    to: Annotated[Path, typer.Option("--to", metavar="ARCHIVE", file_okay=False,
                                     help="档案目录，没有则新建 / the archive; made where there is none")],
    home: HomeOption = None, kinds: KindsOption = None, as_json: JsonOption = False,
) -> None:
    """归档：核验、复制、加时间戳 / verify packages and put them into an archive.

    已在档的不变。退出码 / exit codes: 0 all there now, 1 some refused, 2 usage, 3 could not.
    """
    from archive.making import Kept, put_in
    from archive.store import Archive

    opened = opened_home(home, kinds)
    stamper = stamper_of(opened)
    archive = Archive.prepare(to)        # last: a command that is refused leaves no folder behind
    refused = done = 0
    unread: list[tuple[Path, EngineError]] = []
    told: set[str] = set()
    for outcome in put_in(archive, _sources(files, unread), home=opened, timestamper=stamper):
        done += 1
        shown = shown_file(outcome.source)
        if isinstance(outcome, Kept):
            word = ("已在档", "there already") if outcome.repeated else ("已归档", "archived")
            tell(as_json, {"file": shown, "identifier": outcome.identifier, "repeated": outcome.repeated},
                 f"✓ {outcome.identifier} {word[0]} / {word[1]}: {shown}")
        else:
            refused += 1
            tell(as_json, {"file": shown, **plain(outcome.error)}, f"✗ {shown}: {said(outcome.error)}")
            tell_reasons(outcome.error, told)
        progress(done)
    end_progress()
    for source, error in unread:
        shown = shown_file(source)
        tell(as_json, {"file": shown, **plain(error)}, f"✗ {shown}: {said(error)}")
    refused, done = refused + len(unread), done + len(unread)
    if not done:
        typer.echo("没有 .ofd 文件 / there is no .ofd file", err=True)
    raise typer.Exit(1 if refused else 0 if done else CANNOT)


@app.command("list")
def list_(
    folder: ArchiveArgument,
    due: Annotated[str | None, typer.Option(
        "--due", metavar="DATE", help="只列须在此日之前续期的 / only what has to be renewed before this day")] = None,
    as_json: JsonOption = False,
    anchors: Annotated[bool, typer.Option(
        "--anchors", help="列出档案包中根与制章人的指纹 / print the fingerprints of roots and seal makers")] = False,
) -> None:
    """列出档案及其续期期限 / list licences with the day on which their evidence is due.

    退出码 / exit codes: 0 all listed, 1 a folder is no whole package, 2 usage, 3 could not.
    """
    from archive.listing import lines
    from archive.store import Archive

    archive = Archive.open(folder)
    found = list(lines(archive, due_before=moment_of(due, "--due")))
    if anchors:
        for fingerprint in dict.fromkeys(each for line in found for each in line.anchors):
            typer.echo(fingerprint)
    elif as_json:
        for line in found:
            typer.echo(json.dumps(_value(line), ensure_ascii=False))
    else:
        rows = [(line.identifier, line.kind, day(line.archived_at), day(line.due),
                 "?" if line.stamps is None else str(line.stamps)) for line in found]
        if rows:
            typer.echo(table(_HEADINGS, rows))
        typer.echo(f"{len(rows)} 件 / {len(rows)} licences", err=True)
    broken = [line for line in found if line.faults]
    for line in broken:
        first = line.faults[0]
        typer.echo(f"✗ {line.identifier}: {first.zh} / {first.en} [{first.code}]", err=True)
    if broken:
        typer.echo("请用 zhengyin archive verify 核验，并从备份恢复 / "
                   "see zhengyin archive verify, and restore it from a backup", err=True)
    raise typer.Exit(1 if broken else 0)


def _value(line: Line) -> dict[str, object]:
    return {
        "identifier": line.identifier, "kind": line.kind, "archived_at": iso(line.archived_at), "due": iso(line.due),
        "timestamps": line.stamps,
        "faults": [{"code": each.code, "zh": each.zh, "en": each.en} for each in line.faults]}


def _sources(files: Sequence[Path], unread: list[tuple[Path, EngineError]]) -> Iterator[tuple[Path, bytes]]:
    """The packages that are named, and in the place of a folder those in it, in the order of their names.

    What is no file, cannot be read or is too large comes to ``unread``, with the reason, and keeps nothing else from
    being read.
    """
    from archive.layout import MAX_FILE
    from certs.files import FileCode, FileError, read_file

    for path in files:
        found = [path]
        if path.is_dir():
            found = [one for one in sorted(files_below(path, _ENDINGS))
                     if one.suffix.lower() in _ENDINGS or not one.is_file()]
        for one in found:
            try:
                if one.exists() and not (one.is_file() or one.is_dir()):     # reading a pipe would wait for ever
                    raise FileError(
                        FileCode.FAILED, f"{one} 不是普通文件（管道、套接字或设备），不予读取",
                        f"{one} is no regular file (a pipe, a socket or a device) and is not read")
                data = read_file(one, max_bytes=MAX_FILE)
            except EngineError as error:
                unread.append((one, error))
            else:
                yield one, data

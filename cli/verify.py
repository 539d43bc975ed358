"""``zhengyin verify``: is the file genuine, and is its licence in force?"""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.folder_files import files_below
from cli.kind_folders import KINDS_HELP, add_kinds
from cli.moments import read_moment
from cli.verify_one import CANNOT, exit_code_of, for_verifiers, report_signer, trust_folder, verify_one
from cli.verify_online import asking
from cli.verify_tell import Teller, shown_progress, telling
from codes.errors import EngineError

if TYPE_CHECKING:
    from certs.revocation_fetch import Inquiry
    from verify.contained import Verifiers

__all__ = ["app"]

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

NOT_SUCH: Final = 4
_ENDINGS: Final = frozenset({".ofd", ".pdf"})
_PICTURES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp"})
_EVIDENCE: Final = ".er"                # lies beside the file that it is for
_WORST: Final = (1, 3, 4, 0)            # of several files the first of these that occurs is the exit code
_EARLIEST, _LATEST = 1900, 9998          # years of --at; beyond them a time zone may leave the calendar


@app.command()
def verify(
    files: Annotated[list[Path] | None, typer.Argument(
        metavar="FILE|DIR…", exists=True,
        help="OFD、PDF 文件、纸质证照的照片（JPEG、PNG、WebP）或目录，可给多个；目录中只找 OFD 和 PDF / "
             "OFD or PDF files, photos of paper licences (JPEG, PNG, WebP) or folders, in which only OFD and PDF are "
             "looked for")] = None,
    trust: Annotated[Path | None, typer.Option(
        "--trust", exists=True, file_okay=False,
        help="信任目录，默认取工作目录的 / trust folder; by default the home's")] = None,
    at: Annotated[str | None, typer.Option(
        "--at", metavar="TIME", help="核验时刻，默认现在 / ISO 8601; by default now, zone +08:00")] = None,
    evidence: Annotated[Path | None, typer.Option(
        "--evidence", metavar="FILE", exists=True, dir_okay=False,
        help="文件的存证记录，默认取文件旁的 FILE.er / its evidence record; by default FILE.er beside it")] = None,
    online: Annotated[bool, typer.Option(
        "--online", help="联网向证书机构查询是否撤销 / ask the certificate authorities about revocation")] = False,
    require_status: Annotated[bool, typer.Option(
        "--require-status", help="现状未经查询时不返回0 / exit 3 while the register was not asked")] = False,
    as_json: Annotated[bool, typer.Option(
        "--json", help="输出 JSON，多个文件时每行一个 / print JSON, of several files one object a line")] = False,
    as_csv: Annotated[Path | None, typer.Option(
        "--csv", metavar="FILE", dir_okay=False, help="结果另存为 CSV 表 / keep the results as a CSV table")] = None,
    reports: Annotated[list[Path] | None, typer.Option(
        "--report", metavar="FILE", dir_okay=False,
        help="另存报告：.html、.pdf、.xml（ETSI）、.json，可多个 / keep the report; its ending says the form")] = None,
    jobs: Annotated[int, typer.Option(
        "--jobs", min=1, max=64, help="同时核验的文件数，默认为处理器数 / files at a time; by default the processors")
    ] = os.cpu_count() or 1,
    home: Annotated[Path | None, typer.Option(
        "--home", help="工作目录，默认取 ZHENGYIN_HOME / home; by default ZHENGYIN_HOME")] = None,
    kinds: Annotated[list[Path] | None, typer.Option(
        "--kinds", exists=True, file_okay=False, help=KINDS_HELP)] = None,
    page: Annotated[bool, typer.Option(
        "--serve", help="不核验文件，开设核验网页 / serve the page on which files are verified")] = False,
    host: Annotated[str, typer.Option(help="网页监听的地址 / address that the page listens on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="网页监听的端口 / its port")] = 8321,
    site: Annotated[list[str] | None, typer.Option(
        "--site", metavar="NAME", help="网页的域名，可给多个 / name under which the page is reached")] = None,
    proxy: Annotated[list[str] | None, typer.Option(
        "--proxy", metavar="ADDRESS", help="网页前代理的地址，采信其 X-Forwarded-For，可给多个 / address of a proxy "
                                           "before the page, whose X-Forwarded-For is believed")] = None,
) -> None:
    """核验证照文件：文件真伪与证照状态两个结论 / two answers: is the file genuine, is the licence in force.

    退出码 / exit codes: 0 both yes, 1 either no, 2 usage, 3 cannot say, 4 not such a file.
    """
    from cli.main import print_error

    try:
        moment = _moment(at)
        add_kinds(kinds, home)
        from layouts.folders import added_folders
        from verify.contained import Verifiers

        if page:
            if online:
                raise typer.BadParameter("核验网页不联网查询；请用 zhengyin certs refresh 更新信任目录 / the page asks "
                                         "nobody: keep its trust folder fresh with zhengyin certs refresh",
                                         param_hint="--online")
            from cli.verify_serve import serve_page

            serve_page(files, trust=trust_folder(trust, home), signer=lambda: report_signer(home), children=jobs,
                       host=host, port=port, sites=site or (), proxies=proxy or ())
            raise typer.Exit(0)
        if not files:
            raise typer.BadParameter("请给出要核验的文件或目录，或用 --serve 开设网页 / "
                                     "name files or folders to verify, or --serve the page", param_hint="FILE|DIR…")
        alone = len(files) == 1 and not files[0].is_dir()
        believed = trust_folder(trust, home)
        with (asking(online, home) as inquiry,
              Verifiers(trust=believed, kinds=added_folders(), children=1 if alone else jobs) as verifiers):
            if reports and (not alone or as_csv is not None):
                raise typer.BadParameter("报告只为单个文件出具；多个文件请用 --csv 或 --json / "
                                         "a report is on one file; for many use --csv or --json", param_hint="--report")
            if evidence is not None and (not alone or as_csv is not None):
                raise typer.BadParameter("存证只为单个文件指定；多个文件取各自旁边的 .er / "
                                         "evidence is named for one file; many have theirs beside them as .er",
                                         param_hint="--evidence")
            if alone and as_csv is None:
                code = verify_one(files[0], verifiers, moment, require_status, as_json, reports or [], home, evidence,
                            inquiry)
            else:
                with telling(as_json=as_json, as_csv=as_csv) as tell:
                    code = _several(files, verifiers, moment, require_status, tell, inquiry)
    except EngineError as error:
        print_error(for_verifiers(error))
        code = exit_code_of(error)
    raise typer.Exit(code)


def _moment(text: str | None) -> dt.datetime | None:
    """The moment of ``--at``; without a time zone it is China Standard Time."""
    if text is None:
        return None
    moment = read_moment(text, option="--at", example="2026-01-31")
    if not _EARLIEST <= moment.year <= _LATEST:
        raise typer.BadParameter(f"{text!r} 的年份应在 {_EARLIEST} 至 {_LATEST} 之间 / the year must be from "
                                 f"{_EARLIEST} to {_LATEST}", param_hint="--at")
    return moment


def _several(named: list[Path], verifiers: Verifiers, at: dt.datetime | None, require_status: bool,
             tell: Teller, inquiry: Inquiry | None) -> int:
    """Verify files, and every OFD and PDF below folders, one line each."""
    from verify.reasons import shown_path

    codes = []
    passed: list[Path] = []
    troubles: dict[str, None] = {}
    asked: Counter[str] = Counter()
    with shown_progress() as progress:
        for path, answer in verifiers.verify_many(_files(named, passed), at=at, require_status=require_status,
                                                  inquiry=inquiry):
            if isinstance(answer, EngineError):
                codes.append(CANNOT)
                tell.error(path, answer)
            elif isinstance(answer, Exception):
                raise answer
            else:
                codes.append(answer.exit_code)
                tell.answer(path, answer)
                online = answer.report.get("online", {})
                troubles |= {f"✗ {one['url']}: {one['zh']} / {one['en']}": None for one in online.get("troubles", ())}
                asked.update([f"{online['zh']} / {online['en']}"] if online else ())
            progress(codes)
    for line, count in asked.items():
        typer.echo(f"联网查询撤销状态 asked online: {count} 个文件 / files — {line}", err=True)
    for line in troubles:
        typer.echo(line, err=True)
    if passed:
        pictures = sum(one.suffix.lower() in _PICTURES for one in passed)
        zh, en = (f"，其中图片 {pictures} 个", f", {pictures} of them pictures") if pictures else ("", "")
        only_zh, only_en = ("；照片请逐个指明", "; name photos one by one") if pictures else ("", "")
        typer.echo(f"目录中另有 {len(passed)} 个文件未核验{zh}（目录中只找 .ofd 和 .pdf{only_zh}） / "
                   f"{len(passed)} other files in the folders were passed over{en} "
                   f"(only .ofd and .pdf are looked for there{only_en})", err=True)
    if not codes:
        names = ", ".join(map(shown_path, named))
        typer.echo(f"{names} 中没有 .ofd 或 .pdf 文件 / {names} holds no .ofd or .pdf file", err=True)
        return NOT_SUCH
    return next(code for code in _WORST if code in codes)


def _files(named: list[Path], passed: list[Path]) -> Iterator[Path]:
    """The files that are named, and in the place of a folder every OFD and PDF that it holds, in the order of their
    names; what else it holds is added to ``passed``.

    Pipes, sockets, devices and dangling links of such a name, and folders that cannot be read, are among them: each
    is told as what could not be judged.
    """
    for path in named:
        if path.is_dir():
            for one in sorted(files_below(path, _ENDINGS)):
                if one.suffix.lower() in _ENDINGS or not one.is_file():
                    yield one
                elif one.suffix.lower() != _EVIDENCE:
                    passed.append(one)
        else:
            yield path

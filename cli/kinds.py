"""``zhengyin kinds``: licence kinds, listed, shown, made, checked and previewed; their schema written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.kind_folders import KINDS_HELP, add_named_kinds
from codes.errors import EngineError

if TYPE_CHECKING:
    from docgen.design.contained import Answer
    from docgen.design.findings import Finding

__all__ = ["app"]

FOUND, USAGE, CANNOT = 1, 2, 3

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback()
def _group() -> None:
    """证照种类：列出、查看、新建、检查、预览 / licence kinds: list, show, new, check, preview."""


@app.command("list")
def list_kinds(
    kinds: Annotated[list[Path] | None, typer.Option(
        "--kinds", exists=True, file_okay=False, help=KINDS_HELP)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
) -> None:
    """列出证照种类 / list the licence kinds."""
    from docgen.design.describing import summaries
    from layouts.folders import added_folders

    def work() -> None:
        found = summaries()
        _print_list(found, as_json)
        for folder in added_folders():
            if not any(Path(one["folder"]).parent == folder for one in found):
                _say(f"{folder} 中没有证照种类：每种一个目录，以代码为名，内有 kind.json / {folder} holds no licence "
                     "kinds: each is a folder named by its code, with a kind.json in it", err=True)

    _run(work, kinds)


@app.command()
def show(
    code: Annotated[str, typer.Argument(metavar="CODE|FOLDER")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
) -> None:
    """查看一种证照的全部配置 / show everything that a kind's data say."""
    from docgen.design.describing import describe, description
    from docgen.design.folder import open_folder

    def work() -> int:
        folder = open_folder(code)
        _say(_json(description(folder)) if as_json else describe(folder))
        return 0

    _run(work)


@app.command()
def new(
    code: Annotated[str, typer.Argument(metavar="CODE", help="新种类的代码，如 T1 / the new kind's code")],
    name: Annotated[str, typer.Option("--name", help="证照名称 / the licence's name")],
    out: Annotated[Path, typer.Option("--out", file_okay=False, help="在此目录下建立 CODE/ / where CODE/ is made")],
) -> None:
    """新建一个完整可用的证照种类 / make a complete kind that works at once."""
    from docgen.design.scaffold import new_kind

    def work() -> int:
        for path in new_kind(code, name=name, out=out):
            typer.echo(str(path))
        typer.echo(f"下一步 / next: zhengyin kinds check {out / code}", err=True)
        return 0

    _run(work)


@app.command()
def schema(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", exists=True, file_okay=False)],
) -> None:
    """由 kind.json 重写 schema.json / write the kind's schema.json anew."""
    from docgen.design.folder import open_folder
    from docgen.design.scaffold import write_schema

    def work() -> None:
        _say(str(write_schema(open_folder(folder))))

    _run(work)


@app.command()
def check(
    what: Annotated[list[str] | None, typer.Argument(
        metavar="[CODE|FOLDER]...", help="默认全部 / all kinds by default")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
) -> None:
    """检查证照种类：短、长、空、生僻字数据各绘一遍 / draw short, long, empty and rare data and look at the pages.

    退出码 / exit codes: 0 nothing to mend, 1 findings, 2 usage, 3 could not.
    """
    import layouts
    from docgen.design.contained import run
    from docgen.design.folder import open_folder

    def work() -> int:
        answers = [(name, run("check", open_folder(name))) for name in what or layouts.kinds()]
        if as_json:
            from docgen.design.findings import to_json

            typer.echo(_json([{"kind": name, "findings": to_json(answer.findings), **answer.facts}
                              for name, answer in answers]))
        else:
            for name, answer in answers:
                _print_answer(name, answer)
        return FOUND if any(answer.findings for _, answer in answers) else 0

    _run(work)


@app.command()
def preview(
    what: Annotated[str, typer.Argument(metavar="CODE|FOLDER")],
    record: Annotated[Path | None, typer.Option(
        "--record", exists=True, dir_okay=False,
        help="记录，默认取第一条样例 / a record; the first sample by default")] = None,
    data: Annotated[str | None, typer.Option(
        "--data", help="样例（example-2），或 short、long、empty、rare 数据 / a sample (example-2), or short, long, "
        "empty, rare data")] = None,
    out: Annotated[Path, typer.Option(
        "--out", file_okay=False, help="存放预览的目录 / the folder for the preview")] = Path("preview"),
    watch: Annotated[bool, typer.Option(
        "--watch", help="在浏览器中预览，保存即重绘 / show it in the browser and redraw on save")] = False,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="端口，0 为任意 / 0 for any")] = 8765,
) -> None:
    """预览：PDF、OFD 与网页，每页标明“预览 · 非正式证照” / PDF, OFD and a web page, plainly marked as no licence."""
    from docgen.design.folder import open_folder

    def work() -> int:
        from docgen.design.serving import serve
        from docgen.design.watching import Preview

        shown = Preview(open_folder(what), record=record, out=out, data=data)
        if watch:
            serve(shown, port=port, say=typer.echo)
            return 0
        answer = shown.draw()
        _print_answer(what, answer)
        for path in shown.files:
            typer.echo(str(path))
        return FOUND if answer.findings else 0

    _run(work)


@app.command()
def release(
    what: Annotated[str, typer.Argument(metavar="CODE|FOLDER")],
    add: Annotated[bool, typer.Option("--add", help="版本不变，只增加图形（如放入了官方图样） / keep the version and "
                                      "add what is drawn now, such as official artwork in a slot")] = False,
) -> None:
    """发布当前版本：写下其数据与图形表，供核验 / release the version: its data and drawings, for verifiers."""
    from cli.kinds_release import release_kind

    def work() -> None:
        place, new = release_kind(what, add=add)
        _say(f"{place}" if new else f"{place}: 已发布，未变 / released already, unchanged")

    _run(work)


def _run(work: Callable[[], int | None], kinds: list[Path] | None = None) -> None:
    """Do a command's work; errors raised on purpose are printed, and the exit code says how it went."""
    from cli.main import print_error
    from docgen.design.findings import DesignError

    try:
        add_named_kinds(kinds)
        code = work() or 0
    except EngineError as error:
        print_error(error)
        code = USAGE if isinstance(error, DesignError) else CANNOT
    raise typer.Exit(code)


def _print_list(kinds: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        typer.echo(_json(kinds))
        return
    from layouts.kind_faults import safe

    for kind in kinds:
        typer.echo("\t".join(map(safe, (kind["code"], kind["name"], "、".join(kind["pages"]), kind["name_en"]))))


def _print_answer(name: str, answer: Answer) -> None:
    from docgen.design.findings import folded

    for finding in folded(answer.findings):
        _say(_line(finding))
    for note in answer.facts.get("notes", ()):
        _say(f"提示 / note: {note['file']}:{note['line']}: {note['zh']} / {note['en']}", err=True)
    count = len(answer.findings)
    drawn = "、".join(answer.facts.get("drawn", ()))
    if count:
        _say(f"{name}: {count} 处待改 / {count} to mend", err=True)
    else:
        _say(f"{name}: 未发现问题 / nothing to mend" + (f" ({drawn})" if drawn else ""), err=True)


def _json(data: Any) -> str:
    """Data as JSON; half characters out of a stranger's names as ``\\udcff``, which is JSON too."""
    return json.dumps(data, ensure_ascii=False, indent=2).encode("utf-8", errors="backslashreplace").decode("utf-8")


def _say(text: str, *, err: bool = False) -> None:
    """Print text that is partly a stranger's: names of files, words of a kind."""
    from layouts.kind_faults import safe

    typer.echo("\n".join(map(safe, text.split("\n"))), err=err)


def _line(finding: Finding) -> str:
    """``T1/pages.xml:12: design.overlap [企业名称] (long): 中文 / English``."""
    place = f"{finding.place}: " if finding.place else ""
    field = f" [{finding.field}]" if finding.field else ""
    data = f" ({finding.data})" if finding.data else ""
    return f"{place}{finding.code}{field}{data}: {finding.zh} / {finding.en}"

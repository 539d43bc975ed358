"""``zhengyin fonts``: the faces of the engine, a font pack's faces, and the trust that verifiers put in them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.tables import table
from codes.errors import EngineError

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
REFUSED, USAGE = 1, 2


@app.command()
def show(
    pack: Annotated[Path | None, typer.Option(
        "--pack", help="字体包目录 / folder of a font pack")] = None,
    text: Annotated[str, typer.Option(
        "--text", help="逐字查看由哪个字体绘制 / tell which face draws each character of a text")] = "",
) -> None:
    """列出字体：键、名称、字数；或逐字查看 / list the faces, or tell which one draws what.

    退出码 / exit codes: 0; 1 有字不能绘制 / a character cannot be drawn; 2 字体包不能使用 / the pack cannot be used.
    """
    import fonts
    from cli.main import print_error

    try:
        loaded = fonts.load_pack(pack) if pack else None
    except EngineError as error:
        print_error(error)
        raise typer.Exit(USAGE) from None
    keys = (*fonts.FACES, *(loaded.keys if loaded else ()))
    if not text:
        faces = [(key, fonts.face(key)) for key in keys]
        typer.echo(table(("键 key", "名称 name", "字数 characters", "标记 mark"), [
            (key, face.postscript_name, str(sum(1 for _ in face.font.characters())), face.mark)
            for key, face in faces]))
        return
    with fonts.using(loaded):
        chain = fonts.chain("song")
    lost = False
    for char in dict.fromkeys(text):
        drawn = next((key for key in chain if fonts.face(key).glyph_id(char) is not None), "")
        lost = lost or not drawn
        typer.echo(f"{char} U+{ord(char):04X} {drawn or '没有字体能画 / no font draws it'}")
    raise typer.Exit(REFUSED if lost else 0)


@app.command()
def trust(
    pack: Annotated[Path, typer.Argument(metavar="PACK", help="字体包目录 / folder of the font pack")],
    folder: Annotated[Path, typer.Option(
        "--trust", exists=True, file_okay=False, help="信任目录 / trust folder")],
) -> None:
    """把字体包各字体的字形摘要写入信任目录，核验者据此认可 / write the outlines of a pack's faces into a trust folder.

    写入 fonts/<SHA-256>.outlines；应由核对过字体的人执行 / to be run by who has looked at the fonts.
    退出码 / exit codes: 0; 2 字体包不能使用 / the pack cannot be used.
    """
    import fonts
    from certs.files import write_atomic
    from cli.main import print_error
    from fonts.outlines import ENDING, make_table
    from fonts.pack import MARK

    try:
        for face in fonts.load_pack(pack).faces:
            digest = face.mark.removeprefix(MARK)
            (folder / "fonts").mkdir(exist_ok=True)
            path = folder / "fonts" / f"{digest}{ENDING}"
            write_atomic(path, make_table(face.font, postscript_name=face.postscript_name, sha256=digest), mode=0o644)
            typer.echo(f"{face.postscript_name} {digest}")
    except EngineError as error:
        print_error(error)
        raise typer.Exit(USAGE) from None

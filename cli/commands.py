"""All commands of ``zhengyin`` by name, each group loaded only when it is called; and what is said of wrong calls."""

from __future__ import annotations

import importlib
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli.help_pages import use_both_languages
from cli.main import COMMANDS, tell
from cli.usage import USAGE, usage_lines

__all__ = ["app", "call"]


class _LazyGroup(TyperGroup):
    """Knows its commands by name and imports the module of the one that is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Put the real command in the place of its placeholder."""
        name, command, rest = super().resolve_command(ctx, args)
        if name in COMMANDS:
            command = typer.main.get_command(importlib.import_module(COMMANDS[name][0]).app)
        return name, command, rest


use_both_languages()
app = typer.Typer(
    cls=_LazyGroup, no_args_is_help=True, add_completion=False, rich_markup_mode=None,
    pretty_exceptions_enable=False)


def _placeholder() -> None:
    """Stand on the help page for a command that is not loaded."""


for _name, (_module, _summary) in COMMANDS.items():
    app.command(_name, help=_summary)(_placeholder)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version  # slow to import, rarely asked for

        try:
            typer.echo(version("zhengyin"))
        except PackageNotFoundError:
            typer.echo("not installed")
        raise typer.Exit


@app.callback()
def _main(
    show_version: Annotated[bool, typer.Option(
        "--version", callback=_print_version, is_eager=True, help="版本 / print the version")] = False,
) -> None:
    """证印：电子证照的签发与核验 / issue and verify electronic licences."""
    del show_version


def call() -> int:
    """Run the command that was called; return its exit code."""
    try:
        code = app(prog_name="zhengyin", standalone_mode=False)
    except typer.Abort:
        tell("已中止 / aborted")
        return 1
    except typer.TyperException as error:
        lines = usage_lines(error)
        if lines is None:
            tell(str(error))
        for line in lines or ():
            tell(line)
        return USAGE
    return code if isinstance(code, int) else 0

"""The command ``zhengyin``. Each command group is a module with an ``app``, loaded only when it is called.

An error raised on purpose is printed in Chinese and English, never as a traceback. Exit codes: 0 yes, 1 no,
2 usage, 3 cannot say or cannot do, 4 not such a file, 5 kept until a timestamp can be had.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from certs.untrusted_files import printable
from cli.help_pages import use_both_languages
from cli.usage import USAGE, usage_lines
from codes.errors import EngineError

__all__ = ["COMMANDS", "app", "print_error", "run"]

COMMANDS: dict[str, tuple[str, str]] = {
    "issue": ("cli.issue", "签发：记录 → 盖章的 OFD 与 PDF / issue sealed licences from records"),
    "verify": ("cli.verify", "核验证照文件 / say whether a file is genuine and its licence in force"),
    "certs": ("cli.certs", "证书与印章 / certificates and seals"),
    "seals": ("cli.seals", "印章登记：申请至注销 / the registry of seals, from application to cancellation"),
    "trust": ("cli.trust", "信任列表：发布、接收、查看 / trust lists: publish, receive, show"),
    "signer": ("cli.signer", "签名进程：密钥与网络分开 / a signer process: keys apart from the network"),
    "archive": ("cli.archive", "档案：归档、核验、续期、取出 / archives: make, verify, renew, restore packages"),
    "audit": ("cli.audit", "审计日志：导出、核验、检查点 / the audit log: export, verify, checkpoint"),
    "kinds": ("cli.kinds", "证照种类：查看、新建、检查、预览 / licence kinds: show, make, check, preview"),
    "fonts": ("cli.fonts", "字体与字体包 / the faces, and packs of further fonts"),
}
"""Command → (module with ``app``, what it does)."""

CANNOT = 3
_LONGEST = 20_000


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


def print_error(error: EngineError) -> None:
    """Print an error as ``code: 中文 / English`` on stderr, the clause and each fault that it carries below.

    A control character, as a file's name may have, is shown escaped: nothing in an error steers the terminal.
    """
    _tell(f"{error.code.value}: {error.zh} / {error.en}")
    if clause := error.facts.get("clause"):
        _tell(f"  依据 / clause: {clause}")
    for fault in getattr(error, "faults", ()):
        place = f"{fault.field}: " if fault.field else ""
        _tell(f"  {place}{fault.code}: {fault.zh} / {fault.en}")


def _tell(line: str) -> None:
    typer.echo(printable(line, at_most=_LONGEST), err=True)


def _call() -> int:
    """Run the command that was called; return its exit code."""
    try:
        code = app(prog_name="zhengyin", standalone_mode=False)
    except typer.Abort:
        _tell("已中止 / aborted")
        return 1
    except typer.TyperException as error:
        lines = usage_lines(error)
        if lines is None:
            typer.echo(str(error), err=True)
        for line in lines or ():
            _tell(line)
        return USAGE
    return code if isinstance(code, int) else 0


def run() -> None:
    """Run the command line; the only way out is an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        code = _call()
    except EngineError as error:
        print_error(error)
        code = CANNOT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = CANNOT
    except OSError as error:
        reason = error.strerror or type(error).__name__
        place = f" {error.filename}" if error.filename else ""
        with contextlib.suppress(OSError):
            _tell(f"file.failed: 读写失败{place}：{reason}，请检查磁盘空间和权限 / "
                  f"reading or writing failed{place}: {reason}; check disk space and permissions")
        code = CANNOT
    except MemoryError:
        typer.echo("internal.memory: 内存不足 / out of memory", err=True)
        code = CANNOT
    except Exception as error:                               # the last resort: a name, not a traceback
        name = type(error).__name__
        typer.echo(
            f"internal.error: 程序内部错误（{name}），请报告 / internal error ({name}), please report it",
            err=True)
        code = CANNOT
    sys.exit(code)


if __name__ == "__main__":
    run()

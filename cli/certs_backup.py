"""``zhengyin certs backup`` and ``restore``: a home whole in one encrypted file, and a new home of it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from certs.backup_file import BackupCode, BackupError
from certs.config import HOME_VARIABLE, Password, environment_password, find_home
from codes.china_time import time_en, time_zh
from codes.errors import EngineError

__all__ = ["BACKUP_PASSWORD_FILE_VARIABLE", "BACKUP_PASSWORD_VARIABLE", "app"]

BACKUP_PASSWORD_FILE_VARIABLE: Final = "ZHENGYIN_BACKUP_PASSWORD_FILE"  # noqa: S105 (the name of a variable)
BACKUP_PASSWORD_VARIABLE: Final = "ZHENGYIN_BACKUP_PASSWORD"  # noqa: S105 (the name of a variable)

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


def _password() -> Password:
    password = environment_password(
        os.environ, file_variable=BACKUP_PASSWORD_FILE_VARIABLE, variable=BACKUP_PASSWORD_VARIABLE)
    if password is None:
        raise BackupError(
            BackupCode.NO_PASSWORD,
            f"没有备份口令：请设置 {BACKUP_PASSWORD_FILE_VARIABLE} 指向口令文件（或设置 {BACKUP_PASSWORD_VARIABLE}）",
            f"no password for the backup: point {BACKUP_PASSWORD_FILE_VARIABLE} to a file that holds it "
            f"(or set {BACKUP_PASSWORD_VARIABLE})")
    return password


@app.command()
def backup(
    out: Annotated[Path, typer.Option(
        metavar="FILE", dir_okay=False, help="备份文件，不得已存在 / the backup, which must not exist yet")],
    home: Annotated[Path | None, typer.Option(
        metavar="H", help=f"工作目录，缺省取 {HOME_VARIABLE} / the home; {HOME_VARIABLE} by default")] = None,
    packages: Annotated[bool, typer.Option(
        "--packages/--no-packages", help="是否包括已签发的证照 / whether the issued licences go along")] = True,
) -> None:
    """加密备份整个工作目录 / back the whole home up, encrypted: keys, seals, registry, ledger, licences.

    口令取自环境变量指明的文件 / the password is in the file that ZHENGYIN_BACKUP_PASSWORD_FILE names.
    """
    from registry.backup import backup_home  # slow to load, and `certs` has commands that need no registry

    made = backup_home(
        find_home(home, os.environ), out, password=_password(), now=datetime.now(UTC), packages=packages)
    typer.echo(f"已备份 {made.files} 个文件，{made.size} 字节 / backed up {made.files} files of {made.size} bytes")
    typer.echo(f"{out}\nSM3 {made.sm3.hex()}")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help="备份文件 / the backup")],
    home: Annotated[Path, typer.Option(
        metavar="H", help="新的工作目录，不得已存在 / the new home, which must not exist yet")],
    registry: Annotated[str, typer.Option(
        metavar="URL", help="存放登记库的空 PostgreSQL 数据库，缺省为工作目录中的文件 / "
                            "an empty PostgreSQL database for the registry; a file in the home by default")] = "",
) -> None:
    """用备份建立新的工作目录 / make a new home of a backup; it appears whole or not at all."""
    from registry.backup import rejoin, restore_home

    manifest = restore_home(file, home, password=_password(), url=registry)
    typer.echo(f"已恢复{time_zh(manifest.created)}的备份“{manifest.name}” / "
               f"restored the backup of {time_en(manifest.created)}: {home}")
    if not manifest.packages:
        typer.echo("备份不含已签发的证照，请另行放回 issued/packages / "
                   "the backup holds no issued licences: put them back into issued/packages")
    try:
        blocked = rejoin(home, manifest, now=datetime.now(UTC))
    except EngineError:
        typer.echo("目录已恢复，但文件与登记库尚未核对一致；排除下列故障后请执行 zhengyin seals settle / "
                   "the home is there, but its files were not compared with the registry: see to the fault below, "
                   "then run `zhengyin seals settle`", err=True)
        raise
    if blocked:
        typer.echo(f"仍封停 / still blocked: {', '.join(blocked)}")
    typer.echo("备份之后的签发、审批用量和登记均不在其中，请按 docs/runbook.md 处理 / "
               "what was issued, used or registered since is not in it: go on as docs/runbook.md says")

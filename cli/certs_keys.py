"""``zhengyin certs request``: new keys, and the requests by which a certification authority certifies them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Annotated

import typer

from certs.config import HOME_VARIABLE, find_home, read_password
from certs.csr import PERSON, PROFILES, SERVICES, keep_request
from certs.files import make_folder
from certs.key_reference import key_path
from cli.actor_keys import actor_password

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.command()
def request(
    org: Annotated[str, typer.Option(
        metavar="NAME", help="机构全称，逐字写入请求 / the organisation's full name, kept to the character")],
    uscc: Annotated[str, typer.Option(metavar="CODE", help="其统一社会信用代码 / its USCC")],
    out: Annotated[Path, typer.Option(
        metavar="DIR", file_okay=False, help="放置密钥与请求的目录 / folder for keys and requests")],
    role: Annotated[list[str] | None, typer.Option(
        metavar="ROLE",
        help="sealing、data、pdf（缺省三者）、audit、status 或 seal-maker，可多次给出 / "
             "may be repeated; sealing, data and pdf by default")] = None,
    person: Annotated[str, typer.Option(
        metavar="NAME", help="为个人生成密钥 actor.key，用于签署办理和审批；此为其姓名 / "
                             "make a person's key, actor.key, to sign acts and approvals; this is the name")] = "",
    home: Annotated[Path | None, typer.Option(
        metavar="H", help=f"取其口令加密密钥的工作目录，缺省取 {HOME_VARIABLE} / "
                          f"the home whose password encrypts the keys; {HOME_VARIABLE} by default")] = None,
) -> None:
    """生成密钥和证书请求（PKCS#10） / make keys and certificate requests (PKCS#10).

    已有的密钥保留 / a key that is there is kept. 个人密钥的口令文件由 ZHENGYIN_ACTOR_PASSWORD_FILE 指明 / the file
    with the password of a person's key is named by ZHENGYIN_ACTOR_PASSWORD_FILE.
    """
    if role and person:
        raise typer.BadParameter(
            "个人的密钥请单独生成，不与 --role 同用 / a person's key is made by itself, without --role",
            param_hint="--person")
    roles = [PERSON] if person else role or list(PROFILES)
    for unknown in sorted(set(roles) - {*PROFILES, *SERVICES, *([PERSON] if person else [])}):
        raise typer.BadParameter(f"没有这种密钥：{unknown} / there is no such key: {unknown}", param_hint="--role")
    folder = find_home(home, os.environ)
    password = cache(partial(actor_password, folder) if person else partial(read_password, folder, os.environ))
    make_folder(out)
    keys = []
    for one in roles:
        keep_request(out, one, name=org, code=uscc, password=password, person=person)
        keys.append(key_path(out, one))
        typer.echo(f"{keys[-1]}  {out / one}.csr")
    zh, en = _kept_here([key for key in keys if key is not None])
    typer.echo(f"请将 .csr 送认证机构签发证书{zh} / send the .csr files to the certification authority{en}")


def _kept_here(keys: Sequence[Path]) -> tuple[str, str]:
    """What becomes of the keys: files stay here, of other keys there are references alone."""
    zh, en = "", ""
    if any(key.suffix == ".key" for key in keys):
        zh, en = "，.key 留在本处", " and keep the .key files here"
    if any(key.suffix != ".key" for key in keys):
        zh += "；.key.json 只是引用，密钥仍在令牌、设备或签名服务中"
        en += "; a .key.json is a reference alone: that key stays in its token, device or signing service"
    return zh, en

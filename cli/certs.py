"""``zhengyin certs``: certificates and seals."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import layouts
from certs.config import HOME_VARIABLE, HomeCode, HomeError
from certs.files import read_file
from certs.home import Home
from cli import certs_backup, certs_ca, certs_keys, certs_refresh, certs_seal, certs_tokens
from cli.certs_serve import DEFAULT_PORT, name_services, serve_trial, services_at
from cli.kind_folders import KINDS_HELP, add_named_kinds
from cli.spans import read_span
from docgen.imprint import draw_imprint

if TYPE_CHECKING:
    from registry.demo import DemoAuthority

__all__ = ["app"]

_MAX_IMPRINT = 1024 * 1024
_DRAWN = "-"

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
app.add_typer(certs_keys.app)
app.add_typer(certs_tokens.app, name="keys")
app.add_typer(certs_ca.app)
app.add_typer(certs_seal.app)
app.add_typer(certs_refresh.app)
app.add_typer(certs_backup.app)


@app.callback()
def _group() -> None:
    """证书与印章 / certificates and seals."""


@app.command()
def demo(
    home: Annotated[Path | None, typer.Option(
        metavar="H", help=f"工作目录，缺省取 {HOME_VARIABLE} / the home; {HOME_VARIABLE} by default")] = None,
    org: Annotated[list[str] | None, typer.Option(
        metavar="NAME", help="机构全称，可多次给出 / an organisation's full name; may be repeated")] = None,
    uscc: Annotated[list[str] | None, typer.Option(
        metavar="CODE", help="其统一社会信用代码，与 --org 依次对应 / its USCC, one for each --org")] = None,
    imprint: Annotated[list[str] | None, typer.Option(
        metavar="PNG", help="真实印模图片，与 --org 依次对应，“-”表示绘制 / "
                            "picture of a real imprint, one for each --org; '-' draws one")] = None,
    diameter: Annotated[int, typer.Option(
        metavar="MM", help="印章直径：42、45、50 毫米 / the seals' diameter: 42, 45 or 50 mm")] = 42,
    kinds: Annotated[list[Path] | None, typer.Option(
        "--kinds", exists=True, file_okay=False, help=KINDS_HELP)] = None,
    serve: Annotated[bool, typer.Option(
        "--serve", help="随后在本机提供时间戳、证书状态（OCSP）和撤销列表服务，仅供试验 / then serve timestamps, "
                        "certificate status (OCSP) and revocation lists on this machine, for trials only")] = False,
    port: Annotated[int | None, typer.Option(
        metavar="N", min=0, max=65535, help=f"服务端口，缺省 {DEFAULT_PORT}，0 为任一空闲端口 / port of the services, "
                                            f"{DEFAULT_PORT} by default; 0 takes a free one")] = None,
    services_url: Annotated[str | None, typer.Option(
        metavar="URL", help="新目录：证书中写明服务的地址 / a new home: its certificates name the services' URL, "
                            f"http://127.0.0.1:{DEFAULT_PORT}")] = None,
    with_services: Annotated[bool, typer.Option(
        "--with-services", help="把时间戳服务写入 config.toml / put the timestamp services into config.toml")] = False,
    timestamps_last: Annotated[str | None, typer.Option(
        metavar="TIME", help="时间戳证书在此之后到期（30m、1h），供试演续期；只用于本次 --serve / let the timestamp "
                             "certificates of this run of --serve end so soon, to try a renewal")] = None,
) -> None:
    """建立演示目录 / make a demo home: certificates, registry, persons, seals, approvals, trust.

    可重复执行：已有的保留，撤销列表和印章状态列表更新 / it may be repeated: what exists is kept, the revocation
    lists and the status list of the seals are renewed.
    """
    from registry.demo import make_demo  # slow to load, and no other command here needs it

    folder, (url, number) = _folder(home), services_at(services_url, port)
    if with_services and not number:
        raise typer.BadParameter("写入设置须有固定端口 / settings need a port that stays", param_hint="--port")
    lasts = None if timestamps_last is None else read_span(timestamps_last, option="--timestamps-last")
    if lasts is not None and not serve:
        raise typer.BadParameter("只与 --serve 同用 / it goes with --serve", param_hint="--timestamps-last")
    add_named_kinds(kinds)
    make_demo(
        folder, _authorities(org or [], uscc or [], imprint or [], diameter), now=datetime.now(UTC),
        environ=os.environ, draw=_draw, kinds=layouts.kinds(), services=url if services_url else "", tell=_tell)
    opened = Home.open(folder)
    typer.echo(f"发证机关 / authorities in {folder}:")
    for code, name in opened.authorities():
        typer.echo(f"  {code}  {name}")
    typer.echo(f"信任目录 / trust folder: {opened.trust_dir}")
    typer.echo("演示证书不具法律效力 / demonstration certificates have no legal effect")
    if with_services:
        name_services(folder, url)
    if serve:
        serve_trial(folder, number, lasts)


def _folder(home: Path | None) -> Path:
    if home is not None:
        return home
    named = os.environ.get(HOME_VARIABLE, "")
    if not named:
        raise HomeError(
            HomeCode.NONE, f"请用 --home 或环境变量 {HOME_VARIABLE} 指明要建立的工作目录",
            f"name the home to make with --home or {HOME_VARIABLE}")
    return Path(named)


def _authorities(
    names: list[str], codes: list[str], imprints: list[str], diameter_mm: int,
) -> tuple[DemoAuthority, ...]:
    """Join the options by their order; without any, the authorities of the worked examples."""
    if len(names) != len(codes):
        raise typer.BadParameter(
            f"--org 有 {len(names)} 个而 --uscc 有 {len(codes)} 个，应一一对应 / "
            f"{len(names)} --org but {len(codes)} --uscc: give one of each")
    if imprints and len(imprints) != len(names):
        raise typer.BadParameter(
            f"--imprint 有 {len(imprints)} 个而 --org 有 {len(names)} 个，应一一对应（“-”表示绘制） / "
            f"{len(imprints)} --imprint but {len(names)} --org: give one of each ('-' draws one)")
    from registry.demo import DEFAULT_AUTHORITIES, DemoAuthority

    if not names:
        return tuple(replace(one, diameter_mm=diameter_mm) for one in DEFAULT_AUTHORITIES)
    pictures = [
        None if path == _DRAWN else read_file(Path(path), max_bytes=_MAX_IMPRINT)
        for path in imprints or [_DRAWN] * len(names)]
    return tuple(
        DemoAuthority(name=name, code=code, imprint=picture, diameter_mm=diameter_mm)
        for name, code, picture in zip(names, codes, pictures, strict=True))


def _draw(name: str, diameter_mm: int) -> bytes:
    from registry.demo import LOWER_LINE

    return draw_imprint(name, diameter_mm=diameter_mm, lower_line=LOWER_LINE)


def _tell(zh: str, en: str) -> None:
    typer.echo(f"{zh} / {en}")

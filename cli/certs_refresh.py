"""``zhengyin certs refresh``: fetch revocation lists and OCSP answers for every certificate in use."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from certs.config import HOME_VARIABLE, find_home, load_config
from certs.revocation_cache import CACHE
from certs.revocation_fetch import Inquiry, Trouble
from certs.revocation_refresh import Standing, refresh
from certs.untrusted_files import printable
from codes.china_time import time_en, time_zh

__all__ = ["app", "trouble_lines"]

REVOKED, UNKNOWN = 1, 3
_STATES: Final = {"good": ("有效", "good"), "revoked": ("已撤销", "revoked"), "unknown": ("未知", "unknown")}
_BY: Final = {"list": ("撤销列表", "revocation list"), "answer": ("OCSP 应答", "OCSP answer")}

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.command(name="refresh")
def refresh_command(
    home: Annotated[Path | None, typer.Option(
        metavar="H", help=f"工作目录，缺省取 {HOME_VARIABLE} / the home; {HOME_VARIABLE} by default")] = None,
) -> None:
    """获取所用证书的撤销列表和 OCSP 应答 / fetch revocation lists and OCSP answers for the certificates in use.

    放入工作目录和信任目录的 crls/、ocsp/ / they go into crls/ and ocsp/ of the home and of its trust folder. 退出码 /
    exit codes: 0 都有效 / all good, 1 有已撤销的 / one is revoked, 3 有未能查明的 / of one it is unknown.
    """
    folder = find_home(home, os.environ)
    inquiry = Inquiry(folder / CACHE, settings=load_config(folder).revocation, clock=_now, insist=True)
    standings = refresh(folder, inquiry, clock=_now)
    for standing in standings:
        typer.echo(_line(standing))
    for line in trouble_lines(one for standing in standings for one in standing.troubles):
        typer.echo(line)
    raise typer.Exit(_exit_code(standings))


def _now() -> datetime:
    return datetime.now(UTC)


def _exit_code(standings: Sequence[Standing]) -> int:
    states = {standing.state for standing in standings}
    return REVOKED if "revoked" in states else UNKNOWN if "unknown" in states else 0


def _line(standing: Standing) -> str:
    """What is told of one certificate: its state, by what, until when."""
    zh, en = _STATES[standing.state]
    until = ""
    if standing.until is not None:
        by_zh, by_en = _BY[standing.by]
        until = f"  {by_zh}至{time_zh(standing.until)} / {by_en} until {time_en(standing.until)}"
    name = printable(standing.certificate.subject_cn or standing.certificate.subject_text)
    return f"{zh} {en}  {name} ({standing.certificate.serial:x}){until}"


def trouble_lines(troubles: Iterable[Trouble]) -> list[str]:
    """What could not be had: each sentence once, with its addresses and for how many certificates each was wanted."""
    counted: dict[tuple[str, str], Counter[str]] = {}
    for one in troubles:
        counted.setdefault((one.error.zh, one.error.en), Counter())[one.url] += 1
    lines = []
    for (zh, en), urls in counted.items():
        places = [printable(url) + (f" ({count})" if count > 1 else "") for url, count in urls.items() if url]
        alone = f" ({urls['']})" if urls[""] > 1 else ""
        lines += [f"✗ {places[0]}: {zh} / {en}"] if len(places) == 1 and not urls[""] else [
            f"✗ {zh} / {en}{alone}", *(f"    {place}" for place in places)]
    return lines

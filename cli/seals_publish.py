"""Publication (公示) of the state of seals, and taking a published list into a verifier's trust folder."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from certs.files import read_file
from certs.home import Home
from certs.moments import write_moment
from certs.status_list import StatusList, name_seals, receive_status_list
from certs.trust import MAX_STATUS_LIST
from cli.seals_common import HomeOption, JsonOption, opened, print_json, state_words
from cli.spans import read_span
from codes.china_time import time_en, time_zh
from registry.publication import PAGE, Publication, publish, status_signer

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.command("publish")
def publish_states(
    out: Annotated[Path | None, typer.Option(
        metavar="DIR", file_okay=False, help="公示目录：状态列表与网页 / folder for the list and the page")] = None,
    valid_for: Annotated[str, typer.Option(
        metavar="SPAN",
        help="列表有效多久，如 90m、24h、7d，至多 31d / how long the list is fresh, 31d at most")] = "24h",
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """公示全部印章的现状：签发状态列表，更新信任目录 / publish what became of every seal."""
    span = read_span(valid_for)
    with opened(home) as registry:
        made = publish(registry, signer=status_signer(Home.open(registry.home)), valid_for=span, out=out)
    if as_json:
        print_json({**_facts(made.listed), "states": {state.value: count for state, count in made.counts.items()},
                    "unknown": list(made.unknown), "strangers": list(made.strangers), "out": str(out) if out else None})
        _warn(made)
        return
    counts = "，".join(f"{state_words(state)} {count}" for state, count in made.counts.items()) or "—"
    typer.echo(f"已公示第 {made.listed.sequence} 号状态列表，有效至{time_zh(made.listed.next_update)} / "
               f"published list {made.listed.sequence}, fresh until {time_en(made.listed.next_update)}\n{counts}")
    if made.unknown:
        typer.echo("登记库中没有、照先前公示保留的印章 / not in the registry, kept as published before: "
                   + name_seals(made.unknown))
    if out:
        typer.echo(f"{out / PAGE}")
    _warn(made)


def _warn(made: Publication) -> None:
    """Say that somebody else publishes in this office's name, or did before a restoration."""
    if made.strangers:
        numbers = ", ".join(map(str, made.strangers))
        typer.echo(f"注意：第 {numbers} 号状态列表不是本登记库签发的：本目录恢复自备份，或另有一份复制的目录也在办理，"
                   "两份目录不能同时使用 / "
                   f"list {numbers} was not signed by this registry: this home was restored, or a copy of it acts as "
                   "well; one home alone may be in use", err=True)


@app.command()
def receive(
    file: Annotated[Path, typer.Argument(
        metavar="FILE", exists=True, dir_okay=False, help="取得的 seal-status.json / the list that was fetched")],
    trust: Annotated[Path, typer.Option(
        "--trust", metavar="DIR", exists=True, file_okay=False,
        help="核验方的信任目录 / the verifier's trust folder")],
    stale: Annotated[bool, typer.Option(
        "--stale", help="已过期的也收（恢复备份后核对用） / take it even though it is not fresh any more")] = False,
    as_json: JsonOption = False,
) -> None:
    """把新取得的状态列表放入信任目录，旧的不收 / take a newer status list into a trust folder."""
    data = read_file(file, max_bytes=MAX_STATUS_LIST)
    listed = receive_status_list(trust, data, now=datetime.now(UTC), stale=stale)
    if as_json:
        print_json(_facts(listed))
    else:
        typer.echo(f"已收入第 {listed.sequence} 号状态列表，有效至{time_zh(listed.next_update)} / "
                   f"took in list {listed.sequence}, fresh until {time_en(listed.next_update)}")


def _facts(listed: StatusList) -> dict[str, str | int]:
    return {"sequence": listed.sequence, "published": write_moment(listed.this_update),
            "until": write_moment(listed.next_update), "seals": len(listed.seals)}

"""``zhengyin seals``: the registry of seals and the acts in their life. Each group of commands is a module."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from certs.config import find_home
from certs.moments import write_moment
from cli import (
    seals_actors,
    seals_acts,
    seals_approve,
    seals_compare,
    seals_due,
    seals_lost,
    seals_publish,
    seals_rotate,
    seals_show,
)
from cli.actor_keys import actor_signer, load_certificate
from cli.seals_common import AsOption, HomeOption, JsonOption, ReasonOption, act, opened, tell
from docgen.ledger import Ledger
from registry.actors import create_registry
from registry.audit_logs import ledger_log, registry_log
from registry.clock import ACCEPT_CLOCK, is_behind
from registry.database import Registry
from registry.deploy import settle

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
app.add_typer(seals_acts.app)
app.add_typer(seals_lost.app)
app.add_typer(seals_show.app)
app.add_typer(seals_due.app)
app.add_typer(seals_rotate.app)
app.add_typer(seals_publish.app)
app.add_typer(seals_compare.app)
app.add_typer(seals_actors.app, name="actors")
app.add_typer(seals_approve.app, name="approve")


@app.callback()
def _group() -> None:
    """印章登记：申请、审核、制作、启用、续期、停用、挂失、注销 / the registry of seals and the acts in their life."""


@app.command()
def init(
    administrator: Annotated[Path, typer.Option(
        metavar="CER", help="首任管理员的个人证书（DER） / personal certificate of the first administrator")],
    unit: Annotated[str, typer.Option(
        metavar="USCC", help="其单位，缺省取证书所载 / the unit; by default what the certificate says")] = "",
    home: HomeOption = None,
) -> None:
    """建立登记库 / make the registry of a home and name its first administrator."""
    folder = find_home(home, os.environ)
    with create_registry(folder, administrator=load_certificate(administrator), unit=unit,
                         now=datetime.now(UTC)) as registry:
        typer.echo(f"已建立登记库 / made the registry: {registry.id}")


@app.command("settle")
def settle_files(home: HomeOption = None) -> None:
    """使文件与登记库一致（恢复备份后用） / make every file agree with the registry, as after a restored backup."""
    with opened(home) as registry:
        blocked = settle(registry, everything=True)
        typer.echo("文件与登记库一致 / the files agree with the registry")
        if blocked:
            typer.echo(f"仍封停 / still blocked: {', '.join(blocked)}")


@app.command("accept-clock")
def accept_clock(
    person: AsOption, reason: ReasonOption, home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """认可现在的时钟（曾在错误的将来时间记过一条，管理员办） / go on after an entry that a wrong clock dated ahead."""
    with Registry.open(find_home(home, os.environ)) as registry:
        signer, issued = actor_signer(person, home=registry.home), registry.home / "issued"
        with registry.reading() as session, ledger_log(issued) as uses:
            last = {registry.id: registry_log(session, registry.log).last_at()}
            if uses is not None:
                last[uses.name] = uses.last_at()
        behind = [log for log, at in last.items() if at is not None and is_behind(registry.now(), at)]
        for log in behind or [registry.id]:
            at = last[log]
            outcome = act(registry, ACCEPT_CLOCK, log, {"last": write_moment(at) if at else "", "reason": reason},
                          signer=signer)
            tell(ACCEPT_CLOCK, outcome, as_json=as_json)
            if log != registry.id:
                Ledger(issued).accept_clock()

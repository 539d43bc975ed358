"""``zhengyin seals actors``: who may act."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select

from certs.moments import write_moment
from cli.actor_keys import actor_signer, load_certificate
from cli.seals_common import AsOption, HomeOption, JsonOption, act, opened, print_json, tell
from cli.tables import table
from codes.china_time import time_en
from registry.tables import Actor, ActorRole
from registry.words import roles_zh

__all__ = ["app"]

RoleOption = Annotated[str, typer.Option(
    "--role", metavar="ROLE", help="administrator、applicant、custodian、county-reviewer、upper-reviewer、maker、"
                                   "approver、auditor")]
RegionOption = Annotated[str, typer.Option(
    "--region", metavar="CODE", help="审核人的行政区划六位码 / six digits of a reviewer's region")]

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """办理人及其角色 / who may act, and as what."""


@app.command()
def appoint(
    person: AsOption,
    certificate: Annotated[Path, typer.Option(metavar="CER", help="其个人证书 / the personal certificate")],
    role: RoleOption,
    unit: Annotated[str, typer.Option(
        metavar="USCC", help="其单位，缺省取证书所载 / the unit; by default what the certificate says")] = "",
    region: RegionOption = "", home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """任命 / give a person a role."""
    appointed = load_certificate(certificate)
    with opened(home) as registry:
        outcome = act(registry, "actor-appoint", appointed.fingerprint, {
            "certificate": base64.b64encode(appointed.der).decode(), "role": role,
            "unit": unit or appointed.uscc or "", "region": region}, signer=actor_signer(person, home=registry.home))
        tell("actor-appoint", outcome, as_json=as_json)


@app.command()
def dismiss(
    actor: Annotated[str, typer.Argument(metavar="ACTOR", help="actors list 所列编号 / id as in actors list")],
    person: AsOption, role: RoleOption = "", region: RegionOption = "", home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """免去一个角色，不指明时免去全部 / take a role from a person, or every one."""
    with opened(home) as registry:
        outcome = act(registry, "actor-dismiss", actor, {"role": role, "region": region},
                      signer=actor_signer(person, home=registry.home))
        tell("actor-dismiss", outcome, as_json=as_json)


@app.command("list")
def list_actors(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """列出办理人 / list who may act."""
    with opened(home) as registry, registry.reading() as session:
        rows = session.execute(
            select(Actor, ActorRole).join(ActorRole, ActorRole.actor == Actor.id).order_by(ActorRole.number)).all()
        found = [
            {"actor": actor.id, "name": actor.name, "unit": actor.unit, "role": role.role, "region": role.region,
             "since": write_moment(role.since), "until": write_moment(role.until) if role.until else None}
            for actor, role in rows]
    if as_json:
        print_json({"actors": found})
        return
    if not found:
        typer.echo("没有办理人 / nobody may act", err=True)
        return
    typer.echo(table(
        ("编号 actor", "角色 role", "辖区 region", "姓名 name", "单位 unit", "任命 since", "免职 until"),
        [(actor.id, f"{roles_zh([role.role])} {role.role}", role.region or "—", actor.name, actor.unit,
          time_en(role.since), time_en(role.until) if role.until else "—") for actor, role in rows]))

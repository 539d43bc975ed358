"""``zhengyin seals approve``: approvals of sealing, given by one approver, confirmed by another, and withdrawn."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from sqlalchemy import select

import docgen
import layouts
from certs.approval import GIVEN, Terms, confirm, give, read_terms
from certs.demo_pki import CHINA_TIME
from certs.files import read_file
from certs.statement import SignedStatement
from cli.actor_keys import actor_signer
from cli.kind_folders import add_kinds
from cli.seals_common import AsOption, HomeOption, JsonOption, ReasonOption, act, opened, parse_moment, tell
from registry.approvals import find_approval
from registry.requests import Outcome
from registry.tables import Approval

__all__ = ["app"]

_MAX_RECORD: Final = 2 * 1024 * 1024
NumberArgument = Annotated[str, typer.Argument(metavar="ID", help="审批编号 / number of the approval")]

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """用印审批：一人批准，另一人确认，可撤回 / approvals of sealing: given, confirmed by another, withdrawn."""


@app.command("give")
def give_approval(
    number: NumberArgument, person: AsOption,
    seal: Annotated[str, typer.Option(metavar="ID", help="印章编码 / identifier of the seal")],
    kind: Annotated[list[str], typer.Option(
        "--kind", metavar="KIND", help="证照种类，可多次给出 / a licence kind; repeatable")],
    region: Annotated[str, typer.Option(metavar="CODE", help="行政区划六位码 / six digits of the region")],
    start: Annotated[datetime, typer.Option("--from", metavar="MOMENT", parser=parse_moment, help="自 / from")],
    end: Annotated[datetime, typer.Option("--to", metavar="MOMENT", parser=parse_moment, help="至 / to")],
    count: Annotated[int, typer.Option(metavar="N", min=1, help="次数 / how many licences in all")],
    record: Annotated[Path | None, typer.Option(
        metavar="JSON", exists=True, dir_okay=False,
        help="只准用于这一份数据，次数为 1 / only for this record, and once")] = None,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """批准；经另一人确认后生效 / give an approval; it is in force once another person confirms it."""
    add_kinds(None, home)
    if unknown := sorted(set(kind).difference(layouts.kinds())):
        raise typer.BadParameter(
            f"没有证照种类 {'、'.join(unknown)}（见 zhengyin kinds list） / "
            f"there is no licence kind {', '.join(unknown)} (see `zhengyin kinds list`)", param_hint="--kind")
    with opened(home) as registry:
        digest = _digest(record, registry.home) if record else None
        terms = Terms(id=number, kinds=tuple(kind), region=region, seal_id=seal, valid_from=start, valid_to=end,
                      count=count, record=digest)
        signer = actor_signer(person, home=registry.home)
        with registry.reading() as session:
            before = session.get(Approval, number)
        if before is not None and before.given_by == signer.certificate.fingerprint and terms == read_terms(
                SignedStatement.parse(before.given, type=GIVEN)):                            # cut short before
            outcome = Outcome(case=number, state="given", facts={"seal": seal})
        else:
            given = give(terms, signer=signer, at=registry.now())
            outcome = act(registry, "approve-give", number, documents={"approval": given.to_json()}, signer=signer)
        tell("approve-give", outcome, as_json=as_json)


def _digest(record: Path, home: Path) -> str:
    """Return the SM3 of a checked record, by which its approval names it."""
    return docgen.check_record(read_file(record, max_bytes=_MAX_RECORD), home=home).digest.hex()


@app.command("confirm")
def confirm_approval(
    number: NumberArgument, person: AsOption, home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """确认他人的批准 / confirm an approval that another person gave."""
    with opened(home) as registry:
        signer = actor_signer(person, home=registry.home)
        with registry.reading() as session:
            row = find_approval(session, number)
        if not as_json:
            typer.echo(_terms(row))
        if row.confirmed_by == signer.certificate.fingerprint:                               # cut short before
            outcome = Outcome(case=number, state="confirmed", facts={"seal": row.seal_id})
        else:
            given = SignedStatement.parse(row.given, type=GIVEN)
            confirmed = confirm(given, signer=signer, at=registry.now())
            outcome = act(registry, "approve-confirm", number, documents={"confirmation": confirmed.to_json()},
                          signer=signer)
        tell("approve-confirm", outcome, as_json=as_json)


def _terms(row: Approval) -> str:
    """Return what an approval allows, in one line."""
    terms = read_terms(SignedStatement.parse(row.given, type=GIVEN))
    state = "withdrawn" if row.withdrawn_at else "confirmed" if row.confirmed_at else "given"
    start, end = (moment.astimezone(CHINA_TIME).isoformat(" ", "minutes")
                  for moment in (terms.valid_from, terms.valid_to))
    scope = f"{' '.join(terms.kinds)}  {terms.region}  {start} – {end}  ×{terms.count}"
    return f"{terms.id}  {state:<9}  {terms.seal_id}  {scope}" + (f"  SM3 {terms.record}" if terms.record else "")


@app.command("list")
def list_approvals(
    seal: Annotated[str | None, typer.Option(metavar="ID", help="只列此印章的 / only those for this seal")] = None,
    home: HomeOption = None,
) -> None:
    """列出用印审批 / list approvals: number, state, seal, kinds, region, period, how many."""
    with opened(home) as registry, registry.reading() as session:
        rows = session.scalars(select(Approval).order_by(Approval.id)).all()
    for row in rows:
        if seal in (None, row.seal_id):
            typer.echo(_terms(row))


@app.command("withdraw")
def withdraw_approval(
    number: NumberArgument, person: AsOption, reason: ReasonOption, home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """撤回，由本单位任一审批人或保管人办理 / withdraw an approval, by any approver or custodian of the unit."""
    with opened(home) as registry:
        outcome = act(registry, "approve-withdraw", number, {"reason": reason},
                      signer=actor_signer(person, home=registry.home))
        tell("approve-withdraw", outcome, as_json=as_json)

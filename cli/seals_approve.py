"""``zhengyin seals approve``: approvals of sealing, given by one approver and confirmed by another."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from certs.approval import GIVEN, Terms, confirm, give, read_terms
from certs.statement import SignedStatement
from cli.actor_keys import actor_signer
from cli.seals_common import AsOption, HomeOption, JsonOption, act, opened, parse_moment, tell
from registry.approvals import find_approval
from registry.requests import Outcome
from registry.tables import Approval

__all__ = ["app"]

NumberArgument = Annotated[str, typer.Argument(metavar="ID", help="审批编号 / number of the approval")]

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """用印审批：一人批准，另一人确认 / approvals of sealing: one person gives, another confirms."""


@app.command("give")
def give_approval(
    number: NumberArgument, person: AsOption,
    seal: Annotated[str, typer.Option(metavar="ID", help="印章编码 / identifier of the seal")],
    kind: Annotated[list[str], typer.Option(metavar="KIND", help="证照种类，可多次给出 / a licence kind; repeatable")],
    region: Annotated[str, typer.Option(metavar="CODE", help="行政区划六位码 / six digits of the region")],
    start: Annotated[datetime, typer.Option("--from", metavar="MOMENT", parser=parse_moment, help="自 / from")],
    end: Annotated[datetime, typer.Option("--to", metavar="MOMENT", parser=parse_moment, help="至 / to")],
    count: Annotated[int, typer.Option(metavar="N", min=1, help="次数 / how many licences in all")],
    record: Annotated[str | None, typer.Option(
        metavar="SM3", help="只准用于这一份数据 / only for the record with this digest")] = None,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """批准；经另一人确认后生效 / give an approval; it is in force once another person confirms it."""
    terms = Terms(id=number, kinds=tuple(kind), region=region, seal_id=seal, valid_from=start, valid_to=end,
                  count=count, record=record)
    with opened(home) as registry:
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


@app.command("confirm")
def confirm_approval(
    number: NumberArgument, person: AsOption, home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """确认他人的批准 / confirm an approval that another person gave."""
    with opened(home) as registry:
        signer = actor_signer(person, home=registry.home)
        with registry.reading() as session:
            row = find_approval(session, number)
        if row.confirmed_by == signer.certificate.fingerprint:                               # cut short before
            outcome = Outcome(case=number, state="confirmed", facts={"seal": row.seal_id})
        else:
            given = SignedStatement.parse(row.given, type=GIVEN)
            confirmed = confirm(given, signer=signer, at=registry.now())
            outcome = act(registry, "approve-confirm", number, documents={"confirmation": confirmed.to_json()},
                          signer=signer)
        tell("approve-confirm", outcome, as_json=as_json)

"""``zhengyin seals approve``: approvals of sealing, given by one approver, confirmed by another, and withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from sqlalchemy import select

import docgen
import layouts
from certs.approval import GIVEN, Terms, confirm, give, read_terms
from certs.canonical_json import JSON
from certs.files import read_file
from certs.moments import write_moment
from certs.statement import SignedStatement
from cli.actor_keys import actor_signer
from cli.kind_folders import add_kinds
from cli.seals_common import (
    AsOption,
    HomeOption,
    JsonOption,
    ReasonOption,
    act,
    opened,
    parse_moment,
    print_json,
    state_words,
    tell,
)
from cli.tables import table
from codes.china_time import time_en
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
            typer.echo(_table([row]))
        if row.confirmed_by == signer.certificate.fingerprint:                               # cut short before
            outcome = Outcome(case=number, state="confirmed", facts={"seal": row.seal_id})
        else:
            given = SignedStatement.parse(row.given, type=GIVEN)
            confirmed = confirm(given, signer=signer, at=registry.now())
            outcome = act(registry, "approve-confirm", number, documents={"confirmation": confirmed.to_json()},
                          signer=signer)
        tell("approve-confirm", outcome, as_json=as_json)


def _state(row: Approval) -> str:
    return "withdrawn" if row.withdrawn_at else "confirmed" if row.confirmed_at else "given"


def _table(rows: Sequence[Approval]) -> str:
    """Return what approvals allow, a line each."""
    return table(
        ("编号 id", "状态 state", "印章编码 seal", "证照种类 kinds", "区划 region", "自 from", "至 to", "次数 count",
         "限此数据 record SM3"),
        [(terms.id, state_words(_state(row)), terms.seal_id, " ".join(terms.kinds), terms.region,
          time_en(terms.valid_from), time_en(terms.valid_to), str(terms.count), terms.record or "—")
         for row, terms in ((row, _terms(row)) for row in rows)])


def _terms(row: Approval) -> Terms:
    return read_terms(SignedStatement.parse(row.given, type=GIVEN))


def _to_json(row: Approval) -> dict[str, JSON]:
    terms = _terms(row)
    return {"id": terms.id, "state": _state(row), "seal": terms.seal_id, "kinds": list(terms.kinds),
            "region": terms.region, "from": write_moment(terms.valid_from), "to": write_moment(terms.valid_to),
            "count": terms.count, "record": terms.record}


@app.command("list")
def list_approvals(
    seal: Annotated[str | None, typer.Option(metavar="ID", help="只列此印章的 / only those for this seal")] = None,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """列出用印审批 / list approvals: number, state, seal, kinds, region, period, how many."""
    with opened(home) as registry, registry.reading() as session:
        rows = [row for row in session.scalars(select(Approval).order_by(Approval.id)) if seal in (None, row.seal_id)]
    if as_json:
        print_json({"approvals": tuple(_to_json(row) for row in rows)})
    elif rows:
        typer.echo(_table(rows))
    else:
        typer.echo("没有用印审批 / there is no approval", err=True)


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

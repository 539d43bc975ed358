"""Commands that only look: one case with its course, and lists of cases."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.seals_common import CaseArgument, HomeOption, JsonOption, opened, print_json
from registry.cases import find_case
from registry.seals import describe, history, list_cases
from registry.states import Phase, State

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.command()
def show(case: CaseArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """显示一个事项及其经过 / show a case and its course."""
    with opened(home) as registry, registry.reading() as session:
        seal = find_case(session, case)
        content, acts = describe(session, seal, at=registry.now()), history(session, seal)
    if as_json:
        print_json({**content, "acts": acts})
        return
    for key, value in content.items():
        if isinstance(value, dict):
            for title, digest in value.items():
                typer.echo(f"  document {title}: {digest}")
        elif value is not None:
            typer.echo(f"{key}: {value}")
    for act in acts:
        typer.echo(f"  {act['at']}  {act['act']}  {act['by']}")


@app.command("list")
def list_all(
    state: Annotated[Phase | None, typer.Option(help="只列此状态 / only those in this state")] = None,
    org: Annotated[str | None, typer.Option(metavar="USCC", help="只列此单位 / only those of this USCC")] = None,
    unfiled: Annotated[bool, typer.Option(
        "--unfiled", help="只列已启用而未备案的 / only those in use without a number of filing")] = False,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """列出事项 / list cases."""
    with opened(home) as registry, registry.reading() as session:
        now = registry.now()
        cases = [describe(session, seal, at=now)
                 for seal in list_cases(session, at=now, phase=state, organisation=org)
                 if not unfiled or (seal.filing_number is None and seal.state == State.IN_USE)]
    if as_json:
        print_json({"cases": cases})
        return
    for one in cases:
        end = str(one["valid_end"] or "")[:10]
        typer.echo(f"{one['case']}  {one['state']:<15}  {one['seal'] or '-'}  {end or '-'}  {one['name']}")

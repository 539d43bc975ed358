"""``zhengyin seals compare``: the registry of a restored home against the last published status list."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import typer

from certs.status_list import trusted_status_list
from certs.trust import Trust
from cli.seals_common import HomeOption, JsonOption, opened, print_json, state_words
from cli.tables import table
from registry.comparison import compare
from registry.public_seals import public_seals

__all__ = ["app"]

_DIFFERENT: Final = 1

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.command("compare")
def compare_states(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """核对登记库与信任目录中的状态列表（恢复备份后用） / compare the registry with the status list in trust/.

    先用 seals receive 收入最近公示的列表；有差异时返回 1 / take in the last published list with `seals receive`
    first; exit code 1 when something differs.
    """
    with opened(home) as registry:
        now = datetime.now(UTC)
        listed = trusted_status_list(Trust.load(registry.home / "trust"), at=now, clock_now=now)
        with registry.reading() as session:
            found = compare(listed, public_seals(session, listed.this_update))
    if as_json:
        print_json({"sequence": listed.sequence, "differences": [
            {"seal": one.seal_id, "listed": one.listed.value, "here": one.here.value if one.here else None}
            for one in found]})
    else:
        if found:
            typer.echo(table(("印章编码 seal", "公示 listed", "登记库 here"), [
                (one.seal_id, state_words(one.listed), state_words(one.here) if one.here else "没有 none")
                for one in found]))
        typer.echo(f"与第 {listed.sequence} 号状态列表相比有 {len(found)} 处差异 / "
                   f"{len(found)} differences from status list {listed.sequence}")
    raise typer.Exit(_DIFFERENT if found else 0)

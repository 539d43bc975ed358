"""``zhengyin issue --waiting``: what waits for a timestamp is finished, shown, or taken away."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cli.issue import REFUSED, WAITING, Tally
from codes.china_time import CHINA_TIME
from codes.errors import EngineError

if TYPE_CHECKING:
    from certs.home import Home
    from docgen.waiting import Waiting

__all__ = ["finish", "list_or_drop"]


def finish(home: Home, out: Path, font_pack: Path | None) -> int:
    """Issue what waits, a line of JSON each; return the exit code."""
    import docgen
    from certs.tsa import TsaError
    from cli.main import print_error

    tally = Tally()
    try:
        for result in docgen.finish_waiting(home=home, out=out, font_pack=font_pack):
            tally.tell(result)
    except TsaError as error:
        print_error(error)
        return WAITING
    code = tally.close()
    return code or (WAITING if _left(home) else 0)


def _left(home: Home) -> int:
    """Say on stderr how many records still wait, and return their number."""
    import docgen

    left = sum(1 for _ in docgen.list_waiting(home))
    if left:
        typer.echo(f"仍有 {left} 条等待 / {left} still waiting", err=True)
    return left


def list_or_drop(home: Home, drop: str | None) -> int:
    """Show what waits, a line of JSON each, or take one away; return the exit code."""
    import docgen

    if drop is None:
        for identifier, found in docgen.list_waiting(home):
            typer.echo(json.dumps({"identifier": identifier} | _facts(found), ensure_ascii=False))
        return 0
    if not docgen.drop_waiting(drop, home):
        typer.echo(f"没有这样一条在等待：{drop} / nothing waits under {drop}", err=True)
        return REFUSED
    typer.echo(f"已撤下，不再签发 / taken away, it will not be issued: {drop}")
    return 0


def _facts(found: Waiting | EngineError) -> dict[str, object]:
    if isinstance(found, EngineError):
        return {"code": found.code.value, "zh": found.zh, "en": found.en}
    return {"since": found.since.astimezone(CHINA_TIME).isoformat(timespec="seconds"), "attachments": list(found.keys),
            "faults": [asdict(fault) for fault in found.faults]}

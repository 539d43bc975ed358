"""Commands that only look: one case with its course, and lists of cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

import typer

from certs.canonical_json import JSON, is_object
from certs.moments import read_moment
from cli.seals_common import CaseArgument, HomeOption, JsonOption, opened, print_json, state_words
from cli.tables import table
from codes.china_time import time_en
from registry.cases import find_case
from registry.seals import cancel_requests, describe, history, list_cases
from registry.states import Phase, State
from registry.words import act_zh

__all__ = ["app"]

_LABELS: Final = {
    "case": "事项", "organisation": "单位", "name": "印章名称", "type": "类型", "state": "状态",
    "recorded": "登记的状态", "seal": "印章编码", "filing": "备案号", "predecessor": "原印章事项",
    "imprint": "印模 SM3", "diameter_mm": "直径（毫米）", "reason": "理由", "applicant": "申请人",
    "county_reviewer": "县级审核人", "upper_reviewer": "上级审核人", "maker": "制章人", "custodian": "保管人",
    "applied_at": "申请时间", "made_at": "制作时间", "valid_start": "有效期起", "valid_end": "有效期止",
    "in_use_from": "启用时间", "in_use_until": "停止使用时间",
}
"""Key of a case → what it is called."""
_MOMENTS: Final = frozenset({"applied_at", "made_at", "valid_start", "valid_end", "in_use_from", "in_use_until"})
_HEADINGS: Final = ("事项 case", "状态 state", "印章编码 seal", "有效期止 valid to", "备案号 filing", "印章名称 name")

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

ValueOption = Annotated[str, typer.Option(
    "--value", metavar="KEY", help="只输出这一项的值，供脚本使用，如 case、seal / print the value of one key alone, "
                                   "for scripts: case, seal …")]


@app.command()
def show(
    case: CaseArgument, value: ValueOption = "", home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """显示一个事项及其经过 / show a case and its course."""
    _check_key(value)
    with opened(home) as registry, registry.reading() as session:
        seal, now = find_case(session, case), registry.now()
        content, acts = describe(session, seal, at=now), history(session, seal)
        asked = cancel_requests(session, at=now, case=case).get(case)
    if as_json:
        print_json({**content, "cancel_requested": asked, "acts": acts})
    elif value:
        _print_value(content, value)
    else:
        typer.echo(_course(content, acts, asked))


def _course(content: Mapping[str, JSON], acts: list[dict[str, JSON]], asked: JSON) -> str:
    lines = [(f"{label} {key}", _told(key, content[key])) for key, label in _LABELS.items() if content[key] is not None]
    if is_object(asked):
        lines.append(("已申请注销 cancel_requested", f"{_moment(asked['at'])}  {asked['by']}  {asked['reason']}"))
    parts = [table(("", ""), lines)]
    documents = content["documents"]
    if is_object(documents) and documents:
        parts.append(table(("材料 document", "SM3"), [(title, str(digest)) for title, digest in documents.items()]))
    parts.append(table(("时间 time", "办理 act", "办理人 by"), [
        (_moment(act["at"]), f"{act_zh(str(act['act']))} {act['act']}", str(act["by"])) for act in acts]))
    return "\n\n".join(parts)


def _told(key: str, value: JSON) -> str:
    if key in ("state", "recorded"):
        return state_words(str(value))
    return _moment(value) if key in _MOMENTS else str(value)


def _moment(value: JSON) -> str:
    return time_en(read_moment(str(value)))


@app.command("list")
def list_all(
    state: Annotated[Phase | None, typer.Option(help="只列此状态 / only those in this state")] = None,
    org: Annotated[str | None, typer.Option(metavar="USCC", help="只列此单位 / only those of this USCC")] = None,
    unfiled: Annotated[bool, typer.Option(
        "--unfiled", help="只列已启用而未备案的 / only those in use without a number of filing")] = False,
    to_cancel: Annotated[bool, typer.Option(
        "--to-cancel", help="只列已申请注销、待办理的 / only those whose cancelling was asked for")] = False,
    value: ValueOption = "", home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """列出事项 / list cases."""
    _check_key(value)
    with opened(home) as registry, registry.reading() as session:
        now = registry.now()
        asked = cancel_requests(session, at=now)
        cases = [{**describe(session, seal, at=now), "cancel_requested": asked.get(seal.case)}
                 for seal in list_cases(session, at=now, phase=state, organisation=org)
                 if not (unfiled and (seal.filing_number is not None or seal.state != State.IN_USE))
                 and not (to_cancel and seal.case not in asked)]
    if as_json:
        print_json({"cases": cases})
    elif value:
        for one in cases:
            _print_value(one, value)
    elif cases:
        typer.echo(table(_HEADINGS, [_row(one) for one in cases]))
    else:
        typer.echo("没有这样的事项 / there is no such case", err=True)


def _row(one: Mapping[str, JSON]) -> tuple[str, ...]:
    asked = "（已申请注销 cancel requested）" if one["cancel_requested"] else ""
    end = _moment(one["valid_end"])[:10] if one["valid_end"] else "—"
    return (str(one["case"]), state_words(str(one["state"])) + asked, str(one["seal"] or "—"), end,
            str(one["filing"] or "—"), str(one["name"]))


def _check_key(value: str) -> None:
    if value and value not in _LABELS:
        raise typer.BadParameter(
            f"没有“{value}”这一项，可用：{'、'.join(_LABELS)} / "
            f"there is no key {value}; there are: {', '.join(_LABELS)}", param_hint="--value")


def _print_value(content: Mapping[str, JSON], key: str) -> None:
    typer.echo("" if content[key] is None else str(content[key]))

"""``zhengyin archive renew``: what is due, many packages under one timestamp, and what was left too long."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.archive_common import (
    ArchiveArgument,
    HomeOption,
    JsonOption,
    day,
    end_progress,
    iso,
    moment_of,
    opened_home,
    plain,
    progress,
    said,
    stamper_of,
    tell,
    tell_reasons,
)
from codes.china_time import time_en, time_zh

if TYPE_CHECKING:
    from archive.lapse import Lapse
    from archive.renewing import Renewed

__all__ = ["app"]

TOO_LATE: Final = 4
_SOON: Final = dt.timedelta(days=30)

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def renew(
    folder: ArchiveArgument,
    before: Annotated[str | None, typer.Option(
        "--due-before", metavar="DATE",
        help="续期期限在此日之前的，默认三十日之后 / what is due before this day; by default in thirty days")] = None,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """续期存证与 PDF 时间戳 / renew the evidence that is due, many packages under one timestamp.

    退出码 / exit codes: 0 all renewed or nothing due, 1 some could not be, 2 usage, 3 could not, 4 for some it came too
    late: their evidence had lapsed, or no revocation list in force showed it to be good any more.
    """
    from archive.listing import line_of
    from archive.renewing import Renewed, renew_all
    from archive.store import Archive

    archive = Archive.open(folder)
    opened = opened_home(home, None)
    now = opened.clock()
    limit = moment_of(before, "--due-before") or now + _SOON
    failed = done = unshown = 0
    lapsed: list[Lapse] = []
    told: set[str] = set()
    for outcome in renew_all(archive, before=limit, now=now, trust=opened.trust(), timestamper=stamper_of(opened)):
        done += 1
        if isinstance(outcome, Renewed):
            due = line_of(archive, outcome.identifier).due
            lapsed += [] if outcome.lapse is None else [outcome.lapse]
            unshown += outcome.unshown
            tell(as_json, {
                "identifier": outcome.identifier, "renewed": True, "was_due": iso(outcome.was_due),
                "too_late": outcome.lapse is not None, "unshown": outcome.unshown,
                "lapsed_at": None if outcome.lapse is None else iso(outcome.lapse.at), "due": iso(due)},
                _renewed(outcome, now, due))
        else:
            failed += 1
            tell(as_json, {"identifier": outcome.identifier, "renewed": False, **plain(outcome.error)},
                 f"✗ {outcome.identifier}: {said(outcome.error)}")
            tell_reasons(outcome.error, told)
        progress(done)
    end_progress()
    if not done:
        typer.echo(f"没有在 {day(limit)} 前须续期的，未作改动 / "
                   f"nothing is due before {day(limit)}: nothing was changed", err=True)
    typer.echo(f"{done - failed} 件已续期，{failed} 件未续 / {done - failed} renewed, {failed} not", err=True)
    if lapsed:
        typer.echo(_too_late(lapsed), err=True)
    if unshown:
        typer.echo(
            f"! {unshown} 件续期时没有所属 CA 的现行撤销列表，又不能再等：请尽快把该列表放入信任目录，用 zhengyin "
            "archive verify 核验；取不到的，只能证明自本次续期起已存在，除非用另一份档案或备份换回 / for "
            f"{unshown} no current revocation list of the timestamp service's CA was there, and they could wait no "
            "longer: put that list into the trust folder soon and see zhengyin archive verify; without one they are "
            "proven from this renewal on alone, unless another archive or a backup takes their place", err=True)
    raise typer.Exit(1 if failed else TOO_LATE if lapsed or unshown else 0)


def _renewed(outcome: Renewed, now: dt.datetime, due: dt.datetime | None) -> str:
    if outcome.lapse is not None:
        zh, en = _since(outcome.lapse)
        return f"! {outcome.identifier} 续期已晚，{zh} / renewed too late: {en}"
    if outcome.unshown:
        return (f"! {outcome.identifier} 已续期，但没有现行的撤销列表证明此前的时间戳 / renewed, though no revocation "
                "list in force shows the timestamp before it to be good")
    overdue = outcome.was_due is not None and outcome.was_due < now
    word = "已续期（逾期，但尚未失效） / renewed, overdue but not too late" if overdue else "已续期 / renewed"
    return f"✓ {outcome.identifier} {word} (原期限 was due {day(outcome.was_due)}，新期限 now due {day(due)})"


def _since(lapse: Lapse) -> tuple[str, str]:
    """Since when evidence proved nothing any more, or why."""
    if lapse.at is None:
        return lapse.zh, lapse.en
    return f"存证已于{time_zh(lapse.at)}失效", f"its evidence had lapsed at {time_en(lapse.at)}"


def _too_late(lapsed: Sequence[Lapse]) -> str:
    """What was lost with evidence that had lapsed, and what is left to do."""
    days = sorted({day(lapse.at) for lapse in lapsed if lapse.at is not None})
    span = " – ".join(dict.fromkeys((days[0], days[-1]))) if days else ""
    on_zh, on_en = (f"（{span} 失效）", f" (it lapsed on {span})") if span else ("", "")
    return (
        f"! {len(lapsed)} 件续期已晚{on_zh}：自本次续期起仍可证明，此前的不能再证明。原件现在仍证明真实的，今后仍可"
        "证明；其余为“无法确定”，除非用按期续期的另一份档案或备份换回。逐件核验：zhengyin archive verify / "
        f"for {len(lapsed)} this renewal came too late{on_en}: they are proven from now on and not before. Originals "
        "that are still proven genuine stay provable; of the others nothing can be said, unless another archive or a "
        "backup that was renewed in time takes their place. See zhengyin archive verify for each")

"""``zhengyin seals due``: which seals come to their end, told as a list, a calendar or a signed message."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Final

import typer

from certs.config import load_config
from certs.files import write_atomic
from certs.moments import write_moment
from cli.seals_common import HomeOption, JsonOption, opened, print_json
from cli.tables import table
from codes.china_time import CHINA_TIME
from registry.due import DueSeal, DueStatus, due_seals
from registry.reminders import Receiver, ReminderCode, ReminderError, calendar, load_secret, message, to_json

__all__ = ["WithinOption", "app", "parse_days"]

SECRET_FILE_VARIABLE: Final = "ZHENGYIN_WEBHOOK_SECRET_FILE"  # noqa: S105 (the name of a variable)
_DAYS: Final = re.compile(r"([1-9][0-9]{0,3})d", re.ASCII)
_STATUS: Final = {
    DueStatus.RENEWABLE: "可续期 / may be renewed", DueStatus.NOT_YET: "未到续期期 / not yet open",
    DueStatus.UNDER_WAY: "续期办理中 / renewal under way", DueStatus.SCHEDULED: "已定换用 / successor scheduled",
    DueStatus.SUSPENDED: "已停用 / suspended", DueStatus.EXPIRED: "已到期，须重新申请 / expired, apply anew",
}

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


def parse_days(text: str) -> int:
    """Read a number of days."""
    read = _DAYS.fullmatch(text)
    if read is None:
        raise typer.BadParameter(f"天数应写作 30d：{text} / a number of days is written 30d: {text}",
                                 param_hint="--within")
    return int(read[1])


WithinOption = Annotated[str, typer.Option(
    "--within", metavar="DAYS", help="多少日之内到期，如 30d / ending within so many days")]


@app.command()
def due(
    within: WithinOption = "30d",
    ics: Annotated[Path | None, typer.Option(
        "--ics", metavar="FILE", dir_okay=False, help="写入日历文件 / write a calendar (iCalendar)")] = None,
    webhook: Annotated[str | None, typer.Option(
        "--webhook", metavar="URL",
        help=f"以 POST 发送，密钥文件由 {SECRET_FILE_VARIABLE} 或设置 webhook_secret_file 指明 / "
             "send by POST, signed with the secret in the file that the variable or the setting names")] = None,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """列出即将到期的印章 / list the seals that come to their end and have no successor yet."""
    days = parse_days(within)
    with opened(home) as registry:
        folder, now = registry.home, registry.now()
        with registry.reading() as session:
            seals = [one for one in due_seals(session, at=now, days=days) if one.status is not DueStatus.SCHEDULED]
        receiver = Receiver(url=webhook, secret=load_secret(_secret_file(folder))) if webhook else None
        if ics is not None:
            write_atomic(ics, calendar(seals, registry_id=registry.id, at=now), mode=0o644)
        if as_json:
            print_json({"at": write_moment(now), "within_days": days, "seals": tuple(to_json(one) for one in seals)})
        else:
            _tell(seals, days)
        if receiver is not None:
            receiver.send(message(seals, registry_id=registry.id, at=now, days=days), at=now)
            typer.echo(f"已发送提醒（{len(seals)} 枚） / sent the reminder ({len(seals)})", err=True)


def _tell(seals: list[DueSeal], days: int) -> None:
    if seals:
        typer.echo(table(
            ("最后一日 last day", "统一社会信用代码 USCC", "名称 name", "印章编码 seal", "事项 case", "情况 status"),
            [(str(one.ends.astimezone(CHINA_TIME).date()), one.code, one.name or one.organisation, one.seal_id,
              f"{one.case} → {one.successor}" if one.successor else one.case, _STATUS[one.status]) for one in seals]))
    typer.echo(f"{days} 日内到期 {len(seals)} 枚 / {len(seals)} end within {days} days", err=True)


def _secret_file(home: Path) -> Path:
    named = os.environ.get(SECRET_FILE_VARIABLE)
    setting = load_config(home).webhook_secret_file
    if named:
        return Path(named)
    if setting:
        return home / setting
    raise ReminderError(
        ReminderCode.SECRET,
        f"没有指明签名密钥：请用 {SECRET_FILE_VARIABLE} 或 config.toml 的 webhook_secret_file 指明密钥文件",
        f"no secret to sign with: name its file by {SECRET_FILE_VARIABLE} or by webhook_secret_file in config.toml")

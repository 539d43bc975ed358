"""``zhengyin audit``: the log of everything done, its checkpoints, and its check by outsiders.

Modules of the registry are imported where they are used: an outsider's ``verify`` needs none of them.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from certs.audit_check import check_export
from certs.audit_checkpoints import MAX_CHECKPOINT
from certs.audit_report import AuditReport, Verdict, Weight
from certs.files import read_file, write_atomic
from certs.trust import Trust
from certs.untrusted_files import printable
from cli.tables import table
from codes.china_time import time_en

if TYPE_CHECKING:
    from certs.audit import AuditEntry
    from registry.audit_logs import Unreadable

__all__ = ["app"]

CANNOT = 3
_EXIT: Final = {Verdict.WHOLE: 0, Verdict.BROKEN: 1, Verdict.UNKNOWN: CANNOT}
_WORDS: Final = {
    Verdict.WHOLE: ("完整：没有条目被删除、改动、移动或插入", "whole: no entry was removed, changed, moved or put in"),
    Verdict.BROKEN: ("已被改动", "broken: it was changed"),
    Verdict.UNKNOWN: ("无法确定", "cannot say"),
}
_MARKS: Final = {Weight.BROKEN: "✗", Weight.UNKNOWN: "?", Weight.NOTE: "·"}

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

_Home = Annotated[Path | None, typer.Option(
    "--home", metavar="H", help="工作目录，默认取 ZHENGYIN_HOME / home; by default ZHENGYIN_HOME")]
_Json = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]


@app.callback()
def _group() -> None:
    """审计日志：导出、核验、检查点、查看 / the audit log: export, verify, checkpoint, show."""


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(
        metavar="DIR", exists=True, file_okay=False, help="导出的目录 / the exported folder")],
    checkpoint: Annotated[list[Path] | None, typer.Option(
        "--checkpoint", metavar="FILE", exists=True, dir_okay=False,
        help="另行保存的检查点，可给多个 / a checkpoint kept elsewhere; may be repeated")] = None,
    trust: Annotated[Path | None, typer.Option(
        "--trust", exists=True, file_okay=False,
        help="信任目录，默认用导出自带的根证书 / trust folder; by default the roots in the export")] = None,
    as_json: _Json = False,
) -> None:
    """核验导出的审计日志 / say whether an exported audit log is whole.

    退出码 / exit codes: 0 whole, 1 broken, 2 usage, 3 cannot say.
    """
    kept = [(path.name, read_file(path, max_bytes=2 * MAX_CHECKPOINT)) for path in checkpoint or []]
    report = check_export(
        folder, now=datetime.now(UTC), trust=None if trust is None else Trust.load(trust), checkpoints=kept)
    typer.echo(json.dumps(report.to_json(), ensure_ascii=False, indent=2) if as_json else _text(report))
    raise typer.Exit(_EXIT[report.verdict])


def _text(report: AuditReport) -> str:
    zh, en = _WORDS[report.verdict]
    lines = [f"{zh} / {en}"]
    for one in report.logs:
        lines.append(f"{one.log}: {one.entries} 条，检查点签至 {one.signed_to} / "
                     f"{one.entries} entries, signed up to {one.signed_to}")
    if report.checkpoints:
        lines.append(f"检查点 {report.checkpoints} 个，签署人 {report.signer} / "
                     f"{report.checkpoints} checkpoints, signed by {report.signer}")
    for finding in report.findings:
        place = f"{finding.log}: " if finding.log else ""
        lines.append(f"{_MARKS[finding.weight]} {place}{finding.zh} / {finding.en} [{finding.code}]")
    lines.extend(f"  … 另有 {count} 处 / {count} more [{code}]" for code, count in report.more.items())
    return "\n".join(lines)


@app.command()
def export(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="要建立的目录 / the folder to make")],
    home: _Home = None,
    fresh: Annotated[bool, typer.Option(
        "--checkpoint/--no-checkpoint", help="先签一个检查点 / sign a checkpoint first")] = True,
) -> None:
    """导出全部日志，供外部人员核验 / write all logs out for an outsider to check."""
    from certs.home import Home
    from registry.audit_export import audit_signer, check_out, export_logs, make_checkpoint
    from registry.database import Registry

    check_out(out)
    opened = Home.open(home)
    with Registry.open(opened.path) as registry:
        signed = make_checkpoint(registry, audit_signer(opened)) if fresh else None
        export_logs(registry, out, checkpoint=signed)
    typer.echo(f"已导出到 / exported to {out}\n核验 / check it: zhengyin audit verify {out}")


@app.command()
def checkpoint(
    home: _Home = None,
    out: Annotated[Path | None, typer.Option(
        "--out", metavar="FILE", help="另存一份，交由他人保管 / a copy for somebody else to keep")] = None,
) -> None:
    """签署一个检查点 / sign where every log stands now."""
    from certs.home import Home
    from registry.audit_export import audit_signer, make_checkpoint
    from registry.database import Registry

    opened = Home.open(home)
    with Registry.open(opened.path) as registry:
        signed = make_checkpoint(registry, audit_signer(opened))
    if out is not None:
        write_atomic(out, signed.to_json(), mode=0o644)
    sequence = signed.body["sequence"]
    typer.echo(f"检查点 {sequence}，SM3 {signed.digest.hex()} / checkpoint {sequence}")


@app.command()
def show(
    home: _Home = None,
    last: Annotated[int, typer.Option("--last", min=1, help="每个日志的最后几条 / so many of the end of each")] = 20,
    event: Annotated[str, typer.Option(
        "--event", metavar="NAME", help="只看名称以此开头的事件 / events whose name begins so")] = "",
    case: Annotated[str, typer.Option("--case", help="只看关于它的 / only what is about it")] = "",
    as_json: _Json = False,
) -> None:
    """查看日志 / show entries: those of the registry, of issuing, of a signer."""
    from certs.home import Home
    from registry.audit_logs import ledger_log, registry_log, signer_log
    from registry.database import Registry

    opened = Home.open(home)
    with (Registry.open(opened.path) as registry, registry.reading() as session,
          ledger_log(opened.issued_dir) as ledger, signer_log(opened.path, session) as signed):
        for log in (registry_log(session, registry.log), ledger, signed):
            if log is None:
                continue
            head = log.head()
            start = 0 if event or case or head is None else max(0, head.number - last)
            wanted = (entry for entry in log.entries(after=start) if _wanted(entry, event, case))
            shown = deque(wanted, maxlen=last)
            if as_json:
                for entry in shown:
                    typer.echo(_line(log.name, entry))
            else:
                typer.echo(_table(log.name, shown))


def _wanted(entry: AuditEntry | Unreadable, event: str, case: str) -> bool:
    from registry.audit_logs import Unreadable

    if isinstance(entry, Unreadable):
        return not case and not event
    return entry.event.startswith(event) and (not case or case in entry.facts.values())


def _line(log: str, entry: AuditEntry | Unreadable) -> str:
    from certs.audit import write_line
    from registry.audit_logs import Unreadable

    if isinstance(entry, Unreadable):
        return f"{log} {entry.number} 读不出来 / cannot be read"
    return write_line(entry).decode().rstrip("\n")


def _table(log: str, entries: Collection[AuditEntry | Unreadable]) -> str:
    from certs.audit import write_facts
    from registry.audit_logs import Unreadable

    if not entries:
        return f"{log}：没有这样的条目 / there is no such entry"
    return table((log, "时间 time", "事件 event", "事实 facts"), [
        (str(entry.number), "—", "读不出来 cannot be read", "—") if isinstance(entry, Unreadable)
        else (str(entry.number), time_en(entry.at), entry.event, printable(write_facts(entry.facts), at_most=500))
        for entry in entries])

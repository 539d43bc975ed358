"""``zhengyin archive verify``: the answer on each package, why, and what to do; all that was found on request."""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from certs.config import HOME_VARIABLE
from cli.archive_common import (
    CANNOT,
    AnchorOption,
    ArchiveArgument,
    AtOption,
    HomeOption,
    JsonOption,
    KindsOption,
    TrustOption,
    believer,
    day,
    iso,
    moment_of,
    plain,
    require_identifier,
    said,
    tell,
    use_kinds,
)
from cli.verify_online import asking
from codes.errors import EngineError

if TYPE_CHECKING:
    from pathlib import Path

    from archive.checking import Believer, PackageReport
    from archive.findings import Found
    from certs.revocation_fetch import Inquiry
    from verify.online import Asked

__all__ = ["app"]

_EXIT: Final = {"valid": 0, "invalid": 1, "indeterminate": CANNOT}
_WORDS: Final = {"valid": ("完好", "good"), "invalid": ("不完好", "not good"),
                 "indeterminate": ("无法确定", "cannot say")}
_MARKS: Final = {"valid": "✓", "invalid": "✗", "indeterminate": "?", "note": "·"}
_IN: Final = "    "

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def verify(
    folder: ArchiveArgument,
    identifiers: Annotated[list[str] | None, typer.Argument(
        metavar="ID…", help="证照标识，默认全部 / licences; by default all")] = None,
    trust: TrustOption = None, anchor: AnchorOption = None, at: AtOption = None,
    online: Annotated[bool, typer.Option(
        "--online", help="联网向证书机构查询是否撤销 / ask the certificate authorities about revocation")] = False,
    home: HomeOption = None, kinds: KindsOption = None, as_json: JsonOption = False,
    details: Annotated[bool, typer.Option("--details", help="逐条列出全部发现 / print all that was found")] = False,
) -> None:
    """核验档案包：完整、存证、原件、副本 / say whether packages are whole and what they prove today.

    退出码 / exit codes: 0 all good, 1 something was changed, 2 usage, 3 cannot say, or one is not there.
    """
    from archive.store import Archive

    archive = Archive.open(folder)
    for identifier in identifiers or ():
        require_identifier(identifier)
    if not anchor and trust is None and home is None and not os.environ.get(HOME_VARIABLE):
        raise typer.BadParameter(
            "请指明您所信任的：--anchor（证书指纹）、--trust（信任目录）或 --home（工作目录） / say what you believe: "
            "--anchor with fingerprints of certificates, --trust with a trust folder, or --home")
    if online and at is not None:
        raise typer.BadParameter("查询的是现在的状态，不能与 --at 同用 / it asks about now, and goes with no --at",
                                 param_hint="--online")
    believe = believer(trust, anchor or [], home)
    use_kinds(kinds, home, own=not anchor and trust is None)
    moment = moment_of(at)
    codes: list[int] = []
    with asking(online, home) as inquiry:
        for identifier in identifiers or archive.identifiers():
            try:
                report, asked = _checked(archive.existing(identifier), believe, moment or dt.datetime.now(dt.UTC),
                                         inquiry)       # each at its own present: answers are never from the future
            except EngineError as error:
                codes.append(CANNOT)
                tell(as_json, {"identifier": identifier, **plain(error)}, f"? {said(error)}")
                continue
            codes.append(_EXIT[report.verdict.value])
            value, text = as_value(report), as_text(report, details=details)
            if asked is not None:
                value["online"] = asked.to_dict()
                text = "\n".join((text, *(f"{_IN}{line}" for line in asked.to_lines())))
            tell(as_json, value, text)
    if not codes:
        typer.echo("档案是空的 / the archive is empty", err=True)
    raise typer.Exit(next((code for code in (1, CANNOT) if code in codes), 0 if codes else CANNOT))


def _checked(folder: Path, believe: Believer, at: dt.datetime,
             inquiry: Inquiry | None) -> tuple[PackageReport, Asked | None]:
    """The report on a package, and how asking went where CAs are asked."""
    if inquiry is None:
        from archive.checking import check_package

        return check_package(folder, believe=believe, at=at), None
    from archive.online import check_online

    return check_online(folder, believe=believe, inquiry=inquiry, at=at)


def as_value(report: PackageReport) -> dict[str, Any]:
    """A report as it stands in JSON: the advice first, then all that was found."""
    from archive.advice import advise

    zh, en = _WORDS[report.verdict.value]
    advice = advise(report)
    cause = None if advice is None else {"code": advice.code, "zh": advice.cause.zh, "en": advice.cause.en}
    cure = None if advice is None or advice.cure is None else {"zh": advice.cure.zh, "en": advice.cure.en}
    return {
        "identifier": report.identifier, "verdict": report.verdict.value, "verdict_zh": zh, "verdict_en": en,
        "cause": cause, "cure": cure,
        "intact": report.intact, "existed_at": iso(report.existed_at), "due": iso(report.due),
        "findings": [{"code": each.code, "severity": each.severity.value, "zh": each.zh, "en": each.en}
                     for each in report.findings],
        "original": None if report.original is None else report.original.verdict.value,
        "rendition": None if report.rendition is None else report.rendition.verdict.value}


def as_text(report: PackageReport, *, details: bool) -> str:
    """The answer, why, and what to do; with ``details`` all that was found below."""
    from archive.advice import advise

    zh, en = _WORDS[report.verdict.value]
    since = "" if report.existed_at is None else f" · 证明自 proven since {day(report.existed_at)}"
    lines = [f"{_MARKS[report.verdict.value]} {report.identifier} {zh} / {en}{since} · 续期期限 due {day(report.due)}"]
    advice = advise(report)
    if advice is not None:
        lines.append(f"{_IN}原因 cause: {advice.cause.zh} / {advice.cause.en} [{advice.code}]")
    if advice is not None and advice.cure is not None:
        lines.append(f"{_IN}办法 what to do: {advice.cure.zh} / {advice.cure.en}")
    shown = report.findings if details else ()
    lines += [_line(each) for each in shown]
    hidden = sum(each.code not in ("package.proven", advice and advice.code) for each in report.findings)
    if hidden and not details:
        lines.append(f"{_IN}另有 {hidden} 项发现，见 --details / {hidden} more findings with --details")
    return "\n".join(lines)


def _line(each: Found) -> str:
    return f"{_IN}{_MARKS[each.severity.value]} {each.zh} / {each.en} [{each.code}]"

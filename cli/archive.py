"""``zhengyin archive``: licences kept for decades. Make packages, verify, list, renew and restore them."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from certs.config import HOME_VARIABLE
from certs.untrusted_files import printable
from cli.kind_folders import KINDS_HELP, add_kinds, add_named_kinds
from cli.tables import table
from codes.china_time import CHINA_TIME
from codes.errors import EngineError

if TYPE_CHECKING:
    from archive.checking import Believer, PackageReport
    from certs.evidence_build import Stamper
    from certs.home import Home

__all__ = ["app"]

CANNOT: Final = 3
_EXIT: Final = {"valid": 0, "invalid": 1, "indeterminate": CANNOT}
_WORDS: Final = {"valid": ("完好", "good"), "invalid": ("不完好", "not good"),
                 "indeterminate": ("无法确定", "cannot say")}
_MARKS: Final = {"invalid": "✗", "indeterminate": "?", "note": "·"}
_LONGEST: Final = 2000

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

_Archive = Annotated[Path, typer.Argument(
    metavar="ARCHIVE", exists=True, file_okay=False, help="档案目录 / the archive")]
_Home = Annotated[Path | None, typer.Option(
    "--home", metavar="H", help="工作目录，默认取 ZHENGYIN_HOME / home; by default ZHENGYIN_HOME")]
_Json = Annotated[bool, typer.Option("--json", help="逐行输出 JSON / print JSON, one object a line")]
_Trust = Annotated[Path | None, typer.Option(
    "--trust", exists=True, file_okay=False, help="信任目录，默认取工作目录的 / trust folder; by default the home's")]
_At = Annotated[str | None, typer.Option("--at", metavar="TIME", help="核验时刻，默认现在 / by default now")]
_Kinds = Annotated[list[Path] | None, typer.Option("--kinds", exists=True, file_okay=False, help=KINDS_HELP)]


@app.callback()
def _group() -> None:
    """档案：归档、核验、列表、续期、取出 / archives: make, verify, list, renew, restore."""


@app.command()
def make(
    files: Annotated[list[Path], typer.Argument(
        metavar="PACKAGE|DIR…", exists=True, help="盖章的 OFD 或其目录 / sealed packages, or folders of them")],
    to: Annotated[Path, typer.Option("--to", metavar="ARCHIVE", file_okay=False,
                                     help="档案目录，没有则新建 / the archive; made where there is none")],
    home: _Home = None, kinds: _Kinds = None, as_json: _Json = False,
) -> None:
    """归档：核验、复制、加时间戳 / verify packages and put them into an archive.

    已在档的不变。退出码 / exit codes: 0 all there now, 1 some refused, 2 usage, 3 could not.
    """
    from archive.making import Kept, put_in
    from archive.store import Archive

    opened = _opened(home, kinds)
    archive = Archive.prepare(to)
    stamper = _stamper(opened)
    refused = done = 0
    unread: list[tuple[Path, EngineError]] = []
    said: set[str] = set()
    for outcome in put_in(archive, _sources(files, unread), home=opened, timestamper=stamper):
        done += 1
        shown = printable(str(outcome.source), at_most=_LONGEST)
        if isinstance(outcome, Kept):
            word = ("已在档", "there already") if outcome.repeated else ("已归档", "archived")
            _tell(as_json, {"file": shown, "identifier": outcome.identifier, "repeated": outcome.repeated},
                  f"✓ {outcome.identifier} {word[0]} / {word[1]}: {shown}")
        else:
            refused += 1
            _tell(as_json, {"file": shown, **_plain(outcome.error)}, f"✗ {shown}: {_said(outcome.error)}")
            _tell_reasons(outcome.error, said)
        _progress(done)
    _end_progress()
    for source, error in unread:
        shown = printable(str(source), at_most=_LONGEST)
        _tell(as_json, {"file": shown, **_plain(error)}, f"✗ {shown}: {_said(error)}")
    refused, done = refused + len(unread), done + len(unread)
    if not done:
        typer.echo("没有 .ofd 文件 / there is no .ofd file", err=True)
    raise typer.Exit(1 if refused else 0 if done else CANNOT)


@app.command()
def verify(
    folder: _Archive,
    identifiers: Annotated[list[str] | None, typer.Argument(
        metavar="ID…", help="证照标识，默认全部 / licences; by default all")] = None,
    trust: _Trust = None,
    anchor: Annotated[list[str] | None, typer.Option(
        "--anchor", metavar="SM3",
        help="只凭档案核验时所信任证书（根、时间戳根、制章人）的指纹，可给多个 / fingerprint of a certificate that is "
             "believed when nothing but the archive is at hand; may be repeated")] = None,
    at: _At = None,
    home: _Home = None, kinds: _Kinds = None, as_json: _Json = False,
) -> None:
    """核验档案包：完整、存证、原件、副本 / say whether packages are whole and what they prove today.

    退出码 / exit codes: 0 all good, 1 something was changed, 2 usage, 3 cannot say.
    """
    from archive.checking import check_package
    from archive.store import Archive

    archive = Archive.open(folder)
    if not anchor and trust is None and home is None and not os.environ.get(HOME_VARIABLE):
        raise typer.BadParameter(
            "请指明您所信任的：--anchor（证书指纹）、--trust（信任目录）或 --home（工作目录） / say what you believe: "
            "--anchor with fingerprints of certificates, --trust with a trust folder, or --home")
    believe = _believer(trust, anchor or [], home)
    if anchor or trust is not None:
        add_named_kinds(kinds)
    else:
        add_kinds(kinds, home)
    moment = _moment(at) or dt.datetime.now(dt.UTC)
    codes: list[int] = []
    for identifier in identifiers or archive.identifiers():
        try:
            report = check_package(archive.existing(identifier), believe=believe, at=moment)
        except EngineError as error:
            codes.append(CANNOT)
            _tell(as_json, {"identifier": identifier, **_plain(error)}, f"? {identifier}: {_said(error)}")
            continue
        codes.append(_EXIT[report.verdict.value])
        _tell(as_json, _report(report), _text(report))
    if not codes:
        typer.echo("档案是空的 / the archive is empty", err=True)
    raise typer.Exit(next((code for code in (1, CANNOT) if code in codes), 0 if codes else CANNOT))


@app.command("list")
def list_(
    folder: _Archive,
    due: Annotated[str | None, typer.Option(
        "--due", metavar="DATE", help="只列须在此日之前续期的 / only what has to be renewed before this day")] = None,
    as_json: _Json = False,
    anchors: Annotated[bool, typer.Option(
        "--anchors", help="列出档案包中根与制章人的指纹 / print the fingerprints of roots and seal makers")] = False,
) -> None:
    """列出档案及其续期期限 / list licences with the day on which their evidence is due."""
    from archive.listing import lines
    from archive.store import Archive

    archive = Archive.open(folder)
    found = list(lines(archive, due_before=_moment(due, "--due")))
    if anchors:
        for fingerprint in dict.fromkeys(each for line in found for each in line.anchors):
            typer.echo(fingerprint)
        return
    if as_json:
        for line in found:
            typer.echo(json.dumps({
                "identifier": line.identifier, "kind": line.kind, "archived_at": _iso(line.archived_at),
                "due": _iso(line.due), "timestamps": line.stamps}, ensure_ascii=False))
        return
    rows = [(line.identifier, line.kind, _day(line.archived_at), _day(line.due),
             "?" if line.stamps is None else str(line.stamps)) for line in found]
    if rows:
        typer.echo(table(("证照标识 identifier", "种类 kind", "归档 archived", "续期期限 due", "时间戳 stamps"), rows))
    typer.echo(f"{len(rows)} 件 / {len(rows)} licences", err=True)


@app.command()
def renew(
    folder: _Archive,
    before: Annotated[str | None, typer.Option(
        "--due-before", metavar="DATE",
        help="续期期限在此日之前的，默认三十日之后 / what is due before this day; by default in thirty days")] = None,
    home: _Home = None, as_json: _Json = False,
) -> None:
    """续期存证与 PDF 时间戳 / renew the evidence that is due, many packages under one timestamp.

    退出码 / exit codes: 0 all renewed or nothing due, 1 some could not be, 2 usage, 3 could not.
    """
    from archive.renewing import Renewed, renew_all
    from archive.store import Archive

    archive = Archive.open(folder)
    opened = _opened(home, None)
    now = opened.clock()
    limit = _moment(before, "--due-before") or now + dt.timedelta(days=30)
    failed = done = 0
    said: set[str] = set()
    for outcome in renew_all(archive, before=limit, now=now, trust=opened.trust(), timestamper=_stamper(opened)):
        done += 1
        if isinstance(outcome, Renewed):
            late = outcome.was_due is not None and outcome.was_due < now
            word = "已续期（逾期） / renewed, late" if late else "已续期 / renewed"
            _tell(as_json, {"identifier": outcome.identifier, "renewed": True, "was_due": _iso(outcome.was_due)},
                  f"✓ {outcome.identifier} {word} (期限 due {_day(outcome.was_due)})")
        else:
            failed += 1
            _tell(as_json, {"identifier": outcome.identifier, "renewed": False, **_plain(outcome.error)},
                  f"✗ {outcome.identifier}: {_said(outcome.error)}")
            _tell_reasons(outcome.error, said)
        _progress(done)
    _end_progress()
    typer.echo(f"{done - failed} 件已续期，{failed} 件未续 / {done - failed} renewed, {failed} not", err=True)
    raise typer.Exit(1 if failed else 0)


@app.command()
def restore(
    folder: _Archive,
    identifier: Annotated[str, typer.Argument(metavar="ID", help="证照标识 / the licence")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="新目录 / a new folder")],
    trust: _Trust = None,
    anchor: Annotated[list[str] | None, typer.Option(
        "--anchor", metavar="SM3",
        help="您所信任证书的指纹，可给多个：据此核验，并在 trust/ 中给出信任目录 / fingerprint of a certificate that "
             "you believe: judged by these, and trust/ is a trust folder with them; may be repeated")] = None,
    at: _At = None, home: _Home = None, kinds: _Kinds = None,
) -> None:
    """取出证照：原件、副本、存证 / hand a licence out: original, copies, evidence.

    先按您所信任的核验；原件未获证明的放在 unproven/。档案包自带的信任资料放在 unverified/，不能据以核验。
    退出码 / exit codes: 0 all of it, proven, 1 the original is damaged, 2 usage, 3 not proven, or some of it not good.
    """
    from archive.restoring import UNPROVEN, UNVERIFIED
    from archive.restoring import restore as hand_out
    from archive.store import Archive
    from cli.main import print_error

    moment = _moment(at) or dt.datetime.now(dt.UTC)
    try:
        believe = _believer(trust, anchor or [], home, needed=False)
        if anchor or trust is not None:
            add_named_kinds(kinds)
        else:
            add_kinds(kinds, home)
        given = hand_out(Archive.open(folder).existing(identifier), out, believe=believe, at=moment,
                         anchors=_fingerprints(anchor or []))
    except EngineError as error:
        print_error(error)
        raise typer.Exit(1 if error.code.value == "archive.damaged" else CANNOT) from None
    for fault in given.faults:
        typer.echo(f"✗ {fault.zh} / {fault.en} [{fault.code}]", err=True)
    if any(UNVERIFIED in name for name in given.names):
        typer.echo(
            f"! {UNVERIFIED} 中是档案包自带的资料，未经核实，不能为它自己作证：请用您自己的信任目录核验，"
            f"或以 --anchor 点名所信任的指纹后重新取出 / what lies in {UNVERIFIED} came with the package and is not "
            "verified, and a package does not vouch for itself: verify by a trust folder of your own, or restore with "
            "--anchor", err=True)
    if not given.proven:
        typer.echo(
            f"! 警告：原件未获证明，可能是伪造的，请勿采信；已放入 {UNPROVEN}。请以 --home、--trust 或 --anchor 指明您"
            f"所信任的，用 zhengyin archive verify 核验 / WARNING: the original is not proven and may be forged, do "
            f"not rely on it; it lies in {UNPROVEN}. Say what you believe with --home, --trust or --anchor, and see "
            "zhengyin archive verify", err=True)
    typer.echo(str(out / ("" if given.proven else UNPROVEN) / f"{given.identifier}.ofd"))
    raise typer.Exit(CANNOT if given.faults or not given.proven else 0)


# -- what they share


def _opened(home: Path | None, kinds: list[Path] | None) -> Home:
    from certs.home import Home

    opened = Home.open(home, environ=os.environ)
    add_kinds(kinds, opened.path)
    return opened


def _stamper(home: Home) -> Stamper:
    """The home's timestamp services; an archive without them would prove nothing."""
    from archive.errors import ArchiveCode, ArchiveError
    from certs.home_time import timestamper_of

    found = timestamper_of(home)
    if found is None:
        raise ArchiveError(
            ArchiveCode.NO_TIME, f"{home.path} 没有时间戳服务，档案将无从证明时间；请在 config.toml 中写入 tsa_urls",
            f"{home.path} has no timestamp service, and an archive would prove no time: set tsa_urls in config.toml")
    return found


def _believer(trust: Path | None, anchors: Sequence[str], home: Path | None, *, needed: bool = True) -> Believer:
    """What is believed: a trust folder with the package's intermediates beside it, or of the package what was named.

    Where it is not ``needed`` and nobody says anything, nothing is believed.
    """
    from archive.snapshot import believed, with_snapshot
    from certs.config import HomeCode, HomeError, find_home
    from certs.trust import Trust

    if anchors:
        if trust is not None:
            raise typer.BadParameter("与 --trust 只用其一 / give either this or --trust", param_hint="--anchor")
        plain = _fingerprints(anchors)
        return lambda snapshot: None if snapshot is None else believed(snapshot, plain)
    try:
        own = Trust.load(trust or find_home(home, os.environ) / "trust")
    except HomeError as error:
        if needed or error.code is not HomeCode.NONE:
            raise
        return lambda _: None
    return lambda snapshot: with_snapshot(own, snapshot)


def _fingerprints(anchors: Sequence[str]) -> list[str]:
    """The fingerprints that were named, in one spelling."""
    from archive.errors import ArchiveCode, ArchiveError

    plain = [each.lower().replace(":", "") for each in anchors]
    if any(len(each) != 64 or set(each) - set("0123456789abcdef") for each in plain):
        raise ArchiveError(ArchiveCode.ANCHOR, "--anchor 应为证书的 SM3 指纹（64 位十六进制）",
                           "--anchor takes the SM3 of a certificate, 64 hexadecimal digits")
    return plain


def _sources(files: Sequence[Path], unread: list[tuple[Path, EngineError]]) -> Iterator[tuple[Path, bytes]]:
    """The packages that are named, and in the place of a folder those in it, in the order of their names.

    What cannot be read or is too large comes to ``unread``, with the reason, and keeps nothing else from being read.
    """
    from archive.layout import MAX_FILE
    from certs.files import read_file

    for path in files:
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        for one in found:
            if one.is_file() and (one.suffix.lower() == ".ofd" or not path.is_dir()):
                try:
                    data = read_file(one, max_bytes=MAX_FILE)
                except EngineError as error:
                    unread.append((one, error))
                else:
                    yield one, data


def _moment(text: str | None, option: str = "--at") -> dt.datetime | None:
    """A day or moment; without a time zone it is China Standard Time."""
    if text is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} 不是 ISO 8601 时间，应写作 2036-01-31 或 2036-01-31T09:00 / "
                                 f"{text!r} is no ISO 8601 time, as 2036-01-31 or 2036-01-31T09:00",
                                 param_hint=option) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=CHINA_TIME)


def _report(report: PackageReport) -> dict[str, Any]:
    zh, en = _WORDS[report.verdict.value]
    return {
        "identifier": report.identifier, "verdict": report.verdict.value, "verdict_zh": zh, "verdict_en": en,
        "intact": report.intact, "existed_at": _iso(report.existed_at), "due": _iso(report.due),
        "findings": [{"code": each.code, "severity": each.severity.value, "zh": each.zh, "en": each.en}
                     for each in report.findings],
        "original": None if report.original is None else report.original.verdict.value,
        "rendition": None if report.rendition is None else report.rendition.verdict.value}


def _text(report: PackageReport) -> str:
    zh, en = _WORDS[report.verdict.value]
    mark = {"valid": "✓", "invalid": "✗", "indeterminate": "?"}[report.verdict.value]
    lines = [f"{mark} {report.identifier} {zh} / {en} · 续期期限 due {_day(report.due)}"]
    lines += [f"    {_MARKS[each.severity.value]} {each.zh} / {each.en} [{each.code}]" for each in report.findings]
    return "\n".join(lines)


def _tell(as_json: bool, value: dict[str, Any], text: str) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False) if as_json else text)


def _plain(error: EngineError) -> dict[str, str]:
    return {"error": error.code.value, "zh": error.zh, "en": error.en}


def _said(error: EngineError) -> str:
    return printable(f"{error.zh} / {error.en} [{error.code.value}]", at_most=_LONGEST)


def _tell_reasons(error: EngineError, said: set[str]) -> None:
    """Print on stderr what each timestamp service answered; what was ``said`` in this run is not said again."""
    from cli.main import tell

    for fault in getattr(error, "faults", ()):
        line = f"  {fault.field}: {fault.code}: {fault.zh} / {fault.en}"
        if line not in said:
            said.add(line)
            tell(line)


def _iso(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(CHINA_TIME).isoformat(timespec="seconds")


def _day(moment: dt.datetime | None) -> str:
    return "?" if moment is None else moment.astimezone(CHINA_TIME).date().isoformat()


def _progress(done: int) -> None:
    if sys.stderr.isatty() and done % 10 == 0:
        sys.stderr.write(f"\r{done} 件 / {done} packages\x1b[K")
        sys.stderr.flush()


def _end_progress() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")

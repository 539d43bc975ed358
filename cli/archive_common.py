"""What the commands of ``zhengyin archive`` share: options, whom to believe, moments, and how errors are told."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from certs.untrusted_files import printable
from cli.kind_folders import KINDS_HELP, add_kinds, add_named_kinds
from cli.moments import read_moment
from codes.china_time import in_china
from codes.errors import EngineError

if TYPE_CHECKING:
    from archive.checking import Believer
    from certs.evidence_build import Stamper
    from certs.home import Home

__all__ = [
    "CANNOT", "AnchorOption", "ArchiveArgument", "AtOption", "HomeOption", "JsonOption", "KindsOption", "TrustOption",
    "believer", "day", "end_progress", "fingerprints", "iso", "moment_of", "opened_home", "plain", "progress",
    "require_identifier", "said", "shown_file", "stamper_of", "tell", "tell_reasons", "use_kinds",
]

CANNOT: Final = 3
_LONGEST: Final = 2000

ArchiveArgument = Annotated[Path, typer.Argument(
    metavar="ARCHIVE", exists=True, file_okay=False, help="档案目录 / the archive")]
HomeOption = Annotated[Path | None, typer.Option(
    "--home", metavar="H", help="工作目录，默认取 ZHENGYIN_HOME / home; by default ZHENGYIN_HOME")]
JsonOption = Annotated[bool, typer.Option("--json", help="逐行输出 JSON / print JSON, one object a line")]
TrustOption = Annotated[Path | None, typer.Option(
    "--trust", exists=True, file_okay=False, help="信任目录，默认取工作目录的 / trust folder; by default the home's")]
AnchorOption = Annotated[list[str] | None, typer.Option(
    "--anchor", metavar="SM3",
    help="只凭档案核验时所信任证书（根、时间戳根、制章人）的指纹，可给多个 / fingerprint of a certificate that is "
         "believed when nothing but the archive is at hand; may be repeated")]
AtOption = Annotated[str | None, typer.Option("--at", metavar="TIME", help="核验时刻，默认现在 / by default now")]
KindsOption = Annotated[list[Path] | None, typer.Option("--kinds", exists=True, file_okay=False, help=KINDS_HELP)]


def opened_home(home: Path | None, kinds: list[Path] | None) -> Home:
    """The home that is named, with its kinds and those of ``--kinds``.

    Raises:
        HomeError, KindError: it cannot be opened, or a kind not be read.
    """
    from certs.home import Home

    opened = Home.open(home, environ=os.environ)
    add_kinds(kinds, opened.path)
    return opened


def stamper_of(home: Home) -> Stamper:
    """The home's timestamp services; an archive without them would prove nothing.

    Raises:
        ArchiveError: ``archive.no-timestamp-service``.
    """
    from archive.errors import ArchiveCode, ArchiveError
    from certs.home_time import timestamper_of

    found = timestamper_of(home)
    if found is None:
        raise ArchiveError(
            ArchiveCode.NO_TIME, f"{home.path} 没有时间戳服务，档案将无从证明时间；请在 config.toml 中写入 tsa_urls",
            f"{home.path} has no timestamp service, and an archive would prove no time: set tsa_urls in config.toml")
    return found


def use_kinds(kinds: list[Path] | None, home: Path | None, *, own: bool) -> None:
    """Take the kinds of ``--kinds`` and, where the home judges (``own``), the home's."""
    if own:
        add_kinds(kinds, home)
    else:
        add_named_kinds(kinds)


def believer(trust: Path | None, anchors: Sequence[str], home: Path | None, *, needed: bool = True) -> Believer:
    """What is believed: a trust folder with the package's intermediates beside it, or of the package what was named.

    Where it is not ``needed`` and nobody says anything, nothing is believed.

    Raises:
        HomeError, TrustError, ArchiveError: the trust folder cannot be had, or a fingerprint is none.
    """
    from archive.snapshot import believed, with_snapshot
    from certs.config import HomeCode, HomeError, find_home
    from certs.trust import Trust

    if anchors:
        if trust is not None:
            raise typer.BadParameter("与 --trust 只用其一 / give either this or --trust", param_hint="--anchor")
        named = fingerprints(anchors)
        return lambda snapshot: None if snapshot is None else believed(snapshot, named)
    try:
        own = Trust.load(trust or find_home(home, os.environ) / "trust")
    except HomeError as error:
        if needed or error.code is not HomeCode.NONE:
            raise
        return lambda _: None
    return lambda snapshot: with_snapshot(own, snapshot)


def fingerprints(anchors: Sequence[str]) -> list[str]:
    """The fingerprints that were named, in one spelling.

    Raises:
        ArchiveError: ``archive.anchor``.
    """
    from archive.errors import ArchiveCode, ArchiveError

    named = [each.lower().replace(":", "") for each in anchors]
    if any(len(each) != 64 or set(each) - set("0123456789abcdef") for each in named):
        raise ArchiveError(ArchiveCode.ANCHOR, "--anchor 应为证书的 SM3 指纹（64 位十六进制）",
                           "--anchor takes the SM3 of a certificate, 64 hexadecimal digits")
    return named


def moment_of(text: str | None, option: str = "--at") -> dt.datetime | None:
    """A day or moment; without a time zone it is China Standard Time."""
    return None if text is None else read_moment(text, option=option, example="2036-01-31")


def require_identifier(text: str) -> None:
    """Refuse what is no identifier of a licence, as one with a slip in copying: its check character tells.

    Raises:
        typer.BadParameter: it is none.
    """
    from codes.identifier import Identifier, IdentifierError

    try:
        Identifier.parse(text)
    except IdentifierError as error:
        shown = repr(text[:120])
        raise typer.BadParameter(f"{error.zh}（{shown}） / {error.en} ({shown})", param_hint="ID") from None


def tell(as_json: bool, value: dict[str, Any], text: str) -> None:
    """One outcome on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False) if as_json else text)


def plain(error: EngineError) -> dict[str, str]:
    """An error as it stands in JSON."""
    return {"error": error.code.value, "zh": error.zh, "en": error.en}


def said(error: EngineError) -> str:
    """An error in one line."""
    return printable(f"{error.zh} / {error.en} [{error.code.value}]", at_most=_LONGEST)


def shown_file(path: Path) -> str:
    """A path for a terminal."""
    return printable(str(path), at_most=_LONGEST)


def tell_reasons(error: EngineError, told: set[str]) -> None:
    """Print on stderr what each timestamp service answered; what was ``told`` in this run is not told again."""
    from cli.main import tell as on_stderr

    for fault in getattr(error, "faults", ()):
        line = f"  {fault.field}: {fault.code}: {fault.zh} / {fault.en}"
        if line not in told:
            told.add(line)
            on_stderr(line)


def iso(moment: dt.datetime | None) -> str | None:
    """A moment as it stands in JSON."""
    return None if moment is None else in_china(moment).isoformat(timespec="seconds")


def day(moment: dt.datetime | None) -> str:
    """A day as people read it; ``?`` where it is not known."""
    return "?" if moment is None else in_china(moment).date().isoformat()


def progress(done: int) -> None:
    """Say on a terminal how many are done."""
    if sys.stderr.isatty() and done % 10 == 0:
        sys.stderr.write(f"\r{done} 件 / {done} packages\x1b[K")
        sys.stderr.flush()


def end_progress() -> None:
    """Clear what :func:`progress` said."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")

"""``zhengyin archive restore``: a licence out of an archive, and a warning where it is not proven."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from cli.archive_common import (
    CANNOT,
    ArchiveArgument,
    AtOption,
    HomeOption,
    KindsOption,
    TrustOption,
    believer,
    fingerprints,
    moment_of,
    require_identifier,
    use_kinds,
)
from codes.errors import EngineError

__all__ = ["app"]

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def restore(
    folder: ArchiveArgument,
    identifier: Annotated[str, typer.Argument(metavar="ID", help="证照标识 / the licence")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="新目录 / a new folder")],
    trust: TrustOption = None,
    anchor: Annotated[list[str] | None, typer.Option(
        "--anchor", metavar="SM3",
        help="您所信任证书的指纹，可给多个：据此核验，并在 trust/ 中给出信任目录 / fingerprint of a certificate that "
             "you believe: judged by these, and trust/ is a trust folder with them; may be repeated")] = None,
    at: AtOption = None, home: HomeOption = None, kinds: KindsOption = None,
) -> None:
    """取出证照：原件、副本、存证 / hand a licence out: original, copies, evidence.

    先按您所信任的核验；原件未获证明的放在 unproven/。档案包自带的信任资料放在 unverified/，不能据以核验。
    退出码 / exit codes: 0 all of it, proven, 1 the original is damaged, 2 usage, 3 not proven, or some of it not good.
    """
    from archive.restoring import UNPROVEN, UNVERIFIED
    from archive.restoring import restore as hand_out
    from archive.store import Archive
    from cli.main import print_error

    require_identifier(identifier)
    moment = moment_of(at) or dt.datetime.now(dt.UTC)
    try:
        believe = believer(trust, anchor or [], home, needed=False)
        use_kinds(kinds, home, own=not anchor and trust is None)
        given = hand_out(Archive.open(folder).existing(identifier), out, believe=believe, at=moment,
                         anchors=fingerprints(anchor or []))
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

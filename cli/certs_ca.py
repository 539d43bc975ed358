"""``zhengyin certs certify`` and ``revoke``: what a certification authority does, played by that of a demonstration."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from certs.config import HOME_VARIABLE, find_home
from certs.crl import REASONS
from certs.csr import CertificateRequest
from certs.files import read_file, write_atomic
from certs.untrusted_files import printable
from certs.x509 import MAX_BYTES
from cli.actor_keys import load_certificate

__all__ = ["app"]

_REASONS: Final = sorted(set(REASONS.values()) - {"removeFromCRL"})
_LONGEST: Final = 2000
_SLEW_S: Final = 0.01         # a clock that is being set right may run so much behind the one that sleeps

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

DemoFlag = Annotated[bool, typer.Option(
    "--demo", help="以演示认证机构的身份办理（真实证书由其认证机构办理） / "
                   "act as the demonstration's CA; a real certificate is its own CA's affair")]
HomeOption = Annotated[Path | None, typer.Option(
    metavar="H", help=f"演示目录，缺省取 {HOME_VARIABLE} / the demo home; {HOME_VARIABLE} by default")]


def _demo_home(demo: bool, home: Path | None) -> Path:
    if not demo:
        raise typer.BadParameter(
            "真实证书的签发与撤销由其认证机构办理；演示请加 --demo / a real certificate is issued and revoked by its "
            "own CA; for a demonstration add --demo", param_hint="--demo")
    return find_home(home, os.environ)


@app.command()
def certify(
    folder: Annotated[Path, typer.Argument(
        metavar="DIR", exists=True, file_okay=False, help="证书请求（.csr）所在目录 / folder with requests (.csr)")],
    demo: DemoFlag = False, home: HomeOption = None,
) -> None:
    """演示：为目录中的证书请求签发证书 / demonstration: certify the requests in a folder.

    已有的证书保留 / a certificate that is there is kept.
    """
    from registry.demo import certify as certify_demo  # slow to load

    target = _demo_home(demo, home)
    for path in sorted(folder.glob("*.csr")):
        out = path.with_suffix(".cer")
        if not out.exists():
            request = CertificateRequest.load(read_file(path, max_bytes=MAX_BYTES))
            certificate = certify_demo(target, request, now=datetime.now(UTC), environ=os.environ)
            write_atomic(out, certificate.der, mode=0o644)
        typer.echo(printable(f"{out}  {load_certificate(out).subject_text}", at_most=_LONGEST))


def _in_the_next_second() -> datetime:
    """Wait until the next whole second has begun, and return the present.

    Lists tell moments in whole seconds, and verifiers refuse what was signed at the moment of a revocation: cut down
    to the second that runs, it would also refuse what was signed earlier in that second.
    """
    time.sleep(1 - datetime.now(UTC).microsecond / 1_000_000 + _SLEW_S)
    return datetime.now(UTC)


@app.command()
def revoke(
    certificates: Annotated[list[Path], typer.Argument(
        metavar="CER...", exists=True, dir_okay=False, help="要撤销的证书 / certificates to revoke")],
    reason: Annotated[str, typer.Option(metavar="REASON", help=", ".join(_REASONS))] = "keyCompromise",
    demo: DemoFlag = False, home: HomeOption = None,
) -> None:
    """演示：撤销证书并更新撤销列表 / demonstration: revoke certificates and renew the revocation lists."""
    from registry.demo import revoke as revoke_demo

    target = _demo_home(demo, home)
    if reason not in _REASONS:
        raise typer.BadParameter(f"{reason}: {', '.join(_REASONS)}", param_hint="--reason")
    found = [load_certificate(path) for path in certificates]
    for root in (one for one in found if one.is_self_issued):
        raise typer.BadParameter(
            f"根证书“{root.subject_cn}”不能用列表撤销，须由核验方移出信任目录 / the root {root.subject_cn} is not "
            "revoked by a list: verifiers take it out of their trust folders", param_hint="CER")
    at = _in_the_next_second()
    for one in found:
        revoke_demo(target, one, now=at, environ=os.environ, reason=reason)
        typer.echo(printable(f"已撤销 / revoked: {one.subject_text}, {one.serial:x}", at_most=_LONGEST))
    typer.echo(f"请分发更新后的撤销列表 / hand out the renewed revocation lists: {target / 'trust' / 'crls'}")

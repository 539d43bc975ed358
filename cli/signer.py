"""``zhengyin signer``: a process of its own that holds the keys, and what is done beside it."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from certs.config import HOME_VARIABLE
from codes.china_time import time_en, time_zh

if TYPE_CHECKING:
    from certs.config import Password
    from certs.remote_line import Address
    from signer.peers import TlsFiles

__all__ = ["app"]

CANNOT: Final = 3
_HOME_HELP = f"工作目录，缺省取 {HOME_VARIABLE} / the home; {HOME_VARIABLE} by default"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MODE: Final = re.compile(r"[0-7]{3}", re.ASCII)
_Home = Annotated[Path | None, typer.Option(metavar="H", help=_HOME_HELP)]
_Address = Annotated[str, typer.Option(
    metavar="ADDRESS", help="unix:/路径 或 tls://主机:端口 / unix:/path or tls://host:port")]
_Ca = Annotated[Path | None, typer.Option(
    dir_okay=False, help="TLS：对方证书的上级证书（PEM） / TLS: what the signer's certificate must chain to (PEM)")]
_Certificate = Annotated[Path | None, typer.Option(
    dir_okay=False, help="TLS：本端证书（PEM） / TLS: this side's certificate (PEM)")]
_Key = Annotated[Path | None, typer.Option(
    dir_okay=False, help="TLS：本端私钥（PEM） / TLS: this side's private key (PEM)")]
_PasswordFile = Annotated[Path | None, typer.Option(
    dir_okay=False, help="TLS：本端私钥的口令文件 / TLS: file with the password of that key")]

app = typer.Typer(invoke_without_command=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def serve(
    context: typer.Context,
    home: _Home = None,
    socket: Annotated[Path | None, typer.Option(
        metavar="PATH", help="监听的 Unix 套接字，只认 signer.toml 中的用户 / "
                             "Unix socket to listen on, for the users in signer.toml alone")] = None,
    socket_mode: Annotated[str, typer.Option(metavar="MODE", help="其权限 / its permissions")] = "660",
    socket_group: Annotated[str, typer.Option(metavar="GROUP", help="其用户组 / its group")] = "",
    listen: Annotated[str, typer.Option(
        metavar="HOST:PORT", help="监听的地址，双向 TLS / address to listen on, mutual TLS")] = "",
    certificate: _Certificate = None,
    private_key: _Key = None,
    password_file: _PasswordFile = None,
    client_ca: Annotated[Path | None, typer.Option(
        dir_okay=False, help="TLS：客户端证书的上级，或客户端证书本身（PEM） / "
                             "TLS: what client certificates must chain to, or they themselves (PEM)")] = None,
) -> None:
    """签名进程：持有密钥，按用印审批签名并计数 / hold the keys; sign what approvals allow, and count it.

    谁可以用哪些密钥、多少次，写在工作目录的 signer.toml / who may use which keys how often stands in signer.toml of the
    home. SIGTERM 结束，不丢签名 / SIGTERM ends it; no answer under way is lost.
    """
    if context.invoked_subcommand is not None:
        return
    if socket is None and not listen:
        raise typer.BadParameter("请给出 --socket 或 --listen / give --socket or --listen", param_hint="--socket")
    if not _MODE.fullmatch(socket_mode):
        raise typer.BadParameter("应为三位八进制数 / three octal digits", param_hint="--socket-mode")
    tls = _tls(listen, certificate, private_key, client_ca, password_file) if listen else None

    from certs.home import Home
    from signer.process import run

    run(Home.open(home), tls=tls,
        unix=None if socket is None else (socket.absolute(), int(socket_mode, 8), socket_group))


def _tls(
    listen: str, certificate: Path | None, private_key: Path | None, client_ca: Path | None,
    password_file: Path | None,
) -> tuple[str, int, TlsFiles]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isascii() or not port.isdecimal() or int(port) > 65535:
        raise typer.BadParameter("应写作 主机:端口 / write HOST:PORT", param_hint="--listen")
    if certificate is None or private_key is None or client_ca is None:
        raise typer.BadParameter(
            "--listen 须有 --certificate、--private-key、--client-ca / takes --certificate, --private-key, --client-ca",
            param_hint="--listen")
    from certs.config import environment_password
    from signer.peers import TlsFiles

    def password() -> Password:
        found = environment_password({"file": str(password_file)}, file_variable="file", variable="")
        assert found is not None                            # noqa: S101 - a file was named
        return found

    return host.strip("[]"), int(port), TlsFiles(
        certificate, private_key, client_ca, password if password_file else None)


@app.command()
def check(
    address: _Address, ca: _Ca = None, certificate: _Certificate = None, private_key: _Key = None,
    password_file: _PasswordFile = None,
) -> None:
    """询问签名进程是否就绪，并令本端可用的每把密钥试签 / ask a signer whether it is ready, and have each key that this
    side may use sign a trial text.

    试签的内容固定，不是任何许可证的内容，不计数，签名不给出 / what is signed is nothing of a licence, is not counted,
    and is not given out.

    退出码 / exit codes: 0 全部可用 / all can be used, 3 否则 / otherwise.
    """
    from certs.remote_key import ask_health

    ready, keys = ask_health(_read_address(address, ca, certificate, private_key, password_file))
    for name, code in sorted(keys.items()):
        typer.echo(f"{name}: {code or '可用，已试签 / good, it has signed a trial text'}")
    if not keys:
        typer.echo("没有本端可用的密钥 / there is no key that this side may use")
    good = ready and bool(keys) and not any(keys.values())
    typer.echo("就绪 / ready" if good else "未就绪 / not ready")
    if not good:
        raise typer.Exit(CANNOT)


@app.command()
def refer(
    address: _Address, home: _Home = None, ca: _Ca = None, certificate: _Certificate = None,
    private_key: _Key = None, password_file: _PasswordFile = None,
    uid: Annotated[int | None, typer.Option(
        metavar="UID", help="套接字另一端须是此用户 / the user that must listen on the socket")] = None,
) -> None:
    """在签发端的工作目录写下密钥引用，使其由签名进程签名 / write key references into an issuing home, so that its
    signatures come from a signer.

    签发端不再需要密钥文件和口令；仍在的密钥文件会列出，请移走 / the issuing home then needs neither key files nor
    password; key files that are still there are named: move them away.
    """
    from certs.config import find_home
    from signer.references import write_references

    extra = _reference(address, ca, certificate, private_key, password_file)
    if uid is not None:
        extra["uid"] = uid
    written, keys = write_references(find_home(home, os.environ), extra)
    for path in written:
        typer.echo(f"{path}")
    for path in keys:
        typer.echo(f"请移走密钥 / move this key away: {path}", err=True)
    if keys:
        raise typer.Exit(CANNOT)


@app.command()
def used(home: _Home = None) -> None:
    """各用印审批已签名多少次 / how many signatures were made under each approval."""
    from certs.home import Home
    from signer.counts import Counts

    opened = Home.open(home)
    counts = Counts(opened.path, opened.config.registry)
    for (approval, role), number in sorted(counts.used().items()):
        typer.echo(f"{approval}  {role}  {number}")


@app.command()
def carry(
    ledger: Annotated[Path, typer.Option(
        metavar="H", exists=True, file_okay=False,
        help="此前用本地密钥签发的工作目录 / the home that issued with key files until now")],
    home: _Home = None,
) -> None:
    """密钥移入签名进程时，把台账已用的次数计入，每个台账只计一次 / when keys move to a signer, count what a ledger has
    used so far, once for each ledger.
    """
    from certs.home import Home
    from certs.seal_folder import ROLES
    from docgen.ledger_file import connect
    from docgen.ledger_tables import uses
    from docgen.use_log import log_name
    from signer.counts import Counts

    path = Home.open(ledger).issued_dir / "ledger.sqlite3"
    if not path.is_file():
        raise typer.BadParameter(f"没有台账 {path} / there is no ledger {path}", param_hint="--ledger")
    database, opened = connect(path), Home.open(home)
    carried = Counts(opened.path, opened.config.registry).carry(
        log_name(database), uses(database), ROLES, at=datetime.now(UTC))
    typer.echo(f"已计入的用印审批 / approvals carried: {carried}")


@app.command()
def forgive(
    approval: Annotated[str, typer.Option(metavar="ID", help="用印审批编号 / number of the approval")],
    message: Annotated[str, typer.Option(
        metavar="SM3", help="日志中的 message / message, as the log has it")],
    home: _Home = None,
) -> None:
    """签名给出后丢失（签发端断电等），不再计入该次 / take back a use whose signature was lost on its way, as when the
    issuing machine lost power.

    只在确知该签名未被使用时执行 / only where it is certain that nothing bears that signature.
    """
    from certs.home import Home
    from signer.counts import Counts

    if not _DIGEST.fullmatch(message):
        raise typer.BadParameter("应为 64 位十六进制 / 64 hexadecimal digits", param_hint="--message")
    opened = Home.open(home)
    forgiven = Counts(opened.path, opened.config.registry).forgive(
        approval, bytes.fromhex(message), at=datetime.now(UTC))
    typer.echo(f"{approval}: {forgiven}")
    if not forgiven:
        raise typer.Exit(1)


@app.command()
def accept_clock(home: _Home = None) -> None:
    """上次签名的时间有误时，按现在的时钟继续 / go on by the clock where the last signature bears a later time."""
    from certs.home import Home
    from signer.counts import Counts

    opened = Home.open(home)
    now = datetime.now(UTC)
    Counts(opened.path, opened.config.registry).accept_clock(now)
    typer.echo(f"时钟 {time_zh(now)} / clock: {time_en(now)}")


@app.command()
def accept_counts(home: _Home = None) -> None:
    """签名计数与 signer.id 所记的不一致，或本目录没有 signer.id 时，按现有的计数继续 / go on with counts that are not
    as signer.id remembers (restored ones), or beside which this home has no signer.id (as when it joins others).

    先停止所有使用这份计数的签名进程。缺少的签名不再计入，执行前请与各签发端的台账核对，见 docs/signer.zh.md 的“恢复”；
    此事记入审计日志 / stop all signers that use these counts first. What they lack is counted no more: compare with the
    ledger of each issuing home, see Restoring in docs/signer.md. The audit log says so.
    """
    from certs.home import Home
    from signer.counts import Counts

    opened = Home.open(home)
    counts = Counts(opened.path, opened.config.registry, accept=datetime.now(UTC))
    typer.echo({
        "": "计数与所记一致，没有改动 / the counts are as remembered, and nothing was changed",
        "older": f"已接受，日志缺少的条目 / accepted, entries that the log lacks: {counts.missing}",
        "other": "已接受，日志与 signer.id 所记的不同 / accepted, the log went on otherwise than signer.id remembers",
        "unmarked": "已接受，本目录此前没有 signer.id / accepted, this home had no signer.id",
    }[counts.accepted])
    counts.close()


def _reference(
    address: str, ca: Path | None, certificate: Path | None, private_key: Path | None, password_file: Path | None,
) -> dict[str, Any]:
    """Return the members of a reference that say where the signer is."""
    named = {"ca": ca, "certificate": certificate, "private_key": private_key, "password_file": password_file}
    return {"store": "signer", "address": address} | {
        key: str(path.absolute()) for key, path in named.items() if path is not None}


def _read_address(
    address: str, ca: Path | None, certificate: Path | None, private_key: Path | None, password_file: Path | None,
) -> Address:
    from certs.remote_key import read_address

    return read_address(_reference(address, ca, certificate, private_key, password_file), Path())

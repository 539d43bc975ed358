"""``zhengyin verify --serve``: the page on which anybody verifies a file."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from codes.others_words import system_words

if TYPE_CHECKING:
    from certs.signer import Signer

__all__ = ["serve_page"]

_LOCAL: Final = ("localhost", "127.0.0.1", "::1")


def serve_page(files: Sequence[Path] | None, *, trust: Path | None, signer: Callable[[], Signer | None], children: int,
               host: str, port: int, sites: Collection[str], proxies: Collection[str] = ()) -> None:
    """Serve until interrupted.

    Args:
        files: what stands on the command line as files: nothing may.
        signer: gives the key that signs reports, if there is one.
        sites: names under which the page is reached; needed where it listens on more than one address.
        proxies: addresses of the proxies before the page.

    Raises:
        TrustError: the trust folder cannot be used.
    """
    from certs.trust import Trust
    from layouts.folders import added_folders
    from service.serving import serve
    from service.verifier import verifier_app
    from verify.contained import Verifiers

    if files:
        raise typer.BadParameter("--serve 不与文件同用 / --serve takes no files", param_hint="--serve")
    if trust is not None:
        Trust.load(trust)                # one that cannot be used is told before anybody relies on the page
    hosts = _hosts(host, sites)
    _free(host, port)
    with Verifiers(trust=trust, kinds=added_folders(), children=children) as verifiers:
        verifiers.start()
        app = verifier_app(verifiers, hosts=hosts, children=children, signer=signer(),
                           proxies=_proxies(proxies))
        shown = f"[{host}]" if ":" in host else host
        typer.echo(f"核验网页 page: http://{shown}:{port}/ （Ctrl-C 结束 / ends it）", err=True)
        if trust is None:
            typer.echo("没有信任目录，任何文件都不会答“真实” / "
                       "there is no trust folder: no file can be called genuine", err=True)
        serve(app, host=host, port=port)


def _hosts(host: str, sites: Collection[str]) -> tuple[str, ...]:
    """The names that requests may be for."""
    try:
        every = ipaddress.ip_address(host).is_unspecified
    except ValueError:
        every = False
    if every and not sites:
        raise typer.BadParameter(f"监听 {host} 时请用 --site 给出网页的域名 / listening on {host}, name the site "
                                 "with --site", param_hint="--site")
    return (*sites, *_LOCAL, *(() if every else (host,)))


def _proxies(named: Collection[str]) -> tuple[str, ...]:
    """The addresses of the proxies in their one spelling."""
    try:
        return tuple(str(ipaddress.ip_address(each)) for each in named)
    except ValueError:
        raise typer.BadParameter("请写代理的 IP 地址，如 127.0.0.1 / write the proxy's IP address, as 127.0.0.1",
                                 param_hint="--proxy") from None


def _free(host: str, port: int) -> None:
    """Say plainly that the address cannot be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        zh, en = system_words(error)
        raise typer.BadParameter(f"不能监听 {host}:{port}：{zh} / cannot listen on {host}:{port}: {en}",
                                 param_hint="--port") from None

"""``zhengyin certs demo --serve``: the services of a demonstration, on this machine, for trials and tests alone."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import typer

from certs.config import load_config, store_config
from certs.demo_pki import TREES
from certs.files import locked
from codes.china_time import time_en, time_zh
from codes.others_words import system_words

__all__ = ["DEFAULT_PORT", "name_services", "serve_trial", "services_at"]

DEFAULT_PORT: Final = 8318
_ADDRESS: Final = re.compile(r"http://(?:127\.0\.0\.1|localhost):([1-9][0-9]{0,4})/?")
_MAX_PORT: Final = 65535


def services_at(url: str | None, port: int | None) -> tuple[str, int]:
    """Return the services' URL without a slash at its end, and the port they listen on.

    Raises:
        typer.BadParameter: no address of this machine, or two ports that differ.
    """
    if url is None:
        port = DEFAULT_PORT if port is None else port
        return f"http://127.0.0.1:{port}", port
    found = _ADDRESS.fullmatch(url)
    if found is None or int(found[1]) > _MAX_PORT:
        raise typer.BadParameter(
            f"演示服务只在本机运行，请写成 http://127.0.0.1:{DEFAULT_PORT} / the trial services run on this machine "
            f"alone: write http://127.0.0.1:{DEFAULT_PORT}", param_hint="--services-url")
    if port not in (None, int(found[1])):
        raise typer.BadParameter(
            f"--port {port} 与 --services-url 的端口 {found[1]} 不同 / --port {port} is not the port of "
            "--services-url", param_hint="--port")
    return url.removesuffix("/"), int(found[1])


def _tsa_urls(url: str) -> list[str]:
    return [f"{url}/tsa/{tree}" for tree in TREES]


def _setting(url: str) -> str:
    """The line of config.toml."""
    return f"tsa_urls = {json.dumps(_tsa_urls(url))}"


def name_services(home: Path, url: str) -> None:
    """Put the timestamp services at ``url`` into the settings of a home, in the place of those that stand there.

    Raises:
        HomeError, FileError: the settings cannot be read or written.
    """
    with locked(home / ".lock"):
        store_config(home, replace(load_config(home), tsa_urls=tuple(_tsa_urls(url))))
    typer.echo(f"已写入 {home / 'config.toml'} / put into it: {_setting(url)}")


def serve_trial(home: Path, port: int, timestamps_last: timedelta | None = None) -> None:
    """Serve until interrupted or ended, with a line on stderr for each request.

    Args:
        timestamps_last: until the certificates of the timestamp services end; by default those of the home serve.

    Raises:
        DemoError, HomeError, KeyStoreError, FileError: the home has no services, or its keys cannot be had.
    """
    from certs.trial import TRIAL
    from certs.trial_server import HOST, TrialServer
    from registry.demo import trial_authority

    authority = trial_authority(home, clock=lambda: datetime.now(UTC), environ=os.environ,
                                timestamps_last=timestamps_last)
    try:
        server = TrialServer(authority.answer, port=port, log=_log)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        zh, en = system_words(error)
        raise typer.BadParameter(f"不能监听 {HOST}:{port}：{zh} / cannot listen on {HOST}:{port}: {en}",
                                 param_hint="--port") from None
    typer.echo(f"演示认证服务 / trial services: {server.url}/ （Ctrl-C 结束 / ends it）")
    typer.echo(f"{TRIAL[0]} / {TRIAL[1]}")
    if timestamps_last is not None:
        end = min(authority.responders[f"tsa-{tree}"].certificate.not_after for tree in TREES)
        typer.echo(f"本次运行的时间戳证书到{time_zh(end)}为止 / "
                   f"the timestamp certificates of this run end at {time_en(end)}")
    typer.echo(f"时间戳服务写在 {home / 'config.toml'}（--with-services 代为写入）/ timestamp services for it "
               f"(--with-services puts them there):\n{_setting(server.url)}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            typer.echo("已结束 / ended", err=True)


def _log(line: str) -> None:
    typer.echo(f"试验 / trial {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {line}", err=True)

"""The life of a signer process: sockets, signals, the service manager, the log."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from certs.canonical_json import JSON
from certs.home import Home
from certs.process_limits import keep_memory_private
from codes.errors import EngineError
from signer.counts import Counts
from signer.desk import Desk
from signer.listening import listen_tcp, listen_unix
from signer.log import Log
from signer.opening import open_keys
from signer.peers import TlsFiles
from signer.server import Listening, Patience, Server

__all__ = ["run"]

_LOG_S: Final = 2.0                     # for what waits to be written when the process ends
_KEPT_S: Final = 3.0                    # between two looks at the counts
_LAST_S: Final = 5.0                    # for the last look at them
_TOLD_S: Final = 2.0                    # for the service manager to take a word that is not said again


def run(home: Home, *, unix: tuple[Path, int, str] | None, tls: tuple[str, int, TlsFiles] | None,
        patience: Patience | None = None) -> None:
    """Serve the keys of a home until SIGTERM or SIGINT.

    Args:
        unix: path of the socket, its mode, and the group that it is given ("" for none).
        tls: host, port and files.

    Raises:
        RemoteError: ``signer.settings`` (an address cannot be had, ``signer.toml`` is not right), ``signer.state``,
            ``signer.key-failed`` (no key opens).
        EngineError: the home cannot be used.
    """
    keep_memory_private()
    with contextlib.ExitStack() as open_ones:
        log = Log(sys.stderr.fileno(), lambda: datetime.now(UTC))
        open_ones.callback(log.close, within_s=_LOG_S)
        counts = Counts(home.path, home.config.registry)
        open_ones.callback(counts.close)
        open_ones.enter_context(_keeping(counts, log))
        desk = Desk(home, counts, log=log)
        desk.require_settings()
        listening = []
        if unix is not None:
            listening.append(Listening(open_ones.enter_context(listen_unix(*unix))))
        if tls is not None:
            host, port, files = tls
            files.context()
            listening.append(Listening(open_ones.enter_context(listen_tcp(host, port)), files))
        patience = patience or Patience()                   # those who connect meanwhile wait for their answer
        keys = open_keys(desk.names(), desk.open, log, within_s=patience.opening_s)
        asyncio.run(_serve(Server(desk, log=log, patience=patience), listening, log, keys))


async def _serve(server: Server, listening: list[Listening], log: Log, keys: Mapping[str, JSON]) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: log("failed", {"error": _name_of(context.get("exception"))}))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    loop.add_signal_handler(signal.SIGHUP, lambda: log("followed", {"what": "files are read when they change"}))

    def ready() -> None:
        log("ready", {"pid": os.getpid(), "listening": [_name(one.socket) for one in listening], **keys})
        _notify("READY=1", within_s=_TOLD_S)

    watchdog = asyncio.create_task(_watchdog())
    try:
        await server.serve(listening, ready)
    finally:
        watchdog.cancel()
        _notify("STOPPING=1", within_s=_TOLD_S)
        log("ended", {"pid": os.getpid()})


@contextlib.contextmanager
def _keeping(counts: Counts, log: Log) -> Iterator[None]:
    """Look at the counts every few seconds and at the end, so that this home remembers what others have counted."""
    ended = threading.Event()

    def keep() -> None:
        over, before = False, ""
        while not over:
            over, now = ended.wait(_KEPT_S), ""
            try:
                counts.keep()
            except EngineError as error:
                now = error.en
                if now != before:
                    log("counts", {"code": error.code.value, "reason": now})
            before = now

    thread = threading.Thread(target=keep, name="keeping", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(_LAST_S)


def _name_of(error: Any) -> str:
    return type(error).__name__


async def _watchdog() -> None:
    """Tell the service manager that this process still works, as often as it wants to hear it."""
    wanted = os.environ.get("WATCHDOG_USEC", "")
    while wanted.isdecimal() and int(wanted):
        _notify("WATCHDOG=1", within_s=0)   # the next one comes soon, and nobody waits for this one
        await asyncio.sleep(int(wanted) / 2e6)


def _notify(state: str, *, within_s: float) -> None:
    """Tell systemd, where it asked to be told (sd_notify); one that reads nothing is waited for so long at most."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if place:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.settimeout(within_s)
            line.sendto(state.encode(), "\0" + place[1:] if place.startswith("@") else place)


def _name(line: socket.socket) -> str:
    name = line.getsockname()
    return f"unix:{name}" if isinstance(name, str) else f"tls://{name[0]}:{name[1]}"

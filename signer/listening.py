"""The sockets of a signer process."""

from __future__ import annotations

import contextlib
import fcntl
import grp
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from certs.files import reported
from certs.remote_wire import RemoteCode, RemoteError
from codes.others_words import system_words

__all__ = ["listen_tcp", "listen_unix"]

_BACKLOG: Final = 128


@contextmanager
def listen_unix(path: Path, mode: int, group: str) -> Iterator[socket.socket]:
    """Listen on a Unix socket while the block runs; what a killed process left there is cleared away.

    Args:
        mode: permissions of the socket; group: that it is given, "" for none.

    Raises:
        RemoteError: ``signer.settings``: another process listens there, the path is no socket, the group is none.
        FileError: the socket cannot be made.
    """
    with contextlib.ExitStack() as open_ones:
        with reported(path):
            lock = os.open(
                path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            open_ones.callback(os.close, lock)
            line = open_ones.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            _bind(line, lock, path)
            open_ones.callback(path.unlink, missing_ok=True)
            if group:
                os.chown(path, -1, _group(group))
            path.chmod(mode)
            line.setblocking(False)
            line.listen(_BACKLOG)
        yield line


def _bind(line: socket.socket, lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RemoteError(
            RemoteCode.SETTINGS, f"已有签名进程在 {path} 监听，请先停止它，或换用其他路径",
            f"a signer listens on {path} already: stop it, or use another path") from None
    if os.path.lexists(path):                              # under the lock: nobody alive listens there
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise RemoteError(
                RemoteCode.SETTINGS, f"{path} 已存在且不是套接字，请换用其他路径",
                f"{path} is there and is no socket: use another path")
        path.unlink()
    before = os.umask(0o177)
    try:
        line.bind(str(path))
    finally:
        os.umask(before)


@contextmanager
def listen_tcp(host: str, port: int) -> Iterator[socket.socket]:
    """Listen on an address while the block runs.

    Raises:
        RemoteError: ``signer.settings``: it cannot be had.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        line = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        zh, en = system_words(error)
        raise RemoteError(
            RemoteCode.SETTINGS, f"不能监听 {host}:{port}（{zh}），请换用其他地址或端口",
            f"cannot listen on {host}:{port} ({en}): use another address or port") from None
    with line:
        line.setblocking(False)
        yield line


def _group(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise RemoteError(
            RemoteCode.SETTINGS, f"没有用户组 {name}，请更正", f"there is no group {name}: correct it") from None

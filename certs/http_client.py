"""One HTTP exchange with a service that nobody vouches for: bounded in time and size, and never sent elsewhere.

The whole exchange has one deadline, so a server that sends a byte now and then does not hold its caller. A redirect is
no answer; nothing is read from the environment (no proxy). What came back is bytes: its reader judges them.
"""

from __future__ import annotations

import enum
import functools
import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol
from urllib.parse import SplitResult, urlsplit

from codes.errors import EngineError
from codes.others_words import system_words

__all__ = ["HttpCode", "HttpError", "Post", "failure_words", "http_exchange", "http_post", "split_url"]

_OK: Final = 200


class HttpCode(enum.StrEnum):
    """Codes of :class:`HttpError`."""

    ADDRESS = "http.address"
    UNREACHABLE = "http.unreachable"
    SLOW = "http.slow"
    STATUS = "http.status"
    TOO_LARGE = "http.too-large"


class HttpError(EngineError):
    """A service could not be asked, or gave no answer that can be used. The sentences do not name the address."""


class Post(Protocol):
    """How a request is sent: :func:`http_post`, or what a test puts in its place."""

    def __call__(self, url: str, body: bytes, *, media_type: str, timeout_s: float, max_bytes: int) -> bytes:
        """Return the body of the answer; raise :class:`HttpError`."""


def failure_words(error: OSError | http.client.HTTPException | ValueError) -> tuple[str, str]:
    """How an exchange failed, in Chinese (its name in brackets) and in English; never the address."""
    name = type(error).__name__
    if isinstance(error, http.client.RemoteDisconnected):
        return f"连接被对方中断 ({name})", name
    if isinstance(error, ssl.SSLError):                          # its own words name the host
        return f"TLS 连接没有建立 ({name})", name
    if isinstance(error, OSError):
        return system_words(error)
    return f"答复不是合格的 HTTP ({name})", name


def split_url(url: str) -> SplitResult:
    """Return the parts of an http or https URL that names a host, and no user.

    Raises:
        HttpError: ``http.address``.
    """
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
        sound = sound and parts.port != 0 and url.isascii() and url.isprintable() and " " not in url
    except ValueError:
        sound = False
    if not sound:
        raise HttpError(HttpCode.ADDRESS, "地址应为 http://主机/… 或 https://主机/…，不带用户名",
                        "the address must be http://host/… or https://host/…, without a user")
    return parts


def http_post(url: str, body: bytes, *, media_type: str, timeout_s: float, max_bytes: int) -> bytes:
    """Send ``body`` and return what came back with status 200.

    Args:
        media_type: of the body, ``application/…-query`` or ``-request``.
        timeout_s: for the whole exchange, in seconds; looking up the name is the system's own time.
        max_bytes: largest answer.

    Raises:
        HttpError: ``http.address``, ``http.unreachable``, ``http.slow``, ``http.status`` (any but 200),
            ``http.too-large``.
    """
    return http_exchange("POST", url, body, {"Content-Type": media_type}, timeout_s=timeout_s, max_bytes=max_bytes)


def http_exchange(
    method: str, url: str, body: bytes | None, headers: Mapping[str, str], *, timeout_s: float, max_bytes: int,
    admit: Callable[[str], bool] | None = None, tls: ssl.SSLContext | None = None,
) -> bytes:
    """One request of any method: see :func:`http_post`.

    Args:
        tls: how an https service is known, and who asks it; by default as the system knows services, and nobody.
        admit: says of each numeric address that the host's name stands for whether it may be connected to; the
            connection is made to that very address. ``http.address`` where it admits none.
    """
    parts = split_url(url)
    connection = _Connection(parts, time.monotonic() + timeout_s, admit, tls)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, target, body, {**headers, "Connection": "close", "User-Agent": "zhengyin"})
        answer = connection.getresponse()
        if answer.status != _OK:
            raise HttpError(HttpCode.STATUS, f"以 HTTP 状态 {answer.status} 拒绝",
                            f"answered with HTTP status {answer.status}")
        data = answer.read(max_bytes + 1)
        if len(data) <= max_bytes and answer.length:
            raise http.client.IncompleteRead(data, answer.length)
    except TimeoutError as error:
        raise HttpError(HttpCode.SLOW, f"未在 {timeout_s:g} 秒内答复",
                        f"did not answer within {timeout_s:g} seconds") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        zh, en = failure_words(error)
        raise HttpError(HttpCode.UNREACHABLE, f"无法连接（{zh}）", f"cannot be reached ({en})") from error
    finally:
        connection.close()
    if len(data) > max_bytes:
        raise HttpError(HttpCode.TOO_LARGE, f"返回的数据超过 {max_bytes} 字节",
                        f"answered with more than {max_bytes} bytes")
    return data


@functools.cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _left(deadline: float) -> float:
    """Seconds until the deadline (of the monotonic clock); raises TimeoutError when it has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Connection(http.client.HTTPConnection):
    """A connection whose every step ends at one deadline."""

    def __init__(
        self, parts: SplitResult, deadline: float, admit: Callable[[str], bool] | None, tls: ssl.SSLContext | None,
    ) -> None:
        self._secure = parts.scheme == "https"
        super().__init__(parts.hostname or "", parts.port or (443 if self._secure else 80))
        self._deadline, self._admit, self._context = deadline, admit, tls

    def connect(self) -> None:
        plain = self._dial()
        if self._secure:
            plain.settimeout(_left(self._deadline))
            try:
                plain = (self._context or _tls()).wrap_socket(plain, server_hostname=self.host)
            except BaseException:
                plain.close()
                raise
        self.sock: Any = _TimedSocket(plain, self._deadline)

    def _dial(self) -> socket.socket:
        """Try the addresses of the host in order."""
        failed: Exception = OSError("the name has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM):
            if self._admit is not None and not self._admit(str(address[0])):
                failed = HttpError(HttpCode.ADDRESS, "主机位于内部网络，不予访问；确要访问的，请在 config.toml 的 "
                                   "[revocation] hosts 中写明该主机",
                                   "the host lies in an internal network and is not asked; if it is meant, name it in "
                                   "config.toml, [revocation] hosts")
                continue
            plain = socket.socket(family, kind, protocol)
            try:
                plain.settimeout(_left(self._deadline))
                plain.connect(address)
            except OSError as error:
                plain.close()
                failed = error
            else:
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return plain
        raise failed


class _TimedSocket:
    """What ``http.client`` needs of a socket."""

    def __init__(self, plain: socket.socket, deadline: float) -> None:
        self._plain, self._deadline = plain, deadline

    def sendall(self, data: bytes) -> None:
        self._plain.settimeout(_left(self._deadline))
        self._plain.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        del mode                                    # "rb", the only one that is asked for
        return io.BufferedReader(_TimedReader(self._plain, self._deadline))

    def close(self) -> None:
        self._plain.close()


class _TimedReader(io.RawIOBase):
    """The incoming side; it keeps the socket open until it is closed itself."""

    def __init__(self, plain: socket.socket, deadline: float) -> None:
        self._plain, self._deadline = plain, deadline
        self._incoming = plain.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._plain.settimeout(_left(self._deadline))
        return self._incoming.readinto(buffer)

    def close(self) -> None:
        self._incoming.close()
        super().close()

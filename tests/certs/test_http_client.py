"""Asking a service over HTTP: one deadline, one size, one address, whatever the other side does."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from certs.http_client import HttpCode, HttpError, http_post
from tests.support.ports import kept_port

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


@contextlib.contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that treats each connection as ``serve`` does, until the other side has gone."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        def run() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection, contextlib.suppress(OSError):
                        serve(connection)

        threading.Thread(target=run, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/ask?x=1"
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)


def request(connection: socket.socket) -> bytes:
    """The whole request, which has a body of 5 bytes."""
    data = b""
    while not data.endswith(b"\r\n\r\nabcde"):
        data += connection.recv(65536)
    return data


def dripping(before: bytes) -> Callable[[socket.socket], None]:
    """Send ``before``, then a byte now and then for ever."""
    def serve(connection: socket.socket) -> None:
        request(connection)
        connection.sendall(before)
        while True:
            time.sleep(0.02)
            connection.sendall(b"x")

    return serve


def sending(data: bytes) -> Callable[[socket.socket], None]:
    def serve(connection: socket.socket) -> None:
        request(connection)
        connection.sendall(data)

    return serve


def ask(url: str, *, timeout_s: float = 10.0, max_bytes: int = 100) -> bytes:
    return http_post(url, b"abcde", media_type="application/timestamp-query", timeout_s=timeout_s,
                     max_bytes=max_bytes)


def refusal(serve: Callable[[socket.socket], None], **options: float) -> HttpError:
    with listening(serve) as url, pytest.raises(HttpError) as caught:
        ask(url, **options)  # type: ignore[arg-type]
    return caught.value


def test_what_is_sent_is_one_plain_request() -> None:
    seen: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        seen.append(request(connection))
        connection.sendall(HEAD % 2 + b"ok")

    with listening(serve) as url:
        assert ask(url) == b"ok"
    head = seen[0].split(b"\r\n")
    assert head[0] == b"POST /ask?x=1 HTTP/1.1"
    assert b"Content-Type: application/timestamp-query" in head and b"Content-Length: 5" in head


@pytest.mark.parametrize("serve", [
    lambda _: time.sleep(3), dripping(b""), dripping(b"HTTP/1.1 200 OK\r\nX: "), dripping(HEAD % 1000),
    dripping(b"HTTP/1.1 200 OK\r\n\r\n"),
], ids=["silent", "status line", "header", "body", "body without length"])
def test_a_slow_server_is_left_at_the_deadline(serve: Callable[[socket.socket], None]) -> None:
    assert refusal(serve, timeout_s=0.3, max_bytes=1000).code is HttpCode.SLOW


@pytest.mark.parametrize(("data", "code"), [
    (HEAD % 101 + bytes(101), HttpCode.TOO_LARGE),
    (HEAD % 10**12 + bytes(200), HttpCode.TOO_LARGE),
    (b"HTTP/1.1 200 OK\r\n\r\n" + bytes(101), HttpCode.TOO_LARGE),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + bytes(0x65), HttpCode.TOO_LARGE),
    (HEAD % 50 + b"cut", HttpCode.UNREACHABLE),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", HttpCode.UNREACHABLE),
    (b"", HttpCode.UNREACHABLE),
    (b"SSH-2.0-OpenSSH_9.2\r\n", HttpCode.UNREACHABLE),
    (b"HTTP/1.1 200 OK\r\nX: " + bytes(70_000), HttpCode.UNREACHABLE),
    (b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno", HttpCode.STATUS),
    (b"HTTP/1.1 204 Nothing\r\n\r\n", HttpCode.STATUS),
    (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n", HttpCode.STATUS),
])
def test_what_is_no_whole_answer_of_the_right_size_is_refused(data: bytes, code: HttpCode) -> None:
    error = refusal(sending(data))
    assert error.code is code
    assert "127.0.0.1" not in error.zh + error.en


def test_nobody_listening_is_told_at_once() -> None:
    with kept_port() as port, pytest.raises(HttpError) as caught:
        ask(f"http://127.0.0.1:{port}/")
    assert caught.value.code is HttpCode.UNREACHABLE
    assert caught.value.zh == "无法连接（连接被拒绝 (Connection refused)）"


def test_a_server_that_speaks_no_tls_is_not_reached() -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(HEAD % 2 + b"ok")

    with listening(serve) as url, pytest.raises(HttpError) as caught:
        ask(url.replace("http:", "https:"), timeout_s=5)
    assert caught.value.code in (HttpCode.UNREACHABLE, HttpCode.SLOW)


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    with listening(sending(HEAD % 2 + b"ok")) as url:
        assert ask(url) == b"ok"

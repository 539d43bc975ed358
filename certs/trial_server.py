"""HTTP for the services of a demonstration's authority: this machine only, bounded, one thread a request.

A request has a time for all of it, however slowly it comes in and its answer is taken.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from certs.trial import TRIAL, Answer

__all__ = ["HOST", "TrialServer", "running"]

HOST: Final = "127.0.0.1"
_MAX_BODY: Final = 64 * 1024
_ALLOWED_S: Final = 10.0
_MAX_THREADS: Final = 32


class TrialServer(ThreadingHTTPServer):
    """The server on :data:`HOST`; ``url`` is its address without a slash at the end.

    Args:
        answer: (method, path, body) → answer; a ConnectionError from it cuts the line.
        port: 0 takes a free one.
        log: called with one line for each request; nothing of the request but method and path is in it.
        allowed_s: seconds for a connection, from its begin to the last byte of its answer.

    Raises:
        OSError: the port is taken.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answer: Callable[[str, str, bytes], Answer], *, port: int, log: Callable[[str], None],
                 allowed_s: float = _ALLOWED_S) -> None:
        super().__init__((HOST, port), _Handler)
        self.answer, self.log, self.allowed_s = answer, log, allowed_s
        self.places = threading.BoundedSemaphore(_MAX_THREADS)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.server_port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take a request on, or let the line go when too many are there."""
        if not self.places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection, cut off when its time is over, and give its place back."""
        end = threading.Timer(self.allowed_s, _cut, (request,))
        end.daemon = True
        end.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            end.cancel()
            self.places.release()

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        """Say that a line broke; a client that goes away is no fault."""
        self.log("连接中断 / the line broke")


def _cut(request: socket.socket) -> None:
    """End a connection under the thread that waits for it."""
    with suppress(OSError):              # it has ended by itself
        request.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server: TrialServer
    server_version, sys_version = "zhengyin-trial", ""

    def do_GET(self) -> None:
        """Answer a GET."""
        self._serve("GET", b"")

    def do_POST(self) -> None:
        """Answer a POST whose length is told."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and len(length) < 9) or int(length) > _MAX_BODY:
            self._send("POST", Answer(status=413, media_type="text/plain; charset=utf-8", body=b"413\n"))
            return
        self._serve("POST", self.rfile.read(int(length)))

    def _serve(self, method: str, body: bytes) -> None:
        self._send(method, self.server.answer(method, self.path, body))

    def _send(self, method: str, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("X-Trial", TRIAL[1])
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)
        self.server.log(f"{method} {self.path[:200]!r} {answer.status}")

    def log_message(self, *arguments: Any) -> None:
        """Say nothing here: the log has its one line."""


@contextmanager
def running(server: TrialServer) -> Iterator[TrialServer]:
    """Serve in a thread of its own until the block ends."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

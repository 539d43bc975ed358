"""``preview --watch``: the preview in the browser, drawn anew whenever a file is saved or other data are typed.

The server listens on 127.0.0.1 alone and answers only requests that its own page makes. One thread draws; whatever is
asked for while it does so is drawn once, as it stands then. No client can hold a connection for long, but for the one
that listens to what was drawn.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import sys
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from codes.others_words import system_words
from docgen.design.findings import DesignError, FindingCode
from docgen.design.preview_folder import DRAWN
from docgen.design.watching import Preview, page_resource

__all__ = ["PreviewServer", "serve"]

_STATIC = {"watch.js": "text/javascript", "watch.css": "text/css"}
_TYPES = {".svg": "image/svg+xml", ".pdf": "application/pdf", ".ofd": "application/ofd"}
_TAKEN = ("/record", "/data")
_LENGTH = re.compile(r"[0-9]{1,7}")
_MAX_RECORD = 4 * 1024 * 1024
_LOOK_S = 0.3
_KEEP_ALIVE_S = 15
_SILENCE_S = 10                 # in which a client sends or takes nothing
_REQUEST_S = 30                 # for one request, however slowly it comes
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " \
          "object-src 'self'; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
_DRAWN_POLICY = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src data:; frame-ancestors 'self'"


class PreviewServer:
    """Serves one preview to the browsers of this machine, and draws anew when a file changes."""

    def __init__(self, preview: Preview, *, port: int, request_s: float = _REQUEST_S) -> None:
        """Take the port.

        Args:
            request_s: seconds on the clock for one request to come.

        Raises:
            DesignError: ``design.port``.
        """
        self.preview = preview
        self._changed = threading.Condition()
        self._asked = self._drawn = 0                       # drawings; those asked for while one is made count as one
        self._version = 0                                   # of the drawing that was told last
        self._stop = threading.Event()
        handler = type("_Bound", (_Handler,), {"server_of": self})
        try:
            self._http = _Server(("127.0.0.1", port), handler)
        except OSError as error:
            zh, en = system_words(error)
            raise DesignError(FindingCode.PORT, f"端口 {port} 不能使用（{zh}），请用 --port 另选",
                              f"port {port} cannot be used ({en}); choose another with --port") from error
        self._http.request_s = request_s
        self.port = self._http.server_port

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port}/"

    def run(self) -> None:
        """Serve until :meth:`close`."""
        watcher = threading.Thread(target=self._watch, daemon=True)
        watcher.start()
        try:
            self._http.serve_forever(poll_interval=0.2)
        finally:
            self._stop.set()
            watcher.join()

    def close(self) -> None:
        """Stop serving."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        self._http.shutdown()
        self._http.server_close()

    def ask(self) -> None:
        """Ask for a new drawing; returns at once."""
        with self._changed:
            self._asked += 1
            self._changed.notify_all()

    def state(self) -> dict[str, Any]:
        """What the page in the browser shows; ``busy``: a newer drawing is being made."""
        with self._changed:
            return {**self.preview.state(), "busy": self._asked != self._drawn}

    def wait_for(self, version: int) -> int | None:
        """Wait for another version than this; None when there is none for a while."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != version or self._stop.is_set(), _KEEP_ALIVE_S)
            return None if self._version == version else self._version

    @property
    def stopped(self) -> bool:
        """Whether the server is closing."""
        return self._stop.is_set()

    def _watch(self) -> None:
        before: frozenset[tuple[str, int, int]] | None = None
        while not self._stop.is_set():
            now = frozenset(self.preview.stamp())
            if now != before:
                if before is not None and any(self.preview.holds_data(path) for path, _, _ in now ^ before):
                    self.preview.edit(None)                 # what was typed stays while only the design changes
                before = now
                self.ask()
            with self._changed:
                self._changed.wait_for(lambda: self._asked != self._drawn or self._stop.is_set(), _LOOK_S)
                asked = self._asked
            if asked != self._drawn and not self._stop.is_set():
                self.preview.redraw()
                with self._changed:
                    self._drawn, self._version = asked, self.preview.version
                    self._changed.notify_all()


class _Server(ThreadingHTTPServer):
    """Ends connections whose request does not come, and says nothing of those that went away."""

    daemon_threads = True
    request_s: float = _REQUEST_S

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._due: dict[socket.socket, float] = {}
        super().__init__(address, handler)

    def expect(self, connection: socket.socket, *, within: float | None) -> None:
        """Give a connection so many seconds for what it is doing; None: as long as it likes."""
        if within is None:
            self._due.pop(connection, None)
        else:
            self._due[connection] = time.monotonic() + within

    def service_actions(self) -> None:
        """End what is overdue; called several times a second."""
        now = time.monotonic()
        for connection, due in list(self._due.items()):
            if due < now:
                self._due.pop(connection, None)
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell faults of ours; a browser that hung up is none."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Answers the page, its files, its state, its events; takes edited records."""

    server_of: ClassVar[PreviewServer]
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = _SILENCE_S

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that the base class gives it
        """Say nothing: what matters is on the page."""

    def handle_one_request(self) -> None:
        """Answer a request, or give up waiting for it."""
        self.server.expect(self.connection, within=self.server.request_s)
        try:
            super().handle_one_request()
        finally:
            self.server.expect(self.connection, within=None)

    def do_GET(self) -> None:
        """Answer the page or one of its parts."""
        name = self.path.partition("?")[0].lstrip("/")
        if not self._own():
            return self.send_error(HTTPStatus.FORBIDDEN)
        if name == "":
            return self._send(page_resource("watch.html"), "text/html; charset=utf-8", _POLICY)
        if name in _STATIC:
            return self._send(page_resource(name), f"{_STATIC[name]}; charset=utf-8", _POLICY)
        if name == "state":
            return self._send(json.dumps(self.server_of.state()).encode("ascii"), "application/json", _POLICY)
        if name == "events":
            return self._events()
        path = next((path for path in self.server_of.preview.files if path.name == name != "index.html"), None)
        try:
            data = b"" if path is None else path.read_bytes()
        except OSError:                                     # drawn anew in this moment
            path = None
        if path is None or not DRAWN.fullmatch(name):
            return self.send_error(HTTPStatus.NOT_FOUND)
        return self._send(data, _TYPES[path.suffix], _DRAWN_POLICY)

    def do_POST(self) -> None:
        """Take an edited record, or the choice of other data; it is drawn as soon as that can be."""
        length = self.headers.get("Content-Length", "")
        if not self._own() or self.path not in _TAKEN or self.headers.get("Content-Type") != "application/json":
            return self.send_error(HTTPStatus.FORBIDDEN)
        if not _LENGTH.fullmatch(length):
            return self.send_error(HTTPStatus.BAD_REQUEST)
        if int(length) > _MAX_RECORD:
            return self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        data = self.rfile.read(int(length))
        if len(data) < int(length):                         # it hung up in the midst of it
            self.close_connection = True
            return None
        text = data.decode("utf-8", errors="replace")
        if self.path == "/data":
            self.server_of.preview.choose(text)
        else:
            self.server_of.preview.edit(text)
        self.server_of.ask()
        return self._send(b"{}", "application/json", _POLICY, HTTPStatus.ACCEPTED)

    def _own(self) -> bool:
        """Whether the request comes from our own page: no other site can name this host, or send this origin."""
        hosts = {f"127.0.0.1:{self.server_of.port}", f"localhost:{self.server_of.port}"}
        origin = self.headers.get("Origin")
        return self.headers.get("Host") in hosts and (origin is None or origin in {f"http://{host}" for host in hosts})

    def _send(self, data: bytes, kind: str, policy: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(data)

    def _events(self) -> None:
        """Server-sent events: the number of each new drawing."""
        self.server.expect(self.connection, within=None)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        version = -1
        with contextlib.suppress(OSError):
            while not self.server_of.stopped:
                changed = self.server_of.wait_for(version)
                version = version if changed is None else changed
                self.wfile.write(b": here\n\n" if changed is None else f"data: {version}\n\n".encode())
                self.wfile.flush()


def serve(preview: Preview, *, port: int, say: Callable[[str], object]) -> None:
    """Serve a preview until Ctrl-C.

    Raises:
        DesignError: ``design.port``, ``design.out-folder``.
    """
    preview.clear()
    server = PreviewServer(preview, port=port)
    say(f"预览 / preview: {server.url} (Ctrl-C 结束 / ends it)")
    try:
        server.run()
    except KeyboardInterrupt:
        server.close()

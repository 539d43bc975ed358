"""``preview``: drawn once into a folder, or shown in the browser and drawn anew whenever a file is saved.

The server listens on 127.0.0.1 alone and answers only requests that its own page makes. What it shows was drawn by the
contained child; this process reads of the kind nothing but the times of its files.
"""

from __future__ import annotations

import contextlib
import html
import json
import re
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar

from docgen.design.contained import Answer, Limits, run
from docgen.design.findings import DesignError, FindingCode, folded, to_json
from docgen.design.folder import KindFolder

__all__ = ["Preview", "PreviewServer", "serve"]

_DRAWN = re.compile(r"page-[0-9]{1,4}\.svg|preview\.(?:pdf|ofd)")
_STATIC = {"watch.js": "text/javascript", "watch.css": "text/css"}
_TYPES = {".svg": "image/svg+xml", ".pdf": "application/pdf", ".ofd": "application/ofd"}
_TAKEN = ("/record", "/data")
_MAX_RECORD = 4 * 1024 * 1024
_LOOK_S = 0.3
_KEEP_ALIVE_S = 15
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " \
          "object-src 'self'; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
_DRAWN_POLICY = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src data:; frame-ancestors 'self'"


class Preview:
    """One kind's preview: draws it into a folder and remembers what came of it."""

    def __init__(self, folder: KindFolder, *, record: Path | None, out: Path, data: str | None = None,
                 limits: Limits | None = None) -> None:
        """What is drawn.

        Args:
            record: the file with the record; None takes a sample of the kind.
            data: which sample, or which data made of the record; see :func:`docgen.design.preview.draw_preview`.
        """
        self.folder = folder
        self.out = out
        self.version = 0
        self._record = record
        self._data = data
        self._origin = 0                                    # counts what the record comes from: a file, a choice
        self.limits = limits
        self._edited: str | None = None
        self._answer = Answer(findings=(), facts={})
        self._lock = threading.Lock()

    @property
    def files(self) -> list[Path]:
        """What was drawn; nothing after a failure."""
        return sorted(path for path in self.out.iterdir() if path.name == "index.html" or _DRAWN.fullmatch(path.name))

    def edit(self, record: str | None) -> None:
        """Draw this record from now on, None: the one of the file again."""
        self._edited = record
        self._origin += record is None

    def choose(self, data: str) -> None:
        """Draw another sample, or data made of the record, from now on."""
        self._edited, self._data = None, data
        self._origin += 1

    def draw(self) -> Answer:
        """Draw anew, in a child; a kind or a record that cannot be drawn leaves nothing of the drawing before."""
        with self._lock:
            self.out.mkdir(parents=True, exist_ok=True)
            for path in self.files:
                path.unlink()
            record, name, data = self._edited, "record", self._data
            if record is not None:
                data = None                                 # it stands in the form, whatever it was made of
            elif self._record is not None:
                record, name = self._record.read_bytes().decode("utf-8", errors="replace"), self._record.name
            self._answer = run("draw", self.folder, out=self.out.resolve(), limits=self.limits, record=record,
                               record_name=name, data=data)
            if self._answer.facts.get("pages"):
                (self.out / "index.html").write_text(self._page(), encoding="utf-8")
            self.version += 1
            return self._answer

    def state(self) -> dict[str, Any]:
        """What the page in the browser shows."""
        findings = self._answer.findings
        return {"version": self.version, "findings": to_json(folded(findings)), "count": len(findings),
                "code": self.folder.code, "pages": [], "origin": self._origin, **self._answer.facts,
                "data": self._data or self._answer.facts.get("data", "")}

    def stamp(self) -> tuple[tuple[str, int, int], ...]:
        """Names, times and sizes of the files that a drawing depends on."""
        paths = [*self.folder.path.rglob("*"), *([self._record] if self._record else [])]
        found = []
        for path in paths:
            with contextlib.suppress(OSError):
                facts = path.stat()
                if path.is_file():
                    found.append((str(path), facts.st_mtime_ns, facts.st_size))
        return tuple(sorted(found))

    def _page(self) -> str:
        """The page that shows a preview drawn once."""
        facts = self._answer.facts
        pages = "\n".join(
            f'<figure><img src="{page["file"]}" alt="{html.escape(page["role"])}"><figcaption>'
            f'{html.escape(page["role"])}</figcaption></figure>' for page in facts["pages"])
        title = html.escape(f"{facts['name']} {self.folder.code}")
        return (f'<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8"><title>预览 {title}</title>\n<style>'
                f'{_resource("watch.css").decode()}</style></head>\n<body><header><h1>预览 · 非正式证照</h1>'
                f'<p>{title} <a href="preview.pdf">PDF</a> <a href="preview.ofd">OFD</a></p></header>\n'
                f'<main class="pages">{pages}</main></body></html>\n')


def _resource(name: str) -> bytes:
    return resources.files(__package__).joinpath("page", name).read_bytes()


class PreviewServer:
    """Serves one preview to the browsers of this machine, and draws anew when a file changes."""

    def __init__(self, preview: Preview, *, port: int) -> None:
        """Take the port.

        Raises:
            DesignError: ``design.port``.
        """
        self.preview = preview
        self._changed = threading.Condition()
        self._stop = threading.Event()
        handler = type("_Bound", (_Handler,), {"server_of": self})
        try:
            self._http = ThreadingHTTPServer(("127.0.0.1", port), handler)
        except OSError as error:
            raise DesignError(FindingCode.PORT, f"端口 {port} 不能使用（{error.strerror}），请用 --port 另选",
                              f"port {port} cannot be used ({error.strerror}); choose another with --port") from error
        self._http.daemon_threads = True
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

    def redraw(self) -> None:
        """Draw anew and tell every browser."""
        self.preview.draw()
        with self._changed:
            self._changed.notify_all()

    def wait_for(self, version: int) -> int | None:
        """Wait for another version than this; None when there is none for a while."""
        with self._changed:
            self._changed.wait_for(lambda: self.preview.version != version or self._stop.is_set(), _KEEP_ALIVE_S)
        return None if self.preview.version == version else self.preview.version

    @property
    def stopped(self) -> bool:
        """Whether the server is closing."""
        return self._stop.is_set()

    def _watch(self) -> None:
        before: frozenset[tuple[str, int, int]] | None = None
        while not self._stop.is_set():
            now = frozenset(self.preview.stamp())
            if now != before:
                if any(path.endswith(".json") for path, _, _ in now ^ (before or frozenset())):
                    self.preview.edit(None)                 # what was typed stays while only the design changes
                before = now
                self.redraw()
            self._stop.wait(_LOOK_S)


class _Handler(BaseHTTPRequestHandler):
    """Answers the page, its files, its state, its events; takes edited records."""

    server_of: ClassVar[PreviewServer]
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that the base class gives it
        """Say nothing: what matters is on the page."""

    def do_GET(self) -> None:
        """Answer the page or one of its parts."""
        name = self.path.partition("?")[0].lstrip("/")
        if not self._own():
            return self.send_error(HTTPStatus.FORBIDDEN)
        if name == "":
            return self._send(_resource("watch.html"), "text/html; charset=utf-8", _POLICY)
        if name in _STATIC:
            return self._send(_resource(name), f"{_STATIC[name]}; charset=utf-8", _POLICY)
        if name == "state":
            state = json.dumps(self.server_of.preview.state(), ensure_ascii=False)
            return self._send(state.encode("utf-8"), "application/json", _POLICY)
        if name == "events":
            return self._events()
        path = self.server_of.preview.out / name
        if not _DRAWN.fullmatch(name) or not path.is_file():
            return self.send_error(HTTPStatus.NOT_FOUND)
        return self._send(path.read_bytes(), _TYPES[path.suffix], _DRAWN_POLICY)

    def do_POST(self) -> None:
        """Take an edited record, or the choice of other data, and draw it."""
        length = self.headers.get("Content-Length", "")
        if not self._own() or self.path not in _TAKEN or self.headers.get("Content-Type") != "application/json":
            return self.send_error(HTTPStatus.FORBIDDEN)
        if not length.isdigit() or int(length) > _MAX_RECORD:
            return self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        text = self.rfile.read(int(length)).decode("utf-8", errors="replace")
        if self.path == "/data":
            self.server_of.preview.choose(text)
        else:
            self.server_of.preview.edit(text)
        self.server_of.redraw()
        return self._send(b"{}", "application/json", _POLICY)

    def _own(self) -> bool:
        """Whether the request comes from our own page: no other site can name this host, or send this origin."""
        hosts = {f"127.0.0.1:{self.server_of.port}", f"localhost:{self.server_of.port}"}
        origin = self.headers.get("Origin")
        return self.headers.get("Host") in hosts and (origin is None or origin in {f"http://{host}" for host in hosts})

    def _send(self, data: bytes, kind: str, policy: str) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(data)

    def _events(self) -> None:
        """Server-sent events: the number of each new drawing."""
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
        DesignError: ``design.port``.
    """
    server = PreviewServer(preview, port=port)
    say(f"预览 / preview: {server.url} (Ctrl-C 结束 / ends it)")
    try:
        server.run()
    except KeyboardInterrupt:
        server.close()

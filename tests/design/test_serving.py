"""``kinds preview --watch``: the page redraws on save and on edit; nothing that a client or an editor does stops it."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docgen.design import watching
from docgen.design.findings import DesignError
from docgen.design.folder import open_folder
from docgen.design.serving import PreviewServer, serve
from docgen.design.watching import Preview
from tests.design.browser import Browser
from tests.design.kinds import QUICK, change, made, with_photo
from tests.support.bounds import wait_until

PICTURES = Path(__file__).parent.parent.parent / "out" / "pictures" / "design"
TYPE = """(() => {{
  const input = document.querySelector('[data-label={label}]');
  input.value = '{text}';
  input.dispatchEvent(new Event('input', {{bubbles: true}}));
}})()"""


@pytest.fixture
def kind(tmp_path: Path) -> Path:
    return made(tmp_path)


@pytest.fixture
def preview(kind: Path, tmp_path: Path) -> Preview:
    return Preview(open_folder(kind), record=None, out=tmp_path / "out")


@pytest.fixture
def server(preview: Preview) -> Iterator[PreviewServer]:
    made_server = PreviewServer(preview, port=0)
    thread = threading.Thread(target=made_server.run, daemon=True)
    thread.start()
    _until(made_server, lambda state: state["version"] == 1)
    yield made_server
    made_server.close()
    thread.join(timeout=10)


def _ask(server: PreviewServer, path: str, *, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    kind = {"Content-Type": "application/json"} if body is not None else {}
    connection.request("POST" if body is not None else "GET", path, body, kind | headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def _state(server: PreviewServer) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(_ask(server, "/state")[1])
    return state


def _until(server: PreviewServer, holds: Any) -> dict[str, Any]:
    state: dict[str, Any] = {}

    def held() -> bool:
        nonlocal state
        state = _state(server)
        return bool(holds(state))

    wait_until(held)
    return state


def _post(server: PreviewServer, path: str, body: bytes) -> dict[str, Any]:
    """Send data, and the state once they are drawn."""
    assert _ask(server, path, body=body)[0] == 202
    return _until(server, lambda state: not state["busy"])


def _saved(kind: Path, name: str, old: str, new: str) -> int:
    """Change a file of the kind in one step, for a half of it would be drawn too; returns the line that it is in."""
    aside = kind.with_name("aside")
    shutil.copy(kind / name, aside)
    line = change(aside, old, new)
    aside.replace(kind / name)
    return line


def test_the_page_redraws_on_save_and_says_what_is_wrong(server: PreviewServer, kind: Path) -> None:
    state = _state(server)
    assert [page["role"] for page in state["pages"]] == ["正本", "副本"]
    assert state["findings"] == []
    assert state["schema"]["properties"]["企业名称"]["maxLength"] == 80
    events = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    events.request("GET", "/events")
    stream = events.getresponse()
    assert stream.readline() == b"data: 1\n"
    line = _saved(kind, "pages.xml", "<column ", "<column colour='red' ")
    stream.readline()
    assert stream.readline() == b"data: 2\n"
    state = _until(server, lambda state: state["version"] == 2)
    assert [(one["file"], one["line"]) for one in state["findings"]] == [("T1/pages.xml", line)]
    assert state["pages"] == []
    assert _ask(server, "/page-1.svg")[0] == 404
    _saved(kind, "pages.xml", "<column colour='red' ", "<column ")
    assert _until(server, lambda state: state["version"] == 3)["pages"]


def test_edited_data_are_drawn_and_checked(server: PreviewServer) -> None:
    record = _state(server)["record"]
    body = json.dumps(record | {"企业名称": "测试改名有限公司"}, ensure_ascii=False).encode()
    _post(server, "/record", body)
    assert "测试改名有限公司" in _ask(server, "/page-1.svg")[1].decode()
    state = _post(server, "/record", json.dumps(record | {"企业名称": ""}).encode())
    assert [one["field"] for one in state["findings"]] == ["企业名称"]


def test_other_data_are_chosen_and_drawn_and_the_form_takes_them_up(server: PreviewServer) -> None:
    before = _state(server)
    assert (before["data"], before["choices"][1:]) == ("samples/example-1.json", ["short", "long", "empty", "rare"])
    state = _post(server, "/data", b"long")
    assert (state["data"], len(state["record"]["企业名称"])) == ("long", 80)
    assert state["origin"] > before["origin"]
    typed = _post(server, "/record", json.dumps(before["record"]).encode())
    assert typed["origin"] == state["origin"], "what is typed does not come back into the form"
    assert [one["code"] for one in _post(server, "/data", b"longest")["findings"]] == ["design.no-data"]


def test_what_was_typed_stays_while_the_template_changes(server: PreviewServer, kind: Path) -> None:
    record = _state(server)["record"] | {"企业名称": "测试改名有限公司"}
    _post(server, "/record", json.dumps(record, ensure_ascii=False).encode())
    _saved(kind, "pages.xml", 'colour="#111111"', 'colour="#101010"')
    _until(server, lambda state: state["version"] == 3)
    assert "测试改名有限公司" in _ask(server, "/page-1.svg")[1].decode()
    _saved(kind, "samples/example-1.json", '"企业名称": "测试甲', '"企业名称": "测试乙')
    _until(server, lambda state: state["version"] == 4)
    assert "测试乙" in _ask(server, "/page-1.svg")[1].decode()


def test_the_pdf_and_the_ofd_are_there_to_fetch(server: PreviewServer) -> None:
    assert _ask(server, "/preview.pdf")[1].startswith(b"%PDF-")
    assert _ask(server, "/preview.ofd")[1].startswith(b"PK")


@pytest.mark.parametrize(("path", "body", "headers"), [
    ("/state", None, {"Host": "attacker.invalid"}),
    ("/", None, {"Host": "attacker.invalid"}),
    ("/record", b"{}", {"Origin": "https://attacker.invalid"}),
    ("/record", b"{}", {"Content-Type": "text/plain"}),
    ("/other", b"{}", {}),
])
def test_other_sites_get_nothing_from_the_server(
    server: PreviewServer, path: str, body: bytes | None, headers: dict[str, str],
) -> None:
    assert _ask(server, path, body=body, **headers)[0] == 403


@pytest.mark.parametrize("path", ["/../kind.json", "/kind.json", "/index.html", "/page-1.svg/..", "/%2e%2e/kind.json"])
def test_only_what_was_drawn_can_be_fetched(server: PreviewServer, path: str) -> None:
    assert _ask(server, path)[0] == 404


def test_a_port_that_is_taken_is_said_so(server: PreviewServer, preview: Preview) -> None:
    with pytest.raises(DesignError) as caught:
        PreviewServer(preview, port=server.port)
    assert caught.value.code.value == "design.port"


def test_a_browser_shows_what_was_drawn_and_draws_what_is_typed(
    server: PreviewServer, chromium: str, tmp_path: Path,
) -> None:
    loaded = "[...document.querySelectorAll('#ofd img')].filter(one => one.naturalWidth > 500).length"
    with Browser(chromium, tmp_path / "profile") as browser:
        browser.open(server.url)
        browser.until("document.body?.dataset.version", "1")
        browser.until(loaded, 2)
        assert browser.value("document.getElementById('status').textContent").startswith("未发现问题")
        assert browser.value("document.querySelector('figcaption').textContent") == "正本 · 297 × 210 mm"
        PICTURES.mkdir(parents=True, exist_ok=True)
        (PICTURES / "preview-in-browser.png").write_bytes(browser.picture())
        browser.value(TYPE.format(label="企业名称", text=""))
        browser.until("document.querySelectorAll('#findings li').length", 1)
        assert "企业名称" in browser.value("document.getElementById('findings').textContent")
        browser.until("document.querySelector('[data-label=企业名称]').classList.contains('wrong')", True)
        (PICTURES / "preview-with-fault.png").write_bytes(browser.picture())
        browser.value(TYPE.format(label="企业名称", text="测试改名有限公司"))
        browser.until("document.querySelectorAll('#findings li').length", 0)
        browser.until(loaded, 2)


def test_a_browser_offers_other_data_and_says_what_photo_is_set(
    kind: Path, tmp_path: Path, chromium: str,
) -> None:
    with_photo(kind)
    server = PreviewServer(Preview(open_folder(kind), record=None, out=tmp_path / "out"), port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        with Browser(chromium, tmp_path / "profile") as browser:
            browser.open(server.url)
            browser.until("document.querySelectorAll('#data button').length", 5)
            browser.until("document.querySelector('#data [aria-pressed=true]')?.textContent", "example-1")
            assert browser.value("document.querySelector('[type=file]').accept") == "image/jpeg"
            assert "已有照片" in browser.value("document.querySelector('.hint').textContent")
            browser.value("document.querySelector('[data-name=long]').click()")
            browser.until("document.querySelector('[data-label=法定代表人]').value.length", 50)
            browser.until("document.querySelector('#data [aria-pressed=true]').textContent", "长 / long")
            browser.until("[...document.querySelectorAll('#ofd img')].filter(one => one.naturalWidth > 500).length", 2)
            (PICTURES / "preview-of-long-data.png").write_bytes(browser.picture())
    finally:
        server.close()
        thread.join(timeout=10)


def test_the_page_fits_a_phone_and_says_when_the_preview_has_ended(
    preview: Preview, tmp_path: Path, chromium: str,
) -> None:
    server = PreviewServer(preview, port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    with Browser(chromium, tmp_path / "profile") as browser:
        browser.command("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=2, mobile=True)
        browser.open(server.url)
        browser.until("document.getElementById('status')?.dataset.is", "good")
        browser.until("[...document.querySelectorAll('#ofd img')].filter(one => one.naturalWidth > 500).length", 2)
        assert browser.value("document.documentElement.scrollWidth") == 390
        tops = browser.value("['#ofd', '#form'].map(one => document.querySelector(one).getBoundingClientRect().top)")
        assert tops[0] < tops[1], "the pages first, the form below them"
        PICTURES.mkdir(parents=True, exist_ok=True)
        (PICTURES / "preview-on-a-phone.png").write_bytes(browser.picture())
        server.close()
        thread.join(timeout=60)
        browser.until("document.getElementById('status').dataset.is", "bad")
        assert "已停止" in browser.value("document.getElementById('status').textContent")


def test_a_kind_that_loops_forever_leaves_the_server_standing(server: PreviewServer, kind: Path) -> None:
    server.preview.limits = QUICK
    _saved(kind, "pages.xml", '  <page role="正本"',
           '{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}<page role="正本"')
    state = _until(server, lambda state: state["version"] == 2)
    assert [one["code"] for one in state["findings"]] == ["design.time"]


def _raw(server: PreviewServer, request: bytes) -> bytes:
    """The first line of the answer to a request as it stands."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(request)
        return connection.makefile("rb").readline()


@pytest.mark.parametrize(("length", "status"), [
    ("²".encode("latin-1"), 400), (b"-1", 400), (b"9" * 5000, 400), (b"1e3", 400), (b"", 400), (b"+5", 400),
    ("٣".encode(), 400), (b"9999999", 413),
])
def test_a_wrong_length_is_refused_without_a_traceback(
    server: PreviewServer, length: bytes, status: int, capfd: pytest.CaptureFixture[str],
) -> None:
    host = f"127.0.0.1:{server.port}".encode()
    answer = _raw(server, b"POST /record HTTP/1.1\r\nHost: " + host + b"\r\nContent-Type: application/json\r\n"
                  b"Content-Length: " + length + b"\r\n\r\n{}")
    assert answer.split()[1] == str(status).encode()
    assert _state(server)["version"] == 1
    assert capfd.readouterr().err == ""


def test_browsers_that_hang_up_are_passed_over(server: PreviewServer, capfd: pytest.CaptureFixture[str]) -> None:
    host = f"Host: 127.0.0.1:{server.port}\r\n".encode()
    post = b"Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
    for request in (b"GET /preview.pdf HTTP/1.1\r\n" + host + b"\r\n", b"GET /events HTTP/1.1\r\n" + host + b"\r\n",
                    b"POST /record HTTP/1.1\r\n" + host + post,
                    b"GET / HT", b"\xff\x00\r\n\r\n"):
        for _ in range(5):
            connection = socket.create_connection(("127.0.0.1", server.port))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))     # a reset
            connection.sendall(request)
            connection.close()
    server.ask()
    state = _until(server, lambda state: state["version"] == 2 and not state["busy"])
    assert state["findings"] == [] and state["record"]["企业名称"], "half a record was not drawn"
    assert capfd.readouterr().err == ""


def test_a_client_that_sends_without_end_is_cut_off(preview: Preview) -> None:
    server = PreviewServer(preview, port=0, request_s=1)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n")
            with pytest.raises(OSError):
                for _ in range(600):
                    connection.sendall(b"X: y\r\n")
                    time.sleep(0.1)
    finally:
        server.close()
        thread.join(timeout=60)


def test_of_many_records_that_come_while_one_is_drawn_the_newest_is_drawn(
    server: PreviewServer, monkeypatch: pytest.MonkeyPatch,
) -> None:
    record, drawn, go = _state(server)["record"], [], threading.Event()
    real = watching.run

    def slow(*words: Any, **more: Any) -> Any:
        drawn.append(json.loads(more["record"])["企业名称"])
        go.wait(60)
        return real(*words, **more)

    monkeypatch.setattr(watching, "run", slow)
    for number in range(20):
        body = json.dumps(record | {"企业名称": f"测试{number}号有限公司"}).encode()
        assert _ask(server, "/record", body=body)[0] == 202
        _until(server, lambda _: bool(drawn))
    assert _state(server)["busy"]
    go.set()
    assert _until(server, lambda state: not state["busy"])["record"]["企业名称"] == "测试19号有限公司"
    assert drawn == ["测试0号有限公司", "测试19号有限公司"]


@pytest.fixture
def mine(kind: Path, tmp_path: Path) -> Iterator[tuple[PreviewServer, Path]]:
    """A server that shows a record of one's own."""
    record = tmp_path / "mine.txt"
    record.write_bytes((kind / "samples/example-1.json").read_bytes())
    shown = PreviewServer(Preview(open_folder(kind), record=record, out=tmp_path / "out"), port=0)
    thread = threading.Thread(target=shown.run, daemon=True)
    thread.start()
    _until(shown, lambda state: state["version"] == 1)
    yield shown, record
    shown.close()
    thread.join(timeout=60)


def test_a_record_that_an_editor_takes_away_for_a_moment_is_told_and_drawn_when_it_is_back(
    mine: tuple[PreviewServer, Path],
) -> None:
    server, record = mine
    record.rename(record.with_suffix(".bak"))
    state = _until(server, lambda state: state["version"] == 2)
    assert [(one["code"], one["file"]) for one in state["findings"]] == [("design.record-unreadable", "mine.txt")]
    assert state["pages"] == [] and state["schema"], "the form stays"
    new = record.with_suffix(".new")
    new.write_text(record.with_suffix(".bak").read_text().replace("测试甲", "测试乙"))
    new.replace(record)
    assert "测试乙" in _until(server, lambda state: bool(state["pages"]))["record"]["企业名称"]


@pytest.mark.parametrize("name", ["kind.json", "pages.xml", "samples", "art", "."])
def test_parts_of_a_kind_that_are_gone_for_a_moment_are_told(server: PreviewServer, kind: Path, name: str) -> None:
    path = kind / name if name != "." else kind
    gone = kind.parent / "gone"
    path.rename(gone)
    state = _until(server, lambda state: state["version"] > 1 and not state["busy"])
    assert state["findings"] and "design.broken" not in {one["code"] for one in state["findings"]}
    gone.rename(path)
    assert _until(server, lambda state: bool(state["pages"]))["findings"] == []


def test_a_preview_inside_of_its_kind_is_no_reason_to_draw(kind: Path) -> None:
    shown = Preview(open_folder(kind), record=None, out=kind / "preview")
    before = shown.stamp()
    assert shown.draw().ok
    assert shown.stamp() == before


def test_what_the_folder_for_the_preview_lacks_is_told_in_the_page(server: PreviewServer, tmp_path: Path) -> None:
    page = server.preview.out / "page-1.svg"
    page.write_text("mine")
    server.ask()
    state = _until(server, lambda state: state["version"] == 2)
    assert [one["code"] for one in state["findings"]] == ["design.out-folder"]
    assert page.read_text() == "mine"


def test_a_folder_with_other_files_is_refused_before_anything_is_served(kind: Path, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(DesignError) as caught:
        serve(Preview(open_folder(kind), record=None, out=tmp_path), port=0, say=pytest.fail)
    assert caught.value.code.value == "design.out-folder"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["T1", "index.html"]

"""``kinds preview``: plainly no licence, in every format; the page in the browser redraws on save and on edit."""

from __future__ import annotations

import http.client
import io
import itertools
import json
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest
from lxml import etree

import layouts
from docgen.design.drawing import draw
from docgen.design.findings import DesignError
from docgen.design.folder import open_folder
from docgen.design.marking import MARK, marked
from docgen.design.records import drawable
from docgen.design.watching import Preview, PreviewServer
from docgen.page import GlyphRun
from docgen.record import validate
from tests.design.browser import Browser
from tests.design.kinds import QUICK, change, made, with_photo
from verify import verify

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


@pytest.mark.req("R-000-22")
def test_a_preview_says_on_every_page_that_it_is_no_licence(preview: Preview) -> None:
    assert preview.draw().ok
    names = [path.name for path in preview.files]
    assert names == ["index.html", "page-1.svg", "page-2.svg", "preview.ofd", "preview.pdf"]
    pages = pypdf.PdfReader(preview.out / "preview.pdf").pages
    across, edges = 3, 2 * 7
    assert [page.extract_text().count(MARK) for page in pages] == [across + edges] * 2
    with zipfile.ZipFile(preview.out / "preview.ofd") as package:
        contents = [package.read(name).decode() for name in package.namelist() if name.endswith("Content.xml")
                    and "/Pages/" in name]
    assert [_text(page).count(MARK) for page in contents] == [across + edges] * 2
    assert all((preview.out / f"page-{number}.svg").read_text().count(MARK) == across + edges for number in (1, 2))
    assert MARK in (preview.out / "index.html").read_text()


def test_the_marks_leave_the_design_to_be_seen_and_no_part_of_a_page_without_one(kind: Path) -> None:
    layouts.add_folder(kind.parent)
    record = json.loads((kind / "samples/example-1.json").read_bytes())
    licence = validate(record, layouts.load_kind(kind.name), lookup_hosts=(), drawable=drawable, demo=True)
    document, _ = draw(licence)
    for plain, page in zip(document.pages, marked(document).pages, strict=True):
        marks = [item for item in page.items if isinstance(item, GlyphRun) and item.text == MARK]
        across = [item for item in marks if item.fill.alpha < 0.15]
        text = [item for item in plain.items if isinstance(item, GlyphRun)]
        assert max(map(page.items.index, across)) < min(map(page.items.index, text)), "under all text"
        edges = [item for item in marks if item not in across]
        assert all(item.y_mm < 6 or item.y_mm > page.height_mm - 6 for item in edges)
        assert not any(abs(item.y_mm - other.y_mm) < 6 for item in edges for other in text)
        for y in {item.y_mm for item in edges}:
            ends = sorted((item.xs_mm[0], item.xs_mm[0] + item.width_mm) for item in edges if item.y_mm == y)
            gaps = [right[0] - left[1] for left, right in itertools.pairwise([(0, 0), *ends, (page.width_mm, 0)])]
            assert max(gaps) < 30


@pytest.mark.parametrize(("data", "pages", "holder"), [
    ("short", 2, "测"), ("long", 2, "测试示例化工"), ("rare", 2, "𠮷"), ("example-1", 2, "测试甲化工"),
    ("samples/example-1.json", 2, "测试甲化工"),
])
def test_other_data_can_be_drawn(kind: Path, tmp_path: Path, data: str, pages: int, holder: str) -> None:
    shown = Preview(open_folder(kind), record=None, out=tmp_path / "out", data=data)
    answer = shown.draw()
    assert answer.ok and len(answer.facts["pages"]) == pages
    assert answer.facts["record"]["企业名称"].startswith(holder)
    assert answer.facts["choices"] == ["samples/example-1.json", "short", "long", "empty", "rare"]


def test_data_that_there_are_none_of_are_told_with_those_that_there_are(kind: Path, tmp_path: Path) -> None:
    (finding,) = Preview(open_folder(kind), record=None, out=tmp_path / "out", data="longest").draw().findings
    assert finding.code == "design.no-data" and "samples/example-1.json、short、long、empty、rare" in finding.zh


def test_a_drawing_that_fails_is_told_with_the_line_of_the_template(kind: Path, tmp_path: Path) -> None:
    line = change(kind / "pages.xml", 'x="232" y="26" size="36"', 'x="400" y="26" size="36"')
    (finding,) = Preview(open_folder(kind), record=None, out=tmp_path / "out").draw().findings
    assert (finding.code, finding.file, finding.line) == ("template.place", "T1/pages.xml", line)


def _text(content: str) -> str:
    return "".join(etree.fromstring(content.encode()).itertext())


@pytest.mark.req("R-000-22")
@pytest.mark.parametrize("name", ["preview.pdf", "preview.ofd"])
def test_the_verifier_does_not_take_a_preview_for_a_licence(preview: Preview, name: str) -> None:
    preview.draw()
    report = verify(preview.out / name, trust=None)
    assert report.verdict != "valid"
    assert report.exit_code != 0
    assert not report.signatures


def test_a_preview_holds_neither_seal_nor_signature_nor_identifier(preview: Preview) -> None:
    preview.draw()
    pdf = (preview.out / "preview.pdf").read_bytes()
    assert b"/Sig" not in pdf and b"/AcroForm" not in pdf
    with zipfile.ZipFile(io.BytesIO((preview.out / "preview.ofd").read_bytes())) as package:
        assert not [name for name in package.namelist() if "Sign" in name]
        assert b"Signatures" not in package.read("OFD.xml")


def test_the_svg_needs_no_other_file_and_runs_nothing(preview: Preview) -> None:
    preview.draw()
    for path in preview.files:
        if path.suffix == ".svg":
            root = etree.parse(path).getroot()
            links = [value for node in root.iter() for key, value in node.attrib.items() if key.endswith("href")]
            assert all(link.startswith("data:") for link in links)
            assert {etree.QName(node).localname for node in root.iter()} <= {
                "svg", "style", "defs", "rect", "path", "text", "image", "linearGradient", "radialGradient", "stop"}


def test_a_record_of_one_s_own_is_drawn_and_a_wrong_one_is_named_by_its_lines(kind: Path, tmp_path: Path) -> None:
    record = tmp_path / "mine.json"
    record.write_text((kind / "samples/example-1.json").read_text().replace("测试甲化工", "𠮷㛃䶮化工"))
    shown = Preview(open_folder(kind), record=record, out=tmp_path / "out")
    assert shown.draw().ok
    assert "𠮷㛃䶮化工" in pypdf.PdfReader(shown.out / "preview.pdf").pages[0].extract_text()
    line = change(record, '"2025-08-01"', '"2025-13-01"')
    answer = shown.draw()
    assert ("date.impossible", "mine.json", line) in [(one.code, one.file, one.line) for one in answer.findings]
    assert shown.files == [], "nothing of the drawing before may be left"


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
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    kind = {"Content-Type": "application/json"} if body is not None else {}
    connection.request("POST" if body is not None else "GET", path, body, kind | headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def _state(server: PreviewServer) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(_ask(server, "/state")[1])
    return state


def _until(server: PreviewServer, holds: Any) -> dict[str, Any]:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        state = _state(server)
        if holds(state):
            return state
        time.sleep(0.05)
    raise AssertionError(state)


def test_the_page_redraws_on_save_and_says_what_is_wrong(server: PreviewServer, kind: Path) -> None:
    state = _state(server)
    assert [page["role"] for page in state["pages"]] == ["正本", "副本"]
    assert state["findings"] == []
    assert state["schema"]["properties"]["企业名称"]["maxLength"] == 80
    events = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    events.request("GET", "/events")
    stream = events.getresponse()
    assert stream.readline() == b"data: 1\n"
    line = change(kind / "pages.xml", "<column ", "<column colour='red' ")
    stream.readline()
    assert stream.readline() == b"data: 2\n"
    state = _until(server, lambda state: state["version"] == 2)
    assert [(one["file"], one["line"]) for one in state["findings"]] == [("T1/pages.xml", line)]
    assert state["pages"] == []
    assert _ask(server, "/page-1.svg")[0] == 404
    change(kind / "pages.xml", "<column colour='red' ", "<column ")
    assert _until(server, lambda state: state["version"] == 3)["pages"]


def test_edited_data_are_drawn_and_checked(server: PreviewServer) -> None:
    record = _state(server)["record"]
    body = json.dumps(record | {"企业名称": "测试改名有限公司"}, ensure_ascii=False).encode()
    assert _ask(server, "/record", body=body)[0] == 200
    assert "测试改名有限公司" in _ask(server, "/page-1.svg")[1].decode()
    assert _ask(server, "/record", body=json.dumps(record | {"企业名称": ""}).encode())[0] == 200
    assert [one["field"] for one in _state(server)["findings"]] == ["企业名称"]


def test_other_data_are_chosen_and_drawn_and_the_form_takes_them_up(server: PreviewServer) -> None:
    before = _state(server)
    assert (before["data"], before["choices"][1:]) == ("samples/example-1.json", ["short", "long", "empty", "rare"])
    assert _ask(server, "/data", body=b"long")[0] == 200
    state = _state(server)
    assert (state["data"], len(state["record"]["企业名称"])) == ("long", 80)
    assert state["origin"] > before["origin"]
    assert _ask(server, "/record", body=json.dumps(before["record"]).encode())[0] == 200
    assert _state(server)["origin"] == state["origin"], "what is typed does not come back into the form"
    assert _ask(server, "/data", body=b"longest")[0] == 200
    assert [one["code"] for one in _state(server)["findings"]] == ["design.no-data"]


def test_what_was_typed_stays_while_the_template_changes(server: PreviewServer, kind: Path) -> None:
    record = _state(server)["record"] | {"企业名称": "测试改名有限公司"}
    assert _ask(server, "/record", body=json.dumps(record, ensure_ascii=False).encode())[0] == 200
    change(kind / "pages.xml", 'colour="#111111"', 'colour="#101010"')
    _until(server, lambda state: state["version"] == 3)
    assert "测试改名有限公司" in _ask(server, "/page-1.svg")[1].decode()
    change(kind / "samples/example-1.json", '"企业名称": "测试甲', '"企业名称": "测试乙')
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


def test_a_kind_that_loops_forever_leaves_the_server_standing(server: PreviewServer, kind: Path) -> None:
    server.preview.limits = QUICK
    change(kind / "pages.xml", '  <page role="正本"',
           '{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}<page role="正本"')
    state = _until(server, lambda state: state["version"] == 2)
    assert [one["code"] for one in state["findings"]] == ["design.time"]

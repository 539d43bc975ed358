"""``kinds preview``: plainly no licence, in every format; only what a preview wrote is ever replaced."""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from pathlib import Path

import pypdf
import pytest
from lxml import etree
from typer.testing import CliRunner

import layouts
from cli.kinds import app
from docgen.design.drawing import draw
from docgen.design.findings import DesignError
from docgen.design.folder import open_folder
from docgen.design.marking import MARK, marked
from docgen.design.preview_folder import MARK_NAME
from docgen.design.records import drawable
from docgen.design.watching import Preview
from docgen.page import GlyphRun
from docgen.record import validate
from tests.design.kinds import change, made
from verify import verify


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


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name != MARK_NAME}


@pytest.mark.parametrize("name", ["index.html", "preview.pdf", "preview.ofd", "page-1.svg", "notes.txt"])
def test_a_folder_with_files_of_someone_else_is_left_as_it_is(preview: Preview, name: str) -> None:
    preview.out.mkdir()
    (preview.out / name).write_text("mine")
    with pytest.raises(DesignError) as caught:
        preview.draw()
    assert caught.value.code.value == "design.out-folder" and "--out" in caught.value.zh and "--out" in caught.value.en
    assert _files(preview.out) == {name: b"mine"} and not (preview.out / MARK_NAME).exists()


def test_a_file_put_into_a_folder_of_previews_stays(preview: Preview) -> None:
    assert preview.draw().ok
    (preview.out / "notes.txt").write_text("mine")
    (preview.out / "page-3.svg").write_text("mine")
    assert preview.draw().ok
    assert _files(preview.out)["notes.txt"] == _files(preview.out)["page-3.svg"] == b"mine"
    assert [path.name for path in preview.files] == [
        "index.html", "page-1.svg", "page-2.svg", "preview.ofd", "preview.pdf"]


@pytest.mark.parametrize("name", ["index.html", "preview.pdf"])
def test_a_file_of_a_preview_that_was_changed_since_stays(preview: Preview, name: str) -> None:
    assert preview.draw().ok
    (preview.out / name).write_text("mine")
    before = _files(preview.out)
    with pytest.raises(DesignError) as caught:
        preview.draw()
    assert name in caught.value.zh and name in caught.value.en
    assert _files(preview.out) == before


def test_a_file_in_the_place_of_a_page_that_is_new_stays(kind: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / MARK_NAME).write_text('{"preview": {}}')
    (out / "page-2.svg").write_text("mine")
    with pytest.raises(DesignError) as caught:
        Preview(open_folder(kind), record=None, out=out).draw()
    assert "page-2.svg" in caught.value.zh
    assert _files(out) == {"page-2.svg": b"mine"}


def test_a_link_in_the_place_of_a_file_is_neither_followed_nor_removed(preview: Preview, tmp_path: Path) -> None:
    assert preview.draw().ok
    other = tmp_path / "other.html"
    page = preview.out / "index.html"
    page.rename(other)
    page.symlink_to(other)
    before = other.read_bytes()
    with pytest.raises(DesignError):
        preview.draw()
    assert page.is_symlink() and other.read_bytes() == before


@pytest.mark.parametrize("mark", [
    "mine", "[]", "{}", '{"preview": []}', "[" * 100_000, '{"preview": {"../other.txt": "0", "notes.txt": "0"}}'])
def test_a_mark_that_is_none_of_ours_removes_nothing(preview: Preview, tmp_path: Path, mark: str) -> None:
    (tmp_path / "other.txt").write_text("mine")
    preview.out.mkdir()
    (preview.out / MARK_NAME).write_text(mark)
    (preview.out / "notes.txt").write_text("mine")
    if "notes" in mark:
        assert preview.draw().ok
    else:
        with pytest.raises(DesignError):
            preview.draw()
    assert (tmp_path / "other.txt").read_text() == (preview.out / "notes.txt").read_text() == "mine"


def test_a_preview_that_was_broken_off_is_taken_up_again(preview: Preview) -> None:
    assert preview.draw().ok
    (preview.out / "preview.pdf").unlink()
    assert preview.draw().ok
    assert (preview.out / "preview.pdf").is_file()


def test_the_command_refuses_a_folder_of_someone_else(kind: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "index.html").write_text("mine")
    result = CliRunner().invoke(app, ["preview", str(kind), "--out", str(tmp_path / "out")])
    assert result.exit_code == 2 and "design.out-folder" in result.output
    assert (tmp_path / "out" / "index.html").read_text() == "mine"

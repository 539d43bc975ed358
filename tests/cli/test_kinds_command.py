"""``zhengyin kinds``: what each command prints and the exit code it ends with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import layouts
from cli.kinds import app
from docgen.design.preview_folder import MARK_NAME
from tests.design.kinds import CODE, NAME, change, decided, made
from tests.support.installed_kinds import installed_kinds

__all__ = ["installed_kinds"]


def _run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_list_names_every_kind_with_its_pages() -> None:
    result = _run("list")
    assert result.exit_code == 0
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert set(layouts.kinds()) <= {row[0] for row in rows}
    assert ["K0", "危险化学品经营许可证", "正本、副本、附页"] in [row[:3] for row in rows]


@pytest.mark.req("R-004-25")
@pytest.mark.parametrize("code", layouts.kinds())
def test_show_says_what_the_data_of_a_kind_say(code: str) -> None:
    kind = layouts.load_kind(code)
    shown = json.loads(_run("show", code, "--json").stdout)
    assert shown["legal_basis"] == list(kind.legal_basis) and shown["legal_basis"]
    assert shown["number"]["source"] and shown["statuses"] == list(kind.statuses)
    assert [face["role"] for face in shown["faces"]] == [face.role for face in kind.faces]
    text = _run("show", code).stdout
    assert kind.name in text and all(field.label in text for field in kind.fields)


def test_a_new_kind_is_made_checked_spoilt_and_mended(tmp_path: Path) -> None:
    result = _run("new", CODE, "--name", NAME, "--out", tmp_path)
    assert result.exit_code == 0
    kind = tmp_path / CODE
    assert set(result.stdout.split()) == {str(path) for path in kind.rglob("*") if path.is_file()}
    assert _run("check", kind).exit_code == 0
    line = change(kind / "pages.xml", "<qr ", "<qrcode ")
    result = _run("check", kind)
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{CODE}/pages.xml:{line}: template.unknown-word")
    as_json = json.loads(_run("check", kind, "--json").stdout)
    assert as_json[0]["findings"][0]["line"] == line
    change(kind / "pages.xml", "<qrcode ", "<qr ")
    change(kind / "kind.json", '"max_length": 120', '"max_length": 100')
    assert "design.schema-stale" in _run("check", kind).stdout
    assert _run("schema", kind).exit_code == 0
    assert _run("check", kind).exit_code == 0


def test_a_version_is_released_once(tmp_path: Path) -> None:
    folder = made(tmp_path)
    unready = _run("release", folder)
    assert unready.exit_code == 3 and "kind.undecided" in unready.output and not (folder / "released").exists()
    decided(folder)
    layouts.forget()
    first = _run("release", folder)
    assert (first.exit_code, first.stdout.strip()) == (0, str(folder / "released" / "1.0"))
    again = _run("release", folder)
    assert again.exit_code == 0 and "unchanged" in again.stdout
    border = folder / "art" / "border.svg"
    border.write_text(border.read_text(encoding="utf-8").replace("#2f5d8a", "#8a2f5d"), encoding="utf-8")
    layouts.forget()
    refused = _run("release", folder)
    assert refused.exit_code == 3 and "kind.released" in refused.output
    assert _run("release", folder, "--add").exit_code == 0


def test_preview_says_which_files_it_has_written(tmp_path: Path) -> None:
    kind = made(tmp_path)
    result = _run("preview", kind, "--out", tmp_path / "preview")
    assert result.exit_code == 0
    assert {Path(line).name for line in result.stdout.splitlines()} == {
        "index.html", "page-1.svg", "page-2.svg", "preview.ofd", "preview.pdf"}
    record = tmp_path / "bad.json"
    record.write_text("{", encoding="utf-8")
    result = _run("preview", kind, "--record", record, "--out", tmp_path / "preview")
    assert result.exit_code == 1
    assert result.stdout.startswith("bad.json:1: json.syntax")
    assert "此处应有双引号括起的键名 (Expecting" in result.stdout
    assert [path.name for path in (tmp_path / "preview").iterdir()] == [MARK_NAME]


@pytest.mark.parametrize("words", [
    ("check", "no-such-kind"), ("show", "no-such-kind"), ("preview", "no-such-kind"),
    ("new", "K0", "--name", NAME, "--out", "out"), ("new", "k-0", "--name", NAME, "--out", "out"),
])
def test_what_cannot_be_done_is_said_with_exit_code_2(words: tuple[str, ...], tmp_path: Path,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = _run(*words)
    assert result.exit_code == 2
    assert result.stderr.startswith("design.")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_kinds_is_added_to_the_list_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ZHENGYIN_KINDS", str(tmp_path / "nowhere"))
    result = _run("list")
    assert result.exit_code == 3
    assert "kind.folder" in result.stderr


def test_a_folder_without_kinds_is_named(tmp_path: Path) -> None:
    (tmp_path / "k-1").mkdir()
    (tmp_path / "k-1" / "kind.json").write_text("{}")        # whose name is no code
    result = _run("list", "--kinds", str(tmp_path))
    assert (result.exit_code, "K0\t" in result.stdout) == (0, True)
    assert result.stderr.startswith(f"{tmp_path.resolve()} 中没有证照种类")
    assert "holds no licence kinds" in result.stderr

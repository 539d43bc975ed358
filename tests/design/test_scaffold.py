"""``kinds new`` and ``kinds schema``: names with a meaning elsewhere, files that lead elsewhere, what is printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.kinds import app
from docgen.design.findings import DesignError
from docgen.design.folder import open_folder
from docgen.design.scaffold import new_kind, write_schema
from tests.design.kinds import CODE, NAME, change, check, data, made


@pytest.mark.parametrize("name", [
    "测试{#证", "测试{{证}}", "测试@TYPE@", "测试<!--", "测试\u001b]0;证", "测试\u2067证"])
def test_a_name_with_words_of_the_template_language_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DesignError) as caught:
        new_kind(CODE, name=name, out=tmp_path)
    assert caught.value.code.value == "design.code"
    assert "\u001b" not in caught.value.zh and "\u2067" not in caught.value.zh
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["测试“引号”证", '测试"证', "测试--证", "测试&证", "测试\\证"])
def test_a_name_with_other_marks_makes_a_kind_that_passes(tmp_path: Path, name: str) -> None:
    new_kind(CODE, name=name, out=tmp_path)
    assert check(tmp_path / CODE).findings == ()
    assert data(tmp_path / CODE)["name"] == name


def test_the_number_of_a_new_kind_bears_its_code(tmp_path: Path) -> None:
    for code in ("T1", "T2", "T-2a"):
        new_kind(code, name=NAME, out=tmp_path)
    numbers = {code: json.loads((tmp_path / code / "samples/example-1.json").read_bytes())["许可证编号"]
               for code in ("T1", "T2", "T-2a")}
    assert numbers == {"T1": "140100T1202590001", "T2": "140100T2202590001", "T-2a": "140100T2A202590001"}
    assert len({data(tmp_path / code)["identifier"]["type_code"] for code in numbers}) == 3


def test_a_schema_that_is_a_link_is_not_written_through(tmp_path: Path) -> None:
    kind = made(tmp_path)
    other = tmp_path / "other.json"
    other.write_text("{}", encoding="utf-8")
    (kind / "schema.json").unlink()
    (kind / "schema.json").symlink_to(other)
    with pytest.raises(DesignError):
        write_schema(open_folder(kind))
    assert other.read_text(encoding="utf-8") == "{}"


def test_names_that_steer_a_terminal_are_printed_as_code_points(tmp_path: Path) -> None:
    kind = made(tmp_path)
    sample = kind / "samples" / "example-1.json"
    sample.rename(sample.with_name("a\u001b]0;x\u0007\u202e.json"))
    for words in (["show", str(kind)], ["check", str(kind)]):
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0 and "\\u001b]0;x\\u0007\\u202e" in result.output
        assert not {"\u001b", "\u0007", "\u202e"} & set(result.output)
    change(kind / "kind.json", NAME, "\\u001b[2J" + NAME)
    result = CliRunner().invoke(app, ["show", str(kind)])
    assert result.exit_code == 3 and "U+001B" in result.output and "\u001b" not in result.output


def test_a_code_whose_folder_lies_in_kinds_is_suggested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new_kind(CODE, name=NAME, out=tmp_path / "kinds")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["check", CODE])
    assert result.exit_code == 2 and "是否指 kinds/T1？" in result.output and "is kinds/T1 meant?" in result.output

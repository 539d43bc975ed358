"""Numbers, characters and names that no program likes end as findings with file and line, in every output."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.kinds import app
from docgen.design.contained import Answer, run
from docgen.design.folder import open_folder
from tests.design.kinds import CODE, NAME, change, check, made

SAMPLE = "samples/example-1.json"
DIGITS = "9" * 5000


@pytest.fixture
def kind(tmp_path: Path) -> Path:
    return made(tmp_path)


def _drawn(kind: Path) -> Answer:
    out = kind.parent / "out"
    out.mkdir()
    return run("draw", open_folder(kind), out=out, record=None, record_name="")


@pytest.mark.parametrize("look", [check, _drawn], ids=["check", "preview"])
@pytest.mark.parametrize(("file", "old", "new", "codes"), [
    (SAMPLE, '"测试人甲"', DIGITS, ("json.number",)),
    (SAMPLE, '"测试人甲"', "NaN", ("json.number",)),
    (SAMPLE, '"测试人甲"', '"\\ud800"', ("text.surrogate", "record.missing")),
    (SAMPLE, '"kind": "T1"', '"kind": "\\ud800"', ("record.other-kind",)),
    ("kind.json", '"max_length": 200', f'"max_length": {DIGITS}', ("design.json", "kind.data")),
    ("kind.json", '"max_length": 200', '"max_length": Infinity', ("design.json", "kind.data")),
    ("kind.json", f'"name": "{NAME}"', '"name": "\\ud800"', ("kind.data",)),
    ("kind.json", '"label": "住所"', '"label": "\\ud800"', ("kind.data",)),
    ("kind.json", '"version"', '"\\ud800"', ("kind.data",)),
    ("pages.xml", '  <page role="正本"', '  {{ 1|xmlattr }}<page role="正本"', ("template.filling",)),
    ("pages.xml", '  <page role="正本"', f'  {{{{ {DIGITS} }}}}<page role="正本"', ("template.malformed",)),
    ("pages.xml", '<page role="正本" width="297"', f'<page role="正本" width="{DIGITS}"', ("template.value",)),
    ("pages.xml", 'style="title"', "style=\"{{ '\\ud800' }}\"", ("template.malformed",)),
    ("pages.xml", "  <page role=\"正本\"",
     "{% for a in [1] %}" * 30 + "{% endfor %}" * 30 + '<page role="正本"', ("template.malformed",)),
    ("pages.xml", "  <page role=\"正本\"",
     "{% if 1 %}" * 300 + "{% endif %}" * 300 + '<page role="正本"', ("template.malformed",)),
], ids=lambda value: str(value)[:24])
def test_what_no_program_likes_is_found_in_its_line(
    kind: Path, look: Callable[[Path], Answer], file: str, old: str, new: str, codes: tuple[str, ...],
) -> None:
    line = change(kind / file, old, new)
    findings = look(kind).findings
    assert findings and {one.code for one in findings} <= set(codes)
    assert {(one.file, one.line) for one in findings} == {(f"{CODE}/{file}", line)}


def test_a_sample_whose_name_is_no_utf_8_is_named_and_the_others_are_drawn(kind: Path) -> None:
    Path(os.fsdecode(os.fsencode(kind / "samples") + b"/a\xff.json")).write_bytes((kind / SAMPLE).read_bytes())
    answer = check(kind)
    assert [(one.code, one.file) for one in answer.findings] == [("design.file-name", f"{CODE}/samples/a\\udcff.json")]
    assert answer.facts["drawn"][0] == SAMPLE
    assert _drawn(kind).facts["choices"][0] == SAMPLE


@pytest.mark.parametrize("words", [["check"], ["check", "--json"], ["show"], ["show", "--json"]])
def test_a_folder_whose_name_is_no_utf_8_is_told_of_in_utf_8(tmp_path: Path, words: list[str]) -> None:
    kind = made(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff")))
    result = CliRunner().invoke(app, [*words, str(kind)])
    assert result.exit_code == 0, result.output
    assert "\\udcff" in result.output
    if "--json" in words:
        assert json.loads(result.stdout)


def test_links_that_lead_round_are_told(kind: Path) -> None:
    (kind / "art/ground.svg").unlink()
    (kind / "art/ground.svg").symlink_to("ground.svg")
    assert [one.code for one in check(kind).findings] == ["kind.unreadable"]

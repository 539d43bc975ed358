"""A deployment's own template is filled in by a child with limits: issuing always ends, with a coded error."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from pathlib import Path

import pytest

import docgen
import layouts
from docgen import apart
from docgen.apart import Apart
from docgen.design.contained import run
from docgen.design.folder import open_folder
from docgen.design.scaffold import new_kind
from docgen.filling import Filler, FillingError
from docgen.template import Template, TemplateError, load_template
from layouts import load_kind
from tests.support.bounds import not_hanging
from tests.support.demo_home import CITY, make_home
from tests.support.installed_kinds import installed_kinds

__all__ = ["installed_kinds"]

CODE = "APART-1"
VALUES = {"名称": "测试<甲>"}
LOOP = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


@pytest.fixture(autouse=True)
def _as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children come to their limit of processor time however little of it a busy machine gives them."""
    monkeypatch.setattr(apart, "_CLOCK", 300)


def _fault(text: str, seconds: int = 2) -> FillingError:
    with pytest.raises(FillingError) as caught, not_hanging():
        Apart(text, seconds=seconds).fill("K0", VALUES)
    return caught.value


def test_a_template_filled_in_apart_is_that_filled_in_here() -> None:
    text = "{% for a in range(3) %}<b>{{ values['名称'] }}{{ kind }}{{ a }}𠮷</b>\n{% endfor %}"
    assert Apart(text).fill("K0", VALUES) == Filler(text).fill("K0", VALUES)


@pytest.mark.parametrize("hungry", [
    LOOP,
    "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(99) }}",
    "{{ 10 ** (10 ** 9) }}",
    "{{ 'x' * 900000000 * 9 }}",
    "{% set n = namespace(a='x') %}{% for i in range(60) %}{% set n.a = n.a ~ n.a %}{% endfor %}",
    "{% macro f(a) %}{{ a }}{{ a }}{% endmacro %}{% set n = namespace(a='x') %}"
    "{% for i in range(60) %}{% set n.a = f(n.a) %}{% endfor %}",
    "{{ [1] * 10 ** 9 }}", "{{ 'x' | center(10 ** 10) }}", "{{ range(99999) | list * 99999 }}",
])
def test_an_endless_or_hungry_template_ends_in_a_coded_error_and_the_next_one_is_filled_in(hungry: str) -> None:
    error = _fault(f"\n{hungry}")
    assert error.code.value == "template.limit"
    assert error.line in (1, 2) and error.zh and error.en
    assert Apart("{{ kind }}").fill("K0", VALUES) == "K0"


def test_the_line_of_a_loop_is_told() -> None:
    assert _fault(f"\n\n{LOOP}").line == 3


@pytest.mark.parametrize(("text", "code"), [
    ("\n{% for %}", "template.malformed"), ("\n{{ 1 | xmlattr }}", "template.filling"),
    ("\n" + "x" * 1_000_001, "template.malformed"),
])
def test_other_faults_keep_their_codes_and_lines(text: str, code: str) -> None:
    error = _fault(text)
    with pytest.raises(FillingError) as caught:
        Filler(text).fill("K0", VALUES)
    here = caught.value
    assert (error.code.value, error.line, error.zh, error.en) == (code, here.line, here.zh, here.en)


def test_a_child_that_was_ended_while_it_waited_is_replaced() -> None:
    assert Apart("{{ 1 }}").fill("K0", VALUES) == "1"
    process = vars(apart._child)["_process"]
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert Apart("{{ 2 }}").fill("K0", VALUES) == "2"


def test_processes_that_were_forked_have_children_of_their_own() -> None:
    assert Apart("{{ 1 }}").fill("K0", VALUES) == "1"
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    other = context.Process(target=lambda: answers.put((Apart("{{ 3 }}").fill("K0", VALUES), _pid())))
    other.start()
    text, pid = answers.get(timeout=60)
    other.join()
    assert text == "3" and pid != _pid()
    assert Apart("{{ 4 }}").fill("K0", VALUES) == "4"


def _pid() -> int:
    pid: int = vars(apart._child)["_process"].pid
    return pid


def test_the_child_sees_nothing_of_our_environment_and_has_its_limits() -> None:
    Apart("{{ 1 }}").fill("K0", VALUES)
    process = Path(f"/proc/{_pid()}")
    assert process.joinpath("environ").read_bytes() == b"LANG=C.UTF-8\0"
    limits = process.joinpath("limits").read_text()
    assert f"Max address space         {apart.MEMORY_MB << 20}" in limits


def test_kinds_that_ship_are_filled_in_here() -> None:
    apart._child.end()
    load_template.cache_clear()
    kind = load_kind("K0")
    assert load_template("K0").layout({field.label: "测试" for field in kind.fields}).pages
    assert vars(apart._child)["_process"] is None


@pytest.fixture
def kind(tmp_path: Path) -> Path:
    new_kind(CODE, name="试填许可证", out=tmp_path / "kinds")
    return tmp_path / "kinds" / CODE


def test_issuing_a_kind_that_never_ends_is_refused_and_leaves_nothing(kind: Path, tmp_path: Path) -> None:
    pages = kind / "pages.xml"
    text = pages.read_text(encoding="utf-8")
    spoilt = text.replace('  <page role="正本"', f'  {LOOP}<page role="正本"')
    pages.write_text(spoilt, encoding="utf-8")
    layouts.add_folder(kind.parent)
    home = make_home(tmp_path / "home", kinds=(CODE,))
    record = json.loads((kind / "samples/example-1.json").read_bytes()) | {
        "发证机关": CITY[1], "发证机关代码": CITY[0]}
    with pytest.raises(TemplateError) as caught, not_hanging():
        docgen.issue(record, home=home, out=tmp_path / "out")
    assert caught.value.code.value == "template.limit"
    line = spoilt[:spoilt.index("{% for a")].count("\n") + 1
    assert (caught.value.facts["file"], caught.value.facts["line"]) == (f"{CODE}/pages.xml", str(line))
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())
    pages.write_text(text, encoding="utf-8")
    layouts.folders.forget()
    issued = docgen.issue(record, home=home, out=tmp_path / "out")
    assert not issued.repeated and issued.ofd_path is not None and issued.ofd_path.is_file()


def test_drawings_that_a_template_repeats_without_end_are_refused_in_their_line(kind: Path) -> None:
    pages = kind / "pages.xml"
    text = pages.read_text(encoding="utf-8")
    ornament = '<ornament src="border.svg" x="1" y="1" width="9"/>'
    spoilt = text.replace("    <qr ", "    {% for n in range(9999) %}" + ornament + "{% endfor %}\n    <qr ", 1)
    pages.write_text(spoilt, encoding="utf-8")
    found = run("check", open_folder(kind)).findings
    line = spoilt[:spoilt.index(ornament)].count("\n") + 1
    assert [(one.code, one.file, one.line) for one in found] == [("svg.too-large", f"{CODE}/pages.xml", line)]


def test_a_template_that_is_no_template_is_refused_when_it_is_first_filled_in() -> None:
    kind = load_kind("K0")
    with pytest.raises(TemplateError) as caught:
        Template(b"\n{% for %}", file="K0/pages.xml", kind=kind, apart=True).layout({})
    assert (caught.value.code.value, caught.value.facts["line"]) == ("template.malformed", "2")

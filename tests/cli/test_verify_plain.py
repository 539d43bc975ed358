"""One file is verified without the library that reads command lines; the answer is the same as with it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_verify_command import ROOT, run
from tests.support.demo_home import shared_home
from tests.verify.packages import PAGE, changed, issued, swap

_ASK = """
import runpy, sys
sys.argv = ["zhengyin", *sys.argv[1:]]
try:
    runpy.run_module("cli.main", run_name="__main__")
except SystemExit as end:
    print(end.code, "typer" in sys.modules, "pydantic" in sys.modules)
"""
_THE_LONG_WAY = ("--jobs", "1")           # an option that is read by the library alone


def _asked(*words: object) -> list[str]:
    done = subprocess.run([sys.executable, "-c", _ASK, *map(str, words)], cwd=ROOT, capture_output=True, text=True,
                          check=True)
    return done.stdout.split()[-3:]


def _timeless(told: str) -> str:
    """A report without the moment at which it was made."""
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.+]+", "", told)


@pytest.fixture(params=["genuine", "changed", "no licence"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"{issued().identifier}.ofd"
    path.write_bytes({"genuine": issued().ofd, "changed": changed(PAGE, swap("测试甲", "测试乙")),
                      "no licence": b"text"}[request.param])
    return path


@pytest.mark.parametrize("options", [
    ("--trust", "TRUST"), ("--home", "HOME"), ("--home", "HOME", "--require-status"), (),
])
def test_both_ways_say_the_same(file: Path, options: tuple[str, ...]) -> None:
    folders = {"TRUST": shared_home().trust_dir, "HOME": shared_home().path}
    words = [folders.get(word, word) for word in options]
    short, long = run(file, *words), run(*words, *_THE_LONG_WAY, file)
    assert (_timeless(short.stdout), short.stderr, short.returncode) == (
        _timeless(long.stdout), long.stderr, long.returncode)
    assert "文件 file:" in short.stdout


def test_the_library_is_left_out_for_one_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "licence.ofd"
    path.write_bytes(issued().ofd)
    assert _asked("verify", path, "--trust", shared_home().trust_dir, "--json") == ["0", "False", "False"]
    assert _asked("verify", path, *_THE_LONG_WAY) == ["3", "True", "True"]


@pytest.mark.parametrize("words", [
    ["FILE", "FILE"], ["FILE", "--trust"], ["FILE", "--trust", ""], ["FILE", "--trust", "none"],
    ["FILE", "--json", "--json"], ["--", "FILE"], ["FILE", "--trust=."], ["FILE", "--jsno"], ["none.ofd"], [""], [],
    ["FILE", "--trust", ".", "--trust", "."], ["FILE", "--help"],
])
def test_whatever_else_is_asked_is_left_to_the_library(tmp_path: Path, words: list[str]) -> None:
    path = tmp_path / "licence.ofd"
    path.write_bytes(issued().ofd)
    assert _asked("verify", *(str(path) if word == "FILE" else word for word in words))[1:] == ["True", "True"]

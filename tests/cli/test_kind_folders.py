"""A department's own kinds on the command line: issued and verified by the same data, wherever these are named."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from certs.config import store_config
from certs.home import Home
from certs.sm3 import sm3
from layouts import add_folder
from tests.cli.test_issue_cli import zhengyin
from tests.support.demo_home import make_home

KINDS = Path(__file__).parents[1] / "data" / "kinds"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A demo home whose approvals name the test kinds."""
    add_folder(KINDS)
    return make_home(tmp_path_factory.mktemp("home") / "home", kinds=("R1", "R2"))


def _record(folder: Path, **changes: object) -> Path:
    values = json.loads((KINDS / "R1" / "samples" / "sample.json").read_text("utf-8")) | changes
    path = folder / "record.json"
    path.write_text(json.dumps(values, ensure_ascii=False), "utf-8")
    return path


def _by_option(_: Home) -> tuple[list[str], dict[str, str]]:
    return ["--kinds", str(KINDS)], {}


def _by_environment(_: Home) -> tuple[list[str], dict[str, str]]:
    return [], {"ZHENGYIN_KINDS": os.pathsep.join([str(KINDS), str(KINDS)])}


def _by_home(home: Home) -> tuple[list[str], dict[str, str]]:
    if not (home.path / "kinds").exists():
        shutil.copytree(KINDS, home.path / "kinds")
    store_config(home.path, dataclasses.replace(home.config, kinds_folder="kinds"))
    return [], {}


@pytest.mark.parametrize("name_kinds", [_by_option, _by_environment, _by_home])
def test_a_departments_kind_is_issued_and_verified(
    home: Home, tmp_path: Path, name_kinds: Callable[[Home], tuple[list[str], dict[str, str]]],
) -> None:
    own = Home.open(Path(shutil.copytree(home.path, tmp_path / "home")), environ={})
    words, environment = name_kinds(own)
    done = zhengyin("issue", _record(tmp_path), "--out", tmp_path / "out", "--home", own.path, *words, **environment)
    assert done.returncode == 0, done.stderr
    for path in map(Path, done.stdout.splitlines()[1:]):
        told = zhengyin("verify", path, "--home", own.path, *words, **environment)
        assert told.returncode == 0, told.stdout
        assert "不适用" in told.stdout


def test_a_verifier_that_does_not_know_the_kind_cannot_say(home: Home, tmp_path: Path) -> None:
    done = zhengyin("issue", _record(tmp_path), "--out", tmp_path, "--home", home.path, "--kinds", KINDS)
    ofd = Path(done.stdout.splitlines()[1])
    told = zhengyin("verify", ofd, "--trust", home.trust_dir)
    assert told.returncode == 3
    assert "record.kind" in told.stdout


def test_an_earlier_document_is_attached_by_its_name(home: Home, tmp_path: Path) -> None:
    common = ("--home", home.path, "--kinds", KINDS)
    first = Path(zhengyin("issue", _record(tmp_path), "--out", tmp_path / "1", *common).stdout.splitlines()[1])
    record = _record(tmp_path, 文号="测应急核〔2025〕8号", 前件=f"{first.stem} sm3:{sm3(first.read_bytes()).hex()}")
    refused = zhengyin("issue", record, "--out", tmp_path / "2", *common)
    assert refused.returncode == 1
    assert "issue.earlier-missing" in refused.stderr and "--attach earlier=" in refused.stderr
    done = zhengyin("issue", record, "--out", tmp_path / "2", *common, "--attach", f"earlier={first}")
    assert done.returncode == 0, done.stderr
    told = zhengyin("verify", done.stdout.splitlines()[1], *common)
    assert told.returncode == 0, told.stdout


@pytest.mark.parametrize(("words", "code"), [
    (["--attach", "earlier"], 2), (["--attach", "=x"], 2), (["--attach", "a=x", "--attach", "a=x"], 2),
    (["--attach", "earlier=/nowhere.ofd"], 3), (["--kinds", "/nowhere"], 2),
])
def test_options_that_name_nothing_are_told(home: Home, tmp_path: Path, words: list[str], code: int) -> None:
    (tmp_path / "x").write_bytes(b"x")
    done = zhengyin("issue", _record(tmp_path), "--out", tmp_path / "out", "--home", home.path,
                    *[word.replace("=x", f"={tmp_path / 'x'}") for word in words],
                    **({} if "--kinds" in words else {"ZHENGYIN_KINDS": str(KINDS)}))
    assert done.returncode == code, done.stderr
    assert done.stderr


def test_earlier_documents_belong_to_one_record(home: Home, tmp_path: Path) -> None:
    lines = tmp_path / "records.jsonl"
    lines.write_bytes(b"{}\n")
    done = zhengyin("issue", lines, "--out", tmp_path, "--home", home.path, "--attach", f"earlier={lines}")
    assert done.returncode == 2


def test_a_home_with_a_wrong_kinds_folder_says_so(home: Home, tmp_path: Path) -> None:
    own = Home.open(Path(shutil.copytree(home.path, tmp_path / "home")), environ={})
    store_config(own.path, dataclasses.replace(own.config, kinds_folder="nowhere"))
    done = zhengyin("issue", _record(tmp_path), "--out", tmp_path / "out", "--home", own.path)
    assert done.returncode == 2
    assert "kind.folder" in done.stderr

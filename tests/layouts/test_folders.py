"""Kinds of a deployment: folders that are added, what is refused, and kinds that are just being written."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from layouts import KindError, add_folder, folders, forget, kind_folder, kinds, load_kind, resource

KINDS = Path(__file__).parents[1] / "data" / "kinds"
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Each test begins with the shipped kinds alone, and what it adds is taken away again."""
    before = list(folders._added)
    folders._added.clear()
    forget()
    yield
    folders._added[:] = before
    forget()


def own_process(code: str) -> str:
    """Run in a process of its own: what is added stays added."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return done.stdout.strip()


def test_an_added_folder_makes_its_kinds_known_and_twice_is_once() -> None:
    assert {"R1", "R2"} <= set(add_folder(KINDS))
    before = kinds()
    assert {"K0", "R1", "R2"} <= set(before)
    assert add_folder(str(KINDS)) == add_folder(KINDS)
    assert kinds() == before
    assert load_kind("R1").name == "测试核查意见"
    assert kind_folder("R1") == KINDS / "R1"
    assert b"<template" in resource("R1", "pages.xml")


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(KindError) as caught:
            add_folder(path)
        assert caught.value.code == "kind.folder"


def test_a_kind_of_a_known_code_is_refused(tmp_path: Path) -> None:
    shutil.copytree(KINDS / "R1", tmp_path / "K0")
    with pytest.raises(KindError) as caught:
        add_folder(tmp_path)
    assert caught.value.code == "kind.twice"
    assert "K0" in caught.value.zh


def test_names_that_are_no_codes_are_no_kinds(tmp_path: Path) -> None:
    for name in ("k9", "K 9", "..", "K9_", "说明"):
        if name != "..":
            shutil.copytree(KINDS / "R1", tmp_path / name)
    (tmp_path / "K98").mkdir()
    assert add_folder(tmp_path) == ()


@pytest.mark.parametrize("name", ["../K0/kind.json", "/etc/passwd", "", "samples/../../K0/kind.json", "nowhere.xml"])
def test_no_path_leads_out_of_a_kinds_folder(name: str) -> None:
    add_folder(KINDS)
    with pytest.raises(KindError) as caught:
        resource("R1", name)
    assert caught.value.code == "kind.resource"


def test_a_link_does_not_lead_out_of_a_kinds_folder(tmp_path: Path) -> None:
    shutil.copytree(KINDS / "R1", tmp_path / "kinds" / "L1")
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "kinds" / "L1" / "link").symlink_to(tmp_path / "secret")
    add_folder(tmp_path / "kinds")
    with pytest.raises(KindError) as caught:
        resource("L1", "link")
    assert caught.value.code == "kind.unreadable"


def test_a_kind_being_written_is_read_anew_after_forget(tmp_path: Path) -> None:
    shutil.copytree(KINDS / "R1", tmp_path / "W1")
    path = tmp_path / "W1" / "kind.json"
    data = json.loads(path.read_text("utf-8")) | {"code": "W1"}
    path.write_text(json.dumps(data), "utf-8")
    add_folder(tmp_path)
    first = load_kind("W1")
    assert load_kind("W1") is first
    path.write_text(json.dumps(data | {"name": "新名"}), "utf-8")
    assert load_kind("W1").name == first.name
    forget()
    assert load_kind("W1").name == "新名"


@pytest.mark.parametrize("content", ["", "[]", "{", '{"code": "W2"}', json.dumps({"code": "W2", "legal_basis": ["x"]})])
def test_a_kind_json_that_is_none_is_an_error_that_names_the_kind(tmp_path: Path, content: str) -> None:
    folder = tmp_path / "W2"
    folder.mkdir()
    (folder / "kind.json").write_text(content)
    code = (f"import layouts; layouts.add_folder({str(tmp_path)!r})\n"
            "try:\n layouts.load_kind('W2')\nexcept layouts.KindError as error:\n print(error.code, error.zh)")
    told = own_process(code)
    assert told.startswith("kind.") and "W2" in told


def test_a_kind_in_the_folder_of_another_code_is_refused(tmp_path: Path) -> None:
    shutil.copytree(KINDS / "R1", tmp_path / "W3")
    add_folder(tmp_path)
    with pytest.raises(KindError) as caught:
        load_kind("W3")
    assert caught.value.code == "kind.data"

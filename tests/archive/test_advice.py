"""What ``zhengyin archive`` advises: what to name as believed, and why a timestamp cannot be had."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from certs.config import store_config
from tests.archive.conftest import Kept
from tests.support.command import Call, caller

DEAD = ("http://127.0.0.1:9/one", "http://127.0.0.1:9/two")


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    return caller(monkeypatch, capfd, "archive")


@pytest.fixture
def cut_off(kept: Kept, tmp_path: Path) -> Path:
    """The office's home with timestamp services that nobody answers for."""
    path = Path(shutil.copytree(kept.office.home.path, tmp_path / "home"))
    store_config(path, dataclasses.replace(kept.office.home.config, tsa_urls=DEAD))
    return path


def test_nothing_that_is_believed_is_a_wrong_call(kept: Kept, call: Call) -> None:
    code, out, err = call("verify", kept.office.archive.path)
    zh, _, en = err.splitlines()[0].partition(" / ")
    assert (code, out) == (2, "") and "certs demo" not in err
    assert all(option in half for half in (zh, en) for option in ("--anchor", "--trust", "--home"))


def test_a_moment_that_is_none_is_told_in_both_languages(kept: Kept, call: Call) -> None:
    code, _, err = call("verify", kept.office.archive.path, "--at", "yesterday", "--home", kept.office.home.path)
    zh, _, en = err.splitlines()[0].partition(" / ")
    assert code == 2 and all("yesterday" in half and "2036-01-31" in half for half in (zh, en))


def test_making_tells_once_why_each_service_gave_no_timestamp(
    kept: Kept, cut_off: Path, call: Call, tmp_path: Path,
) -> None:
    (tmp_path / "issued").mkdir()
    for place, data in enumerate(kept.packages):
        (tmp_path / "issued" / f"{place}.ofd").write_bytes(data)
    code, out, err = call("make", tmp_path / "issued", "--to", tmp_path / "archive", "--home", cut_off)
    assert code == 1 and out.count("timestamp.none") == len(kept.packages)
    assert [err.count(f"  {url}: http.unreachable: ") for url in DEAD] == [1, 1]


def test_renewing_tells_once_why_each_service_gave_no_timestamp(
    kept: Kept, cut_off: Path, call: Call, tmp_path: Path,
) -> None:
    archive = kept.copy(tmp_path / "archive").archive
    code, out, err = call("renew", archive.path, "--home", cut_off, "--due-before", "2099-01-01")
    assert code == 1 and out.count("timestamp.none") == len(kept.identifiers)
    assert [err.count(f"  {url}: http.unreachable: ") for url in DEAD] == [1, 1]


def test_a_package_that_was_deleted_is_missed_by_the_roll_that_was_kept_alone(
    kept: Kept, call: Call, tmp_path: Path,
) -> None:
    archive, home = kept.copy(tmp_path / "archive").archive, kept.office.home.path
    gone, left = kept.identifiers
    shutil.rmtree(archive.existing(gone))
    code, out, _ = call("verify", archive.path, "--home", home)
    assert code == 0 and left in out and gone not in out
    code, out, _ = call("verify", archive.path, gone, left, "--home", home)
    assert code == 3 and f"? {gone}" in out and f"✓ {left}" in out

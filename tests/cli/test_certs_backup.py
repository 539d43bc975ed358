"""``zhengyin certs backup`` and ``restore`` as a person meets them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from certs.home import Home
from registry.database import Registry
from tests.cli.test_certs_command import Call, call
from tests.support.demo_home import CITY, own_home

__all__ = ["call", "own_home"]

PASSWORD = "correct horse battery"  # noqa: S105 (for this test alone)


@pytest.fixture
def home(call: Call, own_home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A demo home; the backup's password lies in a file, scrypt is cheap."""
    assert call
    (tmp_path / "secret").write_text(PASSWORD + "\n")
    monkeypatch.setenv("ZHENGYIN_BACKUP_PASSWORD_FILE", str(tmp_path / "secret"))
    monkeypatch.delenv("ZHENGYIN_BACKUP_PASSWORD", raising=False)
    yield own_home.path


def test_a_home_is_backed_up_and_restored(call: Call, home: Path, tmp_path: Path) -> None:
    file, new = tmp_path / "a.backup", tmp_path / "new"
    code, out, err = call("backup", "--home", home, "--out", file)
    assert (code, err) == (0, "") and str(file) in out and "SM3 " in out and PASSWORD not in out
    code, out, err = call("restore", file, "--home", new)
    assert (code, err) == (0, "") and str(new) in out and "runbook.md" in out
    Home.open(new, environ={}).authority(*CITY)
    with Registry.open(new) as registry, registry.reading():
        assert registry.home == new


def test_without_packages_it_says_so(call: Call, home: Path, tmp_path: Path) -> None:
    assert call("backup", "--home", home, "--out", tmp_path / "a.backup", "--no-packages")[0] == 0
    code, out, _ = call("restore", tmp_path / "a.backup", "--home", tmp_path / "new")
    assert code == 0 and "issued/packages" in out


def test_mistakes_are_plain_messages(
    call: Call, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "a.backup"
    assert call("backup", "--home", home, "--out", file)[0] == 0
    monkeypatch.setenv("ZHENGYIN_BACKUP_PASSWORD_FILE", "")
    for words in (("backup", "--home", home, "--out", tmp_path / "b"), ("restore", file, "--home", tmp_path / "new")):
        code, _, err = call(*words)
        assert code == 3 and err.startswith("backup.no-password: ")
    monkeypatch.setenv("ZHENGYIN_BACKUP_PASSWORD", "another password")
    code, _, err = call("restore", file, "--home", tmp_path / "new")
    assert code == 3 and err.startswith("backup.wrong-password: ")
    monkeypatch.setenv("ZHENGYIN_BACKUP_PASSWORD", PASSWORD)
    for words, message in (
            (("backup", "--home", home, "--out", file), "backup.exists"),
            (("backup", "--home", home, "--out", home / "a"), "backup.inside-the-home"),
            (("backup", "--home", tmp_path / "none", "--out", tmp_path / "b"), "home.missing"),
            (("restore", file, "--home", home), "backup.exists"),
            (("restore", tmp_path / "none", "--home", tmp_path / "new"), "backup.not-a-backup"),
            (("restore", file, "--home", tmp_path / "no" / "new"), "file.missing"),
            (("restore", file, "--home", tmp_path / "new", "--registry", "x"), "registry.bad-url")):
        code, _, err = call(*words)
        assert code == 3 and err.startswith(message), err
    assert not (tmp_path / "new").exists()


def test_a_home_that_cannot_be_compared_is_there_and_says_what_to_do(
    call: Call, home: Path, tmp_path: Path,
) -> None:
    (home / "pending").mkdir(exist_ok=True)
    (home / "pending" / "0.json").write_text("{")               # damaged before it was backed up
    assert call("backup", "--home", home, "--out", tmp_path / "a.backup")[0] == 0
    code, out, err = call("restore", tmp_path / "a.backup", "--home", tmp_path / "new")
    assert code == 3 and "restored" in out
    assert "zhengyin seals settle" in err and "0.json" in err
    Home.open(tmp_path / "new", environ={}).authority(*CITY)

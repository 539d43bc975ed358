"""``zhengyin verify``: exit codes, JSON, folders, and where trust comes from."""

from __future__ import annotations

import csv
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema
import pytest
import referencing

from cli.verify import _files
from tests.support.demo_home import shared_home
from tests.verify.packages import PAGE, changed, issued, swap

ROOT = Path(__file__).parents[2]
SCHEMAS = [json.loads((ROOT / "verify" / f"{name}.schema.json").read_bytes()) for name in ("report", "line")]
LINES = jsonschema.Draft202012Validator(SCHEMAS[1], registry=referencing.Registry().with_resources(
    (schema["$id"], referencing.Resource.from_contents(schema)) for schema in SCHEMAS))


def run(*arguments: object, home: Path | None = None, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    environ = {key: value for key, value in os.environ.items() if key != "ZHENGYIN_HOME"}
    if home is not None:
        environ["ZHENGYIN_HOME"] = str(home)
    return subprocess.run([sys.executable, "-m", "cli.main", "verify", *map(str, arguments)], cwd=cwd,
                          capture_output=True, text=True, check=False, env=environ | {"PYTHONPATH": str(ROOT)})


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """An issued package in a file of its right name."""
    path = tmp_path / f"{issued().identifier}.ofd"
    path.write_bytes(issued().ofd)
    return path


@pytest.fixture
def tampered(tmp_path: Path) -> Path:
    """The same with another holder on the page."""
    path = tmp_path / "tampered.ofd"
    path.write_bytes(changed(PAGE, swap("测试甲", "测试乙")))
    return path


def test_a_genuine_file_gives_0(package: Path) -> None:
    done = run(package, "--trust", shared_home().trust_dir)
    assert done.returncode == 0, done.stderr
    assert "真实 / genuine" in done.stdout and "演示，不具法律效力" in done.stdout


def test_the_homes_trust_folder_is_the_default(package: Path) -> None:
    assert run(package, home=shared_home().path).returncode == 0
    assert run(package, "--home", shared_home().path).returncode == 0


def test_a_tampered_file_gives_1(tampered: Path) -> None:
    done = run(tampered, "--trust", shared_home().trust_dir)
    assert done.returncode == 1
    assert "不真实" in done.stdout and "seal.changed" in done.stdout


def test_without_trust_the_answer_is_3(package: Path, tmp_path: Path) -> None:
    assert run(package).returncode == 3
    done = run(package, "--trust", tmp_path)
    assert done.returncode == 3 and "trust.unusable" in done.stdout


@pytest.mark.parametrize("words", [(), ("--json",), ("--at", "2027-01-01")])
def test_a_home_that_is_none_is_told_to_a_verifier_with_what_verifying_needs(
        package: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    for home, what in ((tmp_path / "nohome", "不存在"), (tmp_path, "不是工作目录")):
        done = run(package, "--home", home, *words)
        assert done.returncode == 2 and done.stdout == "" and what in done.stderr and str(home) in done.stderr
        assert "--trust" in done.stderr and "trust folder" in done.stderr and "certs demo" not in done.stderr


def test_json_has_the_verdict(package: Path) -> None:
    done = run(package, "--trust", shared_home().trust_dir, "--json")
    told = json.loads(done.stdout)
    assert told["verdict"] == "valid" and told["exit_code"] == 0


def test_require_status_gives_3(package: Path) -> None:
    done = run(package, "--trust", shared_home().trust_dir, "--require-status")
    assert done.returncode == 3 and "没有查询发证机关的登记" in done.stdout and "register was not asked" in done.stdout
    assert done.stdout.count("[status.not-asked]") == 1
    assert "status.not-asked" not in run(package, "--trust", shared_home().trust_dir).stdout


def test_what_is_no_such_file_gives_4(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    done = run(path)
    assert done.returncode == 4 and "file.not-such" in done.stdout


@pytest.mark.parametrize("arguments", [["/nonexistent.ofd"], [], [".", "--at", "yesterday"],
                                       [".", "--home", "/nonexistent"]])
def test_a_wrong_call_gives_2(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2 and "Traceback" not in done.stderr


def test_a_moment_that_is_none_is_told_in_both_languages() -> None:
    zh, _, en = run(".", "--at", "yesterday").stderr.splitlines()[0].partition(" / ")
    assert all("yesterday" in half and "2026-01-31" in half for half in (zh, en))


def test_a_moment_without_zone_is_chinas(package: Path) -> None:
    done = run(package, "--trust", shared_home().trust_dir, "--at", "2040-01-01", "--json")
    assert json.loads(done.stdout)["checked_at"] == "2040-01-01T00:00:00+08:00"
    assert done.returncode == 1


def test_a_folder_gives_a_line_each_and_the_worst_exit_code(
        package: Path, tampered: Path, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("not looked at")
    done = run(tmp_path, "--trust", shared_home().trust_dir)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert len(lines) == 2 and sum(line.startswith("真实") for line in lines) == 1
    told = [json.loads(line) for line in
            run(tmp_path, "--trust", shared_home().trust_dir, "--json").stdout.splitlines()]
    assert {each["verdict"] for each in told} == {"valid", "invalid"}


def test_an_empty_folder_gives_4(tmp_path: Path) -> None:
    assert run(tmp_path).returncode == 4


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    """A pipe or a device that is called a licence would be waited for for ever."""
    os.mkfifo(tmp_path / "pipe.ofd")
    (tmp_path / "zero.ofd").symlink_to("/dev/zero")
    for name in ("pipe.ofd", "zero.ofd"):
        done = run(tmp_path / name, "--trust", shared_home().trust_dir)
        assert done.returncode == 3 and "verify.unreadable" in done.stderr, done


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_no_file_but_called_a_document_is_named_in_a_folder(
        package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "folder"
    (folder / "a folder.pdf").mkdir(parents=True)
    shutil.copy(package, folder)
    os.mkfifo(folder / "pipe.ofd")
    for name, target in (("zero.pdf", "/dev/zero"), ("dangling.OFD", "nowhere"), ("loop.pdf", "loop.pdf")):
        (folder / name).symlink_to(target)
    monkeypatch.chdir(folder)            # a socket's path is short
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind("socket.ofd")
    odd = {"pipe.ofd", "zero.pdf", "dangling.OFD", "loop.pdf", "socket.ofd"}
    table = tmp_path / "table.csv"
    done = run(folder, "--trust", shared_home().trust_dir, "--csv", table)
    assert done.returncode == 3 and len(done.stdout.splitlines()) == 6
    told = [line for line in done.stdout.splitlines() if "verify.unreadable" in line]
    assert {name for name in odd for line in told if name in line} == odd and len(told) == 5
    rows = list(csv.DictReader(table.read_text("utf-8-sig").splitlines()))
    assert {Path(row["path"]).name for row in rows if row["codes"] == "verify.unreadable"} == odd and len(rows) == 6
    lines = [json.loads(line) for line in
             run(folder, "--trust", shared_home().trust_dir, "--json").stdout.splitlines()]
    for line in lines:
        LINES.validate(line)
    assert len(lines) == 6 and not LINES.is_valid({"path": "x", "error": "verify.unreadable"})
    assert {Path(line["path"]).name for line in lines if line.get("error") == "verify.unreadable"} == odd


def test_a_folder_that_cannot_be_read_is_named(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walk = os.walk

    def half(folder: Path, onerror: Callable[[OSError], None]) -> Iterator[object]:
        onerror(PermissionError(13, "Permission denied", str(tmp_path / "closed")))
        yield from walk(folder)

    monkeypatch.setattr("cli.folder_files.os.walk", half)
    assert list(_files([package.parent], [])) == sorted([package, tmp_path / "closed"])


@pytest.mark.parametrize("moment", ["0001-01-01", "9999-12-31T23:59:59-14:00", "1899-12-31"])
def test_moments_at_the_ends_of_the_calendar_are_refused(package: Path, moment: str) -> None:
    done = run(package, "--trust", shared_home().trust_dir, "--at", moment)
    assert done.returncode == 2 and "Traceback" not in done.stderr and "1900" in done.stderr


def test_names_of_files_cannot_write_on_the_terminal(package: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in (b"a\x1b[2Jb\nc.ofd", "甲\u202e乙.ofd".encode(), b"\xff\xfe.ofd"):
        (folder / os.fsdecode(name)).write_bytes(package.read_bytes())
    for arguments in ((), ("--json",)):
        done = run(folder, "--trust", shared_home().trust_dir, *arguments)
        assert done.returncode == 0, done
        assert "\x1b" not in done.stdout and "\u202e" not in done.stdout and len(done.stdout.splitlines()) == 3
    assert r"甲\u202e乙.ofd" in run(folder, "--trust", shared_home().trust_dir).stdout


def test_a_folder_is_kept_as_a_table_that_a_spreadsheet_cannot_be_harmed_by(
    package: Path, tampered: Path, tmp_path: Path,
) -> None:
    (tmp_path / "=cmd|x.pdf").write_bytes(b"none")
    table = tmp_path / "results.csv"
    done = run(tmp_path, "--trust", shared_home().trust_dir, "--jobs", 2, "--csv", table)
    assert done.returncode == 1 and len(done.stdout.splitlines()) == 3
    text = table.read_text("utf-8")
    assert text.startswith("\ufeff")
    rows = {Path(row["path"]).name: row for row in csv.DictReader(text[1:].splitlines())}
    assert rows[package.name]["exit_code"] == "0" and rows[package.name]["licence_status"] == "in-force"
    assert rows[package.name]["identifier"] == issued().identifier
    assert (rows[package.name]["proven"], rows[tampered.name]["proven"]) == ("yes", "no")
    assert rows[tampered.name]["licence_status"] == "unknown", "nothing of a forgery can be taken for proven"
    assert rows[tampered.name]["verdict"] == "invalid" and "seal.changed" in rows[tampered.name]["codes"].split()
    assert rows["=cmd|x.pdf"]["exit_code"] == "4"

    done = run("=cmd|x.pdf", "--trust", shared_home().trust_dir, "--csv", "again.csv", cwd=tmp_path)
    assert done.returncode == 4
    assert (tmp_path / "again.csv").read_text("utf-8").splitlines()[1].startswith("'=cmd")


def test_what_a_folder_holds_beside_is_counted(package: Path, tmp_path: Path) -> None:
    for name in ("a.jpg", "b.PNG", "notes.txt"):
        (tmp_path / name).write_bytes(b"none")
    done = run(tmp_path, "--trust", shared_home().trust_dir)
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 1
    assert "另有 3 个文件未核验，其中图片 2 个" in done.stderr and "3 other files" in done.stderr
    package.unlink()
    done = run(tmp_path, "--trust", shared_home().trust_dir)
    assert done.returncode == 4 and "3 other files" in done.stderr


def test_a_report_into_a_folder_that_is_not_there_is_told_before_anything_is_verified(
    tampered: Path, tmp_path: Path,
) -> None:
    done = run(tampered, "--trust", shared_home().trust_dir, "--report", tmp_path / "nowhere" / "x.html")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("report.no-folder: 存放报告的目录") and str(tmp_path / "nowhere") in done.stderr


def test_a_table_that_cannot_be_written_is_an_error(package: Path, tmp_path: Path) -> None:
    done = run(package, "--trust", shared_home().trust_dir, "--csv", tmp_path / "nowhere" / "x.csv")
    assert done.returncode == 3 and "file." in done.stderr and "Traceback" not in done.stderr


def test_reports_are_kept_in_the_forms_that_their_names_say(package: Path, tampered: Path, tmp_path: Path) -> None:
    wanted = [tmp_path / f"report{ending}" for ending in (".html", ".pdf", ".xml", ".json")]
    arguments = [part for path in wanted for part in ("--report", path)]
    done = run(tampered, "--trust", shared_home().trust_dir, *arguments)
    assert done.returncode == 1, done.stderr
    assert all(path.stat().st_size for path in wanted)
    assert json.loads(wanted[3].read_bytes())["verdict"] == "invalid"
    for wrong in (("--report", tmp_path / "report.doc"), ("--report", wanted[0], package),
                  ("--report", wanted[0], "--csv", tmp_path / "x.csv")):
        done = run(tampered, "--trust", shared_home().trust_dir, *wrong)
        assert done.returncode == 2 and "Traceback" not in done.stderr, wrong

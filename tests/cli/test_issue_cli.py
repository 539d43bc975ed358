"""``zhengyin issue`` as a person calls it: files, messages in two languages, exit codes, no tracebacks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from certs.home import Home
from cli.issue import _exit_code
from tests.docgen.records import as_json, record
from tests.support.demo_home import own_home, seal_folder

__all__ = ["own_home"]

ROOT = Path(__file__).parent.parent.parent


def zhengyin(
    *words: object, limit_blocks: int | None = None, **environment: str,
) -> subprocess.CompletedProcess[str]:
    """Run the command; ``limit_blocks`` is the largest file in KiB."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("ZHENGYIN_")}
    command = [sys.executable, "-m", "cli.main", *map(str, words)]
    if limit_blocks is not None:
        command = ["bash", "-c", f'ulimit -f {limit_blocks}; exec "$@"', "bash", *command]
    result = subprocess.run(
        command, cwd=ROOT, env=own | environment, capture_output=True, text=True, timeout=120, check=False)
    assert "Traceback" not in result.stderr + result.stdout
    return result


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "record.json"
    path.write_bytes(as_json(record()))
    return path


def test_one_record_becomes_two_files_and_a_repeat_the_same(
        own_home: Home, file: Path, tmp_path: Path) -> None:
    first = zhengyin("issue", file, "--out", tmp_path / "a", "--home", own_home.path)
    again = zhengyin("issue", file, "--out", tmp_path / "b", ZHENGYIN_HOME=str(own_home.path))
    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    paths = [Path(line) for line in first.stdout.splitlines()[1:]]
    assert [path.suffix for path in paths] == [".ofd", ".pdf"]
    assert "已签发" in first.stdout and "此前已签发" in again.stdout
    for path in paths:
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    assert "scope.no-list" in first.stderr


def test_many_records_give_a_result_line_each_and_the_worst_exit_code(own_home: Home, tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    lines = [as_json(record(1)), b"{", as_json(record(2, 企业名称="")), as_json(record(3))]
    file.write_bytes(b"\n".join(lines))
    result = zhengyin("issue", file, "--out", tmp_path / "out", "--home", own_home.path)
    assert result.returncode == 1
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(line["line"], line["ok"]) for line in lines] == [(1, True), (2, False), (3, False), (4, True)]
    assert "已签发 2（其中此前已签发 0），未签发 2 / issued 2 (0 of them before), refused 2" in result.stderr
    assert len(list((tmp_path / "out").glob("*.ofd"))) == 2


def test_a_refused_record_lists_every_fault_in_two_languages(own_home: Home, tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    faulty = record(企业名称="", 统一社会信用代码="91140100MA9TEX0148", 发证日期="2025-02-30")
    file.write_bytes(as_json(faulty))
    result = zhengyin("issue", file, "--out", tmp_path / "out", "--home", own_home.path)
    assert result.returncode == 1 and result.stdout == ""
    assert result.stderr.startswith("record.invalid: ")
    for field in ("企业名称", "统一社会信用代码", "发证日期"):
        assert f"\n  {field}: " in result.stderr
    assert all(" / " in line for line in result.stderr.splitlines())
    assert not (tmp_path / "out").exists()


def test_without_a_home_it_says_how_to_make_one(file: Path, tmp_path: Path) -> None:
    result = zhengyin("issue", file, "--out", tmp_path / "out")
    assert result.returncode == 2
    assert result.stderr.startswith("home.none: ") and "zhengyin certs demo --home" in result.stderr


@pytest.mark.parametrize("words", [
    (), ("missing.json", "--out", "out"), ("--out", "out"), ("tests", "--out", "out"), ("--bad",)])
def test_a_wrong_call_is_a_usage_error(words: tuple[str, ...]) -> None:
    assert zhengyin("issue", *words).returncode == 2


def test_a_wrong_password_is_named(own_home: Home, file: Path, tmp_path: Path) -> None:
    environment = {"ZHENGYIN_PASSWORD": "wrong"}
    result = zhengyin("issue", file, "--out", tmp_path / "out", "--home", own_home.path, **environment)
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1].startswith("keystore.wrong-password: ")
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_named_and_leaves_nothing(own_home: Home, file: Path, tmp_path: Path) -> None:
    result = zhengyin("issue", file, "--out", tmp_path / "out", "--home", own_home.path, limit_blocks=64)
    assert result.returncode == 3
    assert result.stderr.splitlines()[-1].startswith(("file.no-space: ", "issue.store-unavailable: "))
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_a_damaged_seal_is_named(own_home: Home, file: Path, tmp_path: Path) -> None:
    seal = seal_folder(own_home.path) / "seal.esl"
    seal.write_bytes(seal.read_bytes()[:-1])
    result = zhengyin("issue", file, "--out", tmp_path / "out", "--home", own_home.path)
    assert result.returncode == 2
    assert "home.incomplete: " in result.stderr


def test_the_help_page_names_every_command_and_loads_none() -> None:
    script = """
import sys, cli.main
sys.argv = ["zhengyin", "--help"]
try:
    cli.main.run()
except SystemExit:
    print([name for name in ("cli.issue", "cli.verify", "docgen", "lxml") if name in sys.modules])
"""
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert all(name in result.stdout for name in ("issue", "verify", "certs"))
    assert result.stdout.rstrip().endswith("[]")


def test_an_error_of_our_own_is_a_line_and_not_a_traceback(
        own_home: Home, file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for room in ("cli", "codes", "certs", "docgen", "fonts", "layouts"):
        (copy / room).parent.mkdir(exist_ok=True)
        if room == "cli":
            shutil.copytree(ROOT / room, copy / room)
        else:
            (copy / room).symlink_to(ROOT / room)
    (copy / "cli" / "issue.py").write_text("raise ZeroDivisionError\n")
    result = subprocess.run(
        [sys.executable, "-m", "cli.main", "issue"], cwd=copy, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (3, "")
    assert result.stderr.startswith("internal.error: ") and "ZeroDivisionError" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_full_output_device_is_named(own_home: Home, tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    file.write_text(json.dumps(record()), encoding="utf-8")
    command = [sys.executable, "-m", "cli.main", "issue", file, "--out", tmp_path / "out", "--home", own_home.path]
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    assert result.returncode == 3 and "file.failed" in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize(("code", "exit_code"), [
    ("record.invalid", 1), ("seal.suspended", 1), ("home.no-password", 2), ("pin.wrong", 2), ("file.no-space", 3),
    ("signer.unreachable", 3), ("token.not-found", 3), ("device.out-of-reach", 3), ("service.out-of-reach", 3),
    ("timestamp.none", 3), ("issue.waiting", 5),
])
def test_what_to_do_about_an_error_is_told_by_the_exit_code(code: str, exit_code: int) -> None:
    assert _exit_code(code) == exit_code

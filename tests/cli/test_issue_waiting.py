"""``zhengyin issue`` where no timestamp can be had, and ``--waiting`` when one can again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from certs.home import Home
from tests.docgen.records import as_json, record
from tests.support.authority import Authority
from tests.support.command import Call, caller
from tests.support.stamping import Clock, authority, clock, own_home, stamping

__all__ = ["authority", "clock", "own_home"]


@pytest.fixture
def issue(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    return caller(monkeypatch, capfd, "issue")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "record.json"
    path.write_bytes(as_json(record()))
    return path


@pytest.fixture
def dead(own_home: Home, authority: Authority, clock: Clock) -> Home:
    return stamping(own_home, authority, clock, tsa_urls=("http://127.0.0.1:9/",), timestamps="queue")


def test_refusing_tells_what_each_service_said_and_writes_nothing(
        own_home: Home, authority: Authority, clock: Clock, issue: Call, file: Path, tmp_path: Path) -> None:
    stamping(own_home, authority, clock, tsa_urls=("http://127.0.0.1:9/", f"{authority.url}/nowhere"))
    code, out, err = issue(file, "--out", tmp_path / "out", "--home", own_home.path)
    assert (code, out) == (3, "") and err.startswith("timestamp.none: ")
    assert "  http://127.0.0.1:9/: http.unreachable: " in err and "/nowhere: http.status: " in err
    assert not (tmp_path / "out").exists()


def test_a_record_waits_is_listed_and_is_finished(
        dead: Home, authority: Authority, clock: Clock, issue: Call, file: Path, tmp_path: Path) -> None:
    code, out, err = issue(file, "--out", tmp_path / "out", "--home", dead.path)
    assert (code, out) == (5, "") and err.startswith("issue.waiting: ") and "http.unreachable" in err
    code, out, _ = issue("--waiting", "--list", "--home", dead.path)
    (shown,) = map(json.loads, out.splitlines())
    assert shown["since"].endswith("+08:00") and "." not in shown["since"], "told in Beijing time"
    assert code == 0 and shown["identifier"] in err and shown["faults"][0]["field"] == "http://127.0.0.1:9/"
    code, out, err = issue("--waiting", "--out", tmp_path / "out", "--home", dead.path)
    assert (code, out) == (5, "") and err.startswith("timestamp.none: ")
    stamping(dead, authority, clock, timestamps="queue")
    code, out, err = issue("--waiting", "--out", tmp_path / "out", "--home", dead.path)
    (told,) = map(json.loads, out.splitlines())
    assert code == 0 and told["ok"] and Path(told["ofd"]).is_file() and "issued 1" in err
    assert issue("--waiting", "--list", "--home", dead.path) == (0, "", "")


def test_of_many_records_those_that_wait_are_counted_apart(dead: Home, issue: Call, tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    file.write_bytes(b"\n".join(as_json(record(sequence)) for sequence in (1, 2)))
    code, out, err = issue(file, "--out", tmp_path / "out", "--home", dead.path)
    assert code == 5 and "等待时间戳 2" in err and "waiting 2" in err
    assert [json.loads(line)["code"] for line in out.splitlines()] == ["issue.waiting"] * 2
    file.write_bytes(as_json(record(3)) + b"\n{}")
    assert issue(file, "--out", tmp_path / "out", "--home", dead.path)[0] == 1


def test_one_is_taken_away(dead: Home, issue: Call, file: Path, tmp_path: Path) -> None:
    issue(file, "--out", tmp_path / "out", "--home", dead.path)
    identifier = json.loads(issue("--waiting", "--list", "--home", dead.path)[1])["identifier"]
    assert issue("--waiting", "--drop", identifier, "--home", dead.path)[0] == 0
    code, _, err = issue("--waiting", "--drop", identifier, "--home", dead.path)
    assert code == 1 and identifier in err
    assert issue("--waiting", "--list", "--home", dead.path)[1] == ""


@pytest.mark.parametrize("words", [
    [], ["--out", "o"], ["--list"], ["--drop", "1"], ["--waiting"], ["--waiting", "--list", "--out", "o"],
    ["--waiting", "--list", "--drop", "1"], ["FILE"], ["--waiting", "FILE", "--list"]])
def test_words_that_do_not_go_together_are_a_matter_of_usage(
        dead: Home, issue: Call, file: Path, words: list[str]) -> None:
    given = [file if word == "FILE" else word for word in words]
    code, out, err = issue(*given, "--home", dead.path)
    assert (code, out) == (2, "") and "usage" in err

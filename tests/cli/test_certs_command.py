"""``zhengyin certs demo`` as a person meets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from certs.home import Home
from tests.support.command import Call, caller
from tests.support.demo_home import CHEAP, CITY, PROVINCE, imprint

COUNTY = ("测试市测试县应急管理局", "11140123MB9TEX019D")


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """Run the command with cheap keys; give exit code, stdout and stderr."""
    monkeypatch.setattr("certs.keystore.ScryptCost", lambda: CHEAP)
    return caller(monkeypatch, capfd, "certs")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where the home will be."""
    return tmp_path / "家" / "home"


def test_the_demo_home_serves_the_worked_examples(call: Call, home: Path) -> None:
    code, out, err = call("demo", "--home", home)
    assert (code, err) == (0, "")
    opened = Home.open(home, environ={})
    for one in (CITY, PROVINCE):
        assert f"  {one[0]}  {one[1]}" in out
        opened.authority(*one)
    assert "不具法律效力" in out and "no legal effect" in out and str(home / "trust") in out
    assert opened.password().value.decode() not in out
    code, out, _ = call("demo", "--home", home)
    assert code == 0 and "保留已有的" in out


def test_organisations_come_from_the_command_line(
    call: Call, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    picture = tmp_path / "印模.png"
    picture.write_bytes(imprint("真实印模", 45))
    monkeypatch.setenv("ZHENGYIN_HOME", str(home))
    code, out, _ = call("demo", "--org", COUNTY[0], "--uscc", COUNTY[1], "--org", CITY[1], "--uscc", CITY[0],
                        "--imprint", picture, "--imprint", "-", "--diameter", "45")
    assert code == 0 and COUNTY[0] in out and PROVINCE[1] not in out
    opened = Home.open(home, environ={})
    assert opened.authority(COUNTY[1], COUNTY[0]).seal.imprint == picture.read_bytes()
    assert opened.authority(*CITY).seal.width_mm == 45
    assert [one for one, _ in opened.authorities()] == sorted([COUNTY[1], CITY[0]])


MISTAKES = [
    # arguments, exit code, what the message begins with or holds, why
    (["demo"], 3, "home.none", "no home"),
    (["demo", "--home", "H", "--org", COUNTY[0]], 2, "--uscc", "a name without a code"),
    (["demo", "--home", "H", "--uscc", COUNTY[1]], 2, "--org", "a code without a name"),
    (["demo", "--home", "H", "--imprint", "x.png"], 2, "--imprint", "an imprint without a name"),
    (["demo", "--home", "H", "--org", COUNTY[0], "--uscc", COUNTY[1], "--imprint", "none.png"], 3,
     "file.missing", "an imprint that is not there"),
    (["demo", "--home", "H", "--org", COUNTY[0], "--uscc", "11140123MB9TEX0190"], 3, "demo.bad-uscc",
     "a code that fails its check"),
    (["demo", "--home", "H", "--org", "", "--uscc", COUNTY[1]], 3, "demo.bad-name", "an empty name"),
    (["demo", "--home", "H", "--diameter", "60"], 3, "imprint.diameter", "a diameter that no seal has"),
    (["demo", "--home", "/dev/null/x"], 3, "file.failed", "a home in a file"),
    (["demo", "--home", "H", "--password", "x"], 2, "--password", "a password on the command line"),
    (["nonsense"], 2, "nonsense", "no such command"),
]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message", "why"), MISTAKES, ids=[row[3] for row in MISTAKES])
def test_a_mistake_is_a_plain_message_and_makes_nothing(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], exit_code: int,
    message: str, why: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = call(*arguments)
    assert code == exit_code, why
    assert message in err
    assert code == 2 or err.count(" / ") >= 1                       # both languages
    assert not list(tmp_path.glob("H/*/*"))

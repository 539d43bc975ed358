"""A command that was called wrongly is told so in both languages, with the nearest right word, and ends with 2."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest
import typer

from cli.main import COMMANDS, run

Call = Callable[..., tuple[int, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Call:
    """What runs ``zhengyin`` without a home and gives exit code and stderr."""
    monkeypatch.delenv("ZHENGYIN_HOME", raising=False)
    monkeypatch.chdir(tmp_path)

    def run_it(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["zhengyin", *words])
        with pytest.raises(SystemExit) as end:
            run()
        out, err = capfd.readouterr()
        assert out == "" and "Traceback" not in err
        return int(end.value.code or 0), err

    return run_it


@pytest.mark.parametrize(("words", "code", "zh", "en"), [
    ("vefify", "no-such-command", "没有子命令 vefify；是否要用 verify？", "did you mean verify?"),
    ("seals aprove", "no-such-command", "没有子命令 aprove；是否要用 approve", "did you mean approve"),
    ("seals approve gvie", "no-such-command", "没有子命令 gvie；是否要用 give？", "did you mean give?"),
    ("kinds lst", "no-such-command", "没有子命令 lst；是否要用 list？", "did you mean list?"),
    ("seals list --stat x", "no-such-option", "没有选项 --stat；是否要用 --state", "did you mean --state"),
    ("seals list -x", "no-such-option", "没有选项 -x", "there is no option -x"),
    ("seals list --state in-us", "bad-value", "是否要用 in-use？", "did you mean in-use?"),
    ("seals show", "missing", "缺少参数 CASE（事项编号）", "the argument CASE is missing (number of the case"),
    ("seals lost X", "missing", "缺少选项 --as（办理人的", "the option --as is missing (folder with"),
    ("seals rotate --from", "missing-value", "选项 --from 后须给出值", "option --from needs a value"),
    ("seals list --json=1", "no-value", "选项 --json 不带值", "option --json takes no value"),
    ("seals list a b", "extra", "多出的参数：a b", "unexpected: a b"),
    ("verify nothing.ofd", "bad-value", "nothing.ofd 不存在", "nothing.ofd does not exist"),
    ("seals publish --out file", "bad-value", "file 是文件，应为目录", "file is a file, and a folder is wanted"),
    ("issue folder --out x", "bad-value", "folder 是目录，应为文件", "folder is a folder, and a file is wanted"),
    ("seals make X --as y --ses-version 9", "bad-value", "--ses-version：不得大于 5", "it must be at most 5"),
    ("seals make X --as y --ses-version 1", "bad-value", "--ses-version：不得小于 4", "it must be at least 4"),
    ("seals make X --as y --ses-version z", "bad-value", "--ses-version：应为整数", "a whole number is wanted"),
    ("seals due --within 3", "bad-value", "--within：天数应写作 30d：3", "a number of days is written 30d: 3"),
])
def test_a_wrong_call_is_told_in_both_languages(call: Call, words: str, code: str, zh: str, en: str) -> None:
    Path("file").touch()
    Path("folder").mkdir()
    exit_code, err = call(*words.split())
    said = err.splitlines()[0]
    told_zh, _, told_en = said.partition(" / ")
    assert exit_code == 2
    assert told_zh.startswith(f"usage.{code}: ") and zh in told_zh
    assert en in told_en and "Usage:" not in err and "Error" not in err


def commands() -> Iterator[tuple[str, ...]]:
    """Every command, by its words."""
    for name, (module, _) in COMMANDS.items():
        command = typer.main.get_command(import_module(module).app)
        yield from _below((name,), command)


def _below(words: tuple[str, ...], command: object) -> Iterator[tuple[str, ...]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield words
        return
    for name, one in inner.items():
        yield from _below((*words, name), one)


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_says_what_an_unknown_option_is(call: Call, words: tuple[str, ...]) -> None:
    code, err = call(*words, "--helq")
    assert code == 2 and err.startswith("usage.no-such-option: 没有选项 --helq；是否要用 --help")


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_the_headings_of_every_help_page_stand_in_both_languages(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], words: tuple[str, ...],
) -> None:
    monkeypatch.setattr(sys, "argv", ["zhengyin", *words, "--help"])
    with pytest.raises(SystemExit):
        run()
    page = capfd.readouterr().out
    assert page.startswith("用法 / Usage: ") and "选项 / Options:" in page and "显示本页 / show this page" in page
    assert not re.search(r"^(?:Usage|Options|Arguments|Commands):", page, re.M)
    assert "[default:" not in page and "[required]" not in page and "Show this message" not in page
    assert not re.search(r"[a-z,]\.\.\.", page), "a summary is wrapped, never cut"


def test_a_group_without_a_command_shows_its_help(call: Call) -> None:
    code, err = call("seals")
    assert code == 2 and "印章登记" in err and "approve" in err


@pytest.mark.parametrize("words", [
    ("verify", "no\x1b[2Jthing\n.ofd"), ("seals", "\x1b[31mlist"), ("seals", "list", "--\x1b[31mjson"),
    ("seals", "list", "--home", "\x1b]0;title\x07"), ("certs", "seal", "\x1bc"),
    ("seals", "list", "--state", "\x1b[1m"),
])
def test_nothing_that_was_typed_steers_the_terminal(call: Call, words: tuple[str, ...]) -> None:
    code, err = call(*words)
    assert code in (2, 3) and "\\x1b" in err
    assert all(char.isprintable() or char == "\n" for char in err)

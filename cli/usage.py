"""What is said of a command that was called wrongly: in Chinese and English, with the nearest right word.

The library that reads command lines speaks English. What it says is recognised here by its shape and said again; a
sentence that is not known keeps its English, below a Chinese one that says what the matter is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

import typer

from certs.untrusted_files import printable

__all__ = ["USAGE", "usage_lines"]

USAGE: Final = 2
_HAN: Final = re.compile("[\u4e00-\u9fff]")
_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True)
class _Said:
    """A code and a sentence in each language."""

    code: str
    zh: str
    en: str


def _near(word: str, known: Iterable[str]) -> tuple[str, str]:
    """Return the question whether the nearest known word was meant; empty where none is near."""
    found = get_close_matches(word, sorted(known), n=2, cutoff=0.5)
    return (f"；是否要用 {'、'.join(found)}？", f"; did you mean {' or '.join(found)}?") if found else ("", "")


def _values(match: re.Match[str]) -> tuple[str, str]:
    known = re.findall(r"'([^']*)'", match["known"])
    zh, en = _near(match["word"], known)
    return (f"“{match['word']}”不是可选的值（{'、'.join(known)}）{zh}",
            f"{match['word']} is not one of {', '.join(known)}{en}")


def _plain(zh: str, en: str) -> Callable[[re.Match[str]], tuple[str, str]]:
    return lambda match: (match.expand(zh), match.expand(en))


_VALUES: Final = [(re.compile(pattern), say) for pattern, say in (
    (r"(?:Value error, )?'(?P<word>.*)' is not one of (?P<known>'.*')\.", _values),
    (r"\w+ '(.*)' does not exist\.", _plain(r"\1 不存在", r"\1 does not exist")),
    (r"\w+ '(.*)' is a file\.", _plain(r"\1 是文件，应为目录", r"\1 is a file, and a folder is wanted")),
    (r"\w+ '(.*)' is a directory\.", _plain(r"\1 是目录，应为文件", r"\1 is a folder, and a file is wanted")),
    (r"\w+ '(.*)' is not (?:readable|writable)\.", _plain(r"没有权限读写 \1", r"\1 may not be read or written")),
    (r"Input should be a valid (?:integer|number).*", _plain("应为整数", "a whole number is wanted")),
    (r"Input should be greater than or equal to (.*)", _plain(r"不得小于 \1", r"it must be at least \1")),
    (r"Input should be less than or equal to (.*)", _plain(r"不得大于 \1", r"it must be at most \1")),
)]
"""What may be said of a value."""


def usage_lines(error: typer.TyperException) -> list[str] | None:
    """Return what to say of a wrong call, a line each; None for what is no wrong call, such as a page of help."""
    said = _said(error)
    if said is None:
        return None
    lines = [f"{said.code}: {said.zh} / {said.en}"]
    context = getattr(error, "ctx", None)
    if context is not None:
        lines += [f"  {context.get_usage().replace('/ Usage:', '/ usage:', 1)}",
                  f"  帮助 / help: {context.command_path} --help"]
    return [printable(line, at_most=_LONGEST) for line in lines]


def _said(error: typer.TyperException) -> _Said | None:
    if hasattr(error, "possibilities"):
        return _no_such_option(error)
    if hasattr(error, "param_type"):
        return _missing(error)
    if isinstance(error, typer.BadParameter):
        return _bad_value(error)
    message = error.format_message()
    if command := re.fullmatch(r"No such command '(.*?)'\..*", message, re.S):
        zh, en = _near(command[1], error.ctx.command.commands)  # type: ignore[attr-defined]
        return _Said("usage.no-such-command", f"没有子命令 {command[1]}{zh}", f"there is no command {command[1]}{en}")
    if option := re.fullmatch(r"Option '(.*)' requires .*", message):
        return _Said("usage.missing-value", f"选项 {option[1]} 后须给出值", f"option {option[1]} needs a value")
    if option := re.fullmatch(r"Option '(.*)' does not take a value\.", message):
        return _Said("usage.no-value", f"选项 {option[1]} 不带值", f"option {option[1]} takes no value")
    if extra := re.fullmatch(r"Got unexpected extra argument\(s\) \((.*)\)", message, re.S):
        return _Said("usage.extra", f"多出的参数：{extra[1]}（文字中有空格的请加引号）",
                     f"unexpected: {extra[1]} (put a text with blanks into quotes)")
    return None


def _no_such_option(error: Any) -> _Said:
    name, context = error.option_name, error.ctx
    known = list(error.possibilities or ())
    if context is not None:
        known = [option for param in context.command.params for option in param.opts if option.startswith("--")]
        known += context.help_option_names
    zh, en = _near(name, known)
    return _Said("usage.no-such-option", f"没有选项 {name}{zh}", f"there is no option {name}{en}")


def _missing(error: Any) -> _Said:
    name = _name(error)
    text = getattr(error.param, "help", None) or ""
    zh, _, en = text.partition(" / ")
    kind_zh, kind_en = ("选项", "option") if name.startswith("-") else ("参数", "argument")
    return _Said("usage.missing", f"缺少{kind_zh} {name}" + (f"（{zh}）" if zh else ""),
                 f"the {kind_en} {name} is missing" + (f" ({en})" if en else ""))


def _bad_value(error: Any) -> _Said:
    name, message = _name(error), error.message
    if _HAN.search(message):                                       # our own: said in both languages already
        zh, _, en = message.partition(" / ")
        return _Said("usage.bad-value", f"{name}：{zh}" if name else zh, f"{name}: {en}" if name else en)
    for pattern, say in _VALUES:
        if match := pattern.fullmatch(message):
            zh, en = say(match)
            return _Said("usage.bad-value", f"{name}：{zh}", f"{name}: {en}")
    return _Said("usage.bad-value", f"{name} 的值有误", f"{name}: {message}")


def _name(error: Any) -> str:
    """Return the option or argument that an error is about, as the pages of help write it."""
    if isinstance(error.param_hint, str):
        return error.param_hint
    param = error.param
    if param is None:
        return ""
    longest = max(param.opts, key=len)
    return longest if longest.startswith("-") else str(param.metavar or longest)

"""Help pages with headings in Chinese and English, as the texts below them are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from typer.core import TyperGroup

__all__ = ["use_both_languages"]

_HEADINGS: Final = {
    "Arguments": "参数 / Arguments", "Options": "选项 / Options", "Commands": "命令 / Commands",
}
_USAGE: Final = "用法 / Usage: "
_WORDS: Final = (
    (re.compile(r"^Show this message and exit\.$"), "显示本页 / show this page"),
    (re.compile(r"\[default: "), "[缺省 / default: "), (re.compile(r"; required\]"), "; 必填 / required]"),
    (re.compile(r"\[required\]"), "[必填 / required]"),
)
_WHOLE: Final = 1000                      # a summary in two languages is wrapped on a list of commands, never cut
_COMMAND: Any = next(each for each in TyperGroup.__mro__ if "get_short_help_str" in vars(each))
_short: Final = _COMMAND.get_short_help_str
_FORMATTER: Any = TyperGroup.context_class.formatter_class


class _HelpPage(_FORMATTER):  # type: ignore[misc]  # the library's own, which it does not export by name
    """Writes a help page."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """How the command is called."""
        super().write_usage(prog, args, prefix or _USAGE)

    def write_heading(self, heading: str) -> None:
        """The heading of a section."""
        super().write_heading(_HEADINGS.get(heading, heading))

    def write_dl(self, rows: Iterable[tuple[str, str]], *arguments: Any, **options: Any) -> None:
        """What may be given, and what it means."""
        super().write_dl([(name, _said(text)) for name, text in rows], *arguments, **options)


def _said(text: str) -> str:
    for pattern, words in _WORDS:
        text = pattern.sub(words, text)
    return text


def use_both_languages() -> None:
    """Have every help page of this process written so."""
    TyperGroup.context_class.formatter_class = _HelpPage
    _COMMAND.get_short_help_str = lambda command, limit=0: _short(command, max(limit, _WHOLE))

"""A report as one page of HTML: nothing is fetched, no script runs, and it prints on A4."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from reports import words

__all__ = ["report_html"]


def _source(name: str) -> str:
    return (files("reports") / "page" / name).read_text("utf-8")


@functools.cache
def _environment() -> Environment:
    made = Environment(loader=FunctionLoader(_source), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
                       lstrip_blocks=True)
    made.globals.update(words=words, style=Markup(_source("report.css")))  # noqa: S704 - our own file
    return made


def report_html(report: Mapping[str, Any], *, lang: str = "zh") -> bytes:
    """Write a report as a page.

    Args:
        report: the plain values of a report.
        lang: the language that stands first, ``zh`` or ``en``; the other stands beneath.

    Returns:
        A whole HTML document, UTF-8.
    """
    page = _environment().get_template("report.html")
    return page.render(report=report, lang=lang, file=words.file_answer(report),
                       licence=words.licence_answer(report)).encode("utf-8", "replace")

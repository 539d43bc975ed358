"""The pages of the verifier as HTML: no script in them, nothing from elsewhere, both languages in each."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, FunctionLoader, StrictUndefined

from reports import words
from service.marks import sheets
from service.refusals import Refused

__all__ = ["LANGUAGES", "STATIC", "front_page", "refusal_page", "result_page", "static"]

LANGUAGES: Final = ("zh", "en")
STATIC: Final = {"verify.css": "text/css", "verify.js": "text/javascript", "icon.svg": "image/svg+xml"}
"""Files beside the pages, with their types."""


def _source(name: str) -> str:
    return (files("service") / "page" / name).read_text("utf-8")


@functools.cache
def static(name: str) -> bytes:
    """One of :data:`STATIC`."""
    return _source(name).encode()


@functools.cache
def _environment() -> Environment:
    made = Environment(loader=FunctionLoader(_source), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
                       lstrip_blocks=True)
    made.globals.update(words=words, signers=_signers, coverage=_coverage)
    return made


def _signers(report: Mapping[str, Any]) -> list[str]:
    """Who signed, by the signatures that hold."""
    return list(dict.fromkeys(each["organisation"] or each["signer"] for each in report["signatures"]
                              if each["indication"] == "TOTAL-PASSED"))


def _coverage(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The parts of the file, those that matter most first."""
    order = ("picture", "harmless", "protected")
    return sorted(report["coverage"]["entries"], key=lambda each: order.index(each["standing"]))


def _rendered(name: str, lang: str, **values: Any) -> str:
    return _environment().get_template(name).render(lang=lang if lang in LANGUAGES else "zh", **values)


def front_page(lang: str, *, site: str) -> str:
    """Where a file is chosen.

    Args:
        site: the name under which the reader came, as the browser says it.
    """
    return _rendered("front.html", lang, site=site)


def result_page(report: Mapping[str, Any], drawing: Mapping[str, Any], token: str, lang: str) -> str:
    """The answer on a file.

    Args:
        drawing: see :func:`verify.drawing.draw`.
        token: gives the report back to be downloaded; "" when it cannot be.
    """
    return _rendered("result.html", lang, report=report, file=words.file_answer(report),
                     licence=words.licence_answer(report), sheets=sheets(report, drawing), count=drawing["count"],
                     token=token)


def refusal_page(refused: Refused, lang: str) -> str:
    """Why a request is refused."""
    return _rendered("refusal.html", lang, refusal=refused.refusal)

"""Lengths of time as an option takes them: 90m, 24h, 7d."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

import typer

__all__ = ["read_span"]

_SPAN: Final = re.compile(r"([1-9][0-9]{0,5})([mhd])", re.ASCII)
_UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def read_span(text: str, *, option: str = "--valid-for", most: timedelta = timedelta.max) -> timedelta:
    """Return the time that ``text`` says; a usage error that names the option where it says none, or too much."""
    read = _SPAN.fullmatch(text)
    if read is None:
        raise typer.BadParameter(f"时长应写作 90m、24h、7d：{text} / a span is written 90m, 24h or 7d: {text}",
                                 param_hint=option)
    span = int(read[1]) * _UNITS[read[2]]
    if span > most:
        raise typer.BadParameter(f"时长最多 {most.days} 天：{text} / a span of {most.days} days at most: {text}",
                                 param_hint=option)
    return span

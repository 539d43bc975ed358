"""Moments as an option takes them: a day, or a day and a time, of China unless a time zone is given."""

from __future__ import annotations

import datetime as dt

import typer

from codes.china_time import CHINA_TIME

__all__ = ["read_moment"]


def read_moment(text: str, *, option: str, example: str) -> dt.datetime:
    """Return the moment that ``text`` says; a usage error with the option and an example day where it says none."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} 不是 ISO 8601 时间，应写作 {example} 或 {example}T09:00 / "
                                 f"{text!r} is no ISO 8601 time, as {example} or {example}T09:00",
                                 param_hint=option) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=CHINA_TIME)

"""The command as a person calls it, in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.main import run

__all__ = ["Call", "caller"]

Call = Callable[..., tuple[int, str, str]]
"""Takes arguments; gives exit code, stdout and stderr."""


def caller(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], group: str) -> Call:
    """Return what runs ``zhengyin GROUP`` with no home or password of the environment; it never shows a traceback."""
    for variable in ("ZHENGYIN_HOME", "ZHENGYIN_PASSWORD", "ZHENGYIN_PASSWORD_FILE", "ZHENGYIN_ACTOR_PASSWORD",
                     "ZHENGYIN_ACTOR_PASSWORD_FILE"):
        monkeypatch.delenv(variable, raising=False)

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["zhengyin", group, *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            run()
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return int(end.value.code or 0), out, err

    return call

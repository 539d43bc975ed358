"""Kinds for the tests of the designer's tools: made new, then spoilt in one place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docgen.design.contained import Answer, Limits, run
from docgen.design.folder import open_folder
from docgen.design.scaffold import new_kind

CODE, NAME = "T1", "测试食品经营许可证"
QUICK = Limits(drawing_s=3, whole_s=20, memory_mb=1024, file_mb=32)
"""Limits for kinds that are to run into them."""


def made(folder: Path) -> Path:
    """A new kind, as the command makes it."""
    new_kind(CODE, name=NAME, out=folder)
    return folder / CODE


def change(path: Path, old: str, new: str) -> int:
    """Put ``new`` in the place of the first ``old``; returns the line in which it stood."""
    text = path.read_text(encoding="utf-8")
    assert old in text, old
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[:text.index(old)].count("\n") + 1


def data(kind: Path) -> dict[str, Any]:
    """What kind.json says."""
    loaded: dict[str, Any] = json.loads((kind / "kind.json").read_bytes())
    return loaded


def check(kind: Path, limits: Limits | None = None) -> Answer:
    """Check a kind in a child."""
    return run("check", open_folder(kind), limits=limits)


def codes(answer: Answer) -> list[str]:
    """The codes of the findings."""
    return [finding.code for finding in answer.findings]

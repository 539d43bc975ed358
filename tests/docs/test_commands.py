"""Every command that the documentation shows is run, in the order in which a reader meets it.

A fenced block marked ``sh`` is run line by line by bash in one folder for each page; the folder holds what a
checkout holds. ``make`` targets are only looked up, for `make test` would run this test. A block marked
``console``, ``text`` or with another language is not run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted([*ROOT.glob("README*.md"), *ROOT.glob("CONTRIBUTING.md"), *ROOT.glob("docs/**/*.md")])
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.S | re.M)
MAKE = re.compile(r"^make ([\w-]+)$")


def commands(page: Path) -> list[str]:
    """The shown commands of a page; a trailing backslash joins two lines."""
    text = "".join(BLOCK.findall(page.read_text(encoding="utf-8"))).replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page_do_what_it_says(page: Path, tmp_path: Path) -> None:
    for entry in ROOT.iterdir():
        if entry.name not in {"demo", ".git"}:
            (tmp_path / entry.name).symlink_to(entry)
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))
    script = []
    for command in commands(page):
        target = MAKE.match(command)
        if target:
            assert target[1] in targets, f"{page.name} names make {target[1]}, which does not exist"
            if target[1] == "demo":
                script.append(f"{sys.executable} -m cli.demo --folder demo")
        elif not command.startswith(("git clone", "cd ")):
            script.append(command)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ZHENGYIN_")}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(script)],
        cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600,
    )
    assert result.returncode == 0, f"{page.name}: {result.stdout[-2000:]}\n{result.stderr[-2000:]}"

"""Every command and every program that the documentation shows is run, in the order in which a reader meets them.

Fenced blocks marked ``sh`` are run line by line by bash, blocks marked ``python`` by Python, all of a page in one
folder that holds what a checkout holds. ``make`` targets are only looked up (`make test` would run this test), but for
`make demo`, which is run. Blocks marked ``console``, ``text`` or with another language are not run. docs/home.md has
a program that needs a CA: tests/certs/test_home_page.py gives it one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.support.ports import kept_port

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted(page for form in ("README*.md", "C*.md", "docs/**/*.md", "fonts/*.md") for page in ROOT.glob(form))
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.S | re.M)
MAKE = re.compile(r"^make ([\w-]+)$")
LINK = re.compile(r"\]\(([^)\s]+)\)")
DOCS = ROOT / "docs"
TWINS = [DOCS / "archive.zh.md", DOCS / "evidence.zh.md", DOCS / "home.zh.md", DOCS / "runbook.zh.md",
         DOCS / "seals.zh.md", DOCS / "verification-report.zh.md", DOCS / "tutorials" / "rotating-seals.zh.md"]
"""Pages whose commands are to the letter those of the English page, which are run."""
ELSEWHERE = {DOCS / "home.md": {"python"}, DOCS / "runbook.md": {"sh", "python"},
             **{page: {"sh", "python"} for page in TWINS}}
"""Page → languages of the blocks that another test runs."""


_LEAVE_NOTHING = "trap 'jobs -p | xargs -r kill' EXIT"      # what a page leaves running in the background


def blocks(page: Path) -> list[tuple[str, str]]:
    """Language and content of the blocks that are run."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [(language, text) for language, text in found if language not in ELSEWHERE.get(page, ())]


def commands(text: str) -> list[str]:
    """The lines of a block; a trailing backslash joins two of them."""
    lines = text.replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def script(page: Path, folder: Path) -> Iterator[str]:
    """The lines of a page as one script of bash; programs are written beside it."""
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))
    for number, (language, text) in enumerate(blocks(page)):
        if language == "python":
            program = folder / f"program-{number}.py"
            program.write_text(text, encoding="utf-8")
            yield f"{sys.executable} {program.name}"
            continue
        for command in commands(text):
            target = MAKE.match(command)
            if target:
                assert target[1] in targets, f"{page.name} names make {target[1]}, which does not exist"
                if target[1] == "demo":
                    yield f"{sys.executable} -m cli.demo --folder demo"
            elif not command.startswith(("git clone", "cd ")):
                yield command


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page_do_what_it_says(page: Path, tmp_path: Path) -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in {line.partition("/")[0] for line in listed.splitlines()}:     # nothing that a user has made beside it
        (tmp_path / name).symlink_to(ROOT / name)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ZHENGYIN_")}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    environment["SEALS"] = "4"                   # a page that makes a hundred asks the reader how many; here it is few
    with kept_port() as port:                    # others may serve on the one that the page names
        result = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join((_LEAVE_NOTHING, *script(page, tmp_path)))],
            cwd=tmp_path, env=environment | {"PORT": str(port)}, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=600)
    assert result.returncode == 0, f"{page.name}: {result.stdout[-2000:]}\n{result.stderr[-2000:]}"


@pytest.mark.parametrize("page", TWINS, ids=lambda page: page.name)
def test_a_page_shows_the_commands_of_its_english_twin(page: Path) -> None:
    here, there = (BLOCK.findall(each.read_text(encoding="utf-8"))
                   for each in (page, page.with_name(page.name.replace(".zh.md", ".md"))))
    assert here == there and here


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_inside_the_project_leads_somewhere(page: Path) -> None:
    targets = [unquote(target.partition("#")[0]) for target in LINK.findall(page.read_text(encoding="utf-8"))]
    broken = [target for target in targets if target and "://" not in target and not (page.parent / target).exists()]
    assert not broken

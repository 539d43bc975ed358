"""The drills of docs/runbook.md, each from the same beginning: its commands are run, and their outcome looked at."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from certs.home import Home
from registry.database import Registry
from registry.seals import list_cases
from tests.docs.test_commands import BLOCK, ROOT, commands
from tests.support.demo_home import CITY
from tests.support.seal_office import COUNTY
from verify import verify

PAGE = ROOT / "docs" / "runbook.md"
SECTION = re.compile(r"^## (\d)\. .*?(?=^## |\Z)", re.S | re.M)
SETTING = re.compile(r"(export )?[A-Z_]+=[\w.-]+")


def sections() -> dict[int, list[str]]:
    """Number of a section → its commands; a program is a command too."""
    found: dict[int, list[str]] = {}
    for section in SECTION.finditer(PAGE.read_text(encoding="utf-8")):
        lines: list[str] = []
        for language, text in BLOCK.findall(section[0]):
            lines += commands(text) if language == "sh" else [f"{sys.executable} - <<'END'\n{text}END"]
        found[int(section[1])] = lines
    return found


def run(lines: list[str], folder: Path) -> str:
    """Run commands as a reader would, and return all that they say; any that fails ends the drill."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ZHENGYIN_")}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(lines)], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)
    assert result.returncode == 0, result.stdout[-3000:]
    return result.stdout


@pytest.fixture(scope="module")
def monday(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything as it stands before anything happens."""
    folder = tmp_path_factory.mktemp("monday")
    (folder / "layouts").symlink_to(ROOT / "layouts")
    run(sections()[0], folder)
    return folder


@pytest.fixture
def drill(request: pytest.FixtureRequest, monday: Path, tmp_path: Path) -> tuple[Path, str]:
    """The folder after the drill whose number the test names, and what the commands said."""
    folder = tmp_path / "drill"
    shutil.copytree(monday, folder, symlinks=True)
    settings = [line for line in sections()[0] if SETTING.fullmatch(line)]
    return folder, run([*settings, *sections()[request.param]], folder)


def verdicts(folder: Path, trust: Path) -> set[str]:
    """What is said of the originals in a folder."""
    return {verify(path, trust=trust).verdict for path in folder.glob("*.ofd")}


def states(home: Path, code: str) -> list[str]:
    """The recorded states of an organisation's cases."""
    with Registry.open(home) as registry, registry.reading() as session:
        return [seal.state for seal in list_cases(session, at=registry.now(), organisation=code)]


def test_every_drill_of_the_page_is_run() -> None:
    assert list(sections()) == [0, 1, 2, 3, 4, 5]
    assert all(len(lines) > 5 for lines in sections().values())


@pytest.mark.parametrize("drill", [1], indirect=True)
@pytest.mark.req("R-003-17")
def test_a_lost_organisation_key(drill: tuple[Path, str]) -> None:
    folder, said = drill
    assert "refused: seal.lost" in said and "无法确定" in said and "seal.lost: " in said
    assert states(folder / "H", CITY[0]) == ["cancelled", "in-use"]
    assert verdicts(folder / "out", folder / "H" / "trust") == {"indeterminate"}
    assert verdicts(folder / "out-again", folder / "H" / "trust") == {"valid"}
    assert len(list((folder / "out-again").glob("*.ofd"))) == 2
    assert not (folder / "keys").exists()


@pytest.mark.parametrize("drill", [2], indirect=True)
def test_a_lost_seal_maker_key(drill: tuple[Path, str]) -> None:
    folder, said = drill
    assert "refused: seal.untrusted-maker or its certificate" in said
    assert states(folder / "H", CITY[0]) == ["cancelled", "in-use"]
    assert verdicts(folder / "out", folder / "H" / "trust") == {"indeterminate"}
    assert verdicts(folder / "out-again", folder / "H" / "trust") == {"valid"}
    authority = Home.open(folder / "H", environ={}).authority(*CITY)
    assert authority.seal.seal.certificate == (folder / "maker" / "seal-maker.cer").read_bytes()


@pytest.mark.parametrize("drill", [3], indirect=True)
def test_a_lost_root(drill: tuple[Path, str]) -> None:
    folder, said = drill
    assert "no way to a trusted root" in said
    assert verdicts(folder / "out", folder / "N" / "trust") == {"indeterminate"}
    assert verdicts(folder / "out-again", folder / "N" / "trust") == {"valid"}
    assert "indeterminate" in verdicts(folder / "out-again", folder / "H" / "trust")
    assert list((folder / "last-course").glob("registry-*.jsonl"))


@pytest.mark.parametrize("drill", [4], indirect=True)
@pytest.mark.req("R-003-17", "R-003-49")
def test_a_lost_home(drill: tuple[Path, str]) -> None:
    folder, said = drill
    assert not (folder / "H").exists()
    assert "differences: those acts are to be done again" in said and "0 differences" in said
    assert "refused: it was issued since the backup" in said and "issue.store-damaged: " in said
    assert states(folder / "R", COUNTY[0]) == ["lost"]
    assert verdicts(folder / "out-restored", folder / "R" / "trust") == {"valid"}
    assert verdicts(folder / "out", folder / "R" / "trust") == {"valid"}
    numbers = [int(number) for number in re.findall(r"已公示第 (\d+) 号", said)]
    assert numbers == sorted(set(numbers)) and len(numbers) == 2
    assert (folder / "tuesday.backup").stat().st_size > 100_000


@pytest.mark.parametrize("drill", [5], indirect=True)
def test_a_lost_ledger(drill: tuple[Path, str], monday: Path) -> None:
    folder, said = drill
    assert "refused: issue.store-damaged" in said and not (folder / "from-backup").exists()
    assert verdicts(folder / "out-again", folder / "H" / "trust") == {"valid"}
    (before,) = (monday / "out").glob("*.ofd")
    assert (folder / "out-again" / before.name).read_bytes() == before.read_bytes()

"""A demo home for tests: made once a process, its keys cheaply encrypted.

Use the fixture ``demo_home`` for reading and issuing, ``own_home`` for a copy that the test may change and that
has issued nothing yet. A test module imports them: ``from tests.support.demo_home import demo_home, own_home``.
"""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import layouts
from certs.home import Home
from certs.keystore import ScryptCost
from certs.seal_folder import seal_folders
from docgen.imprint import draw_imprint
from registry.demo import DEFAULT_AUTHORITIES, LOWER_LINE, DemoAuthority, make_demo

CHEAP = ScryptCost(n=16, r=1, p=1)
"""A cost of key encryption for tests alone."""
CITY = ("11140100MB9TEX0180", "测试市应急管理局")
PROVINCE = ("11140000MB9TEX018T", "测试省应急管理厅")
"""Code and name of the authorities that every demo home has."""
KINDS = layouts.kinds()


@functools.cache
def imprint(name: str, diameter_mm: int) -> bytes:
    """Draw a demo imprint, once a process for each name and size."""
    return draw_imprint(name, diameter_mm=diameter_mm, lower_line=LOWER_LINE)


def make_home(
    path: Path, *, now: datetime | None = None, authorities: Sequence[DemoAuthority] = DEFAULT_AUTHORITIES,
    kinds: Sequence[str] = KINDS, services: str = "",
) -> Home:
    """Make (or complete) a demo home at ``path`` and open it; ``now`` is the present by default."""
    make_demo(path, authorities, now=now or datetime.now(UTC), environ={}, draw=imprint, kinds=kinds,
              services=services, cost=CHEAP)
    return Home.open(path, environ={})


@functools.cache
def shared_home() -> Home:
    """Return the one demo home of this process; nobody changes it.

    It is two days old, for certificates begin at midnight: what a test dates an hour ago, or by the moment at which it
    was read in, lies after their begin at whatever time of the day it runs.
    """
    folder = Path(tempfile.mkdtemp(prefix="zhengyin-home-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return make_home(folder / "home", now=datetime.now(UTC) - timedelta(days=2))


def copied_home(path: Path) -> Home:
    """Copy the shared home to ``path``, without what it has issued, and open it."""
    shutil.copytree(shared_home().path, path, ignore=shutil.ignore_patterns("issued"))
    return Home.open(path, environ={})


def seal_folder(home: Path, code: str = CITY[0]) -> Path:
    """Return the folder of the authority's only seal."""
    (folder,) = seal_folders(home / "authorities" / code)
    return folder


@pytest.fixture(scope="session")
def demo_home() -> Home:
    """The demo home that all tests share: read it, or issue from it; change nothing else."""
    return shared_home()


@pytest.fixture
def own_home(tmp_path: Path) -> Home:
    """A copy of the demo home that the test may change."""
    return copied_home(tmp_path / "home")

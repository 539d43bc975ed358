"""The worked examples, issued once for all judges."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

import docgen
import layouts
from certs.home import Home
from tests.support.demo_home import demo_home, make_home

__all__ = ["demo_home"]


@dataclass(frozen=True)
class Example:
    """One issued worked example, on disk."""

    name: str
    ofd: Path
    pdf: Path
    home: Home


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Example]:
    """The two worked examples as ``docgen.issue`` gives them."""
    folder = tmp_path_factory.mktemp("examples")
    home = make_home(folder / "home")
    issued = {}
    for name in ("example-1", "example-2"):
        record = docgen.read_record(layouts.resource("K0", f"samples/{name}.json"))
        result = docgen.issue(record, home=home, out=folder / "out")
        issued[name] = Example(name, result.ofd_path, result.pdf_path, home)
    return issued


@pytest.fixture(scope="session", params=["example-1", "example-2"])
def example(request: pytest.FixtureRequest, examples: dict[str, Example]) -> Example:
    """Each worked example in turn."""
    return examples[request.param]

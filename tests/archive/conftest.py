"""An archive with two licences, made once; tests that change something take a copy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from archive.store import Archive
from tests.archive.offices import Office, copied, office


@dataclass
class Kept:
    """An office whose archive holds two licences."""

    office: Office
    packages: tuple[bytes, bytes]
    identifiers: tuple[str, str]

    def copy(self, path: Path) -> Office:
        """The office over a copy of its archive."""
        return replace(self.office, archive=Archive.open(copied(self.office.archive.path, path)))


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """The office and its archive; nobody changes them."""
    with office(tmp_path_factory.mktemp("archives")) as here:
        packages = here.issue(1), here.issue(2)
        made = here.put(*packages)
        yield Kept(here, packages, tuple(each.identifier for each in made))  # type: ignore[union-attr,arg-type]

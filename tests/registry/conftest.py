"""Fixtures of the tests of registry: homes with a registry, in SQLite and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgresql import Server
from tests.support.registry_home import RegistryHome, make_registry_home
from tests.support.seal_office import BACKENDS, Office


@pytest.fixture(params=["sqlite", "postgresql"])
def registry_url(request: pytest.FixtureRequest) -> str | None:
    """Where the registry is kept: None for SQLite in the home, else the URL of an empty PostgreSQL database."""
    if request.param == "sqlite":
        return None
    running: Server = request.getfixturevalue("postgresql")
    return running.new_database()


@pytest.fixture
def registry_home(tmp_path: Path, registry_url: str | None) -> Iterator[RegistryHome]:
    """A home with a registry, once in each database."""
    made = make_registry_home(tmp_path / "home", url=registry_url)
    yield made
    made.registry.close()


@pytest.fixture
def sqlite_home(tmp_path: Path) -> Iterator[RegistryHome]:
    """A home with a registry in SQLite."""
    made = make_registry_home(tmp_path / "home")
    yield made
    made.registry.close()


@pytest.fixture(params=BACKENDS)
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """An office in each database."""
    office = Office.of(request, tmp_path)
    yield office
    office.registry.close()

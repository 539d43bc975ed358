"""A PostgreSQL registry belongs to one home."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from certs.files import FileError
from registry.actors import create_registry
from registry.database import Registry
from registry.errors import RegistryError
from tests.support.postgresql import Server
from tests.support.registry_home import NOW, make_registry_home


@pytest.fixture
def url(postgresql: Server) -> str:
    """An empty database."""
    return postgresql.new_database()


def code_of(path: Path, url: str) -> str:
    """Why a home may not use a database."""
    with pytest.raises(RegistryError) as refusal:
        Registry.open(path, url=url)
    assert refusal.value.zh and refusal.value.en
    return refusal.value.code.value


def test_a_second_home_is_refused_and_changes_nothing(tmp_path: Path, url: str) -> None:
    first, second = make_registry_home(tmp_path / "first", url=url), make_registry_home(tmp_path / "second")
    assert code_of(second.path, url) == "registry.other-home"
    with pytest.raises(RegistryError, match=r"registry\.exists"):
        create_registry(second.path, administrator=second.administrator.certificate, now=NOW, url=url)
    assert code_of(second.path, url) == "registry.other-home"
    first.registry.close()
    first.reopen().close()
    second.registry.close()


def test_a_home_that_takes_the_place_of_another_takes_its_id(tmp_path: Path, url: str) -> None:
    first, second = make_registry_home(tmp_path / "first", url=url), make_registry_home(tmp_path / "second")
    first.registry.close()
    shutil.copy(first.path / "registry.id", second.path / "registry.id")
    Registry.open(second.path, url=url).close()
    (first.path / "registry.id").unlink()
    assert code_of(first.path, url) == "registry.other-home"
    (first.path / "registry.id").write_text("no id")
    assert code_of(first.path, url) == "registry.damaged"
    second.registry.close()


def test_a_registry_in_the_homes_own_file_goes_where_the_file_goes(tmp_path: Path) -> None:
    made = make_registry_home(tmp_path / "home")
    (made.path / "registry.id").unlink()
    made.reopen().close()
    made.registry.close()


def test_an_id_that_cannot_be_written_makes_no_registry(tmp_path: Path, url: str) -> None:
    made = make_registry_home(tmp_path / "home")
    (made.path / "registry.id").unlink()
    (made.path / "registry.id").mkdir()
    with pytest.raises(FileError):
        create_registry(made.path, administrator=made.administrator.certificate, now=NOW, url=url)
    (made.path / "registry.id").rmdir()
    create_registry(made.path, administrator=made.administrator.certificate, now=NOW, url=url).close()
    made.registry.close()

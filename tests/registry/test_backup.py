"""Backups of homes with a registry: every row and file comes back, into either database, and the office goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

import docgen
import layouts
from certs.audit import Head, is_sound, read_entry
from certs.backup import restore_files, write_backup
from certs.backup_file import BackupError
from certs.config import Config, Password, load_config, store_config
from certs.home import Home
from certs.seal_folder import seal_uses
from registry import backup as registry_backup
from registry.backup import backup_home, rejoin, restore_home
from registry.database import Registry
from registry.errors import RegistryError
from registry.tables import Audit, Seal
from tests.support.demo_home import CHEAP, own_home
from tests.support.postgresql import Server
from tests.support.seal_office import BACKENDS, BUREAU_CODE, COUNTY, START, Office, make_home
from verify import verify

__all__ = ["own_home"]

PASSWORD = Password(b"correct horse battery")
RULES = {"rules": "用章制度".encode()}


def back_up(home: Path, out: Path, *, now: datetime = START) -> None:
    backup_home(home, out, password=PASSWORD, now=now, cost=CHEAP)


def restore(file: Path, home: Path, *, url: str = "", now: datetime = START) -> Path:
    rejoin(home, restore_home(file, home, password=PASSWORD, url=url), now=now)
    return home


@pytest.fixture(params=BACKENDS)
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """An office whose home says where its registry is."""
    url = request.getfixturevalue("postgresql").new_database() if request.param == "postgresql" else ""
    home = make_home(tmp_path / "home")
    store_config(home, Config(name="测试", registry=url))
    office = Office.found(home, url=url or None)
    yield office
    office.registry.close()


@pytest.fixture(params=BACKENDS)
def target(request: pytest.FixtureRequest) -> str:
    """Where the registry is restored to: "" for the file in the home, else an empty PostgreSQL database."""
    return request.getfixturevalue("postgresql").new_database() if request.param == "postgresql" else ""


def rows_and_log(office: Office) -> tuple[dict[str, list[str]], list[str]]:
    """Rows by table, but for what the registry says of itself, and the events of the log."""
    rows, _ = office.snapshot()
    del rows["meta"]
    return rows, [event for event, _ in office.log()]


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def sound(registry: Registry) -> bool:
    """Whether the audit log of a registry hangs together from its first entry on."""
    with registry.reading() as session:
        columns = (Audit.number, Audit.at, Audit.event, Audit.facts, Audit.previous, Audit.digest)
        rows = session.execute(select(*columns).order_by(Audit.number))
        entries = [read_entry(registry.log, tuple(row)) for row in rows]
    heads: list[Head | None] = [None, *(Head(entry.log, entry.number, entry.digest) for entry in entries)]
    return all(is_sound(entry) and entry.number == number and (before is None or entry.previous == before.digest)
               for number, (entry, before) in enumerate(zip(entries, heads, strict=False), 1))


def test_a_registry_comes_back_into_either_database_and_goes_on(office: Office, target: str, tmp_path: Path) -> None:
    case = office.in_use()
    office.in_use(business="验证专用章")
    rows, events = rows_and_log(office)
    back_up(office.home, tmp_path / "a.backup")
    assert [event for event, _ in office.log()] == [*events, "home.backed-up"]
    home = restore(tmp_path / "a.backup", tmp_path / "new", url=target)
    assert load_config(home).registry == target
    assert (home / "registry.sqlite3").exists() is (target == "")
    again = Office.open(home)
    assert rows_and_log(again) == (rows, [*events, "home.restored"])
    assert (again.registry.id, again.registry.log) == (office.registry.id, office.registry.log)
    assert tree(home / "authorities") == tree(office.home / "authorities")
    assert again.act("保管人", "suspend", case, {"reason": "搬迁"}).state == "suspended"
    again.appoint(again.signer("路人").certificate, BUREAU_CODE, "maker")
    assert office.row(case).state == "in-use"                   # the old one is another registry now
    assert sound(again.registry) and sound(office.registry)
    again.registry.close()


def test_a_database_that_is_not_empty_is_left_alone(
    office: Office, postgresql: Server, tmp_path: Path,
) -> None:
    url = postgresql.new_database()
    other = Office.found(make_home(tmp_path / "other"), url=url)
    before = rows_and_log(other)
    back_up(office.home, tmp_path / "a.backup")
    with pytest.raises(RegistryError) as refused:
        restore_home(tmp_path / "a.backup", tmp_path / "new", password=PASSWORD, url=url)
    assert refused.value.code.value == "registry.exists"
    assert not (tmp_path / "new").exists() and rows_and_log(other) == before
    other.registry.close()


def test_a_restored_home_is_another_home_than_the_one_that_lives_on(postgresql: Server, tmp_path: Path) -> None:
    url = postgresql.new_database()
    home = make_home(tmp_path / "home")
    store_config(home, Config(name="测试", registry=url))
    Office.found(home, url=url).registry.close()
    back_up(home, tmp_path / "a.backup")
    new = restore(tmp_path / "a.backup", tmp_path / "new", url=postgresql.new_database())
    assert (new / "registry.id").read_text() != (home / "registry.id").read_text()
    store_config(new, Config(name="测试", registry=url))
    with pytest.raises(RegistryError) as refused:
        Registry.open(new)
    assert refused.value.code.value == "registry.other-home"
    Registry.open(home).close()


@pytest.mark.parametrize("url", ["postgresql://x:secret@localhost/x", "mysql://localhost/x"])
def test_a_bad_url_leaves_no_home(tmp_path: Path, url: str) -> None:
    home = make_home(tmp_path / "home")
    Office.found(home).registry.close()
    back_up(home, tmp_path / "a.backup")
    with pytest.raises(RegistryError) as refused:
        restore_home(tmp_path / "a.backup", tmp_path / "new", password=PASSWORD, url=url)
    assert "secret" not in str(refused.value) and not (tmp_path / "new").exists()


def test_a_home_without_a_registry_comes_back_too(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    back_up(home, tmp_path / "a.backup")
    new = restore(tmp_path / "a.backup", tmp_path / "new")
    assert not (new / "registry.sqlite3").exists() and (new / "chain" / "sm2-root.cer").is_file()


def test_a_registry_that_cannot_be_reached_is_no_backup(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    store_config(home, Config(name="测试", registry="postgresql://nobody@127.0.0.1:1/none?connect_timeout=1"))
    with pytest.raises(RegistryError) as refused:
        back_up(home, tmp_path / "a.backup")
    assert refused.value.code.value == "registry.unavailable"
    assert not (tmp_path / "a.backup").exists() and not list(home.glob(".backup.tmp-*"))


def _snapshots_after(act: Callable[[], object], home: Path) -> Callable[[Path], dict[str, Path]]:
    """Copy the registry after an act that came in between files and databases."""
    def snapshots(folder: Path) -> dict[str, Path]:
        act()
        registry_backup._copy_registry(home, folder / "registry.sqlite3")
        return {"registry.sqlite3": folder / "registry.sqlite3"}
    return snapshots


@pytest.mark.req("R-003-17")
def test_an_act_in_the_midst_of_a_backup_stands_in_the_restored_home(office: Office, tmp_path: Path) -> None:
    lost, fresh = office.in_use(), office.made(business="验证专用章")

    def acts() -> None:
        office.act("保管人", "report-lost", lost, {"reason": "失控"})
        office.act("保管人", "activate", fresh, {}, RULES)

    write_backup(office.home, tmp_path / "a.backup", password=PASSWORD, now=START, cost=CHEAP,
                 snapshots=_snapshots_after(acts, office.home))
    manifest = restore_files(
        tmp_path / "a.backup", tmp_path / "new", password=PASSWORD,
        finish=lambda folder: store_config(folder, replace(load_config(folder), registry="")))
    seal_id = office.row(lost).seal_id
    assert seal_id is not None
    assert seal_uses(tmp_path / "new", COUNTY[0])[seal_id].state == "in-use"      # as the files were copied
    rejoin(tmp_path / "new", manifest, now=START)
    assert seal_uses(tmp_path / "new", COUNTY[0])[seal_id].state == "lost"
    with Registry.open(tmp_path / "new") as registry, registry.reading() as session:
        assert {seal.case: seal.state for seal in session.scalars(select(Seal))} == {lost: "lost", fresh: "in-use"}


def test_the_seal_maker_of_a_restored_home_makes_seals(tmp_path: Path) -> None:
    office = Office.found(make_home(tmp_path / "home"))
    case = office.reviewed()
    back_up(office.home, tmp_path / "a.backup")
    again = Office.open(restore(tmp_path / "a.backup", tmp_path / "new"))
    again.act("制章员", "make", case, {}, {"seal": again.prepare(case).der})
    assert again.row(case).state == "made"
    again.registry.close()
    office.registry.close()


def test_a_restored_home_issues_and_its_licences_are_genuine(own_home: Home, tmp_path: Path) -> None:
    records = [docgen.read_record(layouts.resource("K0", f"samples/example-{number}.json")) for number in (1, 2)]
    first = docgen.issue(records[0], home=own_home, out=tmp_path / "before")
    back_up(own_home.path, tmp_path / "a.backup", now=datetime.now(UTC))
    restore(tmp_path / "a.backup", tmp_path / "new", now=datetime.now(UTC))
    restored = Home.open(tmp_path / "new", environ={})
    repeated = docgen.issue(records[0], home=restored, out=tmp_path / "again")
    assert repeated.repeated and repeated.ofd == first.ofd
    second = docgen.issue(records[1], home=restored, out=tmp_path / "after")
    for path in (repeated.ofd_path, second.ofd_path, second.pdf_path):
        report = verify(path, trust=restored.trust_dir)
        assert report.verdict == "valid", report.to_text()
    assert verify(second.ofd_path, trust=own_home.trust_dir).verdict == "valid"


def test_a_wrong_password_restores_nothing(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    back_up(home, tmp_path / "a.backup")
    with pytest.raises(BackupError) as refused:
        restore_home(tmp_path / "a.backup", tmp_path / "new", password=Password(b"another password"))
    assert refused.value.code.value == "backup.wrong-password"
    assert not (tmp_path / "new").exists()

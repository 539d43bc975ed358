"""The registry's database: making, opening, one writer, the log in every transaction, and what a bad day does."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import signal
import sqlite3
import stat
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config as Settings
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select, text

from certs.audit import genesis, is_sound, read_entry
from certs.config import Config, HomeError, load_config, store_config
from registry.actors import create_registry
from registry.database import FILE, Registry
from registry.errors import RegistryCode, RegistryError
from registry.migrations import HEAD, KNOWN
from registry.tables import Audit, Base, Meta, Organisation
from tests.support.limits import disk_of
from tests.support.registry_home import NOW, RegistryHome, make_registry_home

FORK = multiprocessing.get_context("fork")


def code_of(call: Callable[[], object]) -> str:
    """The code of the refusal that the call raises."""
    with pytest.raises(RegistryError) as caught:
        call()
    return str(caught.value.code)


def log_of(registry: Registry) -> list[tuple[int, str]]:
    """Number and event of every entry, after checking each link of the chain."""
    with registry.reading() as session:
        columns = (Audit.number, Audit.at, Audit.event, Audit.facts, Audit.previous, Audit.digest)
        rows = session.execute(select(*columns).order_by(Audit.number)).all()
    previous = genesis(registry.log)
    for number, row in enumerate(rows, 1):
        entry = read_entry(registry.log, row)
        assert is_sound(entry)
        assert (entry.number, entry.previous) == (number, previous)
        previous = entry.digest
    return [(row.number, row.event) for row in rows]


def names_of(registry: Registry) -> set[str]:
    """The organisations in the registry."""
    with registry.reading() as session:
        return set(session.scalars(select(Organisation.name)))


def add(registry: Registry, name: str) -> None:
    """Write an organisation and an entry in one transaction."""
    with registry.transaction() as t:
        t.session.add(Organisation(code=name, name=name))
        t.session.flush()
        t.log("test.added", name=name)


def test_a_new_registry_knows_its_name_and_begins_its_log(registry_home: RegistryHome) -> None:
    registry = registry_home.registry
    assert re.fullmatch(r"[0-9a-f]{12}", registry.id)
    assert registry.log == f"registry-{registry.id}"
    assert log_of(registry) == [(1, "registry.created"), (2, "actor.first-administrator")]
    with registry_home.reopen() as again:
        assert (again.id, again.log) == (registry.id, registry.log)


def test_the_migrations_make_what_the_tables_say(registry_home: RegistryHome) -> None:
    with registry_home.registry.reading() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_program_knows_every_migration() -> None:
    settings = Settings()
    settings.set_main_option("script_location", "registry:migrations")
    scripts = ScriptDirectory.from_config(settings)
    assert scripts.get_heads() == [HEAD]
    assert [one.revision for one in scripts.walk_revisions()] == list(reversed(KNOWN))


def test_a_registry_is_made_once(registry_home: RegistryHome) -> None:
    before = log_of(registry_home.registry)
    assert code_of(lambda: create_registry(
        registry_home.path, administrator=registry_home.administrator.certificate, now=NOW)) == RegistryCode.EXISTS
    assert log_of(registry_home.registry) == before


def test_a_registry_that_is_not_there_is_not_made_by_opening(tmp_path: Path, registry_url: str | None) -> None:
    store_config(tmp_path, Config(name="x", registry=registry_url or ""))
    assert code_of(lambda: Registry.open(tmp_path)) == RegistryCode.MISSING
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("content", [b"", b"x" * 8192, b"SQLite format 3\0" + bytes(100)])
def test_a_file_that_is_no_registry_is_refused(sqlite_home: RegistryHome, content: bytes) -> None:
    sqlite_home.registry.close()
    path = sqlite_home.path / FILE
    path.write_bytes(content)
    for more in ("-wal", "-shm"):
        path.with_name(FILE + more).unlink(missing_ok=True)
    assert code_of(lambda: Registry.open(sqlite_home.path)) in (RegistryCode.MISSING, RegistryCode.DAMAGED)
    assert path.read_bytes() == content


def test_a_registry_that_has_lost_its_name_is_refused(registry_home: RegistryHome) -> None:
    with registry_home.registry.transaction() as t:
        t.session.execute(text("DELETE FROM meta"))
    assert code_of(registry_home.reopen) == RegistryCode.DAMAGED


def test_a_registry_of_a_newer_program_is_left_alone(registry_home: RegistryHome) -> None:
    with registry_home.registry.transaction() as t:
        t.session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert code_of(registry_home.reopen) == RegistryCode.NEWER


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_file_is_its_owners_alone(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        home = make_registry_home(tmp_path / "home")
        add(home.registry, "甲")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.path.glob(FILE + "*")}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys((FILE, f"{FILE}-wal", f"{FILE}-shm"), 0o600)
    home.registry.close()


def test_a_file_that_others_may_read_is_refused(sqlite_home: RegistryHome) -> None:
    (sqlite_home.path / FILE).chmod(0o640)
    assert code_of(sqlite_home.reopen) == RegistryCode.PERMISSIONS


def test_a_transaction_is_kept_whole_or_not_at_all(registry_home: RegistryHome) -> None:
    registry = registry_home.registry
    add(registry, "甲")
    with pytest.raises(KeyError), registry.transaction() as t:
        t.session.add(Organisation(code="乙", name="乙"))
        t.log("test.added", name="乙")
        raise KeyError
    assert names_of(registry) == {"甲"}
    assert log_of(registry)[2:] == [(3, "test.added")]
    add(registry, "丙")
    assert log_of(registry)[2:] == [(3, "test.added"), (4, "test.added")]


def test_a_reader_sees_one_state_and_writes_nothing(registry_home: RegistryHome) -> None:
    registry = registry_home.registry
    with registry.reading() as session:
        assert session.scalar(select(func.count()).select_from(Organisation)) == 0
        add(registry, "甲")
        assert session.scalar(select(func.count()).select_from(Organisation)) == 0
    with pytest.raises(RegistryError), registry.reading() as session:
        session.add(Organisation(code="乙", name="乙"))
        session.commit()
    assert names_of(registry) == {"甲"}


def test_a_transaction_inside_another_is_a_fault_of_the_program(registry_home: RegistryHome) -> None:
    with registry_home.registry.transaction(), pytest.raises(RuntimeError, match="still open"):
        add(registry_home.registry, "甲")
    add(registry_home.registry, "乙")
    assert names_of(registry_home.registry) == {"乙"}


@pytest.mark.parametrize("statement", [
    "DELETE FROM audit", "UPDATE audit SET event = 'x' WHERE number = 1",
    "INSERT INTO audit SELECT 3, at, event, facts, previous, digest FROM audit WHERE number = 1",
    "INSERT INTO audit SELECT 9, at, event, facts, digest, digest FROM audit WHERE number = 2",
])
@pytest.mark.req("R-003-49")
def test_nothing_changes_the_audit_log(registry_home: RegistryHome, statement: str) -> None:
    def change() -> None:
        with registry_home.registry.transaction() as t:
            t.session.execute(text(statement))

    before = log_of(registry_home.registry)
    assert code_of(change) in (RegistryCode.CONFLICT, RegistryCode.UNAVAILABLE)
    assert log_of(registry_home.registry) == before


def test_postgresql_does_not_empty_the_audit_log(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    home = make_registry_home(tmp_path / "home", url=request.getfixturevalue("postgresql").new_database())

    def empty() -> None:
        with home.registry.transaction() as t:
            t.session.execute(text("TRUNCATE audit"))

    assert code_of(empty) == RegistryCode.UNAVAILABLE
    assert len(log_of(home.registry)) == 2
    home.registry.close()


def test_writers_in_threads_wait_for_each_other(registry_home: RegistryHome) -> None:
    def write(worker: int) -> None:
        for number in range(5):
            add(registry_home.registry, f"{worker}-{number}")

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names_of(registry_home.registry) == {f"{worker}-{number}" for worker in range(6) for number in range(5)}
    assert len(log_of(registry_home.registry)) == 32


def test_writers_in_processes_wait_for_each_other(registry_home: RegistryHome) -> None:
    """Forked children go on with the parent's registry, by connections of their own."""
    add(registry_home.registry, "parent")                       # so that there is a connection to inherit

    def write(worker: int) -> None:
        for number in range(5):
            add(registry_home.registry, f"{worker}-{number}")

    children = [FORK.Process(target=write, args=(worker,)) for worker in range(4)]
    for child in children:
        child.start()
    write(9)
    for child in children:
        child.join(120)
        assert child.exitcode == 0
    add(registry_home.registry, "again")
    assert len(names_of(registry_home.registry)) == 27
    assert len(log_of(registry_home.registry)) == 29


def test_two_makers_of_a_registry_make_one(tmp_path: Path, registry_url: str | None) -> None:
    home = make_registry_home(tmp_path / "home")                 # for its certificates
    (tmp_path / "home" / FILE).unlink()
    url = registry_url or None
    results = FORK.Queue()

    def make() -> None:
        try:
            create_registry(home.path, administrator=home.administrator.certificate, now=NOW, url=url).close()
            results.put("made")
        except RegistryError as error:
            results.put(str(error.code))

    children = [FORK.Process(target=make) for _ in range(4)]
    for child in children:
        child.start()
    assert sorted(results.get(timeout=120) for _ in children) == ["made", *["registry.exists"] * 3]
    for child in children:
        child.join()
    with Registry.open(home.path, url=url, clock=home.clock) as registry:
        assert len(log_of(registry)) == 2


def test_a_clock_that_goes_back_stops_everything_but_reading(registry_home: RegistryHome) -> None:
    registry, clock = registry_home.registry, registry_home.clock
    add(registry, "甲")
    clock.forward(timedelta(minutes=-5))
    add(registry, "乙")                                          # clocks differ by a little
    clock.forward(timedelta(seconds=-1))
    assert code_of(lambda: add(registry, "丙")) == RegistryCode.CLOCK_BACKWARDS
    assert names_of(registry) == {"甲", "乙"}
    with registry.reading() as session:
        moments = session.scalars(select(Audit.at).order_by(Audit.number)).all()
    assert list(moments) == sorted(moments)
    clock.forward(timedelta(days=1))
    add(registry, "丙")


def test_a_transactions_moment_is_in_milliseconds_and_utc(registry_home: RegistryHome) -> None:
    registry_home.clock.now = datetime(2026, 4, 1, 8, 0, 0, 123456, tzinfo=UTC)
    with registry_home.registry.transaction() as t:
        assert t.now == datetime(2026, 4, 1, 8, 0, 0, 123000, tzinfo=UTC)


def test_a_full_disk_changes_nothing_and_says_so(sqlite_home: RegistryHome) -> None:
    registry = sqlite_home.registry
    add(registry, "甲")

    def fill() -> None:
        with registry.transaction() as t:
            t.session.add(Meta(key="much", value="x" * 4_000_000))

    size = max(path.stat().st_size for path in sqlite_home.path.glob(FILE + "*"))
    with disk_of(size + 100_000):
        code = code_of(fill)
    assert code in (RegistryCode.NO_SPACE, RegistryCode.UNAVAILABLE)
    add(registry, "乙")
    assert names_of(registry) == {"甲", "乙"}
    assert len(log_of(registry)) == 4


def test_a_database_without_space_is_named_so(sqlite_home: RegistryHome) -> None:
    """SQLite's own limit of pages is what a full disk looks like to it (SQLITE_FULL)."""
    with pytest.raises(RegistryError) as caught, sqlite_home.registry.transaction() as t:
        t.session.execute(text("PRAGMA max_page_count = 1"))
        t.session.add(Meta(key="much", value="x" * 4_000_000))
        t.session.flush()
    assert caught.value.code is RegistryCode.NO_SPACE
    assert "清理空间" in caught.value.zh and "free space" in caught.value.en


def test_a_database_that_cannot_hold_every_name_is_refused(
    tmp_path: Path, request: pytest.FixtureRequest,
) -> None:
    running = request.getfixturevalue("postgresql")
    with psycopg.connect(running.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    home = make_registry_home(tmp_path / "home")
    assert code_of(lambda: create_registry(
        home.path, administrator=home.administrator.certificate, now=NOW, url=running.url("latin"),
    )) == RegistryCode.ENCODING
    home.registry.close()


def test_a_registry_held_by_another_is_busy_at_last(
    sqlite_home: RegistryHome, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("registry.engines.BUSY_SECONDS", 0.2)
    holder = sqlite3.connect(sqlite_home.path / FILE, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with sqlite_home.reopen() as second:
        assert code_of(lambda: add(second, "甲")) == RegistryCode.BUSY
        holder.execute("ROLLBACK")
        add(second, "甲")
    assert names_of(sqlite_home.registry) == {"甲"}


def test_a_registry_held_by_another_is_busy_at_last_in_postgresql(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = make_registry_home(tmp_path / "home", url=request.getfixturevalue("postgresql").new_database())
    monkeypatch.setattr("registry.engines.BUSY_SECONDS", 1)
    with home.reopen() as second:
        with home.registry.transaction() as t:
            t.session.add(Organisation(code="甲", name="甲"))
            t.session.flush()
            assert code_of(lambda: add(second, "乙")) == RegistryCode.BUSY
            t.log("test.added", name="甲")
        add(second, "乙")
    assert names_of(home.registry) == {"甲", "乙"}
    home.registry.close()


POINTS = ("begun", "written", "logged", "committing")


def _until(registry: Registry, point: str) -> None:
    """Run a transaction and stop at a point for good."""
    def stop(at: str) -> None:
        if at == point:
            os.kill(os.getpid(), signal.SIGKILL)

    with registry.transaction() as t:
        stop("begun")
        t.session.add(Organisation(code="乙", name="乙"))
        t.session.flush()
        stop("written")
        t.log("test.added", name="乙")
        stop("logged")
        t.session.flush()
        stop("committing")


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_inside_a_transaction_leaves_the_old_state(registry_home: RegistryHome, point: str) -> None:
    add(registry_home.registry, "甲")
    child = FORK.Process(target=_until, args=(registry_home.registry, point))
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    with registry_home.reopen() as again:
        assert names_of(again) == {"甲"}
        add(again, "丙")
        assert len(log_of(again)) == 4


def _write_on(registry: Registry, told: Connection) -> None:
    for number in range(10_000):
        add(registry, f"{number:05d}")
        told.send(number)


@pytest.mark.parametrize("seconds", [0.1, 0.35, 0.8])
def test_a_kill_at_any_moment_keeps_what_was_told_and_nothing_by_halves(
    registry_home: RegistryHome, seconds: float,
) -> None:
    told, telling = FORK.Pipe(duplex=False)
    child = FORK.Process(target=_write_on, args=(registry_home.registry, telling))
    child.start()
    telling.close()
    assert told.poll(60)
    last = told.recv()
    time.sleep(seconds)
    os.kill(child.pid or 0, signal.SIGKILL)
    child.join(60)
    with contextlib.suppress(EOFError):
        while True:
            last = told.recv()
    with registry_home.reopen() as again:
        names = names_of(again)
        assert names == {f"{number:05d}" for number in range(len(names))}
        assert len(names) in (last + 1, last + 2)                # one more may be there that it could not tell any more
        assert len(log_of(again)) == len(names) + 2


def _make_until(home: RegistryHome, statement: str) -> None:
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    @event.listens_for(Engine, "before_cursor_execute")
    def _stop(_connection: Any, _cursor: Any, sql: str, *_more: Any) -> None:
        if sql.lstrip().startswith(statement):
            os.kill(os.getpid(), signal.SIGKILL)

    create_registry(home.path, administrator=home.administrator.certificate, now=NOW, url=home.url)


@pytest.mark.parametrize("statement", [
    "CREATE TABLE meta", "CREATE TABLE act", "CREATE INDEX", "CREATE TRIGGER", "UPDATE alembic_version",
    "INSERT INTO alembic_version", "INSERT INTO meta", "INSERT INTO actor", "INSERT INTO audit",
])
def test_a_kill_while_it_is_made_leaves_nothing_and_making_can_be_repeated(
    tmp_path: Path, registry_url: str | None, statement: str,
) -> None:
    home = make_registry_home(tmp_path / "home")
    home.registry.close()
    (home.path / FILE).unlink()
    home.url = registry_url
    child = FORK.Process(target=_make_until, args=(home, statement))
    child.start()
    child.join(60)
    assert child.exitcode in (-signal.SIGKILL, 0)
    if child.exitcode:                                           # 0: this database takes no such step
        assert code_of(home.reopen) == RegistryCode.MISSING
        create_registry(home.path, administrator=home.administrator.certificate, now=NOW, url=home.url).close()
    with home.reopen() as again:
        assert len(log_of(again)) == 2


SECRET = "hunter2-geheim"  # noqa: S105


@pytest.mark.parametrize(("url", "code"), [
    (f"postgresql://u:{SECRET}@localhost/x", RegistryCode.PASSWORD_IN_URL),
    (f"postgresql+psycopg://u:{SECRET}@localhost/x", RegistryCode.PASSWORD_IN_URL),
    (f"postgresql://u@localhost/x?password={SECRET}", RegistryCode.PASSWORD_IN_URL),
    (f"mysql://u:{SECRET}@localhost/x", RegistryCode.PASSWORD_IN_URL),
    ("sqlite:///other.sqlite3", RegistryCode.BAD_URL),
    ("postgresql+asyncpg://u@localhost/x", RegistryCode.BAD_URL),
    (f"{SECRET} no url", RegistryCode.BAD_URL),
    ("postgresql://u@127.0.0.1:1/x", RegistryCode.UNAVAILABLE),
    ("postgresql://u@/x?host=/nowhere", RegistryCode.UNAVAILABLE),
])
def test_a_url_that_cannot_be_used_is_refused_and_shows_no_password(
    tmp_path: Path, url: str, code: RegistryCode, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGPASSWORD", SECRET)
    with pytest.raises(RegistryError) as caught:
        Registry.open(tmp_path, url=url)
    error: BaseException | None = caught.value
    assert caught.value.code is code
    while error is not None:                                     # whatever a log would show of its causes
        assert SECRET not in f"{error!r} {error}" and SECRET not in str(getattr(error, "facts", ""))
        error = error.__cause__ if error.__suppress_context__ else error.__context__


def test_a_violated_rule_shows_none_of_the_values(registry_home: RegistryHome) -> None:
    add(registry_home.registry, "测试人甲")
    with pytest.raises(RegistryError) as caught:
        add(registry_home.registry, "测试人甲")
    assert caught.value.code is RegistryCode.CONFLICT
    assert "测试人甲" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_the_settings_say_where_the_registry_is(tmp_path: Path) -> None:
    store_config(tmp_path, Config(name="x", registry="postgresql://u@db/zhengyin", seal_ca=("AB" * 32,)))
    config = load_config(tmp_path)
    assert config.registry == "postgresql://u@db/zhengyin"
    assert config.seal_ca == ("ab" * 32,)
    (tmp_path / "config.toml").write_text('name = "x"\nregistry = 5\n')
    with pytest.raises(HomeError):
        load_config(tmp_path)

"""What a home remembers of its counts: restored ones, ones that went on otherwise and unknown ones are refused."""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from certs.config import load_config, store_config
from certs.remote_line import Address
from certs.remote_wire import RemoteError
from certs.sm3 import sm3
from signer.counts import Counts, Use
from signer.mark import Mark, Remembered
from tests.signer.processes import ask, running, signer_home, wait_until
from tests.support.command import Call, caller
from tests.support.postgresql import Server

LIMIT = 20


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    return caller(monkeypatch, capfd, "signer")


@dataclass
class Database:
    """Counts in PostgreSQL, which can be saved and put back as an administrator does."""

    url: str
    administrator: str

    def _all(self, statement: str) -> None:
        schema = self.url.rpartition("%3D")[2]
        with psycopg.connect(self.administrator) as connection:
            connection.execute("SET session_replication_role = replica")   # the guard of the log does not fire
            for (table,) in connection.execute(
                    "SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename LIKE 'signer%%'", (schema,),
            ).fetchall():
                connection.execute(statement.format(table=f"{schema}.{table}", copy=f"{schema}.saved_{table}").encode())

    def save(self) -> None:
        self._all("CREATE TABLE {copy} AS TABLE {table}")

    def restore(self) -> None:
        self._all("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM {copy}")


@pytest.fixture
def database(postgresql: Server) -> Database:
    return Database(postgresql.new_database(), postgresql.url("postgres"))


@pytest.fixture
def homes(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders without anything."""
    made = tmp_path / "first", tmp_path / "second"
    for path in made:
        path.mkdir()
    return made


def use(number: int) -> Use:
    return Use(approval="A-1", role="sealing", key="U/S/sealing", message=sm3(b"%d" % number), client="issuing",
               limits={}, at=datetime.now(UTC))


def count(counts: Counts, *numbers: int) -> None:
    for number in numbers:
        counts.count(use(number), lambda used: None if used.get("A-1", 0) < LIMIT else pytest.fail("too many"))


def refused(home: Path, url: str = "", reason: str = "") -> None:
    with pytest.raises(RemoteError, match=r"signer\.state") as error:
        Counts(home, url)
    assert reason in error.value.en


def test_a_signer_that_was_idle_does_not_go_on_with_a_restored_database(
    homes: tuple[Path, Path], database: Database,
) -> None:
    busy, idle = (Counts(home, database.url) for home in homes)
    count(idle, *range(5))
    count(busy, *range(5, 10))
    database.save()
    count(busy, *range(10, LIMIT))
    idle.keep()                                                            # as it does every few seconds
    assert (homes[0] / "signer.id").read_bytes() == (homes[1] / "signer.id").read_bytes()
    database.restore()
    for counts in (busy, idle):
        for act in (counts.keep, lambda counts=counts: count(counts, 100)):  # type: ignore[misc]
            with pytest.raises(RemoteError, match=r"signer\.state"):
                act()
        counts.close()
    for home in homes:
        refused(home, database.url, "10 entries of 20")


def test_a_database_that_went_on_otherwise_to_the_same_length_is_refused_until_it_is_accepted(
    homes: tuple[Path, Path], database: Database,
) -> None:
    one, other = (Counts(home, database.url) for home in homes)
    count(one, 0)
    database.save()
    count(one, 1, 2)
    one.close()
    database.restore()
    count(other, 3, 4)                                                     # it never saw what is lost
    other.close()
    refused(homes[0], database.url, "went on otherwise")
    counts = Counts(homes[0], database.url, accept=datetime.now(UTC))
    assert (counts.accepted, counts.missing) == ("other", 0)
    count(counts, 5)
    counts.close()
    Counts(homes[0], database.url).close()
    Counts(homes[1], database.url).close()


def test_a_running_signer_that_has_nothing_to_do_keeps_its_mark_and_tells_of_older_counts(
    tmp_path: Path, database: Database,
) -> None:
    keys = signer_home(tmp_path / "keys")
    count_in(keys, database.url)
    (tmp_path / "other").mkdir()
    busy = Counts(tmp_path / "other", database.url)
    database.save()
    with running(keys) as signer:
        address = Address(socket=str(keys / "signer.sock"))
        count(busy, 1)
        assert ask(address, {"op": "health", "after": ""})[0]["ok"] is True
        mark = keys / "signer.id"
        assert mark.read_bytes() == (tmp_path / "other" / "signer.id").read_bytes()
        count(busy, 2)
        wait_until(lambda: mark.read_bytes() == (tmp_path / "other" / "signer.id").read_bytes())
        busy.close()
        database.restore()
        wait_until(lambda: bool(signer.log("counts")))
        assert signer.log("counts")[0]["code"] == "signer.state"
        assert ask(address, {"op": "health", "after": ""})[0]["code"] == "signer.state"


def test_a_signer_that_ends_takes_along_what_others_have_counted(tmp_path: Path, database: Database) -> None:
    keys = signer_home(tmp_path / "keys")
    count_in(keys, database.url)
    (tmp_path / "other").mkdir()
    busy = Counts(tmp_path / "other", database.url)
    with running(keys) as signer:
        count(busy, *range(LIMIT))
        assert signer.end() == 0
    busy.close()
    assert (keys / "signer.id").read_bytes() == (tmp_path / "other" / "signer.id").read_bytes()


def count_in(home: Path, url: str) -> None:
    """Have ``config.toml`` of a home name the database; "" for the file in it."""
    if url:
        store_config(home, dataclasses.replace(load_config(home), registry=url))


def test_a_home_takes_over_counts_of_which_it_remembers_nothing_on_purpose_alone(
    tmp_path: Path, counts_url: str, call: Call,
) -> None:
    keys = signer_home(tmp_path / "keys")
    count_in(keys, counts_url)
    counts = Counts(keys, counts_url)
    count(counts, 1)
    (keys / "signer.id").unlink()
    for act in (counts.keep, lambda: count(counts, 2)):
        with pytest.raises(RemoteError, match=r"signer\.state"):
            act()
    counts.close()
    refused(keys, counts_url, "signer.id")
    assert call("--home", keys, "--socket", tmp_path / "s.sock")[0] == 3
    assert call("used", "--home", keys)[0] == 3
    assert call("accept-counts", "--home", keys)[1].endswith("/ accepted, this home had no signer.id\n")
    assert "nothing was changed" in call("accept-counts", "--home", keys)[1]
    counts = Counts(keys, counts_url)
    assert counts.used() == {("A-1", "sealing"): 1}
    counts.close()


def test_a_signer_of_one_home_heeds_what_another_of_it_saw(tmp_path: Path) -> None:
    """Both remember in one file: a restored database is refused by the one that was idle, at once."""
    one, idle = Counts(tmp_path), Counts(tmp_path)
    count(one, 1)
    one.close()
    mark = (tmp_path / "signer.id").read_bytes()
    (tmp_path / "signer.id").write_bytes(mark[:33] + b"000000000009" + mark[45:])
    for act in (idle.keep, lambda: count(idle, 2)):
        with pytest.raises(RemoteError, match=r"signer\.state"):
            act()
    (tmp_path / "signer.id").write_bytes(mark.replace(mark[:32], b"0" * 32))     # of other counts
    with pytest.raises(RemoteError, match=r"signer\.state"):
        count(idle, 2)
    assert idle.used() == {("A-1", "sealing"): 1}
    idle.close()


def test_a_mark_is_set_back_while_nobody_can_count_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work, really, set_anew = Counts(tmp_path), Mark.begin, list[int]()
    count(at_work, *range(5))

    def begin(self: Mark, reached: Remembered) -> None:
        with contextlib.closing(sqlite3.connect(tmp_path / "signer.sqlite3", timeout=0)) as other, \
                pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        set_anew.append(reached.entries)
        really(self, reached)

    monkeypatch.setattr(Mark, "begin", begin)
    Counts(tmp_path, accept=datetime.now(UTC)).close()                     # nothing is amiss, so nothing is set
    assert set_anew == []
    mark = tmp_path / "signer.id"
    mark.write_bytes(mark.read_bytes()[:33] + b"000000000009" + mark.read_bytes()[45:])
    counts = Counts(tmp_path, accept=datetime.now(UTC))
    assert (counts.accepted, counts.missing, set_anew) == ("older", 4, [6])
    counts.close()
    count(at_work, 5)
    assert Mark(tmp_path).read() == Remembered(at_work._id, 7, at_work._seen.digest)
    at_work.close()


@pytest.mark.parametrize("reached", [
    Remembered("0" * 32, 0, ""), Remembered("f" * 32, 7, "ab" * 32), Remembered("1" * 32, 10**12 - 1, "cd" * 32)])
def test_a_mark_is_always_of_the_same_length_so_that_it_is_written_over_whole(tmp_path: Path,
                                                                              reached: Remembered) -> None:
    assert len(reached.line()) == 111
    Mark(tmp_path).begin(reached)
    assert Mark(tmp_path).read() == reached

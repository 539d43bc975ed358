"""The encrypted file of a backup, and a home's files through it: whole or not at all, whatever is done to the file."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import sqlite3
import tracemalloc
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certs.backup import copy_sqlite, restore_files, write_backup
from certs.backup_file import BackupError, BackupReader, BackupWriter
from certs.canonical_json import JSON, encode
from certs.config import Config, Password, load_config, store_config
from certs.files import FileCode, FileError
from codes.errors import EngineError
from tests.support.demo_home import CHEAP
from tests.support.falling import fall_at
from tests.support.limits import disk_of

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
PASSWORD = Password(b"correct horse battery")
MARK = b"what nobody else may read"


def sealed(plain: bytes, *, chunk: int = 64, pieces: int = 7) -> bytes:
    """A backup of some bytes, written in pieces."""
    out = io.BytesIO()
    writer = BackupWriter(out, password=PASSWORD, created=NOW, cost=CHEAP, chunk=chunk)
    for start in range(0, len(plain), pieces):
        writer.write(plain[start:start + pieces])
    writer.close()
    return out.getvalue()


def opened(data: bytes, *, password: Password = PASSWORD, size: int = 11) -> bytes:
    """All that comes out of it."""
    reader = BackupReader(io.BytesIO(data), password=password)
    plain = b""
    while piece := reader.read(size):
        plain += piece
    return plain


@settings(deadline=None)
@given(plain=st.binary(max_size=400), chunk=st.integers(1, 70), pieces=st.integers(1, 90), size=st.integers(1, 90))
def test_what_was_written_comes_out(plain: bytes, chunk: int, pieces: int, size: int) -> None:
    assert opened(sealed(plain, chunk=chunk, pieces=pieces), size=size) == plain


def test_the_header_tells_when_it_was_made_and_nothing_else_is_readable() -> None:
    data = sealed(MARK * 9)
    assert BackupReader(io.BytesIO(data), password=PASSWORD).created == NOW
    assert MARK not in data and PASSWORD.value not in data
    assert sealed(MARK) != sealed(MARK)


def test_no_file_that_was_touched_comes_out_whole() -> None:
    plain = MARK * 9
    data = sealed(plain)
    start = data.index(b"}") + 1                                     # the first chunk
    chunk = 64 + 16
    touched = {f"byte {index}": data[:index] + bytes((data[index] ^ 1,)) + data[index + 1:]
               for index in range(len(data))}
    touched |= {f"cut to {index}": data[:index] for index in range(len(data))}
    first, second = data[start:start + chunk], data[start + chunk:start + 2 * chunk]
    touched |= {
        "one more byte": data + b"\0", "one more chunk": data + first,
        "two chunks exchanged": data[:start] + second + first + data[start + 2 * chunk:],
        "a chunk left out": data[:start] + data[start + chunk:],
        "the last chunk left out": data[:start + (len(plain) // 64) * chunk],
        "the header of another backup": sealed(plain)[:start] + data[start:],
        "the end of another backup": data[:start + chunk] + sealed(plain)[start + chunk:],
    }
    for what, changed in touched.items():
        with pytest.raises(BackupError) as refused:
            opened(changed)
        assert refused.value.code.value in {
            "backup.not-a-backup", "backup.newer", "backup.wrong-password", "backup.damaged"}, what
        assert "backup" in refused.value.en and PASSWORD.value.decode() not in str(refused.value)


def _header(**changes: JSON) -> bytes:
    """A backup with another header; its chunks do not matter."""
    data = sealed(b"")
    start = data.index(b"{")
    content = {**json.loads(data[start:data.index(b"}") + 1]), **changes}
    header = encode({key: value for key, value in content.items() if value is not None})
    return data[:start - 4] + len(header).to_bytes(4, "big") + header


HEADERS: list[tuple[str, bytes, str]] = [
    ("another form", sealed(b"").replace(b"backup 1", b"backup 2"), "backup.newer"),
    ("another cipher", _header(cipher="AES-256-XTS"), "backup.newer"),
    ("another derivation", _header(kdf="argon2id"), "backup.newer"),
    ("a derivation that takes all memory", _header(n=1 << 30), "backup.newer"),
    ("a derivation that takes for ever", _header(p=1 << 30), "backup.newer"),
    ("a cost that is no power of two", _header(n=15), "backup.newer"),
    ("no chunk", _header(chunk=0), "backup.newer"),
    ("a chunk of a gigabyte", _header(chunk=1 << 30), "backup.newer"),
    ("no salt", _header(salt=None), "backup.damaged"),
    ("a short salt", _header(salt=base64.b64encode(b"salt").decode()), "backup.damaged"),
    ("a key more", _header(comment="x"), "backup.damaged"),
    ("no moment", _header(created="yesterday"), "backup.damaged"),
    ("a text for a number", _header(n="16"), "backup.damaged"),
    ("a header of a gigabyte", sealed(b"")[:18] + b"\x40\0\0\0", "backup.damaged"),
    ("another file", b"PK\3\4" * 20, "backup.not-a-backup"),
    ("nothing", b"", "backup.not-a-backup"),
]


@pytest.mark.parametrize(("why", "data", "code"), HEADERS, ids=[row[0] for row in HEADERS])
def test_a_header_is_taken_as_it_should_be_or_not(why: str, data: bytes, code: str) -> None:
    with pytest.raises(BackupError) as refused:
        opened(data)
    assert refused.value.code.value == code, why


def test_a_wrong_password_is_told_and_a_short_one_not_taken() -> None:
    with pytest.raises(BackupError) as refused:
        opened(sealed(MARK), password=Password(b"another password"))
    assert refused.value.code.value == "backup.wrong-password"
    with pytest.raises(BackupError) as refused:
        BackupWriter(io.BytesIO(), password=Password(b"eleven byte"), created=NOW, cost=CHEAP)
    assert refused.value.code.value == "backup.weak-password"


def _nothing(folder: Path) -> Mapping[str, Path]:
    del folder
    return {}


def back_up(home: Path, out: Path, **changes: Any) -> None:
    """Back a home up cheaply."""
    write_backup(home, out, **{"password": PASSWORD, "now": NOW, "snapshots": _nothing, "cost": CHEAP, **changes})


def restore(file: Path, home: Path, **changes: Any) -> None:
    """Restore it."""
    restore_files(file, home, **{"password": PASSWORD, "finish": lambda _: None, **changes})


def tree(folder: Path) -> dict[str, tuple[int, bytes | None]]:
    """Path → permissions and content of everything in a folder."""
    return {str(path.relative_to(folder)): (path.stat().st_mode & 0o777, path.read_bytes() if path.is_file() else None)
            for path in folder.rglob("*")}


def restored(folder: Path) -> dict[str, tuple[int, bytes | None]]:
    """What :func:`tree` is to say of a folder that a backup of this one is restored to."""
    return {name: (0o700 if data is None else 0o600, data) for name, (_, data) in tree(folder).items()}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A small home with all kinds of things in it."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    store_config(folder, Config(name="测试"))
    for name, mode in (("trust/roots", 0o755), ("authorities/11140100MB9TEX0180/.next-S2026-000001", 0o700),
                       ("issued/packages/0a", 0o700), ("approvals", 0o700)):
        (folder / name).mkdir(parents=True, mode=mode)
    for name, mode, data in (
            ("authorities/11140100MB9TEX0180/.next-S2026-000001/sealing.key", 0o600, MARK),
            ("trust/roots/根.cer", 0o644, b"\0" * 5000), ("empty", 0o600, b""),
            ("issued/packages/0a/licence.ofd", 0o600, b"PK" * 999)):
        (folder / name).write_bytes(data)
        (folder / name).chmod(mode)
    return folder


def test_files_and_folders_come_back_for_their_owner_alone(home: Path, tmp_path: Path) -> None:
    (home / "approvals").chmod(0o777)
    (home / "empty").chmod(0o666)
    expected = restored(home)
    (home / ".use.json.tmp-0a").write_bytes(b"left by a killed writer")
    (home / "registry.sqlite3").write_bytes(b"never copied as a file")
    (home / "issued" / "ledger.sqlite3-wal").write_bytes(b"nor this")
    back_up(home, tmp_path / "a.backup")
    assert (tmp_path / "a.backup").stat().st_mode & 0o777 == 0o600
    assert MARK not in (tmp_path / "a.backup").read_bytes()
    restore(tmp_path / "a.backup", tmp_path / "new")
    assert tree(tmp_path / "new") == expected
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.backup", "home", "new"]


def test_packages_may_be_left_out(home: Path, tmp_path: Path) -> None:
    back_up(home, tmp_path / "a.backup", packages=False)
    restore(tmp_path / "a.backup", tmp_path / "new")
    assert (tmp_path / "new" / "issued" / "packages").is_dir()
    assert not list((tmp_path / "new" / "issued" / "packages").iterdir())


def test_what_appears_while_databases_are_copied_goes_along(home: Path, tmp_path: Path) -> None:
    def snapshots(folder: Path) -> Mapping[str, Path]:
        (home / "approvals" / "late.json").write_bytes(b"late")
        (home / "empty").unlink()
        (folder / "copy").write_bytes(b"snapshot")
        return {"registry.sqlite3": folder / "copy"}

    back_up(home, tmp_path / "a.backup", snapshots=snapshots)
    restore(tmp_path / "a.backup", tmp_path / "new")
    assert (tmp_path / "new" / "approvals" / "late.json").read_bytes() == b"late"
    assert (tmp_path / "new" / "registry.sqlite3").read_bytes() == b"snapshot"
    assert (tmp_path / "new" / "registry.sqlite3").stat().st_mode & 0o777 == 0o600


ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "a link to a file": (lambda home: (home / "link").symlink_to("empty"), "backup.odd-file"),
    "a link to a folder": (lambda home: (home / "link").symlink_to("trust"), "backup.odd-file"),
    "a link to nothing": (lambda home: (home / "link").symlink_to("nowhere"), "backup.odd-file"),
    "a pipe": (lambda home: os.mkfifo(home / "pipe"), "backup.odd-file"),
    "a name with a line break": (lambda home: (home / "a\nb").write_bytes(b""), "backup.odd-file"),
    "no home": (lambda home: (home / "config.toml").unlink(), "file.missing"),
    "a backup of that name": (lambda home: (home.parent / "a.backup").write_bytes(b"older"), "backup.exists"),
    "a link of that name": (lambda home: (home.parent / "a.backup").symlink_to("nowhere"), "backup.exists"),
}


@pytest.mark.parametrize("why", ODD)
def test_a_home_that_cannot_be_taken_along_whole_is_not_backed_up(why: str, home: Path, tmp_path: Path) -> None:
    make, code = ODD[why]
    make(home)
    with pytest.raises(EngineError) as refused:
        back_up(home, tmp_path / "a.backup")
    assert refused.value.code.value == code
    assert not (tmp_path / "a.backup").is_file() or (tmp_path / "a.backup").read_bytes() == b"older"
    assert not list(tmp_path.glob(".*")) and not list(home.glob(".backup.tmp-*"))


def test_a_backup_is_not_put_into_the_home_nor_restored_over_anything(home: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError) as refused:
        back_up(home, home / "trust" / ".." / "a.backup")
    assert refused.value.code.value == "backup.inside-the-home"
    back_up(home, tmp_path / "a.backup")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "folder").mkdir()
    for taken in ("home", "link", "folder", "a.backup"):
        with pytest.raises(BackupError) as refused:
            restore(tmp_path / "a.backup", tmp_path / taken)
        assert refused.value.code.value == "backup.exists", taken
    for missing in ("none.backup", "folder"):
        with pytest.raises(BackupError) as refused:
            restore(tmp_path / missing, tmp_path / "new")
        assert refused.value.code.value == "backup.not-a-backup", missing


def crafted(path: Path, *records: Mapping[str, JSON] | bytes, first: bool = True, end: bool = True) -> Path:
    """A backup with these records, made by somebody who has the password."""
    with path.open("wb") as file:
        writer = BackupWriter(file, password=PASSWORD, created=NOW, cost=CHEAP)
        start: list[Mapping[str, JSON] | bytes] = [{"format": 1, "name": "x", "packages": True}] if first else []
        for record in (*start, *records, *([bytes(4)] if end else [])):
            data = record if isinstance(record, bytes) else encode(record)
            writer.write(data if isinstance(record, bytes) else len(data).to_bytes(4, "big") + data)
        writer.close()
    return path


def a_file(name: JSON, size: JSON = 1, mode: JSON = 0o600) -> dict[str, JSON]:
    return {"mode": mode, "path": name, "size": size}


def a_folder(name: JSON, mode: JSON = 0o700) -> dict[str, JSON]:
    return {"mode": mode, "path": name, "size": None}


CONTENT: dict[str, list[Mapping[str, JSON] | bytes]] = {
    "out of the home": [a_file("../out"), b"x"], "out from inside": [a_folder("a"), a_file("a/../../out"), b"x"],
    "an absolute path": [a_file("/etc/out"), b"x"], "an empty part": [a_folder("a"), a_file("a//b"), b"x"],
    "a part that is a dot": [a_file("./b"), b"x"], "no name": [a_file(""), b"x"],
    "a null byte": [a_file("a\0b"), b"x"], "a folder above the home": [a_folder("..")],
    "a file twice": [a_file("a"), b"x", a_file("a"), b"x"], "a folder twice": [a_folder("a"), a_folder("a")],
    "a file as a folder": [a_file("a"), b"x", a_file("a/b"), b"x"], "a folder that is not there": [a_file("a/b"), b"x"],
    "a path that is a number": [a_file(7), b"x"], "a size that is a text": [a_file("a", "1"), b"x"],
    "no permissions": [a_file("a", 1, None), b"x"], "a size that is true": [a_file("a", True), b"x"],
    "a record that is no object": [b"\0\0\0\2[]"], "a record that is not canonical": [b"\0\0\0\3{ }"],
    "a record of a gigabyte": [b"\x40\0\0\0"],
}
CUT: dict[str, dict[str, Any]] = {
    "a file that ends early": {"records": [a_file("a", 9), b"x"], "end": False},
    "no end": {"records": [a_folder("a")], "end": False}, "half a record": {"records": [b"\0\0\0\7{"], "end": False},
    "something after the end": {"records": [bytes(4), a_folder("a")]},
    "nothing at all": {"records": [], "first": False, "end": False},
    "no beginning": {"records": [a_folder("a")], "first": False},
    "another format": {"records": [{"format": 2, "name": "x", "packages": True}], "first": False},
    "a name that is none": {"records": [{"format": 1, "name": 1, "packages": True}], "first": False},
}


@pytest.mark.parametrize("why", [*CONTENT, *CUT])
def test_content_that_is_no_home_is_refused_and_leaves_nothing(why: str, tmp_path: Path) -> None:
    how = CUT.get(why) or {"records": CONTENT[why]}
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    file = crafted(tmp_path / "a.backup", *how["records"], first=how.get("first", True), end=how.get("end", True))
    with pytest.raises(BackupError) as refused:
        restore(file, folder / "new")
    assert refused.value.code.value == "backup.content"
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == ["a.backup", "deep", "deep/er"]


def test_permissions_in_a_backup_give_nobody_anything(tmp_path: Path) -> None:
    restore(crafted(tmp_path / "a.backup", a_file("a", 1, 0o104755), b"x", a_folder("b", 0o2777)), tmp_path / "new")
    assert (tmp_path / "new" / "a").stat().st_mode & 0o7777 == 0o600
    assert (tmp_path / "new" / "b").stat().st_mode & 0o7777 == 0o700


def test_a_failure_at_the_end_leaves_no_home(home: Path, tmp_path: Path) -> None:
    back_up(home, tmp_path / "a.backup")

    def fail(folder: Path) -> None:
        assert load_config(folder).name == "测试"
        raise FileError(FileCode.FAILED, "不行", "no")

    with pytest.raises(FileError):
        restore(tmp_path / "a.backup", tmp_path / "new", finish=fail)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.backup", "home"]


def test_a_full_disk_leaves_no_backup_and_no_home(home: Path, tmp_path: Path) -> None:
    (home / "large").write_bytes(bytes(300_000))
    back_up(home, tmp_path / "a.backup")
    with disk_of(200_000), pytest.raises(FileError) as refused:
        back_up(home, tmp_path / "b.backup")
    assert refused.value.code.value == "file.no-space"
    with disk_of(200_000), pytest.raises(FileError) as refused:
        restore(tmp_path / "a.backup", tmp_path / "new")
    assert refused.value.code.value == "file.no-space"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.backup", "home"]


def test_memory_is_bounded_whatever_the_size(home: Path, tmp_path: Path) -> None:
    with (home / "large").open("wb") as file:
        file.truncate(48 * 1024 * 1024)
    tracemalloc.start()
    try:
        back_up(home, tmp_path / "a.backup")
        restore(tmp_path / "a.backup", tmp_path / "new")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 12 * 1024 * 1024
    assert (tmp_path / "new" / "large").stat().st_size == 48 * 1024 * 1024


STEPS: tuple[tuple[Any, str], ...] = (
    (os, "fsync"), (os, "open"), (Path, "replace"), (Path, "rename"), (Path, "mkdir"), (Path, "chmod"))


def _killed(act: Callable[[], None], at: int) -> bool:
    """Do it in a child that is killed at its step ``at``; say whether it was."""
    child = os.fork()
    if child == 0:
        try:
            fall_at(at, *STEPS)
            act()
            os._exit(0)
        finally:
            os._exit(7)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), status
    return status == signal.SIGKILL


def test_a_backup_that_is_killed_is_whole_or_not_there(home: Path, tmp_path: Path) -> None:
    expected, out, at = restored(home), tmp_path / "a.backup", 0
    while _killed(lambda: back_up(home, out), at := at + 1):
        if out.exists():
            restore(out, tmp_path / f"new-{at}")
            assert tree(tmp_path / f"new-{at}") == expected
            out.unlink()
    assert at > 10 and out.exists()
    assert not list(home.glob(".backup.tmp-*"))                      # the last one has swept up after the others


def test_a_restoration_that_is_killed_makes_a_whole_home_or_none(home: Path, tmp_path: Path) -> None:
    expected, at, whole = restored(home), 0, 0
    back_up(home, tmp_path / "a.backup")
    while _killed(lambda: restore(tmp_path / "a.backup", tmp_path / f"new-{at}"), at := at + 1):
        if (tmp_path / f"new-{at}").exists():
            whole += 1
            assert tree(tmp_path / f"new-{at}") == expected
    assert at > 10 and whole and tree(tmp_path / f"new-{at}") == expected


def test_a_database_in_use_is_copied_as_it_stands_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    source = tmp_path / "a.sqlite3"
    writer = sqlite3.connect(source, isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("CREATE TABLE t (value TEXT)")
    writer.executemany("INSERT INTO t VALUES (?)", [("x" * 4000,)] * 50)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DELETE FROM t")
    copy_sqlite(source, tmp_path / "b.sqlite3")
    assert sqlite3.connect(tmp_path / "b.sqlite3").execute("SELECT count(*) FROM t").fetchone() == (50,)
    assert (tmp_path / "b.sqlite3").stat().st_mode & 0o777 == 0o600
    writer.execute("ROLLBACK")
    writer.close()
    data = bytearray(source.read_bytes())
    data[5000:9000] = b"\xa5" * 4000
    source.write_bytes(data)
    with pytest.raises(BackupError) as refused:
        copy_sqlite(source, tmp_path / "c.sqlite3")
    assert refused.value.code.value == "backup.database-damaged"

"""Files appear complete or not at all."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from certs.file_marks import mark_file, mark_files
from certs.files import (
    FileCode,
    FileError,
    locked,
    make_folder,
    publish_folder,
    read_file,
    reported,
    sweep,
    write_atomic,
)
from tests.support.limits import disk_of


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_file_has_its_content_and_mode_whatever_the_umask(mode: int, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write_atomic(tmp_path / "a", b"x" * 100_000, mode=mode)
    finally:
        os.umask(before)
    assert (tmp_path / "a").read_bytes() == b"x" * 100_000
    assert (tmp_path / "a").stat().st_mode & 0o777 == mode


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_atomic(path, b"old")
    with disk_of(1000), pytest.raises(FileError) as refusal:
        write_atomic(path, b"new" * 1000)
    assert refusal.value.code is FileCode.NO_SPACE
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


def test_a_full_disk_leaves_no_folder(tmp_path: Path) -> None:
    with disk_of(1000), pytest.raises(FileError) as refusal:
        publish_folder(tmp_path / "f", {"a": (b"1", 0o600), "b": (b"2" * 2000, 0o600)})
    assert refusal.value.code is FileCode.NO_SPACE
    assert list(tmp_path.iterdir()) == []


def test_a_folder_appears_whole_and_private(tmp_path: Path) -> None:
    publish_folder(tmp_path / "f", {"a": (b"1", 0o600), "b": (b"2", 0o644)})
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o700
    assert {path.name: (path.read_bytes(), path.stat().st_mode & 0o777)
            for path in (tmp_path / "f").iterdir()} == {"a": (b"1", 0o600), "b": (b"2", 0o644)}
    with pytest.raises(FileError) as refusal:
        publish_folder(tmp_path / "f", {"c": (b"3", 0o600)})
    assert refusal.value.code is FileCode.FAILED
    assert sorted(path.name for path in (tmp_path / "f").iterdir()) == ["a", "b"]


def test_every_failure_names_its_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    failures: dict[FileCode, Callable[[], object]] = {
        FileCode.MISSING: lambda: write_atomic(tmp_path / "none" / "a", b""),
        FileCode.FAILED: lambda: make_folder(tmp_path / "file" / "a"),
        FileCode.TOO_LARGE: lambda: read_file(tmp_path / "file", max_bytes=4),
    }
    for code, act in failures.items():
        with pytest.raises(FileError) as refusal:
            act()
        assert refusal.value.code is code
        assert str(tmp_path) in refusal.value.zh and str(tmp_path) in refusal.value.en
    with pytest.raises(FileError) as refusal:
        read_file(tmp_path, max_bytes=4)
    assert refusal.value.zh.endswith("（是目录 (Is a directory)）") and refusal.value.en.endswith("(Is a directory)")
    with pytest.raises(FileError) as refusal, reported(tmp_path):
        raise PermissionError(13, "Permission denied", "/x")
    assert refusal.value.code is FileCode.DENIED


def test_a_link_is_replaced_and_never_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"old")
    (tmp_path / "link").symlink_to(target)
    write_atomic(tmp_path / "link", b"new")
    assert target.read_bytes() == b"old"
    assert (tmp_path / "link").read_bytes() == b"new"
    (tmp_path / "lock").symlink_to(target)
    with pytest.raises(FileError), locked(tmp_path / "lock"):
        pass


def test_leftovers_of_killed_writers_are_swept_and_nothing_else(tmp_path: Path) -> None:
    for name in (".a.tmp-0123", ".hidden", "a", "b.tmp-1"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / ".f.tmp-4567").mkdir()
    (tmp_path / ".f.tmp-4567" / "x").write_bytes(b"")
    sweep(tmp_path)
    sweep(tmp_path / "none")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "a", "b.tmp-1"]


def _add_up(path: Path, lock: Path, times: int) -> None:
    for _ in range(times):
        with locked(lock):
            write_atomic(path, str(int(path.read_bytes()) + 1).encode())


def test_a_lock_keeps_processes_apart(tmp_path: Path) -> None:
    path = tmp_path / "count"
    path.write_bytes(b"0")
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_add_up, args=(path, tmp_path / "lock", 25)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert path.read_bytes() == b"50"


def test_a_file_whose_time_is_set_back_has_another_mark(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    before, times = mark_file(path), path.stat()
    threading.Event().wait(0.02)                    # the clock of the file system has steps
    path.write_bytes(b"two")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert path.stat().st_mtime_ns == times.st_mtime_ns
    assert mark_file(path) != before and mark_files(tmp_path)[0][1:] == mark_file(path)[1:]  # type: ignore[index]

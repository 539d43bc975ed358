"""Records that wait for a timestamp: kept on the disk until one can be had, in the order in which they came.

What waits is the record with the documents it rests on. No package of a waiting licence is kept, and the ledger counts
none; where it came to signatures before a service failed, those are kept, so that none is made, and counted by a
signer, once more (:mod:`docgen.attempt`)::

    issued/waiting/<identifier>/    appears and goes as a whole
        entry.json                  number in the order, since when, digests, what the services said
        record.json                 the record as it came
        attachment-<n>.ofd          earlier documents
        begun.json                  what the last attempt had signed
    issued/waiting/last             the last number given

An entry goes only when the finished files stand where they were asked for. A worker that is killed before leaves the
entry; the next one finds the licence issued and hands out what was kept.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from certs.files import (
    FileCode,
    FileError,
    locked,
    make_folder,
    publish_folder,
    read_file,
    remove_folder,
    reported,
    sweep,
    write_atomic,
)
from certs.moments import read_moment, write_moment
from certs.sm3 import sm3
from codes.errors import Fault
from docgen.attempt import Begun
from docgen.earlier import MAX_EARLIER_BYTES
from docgen.issued import IssueCode, IssueError

__all__ = ["Waiting", "WaitingRoom", "is_identifier"]

_ENTRY, _RECORD, _BEGUN, _LAST = "entry.json", "record.json", "begun.json", "last"
_MAX_RECORD: Final = 64 * 1024 * 1024
_MAX_BEGUN: Final = 64 * 1024 * 1024
_MAX_ENTRY: Final = 1024 * 1024
_IDENTIFIER: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.]{0,199}", re.ASCII)
_MODE: Final = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One waiting record without its content.

    Attributes:
        number: its place in the order.
        since: aware.
        record_sm3: 32 bytes, digest of the checked record.
        faults: what each timestamp service said when it was put here.
        files: name → SM3 of its bytes, the record first.
        keys: names of the earlier documents, in the order of their files.
    """

    identifier: str
    number: int
    since: datetime
    record_sm3: bytes
    faults: tuple[Fault, ...]
    files: Mapping[str, str]
    keys: tuple[str, ...]


class WaitingRoom:
    """The folder of a home in which records wait; it is made when the first one does."""

    def __init__(self, issued: Path) -> None:
        """Name the folder ``issued`` of a home."""
        self._folder, self._lock = issued / "waiting", issued / "locks" / "waiting"

    def put(
        self, identifier: str, record_sm3: bytes, *, record: bytes, attachments: Mapping[str, bytes], since: datetime,
        faults: Sequence[Fault],
    ) -> None:
        """Let a record wait, on the disk when this returns; one that waits already keeps its place.

        Call it inside :meth:`docgen.ledger.Ledger.hold` of the identifier.

        Raises:
            IssueError: ``issue.waiting-damaged``, a link stands in its place.
            FileError: it cannot be kept.
        """
        files = {_RECORD: record} | {_attachment(index): data for index, data in enumerate(attachments.values())}
        with locked(self._lock):
            make_folder(self._folder)
            sweep(self._folder)
            if (self._folder / identifier).is_symlink():
                raise self.damaged(identifier)              # what it leads to is not kept here
            if (self._folder / identifier).is_dir():
                return
            number = self._next_number()
            entry = {
                "number": number, "since": write_moment(since), "record_sm3": record_sm3.hex(),
                "files": {name: sm3(data).hex() for name, data in files.items()}, "keys": list(attachments),
                "faults": [asdict(fault) for fault in faults]}
            publish_folder(self._folder / identifier, {
                name: (data, _MODE) for name, data in (
                    *files.items(), (_ENTRY, json.dumps(entry, ensure_ascii=False).encode()))})

    def _next_number(self) -> int:
        """Give a number above all that were given."""
        try:
            last = int(read_file(self._folder / _LAST, max_bytes=64))
        except (FileError, ValueError):                     # the first, or somebody cleared it away
            last = max(map(self._number, self._names()), default=0)
        write_atomic(self._folder / _LAST, str(last + 1).encode())
        return last + 1

    def identifiers(self) -> tuple[str, ...]:
        """Return what waits, first come first; entries that cannot be read stand in front.

        Raises:
            FileError: the folder cannot be read.
        """
        return tuple(sorted(self._names(), key=lambda name: (self._number(name), name)))

    def _names(self) -> list[str]:
        if not self._folder.is_dir():
            return []
        with reported(self._folder):
            return [path.name for path in self._folder.iterdir()
                    if _IDENTIFIER.fullmatch(path.name) and path.is_dir() and not path.is_symlink()]

    def _number(self, identifier: str) -> int:
        try:
            waiting = self.find(identifier)
        except (FileError, IssueError):
            waiting = None
        return waiting.number if waiting else 0

    def find(self, identifier: str) -> Waiting | None:
        """Return what waits under an identifier, None when nothing does.

        Raises:
            IssueError: ``issue.waiting-damaged``.
            FileError: it cannot be read.
        """
        try:
            data = read_file(self._folder / identifier / _ENTRY, max_bytes=_MAX_ENTRY)
        except FileError as error:
            if error.code is FileCode.MISSING and not (self._folder / identifier).is_dir():
                return None
            raise self.damaged(identifier) if error.code is FileCode.MISSING else error from error
        try:
            return _read_entry(identifier, json.loads(data))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise self.damaged(identifier) from error

    def content(self, waiting: Waiting) -> tuple[bytes, dict[str, bytes]]:
        """Return the record that waits, and its earlier documents by their names.

        Raises:
            IssueError: ``issue.waiting-damaged``.
            FileError: a file cannot be read.
        """
        found, most = [], max(_MAX_RECORD, MAX_EARLIER_BYTES)
        for name, digest in waiting.files.items():
            try:
                data = read_file(self._folder / waiting.identifier / name, max_bytes=most)
            except FileError as error:
                raise self.damaged(waiting.identifier) if error.code is FileCode.MISSING else error from error
            if sm3(data).hex() != digest:
                raise self.damaged(waiting.identifier)
            found.append(data)
        return found[0], dict(zip(waiting.keys, found[1:], strict=True))

    def keep(self, identifier: str, begun: Begun | None) -> None:
        """Keep what an attempt at a waiting record has signed; None leaves what is kept, and so does no such record.

        Call it inside :meth:`docgen.ledger.Ledger.hold` of the identifier.

        Raises:
            FileError: it cannot be kept.
        """
        folder = self._folder / identifier
        if begun is not None and folder.is_dir():
            write_atomic(folder / _BEGUN, begun.to_json(), mode=_MODE)

    def begun(self, identifier: str) -> Begun | None:
        """Return what the last attempt at a waiting record has signed; None where it came to nothing, or none waits.

        Raises:
            IssueError: ``issue.waiting-damaged``.
            FileError: it cannot be read.
        """
        try:
            return Begun.read(read_file(self._folder / identifier / _BEGUN, max_bytes=_MAX_BEGUN))
        except FileError as error:
            if error.code is FileCode.MISSING:
                return None
            raise
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise self.damaged(identifier) from error

    @contextlib.contextmanager
    def taken(self, identifier: str) -> Iterator[bool]:
        """Whether the entry is there and nobody else works on it; nobody else will while the block runs."""
        path = self._folder / identifier
        with reported(path):
            try:
                handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            except FileNotFoundError:
                yield False
                return
        try:
            yield _locked(handle, path)
        finally:
            os.close(handle)

    def remove(self, identifier: str) -> None:
        """Take an entry away, which may be missing.

        Raises:
            FileError: it may be there still.
        """
        remove_folder(self._folder / identifier)

    def damaged(self, identifier: str) -> IssueError:
        """Make the refusal of an entry that cannot be read."""
        return IssueError(
            IssueCode.WAITING_DAMAGED,
            f"等待时间戳的数据 {self._folder / identifier} 丢失或被改动，请用 "
            f"zhengyin issue --waiting --drop {identifier} 清除后重新提交该记录",
            f"what waits in {self._folder / identifier} is missing or changed: clear it away with "
            f"zhengyin issue --waiting --drop {identifier} and hand the record in again", identifier=identifier)


def is_identifier(text: str) -> bool:
    """Say whether a text can name an entry."""
    return _IDENTIFIER.fullmatch(text) is not None


def _locked(handle: int, path: Path) -> bool:
    """Lock an open folder; False when another has it, or it is no longer the one of that name."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(handle), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False


def _read_entry(identifier: str, entry: dict[str, Any]) -> Waiting:
    """The entry as it was written; raises whatever reading something else raises."""
    files = {str(name): str(digest) for name, digest in entry["files"].items()}
    keys = tuple(map(str, entry["keys"]))
    expected = [_RECORD, *(_attachment(index) for index in range(len(keys)))]
    if list(files) != expected or type(entry["number"]) is not int:
        raise ValueError("another form")
    return Waiting(
        identifier=identifier, number=entry["number"], since=read_moment(entry["since"]),
        record_sm3=bytes.fromhex(entry["record_sm3"]), faults=tuple(Fault(**fault) for fault in entry["faults"]),
        files=files, keys=keys)


def _attachment(index: int) -> str:
    return f"attachment-{index}.ofd"

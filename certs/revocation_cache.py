"""What was fetched last, on the disk: revocation lists and OCSP answers, each with how asking for it went.

For each thing there are ``<name>.der`` and ``<name>.json``, both written whole or not at all, and a lock, so that of
two processes one asks and the other finds the answer; ``<name>-….der`` are others that tell what that one does not.
What lies there is believed no more than what comes from the network: whoever reads it judges it anew. A damaged file is
none, and a note from the future is none either, so that nothing written here can stop the asking for longer than the
longest wait.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from certs.files import locked, make_folder, remove, write_atomic
from certs.moments import CLOCKS_DIFFER
from certs.sm3 import sm3
from certs.untrusted_files import read_regular

__all__ = ["CACHE", "Note", "RevocationCache"]

CACHE: Final = "revocation"
"""The folder of a home in which what was fetched is kept."""
_MAX_NOTE: Final = 4096
_FIRST_WAIT: Final = timedelta(seconds=10)
_LONGEST_WAIT: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """How asking went: when there last was a good answer, and how often in a row there was none since, last when."""

    asked_at: datetime | None = None
    failures: int = 0
    failed_at: datetime | None = None

    def waits(self, now: datetime) -> bool:
        """Whether it is too early to ask again: never after one failure, then 10 seconds, doubled up to 5 minutes."""
        if self.failures < 2 or self.failed_at is None or self.failed_at > now:
            return False
        wait = min(_FIRST_WAIT * (1 << min(self.failures - 2, 10)), _LONGEST_WAIT)
        return now < self.failed_at + wait

    def failed(self, now: datetime) -> Note:
        """One failure more."""
        return Note(asked_at=self.asked_at, failures=self.failures + 1, failed_at=now)

    def is_fresh(self, now: datetime, lasts: timedelta) -> bool:
        """Whether the last good answer is not older than ``lasts``."""
        return self.asked_at is not None and self.asked_at <= now + CLOCKS_DIFFER and now < self.asked_at + lasts


class RevocationCache:
    """A folder of things that were fetched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def entry(self, *what: str) -> Iterator[Path]:
        """Hold the thing that these texts name; nobody else asks for it meanwhile. Gives the path of its bytes.

        Raises:
            FileError: the folder cannot be written.
        """
        name = sm3("\n".join(what).encode()).hex()[:40]
        make_folder(self.folder)
        with locked(self.folder / f".{name}.lock"):
            yield self.folder / f"{name}.der"

    def read(self, path: Path, *, max_bytes: int) -> list[bytes]:
        """Return the bytes, and those that were kept beside; none where there are none that can be read."""
        found = (read_regular(each, max_bytes=max_bytes) for each in (path, *_beside(path)))
        return [data for data in found if data is not None]

    def keep(self, path: Path, things: Sequence[bytes]) -> None:
        """Keep the bytes of things, the first one as the thing and the others beside, and nothing else.

        Raises:
            FileError: they cannot be written.
        """
        beside = {path.with_name(f"{path.stem}-{sm3(data).hex()[:16]}.der"): data for data in things[1:]}
        for place, data in (*beside.items(), (path, things[0])):
            if read_regular(place, max_bytes=len(data)) != data:
                write_atomic(place, data, mode=0o644)
        for place in _beside(path):
            if place not in beside:
                remove(place)

    def read_note(self, path: Path) -> Note:
        """Return the note beside ``path``; an empty one where there is none that makes sense."""
        try:
            content = json.loads(read_regular(path.with_suffix(".json"), max_bytes=_MAX_NOTE) or b"")
            failures = content["failures"]
            asked_at, failed_at = (_moment(content[key]) for key in ("asked_at", "failed_at"))
        except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
            return Note()
        if type(failures) is not int or failures < 0:
            return Note()
        return Note(asked_at=asked_at, failures=failures, failed_at=failed_at)

    def write_note(self, path: Path, note: Note) -> None:
        """Keep a note.

        Raises:
            FileError: it cannot be written.
        """
        content = {"asked_at": _text(note.asked_at), "failures": note.failures, "failed_at": _text(note.failed_at)}
        write_atomic(path.with_suffix(".json"), json.dumps(content).encode(), mode=0o644)


def _beside(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.stem}-*.der"))


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _moment(text: str | None) -> datetime | None:
    """Read a moment; one that has no time zone is none."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return moment.astimezone(UTC)

"""Finish what waits for a timestamp, first come first; safe to run twice, at once, and after a kill."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

from certs.home import Home
from certs.tsa import TsaCode
from codes.errors import EngineError
from docgen.batch import LineResult, issue_line
from docgen.issued import IssueCode, Issued
from docgen.issuing import Issuer, issuer_of
from docgen.waiting import Waiting

__all__ = ["drop_waiting", "finish_waiting", "list_waiting"]

_NO_TIME = frozenset({IssueCode.WAITING.value, TsaCode.NO_TOKEN.value})


def finish_waiting(
    *, home: Home | Path | str | None = None, out: Path | str, font_pack: Path | str | None = None,
) -> Iterator[LineResult]:
    """Issue the records that wait and yield each result as soon as it is there.

    What another worker is busy with is passed over. A record that is refused goes on waiting, and the next one is
    tried; when there is no timestamp to be had, the rest is left for another time.

    Args:
        out: folder for the files of each; a record waits until they stand there.
        home, font_pack: as for :func:`docgen.issue`.

    Raises:
        HomeError, FileError: the home cannot be used at all.
        TsaError: no timestamp can be had; everything goes on waiting.
    """
    issuer, folder = issuer_of(home), Path(out)
    pack = None if font_pack is None else Path(font_pack)
    waiting = issuer.waiting.identifiers()
    if waiting:
        issuer.require_time()
    for number, identifier in enumerate(waiting, 1):
        with issuer.waiting.taken(identifier) as own:
            if not own:
                continue
            result = issue_line(number, functools.partial(_finish, issuer, identifier, folder, pack), identifier)
        yield result
        if result.code in _NO_TIME:
            return


def _finish(issuer: Issuer, identifier: str, out: Path, font_pack: Path | None) -> Issued:
    waiting = issuer.waiting.find(identifier)
    if waiting is None:
        raise issuer.waiting.damaged(identifier)
    record, attachments = issuer.waiting.content(waiting)
    licence = issuer.check(record, font_pack=font_pack)
    if (licence.identifier.text(), licence.digest) != (identifier, waiting.record_sm3):
        raise issuer.waiting.damaged(identifier)        # what waits is issued as it was handed in, or not at all
    return issuer.issue(record, out=out, font_pack=font_pack, attachments=attachments)


def list_waiting(home: Home | Path | str | None = None) -> Iterator[tuple[str, Waiting | EngineError]]:
    """Yield the identifier of each record that waits, first come first, and what is known of it or why nothing is.

    Raises:
        HomeError, FileError: the home cannot be used.
    """
    room = issuer_of(home).waiting
    for identifier in room.identifiers():
        try:
            waiting = room.find(identifier)
        except EngineError as error:
            yield identifier, error
        else:
            if waiting is not None:
                yield identifier, waiting


def drop_waiting(identifier: str, home: Home | Path | str | None = None) -> bool:
    """Take a record away that waits, for good; return whether there was one.

    Raises:
        HomeError, FileError: the home cannot be used, or the entry not be removed.
    """
    room = issuer_of(home).waiting
    if identifier not in room.identifiers():
        return False
    room.remove(identifier)
    return True

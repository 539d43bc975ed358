"""Which roots, lists and answers lay beside the evidence at a renewal: its timestamp covers their digests.

What renewals leave under ``evidence/`` is in no manifest, and a list that was taken away would be missed by nobody. So
the new time-stamp of each record covers, beside those before it, a mark and the digest of every root, list and answer
that stays there. What is read lies in three folders, each by its content, so the digests say all; a name is the
beginning of an SM3. Older time-stamps of the record say what lay there then, and hold nobody to it: a renewal clears
away what says nothing more.

Before a record is written, what it covers is there; after it, what it does not cover is cleared away. So a renewal that
was stopped leaves files that no record covers yet, and none that is missed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

from archive.findings import Found, found
from archive.layout import (
    ADDED_CRLS,
    ADDED_OCSP,
    ADDED_TSA,
    MANIFEST,
    MANIFEST_RECORD,
    ORIGINAL_RECORD,
    original_name,
)
from archive.snapshot import unreadable
from certs.evidence_record import EvidenceRecord, bound_leaf
from certs.timestamp_token import digest
from codes.errors import EngineError

__all__ = ["ADDED", "cover_faults", "covered"]

ADDED: Final = (ADDED_TSA, ADDED_CRLS, ADDED_OCSP)
"""Where renewals leave roots, lists and answers."""
_MARK: Final = b"zhengyin/archive-evidence/1"


def covered(files: Mapping[str, bytes], algorithm: str) -> tuple[bytes, ...]:
    """What the new time-stamp of a record covers beside those before it, for the files that a renewal leaves.

    A file that cannot be read is not covered: it weighs while it is there, and may be exchanged for the one from a
    backup, or taken away where somebody had laid it there.

    Args:
        algorithm: the digest of the record.
    """
    mute = set(unreadable(files))
    left = _digests({name: data for name, data in files.items() if name not in mute}, algorithm)
    return digest(algorithm, _MARK), *left


def cover_faults(files: Mapping[str, bytes], identifier: str) -> list[Found]:
    """What was taken away or exchanged since the newest renewal, what was added, and which record cannot say.

    Whether a record holds is judged elsewhere; one that cannot be read says nothing here.
    """
    faults: list[Found] = []
    unnamed: set[str] | None = None
    for name, of in ((MANIFEST_RECORD, MANIFEST), (ORIGINAL_RECORD, original_name(identifier))):
        try:
            record, data = EvidenceRecord.parse(files[name]), files[of]
        except (EngineError, KeyError):
            continue
        newest, algorithm = record.newest, record.newest.algorithm
        listed = set(newest.tree[0]) if newest.tree else set()
        if digest(algorithm, _MARK) not in listed:
            if len(record.stamps) > 1:
                faults.append(found("package.evidence-uncovered", name=name))
            continue
        there = _digests(files, algorithm)
        before = {digest(algorithm, stamp.token.der) for stamp in record.chains[-1][:-1]} or {
            bound_leaf(algorithm, digest(algorithm, data), record.earlier(len(record.chains) - 1))}
        if not before <= listed:
            continue
        lost = listed - before - {digest(algorithm, _MARK)} - there.keys()
        faults += [found("package.evidence-missing", name=_named(files, algorithm, one)) for one in sorted(lost)]
        more = {name for one, names in there.items() if one not in listed for name in names}
        unnamed = more if unnamed is None else unnamed & more
    return faults + [found("package.evidence-added", name=name) for name in sorted(unnamed or ())]


def _digests(files: Mapping[str, bytes], algorithm: str) -> dict[bytes, list[str]]:
    """The names of what renewals left, by digest."""
    there: dict[bytes, list[str]] = {}
    for name, data in files.items():
        if name.startswith(ADDED):
            there.setdefault(digest(algorithm, data), []).append(name)
    return there


def _named(files: Mapping[str, bytes], algorithm: str, lost: bytes) -> str:
    """The name of a file that was exchanged; of one that is gone, its digest."""
    there = (name for name in files if name.startswith(ADDED) and lost.hex().startswith(PurePosixPath(name).stem))
    return next(there, f"{algorithm.upper()} {lost.hex()}")

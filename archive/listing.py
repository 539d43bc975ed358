"""What an archive holds: a line for each licence, and when its evidence has to be renewed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from archive.checking import due_of
from archive.layout import MANIFEST, MANIFEST_RECORD, read_package, tells_due
from archive.manifest import Manifest
from archive.snapshot import snapshot_trust
from archive.store import Archive
from certs.evidence_build import Material
from certs.evidence_record import EvidenceRecord
from codes.errors import EngineError

__all__ = ["Line", "lines"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One licence. ``archived_at``, ``due`` and ``stamps`` are None where they cannot be read: it has to be verified.

    ``stamps`` counts the timestamps of its evidence record, ``anchors`` are the fingerprints (SM3, hex) of the roots,
    roots of time and seal makers inside it, which a verifier without a trust folder names.
    """

    identifier: str
    kind: str
    archived_at: dt.datetime | None
    due: dt.datetime | None
    stamps: int | None
    anchors: tuple[str, ...]


def lines(archive: Archive, *, due_before: dt.datetime | None = None) -> Iterator[Line]:
    """Every licence, or those whose evidence has to be renewed before a moment, or cannot be read.

    Raises:
        FileError: the archive cannot be read.
    """
    for identifier in archive.identifiers():
        line = _line(archive, identifier)
        if due_before is None or line.due is None or line.due < due_before:
            yield line


def _line(archive: Archive, identifier: str) -> Line:
    try:
        files = read_package(archive.existing(identifier), only=lambda name: tells_due(name) or name.startswith(
            "trust/seal-makers/")).files
    except EngineError:
        files = {}
    manifest = Manifest.parse(files.get(MANIFEST, b""))
    trust = snapshot_trust(files)
    stamps, due = None, None
    if trust is not None:
        due = due_of(files, identifier, Material(certificates=(*trust.tsa, *trust.roots, *trust.intermediates)))
    try:
        stamps = sum(map(len, EvidenceRecord.parse(files[MANIFEST_RECORD]).chains))
    except (EngineError, KeyError):
        due = None
    return Line(
        identifier=identifier, kind="" if manifest is None else f"{manifest.kind} {manifest.kind_version}",
        archived_at=None if manifest is None else manifest.archived_at, due=due, stamps=stamps,
        anchors=() if trust is None else tuple(dict.fromkeys(
            one.fingerprint for one in (*trust.roots, *trust.tsa, *trust.seal_makers))))

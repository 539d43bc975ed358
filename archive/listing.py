"""What an archive holds: a line for each licence, and when its evidence has to be renewed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archive.checking import due_of
from archive.cover import cover_faults
from archive.errors import told_by_name
from archive.findings import Found, found
from archive.layout import MANIFEST, MANIFEST_RECORD, ORIGINAL_RECORD, read_package, tells_due
from archive.manifest import Manifest
from archive.snapshot import snapshot_trust, unreadable
from archive.store import Archive
from certs.evidence_build import Material
from certs.evidence_record import EvidenceRecord
from codes.errors import EngineError
from verify.model import Severity

__all__ = ["Line", "line_of", "lines"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One licence. ``archived_at``, ``due`` and ``stamps`` are None where they cannot be read; ``faults`` say why.

    ``stamps`` counts the timestamps of its evidence record, ``anchors`` are the fingerprints (SM3, hex) of the roots,
    roots of time and seal makers inside it, which a verifier without a trust folder names.
    """

    identifier: str
    kind: str
    archived_at: dt.datetime | None
    due: dt.datetime | None
    stamps: int | None
    anchors: tuple[str, ...]
    faults: tuple[Found, ...] = ()


def lines(archive: Archive, *, due_before: dt.datetime | None = None) -> Iterator[Line]:
    """Every licence, or those whose evidence has to be renewed before a moment, or cannot be read.

    Raises:
        FileError: the archive cannot be read.
    """
    for identifier in archive.identifiers():
        line = line_of(archive, identifier)
        if due_before is None or line.due is None or line.due < due_before:
            yield line


def line_of(archive: Archive, identifier: str) -> Line:
    """One licence; what cannot be read of it is told in its ``faults``."""
    try:
        with told_by_name(identifier):
            return _read(archive.existing(identifier), identifier)
    except EngineError as error:
        return Line(identifier=identifier, kind="", archived_at=None, due=None, stamps=None, anchors=(),
                    faults=(found("package.unread", zh=error.zh, en=error.en),))


def _read(folder: Path, identifier: str) -> Line:
    package = read_package(folder, only=lambda name: tells_due(name) or name.startswith("trust/seal-makers/"))
    files = package.files
    faults = [found("package.odd", name=odd.name, what=odd.what) for odd in package.odd if odd.what != "left-over"]
    faults += [found("package.missing", name=name) for name in (MANIFEST, MANIFEST_RECORD, ORIGINAL_RECORD)
               if name not in files]
    manifest, trust = Manifest.parse(files.get(MANIFEST, b"")), snapshot_trust(files)
    if MANIFEST in files and (manifest is None or manifest.identifier != identifier):
        faults.append(found("package.manifest"))
    faults += [found("package.trust-unread", name=name) for name in unreadable(files)]
    faults += [each for each in cover_faults(files, identifier) if each.severity is not Severity.NOTE]
    stamps, due = None, None
    if trust is None:
        faults.append(found("package.trust"))
    else:
        due = due_of(files, identifier, Material(certificates=(*trust.tsa, *trust.roots, *trust.intermediates)))
    try:
        stamps = sum(map(len, EvidenceRecord.parse(files[MANIFEST_RECORD]).chains))
    except (EngineError, KeyError):
        due = None
    if due is None and not faults:
        faults.append(found("package.no-day"))
    return Line(
        identifier=identifier, kind="" if manifest is None else f"{manifest.kind} {manifest.kind_version}",
        archived_at=None if manifest is None else manifest.archived_at, due=due, stamps=stamps,
        anchors=() if trust is None else tuple(dict.fromkeys(
            one.fingerprint for one in (*trust.roots, *trust.tsa, *trust.seal_makers))), faults=tuple(faults))

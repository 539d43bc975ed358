"""A licence out of its package: original, rendition, OFD-A and evidence, as a verifier takes them.

The package is checked by what the reader believes, and an original that is not proven lies in a folder that says so:
whoever made a package chose its manifest and the trust inside it. That trust is handed out as what it is, not
verified; as a trust folder only where the anchors were named.

What is intact is handed out even where something else is not, and what is not is named: an archive that is damaged in
one file must not lose the others. A damaged original is never handed out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from archive.checking import Believer, PackageReport, check_files, whole
from archive.errors import ArchiveCode, ArchiveError
from archive.findings import Found, found
from archive.layout import (
    MANIFEST,
    MANIFEST_RECORD,
    ORIGINAL_RECORD,
    RECORD,
    ofda_name,
    original_name,
    read_package,
    rendition_name,
)
from archive.manifest import Manifest
from archive.snapshot import KINDS, TRUST, named_files, renewal_files
from archive.store import publish_tree
from certs.files import reported
from verify.model import Severity, Verdict

__all__ = ["UNPROVEN", "UNVERIFIED", "Restored", "restore"]

UNPROVEN: Final = "unproven/"
"""The folder for everything, where the original is not proven by what the reader believes."""

UNVERIFIED: Final = "unverified/"
"""The folder for what nobody has verified: trust and kind data as the package brings them."""
_WEIGH: Final = ("package.evidence", "package.original", "package.manifest", "package.kind", "package.trust")

_README: Final = """\
这里的内容是档案包自带的，未经核实：档案包不能为自己作证，伪造者的档案包里放的是伪造者的根证书。
请用您自己的信任目录核验，或取出时以 --anchor 点名您另行保管的指纹。

What lies here came with the package and is not verified: a package does not vouch for itself, and a forger's brings
the forger's roots. Verify by a trust folder of your own, or restore with --anchor and fingerprints that you kept
elsewhere.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was handed out: names in the new folder, and what in the package is not good or not proven.

    ``proven``: the original is genuine, the evidence of it and of the manifest holds, and the trust of the package, by
    which this was judged, is that of the day of archiving, and no list added since is unread.
    """

    identifier: str
    names: tuple[str, ...]
    faults: tuple[Found, ...]
    proven: bool


def restore(folder: Path, out: Path, *, believe: Believer, at: dt.datetime, anchors: Sequence[str] = ()) -> Restored:
    """Write the files of a licence to the new folder ``out``; to ``out/unproven`` where the original is not proven.

    ``<identifier>.ofd`` with its evidence ``<identifier>.ofd.er``, ``<identifier>.pdf``, ``ofda/<identifier>.ofd``,
    ``record.xml``; under ``unverified/`` the trust and kind data of the package.

    Args:
        believe: as of :func:`archive.checking.check_package`.
        at: the present (aware).
        anchors: SM3 of certificates that the reader believes, hex. With any, the trust data become the trust folder
            ``trust/`` with these anchors alone: ``zhengyin verify <identifier>.ofd --trust trust``.

    Raises:
        ArchiveError: ``archive.unknown``; ``archive.damaged``: the original is not the one that was archived;
            ``archive.out-exists``.
        FileError: ``out`` cannot be written; nothing is left then.
    """
    package = read_package(folder)
    manifest, told = whole(package)
    identifier = folder.name
    if manifest is None or not _sound(manifest, package.files, original_name(identifier)):
        first = next(iter(_weighing(told)), None)
        raise ArchiveError(
            ArchiveCode.DAMAGED, f"证照 {identifier} 的原件不可取出（{first.zh if first else '—'}）；请从备份恢复",
            f"the original of {identifier} cannot be handed out ({first.en if first else '—'}); use a backup")
    given = {original_name(identifier): f"{identifier}.ofd", rendition_name(identifier): f"{identifier}.pdf",
             ofda_name(identifier): ofda_name(identifier), RECORD: RECORD}
    files = {new: package.files[old] for old, new in given.items() if _sound(manifest, package.files, old)}
    sound = {name: data for name, data in package.files.items()
             if not name.startswith((TRUST, KINDS)) or _sound(manifest, package.files, name)}
    files |= _evidence(sound, identifier) | _brought(sound, anchors)
    report = check_files(package, believe=believe, at=at)
    proven = _proven(report) and _is_untouched(manifest, package.files, TRUST)
    if not proven:
        files = {UNPROVEN + name: data for name, data in files.items()}
    with reported(out):
        if out.is_symlink() or out.exists():
            raise ArchiveError(ArchiveCode.OUT_EXISTS, f"{out} 已存在，不会覆盖；请换一个目录",
                               f"{out} exists and is not overwritten: choose another folder", path=str(out))
    publish_tree(out, files)
    return Restored(identifier=identifier, names=tuple(files), faults=_weighing(report.findings), proven=proven)


def _weighing(findings: Iterable[Found]) -> tuple[Found, ...]:
    return tuple(each for each in findings if each.severity is not Severity.NOTE)


def _proven(report: PackageReport) -> bool:
    """Whether original and evidence are good, whatever the copies are."""
    original = report.original
    return (original is not None and original.verdict is Verdict.VALID and report.existed_at is not None
            and not any(each.code.startswith(_WEIGH) or each == found("package.missing", name=ORIGINAL_RECORD)
                        for each in _weighing(report.findings)))


def _is_untouched(manifest: Manifest, files: Mapping[str, bytes], folder: str) -> bool:
    """Whether a folder of the package holds what it held on the day of archiving, no more and no less."""
    names = {name for name in (*manifest.files, *files) if name.startswith(folder)}
    return all(_sound(manifest, files, name) for name in names)


def _sound(manifest: Manifest, files: Mapping[str, bytes], name: str) -> bool:
    listed = manifest.files.get(name)
    return listed is not None and name in files and listed.fits(files[name])


def _evidence(files: Mapping[str, bytes], identifier: str) -> dict[str, bytes]:
    """The record beside its file, the manifest with its own."""
    given = {MANIFEST: MANIFEST, ORIGINAL_RECORD: f"{identifier}.ofd.er", MANIFEST_RECORD: f"{MANIFEST}.er"}
    return {new: files[old] for old, new in given.items() if old in files}


def _brought(files: Mapping[str, bytes], anchors: Sequence[str]) -> dict[str, bytes]:
    """The trust of the package, with the anchors and lists of renewals where they can be read, and its kind."""
    given = {name: data for name, data in files.items() if name.startswith((TRUST, KINDS))}
    given |= renewal_files(files)
    trusted = named_files(given, anchors) if anchors else {}
    rest = {UNVERIFIED + name: data for name, data in given.items() if not (anchors and name.startswith(TRUST))}
    if rest:
        rest[f"{UNVERIFIED}README.txt"] = _README.encode()
    return trusted | rest

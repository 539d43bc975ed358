"""A licence out of its package: original, rendition, OFD-A, evidence and trust, as a verifier takes them.

What is intact is handed out even where something else is not, and what is not is named: an archive that is damaged in
one file must not lose the others. A damaged original is never handed out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from archive.checking import whole
from archive.errors import ArchiveCode, ArchiveError
from archive.findings import Found
from archive.layout import (
    MANIFEST,
    ORIGINAL_RECORD,
    RECORD,
    ofda_name,
    original_name,
    read_package,
    rendition_name,
)
from archive.manifest import Manifest
from archive.snapshot import renewal_material
from archive.store import publish_tree
from certs.files import reported
from codes.errors import EngineError
from verify.model import Severity

__all__ = ["Restored", "restore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was handed out: names in the new folder, and what in the package was not as it was archived."""

    identifier: str
    names: tuple[str, ...]
    faults: tuple[Found, ...]


def restore(folder: Path, out: Path) -> Restored:
    """Write the files of a licence to the new folder ``out``.

    ``<identifier>.ofd`` with its evidence ``<identifier>.ofd.er``, ``<identifier>.pdf``, ``<identifier>.ofd-a.ofd``,
    ``record.xml``, ``trust/`` and ``kinds/``: ``zhengyin verify <identifier>.ofd --trust trust`` finds the evidence.

    Raises:
        ArchiveError: ``archive.unknown``; ``archive.damaged``: the original is not the one that was archived;
            ``archive.out-exists``.
        FileError: ``out`` cannot be written; nothing is left then.
    """
    package = read_package(folder)
    manifest, found = whole(package)
    faults = tuple(each for each in found if each.severity is not Severity.NOTE)
    identifier = folder.name
    if manifest is None or not _sound(manifest, package.files, original_name(identifier)):
        first = faults[0] if faults else None
        raise ArchiveError(
            ArchiveCode.DAMAGED, f"证照 {identifier} 的原件不可取出（{first.zh if first else '—'}）；请从备份恢复",
            f"the original of {identifier} cannot be handed out ({first.en if first else '—'}); use a backup")
    given = {original_name(identifier): f"{identifier}.ofd", rendition_name(identifier): f"{identifier}.pdf",
             ofda_name(identifier): f"{identifier}.ofd-a.ofd", RECORD: RECORD}
    files = {new: package.files[old] for old, new in given.items() if _sound(manifest, package.files, old)}
    files |= {name: data for name, data in package.files.items()
              if name.startswith(("trust/", "kinds/")) and _sound(manifest, package.files, name)}
    files |= _evidence(package.files, identifier)
    with reported(out):
        if out.is_symlink() or out.exists():
            raise ArchiveError(ArchiveCode.OUT_EXISTS, f"{out} 已存在，不会覆盖；请换一个目录",
                               f"{out} exists and is not overwritten: choose another folder", path=str(out))
    publish_tree(out, files)
    return Restored(identifier=identifier, names=tuple(files), faults=faults)


def _sound(manifest: Manifest, files: Mapping[str, bytes], name: str) -> bool:
    listed = manifest.files.get(name)
    return listed is not None and name in files and listed.fits(files[name])


def _evidence(files: Mapping[str, bytes], identifier: str) -> dict[str, bytes]:
    """The record beside its file, the manifest with its own, and the anchors and lists of renewals among the trust."""
    found = {name: files[name] for name in (MANIFEST,) if name in files}
    if ORIGINAL_RECORD in files:
        found[f"{identifier}.ofd.er"] = files[ORIGINAL_RECORD]
    if "evidence/manifest.er" in files:
        found["manifest.json.er"] = files["evidence/manifest.er"]
    try:
        added = renewal_material(files)
    except EngineError:
        return found
    found |= {f"trust/tsa/{one.fingerprint[:16]}.cer": one.der for one in added.tsa}
    return found | {f"trust/crls/renewal-{number}.crl": crl.der for number, crl in enumerate(added.crls)}

"""Evidence of an archive renewed before it weakens: one timestamp for many packages, each file written whole.

A package is renewed only while it is whole and its evidence holds for it, or did until a timestamp ended; any other is
told and left alone, and keeps none of its neighbours from being renewed. Where the digest of a record is
about to weaken, the record gets a further chain over the files themselves by another one (RFC 4998 clause 5.2). Each
file of a package is put in place by itself, and each is good with the others new or old, so that a stopped renewal
leaves nothing broken: what was not reached is still due.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from archive.checking import due_of, whole
from archive.cover import covered
from archive.errors import ArchiveCode, ArchiveError, told_by_name
from archive.findings import found
from archive.kept_lists import Beside, words_beside
from archive.lapse import Lapse
from archive.layout import (
    ADDED_TSA,
    MANIFEST,
    PackageFiles,
    original_name,
    read_package,
    rendition_name,
    require_readable,
    tells_due,
)
from archive.pades import pdf_due, renew_lta
from archive.readiness import RECORDS, Ready, made_ready
from archive.snapshot import snapshot_trust
from archive.store import Archive
from certs.evidence_build import MARGIN, Material, Stamper, due, rehash, renew, weakens
from certs.evidence_record import EvidenceRecord
from certs.files import make_folder, reported, write_atomic
from certs.moments import later
from certs.strength import DIGESTS
from certs.trust import Trust
from codes.errors import EngineError
from verify.model import Severity

__all__ = ["BATCH", "NotRenewed", "Renewed", "renew_all"]

BATCH: Final = 256
"""Packages under one timestamp."""
_STAMPED: Final = ("sha256", "sha384", "sha512")
"""Digests of document timestamps, the first that is strong."""


@dataclass(frozen=True, slots=True)
class Renewed:
    """A package whose evidence was renewed.

    ``was_due`` is the last moment for it, None where it is not known. With a ``lapse`` the renewal came too late: it
    proves existence from now on, and nothing earlier. ``unshown``: it could wait no longer, and no list or answer in
    force showed the timestamp before it to be good.
    """

    identifier: str
    was_due: dt.datetime | None
    lapse: Lapse | None = None
    unshown: bool = False


@dataclass(frozen=True, slots=True)
class NotRenewed:
    """A package that was due and could not be renewed, and why."""

    identifier: str
    error: EngineError


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    """A package that is due: its records as they were read, and what was made ready.

    ``beside``: what is written and cleared away under ``evidence/``; ``covers``: what of it each record covers then.
    """

    identifier: str
    was_due: dt.datetime | None
    records: tuple[bytes, ...]
    ready: Ready
    beside: Beside
    covers: tuple[tuple[bytes, ...], ...]
    folder: Path
    weakens: bool

    def sources(self) -> list[Callable[[], bytes]]:
        """What the records are of, read when it is asked for."""
        return [functools.partial(_read, self.folder, name) for name in (MANIFEST, original_name(self.identifier))]


def _read(folder: Path, name: str) -> bytes:
    data = read_package(folder, only=lambda each: each == name).files.get(name)
    if data is None:
        raise _damaged(folder.name, f"缺少 {name}", f"{name} is missing")
    return data


def _damaged(identifier: str, zh: str, en: str) -> ArchiveError:
    return ArchiveError(
        ArchiveCode.DAMAGED, f"档案包 {identifier} 不完整（{zh}），未续期；请从备份恢复",
        f"the package {identifier} is not whole ({en}), so it is not renewed: restore it from a backup")


def _require_whole(package: PackageFiles) -> None:
    """Refuse a package that is not as it was archived.

    Raises:
        ArchiveError: ``archive.damaged``.
    """
    faults = [each for each in whole(package)[1] if each.severity is not Severity.NOTE]
    faults += [found("package.missing", name=name) for name in RECORDS if name not in package.files]
    if faults:
        raise _damaged(package.folder.name, faults[0].zh, faults[0].en)


def renew_all(archive: Archive, *, before: dt.datetime, now: dt.datetime, trust: Trust,
              timestamper: Stamper) -> Iterator[Renewed | NotRenewed]:
    """Renew every package that is due before a moment, in batches; each outcome is told when it is final.

    Args:
        now: the present (aware), at which the evidence is judged.
        trust: judges the evidence, so it has the anchors of the services of all years; those that a package does not
            have yet, and the lists of today, are put beside its evidence.

    Raises:
        FileError: the archive cannot be read.
    """
    material = Material(certificates=(*trust.roots, *trust.tsa, *trust.intermediates), crls=trust.crls,
                        ocsp=trust.ocsp)
    pending = _pending(archive, before, now, trust, material)
    while batch := list(islice(pending, BATCH)):
        for one in batch:
            if isinstance(one, NotRenewed):
                yield one
        waiting = [one for one in batch if isinstance(one, _Due)]
        for weak in (False, True):
            yield from _batch(archive, [one for one in waiting if one.weakens is weak], before, trust, material,
                              timestamper)


def _pending(archive: Archive, before: dt.datetime, now: dt.datetime, trust: Trust,
             material: Material) -> Iterator[_Due | NotRenewed]:
    """Every package that is due, whole or not."""
    for identifier in archive.identifiers():
        try:
            with told_by_name(identifier):
                found = _examined(archive.existing(identifier), before, now, trust, material)
            if found is not None:
                yield found
        except EngineError as error:
            yield NotRenewed(identifier, error)


def _examined(folder: Path, before: dt.datetime, now: dt.datetime, trust: Trust, material: Material) -> _Due | None:
    """A package made ready to be renewed; None where it is not due.

    Raises:
        ArchiveError: ``archive.damaged``, ``archive.unshown``.
        EngineError: what it holds cannot be read.
    """
    identifier = folder.name
    told = read_package(folder, only=tells_due).files
    last = due_of(told, identifier, _with_own(material, told), trust.strength)
    if last is not None and last >= before:
        return None
    package = read_package(folder)
    _require_whole(package)
    records = tuple(package.files[name] for name in RECORDS)
    ready = made_ready(package.files, identifier, now=now, trust=trust, material=_with_own(material, package.files))
    weak = any(weakens(record, later(before, MARGIN), trust.strength) for record in records)
    beside = _beside(package.files, identifier, trust)
    left = {**{name: data for name, data in package.files.items() if name not in beside.needless}, **beside.new}
    algorithms = [_strong(DIGESTS, before, trust) if weak else EvidenceRecord.parse(record).newest.algorithm
                  for record in records]
    covers = {algorithm: covered(left, algorithm) for algorithm in set(algorithms)}
    return _Due(identifier=identifier, was_due=last, records=records, folder=folder, ready=ready, weakens=weak,
                beside=beside, covers=tuple(covers[algorithm] for algorithm in algorithms))


def _batch(archive: Archive, batch: Sequence[_Due], before: dt.datetime, trust: Trust, material: Material,
           timestamper: Stamper) -> Iterator[Renewed | NotRenewed]:
    if not batch:
        return
    try:
        records = [record for one in batch for record in one.ready.records]
        covers = [each for one in batch for each in one.covers]
        stamped = _strong(_STAMPED, before, trust)
        if batch[0].weakens:
            renewed = rehash(records, [source for one in batch for source in one.sources()],
                             _strong(DIGESTS, before, trust), timestamper, material, beside=covers)
        else:
            renewed = renew(records, timestamper, material, beside=covers)
    except EngineError as error:
        yield from (NotRenewed(one.identifier, error) for one in batch)
        return
    for place, one in enumerate(batch):
        try:
            with told_by_name(one.identifier), archive.held(one.identifier) as folder:
                own = renewed[len(RECORDS) * place:][:len(RECORDS)]
                _put(folder, one, own, trust, material, timestamper, stamped)
            yield Renewed(one.identifier, one.was_due, one.ready.lapse, one.ready.unshown)
        except EngineError as error:
            yield NotRenewed(one.identifier, error)


def _strong(algorithms: Sequence[str], before: dt.datetime, trust: Trust) -> str:
    """The first digest that stays strong beyond what is renewed now."""
    strong = next((each for each in algorithms if trust.strength.holds(later(before, MARGIN), each)), None)
    if strong is None:
        raise ArchiveError(
            ArchiveCode.WEAK, "信任目录的 algorithms.json 中没有仍然可靠的摘要算法，无法续期，请核对",
            "by algorithms.json of the trust folder no digest stays strong, so nothing can be renewed; check it")
    return strong


def _put(folder: Path, one: _Due, records: Sequence[bytes], trust: Trust, material: Material,
         timestamper: Stamper, stamped: str) -> None:
    """Write what judges the new timestamps, then the records, then the rendition; call it while the package is held."""
    package = read_package(folder)
    _require_whole(package)         # nothing is written through a link that was laid there meanwhile
    files = package.files
    with reported(folder):
        for odd in package.odd:
            if odd.what == "left-over":
                (folder / odd.name).unlink(missing_ok=True)
    new = {name: made for name, old, made in zip(RECORDS, one.records, records, strict=True)
           if files.get(name) == old}           # another process may have renewed it meanwhile
    files |= _written(folder, files, {**one.beside.new, **new})
    name = rendition_name(one.identifier)
    known, strength = _with_own(material, files), trust.strength
    last = pdf_due(files[name], known, strength=strength)
    if last is None or last < max(due(record, material=known, strength=strength) for record in records):
        _written(folder, files, {name: renew_lta(files[name], timestamper, known, algorithm=stamped)})
    if new.keys() == set(RECORDS):          # those of another process may cover what is needless here
        with reported(folder):
            for name in one.beside.needless:
                (folder / name).unlink(missing_ok=True)


def _written(folder: Path, files: Mapping[str, bytes], new: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Write new files, one after the other, if the package can be read with them.

    Raises:
        ArchiveError: ``archive.too-large``.
        EvidenceError: a record is none that a reader takes.
    """
    for name in RECORDS:
        if name in new:
            EvidenceRecord.parse(new[name])
    require_readable(folder.name, {**files, **new})
    for name, data in new.items():
        make_folder((folder / name).parent)
        write_atomic(folder / name, data)
    return new


def _with_own(material: Material, files: Mapping[str, bytes]) -> Material:
    """The material of today with what the package holds of earlier services."""
    own = snapshot_trust(files)
    if own is None:
        return material
    return Material(certificates=(*material.certificates, *own.tsa, *own.roots, *own.intermediates),
                    crls=(*material.crls, *own.crls), ocsp=material.ocsp)


def _beside(files: Mapping[str, bytes], identifier: str, trust: Trust) -> Beside:
    """Roots of time that the package does not have yet, with the lists and answers that it is to have."""
    own = snapshot_trust(files)
    held = {one.der for one in own.tsa} if own is not None else set()
    words = words_beside(files, identifier, trust)
    return dataclasses.replace(words, new={
        **{f"{ADDED_TSA}{one.fingerprint[:16]}.cer": one.der for one in trust.tsa if one.der not in held}, **words.new})

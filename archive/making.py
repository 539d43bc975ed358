"""Sealed packages into an archive: verified first, then copied, described, timestamped, and put there whole.

What is not genuine on that day is refused with the reason; what lies there already is left as it is. One timestamp
serves all packages of a batch. Nothing appears in the archive before it is complete, so a stopped process leaves
nothing behind but what the next one clears away, and a repeat goes on where it ended.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import Final

from archive.audit_extract import extracts
from archive.checking import check_files
from archive.errors import ArchiveCode, ArchiveError
from archive.layout import (
    AUDIT,
    MANIFEST,
    MANIFEST_RECORD,
    METADATA,
    ORIGINAL_RECORD,
    RECORD,
    PackageFiles,
    ofda_name,
    original_name,
    read_package,
    rendition_name,
    require_readable,
)
from archive.manifest import Listed, Manifest
from archive.metadata import Act, Described, metadata_xml
from archive.ofda import make_ofda, read_seal
from archive.pades import make_lta
from archive.snapshot import kind_files, snapshot_files, with_snapshot
from archive.store import Archive
from certs.evidence_build import Material, Stamper, new_record
from certs.home import Home
from certs.ses import SesSignature
from certs.sm3 import sm3
from certs.trust import Trust
from certs.x509 import Certificate
from codes.china_time import in_china
from codes.errors import EngineError
from layouts import load_kind
from verify import verify
from verify.agree import role_value
from verify.model import Severity, Verdict
from verify.ofd import OfdDocument, read_ofd
from verify.reasons import Findings
from verify.record import RecordData, read_record
from verify.report import Report
from verify.zip import read_zip

__all__ = ["BATCH", "Kept", "Refused", "material_of", "put_in"]

BATCH: Final = 64
"""Packages that are in memory, and under one timestamp, at a time."""
_ALGORITHM: Final = "sm3"
_ATTACHED: Final = "Doc_0/Attachs/"
_DATA_SIGNER: Final = f"{_ATTACHED}data-signing.cer"


@dataclass(frozen=True, slots=True)
class Kept:
    """A licence that is in the archive now; ``repeated``: it was there before."""

    source: Path
    identifier: str
    repeated: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that did not come into the archive, and why."""

    source: Path
    error: EngineError


@dataclass(slots=True)
class _Package:
    """A package in the making."""

    source: Path
    identifier: str
    kind: str
    kind_version: str
    seal_id: str
    files: dict[str, bytes]
    described: Described
    manifest: bytes = b""


def material_of(trust: Trust) -> Material:
    """What judges timestamp authorities, out of a trust folder."""
    return Material(certificates=(*trust.roots, *trust.tsa, *trust.intermediates), crls=trust.crls,
                    ocsp=trust.ocsp)


def put_in(archive: Archive, sources: Iterable[tuple[Path, bytes]], *, home: Home,
           timestamper: Stamper) -> Iterator[Kept | Refused]:
    """Put sealed packages into an archive, in batches; each outcome is told when it is final.

    Args:
        sources: path, for telling, and content of each file.
        home: the home whose trust folder judges, whose logs are searched, and whose clock counts.
        timestamper: gives tokens over SM3 (evidence) and SHA-256 (PDF).

    Raises:
        TrustError, FileError: the home's trust folder cannot be used, or the archive not be written at all.
    """
    left = iter(sources)
    while batch := list(islice(left, BATCH)):
        yield from _batch(archive, batch, home, timestamper)


def _batch(archive: Archive, batch: Sequence[tuple[Path, bytes]], home: Home,
           timestamper: Stamper) -> Iterator[Kept | Refused]:
    trust, now = home.trust(), home.clock().replace(microsecond=0)
    made: dict[str, _Package] = {}
    for source, data in batch:
        try:
            package = _read(source, data, trust, now)
            twin = made.get(package.identifier)
            known = _known(archive, package) if twin is None else _same(package, twin.files)
            if known:
                yield Kept(source, package.identifier, repeated=True)
                continue
            _complete(package, data, trust, now, timestamper)
            made[package.identifier] = package
        except EngineError as error:
            yield Refused(source, error)
    yield from _stamped(archive, list(made.values()), home, trust, timestamper, now)


def _stamped(archive: Archive, packages: list[_Package], home: Home, trust: Trust, timestamper: Stamper,
             now: dt.datetime) -> Iterator[Kept | Refused]:
    """One timestamp over all manifests and originals of a batch; then each package is put in its place."""
    if not packages:
        return
    try:
        logged = extracts(home, {each.identifier: each.seal_id for each in packages})
        for package in packages:
            if logged[package.identifier]:
                package.files[AUDIT] = logged[package.identifier]
            package.manifest = _manifest(package, now)
        digests = [sm3(data) for each in packages for data in (
            each.manifest, each.files[original_name(each.identifier)])]
        records = new_record(digests, _ALGORITHM, timestamper)
    except EngineError as error:
        yield from (Refused(each.source, error) for each in packages)
        return
    for place, package in enumerate(packages):
        package.files |= {MANIFEST: package.manifest, MANIFEST_RECORD: records[2 * place],
                          ORIGINAL_RECORD: records[2 * place + 1]}
        try:
            _require_good(archive.folder(package.identifier), package.files, trust, home.clock())
            with archive.held(package.identifier):
                repeated = _known(archive, package)              # another process may have been first
                if not repeated:
                    archive.publish(package.identifier, package.files)
            yield Kept(package.source, package.identifier, repeated=repeated)
        except EngineError as error:
            yield Refused(package.source, error)


def _known(archive: Archive, package: _Package) -> bool:
    """Whether this very original is in the archive.

    Raises:
        ArchiveError: ``archive.other-original``: another one is.
    """
    folder, name = archive.folder(package.identifier), original_name(package.identifier)
    if not os.path.lexists(folder):
        return False
    try:
        there = read_package(folder, only=lambda each: each == name).files
    except ArchiveError:
        there = {}
    return _same(package, there)


def _same(package: _Package, files: dict[str, bytes]) -> bool:
    name = original_name(package.identifier)
    if files.get(name) != package.files[name]:
        raise ArchiveError(
            ArchiveCode.OTHER_ORIGINAL,
            f"档案中已有证照 {package.identifier}，其原件与这个文件不同，未作改动；请先用 zhengyin archive verify 核验",
            f"the archive has a licence {package.identifier} whose original is another file; nothing was changed: "
            "verify it first with zhengyin archive verify")
    return True


def _read(source: Path, data: bytes, trust: Trust, now: dt.datetime) -> _Package:
    """Verify a file and take it apart.

    Raises:
        ArchiveError: ``archive.not-genuine``, ``archive.not-a-licence``.
    """
    report = verify(data, trust=trust, at=now, clock_now=now, name=source.name)
    if report.verdict is not Verdict.VALID:
        raise _not_genuine(report)
    if report.file.kind != "ofd" or not report.file.own or report.licence is None:
        raise ArchiveError(
            ArchiveCode.NOT_A_LICENCE, "归档的应是本系统签发的盖章 OFD 原件；PDF 副本在其内，不单独归档",
            "what is archived is a sealed OFD package of ours; the PDF is inside it and is not archived alone")
    found = read_zip(data)
    entries = {name: entry.data for name, entry in found.entries.items()}
    document = read_ofd(found, Findings())
    seal = read_seal(entries, data)
    record = read_record(entries[f"{_ATTACHED}record.xml"], RECORD)
    identifier = record.identifier
    return _Package(
        source=source, identifier=identifier, kind=record.kind, kind_version=record.kind_version, seal_id=seal.seal_id,
        files={original_name(identifier): data, RECORD: entries[f"{_ATTACHED}record.xml"]},
        described=_described(document, record, report, now, seal.signed_at, trust.name))


def _not_genuine(report: Report) -> ArchiveError:
    zh, en = report.words
    first = next((reason for reason in report.reasons if report.weighs(reason)), None)
    why_zh, why_en, code = (first.zh, first.en, first.code) if first else ("—", "—", "")
    return ArchiveError(
        ArchiveCode.NOT_GENUINE, f"核验结论为“{zh}”（{why_zh}），不予归档；请用 zhengyin verify 查看全部理由",
        f"the verifier answers “{en}” ({why_en}), so it is not archived; see all reasons with zhengyin verify",
        reason=code)


def _described(document: OfdDocument, record: RecordData, report: Report, now: dt.datetime, signed_at: dt.datetime,
               office: str) -> Described:
    kind = load_kind(record.kind)
    authority = role_value(kind, record, "issuer_name")
    status = report.status
    return Described(
        identifier=record.identifier, title=document.title, number=role_value(kind, record, "number"),
        holder=role_value(kind, record, "holder_name"), holder_code=role_value(kind, record, "holder_code"),
        issued=role_value(kind, record, "issued"),
        first_day=str(status.first_day or ""), last_day=str(status.last_day or ""),
        authority=(authority, role_value(kind, record, "issuer_code")), kind=f"{record.kind} {record.kind_version}",
        pages=len(document.pages), archived_at=now, items=document.custom_datas,
        acts=(Act(name="签章", at=signed_at, by=authority, told="盖电子印章签发"),
              Act(name="核验", at=now, by=office, told="归档前核验，结论：真实"),
              Act(name="归档", at=now, by=office, told="封装、加时间戳并存入档案")), files={}, roles={})


def _complete(package: _Package, data: bytes, trust: Trust, now: dt.datetime, timestamper: Stamper) -> None:
    """Add the copies, the snapshot and the metadata.

    Raises:
        EngineError: no timestamp can be had, a kind cannot be read.
    """
    entries = {name: entry.data for name, entry in read_zip(data).entries.items()}
    one, identifier = package.described, package.identifier
    digest, day = sm3(data).hex(), in_china(now).date()
    package.files[rendition_name(identifier)] = make_lta(
        entries[f"{_ATTACHED}rendition.pdf"], timestamper, material_of(trust))
    package.files[ofda_name(identifier)] = make_ofda(data, archived_on=day, items=(
        ("电子文件号", identifier), ("题名", one.title), ("文件编号", one.number), ("责任者", one.authority[0]),
        ("文件日期", one.issued), ("归档日期", day.isoformat()), ("原件摘要", f"sm3:{digest}")))
    value = SesSignature.parse(next(each for name, each in entries.items() if name.endswith("/SignedValue.dat")),
                               allow_timestamp=True)
    attached = entries.get(_DATA_SIGNER)
    package.files |= snapshot_files(
        trust, Certificate.load(value.seal.certificate), None if attached is None else Certificate.load(attached))
    package.files |= kind_files(package.kind)


def _require_good(folder: Path, files: dict[str, bytes], trust: Trust, now: dt.datetime) -> None:
    """Nothing comes into an archive that its own check would find at fault.

    Raises:
        ArchiveError: ``archive.not-good``, ``archive.too-large``.
    """
    require_readable(folder.name, files)
    report = check_files(PackageFiles(folder=folder, files=files), at=now,
                         believe=lambda snapshot: with_snapshot(trust, snapshot))
    if report.verdict is not Verdict.VALID:
        first = next(each for each in report.findings if each.severity is not Severity.NOTE)
        raise ArchiveError(
            ArchiveCode.NOT_GOOD, f"做成的档案包未通过自查（{first.zh}），未归档；请按此更正，仍不行时请报告此情况",
            f"the package that was made does not pass its own check ({first.en}), so it is not archived: put that "
            "right, and report it where that does not help", reason=first.code)


def _manifest(package: _Package, now: dt.datetime) -> bytes:
    """Metadata, then the manifest over all files."""
    grows = rendition_name(package.identifier)
    listed = {name: Listed.of(data, grows=name == grows) for name, data in package.files.items()}
    roles = {
        original_name(package.identifier): "盖章的证照原件", grows: "版式副本（PAdES B-LTA）",
        ofda_name(package.identifier): "OFD-A 归档副本", RECORD: "证照数据", AUDIT: "审计日志摘录"}
    package.files[METADATA] = metadata_xml(dataclasses.replace(package.described, files=listed, roles=roles))
    listed[METADATA] = Listed.of(package.files[METADATA])
    return Manifest(
        identifier=package.identifier, kind=package.kind, kind_version=package.kind_version, archived_at=now,
        engine=_engine(), files=listed).to_json()


def _engine() -> str:
    try:
        return version("zhengyin")
    except PackageNotFoundError:
        return ""

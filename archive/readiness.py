"""Is the evidence of a package ready to be renewed? Its two records and the timestamps of its rendition, each judged
with all that it carries and the package holds against it.

A renewal fixes what is proven at that time. So what proves nothing of its file is not renewed, and what only lacks a
word of today waits for it as long as it can.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from archive.errors import ArchiveCode, ArchiveError
from archive.kept_lists import certificates_in
from archive.lapse import NEXT_TRY, NO_MARGIN, Lapse, Standing, of_record, of_timestamp
from archive.layout import MANIFEST, MANIFEST_RECORD, ORIGINAL_RECORD, original_name, rendition_name
from archive.pades import newest_timestamp, pdf_due
from archive.snapshot import snapshot_trust, with_snapshot
from certs.carried import Carried
from certs.evidence import judge_evidence
from certs.evidence_build import Material, completed, due, tidied
from certs.evidence_record import EvidenceRecord
from certs.trust import Trust

__all__ = ["RECORDS", "Ready", "made_ready"]

RECORDS: Final = (MANIFEST_RECORD, ORIGINAL_RECORD)


@dataclass(frozen=True, slots=True)
class Ready:
    """The records as they can be renewed together with others: each was judged and completed by itself.

    With a ``lapse`` the renewal comes too late for one of them or for the rendition; ``unshown``: it can wait no longer
    for a word in force.
    """

    records: tuple[bytes, ...]
    lapse: Lapse | None
    unshown: bool


def made_ready(files: Mapping[str, bytes], identifier: str, *, now: dt.datetime, trust: Trust,
               material: Material) -> Ready:
    """Judge the evidence of a package, and complete its records.

    Args:
        now: the present (aware).
        material: of today, with what the package holds of earlier services.

    Raises:
        ArchiveError: ``archive.damaged``: some of it proves nothing of its file and never did; ``archive.unshown``;
            ``archive.pdf-form``.
        EngineError: it cannot be read, or what judges it does not go into it.
    """
    believed = with_snapshot(trust, snapshot_trust(files))
    known = dataclasses.replace(
        material, certificates=(*material.certificates, *certificates_in(files, identifier)))
    records = [tidied(files[name], known) for name in RECORDS]
    parts = [_of_record(name, record, files[covered], believed, material, now) for name, record, covered in zip(
        RECORDS, records, (MANIFEST, original_name(identifier)), strict=True)]
    parts.append(_of_rendition(rendition_name(identifier), files, believed, material, now))
    for part in parts:
        part.require_renewable(identifier, now)
    lapses = (part.standing.lapse(part.end(NO_MARGIN), now) for part in parts)
    return Ready(records=tuple(completed(record, material) for record in records),
                 lapse=next((lapse for lapse in lapses if lapse is not None), None),
                 unshown=any(part.standing.is_unshown for part in parts))


@dataclass(frozen=True, slots=True)
class _Part:
    """A record or the rendition; ``end`` gives when its newest timestamp ends, less a margin."""

    name: str
    standing: Standing
    end: Callable[[dt.timedelta], dt.datetime | None]

    def require_renewable(self, identifier: str, now: dt.datetime) -> None:
        """Refuse what a renewal would not carry, or not yet.

        Raises:
            ArchiveError: ``archive.damaged``, ``archive.unshown``.
        """
        zh, en = self.standing.zh, self.standing.en
        if not self.standing.is_renewable:
            raise ArchiveError(
                ArchiveCode.DAMAGED,
                f"档案包 {identifier} 的 {self.name} 不成立（{zh}），未续期；请用 archive verify 核验，从备份恢复",
                f"{self.name} of the package {identifier} does not hold ({en}), so it is not renewed: see zhengyin "
                "archive verify, and restore it from a backup")
        next_try = self.end(NEXT_TRY) if self.standing.is_unshown else None
        if next_try is not None and next_try > now:
            raise ArchiveError(
                ArchiveCode.UNSHOWN,
                f"档案包 {identifier} 的 {self.name} 缺少现行的撤销信息（{zh}），现在续期会失去此前的证明，暂不续期；请"
                "把该时间戳服务所属 CA 的现行撤销列表放入信任目录（或执行 zhengyin certs refresh），再续期",
                f"for {self.name} of the package {identifier} there is no revocation information in force ({en}); "
                "renewed now, it would lose what it proves from before, so it is not renewed yet: put the current list "
                "of that timestamp service's CA into the trust folder (or run zhengyin certs refresh), and renew again")


def _of_record(name: str, record: bytes, covered: bytes, trust: Trust, material: Material, now: dt.datetime) -> _Part:
    result = judge_evidence(
        EvidenceRecord.parse(record), covered, anchors=trust.tsa, intermediates=trust.intermediates, crls=trust.crls,
        ocsp=trust.ocsp, carried=Carried(against=trust.against), now=now, strength=trust.strength)
    return _Part(name, of_record(result), lambda margin: due(
        record, material=material, strength=trust.strength, margin=margin))


def _of_rendition(name: str, files: Mapping[str, bytes], trust: Trust, material: Material, now: dt.datetime) -> _Part:
    pdf = files[name]
    return _Part(name, of_timestamp(newest_timestamp(pdf, trust, now)), lambda margin: pdf_due(
        pdf, material, strength=trust.strength, margin=margin))

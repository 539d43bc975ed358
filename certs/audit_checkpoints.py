"""The checkpoints of an exported audit log: which hold, whether they follow each other, and who signed them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from certs.audit import AUDIT_UNIT, CHECKPOINT, AuditError, Head, read_heads
from certs.audit_report import Findings
from certs.chain import validate
from certs.known import Known
from certs.statement import SignedStatement, StatementError, check_signature
from certs.untrusted_files import read_regular
from certs.x509 import Certificate

__all__ = [
    "CHECKPOINTS", "MAX_CHECKPOINT", "Checkpoint", "check_sequence", "check_signers", "own_checkpoints",
    "read_checkpoint",
]

CHECKPOINTS: Final = "checkpoints"
"""Name of their folder in an export."""
MAX_CHECKPOINT: Final = 512 * 1024
_OU: Final = "2.5.4.11"
_CHECKPOINT_NAME: Final = re.compile(r"[0-9]{6,9}\.json", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A checkpoint whose signature holds."""

    name: str
    sequence: int
    previous: bytes | None
    digest: bytes
    heads: tuple[Head, ...]
    certificate: Certificate
    anchor: Certificate | None

    @property
    def trusted(self) -> bool:
        """Whether its certificate is good; then ``anchor`` is what it rests on."""
        return self.anchor is not None


def own_checkpoints(
    folder: Path, listed: Iterable[str], known: Known, anchors: Sequence[Certificate], now: datetime,
    findings: Findings,
) -> list[Checkpoint]:
    """Return the checkpoints of an export that hold.

    Args:
        folder: where they lie; listed: the names there.
        known, anchors: what their certificates are judged by; now: the present (aware).
    """
    found = []
    for name in listed:
        data = read_regular(folder / name, max_bytes=MAX_CHECKPOINT)
        if data is None or not _CHECKPOINT_NAME.fullmatch(name):
            findings.add("audit.not-a-file", file=f"checkpoints/{name}")
            continue
        checkpoint = read_checkpoint(name, data, known, anchors, now, findings)
        if checkpoint is not None:
            found.append(checkpoint)
    return found


def read_checkpoint(
    name: str, data: bytes, known: Known, anchors: Sequence[Certificate], now: datetime, findings: Findings,
) -> Checkpoint | None:
    """Read and check one checkpoint; None when it does not hold."""
    try:
        signed = SignedStatement.parse(data, type=CHECKPOINT, max_bytes=MAX_CHECKPOINT)
        sequence, previous, heads = read_heads(signed.body)
        check_signature(signed)
    except (StatementError, AuditError) as error:
        findings.add("audit.checkpoint-bad", file=name, zh=error.zh, en=error.en)
        return None
    chain = validate(signed.certificate, intermediates=known.certificates, anchors=anchors, crls=known.crls,
                     ocsp=known.ocsp, at=signed.at, clock_now=now)
    if not chain.ok:
        findings.add("audit.checkpoint-untrusted", file=name, zh=chain.zh, en=chain.en)
    return Checkpoint(
        name=name, sequence=sequence, previous=previous, digest=signed.digest, heads=tuple(heads.values()),
        certificate=signed.certificate, anchor=chain.anchor if chain.ok else None)


def check_sequence(own: Sequence[Checkpoint], kept: Sequence[Checkpoint], findings: Findings) -> None:
    """The export's checkpoints are all there from the first, each naming the one before; so are those kept.

    Of one kept that is newer than the export's last it can only be said that it follows, if it does.
    """
    digests: dict[int, bytes] = {}
    for one in own:
        if one.sequence in digests or one.name != f"{one.sequence:06d}.json":
            findings.add("audit.checkpoint-missing", sequence=one.sequence)
        digests[one.sequence] = one.digest
    for sequence in range(1, max(digests, default=0) + 1):
        if sequence not in digests:
            findings.add("audit.checkpoint-missing", sequence=sequence)
    last = max(digests, default=0)
    for one in kept:
        if one.sequence > last:
            findings.add("audit.checkpoint-newer", file=one.name, sequence=one.sequence, last=last)
        if digests.setdefault(one.sequence, one.digest) != one.digest:
            findings.add("audit.checkpoint-missing", sequence=one.sequence)
    for one in (*own, *kept):
        if one.sequence > 1 and one.sequence - 1 in digests and one.previous != digests[one.sequence - 1]:
            findings.add("audit.checkpoint-missing", sequence=one.sequence - 1)


def check_signers(checkpoints: Sequence[Checkpoint], findings: Findings) -> None:
    """All were signed by audit certificates of one organisation."""
    newest = max(checkpoints, key=lambda one: one.sequence, default=None)
    for one in checkpoints:
        certificate = one.certificate
        if newest is not None and (certificate.subject_attribute(_OU) != AUDIT_UNIT
                                   or certificate.subject_o != newest.certificate.subject_o):
            findings.add("audit.checkpoint-signer", file=one.name, unit=AUDIT_UNIT)

"""Exports of audit logs for tests: made whole, then spoilt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from certs.audit import (
    AUDIT_UNIT,
    CHECKPOINT_EVENT,
    AuditEntry,
    Head,
    checkpoint_body,
    next_entry,
    write_line,
)
from certs.canonical_json import JSON
from certs.crl import Crl
from certs.signer import LocalSigner
from certs.statement import SignedStatement, sign_statement
from certs.x509_build import build_certificate
from tests.certs.core_pki import AT, END, START, Entity, new_key, root

REGISTRY, ISSUED = "registry-0123456789ab", "issued-ba9876543210"
ORGANISATION = "测试市应急管理局"


def audit_key(ca: Entity, *, unit: str = AUDIT_UNIT, organisation: str = ORGANISATION, serial: int = 7) -> LocalSigner:
    """Certify a key that signs checkpoints."""
    key = new_key("sm2")
    certificate = build_certificate(
        subject=(("C", "CN"), ("O", organisation), ("OU", unit), ("CN", "审计日志")), spki=key.spki,
        issuer=ca.certificate, issuer_key=ca.key, serial=serial, not_before=START, not_after=END,
        key_usage=("digitalSignature",))
    return LocalSigner(certificate, key)


@dataclass
class Export:
    """Logs and checkpoints that a test builds up and writes to a folder."""

    ca: Entity = field(default_factory=lambda: root(name="试验审计根 CA"))
    logs: dict[str, list[AuditEntry]] = field(default_factory=dict)
    checkpoints: list[SignedStatement] = field(default_factory=list)
    signer: LocalSigner | None = None
    crl: Crl | None = None

    def __post_init__(self) -> None:
        self.signer = self.signer or audit_key(self.ca)

    def head(self, log: str) -> Head | None:
        """The last entry of a log."""
        entries = self.logs.get(log)
        return Head(log, entries[-1].number, entries[-1].digest) if entries else None

    def add(self, log: str, event: str = "act.apply", /, **facts: JSON) -> AuditEntry:
        """Append an entry, a second after the last."""
        entries = self.logs.setdefault(log, [])
        entry = next_entry(self.head(log), log=log, at=AT + timedelta(seconds=len(entries)), event=event, facts=facts)
        entries.append(entry)
        return entry

    def checkpoint(self, *, signer: LocalSigner | None = None) -> SignedStatement:
        """Sign where the logs stand, and name the checkpoint in the registry's log."""
        used = signer or self.signer
        assert used is not None
        heads = {log: head for log in self.logs if (head := self.head(log)) is not None}
        signed = sign_statement(checkpoint_body(
            heads=heads, sequence=len(self.checkpoints) + 1,
            previous=self.checkpoints[-1].digest if self.checkpoints else None, at=AT), used)
        self.checkpoints.append(signed)
        self.add(REGISTRY, CHECKPOINT_EVENT, sequence=len(self.checkpoints), digest=signed.digest.hex())
        return signed

    def write(self, folder: Path, *, up_to: Mapping[str, int] | None = None) -> Path:
        """Write the export; ``up_to`` cuts logs short."""
        for name in ("checkpoints", "chain", "crls"):
            (folder / name).mkdir(parents=True)
        for log, entries in self.logs.items():
            kept = entries[:(up_to or {}).get(log)]
            (folder / f"{log}.jsonl").write_bytes(b"".join(write_line(entry) for entry in kept))
        for number, signed in enumerate(self.checkpoints, 1):
            (folder / "checkpoints" / f"{number:06d}.json").write_bytes(signed.to_json())
        (folder / "chain" / "root.cer").write_bytes(self.ca.certificate.der)
        (folder / "crls" / "root.crl").write_bytes((self.crl or self.ca.crl()).der)
        return folder


def sample(*, entries: int = 10) -> tuple[Export, dict[str, int]]:
    """Two logs with two checkpoints, and how far the last one signed them: entries beyond it are not exported."""
    export = Export()
    for number in range(entries):
        export.add(REGISTRY, "act.apply", case=f"S2026-{number:06d}")
        export.add(ISSUED, "use.sealed", package=f"{number:064x}")
        if number == entries // 2:
            export.checkpoint()
    signed = {log: len(found) for log, found in export.logs.items()}
    export.checkpoint()
    return export, signed

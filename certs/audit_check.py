"""Checking an exported audit log with the export alone: entries, links, checkpoints.

The folder may come from anybody. Logs are read line by line, whatever their size; nothing but regular files is
opened; what is wrong is a finding, never an exception. A checkpoint given from elsewhere, kept since it was made,
shows what the export's own checkpoints cannot: that all of them were made anew. One that is newer than the export's
last shows no cut: the export may simply be older.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from certs.audit import (
    CHECKPOINT_EVENT,
    MAX_LINE,
    AuditCode,
    AuditEntry,
    AuditError,
    genesis,
    is_log_name,
    is_sound,
    read_line,
)
from certs.audit_checkpoints import (
    CHECKPOINTS,
    Checkpoint,
    check_sequence,
    check_signers,
    own_checkpoints,
    read_checkpoint,
)
from certs.audit_report import AuditReport, Findings, LogSummary
from certs.crl import MAX_BYTES as MAX_CRL
from certs.crl import Crl
from certs.known import Known
from certs.ocsp import MAX_BYTES as MAX_OCSP
from certs.ocsp import OcspResponse
from certs.trust import Trust, is_demo_anchor
from certs.untrusted_files import is_folder, lines, names, open_regular, printable, read_regular
from certs.x509 import MAX_BYTES as MAX_CERTIFICATE
from certs.x509 import Certificate
from codes.errors import EngineError

__all__ = ["check_export"]

_T = TypeVar("_T")
_MAX_FILES: Final = 100_000
_OTHERS: Final = frozenset({CHECKPOINTS, "chain", "crls", "ocsp"})


@dataclass(slots=True)
class _Signed:
    """What checkpoints say of one log.

    Attributes:
        heads: number → (digest, sequence).
        trusted: the numbers that a trusted one signed.
        due: the numbers that the export must reach, being no older than their checkpoints.
    """

    heads: dict[int, tuple[bytes, int]] = field(default_factory=dict)
    trusted: set[int] = field(default_factory=set)
    due: set[int] = field(default_factory=set)

    def trusted_to(self, last: int) -> int:
        """The last number, of entries that are there up to ``last``, that a trusted checkpoint signed."""
        return max((number for number in self.trusted if number <= last), default=0)


def check_export(
    folder: Path, *, now: datetime, trust: Trust | None = None, checkpoints: Sequence[tuple[str, bytes]] = (),
) -> AuditReport:
    """Check an export of audit logs.

    Args:
        now: the present (aware).
        trust: whose roots the checkpoints must rest on; by default those in the export, which a note tells.
        checkpoints: (name, content) of checkpoint files kept elsewhere.

    Raises:
        AuditError: ``audit.not-an-export``, the folder holds neither logs nor checkpoints, or cannot be read.
    """
    findings = Findings()
    listed = names(folder, at_most=_MAX_FILES) or []
    if not any(name == CHECKPOINTS or _log_of(name) for name in listed):
        raise AuditError(
            AuditCode.NOT_AN_EXPORT, f"{printable(folder)} 不是审计日志的导出，请指明 zhengyin audit export 写出的目录",
            f"{printable(folder)} is no audit export: name a folder that zhengyin audit export has written")
    for name in listed:
        if name not in _OTHERS and _log_of(name) is None:
            findings.add("audit.strange-file", file=name)
    known, anchors = _known(folder, trust, findings)
    own = own_checkpoints(
        folder / CHECKPOINTS, _names(folder / CHECKPOINTS, findings), known, anchors, now, findings)
    kept = [one for name, data in checkpoints
            if (one := read_checkpoint(name, data, known, anchors, now, findings)) is not None]
    check_sequence(own, kept, findings)
    check_signers([*own, *kept], findings)
    signed = _heads([*own, *kept], newest=max((one.sequence for one in own), default=0))
    logged = {one.sequence: one.digest for one in own}
    summaries = []
    for name in listed:
        log = _log_of(name)
        if log is not None:
            summaries.append(_check_log(folder / name, log, signed.get(log, _Signed()), logged, findings))
    for log in sorted(log for log, said in signed.items() if said.due and log not in {one.log for one in summaries}):
        findings.add("audit.log-missing", log, sequence=max(signed[log].heads[number][1] for number in signed[log].due))
    if not summaries:
        findings.add("audit.empty")
    trusted = [one for one in (*own, *kept) if one.trusted]
    if not trusted:
        findings.add("audit.no-checkpoint")
    newest = max(trusted, key=lambda one: one.sequence, default=None)
    if newest is not None:
        _note_anchor(newest, own_anchors=trust is None, findings=findings)
    return AuditReport(
        findings=tuple(findings.kept), more=findings.more, logs=tuple(summaries),
        checkpoints=len({one.digest for one in trusted}),
        signer="" if newest is None else printable(newest.certificate.subject_text))


def _log_of(name: str) -> str | None:
    """The log that a file of this name holds."""
    log = name.removesuffix(".jsonl")
    return log if log != name and is_log_name(log) else None


def _check_log(
    path: Path, log: str, signed: _Signed, logged: dict[int, bytes], findings: Findings,
) -> LogSummary:
    """Read one log from its first line to its last."""
    reader = _LogReader(log, signed, logged, findings)
    file = open_regular(path)
    if file is None:
        findings.add("audit.not-a-file", log, file=path.name)
    else:
        with file:
            for line_number, line in enumerate(lines(file, max_bytes=MAX_LINE), 1):
                reader.take(line_number, line)
    return reader.end()


class _LogReader:
    """Follows one log entry by entry."""

    def __init__(self, log: str, signed: _Signed, logged: dict[int, bytes], findings: Findings) -> None:
        self._log, self._signed, self._logged, self._findings = log, signed, logged, findings
        self._number, self._entries = 0, 0
        self._digest: bytes | None = genesis(log)
        self._first_at: datetime | None = None
        self._last_at: datetime | None = None

    def take(self, line_number: int, line: bytes | None) -> None:
        """Take the next line; None stands for one that is too long or not ended."""
        try:
            entry = None if line is None else read_line(line)
        except AuditError:
            entry = None
        if entry is None:
            self._findings.add("audit.bad-line", self._log, line=line_number)
            self._digest = None
        elif entry.log != self._log:
            self._findings.add("audit.other-log", self._log, line=line_number)
        elif entry.number <= self._number:
            self._findings.add("audit.out-of-order", self._log, number=entry.number)
        else:
            self._follow(entry)

    def _follow(self, entry: AuditEntry) -> None:
        number = entry.number
        if number > self._number + 1:
            self._findings.add("audit.removed", self._log, first=self._number + 1, last=number - 1)
            self._digest = None
        if not is_sound(entry):
            self._findings.add("audit.changed", self._log, number=number)
        if self._digest is not None and entry.previous != self._digest:
            self._findings.add("audit.broken-link", self._log, number=number)
        if self._last_at is not None and entry.at < self._last_at:
            self._findings.add("audit.time", self._log, number=number)
        wanted = self._signed.heads.get(number)
        if wanted is not None and wanted[0] != entry.digest:
            self._findings.add("audit.contradicted", self._log, number=number, sequence=wanted[1])
        if entry.event == CHECKPOINT_EVENT:
            self._check_logged(entry)
        self._number, self._digest, self._entries = number, entry.digest, self._entries + 1
        self._first_at, self._last_at = self._first_at or entry.at, entry.at

    def _check_logged(self, entry: AuditEntry) -> None:
        """A checkpoint that the log speaks of is in the export."""
        sequence = entry.facts.get("sequence")
        digest = self._logged.get(sequence) if isinstance(sequence, int) else None
        if digest is None or digest.hex() != entry.facts.get("digest"):
            self._findings.add("audit.checkpoint-missing", self._log, sequence=sequence)

    def end(self) -> LogSummary:
        """Compare the end with what was signed."""
        signed, trusted_to = self._signed, self._signed.trusted_to(self._number)
        due = max(signed.due, default=0)
        if due > self._number:
            self._findings.add("audit.cut", self._log, last=self._number, number=due, sequence=signed.heads[due][1])
        if self._number > trusted_to:
            self._findings.add("audit.unsigned-tail", self._log, first=trusted_to + 1)
        return LogSummary(log=self._log, entries=self._entries, signed_to=trusted_to,
                          first_at=self._first_at, last_at=self._last_at)


def _heads(checkpoints: Sequence[Checkpoint], *, newest: int) -> dict[str, _Signed]:
    """Gather what all checkpoints say, by log; two that disagree both stand, the log can fit one alone.

    Args:
        newest: number of the export's own last checkpoint.
    """
    signed: dict[str, _Signed] = {}
    for one in checkpoints:
        for head in one.heads:
            said = signed.setdefault(head.log, _Signed())
            known = said.heads.setdefault(head.number, (head.digest, one.sequence))
            if known[0] != head.digest:
                said.heads[head.number] = (b"", one.sequence)
            if one.trusted:
                said.trusted.add(head.number)
            if one.sequence <= newest:
                said.due.add(head.number)
    return signed


def _note_anchor(newest: Checkpoint, *, own_anchors: bool, findings: Findings) -> None:
    """Tell what the trust rests on."""
    if newest.anchor is None:
        return
    if own_anchors:
        findings.add("audit.own-anchors", fingerprint=newest.anchor.fingerprint)
    if is_demo_anchor(newest.anchor):
        findings.add("audit.demo")


def _known(folder: Path, trust: Trust | None, findings: Findings) -> tuple[Known, tuple[Certificate, ...]]:
    """Return the certificates, lists and OCSP answers to judge with, and the anchors."""
    certificates = _readable(folder, "chain", Certificate.load, MAX_CERTIFICATE, findings)
    crls = _readable(folder, "crls", Crl.load, MAX_CRL, findings)
    ocsp = _readable(folder, "ocsp", OcspResponse.load, MAX_OCSP, findings)
    if trust is None:
        anchors = tuple(one for one in certificates if one.is_self_issued)
    else:
        anchors = trust.roots
        certificates.extend(trust.intermediates)
        crls.extend(trust.crls)
        ocsp.extend(trust.ocsp)
    return Known(certificates=tuple(certificates), crls=tuple(crls), ocsp=tuple(ocsp)), anchors


def _readable(
    folder: Path, inside: str, load: Callable[[bytes], _T], max_bytes: int, findings: Findings,
) -> list[_T]:
    """Return what can be read of a folder of the export; what cannot is a finding."""
    found = []
    for name in _names(folder / inside, findings):
        data = read_regular(folder / inside / name, max_bytes=max_bytes)
        try:
            found.append(load(data or b""))
        except EngineError:
            findings.add("audit.not-a-file", file=f"{inside}/{name}")
    return found


def _names(folder: Path, findings: Findings) -> list[str]:
    """Return the names in a folder of the export, which may be missing but no link, in order."""
    if not folder.is_symlink() and not folder.exists():
        return []
    found = names(folder, at_most=_MAX_FILES) if is_folder(folder) else None
    if found is None:
        findings.add("audit.not-a-file", file=folder.name)
    return found or []

"""The entrance: load the file and the trust folder, see what kind of file it is, and hand it on."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable
from pathlib import Path

from certs.trust import Trust
from codes.errors import EngineError
from verify import MAX_FILE_SIZE, VerifyError
from verify.judge import Case
from verify.model import Finding, Verdict
from verify.reasons import finding
from verify.report import Coverage, FileFacts, Report
from verify.status import LicenceState, Status

__all__ = ["VerifyCode", "kind_of_file", "verify_source"]

_TAIL = 65_557                          # bytes in which the end record of a ZIP archive lies


class VerifyCode(enum.StrEnum):
    """Codes of :class:`verify.VerifyError`."""

    UNREADABLE = "verify.unreadable"


def kind_of_file(data: bytes) -> str:
    """``ofd``, ``pdf`` or ``unknown``, by the bytes alone; a file with bytes before its start counts too."""
    if data[:4] == b"PK\x03\x04":
        damaged = b"PK\x05\x06" not in data[-_TAIL:]
        return "ofd" if damaged or b"OFD.xml" in data or b"ofd.xml" in data.lower() else "unknown"
    if b"%PDF-" in data[:1024]:
        return "pdf"
    return "ofd" if b"PK\x05\x06" in data[-_TAIL:] and b"OFD.xml" in data else "unknown"


def _load(source: bytes | Path, name: str) -> tuple[bytes | None, str, int]:
    """The bytes (None when over the limit), the name, the size."""
    if isinstance(source, bytes):
        return (source if len(source) <= MAX_FILE_SIZE else None), name, len(source)
    try:
        size = source.stat().st_size
        if size > MAX_FILE_SIZE:
            return None, name or source.name, size
        data = source.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise VerifyError(VerifyCode.UNREADABLE, f"无法读取文件 {source}：{reason}，请检查路径和权限",
                          f"cannot read {source}: {reason}; check the path and the permissions") from error
    return data, name or source.name, size


def verify_source(source: bytes | Path, *, trust: Trust | Path | None, at: dt.datetime | None,
                  clock_now: dt.datetime | None, require_status: bool, name: str) -> Report:
    """See :func:`verify.verify`."""
    now = clock_now or dt.datetime.now(dt.UTC)
    moment = at or now
    if moment.tzinfo is None or now.tzinfo is None:
        raise ValueError("moments need a time zone")
    data, name, size = _load(source, name)
    kind = "unknown" if data is None else kind_of_file(data)
    if data is None or kind == "unknown":
        told = finding("file.too-large", limit=MAX_FILE_SIZE) if data is None else finding("file.not-such")
        return _not_judged(name, size, data, told, moment)
    loaded, unusable = _trust(trust)
    checks, run = _judge_of(kind)
    case = Case(name=name, kind=kind, data=data, at=moment, clock_now=now,
                trust=loaded, demanded=checks)
    if unusable:
        case.found.keep(unusable)
    run(case)
    _note_name(case)
    return case.report(require_status)


def _judge_of(kind: str) -> tuple[tuple[str, ...], Callable[[Case], None]]:
    """The checks that a kind of file must pass, and what runs them."""
    if kind == "pdf":
        from verify import judge_pdf

        return judge_pdf.CHECKS, judge_pdf.judge_pdf
    from verify import judge_ofd

    return judge_ofd.CHECKS, judge_ofd.judge_ofd


def _trust(trust: Trust | Path | None) -> tuple[Trust | None, Finding | None]:
    """Load the trust folder; one that cannot be used is a finding and nothing is trusted."""
    if trust is None or isinstance(trust, Trust):
        return trust, None
    try:
        return Trust.load(trust), None
    except EngineError as error:
        return None, finding("trust.unusable", str(error.code), zh=error.zh, en=error.en)


def _note_name(case: Case) -> None:
    """A file that is not named by its identifier is noted, nothing more."""
    if case.record is None or not case.name:
        return
    stem, _, ending = case.name.rpartition(".")
    if stem != case.record.record.identifier or ending.lower() != case.kind:
        case.found.begin("")
        case.found.add("file.name")


def _not_judged(name: str, size: int, data: bytes | None, told: Finding, moment: dt.datetime) -> Report:
    """The report on what is no OFD or PDF, or too large to look at."""
    large = data is None
    return Report(
        verdict=Verdict.INDETERMINATE, findings=(told,), signatures=(),
        file=FileFacts(name=name, kind="large" if large else "unknown", size=size,
                       data=data or b""),
        coverage=Coverage(complete=False), licence=None, status=Status(state=LicenceState.UNKNOWN), checks=(),
        anchors=(), checked_at=moment)

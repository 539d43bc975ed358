"""The entrance: load the file and the trust folder, see what kind of file it is, and hand it on."""

from __future__ import annotations

import datetime as dt
import enum
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from certs.carried import NOTHING_CARRIED, Carried
from certs.trust import Trust
from codes.errors import EngineError
from codes.others_words import system_words
from verify import MAX_FILE_SIZE, VerifyError
from verify.judge import Case
from verify.model import Finding, Verdict
from verify.other_formats import other_format
from verify.photo import is_picture
from verify.reasons import finding, shown_path
from verify.report import Coverage, FileFacts, Report
from verify.status import LicenceState, Status

if TYPE_CHECKING:
    from verify.online import Fresh

__all__ = ["VerifyCode", "evidence_beside", "kind_of_file", "load", "unjudged", "verify_source"]

_FIRST, _LAST = dt.datetime(1, 1, 3, tzinfo=dt.UTC), dt.datetime(9999, 12, 29, tzinfo=dt.UTC)
_MAX_EVIDENCE = 16 << 20
_PIECE = 1 << 20                # bytes of a file read at once, beyond the size that it told
_TAIL = 65_557                          # bytes in which the end record of a ZIP archive lies


class VerifyCode(enum.StrEnum):
    """Codes of :class:`verify.VerifyError`."""

    UNREADABLE = "verify.unreadable"


def kind_of_file(data: bytes) -> str:
    """``ofd``, ``pdf``, ``picture`` or ``unknown``, by the bytes alone; bytes before a file's start do not hide it."""
    if data[:4] == b"PK\x03\x04":
        damaged = b"PK\x05\x06" not in data[-_TAIL:]
        return "ofd" if damaged or b"OFD.xml" in data or b"ofd.xml" in data.lower() else "unknown"
    if is_picture(data):
        return "picture"
    if b"%PDF-" in data[:1024]:
        return "pdf"
    return "ofd" if b"PK\x05\x06" in data[-_TAIL:] and b"OFD.xml" in data else "unknown"


def load(source: bytes | Path, name: str, limit: int | None = None) -> tuple[bytes | None, str, int]:
    """The bytes (None when over the limit, by default that of files), the name, the size.

    Raises:
        VerifyError: ``verify.unreadable``.
    """
    limit = MAX_FILE_SIZE if limit is None else limit
    if isinstance(source, bytes):
        return (source if len(source) <= limit else None), name, len(source)
    try:
        data, size = _read(source, limit)
    except (OSError, ValueError) as error:
        zh, en = system_words(error) if isinstance(error, OSError) else (type(error).__name__,) * 2
        shown = shown_path(source)
        raise VerifyError(VerifyCode.UNREADABLE, f"无法读取文件 {shown}：{zh}，请检查路径和权限",
                          f"cannot read {shown}: {en}; check the path and the permissions") from error
    return data, name or source.name, size


def evidence_beside(source: Path, named: Path | None = None) -> bytes | None:
    """The evidence record of a file: the one that is named, else the file beside it with ``.er`` behind its name.

    None where there is none. One beside it that cannot be read is empty, which the report tells.

    Raises:
        VerifyError: ``verify.unreadable``: the one that is named.
    """
    path = named or source.with_name(f"{source.name}.er")
    if named is None and not os.path.lexists(path):
        return None
    try:
        return load(path, "", _MAX_EVIDENCE)[0] or b""
    except VerifyError:
        if named is not None:
            raise
        return b""


def _read(source: Path, limit: int) -> tuple[bytes | None, int]:
    """The bytes (None when over the limit) and the size of a regular file; nothing else is opened.

    Raises:
        VerifyError: it is a pipe, a device, a socket or a folder: reading could wait for ever.
        OSError: it cannot be read.
    """
    if not stat.S_ISDIR(mode := source.stat().st_mode):        # that a folder is closed is told as it is
        _require_regular(mode, source)
    waits = getattr(os, "O_NONBLOCK", 0)          # a pipe put in the file's place meanwhile opens at once
    handle = os.open(source, os.O_RDONLY | waits | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0))
    try:
        status = os.fstat(handle)
        _require_regular(status.st_mode, source)
        if status.st_size > limit:
            return None, status.st_size
        data = os.read(handle, status.st_size + 1)
        while len(data) <= limit and (more := os.read(handle, _PIECE)):     # a signal came, or it grew meanwhile
            data += more
    finally:
        os.close(handle)
    return (data if len(data) <= limit else None), len(data)


def _require_regular(mode: int, source: Path) -> None:
    if not stat.S_ISREG(mode):
        shown = shown_path(source)
        raise VerifyError(VerifyCode.UNREADABLE, f"{shown} 不是普通文件（管道、套接字、设备或目录），不予读取",
                          f"{shown} is no regular file (a pipe, a socket, a device or a folder) and is not read")


def verify_source(source: bytes | Path, *, trust: Trust | Path | None, at: dt.datetime | None,
                  clock_now: dt.datetime | None, require_status: bool, name: str,
                  evidence: bytes | None = None, beside: Carried = NOTHING_CARRIED,
                  fresh: Fresh | None = None) -> Report:
    """See :func:`verify.verify`.

    Args:
        beside: lists and answers kept beside the file, which count as those that ride in it do.
        fresh: what was fetched for this file; gets the chains that were judged.
    """
    now = clock_now or dt.datetime.now(dt.UTC)
    moment = at or now
    if moment.tzinfo is None or now.tzinfo is None:
        raise ValueError("moments need a time zone")
    moment, now = (_within_years(each) for each in (moment, now))
    data, name, size = load(source, name)
    kind = "unknown" if data is None else kind_of_file(data)
    if data is None or kind == "unknown":
        told = finding("file.too-large", limit=MAX_FILE_SIZE) if data is None else finding("file.not-such")
        return unjudged(name, size, data, told, moment)
    loaded, unusable = _trust(trust, now)
    if fresh is not None and loaded is not None:
        loaded = fresh.added_to(loaded)
    checks, run = _judge_of(kind)
    case = Case(name=name, kind=kind, data=data, at=moment, clock_now=now,
                trust=loaded, unusable=unusable, demanded=checks)
    case.judge.carries(beside)
    if evidence is not None:
        from verify.evidence import take_evidence  # loads only for files with evidence

        take_evidence(case, evidence)
    other = other_format(kind, data)
    if other is not None:
        case.found.keep(other)
    try:
        run(case)
    except Exception as error:           # each check is guarded by itself; nothing may leave the verifier besides
        case.found.begin("")
        case.found.add("file.failed", kind=type(error).__name__)
    if fresh is not None:
        fresh.seen(case.judge.paths)
    _note_name(case)
    if evidence is not None:
        from verify.evidence import tell_evidence

        tell_evidence(case)
    return case.report(require_status)


def _within_years(moment: dt.datetime) -> dt.datetime:
    """The moment in UTC, moved away from both ends of the calendar: time zones and margins are added to it later."""
    try:
        utc = moment.astimezone(dt.UTC)
    except OverflowError:
        utc = moment.replace(tzinfo=dt.UTC)
    return moment if _FIRST <= utc <= _LAST else min(max(utc, _FIRST), _LAST)


def _judge_of(kind: str) -> tuple[tuple[str, ...], Callable[[Case], None]]:
    """The checks that a kind of file must pass, and what runs them."""
    if kind == "pdf":
        from verify import judge_pdf

        return judge_pdf.CHECKS, judge_pdf.judge_pdf
    if kind == "picture":
        from verify import photo

        return photo.CHECKS, photo.judge_photo
    from verify import judge_ofd

    return judge_ofd.CHECKS, judge_ofd.judge_ofd


def _trust(trust: Trust | Path | None, now: dt.datetime) -> tuple[Trust | None, Finding | None]:
    """Load the trust folder; one that cannot be used now is a finding and nothing is trusted."""
    try:
        loaded = trust if trust is None or isinstance(trust, Trust) else Trust.load(trust)
        if loaded is not None and loaded.trust_list is not None:
            from certs.trust_list import check_trust_list

            check_trust_list(loaded.trust_list, (loaded.trust_list.signed.certificate,), clock_now=now)
    except EngineError as error:
        return None, finding("trust.unusable", str(error.code), zh=error.zh, en=error.en)
    return loaded, None


def _note_name(case: Case) -> None:
    """A file that is not named by its identifier is noted, nothing more."""
    if case.record is None or not case.name:
        return
    stem, _, ending = case.name.rpartition(".")
    if stem != case.record.record.identifier or ending.lower() != case.kind:
        case.found.begin("")
        case.found.add("file.name")


def unjudged(name: str, size: int, data: bytes | None, told: Finding, at: dt.datetime | None) -> Report:
    """The report on what could not be judged at all, as what is no OFD or PDF, or too large to look at.

    Args:
        data: None for what is too large.
        told: why.
    """
    return Report(
        verdict=Verdict.INDETERMINATE, findings=(told,), signatures=(),
        file=FileFacts(name=name, kind="large" if data is None else kind_of_file(data), size=size, data=data or b""),
        coverage=Coverage(complete=False), licence=None, status=Status(state=LicenceState.UNKNOWN), checks=(),
        anchors=(), checked_at=at or dt.datetime.now(dt.UTC))

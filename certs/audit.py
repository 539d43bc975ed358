"""The audit log: entries that each hold the digest of the one before, wherever they are stored.

An entry's digest is SM3 of the canonical JSON of everything else in it, the previous digest included; the first
entry's previous digest is SM3 of the log's name. So no entry can be changed, taken out, put in or moved without
changing all later digests, and a signed checkpoint (type ``zhengyin/checkpoint/1``) of the last one holds them all.
Facts hold digests and codes, never personal data beyond the digest of an actor's certificate.

A store keeps one row an entry and lets nobody change it: :data:`SQLITE_SCHEMA` for SQLite.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from certs import canonical_json
from certs.canonical_json import JSON, JsonError, is_object
from certs.moments import read_moment, to_milliseconds, write_moment
from certs.sm3 import SIZE, sm3
from certs.statement import StatementBody
from codes.errors import EngineError

__all__ = [
    "AUDIT_UNIT", "CHECKPOINT", "CHECKPOINT_EVENT", "MAX_FACTS", "MAX_LINE", "SQLITE_SCHEMA", "AuditCode", "AuditEntry",
    "AuditError", "Head", "checkpoint_body", "genesis", "is_log_name", "is_sound", "next_entry", "read_entry",
    "read_heads", "read_line", "write_facts", "write_line",
]

CHECKPOINT: Final = "zhengyin/checkpoint/1"
AUDIT_UNIT: Final = "审计"
"""OU of the certificate that signs checkpoints."""
CHECKPOINT_EVENT: Final = "audit.checkpoint"
"""The entry that a checkpoint leaves in the registry's log, with the facts sequence and digest."""
MAX_FACTS: Final = 64 * 1024
MAX_LINE: Final = MAX_FACTS + 1024
_LOG: Final = re.compile(r"(?:registry|issued|signer)-[0-9a-f]{12}", re.ASCII)
_EVENT: Final = re.compile(r"[a-z][a-z0-9-]{0,31}(?:\.[a-z0-9-]{1,32}){1,3}", re.ASCII)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_KEYS: Final = frozenset({"at", "digest", "event", "facts", "log", "number", "previous"})

SQLITE_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS audit (
    number   INTEGER NOT NULL PRIMARY KEY,
    at       TEXT NOT NULL,
    event    TEXT NOT NULL,
    facts    TEXT NOT NULL,
    previous BLOB NOT NULL,
    digest   BLOB NOT NULL
)""",
    """CREATE TRIGGER IF NOT EXISTS audit_in_order BEFORE INSERT ON audit
WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM audit)
    OR (NEW.number > 1 AND NEW.previous IS NOT (SELECT digest FROM audit WHERE number = NEW.number - 1))
BEGIN SELECT RAISE(ABORT, 'the audit log takes the next entry only'); END""",
    """CREATE TRIGGER IF NOT EXISTS audit_unchanged BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END""",
    """CREATE TRIGGER IF NOT EXISTS audit_undeleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'nothing is deleted from the audit log'); END""",
)
"""Statements that make the table ``audit`` in SQLite, where rows are added at the end and never changed.

The first trigger also stops INSERT OR REPLACE, which would delete without asking the third.
"""


class AuditCode(enum.StrEnum):
    """Codes of :class:`AuditError`."""

    BAD_ENTRY = "audit.bad-entry"
    NOT_AN_EXPORT = "audit.not-an-export"


class AuditError(EngineError):
    """Something is not an entry of an audit log, or cannot become one; or a folder is no export of such logs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One entry. ``number`` counts from 1, ``at`` is aware UTC in milliseconds, digests are 32 bytes."""

    log: str
    number: int
    at: datetime
    event: str
    facts: Mapping[str, JSON]
    previous: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a log, as far as the next one needs it."""

    log: str
    number: int
    digest: bytes


def is_log_name(name: str) -> bool:
    """Whether a log may be called so: ``registry-``, ``issued-`` or ``signer-`` and twelve hexadecimal digits."""
    return _LOG.fullmatch(name) is not None


def genesis(log: str) -> bytes:
    """Return what stands as previous digest in the first entry of ``log``."""
    return sm3(log.encode("utf-8"))


def next_entry(
    head: Head | None, *, log: str, at: datetime, event: str, facts: Mapping[str, JSON],
) -> AuditEntry:
    """Return the entry that follows ``head``, or the first one.

    Args:
        at: aware; kept to the millisecond.
        event: what happened, ``seal.made``; lower case, two to four parts.
        facts: at most 64 KiB of canonical JSON.

    Raises:
        AuditError: ``audit.bad-entry``.
        ValueError: ``head`` is of another log, or ``at`` has no time zone.
    """
    if head is not None and head.log != log:
        raise ValueError(f"{head.log} does not lead to {log}")
    if not is_log_name(log) or not _EVENT.fullmatch(event):
        raise _bad(f"日志名 {log} 或事件名 {event} 不合规定", f"the name {log} or the event {event} is not one")
    moment, number = to_milliseconds(at), 1 if head is None else head.number + 1
    previous = genesis(log) if head is None else head.digest
    try:
        canonical_json.encode(facts, max_bytes=MAX_FACTS)
        digest = _digest(log, number, moment, event, facts, previous)
    except JsonError as error:
        raise _bad(error.zh, error.en) from error
    return AuditEntry(log=log, number=number, at=moment, event=event, facts=MappingProxyType(dict(facts)),
                      previous=previous, digest=digest)


def is_sound(entry: AuditEntry) -> bool:
    """Whether the entry's digest is that of its content; says nothing about its neighbours."""
    return entry.digest == _digest(entry.log, entry.number, entry.at, entry.event, entry.facts, entry.previous)


def write_facts(facts: Mapping[str, JSON]) -> str:
    """Return the text of the column ``facts``."""
    return canonical_json.encode(facts, max_bytes=MAX_FACTS).decode("utf-8")


def read_entry(log: str, row: tuple[int, str, str, str, bytes, bytes]) -> AuditEntry:
    """Read a row (number, at, event, facts, previous, digest) of a store.

    Raises:
        AuditError: ``audit.bad-entry``; whether the digest is right is for :func:`is_sound`.
    """
    number, at, event, text, previous, digest = row
    try:
        facts = canonical_json.decode(text.encode("utf-8"), max_bytes=MAX_FACTS)
        if not is_object(facts):
            raise ValueError("facts")
        return AuditEntry(log=log, number=int(number), at=read_moment(at), event=event, facts=facts,
                          previous=bytes(previous), digest=bytes(digest))
    except (ValueError, TypeError, AttributeError, JsonError) as error:
        raise _bad(f"{log} 的第 {number} 条读不出来", f"entry {number} of {log} cannot be read") from error


def write_line(entry: AuditEntry) -> bytes:
    """Return the line of an export, with its line break."""
    content = {**_content(entry.log, entry.number, entry.at, entry.event, entry.facts, entry.previous),
               "digest": entry.digest.hex()}
    return canonical_json.encode(content) + b"\n"


def read_line(line: bytes) -> AuditEntry:
    """Read a line of an export (without its line break), strictly.

    Raises:
        AuditError: ``audit.bad-entry``.
    """
    try:
        content = canonical_json.decode(line, max_bytes=MAX_LINE)
    except JsonError as error:
        raise _bad(error.zh, error.en) from error
    if not is_object(content) or set(content) != _KEYS:
        raise _bad("一行须恰有规定的各项", f"a line takes exactly {', '.join(sorted(_KEYS))}")
    log, number, at, event, facts = (content[key] for key in ("log", "number", "at", "event", "facts"))
    digests = [content[key] for key in ("previous", "digest")]
    try:
        if (not isinstance(log, str) or not is_log_name(log) or type(number) is not int or number < 1
                or not isinstance(at, str) or not isinstance(event, str) or not _EVENT.fullmatch(event)
                or not is_object(facts)):
            raise ValueError("types")
        previous, digest = (_from_hex(one) for one in digests)
        return AuditEntry(log=log, number=number, at=read_moment(at), event=event, facts=facts, previous=previous,
                          digest=digest)
    except ValueError:
        raise _bad("一行中的值不合规定", "a value of the line is not as it must be") from None


def checkpoint_body(
    *, heads: Mapping[str, Head], sequence: int, previous: bytes | None, at: datetime,
) -> StatementBody:
    """Return the body of a checkpoint: where each log stood.

    Args:
        sequence: 1 for the first checkpoint of a home, one more each time.
        previous: digest of the checkpoint before, None for the first.
    """
    return {
        "type": CHECKPOINT, "at": write_moment(at), "sequence": sequence,
        "previous": None if previous is None else previous.hex(),
        "heads": {log: {"number": head.number, "digest": head.digest.hex()} for log, head in heads.items()},
    }


def read_heads(body: StatementBody) -> tuple[int, bytes | None, Mapping[str, Head]]:
    """Return sequence, digest of the previous checkpoint, and heads of a checkpoint's body.

    Raises:
        AuditError: ``audit.bad-entry``.
    """
    sequence, before, listed = body.get("sequence"), body.get("previous"), body.get("heads")
    if set(body) != {"type", "at", "sequence", "previous", "heads"} or type(sequence) is not int or sequence < 1 \
            or (before is None) != (sequence == 1) or not is_object(listed):
        raise _bad("检查点的各项不合规定", "the checkpoint does not hold what it must")
    heads = {}
    try:
        previous = None if before is None else _from_hex(before)
        for log, head in listed.items():
            if not is_log_name(log) or not is_object(head) or set(head) != {"number", "digest"}:
                raise ValueError("head")
            number = head["number"]
            if type(number) is not int or number < 1:
                raise ValueError("number")
            heads[log] = Head(log, number, _from_hex(head["digest"]))
    except ValueError:
        raise _bad("检查点的值不合规定", "a value of the checkpoint is not as it must be") from None
    return sequence, previous, heads


def _content(
    log: str, number: int, at: datetime, event: str, facts: Mapping[str, JSON], previous: bytes,
) -> dict[str, JSON]:
    return {"at": write_moment(at), "event": event, "facts": facts, "log": log, "number": number,
            "previous": previous.hex()}


def _digest(log: str, number: int, at: datetime, event: str, facts: Mapping[str, JSON], previous: bytes) -> bytes:
    return sm3(canonical_json.encode(_content(log, number, at, event, facts, previous)))


def _from_hex(value: JSON) -> bytes:
    """Read 64 lower-case digits."""
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise ValueError("a digest has 64 hexadecimal digits")
    digest = bytes.fromhex(value)
    assert len(digest) == SIZE  # noqa: S101  (the pattern says so)
    return digest


def _bad(zh: str, en: str) -> AuditError:
    return AuditError(AuditCode.BAD_ENTRY, f"审计日志：{zh}，请向导出者取得原件",
                      f"audit log: {en}; get the original from whoever exported it")

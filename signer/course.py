"""Whether counts are those that a home remembers, and their log has gone on from where it was seen last."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, insert, select

from signer.mark import Mark, Remembered, unusable
from signer.tables import META, digest_of, last_entry

__all__ = ["fault_of", "length_of", "reached_by", "recognised", "require_course"]


def recognised(connection: Connection, remembered: Remembered | None, mark: Mark, where: str) -> str:
    """Return the id of the counts, which gets new ones where the home remembers none.

    Raises:
        RemoteError: ``signer.state``: the home remembers others.
    """
    known = connection.execute(select(META.c.value).where(META.c.key == "id")).scalar_one_or_none()
    if known is None and remembered is None:
        known = secrets.token_hex(16)
        connection.execute(insert(META).values(key="id", value=known))
        connection.execute(insert(META).values(key="log", value=f"signer-{known[:12]}"))
    if known is None or (remembered is not None and remembered.id != known):
        raise unusable(where, f"these are not the counts that {mark.path.name} names: restore them",
                       f"不是 {mark.path.name} 所记的计数，请从备份恢复")
    return str(known)


def fault_of(connection: Connection, remembered: Remembered | None) -> str:
    """Say how counts are not as remembered.

    Returns:
        ``older``; ``other``: their log went on otherwise; ``unmarked``: they have entries, and nothing is remembered;
        "": they are as remembered.
    """
    length = length_of(connection)
    if remembered is None:
        return "unmarked" if length else ""
    if length < remembered.entries:
        return "older"
    found = digest_of(connection, remembered.entries) if remembered.digest else None
    return "" if not remembered.digest or (found and found.hex() == remembered.digest) else "other"


def require_course(connection: Connection, remembered: Remembered | None, mark: Mark, where: str) -> None:
    """Refuse counts that are not as remembered.

    Raises:
        RemoteError: ``signer.state``.
    """
    fault = fault_of(connection, remembered)
    if remembered is None:
        if fault:
            raise mark.gone()
    elif fault == "older":
        number, name = length_of(connection), mark.path.name
        raise unusable(
            where, f"they are older than {name} or this process remembers, {number} entries of {remembered.entries}: "
            "restore the newest, or see Restoring in docs/signer.md",
            f"比 {name} 或本进程所记的旧，{remembered.entries} 条中只有 {number} 条，请恢复最新的，"
            "或见 docs/signer.zh.md 的“恢复”")
    elif fault:
        raise unusable(
            where, f"their log went on otherwise than {mark.path.name} or this process remembers: restore the right "
            "ones, or see Restoring in docs/signer.md",
            f"其日志与 {mark.path.name} 或本进程所记的不是同一份，请恢复正确的，或见 docs/signer.zh.md 的“恢复”")


def reached_by(connection: Connection, counts: str) -> Remembered:
    """Return where the log of the counts of this id stands."""
    head, _ = last_entry(connection)
    return Remembered(counts, 0, "") if head is None else Remembered(counts, head.number, head.digest.hex())


def length_of(connection: Connection) -> int:
    """Return how many entries the log has."""
    head, _ = last_entry(connection)
    return 0 if head is None else head.number

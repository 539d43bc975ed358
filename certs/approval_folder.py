"""The approvals of a home, each read and judged once until its file, or what it is judged by, changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from certs.approval import Approval, ApprovalError, check_signed, load_approval
from certs.known import Known

__all__ = ["ApprovalFolder", "Unusable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """A file that allows nothing, and why; ``seal_id`` is None where it cannot even be told for which seal."""

    seal_id: str | None
    error: ApprovalError


class ApprovalFolder:
    """What was judged so far, by the name of the file."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Judge by the revocation lists that are published at ``clock``, the present (aware)."""
        self._clock = clock
        self._judged: dict[str, tuple[object, Known, Approval | Unusable]] = {}

    def judge(self, files: Iterable[tuple[Path, object]], known: Known) -> tuple[Approval | Unusable, ...]:
        """Judge the files of a folder.

        Args:
            files: each with a mark that changes when it does; all others are forgotten.
            known: what the persons' certificates are judged by.

        Raises:
            FileError: a file cannot be read.
        """
        before, self._judged = self._judged, {}
        for path, mark in files:
            kept = before.get(path.name)
            if kept is None or kept[0] != mark or kept[1] is not known:
                kept = (mark, known, _judge(path, known, self._clock()))
            self._judged[path.name] = kept
        return tuple(judgement for _, _, judgement in self._judged.values())


def _judge(path: Path, known: Known, now: datetime) -> Approval | Unusable:
    try:
        approval = load_approval(path)
    except ApprovalError as error:
        return Unusable(seal_id=None, error=error)
    try:
        check_signed(approval, clock_now=now, **known.judges())
    except ApprovalError as error:
        return Unusable(seal_id=approval.terms.seal_id, error=error)
    return approval

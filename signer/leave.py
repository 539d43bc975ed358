"""Whether an approval allows a signature now, by the signer's own copy of approvals and approvers.

Whoever asks names an approval; that it exists, that two persons signed it whose certificates were good, that both are
approvers still, that it is for this seal, its region and this time is found out here, not believed. What is signed is a
digest: for which kind and record it is, only whoever issues sees.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from certs.approval import Approval, ApprovalCode, ApprovalError
from certs.approval_folder import ApprovalFolder, Unusable
from certs.approval_scope import Office, Sealing, check, read_approvers, used_in_all
from certs.file_marks import FileMark, mark_file, mark_files
from certs.files import read_file, reported
from certs.home import Home
from certs.known import Known, load_known
from signer.room import HeldKey

__all__ = ["Leave", "Leaves"]

_MAX_APPROVERS: Final = 8 * 1024 * 1024
_ENDING: Final = ".json"


class Leave:
    """One approval among those that it is counted with."""

    def __init__(self, approval: Approval, others: tuple[Approval, ...], offices: tuple[Office, ...]) -> None:
        self._approval, self._others, self._offices = approval, others, offices

    def require(self, held: HeldKey, *, at: datetime, now: datetime, used: Mapping[str, int]) -> None:
        """Refuse what goes beyond the approval.

        Args:
            at: what the signature says; now: the signer's present (both aware). It must be allowed at both.
            used: approval → signatures that this role has made under it.

        Raises:
            ApprovalError: as :func:`certs.approval_scope.check`.
        """
        terms, code = self._approval.terms, held.code or ""
        for moment in (at, now):
            check(self._approval, Sealing(
                kind=terms.kinds[0], unit=code, region=code[2:8], seal_id=held.seal_id, record=terms.record or "",
                at=moment), used=used_in_all(terms, self._others, used), offices=self._offices)


class Leaves:
    """The approvals of a home; read again when a file has changed."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._folder = ApprovalFolder()
        self._lock = threading.Lock()
        self._judged: tuple[object, Known, tuple[Approval | Unusable, ...]] | None = None
        self._offices: tuple[FileMark | None, tuple[Office, ...]] | None = None

    def find(self, number: str, held: HeldKey) -> Leave:
        """Return the approval of that number.

        Raises:
            ApprovalError: ``approval.none``, or why the only file that could be it counts for nothing.
            FileError: a file cannot be read.
        """
        with self._lock, reported(self._home.path):
            judged, offices = self._approvals(), self._approvers()
        good = tuple(one for one in judged if isinstance(one, Approval))
        found = next((one for one in good if one.id == number), None)
        if found is not None:
            return Leave(found, good, offices)
        for one in judged:
            if isinstance(one, Unusable) and number and one.error.facts.get("approval") in (number, number + _ENDING):
                raise one.error
        raise ApprovalError(
            ApprovalCode.NONE,
            f"签名进程处没有用印审批 {number or '（未指明）'}，密钥 {held.name} 不签名；请将审批送到签名进程的工作目录",
            f"the signer knows no approval {number or '(none was named)'}, so key {held.name} signs nothing; bring the "
            "approval to the signer's home", approval=number)

    def _approvals(self) -> tuple[Approval | Unusable, ...]:
        folder, known = self._home.path / "approvals", load_known(self._home.path)
        marks = mark_files(folder, _ENDING)
        if self._judged is None or self._judged[0] != marks or self._judged[1] is not known:
            files = [(folder / name, mark_file(folder / name)) for name, *_ in marks]
            self._judged = (marks, known, self._folder.judge(files, known))
        return self._judged[2]

    def _approvers(self) -> tuple[Office, ...]:
        path = self._home.path / "approvers.json"
        mark = mark_file(path)
        if self._offices is None or self._offices[0] != mark:
            self._offices = (mark, () if mark is None else read_approvers(
                read_file(path, max_bytes=_MAX_APPROVERS)))
        return self._offices[1]

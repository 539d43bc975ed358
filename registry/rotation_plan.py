"""What a rotation would do, told without doing anything: no key is made, no file or row is written."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from sqlalchemy.orm import Session

from certs.csr import CertificateRequest
from certs.files import read_file
from certs.seal_folder import ROLES
from codes.errors import EngineError
from registry.carrying import ApprovalFiles
from registry.database import Registry
from registry.due import DueSeal, DueStatus
from registry.renewal_keys import DemoCertifier, renewal_folder
from registry.rotation import Means, Rotation, RotationState
from registry.rotation_checks import check_keys, check_moment, check_start, other_moment
from registry.states import ROLES_OF_ACT, State

__all__ = ["plan"]

_MAX_REQUEST: Final = 64 * 1024
_STEPS: Final = MappingProxyType({
    None: ("renew", "review-county", "make", "activate"),
    State.APPLIED: ("review-county", "make", "activate"),
    State.COUNTY_REVIEWED: ("make", "activate"),
    State.UPPER_REVIEWED: ("make", "activate"),
    State.MADE: ("activate",),
})
"""State of the successor (None: there is none yet) → the acts still to be done."""


def plan(registry: Registry, seals: Iterable[DueSeal], *, means: Means, start: datetime) -> Generator[Rotation]:
    """Say for each seal what :func:`registry.rotation.rotate` would do now, and what it would wait for.

    Args:
        seals, means, start: as there.

    Raises:
        RegistryError: the registry cannot be used.
        FileError: the approvals cannot be read.
    """
    files, now = ApprovalFiles(registry.home), registry.now()
    with registry.reading() as session:
        for due in seals:
            rotation = Rotation(due=due, start=start, case=due.successor)
            try:
                _plan(session, registry.home, rotation, means, now)
                _plan_approvals(files, rotation, means)
            except EngineError as error:
                rotation.state, rotation.error = RotationState.REFUSED, error
            yield rotation


def _plan(session: Session, home: Path, rotation: Rotation, means: Means, now: datetime) -> None:
    due = rotation.due
    if due.status is DueStatus.SCHEDULED:
        if due.starts != rotation.start:
            raise other_moment(str(due.successor), due.starts)
        rotation.state = RotationState.ROTATED
        return
    check_moment(due, rotation.start, now)
    steps = _STEPS[due.successor_state]
    if due.successor is None:
        if due.status is DueStatus.RENEWABLE:                   # as the registry has just said of all seals at once
            check_keys(home, due)
        else:
            check_start(home, session, due, at=now)
        if means.people.find(ROLES_OF_ACT["renew"], unit=due.code) is None:
            rotation.wait("renew", *ROLES_OF_ACT["renew"])
            return
        folder = renewal_folder(home, due.code, due.case)
        if not folder.is_dir():
            rotation.steps.append("keys")
        if not _certified(folder, means):
            rotation.wait("certificates")
            return
    applicant = means.people.find(ROLES_OF_ACT["renew"], unit=due.code) if "renew" in steps else None
    for act in steps:
        apart = (applicant.certificate,) if applicant and act in ("review-county", "make") else ()
        if means.people.find(ROLES_OF_ACT[act], unit=due.code, apart=apart) is None:
            rotation.wait(act, *ROLES_OF_ACT[act])
            return
        rotation.steps.append(act)


def _certified(folder: Path, means: Means) -> bool:
    """Say whether the certificates are at hand; those of keys that are still to be made cannot be."""
    if isinstance(means.certifier, DemoCertifier) or means.certifier is None:
        return means.certifier is not None
    if not all((folder / f"{role}.csr").is_file() for role in ROLES):
        return False
    requests = {role: CertificateRequest.load(read_file(folder / f"{role}.csr", max_bytes=_MAX_REQUEST))
                for role in ROLES}
    return all(means.certifier.certificate_for(role, request) for role, request in requests.items())


def _plan_approvals(files: ApprovalFiles, rotation: Rotation, means: Means) -> None:
    """Say whether two approvers are at hand where the seal has approvals; those are not judged yet."""
    unit, approvers = rotation.due.code, means.approvers
    if rotation.state is RotationState.ROTATED or not files.count(rotation.due.seal_id):
        return
    giver = approvers.find(("approver",), unit=unit) if approvers else None
    rotation.unsigned = approvers is None or giver is None or approvers.find(
        ("approver",), unit=unit, apart=(giver.certificate,)) is None
    if not rotation.unsigned and "activate" in rotation.steps:
        rotation.steps.insert(rotation.steps.index("activate"), "approve")

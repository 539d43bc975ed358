"""The files of a home that follow from the registry: seal folders, approvals, the list of approvers.

The database is the truth; files never permit more than it does. What restricts is written to the files before the
commit, what permits after it. A note in ``pending/`` stands for as long as the two may differ, so that whoever comes
next finds what a killed process left (:func:`registry.deploy.settle`). Files are written while the registry's writer
lock is held, in the order of the commits.

Keys never enter the database. Those of a seal not yet in use lie in ``authorities/<USCC>/.next-<case>/``.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from certs.approval import CONFIRMED, GIVEN, Approval
from certs.canonical_json import is_object
from certs.files import make_folder, publish_folder, read_file, remove, reported, write_atomic
from certs.key_reference import key_file_name, key_path, read_key_file
from certs.moments import write_moment
from certs.seal import SealFile
from certs.seal_folder import ROLES, SealUse, UseState, narrow_use, publish_seal_folder, set_use
from certs.statement import MAX_CONTENT, SignedStatement, StatementError
from certs.trust import key_id
from certs.x509 import Certificate
from registry import tables
from registry.clock import ACCEPT_CLOCK
from registry.database import Registry, Transaction
from registry.errors import RegistryCode, RegistryError
from registry.requests import ACT_TYPE, Request
from registry.states import SealType, State, step_for, steps_of
from registry.tables import Actor, ActorRole, Organisation, Seal

__all__ = [
    "APPROVERS", "PENDING", "approval_file", "approvers_file", "notes", "project", "project_act", "project_approval",
    "project_approvals", "project_approvers", "project_case", "restrict", "restricts", "stage_keys", "staged_keys",
    "trust_data",
]

PENDING: Final = "pending"
APPROVERS: Final = "approvers.json"
_MAX_SMALL, _MAX_NOTE = 64 * 1024, 4 * MAX_CONTENT
_USED: Final = frozenset({State.IN_USE, State.SUSPENDED, State.LOST, State.CANCELLED})
_MOMENTS: Final = frozenset({"activate", "reschedule"})
_OF_USE: Final = frozenset({*_MOMENTS, "resume", "suspend", "report-lost", "cancel"})
_OF_ACTORS: Final = frozenset({"actor-appoint", "actor-dismiss", ACCEPT_CLOCK})
_OF_APPROVALS: Final = frozenset({"approve-confirm", "approve-withdraw"})
_RESTRICT: Final = frozenset({"actor-dismiss", "approve-withdraw"})


def restrict(t: Transaction, request: Request) -> None:
    """Write what must be on the disk before the commit: the note, and whatever takes a right away.

    Raises:
        FileError: something cannot be written; nothing is to be committed then.
    """
    if request.act not in _OF_USE | _OF_ACTORS | _OF_APPROVALS:
        return
    make_folder(request.home / PENDING)
    write_atomic(_note(request.home, request.statement), request.statement.to_json())
    if request.act == "actor-dismiss":
        project_approvers(t.session, request.home)
    elif request.act == "approve-withdraw":
        project_approval(t.session, request.home, request.subject)
    elif request.act in _MOMENTS:
        _narrow(t.session, request.home, request.subject)
    elif restricts(request.statement):
        project_case(t.session, request.home, request.subject)


def _narrow(session: Session, home: Path, case: str) -> None:
    """Let the files allow no use of a seal before its beginning, nor of the one that it follows after that."""
    seal = session.get_one(Seal, case)
    for one in (seal, session.get(Seal, seal.predecessor or "")):
        if one is not None and one.seal_id is not None and one.in_use_from is not None:
            narrow_use(home, one.organisation, one.seal_id, use_from=one.in_use_from, use_until=one.in_use_until)


def project(registry: Registry, signed: SignedStatement) -> None:
    """Bring the files up to what an act has committed, and take its note away.

    Raises:
        FileError, HomeError, SealError: something cannot be written; the note stays, and
            :func:`registry.deploy.settle` tries again.
    """
    note = _note(registry.home, signed)
    if note.exists():
        with registry.transaction() as t:
            project_act(t.session, registry.home, signed)
        note.unlink(missing_ok=True)


def _note(home: Path, signed: SignedStatement) -> Path:
    return home / PENDING / f"{signed.digest.hex()}.json"


def project_act(session: Session, home: Path, signed: SignedStatement) -> None:
    """Bring the files up to date that an act concerns."""
    act, subject = str(signed.body["act"]), str(signed.body["subject"])
    if act in _OF_ACTORS:
        project_approvers(session, home, decided=signed)
    elif act in _OF_APPROVALS:
        project_approval(session, home, subject, decided=signed)
    else:
        project_case(session, home, subject, decided=signed)


def project_case(session: Session, home: Path, case: str, *, decided: SignedStatement | None = None) -> None:
    """Make the seal's folder, and that of the seal it follows, agree with the registry.

    A seal that was never put into use has no folder; nor has one whose keys are elsewhere.

    Args:
        decided: an act that the registry has decided on; its note holds nothing back any more.
    """
    seal = session.get(Seal, case)
    if seal is None:
        return
    if State(seal.state) in _USED and seal.in_use_from is not None and not _held_back(home, seal, decided):
        _project_seal(session, home, seal)
    if seal.predecessor is not None:                    # what activating was to change of it before the commit
        project_case(session, home, seal.predecessor, decided=decided)


def _held_back(home: Path, seal: Seal, decided: SignedStatement | None) -> bool:
    """Say whether an act that would block the seal was cut short: then the files are not opened again."""
    return seal.state == State.IN_USE and any(
        restricts(signed) and signed.body["subject"] == seal.case and step_for(str(signed.body["act"]), State.IN_USE)
        for signed in _undecided(home, decided))


def _undecided(home: Path, decided: SignedStatement | None) -> list[SignedStatement]:
    return [signed for _, signed in notes(home) if decided is None or signed.digest != decided.digest]


def restricts(signed: SignedStatement) -> bool:
    """Say whether an act takes a right away."""
    act = str(signed.body["act"])
    return act in _RESTRICT or any(step.restricts for step in steps_of(act))


def notes(home: Path) -> list[tuple[Path, SignedStatement]]:
    """Return what acts that are under way or were cut short have left in ``pending/``.

    Raises:
        FileError, RegistryError: a note cannot be read.
    """
    folder = home / PENDING
    with reported(folder):
        if not folder.is_dir():
            return []
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".json" and not path.name.startswith("."))
    return [(path, _read_note(path)) for path in paths]


def _read_note(path: Path) -> SignedStatement:
    try:
        return SignedStatement.parse(read_file(path, max_bytes=_MAX_NOTE), type=ACT_TYPE)
    except StatementError as error:
        raise RegistryError(
            RegistryCode.DAMAGED, f"{path} 不是未办完事项的记录（{error.zh}）；请移走该文件，再执行 seals settle",
            f"{path} is no note of an act ({error.en}); move it away, then run `zhengyin seals settle`",
            path=str(path)) from error


def _project_seal(session: Session, home: Path, seal: Seal) -> None:
    assert seal.seal_id is not None and seal.in_use_from is not None  # noqa: S101  (the caller has seen to it)
    use = SealUse(state=UseState(seal.state), use_from=seal.in_use_from, use_until=seal.in_use_until)
    staged = _staging(home, seal.organisation, seal.case)
    if (home / "authorities" / seal.organisation / seal.seal_id).is_dir():
        set_use(home, seal.organisation, seal.seal_id, use)
    elif (keys := staged_keys(home, seal.organisation, seal.case)) and seal.type == SealType.LEGAL_NAME \
            and _applied_for(seal, keys):
        owner = session.get_one(Organisation, seal.organisation)
        trust_data(home, keys["data"][0])               # before it can sign: a QR code of an unknown key is doubted
        publish_seal_folder(home, code=owner.code, name=owner.name, seal=SealFile.load(seal.seal_der or b""),
                            keys=keys, use=use)
    if staged.is_dir() and (home / "authorities" / seal.organisation / seal.seal_id).is_dir():
        shutil.rmtree(staged)


def trust_data(home: Path, certificate: Certificate) -> None:
    """Put the certificate that will sign QR codes among those that verifiers are given; the others stay.

    Raises:
        FileError: it cannot be written.
    """
    folder = home / "trust" / "data-signing"
    path = folder / f"{key_id(certificate).hex()}.cer"
    if not path.is_file():
        make_folder(folder, mode=0o755)
        write_atomic(path, certificate.der, mode=0o644)


def _applied_for(seal: Seal, keys: Mapping[str, tuple[Certificate, bytes]]) -> bool:
    """Say whether keys, which may be laid down after the seal was put into use, are those of the application."""
    given = (seal.sealing_certificate, seal.data_certificate, seal.pdf_certificate)
    return all(keys[role][0].der == der for role, der in zip(ROLES, given, strict=True))


def project_approvals(session: Session, home: Path) -> None:
    """Write every approval in force that is not in ``approvals/`` yet, and take away those withdrawn."""
    confirmed = select(tables.Approval.id).where(tables.Approval.confirmed.is_not(None)).order_by(tables.Approval.id)
    for number in session.scalars(confirmed).all():
        project_approval(session, home, number)


def project_approval(
    session: Session, home: Path, number: str, *, decided: SignedStatement | None = None,
) -> None:
    """Write the file of an approval once it is confirmed, and take it away once it is withdrawn.

    Args:
        decided: an act that the registry has decided on; its note holds nothing back any more.
    """
    path, row = home / "approvals" / f"{number}.json", session.get(tables.Approval, number)
    if row is None or row.confirmed is None:
        return
    if row.withdrawn_at is not None or _being_withdrawn(home, number, decided):
        remove(path)
    elif not path.exists():
        make_folder(path.parent)
        write_atomic(path, approval_file(row))


def approval_file(row: tables.Approval) -> bytes:
    """Return the file of a confirmed approval."""
    assert row.confirmed is not None  # noqa: S101  (the caller has seen to it)
    return Approval.join(SignedStatement.parse(row.given, type=GIVEN),
                         SignedStatement.parse(row.confirmed, type=CONFIRMED)).to_json()


def _being_withdrawn(home: Path, number: str, decided: SignedStatement | None) -> bool:
    return any(signed.body["act"] == "approve-withdraw" and signed.body["subject"] == number
               for signed in _undecided(home, decided))


def project_approvers(session: Session, home: Path, *, decided: SignedStatement | None = None) -> None:
    """Write ``approvers.json``: who may give and confirm approvals for which unit, and when.

    Whoever was being dismissed when the act was cut short is left out.

    Args:
        decided: an act that the registry has decided on; its note holds nothing back any more.
    """
    data, path = approvers_file(session, home, decided=decided), home / APPROVERS
    if not path.is_file() or path.read_bytes() != data:
        write_atomic(path, data)


def approvers_file(session: Session, home: Path, *, decided: SignedStatement | None = None) -> bytes:
    """Return what ``approvers.json`` is to hold; arguments as for :func:`project_approvers`."""
    leaving = {str(signed.body["subject"]) for signed in _undecided(home, decided) if _dismisses_approver(signed)}
    return _file([one for one in _approvers(session) if one["until"] or one["certificate"] not in leaving])


def _dismisses_approver(signed: SignedStatement) -> bool:
    facts = signed.body["facts"]
    return signed.body["act"] == "actor-dismiss" and is_object(facts) and facts.get("role") in ("", "approver")


def _approvers(session: Session) -> Iterator[Mapping[str, str | None]]:
    rows = select(Actor, ActorRole).join(ActorRole, ActorRole.actor == Actor.id).where(ActorRole.role == "approver")
    for actor, role in session.execute(rows.order_by(ActorRole.number)):
        yield {"certificate": actor.id, "unit": actor.unit, "from": write_moment(role.since),
               "until": write_moment(role.until) if role.until else None}


def _file(content: object) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def _staging(home: Path, code: str, case: str) -> Path:
    return home / "authorities" / code / f".next-{case}"


def stage_keys(home: Path, code: str, case: str, keys: Mapping[str, tuple[Certificate, bytes]]) -> None:
    """Lay the keys of a seal down until it is put into use; keys that lie there already are kept.

    Args:
        keys: role (``sealing``, ``data``, ``pdf``) → certificate and key file, encrypted or a reference.

    Raises:
        FileError: they cannot be written; then none is there.
    """
    folder = _staging(home, code, case)
    if folder.is_dir():
        return
    make_folder(folder.parent)
    publish_folder(folder, {
        name: (data, 0o600) for role, (certificate, key) in keys.items()
        for name, data in ((f"{role}.cer", certificate.der), (key_file_name(role, key), key))})


def staged_keys(home: Path, code: str, case: str) -> Mapping[str, tuple[Certificate, bytes]] | None:
    """Return the keys laid down for a case as :func:`stage_keys` takes them; None unless all three are there.

    Raises:
        FileError, KeyReferenceError, DerError, CertificateError: a file cannot be read.
    """
    folder = _staging(home, code, case)
    if not all((folder / f"{role}.cer").is_file() and key_path(folder, role) for role in ROLES):
        return None
    return {role: (Certificate.load(read_file(folder / f"{role}.cer", max_bytes=_MAX_SMALL)),
                   read_key_file(folder, role)) for role in ROLES}

"""Rotation: seals that come to their end hand over to successors at a set moment, without a gap, without overlap.

For each seal: new keys and requests, certificates in, 续期, 县级审核, 制作 with the same imprint, approvals signed
anew, 启用 from the moment on. Every step is an act of :mod:`registry.acts` or a file that appears whole; what was done
is read from the registry and the home, so that a run that was killed is taken up by the next, and one that is given
again does nothing. What one run cannot do, for want of a certificate or a person, a later one does.
Source: 003 B第8条.
"""

from __future__ import annotations

import enum
import secrets
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import select

from certs.approval import Terms
from certs.canonical_json import JSON
from certs.config import Password
from certs.files import FileCode, locked, reported, sweep
from certs.key_reference import key_path
from certs.keystore import ScryptCost, load_key
from certs.moments import write_moment
from certs.seal_folder import ROLES
from certs.signer import Signer
from certs.x509 import Certificate
from codes.errors import EngineError
from registry.acts import perform, sign_act
from registry.approvals import ApproveCode
from registry.attendance import Attendance, Person
from registry.carrying import ApprovalFiles, Following, carry, follow
from registry.cases import find_case
from registry.database import Registry
from registry.due import DueSeal
from registry.errors import RegistryCode
from registry.making import Grounds, prepare_seal
from registry.projection import trust_data
from registry.renewal_keys import Certifier, RenewalKeys
from registry.requests import Outcome
from registry.rotation_checks import check_moment, check_start, keys_elsewhere, other_moment
from registry.seals import application_of
from registry.states import LIVE, ROLES_OF_ACT, State
from registry.tables import Actor, Seal

__all__ = ["Carried", "Means", "Rotation", "RotationState", "rotate"]

_LOCK: Final = ".rotation.lock"
_TITLES: Final = {"sealing": "certificate", "data": "certificate-data", "pdf": "certificate-pdf"}
_OF_THE_MACHINE: Final = frozenset({
    RegistryCode.UNAVAILABLE, RegistryCode.NO_SPACE, RegistryCode.BUSY, RegistryCode.CLOCK_BACKWARDS, FileCode.NO_SPACE,
})
"""Errors that the next seal would meet as well: the run ends with them."""


class RotationState(enum.StrEnum):
    """What came of the rotation of one seal."""

    ROTATED = "rotated"
    WAITING = "waiting"              # for certificates or a person; a later run goes on
    REFUSED = "refused"
    FAILED = "failed"                # the machine could not: disk, database, clock
    UNTRIED = "untried"              # after another one failed
    PLANNED = "planned"              # dry run


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """An approval of the old seal, and the one that takes its place; ``error`` says why nothing is left of it."""

    old: str
    new: str | None
    error: EngineError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a run has at hand.

    Attributes:
        people: who acts; approvers: who signs approvals anew, None to let them be.
        certifier: where certificates come from; None for nowhere yet.
        maker: returns the seal maker's signer; asked only when a seal is made.
        password: gives that of the home's keys, old and new; cost: of the new keys' encryption.
        used: number of an approval → licences sealed under it.
        requests_out: folder for copies of the requests.
    """

    people: Attendance
    approvers: Attendance | None = None
    certifier: Certifier | None = None
    maker: Callable[[], Signer]
    password: Callable[[], Password]
    cost: ScryptCost | None = None
    used: Mapping[str, int] = field(default_factory=dict)
    requests_out: Path | None = None


@dataclass(slots=True, kw_only=True)
class Rotation:
    """What came of one seal.

    Attributes:
        due: the seal; start: the moment at which its successor takes over.
        steps: what this run did, or would do.
        case, seal_id: of the successor; None while there is none.
        waits_for: ``certificates`` or an act; roles: of whom the act waits for.
        approvals: what became of the approvals; unsigned: whether some still wait for two approvers.
        requests: folder with the requests that wait for certificates.
        error: why it was refused or failed.
    """

    due: DueSeal
    start: datetime
    state: RotationState = RotationState.PLANNED
    steps: list[str] = field(default_factory=list)
    case: str | None = None
    seal_id: str | None = None
    waits_for: str | None = None
    roles: tuple[str, ...] = ()
    approvals: tuple[Carried, ...] = ()
    unsigned: bool = False
    requests: Path | None = None
    error: EngineError | None = None

    @property
    def sealing_stops(self) -> bool:
        """Whether nothing can be sealed from ``start`` on although it could be before, for want of an approval."""
        return self.unsigned and not any(one.new for one in self.approvals)

    def wait(self, what: str, *roles: str) -> None:
        """Say what it waits for."""
        self.state, self.waits_for, self.roles = RotationState.WAITING, what, roles

    def to_json(self) -> dict[str, JSON]:
        """Return it as an object."""
        error = self.error
        return {
            "organisation": self.due.code, "name": self.due.organisation, "state": self.state.value,
            "old": {"case": self.due.case, "seal": self.due.seal_id, "ends": write_moment(self.due.ends)},
            "new": {"case": self.case, "seal": self.seal_id}, "from": write_moment(self.start),
            "steps": tuple(self.steps), "waits_for": self.waits_for, "roles": self.roles,
            "requests": str(self.requests) if self.requests else None,
            "approvals": tuple(
                {"old": one.old, "new": one.new, "error": one.error.code.value if one.error else None}
                for one in self.approvals),
            "approvals_unsigned": self.unsigned, "sealing_stops": self.sealing_stops,
            "error": {"code": error.code.value, "zh": error.zh, "en": error.en,
                      "clause": error.facts.get("clause", "")} if error else None,
        }


def rotate(registry: Registry, seals: Sequence[DueSeal], *, means: Means, start: datetime) -> Generator[Rotation]:
    """Rotate seals one after the other, each as far as it can be; what one is refused for stops no other.

    Another rotation of the home is waited for.

    Args:
        seals: as :mod:`registry.due` finds them; where they stand is read anew.
        start: the moment at which the successors take over (aware), in whole seconds.

    Raises:
        RegistryError: ``registry.clock-backwards``, or the registry cannot be used; then nothing was begun.
        FileError: the lock or the approvals cannot be read.
    """
    with locked(registry.home / _LOCK):
        with registry.transaction():                 # the clock and the database are good, or nothing is begun
            for due in seals:
                sweep(registry.home / "authorities" / due.code)
        run, failed = _Run(registry, means, start), False
        for due in seals:
            rotation = Rotation(due=due, start=start, state=RotationState.UNTRIED)
            if not failed:
                run.take(rotation)
            failed = failed or rotation.state is RotationState.FAILED
            yield rotation


@dataclass
class _Run:
    """One run over one home."""

    registry: Registry
    means: Means
    start: datetime
    _password_known: bool = False

    def __post_init__(self) -> None:
        self.home = self.registry.home
        self._files = ApprovalFiles(self.home)

    def take(self, rotation: Rotation) -> None:
        """Take one seal as far as it goes."""
        try:
            with reported(self.home):
                self._go(rotation)
        except EngineError as error:
            rotation.error = error
            failed = error.code in _OF_THE_MACHINE
            rotation.state = RotationState.FAILED if failed else RotationState.REFUSED

    def _go(self, rotation: Rotation) -> None:
        due, keys = rotation.due, self._keys(rotation.due)
        new = self._successor(due)
        if new is None or new.in_use_from is None:
            check_moment(due, self.start, self.registry.now())
        if new is None:
            case = self._renew(rotation, keys)
            if case is None:
                return
            new = self._case(case)
        rotation.case, rotation.seal_id = new.case, new.seal_id
        if new.in_use_from is not None:
            if new.in_use_from != self.start:
                raise other_moment(new.case, new.in_use_from)
            keys.forget()
        elif not self._prepare(rotation, keys, new):
            return
        self._carry(rotation)
        if new.in_use_from is None and not self._activate(rotation):
            return
        rotation.state = RotationState.ROTATED

    def _keys(self, due: DueSeal) -> RenewalKeys:
        return RenewalKeys(self.home, code=due.code, name=due.name, case=due.case, seal_id=due.seal_id,
                           password=self.means.password, cost=self.means.cost)

    def _successor(self, due: DueSeal) -> Seal | None:
        with self.registry.reading() as session:
            return session.scalars(
                select(Seal).where(Seal.predecessor == due.case, Seal.state.in_(LIVE)).limit(1)).first()

    def _case(self, case: str) -> Seal:
        with self.registry.reading() as session:
            return find_case(session, case)

    def _renew(self, rotation: Rotation, keys: RenewalKeys) -> str | None:
        """Have keys made and certified, and open the case of the renewal; None where something is waited for."""
        due = rotation.due
        with self.registry.reading() as session:
            check_start(self.home, session, due, at=self.registry.now())
        if self._person(rotation, "renew", None) is None:           # nobody who may ask for it: no keys are made
            return None
        self._check_password(due)
        if not keys.folder.is_dir():
            rotation.steps.append("keys")
        requests, certifier = keys.requests(), self.means.certifier
        certificates = {role: certifier.certificate_for(role, request) if certifier else None
                        for role, request in requests.items()}
        if None in certificates.values():
            rotation.requests = keys.folder
            if self.means.requests_out is not None:
                keys.copy_requests(self.means.requests_out)
            rotation.wait("certificates")
            return None
        outcome = self._act(rotation, "renew", due.case, documents={
            _TITLES[role]: certificate.der for role, certificate in certificates.items() if certificate})
        return outcome.case if outcome else None

    def _check_password(self, due: DueSeal) -> None:
        """See once, by the keys in files, that the password is this home's, before anything is encrypted with it."""
        if not self._password_known:
            folder = self.home / "authorities" / due.code / due.seal_id
            for path in filter(None, (key_path(folder, role) for role in ROLES)):
                if path.suffix == ".key":
                    load_key(path, self.means.password())
                    self._password_known = True

    def _prepare(self, rotation: Rotation, keys: RenewalKeys, new: Seal) -> bool:
        """Take the renewal from its application to the finished seal; say whether it is made."""
        with self.registry.reading() as session:
            application = application_of(session, find_case(session, new.case))
            applicant = Certificate.load(session.get_one(Actor, new.applicant).certificate)
        certificates = dict(zip(ROLES, (application.certificate, application.data, application.pdf), strict=True))
        if not keys.hand_over(new.case, certificates):
            raise keys_elsewhere(new.case, "请用 seals keys 放入", "lay them down with `zhengyin seals keys`")
        state = new.state
        if state == State.APPLIED:
            outcome = self._act(rotation, "review-county", new.case, apart=applicant)
            if outcome is None:
                return False
            state = outcome.state
        if state != State.MADE:
            if self._person(rotation, "make", applicant) is None:
                return False
            made = prepare_seal(
                application, maker=self.means.maker(), seal_id=f"{application.code}-{secrets.token_hex(4).upper()}",
                grounds=Grounds.of_home(self.home), at=self.registry.now())
            self._act(rotation, "make", new.case, apart=applicant, documents={"seal": made.der})
            rotation.seal_id = made.seal_id
        if application.data is not None:
            trust_data(self.home, application.data)
        return True

    def _carry(self, rotation: Rotation) -> None:
        """Have the approvals signed for the new seal, before it is used: then sealing goes on without a gap."""
        means, due, carried = self.means, rotation.due, []
        old, new = self._case(due.case), self._case(str(rotation.case))
        for one in follow(self._files, old, new, start=self.start, at=self.registry.now(), used=means.used):
            by: str | None = one.by
            error: EngineError | None = one.error
            if one.terms is not None and means.approvers is not None:
                by, error = self._sign(rotation, one, one.terms, means.approvers)
            withdrawn = error is not None and error.code is ApproveCode.WITHDRAWN
            rotation.unsigned = rotation.unsigned or (one.terms is not None and by is None and not withdrawn)
            carried.append(Carried(old=one.approval.id, new=by, error=error))
        rotation.approvals = tuple(carried)

    def _sign(
        self, rotation: Rotation, following: Following, terms: Terms, approvers: Attendance,
    ) -> tuple[str | None, EngineError | None]:
        """Have one approval signed; return its number, or what it was refused for. The seal changes all the same."""
        try:
            if not carry(self.registry, following, unit=rotation.due.code, approvers=approvers):
                return None, None
        except EngineError as error:
            if error.code in _OF_THE_MACHINE:
                raise
            return None, error
        self._files.note(terms)
        rotation.steps.append("approve")
        return terms.id, None

    def _activate(self, rotation: Rotation) -> bool:
        return self._act(rotation, "activate", str(rotation.case),
                         facts={"from": write_moment(self.start)}) is not None

    def _act(
        self, rotation: Rotation, act: str, subject: str, *, facts: Mapping[str, JSON] | None = None,
        documents: Mapping[str, bytes] | None = None, apart: Certificate | None = None,
    ) -> Outcome | None:
        """Have an act signed by whoever may do it and performed; None where nobody at hand may."""
        person = self._person(rotation, act, apart)
        if person is None:
            return None
        signed = sign_act(act, subject, facts or {}, documents=documents, signer=person.signer,
                          registry_id=self.registry.id, at=self.registry.now())
        outcome = perform(self.registry, signed, documents=documents)
        rotation.steps.append(act)
        return outcome

    def _person(self, rotation: Rotation, act: str, apart: Certificate | None) -> Person | None:
        """Return who at hand may do an act; None, and it is waited for, where nobody may."""
        roles = ROLES_OF_ACT[act]
        person = self.means.people.find(roles, unit=rotation.due.code, apart=(apart,) if apart else ())
        if person is None:
            rotation.wait(act, *roles)
        return person

"""The persons of a demonstration, and the acts by which they bring each seal into use: signed, judged and logged as
any others.

Whatever a killed run has left is taken up where it stands: the registry says how far each case has come, and the keys
of a seal are laid down before it is applied for.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from certs.approval import GIVEN, Terms, confirm, give, read_terms
from certs.canonical_json import JSON
from certs.demo_pki import make_authority, midnight
from certs.signer import LocalSigner
from certs.statement import SignedStatement
from certs.x509 import Certificate
from registry.actors import create_registry
from registry.acts import perform, sign_act
from registry.database import Registry
from registry.demo_files import DemoFiles
from registry.errors import RegistryCode, RegistryError
from registry.making import Grounds, prepare_seal
from registry.projection import stage_keys, staged_keys
from registry.requests import Outcome
from registry.seals import application_of
from registry.states import SealType, State
from registry.tables import ActorRole, Approval, Seal

__all__ = ["DEMO_OFFICE", "DemoOffice", "open_registry", "seals_of"]

DEMO_OFFICE: Final = ("演示印章管理部门", "11140000MB9TEX091D")
"""Name and USCC of the unit whose demo persons review, make and administer."""
_OFFICERS: Final = {
    "administrator": "演示管理员", "county-reviewer": "演示县级审核人", "upper-reviewer": "演示上级审核人",
    "maker": "演示制章人",
}
_UNIT: Final = {"applicant": "演示申请人", "custodian": "演示保管人"}
"""The two persons of each unit, who also give and confirm its approvals."""
_NEW: Final = "new"
_USES: Final = 1_000_000
_PAPERS: Final = {
    "application": "演示申请书", "form": "演示电子印章申请表", "imprint-statement": "演示印模真实性声明"}
_RULES: Final = {"rules": "演示用章管理制度".encode()}


def open_registry(files: DemoFiles) -> Registry:
    """Open the registry of the home, made first where it is not there; its clock stands at the run's ``now``."""
    try:
        return Registry.open(files.home, clock=lambda: files.now)
    except RegistryError as error:
        if error.code is not RegistryCode.MISSING:
            raise
    name, code = DEMO_OFFICE
    administrator = files.make_person("administrator", _OFFICERS["administrator"], unit=name, code=code)
    create_registry(files.home, administrator=administrator, now=files.now).close()
    files.tell("已建立印章登记库", "made the registry of seals")
    return Registry.open(files.home, clock=lambda: files.now)


def seals_of(session: Session, code: str) -> Sequence[Seal]:
    """Return the cases of an organisation's seal of the legal name, oldest first."""
    return session.scalars(select(Seal).where(
        Seal.organisation == code, Seal.type == SealType.LEGAL_NAME).order_by(Seal.case)).all()


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOffice:
    """The acts of one run over one home."""

    files: DemoFiles
    registry: Registry

    def act(
        self, person: str, act: str, subject: str, facts: Mapping[str, JSON] | None = None,
        documents: Mapping[str, bytes] | None = None,
    ) -> Outcome:
        """Have a demo person sign an act, and perform it."""
        signed = sign_act(act, subject, facts or {}, documents=documents, signer=self.files.signer(person),
                          registry_id=self.registry.id, at=self.files.now)
        return perform(self.registry, signed, documents=documents)

    def staff(self, units: Mapping[str, str]) -> None:
        """See that everybody is appointed whom the seals of ``units`` (USCC → name) take."""
        name, office = DEMO_OFFICE
        wanted = [("maker", office, "maker", "")]
        for code in units:
            wanted += [("county-reviewer", office, "county-reviewer", code[2:8]),
                       ("upper-reviewer", office, "upper-reviewer", f"{code[2:4]}0000")]
            wanted += [(f"{code}-{person}", code, role, "") for person in _UNIT for role in (person, "approver")]
        people = {person: self.files.make_person(person, title, unit=name, code=office)
                  for person, title in _OFFICERS.items()}
        people |= {f"{code}-{person}": self.files.make_person(f"{code}-{person}", title, unit=unit, code=code)
                   for code, unit in units.items() for person, title in _UNIT.items()}
        with self.registry.reading() as session:
            held = {(row.actor, row.role, row.region)
                    for row in session.scalars(select(ActorRole).where(ActorRole.until.is_(None)))}
        for person, code, role, region in dict.fromkeys(wanted):
            if (people[person].fingerprint, role, region) not in held:
                self._appoint(people[person], code, role, region)

    def _appoint(self, certificate: Certificate, code: str, role: str, region: str) -> None:
        self.act("administrator", "actor-appoint", certificate.fingerprint, {
            "certificate": base64.b64encode(certificate.der).decode("ascii"), "role": role, "unit": code,
            "region": region})

    def bring_into_use(self, code: str, name: str, *, imprint: bytes, diameter_mm: int) -> None:
        """Take an organisation's first seal from its application to its use; one that was in use stays as it is."""
        with self.registry.reading() as session:
            cases = [seal for seal in seals_of(session, code) if seal.state != State.REFUSED]
        if not cases:
            case = self._apply(code, name, imprint, diameter_mm)
            state = State.APPLIED
        elif len(cases) == 1 and cases[0].in_use_from is None:
            case, state = cases[0].case, State(cases[0].state)
            self._name_keys(code, case)
        else:
            self.files.tell(f"保留已有的“{name}”", f"kept {name}")
            return
        if state is State.APPLIED:
            self.act("county-reviewer", "review-county", case)
            state = State.COUNTY_REVIEWED
        if state is State.COUNTY_REVIEWED:
            self.act("upper-reviewer", "review-upper", case)
            state = State.UPPER_REVIEWED
        if state is State.UPPER_REVIEWED:
            self.act("maker", "make", case, documents={"seal": self._seal(code, case)})
            state = State.MADE
        if state is State.MADE:
            self.act(f"{code}-custodian", "activate", case, documents=_RULES)
            self.files.tell(f"已为“{name}”申请、审核、制作并启用印章",
                            f"applied for the seal of {name}, had it reviewed and made, and put it into use")

    def _apply(self, code: str, name: str, imprint: bytes, diameter_mm: int) -> str:
        if staged_keys(self.files.home, code, _NEW) is None:
            stage_keys(self.files.home, code, _NEW, {
                role: self.files.encrypted(pair) for role, pair in make_authority(
                    name, code, sm2_issuer=self.files.ca("sm2-issuing"), p256_issuer=self.files.ca("p256-issuing"),
                    now=self.files.now).items()})
        certificates = {role: certificate.der for role, (certificate, _) in self._keys(code).items()}
        case = self.act(f"{code}-applicant", "apply", code, {
            "code": code, "name": name, "organisation": name, "type": SealType.LEGAL_NAME.value,
            "diameter_mm": diameter_mm,
        }, {
            **{title: text.encode() for title, text in _PAPERS.items()}, "imprint": imprint,
            "certificate": certificates["sealing"], "certificate-data": certificates["data"],
            "certificate-pdf": certificates["pdf"],
        }).case
        self._name_keys(code, case)
        return case

    def _keys(self, code: str) -> Mapping[str, tuple[Certificate, bytes]]:
        keys = staged_keys(self.files.home, code, _NEW)
        assert keys is not None  # noqa: S101  (laid down a moment ago, under the lock of the home)
        return keys

    def _name_keys(self, code: str, case: str) -> None:
        """Give the keys that were laid down before the application the number of its case."""
        folder = self.files.home / "authorities" / code / f".next-{_NEW}"
        if folder.is_dir():
            folder.rename(folder.with_name(f".next-{case}"))

    def _seal(self, code: str, case: str) -> bytes:
        maker = self.files.ca("seal-maker")
        with self.registry.reading() as session:
            application = application_of(session, session.get_one(Seal, case))
        return prepare_seal(
            application, maker=LocalSigner(maker.certificate, maker.key), seal_id=f"{code}-{case[1:]}",
            grounds=Grounds.of_home(self.files.home), at=self.files.now).der

    def approve(self, code: str, kinds: tuple[str, ...]) -> None:
        """See that the seals of a unit in use have a standing approval for the kinds, given and confirmed."""
        with self.registry.reading() as session:
            seals = [(str(seal.seal_id), seal.valid_end) for seal in seals_of(session, code)
                     if seal.state == State.IN_USE and seal.in_use_until is None]
            rows = session.scalars(select(Approval).where(Approval.id.startswith(f"standing-{code}-"))).all()
        given = {row.id: SignedStatement.parse(row.given, type=GIVEN) for row in rows}
        for number in (row.id for row in rows if row.confirmed is None and row.withdrawn_at is None):
            self._confirm(code, number, given[number])
        terms = [read_terms(one) for one in given.values()]
        for seal_id, end in seals:
            covered = any(one.seal_id == seal_id and set(kinds) <= set(one.kinds) and self.files.now <= one.valid_to
                          for one in terms)
            if not covered and end is not None and self.files.now <= end:
                self._approve(code, f"standing-{code}-{len(terms) + 1:02d}", kinds, seal_id, end)

    def _approve(self, code: str, number: str, kinds: tuple[str, ...], seal_id: str, end: datetime) -> None:
        given = give(
            Terms(id=number, kinds=kinds, region=code[2:8], seal_id=seal_id, valid_from=midnight(self.files.now),
                  valid_to=end, count=_USES),
            signer=self.files.signer(f"{code}-applicant"), at=self.files.now)
        self.act(f"{code}-applicant", "approve-give", number, documents={"approval": given.to_json()})
        self._confirm(code, number, given)

    def _confirm(self, code: str, number: str, given: SignedStatement) -> None:
        confirmed = confirm(given, signer=self.files.signer(f"{code}-custodian"), at=self.files.now)
        self.act(f"{code}-custodian", "approve-confirm", number, documents={"confirmation": confirmed.to_json()})
        self.files.tell(f"已登记用印审批 {number}（两人签署）",
                        f"recorded the approval {number} (signed by two persons)")

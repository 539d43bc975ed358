"""An office for tests: a home with a small PKI, a registry, the persons who act, and a clock that obeys."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import select

from certs import sm2
from certs.config import Config, Password, store_config
from certs.crl import Revocation, build_crl
from certs.demo_pki import KeyPair, make_authority, make_cas, midnight
from certs.keystore import seal_key
from certs.seal import SealFile
from certs.signer import LocalSigner
from certs.statement import SignedStatement
from certs.x509 import Certificate
from certs.x509_build import build_certificate
from codes.uscc import check_character
from registry.actors import create_registry
from registry.acts import perform, sign_act
from registry.database import Registry
from registry.errors import RegistryError
from registry.making import Grounds, prepare_seal
from registry.projection import stage_keys
from registry.requests import Outcome
from registry.seals import application_of
from registry.states import State, renewal_opens
from registry.tables import Audit, Base, Seal
from tests.support.demo_home import CHEAP, CITY, PROVINCE, imprint

START: Final = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
DAY: Final = timedelta(days=1)
BACKENDS: Final = ["sqlite", "postgresql"]
PASSWORD: Final = Password(b"office")
COUNTY: Final = ("11140121MB9TEX018D", "测试市测试县应急管理局")
BUREAU: Final = "11140121MB9TEX09" + "0"
BUREAU_CODE: Final = BUREAU + check_character(BUREAU)
ROLES: Final = {
    # person → unit, roles with regions
    "管理员": (BUREAU_CODE, ()),
    "申请人": (COUNTY[0], (("applicant", ""),)),
    "保管人": (COUNTY[0], (("custodian", ""),)),
    "县审核": (BUREAU_CODE, (("county-reviewer", "140121"),)),
    "市审核": (BUREAU_CODE, (("upper-reviewer", "140100"),)),
    "制章员": (BUREAU_CODE, (("maker", ""),)),
    "审批甲": (COUNTY[0], (("approver", ""),)),
    "审批乙": (COUNTY[0], (("approver", ""),)),
    "市申请": (CITY[0], (("applicant", ""), ("custodian", ""))),
    "省审核": (PROVINCE[0], (("upper-reviewer", "140000"), ("county-reviewer", "140000"))),
    "路人": (BUREAU_CODE, ()),
}


@functools.cache
def cas() -> Mapping[str, KeyPair]:
    """The demonstration CAs, made once a process, 400 days before the office opens."""
    return make_cas(START - 400 * DAY)


@functools.cache
def person(name: str, unit: str) -> LocalSigner:
    """A person with a personal certificate of some ten years."""
    issuer, key = cas()["sm2-issuing"], sm2.PrivateKey.generate()
    return LocalSigner(build_certificate(
        subject=(("C", "CN"), ("O", f"单位{unit[-4:]}"), ("CN", name)), spki=key.spki, issuer=issuer.certificate,
        issuer_key=issuer.key, serial=abs(hash((name, unit))) + 1, not_before=midnight(START - DAY),
        not_after=START + 3600 * DAY, key_usage=("digitalSignature", "nonRepudiation"), uscc=unit), key)


@functools.cache
def organisation_keys(code: str, name: str, start: datetime = START) -> Mapping[str, KeyPair]:
    """The three keys of an organisation with certificates that begin on the day of ``start``."""
    return make_authority(name, code, sm2_issuer=cas()["sm2-issuing"], p256_issuer=cas()["p256-issuing"], now=start)


def write_lists(home: Path, revoked: Certificate | None = None, *, at: datetime = START, days: int = 3650,
                reason: str = "keyCompromise") -> None:
    """Write the revocation lists of every CA, one certificate on them if asked for."""
    (home / "crls").mkdir(exist_ok=True)
    for role in ("sm2-root", "sm2-issuing", "p256-root", "p256-issuing"):
        ca = cas()[role]
        entries = {revoked.serial: Revocation(revoked_at=at, reason=reason)} \
            if revoked and revoked.issued_by(ca.certificate) else {}
        crl = build_crl(issuer=ca.certificate, issuer_key=ca.key, this_update=at, next_update=at + days * DAY,
                        number=1, revoked=entries)
        (home / "crls" / f"{role}.crl").write_bytes(crl.der)


def make_home(home: Path, **settings: object) -> Path:
    """Make a home with certificates and lists, without any seal."""
    home.mkdir(mode=0o700)
    store_config(home, Config(name="测试", **settings))  # type: ignore[arg-type]
    for folder in ("chain", "authorities", "approvals", "trust/seal-makers"):
        (home / folder).mkdir(parents=True)
    for role, pair in cas().items():
        (home / "chain" / f"{role}.cer").write_bytes(pair.certificate.der)
    (home / "trust" / "seal-makers" / "seal-maker.cer").write_bytes(cas()["seal-maker"].certificate.der)
    write_lists(home)
    return home


PAPERS: Final = {
    "application": "申请书".encode(), "form": "申请表".encode(), "imprint-statement": "真实性声明".encode()}
ENDING: Final = {"application": "注销申请".encode(), "identity-proof": "身份证明".encode()}


@dataclass(kw_only=True)
class Office:
    """A registry with its home; ``now`` is what its clock says."""

    home: Path
    registry: Registry
    now: datetime = START
    extra: dict[str, LocalSigner] = field(default_factory=dict)

    @classmethod
    def found(cls, home: Path, *, url: str | None = None) -> Office:
        """Make the registry of ``home`` and appoint everybody."""
        create_registry(home, administrator=person("管理员", BUREAU_CODE).certificate, now=START, url=url).close()
        return cls.open(home, url=url).staffed()

    @classmethod
    def of(cls, request: pytest.FixtureRequest, folder: Path) -> Office:
        """Found an office in the database that the parameter of a fixture names."""
        server = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
        return cls.found(make_home(folder / "home"), url=server.new_database() if server else None)

    @classmethod
    def open(cls, home: Path, *, url: str | None = None) -> Office:
        """Open it again."""
        office = cls(home=home, registry=None)  # type: ignore[arg-type]
        office.registry = Registry.open(home, url=url, clock=lambda: office.now)
        return office

    def staffed(self) -> Office:
        """Appoint everybody of :data:`ROLES`."""
        for name, (unit, roles) in ROLES.items():
            for role, region in roles:
                self.appoint(person(name, unit).certificate, unit, role, region)
        return self

    def appoint(self, certificate: Certificate, unit: str, role: str, region: str = "") -> Outcome:
        """Give a person a role."""
        return self.act("管理员", "actor-appoint", certificate.fingerprint, {
            "certificate": base64.b64encode(certificate.der).decode(), "role": role, "unit": unit, "region": region})

    def signer(self, name: str) -> LocalSigner:
        """The signer of a person by name."""
        return self.extra.get(name) or person(name, ROLES[name][0])

    def sign(
        self, name: str, act: str, subject: str, facts: Mapping[str, object] | None = None,
        documents: Mapping[str, bytes] | None = None,
    ) -> SignedStatement:
        """Sign an act now."""
        return sign_act(act, subject, facts or {}, documents=documents, signer=self.signer(name),  # type: ignore[arg-type]
                        registry_id=self.registry.id, at=self.now)

    def act(
        self, name: str, act: str, subject: str, facts: Mapping[str, object] | None = None,
        documents: Mapping[str, bytes] | None = None,
    ) -> Outcome:
        """Sign and perform an act."""
        return perform(self.registry, self.sign(name, act, subject, facts, documents), documents=documents)

    def apply(
        self, *, by: str = "申请人", of: tuple[str, str] = COUNTY, keys: Mapping[str, KeyPair] | None = None,
        facts: Mapping[str, object] | None = None, documents: Mapping[str, bytes | None] | None = None,
        business: str = "",
    ) -> str:
        """Apply for a seal and lay its keys down; returns the case.

        ``business`` is what the name of a 业务专用章 adds to the unit's; without it the seal is of the legal name.
        """
        keys = keys or organisation_keys(of[0], of[1] + business)
        if business:
            facts = {"type": "业务专用章", "name": of[1] + business, **(facts or {})}
        papers = {**application_papers(of, keys), **(documents or {})}
        outcome = self.act(by, "apply", of[0], {**application_facts(of), **(facts or {})},
                           {title: data for title, data in papers.items() if data is not None})
        self.lay_down(of[0], outcome.case, keys)
        return outcome.case

    def lay_down(self, code: str, case: str, keys: Mapping[str, KeyPair]) -> None:
        """Lay an organisation's keys down for a case."""
        stage_keys(self.home, code, case, {
            role: (pair.certificate, seal_key(pair.key, PASSWORD, cost=CHEAP)) for role, pair in keys.items()})

    def reviewed(self, *, upper: str = "市审核", county: str = "县审核", **how: object) -> str:
        """Apply and let both levels accept; returns the case."""
        case = self.apply(**how)  # type: ignore[arg-type]
        self.act(county, "review-county", case)
        self.act(upper, "review-upper", case)
        return case

    def prepare(self, case: str, *, seal_id: str = "") -> SealFile:
        """Make the seal of a case."""
        maker = cas()["seal-maker"]
        with self.registry.reading() as session:
            application = application_of(session, session.get_one(Seal, case))
        return prepare_seal(application, maker=LocalSigner(maker.certificate, maker.key),
                            seal_id=seal_id or f"{application.code}-{case[1:]}", grounds=Grounds.of_home(self.home),
                            at=self.now)

    def made(self, **how: object) -> str:
        """Bring a new case as far as a made seal."""
        case = self.reviewed(**how)  # type: ignore[arg-type]
        self.act("制章员", "make", case, {}, {"seal": self.prepare(case).der})
        return case

    def in_use(self, *, custodian: str = "保管人", **how: object) -> str:
        """Bring a new case as far as a seal in use."""
        case = self.made(**how)
        self.act(custodian, "activate", case, {}, {"rules": "用章制度".encode()})
        return case

    def renewed(self) -> tuple[str, str]:
        """A seal in use and its successor, made and with its keys in place, as soon as renewal opens: both cases."""
        old = self.in_use()
        end = self.row(old).valid_end
        assert end is not None
        self.now = renewal_opens(end).astimezone(UTC)
        keys = organisation_keys(*COUNTY, start=self.now)
        new = self.act("保管人", "renew", old, {}, {
            f"certificate{tail}": keys[role].certificate.der
            for role, tail in (("sealing", ""), ("data", "-data"), ("pdf", "-pdf"))}).case
        self.act("县审核", "review-county", new)
        self.act("制章员", "make", new, {}, {"seal": self.prepare(new).der})
        self.lay_down(COUNTY[0], new, keys)
        return old, new

    def bring(self, state: State, business: str) -> str:
        """Bring a new case of a 业务专用章 to a state."""
        if state in (State.APPLIED, State.REFUSED, State.COUNTY_REVIEWED):
            case = self.apply(business=business)
            if state is State.REFUSED:
                self.act("县审核", "refuse", case, {"reason": "印模不清"})
            elif state is State.COUNTY_REVIEWED:
                self.act("县审核", "review-county", case)
        elif state in (State.UPPER_REVIEWED, State.MADE):
            case = self.reviewed(business=business) if state is State.UPPER_REVIEWED else self.made(business=business)
        else:
            case = self.in_use(business=business)
            if state is State.SUSPENDED:
                self.act("保管人", "suspend", case, {"reason": "搬迁"})
            elif state is State.LOST:
                self.act("保管人", "report-lost", case, {"reason": "介质丢失"})
            elif state is State.CANCELLED:
                self.act("申请人", "request-cancel", case, {"reason": "撤并"}, ENDING)
                self.act("县审核", "cancel", case)
        return case

    def snapshot(self) -> tuple[dict[str, list[str]], dict[str, bytes]]:
        """Everything that an act could change, without what a refusal leaves: rows by table, files by path.

        Numbers that a database gives to rows are left out: PostgreSQL does not take back what it once gave.
        """
        with self.registry.reading() as session:
            rows = {
                table.name: sorted(repr(tuple(row)) for row in session.execute(
                    select(*(column for column in table.columns if column.name != "number"))))
                for table in Base.metadata.sorted_tables if table.name not in ("audit", "refused")}
        files = {str(path.relative_to(self.home)): path.read_bytes() for path in sorted(self.home.rglob("*"))
                 if path.is_file() and not path.name.startswith("registry.sqlite3")}
        return rows, files

    def log(self) -> list[tuple[str, dict[str, object]]]:
        """Event and facts of every entry of the audit log."""
        with self.registry.reading() as session:
            return [(entry.event, json.loads(entry.facts))
                    for entry in session.scalars(select(Audit).order_by(Audit.number))]

    def row(self, case: str) -> Seal:
        """The case as it is recorded."""
        with self.registry.reading() as session:
            return session.get_one(Seal, case)


def application_facts(of: tuple[str, str] = COUNTY) -> dict[str, object]:
    """What an application for the seal of the legal name says."""
    return {"code": of[0], "name": of[1], "organisation": of[1], "type": "法定名称章", "diameter_mm": 42}


def application_papers(of: tuple[str, str], keys: Mapping[str, KeyPair]) -> dict[str, bytes]:
    """What an application must have attached."""
    return {**PAPERS, "imprint": imprint(of[1], 42), "certificate": keys["sealing"].certificate.der,
            "certificate-data": keys["data"].certificate.der, "certificate-pdf": keys["pdf"].certificate.der}


def refused(office: Office, act: Callable[[Office], object]) -> RegistryError:
    """Do what must be refused: see that it is in both languages, logged once, and changes nothing."""
    before, entries = office.snapshot(), len(office.log())
    with pytest.raises(RegistryError) as refusal:
        act(office)
    error = refusal.value
    assert error.zh and error.en and error.zh != error.en
    assert office.snapshot() == before
    added = office.log()[entries:]
    assert [event for event, _ in added] == ["act.refused"]
    assert (added[0][1]["code"], added[0][1].get("clause", "")) == (error.code.value, error.facts.get("clause", ""))
    return error

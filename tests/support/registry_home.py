"""A home with a registry for tests: its CAs, persons who act in it, and a clock that the test sets."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from certs.canonical_json import JSON
from certs.config import Config, store_config
from certs.crl import Revocation, build_crl
from certs.demo_pki import KeyPair, make_cas, make_person, make_service
from certs.home import Home
from certs.keystore import store_key
from certs.signer import LocalSigner
from certs.statement import SignedStatement
from registry.actors import create_registry
from registry.acts import perform, sign_act
from registry.database import Registry
from registry.requests import Outcome
from tests.support.demo_home import CHEAP, CITY

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
PASSWORD = "a test's own password"  # noqa: S105
_CRL_DAYS = 4000


@dataclass
class Clock:
    """A clock that stands still until it is set."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, step: timedelta) -> None:
        """Let time pass."""
        self.now += step


@dataclass
class RegistryHome:
    """An opened registry in its home.

    ``cas`` are those of :func:`certs.demo_pki.make_cas`; their certificates and lists lie in the home.
    """

    path: Path
    url: str | None
    clock: Clock
    cas: Mapping[str, KeyPair]
    administrator: LocalSigner
    registry: Registry
    crl_number: int = 1
    revoked: dict[int, Revocation] = field(default_factory=dict)

    def reopen(self) -> Registry:
        """Open the registry once more, as another process would."""
        return Registry.open(self.path, url=self.url, clock=self.clock)

    def person(self, name: str, *, unit: tuple[str, str] = CITY) -> LocalSigner:
        """Certify a person (code and name of the unit given), without any role."""
        code, unit_name = unit
        return signer(make_person(
            name, unit=unit_name, code=code, issuer=self.cas["sm2-issuing"], now=self.clock.now))

    def appointed(
        self, name: str, *roles: str, unit: tuple[str, str] = CITY, region: str = "",
    ) -> LocalSigner:
        """Certify a person and have the administrator appoint her or him; ``region`` for reviewers alone."""
        person = self.person(name, unit=unit)
        for role in roles:
            self.appoint(person, role, unit=unit[0], region=region)
        return person

    def appoint(self, person: LocalSigner, role: str, *, unit: str = CITY[0], region: str = "") -> Outcome:
        """Have the administrator appoint a person."""
        facts = {"certificate": base64.b64encode(person.certificate.der).decode(), "role": role, "unit": unit,
                 "region": region}
        return self.act(self.administrator, "actor-appoint", person.certificate.fingerprint, facts)

    def sign(
        self, person: LocalSigner, act: str, subject: str, facts: Mapping[str, JSON] | None = None, *,
        documents: Mapping[str, bytes] | None = None, nonce: str | None = None,
    ) -> SignedStatement:
        """Sign an act at the clock's time."""
        return sign_act(act, subject, facts or {}, documents=documents, signer=person, registry_id=self.registry.id,
                        at=self.clock.now, nonce=nonce)

    def act(
        self, person: LocalSigner, act: str, subject: str, facts: Mapping[str, JSON] | None = None, *,
        documents: Mapping[str, bytes] | None = None,
    ) -> Outcome:
        """Sign an act and perform it."""
        return perform(self.registry, self.sign(person, act, subject, facts, documents=documents),
                       documents=documents)

    def revoke(self, serial: int, *, reason: str = "keyCompromise") -> None:
        """Have the issuing CA for SM2 revoke a certificate, from now on."""
        self.revoked[serial] = Revocation(revoked_at=self.clock.now.replace(microsecond=0), reason=reason)
        self.crl_number += 1
        write_crls(self)

    def audit_key(self) -> LocalSigner:
        """Give the home its audit key, and return it."""
        pair = make_service("audit", issuer=self.cas["sm2-issuing"], now=self.clock.now)
        folder = self.path / "audit"
        folder.mkdir(exist_ok=True, mode=0o700)
        (folder / "audit.cer").write_bytes(pair.certificate.der)
        store_key(folder / "audit.key", pair.key, self.home().password(), cost=CHEAP)
        return signer(pair)

    def home(self) -> Home:
        """Open the home."""
        return Home.open(self.path, environ={})


def signer(pair: KeyPair) -> LocalSigner:
    """Join a pair to a signer."""
    return LocalSigner(pair.certificate, pair.key)


def write_crls(home: RegistryHome) -> None:
    """Write the list of every CA into the home."""
    folder = home.path / "crls"
    folder.mkdir(exist_ok=True)
    for role in ("sm2-root", "sm2-issuing", "p256-root", "p256-issuing"):
        ca = home.cas[role]
        crl = build_crl(
            issuer=ca.certificate, issuer_key=ca.key, this_update=home.clock.now,
            next_update=home.clock.now + timedelta(days=_CRL_DAYS), number=home.crl_number,
            revoked=home.revoked if role == "sm2-issuing" else {})
        (folder / f"{role}.crl").write_bytes(crl.der)


def make_registry_home(path: Path, *, url: str | None = None, now: datetime = NOW) -> RegistryHome:
    """Make a home at ``path`` with CAs, revocation lists and a registry with one administrator.

    ``now`` is the present for the commands' sake, which go by the machine's clock.
    """
    path.mkdir()
    store_config(path, Config(name="登记库试验", registry=url or ""))
    (path / "password").write_text(PASSWORD)
    (path / "password").chmod(0o600)
    cas, clock = make_cas(now), Clock(now)
    (path / "chain").mkdir()
    for role, pair in cas.items():
        (path / "chain" / f"{role}.cer").write_bytes(pair.certificate.der)
    administrator = signer(make_person("测试管理员", unit=CITY[1], code=CITY[0], issuer=cas["sm2-issuing"], now=now))
    made = RegistryHome(path=path, url=url, clock=clock, cas=cas, administrator=administrator,
                        registry=None)  # type: ignore[arg-type]  # the lists come before the registry
    write_crls(made)
    create_registry(path, administrator=administrator.certificate, now=clock.now, url=url).close()
    made.registry = made.reopen()
    return made

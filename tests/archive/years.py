"""A home that lives through twelve years: its clock is set, its lists are made anew, its timestamp services change."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import docgen
from archive.renewing import Renewed, renew_all
from archive.store import Archive
from certs import p256, sm2
from certs.config import store_config
from certs.csr import SIGNING
from certs.demo_pki import TREES, KeyPair
from certs.home import Home
from certs.x509 import Certificate
from certs.x509_build import TIME_STAMPING, build_certificate
from registry.demo import revoke
from registry.demo_files import CA_ROLES, DemoFiles
from tests.archive.offices import Office, numbered
from tests.support.authority import serving
from tests.support.demo_home import make_home
from tests.support.rotations import Aged

DAY = timedelta(days=1)


class Years(Office):
    """An office through the years. ``forgetful``: its CAs leave what has ended out of their lists and do not say since
    when, as most do."""

    def __init__(self, path: Path, authority: object, archive: Archive, clock: list[datetime], *,
                 forgetful: bool = False) -> None:
        self._clock, self._start, self._forgetful = clock, clock[0], forgetful
        home = Home.open(path, environ={}, clock=lambda: clock[0])
        super().__init__(home, authority, archive)  # type: ignore[arg-type]

    def go(self, year: int, month: int = 3, day: int = 1) -> datetime:
        """Let the present be 10:00 of a day; approvals, lists of revocation and of seals are made anew that day.

        In the last years, when the certificates of persons have ended too, only the lists of revocation are.
        """
        self._clock[0] = datetime(year, month, day, 2, 0, tzinfo=UTC)
        if year < self._start.year + 9:
            make_home(self.home.path, now=self.now)
        else:
            files = DemoFiles(home=self.home.path, now=self.now, password=self.home.password())
            files.renew_crls()
            files.write_trust()
        if self._forgetful:
            for role in CA_ROLES:
                for folder in (self.home.path / "crls", self.home.path / "trust" / "crls"):
                    (folder / f"{role}.crl").write_bytes(self.authority.crl(role))
        return self.now

    def go_to_present(self, now: datetime) -> None:
        """:meth:`go` to the day of ``now``, and on to that very moment."""
        self.go(now.year, now.month, now.day)
        self._clock[0] = now

    def change_tsa(self, *, years: int, ca: str = "issuing") -> None:
        """Give both trees new timestamp services, whose certificates last so many years, under their CA of a name."""
        made = {f"tsa-{tree}": self._tsa(tree, years, ca) for tree in TREES}
        self.authority.honest = dataclasses.replace(
            self.authority.honest, responders={**self.authority.honest.responders, **made})

    def _tsa(self, tree: str, years: int, ca: str) -> KeyPair:
        issuer = self.authority.honest.cas[f"{tree}-{ca}"]
        key = sm2.PrivateKey.generate() if tree == "sm2" else p256.PrivateKey.generate()
        start = self.now - DAY
        return KeyPair(key=key, certificate=build_certificate(
            subject=(("C", "CN"), ("O", "证印演示"), ("CN", f"演示时间戳服务 {self.now.year}")), spki=key.spki,
            issuer=issuer.certificate, issuer_key=issuer.key, serial=int(self.now.timestamp()),
            not_before=start, not_after=start.replace(year=start.year + years), key_usage=SIGNING,
            ext_key_usage=(TIME_STAMPING,)))

    def untimed(self, number: int) -> bytes:
        """A sealed package without any timestamp."""
        config = self.home.config
        store_config(self.home.path, dataclasses.replace(config, tsa_urls=()))
        try:
            quiet = Home.open(self.home.path, environ={}, clock=lambda: self._clock[0])
            return docgen.issue(numbered(number), home=quiet).ofd
        finally:
            store_config(self.home.path, config)

    def lose(self, certificate: Certificate, at: datetime) -> None:
        """Revoke a certificate whose key was lost at a moment."""
        revoke(self.home.path, certificate, now=at, environ={})
        self.go(self.now.year, self.now.month, self.now.day)

    def rotate(self, start: datetime) -> None:
        """Rotate every seal that ends within thirty days."""
        aged = Aged.open(self.home.path, now=self.now)
        try:
            aged.rotate(start=start)
        finally:
            aged.registry.close()

    def renew(self, archive: Archive, *, before: datetime | None = None) -> list[str]:
        """Renew what is due before a moment, by default within thirty days; the identifiers."""
        done = []
        for outcome in renew_all(archive, before=before or self.now + 30 * DAY, now=self.now,
                                 trust=self.home.trust(), timestamper=self.stamper()):
            assert isinstance(outcome, Renewed), outcome
            done.append(outcome.identifier)
        return done


@contextmanager
def years(folder: Path, start: datetime, *, tsa_years: int, forgetful: bool = False) -> Iterator[Years]:
    """A home that is made at ``start``."""
    clock = [start]
    home = make_home(folder / "home", now=start)
    with serving(home, clock=lambda: clock[0]) as authority:
        store_config(home.path, dataclasses.replace(
            home.config, tsa_urls=(authority.tsa_url("sm2"), authority.tsa_url("p256"))))
        made = Years(home.path, authority, Archive.prepare(folder / "archive"), clock, forgetful=forgetful)
        made.change_tsa(years=tsa_years)
        yield made

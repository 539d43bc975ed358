"""An office with a timestamp service, and archives of what it issues."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import docgen
from archive.checking import PackageReport, check_package
from archive.making import Kept, Refused, put_in
from archive.snapshot import believed, with_snapshot
from archive.store import Archive
from certs.config import store_config
from certs.evidence_build import Stamper
from certs.home import Home
from certs.home_time import timestamper_of
from certs.trust import Trust
from tests.support.authority import Authority, serving
from tests.support.demo_home import copied_home
from tests.verify.packages import record

Clock = Callable[[], datetime]


def numbered(number: int) -> dict[str, object]:
    """A worked example under a number of its own."""
    text = f"1401001320259{number:04}"
    return record(1, 许可证编号=text, 二维码=f"https://lookup.example.invalid/l/{text}")


@dataclass
class Office:
    """A home whose settings name a timestamp service that runs, and an archive."""

    home: Home
    authority: Authority
    archive: Archive

    @property
    def now(self) -> datetime:
        """The present of all of it."""
        return self.home.clock()

    def stamper(self) -> Stamper:
        """The home's timestamp services."""
        found = timestamper_of(self.home)
        assert found is not None
        return found

    def issue(self, number: int = 1) -> bytes:
        """A sealed package; the number tells it from others."""
        return docgen.issue(numbered(number), home=self.home).ofd

    def put(self, *packages: bytes) -> list[Kept | Refused]:
        """Archive packages."""
        named = [(Path(f"{place}.ofd"), data) for place, data in enumerate(packages)]
        return list(put_in(self.archive, named, home=self.home, timestamper=self.stamper()))

    def kept(self, package: bytes) -> str:
        """Archive one package; its identifier."""
        (outcome,) = self.put(package)
        assert isinstance(outcome, Kept), outcome
        return outcome.identifier

    def check(self, identifier: str, *, at: datetime | None = None, trust: Trust | None = None,
              anchors: list[str] | None = None) -> PackageReport:
        """Check by the home's trust, by another, or by named anchors alone."""
        own = trust or self.home.trust()
        return check_package(
            self.archive.existing(identifier), at=at or self.now,
            believe=lambda snapshot: with_snapshot(own, snapshot) if anchors is None else
            None if snapshot is None else believed(snapshot, anchors))


@contextmanager
def office(folder: Path, *, clock: Clock = lambda: datetime.now(UTC)) -> Iterator[Office]:
    """An office in a new folder, with the demonstration's authority serving time at ``clock``."""
    home = copied_home(folder / "home")
    with serving(home, clock=clock) as authority:
        store_config(home.path, dataclasses.replace(
            home.config, tsa_urls=(authority.tsa_url("sm2"), authority.tsa_url("p256"))))
        yield Office(Home.open(home.path, environ={}, clock=lambda: authority.now()), authority,
                     Archive.prepare(folder / "archive"))


def copied(source: Path, target: Path) -> Path:
    """A copy of an archive or of a package."""
    shutil.copytree(source, target)
    return target

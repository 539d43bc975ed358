"""A demo home whose seals end in twenty days, for tests of rotation; its registry has a clock that obeys."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from certs.config import Config, store_config
from certs.demo_pki import CHINA_TIME, midnight
from certs.home import Home
from certs.keystore import load_key
from certs.signer import LocalSigner
from certs.x509 import Certificate
from registry.attendance import Attendance, Person
from registry.database import Registry
from registry.deploy import settle
from registry.due import DueSeal, due_seals
from registry.renewal_keys import Certifier, DemoCertifier
from registry.rotation import Means, Rotation, rotate
from registry.tables import Audit, Seal
from tests.support.demo_home import CHEAP, make_home

NOW: Final = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
"""The present of these homes."""
ENDS: Final = datetime(2026, 3, 22, 23, 59, 59, tzinfo=CHINA_TIME)
"""The last moment of their seals."""
START: Final = datetime(2026, 3, 18, tzinfo=CHINA_TIME)
"""The moment at which successors take over."""
DAY: Final = timedelta(days=1)
SECOND: Final = timedelta(seconds=1)
EVERYBODY: Final = "*"


def age(path: Path, *, now: datetime = NOW, url: str | None = None) -> None:
    """Make a demo home as it was made almost three years before ``now``, with the revocation lists of ``now``.

    Its seals end with the twentieth day after that of ``now``.
    """
    if url is not None:
        path.mkdir(mode=0o700)
        store_config(path, Config(name="证印演示", demo=True, lookup_hosts=("lookup.example.invalid",), registry=url))
    end = midnight(now) + 21 * DAY
    make_home(path, now=end.replace(year=end.year - 3))
    make_home(path, now=now)


@functools.cache
def _aged(now: datetime) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="zhengyin-aged-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    age(folder / "home", now=now)
    return folder / "home"


def aged_home(path: Path, *, now: datetime = NOW) -> Path:
    """Copy the aged home, made once a process, to ``path``."""
    shutil.copytree(_aged(now), path)
    return path


@dataclass
class Aged:
    """An aged home with its registry opened; ``now`` is what its clock says."""

    path: Path
    registry: Registry
    now: datetime

    @classmethod
    def open(cls, path: Path, *, now: datetime = NOW) -> Aged:
        """Open the registry as a command does: with the files brought up to it."""
        aged = cls(path, None, now)  # type: ignore[arg-type]
        aged.registry = Registry.open(path, clock=lambda: aged.now)
        settle(aged.registry)
        return aged

    def home(self) -> Home:
        """The home, as who issues opens it."""
        return Home.open(self.path, environ={})

    def people(self, *patterns: str) -> Iterator[Person]:
        """The demo persons whose folders have such names."""
        password = self.home().password()
        for folder in sorted({path for pattern in patterns for path in (self.path / "actors").glob(pattern)}):
            certificate = Certificate.load((folder / "actor.cer").read_bytes())
            yield Person(certificate, functools.partial(_signer, certificate, folder / "actor.key", password))

    def means(
        self, *, people: Sequence[str] = (EVERYBODY,), approvers: Sequence[str] | None = (EVERYBODY,),
        certifier: Certifier | str | None = "demo", used: Mapping[str, int] | None = None, **more: Any,
    ) -> Means:
        """What a rotation has at hand: everybody, and the demo CAs, by default."""
        password = self.home().password()
        if isinstance(certifier, str):
            certifier = DemoCertifier(self.path, password, now=self.now)
        with self.registry.reading() as session:
            attending = Attendance(session, self.people(*people), at=self.now)
            signing = None if approvers is None else Attendance(session, self.people(*approvers), at=self.now)
        ca = self.path / "ca"
        return Means(
            people=attending, approvers=signing, certifier=certifier, password=lambda: password, cost=CHEAP,
            used=used or {}, maker=lambda: _signer(
                Certificate.load((ca / "seal-maker.cer").read_bytes()), ca / "seal-maker.key", password), **more)

    def due(self, days: int = 30, *, codes: Collection[str] = ()) -> list[DueSeal]:
        """The seals that are due, of some organisations or of all."""
        with self.registry.reading() as session:
            return [due for due in due_seals(session, at=self.now, days=days) if not codes or due.code in codes]

    def rotate(self, *, start: datetime = START, codes: Collection[str] = (), days: int = 30,
               **means: Any) -> dict[str, Rotation]:
        """Rotate what is due; USCC → what came of it."""
        return {one.due.code: one for one in rotate(
            self.registry, self.due(days, codes=codes), means=self.means(**means), start=start)}

    def rows(self, code: str) -> list[Seal]:
        """The cases of an organisation."""
        with self.registry.reading() as session:
            return list(session.scalars(select(Seal).where(Seal.organisation == code).order_by(Seal.applied_at)))

    def events(self) -> list[str]:
        """The events in the registry's log."""
        with self.registry.reading() as session:
            return list(session.scalars(select(Audit.event).order_by(Audit.number)))

    def files(self) -> dict[str, bytes]:
        """Every file of the home but the database and the lock."""
        return {str(path.relative_to(self.path)): path.read_bytes() for path in sorted(self.path.rglob("*"))
                if path.is_file() and not path.name.startswith(("registry.sqlite3", ".rotation.lock"))}


def _signer(certificate: Certificate, key: Path, password: Any) -> LocalSigner:
    return LocalSigner(certificate, load_key(key, password))

"""Status lists for tests: a status certificate by the demo CA, lists of any content, a trust that holds them."""

from __future__ import annotations

import dataclasses
import functools
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from certs import sm2
from certs.files import make_folder
from certs.home import Home
from certs.keystore import load_key
from certs.seal import SealFile
from certs.seal_status import Stop
from certs.signer import LocalSigner
from certs.status_list import SealState, SealStatus, make_status_list, seal_digest
from certs.trust import STATUS_LIST, Trust
from certs.x509 import Certificate
from certs.x509_build import build_certificate
from tests.support.demo_home import CITY, shared_home

DAY = timedelta(days=1)


def now() -> datetime:
    """The present, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def new_signer(home: Home | None = None, *, start: datetime | None = None, end: datetime | None = None,
               usage: tuple[str, ...] = ("digitalSignature", "nonRepudiation")) -> LocalSigner:
    """A status certificate issued by the demo CA of ``home``, good for a year around now."""
    home = home or shared_home()
    issuer = Certificate.load((home.path / "ca" / "sm2-issuing.cer").read_bytes())
    key = sm2.PrivateKey.generate()
    certificate = build_certificate(
        subject=(("C", "CN"), ("O", "证印演示"), ("OU", "印章状态"), ("CN", "演示印章状态发布")), spki=key.spki,
        issuer=issuer, issuer_key=load_key(home.path / "ca" / "sm2-issuing.key", home.password()),
        serial=secrets.randbits(127), not_before=start or issuer.not_before, not_after=end or now() + 365 * DAY,
        key_usage=usage)
    return LocalSigner(certificate, key)


@functools.cache
def signer() -> LocalSigner:
    """The status signer of the shared demo home."""
    return new_signer()


def seal_of(home: Home | None = None, who: tuple[str, str] = CITY) -> SealFile:
    """The seal of an authority."""
    return (home or shared_home()).authority(*who).seal


def entry(state: str = "in-use", *, since: datetime | None = None, until: datetime | None = None,
          stops: tuple[Stop, ...] = (), seal: SealFile | None = None) -> Mapping[str, SealStatus]:
    """The table of a list that names one seal, the shared home's city's by default."""
    seal = seal or seal_of()
    return {seal.seal_id: SealStatus(state=SealState(state), since=since, until=until,
                                     digest=seal_digest(seal.info.der), stops=stops)}


def status_file(seals: Mapping[str, SealStatus], *, sequence: int = 1, at: datetime | None = None,
                until: datetime | None = None, by: LocalSigner | None = None) -> bytes:
    """The file of a list, by default published a minute ago and good for a day."""
    at = at or now() - timedelta(minutes=1)
    return make_status_list(sequence=sequence, this_update=at, next_update=until or at + DAY, seals=seals,
                            signer=by or signer()).to_json()


def trusting(data: bytes | None, *, home: Home | None = None, by: LocalSigner | None = None) -> Trust:
    """The trust of a home with this list and this status certificate, not bound to a folder."""
    return dataclasses.replace((home or shared_home()).trust(), seal_status=data, folder=None,
                               status_signers=((by or signer()).certificate,))


def put_list(folder: Path, data: bytes, *, by: LocalSigner | None = None) -> Path:
    """Put a list and its signer's certificate into a trust folder."""
    make_folder(folder / "status-signers", mode=0o755)
    (folder / "status-signers" / "status.cer").write_bytes((by or signer()).certificate.der)
    (folder / STATUS_LIST).write_bytes(data)
    return folder

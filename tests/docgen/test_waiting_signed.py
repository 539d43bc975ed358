"""What was signed of a licence whose timestamp could not be had is not signed, and not counted by a signer, again."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import json
import re
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import docgen
from certs.crl import Crl, Revocation
from certs.home import Home
from certs.signer import LocalSigner
from certs.trial import Answer
from certs.trust import Trust
from codes.china_time import CHINA_TIME
from docgen.batch import LineResult
from docgen.finishing import drop_waiting, finish_waiting
from signer.counts import Counts
from tests.docgen.records import record
from tests.docgen.test_waiting import DEAD, alive, names, used, wait, waiting
from tests.signer.processes import approval_id, issuing_home, running, signer_home
from tests.support.approvals import approve, change_approvals
from tests.support.authority import Authority, Twist, serving
from tests.support.demo_home import CITY
from tests.support.stamping import Clock, authority, clock, own_home, stamping
from verify import verify

__all__ = ["authority", "clock", "own_home"]

HOUR = dt.timedelta(hours=1)
ONCE = {"data": 1, "pdf": 1, "sealing": 1}


class Present(Clock):
    """The present itself, which a signer process goes by too."""

    def __call__(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)


def refusing(seal_or_pdf: str) -> Twist:
    """Services that answer on trial, then give no token for the PDF's signature, or none for the seal's."""
    path, given = {"pdf": "/tsa/p256", "seal": "/tsa/sm2"}[seal_or_pdf], Counter[str]()

    def twist(asked: str, _: bytes, answer: Answer) -> Answer:
        given[asked] += 1
        if asked == path and given[asked] > 1:
            raise ConnectionError
        return answer

    return twist


def finish(home: Home, out: Path) -> LineResult:
    (result,) = finish_waiting(home=home, out=out)
    return result


@pytest.fixture
def signed(monkeypatch: pytest.MonkeyPatch, own_home: Home) -> Counter[str]:
    """How often each of the authority's keys has signed, by its role."""
    counted, folder = Counter[str](), next((own_home.path / "authorities" / CITY[0]).glob("*-*"))
    roles = {(folder / f"{role}.cer").read_bytes(): role for role in ONCE}
    real = LocalSigner.sign

    def sign(self: LocalSigner, message: bytes, *, approval: str = "") -> bytes:
        if self.certificate.der in roles:
            counted[roles[self.certificate.der]] += 1
        return real(self, message, approval=approval)

    monkeypatch.setattr(LocalSigner, "sign", sign)
    return counted


def begun_of(home: Home, identifier: str) -> Path:
    return home.issued_dir / "waiting" / identifier / "begun.json"


def carried(package: bytes) -> set[bytes]:
    """The lists that ride in a package."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {archive.read(name) for name in archive.namelist() if name.endswith(".crl")}


def made_at(pdf: bytes) -> dt.datetime:
    """What the PDF's signature says of its time."""
    found = re.search(rb"/M \(D:([0-9]{14})\+08'00", pdf)
    assert found
    return dt.datetime.strptime(found[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=CHINA_TIME)


@pytest.mark.req("R-003-22")
@pytest.mark.parametrize("what", ["pdf", "seal"])
def test_an_approval_of_one_licence_outlasts_a_service_that_lies_after_the_trial(tmp_path: Path, what: str) -> None:
    keys = signer_home(tmp_path / "keys")
    change_approvals(Home.open(keys, environ={}), count=1)
    clock = Present()
    with running(keys) as signer, serving(Home.open(keys, environ={}), clock=clock) as authority:
        own = issuing_home(tmp_path / "issuing", keys, {"address": f"unix:{keys / 'signer.sock'}"})
        for number in range(3):
            authority.twist = refusing(what)
            home = alive(own, authority, clock)             # each time a new process, as a timer starts it
            if number:
                assert finish(home, tmp_path / "out").code == "issue.waiting"
            else:
                wait(home, record())
        authority.twist = None
        assert finish(alive(own, authority, clock), tmp_path / "out").ok
        assert [line["key"].rpartition("/")[2] for line in signer.log("signed")] == ["data", "pdf", "sealing"]
    counts = Counts(keys)
    assert counts.used() == {(approval_id(keys), role): 1 for role in ONCE}
    counts.close()
    trust = Trust.load(keys / "trust")
    for name in names(tmp_path / "out"):
        assert verify(tmp_path / "out" / name, trust=trust, at=clock()).verdict == "valid"
    assert len(names(tmp_path / "out")) == 2 and used(own) == 1


@pytest.mark.parametrize("what", ["pdf", "seal"])
def test_what_was_signed_is_used_again_hours_later_under_newer_lists(
        own_home: Home, authority: Authority, clock: Clock, tmp_path: Path, signed: Counter[str], what: str) -> None:
    first, lists = clock.now, {path.read_bytes() for path in (own_home.path / "crls").iterdir()}
    for number in range(3):
        authority.twist = refusing(what)
        home = alive(own_home, authority, clock)
        if number:
            assert finish(home, tmp_path / "out").code == "issue.waiting"
        else:
            identifier = wait(home, record()).identifier
            wait(stamping(own_home, authority, clock, tsa_urls=DEAD, timestamps="queue"), record())
        assert begun_of(home, identifier).stat().st_mode & 0o777 == 0o600
        assert used(home) == 0 and names(tmp_path / "out") == []
        clock.now += HOUR
        for path in (*(own_home.path / "crls").iterdir(), *(own_home.trust_dir / "crls").iterdir()):
            ca = next(name for name, pair in authority.honest.cas.items()
                      if pair.certificate.subject == Crl.load(path.read_bytes()).issuer)
            path.write_bytes(authority.crl(ca))
    authority.twist = None
    result = finish(alive(own_home, authority, clock), tmp_path / "out")
    assert result.ok and signed == ONCE and waiting(own_home) == [] and used(own_home) == 1
    assert result.ofd_path is not None and result.pdf_path is not None
    trust = Trust.load(own_home.trust_dir)
    for path, proven in ((result.ofd_path, clock.now), (result.pdf_path, first if what == "seal" else clock.now)):
        report = verify(path, trust=trust, at=clock.now)
        assert report.verdict == "valid" and report.signatures[0].proven_at == proven
    assert made_at(result.pdf_path.read_bytes()) == first
    assert (carried(result.ofd_path.read_bytes()) <= lists) == (what == "seal")


def _begun_under_another_number(home: Home, authority: Authority, clock: Clock, identifier: str) -> None:
    authority.twist = refusing("seal")
    other = wait(alive(home, authority, clock), record(5)).identifier
    shutil.copy(begun_of(home, other), begun_of(home, identifier))
    assert drop_waiting(other, home)


def _changed(**changes: Any) -> Any:
    def change(home: Home, _: Authority, __: Clock, identifier: str) -> None:
        path = begun_of(home, identifier)
        path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}))

    return change


def _seal_changed(**changes: Any) -> Any:
    def change(home: Home, _: Authority, __: Clock, identifier: str) -> None:
        path = begun_of(home, identifier)
        kept = json.loads(path.read_bytes())
        path.write_text(json.dumps({**kept, "sealed": {**kept["sealed"], **changes}}))

    return change


def _another_approval(home: Home, _: Authority, __: Clock, ___: str) -> None:
    (standing,) = (one for one in home.approvals() if one.id == f"standing-{CITY[0]}-01")
    (home.path / "approvals" / f"{standing.id}.json").unlink()
    approve(home, dataclasses.replace(standing.terms, id="another"), at=standing.given.at)


@pytest.mark.parametrize("change", [
    _begun_under_another_number, _changed(pdf="AAAA"), _changed(data="AAAA"),
    _changed(moment="2020-01-01T00:00:00.000Z"), _changed(moment="9999-12-31T23:59:59.000Z"),
    _changed(moment="2000-01-01T00:00:00.000Z"), _seal_changed(signature="AAAA"), _seal_changed(crls=[]),
    _seal_changed(moment="2020-01-01T00:00:00.000Z"), _seal_changed(moment="9999-12-31T23:59:59.000Z"),
    _changed(approval="another"), _another_approval])
def test_what_is_kept_counts_only_for_the_very_same_bytes_and_approval(
        own_home: Home, authority: Authority, clock: Clock, tmp_path: Path, signed: Counter[str],
        change: Any) -> None:
    """Who can write there cannot have anything issued but the licence that waits, as it would be issued now."""
    authority.twist = refusing("seal")
    identifier = wait(alive(own_home, authority, clock), record()).identifier
    change(own_home, authority, clock, identifier)
    clock.now += HOUR
    authority.twist, before = None, signed["pdf"]
    result = finish(alive(own_home, authority, clock), tmp_path / "out")
    assert result.ok and result.identifier == identifier and signed["pdf"] == before + 1
    assert result.ofd_path is not None and result.pdf_path is not None
    report = verify(result.ofd_path, trust=Trust.load(own_home.trust_dir), at=clock.now)
    assert report.verdict == "valid" and made_at(result.pdf_path.read_bytes()) == clock.now


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b'{"approval": "x", "moment": "now"}', b"\xff"])
def test_what_is_kept_and_cannot_be_read_is_damage_and_nothing_is_taken_for_it(
        own_home: Home, authority: Authority, clock: Clock, tmp_path: Path, signed: Counter[str],
        content: bytes) -> None:
    authority.twist = refusing("pdf")
    identifier = wait(alive(own_home, authority, clock), record()).identifier
    begun_of(own_home, identifier).write_bytes(content)
    authority.twist, before = None, dict(signed)
    home = alive(own_home, authority, clock)
    assert finish(home, tmp_path / "out").code == "issue.waiting-damaged"
    assert waiting(home) == [identifier] and used(home) == 0 and signed == before
    assert drop_waiting(identifier, home)
    assert docgen.issue(record(), home=home).identifier == identifier


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[tuple[Path, Home, Authority, Clock]]:
    """A signer's home, one that issues by it, and services."""
    keys, clock = signer_home(tmp_path / "keys"), Present()
    with running(keys), serving(Home.open(keys, environ={}), clock=clock) as authority:
        yield keys, issuing_home(
            tmp_path / "issuing", keys, {"address": f"unix:{keys / 'signer.sock'}"}), authority, clock


def test_of_what_waits_a_signers_refusal_of_the_seal_uses_the_pdf_up_but_once(
        remote: tuple[Path, Home, Authority, Clock], tmp_path: Path) -> None:
    keys, own, authority, clock = remote
    wait(stamping(own, authority, clock, tsa_urls=DEAD, timestamps="queue"), record())
    certificate = own.authority(*CITY).sealing_signer.certificate
    lost = keys / "crls" / "lost.crl"
    lost.write_bytes(authority.crl(revoked={certificate.serial: Revocation(revoked_at=clock() - HOUR)}))
    home, counts = alive(own, authority, clock), Counts(keys)
    for _ in range(3):
        assert finish(home, tmp_path / "out").code == "seal.certificate-revoked"
        assert counts.used() == {(approval_id(keys), role): 1 for role in ("data", "pdf")}
    lost.unlink()
    assert finish(home, tmp_path / "out").ok
    assert counts.used() == {(approval_id(keys), role): 1 for role in ONCE}
    counts.close()

"""Trusted time at issue: a token over each of the two signatures, and what becomes of a licence without one."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

import docgen
from certs.crl import Revocation
from certs.home import Home
from certs.ses import SesSignature
from certs.trial import Answer
from certs.trust import Trust
from certs.tsa import MAX_TOKEN, TsaError
from certs.tsp_build import build_response
from certs.tsp_messages import read_response
from docgen.ledger import Ledger
from registry.demo import trial_authority
from tests.docgen.records import record
from tests.support.added_lists import with_list
from tests.support.authority import Authority, Twist
from tests.support.demo_home import make_home
from tests.support.stamping import VALUE, Clock, authority, clock, own_home, stamping, tokens
from verify import verify

__all__ = ["authority", "clock", "own_home"]

def test_both_signatures_carry_a_token_and_the_report_tells_the_proven_time(
        own_home: Home, authority: Authority, clock: Clock) -> None:
    home = stamping(own_home, authority, clock)
    issued = docgen.issue(record(), home=home)
    sealed, signed = tokens(issued)
    assert (sealed.signature_algorithm, signed.signature_algorithm) == ("sm2-sm3", "ecdsa-sha256")
    assert sealed.gen_time == signed.gen_time == clock.now
    trust = Trust.load(home.trust_dir)
    report = verify(issued.ofd, trust=trust, at=clock.now)
    assert report.verdict == "valid"
    assert [each.proven_at for each in report.signatures] == [clock.now] * len(report.signatures)
    assert verify(issued.pdf, trust=trust, at=clock.now).signatures[0].proven_at == clock.now


def _elsewhere(authority: Authority, tmp_path: Path) -> dict[str, Any]:
    """Certificate, key and chain of an authority that nobody trusts."""
    home = make_home(tmp_path / "elsewhere", now=authority.now(), authorities=(), kinds=())
    stranger = trial_authority(home.path, clock=authority.now, environ={})
    tsa = stranger.responders["tsa-sm2"]
    return {"certificate": tsa.certificate, "key": tsa.key, "chain": (stranger.cas["sm2-issuing"].certificate,)}


def _replaying() -> Twist:
    kept: dict[str, Answer] = {}
    return lambda path, _, answer: kept.setdefault(path, answer)


def _answering(body: bytes, status: int = 200) -> Twist:
    return lambda _, __, answer: dataclasses.replace(answer, body=body, status=status)


def _cut(*_: object) -> Answer:
    raise ConnectionError


@pytest.mark.parametrize(("lie", "code"), [
    ("imprint", "timestamp.wrong-imprint"), ("nonce", "timestamp.wrong-nonce"), ("time", "timestamp.wrong-time"),
    ("stranger", "timestamp.untrusted"), ("garbage", "timestamp.unreadable"), ("huge", "http.too-large"),
    ("status", "http.status"), ("cut", "http.unreachable"),
])
def test_a_lying_service_stamps_nothing_and_nothing_is_issued(
        own_home: Home, authority: Authority, clock: Clock, tmp_path: Path, lie: str, code: str) -> None:
    home = stamping(own_home, authority, clock)
    authority.twist = {
        "imprint": lambda: authority.lying_tsa("sm2", imprint=bytes(32)),
        "nonce": lambda: authority.lying_tsa("sm2", nonce=5),
        "time": lambda: authority.lying_tsa("sm2", gen_time=clock.now - dt.timedelta(hours=1)),
        "stranger": lambda: authority.lying_tsa("sm2", **_elsewhere(authority, tmp_path)),
        "garbage": lambda: _answering(b"\x30\x03\x02\x01"), "huge": lambda: _answering(bytes(100_000)),
        "status": lambda: _answering(b"", 503), "cut": lambda: _cut,
    }[lie]()
    with pytest.raises(TsaError) as caught:
        docgen.issue(record(), home=home, out=tmp_path / "out")
    assert caught.value.code == "timestamp.none"
    assert code in {fault.code for fault in caught.value.faults}
    assert {fault.field for fault in caught.value.faults} == set(home.config.tsa_urls)
    _require_nothing_issued(home, tmp_path / "out")
    authority.twist = None
    assert tokens(docgen.issue(record(), home=stamping(own_home, authority, clock)))


def test_a_replayed_token_is_no_answer(own_home: Home, authority: Authority, clock: Clock, tmp_path: Path) -> None:
    home = stamping(own_home, authority, clock)
    docgen.issue(record(1), home=home)
    authority.twist = _replaying()
    docgen.issue(record(2), home=home)
    with pytest.raises(TsaError) as caught:
        docgen.issue(record(3), home=home, out=tmp_path / "out")
    assert "timestamp.wrong-imprint" in {fault.code for fault in caught.value.faults}
    assert not (tmp_path / "out").exists()


def _require_nothing_issued(home: Home, out: Path) -> None:
    assert not out.exists()
    ledger = Ledger(home.issued_dir)
    assert sum(ledger.used().values()) == 0
    assert not list((home.issued_dir / "packages").glob("*/*.ofd"))
    assert not (home.issued_dir / "waiting").exists()


def test_the_next_service_is_asked_when_one_fails(own_home: Home, authority: Authority, clock: Clock) -> None:
    home = stamping(own_home, authority, clock, tsa_urls=(
        "http://127.0.0.1:9/", f"{authority.url}/nowhere", authority.tsa_url("sm2"), authority.tsa_url("p256")))
    assert tokens(docgen.issue(record(), home=home))
    asked = [path for path, _ in authority.asked]
    assert asked.count("/nowhere") == 4                       # never left out: it answered, if only with 404


def test_the_largest_token_that_is_taken_has_room_in_the_pdf(
        own_home: Home, authority: Authority, clock: Clock) -> None:
    sent: list[int] = []

    def growing(path: str, _: bytes, answer: Answer) -> Answer:
        if path != "/tsa/p256":
            return answer
        token = read_response(answer.body)
        for entries in range(400, 0, -1):
            revoked = {10**30 + number: Revocation(revoked_at=clock.now) for number in range(entries)}
            grown = with_list(token, authority.crl("p256-issuing", revoked=revoked))
            if len(grown) <= MAX_TOKEN:
                break
        sent.append(len(grown))
        return dataclasses.replace(answer, body=build_response(grown))

    authority.twist = growing
    issued = docgen.issue(record(), home=stamping(own_home, authority, clock))
    assert len(tokens(issued)[1].der) == sent[-1] > MAX_TOKEN - 60
    assert verify(issued.pdf, trust=Trust.load(own_home.trust_dir), at=clock.now).verdict == "valid"


def test_one_signature_without_a_token_is_as_bad_as_both(
        own_home: Home, authority: Authority, clock: Clock, tmp_path: Path) -> None:
    for tree in ("sm2", "p256"):
        home = stamping(own_home, authority, clock, tsa_urls=(authority.tsa_url(tree),))
        with pytest.raises(TsaError) as caught:
            docgen.issue(record(), home=home, out=tmp_path / "out")
        assert [fault.code for fault in caught.value.faults] == ["timestamp.unfit"]
        _require_nothing_issued(home, tmp_path / "out")


def test_a_home_without_services_issues_without_timestamps_and_one_that_says_so_too(
        own_home: Home, authority: Authority, clock: Clock) -> None:
    plain = docgen.issue(record(1), home=Home.open(own_home.path, environ={}, clock=clock))
    said = docgen.issue(record(2), home=stamping(own_home, authority, clock, timestamps="none"))
    for issued in (plain, said):
        with zipfile.ZipFile(io.BytesIO(issued.ofd)) as archive:
            assert SesSignature.parse(archive.read(VALUE)).timestamp is None
    assert authority.asked == []


def test_a_trust_folder_that_changes_counts_from_the_next_token_on(
        own_home: Home, authority: Authority, clock: Clock) -> None:
    home = stamping(own_home, authority, clock)
    docgen.issue(record(1), home=home)
    kept = {path: path.read_bytes() for path in (home.trust_dir / "tsa").iterdir()}
    for path in kept:
        path.unlink()
    with pytest.raises(TsaError) as caught:
        docgen.issue(record(2), home=home)
    assert "timestamp.untrusted" in {fault.code for fault in caught.value.faults}
    for path, data in kept.items():
        path.write_bytes(data)
    assert tokens(docgen.issue(record(2), home=home))

"""The timestamp services of a home go by its trust folder as it is now, also in a process that has run for long."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from certs.files import write_atomic
from certs.home import Home
from certs.home_time import HomeTimestamper
from certs.timestamp_token import digest
from certs.trust import ALGORITHMS
from certs.trust_list import FOLDERS, make_trust_list, receive_trust_list
from certs.tsa import TsaError
from tests.support.authority import Authority
from tests.support.stamping import Clock, authority, clock, own_home, stamping

__all__ = ["authority", "clock", "own_home"]

DAY = dt.timedelta(days=1)


def refusals(services: HomeTimestamper, algorithm: str) -> set[str]:
    """What the services are refused for; empty where one gave a token that was taken."""
    try:
        assert services.token(digest(algorithm, b"signature"), algorithm)
    except TsaError as error:
        return {fault.code for fault in error.faults}
    return set()


@pytest.fixture
def listing(own_home: Home, clock: Clock) -> Callable[..., None]:
    """Replaces the trust folder by a signed list of what was in it, of all files but those that are left out."""
    trust = own_home.trust_dir
    files = {f"{name}/{path.name}": path.read_bytes() for name in FOLDERS for path in (trust / name).glob("*")}
    sign = own_home.service_signer("status")
    assert sign is not None
    (trust / "crls").rename(own_home.path / "crls-aside")
    shutil.rmtree(trust)
    number = 0

    def publish(*, without: str = "none", more: dict[str, bytes] | None = None) -> None:
        nonlocal number
        number += 1
        made = make_trust_list(
            name="试验", sequence=number, this_update=clock.now, next_update=clock.now + 30 * DAY,
            lookup_hosts=["lookup.example.invalid"], signer=sign,
            files={name: data for name, data in files.items() if not name.startswith(f"{without}/")} | (more or {}))
        receive_trust_list(trust, made.to_json(), now=clock.now, signers=[sign.certificate])
        if (own_home.path / "crls-aside").is_dir():
            (own_home.path / "crls-aside").rename(trust / "crls")

    publish()
    return publish


def test_a_service_taken_out_of_the_signed_list_is_not_believed_any_more(
        own_home: Home, authority: Authority, clock: Clock, listing: Callable[..., None]) -> None:
    services = HomeTimestamper(stamping(own_home, authority, clock))
    assert not refusals(services, "sm3")
    clock.now += dt.timedelta(seconds=1)
    listing(without="tsa")
    assert "timestamp.untrusted" in refusals(services, "sm3")
    clock.now += dt.timedelta(seconds=1)
    listing()
    assert not refusals(services, "sm3")


def weaken(folder: Path, **table: str) -> None:
    write_atomic(folder / ALGORITHMS, json.dumps(table).encode(), mode=0o644)


def test_an_algorithm_that_verifiers_take_as_weak_stamps_nothing(
        own_home: Home, authority: Authority, clock: Clock) -> None:
    services = HomeTimestamper(stamping(own_home, authority, clock))
    for sha256, refused in (("2100-01-01", set[str]()), ("2020-01-01", {"timestamp.untrusted", "timestamp.unfit"})):
        weaken(own_home.trust_dir, sha256=sha256)
        assert refusals(services, "sha256") == refused and not refusals(services, "sm3")
    (own_home.trust_dir / ALGORITHMS).unlink()
    assert not refusals(services, "sha256")


def test_the_signed_lists_table_of_algorithms_counts_as_well(
        own_home: Home, authority: Authority, clock: Clock, listing: Callable[..., None]) -> None:
    services = HomeTimestamper(stamping(own_home, authority, clock))
    assert not refusals(services, "sha256")
    clock.now += dt.timedelta(seconds=1)
    listing(more={ALGORITHMS: json.dumps({"sha256": "2020-01-01"}).encode()})
    assert "timestamp.untrusted" in refusals(services, "sha256") and not refusals(services, "sm3")

"""Words that name the calendar's last moment: a CA whose list has no end, and forgeries that nobody has signed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from certs.chain import validate
from certs.moments import CLOCKS_DIFFER, later
from certs.revocation_cache import Note
from cli.certs_refresh import _line
from tests.certs.answering import World, served
from tests.certs.answers import answer, responder
from tests.certs.core_pki import AT, DAY, root
from tests.certs.test_revocation_refresh import codes, home_of, run

LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.fixture
def world() -> Iterator[World]:
    with served(World()) as running:
        yield running


def test_beyond_the_last_moment_there_is_none_later() -> None:
    assert later(AT, CLOCKS_DIFFER) == AT + CLOCKS_DIFFER
    assert later(LAST, CLOCKS_DIFFER) >= LAST
    assert not Note(asked_at=datetime.min.replace(tzinfo=UTC)).is_fresh(AT, DAY)
    assert not Note(asked_at=LAST).is_fresh(AT, DAY)


@pytest.mark.parametrize("at", [AT, LAST])
def test_answers_of_the_last_moment_are_judged(at: datetime) -> None:
    ca = root()
    leaf = ca.leaf("某机关", 3)
    words = [answer(leaf, by, this_update=LAST, next_update=None) for by in (ca, root(), responder(ca))]
    result = validate(leaf.certificate, anchors=[ca.certificate], intermediates=[], crls=[], ocsp=words, at=at)
    assert result.code == ("chain.ocsp-stale" if at == AT else "chain.expired")


@pytest.mark.parametrize("by", ["stranger", "responder"])
def test_an_answer_of_the_last_moment_costs_no_other_certificate_its_list(world: World, tmp_path: Path,
                                                                          by: str) -> None:
    asked = world.ca.leaf("甲", 3, ocsp_urls=(f"{world.url}/ocsp",))
    other = world.ca.leaf("乙", 4, crl_urls=(f"{world.url}/crl",))
    home, signer = home_of(world, tmp_path, asked, other), root(name="别处") if by == "stranger" else world.by
    world.twist = lambda path, body, good: good if path == "/crl" else replace(
        good, body=world.ocsp(body, signer, said={"this_update": LAST, "next_update": None}))
    found = run(world, home)
    assert {name: (one.state, codes(one)) for name, one in found.items()} == {
        "甲": ("good", ["revocation.responder" if by == "stranger" else "revocation.future"]), "乙": ("good", [])}
    for place in (home, home / "trust"):
        (place / "ocsp").mkdir(exist_ok=True)
        (place / "ocsp" / "x.ors").write_bytes(answer(asked, root(), this_update=LAST, next_update=None).der)
    world.twist = None
    assert run(world, home)["甲"].state == "good"


def test_a_list_without_an_end_is_good_until_the_last_moment(world: World, tmp_path: Path) -> None:
    leaf = world.ca.leaf("甲", 3, crl_urls=(f"{world.url}/crl",))
    world.twist = lambda _path, _body, good: replace(good, body=world.crl(next_update=LAST))
    standing = run(world, home_of(world, tmp_path, leaf))["甲"]
    assert (standing.state, standing.until, standing.troubles) == ("good", LAST, ())
    assert "9999-12-31 23:59:59 +08:00" in _line(standing)

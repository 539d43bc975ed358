"""What was told once stays told: in what is kept of asking, and in ``crls/`` and ``ocsp/`` after a refresh."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from certs import der_build as build
from certs.carried import Carried
from certs.chain import validate
from certs.crl import Crl, Revocation
from certs.known import load_known
from certs.ocsp_build import read_request
from certs.revocation_cache import CACHE
from certs.revocation_fetch import Fetched, Inquiry
from certs.trust import Trust
from certs.x509_build import algorithm_identifier, extension
from tests.certs.answering import World, served
from tests.certs.answers import HOUR, answer_der
from tests.certs.core_pki import AT, DAY, Entity, root
from tests.certs.test_revocation_refresh import codes, home_of, run

MINUTE = timedelta(minutes=1)
LOST = Revocation(revoked_at=AT - DAY, reason="keyCompromise")
HOLD = Revocation(revoked_at=AT - DAY, reason="certificateHold")
BOTH = pytest.mark.parametrize("what", ["crl", "ocsp"])
PLACES = {"crl": "crls", "ocsp": "ocsp"}


@pytest.fixture
def world() -> Iterator[World]:
    with served(World()) as running:
        yield running


def give(world: World, body: bytes | Callable[[bytes], bytes]) -> None:
    world.twist = lambda _path, asked, good: replace(good, body=body(asked) if callable(body) else body)


def ask(inquiry: Inquiry, world: World, leaf: Entity, what: str) -> tuple[str, list[str]]:
    """What a chain is by what was learnt, and what could not be had."""
    fetched = _fetched(inquiry, world, leaf, what)
    return world.code(leaf, fetched), [str(each.error.code) for each in fetched.troubles]


def _fetched(inquiry: Inquiry, world: World, leaf: Entity, what: str) -> Fetched:
    return (inquiry.lists if what == "crl" else inquiry.answers)(leaf.certificate, world.ca.certificate)


def word(world: World, what: str, **changes: Any) -> bytes | Callable[[bytes], bytes]:
    """What the CA says now of what it has revoked, or of what it is given as that."""
    number, revoked = changes.pop("number", 1), changes.pop("revoked", dict(world.revoked))
    if what == "crl":
        return world.crl(number=number, revoked=revoked, **changes)
    produced_at = changes.pop("produced_at", world.now)

    def answer(asked: bytes) -> bytes:
        (serial,) = (one.serial for one in read_request(asked).certificates)
        return world.ocsp(asked, said={**changes, "revocation": revoked.get(serial)}, produced_at=produced_at)

    return answer


def judged(home: Path, leaf: Entity, world: World) -> str:
    """What the home and those who have its trust folder judge by what lies there; both the same."""
    trust, known = Trust.load(home / "trust"), load_known(home)
    (code,) = {validate(leaf.certificate, intermediates=[], at=world.now, clock_now=world.now, anchors=anchors,
                        crls=place.crls, ocsp=place.ocsp).code
               for place, anchors in ((trust, trust.roots), (known, known.anchors))}
    return code


# -- what is kept of asking


def test_of_a_list_that_several_share_no_entry_is_washed_away_whoever_is_asked_about(
        world: World, tmp_path: Path) -> None:
    one, other = world.leaf(serial=3), world.leaf(serial=4)
    found = []
    for world.revoked in ({4: LOST}, {}):
        give(world, world.crl())
        inquiry = world.inquiry(tmp_path, insist=True)
        found.append([ask(inquiry, world, leaf, "crl") for leaf in (one, other)])
    assert found == [[("chain.good", []), ("chain.revoked", [])],
                     [("chain.good", ["revocation.replayed"]), ("chain.revoked", ["revocation.replayed"])]]


@BOTH
@pytest.mark.parametrize("insist", [True, False])
def test_an_older_word_that_revokes_counts_and_stays(world: World, tmp_path: Path, what: str, insist: bool) -> None:
    """A CA's other server may not be up to date, and know of a revocation all the same."""
    leaf = world.leaf()
    give(world, word(world, what))
    assert ask(world.inquiry(tmp_path, insist=insist), world, leaf, what) == ("chain.good", [])
    before, world.revoked, world.now = word(world, what), {3: LOST}, AT + 7 * HOUR
    give(world, word(world, what, this_update=AT - MINUTE))
    fetched = _fetched(inquiry := world.inquiry(tmp_path, insist=insist), world, leaf, what)
    assert (world.code(leaf, fetched), [str(one.error.code) for one in fetched.troubles], len(fetched.stand_ins)) == (
        "chain.revoked", ["revocation.replayed"], 1)
    assert ask(inquiry, world, leaf, what)[0] == "chain.revoked"
    for give_again in (before, word(world, what, revoked={}, this_update=AT + 8 * HOUR)):
        world.now += 8 * HOUR
        give(world, give_again)
        assert ask(world.inquiry(tmp_path, insist=insist), world, leaf, what)[0] == "chain.revoked", "however old"
    assert len(list(tmp_path.glob("*.der"))) == 2, "nothing piles up"
    world.down = True
    fetched = _fetched(world.inquiry(tmp_path, insist=True), world, leaf, what)
    assert (world.code(leaf, fetched), len(fetched.stand_ins)) == ("chain.revoked", 2)


def test_a_list_of_the_same_second_may_have_been_numbered_anew(world: World, tmp_path: Path) -> None:
    leaf = world.leaf()
    for number, world.revoked in ((7, {}), (3, {3: LOST})):
        give(world, word(world, "crl", number=number))
        found = ask(world.inquiry(tmp_path, insist=True), world, leaf, "crl")
    assert found == ("chain.revoked", ["revocation.replayed"])


@BOTH
def test_a_word_of_the_future_that_revokes_counts_and_shows_nothing_good(world: World, tmp_path: Path,
                                                                         what: str) -> None:
    leaf, world.revoked = world.leaf(), {3: LOST}
    give(world, word(world, what, this_update=AT + DAY, next_update=AT + 2 * DAY))
    assert ask(world.inquiry(tmp_path, insist=True), world, leaf, what) == ("chain.revoked", ["revocation.future"])
    world.revoked = {}
    give(world, word(world, what))
    assert ask(world.inquiry(tmp_path, insist=True), world, leaf, what) == ("chain.revoked", [])


# -- what lies there after a refresh


@BOTH
def test_a_hold_is_not_washed_away_by_a_word_of_the_same_second(world: World, tmp_path: Path, what: str) -> None:
    leaf = world.ca.leaf("甲", 3, **{f"{what}_urls": (f"{world.url}/{what}", f"{world.url}/{what}-2")})
    home, world.revoked = home_of(world, tmp_path, leaf), {3: HOLD}
    assert (run(world, home)["甲"].state, judged(home, leaf, world)) == ("revoked", "chain.revoked")
    clean = word(world, what, revoked={})
    world.twist = lambda path, asked, good: replace(
        good, **{"body": clean(asked) if callable(clean) else clean} if path.endswith("2") else {"status": 503})
    for cache in ("kept", "gone"):
        if cache == "gone":
            shutil.rmtree(home / CACHE)
        assert run(world, home)["甲"].state == "revoked"
        assert judged(home, leaf, world) == "chain.revoked"
    assert len(list((home / PLACES[what]).iterdir())) == 1
    world.now, world.revoked = AT + MINUTE, {}
    world.twist = None
    assert (run(world, home)["甲"].state, judged(home, leaf, world)) == ("good", "chain.good")


def test_nor_by_an_answer_that_was_only_sent_later(world: World, tmp_path: Path) -> None:
    """By a responder with an old database: as of an hour before the hold, produced a minute after it."""
    leaf = world.ca.leaf("甲", 3, ocsp_urls=(f"{world.url}/ocsp", f"{world.url}/ocsp-2"))
    home, world.revoked = home_of(world, tmp_path, leaf), {3: HOLD}
    run(world, home)
    world.now, old = AT + MINUTE, word(world, "ocsp", revoked={}, this_update=AT - HOUR, produced_at=AT + MINUTE)
    assert callable(old)
    world.twist = lambda path, asked, good: replace(
        good, **{"body": old(asked)} if path.endswith("2") else {"status": 503})
    assert (run(world, home)["甲"].state, judged(home, leaf, world)) == ("revoked", "chain.revoked")


@BOTH
def test_a_refresh_tells_what_is_judged_afterwards_of_an_older_word_that_revokes(world: World, tmp_path: Path,
                                                                                 what: str) -> None:
    leaf = world.ca.leaf("甲", 3, **{f"{what}_urls": (f"{world.url}/{what}",)})
    home = home_of(world, tmp_path, leaf)
    assert run(world, home)["甲"].state == "good"
    shutil.rmtree(home / CACHE)
    for world.revoked, state in (({}, "good"), ({3: HOLD}, "good"), ({3: LOST}, "revoked")):
        give(world, word(world, what, this_update=AT - MINUTE))
        found = run(world, home)["甲"]
        assert (found.state, judged(home, leaf, world)) == (state, f"chain.{state}")
        shutil.rmtree(home / CACHE)
    held = sorted(path.name for path in (home / PLACES[what]).iterdir())
    assert len(held) == 2
    world.revoked, world.twist, world.now = {}, None, AT + HOUR
    found = run(world, home)["甲"]
    assert (found.state, judged(home, leaf, world)) == ("revoked", "chain.revoked")
    assert sorted(path.name for path in (home / PLACES[what]).iterdir()) == held


@BOTH
def test_a_word_of_the_future_keeps_none_out(world: World, tmp_path: Path, what: str) -> None:
    leaf = world.ca.leaf("甲", 3, **{f"{what}_urls": (f"{world.url}/{what}",)})
    home, world.now = home_of(world, tmp_path, leaf), AT + 100 * DAY
    run(world, home)                                        # by clocks that were wrong
    for world.now in (AT, AT + 2 * DAY, AT + 4 * DAY):
        found = run(world, home)["甲"]
        assert (found.state, found.until, judged(home, leaf, world)) == ("good", world.now + DAY, "chain.good")
    assert len(list((home / PLACES[what]).iterdir())) == 2
    world.now = AT + 101 * DAY
    assert run(world, home)["甲"].state == "good"
    assert len(list((home / PLACES[what]).iterdir())) == 1, "its time has come, and gone"


def test_a_loss_of_a_certificate_that_is_not_in_use_here_stays_known(world: World, tmp_path: Path) -> None:
    """Another office's, or a timestamp service's, that ended: its CA names it no more, and a thief backdates."""
    own, theirs = world.ca.leaf("甲", 3, crl_urls=(f"{world.url}/crl",)), world.ca.leaf("乙局", 8, not_after=AT + DAY)
    home = home_of(world, tmp_path, own)
    kept = home / "trust" / "crls" / "by-hand.crl"
    kept.parent.mkdir()
    kept.write_bytes(world.crl(this_update=AT + HOUR, number=5, revoked={8: Revocation(
        revoked_at=AT, reason="keyCompromise")}))
    brought = Carried(crls=(Crl.load(world.crl(this_update=AT - HOUR, number=4)),))
    world.now = AT + 20 * DAY

    def verified() -> str:
        trust = Trust.load(home / "trust")
        return validate(theirs.certificate, anchors=trust.roots, intermediates=[], crls=trust.crls, carried=brought,
                        at=AT + HOUR / 2, at_is_proven=True, clock_now=world.now).code

    assert verified() == "chain.revoked"
    for world.now in (AT + 20 * DAY, AT + 22 * DAY):
        assert run(world, home)["甲"].state == "good"
        assert verified() == "chain.revoked"
        assert len(list(kept.parent.iterdir())) == 2


def test_lists_of_two_keys_of_one_name_lie_side_by_side(world: World, tmp_path: Path) -> None:
    """They name no key, as old CAs' lists do not."""
    def bare(ca: Entity, number: int) -> bytes:
        algorithm = algorithm_identifier(ca.key.algorithm)
        tbs = build.sequence(
            build.integer(1), algorithm, ca.certificate.subject, build.x509_time(world.now),
            build.x509_time(world.now + DAY), build.explicit(0, build.sequence(
                extension("2.5.29.20", build.integer(number)))))
        return build.sequence(tbs, algorithm, build.bit_string(ca.key.sign(tbs)))

    other = root()
    leaves = world.ca.leaf("甲", 3, crl_urls=(f"{world.url}/a",)), other.leaf("乙", 4, crl_urls=(f"{world.url}/b",))
    home = home_of(world, tmp_path, *leaves)
    for place in ("chain", "trust/roots"):
        (home / place / "other.cer").write_bytes(other.certificate.der)
    world.twist = lambda path, _, good: replace(good, body=bare(world.ca, 7) if path == "/a" else bare(other, 2))
    for world.now in (AT, AT + HOUR):
        assert {name: (one.state, codes(one)) for name, one in run(world, home).items()} == {
            "甲": ("good", []), "乙": ("good", [])}
        assert [judged(home, leaf, world) for leaf in leaves] == 2 * ["chain.good"]
        assert len(list((home / "crls").iterdir())) == 2


def test_what_no_ca_at_hand_has_signed_displaces_nothing_and_is_left_alone(world: World, tmp_path: Path) -> None:
    leaf = world.ca.leaf("甲", 3, crl_urls=(f"{world.url}/crl",))
    home, later = home_of(world, tmp_path, leaf), world.crl(this_update=AT + MINUTE, number=9)
    forged = Crl.load(later[:-1] + bytes([later[-1] ^ 1]))
    run(world, home)
    for place in (home, home / "trust"):
        (place / "crls" / "0.crl").write_bytes(forged.der)
    world.now = AT + MINUTE
    assert (run(world, home)["甲"].state, judged(home, leaf, world)) == ("good", "chain.good")
    held = {crl.this_update for crl in load_known(home).crls if crl.issued_by(world.ca.certificate)}
    assert held == {AT + MINUTE} and (home / "crls" / "0.crl").read_bytes() == forged.der


def test_what_was_kept_beside_goes_when_others_tell_it(world: World, tmp_path: Path) -> None:
    leaf = world.ca.leaf("甲", 3, crl_urls=(f"{world.url}/crl",))
    home, named = home_of(world, tmp_path, leaf), []
    for step, world.revoked in enumerate(({8: LOST}, {}, {}, {8: LOST, 9: LOST}, {8: LOST})):
        world.now = AT + step * HOUR
        run(world, home)
        named.append([sorted(crl.revoked) for crl in sorted(load_known(home).crls, key=lambda one: one.this_update)])
    assert named == [[[8]], [[8], []], [[8], []], [[8, 9]], [[8, 9], [8]]]
    assert len(list((home / "crls").iterdir())) == 2


def test_what_was_put_there_by_hand_goes_only_by_being_replaced(world: World, tmp_path: Path) -> None:
    leaf = world.ca.leaf("甲", 3, crl_urls=(f"{world.url}/crl",))
    home, files = home_of(world, tmp_path, leaf), ("new.crl", "old.crl")
    (home / "crls").mkdir()
    for age, name in enumerate(files, 1):
        (home / "crls" / name).write_bytes(world.crl(this_update=AT - age * HOUR))
    for world.now in (AT, AT + HOUR):
        run(world, home)
    assert sorted(path.name for path in (home / "crls").iterdir()) == sorted(files)
    assert [Crl.load((home / "crls" / name).read_bytes()).this_update for name in files] == [AT + HOUR, AT - 2 * HOUR]


def test_of_two_that_replace_the_same_list_none_is_lost(world: World, tmp_path: Path) -> None:
    """From two servers, each with a revocation that the other does not know."""
    leaves = [world.ca.leaf(name, serial, crl_urls=(f"{world.url}/{name}",)) for serial, name in ((3, "a"), (4, "b"))]
    home, lists = home_of(world, tmp_path, *leaves), {"/a": world.crl(revoked={8: LOST}), "/b": world.crl(revoked={})}
    world.twist = lambda path, _body, good: replace(good, body=lists[path])
    run(world, home)
    world.now = AT + HOUR
    lists |= {path: world.crl(number=number, revoked={8: LOST, 10 + number: LOST})
              for number, path in enumerate(lists)}
    run(world, home)
    assert [sorted(crl.revoked) for crl in sorted(load_known(home).crls, key=lambda one: one.newness)] == [
        [8, 10], [8, 11]]


def test_a_list_is_written_only_over_what_it_tells_itself(world: World, tmp_path: Path) -> None:
    """Whoever has listed the folder and reads on then misses nothing."""
    leaves = [world.ca.leaf(name, serial, crl_urls=(f"{world.url}/{name}",)) for serial, name in ((3, "a"), (4, "b"))]
    home, lists = home_of(world, tmp_path, *leaves), dict.fromkeys(("/a", "/b"), world.crl(revoked={8: LOST}))
    world.twist = lambda path, _body, good: replace(good, body=lists[path])
    run(world, home)
    (held,), world.now = (home / "crls").iterdir(), AT + HOUR
    lists |= {"/a": world.crl(revoked={}), "/b": world.crl(this_update=AT + MINUTE, revoked={8: LOST})}
    run(world, home)
    assert list(Crl.load(held.read_bytes()).revoked) == [8] and len(list((home / "crls").iterdir())) == 2


@pytest.mark.parametrize("place", ["crls", "trust/crls"])
def test_a_certificate_stands_as_it_does_in_the_worse_of_the_two_places(world: World, tmp_path: Path,
                                                                         place: str) -> None:
    leaf = world.ca.leaf("甲", 3, crl_urls=(f"{world.url}/crl",))
    home = home_of(world, tmp_path, leaf)
    (home / place).mkdir()
    (home / place / "by-hand.crl").write_bytes(world.crl(this_update=AT - HOUR, revoked={3: LOST}))
    assert run(world, home)["甲"].state == "revoked"


def test_where_its_anchor_is_not_trusted_it_is_not_judged(world: World, tmp_path: Path) -> None:
    """The home seals by ``chain/``, and the services of time are the trust folder's alone."""
    top = root(name="时间戳根")
    tsa = top.leaf("时间戳服务", 7)
    home = home_of(world, tmp_path, tsa)
    for name, data in (("tsa/top.cer", top.certificate.der), ("crls/by-hand.crl", top.crl().der)):
        (home / "trust" / name).parent.mkdir()
        (home / "trust" / name).write_bytes(data)
    assert run(world, home)["时间戳服务"].state == "good"


def test_what_is_feared_is_not_good(world: World, tmp_path: Path) -> None:
    """Told revoked by a responder that is itself."""
    leaf = world.ca.leaf("甲", 3, crl_urls=(f"{world.url}/crl",))
    home, world.revoked = home_of(world, tmp_path, leaf), {world.by.certificate.serial: LOST}
    assert run(world, home)["甲"].state == "good"
    (home / "ocsp").mkdir()
    (home / "ocsp" / "by-hand.ors").write_bytes(answer_der(leaf, world.ca, world.by, revoked=LOST))
    found = run(world, home)["甲"]
    assert (found.state, found.until, found.by) == ("unknown", None, "")


def test_what_the_trust_folder_calls_weak_shows_nothing_good(world: World, tmp_path: Path) -> None:
    leaf = world.ca.leaf("甲", 3, crl_urls=(f"{world.url}/crl",))
    home = home_of(world, tmp_path, leaf)
    (home / "trust" / "algorithms.json").write_text('{"sm3": "2025-07-01"}')
    assert run(world, home)["甲"].state == "unknown"
    (home / "trust" / "algorithms.json").write_text('{"sm3": "2025-09-01"}')
    assert run(world, home)["甲"].state == "good"


def test_a_trust_folder_that_cannot_be_read_is_told(world: World, tmp_path: Path) -> None:
    leaf = world.ca.leaf("甲", 3, crl_urls=(f"{world.url}/crl",))
    home = home_of(world, tmp_path, leaf)
    (home / "trust" / "crls").mkdir()
    (home / "trust" / "crls" / "x.crl").write_bytes(b"damaged")
    found = run(world, home)["甲"]
    assert (found.state, codes(found)) == ("unknown", ["trust.bad-file"])
    (home / "trust" / "crls" / "x.crl").unlink()
    assert run(world, home)["甲"].state == "good"

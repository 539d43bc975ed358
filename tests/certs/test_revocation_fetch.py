"""Fetching lists and answers: what is kept, what is refused, and what happens when a server is down or lies."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from certs import der_build as build
from certs.allowance import Allowance
from certs.crl import Revocation
from certs.crl_scope import scope_value
from certs.http_client import HttpCode, HttpError
from certs.ocsp_build import ResponseStatus, build_refusal, read_request
from certs.ocsp_id import CertId
from certs.revocation_cache import Note
from certs.revocation_fetch import Fetched, Inquiry, admits
from certs.trial import Answer
from tests.certs.answering import World, served
from tests.certs.answers import HOUR, responder
from tests.certs.core_pki import AT, DAY, Entity, root

LOST = Revocation(revoked_at=AT - DAY, reason="keyCompromise")
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@pytest.fixture(params=["sm2", "p256"])
def any_world(request: pytest.FixtureRequest) -> Iterator[World]:
    with served(World(request.param)) as world:
        yield world


@pytest.fixture
def world() -> Iterator[World]:
    with served(World()) as running:
        yield running


def codes(fetched: Fetched) -> list[str]:
    assert all(each.error.zh and each.error.en for each in fetched.troubles)
    return [str(each.error.code) for each in fetched.troubles]


def ask(inquiry: Inquiry, world: World, leaf: Entity, what: str) -> Fetched:
    if what == "list":
        return inquiry.lists(leaf.certificate, world.ca.certificate)
    return inquiry.answers(leaf.certificate, world.ca.certificate)


BOTH = pytest.mark.parametrize("what", ["list", "answer"])


@BOTH
def test_what_is_fetched_is_used_and_not_asked_for_again_while_it_is_fresh(any_world: World, tmp_path: Path,
                                                                           what: str) -> None:
    world, leaf = any_world, any_world.leaf()
    for moment, count in ((AT, 1), (AT + 5 * HOUR, 1), (AT + 6 * HOUR, 2), (AT + 7 * HOUR, 2)):
        world.now = moment
        fetched = ask(world.inquiry(tmp_path), world, leaf, what)
        assert not fetched.troubles
        assert (world.code(leaf, fetched), len(world.asked)) == ("chain.good", count)


@BOTH
def test_a_revocation_is_learnt(any_world: World, tmp_path: Path, what: str) -> None:
    world, leaf = any_world, any_world.leaf()
    assert world.code(leaf, ask(world.inquiry(tmp_path), world, leaf, what)) == "chain.good"
    world.revoked, world.now = {3: LOST}, AT + 6 * HOUR
    assert world.code(leaf, ask(world.inquiry(tmp_path), world, leaf, what)) == "chain.revoked"


def test_an_sm2_responder_may_know_one_digest_alone(world: World, tmp_path: Path) -> None:
    leaf = world.leaf()
    for known in ("sha1", "sm3"):
        def picky(_: str, body: bytes, good: Answer, known: str = known) -> Answer:
            (asked,) = read_request(body).certificates
            return good if asked.algorithm == known else replace(
                good, body=build_refusal(ResponseStatus.UNAUTHORIZED))

        world.twist = picky
        fetched = ask(world.inquiry(tmp_path / known), world, leaf, "answer")
        assert (world.code(leaf, fetched), codes(fetched)) == ("chain.good", [])


# -- down


@BOTH
def test_a_server_that_is_down_leaves_it_unknown_and_is_asked_again_at_once(world: World, tmp_path: Path,
                                                                            what: str) -> None:
    leaf, world.down = world.leaf(), True
    inquiry = world.inquiry(tmp_path)
    fetched = ask(inquiry, world, leaf, what)
    assert codes(fetched) == ["http.unreachable"]
    assert world.code(leaf, fetched) == "chain.crl-missing"
    world.down = False
    fetched = ask(inquiry, world, leaf, what)
    assert (codes(fetched), world.code(leaf, fetched)) == ([], "chain.good")


@BOTH
@pytest.mark.parametrize("again", [False, True])
def test_after_two_failures_there_is_a_short_wait_that_ends(world: World, tmp_path: Path, what: str,
                                                            again: bool) -> None:
    """In one process or, by the notes on the disk, in several."""
    leaf, world.down = world.leaf(), True
    inquiry = world.inquiry(tmp_path)

    def one() -> list[str]:
        return codes(ask(inquiry if again else world.inquiry(tmp_path), world, leaf, what))

    assert one() == one() == ["http.unreachable"]
    assert one() == ["revocation.waiting"]
    asked = len(world.asked)
    world.down, world.now = False, AT + 9 * SECOND
    assert (one(), len(world.asked)) == (["revocation.waiting"], asked)
    world.now = AT + 10 * SECOND
    assert one() == []


def test_the_wait_grows_to_five_minutes_and_no_more() -> None:
    note = Note()
    assert not note.waits(AT)
    waits = []
    for _ in range(40):
        note = note.failed(AT)
        waits.append(next(step for step in range(0, 10_000, 5) if not note.waits(AT + step * SECOND)))
    assert waits[:7] == [0, 10, 20, 40, 80, 160, 300]
    assert max(waits) == 300
    assert not Note(failures=9, failed_at=AT + DAY).waits(AT), "a failure in the future is none"


def test_one_dead_server_does_not_cost_its_time_for_every_certificate(world: World, tmp_path: Path) -> None:
    world.down = True
    inquiry = world.inquiry(tmp_path)
    for serial in range(3, 20):
        assert ask(inquiry, world, world.leaf(serial=serial), "answer").troubles
    assert len(world.asked) == 2


@BOTH
def test_what_was_had_is_used_while_the_server_is_down_but_not_beyond_its_time(world: World, tmp_path: Path,
                                                                               what: str) -> None:
    leaf = world.leaf()
    ask(world.inquiry(tmp_path), world, leaf, what)
    world.down = True
    for moment, code in ((AT + 23 * HOUR, "chain.good"),
                         (AT + DAY + SECOND, "chain.crl-stale" if what == "list" else "chain.ocsp-stale")):
        world.now = moment
        fetched = ask(world.inquiry(tmp_path), world, leaf, what)
        assert codes(fetched) == ["http.unreachable"]
        assert world.code(leaf, fetched) == code


@BOTH
def test_the_settings_may_demand_what_is_younger(world: World, tmp_path: Path, what: str) -> None:
    leaf, settings = world.leaf(), {"max_age_h": 12}
    ask(world.inquiry(tmp_path, settings=settings), world, leaf, what)
    world.down, world.now = True, AT + 12 * HOUR
    assert world.code(leaf, ask(world.inquiry(tmp_path, settings=settings), world, leaf, what)) == "chain.good"
    world.now = AT + 12 * HOUR + SECOND
    assert world.code(leaf, ask(world.inquiry(tmp_path, settings=settings), world, leaf, what)) == "chain.crl-missing"
    old = {"this_update": AT - 12 * HOUR - SECOND, "next_update": AT + DAY}
    world.down, world.now = False, AT
    world.twist = lambda _, body, good: replace(
        good, body=world.crl(**old) if what == "list" else world.ocsp(body, said=old))
    assert codes(ask(world.inquiry(tmp_path / "2", settings=settings), world, leaf, what)) == ["revocation.too-old"]


# -- lies

CrlLie = Callable[[World], bytes]


def _unreadable(data: bytes) -> bytes:
    """A list whose one entry has no time that there is."""
    moment = build.x509_time(LOST.revoked_at)
    assert data.count(moment) == 1
    return data.replace(moment, build.tlv(0x17, b"251301000000Z"))


CRL_LIES: dict[str, tuple[CrlLie, str, str]] = {
    "stale": (lambda w: w.crl(this_update=AT - 9 * DAY, next_update=AT - DAY), "revocation.stale", "chain.crl-stale"),
    "future-dated": (lambda w: w.crl(this_update=AT + HOUR), "revocation.future", "chain.crl-missing"),
    "wrong issuer": (lambda w: w.crl(root("sm2")), "revocation.foreign", "chain.crl-missing"),
    "a leaf's": (lambda w: w.crl(w.ca.leaf("测试市应急管理局", 3)), "revocation.foreign", "chain.crl-missing"),
    "a stranger's, whose entries are not looked at": (
        lambda w: _unreadable(w.crl(root("sm2"), revoked={5: LOST})), "revocation.foreign", "chain.crl-missing"),
    "the CA's, spoilt on the way": (lambda w: _unreadable(w.crl(revoked={5: LOST})), "revocation.foreign",
                                    "chain.crl-missing"),
    "on CAs": (lambda w: w.crl(scope=scope_value(cas_only=True)), "revocation.other-certificate", "chain.crl-missing"),
    "another part": (lambda w: w.crl(scope=scope_value(urls=["http://crl.example.invalid/"])),
                     "revocation.other-certificate", "chain.crl-missing"),
    "indirect": (lambda w: w.crl(scope=build.sequence(build.implicit(4, b"\xff"))), "revocation.unusable",
                 "chain.crl-missing"),
    "a page of HTML": (lambda _: b"<html>login please</html>", "der.malformed", "chain.crl-missing"),
    "cut off": (lambda w: w.crl()[:-9], "der.malformed", "chain.crl-missing"),
    "empty": (lambda _: b"", "der.malformed", "chain.crl-missing"),
    "huge": (lambda w: w.crl() + bytes(1 << 20), "http.too-large", "chain.crl-missing"),
}


@pytest.mark.parametrize("lie", CRL_LIES)
def test_a_list_that_is_not_right_is_told_and_calls_nothing_good(world: World, tmp_path: Path, lie: str) -> None:
    make, trouble, code = CRL_LIES[lie]
    leaf = world.leaf()
    world.twist = lambda _path, _body, good: replace(good, body=make(world))
    fetched = ask(world.inquiry(tmp_path, settings={"max_mb": 1}), world, leaf, "list")
    assert (codes(fetched), world.code(leaf, fetched)) == ([trouble], code)
    world.twist = None                  # and the truth is taken at the next question
    fetched = ask(world.inquiry(tmp_path), world, leaf, "list")
    assert (codes(fetched), world.code(leaf, fetched)) == ([], "chain.good")


OcspLie = Callable[[World, bytes], bytes]


def _other(world: World, body: bytes) -> bytes:
    return world.ocsp(body, said={"certificate": CertId.of(4, world.ca.certificate, "sm3")})


OCSP_LIES: dict[str, tuple[OcspLie, str, str]] = {
    "malformed": (lambda *_: b"\x30\x03\x0a\x01", "der.malformed", "chain.crl-missing"),
    "a page of HTML": (lambda *_: b"<html>login please</html>", "der.malformed", "chain.crl-missing"),
    "try later": (lambda *_: build_refusal(ResponseStatus.TRY_LATER), "ocsp.refused", "chain.crl-missing"),
    "internal error": (lambda *_: build_refusal(ResponseStatus.INTERNAL_ERROR), "ocsp.refused", "chain.crl-missing"),
    "an old answer": (lambda w, b: w.ocsp(b, said={"this_update": AT - 9 * DAY, "next_update": AT - DAY}),
                      "revocation.stale", "chain.ocsp-stale"),
    "of the future": (lambda w, b: w.ocsp(b, said={"this_update": AT + HOUR}), "revocation.future",
                      "chain.crl-missing"),
    "another nonce": (lambda w, b: w.ocsp(b, nonce=b"x" * 16), "revocation.replayed", "chain.crl-missing"),
    "another certificate": (_other, "revocation.other-certificate", "chain.crl-missing"),
    "another CA's responder": (lambda w, b: w.ocsp(b, responder(root("sm2"))), "revocation.responder",
                               "chain.crl-missing"),
    "a responder without the right": (lambda w, b: w.ocsp(b, w.ca.leaf("某单位", 9)), "revocation.responder",
                                      "chain.crl-missing"),
    "an expired responder": (lambda w, b: w.ocsp(b, responder(w.ca, not_after=AT - SECOND)), "revocation.responder",
                             "chain.crl-missing"),
    "a responder that nobody can check": (lambda w, b: w.ocsp(b, responder(w.ca, ocsp_nocheck=False)),
                                          "revocation.responder", "chain.crl-missing"),
    "unknown": (lambda w, b: w.ocsp(b, said={"unknown": True}), "revocation.unknown", "chain.ocsp-unknown"),
    "huge": (lambda *_: bytes(1 << 20), "http.too-large", "chain.crl-missing"),
}


@pytest.mark.parametrize("lie", OCSP_LIES)
def test_an_answer_that_is_not_right_is_told_and_calls_nothing_good(world: World, tmp_path: Path, lie: str) -> None:
    make, trouble, code = OCSP_LIES[lie]
    leaf = world.leaf()
    world.twist = lambda _, body, good: replace(good, body=make(world, body))
    fetched = ask(world.inquiry(tmp_path), world, leaf, "answer")
    assert (codes(fetched), world.code(leaf, fetched)) == ([trouble], code)
    world.twist = None
    fetched = ask(world.inquiry(tmp_path), world, leaf, "answer")
    assert (codes(fetched), world.code(leaf, fetched)) == ([], "chain.good")


def test_a_revoked_responder_is_known_by_the_list_of_its_ca(world: World, tmp_path: Path) -> None:
    leaf, crl = world.leaf(), world.ca.crl({77: LOST}, this_update=AT - 9 * DAY, next_update=AT - 8 * DAY)
    fetched = world.inquiry(tmp_path).answers(leaf.certificate, world.ca.certificate, [crl])
    assert (codes(fetched), fetched.ocsp) == (["revocation.responder"], ())


@BOTH
def test_what_was_said_earlier_does_not_replace_what_was_said_since(world: World, tmp_path: Path, what: str) -> None:
    """A replay within its time: the certificate was revoked since, and the older word without that is thrown away."""
    leaf, before = world.leaf(), {"this_update": AT - HOUR, "next_update": AT + 9 * DAY}
    world.revoked = {3: LOST}
    ask(world.inquiry(tmp_path), world, leaf, what)
    world.revoked, world.now = {}, AT + 7 * HOUR
    world.twist = lambda _, body, good: replace(
        good, body=world.crl(**before) if what == "list" else world.ocsp(body, said=before, nonce=None))
    fetched = ask(world.inquiry(tmp_path), world, leaf, what)
    assert (codes(fetched), world.code(leaf, fetched)) == (["revocation.replayed"], "chain.revoked")


@pytest.mark.parametrize(("what", "number"), [("list", 1), ("list", 2), ("answer", 2)])
def test_a_word_of_the_same_second_takes_no_revocation_back(world: World, tmp_path: Path, what: str,
                                                            number: int) -> None:
    """The list without the revocation was made in the same second, with an earlier number or the same."""
    leaf, made = world.leaf(), world.now
    for current, world.revoked in ((2, {3: LOST}), (number, {})):
        world.twist = lambda _, body, good, current=current: replace(
            good, body=world.crl(this_update=made, number=current) if what == "list" else world.ocsp(
                body, said={"this_update": made}))
        fetched = ask(world.inquiry(tmp_path, insist=True), world, leaf, what)
    assert (codes(fetched), world.code(leaf, fetched)) == (["revocation.replayed"], "chain.revoked")


@BOTH
def test_a_clock_that_was_wrong_latches_nothing(world: World, tmp_path: Path, what: str) -> None:
    leaf, world.now = world.leaf(), AT + 900 * DAY
    ask(world.inquiry(tmp_path), world, leaf, what)
    world.now = AT
    fetched = ask(world.inquiry(tmp_path), world, leaf, what)
    assert (codes(fetched), world.code(leaf, fetched), len(world.asked)) == ([], "chain.good", 2)
    _lists(tmp_path)                     # and nothing of the future stays


# -- what lies on the disk


def _lists(folder: Path) -> Path:
    (path,) = folder.glob("*.der")
    return path


def _damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _as_link(path: Path) -> None:
    path.rename(path.with_suffix(".away"))
    path.symlink_to(path.with_suffix(".away"))


def _as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGE: dict[str, Callable[[Path, World], object]] = {
    "cut": lambda path, _: _damage(path),
    "emptied": lambda path, _: path.write_bytes(b""),
    "another CA's": lambda path, w: path.write_bytes(w.crl(root("sm2"))),
    "gone": lambda path, _: path.unlink(),
    "a link": lambda path, _: _as_link(path),
    "its note gone": lambda path, _: path.with_suffix(".json").unlink(),
    "its note damaged": lambda path, _: path.with_suffix(".json").write_bytes(b"{"),
    "its note not of this kind": lambda path, _: path.with_suffix(".json").write_text("[1]"),
    "its note endless": lambda path, _: path.with_suffix(".json").write_bytes(b"[" * 100_000),
    "its note from the future": lambda path, _: path.with_suffix(".json").write_text(json.dumps(
        {"asked_at": "2999-01-01T00:00:00+00:00", "failures": 9, "failed_at": "2999-01-01T00:00:00+00:00"})),
    "its note without a zone": lambda path, _: path.with_suffix(".json").write_text(json.dumps(
        {"asked_at": "2025-08-01T04:00:00", "failures": 0, "failed_at": None})),
    "its note of endless failures": lambda path, _: path.with_suffix(".json").write_text(json.dumps(
        {"asked_at": None, "failures": 10**30, "failed_at": "2025-08-01T03:00:00+00:00"})),
}


@BOTH
@pytest.mark.parametrize("damage", DAMAGE)
def test_whatever_lies_in_the_cache_is_judged_anew(world: World, tmp_path: Path, damage: str, what: str) -> None:
    leaf = world.leaf()
    ask(world.inquiry(tmp_path), world, leaf, what)
    DAMAGE[damage](_lists(tmp_path), world)
    fetched = ask(world.inquiry(tmp_path), world, leaf, what)
    assert (codes(fetched), world.code(leaf, fetched), len(world.asked)) == ([], "chain.good", 2)


def test_an_older_list_put_into_the_cache_does_not_last(world: World, tmp_path: Path) -> None:
    leaf, old = world.leaf(), world.crl()
    world.now, world.revoked = AT + HOUR, {3: LOST}
    ask(world.inquiry(tmp_path), world, leaf, "list")
    _lists(tmp_path).write_bytes(old)
    world.now = AT + 7 * HOUR
    assert world.code(leaf, ask(world.inquiry(tmp_path), world, leaf, "list")) == "chain.revoked"


def test_a_cache_that_cannot_be_written_is_told_and_calls_nothing_good(world: World, tmp_path: Path) -> None:
    leaf = world.leaf()
    (tmp_path / "cache").write_bytes(b"no folder")
    fetched = ask(world.inquiry(tmp_path / "cache"), world, leaf, "list")
    assert (codes(fetched), world.code(leaf, fetched)) == (["file.failed"], "chain.crl-missing")
    ask(world.inquiry(tmp_path / "other"), world, leaf, "list")
    _as_folder(_lists(tmp_path / "other"))
    fetched = ask(world.inquiry(tmp_path / "other"), world, leaf, "list")
    assert (codes(fetched), world.code(leaf, fetched)) == (["file.failed"], "chain.crl-missing")


@BOTH
def test_of_many_that_want_the_same_one_asks(world: World, tmp_path: Path, what: str) -> None:
    leaf, together = world.leaf(), threading.Barrier(6)
    found: list[Fetched] = []

    def one() -> None:
        inquiry = world.inquiry(tmp_path)
        together.wait()
        found.append(ask(inquiry, world, leaf, what))

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [world.code(leaf, each) for each in found] == 6 * ["chain.good"]
    assert len(world.asked) == 1


def test_who_insists_asks_once_for_each_thing(world: World, tmp_path: Path) -> None:
    ask(world.inquiry(tmp_path), world, world.leaf(), "list")
    inquiry = world.inquiry(tmp_path, insist=True)
    for serial in range(3, 9):
        assert not ask(inquiry, world, world.leaf(serial=serial), "list").troubles
    assert len(world.asked) == 2


# -- addresses


@pytest.mark.parametrize(("address", "admitted"), [
    ("8.8.8.8", True), ("2400:3200::1", True), ("127.0.0.1", False), ("127.8.8.8", False), ("0.0.0.0", False),  # noqa: S104
    ("10.0.0.1", False), ("172.16.0.1", False), ("192.168.1.1", False), ("169.254.169.254", False),
    ("100.64.0.1", False), ("224.0.0.1", False), ("255.255.255.255", False), ("::1", False), ("::", False),
    ("::127.0.0.1", False), ("::a00:1", False), ("fec0::1", False), ("::ffff:0:127.0.0.1", False),
    ("64:ff9b::7f00:1", False), ("192.88.99.1", False), ("168.63.129.16", False), ("168.63.129.17", True),
    ("fe80::1%eth0", False), ("fc00::1", False), ("ff02::1", False), ("::ffff:127.0.0.1", False),
    ("::ffff:10.0.0.1", False), ("::ffff:8.8.8.8", True), ("64:ff9b::7f00:1", False), ("64:ff9b:1::a00:1", False),
    ("2002:7f00:1::", False), ("2001::1", False), ("not an address", False)])
def test_the_networks_inside_are_known(address: str, admitted: bool) -> None:
    assert admits(address) is admitted


@BOTH
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1"])
def test_nothing_inside_is_asked_unless_the_settings_name_it(world: World, tmp_path: Path, what: str,
                                                             host: str) -> None:
    port = world.url.rpartition(":")[2]
    leaf = world.leaf(f"http://{host}:{port}/x")
    for hosts in ((), ("crl.example.invalid",), (host,), (f"{host}:1",)):
        fetched = ask(world.inquiry(tmp_path / str(hosts), settings={"hosts": hosts}), world, leaf, what)
        assert codes(fetched) in (["http.address"], ["http.unreachable"]), "another port is another server"
    assert not world.asked
    if host == "localhost":
        named = world.inquiry(tmp_path, settings={"hosts": (f"localhost:{port}",)})
        assert not ask(named, world, leaf, what).troubles


@BOTH
@pytest.mark.parametrize("url", [
    "file:///etc/passwd", "ftp://ca.example.invalid/x", "ldap://ca.example.invalid/cn=x", "gopher://x/", "/etc/passwd",
    "jar:http://x", "data:,x", "http:///x", "http://user@host.invalid/", "http://host.invalid:0/",
    "http://host.invalid:99999/", "http://a b.invalid/", "http://x\r\nHost: y/"])
def test_no_other_scheme_and_no_odd_address_is_followed(world: World, tmp_path: Path, url: str, what: str) -> None:
    def http(*_: Any, **__: Any) -> bytes:
        raise AssertionError("something was asked")

    fetched = ask(world.inquiry(tmp_path, http=http), world, world.leaf(url), what)
    assert codes(fetched) in (["revocation.nowhere"], ["http.address"])


@BOTH
def test_a_redirect_is_not_followed(world: World, tmp_path: Path, what: str) -> None:
    world.twist = lambda _path, _body, good: replace(good, status=302, media_type=f"x\r\nLocation: {world.url}/there")
    assert codes(ask(world.inquiry(tmp_path), world, world.leaf(), what)) == ["http.status"]
    assert "/there" not in world.asked


def test_only_a_certificate_of_the_ca_is_asked_about(world: World, tmp_path: Path) -> None:
    """An address in what no CA has signed is nobody's address."""
    forged = root("sm2").leaf("测试市应急管理局", 3, crl_urls=(f"{world.url}/crl",))
    assert codes(ask(world.inquiry(tmp_path), world, forged, "list")) == ["revocation.foreign"]
    assert not world.asked


@BOTH
def test_the_next_address_is_tried_and_not_endlessly_many(world: World, tmp_path: Path, what: str) -> None:
    bad = [f"http://host-{number}.invalid:0/" for number in range(9)]
    fetched = ask(world.inquiry(tmp_path), world, world.leaf(bad[0], f"{world.url}/x"), what)
    assert (codes(fetched), len(fetched.crls + fetched.ocsp)) == (["http.address"], 1)  # type: ignore[operator]
    assert len(ask(world.inquiry(tmp_path), world, world.leaf(*bad), what).troubles) == 4


def test_the_settings_name_hosts_in_small_letters_and_ports(world: World, tmp_path: Path) -> None:
    asked: list[bool] = []

    def http(*_: Any, admit: object, **__: Any) -> bytes:
        asked.append(admit is None)
        return world.crl()

    for hosts, url in ((("ca.internal",), "http://ca.internal/x"), (("ca.internal",), "https://CA.internal/x"),
                       (("ca.internal",), "http://ca.internal:8080/x"), (("ca.internal:8080",), "http://ca.internal/x"),
                       (("ca.internal:8080",), "http://ca.internal:8080/x"), (("[fd00::1]",), "http://[fd00::1]/x")):
        inquiry = world.inquiry(tmp_path / str(len(asked)), settings={"hosts": hosts}, http=http)
        assert not ask(inquiry, world, world.leaf(url), "list").troubles
    assert asked == [True, True, False, False, True, True]


class SlowNetwork:
    """Servers that keep whoever asks until he gives up, and the clock of a machine that does nothing else."""

    def __init__(self) -> None:
        self.now, self.waited = 0.0, list[tuple[str, float]]()

    def exchange(self, _method: str, url: str, *_: object, timeout_s: float, **_options: object) -> bytes:
        self.waited.append((url, timeout_s))
        self.now += timeout_s
        raise HttpError(HttpCode.SLOW, "慢", "slow")


def test_a_total_bounds_all_that_is_asked_about_one_file(tmp_path: Path) -> None:
    world, network = World(), SlowNetwork()
    leaves = [world.leaf(f"http://ca{number}.example/crl") for number in range(4)]
    urls = [leaf.certificate.crl_urls[0] for leaf in leaves]
    inquiry = world.inquiry(tmp_path, settings={"total_s": 12}, http=network.exchange, insist=True,
                            monotonic=lambda: network.now)

    def asked(file: Allowance) -> list[str]:
        return [code for leaf in leaves for code in codes(
            inquiry.lists(leaf.certificate, world.ca.certificate, allowance=file))]

    first = inquiry.allowance()
    assert asked(first) == ["http.slow", "http.slow", "revocation.out-of-time", "revocation.out-of-time"]
    assert network.waited == [(urls[0], 5), (urls[1], 5), (urls[2], 2)]
    assert (first.left, network.now) == (0, 12)
    network.waited.clear()
    network.now += 1000                                     # which is spent on other things
    assert asked(inquiry.allowance()) == ["http.slow"] * 4, "the next file has time of its own"
    assert network.waited == [(urls[2], 5), (urls[3], 5)], "and learns what was learnt"


def test_what_was_kept_is_used_when_the_time_has_run_out(world: World, tmp_path: Path) -> None:
    leaf, clock = world.leaf(), [0.0]
    ask(world.inquiry(tmp_path), world, leaf, "list")
    inquiry = world.inquiry(tmp_path, insist=True, monotonic=lambda: clock[0])
    allowance = inquiry.allowance()
    with allowance.running():
        clock[0] += 61
    world.asked.clear()
    fetched = inquiry.lists(leaf.certificate, world.ca.certificate, allowance=allowance)
    assert (codes(fetched), len(fetched.crls), len(fetched.stand_ins), world.asked) == (
        ["revocation.out-of-time"], 1, 1, [])
    assert not codes(inquiry.lists(leaf.certificate, world.ca.certificate)) and world.asked == ["/crl"]

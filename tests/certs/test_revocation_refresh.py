"""Bringing a home up to date: what is fetched lies where it is used, the newest in the place of the older."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from certs import der_build as build
from certs.chain import validate
from certs.config import Config, load_config, store_config
from certs.crl import Crl, Revocation
from certs.crl_scope import scope_value
from certs.known import load_known
from certs.ocsp import OcspResponse
from certs.revocation_cache import CACHE
from certs.revocation_fetch import Inquiry
from certs.revocation_refresh import Standing, refresh
from certs.revocation_settings import RevocationSettings
from certs.timestamp_token import digest
from certs.trust import Trust, TrustError
from certs.tsa import Timestampers, TsaError
from certs.tsa_chains import keep_chain
from certs.tsp_build import build_token, read_request
from certs.x509_build import TIME_STAMPING
from tests.certs.answering import World, served
from tests.certs.answers import HOUR
from tests.certs.core_pki import AT, DAY, Entity, root

LOST = Revocation(revoked_at=AT - DAY, reason="keyCompromise")


@pytest.fixture
def world() -> Iterator[World]:
    with served(World()) as running:
        yield running


def home_of(world: World, folder: Path, *leaves: Entity) -> Path:
    """A home with a CA and certificates below it, no more."""
    places = {"chain": [world.ca], "authorities/1/2": leaves, "trust/roots": [world.ca]}
    for name, entities in places.items():
        (folder / name).mkdir(parents=True)
        for index, entity in enumerate(entities):
            (folder / name / f"{index}.cer").write_bytes(entity.certificate.der)
    (folder / "trust" / "trust.json").write_text('{"name": "x", "lookup_hosts": []}')
    store_config(folder, Config(name="x", revocation=RevocationSettings(hosts=(world.url.removeprefix("http://"),))))
    return folder


def run(world: World, home: Path, **options: Any) -> dict[str, Standing]:
    """What stands of each certificate below the root, by name."""
    inquiry = Inquiry(home / CACHE, settings=load_config(home).revocation, clock=lambda: world.now, insist=True,
                      **options)
    return {one.certificate.subject_cn or "": one for one in refresh(home, inquiry, clock=lambda: world.now)}


def codes(standing: Standing) -> list[str]:
    return [str(one.error.code) for one in standing.troubles]


def only(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_lists_are_fetched_once_and_lie_where_they_are_used(world: World, tmp_path: Path) -> None:
    first, second = (world.ca.leaf(name, number, crl_urls=(f"{world.url}/crl",))
                     for number, name in enumerate(("甲", "乙"), 3))
    home = home_of(world, tmp_path, first, second)
    world.revoked = {4: LOST}
    found = run(world, home)
    assert {name: (one.state, one.by, one.until) for name, one in found.items()} == {
        "甲": ("good", "list", AT + DAY), "乙": ("revoked", "list", AT + DAY)}
    assert world.asked == ["/crl"]
    assert only(home / "crls").read_bytes() == only(home / "trust" / "crls").read_bytes()
    assert [crl.this_update for crl in load_known(home).crls] == [AT]
    assert [crl.this_update for crl in Trust.load(home / "trust").crls] == [AT]


def test_answers_are_fetched_where_there_is_no_list(world: World, tmp_path: Path) -> None:
    only_ocsp = world.ca.leaf("甲", 3, ocsp_urls=(f"{world.url}/ocsp",))
    home = home_of(world, tmp_path, only_ocsp)
    found = run(world, home)["甲"]
    assert (found.state, found.by, found.until, found.troubles) == ("good", "answer", AT + DAY, ())
    assert not (home / "crls").exists()
    for place in (home, home / "trust"):
        read = OcspResponse.load(only(place / "ocsp").read_bytes())
        assert read.on(only_ocsp.certificate, world.ca.certificate) is not None
    assert len(load_known(home).ocsp) == len(Trust.load(home / "trust").ocsp) == 1
    world.revoked, world.now = {3: LOST}, AT + HOUR
    assert run(world, home)["甲"].state == "revoked"
    assert OcspResponse.load(only(home / "ocsp").read_bytes()).produced_at == AT + HOUR


@pytest.mark.parametrize("what", ["crl", "ocsp"])
def test_what_was_on_hold_before_it_was_revoked_is_not_forgotten(world: World, tmp_path: Path, what: str) -> None:
    """A newer list takes the place of the older, which alone knows from when on the certificate was not good."""
    leaf = world.ca.leaf("甲", 3, **{f"{what}_urls": (f"{world.url}/{what}",)})
    home, place = home_of(world, tmp_path, leaf), {"crl": "crls", "ocsp": "ocsp"}[what]
    world.revoked = {3: Revocation(revoked_at=AT - DAY, reason="certificateHold"), 9: LOST}
    assert run(world, home)["甲"].state == "revoked"
    later = Revocation(revoked_at=AT + 5 * HOUR, reason="superseded")
    for world.now, world.revoked in ((AT + 6 * HOUR, {3: later}), (AT + 7 * HOUR, {3: later})):
        run(world, home)
    for folder in (home / place, home / "trust" / place):
        assert len(list(folder.iterdir())) == 2, "what is no more than renewed does not stay"
    trust = Trust.load(home / "trust")
    result = validate(leaf.certificate, anchors=trust.roots, intermediates=[], crls=trust.crls, ocsp=trust.ocsp, at=AT,
                      at_is_proven=True, clock_now=world.now)
    assert (result.code, result.revocation and result.revocation.reason) == ("chain.revoked", "certificateHold")


@pytest.mark.parametrize("what", ["crl", "ocsp"])
def test_a_hold_that_was_lifted_does_not_stay(world: World, tmp_path: Path, what: str) -> None:
    leaf = world.ca.leaf("甲", 3, **{f"{what}_urls": (f"{world.url}/{what}",)})
    home, place = home_of(world, tmp_path, leaf), {"crl": "crls", "ocsp": "ocsp"}[what]
    world.revoked = {3: Revocation(revoked_at=AT - DAY, reason="certificateHold")}
    assert run(world, home)["甲"].state == "revoked"
    world.now, world.revoked = AT + 6 * HOUR, {}
    assert run(world, home)["甲"].state == "good"
    only(home / place)
    only(home / "trust" / place)


def test_with_a_list_in_force_nobody_is_asked_about_a_single_certificate(world: World, tmp_path: Path) -> None:
    both = world.ca.leaf("甲", 3, crl_urls=(f"{world.url}/crl",), ocsp_urls=(f"{world.url}/ocsp",))
    home = home_of(world, tmp_path, both)
    assert run(world, home)["甲"].by == "list"
    assert world.asked == ["/crl"]
    world.asked.clear()
    world.twist = lambda path, _, good: good if path == "/ocsp" else type(good)(
        status=404, media_type="", body=b"")
    world.now = AT + 2 * DAY
    found = run(world, home)["甲"]
    assert (found.state, found.by, codes(found)) == ("good", "answer", ["http.status"])


def test_a_newer_list_takes_the_place_of_the_older_whatever_it_is_called(world: World, tmp_path: Path) -> None:
    leaf = world.ca.leaf("甲", 3, crl_urls=(f"{world.url}/crl",))
    home = home_of(world, tmp_path, leaf)
    by_hand, part = home / "crls" / "by-hand.crl", home / "crls" / "part.crl"
    by_hand.parent.mkdir()
    by_hand.write_bytes(world.crl(this_update=AT - DAY))
    part.write_bytes(world.crl(this_update=AT - DAY, scope=scope_value(cas_only=True)))
    other = home / "crls" / "other.crl"
    other.write_bytes(root("sm2").crl().der)
    before = part.read_bytes(), other.read_bytes()
    run(world, home)
    assert Crl.load(by_hand.read_bytes()).this_update == AT
    assert (part.read_bytes(), other.read_bytes()) == before, "another part and another CA's stay"
    assert len(list(by_hand.parent.iterdir())) == 3
    world.twist = lambda _path, _body, good: type(good)(
        status=200, media_type="", body=world.crl(this_update=AT - HOUR))
    (home / CACHE).rename(home / "away")               # nothing remembers that there was a newer one
    run(world, home)
    assert Crl.load(by_hand.read_bytes()).this_update == AT, "nothing newer is replaced"


@pytest.mark.parametrize("what", ["crl", "ocsp"])
def test_of_two_words_of_one_second_the_revocation_is_kept(world: World, tmp_path: Path, what: str) -> None:
    """A CA may revoke in the second in which it has made a list; nothing of that second washes it away again."""
    leaf = world.ca.leaf("甲", 3, **{f"{what}_urls": (f"{world.url}/{what}",)})
    home, place = home_of(world, tmp_path, leaf), {"crl": "crls", "ocsp": "ocsp"}[what]
    assert run(world, home)["甲"].state == "good"
    for step, world.revoked in enumerate(({3: LOST}, {3: LOST, 4: LOST}, {}), 1):
        (home / CACHE).rename(home / f"away-{step}")
        run(world, home)
        trust = Trust.load(home / "trust")
        assert validate(leaf.certificate, anchors=trust.roots, intermediates=[], crls=trust.crls, ocsp=trust.ocsp,
                        at=AT).code == "chain.revoked"
    held = {path.name for path in (home / place).iterdir()}
    (home / CACHE).rename(home / "away")
    run(world, home)
    assert {path.name for path in (home / place).iterdir()} == held, "nothing piles up"


def test_of_two_lists_of_one_second_the_number_tells_the_newer(world: World, tmp_path: Path) -> None:
    leaf = world.ca.leaf("甲", 3, crl_urls=(f"{world.url}/crl",))
    home = home_of(world, tmp_path, leaf)
    for number, revoked in ((8, {3: LOST}), (7, {})):
        world.twist = lambda _path, _body, good, number=number, revoked=revoked: type(good)(
            status=200, media_type="", body=world.crl(number=number, revoked=revoked))
        run(world, home)
        shutil.rmtree(home / CACHE)
    assert Crl.load(only(home / "crls").read_bytes()).number == 8
    world.twist = lambda _path, _body, good: type(good)(status=200, media_type="", body=world.crl(number=9, revoked={
        3: LOST, 4: LOST}))
    run(world, home)
    assert Crl.load(only(home / "crls").read_bytes()).number == 9


def test_a_server_that_is_down_leaves_what_is_there(world: World, tmp_path: Path) -> None:
    leaf = world.ca.leaf("甲", 3, crl_urls=(f"{world.url}/crl",))
    home = home_of(world, tmp_path, leaf)
    world.down = True
    found = run(world, home)["甲"]
    assert (found.state, found.until, codes(found)) == ("unknown", None, ["http.unreachable"])
    world.down = False
    assert run(world, home)["甲"].state == "good", "asked again at once"
    world.down, world.now = True, AT + 23 * HOUR
    found = run(world, home)["甲"]
    assert (found.state, found.until, codes(found)) == ("good", AT + DAY, ["http.unreachable"])
    world.now = AT + 25 * HOUR
    assert run(world, home)["甲"].state == "unknown"
    assert Crl.load(only(home / "crls").read_bytes()).this_update == AT


def test_an_unknown_certificate_is_not_kept_as_unknown(world: World, tmp_path: Path) -> None:
    leaf = world.ca.leaf("甲", 3, ocsp_urls=(f"{world.url}/ocsp",))
    home = home_of(world, tmp_path, leaf)
    world.twist = lambda _, body, good: type(good)(
        status=200, media_type="", body=world.ocsp(body, said={"unknown": True}))
    found = run(world, home)["甲"]
    assert (found.state, codes(found)) == ("unknown", ["revocation.unknown"])
    assert not (home / "ocsp").exists() or not list((home / "ocsp").iterdir())
    world.twist = None
    assert run(world, home)["甲"].state == "good"


def test_what_names_no_address_is_told(world: World, tmp_path: Path) -> None:
    leaf, stranger = world.ca.leaf("甲", 3), root("sm2", name="别处").leaf("乙", 4)
    home = home_of(world, tmp_path, leaf, stranger)
    found = run(world, home)
    assert {name: (one.state, codes(one)) for name, one in found.items()} == {
        "甲": ("unknown", ["revocation.nowhere"]), "乙": ("unknown", ["revocation.no-path"])}
    for place, state in ((home, "unknown"), (home / "trust", "good")):
        (place / "crls").mkdir()
        (place / "crls" / "a.crl").write_bytes(world.crl())
        assert run(world, home)["甲"].state == state, "sealing and verifying judge by a folder each"
    assert run(world, home)["甲"].troubles == ()


def test_expired_certificates_are_not_asked_about(world: World, tmp_path: Path) -> None:
    old = world.ca.leaf("旧", 3, crl_urls=(f"{world.url}/crl",), not_after=AT - DAY)
    assert run(world, home_of(world, tmp_path, old)) == {}
    assert not world.asked


def tsa_under_its_own_ca(url: str) -> tuple[Entity, Entity]:
    top = root("sm2", name="时间戳根")
    return top, top.leaf("时间戳服务", 7, ext_key_usage=(TIME_STAMPING,), crl_urls=(f"{url}/tsa.crl",))


def test_a_timestamp_service_under_a_ca_of_its_own_is_asked_about_once_it_has_given_a_token(
        world: World, tmp_path: Path) -> None:
    home, (top, tsa) = home_of(world, tmp_path), tsa_under_its_own_ca(world.url)
    (home / "trust" / "tsa").mkdir()
    (home / "trust" / "tsa" / "root.cer").write_bytes(top.certificate.der)
    world.twist = lambda path, _, good: replace(good, body=world.crl(by=top)) if path == "/tsa.crl" else good

    def post(_url: str, body: bytes, **_: Any) -> bytes:
        asked = read_request(body)
        return build.sequence(build.sequence(build.integer(0)), build_token(
            imprint=asked.imprint, algorithm=asked.algorithm, gen_time=world.now, serial=9, policy="1.2.3",
            certificate=tsa.certificate, key=tsa.key, nonce=asked.nonce))

    def token() -> bytes:
        trust = Trust.load(home / "trust")
        return Timestampers(["http://tsa.invalid/"], anchors=trust.tsa, crls=trust.crls, clock=lambda: world.now,
                            post=post, keep=partial(keep_chain, home)).token(digest("sm3", b"x"), "sm3")

    assert "时间戳服务" not in run(world, home)
    with pytest.raises(TsaError, match=r"timestamp\.none"):
        token()
    assert run(world, home)["时间戳服务"].state == "good"
    assert token()
    held = only(home / CACHE / "tsa")
    before = held.stat().st_mtime_ns, held.stat().st_ino
    token()
    assert (held.stat().st_mtime_ns, held.stat().st_ino) == before, "the same is not written again"
    world.now, world.revoked = AT + HOUR, {7: LOST}
    assert run(world, home)["时间戳服务"].state == "revoked"
    shutil.rmtree(home / CACHE / "tsa")
    assert "时间戳服务" not in run(world, home)


def test_of_a_service_that_went_to_another_ca_the_old_one_is_asked_still(world: World, tmp_path: Path) -> None:
    home, (old, first), (new, second) = home_of(world, tmp_path), *(tsa_under_its_own_ca(world.url) for _ in "ab")
    (home / "trust" / "tsa").mkdir()
    for name, top in (("old", old), ("new", new)):
        (home / "trust" / "tsa" / f"{name}.cer").write_bytes(top.certificate.der)
    for chain in ([first.certificate], [second.certificate], [new.leaf("后来", 8).certificate]):
        keep_chain(home, "http://tsa.invalid/", "sm3", chain)
    assert run(world, home).keys() == {"时间戳服务", "后来"}
    assert len(list((home / CACHE / "tsa").iterdir())) == 2
    keep_chain(home, "http://tsa.invalid/", "sha256", [])
    assert len(list((home / CACHE / "tsa").iterdir())) == 2


def test_what_is_kept_of_timestamp_services_is_asked_about_only_below_an_anchor_and_is_none(
        world: World, tmp_path: Path) -> None:
    """Whoever writes there makes nobody ask and nothing trusted."""
    top, tsa = tsa_under_its_own_ca(world.url)
    below = top.leaf("乙", 8, crl_urls=(f"{world.url}/other.crl",))
    home = home_of(world, tmp_path, below)
    keep_chain(home, "http://tsa.invalid/", "sm3", [tsa.certificate, top.certificate])
    found = run(world, home)
    assert {name: codes(one) for name, one in found.items()} == {"乙": ["revocation.no-path"]}
    assert not world.asked
    held = only(home / CACHE / "tsa")
    for damaged in (b"", b"{", b"[]", b'{"certificates": 1}', b'{"certificates": ["!"]}', b'{"certificates": ["AAAA"]}',
                    b'{"certificates": [null]}', b"[" * 100_000):
        held.write_bytes(damaged)
        assert run(world, home).keys() == {"乙"}


@pytest.mark.parametrize("place", ["crls/x.crl", "ocsp/x.ors"])
def test_a_damaged_file_of_the_trust_folder_is_named(world: World, tmp_path: Path, place: str) -> None:
    home = home_of(world, tmp_path, world.ca.leaf("甲", 3))
    path = home / "trust" / place
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"damaged")
    with pytest.raises(TrustError, match=r"trust\.bad-file"):
        Trust.load(home / "trust")
    own = home / place
    own.parent.mkdir(exist_ok=True)
    own.write_bytes(b"damaged")
    assert load_known(home).damaged == (place,)


SETTINGS = [
    ('[revocation]\nhosts = ["Ca.Internal:8080", "[fd00::1]"]\n'
     "refresh_h = 1\nmax_age_h = 48\ntimeout_s = 3\ntotal_s = 90\nmax_mb = 2\n",
     RevocationSettings(hosts=("ca.internal:8080", "[fd00::1]"), refresh_h=1, max_age_h=48, timeout_s=3, total_s=90,
                        max_mb=2)),
    ("[revocation]\n", RevocationSettings()), ("", RevocationSettings()),
    ("revocation = 1\n", None), ("[revocation]\nhost = []\n", None), ('[revocation]\nhosts = "a"\n', None),
    ('[revocation]\nhosts = ["http://a"]\n', None), ("[revocation]\nrefresh_h = -1\n", None),
    ("[revocation]\ntimeout_s = 0\n", None), ("[revocation]\ntimeout_s = true\n", None),
    ("[revocation]\ntotal_s = 0\n", None), ("[revocation]\nmax_mb = 17\n", None),
    ("[revocation]\nmax_age_h = 1.5\n", None),
]


@pytest.mark.parametrize(("text", "settings"), SETTINGS)
def test_the_settings_are_read_and_written(tmp_path: Path, text: str, settings: RevocationSettings | None) -> None:
    (tmp_path / "config.toml").write_text('name = "x"\n' + text)
    if settings is None:
        with pytest.raises(Exception, match=r"home\.config"):
            load_config(tmp_path)
        return
    config = load_config(tmp_path)
    assert config.revocation == settings
    store_config(tmp_path, config)
    assert load_config(tmp_path) == config

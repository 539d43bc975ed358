"""Asking for timestamps: what a service may not answer, how the next is asked, and that no fault lasts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certs import der_build as build
from certs.crl import Crl, Revocation
from certs.http_client import HttpCode, HttpError
from certs.timestamp import verify_token
from certs.timestamp_token import TimestampToken, digest
from certs.tsa import MAX_ANSWER, MAX_TOKEN, Timestampers, TsaCode, TsaError
from certs.tsp_build import TimestampRequest, build_token, read_request
from certs.tsp_messages import build_request, read_response
from certs.x509_build import TIME_STAMPING
from codes.china_time import time_en, time_zh
from tests.certs.core_pki import AT, DAY, Entity, pem, root, run
from tests.support.added_lists import with_list

POLICY = "1.2.3.4.1"
LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
FIRST = datetime(1, 1, 1, tzinfo=UTC)


def own_tsa(top: Entity, **changes: Any) -> Entity:
    return top.leaf("试验时间戳", 2, **{"ext_key_usage": (TIME_STAMPING,), **changes})


SM2_TOP, P256_TOP = root("sm2", "试验时间戳根"), root("p256", "试验时间戳根 P-256")
SM2, P256 = own_tsa(SM2_TOP), own_tsa(P256_TOP)
STRANGER = own_tsa(root("sm2", "别处的根"))
NO_TSA = SM2_TOP.leaf("不是时间戳", 3)


@dataclass
class Service:
    """A service that answers as ``answer`` says; ``asked`` counts."""

    answer: Callable[[TimestampRequest], bytes]
    asked: int = 0

    def __call__(self, body: bytes) -> bytes:
        self.asked += 1
        return self.answer(read_request(body))


def good(tsa: Entity, *, at: Callable[[], datetime] = lambda: AT, **changes: Any) -> Service:
    """A service with this key; ``changes`` are its lies."""
    def answer(request: TimestampRequest) -> bytes:
        facts = {"imprint": request.imprint, "algorithm": request.algorithm, "gen_time": at(), "serial": 7,
                 "policy": POLICY, "certificate": tsa.certificate, "key": tsa.key, "nonce": request.nonce}
        return granted(build_token(**{**facts, **changes}))

    return Service(answer)


def granted(token: bytes) -> bytes:
    return build.sequence(build.sequence(build.integer(0)), token)


def fixed(answer: bytes) -> Service:
    return Service(lambda _: answer)


def raising(code: HttpCode) -> Service:
    return failing(HttpError(code, "无法连接", "cannot be reached"))


def failing(error: Exception) -> Service:
    def answer(_: TimestampRequest) -> bytes:
        raise error

    return Service(answer)


def stuffed(tsa: Entity, crl: Crl) -> Service:
    """A service whose good token somebody has put a list into."""
    def answer(request: TimestampRequest) -> bytes:
        return granted(with_list(read_response(good(tsa).answer(request)), crl.der))

    return Service(answer)


def long_list(entries: int) -> Crl:
    """The CA's own list, of some 32 bytes an entry."""
    return SM2_TOP.crl({10**30 + number: Revocation(revoked_at=AT - DAY) for number in range(entries)})


@dataclass
class World:
    """Services by URL, in order, and a clock that does not go by itself."""

    services: dict[str, Service]
    now: datetime = AT
    elapsed: float = 0.0
    options: dict[str, Any] = field(default_factory=dict)

    def post(self, url: str, body: bytes, *, media_type: str, timeout_s: float, max_bytes: int) -> bytes:
        assert (media_type, max_bytes, timeout_s) == ("application/timestamp-query", MAX_ANSWER, 10.0)
        return self.services[url](body)

    def stampers(self) -> Timestampers:
        return Timestampers(
            self.services, **{"anchors": [SM2_TOP.certificate, P256_TOP.certificate],
                              "crls": [SM2_TOP.crl(), P256_TOP.crl()], "clock": lambda: self.now, "post": self.post,
                              "monotonic": lambda: self.elapsed, **self.options})


def token_of(*services: Service, algorithm: str = "sm3", **options: Any) -> TimestampToken:
    world = World({f"http://tsa{index}.invalid/": one for index, one in enumerate(services)}, options=options)
    return TimestampToken.parse(world.stampers().token(digest(algorithm, b"signature"), algorithm))


def refused(*services: Service, **options: Any) -> TsaError:
    with pytest.raises(TsaError) as caught:
        token_of(*services, **options)
    assert caught.value.code is TsaCode.NO_TOKEN
    return caught.value


@pytest.mark.parametrize(("tsa", "algorithm"), [
    (SM2, "sm3"), (P256, "sha256"), (P256, "sha384"), (P256, "sha512")])
def test_a_token_comes_verified_and_with_its_certificate(tsa: Entity, algorithm: str) -> None:
    token = token_of(good(tsa), algorithm=algorithm)
    assert token.certificates == (tsa.certificate,)
    top = SM2_TOP if tsa is SM2 else P256_TOP
    judged = verify_token(token, b"signature", anchors=[top.certificate], crls=[top.crl()], at=AT)
    assert judged.ok and judged.gen_time == AT


def test_a_digest_is_judged_like_the_message_it_was_made_of() -> None:
    token = token_of(good(SM2))
    options: dict[str, Any] = {"anchors": [SM2_TOP.certificate], "crls": [SM2_TOP.crl()], "at": AT}
    assert verify_token(token, imprint=digest("sm3", b"signature"), **options).ok
    assert verify_token(token, imprint=digest("sm3", b"other"), **options).code == "timestamp.wrong-imprint"
    for message, imprint in ((None, None), (b"signature", digest("sm3", b"signature"))):
        with pytest.raises(ValueError, match="message or of its digest"):
            verify_token(token, message, imprint=imprint, **options)


LIES: dict[str, tuple[Service, str]] = {
    "wrong imprint": (good(SM2, imprint=digest("sm3", b"other")), "timestamp.wrong-imprint"),
    "wrong digest": (good(SM2, algorithm="sha256"), "timestamp.wrong-imprint"),
    "wrong nonce": (good(SM2, nonce=5), "timestamp.wrong-nonce"),
    "no nonce": (good(SM2, nonce=None), "timestamp.wrong-nonce"),
    "slow clock": (good(SM2, gen_time=AT - timedelta(minutes=6)), "timestamp.wrong-time"),
    "fast clock": (good(SM2, gen_time=AT + timedelta(minutes=6)), "timestamp.wrong-time"),
    "stranger": (good(STRANGER), "timestamp.untrusted"),
    "no authority": (good(NO_TSA), "timestamp.untrusted"),
    "stranger at the end of the calendar": (good(STRANGER, gen_time=LAST), "timestamp.untrusted"),
    "stranger at its beginning": (good(STRANGER, gen_time=FIRST), "timestamp.untrusted"),
    "another key at the end of the calendar": (
        good(SM2, key=STRANGER.key, gen_time=LAST), "timestamp.untrusted"),
    "the end of the calendar": (good(SM2, gen_time=LAST), "timestamp.wrong-time"),
    "another key": (good(SM2, key=STRANGER.key), "timestamp.untrusted"),
    "without certificate": (good(SM2, carries=False), "timestamp.untrusted"),
    "P-256 on SM3": (good(P256), "timestamp.unfit"),
    "refusal": (fixed(build.sequence(build.sequence(build.integer(2)))), "timestamp.refused"),
    "granted without token": (fixed(build.sequence(build.sequence(build.integer(0)))), "timestamp.unreadable"),
    "garbage": (fixed(b"<html>"), "timestamp.unreadable"),
    "nothing": (fixed(b""), "timestamp.unreadable"),
    "half": (Service(lambda request: good(SM2).answer(request)[:-1]), "timestamp.unreadable"),
    "more": (Service(lambda request: good(SM2).answer(request) + b"\x00"), "timestamp.unreadable"),
    "a list of its CA, put in on the way": (stuffed(SM2, long_list(400)), "timestamp.too-large"),
    "what this program fails over": (failing(OverflowError("date value out of range")), "timestamp.unreadable"),
    "what nobody has thought of": (failing(RuntimeError("?")), "timestamp.unreadable"),
    "dead": (raising(HttpCode.UNREACHABLE), "http.unreachable"),
    "slow": (raising(HttpCode.SLOW), "http.slow"),
    "huge": (raising(HttpCode.TOO_LARGE), "http.too-large"),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_a_service_may_not_answer_is_refused_by_name_and_the_next_one_asked(lie: str) -> None:
    liar, code = LIES[lie]
    (fault,) = refused(liar).faults
    assert (fault.field, fault.code) == ("http://tsa0.invalid/", code)
    assert fault.zh and fault.en and "http" not in fault.en.split()[0]
    honest = good(SM2)
    assert token_of(liar, honest).certificates == (SM2.certificate,)
    assert honest.asked == 1
    assert [fault.code for fault in refused(liar, liar).faults] == [code, code]


@pytest.mark.parametrize("service", [
    good(STRANGER, gen_time=LAST), good(STRANGER, gen_time=FIRST), good(SM2, key=STRANGER.key, gen_time=LAST),
    good(SM2, key=STRANGER.key, gen_time=AT - timedelta(hours=1)), good(STRANGER, gen_time=AT - timedelta(hours=1))])
def test_what_a_token_says_is_not_told_before_it_is_known_who_says_it(service: Service) -> None:
    (fault,) = refused(service).faults
    token = TimestampToken.parse(read_response(service.answer(read_request(build_request(bytes(32), "sm3", 7)))))
    for sentence, moment in ((fault.zh, time_zh(token.gen_time)), (fault.en, time_en(token.gen_time))):
        assert sentence and moment not in sentence
    (honest,) = refused(good(SM2, gen_time=AT - timedelta(hours=1))).faults
    assert time_zh(AT - timedelta(hours=1)) in honest.zh and time_en(AT - timedelta(hours=1)) in honest.en


def test_a_token_is_taken_up_to_the_room_that_is_kept_for_it() -> None:
    """Certificates, lists and all; a list in a token that is small enough does no harm."""
    sizes = {}
    for entries in range(270, 300):
        service = stuffed(SM2, long_list(entries))
        try:
            sizes[entries] = len(token_of(service).der)
        except TsaError as error:
            assert error.faults[0].code == "timestamp.too-large" and "10 KiB" in error.faults[0].zh
    assert sizes and max(sizes) < 299 and MAX_TOKEN - 60 < max(sizes.values()) <= MAX_TOKEN


def test_a_replayed_token_of_the_same_data_is_no_answer_to_this_request() -> None:
    kept: list[bytes] = []

    def replay(request: TimestampRequest) -> bytes:
        kept.append(good(SM2).answer(request))
        return kept[0]

    service = Service(replay)
    world = World({"http://tsa.invalid/": service})
    stampers = world.stampers()
    stampers.token(digest("sm3", b"signature"), "sm3")
    with pytest.raises(TsaError) as caught:
        stampers.token(digest("sm3", b"signature"), "sm3")
    assert [fault.code for fault in caught.value.faults] == ["timestamp.wrong-nonce"]


def test_a_revoked_authority_or_one_of_unknown_state_proves_nothing() -> None:
    entry = Revocation(revoked_at=AT - DAY, reason="keyCompromise", invalid_since=None)
    for lists in ([SM2_TOP.crl({SM2.certificate.serial: entry})], [],
                  [SM2_TOP.crl(this_update=AT - 9 * DAY, next_update=AT - 8 * DAY)]):
        (fault,) = refused(good(SM2), crls=lists).faults
        assert fault.code == "timestamp.untrusted"


REVOKED = SM2_TOP.crl({SM2.certificate.serial: Revocation(revoked_at=AT - DAY, reason="keyCompromise")})


@pytest.mark.parametrize(("service", "options", "kept"), [
    (good(SM2), {}, [(SM2.certificate,)]),
    (good(SM2), {"crls": []}, [(SM2.certificate,)]),                   # how else would its list be fetched?
    (good(SM2), {"anchors": [SM2.certificate]}, [()]),
    (good(SM2), {"crls": [REVOKED]}, []),
    (good(STRANGER), {}, []), (good(NO_TSA), {"crls": []}, []), (good(SM2, nonce=5), {}, []),
    (good(SM2, key=STRANGER.key), {"crls": []}, []), (good(SM2, gen_time=AT - timedelta(minutes=6)), {}, []),
], ids=["good", "of unknown state", "its own anchor", "revoked", "stranger", "no authority", "replayed", "forged",
        "slow clock"])
def test_the_chain_of_a_token_is_kept_unless_more_is_wrong_than_that_its_state_is_unknown(
        service: Service, options: dict[str, Any], kept: list[tuple[object, ...]]) -> None:
    told: list[tuple[str, str, tuple[object, ...]]] = []

    def keep(url: str, algorithm: str, chain: Sequence[object]) -> None:
        told.append((url, algorithm, tuple(chain)))

    stampers = World({"http://tsa.invalid/": service}, options={"keep": keep, **options}).stampers()
    try:
        stampers.token(digest("sm3", b"x"), "sm3")
    except TsaError as error:
        assert ("certs refresh" in error.faults[0].zh, "certs refresh" in error.faults[0].en) == (bool(kept),) * 2
    assert told == [("http://tsa.invalid/", "sm3", chain) for chain in kept]


def test_the_tolerance_of_clocks_is_the_deployments_to_set() -> None:
    late = good(SM2, at=lambda: AT - timedelta(seconds=20))
    assert token_of(late).gen_time == AT - timedelta(seconds=20)
    assert refused(late, tolerance_s=10).faults[0].code == "timestamp.wrong-time"


def test_a_service_that_cannot_be_reached_is_left_out_for_a_while_and_then_asked_again() -> None:
    first, second = raising(HttpCode.SLOW), good(SM2)
    world = World({"http://first.invalid/": first, "http://second.invalid/": second})
    stampers = world.stampers()
    for expected in (1, 1):
        stampers.token(bytes(32), "sm3")
        assert first.asked == expected
    first.answer = good(SM2).answer
    world.elapsed = 10.1
    stampers.token(bytes(32), "sm3")
    assert (first.asked, second.asked) == (2, 2)


def test_when_none_can_be_reached_the_refusal_is_at_once_and_does_not_last() -> None:
    only = raising(HttpCode.UNREACHABLE)
    world = World({"http://tsa.invalid/": only})
    stampers = world.stampers()
    for attempt in range(3):
        with pytest.raises(TsaError) as caught:
            stampers.token(bytes(32), "sm3")
        assert caught.value.faults[0].code == ("timestamp.paused" if attempt else "http.unreachable")
    assert only.asked == 1
    with pytest.raises(TsaError):
        stampers.require_ready("sm3")
    only.answer = good(SM2).answer
    world.elapsed = 10.1
    stampers.require_ready("sm3")
    assert only.asked == 2
    assert stampers.token(bytes(32), "sm3")


def test_a_token_is_asked_for_on_trial_unless_one_was_had_just_now() -> None:
    service = good(SM2)
    world = World({"http://tsa.invalid/": service})
    stampers = world.stampers()
    for elapsed, asked in ((0.0, 1), (59.0, 1), (61.0, 2), (61.5, 2)):
        world.elapsed = elapsed
        stampers.require_ready("sm3")
        assert service.asked == asked
    service.answer = good(SM2, nonce=5).answer
    with pytest.raises(TsaError):
        stampers.token(bytes(32), "sm3")
    with pytest.raises(TsaError):
        stampers.require_ready("sm3")                        # a failure is never covered by an older success


def test_a_lie_does_not_keep_a_service_from_being_asked_again() -> None:
    service = good(SM2, nonce=5)
    stampers = World({"http://tsa.invalid/": service}).stampers()
    with pytest.raises(TsaError):
        stampers.token(bytes(32), "sm3")
    with pytest.raises(TsaError):
        stampers.require_ready("sm3")
    service.answer = good(SM2).answer
    assert stampers.token(bytes(32), "sm3")


def test_each_digest_goes_to_the_services_that_serve_it() -> None:
    sm2, p256 = good(SM2), good(P256)
    stampers = World({"http://sm2.invalid/": sm2, "http://p256.invalid/": p256}).stampers()
    for _ in range(3):
        stampers.token(digest("sha256", b"x"), "sha256")
        stampers.token(digest("sm3", b"x"), "sm3")
    assert (sm2.asked, p256.asked) == (4, 3)                 # once for what it does not serve


def test_certificates_in_the_order_of_the_chain_are_put_in_the_order_of_der() -> None:
    tsa = own_tsa(middle := SM2_TOP.ca("试验时间戳中级", 5))
    wanted = sorted((tsa.certificate.der, middle.certificate.der))

    def backwards(request: TimestampRequest) -> bytes:
        answer = good(tsa, chain=[middle.certificate]).answer(request)
        return answer.replace(b"".join(wanted), b"".join(reversed(wanted)))

    token = token_of(Service(backwards), crls=[SM2_TOP.crl(), middle.crl()])
    assert [one.der for one in token.certificates] == wanted


@pytest.mark.parametrize("urls", [
    [], ["ftp://tsa.invalid/"], ["file:///etc/hostname"], ["http://[/"], [""], ["http://user:word@tsa.invalid/"],
    ["http://tsa.invalid/ x"], ["http://tsa.invalid:99999/"], ["http://tsa.invalid/", "tsa.invalid"]])
def test_what_is_no_address_of_a_service_is_refused_when_it_is_named(urls: list[str]) -> None:
    with pytest.raises(TsaError) as caught:
        Timestampers(urls, anchors=[])
    assert caught.value.code is TsaCode.NO_SERVICE


def test_openssl_verifies_the_request_and_the_token(openssl: str, tmp_path: Path) -> None:
    def answer(request: TimestampRequest) -> bytes:
        made = good(P256).answer(request)
        (tmp_path / "answer.tsr").write_bytes(made)
        return made

    world = World({"http://tsa.invalid/": Service(answer)})

    def post(url: str, body: bytes, **options: Any) -> bytes:
        (tmp_path / "query.tsq").write_bytes(body)
        return world.post(url, body, **options)

    world.options["post"] = post
    (tmp_path / "token.tst").write_bytes(world.stampers().token(digest("sha256", b"data"), "sha256"))
    (tmp_path / "data").write_bytes(b"data")
    code, text = run(openssl, "ts", "-query", "-in", str(tmp_path / "query.tsq"), "-text")
    assert code == 0 and "sha256" in text and "Certificate required: yes" in text
    anchor = pem(tmp_path, "root.pem", [P256_TOP.certificate], openssl)
    at = str(int(AT.timestamp()))
    for words in (["-in", "answer.tsr", "-queryfile", "query.tsq"], ["-in", "token.tst", "-token_in", "-data", "data"]):
        code, text = run(openssl, "ts", "-verify", *words, "-CAfile", anchor, "-attime", at, cwd=tmp_path)
        assert code == 0 and "Verification: OK" in text


CHANGES = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.sampled_from(["flip", "cut", "double"]), st.integers(0, 7)),
    min_size=1, max_size=3)


@settings(max_examples=300, deadline=None)
@given(CHANGES)
def test_no_changed_answer_gives_another_token_or_an_error_without_a_code(
        changes: list[tuple[float, str, int]]) -> None:
    whole: list[bytes] = []

    def changed(request: TimestampRequest) -> bytes:
        whole.append(good(SM2).answer(request))
        answer = bytearray(whole[-1])
        for share, kind, number in changes:
            place = int(share * len(answer))
            match kind:
                case "flip":
                    answer[place] ^= 1 << number
                case "cut":
                    del answer[place:place + number + 1]
                case _:
                    answer[place:place] = answer[place:place + number + 1]
        return bytes(answer)

    try:
        token = token_of(Service(changed))
    except TsaError as error:
        assert error.code is TsaCode.NO_TOKEN and error.faults[0].zh and error.faults[0].en
    else:
        assert token.der in whole[-1]

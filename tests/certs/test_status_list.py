"""The status list of seals is one closed format, and is believed only from whom the trust folder names."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from certs import canonical_json
from certs.home import Home
from certs.moments import write_moment
from certs.seal_status import MAX_STOPS, Stop, join_stops
from certs.statement import StatementError, sign_statement
from certs.status_list import (
    LONGEST,
    MAX_BYTES,
    SealState,
    SealStatus,
    StatusListError,
    check_status_list,
    make_status_list,
    read_status_list,
    receive_status_list,
    seal_digest,
    seen_status_list,
    trusted_status_list,
)
from certs.trust import STATUS_LIST, Trust
from codes.errors import EngineError
from registry.demo import revoke
from tests.support.demo_home import own_home  # noqa: F401 - a fixture
from tests.support.status_lists import DAY, entry, new_signer, now, put_list, seal_of, signer, status_file, trusting

NOW = now()
DIGEST = bytes(32)


def code_of(call: Callable[[], object]) -> str:
    """The code of the error that a call raises."""
    with pytest.raises(EngineError) as refusal:
        call()
    return str(refusal.value.code.value)


def trusted(data: bytes | None, **options: Any) -> object:
    """The list as a verifier believes it now."""
    return trusted_status_list(trusting(data, **options), at=now(), clock_now=now())


def test_what_is_written_is_read() -> None:
    seals = {
        "A-1": SealStatus(state=SealState.IN_USE, since=NOW, digest=DIGEST),
        "A-2": SealStatus(state=SealState.RETIRED, since=NOW - DAY, until=NOW, digest=DIGEST),
        "A-3": SealStatus(state=SealState.LOST, since=NOW, digest=DIGEST),
        "A-4": SealStatus(state=SealState.MADE, digest=DIGEST),
        "A-5": SealStatus(state=SealState.IN_USE, digest=DIGEST,
                          stops=((NOW - 2 * DAY, NOW - DAY), (NOW - DAY / 2, NOW)))}
    listed = read_status_list(status_file(seals, sequence=7, at=NOW, until=NOW + DAY))
    assert (listed.sequence, listed.this_update, listed.next_update) == (7, NOW, NOW + DAY)
    assert dict(listed.seals) == seals
    assert listed.fresh(NOW + DAY) and not listed.fresh(NOW + DAY + timedelta(milliseconds=1))


def test_an_entry_speaks_of_one_very_seal() -> None:
    """Another maker's seal under the same identifier is not the one that is listed."""
    seal = seal_of()
    listed = read_status_list(status_file(entry("in-use", seal=seal)))
    assert listed.find(seal.seal_id, seal.info.der) is not None
    assert listed.find(seal.seal_id, seal.info.der + b"\0") is None
    assert listed.find("other", seal.info.der) is None
    assert listed.seals[seal.seal_id].digest == seal_digest(seal.info.der)


@pytest.mark.parametrize(("state", "missing"), [
    ("suspended", "since"), ("lost", "since"), ("cancelled", "since"), ("retired", "until")])
def test_a_state_without_its_moment_is_none(state: str, missing: str) -> None:
    with pytest.raises(ValueError, match="needs its moment"):
        entry(state, **{"since": NOW, "until": NOW, missing: None})  # type: ignore[arg-type]


GOOD: dict[str, Any] = {
    "type": "zhengyin/seal-status/1", "at": write_moment(NOW), "thisUpdate": write_moment(NOW),
    "nextUpdate": write_moment(NOW + DAY), "sequence": 1,
    "seals": {"A-1": ["in-use", write_moment(NOW), None, DIGEST.hex()]}}


def seals(*parts: Any, name: str = "A-1") -> dict[str, Any]:
    return {"seals": {"A-0": GOOD["seals"]["A-1"], name: list(parts)}}


STOP, LATER = ([write_moment(NOW + days * DAY) for days in (one, one + 1)] for one in (-9, -5))

BODIES: list[tuple[str, dict[str, Any]]] = [
    ("an unknown state", seals("on-hold", None, None, DIGEST.hex())),
    ("a state that is no text", seals(1, None, None, DIGEST.hex())),
    ("a state that is a list", seals(["lost"], None, None, DIGEST.hex())),
    ("lost without a moment", seals("lost", None, None, DIGEST.hex())),
    ("retired without an end", seals("retired", write_moment(NOW), None, DIGEST.hex())),
    ("three parts", seals("in-use", None, None)),
    ("five parts", seals("in-use", None, None, DIGEST.hex(), None)),
    ("six parts", seals("in-use", None, None, DIGEST.hex(), [STOP], None)),
    ("no stops, written", seals("in-use", None, None, DIGEST.hex(), [])),
    ("a stop without an end", seals("in-use", None, None, DIGEST.hex(), [[STOP[0], None]])),
    ("a stop of one moment", seals("in-use", None, None, DIGEST.hex(), [STOP[:1]])),
    ("a stop that is a moment", seals("in-use", None, None, DIGEST.hex(), [STOP[0]])),
    ("a stop that ends when it begins", seals("in-use", None, None, DIGEST.hex(), [[STOP[0], STOP[0]]])),
    ("a stop twice", seals("in-use", None, None, DIGEST.hex(), [STOP, STOP])),
    ("stops out of order", seals("in-use", None, None, DIGEST.hex(), [LATER, STOP])),
    ("too many stops", seals("in-use", None, None, DIGEST.hex(), [
        [write_moment(NOW + number * 2 * DAY), write_moment(NOW + number * 2 * DAY + DAY)] for number in range(65)])),
    ("a short digest", seals("in-use", None, None, "00")),
    ("an upper-case digest", seals("in-use", None, None, "AB" * 32)),
    ("a moment with a zone", seals("in-use", "2026-01-01T00:00:00+08:00", None, DIGEST.hex())),
    ("a moment that is a number", seals("in-use", 1, None, DIGEST.hex())),
    ("a 30th of February", seals("in-use", "2026-02-30T00:00:00.000Z", None, DIGEST.hex())),
    ("an empty identifier", seals("in-use", None, None, DIGEST.hex(), name="")),
    ("an identifier with a blank", seals("in-use", None, None, DIGEST.hex(), name="A 1")),
    ("an entry that is no list", {"seals": {"A-1": "in-use"}}),
    ("seals as a list", {"seals": []}),
    ("number 0", {"sequence": 0}),
    ("a number that is true", {"sequence": True}),
    ("a number that is a text", {"sequence": "1"}),
    ("two moments of publication", {"thisUpdate": write_moment(NOW + DAY)}),
    ("ends when it begins", {"nextUpdate": write_moment(NOW)}),
    ("ends never", {"nextUpdate": None}),
    ("ends after a month and a moment", {"nextUpdate": write_moment(NOW + 31 * DAY + timedelta(milliseconds=1))}),
    ("ends in fifty years", {"nextUpdate": write_moment(NOW + 18_000 * DAY)}),
    ("one more member", {"note": ""}),
]


@pytest.mark.parametrize("change", [row[1] for row in BODIES], ids=[row[0] for row in BODIES])
def test_one_thing_not_understood_spoils_the_whole_list(change: dict[str, Any]) -> None:
    signed = sign_statement({**GOOD, **change}, signer())
    assert code_of(lambda: read_status_list(signed.to_json())) == "seal-status.malformed"
    assert read_status_list(sign_statement(GOOD, signer()).to_json()).sequence == 1


def rewritten(edit: Callable[[str], str]) -> bytes:
    """The good list, its content edited and signed again as it then stands."""
    signed = sign_statement(GOOD, signer())
    content = edit(signed.content.decode())
    assert content != signed.content.decode()
    file = json.loads(signed.to_json())
    return json.dumps({**file, "content": content}, ensure_ascii=False).encode()


@pytest.mark.parametrize(("why", "edit"), [
    ("a seal named twice", lambda text: text.replace('{"A-1":', '{"A-1":["lost","2026-01-01T00:00:00.000Z",null,"'
                                                     + "00" * 32 + '"],"A-1":')),
    ("a blank", lambda text: text.replace(",", ", ", 1)),
    ("a fraction", lambda text: text.replace('"sequence":1', '"sequence":1.0')),
    ("not JSON", lambda text: text[:-1]),
])
def test_a_list_has_one_spelling(why: str, edit: Callable[[str], str]) -> None:
    assert code_of(lambda: read_status_list(rewritten(edit))) == "statement.malformed", why


def test_a_changed_list_is_not_believed() -> None:
    assert code_of(lambda: read_status_list(rewritten(lambda text: text.replace("in-use", "retired").replace(
        "null", f'"{write_moment(NOW)}"')))) == "statement.signature"
    data = status_file(entry())
    assert trusted(data)
    for place in range(0, len(data), 37):
        flipped = data[:place] + bytes([data[place] ^ 1]) + data[place + 1:]
        with pytest.raises(EngineError):
            trusted(flipped)
    for damaged in (b"", data[:-20], data + b"{}", b"[" * 100_000, b"\xff\xfe", bytes(1000)):
        with pytest.raises(EngineError):
            trusted(damaged)


def test_another_statement_of_the_signer_is_no_list() -> None:
    other = sign_statement({**GOOD, "type": "zhengyin/act/1"}, signer())
    assert code_of(lambda: read_status_list(other.to_json())) == "statement.type"


def test_only_a_named_certificate_signs_lists() -> None:
    """The demo CA issued both; the sealing certificate of an authority signs no lists either."""
    stranger = new_signer()
    assert code_of(lambda: trusted(status_file(entry(), by=stranger))) == "seal-status.signer"
    data = json.loads(status_file(entry(), by=stranger))
    data["certificate"] = base64.b64encode(signer().certificate.der).decode()
    assert code_of(lambda: trusted(json.dumps(data).encode())) == "statement.signature"
    assert code_of(lambda: trusted_status_list(
        dataclasses.replace(trusting(status_file(entry())), status_signers=()), at=now(), clock_now=now(),
    )) == "seal-status.signer"


def test_an_expired_status_certificate_signs_no_lists() -> None:
    """Nor one whose time is still to come, nor a CA's key for certificates."""
    for name, by in (("chain.expired", new_signer(end=NOW - timedelta(hours=1))),
                     ("chain.not-yet-valid", new_signer(start=NOW + timedelta(hours=1))),
                     ("chain.wrong-usage", new_signer(usage=("keyEncipherment",)))):
        with pytest.raises(StatusListError) as refusal:
            trusted(status_file(entry(), at=NOW - DAY / 2, by=by), by=by)
        assert (refusal.value.code.value, refusal.value.facts["chain"]) == ("seal-status.chain", name)


def test_a_revoked_status_certificate_signs_no_lists(own_home: Home) -> None:  # noqa: F811
    by = new_signer(own_home)
    data = status_file(entry(), by=by)
    trusted(data, home=own_home, by=by)
    revoke(own_home.path, by.certificate, now=now(), environ={})
    assert code_of(lambda: trusted(data, home=own_home, by=by)) == "seal-status.chain"


def test_a_list_from_the_future_is_not_believed() -> None:
    def at(minutes: int) -> bytes:
        return status_file(entry(), at=now() + timedelta(minutes=minutes))

    assert code_of(lambda: trusted(at(6))) == "seal-status.future"
    assert trusted(at(4)), "clocks differ"
    trust = trusting(at(60))
    assert trusted_status_list(trust, at=now(), clock_now=now() + DAY), "between the moment asked about and the present"


def test_without_a_list_nothing_is_said() -> None:
    assert code_of(lambda: trusted(None)) == "seal-status.missing"
    assert code_of(lambda: trusted(b"")) == "statement.malformed"


def test_a_list_that_cannot_be_read_leaves_the_trust_folder_usable(own_home: Home) -> None:  # noqa: F811
    place = own_home.trust_dir / STATUS_LIST
    place.unlink(missing_ok=True)
    place.mkdir()
    trust = Trust.load(own_home.trust_dir)
    assert trust.roots and trust.seal_status == b""


def test_an_older_list_put_back_is_noticed_and_nothing_stays_behind(own_home: Home) -> None:  # noqa: F811
    older, newer = status_file(entry(), sequence=4), status_file(entry(), sequence=5)

    def load(data: bytes) -> int:
        trust = Trust.load(put_list(own_home.trust_dir, data))
        return trusted_status_list(trust, at=now(), clock_now=now()).sequence

    assert load(older) == 4
    with pytest.raises(EngineError):
        load(newer[:-10])
    assert load(newer) == 5, "a list that is good again is used"
    assert code_of(lambda: load(older)) == "seal-status.older"
    assert load(newer) == 5
    with pytest.raises(EngineError):
        load(status_file(entry(), sequence=9, by=new_signer()))
    assert load(newer) == 5, "what is not believed is not remembered"


def test_a_number_made_by_a_stolen_key_is_forgotten_with_its_certificate(own_home: Home) -> None:  # noqa: F811
    stolen, fresh = signer(), new_signer(own_home)
    trust = Trust.load(put_list(own_home.trust_dir, status_file(entry(), sequence=2**53 - 1, by=stolen), by=stolen))
    assert trusted_status_list(trust, at=now(), clock_now=now()).sequence == 2**53 - 1
    put_list(own_home.trust_dir, trust.seal_status or b"", by=fresh)
    received = receive_status_list(own_home.trust_dir, status_file(entry(), sequence=6, by=fresh), now=now())
    assert received.sequence == 6
    assert trusted_status_list(Trust.load(own_home.trust_dir), at=now(), clock_now=now()).sequence == 6


def test_a_trust_folder_takes_newer_lists_only(own_home: Home) -> None:  # noqa: F811
    folder, fifth = own_home.trust_dir, status_file(entry(), sequence=5)
    put_list(folder, status_file(entry(), sequence=4))
    assert receive_status_list(folder, fifth, now=now()).sequence == 5
    assert receive_status_list(folder, fifth, now=now()).sequence == 5, "the same again"
    for refused, code in ((status_file(entry(), sequence=4), "seal-status.older"),
                          (status_file(entry("made"), sequence=5), "seal-status.older"),
                          (status_file(entry(), sequence=6, by=new_signer()), "seal-status.signer"),
                          (status_file(entry(), sequence=6, at=NOW + DAY), "seal-status.future"),
                          (fifth[:-20], "statement.malformed")):
        assert code_of(lambda data=refused: receive_status_list(folder, data, now=now())) == code  # type: ignore[misc]
        assert (folder / STATUS_LIST).read_bytes() == fifth
    (folder / STATUS_LIST).write_bytes(b"damaged")
    assert receive_status_list(folder, status_file(entry(), sequence=6), now=now()).sequence == 6


def test_a_list_may_be_fresh_for_a_month() -> None:
    assert read_status_list(status_file(entry(), at=NOW, until=NOW + LONGEST)).next_update == NOW + 31 * DAY


def test_what_is_for_good_is_not_taken_back() -> None:
    """Lost and cancelled may change into each other; an end may come earlier; no seal is left out or exchanged."""
    def one(state: str, since: int | None = None, until: int | None = None, digest: bytes = DIGEST) -> SealStatus:
        moments = (None if days is None else NOW + days * DAY for days in (since, until))
        return SealStatus(state=SealState(state), since=next(moments), until=next(moments), digest=digest)

    lost, cancelled, retired = one("lost", -3), one("cancelled", -3), one("retired", -9, -2)
    ends, other = one("in-use", -9, 2), bytes(31) + b"\1"
    for earlier, later, kept in (
            (lost, one("lost", -1), True), (lost, cancelled, True), (cancelled, lost, True),
            (lost, one("in-use"), False), (lost, one("suspended", -3), False), (lost, retired, False),
            (cancelled, one("made"), False), (lost, None, False), (lost, one("lost", -3, digest=other), False),
            (retired, retired, True), (retired, one("retired", -9, -4), True), (retired, one("retired", -9, -1), False),
            (retired, one("in-use", -9), False), (retired, one("in-use", -9, 5), False), (retired, lost, True),
            (retired, one("suspended", -9, -2), True), (retired, one("suspended", -9), False), (retired, None, False),
            (one("suspended", -9, -2), one("in-use", -9), False), (one("suspended", -9), one("in-use"), True),
            (ends, one("in-use", -9, 5), True), (ends, one("in-use", -9), True), (ends, None, True),
            (one("made"), None, True)):
        listed = read_status_list(status_file({"A-1": earlier, "A-2": one("in-use")}, at=NOW))
        assert listed.taken_back({"A-1": later} if later else {}) == (() if kept else ("A-1",)), (earlier, later)


def test_stops_are_joined_and_those_that_are_too_many_too() -> None:
    def stop(start: float, end: float) -> Stop:
        return NOW + start * DAY, NOW + end * DAY

    assert join_stops([stop(4, 5), stop(1, 2), stop(2, 3), stop(4.5, 4.6), stop(7, 7), stop(9, 8)]) == (
        stop(1, 3), stop(4, 5))
    many = [stop(3 * number, 3 * number + 1) for number in range(MAX_STOPS + 2)]
    many[5], many[9] = stop(15, 17), stop(27, 29.5)
    joined = join_stops(many)
    assert len(joined) == MAX_STOPS and stop(15, 19) in joined and stop(27, 31) in joined
    assert SealStatus(state=SealState.IN_USE, digest=DIGEST, stops=joined).stop_at(NOW + 30 * DAY) == stop(27, 31)


@pytest.mark.req("R-003-16", "R-003-17")
def test_a_trust_folder_takes_no_list_that_takes_a_loss_back(own_home: Home) -> None:  # noqa: F811
    folder, lost = own_home.trust_dir, status_file(entry("lost", since=NOW - DAY), sequence=5)
    put_list(folder, lost)
    for seals_ in (entry(), {}, entry("suspended", since=NOW - DAY), entry("retired", until=NOW - DAY)):
        data = status_file(seals_, sequence=6)
        with pytest.raises(StatusListError, match=r"^seal-status\.taken-back: ") as refusal:
            receive_status_list(folder, data, now=now())
        assert refusal.value.facts["seals"] == seal_of().seal_id
        assert (folder / STATUS_LIST).read_bytes() == lost
    assert receive_status_list(folder, status_file(entry("cancelled", since=NOW), sequence=6), now=now()).sequence == 6


def test_a_process_believes_no_list_that_takes_a_loss_back(own_home: Home) -> None:  # noqa: F811
    def load(data: bytes) -> int:
        trust = Trust.load(put_list(own_home.trust_dir, data))
        return trusted_status_list(trust, at=now(), clock_now=now()).sequence

    lost = status_file(entry("lost", since=NOW - DAY), sequence=5)
    assert load(lost) == 5
    assert code_of(lambda: load(status_file(entry(), sequence=6))) == "seal-status.taken-back"
    trust = Trust.load(own_home.trust_dir)
    seen = seen_status_list(trust, at=now(), clock_now=now())
    assert seen is not None and seen.sequence == 5
    assert seen_status_list(dataclasses.replace(trust, status_signers=()), at=now(), clock_now=now()) is None
    assert seen_status_list(trust, at=NOW - DAY, clock_now=NOW - DAY) is None, "it was of the future then"
    assert load(status_file(entry("lost", since=NOW - DAY), sequence=7)) == 7


def test_a_higher_number_of_an_earlier_moment_is_older(own_home: Home) -> None:  # noqa: F811
    folder, present = own_home.trust_dir, status_file(entry(), sequence=5, at=NOW - timedelta(hours=1))
    put_list(folder, present)
    earlier = status_file(entry(), sequence=6, at=NOW - timedelta(hours=2))
    assert code_of(lambda: receive_status_list(folder, earlier, now=now())) == "seal-status.older"
    assert (folder / STATUS_LIST).read_bytes() == present
    assert trusted_status_list(Trust.load(folder), at=now(), clock_now=now()).sequence == 5
    trust = Trust.load(put_list(folder, earlier))
    assert code_of(lambda: trusted_status_list(trust, at=now(), clock_now=now())) == "seal-status.older"


def test_a_stale_list_is_taken_in_on_demand_alone(own_home: Home) -> None:  # noqa: F811
    """A restored home learns from it what was published last, though nobody publishes meanwhile."""
    folder, present = own_home.trust_dir, status_file(entry(), sequence=5, at=NOW - 9 * DAY)
    put_list(folder, present)
    late = status_file(entry("lost", since=NOW - 9 * DAY), sequence=6, at=NOW - 3 * DAY)
    assert code_of(lambda: receive_status_list(folder, late, now=now())) == "seal-status.stale"
    assert (folder / STATUS_LIST).read_bytes() == present
    assert receive_status_list(folder, late, now=now(), stale=True).sequence == 6
    assert receive_status_list(folder, late, now=now()).sequence == 6, "the same again changes nothing"
    back = status_file(entry(), sequence=7, at=NOW - 2 * DAY)
    assert code_of(lambda: receive_status_list(folder, back, now=now(), stale=True)) == "seal-status.taken-back"


def test_a_list_whose_signer_has_expired_keeps_its_losses(own_home: Home) -> None:  # noqa: F811
    """It is not believed any more, and was genuine when it was published; with its certificate revoked it is not."""
    old, fresh, folder = new_signer(own_home, end=NOW + DAY / 2), new_signer(own_home), own_home.trust_dir
    put_list(folder, status_file(entry("lost", since=NOW - DAY), sequence=5, at=NOW, by=old), by=old)
    (folder / "status-signers" / "new.cer").write_bytes(fresh.certificate.der)
    data = status_file(entry(), sequence=6, at=NOW + DAY, by=fresh)
    assert code_of(lambda: receive_status_list(folder, data, now=NOW + DAY)) == "seal-status.taken-back"
    revoke(own_home.path, old.certificate, now=now(), environ={})
    assert receive_status_list(folder, data, now=NOW + DAY).sequence == 6


def test_the_maker_reads_what_it_made() -> None:
    with pytest.raises(StatusListError):
        make_status_list(sequence=0, this_update=NOW, next_update=NOW + DAY, seals={}, signer=signer())
    with pytest.raises(StatusListError):
        make_status_list(sequence=1, this_update=NOW, next_update=NOW + DAY, seals={
            "has blank": SealStatus(state=SealState.MADE, digest=DIGEST)}, signer=signer())
    with pytest.raises(StatementError):
        sign_statement({**GOOD, "seals": {"x" * 100: "y" * MAX_BYTES}}, signer(), max_bytes=MAX_BYTES)


def test_a_list_of_ten_thousand_seals_is_small_and_read_once() -> None:
    many = {f"11140100MB9TEX0180-{number:08X}": SealStatus(state=SealState.IN_USE, since=NOW, digest=DIGEST)
            for number in range(10_000)}
    data = status_file(many, at=NOW)
    assert len(data) < 2_000_000 and len(canonical_json.encode(GOOD)) < 1000
    read_status_list.cache_clear()
    trusted(data)
    trusted(bytes(bytearray(data)))                     # equal bytes of another file
    assert read_status_list.cache_info().misses == 1


def test_checking_says_whose_list_it_is() -> None:
    trust, listed = trusting(None), read_status_list(status_file(entry()))
    check_status_list(listed, signers=trust.status_signers, anchors=trust.roots, intermediates=trust.intermediates,
                      crls=trust.crls, at=now(), clock_now=now())
    with pytest.raises(StatusListError) as refusal:
        check_status_list(listed, signers=trust.status_signers, anchors=(), intermediates=(), crls=(), at=now(),
                          clock_now=now())
    assert refusal.value.facts["chain"] == "chain.no-anchor"

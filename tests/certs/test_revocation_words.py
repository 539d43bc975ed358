"""Which of several lists and answers have to be at hand: every revocation stays told, and nothing piles up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from certs import der_build as build
from certs.chain import validate
from certs.crl import Crl, Revocation, build_crl
from certs.crl_scope import scope_value
from certs.ocsp import OcspResponse
from certs.revocation import says_all
from certs.revocation_words import Word, answer_word, list_word, needed, newest
from certs.x509_build import algorithm_identifier, extension
from tests.certs.answers import HOUR, answer, responder
from tests.certs.core_pki import AT, DAY, Entity, root

SECOND = timedelta(seconds=1)
CA = root()
LEAF = CA.leaf("某机关", 3)
ENDED = CA.leaf("已到期的", 4, not_after=AT - DAY)
BY = responder(CA)
NOW = AT + 2 * HOUR
LOST = Revocation(revoked_at=AT - 9 * DAY, reason="keyCompromise")
SUPERSEDED = Revocation(revoked_at=AT - 9 * DAY, reason="superseded")
HOLD = Revocation(revoked_at=AT - 9 * DAY, reason="certificateHold")


def crl(revoked: dict[int, Revocation], made: datetime = AT, number: int = 1, *, by: Entity = CA,
        **changes: Any) -> Crl:
    return build_crl(**{"issuer": by.certificate, "issuer_key": by.key, "this_update": made, "number": number,
                        "next_update": made + 30 * DAY, "revoked": revoked, **changes})


def ocsp(entry: Revocation | None, made: datetime = AT, *, by: Entity = BY, **wish: Any) -> OcspResponse:
    return answer(LEAF, CA, by, **{"this_update": made, "next_update": made + 30 * DAY, "revoked": entry, **wish})


def word(source: Crl | OcspResponse, now: datetime = NOW) -> Word:
    known = [CA.certificate, LEAF.certificate, ENDED.certificate]
    said = list_word(source, authorities=known, certificates=known, now=now) if isinstance(source, Crl) else (
        answer_word(source, [(LEAF.certificate, CA.certificate)], crls=(), now=now))
    assert said is not None
    return said


def left(*sources: Crl | OcspResponse, now: datetime = NOW) -> list[Crl | OcspResponse]:
    """What is there after they have come one by one."""
    there: list[Crl | OcspResponse] = []
    for source in sources:
        there = [one.source for one in needed([word(each, now) for each in (*there, source)])]
    return there


Made = Callable[..., Crl | OcspResponse]


def listed(entry: Revocation | None, made: datetime = AT, **changes: Any) -> Crl:
    return crl({} if entry is None else {3: entry}, made, **changes)


BOTH = pytest.mark.parametrize("said", [listed, ocsp])


def at(days: float, reason: str, since: float | None = None) -> Revocation:
    return Revocation(revoked_at=AT + days * DAY, reason=reason,
                      invalid_since=None if since is None else AT + since * DAY)


@pytest.mark.parametrize(("entry", "of", "all_of_it"), [
    (at(1, "superseded"), at(1, "superseded"), True), (at(0, "superseded"), at(1, "superseded"), True),
    (at(2, "superseded"), at(1, "superseded"), False), (at(2, "superseded", 0), at(1, "superseded"), True),
    (at(1, "superseded"), at(2, "superseded", 0), False), (at(1, "superseded"), at(1, "keyCompromise"), False),
    (at(1, "keyCompromise"), at(1, "superseded"), True), (at(1, "unspecified"), at(1, "keyCompromise"), False),
    (at(1, "certificateHold"), at(1, "superseded"), False), (at(1, "certificateHold"), at(1, "certificateHold"), True),
    (at(1, "superseded"), at(1, "certificateHold"), False), (at(1, "unspecified"), at(1, "certificateHold"), True),
])
def test_an_entry_says_all_that_another_says_only_from_no_later_on_and_no_more_lightly(
        entry: Revocation, of: Revocation, all_of_it: bool) -> None:
    assert says_all(entry, of) is all_of_it


@BOTH
@pytest.mark.parametrize(("old", "new"), [
    (None, None), (None, LOST), (LOST, LOST), (SUPERSEDED, LOST), (HOLD, HOLD), (HOLD, LOST), (HOLD, None)])
def test_a_newer_word_that_tells_all_takes_the_place(said: Made, old: Revocation | None,
                                                     new: Revocation | None) -> None:
    first, second = said(old, AT), said(new, AT + SECOND)
    assert left(first, second) == left(second, first) == [second]


@BOTH
@pytest.mark.parametrize(("old", "new"), [(LOST, None), (LOST, SUPERSEDED), (LOST, HOLD), (HOLD, SUPERSEDED)])
def test_one_that_tells_less_lies_beside(said: Made, old: Revocation, new: Revocation | None) -> None:
    first, second = said(old, AT), said(new, AT + SECOND)
    assert set(left(first, second)) == set(left(second, first)) == {first, second}


@BOTH
@pytest.mark.parametrize("entry", [LOST, HOLD])
def test_a_word_of_the_same_second_takes_nothing_back(said: Made, entry: Revocation) -> None:
    told, silent = said(entry), said(None)
    assert left(told, silent) == left(silent, told) == [told]


@BOTH
def test_an_older_word_that_revokes_lies_beside_and_one_that_does_not_goes(said: Made) -> None:
    new, revoking, silent = said(None, AT), said(LOST, AT - HOUR), said(None, AT - HOUR)
    assert left(new, revoking) == [new, revoking]
    assert left(new, silent) == left(new, said(HOLD, AT - HOUR)) == [new]
    assert left(new, revoking, said(LOST, AT - 2 * HOUR)) == [new, revoking], "nothing piles up"


def test_of_one_second_the_number_tells_which_list_is_newer() -> None:
    first, second = crl({3: HOLD}, number=7), crl({}, number=8)
    assert left(first, second) == left(second, first) == [second]
    anew = crl({3: LOST}, number=2)
    assert left(second, anew) == [second, anew]


@BOTH
def test_a_hold_is_lifted_by_what_is_in_force_alone(said: Made) -> None:
    hold, stale = said(HOLD, AT - DAY, next_update=AT), said(None, AT, next_update=AT + HOUR)
    assert set(left(hold, stale)) == {hold, stale}
    assert left(hold, stale, fresh := said(None, AT + HOUR)) == [fresh]
    future = said(None, NOW + DAY)
    assert set(left(hold, future)) == {hold, future}


def test_a_list_that_shows_nothing_good_lifts_no_hold() -> None:
    some_reasons = build.sequence(build.implicit(3, b"\x06\x40"))
    hold, silent = (crl(entries, made, scope=some_reasons) for entries, made in (({9: HOLD}, AT - DAY), ({}, AT)))
    assert set(left(hold, silent)) == {hold, silent}


def test_a_hold_that_came_again_is_not_told_by_the_one_that_was_lifted() -> None:
    lost_too, lifted = crl({3: HOLD, 9: LOST}, AT - 4 * DAY), crl({}, AT - 3 * DAY)
    again, later = crl({3: HOLD}, AT - 2 * DAY, next_update=AT), crl({3: at(-1, "superseded")}, AT)
    assert set(left(lost_too, lifted, again, later)) == {lost_too, lifted, again, later}


def test_of_a_certificate_that_has_ended_no_later_list_lifts_a_hold() -> None:
    hold = crl({4: HOLD}, AT - 2 * DAY)
    assert set(left(hold, new := crl({}, AT))) == {hold, new}
    assert left(crl({4: HOLD}, AT - 3 * DAY), before := crl({}, AT - 2 * DAY)) == [before]
    assert left(hold, since := crl({}, AT, expired_since=AT - 9 * DAY)) == [since], "this one would still name it"


def test_what_lifted_a_hold_that_stays_stays_with_it() -> None:
    """Otherwise a revocation years later would make the hold count again."""
    lost_too = crl({3: HOLD, 9: LOST}, AT - 3 * DAY, next_update=AT)
    lifted, later = crl({}, AT - 2 * DAY), crl({3: at(-1, "superseded")}, AT)
    there = left(lost_too, crl({}, AT - 2.5 * DAY), lifted, later)
    assert set(there) == {lost_too, lifted, later}
    assert set(left(*there, newest_one := crl({3: at(-1, "superseded")}, AT + HOUR))) == {lost_too, lifted, newest_one}

    def code(lists: Sequence[Crl]) -> str:
        return validate(LEAF.certificate, anchors=[CA.certificate], intermediates=[], crls=lists, at=AT - 1.5 * DAY,
                        at_is_proven=True, clock_now=NOW).code

    assert code([one for one in there if isinstance(one, Crl)]) == "chain.good"
    assert code([lost_too, later]) == "chain.revoked"


def _bare(ca: Entity, number: int, *more: bytes) -> Crl:
    """A list without authorityKeyIdentifier."""
    algorithm = algorithm_identifier(ca.key.algorithm)
    tbs = build.sequence(
        build.integer(1), algorithm, ca.certificate.subject, build.x509_time(AT + number * SECOND),
        build.x509_time(AT + DAY), build.explicit(0, build.sequence(
            extension("2.5.29.20", build.integer(number)), *more)))
    return Crl.load(build.sequence(tbs, algorithm, build.bit_string(ca.key.sign(tbs))))


def test_parts_are_told_by_the_key_that_signed_and_a_strangers_list_is_no_word() -> None:
    other = root()
    assert other.certificate.subject == CA.certificate.subject
    known = (CA.certificate, other.certificate)
    words = [list_word(one, authorities=known, certificates=(), now=NOW) for one in (
        _bare(CA, 1), _bare(other, 2), crl({}, AT + 3 * SECOND, scope=scope_value(users_only=True)))]
    assert needed([one for one in words if one]) == words
    assert list_word(_bare(root(), 3), authorities=known, certificates=(), now=NOW) is None
    assert list_word(_bare(root(name="别处"), 3), authorities=known, certificates=(), now=NOW) is None
    riddle = extension("1.2.3", b"\x05\x00", critical=True)
    assert list_word(_bare(CA, 3, riddle), authorities=known, certificates=(), now=NOW) is None, "a riddle"


@BOTH
def test_what_is_dated_in_the_future_stands_in_nobodys_way(said: Made) -> None:
    """Until its time has come."""
    future, present = said(LOST, NOW + DAY), said(None, AT)
    assert set(left(future, present)) == set(left(present, future)) == {future, present}
    assert set(left(future, present, newer := said(None, AT + HOUR))) == {future, newer}
    assert set(left(future, present, other := said(LOST, NOW + 2 * DAY))) == {other, present}
    assert left(future, present, now=NOW + DAY) == [future]


def test_the_newest_in_force_stays_beside_a_newer_one_that_is_out_of_date() -> None:
    lasting, short = crl({}, AT - DAY), crl({}, AT, next_update=AT + HOUR)
    assert set(left(lasting, short)) == {lasting, short}
    assert left(lasting, short, last := crl({}, AT + HOUR)) == [last]


def test_what_an_ended_responder_says_takes_the_place_of_nothing() -> None:
    """Its key may be somebody else's."""
    ended = responder(CA, 78, not_after=AT + HOUR)
    good, lost = ocsp(None, AT), ocsp(LOST, AT, next_update=AT + HOUR)
    forged = ocsp(None, NOW, by=ended, produced_at=AT)
    assert set(left(good, forged)) == {good, forged}
    assert set(left(lost, forged)) == {lost, forged}
    assert set(left(held := ocsp(HOLD, AT), forged)) == {held, forged}
    assert set(left(lost, also := ocsp(LOST, NOW, by=ended, produced_at=AT))) == {lost, also}


def test_a_strangers_answer_is_no_word() -> None:
    for one in (ocsp(LOST, by=root()), answer(CA.leaf("别的", 5), CA)):
        assert answer_word(one, [(LEAF.certificate, CA.certificate)], crls=(), now=NOW) is None


def test_nothing_piles_up() -> None:
    """By a CA that leaves out what has ended, and by one that dates its entries anew in every list."""
    forgetful = [crl(dict.fromkeys(range(day, day + 5), LOST), AT - (40 - day) * DAY) for day in range(40)]
    there = left(*forgetful)
    assert {serial for one in there if isinstance(one, Crl) for serial in one.revoked} == set(range(44))
    assert len(there) <= 40 / 5 + 2
    for reason in ("superseded", "certificateHold"):
        drifting = [crl({3: at(day - 50, reason)}, AT - (40 - day) * DAY) for day in range(40)]
        assert len(left(*drifting)) <= 2
        assert len(left(*(crl({3: at(-day, reason)}, AT - (40 - day) * DAY) for day in range(40)))) <= 2


def test_of_equally_new_words_the_newest_is_the_one_that_tells_all() -> None:
    one, two, both = (word(crl(dict.fromkeys(serials, LOST))) for serials in ([5], [6], [5, 6]))
    assert newest([one, two]) is one and newest([two, one]) is two
    assert newest([one, both, two]) is newest([both, one]) is both
    assert set(needed([one, two])) == {one, two} and needed([one, two, both]) == [both]

"""Certificates on hold, and revocations that came later: what lifts a hold, from when it counts, which one is told."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from certs import der_build as build
from certs.carried import NOTHING_CARRIED, Carried
from certs.chain import ChainResult, Indication, SubIndication, validate
from certs.crl import Crl, Revocation, build_crl
from certs.crl_scope import scope_value
from certs.ocsp import OcspResponse
from tests.certs.answers import HOUR, answer, assembled, parts_of, responder
from tests.certs.core_pki import AT, DAY, root

TOP = root()
CA = TOP.ca("签发中心", 2)
LEAF = CA.leaf("某机关", 3)
BY = responder(CA)
ENDED = responder(CA, 78, not_before=AT - 10 * DAY, not_after=AT + 10 * DAY)
NOW = AT + 20 * DAY
HELD = Revocation(revoked_at=AT - 2 * DAY, reason="certificateHold")
LATER = Revocation(revoked_at=AT + 7 * DAY, reason="superseded")
LOST = Revocation(revoked_at=AT + 7 * DAY, reason="keyCompromise")
Word = Crl | OcspResponse


def crl(entry: Revocation | None, made: datetime, **changes: Any) -> Crl:
    return build_crl(**{"issuer": CA.certificate, "issuer_key": CA.key, "this_update": made, "number": 1,
                        "next_update": made + 30 * DAY, "revoked": {3: entry} if entry else {}, **changes})


def ocsp(entry: Revocation | None, made: datetime, **wish: Any) -> OcspResponse:
    return answer(LEAF, CA, wish.pop("by", BY), **{
        "this_update": made, "next_update": made + 30 * DAY, "revoked": entry, **wish})


def judge(*words: Word, carried: Carried = NOTHING_CARRIED, **options: Any) -> ChainResult:
    """The chain of a leaf that is proven to have signed at ``AT``, judged twenty days later."""
    return validate(LEAF.certificate, intermediates=[CA.certificate], anchors=[TOP.certificate],
                    crls=(TOP.crl(), *(one for one in words if isinstance(one, Crl))),
                    ocsp=[one for one in words if isinstance(one, OcspResponse)], carried=carried,
                    **{"at": AT, "clock_now": NOW, "at_is_proven": True, **options})


def code(*words: Word, **options: Any) -> str:
    """The same in every order."""
    found = {judge(*order, **options).code for order in itertools.permutations(words)}
    assert len(found) == 1
    return found.pop()


@pytest.mark.parametrize("told", [crl, ocsp])
@pytest.mark.parametrize("then", [crl, ocsp])
@pytest.mark.parametrize("entry", [LATER, LOST])
def test_a_revocation_does_not_lift_a_hold(told: Any, then: Any, entry: Revocation) -> None:
    hold, newer = told(HELD, AT - DAY), then(entry, AT + 8 * DAY)
    assert code(newer) == "chain.good", "revoked after the proven moment"
    result = judge(hold, newer)
    assert (result.indication, result.sub_indication) == (Indication.FAILED, SubIndication.REVOKED)
    assert result.revocation == HELD, "not good since the hold"
    assert code(hold, newer) == "chain.revoked"
    lifted = ocsp(None, AT - HOUR)
    assert code(hold, lifted, newer) == "chain.good", "it was lifted in between"
    assert code(hold, crl(None, AT - HOUR), newer) == "chain.good"
    assert code(hold, lifted, then(HELD, AT - HOUR / 2), newer) == "chain.revoked", "and the certificate held again"


def test_a_hold_counts_from_when_its_key_is_distrusted() -> None:
    held = Revocation(revoked_at=AT + DAY, reason="certificateHold", invalid_since=AT - DAY)
    assert code(crl(held, AT + 2 * DAY), crl(LATER, AT + 8 * DAY)) == "chain.revoked"
    after = Revocation(revoked_at=AT + DAY, reason="certificateHold")
    result = judge(crl(after, AT + 2 * DAY), crl(LATER, AT + 8 * DAY))
    assert (result.code, [each.revocation for each in result.later]) == ("chain.good", [after])


HOLD = crl(HELD, AT - DAY)
UNPROVEN = ocsp(None, AT + HOUR, by=ENDED)
PART = crl(None, AT + HOUR, scope=scope_value(cas_only=True))
FOREIGN = build_crl(issuer=TOP.certificate, issuer_key=TOP.key, this_update=AT, next_update=NOW, number=1)
SPOILT = OcspResponse.load(assembled(parts_of(LEAF, CA), CA, spoil=lambda value: value[:-1] + bytes([value[-1] ^ 1])))


@pytest.mark.parametrize("word", [
    crl(None, AT - 3 * DAY), crl(None, AT - DAY), UNPROVEN, PART, FOREIGN, SPOILT,
    ocsp(None, AT + HOUR, unknown=True), crl(None, NOW + DAY)],
    ids=["older", "of the same time", "by an ended responder", "on others", "another CA's", "nobody's", "unknown",
         "from the future"])
@pytest.mark.parametrize("newer", [(), (LATER,)], ids=["", "revoked since"])
def test_what_does_not_lift_a_hold(word: Word, newer: Sequence[Revocation]) -> None:
    lists = [crl(entry, AT + 8 * DAY) for entry in newer]
    assert code(HOLD, word, *lists) == "chain.revoked"


def test_what_the_files_maker_chose_lifts_no_hold_and_brings_one() -> None:
    clean, revoked = crl(None, AT - HOUR), crl(LATER, AT + 8 * DAY)
    assert code(HOLD, revoked, carried=Carried(crls=(clean,))) == "chain.revoked"
    assert code(HOLD, revoked, carried=Carried(against=(clean,))) == "chain.revoked"
    assert code(HOLD, revoked, carried=Carried(ocsp=(ocsp(None, AT - HOUR),))) == "chain.revoked"
    assert code(revoked, carried=Carried(crls=(HOLD,))) == "chain.revoked"
    assert code(revoked, clean, carried=Carried(crls=(HOLD,))) == "chain.good"


def test_a_hold_before_a_loss_counts_where_nothing_is_in_force() -> None:
    """Of a key that was lost no fresh word is demanded: an old hold is not forgotten for that."""
    hold = crl(HELD, AT - DAY, next_update=AT - HOUR)
    gone = crl(LOST, AT + 8 * DAY, next_update=AT + 9 * DAY, scope=build.sequence(build.implicit(3, b"\x06\x40")))
    assert not gone.counts
    assert code(gone) == "chain.good"
    assert code(hold, gone) == "chain.revoked"
    assert code(hold) == "chain.crl-stale", "by itself it says nothing of now"


def test_a_hold_that_may_not_be_the_cas_word_is_feared_though_it_was_revoked_later() -> None:
    hold, revoked = ocsp(HELD, AT - DAY, by=responder(CA, 79, not_before=AT)), crl(LATER, AT + 8 * DAY)
    assert code(revoked) == "chain.good"
    assert code(hold, revoked) == "chain.maybe-revoked"
    assert code(hold, revoked, crl(None, AT - HOUR)) == "chain.good"


def test_what_a_ca_says_from_its_hold_on_shows_nothing_where_its_key_was_lost() -> None:
    held = Revocation(revoked_at=AT - DAY, reason="certificateHold")
    held_list, lost_list = (build_crl(issuer=TOP.certificate, issuer_key=TOP.key, this_update=made, number=1,
                                      next_update=made + 30 * DAY, revoked={2: entry})
                            for entry, made in ((held, AT - HOUR), (LOST, AT + 8 * DAY)))
    moment = AT - 2 * DAY

    def told(*lists: Crl) -> str:
        return validate(LEAF.certificate, intermediates=[CA.certificate], anchors=[TOP.certificate], at=moment,
                        crls=lists, at_is_proven=True, clock_now=NOW).code

    said = crl(None, AT - HOUR / 2)
    assert told(lost_list, said) == "chain.good"
    assert told(held_list, lost_list, said) == "chain.ca-lost"
    assert told(held_list, lost_list, crl(None, moment - HOUR)) == "chain.good"


# -- which of several later revocations is told


def test_the_earliest_and_gravest_later_revocation_is_told_whatever_the_order() -> None:
    early = Revocation(revoked_at=AT + DAY, reason="superseded")
    grave = Revocation(revoked_at=AT + DAY, reason="keyCompromise")
    lists = [crl(entry, AT + days * DAY) for entry, days in ((LATER, 10), (LOST, 9), (early, 8), (grave, 11))]
    for order in itertools.permutations(lists):
        result = judge(*order)
        assert (result.code, [each.revocation for each in result.later]) == ("chain.good", [grave])
    assert [each.revocation for each in judge(*lists[:3]).later] == [early]


def test_a_revocation_that_counts_is_told_from_its_earliest_on() -> None:
    earlier = Revocation(revoked_at=AT - 5 * DAY, reason="superseded")
    lists = [crl(entry, AT + DAY) for entry in (Revocation(revoked_at=AT - DAY, reason="keyCompromise"), earlier)]
    assert judge(*lists).revocation == judge(*reversed(lists)).revocation == earlier


def test_what_an_ended_responder_may_not_have_said_is_not_told_as_a_fact() -> None:
    forged = ocsp(Revocation(revoked_at=AT + DAY, reason="keyCompromise"), AT + 2 * DAY, by=ENDED)
    assert judge(crl(None, NOW), forged).later == ()
    assert [each.revocation for each in judge(forged, crl(LATER, NOW)).later] == [LATER]
    proven = judge(crl(None, NOW), carried=Carried(ocsp=(forged,)).existing((forged.der,), AT + 3 * DAY))
    assert [each.revocation.reason for each in proven.later] == ["keyCompromise"]
    before = ocsp(Revocation(revoked_at=AT - DAY, reason="keyCompromise"), AT + 2 * DAY, by=ENDED)
    assert code(crl(None, NOW), before) == "chain.revoked", "a revocation that harms counts from any of them"


def test_nor_does_it_spare_anybody_a_fresh_word() -> None:
    """A key that is lost for certain needs no fresh word; one that an ended responder's key calls lost does."""
    lost = Revocation(revoked_at=AT + DAY, reason="keyCompromise")
    stale = crl(None, AT - 3 * DAY, next_update=AT + DAY)
    assert code(stale, crl(lost, AT + 2 * DAY, next_update=AT + 3 * DAY)) == "chain.good"
    assert not judge(stale, ocsp(lost, AT + 2 * DAY, by=ENDED)).ok

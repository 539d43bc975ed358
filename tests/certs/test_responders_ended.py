"""Answers of responders whose certificate has ended since: their own proof of time decides whether they count."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from certs.carried import NOTHING_CARRIED, Carried
from certs.chain import validate
from certs.evidence_build import Material, new_record, renew
from certs.ocsp import OcspResponse
from certs.timestamp_token import digest
from tests.certs.answers import HOUR, answer, responder
from tests.certs.core_pki import AT, DAY, root
from tests.support.years import YearsOfTime, day

TOP = root()
CA = TOP.ca("签发中心", 2)
LEAF = CA.leaf("某机关", 3, not_after=AT + 100 * DAY)
BY = responder(CA, not_before=AT - 10 * DAY, not_after=AT + 10 * DAY)
TOLD = answer(LEAF, CA, BY, this_update=AT - HOUR, next_update=AT + DAY)
NOW = AT + 200 * DAY


def code(*own: OcspResponse, carried: Carried = NOTHING_CARRIED, **options: Any) -> str:
    """The code of the leaf's chain, which is proven to have signed at ``AT`` and has ended now."""
    return validate(LEAF.certificate, intermediates=[CA.certificate], anchors=[TOP.certificate],
                    crls=(TOP.crl(this_update=AT - DAY, next_update=NOW + DAY),), ocsp=own, carried=carried,
                    **{"at": AT, "clock_now": NOW, "at_is_proven": True, **options}).code


def known(at: datetime | None) -> Carried:
    return Carried(ocsp=(TOLD,)).existing((TOLD.der,), at)


def test_an_answer_without_proof_of_its_own_may_be_by_a_key_stolen_since() -> None:
    assert code(TOLD, clock_now=AT + DAY, judged_at=AT) == "chain.good", "its responder has not ended"
    assert code(TOLD) == "chain.ocsp-responder"
    assert code(carried=known(None)) == "chain.ocsp-responder"


def test_one_that_is_proven_within_the_responders_validity_counts() -> None:
    assert code(carried=known(AT + DAY)) == "chain.good"
    assert code(carried=known(AT + 10 * DAY)) == "chain.good"
    assert code(carried=known(AT + 11 * DAY)) == "chain.ocsp-responder"
    assert code(carried=Carried(ocsp=(TOLD,)).existing((b"another",), AT)) == "chain.ocsp-responder"


def test_of_two_proofs_the_earlier_one_counts() -> None:
    assert code(carried=known(AT + 11 * DAY).existing((TOLD.der,), AT + DAY)) == "chain.good"
    assert code(carried=known(AT + DAY).joined(known(AT + 11 * DAY))) == "chain.good"


def test_a_proof_makes_nothing_good_that_was_not() -> None:
    assert code(carried=known(AT), judged_at=AT + 50 * DAY, clock_now=AT + 50 * DAY) != "chain.good"
    late = answer(LEAF, CA, BY, this_update=AT + 20 * DAY)
    carried = Carried(ocsp=(late,)).existing((late.der,), AT + DAY)
    assert code(carried=carried) == "chain.ocsp-responder", "made when the responder had ended"


# -- answers in the tokens of evidence


def test_answers_in_a_token_are_known_by_the_next_one() -> None:
    years = YearsOfTime(now=day(2026), lasts=300 * DAY)
    data = b"a licence"
    record = new_record([digest("sm3", data)], "sm3", years)[0]
    first = years.keys[-1]
    by = responder(years.top, 900, not_before=years.now - DAY, not_after=years.now + 250 * DAY)
    years.now += 200 * DAY
    told = answer(first, years.top, by, this_update=years.now - HOUR, next_update=years.now + DAY)
    years.renewed_keys()
    material = Material(certificates=(years.top.certificate,), ocsp=(told,))
    carrying = renew([record], years, material)[0]
    bare = renew([record], years, Material(certificates=(years.top.certificate,)))[0]
    proven, first_time = years.now, day(2026)
    years.now += 200 * DAY                  # the first authority and the responder have ended
    assert years.judged(carrying, data).proven_at == first_time
    late = years.judged(bare, data, ocsp=(told,))
    assert (late.code, late.proven_at) == ("evidence.gap", proven), "an answer at hand has no proof of time"

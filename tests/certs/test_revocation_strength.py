"""Lists and answers signed by algorithms that had weakened: they clear nothing, and what they revoke is a doubt."""

from __future__ import annotations

from typing import Any

import pytest

from certs.chain import Indication, SubIndication, validate
from certs.crl import Crl, Revocation
from certs.ocsp import OcspResponse
from certs.revocation import NO_OTHERS, said_of
from certs.strength import Strength
from tests.certs.answers import answer
from tests.certs.core_pki import AT, DAY, make, new_key, root

LOST = Revocation(revoked_at=AT - 9 * DAY, reason="keyCompromise")
WEAK = Strength.read({"ecdsa-sha256": f"{AT - 5 * DAY:%Y-%m-%d}"})
# the certificates are signed by SM2, lists and answers by a P-256 key of the same CA or by its responder
TOP = root("sm2")
CA = TOP.ca("签发中心", 2)
LEAF = CA.leaf("某机关", 3)
BY = make("应答者", new_key("p256"), 77, issuer=CA, ext_key_usage=("1.3.6.1.5.5.7.3.9",),
          key_usage=("digitalSignature",), ocsp_nocheck=True)


def judged(*, crls: tuple[Crl, ...] = (), ocsp: tuple[OcspResponse, ...] = (), **options: Any) -> Any:
    return validate(LEAF.certificate, intermediates=[CA.certificate], anchors=[TOP.certificate],
                    crls=(TOP.crl(next_update=AT + 99 * DAY), *crls), ocsp=ocsp,
                    **{"at": AT, "strength": WEAK, **options})


def test_an_answer_by_an_algorithm_that_was_weak_shows_nothing_good() -> None:
    told = answer(LEAF, CA, BY)
    assert judged(ocsp=(told,), strength=Strength()).ok
    result = judged(ocsp=(told,))
    assert (result.code, result.sub_indication) == ("chain.weak-revocation", SubIndication.TRY_LATER)
    assert "不再可靠" in result.zh and "no longer strong" in result.en
    old = answer(LEAF, CA, BY, this_update=AT - 7 * DAY, next_update=AT + 99 * DAY)
    assert judged(ocsp=(old,)).code == "chain.weak-revocation", "of now it may be anybody's, whatever day it names"
    assert judged(ocsp=(old,), at=AT - 6 * DAY, clock_now=AT).ok
    assert judged(ocsp=(told,), crls=(CA.crl(),)).ok, "a list by an algorithm that is strong decides"


def test_a_revocation_in_it_is_a_doubt() -> None:
    revoking = answer(LEAF, CA, BY, revoked=LOST)
    assert judged(ocsp=(revoking,), strength=Strength()).code == "chain.revoked"
    result = judged(ocsp=(revoking,), crls=(CA.crl(this_update=AT),))
    assert (result.code, result.indication) == ("chain.maybe-revoked", Indication.INDETERMINATE)
    proven = judged(ocsp=(revoking,), crls=(CA.crl(this_update=AT),), at_is_proven=True)
    assert proven.code == "chain.maybe-revoked", "nobody proves a file false by a signature that anybody could make"
    before = answer(LEAF, CA, BY, revoked=LOST, this_update=AT - 7 * DAY)
    assert judged(ocsp=(before,), crls=(CA.crl(this_update=AT),)).code == "chain.revoked", "it was strong then"


@pytest.mark.parametrize("kind", ["sm2", "p256"])
def test_the_same_of_lists(kind: str) -> None:
    ca = root(kind)
    leaf = ca.leaf("单位", 3)
    weak = Strength.read({"sm3": "2020-01-01", "sha256": "2020-01-01"})

    def told(crl: Crl, strength: Strength = weak) -> Any:
        (said,) = said_of(leaf.certificate, ca.certificate, crls=[crl], ocsp=(), at=AT, latest=AT, others=NO_OTHERS,
                          strength=strength)
        return said

    assert told(ca.crl(), Strength()).in_force
    assert not told(ca.crl()).in_force
    assert told(ca.crl()).doubt == "weak"
    revoking = told(ca.crl({3: LOST}))
    assert revoking.revocation is not None and not revoking.believed


def test_a_responder_whose_certificate_is_weakly_signed_may_be_anybody() -> None:
    ca = root("p256")
    leaf = ca.leaf("单位", 3)
    by = make("应答者", new_key("sm2"), 78, issuer=ca, ext_key_usage=("1.3.6.1.5.5.7.3.9",),
              key_usage=("digitalSignature",), ocsp_nocheck=True)
    (said,) = said_of(leaf.certificate, ca.certificate, crls=(), ocsp=[answer(leaf, ca, by)], at=AT, latest=AT,
                      strength=WEAK)
    assert said.doubt == "weak"
    (said,) = said_of(leaf.certificate, ca.certificate, crls=(), ocsp=[answer(leaf, ca, by)], at=AT, latest=AT)
    assert not said.doubt

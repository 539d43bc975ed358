"""Revocations that are at hand are not dropped, and words of a key that somebody else may have are not believed."""

from __future__ import annotations

from typing import Any

from certs import der_build as build
from certs.carried import Carried
from certs.chain import validate
from certs.crl import Crl, Revocation, build_crl
from certs.ocsp import OcspResponse
from certs.ocsp_build import OcspAnswer, build_response
from certs.ocsp_id import CertId
from certs.strength import Strength
from tests.certs.core_pki import AT, DAY, Entity, make, root

LOST = Revocation(revoked_at=AT - 5 * DAY, reason="keyCompromise")
TOP = root()
CA = TOP.ca("签发中心", 2)
LEAF = CA.leaf("某机关", 3)


def code(*crls: Crl, ocsp: tuple[OcspResponse, ...] = (), pool: tuple[Entity, ...] = (CA,), **options: Any) -> str:
    """The code of the leaf's chain by these lists and the root's."""
    options = {"at": AT, "crls": (TOP.crl(), *crls), **options}
    return validate(LEAF.certificate, intermediates=[one.certificate for one in pool], anchors=[TOP.certificate],
                    ocsp=ocsp, **options).code


def in_parts(scope: bytes) -> Crl:
    """A newer list of the CA that is not on all of its certificates for all reasons, and revokes the leaf."""
    return build_crl(issuer=CA.certificate, issuer_key=CA.key, this_update=AT - DAY / 2, next_update=AT + DAY, number=2,
                     revoked={3: LOST}, scope=scope)


def test_a_list_for_some_reasons_alone_revokes_all_the_same() -> None:
    some = in_parts(build.sequence(build.tlv(0x83, bytes((6, 0x40)))))
    assert some.scope.odd and code(CA.crl(), some) == "chain.revoked"
    assert code(some) == "chain.revoked"


def test_an_indirect_list_may_speak_of_another_ca() -> None:
    indirect = in_parts(build.sequence(build.tlv(0x84, b"\xff")))
    assert indirect.scope.elsewhere and code(CA.crl(), indirect) == "chain.good"


def test_a_list_by_the_new_key_of_the_same_ca_revokes() -> None:
    new = TOP.ca("签发中心", 20)
    revoking = new.crl({3: LOST}, this_update=AT - DAY / 2)
    assert code(CA.crl(), revoking, pool=(CA, new)) == "chain.revoked"
    assert code(new.crl(), pool=(CA, new)) == "chain.crl-missing", "but shows nothing of the old key's to be good"
    other = root().ca("签发中心", 20)
    assert code(CA.crl(), other.crl({3: LOST}), pool=(CA, other)) == "chain.good", "another CA of the same name"


def test_one_answer_with_two_words_on_a_certificate_tells_both() -> None:
    said = [OcspAnswer(certificate=CertId.of(3, CA.certificate), this_update=AT - days * DAY, next_update=AT + DAY,
                       revocation=revocation) for days, revocation in ((2, LOST), (1, None))]
    both = OcspResponse.load(build_response(responder=CA.certificate, key=CA.key, answers=said, produced_at=AT - DAY))
    assert code(ocsp=(both,)) == "chain.revoked"


def test_a_compromise_is_of_the_key_and_not_of_one_certificate() -> None:
    again = make("签发中心", CA.key, 22, issuer=TOP, ca=True, key_usage=("keyCertSign", "cRLSign"))
    lost = TOP.crl({2: Revocation(revoked_at=AT - 5 * DAY, reason="cACompromise")})
    assert code(CA.crl(), crls=(lost, CA.crl()), pool=(CA, again)) == "chain.ca-revoked"
    replaced = TOP.crl({2: Revocation(revoked_at=AT - 5 * DAY, reason="superseded")})
    assert code(crls=(replaced, CA.crl()), pool=(CA, again)) == "chain.good", "its owner still has the key"


def test_what_a_ca_says_after_its_key_was_lost_shows_nothing() -> None:
    now = AT + 200 * DAY
    gone = TOP.crl({2: Revocation(revoked_at=AT + 100 * DAY, reason="cACompromise")}, this_update=now - DAY,
                   next_update=now + DAY)
    forged = CA.crl(this_update=AT + 110 * DAY, next_update=now + DAY)
    proven: dict[str, Any] = {"at_is_proven": True, "clock_now": now}
    assert code(crls=(gone, forged), **proven) == "chain.ca-lost"
    assert code(crls=(gone, CA.crl()), **proven) == "chain.good", "what it said before is true"
    held = CA.crl({3: Revocation(revoked_at=AT - 2 * DAY, reason="certificateHold")})
    assert code(crls=(gone, held, forged), **proven) == "chain.revoked", "nor does it lift anything"


def test_a_proven_time_does_not_stand_in_for_a_word_of_now() -> None:
    """Whoever has a stolen key can have a timestamp: until the certificate ends, a list in force now is asked for."""
    lists = TOP.crl(next_update=AT + 400 * DAY), CA.crl(this_update=AT - DAY, next_update=AT + 6 * DAY)
    proven: dict[str, Any] = {"at_is_proven": True, "crls": lists}
    assert code(**proven) == "chain.good"
    assert code(**proven, clock_now=AT + 30 * DAY) == "chain.crl-stale"
    assert code(**proven, clock_now=LEAF.certificate.not_after + DAY) == "chain.good"
    carried = Carried(crls=(CA.crl(next_update=AT + 400 * DAY),))
    assert code(**proven, clock_now=AT + 30 * DAY, carried=carried) == "chain.crl-stale"
    later = Revocation(revoked_at=AT + 20 * DAY, reason="keyCompromise")
    told = CA.crl({3: later}, this_update=AT + 21 * DAY, next_update=AT + 40 * DAY)
    assert code(crls=(*lists, told), at_is_proven=True, clock_now=AT + 30 * DAY) == "chain.good", "it was lost later"


def test_algorithms_of_chain_and_signature_must_be_strong_then() -> None:
    weak = Strength.read({"sm3": f"{AT.year + 1}-01-01"})
    lists = TOP.crl(next_update=AT + 4000 * DAY), CA.crl(next_update=AT + 4000 * DAY)
    assert code(crls=lists, strength=weak) == "chain.good"
    late = AT + 400 * DAY
    assert late < LEAF.certificate.not_after and code(crls=lists, strength=weak, at=late) == "chain.weak-algorithm"
    proven: dict[str, Any] = {"crls": lists, "strength": weak, "at_is_proven": True}
    ended = LEAF.certificate.not_after + DAY
    assert code(**proven, clock_now=ended) == "chain.good", "it was strong then"
    assert code(**proven, clock_now=late) == "chain.weak-revocation", "a list of now may be anybody's"
    sha = Strength.read({"sha256": "2020-01-01"})
    assert code(crls=lists, strength=sha) == "chain.good"
    assert code(crls=lists, strength=sha, algorithms=("ecdsa-sha256",)) == "chain.weak-algorithm"

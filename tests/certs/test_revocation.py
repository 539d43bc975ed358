"""Which lists and answers are believed, and what they decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from certs import der_build as build
from certs.chain import ChainResult, Indication, SubIndication, validate
from certs.crl import Crl, CrlError, Revocation, build_crl
from certs.crl_scope import scope_value
from certs.ocsp import OID_OCSP_SIGNING, OcspResponse
from certs.x509 import Certificate
from certs.x509_build import algorithm_identifier, extension
from tests.certs.answers import HOUR, answer, assembled, parts_of, responder
from tests.certs.core_pki import AT, DAY, END, Entity, root

LOST = Revocation(revoked_at=AT - DAY, reason="keyCompromise")
HELD = Revocation(revoked_at=AT - DAY, reason="certificateHold")
UNKNOWN = SubIndication.TRY_LATER
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Scene:
    """A leaf below a CA, and what is said of it."""

    ca: Entity
    leaf: Entity
    by: Entity
    crls: tuple[Crl, ...] = ()
    ocsp: tuple[OcspResponse, ...] = ()
    helpers: tuple[Certificate, ...] = ()

    def told(self, **wish: Any) -> Scene:
        """With one more answer of the responder."""
        return self.with_answers(answer(self.leaf, self.ca, self.by, **wish))

    def with_answers(self, *answers: OcspResponse) -> Scene:
        return replace(self, ocsp=(*self.ocsp, *answers))

    def with_lists(self, *lists: Crl) -> Scene:
        return replace(self, crls=(*self.crls, *lists))

    def judge(self, at: datetime = AT, **options: Any) -> ChainResult:
        return validate(self.leaf.certificate, anchors=[self.ca.certificate], intermediates=self.helpers,
                        crls=self.crls, ocsp=self.ocsp, at=at, **options)

    def code(self, at: datetime = AT, **options: Any) -> str:
        result = self.judge(at, **options)
        assert result.ok is (result.code == "chain.good")
        assert result.zh and result.en
        if result.code.startswith(("chain.ocsp", "chain.crl")):
            assert (result.indication, result.sub_indication) == (Indication.INDETERMINATE, UNKNOWN)
        return result.code


@pytest.fixture(scope="module", params=["sm2", "p256"])
def scene(request: pytest.FixtureRequest) -> Scene:
    ca = root(request.param)
    return Scene(ca, ca.leaf("测试市应急管理局", 3), responder(ca))


@pytest.fixture(scope="module")
def sm2() -> Scene:
    ca = root("sm2")
    return Scene(ca, ca.leaf("测试市应急管理局", 3), responder(ca))


def test_a_good_answer_is_enough(scene: Scene) -> None:
    assert scene.code() == "chain.crl-missing"
    assert scene.told().code() == "chain.good"
    assert scene.with_answers(answer(scene.leaf, scene.ca)).code() == "chain.good", "by the CA itself"
    assert scene.told(by_key=True, algorithm="sm3").code() == "chain.good"
    apart = answer(scene.leaf, scene.ca, scene.by, carries=())
    assert scene.with_answers(apart).code() == "chain.ocsp-responder"
    known = replace(scene, helpers=(scene.by.certificate,))
    assert known.with_answers(apart).code() == "chain.good", "the responder's certificate may lie elsewhere"


def test_each_certificate_of_the_path_needs_its_own_word(sm2: Scene) -> None:
    middle = sm2.ca.ca("签发 CA", 8)
    leaf = middle.leaf("单位", 3)
    upper, lower = answer(middle, sm2.ca, sm2.by), answer(leaf, middle)

    def code(crls: Sequence[Crl], ocsp: Sequence[OcspResponse]) -> str:
        return validate(leaf.certificate, anchors=[sm2.ca.certificate], intermediates=[middle.certificate],
                        crls=crls, ocsp=ocsp, at=AT).code

    assert code([], [upper, lower]) == "chain.good"
    assert code([sm2.ca.crl()], [lower]) == "chain.good"
    assert code([middle.crl()], [upper]) == "chain.good"
    assert code([], [upper]) == code([], [lower]) == "chain.crl-missing"
    lost = answer(middle, sm2.ca, sm2.by, revoked=LOST)
    assert code([sm2.ca.crl()], [lost, lower]) == "chain.ca-revoked"


ANSWERS: list[tuple[str, dict[str, Any], str]] = [
    ("at its last second", {"this_update": AT - DAY, "next_update": AT}, "chain.good"),
    ("a second past", {"this_update": AT - DAY, "next_update": AT - SECOND}, "chain.ocsp-stale"),
    ("without an end, of now", {"this_update": AT, "next_update": None}, "chain.good"),
    ("without an end, of ten minutes ago", {"this_update": AT - HOUR / 6, "next_update": None}, "chain.ocsp-stale"),
    ("by a clock that is a little ahead", {"this_update": AT + 60 * SECOND}, "chain.good"),
    ("held by a clock that is a little ahead", {"this_update": AT + 60 * SECOND, "revoked": HELD}, "chain.revoked"),
    ("from the future", {"this_update": AT + HOUR}, "chain.ocsp-stale"),
    ("held in the future", {"this_update": AT + HOUR, "revoked": HELD}, "chain.ocsp-stale"),
    ("made in the future", {"produced_at": AT + HOUR}, "chain.ocsp-stale"),
    ("unknown", {"unknown": True}, "chain.ocsp-unknown"),
    ("revoked", {"revoked": LOST}, "chain.revoked"),
    ("held", {"revoked": HELD}, "chain.revoked"),
    ("revoked, and old", {"revoked": LOST, "this_update": AT - 9 * DAY, "next_update": AT - 8 * DAY}, "chain.revoked"),
    ("held, and old", {"revoked": HELD, "this_update": AT - 9 * DAY, "next_update": AT - 8 * DAY},
     "chain.ocsp-stale"),
]


@pytest.mark.parametrize(("what", "wish", "code"), ANSWERS)
def test_an_answer_counts_for_its_time(sm2: Scene, what: str, wish: dict[str, Any], code: str) -> None:
    assert sm2.told(**wish).code() == code, what


def test_a_list_by_a_clock_that_is_a_little_ahead_counts(sm2: Scene) -> None:
    ahead = AT + 60 * SECOND
    assert sm2.with_lists(sm2.ca.crl(this_update=ahead)).code() == "chain.good"
    assert sm2.with_lists(sm2.ca.crl({3: HELD}, this_update=ahead)).code() == "chain.revoked"
    assert sm2.with_lists(sm2.ca.crl(this_update=AT + HOUR)).code() == "chain.crl-stale"


def _strange(scene: Scene) -> Scene:
    """A responder of the same name that another CA has authorised."""
    return replace(scene, by=responder(root("sm2")))


def _below(scene: Scene) -> Scene:
    """One that a CA below has authorised."""
    return replace(scene, by=responder(scene.ca.ca("下级 CA", 9)))


def _plain(scene: Scene) -> Scene:
    """Another leaf of the CA, such as any office has."""
    return replace(scene, by=scene.ca.leaf("另一单位", 9))


def _itself(scene: Scene) -> Scene:
    """The certificate in question answers for itself."""
    return replace(scene, by=scene.leaf)


def _any_usage(scene: Scene) -> Scene:
    return replace(scene, by=responder(scene.ca, ext_key_usage=("2.5.29.37.0",)))


def _another_usage(scene: Scene) -> Scene:
    return replace(scene, by=responder(scene.ca, key_usage=("keyEncipherment",)))


def _expired(scene: Scene) -> Scene:
    return replace(scene, by=responder(scene.ca, not_after=AT - SECOND))


def _not_yet(scene: Scene) -> Scene:
    return replace(scene, by=responder(scene.ca, not_before=AT + SECOND))


def _revoked(scene: Scene) -> Scene:
    return scene.with_lists(scene.ca.crl({77: LOST}, this_update=AT - 30 * DAY, next_update=AT - 29 * DAY))


def _unchecked(scene: Scene) -> Scene:
    return replace(scene, by=responder(scene.ca, ocsp_nocheck=False))


RESPONDERS = [_strange, _below, _plain, _itself, _any_usage, _another_usage, _expired, _not_yet, _revoked, _unchecked]


@pytest.mark.parametrize("change", RESPONDERS)
def test_a_responder_without_the_right_calls_nothing_good(sm2: Scene, change: Callable[[Scene], Scene]) -> None:
    assert change(sm2).told().code() == "chain.ocsp-responder"


@pytest.mark.parametrize("change", RESPONDERS)
def test_nor_does_it_revoke_anything(sm2: Scene, change: Callable[[Scene], Scene]) -> None:
    """But for one whose certificate expired since: its answer was true when it was given. One that the CA authorised
    and that cannot be relied on withholds "good", whatever else says it."""
    code = change(sm2).told(revoked=LOST).code()
    doubted = {_not_yet: "chain.maybe-revoked", _revoked: "chain.maybe-revoked", _unchecked: "chain.maybe-revoked"}
    assert code == {**doubted, _expired: "chain.revoked"}.get(change, "chain.ocsp-responder")
    partition = change(sm2).told(revoked=LOST).with_lists(sm2.ca.crl(this_update=AT - HOUR / 2))
    if change is _not_yet:
        assert partition.code() == "chain.maybe-revoked", "though the newest list calls it good"


def test_a_responder_is_checked_by_the_list_of_its_ca(sm2: Scene) -> None:
    checked = _unchecked(sm2)
    assert checked.with_lists(sm2.ca.crl(next_update=AT - HOUR)).told().code() == "chain.ocsp-responder"
    assert checked.with_lists(sm2.ca.crl()).told(this_update=AT).code() == "chain.good"


@pytest.mark.parametrize(("reason", "moment", "code"), [
    ("superseded", AT + DAY, "chain.good"), ("superseded", AT - DAY, "chain.ocsp-responder"),
    ("keyCompromise", AT + DAY, "chain.ocsp-responder"), ("unspecified", AT + DAY, "chain.ocsp-responder")])
def test_what_a_responder_said_before_it_was_replaced_stays_true(sm2: Scene, reason: str, moment: datetime,
                                                                 code: str) -> None:
    known = part(sm2.ca, scope_value(cas_only=True), {77: Revocation(revoked_at=moment, reason=reason)})
    assert sm2.with_lists(known).told().code() == code, "a list on CAs, so that the answer alone decides"


def test_a_spoilt_signature_is_nobodys(sm2: Scene) -> None:
    spoilt = OcspResponse.load(assembled(parts_of(sm2.leaf, sm2.ca), sm2.ca,
                                         spoil=lambda value: value[:-1] + bytes([value[-1] ^ 1])))
    assert sm2.with_answers(spoilt).code() == "chain.ocsp-responder"


def test_what_is_not_wholly_understood_counts_for_nothing(sm2: Scene) -> None:
    critical = build.sequence(build.sequence(build.oid("1.2.3"), build.boolean(True), build.octet_string(b"")))
    odd = OcspResponse.load(assembled(parts_of(sm2.leaf, sm2.ca, single_tail=build.explicit(1, critical)), sm2.ca))
    assert sm2.with_answers(odd).code() == "chain.crl-missing"


def test_an_answer_on_another_certificate_is_none(sm2: Scene) -> None:
    other = sm2.ca.leaf("另一单位", 4)
    assert sm2.with_answers(answer(other, sm2.ca, sm2.by)).code() == "chain.crl-missing"


# -- lists and answers together


def test_the_newest_word_decides(sm2: Scene) -> None:
    clean, both = sm2.ca.crl(this_update=AT - 2 * HOUR), sm2.with_lists(sm2.ca.crl(this_update=AT - 2 * HOUR))
    assert both.told().code() == "chain.good"
    assert both.told(unknown=True).code() == "chain.ocsp-unknown"
    newer = sm2.with_lists(sm2.ca.crl(this_update=AT - HOUR / 2))
    assert newer.told(unknown=True).code() == "chain.good"
    equal = sm2.with_lists(sm2.ca.crl(this_update=AT - HOUR))
    assert equal.told(unknown=True).code() == "chain.ocsp-unknown", "of equally new ones the worst"
    assert equal.told(revoked=HELD).code() == "chain.revoked"
    assert newer.told(revoked=HELD).code() == "chain.good", "the hold was lifted"
    assert both.told(revoked=HELD).code() == "chain.revoked"
    assert clean.counts


def test_a_revocation_counts_from_any_of_them(sm2: Scene) -> None:
    assert sm2.with_lists(sm2.ca.crl(this_update=AT)).told(revoked=LOST).code() == "chain.revoked"
    old = sm2.ca.crl({3: LOST}, this_update=AT - 30 * DAY, next_update=AT - 29 * DAY)
    assert sm2.with_lists(old).told().code() == "chain.revoked"


def test_a_proven_time_before_the_revocation_saves_the_signature(sm2: Scene) -> None:
    made = sm2.told(this_update=AT - 5 * DAY, next_update=AT - 3 * DAY).told(revoked=LOST)
    assert made.code(AT - 4 * DAY, at_is_proven=True, clock_now=AT) == "chain.good"
    late = made.judge(AT, at_is_proven=True, clock_now=AT)
    assert (late.indication, late.sub_indication) == (Indication.FAILED, SubIndication.REVOKED)
    assert made.judge().sub_indication is SubIndication.REVOKED_NO_POE


def test_silence_about_an_expired_certificate_proves_nothing(sm2: Scene) -> None:
    """Lists need not name what has expired (RFC 5280 clause 3.3): one made later clears nothing by not naming it."""
    leaf = sm2.ca.leaf("单位", 5, not_after=AT)
    made = replace(sm2, leaf=leaf)
    in_time, late = (made.ca.crl(this_update=moment) for moment in (AT, AT + SECOND))
    now: dict[str, Any] = {"at_is_proven": True, "clock_now": AT + DAY}
    assert made.with_lists(in_time).code(**now) == "chain.good"
    assert made.with_lists(late).code(**now) == "chain.crl-stale"
    fields: dict[str, Any] = {"issuer": made.ca.certificate, "issuer_key": made.ca.key, "number": 1,
                              "this_update": AT + SECOND, "next_update": AT + DAY}
    keeps = build_crl(**fields, expired_since=AT - DAY)
    assert keeps.expired_since == AT - DAY
    assert made.with_lists(keeps).code(**now) == "chain.good", "it says that it names expired ones too"
    assert made.with_lists(build_crl(**fields, expired_since=AT + SECOND)).code(**now) == "chain.crl-stale"
    assert made.told(this_update=AT + SECOND).code(**now) == "chain.ocsp-stale"
    cutoff = build.explicit(1, build.sequence(extension("1.3.6.1.5.5.7.48.1.6", build.generalized_time(AT - DAY))))
    told = OcspResponse.load(assembled(replace(
        parts_of(leaf, made.ca, single_tail=cutoff), produced_at=build.generalized_time(AT)), made.ca))
    assert told.answers[0].archived_since == AT - DAY
    assert made.with_answers(told).code(**now) == "chain.good"


# -- lists in parts


URL, OTHER_URL = "http://crl.example.invalid/1.crl", "http://crl.example.invalid/2.crl"


def part(ca: Entity, scope: bytes, revoked: dict[int, Revocation] | None = None) -> Crl:
    return build_crl(issuer=ca.certificate, issuer_key=ca.key, this_update=AT - DAY, next_update=AT + DAY, number=1,
                     revoked=revoked or {}, scope=scope)


SCOPES: list[tuple[str, tuple[str, ...], bytes, str]] = [
    ("its own part", (URL,), scope_value(urls=[URL]), "chain.good"),
    ("one of several names", (URL,), scope_value(urls=[OTHER_URL, URL]), "chain.good"),
    ("another part", (URL,), scope_value(urls=[OTHER_URL]), "chain.crl-missing"),
    ("a certificate that names no part", (), scope_value(urls=[URL]), "chain.crl-missing"),
    ("users", (), scope_value(users_only=True), "chain.good"),
    ("users of its part", (URL,), scope_value(urls=[URL], users_only=True), "chain.good"),
    ("CAs", (), scope_value(cas_only=True), "chain.crl-missing"),
    ("users and CAs at once", (), scope_value(users_only=True, cas_only=True), "chain.crl-missing"),
    ("nothing in particular", (URL,), scope_value(), "chain.good"),
]


@pytest.mark.parametrize(("what", "urls", "scope", "code"), SCOPES)
def test_a_part_counts_for_what_it_is_on(sm2: Scene, what: str, urls: tuple[str, ...], scope: bytes,
                                         code: str) -> None:
    leaf = sm2.ca.leaf("单位", 3, crl_urls=urls)
    made = replace(sm2, leaf=leaf)
    assert made.with_lists(part(made.ca, scope)).code() == code, what
    named = part(made.ca, scope, {3: LOST})
    if named.counts:
        assert made.with_lists(named).code() == "chain.revoked", "a number that the CA revoked is revoked"


def test_the_name_of_the_issuer_is_the_point_of_a_certificate_that_names_none(sm2: Scene) -> None:
    names = build.explicit(4, sm2.ca.certificate.subject)
    scope = build.sequence(build.explicit(0, build.tlv(0xA0, names)))
    assert sm2.with_lists(part(sm2.ca, scope)).code() == "chain.good"


def test_a_part_for_cas_is_on_cas(sm2: Scene) -> None:
    middle = sm2.ca.ca("签发 CA", 8)
    leaf = middle.leaf("单位", 3)
    for scope, code in ((scope_value(cas_only=True), "chain.good"),
                        (scope_value(users_only=True), "chain.crl-missing")):
        assert validate(leaf.certificate, anchors=[sm2.ca.certificate], intermediates=[middle.certificate],
                        crls=[part(sm2.ca, scope), middle.crl()], at=AT).code == code


ODD_SCOPES = {
    "indirect": build.sequence(build.implicit(4, b"\xff")),
    "for some reasons": build.sequence(build.implicit(3, b"\x06\x40")),
    "attribute certificates": build.sequence(build.implicit(5, b"\xff")),
    "named relative to the issuer": build.sequence(build.explicit(0, build.tlv(0xA1, b""))),
    "named by nothing": build.sequence(build.explicit(0, b"")),
}


@pytest.mark.parametrize("what", ODD_SCOPES)
def test_odd_parts_count_for_nothing(sm2: Scene, what: str) -> None:
    odd = part(sm2.ca, ODD_SCOPES[what])
    assert not odd.counts
    assert sm2.with_lists(odd).code() == "chain.crl-missing"


@pytest.mark.parametrize("value", [b"", build.null(), build.sequence(build.null()),
                                   build.sequence(build.implicit(1, b"\x01")), build.sequence() + b"\0"])
def test_a_malformed_scope_spoils_the_list(sm2: Scene, value: bytes) -> None:
    with pytest.raises(Exception, match="DER"):
        part(sm2.ca, value)


def _raw_list(ca: Entity, *extensions: bytes, entry: bytes = b"") -> bytes:
    algorithm = algorithm_identifier(ca.key.algorithm)
    tbs = build.sequence(
        build.integer(1), algorithm, ca.certificate.subject, build.x509_time(AT - DAY), build.x509_time(AT + DAY),
        build.sequence(entry) if entry else b"", build.explicit(0, build.sequence(*extensions)))
    return build.sequence(tbs, algorithm, build.bit_string(ca.key.sign(tbs)))


@pytest.mark.parametrize("critical", [True, False])
def test_a_delta_list_counts_for_nothing_however_it_is_marked(sm2: Scene, critical: bool) -> None:
    delta = extension("2.5.29.27", build.integer(1), critical=critical)
    assert sm2.with_lists(Crl.load(_raw_list(sm2.ca, delta))).code() == "chain.crl-missing"


@pytest.mark.parametrize("critical", [True, False])
def test_a_part_is_a_part_however_it_is_marked(sm2: Scene, critical: bool) -> None:
    """A scope that is not marked critical, against RFC 5280, does not make the part a whole."""
    scope = extension("2.5.29.28", scope_value(urls=[URL]), critical=critical)
    assert sm2.with_lists(Crl.load(_raw_list(sm2.ca, scope))).code() == "chain.crl-missing"


def test_a_revocation_is_lifted_in_delta_lists_alone(sm2: Scene) -> None:
    reason = extension("2.5.29.21", build.tlv(0x0A, b"\x08"))
    entry = build.sequence(build.integer(3), build.x509_time(AT - DAY), build.sequence(reason))
    number = extension("2.5.29.20", build.integer(1))
    with pytest.raises(CrlError):
        Crl.load(_raw_list(sm2.ca, number, entry=entry))
    delta = Crl.load(_raw_list(sm2.ca, extension("2.5.29.27", build.integer(1), critical=True), entry=entry))
    assert not delta.revoked
    assert sm2.with_lists(delta, sm2.ca.crl({3: HELD})).code() == "chain.revoked"


def test_a_huge_list_is_judged(sm2: Scene) -> None:
    """A hundred thousand entries, and the one that matters among them."""
    many = {number: Revocation(revoked_at=AT - DAY) for number in range(1000, 101_000)}
    assert sm2.with_lists(sm2.ca.crl(many)).code() == "chain.good"
    assert sm2.with_lists(sm2.ca.crl({**many, 3: LOST})).code() == "chain.revoked"


def test_responders_do_not_sign_documents(sm2: Scene) -> None:
    assert sm2.by.certificate.ext_key_usage == (OID_OCSP_SIGNING,)
    result = validate(sm2.by.certificate, anchors=[sm2.ca.certificate], intermediates=[], crls=[sm2.ca.crl()], at=AT)
    assert result.code == "chain.wrong-usage"
    assert sm2.by.certificate.valid_at(END)

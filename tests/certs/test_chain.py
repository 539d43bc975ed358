"""Chain validation: each rule of the path, revocation and dates, in ETSI's words."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from certs import chain, public_key
from certs.chain import ChainResult, Indication, SubIndication, Usage, validate
from certs.crl import Crl, CrlError, Revocation, build_crl
from certs.x509 import Certificate
from certs.x509_build import TIME_STAMPING
from tests.certs.core_pki import AT, DAY, END, START, Entity, new_key, root

KINDS = ["sm2", "p256"]
OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"


@dataclass(frozen=True)
class Scene:
    """A tree and what the validator is given."""

    top: Entity
    middle: Entity
    leaf: Entity
    anchors: tuple[Certificate, ...] = ()
    intermediates: tuple[Certificate, ...] = ()
    crls: tuple[Crl, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    def judge(self, at: datetime = AT) -> ChainResult:
        return validate(self.leaf.certificate, anchors=self.anchors, intermediates=self.intermediates,
                        crls=self.crls, at=at, **self.options)


def scene(kind: str = "sm2", **leaf_changes: Any) -> Scene:
    top = root(kind)
    middle = top.ca("试验签发 CA", 2, path_len=0)
    leaf = middle.leaf("测试市应急管理局", 3, **leaf_changes)
    return Scene(top, middle, leaf, (top.certificate,), (middle.certificate,), (top.crl(), middle.crl()))


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_chain_passes(kind: str) -> None:
    made = scene(kind)
    result = made.judge()
    assert result.ok
    assert (result.indication, result.sub_indication) == (Indication.PASSED, None)
    assert result.path == (made.leaf.certificate, made.middle.certificate, made.top.certificate)
    assert result.anchor is made.top.certificate


def _no_anchor(made: Scene) -> Scene:
    return replace(made, anchors=())


def _other_anchor(made: Scene) -> Scene:
    return replace(made, anchors=(root("sm2").certificate,))


def _no_intermediate(made: Scene) -> Scene:
    return replace(made, intermediates=())


def _no_leaf_list(made: Scene) -> Scene:
    return replace(made, crls=(made.top.crl(),))


def _no_ca_list(made: Scene) -> Scene:
    return replace(made, crls=(made.middle.crl(),))


def _stale(made: Scene) -> Scene:
    old = made.middle.crl(this_update=AT - 30 * DAY, next_update=AT - DAY)
    return replace(made, crls=(made.top.crl(), old))


def _from_the_future(made: Scene) -> Scene:
    new = made.middle.crl(this_update=AT + DAY, next_update=AT + 30 * DAY)
    return replace(made, crls=(made.top.crl(), new))


def _list_of_another(made: Scene) -> Scene:
    return replace(made, crls=(made.top.crl(), root("sm2", name="试验签发 CA").crl()))


def _revoked(made: Scene) -> Scene:
    revoked = made.middle.crl({3: Revocation(revoked_at=AT - DAY, reason="keyCompromise")})
    return replace(made, crls=(made.top.crl(), revoked))


def _revoked_later(made: Scene) -> Scene:
    revoked = made.middle.crl({3: Revocation(revoked_at=AT + DAY)}, this_update=AT + DAY)
    return replace(made, crls=(made.top.crl(), made.middle.crl(), revoked))


def _revoked_in_an_old_list(made: Scene) -> Scene:
    old = made.middle.crl({3: Revocation(revoked_at=AT - 40 * DAY)}, this_update=AT - 40 * DAY,
                          next_update=AT - 30 * DAY)
    return replace(made, crls=(*made.crls, old))


def _held_in_an_old_list(made: Scene) -> Scene:
    old = made.middle.crl({3: Revocation(revoked_at=AT - 40 * DAY, reason="certificateHold")},
                          this_update=AT - 40 * DAY, next_update=AT + 30 * DAY)
    return replace(made, crls=(*made.crls, old))


def _held(made: Scene) -> Scene:
    held = made.middle.crl({3: Revocation(revoked_at=AT - DAY, reason="certificateHold")})
    return replace(made, crls=(made.top.crl(), held))


def test_lists_of_the_future_are_not_called_stale() -> None:
    told, stale = _from_the_future(scene()).judge(), _stale(scene()).judge()
    assert "晚于核验的时刻（请核对时钟）" in told.zh and "future (check the clock)" in told.en
    assert "已过时" in stale.zh and "stale" in stale.en and "过时" not in told.zh


def _ca_revoked(made: Scene) -> Scene:
    revoked = made.top.crl({2: Revocation(revoked_at=AT - DAY, reason="cACompromise")})
    return replace(made, crls=(revoked, made.middle.crl()))


SITUATIONS: list[tuple[Callable[[Scene], Scene], str, SubIndication | None]] = [
    (_no_anchor, "chain.no-anchor", SubIndication.NO_CERTIFICATE_CHAIN_FOUND),
    (_other_anchor, "chain.no-anchor", SubIndication.NO_CERTIFICATE_CHAIN_FOUND),
    (_no_intermediate, "chain.no-anchor", SubIndication.NO_CERTIFICATE_CHAIN_FOUND),
    (_no_leaf_list, "chain.crl-missing", SubIndication.TRY_LATER),
    (_no_ca_list, "chain.crl-missing", SubIndication.TRY_LATER),
    (_stale, "chain.crl-stale", SubIndication.TRY_LATER),
    (_from_the_future, "chain.crl-stale", SubIndication.TRY_LATER),
    (_list_of_another, "chain.crl-missing", SubIndication.TRY_LATER),
    (_revoked, "chain.revoked", SubIndication.REVOKED_NO_POE),
    (_revoked_later, "chain.revoked", SubIndication.REVOKED_NO_POE),
    (_revoked_in_an_old_list, "chain.revoked", SubIndication.REVOKED_NO_POE),
    (_held_in_an_old_list, "chain.good", None),
    (_held, "chain.revoked", SubIndication.REVOKED_NO_POE),
    (_ca_revoked, "chain.ca-revoked", SubIndication.REVOKED_NO_POE),
]


@pytest.mark.parametrize(("change", "code", "sub"), SITUATIONS, ids=lambda v: getattr(v, "__name__", None))
def test_each_situation_has_its_answer(change: Callable[[Scene], Scene], code: str,
                                       sub: SubIndication | None) -> None:
    result = change(scene()).judge()
    assert (result.code, result.sub_indication) == (code, sub)
    assert result.indication is (Indication.PASSED if sub is None else Indication.INDETERMINATE)
    assert result.zh and result.en


def test_a_list_published_between_then_and_now_counts() -> None:
    made = _from_the_future(scene())
    assert not made.judge().ok
    later = replace(made, options={"clock_now": AT + 2 * DAY})
    assert later.judge().ok


def test_a_proven_time_before_the_revocation_saves_the_signature() -> None:
    made = replace(_revoked_later(scene()), options={"at_is_proven": True, "clock_now": AT + 2 * DAY})
    assert made.judge().ok
    after = made.judge(AT + 2 * DAY)
    assert (after.indication, after.sub_indication) == (Indication.FAILED, SubIndication.REVOKED)


def test_a_compromise_counts_from_the_day_the_key_was_lost() -> None:
    made = scene()
    lost = made.middle.crl({3: Revocation(revoked_at=AT + DAY, reason="keyCompromise",
                                          invalid_since=AT - DAY)})
    proven = replace(made, crls=(made.top.crl(), lost), options={"at_is_proven": True})
    assert proven.judge().sub_indication is SubIndication.REVOKED
    assert proven.judge(AT - 2 * DAY).code != "chain.revoked"


DATES = [
    # at, proven, code, indication, sub
    (END + timedelta(seconds=1), False, "chain.expired", Indication.INDETERMINATE,
     SubIndication.OUT_OF_BOUNDS_NO_POE),
    (START - timedelta(seconds=1), False, "chain.not-yet-valid", Indication.INDETERMINATE,
     SubIndication.OUT_OF_BOUNDS_NO_POE),
    (START - timedelta(seconds=1), True, "chain.not-yet-valid", Indication.FAILED,
     SubIndication.NOT_YET_VALID),
    (END + timedelta(seconds=1), True, "chain.expired", Indication.INDETERMINATE, SubIndication.EXPIRED),
]


@pytest.mark.parametrize(("at", "proven", "code", "indication", "sub"), DATES)
def test_outside_the_validity_there_is_no_proof(at: datetime, proven: bool, code: str, indication: Indication,
                                                sub: SubIndication) -> None:
    made = replace(scene(), options={"at_is_proven": proven})
    result = made.judge(at)
    assert (result.code, result.indication, result.sub_indication) == (code, indication, sub)


@pytest.mark.parametrize("at", [START, END])
def test_both_ends_of_the_validity_are_inside(at: datetime) -> None:
    made = scene()
    lists = tuple(entity.crl(this_update=START - DAY, next_update=END + DAY)
                  for entity in (made.top, made.middle))
    assert replace(made, crls=lists).judge(at).ok


def test_an_expired_ca_spoils_the_chain() -> None:
    top = root()
    middle = top.ca("短期 CA", 2, not_after=AT - DAY)
    leaf = middle.leaf("单位", 3)
    made = Scene(top, middle, leaf, (top.certificate,), (middle.certificate,), (top.crl(), middle.crl()))
    result = made.judge()
    assert (result.code, "短期 CA" in result.zh) == ("chain.expired", True)


LEAF_USES: list[tuple[dict[str, Any], Usage, bool, str]] = [
    ({}, Usage.SIGNATURE, True, "a signing certificate signs"),
    ({"key_usage": ("nonRepudiation",)}, Usage.SIGNATURE, True, "nonRepudiation alone signs"),
    ({"key_usage": ("keyEncipherment",)}, Usage.SIGNATURE, False, "an encryption certificate does not"),
    ({"ext_key_usage": (TIME_STAMPING,)}, Usage.SIGNATURE, False, "a timestamping one does not"),
    ({"ext_key_usage": (OCSP_SIGNING,)}, Usage.SIGNATURE, False, "an OCSP responder's does not"),
    ({"ext_key_usage": ("1.3.6.1.5.5.7.3.1",)}, Usage.SIGNATURE, False, "a TLS server's does not"),
    ({"ext_key_usage": ("1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.4")}, Usage.SIGNATURE, True, "a person's does"),
    ({"ext_key_usage": (TIME_STAMPING,)}, Usage.TIMESTAMP, True, "timestamps need exactly that usage"),
    ({}, Usage.TIMESTAMP, False, "and not none"),
    ({"ext_key_usage": (TIME_STAMPING, OCSP_SIGNING)}, Usage.TIMESTAMP, False, "and nothing beside it"),
    ({"ca": True}, Usage.SIGNATURE, False, "a CA does not sign documents"),
]


@pytest.mark.parametrize(("changes", "usage", "good", "why"), LEAF_USES)
def test_a_certificate_is_used_for_what_it_says(changes: dict[str, Any], usage: Usage, good: bool,
                                                why: str) -> None:
    top = root()
    leaf = top.leaf("单位", 3, **changes)
    result = validate(leaf.certificate, anchors=[top.certificate], intermediates=[], crls=[top.crl()], at=AT,
                      usage=usage)
    assert result.ok is good, why
    if not good:
        assert (result.indication, result.sub_indication) == (
            Indication.FAILED, SubIndication.SIG_CONSTRAINTS_FAILURE)


def test_a_leaf_cannot_issue() -> None:
    top = root()
    thief = top.leaf("单位", 2)
    forged = thief.leaf("测试市应急管理局", 3)
    result = validate(forged.certificate, anchors=[top.certificate], intermediates=[thief.certificate],
                      crls=[top.crl()], at=AT)
    assert (result.code, result.sub_indication) == (
        "chain.constraints", SubIndication.CHAIN_CONSTRAINTS_FAILURE)


def test_a_ca_without_the_right_to_sign_certificates_cannot_issue() -> None:
    top = root()
    middle = top.leaf("只签列表的 CA", 2, ca=True, key_usage=("cRLSign",))
    leaf = middle.leaf("单位", 3)
    result = validate(leaf.certificate, anchors=[top.certificate], intermediates=[middle.certificate],
                      crls=[top.crl(), middle.crl()], at=AT)
    assert result.code == "chain.constraints"


def test_the_path_length_is_kept() -> None:
    top = root(path_len=1)
    first = top.ca("一级 CA", 2, path_len=0)
    second = first.ca("二级 CA", 3)
    leaf = second.leaf("单位", 4)
    result = validate(leaf.certificate, anchors=[top.certificate],
                      intermediates=[first.certificate, second.certificate],
                      crls=[top.crl(), first.crl(), second.crl()], at=AT)
    assert result.code == "chain.constraints"


def test_a_list_signed_by_a_ca_without_crl_sign_does_not_count() -> None:
    top = root()
    middle = top.leaf("只签证书的 CA", 2, ca=True, key_usage=("keyCertSign",))
    leaf = middle.leaf("单位", 3)
    result = validate(leaf.certificate, anchors=[top.certificate], intermediates=[middle.certificate],
                      crls=[top.crl(), middle.crl()], at=AT)
    assert result.code == "chain.crl-missing"


def test_a_name_alone_makes_no_anchor() -> None:
    made = scene()
    impostor = root("sm2")
    forged = impostor.ca("试验签发 CA", 2).leaf("测试市应急管理局", 3)
    result = validate(forged.certificate, anchors=made.anchors,
                      intermediates=(*made.intermediates, impostor.certificate), crls=made.crls, at=AT)
    assert result.code == "chain.no-anchor"


def test_another_path_is_taken_when_the_first_is_bad() -> None:
    key = new_key("sm2")
    old_root, new_root = root(name="旧根"), root(name="新根")
    from tests.certs.core_pki import make

    rights: dict[str, Any] = {"ca": True, "key_usage": ("keyCertSign", "cRLSign")}
    expired = make("签发 CA", key, 2, issuer=old_root, not_after=AT - DAY, **rights)
    current = make("签发 CA", key, 2, issuer=new_root, **rights)
    leaf = current.leaf("单位", 3)
    for order in ((expired, current), (current, expired)):
        result = validate(leaf.certificate, anchors=[old_root.certificate, new_root.certificate],
                          intermediates=[ca.certificate for ca in order],
                          crls=[old_root.crl(), new_root.crl(), current.crl()], at=AT)
        assert result.ok
        assert result.anchor == new_root.certificate


def test_a_pinned_leaf_is_its_own_anchor() -> None:
    made = scene()
    assert replace(made, anchors=(made.leaf.certificate,), intermediates=(), crls=()).judge().ok


def test_loops_and_crowds_end() -> None:
    key = new_key("sm2")
    from tests.certs.core_pki import make

    first = make("甲", key, 2, ca=True, key_usage=("keyCertSign", "cRLSign"))
    crowd = [make("甲", key, number, ca=True, key_usage=("keyCertSign",)).certificate
             for number in range(3, 3 + chain.MAX_SIGNATURE_CHECKS + 6)]
    leaf = first.leaf("单位", 99)
    result = validate(leaf.certificate, anchors=[root().certificate], intermediates=crowd, crls=[], at=AT)
    assert result.code == "chain.no-anchor"


def test_moments_need_a_time_zone() -> None:
    made = scene()
    with pytest.raises(ValueError, match="time zone"):
        made.judge(datetime(2025, 8, 1))


def test_only_passes_are_remembered_and_only_for_the_same_bytes() -> None:
    made = scene()
    certificate, issuer = made.leaf.certificate, made.middle.certificate.public_key
    public_key._passes.clear()
    bad = bytes((*certificate.signature[:-1], certificate.signature[-1] ^ 1))
    for _ in range(2):
        assert not public_key.verify_cached(issuer, certificate.tbs, bad, "sm2-sm3")
    assert not public_key._passes
    for _ in range(2):
        assert public_key.verify_cached(issuer, certificate.tbs, certificate.signature, "sm2-sm3")
    assert len(public_key._passes) == 1
    assert not public_key.verify_cached(issuer, certificate.tbs + b"\x00", certificate.signature, "sm2-sm3")
    assert not public_key.verify_cached(made.top.certificate.public_key, certificate.tbs,
                                        certificate.signature, "sm2-sm3")


def test_the_memory_of_passes_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_key, "_CACHE_SIZE", 3)
    public_key._passes.clear()
    key = new_key("sm2")
    public = public_key.PublicKey.parse(key.spki)
    for number in range(6):
        message = str(number).encode()
        assert public_key.verify_cached(public, message, key.sign(message), "sm2-sm3")
    assert len(public_key._passes) == 3


def test_a_list_is_not_made_with_another_key_or_backwards() -> None:
    top = root()
    for changes in ({"issuer_key": new_key("sm2")}, {"next_update": AT - 2 * DAY}, {"number": -1}):
        fields: dict[str, Any] = {
            "issuer": top.certificate, "issuer_key": top.key, "this_update": AT, "next_update": AT + DAY,
            "number": 1, **changes}
        with pytest.raises(CrlError):
            build_crl(**fields)


def test_the_signing_core_loads_no_heavy_library() -> None:
    """The verifier starts quickly: SM2 chains need neither ``cryptography`` nor ``asn1crypto``."""
    code = ("import sys, certs.chain, certs.ses, certs.sm2; certs.sm2.backend_name(); "
            "print([m for m in ('cryptography', 'asn1crypto', 'lxml', 'pyhanko') if m in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          timeout=60)
    assert done.stdout.strip() == "[]"

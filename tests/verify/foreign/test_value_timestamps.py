"""Timestamps in an OFD prove a time, at which certificates, seal and revocation are then judged; forged ones never."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from certs import der_build as build
from certs.crl import Revocation
from certs.trust import Trust
from certs.x509_build import TIME_STAMPING
from tests.certs.core_pki import AT, DAY, START, Entity, root
from tests.certs.tokens import Recipe, make_token
from tests.support.demo_home import shared_home
from tests.support.foreign_seals import edited
from tests.support.status_lists import entry, status_file, trusting
from tests.verify.foreign.values import (
    SIGNED_AT,
    TIMESTAMP,
    Cms,
    Ses,
    attribute,
    forged_world,
    judged,
    raw,
    unsigned,
    world,
)
from tests.verify.packages import VALUE, changed, check, codes, issued
from verify.model import Verdict

HOUR = dt.timedelta(hours=1)
STAMPED_AT = SIGNED_AT + HOUR
LATER = AT + 10 * DAY
SHORT = world().root.leaf("短期单位", 20, not_after=AT)
DATES = [build.generalized_time(each) for each in (START + DAY, START + DAY, AT - HOUR)]


def stamp(*, moment: dt.datetime = STAMPED_AT, tsa: Entity | None = None, of: bytes | None = None,
          **changes: Any) -> Callable[[bytes], bytes]:
    """A timestamp over the octets of a signature value, or over other bytes."""
    return lambda octets: make_token(tsa or world().tsa, Recipe(
        message=octets if of is None else of, gen_time=moment, **changes))


def short(**changes: Any) -> Ses:
    """Sealed by a signer, with a seal, that are both over by now."""
    return Ses(signer=SHORT, seal_dates=DATES, **changes)


FORMS = {
    "version 4": short, "version 5": lambda **changes: short(number=5, **changes),
    "raw": lambda **changes: short(value=raw, **changes),
    "unsigned": lambda **changes: short(value=unsigned, **changes),
    "GB/T 35275": lambda **changes: Cms(signer=SHORT, **changes),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_signature_outlives_its_certificate_and_seal_by_a_timestamp(name: str) -> None:
    form = FORMS[name]
    without = judged(form().der(), at=LATER)
    assert without.indication == "INDETERMINATE" and "trust.chain" in without.codes
    assert without.evidence is not None and without.evidence.sub_indication == "OUT_OF_BOUNDS_NO_POE"
    outcome = judged(form(stamp=stamp()).der(), at=LATER)
    assert outcome.indication == "TOTAL-PASSED", outcome.codes
    assert outcome.evidence is not None and outcome.evidence.proven_at == STAMPED_AT


def test_an_authority_on_p256_may_stamp() -> None:
    tsa = world().rsa_root.leaf("时间戳 P-256", 8, ext_key_usage=(TIME_STAMPING,))
    trust = world().trust(tsa=(world().rsa_root.certificate,))
    assert judged(short(stamp=stamp(tsa=tsa)).der(), at=LATER, trust=trust).indication == "TOTAL-PASSED"


def _revoked(when: dt.datetime) -> Trust:
    return world().trust(crls=(world().root.crl(
        {20: Revocation(revoked_at=when, reason="keyCompromise")}, next_update=LATER + DAY),))


def test_revocation_is_judged_at_the_proven_time() -> None:
    der = Ses(signer=SHORT, stamp=stamp()).der()
    assert judged(der, trust=_revoked(STAMPED_AT + HOUR)).indication == "TOTAL-PASSED"
    before = judged(der, trust=_revoked(STAMPED_AT - 2 * HOUR))
    assert before.indication == "TOTAL-FAILED" and before.evidence is not None
    assert before.evidence.sub_indication == "REVOKED" and "trust.chain-failed" in before.codes
    bare = judged(Ses(signer=SHORT).der(), trust=_revoked(STAMPED_AT + HOUR))
    assert bare.indication == "INDETERMINATE" and bare.evidence is not None
    assert bare.evidence.sub_indication == "REVOKED_NO_POE"


OTHER_SIGNATURE = SHORT.key.sign(b"another document")
FORGED = {
    "another signature's": (stamp(of=OTHER_SIGNATURE), "TOTAL-FAILED", "value.timestamp-wrong", "HASH_FAILURE"),
    "no token": (lambda _: b"\x30\x00", "INDETERMINATE", "value.timestamp", "FORMAT_FAILURE"),
    "random bytes": (lambda _: bytes(range(64)), "INDETERMINATE", "value.timestamp", "FORMAT_FAILURE"),
    "an attacker's authority": (
        stamp(tsa=forged_world().tsa), "INDETERMINATE", "value.timestamp", "FORMAT_FAILURE"),
    "a signer as authority": (stamp(tsa=SHORT), "TOTAL-FAILED", "value.timestamp-wrong", "SIG_CONSTRAINTS_FAILURE"),
    "an authority of another root": (stamp(tsa=root("sm2", "别的根").leaf(
        "时间戳", 3, ext_key_usage=(TIME_STAMPING,))), "INDETERMINATE", "value.timestamp", None),
    "another digest of its content": (
        stamp(stated_digest=bytes(32)), "INDETERMINATE", "value.timestamp", "FORMAT_FAILURE"),
    "from the future": (stamp(moment=LATER + DAY), "INDETERMINATE", "value.timestamp", "NOT_YET_VALID"),
    "older than what is claimed": (
        stamp(moment=SIGNED_AT - HOUR), "INDETERMINATE", "value.timestamp-order", "TIMESTAMP_ORDER_FAILURE"),
    "an unsigned attribute in it": (
        stamp(unsigned=build.tlv(0xA1, attribute("1.2.3", build.null()))), "INDETERMINATE", "value.timestamp",
        "FORMAT_FAILURE"),
}


@pytest.mark.parametrize("name", FORGED)
@pytest.mark.parametrize("form", ["version 4", "GB/T 35275"])
def test_a_timestamp_that_does_not_hold_is_worse_than_none(name: str, form: str) -> None:
    made, indication, code, sub = FORGED[name]
    spec = FORMS[form](stamp=made)
    if isinstance(spec, Cms) and name == "random bytes":
        spec = dataclasses.replace(spec, stamp=lambda _: build.octet_string(b"random"))
    assert judged(spec.der(), at=LATER).indication in ("INDETERMINATE", "TOTAL-FAILED")
    outcome = judged(spec.der(), at=SIGNED_AT + 2 * HOUR)
    assert outcome.indication == indication and code in outcome.codes, outcome.codes
    assert outcome.evidence is not None
    if sub is not None and outcome.weighing == {code}:
        assert outcome.evidence.sub_indication == sub


def test_every_changed_bit_of_a_timestamp_is_noticed() -> None:
    token = b""

    def keep(octets: bytes) -> bytes:
        nonlocal token
        token = stamp()(octets)
        return token

    der = Ses(stamp=keep).der()
    start = der.index(token)
    assert judged(der).indication == "TOTAL-PASSED"
    for place in range(0, 8 * len(token), 29):
        forged = bytearray(der)
        forged[start + place // 8] ^= 1 << place % 8
        assert judged(bytes(forged)).indication in ("INDETERMINATE", "TOTAL-FAILED"), place


def test_two_timestamps_are_refused() -> None:
    spec = Cms(stamp=stamp(), unsigned=[attribute(TIMESTAMP, build.null())])
    assert judged(spec.der()).codes == {"value.form"}


def test_the_timestamp_of_a_seal_has_to_be_its_own() -> None:
    """Version 5: it stamps the maker's signature value."""
    def sealed(right: bool) -> str:
        def add(seal: bytes) -> bytes:
            def tail(parts: list[bytes]) -> list[bytes]:
                octets = parts[3][3:] if right else b"another"
                return [*parts, build.explicit(0, build.bit_string(stamp()(octets)))]
            return edited(seal, tail)
        outcome = judged(Ses(number=5, edit_seal=add).der())
        assert ("value.seal-timestamp" in outcome.codes) is not right
        return outcome.indication
    assert (sealed(True), sealed(False)) == ("TOTAL-PASSED", "INDETERMINATE")


# -- our own files

def stamped(made: Callable[[bytes], bytes]) -> bytes:
    """The worked example with a timestamp over its seal's signature value."""
    def add(value: bytes) -> bytes:
        return edited(value, lambda parts: [*parts, build.explicit(0, build.bit_string(made(parts[3][3:])))])
    return changed(VALUE, add)


def own_trust(**changes: Any) -> Trust:
    """The demonstration's trust, with the timestamp authority of these tests and its list."""
    trust = changes.pop("trust", None) or shared_home().trust()
    return dataclasses.replace(trust, tsa=(TSA_ROOT.certificate,), crls=(*trust.crls, TSA_ROOT.crl(
        this_update=now() - DAY, next_update=now() + 30 * DAY)), **changes)


TSA_ROOT = root("sm2", "试验时间戳根")
TSA = TSA_ROOT.leaf("试验时间戳", 2, ext_key_usage=(TIME_STAMPING,))


def now() -> dt.datetime:
    """The present, whole seconds."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def claimed() -> dt.datetime:
    """When the worked example says that it was sealed."""
    moment = check(issued().ofd).signatures[0].claimed_at
    assert moment is not None
    return moment


def test_a_timestamp_on_our_own_seal_is_verified() -> None:
    moment = now()
    report = check(stamped(stamp(tsa=TSA, moment=moment)), trust=own_trust())
    assert report.verdict is Verdict.VALID, report.to_text()
    assert report.signatures[0].proven_at == moment
    assert {anchor.purpose for anchor in report.anchors} >= {"seal", "timestamp"}


@pytest.mark.parametrize(("made", "verdict", "code"), [
    (lambda _: b"\x30\x00", Verdict.INDETERMINATE, "value.timestamp"),
    (stamp(tsa=TSA, of=b"another"), Verdict.INVALID, "value.timestamp-wrong"),
    (stamp(tsa=forged_world().tsa), Verdict.INDETERMINATE, "value.timestamp"),
    (stamp(tsa=TSA, moment=START + DAY), Verdict.INVALID, "value.timestamp-order"),     # before the certificates
])
def test_a_timestamp_that_does_not_hold_takes_our_own_file_its_verdict(
    made: Callable[[bytes], bytes], verdict: Verdict, code: str,
) -> None:
    report = check(stamped(made), trust=own_trust())
    assert report.verdict is verdict and code in codes(report), report.to_text()


def test_a_timestamp_before_the_loss_keeps_our_own_seal() -> None:
    sealed = claimed()
    lost = status_file(entry("lost", since=sealed + HOUR))
    for moment, verdict in ((sealed, Verdict.VALID), (sealed + 2 * HOUR, Verdict.INDETERMINATE)):
        data = stamped(stamp(tsa=TSA, moment=moment))
        at = sealed + 3 * HOUR
        report = check(data, trust=own_trust(trust=trusting(lost)), at=at, clock_now=at)
        assert report.verdict is verdict, report.to_text()

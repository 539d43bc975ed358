"""Evidence records: made in batches, renewed over the years, and what they prove."""

from __future__ import annotations

from datetime import datetime

import pytest

from certs.crl import Revocation, build_crl
from certs.crl_scope import scope_value
from certs.evidence_build import MARGIN, Material, due, new_record, rehash, renew, tidied, weakens
from certs.evidence_record import EvidenceCode, EvidenceError, EvidenceRecord, write_record, write_timestamp
from certs.ocsp import OcspResponse
from certs.ocsp_build import OcspAnswer, build_response
from certs.ocsp_id import CertId
from certs.strength import Strength, StrengthError
from certs.timestamp import verify_token
from certs.timestamp_token import TimestampToken, digest
from certs.token_evidence import rewritten
from codes.errors import EngineError
from tests.certs.core_pki import Entity, root
from tests.support.years import DAY, YearsOfTime, day

FILE = "危险化学品经营许可证".encode() * 40


def _digests(count: int, algorithm: str = "sm3") -> list[bytes]:
    return [digest(algorithm, FILE), *(digest(algorithm, b"%d" % number) for number in range(1, count))]


def _first(years: YearsOfTime, count: int = 1, algorithm: str = "sm3") -> bytes:
    return new_record(_digests(count, algorithm), algorithm, years)[0]


def _renewed(years: YearsOfTime, record: bytes, at: datetime, *, new_key: bool = True) -> bytes:
    years.now = at
    if new_key:
        years.renewed_keys()
    return renew([record], years, years.material())[0]


@pytest.mark.parametrize("kind", ["sm2", "p256"])
@pytest.mark.parametrize("algorithm", ["sm3", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("count", [1, 2, 3, 7, 64])
def test_a_batch_has_one_timestamp_and_each_file_its_own_record(kind: str, algorithm: str, count: int) -> None:
    years = YearsOfTime(kind)
    datas = [FILE, *(b"%d" % number for number in range(1, count))]
    records = new_record([digest(algorithm, data) for data in datas], algorithm, years)
    assert years.asked == 1 and len(records) == count
    for data, record in zip(datas, records, strict=True):
        result = years.judged(record, data)
        assert result.ok, result.en
        assert result.proven_at == day(2026)
        assert (result.steps[0].digest, result.steps[0].authority) == (algorithm, "试验时间戳 1")
        assert years.judged(record, data + b"x").code == "evidence.other-file"
    fitting = [years.judged(records[0], data).ok for data in datas]
    assert fitting[0] and sum(fitting) <= 2     # the file, and its neighbour in the tree, which existed as well


def test_the_same_file_twice_in_a_batch_has_the_same_record_twice() -> None:
    years = YearsOfTime()
    records = new_record([*_digests(3), _digests(3)[1]], "sm3", years)
    assert records[1] == records[3] != records[0]
    assert new_record([], "sm3", years) == [] and years.asked == 1


def test_renewals_keep_the_first_time_proven_through_the_years() -> None:
    years = YearsOfTime()
    record = _first(years, 5)
    for year in (2028, 2030, 2032, 2034, 2036, 2038):
        record = _renewed(years, record, day(year))
        result = years.judged(record, FILE)
        assert result.ok, result.en
        assert result.proven_at == day(2026)
    assert [step.gen_time.year for step in result.steps] == [2026, 2028, 2030, 2032, 2034, 2036, 2038]
    assert [step.judged_at.year for step in result.steps] == [2028, 2030, 2032, 2034, 2036, 2038, 2038]
    years.now = day(2038, 6)
    assert years.judged(record, FILE).ok


def test_many_records_are_renewed_by_one_timestamp_in_their_order() -> None:
    years = YearsOfTime()
    one, two = new_record(_digests(2), "sm3", years), new_record(_digests(9, "sha256"), "sha256", years)
    years.now = day(2028)
    years.renewed_keys()
    asked = years.asked
    renewed = renew([one[0], two[3], one[1], two[8]], years, years.material())
    assert years.asked == asked + 2                 # one for each digest
    for record, data in zip(renewed, (FILE, b"3", b"1", b"8"), strict=True):
        assert years.judged(record, data).ok
    assert len(EvidenceRecord.parse(renewed[0]).chains[0]) == 2


def test_a_record_whose_renewal_was_missed_proves_nothing_any_more() -> None:
    years = YearsOfTime()
    record = _first(years)
    years.now = day(2029, 2)
    result = years.judged(record, FILE)
    assert (result.code, result.proven_at) == ("evidence.lapsed", None)
    assert "已到期" in result.zh and "OUT_OF_BOUNDS_NO_POE" in str(result.sub_indication)


def test_a_late_renewal_leaves_only_its_own_time_and_the_gap_is_named() -> None:
    years = YearsOfTime()
    record = _renewed(years, _first(years), day(2029, 6))
    result = years.judged(record, FILE)
    assert (result.code, result.proven_at) == ("evidence.gap", day(2029, 6))
    assert "2029年6月2日" in result.zh and "2026年1月2日" in result.zh and "2029-06-02" in result.en
    assert [step.ok for step in result.steps] == [False, True]
    again = _renewed(years, record, day(2031))      # renewals in time do not fill it
    assert years.judged(again, FILE).proven_at == day(2029, 6)


def test_a_gap_in_the_middle_leaves_the_time_after_it() -> None:
    years = YearsOfTime()
    record = _renewed(years, _first(years), day(2028))
    record = _renewed(years, record, day(2033))
    record = _renewed(years, record, day(2035))
    result = years.judged(record, FILE)
    assert (result.code, result.proven_at) == ("evidence.gap", day(2033))
    assert len(result.steps) == 3                   # what lies before it was not looked at


def test_the_digest_is_exchanged_before_it_weakens() -> None:
    years = YearsOfTime("p256")
    weak = Strength(weak_from={"sha256": day(2029), "sha384": day(2040)})
    record = _renewed(years, _first(years, 4, "sha256"), day(2027))
    years.now = day(2028)
    assert weakens(record, day(2029, 1, 3), weak) and not weakens(record, day(2028), weak)
    rehashed = rehash([record], [FILE], "sha384", years, years.material())[0]
    result = years.judged(rehashed, FILE)
    assert result.ok and result.proven_at == day(2026)
    assert [(step.digest, step.rehashed) for step in result.steps] == [
        ("sha256", False), ("sha256", False), ("sha384", True)]
    signatures = Strength(weak_from={"sha384": day(2040)})
    later = _renewed(years, rehashed, day(2029, 6))
    assert years.judged(later, FILE, strength=signatures).ok
    later = rehash([later], [lambda: FILE], "sm3", years, years.material())[0]
    assert years.judged(later, FILE, strength=signatures).ok
    assert [len(chain) for chain in EvidenceRecord.parse(later).chains] == [2, 2, 1]


def test_a_digest_that_weakened_before_it_was_exchanged_costs_the_time_before() -> None:
    years = YearsOfTime()
    record = _renewed(years, _first(years, 4, "sha256"), day(2028))
    years.now = day(2029)
    rehashed = rehash([record], [FILE], "sm3", years, years.material())[0]
    late = Strength(weak_from={"sha256": day(2028, 12)})
    result = years.judged(rehashed, FILE, strength=late)
    assert (result.code, result.proven_at) == ("evidence.gap", day(2029))
    assert "sha256" in result.zh and result.steps[0].code == "evidence.weak"
    assert years.judged(record, FILE, strength=late).code == "evidence.lapsed"
    assert years.judged(rehashed, FILE).proven_at == day(2026)


def test_a_signature_algorithm_that_weakened_counts_until_the_renewal_only() -> None:
    years = YearsOfTime("p256")
    record = _first(years, 1, "sm3")
    weak = Strength(weak_from={"ecdsa-sha256": day(2028)})
    assert due(record, strength=weak) == day(2028) - MARGIN
    sm2 = YearsOfTime("sm2", now=day(2027))
    years.now = day(2027)
    renewed = renew([record], sm2, years.material())[0]
    anchors = (years.top.certificate, sm2.top.certificate)
    sm2.now = years.now = day(2029)
    lists = (sm2.crl(), years.crl())
    assert sm2.judged(renewed, FILE, anchors=anchors, crls=lists, strength=weak).proven_at == day(2026)
    early = Strength(weak_from={"ecdsa-sha256": day(2026, 6)})
    assert sm2.judged(renewed, FILE, anchors=anchors, crls=lists, strength=early).proven_at == day(2027)


def test_due_is_before_the_end_of_the_authoritys_certificate() -> None:
    years = YearsOfTime()
    record = _first(years)
    end = years.keys[0].certificate.not_after
    assert due(record) == end - MARGIN
    assert due(record, margin=DAY) == end - DAY
    assert due(record, strength=Strength(weak_from={"sm3": day(2027)})) == day(2027) - MARGIN
    without = new_record(_digests(1), "sm3", _Bare(years))[0]
    with pytest.raises(EvidenceError) as caught:
        due(without)
    assert caught.value.code is EvidenceCode.BAD_REQUEST
    assert due(without, material=Material(certificates=(years.keys[0].certificate,))) == end - MARGIN


class _Bare:
    """Tokens that carry no certificate."""

    def __init__(self, years: YearsOfTime) -> None:
        self.years = years

    def token(self, imprint: bytes, algorithm: str) -> bytes:
        return self.years.token(imprint, algorithm, carries=False)


# -- revocation


def test_a_renewal_keeps_the_list_that_shows_the_authority_to_be_good() -> None:
    years = YearsOfTime()
    record = _renewed(years, _first(years), day(2028))
    held = EvidenceRecord.parse(record).chains[0][0].token
    assert [crl.this_update for crl in held.crls] == [day(2028) - DAY / 2]
    years.now = day(2030)
    without = renew([_first(YearsOfTime())], years, Material())
    assert not EvidenceRecord.parse(without[0]).chains[0][0].token.crls
    assert years.judged(record, FILE).ok
    bare = YearsOfTime()
    unproven = renew([_first(bare)], bare, Material())[0]
    bare.now = day(2026, 6)
    result = bare.judged(unproven, FILE, crls=(bare.crl(),))
    assert result.ok                                # a list of today still names certificates of today
    bare.now = day(2028, 12)
    assert bare.judged(unproven, FILE, crls=()).code == "evidence.lapsed"


def test_an_authority_that_was_revoked_after_the_renewal_does_no_harm() -> None:
    years = YearsOfTime()
    record = _renewed(years, _first(years), day(2028))
    years.now = day(2028, 3)
    years.revoked[100] = Revocation(revoked_at=day(2028, 2), reason="keyCompromise")
    assert years.judged(record, FILE).proven_at == day(2026)
    years.revoked[100] = Revocation(revoked_at=day(2028, 2), reason="keyCompromise", invalid_since=day(2027))
    result = years.judged(record, FILE)
    assert (result.code, result.proven_at) == ("evidence.gap", day(2028))


def test_an_authority_that_is_revoked_proves_nothing() -> None:
    years = YearsOfTime()
    record = _first(years)
    years.revoked[100] = Revocation(revoked_at=day(2026, 1, 20), reason="keyCompromise")
    years.now = day(2026, 2)
    assert years.judged(record, FILE).code == "evidence.lapsed"
    late = _renewed(years, record, day(2026, 3))    # by a new key: only from then on
    assert years.judged(late, FILE).proven_at == day(2026, 3)


def test_without_a_list_nothing_is_proven() -> None:
    years = YearsOfTime()
    result = years.judged(_first(years), FILE, crls=())
    assert (result.code, result.proven_at) == ("evidence.lapsed", None)


def test_a_changed_authority_needs_both_roots() -> None:
    old, new = YearsOfTime(), YearsOfTime("p256", now=day(2028))
    record = _first(old)
    old.now = day(2028)
    record = renew([record], new, old.material())[0]
    new.now = day(2029, 6)
    both = (old.top.certificate, new.top.certificate)
    assert new.judged(record, FILE, anchors=both).proven_at == day(2026)
    assert new.judged(record, FILE).proven_at == day(2028)
    assert new.judged(record, FILE, anchors=both[:1]).code == "evidence.lapsed"


# -- what cannot be made


def test_requests_that_make_no_sense_are_refused() -> None:
    years = YearsOfTime()
    record = _first(years)
    for call in (
        lambda: new_record([digest("sm3", FILE)], "sha1", years), lambda: new_record([b"short"], "sm3", years),
        lambda: rehash([record], [FILE], "md5", years, Material()),
    ):
        with pytest.raises(EvidenceError) as caught:
            call()
        assert caught.value.code is EvidenceCode.BAD_REQUEST
    with pytest.raises(EvidenceError) as caught:
        rehash([record], [FILE + b"x"], "sha512", years, years.material())
    assert caught.value.code is EvidenceCode.OTHER_FILE
    with pytest.raises(EngineError):
        renew([record[:-1]], years, Material())


def test_a_token_of_another_digest_is_not_taken() -> None:
    years = YearsOfTime()

    class Wrong:
        def token(self, imprint: bytes, algorithm: str) -> bytes:
            return years.token(bytes(len(imprint)), algorithm)

    with pytest.raises(EvidenceError) as caught:
        new_record(_digests(2), "sm3", Wrong())
    assert caught.value.code is EvidenceCode.BAD_REQUEST


def test_what_is_added_to_a_token_changes_nothing_that_is_signed() -> None:
    years = YearsOfTime()
    before = EvidenceRecord.parse(_first(years)).newest.token
    after = EvidenceRecord.parse(_renewed(years, _first(years), day(2028))).chains[0][0].token
    assert isinstance(before, TimestampToken)
    assert after.crls and not before.crls
    assert years.keys[0].certificate.verify(after.signed_attributes, after.signature, "sm2-sm3")


@pytest.mark.parametrize("table", [{"md5": "2030-01-01"}, {"sm3": "2030"}, {"sm3": 5}, {"sm3": "2030-02-30"}, []])
def test_odd_tables_of_strength_are_refused(table: object) -> None:
    with pytest.raises(StrengthError):
        Strength.read(table)


def test_what_rests_on_a_digest_falls_with_it() -> None:
    table = Strength.read({"sha256": "2031-01-01", "rsa-sha512": "2030-01-01"})
    assert not table.holds(day(2031), "ecdsa-sha256") and table.holds(day(2030), "ecdsa-sha256")
    assert table.holds(day(2040), "sm2-sm3", "sha512") and not table.holds(day(2030), "rsa-sha512")
    assert table.end("sm3") is None


# -- OCSP


def _answer(years: YearsOfTime, by: Entity, *, revocation: Revocation | None = None) -> OcspResponse:
    """What the root says of a key's certificate now."""
    top = years.top
    return OcspResponse.load(build_response(
        responder=top.certificate, key=top.key, produced_at=years.now, answers=[OcspAnswer(
            certificate=CertId.of(by.certificate.serial, top.certificate, "sha256"), revocation=revocation,
            this_update=years.now, next_update=years.now + DAY)]))


@pytest.mark.parametrize("kind", ["sm2", "p256"])
def test_ocsp_answers_serve_where_there_are_no_lists(kind: str) -> None:
    years = YearsOfTime(kind)
    record, first = _first(years), years.keys[0]
    years.now = day(2028)
    second = years.renewed_keys()
    material = Material(certificates=(years.top.certificate,), ocsp=(_answer(years, first), _answer(years, second)))
    record = renew([record], years, material)[0]
    held = EvidenceRecord.parse(record).chains[0][0].token
    assert len(held.ocsp) == 1 and not held.crls
    years.now = day(2029)
    now = (_answer(years, second),)
    assert years.judged(record, FILE, crls=(), ocsp=now).proven_at == day(2026)
    assert years.judged(record, FILE, crls=()).code == "evidence.lapsed"
    bad = (*now, _answer(years, first, revocation=Revocation(revoked_at=day(2027), reason="keyCompromise")))
    result = years.judged(record, FILE, crls=(), ocsp=bad)
    assert (result.code, result.proven_at) == ("evidence.gap", day(2028))


def test_a_token_that_carries_answers_is_no_token_of_a_signature() -> None:
    """Nothing protects what a token carries but a renewal: elsewhere answers in it are loose parts."""
    years = YearsOfTime()
    record = _first(years)
    material = Material(certificates=(years.top.certificate,), ocsp=(_answer(years, years.keys[0]),))
    token = EvidenceRecord.parse(renew([record], years, material)[0]).chains[0][0].token
    result = verify_token(token, imprint=token.imprint, anchors=(years.top.certificate,), crls=(years.crl(),),
                          at=years.now)
    assert result.code == "timestamp.loose-parts"


def test_a_large_list_is_left_out_where_an_answer_says_the_same() -> None:
    years = YearsOfTime()
    record = _first(years)
    years.revoked = {10_000 + number: Revocation(revoked_at=day(2025, 6)) for number in range(13_000)}
    assert len(years.crl().der) > 256 * 1024
    held = EvidenceRecord.parse(renew([record], years, years.material())[0]).chains[0][0].token
    assert len(held.crls) == 1
    both = Material(certificates=(years.top.certificate,), crls=(years.crl(),), ocsp=(_answer(years, years.keys[0]),))
    held = EvidenceRecord.parse(renew([record], years, both)[0]).chains[0][0].token
    assert not held.crls and len(held.ocsp) == 1


def test_lists_that_anybody_could_add_to_a_token_leave_room_for_its_renewal() -> None:
    years = YearsOfTime()
    record, own = _first(years), years.keys[-1].certificate
    token = EvidenceRecord.parse(record).newest.token
    until = {"next_update": day(2040)}
    large = scope_value(urls=["http://" + "a" * 2_000_000])
    junk = [build_crl(issuer=ca.certificate, issuer_key=ca.key, this_update=day(2025), number=1, revoked={},
                      scope=large, **until) for ca in (root("p256", name="别处"), years.top)]
    many = years.top.crl({number: Revocation(revoked_at=day(2025)) for number in range(1000, 12_000)}, **until)
    revoking = years.top.crl({own.serial: Revocation(revoked_at=day(2026))}, this_update=day(2025), **until)
    newest = years.top.crl(this_update=day(2026), number=9, **until)
    lists = [crl.der for crl in (*junk, revoking, newest)]
    filled = rewritten(token.der, [own.der], lists, [])
    stuffed = write_record([[write_timestamp("sm3", (), filled)]], ["sm3"])
    with pytest.raises(EvidenceError) as raised:
        renew([stuffed], years, Material(certificates=(years.top.certificate,), crls=(many,)))
    assert raised.value.code is EvidenceCode.BAD_REQUEST
    tidy = tidied(stuffed, Material(certificates=(years.top.certificate,)))
    assert {crl.der for crl in EvidenceRecord.parse(tidy).newest.token.crls} == {newest.der, revoking.der}
    assert years.judged(_renewed(years, tidied(record, years.material()), day(2027)), FILE).ok

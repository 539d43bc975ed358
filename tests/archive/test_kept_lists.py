"""What a package or its evidence tells against itself is not forgotten by a renewal, and strangers stay out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from archive.kept_lists import words_beside
from archive.layout import read_package
from archive.renewing import NotRenewed, Renewed, renew_all
from archive.restoring import restore
from archive.snapshot import with_snapshot
from certs.crl import Crl, Revocation, build_crl
from certs.crl_scope import scope_value
from certs.evidence import EvidenceResult, judge_evidence
from certs.evidence_build import Material, new_record, renew, tidied
from certs.evidence_record import EvidenceRecord, write_record, write_timestamp
from certs.kept_words import newest, revoking
from certs.ocsp_build import OcspAnswer, build_response
from certs.ocsp_id import CertId
from certs.timestamp_token import digest
from certs.token_evidence import rewritten
from certs.trust import Trust
from certs.x509 import Certificate
from certs.x509_build import TIME_STAMPING
from tests.archive.conftest import Kept
from tests.archive.offices import Office
from tests.archive.years import Years, years
from tests.certs.core_pki import AT, Entity, make, root
from tests.support.demo_home import CITY
from tests.support.years import BEGIN, DAY, END, YearsOfTime, day

START = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
LOST = Revocation(revoked_at=AT, reason="keyCompromise")


@pytest.fixture(scope="module")
def aged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Years, str, Certificate]]:
    """A licence whose signer's certificate had been revoked an hour before the sealing, as was told only later."""
    with years(tmp_path_factory.mktemp("kept"), START, tsa_years=5) as office:
        office.change_tsa(years=5, ca="root")       # so that no list of the sealing CA rides in the evidence
        identifier = office.kept(office.issue(1))
        yield office, identifier, office.home.authority(*CITY).sealing_signer.certificate


def told(office: Years, revoked: dict[int, Revocation]) -> Trust:
    """The home's trust with a list of the sealing CA that revokes these."""
    trust, ca = office.home.trust(), office.authority.honest.cas["sm2-issuing"].certificate
    return dataclasses.replace(trust, crls=(
        *(crl for crl in trust.crls if not crl.issued_by(ca)), Crl.load(office.authority.crl(
            "sm2-issuing", revoked=revoked))))


def all_renewed(office: Office, trust: Trust) -> list[Renewed | NotRenewed]:
    return list(renew_all(office.archive, before=office.now + 9000 * DAY, now=office.now, trust=trust,
                          timestamper=office.stamper()))


def test_a_revocation_that_an_archive_knows_outlives_the_lists_of_its_ca(
    aged: tuple[Years, str, Certificate], tmp_path: Path,
) -> None:
    office, identifier, signer = aged
    office.go(2028, 6)
    office.change_tsa(years=5, ca="root")
    known = told(office, {signer.serial: Revocation(revoked_at=START - timedelta(hours=1), reason="keyCompromise")})
    assert [type(each) for each in all_renewed(office, known)] == [Renewed]
    assert office.check(identifier, trust=known).verdict.value == "invalid"
    office.go(2031)
    silent = told(office, {})
    for again in (False, True):
        if again:
            office.change_tsa(years=5, ca="root")
            assert [type(each) for each in all_renewed(office, silent)] == [Renewed]
        report = office.check(identifier, trust=silent)
        assert report.original is not None
        assert (report.verdict.value, report.original.verdict.value) == ("invalid", "invalid")
    given = restore(office.archive.existing(identifier), tmp_path / "out", at=office.now,
                    believe=lambda snapshot: with_snapshot(silent, snapshot))
    assert not given.proven and not (tmp_path / "out" / f"{identifier}.ofd").exists()
    lists = list((office.archive.existing(identifier) / "evidence" / "crls").iterdir())
    cas = {crl.issuer for crl in silent.crls}
    assert len(lists) <= 2 * len(cas), "what says nothing more is cleared away"


def test_lists_in_parts_and_of_several_keys_of_one_name_lie_side_by_side() -> None:
    ca, other = root(), root()
    assert ca.certificate.subject == other.certificate.subject
    known = (ca.certificate, other.certificate)

    def crl(by: Entity, number: int, **more: Any) -> Crl:
        return build_crl(issuer=by.certificate, issuer_key=by.key, number=number, revoked={},
                         this_update=AT + number * DAY, next_update=AT + 99 * DAY, **more)

    parts = [crl(ca, number, scope=scope_value(urls=[f"http://a/{number}"])) for number in (1, 2)]
    assert newest(parts, known) == parts
    keys = [crl(ca, 1), crl(other, 2)]
    assert newest(keys, known) == keys
    assert newest([crl(ca, 1), crl(root("p256", name="别处"), 3), crl(ca, 2)], known)[0].number == 2


def test_of_lists_that_tell_the_same_the_first_and_the_last_are_kept() -> None:
    ca = root()
    lists = [build_crl(issuer=ca.certificate, issuer_key=ca.key, number=number, this_update=AT + number * DAY,
                       next_update=AT + 99 * DAY, revoked=revoked)
             for number, revoked in enumerate([{}, {1: LOST}, {1: LOST}, {1: LOST, 2: LOST}, {2: LOST}, {}])]
    assert {crl.number for crl in revoking(lists, [ca.certificate])} == {1, 3, 4}
    earlier = dataclasses.replace(LOST, invalid_since=AT - DAY)
    other = build_crl(issuer=ca.certificate, issuer_key=ca.key, number=9, this_update=AT + 9 * DAY,
                      next_update=AT + 99 * DAY, revoked={1: earlier})
    assert {crl.number for crl in revoking([*lists, other], [ca.certificate])} == {1, 3, 4, 9}
    assert revoking(lists, [root("p256", name="别处").certificate]) == []


def test_lists_of_cas_that_nothing_in_a_package_leads_to_do_not_come_into_it(kept: Kept) -> None:
    here, identifier = kept.office, kept.identifiers[0]
    stranger = root("p256", name="别处")
    trust = here.home.trust()
    more = dataclasses.replace(trust, roots=(*trust.roots, stranger.certificate), crls=(
        *trust.crls, stranger.crl({1: LOST}, this_update=here.now - DAY, next_update=here.now + DAY)))
    new = words_beside(read_package(here.archive.existing(identifier)).files, identifier, more).new
    assert not any(Crl.load(der).issued_by(stranger.certificate) for der in new.values())


# -- what rides in the newest token


def carrying(record: bytes, lists: list[bytes], answers: list[bytes]) -> bytes:
    """The record with more beside its newest token; nothing signs what lies there."""
    stamp = EvidenceRecord.parse(record).newest
    token = rewritten(stamp.token.der, [one.der for one in stamp.token.certificates],
                      [*(one.der for one in stamp.token.crls), *lists], [*stamp.token.ocsp, *answers])
    return write_record([[write_timestamp(stamp.algorithm, stamp.tree, token)]], [stamp.algorithm])


def test_a_list_of_the_sealing_ca_in_the_evidence_still_revokes_after_a_renewal(kept: Kept, tmp_path: Path) -> None:
    here, identifier = kept.copy(tmp_path / "archive"), kept.identifiers[0]
    signer = here.home.authority(*CITY).sealing_signer.certificate
    path = here.archive.existing(identifier) / "evidence" / "original.er"
    old, new = (here.authority.crl("sm2-issuing", this_update=here.now - timedelta(minutes=age), revoked=revoked)
                for age, revoked in ((120, {signer.serial: Revocation(
                    revoked_at=here.now - DAY, reason="keyCompromise")}), (5, {})))
    path.write_bytes(carrying(path.read_bytes(), [old, new], []))
    assert here.check(identifier).verdict.value == "invalid"
    all_renewed(here, here.home.trust())
    assert len(EvidenceRecord.parse(path.read_bytes()).stamps) == 2
    assert here.check(identifier).verdict.value == "invalid"


@pytest.mark.parametrize("word", ["list of another key", "answer", "answer of a stranger"])
def test_what_tells_of_a_loss_stays_in_a_token_and_a_strangers_word_does_not(word: str) -> None:
    time = YearsOfTime(now=day(2026))
    other = root("sm2", name="试验时间戳根 CA", not_before=BEGIN, not_after=END)
    stranger = root("p256", name="别处", not_before=BEGIN, not_after=END)
    record, own = new_record([digest("sm3", b"x")], "sm3", time)[0], time.keys[-1].certificate
    lost = Revocation(revoked_at=day(2025, 6), reason="keyCompromise")
    by = stranger if word == "answer of a stranger" else time.top
    answer = build_response(responder=by.certificate, key=by.key, produced_at=day(2026), certificates=[], answers=[
        OcspAnswer(certificate=CertId.of(own.serial, time.top.certificate), this_update=day(2026),
                   next_update=day(2026) + DAY, revocation=lost)])
    crl = other.crl({own.serial: lost}, this_update=day(2026) - DAY, next_update=day(2027), number=5)
    in_list = word.startswith("list")
    bad = carrying(record, [crl.der] if in_list else [], [] if in_list else [getattr(answer, "der", answer)])
    anchors = (time.top.certificate, other.certificate)

    def judged(one: bytes) -> EvidenceResult:
        return judge_evidence(EvidenceRecord.parse(one), b"x", anchors=anchors, crls=(time.crl(),), now=time.now)

    assert not judged(bad).ok
    material = Material(certificates=anchors, crls=(time.crl(),))
    tidy = tidied(bad, material)
    assert judged(tidy).ok is (word == "answer of a stranger")
    time.now += 30 * DAY
    assert judged(renew([tidy], time, material)[0]).ok is (word == "answer of a stranger")


def test_another_certificate_of_the_authority_that_rides_in_a_token_stays_there() -> None:
    time = YearsOfTime(now=day(2026))
    own = time.keys[-1]
    twin = make("另一张", own.key, 777, issuer=time.top, not_before=day(2025), not_after=day(2029),
                ext_key_usage=(TIME_STAMPING,))
    record = new_record([digest("sm3", b"x")], "sm3", time)[0]
    stamp = EvidenceRecord.parse(record).newest
    token = rewritten(stamp.token.der, [own.certificate.der, twin.certificate.der], [], [])
    both = write_record([[write_timestamp("sm3", stamp.tree, token)]], ["sm3"])
    left = EvidenceRecord.parse(tidied(both, time.material())).newest.token.certificates
    assert twin.certificate in left

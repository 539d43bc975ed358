"""A loss that an OCSP answer alone tells stays in a package as one that a list tells, and nothing else comes in."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

from archive.kept_lists import words_beside
from archive.layout import read_package
from archive.renewing import NotRenewed, Renewed, renew_all
from archive.restoring import restore
from archive.snapshot import with_snapshot
from certs.crl import Crl, Revocation
from certs.crl_scope import scope_value
from certs.kept_words import revoking_answers
from certs.ocsp import OcspResponse
from certs.ocsp_build import OcspAnswer, build_response
from certs.ocsp_id import CertId
from certs.x509_build import OCSP_SIGNING
from tests.archive.conftest import Kept
from tests.archive.years import Years, years
from tests.certs.core_pki import AT, Entity, make, root
from tests.support.demo_home import CITY

START = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
LOST = Revocation(revoked_at=START - timedelta(hours=1), reason="keyCompromise")
HOLD = Revocation(revoked_at=AT - DAY, reason="certificateHold")


def answered(office: Years, revocation: Revocation) -> OcspResponse:
    """The sealing CA's answer of today on the certificate that seals."""
    ca, by = office.authority.honest.cas["sm2-issuing"].certificate, office.authority.honest.responders["ocsp-sm2"]
    signer = office.home.authority(*CITY).sealing_signer.certificate
    answer = OcspAnswer(certificate=CertId.of(signer.serial, ca), this_update=office.now,
                        next_update=office.now + DAY, revocation=revocation)
    return OcspResponse.load(build_response(
        responder=by.certificate, key=by.key, produced_at=office.now, certificates=[by.certificate], answers=[answer]))


def test_a_loss_that_an_answer_alone_tells_outlives_the_answer(tmp_path: Path) -> None:
    with years(tmp_path, START, tsa_years=5) as office:
        identifier = office.kept(office.issue(1))
        office.go(2028, 6)
        office.change_tsa(years=5)
        known = dataclasses.replace(office.home.trust(), ocsp=(answered(office, LOST),))
        outcomes = list(renew_all(office.archive, before=office.now + 9000 * DAY, now=office.now, trust=known,
                                  timestamper=office.stamper()))
        assert [type(each) for each in outcomes] == [Renewed]
        office.go(2031)
        report = office.check(identifier)
        assert report.original is not None
        assert (report.verdict.value, report.original.verdict.value) == ("invalid", "invalid")
        office.change_tsa(years=5)
        assert office.renew(office.archive, before=office.now + 9000 * DAY) == [identifier]
        assert office.check(identifier).verdict.value == "invalid", "a further renewal does not forget it"
        folder = office.archive.existing(identifier)
        (path,) = (folder / "evidence" / "ocsp").iterdir()
        trust = office.home.trust()
        given = restore(folder, tmp_path / "out", at=office.now, anchors=[trust.roots[0].fingerprint],
                        believe=lambda snapshot: with_snapshot(trust, snapshot))
        assert not given.proven and "unproven/trust/ocsp/renewal-0.ors" in given.names
        path.write_bytes(b"broken")
        told = [each.code for each in office.check(identifier).findings if each.severity.value != "note"]
        assert told == ["package.evidence-missing", "package.trust-unread"]


def said(ca: Entity, by: Entity, serial: int, age: int, revocation: Revocation | None) -> OcspResponse:
    return OcspResponse.load(build_response(
        responder=by.certificate, key=by.key, produced_at=AT + age * DAY, certificates=[by.certificate], answers=[
            OcspAnswer(certificate=CertId.of(serial, ca.certificate), this_update=AT + age * DAY,
                       next_update=AT + 99 * DAY, revocation=revocation)]))


def test_of_answers_that_tell_the_same_the_first_and_the_last_are_kept_and_what_lifts_a_hold() -> None:
    ca, stranger = root(), root("p256", name="别处")
    leaf = ca.leaf("某单位", 3)
    by = make("应答者", ca.key, 9, issuer=ca, ext_key_usage=(OCSP_SIGNING,))
    known, of = [ca.certificate], [leaf.certificate]
    good, holds, lifted = said(ca, by, 3, 0, None), [said(ca, by, 3, age, HOLD) for age in (1, 2, 3)], said(
        ca, by, 3, 4, None)
    assert revoking_answers([good], known, of) == []
    assert {each.der for each in revoking_answers([lifted, *holds, good], known, of)} == {
        holds[0].der, holds[2].der, lifted.der}
    lost = said(ca, by, 3, 5, Revocation(revoked_at=AT, reason="keyCompromise"))
    assert lost in revoking_answers([*holds, lost], known, of)
    assert revoking_answers([said(ca, stranger, 3, 1, HOLD)], known, of) == [], "nobody of the CA has signed it"
    assert revoking_answers([said(ca, by, 4, 1, HOLD)], known, of) == [], "it is on another certificate"


def test_only_lists_on_what_a_package_rests_on_come_into_it(kept: Kept) -> None:
    here, identifier = kept.office, kept.identifiers[0]
    trust, signer = here.home.trust(), here.home.authority(*CITY).sealing_signer.certificate
    ca = here.authority.honest.cas["sm2-issuing"].certificate

    def crl(age: int, revoked: int, **more: bytes) -> Crl:
        return Crl.load(here.authority.crl("sm2-issuing", this_update=here.now - age * timedelta(hours=1), revoked={
            revoked: Revocation(revoked_at=here.now - DAY, reason="superseded")}, **more))

    own, others = crl(3, signer.serial), crl(2, 4711)
    part, part_on_own = (crl(1, serial, scope=scope_value(urls=["http://elsewhere.invalid/1"]))
                         for serial in (4711, signer.serial))
    newest = crl(0, 4712)
    files = read_package(here.archive.existing(identifier)).files
    more = dataclasses.replace(trust, crls=(own, others, part, newest))
    new = set(words_beside(files, identifier, more).new.values())
    assert {der for der in new if Crl.load(der).issued_by(ca)} == {own.der, newest.der}
    assert part_on_own.der in words_beside(
        files, identifier, dataclasses.replace(trust, crls=(part_on_own,))).new.values()
    foul = {**files, "evidence/crls/0.crl": others.der}
    assert words_beside(foul, identifier, more).needless == ("evidence/crls/0.crl",)
    foul["trust/roots/0.cer"] = b"broken"
    assert words_beside(foul, identifier, more).needless == (), "nobody knows what the trust of the package tells"


def test_nothing_is_written_that_could_not_be_read_again(kept: Kept, tmp_path: Path) -> None:
    here, identifier = kept.copy(tmp_path / "archive"), kept.identifiers[0]
    folder = here.archive.existing(identifier)
    strange = root("p256", name="别处").crl({}, this_update=here.now - DAY, next_update=here.now + DAY).der
    (folder / "evidence" / "crls").mkdir()
    for number in range(4000 - len(read_package(folder).files)):
        (folder / "evidence" / "crls" / f"{number}.crl").write_bytes(strange)
    before = read_package(folder)
    assert len(before.files) == 4000 and not before.odd
    fresh = dataclasses.replace(here.home.trust(), crls=tuple(
        Crl.load(here.authority.crl(role, this_update=here.now - timedelta(minutes=1))) for role in (
            "sm2-root", "sm2-issuing", "p256-root", "p256-issuing")))
    outcome = next(each for each in renew_all(
        here.archive, before=here.now + 9000 * DAY, now=here.now, trust=fresh, timestamper=here.stamper())
        if each.identifier == identifier)
    assert isinstance(outcome, NotRenewed) and outcome.error.code == "archive.too-large"
    assert "过大" in outcome.error.zh and "too large" in outcome.error.en
    assert read_package(folder) == before

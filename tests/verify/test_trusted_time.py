"""What a timestamp proves of one file: after its key was lost, and when the timestamp itself is not what it should be.

Each licence is told by its two signatures: the OFD's seal and the PDF's signature have a timestamp each.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

import docgen
from certs import der_build as build
from certs.crl import Crl, build_crl
from certs.home import Home
from certs.keystore import load_key
from certs.ses import SesSignature
from certs.timestamp_token import TimestampToken
from certs.trust import Trust
from certs.x509 import Certificate
from codes.china_time import time_en, time_zh
from registry.demo import revoke
from reports.etsi import report_etsi
from reports.html import report_html
from reports.pdf import report_pdf
from tests.docgen.records import record
from tests.support.authority import serving
from tests.support.demo_home import CITY, copied_home
from tests.support.stamping import VALUE, Clock, stamping, tokens
from tests.support.status_lists import entry, new_signer, seal_of, status_file, trusting
from tests.verify.packages import changed, entries
from verify import verify
from verify.model import Verdict
from verify.report import Report

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Loss:
    """Licences around the moment at which a key was lost.

    ``before`` and ``after`` are timestamped on either side of it, ``plain`` is older and has no timestamp;
    ``backdated`` claims to be older than the loss and was timestamped after it, by whoever has the key.
    """

    home: Home
    lost: dt.datetime
    before: docgen.Issued
    after: docgen.Issued
    plain: docgen.Issued
    backdated: docgen.Issued

    @property
    def later(self) -> dt.datetime:
        """When all of it is looked at."""
        return self.lost + 8 * DAY


@pytest.fixture(scope="module")
def loss(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loss]:
    folder, clock = tmp_path_factory.mktemp("loss"), Clock()
    start = clock.now
    own = copied_home(folder / "home")
    plain = docgen.issue(record(1), home=Home.open(own.path, environ={}, clock=clock))
    with serving(own, clock=lambda: clock.now) as authority:
        home = stamping(own, authority, clock)
        before = docgen.issue(record(2), home=home)
        clock.now = start + 4 * DAY
        after = docgen.issue(record(3), home=home)
        shutil.copytree(own.path, folder / "stolen", ignore=shutil.ignore_patterns("issued"))
        thief = docgen.Issuer(Home.open(folder / "stolen", environ={}, clock=lambda: start + DAY))
        thief._timestamper = docgen.Issuer(home)._timestamper          # the claim is old, the services' clock is not
        backdated = thief.issue(record(4))
    yield Loss(home=own, lost=start + 2 * DAY, before=before, after=after, plain=plain, backdated=backdated)


def revoked(loss: Loss, folder: Path, role: str) -> Trust:
    """What verifiers are given once the certificate of this role is revoked as of the loss."""
    shutil.copytree(loss.home.path, folder)
    home = Home.open(folder, environ={})
    authority = home.authority(*CITY)
    revoke(folder, getattr(authority, f"{role}_signer").certificate, now=loss.lost, environ={})
    return Trust.load(folder / "trust")


def judge(data: bytes, trust: Trust, at: dt.datetime) -> tuple[Verdict, str, str]:
    """Verdict, and indication and sub-indication of the first signature."""
    report: Report = verify(data, trust=trust, at=at)
    first = report.signatures[0]
    return report.verdict, first.indication, first.sub_indication


VALID = (Verdict.VALID, "TOTAL-PASSED", "")


def test_before_the_loss_all_are_genuine(loss: Loss) -> None:
    trust = loss.home.trust()
    for issued in (loss.plain, loss.before, loss.after, loss.backdated):
        for data in (issued.ofd, issued.pdf):
            assert judge(data, trust, loss.later) == VALID


def test_both_formats_name_the_root_of_the_time_that_they_rest_on(loss: Loss) -> None:
    trust = loss.home.trust()
    for data in (loss.before.ofd, loss.before.pdf):
        anchors = verify(data, trust=trust, at=loss.later).to_dict()["anchors"]
        stamped = [anchor for anchor in anchors if anchor["purpose"] == "timestamp"]
        assert stamped and {anchor["fingerprint_sm3"] for anchor in stamped} <= {one.fingerprint for one in trust.tsa}


@pytest.mark.parametrize(("role", "form"), [("sealing", "ofd"), ("pdf", "pdf")])
def test_after_a_key_is_lost_what_was_stamped_before_stays_and_nothing_else(
        loss: Loss, tmp_path: Path, role: str, form: str) -> None:
    trust = revoked(loss, tmp_path / "home", role)

    def told(issued: docgen.Issued) -> tuple[Verdict, str, str]:
        return judge(getattr(issued, form), trust, loss.later)

    assert told(loss.before) == VALID
    assert told(loss.after) == (Verdict.INVALID, "TOTAL-FAILED", "REVOKED")
    assert told(loss.backdated) == (Verdict.INVALID, "TOTAL-FAILED", "REVOKED")
    assert told(loss.plain) == (Verdict.INDETERMINATE, "INDETERMINATE", "REVOKED_NO_POE")


@pytest.mark.parametrize(("role", "form", "purpose"), [
    ("sealing", "ofd", ("签章的证书", "for the seal")), ("pdf", "pdf", ("PDF 签名的证书", "for the PDF signature")),
    ("data", "ofd", ("数据签名的证书", "for the signed QR code"))])
def test_every_form_of_the_report_names_the_revocation_that_a_timestamp_makes_harmless(
        loss: Loss, tmp_path: Path, role: str, form: str, purpose: tuple[str, str]) -> None:
    report = verify(getattr(loss.before, form), trust=revoked(loss, tmp_path / "home", role), at=loss.later)
    assert report.verdict is Verdict.VALID and report.exit_code == 0
    told = next(reason for reason in report.reasons if reason.code == "trust.revoked-later")
    proven = next(each.proven_at for each in report.signatures if each.proven_at)
    assert proven < loss.lost and not report.weighs(told)
    for text, words in ((told.zh, (purpose[0], time_zh(loss.lost), "密钥泄露", time_zh(proven), "不影响")),
                        (told.en, (purpose[1], time_en(loss.lost), "keyCompromise", time_en(proven), "not affect"))):
        assert all(word in text for word in words), text
    values = report.to_dict()
    sheet = "".join(page.extract_text() for page in PdfReader(io.BytesIO(report_pdf(values))).pages)
    for text in (report.to_text(), report.to_json(), report_html(values).decode(), report_etsi(values).decode()):
        assert "trust.revoked-later" in text and told.zh in text
    assert re.sub(r"\s", "", told.zh) in re.sub(r"\s", "", sheet)


def test_a_seal_that_the_list_has_in_use_is_told_with_the_revocation_of_its_certificate(
        loss: Loss, tmp_path: Path) -> None:
    trust = revoked(loss, tmp_path / "home", "sealing")
    lost, before = time_en(loss.lost)[:10], verify(loss.before.ofd, trust=loss.home.trust(), at=loss.later)
    assert before.to_dict()["signatures"][0]["seal"]["zh"] == "在用"
    assert not any(reason.code == "trust.revoked-later" for reason in before.reasons)
    for issued in (loss.before, loss.after, loss.plain):
        report = verify(issued.ofd, trust=trust, at=loss.later)
        seal = report.to_dict()["signatures"][0]["seal"]
        assert seal["state"] == "in-use" and "撤销" in seal["zh"] and "revoked" in seal["en"]
        assert lost in seal["zh"] and seal["zh"] in report.to_text()


def test_after_a_seal_is_listed_as_lost_it_is_the_same(loss: Loss) -> None:
    by = new_signer(loss.home)
    listed = status_file(entry("lost", since=loss.lost, seal=seal_of(loss.home)), at=loss.later, by=by)
    trust = trusting(listed, home=loss.home, by=by)
    assert judge(loss.before.ofd, trust, loss.later) == VALID
    kept = verify(loss.before.ofd, trust=trust, at=loss.later)
    note = next(reason for reason in kept.reasons if reason.code == "seal.ended-later")
    assert "挂失" in note.zh and "reported lost" in note.en and not kept.weighs(note)
    assert judge(loss.after.ofd, trust, loss.later)[0] is Verdict.INVALID
    assert judge(loss.backdated.ofd, trust, loss.later)[0] is Verdict.INDETERMINATE
    assert judge(loss.plain.ofd, trust, loss.later)[0] is Verdict.INDETERMINATE


@pytest.mark.parametrize("facts", [
    lambda loss: {"state": "retired", "until": loss.lost},
    lambda loss: {"stops": ((loss.lost, loss.lost + 3 * DAY),)},
])
def test_a_claim_from_before_the_end_of_a_seal_s_use_needs_its_timestamp_from_before(
        loss: Loss, facts: Callable[[Loss], dict[str, Any]]) -> None:
    """The seal was replaced or suspended, and its timestamp is of afterwards: nothing proves what the claim says."""
    by = new_signer(loss.home)
    listed = status_file(entry(**facts(loss), seal=seal_of(loss.home)), at=loss.later, by=by)
    trust = trusting(listed, home=loss.home, by=by)
    assert judge(loss.before.ofd, trust, loss.later) == judge(loss.plain.ofd, trust, loss.later) == VALID
    assert judge(loss.after.ofd, trust, loss.later)[0] is Verdict.INVALID
    assert judge(loss.backdated.ofd, trust, loss.later) == (
        Verdict.INDETERMINATE, "INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")


def test_after_the_certificates_end_a_timestamp_from_before_keeps_it_and_none_does_not(loss: Loss) -> None:
    authority = loss.home.authority(*CITY)
    late = authority.sealing_signer.certificate.not_after + DAY
    trust = dataclasses.replace(loss.home.trust(), crls=tuple(_prolonged(loss.home, late)), seal_status=None)
    for form, signer in (("ofd", authority.sealing_signer), ("pdf", authority.pdf_signer)):
        assert signer.certificate.not_after < late
        assert judge(getattr(loss.before, form), trust, late) == VALID
        assert judge(getattr(loss.plain, form), trust, late)[:2] == (Verdict.INDETERMINATE, "INDETERMINATE")


def _prolonged(home: Home, at: dt.datetime) -> Iterator[Crl]:
    """Lists of every CA as they are published at another time."""
    for role in ("sm2-root", "sm2-issuing", "p256-root", "p256-issuing"):
        ca = Certificate.load((home.path / "ca" / f"{role}.cer").read_bytes())
        yield build_crl(issuer=ca, issuer_key=load_key(home.path / "ca" / f"{role}.key", home.password()),
                        this_update=at - DAY, next_update=at + DAY, number=99, revoked={})


def value(data: bytes) -> SesSignature:
    return SesSignature.parse(entries(data)[VALUE], allow_timestamp=True)


def with_token(data: bytes, token: bytes | None) -> bytes:
    """The package with another timestamp in its SignedValue.dat, as anybody can make it."""
    signature = value(data)
    parts = [signature.to_sign, build.octet_string(signature.certificate), build.oid("1.2.156.10197.1.501"),
             build.bit_string(signature.signature)]
    if token is not None:
        parts.append(build.explicit(0, build.bit_string(token)))
    return changed(VALUE, lambda _: build.sequence(*parts), data)


def test_a_token_that_was_taken_away_proves_nothing_any_longer(loss: Loss, tmp_path: Path) -> None:
    bare = with_token(loss.before.ofd, None)
    trust = loss.home.trust()
    assert judge(bare, trust, loss.later) == VALID
    assert verify(bare, trust=trust, at=loss.later).signatures[0].proven_at is None
    assert judge(bare, revoked(loss, tmp_path / "home", "sealing"), loss.later) == (
        Verdict.INDETERMINATE, "INDETERMINATE", "REVOKED_NO_POE")


def flipped(token: bytes) -> bytes:
    """The token with one bit of its signature changed."""
    read = TimestampToken.parse(token)
    at = token.rindex(read.signature) + len(read.signature) - 1
    return token[:at] + bytes((token[at] ^ 1,)) + token[at + 1:]


@pytest.mark.parametrize(("change", "verdict"), [
    (lambda _, other: other, Verdict.INVALID),                        # of another licence
    (lambda own, _: flipped(own), Verdict.INVALID),
    (lambda own, _: own + b"\x00", Verdict.INDETERMINATE),
    (lambda own, _: own[:-1], Verdict.INDETERMINATE),
    (lambda _, __: b"", Verdict.INDETERMINATE),
    (lambda _, __: b"\x30\x80", Verdict.INDETERMINATE),
])
def test_a_token_that_is_none_of_this_signature_is_worse_than_none(
        loss: Loss, change: Callable[[bytes, bytes], bytes], verdict: Verdict) -> None:
    own, other = tokens(loss.before)[0].der, tokens(loss.after)[0].der
    report = verify(with_token(loss.before.ofd, change(own, other)), trust=loss.home.trust(), at=loss.later)
    assert (report.verdict, report.signatures[0].proven_at) == (verdict, None)


def test_a_token_of_an_authority_that_is_not_trusted_proves_nothing(loss: Loss, tmp_path: Path) -> None:
    trust = dataclasses.replace(revoked(loss, tmp_path / "home", "sealing"), tsa=())
    report = verify(loss.before.ofd, trust=trust, at=loss.later)
    assert report.verdict is Verdict.INDETERMINATE and report.signatures[0].proven_at is None


def test_a_token_from_the_future_of_whoever_looks_is_not_believed(loss: Loss) -> None:
    report = verify(loss.after.ofd, trust=loss.home.trust(), at=loss.lost, clock_now=loss.lost)
    assert report.verdict is not Verdict.VALID and report.signatures[0].proven_at is None


def test_a_seal_that_claims_a_time_after_its_timestamp_is_not_genuine(loss: Loss, tmp_path: Path) -> None:
    clock = Clock()
    shutil.copytree(loss.home.path, tmp_path / "home", ignore=shutil.ignore_patterns("issued"))
    own = Home.open(tmp_path / "home", environ={})
    ahead = Clock()
    ahead.now = clock.now + dt.timedelta(minutes=30)
    with serving(own, clock=clock) as authority:
        home = stamping(own, authority, clock)
        issuer = docgen.Issuer(Home.open(own.path, environ={}, clock=ahead))
        issuer._timestamper = docgen.Issuer(home)._timestamper
        issued = issuer.issue(record(9))
    report = verify(issued.ofd, trust=home.trust(), at=ahead.now + DAY)
    assert report.verdict is not Verdict.VALID
    assert "value.timestamp-order" in {each.code for each in report.signatures[0].reasons}


def test_no_bit_of_a_timestamp_can_change_unnoticed(loss: Loss) -> None:
    sealed, signed = (each.der for each in tokens(loss.before))
    trust = loss.home.trust()
    for number, place in enumerate(range(0, len(sealed), 29)):
        changed_token = bytearray(sealed)
        changed_token[place] ^= 1 << number % 8
        report = verify(with_token(loss.before.ofd, bytes(changed_token)), trust=trust, at=loss.later)
        assert report.verdict is not Verdict.VALID and report.signatures[0].proven_at is None, place
    digits = signed.hex().encode()
    for number, place in enumerate(range(0, len(signed), 29)):
        changed_token = bytearray(signed)
        changed_token[place] ^= 1 << number % 8
        data = loss.before.pdf.replace(digits, changed_token.hex().encode())
        report = verify(data, trust=trust, at=loss.later)
        assert report.verdict is not Verdict.VALID and report.signatures[0].proven_at is None, place

"""What a renewal would not carry is not renewed: the rendition's time is looked after as that of the records is, and a
package that somebody made unreadable keeps no other from its turn."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.advice import advise
from archive.checking import check_files
from archive.errors import ArchiveError, told_by_name
from archive.layout import read_package
from archive.listing import lines
from archive.making import Refused, put_in
from archive.renewing import NotRenewed, Renewed, renew_all
from archive.snapshot import snapshot_trust
from certs import sm2
from certs.evidence_build import new_record
from certs.sm3 import sm3
from certs.trust import Trust
from certs.tsp_build import build_token
from certs.x509_build import TIME_STAMPING, build_certificate
from tests.archive.conftest import Kept
from tests.archive.offices import Office, office
from tests.archive.years import Years, years
from tests.certs.test_x509_loose import SLOVENLY, certified

START = datetime(2027, 3, 1, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def outcomes(here: Office, trust: Trust) -> dict[str, Renewed | NotRenewed]:
    return {each.identifier: each for each in renew_all(
        here.archive, before=here.now + 9000 * DAY, now=here.now, trust=trust, timestamper=here.stamper())}


def without_lists_of_pdf_services(here: Years) -> Trust:
    trust, ca = here.home.trust(), here.authority.honest.cas["p256-issuing"].certificate
    return dataclasses.replace(trust, crls=tuple(crl for crl in trust.crls if not crl.issued_by(ca)))


@pytest.mark.parametrize(("month", "day"), [(12, 10), (2, 20)])
def test_where_a_list_on_the_timestamp_of_the_pdf_is_wanting_the_renewal_waits_while_it_can(
    tmp_path: Path, month: int, day: int,
) -> None:
    with years(tmp_path, START, tsa_years=4, forgetful=True) as here:       # until the end of February 2031
        identifier = here.kept(here.issue(1))
        here.go(2030 if month == 12 else 2031, month, day)
        here.change_tsa(years=4)
        before = read_package(here.archive.existing(identifier)).files
        outcome = outcomes(here, without_lists_of_pdf_services(here))[identifier]
        if month == 2:
            assert isinstance(outcome, Renewed) and outcome.unshown, "it can wait no longer"
            return
        assert isinstance(outcome, NotRenewed) and outcome.error.code == "archive.unshown"
        assert f"rendition/{identifier}.pdf" in outcome.error.zh and f"rendition/{identifier}.pdf" in outcome.error.en
        assert read_package(here.archive.existing(identifier)).files == before
        assert isinstance(outcomes(here, here.home.trust())[identifier], Renewed)
        here.go(2032)
        assert here.check(identifier).verdict.value == "valid"


def test_a_renewal_that_comes_too_late_for_the_pdf_alone_says_so(tmp_path: Path) -> None:
    with years(tmp_path, START, tsa_years=4) as here:
        sm2_service = here.authority.honest.responders["tsa-sm2"]
        here.change_tsa(years=1)
        here.authority.honest = dataclasses.replace(
            here.authority.honest, responders={**here.authority.honest.responders, "tsa-sm2": sm2_service})
        identifier = here.kept(here.issue(1))
        here.go(2028, 6)
        here.change_tsa(years=4)
        outcome = outcomes(here, here.home.trust())[identifier]
        assert isinstance(outcome, Renewed) and outcome.lapse is not None and outcome.lapse.at is not None
        assert outcome.lapse.at.date().isoformat() == "2028-02-28"


def test_a_document_timestamp_of_nobody_that_is_believed_is_told_and_not_renewed(tmp_path: Path) -> None:
    with years(tmp_path, START, tsa_years=4) as here:
        identifier = here.kept(here.issue(1))
        trust = here.home.trust()
        mine = dataclasses.replace(trust, tsa=tuple(one for one in trust.tsa if "SM2" in one.subject_text))
        assert len(mine.tsa) == 1
        outcome = outcomes(here, mine)[identifier]
        assert isinstance(outcome, NotRenewed) and outcome.error.code == "archive.damaged"
        assert f"rendition/{identifier}.pdf" in outcome.error.en


# -- what somebody made of a package


class Nobody:
    """A timestamp service that nobody believes."""

    def __init__(self, ended: datetime) -> None:
        self.key = sm2.PrivateKey.generate()
        self.certificate = build_certificate(
            subject=(("C", "CN"), ("O", "某"), ("CN", "某")), spki=self.key.spki, issuer=None, issuer_key=self.key,
            serial=5, not_before=ended - DAY, not_after=ended, key_usage=("digitalSignature",),
            ext_key_usage=(TIME_STAMPING,))

    def token(self, imprint: bytes, algorithm: str) -> bytes:
        """A token of this year."""
        return build_token(
            imprint=imprint, algorithm=algorithm, gen_time=datetime(2026, 1, 1, tzinfo=UTC), serial=7, policy="1.2.3",
            certificate=self.certificate, key=self.key, nonce=None, chain=(), carries=True)


@pytest.mark.parametrize("ended", [datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)])
def test_a_token_at_an_end_of_the_calendar_is_told_of_its_own_package_alone(
    kept: Kept, tmp_path: Path, ended: datetime,
) -> None:
    here, (first, second) = kept.copy(tmp_path / "archive"), kept.identifiers
    folder = here.archive.existing(first)
    original = read_package(folder).files[f"original/{first}.ofd"]
    (folder / "evidence" / "original.er").write_bytes(new_record([sm3(original)], "sm3", Nobody(ended))[0])
    assert {line.identifier for line in lines(here.archive)} == {first, second}
    assert here.check(first).verdict.value != "valid" and here.check(second).verdict.value == "valid"
    done = outcomes(here, here.home.trust())
    assert isinstance(done[second], Renewed)
    told = done[first]
    assert isinstance(told, NotRenewed) and told.error.code == "archive.damaged"


def test_whatever_breaks_over_a_package_is_told_of_it_by_name(kept: Kept) -> None:
    identifier = kept.identifiers[0]

    def broken(_: Trust | None) -> Trust | None:
        raise RecursionError

    report = check_files(read_package(kept.office.archive.existing(identifier)), believe=broken, at=kept.office.now)
    assert (report.verdict.value, report.intact) == ("indeterminate", False)
    assert [each.code for each in report.findings] == ["package.unread"] and identifier in report.findings[0].zh
    first = advise(report)
    assert first is not None and (first.code, first.cure) == ("package.unread", None) and "备份" in first.cause.zh
    with pytest.raises(ArchiveError) as told, told_by_name(identifier):
        raise ZeroDivisionError
    assert told.value.code == "archive.unreadable" and identifier in told.value.en
    with pytest.raises(KeyboardInterrupt), told_by_name(identifier):
        raise KeyboardInterrupt


def test_what_its_own_check_would_find_at_fault_does_not_come_into_an_archive(kept: Kept, tmp_path: Path) -> None:
    class Half:
        """Stamps PDFs by the services of the office, and evidence by nobody."""

        def token(self, imprint: bytes, algorithm: str) -> bytes:
            stamper: Callable[[bytes, str], bytes] = (
                Nobody(datetime(2030, 1, 1, tzinfo=UTC)).token if algorithm == "sm3" else kept.office.stamper().token)
            return stamper(imprint, algorithm)

    with office(tmp_path) as here:
        (outcome,) = put_in(here.archive, [(Path("1.ofd"), kept.packages[0])], home=kept.office.home,
                            timestamper=Half())
        assert isinstance(outcome, Refused) and outcome.error.code == "archive.not-good"
        assert list(here.archive.identifiers()) == []


def test_what_could_not_be_read_again_does_not_come_into_an_archive(tmp_path: Path) -> None:
    with office(tmp_path) as here:
        package, fonts = here.issue(1), here.home.trust_dir / "fonts"
        fonts.mkdir(exist_ok=True)
        for number in range(4000):                  # each package takes the outlines of the trust folder along
            (fonts / f"{number:064x}.outlines").write_bytes(b"x")
        (outcome,) = here.put(package)
        assert isinstance(outcome, Refused) and outcome.error.code == "archive.too-large"
        assert list(here.archive.identifiers()) == []


def test_a_slovenly_certificate_in_the_trust_folder_spoils_no_package(tmp_path: Path) -> None:
    with office(tmp_path) as here:
        folder = here.home.trust_dir / "intermediates"
        (folder / "slovenly.cer").write_bytes(certified(SLOVENLY["FALSE written out"]))
        identifier = here.kept(here.issue(1))
        trust = snapshot_trust(read_package(here.archive.existing(identifier)).files)
        assert trust is not None and len(trust.intermediates) == len(here.home.trust().intermediates)
        assert here.check(identifier).verdict.value == "valid"

"""A renewal that only a list in force is wanting for is put off while it can wait, and told where it cannot."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.advice import advise
from archive.layout import read_package
from archive.renewing import NotRenewed, Renewed, renew_all
from certs.crl import Crl
from certs.demo_pki import TREES
from certs.evidence_record import EvidenceRecord
from certs.trust import Trust
from tests.archive.years import Years, years
from tests.support.command import Call, caller

DAY = timedelta(days=1)
START = datetime(2027, 3, 1, 2, 0, tzinfo=UTC)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[tuple[Years, str]]:
    """A licence whose timestamp service ends at the end of February 2031."""
    with years(tmp_path, START, tsa_years=4) as office:
        yield office, office.kept(office.issue(1))


def to_another_ca(office: Years) -> None:
    """Services of another CA from now on; of the CA of the services before no list is left in the trust folder."""
    office.change_tsa(years=4, ca="root")
    before = [office.authority.honest.cas[f"{tree}-issuing"].certificate for tree in TREES]
    for path in (office.home.trust_dir / "crls").iterdir():
        if any(Crl.load(path.read_bytes()).issued_by(ca) for ca in before):
            path.unlink()


def renewed(office: Years, trust: Trust) -> Renewed | NotRenewed:
    (outcome,) = renew_all(office.archive, before=office.now + 400 * DAY, now=office.now, trust=trust,
                           timestamper=office.stamper())
    return outcome


def stamps(office: Years, identifier: str) -> int:
    files = read_package(office.archive.existing(identifier)).files
    return len(EvidenceRecord.parse(files["evidence/original.er"]).stamps)


def test_without_a_list_in_force_a_renewal_in_time_waits_and_the_earlier_proof_is_kept(
    scene: tuple[Years, str],
) -> None:
    here, identifier = scene
    here.go(2030, 12, 10)
    here.change_tsa(years=4)
    outcome = renewed(here, dataclasses.replace(here.home.trust(), crls=()))
    assert isinstance(outcome, NotRenewed) and outcome.error.code == "archive.unshown"
    assert "现行撤销列表" in outcome.error.zh and "current list" in outcome.error.en
    assert stamps(here, identifier) == 1
    done = renewed(here, here.home.trust())
    assert isinstance(done, Renewed) and not done.unshown and stamps(here, identifier) == 2
    here.go(2032, 6, 1)
    existed = here.check(identifier).existed_at
    assert existed is not None and existed.year == 2027


def test_what_cannot_wait_is_renewed_and_told_and_is_not_called_late(scene: tuple[Years, str]) -> None:
    here, identifier = scene
    here.go(2031, 2, 20)
    to_another_ca(here)
    outcome = renewed(here, here.home.trust())
    assert isinstance(outcome, Renewed) and outcome.unshown and outcome.lapse is None
    token = EvidenceRecord.parse(read_package(here.archive.existing(identifier)).files[
        "evidence/original.er"]).stamps[0].token
    assert token.crls, "what the package has of the earlier CA rides along"
    here.go(2031, 2, 21)
    report = here.check(identifier)
    assert report.existed_at is not None and report.existed_at.year == 2027, "a list of today makes up for it"
    here.go(2032, 6, 1)
    to_another_ca(here)
    told = advise(here.check(identifier))
    assert told is not None and told.code == "package.evidence-unshown"
    assert "逾期" not in told.cause.zh and "too late" not in told.cause.en
    assert told.cure is not None and "撤销列表" in told.cure.zh and "revocation list" in told.cure.en


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    return caller(monkeypatch, capfd, "archive")


@pytest.mark.parametrize(("left", "code", "words"), [
    (60, 1, "archive.unshown"), (9, 4, "")])
def test_the_command_says_so(tmp_path: Path, call: Call, left: int, code: int, words: str) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    with years(tmp_path, now - (365 - left) * DAY, tsa_years=1) as office:
        office.kept(office.issue(1))
        office.go_to_present(now)
        to_another_ca(office)
        told = call("renew", office.archive.path, "--home", office.home.path, "--json")
        value = json.loads(told[1])
        assert told[0] == code and value["renewed"] is (code == 4)
        assert value.get("error", "") == words and value.get("unshown", True)
        assert code == 1 or ("1 件续期时没有" in told[2] and "for 1 no current revocation list" in told[2])

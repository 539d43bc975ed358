"""Renewal: what is due, many under one timestamp, stopped half way, and never of what is damaged."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.layout import read_package
from archive.manifest import Listed, Manifest
from archive.renewing import NotRenewed, Renewed, renew_all
from archive.store import Archive
from certs import p256
from certs.csr import SIGNING
from certs.evidence_record import EvidenceRecord, write_record, write_timestamp
from certs.strength import Strength
from certs.timestamp_token import MAX_CERTIFICATES
from certs.token_evidence import rewritten
from certs.tsa import Timestampers
from certs.x509_build import build_certificate
from tests.archive.offices import copied
from tests.archive.years import Years, years
from tests.support.falling import fall_at
from tests.support.limits import disk_of

START = datetime(2027, 3, 1, 2, 0, tzinfo=UTC)
STEPS = ((os, "fsync"), (Path, "replace"), (Path, "mkdir"))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Years, list[str]]]:
    """Three licences whose timestamp service ends in February 2031; it is December 2030 and there is a new one."""
    with years(tmp_path_factory.mktemp("renewing"), START, tsa_years=4) as office:
        identifiers = [each.identifier for each in office.put(*(office.issue(number) for number in (1, 2, 3)))]
        office.go(2030, 12, 10)
        office.change_tsa(years=4)
        yield office, identifiers


@pytest.fixture
def here(scene: tuple[Years, list[str]], tmp_path: Path) -> Iterator[Years]:
    """The office over a copy of its archive."""
    office, _ = scene
    own, office.archive = office.archive, Archive(copied(office.archive.path, tmp_path / "archive"))
    yield office
    office.archive = own


def stamps(office: Years, identifier: str) -> list[int]:
    """How many timestamps its two records and its rendition have."""
    files = read_package(office.archive.existing(identifier)).files
    return [*(len(EvidenceRecord.parse(files[f"evidence/{name}.er"]).stamps) for name in ("manifest", "original")),
            files[f"rendition/{identifier}.pdf"].count(b"/Type/DocTimeStamp")]


def test_all_that_is_due_is_renewed_under_one_timestamp(here: Years) -> None:
    asked = len(here.authority.asked)
    done = here.renew(here.archive)
    assert len(done) == 3
    tokens = {EvidenceRecord.parse(data).newest.token.der for identifier in done
              for name, data in read_package(here.archive.existing(identifier)).files.items() if name.endswith(".er")}
    assert len(tokens) == 1
    requests = [path for path, _ in here.authority.asked[asked:] if path.startswith("/tsa/")]
    assert 4 <= len(requests) <= 7, "one for all the records, and one for each PDF, which may ask both services"
    for identifier in done:
        assert stamps(here, identifier) == [2, 2, 2]
        report = here.check(identifier)
        assert (report.verdict.value, report.intact) == ("valid", True)
        assert report.existed_at is not None and report.existed_at.year == 2027
    assert here.renew(here.archive) == []


def test_what_a_stopped_writer_left_anywhere_is_cleared_away(here: Years, scene: tuple[Years, list[str]]) -> None:
    folder = here.archive.existing(scene[1][0])
    left = [folder / place / ".x.tmp-0123456789ab" for place in (".", "original", "trust/roots", "evidence")]
    for path in left:
        path.write_bytes(b"half")
    assert len(here.renew(here.archive)) == 3
    assert not any(path.exists() for path in left)


def test_only_what_is_due_before_the_day_is_renewed(here: Years) -> None:
    assert here.renew(here.archive, before=datetime(2030, 11, 1, tzinfo=UTC)) == []
    assert len(here.renew(here.archive, before=datetime(2030, 12, 31, tzinfo=UTC))) == 3


def test_what_is_damaged_is_told_and_left_alone(here: Years, scene: tuple[Years, list[str]]) -> None:
    first, second, third = scene[1]
    (here.archive.existing(first) / "record.xml").write_bytes(b"changed")
    (here.archive.existing(second) / "evidence" / "original.er").unlink()
    outcomes = {each.identifier: each for each in renew_all(
        here.archive, before=datetime(2031, 1, 1, tzinfo=UTC), now=here.now, trust=here.home.trust(),
        timestamper=here.stamper())}
    assert isinstance(outcomes[third], Renewed)
    for each in (first, second):
        outcome = outcomes[each]
        assert isinstance(outcome, NotRenewed) and outcome.error.code == "archive.damaged"
    assert stamps(here, first) == [1, 1, 1]


def with_strangers(record: bytes) -> bytes:
    """The record with certificates of strangers in its newest token, as many as a reader takes: nothing signs them."""
    newest = EvidenceRecord.parse(record).newest
    token = newest.token
    own = [one.der for one in token.certificates if token.names(one)]
    made = []
    for number in range(MAX_CERTIFICATES - len(own)):
        key, name = p256.PrivateKey.generate(), (("CN", f"stranger {number}"),)
        made.append(build_certificate(
            subject=name, spki=key.spki, issuer=None, issuer_key=key, serial=number + 1, not_before=START,
            not_after=datetime(2040, 1, 1, tzinfo=UTC), key_usage=SIGNING).der)
    bag = rewritten(token.der, [*own, *made], [one.der for one in token.crls], token.ocsp)
    return write_record([[write_timestamp(newest.algorithm, newest.tree, bag)]], [newest.algorithm])


def test_certificates_of_strangers_in_a_token_keep_nothing_from_being_renewed(
    here: Years, scene: tuple[Years, list[str]],
) -> None:
    folder = here.archive.existing(scene[1][0]) / "evidence"
    for path in (folder / "manifest.er", folder / "original.er"):
        path.write_bytes(with_strangers(path.read_bytes()))
    assert len(here.renew(here.archive)) == 3
    for identifier in scene[1]:
        assert stamps(here, identifier) == [2, 2, 2]
        assert here.check(identifier).verdict.value == "valid"
    carried = EvidenceRecord.parse((folder / "manifest.er").read_bytes()).stamps[0].token.certificates
    assert carried and not any("stranger" in one.subject_text for one in carried)


@pytest.mark.parametrize("weak", [{}, {"sm3": "2031-02-01"}])
def test_evidence_of_another_file_is_not_renewed_and_keeps_no_neighbour_from_it(
    here: Years, scene: tuple[Years, list[str]], weak: dict[str, str],
) -> None:
    """Whoever exchanges the original and the manifest with it has a whole package, and no evidence of it."""
    forged, *others = scene[1]
    folder = here.archive.existing(forged)
    manifest = Manifest.parse((folder / "manifest.json").read_bytes())
    assert manifest is not None
    name = f"original/{forged}.ofd"
    (folder / name).write_bytes(b"PK another licence")
    files = {**manifest.files, name: Listed.of(b"PK another licence")}
    (folder / "manifest.json").write_bytes(dataclasses.replace(manifest, files=files).to_json())
    trust = dataclasses.replace(here.home.trust(), strength=Strength.read(weak))
    outcomes = {each.identifier: each for each in renew_all(
        here.archive, before=datetime(2031, 1, 1, tzinfo=UTC), now=here.now, trust=trust,
        timestamper=_Elsewhere(here) if weak else here.stamper())}
    refused = outcomes[forged]
    assert isinstance(refused, NotRenewed) and refused.error.code == "archive.damaged"
    assert "does not hold" in refused.error.en and "不成立" in refused.error.zh
    assert all(isinstance(outcomes[each], Renewed) for each in others)
    assert stamps(here, forged) == [1, 1, 1] and stamps(here, others[0])[:2] == [2, 2]


def test_evidence_of_an_authority_that_nobody_believes_is_not_renewed(here: Years) -> None:
    stranger = dataclasses.replace(here.home.trust(), tsa=())
    outcomes = list(renew_all(here.archive, before=datetime(2031, 1, 1, tzinfo=UTC), now=here.now, trust=stranger,
                              timestamper=here.stamper()))
    assert [each.error.code for each in outcomes if isinstance(each, NotRenewed)] == ["archive.damaged"] * 3


def test_without_a_service_nothing_is_renewed_and_nothing_lost(here: Years, scene: tuple[Years, list[str]]) -> None:
    here.authority.twist = here.authority.lying_tsa("sm2", imprint=bytes(32))
    try:
        outcomes = list(renew_all(here.archive, before=datetime(2031, 1, 1, tzinfo=UTC), now=here.now,
                                  trust=here.home.trust(), timestamper=here.stamper()))
    finally:
        here.authority.twist = None
    assert all(isinstance(each, NotRenewed) for each in outcomes) and len(outcomes) == 3
    assert [stamps(here, each) for each in scene[1]] == [[1, 1, 1]] * 3


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5, 6, 8, 10, 13, 16])
def test_killed_half_way_every_package_is_good_and_the_rest_is_still_due(
    here: Years, scene: tuple[Years, list[str]], step: int,
) -> None:
    child = os.fork()
    if child == 0:
        fall_at(step, *STEPS)
        try:
            here.renew(here.archive)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    for identifier in scene[1]:
        assert here.check(identifier).verdict.value == "valid"
    here.renew(here.archive)
    for identifier in scene[1]:
        assert {2, 3} >= set(stamps(here, identifier)), "renewed once, or once more where one file had not been reached"
        report = here.check(identifier)
        assert report.verdict.value == "valid"
        assert not any(each.code == "package.left-over" for each in report.findings)
    assert here.renew(here.archive) == []


def test_a_full_disk_leaves_what_was_there(here: Years, scene: tuple[Years, list[str]]) -> None:
    with disk_of(64):
        outcomes = list(renew_all(here.archive, before=datetime(2031, 1, 1, tzinfo=UTC), now=here.now,
                                  trust=here.home.trust(), timestamper=here.stamper()))
    assert {each.error.code for each in outcomes if isinstance(each, NotRenewed)} == {"file.no-space"}
    for identifier in scene[1]:
        assert here.check(identifier).verdict.value == "valid"


def test_another_process_that_renewed_meanwhile_is_not_undone(here: Years, scene: tuple[Years, list[str]]) -> None:
    """The records are written only over those that the new ones were made from."""
    identifier = scene[1][0]
    outcomes = renew_all(here.archive, before=datetime(2031, 1, 1, tzinfo=UTC), now=here.now, trust=here.home.trust(),
                         timestamper=_Between(here, identifier))
    assert sum(isinstance(each, Renewed) for each in outcomes) == 3
    assert stamps(here, identifier)[:2] == [2, 2]
    assert here.check(identifier).verdict.value == "valid"


@dataclasses.dataclass
class _Between:
    """A service before whose first answer somebody else renews."""

    office: Years
    identifier: str
    done: bool = False

    def token(self, imprint: bytes, algorithm: str) -> bytes:
        """A good token."""
        if not self.done:
            self.done = True
            self.office.renew(self.office.archive)
        return self.office.stamper().token(imprint, algorithm)


def test_before_a_digest_weakens_records_get_a_chain_by_another(here: Years, scene: tuple[Years, list[str]]) -> None:
    """From 2031 on SM3 counts no more: until then SHA-256 has to hold what it held."""
    weak = dataclasses.replace(here.home.trust(), strength=Strength.read({"sm3": "2031-02-01"}))
    before = datetime(2031, 1, 1, tzinfo=UTC)
    done = list(renew_all(here.archive, before=before, now=here.now, trust=weak, timestamper=_Elsewhere(here)))
    assert all(isinstance(each, Renewed) for each in done) and len(done) == 3, done
    for identifier in scene[1]:
        files = read_package(here.archive.existing(identifier)).files
        record = EvidenceRecord.parse(files["evidence/manifest.er"])
        assert [chain[0].algorithm for chain in record.chains] == ["sm3", "sha256"]
        report = here.check(identifier, at=datetime(2030, 12, 20, tzinfo=UTC), trust=weak)
        assert report.verdict.value == "valid", report.findings


def test_where_no_digest_is_left_nothing_is_renewed(here: Years) -> None:
    weak = dataclasses.replace(here.home.trust(), strength=Strength.read(
        dict.fromkeys(("sm3", "sha256", "sha384", "sha512"), "2031-01-05")))
    outcomes = list(renew_all(here.archive, before=datetime(2031, 1, 1, tzinfo=UTC), now=here.now, trust=weak,
                              timestamper=here.stamper()))
    assert [each.error.code for each in outcomes if isinstance(each, NotRenewed)] == ["archive.weak"] * 3


@dataclasses.dataclass
class _Elsewhere:
    """The service with P-256 keys alone, as one turns to when SM3 no longer counts."""

    office: Years

    def token(self, imprint: bytes, algorithm: str) -> bytes:
        """A token of the P-256 service."""
        trust = self.office.home.trust()
        return Timestampers([self.office.authority.tsa_url("p256")], anchors=trust.tsa, crls=trust.crls,
                            intermediates=trust.intermediates, clock=self.office.home.clock).token(imprint, algorithm)

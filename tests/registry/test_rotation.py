"""Rotation: a successor with new keys and the same imprint takes over at the set moment, and sealing goes on."""

from __future__ import annotations

import base64
import io
import textwrap
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import docgen
from certs.approval import ApprovalError, Terms
from certs.csr import CertificateRequest
from certs.home import Home
from certs.seal import SealFile
from certs.seal_folder import seal_in_use, seal_uses
from certs.trust import Trust, key_id
from certs.x509 import Certificate
from docgen.issued import Issued
from registry.cases import phase_of
from registry.demo_files import DemoFiles
from registry.demo_office import DemoOffice
from registry.publication import LONGEST, publish, status_signer
from registry.renewal_keys import CertificateFolder, DemoCertifier
from registry.rotation import Rotation, RotationState
from registry.rotation_plan import plan
from registry.states import Phase
from registry.tables import Act
from tests.docgen.records import record
from tests.support.approvals import approve
from tests.support.demo_home import CITY
from tests.support.postgresql import Server
from tests.support.rotations import DAY, ENDS, NOW, SECOND, START, Aged, age, aged_home
from verify import verify
from verify.model import Verdict

STEPS = ["keys", "renew", "review-county", "make", "approve", "activate"]


@pytest.fixture
def aged(tmp_path: Path) -> Iterator[Aged]:
    """A home whose seals end in twenty days."""
    aged = Aged.open(aged_home(tmp_path / "home"))
    yield aged
    aged.registry.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Aged]:
    """The same, in each database."""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgresql")
        age(tmp_path / "home", url=server.new_database())
    else:
        aged_home(tmp_path / "home")
    aged = Aged.open(tmp_path / "home")
    yield aged
    aged.registry.close()


@pytest.mark.req("R-003-10", "R-003-13", "R-003-14", "R-003-15")
def test_every_due_seal_gets_a_successor_with_new_keys_and_the_same_imprint(anywhere: Aged) -> None:
    aged = anywhere
    before = aged.files()
    results = aged.rotate()
    assert len(results) == 3
    for code, rotation in results.items():
        assert (rotation.state, rotation.steps, rotation.error) == (RotationState.ROTATED, STEPS, None)
        old, new = aged.rows(code)
        assert (new.case, new.seal_id, new.predecessor) == (rotation.case, rotation.seal_id, old.case)
        assert new.imprint_sm3 == old.imprint_sm3
        assert old.in_use_until == new.in_use_from == START and new.in_use_until is None
        assert new.custodian is not None and new.county_reviewer is not None and new.upper_reviewer is None
        folder = aged.path / "authorities" / code
        seals = [SealFile.load((folder / str(row.seal_id) / "seal.esl").read_bytes()) for row in (old, new)]
        assert seals[0].imprint == seals[1].imprint and seals[0].seal_id != seals[1].seal_id
        assert seals[1].valid_end > ENDS + 1000 * DAY
        for role in ("sealing", "data", "pdf"):
            keys = {Certificate.load((folder / str(row.seal_id) / f"{role}.cer").read_bytes()).public_key.spki
                    for row in (old, new)}
            assert len(keys) == 2, role
        assert sorted(path.name for path in folder.iterdir()) == sorted(
            ["authority.json", str(old.seal_id), str(new.seal_id)])
        data = {path.name for path in (aged.path / "trust" / "data-signing").iterdir()}
        assert {f"{key_id(Certificate.load((folder / str(row.seal_id) / 'data.cer').read_bytes())).hex()}.cer"
                for row in (old, new)} <= data
        assert [phase_of(row, START - SECOND) for row in (old, new)] == [Phase.IN_USE, Phase.SCHEDULED]
        assert [phase_of(row, START) for row in (old, new)] == [Phase.RETIRED, Phase.IN_USE]
    untouched = {name for name in before if not name.endswith("use.json")}
    assert {name: before[name] for name in untouched} == {name: aged.files()[name] for name in untouched}


def test_at_every_moment_one_seal_is_used(aged: Aged) -> None:
    results = aged.rotate()
    for code, rotation in results.items():
        uses = seal_uses(aged.path, code)
        for moment, seal in [
                (NOW, rotation.due.seal_id), (START - SECOND, rotation.due.seal_id), (START, rotation.seal_id),
                (START + SECOND / 2, rotation.seal_id), (ENDS + DAY, rotation.seal_id)]:
            assert seal_in_use(uses, moment, name="") == seal
        open_ones = [seal for seal, use in uses.items() if use.begun(START) and not use.ended(START)]
        assert open_ones == [rotation.seal_id], "no overlap"


def issue(aged: Aged, sequence: int, at: datetime) -> Issued:
    """Issue a licence of the city at a moment."""
    return docgen.issue(record(sequence), home=Home.open(aged.path, environ={}, clock=lambda: at))


def verdicts(issued: Issued, trust: Trust, at: datetime) -> list[Verdict]:
    """What a verifier says of both files."""
    return [verify(data, trust=trust, at=at, clock_now=at).verdict for data in (issued.ofd, issued.pdf)]


@pytest.mark.req("R-003-13", "R-003-22")
def test_licences_are_issued_without_a_gap_and_what_the_old_seal_sealed_stays_genuine(aged: Aged) -> None:
    rotation = aged.rotate()[CITY[0]]
    first, last, next_ = issue(aged, 90001, NOW), issue(aged, 90002, START - SECOND), issue(aged, 90003, START)
    seals = [SealFile.load(_seal_of(one)).seal_id for one in (first, last, next_)]
    assert seals == [rotation.due.seal_id, rotation.due.seal_id, rotation.seal_id]
    assert [one.approval for one in (first, last, next_)] == [
        f"standing-{CITY[0]}-01", f"standing-{CITY[0]}-01", rotation.approvals[0].new]
    publish(aged.registry, signer=status_signer(aged.home()), valid_for=LONGEST)
    trust = aged.home().trust()
    for one in (first, last, next_):
        assert verdicts(one, trust, START + DAY) == [Verdict.VALID, Verdict.VALID]
        assert verdicts(one, trust, ENDS) == [Verdict.VALID, Verdict.VALID]
    after = [verdicts(one, trust, ENDS + SECOND) for one in (first, last, next_)]
    assert after == [[Verdict.INDETERMINATE] * 2] * 2 + [[Verdict.VALID] * 2]


def _seal_of(issued: Issued) -> bytes:
    with zipfile.ZipFile(io.BytesIO(issued.ofd)) as package:
        return package.read("Doc_0/Signs/Sign_0/Seal.esl")


def test_what_is_done_is_not_done_again(aged: Aged) -> None:
    first = aged.rotate()
    rows, files, events = {code: aged.rows(code) for code in first}, aged.files(), aged.events()
    again = aged.rotate()
    assert {code: (one.state, one.steps, one.case, one.seal_id) for code, one in again.items()} == {
        code: (RotationState.ROTATED, [], one.case, one.seal_id) for code, one in first.items()}
    assert aged.files() == files and aged.events() == events
    assert {code: [row.version for row in aged.rows(code)] for code in first} == {
        code: [row.version for row in some] for code, some in rows.items()}
    aged.now = START + DAY
    assert aged.rotate() == {}


# -- certificates and persons that are not at hand


def certify(aged: Aged, out: Path, *, pem: bool = False) -> None:
    """Certify the requests in a folder as a CA elsewhere would, and put something else beside them."""
    out.mkdir(exist_ok=True)
    ca = DemoCertifier(aged.path, aged.home().password(), now=aged.now)
    for path in aged.path.glob("authorities/*/.renewal-*/*.csr"):
        der = ca.certificate_for(path.stem, CertificateRequest.load(path.read_bytes())).der
        name = f"{path.parts[-3]}-{path.stem}"
        if pem:
            text = "\r\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64))
            (out / f"{name}.PEM").write_text(f"-----BEGIN CERTIFICATE-----\r\n{text}\r\n-----END CERTIFICATE-----\r\n")
        else:
            (out / f"{name}.cer").write_bytes(der)
    (out / "stranger.cer").write_bytes((aged.path / "ca" / "sm2-root.cer").read_bytes())
    (out / "readme.txt").write_text("certificates")
    (out / "damaged.crt").write_bytes(b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n")


@pytest.mark.parametrize("pem", [False, True])
def test_requests_go_out_and_certificates_come_back(aged: Aged, tmp_path: Path, pem: bool) -> None:
    waiting = aged.rotate(certifier=None, requests_out=tmp_path / "requests")
    assert {one.waits_for for one in waiting.values()} == {"certificates"}
    assert {one.state for one in waiting.values()} == {RotationState.WAITING}
    assert all(len(aged.rows(code)) == 1 for code in waiting), "nothing is applied for yet"
    names = sorted(path.name for path in (tmp_path / "requests").iterdir())
    assert names == sorted(f"{code}-{one.due.case}-{role}.csr" for code, one in waiting.items()
                           for role in ("sealing", "data", "pdf"))
    requests = {name: CertificateRequest.load((tmp_path / "requests" / name).read_bytes()) for name in names}
    asked = requests[f"{CITY[0]}-{waiting[CITY[0]].due.case}-sealing.csr"]
    assert (asked.subject_cn, asked.subject_o, asked.uscc) == (CITY[1], CITY[1], CITY[0])
    before = aged.files()
    (tmp_path / "none").mkdir()
    again = aged.rotate(certifier=CertificateFolder(tmp_path / "none"))
    assert {one.waits_for for one in again.values()} == {"certificates"} and aged.files() == before
    certify(aged, tmp_path / "certificates", pem=pem)
    folder = CertificateFolder(tmp_path / "certificates")
    assert folder.unreadable == ("damaged.crt",)
    for code, rotation in aged.rotate(certifier=folder).items():
        assert (rotation.state, rotation.steps) == (RotationState.ROTATED, STEPS[1:])
        for role in ("sealing", "data", "pdf"):
            path = aged.path / "authorities" / code / str(rotation.seal_id) / f"{role}.cer"
            request = requests[f"{code}-{rotation.due.case}-{role}.csr"]
            assert Certificate.load(path.read_bytes()).public_key.spki == request.public_key.spki
        assert not list((aged.path / "authorities" / code).glob(".*"))


def test_each_person_does_what_is_theirs_at_their_own_desk(aged: Aged) -> None:
    desks: list[tuple[tuple[str, ...], list[str], str | None]] = [
        (("county-reviewer",), [], "renew"), (("*-custodian",), ["keys", "renew"], "review-county"),
        (("*-custodian",), [], "review-county"), (("county-reviewer",), ["review-county"], "make"),
        (("maker",), ["make"], "activate"), (("*-applicant", "*-custodian"), ["activate"], None)]
    for people, steps, waits_for in desks:
        results = aged.rotate(people=people, approvers=None)
        assert {(tuple(one.steps), one.waits_for) for one in results.values()} == {(tuple(steps), waits_for)}, people
    assert {one.state for one in results.values()} == {RotationState.ROTATED}
    assert {row.in_use_from for code in results for row in aged.rows(code)[1:]} == {START}


def test_no_key_is_made_where_nobody_may_ask_for_the_renewal(aged: Aged) -> None:
    before = aged.files()
    for people in ((), ("county-reviewer", "maker")):
        for certifier in ("demo", None):
            for one in aged.rotate(people=people, certifier=certifier).values():
                assert (one.state, one.steps, one.waits_for) == (RotationState.WAITING, [], "renew")
                assert one.roles == ("custodian", "applicant")
            assert aged.files() == before
    for one in plan(aged.registry, aged.due(), means=aged.means(people=()), start=START):
        assert (one.state, one.steps, one.waits_for) == (RotationState.WAITING, [], "renew")


def test_whoever_asks_does_not_review_or_make(aged: Aged) -> None:
    """The custodian is a reviewer and a maker as well; the run waits for another person."""
    password, code = aged.home().password(), CITY[0]
    custodian = next(aged.people(f"{code}-custodian"))
    office = DemoOffice(files=DemoFiles(home=aged.path, now=aged.now, password=password), registry=aged.registry)
    for role, region in (("county-reviewer", "140000"), ("maker", "")):
        office._appoint(custodian.certificate, code, role, region)
    (rotation,) = aged.rotate(codes=[code], people=(f"{code}-custodian",)).values()
    assert (rotation.waits_for, rotation.roles) == ("review-county", ("county-reviewer",))
    (rotation,) = aged.rotate(codes=[code], people=(f"{code}-custodian", "county-reviewer")).values()
    assert rotation.waits_for == "make"


def test_the_seal_makers_key_is_needed_only_where_a_seal_is_made(aged: Aged) -> None:
    key = aged.path / "ca" / "seal-maker.key"
    kept = key.read_bytes()
    key.unlink()
    rotation = aged.rotate(codes=[CITY[0]], people=("*-custodian", "county-reviewer"))[CITY[0]]
    assert (rotation.state, rotation.waits_for) == (RotationState.WAITING, "make")
    rotation = aged.rotate(codes=[CITY[0]])[CITY[0]]
    assert rotation.error is not None and rotation.error.code.value == "keystore.missing"
    key.write_bytes(kept)
    key.chmod(0o600)
    assert aged.rotate(codes=[CITY[0]])[CITY[0]].steps == ["make", "approve", "activate"]


def test_a_renewal_that_was_refused_begins_anew_with_other_keys(aged: Aged) -> None:
    first = aged.rotate(codes=[CITY[0]], people=("*-custodian",))[CITY[0]]
    office = DemoOffice(files=DemoFiles(home=aged.path, now=aged.now, password=aged.home().password()),
                        registry=aged.registry)
    office.act("county-reviewer", "refuse", str(first.case), {"reason": "证书有误"})
    second = aged.rotate(codes=[CITY[0]])[CITY[0]]
    assert (second.state, second.steps) == (RotationState.ROTATED, STEPS) and second.case != first.case
    assert [row.state for row in aged.rows(CITY[0])] == ["in-use", "refused", "in-use"]


# -- what would be done


def planned(aged: Aged, *, start: datetime = START, days: int = 30, **means: Any) -> dict[str, Rotation]:
    """What a dry run says."""
    return {one.due.code: one for one in plan(
        aged.registry, aged.due(days), means=aged.means(**means), start=start)}


def test_a_dry_run_writes_nothing_and_says_what_is_done_then(aged: Aged) -> None:
    files, events = aged.files(), aged.events()
    told = planned(aged)
    assert (aged.files(), aged.events()) == (files, events)
    assert {(one.state, tuple(one.steps)) for one in told.values()} == {(RotationState.PLANNED, tuple(STEPS))}
    done = aged.rotate(people=("*-custodian", "county-reviewer"))
    assert {one.waits_for for one in done.values()} == {"make"}
    told = planned(aged)
    assert {tuple(one.steps) for one in told.values()} == {("make", "approve", "activate")}
    assert {tuple(one.steps) for one in aged.rotate().values()} == {("make", "approve", "activate")}
    assert {(one.state, tuple(one.steps)) for one in planned(aged).values()} == {(RotationState.ROTATED, ())}


def test_a_dry_run_says_what_is_missing(aged: Aged, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    for means, waits_for, unsigned in [
            ({"people": ("nobody",)}, "renew", False), ({"people": ("*-custodian",)}, "review-county", False),
            ({"people": ("*-custodian", "county-reviewer")}, "make", False), ({"approvers": None}, None, True),
            ({"approvers": ("*-applicant",)}, None, True), ({"certifier": None}, "certificates", False),
            ({"certifier": CertificateFolder(tmp_path / "none")}, "certificates", False)]:
        told = planned(aged, **means)
        assert {(one.waits_for, one.unsigned) for one in told.values()} == {(waits_for, unsigned)}, means
    aged.rotate(certifier=None)
    certify(aged, tmp_path / "certificates")
    told = planned(aged, certifier=CertificateFolder(tmp_path / "certificates"))
    assert {(one.waits_for, tuple(one.steps)) for one in told.values()} == {(None, tuple(STEPS[1:]))}


# -- approvals


def test_without_approvers_the_seal_changes_and_sealing_stops_until_they_sign(aged: Aged) -> None:
    rotation = aged.rotate(codes=[CITY[0]], approvers=None)[CITY[0]]
    assert (rotation.state, rotation.unsigned, rotation.sealing_stops) == (RotationState.ROTATED, True, True)
    assert rotation.steps == ["keys", "renew", "review-county", "make", "activate"]
    issue(aged, 90001, START - SECOND)
    with pytest.raises(ApprovalError, match=r"^approval\.none: "):
        issue(aged, 90002, START)
    half = aged.rotate(codes=[CITY[0]], approvers=("*-applicant",))[CITY[0]]
    assert (half.steps, half.unsigned) == ([], True), "given, not confirmed"
    with pytest.raises(ApprovalError, match=r"^approval\.none: "):
        issue(aged, 90002, START)
    whole = aged.rotate(codes=[CITY[0]], approvers=("*-custodian",))[CITY[0]]
    assert (whole.steps, whole.unsigned, whole.sealing_stops) == (["approve"], False, False)
    assert issue(aged, 90002, START).approval == whole.approvals[0].new


@pytest.mark.req("R-003-22", "R-003-54")
def test_leave_is_not_multiplied_by_being_carried_on(aged: Aged) -> None:
    old = aged.rows(CITY[0])[0]
    assert old.seal_id is not None and old.valid_end is not None
    for path in (aged.path / "approvals").glob("*.json"):
        path.unlink()
    approve(aged.home(), Terms(
        id="three", kinds=("K0",), region="140100", seal_id=old.seal_id, valid_from=NOW - DAY, valid_to=old.valid_end,
        count=3), at=NOW - SECOND)
    issue(aged, 90001, NOW)
    (carried,) = aged.rotate(codes=[CITY[0]], used={"three": 1})[CITY[0]].approvals
    issue(aged, 90002, START - SECOND)
    assert issue(aged, 90003, START).approval == carried.new
    for sequence, moment in ((90004, START), (90006, START - SECOND), (90005, START + DAY)):
        with pytest.raises(ApprovalError, match=r"^approval\.exhausted: "):
            issue(aged, sequence, moment)                                # nor is any left under the old one


@pytest.mark.req("R-003-22", "R-003-54")
def test_the_same_leave_follows_with_the_uses_that_are_left(aged: Aged) -> None:
    old = aged.rows(CITY[0])[0]
    assert old.seal_id is not None and old.valid_end is not None
    standing = Terms(id="standing", kinds=("K0",), region="140100", seal_id=old.seal_id, valid_from=NOW - 9 * DAY,
                     valid_to=old.valid_end, count=10)
    cases = {
        "to-the-end": standing, "beyond-it": replace(standing, valid_to=old.valid_end + DAY),
        "until-then": replace(standing, valid_to=START + DAY), "over-by-then": replace(standing, valid_to=START - DAY),
        "later": replace(standing, valid_from=START + DAY, valid_to=START + 2 * DAY),
        "one-record": replace(standing, record="ab" * 32, count=1),
        "one-used": replace(standing, record="cd" * 32, count=1), "used-up": standing,
    }
    for number, terms in cases.items():
        approve(aged.home(), replace(terms, id=number), at=NOW - SECOND)
    rotation = aged.rotate(codes=[CITY[0]], used={"to-the-end": 3, "one-used": 1, "used-up": 10})[CITY[0]]
    assert rotation.state is RotationState.ROTATED and not rotation.unsigned
    carried = {one.old: one for one in rotation.approvals}
    assert set(carried) == set(cases) - {"over-by-then", "one-used"} | {f"standing-{CITY[0]}-01"}
    assert carried["used-up"].new is None
    assert carried["used-up"].error is not None and carried["used-up"].error.code.value == "approval.exhausted"
    new = aged.rows(CITY[0])[1]
    terms = {one.id: one.terms for one in aged.home().approvals()}
    for number, one in carried.items():
        if one.new is None:
            continue
        was, now = replace(cases.get(number, terms[number]), id=number), terms[one.new]
        assert (now.seal_id, now.kinds, now.region, now.record, now.valid_from) == (
            new.seal_id, was.kinds, was.region, was.record, terms[number].valid_from)
        assert (now.count, now.continues) == (was.count, (number,))
        assert now.valid_to == (new.valid_end if was.valid_to == old.valid_end else was.valid_to), number
    with aged.registry.reading() as session:
        given = session.scalars(select(Act.type).where(Act.type.startswith("approve-")).order_by(Act.number)).all()
    assert given.count("approve-give") == given.count("approve-confirm") == 3 + 6, "each signed by two persons"


def test_what_allows_nothing_any_more_does_not_follow(aged: Aged) -> None:
    """One of its two persons was dismissed; another approver is at hand."""
    code = CITY[0]
    files = DemoFiles(home=aged.path, now=aged.now, password=aged.home().password())
    office = DemoOffice(files=files, registry=aged.registry)
    third = files.make_person("third", "演示审批人丙", unit=CITY[1], code=code)
    office._appoint(third, code, "approver", "")
    applicant = next(aged.people(f"{code}-applicant")).certificate.fingerprint
    aged.now += timedelta(minutes=10)
    replace(office, files=replace(files, now=aged.now)).act(
        "administrator", "actor-dismiss", applicant, {"role": "approver", "region": ""})
    rotation = aged.rotate(codes=[code])[code]
    (carried,) = rotation.approvals
    assert carried.new is None and carried.error is not None
    assert carried.error.code.value == "approval.not-approver" and not rotation.unsigned


def test_a_wider_approval_given_by_hand_takes_the_place_of_the_old_one(aged: Aged) -> None:
    first = aged.rotate(codes=[CITY[0]], approvers=None)[CITY[0]]
    new = aged.rows(CITY[0])[1]
    assert new.valid_end is not None
    terms = next(one.terms for one in aged.home().approvals() if one.id == first.approvals[0].old)
    approve(aged.home(), replace(terms, id="by-hand", seal_id=str(new.seal_id), region="140000", valid_from=START,
                                 valid_to=new.valid_end), at=NOW)
    again = aged.rotate(codes=[CITY[0]])[CITY[0]]
    assert (again.approvals[0].new, again.unsigned, again.steps) == ("by-hand", False, [])


def test_an_approver_who_cannot_sign_does_not_stop_the_seal(aged: Aged) -> None:
    """Then the old seal would end without a successor; that sealing stops is said."""
    (aged.path / "actors" / f"{CITY[0]}-applicant" / "actor.key").write_text("key")
    rotation = aged.rotate(codes=[CITY[0]], people=("*-custodian", "county-reviewer", "maker"))[CITY[0]]
    assert (rotation.state, rotation.sealing_stops) == (RotationState.ROTATED, True)
    (carried,) = rotation.approvals
    assert carried.new is None and carried.error is not None
    assert carried.error.code.value == "keystore.wrong-password"


def test_what_was_withdrawn_for_the_new_seal_is_not_signed_again(aged: Aged) -> None:
    number = aged.rotate(codes=[CITY[0]])[CITY[0]].approvals[0].new
    office = DemoOffice(files=DemoFiles(home=aged.path, now=aged.now, password=aged.home().password()),
                        registry=aged.registry)
    office.act(f"{CITY[0]}-custodian", "approve-withdraw", str(number), {"reason": "收回"})
    again = aged.rotate(codes=[CITY[0]])[CITY[0]]
    (carried,) = again.approvals
    assert carried.error is not None and carried.error.code.value == "approve.withdrawn"
    assert (again.state, again.steps, again.unsigned) == (RotationState.ROTATED, [], False)

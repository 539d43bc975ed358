"""Revisions behind a rendition: evidence and timestamps leave it genuine, anything else does not."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

import docgen
from archive.making import material_of
from archive.pades import make_lta, pdf_due, renew_lta
from archive.pdf_revision import Evidence, add_evidence, add_timestamp, evidence_in
from certs.crl import Revocation
from certs.evidence_build import Material
from certs.home import Home
from certs.ocsp_build import OcspAnswer, build_response
from certs.ocsp_id import CertId
from certs.trust import Trust
from docgen.assembly import rendition_of
from registry.demo import trial_authority
from tests.archive.forging import ATTACKS, Appended, appended, with_stamp
from tests.archive.offices import Office, numbered, office
from tests.archive.pades_judge import judge
from tests.interop.judges import FormJudge
from tests.support.demo_home import CITY
from tests.support.years import YearsOfTime
from verify import verify
from verify.entry import verify_source
from verify.foreign.pdf_store import Store
from verify.online import Fresh
from verify.pdf import check_pdf
from verify.report import Report


@dataclass
class Scene:
    """A rendition as issued, as archived, and what judges it."""

    office: Office
    issued: bytes
    archived: bytes
    trust: Trust

    def token(self, digest: bytes) -> bytes:
        """A token of the real service."""
        return self.office.stamper().token(digest, "sha256")

    def check(self, pdf: bytes, **more: object) -> Report:
        """Verify now."""
        options = {"trust": self.trust, "at": self.office.now, **more}
        return verify(pdf, clock_now=options["at"], **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with office(tmp_path_factory.mktemp("later")) as here:
        issued = rendition_of(here.issue(1))
        trust = here.home.trust()
        yield Scene(here, issued, make_lta(issued, here.stamper(), material_of(trust)), trust)


def codes(report: Report) -> set[str]:
    return {reason.code for reason in report.reasons if report.weighs(reason)}


def test_the_archived_copy_is_genuine_and_says_what_was_added(scene: Scene) -> None:
    report = scene.check(scene.archived)
    assert (report.verdict.value, codes(report)) == ("valid", set())
    assert "pdf.evidence-added" in {reason.code for reason in report.reasons}
    assert [each.kind for each in report.signatures] == ["PAdES", "PAdES timestamp"]
    assert all(each.indication == "TOTAL-PASSED" for each in report.signatures)
    assert report.coverage.complete
    assert scene.archived.startswith(scene.issued)


def test_each_renewal_keeps_what_was_there_and_proves_the_first_time(scene: Scene) -> None:
    renewed = renew_lta(scene.archived, scene.office.stamper(), material_of(scene.trust))
    assert renewed.startswith(scene.archived)
    report = scene.check(renewed)
    assert report.verdict.value == "valid"
    assert len(report.signatures) == 3
    material = material_of(scene.trust)
    first, second = (pdf_due(pdf, material) for pdf in (scene.archived, renewed))
    assert first is not None and first == second


def test_the_authorities_of_document_timestamps_are_asked_about(scene: Scene) -> None:
    """Of an authority that only a document timestamp is by nothing is at hand."""
    years, fresh = YearsOfTime(kind="p256", now=scene.office.now), Fresh()
    stamped = add_timestamp(scene.archived, lambda imprint: years.token(imprint, "sha256"))
    trust = dataclasses.replace(scene.trust, tsa=(*scene.trust.tsa, years.top.certificate))
    report = verify_source(stamped, trust=trust, at=scene.office.now, clock_now=scene.office.now,
                           require_status=False, name="", fresh=fresh)
    assert [each.indication for each in report.signatures] == ["TOTAL-PASSED", "TOTAL-PASSED", "INDETERMINATE"]
    assert (years.keys[-1].certificate, years.top.certificate) in fresh.paths


def test_a_signature_without_a_timestamp_gets_two(scene: Scene) -> None:
    home = scene.office.home
    quiet = Home(home.path, dataclasses.replace(home.config, tsa_urls=()), {}, home.clock)
    untimed = rendition_of(docgen.issue(numbered(77), home=quiet).ofd)
    made = make_lta(untimed, scene.office.stamper(), material_of(scene.trust))
    report = scene.check(made)
    assert report.verdict.value == "valid"
    assert [each.kind for each in report.signatures] == ["PAdES", "PAdES timestamp", "PAdES timestamp"]


def test_the_same_evidence_is_added_once(scene: Scene) -> None:
    held = evidence_in(scene.archived)
    assert len(held.certificates) >= 3 and held.crls
    assert add_evidence(scene.archived, held) == scene.archived


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("stamped", [False, True], ids=["bare", "timestamped"])
@pytest.mark.parametrize("base", ["issued", "archived"])
def test_what_is_no_evidence_keeps_it_from_being_genuine(scene: Scene, name: str, stamped: bool, base: str) -> None:
    pdf = getattr(scene, base)
    change = ATTACKS[name]
    forged = with_stamp(pdf, change, scene.token) if stamped else appended(pdf, change)
    report = scene.check(forged)
    assert report.verdict.value != "valid", name
    assert not report.coverage.complete or codes(report)


@pytest.mark.parametrize(("lead", "tail"), [
    (b"% a comment\n", b""), (b"", b"% a comment\n"), (b"", b"\x00"), (b"99 0 obj\n<<>>\nendobj\n", b""),
    (b"", b"startxref\n0\n%%EOF\n"), (b"   \n", b"x"),
], ids=["comment before", "comment behind", "a zero", "an object", "a second end", "loose"])
def test_bytes_that_belong_to_nothing_keep_it_from_being_genuine(scene: Scene, lead: bytes, tail: bytes) -> None:
    forged = appended(scene.archived, lambda made: made.catalog(DSS=made.new({})), lead=lead, tail=tail)
    assert scene.check(forged).verdict.value != "valid"
    assert scene.check(scene.archived + lead + tail).verdict.value != "valid"


def test_a_timestamp_of_another_file_or_of_nobody_is_not_taken(scene: Scene) -> None:
    other = add_timestamp(scene.issued, lambda _: scene.token(bytes(32)))
    report = scene.check(other)
    assert report.verdict.value == "invalid" and "pdf.document-timestamp" in codes(report)
    alone = dataclasses.replace(scene.trust, tsa=())
    report = scene.check(scene.archived, trust=alone)
    assert report.verdict.value == "indeterminate" and "pdf.document-timestamp" in codes(report)


def test_no_byte_behind_the_rendition_can_change(scene: Scene) -> None:
    start = len(scene.issued)
    for place in range(start, len(scene.archived), 97):
        changed = bytearray(scene.archived)
        changed[place] ^= 1 << place % 8
        assert scene.check(bytes(changed)).verdict.value != "valid", place


def test_cut_files_are_not_genuine_unless_cut_where_a_revision_ends(scene: Scene) -> None:
    ends = [place + 6 for place in range(len(scene.archived)) if scene.archived.startswith(b"%%EOF\n", place)]
    assert len(ends) == 3
    for end in ends:
        assert scene.check(scene.archived[:end]).verdict.value == "valid"
        assert scene.check(scene.archived[:end - 9]).verdict.value != "valid"


def test_evidence_without_a_timestamp_after_it_is_only_evidence(scene: Scene) -> None:
    pdf = add_evidence(scene.issued, Evidence(crls=tuple(crl.der for crl in scene.trust.crls)))
    report = scene.check(pdf)
    assert report.verdict.value == "valid"
    assert [each.proven_at for each in report.signatures] == [each.proven_at for each in scene.check(
        scene.issued).signatures]


def test_the_copy_inside_a_package_has_one_revision(scene: Scene) -> None:
    evidence = check_pdf(scene.archived, scene.trust, scene.office.now)
    assert any(each.reason.code == "pdf.form-unsupported" for each in evidence.findings)


def test_a_stranger_may_not_lend_the_copy_a_time(scene: Scene) -> None:
    """After its certificates' end the copy stands by its newest timestamp alone: without it nothing is proven."""
    later = scene.office.now + timedelta(days=4 * 366)
    bare = scene.check(scene.issued, at=later)
    assert bare.verdict.value != "valid"


def signer_lost(scene: Scene) -> bytes:
    """An answer of the CA's responder: the key that signed the copy was lost before it did."""
    home, now = scene.office.home, scene.office.now
    services = trial_authority(home.path, clock=lambda: now, environ={})
    by, authority = services.responders["ocsp-p256"], home.authority(*CITY)
    said = OcspAnswer(
        certificate=CertId.of(authority.pdf_signer.certificate.serial, authority.pdf_chain[0]),
        this_update=now - timedelta(hours=1), next_update=now + timedelta(hours=1),
        revocation=Revocation(revoked_at=now - timedelta(days=1), reason="keyCompromise"))
    return build_response(responder=by.certificate, key=by.key, answers=[said], produced_at=now - timedelta(hours=1),
                          certificates=[by.certificate])


def with_part(pdf: bytes, body: bytes, key: str) -> bytes:
    """A revision with a further part in a list of the evidence."""
    def change(made: Appended) -> None:
        held = made.state.dict(made.state.root.get("DSS"))
        part = made.new(b"<</Length %d>>\nstream\n%b\nendstream" % (len(body), body))
        made.catalog(DSS=made.new({**held, key: [*made.state.list(held.get(key)), part]}))
    return appended(pdf, change)


def test_an_answer_among_the_evidence_counts_against_the_signer(scene: Scene) -> None:
    """Also where a later revision leaves it out of its evidence."""
    told = with_part(scene.archived, signer_lost(scene), "OCSPs")
    before = Store.read(scene.archived).states()[-1].root["DSS"]
    for pdf in (told, appended(told, lambda made: made.catalog(DSS=before))):
        report = scene.check(pdf)
        assert report.verdict.value == "invalid" and "chain.revoked" in codes(report), report.to_text()


@pytest.mark.judge
def test_verapdf_and_pyhanko_judge_each_level(scene: Scene, form_judge: FormJudge, tmp_path: Path) -> None:
    material: Material = material_of(scene.trust)
    anchors = [each for each in (*scene.trust.roots, *scene.trust.tsa) if each.key_kind == "p256"]
    known = [each for each in material.certificates if each.key_kind == "p256"]
    crls = [each for each in scene.trust.crls if any(each.issued_by(one) for one in known)]
    now = scene.office.now
    twice = renew_lta(scene.archived, scene.office.stamper(), material)
    for level, pdf in (("B", scene.issued), ("T", scene.issued), ("LTA", scene.archived), ("LTA", twice)):
        beside = {"known": known, "crls": crls} if level != "LTA" else {}
        said = judge(pdf, level, anchors=anchors, at=now, **beside)
        assert said.status == "PASSED", (level, said)
        assert said.change in ("", "LTA_UPDATES")
        path = tmp_path / f"{level}-{len(pdf)}.pdf"
        path.write_bytes(pdf)
        answer = form_judge.pdf_a(path)
        assert answer.ok, answer.text

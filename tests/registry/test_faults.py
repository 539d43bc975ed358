"""The fault table: what is refused, with which code and clause; each refusal is logged and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from certs import sm2
from certs.demo_pki import midnight
from certs.signer import LocalSigner
from certs.x509_build import build_certificate
from registry.errors import RegistryError
from registry.states import State
from tests.support.demo_home import CITY, PROVINCE
from tests.support.seal_office import (
    BACKENDS,
    BUREAU_CODE,
    COUNTY,
    DAY,
    ENDING,
    ROLES,
    START,
    Office,
    application_papers,
    cas,
    make_home,
    organisation_keys,
    person,
    refused,
)


class Stage:
    """An office with a seal in every state, on which nothing that is refused leaves a trace."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.cases = {state: office.bring(state, f"业务{number}专用章") for number, state in enumerate(State)}
        self.cancelling = office.bring(State.IN_USE, "待注销专用章")
        office.act("申请人", "request-cancel", self.cancelling, {"reason": "撤并"}, ENDING)


@pytest.fixture(scope="module", params=BACKENDS)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage in each database, made once for the module."""
    office = Office.of(request, tmp_path_factory.mktemp("stage"))
    yield Stage(office)
    office.registry.close()


def _papers(**changes: bytes | None) -> dict[str, bytes]:
    papers = {**application_papers(COUNTY, organisation_keys(*COUNTY)),
              **{title.replace("_", "-"): data for title, data in changes.items()}}
    return {title: data for title, data in papers.items() if data is not None}


def _apply(by: str = "申请人", *, papers: Mapping[str, bytes] | None = None, **facts: object) -> Any:
    """An application for the seal of the county's legal name, changed."""
    def act(stage: Stage) -> object:
        said = {"code": COUNTY[0], "name": COUNTY[1], "organisation": COUNTY[1], "type": "法定名称章",
                "diameter_mm": 42, **facts}
        return stage.office.act(by, "apply", str(said["code"]), said, papers or _papers())
    return act


def _on(state: State, by: str, act: str, facts: dict[str, object] | None = None,
        documents: dict[str, bytes] | None = None) -> Any:
    """An act on the case that is in a state."""
    return lambda stage: stage.office.act(by, act, stage.cases[state], facts, documents)


def _business(name: str, certified: str) -> Any:
    """An application for a 业务专用章 with a certificate of a name."""
    certificate = organisation_keys(COUNTY[0], certified)["sealing"].certificate.der
    papers = {**_papers(certificate_data=None, certificate_pdf=None), "certificate": certificate}
    return _apply(name=name, type="业务专用章", papers=papers)


NEW = COUNTY[1] + "校验专用章"
APPLYING = "B第5条（一）（二）、第6条"
RULES = {"rules": b"rules"}
REASON: dict[str, object] = {"reason": "理由"}
FAULTS = [
    # why, code, clause, what is done
    ("no application", "registry.document-missing", APPLYING, _apply(papers=_papers(application=None))),
    ("no form", "registry.document-missing", APPLYING, _apply(papers=_papers(form=None))),
    ("no certificate", "registry.document-missing", APPLYING, _apply(papers=_papers(certificate=None))),
    ("no truth statement", "registry.document-missing", APPLYING, _apply(papers=_papers(imprint_statement=None))),
    ("no imprint", "registry.document-missing", APPLYING, _apply(papers=_papers(imprint=None))),
    ("an empty paper", "registry.document-missing", APPLYING, _apply(papers=_papers(form=b""))),
    ("no such type", "seal.type", "B第2条", _apply(type="私章")),
    ("code that fails its check", "case.bad-code", APPLYING, _apply(code=COUNTY[0][:-1] + "0")),
    ("certificate of one character more", "seal.name-mismatch", "B第7条", _business(NEW, NEW + "一")),
    ("certificate of one character less", "seal.name-mismatch", "B第7条", _business(NEW, NEW[:-1])),
    ("certificate of one character else", "seal.name-mismatch", "B第7条", _business(NEW, NEW.replace("校", "较"))),
    ("certificate in a compatibility form", "seal.name-mismatch", "B第7条",
     _business(NEW, NEW.replace("理", "\uf9e4"))),
    ("name with a blank", "case.bad-name", "B第7条", _business(COUNTY[1] + "校 验专用章", NEW)),
    ("another name while seals of the first live", "case.seal-exists", "B第15条",
     _apply(name=COUNTY[1] + "新", organisation=COUNTY[1] + "新")),
    ("a second seal of a living name", "case.seal-exists", "B第15条、第6条、第7条",
     lambda stage: stage.office.apply(business="业务6专用章")),
    ("legal name another than the seal's", "seal.not-named-after-unit", "B第2条", _apply(name=COUNTY[1] + "办公室")),
    ("department without the unit's name", "seal.not-named-after-unit", "B第2条",
     _apply(name="办公室", type="内设机构章")),
    ("another organisation's certificate", "seal.name-mismatch", "B第7条",
     _apply(papers=_papers(certificate=organisation_keys(*CITY)["sealing"].certificate.der))),
    ("certificate of the right name, other code", "seal.uscc-mismatch", "B第7条",
     _apply(papers=_papers(certificate=organisation_keys(PROVINCE[0], COUNTY[1])["sealing"].certificate.der))),
    ("data certificate of another", "seal.name-mismatch", "B第7条",
     _apply(papers=_papers(certificate_data=organisation_keys(*CITY)["data"].certificate.der))),
    ("P-256 key in the sealing certificate", "seal.certificate-key", "GB/T 38540-2020",
     _apply(papers=_papers(certificate=organisation_keys(*COUNTY)["pdf"].certificate.der))),
    ("no certificate but bytes", "der.malformed", "B第7条", _apply(papers=_papers(certificate=b"certificate"))),
    ("no picture", "imprint-file.not-png", "B第6条", _apply(papers=_papers(imprint=b"picture"))),
    ("diameter that no seal has", "imprint-file.diameter", "B第6条", _apply(diameter_mm=40)),
    ("a fact that nobody knows", "registry.bad-act", APPLYING, _apply(colour="红")),
    ("a diameter in words", "registry.bad-act", APPLYING, _apply(diameter_mm="42")),
    ("applicant of another unit", "registry.out-of-scope", APPLYING, _apply("市申请")),
    ("custodian applies", "registry.role-missing", APPLYING, _apply("保管人")),
    ("no role at all", "registry.unknown-actor", "003 A第24条、第25条", _apply("路人")),
    ("no such case", "case.unknown", "", lambda stage: stage.office.act("县审核", "review-county", "S2026-999999")),
    ("county review by the applicant", "registry.role-missing", "B第5条（三）、第7条",
     _on(State.APPLIED, "申请人", "review-county")),
    ("county review by the upper level", "registry.role-missing", "B第5条（三）、第7条",
     _on(State.APPLIED, "市审核", "review-county")),
    ("upper review before the county's", "registry.out-of-order", "B第5条（三）",
     _on(State.APPLIED, "市审核", "review-upper")),
    ("upper review by the county", "registry.role-missing", "B第5条（三）",
     _on(State.COUNTY_REVIEWED, "县审核", "review-upper")),
    ("made with one review", "registry.out-of-order", "B第7条、第8条",
     _on(State.COUNTY_REVIEWED, "制章员", "make", {}, {"seal": b"seal"})),
    ("refused without a reason", "registry.reason-missing", "B第5条（三）", _on(State.APPLIED, "县审核", "refuse")),
    ("refused with blanks", "registry.bad-act", "B第5条（三）",
     _on(State.APPLIED, "县审核", "refuse", {"reason": "  "})),
    ("refused by the upper level before the county", "registry.role-missing", "B第5条（三）",
     _on(State.APPLIED, "市审核", "refuse", REASON)),
    ("refused by the county after it accepted", "registry.role-missing", "B第5条（三）",
     _on(State.COUNTY_REVIEWED, "县审核", "refuse", REASON)),
    ("made by the applicant", "registry.role-missing", "B第7条、第8条",
     _on(State.UPPER_REVIEWED, "申请人", "make", {}, {"seal": b"seal"})),
    ("made without a seal", "registry.document-missing", "B第7条、第8条", _on(State.UPPER_REVIEWED, "制章员", "make")),
    ("made of bytes", "der.malformed", "B第7条", _on(State.UPPER_REVIEWED, "制章员", "make", {}, {"seal": b"seal"})),
    ("put into use without rules", "registry.document-missing", "B第14条", _on(State.MADE, "保管人", "activate")),
    ("put into use by the applicant", "registry.role-missing", "B第14条",
     _on(State.MADE, "申请人", "activate", {}, RULES)),
    ("put into use in the past", "case.moment", "B第14条",
     _on(State.MADE, "保管人", "activate", {"from": "2026-03-01T00:00:00.000Z"}, RULES)),
    ("put into use after its end", "case.moment", "B第14条",
     _on(State.MADE, "保管人", "activate", {"from": "2036-03-01T00:00:00.000Z"}, RULES)),
    ("a moment that is none", "registry.bad-act", "B第14条",
     _on(State.MADE, "保管人", "activate", {"from": "morgen"}, RULES)),
    ("suspended without a reason", "registry.reason-missing", "B第15条；国办发〔2025〕33号第17条",
     _on(State.IN_USE, "保管人", "suspend")),
    ("suspended by another unit", "registry.out-of-scope", "B第15条；国办发〔2025〕33号第17条",
     _on(State.IN_USE, "市申请", "suspend", REASON)),
    ("resumed by the custodian", "registry.role-missing", "国办发〔2025〕33号第17条",
     _on(State.SUSPENDED, "保管人", "resume", REASON)),
    ("lost without a reason", "registry.reason-missing", "B第16条", _on(State.IN_USE, "保管人", "report-lost")),
    ("cancelling asked without proof of identity", "registry.document-missing", "B第15条",
     _on(State.IN_USE, "申请人", "request-cancel", REASON, {"application": b"application"})),
    ("cancelling asked without an application", "registry.document-missing", "B第15条",
     _on(State.IN_USE, "申请人", "request-cancel", REASON, {"identity-proof": b"proof"})),
    ("cancelling asked without a reason", "registry.reason-missing", "B第15条",
     _on(State.IN_USE, "申请人", "request-cancel", {}, ENDING)),
    ("cancelled without being asked for", "registry.out-of-order", "B第15条", _on(State.IN_USE, "县审核", "cancel")),
    ("cancelled by whoever asked", "registry.role-missing", "B第15条",
     lambda stage: stage.office.act("申请人", "cancel", stage.cancelling)),
    ("renewed too early", "case.not-yet-renewable", "B第8条",
     _on(State.IN_USE, "保管人", "renew", {}, {"certificate": b"certificate"})),
    ("a lost seal resumed", "registry.out-of-order", "国办发〔2025〕33号第17条",
     _on(State.LOST, "县审核", "resume", REASON)),
    ("filed without a number", "registry.bad-act", "国办发〔2025〕33号第17条", _on(State.MADE, "市审核", "file")),
    ("filed by the county", "registry.role-missing", "国办发〔2025〕33号第17条",
     _on(State.MADE, "县审核", "file", {"number": "备1"})),
]


@pytest.mark.req("R-003-05", "R-003-07", "R-003-08", "R-003-09", "R-003-10", "R-003-15", "R-003-16", "R-003-54")
@pytest.mark.parametrize(("why", "code", "clause", "act"), FAULTS, ids=[row[0] for row in FAULTS])
def test_a_fault_is_refused_logged_and_changes_nothing(
    stage: Stage, why: str, code: str, clause: str, act: Callable[[Stage], object],
) -> None:
    error = refused(stage.office, lambda _: act(stage))
    assert (error.code.value, error.facts.get("clause", "")) == (code, clause), why


def test_the_clock_must_not_go_back(tmp_path: Path) -> None:
    office = Office.found(make_home(tmp_path / "home"))
    case, before = office.apply(), office.snapshot()
    office.now -= DAY
    with pytest.raises(RegistryError) as refusal:
        office.act("县审核", "review-county", case)
    assert refusal.value.code.value == "registry.clock-backwards" and office.snapshot() == before
    office.registry.close()


APART = [
    # the state of the case, who did the earlier act, role that person is given too, the act, clause
    (State.APPLIED, "申请人", ("county-reviewer", "140121"), "review-county", "B第5条（三）、第7条"),
    (State.APPLIED, "申请人", ("county-reviewer", "140121"), "refuse", "B第5条（三）"),
    (State.COUNTY_REVIEWED, "申请人", ("upper-reviewer", "140100"), "review-upper", "B第5条（三）"),
    (State.COUNTY_REVIEWED, "县审核", ("upper-reviewer", "140100"), "review-upper", "B第5条（三）"),
    (State.COUNTY_REVIEWED, "县审核", ("upper-reviewer", "140100"), "refuse", "B第5条（三）"),
    (State.UPPER_REVIEWED, "申请人", ("maker", ""), "make", "B第7条、第8条"),
    (State.SUSPENDED, "保管人", ("county-reviewer", "140121"), "resume", "国办发〔2025〕33号第17条"),
    (State.IN_USE, "申请人", ("county-reviewer", "140121"), "cancel", "B第15条"),
]


@pytest.mark.req("R-003-09", "R-003-16")
@pytest.mark.parametrize("again", ["the same certificate", "a renewed certificate", "another with the same key"])
def test_nobody_decides_on_what_they_asked_for_or_did_before(tmp_path: Path, again: str) -> None:
    office = Office.found(make_home(tmp_path / "home"))
    cases = {}
    for number, (state, _, _, act, _) in enumerate(APART):
        cases[number] = office.bring(state, f"分开{number}专用章")
        if act == "cancel":
            office.act("申请人", "request-cancel", cases[number], {"reason": "撤并"}, ENDING)
    hats = {}
    for _, who, _, _, _ in APART:
        hats.setdefault(who, _second(office.signer(who), again, ROLES[who][0]))
    office.extra.update({f"{who}二": hat for who, hat in hats.items()})
    for _, who, (role, region), _, _ in APART:
        office.appoint(hats[who].certificate, ROLES[who][0], role, region)
    for number, (_, who, _, act, clause) in enumerate(APART):
        documents = {"seal": office.prepare(cases[number]).der} if act == "make" else {}
        facts = {"reason": "理由"} if act in ("refuse", "resume") else {}
        error = refused(office, lambda office, number=number, who=who, act=act, facts=facts, documents=documents:
                        office.act(f"{who}二", act, cases[number], facts, documents))
        assert (error.code.value, error.facts["clause"]) == ("registry.same-person", clause), act
    office.registry.close()


def _second(signer: LocalSigner, again: str, unit: str) -> LocalSigner:
    """The same person in another guise: name kept and key new, key kept and name new, or nothing new."""
    if again == "the same certificate":
        return signer
    issuer, kept = cas()["sm2-issuing"], again == "another with the same key"
    key = signer._key if kept else sm2.PrivateKey.generate()
    name = "化名" if kept else str(signer.certificate.subject_cn)
    return LocalSigner(build_certificate(
        subject=(("C", "CN"), ("O", str(signer.certificate.subject_o)), ("CN", name)), spki=key.spki,
        issuer=issuer.certificate, issuer_key=issuer.key, serial=abs(hash((name, again))) + 1,
        not_before=midnight(START), not_after=START + 900 * DAY,
        key_usage=("digitalSignature", "nonRepudiation"), uscc=unit), key)


@pytest.mark.req("R-003-09")
def test_the_level_above_must_lie_above(tmp_path: Path) -> None:
    office = Office.found(make_home(tmp_path / "home"))
    office.appoint(person("路人", BUREAU_CODE).certificate, BUREAU_CODE, "upper-reviewer", "140121")
    case = office.bring(State.COUNTY_REVIEWED, "级别专用章")
    error = refused(office, lambda office: office.act("路人", "review-upper", case))
    assert (error.code.value, error.facts["clause"]) == ("case.wrong-level", "B第5条（三）")
    office.act("市审核", "review-upper", case)
    office.registry.close()

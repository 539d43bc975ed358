"""What is said in Chinese says it in Chinese: no code of a state, act, role or paper stands for its name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from certs.status_list import SealState
from registry.actors import ROLES
from registry.handlers import HANDLERS
from registry.states import STEPS, Phase, State
from registry.words import act_zh, papers_zh, roles_zh, state_zh
from tests.support.seal_office import COUNTY, ENDING, Office, make_home, refused

CODES = {*Phase, *HANDLERS, *ROLES}
HANS = re.compile(r"[^\x00-\x7f]+")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office.found(make_home(tmp_path / "home")).staffed()


def test_every_state_act_role_and_paper_has_a_chinese_name() -> None:
    told = [*map(state_zh, [*Phase, *SealState, "given", "confirmed", "withdrawn", "appointed", "dismissed",
                            "accepted"]), *map(act_zh, HANDLERS), *(roles_zh([role]) for role in ROLES)]
    assert all(HANS.fullmatch(name) for name in told)
    papers = {title for step in STEPS for title in step.documents}
    assert all(HANS.match(papers_zh([title])) for title in papers)


def test_a_sentence_on_a_step_out_of_order_names_states_and_acts(office: Office) -> None:
    case = office.in_use()

    error = refused(office, lambda office: office.act("县审核", "resume", case, {"reason": "误停"}))
    assert "现状为“在用”，不能恢复（须为“已停用”）" in error.zh
    assert "is in-use; resume needs suspended" in error.en

    error = refused(office, lambda office: office.act("县审核", "cancel", case))
    assert "且须先申请注销" in error.zh

    again = refused(office, lambda office: office.apply())
    assert f"已有事项 {case}（在用）" in again.zh

    role = refused(office, lambda office: office.act("申请人", "review-county", case))
    assert "没有所需的角色（县级审核人）" in role.zh
    for one in (error, again, role):
        assert not CODES & set(re.findall("[a-z-]+", one.zh)), one.zh


def test_every_paper_that_is_missing_is_named_at_once(office: Office) -> None:
    case = office.in_use()

    error = refused(office, lambda office: office.act("申请人", "request-cancel", case, {"reason": "撤并"}))
    assert error.facts["documents"].split() == sorted(ENDING)
    assert "缺少材料：申请书 application、单位身份证明 identity-proof" in error.zh
    assert "--document application=FILE --document identity-proof=FILE" in error.en

    one = refused(office, lambda office: office.act(
        "申请人", "request-cancel", case, {"reason": "撤并"}, {"application": ENDING["application"]}))
    assert one.facts["documents"] == "identity-proof"
    assert "application" not in one.zh


def test_all_papers_of_an_application_are_named(office: Office) -> None:
    error = refused(office, lambda office: office.act(
        "申请人", "apply", COUNTY[0], {"code": COUNTY[0], "organisation": COUNTY[1], "name": COUNTY[1],
                                    "type": "法定名称章", "diameter_mm": 42}))
    assert error.facts["documents"].split() == ["application", "form", "imprint-statement", "imprint", "certificate"]
    assert State.APPLIED not in error.zh

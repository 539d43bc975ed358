"""What a deployment sets for a kind (``kinds/<code>.json`` in the home): modes, and lists of items (decision 17)."""

from __future__ import annotations

import json
from typing import Any

import pytest

import docgen
import layouts
from certs.home import Home, HomeError
from codes.errors import EngineError
from tests.support.demo_home import own_home
from verify import verify

__all__ = ["own_home"]

LISTED = ["轻质芳烃", "重质芳烃", "混合二甲苯", "正丁烷（此品种仅限作为化工原料等非燃料用途的经营）"]


def record(**changes: Any) -> dict[str, Any]:
    return {**docgen.read_record(layouts.resource("K0", "samples/example-1.json")), **changes}


def settle(home: Home, settings: object) -> None:
    folder = home.path / "kinds"
    folder.mkdir(exist_ok=True)
    (folder / "K0.json").write_text(json.dumps(settings, ensure_ascii=False), encoding="utf-8")


def items(*names: str) -> list[dict[str, str]]:
    return [{"id": str(index), "name": name} for index, name in enumerate(names)]


@pytest.mark.req("R-000-08")
def test_a_mode_with_a_list_takes_only_its_items(own_home: Home) -> None:
    settle(own_home, {"lists": {"无储存经营": items(*LISTED)}})
    issued = docgen.issue(record(), home=own_home)
    assert [warning.code for warning in issued.warnings] == []
    settle(own_home, {"lists": {"无储存经营": items(*LISTED[:3])}})
    with pytest.raises(docgen.RecordError) as refused:
        docgen.issue(record(许可证编号="14010013202590008"), home=own_home)
    assert {fault.code for fault in refused.value.faults} == {"scope.unlisted-item"}


@pytest.mark.req("R-000-07")
def test_a_configured_mode_is_issued_and_verifies(own_home: Home) -> None:
    with pytest.raises(docgen.RecordError):
        docgen.issue(record(经营方式=["测试储存经营"], 许可范围="一、测试储存经营：甲醇；"), home=own_home)
    settle(own_home, {"modes": [{"id": "9", "name": "测试储存经营"}]})
    issued = docgen.issue(record(经营方式=["测试储存经营"], 许可范围="一、测试储存经营：甲醇；"), home=own_home)
    assert verify(issued.ofd, trust=own_home.trust_dir).verdict == "valid"


@pytest.mark.parametrize(("modes", "scope"), [
    (["无储存经营", "有储存经营（不构成重大危险源）"], "一、无储存经营：甲醇；"),
    (["有储存经营（不构成重大危险源）", "无储存经营"],
     "一、无储存经营：甲醇；二、有储存经营（不构成重大危险源）：汽油；"),
])
def test_groups_may_be_fewer_than_the_modes_or_in_another_order(own_home: Home, modes: list[str], scope: str) -> None:
    issued = docgen.issue(record(经营方式=modes, 许可范围=scope), home=own_home)
    assert verify(issued.ofd, trust=own_home.trust_dir).verdict == "valid"
    assert verify(issued.pdf, trust=own_home.trust_dir).verdict == "valid"


@pytest.mark.parametrize(("settings", "code"), [
    ("[]", "home.kind-settings"), ("{", "home.kind-settings"), ('{"lists": {"无此方式": []}}', "kind.data"),
    ('{"modes": [{"id": "1", "name": "另一方式"}]}', "kind.duplicate-id"), ('{"colour": 1}', "kind.data"),
])
def test_settings_that_make_no_sense_are_named(own_home: Home, settings: str, code: str) -> None:
    (own_home.path / "kinds").mkdir()
    (own_home.path / "kinds" / "K0.json").write_text(settings, encoding="utf-8")
    with pytest.raises(EngineError) as refused:
        docgen.issue(record(), home=own_home)
    assert refused.value.code.value == code
    assert isinstance(refused.value, HomeError) or code.startswith("kind.")

"""Chinese names of states, acts, roles and papers, for whoever reads a sentence or a list; programs have the codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from registry.states import STEPS

__all__ = ["act_zh", "papers_zh", "roles_zh", "state_zh"]

_STATES: Final[Mapping[str, str]] = MappingProxyType({
    "applied": "已申请", "county-reviewed": "县级已审核", "upper-reviewed": "上级已审核", "refused": "不予通过",
    "made": "已制作", "scheduled": "待启用", "in-use": "在用", "retired": "已换发", "expired": "已到期",
    "suspended": "已停用", "lost": "已挂失", "cancelled": "已注销",
    "given": "待确认", "confirmed": "已确认", "withdrawn": "已撤回",                        # of approvals
    "appointed": "已任命", "dismissed": "已免职", "accepted": "已认可",                     # of persons, of the clock
})
_ACTS: Final[Mapping[str, str]] = MappingProxyType({
    **{step.act: step.zh for step in STEPS},
    "actor-appoint": "任命", "actor-dismiss": "免职", "clock-accept": "认可时钟",
    "approve-give": "批准用印", "approve-confirm": "确认用印", "approve-withdraw": "撤回用印审批",
})
_ROLES: Final[Mapping[str, str]] = MappingProxyType({
    "administrator": "管理员", "applicant": "申请人", "approver": "用印审批人", "auditor": "审计人",
    "county-reviewer": "县级审核人", "custodian": "保管人", "maker": "制章人", "upper-reviewer": "上级审核人",
})
_PAPERS: Final[Mapping[str, str]] = MappingProxyType({
    "application": "申请书", "form": "电子印章申请表", "imprint-statement": "印模真实性声明", "imprint": "印模图片",
    "certificate": "签章证书", "seal": "印章数据", "rules": "内部管理制度", "handover": "移交书",
    "identity-proof": "单位身份证明", "approval": "批准书", "confirmation": "确认书",
})


def state_zh(code: str) -> str:
    """Return what a state is called: of a case (:class:`registry.states.Phase`), an approval or a person."""
    return _STATES[code]


def act_zh(code: str) -> str:
    """Return what an act is called, as the clauses call it where they do."""
    return _ACTS[code]


def roles_zh(codes: Iterable[str]) -> str:
    """Return what roles are called, joined."""
    return "、".join(_ROLES[code] for code in codes)


def papers_zh(titles: Iterable[str]) -> str:
    """Return what documents are called, each with the title under which it is attached."""
    return "、".join(f"{_PAPERS[title]} {title}" if title in _PAPERS else title for title in titles)

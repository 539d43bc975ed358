"""The evidence record beside a file: judged before the file, so that what it proves can help; told after it.

Evidence can only add a time. One that does not hold is no fault of the file: where the file is genuine without it, that
is merely noted; where the file lacks a proven time, it says why none was had.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from certs.carried import Carried
from certs.evidence import EvidenceResult, judge_evidence
from certs.evidence_record import EvidenceRecord
from certs.trust import is_demo_anchor
from codes.errors import EngineError
from verify.model import EvidenceStanding, Severity, Verdict
from verify.reasons import clean, finding
from verify.status import local_time

if TYPE_CHECKING:
    from verify.judge import Case

__all__ = ["CHECK", "take_evidence", "tell_evidence"]

CHECK: Final = "evidence"
_SENTENCE: Final = 400


def take_evidence(case: Case, record: bytes) -> None:
    """Judge a record for the case's file, and let the file be judged by the time that it proves."""
    try:
        case.evidence = _judged(case, record)
    except EngineError as error:
        case.evidence = _refused("evidence.unreadable", error.zh, error.en)
    except Exception as error:           # hostile bytes may break any parser in any way
        kind = type(error).__name__
        case.evidence = _refused("evidence.unreadable", f"内容无法解析（{kind}）", f"it could not be parsed ({kind})")
    proven = case.evidence.proven_at
    if proven is not None and proven > case.at:
        time = local_time(proven)
        case.evidence = dataclasses.replace(
            case.evidence, used=False, code="evidence.later", holds=False,
            zh=f"存证证明的时间 {time} 晚于所问的核验时刻，未予采用",
            en=f"the evidence proves the time {time}, later than the moment that was asked for, and was not used")


def _judged(case: Case, record: bytes) -> EvidenceStanding:
    trust = case.trust
    if trust is None:
        return _refused("evidence.no-trust", "没有可用的信任目录，无法判断存证",
                        "there is no trust folder to judge the evidence by")
    read = EvidenceRecord.parse(record)
    result = judge_evidence(read, case.data, anchors=trust.tsa, intermediates=trust.intermediates, crls=trust.crls,
                            ocsp=trust.ocsp, carried=Carried(against=trust.against),
                            now=max(case.at, case.clock_now), strength=trust.strength)
    for step in result.steps:
        case.judge.passed(step.path)
    if result.proven_at is not None and result.proven_at <= case.at:
        case.judge.exists(result.proven_at)
        case.judge.carries(result.carried)
        for anchor in (step.anchor for step in result.steps if step.ok):
            if anchor is not None:
                case.judge.demo = case.judge.demo or is_demo_anchor(anchor)
                case.judge.trusted(anchor, "timestamp")
    return _standing(result)


def _refused(code: str, zh: str, en: str) -> EvidenceStanding:
    return EvidenceStanding(code=code, zh=clean(zh, _SENTENCE), en=clean(en, _SENTENCE))


def _standing(result: EvidenceResult) -> EvidenceStanding:
    return EvidenceStanding(
        code=result.code, zh=clean(result.zh, _SENTENCE), en=clean(result.en, _SENTENCE), holds=result.ok,
        proven_at=result.proven_at, used=result.proven_at is not None, steps=result.steps)


def tell_evidence(case: Case) -> None:
    """Say what the evidence proves, or why not; a fault of it weighs only where the file is not genuine without."""
    told = case.evidence
    if told is None:
        return
    case.found.begin(CHECK)
    found = finding(told.code, "", zh=told.zh, en=told.en)
    genuine = case.found.verdict() is Verdict.VALID and not case.found.unfinished(case.demanded)
    if found.severity is not Severity.NOTE and genuine:
        found = dataclasses.replace(found, severity=Severity.NOTE)
    case.found.keep(found)
    case.found.end(CHECK)

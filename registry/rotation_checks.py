"""What a rotation is refused for before anything of it is done."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from certs.moments import CLOCKS_DIFFER
from codes.china_time import time_en, time_zh
from registry.cases import CaseCode, find_case, in_order
from registry.due import DueSeal
from registry.errors import RegistryError, refused
from registry.handlers import check_renewable

__all__ = ["RotationCode", "check_keys", "check_moment", "check_start", "keys_elsewhere", "other_moment"]

_CLAUSE: Final = "B第8条"
_SECOND: Final = timedelta(seconds=1)


class RotationCode(enum.StrEnum):
    """Codes of refusals that belong to rotation."""

    GAP = "rotation.gap"
    OTHER_MOMENT = "rotation.other-moment"
    KEYS_ELSEWHERE = "rotation.keys-elsewhere"


def check_moment(due: DueSeal, start: datetime, now: datetime) -> None:
    """Refuse a moment that is past, or that comes after the old seal has ended.

    Raises:
        RegistryError: ``case.moment``, ``rotation.gap``.
    """
    if start < now - CLOCKS_DIFFER:
        raise refused(
            CaseCode.MOMENT, f"换用时间{time_zh(start)}已过去，请另定",
            f"the moment {time_en(start)} is past: set another", clause=_CLAUSE, case=due.case)
    if now <= due.ends < start - _SECOND:
        raise refused(
            RotationCode.GAP,
            f"印章 {due.seal_id}（或其证书）于{time_zh(due.ends)}到期，换用时间{time_zh(start)}太晚，"
            "其间将无章可用；请定早一些",
            f"seal {due.seal_id} or a certificate of it ends at {time_en(due.ends)}; from then until "
            f"{time_en(start)} nothing could be sealed: set an earlier moment", clause=_CLAUSE, case=due.case)


def check_start(home: Path, session: Session, due: DueSeal, *, at: datetime) -> None:
    """Refuse a seal whose rotation may not begin at ``at`` (aware).

    Raises:
        RegistryError: ``registry.out-of-order``, ``rotation.keys-elsewhere``, or
            :func:`registry.handlers.check_renewable`'s.
    """
    old = find_case(session, due.case)
    in_order(session, old, "renew")
    check_renewable(session, old, at=at)
    check_keys(home, due)


def check_keys(home: Path, due: DueSeal) -> None:
    """Refuse a seal whose keys are not in this home.

    Raises:
        RegistryError: ``rotation.keys-elsewhere``.
    """
    if not (home / "authorities" / due.code / due.seal_id).is_dir():
        raise keys_elsewhere(due.case, "请用 seals renew、seals keys 逐步办理",
                             "take the steps one by one, with `zhengyin seals renew` and `zhengyin seals keys`")


def keys_elsewhere(case: str, zh: str, en: str) -> RegistryError:
    """Make the refusal of a case whose keys are not here; ``zh`` and ``en`` say what to do."""
    return refused(RotationCode.KEYS_ELSEWHERE, f"事项 {case} 的密钥不在本工作目录；{zh}",
                   f"the keys of case {case} are not in this home; {en}", clause=_CLAUSE, case=case)


def other_moment(case: str, starts: datetime | None) -> RegistryError:
    """Make the refusal of another moment than the one that the successor was put into use from."""
    zh, en = (time_zh(starts), time_en(starts)) if starts else ("", "")
    return refused(
        RotationCode.OTHER_MOMENT,
        f"接替的印章（事项 {case}）已定于{zh}启用；要改为另一时间，请保管人先用 seals reschedule 改定",
        f"the successor, case {case}, is to be in use from {en}: for another moment have its custodian set that first, "
        "with `zhengyin seals reschedule`",
        clause="B第14条", case=case)

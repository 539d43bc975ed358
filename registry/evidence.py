"""Whether the states that the registry records are those that its acts led to: a row edited by hand is not believed."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.errors import RegistryCode, RegistryError
from registry.tables import Act, Seal

__all__ = ["check_states"]

_TOLD: Final = 5


def check_states(session: Session) -> None:
    """Refuse to go by a case whose state is not the one that the last act on it led to.

    Raises:
        RegistryError: ``registry.state-differs``; the fact ``cases`` names the first of them.
    """
    acts = select(Act.outcome).order_by(Act.number)
    reached = {outcome["case"]: outcome["state"] for outcome in session.scalars(acts)}
    rows = session.execute(select(Seal.case, Seal.state).order_by(Seal.case))
    odd = [case for case, state in rows if reached.get(case) != state]
    if odd:
        told = ", ".join(odd[:_TOLD]) + ("…" if len(odd) > _TOLD else "")
        raise RegistryError(
            RegistryCode.STATE_DIFFERS,
            f"登记库中 {told} 的状态与最后一次办理的结果不符，可能被人改动，不予采用；请核对审计日志，从备份恢复",
            f"the recorded state of {told} is not what the last act led to: somebody may have changed it, so nothing "
            "is done by it; look at the audit log, and restore the registry from a backup", cases=told)

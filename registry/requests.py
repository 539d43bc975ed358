"""What a handler of an act is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from certs.canonical_json import JSON
from certs.statement import SignedStatement
from registry.database import Transaction
from registry.tables import Actor, ActorRole

__all__ = ["ACT_TYPE", "Handler", "Outcome", "Request"]

ACT_TYPE: Final = "zhengyin/act/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An act whose signature, certificate, actor and time were checked; scope and state are for the handler.

    Attributes:
        act, subject, facts: what the statement says.
        documents: title → content, equal to the digests in the statement.
        actor: who signed; roles: what entitles the actor to this act, at least one.
        home: the home of the registry; now: the present by the registry.
    """

    act: str
    subject: str
    facts: Mapping[str, JSON]
    documents: Mapping[str, bytes]
    statement: SignedStatement
    actor: Actor
    roles: tuple[ActorRole, ...]
    home: Path
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an act; the same statement gives the same one again.

    Attributes:
        case: the case, or what else the act was about; state: what it is in now.
        facts: what more the caller should know; no personal data.
    """

    case: str
    state: str
    facts: Mapping[str, JSON] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return what is stored."""
        return {"case": self.case, "state": self.state, "facts": dict(self.facts)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Outcome:
        """Read what was stored."""
        return cls(case=content["case"], state=content["state"], facts=content["facts"])


Handler = Callable[[Transaction, Request], Outcome]

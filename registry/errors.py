"""What the registry refuses, and why it cannot be used."""

from __future__ import annotations

import enum

from codes.errors import EngineError

__all__ = ["RegistryCode", "RegistryError", "refused"]


class RegistryCode(enum.StrEnum):
    """Codes of :class:`RegistryError`."""

    MISSING = "registry.missing"
    EXISTS = "registry.exists"
    DAMAGED = "registry.damaged"
    NEWER = "registry.newer"
    PERMISSIONS = "registry.permissions"
    BAD_URL = "registry.bad-url"
    PASSWORD_IN_URL = "registry.password-in-url"  # noqa: S105 (an error code)
    ENCODING = "registry.encoding"
    NO_DRIVER = "registry.no-driver"
    UNAVAILABLE = "registry.unavailable"
    NO_SPACE = "registry.no-space"
    BUSY = "registry.busy"
    CONFLICT = "registry.conflict"
    CLOCK_BACKWARDS = "registry.clock-backwards"
    AUDIT_KEY = "registry.audit-key"
    LOG_BROKEN = "registry.log-broken"
    EXPORT_EXISTS = "registry.export-exists"
    STATE_DIFFERS = "registry.state-differs"

    OTHER_HOME = "registry.other-home"
    OTHER_REGISTRY = "registry.other-registry"
    STATEMENT_TIME = "registry.statement-time"
    REPLAYED = "registry.replayed"
    REFUSED_BEFORE = "registry.refused-before"
    OUT_OF_DATE = "registry.out-of-date"
    UNKNOWN_ACT = "registry.unknown-act"
    BAD_ACT = "registry.bad-act"
    CERTIFICATE = "registry.certificate"

    UNKNOWN_ACTOR = "registry.unknown-actor"
    DISMISSED_ACTOR = "registry.dismissed-actor"
    ROLE_MISSING = "registry.role-missing"
    OUT_OF_SCOPE = "registry.out-of-scope"
    SAME_PERSON = "registry.same-person"
    NOT_PERSONAL = "registry.not-personal"
    UNIT_MISMATCH = "registry.unit-mismatch"
    LAST_ADMINISTRATOR = "registry.last-administrator"

    DOCUMENT_MISSING = "registry.document-missing"
    DOCUMENT_CHANGED = "registry.document-changed"
    DOCUMENT_TOO_LARGE = "registry.document-too-large"
    REASON_MISSING = "registry.reason-missing"
    OUT_OF_ORDER = "registry.out-of-order"


class RegistryError(EngineError):
    """The registry refuses an act or cannot be used; the fact ``clause`` names the rule behind a refusal."""


def refused(code: enum.StrEnum, zh: str, en: str, *, clause: str = "", **facts: str) -> RegistryError:
    """Make the refusal of an act.

    Args:
        clause: the clause that demands it (``B第5条（三）``); empty where none does.
    """
    if clause:
        facts["clause"] = clause
    return RegistryError(code, zh, en, **facts)

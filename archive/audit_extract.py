"""The entries of a home's audit logs that a package takes with it: on its sealing, its seal, its approval.

An extract is no log: between its entries others are missing, so it proves no completeness. Each entry still holds its
own digest and that of the one before it, so any later copy of the logs, or a checkpoint kept elsewhere, tells whether
it was among them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from certs.audit import AuditEntry, write_line
from certs.home import Home
from registry.audit_logs import AuditLog, ledger_log, registry_log
from registry.database import Registry
from registry.errors import RegistryCode, RegistryError

__all__ = ["extracts"]



def extracts(home: Home, sealings: Mapping[str, str]) -> dict[str, bytes]:
    """Return the lines for each licence, oldest first; nothing where the home keeps no logs.

    The logs are read once for all of them.

    Args:
        sealings: identifier of a licence → that of its seal.

    Raises:
        RegistryError: the registry or the ledger cannot be read.
    """
    lines: dict[str, list[bytes]] = {identifier: [] for identifier in sealings}
    approvals: dict[str, set[str]] = {identifier: set() for identifier in sealings}
    with ledger_log(home.issued_dir) as ledger:
        for entry in _entries(ledger):
            identifier = entry.facts.get("identifier")
            if isinstance(identifier, str) and identifier in lines:
                lines[identifier].append(write_line(entry))
                approval = entry.facts.get("approval")
                if isinstance(approval, str) and approval:
                    approvals[identifier].add(approval)
    named: dict[str, list[str]] = {}
    for identifier, seal in sealings.items():
        for name in (seal, *approvals[identifier]):
            named.setdefault(name, []).append(identifier)
    for entry in _registry_entries(home):
        for identifier in dict.fromkeys(one for name in _texts(entry) for one in named.get(name, ())):
            lines[identifier].append(write_line(entry))
    return {identifier: b"".join(found) for identifier, found in lines.items()}


def _entries(log: AuditLog | None) -> Iterable[AuditEntry]:
    return () if log is None else (entry for entry in log.entries() if isinstance(entry, AuditEntry))


def _texts(entry: AuditEntry) -> Collection[str]:
    return {value for value in entry.facts.values() if isinstance(value, str)}


def _registry_entries(home: Home) -> list[AuditEntry]:
    """Every entry of the registry's log; none where the home has no registry."""
    try:
        with Registry.open(home.path) as registry, registry.reading() as session:
            return list(_entries(registry_log(session, registry.log)))
    except RegistryError as error:
        if error.code is RegistryCode.MISSING:
            return []
        raise

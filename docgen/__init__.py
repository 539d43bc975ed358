"""Record → licence → pages → PDF and OFD → sealed package. The one call is :func:`docgen.issue`.

Names are imported when they are first used, so that ``import docgen`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docgen.agreement import DisagreementError
    from docgen.batch import LineResult, issue_many, record_lines
    from docgen.finishing import drop_waiting, finish_waiting, list_waiting
    from docgen.issued import Issued, IssueError, WaitingError
    from docgen.issuing import Issuer, check_record, issue
    from docgen.ledger import LedgerError
    from docgen.licence import Licence
    from docgen.record import RecordError, read_record, validate

__all__ = [
    "DisagreementError", "IssueError", "Issued", "Issuer", "LedgerError", "Licence", "LineResult",
    "RecordError", "WaitingError", "check_record", "drop_waiting", "finish_waiting", "issue", "issue_many",
    "list_waiting", "read_record", "record_lines", "validate",
]

_HOMES = {
    "DisagreementError": "agreement", "IssueError": "issued", "Issued": "issued", "Issuer": "issuing",
    "LedgerError": "ledger", "Licence": "licence", "LineResult": "batch", "RecordError": "record",
    "WaitingError": "issued", "check_record": "issuing", "drop_waiting": "finishing", "finish_waiting": "finishing",
    "issue": "issuing", "issue_many": "batch", "list_waiting": "finishing", "read_record": "record",
    "record_lines": "batch", "validate": "record",
}


def __getattr__(name: str) -> Any:
    """Import a public name on its first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""The base of every error that 证印 raises on purpose, and the fault a check reports.

An error has a stable code for programs, one sentence in Chinese and one in English for people,
and facts for logs. Facts never hold a key, a password or personal data.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

__all__ = ["EngineError", "Fault"]


class EngineError(Exception):
    """Base of all errors raised on purpose.

    Each room subclasses it and keeps its codes in one ``enum.StrEnum``; a code is never renamed or
    reused once released. Callers branch on ``code``; people read ``zh`` or ``en``.
    """

    def __init__(self, code: enum.StrEnum, zh: str, en: str, **facts: str) -> None:
        super().__init__(f"{code.value}: {zh} / {en}")
        self.code = code
        self.zh = zh
        self.en = en
        self.facts = facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault of an input, found among others in one go.

    ``field`` is the label of the field as the seed writes it (``企业名称``), or a path into it.
    """

    field: str
    code: str
    zh: str
    en: str

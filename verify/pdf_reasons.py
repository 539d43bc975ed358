"""How the PDF half of the verifier says what it found: refusals and findings by stable codes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from codes.errors import EngineError
from verify.model import Finding, Reason
from verify.pdf_table import PDF_TABLE
from verify.reasons import clean, clean_facts

__all__ = ["HOSTILE", "FindingList", "PdfRefusal", "pdf_finding"]

_LIMIT = 100                            # findings kept of one file
HOSTILE: Final = (EngineError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError,
                  RecursionError, ArithmeticError, AssertionError, MemoryError)
"""What code may throw on hostile bytes: each becomes a finding."""


class PdfRefusal(Exception):  # noqa: N818 - carries a finding out of a reader, is no error of ours
    """A reader gives up; the code says why. It becomes a finding and never leaves the verifier."""

    def __init__(self, code: str, where: str = "", **facts: object) -> None:
        super().__init__(code, where)
        self.code = code
        self.where = where
        self.facts = facts

    def finding(self) -> Finding:
        """The finding that this refusal becomes."""
        return pdf_finding(self.code, self.where, **self.facts)


def pdf_finding(code: str, where: str = "", **facts: object) -> Finding:
    """Make the finding of a code of ``PDF_TABLE``; facts from the file are cleaned."""
    severity, zh, en = PDF_TABLE[code]
    place = clean(where)
    in_chinese, in_english = clean_facts({"where": place, **facts})
    return Finding(reason=Reason(code=code, zh=zh.format_map(in_chinese), en=en.format_map(in_english)),
                   severity=severity, where=place)


class FindingList:
    """Findings in the order of finding, each code and place once, at most a hundred."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Finding] = {}

    def add(self, code: str, where: str = "", **facts: object) -> None:
        """Keep the finding of a code."""
        self.keep(pdf_finding(code, where, **facts))

    def keep(self, found: Finding) -> None:
        """Keep a finding. Beyond the limit only codes not yet found are kept: no verdict gets better."""
        key = (found.reason.code, found.where)
        if len(self._found) < _LIMIT or all(code != key[0] for code, _ in self._found):
            self._found.setdefault(key, found)

    def extend(self, found: Iterable[Finding]) -> None:
        """Keep several findings."""
        for each in found:
            self.keep(each)

    def __contains__(self, code: str) -> bool:
        return any(code == known for known, _ in self._found)

    def all(self) -> tuple[Finding, ...]:
        """Everything found."""
        return tuple(self._found.values())

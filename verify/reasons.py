"""The reason codes of the verifier: what each does to the verdict, and its sentence in Chinese and English.

A code is never renamed or reused once released. Facts from a file are cleaned before they reach a
sentence: no control or direction characters, at most 120 characters each.
"""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from verify.foreign.reasons import FOREIGN_REASONS
from verify.foreign.value_reasons import VALUE_REASONS
from verify.model import Finding, Reason, Severity, Verdict
from verify.reason_table import CHECK_NAMES, TABLE, Meaning

__all__ = ["FINDING_LIMIT", "Both", "Findings", "Refusal", "clean", "clean_facts", "codes", "finding", "shown_path"]

FINDING_LIMIT: Final = 200              # findings kept of one file; a hostile file could cause millions
ALL_CODES: Final[Mapping[str, Meaning]] = MappingProxyType({**TABLE, **FOREIGN_REASONS, **VALUE_REASONS})
_FACT_LIMIT: Final = 120
_SENTENCE_LIMIT: Final = 1000           # a sentence of another room, which may name what a file holds


class Both(NamedTuple):
    """A fact that is said in Chinese and in English, for the sentence of each."""

    zh: str
    en: str


class Refusal(Exception):  # noqa: N818 - carries a finding out of a reader, is no error of ours
    """A reader gives up: the code says why. Becomes a finding, never leaves the verifier."""

    def __init__(self, code: str, where: str = "", **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.where = where
        self.facts: Mapping[str, object] = facts


class _Facts(dict[str, str]):
    """Facts for a sentence; one that is missing is shown as a question mark instead of raising."""

    def __missing__(self, key: str) -> str:
        return "?"


def clean(value: object, limit: int = _FACT_LIMIT) -> str:
    """Text from a stranger made safe for a terminal: one line, visible characters, at most ``limit``."""
    text = str(value)
    if len(text) > limit:
        text = text[:limit - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if unicodedata.category(char) not in _UNSAFE else "\N{REPLACEMENT CHARACTER}"
                   for char in text)


def shown_path(path: object) -> str:
    """A path for a terminal, whole: control and direction characters and stray bytes are shown as escapes."""
    return "".join(char if unicodedata.category(char) not in _UNSAFE else char.encode("unicode_escape").decode("ascii")
                   for char in str(path))


_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def codes() -> Mapping[str, Meaning]:
    """All reason codes with their meaning, for documents and tests."""
    return ALL_CODES


def clean_facts(facts: Mapping[str, object]) -> tuple[dict[str, str], dict[str, str]]:
    """Facts made safe for a terminal: those of the Chinese sentence, those of the English one."""
    def each(place: int) -> dict[str, str]:
        return {key: clean(value[place], _SENTENCE_LIMIT) if isinstance(value, Both)
                else clean(value, _SENTENCE_LIMIT if key in ("zh", "en") else _FACT_LIMIT)
                for key, value in facts.items()}

    return each(0), each(1)


def finding(code: str, where: str = "", **facts: object) -> Finding:
    """Make the finding of a code. ``where`` names an entry, an object or a field."""
    meaning = ALL_CODES[code]
    place = clean(where)
    facts = {"where": place, **facts}
    if (check := CHECK_NAMES.get(str(facts.get("check")))) is not None:
        facts["check"] = Both(*check)
    in_chinese, in_english = map(_Facts, clean_facts(facts))
    return Finding(
        reason=Reason(code=code, zh=meaning.zh.format_map(in_chinese), en=meaning.en.format_map(in_english)),
        severity=meaning.severity, where=place)


_WORSE: Final = {
    Verdict.VALID: frozenset({Verdict.INDETERMINATE, Verdict.INVALID}),
    Verdict.INDETERMINATE: frozenset({Verdict.INVALID}), Verdict.INVALID: frozenset[Verdict](),
}
_VERDICTS: Final = {Severity.NOTE: Verdict.VALID, Severity.INDETERMINATE: Verdict.INDETERMINATE,
                    Severity.INVALID: Verdict.INVALID}


class _Kept(NamedTuple):
    check: str
    finding: Finding


class Findings:
    """Collects findings by check, and which checks came to their end.

    A verdict "valid" needs every demanded check finished and no finding that weighs: a check that broke
    off, or never ran, can so never be taken for a good one.
    """

    def __init__(self) -> None:
        self._kept: list[_Kept] = []
        self._told: set[str | _Kept] = set()
        self._worst = Verdict.VALID
        self._finished: set[str] = set()
        self._check = ""
        self._hard: frozenset[str] | None = None
        self.left_out = 0                # findings that are not kept: alike ones that are, or beyond the limit

    def soften(self, hard: frozenset[str]) -> None:
        """From now on only these codes can say "not genuine"; others of that weight say "cannot say".

        For a file of another writer's form: what is odd to us need not be wrong.
        """
        self._hard = hard

    def begin(self, check: str) -> None:
        """The findings that follow belong to this check."""
        self._check = check

    def end(self, check: str) -> None:
        """The check looked at everything it has to look at."""
        self._finished.add(check)

    def add(self, code: str, where: str = "", **facts: object) -> None:
        """Keep the finding of a code. What would not be kept is not put into words: there may be millions of it."""
        alike = f"{self._check}\0{code}\0{where}\0{facts}"
        if alike in self._told or self._is_full(self._weight(code, ALL_CODES[code].severity)):
            self.left_out += 1
            return
        self._told.add(alike)
        self.keep(finding(code, where, **facts))

    def refuse(self, refusal: Refusal) -> None:
        """Keep what a reader gave up with."""
        self.add(refusal.code, refusal.where, **refusal.facts)

    def keep(self, found: Finding) -> None:
        """Keep a finding, once; beyond the limit only those are kept that make the verdict worse."""
        weight = self._weight(found.reason.code, found.severity)
        if weight is not found.severity:
            found = dataclasses.replace(found, severity=weight)
        kept = _Kept(self._check, found)
        if kept in self._told or self._is_full(weight):
            self.left_out += 1
            return
        self._told.add(kept)
        self._kept.append(kept)
        if _VERDICTS[weight] in _WORSE[self._worst]:
            self._worst = _VERDICTS[weight]

    def tell(self, note: Finding) -> None:
        """Keep a note beyond the limit."""
        self._kept.append(_Kept("", note))

    def _weight(self, code: str, severity: Severity) -> Severity:
        """What a finding weighs here."""
        softened = self._hard is not None and severity is Severity.INVALID and code not in self._hard
        return Severity.INDETERMINATE if softened else severity

    def _is_full(self, weight: Severity) -> bool:
        """Whether there is no place left for a finding of this weight."""
        return len(self._kept) >= FINDING_LIMIT and _VERDICTS[weight] not in _WORSE[self._worst]

    def extend(self, found: Iterable[Finding]) -> None:
        """Keep several findings."""
        for each in found:
            self.keep(each)

    def all(self) -> tuple[Finding, ...]:
        """Everything found, in the order of finding."""
        return tuple(kept.finding for kept in self._kept)

    def of(self, check: str) -> tuple[Finding, ...]:
        """What one check found."""
        return tuple(kept.finding for kept in self._kept if kept.check == check)

    def has(self, code: str) -> bool:
        """Whether a code was found."""
        return any(kept.finding.reason.code == code for kept in self._kept)

    def verdict(self) -> Verdict:
        """What the findings alone leave possible; see ``unfinished`` for the rest."""
        return self._worst

    def finished(self, check: str) -> bool:
        """Whether a check came to its end."""
        return check in self._finished

    def unfinished(self, demanded: Iterable[str]) -> tuple[str, ...]:
        """Those of the demanded checks that did not come to their end."""
        return tuple(check for check in demanded if check not in self._finished)

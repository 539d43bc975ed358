"""Weighs what each revision did after the first signature: allowed, harmless, or a change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from verify.foreign.pdf_changes import Change, Effect, Kind
from verify.foreign.pdf_compare import compare
from verify.foreign.pdf_fields import ANY, Rule, read_fields
from verify.foreign.pdf_pair import Pair
from verify.foreign.pdf_reasons import ForeignRefusal, foreign_finding
from verify.foreign.pdf_section import odd_section
from verify.foreign.pdf_signature import ForeignSignature
from verify.foreign.pdf_store import State
from verify.foreign.pdf_uncovered import beyond_evidence
from verify.model import Finding, Severity

__all__ = ["Revision", "weigh_revisions"]

_MAX_WORK: Final = 600_000              # objects times revisions
_QUIET: Final = frozenset({Kind.EVIDENCE, Kind.TIMESTAMP, Kind.SAVED})
_BY_PERMISSION: Final = {
    1: _QUIET, 2: _QUIET | {Kind.SIGNATURE, Kind.FORM}, 3: _QUIET | {Kind.SIGNATURE, Kind.FORM, Kind.ANNOTATION},
    ANY: frozenset(Kind) - {Kind.OTHER},
}
"""What each P of DocMDP allows (ISO 32000-2, table 257)."""
_WEIGHED: Final = {
    Kind.FORM: "fpdf.form-filled", Kind.ANNOTATION: "fpdf.annotated", Kind.METADATA: "fpdf.metadata-changed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One revision: its bytes, what it did (None: what the first signature signed), and what that means.

    ``harmless``: nothing that is shown may differ by it.
    """

    number: int
    start: int
    end: int
    change: Change | None
    findings: tuple[Finding, ...]
    harmless: bool


def weigh_revisions(states: Sequence[State], judged: Sequence[tuple[int, ForeignSignature]]) -> tuple[Revision, ...]:
    """Weigh all revisions.

    Args:
        states: the file after each revision.
        judged: signatures with the index of the state that each signed; not empty.

    Raises:
        PdfRefusal: a revision cannot be read, or there are too many.
    """
    first = min(index for index, _ in judged)
    later = len(states) - 1 - first
    if later * len(states[-1].entries) > _MAX_WORK:
        raise ForeignRefusal("fpdf.too-large", "revisions")
    made: list[Revision] = []
    for index, state in enumerate(states):
        start = states[index - 1].end if index else 0
        if index <= first:
            made.append(Revision(number=index + 1, start=start, end=state.end, change=None, findings=(), harmless=True))
            continue
        made.append(_weigh(states, index, judged))
    return tuple(made)


def _weigh(states: Sequence[State], index: int, judged: Sequence[tuple[int, ForeignSignature]]) -> Revision:
    before, after = states[index - 1], states[index]
    pair = Pair(before, after)
    change = compare(pair)
    odd, beyond = odd_section(before, after), beyond_evidence(pair)
    earlier = [signature for place, signature in judged if place < index]
    own = [signature for place, signature in judged if place == index]
    found = [*_told(index + 1, before.end, after.end, change),
             *_forbidden(index + 1, change, [each.signed.rule for each in earlier], before),
             *_effects(index + 1, change, beyond or odd), *_signed(index + 1, change, own)]
    if odd:
        found.append(foreign_finding("fpdf.xref-odd", odd))
    if beyond and not any(place >= index and each.passed and not each.signed.is_stamp for place, each in judged):
        found.append(foreign_finding("fpdf.beyond-evidence", beyond, number=index + 1))
    return Revision(number=index + 1, start=before.end, end=after.end, change=change, findings=tuple(found),
                    harmless=all(each.severity is Severity.NOTE for each in found))


def _told(number: int, start: int, end: int, change: Change) -> list[Finding]:
    """The revision as a note: what kinds of change, and which objects."""
    (zh, en), (kinds_zh, kinds_en) = change.told(), change.words
    return [foreign_finding("fpdf.revision", f"{start}-{end}", number=number, zh=f"{kinds_zh}（{zh}）",
                            en=f"{kinds_en} ({en})")]


def _forbidden(number: int, change: Change, rules: Sequence[Rule], before: State) -> list[Finding]:
    """What an earlier signature does not allow."""
    permission = min((rule.permission for rule in rules), default=ANY)
    found: list[Finding] = []
    bad = [kind for kind in change.kinds if kind not in _BY_PERMISSION[permission] and kind is not Kind.NOTHING]
    if permission != ANY and bad:
        zh, en = change.told(*bad)
        found.append(foreign_finding("fpdf.not-permitted", f"revision {number}", number=number,
                                     permission=permission, zh=zh, en=en))
    known = {each.name for each in read_fields(before)}
    for name in (*change.touched, *(each for each in change.signed if each in known)):
        if any(rule.locks(name) for rule in rules):
            found.append(foreign_finding("fpdf.locked-field", name, number=number))
    return found


def _effects(number: int, change: Change, beyond: str) -> list[Finding]:
    """What a change may do to the picture, whether allowed or not; ``beyond`` names what is more than evidence."""
    found: list[Finding] = []
    where = f"revision {number}"
    if Kind.OTHER in change.kinds:
        zh, en = change.told(Kind.OTHER)
        code = "fpdf.page-changed" if change.effect is Effect.PICTURE else "fpdf.changed"
        found.append(foreign_finding(code, where, number=number, zh=zh, en=en))
    for kind, code in _WEIGHED.items():
        if kind in change.kinds:
            zh, en = change.told(kind)
            found.append(foreign_finding(code, where, number=number, zh=zh, en=en))
    if set(change.kinds) <= {Kind.NOTHING, Kind.SAVED}:
        found.append(foreign_finding("fpdf.uncovered-revision", where, number=number))
    elif set(change.kinds) <= _QUIET and not beyond:
        found.append(foreign_finding("fpdf.evidence-added", where, number=number))
    for stamp in change.stamps:
        box = ", ".join(f"{side:.0f}" for side in stamp.box)
        code = "fpdf.stamp-filled" if stamp.prepared else "fpdf.stamp-added"
        code = code if stamp.drawn else "fpdf.stamp-undrawn"
        found.append(foreign_finding(code, stamp.field, page=stamp.page, box=box))
    return found


def _signed(number: int, change: Change, own: Sequence[ForeignSignature]) -> list[Finding]:
    """Fields that got a value in this revision are those of good signatures over exactly this revision."""
    good = {each.signed.form_field.name for each in own if each.passed}
    if set(change.signed) <= good:
        return []
    return [foreign_finding("fpdf.uncovered-revision", f"revision {number}", number=number)]

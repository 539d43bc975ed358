"""What the signatures of a foreign OFD protect: each entry, by whom, and what the unprotected ones could change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from certs.sm3 import sm3
from verify.covered import PARTS, Coverage, CoveredEntry, LoosePart
from verify.foreign.described import Expected
from verify.foreign.parts import Structure
from verify.model import PlacedStamp, RectMm, SignatureEvidence
from verify.reasons import Findings
from verify.zip import Archive

__all__ = ["Digests", "Judged", "compare", "cover"]

Compute = Callable[[bytes], bytes]

_PLACES_TOLD: Final = 60
_MAX_STAMPED: Final = 1 / 8             # of a page that others signed, all stamps of one signature together
_MAX_HIDDEN: Final = 1 / 2              # of a stamp of another signature
_MOST_STAMPS: Final = 100               # of a signature on a page, whose places are compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One signature: its Signature.xml, how it stands, the digests that it states, the entries whose bytes fit."""

    path: str
    evidence: SignatureEvidence
    references: Mapping[str, Expected]
    good: frozenset[str]

    @property
    def passed(self) -> bool:
        """Whether the signature holds in every respect."""
        return self.evidence.indication == "TOTAL-PASSED"


class Digests:
    """The digests of an archive's entries, each computed once."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._known: dict[tuple[str, Compute], bytes] = {}

    def of(self, name: str, compute: Compute) -> bytes:
        """The digest of an entry."""
        key = (name, compute)
        if key not in self._known:
            self._known[key] = compute(self._archive.entries[name].data)
        return self._known[key]


def compare(archive: Archive, references: Mapping[str, Expected], digests: Digests, found: Findings) -> frozenset[str]:
    """The entries whose bytes are the signed ones.

    Args:
        found: gets ``seal.changed``, ``seal.gone``; ``foreign.reference`` where the signed bytes are there, but under
            a name that only leniency leads to.
    """
    good, blind = set(), {name.casefold(): name for name in archive.entries}
    for name, expected in references.items():
        if name in archive.entries:
            if digests.of(name, expected.compute) == expected.digest:
                good.add(name)
            else:
                found.add("seal.changed", name)
            continue
        written = expected.location.strip().lstrip("/")
        alike = written if written in archive.entries else blind.get(name.casefold(), blind.get(written.casefold()))
        if alike is not None and digests.of(alike, expected.compute) == expected.digest:
            found.add("foreign.reference", alike, location=expected.location)
        else:
            found.add("seal.gone", name)
    return frozenset(good)


def cover(archive: Archive, structure: Structure, signatures: Sequence[Judged], digests: Digests,
          found: Findings) -> Coverage:
    """The standing of every entry, and what the pages show from unprotected ones.

    Only signatures that pass protect anything; where none does, the report shows what those protect that did not fail.

    Args:
        found: gets ``coverage.…`` for each unprotected entry, one for all where nothing was signed, one for all that a
            signature would protect if it passed, and
            ``foreign.rollback`` for lists of signatures, ``coverage.stamp-over`` for stamps that may hide what others
            signed.
    """
    passed = [each for each in signatures if each.passed]
    counted = passed or [each for each in signatures if each.evidence.indication != "TOTAL-FAILED"]
    if passed:
        _require_listed(structure, passed)
    entries = [_entry(name, digests, structure, signatures, counted) for name in archive.entries]
    entries += [CoveredEntry(name=name, state="removed", expected=expected.digest.hex(), role="unreached", part="other")
                for name, expected in _expected(signatures).items() if name not in archive.entries]
    if not signatures:
        found.add("coverage.unsigned", "", count=len(entries))
        return Coverage(complete=False, entries=tuple(entries))
    loose: list[LoosePart] = []
    for entry in entries:
        if entry.state in ("unprotected", "changed"):
            loose += _weigh(entry, structure, found)
    lapsed = frozenset(entry.name for entry in entries if entry.lapsed)
    for each in signatures:
        if each not in counted and (count := len(each.good & lapsed)):
            found.add("coverage.void", each.path, id=each.evidence.id, count=count)
    for part in [each for each in loose if each.entry not in lapsed][:_PLACES_TOLD]:
        zh, en = PARTS[part.part]
        box = part.box
        found.add("coverage.page", part.entry, page=part.page, part=zh, part_en=en,
                  box=f"{box.x_mm:g} {box.y_mm:g} {box.width_mm:g} {box.height_mm:g} mm" if box else "—")
    for each in passed:
        left = [entry.name for entry in entries
                if entry.state == "protected" and entry.role == "picture" and entry.name not in each.good]
        if left:
            code = "coverage.stamped-partly" if each.evidence.stamps else "coverage.partly"
            found.add(code, left[0], id=each.evidence.id, count=len(left))
    _tell_stamps(structure, passed, found)
    for path in structure.lists:
        if not any(path in each.good for each in counted):
            found.add("foreign.rollback", path)
            if structure.bodies > 1:
                found.add("foreign.whose", path)
    complete = bool(passed) and all(entry.state in ("protected", "signature") for entry in entries)
    return Coverage(complete=complete, entries=tuple(entries), loose=tuple(loose))


def _tell_stamps(structure: Structure, passed: Sequence[Judged], found: Findings) -> None:
    """Stamps that came after somebody else's signature, and are large, or lie on his.

    Nothing tells which of two signatures is the later, unless one protects the description of the other.
    """
    shown = [(each, _boxes(each.evidence.stamps)) for each in passed]
    for later, boxes in shown:
        for earlier, others in shown:
            if later is earlier or later.path in earlier.good or _same_signer(later.evidence, earlier.evidence):
                continue
            for page, own in boxes.items():
                if sum(map(_area, own)) > _MAX_STAMPED * structure.areas.get(page, 0.0) or _hides(
                        own, others.get(page, [])):
                    box = max(own, key=_area)
                    found.add("coverage.stamp-over", later.path, id=later.evidence.id, other=earlier.evidence.id,
                              page=page, box=f"{box.x_mm:g} {box.y_mm:g} {box.width_mm:g} {box.height_mm:g} mm")


def _boxes(stamps: Iterable[PlacedStamp]) -> dict[int, list[RectMm]]:
    """The boxes on each page; one of a negative width is drawn the other way."""
    boxes: dict[int, list[RectMm]] = {}
    for each in stamps:
        box = each.box
        boxes.setdefault(each.page, []).append(RectMm(
            x_mm=min(box.x_mm, box.right_mm), y_mm=min(box.y_mm, box.bottom_mm), width_mm=abs(box.width_mm),
            height_mm=abs(box.height_mm)))
    return boxes


def _same_signer(one: SignatureEvidence, other: SignatureEvidence) -> bool:
    """Whether one organisation made both."""
    return one.certificate_fingerprint == other.certificate_fingerprint or (
        bool(one.organisation_code) and one.organisation_code == other.organisation_code)


def _hides(own: Sequence[RectMm], others: Sequence[RectMm]) -> bool:
    """Whether a stamp lies on most of another one."""
    if len(own) > _MOST_STAMPS or len(others) > _MOST_STAMPS:
        return bool(own and others)
    return any(_shared(one, other) > _MAX_HIDDEN * _area(other) for one in own for other in others)


def _area(box: RectMm) -> float:
    return box.width_mm * box.height_mm


def _shared(one: RectMm, other: RectMm) -> float:
    """The area that two boxes have in common, mm²."""
    width = min(one.right_mm, other.right_mm) - max(one.x_mm, other.x_mm)
    height = min(one.bottom_mm, other.bottom_mm) - max(one.y_mm, other.y_mm)
    return max(width, 0.0) * max(height, 0.0)


def _require_listed(structure: Structure, passed: Sequence[Judged]) -> None:
    """What only tags name is harmless where their listing is protected; otherwise anyone could have named it."""
    for name, listing in structure.tagged.items():
        if structure.roles.get(name) == "harmless" and not any(listing in each.good for each in passed):
            structure.roles[name] = "unreached"


def _expected(signatures: Iterable[Judged]) -> dict[str, Expected]:
    """The digest that is stated of each entry, by the last signature that does."""
    return {name: expected for each in signatures for name, expected in each.references.items()}


def _entry(name: str, digests: Digests, structure: Structure, signatures: Sequence[Judged],
           counted: Sequence[Judged]) -> CoveredEntry:
    """One entry. One that any signature states another digest of is changed, whatever others say."""
    by = tuple(each.evidence.id for each in counted if name in each.good)
    broken = next((each.references[name] for each in signatures
                   if name in each.references and name not in each.good), None)
    stated = broken or next((each.references[name] for each in signatures if name in each.good), None)
    digest = digests.of(name, sm3 if stated is None else stated.compute)
    role = structure.roles.get(name, "unreached")
    if broken is not None:
        state = "changed"
    elif by:
        state = "protected"
    else:
        state = "signature" if role == "signature" and name not in structure.lists else "unprotected"
    return CoveredEntry(name=name, state=state, digest=digest.hex(), expected=stated.digest.hex() if stated else "",
                        role=role, part=structure.parts.get(name, "other"), by=by)


def _weigh(entry: CoveredEntry, structure: Structure, found: Findings) -> list[LoosePart]:
    """Say what an unprotected entry means; where it shows."""
    zh, en = PARTS.get(entry.part, PARTS["other"])
    if entry.state == "unprotected" and entry.role != "signature" and not entry.lapsed:
        code = {"picture": "coverage.foreign", "harmless": "coverage.harmless"}.get(entry.role, "coverage.unreached")
        found.add(code, entry.name, part=zh, part_en=en)
    places = dict.fromkeys(structure.places.get(entry.name, ()))
    return [LoosePart(page=place.page, part=place.part, entry=entry.name, box=place.box) for place in places]

"""Form fields of a foreign PDF, above all those that are signed, and what a signature forbids afterwards.

Source: ISO 32000-2 12.7 (forms), 12.7.5.5 (signature fields, locks), 12.8.2 (DocMDP, FieldMDP).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from verify.foreign.pdf_reasons import ForeignRefusal
from verify.foreign.pdf_store import State
from verify.foreign.pdf_walk import text_of
from verify.foreign.pdf_xref import MAX_OBJECTS
from verify.pdf_objects import Dict, Object, PdfString, Ref

__all__ = ["ANY", "FormField", "Names", "Rule", "read_fields", "rule_of"]

ANY: Final = 4
"""No certification forbids anything: an approval signature alone."""

_MAX_FIELDS: Final = 5000
_MAX_NAMES: Final = 4_000_000           # characters, of all fields together
_MAX_DEPTH: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One terminal field. ``numbers`` are its objects: its own, then those of its widgets."""

    name: str
    kind: str                               # FT: Sig, Tx, Btn, Ch
    number: int
    numbers: tuple[int, ...]
    entries: Dict = field(repr=False)
    rooted: bool = True                     # it and its widgets name as their parent what they hang below, or none

    @property
    def is_signature(self) -> bool:
        """Whether it is made to be signed."""
        return self.kind == "Sig"


@dataclass(frozen=True, slots=True)
class Names:
    """Names of fields; each stands for the fields below it too.

    ``ends`` are the names with a dot at the end, in their order, without those that stand below another.
    """

    ends: tuple[str, ...] = ()

    @classmethod
    def of(cls, names: Iterable[str]) -> Names:
        """These names."""
        ends: list[str] = []
        for each in sorted({f"{name}." for name in names}):
            if not ends or not each.startswith(ends[-1]):
                ends.append(each)
        return cls(tuple(ends))

    def hold(self, name: str) -> bool:
        """Whether a name is one of these, or stands below one."""
        end = f"{name}."
        place = bisect_right(self.ends, end)
        return place > 0 and end.startswith(self.ends[place - 1])

    def meet(self, name: str) -> bool:
        """Whether a name is one of these, or stands above or below one: readers may take one for the other."""
        end = f"{name}."
        place = bisect_left(self.ends, end)
        return self.hold(name) or (place < len(self.ends) and self.ends[place].startswith(end))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a signature allows afterwards: ``permission`` is P of DocMDP, or ``ANY``; ``locked`` says of fields."""

    permission: int = ANY
    everything: bool = False                # all fields are locked but those that are excepted
    names: Names = Names()                  # the locked ones, or the excepted ones

    def locks(self, name: str) -> bool:
        """Whether a field is locked."""
        return self.names.hold(name) != self.everything


def read_fields(state: State) -> tuple[FormField, ...]:
    """All terminal fields of the form.

    Raises:
        ForeignRefusal: the form has a cycle, is too large, or holds what is no field.
    """
    form = state.dict(state.root.get("AcroForm"))
    found: list[FormField] = []
    seen: set[int] = set()
    left, listed = _MAX_NAMES, 0
    pending: list[tuple[Object, str, Object, tuple[Object, ...]]] = [
        (each, "", None, ()) for each in reversed(state.list(form.get("Fields")))]
    while pending:
        ref, above, kind, path = pending.pop()
        node = state.deref(ref)
        if node is None:
            continue
        if not isinstance(ref, Ref) or not isinstance(node, dict) or ref.number in seen:
            raise ForeignRefusal("fpdf.type", "AcroForm", what="Field")
        seen.add(ref.number)
        name = ".".join(filter(None, (above, text_of(state.deref(node.get("T"))))))
        below = state.list(node.get("Kids"))
        left, listed = left - len(name), listed + len(below)
        if len(path) > _MAX_DEPTH or len(seen) > _MAX_FIELDS or left < 0 or listed > MAX_OBJECTS:
            raise ForeignRefusal("fpdf.too-large", "AcroForm")
        kind = state.deref(node.get("FT", kind))
        kids = [kid for kid in below if state.deref(kid) is not None]
        if any("T" in state.dict(kid) for kid in kids):
            pending.extend((kid, name, kind, (*path, ref)) for kid in reversed(kids))
            continue
        widgets = tuple(kid.number for kid in kids if isinstance(kid, Ref))
        line = (*path, ref)
        rooted = all(_hangs(state, one, line[:place]) for place, one in enumerate(line)) and all(
            _hangs(state, kid, line) for kid in kids)
        found.append(FormField(name=name, kind=str(kind), number=ref.number, numbers=(ref.number, *widgets),
                               entries=node, rooted=rooted))
    return tuple(found)


def _hangs(state: State, one: Object, above: tuple[Object, ...]) -> bool:
    """Whether a field or widget names the last of what is above it as its parent, or none."""
    entries = state.dict(one)
    return "Parent" not in entries or entries["Parent"] in above[-1:]


def rule_of(state: State, signature: Dict, lock: Object) -> Rule:
    """What a signature and the lock of its field forbid later."""
    permission, everything, names = ANY, False, set[str]()
    demands: list[Dict] = [state.dict(lock)]
    for each in state.counted(signature.get("Reference")):
        reference = state.dict(each)
        parameters = state.dict(reference.get("TransformParams"))
        method = state.deref(reference.get("TransformMethod"))
        if method == "DocMDP":
            permission = min(permission, _permission(state, parameters, 2))
        elif method == "FieldMDP":
            demands.append(parameters)
    for demand in demands:
        if "P" in demand:
            permission = min(permission, _permission(state, demand, ANY))
        action = state.deref(demand.get("Action"))
        listed = [state.deref(each) for each in state.counted(demand.get("Fields"))]
        values = [each.value for each in listed if isinstance(each, PdfString)]
        state.store.walk(sum(map(len, values)))
        told = {text_of(one) for one in listed if isinstance(one, PdfString)}
        if action == "Include" and not everything:
            names |= told
        elif action in ("All", "Exclude"):
            everything, names = True, (names & told if everything else told) if action == "Exclude" else set()
    return Rule(permission=permission, everything=everything, names=Names.of(names))


def _permission(state: State, entries: Dict, default: int) -> int:
    """P as written; anything odd forbids everything."""
    value = state.deref(entries.get("P", default))
    return value if type(value) is int and 1 <= value <= 3 else (default if value == default else 1)

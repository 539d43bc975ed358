"""Two states of one PDF side by side: which objects differ, and which of them mattered before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from verify.foreign.pdf_fields import Names, read_fields
from verify.foreign.pdf_store import State, same
from verify.foreign.pdf_walk import Page, Pages, name_of, reached, read_pages, text_of
from verify.pdf_objects import Dict, Object, PdfString, Ref, Stream

__all__ = ["ENDS", "PAINTED", "Pair", "came_to", "changed_keys", "entries_of", "grown"]

ENDS: Final = frozenset({"Parent", "P", "StructParent", "StructParents", "PieceInfo", "LastModified", "Metadata"})
"""Keys of a page or an annotation that lead to nothing that is drawn."""

PAINTED: Final = ("AP", "MK", "OC")
"""Keys of an annotation that it is drawn from."""

_SHAPING: Final = frozenset({"Page", "Pages", "Catalog", "OCG", "OCMD"})
_NAMED_PAGES: Final = 200


def changed_keys(one: Dict, two: Dict) -> list[str]:
    """Keys whose values differ; one that is null is not one that is absent, for it may hide what is inherited."""
    return sorted(key for key in one.keys() | two.keys()
                  if key not in one or key not in two or not same(one[key], two[key]))


def came_to(old: Sequence[Object], new: Sequence[Object]) -> list[Object] | None:
    """What came to a list that otherwise says what it said, in its order; None where it does not."""
    more: list[Object] = []
    place = 0
    for each in new:
        if place < len(old) and same(old[place], each):
            place += 1
        else:
            more.append(each)
    return more if place == len(old) else None


def entries_of(state: State, number: int) -> Dict:
    """The dictionary that an object is, empty for anything else."""
    value = state.value(number)
    return value if isinstance(value, dict) else {}


def grown(before: State, one: Object, after: State, two: Object) -> bool:
    """Whether resources got further names, and all names that were there still stand for the same objects."""
    old, new = before.deref(one), after.deref(two)
    if old is None or same(one, two):
        return True
    if not isinstance(old, dict) or not isinstance(new, dict) or not old.keys() <= new.keys():
        return False
    return all(_named(before, value, after, new[kind]) for kind, value in old.items())


def _named(before: State, one: Object, after: State, two: Object) -> bool:
    """Whether one kind of resources has all the names that it had, for the same objects."""
    old, new = before.deref(one), after.deref(two)
    if not isinstance(old, dict) or not isinstance(new, dict):
        return same(old, new)
    before.store.walk(len(old))
    return all(name in new and same(value, new[name]) for name, value in old.items())


def _short(value: Object) -> str:
    """A value for people, cut where it is long."""
    if isinstance(value, Ref):
        return f"{value.number} {value.generation} R"
    if isinstance(value, PdfString):
        return text_of(value)[:20]
    if isinstance(value, list):
        return f"[{' '.join(_short(each) for each in value[:6])}{' …' if len(value) > 6 else ''}]"
    return "<<…>>" if isinstance(value, dict) else "—" if value is None else str(value)[:20]


class Pair:
    """``before`` and ``after`` one revision.

    ``guarded`` are the objects that something but the DSS refers to before, those that do not exist included;
    ``differ`` the numbers whose object is not what it was; ``drawn`` what pages are drawn from, annotations left
    out; ``shown`` the same with annotations.
    """

    def __init__(self, before: State, after: State) -> None:
        self.before, self.after = before, after
        self.pages: Pages = read_pages(before)
        self.fields = read_fields(before)
        self.names = Names.of(each.name for each in self.fields)
        self.guarded = self._guarded()
        self.differ = self._differing()
        self.page_stop = frozenset(page.ref.number for page in self.pages)
        self.field_stop = self.page_stop | {number for each in self.fields for number in each.numbers}
        leave = ENDS | {"Annots"}
        self.drawn = reached(before, [value for page in self.pages for value in (
            page.inherited, {key: each for key, each in page.entries.items() if key not in leave})],
            stop=self.page_stop)
        self.shown = self.drawn | reached(before, [value for page in self.pages for value in self._annotations(page)],
                                          stop=self.field_stop)

    def _annotations(self, page: Page) -> list[Object]:
        listed = page.annotations(self.before)
        return [self.before.dict(each).get(key) for each in listed for key in PAINTED]

    def _guarded(self) -> set[int]:
        root = {key: value for key, value in self.before.root.items() if key != "DSS"}
        ref = self.before.trailer.get("Root")
        own = {ref.number} if isinstance(ref, Ref) else set()
        return reached(self.before, [root, self.before.trailer.get("Info")], stop=frozenset(own)) | own

    def _differing(self) -> frozenset[int]:
        one, two = self.before, self.after
        renamed = {number for number in two.section.entries
                   if one.value(number) is not None and one.generation(number) != two.generation(number)}
        numbers = {number for number in two.section.entries if one.place(number) != two.place(number)}
        numbers |= {number for number, entry in two.entries.items() if entry.packed and entry.first in numbers}
        return frozenset(renamed | {number for number in numbers if not same(one.value(number), two.value(number))})

    def keys(self, number: int) -> list[str]:
        """Which keys of an object differ."""
        return changed_keys(entries_of(self.before, number), entries_of(self.after, number))

    def told(self, number: int) -> str:
        """What an object was and is, for people: the keys that differ, or the sizes of a stream."""
        old, new = self.before.value(number), self.after.value(number)
        if isinstance(old, Stream) and isinstance(new, Stream):
            return f"[{len(old.raw)}→{len(new.raw)} bytes]"
        one, two = entries_of(self.before, number), entries_of(self.after, number)
        keys = [f"{key} {_short(one.get(key))}→{_short(two.get(key))}" for key in changed_keys(one, two)]
        return f"[{', '.join(keys[:4])}]" if keys and one and two else ""

    def plain(self, number: int) -> bool:
        """Whether an object is a dictionary or an array on both sides, and pages are not drawn from it."""
        values = self.before.value(number), self.after.value(number)
        kept = self.before.generation(number) == self.after.generation(number)
        return kept and number not in self.drawn and all(isinstance(each, (dict, list)) for each in values)

    def is_new(self, value: Object) -> bool:
        """Whether an object did not exist before, nor did anything refer to it."""
        return isinstance(value, Ref) and value.number not in self.guarded and self.before.value(value.number) is None

    def shapes(self, number: int) -> bool:
        """Whether an object has a part in what pages look like."""
        value = self.before.value(number)
        told = (value.entries if isinstance(value, Stream) else value)
        return number in self.shown or (isinstance(told, dict) and told.get("Type") in _SHAPING)

    def pages_of(self, number: int) -> list[int]:
        """Pages that are drawn from an object, at most five; none are named in a long document."""
        found: list[int] = []
        for page in self.pages if len(self.pages) <= _NAMED_PAGES else ():
            values = [page.inherited, {key: each for key, each in page.entries.items() if key not in ENDS}]
            if number == page.ref.number or number in reached(self.before, values, stop=self.page_stop):
                found.append(page.number)
        return found[:5]

    def name(self, number: int) -> str:
        """An object for people, as it was, or as it is when it is new."""
        return name_of(self.after if self.before.value(number) is None else self.before, number)

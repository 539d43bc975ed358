"""What a revision may do that no signer covers: add evidence (DSS) and at most one document timestamp, and no more.

Anybody can append such a revision, and have it timestamped by an authority that everybody trusts. So it is not asked
what it may have changed, but which objects it touches, and each must be one that evidence or a timestamp needs: the
catalog, the form's list of fields, one page's list of annotations, a new field that is not seen with its value, the
evidence itself, the time and the program of saving. Whatever else it writes again reads as it did.

Source: ISO 32000-2 12.8.4.3, 12.8.5; ETSI EN 319 142-1 5.4, 5.5.
"""

from __future__ import annotations

import re
from typing import Final

from verify.foreign.pdf_annotations import draws_nothing, has_no_extent
from verify.foreign.pdf_catalog import is_later_version, only_extended
from verify.foreign.pdf_metadata import SAVING_KEYS, only_saved_again
from verify.foreign.pdf_pair import Pair, came_to, changed_keys, entries_of
from verify.foreign.pdf_plain import odd_form, xref_stream
from verify.foreign.pdf_store import refs_of, same
from verify.foreign.pdf_walk import reached
from verify.pdf_objects import Dict, Object, PdfString, Ref, Stream

__all__ = ["beyond_evidence"]

_FIELD: Final = frozenset({"Type", "Subtype", "FT", "T", "TU", "F", "Rect", "P", "V", "AP"})
_FLAGS: Final = (4, 132)
_NAME: Final = re.compile(rb"[ -~]{1,128}")
_STAMP: Final = frozenset({"Type", "Filter", "SubFilter", "ByteRange", "Contents", "V", "M", "Name", "Reason",
                           "Location", "ContactInfo", "Prop_Build"})
_DRAWING: Final = frozenset({"Type", "Subtype", "FormType", "BBox", "Resources", "Length", "Filter"})
_METADATA: Final = frozenset({"Type", "Subtype", "Length", "Filter"})
_EVIDENCE: Final = frozenset({"Length", "Filter"})
_FORM_FLAGS: Final = (1, 2, 3)


def beyond_evidence(pair: Pair) -> str:
    """The first part of a revision that is more than evidence and an invisible document timestamp; "" when none is.

    Raises:
        PdfRefusal: it cannot be read.
    """
    odd = odd_form(pair.before, pair.after)
    if odd:
        return odd
    try:
        _Revision(pair).check()
    except _BeyondError as beyond:
        return str(beyond)
    return ""


class _BeyondError(Exception):
    """A part of the revision is none that evidence or a timestamp needs."""


def _require(holds: bool, where: object) -> None:
    if not holds:
        raise _BeyondError(f"{where} 0 R" if isinstance(where, int) else where)


class _Revision:
    """One revision. ``touched`` are the objects that it may write, each looked at."""

    def __init__(self, pair: Pair) -> None:
        self.pair, self.before, self.after = pair, pair.before, pair.after
        former = self.before.root.get("DSS")
        self.known = reached(self.before, [self.before.root, self.before.trailer.get("Info")])
        self.former = reached(self.before, [former]) - pair.guarded
        used = [value for key, value in self.before.root.items() if key not in ("DSS", "Metadata")]
        self.used = reached(self.before, used)
        self.touched: set[int] = set()

    def check(self) -> None:
        """All of it."""
        table = xref_stream(self.after)
        if table:
            _require(self.is_new(Ref(table, 0)), table)
            self.touched.add(table)
        self.catalog()
        self.timestamp(self.form())
        self.evidence()
        self.information()
        self.metadata()
        for number, entry in sorted(self.after.section.entries.items()):
            if entry.plain and number not in self.touched:
                value = self.after.value(number)
                _require(isinstance(value, (dict, list)) and same(self.before.value(number), value), number)

    def is_new(self, value: Object) -> bool:
        """Whether an object did not exist before, nor did anything refer to it."""
        return isinstance(value, Ref) and value.generation == 0 and value.number not in self.known and (
            self.before.value(value.number) is None)

    def own(self, value: Object, where: object) -> int:
        """The number of a new object that this revision brings."""
        _require(self.is_new(value) and isinstance(value, Ref) and value.number not in self.touched, where)
        number = value.number if isinstance(value, Ref) else 0
        self.touched.add(number)
        return number

    def again(self, number: int) -> None:
        """An object that may be written anew: pages are not drawn from it."""
        if self.before.value(number) is not None and number in self.pair.differ:
            _require(self.pair.plain(number), number)
        self.touched.add(number)

    # -- catalog and form

    def catalog(self) -> None:
        ref = self.before.trailer.get("Root")
        _require(isinstance(ref, Ref) and ref == self.after.trailer.get("Root"), "Root")
        if isinstance(ref, Ref):
            self.again(ref.number)
        old, new = self.before.root, self.after.root
        for key in changed_keys(old, new):
            one, two = old.get(key), new.get(key)
            may = {"DSS": key in new, "AcroForm": True, "Metadata": key not in old,
                   "Version": is_later_version(one, two),
                   "Extensions": isinstance(two, dict) and only_extended(self.pair, one, two)}
            _require(may.get(key, False), f"Catalog {key}")

    def form(self) -> Ref | None:
        """The field that was added to the form, if one was."""
        old, new = self.before.root.get("AcroForm"), self.after.root.get("AcroForm")
        if isinstance(old, Ref):
            _require(old == new, "AcroForm")
            self.again(old.number)
        elif isinstance(new, Ref):
            _require(old is None, "AcroForm")
            self.own(new, "AcroForm")
        one, two = self.before.dict(old), self.after.dict(new)
        _require(new is None or isinstance(self.after.deref(new), dict), "AcroForm")
        keys = changed_keys(one, two)
        flags, had = two.get("SigFlags"), one.get("SigFlags", 0)
        _require(set(keys) <= {"Fields", "SigFlags"} and ("SigFlags" not in keys or (
            type(flags) is int and flags in _FORM_FLAGS and type(had) is int and flags | had == flags)), "AcroForm")
        return self.added(one.get("Fields"), two.get("Fields"), "Fields")

    def added(self, old: Object, new: Object, where: str) -> Ref | None:
        """The one reference that came to a list, which is otherwise as it was."""
        if isinstance(old, Ref):
            _require(old == new, where)
            self.again(old.number)
        else:
            _require(new is None or isinstance(new, list), where)
        more = came_to(self.before.list(old), self.after.list(new))
        _require(more is not None and len(more) <= 1 and all(isinstance(each, Ref) for each in more), where)
        return next((each for each in more or () if isinstance(each, Ref)), None)

    # -- the timestamp

    def timestamp(self, field: Ref | None) -> None:
        """A field that is not seen, on at most one page, with the value of a document timestamp."""
        if field is not None:
            entries = self.field(self.own(field, "Fields"))
            self.stamp(self.own(entries.get("V"), "V"))
        listed = 0
        for page in self.pair.pages:
            now = entries_of(self.after, page.ref.number)
            changed = page.ref.number in self.pair.differ
            old = page.entries.get("Annots")
            if not changed and not (isinstance(old, Ref) and old.number in self.pair.differ):
                continue
            _require(field is not None and (not changed or self.pair.keys(page.ref.number) == ["Annots"]),
                     page.ref.number)
            self.touched.add(page.ref.number)
            _require(self.added(old, now.get("Annots"), "Annots") == field, page.ref.number)
            listed += 1
            _require(listed == 1, "Annots")

    def field(self, number: int) -> Dict:
        """The dictionary of the new field, which is its own widget."""
        entries, where = entries_of(self.after, number), number
        box, name = entries.get("Rect"), entries.get("T")
        _require(entries.keys() <= _FIELD and entries.get("FT") == "Sig" and entries.get("Subtype") == "Widget"
                 and entries.get("Type", "Annot") == "Annot", where)
        _require(isinstance(box, list) and has_no_extent(self.after, entries)
                 and not any(isinstance(side, Ref) for side in box), where)
        _require(type(entries.get("F")) is int and entries.get("F") in _FLAGS, where)
        _require(isinstance(name, PdfString) and _NAME.fullmatch(name.value) is not None
                 and b"." not in name.value and not self.pair.names.meet(name.value.decode("latin-1")), where)
        _require(isinstance(entries.get("TU", name), PdfString), where)
        _require("P" not in entries or any(entries["P"] == page.ref for page in self.pair.pages), where)
        if "AP" in entries:
            self.appearance(entries["AP"], where)
        return entries

    def appearance(self, value: Object, where: int) -> None:
        """Some programs give the field a picture without content."""
        if isinstance(value, Ref):
            self.own(value, where)
        told = self.after.deref(value)
        _require(isinstance(told, dict) and told.keys() == {"N"}, where)
        picture = self.after.value(self.own(told["N"] if isinstance(told, dict) else None, where))
        _require(isinstance(picture, Stream) and picture.entries.keys() <= _DRAWING
                 and picture.entries.get("Subtype") == "Form" and picture.entries.get("Resources", {}) == {}
                 and not any(refs_of(picture)) and draws_nothing(self.after, picture), where)

    def stamp(self, number: int) -> None:
        """The value of the field."""
        entries = entries_of(self.after, number)
        _require(entries.get("Type") == "DocTimeStamp" and entries.get("SubFilter") == "ETSI.RFC3161"
                 and entries.get("Filter") == "Adobe.PPKLite" and entries.keys() <= _STAMP
                 and not any(refs_of(entries)), number)

    # -- evidence, and what tells of saving

    def evidence(self) -> None:
        """What the DSS leads to is new, or was evidence before, and nothing but evidence."""
        inside = reached(self.after, [self.after.root.get("DSS")])
        _require(not inside & (self.pair.guarded | self.touched), "DSS")
        for number in inside & self.after.section.entries.keys():
            value = self.after.value(number)
            _require(number in self.former or self.is_new(Ref(number, 0)), number)
            _require(value is None or isinstance(value, (dict, list)) or (
                isinstance(value, Stream) and value.entries.keys() <= _EVIDENCE), number)
            self.touched.add(number)

    def information(self) -> None:
        """The information dictionary tells, in plain strings, of another time or program of saving."""
        old, new = self.before.trailer.get("Info"), self.after.trailer.get("Info")
        if old != new:
            _require("Info" not in self.before.trailer, "Info")
            self.own(new, "Info")
        elif isinstance(new, Ref) and new.number in self.pair.differ:
            _require(new.number not in self.used, "Info")
            self.touched.add(new.number)
        one, two = self.before.dict(old), self.after.dict(new)
        _require(new is None or isinstance(self.after.deref(new), dict), "Info")
        keys = changed_keys(one, two)
        _require(set(keys) <= SAVING_KEYS and all(isinstance(two.get(key), PdfString) for key in keys), "Info")

    def metadata(self) -> None:
        """The packet of metadata is the same, or tells of another time or program of saving, or is the first."""
        old, new = self.before.root.get("Metadata"), self.after.root.get("Metadata")
        if old is None and new is not None:
            self.own(new, "Metadata")
        elif isinstance(new, Ref) and new.number in self.after.section.entries:
            _require(new.number not in self.used, "Metadata")
            self.touched.add(new.number)
        else:
            return
        told = self.after.deref(new)
        _require(isinstance(told, Stream) and told.entries.keys() <= _METADATA
                 and told.entries.get("Type") == "Metadata" and told.entries.get("Subtype") == "XML"
                 and only_saved_again(self.before, old, self.after, new), "Metadata")

"""What in a PDF can act, or leaves it to the reader's program what is seen.

A signature covers the bytes; where a script, a layer, a missing font or a file elsewhere decides on the picture,
covering the bytes is not enough, and the part is named.

Source: ISO 32000-2 8.11 (layers), 9.6 to 9.9 (fonts), 12.5 (annotations), 12.6 (actions), 12.7.8 (XFA), 13 (media).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from verify.foreign.pdf_annotations import MEDIA, judge_annotation
from verify.foreign.pdf_reasons import foreign_finding
from verify.foreign.pdf_store import State
from verify.foreign.pdf_values import shows_value
from verify.foreign.pdf_walk import reached
from verify.model import Finding
from verify.pdf_objects import Dict, Name, Object, Stream

__all__ = ["check_active"]

_MANY: Final = 40                        # findings kept
_QUIET: Final = frozenset({"GoTo", "URI"})
_ACTIONS: Final = frozenset({
    "GoToR", "GoToE", "GoToDp", "Launch", "Thread", "Sound", "Movie", "Hide", "Named", "SubmitForm", "ResetForm",
    "ImportData", "JavaScript", "SetOCGState", "Rendition", "Trans", "GoTo3DView", "RichMediaExecute"})
_LAYERS: Final = ("OCG", "OCMD")
_SIMPLE: Final = frozenset({"Type1", "MMType1", "TrueType", "CIDFontType0", "CIDFontType2"})


def check_active(state: State) -> list[Finding]:
    """Look at every object that the catalog leads to.

    Raises:
        PdfRefusal: an object cannot be read.
    """
    walk = _Walk(state)
    walk.catalog()
    root = state.trailer.get("Root")
    for number in sorted(reached(state, [root])):
        walk.object(state.value(number), f"{number} 0 R")
    return list(walk.found.values())


class _Walk:
    """Collects findings, each code and fact once."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.found: dict[tuple[str, object], Finding] = {}
        self.kinds: tuple[Callable[[Dict, str], None], ...] = (
            self.action, self.annotation, self.font, self.picture)

    def add(self, code: str, where: str = "", what: object = "") -> None:
        key = (code, what or where)
        if key not in self.found and (len(self.found) < _MANY or all(code != known for known, _ in self.found)):
            self.found[key] = foreign_finding(code, where, what=what)

    # -- the catalog

    def catalog(self) -> None:
        state, root = self.state, self.state.root
        names, form = state.dict(root.get("Names")), state.dict(root.get("AcroForm"))
        for entries, key, code in (
                (names, "JavaScript", "fpdf.javascript"), (form, "XFA", "fpdf.xfa"),
                (root, "NeedsRendering", "fpdf.xfa"), (root, "OCProperties", "fpdf.layers"),
                (root, "Collection", "fpdf.collection"), (names, "AlternatePresentations", "fpdf.media"),
                (root, "Requirements", "fpdf.action"), (names, "EmbeddedFiles", "form.pdf-attachment")):
            if state.deref(entries.get(key)) is not None:
                self.add(code, key, key)
        if state.deref(form.get("NeedAppearances")) is True:
            self.add("fpdf.need-appearances")
        permissions = state.dict(root.get("Perms"))
        if permissions.keys() & {"UR", "UR3"}:
            self.add("fpdf.usage-rights")
        opening = state.deref(root.get("OpenAction"))
        if isinstance(opening, dict) and state.deref(opening.get("S")) != "GoTo":
            self.add("fpdf.action", "OpenAction", state.deref(opening.get("S")))

    # -- every object

    def object(self, value: Object, where: str) -> None:
        """One object with the dictionaries that stand directly in it."""
        pending: list[Object] = [value]
        while pending:
            one = pending.pop()
            if isinstance(one, Stream):
                if one.entries.keys() & {"F", "FFilter"}:
                    self.add("fpdf.external", where)
                one = one.entries
            if isinstance(one, dict):
                for look in self.kinds:
                    look(one, where)
                pending.extend(one.values())
            elif isinstance(one, list):
                pending.extend(one)

    def action(self, entries: Dict, where: str) -> None:
        state = self.state
        told = state.deref(entries.get("S"))
        told = told if isinstance(told, Name) else None
        if state.deref(entries.get("AA")) is not None:
            self.add("fpdf.action", where, "AA")
        if "JS" in entries or told == "JavaScript":
            self.add("fpdf.javascript", where)
        elif told in _ACTIONS or (state.deref(entries.get("Type")) == "Action" and told not in _QUIET):
            self.add("fpdf.action", where, told)
        elif told == "URI" and "URI" in entries:
            self.add("form.pdf-link")

    def annotation(self, entries: Dict, where: str) -> None:
        state = self.state
        kind = state.deref(entries.get("Subtype"))
        if not isinstance(kind, str) or "Rect" not in entries:
            return
        if kind in MEDIA:
            self.add("fpdf.media", where, kind)
        action = state.deref(entries.get("A"))
        if isinstance(action, dict) and (state.deref(action.get("S")) not in _QUIET or "Next" in action):
            self.add("fpdf.action", where, state.deref(action.get("S")))
        for code in judge_annotation(state, entries, kind):
            self.add(code, where, kind if code == "fpdf.reader-dependent" else "")
        if kind == "Widget" and not shows_value(state, entries):
            self.add("fpdf.field-value", where)

    def font(self, entries: Dict, where: str) -> None:
        state = self.state
        if state.deref(entries.get("Type")) != "Font" or state.deref(entries.get("Subtype")) not in _SIMPLE:
            return
        descriptor = state.dict(entries.get("FontDescriptor"))
        if any(isinstance(state.deref(descriptor.get(key)), Stream) for key in ("FontFile", "FontFile2", "FontFile3")):
            return
        self.add("form.pdf-font", where, state.deref(entries.get("BaseFont")))

    def picture(self, entries: Dict, where: str) -> None:
        state = self.state
        kind = state.deref(entries.get("Subtype"))
        if kind == "Image" and state.deref(entries.get("Alternates")) is not None:
            self.add("fpdf.alternates", where)
        if kind == "PS" or (kind == "Form" and (state.deref(entries.get("Subtype2")) == "PS" or "Ref" in entries)) or (
                kind in ("Form", "Image") and "OPI" in entries):
            self.add("fpdf.external", where)
        if isinstance(state.deref(entries.get("OC")), dict) or state.deref(entries.get("Type")) in _LAYERS:
            self.add("fpdf.layers", where)

"""What in a PDF can act, or leaves it to the reader's program what is seen.

A signature covers the bytes; where a script, a layer, a missing font or a file elsewhere decides on the picture,
covering the bytes is not enough, and the part is named.

Source: ISO 32000-2 8.11 (layers), 9.6 to 9.9 (fonts), 12.5 (annotations), 12.6 (actions), 12.7.8 (XFA), 13 (media).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from verify.foreign.pdf_reasons import foreign_finding
from verify.foreign.pdf_store import State
from verify.foreign.pdf_walk import box_mm, reached
from verify.model import Finding
from verify.pdf_objects import Dict, Name, Object, Ref, Stream

__all__ = ["check_active"]

_MANY: Final = 40                        # findings kept
_HIDDEN, _NO_VIEW = 2, 32 | 256         # flags of an annotation
_QUIET: Final = frozenset({"GoTo", "URI"})
_ACTIONS: Final = frozenset({
    "GoToR", "GoToE", "GoToDp", "Launch", "Thread", "Sound", "Movie", "Hide", "Named", "SubmitForm", "ResetForm",
    "ImportData", "JavaScript", "SetOCGState", "Rendition", "Trans", "GoTo3DView", "RichMediaExecute"})
_MEDIA: Final = frozenset({"Movie", "Sound", "Screen", "3D", "RichMedia", "Projection"})
_NO_PICTURE: Final = frozenset({"Link", "Popup", "Widget", "FileAttachment"}) | _MEDIA
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
        if len(self.found) < _MANY or all(code != known for known, _ in self.found):
            self.found.setdefault(key, foreign_finding(code, where, what=what))

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
        elif told in _ACTIONS or (entries.get("Type") == "Action" and told not in _QUIET):
            self.add("fpdf.action", where, told)
        elif told == "URI" and "URI" in entries:
            self.add("form.pdf-link")

    def annotation(self, entries: Dict, where: str) -> None:
        state = self.state
        kind = state.deref(entries.get("Subtype"))
        if not isinstance(kind, str) or "Rect" not in entries:
            return
        if kind in _MEDIA:
            self.add("fpdf.media", where, kind)
        action = state.deref(entries.get("A"))
        if isinstance(action, dict) and (state.deref(action.get("S")) not in _QUIET or "Next" in action):
            self.add("fpdf.action", where, state.deref(action.get("S")))
        box = box_mm(state, entries.get("Rect"))
        flags = state.deref(entries.get("F"))
        flags = flags if isinstance(flags, int) else 0
        hidden = bool(flags & _HIDDEN)
        if flags & _NO_VIEW and not hidden:
            self.add("fpdf.print-only", where)
        if state.deref(entries.get("AP")) is not None or hidden or (box is not None and 0.0 in box[2:]):
            return
        if kind not in _NO_PICTURE or (kind == "Widget" and self.filled(entries)):
            self.add("fpdf.no-appearance", where)

    def filled(self, entries: Dict) -> bool:
        """Whether a widget without a picture belongs to a field with a text, which readers then draw."""
        node, kind, value = entries, None, None
        for _ in range(8):
            kind, value = kind or self.state.deref(node.get("FT")), value or self.state.deref(node.get("V"))
            if "Parent" not in node:
                break
            node = self.state.dict(node.get("Parent"))
        return kind in ("Tx", "Ch") and value is not None

    def font(self, entries: Dict, where: str) -> None:
        state = self.state
        if entries.get("Type") != "Font" or state.deref(entries.get("Subtype")) not in _SIMPLE:
            return
        descriptor = state.dict(entries.get("FontDescriptor"))
        if any(isinstance(state.deref(descriptor.get(key)), Stream) for key in ("FontFile", "FontFile2", "FontFile3")):
            return
        self.add("form.pdf-font", where, state.deref(entries.get("BaseFont")))

    def picture(self, entries: Dict, where: str) -> None:
        kind = entries.get("Subtype")
        if "Alternates" in entries and kind == "Image":
            self.add("fpdf.alternates", where)
        if kind == "PS" or (kind == "Form" and (entries.get("Subtype2") == "PS" or "Ref" in entries)) or (
                kind in ("Form", "Image") and "OPI" in entries):
            self.add("fpdf.external", where)
        if isinstance(entries.get("OC"), (Ref, dict)) and self.state.deref(entries["OC"]) is not None:
            self.add("fpdf.layers", where)

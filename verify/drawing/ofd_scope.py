"""What the pages of one document of an OFD draw with: fonts, pictures, parameters, composites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lxml import etree

from fonts import chain, face
from fonts.errors import FontError
from verify.drawing.budget import Budget
from verify.drawing.outlines import Outlines, TrueTypeOutlines, open_font
from verify.drawing.picture import redrawn
from verify.foreign.content import XmlFiles
from verify.foreign.locate import Locator
from verify.xml import children, local_name, text_of
from verify.zip import Archive

__all__ = ["Package", "Scope"]

_FONT_LIMIT = 40 << 20


@dataclass(slots=True)
class Package:
    """An archive that is being drawn, with what was made of its entries already."""

    archive: Archive
    files: XmlFiles
    locator: Locator
    budget: Budget
    _fonts: dict[str, Outlines | None] = field(default_factory=dict)
    _pictures: dict[str, str | None] = field(default_factory=dict)
    _substitutes: dict[str, Outlines | None] = field(default_factory=dict)

    def root(self, path: str) -> etree._Element | None:
        """The root of an XML entry, None when it cannot be read."""
        self.budget.step()
        return self.files.root(path, weighs=False)

    def find(self, base: str, text: str, folder: str | None = None) -> str:
        """The entry that a location means by the standard; "" when there is none."""
        self.budget.step()
        return next(iter(self.locator.find(base, text, folder=folder, quiet=True)), "")

    def font(self, path: str) -> Outlines | None:
        """The font in an entry."""
        if path not in self._fonts:
            data = self.archive.entries[path].data
            self._fonts[path] = open_font(data) if len(data) <= _FONT_LIMIT else None
        return self._fonts[path]

    def picture(self, path: str) -> str | None:
        """The picture in an entry as a data URI."""
        if path not in self._pictures:
            self._pictures[path] = redrawn(self.archive.entries[path].data, self.budget)
        return self._pictures[path]

    def substitutes(self, name: str) -> Sequence[Outlines]:
        """Our own faces in the place of a font that is not embedded, the most like first."""
        key = "kai" if _has(name, "kai", "楷") else "hei" if _has(name, "hei", "黑", "sans", "arial") else "song"
        found = []
        for each in chain(key):
            if each not in self._substitutes:
                try:
                    self._substitutes[each] = TrueTypeOutlines(face(each).font)
                except (FontError, OSError):
                    self._substitutes[each] = None
            if (outlines := self._substitutes[each]) is not None:
                found.append(outlines)
        return found


def _has(name: str, *parts: str) -> bool:
    return any(part in name.lower() for part in parts)


@dataclass(slots=True)
class Scope:
    """Resources of one document by ID."""

    package: Package
    fonts: dict[str, tuple[str, str]] = field(default_factory=dict)      # name, entry
    media: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, etree._Element] = field(default_factory=dict)
    composites: dict[str, etree._Element] = field(default_factory=dict)
    spaces: dict[str, str] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)
    _read: set[str] = field(default_factory=set)

    def read(self, path: str) -> None:
        """Take in a resource file; of two with one ID the first counts."""
        if not path or path in self._read:
            return
        self._read.add(path)
        root = self.package.root(path)
        if root is None:
            return
        base = (root.get("BaseLoc") or "").strip()
        folder = None if not base else "" if base == "/" else self.package.locator.exact(path, base.rstrip("/") or ".")
        for element in root.iter(etree.Element):
            self.package.budget.step()
            identifier, name = str(element.get("ID", "")), local_name(element)
            if not identifier:
                continue
            if name == "Font":
                self.fonts.setdefault(identifier, (
                    element.get("FontName", "") + " " + element.get("FamilyName", ""),
                    self._entry(element, "FontFile", path, folder)))
            elif name == "MultiMedia":
                self.media.setdefault(identifier, self._entry(element, "MediaFile", path, folder))
            elif name == "DrawParam":
                self.parameters.setdefault(identifier, element)
            elif name == "CompositeGraphicUnit":
                self.composites.setdefault(identifier, element)
            elif name == "ColorSpace":
                self.spaces.setdefault(identifier, element.get("Type", "").upper())

    def _entry(self, element: etree._Element, name: str, path: str, folder: str | None) -> str:
        for child in children(element, name):
            return self.package.find(path, text_of(child), folder)
        return ""

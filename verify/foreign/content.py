"""One XML file of a foreign OFD: read, searched for what readers could see differently, asked what it uses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from verify.model import RectMm
from verify.reasons import Both, Findings, Refusal
from verify.xml import OFD_NAMESPACES, foreign_elements, local_name, parse_xml, text_of
from verify.zip import Archive

__all__ = ["Use", "XmlFiles", "box_of", "uses_of", "values_of"]

_NODE_LIMIT: Final = 3_000_000          # elements and attributes of one file, by a rough count
_BYTES_A_NODE: Final = 32               # so many bytes cost as much as one
_NUMBER = r"[-+]?(?:[0-9]{1,7}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE](?:-[0-9]{1,3}|\+?[0-4]))?"
_NUMBERS: Final = re.compile(rf"[\s,]*(?:(?:{_NUMBER}|g)(?:[\s,]+|$))*")
_DRAWN: Final = re.compile(rf"\s*(?:(?:{_NUMBER}|[SMLQBACZz])(?:[\s,]+|$))*")
_NUMERIC: Final = frozenset({"Boundary", "CTM", "Size", "X", "Y", "DeltaX", "DeltaY", "LineWidth", "HScale", "Clip",
                             "DashPattern", "DashOffset", "Alpha", "MiterLimit"})
_BOXES: Final = frozenset({"PhysicalBox", "ApplicationBox", "ContentBox", "BleedBox"})
_SINGLE: Final = frozenset({
    "DocInfo", "DocRoot", "Versions", "Signatures", "CommonData", "Pages", "Outlines", "Permissions", "VPreferences",
    "Bookmarks", "Annotations", "CustomTags", "Attachments", "Extensions", "PageArea", "Area", "Content", "MaxUnitID",
    "DefaultCS", "FillColor", "StrokeColor", "AbbreviatedData", "Appearance", "FontFile", "MediaFile", "FileLoc",
    "FileList", "SignedInfo", "SignedValue", "References", "Seal", "CheckValue", "BaseLoc", "SignatureMethod",
    "SignatureDateTime", "Provider", "MaxSignId", *_BOXES})
"""Elements that stand once below their parent: of two, readers take the first or the last."""
_USED: Final = {"Font": "font", "ResourceID": "image", "Substitution": "image", "ImageMask": "image",
                "Thumbnail": "image", "DrawParam": "resource", "ColorSpace": "resource"}
_SINGLE_TAGS: Final = tuple(f"{{*}}{name}" for name in sorted(_SINGLE))


def _xpath(expression: str) -> etree.XPath:
    return etree.XPath(expression, smart_strings=False)


_VALUES: Final = (_xpath("//@*"), _xpath("//text()"))
_NUMERIC_VALUES: Final = tuple(_xpath(f"//@{name}") for name in sorted(_NUMERIC))
_PREFIXED: Final = _xpath("//@*[namespace-uri()]/..")
_BOX_TAGS: Final = tuple(f"{{*}}{name}" for name in sorted(_BOXES))


@dataclass(frozen=True, slots=True)
class Use:
    """A page object that uses a resource: the resource's ID, what it is, the object's box."""

    resource: str
    part: str
    box: RectMm | None


@dataclass(slots=True)
class XmlFiles:
    """Parses the XML files of one archive, so much of them and no more.

    ``found`` gets ``xml.…`` and ``ofd.…`` for what cannot be read or be seen differently, ``form.namespace`` for what
    was forgiven.
    """

    archive: Archive
    found: Findings
    left: int = _NODE_LIMIT

    def root(self, path: str, *, weighs: bool = True) -> etree._Element | None:
        """The root element of an entry, None when it cannot be read.

        Args:
            weighs: the entry can change the picture; of others it is no matter how they are written.

        Raises:
            Refusal: ``ofd.too-many``, there is too much to be read.
        """
        data = self.archive.entries[path].data
        self.left -= 1 + data.count(b"<") + data.count(b"=") + len(data) // _BYTES_A_NODE
        if self.left < 0:
            raise Refusal("ofd.too-many", path, limit=_NODE_LIMIT)
        try:
            root = parse_xml(data, path)
        except Refusal as refusal:
            if weighs:
                self.found.refuse(refusal)
            else:
                self.found.add("form.unread", path)
            return None
        if weighs:
            self._look(root, path)
        return root

    def _look(self, root: etree._Element, path: str) -> None:
        """Twins, numbers that are none, elements of other name spaces, attributes with a prefix."""
        space = etree.QName(root).namespace or ""
        if not space:
            self.found.add("form.namespace", path)
        elif space not in OFD_NAMESPACES:
            self.found.add("ofd.not-understood", path, element=f"xmlns={space}")
        if foreign_elements(root):
            self.found.add("ofd.not-understood", path, element="xmlns")
        if prefixed := _prefixed(root):
            self.found.add("ofd.not-understood", path, element=Both(
                f"带前缀的属性 {prefixed}", f"the attribute {prefixed} with a prefix"))
        for code, fact in sorted(dict(_faults(root)).items()):
            key = "element" if code == "xml.twin" else "text"
            self.found.add(code, path, **{key: fact})


def _prefixed(root: etree._Element) -> str:
    """An attribute of the format that is written with a prefix; "" for none. It is not the one without, and yet many
    readers go by the local name and take either. Those of other formats, as of XML Schema, begin with a small letter.
    """
    elements = _PREFIXED(root)
    for element in elements if isinstance(elements, list) else ():
        if isinstance(element, etree._Element):
            for name in map(str, element.attrib):
                local = name.rpartition("}")[2]
                if local != name and local[:1].isupper():
                    return local
    return ""


def _faults(root: etree._Element) -> Iterator[tuple[str, str]]:
    """What is doubly there or no number: code and fact."""
    for element in root.iter(*_SINGLE_TAGS):
        name = local_name(element)
        if next(element.itersiblings(f"{{*}}{name}"), None) is not None:
            yield "xml.twin", name
            break
    boxes = {element.text or "" for element in root.iter(*_BOX_TAGS)}
    drawn = {element.text or "" for element in root.iter("{*}AbbreviatedData")}
    for values, form in ((_strings(root, _NUMERIC_VALUES) | boxes, _NUMBERS), (drawn, _DRAWN)):
        wrong = min((value for value in values if not form.fullmatch(value)), default=None)
        if wrong is not None:
            yield "ofd.number", wrong


def values_of(root: etree._Element) -> set[str]:
    """Every attribute value and every text of a file."""
    return _strings(root, _VALUES)


def _strings(root: etree._Element, expressions: Iterable[etree.XPath]) -> set[str]:
    """The different strings that XPath expressions find."""
    found: set[str] = set()
    for expression in expressions:
        values = expression(root)
        if isinstance(values, list):
            found.update(value for value in values if isinstance(value, str))
    return found


def box_of(text: str | None) -> RectMm | None:
    """A box ``x y width height`` in millimetres, None when the text is none."""
    words = (text or "").replace(",", " ").split()
    if len(words) != 4 or not _NUMBERS.fullmatch(text or "") or "g" in words:
        return None
    x, y, width, height = map(float, words)
    return RectMm(x_mm=x, y_mm=y, width_mm=width, height_mm=height)


def uses_of(root: etree._Element) -> tuple[Use, ...]:
    """The resources that the objects of a page, template, annotation or composite use, each with its first box."""
    uses: dict[tuple[str, str], Use] = {}
    for element in root.iter(etree.Element):
        for key, part in _USED.items():
            if (value := element.get(key)) and (part, value) not in uses:
                uses[part, value] = Use(str(value), part, _place(element))
    for element in root.iter("{*}Thumbnail", "{*}Substitution"):
        if value := text_of(element):
            uses.setdefault(("image", value), Use(value, "image", None))
    return tuple(uses.values())


def _place(element: etree._Element) -> RectMm | None:
    """The box of the object that an element is or stands in."""
    current: etree._Element | None = element
    while current is not None:
        if (text := current.get("Boundary")) is not None:
            return box_of(str(text))
        current = current.getparent()
    return None

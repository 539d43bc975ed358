"""Is every XML file of a package built as ours are? A closed list: entry names, elements, attributes, values, order.

The readers of a package follow what they know. Other readers know more of GB/T 33190: layers in another order, boxes
that cut, colour spaces, annotations, a template in front of its page. So a package of ours may hold nothing, neither an
element nor an attribute nor a form of a value, that ours do not have: what no reader is told cannot be shown
otherwise by one of them.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from lxml import etree

from verify.reasons import Findings, Refusal
from verify.xml import local_name, only_child, parse_xml, text_of
from verify.zip import Archive

__all__ = ["check_forms"]

_OFD: Final = "http://www.ofdspec.org/2016"
_TAGS: Final = "urn:zhengyin:licence-tags:1"
_TOLD: Final = 20
_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n<'
"""How each of ours begins: nothing stands before the root that a reader could believe."""
_EDGE_MM: Final = 0.002
_TEMPLATE_LIMIT: Final = 4 << 20          # bytes of a template page

_ID = r"[1-9][0-9]{0,8}"
_MM = r"-?(?:0|[1-9][0-9]{0,4})(?:\.[0-9]{1,3})?"
_LENGTH = r"(?:0|[1-9][0-9]{0,4})(?:\.[0-9]{1,3})?"
_BOX = f"{_MM} {_MM} {_LENGTH} {_LENGTH}"
_POINT = f"{_MM} {_MM}"
_RGB = r"[0-9]{1,3} [0-9]{1,3} [0-9]{1,3}"
_ALPHA = r"(?:0|[1-9][0-9]{0,2})"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_WORDS = r"[^\x00-\x1f\x7f]*"
_SHADE = {"StartPoint": _POINT, "EndPoint": _POINT, "Extend": "3"}


class _Form(NamedTuple):
    """One element: its attributes with the form of each value (``?``: may be absent), its children, its text."""

    attributes: Mapping[str, re.Pattern[str]]
    required: frozenset[str]
    children: re.Pattern[str] | None
    text: re.Pattern[str] | None


def _form(attributes: Mapping[str, str] | None = None, children: str = "", text: str = "") -> _Form:
    """``children`` is an expression over the names, each followed by a space."""
    values = attributes or {}
    return _Form({name.rstrip("?"): re.compile(value) for name, value in values.items()},
                 frozenset(name for name in values if not name.endswith("?")),
                 re.compile(children) if children else None, re.compile(text) if text else None)


_PATH = {
    "PathObject": _form({"ID": _ID, "Boundary": _BOX, "LineWidth?": _LENGTH, "Stroke?": "false", "Fill?": "true",
                         "Rule?": "Even-Odd"}, "(?:StrokeColor )?(?:FillColor )?AbbreviatedData "),
    "StrokeColor": _form({"Value": _RGB, "Alpha?": _ALPHA}),
    "FillColor": _form({"Value": _RGB, "Alpha?": _ALPHA}, "(?:(?:AxialShd|RadialShd) )?"),
    "AxialShd": _form(_SHADE, "(?:Segment ){2,64}"),
    "RadialShd": _form({**_SHADE, "StartRadius": _LENGTH, "EndRadius": _LENGTH}, "(?:Segment ){2,64}"),
    "Segment": _form({"Position": r"(?:0|1|0\.[0-9]{1,4})"}, "Color "), "Color": _form({"Value": _RGB}),
    "AbbreviatedData": _form(text=f"M {_POINT}(?: (?:[ML] {_POINT}|B {_POINT} {_POINT} {_POINT}|C))*"),
    "Area": _form(children="PhysicalBox "), "PhysicalBox": _form(text=f"0 0 {_LENGTH} {_LENGTH}"),
    "Content": _form(children="Layer "),
}
_TEMPLATE: Final = {
    "Page": _form(children="Area Content "), **_PATH,
    "Layer": _form({"Type": "Background", "ID": _ID}, "(?:PathObject )*"),
}
_PAGE: Final = {
    "Page": _form(children="(?:Template )?Area Content "), **_PATH,
    "Template": _form({"TemplateID": _ID, "ZOrder": "Background"}),
    "Layer": _form({"Type": "Body", "ID": _ID}, "(?:(?:PathObject|ImageObject) )*(?:TextObject )*"),   # text last
    "ImageObject": _form({"ID": _ID, "Boundary": _BOX, "CTM": f"{_LENGTH} 0 0 {_LENGTH} 0 0", "ResourceID": _ID}),
    "TextObject": _form({"ID": _ID, "Boundary": _BOX, "Font": _ID, "Size": _LENGTH},
                        "FillColor (?:CGTransform )?TextCode "),
    "CGTransform": _form({"CodePosition": "0", "CodeCount": "[12]", "GlyphCount": "1"}, "Glyphs "),
    "Glyphs": _form(text=r"[0-9]{1,5}"),
    "TextCode": _form({"X": _MM, "Y": _MM, "DeltaX?": f"(?:g [0-9]{{1,5}} {_MM}|{_MM})(?: (?:g [0-9]{{1,5}} )?{_MM})*"},
                      text=r"[^\x00-\x1f\x7f]+"),
}
_RES: Final = {
    "Res": _form({"BaseLoc": "Res"}, "(?:ColorSpaces (?:Fonts )?|MultiMedias |)"),
    "ColorSpaces": _form(children="ColorSpace "),
    "ColorSpace": _form({"ID": _ID, "Type": "RGB", "BitsPerComponent": "8"}),
    "Fonts": _form(children="(?:Font )+"),
    "Font": _form({"ID": _ID, "FontName": r"[A-Za-z0-9-]+", "FamilyName": _WORDS, "Charset": "unicode",
                   "Bold": "true|false", "Serif": "true|false"}, "FontFile "),
    "FontFile": _form(text=r"Font_[0-9]{1,3}\.ttf"),
    "MultiMedias": _form(children="(?:MultiMedia )+"),
    "MultiMedia": _form({"ID": _ID, "Type": "Image", "Format": "PNG|JPEG"}, "MediaFile "),
    "MediaFile": _form(text=r"Image_[0-9]{1,3}\.(?:png|jpg)"),
}
_FILES: Final = {
    r"OFD\.xml": (_OFD, {
        "OFD": _form({"Version": r"1\.0", "DocType": "OFD"}, "DocBody "),
        "DocBody": _form(children="DocInfo DocRoot Signatures "),
        "DocInfo": _form(children="DocID Title Author CreationDate ModDate DocUsage Creator (?:CreatorVersion )?"
                                  "(?:CustomDatas )?"),
        "DocID": _form(text="[0-9a-f]{32}"), "Title": _form(text=_WORDS), "Author": _form(text=_WORDS),
        "CreationDate": _form(text=_DAY), "ModDate": _form(text=_DAY), "DocUsage": _form(text="Normal"),
        "Creator": _form(text="zhengyin"), "CreatorVersion": _form(text=r"[0-9A-Za-z.+-]+"),
        "CustomDatas": _form(children="(?:CustomData )+"),
        "CustomData": _form({"Name": r"[A-Za-z0-9_]+"}, text=r"[\s\S]*"),
        "DocRoot": _form(text=r"/Doc_0/Document\.xml"), "Signatures": _form(text=r"/Doc_0/Signs/Signatures\.xml"),
    }),
    r"Doc_0/Document\.xml": (_OFD, {
        "Document": _form(children="CommonData Pages CustomTags Attachments "),
        "CommonData": _form(children="MaxUnitID PageArea PublicRes DocumentRes (?:TemplatePage )*DefaultCS "),
        "MaxUnitID": _form(text=_ID), "PageArea": _form(children="PhysicalBox "),
        "PhysicalBox": _form(text=f"0 0 {_LENGTH} {_LENGTH}"), "PublicRes": _form(text=r"PublicRes\.xml"),
        "DocumentRes": _form(text=r"DocumentRes\.xml"), "DefaultCS": _form(text=_ID),
        "TemplatePage": _form({"ID": _ID, "Name": r"[A-Za-z0-9-]+", "ZOrder": "Background",
                               "BaseLoc": r"Tpls/Tpl_[0-9]{1,3}/Content\.xml"}),
        "Pages": _form(children="(?:Page )+"),
        "Page": _form({"ID": _ID, "BaseLoc": r"Pages/Page_[0-9]{1,3}/Content\.xml"}),
        "CustomTags": _form(text=r"Tags/CustomTags\.xml"), "Attachments": _form(text=r"Attachs/Attachments\.xml"),
    }),
    r"Doc_0/PublicRes\.xml": (_OFD, _RES), r"Doc_0/DocumentRes\.xml": (_OFD, _RES),
    r"Doc_0/Tpls/Tpl_[0-9]{1,3}/Content\.xml": (_OFD, _TEMPLATE),
    r"Doc_0/Pages/Page_[0-9]{1,3}/Content\.xml": (_OFD, _PAGE),
    r"Doc_0/Tags/CustomTags\.xml": (_OFD, {
        "CustomTags": _form(children="CustomTag "), "CustomTag": _form({"NameSpace": _TAGS}, "FileLoc "),
        "FileLoc": _form(text=r"/Doc_0/Tags/Tag_0\.xml")}),
    r"Doc_0/Tags/Tag_0\.xml": (_TAGS, {
        "LicenceTags": _form(children="(?:Tag )*"), "Tag": _form({"Label": _WORDS, "Name?": r"[A-Za-z0-9_]+"},
                                                                 "(?:ObjectRef )+"),
        "ObjectRef": _form({"PageRef": _ID}, text=_ID)}),
    r"Doc_0/Attachs/Attachments\.xml": (_OFD, {
        "Attachments": _form(children="(?:Attachment )+"),
        "Attachment": _form({"ID": "att[0-9]{1,3}", "Name": _WORDS, "Format": "[a-z]{3}",
                             "CreationDate": _DAY + r"T[0-9:]{8}(?:[+-][0-9]{2}:[0-9]{2})", "Size": r"[0-9]+\.[0-9]{3}",
                             "Visible": "true|false"}, "FileLoc "),
        "FileLoc": _form(text=r"/Doc_0/Attachs/[A-Za-z0-9_-]+\.[a-z]{3}")}),
    r"Doc_0/Signs/Signatures\.xml": (_OFD, {
        "Signatures": _form(children="MaxSignId Signature "), "MaxSignId": _form(text="s001"),
        "Signature": _form({"ID": "s001", "Type": "Seal", "BaseLoc": r"/Doc_0/Signs/Sign_0/Signature\.xml"})}),
    r"Doc_0/Signs/Sign_0/Signature\.xml": (_OFD, {
        "Signature": _form(children="SignedInfo SignedValue "),
        "SignedInfo": _form(children="Provider SignatureMethod SignatureDateTime References (?:StampAnnot )+Seal "),
        "Provider": _form({"ProviderName": "zhengyin", "Company": "zhengyin", "Version?": r"[0-9A-Za-z.+-]+"}),
        "SignatureMethod": _form(text=r"[0-9.]+"), "SignatureDateTime": _form(text="[0-9]{14}Z"),
        "References": _form({"CheckMethod": r"[0-9.]+"}, "(?:Reference )+"),
        "Reference": _form({"FileRef": r"/[A-Za-z0-9_./-]+"}, "CheckValue "),
        "CheckValue": _form(text="[A-Za-z0-9+/]{43}="),
        "StampAnnot": _form({"ID": "a[0-9]{3,4}", "PageRef": _ID, "Boundary": _BOX, "Clip?": _BOX}),
        "Seal": _form(children="BaseLoc "), "BaseLoc": _form(text=r"/Doc_0/Signs/Sign_0/Seal\.esl"),
        "SignedValue": _form(text=r"/Doc_0/Signs/Sign_0/SignedValue\.dat")}),
}
_FORMS: Final = tuple((re.compile(name), space, forms) for name, (space, forms) in _FILES.items())
_OTHERS: Final = re.compile(r"Doc_0/(?:Res/(?:Font_[0-9]{1,3}\.ttf|Image_[0-9]{1,3}\.(?:png|jpg))"
                            r"|Attachs/[A-Za-z0-9_-]+\.(?:xml|pdf|cer|crl|ors|ofd)"
                            r"|Signs/Sign_0/(?:Seal\.esl|SignedValue\.dat))")
"""Entries that are no XML of the format; which attachments there may be is asked where attachments are read."""
_TEMPLATE_ENTRY: Final = re.compile(r"Doc_0/Tpls/Tpl_[0-9]{1,3}/Content\.xml")


def check_forms(archive: Archive, found: Findings) -> None:
    """Look at every entry of a package of ours.

    Args:
        found: gets ``ofd.not-understood`` for what ours do not have.

    Raises:
        Refusal: a file is no XML that could be read.
    """
    roots: dict[str, etree._Element] = {}
    told = 0
    for name, entry in archive.entries.items():
        form = next(((space, forms) for shape, space, forms in _FORMS if shape.fullmatch(name)), None)
        if form is None:
            odd = "" if _OTHERS.fullmatch(name) else "name"
        elif _TEMPLATE_ENTRY.fullmatch(name):
            odd = _odd_template(entry.data) if len(entry.data) <= _TEMPLATE_LIMIT else "size"
        else:
            roots[name] = root = archive.xml(name)
            odd = _odd_file(root, entry.data, *form)
        if odd and told < _TOLD:
            told += 1
            found.add("ofd.not-understood", name, element=odd)
    if not told:
        _together(archive, roots, found)


@functools.lru_cache(maxsize=32)
def _odd_template(data: bytes) -> str:
    """What is odd in a template page; many packages share one."""
    try:
        return _odd_file(parse_xml(data, ""), data, _OFD, _TEMPLATE)
    except Refusal as refusal:
        return refusal.code


def _odd_file(root: etree._Element, data: bytes, space: str, forms: Mapping[str, _Form]) -> str:
    """The first thing in a file that ours do not have, "" when there is none."""
    if b"<![CDATA[" in data:
        return "CDATA"
    if not data.startswith(_DECLARATION) or data[len(_DECLARATION):len(_DECLARATION) + 1] in (b"?", b"!"):
        return "xml"
    if root.tag != f"{{{space}}}{next(iter(forms))}":          # each list of forms begins with the root
        return local_name(root)
    own, common = f"{{{space}}}", f"{{{_OFD}}}"
    for element in root.iter():
        tag = element.tag
        if not isinstance(tag, str):
            return "comment"
        name = tag[len(own):] if tag.startswith(own) else tag[len(common):] if tag.startswith(common) else ""
        form = forms.get(name)
        if form is None:
            return local_name(element) or "comment"
        odd = _odd_element(element, form) or ("@Boundary" if name == "PathObject" and not _inside(element) else "")
        if odd:
            return f"{name}{odd}"
    return ""


def _inside(path: etree._Element) -> bool:
    """Whether a path lies inside its boundary: what sticks out some readers cut off and others draw."""
    try:
        _, _, width, height = map(float, str(path.get("Boundary")).split())
        values = [float(word) for word in str(path[-1].text).split() if not word.isalpha()]
    except ValueError:
        return False                     # no path at all
    across, down = values[::2], values[1::2]
    return bool(down) and (
        min(values) >= -_EDGE_MM and max(across) <= width + _EDGE_MM and max(down) <= height + _EDGE_MM)


def _odd_element(element: etree._Element, form: _Form) -> str:
    """What is odd in one element: an attribute, a value, a child, a text."""
    given = element.items()
    for name, value in given:
        shape = form.attributes.get(str(name))
        if shape is None or not shape.fullmatch(str(value)):
            return f"@{name!s}"
    if len(given) < len(form.attributes):
        missing = form.required.difference(str(name) for name, _ in given)
        if missing:
            return f"@{min(missing)}"
    if element.tail:
        return " text"
    if form.children is None:
        if len(element):
            return f"/{local_name(element[0]) or 'comment'}"
    elif element.text or not form.children.fullmatch("".join(f"{local_name(child)} " for child in element)):
        return "/"
    if form.text is None:
        return " text" if element.text else ""
    return "" if form.text.fullmatch(element.text or "") else " text"


def _together(archive: Archive, roots: Mapping[str, etree._Element], found: Findings) -> None:
    """What two files say together: one size for a page and all its boxes, the colour space that there is."""
    name = "Doc_0/Document.xml"
    document, resources = roots.get(name), roots.get("Doc_0/PublicRes.xml")
    if document is None or resources is None:
        raise Refusal("ofd.missing", name if document is None else "Doc_0/PublicRes.xml")
    common = only_child(document, "CommonData", name)
    listed = only_child(document, "Pages", name)
    if common is None or listed is None:
        raise Refusal("ofd.structure", name, detail="CommonData, Pages")
    if text_of(only_child(common, "DefaultCS", name)) != resources[0][0].get("ID"):
        found.add("ofd.not-understood", name, element="DefaultCS")
    templates = {str(each.get("ID")): f"Doc_0/{each.get('BaseLoc')}" for each in common
                 if local_name(each) == "TemplatePage"}
    if len(set(templates.values())) != sum(map(bool, map(_TEMPLATE_ENTRY.fullmatch, archive.entries))) or (
            len(templates) != len(set(templates.values()))):
        found.add("ofd.not-understood", name, element="TemplatePage")
    first = _box_text(common[1])
    for index, page in enumerate(listed):
        place = f"Doc_0/{page.get('BaseLoc')}"
        root = roots.get(place)
        if root is None or place != f"Doc_0/Pages/Page_{index}/Content.xml":
            raise Refusal("ofd.missing" if root is None else "ofd.structure", place, detail="Page")
        size = _box_text(root[-2])
        if not index and size != first:
            found.add("ofd.not-understood", name, element="PhysicalBox")
        if local_name(root[0]) != "Template":
            continue
        ground = archive.entries.get(templates.get(str(root[0].get("TemplateID")), ""))
        if ground is None or f"<ofd:PhysicalBox>{size}</ofd:PhysicalBox>".encode() not in ground.data[:400]:
            found.add("ofd.not-understood", place, element="Template")


def _box_text(area: etree._Element) -> str:
    return area[0].text or ""

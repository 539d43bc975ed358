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
from typing import Final

from lxml import etree

from verify.ofd_grammar import Grammar, form
from verify.reasons import Both, Findings, Refusal
from verify.xml import COMMENT, local_name, only_child, parse_xml, text_of
from verify.zip import Archive

__all__ = ["check_forms", "grammar_of"]

_TAGS: Final = "urn:zhengyin:licence-tags:1"
_TOLD: Final = 20
_TEMPLATE_LIMIT: Final = 4 << 20          # bytes of all template pages together

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


_PATH = {
    "PathObject": form({"ID": _ID, "Boundary": _BOX, "LineWidth?": _LENGTH, "Stroke?": "false", "Fill?": "true",
                         "Rule?": "Even-Odd"}, "(?:StrokeColor )?(?:FillColor )?AbbreviatedData "),
    "StrokeColor": form({"Value": _RGB, "Alpha?": _ALPHA}),
    "FillColor": form({"Value": _RGB, "Alpha?": _ALPHA}, "(?:AxialShd |RadialShd )?"),
    "AxialShd": form(_SHADE, "(?:Segment ){2,64}"),
    "RadialShd": form({**_SHADE, "StartRadius": _LENGTH, "EndRadius": _LENGTH}, "(?:Segment ){2,64}"),
    "Segment": form({"Position": r"(?:0|1|0\.[0-9]{1,4})"}, "Color "), "Color": form({"Value": _RGB}),
    "AbbreviatedData": form(text=f"M {_POINT}(?: (?:[ML] {_POINT}|B {_POINT} {_POINT} {_POINT}|C))*"),
    "Area": form(children="PhysicalBox "), "PhysicalBox": form(text=f"0 0 {_LENGTH} {_LENGTH}"),
    "Content": form(children="Layer "),
}
_TEMPLATE: Final = Grammar({
    "Page": form(children="Area Content "), **_PATH,
    "Layer": form({"Type": "Background", "ID": _ID}, "(?:PathObject )*"),
})
_PAGE: Final = Grammar({
    "Page": form(children="(?:Template )?Area Content "), **_PATH,
    "Template": form({"TemplateID": _ID, "ZOrder": "Background"}),
    "Layer": form({"Type": "Body", "ID": _ID}, "(?:PathObject |ImageObject )*(?:TextObject )*"),   # text last
    "ImageObject": form({"ID": _ID, "Boundary": _BOX, "CTM": f"{_LENGTH} 0 0 {_LENGTH} 0 0", "ResourceID": _ID}),
    "TextObject": form({"ID": _ID, "Boundary": _BOX, "Font": _ID, "Size": _LENGTH},
                        "FillColor (?:CGTransform )?TextCode "),
    "CGTransform": form({"CodePosition": "0", "CodeCount": "[12]", "GlyphCount": "1"}, "Glyphs "),
    "Glyphs": form(text=r"[0-9]{1,5}"),
    "TextCode": form({"X": _MM, "Y": _MM, "DeltaX?": f"(?:g [0-9]{{1,5}} {_MM}|{_MM})(?: (?:g [0-9]{{1,5}} )?{_MM})*"},
                      text=r"[^\x00-\x1f\x7f]+"),
})
_RES: Final = {
    "Res": form({"BaseLoc": "Res"}, "(?:ColorSpaces (?:Fonts )?|MultiMedias |)"),
    "ColorSpaces": form(children="ColorSpace "),
    "ColorSpace": form({"ID": _ID, "Type": "RGB", "BitsPerComponent": "8"}),
    "Fonts": form(children="(?:Font )+"),
    "Font": form({"ID": _ID, "FontName": r"[A-Za-z0-9-]+", "FamilyName": _WORDS, "Charset": "unicode",
                   "Bold": "true|false", "Serif": "true|false"}, "FontFile "),
    "FontFile": form(text=r"Font_[0-9]{1,3}\.ttf"),
    "MultiMedias": form(children="(?:MultiMedia )+"),
    "MultiMedia": form({"ID": _ID, "Type": "Image", "Format": "PNG|JPEG"}, "MediaFile "),
    "MediaFile": form(text=r"Image_[0-9]{1,3}\.(?:png|jpg)"),
}
_FILES: Final = {
    r"OFD\.xml": Grammar({
        "OFD": form({"Version": r"1\.0", "DocType": "OFD"}, "DocBody "),
        "DocBody": form(children="DocInfo DocRoot Signatures "),
        "DocInfo": form(children="DocID Title Author CreationDate ModDate DocUsage Creator (?:CreatorVersion )?"
                                  "(?:CustomDatas )?"),
        "DocID": form(text="[0-9a-f]{32}"), "Title": form(text=_WORDS), "Author": form(text=_WORDS),
        "CreationDate": form(text=_DAY), "ModDate": form(text=_DAY), "DocUsage": form(text="Normal"),
        "Creator": form(text="zhengyin"), "CreatorVersion": form(text=r"[0-9A-Za-z.+-]+"),
        "CustomDatas": form(children="(?:CustomData )+"),
        "CustomData": form({"Name": r"[A-Za-z0-9_]+"}, text=r"[\s\S]*"),
        "DocRoot": form(text=r"/Doc_0/Document\.xml"), "Signatures": form(text=r"/Doc_0/Signs/Signatures\.xml"),
    }),
    r"Doc_0/Document\.xml": Grammar({
        "Document": form(children="CommonData Pages CustomTags Attachments "),
        "CommonData": form(children="MaxUnitID PageArea PublicRes DocumentRes (?:TemplatePage )*DefaultCS "),
        "MaxUnitID": form(text=_ID), "PageArea": form(children="PhysicalBox "),
        "PhysicalBox": form(text=f"0 0 {_LENGTH} {_LENGTH}"), "PublicRes": form(text=r"PublicRes\.xml"),
        "DocumentRes": form(text=r"DocumentRes\.xml"), "DefaultCS": form(text=_ID),
        "TemplatePage": form({"ID": _ID, "Name": r"[A-Za-z0-9-]+", "ZOrder": "Background",
                               "BaseLoc": r"Tpls/Tpl_[0-9]{1,3}/Content\.xml"}),
        "Pages": form(children="(?:Page )+"),
        "Page": form({"ID": _ID, "BaseLoc": r"Pages/Page_[0-9]{1,3}/Content\.xml"}),
        "CustomTags": form(text=r"Tags/CustomTags\.xml"), "Attachments": form(text=r"Attachs/Attachments\.xml"),
    }),
    r"Doc_0/PublicRes\.xml": Grammar(_RES), r"Doc_0/DocumentRes\.xml": Grammar(_RES),
    r"Doc_0/Tpls/Tpl_[0-9]{1,3}/Content\.xml": _TEMPLATE,
    r"Doc_0/Pages/Page_[0-9]{1,3}/Content\.xml": _PAGE,
    r"Doc_0/Tags/CustomTags\.xml": Grammar({
        "CustomTags": form(children="CustomTag "), "CustomTag": form({"NameSpace": _TAGS}, "FileLoc "),
        "FileLoc": form(text=r"/Doc_0/Tags/Tag_0\.xml")}),
    r"Doc_0/Tags/Tag_0\.xml": Grammar({
        "LicenceTags": form(children="(?:Tag )*"), "Tag": form({"Label": _WORDS, "Name?": r"[A-Za-z0-9_]+"},
                                                                 "(?:ObjectRef )+"),
        "ObjectRef": form({"PageRef": _ID}, text=_ID)}, _TAGS, "zy"),
    r"Doc_0/Attachs/Attachments\.xml": Grammar({
        "Attachments": form(children="(?:Attachment )+"),
        "Attachment": form({"ID": "att[0-9]{1,3}", "Name": _WORDS, "Format": "[a-z]{3}",
                             "CreationDate": _DAY + r"T[0-9:]{8}(?:[+-][0-9]{2}:[0-9]{2})", "Size": r"[0-9]+\.[0-9]{3}",
                             "Visible": "true|false"}, "FileLoc "),
        "FileLoc": form(text=r"/Doc_0/Attachs/[A-Za-z0-9_-]+\.[a-z]{3}")}),
    r"Doc_0/Signs/Signatures\.xml": Grammar({
        "Signatures": form(children="MaxSignId Signature "), "MaxSignId": form(text="s001"),
        "Signature": form({"ID": "s001", "Type": "Seal", "BaseLoc": r"/Doc_0/Signs/Sign_0/Signature\.xml"})}),
    r"Doc_0/Signs/Sign_0/Signature\.xml": Grammar({
        "Signature": form(children="SignedInfo SignedValue "),
        "SignedInfo": form(children="Provider SignatureMethod SignatureDateTime References (?:StampAnnot )+Seal "),
        "Provider": form({"ProviderName": "zhengyin", "Company": "zhengyin", "Version?": r"[0-9A-Za-z.+-]+"}),
        "SignatureMethod": form(text=r"[0-9.]+"), "SignatureDateTime": form(text="[0-9]{14}Z"),
        "References": form({"CheckMethod": r"[0-9.]+"}, "(?:Reference )+"),
        "Reference": form({"FileRef": r"/[A-Za-z0-9_./-]+"}, "CheckValue "),
        "CheckValue": form(text="[A-Za-z0-9+/]{43}="),
        "StampAnnot": form({"ID": "a[0-9]{3,4}", "PageRef": _ID, "Boundary": _BOX, "Clip?": _BOX}),
        "Seal": form(children="BaseLoc "), "BaseLoc": form(text=r"/Doc_0/Signs/Sign_0/Seal\.esl"),
        "SignedValue": form(text=r"/Doc_0/Signs/Sign_0/SignedValue\.dat")}),
}
_NAMES: Final = re.compile("|".join(f"({name})" for name in _FILES))
_GRAMMARS: Final = tuple(_FILES.values())
_OTHERS: Final = re.compile(r"Doc_0/(?:Res/(?:Font_[0-9]{1,3}\.ttf|Image_[0-9]{1,3}\.(?:png|jpg))"
                            r"|Attachs/[A-Za-z0-9_-]+\.(?:xml|pdf|cer|crl|ors|ofd)"
                            r"|Signs/Sign_0/(?:Seal\.esl|SignedValue\.dat))")
"""Entries that are no XML of the format; which attachments there may be is asked where attachments are read."""
_ODD: Final = {
    "xml": Both("根元素之前的声明、注释或指令", "a declaration, comment or instruction before the root element"),
    "comment": COMMENT,
    "xmlns": Both("命名空间", "a name space"), "name": Both("条目名", "the name of the entry"),
    "size": Both("模板页的总大小", "the size of all template pages"),
}
_TEMPLATE_ENTRY: Final = re.compile(r"Doc_0/Tpls/Tpl_[0-9]{1,3}/Content\.xml")


def grammar_of(name: str) -> Grammar | None:
    """What an entry of this name may hold; None for one that is no XML of the format."""
    known = _NAMES.fullmatch(name)
    return _GRAMMARS[known.lastindex - 1] if known is not None and known.lastindex is not None else None


def check_forms(archive: Archive, found: Findings) -> None:
    """Look at every entry of a package of ours.

    Args:
        found: gets ``ofd.not-understood`` for what ours do not have.

    Raises:
        Refusal: a file is no XML that could be read.
    """
    roots: dict[str, etree._Element] = {}
    told = templates = 0
    for name, entry in archive.entries.items():
        grammar = grammar_of(name)
        if grammar is None:
            odd = "" if _OTHERS.fullmatch(name) else "name"
        elif _TEMPLATE_ENTRY.fullmatch(name):
            templates += len(entry.data)
            odd = _odd_template(entry.data) if templates <= _TEMPLATE_LIMIT else "size"
        else:
            roots[name] = root = archive.xml(name)
            odd = grammar.odd(root, entry.data)
        if odd:
            told += 1
            found.add("ofd.not-understood", name, element=_told(odd))
        if told >= _TOLD:
            break
    if not told:
        _together(archive, roots, found)


def _told(odd: str) -> Both:
    """What a grammar finds odd, in words."""
    if odd in _ODD:
        return _ODD[odd]
    for end, zh, en in (("/", "{} 的下级元素", "the elements in {}"), (" text", "{} 中的文字", "text in {}")):
        if odd.endswith(end):
            name = odd.removesuffix(end)
            return Both(zh.format(name), en.format(name))
    return Both(odd, odd)


@functools.lru_cache(maxsize=32)
def _odd_template(data: bytes) -> str:
    """What is odd in a template page; many packages share one."""
    try:
        return _TEMPLATE.odd(parse_xml(data, ""), data)
    except Refusal as refusal:
        return refusal.code


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

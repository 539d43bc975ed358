"""The OFD writer: schema order, unique numbers, resolvable locations, glyph places, shared artwork."""

from __future__ import annotations

import dataclasses
import posixpath
import re

import pytest
from lxml import etree

import fonts
from docgen import ofd_page
from docgen.ofd import TAG_NS, OfdParts, write_ofd
from docgen.ofd_page import page_file, template_file
from docgen.ofd_xml import OFD_NS, Numbers, micron, mm
from docgen.page import Artwork, Document, Page, Path
from tests.docgen.ofd_samples import ATTACHMENTS, META, document, rule, run

ORDER = {                                   # GB/T 33190-2016 annex A, the elements that we may write
    "OFD": "DocBody", "DocBody": "DocInfo DocRoot Versions Signatures",
    "DocInfo": "DocID Title Author Subject Abstract CreationDate ModDate DocUsage Cover Keywords Creator "
               "CreatorVersion CustomDatas",
    "CustomDatas": "CustomData",
    "Document": "CommonData Pages Outlines Permissions Actions VPreferences Bookmarks Annotations CustomTags "
                "Attachments Extensions",
    "CommonData": "MaxUnitID PageArea PublicRes DocumentRes TemplatePage DefaultCS",
    "PageArea": "PhysicalBox ApplicationBox ContentBox BleedBox", "Area": "PhysicalBox", "Pages": "Page",
    "Page": "Template PageRes Area Content Actions", "Content": "Layer",
    "Layer": None, "Template": "", "CustomData": "",
    "TextObject": "Actions Clips FillColor StrokeColor CGTransform TextCode", "CGTransform": "Glyphs",
    "PathObject": "Actions Clips StrokeColor FillColor AbbreviatedData",
    "ImageObject": "Actions Clips Border",
    "Res": "ColorSpaces DrawParams Fonts MultiMedias CompositeGraphicUnits", "ColorSpaces": "ColorSpace",
    "Fonts": "Font", "Font": "FontFile", "MultiMedias": "MultiMedia", "MultiMedia": "MediaFile",
    "CustomTags": "CustomTag", "CustomTag": "SchemaLoc FileLoc",
    "Attachments": "Attachment", "Attachment": "FileLoc",
}


def written(doc: Document | None = None) -> OfdParts:
    return write_ofd(doc or document(), meta=META, attachments=ATTACHMENTS)


def xml(parts: OfdParts, name: str) -> etree._Element:
    return etree.fromstring(parts.entries[name])


def local(element: etree._Element) -> str:
    return etree.QName(element).localname


def found(element: etree._Element, name: str) -> list[etree._Element]:
    return list(element.iter(f"{{{OFD_NS}}}{name}"))


def test_child_elements_stand_in_the_order_of_the_schema() -> None:
    for name, data in written().entries.items():
        if not name.endswith(".xml") or name.startswith(("Doc_0/Tags/Tag_", "Doc_0/Attachs/record")):
            continue
        for element in etree.fromstring(data).iter():
            assert etree.QName(element).namespace == OFD_NS and element.prefix == "ofd", name
            allowed = ORDER.get(local(element), "")
            if allowed is None:
                continue
            ranks = [allowed.split().index(local(child)) for child in element]
            assert ranks == sorted(ranks), f"{name}: {local(element)}"


def test_object_numbers_are_unique_and_none_is_above_the_stated_maximum() -> None:
    parts = written()
    numbers = [
        int(element.get("ID"))
        for name, data in parts.entries.items()
        if re.fullmatch(r"Doc_0/((Document|PublicRes|DocumentRes)\.xml|(Tpls|Pages)/.*)", name)
        for element in etree.fromstring(data).iter() if element.get("ID")]
    assert len(numbers) == len(set(numbers))
    assert int(found(xml(parts, "Doc_0/Document.xml"), "MaxUnitID")[0].text) == max(numbers)


def _locations(parts: OfdParts) -> set[str]:
    """Every entry that another one names, from OFD.xml on."""
    reached: set[str] = set()
    for name, data in parts.entries.items():
        if not name.endswith(".xml") or name == "Doc_0/Attachs/record.xml":
            continue
        element = etree.fromstring(data)
        folder = posixpath.join(posixpath.dirname(name), element.get("BaseLoc", ""))
        for place in element.iter():
            texts = [place.text] if local(place) in {
                "DocRoot", "PublicRes", "DocumentRes", "FontFile", "MediaFile", "FileLoc", "CustomTags",
                "Attachments"} and place.text else []
            if local(place) in {"Page", "TemplatePage"} and place.get("BaseLoc"):
                texts.append(place.get("BaseLoc"))
            reached |= {text[1:] if text.startswith("/") else posixpath.join(folder, text) for text in texts}
    return reached


def test_every_entry_is_reached_by_a_location_and_every_location_exists() -> None:
    parts = written()
    assert _locations(parts) | {"OFD.xml"} == set(parts.entries)


def test_entries_stand_in_the_fixed_order() -> None:
    assert list(written().entries) == [
        "OFD.xml", "Doc_0/Document.xml", "Doc_0/PublicRes.xml", "Doc_0/DocumentRes.xml",
        "Doc_0/Res/Font_0.ttf", "Doc_0/Res/Font_1.ttf", "Doc_0/Res/Font_2.ttf", "Doc_0/Res/Image_0.png",
        "Doc_0/Tpls/Tpl_0/Content.xml", "Doc_0/Pages/Page_0/Content.xml", "Doc_0/Pages/Page_1/Content.xml",
        "Doc_0/Tags/CustomTags.xml", "Doc_0/Tags/Tag_0.xml", "Doc_0/Attachs/Attachments.xml",
        "Doc_0/Attachs/record.xml", "Doc_0/Attachs/rendition.pdf", "Doc_0/Attachs/data-signing.cer"]


def _places(text: etree._Element) -> list[tuple[str, float, float]]:
    """Read a TextObject as a stranger would: each character with its place on the page in mm."""
    left, top = map(float, text.get("Boundary").split()[:2])
    placed: list[tuple[str, float, float]] = []
    for code in found(text, "TextCode"):
        words = (code.get("DeltaX") or "").split()
        steps: list[float] = []
        while words:
            if words[0] == "g":
                steps += [float(words[2])] * int(words[1])
                words = words[3:]
            else:
                steps.append(float(words.pop(0)))
        x, y = float(code.get("X")), float(code.get("Y"))
        assert len(steps) == len(code.text) - 1
        for char, step in zip(code.text, [*steps, 0.0], strict=True):
            placed.append((char, round(left + x, 3), round(top + y, 3)))
            x += step
    return placed


@pytest.mark.parametrize("words", [
    "企业", "一", "许可证编号 14010013202590001", "𠮷测试𠮷𠮷（1,2-二甲苯）", "AVA fi"])
def test_each_character_stands_where_the_page_model_says(words: str) -> None:
    item = run(words, x_mm=31.257, y_mm=60.111, size_mm=4.938)
    page = Page(role="正本", width_mm=297, height_mm=210, artwork=None, items=(item,))
    glyphs = fonts.face("kai").subset(frozenset(words)).glyphs
    element = etree.fromstring(page_file(
        page, Numbers(), templates={}, font_numbers={"kai": 3}, glyphs={"kai": glyphs}, images={}).data)
    texts = found(element, "TextObject")
    assert [place for text in texts for place in _places(text)] == [
        (char, x, 60.111) for char, x in zip(words, item.xs_mm, strict=True)]
    assert {float(text.get("Size")) for text in texts} == {4.938}
    for text in texts:
        left, width = (float(text.get("Boundary").split()[at]) for at in (0, 2))
        assert all(left <= x < left + width for _, x, _ in _places(text))


def test_a_character_beyond_the_bmp_stands_alone_and_names_its_glyph() -> None:
    """Readers that take one UTF-16 unit after the other find no glyph for it in the font's map."""
    item = run("甲𠮷乙", x_mm=30, y_mm=60, size_mm=5)
    page = Page(role="正本", width_mm=297, height_mm=210, artwork=None,
                items=(dataclasses.replace(item, tag="企业法定代表人"),))
    made = page_file(page, Numbers(), templates={}, font_numbers={"kai": 3},
                     glyphs={"kai": {"乙": 1, "甲": 2, "𠮷": 3}}, images={})
    texts = found(etree.fromstring(made.data), "TextObject")
    assert [found(text, "TextCode")[0].text for text in texts] == ["甲", "𠮷", "乙"]
    assert made.tagged == {"企业法定代表人": tuple(int(text.get("ID")) for text in texts)}
    assert [len(found(text, "CGTransform")) for text in texts] == [0, 1, 0]
    (transform,) = found(texts[1], "CGTransform")
    assert dict(transform.attrib) == {"CodePosition": "0", "CodeCount": "2", "GlyphCount": "1"}
    assert found(transform, "Glyphs")[0].text == "3"


def test_the_embedded_font_draws_exactly_the_characters_set_in_it() -> None:
    parts = written()
    res = xml(parts, "Doc_0/PublicRes.xml")
    files = {font.get("FontName"): parts.entries[f"Doc_0/Res/{found(font, 'FontFile')[0].text}"]
             for font in found(res, "Font")}
    kai = fonts.TrueType(files["LXGWWenKai-Regular"])
    used = {char for page in document().pages for item in page.items
            if getattr(item, "face", None) == "kai" for char in item.text}
    assert set(kai.characters()) == used


def test_tags_lead_from_a_fields_label_to_the_objects_that_print_it() -> None:
    parts = written()
    tags = xml(parts, "Doc_0/Tags/Tag_0.xml")
    pages = {page.get("ID"): xml(parts, "Doc_0/" + page.get("BaseLoc"))
             for page in found(xml(parts, "Doc_0/Document.xml"), "Pages")[0]}
    read: dict[tuple[str, str | None], list[str]] = {}
    for tag in tags.iter(f"{{{TAG_NS}}}Tag"):
        for ref in found(tag, "ObjectRef"):
            (target,) = pages[ref.get("PageRef")].xpath(f"//*[@ID='{ref.text}']")
            words = "".join(target.itertext()) or local(target)
            read.setdefault((tag.get("Label"), tag.get("Name")), []).append(words)
    assert read == {
        ("企业名称", "CZZT"): ["测试甲化工贸易有限公司"] * 2,
        ("许可证编号", "ZZBH"): ["许可证编号 14010013202590001"],
        ("二维码", None): ["ImageObject"]}


def test_metadata_stand_in_the_document_information() -> None:
    info = xml(written(), "OFD.xml")
    assert tuple((item.get("Name"), item.text) for item in found(info, "CustomData")) == META.items


def test_the_same_document_gives_the_same_bytes_and_another_record_the_same_artwork() -> None:
    parts, other = written(), written(document("另一有限公司"))
    assert written().entries == parts.entries
    assert parts.shared == {"Doc_0/Tpls/Tpl_0/Content.xml"}
    for name in parts.shared:
        assert other.entries[name] is parts.entries[name]
    assert other.entries["Doc_0/Pages/Page_0/Content.xml"] != parts.entries["Doc_0/Pages/Page_0/Content.xml"]


def test_kept_artwork_is_not_used_for_other_artwork_or_other_numbers() -> None:
    def ground(digest: str, path: Path) -> Artwork:
        return Artwork(name="g", digest=digest, width_mm=297, height_mm=210, paths=(path,))

    first = template_file(ground("aa" * 32, rule(1, 1, 5)), Numbers())
    assert template_file(ground("ab" * 32, rule(2, 1, 5)), Numbers()).data != first.data
    moved = Numbers(10)
    assert template_file(ground("aa" * 32, rule(1, 1, 5)), moved).number == 11
    assert moved.last == 13


@pytest.mark.parametrize(("value_mm", "text"), [
    (0, "0"), (12, "12"), (0.5, "0.5"), (-3.125, "-3.125"), (296.999, "296.999"), (0.001, "0.001"),
    (-0.0004, "0"), (1188.999, "1188.999"),
])
def test_a_length_has_one_written_form(value_mm: float, text: str) -> None:
    assert mm(micron(value_mm)) == text


def test_boundaries_hold_the_whole_outline_and_its_line() -> None:
    page = Page(role="正本", width_mm=297, height_mm=210, artwork=None, items=(rule(20, 30, 40),))
    element = etree.fromstring(page_file(page, Numbers(), templates={}, font_numbers={}, glyphs={}, images={}).data)
    (path,) = found(element, "PathObject")
    assert path.get("Boundary") == "19.7 29.7 40.6 0.6"
    assert found(path, "AbbreviatedData")[0].text == "M 0.3 0.3 L 40.3 0.3"


def test_nothing_is_kept_for_a_document_without_artwork(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = dataclasses.replace(
        document(), artworks={},
        pages=tuple(dataclasses.replace(page, artwork=None) for page in document().pages))
    monkeypatch.setattr(ofd_page, "_templates", None)
    parts = written(bare)
    assert not parts.shared and not any(name.startswith("Doc_0/Tpls") for name in parts.entries)

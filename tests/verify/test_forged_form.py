"""XML that a dishonest signer writes otherwise than we do: what another reader would show differently is refused."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.support.bounds import not_hanging
from tests.verify.packages import PAGE, PUBLIC, SIGNATURE, TEMPLATE, Forger, check, codes, entries, forged, pack
from verify.model import Verdict
from verify.ofd_form import grammar_of
from verify.ofd_page import PageReader

DOCUMENT, ATTACHMENTS, LIST = "Doc_0/Document.xml", "Doc_0/Attachs/Attachments.xml", "Doc_0/Signs/Signatures.xml"
OFD, TAGS = "OFD.xml", "Doc_0/Tags/Tag_0.xml"


def both(*pairs: tuple[str, str]) -> Callable[[str], str]:
    """Exchange pieces of text, each of which must be there."""
    def change(text: str) -> str:
        for old, new in pairs:
            assert old in text, old
            text = text.replace(old, new)
        return text
    return change


FORGED = {
    "a page that a box cuts": (PAGE, both(("</ofd:PhysicalBox>", "</ofd:PhysicalBox><ofd:ApplicationBox>0 0 297 60"
                                                                 "</ofd:ApplicationBox>"))),
    "a content box": (PAGE, both(("</ofd:PhysicalBox>", "</ofd:PhysicalBox><ofd:ContentBox>0 0 9 9</ofd:ContentBox>"))),
    "all pages cut": (DOCUMENT, both(("</ofd:PhysicalBox>", "</ofd:PhysicalBox><ofd:CropBox>0 0 297 60"
                                                            "</ofd:CropBox>"))),
    "another size of pages": (DOCUMENT, both(("0 0 297 210", "0 0 297 100"))),
    "another size of one page": (PAGE, both(("0 0 297 210", "0 0 297 209"))),
    "another size of a template": (TEMPLATE, both(("0 0 297 210", "0 0 297 100"))),
    "no such colour space": (DOCUMENT, lambda text: re.sub("<ofd:DefaultCS>.*?<", "<ofd:DefaultCS>9999<", text)),
    "colours of 4 bits": (PUBLIC, both(('Component="8"', 'Component="4"'))),
    "a colour profile": (PUBLIC, both(('Component="8"', 'Component="8" Profile="/Doc_0/Attachs/record.xml"'))),
    "a palette": (PUBLIC, both(('Component="8"/>', 'Component="8"><ofd:Palette><ofd:CV>0 0 0</ofd:CV></ofd:Palette>'
                                                   "</ofd:ColorSpace>"))),
    "grey colours": (PUBLIC, both(('Type="RGB"', 'Type="GRAY"'))),
    "a font of symbols": (PUBLIC, both(('"unicode"', '"symbol"'))),
    "something in a font": (PUBLIC, both(("<ofd:FontFile>", "<ofd:Evil/><ofd:FontFile>"))),
    "heavy text": (PAGE, both(('Size="4.9"', 'Size="4.9" Weight="900"'))),
    "text in character data": (PAGE, both(("测试人甲", "<![CDATA[测试人甲]]>"))),
    "a comment": (PAGE, both(("<ofd:Content>", "<ofd:Content><!-- x -->"))),
    "a layer in the background": (PAGE, both(('Layer Type="Body"', 'Layer Type="Background"'))),
    "a layer in front": (PAGE, both(('Layer Type="Body"', 'Layer Type="Foreground"'))),
    "a layer of no type": (PAGE, both(('Layer Type="Body"', "Layer"))),
    "two layers": (PAGE, both(("<ofd:Content>", '<ofd:Content><ofd:Layer Type="Background" ID="91000"/>'))),
    "a template's layer in the body": (TEMPLATE, both(('Type="Background"', 'Type="Body"'))),
    "a template in front by the document": (DOCUMENT, both(('Name="certificate" ZOrder="Background"',
                                                            'Name="certificate" ZOrder="Foreground"'))),
    "a template in front by the page": (PAGE, both((' ZOrder="Background"', ' ZOrder="Foreground"'))),
    "a template of no order": (PAGE, both((' ZOrder="Background"', ""))),
    "two templates": (PAGE, both(('ZOrder="Background"/>', 'ZOrder="Background"/><ofd:Template TemplateID="57" '
                                                           'ZOrder="Background"/>'))),
    "a cover": (OFD, both(("<ofd:DocUsage>", "<ofd:Cover>Doc_0/Res/Image_0.png</ofd:Cover><ofd:DocUsage>"))),
    "an abstract": (OFD, both(("<ofd:DocUsage>", "<ofd:Abstract>假</ofd:Abstract><ofd:DocUsage>"))),
    "another form of document": (OFD, both(('DocType="OFD"', 'DocType="OFD-A"'))),
    "another version of OFD": (OFD, both(('Version="1.0"', 'Version="9"'))),
    "the other name space": (PAGE, both(("http://www.ofdspec.org/2016", "http://www.ofdspec.org"))),
    "a tag of another kind": (TAGS, both(("</zy:LicenceTags>", "<zy:Evil/></zy:LicenceTags>"))),
    "a signature of another type": (LIST, both(('Type="Seal"', 'Type="Sign"'))),
    "text between elements": (ATTACHMENTS, both(("</ofd:Attachment>", "</ofd:Attachment>x"))),
    "a path of other operators": (PAGE, both(("<ofd:AbbreviatedData>M ", "<ofd:AbbreviatedData>Q 1 1 2 2 M "))),
}


@pytest.mark.req("R-003-31")
@pytest.mark.parametrize("name", FORGED)
def test_what_another_reader_could_show_otherwise_is_not_genuine(name: str) -> None:
    entry, change = FORGED[name]
    parts = entries()
    report = check(Forger().apply({**parts, entry: change(parts[entry].decode()).encode()}))
    assert report.verdict is not Verdict.VALID, name


@pytest.mark.parametrize("data", ["M 1.2.3 0 L 5 5", "M 0 0 L Doc_0/Document.xml 5", "", "C"])
def test_a_path_of_no_numbers_is_named(data: str) -> None:
    parts = entries()
    page = re.sub("<ofd:AbbreviatedData>[^<]*<", f"<ofd:AbbreviatedData>{data}<", parts[PAGE].decode(), count=1)
    report = check(Forger().apply({**parts, PAGE: page.encode()}))
    assert report.verdict is not Verdict.VALID
    assert "ofd.not-understood" in codes(report) and "file.unreadable-part" not in codes(report)


@pytest.mark.parametrize(("old", "new"), [
    ("<ofd:Seal>", '<ofd:Parameters/><ofd:Seal>'), ("<ofd:StampAnnot ", '<ofd:StampAnnot Type="x" '),
    ("<ofd:SignedInfo>", '<ofd:SignedInfo x="1">')])
def test_nor_what_the_signature_says_besides(old: str, new: str) -> None:
    report = check(Forger(edit=lambda data: data.replace(old.encode(), new.encode(), 1)).apply(entries()))
    assert report.verdict is not Verdict.VALID and "ofd.not-understood" in codes(report)


@pytest.mark.parametrize("space", ["\u3000", "\u00a0", "\u2003"])
def test_a_space_that_is_none_of_xml_is_part_of_a_datum(space: str) -> None:
    parts = entries()
    after = parts[OFD].decode().replace("测试甲化工贸易有限公司<", f"测试甲化工贸易有限公司{space}<")
    assert after.encode() != parts[OFD]
    report = check(Forger().apply({**parts, OFD: after.encode()}))
    assert report.verdict is Verdict.INVALID and "data.metadata" in codes(report)


def test_an_entry_of_another_name_is_refused() -> None:
    parts = entries()
    parts["Doc_0/Pages/Page_9/Content.xml"] = parts.pop("Doc_0/Pages/Page_2/Content.xml")
    parts[DOCUMENT] = parts[DOCUMENT].replace(b"Pages/Page_2/", b"Pages/Page_9/")
    assert check(Forger().apply(parts)).verdict is Verdict.INDETERMINATE
    assert SIGNATURE in parts


@pytest.mark.req("R-003-31")
@pytest.mark.parametrize("declared", [
    b'<?xml version="1.0"' + b" " * 220 + b'encoding="GBK"?>\n', b'<?xml version="1.1" encoding="UTF-8"?>\n', b"",
    b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>\n', b'<?xml version="1.0" encoding="utf-8"?>\n',
    b'<?xml version="1.0" encoding="UTF-8"?>\n<?xml-stylesheet href="x.xsl"?>\n',
])
def test_nothing_stands_before_the_root_that_a_reader_could_believe(declared: bytes) -> None:
    """A reader that believes another encoding sees other words; one that follows a style sheet, another page."""
    for name in (PAGE, "OFD.xml", "Doc_0/Document.xml", TEMPLATE):
        data = forged(name, lambda old, begin=declared: begin + old[old.index(b"?>\n") + 3:])  # type: ignore[misc]
        assert check(data).verdict is not Verdict.VALID, name


def _by_default(data: bytes) -> bytes:
    """The name space without its prefix."""
    return data.replace(b"<ofd:", b"<").replace(b"</ofd:", b"</").replace(b"xmlns:ofd=", b"xmlns=")


BESIDE: dict[str, Callable[[bytes], bytes]] = {
    "a comment behind the root": lambda data: data + b"<!-- x -->",
    "an instruction behind the root": lambda data: data + b"<?x y?>",
    "a line's end behind the root": lambda data: data + b"\n",
    "the name space by default": _by_default,
    "another prefix": lambda data: data.replace(b"<ofd:", b"<o:").replace(b"</ofd:", b"</o:").replace(
        b"xmlns:ofd=", b"xmlns:o="),
    "a second prefix": lambda data: data.replace(b" xmlns:ofd=", b' xmlns:x="urn:x" xmlns:ofd=', 1),
}


@pytest.mark.parametrize("what", BESIDE)
def test_nothing_stands_beside_the_root_and_its_prefix_is_ours(what: str) -> None:
    for name, data in entries().items():
        grammar = grammar_of(name)
        if grammar is None or name == SIGNATURE:
            continue
        changed = BESIDE[what](data)
        if changed == data:              # the file of tags has a prefix of its own
            continue
        report = check(Forger().apply({**entries(), name: changed}))
        assert report.verdict is not Verdict.VALID and "ofd.not-understood" in codes(report), name


PAGE_2, HEAVY = "Doc_0/Pages/Page_1/Content.xml", b"<ofd:a/>" * 400_000
COSTLY: dict[str, Callable[[dict[str, bytes]], dict[str, bytes]]] = {
    "elements behind the layers": lambda parts: {PAGE_2: parts[PAGE_2].replace(b"</ofd:Page>", HEAVY + b"</ofd:Page>")},
    "comments behind the layers": lambda parts: {
        PAGE_2: parts[PAGE_2].replace(b"</ofd:Content>", b"<!--a-->" * 400_000 + b"</ofd:Content>")},
    "elements in a layer": lambda parts: {PAGE_2: parts[PAGE_2].replace(b"</ofd:Layer>", HEAVY + b"</ofd:Layer>")},
    "elements in many files": lambda parts: {
        f"Doc_0/Pages/Page_{number}/Content.xml": parts[PAGE].replace(b"</ofd:Page>", HEAVY[:1 << 19] + b"</ofd:Page>")
        for number in range(10, 40)},
    "elements in an object of a template": lambda parts: {
        TEMPLATE: parts[TEMPLATE].replace(b"</ofd:Layer>", b'<ofd:PathObject ID="9999" Boundary="0 0 1 1">' + HEAVY
                                          + b"</ofd:PathObject></ofd:Layer>"),
        "Doc_0/Pages/Page_1/Content.xml": parts[PAGE].replace(b' ID="', b' ID="77'),
        "Doc_0/Pages/Page_2/Content.xml": parts[PAGE].replace(b' ID="', b' ID="88')},
}


@pytest.mark.parametrize("what", COSTLY)
def test_what_is_to_be_read_is_bounded(what: str) -> None:
    parts = entries()
    with not_hanging():
        report = check(pack({**parts, **COSTLY[what](dict(parts))}))
    assert report.verdict is Verdict.INVALID and "ofd.too-many" in codes(report)
    assert len(report.findings) < 100


def test_a_page_that_is_named_twice_is_read_once() -> None:
    parts = entries()
    line = re.search(rb'<ofd:Page ID="[0-9]+" BaseLoc="Pages/Page_1/Content.xml"/>', parts[DOCUMENT])
    assert line is not None
    again = b"".join(re.sub(rb'ID="[0-9]+"', b'ID="%d"' % (9000 + number), line[0]) for number in range(12))
    report = check(Forger().apply({**parts, DOCUMENT: parts[DOCUMENT].replace(line[0], line[0] + again)}))
    assert report.verdict is Verdict.INDETERMINATE
    assert [each.en for each in report.reasons if each.code == "xml.twin"] == [
        "Doc_0/Pages/Page_1/Content.xml occurs twice in Doc_0/Document.xml: ambiguous"]
    assert not codes(report) & {"ofd.twin-id", "ofd.too-many"}


def test_what_lies_over_what_is_asked_so_often_and_no_more_in_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """A strip is laid over the text of two pages."""
    parts = entries()
    strip = (b'<ofd:PathObject ID="%d" Boundary="0 0 1 1" Fill="true" Stroke="false">'
             b'<ofd:FillColor Value="255 255 255"/>'
             b"<ofd:AbbreviatedData>M 0 0 L 1 1</ofd:AbbreviatedData></ofd:PathObject></ofd:Layer>")
    pages = {name: parts[name].replace(b"</ofd:Layer>", strip % (9000 + number), 1)
             for number, name in enumerate((PAGE, PAGE_2))}
    asked: list[int] = []
    compare = PageReader._compare
    monkeypatch.setattr(PageReader, "_compare", lambda self, pairs, canvas: (
        asked.append(pairs), compare(self, pairs, canvas)))
    check(pack({**parts, **pages}))
    total, most = sum(asked), max(asked)
    assert 0 < most < total - 1
    for limit, over in ((total, False), (total - 1, True)):
        monkeypatch.setattr("verify.ofd_page._PAIR_LIMIT", limit)
        assert ("ofd.too-many" in codes(check(pack({**parts, **pages})))) is over

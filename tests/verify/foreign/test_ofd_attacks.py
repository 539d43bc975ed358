"""Attacks on signed OFD files of other writers, each with the answer it must get. None of them is called genuine."""

from __future__ import annotations

import atexit
import functools
import json
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from certs.authority import Authority
from certs.home import Home
from certs.sm3 import sm3
from tests.support.bounds import not_hanging
from tests.support.demo_home import CITY, PROVINCE, make_home, shared_home
from tests.verify.foreign.vendors import (
    ANNOT,
    ANNOTS,
    ATTACHS,
    DOC,
    FONT,
    IMAGE,
    OWN_RES,
    PAGE,
    PAGE_2,
    PUBLIC,
    SEAL,
    SHOWN,
    SIGNATURE,
    SIGNS,
    TAG,
    TAGS,
    TEMPLATE,
    VALUE,
    Entries,
    check,
    codes,
    pack,
    plain,
    sealed,
    sign_folder,
    swapped,
    weighing,
    xml,
)
from verify.model import Verdict

NO, UNSURE = Verdict.INVALID, Verdict.INDETERMINATE
PLAIN = plain()
SECOND = sign_folder(1)
Row = tuple[str, Callable[[], bytes], Verdict, str]


def over(*names: str) -> Callable[[list[str]], list[str]]:
    """Signs everything but these."""
    return lambda listed: [name for name in listed if name != SIGNS and name not in names]


def changed(name: str, old: str, new: str) -> bytes:
    return pack(swapped(sealed(), name, old, new))


def signed_so(name: str, old: str, new: str) -> bytes:
    """A signer who signs what readers see differently."""
    return pack(sealed(swapped(PLAIN, name, old, new)))


def without(*names: str) -> bytes:
    return pack({name: data for name, data in sealed().items() if name not in names})


def with_more(**more: bytes) -> bytes:
    """Entries added beside a seal."""
    return pack({**sealed(), **{name.replace("__", "/"): data for name, data in more.items()}})


EVIL_PAGE = PLAIN[PAGE].replace("测试合同".encode(), "伪造合同".encode())

CHANGES: list[Row] = [
    ("page text", lambda: changed(PAGE, "测试合同", "伪造合同"), NO, "seal.changed"),
    ("page exchanged for another", lambda: pack({**sealed(), PAGE: PLAIN[PAGE_2]}), NO, "seal.changed"),
    ("template", lambda: changed(TEMPLATE, "M 0 0", "M 1 1"), NO, "seal.changed"),
    ("annotation", lambda: changed(ANNOT, "50 60 70 8", "50 10 70 8"), NO, "seal.changed"),
    ("font", lambda: pack({**sealed(), FONT: b"\0\1\0\0 another"}), NO, "seal.changed"),
    ("image", lambda: pack({**sealed(), IMAGE: b"\x89PNG another"}), NO, "seal.changed"),
    ("resources", lambda: changed(OWN_RES, "image_0.png", "font_0.ttf"), NO, "seal.changed"),
    ("attachment", lambda: pack({**sealed(), SHOWN: b"%PDF-1.4 another"}), NO, "seal.changed"),
    ("tag", lambda: pack({**sealed(), TAG: b"<a/>"}), NO, "seal.changed"),
    ("page gone", lambda: without(PAGE), NO, "seal.gone"),
    ("annotation gone", lambda: without(ANNOT), NO, "seal.gone"),
    ("font gone", lambda: without(FONT), NO, "seal.gone"),
    ("page renamed in case", lambda: pack({
        **{name: data for name, data in sealed().items() if name != PAGE}, PAGE.upper(): PLAIN[PAGE]}),
     UNSURE, "foreign.reference"),
    ("OFD.xml's title", lambda: changed("OFD.xml", "合同", "发票"), NO, "seal.changed"),
    ("DocRoot", lambda: pack({**swapped(sealed(), "OFD.xml", "Doc_0/Document.xml", "Doc_9/Document.xml"),
                              "Doc_9/Document.xml": PLAIN[DOC]}), NO, "seal.changed"),
    ("second DocBody", lambda: pack({**swapped(
        sealed(), "OFD.xml", "</ofd:DocBody>",
        "</ofd:DocBody><ofd:DocBody><ofd:DocRoot>Doc_9/Document.xml</ofd:DocRoot></ofd:DocBody>"),
        "Doc_9/Document.xml": PLAIN[DOC]}), NO, "seal.changed"),
    # the same where OFD.xml is outside the seal
    ("DocRoot, unprotected", lambda: pack({**swapped(
        sealed(covers=over("OFD.xml")), "OFD.xml", "Doc_0/Document.xml", "Doc_9/Document.xml"),
        "Doc_9/Document.xml": PLAIN[DOC]}), UNSURE, "coverage.foreign"),
    ("DocRoot to a protected document, unprotected", lambda: pack(swapped(
        sealed({**PLAIN, "Doc_0/Old.xml": PLAIN[DOC]}, covers=over("OFD.xml")), "OFD.xml", "Doc_0/Document.xml",
        "Doc_0/Old.xml")), UNSURE, "coverage.foreign"),
    ("second DocBody, unprotected", lambda: pack({**swapped(
        sealed(covers=over("OFD.xml")), "OFD.xml", "<ofd:DocBody>",
        "<ofd:DocBody><ofd:DocRoot>Doc_9/Document.xml</ofd:DocRoot></ofd:DocBody><ofd:DocBody>"),
        "Doc_9/Document.xml": PLAIN[DOC]}), UNSURE, "coverage.foreign"),
    ("version added, unprotected", lambda: pack({**swapped(
        sealed(covers=over("OFD.xml")), "OFD.xml", "</ofd:DocRoot>",
        '</ofd:DocRoot><ofd:Versions><ofd:Version ID="1" Index="1" Current="true" BaseLoc="V.xml"/></ofd:Versions>'),
        "V.xml": xml("<ofd:DocVersion><ofd:DocRoot>Doc_0/Evil.xml</ofd:DocRoot></ofd:DocVersion>"),
        "Doc_0/Evil.xml": PLAIN[DOC]}), UNSURE, "coverage.foreign"),
    ("seal moved to a second DocBody", lambda: pack({**swapped(
        sealed(covers=over("OFD.xml")), "OFD.xml", "<ofd:DocBody>",
        "<ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody><ofd:DocBody>")}), UNSURE,
     "coverage.foreign"),
]

ADDITIONS: list[Row] = [
    ("annotation added", lambda: pack({**swapped(
        sealed(covers=over(ANNOTS)), ANNOTS, "</ofd:Annotations>",
        '<ofd:Page PageID="11"><ofd:FileLoc>Page_1/Annotation.xml</ofd:FileLoc></ofd:Page></ofd:Annotations>'),
        "Doc_0/Annots/Page_1/Annotation.xml": PLAIN[ANNOT]}), UNSURE, "coverage.page"),
    ("annotation changed", lambda: pack(swapped(
        sealed(covers=over(ANNOT)), ANNOT, "M 0 0 L 70 8", "M 0 0 L 9 9")), UNSURE, "coverage.page"),
    ("annotation list added to an unprotected document", lambda: pack(
        {**sealed(unannotated(), covers=over(DOC)), **{name: PLAIN[name] for name in (DOC, ANNOTS, ANNOT)}}), UNSURE,
     "coverage.page"),
    ("template changed", lambda: pack(swapped(sealed(covers=over(TEMPLATE)), TEMPLATE, "M 0 0", "M 1 1")), UNSURE,
     "coverage.page"),
    ("font changed", lambda: pack({**sealed(covers=over(FONT)), FONT: b"other shapes"}), UNSURE, "coverage.page"),
    ("image changed", lambda: pack({**sealed(covers=over(IMAGE)), IMAGE: b"\x89PNG"}), UNSURE, "coverage.page"),
    ("image removed", lambda: pack({name: data for name, data in sealed(covers=over(IMAGE)).items() if name != IMAGE}),
     UNSURE, "foreign.dangling"),
    ("annotation removed", lambda: pack({
        name: data for name, data in sealed(covers=over(ANNOT)).items() if name != ANNOT}), UNSURE, "foreign.dangling"),
    ("resources changed", lambda: pack(swapped(
        sealed(covers=over(PUBLIC)), PUBLIC, "font_0.ttf", "image_0.png")), UNSURE, "coverage.foreign"),
    ("page added to an unprotected document", lambda: pack({**swapped(
        sealed(covers=over(DOC)), DOC, "</ofd:Pages>",
        '<ofd:Page ID="12" BaseLoc="Pages/Page_2/Content.xml"/></ofd:Pages>'),
        "Doc_0/Pages/Page_2/Content.xml": EVIL_PAGE}), UNSURE, "coverage.page"),
    ("shown attachment added", lambda: pack({**swapped(
        sealed(covers=over(ATTACHS)), ATTACHS, "</ofd:Attachments>",
        '<ofd:Attachment ID="9" Name="补充"><ofd:FileLoc>more.pdf</ofd:FileLoc></ofd:Attachment></ofd:Attachments>'),
        "Doc_0/Attachs/more.pdf": b"%PDF"}), UNSURE, "coverage.foreign"),
    ("shown attachment changed", lambda: pack({**sealed(covers=over(SHOWN)), SHOWN: b"%PDF-1.4 other"}), UNSURE,
     "coverage.foreign"),
    ("tag that is a picture too", lambda: pack(sealed(
        swapped(PLAIN, OWN_RES, "image_0.png", "../Tags/Tag.xml"), covers=over(TAG))), UNSURE, "coverage.page"),
    ("tags that lead to a page in a fixed place", lambda: pack({**swapped(
        sealed(covers=over(TAGS)), TAGS, "</ofd:CustomTags>",
        '<ofd:CustomTag TypeID="2"><ofd:FileLoc>../Pages/Page_2/Content.xml</ofd:FileLoc></ofd:CustomTag>'
        "</ofd:CustomTags>"), "Doc_0/Pages/Page_2/Content.xml": EVIL_PAGE}), UNSURE, "coverage.foreign"),
    ("entry that nothing leads to", lambda: with_more(extra__xml=b"<a/>"), UNSURE, "coverage.unreached"),
    ("page that nothing leads to", lambda: with_more(Doc_0__Pages__Page_2__Content__xml=EVIL_PAGE), UNSURE,
     "coverage.unreached"),
    ("signature's folder with more", lambda: with_more(**{SIGNATURE.replace("/", "__") + ".bak": b"<a/>"}), UNSURE,
     "coverage.unreached"),
    ("entry in the place of a dangling location", lambda: with_more(
        **{"Doc_0/Res/Image_0.PNG": b"\x89PNG"}), UNSURE, "zip.twin"),
]

SIGNATURES: list[Row] = [
    ("signature list gone", lambda: without(SIGNS), UNSURE, "foreign.dangling"),
    ("signature list emptied", lambda: pack({**sealed(), SIGNS: re.sub(
        rb"<ofd:Signature .*?/>", b"", sealed()[SIGNS])}), UNSURE, "seal.none"),
    ("all signatures gone", lambda: pack({**{name: data for name, data in sealed().items() if "Signs" not in name},
                                          "OFD.xml": PLAIN["OFD.xml"]}), UNSURE, "seal.none"),
    ("signatures left, the list not named", lambda: pack({**sealed(covers=over("OFD.xml")),
                                                          "OFD.xml": PLAIN["OFD.xml"]}), UNSURE, "seal.none"),
    ("second seal cut from the list, its files left", lambda: pack({
        **sealed(sealed()), SIGNS: sealed()[SIGNS]}), UNSURE, "coverage.unreached"),
    ("list that the seal protects changed", lambda: pack(swapped(
        sealed(covers=lambda names: names), SIGNS, 'ID="1"', 'ID="2"')), NO, "seal.changed"),
    ("references cut", lambda: pack({**sealed(), SIGNATURE: re.sub(
        rb"<ofd:Reference FileRef=./Doc_0/Pages.*?</ofd:Reference>", b"", sealed()[SIGNATURE])}), NO, "value.digest"),
    ("stamp moved", lambda: changed(SIGNATURE, "140 220 42 42", "10 20 42 42"), NO, "value.digest"),
    ("stamp on another page", lambda: changed(SIGNATURE, 'PageRef="10"', 'PageRef="11"'), NO, "value.digest"),
    ("stamp on no page", lambda: pack(sealed(stamps='<ofd:StampAnnot ID="1" PageRef="77" Boundary="1 1 4 4"/>')),
     UNSURE, "foreign.stamp"),
    ("stamp with no place", lambda: pack(sealed(stamps='<ofd:StampAnnot ID="1" PageRef="10" Boundary="NaN 1 4 4"/>')),
     UNSURE, "foreign.stamp-place"),
    ("stamp with three numbers", lambda: pack(sealed(
        stamps='<ofd:StampAnnot ID="1" PageRef="10" Boundary="20 20 30"/>')), UNSURE, "foreign.stamp-place"),
    ("digest downgrade", lambda: changed(SIGNATURE, "1.2.156.10197.1.401", "MD5"), NO, "value.digest"),
    ("SHA-1 digests", lambda: pack(sealed(method="SHA1")), UNSURE, "seal.method"),
    ("digest cut short", lambda: pack(sealed(digest=lambda data: sm3(data)[:20])), UNSURE, "foreign.reference"),
    ("two digests for one entry", lambda: pack(sealed(edit=lambda data: data.replace(
        b"</ofd:References>", b'<ofd:Reference FileRef="/OFD.xml"><ofd:CheckValue>' + b"A" * 43
        + b"=</ofd:CheckValue></ofd:Reference></ofd:References>"))), UNSURE, "foreign.reference"),
    ("reference outside", lambda: pack(sealed(reference=lambda name: f"/../{name}")), UNSURE, "foreign.reference"),
    ("signed value gone", lambda: without(VALUE), UNSURE, "seal.missing"),
    ("signed value, a bit", lambda: pack({**sealed(), VALUE: flipped(sealed()[VALUE])}), NO, "value.signature"),
    ("signed value of another document", lambda: pack({**sealed(), VALUE: sealed(
        swapped(PLAIN, PAGE, "测试", "别的"))[VALUE]}), NO, "value.digest"),
    ("Signature.xml gone", lambda: without(SIGNATURE), UNSURE, "seal.missing"),
    ("seal beside gone", lambda: without(SEAL), UNSURE, "seal.missing"),
    ("seal beside of the province", lambda: pack({
        **sealed(covers=over(SEAL)), SEAL: shared_home().authority(*PROVINCE).seal.der}), NO, "value.seal-swapped"),
    ("another seal beside that Signature.xml does not name", lambda: pack({
        **sealed(seal_file=False), SEAL: shared_home().authority(*PROVINCE).seal.seal.der}), UNSURE,
     "coverage.unreached"),
    ("picture in the seal beside", lambda: pack({
        **sealed(covers=over(SEAL)), SEAL: flipped(sealed()[SEAL])}), NO, "value.seal-swapped"),
    ("the province's seal with the city's key", lambda: pack(sealed(authority=mixed)), NO,
     "value.not-listed"),
    ("signatures with one Signature.xml", lambda: pack(swapped(
        sealed(), SIGNS, "</ofd:Signatures>",
        '<ofd:Signature ID="2" Type="Seal" BaseLoc="Sign_0/Signature.xml"/></ofd:Signatures>')), UNSURE,
     "foreign.signed-twice"),
    ("signatures with one ID, one of them untrusted", lambda: pack(sealed(sealed(), id="1", authority=stranger)),
     UNSURE, "trust.maker"),
    ("a stranger's seal", lambda: pack(sealed(authority=stranger)), UNSURE, "trust.maker"),
    ("a stranger's seal beside a good one", lambda: pack(sealed(sealed(), authority=stranger)), UNSURE, "trust.maker"),
    ("a good seal beside a broken one", lambda: pack(swapped(
        sealed(sealed(), covers=over(SIGNATURE)), SIGNATURE, "厂商", "某厂")), NO, "value.digest"),
    ("a signature that is not there", lambda: pack(swapped(
        sealed(), SIGNS, "</ofd:Signatures>",
        '<ofd:Signature ID="2" Type="Seal" BaseLoc="Sign_7/Signature.xml"/></ofd:Signatures>')), UNSURE,
     "seal.missing"),
    ("value of no known form", lambda: pack({**sealed(), VALUE: b"\x30\x03\x02\x01\x01"}), UNSURE, "value.form"),
    ("changed after the first seal, sealed again by another", lambda: pack(sealed(
        swapped(sealed(), PAGE, "测试合同", "伪造合同"), authority=lambda: shared_home().authority(*PROVINCE))), NO,
     "seal.changed"),
]

SHAPES: list[Row] = [
    ("DTD", lambda: signed_so(PAGE, "<ofd:Page", '<!DOCTYPE a [<!ENTITY x "y">]><ofd:Page'), NO, "xml.doctype"),
    ("billion laughs", lambda: signed_so(DOC, "<ofd:Document", '<!DOCTYPE a [<!ENTITY x "yyyy"><!ENTITY z "&x;&x;">]>'
                                         "<ofd:Document"), NO, "xml.doctype"),
    ("UTF-16", lambda: pack(sealed({**PLAIN, PAGE: PLAIN[PAGE].decode().replace("UTF-8", "UTF-16").encode("utf-16")})),
     UNSURE, "xml.encoding"),
    ("GBK", lambda: pack(sealed({**PLAIN, PAGE: PLAIN[PAGE].decode().replace("UTF-8", "GBK").encode("gbk")})), UNSURE,
     "xml.encoding"),
    ("UTF-7", lambda: signed_so(PAGE, 'encoding="UTF-8"', 'encoding="UTF-7"'), UNSURE, "xml.encoding"),
    ("not well-formed", lambda: signed_so(PAGE, "</ofd:Content>", ""), UNSURE, "xml.malformed"),
    ("too deep", lambda: signed_so(PAGE, "<ofd:Layer", "<ofd:PageBlock>" * 3000 + "<ofd:Layer"), UNSURE,
     "xml.malformed"),
    ("two DocRoots", lambda: signed_so("OFD.xml", "</ofd:DocRoot>", "</ofd:DocRoot><ofd:DocRoot>Doc_0/Document.xml"
                                       "</ofd:DocRoot>"), UNSURE, "xml.twin"),
    ("two page trees", lambda: signed_so(DOC, "</ofd:Pages>", "</ofd:Pages><ofd:Pages/>"), UNSURE, "xml.twin"),
    ("two contents", lambda: signed_so(PAGE, "</ofd:Content>", "</ofd:Content><ofd:Content/>"), UNSURE, "xml.twin"),
    ("two boxes", lambda: signed_so(PAGE, "</ofd:PhysicalBox>", "</ofd:PhysicalBox><ofd:PhysicalBox>0 0 1 1"
                                    "</ofd:PhysicalBox>"), UNSURE, "xml.twin"),
    ("two files of a picture", lambda: signed_so(OWN_RES, "</ofd:MediaFile>", "</ofd:MediaFile><ofd:MediaFile>a.png"
                                                 "</ofd:MediaFile>"), UNSURE, "xml.twin"),
    ("two reference lists", lambda: pack(sealed(edit=lambda data: data.replace(
        b"</ofd:References>", b"</ofd:References><ofd:References/>"))), UNSURE, "xml.twin"),
    ("two signed values", lambda: pack(sealed(edit=lambda data: data.replace(
        b"</ofd:SignedValue>", b"</ofd:SignedValue><ofd:SignedValue>a</ofd:SignedValue>"))), UNSURE, "xml.twin"),
    ("twin attributes", lambda: signed_so(PAGE, 'ID="21"', 'ID="21" ID="22"'), UNSURE, "xml.malformed"),
    ("a box with a prefix beside the one without", lambda: signed_so(
        PAGE, 'Boundary="30 100', 'ofd:Boundary="9 9 9 9" Boundary="30 100'), UNSURE, "ofd.not-understood"),
    ("a page's place with a prefix", lambda: signed_so(
        DOC, 'ID="11"', 'ID="11" ofd:BaseLoc="Pages/Page_0/Content.xml"'), UNSURE, "ofd.not-understood"),
    ("a picture's place of another format", lambda: signed_so(
        OWN_RES, '<ofd:Res ', '<ofd:Res xmlns:x="urn:x" x:BaseLoc="Other" '), UNSURE, "ofd.not-understood"),
    ("a page without a place", lambda: signed_so(DOC, "Pages/Page_1/Content.xml", " "), UNSURE, "foreign.nowhere"),
    ("a template without a place", lambda: signed_so(DOC, ' BaseLoc="Tpls/Tpl_0/Content.xml"', ""), UNSURE,
     "foreign.nowhere"),
    ("a picture without a place", lambda: signed_so(OWN_RES, "image_0.png", ""), UNSURE, "foreign.nowhere"),
    ("annotations without a place", lambda: signed_so(ANNOTS, "Page_0/Annotation.xml", ""), UNSURE,
     "foreign.nowhere"),
    ("a page that is the document", lambda: signed_so(DOC, "Pages/Page_1/Content.xml", "Document.xml"), UNSURE,
     "ofd.not-understood"),
    ("a page in small letters", lambda: pack(sealed({**PLAIN, PAGE: re.sub(
        rb"(</?ofd:)(\w+)", lambda tag: tag[1] + tag[2].lower(), PLAIN[PAGE])})), UNSURE, "ofd.not-understood"),
    ("two pictures with one ID", lambda: signed_so(
        OWN_RES, "</ofd:MultiMedias>", '<ofd:MultiMedia ID="5" Type="Image"><ofd:MediaFile>image_0.png</ofd:MediaFile>'
        "</ofd:MultiMedia></ofd:MultiMedias>"), UNSURE, "ofd.twin-id"),
    ("two pages with one ID", lambda: signed_so(DOC, 'ID="11"', 'ID="10"'), UNSURE, "ofd.twin-id"),
    ("elements of another name space", lambda: signed_so(PAGE, "<ofd:TextObject", '<x:TextObject xmlns:x="urn:x"/>'
                                                         "<ofd:TextObject"), UNSURE, "ofd.not-understood"),
    ("a page of another name space", lambda: signed_so(PAGE, "http://www.ofdspec.org/2016", "urn:x"), UNSURE,
     "ofd.not-understood"),
    ("path escape", lambda: signed_so(OWN_RES, "image_0.png", "../../../etc/passwd"), NO, "ofd.path"),
    ("path escape from the root", lambda: signed_so("OFD.xml", "Doc_0/Document.xml", "/../Document.xml"), NO,
     "ofd.path"),
    ("picture on the network", lambda: signed_so(OWN_RES, "image_0.png", "http://a.example/p.png"), UNSURE,
     "foreign.external"),
    ("picture on a disk", lambda: signed_so(OWN_RES, "image_0.png", "C:\\p.png"), UNSURE, "foreign.external"),
    ("NaN", lambda: signed_so(PAGE, "30 100 40 40", "NaN 100 40 40"), UNSURE, "ofd.number"),
    ("infinity", lambda: signed_so(PAGE, "40 0 0 40 0 0", "1e999 0 0 40 0 0"), UNSURE, "ofd.number"),
    ("NaN in a path", lambda: signed_so(PAGE, "M 0 0 L 50 0", "M NaN 0 L 50 0"), UNSURE, "ofd.number"),
    ("NaN in a box", lambda: signed_so(DOC, "0 0 210 297", "0 0 NaN 297"), UNSURE, "ofd.number"),
    ("size that is no number", lambda: signed_so(PAGE, 'Size="5"', 'Size="big"'), UNSURE, "ofd.number"),
    ("template in itself", lambda: signed_so(TEMPLATE, "<ofd:Content>", '<ofd:Template TemplateID="2"/><ofd:Content>'),
     UNSURE, "ofd.not-understood"),
    ("composite in itself", lambda: signed_so(
        OWN_RES, "</ofd:MultiMedias>", '</ofd:MultiMedias><ofd:CompositeGraphicUnits><ofd:CompositeGraphicUnit ID="7">'
        '<ofd:Content><ofd:CompositeObject ID="8" ResourceID="7"/></ofd:Content></ofd:CompositeGraphicUnit>'
        "</ofd:CompositeGraphicUnits>"), UNSURE, "ofd.not-understood"),
    ("no pages", lambda: pack(sealed({**PLAIN, DOC: re.sub(rb"<ofd:Page .*?/>", b"", PLAIN[DOC])})), UNSURE,
     "ofd.structure"),
    ("no DocRoot", lambda: signed_so("OFD.xml", "Doc_0/Document.xml", ""), UNSURE, "ofd.structure"),
    ("no OFD.xml", lambda: pack({"Old_OFD.xml" if name == "OFD.xml" else name: data
                                for name, data in sealed().items()}), UNSURE, "ofd.structure"),
    ("OFD.xml is none", lambda: pack({**sealed(), "OFD.xml": b"<a/>"}), UNSURE, "ofd.structure"),
]


def flipped(data: bytes) -> bytes:
    """One bit near the end of the signed part."""
    place = len(data) - 20
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1:]


def unannotated() -> Entries:
    """The document without annotations."""
    parts = swapped(PLAIN, DOC, "<ofd:Annotations>Annots/Annotations.xml</ofd:Annotations>", "")
    return {name: data for name, data in parts.items() if "Annots" not in name}


@functools.cache
def strangers() -> Home:
    """A home of the same names, with keys and certificate authorities of its own."""
    folder = Path(tempfile.mkdtemp(prefix="zhengyin-home-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return make_home(folder / "home")


def stranger() -> Authority:
    """An office that has the city's name and no more."""
    return strangers().authority(*CITY)


def mixed() -> Authority:
    """The province's seal in the city's hands."""
    home = shared_home()
    return replace(home.authority(*CITY), seal=home.authority(*PROVINCE).seal)


ROWS = CHANGES + ADDITIONS + SIGNATURES + SHAPES


@pytest.mark.parametrize(("make", "verdict", "reason"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_an_attack_gets_its_answer(make: Callable[[], bytes], verdict: Verdict, reason: str) -> None:
    report = check(make())
    assert report.verdict is verdict, weighing(report)
    assert reason in weighing(report), codes(report)
    assert report.to_json() and report.to_text()


def test_a_file_in_an_earlier_genuine_state_is_judged_as_that_state() -> None:
    """Who cuts the last of two seals leaves the file as it was before: nothing in it can tell."""
    twice = sealed(sealed(), covers=lambda names: names)
    assert check(pack(twice)).verdict is Verdict.VALID
    report = check(pack({**{name: data for name, data in twice.items() if SECOND not in name}, SIGNS: sealed()[SIGNS]}))
    assert report.verdict is Verdict.VALID and "foreign.rollback" in codes(report)
    (note,) = [reason for reason in report.reasons if reason.code == "foreign.rollback"]
    assert "不能排除其后还有签名被移除" in note.zh and "cannot be excluded" in note.en


def test_a_signature_that_a_later_one_saw_cannot_be_left_out_of_the_list() -> None:
    """This never was a state of the file: who signed last signed what is left of the first signature."""
    twice = sealed(sealed())
    (first,) = re.findall(rb"<ofd:Signature [^>]*Sign_0/[^>]*>", twice[SIGNS])
    left_out = {**twice, SIGNS: twice[SIGNS].replace(first, b"")}
    report = check(pack(left_out))
    assert report.verdict is Verdict.INDETERMINATE
    told = {each.where for each in report.findings if each.reason.code == "foreign.unlisted"}
    assert told == {SIGNATURE, VALUE}
    for gone in (SIGNATURE, VALUE):
        assert "seal.gone" in codes(check(pack({name: data for name, data in left_out.items() if name != gone})))


def test_the_place_of_a_stamp_is_told_apart_from_its_page() -> None:
    report = check(pack(sealed(stamps='<ofd:StampAnnot ID="1" PageRef="10" Boundary="20 20 1e400 5"/>')))
    assert "foreign.stamp" not in codes(report)
    (told,) = [each for each in report.reasons if each.code == "foreign.stamp-place"]
    assert "“20 20 1e400 5”不是左、上、宽、高四个数" in told.zh and "on the page “10” is not four numbers" in told.en


def test_a_changed_entry_is_shown_with_both_digests() -> None:
    report = check(changed(PAGE, "测试合同", "伪造合同"))
    (entry,) = [entry for entry in report.coverage.entries if entry.state == "changed"]
    assert (entry.name, entry.expected, entry.digest) == (PAGE, sm3(PLAIN[PAGE]).hex(), sm3(EVIL_PAGE).hex())
    assert entry.digest in report.to_text() and entry.expected in report.to_text()
    assert (report.signatures[0].indication, report.signatures[0].sub_indication) == ("TOTAL-FAILED", "HASH_FAILURE")


def test_what_was_changed_is_not_buried_under_what_was_not() -> None:
    report = check(changed(PAGE, "测试合同", "伪造合同"))
    told = [each for each in report.findings if each.where and report.weighs(each.reason)]
    assert {each.where for each in told} == {PAGE, SIGNATURE}
    (void,) = [each for each in report.reasons if each.code == "coverage.void"]
    assert "签名 1 未通过验证，因此不保护任何部分" in void.zh and "so protects nothing" in void.en
    entries = {each["name"]: each for each in json.loads(report.to_json())["coverage"]["entries"]}
    assert (entries["OFD.xml"]["by"], entries["OFD.xml"]["zh"]) == ([], "签名未通过，不受保护")
    assert entries[PAGE]["state"] == "changed"
    text = report.to_text()
    assert "受保护 / protected: 0\n" in text and "✗ OFD.xml" not in text and f"✗ {PAGE}" in text


def test_what_no_signature_names_is_told_beside_one_that_does_not_pass() -> None:
    report = check(pack(swapped(sealed(covers=over(TEMPLATE)), PAGE, "测试合同", "伪造合同")))
    assert {"coverage.void", "coverage.foreign", "seal.changed"} <= weighing(report)
    assert [each.where for each in report.findings if each.reason.code == "coverage.foreign"] == [TEMPLATE]


def test_what_a_passing_signature_protects_is_protected_whatever_others_do() -> None:
    report = check(pack(swapped(sealed(sealed(), covers=over(SIGNATURE)), SIGNATURE, "厂商", "某厂")))
    assert [each.indication for each in report.signatures] == ["TOTAL-FAILED", "TOTAL-PASSED"]
    assert "coverage.void" not in codes(report)
    entries = {each.name: each for each in report.coverage.entries}
    assert (entries[PAGE].state, entries[PAGE].by) == ("protected", ("2",))


def test_the_untrusted_of_two_signatures_is_named() -> None:
    report = check(pack(sealed(sealed(), authority=stranger)))
    assert [(each.id, each.indication) for each in report.signatures] == [("1", "TOTAL-PASSED"), ("2", "INDETERMINATE")]


@pytest.mark.parametrize("entry", sorted(sealed()))
def test_one_bit_in_any_entry_is_never_genuine_unless_it_is_said_to_be_no_matter(entry: str) -> None:
    parts = sealed()
    for place in (0, len(parts[entry]) // 2, len(parts[entry]) - 1):
        body = bytearray(parts[entry])
        body[place] ^= 1
        report = check(pack({**parts, entry: bytes(body)}))
        assert report.verdict is not Verdict.VALID or entry == SIGNS, (entry, place)


def test_what_costs_much_is_bounded() -> None:
    uses = '<ofd:PathObject Font="3" ResourceID="5"/>' * 20_000
    template = swapped(PLAIN, TEMPLATE, "<ofd:Layer", uses + "<ofd:Layer")
    pages = "".join(f'<ofd:Page ID="{number}" BaseLoc="Pages/Page_0/Content.xml"/>' for number in range(100, 2900))
    parts = sealed(swapped(template, DOC, "</ofd:Pages>", pages + "</ofd:Pages>"))
    many = swapped(parts, SIGNS, "</ofd:Signatures>", "".join(
        f'<ofd:Signature ID="{number}" BaseLoc="Sign_0/Signature.xml"/>' for number in range(10, 60))
        + "</ofd:Signatures>")
    with not_hanging():
        assert check(pack(parts)).verdict in (Verdict.VALID, Verdict.INDETERMINATE)
        assert "ofd.too-many" in codes(check(pack(many)))


def test_templates_that_name_each_other_are_followed_so_far_and_no_further() -> None:
    numbers = range(5000, 5040)
    files = {f"Doc_0/T_{own}.xml": xml("<ofd:Page>" + "".join(
        f'<ofd:Template TemplateID="{each}"/>' for each in numbers if each != own) + "<ofd:Content/></ofd:Page>")
        for own in numbers}
    listed = "".join(f'<ofd:TemplatePage ID="{each}" BaseLoc="T_{each}.xml"/>' for each in numbers)
    parts = sealed({**swapped(PLAIN, DOC, "</ofd:CommonData>", listed + "</ofd:CommonData>"), **files})
    with not_hanging():
        assert "ofd.too-many" in codes(check(pack(parts)))


def test_a_template_that_is_listed_and_used_again_and_again_is_one() -> None:
    listed = '<ofd:TemplatePage ID="7000" BaseLoc="Tpls/Tpl_0/Content.xml"/>' * 20_000
    parts = swapped(PLAIN, DOC, "</ofd:CommonData>", listed + "</ofd:CommonData>")
    parts = swapped(parts, PAGE, "<ofd:Content>", '<ofd:Template TemplateID="7000"/>' * 3000 + "<ofd:Content>")
    with not_hanging():
        report = check(pack(sealed(parts)))
    assert "ofd.twin-id" in codes(report) and "ofd.too-many" not in codes(report)

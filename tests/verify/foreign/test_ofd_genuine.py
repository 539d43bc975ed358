"""Genuine OFD files in the shapes of other writers: 真实, or 无法确定 for the true reason, never 不真实."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable

import pytest

from tests.support.demo_home import CITY, PROVINCE, shared_home
from tests.verify.foreign.vendors import (
    ANNOT,
    DOC,
    HIDDEN,
    IMAGE,
    NAMESPACE,
    OWN_RES,
    PAGE,
    PUBLIC,
    SEAL,
    SIGNATURE,
    SIGNS,
    TAG,
    TAGS,
    TEMPLATE,
    VALUE,
    Entries,
    Signing,
    check,
    codes,
    pack,
    plain,
    sealed,
    swapped,
    weighing,
    xml,
    zipped,
)
from verify.model import Verdict

PLAIN = plain()


def without(*names: str) -> Callable[[list[str]], Iterable[str]]:
    """Signs everything but these."""
    return lambda listed: [name for name in listed if name != SIGNS and name not in names]


def version() -> Entries:
    """An earlier version of the document beside the current one."""
    old = {name.replace("Doc_0/", "Doc_0/V1/"): data for name, data in PLAIN.items() if name.startswith("Doc_0/")}
    listing = ('<ofd:DocVersion ID="1" Version="1"><ofd:FileList><ofd:File ID="1">V1/Document.xml</ofd:File>'
               "</ofd:FileList><ofd:DocRoot>V1/Document.xml</ofd:DocRoot></ofd:DocVersion>")
    return swapped({**PLAIN, **old, "Doc_0/Version_1.xml": xml(listing)}, "OFD.xml", "</ofd:DocRoot>",
                   '</ofd:DocRoot><ofd:Versions><ofd:Version ID="1" Index="1" BaseLoc="Doc_0/Version_1.xml"/>'
                   "</ofd:Versions>")


def two_documents() -> Entries:
    """Two documents in one file."""
    second = {name.replace("Doc_0/", "Doc_1/"): data for name, data in PLAIN.items() if name.startswith("Doc_0/")}
    body = re.search(rb"<ofd:DocBody>.*</ofd:DocBody>", PLAIN["OFD.xml"])
    assert body
    return {**PLAIN, **second,
            "OFD.xml": PLAIN["OFD.xml"].replace(b"</ofd:OFD>", body[0].replace(b"Doc_0", b"Doc_1") + b"</ofd:OFD>")}


def digested(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def everything(names: list[str]) -> list[str]:
    return names


def unprefixed(data: bytes) -> bytes:
    return data.replace(NAMESPACE.encode(), b'xmlns="http://www.ofdspec.org"').replace(b"ofd:", b"")


def no_space(data: bytes) -> bytes:
    return data.replace(f" {NAMESPACE}".encode(), b"").replace(b"ofd:", b"")


def bom(data: bytes) -> bytes:
    return b"\xef\xbb\xbf" + data


def undeclared(data: bytes) -> bytes:
    return data.partition(b"?>\n")[2]


def absolute(parts: Entries) -> Entries:
    """Absolute locations everywhere, a resource file whose base is the root."""
    parts = swapped(parts, DOC, 'BaseLoc="', 'BaseLoc="/Doc_0/')
    parts = swapped(parts, DOC, "PublicRes.xml", "/Doc_0/PublicRes.xml")
    parts = swapped(parts, OWN_RES, 'BaseLoc="Res"', 'BaseLoc="/"')
    return swapped(parts, OWN_RES, "image_0.png", "/Doc_0/Res/image_0.png")


def twice(**second: object) -> Entries:
    """A second seal, of the province, over everything that is there, the first seal's files too."""
    return sealed(sealed(), authority=lambda: shared_home().authority(*PROVINCE),
                  stamps='<ofd:StampAnnot ID="1" PageRef="11" Boundary="10 10 42 42" Clip="0 0 21 42"/>', **second)


VALID, UNSURE = Verdict.VALID, Verdict.INDETERMINATE

GENUINE: list[tuple[str, Callable[[], bytes], Verdict, set[str], set[str]]] = [
    # what, bytes, verdict, what weighs, notes that must be among those given
    ("plain", lambda: pack(sealed()), VALID, set(), {"foreign.rollback", "foreign.no-licence", "foreign.text"}),
    ("list of signatures protected too", lambda: pack(sealed(covers=everything)), VALID, set(), set()),
    ("names in reverse order, stored and deflated", lambda: zipped(sealed()), VALID, set(), set()),
    ("folders and a comment", lambda: zipped(sealed(), folders=True, comment="中文".encode("gbk")), VALID, set(),
     {"form.zip"}),
    ("other name space, no prefix", lambda: pack(sealed(style=unprefixed)), VALID, set(), set()),
    ("no name space", lambda: pack(sealed(style=no_space)), VALID, set(), {"form.namespace"}),
    ("byte order marks", lambda: pack(sealed(style=bom)), VALID, set(), set()),
    ("no declarations", lambda: pack(sealed(style=undeclared)), VALID, set(), set()),
    ("absolute locations", lambda: pack(sealed(absolute(PLAIN))), VALID, set(), set()),
    ("relative to the root", lambda: pack(sealed(swapped(PLAIN, DOC, "Tags/Custom", "Doc_0/Tags/Custom"))), VALID,
     set(), {"form.path"}),
    ("back slashes", lambda: pack(sealed(swapped(PLAIN, DOC, "Tpls/Tpl_0/Content.xml", "Tpls\\Tpl_0\\Content.xml"))),
     VALID, set(), {"form.path"}),
    ("wrong letter case", lambda: pack(sealed(swapped(PLAIN, OWN_RES, "image_0.png", "Image_0.PNG"))), VALID, set(),
     {"form.case"}),
    ("no type, other identifiers", lambda: pack(sealed(kind="", id="s001")), VALID, set(), set()),
    ("method SM3", lambda: pack(sealed(method="SM3")), VALID, set(), set()),
    ("method sm3, time without marks", lambda: pack(sealed(method="sm3", time="%Y%m%d%H%M%S")), VALID, set(), set()),
    ("no method", lambda: pack(sealed(method=None)), VALID, set(), {"form.check-method"}),
    ("SHA-256 digests", lambda: pack(sealed(method="SHA-256", digest=digested)), VALID, set(), set()),
    ("time with milliseconds", lambda: pack(sealed(time="%Y%m%d%H%M%S.000")), VALID, set(), set()),
    ("no seal beside", lambda: pack(sealed(seal_file=False)), VALID, set(), set()),
    ("a seal beside that Signature.xml does not name", lambda: pack({
        **sealed(seal_file=False), SEAL: shared_home().authority(*CITY).seal.seal.der}), VALID, set(), set()),
    ("another name of the value", lambda: pack(sealed(value_name="SignValue.dat")), VALID, set(), set()),
    ("property: a document's identifier", lambda: pack(sealed(info='{"docId":"12"}')), VALID, set(), set()),
    ("property: one space", lambda: pack(sealed(info=" ")), VALID, set(), set()),
    ("white space in digests", lambda: pack(sealed(edit=lambda data: re.sub(
        rb"(<ofd:CheckValue>.{20})", rb"\1\n  ", data))), VALID, set(), {"form.check-value"}),
    ("tags that are no XML outside the seal", lambda: pack(sealed(covers=without(TAG, TAGS))), UNSURE,
     {"coverage.unreached"}, {"coverage.harmless"}),
    ("tags outside the seal whose listing is under it", lambda: pack(sealed(covers=without(TAG))), VALID, set(),
     {"coverage.harmless"}),
    ("a hidden attachment outside the seal", lambda: pack(sealed(covers=without(HIDDEN))), VALID, set(),
     {"coverage.harmless"}),
    ("two seals", lambda: pack(twice()), VALID, set(), {"foreign.rollback"}),
    ("two seals, the second over the list too", lambda: pack(twice(covers=everything)), VALID, set(), set()),
    ("two seals that protect it together", lambda: pack(sealed(sealed(covers=without(ANNOT)))), UNSURE,
     {"coverage.stamped-partly"}, set()),
    ("two documents under one seal, the list outside it", lambda: pack(sealed(two_documents())), UNSURE,
     {"foreign.whose"}, {"form.documents"}),
    ("two documents under one seal, the list too", lambda: pack(sealed(two_documents(), covers=everything)), VALID,
     set(), {"form.documents"}),
    ("an earlier version under the seal", lambda: pack(sealed(version())), VALID, set(), {"form.version"}),
    ("font not embedded", lambda: pack(sealed({
        name: data for name, data in swapped(PLAIN, PUBLIC, "<ofd:FontFile>font_0.ttf</ofd:FontFile>", "").items()
        if not name.endswith(".ttf")})), VALID, set(), {"form.font"}),
    ("font with an empty place", lambda: pack(sealed({
        name: data for name, data in swapped(PLAIN, PUBLIC, "font_0.ttf", "").items() if not name.endswith(".ttf")})),
     VALID, set(), {"form.font"}),
    ("a list of tags with an empty place", lambda: pack(sealed({
        name: data for name, data in swapped(PLAIN, DOC, "Tags/CustomTags.xml", "").items() if "Tags" not in name})),
     VALID, set(), {"form.nowhere"}),
    ("attributes of other formats", lambda: pack(sealed(swapped(
        PLAIN, DOC, "<ofd:Document ", '<ofd:Document xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:schemaLocation="http://www.ofdspec.org/2016 OFD.xsd" xml:space="preserve" '))), VALID, set(), set()),
    ("a link in the page", lambda: pack(sealed(swapped(
        PLAIN, DOC, "<ofd:Annotations>",
        '<ofd:Outlines><ofd:OutlineElem Title="a"><ofd:Actions><ofd:Action Event="CLICK"><ofd:URI URI="http://a/"/>'
        "</ofd:Action></ofd:Actions></ofd:OutlineElem></ofd:Outlines><ofd:Annotations>"))), VALID, set(),
     {"form.actions"}),
    # true reasons to doubt
    ("OFD.xml outside the seal", lambda: pack(sealed(covers=without("OFD.xml"))), UNSURE, {"coverage.foreign"}, set()),
    ("template outside the seal", lambda: pack(sealed(covers=without(TEMPLATE))), UNSURE,
     {"coverage.foreign", "coverage.page"}, set()),
    ("image outside the seal", lambda: pack(sealed(covers=without(IMAGE))), UNSURE,
     {"coverage.foreign", "coverage.page"}, set()),
    ("an image that is not there", lambda: pack(sealed(swapped(PLAIN, OWN_RES, "image_0.png", "image_7.png"))), UNSURE,
     {"foreign.dangling"}, set()),
    ("left-over entry outside the seal", lambda: pack({**sealed(), "Doc_0/Res/old.png": b"x"}), UNSURE,
     {"coverage.unreached"}, set()),
    ("GBK names without the flag", lambda: gbk_names(), VALID, set(), {"form.zip"}),
    ("whole package protected", lambda: pack({**PLAIN, "OFDEntries.xml": b"<a/>", "x/signedvalue.dat": b""}), UNSURE,
     {"foreign.guarded", "seal.none", "coverage.unsigned"}, set()),
    ("not sealed", lambda: pack(PLAIN), UNSURE, {"seal.none", "coverage.unsigned"}, set()),
    ("MD5 digests", lambda: pack(sealed(method="MD5", digest=lambda data: hashlib.md5(data).digest())),  # noqa: S324
     UNSURE, {"seal.method", "coverage.foreign", "coverage.page"}, set()),
    ("references relative to the root", lambda: pack(sealed(reference=lambda name: name)), UNSURE,
     {"foreign.reference", "coverage.foreign", "coverage.page"}, set()),
]


def gbk_names() -> bytes:
    """An attachment whose name is written in GBK without a flag."""
    from dataclasses import replace

    from tests.verify.archives import archive, item
    from tests.verify.foreign.vendors import ATTACHS

    parts = sealed(swapped({**PLAIN, "Doc_0/Attachs/附件.txt": b"text"}, ATTACHS, "annex.pdf", "附件.txt"),
                   covers=lambda names: [name for name in names if name != SIGNS])
    items = [replace(item("x", data), name=name.encode("gbk")) for name, data in parts.items()]
    return archive(items)


@pytest.mark.parametrize(("make", "verdict", "weighs", "notes"), [row[1:] for row in GENUINE],
                         ids=[row[0] for row in GENUINE])
def test_a_genuine_file_of_another_writer(make: Callable[[], bytes], verdict: Verdict, weighs: set[str],
                                          notes: set[str]) -> None:
    report = check(make())
    assert report.verdict is verdict, weighing(report)
    assert weighing(report) == weighs or (not weighs and verdict is Verdict.INDETERMINATE)
    assert notes <= codes(report)
    assert report.exit_code == 3
    assert report.to_json() and report.to_text()


def test_the_report_tells_of_each_entry_who_protects_it_and_what_it_can_do() -> None:
    parts = sealed(sealed(covers=without(ANNOT, TAG, IMAGE)), covers=lambda _: [PAGE, IMAGE])
    report = check(pack(parts))
    told = json.loads(report.to_json())
    entries = {each["name"]: each for each in told["coverage"]["entries"]}
    assert (entries[PAGE]["by"], entries[PAGE]["standing"]) == (["1", "2"], "protected")
    assert (entries[IMAGE]["by"], entries[IMAGE]["part"]) == (["2"], "image")
    assert (entries[ANNOT]["standing"], entries[ANNOT]["role"], entries[ANNOT]["zh"]) == (
        "picture", "picture", "未受保护，可能改变画面")
    assert (entries[TAG]["standing"], entries[TAG]["en"]) == ("harmless", "unprotected, harmless")
    assert (entries[VALUE]["standing"], entries[SIGNATURE]["role"]) == ("protected", "signature")
    assert entries[PAGE]["digest"] == entries[PAGE]["expected"] != ""
    first, second = told["signatures"]
    assert first["id"] == "1" and IMAGE in first["covers"]["picture"] and PAGE in first["covers"]["protected"]
    assert TEMPLATE in second["covers"]["picture"] and second["covers"]["protected"] == [PAGE, IMAGE]
    assert first["stamps"] == [{"page": 1, "box_mm": [140, 220, 42, 42]}]
    assert told["coverage"]["loose"] == [{"page": 1, "part": "annotation", "entry": ANNOT, "box_mm": [50, 60, 70, 8]}]
    text = report.to_text()
    assert "未受保护，不影响画面 / unprotected, harmless" in text and "annotation on page 1 (50 60 70 8 mm)" in text
    assert report.verdict is Verdict.INDETERMINATE
    assert weighing(report) == {"coverage.foreign", "coverage.page", "coverage.stamped-partly"}


def test_a_clip_of_a_seal_counts_from_its_corner() -> None:
    report = check(pack(twice()))
    stamp = report.signatures[1].stamps[0]
    assert (stamp.page, stamp.box.x_mm, stamp.box.width_mm) == (2, 10, 21)


def test_a_genuine_foreign_file_is_no_licence() -> None:
    report = check(pack(sealed()))
    assert report.verdict is Verdict.VALID and report.exit_code == 3 and report.licence is None
    assert not report.file.own and report.status.state.value == "unknown"
    assert SEAL in {entry.name for entry in report.coverage.entries}


def test_a_list_of_signatures_stands_in_the_table_as_the_note_says() -> None:
    report = check(pack(sealed()))
    (told,) = [entry for entry in json.loads(report.to_json())["coverage"]["entries"] if entry["name"] == SIGNS]
    assert (told["standing"], told["state"], told["by"]) == ("harmless", "unprotected", [])
    assert (told["zh"], told["en"]) == ("未受保护，只列出签名", "unprotected, only lists the signatures")
    assert report.verdict is VALID and "foreign.rollback" in codes(report) and not report.coverage.complete
    assert f"· {SIGNS}: 未受保护，只列出签名" in report.to_text()
    covered = check(pack(sealed(covers=everything)))
    assert covered.verdict is VALID and covered.coverage.complete and "foreign.rollback" not in codes(covered)


def test_without_trust_nothing_is_genuine() -> None:
    report = check(pack(sealed()), trust=None)
    assert report.verdict is Verdict.INDETERMINATE and weighing(report) == {"trust.none"}
    assert [each.indication for each in report.signatures] == ["INDETERMINATE"]


def test_how_a_signature_is_written_by_default_is_all_that_these_tests_change() -> None:
    assert Signing() == Signing()

"""Seals on pages that their organisation never signed, shown by whoever can sign, or merely edit, the file."""

from __future__ import annotations

import re

import pytest

from tests.support.demo_home import PROVINCE, shared_home
from tests.verify.foreign.test_ofd_genuine import two_documents
from tests.verify.foreign.vendors import (
    ANNOT,
    DOC,
    PAGE,
    SIGNS,
    TAG,
    TAGS,
    Entries,
    check,
    pack,
    plain,
    sealed,
    swapped,
    weighing,
    xml,
)
from verify.model import Verdict

EMPTY = xml("<ofd:Signatures><ofd:MaxSignId>9</ofd:MaxSignId></ofd:Signatures>")
OTHER_LIST = "Doc_1/Signs/Signatures.xml"


def province(parts: Entries, *left_out: str) -> Entries:
    """Sealed by the province, but for some entries, as some programs leave them out."""
    return sealed(parts, covers=lambda names: [name for name in names if name not in (SIGNS, *left_out)],
                  authority=lambda: shared_home().authority(*PROVINCE))


def with_other_words() -> bytes:
    return plain()[PAGE].replace("测试合同".encode(), "伪造批复".encode())


def page_exchanged_by_the_document() -> Entries:
    parts = province(plain(), DOC)
    parts[DOC] = parts[DOC].replace(b"Pages/Page_0/Content.xml", b"Pages/Page_9/Content.xml")
    return {**parts, "Doc_0/Pages/Page_9/Content.xml": with_other_words()}


def document_exchanged_by_the_entrance() -> Entries:
    parts = province(plain(), "OFD.xml")
    other = {name.replace("Doc_0/", "Doc_9/"): data for name, data in plain().items() if name.startswith("Doc_0/")}
    other["Doc_9/Pages/Page_0/Content.xml"] = with_other_words()
    return {**parts, **other, "OFD.xml": parts["OFD.xml"].replace(b"Doc_0/Document.xml", b"Doc_9/Document.xml")}


def annotation_laid_over() -> Entries:
    parts = province(plain(), DOC, "OFD.xml", ANNOT)
    return {**parts, ANNOT: parts[ANNOT].replace(b"50 60 70 8", b"20 20 100 8")}


@pytest.mark.parametrize("made", [
    page_exchanged_by_the_document, document_exchanged_by_the_entrance, annotation_laid_over,
    lambda: sealed(plain(), covers=lambda _: [], authority=lambda: shared_home().authority(*PROVINCE)),
    lambda: province(plain(), *(name for name in plain() if name != TAG)),
], ids=["page exchanged", "document exchanged", "annotation laid over", "a seal over nothing", "a seal over a tag"])
def test_a_second_signer_cannot_show_the_first_ones_seal_on_other_pages(made: object) -> None:
    """He signs everything, and shows no seal of his own."""
    assert callable(made)
    report = check(pack(sealed(made(), stamps="")))
    assert report.verdict is Verdict.INDETERMINATE and "coverage.stamped-partly" in weighing(report)


def test_nobody_can_move_a_seal_from_one_document_to_another_by_the_lists() -> None:
    parts, count = two_documents(), iter(range(2))
    parts["OFD.xml"] = re.sub(
        rb"</ofd:DocRoot>", lambda found: found[0] + f"<ofd:Signatures>Doc_{next(count)}/Signs/Signatures.xml"
        "</ofd:Signatures>".encode(), parts["OFD.xml"])
    parts |= {SIGNS: EMPTY, OTHER_LIST: EMPTY}
    parts = sealed(parts, covers=lambda names: [name for name in names if name not in (SIGNS, OTHER_LIST)])
    line = re.findall(rb"<ofd:Signature ID.*?/>", parts[SIGNS])[0].replace(b'BaseLoc="', b'BaseLoc="/Doc_0/Signs/')
    listed = EMPTY.replace(b"</ofd:Signatures>", line + b"</ofd:Signatures>")
    for lists in ({SIGNS: listed, OTHER_LIST: EMPTY}, {SIGNS: EMPTY, OTHER_LIST: listed}):
        report = check(pack({**parts, **lists}))
        assert report.verdict is Verdict.INDETERMINATE and "foreign.whose" in weighing(report)


@pytest.mark.parametrize("name", [
    "Doc_0./Pages/P_0.xml", "DOC_0~1/Pages/P_0.xml", "Doc_0/con.xml", "META-INF/container.xml", "OFD_1.xml",
    "Doc_0/Annots/Annot_0.xml", "Doc_0/Extensions.xml", "Doc_0/data.xml",
])
def test_an_entry_that_only_an_unprotected_list_of_tags_names_is_not_harmless(name: str) -> None:
    parts = sealed(covers=lambda names: [one for one in names if one not in (SIGNS, TAGS)])
    parts = swapped(parts, TAGS, "</ofd:CustomTags>",
                    f'<ofd:CustomTag TypeID="2"><ofd:FileLoc>/{name}</ofd:FileLoc></ofd:CustomTag></ofd:CustomTags>')
    report = check(pack({**parts, name: with_other_words()}))
    assert report.verdict is Verdict.INDETERMINATE
    assert weighing(report) & {"coverage.unreached", "coverage.foreign", "zip.name"}


@pytest.mark.parametrize("line", [
    '<ofd:Group><ofd:Signature ID="7" Type="Seal" BaseLoc="Sign_0/Signature.xml"/></ofd:Group>',
    '<ofd:Signature ID="7" Type="Seal" ofd:BaseLoc="Sign_9/Signature.xml" BaseLoc="Sign_0/Signature.xml"/>',
    '<ofd:Signature ID="7" Type="Seal" BaseLoc="Sign_0/Signature.xml"><ofd:BaseLoc>x</ofd:BaseLoc></ofd:Signature>',
])
def test_what_some_reader_could_follow_in_a_list_of_signatures_weighs(line: str) -> None:
    parts = sealed()
    parts[SIGNS] = parts[SIGNS].replace(b"</ofd:Signatures>", f"{line}</ofd:Signatures>".encode())
    report = check(pack(parts))
    assert report.verdict is not Verdict.VALID and "ofd.not-understood" in weighing(report)


@pytest.mark.parametrize("declared", [
    b'<?xml version="1.0"' + b" " * 220 + b'encoding="GBK"?>', b'<?xml version="1.0" encoding="UTF-7"?>',
    b'<?xml version="1.1" encoding="UTF-8"?>', b'<?xml version="1.0" encoding="UTF-8" encoding="GBK"?>',
])
def test_a_declaration_that_a_reader_could_believe_weighs(declared: bytes) -> None:
    for name in (PAGE, "OFD.xml"):
        data = plain()[name]
        report = check(pack(sealed({**plain(), name: declared + data[data.index(b"?>") + 2:]})))
        assert report.verdict is not Verdict.VALID, name

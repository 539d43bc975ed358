"""Attachments under names of others, and lists that go on for ever."""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Callable

import pytest

from tests.support.bounds import not_hanging
from tests.verify.packages import RECORD, RENDITION, SIGNATURE, Entries, Forger, check, codes, entries, pack
from verify.model import Verdict

LIST, TAGS, SIGNATURES = "Doc_0/Attachs/Attachments.xml", "Doc_0/Tags/CustomTags.xml", "Doc_0/Signs/Signatures.xml"
CRL = "Doc_0/Attachs/crl_0.crl"
Change = Callable[[Entries], None]


def listing(change: Callable[[str], str]) -> Change:
    """Change the list of attachments."""
    def made(parts: Entries) -> None:
        before = parts[LIST].decode()
        after = change(before)
        assert after != before
        parts[LIST] = after.encode()
    return made


def another_pdf(parts: Entries) -> None:
    parts["Doc_0/Attachs/crl_9.crl"] = parts[RENDITION]
    parts[LIST] = parts[LIST].replace(
        b"</ofd:Attachments>",
        '<ofd:Attachment ID="att9" Name="版式副本.pdf" Format="pdf" CreationDate="2026-01-01T00:00:00+08:00" '
        'Size="1.000" Visible="true"><ofd:FileLoc>/Doc_0/Attachs/crl_9.crl</ofd:FileLoc></ofd:Attachment>'
        "</ofd:Attachments>".encode())


def no_list(parts: Entries) -> None:
    parts[CRL] = b"MZ" + parts[CRL][2:]


FORGED: dict[str, Change] = {
    "another PDF as the rendition": another_pdf,
    "names exchanged": listing(lambda text: text.replace("证照数据.xml", "X").replace("版式副本.pdf", "证照数据.xml")
                               .replace("X", "版式副本.pdf")),
    "the rendition is not shown": listing(lambda text: text.replace('Visible="true"', 'Visible="false"')),
    "a list is shown": listing(lambda text: text.replace('Visible="false"', 'Visible="true"')),
    "no revocation list": no_list,
    "a programme": listing(lambda text: text.replace("证书撤销列表0.crl", "阅读器.exe").replace('Format="crl"',
                                                                                      'Format="exe"')),
    "another size": listing(lambda text: re.sub('Size="[^"]*"', 'Size="1.000"', text)),
    "another day": listing(lambda text: re.sub('CreationDate="[0-9]{4}', 'CreationDate="1999', text)),
    "one file twice": listing(lambda text: text.replace("data-signing.cer<", "crl_0.crl<")),
    "another order": listing(lambda text: text.replace("crl_0.crl<", "crl_1.crl<")),
}


@pytest.mark.req("R-003-31")
@pytest.mark.parametrize("name", FORGED)
def test_no_file_rides_under_the_name_of_another(name: str) -> None:
    parts = entries()
    FORGED[name](parts)
    report = check(Forger().apply(parts))
    assert report.verdict is Verdict.INVALID and "data.attachment" in codes(report), codes(report)


@pytest.mark.parametrize(("name", "old"), [("CreationDate", "[0-9-]+"), ("ModDate", "[0-9-]+"), ("DocID", "[0-9a-f]+")])
def test_the_head_says_when_it_was_made_and_what_it_is(name: str, old: str) -> None:
    parts = entries()
    new = "0" * 32 if name == "DocID" else "1999-01-01"
    parts["OFD.xml"] = re.sub(f"<ofd:{name}>{old}<", f"<ofd:{name}>{new}<", parts["OFD.xml"].decode()).encode()
    report = check(Forger().apply(parts))
    assert report.verdict is Verdict.INVALID and "data.head" in codes(report)


def many_stamps(parts: Entries) -> None:
    stamps = b'<ofd:StampAnnot ID="a001" PageRef="87" Boundary="1 1 1 1"/>' * 100_000
    parts[SIGNATURE] = parts[SIGNATURE].replace(b"</ofd:SignedInfo>", stamps + b"</ofd:SignedInfo>")


def many_references(parts: Entries) -> None:
    value = base64.b64encode(bytes(32)).decode()
    more = "".join(f'<ofd:Reference FileRef="/a{number}"><ofd:CheckValue>{value}</ofd:CheckValue></ofd:Reference>'
                   for number in range(60_000))
    parts[SIGNATURE] = parts[SIGNATURE].replace(b"</ofd:References>", more.encode() + b"</ofd:References>")


def one_signature_twenty_times(parts: Entries) -> None:
    text = parts[SIGNATURES].decode()
    entry = re.search("<ofd:Signature .*?/>", text)
    assert entry is not None
    parts[SIGNATURES] = text.replace(entry[0], entry[0] * 20).encode()


def one_tag_file_twenty_times(parts: Entries) -> None:
    chance = random.Random(1)  # noqa: S311
    parts["Doc_0/Tags/Tag_0.xml"] = (
        b'<t xmlns="http://www.ofdspec.org/2016">' + b"".join(
            b'<a%d><ObjectRef PageRef="%d">1</ObjectRef></a%d>' % (at, chance.randrange(10**6), at)
            for at in range(100_000)) + b"</t>")
    text = parts[TAGS].decode()
    entry = re.search("<ofd:CustomTag .*?</ofd:CustomTag>", text)
    assert entry is not None
    parts[TAGS] = text.replace(entry[0], entry[0] * 20).encode()


def both_many(parts: Entries) -> None:
    one_signature_twenty_times(parts)
    many_stamps(parts)


@pytest.mark.parametrize("change", [many_stamps, many_references, one_signature_twenty_times, both_many,
                                    one_tag_file_twenty_times], ids=lambda each: each.__name__)
def test_long_lists_take_no_time(change: Change) -> None:
    parts = entries()
    change(parts)
    data = pack(parts)
    with not_hanging():
        assert check(data).verdict is not Verdict.VALID
    assert RECORD in parts

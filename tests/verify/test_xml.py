"""XML hygiene: what is parsed, and what is refused before a parser could act on it."""

from __future__ import annotations

import pytest

from verify.reasons import Refusal
from verify.xml import children, foreign_elements, only_child, parse_xml, text_of

LAUGHS = (b'<!DOCTYPE l [<!ENTITY a "ha">' + b"".join(
    f'<!ENTITY a{n} "&a{n - 1 if n else ""};&a{n - 1 if n else ""};">'.encode() for n in range(30))
    + b"]><l>&a29;</l>")

REFUSED = [
    ("xml.doctype", b"<!DOCTYPE a><a/>"),
    ("xml.doctype", b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'),
    ("xml.doctype", b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'),
    ("xml.doctype", LAUGHS),
    ("xml.encoding", "<a>许可证</a>".encode("gbk")),
    ("xml.encoding", b'<?xml version="1.0" encoding="GBK"?><a/>'),
    ("xml.encoding", b'<?xml version="1.0" encoding="UTF-7"?><a/>'),
    ("xml.encoding", "<a/>".encode("utf-16")),
    ("xml.encoding", b"<a>\xff</a>"),
    ("xml.malformed", b""),
    ("xml.malformed", b"<a>"),
    ("xml.malformed", b"<a/><b/>"),
    ("xml.malformed", b"<a>&x;</a>"),
    ("xml.malformed", b"<p:a/>"),
    ("xml.malformed", b"<a b='1' b='2'/>"),
    ("xml.malformed", b"<a>" * 3000 + b"</a>" * 3000),
    ("xml.size", b"<a>" + b" " * (9 << 20) + b"</a>"),
    ("xml.size", b"<a>" + b"<b/>" * 1_100_000 + b"</a>"),
]


@pytest.mark.parametrize(("code", "data"), REFUSED, ids=[f"{n}-{row[0]}" for n, row in enumerate(REFUSED)])
def test_dangerous_or_broken_xml_is_refused_with_its_code(code: str, data: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        parse_xml(data, "x.xml")
    assert refused.value.code == code


@pytest.mark.parametrize("data", [
    b"<a>x</a>", b"\xef\xbb\xbf<a>x</a>", b'<?xml version="1.0" encoding="UTF-8"?><a>x</a>',
    b"<?xml version='1.0' encoding='utf-8'?>\n<a>x</a>"])
def test_plain_xml_is_read(data: bytes) -> None:
    assert text_of(parse_xml(data, "x.xml")) == "x"


def test_text_cut_by_a_comment_is_one_text() -> None:
    assert text_of(parse_xml(b"<a> 20<!-- 19 -->25 </a>", "x.xml")) == "2025"


def test_an_element_given_twice_is_refused_where_one_counts() -> None:
    root = parse_xml(b"<a><b/><b/></a>", "x.xml")
    assert len(children(root, "b")) == 2
    with pytest.raises(Refusal) as refused:
        only_child(root, "b", "x.xml")
    assert refused.value.code == "xml.twin"


def test_elements_of_another_name_space_are_noticed() -> None:
    assert foreign_elements(parse_xml(b'<a xmlns="urn:a"><b xmlns="urn:b"/></a>', "x.xml"))
    assert foreign_elements(parse_xml(b'<a xmlns="urn:a"><b xmlns=""/></a>', "x.xml"))
    assert not foreign_elements(parse_xml(b'<a xmlns="urn:a"><b/></a>', "x.xml"))

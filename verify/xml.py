"""XML from strangers: UTF-8 only, no DTD, no entities, no network, bounded size and depth."""

from __future__ import annotations

import functools
import re
from typing import Final

from lxml import etree

from verify.reasons import Both, Refusal

__all__ = [
    "COMMENT", "OFD_NAMESPACES", "attributes_of", "children", "foreign_elements", "is_plain", "local_name",
    "only_child", "parse_xml", "text_of",
]

_LIMIT: Final = 8 << 20                 # bytes of one XML file
_NODE_LIMIT: Final = 1_000_000          # elements and attributes of one XML file, by a rough count
_BOM: Final = b"\xef\xbb\xbf"
_DECLARATION: Final = re.compile(
    rb"""<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.0"|'1\.0')"""
    rb"""(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"utf-?8"|'utf-?8'))?"""
    rb"""(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>""", re.IGNORECASE)
"""The whole of it: what is not read here, a reader may believe; so no other encoding and no XML 1.1 stands in it."""
OFD_NAMESPACES: Final = frozenset({"http://www.ofdspec.org/2016", "http://www.ofdspec.org"})
COMMENT: Final = Both("注释或指令", "a comment or an instruction")
"""What has no name, as a finding calls it."""
_Element = etree._Element


@functools.cache
def _parser() -> etree.XMLParser:
    """The one parser; it keeps nothing from file to file."""
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
                           remove_comments=False, remove_pis=False, encoding="utf-8")


def parse_xml(data: bytes, where: str) -> _Element:
    """Parse one XML file and return its root.

    Raises:
        Refusal: ``xml.encoding`` not UTF-8, ``xml.doctype`` a DTD or an entity, ``xml.size`` too large,
            ``xml.malformed`` anything else.
    """
    if len(data) > _LIMIT:
        raise Refusal("xml.size", where, limit=_LIMIT)
    body = data.removeprefix(_BOM)
    if b"\0" in body or (body[:5].lower() == b"<?xml" and body[5:6] in b" \t\r\n" and not _DECLARATION.match(body)):
        raise Refusal("xml.encoding", where)
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal("xml.encoding", where) from None
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise Refusal("xml.doctype", where)
    if len(body) > _NODE_LIMIT < body.count(b"<") + body.count(b"="):
        raise Refusal("xml.size", where, limit=_NODE_LIMIT)
    try:
        root = etree.fromstring(body, _parser())
    except etree.XMLSyntaxError as error:
        raise Refusal("xml.malformed", where, detail=Both(f"第 {error.lineno} 行", str(error.msg))) from None
    except ValueError as error:
        raise Refusal("xml.malformed", where, detail=str(error)) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Refusal("xml.doctype", where)
    return root


_FOREIGN: Final = etree.XPath("boolean(//*[namespace-uri() != namespace-uri(/*)])")


def foreign_elements(root: _Element) -> bool:
    """Whether any element is in another name space than the root: some readers would not see it."""
    return bool(_FOREIGN(root))


def is_plain(data: bytes) -> bool:
    """Whether, in a well-formed file, every element has the one prefix that its root declares: a quick look."""
    return (data.count(b"xmlns") == data.count(b"<?") == 1
            and data.count(b"<ofd:") + data.count(b"</ofd:") + 1 == data.count(b"<"))


def local_name(element: _Element) -> str:
    """The tag without its namespace; "" for comments and processing instructions."""
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    return tag.rpartition("}")[2]


def attributes_of(element: _Element) -> dict[str, str]:
    """The attributes of an element, names with their name spaces."""
    return dict(element.items())  # type: ignore[arg-type]  # of a parsed file they are no bytes


def children(element: _Element, name: str) -> list[_Element]:
    """Child elements by local name."""
    return list(element.iterchildren(f"{{*}}{name}"))


def only_child(element: _Element, name: str, where: str) -> _Element | None:
    """The child of that name, None when absent.

    Raises:
        Refusal: ``xml.twin`` when there are two: readers disagree on which one counts.
    """
    found = children(element, name)
    if len(found) > 1:
        raise Refusal("xml.twin", where, element=name)
    return found[0] if found else None


def text_of(element: _Element | None) -> str:
    """The text of an element without the white space of XML around it; "" when there is none. Other spaces are text.

    Text cut in two by a comment or a child is joined, so that nothing hides behind a comment.
    """
    if element is None:
        return ""
    if not len(element):
        return (element.text or "").strip(" \t\r\n")
    return "".join(str(piece) for piece in element.itertext()).strip(" \t\r\n")

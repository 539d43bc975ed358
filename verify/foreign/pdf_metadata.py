"""Whether document information changed in nothing but when, and by which program, the file was saved last.

Every program that adds a signature writes the time of saving; that says nothing of the document. Any other
property of the document is told as changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree

from verify.foreign.pdf_filters import inflate
from verify.foreign.pdf_store import State
from verify.pdf_objects import Object, Stream

__all__ = ["SAVING_KEYS", "only_saved_again"]

SAVING_KEYS: Final = frozenset({"ModDate", "Producer"})
"""Keys of the information dictionary that tell of saving alone."""

_MAX_BYTES: Final = 1 << 20
_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_SAVING: Final = frozenset({
    "{http://ns.adobe.com/xap/1.0/}ModifyDate", "{http://ns.adobe.com/xap/1.0/}MetadataDate",
    "{http://ns.adobe.com/pdf/1.3/}Producer", "{http://ns.adobe.com/xap/1.0/mm/}InstanceID"})
_FRAME: Final = frozenset({"{adobe:ns:meta/}xmpmeta", f"{{{_RDF}}}RDF", f"{{{_RDF}}}Description"})
_TOOLKIT: Final = "{adobe:ns:meta/}xmptk"
_ABOUT: Final = f"{{{_RDF}}}about"
_TEXT: Final = "text"


def only_saved_again(before: State, one: Object, after: State, two: Object) -> bool:
    """Whether two XMP packets (metadata streams, or references to them) tell the same but for saving.

    No packet tells nothing: a program may bring the first one in, and tell of its saving there.
    """
    try:
        return _properties(before, one) == _properties(after, two)
    except (etree.XMLSyntaxError, ValueError):
        return False


def _properties(state: State, value: Object) -> list[tuple[str, str]]:
    """Every property with its content in canonical XML, whatever else stands in the packet too."""
    stream = state.deref(value)
    if stream is None:
        return []
    if not isinstance(stream, Stream):
        raise ValueError("no metadata stream")
    data = inflate(stream.raw, stream.entries, state.store.budget, "Metadata")
    if len(data) > _MAX_BYTES:
        raise ValueError("too large")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
                             huge_tree=False, remove_blank_text=True)
    root = etree.fromstring(data, parser)
    if root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("DTD")
    return sorted(_told(root))


def _told(element: etree._Element) -> Iterator[tuple[str, str]]:
    """What an element of the packet's frame holds, or a property is; nothing for one that tells of saving."""
    tag = str(element.tag)
    if tag not in _FRAME:
        if tag not in _SAVING or len(element) or element.attrib:
            yield tag, etree.tostring(element, method="c14n", exclusive=True, with_tail=False).decode()
        return
    for name, told in element.attrib.items():
        if name not in _SAVING | {_TOOLKIT} and (name, told) != (_ABOUT, ""):
            yield str(name), str(told)
    for text in (element.text, *(child.tail for child in element)):
        if (text or "").strip():
            yield _TEXT, str(text)
    for child in element:
        yield from _told(child)

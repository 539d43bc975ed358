"""Whether document information changed in nothing but when, and by which program, the file was saved last.

Every program that adds a signature writes the time of saving; that says nothing of the document. Any other
property of the document is told as changed.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from verify.foreign.pdf_store import State
from verify.foreign.pdf_xref import inflate
from verify.pdf_objects import Object, Stream

__all__ = ["SAVING_KEYS", "only_saved_again"]

SAVING_KEYS: Final = frozenset({"ModDate", "Producer"})
"""Keys of the information dictionary that tell of saving alone."""

_MAX_BYTES: Final = 1 << 20
_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_SAVING: Final = frozenset({
    "{http://ns.adobe.com/xap/1.0/}ModifyDate", "{http://ns.adobe.com/xap/1.0/}MetadataDate",
    "{http://ns.adobe.com/pdf/1.3/}Producer", "{http://ns.adobe.com/xap/1.0/mm/}InstanceID"})


def only_saved_again(before: State, one: Object, after: State, two: Object) -> bool:
    """Whether two XMP packets (metadata streams, or references to them) tell the same but for saving."""
    try:
        return _properties(before, one) == _properties(after, two)
    except (etree.XMLSyntaxError, ValueError):
        return False


def _properties(state: State, value: Object) -> list[tuple[str, str]]:
    """Every property with its content in canonical XML."""
    stream = state.deref(value)
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
    found: list[tuple[str, str]] = []
    for description in root.iter(f"{{{_RDF}}}Description"):
        for element in description:
            if isinstance(element.tag, str) and element.tag not in _SAVING:
                found.append((element.tag, etree.tostring(element, method="c14n", exclusive=True).decode()))
        found += [(str(name), str(told)) for name, told in description.attrib.items() if name not in _SAVING]
    return sorted(found)

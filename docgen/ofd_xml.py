"""The writer's alphabet for GB/T 33190 files: elements, numbers, boxes, object numbers.

Lengths are millimetres with at most three decimals (the page model is rounded to 0.001 mm), so that a
number has one written form.
"""

from __future__ import annotations

from lxml import etree

__all__ = ["OFD_NS", "Numbers", "add", "box", "micron", "mm", "root", "to_bytes"]

OFD_NS = "http://www.ofdspec.org/2016"
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_TAG = f"{{{OFD_NS}}}"


class Numbers:
    """Hands out object numbers (ST_ID), each once in a document."""

    def __init__(self, last: int = 0) -> None:
        self.last = last

    def next(self) -> int:
        """Return the next free number, counted from 1."""
        self.last += 1
        return self.last


def root(name: str, attributes: dict[str, str] | None = None) -> etree._Element:
    """Make the root element ``ofd:name`` of a file."""
    return etree.Element(_TAG + name, attributes, nsmap={"ofd": OFD_NS})


def add(
    parent: etree._Element, name: str, attributes: dict[str, str] | None = None, text: str | None = None,
) -> etree._Element:
    """Append ``ofd:name`` to ``parent`` and return it."""
    element = etree.SubElement(parent, _TAG + name, attributes)
    if text is not None:
        element.text = text
    return element


def to_bytes(element: etree._Element) -> bytes:
    """Serialise a file: UTF-8 with declaration, no white space between elements."""
    return _DECLARATION + etree.tostring(element, encoding="UTF-8", xml_declaration=False)


def micron(value_mm: float) -> int:
    """Turn millimetres into whole thousandths."""
    return round(value_mm * 1000)


def mm(microns: int) -> str:
    """Write thousandths of a millimetre as millimetres, shortest form (``12``, ``0.5``, ``-3.125``)."""
    whole, rest = divmod(microns, 1000)
    return f"{microns / 1000:.10g}" if rest else str(whole)


def box(left: int, top: int, width: int, height: int) -> str:
    """Write an ST_Box from thousandths of a millimetre."""
    return f"{mm(left)} {mm(top)} {mm(width)} {mm(height)}"

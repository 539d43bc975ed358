"""Signatures.xml of any writer: which signatures a list names, and what in it some reader could follow."""

from __future__ import annotations

from typing import Final

from lxml import etree

from verify.foreign.locate import Locator
from verify.foreign.parts import Listed, Page, Structure
from verify.reasons import Findings, Refusal
from verify.xml import children, local_name

__all__ = ["list_signatures"]

_SIGNATURE_LIMIT: Final = 50


def list_signatures(root: etree._Element, listing: str, pages: tuple[Page, ...], made: Structure, locator: Locator,
                    found: Findings) -> None:
    """Take the signatures of a list into the structure.

    Args:
        pages: those of the document that the list belongs to.
        found: gets what is odd of the list.

    Raises:
        Refusal: ``ofd.too-many``, the lists name too many signatures.
    """
    if odd := _odd(root):
        found.add("ofd.not-understood", listing, element=odd)
    for element in children(root, "Signature"):
        if len(made.signatures) >= _SIGNATURE_LIMIT:
            raise Refusal("ofd.too-many", listing, limit=_SIGNATURE_LIMIT)
        location = str(element.get("BaseLoc", ""))
        for path in locator.find(listing, location, absent="form.dangling") or ("",):
            if path:
                made.mark(path, "signature", "signature")
            made.signatures.append(
                Listed(str(element.get("ID", "")), str(element.get("Type", "")), path, location, pages))


def _odd(root: etree._Element) -> str:
    """What in a list of signatures some reader could follow and this one does not; "" for nothing."""
    for element in root.iter(etree.Element):
        depth = sum(1 for _ in element.iterancestors())
        name = local_name(element)
        if depth > 1 or (depth == 1 and name not in ("MaxSignId", "Signature")):
            return name
        odd = next((str(key) for key in element.attrib if "}" in str(key)), "")
        if odd:
            return odd.rpartition("}")[2]
    return ""

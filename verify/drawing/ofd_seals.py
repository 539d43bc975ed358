"""The seals of an OFD's signatures: their pictures, out of the signature values, where the signatures put them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lxml import etree

from codes.errors import EngineError
from verify.drawing.ofd_paint import first
from verify.drawing.ofd_scope import Package
from verify.drawing.picture import redrawn
from verify.drawing.svg import attributes, box_of, number
from verify.foreign.parts import Listed, Structure
from verify.foreign.value import read_value
from verify.reasons import Refusal
from verify.xml import children, text_of

__all__ = ["Stamped", "stamps_of"]

_STAMPS: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """A seal on a page: the id of its signature and its place in the list, the box that is seen (mm), its drawing."""

    id: str
    place: int
    box: tuple[float, float, float, float]
    svg: str
    lacks: bool


def stamps_of(package: Package, structure: Structure) -> Mapping[int, list[Stamped]]:
    """The seals by the number of their page; ids are those of the report.

    Raises:
        Spent: pictures cost too much.
    """
    found: dict[int, list[Stamped]] = {}
    names = [each.id for each in structure.signatures]
    seen: set[str] = set()
    place = -1
    for index, listed in enumerate(structure.signatures, 1):
        if not listed.path or listed.path in seen:
            continue
        seen.add(listed.path)
        place += 1
        unique = bool(listed.id) and names.count(listed.id) == 1
        name = listed.id if unique else f"#{index} {listed.path}"
        try:
            for page, stamp in _signature(package, listed, name, place):
                found.setdefault(page, []).append(stamp)
        except (Refusal, EngineError):
            continue                     # its fault stands in the report
    return found


def _signature(package: Package, listed: Listed, name: str, place: int) -> list[tuple[int, Stamped]]:
    """The seals of one signature: page and seal."""
    root = package.root(listed.path)
    info = first(root, "SignedInfo")
    if root is None or info is None:
        return []
    stamps = children(info, "StampAnnot")[:_STAMPS]
    entry = package.find(listed.path, text_of(first(root, "SignedValue")))
    if not stamps or not entry:
        return []
    seal = read_value(package.archive.entries[entry].data, where=entry).seal
    if seal is None:
        return []
    picture = _picture(seal.picture, package)
    numbers = {page.id: page.number for page in reversed(listed.pages)}
    made = []
    for index, stamp in enumerate(stamps):
        box = box_of(stamp.get("Boundary"))
        page = numbers.get(stamp.get("PageRef", ""))
        if box is not None and page is not None:
            made.append((page, _placed(stamp, box, picture, name, place, f"{place}-{index}")))
    return made


def _picture(data: bytes, package: Package) -> str | None:
    """The picture of a seal; a nested OFD is drawn itself."""
    if data[:4] == b"PK\x03\x04":
        from verify.drawing.ofd import first_page

        page = first_page(data, package.budget)
        return page[0] if page else None
    return redrawn(data, package.budget)


def _placed(stamp: etree._Element, box: tuple[float, float, float, float], picture: str | None, name: str, place: int,
            mark: str) -> Stamped:
    """One seal; a clip counts from the corner of its boundary."""
    x, y = box[:2]
    clip, seen, opened = box_of(stamp.get("Clip")), box, ""
    if clip is not None:
        seen = (x + clip[0], y + clip[1], clip[2], clip[3])
        cut = dict(zip(("x", "y", "width", "height"), map(number, seen), strict=True))
        opened = f'<clipPath id="k{mark}"><rect{attributes(cut)}/></clipPath>'
    place_of = dict(zip(("x", "y", "width", "height"), map(number, box), strict=True))
    drawing = (f'<image{attributes(place_of)} preserveAspectRatio="none" href="{picture}"/>' if picture else
               f'<rect{attributes(place_of)} fill="none" stroke="#b00" stroke-width=".4" stroke-dasharray="2 1"/>')
    cutting = f' clip-path="url(#k{mark})"' if clip is not None else ""
    return Stamped(id=name, place=place, box=seen, svg=f"{opened}<g{cutting}>{drawing}</g>", lacks=picture is None)

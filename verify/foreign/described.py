"""Signature.xml of any writer: what a signature claims to protect, where it shows its seal, where its value lies.

What it protects is read by the standard alone: the digest of the very entry that a reference names, by an algorithm
that holds. A reference that only leniency could follow protects nothing.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from lxml import etree

from certs.sm3 import sm3
from codes.china_time import CHINA_TIME
from verify.foreign.content import XmlFiles, box_of
from verify.foreign.locate import Locator
from verify.foreign.parts import Page
from verify.model import PlacedStamp, RectMm
from verify.reasons import Findings, Refusal
from verify.xml import children, local_name, only_child, text_of

__all__ = ["Described", "Expected", "read_described"]

_REFERENCE_LIMIT: Final = 10_000
_STAMP_LIMIT: Final = 3000
_DIGESTS: Final[Mapping[str, tuple[Callable[[bytes], bytes], int]]] = MappingProxyType({
    **dict.fromkeys(("sm3", "1.2.156.10197.1.401"), (sm3, 32)),
    **dict.fromkeys(("sha256", "2.16.840.1.101.3.4.2.1"), (lambda data: hashlib.sha256(data).digest(), 32)),
    **dict.fromkeys(("sha384", "2.16.840.1.101.3.4.2.2"), (lambda data: hashlib.sha384(data).digest(), 48)),
    **dict.fromkeys(("sha512", "2.16.840.1.101.3.4.2.3"), (lambda data: hashlib.sha512(data).digest(), 64)),
})
_SHAPE: Final = re.compile(
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})[ T]?([0-9]{2}):?([0-9]{2})(?::?([0-9]{2}))?(?:\.[0-9]{1,9})?(Z?)")


class Expected(NamedTuple):
    """The digest that a reference states, how it is computed, and the location as it is written."""

    digest: bytes
    compute: Callable[[bytes], bytes]
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What one Signature.xml says. ``seal_path`` is "" when no seal stands beside."""

    path: str
    data: bytes
    references: Mapping[str, Expected]
    stamps: tuple[PlacedStamp, ...]
    seal_path: str
    value_path: str
    claimed_at: dt.datetime | None


def read_described(path: str, data: bytes, pages: Sequence[Page], files: XmlFiles, locator: Locator,
                   found: Findings) -> Described:
    """Read one Signature.xml.

    Args:
        pages: pages that a stamp may name.
        found: gets what is wrong with references and stamps, and what was forgiven.

    Raises:
        Refusal: it cannot be followed at all.
    """
    root = files.root(path)
    info = None if root is None else only_child(root, "SignedInfo", path)
    if root is None or info is None or local_name(root) != "Signature":
        raise Refusal("seal.form", path, detail="SignedInfo")
    values = locator.find(path, text_of(only_child(root, "SignedValue", path)), absent="form.dangling")
    if not values:
        raise Refusal("seal.missing", text_of(only_child(root, "SignedValue", path)) or "SignedValue")
    seals: tuple[str, ...] = ()
    seal = only_child(info, "Seal", path)
    if seal is not None and (location := text_of(only_child(seal, "BaseLoc", path))):
        seals = locator.find(path, location)
        if not seals:
            raise Refusal("seal.missing", location)
    return Described(
        path=path, data=data, references=_references(info, path, locator, found),
        stamps=_stamps(info, path, pages, found), seal_path=seals[0] if seals else "", value_path=values[0],
        claimed_at=_moment(text_of(only_child(info, "SignatureDateTime", path))))


def _references(info: etree._Element, path: str, locator: Locator, found: Findings) -> dict[str, Expected]:
    """The digest of each entry that is referred to."""
    listing = only_child(info, "References", path)
    if listing is None:
        raise Refusal("seal.form", path, detail="References")
    elements = children(listing, "Reference")
    if len(elements) > _REFERENCE_LIMIT:
        raise Refusal("ofd.too-many", path, limit=_REFERENCE_LIMIT)
    stated = listing.get("CheckMethod")
    method = _DIGESTS.get((stated or "SM3").strip().lower().replace("-", ""))
    if method is None:
        found.add("seal.method", path, method=stated)
        return {}
    if stated is None:
        found.add("form.check-method", path)
    compute, size = method
    expected: dict[str, Expected] = {}
    for element in elements:
        location = str(element.get("FileRef", ""))
        name = locator.exact(path, location)
        digest = _digest(text_of(only_child(element, "CheckValue", path)), path, found)
        if name is None or len(digest) != size or (name in expected and expected[name].digest != digest):
            found.add("foreign.reference", path, location=location)
            continue
        expected[name] = Expected(digest, compute, location)
    return expected


def _digest(text: str, path: str, found: Findings) -> bytes:
    """The octets of a CheckValue; b"" when it is none."""
    packed = "".join(text.split())
    if packed != text and not found.has("form.check-value"):
        found.add("form.check-value", path)
    try:
        return base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _stamps(info: etree._Element, path: str, pages: Sequence[Page], found: Findings) -> tuple[PlacedStamp, ...]:
    """Where the seal is shown; a clip counts from the corner of its boundary."""
    listed = children(info, "StampAnnot")
    if len(listed) > _STAMP_LIMIT:
        raise Refusal("ofd.too-many", path, limit=_STAMP_LIMIT)
    numbers: dict[str, int] = {}
    for page in pages:
        numbers.setdefault(page.id, page.number)
    stamps = []
    for element in listed:
        named, written = str(element.get("PageRef", "")), str(element.get("Boundary", ""))
        place = box_of(written)
        if named not in numbers:
            found.add("foreign.stamp", path, page=named)
        elif place is None:
            found.add("foreign.stamp-place", path, page=named, box=written)
        if named not in numbers or place is None:
            continue
        clip = box_of(element.get("Clip"))
        if clip is not None:
            place = RectMm(x_mm=place.x_mm + clip.x_mm, y_mm=place.y_mm + clip.y_mm, width_mm=clip.width_mm,
                           height_mm=clip.height_mm)
        stamps.append(PlacedStamp(page=numbers[named], box=place))
    return tuple(stamps)


def _moment(text: str) -> dt.datetime | None:
    """SignatureDateTime in the forms of the field, Beijing time where no zone is named; None for others."""
    match = _SHAPE.fullmatch(text)
    if match is None:
        return None
    try:
        year, month, day, hour, minute, second = (int(each or 0) for each in match.groups()[:6])
        return dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC if match[7] else CHINA_TIME)
    except ValueError:
        return None

"""Signature.xml of an OFD (GB/T 33190-2016 chapter 18): what a signature claims to cover, where it stands."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from dataclasses import dataclass
from typing import Final

from lxml import etree

from codes.china_time import CHINA_TIME
from verify.model import RectMm
from verify.ofd import resolve
from verify.ofd_objects import rect
from verify.reasons import Findings, Refusal
from verify.xml import OFD_NAMESPACES, children, local_name, only_child, text_of
from verify.zip import Archive

__all__ = ["Described", "Stamp", "check_references", "read_signature_xml"]

_SLACK_MM: Final = 0.001
_REFERENCE_LIMIT: Final = 10_000
_STAMP_LIMIT: Final = 1000
_SM3_NAMES: Final = frozenset({"1.2.156.10197.1.401", "SM3", "sm3"})
_SM2_NAMES: Final = frozenset({"1.2.156.10197.1.501"})
_CHILDREN: Final = frozenset({"Provider", "SignatureMethod", "SignatureDateTime", "References", "StampAnnot",
                              "Seal", "Parameters"})
_TIMES: Final = (
    (re.compile(r"[0-9]{14}Z"), "%Y%m%d%H%M%SZ", dt.UTC),
    (re.compile(r"[0-9]{14}"), "%Y%m%d%H%M%S", CHINA_TIME),
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"), "%Y-%m-%d %H:%M:%S", CHINA_TIME),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Where the seal's picture stands: the page's object ID and the place in millimetres.

    ``clip`` is the part that is seen, on the page, of a seal that is cut (骑缝章).
    """

    page: str
    place: RectMm
    clip: RectMm | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What Signature.xml says. ``references`` maps entry names to the expected SM3 digests."""

    path: str
    data: bytes
    references: dict[str, bytes]
    stamps: tuple[Stamp, ...]
    seal_path: str                       # "" when there is no Seal.esl beside
    value_path: str
    claimed_at: dt.datetime | None       # SignatureDateTime


def read_signature_xml(archive: Archive, path: str, found: Findings) -> Described:
    """Read one Signature.xml; what is wrong but readable becomes a finding.

    Raises:
        Refusal: the file is missing or cannot be followed.
    """
    entry = archive.entries.get(path)
    if entry is None:
        raise Refusal("seal.missing", path)
    root = archive.xml(path)
    if local_name(root) != "Signature" or etree.QName(root).namespace not in OFD_NAMESPACES:
        raise Refusal("seal.form", path, detail="Signature")
    info = only_child(root, "SignedInfo", path)
    if info is None:
        raise Refusal("seal.form", path, detail="SignedInfo")
    for child in info:
        if local_name(child) not in _CHILDREN:
            found.add("ofd.not-understood", path, element=local_name(child) or "comment")
    method = text_of(only_child(info, "SignatureMethod", path))
    if method not in _SM2_NAMES:
        found.add("seal.method", path, method=method)
    value = text_of(only_child(root, "SignedValue", path))
    if not value:
        raise Refusal("seal.form", path, detail="SignedValue")
    seal = only_child(info, "Seal", path)
    seal_location = text_of(only_child(seal, "BaseLoc", path)) if seal is not None else ""
    return Described(
        path=path, data=entry.data, references=_references(info, path, found),
        stamps=_stamps(info, path, found),
        seal_path=resolve(path, seal_location) if seal_location else "", value_path=resolve(path, value),
        claimed_at=_time(text_of(only_child(info, "SignatureDateTime", path))))


def _references(info: etree._Element, path: str, found: Findings) -> dict[str, bytes]:
    """The expected digest of each entry."""
    listing = only_child(info, "References", path)
    if listing is None:
        raise Refusal("seal.form", path, detail="References")
    method = listing.get("CheckMethod", "MD5")
    if method not in _SM3_NAMES:
        found.add("seal.method", path, method=method)
        return {}
    if len(listing) > _REFERENCE_LIMIT:
        raise Refusal("ofd.too-many", path, limit=_REFERENCE_LIMIT)
    digests: dict[str, bytes] = {}
    for element in listing:
        location = element.get("FileRef", "")
        value = text_of(only_child(element, "CheckValue", path))
        try:
            digest = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            digest = b""
        name = resolve(path, location)
        if (local_name(element) != "Reference" or len(digest) != 32 or name in digests
                or base64.b64encode(digest).decode() != value):
            raise Refusal("seal.reference", location)
        digests[name] = digest
    return digests


def _stamps(info: etree._Element, path: str, found: Findings) -> tuple[Stamp, ...]:
    """Where the seal stands, whole or cut; a clip counts from the corner of its boundary."""
    stamps = []
    listed = children(info, "StampAnnot")
    if len(listed) > _STAMP_LIMIT:
        raise Refusal("ofd.too-many", path, limit=_STAMP_LIMIT)
    for element in listed:
        if set(element.attrib) - {"ID", "PageRef", "Boundary", "Clip"}:
            found.add("ofd.not-understood", path, element="StampAnnot")
        place, clip = rect(element.get("Boundary", ""), path), None
        if "Clip" in element.attrib:
            own = rect(element.get("Clip", ""), path)
            if own.x_mm < 0 or own.y_mm < 0 or own.right_mm > place.width_mm + _SLACK_MM \
                    or own.bottom_mm > place.height_mm + _SLACK_MM:
                raise Refusal("seal.stamp", element.get("PageRef", ""))
            clip = RectMm(x_mm=place.x_mm + own.x_mm, y_mm=place.y_mm + own.y_mm, width_mm=own.width_mm,
                          height_mm=own.height_mm)
        stamps.append(Stamp(page=element.get("PageRef", ""), place=place, clip=clip))
    return tuple(stamps)


def _time(text: str) -> dt.datetime | None:
    """SignatureDateTime in the forms of the field; None for others."""
    for shape, form, zone in _TIMES:
        if shape.fullmatch(text):
            try:
                return dt.datetime.strptime(text, form).replace(tzinfo=zone)
            except ValueError:
                return None
    return None


def check_references(archive: Archive, described: Described, found: Findings) -> frozenset[str]:
    """Compare every digest; the names whose bytes are the sealed ones."""
    good = set()
    for name, expected in described.references.items():
        if name not in archive.entries:
            found.add("seal.gone", name)
        elif archive.sm3(name) != expected:
            found.add("seal.changed", name)
        else:
            good.add(name)
    return frozenset(good)

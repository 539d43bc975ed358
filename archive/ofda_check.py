"""Does an OFD-A copy show what its sealed original shows? Read by the verifier's readers, page by page.

The copy is bound to the original by digests; this comparison is for the day on which nobody can read an e-seal, and for
an archive whose copies were made by another program.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

from archive.errors import ArchiveError
from archive.ofda import DOC_TYPE, read_seal
from verify.model import PageView, PictureBox, RectMm
from verify.ofd import OfdDocument, read_ofd
from verify.reasons import Findings, Refusal
from verify.signature_xml import Stamp
from verify.zip import read_zip

__all__ = ["differences"]

_PLACE_MM: Final = 0.002
_XML: Final = "record.xml"
_FOREIGN: Final = (b"://", b"<ofd:Permissions", b"<ofd:Actions", b"<ofd:Extensions", b"<ofd:Signatures")
_NAMES: Final = (b"http://www.ofdspec.org/2016", b"urn:")


def differences(original: bytes, copy: bytes) -> list[str]:
    """Where the copy is no OFD-A, or shows something else than the original; empty when it shows the same."""
    try:
        seal = read_seal({name: each.data for name, each in read_zip(original).entries.items()}, original)
        ours, _ = _read(original)
        theirs, entries = _read(copy)
    except (Refusal, ArchiveError, ValueError) as error:
        return [f"unreadable: {error}"]
    picture = hashlib.sha256(seal.picture).hexdigest()
    return [*_form(entries), *_documents(ours, theirs, seal.stamps, picture)]


def _read(data: bytes) -> tuple[OfdDocument, Mapping[str, bytes]]:
    archive = read_zip(data)
    return read_ofd(archive, Findings()), {name: each.data for name, each in archive.entries.items()}


def _form(entries: Mapping[str, bytes]) -> Iterator[str]:
    """What an OFD-A may not have (GB/T 42133 6.1, 6.2.1, 6.2.2, 6.13, 6.15)."""
    head = entries.get("OFD.xml", b"")
    if f'DocType="{DOC_TYPE}"'.encode() not in head:
        yield "DocType"
    for name, data in entries.items():
        if name.endswith((".esl", ".dat")) or "/Signs/" in name:
            yield name
        if not name.endswith(".xml") or name.endswith(_XML) or name in ("OFD.xml",):
            continue
        plain = data
        for known in _NAMES:
            plain = plain.replace(known, b"")
        if any(word in plain for word in _FOREIGN if word != b"://") or b'="http' in plain or b">http" in plain:
            yield name


def _documents(ours: OfdDocument, theirs: OfdDocument, stamps: tuple[Stamp, ...], picture: str) -> Iterator[str]:
    if len(ours.pages) != len(theirs.pages):
        yield f"{len(ours.pages)} / {len(theirs.pages)} pages"
        return
    for one, other in zip(ours.pages, theirs.pages, strict=True):
        mine = [stamp.clip or stamp.place for stamp in stamps if stamp.page == one.id]
        detail = _page(one.view, other.view, mine, picture)
        if detail:
            yield f"page {one.view.number}: {detail}"
    records = [[each.data for each in document.attachments if each.relationship == _XML] for document in (ours, theirs)]
    if records[0] != records[1] or len(records[0]) != 1:
        yield _XML
    if any(each.mime.lower() not in ("xml", "txt") for each in theirs.attachments):
        yield "attachments"
    if theirs.signatures_path:
        yield "signatures"
    if ours.custom_datas != theirs.custom_datas[:len(ours.custom_datas)]:
        yield "CustomDatas"
    if [tag.objects for tag in ours.tags] != [tag.objects for tag in theirs.tags]:
        yield "tags"


def _page(one: PageView, other: PageView, seals: list[RectMm], picture: str) -> str:
    """The first difference of two pages; "" when the copy shows the original's page and its seals."""
    if (one.width_mm, one.height_mm) != (other.width_mm, other.height_mm):
        return "size"
    if one.runs != other.runs:
        return "text"
    if one.shapes != other.shapes or one.grounds != other.grounds:
        return "drawings"
    kept, added = other.pictures[:len(one.pictures)], other.pictures[len(one.pictures):]
    if [_told(each) for each in one.pictures] != [_told(each) for each in kept]:
        return "pictures"
    if len(added) != len(seals) or any(each.digest != picture for each in added):
        return "seal"
    if not all(_near(each.box, seal) for each, seal in zip(added, seals, strict=True)):
        return "seal"
    return ""


def _told(picture: PictureBox) -> tuple[str, RectMm]:
    return picture.digest, picture.box


def _near(one: RectMm, other: RectMm) -> bool:
    return all(abs(a - b) <= _PLACE_MM for a, b in (
        (one.x_mm, other.x_mm), (one.y_mm, other.y_mm), (one.width_mm, other.width_mm),
        (one.height_mm, other.height_mm)))

"""The pictures on the pages: the QR code where the kind's face has one, photos by their digests, nothing else.

A photo is drawn from the very bytes whose SM3 the record holds. So in an OFD the picture's entry, in a PDF its
JPEG stream, must have that digest; no pixel is compared and none is trusted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from layouts import Face, Format, Kind, stands
from verify.model import PageView, PictureBox
from verify.reasons import Findings
from verify.record import RecordData

__all__ = ["QrPage", "check_photos", "photo_digests"]

QrPage = tuple[PageView, tuple[PictureBox, ...]]
"""A page that must bear the QR code, with its pictures that are no photos."""

_SMALLEST_MM: Final = 8.0
_STRETCH: Final = 0.02                  # of the photo's own ratio of width to height


def photo_digests(kind: Kind, record: RecordData, face: Face, number: int = 1, pages: int = 1) -> dict[str, str]:
    """The photos that page ``number`` (from 1) of ``pages`` of a face shows: label → SM3 hex."""
    found = {}
    for line in face.lines:
        here = {"first": number == 1, "last": number == pages}.get(line.on, True)
        for label in line.fields if here and stands(line, record.values) else ():
            value = record.values.get(label)
            if kind.field(label).format is Format.PHOTO and isinstance(value, str):
                found[label] = value.removeprefix("sm3:")
    return found


def check_photos(kind: Kind, record: RecordData, faces: Sequence[Face], pages: Sequence[PageView],
                 found: Findings) -> list[QrPage]:
    """Check the photos of all pages; return the pages that must bear the QR code.

    Args:
        faces: the face of each page.
        pages: what each page shows.
        found: gets ``page.photo`` and ``page.picture``.
    """
    to_read: list[QrPage] = []
    for index, (face, page) in enumerate(zip(faces, pages, strict=True)):
        first = next(at for at, each in enumerate(faces) if each is face)
        wanted = photo_digests(kind, record, face, index - first + 1, sum(each is face for each in faces))
        rest = list(page.pictures)
        for label, digest in wanted.items():
            fitting = [picture for picture in rest if picture.sm3 == digest]
            if len(fitting) != 1 or not _well_drawn(fitting[0]):
                found.add("page.photo", label, page=page.number, label=label)
            rest = [picture for picture in rest if picture.sm3 != digest]
        if kind.has_qr and face.qr:
            to_read.append((page, tuple(rest)))
        elif rest:
            found.add("page.picture", "", page=page.number)
    return to_read


def _well_drawn(picture: PictureBox) -> bool:
    """Upright, not too small to be known by, not stretched."""
    box = picture.box
    if not picture.upright or min(box.width_mm, box.height_mm) < _SMALLEST_MM or not picture.height_px:
        return False
    own, drawn = picture.width_px / picture.height_px, box.width_mm / box.height_mm
    return abs(drawn / own - 1) <= _STRETCH

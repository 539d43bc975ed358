"""Do the QR code and the photos of a template have places in which they can be seen and read?

What is drawn outside the page, smaller than a verifier reads, or one over the other would be sealed and then refused by
every verifier. So it is refused here, before anything is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from docgen.page import Place
from docgen.template_errors import TemplateError, TemplateErrorCode
from docgen.template_layout import Layout, PageLayout, Photo, QrPlace
from layouts import Face, Kind

__all__ = ["SMALLEST_PHOTO_MM", "SMALLEST_QR_MM", "check_boxes", "meet"]

SMALLEST_QR_MM = 20.0
"""The side of the smallest QR code that a verifier reads, its quiet zone included."""
SMALLEST_PHOTO_MM = 8.0
"""The shorter side of the smallest photo that a verifier takes for one."""


def check_boxes(layout: Layout, kind: Kind) -> None:
    """Look at the boxes of all pages.

    Raises:
        TemplateError: ``template.face``: a QR code is missing or too many; ``template.place``: a box leaves the page,
            is too small, or lies over another. With the line of the box.
    """
    for page, face in zip(layout.pages, kind.faces, strict=True):
        for one in (page, page.following):
            if one is not None:
                _check_page(layout, one, face, kind)


def meet(one: Place, other: Place) -> bool:
    """Whether two boxes have more than an edge in common."""
    return (one.x_mm < other.x_mm + other.width_mm and other.x_mm < one.x_mm + one.width_mm
            and one.y_mm < other.y_mm + other.height_mm and other.y_mm < one.y_mm + one.height_mm)


def _check_page(layout: Layout, page: PageLayout, face: Face, kind: Kind) -> None:
    wanted = kind.has_qr and face.qr
    if wanted and page.qr is None:
        raise TemplateError(
            TemplateErrorCode.FACE,
            f"{face.role}应有 qr（二维码），此页没有；请加 <qr x= y= size=>，或在 kind.json 的该面写 \"qr\": false",
            f"expected a qr on this page of {face.role}; add <qr x= y= size=>, or say \"qr\": false of the face in "
            "kind.json", file=layout.file, line=page.source_line)
    if page.qr is not None and not wanted:
        raise TemplateError(
            TemplateErrorCode.FACE, f"{face.role}没有二维码，不应有 qr", f"{face.role} has no QR code: expected no qr",
            file=layout.file, line=page.qr.source_line)
    boxes = list(_boxes(page))
    for name, least, box in boxes:
        _check_box(layout, page, name, least, box)
    for (name, _, one), (other_name, _, other) in combinations(boxes, 2):
        if meet(one.place, other.place):
            raise _misplaced(layout, other, f"{other_name} 与第 {one.source_line} 行的 {name} 重叠",
                             f"this {other_name} lies over the {name} of line {one.source_line}")


def _boxes(page: PageLayout) -> Iterator[tuple[str, float, QrPlace | Photo]]:
    """The boxes of a page in the order of the file: word, least side, box."""
    found: list[tuple[str, float, QrPlace | Photo]] = [
        ("picture", SMALLEST_PHOTO_MM, block) for block in page.blocks if isinstance(block, Photo)]
    if page.qr is not None:
        found.append(("qr", SMALLEST_QR_MM, page.qr))
    yield from sorted(found, key=lambda one: one[2].source_line)


def _check_box(layout: Layout, page: PageLayout, name: str, least_mm: float, box: QrPlace | Photo) -> None:
    place = box.place
    right, bottom = place.x_mm + place.width_mm, place.y_mm + place.height_mm
    if place.x_mm < 0 or place.y_mm < 0 or right > page.width_mm or bottom > page.height_mm:
        raise _misplaced(
            layout, box, f"{name} 超出页面：占 x {place.x_mm:g} 至 {right:g}、y {place.y_mm:g} 至 {bottom:g} mm，"
            f"页面为 {page.width_mm:g}×{page.height_mm:g} mm",
            f"this {name} leaves the page: it takes x {place.x_mm:g} to {right:g} and y {place.y_mm:g} to {bottom:g} "
            f"mm of a page of {page.width_mm:g} by {page.height_mm:g} mm")
    side = min(place.width_mm, place.height_mm)
    if side < least_mm:
        raise _misplaced(layout, box, f"{name} 为 {side:g} mm，小于核验程序能识别的 {least_mm:g} mm",
                         f"this {name} has {side:g} mm; a verifier reads none below {least_mm:g} mm")


def _misplaced(layout: Layout, box: QrPlace | Photo, zh: str, en: str) -> TemplateError:
    return TemplateError(TemplateErrorCode.PLACE, zh, en, file=layout.file, line=box.source_line)

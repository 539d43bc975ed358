"""Do the seals stand where the kind's faces say: whole ones on which pages, a 骑缝章 cut over which?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from layouts import Face
from verify.model import PageView, PictureBox
from verify.reasons import Findings

__all__ = ["check_pictures", "check_seals"]

_SAME_MM: Final = 0.05


def check_seals(faces: Sequence[Face], pages: Sequence[PageView], found: Findings) -> None:
    """Count the seals of each page, and lay the slices of a 骑缝章 together.

    Args:
        faces: the face of each page.
        found: gets ``page.seal``.
    """
    for face in dict.fromkeys(faces):
        own = [page for page, each in zip(pages, faces, strict=True) if each is face]
        level: PictureBox | None = None
        for number, page in enumerate(own, 1):
            whole, cut = face.seals.on(number, len(own))
            slices = [seal for seal in page.seals if seal.clip is not None]
            fits = len(page.seals) - len(slices) == whole and len(slices) == int(cut)
            fits = fits and all(_has_size(seal, face.seals.size_mm) for seal in page.seals)
            for seal in slices:
                level = level or seal
                fits = fits and _is_slice(seal, page, level, *face.seals.slice_of(number, len(own)))
            if not fits:
                found.add("page.seal", "", page=page.number)


def _has_size(seal: PictureBox, size_mm: float | None) -> bool:
    """Whether a seal is as large as its face says; where it says nothing, any size will do."""
    sides = (seal.box.width_mm, seal.box.height_mm)
    return size_mm is None or all(abs(side - size_mm) <= _SAME_MM for side in sides)


def check_pictures(faces: Sequence[Face], pages: Sequence[PageView], sizes: Sequence[tuple[float, float]],
                   found: Findings) -> None:
    """Seals are as large as the e-seal's picture, unless the face says otherwise, and all show one picture.

    Args:
        sizes: width and height of the e-seal's picture, where it is known.
        found: gets ``page.seal-picture``.
    """
    first: PictureBox | None = None
    for face, page in zip(faces, pages, strict=True):
        for seal in page.seals:
            first = first or seal
            sides = (seal.box.width_mm, seal.box.height_mm)
            fits = (seal.upright and (seal.digest, seal.width_px, seal.height_px) == (
                first.digest, first.width_px, first.height_px))
            if face.seals.size_mm is None:
                fits = fits and any(abs(sides[0] - size[0]) <= _SAME_MM and abs(sides[1] - size[1]) <= _SAME_MM
                                    for size in sizes or [(first.box.width_mm, first.box.height_mm)])
            if not fits:
                found.add("page.seal-picture", "", page=page.number)
                return


def _is_slice(seal: PictureBox, page: PageView, first: PictureBox, index: int, count: int) -> bool:
    """Whether a cut seal shows just its slice, flush with the page's right edge, level with the first page's."""
    clip, box = seal.clip, seal.box
    if clip is None:
        return False
    pairs = [
        (clip.x_mm - box.x_mm, box.width_mm * index / count),
        (clip.right_mm - box.x_mm, box.width_mm * (index + 1) / count),
        (clip.right_mm, page.width_mm), (clip.y_mm, box.y_mm), (clip.bottom_mm, box.bottom_mm),
        (box.y_mm, first.box.y_mm), (box.width_mm, first.box.width_mm), (box.height_mm, first.box.height_mm),
    ]
    return all(abs(one - other) <= _SAME_MM for one, other in pairs)

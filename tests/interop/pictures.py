"""Pictures of both renditions of a licence, and how far they differ.

Poppler draws the PDF and ofdrw the OFD, at 300 dpi. The programs round a page to whole pixels in their own ways, so the
pictures are laid over each other with the best shift of at most two pixels (0.17 mm); places to 0.05 mm are compared
glyph by glyph elsewhere. Blurring by two pixels takes away what is only smoothing of edges. What then still differs by
more than a quarter of the scale is other ink: a lost character of 5 mm is some 1000 such pixels, and fills tiles of 40
by 40. So a page may differ in 0.05 % of its pixels, and no tile in more than a tenth of its own.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from tests.interop.judges import FormJudge

PICTURES = Path(__file__).parent.parent.parent / "out" / "pictures"
"""Where the pictures of a run are kept."""
DPI = 300
TILE, WORST_TILE = 40, 160              # pixels: 3.4 mm; a tenth of a tile
FAR = 64                                # of 255
WORST_SHARE = 0.0005
_SPARSE = 3                             # every so many pixels while the best shift is looked for


def pdf_pictures(pdf: Path, folder: Path, dpi: int) -> list[Path]:
    """Draw each page of a PDF as PNG with poppler."""
    subprocess.run(["pdftoppm", "-r", str(dpi), "-png", pdf, folder / "pdf"], check=True)
    return sorted(folder.glob("pdf-*.png"))


def assert_same_pictures(pdf: Path, ofd: Path, judge: FormJudge, folder: Path) -> None:
    """Draw both renditions into a folder, with the differences, and compare them page by page."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.png"):
        path.unlink()
    drawn_pdf = pdf_pictures(pdf, folder, DPI)
    drawn_ofd = judge.ofd_pictures(ofd, folder, DPI / 25.4)
    assert len(drawn_pdf) == len(drawn_ofd)
    for left, right in zip(drawn_pdf, drawn_ofd, strict=True):
        difference = best_difference(left, right)
        Image.fromarray(difference.astype(np.uint8)).save(folder / f"difference-{left.stem}.png")
        far = difference > FAR
        worst = tiles(far).max()
        assert far.mean() < WORST_SHARE, f"{left}: {far.mean():.4%} of the pixels differ"
        assert worst < WORST_TILE, f"{left}: {worst} of {TILE * TILE} pixels differ in one spot"


def best_difference(left: Path, right: Path) -> np.ndarray:
    """Absolute differences of two blurred grey pictures, at the whole-pixel shift where they agree best."""
    one, two = (
        np.asarray(Image.open(path).convert("L").filter(ImageFilter.GaussianBlur(2)), dtype=np.int16)
        for path in (left, right))
    height, width = (min(one.shape[axis], two.shape[axis]) for axis in (0, 1))
    one, two = one[:height, :width], two[:height, :width]
    shifts = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)]
    best = min(shifts, key=lambda shift: np.mean(_difference(one, two, shift, _SPARSE)))
    return _difference(one, two, best, 1)


def _difference(one: np.ndarray, two: np.ndarray, shift: tuple[int, int], step: int) -> np.ndarray:
    moved = np.roll(two, shift, axis=(0, 1))
    return np.abs(one[2:-2:step, 2:-2:step] - moved[2:-2:step, 2:-2:step])


def tiles(far: np.ndarray) -> np.ndarray:
    """How many pixels differ in each tile; a page smaller than a tile is one tile."""
    height, width = (max(side // TILE * TILE, TILE) for side in far.shape)
    cut = np.zeros((height, width), dtype=bool)
    part = far[:height, :width]
    cut[:part.shape[0], :part.shape[1]] = part
    return cut.reshape(height // TILE, TILE, -1, TILE).sum(axis=(1, 3))

"""How many corners of QR codes a picture seems to have: a reader's work grows with the square of their number.

A finder pattern (ISO/IEC 18004, 6.3.3) shows in every line through its middle as dark, light, dark, light, dark in the
ratio 1:1:3:1:1. Text and artwork of a page show some thousand such places by chance; a picture that is made of finder
patterns shows ten times as many and would keep a reader busy for minutes.
"""

from __future__ import annotations

import itertools
import operator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["are_too_many"]

_MOST: Final = 20_000                   # places by chance and finder patterns: read within half a second
_MOST_EDGES: Final = 1_500_000          # between light and dark, in the lines that are looked at
_EVERY: Final = 3                       # of how many lines one is looked at: the middle of a finder pattern has three
_BLOCK: Final = 8                       # pixels; a block and its two neighbours to each side tell light from dark
_FAINT: Final = 6                       # grey levels below what is around that are no mark yet


def are_too_many(grey: Image.Image) -> bool:
    """Whether a grey picture has more places that look like a finder pattern than are read in a short time."""
    from PIL import Image, ImageChops, ImageFilter

    size = grey.width, -(-grey.height // _EVERY)
    ground = grey.reduce(_BLOCK).filter(ImageFilter.BoxBlur(2)).resize(size, Image.Resampling.NEAREST)
    lines = grey.resize(size, Image.Resampling.NEAREST)
    dark = ImageChops.subtract(ground, lines, offset=-_FAINT).point([0] + [255] * 255)
    edges = ImageChops.difference(dark, ImageChops.offset(dark, 1, 0))
    if edges.histogram()[255] > _MOST_EDGES:
        return True
    places = list(itertools.compress(itertools.count(), edges.tobytes()))
    return _finders(list(map(operator.sub, places[1:], places))) > _MOST


def _finders(runs: list[int]) -> float:
    """How many finder patterns the runs of one shade, in pixels, stand for: one is met once for each pixel of its
    modules."""
    found = 0.0
    for one, two, middle, four, five in zip(runs, runs[1:], runs[2:], runs[3:], runs[4:], strict=False):
        if one < middle > two and four < middle > five:
            module = (one + two + middle + four + five) / 7
            slack = module / 2 + 1
            if abs(middle - 3 * module) <= 3 * slack and max(
                    abs(one - module), abs(two - module), abs(four - module), abs(five - module)) <= slack:
                found += 1 / module
    return found

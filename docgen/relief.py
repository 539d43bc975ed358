"""What is known of a ground without its picture: the darkest and the lightest of each of its squares.

Thousands of licences have the same ground. Whether a text stands out from it is mostly plain from the squares that it
touches, and what it takes to know them is kept, a few numbers each; the picture is not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from docgen.contrast import Ground, Rgb, luminance, ratio
from docgen.ink import Box

__all__ = ["Relief"]

_SQUARE_MM = 8.0
_PIXEL_MM = 1.0                 # more than one, of the largest page
_MOST_ANSWERS = 10_000


class Relief:
    """The contrast of texts to one ground."""

    def __init__(self, ground: Callable[[], Ground]) -> None:
        """``ground``: draws it, or has it still."""
        self._ground = ground
        self._squares: dict[tuple[int, int], tuple[float, float]] = {}
        self._coarse: dict[tuple[int, int, int, int, Rgb, float], bool] = {}
        self._exact: dict[tuple[float, float, float, float, Rgb], float] = {}

    def stands_out(self, ink: Rgb, least: float, box: Box) -> bool:
        """Whether an ink has at least this contrast to everything in a rectangle."""
        key = (int(box.left // _SQUARE_MM), int(box.top // _SQUARE_MM), int((box.right + _PIXEL_MM) // _SQUARE_MM),
               int((box.bottom + _PIXEL_MM) // _SQUARE_MM), ink, least)
        answer = self._coarse.get(key)
        if answer is None:
            answer = _kept(self._coarse)[key] = self._plain(*key)
        return answer or self.contrast(ink, box) >= least

    def contrast(self, ink: Rgb, box: Box) -> float:
        """The contrast of an ink to what it stands out from least in a rectangle."""
        key = (box.left, box.top, box.right, box.bottom, ink)
        answer = self._exact.get(key)
        if answer is None:
            answer = _kept(self._exact)[key] = self._ground().least_contrast(ink, box)
        return answer

    def _plain(self, left: int, top: int, right: int, bottom: int, ink: Rgb, least: float) -> bool:
        """Whether the ink stands out from all of these squares, so from each part of them."""
        squares = [self._square(x, y) for y in range(top, bottom + 1) for x in range(left, right + 1)]
        own, darkest, lightest = luminance(ink), min(squares)[0], max(light for _, light in squares)
        return (own <= darkest and ratio(darkest, own) >= least) or (own >= lightest and ratio(own, lightest) >= least)

    def _square(self, x: int, y: int) -> tuple[float, float]:
        if (x, y) not in self._squares:
            left, top = x * _SQUARE_MM, y * _SQUARE_MM
            found = [luminance(colour) for colour in self._ground().colours(
                Box(left, top, left + _SQUARE_MM, top + _SQUARE_MM))]
            self._squares[x, y] = min(found), max(found)
        return self._squares[x, y]


K = TypeVar("K")
V = TypeVar("V")


def _kept(answers: dict[K, V]) -> dict[K, V]:
    """A store of answers with room for one more."""
    if len(answers) >= _MOST_ANSWERS:
        answers.clear()
    return answers

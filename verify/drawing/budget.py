"""What drawing a file may cost."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Budget", "Spent"]


class Spent(Exception):  # noqa: N818 - no fault, the end of what was allowed
    """Time, objects or bytes are used up."""


@dataclass(slots=True)
class Budget:
    """Seconds on the clock, page objects and glyphs, characters of SVG, pixels of pictures."""

    seconds: float
    objects: int = 400_000
    characters: int = 28 << 20
    pixels: int = 120_000_000
    clock: Callable[[], float] = time.monotonic
    _end: float = field(init=False)

    def __post_init__(self) -> None:
        self._end = self.clock() + self.seconds

    def object(self) -> None:
        """One more object or glyph.

        Raises:
            Spent: there are too many, or there is no time left.
        """
        self.objects -= 1
        if self.objects < 0:
            raise Spent
        if self.objects % 64 == 0:
            self.step()

    def step(self) -> None:
        """One more step of a walk through what a file lists.

        Raises:
            Spent: there is no time left.
        """
        if self.clock() > self._end:
            raise Spent

    def write(self, characters: int) -> None:
        """So many characters more.

        Raises:
            Spent: there are too many.
        """
        self.characters -= characters
        if self.characters < 0:
            raise Spent

    def decode(self, width: int, height: int) -> None:
        """A picture of so many pixels.

        Raises:
            Spent: there are too many, or there is no time left.
        """
        self.pixels -= width * height
        if self.pixels < 0:
            raise Spent
        self.step()

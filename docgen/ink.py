"""Where text has ink: the rectangle of a run, for whoever asks what it meets and what lies under it."""

from __future__ import annotations

from dataclasses import dataclass

from docgen.page import GlyphRun

__all__ = ["Box", "ink_box"]

_ABOVE_EM, _BELOW_EM = 0.82, 0.1        # ink of a line above and below its baseline
_BLANK_LEFT = frozenset("（《〈「『【〔〖［｛")     # their left half has no ink and hangs out of a column


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle by its edges, page millimetres."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box, by: float = 0.0) -> bool:
        """Whether both share more than a strip ``by`` wide."""
        return (self.left + by < other.right and other.left + by < self.right
                and self.top + by < other.bottom and other.top + by < self.bottom)

    def inside(self, other: Box, by: float) -> bool:
        """Whether this one reaches beyond the other by no more than ``by``."""
        return (other.left - by <= self.left and self.right <= other.right + by
                and other.top - by <= self.top and self.bottom <= other.bottom + by)


def ink_box(run: GlyphRun) -> Box:
    """Where a run has ink; blanks at its end have none, nor the left half of an opening bracket."""
    left = run.xs_mm[0] + (run.size_mm / 2 if run.text[0] in _BLANK_LEFT else 0.0)
    right = run.xs_mm[0] + run.width_mm
    text = run.text.rstrip(" \u3000")
    if text and len(text) < len(run.text):
        right = run.xs_mm[len(text)]
    return Box(left, run.y_mm - _ABOVE_EM * run.size_mm, right, run.y_mm + _BELOW_EM * run.size_mm)

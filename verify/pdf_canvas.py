"""Geometry and graphics state for reading page content: PDF points, y up, nothing is drawn."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from verify.pdf_fonts import PdfFont
from verify.pdf_images import PdfImage

__all__ = [
    "IDENTITY", "Box", "Fill", "Matrix", "PaintedImage", "PaintedText", "State", "corners", "multiply",
]

Matrix: TypeAlias = tuple[float, float, float, float, float, float]
_POINTS_IN_MM: Final = 72 / 25.4
_SAME_SCALE: Final = 1e-6
IDENTITY: Final[Matrix] = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def multiply(m: Matrix, n: Matrix) -> Matrix:
    """The matrix that applies ``m`` first, then ``n``."""
    a, b, c, d, e, f = m
    p, q, r, s, t, u = n
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


class Box(NamedTuple):
    """An upright rectangle, points, y up."""

    left: float
    bottom: float
    right: float
    top: float

    def within(self, other: Box) -> Box:
        """The common area; empty boxes have no width or height."""
        left, bottom = max(self.left, other.left), max(self.bottom, other.bottom)
        return Box(left, bottom, max(left, min(self.right, other.right)),
                   max(bottom, min(self.top, other.top)))

    def inside(self, other: Box, slack: float) -> bool:
        """Whether the box lies in the other, ``slack`` points forgiven on each side."""
        return (self.left >= other.left - slack and self.bottom >= other.bottom - slack
                and self.right <= other.right + slack and self.top <= other.top + slack)

    def overlaps(self, other: Box) -> bool:
        """Whether the two share an area."""
        return (self.left < other.right and other.left < self.right
                and self.bottom < other.top and other.bottom < self.top)

    def under(self, m: Matrix) -> Box:
        """The upright box around this one after ``m``."""
        xs = [m[0] * x + m[2] * y + m[4] for x in (self.left, self.right) for y in (self.bottom, self.top)]
        ys = [m[1] * x + m[3] * y + m[5] for x in (self.left, self.right) for y in (self.bottom, self.top)]
        return Box(min(xs), min(ys), max(xs), max(ys))


def corners(m: Matrix) -> Box:
    """The upright box around the unit square after ``m``."""
    return Box(0.0, 0.0, 1.0, 1.0).under(m)


class PaintedText(NamedTuple):
    """What one text operation paints, points of the page.

    The origin of glyph i is ``x + across * places[i]``.
    """

    chars: str
    x: float
    across: float
    places: list[float]
    y: float
    size: float
    end_x: float
    font: PdfFont
    font_id: str
    glyphs: tuple[int, ...]
    rgb: tuple[float, float, float]
    hidden: bool                        # clear, clipped away, almost white, or too small to be seen
    turned: bool
    order: int

    @property
    def box(self) -> Box:
        """About the middle of the glyphs: what must not be covered."""
        left = self.x + self.across * self.places[0]
        return Box(left, self.y, self.end_x, self.y + 0.7 * self.size)


class PaintedImage(NamedTuple):
    """One picture: the unit square under ``matrix``."""

    image: PdfImage
    matrix: Matrix
    clipped: bool                       # not wholly seen
    order: int
    seen: Box | None = None             # what an upright rectangle leaves of it, when it is cut by one


class Fill(NamedTuple):
    """The box of a filled or thickly stroked area: it may cover what was painted before."""

    box: Box
    order: int


class State:
    """The graphics state as far as text and pictures depend on it."""

    def __init__(self, clip: Box) -> None:
        self.ctm = IDENTITY
        self.clip = clip
        self.odd_clip = False           # clipped by something that is no upright rectangle
        self.rgb = self.stroke_rgb = (0.0, 0.0, 0.0)
        self.alpha = self.stroke_alpha = 1.0
        self.line_width = 1.0
        self.odd_line = False           # caps, joins, dashes or colour spaces that ours never set
        self.in_text = False
        self.text_matrix = self.line_matrix = IDENTITY
        self.font: PdfFont | None = None
        self.font_name = ""
        self.size = self.char_space = self.leading = self.rise = self.mode = 0.0
        self.scale = 1.0

    def is_plain(self, page_box: Box) -> bool:
        """Whether nothing was set yet but that a unit is a millimetre."""
        a, b, c, d, e, f = self.ctm
        return (b == c == e == f == 0 and a == d and abs(a - _POINTS_IN_MM) < _SAME_SCALE and self.clip == page_box
                and not (self.odd_clip or self.odd_line) and self.alpha == self.stroke_alpha == self.line_width == 1
                and not any(self.rgb + self.stroke_rgb))

    def copy(self) -> State:
        """The same state, to be changed apart."""
        made = State.__new__(State)
        made.__dict__.update(self.__dict__)
        return made

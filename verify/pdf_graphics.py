"""Content operators for state, colour and paths (ISO 32000-2, 8.4 to 8.6)."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final, TypeAlias

from layouts.released import NO_PAINT, Paint, Shape
from verify.pdf_canvas import Box, Fill, Matrix, PaintedImage, PaintedText, State, multiply
from verify.pdf_keys import check_keys
from verify.pdf_objects import Name
from verify.pdf_reasons import PdfRefusal
from verify.pdf_resources import Resources

__all__ = ["FAINT", "GraphicsOperators", "Operand", "matrix_of", "name_of", "numbers_of", "outline"]

MAX_PAINTED: Final = 200_000            # text runs, pictures and fills of a page
MAX_STATES: Final = 64                  # q within q
_COVERING_STROKE_PT: Final = 4.0        # a line as thick as this can hide a character
_UM: Final = 25_400 / 72                # in a point
_KNOWN_LENGTH: Final = 16 << 10         # bytes of a path that is remembered: many documents have the same
_KNOWN_POINTS: Final = 4000             # coordinates of a path whose outline is remembered
_NUMBERS: Final = b"0123456789+-. \n"
_NO_LETTERS: Final = bytes.maketrans(b"mlch", b"    ")
_TOLD_AS: Final = str.maketrans("mlch", "MLCZ")
_EXTENDS: Final = {2: "L", 6: "C"}      # operators of a path by their operands
_PLAIN_STATE: Final = frozenset({"Type", "ca", "CA"})
_FLOAT: Final = frozenset({float})
FAINT: Final = 0.02
"""What is as clear as this covers nothing."""

Operand: TypeAlias = "float | bytes | Name | list[float | bytes | Name]"


def numbers_of(operands: list[Operand]) -> list[float]:
    """Operands that must all be numbers."""
    if not _FLOAT.issuperset(map(type, operands)):
        raise PdfRefusal("pdf.content", "", what="number")
    return operands  # type: ignore[return-value]


def name_of(operand: Operand) -> Name:
    """An operand that must be a name."""
    if not isinstance(operand, Name):
        raise PdfRefusal("pdf.content", "", what="name")
    return operand


def matrix_of(operands: list[Operand]) -> Matrix:
    """Six operands that are a matrix."""
    a, b, c, d, e, f = numbers_of(operands)
    return a, b, c, d, e, f


def _read_segments(written: bytes, ctm: Matrix) -> tuple[str, tuple[float, ...]]:
    """Operators of a path, and its points on the page."""
    a, b, c, d, e, f = ctm
    numbers = list(map(float, written.translate(_NO_LETTERS).split()))
    ops = written.translate(None, _NUMBERS).decode().translate(_TOLD_AS)
    return ops, tuple([place for x, y in zip(numbers[::2], numbers[1::2], strict=True)
                       for place in (a * x + c * y + e, b * x + d * y + f)])


_known_segments = functools.lru_cache(maxsize=64)(_read_segments)


@functools.lru_cache(maxsize=64)
def _known_outline(paint: Paint, ops: str, points: tuple[float, ...], top: float) -> Shape:
    return outline(paint, ops, points, top)


def outline(paint: Paint, ops: str, points: Sequence[float], top: float) -> Shape:
    """Points of a page whose upper edge is at ``top`` as an outline in µm."""
    placed = [0] * len(points)
    placed[::2] = [round(x * _UM) for x in points[::2]]
    placed[1::2] = [round((top - y) * _UM) for y in points[1::2]]
    return Shape(paint, ops, tuple(placed))


def _channels(rgb: tuple[float, float, float], alpha: float) -> tuple[int, ...]:
    """A colour and its opacity, 0 to 255 each."""
    return tuple([round(255 * channel) for channel in (*rgb, alpha)])


class GraphicsOperators:
    """State, colour and path operators.

    ``fills`` collects what could cover something, ``over`` every path painted after a picture, ``shapes`` every path
    painted by the page itself and ``grounds`` the digests of the forms that it draws.
    """

    def __init__(self, page_box: Box) -> None:
        self.texts: list[PaintedText] = []
        self.images: list[PaintedImage] = []
        self.fills: list[Fill] = []
        self.over: list[Fill] = []
        self.shapes: list[Shape] | None = []        # None: not asked for
        self.grounds: list[str] = []
        self.late = False               # a path was painted after text
        self.order = 0
        self.page_box = page_box
        self.state = State(page_box)
        self.stack: list[State] = []
        self.path: list[float] = []     # x, y, x, y … on the page
        self.ops: list[str] = []        # of the path
        self.rectangle = True           # the path is one upright rectangle
        self.pending_clip = False
        self.marks = 0                  # open marked-content sequences
        self.resources: Resources | None = None

    # -- state

    def save(self, _: list[Operand]) -> None:
        """``q``."""
        if len(self.stack) >= MAX_STATES or self.state.in_text:
            raise self.refusal("q")
        self.stack.append(self.state.copy())

    def restore(self, _: list[Operand]) -> None:
        """``Q``."""
        if not self.stack or self.state.in_text:
            raise self.refusal("Q")
        self.state = self.stack.pop()

    def transform(self, operands: list[Operand]) -> None:
        """``cm``."""
        self.state.ctm = multiply(matrix_of(operands), self.state.ctm)

    def graphics_state(self, operands: list[Operand]) -> None:
        """``gs``: only plain alpha; blend modes and soft masks are refused."""
        resources = self.here()
        found = resources.file.get(resources.named("ExtGState", name_of(operands[0])))
        check_keys(found, "ExtGState", resources.where)
        if not isinstance(found, dict):
            raise self.refusal("gs")
        if found.get("BM", "Normal") != "Normal" or found.get("SMask", "None") != "None":
            raise self.refusal("gs")
        for key in ("ca", "CA", "LW"):
            value = found.get(key, 1)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1000:
                raise self.refusal("gs")
            if key == "ca" and key in found:
                self.state.alpha = float(value)
            if key == "CA" and key in found:
                self.state.stroke_alpha = float(value)
            if key == "LW" and key in found:
                self.state.line_width = float(value)
        self.state.odd_line |= not _PLAIN_STATE.issuperset(found)

    def line_width(self, operands: list[Operand]) -> None:
        """``w``."""
        self.state.line_width = numbers_of(operands)[0]

    def odd_line(self, _: list[Operand]) -> None:
        """Caps, joins, dashes, colours of lines in other spaces: nothing depends on them but lines, and ours set none.
        """
        self.state.odd_line = True

    def stroke_rgb(self, operands: list[Operand]) -> None:
        """``RG``."""
        red, green, blue = numbers_of(operands)
        self.state.stroke_rgb = red, green, blue

    # -- colour

    def fill_rgb(self, operands: list[Operand]) -> None:
        """``rg``."""
        red, green, blue = numbers_of(operands)
        self.state.rgb = red, green, blue

    def fill_gray(self, operands: list[Operand]) -> None:
        """``g``."""
        (gray,) = numbers_of(operands)
        self.state.rgb = gray, gray, gray

    def fill_cmyk(self, operands: list[Operand]) -> None:
        """``k``."""
        cyan, magenta, yellow, black = numbers_of(operands)
        self.state.rgb = (1 - min(1.0, cyan + black), 1 - min(1.0, magenta + black),
                          1 - min(1.0, yellow + black))

    def fill_space(self, operands: list[Operand]) -> None:
        """``cs``."""
        if name_of(operands[0]) not in ("DeviceRGB", "DeviceGray", "DeviceCMYK"):
            raise self.refusal("cs")
        self.state.rgb = 0.0, 0.0, 0.0

    def fill_colour(self, operands: list[Operand]) -> None:
        """``sc`` and ``scn`` in a device space."""
        handler = {1: self.fill_gray, 3: self.fill_rgb, 4: self.fill_cmyk}.get(len(operands))
        if handler is None:
            raise self.refusal("sc")
        handler(operands)

    # -- paths

    def move(self, operands: list[Operand]) -> None:
        """``m``."""
        self.add_points(operands)
        self.ops.append("M")

    def extend(self, operands: list[Operand]) -> None:
        """``l``, ``c``, ``v``, ``y``."""
        if not self.path:
            raise self.refusal("path")
        self.add_points(operands)
        self.ops.append(_EXTENDS.get(len(operands), "?"))

    def add_points(self, operands: list[Operand]) -> None:
        """Keep points (control points too: the box is never too small)."""
        a, b, c, d, e, f = self.state.ctm
        points = numbers_of(operands)
        for x, y in zip(points[::2], points[1::2], strict=True):
            self.path += (a * x + c * y + e, b * x + d * y + f)
        self.rectangle = False

    def add_path(self, segments: bytes) -> int:
        """``m``, ``l``, ``c`` and ``h``, many of them, each with its operands; return how many tokens they are."""
        read = _known_segments if len(segments) <= _KNOWN_LENGTH else _read_segments
        ops, points = read(segments, self.state.ctm)
        if not self.path and ops[0] != "M":
            raise self.refusal("h" if ops[0] == "Z" else "path")
        self.path += points
        self.ops += ops
        self.rectangle = False
        return len(ops) + len(points)

    def add_rectangle(self, operands: list[Operand]) -> None:
        """``re``."""
        x, y, width, height = numbers_of(operands)
        alone = not self.path and self.state.ctm[1] == self.state.ctm[2] == 0
        self.add_points([x, y, x + width, y, x + width, y + height, x, y + height])
        self.ops.append("R")
        self.rectangle = alone

    def close(self, _: list[Operand]) -> None:
        """``h``."""
        if not self.path:
            raise self.refusal("h")
        self.ops.append("Z")

    def clip(self, _: list[Operand]) -> None:
        """``W`` and ``W*``: takes effect with the painting operator that follows."""
        self.pending_clip = True

    def end_path(self, _: list[Operand]) -> None:
        """``n``."""
        self.finish_path(filled=False, painted=False)

    def fill(self, _: list[Operand]) -> None:
        """``f``."""
        self.finish_path(filled=True, shape=self.shape(filled=True))

    def fill_even_odd(self, _: list[Operand]) -> None:
        """``f*``."""
        self.finish_path(filled=True, shape=self.shape(filled=True, even_odd=True))

    def fill_and_stroke(self, _: list[Operand]) -> None:
        """``B``."""
        self.finish_path(filled=True, shape=self.shape(filled=True, stroked=True))

    def fill_and_stroke_even_odd(self, _: list[Operand]) -> None:
        """``B*``."""
        self.finish_path(filled=True, shape=self.shape(filled=True, stroked=True, even_odd=True))

    def fill_otherwise(self, _: list[Operand]) -> None:
        """``F``, ``b``, ``b*``: what ours never write."""
        self.finish_path(filled=True, shape=self.shape())

    def stroke(self, _: list[Operand]) -> None:
        """``S``: a thick line counts as a filled area."""
        self.stroke_with(self.shape(stroked=True))

    def stroke_otherwise(self, _: list[Operand]) -> None:
        """``s``: what ours never write."""
        self.stroke_with(self.shape())

    def stroke_with(self, shape: Shape | None) -> None:
        """Stroke the path."""
        self.finish_path(filled=self.state.line_width * self.enlargement() >= _COVERING_STROKE_PT, shape=shape)

    def shape(self, *, filled: bool = False, stroked: bool = False, even_odd: bool = False) -> Shape | None:
        """The path as an outline in µm; painted neither way, it is one that no kind has."""
        if self.shapes is None or not self.path:
            return None
        state = self.state
        enlarged = state.ctm[0]
        odd = (not (filled or stroked) or state.odd_line or state.odd_clip or state.clip != self.page_box
               or state.ctm != (enlarged, 0.0, 0.0, enlarged, 0.0, 0.0))
        paint = NO_PAINT if odd else Paint(
            _channels(state.rgb, state.alpha) if filled else (),
            _channels(state.stroke_rgb, state.stroke_alpha) if stroked else (),
            round(state.line_width * enlarged * _UM) if stroked else 0, even_odd)
        read = _known_outline if len(self.path) <= _KNOWN_POINTS else outline
        return read(paint, "".join(self.ops), tuple(self.path), self.page_box.top)

    def enlargement(self) -> float:
        """How much the matrix enlarges, at most."""
        ctm = self.state.ctm
        return max(abs(ctm[0]) + abs(ctm[2]), abs(ctm[1]) + abs(ctm[3]))

    def finish_path(self, *, filled: bool, painted: bool = True, shape: Shape | None = None) -> None:
        """Paint or drop the path, and clip with it if that was asked."""
        path = self.path
        if shape is not None and self.shapes is not None:
            self.shapes.append(shape)
        if path:
            box = Box(min(path[::2]), min(path[1::2]), max(path[::2]), max(path[1::2]))
            self.late |= painted and bool(self.texts)
            if painted and self.images:
                margin = self.state.line_width * self.enlargement() / 2
                around = Box(box.left - margin, box.bottom - margin, box.right + margin, box.top + margin)
                self.over.append(Fill(around.within(self.state.clip), self.next_order()))
            if filled and self.state.alpha > FAINT:
                self.fills.append(Fill(box.within(self.state.clip), self.next_order()))
            if self.pending_clip:
                self.state.clip = box.within(self.state.clip)
                self.state.odd_clip |= not self.rectangle
        elif self.pending_clip:
            raise self.refusal("W")
        self.pending_clip, self.rectangle = False, True
        self.path, self.ops = [], []

    # -- marked content: names only, no property lists

    def begin_mark(self, operands: list[Operand]) -> None:
        """``BMC``."""
        if name_of(operands[0]) == "OC" or self.marks >= MAX_STATES:
            raise PdfRefusal("pdf.optional-content", self.here().where, what="BMC")
        self.marks += 1

    def end_mark(self, _: list[Operand]) -> None:
        """``EMC``."""
        if not self.marks:
            raise self.refusal("EMC")
        self.marks -= 1

    # -- small things

    def here(self) -> Resources:
        """The resources of the running stream."""
        if self.resources is None:
            raise PdfRefusal("pdf.content", "", what="resources")
        return self.resources

    def next_order(self) -> int:
        """Number of the next painting on this page."""
        self.order += 1
        if self.order > MAX_PAINTED:
            raise PdfRefusal("pdf.too-large", self.here().where)
        return self.order - 1

    def refusal(self, what: str) -> PdfRefusal:
        """A refusal of an operator here."""
        return PdfRefusal("pdf.content", self.resources.where if self.resources else "", what=what)

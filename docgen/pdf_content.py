"""Content streams: glyph runs, paths and pictures as PDF operators.

A page's content is scaled once so that one unit is one millimetre; every number after that is the page
model's own (y counted from the foot, to 0.001 mm). Glyphs stand within 0.00025 mm (0.0007 pt) of the model.

Source: ISO 32000-2 8.4 (graphics state), 8.5 (paths), 9.4 (text).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from docgen.page import Artwork, Colour, GlyphRun, Gradient, Image, Path, Place
from docgen.pdf_errors import PdfError, PdfErrorCode
from docgen.pdf_fonts import PdfFont, resource_name
from docgen.pdf_objects import Value, deflate, number
from docgen.pdf_shading import shading, shading_name

__all__ = ["SCALE", "ContentWriter", "artwork_stream"]

SCALE = 72 / 25.4
"""Points in a millimetre."""

_TOLERANCE_MM = 0.00025
_ARTWORKS_KEPT = 32

_artworks: dict[tuple[str, float], ArtworkStream] = {}


class ArtworkStream(NamedTuple):
    """An artwork's compressed content and the resources that it needs."""

    data: bytes
    states: frozenset[str]
    shadings: Mapping[str, Value]


class ContentWriter:
    """Collects operators for one page or form whose height is HEIGHT_MM."""

    def __init__(self, height_mm: float) -> None:
        self._height = height_mm
        self._ops: list[str] = []
        self._fill: Colour | None = None
        self._stroke: Colour | None = None
        self._width = -1.0
        self._alphas = {"f": 1.0, "s": 1.0}
        self.states: set[str] = set()
        self.shadings: dict[str, Value] = {}

    def page_scale(self) -> None:
        """Make a millimetre the unit; the first operator of a page."""
        self._ops.append(f"{SCALE:.9f} 0 0 {SCALE:.9f} 0 0 cm")

    def form(self, resource: str) -> None:
        """Draw the form or artwork RESOURCE where it stands."""
        self._ops.append(f"/{resource} Do")

    def picture(self, resource: str, place: Image | Place, visible: Place | None = None) -> None:
        """Draw image RESOURCE over PLACE; only what lies in VISIBLE, when that is given."""
        x, y, width, height = place.x_mm, place.y_mm, place.width_mm, place.height_mm
        self._set_alpha("f", 1.0)
        bottom = self._height - y - height
        clip = "" if visible is None else (
            f"{visible.x_mm:.3f} {self._height - visible.y_mm - visible.height_mm:.3f} {visible.width_mm:.3f} "
            f"{visible.height_mm:.3f} re W n ")
        self._ops.append(f"q {clip}{width:.3f} 0 0 {height:.3f} {x:.3f} {bottom:.3f} cm /{resource} Do Q")

    def _set_alpha(self, kind: str, alpha: float) -> None:
        if alpha != self._alphas[kind]:
            self._alphas[kind] = alpha
            state = f"G{kind}{round(alpha * 1000)}"
            self.states.add(state)
            self._ops.append(f"/{state} gs")

    def _set_fill(self, colour: Colour) -> None:
        if colour != self._fill:
            self._fill = colour
            self._ops.append(f"{_rgb(colour)} rg")
        self._set_alpha("f", colour.alpha)

    def _set_stroke(self, colour: Colour, width_mm: float) -> None:
        if colour != self._stroke:
            self._stroke = colour
            self._ops.append(f"{_rgb(colour)} RG")
        if width_mm != self._width:
            self._width = width_mm
            self._ops.append(f"{width_mm:.4f} w")
        self._set_alpha("s", colour.alpha)

    def path(self, path: Path) -> None:
        """Fill and stroke PATH."""
        if isinstance(path.fill, Gradient):
            self._shade(path, path.fill)
            path = replace(path, fill=None)
        if path.fill is None and path.stroke is None:
            return
        if isinstance(path.fill, Colour):
            self._set_fill(path.fill)
        if path.stroke is not None:
            self._set_stroke(path.stroke, path.stroke_width_mm)
        star = "*" if path.even_odd and path.fill is not None else ""
        paint = "B" if path.fill and path.stroke else "f" if path.fill else "S"
        self._ops.append(f"{self._outline(path)} {paint}{star}")

    def _shade(self, path: Path, gradient: Gradient) -> None:
        """Fill PATH with a gradient: clip to it and paint the shading."""
        self._set_alpha("f", gradient.alpha)
        key = shading_name(gradient, self._height)
        self.shadings[key] = shading(gradient, self._height)
        self._ops.append(f"q {self._outline(path)} W{'*' if path.even_odd else ''} n /{key} sh Q")

    def _outline(self, path: Path) -> str:
        height, ops = self._height, []
        for segment in path.segments:
            args = segment.args
            if segment.op == "C":
                a, b, c, d, e, f = args
                ops.append(f"{a:.3f} {height - b:.3f} {c:.3f} {height - d:.3f} {e:.3f} {height - f:.3f} c")
            elif segment.op == "Z":
                ops.append("h")
            else:
                ops.append(f"{args[0]:.3f} {height - args[1]:.3f} {'m' if segment.op == 'M' else 'l'}")
        return " ".join(ops)

    def run(self, run: GlyphRun, font: PdfFont) -> None:
        """Set one glyph run.

        Raises:
            PdfError: ``pdf.glyph-mismatch``: a glyph id is not the one that its character has in the face.
        """
        glyph_id, codes, widths = font.face.glyph_id, font.codes, font.widths
        unit = run.size_mm / 1000
        parts = ["<"]
        at = run.xs_mm[0]
        for char, glyph, x in zip(run.text, run.glyphs, run.xs_mm, strict=True):
            if glyph_id(char) != glyph:
                raise PdfError(
                    PdfErrorCode.GLYPH_MISMATCH,
                    f"字符“{char}”（U+{ord(char):04X}）的字形编号 {glyph} 不是字体 {run.face} 的编号",
                    f"glyph {glyph} is not the glyph of {char!r} (U+{ord(char):04X}) in face {run.face}",
                )
            gap = x - at
            if gap > _TOLERANCE_MM or gap < -_TOLERANCE_MM:
                shift = round(-gap / unit, 3)
                parts.append(f">{shift:.3f}<")
                at -= shift * unit
            parts.append(codes[char])
            at += widths[char] * unit
        self._set_fill(run.fill)
        text = "".join(parts)
        show = f"[{text}>] TJ" if ">" in text else f"{text}> Tj"
        self._ops.append(
            f"BT /{resource_name(run.face)} {run.size_mm:.4f} Tf "
            f"{run.xs_mm[0]:.3f} {self._height - run.y_mm:.3f} Td {show} ET"
        )

    def data(self) -> bytes:
        """Return the content stream, not compressed."""
        return "\n".join(self._ops).encode("ascii")


def _rgb(colour: Colour) -> str:
    return " ".join(number(channel / 255) for channel in (colour.r, colour.g, colour.b))


def artwork_stream(artwork: Artwork) -> ArtworkStream:
    """Return ARTWORK's content and what it needs; made once a process."""
    key = (artwork.digest, artwork.height_mm)
    if key not in _artworks:
        writer = ContentWriter(artwork.height_mm)
        for path in artwork.paths:
            writer.path(path)
        while len(_artworks) >= _ARTWORKS_KEPT:
            del _artworks[next(iter(_artworks))]
        _artworks[key] = ArtworkStream(deflate(writer.data(), 9), frozenset(writer.states), writer.shadings)
    return _artworks[key]


def state_resources(states: Iterable[str]) -> Mapping[str, Value]:
    """Return the ExtGState resources named STATES: ``Gf350`` is fill alpha 0.35, ``Gs350`` stroke alpha."""
    return {
        state: {"Type": "/ExtGState", "ca" if state[1] == "f" else "CA": int(state[2:]) / 1000}
        for state in sorted(states)
    }

"""Drawing the imprint (印模) of an organisation's seal: round, name along the upper arc, star, lower line.

The form follows the rules for seals of state organs (国发〔1999〕25号): a red ring, the five-pointed star in
the middle, the organisation's full name in Song characters running from left to right around the star.
Lengths are millimetres on paper; the origin is the centre of the seal, y grows downwards.
"""

from __future__ import annotations

import enum
import io
import math
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw, ImageFont

import fonts
from codes.errors import EngineError

__all__ = ["DIAMETERS_MM", "ImprintCode", "ImprintError", "draw_imprint"]

DIAMETERS_MM = (42.0, 45.0, 50.0)
"""Sizes of a seal that the rules know: 4.2, 4.5 and 5 cm."""
_MAX_NAME, _MAX_LOWER_LINE = 40, 16
_BLANK = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp", "Zs"})      # controls, marks, blanks
_RED = (216, 0, 10)
_OPACITY = 0.8                  # as ink on paper: what is printed below can still be read
_CHAIN = "song-bold"
_LEAST_DPI, _MOST_DPI = 300, 1200
_LEVELS = 16                    # steps of transparency at an edge: four bits a pixel
_OVERSAMPLING = 4
_EM_PX = 480                    # glyphs are drawn once at this size, then squeezed and turned


class ImprintCode(enum.StrEnum):
    """Codes of :class:`ImprintError`."""

    NAME_LENGTH = "imprint.name-length"
    LOWER_LINE_LENGTH = "imprint.lower-line-length"
    DIAMETER = "imprint.diameter"
    RESOLUTION = "imprint.resolution"
    CHARACTER = "imprint.character"


class ImprintError(EngineError):
    """The imprint cannot be drawn as asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arc:
    """How the name stands on its arc; lengths in mm for a seal of 42 mm, angles in degrees."""

    outer_mm: float             # radius that the heads of the characters touch
    height_mm: float
    width_mm: float
    step_deg: float             # from character to character


_RADIUS, _EDGE_MM, _RING_MM, _GAP_MM = 21.0, 0.1, 1.15, 1.0
_STAR_MM = 7.0                  # radius to the points of the star


def _arc(count: int) -> _Arc:
    """Space ``count`` characters: open for a short name, narrow and closer together for a long one."""
    gaps = max(1, count - 1)
    open_deg = 28.0 if count > 6 else 42.0 - 2.0 * count
    step_deg = min(open_deg * gaps, 232.0 + 1.1 * max(0, count - 9)) / gaps
    height = 5.9 if count <= 12 else max(4.3, 5.9 - 0.075 * (count - 12))
    outer = _RADIUS - _EDGE_MM - _RING_MM - _GAP_MM
    room = math.radians(step_deg) * (outer - 0.62 * height)
    return _Arc(outer_mm=outer, height_mm=height, width_mm=min(0.78 * height, 0.97 * room), step_deg=step_deg)


@lru_cache(maxsize=4)
def _font(key: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(fonts.font_path(key), _EM_PX, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=64)
def _glyph(char: str) -> Image.Image:
    """Draw one character, white on black, in an em square of ``_EM_PX`` pixels."""
    key = next(key for key in fonts.CHAINS[_CHAIN] if fonts.face(key).glyph_id(char) is not None)
    tile = Image.new("L", (_EM_PX, _EM_PX), 0)
    font = _font(key)
    left = (_EM_PX - font.getlength(char)) / 2
    ImageDraw.Draw(tile).text((left, 0.88 * _EM_PX), char, fill=255, font=font, anchor="ls")
    return tile


class _Mask:
    """The red of the seal as a grey picture, ``_OVERSAMPLING`` times finer than the result."""

    def __init__(self, diameter_mm: float, size_px: int) -> None:
        self._scale = size_px * _OVERSAMPLING / diameter_mm      # pixels a millimetre
        self._centre = size_px * _OVERSAMPLING / 2
        side = size_px * _OVERSAMPLING
        self.picture = Image.new("L", (side, side), 0)
        self._pen = ImageDraw.Draw(self.picture)

    def ring(self, outer_mm: float, width_mm: float) -> None:
        for radius, ink in ((outer_mm, 255), (outer_mm - width_mm, 0)):
            reach = radius * self._scale
            box = (self._centre - reach, self._centre - reach, self._centre + reach, self._centre + reach)
            self._pen.ellipse(box, fill=ink)

    def star(self, radius_mm: float) -> None:
        points = []
        for corner in range(10):
            reach = radius_mm * self._scale * (1.0 if corner % 2 == 0 else 0.381966)
            angle = math.radians(36.0 * corner)
            points.append((self._centre + reach * math.sin(angle), self._centre - reach * math.cos(angle)))
        self._pen.polygon(points, fill=255)

    def character(self, char: str, x_mm: float, y_mm: float, width_mm: float, height_mm: float,
                  angle_deg: float = 0.0) -> None:
        """Put the em square of ``char``, squeezed to the box, around (x, y), turned clockwise."""
        half = math.ceil(self._scale * math.hypot(width_mm, height_mm) / 2) + 1
        middle_x, middle_y = self._centre + x_mm * self._scale, self._centre + y_mm * self._scale
        corner_x, corner_y = round(middle_x) - half, round(middle_y) - half
        cos, sin = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
        across, down = _EM_PX / (width_mm * self._scale), _EM_PX / (height_mm * self._scale)
        off_x, off_y = corner_x - middle_x, corner_y - middle_y
        matrix = (
            cos * across, sin * across, _EM_PX / 2 + (off_x * cos + off_y * sin) * across,
            -sin * down, cos * down, _EM_PX / 2 + (off_y * cos - off_x * sin) * down,
        )
        tile = _glyph(char).transform(
            (2 * half, 2 * half), Image.Transform.AFFINE, matrix, resample=Image.Resampling.BICUBIC)
        box = (corner_x, corner_y, corner_x + 2 * half, corner_y + 2 * half)
        self.picture.paste(ImageChops.lighter(self.picture.crop(box), tile), box)


def _draw_name(mask: _Mask, name: str, unit: float) -> None:
    arc = _arc(len(name))
    reach = arc.outer_mm - arc.height_mm / 2
    for index, char in enumerate(name):
        angle = (index - (len(name) - 1) / 2) * arc.step_deg
        turn = math.radians(angle)
        mask.character(
            char, unit * reach * math.sin(turn), -unit * reach * math.cos(turn),
            unit * arc.width_mm, unit * arc.height_mm, angle)


def _draw_lower_line(mask: _Mask, text: str, unit: float) -> None:
    height = 3.7
    width = min(0.92 * height, 17.0 / len(text))
    for index, char in enumerate(text):
        x = (index - (len(text) - 1) / 2) * width * 1.06
        mask.character(char, unit * x, unit * 11.6, unit * width, unit * height)


def _encode(mask: Image.Image, dpi: float) -> bytes:
    """Shrink the mask and write it as a palette PNG: one red, ``_LEVELS`` steps of transparency."""
    small = mask.reduce(_OVERSAMPLING)
    top = _LEVELS - 1
    indexed = small.point([round(value * top / 255) for value in range(256)])
    picture = Image.frombytes("P", indexed.size, indexed.tobytes())
    picture.putpalette(_RED * _LEVELS)
    out = io.BytesIO()
    picture.save(
        out, "PNG", optimize=True, bits=4, dpi=(dpi, dpi),
        transparency=bytes(round(level * 255 * _OPACITY / top) for level in range(_LEVELS)))
    return out.getvalue()


def _check(name: str, lower_line: str, diameter_mm: float, dpi: int) -> None:
    if not 1 <= len(name) <= _MAX_NAME:
        raise ImprintError(
            ImprintCode.NAME_LENGTH,
            f"印模上的名称有 {len(name)} 字，应为 1 至 {_MAX_NAME} 字；更长的请提供印模图片",
            f"the name in the imprint has {len(name)} characters where 1 to {_MAX_NAME} can stand; "
            "give a picture of the imprint for a longer one")
    if len(lower_line) > _MAX_LOWER_LINE:
        raise ImprintError(
            ImprintCode.LOWER_LINE_LENGTH,
            f"印模下横排有 {len(lower_line)} 字，最多 {_MAX_LOWER_LINE} 字，请缩短",
            f"the lower line has {len(lower_line)} characters where {_MAX_LOWER_LINE} can stand; shorten it")
    if diameter_mm not in DIAMETERS_MM:
        raise ImprintError(
            ImprintCode.DIAMETER, f"印章直径 {diameter_mm:g} 毫米不在规定的 42、45、50 毫米之中，请改用其一",
            f"a seal of {diameter_mm:g} mm is none of 42, 45 and 50 mm; take one of these")
    if not _LEAST_DPI <= dpi <= _MOST_DPI:
        raise ImprintError(
            ImprintCode.RESOLUTION, f"分辨率 {dpi} 不在 {_LEAST_DPI} 至 {_MOST_DPI} 点每英寸之间，请更改",
            f"a resolution of {dpi} dpi is not between {_LEAST_DPI} and {_MOST_DPI}; change it")
    lost = sorted(fonts.drawable(name + lower_line, _CHAIN) | {
        char for char in name + lower_line if unicodedata.category(char) in _BLANK})
    if lost:
        shown = " ".join(f"{char if char.isprintable() else ''}U+{ord(char):04X}" for char in lost)
        raise ImprintError(
            ImprintCode.CHARACTER, f"印模中有画不出的字符：{shown}；请核对名称，或提供印模图片",
            f"the imprint has characters that cannot be drawn: {shown}; check the name or give a picture")


def draw_imprint(
    name: str, *, diameter_mm: float = 42.0, lower_line: str = "", dpi: int = 350,
) -> bytes:
    """Draw the round seal of an organisation and return a PNG with a clear ground.

    Args:
        name: the organisation's full name, 1 to 40 characters, set along the upper arc.
        diameter_mm: 42, 45 or 50; the picture is a square of that side.
        lower_line: horizontal line under the star, at most 16 characters; a demo seal says 测试专用.
        dpi: dots an inch, 300 to 1200.

    Returns:
        PNG with a palette of 16 steps of transparency; the same bytes for the same arguments.

    Raises:
        ImprintError: ``imprint.name-length``, ``imprint.lower-line-length``, ``imprint.diameter``,
            ``imprint.resolution`` or ``imprint.character``.
    """
    _check(name, lower_line, diameter_mm, dpi)
    size_px = math.ceil(diameter_mm / 25.4 * dpi)
    unit = diameter_mm / (2 * _RADIUS)
    mask = _Mask(diameter_mm, size_px)
    mask.ring(unit * (_RADIUS - _EDGE_MM), unit * _RING_MM)
    mask.star(unit * _STAR_MM)
    _draw_name(mask, name, unit)
    if lower_line:
        _draw_lower_line(mask, lower_line, unit)
    return _encode(mask.picture, size_px / diameter_mm * 25.4)

"""Checks of an imprint's picture (印模图片) before it may become a seal.

A seal's picture is a PNG of a whole round imprint on a clear ground, 4.2, 4.5 or 5 cm, 300 dpi or better.
Lengths are millimetres on paper.
"""

from __future__ import annotations

import enum
import io
from dataclasses import dataclass

from codes.errors import EngineError

__all__ = ["DIAMETERS_MM", "LEAST_DPI", "Picture", "PictureCode", "PictureError", "check_picture"]

DIAMETERS_MM = (42, 45, 50)
"""Diameters of a round seal that the rules know."""
LEAST_DPI = 300
_MAX_BYTES, _MAX_SIDE_PX = 1024 * 1024, 4096
_MAGIC = b"\x89PNG\r\n\x1a\n"


class PictureCode(enum.StrEnum):
    """Codes of :class:`PictureError`."""

    NOT_PNG = "imprint-file.not-png"
    TOO_LARGE = "imprint-file.too-large"
    DIAMETER = "imprint-file.diameter"
    ASPECT = "imprint-file.aspect"
    RESOLUTION = "imprint-file.resolution"
    NO_ALPHA = "imprint-file.no-alpha"
    GROUND = "imprint-file.ground"
    MARGIN = "imprint-file.margin"


class PictureError(EngineError):
    """The picture cannot be the imprint of a seal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What was found: size in pixels and dots an inch at the stated diameter."""

    width_px: int
    height_px: int
    dpi: float


def _header(png: bytes) -> tuple[int, int]:
    """Return width and height in pixels from the first chunk, before anything is decoded."""
    if len(png) > _MAX_BYTES:
        raise PictureError(
            PictureCode.TOO_LARGE, f"印模图片超过 {_MAX_BYTES // 1024} KB，请压缩后再用",
            f"the imprint's picture is larger than {_MAX_BYTES // 1024} KB; make it smaller")
    if not png.startswith(_MAGIC) or len(png) < 33 or png[12:16] != b"IHDR":
        raise _not_png()
    width, height = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
    if max(width, height) > _MAX_SIDE_PX:
        raise PictureError(
            PictureCode.TOO_LARGE, f"印模图片为 {width}×{height} 像素，每边最多 {_MAX_SIDE_PX}，请缩小",
            f"the imprint's picture has {width}×{height} pixels where a side takes {_MAX_SIDE_PX}; shrink it")
    return width, height


def _not_png() -> PictureError:
    return PictureError(
        PictureCode.NOT_PNG, "印模图片不是完好的 PNG 文件，请提供带透明底的 PNG",
        "the imprint's picture is not a sound PNG file; give a PNG with a clear ground")


def _alpha(png: bytes) -> tuple[int, float, tuple[int, int, int, int] | None]:
    """Return the highest alpha of the corners, the share of pixels that are drawn, and the box of these."""
    from PIL import Image  # a picture library: loaded only when a seal is made

    try:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
            picture.load()
            clear = picture.mode in {"RGBA", "LA"} or "transparency" in picture.info
            channel = picture.convert("RGBA").getchannel("A") if clear else None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise _not_png() from None
    if channel is None:
        raise PictureError(
            PictureCode.NO_ALPHA, "印模图片没有透明通道，盖章会遮住文字；请提供透明底的 PNG",
            "the imprint's picture has no alpha and would hide the text; give a PNG with a clear ground")
    alpha, width = channel.tobytes(), channel.width
    corner = max(alpha[0], alpha[width - 1], alpha[-width], alpha[-1])
    drawn = sum(channel.histogram()[128:]) / len(alpha)
    return corner, drawn, channel.point(lambda value: 255 if value >= 128 else 0).getbbox()


def check_picture(png: bytes, *, diameter_mm: int) -> Picture:
    """Refuse a picture that cannot be the round imprint of a seal.

    Args:
        diameter_mm: 42, 45 or 50.

    Raises:
        PictureError: ``imprint-file.not-png``, ``imprint-file.too-large``, ``imprint-file.diameter``,
            ``imprint-file.aspect`` (not square), ``imprint-file.resolution`` (below 300 dpi),
            ``imprint-file.no-alpha``, ``imprint-file.ground`` (corners not clear, or hardly anything is
            clear or drawn) or ``imprint-file.margin`` (the imprint does not fill its picture).
    """
    if diameter_mm not in DIAMETERS_MM:
        raise PictureError(
            PictureCode.DIAMETER, f"印章直径 {diameter_mm} 毫米不在规定的 42、45、50 毫米之中，请改用其一",
            f"a seal of {diameter_mm} mm is none of 42, 45 and 50 mm; take one of these")
    width, height = _header(png)
    if abs(width - height) > 0.02 * max(width, height):
        raise PictureError(
            PictureCode.ASPECT, f"印模图片为 {width}×{height} 像素，圆形印模的图片应为正方形",
            f"the imprint's picture has {width}×{height} pixels; that of a round seal is square")
    dpi = min(width, height) / diameter_mm * 25.4
    if dpi < LEAST_DPI - 0.5:
        needed = round(diameter_mm * LEAST_DPI / 25.4)
        raise PictureError(
            PictureCode.RESOLUTION,
            f"印模图片只有 {dpi:.0f} 点每英寸，至少 {LEAST_DPI}（{diameter_mm} 毫米要 {needed} 像素见方）",
            f"the imprint's picture has {dpi:.0f} dpi where {LEAST_DPI} is the least "
            f"({needed} pixels square for {diameter_mm} mm)")
    corner, drawn, box = _alpha(png)
    if box is None or corner > 0 or not 0.03 <= drawn <= 0.75:
        raise PictureError(
            PictureCode.GROUND, "印模图片的底不透明或几乎没有图形，请提供只有印文不透明的 PNG",
            "the imprint's picture has an opaque ground or next to nothing on it; "
            "give a PNG in which the imprint alone is opaque")
    if box[2] - box[0] < 0.9 * width or box[3] - box[1] < 0.9 * height:
        raise PictureError(
            PictureCode.MARGIN, "印模没有占满图片，印出来会小于标称直径，请裁去四周空白",
            "the imprint does not fill its picture and would print smaller than stated; cut the margin off")
    return Picture(width_px=width, height_px=height, dpi=dpi)

"""Pictures of a file decoded and encoded anew: what leaves here was drawn by us."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

from verify.drawing.budget import Budget
from verify.drawing.svg import data_uri

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["draw_photo", "encoded", "redrawn"]

_FORMATS: Final = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")
_LONGEST: Final = 2000                  # pixels of the longer side that are kept
_PHOTO: Final = 1800
_PIXELS: Final = 60_000_000
_MM_A_PIXEL: Final = 25.4 / 96


def redrawn(data: bytes, budget: Budget) -> str | None:
    """The picture in these bytes as a data URI; None when it is in no form that is read.

    Raises:
        Spent: pictures cost too much.
    """
    picture = _opened(data, budget, _LONGEST)
    return None if picture is None else encoded(picture)


def _opened(data: bytes, budget: Budget, longest: int) -> Image | None:
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            if picture.width * picture.height > _PIXELS:
                return None
            budget.decode(picture.width, picture.height)
            picture.draft("RGB", (longest, longest))
            upright = ImageOps.exif_transpose(picture)
            clear = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
            made = upright.convert("RGBA" if clear else "L" if upright.mode in ("1", "L") else "RGB")
            made.thumbnail((longest, longest))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, MemoryError, KeyError, EOFError,
            TypeError, IndexError, OverflowError, ZeroDivisionError):
        return None
    made.info.clear()
    return made


def encoded(picture: Image, *, photo: bool = False) -> str:
    """PNG, or JPEG for large pictures of many colours; nothing but pixels."""
    kept = io.BytesIO()
    if photo or (picture.mode == "RGB" and picture.width * picture.height > 300_000 and not picture.getcolors(4096)):
        picture.convert("RGB").save(kept, "JPEG", quality=85)
        return data_uri("image/jpeg", kept.getvalue())
    picture.save(kept, "PNG", compress_level=4)
    return data_uri("image/png", kept.getvalue())


def draw_photo(data: bytes, budget: Budget) -> dict[str, Any]:
    """A photo is its own only page."""
    picture = _opened(data, budget, _PHOTO)
    if picture is None:
        return {"count": 1, "pages": []}
    return {"count": 1, "pages": [{
        "number": 1, "width_mm": picture.width * _MM_A_PIXEL, "height_mm": picture.height * _MM_A_PIXEL,
        "picture": encoded(picture, photo=picture.mode != "RGBA"), "seals": [], "lacks": []}]}

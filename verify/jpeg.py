"""Photos: baseline JPEGs, their form checked by :mod:`codes.jpeg`, their pixels decoded within limits."""

from __future__ import annotations

import io
from typing import Final

from codes.jpeg import JpegError, jpeg_facts
from verify.model import Bitmap

__all__ = ["is_jpeg", "jpeg_bitmap", "jpeg_size"]

_PIXEL_LIMIT: Final = 16_000_000


def is_jpeg(data: bytes) -> bool:
    """Whether the bytes begin as a JPEG does."""
    return data[:3] == b"\xff\xd8\xff"


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels; (0, 0) for what is no baseline JPEG."""
    try:
        facts = jpeg_facts(data)
    except JpegError:
        return 0, 0
    return facts.width, facts.height


def jpeg_bitmap(data: bytes) -> Bitmap:
    """Decode a baseline JPEG.

    Raises:
        ValueError: damaged, too large, or not baseline.
    """
    try:
        facts = jpeg_facts(data)
    except JpegError as error:
        raise ValueError(error.en) from error
    if facts.width * facts.height > _PIXEL_LIMIT:
        raise ValueError("the JPEG is too large")
    from PIL import Image  # only needed when a page has a photo

    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as picture:
            picture.load()
            mode = "L" if facts.components == 1 else "RGB"
            if picture.size != (facts.width, facts.height) or picture.mode != mode:
                raise ValueError("the JPEG decodes to another picture")
            pixels = picture.tobytes()
    except (OSError, SyntaxError) as error:
        raise ValueError("the JPEG is damaged") from error
    return Bitmap(width=facts.width, height=facts.height, mode=mode, data=pixels)

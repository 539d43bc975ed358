"""A picture becomes a seal only if it is a whole round imprint on a clear ground, sharp enough."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image, ImageDraw

from certs.picture import PictureError, check_picture
from tests.support.demo_home import CITY, imprint


def _ring(size: tuple[int, int] = (520, 520), mode: str = "RGBA", margin: int = 0) -> Image.Image:
    picture = Image.new("RGBA", size, (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse(
        (margin, margin, size[0] - 1 - margin, size[1] - 1 - margin), outline=(200, 0, 0, 255), width=30)
    return picture.convert(mode)


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _other(kind: str) -> bytes:
    out = io.BytesIO()
    _ring(mode="RGB").save(out, kind)
    return out.getvalue()


def _opaque() -> Image.Image:
    picture = Image.new("RGBA", (520, 520), "white")
    picture.alpha_composite(_ring())
    return picture


def _claiming(width: int, height: int) -> bytes:
    """Return a PNG whose header names a size that it does not have."""
    data = bytearray(imprint(CITY[1], 42))
    data[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return bytes(data)


ACCEPTED: list[tuple[str, Callable[[], bytes]]] = [
    ("drawn here", lambda: imprint(CITY[1], 42)),
    ("RGBA", lambda: _png(_ring())),
    ("grey with alpha", lambda: _png(_ring(mode="LA"))),
    ("exactly 300 dpi", lambda: _png(_ring((496, 496)))),
    ("a pixel off square", lambda: _png(_ring((520, 523)))),
]


@pytest.mark.parametrize(("why", "picture"), ACCEPTED, ids=[row[0] for row in ACCEPTED])
def test_a_sound_imprint_is_accepted(why: str, picture: Callable[[], bytes]) -> None:
    assert check_picture(picture(), diameter_mm=42).dpi >= 299.5, why


REFUSED: list[tuple[str, str, Callable[[], bytes]]] = [
    ("nothing", "imprint-file.not-png", lambda: b""),
    ("JPEG", "imprint-file.not-png", lambda: _other("JPEG")),
    ("GIF", "imprint-file.not-png", lambda: _other("GIF")),
    ("SVG", "imprint-file.not-png", lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    ("cut off", "imprint-file.not-png", lambda: imprint(CITY[1], 42)[:-400]),
    ("changed inside", "imprint-file.not-png",
     lambda: imprint(CITY[1], 42)[:3000] + b"\x00\x00" + imprint(CITY[1], 42)[3002:]),
    ("header alone", "imprint-file.not-png", lambda: imprint(CITY[1], 42)[:33]),
    ("a bomb's header", "imprint-file.too-large", lambda: _claiming(60_000, 60_000)),
    ("more than a megabyte", "imprint-file.too-large", lambda: imprint(CITY[1], 42) + bytes(1 << 20)),
    ("no alpha", "imprint-file.no-alpha", lambda: _png(_ring(mode="RGB"))),
    ("palette without alpha", "imprint-file.no-alpha", lambda: _png(_ring(mode="RGB").convert("P"))),
    ("white ground", "imprint-file.ground", lambda: _png(_opaque())),
    ("one opaque corner", "imprint-file.ground", lambda: _png(_cornered())),
    ("empty", "imprint-file.ground", lambda: _png(Image.new("RGBA", (520, 520), (0, 0, 0, 0)))),
    ("too few dots", "imprint-file.resolution", lambda: _png(_ring((495, 495)))),
    ("oval", "imprint-file.aspect", lambda: _png(_ring((520, 600)))),
    ("wide margin", "imprint-file.margin", lambda: _png(_ring((640, 640), margin=60))),
]


def _cornered() -> Image.Image:
    picture = _ring()
    picture.putpixel((0, 519), (255, 255, 255, 255))
    return picture


@pytest.mark.parametrize(("why", "code", "picture"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_picture_with_a_fault_is_refused(why: str, code: str, picture: Callable[[], bytes]) -> None:
    with pytest.raises(PictureError) as refusal:
        check_picture(picture(), diameter_mm=42)
    assert refusal.value.code.value == code, why


@pytest.mark.parametrize("diameter_mm", [0, 38, 40, 41, 43, 58])
def test_a_diameter_that_no_seal_has_is_refused(diameter_mm: int) -> None:
    with pytest.raises(PictureError, match=r"imprint-file\.diameter"):
        check_picture(imprint(CITY[1], 42), diameter_mm=diameter_mm)


def test_the_same_picture_may_be_too_coarse_for_a_larger_seal() -> None:
    picture = _png(_ring((496, 496)))
    check_picture(picture, diameter_mm=42)
    with pytest.raises(PictureError, match=r"imprint-file\.resolution"):
        check_picture(picture, diameter_mm=45)

"""Reading the one code of a picture, whose equal squares are read a pixel each: the same is read as from all pixels."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from docgen.qr import qr_png
from verify.model import Bitmap
from verify.qr import read_code

TEXT = "https://zz.example.gov.cn/v/1.2.156.3005.2#" + "A1" * 60
OTHER = "https://elsewhere.example/"


def drawn(text: str = TEXT, *, module_px: int = 8, quiet_modules: int = 4) -> Image.Image:
    made = Image.open(io.BytesIO(qr_png(text, quiet_modules=quiet_modules))).convert("L")
    side = made.width // 8 * module_px
    return made.resize((side, side), Image.Resampling.NEAREST)


def beside(left: Image.Image, right: Image.Image) -> Image.Image:
    """Both on white, the second one lower, sides in eights."""
    width, height = left.width + right.width, max(left.height, right.height) + 64
    made = Image.new("L", (width + -width % 8, height + -height % 8), 255)
    made.paste(left, (0, 0))
    made.paste(right, (left.width, made.height - right.height))
    return made


def read(picture: Image.Image) -> str | None:
    return read_code(Bitmap(width=picture.width, height=picture.height, mode=picture.mode, data=picture.tobytes()))


@pytest.mark.parametrize("length", [1, 40, 200, 500])
@pytest.mark.parametrize("module_px", [1, 2, 3, 7, 8])
def test_codes_of_all_sizes_are_read(length: int, module_px: int) -> None:
    text = OTHER + "x" * length
    assert read(drawn(text, module_px=module_px)) == text


@pytest.mark.parametrize("quiet", [4, 5, 6, 8])
def test_what_is_no_multiple_of_the_quiet_zone_is_read_all_the_same(quiet: int) -> None:
    assert read(drawn(quiet_modules=quiet)) == TEXT


def test_colours_are_read_too() -> None:
    assert read(drawn().convert("RGB")) == TEXT


def test_a_picture_that_is_not_square_is_read() -> None:
    wide = Image.new("L", (drawn().width + 3, drawn().height), 255)
    wide.paste(drawn(), (0, 0))
    assert read(wide) == TEXT


@pytest.mark.parametrize("spot", [(3, 0), (0, 3), (5, 5), (7, 7)])
def test_a_code_with_a_spot_is_no_picture_of_equal_squares_and_still_read(spot: tuple[int, int]) -> None:
    picture = drawn()
    at = 32 + spot[0], picture.height // 2 // 8 * 8 + spot[1]
    picture.putpixel(at, 255 - picture.getpixel(at))  # type: ignore[operator]  # a grey picture has one number a pixel
    assert read(picture) == TEXT


@pytest.mark.parametrize("module_px", [1, 2, 3, 4, 8, 16])
def test_a_second_code_of_any_size_is_seen(module_px: int) -> None:
    """Were squares taken for equal by some of their pixels, a code of smaller ones would vanish."""
    second = drawn(OTHER, module_px=module_px)
    assert read(beside(drawn(), second)) is None
    assert read(beside(second, drawn())) is None


@pytest.mark.parametrize("colour", [0, 255])
def test_a_picture_of_one_colour_holds_no_code(colour: int) -> None:
    assert read(Image.new("L", (64, 64), colour)) is None


def test_stripes_of_equal_squares_hold_no_code() -> None:
    stripes = Image.new("L", (64, 64), 255)
    for at in range(16, 64, 8):
        stripes.paste(0, (at, 16, at + 4, 60))
    assert read(stripes) is None

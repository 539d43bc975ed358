"""The QR code: what stands in it, how it is made, and that a reader we did not write reads it."""

from __future__ import annotations

import io
import random

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from qrcode import util  # type: ignore[import-untyped]
from qrcode.constants import ERROR_CORRECT_M  # type: ignore[import-untyped]
from qrcode.main import QRCode  # type: ignore[import-untyped]

from docgen.qr import QrError, QrErrorCode, encode, penalty, qr_png

ADDRESS = "https://lookup.example.invalid/l/14010013202590001"


def signed(size: int, seed: int = 1) -> str:
    payload = b"\x01" + random.Random(seed).randbytes(size - 1)  # noqa: S311 - test data
    return f"{ADDRESS}#{int.from_bytes(payload, 'big')}"


def library(text: str, version: int, mask: int) -> QRCode:
    """The same symbol by the library's own slow way."""
    made = QRCode(version=version, error_correction=ERROR_CORRECT_M, mask_pattern=mask)
    head, _, digits = text.partition("#")
    made.add_data(util.QRData(head + "#", mode=util.MODE_8BIT_BYTE), optimize=0)
    if digits:
        made.add_data(util.QRData(digits, mode=util.MODE_NUMBER), optimize=0)
    made.make(fit=False)
    return made


@pytest.mark.parametrize("size", [1, 30, 100, 160, 224, 264, 330, 600])
def test_the_symbol_equals_that_of_the_library_module_by_module(size: int) -> None:
    text = signed(size, seed=size)
    symbol = encode(text)
    made = library(text, symbol.version, symbol.mask)
    assert [[cell == "1" for cell in row] for row in symbol.rows] == made.modules
    assert penalty(symbol.rows) == util.lost_point(made.modules)


def test_the_mask_is_the_one_of_least_penalty() -> None:
    text = signed(230)
    symbol = encode(text)
    scores = [util.lost_point(library(text, symbol.version, mask).modules) for mask in range(8)]
    assert symbol.mask == scores.index(min(scores))


def test_the_smallest_version_is_taken_and_the_level_not_boosted() -> None:
    assert encode(signed(224)).version <= 12
    assert encode(signed(264)).version <= 13


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 400), st.integers(0, 2**32))
def test_a_reader_that_we_did_not_write_reads_it(size: int, seed: int) -> None:
    text = signed(size, seed)
    picture = Image.open(io.BytesIO(qr_png(text)))
    assert [found.text for found in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)] == [text]


def test_the_reader_finds_level_m() -> None:
    picture = Image.open(io.BytesIO(qr_png(signed(230))))
    found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)[0]
    assert found.ec_level == "M"


def test_the_picture_has_one_bit_eight_pixels_a_module_and_a_quiet_zone_of_four() -> None:
    text = signed(230)
    picture = Image.open(io.BytesIO(qr_png(text)))
    symbol = encode(text)
    side = (len(symbol.rows) + 8) * 8
    assert (picture.mode, picture.size) == ("1", (side, side))
    inner = side - 32
    assert all(picture.crop(box).getextrema() == (255, 255) for box in (
        (0, 0, side, 32), (0, inner, side, side), (0, 0, 32, side), (inner, 0, side, side)))
    assert qr_png(text) == qr_png(text)


def test_a_text_without_digits_is_one_byte_segment() -> None:
    picture = Image.open(io.BytesIO(qr_png("https://lookup.example.invalid/l/1?a=b")))
    assert zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)[0].text == "https://lookup.example.invalid/l/1?a=b"


@pytest.mark.parametrize(("text", "code"), [
    ("https://例.invalid/1#1", QrErrorCode.NOT_ASCII),
    (ADDRESS + "#" + "9" * 9000, QrErrorCode.TOO_LONG),
])
def test_what_no_symbol_can_carry_is_refused(text: str, code: QrErrorCode) -> None:
    with pytest.raises(QrError) as caught:
        qr_png(text)
    assert caught.value.code is code

"""Look at the QR code of a page: large enough, on a quiet ground, and read when the page is printed."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator

import zxingcpp
from PIL import Image as Pictures
from PIL import ImageDraw

from docgen.contrast import contrast
from docgen.design.findings import FindingCode
from docgen.floors import floors, floors_of
from docgen.ink import Box
from docgen.legibility import ground_of
from docgen.page import Document, GlyphRun, Image, Page, Path

__all__ = ["qr_faults"]

PRINT_DPI = 300
"""The resolution at which licences are printed and scanned at least."""

_ABOVE_EM = 0.82            # ink of a line above its baseline
_EDGE_MM = 0.3              # so near the edge of the square a drawing may come
_TOO_SMALL = 1e-3
_MM_AN_INCH = 25.4
_PAPER = (255, 255, 255)

Edges = tuple[float, float, float, float]


def qr_faults(document: Document, page: Page) -> Iterator[tuple[FindingCode, str, str]]:
    """What is wrong with the QR code of a page: code, Chinese and English sentence."""
    for item in page.items:
        if isinstance(item, Image) and item.role == "qr":
            least = floors_of(page)["qr_mm"]
            if item.width_mm < least - _TOO_SMALL:
                yield (FindingCode.QR_SMALL, f"二维码为 {item.width_mm:g} mm，这样大的页面上应不小于 {least} mm",
                       f"the QR code has {item.width_mm:g} mm; {least} mm is the least on a page of this size")
            square = Box(item.x_mm + _EDGE_MM, item.y_mm + _EDGE_MM, item.x_mm + item.width_mm - _EDGE_MM,
                         item.y_mm + item.height_mm - _EDGE_MM)
            drawn = [other for other in page.items if isinstance(other, Path)]
            under = ground_of(document, page).colours(square, drawn)
            if any(contrast(_PAPER, colour) >= floors()["ink"] for colour in under):
                yield (FindingCode.QR_ART, "二维码（含四周留白）压住了底图或边框的图案",
                       "the QR code with its quiet zone covers drawings of the artwork")
            if not _reads_back(page, item, document.images[item.name]):
                yield (FindingCode.QR_UNREAD, f"二维码按 {PRINT_DPI} dpi 打印后读不出来；请加大，并移开盖住它的内容",
                       f"printed at {PRINT_DPI} dpi the QR code is not read; make it larger and move what covers it")


def _reads_back(page: Page, code: Image, png: bytes) -> bool:
    """Whether the QR code (its picture: ``png``) still says what it holds with all that is drawn over it."""
    later = [_box(item) for item in page.items[page.items.index(code) + 1:]]
    seals = [stamp.visible for stamp in page.seals]
    over = [*later, *((one.x_mm, one.y_mm, one.x_mm + one.width_mm, one.y_mm + one.height_mm) for one in seals)]
    left, top, right, bottom = _box(code)
    moved = tuple((box[0] - left, box[1] - top, box[2] - left, box[3] - top) for box in over
                  if box[0] < right and left < box[2] and box[1] < bottom and top < box[3])
    return _printed_reads(png, code.width_mm, moved)


def _box(item: GlyphRun | Path | Image) -> Edges:
    """What an item covers, as a rectangle: left, top, right, bottom."""
    if isinstance(item, GlyphRun):
        return (item.xs_mm[0], item.y_mm - _ABOVE_EM * item.size_mm, item.xs_mm[0] + item.width_mm, item.y_mm)
    if isinstance(item, Image):
        return (item.x_mm, item.y_mm, item.x_mm + item.width_mm, item.y_mm + item.height_mm)
    xs = [value for segment in item.segments for value in segment.args[::2]]
    ys = [value for segment in item.segments for value in segment.args[1::2]]
    return (min(xs), min(ys), max(xs), max(ys))


@functools.lru_cache(maxsize=32)
def _printed_reads(png: bytes, size_mm: float, over: tuple[Edges, ...]) -> bool:
    """Print the picture at a size with black rectangles over it, and compare what is read with what it holds."""
    pixels = PRINT_DPI / _MM_AN_INCH
    side = round(size_mm * pixels)
    whole = Pictures.open(io.BytesIO(png)).convert("L")
    printed = whole.resize((side, side), Pictures.Resampling.BOX)
    pen = ImageDraw.Draw(printed)
    for box in over:
        pen.rectangle([round(edge * pixels) for edge in box], fill=0)
    wanted = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
    texts = [[one.text for one in zxingcpp.read_barcodes(picture, formats=wanted)] for picture in (whole, printed)]
    return len(texts[0]) == 1 and texts[0] == texts[1]

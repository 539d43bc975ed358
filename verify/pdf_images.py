"""Reads the pictures of a rendition: size, colour, soft mask; pixels are decoded on demand.

Supported: a baseline JPEG (DCTDecode) of exactly its size; FlateDecode, with or without a PNG predictor, 1 or 8 bits,
grey or RGB (also by an ICC profile of that many channels) or a palette, and an 8-bit soft mask of the same size.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import Final

from PIL import Image

from certs.sm3 import sm3
from codes.jpeg import jpeg_facts
from verify.jpeg import jpeg_bitmap, jpeg_size
from verify.model import Bitmap
from verify.pdf_file import PdfFile
from verify.pdf_keys import check_keys
from verify.pdf_objects import Dict, Name, Object, PdfString, Stream
from verify.pdf_reasons import PdfRefusal
from verify.png import SIDE_LIMIT, png_bitmap

__all__ = ["PdfImage", "read_image"]

MAX_PIXELS: Final = 12_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """Samples as stored: one colour plane or one mask."""

    raw: bytes
    deflated: bool
    predictor: bool
    width: int
    height: int
    channels: int
    bits: int
    palette: bytes = b""               # RGB triples; "" when the samples are the colours
    jpeg: bool = False                 # the samples are a baseline JPEG

    def samples(self) -> Image.Image:
        """The pixels as a Pillow picture of mode 1, L, P or RGB.

        Raises:
            ValueError: damaged, or not exactly as long as its size says.
        """
        if self.jpeg:
            made = jpeg_bitmap(self.raw)
            return Image.frombytes(made.mode, (made.width, made.height), made.data)
        row = (self.width * self.channels * self.bits + 7) // 8
        mode = {(1, 1): "1", (1, 8): "L", (3, 8): "RGB"}[self.channels, self.bits]
        if self.predictor:
            return _from_png(self, row)
        data = _inflate(self.raw, row * self.height) if self.deflated else self.raw
        if len(data) != row * self.height:
            raise ValueError("picture size")
        return Image.frombytes(mode, (self.width, self.height), data)


    @property
    def is_bilevel(self) -> bool:
        """Whether these are the pixels of a small black and white PNG, such as a QR code's."""
        return (self.predictor and self.deflated and (self.channels, self.bits, self.palette) == (1, 1, b"")
                and max(self.width, self.height) <= SIDE_LIMIT)

    def bilevel(self) -> Bitmap:
        """The pixels of a black and white PNG; the same code in both halves of a package is decoded once.

        Raises:
            ValueError: damaged, or not exactly as long as its size says.
        """
        return png_bitmap(_png_of(self, (self.width + 7) // 8))


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfImage:
    """One picture XObject."""

    name: str
    plane: Plane
    mask: Plane | None
    digest: str
    sm3: str = ""                      # of a JPEG: hex digest of its file

    def bitmap(self) -> Bitmap:
        """Decode the pixels.

        Raises:
            ValueError: the picture is damaged.
        """
        try:
            if self.mask is None and self.plane.is_bilevel:
                return self.plane.bilevel()
            colour = self.plane.samples()
            if self.plane.palette:
                colour = _with_palette(colour, self.plane.palette)
            elif colour.mode == "1":
                colour = colour.convert("L")
            alpha = self.mask.samples().tobytes() if self.mask else None
        except (zlib.error, OSError, SyntaxError, KeyError) as error:
            raise ValueError("picture cannot be decoded") from error
        return Bitmap(width=self.plane.width, height=self.plane.height, mode=colour.mode,
                      data=colour.tobytes(), alpha=alpha)


def read_image(file: PdfFile, stream: Stream, where: str) -> PdfImage:
    """Read a picture's dictionary.

    Raises:
        PdfRefusal: ``pdf.image`` for a form that we do not write.
    """
    plane = _plane(file, stream, where)
    mask: Plane | None = None
    stored = sha256(stream.raw)
    soft = file.get(stream.entries.get("SMask"))
    if soft is not None:
        if not isinstance(soft, Stream) or "SMask" in soft.entries:
            raise PdfRefusal("pdf.image", where)
        mask = _plane(file, soft, where)
        if (mask.channels, mask.bits, mask.palette, mask.jpeg) != (1, 8, b"", False) or (
                (mask.width, mask.height) != (plane.width, plane.height)):
            raise PdfRefusal("pdf.image", where)
        stored.update(soft.raw)
    if plane.jpeg and mask is not None:
        raise PdfRefusal("pdf.image", where)
    for each in (plane, mask):
        stored.update(repr(each and (each.deflated, each.predictor, each.width, each.height, each.channels, each.bits,
                                     each.palette, each.jpeg)).encode())
    return PdfImage(name=where, plane=plane, mask=mask, digest=stored.hexdigest(),
                    sm3=sm3(stream.raw).hex() if plane.jpeg else "")


def _plane(file: PdfFile, stream: Stream, where: str) -> Plane:
    entries = stream.entries
    check_keys(entries, "Image", where)
    width, height = entries.get("Width"), entries.get("Height")
    bits = entries.get("BitsPerComponent")
    if type(width) is not int or type(height) is not int or bits not in (1, 8) or type(bits) is not int:
        raise PdfRefusal("pdf.image", where)
    if entries.get("Subtype") != "Image" or width < 1 or height < 1:
        raise PdfRefusal("pdf.image", where)
    if width * height > MAX_PIXELS:
        raise PdfRefusal("pdf.too-large", where)
    channels, palette = _colours(file, entries.get("ColorSpace"), where)
    if channels == 3 and bits == 1:
        raise PdfRefusal("pdf.image", where)
    filters = file.get(entries.get("Filter"))
    if isinstance(filters, list) and len(filters) == 1:
        filters = filters[0]
    if filters == "DCTDecode":
        if "DecodeParms" in entries or palette or bits != 8 or jpeg_size(stream.raw) != (width, height) or (
                jpeg_facts(stream.raw).components != channels):
            raise PdfRefusal("pdf.image", where)
        return Plane(raw=stream.raw, deflated=False, predictor=False, width=width, height=height, channels=channels,
                     bits=bits, jpeg=True)
    if filters is not None and filters != "FlateDecode":
        raise PdfRefusal("pdf.image", where)
    predictor = _predictor(file, entries, (channels, bits, width), where)
    return Plane(raw=stream.raw, deflated=filters is not None, predictor=predictor, width=width,
                 height=height, channels=channels, bits=bits, palette=palette)


def _predictor(file: PdfFile, entries: Dict, shape: tuple[int, int, int], where: str) -> bool:
    parameters = file.get(entries.get("DecodeParms"))
    if isinstance(parameters, list) and len(parameters) == 1:
        parameters = file.get(parameters[0])
    if parameters is None:
        return False
    check_keys(parameters, "DecodeParms", where)
    if not isinstance(parameters, dict) or parameters.get("Predictor", 1) not in (1, 10, 11, 12, 13, 14, 15):
        raise PdfRefusal("pdf.image", where)
    told = tuple(parameters.get(key, default) for key, default in
                 (("Colors", 1), ("BitsPerComponent", 8), ("Columns", 1)))
    if parameters.get("Predictor", 1) == 1:
        return False
    if told != shape:
        raise PdfRefusal("pdf.image", where)
    return True


def _colours(file: PdfFile, value: Object, where: str) -> tuple[int, bytes]:
    """Channels of a colour space, and the palette of an Indexed one."""
    space = file.get(value)
    if isinstance(space, Name):
        channels = {"DeviceGray": 1, "DeviceRGB": 3}.get(space)
        if channels:
            return channels, b""
    elif isinstance(space, list) and space and space[0] == "ICCBased" and len(space) == 2:
        profile = file.get(space[1])
        if isinstance(profile, Stream):
            check_keys(profile.entries, "ICC", where)
            if profile.entries.get("N") in (1, 3):
                return (1 if profile.entries["N"] == 1 else 3), b""
    elif isinstance(space, list) and len(space) == 4 and space[0] == "Indexed":
        channels, _ = _colours(file, space[1], where)
        table = file.get(space[3])
        data = table.value if isinstance(table, PdfString) else b""
        if isinstance(table, Stream):
            data = file.decode(table, where, 768)
        if channels == 3 and type(space[2]) is int and len(data) == 3 * (space[2] + 1) <= 768:
            return 1, data
    raise PdfRefusal("pdf.image", where)


def _inflate(raw: bytes, size: int) -> bytes:
    inflater = zlib.decompressobj()
    data = inflater.decompress(raw, size + 1)
    if len(data) != size or not inflater.eof or inflater.unused_data:
        raise ValueError("picture size")
    return data


def _from_png(plane: Plane, row: int) -> Image.Image:
    """Undo PNG predictors by Pillow's own reader."""
    with Image.open(BytesIO(_png_of(plane, row)), formats=("PNG",)) as picture:
        picture.load()
        return picture.copy()


def _png_of(plane: Plane, row: int) -> bytes:
    """A PNG whose IDAT are the stored bytes as they stand."""
    if len(_inflate(plane.raw, (row + 1) * plane.height)) != (row + 1) * plane.height:
        raise ValueError("picture size")
    kind = 0 if plane.channels == 1 else 2
    header = struct.pack(">2L5B", plane.width, plane.height, plane.bits, kind, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", plane.raw), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(name + data))
        for name, data in chunks)


def _with_palette(picture: Image.Image, palette: bytes) -> Image.Image:
    """RGB of palette indices; an index beyond the palette is refused."""
    single = picture.mode == "1"
    indices = picture.convert("L").point(lambda value: 1 if value else 0) if single else picture
    low_high = indices.getextrema()
    if not isinstance(low_high[1], int | float) or (low_high[1] + 1) * 3 > len(palette):
        raise ValueError("palette")
    made = Image.frombytes("P", indices.size, indices.tobytes())
    made.putpalette(palette)
    return made.convert("RGB")

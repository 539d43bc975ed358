"""The QR code of a licence: one symbol, a byte segment for the address and a numeric one for the digits.

GB/T 18284 (ISO/IEC 18004), error correction M, never boosted. Tables, function patterns and format bits
come from the library ``qrcode``; encoding, error correction and the choice of the mask are done here on
whole symbols held as integers, which makes the automatic mask (all eight tried and weighed, as the
standard asks) cheaper than the library's fixed one: about a millisecond for version 13.
"""

from __future__ import annotations

import enum
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, zip_longest
from operator import itemgetter

from qrcode import base, util  # type: ignore[import-untyped]
from qrcode.constants import ERROR_CORRECT_M  # type: ignore[import-untyped]
from qrcode.main import QRCode  # type: ignore[import-untyped]

from codes.errors import EngineError

__all__ = ["QrError", "QrErrorCode", "Symbol", "encode", "penalty", "qr_png"]

_SIGNED = re.compile(r"([^#]*#)([0-9]+)")
_TRIPLES = tuple(format(number, "010b") for number in range(1000))
_PIXELS = bytes.maketrans(b"01", b"\xff\x00")


class QrErrorCode(enum.StrEnum):
    """Why no QR code can be drawn."""

    NOT_ASCII = "qr.not-ascii"
    TOO_LONG = "qr.too-long"


class QrError(EngineError):
    """A text that no QR code of level M can carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """One QR symbol without its quiet zone; ``rows`` hold ``1`` for a dark module, ``0`` for a light one."""

    version: int
    mask: int
    rows: tuple[str, ...]


def qr_png(text: str, *, module_px: int = 8, quiet_modules: int = 4) -> bytes:
    """Draw the QR code of a text as a 1-bit greyscale PNG.

    Args:
        text: address, ``#``, digits; or any other ASCII text, which then is one byte segment.
        module_px: pixels a module, a multiple of 8 so that a module is whole bytes.
        quiet_modules: light modules on every side; the standard asks for 4.

    Raises:
        QrError: ``qr.not-ascii`` or ``qr.too-long``.

    Source: GB/T 18284; the two segments: the project's signed QR payload.
    """
    if module_px <= 0 or module_px % 8:
        raise ValueError("module_px must be a positive multiple of 8")
    rows = encode(text).rows
    quiet = "0" * quiet_modules
    side = len(rows) + 2 * quiet_modules
    width = side * module_px
    repeats = module_px // 8
    lines: list[bytes] = []
    light = "0" * side
    for row in (*[light] * quiet_modules, *(quiet + row + quiet for row in rows), *[light] * quiet_modules):
        pixels = row.encode("ascii").translate(_PIXELS)
        if repeats > 1:
            pixels = b"".join(pixels[i:i + 1] * repeats for i in range(side))
        lines.append(b"\x00" + pixels)                       # the first line as it is
        lines.append((b"\x02" + bytes(len(pixels))) * (module_px - 1))   # the others: no change (filter Up)
    header = struct.pack(">IIBBBBB", width, width, 1, 0, 0, 0, 0)
    body = zlib.compress(b"".join(lines), 4)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def encode(text: str) -> Symbol:
    """Encode a text at level M with the smallest version and the mask of least penalty.

    Raises:
        QrError: ``qr.not-ascii`` or ``qr.too-long``.
    """
    if not text.isascii():
        raise QrError(QrErrorCode.NOT_ASCII, "二维码内容只能是 ASCII 字符；请检查二维码地址",
                      "a QR code here carries ASCII only; check the address")
    match = _SIGNED.fullmatch(text)
    head, digits = (match[1], match[2]) if match else (text, "")
    version, bits = _fit(text, head.encode("ascii"), digits)
    layout = _layout(version)
    stream = _codewords(bits, version)
    source = format(int.from_bytes(stream, "big"), f"0{8 * len(stream)}b") + "0" * layout.remainder + "01"
    by_row = int("".join(layout.by_row(source)), 2)
    by_column = int("".join(layout.by_column(source)), 2)
    _, mask, modules = min(
        (_penalty(by_row ^ across, by_column ^ down, layout.frame), mask, by_row ^ across)
        for mask, (across, down) in enumerate(zip(layout.row_masks, layout.column_masks, strict=True)))
    size, stride = layout.frame.size, layout.frame.stride
    flat = format(modules, f"0{size * stride}b")
    rows = tuple(flat[i * stride:i * stride + size] for i in range(size))
    return Symbol(version=version, mask=mask, rows=rows)


def _fit(text: str, head: bytes, digits: str) -> tuple[int, str]:
    """The smallest version that takes both segments, and their bits (without terminator and padding)."""
    body = format(int.from_bytes(head, "big"), f"0{8 * len(head)}b") if head else ""
    whole = len(digits) - len(digits) % 3
    number = "".join([_TRIPLES[int(digits[i:i + 3])] for i in range(0, whole, 3)])
    if whole < len(digits):
        rest = digits[whole:]
        number += format(int(rest), "04b" if len(rest) == 1 else "07b")
    for first, last, byte_bits, digit_bits in ((1, 9, 8, 10), (10, 26, 16, 12), (27, 40, 16, 14)):
        parts = []
        if head:
            parts.append("0100" + format(len(head), f"0{byte_bits}b") + body)
        if digits:
            parts.append("0001" + format(len(digits), f"0{digit_bits}b") + number)
        bits = "".join(parts)
        if len(head) >> byte_bits or len(digits) >> digit_bits:
            continue
        for version in range(first, last + 1):
            if len(bits) <= 8 * _capacity(version):
                return version, bits
    raise QrError(QrErrorCode.TOO_LONG, f"二维码内容共 {len(text)} 个字符，超出容量；请缩短地址",
                  f"the QR text of {len(text)} characters does not fit; shorten the address")


@lru_cache(maxsize=40)
def _blocks(version: int) -> tuple[tuple[int, int], ...]:
    """(data codewords, error correction codewords) of each block of a version at level M."""
    return tuple((block.data_count, block.total_count - block.data_count)
                 for block in base.rs_blocks(version, ERROR_CORRECT_M))


def _capacity(version: int) -> int:
    return sum(data for data, _ in _blocks(version))


def _codewords(bits: str, version: int) -> bytes:
    """Terminate and pad the bits, add error correction to each block, interleave the blocks."""
    room = 8 * _capacity(version)
    bits += "0" * min(4, room - len(bits))
    bits += "0" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big")
    data += (b"\xec\x11" * (room // 16 + 1))[:room // 8 - len(data)]
    blocks, checks, at = [], [], 0
    for count, correction in _blocks(version):
        block = data[at:at + count]
        at += count
        blocks.append(block)
        checks.append(_remainder(block, correction))
    interleaved = [word for word in chain.from_iterable(zip_longest(*blocks)) if word is not None]
    return bytes(interleaved) + bytes(chain.from_iterable(zip(*checks, strict=True)))


@lru_cache(maxsize=32)
def _multiples(count: int) -> tuple[int, ...]:
    """The generator polynomial of ``count`` check bytes times each field element, leading term left out."""
    polynomial = [1]
    for power in range(count):
        root, shifted = base.gexp(power), [*polynomial, 0]
        for index, term in enumerate(polynomial):
            shifted[index + 1] ^= _product(term, root)
        polynomial = shifted
    return tuple(int.from_bytes(bytes(_product(term, factor) for term in polynomial[1:]), "big")
                 for factor in range(256))


def _product(left: int, right: int) -> int:
    return base.gexp((base.glog(left) + base.glog(right)) % 255) if left and right else 0


def _remainder(block: bytes, count: int) -> bytes:
    multiples, shift = _multiples(count), 8 * (count - 1)
    keep, rest = (1 << shift) - 1, 0
    for word in block:
        rest = (rest & keep) << 8 ^ multiples[rest >> shift ^ word]
    return rest.to_bytes(count, "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """Masks over a symbol held as one integer: rows of ``size`` modules, then one idle bit a row."""

    size: int
    stride: int
    pairs: int        # modules that have a left neighbour
    blocks: int       # modules that have a left and an upper neighbour
    windows: int      # modules at which a window of eleven ends
    cells: int        # all modules


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Where the bits of one version go, in row order and in column order."""

    frame: _Frame
    remainder: int
    by_row: Callable[[str], tuple[str, ...]]
    by_column: Callable[[str], tuple[str, ...]]
    row_masks: tuple[int, ...]
    column_masks: tuple[int, ...]


def _frame(size: int) -> _Frame:
    def bits(first_row: int, first_column: int) -> int:
        row = "0" * first_column + "1" * (size - first_column) + "0"
        return int(("0" * (size + 1)) * first_row + row * (size - first_row), 2)
    return _Frame(size=size, stride=size + 1, pairs=bits(0, 1), blocks=bits(1, 1), windows=bits(0, 10),
                  cells=bits(0, 0))


@lru_cache(maxsize=40)
def _layout(version: int) -> _Layout:
    blank = QRCode(version=version, error_correction=ERROR_CORRECT_M)
    size = blank.modules_count = 4 * version + 17
    blank.modules = [[None] * size for _ in range(size)]
    blank.setup_position_probe_pattern(0, 0)
    blank.setup_position_probe_pattern(size - 7, 0)
    blank.setup_position_probe_pattern(0, size - 7)
    blank.setup_position_adjust_pattern()
    blank.setup_timing_pattern()
    formats = []
    for mask in range(8):                       # the last one's format bits stay in `fixed`
        blank.setup_type_info(False, mask)
        formats.append([row[:] for row in blank.modules])
    if version >= 7:
        blank.setup_type_number(False)
    fixed = blank.modules
    order = _zigzag(fixed)
    total = 8 * sum(data + correction for data, correction in _blocks(version))
    place = {cell: index for index, cell in enumerate(order)}
    source = [[place.get((r, c), len(order) + bool(fixed[r][c])) for c in range(size)] for r in range(size)]
    idle = len(order)
    flips = [_flips(mask, fixed, formats[mask]) for mask in range(8)]
    return _Layout(
        frame=_frame(size), remainder=len(order) - total,
        by_row=itemgetter(*[i for row in source for i in (*row, idle)]),
        by_column=itemgetter(*[i for column in zip(*source, strict=True) for i in (*column, idle)]),
        row_masks=tuple(_integer(table) for table in flips),
        column_masks=tuple(_integer([list(c) for c in zip(*table, strict=True)]) for table in flips))


def _zigzag(fixed: list[list[bool | None]]) -> list[tuple[int, int]]:
    """The data modules in the order in which the bits are placed."""
    size, order, upwards = len(fixed), [], True
    for right in (*range(size - 1, 6, -2), *range(5, 0, -2)):
        for row in range(size - 1, -1, -1) if upwards else range(size):
            order += [(row, column) for column in (right, right - 1) if fixed[row][column] is None]
        upwards = not upwards
    return order


def _flips(mask: int, fixed: list[list[bool | None]], formats: list[list[bool | None]]) -> list[list[bool]]:
    """What a mask turns over: data modules by its pattern, and the format bits that differ from `fixed`."""
    pattern = util.mask_func(mask)
    size = len(fixed)
    return [[bool(pattern(r, c)) if fixed[r][c] is None else formats[r][c] not in (None, fixed[r][c])
             for c in range(size)] for r in range(size)]


def _integer(table: list[list[bool]]) -> int:
    return int("".join("".join("1" if cell else "0" for cell in row) + "0" for row in table), 2)


def penalty(rows: tuple[str, ...]) -> int:
    """The penalty of a symbol (GB/T 18284, evaluation of masking results: N1 3, N2 3, N3 40, N4 10)."""
    columns = tuple("".join(column) for column in zip(*rows, strict=True))
    return _penalty(int("0".join(rows) + "0", 2), int("0".join(columns) + "0", 2), _frame(len(rows)))


def _penalty(by_row: int, by_column: int, frame: _Frame) -> int:
    score = _runs_and_finders(by_row, frame) + _runs_and_finders(by_column, frame)
    left = ~(by_row ^ by_row >> 1)
    up = ~(by_row ^ by_row >> frame.stride)
    score += 3 * (left & left >> frame.stride & up & frame.blocks).bit_count()
    share = 100 * by_row.bit_count() / frame.size ** 2
    return score + 10 * int(abs(share - 50) / 5)


def _runs_and_finders(bits: int, frame: _Frame) -> int:
    """N1 and N3 along one direction."""
    same = ~(bits ^ bits >> 1) & frame.pairs
    two = same & same >> 1
    four = two & two >> 2                       # a run of n >= 5 leaves n - 4 bits here and scores n - 2
    score = four.bit_count() + 2 * (four & ~(four << 1)).bit_count()
    clear = ~bits & frame.cells
    quiet = clear & clear >> 1
    quiet &= quiet >> 2                                                  # four light modules
    core = bits & clear >> 1 & bits >> 2 & bits >> 3 & bits >> 4 & clear >> 5 & bits >> 6    # 1011101
    found = (core & quiet >> 7).bit_count() + (core >> 4 & quiet & frame.windows).bit_count()
    return score + 40 * found

"""Content operators for text (ISO 32000-2, 9.3 and 9.4): where each glyph stands and whether one sees it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from verify.pdf_canvas import IDENTITY, Box, PaintedText, multiply
from verify.pdf_fonts import Cell, PdfFont
from verify.pdf_graphics import GraphicsOperators, Operand, matrix_of, name_of, numbers_of
from verify.pdf_objects import Name

__all__ = ["TextOperators", "parts_of"]

_CLEAR: Final = 0.2                     # alpha below this cannot be read
_WHITE: Final = 0.9                     # all channels above this: not to be seen on paper
_TINY_PT: Final = 1.5
_SKEW: Final = 1e-6
_CODE: Final = 4                        # hex digits of a two-byte code
_PARTS: Final = re.compile(rb"(?:<([0-9A-Fa-f]*+)>[ \n]*+)?([-+.\d]*+)")


def parts_of(body: bytes) -> list[tuple[bytes, bytes]]:
    """What stands between the brackets of a ``TJ``: pairs of a string in hex and the number after it, either empty."""
    return _PARTS.findall(body)


class TextOperators(GraphicsOperators):
    """Text operators. ``texts`` collects what is shown."""

    def begin_text(self, _: list[Operand]) -> None:
        """``BT``."""
        if self.state.in_text:
            raise self.refusal("BT")
        self.state.in_text = True
        self.state.text_matrix = self.state.line_matrix = IDENTITY

    def end_text(self, _: list[Operand]) -> None:
        """``ET``."""
        if not self.state.in_text:
            raise self.refusal("ET")
        self.state.in_text = False

    def select_font(self, operands: list[Operand]) -> None:
        """``Tf``."""
        name = name_of(operands[0])
        (size,) = numbers_of(operands[1:])
        self.state.font, self.state.font_name, self.state.size = self.here().font(name), name, size

    def char_space(self, operands: list[Operand]) -> None:
        """``Tc``."""
        self.state.char_space = numbers_of(operands)[0]

    def word_space(self, operands: list[Operand]) -> None:
        """``Tw``: never applies to two-byte codes."""

    def scale(self, operands: list[Operand]) -> None:
        """``Tz``."""
        self.state.scale = numbers_of(operands)[0] / 100

    def leading(self, operands: list[Operand]) -> None:
        """``TL``."""
        self.state.leading = numbers_of(operands)[0]

    def rise(self, operands: list[Operand]) -> None:
        """``Ts``."""
        self.state.rise = numbers_of(operands)[0]

    def mode(self, operands: list[Operand]) -> None:
        """``Tr``."""
        self.state.mode = numbers_of(operands)[0]

    def text_move(self, operands: list[Operand]) -> None:
        """``Td``."""
        x, y = numbers_of(operands)
        self.state.line_matrix = multiply((1.0, 0.0, 0.0, 1.0, x, y), self.state.line_matrix)
        self.state.text_matrix = self.state.line_matrix

    def text_move_leading(self, operands: list[Operand]) -> None:
        """``TD``."""
        self.state.leading = -numbers_of(operands)[1]
        self.text_move(operands)

    def text_next_line(self, _: list[Operand]) -> None:
        """``T*``."""
        self.text_move([0.0, -self.state.leading])

    def set_text_matrix(self, operands: list[Operand]) -> None:
        """``Tm``."""
        self.state.text_matrix = self.state.line_matrix = matrix_of(operands)

    def show(self, operands: list[Operand]) -> None:
        """``Tj``."""
        code = operands[0]
        if not isinstance(code, bytes):
            raise self.refusal("Tj")
        self.show_parts([(code.hex().encode(), b"")])

    def show_array(self, operands: list[Operand]) -> None:
        """``TJ`` whose strings are literal; one with hex strings is read whole, see ``show_hex``."""
        array = operands[0]
        if not isinstance(array, list):
            raise self.refusal("TJ")
        parts: list[tuple[bytes, bytes]] = []
        for part in array:
            if not isinstance(part, bytes | float):
                raise self.refusal("TJ")
            text = isinstance(part, bytes)
            parts.append((part.hex().encode(), b"") if text else (b"", repr(part).encode()))
        self.show_parts(parts)

    def show_hex(self, body: bytes) -> None:
        """``TJ`` of hex strings and numbers: the bytes between its brackets."""
        self.show_parts(parts_of(body))

    def text_line(self, font: Name, size: float, x: float, y: float, parts: Sequence[tuple[bytes, bytes]]) -> None:
        """``BT``, ``Tf``, ``Td``, ``Tj`` or ``TJ``, ``ET``: a whole line, as ours write each."""
        state = self.state
        if state.in_text:
            raise self.refusal("BT")
        state.font, state.font_name, state.size = self.here().font(font), font, size
        state.in_text = True
        state.text_matrix = state.line_matrix = (1.0, 0.0, 0.0, 1.0, x, y)
        self.show_parts(parts)
        state.in_text = False

    def show_parts(self, parts: Sequence[tuple[bytes, bytes]]) -> None:
        """Place the glyphs of one Tj or TJ (9.4.4): pairs of a string in hex and the number after it, either empty."""
        state = self.state
        font = state.font
        if font is None or not state.in_text:
            raise self.refusal("Tj")
        known = font.cells.get
        cells: list[Cell] = []
        places: list[float] = []
        x, unit = 0.0, state.size * state.scale / 1000
        space = state.char_space * state.scale
        for code, number in parts:
            cell = known(code)
            if cell is not None:
                cells.append(cell)
                places.append(x)
                x += cell[1] * unit + space
            elif len(code) % _CODE:
                raise self.refusal("Tj")
            else:
                for start in range(0, len(code), _CODE):
                    piece = code[start:start + _CODE]
                    cell = known(piece) or font.cell(piece)
                    cells.append(cell)
                    places.append(x)
                    x += cell[1] * unit + space
            if number:
                x -= float(number) * unit
        if cells:
            self.keep_text(font, cells, places, x)
        a, b, c, d, e, f = state.text_matrix
        state.text_matrix = (a, b, c, d, x * a + e, x * b + f)

    def keep_text(self, font: PdfFont, cells: list[Cell], places: list[float], end: float) -> None:
        """Keep what was shown, in page points."""
        state = self.state
        a, b, c, d, e, f = multiply(state.text_matrix, state.ctm)
        e, f = state.rise * c + e, state.rise * d + f
        turned = abs(b) > _SKEW or abs(c) > _SKEW or a <= 0 or d <= 0 or state.scale <= 0 or state.size <= 0
        size = abs(state.size * d)
        end_x = a * end + e
        middle = Box(a * min(places) + e, f, max(end_x, a * max(places) + e), f + 0.7 * size)
        hidden = (state.mode != 0 or state.alpha < _CLEAR or min(state.rgb) > _WHITE or size < _TINY_PT
                  or state.odd_clip or not middle.inside(state.clip, 0.3 * size))
        chars, _, glyphs = zip(*cells, strict=True)
        self.texts.append(PaintedText("".join(chars), e, a, places, f, size, end_x, font, state.font_name,
                                      glyphs, state.rgb, hidden, turned, self.next_order()))

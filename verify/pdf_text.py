"""Content operators for text (ISO 32000-2, 9.3 and 9.4): where each glyph stands and whether one sees it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from verify.pdf_canvas import IDENTITY, PaintedText, multiply
from verify.pdf_fonts import Cell, Line, PdfFont
from verify.pdf_graphics import GraphicsOperators, Operand, matrix_of, name_of, numbers_of
from verify.pdf_objects import Name

__all__ = ["TextOperators"]

_CLEAR: Final = 0.2                     # alpha below this cannot be read
_WHITE: Final = 0.9                     # all channels above this: not to be seen on paper
_TINY_PT: Final = 1.5
_SKEW: Final = 1e-6
_CODE: Final = 4                        # hex digits of a two-byte code
_KNOWN_LINE: Final = 2048               # bytes of a line that is remembered
_KNOWN_LINES: Final = 500               # of a font
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

    def text_line(self, name: Name, size: float, x: float, y: float, body: bytes, *, whole: bool) -> None:
        """``BT``, ``Tf``, ``Td``, ``Tj`` or ``TJ``, ``ET``: a whole line, as ours write each.

        Args:
            body: what is shown: the digits of one string (``whole``), or what stands between the brackets of a ``TJ``.
        """
        state = self.state
        if state.in_text:
            raise self.refusal("BT")
        font = self.here().font(name)
        state.font, state.font_name, state.size = font, name, size
        state.text_matrix = state.line_matrix = (1.0, 0.0, 0.0, 1.0, x, y)
        shown = body, whole, size * state.scale / 1000, state.char_space * state.scale
        line = font.lines.get(shown)
        if line is None:
            line = self.placed([(body, b"")] if whole else parts_of(body))
            if len(body) <= _KNOWN_LINE and len(font.lines) < _KNOWN_LINES:
                font.lines[shown] = line
        self.show_line(font, line)

    def show_parts(self, parts: Sequence[tuple[bytes, bytes]]) -> None:
        """Show the glyphs of one Tj or TJ: pairs of a string in hex and the number after it, either empty."""
        if self.state.font is None or not self.state.in_text:
            raise self.refusal("Tj")
        self.show_line(self.state.font, self.placed(parts))

    def placed(self, parts: Sequence[tuple[bytes, bytes]]) -> Line:
        """Place the glyphs of one Tj or TJ (9.4.4)."""
        state = self.state
        font = state.font
        if font is None:
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
        chars, _, glyphs = zip(*cells, strict=True) if cells else ((), (), ())
        return Line("".join(chars), places, glyphs, x)

    def show_line(self, font: PdfFont, line: Line) -> None:
        """Keep what was placed, and go on behind it."""
        if line.places:
            self.keep_text(font, line)
        a, b, c, d, e, f = self.state.text_matrix
        self.state.text_matrix = (a, b, c, d, line.end * a + e, line.end * b + f)

    def keep_text(self, font: PdfFont, line: Line) -> None:
        """Keep what was shown, in page points."""
        state = self.state
        a, b, c, d, e, f = multiply(state.text_matrix, state.ctm)
        e, f = state.rise * c + e, state.rise * d + f
        turned = abs(b) > _SKEW or abs(c) > _SKEW or a <= 0 or d <= 0 or state.scale <= 0 or state.size <= 0
        size = abs(state.size * d)
        places, end_x = line.places, a * line.end + e
        left, bottom, right, top = state.clip
        slack = 0.3 * size
        seen = (a * min(places) + e >= left - slack and max(end_x, a * max(places) + e) <= right + slack
                and f >= bottom - slack and f + 0.7 * size <= top + slack)
        hidden = (state.mode != 0 or state.alpha < _CLEAR or min(state.rgb) > _WHITE or size < _TINY_PT
                  or state.odd_clip or not seen)
        self.texts.append(PaintedText(line.chars, e, a, places, f, size, end_x, font, state.font_name, line.glyphs,
                                      state.rgb, hidden, turned, self.next_order()))

"""Content operators for text (ISO 32000-2, 9.3 and 9.4): where each glyph stands and whether one sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from verify.pdf_canvas import IDENTITY, Box, PaintedText, multiply
from verify.pdf_fonts import PdfFont
from verify.pdf_graphics import GraphicsOperators, Operand, matrix_of, name_of, numbers_of
from verify.pdf_reasons import PdfRefusal

__all__ = ["TextOperators"]

_CLEAR: Final = 0.2                     # alpha below this cannot be read
_WHITE: Final = 0.9                     # all channels above this: not to be seen on paper
_TINY_PT: Final = 1.5


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
        self.show_parts(operands)

    def show_array(self, operands: list[Operand]) -> None:
        """``TJ``."""
        if not isinstance(operands[0], list):
            raise self.refusal("TJ")
        self.show_parts(operands[0])

    def show_parts(self, parts: Sequence[Operand]) -> None:
        """Place the glyphs of one Tj or TJ (9.4.4: displacement of each glyph)."""
        state = self.state
        font = state.font
        if font is None or not state.in_text:
            raise self.refusal("Tj")
        widths, default = font.widths, font.default_width
        cids: list[int] = []
        places: list[float] = []
        x, unit = 0.0, state.size * state.scale / 1000
        space = state.char_space * state.scale
        for part in parts:
            if type(part) is float:
                x -= part * unit
                continue
            if not isinstance(part, bytes) or len(part) % 2:
                raise self.refusal("Tj")
            for high, low in zip(part[::2], part[1::2], strict=True):
                cid = high << 8 | low
                cids.append(cid)
                places.append(x)
                x += widths.get(cid, default) * unit + space
        if cids:
            self.keep_text(font, cids, places, x)
        state.text_matrix = multiply((1.0, 0.0, 0.0, 1.0, x, 0.0), state.text_matrix)

    def keep_text(self, font: PdfFont, cids: list[int], places: list[float], end: float) -> None:
        """Keep what was shown, in page points."""
        state = self.state
        a, b, c, d, e, f = multiply((1.0, 0.0, 0.0, 1.0, 0.0, state.rise),
                                    multiply(state.text_matrix, state.ctm))
        turned = abs(b) > 1e-6 or abs(c) > 1e-6 or a <= 0 or d <= 0 or state.scale <= 0 or state.size <= 0
        size = abs(state.size * d)
        chars = [font.chars.get(cid, "") for cid in cids]
        for cid, char in zip(cids, chars, strict=True):
            if not char:
                raise PdfRefusal("pdf.to-unicode", self.here().where)
            if not font.proves(cid, char):
                raise PdfRefusal("pdf.glyph-mismatch", self.here().where, char=f"U+{ord(char):04X}")
        xs = tuple([a * place + e for place in places])
        end_x = a * end + e
        middle = Box(min(xs), f, max(end_x, xs[-1]), f + 0.7 * size)
        hidden = (state.mode != 0 or state.alpha < _CLEAR or min(state.rgb) > _WHITE or size < _TINY_PT
                  or state.odd_clip or not middle.inside(state.clip, 0.3 * size))
        self.texts.append(PaintedText("".join(chars), xs, f, size, end_x, font, state.font_name, tuple(cids),
                                      state.rgb, hidden, turned, self.next_order()))

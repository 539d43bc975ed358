"""Interprets page content (ISO 32000-2, 8 and 9) and tells what is painted where.

Only the operators that our renditions use are known; any other is refused. Nothing is drawn: the result
is text with positions, pictures with their place, and the boxes of filled areas, in painting order.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from typing import Final, NamedTuple

from layouts.released import NO_PAINT, is_released_ground
from verify.pdf_canvas import Box, Fill, Matrix, PaintedImage, State, corners, multiply
from verify.pdf_file import PdfFile
from verify.pdf_graphics import FAINT, Operand, name_of, outline
from verify.pdf_objects import Dict, Name, Object, Stream, unescape
from verify.pdf_reasons import PdfRefusal
from verify.pdf_resources import Resources
from verify.pdf_shading import check_shading
from verify.pdf_text import TextOperators

__all__ = ["MAX_CONTENT", "MAX_TOKENS", "Interpreter", "rectangle_of"]

MAX_CONTENT: Final = 16 << 20           # bytes, one content stream
MAX_TOKENS: Final = 1_000_000           # a file
_USE_COST: Final = 30                   # tokens that one use of a form costs, known or not
_BYTES_A_TOKEN: Final = 1024            # of a form that is digested
FORM_COST: Final = 500                  # tokens that painting a form counts for
MAX_OPERANDS: Final = 20_000
MAX_NESTING: Final = 6                  # forms within forms
MAX_DEPTH: Final = 8                    # values within values of a form's resources
_CACHED_FORMS: Final = 64
_CACHED_BOXES: Final = 20_000           # a form

_END = rb"(?![^\x00\t\n\x0c\r ()<>\[\]{}/%])"
_VALUE = rb"[+-]?(?:\d++\.?\d*+|\.\d++)"
_SHOWN_PARTS = rb"(?:<[0-9A-Fa-f]*+>|" + _VALUE + rb"(?=[<>\]\n ])|[ \n])*+"
_TOKEN: Final = re.compile(
    rb"(?:[\x00\t\n\x0c\r ]|%[^\r\n]*+)*+(?:"
    rb"BT /([A-Za-z0-9_.+-]{1,127}+) (" + _VALUE + rb") Tf (" + _VALUE + rb") (" + _VALUE + rb") Td "
    rb"(?:<((?:[0-9A-Fa-f]{4})*+)> Tj|\[(" + _SHOWN_PARTS + rb")\] TJ) ET" + _END +
    rb"|((?:(?:(?:" + _VALUE + rb"[\n ]++){2}(?:(?:" + _VALUE + rb"[\n ]++){4}c|[lm])|h)[\n ]++){2,}+)"
    rb"|((?:" + _VALUE + rb"[\n ]++){0,6}+)([A-Za-z'\"][A-Za-z0-9*'\"]{0,2}+)" + _END +
    rb"|(" + _VALUE + rb")" + _END +
    rb"|/([A-Za-z0-9_.+-]{1,127}+)" + _END +
    rb"|<([0-9A-Fa-f]*+)>"
    rb"|\[(" + _SHOWN_PARTS + rb")\][ \n]*+TJ" + _END +
    rb"|\(((?:[^()\\\r]|\\[^\r])*+)\)"
    rb"|(\[)|(\])|(\Z)|(.))", re.DOTALL)
(_FONT, _SIZE, _X, _Y, _LINE, _LINE_PARTS, _PATH, _NUMBERS, _OPERATOR, _NUMBER, _NAME, _HEX, _SHOWN, _TEXT, _OPEN,
 _CLOSE, _DONE) = range(1, 18)
_LINES: Final = frozenset({_LINE, _LINE_PARTS})
_LINE_COST: Final = 10                  # tokens of a whole line of text, beside those of an array that it shows
_NOT_PATHS: Final = re.compile(rb"(?<![A-Za-z/])(?:BT|Do)(?![A-Za-z])")
_WIDE: Final = Box(-1e9, -1e9, 1e9, 1e9)


class _Paths(NamedTuple):
    """A form that is paths only: the SHA-256 of its content, and the boxes that it fills, when they were asked for."""

    digest: bytes
    boxes: tuple[Box, ...] | None = None


class _FormCache:
    """Forms that are paths only, by the SHA-256 of their stored bytes.

    Many documents share one artwork. Nothing of a document is kept but these boxes.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, _Paths] = OrderedDict()

    def get(self, key: bytes) -> _Paths | None:
        return self._kept.get(key)

    def put(self, key: bytes, paths: _Paths) -> None:
        if len(paths.boxes or ()) <= _CACHED_BOXES:
            self._kept[key] = paths
        while len(self._kept) > _CACHED_FORMS:
            self._kept.popitem(last=False)


_FORMS: Final = _FormCache()


class Interpreter(TextOperators):
    """Runs the content streams of one page; ``texts``, ``images``, ``fills`` collect what they paint."""

    def __init__(self, page_box: Box, tokens_left: int = MAX_TOKENS) -> None:
        super().__init__(page_box)
        self.tokens_left = tokens_left
        self.nesting = 0

    def run(self, data: bytes, resources: Resources) -> None:
        """Interpret one whole content stream.

        Raises:
            PdfRefusal: ``pdf.content`` for an operator or operand that our form does not have.
        """
        outer, self.resources = self.resources, resources
        outer_stack, self.stack = self.stack, []
        outer_marks, self.marks = self.marks, 0
        self.interpret(data)
        if self.stack or self.path or self.state.in_text or self.marks:
            raise self.refusal("end")
        self.resources, self.stack, self.marks = outer, outer_stack, outer_marks

    def interpret(self, data: bytes) -> None:
        """The loop over tokens: operands are collected, an operator takes them all."""
        operators = _OPERATORS
        operands: list[Operand] = []
        outer: list[Operand] | None = None
        for match in _TOKEN.finditer(data):
            kind = match.lastindex
            if kind == _OPERATOR:
                numbers, operator = match.group(_NUMBERS, _OPERATOR)
                if numbers:
                    operands += map(float, numbers.split())
                entry = operators.get(operator)
                if entry is None or outer is not None or (entry[1] >= 0 and len(operands) != entry[1]):
                    raise self.refusal(operator.decode("latin-1"))
                self.tokens_left -= 1 + len(operands)
                if self.tokens_left < 0:
                    raise PdfRefusal("pdf.too-large", self.here().where)
                entry[0](self, operands)
                operands = []
            elif kind == _PATH and outer is None and not operands:
                self.tokens_left -= self.add_path(match[_PATH])
                if self.tokens_left < 0:
                    raise PdfRefusal("pdf.too-large", self.here().where)
            elif kind in _LINES and outer is None and not operands:
                self.tokens_left -= _LINE_COST + (len(match[kind]) // 4 if kind == _LINE_PARTS else 0)
                if self.tokens_left < 0:
                    raise PdfRefusal("pdf.too-large", self.here().where)
                name, size, x, y = match.group(_FONT, _SIZE, _X, _Y)
                self.text_line(Name(name.decode("latin-1")), float(size), float(x), float(y), match[kind],
                               whole=kind == _LINE)
            elif kind == _NUMBER:
                operands.append(float(match[_NUMBER]))
            elif kind == _SHOWN and outer is None and not operands:
                self.tokens_left -= 1 + len(match[_SHOWN]) // 4
                self.show_hex(match[_SHOWN])
            elif kind == _OPEN and outer is None:
                outer, operands = operands, []
            elif kind == _CLOSE and outer is not None:
                outer.append(operands)  # type: ignore[arg-type]
                operands, outer = outer, None
            elif kind == _DONE:
                break
            else:
                operands.append(self.other_operand(match))
            if len(operands) > MAX_OPERANDS:
                raise PdfRefusal("pdf.too-large", self.here().where)
        if operands or outer is not None:
            raise self.refusal("end")

    def other_operand(self, match: re.Match[bytes]) -> Operand:
        """A name or a string."""
        if match.lastindex == _NAME:
            return Name(match[_NAME].decode("latin-1"))
        if match.lastindex == _HEX and len(match[_HEX]) % 2 == 0:
            return bytes.fromhex(match[_HEX].decode())
        if match.lastindex == _TEXT:
            self.tokens_left -= match[_TEXT].count(b"\\")
            if self.tokens_left < 0:
                raise PdfRefusal("pdf.too-large", self.here().where)
            return unescape(match[_TEXT])
        raise self.refusal(f"@{match.start()}")

    def do(self, operands: list[Operand]) -> None:
        """``Do``."""
        resources = self.here()
        stream, key = resources.xobject(name_of(operands[0]))
        if stream.entries.get("Subtype") == "Form":
            plain = not self.order and self.state.is_plain(self.page_box)
            digest = self.form(stream, resources, f"{key.number} 0 R", first=plain)
            self.grounds.append(digest if plain and digest else "?")
            return
        image = resources.image(stream, key)
        if self.state.alpha < 1 or self.state.in_text:
            raise self.refusal("Do")
        matrix = self.state.ctm
        clipped = self.state.odd_clip or not corners(matrix).inside(self.state.clip, 0.5)
        seen = corners(matrix).within(self.state.clip) if clipped and not self.state.odd_clip else None
        self.images.append(PaintedImage(image, matrix, clipped, self.next_order(), seen))

    def shade(self, operands: list[Operand]) -> None:
        """``sh``: paints all that the clip leaves."""
        resources = self.here()
        if self.state.in_text or self.path:
            raise self.refusal("sh")
        check_shading(resources.file.get(resources.named("Shading", name_of(operands[0]))), resources.where)
        if self.shapes is not None:                 # pages of ours have gradients in their grounds alone
            clip = self.state.clip
            self.shapes.append(outline(NO_PAINT, "", (clip.left, clip.top, clip.right, clip.bottom), self.page_box.top))
        if self.state.alpha > FAINT:
            self.fills.append(Fill(self.state.clip, self.next_order()))

    def form(self, stream: Stream, resources: Resources, where: str, *, first: bool = False) -> str:
        """Paint a form XObject under the current matrix; forms of paths alone are remembered.

        Args:
            first: nothing was painted yet, so that the form covers nothing; a released one is not read then.

        Returns:
            The digest of a form of paths alone, of all that its look depends on; "" for any other.
        """
        inner = resources.inner(stream, where)
        if self.nesting >= MAX_NESTING or self.state.in_text or stream.entries.get("Subtype") != "Form":
            raise self.refusal("Do")
        outer = self.state
        self.state = outer.copy()
        self.state.ctm = multiply(form_matrix(stream, where), outer.ctm)
        self.state.odd_clip |= self.state.ctm[1] != 0 or self.state.ctm[2] != 0
        box = rectangle_of(stream.entries.get("BBox"), where)
        self.state.clip = box.under(self.state.ctm).within(outer.clip)
        self.spend(_USE_COST + len(stream.raw) // _BYTES_A_TOKEN)
        digest = sha256(repr(stream.entries.get("Filter")).encode() + stream.raw).digest()
        paths = _FORMS.get(digest)
        if paths is None:
            self.tokens_left -= FORM_COST
            data = resources.file.decode(stream, where, MAX_CONTENT)
            if _NOT_PATHS.search(data):
                self.nesting += 1
                self.run(data, inner)
                self.nesting -= 1
                self.paint_form((), outer)
                return ""
            paths = _Paths(sha256(data).digest())
            _FORMS.put(digest, paths)
        look = form_digest(paths.digest, stream.entries, inner)
        boxes = paths.boxes
        if boxes is None:
            boxes = ()
            if not (first and is_released_ground(look)):
                boxes = self.boxes_of(resources.file.decode(stream, where, MAX_CONTENT), inner)
                _FORMS.put(digest, _Paths(paths.digest, boxes))
        self.spend(len(boxes))
        self.paint_form(boxes, outer)
        return look

    def spend(self, tokens: int) -> None:
        """Count work that costs as much as so many tokens.

        Raises:
            PdfRefusal: ``pdf.too-large``.
        """
        self.tokens_left -= tokens
        if self.tokens_left < 0:
            raise PdfRefusal("pdf.too-large", self.here().where)

    def paint_form(self, boxes: tuple[Box, ...], outer: State) -> None:
        """Keep what a form fills, and go on as before it."""
        self.late |= bool(boxes) and bool(self.texts)
        if self.images:                             # its lines too, wherever in it they are
            self.over.append(Fill(self.state.clip, self.next_order()))
        for box in boxes:
            self.fills.append(Fill(box.under(self.state.ctm).within(self.state.clip), self.next_order()))
        self.state = outer

    def boxes_of(self, data: bytes, resources: Resources) -> tuple[Box, ...]:
        """The boxes that a form of paths alone fills, in its own space."""
        probe = Interpreter(_WIDE, self.tokens_left)
        probe.shapes = None
        probe.run(data, resources)
        self.tokens_left = probe.tokens_left
        return tuple(fill.box for fill in probe.fills)


def form_digest(content: bytes, entries: Dict, resources: Resources) -> str:
    """The digest of a form of paths: SHA-256 in hex, of the SHA-256 of its content and of what its look depends on.

    That is its box, its matrix, its graphics states and its shadings, as JSON.
    """
    parts = [entries.get("BBox"), entries.get("Matrix"), resources.entries.get("ExtGState"),
             resources.entries.get("Shading")]
    spelt = json.dumps([_spelt(part, resources.file) for part in parts], separators=(",", ":"), sort_keys=True)
    return sha256(content + spelt.encode()).hexdigest()


def _spelt(value: Object, file: PdfFile, depth: int = MAX_DEPTH) -> object:
    """A value of a PDF for JSON, references followed: a name with its slash, a number as text with six decimals.

    Raises:
        PdfRefusal: ``pdf.content``: anything else, or too deep.
    """
    value = file.get(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Name):
        return f"/{value}"
    if isinstance(value, int | float):
        return f"{value:.6f}"
    if isinstance(value, dict) and depth:
        return {str(key): _spelt(value[key], file, depth - 1) for key in value}
    if isinstance(value, list) and depth:
        return [_spelt(each, file, depth - 1) for each in value]
    raise PdfRefusal("pdf.content", "", what="Resources")


def rectangle_of(value: Object, where: str) -> Box:
    """A rectangle: four numbers, lower left and upper right corner in either order."""
    if not isinstance(value, list) or len(value) != 4:
        raise PdfRefusal("pdf.type", where, kind="Rect")
    numbers = []
    for each in value:
        if isinstance(each, bool) or not isinstance(each, int | float) or abs(each) > 1e6:
            raise PdfRefusal("pdf.type", where, kind="Rect")
        numbers.append(float(each))
    left, bottom, right, top = numbers
    return Box(min(left, right), min(bottom, top), max(left, right), max(bottom, top))


def form_matrix(stream: Stream, where: str) -> Matrix:
    """A form's matrix; the identity when it has none."""
    value = stream.entries.get("Matrix", [1, 0, 0, 1, 0, 0])
    if not isinstance(value, list) or len(value) != 6:
        raise PdfRefusal("pdf.type", where, kind="Matrix")
    numbers = []
    for each in value:
        if isinstance(each, bool) or not isinstance(each, int | float) or abs(each) > 1e6:
            raise PdfRefusal("pdf.type", where, kind="Matrix")
        numbers.append(float(each))
    a, b, c, d, e, f = numbers
    return a, b, c, d, e, f


_OPERATORS: Final[dict[bytes, tuple[Callable[[Interpreter, list[Operand]], None], int]]] = {
    b"q": (Interpreter.save, 0), b"Q": (Interpreter.restore, 0), b"cm": (Interpreter.transform, 6),
    b"gs": (Interpreter.graphics_state, 1), b"w": (Interpreter.line_width, 1),
    b"J": (Interpreter.odd_line, 1), b"j": (Interpreter.odd_line, 1), b"M": (Interpreter.odd_line, 1),
    b"d": (Interpreter.odd_line, 2), b"i": (Interpreter.odd_line, 1), b"ri": (Interpreter.odd_line, 1),
    b"rg": (Interpreter.fill_rgb, 3), b"g": (Interpreter.fill_gray, 1), b"k": (Interpreter.fill_cmyk, 4),
    b"RG": (Interpreter.stroke_rgb, 3), b"G": (Interpreter.odd_line, 1), b"K": (Interpreter.odd_line, 4),
    b"cs": (Interpreter.fill_space, 1), b"sc": (Interpreter.fill_colour, -1),
    b"scn": (Interpreter.fill_colour, -1), b"CS": (Interpreter.odd_line, 1), b"SC": (Interpreter.odd_line, -1),
    b"SCN": (Interpreter.odd_line, -1),
    b"m": (Interpreter.move, 2), b"l": (Interpreter.extend, 2), b"c": (Interpreter.extend, 6),
    b"v": (Interpreter.extend, 4), b"y": (Interpreter.extend, 4), b"re": (Interpreter.add_rectangle, 4),
    b"h": (Interpreter.close, 0), b"W": (Interpreter.clip, 0), b"W*": (Interpreter.clip, 0),
    b"n": (Interpreter.end_path, 0), b"f": (Interpreter.fill, 0),
    b"f*": (Interpreter.fill_even_odd, 0), b"F": (Interpreter.fill_otherwise, 0),
    b"B": (Interpreter.fill_and_stroke, 0), b"B*": (Interpreter.fill_and_stroke_even_odd, 0),
    b"b": (Interpreter.fill_otherwise, 0), b"b*": (Interpreter.fill_otherwise, 0), b"S": (Interpreter.stroke, 0),
    b"s": (Interpreter.stroke_otherwise, 0),
    b"BT": (Interpreter.begin_text, 0), b"ET": (Interpreter.end_text, 0), b"Tf": (Interpreter.select_font, 2),
    b"Tc": (Interpreter.char_space, 1), b"Tw": (Interpreter.word_space, 1), b"Tz": (Interpreter.scale, 1),
    b"TL": (Interpreter.leading, 1), b"Ts": (Interpreter.rise, 1), b"Tr": (Interpreter.mode, 1),
    b"Td": (Interpreter.text_move, 2), b"TD": (Interpreter.text_move_leading, 2),
    b"T*": (Interpreter.text_next_line, 0), b"Tm": (Interpreter.set_text_matrix, 6),
    b"Tj": (Interpreter.show, 1), b"TJ": (Interpreter.show_array, 1),
    b"BMC": (Interpreter.begin_mark, 1), b"EMC": (Interpreter.end_mark, 0), b"Do": (Interpreter.do, 1),
    b"sh": (Interpreter.shade, 1),
}

"""The words of the template language: which elements there are, what stands in them and their attributes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import fonts
from docgen import markup
from docgen.page import LARGEST_SIDE_MM, SMALLEST_SIDE_MM

__all__ = ["WORDS", "ValueKind", "Word"]

_FILE = re.compile(r"[a-z0-9][a-z0-9-]*\.svg")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueKind:
    """What an attribute may hold: how it is read (None: refused) and how it is described."""

    read: Callable[[str], str | float | None]
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One element: what may stand in it, and attribute → (kind of value, default; None: required)."""

    attributes: Mapping[str, tuple[ValueKind, str | float | None]]
    children: tuple[str, ...] = ()


def _between(low: float, high: float) -> Callable[[str], float | None]:
    def read(text: str) -> float | None:
        value = markup.length(text)
        return value if value is not None and low <= value <= high else None
    return read


def _one_of(*words: str) -> ValueKind:
    return ValueKind(read=lambda text: text if text in words else None, zh="或".join(words),
                     en=" or ".join(words))


_TEXT = ValueKind(read=lambda text: text, zh="文字", en="text")
_NAMED = ValueKind(read=lambda text: text if _NAME.fullmatch(text) else None, zh="字母、数字、连字符的名称",
                   en="a name of letters, digits and hyphens")
_SVG = ValueKind(read=lambda text: text if _FILE.fullmatch(text) else None, zh="art 目录中的 .svg 文件名",
                 en="the name of an .svg file in the folder art")
_FACE = ValueKind(read=lambda text: text if text in fonts.CHAINS else None,
                  zh="字体名" + "、".join(fonts.CHAINS), en="one of the faces " + ", ".join(fonts.CHAINS))
_COLOUR = ValueKind(read=lambda text: text if markup.colour(text) else None, zh="颜色 #rgb 或 #rrggbb",
                    en="a colour #rgb or #rrggbb")
_MM = ValueKind(read=_between(-2000, 2000), zh="毫米数", en="a number of millimetres")
_SIZE = ValueKind(read=_between(0.1, 2000), zh="正的毫米数", en="a positive number of millimetres")
_SIDE = ValueKind(read=_between(SMALLEST_SIDE_MM, LARGEST_SIDE_MM),
                  zh=f"页面边长 {SMALLEST_SIDE_MM:g} 至 {LARGEST_SIDE_MM:g} mm（最大为 A0）",
                  en=f"a side of the page from {SMALLEST_SIDE_MM:g} to {LARGEST_SIDE_MM:g} mm (A0 at most)")
_EM = ValueKind(read=_between(-0.5, 4), zh="-0.5 至 4 之间的 em 数", en="a number of em from -0.5 to 4")
_CHARACTERS = ValueKind(read=_between(0, 40), zh="0 至 40 之间的字数（em）", en="a number of em from 0 to 40")
_SHARE = ValueKind(read=_between(0, 100), zh="0 至 100 之间的份数", en="a share from 0 to 100")
_HALF = ValueKind(read=_between(-0.5, 0.5), zh="-0.5 至 0.5 之间的份数（以印章边长计）",
                  en="a share of the seal's size from -0.5 to 0.5")
_LEADING = ValueKind(read=_between(1, 4), zh="1 至 4 之间的行距倍数", en="a leading from 1 to 4")
_ALIGN = _one_of("left", "center", "right")
_YES = _one_of("yes", "no")

_LABELS = {"label-width": (_MM, 0.0), "label-gap": (_MM, 0.0)}

_DRAWING = Word(attributes={"src": (_SVG, None), "x": (_MM, None), "y": (_MM, None), "width": (_SIZE, None)})

WORDS: Mapping[str, Word] = {
    "template": Word(attributes={"kind": (_TEXT, None)}, children=("style", "page")),
    "style": Word(attributes={
        "name": (_NAMED, None), "face": (_FACE, None), "size": (_SIZE, None), "least": (_SIZE, 0.0),
        "colour": (_COLOUR, "#000000"), "leading": (_LEADING, 1.5), "gap": (_EM, 0.0), "tracking": (_EM, 0.0),
        "justify": (_YES, "no")}),
    "page": Word(
        attributes={"role": (_TEXT, None), "width": (_SIDE, None), "height": (_SIDE, None),
                    "artwork": (_NAMED, ""), "continues": (_YES, "no")},
        children=("art", "slot", "ornament", "picture", "qr", "line", "column", "flow", "seal", "straddle", "folio")),
    "art": _DRAWING,
    "ornament": _DRAWING,
    "slot": Word(attributes={"name": (_NAMED, None), "default": (_SVG, ""), "x": (_MM, None),
                             "y": (_MM, None), "width": (_SIZE, None)}),
    "picture": Word(attributes={"src": (_SVG, ""), "field": (_TEXT, ""), "x": (_MM, None), "y": (_MM, None),
                                "width": (_SIZE, None), "height": (_SIZE, None)}),
    "qr": Word(attributes={"x": (_MM, None), "y": (_MM, None), "size": (_SIZE, None)}),
    "line": Word(attributes={
        "label": (_TEXT, ""), "text": (_TEXT, None), "style": (_NAMED, None), "label-style": (_NAMED, ""),
        "x": (_MM, 0.0), "y": (_MM, 0.0), "width": (_MM, 0.0), "align": (_ALIGN, "left"), **_LABELS}),
    "column": Word(
        attributes={"x": (_MM, None), "y": (_MM, None), "width": (_SIZE, None), "bottom": (_MM, None),
                    "space": (_MM, 0.0), "least-space": (_MM, 1.0), "beside-whole": (_MM, 0.0), **_LABELS},
        children=("line",)),
    "flow": Word(
        attributes={"x": (_MM, None), "y": (_MM, None), "width": (_SIZE, None), "bottom": (_MM, None)},
        children=("text", "table")),
    "text": Word(attributes={
        "label": (_TEXT, ""), "text": (_TEXT, None), "style": (_NAMED, None), "label-style": (_NAMED, ""),
        "align": (_ALIGN, "left"), "indent": (_CHARACTERS, -1.0), "hang": (_CHARACTERS, 0.0),
        "left": (_CHARACTERS, 0.0), "right": (_CHARACTERS, 0.0), "above": (_MM, 0.0), "keep": (_YES, "no"),
        "frame": (_MM, 0.0), "pad": (_MM, 1.0), **_LABELS}),
    "table": Word(
        attributes={"label": (_TEXT, ""), "text": (_TEXT, None), "style": (_NAMED, None), "label-style": (_NAMED, ""),
                    "head-style": (_NAMED, ""), "above": (_MM, 0.0), "keep": (_YES, "no"), "pad": (_MM, 1.0),
                    "rule": (_MM, 0.2), "rule-colour": (_COLOUR, "#000000"), "head-fill": (_COLOUR, "")},
        children=("col",)),
    "col": Word(attributes={"width": (_SIZE, 0.0), "share": (_SHARE, 0.0), "align": (_ALIGN, "left"),
                            "style": (_NAMED, "")}),
    "straddle": Word(attributes={"y": (_MM, None)}),
    "seal": Word(attributes={"over": (_TEXT, ""), "dx": (_MM, 0.0), "dy": (_MM, 0.0), "up": (_HALF, 0.0),
                             "x": (_MM, 0.0), "y": (_MM, 0.0), "right": (_MM, 0.0), "bottom": (_MM, 0.0)}),
    "folio": Word(attributes={
        "text": (_TEXT, None), "style": (_NAMED, None), "x": (_MM, None), "y": (_MM, None),
        "width": (_SIZE, None), "align": (_ALIGN, "center")}),
}
"""All elements. ``x`` and ``y`` are from the page's top left corner; ``y`` of a line is its baseline.

``beside-whole`` of a column: the size below which no other value is set so that the whole 许可范围 fits. A ``seal``
stands ``over`` values (its centre over their middle, moved by ``dx`` and ``dy``, and ``up`` by a share of its size),
with its centre at ``x`` and ``y``, or with its edges at ``right`` and ``bottom``. Columns run around the QR code and
around seals, but for seals over values of a column.

``flow`` is a box from ``y`` to ``bottom`` that its children run through, one after the other, over as many pages as
they need (``continues``: a second page of the same role, how the following ones look; its flow is empty). ``text`` is
running text: ``indent`` and ``hang`` of first and other lines, ``left`` and ``right`` are em (characters), ``above`` is
mm; a label runs in before the text, or stands in ``label-width``; ``frame`` (mm) draws a cell around each of these two,
``pad`` mm away, so that texts one under the other make a table of labels and values. ``table`` draws the field that its
text names; the heads come from the kind and are repeated on each page. ``picture`` fits a drawing, or the photo in a
field, into a box. ``straddle`` is the 骑缝章.
"""

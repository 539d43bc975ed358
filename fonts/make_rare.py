"""The faces of rare characters: which characters they hold, and how strong their strokes are.

Both are cut from larger fonts to what Noto Serif SC and LXGW WenKai lack, and their strokes are made as
strong as Noto Serif SC's, so that a rare character in a name does not look fainter than its neighbours.
Part of ``make_fonts.py``; needs fontTools, a development dependency.

Source: Unicode Standard Annex 38 (kIRG_GSource: characters that China's standards, dictionaries and lists
of names and places brought into Unicode).
"""

from __future__ import annotations

import bz2
import io
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["RECIPES", "Recipe", "characters_of", "chinese_characters", "make_rare"]

_TURNS_BACK = -0.9375                    # cosine: a corner sharper than this is left where it is
_MICROSOFT_ENGLISH = (3, 1, 0x409)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A face made here. ``stronger_x``, ``stronger_y``: units added to upright and to level strokes."""

    family: str
    postscript_name: str
    copyright: str
    licence: str
    stronger_x: int
    stronger_y: int


RECIPES = {
    "rare": Recipe(
        family="Zhengyin Rare", postscript_name="ZhengyinRare-Regular",
        copyright="Created by GlyphWiki (glyphwiki.org), copyright 2008-2017 GlyphWiki Project. Modified by the "
                  "zhengyin authors, November 2026: cut down from HanaMinB 2017-09-04, strokes made stronger.",
        licence="Hanazono Font License", stronger_x=6, stronger_y=13),
    "rare-names": Recipe(
        family="Zhengyin Rare Names", postscript_name="ZhengyinRareNames-Regular",
        copyright="(c) Copyright 1994-1999, Arphic Technology Co., Ltd.; (c) Copyright 2009-2023, Andrew West. "
                  "Modified by the zhengyin authors, November 2026: cut down from BabelStone Han 15.0.5, strokes "
                  "made stronger.",
        licence="Arphic Public License", stronger_x=20, stronger_y=3),
}


def chinese_characters(unihan: Path) -> frozenset[int]:
    """Characters with a Chinese source in the file Unihan_IRGSources.txt.bz2."""
    with bz2.open(unihan, "rt", encoding="utf-8") as lines:
        return frozenset(int(line.split("\t")[0][2:], 16) for line in lines if "\tkIRG_GSource\t" in line)


def characters_of(fonts: Iterable[bytes]) -> frozenset[int]:
    """Code points that one of the fonts draws."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    return frozenset(code for font in fonts for code in TTFont(io.BytesIO(font), lazy=True).getBestCmap())


def make_rare(source: bytes, codes: frozenset[int], recipe: Recipe) -> bytes:
    """Cut SOURCE down to CODES, strengthen its strokes, give it a name of its own."""
    from fontTools import subset  # type: ignore[import-untyped]
    from fontTools.ttLib import TTFont

    options = subset.Options()
    options.hinting = False
    options.glyph_names = False
    options.layout_features = []
    options.notdef_outline = True
    options.recalc_timestamp = False
    options.drop_tables = [*options.drop_tables, "BASE", "DSIG", "FFTM", "GDEF", "GPOS", "GSUB", "gasp", "meta",
                           "prop", "vhea", "vmtx"]
    font = TTFont(io.BytesIO(source), recalcTimestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=codes)
    cutter.subset(font)
    glyf = font["glyf"]
    for name in font.getGlyphOrder():
        if glyf[name].numberOfContours > 0:
            _strengthen(glyf, name, recipe)
    for name, (advance, _) in font["hmtx"].metrics.items():
        font["hmtx"].metrics[name] = advance, getattr(glyf[name], "xMin", 0)
    _rename(font["name"], recipe)
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def _strengthen(glyf: Any, name: str, recipe: Recipe) -> None:
    """Move the points of a simple glyph outwards."""
    glyph = glyf[name]
    points = [(float(x), float(y)) for x, y in glyph.coordinates]
    contours, start = [], 0
    for end in glyph.endPtsOfContours:
        contours.append(points[start:end + 1])
        start = end + 1
    clockwise = sum(_area(contour) for contour in contours) < 0
    moved = [point for contour in contours
             for point in _grown(contour, recipe.stronger_x / 2, recipe.stronger_y / 2, clockwise)]
    for index, (x, y) in enumerate(moved):
        glyph.coordinates[index] = (math.floor(x + 0.5), math.floor(y + 0.5))
    glyph.recalcBounds(glyf)


def _area(contour: list[tuple[float, float]]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(contour, contour[1:] + contour[:1], strict=True)) / 2


def _grown(contour: list[tuple[float, float]], x: float, y: float,
           clockwise: bool) -> list[tuple[float, float]]:
    """Move each corner along its bisector, by X and Y at most as far as its shorter side allows."""
    corners: list[list[int]] = []                       # indices of points that lie on one spot
    for index, point in enumerate(contour):
        if corners and contour[corners[-1][0]] == point:
            corners[-1].append(index)
        else:
            corners.append([index])
    if len(corners) > 1 and contour[corners[0][0]] == contour[corners[-1][0]]:
        corners[0] = corners.pop() + corners[0]
    out = list(contour)
    if len(corners) < 3:
        return out
    spots = [contour[group[0]] for group in corners]
    sign = 1.0 if clockwise else -1.0
    for at, group in enumerate(corners):
        (ax, ay), (bx, by), (cx, cy) = spots[at - 1], spots[at], spots[(at + 1) % len(spots)]
        length_in, length_out = math.hypot(bx - ax, by - ay), math.hypot(cx - bx, cy - by)
        ix, iy, ox, oy = (bx - ax) / length_in, (by - ay) / length_in, (cx - bx) / length_out, \
            (cy - by) / length_out
        cosine = ix * ox + iy * oy
        if cosine <= _TURNS_BACK:
            continue
        turn = sign * (ox * iy - oy * ix) * -1
        shortest, spread = min(length_in, length_out), cosine + 1
        shift_x, shift_y = -sign * (iy + oy), sign * (ix + ox)
        shift_x *= x / spread if x * turn <= shortest * spread else shortest / turn
        shift_y *= y / spread if y * turn <= shortest * spread else shortest / turn
        for index in group:
            out[index] = bx + shift_x, by + shift_y
    return out


def _rename(table: Any, recipe: Recipe) -> None:
    """Names of our own: the licences let changed fonts be passed on, not under the old name."""
    words = {0: recipe.copyright, 1: recipe.family, 2: "Regular", 3: f"{recipe.postscript_name};1.0",
             4: recipe.family, 5: "Version 1.0", 6: recipe.postscript_name, 13: recipe.licence}
    table.names = []
    for number, text in words.items():
        table.setName(text, number, *_MICROSOFT_ENGLISH)

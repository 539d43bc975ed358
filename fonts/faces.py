"""The faces that come with the engine, and what one can ask of a face."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from fonts.subset import Subset, SubsetMaker
from fonts.truetype import TrueType

__all__ = ["CHAINS", "FACES", "Face", "Source"]

_RARE = ("rare-names", "rare")
CHAINS: dict[str, tuple[str, ...]] = {
    "song": ("song", "kai", *_RARE),
    "song-bold": ("song-bold", "song", "kai", *_RARE),
    "kai": ("kai", "song", *_RARE),
    "hei": ("hei", "song", "kai", *_RARE),
}
"""Which faces are tried, in order, for text set in a face: a character takes the first that draws it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a face comes from and what it is called."""

    file: str
    family: str
    postscript_name: str
    bold: bool
    serif: bool


FACES: dict[str, Source] = {
    "song": Source(file="NotoSerifSC-Regular.ttf", family="Noto Serif SC",
                   postscript_name="NotoSerifSC-Regular", bold=False, serif=True),
    "song-bold": Source(file="NotoSerifSC-Bold-GB2312.ttf", family="Noto Serif SC",
                        postscript_name="NotoSerifSC-Bold", bold=True, serif=True),
    "kai": Source(file="LXGWWenKai-Regular.ttf", family="LXGW WenKai",
                  postscript_name="LXGWWenKai-Regular", bold=False, serif=True),
    "hei": Source(file="NotoSansSC-Medium-GB2312.ttf", family="Noto Sans SC Medium",
                  postscript_name="NotoSansSC-Medium", bold=False, serif=False),
    "rare": Source(file="ZhengyinRare-Regular.ttf", family="Zhengyin Rare",
                   postscript_name="ZhengyinRare-Regular", bold=False, serif=True),
    "rare-names": Source(file="ZhengyinRareNames-Regular.ttf", family="Zhengyin Rare Names",
                         postscript_name="ZhengyinRareNames-Regular", bold=False, serif=True),
}
"""The faces by key: 宋体, 宋体加粗 (GB 2312), 楷体, 黑体 (GB 2312), and two of rare characters."""


class Face:
    """One font file. ``ascent``, ``descent`` (negative), ``bbox`` and advances are font units.

    ``mark`` stands as the unique name in every subset, when it is not empty.
    """

    def __init__(self, key: str, source: Source, font: TrueType, *, mark: str = "") -> None:
        self.key = key
        self.family = source.family
        self.postscript_name = source.postscript_name
        self.bold = source.bold
        self.serif = source.serif
        self.mark = mark
        self.font = font
        self.units_per_em = font.units_per_em
        self.ascent = font.ascent
        self.descent = font.descent
        self.bbox = font.bbox
        self._maker = SubsetMaker(key, font, mark=mark)
        self.glyph_id = functools.lru_cache(maxsize=8192)(font.glyph_id)
        self.advance = functools.lru_cache(maxsize=8192)(font.advance)

    def width(self, char: str) -> int | None:
        """Return the advance width of CHAR, None where this face cannot draw it."""
        glyph = self.glyph_id(char)
        return None if glyph is None else self.advance(glyph)

    def subset(self, chars: frozenset[str]) -> Subset:
        """Return the font of the characters CHARS alone (kept for the next documents).

        Raises:
            FontError: ``font.missing-glyph``: this face cannot draw one of them.
        """
        return self._maker.make(chars)

    def outline_digest(self, glyph: int) -> bytes:
        """Return the digest of metrics and outline of GLYPH: ``TrueType.outline_digest``."""
        return self.font.outline_digest(glyph)

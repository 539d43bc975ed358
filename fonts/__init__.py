"""The faces that licences are set in: files with their licences, and the loader.

``face("kai")`` maps a font file into memory and reads of it only what is asked for; the files together
cost no more memory than the glyphs that are looked at. Lengths are font units.
"""

from __future__ import annotations

import functools
import mmap
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from fonts.subset import Subset, SubsetMaker
from fonts.truetype import FontError, FontErrorCode, TrueType

__all__ = [
    "CHAINS", "FACES", "Face", "FontError", "FontErrorCode", "Subset", "TrueType", "drawable", "face",
    "font_path",
]

CHAINS: dict[str, tuple[str, ...]] = {
    "song": ("song", "kai"),
    "song-bold": ("song-bold", "song", "kai"),
    "kai": ("kai", "song"),
    "hei": ("hei", "song", "kai"),
}
"""Which faces are tried, in order, for text set in a face: a character takes the first that draws it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    file: str
    family: str
    postscript_name: str
    bold: bool
    serif: bool


FACES: dict[str, _Source] = {
    "song": _Source(file="NotoSerifSC-Regular.ttf", family="Noto Serif SC",
                    postscript_name="NotoSerifSC-Regular", bold=False, serif=True),
    "song-bold": _Source(file="NotoSerifSC-Bold-GB2312.ttf", family="Noto Serif SC",
                         postscript_name="NotoSerifSC-Bold", bold=True, serif=True),
    "kai": _Source(file="LXGWWenKai-Regular.ttf", family="LXGW WenKai",
                   postscript_name="LXGWWenKai-Regular", bold=False, serif=True),
    "hei": _Source(file="NotoSansSC-Medium-GB2312.ttf", family="Noto Sans SC Medium",
                   postscript_name="NotoSansSC-Medium", bold=False, serif=False),
}
"""The faces by key: 宋体, 宋体加粗 (GB 2312), 楷体, 黑体 (GB 2312)."""


class Face:
    """One font file. ``ascent``, ``descent`` (negative), ``bbox`` and advances are font units."""

    def __init__(self, key: str, source: _Source, font: TrueType) -> None:
        self.key = key
        self.family = source.family
        self.postscript_name = source.postscript_name
        self.bold = source.bold
        self.serif = source.serif
        self.font = font
        self.units_per_em = font.units_per_em
        self.ascent = font.ascent
        self.descent = font.descent
        self.bbox = font.bbox
        self._maker = SubsetMaker(key, font)
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
        """Return SHA-256 of advance and outline of GLYPH: ``TrueType.outline_digest``."""
        return self.font.outline_digest(glyph)


def font_path(key: str) -> Path:
    """Return where the file of face KEY lies.

    Raises:
        FontError: ``font.unknown-face``.
    """
    if key not in FACES:
        names = "、".join(FACES)
        raise FontError(FontErrorCode.UNKNOWN_FACE, f"没有名为“{key}”的字体，可用：{names}",
                        f"there is no face {key!r}; the faces are {', '.join(FACES)}")
    return Path(str(resources.files(__name__).joinpath("files", FACES[key].file)))


@functools.cache
def face(key: str) -> Face:
    """Return face KEY, mapped into memory on the first call.

    Raises:
        FontError: ``font.unknown-face``, or ``font.malformed`` for a damaged file.
    """
    with font_path(key).open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return Face(key, FACES[key], TrueType(data))


def drawable(text: str, chain: str) -> set[str]:
    """Return the characters of TEXT that no face of ``CHAINS[chain]`` can draw.

    Raises:
        FontError: ``font.unknown-face``.
    """
    if chain not in CHAINS:
        font_path(chain)
    faces = [face(key) for key in CHAINS[chain]]
    return {char for char in set(text) if all(one.glyph_id(char) is None for one in faces)}

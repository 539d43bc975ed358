"""The faces that licences are set in: files with their licences, and the loader.

``face("kai")`` maps a font file into memory and reads of it only what is asked for; the files together
cost no more memory than the glyphs that are looked at. Lengths are font units.
"""

from __future__ import annotations

import functools
import mmap
from importlib import resources
from pathlib import Path

from fonts import pack
from fonts.errors import FontError, FontErrorCode
from fonts.faces import CHAINS, FACES, Face
from fonts.pack import Pack, load_pack, using
from fonts.subset import Subset
from fonts.truetype import TrueType

__all__ = [
    "CHAINS", "FACES", "Face", "FontError", "FontErrorCode", "Pack", "Subset", "TrueType", "chain", "drawable",
    "face", "font_path", "load_pack", "using",
]


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
def _own_face(key: str) -> Face:
    with font_path(key).open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return Face(key, FACES[key], TrueType(data))


def face(key: str) -> Face:
    """Return face KEY, mapped into memory on the first call; also one of a pack that has been loaded.

    Raises:
        FontError: ``font.unknown-face``, or ``font.malformed`` for a damaged file.
    """
    return pack.find(key) or _own_face(key)


def chain(key: str) -> tuple[str, ...]:
    """Return which faces are tried, in order, for text set in face KEY: its chain, then the pack in use.

    Raises:
        FontError: ``font.unknown-face``.
    """
    if key not in CHAINS:
        font_path(key)
    return CHAINS[key] + pack.active()


def drawable(text: str, face_key: str) -> set[str]:
    """Return the characters of TEXT that no face of ``chain(face_key)`` can draw.

    Raises:
        FontError: ``font.unknown-face``.
    """
    keys = chain(face_key)
    return {char for char in set(text) if all(face(key).glyph_id(char) is None for key in keys)}

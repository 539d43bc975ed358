"""A small font pack for tests: a cut of a face that draws a character which no face of the engine draws."""

from __future__ import annotations

import io
from pathlib import Path

from fontTools import subset  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable  # type: ignore[import-untyped]

import fonts

BEYOND = "\U00020004"
"""𠀄: an extension B character that no face of the engine draws."""
LOOK = "丄"
"""What it looks like in the pack."""


def pack_font(*, name: str = "TestPack-Regular", code: str = BEYOND, look: str = LOOK,
              restricted: bool = False) -> bytes:
    """A font of one character CODE, drawn as LXGW WenKai draws LOOK, under a name of its own."""
    font = TTFont(fonts.font_path("kai"), lazy=True, recalcTimestamp=False)
    options = subset.Options()
    options.layout_features, options.hinting = [], False
    cutter = subset.Subsetter(options)
    cutter.populate(text=look)
    cutter.subset(font)
    table = CmapSubtable.newSubtable(12)
    table.platformID, table.platEncID, table.language = 3, 10, 0
    table.cmap = {ord(code): font.getBestCmap()[ord(look)]}
    font["cmap"].tables = [table]
    font["name"].names = []
    for number, words in ((0, "Cut from LXGW WenKai for a test"), (1, "Test Pack"), (2, "Regular"), (6, name)):
        if words:
            font["name"].setName(words, number, 3, 1, 0x409)
    font["OS/2"].fsType = 2 if restricted else 0
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def make_pack(folder: Path, **facts: object) -> Path:
    """A pack of one font."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pack.ttf").write_bytes(pack_font(**facts))  # type: ignore[arg-type]
    return folder

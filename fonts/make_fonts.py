"""Make the font files of this folder from the files that their publishers release.

Run by hand (needs fontTools, a development dependency) when a font is added or renewed:

    python -m fonts.make_fonts --serif-regular F --serif-bold F --sans-medium F --wenkai F \
        --hanamin-b F --babelstone F --unihan F

Two faces are copied byte for byte, two are cut down to GB 2312, ASCII and punctuation, two hold the rare
characters that these lack (``make_rare.py``). The same inputs give the same bytes. ``digests.json`` then says
what was read and what was written; a test compares it with the folder. Where the inputs come from stands in
``README.md``.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
from pathlib import Path

from fonts.faces import FACES
from fonts.make_rare import RECIPES, characters_of, chinese_characters, make_rare

HERE = Path(__file__).resolve().parent

TITLE_PUNCTUATION = (
    "·—–‘’“”…‰′″※、。〃々〈〉《》「」『』【】〔〕〖〗〇℃№㎡㎥①②③④⑤⑥⑦⑧⑨⑩"
    "×÷±≤≥≠≈∶°　￥"
)


def title_characters() -> frozenset[int]:
    """GB 2312 (all 94 rows that are assigned), ASCII, full-width forms and punctuation of titles."""
    found = set(range(0x20, 0x7F)) | set(range(0xFF01, 0xFF5F)) | {ord(c) for c in TITLE_PUNCTUATION}
    for high in range(0xA1, 0xF8):
        for low in range(0xA1, 0xFF):
            try:
                found.add(ord(bytes((high, low)).decode("gb2312")))
            except UnicodeDecodeError:
                continue
    return frozenset(found)


def cut_down(source: bytes) -> bytes:
    """Return SOURCE with only the title characters: no hinting, no layout tables, names kept."""
    from fontTools import subset  # type: ignore[import-untyped]
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    options = subset.Options()
    options.hinting = False
    options.glyph_names = False
    options.layout_features = []
    options.notdef_outline = True
    options.recalc_timestamp = False
    options.drop_tables = [*options.drop_tables, "BASE", "GDEF", "GPOS", "GSUB", "STAT", "vhea", "vmtx"]
    font = TTFont(io.BytesIO(source), recalcTimestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=title_characters())
    cutter.subset(font)
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def write_outlines(name: str, version: int) -> None:
    """Write the table of released outlines of a file, unless its face and version have one already."""
    from fonts.outlines import ENDING, make_table, released_files
    from fonts.truetype import TrueType

    data = (HERE / "files" / name).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    postscript = next(source.postscript_name for source in FACES.values() if source.file == name)
    path = HERE / "outlines" / f"{postscript}.{version}{ENDING}"
    made = make_table(TrueType(data), postscript_name=postscript, sha256=digest)
    if path in released_files() and path.read_bytes() != made:
        raise SystemExit(f"{path.name} is released and never changes: give the new {name} the next number")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(made)


VERSIONS = {
    "NotoSerifSC-Regular.ttf": 1, "NotoSerifSC-Bold-GB2312.ttf": 1, "NotoSansSC-Medium-GB2312.ttf": 1,
    "LXGWWenKai-Regular.ttf": 1, "ZhengyinRare-Regular.ttf": 1, "ZhengyinRareNames-Regular.ttf": 1,
}
"""Which table in outlines/ is that of the file as it is now."""


def main() -> None:
    """Write files/, outlines/ and digests.json."""
    parser = argparse.ArgumentParser(description="Make the font files of this folder.")
    for option in ("serif-regular", "serif-bold", "sans-medium", "wenkai", "hanamin-b", "babelstone", "unihan"):
        parser.add_argument(f"--{option}", type=Path, required=True)
    given = parser.parse_args()
    serif, wenkai = given.serif_regular.read_bytes(), given.wenkai.read_bytes()
    hanamin, babelstone = given.hanamin_b.read_bytes(), given.babelstone.read_bytes()
    wanted = chinese_characters(given.unihan) - characters_of([serif, wenkai])
    rare = wanted & characters_of([hanamin])
    names = (wanted - rare) & characters_of([babelstone])
    table: dict[str, dict[str, object]] = {}
    (HERE / "files").mkdir(exist_ok=True)
    for name, source, made in (
        ("NotoSerifSC-Regular.ttf", serif, serif),
        ("NotoSerifSC-Bold-GB2312.ttf", given.serif_bold.read_bytes(), None),
        ("NotoSansSC-Medium-GB2312.ttf", given.sans_medium.read_bytes(), None),
        ("LXGWWenKai-Regular.ttf", wenkai, wenkai),
        ("ZhengyinRare-Regular.ttf", hanamin, make_rare(hanamin, rare, RECIPES["rare"])),
        ("ZhengyinRareNames-Regular.ttf", babelstone, make_rare(babelstone, names, RECIPES["rare-names"])),
    ):
        data = cut_down(source) if made is None else made
        (HERE / "files" / name).write_bytes(data)
        table[name] = {
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "source_sha256": hashlib.sha256(source).hexdigest(),
        }
        write_outlines(name, VERSIONS[name])
    text = json.dumps(table, indent=2, sort_keys=True) + "\n"
    (HERE / "digests.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""Make the font files of this folder from the files that their publishers release.

Run by hand (needs fontTools, a development dependency) when a font is added or renewed:

    python fonts/make_fonts.py --serif-regular F --serif-bold F --sans-medium F --wenkai F

Two faces are copied byte for byte; two are cut down to GB 2312, ASCII and punctuation. The same inputs
give the same bytes. ``digests.json`` then says what was read and what was written; a test compares it
with the folder. Where the inputs come from stands in ``README.md``.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
from pathlib import Path

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


def main() -> None:
    """Write files/ and digests.json."""
    parser = argparse.ArgumentParser(description="Make the font files of this folder.")
    recipes = {
        "serif_regular": ("NotoSerifSC-Regular.ttf", False),
        "serif_bold": ("NotoSerifSC-Bold-GB2312.ttf", True),
        "sans_medium": ("NotoSansSC-Medium-GB2312.ttf", True),
        "wenkai": ("LXGWWenKai-Regular.ttf", False),
    }
    for option in recipes:
        parser.add_argument(f"--{option.replace('_', '-')}", type=Path, required=True)
    given = vars(parser.parse_args())
    table = {}
    (HERE / "files").mkdir(exist_ok=True)
    for option, (name, cut) in recipes.items():
        source = Path(given[option]).read_bytes()
        made = cut_down(source) if cut else source
        (HERE / "files" / name).write_bytes(made)
        table[name] = {
            "bytes": len(made),
            "sha256": hashlib.sha256(made).hexdigest(),
            "source_sha256": hashlib.sha256(source).hexdigest(),
        }
    text = json.dumps(table, indent=2, sort_keys=True) + "\n"
    (HERE / "digests.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""The font files are the released ones, load quickly, and cut down to documents without loss."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

import fonts
from fonts import FACES, Face, FontError, TrueType
from fonts.truetype import table_checksum

FOLDER = Path(fonts.__file__).parent
TABLE = json.loads((FOLDER / "digests.json").read_text(encoding="utf-8"))
COMMON = "危险化学品经营许可证（甲醇、30%）N,N-α ①2025年08月01日"


@pytest.mark.parametrize("name", sorted(TABLE))
def test_a_font_file_is_the_released_one(name: str) -> None:
    data = (FOLDER / "files" / name).read_bytes()
    assert len(data) == TABLE[name]["bytes"]
    assert hashlib.sha256(data).hexdigest() == TABLE[name]["sha256"]


def test_every_file_has_a_face_and_all_stay_under_sixty_megabytes() -> None:
    files = {path.name: path.stat().st_size for path in (FOLDER / "files").iterdir()}
    assert set(files) == set(TABLE) == {source.file for source in FACES.values()}
    assert sum(files.values()) <= 60 * 1024 * 1024


@pytest.mark.parametrize("key", sorted(FACES))
def test_names_and_metrics_are_those_of_the_file(key: str) -> None:
    face = fonts.face(key)
    font = TTFont(fonts.font_path(key), lazy=True)
    assert face.postscript_name == font["name"].getDebugName(6)
    assert face.family == font["name"].getDebugName(1)
    assert (face.units_per_em, face.ascent, face.descent) == (
        font["head"].unitsPerEm, font["hhea"].ascent, font["hhea"].descent)
    cmap = font.getBestCmap()
    for char in COMMON if "rare" not in key else [chr(code) for code in sorted(cmap)[::500]]:
        glyph = face.glyph_id(char)
        assert glyph == font.getGlyphID(cmap[ord(char)])
        assert glyph is not None
        assert face.advance(glyph) == font["hmtx"][cmap[ord(char)]][0]
    assert {ord(char) for char in face.font.characters()} == set(cmap)


@pytest.mark.parametrize("key", ["hei", "kai", "song", "song-bold"])
def test_every_face_of_running_text_draws_gb2312(key: str) -> None:
    codes = [bytes((high, low)) for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF)]
    chars = {code.decode("gb2312", "ignore") for code in codes}
    assert all(fonts.face(key).glyph_id(char) for char in chars if char)


def test_rare_names_are_drawn_through_the_chain_and_the_rest_is_named() -> None:
    assert fonts.drawable("𠮷㛃䶮㎡𬭊", "song") == set()
    assert fonts.drawable("甲ሀ\u0378", "kai") == {"ሀ", "\u0378"}
    assert fonts.face("song").glyph_id("𠮷") is None
    assert all(chain[-1] == "rare" for chain in fonts.CHAINS.values())


def test_an_unknown_face_is_refused() -> None:
    with pytest.raises(FontError) as caught:
        fonts.face("gothic")
    assert caught.value.code == "font.unknown-face"


def test_a_missing_glyph_is_refused_and_named() -> None:
    with pytest.raises(FontError, match=r"U\+20BB7") as caught:
        fonts.face("song").subset(frozenset("甲𠮷"))
    assert caught.value.code == "font.missing-glyph"


def _check_subset(face: Face, chars: frozenset[str]) -> None:
    made = face.subset(chars)
    assert [char for char, _ in sorted(made.glyphs.items(), key=lambda pair: pair[1])] == sorted(chars)
    font = TTFont(io.BytesIO(made.data), checkChecksums=2, lazy=False)
    names = font.getGlyphOrder()
    assert {sub.format for sub in font["cmap"].tables} == {4, 12}
    for sub in font["cmap"].tables:
        wanted = chars if sub.format == 12 else {char for char in chars if ord(char) < 0xFFFF}
        assert {chr(code): names.index(name) for code, name in sub.cmap.items()} == {
            char: made.glyphs[char] for char in wanted}
    reread = TrueType(made.data)
    for char, glyph in made.glyphs.items():
        whole = face.glyph_id(char)
        assert whole is not None
        assert reread.glyph_id(char) == glyph
        assert made.advances[glyph] == face.advance(whole)
        assert reread.outline_digest(glyph) == face.outline_digest(whole)


@pytest.mark.parametrize("key", ["hei", "kai", "song", "song-bold"])
@pytest.mark.parametrize("text", [COMMON, " ", "A", "", "一丁"])
def test_a_subset_draws_exactly_its_characters(key: str, text: str) -> None:
    _check_subset(fonts.face(key), frozenset(text))


@pytest.mark.parametrize(("key", "text", "why"), [
    ("song", "一⼀", "two characters that share a glyph get one each"),
    ("kai", "𠮷㛃䶮𬭊", "above the BMP and extension A"),
    ("rare", "𠀀𡆑𡬳𫋷", "extensions B and C"),
    ("rare-names", "𰀃𰇗𱆩", "extension G"),
    ("kai", "¨´ˊ−∕", "composite glyphs bring their parts"),
])
def test_a_subset_keeps(key: str, text: str, why: str) -> None:
    _check_subset(fonts.face(key), frozenset(text))


KAI = "".join(fonts.face("kai").font.characters())


@settings(max_examples=25, deadline=None)
@given(st.frozensets(st.sampled_from(KAI), min_size=1, max_size=300))
def test_any_subset_draws_exactly_its_characters(chars: frozenset[str]) -> None:
    _check_subset(fonts.face("kai"), chars)


def test_a_subset_is_the_same_in_every_process() -> None:
    code = ("import fonts, hashlib; print(hashlib.sha256("
            f"fonts.face('kai').subset(frozenset({COMMON + '𠮷'!r})).data).hexdigest())")
    seen = {subprocess.run([sys.executable, "-c", code], cwd=FOLDER.parent, check=True, capture_output=True,
                           env={"PYTHONHASHSEED": seed}).stdout for seed in ("1", "2")}
    assert len(seen) == 1
    assert seen.pop().decode().strip() == hashlib.sha256(
        fonts.face("kai").subset(frozenset(COMMON + "𠮷")).data).hexdigest()


@settings(max_examples=300, deadline=None)
@given(at=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255), cut=st.booleans())
def test_a_broken_font_is_an_error_with_a_code(at: float, value: int, cut: bool) -> None:
    whole = fonts.face("kai").subset(frozenset("甲乙¨𠮷")).data
    place = int(at * len(whole))
    data = whole[:place] if cut else whole[:place] + bytes([value]) + whole[place + 1:]
    try:
        font = TrueType(data)
        for char in "甲乙¨𠮷":
            glyph = font.glyph_id(char)
            if glyph is not None:
                font.outline_digest(glyph)
    except FontError as exc:
        assert exc.code == "font.malformed"


@given(st.binary(max_size=40), st.integers(min_value=0, max_value=120))
def test_a_checksum_is_the_sum_of_the_words(piece: bytes, times: int) -> None:
    data = piece * times
    words = [int.from_bytes(data[at:at + 4].ljust(4, b"\0"), "big") for at in range(0, len(data), 4)]
    assert table_checksum(data) == sum(words) % (1 << 32)

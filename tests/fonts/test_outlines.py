"""Released outlines stay released, and are those of the faces: what a verifier holds embedded fonts against."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

import fonts
from fonts import FACES, FontError, TrueType
from fonts.outlines import OutlineTable, draws, make_table, released, released_files

RELEASED = json.loads((Path(__file__).parent / "released_outlines.json").read_text(encoding="utf-8"))
PROBE = {"hei": "危险", "kai": "测¨𠮷", "song": "甲 〇", "song-bold": "许", "rare": "𠀀𡆑", "rare-names": "𰀃𱆩"}


@pytest.mark.parametrize("name", sorted(RELEASED))
def test_a_released_table_never_changes_and_is_never_taken_away(name: str) -> None:
    """Whoever adds a version of a face adds a table and a line here; no line here is ever changed."""
    files = {path.name: path for path in released_files()}
    assert name in files
    assert hashlib.sha256(files[name].read_bytes()).hexdigest() == RELEASED[name]


def test_every_table_is_listed_as_released() -> None:
    assert {path.name for path in released_files()} == set(RELEASED)
    assert sum(path.stat().st_size for path in released_files()) < 2 << 20


@pytest.mark.parametrize("key", sorted(FACES))
def test_a_table_has_every_character_of_the_face_as_it_is_now(key: str) -> None:
    face = fonts.face(key)
    data = fonts.font_path(key).read_bytes()
    made = make_table(face.font, postscript_name=face.postscript_name, sha256=hashlib.sha256(data).hexdigest())
    assert made in {path.read_bytes() for path in released_files()}


@pytest.mark.parametrize("key", sorted(FACES))
def test_a_subset_draws_what_was_released_and_nothing_else(key: str) -> None:
    face = fonts.face(key)
    tables = released(face.postscript_name)
    made = face.subset(frozenset(PROBE[key]))
    font = TrueType(made.data)
    for char, glyph in made.glyphs.items():
        assert draws(font, glyph, char, tables)
        assert not any(draws(font, glyph, other, tables) for other in PROBE[key] + "乙" if other != char)


def test_another_writer_of_the_same_outlines_is_believed() -> None:
    """A font that fontTools wrote, padded otherwise, has the same glyphs."""
    font = TTFont(io.BytesIO(fonts.face("kai").subset(frozenset("甲乙¨")).data))
    out = io.BytesIO()
    font["glyf"].padding = 1
    font.save(out)
    read = TrueType(out.getvalue())
    for char in "甲乙¨":
        glyph = read.glyph_id(char)
        assert glyph and draws(read, glyph, char, released("LXGWWenKai-Regular"))


@pytest.mark.parametrize(("what", "change"), [
    ("point", lambda glyph: glyph.coordinates.__setitem__(0, (glyph.coordinates[0][0] + 9, 9))),
    ("instructions", lambda glyph: glyph.program.fromBytecode(b"\x4f")),
])
def test_a_changed_glyph_is_not_the_released_one(what: str, change: Callable[[Any], None]) -> None:
    font = TTFont(io.BytesIO(fonts.face("kai").subset(frozenset("甲")).data))
    change(font["glyf"][font.getBestCmap()[ord("甲")]])
    out = io.BytesIO()
    font.save(out)
    read = TrueType(out.getvalue())
    glyph = read.glyph_id("甲")
    assert glyph is not None
    assert not draws(read, glyph, "甲", released("LXGWWenKai-Regular")), what


@pytest.mark.parametrize("data", [
    b"", b"{}", b"{}\n", b"\n", b"[]\n", b'{"postscript_name":"a","sha256":"b","ranges":1,"glyphs":1}\n',
    b'{"postscript_name":"a","sha256":"b","ranges":1,"glyphs":1}\n' + bytes(8) + b"\0" * 13,
    b'{"postscript_name":"a","sha256":"b","ranges":1,"glyphs":1}\n\0\0\0\1\0\0\0\2' + b"\0" * 12,
    b'{"postscript_name":"a","sha256":"b","ranges":-1,"glyphs":1}\n' + b"\0" * 4,
])
def test_a_broken_table_is_an_error_with_a_code(data: bytes) -> None:
    with pytest.raises(FontError) as caught:
        OutlineTable(data)
    assert caught.value.code == "font.malformed"

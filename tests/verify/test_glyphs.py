"""Fonts that draw something else than the text says, in files that the true authority sealed and signed."""

from __future__ import annotations

import functools
import io
import re
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fontTools.ttLib import TTFont, newTable  # type: ignore[import-untyped]
from fontTools.ttLib.tables._g_l_y_f import Glyph  # type: ignore[import-untyped]

import docgen
import fonts
from certs.home import Home
from fonts.subset import SubsetMaker
from tests.support.demo_home import copied_home, own_home
from tests.verify.packages import PUBLIC, Forger, check, codes, entries, forged, record, swap
from verify.model import Verdict

__all__ = ["own_home"]


def face_entry(name: str = "LXGWWenKai-Regular") -> str:
    """The entry that holds a face in the issued example."""
    for entry, data in entries().items():
        if entry.endswith(".ttf") and TTFont(io.BytesIO(data))["name"].getDebugName(6) == name:
            return entry
    raise AssertionError(name)


def edited(change: Callable[[TTFont], None]) -> Callable[[bytes], bytes]:
    """Change a font with fontTools."""
    def edit(data: bytes) -> bytes:
        font = TTFont(io.BytesIO(data))
        change(font)
        out = io.BytesIO()
        font.save(out, reorderTables=False)
        return out.getvalue()
    return edit


def names(font: TTFont) -> tuple[str, str]:
    """Glyphs of 甲 and 乙, or of two other characters of the example."""
    cmap = font.getBestCmap()
    return cmap[ord("甲")], cmap[ord("测")]


def other_outline(font: TTFont) -> None:
    """甲 is drawn as 测."""
    one, other = names(font)
    font["glyf"][one] = font["glyf"][other]
    font["hmtx"][one] = font["hmtx"][other]


def other_map(font: TTFont, *formats: int) -> None:
    """甲 names the glyph of 测."""
    one, other = names(font)
    for table in font["cmap"].tables:
        if table.format in formats:
            table.cmap[ord("甲")] = other
    assert one


def strange_map(font: TTFont) -> None:
    """The map of new readers is of an encoding that they do not know."""
    font["cmap"].tables[-1].platEncID = 9


def composite(font: TTFont) -> None:
    """甲 is made of 测."""
    one, other = names(font)
    glyph = Glyph()
    glyph.numberOfContours = -1
    from fontTools.ttLib.tables._g_l_y_f import GlyphComponent
    part = GlyphComponent()
    part.glyphName, part.x, part.y, part.flags = other, 0, 0, 4
    glyph.components = [part]
    font["glyf"][one] = glyph
    glyph.recalcBounds(font["glyf"])


def wider(font: TTFont) -> None:
    one, _ = names(font)
    advance, bearing = font["hmtx"][one]
    font["hmtx"][one] = (advance + 200, bearing)


def larger(font: TTFont) -> None:
    font["head"].unitsPerEm = 500


def instructed(font: TTFont) -> None:
    font["glyf"][names(font)[0]].program.fromBytecode(b"\xb0\x00\x2f")


def with_table(tag: str) -> Callable[[TTFont], None]:
    def change(font: TTFont) -> None:
        font[tag] = newTable(tag)
        font[tag].data = b"\0\1\0\0" + bytes(32)
        if tag in ("fpgm", "prep"):
            from fontTools.ttLib.tables.ttProgram import Program  # type: ignore[import-untyped]
            font[tag].program = Program()
            font[tag].program.fromBytecode(b"\x4f")
        else:
            font.tables[tag] = _Raw(tag, b"\0\1\0\0" + bytes(32))
    return change


class _Raw:
    """A table written as it is."""

    def __init__(self, tag: str, data: bytes) -> None:
        self.tableTag, self._data = tag, data

    def compile(self, _: Any) -> bytes:
        return self._data


def twice(data: bytes) -> bytes:
    """The directory names the glyphs twice: readers take the first or the last."""
    count = struct.unpack_from(">H", data, 4)[0]
    places = [data[12 + 16 * index:28 + 16 * index] for index in range(count)]
    glyf = next(place for place in places if place[:4] == b"glyf")
    moved = [place[:8] + struct.pack(">I", struct.unpack_from(">I", place, 8)[0] + 16) + place[12:]
             for place in (*places, glyf)]
    return data[:4] + struct.pack(">H", count + 1) + data[6:12] + b"".join(moved) + data[12 + 16 * count:]


def shorter(data: bytes) -> bytes:
    """The metrics are as they were, and their table ends before them: other readers take zeros."""
    row = data.index(b"hmtx")
    return data[:row + 12] + struct.pack(">I", 4) + data[row + 16:]


def longer(data: bytes) -> bytes:
    """The places of glyphs reach into the table behind them."""
    row = data.index(b"loca")
    return data[:row + 12] + struct.pack(">I", struct.unpack_from(">I", data, row + 12)[0] + 8) + data[row + 16:]


def rows_of(data: bytes) -> list[tuple[int, int, int]]:
    """Where each row of the directory stands, and what it says: start and length of its table."""
    return [(at, *struct.unpack_from(">II", data, at + 8))
            for at in range(12, 12 + 16 * int(struct.unpack_from(">H", data, 4)[0]), 16)]


def in_the_padding(data: bytes) -> bytes:
    """A byte behind a table that does not end on a word."""
    place = next(start + length for _, start, length in rows_of(data) if length % 4)
    return data[:place] + b"x" + data[place + 1:]


def between_tables(data: bytes) -> bytes:
    """A word before the table that stands last."""
    row, start, _ = max(rows_of(data), key=lambda each: each[1])
    return data[:row + 8] + struct.pack(">I", start + 4) + data[row + 12:start] + b"\0\0\0\1" + data[start:]


def other_checksum(data: bytes) -> bytes:
    """The directory says another sum of the glyphs."""
    row = data.index(b"glyf")
    return data[:row + 7] + bytes([data[row + 7] ^ 1]) + data[row + 8:]


def other_adjustment(data: bytes) -> bytes:
    """The head says another sum of the file."""
    start = next(start for row, start, _ in rows_of(data) if data[row:row + 4] == b"head")
    return data[:start + 11] + bytes([data[start + 11] ^ 1]) + data[start + 12:]


def other_order(data: bytes) -> bytes:
    """The first two rows of the directory change places."""
    return data[:12] + data[28:44] + data[12:28] + data[44:]


FONT_ATTACKS = [
    # what, change of the font, reason
    ("another outline", edited(other_outline), "font.glyph"),
    ("another glyph by both maps", edited(lambda font: other_map(font, 4, 12)), "font.glyph"),
    ("another glyph by the map of old readers", edited(lambda font: other_map(font, 4)), "font.form"),
    ("another glyph by the map of new readers", edited(lambda font: other_map(font, 12)), "font.form"),
    ("a composite of another character", edited(composite), "font.glyph"),
    ("a map of an unknown encoding", edited(strange_map), "font.form"),
    ("another width", edited(wider), "font.glyph"),
    ("twice as large", edited(larger), "font.glyph"),
    ("a glyph with instructions", edited(instructed), "font.glyph"),
    ("a font program", edited(with_table("fpgm")), "font.form"),
    ("a control value program", edited(with_table("prep")), "font.form"),
    ("substitutions", edited(with_table("GSUB")), "font.form"),
    ("bitmaps", edited(with_table("EBDT")), "font.form"),
    ("colour layers", edited(with_table("COLR")), "font.form"),
    ("pictures", edited(with_table("SVG ")), "font.form"),
    ("glyphs twice", twice, "font.form"),
    ("metrics behind the end of their table", shorter, "font.form"),
    ("tables that share bytes", longer, "font.form"),
    ("a byte behind the tables", lambda data: data + b"\0", "font.form"),
    ("a word behind the tables", lambda data: data + bytes(4), "font.form"),
    ("something in the padding", in_the_padding, "font.form"),
    ("something between tables", between_tables, "font.form"),
    ("another checksum", other_checksum, "font.form"),
    ("another adjustment", other_adjustment, "font.form"),
    ("another order", other_order, "font.form"),
    ("another search range", lambda data: data[:7] + bytes([data[7] ^ 1]) + data[8:], "font.form"),
    ("another kind of outlines", lambda data: b"true" + data[4:], "font.form"),
    ("no font", lambda _: b"no font", "font.form"),
    ("cut short", lambda data: data[:len(data) // 2], "font.form"),
]


@pytest.mark.parametrize(("what", "change", "code"), FONT_ATTACKS, ids=[what for what, _, _ in FONT_ATTACKS])
def test_a_false_font_under_a_true_seal_is_not_genuine(
    what: str, change: Callable[[bytes], bytes], code: str,
) -> None:
    report = check(forged(face_entry(), change))
    assert report.verdict is Verdict.INVALID, what
    assert code in codes(report), (what, codes(report))


def test_an_empty_font_is_not_genuine() -> None:
    report = check(forged(face_entry(), lambda _: b""))
    assert report.verdict is not Verdict.VALID and "ofd.missing" in codes(report)


def test_the_character_and_the_page_are_named() -> None:
    report = check(forged(face_entry(), edited(other_outline)))
    sentences = [reason for reason in report.reasons if reason.code == "font.glyph"]
    assert sentences and "“甲”（U+7532）" in sentences[0].zh and "第 1 页" in sentences[0].zh
    assert "U+7532" in sentences[0].en and "page 1" in sentences[0].en


def test_a_font_that_is_none_of_ours_cannot_be_judged() -> None:
    report = check(forged(PUBLIC, swap("LXGWWenKai-Regular", "SomeOther-Regular")))
    assert report.verdict is Verdict.INDETERMINATE
    assert "font.unknown" in codes(report)


def test_a_font_called_by_another_face_is_not_genuine() -> None:
    report = check(forged(PUBLIC, swap("LXGWWenKai-Regular", "NotoSerifSC-Regular")))
    assert report.verdict is Verdict.INVALID
    assert "font.glyph" in codes(report)


def test_a_font_without_a_needed_character_is_not_genuine() -> None:
    lacking = fonts.face("kai").subset(frozenset("测")).data
    report = check(forged(face_entry(), lambda _: lacking))
    assert report.verdict is Verdict.INVALID and "font.glyph" in codes(report)


@pytest.fixture
def dishonest(own_home: Home, monkeypatch: pytest.MonkeyPatch) -> docgen.Issued:
    """A licence issued, sealed and signed whole by an engine whose 甲 draws 乙 in every face."""
    entries()                            # the honest example is issued before
    true_glyph = SubsetMaker._make

    def make(self: SubsetMaker, chars: frozenset[str]) -> fonts.Subset:
        font = self._font
        honest = font.glyph_id
        try:
            font.glyph_id = lambda char: honest("乙" if char == "甲" else char)  # type: ignore[method-assign]
            return true_glyph(self, chars)
        finally:
            del font.glyph_id

    for key in fonts.FACES:
        face = fonts.face(key)
        monkeypatch.setattr(face._maker, "make", lambda chars, face=face: make(face._maker, chars))
    return docgen.issue(record(), home=own_home)


@pytest.mark.parametrize("half", ["ofd", "pdf"])
def test_an_engine_whose_font_draws_another_character_is_caught(
    dishonest: docgen.Issued, own_home: Home, half: str,
) -> None:
    report = check(getattr(dishonest, half), trust=own_home.trust())
    assert report.verdict is Verdict.INVALID
    assert codes(report) >= {"font.glyph"}
    assert all("甲" in reason.zh for reason in report.reasons if reason.code == "font.glyph")


def test_a_false_font_in_the_rendition_alone_is_caught(dishonest: docgen.Issued) -> None:
    """The pages of the OFD are honest, the PDF beside them is not."""
    parts = {**entries(), "Doc_0/Attachs/rendition.pdf": dishonest.pdf}
    report = check(Forger().apply(parts))
    assert report.verdict is Verdict.INVALID and "font.glyph" in codes(report)


def test_a_thousand_false_glyphs_give_few_sentences() -> None:
    other = fonts.face("song").subset(frozenset(
        chr(code) for code in TTFont(io.BytesIO(entries()[face_entry()])).getBestCmap())).data
    report = check(forged(face_entry(), lambda _: other))
    told = [reason for reason in report.reasons if reason.code == "font.glyph"]
    assert 1 <= len(told) <= 20


@functools.cache
def rare_name() -> docgen.Issued:
    """A licence whose holder has a character beyond the BMP in his name."""
    with tempfile.TemporaryDirectory() as folder:
        return docgen.issue(record(企业法定代表人="测试𠮷"), home=copied_home(Path(folder) / "home"))


MAPS = [
    # what, glyph map of 𠮷 in the OFD, reason
    ("another glyph", ("<ofd:Glyphs>{right}<", "<ofd:Glyphs>1<"), "font.glyph"),
    ("no glyph", ("<ofd:Glyphs>{right}<", "<ofd:Glyphs>0<"), "font.glyph"),
    ("no such glyph", ("<ofd:Glyphs>{right}<", "<ofd:Glyphs>65535<"), "font.glyph"),
    ("two glyphs", ("<ofd:Glyphs>{right}<", "<ofd:Glyphs>{right} 1<"), "ofd.not-understood"),
    ("no number", ("<ofd:Glyphs>{right}<", "<ofd:Glyphs>x<"), "ofd.not-understood"),
    ("another place", ('CodePosition="0"', 'CodePosition="1"'), "ofd.not-understood"),
    ("another count", ('CodeCount="2"', 'CodeCount="1"'), "ofd.not-understood"),
    ("one attribute more", ('CodeCount="2"', 'CodeCount="2" Kind="x"'), "ofd.not-understood"),
]


@pytest.mark.parametrize(("what", "exchange", "code"), MAPS, ids=[what for what, _, _ in MAPS])
def test_a_false_glyph_map_is_not_genuine(what: str, exchange: tuple[str, str], code: str) -> None:
    """A character beyond the BMP names its glyph in the page; it must be the one of the font's own map."""
    parts = entries(rare_name().ofd)
    page = "Doc_0/Pages/Page_0/Content.xml"
    found = re.search(rb"<ofd:Glyphs>([0-9]+)<", parts[page])
    assert found is not None
    old, new = (text.replace("{right}", found[1].decode()) for text in exchange)
    report = check(Forger().apply({**parts, page: swap(old, new)(parts[page])}))
    assert report.verdict is (Verdict.INVALID if code == "font.glyph" else Verdict.INDETERMINATE), codes(report)
    assert code in codes(report)

"""Do the embedded fonts draw the characters that the text says? Each glyph is held against released outlines.

A seal shows that nobody changed a font since; it does not show that the sealer's font draws 甲 where the text
says 甲. So the outline, advance and bearing of every glyph that is used must be those of its character in
a released version of the face that the font is called by, and the font may hold nothing else that could
change the picture: no instructions, substitutions, bitmaps or colours, and no second character map that
says otherwise. A font of an office's own pack is held against the table that the trust folder has for it.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from fonts.errors import FontError
from fonts.outlines import OutlineTable, draws, released
from fonts.pack import mark_of
from fonts.subset import is_laid_out
from fonts.truetype import TrueType
from verify.model import PageView, TextRun
from verify.reasons import Findings

__all__ = ["check_glyphs"]

_TABLES: Final = frozenset({b"OS/2", b"cmap", b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp", b"name",
                            b"post"})
_TOLD: Final = 20                       # characters named one by one; a forged font may hold thousands
_BMP: Final = 0x10000
_ENCODINGS: Final = [(3, 1), (3, 10)]   # a reader that knows none of a font's maps draws what it likes


@dataclass(slots=True)
class _Known:
    """What was found out about one font: its form (None: not looked at yet), its map, characters judged so far."""

    sound: bool | None = None
    glyphs: Mapping[int, int] = field(default_factory=dict)
    right: set[str] = field(default_factory=set)
    wrong: set[str] = field(default_factory=set)


@functools.lru_cache(maxsize=8)
def _known(_name: str, _digest: bytes) -> _Known:
    """What is remembered of a font of a released face: the two halves of a package share their fonts."""
    return _Known()


class _Program:
    """One embedded font, under the name that its document gives it."""

    def __init__(self, data: bytes, tables: tuple[OutlineTable, ...], known: _Known) -> None:
        self._data, self._tables, self._known = data, tables, known
        self._font: TrueType | None = None

    @property
    def sound(self) -> bool:
        """Whether the font's form is ours: known tables, once each, apart, laid out to the byte as our writer does; and
        character maps that agree."""
        if self._known.sound is None:
            try:
                self._known.sound = self._open()
            except FontError:
                self._known.sound = False
        return self._known.sound

    def _open(self) -> bool:
        self._font = font = TrueType(self._data)
        maps = font.character_maps()
        self._known.glyphs = whole = max(maps, key=len, default={})
        plane = {code: glyph for code, glyph in whole.items() if code < _BMP}
        return (len(font.tags) == len(_TABLES) and set(font.tags) == _TABLES and font.apart and is_laid_out(font)
                and font.encodings == _ENCODINGS and all(one in (whole, plane) for one in maps))

    def glyph(self, char: str) -> int:
        """The glyph that the font's own map has for the character; 0 for none."""
        return self._known.glyphs.get(ord(char), 0)

    def misnamed(self, text: str, glyphs: tuple[int, ...]) -> set[str]:
        """Those of the characters that a document draws with another glyph than the font's own map has for them."""
        if tuple(map(self._known.glyphs.get, map(ord, text))) == glyphs:
            return set()
        return {char for char, glyph in zip(text, glyphs, strict=False) if self.glyph(char) != glyph}

    def not_drawn(self, chars: set[str]) -> set[str]:
        """Those of the characters whose glyph is not the released one."""
        for char in chars - self._known.right - self._known.wrong:
            try:
                right = (self._font is not None or self._open()) and self._judge(char)
            except FontError:
                right = False
            (self._known.right if right else self._known.wrong).add(char)
        return chars & self._known.wrong

    def _judge(self, char: str) -> bool:
        glyph = self.glyph(char)
        return bool(glyph) and self._font is not None and draws(self._font, glyph, char, self._tables)


def check_glyphs(views: Iterable[PageView], packs: Mapping[str, bytes], found: Findings) -> None:
    """Every character of every run is drawn with its own released outline.

    Args:
        views: pages whose runs hold the programs of their fonts.
        packs: tables of outlines by the SHA-256 (hex) of the font file, from the trust folder.
    """
    opened: dict[tuple[str, int], tuple[str, str, _Program | None]] = {}
    told: set[tuple[str, str, int]] = set()
    for view in views:
        drawn: dict[tuple[str, int], list[TextRun]] = {}
        for run in view.runs:
            if run.program:              # a font that is not embedded has been named already
                drawn.setdefault((run.font, id(run.program)), []).append(run)
        for key, runs in drawn.items():
            if key not in opened:
                opened[key] = _open(key[0], runs[0].program, packs)
            name, (reason, sha256, program) = key[0], opened[key]
            if program is None:
                if (name, reason, 0) not in told:
                    told.add((name, reason, 0))
                    found.add(reason, "", font=name, page=view.number, sha256=sha256 or "—")
                continue
            wrong = program.not_drawn(set("".join([run.text for run in runs])))
            for run in runs:
                if run.glyphs:
                    wrong |= program.misnamed(run.text, run.glyphs)
            for char in sorted(wrong):
                if len(told) < _TOLD:
                    told.add((name, char, view.number))
                    found.add("font.glyph", "", font=name, page=view.number, char=char,
                              point=f"U+{ord(char):04X}")


def _open(name: str, data: bytes, packs: Mapping[str, bytes]) -> tuple[str, str, _Program | None]:
    """The font, or the reason why nothing can be said of its glyphs and the digest of the file it is cut from."""
    tables, known, sha256 = released(name), _Known(), ""
    if tables:
        known = _known(name, hashlib.sha256(data).digest())
    else:
        try:
            sha256 = mark_of(TrueType(data))
        except FontError:
            return "font.form", sha256, None
        tables = tuple(table for table in _named(packs.get(sha256)) if (table.postscript_name, table.sha256) == (
            name, sha256))
        if not tables:
            return "font.unknown", sha256, None
    program = _Program(data, tables, known)
    return ("", sha256, program) if program.sound else ("font.form", sha256, None)


def _named(data: bytes | None) -> tuple[OutlineTable, ...]:
    """The table of the trust folder; none when there is none, or when it cannot be read."""
    try:
        return () if data is None else (OutlineTable(data),)
    except FontError:
        return ()

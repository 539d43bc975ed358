"""Released outlines: what each character looks like in each face, as digests, for those who must not trust a font.

A table is one file for one version of a face: a line of JSON (``postscript_name``, ``sha256`` of the font
file, ``ranges``, ``glyphs``), the ranges of characters as pairs of 32-bit numbers, then 12 bytes a
character in order (``TrueType.outline_digest``). Tables in ``outlines/`` are never changed or taken away: what
was drawn with them stays genuine. A new version of a face is one more file.
"""

from __future__ import annotations

import functools
import json
import struct
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from fonts.errors import malformed
from fonts.truetype import DIGEST_SIZE, TrueType

__all__ = ["ENDING", "OutlineTable", "draws", "make_table", "released", "released_files"]

ENDING = ".outlines"
_MAX_HEAD = 1024                         # bytes of the first line


class OutlineTable:
    """One table, opened.

    Raises:
        FontError: ``font.malformed``.
    """

    def __init__(self, data: bytes) -> None:
        end = data.find(b"\n", 0, _MAX_HEAD)
        try:
            head = json.loads(data[:max(end, 0)])
            self.postscript_name, self.sha256 = str(head["postscript_name"]), str(head["sha256"])
            ranges, glyphs = int(head["ranges"]), int(head["glyphs"])
        except (ValueError, KeyError, TypeError, RecursionError) as exc:
            raise malformed("轮廓表的首行有误", "the first line of an outline table is wrong") from exc
        self._start = end + 1 + 8 * ranges
        if ranges < 0 or len(data) != self._start + glyphs * DIGEST_SIZE:
            raise malformed("轮廓表长度不符", "an outline table has the wrong length")
        words = array("I", data[end + 1:self._start])
        words.byteswap()
        self._firsts, self._lasts = words[0::2], words[1::2]
        self._before, count = [], 0
        for first, last in zip(self._firsts, self._lasts, strict=True):
            self._before.append(count)
            count += last - first + 1
        if count != glyphs:
            raise malformed("轮廓表字数不符", "an outline table counts its characters wrongly")
        self.characters = count
        self._data = data

    def digest(self, char: str) -> bytes | None:
        """Return the digest of the one character CHAR, None when the face does not draw it."""
        code = ord(char)
        at = bisect_right(self._firsts, code) - 1
        if at < 0 or code > self._lasts[at]:
            return None
        place = self._start + (self._before[at] + code - self._firsts[at]) * DIGEST_SIZE
        return self._data[place:place + DIGEST_SIZE]


def make_table(font: TrueType, *, postscript_name: str, sha256: str) -> bytes:
    """Return the table of every character that FONT draws."""
    digests: list[bytes] = []
    ranges: list[list[int]] = []
    for char in font.characters():
        glyph = font.glyph_id(char)
        if glyph is None:
            continue
        code = ord(char)
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
        digests.append(font.outline_digest(glyph))
    head = {"postscript_name": postscript_name, "sha256": sha256, "ranges": len(ranges),
            "glyphs": len(digests)}
    return (json.dumps(head, ensure_ascii=True).encode() + b"\n"
            + b"".join(struct.pack(">II", *pair) for pair in ranges) + b"".join(digests))


def released_files() -> tuple[Path, ...]:
    """Return the files of all released tables, in order of names."""
    folder = Path(str(resources.files("fonts").joinpath("outlines")))
    return tuple(sorted(folder.glob(f"*{ENDING}")))


@functools.lru_cache(maxsize=64)
def released(postscript_name: str) -> tuple[OutlineTable, ...]:
    """Return the tables of all released versions of a face; empty for a name that is none of ours.

    Files are called by the PostScript name and the version: ``NotoSerifSC-Bold.1.outlines``.
    """
    return tuple(OutlineTable(path.read_bytes()) for path in released_files()
                 if path.name.removesuffix(ENDING).rpartition(".")[0] == postscript_name)


def draws(font: TrueType, glyph: int, char: str, tables: Sequence[OutlineTable]) -> bool:
    """Say whether GLYPH of FONT is CHAR as one of the TABLES has it, and has no instructions to change it.

    Raises:
        FontError: ``font.malformed``.
    """
    known = [digest for table in tables if (digest := table.digest(char)) is not None]
    return bool(known) and (
        font.outline_digest(glyph, stored=True) in known or font.outline_digest(glyph) in known
    ) and not font.has_instructions(glyph)

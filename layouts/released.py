"""What was released of each version of a kind: its data as they were, and everything that its pages may draw.

Both stand in ``<CODE>/released/<version>/``, written once by ``zhengyin kinds release`` and never changed.
``kind.json`` is read by :func:`layouts.load_kind`; ``artwork.json`` is the table that a verifier holds the drawings of
a page against: the ground by its digest in either format, drawings of single pages point by point, and the lines around
tables and texts by their colour, their width and their places across the page.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from layouts.folders import on_change, resource
from layouts.kind import KindError, KindErrorCode

__all__ = [
    "ARTWORK", "FORM", "KIND", "NO_PAINT", "VERSION", "Chosen", "Paint", "ReleasedArtwork", "Rule", "Shape", "Sheet",
    "bounds", "is_released_ground", "read_artwork", "released_artwork", "released_file", "rule_of", "template_digest",
]

KIND: Final = "kind.json"
ARTWORK: Final = "artwork.json"
FORM: Final = 1
"""Of the table; a reader knows no other."""

VERSION: Final = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}")
"""How the version of a kind is written; its folder has the same name."""

_ID: Final = re.compile(rb' ID="[0-9]+"')


class Paint(NamedTuple):
    """How an outline is painted: red, green, blue and opacity, 0 to 255 each, empty for none; width of the line in µm.
    """

    fill: tuple[int, ...] = ()
    stroke: tuple[int, ...] = ()
    width: int = 0
    even_odd: bool = False


NO_PAINT: Final = Paint(fill=(-1,))
"""Of an outline that is painted in a way which no kind uses; no released one has it."""


class Shape(NamedTuple):
    """An outline on a page: its operators (``M``, ``L``, ``C``, ``Z``), and its points x, y, x, y … in µm.

    Points count from the page's top left corner, y downwards.
    """

    paint: Paint
    ops: str
    points: tuple[int, ...]


class Rule(NamedTuple):
    """Lines or a ground that follow the text down the page: only their places across it are fixed.

    ``form`` is ``grid`` (a table's lines), ``frame`` (around a text) or ``band`` (behind a table's heads); ``xs`` are
    the places of the upright lines in µm, the left edge first, the right one second in a frame or a band.
    """

    form: str
    paint: Paint
    xs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """How a page of a role may look.

    Attributes:
        first: whether it is the first page of its role; None for all of them.
        size: width and height in µm.
        grounds: the digests of its ground in an OFD and in a PDF; empty for a page without one.
        drawings: what is drawn on it first, in this order.
        loose: names of drawings of which any may follow, wherever they stand and at any size.
        rules: what may follow these.
    """

    role: str
    first: bool | None
    size: tuple[int, int]
    grounds: tuple[str, ...]
    drawings: tuple[Shape, ...]
    loose: tuple[str, ...]
    rules: frozenset[Rule]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Drawings that a field of the record chooses: its values by their names, in the order of the values."""

    field: str
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedArtwork:
    """The table of one version of a kind. ``loose`` are drawings by name, at some size of theirs."""

    code: str
    version: str
    sheets: tuple[Sheet, ...]
    loose: Mapping[str, tuple[Shape, ...]]
    chosen: Chosen | None

    def of(self, role: str, *, first: bool) -> tuple[Sheet, ...]:
        """How a page of a role may look."""
        return tuple(sheet for sheet in self.sheets if sheet.role == role and sheet.first in (None, first))


def released_file(code: str, version: str, name: str) -> bytes | None:
    """A file of a released version; None where it was not released.

    Raises:
        KindError: ``kind.unknown``, or ``kind.unreadable`` where it is there and cannot be read.
    """
    if not VERSION.fullmatch(version):
        return None
    try:
        return resource(code, f"released/{version}/{name}")
    except KindError as error:
        if error.code is not KindErrorCode.RESOURCE:
            raise
        return None


@functools.cache
def released_artwork(code: str, version: str) -> ReleasedArtwork | None:
    """The table of a version of a kind, read once a process; None where it has none.

    Raises:
        KindError: ``kind.unknown``, ``kind.unreadable``, or ``kind.data`` where the table makes no sense.
    """
    data = released_file(code, version, ARTWORK)
    if data is None:
        return None
    table = read_artwork(data, code, version)
    _grounds.update(digest for sheet in table.sheets for digest in sheet.grounds)
    return table


_grounds: set[str] = set()
on_change(released_artwork.cache_clear)
on_change(_grounds.clear)


def is_released_ground(digest: str) -> bool:
    """Whether a ground stands in a table that was read since the kinds last changed; it is well formed then."""
    return digest in _grounds


def read_artwork(data: bytes, code: str, version: str) -> ReleasedArtwork:
    """A table from its JSON.

    Raises:
        KindError: ``kind.data``.
    """
    try:
        return _artwork(json.loads(data), code, version)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
        name = f"{code}/released/{version}/{ARTWORK}"
        raise KindError(KindErrorCode.DATA, f"{name} 不是可用的图形表：{error}",
                        f"{name} is no table of drawings that can be used: {error}", kind=code, file=name) from error


def _artwork(data: Any, code: str, version: str) -> ReleasedArtwork:
    if (data["form"], data["code"], data["version"]) != (FORM, code, version):
        raise ValueError("form, code, version")
    chosen = data["chosen"]
    return ReleasedArtwork(
        code=code, version=version, sheets=tuple(_sheet(each) for each in data["sheets"]),
        loose={str(name): _shapes(shapes) for name, shapes in data["loose"].items()},
        chosen=None if chosen is None else Chosen(field=str(chosen["field"]), names=dict(chosen["names"])))


def _sheet(data: Any) -> Sheet:
    width, height = data["size"]
    return Sheet(
        role=str(data["role"]), first=data["first"], size=(int(width), int(height)),
        grounds=tuple(map(str, data["grounds"])), drawings=_shapes(data["drawings"]),
        loose=tuple(map(str, data["loose"])),
        rules=frozenset(Rule(str(form), _paint(paint), tuple(map(int, xs))) for form, paint, xs in data["rules"]))


def _shapes(data: Any) -> tuple[Shape, ...]:
    return tuple(Shape(_paint(paint), str(ops), tuple(map(int, points))) for paint, ops, points in data)


def _paint(data: Any) -> Paint:
    fill, stroke, width, even_odd = data
    return Paint(tuple(map(int, fill)), tuple(map(int, stroke)), int(width), bool(even_odd))


@functools.lru_cache(maxsize=64)
def template_digest(data: bytes) -> str:
    """The digest of a template page of an OFD, SHA-256 in hex: of its bytes, the numbers of its objects left out.

    Many documents share one; they number its objects as they need.
    """
    return hashlib.sha256(_ID.sub(b"", data)).hexdigest()


def bounds(points: tuple[int, ...]) -> tuple[int, int, int, int]:
    """The box of points: left, top, right, bottom."""
    xs, ys = points[::2], points[1::2]
    return min(xs), min(ys), max(xs), max(ys)


def rule_of(shape: Shape) -> tuple[Rule, tuple[int, ...]] | None:
    """A shape as lines that follow the text, and the places of its level lines from above; None for any other."""
    paint, ops, points = shape
    if ops in ("MLLLZ", "MLLLZML"):
        return _frame(paint, points)
    if ops and not len(ops) % 2 and ops == "ML" * (len(ops) // 2):
        return _grid(paint, points)
    return None


def _frame(paint: Paint, points: tuple[int, ...]) -> tuple[Rule, tuple[int, ...]] | None:
    """A rectangle, drawn from its upper left corner to the right; a frame may have an upright line in it."""
    left, top, right, bottom = points[0], points[1], points[4], points[5]
    if points[:8] != (left, top, right, top, right, bottom, left, bottom) or left >= right or top >= bottom:
        return None
    xs: tuple[int, ...] = (left, right)
    if len(points) > 8:
        x, *rest = points[8:]
        if rest != [top, x, bottom] or not left < x < right:
            return None
        xs = (left, right, x)
    filled = bool(paint.fill)
    if filled == bool(paint.stroke) or (filled and len(xs) > 2):
        return None
    return Rule("band" if filled else "frame", paint, xs), (top, bottom)


def _grid(paint: Paint, points: tuple[int, ...]) -> tuple[Rule, tuple[int, ...]] | None:
    """Level lines from above, all from the left edge to the right; then upright ones from the left, of full height."""
    lines = [points[at:at + 4] for at in range(0, len(points), 4)]
    level = [line for line in lines if line[1] == line[3]]
    upright = lines[len(level):]
    if len(level) < 2 or len(upright) < 2 or level != lines[:len(level)] or paint.fill:
        return None
    ys, xs = tuple(line[1] for line in level), tuple(line[0] for line in upright)
    if ys != tuple(sorted(set(ys))) or xs != tuple(sorted(set(xs))) or any(
            (line[0], line[2]) != (xs[0], xs[-1]) for line in level) or any(
            line[1:] != (ys[0], line[0], ys[-1]) for line in upright):
        return None
    return Rule("grid", paint, xs), ys

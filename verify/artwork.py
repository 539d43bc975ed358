"""Is everything that a page draws what was released for its kind? For OFD and PDF alike.

The ground of a page is known by its digest, a drawing by its points, paint and place. Lines around tables and texts go
with the text: of these colour, width and places across the page are released; down the page they must enclose text in
each of their rows, run through none, and not cross each other. Whatever else is drawn is no part of the licence,
whoever sealed it.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from layouts import Face, Kind
from layouts.released import Paint, ReleasedArtwork, Rule, Shape, Sheet, bounds, released_artwork, rule_of
from verify.model import PageView
from verify.reasons import Both, Findings
from verify.record import RecordData

__all__ = ["check_artwork", "compare_artwork", "hold_against"]

_SAME_UM: Final = 2                     # a point, a width or a level of colour is written rounded
_SAME_SIZE_UM: Final = 100
_SCALED_UM: Final = 6                   # of a drawing at a size of its own
_TOUCH_UM: Final = 50
_MOST_LINES: Final = 1000               # tables and frames of a page
_ASCENT_EM, _DESCENT_EM = 0.6, 0.1      # of the ink that no line may cross
_LEFT_EM, _RIGHT_EM = 0.55, 0.15        # a bracket stands out as far as its half without ink


class _Difference(NamedTuple):
    """What differs from the released drawings, in both languages, and where on the page."""

    zh: str
    en: str
    at: tuple[int, int] | None = None

    @property
    def sentences(self) -> dict[str, str]:
        """The facts of a finding."""
        if self.at is None:
            return {"zh": self.zh, "en": self.en}
        x, y = (value / 1000 for value in self.at)
        return {"zh": f"{self.zh}（左 {x:.1f} mm、上 {y:.1f} mm 处）",
                "en": f"{self.en} ({x:.1f} mm from the left, {y:.1f} mm from the top)"}


def check_artwork(kind: Kind, record: RecordData, faces: Sequence[Face], pages: Sequence[PageView],
                  found: Findings) -> None:
    """Hold what every page draws against the table of the kind's version.

    Args:
        faces: the face of each page.
        found: gets ``page.artwork`` for a page that differs; the note ``page.artwork-unreleased`` where the kind has
            no table.

    Raises:
        KindError: the table cannot be read.
    """
    table = released_artwork(kind.code, kind.version)
    if table is None:
        found.add("page.artwork-unreleased", "", kind=kind.code, version=kind.version)
    else:
        hold_against(table, record, faces, pages, found)


def hold_against(table: ReleasedArtwork, record: RecordData, faces: Sequence[Face], pages: Sequence[PageView],
                 found: Findings) -> None:
    """Hold what every page draws against one table; see :func:`check_artwork`."""
    before: Face | None = None
    for face, page in zip(faces, pages, strict=True):
        difference = _difference(table, record, table.of(face.role, first=face is not before), page)
        before = face
        if difference is not None:
            found.add("page.artwork", "", role=face.role, page=page.number, **difference.sentences)


def compare_artwork(ofd: Sequence[PageView], pdf: Sequence[PageView], found: Findings) -> None:
    """Each page of the rendition draws the same at the same places as that of the OFD.

    Args:
        found: gets ``rendition.page``.
    """
    for mine, its in zip(ofd, pdf, strict=False):
        if len(mine.shapes) != len(its.shapes) or not all(map(_same, mine.shapes, its.shapes)):
            found.add("rendition.page", "", page=mine.number, detail=Both("图形", "drawings"))


def _difference(table: ReleasedArtwork, record: RecordData, sheets: Sequence[Sheet], page: PageView,
                ) -> _Difference | None:
    """The first thing that a page draws otherwise than any of its sheets; None when there is none."""
    size = round(page.width_mm * 1000), round(page.height_mm * 1000)
    fitting = [sheet for sheet in sheets if _near(sheet.size, size, _SAME_SIZE_UM)]
    if not fitting:
        return _Difference("页面尺寸", "the size of the page")
    grounded = [sheet for sheet in fitting if _has_ground(sheet, page)]
    if not grounded:
        return _Difference("边框、底纹", "the border and the ground")
    first: _Difference | None = None
    for sheet in grounded:
        difference = _drawn(table, record, sheet, page)
        if difference is None:
            return None
        first = first or difference
    return first


def _has_ground(sheet: Sheet, page: PageView) -> bool:
    """Whether the page has the sheet's ground and no other."""
    if not sheet.grounds:
        return not page.grounds
    return len(page.grounds) == 1 and page.grounds[0] in sheet.grounds


def _drawn(table: ReleasedArtwork, record: RecordData, sheet: Sheet, page: PageView) -> _Difference | None:
    """What a page draws over its ground, held against one sheet."""
    fixed, shapes = sheet.drawings, page.shapes
    if shapes[:len(fixed)] != fixed:
        for wanted, shape in itertools.zip_longest(fixed, shapes[:len(fixed)]):
            if shape is None:
                return _Difference("缺少图形", "a drawing is missing", bounds(wanted.points)[:2])
            if not _same(wanted, shape):
                return _unknown(shape)
    rest = shapes[len(fixed):]
    if sheet.loose:
        count, difference = _loose(table, record, sheet, page, rest)
        if difference is not None:
            return difference
        rest = rest[count:]
    return _ruled(sheet.rules, page, rest)


def _unknown(shape: Shape) -> _Difference:
    left, top, _, _ = bounds(shape.points)
    return _Difference("未发布的图形", "a drawing that was never released", (left, top))


# -- drawings at one place


def _near(one: Iterable[int], other: Iterable[int], by: int = _SAME_UM) -> bool:
    return all(abs(mine - its) <= by for mine, its in zip(one, other, strict=True))


def _same_paint(one: Paint, other: Paint) -> bool:
    return one == other or (
        len(one.fill) == len(other.fill) and len(one.stroke) == len(other.stroke) and one.even_odd == other.even_odd
        and _near((*one.fill, *one.stroke, one.width), (*other.fill, *other.stroke, other.width)))


def _same(one: Shape, other: Shape) -> bool:
    return one == other or (one.ops == other.ops and len(one.points) == len(other.points)
                            and _near(one.points, other.points) and _same_paint(one.paint, other.paint))


# -- drawings at any place and size


def _loose(table: ReleasedArtwork, record: RecordData, sheet: Sheet, page: PageView, shapes: Sequence[Shape],
           ) -> tuple[int, _Difference | None]:
    """How many shapes are drawings of the sheet that stand where they like, and what is wrong with these."""
    known = sorted(((name, table.loose[name]) for name in sheet.loose), key=lambda each: -len(each[1]))
    at, names, boxes = 0, [], list[tuple[int, int, int, int]]()
    while at < len(shapes):
        name = next((name for name, drawing in known if _is_drawing(drawing, shapes[at:at + len(drawing)])), None)
        if name is None:
            break
        boxes.append(_around(shapes[at:at + len(table.loose[name])]))
        names.append(name)
        at += len(table.loose[name])
    if table.chosen is not None:
        values = [value for value in record.text(table.chosen.field).split("/") if value]
        wanted = [table.chosen.names.get(value) for value in values]
        if names != wanted:
            return at, _Difference(f"图形与“{table.chosen.field}”不符",
                                   f"the drawings are not those of “{table.chosen.field}”")
    return at, _badly_placed(boxes, page)


def _is_drawing(drawing: Sequence[Shape], shapes: Sequence[Shape]) -> bool:
    """Whether shapes are a drawing at some size."""
    if len(drawing) != len(shapes) or any(
            one.ops != other.ops or len(one.points) != len(other.points)
            for one, other in zip(drawing, shapes, strict=True)):
        return False
    own, its = _around(drawing), _around(shapes)
    across = max(own[2] - own[0], own[3] - own[1])
    scale = max(its[2] - its[0], its[3] - its[1]) / across if across else 0.0
    if scale <= 0:
        return False
    for one, other in zip(drawing, shapes, strict=True):
        paint = one.paint._replace(width=round(one.paint.width * scale))
        points = [its[index % 2] + (value - own[index % 2]) * scale for index, value in enumerate(one.points)]
        if not _same_paint(paint, other.paint) or any(
                abs(mine - found) > _SCALED_UM for mine, found in zip(points, other.points, strict=True)):
            return False
    return True


def _around(shapes: Sequence[Shape]) -> tuple[int, int, int, int]:
    """The box around shapes: left, top, right, bottom."""
    boxes = [bounds(shape.points) for shape in shapes]
    return (min(box[0] for box in boxes), min(box[1] for box in boxes), max(box[2] for box in boxes),
            max(box[3] for box in boxes))


def _badly_placed(boxes: Sequence[tuple[int, int, int, int]], page: PageView) -> _Difference | None:
    """Drawings that lie on each other, on text or beyond the page."""
    ink = _ink(page)
    for index, box in enumerate(boxes):
        left, top, right, bottom = box
        away = left < 0 or top < 0 or right > page.width_mm * 1000 or bottom > page.height_mm * 1000
        if away or any(_cross(box, other) for other in boxes[:index]) or any(
                _cross(box, (each.left, each.top, each.right, each.bottom)) for each in ink):
            return _Difference("图形的位置", "the place of a drawing", (left, top))
    return None


def _cross(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    """Whether two boxes share more than an edge."""
    return (one[0] < other[2] - _TOUCH_UM and other[0] < one[2] - _TOUCH_UM
            and one[1] < other[3] - _TOUCH_UM and other[1] < one[3] - _TOUCH_UM)


# -- lines that go with the text


class _Ink(NamedTuple):
    """What of a run of text no line may cross, and its baseline, in µm."""

    left: int
    top: int
    right: int
    bottom: int
    baseline: int


def _ink(page: PageView) -> list[_Ink]:
    return [_Ink(round(1000 * (run.xs_mm[0] + _LEFT_EM * run.size_mm)),
                 round(1000 * (run.y_mm - _ASCENT_EM * run.size_mm)),
                 round(1000 * (run.xs_mm[-1] + _RIGHT_EM * run.size_mm)),
                 round(1000 * (run.y_mm - _DESCENT_EM * run.size_mm)), round(1000 * run.y_mm))
            for run in page.runs if run.text.strip()]


def _ruled(rules: frozenset[Rule], page: PageView, shapes: Sequence[Shape]) -> _Difference | None:
    """Whether shapes are lines and grounds that go with the text of a page; the first that is not."""
    if len(shapes) > _MOST_LINES:
        return _unknown(shapes[_MOST_LINES])
    ink = _ink(page) if shapes else []
    heads: list[tuple[int, int, int, int]] = []                 # the first row of each table
    boxes: list[tuple[int, int, int, int]] = []
    bands: list[tuple[Shape, tuple[int, int, int, int]]] = []
    for shape in shapes:
        known = rule_of(shape)
        if known is None or not _released(rules, known[0]):
            return _unknown(shape)
        rule, ys = known
        left, right = rule.xs[0], rule.xs[-1] if rule.form == "grid" else rule.xs[1]
        box = (left, ys[0], right, ys[-1])
        if not _holds_text(rule, ys, left, right, ink):
            return _Difference("线条穿过文字，或其中没有文字", "lines that run through text or enclose none", box[:2])
        if rule.form == "band":
            bands.append((shape, box))
            continue
        if any(_cross(box, other) for other in boxes):
            return _Difference("线条相互重叠", "lines that lie on other lines", box[:2])
        boxes.append(box)
        if rule.form == "grid":
            heads.append((left, ys[0], right, ys[1]))
    for index, (shape, box) in enumerate(bands):
        others = [other for _, other in bands[:index]]
        if any(_cross(box, other) for other in others) or not (
                any(_near(box, head) for head in heads) or not any(_cross(box, other) for other in boxes)):
            return _unknown(shape)
    return None


def _released(rules: frozenset[Rule], rule: Rule) -> bool:
    return rule in rules or any(
        rule.form == each.form and len(rule.xs) == len(each.xs) and _near(rule.xs, each.xs)
        and _same_paint(rule.paint, each.paint) for each in rules)


def _holds_text(rule: Rule, ys: Sequence[int], left: int, right: int, ink: Sequence[_Ink]) -> bool:
    """Whether each row encloses text and no line runs through any."""
    rows = [False] * (len(ys) - 1)
    for each in ink:
        if each.left >= right or each.right <= left or each.bottom <= ys[0] or each.top >= ys[-1]:
            continue
        if _between(ys, each.top, each.bottom):
            return False
        if ys[0] < each.baseline < ys[-1]:
            if _between(sorted(rule.xs), each.left, each.right):
                return False
            rows[bisect.bisect_left(ys, each.baseline) - 1] = True
    return all(rows)


def _between(lines: Sequence[int], low: int, high: int) -> bool:
    """Whether any of the lines, which rise, lies inside a stretch."""
    return bisect.bisect_right(lines, low) < bisect.bisect_left(lines, high)

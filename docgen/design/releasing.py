"""Everything that the pages of a kind may draw, as the table that is released for verifiers.

It is made of filled templates: of every sample, of short, long, empty and rare data, and of every value of each field
that has a list of them. What is drawn alike on every such page of one size and ground stands fixed in the table; what
is drawn only sometimes, or at places of its own, is loose.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from docgen.artwork import artwork, drawings
from docgen.design.folder import KindFolder
from docgen.design.records import SIZES, drawable, extreme_record
from docgen.flow import frames
from docgen.licence import Licence
from docgen.ofd_xml import micron
from docgen.page import Artwork, Colour, Gradient, Path
from docgen.record import read_record, validate
from docgen.rows import Value
from docgen.table import set_table
from docgen.template import load_template
from docgen.template_layout import Art, Entry, Flow, Layout, PageLayout, Table
from docgen.values import printed_values
from layouts import Kind, KindError
from layouts.kind import KindErrorCode
from layouts.released import FORM, Chosen, Paint, ReleasedArtwork, Rule, Shape, Sheet, rule_of

__all__ = ["Grounds", "artwork_json", "licences_of", "made_artwork", "shapes_of"]

Grounds = Callable[[Artwork], tuple[str, ...]]
"""The digests of a ground in each format."""

_REFERENCE_MM: Final = 400.0            # width of a loose drawing in the table
_ROWS: Final = ((0.0, 10.0, True), (10.0, 20.0, False))


@dataclass(slots=True)
class _Sort:
    """Pages of one role, size and ground: what each of them draws of its own, and the lines that may follow."""

    drawn: list[tuple[Art, ...]] = field(default_factory=list)
    rules: set[Rule] = field(default_factory=set)


def licences_of(folder: KindFolder, kind: Kind) -> tuple[Licence, ...]:
    """The samples of a kind, then short, long, empty and rare data made of them.

    Raises:
        RecordError: a sample is none that the kind accepts.
        KindError: ``kind.resource``: there is no sample.
    """
    records = [read_record(folder.read(name) or b"") for name in folder.samples()]
    if not records:
        raise KindError(KindErrorCode.RESOURCE, f"证照种类{kind.code}没有样例，不能发布",
                        f"the kind {kind.code} has no sample and cannot be released", kind=kind.code, name="samples")
    samples = [validate(record, kind, lookup_hosts=(), drawable=drawable, demo=True) for record in records]
    return (*samples, *(extreme_record(kind, record, size)[1] for record in records for size in SIZES))


def made_artwork(kind: Kind, licences: Iterable[Licence], grounds: Grounds) -> ReleasedArtwork:
    """The table of a kind as it is now.

    Args:
        licences: of the kind; see :func:`licences_of`.

    Raises:
        KindError: ``kind.data``: a drawing of a single page has a gradient, which no table holds.
        EngineError: the template or a drawing cannot be used.
    """
    values = [printed_values(licence) for licence in licences]
    sorts: dict[tuple[str, bool | None, tuple[int, int], tuple[str, ...]], _Sort] = {}
    for layout in _layouts(kind, values):
        for page in layout.pages:
            follows = page.following
            for first, one in ((None, page),) if follows is None else ((True, page), (False, follows)):
                ground = () if one.artwork is None else grounds(artwork(kind.code, one))
                key = (one.role, first, (micron(one.width_mm), micron(one.height_mm)), ground)
                sort = sorts.setdefault(key, _Sort())
                sort.drawn.append(one.ornaments)
                sort.rules |= set(_rules(page, one))
    sheets, loose = [], dict[str, tuple[Shape, ...]]()
    for (role, first, size, ground), sort in sorts.items():
        fixed = sort.drawn[0] if len(set(sort.drawn)) == 1 else ()
        free = {} if fixed else {_name(art): art for drawn in sort.drawn for art in drawn}
        loose |= {name: _reference(kind, art) for name, art in free.items()}
        sheets.append(Sheet(role=role, first=first, size=size, grounds=ground, drawings=_drawn(kind, fixed),
                            loose=tuple(sorted(free)), rules=frozenset(sort.rules)))
    return ReleasedArtwork(code=kind.code, version=kind.version, sheets=tuple(sheets), loose=loose,
                           chosen=_chosen(kind, values) if loose else None)


def _layouts(kind: Kind, values: Iterable[dict[str, str]]) -> Iterator[Layout]:
    """The template filled in with each record, and with each value of each of its lists."""
    template = load_template(kind.code)
    for one in values:
        yield template.layout(one)
        for each in kind.fields:
            for value in each.values:
                yield template.layout({**one, each.label: value})


def _name(art: Art) -> str:
    return art.file


def _reference(kind: Kind, art: Art) -> tuple[Shape, ...]:
    """A loose drawing at the size of the table."""
    one = Art(file=art.file, x_mm=0.0, y_mm=0.0, width_mm=_REFERENCE_MM, slot=art.slot, fallback=art.fallback,
              source_line=art.source_line)
    return _drawn(kind, (one,))


def _drawn(kind: Kind, arts: tuple[Art, ...]) -> tuple[Shape, ...]:
    """Drawings as outlines.

    Raises:
        KindError: ``kind.data``: a gradient.
    """
    try:
        return shapes_of(drawings(kind.code, arts))
    except ValueError as error:
        raise KindError(
            KindErrorCode.DATA, f"{kind.code} 的 ornament、picture 图形含渐变，图形表不能收录；请把渐变放进 art",
            f"a drawing of {kind.code} that stands on single pages (ornament, picture) has a gradient, which the table "
            "of drawings cannot hold; put gradients into art", kind=kind.code) from error


def shapes_of(paths: Iterable[Path]) -> tuple[Shape, ...]:
    """Paths of the page model as outlines; what paints nothing is left out.

    Raises:
        ValueError: a path is filled with a gradient.
    """
    shapes = []
    for path in paths:
        if isinstance(path.fill, Gradient):
            raise ValueError("gradient")
        if path.fill is not None or path.stroke is not None:
            paint = Paint(_channels(path.fill), _channels(path.stroke),
                          micron(path.stroke_width_mm) if path.stroke else 0,
                          path.even_odd and path.fill is not None)
            shapes.append(Shape(paint, "".join(segment.op for segment in path.segments),
                                tuple(micron(value) for segment in path.segments for value in segment.args)))
    return tuple(shapes)


def _channels(colour: Colour | None) -> tuple[int, ...]:
    return () if colour is None else (colour.r, colour.g, colour.b, round(colour.alpha * 255))


def _rules(first: PageLayout, page: PageLayout) -> Iterator[Rule]:
    """The lines around the tables and texts of a page; what runs over pages is named on the first."""
    boxes = [block for block in page.blocks if isinstance(block, Flow)]
    for flow in (block for block in first.blocks if isinstance(block, Flow)):
        for item in flow.items:
            paths: Iterable[Path] = ()
            if isinstance(item, Table):
                heads = Value(paragraphs=(), tags=(), heads=("",) * len(item.columns))
                paths = set_table(item, heads, 0, x_mm=flow.x_mm, width_mm=flow.width_mm, page_mm=1.0).ground(_ROWS)
            elif isinstance(item, Entry) and item.frame_mm:
                paths = [path for box in {id(each): each for each in (flow, *boxes)}.values()
                         for path in frames([(item, 0.0, 10.0)], box)]
            for shape in shapes_of(paths):
                known = rule_of(shape)
                if known is not None:
                    yield known[0]


def _chosen(kind: Kind, values: list[dict[str, str]]) -> Chosen | None:
    """The field of several choices that chooses the loose drawings, one for each of its values."""
    template = load_template(kind.code)

    def files(label: str, text: str) -> list[str]:
        layout = template.layout({**values[0], label: text})
        return [_name(art) for page in layout.pages for art in page.ornaments]

    for each in kind.fields:
        if not each.values or files(each.label, ""):
            continue
        names = {value: files(each.label, value) for value in each.values}
        order = "/".join(reversed(each.values))
        if all(len(found) == 1 for found in names.values()) and files(each.label, order) == [
                names[value][0] for value in reversed(each.values)]:
            return Chosen(field=each.label, names={value: found[0] for value, found in names.items()})
    return None


def artwork_json(table: ReleasedArtwork) -> bytes:
    """The file of a table: an outline or a rule a line, in one order."""
    sheets = [{"role": sheet.role, "first": sheet.first, "size": sheet.size, "grounds": sheet.grounds,
               "loose": sheet.loose, "drawings": list(map(_plain, sheet.drawings)),
               "rules": sorted(map(_plain, sheet.rules))} for sheet in table.sheets]
    chosen = None if table.chosen is None else {"field": table.chosen.field, "names": dict(table.chosen.names)}
    data = {"form": FORM, "code": table.code, "version": table.version, "chosen": chosen, "sheets": sheets,
            "loose": {name: list(map(_plain, table.loose[name])) for name in sorted(table.loose)}}
    return (_lines(data, 0) + "\n").encode()


def _plain(entry: Shape | Rule) -> list[Any]:
    return [list(map(list, part[:2])) + list(part[2:]) if isinstance(part, Paint)
            else list(part) if isinstance(part, tuple) else part for part in entry]


def _lines(value: Any, depth: int) -> str:
    """JSON with objects and lists of lists broken into lines, everything within in one."""
    inside = "\n" + " " * (depth + 1)
    if isinstance(value, dict) and value:
        parts = [f"{json.dumps(key, ensure_ascii=False)}: {_lines(each, depth + 1)}" for key, each in value.items()]
        return "{" + inside + f",{inside}".join(parts) + "\n" + " " * depth + "}"
    if isinstance(value, list) and value and isinstance(value[0], dict | list):
        shown = [_lines(each, depth + 1) if isinstance(each, dict) else json.dumps(
            each, ensure_ascii=False, separators=(",", ":")) for each in value]
        return "[" + inside + f",{inside}".join(shown) + "\n" + " " * depth + "]"
    return json.dumps(value, ensure_ascii=False)

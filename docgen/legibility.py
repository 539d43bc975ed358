"""Text that people cannot read: too small, or too much like what lies under it.

One judgement for the designer of a kind (``kinds check``) and for the office: what it finds is never issued. The floors
stand in ``floors.json``. What is judged is the page model, so whatever the record made of the template.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from docgen.compose_errors import ComposeErrorCode, Sheet
from docgen.contrast import Ground, contrast
from docgen.floors import floors, floors_of
from docgen.ink import Box, ink_box
from docgen.licence import Licence
from docgen.memo import Memo
from docgen.page import Artwork, Colour, Document, GlyphRun, Gradient, Page, Path
from docgen.relief import Relief
from docgen.shown import shown
from docgen.template import load_template
from docgen.values import printed_values

__all__ = ["Unreadable", "ground_of", "require_legible", "unreadable"]

_TOO_SMALL = 1e-3
_BESIDE_MM = 0.4            # so near
_SHORT = 16

_Edges = tuple[float, float, float, float]
_GROUNDS: Memo[tuple[str, float, float], Ground] = Memo(8)
_RELIEFS: Memo[tuple[str, float, float], Relief] = Memo(256)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A run that cannot be read; the sentences say why and what to do, without their subject."""

    run: GlyphRun
    code: ComposeErrorCode
    zh: str
    en: str


def require_legible(document: Document, licence: Licence) -> None:
    """Refuse a laid-out licence with text that cannot be read.

    Raises:
        ComposeError: ``compose.too-small`` or ``compose.too-faint``; with file and line.
    """
    for page in document.pages:
        for one in unreadable(document, page):
            layout = load_template(licence.kind.code).layout(printed_values(licence))
            (own,) = (each for each in layout.pages if each.role == page.role)
            lines = {entry.number: entry.source_line for entry in own.entries}
            named = one.run.tag or shown(one.run.text, _SHORT)
            raise Sheet(role=page.role, file=layout.file).refuse(
                one.code, f"{page.role}的“{named}”{one.zh}", f"{named} on {page.role} {one.en}",
                line=lines.get(-1 if one.run.line is None else one.run.line, own.source_line), label=one.run.tag or "")


def unreadable(document: Document, page: Page) -> Iterator[Unreadable]:
    """Everything on a page that cannot be read: first what is too small, then what is too faint."""
    runs = [item for item in page.items if isinstance(item, GlyphRun)]
    floor = floors_of(page)
    value_mm, label_mm = float(floor["value_mm"]), float(floor["label_mm"])
    for run in runs:
        least_mm = label_mm if run.tag is None else value_mm
        if run.size_mm < least_mm - _TOO_SMALL:
            yield Unreadable(
                run=run, code=ComposeErrorCode.TOO_SMALL,
                zh=f"字高 {run.size_mm:.2f} mm，小于可读的 {least_mm} mm；请加大样式的 size 或 least",
                en=f"is {run.size_mm:.2f} mm high, less than the readable {least_mm} mm; raise size or least of its "
                   "style")
    least = float(floors()["contrast"])
    for run, ratio in _faint(document, page, runs, least):
        yield Unreadable(
            run=run, code=ComposeErrorCode.FAINT,
            zh=f"与底图的对比度为 {ratio:.1f}，应不小于 {least}；请加深文字的 colour 或减淡底图",
            en=f"has a contrast of {ratio:.1f} to the artwork under it; {least} is the least: change the colour of the "
               "text, or make the artwork paler")


def ground_of(document: Document, page: Page) -> Ground:
    """The artwork of a page as a picture."""
    return _ground(document.artworks[page.artwork] if page.artwork is not None else None, page.width_mm, page.height_mm)


def _ground(artwork: Artwork | None, width_mm: float, height_mm: float) -> Ground:
    digest, paths = ("", ()) if artwork is None else (artwork.digest, artwork.paths)
    return _GROUNDS.get((digest, width_mm, height_mm), lambda: Ground(width_mm, height_mm, paths))


def _relief(document: Document, page: Page) -> Relief:
    artwork, width_mm, height_mm = None, page.width_mm, page.height_mm
    if page.artwork is not None:
        artwork = document.artworks[page.artwork]
    return _RELIEFS.get(("" if artwork is None else artwork.digest, width_mm, height_mm),
                        lambda: Relief(lambda: _ground(artwork, width_mm, height_mm)))


def _faint(document: Document, page: Page, runs: list[GlyphRun], least: float) -> Iterator[tuple[GlyphRun, float]]:
    """The runs with less contrast than ``least``, and what they have.

    Most are known to have enough without a look at their pixels: from the relief of the artwork, where no drawing of
    the page's own near them is too much like their colour.
    """
    relief = _relief(document, page)
    own = [_Drawn(item) for item in page.items if isinstance(item, Path)]
    for run in runs:
        box, fill = ink_box(run), run.fill
        ink = (fill.r, fill.g, fill.b)
        over = [drawn for drawn in own if drawn.near(box)]
        if all(drawn.apart(ink, least) for drawn in over) and relief.stands_out(ink, least, box):
            continue
        ratio = (ground_of(document, page).least_contrast(ink, box, [drawn.path for drawn in over]) if over
                 else relief.contrast(ink, box))
        if ratio < least:
            yield run, ratio


class _Drawn:
    """A drawing of a page: where it has ink, and how far its colours are from that of a text."""

    def __init__(self, path: Path) -> None:
        self.path = path
        colours = [colour for colour in (path.fill, path.stroke) if isinstance(colour, Colour)]
        self._colours = [(colour.r, colour.g, colour.b) for colour in colours]
        self._solid = not isinstance(path.fill, Gradient) and all(colour.alpha == 1 for colour in colours)
        self._margin = _BESIDE_MM + path.stroke_width_mm / 2
        xs = [x for segment in path.segments for x in segment.args[::2]]
        ys = [y for segment in path.segments for y in segment.args[1::2]]
        self._whole = self._around(xs, ys)
        self._stretches: list[_Edges] | None = None

    def near(self, box: Box) -> bool:
        """Whether it may have ink within a rectangle."""
        if not _meet(self._whole, box):
            return False
        if self.path.fill is not None:
            return True
        if self._stretches is None:
            self._stretches = list(self._lines())
        return any(_meet(stretch, box) for stretch in self._stretches)

    def apart(self, ink: tuple[int, int, int], least: float) -> bool:
        """Whether a colour has this contrast to all that it paints; what shines through or runs is not known."""
        return self._solid and all(contrast(ink, colour) >= least for colour in self._colours)

    def _around(self, xs: Sequence[float], ys: Sequence[float]) -> _Edges:
        margin = self._margin
        return min(xs) - margin, min(ys) - margin, max(xs) + margin, max(ys) + margin

    def _lines(self) -> Iterator[_Edges]:
        """Rectangles around each line and curve of the outline."""
        start = at = self.path.segments[0].args
        for segment in self.path.segments:
            if segment.op == "M":
                start = at = segment.args
                continue
            args = segment.args or start
            yield self._around((at[0], *args[::2]), (at[1], *args[1::2]))
            at = args[-2:]


def _meet(edges: _Edges, box: Box) -> bool:
    return box.left < edges[2] and edges[0] < box.right and box.top < edges[3] and edges[1] < box.bottom

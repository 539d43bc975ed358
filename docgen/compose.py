"""From a checked licence to laid-out pages: ``compose``.

The template of the kind (``pages.xml``) says where things stand, the kind's faces say which lines there
are. Every run that prints a value carries the field's label as ``tag`` and the line's number; a value that
takes several lines is several runs in reading order, and their texts joined are exactly the printed value
(spaces at line ends included). A face that repeats prints its other lines on each page (or the first, or the last),
and what runs over pages once over all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from codes.jpeg import jpeg_facts
from docgen.artwork import artwork, drawings
from docgen.column_overflow import column_overflow
from docgen.column_pages import fill_pages
from docgen.columns import fill_column
from docgen.compose_errors import ComposeError, ComposeErrorCode, Sheet
from docgen.flow import fill_flow
from docgen.licence import Licence
from docgen.measure import TypesetError, measure
from docgen.page import Artwork, Document, GlyphRun, Image, Page, Path
from docgen.qr import qr_png
from docgen.rows import PlacedRow, Value, set_entry
from docgen.stamps import Obstacle, check_overlaps, obstacles, stamps
from docgen.template import load_template
from docgen.template_boxes import SMALLEST_PHOTO_MM
from docgen.template_layout import Column, Entry, Flow, PageLayout, Photo
from docgen.typeset import runs, single_line
from docgen.values import face_values, printed_values
from layouts import Face, scope_summary, scope_text, stands

__all__ = ["MOST_PAGES", "ComposeError", "ComposeErrorCode", "artwork", "compose"]

MOST_PAGES = 200
"""Pages of a document that a verifier reads at most."""

_QR_IMAGE = "qr"


def compose(licence: Licence, qr_text: str, *, seal_size_mm: float, only: str | None = None) -> Document:
    """Lay out all pages of a licence.

    Args:
        qr_text: the whole text of the QR code (address, ``#``, signed digits).
        seal_size_mm: width and height of the organisation's seal; faces with ``seals.size_mm`` have it smaller.
        only: the role whose pages are wanted alone, by whoever looks at a template; None for the whole licence.

    Raises:
        ComposeError: ``compose.overflow``, ``compose.overlap``, ``compose.seal-place``, ``compose.photo-place`` or
            ``compose.too-many-pages``; with file and line.
        TemplateError: the kind's template cannot be used; with file and line.
        SvgError: the kind's artwork cannot be used; with file and line.
        QrError: the text does not fit a QR code.
        TypesetError: a character that no font draws.

    Source: R-000-15 to R-000-21; decisions 4, 5 and 6.
    """
    kind = licence.kind
    layout = load_template(kind.code).layout(printed_values(licence))
    pages: list[Page] = []
    artworks: dict[str, Artwork] = {}
    for page_layout, face in zip(layout.pages, kind.faces, strict=True):
        if only not in (None, face.role):
            continue
        made = _FaceWriter(licence, page_layout, face, layout.file, seal_size_mm).pages()
        pages += made
        if len(pages) > MOST_PAGES:
            raise Sheet(role=face.role, file=layout.file).refuse(
                ComposeErrorCode.PAGES, f"{face.role}排到第 {len(pages)} 页，核验程序最多读 {MOST_PAGES} 页；"
                "请缩短内容，或减小字段的 max_rows、max_length",
                f"{face.role} takes the document to {len(pages)} pages, a verifier reads {MOST_PAGES} at most; shorten "
                "the record, or lower max_rows and max_length of the fields", line=page_layout.source_line)
        for one in (page_layout, page_layout.following):
            if one is not None and one.artwork is not None and one.artwork in {page.artwork for page in made}:
                artworks[one.artwork] = artwork(kind.code, one)
    images = {_QR_IMAGE: qr_png(qr_text)} if any(_has_qr(page) for page in pages) else {}
    images |= {_photo_name(label): data for label, data in licence.photos.items()}
    return Document(title=licence.title, pages=tuple(pages), artworks=artworks, images=images)


def _has_qr(page: Page) -> bool:
    return any(isinstance(item, Image) and item.role == "qr" for item in page.items)


def _photo_name(label: str) -> str:
    return f"photo-{label}"


class _FullError(Exception):
    """A column that does not hold its lines even at their least sizes."""

    def __init__(self, column: Column, values: Sequence[Value], obstacles: Sequence[Obstacle]) -> None:
        super().__init__()
        self.column = column
        self.values = values
        self.obstacles = obstacles


@dataclass(frozen=True, slots=True)
class _FaceWriter:
    """All pages of one face."""

    licence: Licence
    layout: PageLayout
    face: Face
    file: str
    seal_size_mm: float
    placed: dict[tuple[int, int, bool, bool], list[PlacedRow]] = field(default_factory=dict)
    obstacles: dict[bool, tuple[Obstacle, ...]] = field(default_factory=dict)

    @property
    def sheet(self) -> Sheet:
        """What errors say of the page."""
        return Sheet(role=self.face.role, file=self.file)

    @property
    def seal_mm(self) -> float:
        """The side of the seal's place: the face's own, else that of the seal."""
        return self.face.seals.size_mm or self.seal_size_mm

    def pages(self) -> list[Page]:
        """The whole values; where they do not fit, the 许可范围 as its summary."""
        licence, face = self.licence, self.face
        writes = (scope_text, scope_summary) if face.summary and licence.scope else (scope_text,)
        for write in writes:
            self.placed.clear()
            try:
                filled = self.fill(face_values(licence, face, licence.scope, write))
            except _FullError as full:
                if write is writes[-1]:
                    raise column_overflow(self.sheet, full.column, full.values, full.obstacles) from None
            else:
                return [self.page(number, rows, len(filled)) for number, rows in enumerate(filled, 1)]
        raise AssertionError("a face is filled or refused")

    def layout_of(self, number: int) -> PageLayout:
        """How page ``number`` of the face looks."""
        return self.layout if number == 1 else self.layout.following or self.layout

    def page(self, number: int, rows: list[PlacedRow], count: int) -> Page:
        layout = self.layout_of(number)
        seals = stamps(
            layout, self.face.seals, rows, number=number, pages=count, size_mm=self.seal_mm, sheet=self.sheet)
        photos = [block for block in layout.blocks if isinstance(block, Photo) and self.shows(block, number, count)]
        check_overlaps(layout, rows, seals, photos, self.sheet)
        ground: list[Path | Image] = [*drawings(self.licence.kind.code, layout.ornaments)]
        if layout.qr is not None:
            qr = layout.qr
            ground.append(Image(name=_QR_IMAGE, x_mm=qr.x_mm, y_mm=qr.y_mm, width_mm=qr.size_mm,
                                height_mm=qr.size_mm, role="qr"))
        ground += [self.photo(block) for block in photos]
        ground += [path for row in rows for path in row.paths]
        glyphs = [run for row in rows for run in (*row.label, *row.value)]
        return Page(role=layout.role, width_mm=layout.width_mm, height_mm=layout.height_mm, artwork=layout.artwork,
                    items=(*ground, *glyphs, *_folio(layout, number, count)), seals=seals)

    def shows(self, photo: Photo, number: int, count: int) -> bool:
        """Whether a photo stands on page ``number`` of ``count``."""
        line = self.face.lines[photo.number]
        here = {"first": number == 1, "last": number == count}.get(line.on, True)
        return here and stands(line, self.licence.values) and photo.field in self.licence.photos

    def photo(self, place: Photo) -> Image:
        """The picture of a field in the middle of its box.

        Raises:
            ComposeError: ``compose.photo-place``: it would be too small to be known by.
        """
        facts = jpeg_facts(self.licence.photos[place.field])
        scale = min(place.width_mm / facts.width, place.height_mm / facts.height)
        width, height = round(facts.width * scale, 3), round(facts.height * scale, 3)
        if min(width, height) < SMALLEST_PHOTO_MM:
            raise self.sheet.refuse(
                ComposeErrorCode.PHOTO_PLACE,
                f"{self.face.role}上的“{place.field}”会缩为 {width:.1f}×{height:.1f} mm，小于 "
                f"{SMALLEST_PHOTO_MM:g} mm；请换比例合适的照片或加大 picture",
                f"{place.field} on {self.face.role} would be {width:.1f} by {height:.1f} mm, less than "
                f"{SMALLEST_PHOTO_MM:g} mm; take a photo of other proportions or a larger picture box",
                line=place.source_line, label=place.field)
        return Image(name=_photo_name(place.field), x_mm=round(place.x_mm + (place.width_mm - width) / 2, 3),
                     y_mm=round(place.y_mm + (place.height_mm - height) / 2, 3), width_mm=width, height_mm=height,
                     role="photo", tag=place.field)

    def fill(self, values: Sequence[Value | None]) -> list[list[PlacedRow]]:
        """The rows of each page, in the face's order.

        Raises:
            _FullError: a column is too small.
            ComposeError: other lines do not fit.
        """
        running: dict[int, list[list[PlacedRow]]] = {}
        for index, block in enumerate(self.layout.blocks):
            try:
                if isinstance(block, Flow):
                    running[index] = fill_flow(block, self.following(block), values, self.sheet)
                elif isinstance(block, Column) and self.runs_over(block, values):
                    running[index] = self.column_pages(block, values)
            except TypesetError as error:
                raise self.sheet.placed(error, block.source_line) from error
        count = max((len(pages) for pages in running.values()), default=1)
        made: list[list[PlacedRow]] = []
        for number in range(1, count + 1):
            rows: list[PlacedRow] = []
            for index, block in enumerate(self.layout_of(number).blocks):
                through = self.through(block, index, running)
                rows += (through[number - 1] if number <= len(through) else []) if through is not None else (
                    self.fixed(block, index, values, number, count))
            made.append(rows)
        return made

    def following(self, flow: Flow) -> Flow | None:
        """The box on the pages after the first."""
        if not self.face.repeats:
            return None
        return self.layout.following.flow if self.layout.following is not None else flow

    def through(self, block: object, index: int, running: dict[int, list[list[PlacedRow]]],
                ) -> list[list[PlacedRow]] | None:
        """The pages of what runs through a block; None for a block that stands by itself."""
        if isinstance(block, Flow) and not block.items:
            return next(iter(running.values()))
        return running.get(index) if isinstance(block, Flow | Column) else None

    def runs_over(self, column: Column, values: Sequence[Value | None]) -> bool:
        """Whether the last line of a column may run over pages."""
        last = column.entries[-1].number if column.entries else 0
        return self.face.repeats and self.face.lines[last].on == "run" and values[last] is not None

    def column_pages(self, column: Column, values: Sequence[Value | None]) -> list[list[PlacedRow]]:
        """A column whose last line runs over pages."""
        entries = tuple(entry for entry in column.entries if values[entry.number] is not None)
        chosen = [value for entry in entries if (value := values[entry.number]) is not None]
        places = [one.place for one in self.around(self.layout, values)]
        return fill_pages(replace(column, entries=entries), chosen, self.sheet, places)

    def around(self, layout: PageLayout, values: Sequence[Value | None]) -> tuple[Obstacle, ...]:
        """What the columns of a page run around."""
        first = layout is self.layout
        if first not in self.obstacles:
            over = {name for seal in layout.seals for name in seal.over}
            rows = [set_entry(block, value, self.sheet) for block in layout.blocks
                    if isinstance(block, Entry) and block.names & over and (value := values[block.number]) is not None]
            self.obstacles[first] = obstacles(layout, self.face.seals, rows, self.seal_mm, self.sheet)
        return self.obstacles[first]

    def fixed(self, block: Entry | Photo | Column | Flow, index: int, values: Sequence[Value | None], number: int,
              count: int) -> list[PlacedRow]:
        """The rows of a line or a column on one page: those of its lines that stand there."""
        key = (index, min(number, 2), number == 1, number == count)
        if key not in self.placed:
            try:
                self.placed[key] = self._fixed(block, values, first=number == 1, last=number == count)
            except TypesetError as error:
                raise self.sheet.placed(error, block.source_line) from error
        return self.placed[key]

    def _fixed(self, block: Entry | Photo | Column | Flow, values: Sequence[Value | None], *, first: bool,
               last: bool) -> list[PlacedRow]:
        def value(entry: Entry) -> Value | None:
            on = self.face.lines[entry.number].on
            return values[entry.number] if on in ("each", "run") or (first if on == "first" else last) else None

        if isinstance(block, Entry):
            found = value(block)
            return [] if found is None else [set_entry(block, found, self.sheet)]
        if not isinstance(block, Column):
            return []
        pairs = [(entry, found) for entry in block.entries if (found := value(entry)) is not None]
        if not pairs:
            return []
        column, shown = replace(block, entries=tuple(entry for entry, _ in pairs)), [found for _, found in pairs]
        around = self.around(self.layout_of(1 if first else 2), values)
        rows = fill_column(column, shown, [one.place for one in around])
        if rows is None:
            raise _FullError(column, shown, around)
        return rows


def _folio(layout: PageLayout, number: int, count: int) -> list[GlyphRun]:
    folio = layout.folio
    if folio is None:
        return []
    text = folio.text.replace("{n}", str(number)).replace("{m}", str(count))
    line = single_line(measure(text, folio.style.text))
    spare = folio.width_mm - line.width_em * folio.style.text.size_mm
    x = folio.x_mm + {"left": 0.0, "center": spare / 2, "right": spare}[folio.align]
    return runs(line, x, folio.y_mm, folio.style.text)

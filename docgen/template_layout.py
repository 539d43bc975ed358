"""What a filled template says, as frozen values: pages, lines, columns, flows, tables, pictures, seals.

Lengths are millimetres from the page's top left corner; what stands in a flow counts from the flow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from docgen.measure import TextStyle
from docgen.page import Colour, Place

__all__ = [
    "Art", "Column", "Entry", "Flow", "Folio", "Layout", "PageLayout", "Photo", "QrPlace", "Seal", "Straddle", "Style",
    "Table", "TableColumn",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """A named style. ``least_mm`` is the size below which text in it is never set."""

    text: TextStyle
    least_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Art:
    """A drawing. A slot's may be missing: then ``fallback``, if named, is drawn in its place.

    With ``height_mm`` the drawing stands in the middle of a box, as large as that allows.
    """

    file: str
    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float | None = None
    slot: bool = False
    fallback: str | None = None
    source_line: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """The picture that a field holds, in the middle of a box, as large as that allows; its proportions kept.
    """

    number: int
    field: str
    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float
    source_line: int
    label: str = ""

    @property
    def place(self) -> Place:
        """The box."""
        return Place(x_mm=self.x_mm, y_mm=self.y_mm, width_mm=self.width_mm, height_mm=self.height_mm)

    @property
    def text(self) -> str:
        """The line of the face that the picture is."""
        return f"{{{self.field}}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class QrPlace:
    """Where the QR code stands."""

    x_mm: float
    y_mm: float
    size_mm: float
    source_line: int

    @property
    def place(self) -> Place:
        """The square, its quiet zone included."""
        return Place(x_mm=self.x_mm, y_mm=self.y_mm, width_mm=self.size_mm, height_mm=self.size_mm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the face: label, value, and where it stands (``y_mm`` baseline; None in a column or a flow).

    In a flow: ``indent_em`` of the first line of each paragraph, ``hang_em`` of the others, ``left_em`` and
    ``right_em`` free on both sides, ``above_mm`` before it (not at the top of a page), ``keep``: its end stands on the
    same page as the beginning of what follows. None as an indent: two characters before paragraphs, else nothing.
    ``frame_mm``: width of the lines around label and value (0: none), ``pad_mm`` free inside them.
    """

    number: int
    label: str
    text: str
    style: Style
    label_style: Style
    source_line: int
    x_mm: float = 0.0
    y_mm: float | None = None
    width_mm: float = 0.0
    align: str = "left"
    label_width_mm: float = 0.0
    label_gap_mm: float = 0.0
    indent_em: float | None = None
    hang_em: float = 0.0
    left_em: float = 0.0
    right_em: float = 0.0
    above_mm: float = 0.0
    keep: bool = False
    frame_mm: float = 0.0
    pad_mm: float = 0.0

    @property
    def names(self) -> frozenset[str]:
        """By what a seal may be set over this line: its label, or a field that it prints."""
        pieces = self.text.replace("}", "{").split("{")
        return frozenset({self.label, *pieces[1::2]}) - {""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Lines that share a column: distributed labels on the left, values that wrap on the right.

    ``y_mm`` is the top edge, ``bottom_mm`` what may not be passed; ``space_mm`` and ``least_space_mm`` the
    widest and the narrowest space between two lines of the face; ``beside_whole_mm`` the size below which no other
    value is set so that the whole 许可范围 fits.
    """

    entries: tuple[Entry, ...]
    x_mm: float
    y_mm: float
    width_mm: float
    bottom_mm: float
    label_width_mm: float
    label_gap_mm: float
    space_mm: float
    least_space_mm: float
    source_line: int
    beside_whole_mm: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TableColumn:
    """One column of a table: ``width_mm``, or a ``share`` of what the others leave."""

    width_mm: float | None
    share: float
    align: str
    style: Style | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table in a flow. ``entry`` names the line of the face and the style of the cells.

    ``pad_mm`` is free inside each cell, ``rule_mm`` the width of the lines around the cells (0: none).
    """

    entry: Entry
    columns: tuple[TableColumn, ...]
    head_style: Style
    pad_mm: float
    rule_mm: float
    rule_colour: Colour
    head_fill: Colour | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A box that text and tables run through, over as many pages as they need.

    ``items`` are empty on the layout of continuing pages, which has the box alone.
    """

    items: tuple[Entry | Table, ...]
    x_mm: float
    y_mm: float
    width_mm: float
    bottom_mm: float
    source_line: int

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The lines of the face that run through."""
        return tuple(item.entry if isinstance(item, Table) else item for item in self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """Where the seal stands: over the values of the lines ``over``, moved; its centre at a point; or its edges.

    ``up`` is a share of the seal's size, so that lines under seals of all sizes lie under the same part of them.
    """

    over: tuple[str, ...]
    dx_mm: float
    dy_mm: float
    x_mm: float | None
    y_mm: float | None
    source_line: int
    up: float = 0.0
    right_mm: float | None = None
    bottom_mm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Straddle:
    """The 骑缝章: a slice of the seal at the right edge of each page, its middle at ``y_mm``."""

    y_mm: float
    source_line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Folio:
    """Page number: ``{n}`` is the number among the pages of this role, ``{m}`` how many there are."""

    text: str
    style: Style
    x_mm: float
    y_mm: float
    width_mm: float
    align: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLayout:
    """How the pages of one role look; ``following`` how those after the first do, where they look different."""

    role: str
    width_mm: float
    height_mm: float
    artwork: str | None
    art: tuple[Art, ...]
    ornaments: tuple[Art, ...]
    qr: QrPlace | None
    blocks: tuple[Entry | Photo | Column | Flow, ...]
    seals: tuple[Seal, ...]
    straddle: Straddle | None
    folio: Folio | None
    source_line: int
    following: PageLayout | None = None

    @property
    def entries(self) -> tuple[Entry | Photo, ...]:
        """The lines of the face in the order in which they stand in the template."""
        return tuple(self._entries())

    def _entries(self) -> Iterator[Entry | Photo]:
        for block in self.blocks:
            if isinstance(block, Entry | Photo):
                yield block
            else:
                yield from block.entries

    @property
    def flow(self) -> Flow | None:
        """The first flow of the page."""
        return next((block for block in self.blocks if isinstance(block, Flow)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A template filled in: the pages in their order."""

    file: str
    pages: tuple[PageLayout, ...]

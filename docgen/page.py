"""The page model: what is drawn, and exactly where. One model, two writers (PDF and OFD).

Lengths are millimetres, the origin is the top left corner of the page, y grows downwards. Every
coordinate is rounded to 0.001 mm when the model is built, so that both writers print the same number.
The model knows glyphs, paths and pictures; it knows nothing of licences, of PDF or of OFD.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

__all__ = [
    "FARTHEST_MM", "LARGEST_SIDE_MM", "SMALLEST_SIDE_MM", "Artwork", "Colour", "Document", "GlyphRun", "Gradient",
    "Image", "Page", "Path", "Place", "Segment", "Stamp", "Stop",
]

LARGEST_SIDE_MM = 1189.0
"""The longest side of a page: A0 (ISO 216). Whatever hangs on a wall or lies in a drawer is smaller."""

SMALLEST_SIDE_MM = 20.0
"""The shortest side of a page: the least QR code that a verifier reads does not fit a smaller one."""

FARTHEST_MM = 5080.0
"""How far from the page's corner anything on it may be, either way: the longest side of a page in PDF, 14 400 units of
1/72 inch (ISO 32000-1, Annex C). So what is drawn stays within what every reader of either format computes with.
"""


@dataclass(frozen=True, slots=True)
class Colour:
    """Opaque sRGB colour, each channel 0 to 255; ``alpha`` 0.0 (clear) to 1.0 (opaque)."""

    r: int
    g: int
    b: int
    alpha: float = 1.0


@dataclass(frozen=True, slots=True)
class Stop:
    """A colour of a gradient at ``offset``: 0.0 where it starts, 1.0 where it ends."""

    offset: float
    colour: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradient:
    """Colours that run from one point to another, or between two circles; beyond both ends the end colours go on.

    Without radii the colour runs along the line from ``start`` to ``end``. With radii it runs from the circle around
    ``start`` to the circle around ``end`` (the inner one lies in the outer one). Page millimetres. Offsets rise from
    0.0 to 1.0; all stops have the same ``alpha``.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    stops: tuple[Stop, ...]
    radii: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        offsets = [stop.offset for stop in self.stops]
        if len(offsets) < 2 or offsets[0] != 0 or offsets[-1] != 1 or sorted(set(offsets)) != offsets:
            raise ValueError("a gradient needs stops that rise from 0 to 1")
        if len({stop.colour.alpha for stop in self.stops}) != 1:
            raise ValueError("the stops of a gradient are equally clear")

    @property
    def alpha(self) -> float:
        """How opaque the whole gradient is."""
        return self.stops[0].colour.alpha

    @property
    def mean(self) -> Colour:
        """The mean of the colours along the way, for what draws no gradients."""
        sums = [0.0, 0.0, 0.0]
        for one, other in pairwise(self.stops):
            share = (other.offset - one.offset) / 2
            ends = ((one.colour.r, other.colour.r), (one.colour.g, other.colour.g), (one.colour.b, other.colour.b))
            sums = [total + share * (left + right) for total, (left, right) in zip(sums, ends, strict=True)]
        return Colour(round(sums[0]), round(sums[1]), round(sums[2]), self.alpha)


@dataclass(frozen=True, slots=True)
class Segment:
    """One path operator: ``M x y``, ``L x y``, ``C x1 y1 x2 y2 x y`` (cubic Bézier), or ``Z`` (close)."""

    op: str
    args: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A stroked and/or filled outline; coordinates in page millimetres."""

    segments: tuple[Segment, ...]
    fill: Colour | Gradient | None = None
    stroke: Colour | None = None
    stroke_width_mm: float = 0.0
    even_odd: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GlyphRun:
    """Characters of one face, one size, one colour on one baseline: one text object in either format.

    ``text`` has exactly one Unicode character for each glyph. ``xs_mm[i]`` is the origin of glyph i and
    ``y_mm`` the baseline. ``glyphs`` are ids in the whole font file (not in a subset).
    ``tag`` is the label of the field whose value this run prints (``企业名称``), for 标引 and for the
    verifier; None for fixed words. ``line`` says which line of the face (the kind's ``faces``) it belongs
    to, counted from 0; None for what is not a line (page number).
    """

    face: str
    size_mm: float
    text: str
    glyphs: tuple[int, ...]
    xs_mm: tuple[float, ...]
    y_mm: float
    width_mm: float
    fill: Colour
    tag: str | None = None
    line: int | None = None

    def __post_init__(self) -> None:
        if not self.text or not len(self.text) == len(self.glyphs) == len(self.xs_mm):
            raise ValueError("a glyph run needs one glyph and one place for each character")


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture: ``name`` is a key of ``Document.images`` (PNG or JPEG bytes)."""

    name: str
    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float
    role: str = "picture"               # "qr" for the licence's QR code, "photo" for a field's picture
    tag: str | None = None              # label of the field whose value this picture is


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A rectangle on a page, e.g. where the seal's picture stands."""

    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """The organisation's seal on a page: ``place`` is its whole picture.

    ``clip`` is the part of the picture that is seen (骑缝章), millimetres from the picture's own top left corner, as in
    GB/T 33190 StampAnnot@Clip; None for the whole. The place of a cut seal may reach beyond the page, its clip not.
    """

    place: Place
    clip: Place | None = None

    @property
    def visible(self) -> Place:
        """What of the page the seal covers."""
        if self.clip is None:
            return self.place
        return Place(x_mm=round(self.place.x_mm + self.clip.x_mm, 3), y_mm=round(self.place.y_mm + self.clip.y_mm, 3),
                     width_mm=self.clip.width_mm, height_mm=self.clip.height_mm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Artwork:
    """Ground that several pages share (border, guilloche): a Form XObject in PDF, a template page in OFD.

    ``digest`` names the content (hex SM3), so that writers can cache what they made of it.
    """

    name: str
    digest: str
    width_mm: float
    height_mm: float
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One laid-out page. ``role`` is 正本, 副本 or 附页 (or another name that the kind gives it)."""

    role: str
    width_mm: float
    height_mm: float
    artwork: str | None                      # key of Document.artworks
    items: tuple[GlyphRun | Path | Image, ...]   # drawn in this order, over the artwork
    seals: tuple[Stamp, ...] = ()            # where the organisation's seal stands, drawn last


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """All pages of one document with what they share."""

    title: str
    pages: tuple[Page, ...]
    artworks: Mapping[str, Artwork] = field(default_factory=dict)
    images: Mapping[str, bytes] = field(default_factory=dict)

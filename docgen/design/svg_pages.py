"""The page model as SVG, for the browser of a designer: each page one file that needs no other.

The third writer, beside PDF and OFD, and for previews only. Text is text, set with the same subset fonts glyph by
glyph; lengths are the model's millimetres.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape, quoteattr

import fonts
from docgen.page import Artwork, Colour, Document, GlyphRun, Gradient, Image, Page, Path, Stamp

__all__ = ["page_svgs"]

_JPEG = b"\xff\xd8"


def page_svgs(document: Document) -> list[str]:
    """The pages of a document, in their order."""
    return [_Writer(document, page).whole() for page in document.pages]


class _Writer:
    """One page on its way into one SVG."""

    def __init__(self, document: Document, page: Page) -> None:
        self._document = document
        self._page = page
        self._gradients: list[str] = []

    def whole(self) -> str:
        page = self._page
        body = [*self._artwork(), *(piece for item in page.items for piece in self._item(item))]
        width, height = _n(page.width_mm), _n(page.height_mm)
        return "".join((
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" '
            f'viewBox="0 0 {width} {height}" role="img" aria-label={quoteattr(page.role)}>',
            f"<style>{''.join(self._fonts())}text{{white-space:pre;font-kerning:none}}</style>",
            f"<defs>{''.join(self._gradients)}</defs>" if self._gradients else "",
            f'<rect width="{width}" height="{height}" fill="#fff"/>', *body,
            *(_stamp(stamp) for stamp in page.seals), "</svg>"))

    def _fonts(self) -> Iterator[str]:
        """The subset of each face that the page uses."""
        used: dict[str, set[str]] = {}
        for item in self._page.items:
            if isinstance(item, GlyphRun):
                used.setdefault(item.face, set()).update(item.text)
        for key, characters in used.items():
            data = base64.b64encode(fonts.face(key).subset(frozenset(characters)).data).decode("ascii")
            yield f"@font-face{{font-family:'zy-{key}';src:url(data:font/ttf;base64,{data})}}"

    def _artwork(self) -> Iterator[str]:
        name = self._page.artwork
        artworks: Mapping[str, Artwork] = self._document.artworks
        if name is not None:
            for path in artworks[name].paths:
                yield self._path(path)

    def _item(self, item: GlyphRun | Path | Image) -> Iterator[str]:
        if isinstance(item, GlyphRun):
            xs = " ".join(_n(x) for x in item.xs_mm)
            yield (f"<text x=\"{xs}\" y=\"{_n(item.y_mm)}\" font-family=\"'zy-{item.face}'\" "
                   f'font-size="{_n(item.size_mm)}" {_ink("fill", item.fill)}>{escape(item.text)}</text>')
        elif isinstance(item, Path):
            yield self._path(item)
        else:
            data = self._document.images[item.name]
            kind = "jpeg" if data.startswith(_JPEG) else "png"
            yield (f'<image x="{_n(item.x_mm)}" y="{_n(item.y_mm)}" width="{_n(item.width_mm)}" '
                   f'height="{_n(item.height_mm)}" preserveAspectRatio="none" '
                   f'href="data:image/{kind};base64,{base64.b64encode(data).decode("ascii")}"/>')

    def _path(self, path: Path) -> str:
        d = " ".join(segment.op + " ".join(map(_n, segment.args)) for segment in path.segments)
        fill = 'fill="none"'
        if isinstance(path.fill, Gradient):
            fill = f'fill="url(#{self._gradient(path.fill)})" fill-opacity="{_n(path.fill.alpha)}"'
        elif path.fill is not None:
            fill = _ink("fill", path.fill)
        stroke = ""
        if path.stroke is not None:
            stroke = f' {_ink("stroke", path.stroke)} stroke-width="{_n(path.stroke_width_mm)}"'
        rule = ' fill-rule="evenodd"' if path.even_odd else ""
        return f'<path d="{d}" {fill}{stroke}{rule}/>'

    def _gradient(self, gradient: Gradient) -> str:
        """Define a gradient and return its id."""
        number = f"g{len(self._gradients)}"
        (x1, y1), (x2, y2) = gradient.start, gradient.end
        stops = "".join(
            f'<stop offset="{_n(stop.offset)}" stop-color="{_hex(stop.colour)}"/>' for stop in gradient.stops)
        if gradient.radii is None:
            name, frame = "linearGradient", f'x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"'
        else:
            inner, outer = gradient.radii
            name = "radialGradient"
            frame = f'fx="{_n(x1)}" fy="{_n(y1)}" fr="{_n(inner)}" cx="{_n(x2)}" cy="{_n(y2)}" r="{_n(outer)}"'
        self._gradients.append(f'<{name} id="{number}" gradientUnits="userSpaceOnUse" {frame}>{stops}</{name}>')
        return number


def _stamp(stamp: Stamp) -> str:
    """Where a seal will stand: a dashed frame, no seal."""
    place = stamp.visible
    return (f'<rect x="{_n(place.x_mm)}" y="{_n(place.y_mm)}" width="{_n(place.width_mm)}" '
            f'height="{_n(place.height_mm)}" fill="none" stroke="#c8102e" stroke-width="0.3" '
            f'stroke-dasharray="2 1.5"/>')


def _hex(colour: Colour) -> str:
    return f"#{colour.r:02x}{colour.g:02x}{colour.b:02x}"


def _ink(name: str, colour: Colour) -> str:
    opacity = f' {name}-opacity="{_n(colour.alpha)}"' if colour.alpha < 1 else ""
    return f'{name}="{_hex(colour)}"{opacity}'


def _n(value: float) -> str:
    """A number as short as it can be, to 0.001."""
    return f"{value:.3f}".rstrip("0").rstrip(".") or "0"

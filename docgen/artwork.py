"""The drawings of a kind on the pages of its template: grounds that pages share, and small ones of one page."""

from __future__ import annotations

import functools

from certs.sm3 import sm3
from docgen.page import Artwork, Path, Place
from docgen.svg import Drawing, parse_svg, placed
from docgen.svg_faults import SvgError, SvgErrorCode
from docgen.svg_values import OutOfRangeError
from docgen.template_layout import Art, PageLayout
from layouts import KindError, KindErrorCode, on_change, resource
from layouts.folders import kind_folder

__all__ = ["artwork", "drawings", "extent"]

_MOST_DRAWINGS = 200            # on a page
_MOST_ONCE = 400_000            # path segments of a ground, which is written once for all of its pages
_MOST_EACH = 20_000             # of what is written into each page


def artwork(kind_code: str, layout: PageLayout) -> Artwork:
    """The ground of a page, read once a process.

    Raises:
        SvgError: with file and line.
        KindError: ``kind.resource``: a drawing that the template names is not there; with file and line.
    """
    return _artwork(kind_code, layout.artwork or "", layout.art, layout.width_mm, layout.height_mm)


@functools.lru_cache(maxsize=64)
def _artwork(kind_code: str, name: str, art: tuple[Art, ...], width_mm: float, height_mm: float) -> Artwork:
    paths = drawings(kind_code, art, _MOST_ONCE)
    digest = sm3(repr((width_mm, height_mm, paths)).encode("utf-8")).hex()
    return Artwork(name=name, digest=digest, width_mm=width_mm, height_mm=height_mm, paths=paths)


@functools.lru_cache(maxsize=64)
def drawings(kind_code: str, art: tuple[Art, ...], most: int = _MOST_EACH) -> tuple[Path, ...]:
    """The paths of drawings, each in its place.

    Args:
        most: path segments of all of them together; that of what every page repeats by default.

    Raises:
        SvgError, KindError: as ``artwork``; ``svg.too-large``, they are too many.
    """
    paths: list[Path] = []
    segments = 0
    for number, one in enumerate(art, 1):
        if (found := _fitted(kind_code, one)) is not None:
            segments += sum(len(path.segments) for path in found[0].paths)
            if number > _MOST_DRAWINGS or segments > most:
                raise SvgError(
                    SvgErrorCode.TOO_LARGE,
                    f"本页的图形到此处已有 {number} 个、线段 {segments} 条，上限为 {_MOST_DRAWINGS} 个、{most} 条",
                    f"the drawings of this page come to {number} with {segments} path segments here; "
                    f"{_MOST_DRAWINGS} with {most} are the most", file=f"{kind_code}/pages.xml", line=one.source_line)
            drawing, place = found
            try:
                paths += placed(drawing, x_mm=place.x_mm, y_mm=place.y_mm, width_mm=place.width_mm)
            except OutOfRangeError as error:
                zh, en = error.args
                raise SvgError(SvgErrorCode.OUT_OF_RANGE, f"{one.file} 放大到 {place.width_mm:g} mm 宽后，{zh}",
                               f"at a width of {place.width_mm:g} mm, of {one.file} {en}",
                               file=f"{kind_code}/pages.xml", line=one.source_line) from error
    return tuple(paths)


@functools.lru_cache(maxsize=256)
def extent(kind_code: str, one: Art) -> Place | None:
    """Where a drawing lies on its page; None for a slot that nothing stands in.

    Raises:
        SvgError, KindError: as ``artwork``.
    """
    found = _fitted(kind_code, one)
    return None if found is None else found[1]


def _fitted(kind_code: str, one: Art) -> tuple[Drawing, Place] | None:
    """A drawing and its place: at its width, or as large as its box allows, in the middle of it."""
    found = _drawing(kind_code, one)
    if found is None:
        return None
    file, data = found
    drawing = parse_svg(data, name=f"{kind_code}/{file}")
    x, y, width = one.x_mm, one.y_mm, one.width_mm
    ratio = drawing.height_mm / drawing.width_mm
    if one.height_mm is not None:
        width = min(width, one.height_mm * drawing.width_mm / drawing.height_mm)
        x += (one.width_mm - width) / 2
        y += (one.height_mm - width * ratio) / 2
    return drawing, Place(x_mm=x, y_mm=y, width_mm=width, height_mm=width * ratio)


def _drawing(kind_code: str, one: Art) -> tuple[str, bytes] | None:
    """A drawing's file name and content: the official artwork of a slot, else what stands in for it."""
    for name in filter(None, (one.file, one.fallback)):
        file = f"art/{name}"
        try:
            return file, resource(kind_code, file)
        except KindError as error:
            if error.code is not KindErrorCode.RESOURCE:                # what is there but unreadable is not absent
                raise
            if not one.slot or name == one.fallback:
                raise _missing(kind_code, name, one.source_line) from error
    return None


def _missing(kind_code: str, name: str, line: int) -> KindError:
    """The error for a drawing that a template names and that is not there; it says which ones are."""
    files = sorted(path.name for path in (kind_folder(kind_code) / "art").glob("*.svg"))
    file = f"{kind_code}/pages.xml"
    return KindError(
        KindErrorCode.RESOURCE, f"{file} 第 {line} 行：art 目录中没有 {name}；有{'、'.join(files) or '空目录'}",
        f"{file}, line {line}: there is no {name} in the folder art; there are {', '.join(files) or 'no drawings'}",
        kind=kind_code, name=name, file=file, line=str(line))


on_change(_artwork.cache_clear)
on_change(drawings.cache_clear)
on_change(extent.cache_clear)

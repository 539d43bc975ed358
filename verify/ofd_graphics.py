"""Paths and pictures of an OFD page (GB/T 33190-2016, 9 and 10): what they paint, and what they could cover."""

from __future__ import annotations

import functools
import hashlib
import posixpath
from collections.abc import Callable
from typing import Final

from lxml import etree

from certs.sm3 import sm3
from layouts.released import Paint
from verify.jpeg import is_jpeg, jpeg_bitmap, jpeg_size
from verify.model import Bitmap, PictureBox, RectMm
from verify.ofd_objects import Canvas, ObjectReader, numbers, rect, short_numbers
from verify.ofd_shading import check_shading, is_shaded
from verify.ofd_shape import shape_of
from verify.png import png_bitmap, png_size
from verify.reasons import Refusal
from verify.xml import only_child

__all__ = ["paint_image", "paint_path"]

_LIGHTEST_TEXT: Final = 200.0            # a fill as light as this is paper
_PATH_ATTRIBUTES: Final = frozenset({"ID", "Boundary", "LineWidth", "Stroke", "Fill", "Rule", "Visible",
                                     "Alpha", "Cap", "Join", "MiterLimit", "DashOffset", "DashPattern"})
_IMAGE_ATTRIBUTES: Final = frozenset({"ID", "Boundary", "CTM", "ResourceID", "Visible", "Alpha"})
_UNSEEN: Final = Paint()                 # neither filled nor stroked


def paint_path(reader: ObjectReader, element: etree._Element, canvas: Canvas) -> None:
    """One path: a filled one can cover what lies below, a stroked one at least a picture."""
    reader.identify(element, canvas)
    reader.unknown_attributes(element, _PATH_ATTRIBUTES, canvas)
    reader.unknown_children(element, frozenset({"FillColor", "StrokeColor", "AbbreviatedData"}), canvas)
    reader.visible(element, canvas)
    box = rect(element.get("Boundary", ""), canvas.where)
    fill, stroke = (only_child(element, name, canvas.where) for name in ("FillColor", "StrokeColor"))
    reader.colour(stroke, canvas)
    if fill is not None and is_shaded(fill):
        check_shading(fill, canvas.where, reader.found)
    else:
        reader.colour(fill, canvas)
    filled = element.get("Fill", "false") in ("true", "1")
    if filled:
        canvas.fills.append((canvas.order, box))
    elif canvas.pictures:
        width = numbers(element.get("LineWidth", "0.353"), canvas.where, 1)[0]
        canvas.strokes.append((canvas.order, _grown(box, width / 2)))
    if canvas.on_page:
        shape = shape_of(element, box)
        if shape.paint != _UNSEEN:
            canvas.shapes.append(shape)
        if filled and _is_dark(fill):
            canvas.dark.append(box)


def paint_image(reader: ObjectReader, element: etree._Element, canvas: Canvas) -> None:
    """One picture."""
    identifier = reader.identify(element, canvas)
    reader.unknown_attributes(element, _IMAGE_ATTRIBUTES, canvas)
    reader.unknown_children(element, frozenset(), canvas)
    if not reader.visible(element, canvas):
        return
    box = rect(element.get("Boundary", ""), canvas.where)
    path = reader.resources.media.get(element.get("ResourceID", ""))
    if path is None:
        raise Refusal("ofd.missing", canvas.where)
    data = reader.fetch(path)
    matrix = numbers(element.get("CTM") or f"{box.width_mm} 0 0 {box.height_mm} 0 0", canvas.where, 6)
    whole = (abs(matrix[0] - box.width_mm) < 0.01 and abs(matrix[3] - box.height_mm) < 0.01
             and not any(matrix[index] for index in (1, 2, 4, 5)))
    if not whole or element.get("Alpha", "255") != "255":
        reader.found.add("ofd.not-understood", canvas.where, element="ImageObject@CTM")
    jpeg = is_jpeg(data)
    width, height = jpeg_size(data) if jpeg else png_size(data)
    canvas.objects[identifier] = posixpath.basename(path)
    canvas.pictures.append(PictureBox(
        name=posixpath.basename(path), box=box, digest=hashlib.sha256(data).hexdigest(),
        load=reader.loaders.setdefault(path, _loader(data)), width_px=width, height_px=height,
        order=canvas.order, upright=whole, sm3=sm3(data).hex() if jpeg else ""))


def _grown(box: RectMm, by_mm: float) -> RectMm:
    """The box with a margin around it."""
    return RectMm(x_mm=box.x_mm - by_mm, y_mm=box.y_mm - by_mm, width_mm=box.width_mm + 2 * by_mm,
                  height_mm=box.height_mm + 2 * by_mm)


def _is_dark(fill: etree._Element | None) -> bool:
    """Whether text on this colour might not be seen; a gradient's plain value is its mean."""
    values = short_numbers(fill.get("Value", "0 0 0")) if fill is not None else (0.0, 0.0, 0.0)
    if values is None or len(values) != 3:
        return True
    return 0.299 * values[0] + 0.587 * values[1] + 0.114 * values[2] < _LIGHTEST_TEXT


def _loader(data: bytes) -> Callable[[], Bitmap]:
    """Decode these bytes when asked; no pixels are kept here: a file may hold many pictures."""
    return functools.partial(jpeg_bitmap if is_jpeg(data) else png_bitmap, data)

"""Artwork: a strict subset of SVG, read into paths of the page model.

Understood: ``svg`` (``viewBox``, and ``width``/``height`` in mm), ``g``, ``path``, ``rect``, ``circle``, ``ellipse``,
``line``, ``polyline``, ``polygon``, and in ``defs`` at the beginning ``linearGradient`` and ``radialGradient`` (see
``svg_gradient``); ``transform``, ``fill``, ``fill-rule``, ``stroke``, ``stroke-width``, ``opacity``, ``fill-opacity``,
``stroke-opacity``; colours as ``#rgb``, ``#rrggbb``, ``rgb()``, one of sixteen names or ``none``, fills also as
``url(#name)`` of a gradient. What draws nothing is passed over: titles, metadata, the marks of drawing programs, and
attributes that say what is drawn anyway. Everything else is refused by name and line, scripts, styles, links and
pictures above all: artwork is drawn alike in every format or not at all. One error tells all faults of a file.

Source: SVG 1.1 (W3C), chapters 7 to 11.
"""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from lxml import etree

from docgen import markup
from docgen.page import LARGEST_SIDE_MM, Gradient, Path, Segment, Stop
from docgen.shown import shown
from docgen.svg_faults import Faults, SvgErrorCode
from docgen.svg_gradient import GradientPlan, NotACircleError, gradient_plan, moved_gradient, stop_of
from docgen.svg_paint import PAINT, REFERENCE, Paint, paint_of, painted
from docgen.svg_shape import Piece, shape
from docgen.svg_values import Matrix, OutOfRangeError, matrix_of, require_near

__all__ = ["Drawing", "parse_svg", "placed"]

_SPACE = "{http://www.w3.org/2000/svg}"
_EDITORS = ("{http://www.inkscape.org/", "{http://sodipodi.sourceforge.net/", "{http://ns.adobe.com/",
            "{http://www.w3.org/XML/1998/namespace}")
_GEOMETRY = {
    "svg": {"viewBox", "width", "height", "version"},
    "g": set(),
    "path": {"d"},
    "rect": {"x", "y", "width", "height"},
    "circle": {"cx", "cy", "r"},
    "ellipse": {"cx", "cy", "rx", "ry"},
    "line": {"x1", "y1", "x2", "y2"},
    "polyline": {"points"},
    "polygon": {"points"},
    "defs": set(),
    "linearGradient": {"x1", "y1", "x2", "y2"},
    "radialGradient": {"cx", "cy", "r", "fx", "fy"},
    "stop": {"offset", "stop-color", "stop-opacity"},
}
_GRADIENT = {"id", "gradientUnits", "gradientTransform"}
_ONLY_IN = {"linearGradient": "defs", "radialGradient": "defs", "stop": "linearGradient、radialGradient"}
_COMMON = PAINT | {"id", "transform"}
_SILENT = frozenset({"title", "desc", "metadata"})
_IDLE = frozenset({"clip-rule", "shape-rendering", "stroke-miterlimit", "baseProfile", "enable-background",
                   "preserveAspectRatio"})
_PLAIN = {"stroke-linecap": "butt", "stroke-linejoin": "miter", "stroke-dasharray": "none", "stroke-dashoffset": "0",
          "display": "inline", "visibility": "visible", "spreadMethod": "pad", "vector-effect": "none"}
_ACTIVE = {"script", "style", "image", "use", "a", "foreignObject", "iframe", "set", "animate", "handler"}
_MAX_ELEMENTS = 20_000
_MAX_SEGMENTS = 200_000
_MAX_DEPTH = 32
_SPLIT = re.compile(r"[\s,]+")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The paths of one file, in millimetres from its own top left corner."""

    width_mm: float
    height_mm: float
    paths: tuple[Path, ...]


class _StopError(Exception):
    """An element of which no more can be read; its fault has been told."""


@dataclass(slots=True)
class _Reader:
    faults: Faults
    elements: int = 0
    segments: int = 0
    gradients: dict[str, GradientPlan] = field(default_factory=dict)

    def tell(self, node: etree._Element, code: SvgErrorCode, zh: str, en: str) -> None:
        self.faults.add(markup.line_of(node), code, zh, en)

    def stop(self, node: etree._Element, code: SvgErrorCode, zh: str, en: str) -> _StopError:
        self.tell(node, code, zh, en)
        return _StopError()

    def read(self, node: etree._Element, value: Callable[[], T], default: T) -> T:
        """What is read of an element; what cannot be read is told, and the default goes on in its place."""
        try:
            return value()
        except NotACircleError:
            self.tell(node, SvgErrorCode.UNSUPPORTED,
                      "此处的 radialGradient 会变成椭圆，请用 userSpaceOnUse 或填充正方形、圆",
                      "the radialGradient would become an ellipse here; use userSpaceOnUse, or fill a square or a "
                      "circle")
        except ValueError as error:
            zh, en = error.args
            far = isinstance(error, OutOfRangeError)
            self.tell(node, SvgErrorCode.OUT_OF_RANGE if far else SvgErrorCode.MALFORMED, zh, en)
        return default

    def root(self, root: etree._Element) -> Drawing:
        """Read the frame: view box and size must agree, so that a drawing is never distorted."""
        if root.tag != _SPACE + "svg":
            raise self.stop(root, SvgErrorCode.UNSUPPORTED, f"根元素应为 SVG 的 svg，实为 {shown(str(root.tag))}",
                            f"expected the root element svg of SVG, found {shown(str(root.tag))}")
        box = [markup.length(part) for part in _SPLIT.split((root.get("viewBox") or "").strip())]
        sizes = [markup.length((root.get(name) or "").removesuffix("mm")) for name in ("width", "height")]
        if len(box) != 4 or None in box or None in sizes:
            self.tell(root, SvgErrorCode.MALFORMED,
                      f"svg 应有 viewBox 四个数及以 mm 计的 width、height；每个为{markup.NUMBER_ZH}",
                      f"expected viewBox with four numbers, and width and height in mm; each {markup.NUMBER_EN}")
            box, sizes = [0.0, 0.0, 1.0, 1.0], [1.0, 1.0]
        left, top, across, down = (value or 0.0 for value in box)
        width, height = (value or 0.0 for value in sizes)
        skew = abs(across * height - down * width)
        if min(across, down, width, height) <= 0 or skew > 1e-3 * across * height:
            self.tell(root, SvgErrorCode.MALFORMED, "viewBox 与 width、height 应为同一比例的正数",
                      "expected viewBox, width and height to be positive and in proportion")
            across = width or 1.0
        if max(width, height) > LARGEST_SIDE_MM:
            self.tell(root, SvgErrorCode.OUT_OF_RANGE,
                      f"svg 为 {width:g}×{height:g} mm，每边最大 {LARGEST_SIDE_MM:g} mm；请按页面的大小绘制",
                      f"the svg is {width:g} by {height:g} mm, {LARGEST_SIDE_MM:g} mm a side at most; draw at the size "
                      "of the page")
        scale = width / across
        paths: list[Path] = []
        own = self.attributes(root, "svg", frame=frozenset({"x", "y"}))
        paint = self.read(root, lambda: paint_of(own, Paint(), self.gradients), Paint())
        self.children(root, (scale, 0, 0, scale, -left * scale, -top * scale), paint, paths, 1)
        return Drawing(width_mm=width, height_mm=height, paths=tuple(paths))

    def children(self, node: etree._Element, matrix: Matrix, paint: Paint, out: list[Path], depth: int) -> None:
        """Read what is in an element."""
        for child in node:
            try:
                self.element(child, matrix, paint, out, depth)
            except _StopError:
                if self.elements > _MAX_ELEMENTS or self.segments > _MAX_SEGMENTS:
                    raise

    def element(self, node: etree._Element, matrix: Matrix, paint: Paint, out: list[Path], depth: int) -> None:
        """Read one element and what is in it."""
        self.elements += 1
        if self.elements > _MAX_ELEMENTS or depth > _MAX_DEPTH:
            raise self.stop(node, SvgErrorCode.TOO_LARGE, f"元素多于 {_MAX_ELEMENTS} 个或嵌套深于 {_MAX_DEPTH} 层",
                            f"more than {_MAX_ELEMENTS} elements, or nested deeper than {_MAX_DEPTH}")
        name = self.name(node)
        if name in _SILENT:
            return
        if name == "svg":
            raise self.stop(node, SvgErrorCode.UNSUPPORTED, "svg 内不能再有 svg", "an svg may not stand in another one")
        own = self.attributes(node, name)
        if name in _ONLY_IN:
            raise self.stop(node, SvgErrorCode.UNSUPPORTED, f"{name} 只能在 {_ONLY_IN[name]} 内",
                            f"{name} may stand in {_ONLY_IN[name]} only")
        if name == "defs":
            self.definitions(node)
            return
        matrix = self.read(node, lambda: matrix_of(own.get("transform", ""), matrix, "transform"), matrix)
        paint = self.read(node, lambda: paint_of(own, paint, self.gradients), paint)
        if name == "g":
            self.children(node, matrix, paint, out, depth + 1)
            return
        for child, _ in self.within(node):
            self.tell(child, SvgErrorCode.UNSUPPORTED, f"{name} 内不能有元素", f"nothing may stand in {name}")
        pieces: list[Piece] = self.read(node, lambda: shape(name, own), [])
        self.segments += len(pieces)
        if self.segments > _MAX_SEGMENTS:
            raise self.stop(node, SvgErrorCode.TOO_LARGE, f"线段多于 {_MAX_SEGMENTS} 个",
                            f"more than {_MAX_SEGMENTS} path segments")
        path = self.read(node, lambda: painted(pieces, matrix, paint), None)
        if path is not None:
            out.append(path)

    def definitions(self, node: etree._Element) -> None:
        """Read the gradients in ``defs``."""
        for child, name in self.within(node):
            if name not in ("linearGradient", "radialGradient"):
                self.tell(child, SvgErrorCode.UNSUPPORTED, f"defs 内应为 linearGradient、radialGradient，实为 {name}",
                          f"expected linearGradient or radialGradient in defs, found {name}")
                continue
            own = self.attributes(child, name)
            key = own.get("id", "")
            if not REFERENCE.fullmatch(f"url(#{key})") or key in self.gradients:
                self.tell(child, SvgErrorCode.MALFORMED, f"渐变应有不重复的 id，实为 {shown(key)!r}",
                          f"expected an id of its own for a gradient, found {shown(key)!r}")
                continue
            plan = self.read(child, functools.partial(self.gradient, child, name, own), None)
            if plan is not None:
                self.gradients[key] = plan

    def gradient(self, node: etree._Element, name: str, own: Mapping[str, str]) -> GradientPlan | None:
        """A gradient with its stops; None where a stop cannot be read."""
        stops: list[Stop | None] = []
        for child, inner in self.within(node):
            if inner != "stop":
                self.tell(child, SvgErrorCode.UNSUPPORTED, "渐变内应为 stop", "expected stop in a gradient")
                continue
            attributes = self.attributes(child, inner)
            styled = "style" in child.attrib                # told there; what it says is not looked for elsewhere
            stops.append(None if styled else self.read(child, functools.partial(stop_of, attributes), None))
        return None if None in stops else gradient_plan(name, own, [stop for stop in stops if stop is not None])

    def within(self, node: etree._Element) -> Iterator[tuple[etree._Element, str]]:
        """What is in an element and may matter, with its name."""
        for child in node:
            with contextlib.suppress(_StopError):
                if (name := self.name(child)) not in _SILENT:
                    yield child, name

    def name(self, node: etree._Element) -> str:
        """The element's name, once it is known to be allowed; of what drawing programs add, that of what is silent."""
        if not isinstance(node.tag, str):                   # told already
            return "metadata"
        tag = node.tag
        name = tag.removeprefix(_SPACE)
        if tag.rpartition("}")[2] in _ACTIVE:
            raise self.stop(node, SvgErrorCode.ACTIVE_CONTENT, f"不允许 {shown(name)}：不得含脚本、样式、链接、图片",
                            f"{shown(name)} is not allowed: no scripts, styles, links or pictures in artwork")
        if tag.startswith(_EDITORS):
            return "metadata"
        if name not in _GEOMETRY and name not in _SILENT:
            raise self.stop(node, SvgErrorCode.UNSUPPORTED, f"不支持元素 {shown(name)}，可用：{'、'.join(_GEOMETRY)}",
                            f"element {shown(name)} is not supported; expected one of {', '.join(_GEOMETRY)}")
        return name

    def attributes(self, node: etree._Element, name: str, frame: frozenset[str] = frozenset()) -> Mapping[str, str]:
        """The attributes of an element that say what is drawn.

        Args:
            frame: attributes of the outermost element that move nothing.
        """
        common = _GRADIENT if name in _ONLY_IN else _COMMON
        own: dict[str, str] = {}
        for key, value in ((str(key), str(value)) for key, value in node.attrib.items()):
            if key.rpartition("}")[2] == "href" and name in ("linearGradient", "radialGradient"):
                self.tell(node, SvgErrorCode.ACTIVE_CONTENT, "渐变不能引用另一渐变（href）；导出时请合并渐变",
                          "a gradient may not refer to another one (href); merge them on export")
            elif key.startswith("on") or key.rpartition("}")[2] == "href":
                self.tell(node, SvgErrorCode.ACTIVE_CONTENT, f"不允许属性 {shown(key)}：不得含脚本、链接",
                          f"attribute {shown(key)} is not allowed: no scripts or links in artwork")
            elif key in ("style", "class"):
                self.tell(node, SvgErrorCode.ACTIVE_CONTENT,
                          f"不允许属性 {key}：样式应写成属性（fill=、stroke= 等），导出方法见 template-language.md",
                          f"attribute {key} is not allowed: write styles as attributes (fill=, stroke= …); how to "
                          "export is told in template-language.md")
            elif key.startswith(_EDITORS) or key in _IDLE | frame or key.startswith("data-"):
                continue
            elif key in _PLAIN and key not in _GEOMETRY[name]:
                if value.removesuffix("px") != _PLAIN[key]:
                    found = shown(value)
                    self.tell(node, SvgErrorCode.UNSUPPORTED,
                              f"{key} 只能为 {_PLAIN[key]}，实为 {found!r}；请先把描边转为路径或展开外观",
                              f"{key} may be {_PLAIN[key]} only, found {found!r}; turn the stroke into a path first")
            elif key not in _GEOMETRY[name] and key not in common:
                expected = sorted(_GEOMETRY[name] | common)
                self.tell(node, SvgErrorCode.UNSUPPORTED,
                          f"{name} 不支持属性 {shown(key)}，可用：{'、'.join(expected)}",
                          f"{name} has no attribute {shown(key)} here; expected one of {', '.join(expected)}")
            else:
                own[key] = value
        return own


def parse_svg(data: bytes, *, name: str) -> Drawing:
    """Read an artwork file.

    Args:
        name: the file's name, for errors.

    Raises:
        SvgError: ``svg.malformed``, ``svg.unsupported``, ``svg.active-content``, ``svg.too-large`` or
            ``svg.out-of-range``, with file and line.
    """
    faults = Faults(name)
    root = markup.parse(data, faults.fail, tell=faults.tell)
    try:
        drawing = _Reader(faults).root(root)
    except _StopError:
        raise faults.error() from None
    if faults.found:
        raise faults.error()
    return drawing


def placed(drawing: Drawing, *, x_mm: float, y_mm: float, width_mm: float) -> tuple[Path, ...]:
    """The paths of a drawing put on a page at a width (the height follows in proportion).

    Raises:
        OutOfRangeError: see there; of a drawing much smaller than its place.
    """
    if not x_mm and not y_mm and width_mm == drawing.width_mm:
        return drawing.paths
    scale = width_mm / drawing.width_mm
    require_near((path.stroke_width_mm * scale for path in drawing.paths), what_zh="描边的宽度",
                 what_en="the width of a stroke")
    return tuple(
        Path(segments=tuple(_moved(segment, x_mm, y_mm, scale) for segment in path.segments),
             fill=(moved_gradient(path.fill, x_mm, y_mm, scale) if isinstance(path.fill, Gradient) else path.fill),
             stroke=path.stroke, stroke_width_mm=round(path.stroke_width_mm * scale, 3),
             even_odd=path.even_odd)
        for path in drawing.paths)


def _moved(segment: Segment, x_mm: float, y_mm: float, scale: float) -> Segment:
    origin = (x_mm, y_mm)
    args = tuple([round(origin[index % 2] + value * scale, 3) for index, value in enumerate(segment.args)])
    require_near(args, what_zh="图形", what_en="a shape")
    return Segment(segment.op, args)

"""Artwork: a strict subset of SVG, read into paths of the page model.

Understood: ``svg`` (``viewBox``, and ``width``/``height`` in mm), ``g``, ``path``, ``rect``, ``circle``,
``ellipse``, ``line``, ``polyline``, ``polygon``, ``title``, ``desc``, and in ``defs`` at the beginning
``linearGradient`` and ``radialGradient`` (see ``svg_gradient``); ``transform``, ``fill``, ``fill-rule``, ``stroke``,
``stroke-width``, ``opacity``, ``fill-opacity``, ``stroke-opacity``; colours as ``#rgb``, ``#rrggbb`` or ``none``, fills
also as ``url(#name)`` of a gradient. Everything else is refused by name and line, scripts, styles, links and
pictures above all: artwork is drawn alike in every format or not at all.

Source: SVG 1.1 (W3C), chapters 7 to 11.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lxml import etree

from docgen import markup
from docgen.page import Colour, Gradient, Path, Segment, Stop
from docgen.svg_gradient import GradientPlan, NotACircleError, moved_gradient
from docgen.svg_path import Point, outline

__all__ = ["Drawing", "SvgError", "SvgErrorCode", "parse_svg", "placed"]

_SPACE = "{http://www.w3.org/2000/svg}"
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
    "title": set(),
    "desc": set(),
    "defs": set(),
    "linearGradient": {"x1", "y1", "x2", "y2"},
    "radialGradient": {"cx", "cy", "r", "fx", "fy"},
    "stop": {"offset", "stop-color", "stop-opacity"},
}
_GRADIENT = {"id", "gradientUnits", "gradientTransform"}
_ONLY_IN = {"linearGradient": "defs", "radialGradient": "defs", "stop": "linearGradient、radialGradient"}
_PAINT = {"fill", "fill-rule", "stroke", "stroke-width", "opacity", "fill-opacity", "stroke-opacity"}
_COMMON = _PAINT | {"id", "transform"}
_ACTIVE = {"script", "style", "image", "use", "a", "foreignObject", "iframe", "set", "animate", "handler"}
_MAX_ELEMENTS = 20_000
_MAX_SEGMENTS = 200_000
_MAX_DEPTH = 32
_MAX_STOPS = 64
_URL = re.compile(r"url\(#([A-Za-z][\w-]*)\)")
_TRANSFORM = re.compile(r"\s*(matrix|translate|scale|rotate)\s*\(([^()]*)\)\s*,?")
_SPLIT = re.compile(r"[\s,]+")

Matrix = tuple[float, float, float, float, float, float]


class SvgErrorCode(enum.StrEnum):
    """Why a file cannot be artwork."""

    MALFORMED = "svg.malformed"
    UNSUPPORTED = "svg.unsupported"
    ACTIVE_CONTENT = "svg.active-content"
    TOO_LARGE = "svg.too-large"


class SvgError(markup.MarkupError):
    """An artwork file that cannot be drawn exactly as it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The paths of one file, in millimetres from its own top left corner."""

    width_mm: float
    height_mm: float
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paint:
    fill: tuple[int, int, int] | GradientPlan | None = (0, 0, 0)
    even_odd: bool = False
    stroke: tuple[int, int, int] | None = None
    width: float = 1.0
    fill_alpha: float = 1.0
    stroke_alpha: float = 1.0
    alpha: float = 1.0


@dataclass(slots=True)
class _Reader:
    file: str
    elements: int = 0
    segments: int = 0
    gradients: dict[str, GradientPlan] = field(default_factory=dict)

    def fail(self, line: int, zh: str, en: str) -> SvgError:
        return SvgError(SvgErrorCode.MALFORMED, zh, en, file=self.file, line=line)

    def at(self, node: etree._Element, code: SvgErrorCode, zh: str, en: str) -> SvgError:
        return SvgError(code, zh, en, file=self.file, line=markup.line_of(node))

    def number(self, node: etree._Element, name: str, default: float | None = None) -> float:
        text = node.get(name)
        if text is None and default is not None:
            return default
        value = markup.length(text) if text is not None else None
        if value is None:
            raise self.at(node, SvgErrorCode.MALFORMED, f"属性 {name} 应为数字，实为 {text!r}",
                          f"expected a number for {name}, found {text!r}")
        return value

    def root(self, root: etree._Element) -> Drawing:
        """Read the frame: view box and size must agree, so that a drawing is never distorted."""
        if root.tag != _SPACE + "svg":
            raise self.at(root, SvgErrorCode.UNSUPPORTED, f"根元素应为 SVG 的 svg，实为 {root.tag}",
                          f"expected the root element svg of SVG, found {root.tag}")
        box = [markup.length(part) for part in _SPLIT.split((root.get("viewBox") or "").strip())]
        sizes = [markup.length((root.get(name) or "").removesuffix("mm")) for name in ("width", "height")]
        if len(box) != 4 or None in box or None in sizes:
            raise self.at(root, SvgErrorCode.MALFORMED, "svg 应有 viewBox 四个数及以 mm 计的 width、height",
                          "expected viewBox with four numbers, and width and height in mm")
        left, top, across, down = (value or 0.0 for value in box)
        width, height = (value or 0.0 for value in sizes)
        skew = abs(across * height - down * width)
        if min(across, down, width, height) <= 0 or skew > 1e-3 * across * down:
            raise self.at(root, SvgErrorCode.MALFORMED, "viewBox 与 width、height 应为同一比例的正数",
                          "expected viewBox, width and height to be positive and in proportion")
        scale = width / across
        paths: list[Path] = []
        self.element(root, (scale, 0, 0, scale, -left * scale, -top * scale), _Paint(), paths, 0)
        return Drawing(width_mm=width, height_mm=height, paths=tuple(paths))

    def element(self, node: etree._Element, matrix: Matrix, paint: _Paint, out: list[Path],
                depth: int) -> None:
        """Read one element and what is in it."""
        self.elements += 1
        if self.elements > _MAX_ELEMENTS or depth > _MAX_DEPTH:
            raise self.at(node, SvgErrorCode.TOO_LARGE,
                          f"元素多于 {_MAX_ELEMENTS} 个或嵌套深于 {_MAX_DEPTH} 层",
                          f"more than {_MAX_ELEMENTS} elements, or nested deeper than {_MAX_DEPTH}")
        name = self.check(node)
        if name in ("title", "desc"):
            return
        if name in _ONLY_IN:
            raise self.at(node, SvgErrorCode.UNSUPPORTED, f"{name} 只能在 {_ONLY_IN[name]} 内",
                          f"{name} may stand in {_ONLY_IN[name]} only")
        if name == "defs":
            self.definitions(node)
            return
        if name != "svg" and "transform" in node.attrib:
            matrix = self.transform(node, matrix)
        paint = self.paint(node, paint)
        if name in ("svg", "g"):
            for child in node:
                self.element(child, matrix, paint, out, depth + 1)
            return
        for child in node:
            raise self.at(child, SvgErrorCode.UNSUPPORTED, f"{name} 内不能有元素",
                          f"nothing may stand in {name}")
        segments = self.shape(node, name)
        self.segments += len(segments)
        if self.segments > _MAX_SEGMENTS:
            raise self.at(node, SvgErrorCode.TOO_LARGE, f"线段多于 {_MAX_SEGMENTS} 个",
                          f"more than {_MAX_SEGMENTS} path segments")
        try:
            path = _painted(segments, matrix, paint)
        except NotACircleError as exc:
            raise self.at(node, SvgErrorCode.UNSUPPORTED,
                          "此处的 radialGradient 会变成椭圆，请用 userSpaceOnUse 或填充正方形、圆",
                          "the radialGradient would become an ellipse here; use userSpaceOnUse, or fill a square or a "
                          "circle") from exc
        if path is not None:
            out.append(path)

    def definitions(self, node: etree._Element) -> None:
        """Read the gradients in ``defs``."""
        for child in node:
            name = self.check(child)
            if name not in ("linearGradient", "radialGradient"):
                raise self.at(child, SvgErrorCode.UNSUPPORTED,
                              f"defs 内应为 linearGradient、radialGradient，实为 {name}",
                              f"expected linearGradient or radialGradient in defs, found {name}")
            key = child.get("id") or ""
            if not _URL.fullmatch(f"url(#{key})") or key in self.gradients:
                raise self.at(child, SvgErrorCode.MALFORMED, f"渐变应有不重复的 id，实为 {key!r}",
                              f"expected an id of its own for a gradient, found {key!r}")
            self.gradients[key] = self.gradient(child, name)

    def gradient(self, node: etree._Element, name: str) -> GradientPlan:
        """One gradient with its stops."""
        units = node.get("gradientUnits", "objectBoundingBox")
        if units not in ("objectBoundingBox", "userSpaceOnUse"):
            raise self.at(node, SvgErrorCode.MALFORMED,
                          f"gradientUnits 应为 objectBoundingBox 或 userSpaceOnUse，实为 {units!r}",
                          f"expected objectBoundingBox or userSpaceOnUse for gradientUnits, found {units!r}")
        boxed = units == "objectBoundingBox"
        middle = 0.5 if boxed else None
        radii: tuple[float, float] | None = None
        if name == "linearGradient":
            start = self.number(node, "x1", 0.0), self.number(node, "y1", 0.0)
            end = self.number(node, "x2", 1.0 if boxed else None), self.number(node, "y2", 0.0)
        else:
            end = self.number(node, "cx", middle), self.number(node, "cy", middle)
            start = self.number(node, "fx", end[0]), self.number(node, "fy", end[1])
            radii = (0.0, self.number(node, "r", middle))
            if math.dist(start, end) > radii[1] or radii[1] < 0:
                raise self.at(node, SvgErrorCode.MALFORMED, "fx、fy 应在圆内，r 应为正数",
                              "expected fx and fy inside the circle, and r positive")
        matrix = self.transform(node, (1, 0, 0, 1, 0, 0), "gradientTransform")
        return GradientPlan(start=start, end=end, radii=radii, stops=self.stops(node), boxed=boxed, matrix=matrix)

    def stops(self, node: etree._Element) -> tuple[Stop, ...]:
        """The stops of a gradient, from 0 to 1."""
        stops: list[Stop] = []
        for child in node:
            if self.check(child) != "stop":
                raise self.at(child, SvgErrorCode.UNSUPPORTED, "渐变内应为 stop", "expected stop in a gradient")
            colour = markup.colour(child.get("stop-color") or "")
            alpha = self.number(child, "stop-opacity", 1.0)
            if colour is None or not 0 <= alpha <= 1:
                raise self.at(child, SvgErrorCode.MALFORMED,
                              "stop 应有 stop-color（#rgb 或 #rrggbb），不透明度在 0 与 1 之间",
                              "expected stop-color #rgb or #rrggbb, and an opacity from 0 to 1")
            stops.append(Stop(round(self.number(child, "offset"), 4), Colour(*colour, alpha)))
        offsets = [stop.offset for stop in stops]
        if not 2 <= len(stops) <= _MAX_STOPS or sorted(set(offsets)) != offsets or (offsets[0], offsets[-1]) != (0, 1) \
                or len({stop.colour.alpha for stop in stops}) > 1:
            raise self.at(node, SvgErrorCode.MALFORMED, "渐变应有 offset 从 0 递增到 1 的 stop，且不透明度相同",
                          "expected stops whose offset rises from 0 to 1, all of the same opacity")
        return tuple(stops)

    def check(self, node: etree._Element) -> str:
        """The element's name, once it and its attributes are known to be allowed."""
        tag = str(node.tag)
        name = tag.removeprefix(_SPACE)
        if name in _ACTIVE or tag.rpartition("}")[2] in _ACTIVE:
            raise self.at(node, SvgErrorCode.ACTIVE_CONTENT, f"不允许 {name}：不得含脚本、样式、链接、图片",
                          f"{name} is not allowed: no scripts, styles, links or pictures in artwork")
        if name not in _GEOMETRY:
            raise self.at(node, SvgErrorCode.UNSUPPORTED, f"不支持元素 {name}，可用：{'、'.join(_GEOMETRY)}",
                          f"element {name} is not supported; expected one of {', '.join(_GEOMETRY)}")
        for key in map(str, node.attrib):
            if key.startswith("on") or key.rpartition("}")[2] in ("href", "style", "class"):
                raise self.at(node, SvgErrorCode.ACTIVE_CONTENT, f"不允许属性 {key}：不得含脚本、样式、链接",
                              f"attribute {key} is not allowed: no scripts, styles or links in artwork")
            common = _GRADIENT if name in _ONLY_IN else _COMMON
            if key not in _GEOMETRY[name] and key not in common:
                expected = sorted(_GEOMETRY[name] | common)
                raise self.at(node, SvgErrorCode.UNSUPPORTED,
                              f"{name} 不支持属性 {key}，可用：{'、'.join(expected)}",
                              f"{name} has no attribute {key} here; expected one of {', '.join(expected)}")
        return name

    def paint(self, node: etree._Element, paint: _Paint) -> _Paint:
        """The paint of an element: its own attributes over those around it."""
        if not _PAINT & {str(key) for key in node.attrib}:
            return paint
        rule = node.get("fill-rule", "evenodd" if paint.even_odd else "nonzero")
        if rule not in ("evenodd", "nonzero"):
            raise self.at(node, SvgErrorCode.MALFORMED, f"fill-rule 应为 nonzero 或 evenodd，实为 {rule!r}",
                          f"expected fill-rule nonzero or evenodd, found {rule!r}")
        defaults = (("fill-opacity", paint.fill_alpha), ("stroke-opacity", paint.stroke_alpha),
                    ("opacity", 1.0))
        alphas = [self.number(node, name, default) for name, default in defaults]
        if not all(0 <= alpha <= 1 for alpha in alphas):
            raise self.at(node, SvgErrorCode.MALFORMED, "不透明度应在 0 与 1 之间",
                          "expected an opacity from 0 to 1")
        return _Paint(fill=self.filling(node, paint.fill), even_odd=rule == "evenodd",
                      stroke=self.ink(node, "stroke", paint.stroke),
                      width=self.number(node, "stroke-width", paint.width), fill_alpha=alphas[0],
                      stroke_alpha=alphas[1], alpha=paint.alpha * alphas[2])

    def filling(self, node: etree._Element, default: tuple[int, int, int] | GradientPlan | None,
                ) -> tuple[int, int, int] | GradientPlan | None:
        """The fill of an element: a colour, or a gradient that was defined before."""
        text = node.get("fill")
        if text is None:
            return default
        if not text.startswith("url("):
            return self.ink(node, "fill", None)
        match = _URL.fullmatch(text)
        plan = self.gradients.get(match[1]) if match else None
        if plan is None:
            raise self.at(node, SvgErrorCode.MALFORMED, f"fill 应为前面 defs 中的渐变 url(#id)，实为 {text!r}",
                          f"expected url(#id) of a gradient in the defs above for fill, found {text!r}")
        return plan

    def ink(self, node: etree._Element, name: str, default: tuple[int, int, int] | None,
            ) -> tuple[int, int, int] | None:
        text = node.get(name)
        if text is None:
            return default
        if text == "none":
            return None
        found = markup.colour(text)
        if found is None:
            raise self.at(node, SvgErrorCode.MALFORMED, f"{name} 应为 none、#rgb 或 #rrggbb，实为 {text!r}",
                          f"expected none, #rgb or #rrggbb for {name}, found {text!r}")
        return found

    def transform(self, node: etree._Element, matrix: Matrix, name: str = "transform") -> Matrix:
        """The matrix of an element inside that of its parent."""
        text, at = node.get(name) or "", 0
        while at < len(text):
            match = _TRANSFORM.match(text, at)
            values = [markup.length(part) for part in _SPLIT.split(match[2].strip())] if match else [None]
            step = None if match is None or None in values else _step(match[1], [v or 0.0 for v in values])
            if match is None or step is None:
                raise self.at(node, SvgErrorCode.MALFORMED,
                              f"{name} 应为 matrix、translate、scale、rotate，实为 {text!r}",
                              f"expected matrix, translate, scale or rotate in {name}, found {text!r}")
            matrix, at = _times(matrix, step), match.end()
        return matrix

    def shape(self, node: etree._Element, name: str) -> list[tuple[str, tuple[Point, ...]]]:
        """The outline of a shape in its own units."""
        if name == "path":
            try:
                return outline(node.get("d") or "")
            except ValueError as exc:
                zh, en = exc.args
                raise self.at(node, SvgErrorCode.MALFORMED, zh, en) from exc
        if name in ("polyline", "polygon"):
            values = [markup.length(part) for part in _SPLIT.split((node.get("points") or "").strip())]
            if None in values or len(values) % 2 or len(values) < 4:
                raise self.at(node, SvgErrorCode.MALFORMED, "points 应为成对的数字，至少两对",
                              "expected points as pairs of numbers, two pairs at least")
            flat = [value or 0.0 for value in values]
            points = list(zip(flat[::2], flat[1::2], strict=True))
            return _polygon(points, closed=name == "polygon")
        if name == "line":
            x1, y1, x2, y2 = (self.number(node, key, 0.0) for key in ("x1", "y1", "x2", "y2"))
            return _polygon([(x1, y1), (x2, y2)], closed=False)
        if name == "rect":
            x, y = self.number(node, "x", 0.0), self.number(node, "y", 0.0)
            width, height = self.number(node, "width"), self.number(node, "height")
            return _polygon([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], closed=True)
        cx, cy = self.number(node, "cx", 0.0), self.number(node, "cy", 0.0)
        radii = ("r", "r") if name == "circle" else ("rx", "ry")
        return _ellipse(cx, cy, self.number(node, radii[0]), self.number(node, radii[1]))


def parse_svg(data: bytes, *, name: str) -> Drawing:
    """Read an artwork file.

    Args:
        name: the file's name, for errors.

    Raises:
        SvgError: ``svg.malformed``, ``svg.unsupported``, ``svg.active-content`` or ``svg.too-large``, with
            file and line.
    """
    reader = _Reader(name)
    return reader.root(markup.parse(data, reader.fail))


def placed(drawing: Drawing, *, x_mm: float, y_mm: float, width_mm: float) -> tuple[Path, ...]:
    """The paths of a drawing put on a page at a width (the height follows in proportion)."""
    if not x_mm and not y_mm and width_mm == drawing.width_mm:
        return drawing.paths
    scale = width_mm / drawing.width_mm
    return tuple(
        Path(segments=tuple(_moved(segment, x_mm, y_mm, scale) for segment in path.segments),
             fill=(moved_gradient(path.fill, x_mm, y_mm, scale) if isinstance(path.fill, Gradient) else path.fill),
             stroke=path.stroke, stroke_width_mm=round(path.stroke_width_mm * scale, 3),
             even_odd=path.even_odd)
        for path in drawing.paths)


def _moved(segment: Segment, x_mm: float, y_mm: float, scale: float) -> Segment:
    origin = (x_mm, y_mm)
    return Segment(segment.op, tuple(round(origin[index % 2] + value * scale, 3)
                                     for index, value in enumerate(segment.args)))


def _fill(segments: Sequence[tuple[str, tuple[Point, ...]]], matrix: Matrix, paint: _Paint,
          ) -> Colour | Gradient | None:
    """What fills a shape: its colour, or its gradient laid into its box."""
    alpha = round(paint.alpha * paint.fill_alpha, 3)
    if not isinstance(paint.fill, GradientPlan):
        return Colour(*paint.fill, alpha) if paint.fill else None
    xs = [x for _, points in segments for x, _ in points]
    ys = [y for _, points in segments for _, y in points]
    if not xs:
        return None
    return paint.fill.laid((min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)), matrix, alpha)


def _painted(segments: Sequence[tuple[str, tuple[Point, ...]]], matrix: Matrix, paint: _Paint) -> Path | None:
    a, b, c, d, e, f = matrix
    width = round(paint.width * math.sqrt(abs(a * d - b * c)), 3)
    fill = _fill(segments, matrix, paint)
    stroke = (Colour(*paint.stroke, round(paint.alpha * paint.stroke_alpha, 3))
              if paint.stroke and width > 0 else None)
    moved = tuple(Segment(op, tuple(round(value, 3) for x, y in points
                                    for value in (a * x + c * y + e, b * x + d * y + f)))
                  for op, points in segments)
    if not moved or (fill is None and stroke is None):
        return None
    return Path(segments=moved, fill=fill, stroke=stroke, stroke_width_mm=width if stroke else 0.0,
                even_odd=paint.even_odd)


def _polygon(points: list[Point], *, closed: bool) -> list[tuple[str, tuple[Point, ...]]]:
    segments: list[tuple[str, tuple[Point, ...]]] = [("M", (points[0],))]
    segments += [("L", (point,)) for point in points[1:]]
    return [*segments, ("Z", ())] if closed else segments


def _ellipse(cx: float, cy: float, rx: float, ry: float) -> list[tuple[str, tuple[Point, ...]]]:
    k = 0.5522847498307936
    arcs = [((1, k), (k, 1), (0, 1)), ((-k, 1), (-1, k), (-1, 0)), ((-1, -k), (-k, -1), (0, -1)),
            ((k, -1), (1, -k), (1, 0))]
    segments: list[tuple[str, tuple[Point, ...]]] = [("M", ((cx + rx, cy),))]
    segments += [("C", tuple((cx + rx * x, cy + ry * y) for x, y in arc)) for arc in arcs]
    return [*segments, ("Z", ())]


def _step(kind: str, values: list[float]) -> Matrix | None:
    """One transform as a matrix, None where the count of values is wrong."""
    match kind, values:
        case "matrix", [a, b, c, d, e, f]:
            return a, b, c, d, e, f
        case "translate", [x]:
            return 1, 0, 0, 1, x, 0
        case "translate", [x, y]:
            return 1, 0, 0, 1, x, y
        case "scale", [x]:
            return x, 0, 0, x, 0, 0
        case "scale", [x, y]:
            return x, 0, 0, y, 0, 0
        case "rotate", [angle]:
            cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
            return cos, sin, -sin, cos, 0, 0
        case "rotate", [angle, x, y]:
            turn = _step("rotate", [angle])
            return _times(_times((1, 0, 0, 1, x, y), turn), (1, 0, 0, 1, -x, -y)) if turn else None
    return None


def _times(left: Matrix, right: Matrix) -> Matrix:
    a, b, c, d, e, f = left
    g, h, i, j, k, m = right
    return (a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j, a * k + c * m + e, b * k + d * m + f)

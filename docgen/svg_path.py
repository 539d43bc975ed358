"""The path data of SVG (``d``) as moves, lines and cubic curves with absolute points.

Source: SVG 1.1 (W3C), 8.3 path data and appendix F.6 elliptical arcs.
"""

from __future__ import annotations

import math
import re

from docgen import markup
from docgen.shown import shown

__all__ = ["Point", "outline"]

Point = tuple[float, float]
_Piece = tuple[str, tuple[Point, ...]]

_TOKEN = re.compile(r"[\s,]*(?:([MmLlHhVvCcSsQqTtAaZz])|([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))")
_COUNTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}
_LEAST_RADIUS = 1e-6        # of an arc; shorter ones are no radii that anyone drew
_SAME_POINT = 1e-9


def outline(data: str) -> list[_Piece]:
    """Read path data: ``M``, ``L``, ``C`` and ``Z`` with absolute points.

    Raises:
        ValueError: two arguments, the Chinese and the English sentence that say what was expected.
    """
    pen = _Pen()
    for command, values in _commands(data):
        pen.draw(command, values)
    return pen.pieces


def _commands(data: str) -> list[tuple[str, list[float]]]:
    found: list[tuple[str, list[float]]] = []
    at, end = 0, len(data.rstrip(" \t\r\n,"))
    while at < end:
        match = _TOKEN.match(data, at)
        if match is None:
            raise ValueError(f"路径数据第 {at + 1} 个字符处应为命令或数字，实为 {data[at:at + 8]!r}",
                             f"expected a command or a number at character {at + 1} of the path data, "
                             f"found {data[at:at + 8]!r}")
        at = match.end()
        if match[1]:
            found.append((match[1], []))
        elif not found:
            raise ValueError("路径数据应以 M 或 m 开始", "expected path data to begin with M or m")
        else:
            found[-1][1].append(_number(match[2]))
    if found and found[0][0] not in "Mm":
        raise ValueError("路径数据应以 M 或 m 开始", "expected path data to begin with M or m")
    out: list[tuple[str, list[float]]] = []
    for command, values in found:
        count = _COUNTS[command.upper()]
        if (not values if count else values) or (count and len(values) % count):
            raise ValueError(f"路径命令 {command} 后应有 {count} 个数字或其倍数，实为 {len(values)} 个",
                             f"expected {count} numbers (or a multiple) after {command}, found {len(values)}")
        if not count:
            out.append((command, []))
        for start in range(0, len(values), count or 1):
            name = {"M": "L", "m": "l"}.get(command, command) if start else command
            out.append((name, values[start:start + count]))
    return out


def _number(text: str) -> float:
    value = float(text) if len(text) <= markup.LONGEST_NUMBER else math.inf
    if not abs(value) <= markup.LARGEST_NUMBER:
        raise ValueError(f"路径数据中应为{markup.NUMBER_ZH}，实为 {shown(text)!r}",
                         f"expected {markup.NUMBER_EN} in the path data, found {shown(text)!r}")
    return value


class _Pen:
    """Where the path stands, and what was drawn so far."""

    def __init__(self) -> None:
        self.pieces: list[_Piece] = []
        self.at: Point = (0.0, 0.0)
        self.first: Point = (0.0, 0.0)
        self.handle: tuple[str, Point] = ("", (0.0, 0.0))   # last control point, for S and T

    def draw(self, command: str, values: list[float]) -> None:
        """Draw one command."""
        name = command.upper()
        x, y = self.at if command != name else (0.0, 0.0)
        if name == "H":
            points: list[Point] = [(x + values[0], self.at[1])]
        elif name == "V":
            points = [(self.at[0], y + values[0])]
        elif name == "A":
            points = [(x + values[5], y + values[6])]
        else:
            points = [(x + values[i], y + values[i + 1]) for i in range(0, len(values), 2)]
        handle: tuple[str, Point] = ("", (0.0, 0.0))
        if name == "Z":
            self.pieces.append(("Z", ()))
            self.at = self.first
        elif name == "M":
            self.first = points[0]
            self.add("M", points)
        elif name in "LHV":
            self.add("L", points)
        elif name in "CS":
            if name == "S":
                points.insert(0, self.mirrored("C"))
            handle = ("C", points[1])
            self.add("C", points)
        elif name in "QT":
            control = self.mirrored("Q") if name == "T" else points[0]
            handle = ("Q", control)
            self.add("C", [_toward(self.at, control), _toward(points[-1], control), points[-1]])
        else:
            for curve in _arc(self.at, values, points[0]):
                self.add("C", curve)
        self.handle = handle

    def add(self, name: str, points: list[Point]) -> None:
        self.pieces.append((name, tuple(points)))
        self.at = points[-1]

    def mirrored(self, kind: str) -> Point:
        if self.handle[0] != kind:
            return self.at
        return 2 * self.at[0] - self.handle[1][0], 2 * self.at[1] - self.handle[1][1]


def _toward(point: Point, control: Point) -> Point:
    return point[0] + (control[0] - point[0]) * 2 / 3, point[1] + (control[1] - point[1]) * 2 / 3


def _arc(start: Point, values: list[float], end: Point) -> list[list[Point]]:
    """An elliptical arc as cubic curves of at most a quarter turn each (F.6.5).

    Raises:
        ValueError: as ``outline``: a radius that is hardly more than nothing.
    """
    rx, ry, tilt = abs(values[0]), abs(values[1]), math.radians(values[2])
    if math.dist(start, end) < _SAME_POINT:
        return []
    if not rx or not ry:
        return [[start, end, end]]
    if min(rx, ry) < _LEAST_RADIUS:
        raise ValueError(f"弧（A、a）的半径应为 0 或不小于 {_LEAST_RADIUS:f}，实为 {min(rx, ry):g}；请改为直线（L）",
                         f"expected a radius of an arc (A, a) to be 0 or at least {_LEAST_RADIUS:f}, found "
                         f"{min(rx, ry):g}; draw a line (L) instead")
    cos, sin = math.cos(tilt), math.sin(tilt)
    dx, dy = (start[0] - end[0]) / 2, (start[1] - end[1]) / 2
    x, y = cos * dx + sin * dy, cos * dy - sin * dx
    grow = math.sqrt(max(1.0, (x / rx) ** 2 + (y / ry) ** 2))
    rx, ry = rx * grow, ry * grow
    root = (rx * ry) ** 2 / ((rx * y) ** 2 + (ry * x) ** 2) - 1
    factor = math.sqrt(max(0.0, root)) * (1 if bool(values[3]) != bool(values[4]) else -1)
    cx, cy = factor * rx * y / ry, -factor * ry * x / rx
    first = math.atan2((y - cy) / ry, (x - cx) / rx)
    turn = math.atan2((-y - cy) / ry, (-x - cx) / rx) - first
    if values[4]:
        turn += 2 * math.pi if turn < 0 else 0
    else:
        turn -= 2 * math.pi if turn > 0 else 0
    parts = max(1, math.ceil(abs(turn) / (math.pi / 2) - 1e-9))
    step = turn / parts
    reach = 4 / 3 * math.tan(step / 4)
    centre = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2

    def moved(px: float, py: float) -> Point:
        px, py = cx + rx * px, cy + ry * py
        return centre[0] + cos * px - sin * py, centre[1] + sin * px + cos * py

    curves = []
    for part in range(parts):
        a, b = first + part * step, first + (part + 1) * step
        curves.append([moved(math.cos(a) - reach * math.sin(a), math.sin(a) + reach * math.cos(a)),
                       moved(math.cos(b) + reach * math.sin(b), math.sin(b) - reach * math.cos(b)),
                       moved(math.cos(b), math.sin(b))])
    curves[-1][-1] = end
    return curves

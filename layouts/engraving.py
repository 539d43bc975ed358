"""The engraver that all kinds share: lines and curves fitted with cubics, waves, rosettes, SVG.

Everything is drawn from formulas, nothing is traced and no protected emblem is imitated: guilloche bands and
rosettes are families of curves along a line or a circle, shifted in phase and fitted with cubic pieces. The
artwork travels in every package, so periods and shifts are chosen such that the same coordinates come back from
strand to strand: that is what makes it small when deflated. What is a kind's own (colours, figures, ornament)
stands in the kind's folder, ``art/engrave.py``, which writes the SVG files beside itself; what the licences on A4
share is in :mod:`layouts.certificate`. Lengths are mm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

Point = tuple[float, float]
Curve = Callable[[float], tuple[Point, Point]]      # parameter → point, derivative


def number(value: float) -> str:
    """A coordinate in hundredths of a millimetre, written as short as it goes."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def point(at: Point) -> str:
    """A place as SVG writes it."""
    return f"{number(at[0])} {number(at[1])}"


def fitted(curve: Curve, stops: Sequence[float]) -> str:
    """A curve as cubic pieces between stops, exact in place and direction at each."""
    (at, slope), out = curve(stops[0]), []
    out.append(f"M{point(at)}")
    for before, after in pairwise(stops):
        third = (after - before) / 3
        end, end_slope = curve(after)
        first = at[0] + slope[0] * third, at[1] + slope[1] * third
        second = end[0] - end_slope[0] * third, end[1] - end_slope[1] * third
        out.append(f"C{point(first)} {point(second)} {point(end)}")
        at, slope = end, end_slope
    return "".join(out)


def sampled(curve: Curve, start: float, end: float, pieces: int) -> str:
    """A curve as so many equal cubic pieces."""
    return fitted(curve, [start + (end - start) * step / pieces for step in range(pieces + 1)])


def polyline(points: Sequence[Point], *, closed: bool = False) -> str:
    """Straight lines through points."""
    return f"M{point(points[0])}" + "".join(f"L{point(at)}" for at in points[1:]) + ("Z" if closed else "")


def circle(centre: Point, radius: float) -> str:
    """A whole circle in four cubics."""
    k = 0.5523 * radius
    x, y = centre
    return (f"M{point((x + radius, y))}C{point((x + radius, y + k))} {point((x + k, y + radius))} "
            f"{point((x, y + radius))}C{point((x - k, y + radius))} {point((x - radius, y + k))} "
            f"{point((x - radius, y))}C{point((x - radius, y - k))} {point((x - k, y - radius))} "
            f"{point((x, y - radius))}C{point((x + k, y - radius))} {point((x + radius, y - k))} "
            f"{point((x + radius, y))}Z")


def dots(places: Iterable[Point], radius: float) -> str:
    """Small discs, to be filled."""
    return "".join(circle(at, radius) for at in places)


def arc(centre: Point, radius: float, start: float, end: float) -> str:
    """Part of a circle, angles in radians clockwise from the right, in pieces of at most a right angle."""
    def curve(t: float) -> tuple[Point, Point]:
        cos, sin = math.cos(t), math.sin(t)
        return (centre[0] + radius * cos, centre[1] + radius * sin), (-radius * sin, radius * cos)

    return sampled(curve, start, end, max(math.ceil((end - start) / (math.pi / 2) - 1e-9), 1))


def turned(centre: Point, radius: float, sixths: float) -> Point:
    """A point on a circle, ``sixths`` of a turn clockwise from the top."""
    angle = math.pi * sixths / 3
    return centre[0] + radius * math.sin(angle), centre[1] - radius * math.cos(angle)


def hexagon(centre: Point, radius: float) -> str:
    """A six-ring, a corner up."""
    corners = [turned(centre, radius, step) for step in range(6)]
    return f"M{point(corners[0])}" + "".join(f"L{point(corner)}" for corner in corners[1:]) + "Z"


def star(centre: Point, outer: float, inner: float, points: int, turn: float = 0.0) -> str:
    """A star polygon, its first point up."""
    corners = []
    for step in range(2 * points):
        angle, far = math.pi * step / points + turn, inner if step % 2 else outer
        corners.append((centre[0] + far * math.sin(angle), centre[1] - far * math.cos(angle)))
    return polyline(corners, closed=True)


def wave(start: float, end: float, centre: float, swing: float, period: float, phase: float,
         *, upright: bool = False, swell: Callable[[float], float] = lambda _: 1.0) -> str:
    """A sine wave along x (or y when upright) from start to end; ``swell`` changes its height on the way."""
    turn = 2 * math.pi / period

    def curve(t: float) -> tuple[Point, Point]:
        grow = (swell(t + 0.01) - swell(t - 0.01)) / 0.02
        sine, cosine = math.sin(turn * t + phase), math.cos(turn * t + phase)
        offset = centre + swing * swell(t) * sine
        slope = swing * (swell(t) * turn * cosine + grow * sine)
        return ((offset, t), (slope, 1.0)) if upright else ((t, offset), (1.0, slope))

    first = math.ceil((turn * start + phase) / math.pi - 0.5)
    stops = [start]
    at = ((first + 0.5) * math.pi - phase) / turn
    while at < end - period / 20:
        if at > start + period / 20:
            stops.append(at)
        at += period / 2
    return fitted(curve, [*stops, end])


def strand(start: float, halves: int, half: float, centre: float, swing: float, *, upright: bool = False,
           ) -> str:
    """A wave from extreme to extreme, ``halves`` half periods from ``start``, swinging up first."""
    third = half / 3

    def place(along: float, across: float) -> str:
        return point((across, along) if upright else (along, across))

    out = [f"M{place(start, centre + swing)}"]
    for step in range(halves):
        x, before, after = start + step * half, centre + swing, centre - swing
        out.append(f"C{place(x + third, before)} {place(x + 2 * third, after)} {place(x + half, after)}")
        swing = -swing
    return "".join(out)


def coil(start: float, turns: int, period: float, centre: float, swing: float, lean: float,
         *, upright: bool = False, eyes: bool = False) -> str:
    """A looping curve along x (or y when upright): it runs ahead and back by ``lean`` while it swings.

    With ``eyes`` it runs back twice a turn, at the middle, so that a chain of eyes appears.
    """
    pace = period / (2 * math.pi)

    def curve(t: float) -> tuple[Point, Point]:
        twice = 2 if eyes else 1
        along, run = start + pace * t + lean * math.sin(twice * t), pace + lean * twice * math.cos(twice * t)
        across, slope = ((centre + swing * math.sin(t), swing * math.cos(t)) if eyes
                         else (centre + swing * math.cos(t), -swing * math.sin(t)))
        return ((across, along), (slope, run)) if upright else ((along, across), (run, slope))

    return sampled(curve, 0.0, 2 * math.pi * turns, turns * (8 if eyes else 4))


def ring(centre: Point, radius: float, swing: float, lobes: int, phase: float) -> str:
    """A closed wave round a circle."""
    def curve(t: float) -> tuple[Point, Point]:
        reach = radius + swing * math.sin(lobes * t + phase)
        grow = swing * lobes * math.cos(lobes * t + phase)
        cos, sin = math.cos(t), math.sin(t)
        return ((centre[0] + reach * cos, centre[1] + reach * sin),
                (grow * cos - reach * sin, grow * sin + reach * cos))

    offset = (math.pi / 2 - phase) / lobes
    return fitted(curve, [offset + step * math.pi / lobes for step in range(2 * lobes + 1)])


def rings(centre: Point, radius: float, swing: float, lobes: int, count: int) -> str:
    """A woven ring: ``count`` waves shifted against each other."""
    return "".join(ring(centre, radius, swing, lobes, 2 * math.pi * index / count) for index in range(count))


def rose(centre: Point, radius: float, arm: float, lobes: int, turn: float = 0.0, *, inward: bool = False) -> str:
    """A looping rosette, as a wheel rolling round a circle draws it: ``lobes`` loops of length ``arm``."""
    fast = 1 - lobes if inward else lobes + 1

    def curve(t: float) -> tuple[Point, Point]:
        place = (centre[0] + radius * math.cos(t + turn) + arm * math.cos(fast * t + turn),
                 centre[1] + radius * math.sin(t + turn) + arm * math.sin(fast * t + turn))
        return place, (-radius * math.sin(t + turn) - arm * fast * math.sin(fast * t + turn),
                       radius * math.cos(t + turn) + arm * fast * math.cos(fast * t + turn))

    return sampled(curve, 0.0, 2 * math.pi, 6 * lobes) + "Z"


def polar(centre: Point, reach: Callable[[float], float], pieces: int, turn: float = 0.0) -> str:
    """A closed curve round a centre whose distance from it is ``reach`` of the angle."""
    step = 1e-4

    def curve(t: float) -> tuple[Point, Point]:
        far, grow = reach(t), (reach(t + step) - reach(t - step)) / (2 * step)
        cos, sin = math.cos(t + turn), math.sin(t + turn)
        return ((centre[0] + far * cos, centre[1] + far * sin),
                (grow * cos - far * sin, grow * sin + far * cos))

    return sampled(curve, 0.0, 2 * math.pi, pieces) + "Z"


def stroke(data: str, colour: str, width: float) -> str:
    """A path that is drawn as a line."""
    return f'<path d="{data}" fill="none" stroke="{colour}" stroke-width="{width:g}"/>'


def filled(data: str, colour: str) -> str:
    """A path that is filled."""
    return f'<path d="{data}" fill="{colour}"/>'


def svg(width: float, height: float, title: str, parts: Iterable[str]) -> str:
    """A whole drawing."""
    body = "\n".join(parts)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}mm" height="{height:g}mm" '
            f'viewBox="0 0 {width:g} {height:g}">\n<title>{title}</title>\n{body}\n</svg>\n')


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write the SVG files of a kind."""
    for name, text in files.items():
        (folder / f"{name}.svg").write_text(text, encoding="utf-8", newline="\n")

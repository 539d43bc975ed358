"""The engraver that all kinds share: curves fitted with cubics, bands, rosettes, grounds, microtext, SVG.

Everything is drawn from formulas, nothing is traced and no protected emblem is imitated: guilloche bands and
rosettes are families of curves along a line or a circle, shifted in phase and fitted with cubic pieces. The
artwork travels in every package, so periods and shifts are chosen such that the same coordinates come back from
strand to strand: that is what makes it small when deflated. What is a kind's own (colours, figures, ornament)
stands in the kind's folder, ``art/engrave.py``, which writes the SVG files beside itself. Lengths are mm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

WIDTH, HEIGHT = 297.0, 210.0
"""A4 landscape, the page of every licence here."""
EDGE = 20.6
"""From the page's edge to the inner line of the border; a ground stays inside it."""

Point = tuple[float, float]
Curve = Callable[[float], tuple[Point, Point]]      # parameter → point, derivative


@dataclass(frozen=True, slots=True, kw_only=True)
class Inks:
    """The colours of a kind: two for lines and two metals; three pale ones for what lies under the text."""

    deep: str
    soft: str
    gold: str
    ochre: str
    tint: str
    second: str
    core: str


# One-stroke capitals on a grid 4 wide and 6 high, y down; strokes separated by spaces.
LETTERS = {
    "A": "06,20,46 13,33", "B": "00,06,46,43,03 00,30,33", "C": "40,00,06,46", "D": "00,06,36,45,41,30,00",
    "E": "40,00,06,46 03,33", "F": "40,00,06 03,33", "G": "40,00,06,46,43,23", "H": "00,06 40,46 03,43",
    "I": "20,26", "J": "40,46,06,04", "K": "00,06 40,03,46", "L": "00,06,46", "M": "06,00,23,40,46",
    "N": "06,00,46,40", "O": "00,06,46,40,00", "P": "06,00,40,43,03", "Q": "00,06,46,40,00 24,46",
    "S": "40,00,03,43,46,06", "T": "00,40 20,26", "U": "00,06,46,40", "W": "00,16,23,36,40", "X": "00,46 40,06",
    "Y": "00,23,40 23,26", "Z": "00,40,06,46",
}


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


def frame(inset: float) -> str:
    """A rectangle at an equal distance from the page's edges."""
    return (f"M{number(inset)} {number(inset)}L{number(WIDTH - inset)} {number(inset)}"
            f"L{number(WIDTH - inset)} {number(HEIGHT - inset)}L{number(inset)} {number(HEIGHT - inset)}Z")


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


def band(middle: float, starts: Point, halves: tuple[int, int], half: float, swing: float,
         shifts: int) -> str:
    """Waves along all four sides, ``middle`` from the edge, shifted against each other ``shifts`` times."""
    out = []
    for index in range(shifts):
        turns, shift = divmod(index * 2 * half / shifts, half)
        side = -swing if turns else swing
        out += [strand(starts[0] + shift - half, halves[0] + 1, half, centre, side)
                for centre in (middle, HEIGHT - middle)]
        out += [strand(starts[1] + shift - half, halves[1] + 1, half, centre, side, upright=True)
                for centre in (middle, WIDTH - middle)]
    return "".join(out)


def circle(centre: Point, radius: float) -> str:
    """A whole circle in four cubics."""
    k = 0.5523 * radius
    x, y = centre
    return (f"M{point((x + radius, y))}C{point((x + radius, y + k))} {point((x + k, y + radius))} "
            f"{point((x, y + radius))}C{point((x - k, y + radius))} {point((x - radius, y + k))} "
            f"{point((x - radius, y))}C{point((x - radius, y - k))} {point((x - k, y - radius))} "
            f"{point((x, y - radius))}C{point((x + k, y - radius))} {point((x + radius, y - k))} "
            f"{point((x + radius, y))}Z")


def turned(centre: Point, radius: float, sixths: float) -> Point:
    """A point on a circle, ``sixths`` of a turn clockwise from the top."""
    angle = math.pi * sixths / 3
    return centre[0] + radius * math.sin(angle), centre[1] - radius * math.cos(angle)


def hexagon(centre: Point, radius: float) -> str:
    """A six-ring, a corner up."""
    corners = [turned(centre, radius, step) for step in range(6)]
    return f"M{point(corners[0])}" + "".join(f"L{point(corner)}" for corner in corners[1:]) + "Z"


def microtext(x: float, y: float, height: float, text: str) -> str:
    """A line of tiny one-stroke capitals from x; y is the top."""
    unit = height / 6
    out = []
    for index, letter in enumerate(text):
        left = x + index * 5.6 * unit
        for stroke in LETTERS[letter].split():
            at = [(left + int(xy[0]) * unit, y + int(xy[1]) * unit) for xy in stroke.split(",")]
            out.append(f"M{point(at[0])}" + "".join(f"L{point(to)}" for to in at[1:]))
    return "".join(out)


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


def sampled(curve: Curve, start: float, end: float, pieces: int) -> str:
    """A curve as so many equal cubic pieces."""
    return fitted(curve, [start + (end - start) * step / pieces for step in range(pieces + 1)])


def polyline(points: Sequence[Point], *, closed: bool = False) -> str:
    """Straight lines through points."""
    return f"M{point(points[0])}" + "".join(f"L{point(at)}" for at in points[1:]) + ("Z" if closed else "")


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


def sides(draw: Callable[[float, float, float, bool, int], str], middle: float, start: float) -> str:
    """What ``draw`` gives for each side: (from, to, middle line, upright?, which way is outward)."""
    return "".join((
        draw(start, WIDTH - start, middle, False, -1), draw(start, WIDTH - start, HEIGHT - middle, False, 1),
        draw(start, HEIGHT - start, middle, True, -1), draw(start, HEIGHT - start, WIDTH - middle, True, 1),
    ))


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


def star(centre: Point, outer: float, inner: float, points: int, turn: float = 0.0) -> str:
    """A star polygon, its first point up."""
    corners = []
    for step in range(2 * points):
        angle, far = math.pi * step / points + turn, inner if step % 2 else outer
        corners.append((centre[0] + far * math.sin(angle), centre[1] - far * math.cos(angle)))
    return polyline(corners, closed=True)


def arc(centre: Point, radius: float, start: float, end: float) -> str:
    """Part of a circle, angles in radians clockwise from the right, in pieces of at most a right angle."""
    def curve(t: float) -> tuple[Point, Point]:
        cos, sin = math.cos(t), math.sin(t)
        return (centre[0] + radius * cos, centre[1] + radius * sin), (-radius * sin, radius * cos)

    return sampled(curve, start, end, max(math.ceil((end - start) / (math.pi / 2) - 1e-9), 1))


def arcs_inside(centre: Point, radius: float, edge: float = EDGE) -> str:
    """A circle as far as it lies inside the border."""
    cuts = {0.0, 2 * math.pi}
    for axis, limit in ((0, edge), (0, WIDTH - edge), (1, edge), (1, HEIGHT - edge)):
        share = (limit - centre[axis]) / radius
        if abs(share) < 1:
            angles = (math.acos(share), -math.acos(share)) if axis == 0 else (
                math.asin(share), math.pi - math.asin(share))
            cuts.update(angle % (2 * math.pi) for angle in angles)
    out = []
    for start, end in pairwise(sorted(cuts)):
        x, y = (centre[0] + radius * math.cos((start + end) / 2), centre[1] + radius * math.sin((start + end) / 2))
        if edge <= x <= WIDTH - edge and edge <= y <= HEIGHT - edge and end - start > 1e-6:
            out.append(arc(centre, radius, start, end))
    return "".join(out)


def dots(places: Iterable[Point], radius: float) -> str:
    """Small discs, to be filled."""
    return "".join(circle(at, radius) for at in places)


def border(inks: Inks, bands: Iterable[str], corner: Callable[[Point], list[str]], text: str) -> list[str]:
    """An engraved border: rules, woven bands between them, a gold line with microtext, a figure on each corner."""
    parts = [
        stroke(frame(8.2), inks.deep, 0.9), stroke(frame(9.2) + frame(18.9), inks.deep, 0.16),
        *bands,
        stroke(frame(19.7), inks.deep, 0.5),
        stroke(f"M{number(EDGE)} {number(HEIGHT - EDGE)}L{number(EDGE)} {number(EDGE)}"
               f"L{number(WIDTH - EDGE)} {number(EDGE)}"
               f"L{number(WIDTH - EDGE)} {number(HEIGHT - EDGE)}", inks.gold, 0.22),
        *microtext_edge(inks, HEIGHT - EDGE, 55, text),
    ]
    for x in (15.2, WIDTH - 15.2):
        for y in (15.2, HEIGHT - 15.2):
            parts += corner((x, y))
    return parts


def seat(inks: Inks, outline: Callable[[float], str], figures: Iterable[str], mark: Iterable[str]) -> list[str]:
    """A corner piece: figures on a white ground that hides where the bands end, a mark in the middle."""
    return [
        filled(outline(10.3), "#ffffff"), stroke(outline(10.3), inks.deep, 0.4), *figures,
        stroke(outline(9.8), inks.gold, 0.16), *mark,
    ]


def disc(inks: Inks, at: Point, radius: float, mark: Iterable[str]) -> list[str]:
    """A white disc with a rim for a mark."""
    return [filled(circle(at, radius), "#ffffff"), stroke(circle(at, radius), inks.deep, 0.2), *mark]


def microtext_edge(inks: Inks, y: float, half_length: float, words: str) -> list[str]:
    """The inner gold line at the foot, whose middle is a line of microtext."""
    height = 0.6
    span = 5.6 * height / 6 * len(words)
    count = 2 * int(half_length / span)
    left = WIDTH / 2 - count * span / 2
    text = "".join(microtext(left + index * span, y - height / 2, height, words)
                   for index in range(count))
    ends = (f"M20.6 {number(y)}L{number(left - 1.2)} {number(y)}"
            f"M{number(left + count * span + 0.9)} {number(y)}L{number(WIDTH - 20.6)} {number(y)}")
    return [stroke(text, inks.ochre, 0.08), stroke(ends, inks.gold, 0.22)]


def rule(inks: Inks, width: float) -> list[str]:
    """A swelling rule under the title, with a lozenge in its middle; 2 mm high."""
    middle = width / 2
    taper = (f"M0 1L{number(middle - 4)} 0.84L{number(middle - 4)} 1.16Z"
             f"M{number(width)} 1L{number(middle + 4)} 0.84L{number(middle + 4)} 1.16Z")
    lozenge = f"M{number(middle - 2.6)} 1L{number(middle)} 0.2L{number(middle + 2.6)} 1L{number(middle)} 1.8Z"
    return [filled(taper + lozenge, inks.gold)]


def divider(inks: Inks, length: float) -> list[str]:
    """The fold of a 副本: a slender woven column, 6 mm wide."""
    def swell(y: float) -> float:
        return max(0.0, math.sin(math.pi * y / length)) ** 0.5 if 0 < y < length else 0.0

    strands = "".join(wave(0.5, length - 0.5, 3.0, 1.9, length / 13, phase, upright=True, swell=swell)
                      for phase in (0, math.pi / 2, math.pi, 3 * math.pi / 2))
    return [stroke(strands, inks.soft, 0.17), stroke(f"M3 0L3 {number(length)}", inks.gold, 0.16)]


def wings(draw: Callable[[float, Callable[[float], float]], str], count: int) -> str:
    """Waves across the 40 mm of a vignette, swelling towards its middle; ``draw`` gets phase and swelling."""
    def swell(x: float) -> float:
        return max(0.0, math.sin(math.pi * (x - 1) / 38))

    return "".join(draw(2 * math.pi * index / count, swell) for index in range(count))


def certificate(inks: Inks, *, border: Iterable[str], ground: Iterable[str], ornament: Iterable[str]) -> dict[str, str]:
    """The files of the artwork of 正本 and 副本 by name: border, ground, vignette, rule and divider."""
    return {
        "border": svg(WIDTH, HEIGHT, "正本、副本：花边", border),
        "ground": svg(WIDTH, HEIGHT, "正本、副本：底纹", ground),
        "ornament": svg(40, 20, "官方图样位置的装饰", ornament),
        "rule": svg(130, 2, "正本：题下线", rule(inks, 130)),
        "divider": svg(6, 124, "副本：中缝", divider(inks, 124)),
    }


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write the SVG files of a kind."""
    for name, text in files.items():
        (folder / f"{name}.svg").write_text(text, encoding="utf-8", newline="\n")

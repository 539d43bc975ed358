"""Engraves the artwork of K0: ``python layouts/K0/art/engrave.py`` writes the SVG files beside itself.

Everything is drawn from formulas, nothing is traced and no protected emblem is imitated: guilloche bands and
rosettes are families of sine curves along a line or a circle, shifted in phase and fitted with cubic curves
between their extremes. The artwork travels in every package, so periods and shifts are chosen such that
the same coordinates come back from strand to strand: that is what makes it small when deflated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path

WIDTH, HEIGHT = 297.0, 210.0
PINE, MIST, GOLD, OCHRE = "#1f5b52", "#6f9f95", "#b3924f", "#8f7136"
JADE_TINT, GOLD_TINT, CORE_TINT = "#dfece7", "#f3ead8", "#efe3c8"
MICROTEXT = "WEIXIANHUAXUEPINJINGYINGXUKEZHENG"

Point = tuple[float, float]
Curve = Callable[[float], tuple[Point, Point]]      # parameter → point, derivative

# One-stroke capitals on a grid 4 wide and 6 high, y down; strokes separated by spaces.
LETTERS = {
    "A": "06,20,46 13,33", "E": "40,00,06,46 03,33", "G": "40,00,06,46,43,23", "H": "00,06 40,46 03,43",
    "I": "20,26", "J": "40,46,06,04", "K": "00,06 40,03,46", "N": "06,00,46,40", "P": "06,00,40,43,03",
    "U": "00,06,46,40", "W": "00,16,23,36,40", "X": "00,46 40,06", "Y": "00,23,40 23,26", "Z": "00,40,06,46",
}


def number(value: float) -> str:
    """A coordinate in hundredths of a millimetre, written as short as it goes."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def point(at: Point) -> str:
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
    corners = [turned(centre, radius, step) for step in range(6)]
    return f"M{point(corners[0])}" + "".join(f"L{point(corner)}" for corner in corners[1:]) + "Z"


def benzene(centre: Point, radius: float) -> str:
    """A six-ring with its three double bonds: the mark of the trade, and nobody's emblem."""
    out = hexagon(centre, radius)
    inner = radius * 0.74
    for step in (0, 2, 4):
        ends = [turned(centre, inner, step + side) for side in (0.1, 0.9)]
        out += f"M{point(ends[0])}L{point(ends[1])}"
    return out


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
    return f'<path d="{data}" fill="none" stroke="{colour}" stroke-width="{width:g}"/>'


def filled(data: str, colour: str) -> str:
    return f'<path d="{data}" fill="{colour}"/>'


def svg(width: float, height: float, title: str, parts: Iterable[str]) -> str:
    body = "\n".join(parts)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}mm" height="{height:g}mm" '
            f'viewBox="0 0 {width:g} {height:g}">\n<title>{title}</title>\n{body}\n</svg>\n')


def border() -> list[str]:
    """The engraved border: rules, a woven band, a gold braid inside it, a rosette on each corner."""
    parts = [
        stroke(frame(8.2), PINE, 0.9), stroke(frame(9.2) + frame(18.9), PINE, 0.16),
        stroke(band(14.1, (24.3, 24), (46, 30), 5.4, 3.6, 6), MIST, 0.17),
        stroke(band(14.1, (24.3, 24), (92, 60), 2.7, 1.35, 2), OCHRE, 0.26),
        stroke(frame(19.7), PINE, 0.5),
        stroke(f"M20.6 {number(HEIGHT - 20.6)}L20.6 20.6L{number(WIDTH - 20.6)} 20.6"
               f"L{number(WIDTH - 20.6)} {number(HEIGHT - 20.6)}", GOLD, 0.22),
        *microtext_edge(HEIGHT - 20.6, 55),
    ]
    for x in (15.2, WIDTH - 15.2):
        for y in (15.2, HEIGHT - 15.2):
            parts += corner((x, y))
    return parts


def corner(at: Point) -> list[str]:
    """A rosette on a white disc that hides where the bands end."""
    return [
        filled(circle(at, 10.3), "#ffffff"), stroke(circle(at, 10.3), PINE, 0.4),
        stroke(rings(at, 7.4, 2.3, 12, 4), MIST, 0.17), stroke(rings(at, 4.2, 1.7, 8, 4), OCHRE, 0.2),
        stroke(circle(at, 9.9), GOLD, 0.16), filled(circle(at, 2.3), "#ffffff"),
        stroke(circle(at, 2.3), PINE, 0.2), stroke(benzene(at, 1.5), PINE, 0.24),
    ]


def plain_border() -> list[str]:
    """The border of the 附页: the same family, drawn lighter."""
    parts = [
        stroke(frame(9.2), PINE, 0.7), stroke(frame(10.2) + frame(17.9), PINE, 0.16),
        stroke(band(14.1, (18.9, 18.6), (48, 32), 5.4, 3.0, 4), MIST, 0.17), stroke(frame(18.7), PINE, 0.4),
    ]
    for x in (14.5, WIDTH - 14.5):
        for y in (14.5, HEIGHT - 14.5):
            at = (x, y)
            parts += [filled(circle(at, 6.8), "#ffffff"), stroke(circle(at, 6.8), PINE, 0.35),
                      stroke(rings(at, 4.1, 2.2, 10, 3), OCHRE, 0.18), stroke(benzene(at, 1.4), PINE, 0.24)]
    return parts


def ground(left: float, right: float, top: float, bottom: float, rows: int) -> list[str]:
    """A sea of pale waves from edge to edge, jade and in the middle gold, drifting from row to row."""
    tints: dict[str, list[str]] = {JADE_TINT: [], GOLD_TINT: []}
    pitch, half = (bottom - top) / rows, 14.4
    turn = math.pi / half
    for row in range(rows):
        y = round(top + (row + 0.5) * pitch, 1)
        tint = GOLD_TINT if rows * 0.36 <= row < rows * 0.64 else JADE_TINT
        swing = round(pitch * (0.45 if row in (0, rows - 1) else (0.52, 0.7, 0.88, 0.7)[row % 4]), 1)
        for side in (0, math.pi):
            phase = side - turn * (left + (row % 6) * half / 3)
            tints[tint].append(wave(left, right, y, swing, 2 * half, phase))
    return [stroke("".join(data), tint, 0.16) for tint, data in tints.items()]


def medallion(at: Point, size: float) -> list[str]:
    """A large pale rosette behind the text."""
    return [
        stroke(rings(at, 0.78 * size, 0.22 * size, 24, 4), CORE_TINT, 0.18),
        stroke(rings(at, 0.42 * size, 0.2 * size, 12, 4), JADE_TINT, 0.2),
        stroke(rings(at, 0.17 * size, 0.09 * size, 6, 4), CORE_TINT, 0.2),
    ]


def ornament() -> list[str]:
    """The vignette that stands where a department may put its official artwork: 40 by 20 mm."""
    at = (20.0, 10.0)

    def swell(x: float) -> float:
        return max(0.0, math.sin(math.pi * (x - 1) / 38))

    wings = "".join(wave(1.0, 39.0, 10.0, 2.6, 9.5, phase, swell=swell)
                    for phase in (0, math.pi / 2, math.pi, 3 * math.pi / 2))
    return [
        stroke(wings, MIST, 0.17), filled(circle(at, 9.2), "#ffffff"), stroke(circle(at, 9.2), PINE, 0.4),
        stroke(circle(at, 8.8), GOLD, 0.16), stroke(rings(at, 6.6, 2.0, 16, 4), MIST, 0.17),
        stroke(rings(at, 4.3, 1.2, 10, 4), OCHRE, 0.18), filled(circle(at, 3.0), "#ffffff"),
        stroke(circle(at, 3.0), PINE, 0.25), stroke(benzene(at, 2.0), PINE, 0.32),
    ]


def microtext_edge(y: float, half_length: float) -> list[str]:
    """The inner gold line at the foot, whose middle is a line of microtext."""
    height = 0.6
    span = 5.6 * height / 6 * len(MICROTEXT)
    count = 2 * int(half_length / span)
    left = WIDTH / 2 - count * span / 2
    text = "".join(microtext(left + index * span, y - height / 2, height, MICROTEXT)
                   for index in range(count))
    ends = (f"M20.6 {number(y)}L{number(left - 1.2)} {number(y)}"
            f"M{number(left + count * span + 0.9)} {number(y)}L{number(WIDTH - 20.6)} {number(y)}")
    return [stroke(text, OCHRE, 0.08), stroke(ends, GOLD, 0.22)]


def rule(width: float) -> list[str]:
    """A swelling rule under the title, with a lozenge in its middle; 2 mm high."""
    middle = width / 2
    taper = (f"M0 1L{number(middle - 4)} 0.84L{number(middle - 4)} 1.16Z"
             f"M{number(width)} 1L{number(middle + 4)} 0.84L{number(middle + 4)} 1.16Z")
    lozenge = f"M{number(middle - 2.6)} 1L{number(middle)} 0.2L{number(middle + 2.6)} 1L{number(middle)} 1.8Z"
    return [filled(taper + lozenge, GOLD)]


def divider(length: float) -> list[str]:
    """The fold of the 副本: a slender woven column, 6 mm wide."""
    def swell(y: float) -> float:
        return max(0.0, math.sin(math.pi * y / length)) ** 0.5 if 0 < y < length else 0.0

    strands = "".join(wave(0.5, length - 0.5, 3.0, 1.9, length / 13, phase, upright=True, swell=swell)
                      for phase in (0, math.pi / 2, math.pi, 3 * math.pi / 2))
    return [stroke(strands, MIST, 0.17), stroke(f"M3 0L3 {number(length)}", GOLD, 0.16)]


def main() -> None:
    """Write the SVG files."""
    folder = Path(__file__).parent
    edge = 20.6
    files = {
        "border": svg(WIDTH, HEIGHT, "正本、副本：花边", border()),
        "ground": svg(WIDTH, HEIGHT, "正本、副本：底纹", [
            *ground(edge, WIDTH - edge, edge, HEIGHT - edge, 20), *medallion((WIDTH / 2, 112), 56)]),
        "border-annex": svg(WIDTH, HEIGHT, "附页：花边", plain_border()),
        "ground-annex": svg(WIDTH, HEIGHT, "附页：底纹", medallion((WIDTH / 2, 112), 56)),
        "ornament": svg(40, 20, "官方图样位置的装饰", ornament()),
        "rule": svg(130, 2, "正本：题下线", rule(130)),
        "divider": svg(6, 124, "副本：中缝", divider(124)),
    }
    for name, text in files.items():
        (folder / f"{name}.svg").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

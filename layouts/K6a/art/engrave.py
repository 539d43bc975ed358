"""Engraves the artwork of K6a (violet and old gold, a lattice of six-rings): run it to write the SVG files."""

from __future__ import annotations

import math
from pathlib import Path

from layouts import certificate, engraving
from layouts.certificate import EDGE, HEIGHT, WIDTH, Inks, disc, seat, sides, wings
from layouts.engraving import Point, circle, dots, filled, hexagon, polyline, rings, rose, stroke, turned, wave

INKS = Inks(deep="#4b3579", soft="#9a88c0", gold="#ae8f4e", ochre="#836a31", tint="#e6e0f1", second="#f2ead8",
            core="#e4dcc6")
MICROTEXT = "FEIYAOPINLEIYIZHIDUHUAXUEPINSHENGCHANXUKEZHENG"


def lattice_mark(at: Point, size: float) -> list[str]:
    """Three six-rings that share sides, atoms on their corners."""
    side = 0.46 * size
    centres = [turned((at[0], at[1] + 0.05 * size), side, 2 * step + 1 + 1) for step in range(3)]
    corners = {(round(x, 3), round(y, 3)) for centre in centres for x, y in (turned(centre, side, n) for n in range(6))}
    width = 0.14 * size ** 0.6
    return [
        filled("".join(hexagon(centre, side) for centre in centres), INKS.tint),
        stroke("".join(hexagon(centre, side) for centre in centres), INKS.deep, width),
        filled(dots(sorted(corners), 0.075 * size), INKS.ochre),
    ]


def corner(at: Point) -> list[str]:
    """A sixfold rosette on a twelve-sided ground."""
    def outline(radius: float) -> str:
        return polyline([turned(at, radius * 1.03, step / 2 + 0.25) for step in range(12)], closed=True)

    return seat(INKS, outline, [
        stroke(rose(at, 5.9, 3.3, 12) + rose(at, 5.9, 3.3, 12, math.pi / 12), INKS.soft, 0.14),
        stroke(rings(at, 3.9, 0.8, 12, 3), INKS.ochre, 0.18),
    ], disc(INKS, at, 2.9, lattice_mark(at, 2.3)))


def zigzag(start: float, end: float, level: float, height: float, step: float, up: bool, upright: bool) -> str:
    """One row of a lattice of six-rings, from start to end."""
    count = round((end - start) / step)
    places = [(start + (end - start) * n / count, level + (height if (n % 2 == 0) == up else -height))
              for n in range(count + 1)]
    return polyline([(y, x) for x, y in places] if upright else places)


def border() -> list[str]:
    """A lattice of six-rings with a wave through it, gold atoms along the middle row."""
    side = 1.7
    half = side * math.sqrt(3) / 2

    def honeycomb(start: float, end: float, middle: float, upright: bool, _: int) -> str:
        count = 2 * round((end - start) / half / 2)
        step = (end - start) / count
        out = []
        for row in range(4):
            level = middle + (row - 1.5) * 1.5 * side
            out.append(zigzag(start, end, level, side / 4, step, row % 2 == 0, upright))
            if row < 3:
                foot, head = level + side / 4, level + side / 4 + side
                for n in range(row % 2, count + 1, 2):
                    x = start + n * step
                    ends = [(x, foot), (x, head)]
                    out.append(polyline([(y, x) for x, y in ends] if upright else ends))
        return "".join(out)

    def waves(start: float, end: float, middle: float, upright: bool, _: int) -> str:
        period = (end - start) / round((end - start) / 12.4)
        return "".join(wave(start, end, middle, 3.9, period, phase - 2 * math.pi / period * start, upright=upright)
                       for phase in (0, math.pi))

    def braid(start: float, end: float, middle: float, upright: bool, _: int) -> str:
        period = (end - start) / round((end - start) / 12.4) / 2
        return "".join(wave(start, end, middle, 0.9, period, phase - 2 * math.pi / period * start, upright=upright)
                       for phase in (0, math.pi))

    bands = [
        stroke(sides(honeycomb, 14.1, 24.3), INKS.soft, 0.14), stroke(sides(waves, 14.1, 24.3), INKS.deep, 0.2),
        stroke(sides(braid, 14.1, 24.3), INKS.ochre, 0.24),
    ]
    return certificate.border(INKS, bands, corner, MICROTEXT)


def bulged(at: Point) -> Point:
    """The lattice of the ground seen through a lens over the middle of the page."""
    middle = (WIDTH / 2, 112.0)
    x, y = at[0] - middle[0], at[1] - middle[1]
    share = 1 + 0.55 * math.exp(-(x * x / 74 ** 2 + y * y / 56 ** 2))
    return middle[0] + x * share, middle[1] + y * share


def ground() -> list[str]:
    """A wide lattice of six-rings that bulges in the middle."""
    side = 5.2
    half = side * math.sqrt(3) / 2
    rows, columns = 24, 62
    rims: dict[str, list[str]] = {INKS.tint: [], INKS.second: []}
    inside = (EDGE, WIDTH - EDGE, EDGE, HEIGHT - EDGE)

    def line(one: Point, other: Point) -> None:
        ends = bulged(one), bulged(other)
        if all(inside[0] <= x <= inside[1] and inside[2] <= y <= inside[3] for x, y in ends):
            middle = (ends[0][0] - WIDTH / 2) / 95, (ends[0][1] - 112) / 66
            rims[INKS.second if middle[0] ** 2 + middle[1] ** 2 < 1 else INKS.tint].append(polyline(ends))

    for row in range(rows):
        level = 112 + (row - rows / 2) * 1.5 * side
        up = row % 2 == 0
        for n in range(-columns // 2, columns // 2):
            x = WIDTH / 2 + n * half
            high = (n % 2 == 0) == up
            here, there = (x, level + (-side / 4 if high else side / 4)), (x + half, level + (
                side / 4 if high else -side / 4))
            line(here, there)
            if not high:
                line(here, (x, level + side / 4 + side))
    return [stroke("".join(data), tint, 0.18) for tint, data in rims.items()]


def medallion(at: Point, size: float) -> list[str]:
    """A large pale sixfold rosette behind the text."""
    return [
        stroke(rose(at, 0.7 * size, 0.28 * size, 18) + rose(at, 0.7 * size, 0.28 * size, 18, math.pi / 18),
               INKS.core, 0.18),
        stroke(rings(at, 0.36 * size, 0.1 * size, 12, 4), INKS.tint, 0.2),
        stroke(rose(at, 0.14 * size, 0.1 * size, 6) + rose(at, 0.14 * size, 0.1 * size, 6, math.pi / 6),
               INKS.core, 0.2),
    ]


def ornament() -> list[str]:
    """The vignette where a department may put its official artwork: 40 by 20 mm."""
    at = (20.0, 10.0)
    chain = [((20 + side * (11.9 + 2.6 * step), 10.0), 1.5 - 0.3 * step) for side in (-1, 1) for step in range(3)]
    return [
        stroke(wings(lambda phase, swell: wave(1, 39, 10, 2.3, 9.5, phase, swell=swell), 4), INKS.soft, 0.15),
        filled("".join(hexagon(place, size) for place, size in chain), "#ffffff"),
        stroke("".join(hexagon(place, size) for place, size in chain), INKS.ochre, 0.22),
        filled(circle(at, 9.4), "#ffffff"), stroke(circle(at, 9.4), INKS.deep, 0.4),
        stroke(circle(at, 9.0), INKS.gold, 0.16),
        stroke(rose(at, 5.9, 2.8, 12) + rose(at, 5.9, 2.8, 12, math.pi / 12), INKS.soft, 0.14),
        *disc(INKS, at, 4.5, lattice_mark(at, 3.6)),
    ]


def main() -> None:
    """Write the SVG files."""
    engraving.write(Path(__file__).parent, certificate.certificate(
        INKS, border=border(), ground=[*ground(), *medallion((WIDTH / 2, 112), 56)], ornament=ornament()))


if __name__ == "__main__":
    main()

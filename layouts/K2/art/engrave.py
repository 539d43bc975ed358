"""Engraves the artwork of K2 (ultramarine and gold, a rope, cogs, a works): run it to write the SVG files."""

from __future__ import annotations

import math
from pathlib import Path

from layouts import certificate, engraving
from layouts.certificate import EDGE, HEIGHT, WIDTH, Inks, disc, seat, sides, wings
from layouts.engraving import Point, circle, filled, polar, polyline, rings, rose, sampled, stroke, wave

INKS = Inks(deep="#22407f", soft="#8296c4", gold="#b3924f", ochre="#8d7030", tint="#dfe6f3", second="#f4ead6",
            core="#ecdfc2")
MICROTEXT = "WEIXIANHUAXUEPINANQUANSHENGCHANXUKEZHENG"


def works(at: Point, size: float) -> list[str]:
    """A works: a column with its trays, a shed with a saw-tooth roof, a chimney."""
    def place(x: float, y: float) -> Point:
        return at[0] + x * size, at[1] + y * size

    column = [place(-0.82, 0.8), place(-0.82, -0.6), place(-0.73, -0.8), place(-0.53, -0.8), place(-0.44, -0.6),
              place(-0.44, 0.8)]
    shed = [place(-0.24, 0.8), place(-0.24, 0.02), place(0.08, -0.24), place(0.08, 0.02), place(0.4, -0.24),
            place(0.4, 0.8)]
    chimney = [place(0.54, 0.8), place(0.6, -0.92), place(0.78, -0.92), place(0.84, 0.8)]
    trays = "".join(polyline([place(-0.82, y), place(-0.44, y)]) for y in (-0.5, -0.24, 0.02, 0.28, 0.54))
    windows = "".join(polyline([place(x, 0.26), place(x + 0.17, 0.26), place(x + 0.17, 0.46), place(x, 0.46)],
                               closed=True) for x in (-0.14, 0.13))
    width = 0.14 * size ** 0.6
    return [
        filled(polyline(shed, closed=True), INKS.tint),
        stroke(polyline(column) + polyline(shed) + polyline(chimney), INKS.deep, width),
        stroke(trays, INKS.ochre, 0.7 * width), filled(windows, INKS.deep),
        stroke(polyline([place(-1, 0.82), place(1, 0.82)]), INKS.deep, 1.2 * width),
    ]


def cog(at: Point, radius: float, depth: float, teeth: int) -> str:
    """A wheel with rounded teeth."""
    def reach(t: float) -> float:
        return radius + depth * (math.sin(teeth * t) + math.sin(3 * teeth * t) / 5)

    return polar(at, reach, 6 * teeth)


def octagon(at: Point, radius: float) -> str:
    """Eight sides, two of them upright."""
    far = radius / math.cos(math.pi / 8)
    return polyline([(at[0] + far * math.cos(math.pi * (step + 0.5) / 4), at[1] + far * math.sin(
        math.pi * (step + 0.5) / 4)) for step in range(8)], closed=True)


def corner(at: Point) -> list[str]:
    """Cogs on an octagon."""
    return seat(INKS, lambda radius: octagon(at, radius - 0.4), [
        stroke("".join(cog(at, radius, 0.55, 20) for radius in (8.2, 7.5, 6.8)), INKS.soft, 0.15),
        stroke(rings(at, 4.9, 1.3, 10, 4), INKS.ochre, 0.18),
    ], disc(INKS, at, 3.1, works(at, 2.15)))


def rope(swing: float, third: float, phase: float, period: float, start: float, end: float, middle: float,
         upright: bool) -> str:
    """A wave with its third overtone, as the strands of a flat rope lie."""
    turn = 2 * math.pi / period

    def curve(t: float) -> tuple[Point, Point]:
        angle = turn * (t - start) + phase
        across = middle + swing * (math.sin(angle) + third * math.sin(3 * angle))
        slope = swing * turn * (math.cos(angle) + 3 * third * math.cos(3 * angle))
        return ((across, t), (slope, 1.0)) if upright else ((t, across), (1.0, slope))

    return sampled(curve, start, end, round((end - start) / period * 6))


def border() -> list[str]:
    """A flat rope of ultramarine, a gold strand inside it."""
    def strands(start: float, end: float, middle: float, upright: bool, _: int) -> str:
        period = (end - start) / round((end - start) / 13.0)
        return "".join(rope(4.4, 0.2, math.pi * index / 3, period, start, end, middle, upright)
                       for index in range(6))

    def gold(start: float, end: float, middle: float, upright: bool, _: int) -> str:
        period = (end - start) / round((end - start) / 13.0) / 2
        return "".join(rope(1.1, 0.0, math.pi * index, period, start, end, middle, upright) for index in range(2))

    bands = [stroke(sides(strands, 14.1, 24.3), INKS.soft, 0.15), stroke(sides(gold, 14.1, 24.3), INKS.ochre, 0.24)]
    return certificate.border(INKS, bands, corner, MICROTEXT)


def ground() -> list[str]:
    """A twill of upright waves, gold towards the middle."""
    columns, half = 30, 14.0
    pitch = (WIDTH - 2 * EDGE) / columns
    tints: dict[str, list[str]] = {INKS.tint: [], INKS.second: []}
    for column in range(columns):
        x = round(EDGE + (column + 0.5) * pitch, 1)
        tint = INKS.second if columns * 0.33 <= column < columns * 0.67 else INKS.tint
        swing = round(pitch * (0.45 if column in (0, columns - 1) else 0.8), 1)
        for side in (0, math.pi):
            phase = side - math.pi / half * (EDGE + (column % 8) * half / 4)
            tints[tint].append(wave(EDGE, HEIGHT - EDGE, x, swing, 2 * half, phase, upright=True))
    return [stroke("".join(data), tint, 0.16) for tint, data in tints.items()]


def medallion(at: Point, size: float) -> list[str]:
    """A large pale wheel behind the text."""
    return [
        stroke("".join(cog(at, share * size, 0.02 * size, 36) for share in (0.98, 0.94, 0.9)), INKS.core, 0.18),
        stroke(rings(at, 0.7 * size, 0.15 * size, 18, 6), INKS.tint, 0.18),
        stroke(rings(at, 0.4 * size, 0.13 * size, 12, 4), INKS.core, 0.2),
        stroke(rose(at, 0.15 * size, 0.08 * size, 12), INKS.tint, 0.2),
    ]


def ornament() -> list[str]:
    """The vignette where a department may put its official artwork: 40 by 20 mm."""
    at = (20.0, 10.0)
    return [
        stroke(wings(lambda phase, swell: wave(1, 39, 10, 2.4, 12.66, phase, swell=swell), 6), INKS.soft, 0.15),
        stroke(wings(lambda phase, swell: wave(1, 39, 10, 1.0, 6.33, phase, swell=swell), 2), INKS.ochre, 0.2),
        filled(cog(at, 9.3, 0.35, 28), "#ffffff"), stroke(cog(at, 9.3, 0.35, 28), INKS.deep, 0.35),
        stroke(circle(at, 8.5), INKS.gold, 0.16),
        stroke(rings(at, 6.7, 1.5, 16, 4), INKS.soft, 0.15),
        *disc(INKS, at, 4.7, works(at, 3.3)),
    ]


def main() -> None:
    """Write the SVG files."""
    engraving.write(Path(__file__).parent, certificate.certificate(
        INKS, border=border(), ground=[*ground(), *medallion((WIDTH / 2, 112), 56)], ornament=ornament()))


if __name__ == "__main__":
    main()

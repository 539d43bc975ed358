"""Engraves the artwork of K3 (umber and stone, chevrons, ridges, a mountain with picks): run it to write the SVG."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

from layouts import certificate, engraving
from layouts.certificate import EDGE, HEIGHT, WIDTH, Inks, disc, seat, sides
from layouts.engraving import Point, circle, filled, polyline, rings, sampled, star, stroke

INKS = Inks(deep="#5a4120", soft="#a98f68", gold="#b08440", ochre="#7d5b22", tint="#ebe3d5", second="#e2e7e0",
            core="#e6d8bd")
MICROTEXT = "FEIMEIKUANGSHANANQUANSHENGCHANXUKEZHENG"
HILLS = ((70.0, 150.0, 34.0, 30.0, 15.0), (222.0, 150.0, 40.0, 34.0, 17.0), (150.0, 105.0, 30.0, 26.0, 9.0),
         (40.0, 80.0, 26.0, 24.0, 8.0), (255.0, 72.0, 26.0, 24.0, 8.0))
"""Hills of the ground: x, y, half widths along x and y, height."""


def pick(at: Point, size: float, side: int) -> str:
    """A pick leaning to one side: handle and curved head."""
    def place(along: float, across: float) -> Point:
        angle = side * math.pi / 4
        x, y = across, -along
        return (at[0] + size * (x * math.cos(angle) - y * math.sin(angle)),
                at[1] + size * (x * math.sin(angle) + y * math.cos(angle)))

    head = [place(0.62, -0.5), place(0.74, -0.26), place(0.8, 0), place(0.74, 0.26), place(0.62, 0.5)]
    return polyline([place(-0.85, 0), place(0.86, 0)]) + polyline(head)


def mountain(at: Point, size: float) -> list[str]:
    """Three peaks over two crossed picks."""
    def place(x: float, y: float) -> Point:
        return at[0] + x * size, at[1] + y * size

    peaks = [place(-0.98, 0.3), place(-0.56, -0.3), place(-0.36, -0.06), place(0.04, -0.86), place(0.42, -0.1),
             place(0.6, -0.36), place(0.98, 0.3)]
    snow = [place(-0.2, -0.38), place(0.04, -0.86), place(0.27, -0.4), place(0.13, -0.5), place(0.03, -0.36),
            place(-0.08, -0.5)]
    width = 0.15 * size ** 0.6
    below = (at[0], at[1] + 0.5 * size)
    return [
        filled(polyline(peaks, closed=True), INKS.tint), stroke(polyline(peaks), INKS.deep, width),
        filled(polyline(snow, closed=True), INKS.gold),
        stroke(pick(below, 0.5 * size, 1) + pick(below, 0.5 * size, -1), INKS.deep, 0.9 * width),
    ]


def corner(at: Point) -> list[str]:
    """Star polygons, one in another, on a square that stands on its corner over a square."""
    def outline(radius: float) -> str:
        return star(at, radius * 1.12, radius * 0.93, 8, math.pi / 8)

    return seat(INKS, outline, [
        stroke("".join(star(at, 9.2 - 0.8 * step, 6.6 - 0.8 * step, 16) for step in range(4)), INKS.soft, 0.15),
        stroke(rings(at, 4.2, 0.8, 16, 2), INKS.ochre, 0.18),
    ], disc(INKS, at, 3.3, mountain(at, 2.4)))


def border() -> list[str]:
    """Nested chevrons: ridges and their reflections, a copper line through the middle."""
    def ridges(start: float, end: float, middle: float, upright: bool, _: int) -> str:
        count = 2 * round((end - start) / 10.4)
        half = (end - start) / count
        out = []
        for height in (4.0, 3.1, 2.2, 1.3):
            for side in (1, -1):
                places = [(start + step * half, middle + (height if step % 2 else -height) * side)
                          for step in range(count + 1)]
                out.append(polyline([(y, x) for x, y in places] if upright else places))
        return "".join(out)

    def small(start: float, end: float, middle: float, upright: bool, _: int) -> str:
        count = 4 * round((end - start) / 10.4)
        half = (end - start) / count
        places = [(start + step * half, middle + (0.55 if step % 2 else -0.55)) for step in range(count + 1)]
        return polyline([(y, x) for x, y in places] if upright else places)

    bands = [stroke(sides(ridges, 14.1, 24.3), INKS.soft, 0.15), stroke(sides(small, 14.1, 24.3), INKS.ochre, 0.24)]
    return certificate.border(INKS, bands, corner, MICROTEXT)


def ground() -> list[str]:
    """A relief: level lines lifted where there is a hill."""
    tints: dict[str, list[str]] = {INKS.tint: [], INKS.second: []}
    rows = 40
    pitch = (HEIGHT - 2 * EDGE) / rows
    for row in range(rows):
        level = EDGE + (row + 0.5) * pitch
        tints[INKS.tint if row % 2 else INKS.second].append(
            sampled(partial(lifted, level=level), EDGE, WIDTH - EDGE, 32))
    return [stroke("".join(data), tint, 0.18) for tint, data in tints.items()]


def lifted(x: float, level: float) -> tuple[Point, Point]:
    """Where the line of a level runs at x, and its slope."""
    y, slope = level, 0.0
    for middle, across, wide, deep, height in HILLS:
        lift = height * math.exp(-((x - middle) / wide) ** 2 - ((level - across) / deep) ** 2)
        y -= lift
        slope += lift * 2 * (x - middle) / wide ** 2
    return (x, y), (1.0, slope)


def medallion(at: Point, size: float) -> list[str]:
    """A large pale crystal behind the text."""
    return [
        stroke("".join(star(at, (1 - 0.03 * step) * size, (0.8 - 0.03 * step) * size, 32) for step in range(5)),
               INKS.core, 0.18),
        stroke(rings(at, 0.52 * size, 0.09 * size, 24, 4), INKS.second, 0.2),
        stroke("".join(star(at, (0.4 - 0.035 * step) * size, (0.22 - 0.035 * step) * size, 12) for step in range(5)),
               INKS.core, 0.18),
    ]


def ornament() -> list[str]:
    """The vignette where a department may put its official artwork: 40 by 20 mm."""
    at = (20.0, 10.0)
    ranges = []
    for step in range(5):
        height = 4.4 - 0.8 * step
        for side in (1, -1):
            ranges.append(polyline([
                (20 + side * along, 12.4 - share * height)
                for along, share in ((19, 0), (16.6, 0.42), (15.2, 0.2), (12.4, 1), (10, 0.5), (8, 1))]))
    return [
        stroke("".join(ranges), INKS.soft, 0.16), stroke("M0.6 12.4L39.4 12.4", INKS.ochre, 0.22),
        filled(circle(at, 9.4), "#ffffff"), stroke(circle(at, 9.4), INKS.deep, 0.4),
        stroke(circle(at, 9.0), INKS.gold, 0.16),
        stroke("".join(star(at, 8.6 - 0.6 * step, 6.6 - 0.6 * step, 20) for step in range(4)), INKS.soft, 0.14),
        *disc(INKS, at, 4.8, mountain(at, 3.6)),
    ]


def main() -> None:
    """Write the SVG files."""
    engraving.write(Path(__file__).parent, certificate.certificate(
        INKS, border=border(), ground=[*ground(), *medallion((WIDTH / 2, 112), 56)], ornament=ornament()))


if __name__ == "__main__":
    main()

"""Engraves the artwork of K1 (petrol and copper, loops and ripples, a flask): run it to write the SVG files."""

from __future__ import annotations

import math
from pathlib import Path

from layouts import certificate, engraving
from layouts.certificate import EDGE, HEIGHT, WIDTH, Inks, arcs_inside, disc, seat, sides, wings
from layouts.engraving import Point, arc, circle, coil, dots, filled, point, polyline, ring, rings, rose, stroke, wave

INKS = Inks(deep="#15586b", soft="#6a9fb0", gold="#b5844a", ochre="#8a5c2c", tint="#dbeaee", second="#f5e8da",
            core="#efdcc6")
MICROTEXT = "WEIXIANHUAXUEPINANQUANSHIYONGXUKEZHENG"


def flask(at: Point, size: float) -> list[str]:
    """A conical flask with some liquid and bubbles above it."""
    def place(x: float, y: float) -> Point:
        return at[0] + x * size, at[1] + y * size

    glass = [place(-0.24, -0.92), place(-0.24, -0.3), place(-0.78, 0.72), place(-0.62, 0.92), place(0.62, 0.92),
             place(0.78, 0.72), place(0.24, -0.3), place(0.24, -0.92)]
    liquid = polyline([place(-0.5, 0.28), place(0.5, 0.28), place(0.69, 0.68), place(0.58, 0.83),
                       place(-0.58, 0.83), place(-0.69, 0.68)], closed=True)
    lip = polyline([place(-0.36, -0.94), place(0.36, -0.94)])
    return [
        filled(liquid, INKS.tint), stroke(polyline(glass) + lip, INKS.deep, 0.15 * size ** 0.6),
        stroke(polyline([place(-0.5, 0.28), place(0.5, 0.28)]), INKS.ochre, 0.1 * size ** 0.6),
        filled(dots([place(-0.16, 0.55), place(0.22, 0.5)], 0.09 * size) + circle(place(0.02, -0.02), 0.07 * size),
               INKS.ochre),
    ]


def corner(at: Point) -> list[str]:
    """A rosette of loops on a disc."""
    return seat(INKS, lambda radius: circle(at, radius), [
        stroke(rose(at, 6.6, 2.7, 17) + rose(at, 6.6, 2.7, 17, math.pi / 17), INKS.soft, 0.15),
        stroke(rings(at, 3.9, 0.7, 14, 2), INKS.ochre, 0.18),
    ], disc(INKS, at, 2.9, flask(at, 1.9)))


def border() -> list[str]:
    """Loops, and through their middle a copper braid."""
    def loops(start: float, end: float, middle: float, upright: bool, outward: int) -> str:
        turns = round((end - start) / 8.8)
        period = (end - start) / turns
        return "".join(coil(start + shift * period, turns, period, middle, outward * swing, 3.0, upright=upright)
                       for shift, swing in ((0, 3.8), (0.5, 3.8), (0, -3.8), (0.5, -3.8)))

    def braid(start: float, end: float, middle: float, upright: bool, _: int) -> str:
        turns = round((end - start) / 4.15)
        return "".join(coil(start, turns, (end - start) / turns, middle, swing, 0, upright=upright)
                       for swing in (1.15, -1.15))

    bands = [stroke(sides(loops, 14.1, 24.3), INKS.soft, 0.15), stroke(sides(braid, 14.1, 24.3), INKS.ochre, 0.24)]
    return certificate.border(INKS, bands, corner, MICROTEXT)


def ground() -> list[str]:
    """Ripples from two drops that meet in the middle."""
    left, right = (64.0, HEIGHT - EDGE), (WIDTH - 64.0, HEIGHT - EDGE)
    radii = [6.0 + 6.4 * step for step in range(29)]
    return [
        stroke("".join(arcs_inside(left, radius) for radius in radii), INKS.tint, 0.18),
        stroke("".join(arcs_inside(right, radius) for radius in radii), INKS.second, 0.2),
    ]


def medallion(at: Point, size: float) -> list[str]:
    """A large pale rosette of loops behind the text."""
    return [
        stroke(rose(at, 0.76 * size, 0.22 * size, 23) + rose(at, 0.76 * size, 0.22 * size, 23, math.pi / 23),
               INKS.core, 0.18),
        stroke(rings(at, 0.46 * size, 0.07 * size, 20, 4), INKS.tint, 0.2),
        stroke(rose(at, 0.23 * size, 0.15 * size, 9, inward=True) + ring(at, 0.06 * size, 0.01 * size, 9, 0),
               INKS.core, 0.2),
    ]


def ornament() -> list[str]:
    """The vignette where a department may put its official artwork: 40 by 20 mm."""
    at = (20.0, 10.0)
    drops = "".join(arc((20 + side * (12.6 + 3.1 * step), 10), 2.5 - 0.55 * step, 0, 2 * math.pi)
                    for side in (-1, 1) for step in range(3))
    lines = f"M1 10L{point((10.4, 10))}M{point((29.6, 10))}L39 10"
    return [
        stroke(lines, INKS.gold, 0.16),
        stroke(wings(lambda phase, swell: wave(1, 39, 10, 2.2, 7.6, phase, swell=swell), 4), INKS.soft, 0.16),
        stroke(drops, INKS.ochre, 0.2),
        filled(circle(at, 9.4), "#ffffff"), stroke(circle(at, 9.4), INKS.deep, 0.4),
        stroke(circle(at, 9.0), INKS.gold, 0.16),
        stroke(rose(at, 6.2, 2.4, 15) + rose(at, 6.2, 2.4, 15, math.pi / 15), INKS.soft, 0.15),
        *disc(INKS, at, 4.4, flask(at, 3.1)),
    ]


def main() -> None:
    """Write the SVG files."""
    engraving.write(Path(__file__).parent, certificate.certificate(
        INKS, border=border(), ground=[*ground(), *medallion((WIDTH / 2, 112), 56)], ornament=ornament()))


if __name__ == "__main__":
    main()

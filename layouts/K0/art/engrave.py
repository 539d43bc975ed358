"""Engraves the artwork of K0: ``python layouts/K0/art/engrave.py`` writes the SVG files beside itself."""

from __future__ import annotations

import math
from pathlib import Path

from layouts import certificate, engraving
from layouts.certificate import EDGE, HEIGHT, WIDTH, Inks, band, frame
from layouts.engraving import Point, circle, filled, hexagon, point, rings, stroke, svg, turned, wave

INKS = Inks(deep="#1f5b52", soft="#6f9f95", gold="#b3924f", ochre="#8f7136", tint="#dfece7", second="#f3ead8",
            core="#efe3c8")
MICROTEXT = "WEIXIANHUAXUEPINJINGYINGXUKEZHENG"


def benzene(centre: Point, radius: float) -> str:
    """A six-ring with its three double bonds: the mark of the trade, and nobody's emblem."""
    out = hexagon(centre, radius)
    inner = radius * 0.74
    for step in (0, 2, 4):
        ends = [turned(centre, inner, step + side) for side in (0.1, 0.9)]
        out += f"M{point(ends[0])}L{point(ends[1])}"
    return out


def border() -> list[str]:
    """The engraved border: a woven band, a gold braid inside it, a rosette on each corner."""
    bands = [
        stroke(band(14.1, (24.3, 24), (46, 30), 5.4, 3.6, 6), INKS.soft, 0.17),
        stroke(band(14.1, (24.3, 24), (92, 60), 2.7, 1.35, 2), INKS.ochre, 0.26),
    ]
    return certificate.border(INKS, bands, corner, MICROTEXT)


def corner(at: Point) -> list[str]:
    """A rosette on a white disc that hides where the bands end."""
    return [
        filled(circle(at, 10.3), "#ffffff"), stroke(circle(at, 10.3), INKS.deep, 0.4),
        stroke(rings(at, 7.4, 2.3, 12, 4), INKS.soft, 0.17), stroke(rings(at, 4.2, 1.7, 8, 4), INKS.ochre, 0.2),
        stroke(circle(at, 9.9), INKS.gold, 0.16), filled(circle(at, 2.3), "#ffffff"),
        stroke(circle(at, 2.3), INKS.deep, 0.2), stroke(benzene(at, 1.5), INKS.deep, 0.24),
    ]


def plain_border() -> list[str]:
    """The border of the 附页: that of the 正本 with fewer strands, so that both are small in a file."""
    parts = [
        stroke(frame(8.2), INKS.deep, 0.9), stroke(frame(9.2) + frame(18.9), INKS.deep, 0.16),
        stroke(band(14.1, (24.3, 24), (46, 30), 5.4, 3.6, 4), INKS.soft, 0.17),
        stroke(band(14.1, (24.3, 24), (46, 30), 5.4, 1.35, 2), INKS.ochre, 0.26),
        stroke(frame(19.7), INKS.deep, 0.5), stroke(frame(EDGE), INKS.gold, 0.22),
    ]
    for x in (15.2, WIDTH - 15.2):
        for y in (15.2, HEIGHT - 15.2):
            at = (x, y)
            parts += [filled(circle(at, 10.3), "#ffffff"), stroke(circle(at, 10.3), INKS.deep, 0.4),
                      stroke(rings(at, 7.4, 2.3, 8, 3), INKS.soft, 0.17),
                      stroke(rings(at, 4.2, 1.7, 6, 2), INKS.ochre, 0.2), stroke(circle(at, 9.9), INKS.gold, 0.16),
                      stroke(benzene(at, 1.5), INKS.deep, 0.24)]
    return parts


def ground(left: float, right: float, top: float, bottom: float, rows: int) -> list[str]:
    """A sea of pale waves from edge to edge, jade and in the middle gold, drifting from row to row."""
    tints: dict[str, list[str]] = {INKS.tint: [], INKS.second: []}
    pitch, half = (bottom - top) / rows, 14.4
    turn = math.pi / half
    for row in range(rows):
        y = round(top + (row + 0.5) * pitch, 1)
        tint = INKS.second if rows * 0.36 <= row < rows * 0.64 else INKS.tint
        swing = round(pitch * (0.45 if row in (0, rows - 1) else (0.52, 0.7, 0.88, 0.7)[row % 4]), 1)
        for side in (0, math.pi):
            phase = side - turn * (left + (row % 6) * half / 3)
            tints[tint].append(wave(left, right, y, swing, 2 * half, phase))
    return [stroke("".join(data), tint, 0.16) for tint, data in tints.items()]


def medallion(at: Point, size: float) -> list[str]:
    """A large pale rosette behind the text."""
    return [
        stroke(rings(at, 0.78 * size, 0.22 * size, 24, 4), INKS.core, 0.18),
        stroke(rings(at, 0.42 * size, 0.2 * size, 12, 4), INKS.tint, 0.2),
        stroke(rings(at, 0.17 * size, 0.09 * size, 6, 4), INKS.core, 0.2),
    ]


def ornament() -> list[str]:
    """The vignette that stands where a department may put its official artwork: 40 by 20 mm."""
    at = (20.0, 10.0)

    def swell(x: float) -> float:
        return max(0.0, math.sin(math.pi * (x - 1) / 38))

    wings = "".join(wave(1.0, 39.0, 10.0, 2.6, 9.5, phase, swell=swell)
                    for phase in (0, math.pi / 2, math.pi, 3 * math.pi / 2))
    return [
        stroke(wings, INKS.soft, 0.17), filled(circle(at, 9.2), "#ffffff"), stroke(circle(at, 9.2), INKS.deep, 0.4),
        stroke(circle(at, 8.8), INKS.gold, 0.16), stroke(rings(at, 6.6, 2.0, 16, 4), INKS.soft, 0.17),
        stroke(rings(at, 4.3, 1.2, 10, 4), INKS.ochre, 0.18), filled(circle(at, 3.0), "#ffffff"),
        stroke(circle(at, 3.0), INKS.deep, 0.25), stroke(benzene(at, 2.0), INKS.deep, 0.32),
    ]


def main() -> None:
    """Write the SVG files."""
    centre = medallion((WIDTH / 2, 112), 56)
    engraving.write(Path(__file__).parent, certificate.certificate(
        INKS, border=border(), ground=[*ground(EDGE, WIDTH - EDGE, EDGE, HEIGHT - EDGE, 20), *centre],
        ornament=ornament()) | {
        "border-annex": svg(WIDTH, HEIGHT, "附页：花边", plain_border()),
        "ground-annex": svg(WIDTH, HEIGHT, "附页：底纹", centre),
    })


if __name__ == "__main__":
    main()

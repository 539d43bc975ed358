"""Engraves the artwork of K7 (vermilion and bright gold, fans, bursts of sparks): run it to write the SVG files."""

from __future__ import annotations

import math
from pathlib import Path

from layouts import certificate, engraving
from layouts.certificate import EDGE, HEIGHT, WIDTH, Inks, disc, seat, sides, wings
from layouts.engraving import (
    Point,
    arc,
    circle,
    dots,
    filled,
    point,
    polyline,
    ring,
    rings,
    rose,
    sampled,
    star,
    stroke,
    wave,
)

INKS = Inks(deep="#a03020", soft="#d59a82", gold="#c2973a", ochre="#976c1c", tint="#f8e5dd", second="#f7edd2",
            core="#f2ddb4")
MICROTEXT = "YANHUABAOZHUJINGYINGPIFAXUKEZHENG"
BURSTS = ((74.0, 84.0, 46.0, 28), (223.0, 84.0, 46.0, 28), (148.5, 112.0, 86.0, 44), (52.0, 150.0, 34.0, 22),
          (245.0, 150.0, 34.0, 22))
"""Bursts of the ground: x, y, reach, rays."""


def spark(at: Point, size: float) -> list[str]:
    """A burst: long and short rays with a spark at the end of each long one."""
    def place(turn: float, far: float) -> Point:
        return at[0] + far * size * math.sin(turn), at[1] - far * size * math.cos(turn)

    turns = [2 * math.pi * step / 12 for step in range(12)]
    rays = "".join(polyline([place(turn, 0.26), place(turn, 0.7 if index % 2 == 0 else 0.5)])
                   for index, turn in enumerate(turns))
    width = 0.15 * size ** 0.6
    return [
        stroke(rays, INKS.deep, width),
        filled(dots([place(turn, 0.88) for turn in turns[::2]], 0.085 * size), INKS.gold),
        filled(dots([place(turn, 0.66) for turn in turns[1::2]], 0.06 * size), INKS.deep),
        filled(star(at, 0.24 * size, 0.1 * size, 6), INKS.ochre),
    ]


def scalloped(at: Point, radius: float) -> str:
    """A ground with a rim of sixteen scallops."""
    out: list[str] = []
    step = math.pi / 8
    for index in range(16):
        start, end = index * step, (index + 1) * step
        first = (at[0] + radius * 0.95 * math.cos(start), at[1] + radius * 0.95 * math.sin(start))
        last = (at[0] + radius * 0.95 * math.cos(end), at[1] + radius * 0.95 * math.sin(end))
        pull = [(at[0] + radius * 1.1 * math.cos(turn), at[1] + radius * 1.1 * math.sin(turn))
                for turn in (start + 0.12 * step, end - 0.12 * step)]
        out.append(("" if out else f"M{point(first)}") + f"C{point(pull[0])} {point(pull[1])} {point(last)}")
    return "".join(out) + "Z"


def corner(at: Point) -> list[str]:
    """Loops that open like a burst, on a scalloped ground."""
    return seat(INKS, lambda radius: scalloped(at, radius), [
        stroke(rose(at, 5.5, 3.4, 15, inward=True) + rose(at, 5.5, 3.4, 15, math.pi / 15, inward=True),
               INKS.soft, 0.14),
        stroke(rings(at, 3.9, 0.6, 18, 2), INKS.ochre, 0.18),
    ], disc(INKS, at, 3.0, spark(at, 2.5)))


def fan(at: Point, radius: float, outward: float) -> str:
    """Half circles one in another, and rays from the middle; ``outward`` is the angle of its axis."""
    arcs = "".join(arc(at, radius * share, outward - math.pi / 2, outward + math.pi / 2)
                   for share in (1.0, 0.8, 0.38))
    rays = "".join(polyline([(at[0] + radius * 0.38 * math.cos(turn), at[1] + radius * 0.38 * math.sin(turn)),
                             (at[0] + radius * 0.8 * math.cos(turn), at[1] + radius * 0.8 * math.sin(turn))])
                   for turn in (outward + math.pi / 2 * step / 4 for step in range(-3, 4)))
    return arcs + rays


def border() -> list[str]:
    """Two rows of fans that open outward, the second between those of the first; a gold braid at their feet."""
    def fans(start: float, end: float, middle: float, upright: bool, outward: int) -> str:
        count = round((end - start) / 8.0)
        pitch = (end - start) / count
        angle = (0.0 if outward > 0 else math.pi) if upright else outward * math.pi / 2
        out = []
        for row, level in enumerate((middle - outward * 4.1, middle)):
            for index in range(count + row):
                along = start + (index + (0 if row else 0.5)) * pitch
                out.append(fan((level, along) if upright else (along, level), pitch / 2, angle))
        return "".join(out)

    def braid(start: float, end: float, middle: float, upright: bool, outward: int) -> str:
        period = (end - start) / round((end - start) / 8.0) / 2
        return "".join(wave(start, end, middle - outward * 4.1, 0.5, period, phase - 2 * math.pi / period * start,
                            upright=upright) for phase in (0, math.pi))

    bands = [stroke(sides(fans, 14.1, 24.3), INKS.soft, 0.15), stroke(sides(braid, 14.1, 24.3), INKS.ochre, 0.22)]
    return certificate.border(INKS, bands, corner, MICROTEXT)


def burst(at: Point, reach: float, rays: int) -> str:
    """Rays from a point that sink as sparks do, each between 0.3 and 1 of the reach; inside the border only."""
    out = []
    for index in range(rays):
        turn, far = 2 * math.pi * index / rays, reach * (1.0, 0.78, 0.9, 0.66)[index % 4]

        def curve(t: float, turn: float = turn, far: float = far) -> tuple[Point, Point]:
            return ((at[0] + far * t * math.cos(turn), at[1] + far * t * math.sin(turn) + 0.16 * reach * t * t),
                    (far * math.cos(turn), far * math.sin(turn) + 0.32 * reach * t))

        last = curve(1.0)[0]
        if EDGE < last[0] < WIDTH - EDGE and EDGE < last[1] < HEIGHT - EDGE:
            out.append(sampled(curve, 0.3, 1.0, 1))
    return "".join(out)


def ground() -> list[str]:
    """Waves at the foot, bursts above them."""
    waves = "".join(
        wave(EDGE, WIDTH - EDGE, round(HEIGHT - EDGE - 5 - 5.2 * row, 1), 3.4, 36.54, side - math.pi / 18.27 * (
            EDGE + (row % 4) * 9.135)) for row in range(31) for side in (0, math.pi))
    return [
        stroke(waves, INKS.tint, 0.16),
        stroke("".join(burst((x, y), reach, rays) for x, y, reach, rays in BURSTS[:2]), INKS.core, 0.3),
        stroke("".join(burst((x, y), reach, rays) for x, y, reach, rays in BURSTS[3:]), INKS.tint, 0.3),
    ]


def medallion(at: Point, size: float) -> list[str]:
    """A large pale burst behind the text."""
    return [
        stroke(rose(at, 0.6 * size, 0.38 * size, 25, inward=True)
               + rose(at, 0.6 * size, 0.38 * size, 25, math.pi / 25, inward=True), INKS.core, 0.16),
        stroke("".join(ring(at, 0.4 * size, 0.06 * size, 24, math.pi * step / 2) for step in range(4)),
               INKS.second, 0.2),
        stroke("".join(star(at, (0.26 - 0.03 * step) * size, (0.12 - 0.015 * step) * size, 12) for step in range(4)),
               INKS.core, 0.18),
    ]


def ornament() -> list[str]:
    """The vignette where a department may put its official artwork: 40 by 20 mm."""
    at = (20.0, 10.0)
    sparks = [((20 + side * (12.2 + 3.0 * step), 10.0), 1.7 - 0.35 * step) for side in (-1, 1) for step in range(3)]
    return [
        stroke(wings(lambda phase, swell: wave(1, 39, 10, 2.5, 12.66, phase, swell=swell), 4), INKS.soft, 0.15),
        *(part for place, size in sparks for part in spark(place, size)),
        filled(scalloped(at, 9.1), "#ffffff"), stroke(scalloped(at, 9.1), INKS.deep, 0.38),
        stroke(circle(at, 8.3), INKS.gold, 0.16),
        stroke(rose(at, 5.2, 2.9, 15, inward=True) + rose(at, 5.2, 2.9, 15, math.pi / 15, inward=True),
               INKS.soft, 0.14),
        *disc(INKS, at, 4.4, spark(at, 3.9)),
    ]


def main() -> None:
    """Write the SVG files."""
    engraving.write(Path(__file__).parent, certificate.certificate(
        INKS, border=border(), ground=[*ground(), *medallion((WIDTH / 2, 112), 56)], ornament=ornament()))


if __name__ == "__main__":
    main()

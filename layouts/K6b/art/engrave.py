"""Engraves the artwork of K6b (plum and pale gold, eyes, stream lines): run it to write the SVG files."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

from layouts import certificate, engraving
from layouts.certificate import EDGE, HEIGHT, WIDTH, Inks, disc, seat, sides, wings
from layouts.engraving import (
    Point,
    circle,
    coil,
    filled,
    hexagon,
    point,
    polyline,
    ring,
    rings,
    rose,
    sampled,
    stroke,
    wave,
)

INKS = Inks(deep="#6c2852", soft="#b788a6", gold="#b1914c", ochre="#86692d", tint="#f1e2eb", second="#f4ecd8",
            core="#e9dcc0")
MICROTEXT = "FEIYAOPINLEIYIZHIDUHUAXUEPINJINGYINGXUKEZHENG"


def exchange(at: Point, size: float) -> list[str]:
    """A six-ring between two arrows, one each way: what is traded."""
    def arrow(y: float, way: int) -> str:
        tail, head = at[0] - way * 0.86 * size, at[0] + way * 0.86 * size
        level = at[1] + y * size
        return (polyline([(tail, level), (head, level)])
                + polyline([(head - way * 0.3 * size, level - 0.16 * size), (head, level),
                            (head - way * 0.3 * size, level + 0.16 * size)]))

    width = 0.15 * size ** 0.6
    return [
        stroke(arrow(-0.74, 1) + arrow(0.74, -1), INKS.ochre, width),
        filled(hexagon(at, 0.52 * size), INKS.tint), stroke(hexagon(at, 0.52 * size), INKS.deep, width),
        stroke(circle(at, 0.28 * size), INKS.deep, 0.8 * width),
    ]


def petals(at: Point, radius: float) -> str:
    """A ground with eight soft petals."""
    return ring(at, radius * 0.985, radius * 0.045, 8, math.pi / 2) + "Z"


def corner(at: Point) -> list[str]:
    """Petals within petals."""
    return seat(INKS, lambda radius: petals(at, radius), [
        stroke("".join(ring(at, 6.6, 2.3, 8, math.pi * step / 4) for step in range(8)), INKS.soft, 0.14),
        stroke(rings(at, 3.9, 0.75, 16, 2), INKS.ochre, 0.18),
    ], disc(INKS, at, 2.9, exchange(at, 2.0)))


def border() -> list[str]:
    """Chains of eyes, each shifted by half an eye, and a gold thread."""
    def eyes(start: float, end: float, middle: float, upright: bool, _: int) -> str:
        turns = round((end - start) / 11.6)
        period = (end - start) / turns
        return "".join(coil(start + shift * period / 6, turns, period, middle, swing, 1.5, upright=upright, eyes=True)
                       for shift in (-1, 0, 1) for swing in (3.7, -3.7))

    def thread(start: float, end: float, middle: float, upright: bool, _: int) -> str:
        period = (end - start) / round((end - start) / 11.6) / 2
        return "".join(wave(start, end, middle, 1.05, period, phase - 2 * math.pi / period * start, upright=upright)
                       for phase in (0, math.pi))

    bands = [stroke(sides(eyes, 14.1, 24.3), INKS.soft, 0.14), stroke(sides(thread, 14.1, 24.3), INKS.ochre, 0.24)]
    return certificate.border(INKS, bands, corner, MICROTEXT)


def streamed(x: float, level: float) -> tuple[Point, Point]:
    """Where a stream line of a level runs at x, and its slope: it gives way to the medallion."""
    away = level - 112
    across = (x - WIDTH / 2) / 62
    push = 30 * math.tanh(away / 14) * math.exp(-abs(away) / 62)
    sway = 3.2 * math.sin(x / 21 + level / 34)
    share = math.exp(-across * across)
    slope = push * share * -2 * across / 62 + 3.2 / 21 * math.cos(x / 21 + level / 34)
    return (x, min(max(level + push * share + sway, EDGE + 0.3), HEIGHT - EDGE - 0.3)), (1.0, slope)


def ground() -> list[str]:
    """Stream lines from edge to edge that part round the middle, pale gold near it."""
    tints: dict[str, list[str]] = {INKS.tint: [], INKS.second: []}
    rows = 46
    for row in range(rows):
        level = EDGE + 3.6 + row * (HEIGHT - 2 * EDGE - 7.2) / (rows - 1)
        tint = INKS.second if abs(level - 112) < 26 else INKS.tint
        tints[tint].append(sampled(partial(streamed, level=level), EDGE, WIDTH - EDGE, 22))
    return [stroke("".join(data), tint, 0.18) for tint, data in tints.items()]


def medallion(at: Point, size: float) -> list[str]:
    """A large pale flower behind the text."""
    return [
        stroke("".join(ring(at, 0.78 * size, 0.2 * size, 16, math.pi * step / 3) for step in range(6)),
               INKS.core, 0.18),
        stroke("".join(ring(at, 0.44 * size, 0.14 * size, 8, math.pi * step / 3) for step in range(6)),
               INKS.tint, 0.2),
        stroke(rose(at, 0.17 * size, 0.1 * size, 8, inward=True) + rings(at, 0.1 * size, 0.03 * size, 8, 2),
               INKS.core, 0.2),
    ]


def ornament() -> list[str]:
    """The vignette where a department may put its official artwork: 40 by 20 mm."""
    at = (20.0, 10.0)
    heads = "".join(polyline([(20 + way * 17.2, 9.2), (20 + way * 18.8, 10), (20 + way * 17.2, 10.8)])
                    for way in (-1, 1))
    return [
        stroke(wings(lambda phase, swell: wave(1, 39, 10, 2.7, 19, phase, swell=swell), 6), INKS.soft, 0.15),
        stroke(f"M1.2 10L{point((38.8, 10))}{heads}", INKS.ochre, 0.22),
        filled(petals(at, 9.4), "#ffffff"), stroke(petals(at, 9.4), INKS.deep, 0.38),
        stroke(petals(at, 8.95), INKS.gold, 0.16),
        stroke("".join(ring(at, 6.4, 2.0, 8, math.pi * step / 4) for step in range(8)), INKS.soft, 0.14),
        *disc(INKS, at, 4.3, exchange(at, 3.1)),
    ]


def main() -> None:
    """Write the SVG files."""
    engraving.write(Path(__file__).parent, certificate.certificate(
        INKS, border=border(), ground=[*ground(), *medallion((WIDTH / 2, 112), 56)], ornament=ornament()))


if __name__ == "__main__":
    main()

"""Draws the art of the label: a frame for each size, nine pictograms of the GHS. Run it to write the SVG files.

A pictogram is a red square on its corner with a black figure on white (GB 30000, GHS annex 1), 40 by 40 mm; the figure
stays clear of the red. The frame is black, at least 1 mm wide, with at least 3 mm of white around it (GB 15258). The
figures are drawn from plain shapes by us.
"""

from __future__ import annotations

import math
from pathlib import Path

from layouts import engraving
from layouts.engraving import Point, circle, filled, number, point, polyline, star, stroke, svg

BLACK, WHITE, RED = "#111111", "#ffffff", "#d8121b"
SIZES = ((75.0, 50.0), (100.0, 75.0), (150.0, 100.0), (200.0, 150.0), (300.0, 200.0))
"""The label without the white around it."""
BLANK, BORDER = 3.0, 1.0
"""White around the border, the border's least width."""
FLAME: tuple[Point, ...] = (
    (20.4, 6.6), (20.9, 11), (27, 14), (27, 20.4), (27, 24), (24, 26.4), (20, 26.4), (16, 26.4), (13, 24),
    (13, 20.4), (13, 17.6), (14.8, 15.6), (15.8, 13.4), (16.2, 15.4), (16.8, 16.2), (17.8, 16.6), (18.4, 13),
    (18.8, 10), (20.4, 6.6))
TONGUE: tuple[Point, ...] = (
    (20, 17.2), (20.6, 19.2), (23, 20.4), (23, 22.6), (23, 24.4), (21.7, 25.5), (20, 25.5), (18.3, 25.5), (17, 24.4),
    (17, 22.6), (17, 20.4), (19.4, 19.2), (20, 17.2))


def diamond() -> list[str]:
    """White with a red edge."""
    edge = polyline([(20, 1.5), (38.5, 20), (20, 38.5), (1.5, 20)], closed=True)
    return [filled(edge, WHITE), stroke(edge, RED, 1.8)]


def turned(points: list[Point], degrees: float, at: Point) -> list[Point]:
    """Points turned round a place."""
    sin, cos = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    return [(at[0] + (x - at[0]) * cos - (y - at[1]) * sin, at[1] + (x - at[0]) * sin + (y - at[1]) * cos)
            for x, y in points]


def bar(x: float, y: float, width: float, height: float, degrees: float = 0.0) -> str:
    """A rectangle round its middle."""
    corners = [(x - width / 2, y - height / 2), (x + width / 2, y - height / 2),
               (x + width / 2, y + height / 2), (x - width / 2, y + height / 2)]
    return polyline(turned(corners, degrees, (x, y)), closed=True)


def curved(points: tuple[Point, ...], scale: float = 1.0, to: Point = (0.0, 0.0)) -> str:
    """A closed outline of cubic pieces, scaled round (20, 20) and moved."""
    placed = [(20 + (x - 20) * scale + to[0], 20 + (y - 20) * scale + to[1]) for x, y in points]
    pieces = [placed[index:index + 3] for index in range(1, len(placed), 3)]
    return f"M{point(placed[0])}" + "".join(f"C{' '.join(map(point, piece))}" for piece in pieces) + "Z"


def bomb() -> list[str]:
    """A bomb that bursts, splinters around."""
    splinters = ""
    for degrees, near, length, width in (
            (-90, 9.0, 4.4, 2.3), (-64, 8.2, 3.2, 2.0), (-38, 8.4, 2.6, 2.2), (-11, 9.0, 4.8, 2.2), (15, 9.2, 4.6, 2.2),
            (-116, 8.2, 3.2, 2.0), (-142, 8.4, 2.6, 2.2), (-169, 9.0, 4.8, 2.2), (165, 9.2, 4.6, 2.2)):
        tip = [(20 + near, 18.4 - width / 2), (20 + near + length, 18.4), (20 + near, 18.4 + width / 2)]
        splinters += polyline(turned(tip, degrees, (20, 18.4)), closed=True)
    return [filled(splinters + circle((20, 23.2), 5.6), BLACK), filled(star((20, 18.4), 7.4, 4.2, 9, 0.35), BLACK),
            filled(star((20, 18.4), 4.6, 2.2, 9, 0.35), WHITE), filled(bar(20, 30.2, 9, 1.1), BLACK)]


def flame() -> list[str]:
    """A flame over a line."""
    return [filled(curved(FLAME), BLACK), filled(curved(TONGUE), WHITE), filled(bar(20, 28.6, 13.4, 1.5), BLACK)]


def oxidiser() -> list[str]:
    """A flame over a ring."""
    return [filled(curved(FLAME, 0.72, (0, -4.3)), BLACK), filled(curved(TONGUE, 0.62, (0, -4.4)), WHITE),
            filled(circle((20, 23), 6.2), WHITE), stroke(circle((20, 23), 4.7), BLACK, 1.8),
            filled(bar(20, 30, 10.4, 1.4), BLACK)]


def cylinder() -> list[str]:
    """A gas cylinder, lying askew."""
    at = (20.2, 20.2)
    body = [(14.6, 17), (27.6, 17), (28.4, 18.2), (28.4, 22.2), (27.6, 23.4), (14.6, 23.4)]
    neck, cap = [(28.4, 19), (30, 19), (30, 21.4), (28.4, 21.4)], [(30, 18.1), (31.7, 18.1), (31.7, 22.3), (30, 22.3)]
    tail = turned([(14.6, 20.2)], -35, at)[0]
    outline = "".join(polyline(turned(part, -35, at), closed=True) for part in (body, neck, cap))
    shine = turned([(15.2, 18.5), (26.6, 18.5)], -35, at)
    return [filled(outline + circle(tail, 3.2), BLACK), stroke(polyline(shine), WHITE, 0.7)]


def corrosion() -> list[str]:
    """Two tubes that pour on metal and on a hand."""
    def tube(side: int) -> tuple[str, str]:
        def x(away: float) -> float:
            return 20 + side * away

        centre = (x(5.4), 15.0)
        outer = bar(*centre, 7.0, 3.2, side * -23) + circle((x(8.5), 13.7), 1.6)
        inner = bar(x(5.1), 15.1, 5.6, 1.7, side * -23)
        drops = "".join(circle((x(away), y), size) for away, y, size in (
            (1.9, 18.6, 0.6), (2.7, 19.6, 0.75), (2.1, 21.2, 0.65), (2.9, 22.6, 0.75)))
        return outer + drops, inner

    left, right = tube(-1), tube(1)
    metal = polyline([(11.8, 24.4), (15.2, 24.4), (15.9, 25.6), (16.9, 25.2), (17.7, 25.9), (18.3, 24.4), (19.3, 24.4),
                      (19.3, 27.6), (12.4, 27.6)], closed=True)
    hand = ("M20.7 27.6L20.7 25.6C21.3 24.6 21.9 24.4 22.3 25.2C22.7 25.9 23.4 25.7 23.7 24.9L24.4 23.8"
            "C25 23.3 25.6 23.6 25.4 24.2L25.1 24.9L28 23.9C28.8 23.8 29.1 24.5 28.5 24.9L25.8 27.6Z")
    return [filled(left[0] + right[0] + metal + hand, BLACK), filled(left[1] + right[1], WHITE)]


def skull() -> list[str]:
    """A skull on crossed bones."""
    bones, knobs = "", ""
    for slope in (-21, 21):
        bones += bar(20, 24.6, 14.4, 1.9, slope)
        for end in (-7.4, 7.4):
            for side in (-0.75, 0.75):
                knobs += circle(turned([(20 + end, 24.6 + side)], slope, (20, 24.6))[0], 1.15)
    nose = polyline([(20, 16.2), (20.9, 18.4), (19.1, 18.4)], closed=True)
    face = circle((17.4, 14.7), 1.7) + circle((22.6, 14.7), 1.7) + nose
    teeth = "".join(bar(x, 20.7, 0.5, 2.0) for x in (18.2, 19.4, 20.6, 21.8))
    return [filled(bones + knobs, BLACK),
            filled(circle((20, 13.8), 6.9), WHITE), filled(bar(20, 19.8, 8.0, 5.6), WHITE),
            filled(circle((20, 13.8), 6.1), BLACK), filled(bar(20, 19.7, 6.6, 4.2), BLACK), filled(face + teeth, WHITE)]


def exclamation() -> list[str]:
    """An exclamation mark."""
    return [filled("M17 9.4C17 7.6 18.3 6.6 20 6.6C21.7 6.6 23 7.6 23 9.4L21.7 23.4L18.3 23.4Z", BLACK),
            filled(circle((20, 28.8), 3.0), BLACK)]


def health() -> list[str]:
    """Head and shoulders, a burst in the breast."""
    body = ("M13 29.2L11.8 21.4C11.4 18.2 13.6 16.4 16.4 16C17.8 17 22.2 17 23.6 16C26.4 16.4 28.6 18.2 28.2 21.4"
            "L27 29.2Z")
    return [filled(body, BLACK), filled(circle((20, 11), 4.2), BLACK), filled(star((20, 22.8), 5.4, 1.9, 6), WHITE),
            filled(circle((20, 22.8), 2.3), WHITE)]


def environment() -> list[str]:
    """A bare tree and a dead fish."""
    trunk = "M14.4 28L15 20L14.6 13.6L15.8 13.6L16.6 20L17.4 28Z"
    twigs = ("M15 18.6L12.4 14.6M15.2 14.2L13.8 10.8M15.4 14.4L17.4 9.8M16 17.8L19.6 13.2M15.8 20.6L19.8 18.6"
             "M15.4 20L11 18.4")
    fish = "M19.2 25.2C21 22.4 24.8 22.2 26.8 24.4L29.2 22.8L28.7 25.2L29 27.2L26.8 26C24.8 28 21 27.8 19.2 25.2Z"
    return [filled(trunk, BLACK), stroke(twigs, BLACK, 0.9), filled(bar(20, 28.5, 15.6, 1.2), BLACK),
            filled(fish, BLACK), filled(circle((21.5, 24.6), 0.6), WHITE), stroke("M23.2 23.6L23.2 26.8", WHITE, 0.5)]


PICTOGRAMS = {"bomb": bomb, "flame": flame, "oxidiser": oxidiser, "cylinder": cylinder, "corrosion": corrosion,
              "skull": skull, "exclamation": exclamation, "health": health, "environment": environment}


def frame(width: float, height: float) -> list[str]:
    """The black border, white around it."""
    border = max(BORDER, round(width / 150, 2))
    inset = BLANK + border / 2
    right, foot = number(2 * BLANK + width - inset), number(2 * BLANK + height - inset)
    box = f"M{number(inset)} {number(inset)}L{right} {number(inset)}L{right} {foot}L{number(inset)} {foot}Z"
    return [stroke(box, BLACK, border)]


def main() -> None:
    """Write the SVG files."""
    files = {name: svg(40, 40, "象形图", [*diamond(), *draw()]) for name, draw in PICTOGRAMS.items()}
    files |= {f"frame-{number(w)}": svg(w + 2 * BLANK, h + 2 * BLANK, "标签：边框", frame(w, h)) for w, h in SIZES}
    engraving.write(Path(__file__).parent, files)


if __name__ == "__main__":
    main()

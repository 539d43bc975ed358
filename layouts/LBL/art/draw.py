"""Draws the art of the label: frames of both sizes, nine pictograms of the GHS. Run it to write the SVG files.

A pictogram is a red square on its corner with a black figure on white (GB 30000, GHS annex 1), 40 by 40 mm. The figures
are drawn from plain shapes by us.
"""

from __future__ import annotations

import math
from pathlib import Path

from layouts import engraving
from layouts.engraving import Point, circle, filled, number, polyline, star, stroke, svg

BLACK, WHITE, RED = "#111111", "#ffffff", "#d8121b"
SIZES = ((150.0, 100.0), (100.0, 75.0))
FLAME = ("M20 8.5C21 12.5 26.5 15.5 26.5 21C26.5 24.6 23.8 27 20 27C16.2 27 13.5 24.6 13.5 21"
         "C13.5 18.4 15 16.6 16 14.6C16.6 16.2 17.2 17 18.2 17.4C18.6 14.2 18.6 11.4 20 8.5Z")
TONGUE = ("M20 18.5C20.6 20.4 22.8 21.4 22.8 23.4C22.8 25 21.6 26 20 26C18.4 26 17.2 25 17.2 23.4"
          "C17.2 21.6 19.2 20.6 20 18.5Z")


def diamond() -> list[str]:
    """White with a red edge."""
    edge = polyline([(20, 1.6), (38.4, 20), (20, 38.4), (1.6, 20)], closed=True)
    return [filled(edge, WHITE), stroke(edge, RED, 2.0)]


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


def bomb() -> list[str]:
    """A bursting bomb with splinters."""
    splinters = "".join(
        polyline([(20 + far * math.cos(turn - 0.13), 20 + far * math.sin(turn - 0.13)),
                  (20 + (far + 4.4) * math.cos(turn), 20 + (far + 4.4) * math.sin(turn)),
                  (20 + far * math.cos(turn + 0.13), 20 + far * math.sin(turn + 0.13))], closed=True)
        for far, turn in ((7.6, 3.5), (7.8, 4.1), (8.2, 4.71), (7.8, 5.35), (7.6, 5.95), (8.0, 0.35), (8.0, 2.8)))
    return [filled(star((20, 19.4), 7.4, 4.2, 9, 0.2), BLACK), filled(circle((20, 21.4), 5.4), BLACK),
            filled(star((20, 21.0), 2.9, 1.3, 7), WHITE), filled(splinters + bar(20, 29.6, 13, 1.2), BLACK)]


def flame() -> list[str]:
    """A flame over a line."""
    return [filled(FLAME, BLACK), filled(TONGUE, WHITE), filled(bar(20, 29.6, 14, 1.4), BLACK)]


def oxidiser() -> list[str]:
    """A flame over a ring."""
    small = ("M20 6.8C20.8 10 25 12.2 25 16.4C25 17.6 24.7 18.4 24.2 19.2L15.8 19.2C15.3 18.4 15 17.6 15 16.4"
             "C15 14.4 16.2 13 17 11.4C17.4 12.6 17.9 13.2 18.6 13.6C18.9 11.2 19 9 20 6.8Z")
    return [filled(small, BLACK), stroke(circle((20, 23.6), 4.3), BLACK, 1.6), filled(bar(20, 30.6, 12, 1.4), BLACK)]


def cylinder() -> list[str]:
    """A gas cylinder, lying askew."""
    return [filled(bar(19.2, 20.8, 18, 5.6, -32) + circle((11.8, 25.4), 2.78) + bar(28.4, 15.0, 4, 3.4, -32)
                   + bar(30.6, 13.6, 1.8, 5.0, -32), BLACK)]


def corrosion() -> list[str]:
    """Two tubes that pour on metal and on a hand."""
    tubes = bar(13.6, 13.4, 8.6, 2.9, 22) + bar(26.4, 13.4, 8.6, 2.9, -22)
    drops = "".join(circle(at, 0.65) for at in ((18.0, 18.4), (22.0, 18.4), (17.6, 21.0), (22.4, 21.0)))
    metal = "M10.5 24.4L16 24.4L17.6 26.2L19 24.4L19.4 24.4L19.4 28L10.5 28Z"
    hand = "M20.6 28L20.6 25.6L24.4 23.4L26.4 23.4L23.8 25.2L25.6 25.2L29.5 22.8L30.4 23.8L26.6 27.4L24.6 28Z"
    return [filled(tubes + drops + metal + hand, BLACK)]


def skull() -> list[str]:
    """A skull on crossed bones."""
    bones = bar(20, 26.2, 20, 1.9, 24) + bar(20, 26.2, 20, 1.9, -24)
    knobs = "".join(circle(at, 1.45) for at in ((10.2, 21.4), (10.4, 30.6), (29.8, 21.4), (29.6, 30.6)))
    nose = polyline([(20, 18), (21, 20), (19, 20)], closed=True)
    face = circle((17.3, 16.2), 1.75) + circle((22.7, 16.2), 1.75) + nose
    teeth = "".join(bar(x, 22.4, 0.45, 1.8) for x in (18.4, 20.0, 21.6))
    return [filled(bones + knobs, BLACK), filled(circle((20, 15.2), 6.2), BLACK),
            filled(bar(20, 21.4, 6.6, 4.0), BLACK), filled(face + teeth, WHITE)]


def exclamation() -> list[str]:
    """An exclamation mark."""
    return [filled("M17.3 10.2C17.3 8.5 18.4 7.6 20 7.6C21.6 7.6 22.7 8.5 22.7 10.2L21.5 22.6L18.5 22.6Z", BLACK),
            filled(circle((20, 27.6), 2.7), BLACK)]


def health() -> list[str]:
    """Head and shoulders with a star in the breast."""
    body = "M11.2 30.6L12.2 22.6C12.6 19.8 15 18.2 18 17.6L22 17.6C25 18.2 27.4 19.8 27.8 22.6L28.8 28.8L20 34.6Z"
    return [filled(body, BLACK), filled(circle((20, 12.6), 4.2), BLACK), filled(star((20, 24.6), 5.4, 1.9, 6), WHITE)]


def environment() -> list[str]:
    """A bare tree and a dead fish."""
    tree = ("M14.4 27.6L14.4 13M14.4 18.6L10.8 14.4M14.4 20.6L18.4 15.4M14.4 15.4L16.6 11.2M14.4 14.6L12.2 10.8"
            "M16.6 17.8L19.6 17.6")
    fish = "M19.4 25.2C21.6 22.2 26 22.2 28 24.6L30.8 22.4L30.8 28L28 25.8C26 28.2 21.6 28.2 19.4 25.2Z"
    return [stroke(tree, BLACK, 1.3), stroke("M9.4 28.6L31 28.6", BLACK, 1.3), filled(fish, BLACK),
            filled(circle((21.9, 24.7), 0.6), WHITE)]


PICTOGRAMS = {"bomb": bomb, "flame": flame, "oxidiser": oxidiser, "cylinder": cylinder, "corrosion": corrosion,
              "skull": skull, "exclamation": exclamation, "health": health, "environment": environment}


def frame(width: float, height: float) -> list[str]:
    """A black frame, a thin one inside."""
    def box(inset: float) -> str:
        right, foot = number(width - inset), number(height - inset)
        return f"M{number(inset)} {number(inset)}L{right} {number(inset)}L{right} {foot}L{number(inset)} {foot}Z"

    return [stroke(box(1.2), BLACK, 0.6), stroke(box(2.0), RED, 0.15)]


def main() -> None:
    """Write the SVG files."""
    files = {name: svg(40, 40, "象形图", [*diamond(), *draw()]) for name, draw in PICTOGRAMS.items()}
    files |= {f"frame-{number(w)}": svg(w, h, "标签：边框", frame(w, h)) for w, h in SIZES}
    engraving.write(Path(__file__).parent, files)


if __name__ == "__main__":
    main()

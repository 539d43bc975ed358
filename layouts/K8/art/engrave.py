"""Engraves the artwork of K8 (slate blue and copper, woven waves, a gear): run it to write the SVG files."""

from __future__ import annotations

import math
from pathlib import Path

from layouts import engraving
from layouts.engraving import Point, circle, filled, number, polyline, ring, rose, stroke, svg, wave
from layouts.lettering import microtext, microtext_width

WIDTH, HEIGHT = 85.6, 54.0
DEEP, SOFT, COPPER, TINT, SECOND = "#1d3a5f", "#9db4cc", "#b0713c", "#e4ecf4", "#f4e9de"
MICROTEXT = "TEZHONGZUOYECAOZUOZHENG"


def frame(inset: float) -> str:
    """A rectangle at an equal distance from the card's edges."""
    right, foot = number(WIDTH - inset), number(HEIGHT - inset)
    return f"M{number(inset)} {number(inset)}L{right} {number(inset)}L{right} {foot}L{number(inset)} {foot}Z"


def gear(at: Point, radius: float, teeth: int) -> str:
    """The outline of a gear wheel."""
    corners = []
    for step in range(teeth):
        for share, far in ((-0.32, 0.84), (-0.2, 1.0), (0.2, 1.0), (0.32, 0.84)):
            angle = 2 * math.pi * (step + share) / teeth
            corners.append((at[0] + far * radius * math.sin(angle), at[1] - far * radius * math.cos(angle)))
    return polyline(corners, closed=True)


def ground() -> list[str]:
    """Pale waves over the whole card, a gear of rosettes in its middle."""
    waves = "".join(
        wave(2.2, WIDTH - 2.2, 4.5 + 3.0 * row, 1.7, 16.24, phase + (row % 2) * math.pi / 2)
        for row in range(16) for phase in (0, math.pi))
    at = (32.0, 30.0)
    return [
        stroke(waves, TINT, 0.14),
        stroke(gear(at, 15.5, 18) + circle(at, 11.4), SECOND, 0.5),
        stroke(rose(at, 6.6, 3.8, 19, inward=True) + rose(at, 6.6, 3.8, 19, math.pi / 19, inward=True), SECOND, 0.16),
    ]


def edge() -> list[str]:
    """A frame of two rules and a woven band at head and foot."""
    bands = "".join(wave(2.3, WIDTH - 2.3, y, 0.62, 5.4, phase) for y in (2.9, HEIGHT - 2.9)
                    for phase in (0, math.pi / 2, math.pi, 3 * math.pi / 2))
    return [stroke(frame(1.5), DEEP, 0.35), stroke(frame(2.1), COPPER, 0.1), stroke(bands, SOFT, 0.1)]


def front() -> list[str]:
    """The frame, a swelling copper rule with microtext under the title, corners around the photo."""
    rule = "M6 9.5L31 9.38L58 9.5L31 9.62Z"
    words = microtext(round(31.0 - microtext_width(MICROTEXT, 0.48) / 2, 2), 9.86, 0.48, MICROTEXT)
    x, y, right, foot = 62.6, 4.3, 81.4, 29.0
    corners = "".join(
        polyline([(cx + sx * 2.4, cy), (cx, cy), (cx, cy + sy * 2.4)])
        for cx, sx in ((x, 1), (right, -1)) for cy, sy in ((y, 1), (foot, -1)))
    return [*edge(), filled(rule, COPPER), stroke(words, DEEP, 0.06), stroke(corners, COPPER, 0.22)]


def back() -> list[str]:
    """The frame, and a gear where the front has the codes."""
    at = (73.0, 43.6)
    return [
        *edge(),
        stroke(gear(at, 6.6, 14), SOFT, 0.2), stroke(circle(at, 4.9), COPPER, 0.16),
        stroke("".join(ring(at, 3.5, 0.7, 12, math.pi * step / 2) for step in range(4)), SOFT, 0.12),
        filled(circle(at, 1.1), "#ffffff"), stroke(circle(at, 1.1), DEEP, 0.16),
    ]


def blank() -> list[str]:
    """A woven panel where no re-examination is recorded, so that none can be written in."""
    width, height = 75.6, 18.0
    weave = "".join(wave(0.8, width - 0.8, 1.9 + 2.03 * row, 0.95, 8.4, turn * math.pi / 2 + row * math.pi / 4)
                    for row in range(8) for turn in range(4))
    def box(inset: float) -> str:
        return polyline([(inset, inset), (width - inset, inset), (width - inset, height - inset),
                         (inset, height - inset)], closed=True)
    return [stroke(weave, SOFT, 0.09), stroke(box(0.2), SOFT, 0.16), stroke(box(0.7), COPPER, 0.08)]


def main() -> None:
    """Write the SVG files."""
    engraving.write(Path(__file__).parent, {
        "ground": svg(WIDTH, HEIGHT, "正面、背面：底纹", ground()),
        "front": svg(WIDTH, HEIGHT, "正面：边框", front()),
        "back": svg(WIDTH, HEIGHT, "背面：边框", back()),
        "blank": svg(75.6, 18.0, "背面：没有复审记录", blank()),
    })


if __name__ == "__main__":
    main()

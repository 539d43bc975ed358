"""The sheet of a 正本 or 副本 on A4: border and bands, grounds inside it, vignette, rule and fold. Lengths are mm."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

from layouts.engraving import Point, arc, circle, filled, number, strand, stroke, svg, wave
from layouts.lettering import microtext, microtext_width

WIDTH, HEIGHT = 297.0, 210.0
"""A4 landscape, the page of every licence here."""
EDGE = 20.6
"""From the page's edge to the inner line of the border; a ground stays inside it."""

_MICROTEXT, _MICROTEXT_REACH = 0.6, 45.0        # height; how far from the middle of the edge it may reach
_CLEAR = 1.1                                    # between the line at the foot and its microtext


@dataclass(frozen=True, slots=True, kw_only=True)
class Inks:
    """The colours of a kind: two for lines and two metals; three pale ones for what lies under the text."""

    deep: str
    soft: str
    gold: str
    ochre: str
    tint: str
    second: str
    core: str


def frame(inset: float) -> str:
    """A rectangle at an equal distance from the page's edges."""
    return (f"M{number(inset)} {number(inset)}L{number(WIDTH - inset)} {number(inset)}"
            f"L{number(WIDTH - inset)} {number(HEIGHT - inset)}L{number(inset)} {number(HEIGHT - inset)}Z")


def band(middle: float, starts: Point, halves: tuple[int, int], half: float, swing: float,
         shifts: int) -> str:
    """Waves along all four sides, ``middle`` from the edge, shifted against each other ``shifts`` times."""
    out = []
    for index in range(shifts):
        turns, shift = divmod(index * 2 * half / shifts, half)
        side = -swing if turns else swing
        out += [strand(starts[0] + shift - half, halves[0] + 1, half, centre, side)
                for centre in (middle, HEIGHT - middle)]
        out += [strand(starts[1] + shift - half, halves[1] + 1, half, centre, side, upright=True)
                for centre in (middle, WIDTH - middle)]
    return "".join(out)


def sides(draw: Callable[[float, float, float, bool, int], str], middle: float, start: float) -> str:
    """What ``draw`` gives for each side: (from, to, middle line, upright?, which way is outward)."""
    return "".join((
        draw(start, WIDTH - start, middle, False, -1), draw(start, WIDTH - start, HEIGHT - middle, False, 1),
        draw(start, HEIGHT - start, middle, True, -1), draw(start, HEIGHT - start, WIDTH - middle, True, 1),
    ))


def arcs_inside(centre: Point, radius: float, edge: float = EDGE) -> str:
    """A circle as far as it lies inside the border."""
    cuts = {0.0, 2 * math.pi}
    for axis, limit in ((0, edge), (0, WIDTH - edge), (1, edge), (1, HEIGHT - edge)):
        share = (limit - centre[axis]) / radius
        if abs(share) < 1:
            angles = (math.acos(share), -math.acos(share)) if axis == 0 else (
                math.asin(share), math.pi - math.asin(share))
            cuts.update(angle % (2 * math.pi) for angle in angles)
    out = []
    for start, end in pairwise(sorted(cuts)):
        x, y = (centre[0] + radius * math.cos((start + end) / 2), centre[1] + radius * math.sin((start + end) / 2))
        if edge <= x <= WIDTH - edge and edge <= y <= HEIGHT - edge and end - start > 1e-6:
            out.append(arc(centre, radius, start, end))
    return "".join(out)


def border(inks: Inks, bands: Iterable[str], corner: Callable[[Point], list[str]], text: str) -> list[str]:
    """An engraved border: rules, woven bands between them, a gold line with microtext, a figure on each corner."""
    parts = [
        stroke(frame(8.2), inks.deep, 0.9), stroke(frame(9.2) + frame(18.9), inks.deep, 0.16),
        *bands,
        stroke(frame(19.7), inks.deep, 0.5),
        stroke(f"M{number(EDGE)} {number(HEIGHT - EDGE)}L{number(EDGE)} {number(EDGE)}"
               f"L{number(WIDTH - EDGE)} {number(EDGE)}"
               f"L{number(WIDTH - EDGE)} {number(HEIGHT - EDGE)}", inks.gold, 0.22),
        *microtext_edge(inks, HEIGHT - EDGE, text),
    ]
    for x in (15.2, WIDTH - 15.2):
        for y in (15.2, HEIGHT - 15.2):
            parts += corner((x, y))
    return parts


def seat(inks: Inks, outline: Callable[[float], str], figures: Iterable[str], mark: Iterable[str]) -> list[str]:
    """A corner piece: figures on a white ground that hides where the bands end, a mark in the middle."""
    return [
        filled(outline(10.3), "#ffffff"), stroke(outline(10.3), inks.deep, 0.4), *figures,
        stroke(outline(9.8), inks.gold, 0.16), *mark,
    ]


def disc(inks: Inks, at: Point, radius: float, mark: Iterable[str]) -> list[str]:
    """A white disc with a rim for a mark."""
    return [filled(circle(at, radius), "#ffffff"), stroke(circle(at, radius), inks.deep, 0.2), *mark]


def microtext_edge(inks: Inks, y: float, words: str) -> list[str]:
    """The inner gold line at the foot, whose middle is a line of microtext: the words as often as they go."""
    one, two = (microtext_width(" ".join([words] * count), _MICROTEXT) for count in (1, 2))
    text = " ".join([words] * (1 + int((2 * _MICROTEXT_REACH - one) / (two - one))))
    width = microtext_width(text, _MICROTEXT)
    left = round((WIDTH - width) / 2, 1)            # few decimals in all of its points: small in a file
    ends = (f"M{number(EDGE)} {number(y)}L{number(left - _CLEAR)} {number(y)}"
            f"M{number(left + width + _CLEAR)} {number(y)}L{number(WIDTH - EDGE)} {number(y)}")
    letters = microtext(left, y - _MICROTEXT / 2, _MICROTEXT, text)
    return [stroke(letters, inks.ochre, 0.08), stroke(ends, inks.gold, 0.22)]


def rule(inks: Inks, width: float) -> list[str]:
    """A swelling rule under the title, with a lozenge in its middle; 2 mm high."""
    middle = width / 2
    taper = (f"M0 1L{number(middle - 4)} 0.84L{number(middle - 4)} 1.16Z"
             f"M{number(width)} 1L{number(middle + 4)} 0.84L{number(middle + 4)} 1.16Z")
    lozenge = f"M{number(middle - 2.6)} 1L{number(middle)} 0.2L{number(middle + 2.6)} 1L{number(middle)} 1.8Z"
    return [filled(taper + lozenge, inks.gold)]


def divider(inks: Inks, length: float) -> list[str]:
    """The fold of a 副本: a slender woven column, 6 mm wide."""
    def swell(y: float) -> float:
        return max(0.0, math.sin(math.pi * y / length)) ** 0.5 if 0 < y < length else 0.0

    strands = "".join(wave(0.5, length - 0.5, 3.0, 1.9, length / 13, phase, upright=True, swell=swell)
                      for phase in (0, math.pi / 2, math.pi, 3 * math.pi / 2))
    return [stroke(strands, inks.soft, 0.17), stroke(f"M3 0L3 {number(length)}", inks.gold, 0.16)]


def wings(draw: Callable[[float, Callable[[float], float]], str], count: int) -> str:
    """Waves across the 40 mm of a vignette, swelling towards its middle; ``draw`` gets phase and swelling."""
    def swell(x: float) -> float:
        return max(0.0, math.sin(math.pi * (x - 1) / 38))

    return "".join(draw(2 * math.pi * index / count, swell) for index in range(count))


def certificate(inks: Inks, *, border: Iterable[str], ground: Iterable[str], ornament: Iterable[str]) -> dict[str, str]:
    """The files of the artwork of 正本 and 副本 by name: border, ground, vignette, rule and divider."""
    return {
        "border": svg(WIDTH, HEIGHT, "正本、副本：花边", border),
        "ground": svg(WIDTH, HEIGHT, "正本、副本：底纹", ground),
        "ornament": svg(40, 20, "官方图样位置的装饰", ornament),
        "rule": svg(130, 2, "正本：题下线", rule(inks, 130)),
        "divider": svg(6, 124, "副本：中缝", divider(inks, 124)),
    }

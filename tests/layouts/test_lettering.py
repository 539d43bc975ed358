"""Microtext: letters equally far apart, no stroke broken at a corner, the line at the foot closed on both sides."""

from __future__ import annotations

import math
import re

import pytest

import layouts
from layouts.certificate import EDGE, HEIGHT, WIDTH, Inks, microtext_edge
from layouts.engraving import Point
from layouts.lettering import microtext, microtext_width

SHARPEST = 50               # degrees: a mitre of less reaches further than the letters are thick
INKS = Inks(deep="#111111", soft="#222222", gold="#333333", ochre="#444444", tint="#555555", second="#666666",
            core="#777777")
ENGRAVED = [code for code in layouts.kinds() if "border.svg" in {
    path.name for path in (layouts.kind_folder(code) / "art").iterdir()}]


def strokes(data: str) -> list[list[Point]]:
    """The points of each stroke of a path, the first again at the end of one that is closed."""
    out = []
    for one in re.findall(r"M([^M]*)", data):
        at = [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", one)]
        out.append([*at, at[0]] if one.endswith("Z") else at)
    return out


def extent(data: str) -> tuple[float, float]:
    xs = [x for one in strokes(data) for x, _ in one]
    return min(xs), max(xs)


def drawn(code: str) -> list[str]:
    """The paths of a kind's border that are as thin as microtext alone is."""
    svg = layouts.resource(code, "art/border.svg").decode()
    return re.findall(r'<path d="([^"]*)"[^>]*stroke-width="0\.08"/>', svg)


@pytest.mark.parametrize("text", ["WEIXIANHUAXUEPIN", "JINGYING", "FEIMEIKUANG", "BDLTW"])
def test_letters_stand_equally_far_apart(text: str) -> None:
    letters, x = [], 10.0
    for count in range(len(text)):
        before = extent(microtext(x, 0, 0.6, text[:count]))[1] if count else x
        letters.append(extent(microtext(x, 0, 0.6, text[:count + 1]))[1] - before)
    gaps = [width - microtext_width(letter, 0.6) for width, letter in zip(letters[1:], text[1:], strict=True)]
    assert gaps == pytest.approx([0.2] * len(gaps), abs=1e-9)
    assert microtext_width(text, 0.6) == pytest.approx(extent(microtext(x, 0, 0.6, text))[1] - x)


def test_a_space_parts_words_further_than_letters() -> None:
    assert microtext_width("A A", 1.2) == pytest.approx(2 * microtext_width("A", 1.2) + 4 * 0.4)


@pytest.mark.parametrize("code", [*ENGRAVED])
def test_no_stroke_of_the_drawn_microtext_is_broken_or_sharp(code: str) -> None:
    (data,) = drawn(code)
    assert len(strokes(data)) > 100
    for one in strokes(data):
        ends = {one[0], one[-1]}
        if len(ends) == 1:
            assert len(one) > 3
            one = [*one, one[1]]
        for (ax, ay), (bx, by), (cx, cy) in zip(one, one[1:], one[2:], strict=False):
            turn = math.degrees(math.atan2(ay - by, ax - bx) - math.atan2(cy - by, cx - bx)) % 360
            assert min(turn, 360 - turn) > SHARPEST, (one, (bx, by))


@pytest.mark.parametrize("code", [*ENGRAVED])
def test_a_stroke_that_comes_back_to_its_beginning_is_closed(code: str) -> None:
    (data,) = drawn(code)
    for one in re.findall(r"M([^M]*)", data):
        at = re.findall(r"-?[\d.]+ -?[\d.]+", one)
        assert at[0] != at[-1], one


@pytest.mark.parametrize("code", [*ENGRAVED])
def test_two_strokes_never_meet_at_an_open_corner(code: str) -> None:
    (data,) = drawn(code)
    ends = [at for one in strokes(data) if one[0] != one[-1] for at in (one[0], one[-1])]
    assert len(ends) == len(set(ends))


@pytest.mark.parametrize("words", ["A", "WEIXIANHUAXUEPIN", "FEIYAOPINLEIYIZHIDUHUAXUEPINSHENGCHANXUKEZHENG"])
def test_the_line_at_the_foot_runs_up_to_the_microtext_on_both_sides(words: str) -> None:
    text, ends = (re.findall(r'd="([^"]*)"', part)[0] for part in microtext_edge(INKS, HEIGHT - EDGE, words))
    first, last = extent(text)
    (one, two), (three, four) = ((left[0], right[0]) for left, right in strokes(ends))
    assert (one, four) == (EDGE, WIDTH - EDGE)
    assert first - two == pytest.approx(three - last, abs=0.011)
    assert 0.9 < first - two < 1.3
    assert (first + last) / 2 == pytest.approx(WIDTH / 2, abs=0.06)
    assert 40 < last - first <= 90
    assert all(y == HEIGHT - EDGE for line in strokes(ends) for _, y in line)

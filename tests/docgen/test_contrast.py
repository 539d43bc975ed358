"""The ground as a picture: fills, holes, hairlines, gradients, transparency; and WCAG's ratio."""

from __future__ import annotations

import math

import pytest

from docgen.contrast import Ground, contrast
from docgen.ink import Box
from docgen.page import Colour, Gradient, Path, Segment, Stop

WHITE, BLACK, RED = (255, 255, 255), (0, 0, 0), (200, 0, 0)


def rectangle(left: float, top: float, right: float, bottom: float) -> tuple[Segment, ...]:
    return (Segment("M", (left, top)), Segment("L", (right, top)), Segment("L", (right, bottom)),
            Segment("L", (left, bottom)), Segment("Z"))


@pytest.mark.parametrize(("one", "other", "ratio"), [
    (WHITE, BLACK, 21.0), (WHITE, WHITE, 1.0), ((119, 119, 119), WHITE, 4.48), ((0, 0, 255), WHITE, 8.59),
])
def test_the_ratio_is_that_of_wcag(one: tuple[int, int, int], other: tuple[int, int, int], ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert contrast(other, one) == contrast(one, other)


def test_a_fill_covers_its_inside_and_leaves_even_odd_holes() -> None:
    whole = Path(segments=(*rectangle(10, 10, 40, 40), *rectangle(20, 20, 30, 30)), fill=Colour(*RED), even_odd=True)
    ground = Ground(60, 60, [whole])
    assert ground.colours(Box(12, 12, 18, 18)) == {RED}
    assert ground.colours(Box(22, 22, 28, 28)) == {WHITE}
    assert ground.colours(Box(45, 45, 55, 55)) == {WHITE}
    assert set(ground.colours(Box(5, 5, 15, 15))) == {RED, WHITE}


def turned(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """A rectangle run through the other way round."""
    first, *others, end = segments
    return (first, *reversed(others), end)


def test_a_hole_that_winds_the_other_way_is_no_inside_and_one_that_winds_the_same_way_is() -> None:
    outer, inner = rectangle(10, 10, 40, 40), rectangle(20, 20, 30, 30)
    ring = Ground(60, 60, [Path(segments=(*outer, *turned(inner)), fill=Colour(*RED))])
    assert ring.colours(Box(12, 12, 18, 18)) == {RED}
    assert ring.colours(Box(22, 22, 28, 28)) == {WHITE}
    whole = Ground(60, 60, [Path(segments=(*outer, *inner), fill=Colour(*RED))])
    assert whole.colours(Box(22, 22, 28, 28)) == {RED}


def star(around: float) -> tuple[Segment, ...]:
    """A star of five points drawn in one stroke: its middle is wound around twice."""
    points = [(around + 20 * math.sin(turn * 0.8 * math.pi), around - 20 * math.cos(turn * 0.8 * math.pi))
              for turn in range(5)]
    return (*(Segment("L" if index else "M", point) for index, point in enumerate(points)), Segment("Z"))


def test_an_outline_that_crosses_itself_is_filled_by_its_own_rule() -> None:
    assert Ground(60, 60, [Path(segments=star(30), fill=Colour(*RED))]).colours(Box(28, 28, 32, 32)) == {RED}
    odd = Ground(60, 60, [Path(segments=star(30), fill=Colour(*RED), even_odd=True)])
    assert odd.colours(Box(28, 28, 32, 32)) == {WHITE}
    assert odd.colours(Box(29.5, 13, 30.5, 16)) == {RED}


def test_a_bar_thinner_than_a_pixel_has_its_full_colour() -> None:
    for y in (10.0, 10.1, 10.2):
        bar = Ground(60, 60, [Path(segments=rectangle(5, y, 55, y + 0.05), fill=Colour(*RED))])
        assert RED in bar.colours(Box(20, 8, 30, 12))


def test_a_hairline_has_its_full_colour_and_a_clear_one_its_mixture() -> None:
    line = (Segment("M", (0, 10)), Segment("C", (20, 10, 40, 10, 60, 10)))
    ground = Ground(60, 60, [Path(segments=line, stroke=Colour(*RED), stroke_width_mm=0.05)])
    assert RED in ground.colours(Box(20, 8, 30, 12))
    ground = Ground(60, 60, [Path(segments=line, stroke=Colour(*BLACK, 0.5), stroke_width_mm=0.05)])
    assert min(ground.colours(Box(20, 8, 30, 12))) == pytest.approx((127, 127, 127), abs=2)


def test_a_gradient_counts_as_its_darkest_colour() -> None:
    fill = Gradient(start=(0, 0), end=(60, 0), stops=(Stop(0, Colour(*WHITE)), Stop(1, Colour(*RED))))
    assert Ground(60, 60, [Path(segments=rectangle(0, 0, 60, 60), fill=fill)]).colours(Box(5, 5, 10, 10)) == {RED}


def test_a_huge_page_is_drawn_with_fewer_pixels() -> None:
    ground = Ground(2000, 2000, [Path(segments=rectangle(0, 0, 1000, 2000), fill=Colour(*RED))])
    assert ground.colours(Box(10, 10, 900, 900)) == {RED}
    assert ground.colours(Box(1100, 10, 1900, 900)) == {WHITE}

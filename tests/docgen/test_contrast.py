"""The ground as a picture: fills, holes, hairlines, gradients, transparency; and WCAG's ratio."""

from __future__ import annotations

import math
from collections.abc import Callable

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


def near(colours: set[tuple[int, int, int]], wanted: tuple[float, float, float]) -> bool:
    """Whether colours are one, or as good as."""
    return all(abs(one - other) <= 4 for colour in colours for one, other in zip(colour, wanted, strict=True))


@pytest.mark.parametrize(("start", "end", "where"), [
    ((10, 0), (50, 0), lambda share: (10 + 40 * share, 30)), ((0, 50), (0, 10), lambda share: (30, 50 - 40 * share)),
    ((10, 10), (50, 50), lambda share: (10 + 40 * share, 10 + 40 * share)),
    ((10, 10), (50, 50), lambda share: (18 + 40 * share, 2 + 40 * share)),
])
def test_a_gradient_has_at_each_place_the_colour_that_it_has_there(
        start: tuple[float, float], end: tuple[float, float], where: Callable[[float], tuple[float, float]]) -> None:
    stops = (Stop(0, Colour(*WHITE)), Stop(0.5, Colour(*RED)), Stop(1, Colour(*BLACK)))
    ground = Ground(60, 60, [Path(segments=rectangle(0, 0, 60, 60), fill=Gradient(start=start, end=end, stops=stops))])
    for share, wanted in ((0, WHITE), (0.25, (228, 128, 128)), (0.5, RED), (0.75, (100, 0, 0)), (1, BLACK)):
        x, y = where(share)
        assert near(ground.colours(Box(x, y, x, y)), wanted), share


def test_a_gradient_goes_on_beyond_its_ends_and_in_circles() -> None:
    stops = (Stop(0, Colour(*WHITE)), Stop(1, Colour(*RED)))
    square = rectangle(0, 0, 60, 60)
    line = Ground(60, 60, [Path(segments=square, fill=Gradient(start=(20, 0), end=(20.01, 0), stops=stops))])
    assert near(line.colours(Box(0, 0, 19, 60)), WHITE) and near(line.colours(Box(21, 0, 60, 60)), RED)
    circle = Gradient(start=(30, 30), end=(30, 30), radii=(0, 20), stops=stops)
    round_ = Ground(60, 60, [Path(segments=square, fill=circle)])
    assert near(round_.colours(Box(30, 30, 30, 30)), WHITE) and near(round_.colours(Box(1, 1, 5, 5)), RED)
    assert near(round_.colours(Box(40, 30, 40, 30)), (228, 128, 128))
    assert near(round_.colours(Box(30, 20, 30, 20)), (228, 128, 128))


def test_white_text_is_not_seen_on_the_white_end_of_a_gradient() -> None:
    fill = Gradient(start=(0, 0), end=(60, 0), stops=(Stop(0, Colour(*WHITE)), Stop(1, Colour(*BLACK))))
    ground = Ground(60, 60, [Path(segments=rectangle(0, 0, 60, 60), fill=fill)])
    assert ground.least_contrast(WHITE, Box(1, 20, 6, 25)) < 1.5
    assert ground.least_contrast(BLACK, Box(1, 20, 6, 25)) > 15
    assert ground.least_contrast(WHITE, Box(50, 20, 58, 25)) > 10


def test_a_huge_page_is_drawn_with_fewer_pixels() -> None:
    ground = Ground(2000, 2000, [Path(segments=rectangle(0, 0, 1000, 2000), fill=Colour(*RED))])
    assert ground.colours(Box(10, 10, 900, 900)) == {RED}
    assert ground.colours(Box(1100, 10, 1900, 900)) == {WHITE}


def test_what_lies_off_the_page_is_left_out() -> None:
    for left, top in ((-50, -20), (-50, 10), (70, 10), (10, -50), (10, 70)):
        off = rectangle(left, top, left + 40, top + 40)
        both = Ground(60, 60, [Path(segments=(*off, *rectangle(30, 0, 40, 60)), fill=Colour(*RED))])
        assert both.colours(Box(32, 2, 38, 58)) == {RED}
        assert both.colours(Box(0, 0, 9, 60)) == both.colours(Box(51, 0, 60, 60)) == {WHITE}

"""The drawn imprint: its form, its parts, and what it refuses."""

from __future__ import annotations

import io
import math
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from certs.picture import check_picture
from docgen.imprint import ImprintError, draw_imprint

NAME = "测试市应急管理局"
LONG = "测试省测试市测试新区综合行政审批服务管理与应急管理安全生产监督管理局测试分局办公厅"[:40]
NAMES = ["局", "某局", "应急局", NAME, "测试市测试区应急管理局", "测试自治区测试哈萨克自治州应急管理局",
         "测试市测试区行政审批服务管理局（政务服务中心）", LONG]


@cache
def _ink(name: str, lower_line: str = "测试专用", diameter_mm: int = 42) -> np.ndarray:
    """Return the opacity of every pixel, 0 to 204: full ink lets what is printed below show through."""
    png = draw_imprint(name, diameter_mm=diameter_mm, lower_line=lower_line)
    with Image.open(io.BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGBA"))[:, :, 3].astype(int)


def _polar(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return radius (the edge is 1) and angle (0 at the top, clockwise, degrees) of every pixel."""
    half = (ink.shape[0] - 1) / 2
    y, x = np.mgrid[0:ink.shape[0], 0:ink.shape[1]] - half
    return np.hypot(x, y) / half, np.degrees(np.arctan2(x, -y))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("diameter_mm", [42, 45, 50])
def test_an_imprint_is_a_small_round_red_picture_that_can_be_a_seal(name: str, diameter_mm: int) -> None:
    png = draw_imprint(name, diameter_mm=diameter_mm, lower_line="测试专用")
    assert len(png) <= 32 * 1024 and (diameter_mm > 42 or len(png) <= 25 * 1024)
    assert check_picture(png, diameter_mm=diameter_mm).dpi >= 300
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.mode == "P" and picture.size[0] == picture.size[1]
        assert picture.info["dpi"][0] == pytest.approx(350, abs=2)
        red, green, blue, _ = np.asarray(picture.convert("RGBA")).reshape(-1, 4).max(axis=0)
        assert red > 180 and green < 40 and blue < 40


def test_the_same_imprint_is_the_same_bytes() -> None:
    assert draw_imprint(NAME, lower_line="测试专用") == draw_imprint(NAME, lower_line="测试专用")
    assert draw_imprint(NAME, lower_line="测试专用") != draw_imprint(NAME)


def test_ring_star_and_ground_stand_where_they_belong() -> None:
    ink = _ink("局", "")
    radius, angle = _polar(ink)
    assert ink[radius > 1.0].max() == 0
    assert ink[(radius > 0.95) & (radius < 0.985)].min() == 204                     # the ring is closed
    assert ink[radius < 0.12].min() == 204                                          # the star's body
    points = [(radius > 0.27) & (radius < 0.29) & (np.abs(angle - at) < 1) for at in (0, 72, 144, -72, -144)]
    assert all(ink[point].min() == 204 for point in points)
    gaps = [(radius > 0.2) & (radius < 0.5) & (np.abs(angle - at) < 3) for at in (36, 108, 180, -36, -108)]
    assert all(ink[gap].max() == 0 for gap in gaps)


@pytest.mark.parametrize("name", NAMES)
def test_the_characters_run_from_left_to_right_along_the_upper_arc(name: str) -> None:
    whole = _ink(name, "")
    radius, angle = _polar(whole)
    places = []
    drawn = range(0, len(name), max(1, len(name) // 8))
    for index in drawn:
        other = name[:index] + ("一" if name[index] != "一" else "丨") + name[index + 1:]
        changed = np.abs(whole - _ink(other, "")) > 128
        assert radius[changed].min() > 0.6 and radius[changed].max() < 0.93
        places.append(math.degrees(np.mean(np.radians(angle[changed]))))
    assert sorted(places) == places
    steps = np.diff(places)
    assert len(steps) == 0 or steps.max() - steps.min() < 8                         # evenly spaced
    middle = places[0] + (places[-1] - places[0]) * (len(name) - 1) / max(1, 2 * drawn[-1])
    assert abs(middle) < 6                                                          # balanced around the top
    assert places[0] > -135 and places[-1] < 135


@pytest.mark.parametrize("name", NAMES)
def test_the_lower_line_covers_nothing_else(name: str) -> None:
    without, ink = _ink(name, ""), _ink(name, "测试专用")
    added = ink > without
    assert added.sum() > 1000
    assert without[added].max() == 0
    assert (ink >= without).all()
    _, angle = _polar(ink)
    assert np.abs(angle[added]).min() > 120                                         # under the star


def test_neighbours_do_not_touch_in_a_long_name() -> None:
    ink = _ink(LONG, "")
    radius, angle = _polar(ink)
    at = [np.radians(place) for place in np.linspace(-120, 120, 2400)]
    heads = (radius > 0.66) & (radius < 0.91)
    columns = [ink[heads & (np.abs(angle - math.degrees(place)) < 0.08)].max(initial=0) for place in at]
    gaps = sum(1 for left, right in pairwise(columns) if left >= 128 > right)
    assert gaps > len(LONG) * 0.6


FAULTS = [
    ({"name": ""}, "imprint.name-length"),
    ({"name": "局" * 41}, "imprint.name-length"),
    ({"lower_line": "试" * 17}, "imprint.lower-line-length"),
    ({"diameter_mm": 40}, "imprint.diameter"),
    ({"dpi": 299}, "imprint.resolution"),
    ({"dpi": 1201}, "imprint.resolution"),
    ({"name": "测试 局"}, "imprint.character"),
    ({"name": "测试\n局"}, "imprint.character"),
    ({"name": "测试\u202e局"}, "imprint.character"),
    ({"name": "测试\U000323af局"}, "imprint.character"),
    ({"lower_line": "测试\U000323af"}, "imprint.character"),
]


@pytest.mark.parametrize(("change", "code"), FAULTS)
def test_what_cannot_be_drawn_is_refused(change: dict[str, object], code: str) -> None:
    arguments: dict[str, object] = {"name": NAME, **change}
    with pytest.raises(ImprintError) as refusal:
        draw_imprint(str(arguments.pop("name")), **arguments)  # type: ignore[arg-type]
    assert refusal.value.code.value == code


def test_a_rare_character_is_drawn_by_another_face() -> None:
    assert np.abs(_ink("测试𠮷局", "") - _ink("测试一局", "")).max() > 128

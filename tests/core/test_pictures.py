"""Charts as pictures: the same bytes for the same figures, small, and to be seen on any ground."""

import io
import random
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.core.cards import Chart, Point
from bot.core.pictures import AIM, LARGEST, MOST, SIZE, TONES, drawn, thinned

LIGHT, DARK = (255, 255, 255), (0x1A, 0x1D, 0x21)
FIRST = date(2026, 9, 1)


def point(days, value, tone="plain"):
    return Point(FIRST + timedelta(days=days), value, tone)


def chart(*points, target=None):
    return Chart(points, "in words", target)


def opened(picture):
    return Image.open(io.BytesIO(picture))


def colors(picture):
    """All colours one cannot see through, and how many pixels have them."""
    image = opened(picture).convert("RGBA")
    return {color[:3]: number for number, color in image.getcolors(SIZE[0] * SIZE[1]) if color[3] > 230}


def near(color, found):
    return sum(n for other, n in found.items() if max(abs(a - b) for a, b in zip(color[:3], other, strict=True)) < 12)


def contrast(one, other):
    """w3.org/TR/WCAG21/#dfn-contrast-ratio"""

    def light(color):
        parts = [c / 255 for c in color[:3]]
        r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def noise(number):
    dice = random.Random(number)
    tones = ("good", "warn", "bad", "plain")
    return chart(*(point(n, dice.gauss(50, 20), dice.choice(tones)) for n in range(number)), target=point(600, 90))


CASES = {
    "some": chart(point(0, 0, "good"), point(30, 20, "warn"), point(60, 25, "bad"), target=point(90, 80)),
    "one": chart(point(0, 5)),
    "one with a target": chart(point(0, 5), target=point(30, 10)),
    "equal": chart(*(point(n, 5) for n in range(4))),
    "of one day": chart(*(point(0, n) for n in range(4))),
    "huge": chart(point(0, 1e308), point(1, -1e308), point(2, 3)),
    "endless": chart(point(0, float("inf")), point(1, float("nan")), point(2, float("-inf"))),
    "tiny": chart(point(0, 1e-300), point(1, 2e-300)),
    "falling to its target": chart(point(0, 40), point(30, 12), target=point(50, 10)),
    "past its day": chart(point(0, 1), point(90, 2), target=point(30, 5)),
    "the first and the last day there are": chart(Point(date.min, 1), Point(date.max, 2)),
    "25": noise(25),
    "48": noise(48),
    "500": noise(500),
}


@pytest.mark.parametrize("name", CASES)
def test_a_chart_is_a_small_transparent_picture(name):
    picture = drawn(CASES[name])
    assert picture.startswith(b"\x89PNG") and len(picture) <= LARGEST
    image = opened(picture)
    assert image.size == SIZE and image.convert("RGBA").getpixel((0, 0))[3] == 0


def test_the_same_figures_give_the_same_bytes():
    one = drawn(noise(100))
    drawn.cache_clear()
    assert drawn(noise(100)) == one != drawn(noise(101))


@pytest.mark.parametrize("color", [*TONES.values(), AIM])
@pytest.mark.parametrize("ground", [LIGHT, DARK])
def test_its_tones_are_seen_on_light_and_on_dark(color, ground):
    assert contrast(color, ground) >= 3


def test_each_tone_has_its_dot():
    for tone, color in TONES.items():
        found = colors(drawn(chart(point(0, 1, tone))))
        others = [other for name, other in TONES.items() if name != tone]
        assert near(color, found) > 150 and not any(near(other, found) for other in others)


def test_the_target_is_drawn_and_only_then():
    points = (point(0, 1, "good"), point(10, 2, "good"))
    assert near(AIM, colors(drawn(chart(*points, target=point(20, 3))))) > 300
    assert not near(AIM, colors(drawn(chart(*points))))


def test_later_is_further_right_and_more_is_higher():
    def place(tone, picture):
        image = opened(picture).convert("RGBA")
        there = [
            (x, y)
            for x in range(SIZE[0])
            for y in range(SIZE[1])
            if max(abs(a - b) for a, b in zip(image.getpixel((x, y)), TONES[tone], strict=True)) < 12
        ]
        return [sum(axis) / len(there) for axis in zip(*there, strict=True)]

    picture = drawn(chart(point(0, 10, "bad"), point(30, 20, "good")))
    (x1, y1), (x2, y2) = place("bad", picture), place("good", picture)
    assert x1 < x2 and y1 > y2


def test_many_points_are_thinned_and_their_ends_stay():
    many = noise(500).points
    few = thinned(many)
    assert len(few) == MOST and (few[0], few[-1]) == (many[0], many[-1])
    assert list(few) == sorted(few, key=lambda each: each.day) and len(set(few)) == MOST


def test_no_points_are_a_mistake_of_ours():
    with pytest.raises(ValueError, match="point"):
        drawn(chart())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.builds(Point, st.dates(), st.floats(), st.sampled_from(list(TONES))), min_size=1, max_size=80),
    st.none() | st.builds(Point, st.dates(), st.floats()),
)
def test_any_figures_can_be_drawn(points, target):
    assert len(drawn(Chart(tuple(points), "", target))) <= LARGEST

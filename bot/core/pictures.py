"""Charts as pictures: PNG bytes, the same for the same figures. Pure.

No word and no figure stands in them, for a picture speaks no language: a chart's `alt` says it all. They are seen on
light and on dark grounds, so they are transparent, in tones of middle brightness.
"""

import io
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw

from bot.core.cards import Chart, Point, Tone

SIZE = (640, 200)  # pixels, twice what it is shown at
LARGEST = 6_000  # bytes
MOST = 48  # points drawn: more would stand closer together than their dots are wide
FINE = 3  # drawn so many times larger, and made smaller: smooth edges
LEFT, TOP, RIGHT, BOTTOM = 20, 26, 26, 18
LINE, HALO, DASH, GAP = 6, 5, 14, 10
SMALL, DOT, RING = 4.5, 9.0, 5.0  # radii: of dots that stand close, of those with room, of the hole in the target's
FAR = 1e300  # what is larger would not leave room for a difference
Color = tuple[int, int, int, int]
Spot = tuple[float, float]
NOTHING: Color = (0, 0, 0, 0)
# Each has a contrast of three and more with white, and with the dark ground of the chats (#1a1d21).
TONES: dict[Tone, Color] = {
    "good": (26, 152, 104, 255),
    "warn": (196, 124, 8, 255),
    "bad": (226, 75, 84, 255),
    "plain": (104, 116, 236, 255),
}
INK, WASH = TONES["plain"], (104, 116, 236, 40)
AXIS, AIM = (134, 140, 152, 120), (134, 140, 152, 255)


@lru_cache(maxsize=256)
def drawn(chart: Chart) -> bytes:
    """The chart as a PNG of SIZE, of at most LARGEST bytes. ValueError for one without points."""
    points = thinned(chart.points)
    frame = Frame.around(points, chart.target)
    spots = [frame.spot(point, number / max(1, len(points) - 1)) for number, point in enumerate(points)]
    image = Image.new("RGBA", (SIZE[0] * FINE, SIZE[1] * FINE), NOTHING)
    pen = ImageDraw.Draw(image)
    floor = float(SIZE[1] - BOTTOM) * FINE
    if len(spots) > 1:
        pen.polygon([(spots[0][0], floor), *spots, (spots[-1][0], floor)], fill=WASH)
    pen.line([(LEFT * FINE / 2, floor), ((SIZE[0] - RIGHT / 2) * FINE, floor)], fill=AXIS, width=2 * FINE)
    if chart.target:
        _aim(pen, frame.spot(chart.target, 1))
    for begin, end in itertools.pairwise(spots):
        pen.line([begin, end], fill=INK, width=LINE * FINE)
        _disc(pen, end, LINE / 2, INK)
    radius = max(SMALL, min(DOT, SIZE[0] / len(points) / 3))
    for number, (point, spot) in enumerate(zip(points, spots, strict=True), 1):
        wide = DOT if number == len(points) else radius  # where it stands now
        _disc(pen, spot, wide + HALO * wide / DOT, NOTHING)
        _disc(pen, spot, wide, TONES[point.tone])
    return _packed(image.resize(SIZE, Image.Resampling.BOX))


def thinned(points: Sequence[Point]) -> Sequence[Point]:
    """Not more than MOST of them, evenly taken, the first and the last among them."""
    if not points:
        raise ValueError("a chart has a point at least")
    if len(points) <= MOST:
        return points
    step = (len(points) - 1) / (MOST - 1)
    return [points[round(n * step)] for n in range(MOST)]


@dataclass(frozen=True, slots=True)
class Frame:
    """Where days and values stand in the picture."""

    first: int  # days, as ordinals
    days: int
    low: float
    span: float

    @classmethod
    def around(cls, points: Sequence[Point], target: Point | None) -> "Frame":
        shown = [*points, target] if target else points
        days = [point.day.toordinal() for point in shown]
        values = [_value(point) for point in shown]
        low, high = min(values), max(values)
        return cls(min(days), max(days) - min(days), low, high - low)

    def spot(self, point: Point, order: float) -> Spot:
        """`order` from 0 to 1 says where it stands among points that are all of one day."""
        across = (point.day.toordinal() - self.first) / self.days if self.days else order
        up = (_value(point) - self.low) / self.span if self.span else 0.5
        room = SIZE[0] - LEFT - RIGHT, SIZE[1] - TOP - BOTTOM - 2 * DOT
        return (LEFT + across * room[0]) * FINE, (TOP + (1 - up) * room[1]) * FINE


def _value(point: Point) -> float:
    return 0.0 if math.isnan(point.value) else max(-FAR, min(FAR, point.value))


def _aim(pen: ImageDraw.ImageDraw, spot: Spot) -> None:
    """A dashed line at the target's height, and a ring on its day."""
    x, y = spot
    at = LEFT * FINE / 2
    while at < x - (DOT + HALO) * FINE:
        pen.line([(at, y), (min(at + DASH * FINE, x - (DOT + HALO) * FINE), y)], fill=AIM, width=3 * FINE)
        at += (DASH + GAP) * FINE
    _disc(pen, spot, DOT, AIM)
    _disc(pen, spot, RING, NOTHING)


def _disc(pen: ImageDraw.ImageDraw, spot: Spot, radius: float, color: Color) -> None:
    x, y, r = *spot, radius * FINE
    pen.ellipse([x - r, y - r, x + r, y + r], fill=color)


def _packed(image: Image.Image) -> bytes:
    """As small as it gets: fewer tones of transparency where there are too many."""
    found = b""
    for colors in (96, 48, 24, 12):
        box = io.BytesIO()
        image.quantize(colors, method=Image.Quantize.FASTOCTREE).save(box, "PNG", optimize=True)
        found = box.getvalue()
        if len(found) <= LARGEST:
            break
    return found

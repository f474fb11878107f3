"""Hours and time zones as people type them."""

import re
from datetime import time
from functools import lru_cache
from zoneinfo import available_timezones

CLOCK = re.compile(r"([01]?[0-9]|2[0-3])(?:[:.]([0-5][0-9]))?(?: ?(?:h|uur))?")
REGIONS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


def read_clock(text: str) -> time | None:
    """A time of day: 9, 9:30, 09.30. None for what is none."""
    found = CLOCK.fullmatch(text.strip().lower())
    return time(int(found[1]), int(found[2] or 0)) if found else None


def read_zone(text: str) -> str | None:
    """A time zone by its name or its city, capitals or not: Europe/Amsterdam, new york. None for what is none, and for
    a name that several have."""
    found = _zones().get(_plain(text), ())
    return found[0] if len(found) == 1 else None


def _plain(text: str) -> str:
    return re.sub(r"[ _]+", "_", text.strip().lower())


@lru_cache(maxsize=1)
def _zones() -> dict[str, tuple[str, ...]]:
    """All zones by what they can be called. A city counts only where it stands in a region: "Europe" has no city."""
    named = dict[str, tuple[str, ...]]()
    for zone in sorted(available_timezones()):
        region, _, place = zone.partition("/")
        named[_plain(zone)] = (zone,)
        if place and region in REGIONS:
            city = _plain(place.rpartition("/")[2])
            named[city] = (*named.get(city, ()), zone)
    return named

"""A team's own rhythm: which day, hour and cadence its manager chose, and from which day on that holds.

A change of the day or the hour holds at once: a period is asked in once, whatever its day. A change of the cadence
begins with the first period of its own after the change; until then the old one goes on, but what would reach beyond
that day is not asked any more. So no two periods in which people are asked ever overlap.

Kept as JSON, by rhythm the stages in the order of their days: what holds today, and what may come.
"""

import json
import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, cast, get_args

from bot.core.calendar import Calendar, Every, Rhythm, after, bounds, period
from bot.core.moments import local_date, moment, timely
from bot.core.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Beat:
    """What a manager chose of one rhythm. Without `every`, the company's."""

    on: str
    at: time
    every: Every | None = None

    def over(self, rhythm: Rhythm) -> Rhythm:
        """Raises ValueError where this is no day of the cadence."""
        return replace(rhythm, every=self.every or rhythm.every, on=self.on, at=self.at)


@dataclass(frozen=True, slots=True)
class Stage:
    since: date  # date.min: from ever
    beat: Beat | None  # None: as the company has it


@dataclass(frozen=True, slots=True)
class Course:
    """A rhythm as it runs for somebody now, and where it borders on another cadence."""

    rhythm: Rhythm
    since: date = date.min  # what began before was another cadence's
    until: date = date.max  # on this day another cadence begins

    def covers(self, period: str) -> bool:
        """Whether people are asked in this period. Raises ValueError for what is no period of this rhythm."""
        first, last = bounds(self.rhythm.every, period)
        return self.since <= first and last < self.until


Stages = Mapping[str, tuple[Stage, ...]]
COMPANY = Stage(date.min, None)


@lru_cache(maxsize=4096)
def stages(text: str) -> Stages:
    """What is kept, by rhythm. What cannot be read counts as nothing, which is said once: it must stop nobody."""
    try:
        found = json.loads(text) if text else {}
        return {str(name): tuple(map(_stage, many)) for name, many in found.items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        log.error("the rhythm a team has in the store cannot be read (%s): the company's holds", type(error).__name__)
        return {}


def _stage(kept: Mapping[str, Any]) -> Stage:
    since = date.fromisoformat(kept["since"]) if kept["since"] else date.min
    if kept["on"] is None:
        return Stage(since, None)
    if kept["every"] not in (None, *get_args(Every)):
        raise ValueError("no cadence")
    return Stage(since, Beat(str(kept["on"]), time.fromisoformat(kept["at"]), cast(Every | None, kept["every"])))


def written(found: Stages) -> str:
    """The same as text; equal rhythms are equal texts, so that teams can be grouped by it. "" for none."""
    kept = {
        name: [
            {
                "since": "" if stage.since == date.min else stage.since.isoformat(),
                "every": stage.beat.every if stage.beat else None,
                "on": stage.beat.on if stage.beat else None,
                "at": f"{stage.beat.at:%H:%M}" if stage.beat else None,
            }
            for stage in many
        ]
        for name, many in sorted(found.items())
    }
    return json.dumps(kept, separators=(",", ":")) if kept else ""


def current(text: str, name: str, day: date) -> tuple[Stage, Stage | None]:
    """What holds of a rhythm on this day, and what comes after it."""
    many = stages(text).get(name, ())
    begun = [stage for stage in many if stage.since <= day]
    coming = [stage for stage in many if stage.since > day]
    return (begun[-1] if begun else COMPANY), (coming[0] if coming else None)


@lru_cache(maxsize=65_536)
def course(rhythm: Rhythm, text: str, day: date) -> Course:
    now, then = current(text, rhythm.name, day)
    held, until = rhythm, then.since if then else date.max
    if now.beat:
        try:
            held = now.beat.over(rhythm)
        except ValueError:  # the company's cadence was changed since, and this is no day of it
            log.warning("a team's day for %s is none of the company's cadence: the company's day holds", rhythm.name)
    return Course(held, now.since, until)


def courses(settings: Settings, text: str, day: date) -> dict[str, Course]:
    """Each rhythm of the company as it runs on this day for a team whose manager said this."""
    return {name: course(rhythm, text, day) for name, rhythm in settings.rhythms.items()}


def periods(company: Rhythm, text: str, day: date) -> Iterator[tuple[Course, str]]:
    """The period this day is in and those to come, those in which people are asked; each as it will run then."""
    running = course(company, text, day)
    name = period(running.rhythm.every, day)
    while True:
        if bounds(running.rhythm.every, name)[1] < running.until:
            if running.covers(name):
                yield running, name
            name = after(running.rhythm.every, name)
        else:
            running = course(company, text, running.until)
            name = period(running.rhythm.every, running.since)


def next_days(
    company: Rhythm, text: str, calendar: Calendar, now: datetime, asked: Collection[str], count: int
) -> list[date]:
    """The next days (local) on which people of this calendar are asked. `asked`: periods in which they were already."""
    found, today = list[date](), local_date(calendar, now)
    for running, name in periods(company, text, today):
        at = moment(running.rhythm, calendar, name)
        if at and name not in asked and (at > now or timely(running.rhythm, calendar, at, now)):
            found.append(max(local_date(calendar, at), today))
        if len(found) == count:
            break
    return found


def changed(text: str, company: Rhythm, beat: Beat | None, today: date) -> str:
    """What is to be kept once a manager has chosen `beat` (None: as the company has it). `company`: its own rhythm.

    `today` is the latest day that it is now for anybody of the team.
    """
    now, _ = current(text, company.name, today)
    old, new = ((stage and stage.every) or company.every for stage in (now.beat, beat))
    if old == new:
        many: tuple[Stage, ...] = (Stage(now.since, beat),)
    else:
        many = (now, Stage(bounds(new, after(new, period(new, today)))[0], beat))
    others = {name: kept for name, kept in stages(text).items() if name != company.name}
    return written(others if many == (COMPANY,) else {**others, company.name: many})

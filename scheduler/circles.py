"""People who are planned alike, with all that planning them needs: one circle stands for thousands of people."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bot.core.cadences import Course, course, periods
from bot.core.calendar import Calendar, Every, bounds
from bot.core.overlays import overlaid
from bot.core.settings import Settings
from scheduler.hours import awake, local
from storage import rounds
from storage.engine import Session
from storage.overlays import of_companies
from storage.rounds import Kin


@dataclass(frozen=True, slots=True)
class Circle:
    kin: Kin
    calendar: Calendar  # without quiet hours
    settings: Settings  # of the company
    today: date

    def course(self, rhythm: str, day: date | None = None) -> Course:
        """How a rhythm runs for these people on a day; today, if none is named."""
        return course(self.settings.rhythms[rhythm], self.kin.cadence, day or self.today)

    def periods(self, rhythm: str) -> Iterator[tuple[Course, str]]:
        """This period and those to come in which they are asked, each as it will run then."""
        return periods(self.settings.rhythms[rhythm], self.kin.cadence, self.today)


Circles = Mapping[Kin, Circle]


async def circles(session: Session, now: datetime) -> dict[Kin, Circle]:
    """All there are. Nobody is in one whose calendar cannot be read, or leaves no hour that is not quiet."""
    companies, found = await of_companies(session), dict[Kin, Circle]()
    for kin in await rounds.kin(session):
        settings = overlaid(session.settings, companies.get(kin.company), None, now.date())
        if calendar := awake(kin.calendar, settings.quiet):
            found[kin] = Circle(kin, calendar, settings, local(calendar, now).date())
    return found


def by_company(all: Circles) -> list[tuple[Settings, dict[Kin, Circle]]]:
    """Settings, and the circles for which they hold."""
    found = dict[str, dict[Kin, Circle]]()
    for kin, circle in all.items():
        found.setdefault(kin.company, {})[kin] = circle
    return [(next(iter(some.values())).settings, some) for some in found.values()]


@lru_cache(maxsize=4096)
def span(zone: str, every: Every, period: str) -> tuple[datetime, datetime]:
    """The first moment (UTC) of a period there, and the first after it."""
    first, last = bounds(every, period)
    days = (first, last + timedelta(days=1))
    begins, ends = (datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC) for day in days)
    return begins, ends

"""Follow-ups: on a day somebody set, and at its hour where there is one, the question what became of it."""

from datetime import UTC, datetime, timedelta

from bot.core.calendar import Calendar
from bot.core.moments import on_day
from scheduler import rhythms
from scheduler.circles import Circles
from scheduler.hours import late, local, today_or
from storage import followups
from storage.engine import Store
from storage.followups import Slot

DAY = timedelta(days=1)
LATE = 5  # working days in which one is still timely


async def plan(store: Store, circles: Circles, now: datetime) -> None:
    async with store.reading() as session:
        waiting = await followups.coming(session, now.astimezone(UTC).date() + DAY)
    due, known = dict[Slot, tuple[datetime, bool]](), calendars(circles)
    for key, day, time in waiting:
        if calendar := known.get(key):
            hour = time or store.settings.followup
            at = on_day(calendar, day, hour)
            if at <= now and rhythms.hour_has_come(calendar, hour, now):
                due[key, day, time] = today_or(calendar, at, now), late(calendar, at, LATE, now)
    if due:
        async with store.transaction() as session:
            for (key, day, time), (at, stale) in due.items():
                await followups.plan(session, key, day, at, local(known[key], now).date(), stale, time)


def calendars(circles: Circles) -> dict[str, Calendar]:
    return {kin.calendar: circle.calendar for kin, circle in circles.items()}

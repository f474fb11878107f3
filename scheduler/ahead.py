"""A look ahead: when something will be said next. For the playground's clock, and for tests."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from bot.core.calendar import period as period_of
from bot.core.moments import moment, on_day, timely
from scheduler import followups, reminders, rhythms, rounds
from scheduler.circles import Circle, Circles, by_company, circles
from scheduler.hours import hour, late, local
from storage import followups as followed
from storage import nudges
from storage import reminders as reminded
from storage import rounds as store_rounds
from storage.engine import Session, Store
from storage.rounds import Kin, Slot

DAY, MONTHS = timedelta(days=1), timedelta(days=190)
NEVER = datetime.max.replace(tzinfo=UTC)
PERIODS = 3  # that are looked at: of one somebody may be away, another may be answered already


async def next_moment(store: Store, now: datetime) -> datetime | None:
    """When the next nudge, reminder or follow-up will come, after now (aware); None when there is nobody."""
    async with store.reading() as session:
        all = await circles(session, now)
        found = await _next_follow_ups(session, all, now)
        if owed := await nudges.next_owed(session, now):
            found.append(owed)
        for rhythm, each in store.settings.rhythms.items():
            for step in range(1, len(each.remind) + 1):
                found += await _next_reminders(session, rhythm, step, all, now)
        for settings, some in by_company(all):
            for rhythm in (name for name, each in settings.rhythms.items() if each.whom != "nobody"):
                found += await _next_back(session, rhythm, some, now)
                found += await _next_nudges(session, rhythm, some, now, min(found, default=NEVER))
    return min(found, default=None)


async def _next_nudges(
    session: Session, rhythm: str, some: Circles, now: datetime, until: datetime
) -> Iterable[datetime]:
    """For each circle the first moment before `until` at which somebody has not had the nudge yet."""
    settings, found = next(iter(some.values())).settings, dict[Kin, datetime]()
    for ahead in range(PERIODS):
        asked = dict[tuple[date, date], dict[Kin, Slot]]()
        for kin, circle in some.items():
            if kin not in found and (coming := _coming(rhythm, circle, ahead, now)):
                since, slot = coming
                if slot.at >= until:  # something else comes first, and nobody has to be looked for
                    continue
                day = local(circle.calendar, slot.at).date()
                asked.setdefault((since, day), {})[kin] = slot
        for (since, day), slots in asked.items():
            whom = rounds.whom_of(settings, rhythm, some, since, day, settled=day)
            found |= {kin: slots[kin].at for kin in await store_rounds.lacking(session, whom, slots)}
    return found.values()


def _coming(rhythm: str, circle: Circle, ahead: int, now: datetime) -> tuple[date, Slot] | None:
    """The local day of a period's nudge, and when it is still to come or will be made up for."""
    course, period = next(islice(circle.periods(rhythm), ahead, None))
    at = moment(course.rhythm, circle.calendar, period)
    if at is None or (at <= now and not timely(course.rhythm, circle.calendar, at, now)):
        return None
    then = at if at > now else hour(circle.calendar, course.rhythm.at, now)
    return local(circle.calendar, at).date(), rounds.row(course.rhythm.every, circle, period, then)


async def _next_back(session: Session, rhythm: str, some: Circles, now: datetime) -> list[datetime]:
    """For everybody who is away, or has been until a moment ago, the moment after their return."""
    settings, today = next(iter(some.values())).settings, now.date()
    whom = rounds.whom_of(settings, rhythm, some, today - 14 * DAY, today + DAY, settled=today)
    found = []
    for person, (kin, back) in rounds.returned(await store_rounds.absent(session, whom), some).items():
        if back is None or back > today + 2 * MONTHS:
            continue
        course = some[kin].course(rhythm, back)
        period = period_of(course.rhythm.every, back)
        at = moment(course.rhythm, some[kin].calendar, period, back) if course.covers(period) else None
        if at and at > now and not await nudges.states(session, [person], rhythm, period):
            found.append(at)
    return found


async def _next_reminders(session: Session, rhythm: str, step: int, all: Circles, now: datetime) -> list[datetime]:
    found = []
    for group in await reminded.waiting(session, rhythm, step, reminders.periods(rhythm, all), now):
        if circle := reminders.asked(rhythm, group, all):
            running = circle.course(rhythm).rhythm
            at = rhythms.reminder(running, circle.calendar, group.first, step, group.period)
            if at and (at > now or not late(circle.calendar, at, reminders.LATE, now)):
                found.append(at if at > now else hour(circle.calendar, running.at, now))
    return found


async def _next_follow_ups(session: Session, all: Circles, now: datetime) -> list[datetime]:
    found, known = [], followups.calendars(all)
    for key, day, time in await followed.coming(session, now.date() + 2 * MONTHS):
        if calendar := known.get(key):
            then = time or session.settings.followup
            at = on_day(calendar, day, then)
            found.append(at if at > now else hour(calendar, then, now))
    return found

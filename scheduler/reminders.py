"""Reminders: some working days after a nudge, to who has not answered."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.calendar import period as period_of
from scheduler import rhythms
from scheduler.circles import Circle, Circles
from scheduler.hours import late
from storage import reminders
from storage.engine import Store
from storage.reminders import Group, Reminder

DAY = timedelta(days=1)
LATE = 1  # working days in which one is still timely


async def plan(store: Store, circles: Circles, now: datetime) -> None:
    for rhythm, each in store.settings.rhythms.items():
        for step in range(1, len(each.remind) + 1 if each.whom != "nobody" else 1):
            await _plan(store, rhythm, step, circles, now)


async def _plan(store: Store, rhythm: str, step: int, circles: Circles, now: datetime) -> None:
    until = now - store.settings.rhythms[rhythm].remind[step - 1] * DAY + DAY  # so many working days are as many days
    async with store.reading() as session:
        groups = await reminders.waiting(session, rhythm, step, periods(rhythm, circles), until)
    found = dict[tuple[object, ...], Reminder]()
    for group in groups:
        if (circle := asked(rhythm, group, circles)) and (reminder := _reminder(rhythm, step, circle, group, now)):
            # Nobody nudged between these two has another moment: groups whose people began one by one become one.
            key = (group.kin, group.period, reminder.at, reminder.state)
            before = found.get(key, reminder).group
            first, last = min(before.first, group.first), max(before.last, group.last)
            found[key] = replace(reminder, group=replace(group, first=first, last=last))
    if found:
        async with store.transaction() as session:
            await reminders.remind(session, rhythm, step, found.values())


def periods(rhythm: str, circles: Circles) -> set[str]:
    """Those that run now, of whatever cadence."""
    return {period_of(circle.course(rhythm).rhythm.every, circle.today) for circle in circles.values()}


def asked(rhythm: str, group: Group, circles: Circles) -> Circle | None:
    """The circle of a group, if what they were asked in is a period that runs for them."""
    circle = circles.get(group.kin)
    runs = circle and period_of(circle.course(rhythm).rhythm.every, circle.today) == group.period
    return circle if runs else None


def _reminder(rhythm: str, step: int, circle: Circle, group: Group, now: datetime) -> Reminder | None:
    """What these people are owed now. One that is late, or that the next one has overtaken, was missed."""
    running, calendar = circle.course(rhythm).rhythm, circle.calendar
    at = rhythms.reminder(running, calendar, group.first, step, group.period)
    if at is None or at > now:
        return None
    following = rhythms.reminder(running, calendar, group.first, step + 1, group.period)
    if late(calendar, at, LATE, now) or (following and following <= now):
        return Reminder(group, at, "missed", circle.today)
    return Reminder(group, at, "owed", circle.today) if rhythms.hour_has_come(calendar, running.at, now) else None

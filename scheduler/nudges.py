"""Nudges: planned for everybody at once, said to one after the other, each once. Nobody has a job."""

import logging
import traceback
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Literal

from bot.core import watch
from bot.core.calendar import Calendar, Rhythm, bounds
from bot.core.events import Due
from bot.core.moments import moment, on_day
from bot.turn import Turns
from scheduler import followups, reminders, rhythms, rounds
from scheduler.circles import circles
from scheduler.hours import awake, back_on, hour, late, local, opening
from scheduler.rounds import Lately
from storage import absences, nudges
from storage.digest import Full
from storage.engine import Store
from storage.followups import STANDING
from storage.nudges import Owed

log = logging.getLogger(__name__)

HOUR, DAY, MONTHS = timedelta(hours=1), timedelta(days=1), timedelta(days=190)
BATCH = 100  # nudges read at once
STUMBLE = timedelta(minutes=1)  # after a handler raised; four times as long after each further time


async def plan(
    store: Store, now: datetime, lately: Lately | None = None, going: Callable[[], bool] = lambda: True
) -> None:
    """Bring into being, as rows, every nudge, reminder and follow-up whose moment has come; what is stale is recorded
    as missed. `now` aware. Any number of replicas may do this at once. What is left when it is no longer `going` is
    planned the next time."""
    async with store.reading() as session:
        all = await circles(session, now)
    await rounds.plan(store, all, now, lately or Lately(), going)
    await reminders.plan(store, all, now)
    await followups.plan(store, all, now)


async def play(turns: Turns, store: Store, now: datetime) -> int:
    """Say everything that is owed now. Returns how many turns were taken."""
    said = 0
    while (more := await play_some(turns, store, now)) is not None:
        said += more
    return said


async def play_some(turns: Turns, store: Store, now: datetime, going: Callable[[], bool] = lambda: True) -> int | None:
    """Say the oldest of what is owed, a batch of it, as long as it is `going`. Returns how many turns were taken; None
    when nothing is owed. Any number of replicas may do this at once: whoever is second finds the event already seen.
    """
    async with store.reading() as session:
        owed = await nudges.owed(session, now, BATCH)
        leave = await absences.leave(session, (one.due.actor.id for one in owed), now.date() - MONTHS) if owed else {}
    if not owed:
        return None
    said = list[Due]()
    for one in owed:
        if not going():
            break
        concerned = (absences.ALL, one.due.rhythm)
        away = [(first, last) for rhythm, first, last in leave.get(one.due.actor.id, ()) if rhythm in concerned]
        match _verdict(one, away, now):
            case "say":
                if await _say(turns, store, one, now):
                    said.append(one.due)
            case "missed":
                async with store.transaction() as session:
                    await nudges.missed(session, one.due)
                watch.count("nudges", "missed", 1)
            case datetime() as later:
                async with store.transaction() as session:
                    await nudges.put_off(session, one.due, later)
    async with store.transaction() as session:
        # A turn that had been taken before did nothing: without this its nudge would come up again for ever.
        await nudges.all_said(session, said)
    return len(said)


async def _say(turns: Turns, store: Store, one: Owed, now: datetime) -> bool:
    try:
        await turns.take(one.due)
    except Full as full:
        await _wait(store, one, full, now)
        return False
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        # Not the error's own text: it may quote what somebody said.
        log.error("%s: %s in %s, line %s", one.due.id, type(error).__name__, frame.filename, frame.lineno)
        async with store.transaction() as session:
            await nudges.stumbled(session, one.due, now + STUMBLE * 4**one.tries)
        return False
    return True


async def _wait(store: Store, one: Owed, full: Full, now: datetime) -> None:
    """Told enough this week: a reminder is left out, everything else comes in the next one, if it is timely then."""
    settings = one.due.settings
    reminder = one.due.step > 0 and one.due.rhythm in settings.rhythms
    calendar = awake(one.calendar, settings.quiet)
    async with store.transaction() as session:
        if reminder or calendar is None:
            await nudges.missed(session, one.due)
        else:
            await nudges.put_off(session, one.due, on_day(calendar, full.retry_at, calendar.start))
    watch.count("nudges", "missed" if reminder else "waiting", 1)


Verdict = Literal["say", "missed"] | datetime  # or: not before then


def _verdict(one: Owed, away: list[tuple[date, date]], now: datetime) -> Verdict:
    """Whether this is still to be said, now. It may have been planned long ago, before the machine slept."""
    settings = one.due.settings
    calendar = awake(one.calendar, settings.quiet)
    if calendar is None:
        return now + DAY
    today = local(calendar, now).date()
    back, rhythm = back_on(away, today), settings.rhythms.get(one.due.rhythm)
    # What was snoozed and comes again is of the same round, and goes with it.
    round = settings.rhythms.get(one.due.rhythm.removesuffix(".again"))
    if round and round.whom == "nobody":  # turned off since it was planned
        return "missed"
    if back and back > today:
        return on_day(calendar, min(back, today + 30 * DAY), _hour(one, calendar))
    if rhythm and one.due.step == 0:
        verdict = _round_verdict(rhythm, calendar, one.due.period, back, now)
        return now + HOUR if verdict == "say" and settings.people.not_yet else verdict
    since = max(one.at, on_day(calendar, back, calendar.start)) if back else one.at
    standing = one.due.rhythm in STANDING
    if not standing and late(calendar, since, reminders.LATE if rhythm else followups.LATE, now):
        return "missed"
    if round and _closed(round, one.due.period, today):
        return "missed"
    if round and settings.people.not_yet:
        return now + HOUR
    return "say" if rhythms.open_now(calendar, now) else opening(calendar, now)


def _hour(one: Owed, calendar: Calendar) -> time:
    """At which they would have been told on its own day."""
    return local(calendar, one.at).time()


def _round_verdict(rhythm: Rhythm, calendar: Calendar, period: str, back: date | None, now: datetime) -> Verdict:
    if _closed(rhythm, period, local(calendar, now).date()):
        return "missed"
    if slot := rhythms.slot(rhythm, calendar, now, back):
        return "missed" if slot.stale else "say"
    at = moment(rhythm, calendar, period, back)
    return at if at and at > now else hour(calendar, rhythm.at, now)


def _closed(rhythm: Rhythm, period: str, today: date) -> bool:
    try:
        return bounds(rhythm.every, period)[1] < today
    except ValueError:  # of the time before the rhythm's cadence was changed
        return True

"""Whether every rhythm was exact: what was said against what the calendar says, person by person."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import select

from bench.year.calendars import DAY, day_of, moment, next_there, there, worked, works
from bench.year.company import Human
from bench.year.run import Year
from bot.core.calendar import Every, after, bounds, period
from storage import waiting
from storage.checkin import checkins
from storage.goals import goals, updates
from storage.grow import commitments
from storage.nudges import nudges
from storage.review import reviews

FIRST_DAYS = timedelta(days=7)  # in which a newcomer is left in peace
NEW = "first days, or not there yet"
STALE, APART = timedelta(days=21), timedelta(days=7)
REMIND = {"checkin": (3, 5), "review": (3,)}


@dataclass
class Found:
    """Of one promise: how many were looked at, why some were not nudged, and what is wrong."""

    looked: int = 0
    kept: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def same(self, wanted: object, got: object, what: str) -> None:
        self.looked += 1
        if wanted == got:
            self.kept += 1
        else:
            self.wrong.append(f"{what}: {got} instead of {wanted}")


@dataclass
class Checks:
    year: Year
    found: dict[str, Found] = field(default_factory=dict)

    async def run(self) -> dict[str, Found]:
        year = self.year
        self.end = year.end
        told = year.ledger.db.execute("SELECT person, rhythm, period, step, at FROM told")
        self.told = {(p, r, about, step): datetime.fromisoformat(at) for p, r, about, step, at in told}
        snoozed = year.ledger.db.execute("SELECT person, rhythm, period, at, until FROM snoozed").fetchall()
        self.snoozed = {
            (p, r, about): (datetime.fromisoformat(at), date.fromisoformat(until)) for p, r, about, at, until in snoozed
        }
        skipped = year.ledger.db.execute("SELECT person, rhythm, period, at FROM skipped")
        self.done = {(p, r, about): datetime.fromisoformat(at) for p, r, about, at in skipped}
        async with year.store.reading() as session:
            for rhythm, table in (("checkin", checkins), ("review", reviews)):
                for row in await session.all(select(table.c.person, table.c.period, table.c.at)):
                    key = row.person, rhythm, row.period
                    self.done[key] = min(row.at, self.done.get(key, row.at))
            self.states = {(r.person, r.rhythm, r.period, r.step): r.state for r in await session.all(select(nudges))}
            self.commitments = await session.all(select(commitments))
            self.goals = await session.all(select(goals).where(goals.c.person.is_not(None)))
            self.words = await session.all(select(updates.c.goal, updates.c.at))
            backlog = await waiting.backlog(session)
        self._rounds()
        self._reminders()
        self._days()
        self._stale()
        quiet = self.found["in working hours, nobody away or gone"] = Found()
        quiet.looked, quiet.wrong = len(self.told), year.wrong
        quiet.kept = quiet.looked - len(year.wrong)
        once = self.found["messages once, none left or given up"] = Found(
            year.ledger.messages, year.ledger.messages - year.ledger.doubled
        )
        if year.ledger.doubled or backlog.waiting or backlog.failed or backlog.unsure:
            once.wrong.append(f"{year.ledger.doubled} doubled, {backlog}")
        return self.found

    # -- the rounds

    def _rounds(self) -> None:
        for rhythm in ("checkin", "review"):
            found = self.found[f"{rhythm}: one nudge a person and period, at its moment"] = Found()
            for one in self.year.humans.values():
                for name, days in self._periods(one, rhythm):
                    self._round(found, one, rhythm, name, days)

    def _periods(self, one: Human, rhythm: str) -> Iterator[tuple[str, tuple[date, ...]]]:
        """Each period in which they are asked and the rhythm's own day in it; two where the day changed meanwhile."""
        chosen = self.year.changed.get(one.manager or "", []) if rhythm == "checkin" else []
        every = "month" if rhythm == "checkin" else "quarter"
        stages = [(date.min, every, "first tuesday" if rhythm == "checkin" else "2 weeks before end")]
        for when, value in chosen:
            _, often, on, *_ = value.split("|")
            often, on = often or every, on or "first tuesday"
            before = stages[-1][1]
            # Another cadence begins with its first period after the change; another day holds at once.
            since = when if often == before else bounds(often, after(often, period(often, when)))[0]
            stages.append((since, often, on))
        for number, (since, often, on) in enumerate(stages):
            last = stages[number + 1] if number + 1 < len(stages) else (date.max, often, on)
            name = period(often, max(since, self.year.first))
            while bounds(often, name)[0] < self.end.date():
                first, end = bounds(often, name)
                if first >= last[0] or (last[1] != often and end >= last[0]):
                    break
                if first >= since or (number and stages[number - 1][1] == often) or since == date.min:
                    days = [day_in(often, on, name)]
                    if number and stages[number - 1][1] == often and first < since:
                        name = after(often, name)  # told with the stage before
                        continue
                    if last[1] == often and first < last[0] <= end:
                        days.append(day_in(often, last[2], name))
                    yield name, tuple(days)
                name = after(often, name)

    def _round(self, found: Found, one: Human, rhythm: str, name: str, days: tuple[date, ...]) -> None:
        away = [*one.away, *self._snoozes(one, rhythm, name)]
        wanted = {self._moment(one, away, name, day) for day in days}
        at = self.told.get((one.id, rhythm, name, 0))
        reasons = {self._reason(one, each) for each in wanted}
        if one.started and NEW in reasons:  # whose first days are over while it is still timely
            wanted.add(moment(one.calendar, next_there(one.calendar, one.started + FIRST_DAYS, one.away)))
        what = f"{one.id} {one.calendar.key} {rhythm} {name}"
        state = self.states.get((one.id, rhythm, name, 0))
        if at is None:
            found.looked += 1
            if reasons - {""} and (len(wanted) > 1 or "" not in reasons):
                found.kept += 1
                found.reasons[min(reasons - {""})] += 1
            elif state in ("answered", "skipped", "missed"):
                found.kept += 1
                found.reasons[state] += 1
            else:
                found.wrong.append(f"{what}: never, instead of {wanted} ({state}) {one.away} {one.started} {one.left}")
        elif at in wanted:
            found.looked, found.kept = found.looked + 1, found.kept + 1
        else:
            found.looked += 1
            found.wrong.append(f"{what}: {at} instead of {wanted}, away {one.away}, started {one.started}")

    def _snoozes(self, one: Human, rhythm: str, name: str) -> Iterator[tuple[date, date]]:
        """Those of other periods that reach beyond theirs: the question of this one waits for their end."""
        for (person, of, about), (at, until) in self.snoozed.items():
            if (person, of) == (one.id, rhythm) and about != name and until > bounds(every_of(about), about)[1]:
                yield day_of(one.calendar, at), until - DAY

    def _moment(self, one: Human, away: list[tuple[date, date]], name: str, day: date) -> datetime | None:
        """On the rhythm's day, or the next on which their people work, or the last before it; if they are away then, on
        the first day on which they are there again; else never."""
        first, last = bounds(every_of(name), name)
        ahead = [day + n * DAY for n in range((last - day).days + 1)]
        back = [day - n * DAY for n in range(1, (day - first).days + 1)]
        theirs = next((each for each in (*ahead, *back) if works(one.calendar, each)), None)
        if theirs is None:
            return None
        after = (theirs + n * DAY for n in range((last - theirs).days + 1))
        found = next((each for each in after if there(one.calendar, each, away)), None)
        return moment(one.calendar, found) if found else None

    def _reason(self, one: Human, at: datetime | None) -> str:
        if at is None:
            return "away to the end of the period"
        day = at.date()
        if one.started and day_of(one.calendar, at) < one.started + FIRST_DAYS:
            return NEW
        if one.left and day >= one.left:
            return "left"
        return "after the end" if at >= self.end else ""

    # -- reminders

    def _reminders(self) -> None:
        found = self.found["reminders: on their day, to who has not answered"] = Found()
        for (person, rhythm, name, step), at in self.told.items():
            if rhythm not in REMIND or step:
                continue
            one = self.year.humans[person]
            end = bounds(every_of(name), name)[1]
            for number, days in enumerate(REMIND[rhythm], 1):
                day = worked(one.calendar, day_of(one.calendar, at), days)
                wanted = moment(one.calendar, day)
                got = self.told.get((person, rhythm, name, number))
                self._reminder(found, one, rhythm, name, number, wanted if day <= end else None, got)

    def _reminder(
        self, found: Found, one: Human, rhythm: str, name: str, step: int, wanted: datetime | None, got: datetime | None
    ) -> None:
        done = self.done.get((one.id, rhythm, name))
        what = f"reminder {step} of {rhythm} {name} to {one.id} {one.calendar.key}"
        if got and done and done < got:
            found.same(None, got, f"{what}, who had answered at {done}")
            return
        if wanted is None or wanted >= self.end or (done and done <= wanted) or not one.here(wanted.date()):
            found.same(None, got, what)
            return
        snooze = self.snoozed.get((one.id, rhythm, name))
        day = day_of(one.calendar, wanted)
        if snooze and snooze[0] < wanted and day_of(one.calendar, snooze[0]) <= day <= snooze[1]:
            found.reasons["snoozed"] += 1  # asked again instead, or reminded afterwards
            found.looked, found.kept = found.looked + 1, found.kept + 1
        elif any(first <= day <= last for first, last in one.away):
            late = got is None or there(one.calendar, day_of(one.calendar, got), one.away)
            found.reasons["away on that day"] += 1
            found.same(True, late, what)
        else:
            found.same(wanted, got, f"{what} done {done} away {one.away}")

    # -- days that somebody set

    def _days(self) -> None:
        found = self.found["follow-ups: on their day"] = Found()
        for row in self.commitments:
            self._day(found, row.person, "grow.followup", row.id, row.day, row.at)
        for (person, rhythm, about), (at, until) in self.snoozed.items():
            done = self.done.get((person, rhythm, about))
            one = self.year.humans[person]
            on = moment(one.calendar, next_there(one.calendar, until, one.away))
            if (done is None or done > on) and day_of(one.calendar, on) <= bounds(every_of(about), about)[1]:
                self._day(found, person, f"{rhythm}.again", about, until, at)

    def _day(self, found: Found, person: str, rhythm: str, about: str, day: date, said: datetime) -> None:
        one = self.year.humans[person]
        on = next_there(one.calendar, day, one.away)
        wanted = moment(one.calendar, on)
        if wanted < self.end and one.here(on) and one.here(wanted.date()):
            found.same(
                wanted, self.told.get((person, rhythm, about, 0)), f"{rhythm} {about} of {one.id} for {day} {one.away}"
            )

    # -- goals nobody speaks of

    def _stale(self) -> None:
        found = self.found["goals without a word for 21 days: asked about on that day"] = Found()
        words = dict[str, list[datetime]]()
        for row in self.words:
            words.setdefault(row.goal, []).append(row.at)
        asked, mine = dict[str, list[datetime]](), dict[str, list[object]]()
        for (person, rhythm, *_), at in sorted(self.told.items(), key=lambda each: each[1]):
            if rhythm == "goals":
                asked.setdefault(person, []).append(at)
        for row in self.goals:
            mine.setdefault(row.person, []).append((row.id, row.at))
        for person, theirs in mine.items():
            one = self.year.humans[person]
            for at in self._expected(one, theirs, words):
                got = asked.get(person, [])
                found.same(True, at in got, f"goals of {person} {one.calendar.key} at {at} {one.away}; asked {got}")
                if at in got:
                    got.remove(at)
            for at in asked.pop(person, []):
                found.same(None, at, f"goals of {person}, unasked for")

    def _expected(self, one: Human, theirs: list[object], words: dict[str, list[datetime]]) -> Iterator[datetime]:
        """Their year replayed: each word puts the question off, and each question does."""
        happened = sorted([(at, id) for id, at in theirs] + [(at, id) for id, _ in theirs for at in words.get(id, ())])  # type: ignore[misc]
        last, asked, index = dict[str, datetime](), datetime.min.replace(tzinfo=self.end.tzinfo), 0
        while True:
            due = self._due(one, last, asked) if last else None
            if index < len(happened) and (due is None or happened[index][0] <= due):
                at, id = happened[index]
                last[id] = max(at, last.get(id, at))
                index += 1
                continue
            if due is None or due >= self.end or not one.here(due.date()) or not one.here(day_of(one.calendar, due)):
                return
            yield due
            asked = due
            today = day_of(one.calendar, due)
            for id, at in last.items():
                if day_of(one.calendar, at) + STALE <= today:
                    last[id] = due

    def _due(self, one: Human, last: dict[str, datetime], asked: datetime) -> datetime:
        day = day_of(one.calendar, min(last.values())) + STALE
        if asked.year > 1:
            day = max(day, day_of(one.calendar, asked) + APART)
        return moment(one.calendar, next_there(one.calendar, day, one.away))


def every_of(name: str) -> Every:
    """How often a period of this name comes."""
    return "week" if "W" in name else "quarter" if "Q" in name else "half-year" if "H" in name else "month"


def day_in(every: str, on: str, name: str) -> date:
    first, last = bounds(every, name)  # type: ignore[arg-type]
    match on:
        case "first tuesday":
            return next(first + n * DAY for n in range(7) if (first + n * DAY).weekday() == 1)
        case "2 weeks before end":
            return last - 14 * DAY
        case "monday":
            return first
        case "day 10":
            return first + 9 * DAY
    raise LookupError(on)

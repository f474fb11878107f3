"""What was promised and kept, what has ended, and how much anybody was told."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from statistics import mean, quantiles
from typing import Any

from sqlalchemy import select

from bench.year.calendars import DAY, day_of, next_there
from bench.year.checks import every_of
from bench.year.company import Human
from bot.core.calendar import bounds, period
from bot.core.effects import Effect, Tell
from bot.core.events import Due, Event
from storage.engine import Session, Store
from storage.schema import metadata

# Rhythms of days that nobody set for themselves: reminders, and questions that stand.
BESIDES = (
    *("feedback.request", "goals", "digest", "review.team", "review.talk", "review.cycle"),
    *("improvement.waiting", "mentors.wait", "mentors.look", "teamplan", "expectations.unread"),
)
# By rhythm the table of what it asks about.
SILENT = {"grow.followup": "commitments", "learning": "learning", "improvement.promised": "improvement_promises"}


@dataclass
class Promises:
    """Every day that somebody set, looked at on its morning, and whether it was followed up by its evening."""

    kept: Counter[str] = field(default_factory=Counter)  # by rhythm
    moved: Counter[str] = field(default_factory=Counter)  # put off, or done with, before the hour came
    wrong: list[str] = field(default_factory=list)
    silent: set[tuple[str, str, str]] = field(default_factory=set)  # today: to whom, of what, about which
    heard: dict[tuple[str, str, str], date] = field(default_factory=dict)  # when it was last asked about
    _due: dict[tuple[str, str, str], date] = field(default_factory=dict)  # on which day it is to be asked about

    async def morning(self, store: Store, humans: Mapping[str, Human], today: date) -> None:
        followups = metadata().tables["followups"]
        async with store.reading() as session:
            rows = await session.all(select(followups).where(followups.c.day <= today, followups.c.planned.is_(False)))
        for row in rows:
            one = humans[row.person]
            self._due[row.person, row.rhythm, row.about] = next_there(one.calendar, max(row.day, today), one.away)

    def asked(self, due: Due, one: Human, spoke: bool) -> None:
        self.heard[one.id, due.rhythm, due.period] = day_of(one.calendar, due.at)
        if due.rhythm in SILENT and not spoke:
            self.silent.add((one.id, due.rhythm, due.period))

    def put_off(self, due: Due, one: Human, until: date) -> None:
        """They were told enough this week."""
        key = one.id, due.rhythm, due.period
        if due.rhythm not in BESIDES:
            self.wrong.append(f"{key}: a day they set themselves was put off until {until}")
        self._due[key] = next_there(one.calendar, until, one.away)

    async def evening(self, store: Store, humans: Mapping[str, Human], today: date) -> None:
        await self._left_open(store)
        those = [key for key, day in self._due.items() if day <= today]
        if not those:
            return
        followups = metadata().tables["followups"]
        async with store.reading() as session:
            rows = await session.all(select(followups).where(followups.c.person.in_({key[0] for key in those})))
        left = {(row.person, row.rhythm, row.about): row for row in rows}
        for key in those:
            on, row, one = self._due.pop(key), left.get(key), humans[key[0]]
            if self.heard.get(key) == on:
                self.kept[key[1]] += 1
            elif row is None or row.day > on or not one.here(on) or closed(key[1], key[2], on):
                self.moved[key[1]] += 1
            else:
                self.wrong.append(f"{key}: of {row.day}, to be asked on {on}; asked {self.heard.get(key)}")

    async def _left_open(self, store: Store) -> None:
        """Nothing has to be said about what was closed before its day; about what is open it has."""
        async with store.reading() as session:
            for person, rhythm, about in self.silent:
                table = metadata().tables[SILENT[rhythm]]
                found = await session.all(select(table.c.state).where(table.c.id == about))
                if any(row.state == "open" for row in found) and not await _nobody_to_ask(session, person, about):
                    self.wrong.append(f"{rhythm} {about}: nobody was asked, and it is still open")
        self.silent.clear()


async def _nobody_to_ask(session: Session, promiser: str, promise: str) -> bool:
    """Of a promise of an improvement plan: whether who made it leads its person no longer, as the next look at the plan
    brings it to who does now; or the plan is being brought to its end, and nothing is given any more."""
    plans, people = metadata().tables["improvements"], metadata().tables["people"]
    query = select(people.c.manager, plans.c.state).join(plans, plans.c.person == people.c.id)
    found = await session.first(query.where(plans.c.id == promise.partition(".")[0]))
    return found is not None and (found.manager != promiser or found.state not in ("running", "changing"))


def closed(rhythm: str, about: str, on: date) -> bool:
    """Whether the round that was put off is over by then."""
    return rhythm.endswith(".again") and bounds(every_of(about), about)[1] < on


@dataclass
class Budget:
    """Messages to a person in a week of theirs: all, and those that a nudge or somebody else made."""

    week: int  # as many of the latter as there may be
    counted: set[str] = field(default_factory=set)  # keys
    all: Counter[tuple[str, str]] = field(default_factory=Counter)
    nudged: Counter[tuple[str, str]] = field(default_factory=Counter)
    what: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def decided(self, event: Event, key: str, effect: Effect, waits: bool) -> None:
        """What waits is told of in one message, and arrives when its reader asks for it."""
        if isinstance(effect, Tell) and not effect.awaited and not waits:
            begun = not isinstance(event, Due) and effect.person.id == event.actor.id
            self.counted |= set() if begun else {key}

    def arrived(self, one: Human, key: str, at: datetime) -> None:
        year, week, _ = day_of(one.calendar, at).isocalendar()
        here = one.id, f"{year}-W{week:02}"
        self.all[here] += 1
        if key in self.counted:
            self.nudged[here] += 1
            self.what[here].append(key)

    def wrong(self) -> Iterator[str]:
        for (person, week), times in self.nudged.items():
            if times > self.week:
                yield f"{person} in {week}: {times} messages: {', '.join(self.what[person, week])}"

    def table(self, humans: Mapping[str, Human], weeks: int) -> Iterator[str]:
        heads = f"{'people':>7}{'mean':>7}{'p95':>6}{'most':>6}   counted: mean   p95  most"
        yield f"{'messages to a person in a week':34}{heads}"
        roles = defaultdict[str, list[str]](list)
        for one in humans.values():
            roles[one.role].append(one.id)
        for role, those in sorted(roles.items()):
            figures = [figure(counts, those, weeks) for counts in (self.all, self.nudged)]
            (a, b, c), (d, e, f) = figures
            yield f"  {role or 'everybody else':32}{len(those):7}{a:7.2f}{b:6.0f}{c:6}{d:16.2f}{e:6.0f}{f:6}"


def figure(counts: Mapping[tuple[str, str], int], those: list[str], weeks: int) -> tuple[float, float, int]:
    mine = set(those)
    each = sorted(times for (person, _), times in counts.items() if person in mine)
    each = [0] * max(0, len(those) * weeks - len(each)) + each
    return mean(each), quantiles(each, n=20)[18], each[-1]


# By table with a state: in which of them it is over, and which may stand besides, with the reason.
OVER, LEFT, TO_COME = "over", "their period is over", "to come"
ENDED: Mapping[str, Mapping[str, str]] = {
    "goals": {**dict.fromkeys(("achieved", "partly", "dropped", "declined", "missed"), OVER), "open": "until its day"},
    "commitments": dict.fromkeys(("done", "partly", "not_yet"), OVER),
    "dialogues": {
        **dict.fromkeys(("finished", "stopped"), OVER),
        **dict.fromkeys(("checkin open", "checkin paused", "review open", "review paused"), LEFT),
        "kudos open": "what for is asked once, and may be ignored",
        "kudos paused": "what for is asked once, and may be ignored",
        "preparing open": "its talk is closed or agreed",
        "preparing paused": "its talk is closed or agreed",
    },
    "feedback_asked": {**dict.fromkeys(("answered", "declined"), OVER), "asked": "the request is closed: see _waiting"},
    "nudges": dict.fromkeys(("said", "answered", "skipped", "missed"), OVER),
    "summaries": dict.fromkeys(("agreed", "closed"), OVER),
    "aspirations": {**dict.fromkeys(("reached", "let_go"), OVER), "open": "what somebody wishes has no day"},
    "learning": dict.fromkeys(("done", "dropped"), OVER),
    "mentorings": dict.fromkeys(("declined", "lapsed", "withdrawn", "ended"), OVER),
    "improvements": dict.fromkeys(("ended", "withdrawn"), OVER),
    "team_plans": dict.fromkeys(("measured", "stopped"), OVER),
    "improvement_promises": {**dict.fromkeys(("given", "dropped"), OVER), "open": "its plan is over"},
    "promises": dict.fromkeys(("done", "dropped"), OVER),
    "oneonones": {**dict.fromkeys(("declined", "ended"), OVER), "agreed": "it goes on"},
    "meetings": {**dict.fromkeys(("held", "missed", "cancelled", "unsaid"), OVER), "planned": "the next one"},
}
PENDING = ("open", "owed", "reflecting", "preparing", "conversation")
MACHINERY = ("outbox", "syncs", "installations")


async def states(store: Store, humans: Mapping[str, Human], end: datetime) -> dict[str, dict[str, list[str]]]:
    """Of each table that has a state, which rows are in which; of dialogues by their name. Without those of people
    who have left."""
    found, gone = dict[str, dict[str, list[str]]](), {one.id for one in humans.values() if one.left}
    async with store.reading() as session:
        for table in metadata().sorted_tables:
            if "state" not in table.c or table.name in MACHINERY:
                continue
            people = [column.name for column in table.c if column.foreign_keys]
            rows = found[table.name] = defaultdict(list)
            for row in await session.all(select(table)):
                if not gone & {getattr(row, name) for name in people}:
                    rows[_state(table.name, row, humans, end)].append(
                        f"{row[0]} of {[getattr(row, name) for name in people]}"
                    )
    return found


def _state(table: str, row: Any, humans: Mapping[str, Human], end: datetime) -> str:
    """Its state; or that there is still time for it."""
    match table:
        case "commitments" | "learning":
            one = humans[row.person]
            early = next_there(one.calendar, row.day, one.away) >= end.date()
        case "nudges":
            early = row.due_at >= end - 7 * DAY
        case "promises":  # they are asked about when the two meet again
            one = humans[row.person]
            early = row.at >= end - 7 * DAY or next_there(one.calendar, end.date() - DAY, one.away) >= end.date()
        case "summaries":  # the next quarter's beginning closes it
            early = row.period >= period("quarter", end.date() - 60 * DAY)
        case "dialogues" if row.state not in ("finished", "stopped"):
            return f"{row.dialogue} {row.state}"
        case _:
            early = False
    return TO_COME if early and row.state in PENDING else str(row.state)


def unended(found: Mapping[str, Mapping[str, list[str]]]) -> list[str]:
    wrong = []
    for table, rows in found.items():
        if table not in ENDED:
            wrong.append(f"say in checks.py in which states {table} is over: {list(rows)}")
        else:
            wrong += [
                f"{table}: {len(those)} are still {state!r}, such as {those[:3]}"
                for state, those in rows.items()
                if state not in {*ENDED[table], TO_COME}
            ]
    return wrong

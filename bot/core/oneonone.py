"""A pair's one-to-one: its rhythm, the days that follow from it, and what the two have between them. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Literal
from zoneinfo import ZoneInfo

from bot.core.calendar import Calendar
from bot.core.goals import Goal
from bot.core.moments import local_date
from bot.core.people import Person
from bot.core.typed import read_clock
from bot.core.workdays import is_working_day

BRIEF, AFTER = "oneonone", "oneonone.after"  # rhythms of the follow-ups before and after
DAY, WEEK = timedelta(days=1), timedelta(days=7)
APART = timedelta(hours=2)  # of the brief, and of the question, from the talk itself
WEEKS = (1, 2, 4)
AHEAD = 3  # days that are shown before a rhythm holds
LIMIT, WORD = 500, 300  # characters of a point, a note or a promise; of the word with which one is dropped
YEARS = (2000, 2200)  # of a first day; the calendar's own ends have no neighbours
ROUNDS = 60  # that are looked through for a day on which both work

PairState = Literal["proposed", "agreed", "declined", "ended"]
MeetingState = Literal["planned", "cancelled", "held", "missed", "unsaid"]
PromiseState = Literal["open", "done", "dropped"]


@dataclass(frozen=True, slots=True)
class Beat:
    """Every so many weeks from `first` on, at a time of day in `zone`."""

    first: date
    weeks: int
    at: time
    zone: str

    def __str__(self) -> str:
        """As a button carries it."""
        return f"{self.first.isoformat()}|{self.weeks}|{self.at:%H:%M}|{self.zone}"

    @classmethod
    def read(cls, text: str) -> "Beat | None":
        """None for what no button of ours says."""
        first, weeks, at, zone, *_ = (*text.split("|"), "", "", "", "")
        hour = read_clock(at)
        try:
            found = cls(date.fromisoformat(first), int(weeks), hour or time(), zone)
            Calendar(zone)
        except ValueError:
            return None
        near = YEARS[0] <= found.first.year <= YEARS[1]
        return found if hour and near and found.weeks in WEEKS else None

    def moment(self, day: date) -> datetime:
        """UTC. An hour that the clock leaves out is the one it shows instead."""
        return datetime.combine(day, self.at, ZoneInfo(self.zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people and their rhythm. `one` proposed it."""

    id: str  # "oneonone:ab12"
    one: Person
    other: Person
    beat: Beat
    state: PairState = "proposed"

    def partner(self, person: Person) -> Person:
        return self.other if person.id == self.one.id else self.one

    def waits_for(self, person: Person) -> bool:
        """Whether it is theirs to say yes."""
        return self.state == "proposed" and self.other.id == person.id

    @property
    def calendars(self) -> tuple[Calendar, Calendar]:
        return Calendar.parse(self.one.calendar), Calendar.parse(self.other.calendar)


@dataclass(frozen=True, slots=True)
class Meeting:
    """One talk of a pair. `day` is its place in the rhythm, `at` (UTC) when it really is."""

    id: str
    pair: Pair
    day: date
    at: datetime
    state: MeetingState = "planned"

    def partner(self, person: Person) -> Person:
        return self.pair.partner(person)


@dataclass(frozen=True, slots=True)
class Point:
    """Something to talk about, for both to see."""

    id: str
    words: str
    author: str | None  # a Person.id; None where it is not known


@dataclass(frozen=True, slots=True)
class Promise:
    """What one of the two said they would do. It stays until it is done, or dropped with a word."""

    id: str
    person: str  # whose it is
    words: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Remembered:
    """A note for oneself: nobody else ever sees it."""

    id: str
    words: str


@dataclass(frozen=True, slots=True)
class Between:
    """What the actor and one other person have between them, as the actor sees it."""

    partner: Person
    pair: Pair | None = None  # that both agreed to
    proposed: Pair | None = None  # that waits for one of them
    meeting: Meeting | None = None  # the next one
    points: tuple[Point, ...] = ()
    promises: tuple[Promise, ...] = ()
    notes: tuple[Remembered, ...] = ()
    goals: tuple[Goal, ...] = ()  # of whoever of them reports to the other, as far as the actor sees them


# Days.


def first_of(weekday: int, at: time, weeks: int, person: Person, today: date) -> Beat:
    """The rhythm that begins with the next such weekday (Monday = 0) after today, by this person's clock."""
    return Beat(today + ((weekday - today.weekday() - 1) % 7 + 1) * DAY, weeks, at, person.zone)


def days(beat: Beat, calendars: Sequence[Calendar], after: date) -> Iterator[date]:
    """The days after this one. Where one of them does not work it is the next day on which all do, within the week;
    where there is none that round is left out."""
    gone = max(0, (after - beat.first).days // (7 * beat.weeks))
    for n in range(gone, gone + ROUNDS):
        day = beat.first + n * beat.weeks * WEEK
        week = (day + more * DAY for more in range(7))
        found = next((each for each in week if all(works(who, beat.moment(each)) for who in calendars)), None)
        if found and found > after:
            yield found


def works(calendar: Calendar, at: datetime) -> bool:
    return is_working_day(calendar, local_date(calendar, at))


def coming(pair: Pair, after: date, count: int = AHEAD) -> list[date]:
    return list(islice(days(pair.beat, pair.calendars, after), count))


def following(pair: Pair, now: datetime, after: date) -> Meeting | None:
    """The first talk on a day after this one that is still to come; None where there is no day on which both work."""
    found = next((day for day in coming(pair, after) if pair.beat.moment(day) > now), None)
    return Meeting(f"meeting:{pair.id}:{found}", pair, found, pair.beat.moment(found)) if found else None


def in_hours(person: Person, beat: Beat, day: date) -> bool:
    """Whether on that day it lies within this person's working hours."""
    calendar = Calendar.parse(person.calendar)
    at = beat.moment(day).astimezone(ZoneInfo(calendar.zone)).time()
    return calendar.start <= at < calendar.end


def before(calendar: Calendar, at: datetime) -> tuple[date, time]:
    """When to brief somebody, by their clock: two hours before, or where these are none of their working hours late on
    the working day before."""
    then = (at - APART).astimezone(ZoneInfo(calendar.zone))
    if is_working_day(calendar, then.date()) and then.time() >= calendar.start:
        return then.date(), then.time()
    day = local_date(calendar, at) - DAY
    while not is_working_day(calendar, day):
        day -= DAY
    return day, calendar.end  # which a follow-up takes for half an hour before it


def afterwards(calendar: Calendar, at: datetime) -> tuple[date, time]:
    """When to ask how it went: two hours after, or when they next begin to work."""
    then = (at + APART).astimezone(ZoneInfo(calendar.zone))
    day = then.date()
    if is_working_day(calendar, day) and calendar.start <= then.time() < calendar.end:
        return day, then.time()
    if not is_working_day(calendar, day) or then.time() >= calendar.end:
        day += DAY
    while not is_working_day(calendar, day):
        day += DAY
    return day, calendar.start


def local(reader: Person, at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(reader.zone))


def lines(text: str) -> list[str]:
    """What was agreed, one a line; the mark with which somebody makes a list is none of it."""
    found = (line.strip().lstrip("-*•–").strip() for line in text.splitlines())
    return [line[:LIMIT] for line in found if line]

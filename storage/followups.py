"""Days, and hours of them, on which to ask somebody how something went."""

import datetime as clock
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Executable, case, exists, func, literal, or_, select, tuple_, update
from sqlmodel import Field, SQLModel

from storage.absences import ALL, absences, within
from storage.engine import Session, table
from storage.engine import insert as insert_into
from storage.nudges import insert, nudges
from storage.people import active, people
from storage.prepared import Prepared

# What holds for as long as nobody says otherwise, such as a goal without a word: such a question is never too late. Of
# one-to-ones it is their handlers that say what is: each of them brings the next.
STANDING = (
    "goals",
    "learning",
    "mentors.wait",
    "mentors.look",
    "digest",
    "improvement",
    "improvement.waiting",
    "improvement.promised",
    "teamplan",
    "review.cycle.over",
    "expectations.unread",
    "oneonone",
    "oneonone.after",
)


class FollowUpRow(SQLModel, table=True):
    """A day on which to ask somebody how something went."""

    __tablename__ = "followups"
    person: str = Field(primary_key=True, foreign_key="people.id")
    rhythm: str = Field(primary_key=True)
    about: str = Field(primary_key=True, index=True)  # "grow:ab12"; becomes the nudge's period
    day: date = Field(index=True)
    time: clock.time | None = None  # local to the person; None: when all others are asked
    planned: bool = False


followups = table(FollowUpRow)


@dataclass(frozen=True, slots=True)
class FollowUp:
    person: str
    rhythm: str
    about: str
    day: date
    time: clock.time | None = None  # local to the person; outside their working hours, the nearest in them

    async def save(self, session: Session) -> None:
        row = {"person": self.person, "rhythm": self.rhythm, "about": self.about}
        await session.run(_SET, {**row, "day": self.day, "time": self.time, "planned": False})


def _anew(dialect: str) -> Executable:
    new = insert_into(followups, dialect)
    changed = {name: new.excluded[name] for name in ("day", "time", "planned")}
    return new.on_conflict_do_update(index_elements=["person", "rhythm", "about"], set_=changed)


_SET = Prepared(_anew)


Slot = tuple[str, date, clock.time | None]  # Calendar.key, day and local time


async def coming(session: Session, latest: date) -> list[Slot]:
    """When there are follow-ups to come, up to the day `latest`."""
    query = (
        select(people.c.calendar, followups.c.day, followups.c.time)
        .join(people, people.c.id == followups.c.person)
        .where(followups.c.planned.is_(False), followups.c.day <= latest, active())
        .distinct()
    )
    return [(row.calendar, row.day, row.time) for row in await session.all(query)]


async def plan(
    session: Session,
    calendar: str,
    day: date,
    at: datetime,
    today: date,
    stale: bool,
    time: clock.time | None = None,
) -> int:
    """Nudges for all follow-ups of this calendar, day and `time` whose people are here. What is `stale` was missed,
    unless they were away when it came or it is a standing question. Something that was followed up before, and put off,
    gets its next step.
    """
    rest = or_(absences.c.rhythm == ALL, absences.c.rhythm == followups.c.rhythm)
    mine = (absences.c.person == followups.c.person, rest)
    away, was_away = exists().where(*mine, within(today, today)), exists().where(*mine, within(day, today))
    timely = or_(was_away, followups.c.rhythm.in_(STANDING))
    state: ColumnElement[str] = case((timely, "owed"), else_="missed") if stale else literal("owed")
    before = (nudges.c.person == followups.c.person, nudges.c.rhythm == followups.c.rhythm)
    step = select(func.max(nudges.c.step) + 1).where(*before, nudges.c.period == followups.c.about).scalar_subquery()
    then = (followups.c.day == day, followups.c.time == time if time else followups.c.time.is_(None))
    here = (*then, followups.c.planned.is_(False), people.c.calendar == calendar, active(), ~away)
    join = followups.join(people, people.c.id == followups.c.person)
    chosen = select(
        followups.c.person, followups.c.rhythm, followups.c.about, func.coalesce(step, 0),
        literal(at, nudges.c.due_at.type), state, literal(0),
    ).select_from(join).where(*here)  # fmt: skip
    count = await insert(session, chosen)
    those = select(followups.c.person, followups.c.rhythm, followups.c.about).select_from(join).where(*here)
    # One that was put off to this day since the first statement has no nudge yet: it is left for the next look.
    nudged = (*before, nudges.c.period == followups.c.about, nudges.c.due_at == at)
    key = tuple_(followups.c.person, followups.c.rhythm, followups.c.about)
    await session.run(update(followups).where(key.in_(those.where(exists().where(*nudged)))).values(planned=True))
    return count

"""What is set in chat: by a person for themselves, and by admins for the company."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Field, SQLModel

from bot.core.events import Event
from bot.core.overlays import said
from bot.core.people import Person
from storage import absences, rhythm
from storage import people as folk
from storage.audit import Audited
from storage.engine import Session, table
from storage.overlays import companies
from storage.people import people
from storage.rhythm import Mine


class LogRow(SQLModel, table=True):
    """What a setting was and became. No words of a person's: what is said about people stands elsewhere."""

    __tablename__ = "settings_log"
    id: int | None = Field(default=None, primary_key=True)
    company: str = Field(index=True)
    at: datetime
    by: str = Field(foreign_key="people.id", index=True)
    setting: str  # its path in app.yaml, or of a team's rhythm "team.checkin"
    old: str  # JSON; "": as the file has it
    new: str


log = table(LogRow)


# One's own.


@dataclass(frozen=True, slots=True)
class Own:
    """What a person can set for themselves, besides what every Person tells."""

    manager: Person | None
    mine: Mine
    away: tuple[date, date] | None = None  # first and last day of the next absence
    resting: Mapping[str, date] = field(default_factory=dict)  # by rhythm: the last day of its rest
    hours: str = ""
    country: str = ""
    country_chosen: bool = False
    off_board: bool = False


async def own(session: Session, event: Event) -> Own:
    row = await session.first(select(people).where(people.c.id == event.actor.id))
    assert row, "the turn has introduced them"
    leave = await absences.away_now(session, event)
    away = next(((each.first, each.last) for each in leave if each.rhythm == absences.ALL), None)
    mine = await rhythm.mine(session, event)
    rest = [each for each in leave if each.rhythm in mine.rhythms and each.first <= event.today]
    return Own(
        await folk.manager(session, event),
        mine,
        away,
        {each.rhythm: each.last for each in sorted(rest, key=lambda each: each.last)},
        row.hours,
        row.country,
        row.country_chosen,
        row.off_board,
    )


# The company's.


@dataclass(frozen=True, slots=True)
class Company:
    """What admins set in chat, by the path of the setting, and who did so when."""

    said: Mapping[str, Any] = field(default_factory=dict)
    by: Mapping[str, tuple[Person, datetime]] = field(default_factory=dict)
    pilot: tuple[Person, ...] = ()


async def company(session: Session, event: Event) -> Company:
    kept = said(await _kept(session, event))
    latest = select(func.max(log.c.id)).where(log.c.company == event.actor.company, log.c.setting.in_(list(kept)))
    rows = await session.all(
        select(log.c.setting, log.c.at.label("set_at"), people)
        .join(people, people.c.id == log.c.by)
        .where(log.c.id.in_(latest.group_by(log.c.setting)))
    )
    by = {row.setting: (folk.person(row), row.set_at) for row in rows}
    chosen = (people.c.company == event.actor.company, people.c.account.in_(event.settings.people.pilot))
    pilot = await session.all(select(people).where(*chosen).order_by(people.c.name))
    return Company(kept, by, tuple(folk.person(row) for row in pilot))


async def _kept(session: Session, event: Event) -> str:
    mine = companies.c.company == event.actor.company
    return str(await session.value(select(companies.c.said).where(mine)) or "")


@dataclass(frozen=True, slots=True)
class Set:
    """These settings are so from now on; None: as app.yaml has it. Only what becomes another is written down."""

    event: Event
    changes: Mapping[str, Any]

    async def save(self, session: Session) -> None:
        event, at, by = self.event, self.event.at, self.event.actor
        await session.hold(f"settings/{by.company}")  # two admins at once: the second builds on the first
        kept = dict(said(await _kept(session, event)))
        for path, value in self.changes.items():
            old, new = (json.dumps(each) if each is not None else "" for each in (kept.get(path), value))
            if old == new:
                continue
            await Logged(event, path, old, new).save(session)
            kept = {**kept, path: value} if new else {key: each for key, each in kept.items() if key != path}
        if not kept:
            await session.run(companies.delete().where(companies.c.company == by.company))
            return
        changed = {"said": json.dumps(kept, sort_keys=True), "at": at, "by": by.id}
        insert = session.insert(companies).values(company=by.company, **changed)
        await session.run(insert.on_conflict_do_update(index_elements=["company"], set_=changed))


@dataclass(frozen=True, slots=True)
class Logged:
    """A line about a setting, and one in the audit."""

    event: Event
    setting: str
    old: str
    new: str

    async def save(self, session: Session) -> None:
        actor = self.event.actor
        row = {"company": actor.company, "at": self.event.at, "by": actor.id, "setting": self.setting}
        await session.run(log.insert().values(**row, old=self.old, new=self.new))
        await Audited(self.event, actor.id, "settings.set", self.setting).save(session)

"""What people were told this week, and what waits because that was enough: it is told together, at the next week's
beginning or as soon as they ask.

Counted is what a nudge or another person makes us say to somebody. What answers something they began is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Executable, bindparam, case, delete, func, or_, select, update
from sqlmodel import Field, SQLModel

from bot.core.calendar import period
from bot.core.cards import Card
from bot.core.effects import Effect, KeepDialogue, Replace, Retract, Tell
from bot.core.events import Due, Event
from bot.core.people import Person
from storage.engine import Session, insert, table
from storage.followups import FollowUp
from storage.outbox import CARD, NOTHING, outbox, written
from storage.prepared import Prepared

RHYTHM = "digest"  # of the follow-up that tells what waits
SHOWN = 20  # lines of it


class AttentionRow(SQLModel, table=True):
    """How often somebody was told something in the last week in which they were."""

    __tablename__ = "attention"
    person: str = Field(primary_key=True, foreign_key="people.id")
    week: str  # "2026-W11", in their own zone
    told: int


class HeldRow(SQLModel, table=True):
    """A message that waits for its person to have time for it."""

    __tablename__ = "held"
    key: str = Field(primary_key=True)  # as it will stand in the outbox
    person: str = Field(foreign_key="people.id", index=True)
    workspace: str
    conversation: str
    thread_topic: str | None = Field(default=None)
    about: str | None = Field(default=None, index=True)
    card: str
    at: datetime


attention, held = table(AttentionRow), table(HeldRow)
h = held.c


class Full(Exception):
    """The person was told enough this week. What is due waits for `retry_at`, the first day of the next one."""

    def __init__(self, retry_at: date) -> None:
        super().__init__(f"told enough until {retry_at}")
        self.retry_at = retry_at


async def waiting(session: Session, event: Event, effects: Sequence[Effect]) -> frozenset[int]:
    """Which of these, by number, have to wait; the others are counted from here on. Raises Full where they are a nudge
    and what is due itself would have to.

    The last message of a week is kept for what begins a talk, such as a check-in, and for what tells of the others.
    """
    most = event.settings.messages.week
    if not most:
        return frozenset()
    begins = isinstance(event, Due) and (
        event.rhythm == RHYTHM or any(isinstance(effect, KeepDialogue) for effect in effects)
    )
    late = set[int]()
    for number, effect in sorted(enumerate(effects), key=lambda each: _whose(each[1])):
        if not isinstance(effect, Tell) or not _counted(event, effect):
            continue
        own = effect.person.id == event.actor.id
        values = {"person": effect.person.id, "week": _week(event, effect.person)}
        if await session.value(_COUNT, values | {"most": most if begins and own else most - 1}) is not None:
            continue
        if own:
            raise Full(_next_week(event, effect.person))
        late.add(number)
    return frozenset(late)


def _whose(effect: Effect) -> str:
    """In the order of their ids, or two turns that tell the same people could each wait for the other."""
    return effect.person.id if isinstance(effect, Tell) else ""


def _counted(event: Event, effect: Tell) -> bool:
    return not effect.awaited and (isinstance(event, Due) or effect.person.id != event.actor.id)


def _week(event: Event, person: Person) -> str:
    return period("week", person.day_of(event.at))


def _next_week(event: Event, person: Person) -> date:
    today = person.day_of(event.at)
    return today + timedelta(days=7 - today.weekday())


def _one_more(dialect: str) -> Executable:
    """One more this week, if there may be; it returns no row where there may not."""
    new = insert(attention, dialect).values(person=bindparam("person"), week=bindparam("week"), told=1)
    a, another = attention.c, attention.c.week != bindparam("week")
    return new.on_conflict_do_update(
        index_elements=["person"],
        set_={"told": case((another, 1), else_=a.told + 1), "week": bindparam("week")},
        where=or_(another, a.told < bindparam("most")),
    ).returning(a.told)


_COUNT = Prepared(_one_more)


async def hold(session: Session, event: Event, number: int, message: Tell) -> None:
    """Keep it, and a day on which to tell that it is there."""
    home = message.person.home
    row = {
        "key": f"{event.id}/{number}",
        "person": message.person.id,
        "workspace": home.workspace,
        "conversation": home.conversation,
        "thread_topic": message.thread or None,
        "about": message.about or None,
        "card": written(event, message, message.card),
        "at": event.at,
    }
    await session.run(_HOLD, row)
    await FollowUp(message.person.id, RHYTHM, RHYTHM, _next_week(event, message.person)).save(session)


_HOLD = Prepared(lambda _: held.insert())


async def changed(session: Session, event: Event, message: Replace | Retract) -> None:
    """What waits to be told about this topic reads like this from now on, or is gone."""
    this = h.about == message.about
    if isinstance(message, Replace):
        await session.run(update(held).where(this).values(card=written(event, message, message.card)))
    else:
        await session.run(delete(held).where(this))


async def first_of(session: Session, event: Event, message: Tell) -> None:
    """What waits in this message's thread goes before it: nobody should read an answer to what they have not seen."""
    await _into_outbox(session, event.at, h.person == message.person.id, h.thread_topic == message.thread)


async def _into_outbox(session: Session, now: datetime, *which: ColumnElement[bool]) -> None:
    rows = await session.all(delete(held).where(*which).returning(held))
    for row in sorted(rows, key=lambda row: (row.at, row.key)):
        same = {name: getattr(row, name) for name in ("key", "workspace", "conversation", "thread_topic", "about")}
        values = {**NOTHING, **same, "kind": "direct", "thread": None, "card": row.card, "not_before": now}
        session.add(outbox, values | {"heard": False})
        session.spoke = True


@dataclass(frozen=True, slots=True)
class Held:
    """What waits for the actor, the oldest first; not more than one reads at once."""

    count: int = 0
    cards: tuple[Card, ...] = ()


async def count(session: Session, person: Person) -> int:
    """How many wait for somebody."""
    return int(await session.value(select(func.count()).where(h.person == person.id)))


async def mine(session: Session, event: Event) -> Held:
    query = select(h.card, func.count().over().label("all")).where(h.person == event.actor.id)
    rows = await session.all(query.order_by(h.at, h.key).limit(SHOWN))
    return Held(rows[0].all, tuple(CARD.validate_json(row.card) for row in rows)) if rows else Held()


@dataclass(frozen=True, slots=True)
class Released:
    """All that waits for the actor is told now."""

    event: Event

    async def save(self, session: Session) -> None:
        await _into_outbox(session, self.event.at, h.person == self.event.actor.id)

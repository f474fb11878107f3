"""Whose evidence is asked for, and of which time."""

from dataclasses import dataclass

from bot.core.calendar import period
from bot.core.cards import MENTION
from bot.core.events import Action, Command, Event, Submission
from bot.core.history import known
from bot.core.pack import Evidence
from bot.core.people import Person
from bot.core.spans import read_span
from storage import access
from storage import people as folk
from storage.engine import Session
from storage.evidence import evidence

MANY = 99  # Slack shows 100 options


async def asked(session: Session, event: Command) -> Evidence | None:
    """`/review pack`, `/review pack @ana Q3`. None: not theirs to see."""
    who = event.mentions[0].id if event.mentions else event.actor.id
    span = read_span(MENTION.sub(" ", event.text), event.actor.lang, event.today)
    return await _of(session, event, who, span or current(event))


async def pressed(session: Session, event: Action) -> Evidence | None:
    """`PERSON|SPAN`; of an empty one the actor's own, of this time."""
    who, _, span = event.value.partition("|")
    return await _of(session, event, who or event.actor.id, known(span) or current(event))


async def chosen(session: Session, event: Submission) -> Evidence | None:
    said = event.answers
    return await _of(session, event, said.get("who") or event.actor.id, known(said.get("span", "")) or current(event))


def current(event: Event) -> str:
    return period(event.settings.rhythms["review"].every, event.today)


async def _of(session: Session, event: Event, who: str, span: str) -> Evidence | None:
    owner = await folk.by_id(session, who)
    if owner is None or not access.may_read(access.relation(event.actor, owner), "pack", shared=False):
        return None
    return await evidence(session, event, owner, span)


@dataclass(frozen=True, slots=True)
class Choices:
    who: str
    span: str
    reports: tuple[Person, ...]


async def choices(session: Session, event: Action) -> Choices:
    """What the form begins with, and whose pack it can ask for."""
    who, _, span = event.value.partition("|")
    reports = tuple(await folk.reports(session, event))[:MANY]
    who = who if who in {person.id for person in reports} else event.actor.id
    return Choices(who, known(span) or current(event), reports)

"""Who we are, said once to everybody before the first message that we begin. Who speaks with us first needs it not."""

from collections.abc import Iterable

from sqlalchemy import update

from bot.core.cards import Card, Note, Text
from bot.core.effects import Effect, SendFile, Tell
from bot.core.events import Action, Command, Installed, Met, Remark, Reply, Routed, Shortcut, Submission
from bot.core.people import Person
from bot.core.wording import wording
from storage import outbox
from storage.engine import Session
from storage.people import people

say = wording("welcome")
SPEAKS = Command | Shortcut | Action | Submission | Reply | Remark
GREETED = Met | Installed  # what these are answered with says who we are


async def before(session: Session, event: Routed, effects: Iterable[Effect]) -> None:
    """In front of what these effects tell people who never heard of us. Costs nothing for all others.

    The row of the person decides, so that of two messages at once one is preceded by it. Several are locked in the
    order of their ids, or two turns could wait for each other.
    """
    told = {each.person.id: each.person for each in effects if isinstance(each, Tell | SendFile) and each.person.unmet}
    actor = event.actor
    knows = isinstance(event, SPEAKS | GREETED)
    if knows and actor.unmet:
        told[actor.id] = actor
    for id, person in sorted(told.items()):
        first = update(people).where(people.c.id == id, people.c.unmet.is_(True)).values(unmet=False)
        if (await session.run(first)).rowcount == 1 and not (knows and id == actor.id):
            await outbox.put(session, event, f"hello.{id}", Tell(person, introduction(person)))


def introduction(person: Person) -> Card:
    return Card(parts=(Text(say(person, "introduction", name=person.name)), Note(say(person, "introduction_note"))))

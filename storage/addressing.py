"""Where somebody with several accounts is written to, and by which of them they are named."""

from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import select, update

from bot.core.cards import MENTION, mention
from bot.core.effects import Answer, Effect, Post, SendFile, ShowHome, Tell, Write
from bot.core.events import Action, Command, Event, Shortcut, Submission, Words
from bot.core.people import Person
from storage.engine import Session
from storage.outbox import CARD
from storage.people import Key, accounts, people

ACTS = Words | Command | Action | Submission | Shortcut  # a reaction, or a look at one's home, moves nobody
T = TypeVar("T", bound=Effect)


async def met(session: Session, event: Event, someone: Person, key: Key) -> Person:
    """The actor, with the account they are here by. What they do by it makes it the one that nudges go to."""
    workspace, account = key
    if (someone.workspace, someone.account) == key and not someone.gone:
        return someone
    here = replace(someone, workspace=workspace, account=account, gone=False)
    if isinstance(event, ACTS):
        home = {"workspace": workspace, "account": account, "gone": False}
        await session.run(update(people).where(people.c.id == someone.id).values(home))
        if someone.gone:  # no list had them, and here they are
            this = (accounts.c.workspace == workspace) & (accounts.c.account == account)
            await session.run(update(accounts).where(this).values(gone=False))
    return here


async def addressed(session: Session, event: Event, effect: T) -> T:
    """The same, naming people by the accounts they have where it is read; who has none there is named in plain words.

    Costs a statement, and only where a company has several workspaces and the card names somebody.
    """
    if isinstance(effect, Write | Answer) or (card := getattr(effect, "card", None)) is None:
        return effect
    match effect:
        case Post(place):
            workspace = place.workspace
        case Tell(person) | SendFile(person) | ShowHome(person):
            workspace = person.workspace
        case _:
            workspace = event.place.workspace
    if session.settings.company(workspace) == workspace or not MENTION.search(text := CARD.dump_json(card).decode()):
        return effect
    names = await _accounts(session, workspace, {found[1] for found in MENTION.finditer(text)})

    def named(found: Any) -> str:
        account = names.get(found[1])
        return mention(Person("", found[2], workspace, account)) if account else str(found[2])

    changed: Any = {"card": CARD.validate_json(MENTION.sub(named, text))}
    return replace(effect, **changed)


async def _accounts(session: Session, workspace: str, wanted: set[str]) -> dict[str, str]:
    """By any account of somebody: the one they have in this workspace."""
    company = session.settings.companies[session.settings.company(workspace)]
    other = accounts.alias()
    here = (accounts.c.workspace == workspace) & accounts.c.gone.is_(False)
    query = select(other.c.account, accounts.c.account.label("here")).where(
        other.c.account.in_(wanted), other.c.workspace.in_(company), other.c.person == accounts.c.person, here
    )
    found: dict[str, str] = {}
    for row in await session.all(query):
        # Somebody named by an account of this very workspace is named by that one.
        found[row.account] = row.here if found.get(row.account) != row.account else row.account
    return found

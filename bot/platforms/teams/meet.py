"""Between a payload and the turn: who is meant by it, and where they can be written to from now on."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.core.events import Arrived, Command, Met, Reaction, Shortcut, Submission, Words
from bot.core.people import Kind, Person, Place
from bot.platforms.teams.inbound import DIRECTORY, Arrival, Contact
from storage import outbox, teams
from storage import people as folk
from storage.engine import Session, Store
from storage.people import Profile
from storage.teams import Known, Reference

REMEMBERED = 10_000  # people in conversations of whom nothing new is written down


@dataclass(frozen=True, slots=True)
class Memory:
    accounts: Mapping[str, str]  # as a payload names them → as they were met first
    reference: Reference


@dataclass
class Acquaintances:
    """Keeps who and where, and gives each event the people we know instead of the ids Teams happens to use."""

    store: Store
    clock: Callable[[], datetime]
    # Only spares reading again what was just read: another replica that lacks it reads it.
    _seen: OrderedDict[Any, Memory] = field(default_factory=OrderedDict)

    async def meet(self, here: Arrival) -> Arrival:
        """The arrival with everybody known, and what it tells of them kept. Takes a short transaction of its own."""
        if not here.contacts and here.installed is None:
            return replace(here, events=())
        if here.installed is False:
            await self._left(here)
            return replace(here, events=())
        memory = await self._memory(here)
        if not here.addressed and not await self._ours(here):
            return replace(here, events=())
        kind = here.kind or memory.reference.kind
        here = replace(here, kind=kind, place=_placed(here.place, here.place, memory, kind))
        events = tuple(self._settled(event, here, memory) for event in here.events)
        return replace(here, events=await self._resolved(here.place.workspace, events))

    def _settled(self, event: Arrived, here: Arrival, memory: Memory) -> Arrived:
        event = _renamed(event, memory.accounts)
        event = replace(event, place=_placed(event.place, here.place, memory, here.kind))
        if isinstance(event, Met):  # two payloads tell of one installation; the next installation is another one
            event = replace(event, id=f"{event.id}/{memory.reference.installs}", kind=event.place.kind)
        return event

    async def _memory(self, here: Arrival) -> Memory:
        key = (here.place, here.address, here.service_url, here.kind, here.contacts)
        memory = None if here.installed else self._seen.get(key)
        if memory is None:
            memory = await self._learnt(here)
            self._seen[key] = memory
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        return memory

    async def _learnt(self, here: Arrival) -> Memory:
        """Read first, and write only what is new: most payloads tell nothing new."""
        workspace = here.place.workspace
        async with self.store.reading() as session:
            known = await teams.known(session, workspace, [who.directory for who in here.contacts])
            accounts = {c.account: known[c.directory].account for c in here.contacts if c.directory in known}
            reference = await teams.reference(session, workspace, _conversation(here.place, accounts))
        fresh = [c for c in (_merged(c, known) for c in here.contacts) if _news(c, known)]
        if not fresh and reference and reference == _wanted(here, accounts, reference):
            return Memory(accounts, reference)
        async with self.store.transaction() as session:
            for who in fresh:
                accounts[who.account] = await teams.know(session, workspace, _known(who))
            await folk.learn(session, [_profile(who, workspace, accounts) for who in fresh], self.clock())
            await teams.keep(session, _wanted(here, accounts, reference), self.clock())
            kept = await teams.reference(session, workspace, _conversation(here.place, accounts))
        assert kept is not None
        return Memory(accounts, kept)

    async def _left(self, here: Arrival) -> None:
        workspace = here.place.workspace
        async with self.store.transaction() as session:
            known = await teams.known(session, workspace, [who.directory for who in here.contacts])
            accounts = {c.account: known[c.directory].account for c in here.contacts if c.directory in known}
            await teams.removed(session, workspace, _conversation(here.place, accounts))
        self._seen.clear()  # whoever writes there again lets us in again

    async def _ours(self, here: Arrival) -> bool:
        """Words beside us are meant for us only in a thread of ours."""
        async with self.store.reading() as session:
            return bool(here.place.thread and await outbox.topic_of(session, here.place))

    async def _resolved(self, workspace: str, events: tuple[Arrived, ...]) -> tuple[Arrived, ...]:
        """People named by the directory's id only, and those picked from a list that we know."""
        named = {someone.account for event in events for someone in _named(event)}
        ids = {account.lower() for account in named if DIRECTORY.fullmatch(account)}
        picked = {p.account for event in events if isinstance(event, Submission) for p in _picked(event)}
        if not ids and not picked:
            return events
        async with self.store.reading() as session:
            accounts = await _accounts(session, workspace, ids)
            known = set(await teams.directory(session, workspace, picked))
        if missing := ids - accounts.keys():
            async with self.store.transaction() as session:
                for id in missing:
                    accounts[id] = await teams.know(session, workspace, Known(id, id))
        accounts |= {account: accounts[account.lower()] for account in named if account.lower() in accounts}
        return tuple(_renamed(_without_inventions(event, known | accounts.keys()), accounts) for event in events)


async def _accounts(session: Session, workspace: str, ids: Iterable[str]) -> dict[str, str]:
    return {id: who.account for id, who in (await teams.known(session, workspace, ids)).items()}


def _conversation(place: Place, accounts: Mapping[str, str]) -> str:
    return accounts.get(place.conversation, place.conversation) if place.kind == "direct" else place.conversation


def _wanted(here: Arrival, accounts: Mapping[str, str], before: Reference | None) -> Reference:
    """What should be kept of where this came from. A kind once learnt stays."""
    return Reference(
        here.place.workspace,
        _conversation(here.place, accounts),
        here.address,
        here.service_url,
        here.kind or (before.kind if before else None),
        here.threads,
        before.home if before else None,
        before.installs if before else 0,
    )


def _placed(place: Place, here: Place, memory: Memory, kind: Kind | None) -> Place:
    if place.kind == "direct":
        return replace(place, conversation=memory.reference.conversation)
    return replace(place, kind=kind) if kind and place.conversation == here.conversation else place


def _merged(who: Contact, known: Mapping[str, Known]) -> Contact:
    """Some payloads name nobody and tell no language: what was told before still holds."""
    before = known.get(who.directory)
    if before is None or not before.told:
        return who
    name, lang, zone, country = (*before.told.split("|"), "", "", "", "")[:4]
    return replace(
        who,
        name=who.name or name,
        lang=who.lang or lang or None,
        zone=who.zone or zone or None,
        country=who.country or country or None,
    )


def _news(who: Contact, known: Mapping[str, Known]) -> bool:
    return who.directory not in known or known[who.directory].told != who.told


def _known(who: Contact) -> Known:
    return Known(who.directory, who.account, who.told)


def _profile(who: Contact, workspace: str, accounts: Mapping[str, str]) -> Profile:
    account = accounts[who.account]
    return Profile(workspace, account, who.name, who.zone, who.lang, who.country, bot=who.bot)


def _named(event: Arrived) -> Iterable[Person]:
    yield event.actor
    match event:
        case Words(mentions=mentions) | Command(mentions=mentions):
            yield from mentions
        case Submission():
            yield from _picked(event)
        case Shortcut(author=Person() as author) | Reaction(author=Person() as author):
            yield author
        case _:
            pass


def _picked(event: Submission) -> Iterable[Person]:
    return (someone for those in event.people.values() for someone in those)


def _without_inventions(event: Arrived, real: set[str]) -> Arrived:
    """A picker gives people we showed or the directory's: whatever else a client sends is nobody."""
    if not isinstance(event, Submission):
        return event
    people = {id: tuple(p for p in those if p.account in real) for id, those in event.people.items()}
    return replace(event, people=people)


def _renamed(event: Arrived, accounts: Mapping[str, str]) -> Arrived:
    def who(someone: Person) -> Person:
        return replace(someone, account=accounts.get(someone.account, someone.account))

    event = replace(event, actor=who(event.actor))
    match event:
        case Words(mentions=mentions) | Command(mentions=mentions):
            return replace(event, mentions=tuple(map(who, mentions)))
        case Submission(people=people):
            return replace(event, people={id: tuple(map(who, those)) for id, those in people.items()})
        case Shortcut(author=Person() as author) | Reaction(author=Person() as author):
            return replace(event, author=who(author))
        case _:
            return event

"""Between a payload and the turn: who is meant by it, and where they can be written to from now on."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.cards import clean
from bot.core.events import Arrived, Command, Installed, Met, Reaction, Shortcut, Submission, Words
from bot.core.people import Kind, Person, Place, stranger
from bot.platforms.teams.addresses import GONE, Addresses
from bot.platforms.teams.connector import Member
from bot.platforms.teams.payloads import DIRECTORY, Arrival, Contact
from storage import directory, installations, outbox, teams, unreachable
from storage.engine import Session, Store
from storage.installations import Installation
from storage.people import Profile
from storage.teams import Known, Reference

MENTIONED = 20  # people of one message who are looked up
REMEMBERED = 10_000  # people in conversations of whom nothing new is written down
FRESH = timedelta(minutes=5)  # until it is read again: another replica may have heard that the bot was taken out


@dataclass(frozen=True, slots=True)
class Memory:
    accounts: Mapping[str, str]  # as a payload names them → as they were met first
    reference: Reference
    until: datetime
    let_in: str | None = None  # the tenant is new to us, or had put us out: what tells this time from others


@dataclass
class Acquaintances:
    """Keeps who and where, and gives each event the people we know instead of the ids Teams happens to use."""

    store: Store
    clock: Callable[[], datetime]
    ask: Callable[[str, str, str], Awaitable[Member | None]]  # service URL, conversation, account
    addresses: Addresses
    # Only spares reading again what was just read: another replica that lacks it reads it.
    _seen: OrderedDict[Any, Memory] = field(default_factory=OrderedDict)

    async def meet(self, here: Arrival) -> Arrival:
        """The arrival with everybody known, and what it tells of them kept: in a short transaction of its own, where it
        tells something new."""
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
        events = await self._resolved(here, events)
        return replace(here, events=(*self._let_in(events, memory), *events))

    def _let_in(self, events: tuple[Arrived, ...], memory: Memory) -> tuple[Installed, ...]:
        """That a tenant has us, for the first time or again. Where the operator named who looks after the company, they
        are asked, and not whoever happens to be first: an app can be given to a whole company at once."""
        if memory.let_in is None or not events:
            return ()
        actor, admins = events[0].actor, self.store.settings.people.admins
        if admins and actor.account not in admins:
            actor = stranger(actor.workspace, f"28:{self.addresses.app_id}", "Kadens", bot=True)
        id = f"{actor.workspace}/installed/{memory.let_in}"
        return (Installed(id=id, actor=actor, place=actor.home, at=events[0].at),)

    def _settled(self, event: Arrived, here: Arrival, memory: Memory) -> Arrived:
        event = _renamed(event, memory.accounts)
        event = replace(event, place=_placed(event.place, here.place, memory, here.kind))
        if isinstance(event, Met):  # two payloads tell of one installation; the next installation is another one
            event = replace(event, id=f"{event.id}/{memory.reference.installs}", kind=event.place.kind)
        return event

    async def _memory(self, here: Arrival) -> Memory:
        key = (here.place, here.address, here.service_url, here.kind, here.contacts)
        memory = None if here.installed else self._seen.get(key)
        if memory is None or memory.until < self.clock() or memory.reference.key in self.addresses.lost:
            memory = await self._learnt(here)
            self.addresses.lost.discard(memory.reference.key)
            if memory.let_in is None:  # else it is told until a turn has heard it
                self._seen[key] = memory
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        return memory

    async def _learnt(self, here: Arrival) -> Memory:
        """Read first, and write only what is new: most payloads tell nothing new."""
        workspace, until = here.place.workspace, self.clock() + FRESH
        async with self.store.reading() as session:
            known = await teams.known(session, workspace, [who.directory for who in here.contacts])
            accounts = {c.account: known[c.directory].account for c in here.contacts if c.directory in known}
            where = _conversation(here.place, accounts)
            reference = await teams.reference(session, workspace, where)
            lost = await unreachable.among(session, [(workspace, where)], self.clock())
            let_in = _standing(here, await installations.find(session, workspace))
        fresh = [c for c in (_merged(c, known) for c in here.contacts) if _news(c, known)]
        if not fresh and not lost and reference and reference == _wanted(here, accounts, reference):
            return Memory(accounts, reference, until, let_in)
        fresh = [await self._introduced(who, here, known) for who in fresh]

        async def keep(session: Session) -> Reference | None:
            for who in fresh:
                accounts[who.account] = await teams.know(session, workspace, _known(who))
            await directory.learn(session, [_profile(who, workspace, accounts) for who in fresh], self.clock())
            where = _conversation(here.place, accounts)
            await teams.keep(session, _wanted(here, accounts, reference), self.clock())
            await unreachable.met(session, workspace, [where])
            return await teams.reference(session, workspace, where)

        kept = await self.store.unit(keep)
        assert kept is not None
        self.addresses.forget(Place(workspace, kept.conversation))
        return Memory(accounts, kept, until, let_in)

    async def _introduced(self, who: Contact, here: Arrival, known: Mapping[str, Known]) -> Contact:
        """Installing tells no name, and nothing tells who is a guest; the list of members does, once for each."""
        if who.directory in known or who.bot:
            return who
        member = await self.ask(here.service_url, here.address, who.account)
        if member is None:
            return who
        return replace(who, name=who.name or clean(member.name), guest=member.guest, email=member.email)

    async def _left(self, here: Arrival) -> None:
        """Out of one conversation; and out of the tenant where that was the last one, for Teams has no other word for
        it."""
        workspace, now = here.place.workspace, self.clock()

        async def out(session: Session) -> None:
            known = await teams.known(session, workspace, [who.directory for who in here.contacts])
            accounts = {c.account: known[c.directory].account for c in here.contacts if c.directory in known}
            conversation = _conversation(here.place, accounts)
            if await teams.reference(session, workspace, conversation):
                await unreachable.keep(session, Place(workspace, conversation), GONE, now)
            await teams.removed(session, workspace, conversation, here.team)
            if not await teams.anywhere(session, workspace):
                await installations.left(session, workspace, now)

        await self.store.unit(out)
        self._seen.clear()  # whoever writes there again lets us in again
        self.addresses.forget()

    async def _ours(self, here: Arrival) -> bool:
        """Words beside us are meant for us only in a thread of ours."""
        async with self.store.reading() as session:
            return bool(here.place.thread and await outbox.topic_of(session, here.place))

    async def _resolved(self, here: Arrival, events: tuple[Arrived, ...]) -> tuple[Arrived, ...]:
        """The people an event names besides its actor, as we know them: by the directory's id, a mention, or a list."""
        named = {who.account: who for event in events for who in _named(event)}
        if not named:
            return events
        workspace, ids = here.place.workspace, {id.lower() for id in named if DIRECTORY.fullmatch(id)}
        async with self.store.reading() as session:
            accounts = {id: who.account for id, who in (await teams.known(session, workspace, ids)).items()}
            heard_of = await teams.directory(session, workspace, named)
            real = await teams.met(session, workspace, named) | heard_of.keys()
        fresh = [Known(id, id) for id in ids - accounts.keys()]
        fresh += await self._mentioned(here, events, heard_of.keys())
        if fresh:
            async with self.store.transaction() as session:
                for someone in fresh:
                    accounts[someone.account] = await teams.know(session, workspace, someone)
        accounts |= {id: accounts[id.lower()] for id in named if id.lower() in accounts}
        return tuple(_renamed(_without_inventions(event, real | accounts.keys()), accounts) for event in events)

    async def _mentioned(self, here: Arrival, events: Iterable[Arrived], known: Iterable[str]) -> list[Known]:
        """A mention names somebody by the bot's own id for them only; the list of members joins the two."""
        people = {who.account for event in events if isinstance(event, Words) for who in event.mentions if not who.bot}
        unknown = sorted(people.difference(known))[:MENTIONED]
        found = await asyncio.gather(*(self.ask(here.service_url, here.address, who) for who in unknown))
        return [Known(m.directory, who) for who, m in zip(unknown, found, strict=True) if m and m.directory]


def _standing(here: Arrival, known: Installation | None) -> str | None:
    """Whether this lets us into its tenant: an installation where we were not, or any sign of life from one that had
    put us out."""
    if known is None:
        return "" if here.installed else None
    return known.gone_at.isoformat() if known.gone_at else None


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
        before.installs if before else 0,
        team=(here.team if here.threads else "") or (before.team if before else ""),
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
    name, lang, zone, country, guest = (*before.told.split("|"), "", "", "", "", "")[:5]
    return replace(
        who,
        name=who.name or name,
        lang=who.lang or lang or None,
        zone=who.zone or zone or None,
        country=who.country or country or None,
        guest=guest == "guest",
    )


def _news(who: Contact, known: Mapping[str, Known]) -> bool:
    return who.directory not in known or known[who.directory].told != who.told


def _known(who: Contact) -> Known:
    return Known(who.directory, who.account, who.told)


def _profile(who: Contact, workspace: str, accounts: Mapping[str, str]) -> Profile:
    account = accounts[who.account]
    told = Profile(workspace, account, who.name, who.zone, who.lang, who.country, bot=who.bot, guest=who.guest)
    return replace(told, email=who.email)


def _named(event: Arrived) -> Iterable[Person]:
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


def _without_inventions(event: Arrived, real: Set[str]) -> Arrived:
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

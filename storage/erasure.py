"""Erasing somebody: at once, in one transaction, by the rules of storage/keeping.py.

What was theirs alone is deleted. What they gave to others stays with those, without the name, unless they take that
away too. Messages of ours that wait are dropped, or lose the name; those in other people's conversations that show
something of theirs are taken back.
"""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import add
from string import Formatter
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Select,
    Table,
    and_,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    tuple_,
    union,
    update,
)

from bot.core.cards import BAR, OPEN, SHUT, Card
from bot.core.events import Event
from bot.core.feedback import Feedback
from bot.core.kudos import Giving
from bot.core.people import SOMEBODY, Person
from bot.core.wording import wording
from storage import feedback
from storage import kudos as thanks
from storage import people as folk
from storage.access import shares
from storage.digest import held
from storage.engine import Session
from storage.keeping import Rule, of, ruled
from storage.kudos import k
from storage.outbox import CARD, events, outbox, row
from storage.people import accounts, people
from storage.sharing import remarks

REDRAWN = timedelta(days=90)  # older cards stay as the platform keeps them: thousands would hold up a channel for hours
MOST = 200  # cards
BLANK = CARD.dump_json(Card("…")).decode()
say = wording("common")


# What goes, and what stays.


def theirs(table: Table, rule: Rule, person: str, words_too: bool) -> ColumnElement[bool] | None:
    """The rows of a table that go with this person."""
    verbs = ("goes", "stays") if words_too else ("goes",)
    which = [table.c[name] == person for name, who in rule.people.items() if who.erased in verbs]
    if rule.account:
        own = select(accounts.c.workspace, accounts.c.account).where(accounts.c.person == person)
        which.append(tuple_(table.c.workspace, table.c[rule.account]).in_(own))
    if rule.lost:
        which.append(rule.lost(table.c, person))
    for column, name in rule.within:
        parent, above = of(name)
        owned = theirs(parent, above, person, words_too)
        if owned is not None:
            which.append(table.c[column].in_(select(parent.c.id).where(owned)))
    return or_(*which) if which else None


@dataclass(frozen=True, slots=True)
class Leaving:
    """What erasing the actor would do."""

    goes: Mapping[str, int]  # rows by section of the export
    stays: Mapping[str, int]
    reports: tuple[Person, ...]
    shown: tuple[Giving, ...]  # thanks of the last months whose cards can be drawn anew
    beside: Mapping[str, tuple[Giving, ...]]  # by topic: all thanks that stand on the card under one message
    told: tuple[Feedback, ...]  # given in the last months


async def leaving(session: Session, event: Event) -> Leaving:
    goes, stays, me = dict[str, int](), dict[str, int](), event.actor.id
    for table, rule in ruled():
        for name, who in rule.people.items():
            found = goes if who.erased == "goes" else stays if who.erased == "stays" else None
            if who.section and found is not None:
                mine = select(func.count()).select_from(table).where(table.c[name] == me)
                found[who.section] = found.get(who.section, 0) + int(await session.value(mine))
    shown = await _shown(session, event)
    beside = dict[str, tuple[Giving, ...]]()
    for giving in shown:
        if giving.source:
            same = and_(k.source == giving.source, k.workspace == giving.place.workspace)
            beside[giving.under] = tuple(await thanks.givings(session, same))
    told = await feedback.given_since(session, me, event.at - REDRAWN)
    return Leaving(goes, stays, tuple(await folk.reports(session, event)), tuple(shown), beside, tuple(told[-MOST:]))


async def _shown(session: Session, event: Event) -> list[Giving]:
    """With who joined in: their names stand on the card too."""
    me, since = event.actor.id, event.at - REDRAWN
    joined = select(k.joins).where(k.giver == me, k.joins.is_not(None))
    mine = or_(k.giver == me, k.receiver == me, k.giving.in_(joined))
    ids = select(k.giving).where(mine, k.joins.is_(None), k.at >= since).distinct().limit(MOST)
    found = [await thanks.find(session, id.giving) for id in await session.all(ids)]
    return [giving for giving in found if giving]


# Doing it.


@dataclass(frozen=True, slots=True)
class Erased:
    """This person is nobody from now on. `words_too`: what they gave to others goes as well."""

    event: Event
    person: Person
    words_too: bool = False

    async def save(self, session: Session) -> None:
        await session.flush()
        await _Outbox(session, self.event, self.person, self.words_too).clear()
        nobody = secrets.token_hex(8)
        await session.run(people.insert().values(_nobody(nobody, self.person, self.event.at)))
        named = False
        for table, rule in reversed(ruled()):
            named |= await _erase(session, table, rule, self.person.id, nobody, self.words_too)
        if not named:  # nothing points at them: not even a nameless row stays
            await session.run(people.delete().where(people.c.id == nobody))
        for made_of in ("due", "home"):
            await session.run(events.delete().where(_begins(session, events.c.id, f"{made_of}/{self.person.id}/")))
        session.erased = session.spoke = True


def _nobody(id: str, before: Person, at: datetime) -> dict[str, Any]:
    """The nameless row that takes the place of somebody: gone, reachable nowhere, of the same company."""
    empty = {"workspace": "", "account": "", "lang": "en", "zone": "UTC", "calendar": "", "gone": True}
    return {"id": id, "company": before.company, "name": SOMEBODY, "profiled_at": at, **empty}


async def _erase(session: Session, table: Table, rule: Rule, person: str, nobody: str, words_too: bool) -> bool:
    """Returns whether a row is left that names nobody in the place of this person, by a key that has to exist."""
    empty = [name for name, who in rule.people.items() if who.erased == "empty"]
    for name in empty:
        await session.run(update(table).where(table.c[name] == person).values({name: None}))
    if (which := theirs(table, rule, person, words_too)) is not None:
        for name in rule.loose:
            gone = table.c[name].in_(select(table.c.id).where(which))
            await session.run(update(table).where(gone).values({name: None}))
        await session.run(table.delete().where(which))
    named = False
    for name, who in rule.people.items():
        if who.erased in ("stays", "nameless"):
            done = await session.run(update(table).where(table.c[name] == person).values({name: nobody}))
            named |= bool(done.rowcount and table.c[name].foreign_keys)
    return named


# What waits to be said, and what was said to others.


@dataclass(frozen=True, slots=True)
class _Outbox:
    session: Session
    event: Event
    person: Person
    words_too: bool

    async def clear(self) -> None:
        topics, begins = self._topics()
        await self._held(topics, begins)
        own = select(accounts.c.workspace, accounts.c.account).where(accounts.c.person == self.person.id)
        keys = [(each.workspace, each.account) for each in await self.session.all(own)]
        await self._own(keys)
        await self._take_back(self._about(topics, begins))
        await self._settle()
        await self._rename([account for _, account in keys])

    async def _own(self, keys: list[tuple[str, str]]) -> None:
        """All that was said to them, but what is yet to be taken back, and what it is about."""
        mine = tuple_(row.workspace, row.conversation).in_(keys)
        waits = select(row.target).where(mine, row.verb == "delete", row.sent_at.is_(None), row.failed_at.is_(None))
        targets = [each.target for each in await self.session.all(waits)]
        kept = or_(and_(row.verb == "delete", row.target.in_(targets)), row.id.in_(targets))
        await self.session.run(outbox.delete().where(mine, ~kept))
        nothing = {"about": None, "thread_topic": None, "card": None, "file": None, "otherwise": None}
        await self.session.run(update(outbox).where(mine).values(nothing))
        only = tuple_(row.workspace, row.only_for).in_(keys)
        await self.session.run(outbox.delete().where(only))
        instead = tuple_(row.workspace, row.fallback).in_(keys)
        await self.session.run(update(outbox).where(instead).values(fallback=None, otherwise=None))

    async def _held(self, topics: CompoundSelect[Any], begins: list[str]) -> None:
        """What waits to be told to others about something of theirs is not told; what else names them, without it."""
        starts = (_begins(self.session, held.c.about, start) for start in begins)
        theirs = or_(held.c.about.in_(topics), held.c.thread_topic.in_(topics), *starts)
        await self.session.run(held.delete().where(theirs))
        name = json.dumps(self.person.name, ensure_ascii=False)[1:-1]
        named = held.c.card.contains(name, autoescape=True) if name else false()
        reader = select(held.c.key, held.c.card, people.c.lang).join(people, people.c.id == held.c.person)
        for found in await self.session.all(reader.where(named)):
            card = _without(found.card, name, say(found.lang, "somebody"))
            await self.session.run(update(held).where(held.c.key == found.key).values(card=card))

    def _topics(self) -> tuple[CompoundSelect[Any], list[str]]:
        """Of messages about something of theirs: topics, and how others begin."""
        topics, begins = list[Select[Any]](), list[str]()
        for table, rule in ruled():
            which = theirs(table, rule, self.person.id, self.words_too)
            if which is None:
                continue
            for topic in rule.topics:
                if topic.endswith(":"):
                    begins.append(topic.format(id=self.person.id))
                else:
                    topics.append(select(_spelled(table, topic)).where(which))
        return union(*topics), begins

    def _about(self, all_topics: CompoundSelect[Any], starts: list[str]) -> ColumnElement[bool]:
        """Messages to others about something of theirs."""
        begins = [_begins(self.session, row.about, start) for start in starts]
        # A thread is found by its conversation: those of whoever could read, or was told, something of theirs.
        heard = union(
            select(shares.c.reader).where(shares.c.person == self.person.id),
            select(remarks.c.reader).where(remarks.c.author == self.person.id),
            select(remarks.c.author).where(remarks.c.reader == self.person.id),
        )
        homes = select(accounts.c.workspace, accounts.c.account).where(accounts.c.person.in_(heard))
        threads = and_(tuple_(row.workspace, row.conversation).in_(homes), row.thread_topic.in_(all_topics))
        root = outbox.alias().c
        begun = select(root.workspace, root.conversation, root.thread_topic).where(root.about.in_(all_topics))
        below = tuple_(row.workspace, row.conversation, row.thread_topic).in_(begun)
        return or_(row.about.in_(all_topics), threads, below, *begins)

    async def _take_back(self, about: ColumnElement[bool]) -> None:
        """These messages go, each once; what would still have changed them is dropped."""
        target = outbox.alias()
        gone = select(target.c.target).where(target.c.verb == "delete", target.c.target.is_not(None))
        said = and_(about, row.verb == "post", row.failed_at.is_(None))
        changed = and_(row.verb == "update", row.target.in_(select(row.id).where(said)))
        await self.session.run(outbox.delete().where(or_(changed, and_(about, row.failed_at.is_not(None)))))
        same = [row.workspace, row.conversation, row.kind, row.thread, row.thread_topic, row.only_for]
        columns = ["key", "verb", "target", "not_before", "tries", "unsure", *(column.name for column in same)]
        key = literal(f"{self.event.id}/erased/") + cast(row.id, row.key.type)
        moment = literal(self.event.at, row.not_before.type)
        copied = select(key, literal("delete"), row.id, moment, literal(0), literal(False), *same)
        await self.session.run(outbox.insert().from_select(columns, copied.where(said, row.id.not_in(gone))))

    async def _settle(self) -> None:
        """A message nobody has tried to send is not said only to be taken back or changed. One that is being sent this
        moment goes out as it is; its words are no longer here."""
        said, change = outbox.alias(), outbox.alias()
        query = (
            select(change.c.id, change.c.verb, change.c.card, said.c.id.label("said"), said.c.lease_until)
            .join(said, said.c.id == change.c.target)
            .where(change.c.key.startswith(f"{self.event.id}/", autoescape=True), said.c.sent_at.is_(None))
            .order_by(change.c.id)
        )
        for found in await self.session.all(query):
            this, both = row.id == found.said, row.id.in_((found.said, found.id))
            if found.verb == "delete" and found.lease_until is None:
                await self.session.run(outbox.delete().where(both))
                continue
            words = {"card": found.card or BLANK, "otherwise": None, "file": None}
            await self.session.run(update(outbox).where(this).values(words))

    async def _rename(self, their_accounts: list[str]) -> None:
        """Whatever else waits and names them is said without the name."""
        name = json.dumps(self.person.name, ensure_ascii=False)[1:-1]
        texts = (row.card, row.otherwise, row.file)
        marks = [mark for mark in (name, *their_accounts) if mark]
        names = or_(*(text.contains(mark, autoescape=True) for text in texts for mark in marks))
        for found in await self.session.all(select(row.id, row.conversation, row.kind, *texts).where(names)):
            somebody = say(await self._language(found), "somebody")
            values = {text.name: _without(getattr(found, text.name), name, somebody) for text in texts}
            await self.session.run(update(outbox).where(row.id == found.id).values(values))

    async def _language(self, found: Any) -> str:
        if found.kind != "direct":
            return self.event.settings.languages.of(found.conversation)
        home = select(people.c.lang).join(accounts, accounts.c.person == people.c.id)
        return await self.session.value(home.where(accounts.c.account == found.conversation).limit(1)) or "en"


def _begins(session: Session, column: Column[Any], start: str) -> ColumnElement[bool]:
    """SQLite finds a range by its index; PostgreSQL may sort by a language, where a range would be another one."""
    if session.sqlite:
        return and_(column >= start, column < start[:-1] + chr(ord(start[-1]) + 1))
    return column.startswith(start, autoescape=True)


def _spelled(table: Table, topic: str) -> ColumnElement[str]:
    """`shared:{id}`, of every row of the table."""
    parts = list[ColumnElement[str]]()
    for before, column, _, _ in Formatter().parse(topic):
        parts += [literal(before), *([table.c[column]] if column else [])]
    return reduce(add, parts)


def _without(text: str | None, name: str, somebody: str) -> str | None:
    """A card as it is stored, with somebody in the place of the name; also where it notifies."""
    if not text:
        return text
    notifies = f"{OPEN}[^{BAR}]*{BAR}{re.escape(name)}{SHUT}"
    return re.sub(rf"{notifies}|(?<!\w){re.escape(name)}(?!\w)", lambda _: somebody, text)

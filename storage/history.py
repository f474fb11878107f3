"""What somebody has said, given and received so far, the latest first: their own, and what they may see of others'."""

from dataclasses import replace

from sqlalchemy import select

from bot.core.events import Action, Command, Event, Submission
from bot.core.history import KINDS, WORDS, Query, folded, known, read
from bot.core.wording import FIRST, wording
from storage import history_of
from storage.engine import Session
from storage.entries import SOURCES, Entry, Page, entries, paged
from storage.outbox import outbox

say = wording("history")


async def asked(session: Session, event: Command) -> Page:
    """`/kadens history kudos november`, `/kudos history`, `/kadens history @ana`."""
    langs = (FIRST, event.actor.lang)
    named = {word: kind for kind in KINDS for lang in langs for word in said(lang, f"kinds_said.{kind}")}
    search = {word for lang in langs for word in said(lang, "search_said")}
    query = read(event.text, event.actor.lang, event.today, named, search)
    own = {"checkin": "checkins", "goal": "goals", "review": "reviews", "growth": "learning"}
    first = event.name.partition(" ")[0]
    kind = own.get(first, first)
    query = replace(query, kind=query.kind or (kind if kind in KINDS else ""))
    if event.mentions and event.mentions[0].id != event.actor.id:
        query = replace(query, person=event.mentions[0].id)
    return await page(session, event, query)


def said(lang: str, key: str) -> list[str]:
    """The words by which people call something."""
    return [folded(word.strip()) for word in say(lang, key).split(",")]


async def pressed(session: Session, event: Action) -> Page:
    return await page(session, event, Query.read(event.value))


async def chosen(session: Session, event: Submission) -> Page:
    before, said = Query.read(event.value), event.answers
    kind = said.get("kind", "")
    query = Query(kind if kind in KINDS else "", known(said.get("period", "")), person=before.person, card=before.card)
    return await page(session, event, replace(query, words=" ".join(said.get("words", "").split())[:WORDS]))


async def page(session: Session, event: Event, query: Query) -> Page:
    there = await stands(session, event, query)
    if query.person:
        return replace(await history_of.page(session, event, query), stands=there)
    found = list[Entry]()
    for rank, source in enumerate(SOURCES):
        if query.kind in ("", source.kind):
            found += await entries(session, event, query, rank, source, source.rows(event.actor.id))
    return replace(paged(query, found), stands=there)


def topic(event: Event, card: str) -> str:
    """Of a history's card. With its reader in it: nobody can name another's."""
    return f"history:{event.actor.id}:{card}"


async def stands(session: Session, event: Event, query: Query) -> bool:
    """Whether the card that was pressed is still known: what was said long ago is forgotten."""
    if not query.card or event.place.kind != "direct":
        return False
    same = select(outbox.c.id).where(outbox.c.about == topic(event, query.card), outbox.c.failed_at.is_(None))
    return await session.value(same.limit(1)) is not None

"""What a manager prepares a quarter's talk with: which of their people it is about, and how far they are."""

from dataclasses import dataclass

from sqlalchemy import and_, select

from bot.core.events import Action, Command, Due, Event, Reply
from bot.core.pack import Evidence
from bot.core.people import Person
from bot.core.progress import Progress
from bot.core.summary import Summary
from storage import access, cadences, dialogues, nudges, review, summaries
from storage import evidence as pack
from storage.dialogues import dialogues as talks
from storage.engine import Session

PREPARING = "preparing"


@dataclass(frozen=True, slots=True)
class Desk:
    """Somebody the actor manages, the talk the two have, and how far its preparation is."""

    person: Person
    period: str
    summary: Summary | None  # None: nobody has begun it yet
    progress: Progress | None
    evidence: Evidence | None  # for who begins
    passed: bool  # they let their own look back pass, or its time is over
    shared_with: frozenset[str] = frozenset()


async def desk(session: Session, event: Action) -> Desk | None:
    """Of the person whose id is pressed; None for who does not report to the actor."""
    found = await review.report(session, event, event.value)
    return await _desk(session, event, found.person, found.summary) if found else None


async def replying(session: Session, event: Reply) -> Desk | None:
    """The same from within the dialogue; None once somebody else manages them."""
    summary = await summaries.find(session, event, event.progress.subject)
    if summary is None or summary.manager.id != event.actor.id:
        return None
    return await _desk(session, event, summary.person, summary)


async def _desk(session: Session, event: Event, person: Person, summary: Summary | None) -> Desk:
    now = await cadences.period_of_team(session, event, "review")
    period = summary.period if summary else now
    progress = event.progress if isinstance(event, Reply) else await _begun(session, event, summary)
    shared = await access.readers(session, progress.id) if progress else frozenset[str]()
    # Reading it is written down: only where it is shown.
    seen = None if progress else await pack.evidence(session, event, person, period)
    passed = period != now or await _skipped(session, person, period)
    return Desk(person, period, summary, progress, seen, passed, shared)


async def _begun(session: Session, event: Event, summary: Summary | None) -> Progress | None:
    if summary is None:
        return None
    mine = and_(talks.c.person == event.actor.id, talks.c.dialogue == PREPARING, talks.c.subject == summary.id)
    row = await session.first(select(talks).where(mine).order_by(talks.c.began.desc()).limit(1))
    return dialogues.progress_of(row) if row else None


async def _skipped(session: Session, person: Person, period: str) -> bool:
    n = nudges.nudges.c
    this = and_(n.person == person.id, n.rhythm == "review", n.period == period, n.step == 0)
    return str(await session.value(select(n.state).where(this))) == "skipped"


@dataclass(frozen=True, slots=True)
class Board:
    """The actor's people, each with their talk."""

    period: str
    people: tuple[tuple[Person, Summary | None], ...]


async def board(session: Session, event: Command | Action | Due) -> Board:
    now = await cadences.period_of_team(session, event, "review")
    return Board(now, tuple(await summaries.team(session, event, now)))


async def followed_up(session: Session, event: Due) -> Board:
    """Those whose talk of this period waits for a step of the actor's; `period` is the follow-up's."""
    found = await summaries.waiting(session, event)
    mine = [one for one in found if one.manager.id == event.actor.id and one.period == event.period]
    return Board(event.period, tuple((one.person, one) for one in mine))


async def summary_of(session: Session, event: Due) -> Summary | None:
    """The talk a follow-up is about; `period` is its id."""
    return await summaries.find(session, event, event.period)

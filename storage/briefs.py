"""One talk of a pair, as one of its two is briefed for it before and asked about it after."""

from dataclasses import dataclass

from sqlalchemy import select

from bot.core.events import Action, Due, Event, Reply, Submission
from bot.core.oneonone import Between, Meeting
from bot.core.progress import Progress
from storage import absences, dialogues, oneonone
from storage.engine import Session
from storage.meetings import alone, meeting_of, meetings, mine, oneonones, pairs_of


@dataclass(frozen=True, slots=True)
class Talk:
    """One talk of the actor's, and what there is to know of it."""

    meeting: Meeting
    later: bool = False  # there is a later one already
    away: frozenset[str] = frozenset()  # who of the two is, on its day
    stale: tuple[Progress, ...] = ()  # the actor's own talks about earlier ones, still open


Briefed = tuple[Talk, Between]  # with all that there is between the two


async def briefed(session: Session, event: Due) -> Briefed | None:
    """`period` is its id. With goals: it is to come."""
    return await _with(session, event, event.period, aims=True)


async def asked(session: Session, event: Due | Reply) -> Briefed | None:
    return await _with(session, event, event.period if isinstance(event, Due) else event.progress.subject)


async def pressed(session: Session, event: Action | Submission) -> Talk | None:
    return await _talk(session, event, event.value)


async def _with(session: Session, event: Event, id: str, aims: bool = False) -> Briefed | None:
    talk = await _talk(session, event, id)
    if talk is None:
        return None
    partner = talk.meeting.partner(event.actor)
    return talk, await oneonone.between(session, event, partner, await mine(session, event), aims)


async def _talk(session: Session, event: Event, id: str) -> Talk | None:
    """None where the actor is none of its two."""
    query, me, c = select(meetings).where(meetings.c.id == id), event.actor.id, meetings.c
    row = await session.first(query)
    if row is None or me not in (row.one, row.other):
        return None
    await alone(session, row.one, row.other)
    row = await session.first(query)
    of = await session.first(select(oneonones).where(oneonones.c.id == row.pair)) if row else None
    if row is None or of is None:  # erased, or kept for as long as was meant
        return None
    [pair] = await pairs_of(session, [of])
    later = select(c.id).where(c.pair == pair.id, c.at > row.at, c.state == "planned").limit(1)
    meeting, another = meeting_of(row, pair), await session.first(later)
    away = await _away(session, meeting)
    return Talk(meeting, another is not None, away, await _stale(session, event, meeting))


async def _away(session: Session, meeting: Meeting) -> frozenset[str]:
    day = meeting.at.date()
    leave = await absences.leave(session, (meeting.pair.one.id, meeting.pair.other.id), day)
    days = {who: [first for what, first, _ in all if what == absences.ALL] for who, all in leave.items()}
    return frozenset(who for who, firsts in days.items() if any(first <= day for first in firsts))


async def _stale(session: Session, event: Event, meeting: Meeting) -> tuple[Progress, ...]:
    partner = (meeting.partner(event.actor).id,)
    found = await dialogues.unfinished(session, event)
    those = (each for each in found if each.dialogue == "meetings" and each.seeds.get("partner") == partner)
    return tuple(each for each in those if each.subject != meeting.id)

"""What the goal form and the conversation after it need to know."""

from dataclasses import dataclass, field

from bot.core.events import Action, Command, Event, Reply, Submission
from bot.core.goal_forms import Around, Draft
from bot.core.goals import KINDS, TEXT, Goal
from bot.core.people import Person
from bot.core.progress import Progress
from storage import dialogues, sources
from storage import people as folk
from storage.engine import Session
from storage.goals import above, mine, theirs
from storage.updates import Seen, seen

REPORTS = 90  # to choose from; Slack shows 100 options


async def around(session: Session, event: Event) -> Around:
    reports = await folk.reports(session, event)
    return Around(tuple(await above(session, event)), tuple(reports[:REPORTS]))


async def begun(session: Session, event: Action) -> tuple[Around, Draft]:
    """`development|feedback:ab12`: the form with the words of what it is made of, if that is the actor's."""
    kind, _, source = event.value.partition("|")
    draft = await _drafted(session, event, source)
    known = next((each for each in KINDS if each == kind), draft.kind)
    return await around(session, event), Draft(draft.title, draft.why, known, draft.due)


async def _drafted(session: Session, event: Event, source: str) -> Draft:
    made = await sources.made_of(session, event, source)
    if made is None:
        return Draft()
    return Draft(made.words, made.why[:TEXT], "development" if made.why else "milestone", made.day)


@dataclass(frozen=True, slots=True)
class Board:
    """Somebody's open goals, as the actor may see them. `who` is None for who is unknown here."""

    who: Person | None
    goals: tuple[Goal, ...]
    around: Around = field(default_factory=Around)


async def board(session: Session, event: Command) -> Board:
    """Of the person named, else the actor's own; and what setting one needs."""
    named = event.mentions[0] if event.mentions else event.actor
    return await _board(session, event, named, await around(session, event))


async def paged(session: Session, event: Action) -> Board:
    """`ana|2`: the third page of Ana's; without a person the actor's own."""
    named = event.value.partition("|")[0]
    who = await folk.by_id(session, named) if named else event.actor
    return await _board(session, event, who, Around())


async def _board(session: Session, event: Event, who: Person | None, near: Around) -> Board:
    if who is None or who.company != event.actor.company:
        return Board(None, ())
    own = who.id == event.actor.id
    return Board(who, tuple(await mine(session, event) if own else await theirs(session, event, who)), near)


@dataclass(frozen=True, slots=True)
class Talked:
    """The conversation about a goal just set, and the goal."""

    progress: Progress | None
    seen: Seen | None


async def replied(session: Session, event: Reply) -> Talked:
    return Talked(event.progress, await seen(session, event, event.progress.subject))


async def kept(session: Session, event: Action) -> Talked:
    progress = await dialogues.own(session, event.actor, event.value)
    return Talked(progress, await seen(session, event, progress.subject) if progress else None)


async def submitted(session: Session, event: Submission) -> Around:
    return await around(session, event)

"""The quarter's short look back, with its own evidence at hand, and where the talk about it stands."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from bot.core import pack, sharing, summary
from bot.core import summary_cards as cards
from bot.core.cards import Button, Buttons, Card, Facts, Note, Part, Text
from bot.core.dialogue import Question, dialogue
from bot.core.effects import Effect, Record, Replace, Tell, Whisper, awaited
from bot.core.events import Action, Command, Due, Event, Reply, Shortcut
from bot.core.features import Feature
from bot.core.people import Person
from bot.core.progress import Progress
from bot.core.requests import day_after
from bot.core.summary import Summary
from bot.core.summary_cards import say as of_quarter
from bot.core.talk import Talk
from bot.core.wording import named, speaks, wording
from storage import review as store
from storage.access import Closing
from storage.followups import FollowUp
from storage.nudges import Answered
from storage.review import Ending, Opening, Report, Review
from storage.summaries import TALK, TEAM, Kept, Superseded

review = Feature("review")
say = wording("review")
REMIND = 3  # working days after which a manager is told who waits for them


def managed(progress: Progress, _: Question) -> bool:
    return bool(progress.seeds.get("manager"))


questions = dialogue("review", {"managed": managed})
NOBODY = Ending(Closing())


def talk(ending: Ending) -> Talk:
    return Talk(questions, partial(finish, ending), title=title)


def title(reader: Person, progress: Progress) -> str:
    return say(reader, "title", period=named(progress.subject, speaks(reader)))


# Beginning.


@review.due("review", gather=store.opening)
def due(event: Due, opening: Opening) -> Iterator[Effect]:
    if event.step:
        if opening.progress and not opening.progress.finished:
            yield resume_card(event, opening.progress, "reminder")
    elif opening.progress is None:
        this = f"review|{opening.period}"
        snooze = Button(say(event.actor, "snooze"), "rhythm.snooze", f"{this}|3")
        skip = Button(say(event.actor, "skip_round"), "rhythm.skip", this)
        team = (Button(of_quarter(event.actor, "team"), "preparing.board"),) if opening.reports else ()
        yield from begin(event, opening, (snooze, skip, *team))


@review.due("review.again", gather=store.opening)
def again(event: Due, opening: Opening) -> Iterator[Effect]:
    """The day until which it was snoozed."""
    if opening.progress is None:
        yield from awaited(begin(event, opening))
    elif not opening.progress.finished:
        yield from awaited([resume_card(event, opening.progress, "reminder")])


@review.command("review", gather=store.opening)
@review.shortcut("review", gather=store.opening)
def command(event: Command | Shortcut, opening: Opening) -> Iterator[Effect]:
    """One's own; `/review @ana`: that of somebody one manages."""
    if opening.named:
        yield Whisper(of_report(event, opening.report))
    elif opening.before and opening.progress is None:
        # The talk about the quarter before goes on: it comes first, and a button begins the new one.
        label = of_quarter(event.actor, "begin", period=named(opening.period, speaks(event.actor)))
        yield standing(event, opening.before, Button(label, "review.start"))
    else:
        yield from start(event, opening)


@review.action("review.start", gather=store.opening)
def start(event: Command | Shortcut | Action, opening: Opening) -> Iterator[Effect]:
    progress = opening.progress
    if progress is None:
        yield Record(Answered(event, "review", opening.period, "said"))
        yield from begin(event, opening)
    elif not progress.finished:
        yield resume_card(event, progress, "resume_text")
    elif opening.summary:
        yield standing(event, opening.summary, *talk(NOBODY).edit_button(event.actor, progress).row)
    else:
        text = Text(say(event.actor, "already", period=named(opening.period, speaks(event.actor))))
        edit = talk(NOBODY).edit_button(event.actor, progress)
        yield Tell(event.actor, Card(parts=(text, edit)), progress.id)


def begin(event: Event, opening: Opening, after: tuple[Button, ...] = ()) -> Iterator[Effect]:
    actor, manager = event.actor, opening.manager
    seeds = {"manager": (manager.id,) if manager else ()}
    progress = Progress(f"review:{event.ref}", questions.name, opening.period, seeds)
    yield Record(Superseded(actor.id, opening.period, event.at))
    if manager and opening.summary is None:
        yield Record(Kept(begun(event, actor, manager, opening.period)))
    shown = pack.parts(actor, opening.evidence) if opening.evidence else ()
    whole = (pack.button(actor, actor.id, opening.period),) if opening.evidence and not opening.evidence.empty else ()
    yield from talk(NOBODY).ask(event, progress, Note(say(actor, "intro")), *shown, after=(*whole, *after))


def begun(event: Event, person: Person, manager: Person, period: str) -> Summary:
    return Summary(id=f"summary:{event.ref}", person=person, manager=manager, period=period, at=event.at)


def resume_card(event: Event, progress: Progress, key: str) -> Tell:
    actor = event.actor
    text = say(actor, key, period=named(progress.subject, speaks(actor)), n=len(progress.given))
    return talk(NOBODY).reopen(actor, progress, text)


# Where it stands.


def standing(event: Event, found: Summary, *more: Button) -> Tell:
    actor = event.actor
    card = cards.card(actor, found, event.settings)
    row = (*more, pack.button(actor, found.person.id, found.period))
    return Tell(actor, replace(card, parts=(*card.parts, Buttons(row))), found.id)


def of_report(event: Event, report: Report | None) -> Card:
    """As their manager sees it; nothing for anybody else."""
    actor = event.actor
    if report is None:
        return Card(parts=(Text(of_quarter(actor, "no_report")),))
    if report.summary is None:
        text = Text(of_quarter(actor, "not_begun", who=report.person.name))
        return Card(parts=(text, Buttons(cards.prepare(actor, report.person))))
    card = cards.card(actor, report.summary, event.settings)
    button = pack.button(actor, report.person.id, report.summary.period)
    return replace(card, parts=(*card.parts, Buttons((button,))))


# Ending.


@review.reply("review", gather=store.ending)
def hear(event: Reply, ending: Ending) -> Iterator[Effect]:
    if event.progress.subject != store.current(event):
        yield from talk(ending).closed(event, say(event.actor, "closed"))
    else:
        yield from talk(ending).hear(event)


def finish(ending: Ending, event: Event, progress: Progress) -> Iterator[Effect]:
    actor, id, reader = event.actor, progress.id, ending.closing.manager
    yield Record(Review(id, actor.id, progress.subject, event.at))
    yield Record(Answered(event, "review", progress.subject))
    before = ending.summary or (begun(event, actor, ending.manager, progress.subject) if ending.manager else None)
    after = summary.reflected(before, event.at) if before else None
    if after and after != ending.summary:
        yield Record(Kept(after))
    shared = reader is not None and progress.answers.get("share") == "manager"
    if reader and shared:
        heading = say(reader, "shared_title", who=actor.name, period=named(progress.subject, speaks(reader)))
        parts = (*answered(reader, progress), *ways(reader, after))
        yield from sharing.offer(id, reader, ending.closing.shared_with, heading, parts)
    else:
        yield from sharing.offer(id, None, ending.closing.shared_with)
    if after and before and after.state != before.state:
        yield from passed_on(event, after, shared)
    seen = say(actor, "done_shared", who=reader.name) if reader and shared else say(actor, "done_private")
    heading = say(actor, "done_title", period=named(progress.subject, speaks(actor)))
    stands = (cards.line(actor, after, f"next.{after.state}"),) if after else ()
    card = Card(heading, (*answered(actor, progress), *stands, Note(seen), talk(NOBODY).edit_button(actor, progress)))
    again = isinstance(event, Reply) and event.progress.finished
    yield Replace(f"done:{id}", card) if again else Tell(actor, card, id, f"done:{id}")


def passed_on(event: Event, found: Summary, shared: bool) -> Iterator[Effect]:
    """The manager's turn: by what was shared, or by a word; and a few days later, if it has to be, once for all."""
    manager = found.manager
    if not shared:
        parts = (cards.line(manager, found, f"turn.{found.state}"), *ways(manager, found))
        yield Tell(manager, Card(parts=parts), found.id)
    yield Record(FollowUp(manager.id, TEAM, found.period, day_after(manager, event.at, REMIND)))
    if found.state == "conversation":
        yield Record(FollowUp(found.person.id, TALK, found.id, day_after(found.person, event.at, REMIND)))


def ways(reader: Person, found: Summary | None) -> tuple[Part, ...]:
    """What the manager can do next."""
    row = cards.buttons(reader, found) if found and reader.id == found.manager.id else ()
    return (Buttons(row),) if row else ()


def answered(reader: Person, progress: Progress) -> tuple[Part, ...]:
    rest = replace(progress, given=tuple(given for given in progress.given if given.question != "share"))
    rows = talk(NOBODY).summary(reader, rest)
    return (Facts(rows),) if rows else ()


@review.command("review help")
def help(event: Command) -> Iterator[Effect]:
    yield Whisper(Card(say(event.actor, "help_title"), (Text(say(event.actor, "help")),)))

"""The quarter's short look back, with its own evidence at hand."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from bot.core import sharing
from bot.core.cards import Button, Card, Facts, Note, Part, Quote, Text
from bot.core.dialogue import Question, dialogue
from bot.core.effects import Effect, Record, Replace, Tell, Whisper
from bot.core.events import Command, Due, Event, Reply, Shortcut
from bot.core.features import Feature
from bot.core.goal_cards import figure, short
from bot.core.goals import Goal, Update
from bot.core.people import Person
from bot.core.progress import Progress
from bot.core.talk import Talk
from bot.core.wording import named, speaks, wording
from storage import review as store
from storage.access import Closing, closing
from storage.nudges import Answered
from storage.review import Evidence, Opening, Review

review = Feature("review")
say = wording("review")
SHOWN = 3  # of each kind of evidence


def managed(progress: Progress, _: Question) -> bool:
    return bool(progress.seeds.get("manager"))


questions = dialogue("review", {"managed": managed})
NOBODY = Closing()


def talk(closing: Closing) -> Talk:
    return Talk(questions, partial(finish, closing), title=title)


def title(reader: Person, progress: Progress) -> str:
    return say(reader, "title", period=named(progress.subject, speaks(reader)))


@review.due("review", gather=store.opening)
def due(event: Due, opening: Opening) -> Iterator[Effect]:
    if event.step:
        if opening.progress and not opening.progress.finished:
            yield resume_card(event, opening.progress, "reminder")
    elif opening.progress is None:
        this = f"review|{opening.period}"
        snooze = Button(say(event.actor, "snooze"), "rhythm.snooze", f"{this}|3")
        yield from begin(event, opening, (snooze, Button(say(event.actor, "skip_round"), "rhythm.skip", this)))


@review.due("review.again", gather=store.opening)
def again(event: Due, opening: Opening) -> Iterator[Effect]:
    if opening.progress is None:
        yield from begin(event, opening)
    elif not opening.progress.finished:
        yield resume_card(event, opening.progress, "reminder")


@review.command("review", gather=store.opening)
@review.shortcut("review", gather=store.opening)
def command(event: Command | Shortcut, opening: Opening) -> Iterator[Effect]:
    progress = opening.progress
    if progress is None:
        yield Record(Answered(event, "review", opening.period, "said"))
        yield from begin(event, opening)
    elif progress.finished:
        text = Text(say(event.actor, "already", period=named(opening.period, speaks(event.actor))))
        yield Tell(event.actor, Card(parts=(text, talk(NOBODY).edit_button(event.actor, progress))), progress.id)
    else:
        yield resume_card(event, progress, "resume_text")


def begin(event: Event, opening: Opening, after: tuple[Button, ...] = ()) -> Iterator[Effect]:
    seeds = {"manager": (opening.manager.id,) if opening.manager else ()}
    progress = Progress(f"review:{event.ref}", questions.name, opening.period, seeds)
    shown = evidence_parts(event.actor, opening.evidence)
    yield from talk(NOBODY).ask(event, progress, Note(say(event.actor, "intro")), *shown, after=after)


def evidence_parts(reader: Person, evidence: Evidence) -> tuple[Part, ...]:
    """The latest few of each kind, in the person's own words and those of who thanked them."""
    well = [answers["well"] for answers in evidence.checkins if answers.get("well")]
    thanks = [
        say(reader, "evidence_kudos_line", giver=giving.giver.name, words=giving.words)
        for giving in evidence.kudos
        if giving.words
    ]
    promised = [
        say(reader, "evidence_commitment_line", words=each.words, state=say(reader, f"state.{each.state}"))
        for each in evidence.commitments
    ]
    goals = [goal_line(reader, goal, word) for goal, word in evidence.goals]
    parts = [
        *listed(reader, say(reader, "evidence_goals"), goals),
        *listed(reader, say(reader, "evidence_checkins"), well),
        *listed(reader, say(reader, "evidence_kudos", n=len(evidence.kudos)), thanks),
        *listed(reader, say(reader, "evidence_commitments"), promised),
    ]
    return tuple(parts) or (Note(say(reader, "evidence_none")),)


def goal_line(reader: Person, goal: Goal, word: Update) -> str:
    """A goal with the quarter's last word about it: the figure and its story."""
    words = " – ".join(filter(None, (figure(reader, word.value, goal.unit), word.story)))
    return say(reader, "evidence_goal_line", title=short(goal.title), words=words)


def listed(reader: Person, heading: str, lines: list[str]) -> list[Part]:
    if not lines:
        return []
    more = len(lines) - SHOWN
    note: list[Part] = [Note(say(reader, "more", n=more))] if more > 0 else []
    return [Text(heading), *(Quote(line[:600]) for line in lines[-SHOWN:]), *note]


def resume_card(event: Event, progress: Progress, key: str) -> Tell:
    actor = event.actor
    text = say(actor, key, period=named(progress.subject, speaks(actor)), n=len(progress.given))
    return talk(NOBODY).reopen(actor, progress, text)


@review.reply("review", gather=closing)
def hear(event: Reply, closing: Closing) -> Iterator[Effect]:
    if event.progress.subject != store.current(event):
        yield from talk(closing).closed(event, say(event.actor, "closed"))
    else:
        yield from talk(closing).hear(event)


def finish(closing: Closing, event: Event, progress: Progress) -> Iterator[Effect]:
    actor, id, manager = event.actor, progress.id, closing.manager
    yield Record(Review(id, actor.id, progress.subject, event.at))
    yield Record(Answered(event, "review", progress.subject))
    shared = manager is not None and progress.answers.get("share") == "manager"
    if manager and shared:
        heading = say(manager, "shared_title", who=actor.name, period=named(progress.subject, speaks(manager)))
        yield from sharing.offer(id, manager, closing.shared_with, heading, summary(manager, progress))
    else:
        yield from sharing.offer(id, None, closing.shared_with)
    seen = say(actor, "done_shared", who=manager.name) if manager and shared else say(actor, "done_private")
    heading = say(actor, "done_title", period=named(progress.subject, speaks(actor)))
    card = Card(heading, (*summary(actor, progress), Note(seen), talk(NOBODY).edit_button(actor, progress)))
    again = isinstance(event, Reply) and event.progress.finished
    yield Replace(f"done:{id}", card) if again else Tell(actor, card, id, f"done:{id}")


def summary(reader: Person, progress: Progress) -> tuple[Part, ...]:
    rest = replace(progress, given=tuple(given for given in progress.given if given.question != "share"))
    rows = talk(NOBODY).summary(reader, rest)
    return (Facts(rows),) if rows else ()


@review.command("review help")
def help(event: Command) -> Iterator[Effect]:
    yield Whisper(Card(say(event.actor, "help_title"), (Text(say(event.actor, "help")),)))

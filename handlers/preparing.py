"""A manager's own preparation of a quarter's talk: open questions with the evidence at hand, for themselves alone
unless they share it."""

from collections.abc import Generator, Iterator
from dataclasses import replace
from functools import partial

from bot.core import pack, sharing
from bot.core import summary as stand
from bot.core import summary_cards as cards
from bot.core.cards import Button, Buttons, Card, Facts, Note, Part, Text
from bot.core.dialogue import dialogue
from bot.core.effects import Effect, Record, Replace, Tell, Whisper
from bot.core.events import Action, Command, Due, Event, Reply
from bot.core.features import Feature
from bot.core.people import Person
from bot.core.progress import Progress
from bot.core.requests import day_after
from bot.core.summary import Summary
from bot.core.summary_cards import say as of_quarter
from bot.core.talk import Talk
from bot.core.wording import named, speaks, wording
from storage import preparing as store
from storage.followups import FollowUp
from storage.preparing import Board, Desk
from storage.summaries import TALK, TEAM, Kept

preparing = Feature("preparing")
say = wording("preparing")
questions = dialogue("preparing")
SOON = 5  # working days after both are ready
SHOWN, TIMES = 8, 3  # people in one message; messages about a quarter


def talk(desk: Desk) -> Talk:
    return Talk(questions, partial(finish, desk), title=partial(title, desk))


def title(desk: Desk, reader: Person, progress: Progress) -> str:
    return say(reader, "title", who=desk.person.name, period=named(desk.period, speaks(reader)))


# Beginning.


@preparing.action("preparing.start", gather=store.desk)
def start(event: Action, desk: Desk | None) -> Iterator[Effect]:
    if desk is None or (desk.summary and not desk.summary.open):
        yield nobody(event, desk)
        return
    summary, progress = desk.summary or begun(event, desk), desk.progress
    if progress is None:
        yield Record(Kept(summary))
        progress = Progress(f"preparing:{event.ref}", questions.name, summary.id)
        shown = pack.parts(event.actor, desk.evidence) if desk.evidence else ()
        whole = (pack.button(event.actor, desk.person.id, desk.period),)
        yield from talk(desk).ask(event, progress, Note(say(event.actor, "intro")), *shown, after=whole)
    elif progress.finished:
        text = Text(say(event.actor, "already", who=desk.person.name))
        yield Tell(event.actor, Card(parts=(text, talk(desk).edit_button(event.actor, progress))), progress.id)
    else:
        yield talk(desk).reopen(event.actor, progress, say(event.actor, "resume_text", who=desk.person.name))


def begun(event: Event, desk: Desk) -> Summary:
    return Summary(id=f"summary:{event.ref}", person=desk.person, manager=event.actor, period=desk.period, at=event.at)


def nobody(event: Event, desk: Desk | None) -> Effect:
    """There is nothing to prepare: they report to somebody else, or it is over."""
    if desk and desk.summary:
        return Tell(event.actor, cards.card(event.actor, desk.summary, event.settings), desk.summary.id)
    return Tell(event.actor, Card(parts=(Text(of_quarter(event.actor, "no_report")),)))


# Ending.


@preparing.reply("preparing", gather=store.replying)
def hear(event: Reply, desk: Desk | None) -> Iterator[Effect]:
    if desk is None:
        yield Tell(event.actor, Card(parts=(Text(say(event.actor, "handed")),)), event.progress.topic)
    else:
        yield from talk(desk).hear(event)


def finish(desk: Desk, event: Event, progress: Progress) -> Iterator[Effect]:
    actor, person, id = event.actor, desk.person, progress.id
    shared = progress.answers.get("share") == "person"
    heading = say(person, "shared_title", who=actor.name, period=named(desk.period, speaks(person)))
    reader = person if shared else None
    yield from sharing.offer(id, reader, desk.shared_with, heading, answered(desk, person, progress))
    after = yield from ready(event, desk)
    seen = say(actor, "done_shared" if shared else "done_private", who=person.name)
    card = Card(
        say(actor, "done_title", who=person.name),
        (
            *answered(desk, actor, progress),
            cards.line(actor, after, f"turn.{after.state}"),
            Note(seen),
            Buttons((*cards.buttons(actor, after), *talk(desk).edit_button(actor, progress).row)),
        ),
    )
    again = isinstance(event, Reply) and event.progress.finished
    yield Replace(f"done:{id}", card) if again else Tell(actor, card, id, f"done:{id}")


def answered(desk: Desk, reader: Person, progress: Progress) -> tuple[Part, ...]:
    rest = replace(progress, given=tuple(given for given in progress.given if given.question != "share"))
    rows = talk(desk).summary(reader, rest)
    return (Facts(rows),) if rows else ()


@preparing.action("preparing.ready", gather=store.desk)
def press_ready(event: Action, desk: Desk | None) -> Iterator[Effect]:
    """Without writing anything: the preparation is the manager's own."""
    if desk is None or (desk.summary and not desk.summary.open):
        yield nobody(event, desk)
        return
    after = yield from ready(event, desk)
    yield Tell(event.actor, cards.card(event.actor, after, event.settings), after.id)


def ready(event: Event, desk: Desk) -> Generator[Effect, None, Summary]:
    """Returns how the talk stands by that."""
    before = desk.summary or begun(event, desk)
    after = stand.prepared(before, event.at)
    if desk.passed:
        after = stand.reflected(after, event.at)
    if after != desk.summary:
        yield Record(Kept(after))
    if after.state == "conversation" != before.state:
        person, manager = after.person, after.manager
        parts = (cards.line(person, after, "both_ready"), Buttons(cards.buttons(person, after)))
        yield Tell(person, Card(parts=parts), after.id, after.ready)
        yield Record(FollowUp(person.id, TALK, after.id, day_after(person, event.at, SOON)))
        yield Record(FollowUp(manager.id, TEAM, after.period, day_after(manager, event.at, SOON)))
    return after


# All of one's people.


@preparing.command("review team", gather=store.board)
@preparing.action("preparing.board", gather=store.board)
def show(event: Command | Action, board: Board) -> Iterator[Effect]:
    actor = event.actor
    if not board.people:
        yield Whisper(Card(parts=(Text(say(actor, "no_team")),)))
        return
    lines = (each for person, found in board.people[:SHOWN] for each in person_line(actor, person, found))
    heading = say(actor, "team_title", period=named(board.period, speaks(actor)))
    yield Whisper(Card(heading, (*lines, *rest(actor, board.people[SHOWN:]))))


def person_line(actor: Person, person: Person, found: Summary | None) -> Iterator[Part]:
    state = found.state if found else "reflecting"
    key = "waits_you" if found and found.waits_for(actor) else state
    yield Text(say(actor, f"line.{key}", who=person.name))
    if found and (found.version or found.state == "conversation"):
        yield Buttons((Button(say(actor, "look"), "summary.show", found.id),))
    elif found is None or not found.prepared_at:
        yield Buttons(cards.prepare(actor, person, among=True))


def rest(actor: Person, others: tuple[tuple[Person, Summary | None], ...]) -> Iterator[Part]:
    if others:
        yield Note(say(actor, "others", n=len(others), names=[person.name for person, _ in others]))


@preparing.due(TEAM, gather=store.followed_up)
def follow_up(event: Due, board: Board) -> Iterator[Effect]:
    """One message about all who wait for the manager, a few times, and then no more."""
    actor = event.actor
    waiting = tuple(each for each in board.people if each[1] and turn_of(actor, each[1]))
    if not waiting:
        return
    lines = (each for person, found in waiting[:SHOWN] for each in person_line(actor, person, found))
    heading = say(actor, "wait_title", period=named(board.period, speaks(actor)))
    yield Tell(actor, Card(heading, (*lines, *rest(actor, waiting[SHOWN:]))))
    if event.step + 1 < TIMES:
        yield Record(FollowUp(actor.id, TEAM, event.period, day_after(actor, event.at, SOON)))


def turn_of(manager: Person, found: Summary) -> bool:
    """Whether the next step is the manager's, or could be."""
    unprepared = found.state == "preparing"
    return unprepared or found.waits_for(manager) or (found.state == "conversation" and not found.version)

"""GROW: a coaching talk with oneself, or with one's manager beside, that ends in a commitment which is followed up."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial

from bot.core import sharing
from bot.core.cards import Button, Buttons, Card, Facts, Note, Part, Quote, Text, clean
from bot.core.coach import ASKED, STAGES
from bot.core.dates import read_day
from bot.core.dialogue import Question, dialogue
from bot.core.effects import Effect, Grant, Record, Replace, Tell, Whisper, awaited
from bot.core.events import Action, Command, Due, Event, Reply, Shortcut
from bot.core.features import Feature
from bot.core.people import Person
from bot.core.progress import Progress
from bot.core.talk import Talk
from bot.core.wording import wording
from storage import grow as store
from storage.followups import FollowUp
from storage.grow import Around, Commitment, Outcome
from storage.people import manager

grow = Feature("grow")
say = wording("grow")


def unsure(progress: Progress, _: Question) -> bool:
    """Below the threshold it began with, a smaller step is asked for."""
    sure = progress.answers.get("sure", "")
    return bool(sure) and int(sure) < int(next(iter(progress.seeds.get("sure", ("8",)))))


def few(progress: Progress, _: Question) -> bool:
    """A single option is no choice yet. Skipped ones are not asked for again."""
    options = progress.answers.get("options", "")
    return bool(options) and not any(mark in options for mark in (",", ";", "\n", ". ", " or ", " eller ", " of "))


def managed(progress: Progress, _: Question) -> bool:
    return bool(progress.seeds.get("manager")) and not progress.seeds.get("beside")


questions = dialogue("grow", {"unsure": unsure, "few": few, "managed": managed})


def talk(around: Around) -> Talk:
    beside = partial(show_beside, around.beside) if around.beside else None
    return Talk(questions, partial(finish, around), beside, title=title)


def title(reader: Person, progress: Progress) -> str:
    return say(reader, "title", topic=progress.subject) if progress.subject else say(reader, "title_plain")


# Beginning.


@grow.command("grow", gather=store.around)
def begin(event: Command, around: Around) -> Iterator[Effect]:
    if event.mentions:
        yield from invite(event)
    else:
        yield from start(event, event.text.strip(), around)


@grow.shortcut("grow", gather=store.around)
@grow.action("grow.start", gather=store.around)
def pressed(event: Shortcut | Action, around: Around) -> Iterator[Effect]:
    yield from start(event, "", around)


def start(event: Event, topic: str, around: Around) -> Iterator[Effect]:
    actor, beside = event.actor, around.beside
    seeds = {
        "manager": (around.manager.id,) if around.manager else (),
        "beside": (beside.id,) if beside else (),
        "sure": (str(event.settings.thresholds.sure),),
    }
    progress = Progress(f"grow:{event.ref}", questions.name, clean(topic)[:200], seeds)
    intro = say(actor, "intro_beside", who=beside.name) if beside else say(actor, "intro")
    yield from talk(around).ask(event, progress, Note(intro))


@grow.reply("grow", gather=store.around)
def hear(event: Reply, around: Around) -> Iterator[Effect]:
    yield from talk(around).hear(event)


# Ending.


def finish(around: Around, event: Event, progress: Progress) -> Iterator[Effect]:
    actor, id, answers = event.actor, progress.id, progress.answers
    words, day = answers.get("smaller") or answers["will"], date.fromisoformat(answers["day"])
    again = isinstance(event, Reply) and event.progress.finished
    yield Record(Commitment(id, actor.id, words, day, event.at, progress.topic))
    yield Record(FollowUp(actor.id, "grow.followup", id, day))
    reader = around.manager if answers.get("share") == "manager" else around.beside
    if reader:
        heading = say(reader, "finished_beside" if around.beside else "shared_title", who=actor.name)
        # Who sat beside has seen the answers one by one; the summary is new to them the first time.
        before = around.shared_with if again or not around.beside else frozenset()
        yield from sharing.offer(id, reader, before, heading, summary(reader, progress))
    else:
        yield from sharing.offer(id, None, around.shared_with)
    card = done_card(actor, progress, words, day, reader)
    yield Replace(f"done:{id}", card) if again else Tell(actor, card, progress.topic, f"done:{id}")


def summary(reader: Person, progress: Progress) -> tuple[Part, ...]:
    rest = replace(progress, given=tuple(given for given in progress.given if given.question != "share"))
    rows = talk(ALONE).summary(reader, rest)
    return (Facts(rows),) if rows else ()


ALONE = Around(None, None)


def done_card(actor: Person, progress: Progress, words: str, day: date, reader: Person | None) -> Card:
    seen = say(actor, "done_shared", who=reader.name) if reader else say(actor, "done_private")
    further = onwards(say(actor, "make_goal"), say(actor, "make_learning"), progress.id)
    ways = Buttons((*talk(ALONE).edit_button(actor, progress).row, *further))
    promise = Text(f"{say(actor, 'done_words', words=words)} {say(actor, 'done_day', day=day)}")
    return Card(say(actor, "done_title"), (promise, *summary(actor, progress), Note(seen), ways))


def onwards(goal: str, learn: str, commitment: str) -> tuple[Button, Button]:
    """A promise can go on as a goal to grow by, or in the plan of what to learn."""
    as_goal = Button(goal, "goals.form", f"development|{commitment}", opens=True)
    return as_goal, Button(learn, "learning.form", commitment, opens=True)


# With the manager beside.


def invite(event: Command) -> Iterator[Effect]:
    guest, actor = event.mentions[0], event.actor
    if guest.manager != actor.id:
        yield Whisper(Card(parts=(Text(say(actor, "not_manager")),)))
        return
    topic = clean(event.text).strip()[:200]
    parts = list[Part]([Text(say(guest, "invite_text", who=actor.name))])
    if topic:
        parts.insert(0, Text(say(guest, "invite_topic", topic=topic)))
    value = f"{actor.id}|{topic}"
    accept = Button(say(guest, "accept"), "grow.accept", value, "primary")
    parts.append(Buttons((accept, Button(say(guest, "decline"), "grow.decline", value))))
    title = say(guest, "invite_title", who=actor.name)
    yield Tell(guest, Card(title, tuple(parts)), about=f"invite:{actor.id}:{guest.id}")
    yield Whisper(Card(parts=(Text(say(actor, "invited", who=guest.name)),)))


@grow.action("grow.accept", gather=manager)
def accept(event: Action, host: Person | None) -> Iterator[Effect]:
    """Only one's own manager can sit beside: who is no longer that is not let in by an old button."""
    id, _, topic = event.value.partition("|")
    beside = host if host and host.id == id else None
    yield from start(event, topic, Around(host, beside))
    if beside:
        yield answered(event, beside)
        about = f"grow:{event.ref}"
        yield Grant(about, beside)
        began = Text(say(beside, "began_beside", who=event.actor.name))
        yield Tell(beside, Card(parts=(began, *coaching(beside, "goal"))), sharing.topic(about), awaited=True)


@grow.action("grow.decline", gather=manager)
def decline(event: Action, host: Person | None) -> Iterator[Effect]:
    if host and host.id == event.value.partition("|")[0]:
        yield answered(event, host)
        yield Tell(host, Card(parts=(Text(say(host, "declined", who=event.actor.name)),)), awaited=True)
        yield Tell(event.actor, Card(parts=(Text(say(event.actor, "declined_own", who=host.name)),)))


def answered(event: Action, host: Person) -> Effect:
    """The invitation without its buttons: one talk comes of it."""
    heading = say(event.actor, "invite_title", who=host.name)
    return Replace(f"invite:{host.id}:{event.actor.id}", Card(heading))


def show_beside(reader: Person, event: Event, progress: Progress, question: Question, reply: str) -> Iterator[Effect]:
    """What was just said, to the one beside, with a question they could ask now."""
    if not reply or progress.finished:
        return
    following = questions.next(progress)
    parts = list[Part]([Text(questions.asks(question, reader)), Quote(talk(ALONE).shown(reader, question, reply))])
    if following:
        parts += coaching(reader, following.words)
    yield Tell(reader, Card(parts=tuple(parts)), sharing.topic(progress.id), awaited=True)


def coaching(reader: Person, question: str) -> tuple[Part, ...]:
    """A question to ask now, and the way to others for the stage they are in."""
    note = Note(say(reader, "next_beside", question=say(reader, f"coach.{question}")))
    stage = ASKED.get(question, STAGES[-1])
    return note, Buttons((Button(say(reader, "more_beside"), "coach.stage", stage),))


# On the day.

told = wording("followup")


def stepping(progress: Progress, _: Question) -> bool:
    return bool(progress.answers.get("next"))


asking = dialogue("followup", {"stepping": stepping})


@grow.due("grow.followup", gather=store.followed_up)
def follow_up(event: Due, commitment: Commitment | None) -> Iterator[Effect]:
    if commitment:
        progress = Progress(f"followup:{event.ref}", asking.name, commitment.id, thread=commitment.thread)
        yield from awaited(follow_talk(commitment).ask(event, progress))


@grow.reply("followup", gather=store.subject)
def hear_outcome(event: Reply, commitment: Commitment | None) -> Iterator[Effect]:
    if commitment is None:
        yield Tell(event.actor, Card(parts=(Text(told(event.actor, "gone")),)), event.progress.topic)
    else:
        yield from follow_talk(commitment).hear(event)


def follow_talk(commitment: Commitment) -> Talk:
    def reminder(reader: Person, progress: Progress) -> tuple[Part, ...]:
        return (Text(told(reader, "intro", words=commitment.words)),)

    return Talk(asking, partial(close, commitment), before=reminder)


def close(commitment: Commitment, event: Event, progress: Progress) -> Iterator[Effect]:
    """What came of it; a next step is a commitment of its own, followed up in the same thread."""
    actor, answers, thread = event.actor, progress.answers, progress.topic
    yield Record(Outcome(commitment.id, answers["how"], answers.get("learned", ""), event.at))
    parts, id = list[Part]([Text(told(actor, f"done.{answers['how']}"))]), commitment.id
    if (words := answers.get("next")) and (day := read_day(answers.get("day", ""), actor.lang)):
        id = f"next:{progress.id}"
        yield Record(Commitment(id, actor.id, words, day, event.at, thread))
        yield Record(FollowUp(actor.id, "grow.followup", id, day))
        parts.append(Note(told(actor, "next_day", day=day)))
    if answers["how"] != "done" or id != commitment.id:
        parts.append(Buttons(onwards(told(actor, "make_goal"), told(actor, "make_learning"), id)))
    yield Tell(actor, Card(parts=tuple(parts)), thread)


@grow.command("grow help")
def help(event: Command) -> Iterator[Effect]:
    yield Whisper(Card(say(event.actor, "help_title"), (Text(say(event.actor, "help")),)))

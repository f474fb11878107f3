"""What two people say to each other about something one of them shared: a check-in, a commitment, a look back.

Each has a thread of their own with the bot; what one says is passed on to the other's.
"""

from collections.abc import Iterator

from bot.core.cards import Button, Buttons, Card, Form, Note, Text, TextBox
from bot.core.effects import Effect, OpenForm, Record, Tell
from bot.core.events import Action, Event, Remark, Submission
from bot.core.features import Feature
from bot.core.people import Person
from bot.core.sharing import remark_card, topic
from bot.core.wording import wording
from storage.oneonone import Point
from storage.sharing import Said, Share, pressed, remarked, submitted

sharing = Feature("sharing")
say = wording("sharing")
LIMIT = 2000  # characters of a remark
OFFERED = 3  # questions to pick from
TALKED = ("talk", "next", "will", "ask")  # questions whose answer is what to talk about


@sharing.remark("shared", gather=remarked)
def remark(event: Remark, share: Share | None) -> Iterator[Effect]:
    if share is None:
        yield Tell(event.actor, Card(parts=(Text(say(event.actor, "withdrawn")),)), event.topic)
    else:
        yield from pass_on(event, share, event.text[:LIMIT], "said")


@sharing.remark("finished", gather=remarked)
def answer(event: Remark, share: Share | None) -> Iterator[Effect]:
    """The owner goes on talking in a finished thread: to who shares it, or to nobody."""
    about = event.topic.partition(":")[2]
    if share:
        yield from pass_on(event, share, event.text[:LIMIT], "said")
    else:
        edit = Button(say(event.actor, "edit"), "talk.form", about, opens=True)
        yield Tell(event.actor, Card(parts=(Text(say(event.actor, "finished")), Buttons((edit,)))), about)


@sharing.action("shared.reply", gather=pressed)
def reply(event: Action, share: Share | None) -> Iterator[Effect]:
    if share is None:
        yield withdrawn(event)
        return
    label = say(event.actor, "reply_label", who=share.other(event.actor).name)
    title, send, cancel = say(event.actor, "reply_title"), say(event.actor, "send"), say(event.actor, "cancel")
    yield OpenForm(
        Form("shared.reply", title, send, cancel, (TextBox("words", label, limit=LIMIT),), share.progress.id)
    )


@sharing.submission("shared.reply", gather=submitted)
def replied(event: Submission, share: Share | None) -> Iterator[Effect]:
    if share is None:
        yield withdrawn(event)
    elif words := event.answers.get("words", "").strip():
        yield from pass_on(event, share, words[:LIMIT], "said")
        yield from confirm(event, share, "passed_on")


@sharing.action("shared.thank", gather=pressed)
def thank(event: Action, share: Share | None) -> Iterator[Effect]:
    if share is None:
        yield withdrawn(event)
        return
    other = share.other(event.actor)
    thanked = say(other, "thanked", who=event.actor.name)
    yield Record(said(event, share, thanked))
    yield Tell(other, Card(parts=(Text(thanked),)), thread_of(share, other), awaited=True)
    yield from confirm(event, share, "thanks_passed_on")


@sharing.action("shared.agenda", gather=pressed)
def agenda(event: Action, share: Share | None) -> Iterator[Effect]:
    """Kept for the next talk of the two: what the person wants to talk about, if they said so."""
    if share is None:
        yield withdrawn(event)
        return
    progress = share.progress
    about = next((words for name in TALKED if (words := progress.answers.get(name))), "")
    words = say(event.actor, f"agenda_{progress.dialogue}", words=about or say(event.actor, "agenda_plain"))
    two, source = (share.owner.id, share.reader.id), progress.id
    yield Record(Point(f"point:{event.ref}", *two, words, source, event.at, event.actor.id))
    yield from confirm(event, share, "on_agenda")


@sharing.action("shared.ask", gather=pressed)
def offer(event: Action, share: Share | None) -> Iterator[Effect]:
    """Questions that open rather than judge; other ones for another check-in."""
    if share is None:
        yield withdrawn(event)
        return
    questions, reader, about = say.many(event.actor, "questions"), event.actor, share.progress.id
    first = sum(about.encode()) % len(questions)
    picked = [(n % len(questions)) for n in range(first, first + OFFERED)]
    buttons = tuple(Button(questions[n], "shared.asked", f"{about}|{n}") for n in picked)
    intro = Text(say(reader, "ask_intro", who=share.other(reader).name))
    yield Tell(reader, Card(parts=(intro, *(Buttons((button,)) for button in buttons))), topic(about))


@sharing.action("shared.asked", gather=pressed)
def ask(event: Action, share: Share | None) -> Iterator[Effect]:
    if share is None:
        yield withdrawn(event)
        return
    other, number = share.other(event.actor), event.value.partition("|")[2]
    questions = say.many(other, "questions")
    if number in map(str, range(len(questions))):
        yield from pass_on(event, share, questions[int(number)], "asks")
        yield from confirm(event, share, "passed_on")


def pass_on(event: Event, share: Share, words: str, how: str) -> Iterator[Effect]:
    other = share.other(event.actor)
    remark = said(event, share, words)
    yield Record(remark)
    yield Tell(other, remark_card(other, event.actor, how, words), thread_of(share, other), remark.id, awaited=True)


def said(event: Event, share: Share, words: str) -> Said:
    other = share.other(event.actor)
    return Said(f"said:{event.ref}", share.progress.id, event.actor.id, other.id, words, event.at)


def thread_of(share: Share, whose: Person) -> str:
    return topic(share.progress.id) if whose.id == share.reader.id else share.progress.id


def confirm(event: Event, share: Share, key: str) -> Iterator[Effect]:
    note = Note(say(event.actor, key, who=share.other(event.actor).name))
    yield Tell(event.actor, Card(parts=(note,)), thread_of(share, event.actor))


def withdrawn(event: Event) -> Effect:
    return Tell(event.actor, Card(parts=(Text(say(event.actor, "withdrawn")),)))

"""Feedback from one person to another: written in a short form, read in a thread, thanked for and asked about."""

from collections.abc import Iterator
from dataclasses import replace

from bot.core.cards import Button, Buttons, Card, Form, Note, Part, Quote, Text, TextBox, clean, mention, plain
from bot.core.effects import Effect, OpenForm, Record, Refuse, Replace, Tell, Whisper
from bot.core.events import Action, Command, Event, Remark, Shortcut, Submission
from bot.core.features import Feature
from bot.core.feedback import (
    DRAFT,
    LIMIT,
    Aim,
    Feedback,
    Value,
    Words,
    body,
    card,
    chosen,
    heading,
    held_up,
    passed_on,
    unfit,
    whom_form,
    write_form,
    written,
)
from bot.core.people import Person
from bot.core.sharing import remark_card
from bot.core.sharing import say as passing
from bot.core.wording import wording
from storage import feedback as store
from storage.feedback import Desk, Given, Page, Seen, Thanked
from storage.sharing import Said

feedback = Feature("feedback")
say = wording("feedback")
SPOKEN = 2000  # characters of what is said about it afterwards
SHORT = 200  # characters of it in a list


# Giving: by command, menu and button; in two steps where nobody was named.


@feedback.command("feedback", gather=store.named)
def give(event: Command, desk: Desk) -> Iterator[Effect]:
    giver, words = event.actor, event.text
    if event.mentions:
        words = words.replace(mention(event.mentions[0]), " ", 1)
    words = clean(plain(words)).strip()
    if desk.receiver is None:
        yield opening(event, whom_form(giver, words), "", words)
    elif objection := unfit(desk.receiver, giver, event.settings):
        yield Whisper(Card(say(giver, "sorry"), (Text(objection), start_buttons(giver))))
    else:
        aim = Aim(desk.receiver, desk.manager)
        yield opening(event, write_form(giver, aim, Words(words)), desk.receiver.id, words)


def opening(event: Event, form: Form, about: str, words: str) -> Effect:
    """Where only a button can be sent, it carries the beginning of the words, and the chat still shows them all."""
    if not event.opens and words:
        carried = Value.read(form.value)
        form = replace(form, value=str(Value(about, carried.manager, draft=words[:DRAFT])))
    return OpenForm(form)


@feedback.shortcut("feedback", gather=store.named)
def choose(event: Shortcut, desk: Desk) -> Iterator[Effect]:
    """From a message's menu: its author is the one, unless they cannot be, and its words are quoted."""
    giver, quoted = event.actor, clean(plain(event.text)).strip()
    words = say(giver, "quoted", words=quoted[: LIMIT - 100]) if quoted else ""
    if desk.receiver and not unfit(desk.receiver, giver, event.settings):
        yield OpenForm(write_form(giver, Aim(desk.receiver, desk.manager), Words(words)))
    else:
        yield OpenForm(whom_form(giver, words))


@feedback.action("feedback.form", gather=store.carried)
@feedback.action("feedback.write", gather=store.carried)
def press(event: Action, desk: Desk) -> Iterator[Effect]:
    giver, draft = event.actor, clean(Value.read(event.value).draft)
    if desk.receiver and not unfit(desk.receiver, giver, event.settings):
        yield OpenForm(write_form(giver, Aim(desk.receiver, desk.manager), Words(draft)))
    else:
        yield OpenForm(whom_form(giver, draft))


@feedback.submission("feedback.form", gather=store.picked)
def pick(event: Submission, desk: Desk) -> Iterator[Effect]:
    giver = event.actor
    if desk.receiver is None:
        yield Refuse({"to": say(giver, "refuse_nobody")})
    elif objection := unfit(desk.receiver, giver, event.settings):
        yield Refuse({"to": objection})
    else:
        words = clean(event.answers.get("situation", "")).strip()
        form = write_form(giver, Aim(desk.receiver, desk.manager), Words(words))
        yield opening(event, form, desk.receiver.id, words)


@feedback.submission("feedback.write", gather=store.carried)
def submit(event: Submission, desk: Desk) -> Iterator[Effect]:
    if desk.receiver is None:
        yield Refuse({"situation": say(event.actor, "refuse_nobody")})
        return
    aim, words = Aim(desk.receiver, desk.manager), written(event)
    if held := held_up(event, aim, words):
        yield held
        return
    seen_by = chosen(event, aim) or "receiver"
    given = Feedback(f"feedback:{event.ref}", event.actor, desk.receiver, desk.manager, words, seen_by, event.at)
    yield Record(Given(given))
    yield from passed_on(given)


# What is said about it: each has a thread of their own, what one says is passed on to the other's.


@feedback.action("feedback.thank", gather=store.pressed)
def thank(event: Action, seen: Seen | None) -> Iterator[Effect]:
    reader, given = event.actor, seen.feedback if seen else None
    if seen is None or given is None or given.role(reader) == "given":
        yield line(event, "unknown")
    elif seen.thanked:
        yield line(event, "thanked_already")
    else:
        thanks = passing(given.giver, "thanked", who=reader.name)
        id = store.thanks_id(given.id, reader)
        yield Record(Said(id, given.id, reader.id, given.giver.id, thanks, event.at))
        if given.partner(reader):
            yield Record(Thanked(given.id, event.at))
        yield Replace(given.topic(reader), card(reader, given, thanked=True))
        if not given.giver.gone:
            yield Tell(given.giver, Card(parts=(Text(thanks),)), given.topic(given.giver), id, awaited=True)
        yield confirm(event, given, given.giver, "thanks_passed_on")


@feedback.action("feedback.reply", gather=store.pressed)
def open_reply(event: Action, seen: Seen | None) -> Iterator[Effect]:
    other = talks_with(event, seen)
    if isinstance(other, Person):
        label, title = say(event.actor, "reply_label", who=other.name), say(event.actor, "reply_title")
        box = TextBox("words", label, limit=SPOKEN)
        send, cancel = say(event.actor, "send"), say(event.actor, "cancel")
        yield OpenForm(Form("feedback.reply", title, send, cancel, (box,), event.value))
    else:
        yield other


@feedback.submission("feedback.reply", gather=store.submitted)
def reply(event: Submission, seen: Seen | None) -> Iterator[Effect]:
    other, words = talks_with(event, seen), clean(event.answers.get("words", "")).strip()
    if seen is None or not isinstance(other, Person):
        yield line(event, "unknown") if isinstance(other, Person) else other
    elif words:
        yield from pass_on(event, seen.feedback, other, words)
        yield confirm(event, seen.feedback, other, "passed_on")


@feedback.remark("feedback.got", gather=store.remarked)
@feedback.remark("feedback.given", gather=store.remarked)
@feedback.remark("feedback.seen", gather=store.remarked)
def remark(event: Remark, seen: Seen | None) -> Iterator[Effect]:
    other = talks_with(event, seen)
    if seen and isinstance(other, Person):
        yield from pass_on(event, seen.feedback, other, event.text)
    elif not isinstance(other, Person):
        yield other


def talks_with(event: Event, seen: Seen | None) -> Person | Effect:
    """The other one, or the sentence that says why there is none."""
    if seen is None:
        return line(event, "unknown")
    given = seen.feedback
    other = given.partner(event.actor)
    if other is None:
        return line(event, "reading", who=given.receiver.name, giver=given.giver.name)
    return line(event, "refuse_gone", who=other.name) if other.gone else other


def pass_on(event: Event, given: Feedback, other: Person, words: str) -> Iterator[Effect]:
    words, id = words[:SPOKEN], f"said:{event.ref}"
    yield Record(Said(id, given.id, event.actor.id, other.id, words, event.at))
    answer = Button(say(other, "answer"), "feedback.reply", given.id, opens=True)
    yield Tell(other, remark_card(other, event.actor, "said", words, answer), given.topic(other), id, awaited=True)


def confirm(event: Event, given: Feedback, other: Person, key: str) -> Effect:
    return Tell(event.actor, Card(parts=(Note(passing(event.actor, key, who=other.name)),)), given.topic(event.actor))


def line(event: Event, key: str, **names: str) -> Effect:
    thread = event.topic if isinstance(event, Remark) else ""
    return Tell(event.actor, Card(parts=(Text(say(event.actor, key, **names)),)), thread)


# Looking back.


@feedback.command("feedback me", gather=store.first_page)
def me(event: Command, page: Page) -> Iterator[Effect]:
    yield Whisper(listed(event.actor, page))


@feedback.action("feedback.older", gather=store.older_page)
def older(event: Action, page: Page) -> Iterator[Effect]:
    yield Tell(event.actor, listed(event.actor, page))


def listed(reader: Person, page: Page) -> Card:
    parts = list[Part]()
    for given in page.found:
        role = given.role(reader)
        other = given.giver if role == "got" else given.receiver
        parts.append(Text(say(reader, f"listed_{role}", who=other.name, day=given.at.date())))
        parts.append(Quote(shortened(given.words.behaviour)))
        parts.append(Buttons((Button(say(reader, "read"), "feedback.show", given.id),)))
    if not parts:
        return Card(say(reader, "me_title"), (Text(say(reader, "me_none")), start_buttons(reader)))
    row = [*start_buttons(reader).row]
    if page.older:
        row.append(Button(say(reader, "older"), "feedback.older", page.older))
    return Card(say(reader, "me_title"), (*parts, Note(say(reader, "me_note")), Buttons(tuple(row))))


def shortened(words: str) -> str:
    return words if len(words) <= SHORT else f"{words[:SHORT].rstrip()}…"


@feedback.action("feedback.show", gather=store.pressed)
def show(event: Action, seen: Seen | None) -> Iterator[Effect]:
    if seen is None:
        yield line(event, "unknown")
        return
    reader, given = event.actor, seen.feedback
    topic = given.topic(reader)
    if given.role(reader) == "given":
        yield Tell(reader, Card(heading(reader, given), body(reader, given)), topic)
    else:
        yield Tell(reader, card(reader, given, seen.thanked), topic, topic)


@feedback.command("feedback help")
def help(event: Command) -> Iterator[Effect]:
    actor = event.actor
    text = say(actor, "help").replace("/", f"/{event.settings.prefix}")
    yield Whisper(Card(say(actor, "help_title"), (Text(text), start_buttons(actor))))


def start_buttons(person: Person) -> Buttons:
    give = Button(say(person, "give"), "feedback.form", opens=True)
    return Buttons((give, Button(say(person, "ask"), "feedback.ask", opens=True)))

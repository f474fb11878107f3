"""Mentors: somebody offers a topic, a colleague asks, and the mentor says yes or, kindly, no."""

from collections.abc import Iterator
from datetime import date

from bot.core.cards import Button, Buttons, Card, Form, Heading, Note, Part, Quote, Text, TextBox, clean
from bot.core.effects import Effect, OpenForm, Record, Refuse, Replace, Tell, Whisper
from bot.core.events import Action, Command, Due, Event, Submission
from bot.core.features import Feature
from bot.core.goal_forms import line_of
from bot.core.mentors import LAPSE, LOOK, MOST, PAGE, REMIND, TOPIC, WORDS, Mentoring, Offer
from bot.core.people import Person
from bot.core.requests import day_after
from bot.core.wording import wording
from storage import mentors as store
from storage.followups import FollowUp
from storage.mentors import Board, MentoringMoved, OfferClosed, Offered, Sought

mentors = Feature("mentors")
say = wording("mentors")


# Who offers what.


@mentors.command("growth mentors", gather=store.board)
def command(event: Command, board: Board) -> Iterator[Effect]:
    yield Whisper(board_card(event.actor, board))


@mentors.action("mentors.list", gather=store.board)
def press(event: Action, board: Board) -> Iterator[Effect]:
    yield Tell(event.actor, board_card(event.actor, board))


def board_card(actor: Person, board: Board) -> Card:
    parts, first = list[Part](), board.page * PAGE
    if board.page == 0:
        parts += [part for one in board.mentorings[:PAGE] for part in (*summary(actor, one), ways(actor, one))]
    shown = board.offers[first : first + PAGE]
    parts.append(Heading(say(actor, "offers")))
    for offer in shown:
        parts += [Text(say(actor, "offer_line", who=offer.mentor.name, topic=offer.topic))]
        parts += [Quote(offer.words)] if offer.words else []
        parts.append(Buttons((Button(say(actor, "ask"), "mentors.ask", offer.id, opens=True),)))
    if not shown:
        parts.append(Text(say(actor, "none_found" if board.topic else "none")))
    if board.own and board.page == 0:
        parts.append(Heading(say(actor, "own")))
        for offer in board.own[:PAGE]:
            parts += [Text(offer.topic), Buttons((Button(say(actor, "close"), "mentors.close", offer.id),))]
    row = [Button(say(actor, "offer"), "mentors.offer", opens=True)]
    if len(board.offers) > first + PAGE:
        row.append(Button(say(actor, "more"), "mentors.list", f"{board.page + 1}|{board.topic}"))
    return Card(say(actor, "title"), (*parts, Buttons(tuple(row))))


@mentors.action("mentors.offer", gather=store.own_offers)
def open_offer(event: Action, many: int) -> Iterator[Effect]:
    actor = event.actor
    if objection := cannot_offer(actor, many):
        yield line(event, objection)
        return
    topic = TextBox("topic", say(actor, "field_topic"), limit=TOPIC, lines=False, hint=say(actor, "field_topic_hint"))
    words = TextBox("words", say(actor, "field_offer"), limit=WORDS, optional=True, hint=say(actor, "field_offer_hint"))
    title, offer, cancel = say(actor, "form_offer"), say(actor, "offer"), say(actor, "cancel")
    yield OpenForm(Form("mentors.offer", title, offer, cancel, (topic, words)))


def cannot_offer(actor: Person, many: int) -> str:
    return "guest" if actor.guest or actor.bot else "many" if many >= MOST else ""


@mentors.submission("mentors.offer", gather=store.own_offers)
def submit_offer(event: Submission, many: int) -> Iterator[Effect]:
    actor, wrong = event.actor, dict[str, str]()
    topic, words = line_of(event.answers.get("topic", "")), clean(event.answers.get("words", "")).strip()
    if not topic:
        wrong["topic"] = say(actor, "wrong_topic")
    elif len(topic) > TOPIC:
        wrong["topic"] = say(actor, "wrong_long", limit=TOPIC)
    if len(words) > WORDS:
        wrong["words"] = say(actor, "wrong_long", limit=WORDS)
    if objection := cannot_offer(actor, many):
        wrong["topic"] = say(actor, objection)
    if wrong:
        yield Refuse(wrong)
        return
    offer = Offer(f"offer:{event.ref}", actor, topic, words, event.at)
    yield Record(Offered(offer))
    close = Button(say(actor, "close"), "mentors.close", offer.id)
    yield Tell(actor, Card(say(actor, "offered"), (Text(topic), Note(say(actor, "offered_note")), Buttons((close,)))))


@mentors.action("mentors.close")
def close(event: Action) -> Iterator[Effect]:
    """Pressed again it stays closed; somebody else's is left alone."""
    yield Record(OfferClosed(event.value, event.actor.id, event.at))
    yield line(event, "closed")


# Asking.


@mentors.action("mentors.ask", gather=store.offer)
def open_ask(event: Action, found: tuple[Offer | None, bool]) -> Iterator[Effect]:
    actor, (offer, running) = event.actor, found
    if offer is None or (objection := cannot_ask(actor, offer, running)):
        yield line(event, "gone" if offer is None else objection)
        return
    box = TextBox("words", say(actor, "field_ask"), limit=WORDS, hint=say(actor, "field_ask_hint"))
    title, send, cancel = say(actor, "form_ask"), say(actor, "send"), say(actor, "cancel")
    yield OpenForm(Form("mentors.ask", title, send, cancel, (box,), offer.id))


def cannot_ask(actor: Person, offer: Offer, running: bool) -> str:
    return "yourself" if offer.mentor.id == actor.id else "asked_already" if running else ""


@mentors.submission("mentors.ask", gather=store.offer)
def submit_ask(event: Submission, found: tuple[Offer | None, bool]) -> Iterator[Effect]:
    actor, (offer, running) = event.actor, found
    words = clean(event.answers.get("words", "")).strip()
    if offer is None or (objection := cannot_ask(actor, offer, running)):
        yield Refuse({"words": say(actor, "gone" if offer is None else objection)})
    elif not words or len(words) > WORDS:
        yield Refuse({"words": say(actor, "wrong_long" if words else "wrong_words", limit=WORDS)})
    else:
        one = Mentoring(f"mentoring:{event.ref}", offer.id, offer.mentor, actor, offer.topic, words, event.at)
        yield Record(Sought(one, day_after(one.mentor, event.at, REMIND)))
        yield Record(FollowUp(actor.id, store.WAIT, one.id, day_after(actor, event.at, REMIND + LAPSE)))
        yield Tell(one.mentor, card(one.mentor, one), about=one.about(one.mentor))
        yield Tell(actor, card(actor, one), about=one.about(actor))


def card(reader: Person, one: Mentoring, title: str = "") -> Card:
    parts = list(summary(reader, one))
    return Card(title, (*parts, ways(reader, one))) if ways(reader, one).row else Card(title, tuple(parts))


def summary(reader: Person, one: Mentoring) -> Iterator[Part]:
    """How it stands, as one of the two sees it."""
    key = f"as_mentor.{one.state}" if reader.id == one.mentor.id else f"as_mentee.{one.state}"
    yield Text(say(reader, key, who=one.other(reader).name, topic=one.topic))
    if one.state == "asked":
        yield Quote(one.words)
    if one.answer:
        yield Quote(one.answer)


def ways(reader: Person, one: Mentoring) -> Buttons:
    """What this one of the two can do now."""
    row = list[Button]()
    if one.may(reader, "accept"):
        row.append(Button(say(reader, "accept"), "mentors.accept", one.id, "primary"))
        row.append(Button(say(reader, "decline"), "mentors.decline", one.id, opens=True))
    if one.may(reader, "withdraw"):
        row.append(Button(say(reader, "withdraw"), "mentors.withdraw", one.id))
    if one.may(reader, "end"):
        if reader.id == one.mentee.id:
            row.append(Button(say(reader, "plan"), "learning.form", one.id, opens=True))
        row.append(Button(say(reader, "end"), "mentors.end", one.id, opens=True))
    return Buttons(tuple(row))


# What the two do with it. Each holds a card that says how it stands.


@mentors.action("mentors.accept", gather=store.pressed)
def accept(event: Action, one: Mentoring | None) -> Iterator[Effect]:
    if one is None or not one.may(event.actor, "accept"):
        yield over(event, one)
        return
    yield from moved(event, one.moved("accept"), MentoringMoved(one.id, one.state, "accepted", event.at))
    yield Record(FollowUp(one.mentee.id, store.LOOK, one.id, look_at(event, one)))
    yield line(event, "accepted_own", who=one.mentee.name)


def look_at(event: Event, one: Mentoring) -> date:
    return day_after(one.mentee, event.at, LOOK)


def moved(event: Event, one: Mentoring, fact: MentoringMoved) -> Iterator[Effect]:
    """From here to there, on the card of each; the other of the two is told."""
    other = one.other(event.actor)
    yield Record(fact)
    yield Replace(one.about(event.actor), card(event.actor, one))
    if not other.gone:
        yield Replace(one.about(other), Card(parts=tuple(summary(other, one))[:1]))
        yield Tell(other, card(other, one), about=one.about(other), awaited=True)


@mentors.action("mentors.decline", gather=store.pressed)
def open_decline(event: Action, one: Mentoring | None) -> Iterator[Effect]:
    yield opened(event, one, "decline")


def opened(event: Event, one: Mentoring | None, move: str) -> Effect:
    """The form for a last word to the other of the two, where it can be said."""
    actor = event.actor
    if one is None or not one.may(actor, move):
        return over(event, one)
    label, hint = say(actor, f"field_{move}", who=one.other(actor).name), say(actor, f"field_{move}_hint")
    box = TextBox("words", label, limit=WORDS, optional=True, hint=hint)
    return OpenForm(Form(f"mentors.{move}", say(actor, move), say(actor, "send"), say(actor, "cancel"), (box,), one.id))


@mentors.submission("mentors.decline", gather=store.pressed)
def decline(event: Submission, one: Mentoring | None) -> Iterator[Effect]:
    words, refused = said(event, one, "decline")
    if one is None or refused:
        yield from refused
    else:
        fact = MentoringMoved(one.id, one.state, "declined", event.at, words)
        yield from moved(event, one.moved("decline", words), fact)


def said(event: Submission, one: Mentoring | None, move: str) -> tuple[str, list[Effect]]:
    """The word that was written, if any; and why it does not count, if so."""
    words = clean(event.answers.get("words", "")).strip()
    if one is None or not one.may(event.actor, move):
        return "", [over(event, one)]
    return words, [Refuse({"words": say(event.actor, "wrong_long", limit=WORDS)})] if len(words) > WORDS else []


@mentors.action("mentors.withdraw", gather=store.pressed)
def withdraw(event: Action, one: Mentoring | None) -> Iterator[Effect]:
    if one is None or not one.may(event.actor, "withdraw"):
        yield over(event, one)
        return
    one = one.moved("withdraw")
    yield Record(MentoringMoved(one.id, "asked", "withdrawn", event.at))
    for who in (one.mentor, one.mentee):  # the card says it: nobody has to do anything
        yield Replace(one.about(who), card(who, one))


@mentors.action("mentors.end", gather=store.pressed)
def open_end(event: Action, one: Mentoring | None) -> Iterator[Effect]:
    yield opened(event, one, "end")


@mentors.submission("mentors.end", gather=store.pressed)
def end(event: Submission, one: Mentoring | None) -> Iterator[Effect]:
    """Their last words are the other's to read, and stand in no record."""
    words, refused = said(event, one, "end")
    if one is None or refused:
        yield from refused
    else:
        yield from moved(event, one.moved("end", words), MentoringMoved(one.id, one.state, "ended", event.at))
        yield line(event, "ended_own", who=one.other(event.actor).name)


@mentors.due("mentors.wait", gather=store.due)
def waited(event: Due, one: Mentoring | None) -> Iterator[Effect]:
    """The mentor is reminded; some days later the one who asked hears that nothing came of it, and why that is fine."""
    actor = event.actor
    if one is None or one.state != "asked":
        return
    if actor.id == one.mentor.id and not one.mentee.gone:
        yield Tell(actor, card(actor, one, say(actor, "remind", who=one.mentee.name)), about=one.about(actor))
    elif actor.id == one.mentee.id:
        one = one.moved("lapse")
        yield Record(MentoringMoved(one.id, "asked", "lapsed", event.at))
        yield Replace(one.about(one.mentor), card(one.mentor, one))
        find = Buttons((Button(say(actor, "look_again"), "mentors.list"),))
        yield Tell(actor, Card(parts=(*summary(actor, one), find)), awaited=True)


@mentors.due("mentors.look", gather=store.due)
def look(event: Due, one: Mentoring | None) -> Iterator[Effect]:
    actor = event.actor
    if one is None or one.state != "accepted" or actor.id != one.mentee.id:
        return
    if one.mentor.gone:
        yield Record(MentoringMoved(one.id, one.state, "ended", event.at))
        yield Tell(actor, Card(parts=(Text(say(actor, "mentor_left", who=one.mentor.name)),)), awaited=True)
        return
    go_on = Button(say(actor, "go_on"), "mentors.on", one.id, "primary")
    row = Buttons((go_on, *ways(actor, one).row))
    yield Tell(
        actor,
        Card(say(actor, "still", who=one.mentor.name), (Text(one.topic), row)),
        about=one.about(actor),
        awaited=True,
    )


@mentors.action("mentors.on", gather=store.pressed)
def go_on(event: Action, one: Mentoring | None) -> Iterator[Effect]:
    actor = event.actor
    if one is None or one.state != "accepted" or actor.id != one.mentee.id:
        yield over(event, one)
        return
    day = look_at(event, one)
    yield Record(FollowUp(actor.id, store.LOOK, one.id, day))
    yield Replace(one.about(actor), card(actor, one))
    yield Tell(actor, Card(parts=(Text(say(actor, "goes_on", day=day)),)))


def over(event: Event, one: Mentoring | None) -> Effect:
    """Why nothing can be done: how it stands, to one of the two; nothing, to anybody else."""
    if one is None:
        return line(event, "not_yours")
    if one.other(event.actor).gone:
        return line(event, "left", who=one.other(event.actor).name)
    return Tell(event.actor, Card(parts=tuple(summary(event.actor, one))[:1]))


def line(event: Event, key: str, **names: str) -> Effect:
    return Tell(event.actor, Card(parts=(Text(say(event.actor, key, **names)),)))

"""Asking for feedback: one question to several people, answered in the form, declined by one tap, and never nagged."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from bot.core.cards import MENTION, Button, Buttons, Card, Note, Text, clean, plain
from bot.core.effects import Effect, OpenForm, Record, Refuse, Replace, Tell, Whisper
from bot.core.events import Action, Command, Due, Event, Submission
from bot.core.features import Feature
from bot.core.feedback import DRAFT, Aim, Feedback, Value, chosen, held_up, passed_on, write_form, written
from bot.core.people import Person
from bot.core.requests import (
    FeedbackRequest,
    State,
    ask_form,
    asked_card,
    check,
    day_after,
    over_card,
    status_card,
    told_card,
)
from bot.core.wording import wording
from storage import requests as store
from storage.feedback import Given
from storage.followups import FollowUp
from storage.requests import CLOSE, REMIND, Answering, Asked, Asking, Closed, Settled

requests = Feature("requests")
say = wording("requests")
NOT_YET: State = "asked"


# Asking.


@requests.command("feedback ask", gather=store.named)
def ask(event: Command, asking: Asking) -> Iterator[Effect]:
    actor, question = event.actor, clean(plain(MENTION.sub(" ", event.text))).strip()
    question = " ".join(question.split())
    if (not asking.whom and not event.groups) or not question:
        form = ask_form(actor, asking.reports, asking.whom, question)
        # Where only a button can be sent, it carries the beginning of the question.
        yield OpenForm(form if event.opens else replace(form, value=question[:DRAFT]))
    elif objections := wrong(event, asking, question):
        yield Whisper(Card(say(actor, "sorry"), tuple(map(Text, objections.values()))))
    else:
        yield from put(event, asking, question)


@requests.action("feedback.ask", gather=store.reports)
def open_form(event: Action, reports: list[Person]) -> Iterator[Effect]:
    yield OpenForm(ask_form(event.actor, reports, question=clean(event.value)))


@requests.submission("feedback.ask", gather=store.chosen)
def submit(event: Submission, asking: Asking) -> Iterator[Effect]:
    question = clean(event.answers.get("question", "")).strip()
    if objections := wrong(event, asking, question):
        yield Refuse(objections)
    else:
        yield from put(event, asking, question)


def wrong(event: Event, asking: Asking, question: str) -> dict[str, str]:
    found = dict(check(event.actor, asking.whom, asking.about, question, event.settings))
    if asking.unknown_groups:
        found["whom"] = say(event.actor, "refuse_group")
    return found


def put(event: Event, asking: Asking, question: str) -> Iterator[Effect]:
    """To each of them, with the day of the first reminder; and, about a report, to the report."""
    rules, actor, about = event.settings.feedback, event.actor, asking.about or event.actor
    those = tuple((person, NOT_YET) for person in asking.whom)
    closes = day_after(actor, event.at, rules.closes)
    request = FeedbackRequest(f"request:{event.ref}", actor, about, question, event.at, closes, asked=those)
    yield Record(Asked(request))
    yield Record(FollowUp(actor.id, CLOSE, request.id, closes))
    for person in asking.whom:
        yield Tell(person, asked_card(person, request), about=request.topic(person))
        if rules.remind:
            yield Record(FollowUp(person.id, REMIND, request.id, day_after(person, event.at, rules.remind[0])))
    if not request.own:
        yield Tell(about, told_card(request), about=request.topic(about))
    yield Tell(actor, status_card(request, rules.remind), about=request.topic(actor))


# Answering.


@requests.action("feedback.answer", gather=store.answering)
def open_answer(event: Action, answering: Answering | None) -> Iterator[Effect]:
    if objection := shut(event, answering):
        yield Tell(event.actor, Card(parts=(Text(objection), give_button(event.actor, answering))))
    elif answering:
        yield OpenForm(write_form(event.actor, aim(answering)))


@requests.submission("feedback.answer", gather=store.answering)
def answer(event: Submission, answering: Answering | None) -> Iterator[Effect]:
    if objection := shut(event, answering):
        yield Refuse({"situation": objection})
    elif answering:
        words = written(event)
        yield from (held,) if (held := held_up(event, aim(answering), words)) else answered(event, answering)


def aim(answering: Answering) -> Aim:
    request = answering.request
    return Aim(request.about, answering.manager, request.id, request.question, for_manager=not request.own)


def shut(event: Event, answering: Answering | None) -> str:
    """Why this cannot be answered, now or by this person; empty when it can."""
    if answering is None or (answering.state == "asked" and not answering.request.open(event.today)):
        return say(event.actor, "closed")
    return {"answered": say(event.actor, "already"), "declined": say(event.actor, "declined_already")}.get(
        answering.state, ""
    )


def answered(event: Submission, answering: Answering) -> Iterator[Effect]:
    request, to = answering.request, aim(answering)
    given = Feedback(
        f"feedback:{event.ref}", event.actor, request.about, answering.manager, written(event),
        chosen(event, to) or "receiver", event.at, request.id, request.question, request.by.id,
    )  # fmt: skip
    yield Record(Given(given))
    yield from passed_on(given)
    yield from settled(event, request, "answered")


@requests.action("feedback.decline", gather=store.answering)
def decline(event: Action, answering: Answering | None) -> Iterator[Effect]:
    actor = event.actor
    if objection := shut(event, answering):
        yield Tell(actor, Card(parts=(Text(objection),)))
    elif answering:
        request = answering.request
        yield Tell(request.by, Card(parts=(Text(say(request.by, "declined", who=actor.name)),)), awaited=True)
        yield Tell(actor, Card(parts=(Text(say(actor, "declined_own", by=request.by.name)),)))
        yield from settled(event, request, "declined")


def settled(event: Event, request: FeedbackRequest, state: Literal["answered", "declined"]) -> Iterator[Effect]:
    """One less to wait for; with the last one it is over."""
    actor = event.actor
    yield Record(Settled(request.id, actor.id, state, event.at))
    yield Replace(request.topic(actor), over_card(actor, request, state))
    those = tuple((person, state if person.id == actor.id else before) for person, before in request.asked)
    request = replace(request, asked=those)
    over = not request.waiting
    yield Replace(request.topic(request.by), status_card(request, event.settings.feedback.remind, over))
    if over:
        yield Record(Closed(request.id, event.at))
        yield Tell(request.by, Card(parts=(Note(say(request.by, "all_in")),)), awaited=True)


def give_button(person: Person, answering: Answering | None) -> Buttons:
    about = answering.request.about.id if answering else ""
    return Buttons((Button(say(person, "give"), "feedback.form", str(Value(about)), opens=True),))


# Reminding, and ending.


@requests.due(REMIND, gather=store.reminded)
def remind(event: Due, answering: Answering | None) -> Iterator[Effect]:
    """Only who has neither answered nor declined, once for each of the days, and then no more."""
    days, step = event.settings.feedback.remind, event.step
    if answering is None or shut(event, answering):
        return
    request, actor = answering.request, event.actor
    yield Tell(actor, asked_card(actor, request, step + 1), about=request.topic(actor))
    if step + 1 < len(days):
        yield Record(FollowUp(actor.id, REMIND, request.id, day_after(actor, event.at, days[step + 1] - days[step])))


@requests.due(CLOSE, gather=store.own)
def time_up(event: Due, request: FeedbackRequest | None) -> Iterator[Effect]:
    if request and request.closed_at is None:
        yield from end(event, request)
        yield Tell(event.actor, Card(parts=(Text(say(event.actor, "time_up")),)), awaited=True)


@requests.action("feedback.close", gather=store.own)
def close(event: Action, request: FeedbackRequest | None) -> Iterator[Effect]:
    actor = event.actor
    if request is None:
        yield Tell(actor, Card(parts=(Text(say(actor, "not_yours")),)))
        return
    if request.closed_at is None:
        yield from end(event, request)
    yield Tell(actor, Card(parts=(Text(say(actor, "closed_own")),)))


def end(event: Event, request: FeedbackRequest) -> Iterator[Effect]:
    yield Record(Closed(request.id, event.at))
    yield Replace(request.topic(request.by), status_card(request, (), over=True))
    for person in request.waiting:
        yield Replace(request.topic(person), over_card(person, request, "closed"))

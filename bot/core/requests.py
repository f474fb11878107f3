"""Asking colleagues for feedback: one question to several people, about oneself or about a report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from bot.core.calendar import Calendar
from bot.core.cards import Button, Buttons, Card, Choice, Field, Form, Note, Part, PeoplePicker, Quote, Text, TextBox
from bot.core.feedback import unfit
from bot.core.people import Person
from bot.core.settings import Settings
from bot.core.wording import wording
from bot.core.workdays import add_working_days

say = wording("requests")
LIMIT = 500  # characters of a question
MOST = 10  # people asked at once
ME = "me"
REPORTS = 99  # to choose from; Slack shows 100 options

State = Literal["asked", "answered", "declined"]


@dataclass(frozen=True, slots=True)
class FeedbackRequest:
    id: str  # "request:ab12"
    by: Person
    about: Person
    question: str
    at: datetime
    closes: date  # the asker's day after which nobody is waited for
    closed_at: datetime | None = None
    asked: tuple[tuple[Person, State], ...] = ()

    @property
    def own(self) -> bool:
        return self.by.id == self.about.id

    def open(self, today: date) -> bool:
        """Whether it can still be answered: not once its asker no longer manages the one it is about."""
        holds = self.own or self.about.manager == self.by.id
        return holds and self.closed_at is None and today <= self.closes and not (self.by.gone or self.about.gone)

    @property
    def waiting(self) -> tuple[Person, ...]:
        return tuple(person for person, state in self.asked if state == "asked" and not person.gone)

    def topic(self, person: Person) -> str:
        """Of what this person was told of it."""
        return f"feedback.asked:{self.id}:{person.id}"


def day_after(person: Person, at: datetime, working_days: int) -> date:
    """So many working days of this person's after a moment (aware)."""
    return add_working_days(Calendar.parse(person.calendar), person.day_of(at), working_days)


# Asking.


def ask_form(asker: Person, reports: Sequence[Person], whom: Sequence[Person] = (), question: str = "") -> Form:
    fields: list[Field] = [PeoplePicker("whom", say(asker, "whom"), tuple(whom))]
    if reports:
        options = ((ME, say(asker, "about_me")), *((report.id, report.name) for report in reports[:REPORTS]))
        fields.append(Choice("about", say(asker, "about"), options, ME, hint=say(asker, "about_hint")))
    hint = say(asker, "question_hint")
    fields.append(TextBox("question", say(asker, "question"), question[:LIMIT], LIMIT, hint=hint))
    title, submit, cancel = say(asker, "form_title"), say(asker, "ask"), say(asker, "cancel")
    return Form("feedback.ask", title, submit, cancel, tuple(fields))


def check(
    asker: Person, whom: Sequence[Person], about: Person | None, question: str, settings: Settings
) -> Mapping[str, str]:
    """All that is wrong, by field, in the asker's language."""
    wrong, who = dict[str, str](), list[str]()
    if not whom:
        who.append(say(asker, "refuse_nobody"))
    elif len(whom) > MOST:
        who.append(say(asker, "refuse_many", most=MOST))
    for person in whom:
        if person.id == asker.id:
            who.append(say(asker, "refuse_self"))
        elif about and person.id == about.id:
            who.append(say(asker, "refuse_about", who=person.name))
        elif objection := unfit(person, asker, settings):
            who.append(objection)
    if who:
        wrong["whom"] = " ".join(dict.fromkeys(who))
    if about is None:
        wrong["about"] = say(asker, "refuse_no_report")
    if not question:
        wrong["question"] = say(asker, "refuse_no_question")
    elif len(question) > LIMIT:
        wrong["question"] = say(asker, "refuse_long", limit=LIMIT)
    return wrong


# The cards.


def asked_card(person: Person, request: FeedbackRequest, step: int = 0) -> Card:
    """What the one asked sees; `step` 1 and up are its reminders."""
    key = "asks" if request.own else "asks_about"
    parts = list[Part]([Text(say(person, key, by=request.by.name, who=request.about.name)), Quote(request.question)])
    if not request.own:
        parts.append(Note(say(person, "asks_manager", by=request.by.name, who=request.about.name)))
    answer = Button(say(person, "answer"), "feedback.answer", request.id, "primary", opens=True)
    parts.append(Buttons((answer, Button(say(person, "decline"), "feedback.decline", request.id))))
    return Card(say(person, f"remind_{min(step, 2)}", by=request.by.name) if step else "", tuple(parts))


def over_card(person: Person, request: FeedbackRequest, state: Literal["answered", "declined", "closed"]) -> Card:
    """The same without its buttons."""
    line = Text(say(person, f"over_{state}", by=request.by.name))
    return Card(parts=(line, Quote(request.question)))


def status_card(request: FeedbackRequest, remind: Sequence[int], over: bool = False) -> Card:
    """What the asker sees: who has answered, and for nobody a reason. Who left meanwhile is left out."""
    asker = request.by
    title = say(asker, "status") if request.own else say(asker, "status_about", who=request.about.name)
    lines = [say(asker, f"state_{state}", who=person.name) for person, state in request.asked if not person.gone]
    parts: list[Part] = [Quote(request.question), *([Text("\n".join(lines))] if lines else [])]
    if over:
        return Card(title, (*parts, Note(say(asker, "status_over"))))
    note = say(asker, "status_note", days=list(remind), day=request.closes)
    parts.append(Note(note if remind else say(asker, "status_quiet", day=request.closes)))
    return Card(title, (*parts, Buttons((Button(say(asker, "close"), "feedback.close", request.id),))))


def told_card(request: FeedbackRequest) -> Card:
    """To the report, that their manager asks about them: what, and of how many."""
    about, n = request.about, len(request.asked)
    return Card(
        parts=(
            Text(say(about, "told", n=n, by=request.by.name)),
            Quote(request.question),
            Note(say(about, "told_note", by=request.by.name)),
        )
    )

"""Feedback between two people: the words by situation, behaviour and impact, who sees them, and the form for them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Literal

from bot.core.cards import (
    Button,
    Buttons,
    Card,
    Choice,
    Field,
    Form,
    Note,
    Part,
    PeoplePicker,
    Quote,
    Remark,
    Text,
    TextBox,
    clean,
)
from bot.core.effects import Effect, OpenForm, Refuse, Tell
from bot.core.events import Submission
from bot.core.people import Person
from bot.core.settings import Settings
from bot.core.wording import LANGUAGES, month, weekday_name, wording

say = wording("feedback")
LIMIT = 1000  # characters of each of the four
DRAFT = 300  # characters that a button can carry along
FEWEST = 4  # words in which a moment can be told

# receiver: only they. both: they and the manager named. manager: only the manager named, who asked for it.
SeenBy = Literal["receiver", "both", "manager"]
Role = Literal["got", "given", "seen"]
BOXES = ("situation", "behaviour", "impact", "wish")


@dataclass(frozen=True, slots=True)
class Words:
    situation: str = ""
    behaviour: str = ""
    impact: str = ""
    wish: str = ""

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        return tuple((name, words) for name in BOXES if (words := getattr(self, name)))


@dataclass(frozen=True, slots=True)
class Feedback:
    id: str  # "feedback:ab12"
    giver: Person
    receiver: Person
    manager: Person | None  # who sees it too, or asked for it: this person, not whoever has the post later
    words: Words
    seen_by: SeenBy
    at: datetime
    request: str | None = None
    question: str = ""  # of the request
    asked_by: str = ""  # who asked it: the receiver, or their manager
    thanked_at: datetime | None = None

    @property
    def readers(self) -> tuple[Person, ...]:
        """Who has it besides its giver; the first is who talks with the giver about it."""
        receiver = (self.receiver,) if self.seen_by != "manager" else ()
        return (*receiver, self.manager) if self.manager and self.seen_by != "receiver" else receiver

    def role(self, person: Person) -> Role | None:
        if person.id == self.giver.id:
            return "given"
        if person.id in {reader.id for reader in self.readers}:
            return "got" if person.id == self.receiver.id else "seen"
        return None

    def partner(self, person: Person) -> Person | None:
        """Who this person talks with about it. A manager with whom it was only shared reads it."""
        talker = next(iter(self.readers), None)
        if talker is None or person.id not in (self.giver.id, talker.id):
            return None
        return talker if person.id == self.giver.id else self.giver

    def question_for(self, reader: Person) -> str:
        """What somebody asked for themselves is not told to their manager along with an answer."""
        return self.question if reader.id in (self.asked_by, self.giver.id, self.receiver.id) else ""

    def topic(self, person: Person) -> str:
        """Of this person's own thread about it."""
        return f"feedback.{self.role(person)}:{self.id}"


@dataclass(frozen=True, slots=True)
class Aim:
    """Whom the words are for, and who else could see them."""

    receiver: Person
    manager: Person | None = None  # the receiver's own as they are now; with `asked` who asked
    asked: str = ""  # the id of the request that is answered
    question: str = ""
    for_manager: bool = False  # it was the manager who asked

    def options(self, giver: Person) -> tuple[SeenBy, ...]:
        if self.manager is None or self.manager.id == giver.id:
            return ("receiver",)
        return ("both", "manager") if self.for_manager else ("receiver", "both")


@dataclass(frozen=True, slots=True)
class Value:
    """What the form carries: who it is about, whom it named as the manager, whether it was sent back before."""

    about: str  # a person's id, or a request's
    manager: str = ""
    again: bool = False
    draft: str = ""

    @classmethod
    def read(cls, value: str) -> "Value":
        about, manager, again, draft = (*value.split("|", 3), "", "", "")[:4]
        return cls(about, manager, again == "again", draft)

    def __str__(self) -> str:
        parts = (self.about, self.manager, "again" if self.again else "")
        return "|".join((*parts, self.draft)) if self.draft else "|".join(parts).rstrip("|")


# What is wrong, and what is missing.


def unfit(person: Person, giver: Person, settings: Settings) -> str:
    """Why this person cannot get feedback from that one, in the giver's language; empty when they can."""
    if person.company != giver.company:
        return say(giver, "refuse_other")
    if person.id == giver.id:
        return say(giver, "refuse_self")
    for wrong, key in ((person.bot, "bot"), (person.gone, "gone")):
        if wrong:
            return say(giver, f"refuse_{key}", who=person.name)
    return say(giver, "refuse_guest", who=person.name) if person.guest and not settings.feedback.guests else ""


def written(event: Submission) -> Words:
    return Words(*(clean(event.answers.get(name, "")).strip() for name in BOXES))


def check(event: Submission, aim: Aim, words: Words) -> Mapping[str, str]:
    """All that is wrong, by field."""
    giver, wrong = event.actor, dict[str, str]()
    if objection := unfit(aim.receiver, giver, event.settings):
        wrong["situation"] = objection
    for name in BOXES:
        said = getattr(words, name)
        if not said and name != "wish":
            wrong.setdefault(name, say(giver, f"refuse_no_{name}"))
        elif len(said) > LIMIT:
            wrong.setdefault(name, say(giver, "refuse_long", limit=LIMIT))
    if chosen(event, aim) is None:
        wrong["seen_by"] = say(giver, "refuse_seen_by")
    return wrong


def chosen(event: Submission, aim: Aim) -> SeenBy | None:
    """Who may see it; None where that is still to be chosen. Nobody sees what its form did not offer to show them."""
    options = aim.options(event.actor)
    if len(options) == 1 or not (aim.for_manager or Value.read(event.value).manager):
        return "receiver"
    return next((option for option in options if option == event.answers.get("seen_by")), None)


def concrete(words: Words) -> bool:
    """Whether a moment is told that both can remember: some words, a when or a where, and no "always"."""
    told = f"{words.situation} {words.behaviour}".lower()
    enough = len(re.findall(r"\w+", words.situation)) >= FEWEST
    return enough and bool(_anchors().search(words.situation.lower())) and not _general().search(told)


@cache
def _general() -> re.Pattern[str]:
    return _any(word for lang in LANGUAGES for word in say(lang, "example_general").split(", "))


@cache
def _anchors() -> re.Pattern[str]:
    """In all our languages: people do not always write in the one they read. A figure or a quotation will do too."""
    words = [word for lang in LANGUAGES for word in say(lang, "example_anchors").split(", ")]
    words += [weekday_name(number, lang).lower() for lang in LANGUAGES for number in range(7)]
    words += [month(date(2024, number, 1), lang).lower() for lang in LANGUAGES for number in range(1, 13)]
    return re.compile(rf'{_any(words).pattern}|\d|[“”«»"]')


def _any(words: Iterator[str] | list[str]) -> re.Pattern[str]:
    longest = sorted(set(words), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)")


def advice(reader: Person, receiver: Person) -> str:
    """One line on how the receiver likes to get feedback, where they said so."""
    told = [(way, getattr(receiver, f"takes_{way}", "")) for way in ("timing", "form", "detail")]
    ways = [say(reader, f"takes.{way}.{choice}") for way, choice in told if say.has(f"takes.{way}.{choice}")]
    return say(reader, "advice", who=receiver.name, ways=ways) if ways else ""


# The forms.


def whom_form(giver: Person, words: str = "") -> Form:
    """The first step, where nobody was named: only then is it known whose way of taking feedback to tell."""
    fields: list[Field] = [PeoplePicker("to", say(giver, "whom"), many=False)]
    if words:
        fields.append(TextBox("situation", say(giver, "situation"), words[:LIMIT], LIMIT))
    title, submit, cancel = say(giver, "form_title"), say(giver, "next"), say(giver, "cancel")
    return Form("feedback.form", title, submit, cancel, tuple(fields))


def write_form(giver: Person, aim: Aim, words: Words | None = None, note: str = "", again: bool = False) -> Form:
    """The second step. `note` stands before the situation, which is what it asks to look at once more."""
    who, manager, words = aim.receiver.name, aim.manager, words or Words()
    lines = [aim.question and say(giver, "question", words=aim.question), advice(giver, aim.receiver), note]
    fields: list[Field] = [Remark(line) for line in lines if line]
    for name in BOXES:
        label, hint = say(giver, name, who=who), say(giver, f"{name}_hint")
        text = getattr(words, name)[:LIMIT]
        fields.append(TextBox(name, label, text, LIMIT, optional=name == "wish", hint=hint))
    options = aim.options(giver)
    if manager and len(options) > 1:
        labelled = tuple((option, seen_option(giver, aim, option)) for option in options)
        fields.append(Choice("seen_by", say(giver, "seen_by"), labelled, hint=say(giver, "seen_by_hint")))
    else:
        fields.append(Remark(say(giver, "seen_only", who=who)))
    value = Value(aim.asked or aim.receiver.id, manager.id if manager else "", again)
    title, submit, cancel = say(giver, "form_title"), say(giver, "send"), say(giver, "cancel")
    id = "feedback.answer" if aim.asked else "feedback.write"
    return Form(id, title, submit, cancel, tuple(fields), str(value))


def seen_option(giver: Person, aim: Aim, option: SeenBy) -> str:
    assert aim.manager
    how = "asked" if aim.for_manager else "own"
    return say(giver, f"seen_{how}_{option}", who=aim.receiver.name, manager=aim.manager.name)


def held_up(event: Submission, aim: Aim, words: Words) -> OpenForm | Refuse | None:
    """What is still to be mended: all objections at once, a manager the giver was not asked about, and, a single time,
    an example. Where no form can be opened again the words are taken as they are rather than lost."""
    giver, carried = event.actor, Value.read(event.value)
    if objections := check(event, aim, words):
        return Refuse(objections)
    manager = aim.manager.id if aim.manager else ""
    if chosen(event, aim) == "both" and not aim.for_manager and manager != carried.manager:
        note = say(giver, "manager_changed", who=aim.receiver.name)
        again = write_form(giver, aim, words, note, carried.again)
        return OpenForm(again) if event.opens else Refuse({"seen_by": note})
    if carried.again or not event.opens or concrete(words):
        return None
    note = say(giver, "example", who=aim.receiver.name)
    return OpenForm(keeping(write_form(giver, aim, words, note, again=True), event))


def keeping(form: Form, event: Submission) -> Form:
    """With the choice that was made already."""
    before = event.answers.get("seen_by", "")
    kept = tuple(replace(each, value=before) if isinstance(each, Choice) else each for each in form.fields)
    return replace(form, fields=kept)


# The cards.


def passed_on(feedback: Feedback) -> Iterator[Effect]:
    """To everybody who may see it, each in a thread of their own, and a line to its giver that begins theirs."""
    for reader in feedback.readers:
        topic = feedback.topic(reader)
        yield Tell(reader, card(reader, feedback), topic, topic, awaited=bool(feedback.request))
    topic = feedback.topic(feedback.giver)
    yield Tell(feedback.giver, given_card(feedback), topic, topic)


def card(reader: Person, feedback: Feedback, thanked: bool = False) -> Card:
    """The words as one of those with whom they are shared reads them."""
    return Card(heading(reader, feedback), (*body(reader, feedback), buttons(reader, feedback, thanked)))


def heading(reader: Person, feedback: Feedback) -> str:
    role, key = feedback.role(reader), f"title_{feedback.role(reader)}"
    if feedback.asked_by == reader.id:
        key = f"title_{role}_asked"
    elif feedback.asked_by and role == "got":
        key = "title_got_manager"
    manager = feedback.manager.name if feedback.manager else ""
    return say(reader, key, giver=feedback.giver.name, who=feedback.receiver.name, manager=manager)


def body(reader: Person, feedback: Feedback) -> tuple[Part, ...]:
    parts = list[Part]()
    if question := feedback.question_for(reader):
        parts.append(Note(say(reader, "question", words=question)))
    for name, words in feedback.words.rows:
        parts += [Text(say(reader, f"short_{name}")), Quote(words)]
    return (*parts, Note(seen_note(reader, feedback)))


def seen_note(reader: Person, feedback: Feedback) -> str:
    names = {"giver": feedback.giver.name, "who": feedback.receiver.name}
    manager = feedback.manager.name if feedback.manager else ""
    return say(reader, f"note_{feedback.role(reader)}_{feedback.seen_by}", manager=manager, **names)


def buttons(reader: Person, feedback: Feedback, thanked: bool) -> Buttons:
    id, row = feedback.id, list[Button]()
    if not thanked:
        row.append(Button(say(reader, "thank"), "feedback.thank", id, "primary"))
    if feedback.partner(reader):
        row.append(Button(say(reader, "ask_back"), "feedback.reply", id, opens=True))
    if feedback.role(reader) == "got":
        row.append(Button(say(reader, "goal"), "goals.form", f"development|{id}", opens=True))
        row.append(Button(say(reader, "learn"), "learning.form", id, opens=True))
    return Buttons(tuple(row))


def given_card(feedback: Feedback) -> Card:
    giver, readers = feedback.giver, [reader.name for reader in feedback.readers]
    talker = feedback.partner(giver)
    assert talker
    note = f"{seen_note(giver, feedback)} {say(giver, 'given_note', who=talker.name)}"
    return Card(parts=(Text(say(giver, "given", people=readers)), Note(note)))

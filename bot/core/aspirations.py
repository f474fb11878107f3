"""What somebody wants to grow towards, in their own words, and how it reads to them and to their manager. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from bot.core.cards import Button, Buttons, Card, Choice, Field, Form, Note, Part, Quote, Text, TextBox
from bot.core.people import Person
from bot.core.wording import wording

say = wording("aspirations")
RHYTHM = "aspirations"
WORDS = 1000  # characters
MOST = 7  # open ones: a wish list of twenty is none
OPTION = 70  # characters of a choice
OFFERED = 50  # goals, and learning actions, to choose from
NAMED = 10  # linked ones on a card

State = Literal["open", "reached", "let_go"]
STATES: tuple[State, ...] = ("open", "reached", "let_go")


@dataclass(frozen=True, slots=True)
class Step:
    """A goal or a learning action that serves one."""

    id: str
    kind: Literal["goal", "learning"]
    words: str
    day: date | None = None
    serves: str = ""  # the aspiration's id


@dataclass(frozen=True, slots=True)
class Aspiration:
    id: str  # "aspiration:ab12"
    person: Person
    words: str
    at: datetime
    reader: str | None = None  # a Person.id: to whom it was shown; it counts while they are the person's manager
    state: State = "open"
    steps: tuple[Step, ...] = ()

    @property
    def shown(self) -> bool:
        """Whether the person's manager can read it."""
        return self.reader is not None and self.reader == self.person.manager

    @property
    def topic(self) -> str:
        """Of what the manager was sent."""
        return f"aspiration.shared:{self.id}"


def served(source: str) -> str:
    """The aspiration a form was opened from, where it was one; whose it is, is asked when it is read."""
    return source if source.startswith("aspiration:") else ""


# The forms.


def wish_form(person: Person, manager: Person | None, wish: Aspiration | None) -> Form:
    words = wish.words if wish else ""
    fields: list[Field] = [
        TextBox("words", say(person, "field_words"), words[:WORDS], WORDS, hint=say(person, "field_words_hint"))
    ]
    if manager:
        options = (("me", say(person, "only_me")), ("manager", say(person, "with_manager", who=short(manager.name))))
        shown = "manager" if wish and wish.shown else "me"
        fields.append(Choice("share", say(person, "field_share"), options, shown, hint=say(person, "field_share_hint")))
    title, keep, cancel = say(person, "form_title"), say(person, "keep"), say(person, "cancel")
    return Form("aspirations.form", title, keep, cancel, tuple(fields), wish.id if wish else "")


def check(person: Person, words: str, wish: Aspiration | None, many: int) -> dict[str, str]:
    """All that is wrong with it, by field. `many`: open ones there are."""
    found = list[str]()
    if not words:
        found.append(say(person, "wrong_words"))
    elif len(words) > WORDS:
        found.append(say(person, "wrong_long", limit=WORDS))
    if wish is None and many >= MOST:
        found.append(say(person, "wrong_many", most=MOST))
    return {"words": " ".join(found)} if found else {}


def link_form(person: Person, wish: Aspiration, steps: Sequence[Step]) -> Form:
    """What there is already of one's own, to be put to it."""
    fields = list[Field]()
    for kind in ("goal", "learning"):
        some = [step for step in steps if step.kind == kind][:OFFERED]
        if some:
            options = tuple((step.id, short(step.words)) for step in some)
            chosen = ",".join(step.id for step in some if step.serves == wish.id)
            fields.append(Choice(kind, say(person, f"field_{kind}"), options, chosen, many=True, optional=True))
    title, save, cancel = say(person, "link_title"), say(person, "save"), say(person, "cancel")
    return Form("aspirations.link", title, save, cancel, tuple(fields), wish.id)


def short(words: str, limit: int = OPTION) -> str:
    words = " ".join(words.split())
    return words if len(words) <= limit else f"{words[: limit - 1].rstrip()}…"


# The cards.


def list_parts(person: Person, wishes: Sequence[Aspiration]) -> list[Part]:
    parts = list[Part]()
    for wish in wishes:
        row = (Button(say(person, "look"), "aspirations.look", wish.id),
               Button(say(person, "change"), "aspirations.form", wish.id, opens=True))  # fmt: skip
        parts += [Quote(wish.words), Note(small_print(person, wish)), Buttons(row)]
    return parts


def list_card(person: Person, wishes: Sequence[Aspiration]) -> Card:
    new = Button(say(person, "new"), "aspirations.form", style="plain" if wishes else "primary", opens=True)
    row = (new,) if len(wishes) < MOST else ()
    parts = list_parts(person, wishes) or [Text(say(person, "none"))]
    return Card(say(person, "title"), (*parts, *((Buttons(row),) if row else ())))


def small_print(person: Person, wish: Aspiration) -> str:
    """Who sees it, and what serves it."""
    seen = say(person, "seen_manager" if wish.shown else "seen_me")
    return f"{seen} {say(person, 'steps', n=len(wish.steps))}" if wish.steps else seen


def wish_card(person: Person, wish: Aspiration, manager: Person | None, title: str = "") -> Card:
    """One of one's own, with all that can be done about it."""
    parts: list[Part] = [Quote(wish.words), *step_parts(person, wish)]
    if wish.state != "open":
        parts.append(Note(say(person, f"state.{wish.state}")))
        return Card(title or say(person, "form_title"), (*parts, Buttons((move(person, wish, "open"),))))
    parts.append(Note(say(person, "seen_manager" if wish.shown else "seen_me")))
    goal = Button(say(person, "set_goal"), "goals.form", f"development|{wish.id}", opens=True)
    plan = Button(say(person, "plan"), "learning.form", wish.id, opens=True)
    link = Button(say(person, "link"), "aspirations.link", wish.id, opens=True)
    parts.append(Buttons((goal, plan, link)))
    row = [Button(say(person, "change"), "aspirations.form", wish.id, opens=True)]
    if wish.shown:
        row.append(Button(say(person, "hide"), "aspirations.share", f"{wish.id}|me"))
    elif manager:
        label = say(person, "show", who=short(manager.name, 40))
        row.append(Button(label, "aspirations.share", f"{wish.id}|manager"))
    row += [move(person, wish, "reached"), move(person, wish, "let_go")]
    return Card(title or say(person, "form_title"), (*parts, Buttons(tuple(row))))


def move(person: Person, wish: Aspiration, to: State) -> Button:
    return Button(say(person, f"move.{to}"), "aspirations.move", f"{wish.id}|{to}")


def step_parts(reader: Person, wish: Aspiration) -> list[Part]:
    lines = [step_line(reader, step) for step in wish.steps[:NAMED]]
    if more := len(wish.steps) - NAMED:
        lines += [say(reader, "and_more", n=more)] if more > 0 else []
    return [Text("\n".join((say(reader, "serving"), *lines)))] if lines else []


def step_line(reader: Person, step: Step) -> str:
    if step.day:
        return say(reader, f"line_{step.kind}_day", words=short(step.words, 120), day=step.day)
    return say(reader, f"line_{step.kind}", words=short(step.words, 120))


def shared_card(manager: Person, wish: Aspiration, over: bool = False) -> Card:
    """To the manager it was shown to. They see of what serves it what they may see anyhow."""
    title = say(manager, "shared_title", who=wish.person.name)
    if over:
        return Card(title, (Quote(wish.words), Note(say(manager, f"their_state.{wish.state}"))))
    look = Button(say(manager, "look_all"), "aspirations.show", wish.person.id)
    point = Button(say(manager, "agenda"), "aspirations.agenda", wish.id)
    return Card(title, (Quote(wish.words), Note(say(manager, "shared_note")), Buttons((look, point))))


def theirs_card(manager: Person, who: Person, wishes: Sequence[Aspiration]) -> Card:
    parts = list[Part]()
    for wish in wishes:
        parts += [Quote(wish.words), *step_parts(manager, wish)]
        parts.append(Buttons((Button(say(manager, "agenda"), "aspirations.agenda", wish.id),)))
    title = say(manager, "theirs_title", who=who.name)
    return Card(title, tuple(parts) or (Text(say(manager, "theirs_none", who=who.name)),))

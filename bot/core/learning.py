"""Learning actions: their kinds, the form that plans one, and what a catalogue offers. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

from bot.core.answers import FARTHEST
from bot.core.cards import Choice, Day, Field, Form, TextBox, clean
from bot.core.dates import read_day
from bot.core.events import Event, Submission
from bot.core.goal_cards import short
from bot.core.history import folded, matcher
from bot.core.people import Person
from bot.core.settings import LearningKind
from bot.core.watch import ref_of
from bot.core.wording import wording

say = wording("learning")
Kind = LearningKind
SeenBy = Literal["me", "manager"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SEEN_BY: tuple[SeenBy, ...] = get_args(SeenBy)
WORDS, LEARNED = 500, 1000  # characters
OPTIONS, OPTION = 90, 70  # of the catalogue on a form, and characters of one; Slack shows 100 of 75
MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Offering:
    """Something a company has for its people to learn from."""

    title: str
    kind: Kind = "course"
    link: str = ""
    about: str = ""

    @property
    def id(self) -> str:
        return ref_of(f"catalogue:{' '.join(folded(self.title).split())}")

    @property
    def named(self) -> str:
        return f"{self.title} ({self.link})" if self.link else self.title

    def fits(self, words: str) -> bool:
        return matcher(words)([self.title, self.about])


@dataclass(frozen=True, slots=True)
class Draft:
    """What is filled in already."""

    words: str = ""
    kind: Kind = "job"
    day: date | None = None
    seen_by: SeenBy = "manager"
    offering: str = ""


@dataclass(frozen=True, slots=True)
class Planning:
    """What planning an action needs: who could see it besides, what there is to choose from, and a draft."""

    manager: Person | None
    offered: tuple[Offering, ...]
    draft: Draft = Draft()


@dataclass(frozen=True, slots=True)
class Read:
    words: str
    kind: Kind
    day: date
    seen_by: SeenBy


def plan_form(event: Event, planning: Planning, id: str = "learning.form", value: str = "") -> Form:
    """`value` comes back with it: what the action is made of, or the one that is changed."""
    actor, draft = event.actor, planning.draft
    kinds = tuple((kind, say(actor, f"kinds.{kind}")) for kind in KINDS)
    offered = options(planning.offered, draft)
    day = draft.day if draft.day and draft.day >= event.today else event.today + MONTH
    hint = say(actor, "field_words_hint")
    fields: list[Field] = [
        TextBox("words", say(actor, "field_words"), draft.words, room(draft), optional=bool(offered), hint=hint),
        Choice("kind", say(actor, "field_kind"), kinds, draft.kind),
    ]
    if offered:
        label, hint = say(actor, "field_offered"), say(actor, "field_offered_hint")
        fields.append(Choice("offered", label, offered, draft.offering, optional=True, hint=hint))
    fields.append(Day("day", say(actor, "field_day"), day, hint=say(actor, "field_day_hint")))
    if planning.manager:
        who = planning.manager.name
        seen = tuple((each, short(say(actor, f"seen_by.{each}", who=who), OPTION)) for each in SEEN_BY)
        fields.append(Choice("seen_by", say(actor, "field_seen_by"), seen, draft.seen_by))
    title = say(actor, "form_change" if id == "learning.change" else "form_title")
    return Form(id, title, say(actor, "save"), say(actor, "cancel"), tuple(fields), value)


def room(draft: Draft) -> int:
    """Characters of the words; what is there already, with a link of the catalogue in it, is not cut."""
    return max(WORDS, len(draft.words))


def options(offered: Sequence[Offering], draft: Draft) -> tuple[tuple[str, str], ...]:
    """What fits the words of the draft comes first, for a form holds only so many."""
    first = [each for each in offered if each.id == draft.offering]
    fitting = [each for each in offered if draft.words and each.fits(draft.words)]
    ordered = dict.fromkeys((*first, *fitting, *offered))
    return tuple((each.id, short(each.title, OPTION)) for each in list(ordered)[:OPTIONS])


def read_plan(event: Submission, planning: Planning) -> tuple[Read | None, Mapping[str, str]]:
    """The action as the form says it; None, and all that is wrong by field."""
    actor, answers, wrong = event.actor, event.answers, dict[str, str]()
    words = " ".join(clean(answers.get("words", "")).split())
    chosen = next((each for each in planning.offered if each.id == answers.get("offered")), None)
    kind = next((each for each in KINDS if each == answers.get("kind")), planning.draft.kind)
    if chosen:
        words, kind = " – ".join(filter(None, (chosen.named, words))), chosen.kind
    if not words:
        wrong["words"] = say(actor, "wrong_words")
    elif len(words) > (most := room(planning.draft) + (len(chosen.named) + 3 if chosen else 0)):
        wrong["words"] = say(actor, "wrong_long", limit=most)
    day = read_ahead(event)
    if day is None:
        wrong["day"] = say(actor, "wrong_day")
    seen_by: SeenBy = next((each for each in SEEN_BY if each == answers.get("seen_by")), "me")
    if wrong or day is None:
        return None, wrong
    return Read(words, kind, day, seen_by if planning.manager else "me"), {}


def read_ahead(event: Submission) -> date | None:
    """A day from today on, and within a year: it is shown without its year."""
    day = read_day(event.answers.get("day", ""), event.actor.lang, event.today)
    return day if day and event.today <= day <= event.today + FARTHEST else None

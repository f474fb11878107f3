"""The plan of what to learn: actions of many kinds, each with a day on which its person is asked how it went."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from bot.core.aspirations import served
from bot.core.cards import Button, Buttons, Card, Facts, Form, Note, Part, Quote, Text, TextBox, clean
from bot.core.effects import Effect, OpenForm, Record, Refuse, Replace, Tell, Whisper
from bot.core.events import Action, Command, Due, Event, Remark, Submission
from bot.core.features import Feature
from bot.core.learning import LEARNED, Offering, Planning, plan_form, read_plan, say
from bot.core.people import Person
from storage import catalogue as shelf
from storage import learning as store
from storage.engine import Session
from storage.learning import LearningAction, LearningClosed, LearningMoved, Plan

learning = Feature("learning")
PUT_OFF = timedelta(days=14)
PAGE = 6  # actions or offerings of one card


# Planning one.


@learning.command("growth learn", gather=store.planning)
@learning.action("learning.form", gather=store.planning)
def open_form(event: Command | Action, planning: Planning) -> Iterator[Effect]:
    yield OpenForm(plan_form(event, planning, value=event.value if isinstance(event, Action) else ""))


@learning.submission("learning.form", gather=store.planning)
def submit(event: Submission, planning: Planning) -> Iterator[Effect]:
    read, wrong = read_plan(event, planning)
    if read is None:
        yield Refuse(wrong)
        return
    id, source = f"learning:{event.ref}", event.value
    plan = (read.kind, read.words, read.day, source, event.at, read.seen_by)
    action = LearningAction(id, event.actor.id, *plan, aspiration=served(source))
    yield Record(action)
    yield Tell(event.actor, action_card(event.actor, action, planning.manager), id, card_of(id))


def card_of(id: str) -> str:
    return f"learning.card:{id}"


def action_card(reader: Person, action: LearningAction, manager: Person | None = None, title: str = "") -> Card:
    """One's own, with what can be done with it."""
    who = manager.name if manager and action.seen_by == "manager" else ""
    seen = say(reader, "note_manager", who=who) if who else say(reader, "note_me")
    done = Button(say(reader, "done"), "learning.done", action.id, "primary", opens=True)
    parts = (Text(line(reader, action)), Quote(action.words), Note(seen), Buttons((done, *others(reader, action))))
    return Card(title or say(reader, "planned"), parts)


def others(reader: Person, action: LearningAction) -> tuple[Button, ...]:
    change = Button(say(reader, "change"), "learning.change", action.id, opens=True)
    return change, Button(say(reader, "let_go"), "learning.drop", action.id, opens=True)


def line(reader: Person, action: LearningAction) -> str:
    return say(reader, "line", kind=say(reader, f"kinds.{action.kind}"), day=action.day)


def gone(event: Event, action: LearningAction | None) -> Effect:
    """Why nothing can be done with it any more."""
    text = say(event.actor, f"over_{action.state}" if action and action.state != "open" else "unknown")
    return Tell(event.actor, Card(parts=(Text(text),)))


# Changing it, and its end.


@learning.action("learning.change", gather=store.changing)
def open_change(event: Action, found: tuple[LearningAction | None, Planning]) -> Iterator[Effect]:
    action, planning = found
    if action is None or action.state != "open":
        yield gone(event, action)
    else:
        yield OpenForm(plan_form(event, planning, "learning.change", action.id))


@learning.submission("learning.change", gather=store.changing)
def submit_change(event: Submission, found: tuple[LearningAction | None, Planning]) -> Iterator[Effect]:
    action, planning = found
    if action is None or action.state != "open":
        yield gone(event, action)
        return
    read, wrong = read_plan(event, planning)
    if read is None:
        yield Refuse(wrong)
        return
    action = replace(action, words=read.words, kind=read.kind, day=read.day, seen_by=read.seen_by)
    yield Record(action)
    yield Replace(card_of(action.id), action_card(event.actor, action, planning.manager))
    yield Tell(event.actor, Card(parts=(Text(say(event.actor, "changed", day=action.day)),)), action.id)


@learning.action("learning.later", gather=store.pressed)
def later(event: Action, action: LearningAction | None) -> Iterator[Effect]:
    if action is None or action.state != "open":
        yield gone(event, action)
        return
    day = (
        max(event.today, action.day) + PUT_OFF if action.day <= event.today else action.day
    )  # pressed twice it is once
    yield Record(LearningMoved(action.id, event.actor.id, day))
    yield Tell(event.actor, Card(parts=(Text(say(event.actor, "changed", day=day)),)), action.id)


@learning.action("learning.done", gather=store.pressed)
@learning.action("learning.drop", gather=store.pressed)
def open_end(event: Action, action: LearningAction | None) -> Iterator[Effect]:
    if action is None or action.state != "open":
        yield gone(event, action)
        return
    actor, end = event.actor, event.action.partition(".")[2]
    box = TextBox("learned", say(actor, f"field_{end}"), limit=LEARNED, hint=say(actor, f"field_{end}_hint"))
    title = say(actor, f"form_{end}")
    yield OpenForm(Form(event.action, title, say(actor, "save"), say(actor, "cancel"), (box,), action.id))


@learning.submission("learning.done", gather=store.pressed)
@learning.submission("learning.drop", gather=store.pressed)
def submit_end(event: Submission, action: LearningAction | None) -> Iterator[Effect]:
    actor, words = event.actor, clean(event.answers.get("learned", "")).strip()
    if action is None or action.state != "open":
        yield gone(event, action)
    elif not words:
        yield Refuse({"learned": say(actor, "wrong_learned")})
    elif len(words) > LEARNED:
        yield Refuse({"learned": say(actor, "wrong_long", limit=LEARNED)})
    else:
        state = "done" if event.form == "learning.done" else "dropped"
        yield Record(LearningClosed(action.id, actor.id, "done" if state == "done" else "dropped", words, event.at))
        title, plan = say(actor, f"ended_{state}"), Button(say(actor, "plan"), "learning.list")
        card = Card(title, (Quote(action.words), Text(say(actor, f"learned_{state}")), Quote(words)))
        yield Replace(card_of(action.id), card)
        yield Tell(actor, Card(title, (*card.parts, Buttons((plan,)))), action.id)


@learning.remark("learning", gather=store.remarked)
def hear(event: Remark, action: LearningAction | None) -> Iterator[Effect]:
    """Words in its thread are kept by a form: which of them, a button says."""
    if action is None or action.state != "open":
        yield gone(event, action)
        return
    done = Button(say(event.actor, "done"), "learning.done", action.id, "primary", opens=True)
    row = Buttons((done, *others(event.actor, action)))
    yield Tell(event.actor, Card(parts=(Text(say(event.actor, "heard")), row)), action.id)


@learning.due("learning", gather=store.due)
def due(event: Due, action: LearningAction | None) -> Iterator[Effect]:
    """On the day they set themselves; asked again only on a day they set anew."""
    if action is None or action.state != "open":
        return
    actor = event.actor
    done = Button(say(actor, "done"), "learning.done", action.id, "primary", opens=True)
    wait = Button(say(actor, "later"), "learning.later", action.id)
    row = Buttons((done, wait, *others(actor, action)))
    note = say(actor, "due_rest") if action.kind == "rest" else say(actor, "due_note")
    card = Card(say(actor, "due"), (Quote(action.words), Note(note), row))
    yield Tell(actor, card, action.id, card_of(action.id), awaited=True)


# Seeing them.


@learning.command("growth plan", gather=store.plan)
def command(event: Command, plan: Plan) -> Iterator[Effect]:
    yield Whisper(plan_card(event, plan))


@learning.action("learning.list", gather=store.plan)
def press(event: Action, plan: Plan) -> Iterator[Effect]:
    yield Tell(event.actor, plan_card(event, plan))


def plan_card(event: Event, plan: Plan) -> Card:
    actor, who = event.actor, plan.who
    if who is None:
        return Card(parts=(Text(say(actor, "foreign")),))
    mine, parts = who.id == actor.id, list[Part]()
    for action in plan.actions[:PAGE]:
        parts += [Text(marked(event, action)), Quote(action.words)]
        if mine:
            done = Button(say(actor, "done"), "learning.done", action.id, opens=True)
            parts.append(Buttons((done, *others(actor, action))))
    if more := plan.actions[PAGE:]:
        rows = tuple((line(actor, each), each.words[:100]) for each in more[: 2 * PAGE])
        parts.append(Facts(rows))
    if not plan.actions:
        parts.append(Text(say(actor, "none") if mine else say(actor, "none_of", who=who.name)))
    if mine:
        new = Button(say(actor, "new"), "learning.form", opens=True)
        parts.append(Buttons((new, Button(say(actor, "catalogue"), "learning.catalogue"))))
    return Card(say(actor, "title") if mine else say(actor, "title_of", who=who.name), tuple(parts))


def marked(event: Event, action: LearningAction) -> str:
    """With a word where its day is over."""
    late = action.day < event.today
    return say(event.actor, "late", line=line(event.actor, action)) if late else line(event.actor, action)


# What the company offers.


async def matching(session: Session, event: Command | Action) -> tuple[str, int, tuple[Offering, ...]]:
    """`2|python`: the third page of what has this word in it."""
    number, _, words = event.value.partition("|") if isinstance(event, Action) else ("", "", event.text)
    page = int(number) if number.isdecimal() and len(number) < 4 else 0
    words = clean(words).strip()
    return words, page, tuple(each for each in await shelf.offered(session, event) if each.fits(words))


@learning.command("growth catalogue", gather=matching)
def search(event: Command, found: tuple[str, int, tuple[Offering, ...]]) -> Iterator[Effect]:
    yield Whisper(catalogue_card(event.actor, *found))


@learning.action("learning.catalogue", gather=matching)
def browse(event: Action, found: tuple[str, int, tuple[Offering, ...]]) -> Iterator[Effect]:
    yield Tell(event.actor, catalogue_card(event.actor, *found))


def catalogue_card(actor: Person, words: str, page: int, found: tuple[Offering, ...]) -> Card:
    parts, first = list[Part](), page * PAGE
    for each in found[first : first + PAGE]:
        about = " – ".join(filter(None, (say(actor, f"kinds.{each.kind}"), each.about)))
        plan = Button(say(actor, "plan_this"), "learning.form", f"catalogue:{each.id}", opens=True)
        parts += [Text(each.named), Note(about), Buttons((plan,))]
    if not parts:
        parts.append(Text(say(actor, "catalogue_none")))
    new = Button(say(actor, "new"), "learning.form", opens=True)
    row = [new]
    if len(found) > first + PAGE:
        row.append(Button(say(actor, "more"), "learning.catalogue", f"{page + 1}|{words}"))
    return Card(say(actor, "catalogue_title"), (*parts, Buttons(tuple(row))))

"""Goals: set by a form or a few words, alone or with one's manager; and seeing one's own and others'."""

from collections.abc import Iterator
from dataclasses import replace

from bot.core import smart
from bot.core.aspirations import served
from bot.core.cards import Button, Buttons, Card, Part, Text
from bot.core.effects import Effect, OpenForm, Record, Refuse, Replace, Tell, Whisper
from bot.core.events import Action, Command, Event, Shortcut, Submission
from bot.core.features import Feature
from bot.core.goal_cards import facts, goal_card, line, say, topic
from bot.core.goal_forms import Around, Draft, line_of, new_form, read_form, read_words
from bot.core.goals import TITLE, Goal, may_change, may_update, missing
from bot.core.people import Person
from storage.aspirations import Serves
from storage.goal_forms import Board, around, begun, board, paged, submitted
from storage.goal_states import Accepted, Declined
from storage.goals import NewGoal
from storage.updates import Seen, pressed

goals = Feature("goals")
PAGE = 8  # goals of a list


# Setting one.


@goals.command("goal", gather=board)
def command(event: Command, found: Board) -> Iterator[Effect]:
    """`/goal`, `/goal a few words`, `/goal @ana`, and from a manager `/goal @ana a few words`."""
    actor = event.actor
    if event.mentions:
        yield from of_another(event, found)
    elif not event.text.strip():
        yield OpenForm(new_form(actor, found.around, Draft()))
    else:
        goal, known = read_words(event)
        if len(goal.title) > TITLE:
            yield Whisper(Card(parts=(Text(say(actor, "wrong_long", limit=TITLE)),)))
        else:
            yield from own(event, goal, known)


def of_another(event: Command, found: Board) -> Iterator[Effect]:
    words, who = read_words(event)[0].title, found.who
    if who and words and who.id in {report.id for report in found.around.reports}:
        yield OpenForm(new_form(event.actor, found.around, Draft(words, whose=who.id)))
    else:
        yield Whisper(list_card(event.actor, found))


@goals.shortcut("goal", gather=around)
def chosen(event: Shortcut, near: Around) -> Iterator[Effect]:
    yield OpenForm(new_form(event.actor, near, Draft(line_of(event.text))))


@goals.action("goals.form", gather=begun)
def open_form(event: Action, found: tuple[Around, Draft]) -> Iterator[Effect]:
    yield OpenForm(new_form(event.actor, *found, event.value))


@goals.submission("goals.form", gather=submitted)
def submit(event: Submission, near: Around) -> Iterator[Effect]:
    read, actor = read_form(event, near), event.actor
    if read.goal is None:
        yield Refuse(read.wrong)
    elif read.goal.state == "offered":
        report = next(each for each in near.reports if each.id == read.goal.person)
        yield from offer(event, read.goal, report)
    elif read.goal.person is None:
        yield Record(NewGoal(read.goal))
        text = say(actor, "team_set" if read.goal.team else "company_set", team=read.goal.team)
        yield Tell(actor, Card(parts=(Text(text),)))
        yield from shown(actor, read.goal, parent_of(near, read.goal))
    else:
        yield from own(event, read.goal, parent=parent_of(near, read.goal))
        if wish := served(event.value.partition("|")[2]):
            yield Record(Serves(actor.id, {read.goal.id: wish}))


def parent_of(near: Around, goal: Goal) -> Goal | None:
    return next((each for each in near.parents if each.id == goal.parent), None)


def own(event: Event, goal: Goal, known: bool = True, parent: Goal | None = None) -> Iterator[Effect]:
    """It counts at once; what is missing is asked afterwards."""
    yield Record(NewGoal(goal))
    yield from begin(event, goal, known, parent)


def begin(event: Event, goal: Goal, known: bool = True, parent: Goal | None = None) -> Iterator[Effect]:
    if known and not missing(goal):
        yield from shown(event.actor, goal, parent)
    else:
        yield from smart.begin(event, goal, known)


def shown(actor: Person, goal: Goal, parent: Goal | None) -> Iterator[Effect]:
    """In a thread of its own, in which what is said is said about the goal."""
    yield Tell(actor, goal_card(actor, goal, parent), goal.id, topic(goal))


# With one's manager.


def offered(goal: Goal) -> str:
    return f"goal.offer:{goal.id}"


def offer(event: Event, goal: Goal, report: Person) -> Iterator[Effect]:
    yield Record(NewGoal(goal))
    yes = Button(say(report, "accept"), "goals.accept", goal.id, "primary")
    change = Button(say(report, "change"), "goals.adjust", goal.id, opens=True)
    buttons = Buttons((yes, change, Button(say(report, "decline"), "goals.decline", goal.id)))
    text, title = Text(say(report, "offer_text")), say(report, "offer_title", who=event.actor.name)
    parts = (Text(goal.title), facts(report, goal), text, buttons)
    yield Tell(report, Card(title, parts), about=offered(goal))
    yield Tell(event.actor, Card(parts=(Text(say(event.actor, "offered", who=report.name)),)))


@goals.action("goals.accept", gather=pressed)
def accept(event: Action, found: Seen | None) -> Iterator[Effect]:
    goal = waiting(event, found)
    if found is None or goal is None:
        yield note(event, "offer_gone")
        return
    yield Record(Accepted(goal.id, event.at))
    yield Replace(offered(goal), Card(goal.title))
    if found.setter:
        text = say(found.setter, "accepted", who=event.actor.name, title=goal.title)
        yield Tell(found.setter, Card(parts=(Text(text),)), awaited=True)
    yield from begin(event, replace(goal, state="open"))


@goals.action("goals.decline", gather=pressed)
def decline(event: Action, found: Seen | None) -> Iterator[Effect]:
    goal = waiting(event, found)
    if found is None or goal is None:
        yield note(event, "offer_gone")
        return
    yield Record(Declined(goal.id))
    yield Replace(offered(goal), Card(goal.title))
    if setter := found.setter:
        yield Tell(setter, Card(parts=(Text(say(setter, "declined", who=event.actor.name, title=goal.title)),)))
        yield note(event, "declined_own", who=setter.name)


def waiting(event: Event, found: Seen | None) -> Goal | None:
    """The goal, while it waits for the actor's own yes."""
    if found and found.goal.state == "offered" and found.goal.person == event.actor.id:
        return found.goal
    return None


def note(event: Event, key: str, **names: str) -> Effect:
    return Tell(event.actor, Card(parts=(Text(say(event.actor, key, **names)),)))


# Seeing them.


@goals.command("goal me", gather=board)
def list_own(event: Command, found: Board) -> Iterator[Effect]:
    yield Whisper(list_card(event.actor, found))


@goals.action("goals.mine", gather=paged)
def press_list(event: Action, found: Board) -> Iterator[Effect]:
    page = event.value.partition("|")[2]
    number = int(page) if page.isdecimal() and len(page) < 4 else 0
    yield Tell(event.actor, list_card(event.actor, found, number))


def list_card(actor: Person, found: Board, page: int = 0) -> Card:
    who, first = found.who, page * PAGE
    if who is None:
        return Card(parts=(Text(say(actor, "foreign")),))
    mine, some = who.id == actor.id, found.goals[first : first + PAGE]
    parts = list[Part]()
    for goal in some:
        parts += [*line(actor, goal), Buttons(list_buttons(actor, goal, who))]
    if not some:
        parts.append(Text(say(actor, "mine_none") if mine else say(actor, "theirs_none", who=who.name)))
    new, tree = Button(say(actor, "new"), "goals.form", opens=True), Button(say(actor, "tree"), "tree.show")
    after = [new, tree] if mine else []
    if len(found.goals) > first + PAGE:
        after.append(Button(say(actor, "more"), "goals.mine", f"{'' if mine else who.id}|{page + 1}"))
    if not mine:
        after.append(Button(say(actor, "own"), "goals.mine"))
    title = say(actor, "mine_title") if mine else say(actor, "theirs_title", who=who.name)
    return Card(title, (*parts, Buttons(tuple(after))))


def list_buttons(actor: Person, goal: Goal, owner: Person) -> tuple[Button, ...]:
    row = [Button(say(actor, "timeline"), "goals.show", goal.id)]
    if may_update(actor, goal, owner):
        row.insert(0, Button(say(actor, "update"), "goals.update", goal.id, opens=True))
    if may_change(actor, goal, owner):
        row.append(Button(say(actor, "close"), "goals.close", goal.id, opens=True))
    return tuple(row)


@goals.command("goal help")
def help(event: Command) -> Iterator[Effect]:
    row = (Button(say(event.actor, "new"), "goals.form", opens=True), Button(say(event.actor, "own"), "goals.mine"))
    yield Whisper(Card(say(event.actor, "help_title"), (Text(say(event.actor, "help")), Buttons(row))))

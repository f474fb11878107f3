"""What a home is made of, and what waits in it for its person. Pure; how the rest looks stands in home_card."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bot.core.cards import Button, Buttons, Part, Quote, Text, plain
from bot.core.events import Event
from bot.core.goals import Goal
from bot.core.people import Person
from bot.core.progress import Progress
from bot.core.requests import FeedbackRequest
from bot.core.wording import named, speaks, wording

say = wording("home")
requested, of_goals = wording("requests"), wording("goals")
SHOWN = 3  # of each kind of task: what is done makes room for the next
WORDS = 200  # characters of what somebody said
SOON = timedelta(days=14)  # a commitment is kept in sight from so many days before


@dataclass(frozen=True, slots=True)
class Thanks:
    """What the actor was thanked for this month: how often, and the last words."""

    count: int = 0
    giver: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """The people a home names by their post."""

    asking: tuple[tuple[str, str], ...]  # id and name of who named the actor as their manager, and waits for a yes
    team: tuple[tuple[str, str | None], ...]  # name, and how they stand in this period's check-in: a nudge's state
    own: str | None  # how the actor stands in their own
    period: str = ""  # the team's, where its cadence is another than the actor's own


@dataclass(frozen=True, slots=True)
class Promise:
    """A commitment that is still open."""

    id: str
    words: str
    day: date


@dataclass(frozen=True, slots=True)
class Home:
    period: str  # of the check-in
    around: Around
    unfinished: tuple[Progress, ...]
    promises: tuple[Promise, ...]
    asked: tuple[FeedbackRequest, ...]  # of the actor, for feedback
    offered: tuple[tuple[Goal, str], ...]  # a goal that waits for a yes, and the name of who suggests it
    goals: tuple[Goal, ...]
    thanks: Thanks
    agenda: tuple[tuple[Person, str], ...]
    before: str = ""  # the fingerprint of what stands there


@dataclass(frozen=True, slots=True)
class Task:
    words: str
    buttons: tuple[Button, ...] = ()
    quote: str = ""

    @property
    def parts(self) -> Iterator[Part]:
        yield Text(self.words)
        if self.quote:
            yield Quote(short(self.quote))
        if self.buttons:
            yield Buttons(self.buttons)


def first_primary(waiting: list[Task]) -> Iterator[Task]:
    """Of all there is to press one thing stands out: what waits first."""
    first = next((task for task in waiting if task.buttons), None)
    for task in waiting:
        if task is first:
            task = replace(task, buttons=(replace(task.buttons[0], style="primary"), *task.buttons[1:]))
        yield task


def tasks(event: Event, found: Home) -> Iterator[Iterator[Task]]:
    """Each kind by itself, in the order in which they are shown."""
    yield (confirm(event.actor, id, name) for id, name in found.around.asking)
    yield (carry_on(event.actor, progress, found) for progress in found.unfinished)
    yield (answer(event.actor, request) for request in found.asked)
    yield (consider(event.actor, goal, who) for goal, who in found.offered)
    yield (update(event.actor, goal) for goal in found.goals if silent(event, goal))
    yield promised(event, found)


def confirm(actor: Person, id: str, name: str) -> Task:
    yes, no = Button(say(actor, "yes"), "people.confirm", id), Button(say(actor, "no"), "people.refuse", id)
    return Task(say(actor, "task_manager", who=name), (yes, no))


def carry_on(actor: Person, progress: Progress, found: Home) -> Task:
    return Task(began(actor, progress, found), (Button(say(actor, "carry_on"), "talk.resume", progress.id),))


def answer(actor: Person, request: FeedbackRequest) -> Task:
    words = requested(actor, "asks" if request.own else "asks_about", by=request.by.name, who=request.about.name)
    button = Button(requested(actor, "answer"), "feedback.answer", request.id, opens=True)
    return Task(words, (button, Button(requested(actor, "decline"), "feedback.decline", request.id)), request.question)


def consider(actor: Person, goal: Goal, who: str) -> Task:
    yes = Button(of_goals(actor, "accept"), "goals.accept", goal.id)
    no = Button(of_goals(actor, "decline"), "goals.decline", goal.id)
    return Task(of_goals(actor, "offer_title", who=who), (yes, no), goal.title)


def update(actor: Person, goal: Goal) -> Task:
    return Task(say(actor, "task_goal", title=short(goal.title)), (update_button(actor, goal),))


def update_button(actor: Person, goal: Goal) -> Button:
    return Button(say(actor, "update"), "goals.update", goal.id, opens=True)


def began(actor: Person, progress: Progress, found: Home) -> str:
    if progress.dialogue == "followup":
        words = next((each.words for each in found.promises if each.id == progress.subject), "")
        return say(actor, "task_followup", words=short(words))
    if progress.dialogue in ("checkin", "review"):
        return say(actor, f"task_{progress.dialogue}", period=named(progress.subject, speaks(actor)))
    key = f"task_{progress.dialogue}"
    return say(actor, key if say.has(key) else "task_other")


def silent(event: Event, goal: Goal) -> bool:
    return goal.said_at + timedelta(days=event.settings.thresholds.stale_goal) <= event.at


def promised(event: Event, found: Home) -> Iterator[Task]:
    """What was promised for these days, unless it is being asked about already."""
    asked = {progress.subject for progress in found.unfinished if progress.dialogue == "followup"}
    for promise in found.promises:
        if promise.day <= event.today + SOON and promise.id not in asked:
            key = "task_commitment" if promise.day >= event.today else "task_late"
            yield Task(say(event.actor, key, day=promise.day, words=short(promise.words)))


def short(words: str) -> str:
    """Nobody is called from somebody's home, and no mention is cut in two."""
    words = plain(words)
    return words if len(words) <= WORDS else words[: WORDS - 1].rstrip() + "…"

"""What a home is made of, and what waits in it for its person. Pure; how the rest looks stands in home_card."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bot.core.cards import Button, Buttons, Part, Quote, Text, plain
from bot.core.events import Event
from bot.core.expectations import Expectation
from bot.core.goals import Goal
from bot.core.improvement import Plan
from bot.core.improvement_cards import say as of_plans
from bot.core.meetings import rhythm
from bot.core.mentors import Mentoring
from bot.core.oneonone import Pair
from bot.core.oneonone_cards import answers
from bot.core.oneonone_cards import say as of_pair
from bot.core.people import Person
from bot.core.progress import Progress
from bot.core.requests import FeedbackRequest
from bot.core.summary import Summary
from bot.core.wording import named, speaks, wording

say = wording("home")
requested, of_goals, waiting = wording("requests"), wording("goals"), wording("digest")
learning, of_mentors = wording("learning"), wording("mentors")
of_role, of_quarter = wording("expectations"), wording("summary")
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
    expected: Expectation | None = None  # of the actor, not yet said to be read
    learning: tuple[Promise, ...] = ()  # what the actor means to learn, the next first
    mentoring: tuple[Mentoring, ...] = ()  # in which the actor is the mentor and has not answered
    quarters: tuple[Summary, ...] = ()  # talks about a quarter that are not over
    rhythms: tuple[Pair, ...] = ()  # of one-to-ones, agreed or proposed
    unread: tuple[tuple[Plan, Person], ...] = ()  # improvement plans in which the actor has something to read
    held: int = 0  # messages that wait because the actor was told enough this week
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
    yield (meet(event.actor, pair) for pair in found.rhythms if pair.waits_for(event.actor))
    yield (carry_on(event.actor, progress, found) for progress in found.unfinished)
    yield (answer(event.actor, request) for request in found.asked)
    yield (consider(event.actor, goal, who) for goal, who in found.offered)
    yield quarter(event.actor, found)
    yield (help_with(event.actor, each) for each in found.mentoring)
    yield (learn(event, each) for each in found.learning if each.day <= event.today + SOON)
    yield (read(event.actor, each) for each in (found.expected,) if each)
    yield (update(event.actor, goal) for goal in found.goals if silent(event, goal))
    yield promised(event, found)
    yield (read_plan(event.actor, plan, owner) for plan, owner in found.unread)
    yield held_back(event.actor, found.held)


def confirm(actor: Person, id: str, name: str) -> Task:
    yes, no = Button(say(actor, "yes"), "people.confirm", id), Button(say(actor, "no"), "people.refuse", id)
    return Task(say(actor, "task_manager", who=name), (yes, no))


def meet(actor: Person, pair: Pair) -> Task:
    words = of_pair(actor, "waits_for_you", who=pair.one.name, rhythm=rhythm(actor, pair.beat))
    return Task(words, tuple(replace(each, style="plain") for each in answers(actor, pair)))


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


def quarter(actor: Person, found: Home) -> Iterator[Task]:
    """Talks in which the next step is the actor's, or could be; those being prepared are named as what was begun."""
    begun = {progress.subject for progress in found.unfinished}
    for one in found.quarters:
        names = {"who": one.other(actor).name, "period": named(one.period, speaks(actor))}
        look = Button(of_quarter(actor, "look"), "summary.show", one.id)
        if one.waits_for(actor):
            yield Task(say(actor, "task_summary", **names), (look,))
        elif one.state == "conversation" and not one.version:
            yield Task(say(actor, "task_talk", **names), (look,))
        elif one.state == "preparing" and actor.id == one.manager.id and one.id not in begun:
            prepare = Button(of_quarter(actor, "prepare"), "preparing.start", one.person.id)
            yield Task(say(actor, "task_prepare", **names), (prepare,))


def help_with(actor: Person, one: Mentoring) -> Task:
    yes = Button(of_mentors(actor, "accept"), "mentors.accept", one.id)
    no = Button(of_mentors(actor, "decline"), "mentors.decline", one.id, opens=True)
    return Task(of_mentors(actor, "as_mentor.asked", who=one.mentee.name, topic=one.topic), (yes, no), one.words)


def learn(event: Event, action: Promise) -> Task:
    actor, late = event.actor, action.day < event.today
    words = say(actor, "task_late" if late else "task_commitment", day=action.day, words=short(action.words))
    done = Button(learning(actor, "done"), "learning.done", action.id, opens=True)
    return Task(words, (done, Button(learning(actor, "change"), "learning.change", action.id, opens=True)))


def read(actor: Person, expected: Expectation) -> Task:
    """All of it first: nobody says that they have read what was cut off."""
    button = Button(of_role(actor, "look"), "expectations.show")
    return Task(say(actor, "task_expectation", who=expected.by.name), (button,), expected.words)


def update(actor: Person, goal: Goal) -> Task:
    return Task(say(actor, "task_goal", title=short(goal.title)), (update_button(actor, goal),))


def update_button(actor: Person, goal: Goal) -> Button:
    return Button(say(actor, "update"), "goals.update", goal.id, opens=True)


def read_plan(actor: Person, plan: Plan, owner: Person) -> Task:
    """All of it first: nobody says that they have read what they could not see."""
    words = of_plans(actor, "to_read_own" if owner.id == actor.id else "to_read", who=owner.name)
    return Task(words, (Button(of_plans(actor, "open"), "improvement.show", plan.id),))


def held_back(actor: Person, count: int) -> Iterator[Task]:
    if count:
        yield Task(waiting(actor, "title", n=count), (Button(waiting(actor, "show", n=count), "digest.show"),))


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

"""The coaching manager: their own rhythm first, questions for the stage a talk is in, and a tip on Mondays."""

from collections.abc import Iterator

from bot.core import coach as core
from bot.core.cards import Button, Buttons, Card, Facts, Heading, Note, Part, Quote, Text
from bot.core.coach import HABITS, LISTENING, QUESTIONS, STAGES, Example, Monday
from bot.core.effects import Effect, Record, Tell, Whisper, awaited
from bot.core.events import Action, Command, Due, Event
from bot.core.features import Feature
from bot.core.home import short
from bot.core.people import Person
from bot.core.wording import full_day, named, speaks, wording
from storage import coach as store

coach = Feature("coach")
say = wording("coach")
NAMES = 8


@coach.command("grow coach", gather=store.example)
def command(event: Command, found: Example) -> Iterator[Effect]:
    text = event.text.strip()
    if text.lower() == "help":
        yield Whisper(Card(say(event.actor, "help_title"), (Text(say(event.actor, "help")),)))
    elif stage := core.spelled(text):
        yield Whisper(page(event.actor, stage, 0))
    elif text:
        yield Whisper(Card(parts=(Text(say(event.actor, "which_stage")), stages(event.actor))))
    else:
        yield Whisper(card(event, found))


@coach.action("coach.show", gather=store.example)
def show(event: Action, found: Example) -> Iterator[Effect]:
    yield Tell(event.actor, card(event, found))


@coach.action("coach.stage")
def press_stage(event: Action) -> Iterator[Effect]:
    name, _, number = event.value.partition("|")
    stage = core.spelled(name)
    if stage is None:  # an old button, or none of ours
        yield Whisper(Card(parts=(Text(say(event.actor, "which_stage")), stages(event.actor))))
    else:
        yield Whisper(page(event.actor, stage, int(number) if number.isdecimal() and len(number) < 4 else 0))


# One's own rhythm, and where one is.


def card(event: Event, found: Example) -> Card:
    actor = event.actor
    rows = [(say(actor, "checkin"), checked_in(actor, found)), (say(actor, "goals"), of_goals(actor, found))]
    buttons = [Button(say(actor, "goals_now"), "goals.mine")]
    if found.checkin != "answered":
        buttons.insert(0, Button(say(actor, "checkin_now"), "checkin.start", style="primary"))
    if found.reports:
        rows.append((say(actor, "oneonones"), met(actor, found)))
        buttons.append(Button(say(actor, "oneonones_now"), "oneonone.show"))
    own = (Heading(say(actor, "own")), Facts(tuple(rows)), Buttons(tuple(buttons)))
    return Card(say(actor, "title"), (*own, Heading(say(actor, "here")), *here(actor, found)))


def checked_in(actor: Person, found: Example) -> str:
    state = found.checkin if found.checkin in ("answered", "skipped") else "open"
    return say(actor, f"checkin_{state}", period=named(found.period, speaks(actor)))


def of_goals(actor: Person, found: Example) -> str:
    """How many, and with the figure the latest word there is."""
    if not found.goals:
        return say(actor, "goals_none")
    said = max((goal for goal in found.goals if goal.word), key=lambda goal: goal.said_at, default=None)
    if said is None:
        return say(actor, "goals_quiet", n=len(found.goals))
    day = full_day(said.said_at.date(), speaks(actor))
    return say(actor, "goals_said", n=len(found.goals), day=day, words=short(said.word))


def met(actor: Person, found: Example) -> str:
    held = [each.name for each in found.reports if each.id in found.met]
    without = [each.name for each in found.reports if each.id not in found.met]
    if not held:
        return say(actor, "met_none")
    if not without:
        return say(actor, "met", who=few(actor, held))
    return say(actor, "met_some", who=few(actor, held), others=few(actor, without))


def few(actor: Person, names: list[str]) -> list[str]:
    more = [say(actor, "others", n=len(names) - NAMES)] if len(names) > NAMES else []
    return [*names[:NAMES], *more]


def here(actor: Person, found: Example) -> Iterator[Part]:
    """In whose talk they sit, or the question which part of one they are in."""
    for who, stage in found.beside:
        yield Text(say(actor, "beside", who=who.name, stage=say(actor, f"stage.{stage}")))
        yield Quote(core.some(actor, f"questions.{stage}", 0, 1)[0])
    yield Text(say(actor, "which"))
    yield stages(actor)


def stages(actor: Person) -> Buttons:
    row = [Button(say(actor, f"stage.{stage}"), "coach.stage", stage) for stage in STAGES]
    return Buttons((*row, Button(say(actor, "listen"), "coach.stage", LISTENING)))


# Questions and habits.


def page(actor: Person, stage: str, number: int) -> Card:
    if stage == LISTENING:
        habits = tuple(Quote(each) for each in core.some(actor, "habits", number, HABITS))
        again = Button(say(actor, "again"), "coach.stage", f"{stage}|{number + 1}")
        back = Button(say(actor, "coach_me"), "coach.show")
        return Card(say(actor, "listen_title"), (*habits, Buttons((again, back))))
    asked = core.some(actor, f"questions.{stage}", number, QUESTIONS)
    row = [Button(say(actor, "more"), "coach.stage", f"{stage}|{number + 1}")]
    if stage != STAGES[-1]:
        after = STAGES[STAGES.index(stage) + 1]
        row.append(Button(say(actor, "next", stage=say(actor, f"stage.{after}")), "coach.stage", after))
    row.append(Button(say(actor, "listen"), "coach.stage", LISTENING))
    parts: tuple[Part, ...] = (
        Note(say(actor, f"about.{stage}")),
        *(Quote(each) for each in asked),
        Buttons(tuple(row)),
    )
    return Card(say(actor, f"stage.{stage}"), parts)


# On Mondays.


@coach.due("tips", gather=store.monday)
def due(event: Due, found: Monday | None) -> Iterator[Effect]:
    if found:
        yield from told(event, found, core.following(found.told))


@coach.due("tips.again", gather=store.monday)
def again(event: Due, found: Monday | None) -> Iterator[Effect]:
    """What was put off comes again, not one more."""
    if found:
        yield from awaited(told(event, found, core.latest(found.told) or core.following(found.told)))


def told(event: Due, found: Monday, tip: str) -> Iterator[Effect]:
    yield Record(store.Told(event.actor.id, tip, event.at))
    yield Tell(event.actor, tip_card(event.actor, found, tip))


def tip_card(actor: Person, found: Monday, tip: str) -> Card:
    parts: list[Part] = [Text(say(actor, f"tips.{tip}")), Note(say(actor, f"theme.{core.theme_of(tip)}"))]
    row = [Button(say(actor, "coach_me"), "coach.show"), Button(say(actor, "rest"), "rhythm.rest", "tips", opens=True)]
    if found.checkin == "said":  # asked, and not answered
        parts.append(Text(say(actor, "first_you", period=named(found.period, speaks(actor)))))
        row.insert(0, Button(say(actor, "checkin_now"), "checkin.start", style="primary"))
    return Card(say(actor, "tip_title"), (*parts, Buttons(tuple(row))))

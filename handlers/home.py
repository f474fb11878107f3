"""Everybody's home: what waits for them first, then one thing to begin, then the rest."""

from collections.abc import Iterator

from bot.core.cards import Bar, Button, Buttons, Card, Divider, Facts, Heading, Note, Part, Text
from bot.core.effects import Effect, ShowHome, Tell
from bot.core.events import Action, Command, Event, Opened
from bot.core.features import Feature
from bot.core.people import Person
from bot.core.progress import Progress
from bot.core.wording import named, speaks, wording
from storage import home as store
from storage.home import Home

home = Feature("home")
say = wording("home")
checkin = wording("checkin")
SHOWN = 5  # of each kind of task


@home.opened("home", gather=store.home)
def opened(event: Opened, found: Home) -> Iterator[Effect]:
    yield ShowHome(event.actor, card(event, found))


@home.command("kadens home", gather=store.home)
@home.command("kadens", gather=store.home)
@home.action("home.show", gather=store.home)
def show(event: Command | Action, found: Home) -> Iterator[Effect]:
    yield Tell(event.actor, card(event, found))


def card(event: Event, found: Home) -> Card:
    actor = event.actor
    parts: list[Part] = [Note(say(actor, "today", day=event.today)), Heading(say(actor, "tasks"))]
    waiting = list(tasks(event, found))
    parts += waiting or [Text(say(actor, "nothing"))]
    parts += [begin(event, found), Divider(), *own(actor, found), *team(actor, found), *rest(actor)]
    return Card(say(actor, "title", name=actor.name.partition(" ")[0]), tuple(parts))


def tasks(event: Event, found: Home) -> Iterator[Part]:
    """Own tasks, each with the button that does it."""
    actor = event.actor
    for person in found.asked_of[:SHOWN]:
        yield Text(say(actor, "task_manager", who=person.name))
        yes = Button(say(actor, "yes"), "people.confirm", person.id, "primary")
        yield Buttons((yes, Button(say(actor, "no"), "people.refuse", person.id)))
    for progress in found.unfinished[:SHOWN]:
        yield Text(task(actor, progress, found))
        yield Buttons((Button(say(actor, "carry_on"), "talk.resume", progress.id),))
    for commitment in found.commitments[:SHOWN]:
        key = "task_commitment" if commitment.day >= event.today else "task_late"
        yield Text(say(actor, key, day=commitment.day, words=commitment.words))


def task(actor: Person, progress: Progress, found: Home) -> str:
    if progress.dialogue == "followup":
        words = next((each.words for each in found.commitments if each.id == progress.subject), "")
        return say(actor, "task_followup", words=words)
    if progress.dialogue in ("checkin", "review"):
        return say(actor, f"task_{progress.dialogue}", period=named(progress.subject, speaks(actor)))
    return say(actor, f"task_{progress.dialogue}")


def begin(event: Event, found: Home) -> Buttons:
    """One primary button: the check-in until it is done, then a thank-you."""
    actor, begun = event.actor, any(progress.dialogue == "checkin" for progress in found.unfinished)
    first = found.checked_in or begun
    kudos = Button(say(actor, "give_kudos"), "kudos.form", style="primary" if first else "plain", opens=True)
    grow = Button(say(actor, "grow"), "grow.start")
    if first:
        return Buttons((kudos, grow))
    return Buttons((Button(say(actor, "checkin"), "checkin.start", style="primary"), kudos, grow))


def own(actor: Person, found: Home) -> Iterator[Part]:
    if found.kudos.received or found.kudos.given:
        yield Heading(say(actor, "kudos"))
        yield Text(say(actor, "kudos_counts", received=found.kudos.received, given=found.kudos.given))
    if found.trend:
        yield Heading(say(actor, "trend"))
        for row in found.trend[-3:]:
            period = named(row.period, speaks(actor))
            if row.energy:
                yield Bar(say(actor, "trend_line", period=period), row.energy, 5)
            if row.workload:
                yield Bar(say(actor, "trend_work", period=period), row.workload, 5)
    if found.agenda:
        yield Heading(say(actor, "agenda"))
        for person, words in found.agenda[:SHOWN]:
            yield Text(say(actor, "agenda_line", who=person.name, words=words[:300]))


def team(actor: Person, found: Home) -> Iterator[Part]:
    """For managers: who has answered, never what."""
    if found.team.people:
        states = {"answered": "answered", "skipped": "skipped", "said": "said"}
        rows = [
            (person.name, checkin(actor, f"team_{states.get(state, 'waiting')}")) for person, state in found.team.people
        ]
        yield Heading(say(actor, "team", period=named(found.team.period, speaks(actor))))
        yield Facts(tuple(rows[:30]))


def rest(actor: Person) -> Iterator[Part]:
    yield Buttons(
        (
            Button(say(actor, "history"), "history.show"),
            Button(say(actor, "settings"), "people.settings"),
            Button(say(actor, "help"), "people.help"),
        )
    )

"""All of development in one place: what one means to do next, and a button to everything else."""

from collections.abc import Iterator

from bot.core.cards import Button, Buttons, Card, Note, Part, Quote, Text
from bot.core.effects import Effect, Tell, Whisper
from bot.core.events import Action, Command, Event
from bot.core.features import Feature
from bot.core.people import Person
from bot.core.wording import wording
from storage import growth as store
from storage.growth import Overview

growth = Feature("growth")
say = wording("growth")
# What there is, by the action that shows it, in the order in which one thing leads to the next.
WAYS = {
    "expectations": "expectations.show",
    "aspirations": "aspirations.show",
    "skills": "skills.show",
    "plan": "learning.list",
    "mentors": "mentors.list",
    "catalogue": "learning.catalogue",
}
LEADING = {"team_expectations": "expectations.team"}
FURTHER = {"team": "teamplan.show", "improvement": "improvement.mine"}


@growth.command("growth", gather=store.overview)
def command(event: Command, found: Overview) -> Iterator[Effect]:
    yield Whisper(card(event, found))


@growth.action("growth.show", gather=store.overview)
def press(event: Action, found: Overview) -> Iterator[Effect]:
    yield Tell(event.actor, card(event, found))


def card(event: Event, found: Overview) -> Card:
    actor, parts = event.actor, list[Part]()
    if found.actions:
        first = found.actions[0]
        parts += [Text(say(actor, "next", day=first.day)), Quote(first.words)]
        if more := len(found.actions) - 1:
            parts.append(Note(say(actor, "more", n=more)))
    else:
        parts.append(Text(say(actor, "nothing")))
    for one in found.mentorings[:3]:
        key = f"as_mentor.{one.state}" if one.mentor.id == actor.id else f"as_mentee.{one.state}"
        parts.append(Note(say(actor, key, who=one.other(actor).name, topic=one.topic)))
    learn = Button(say(actor, "learn"), "learning.form", style="primary", opens=True)
    parts += [Buttons((learn,)), Buttons(ways(actor, WAYS))]
    parts.append(Buttons(ways(actor, LEADING | FURTHER if found.manages else FURTHER)))
    return Card(say(actor, "title"), (*parts, Note(say(actor, "note"))))


def ways(actor: Person, to: dict[str, str]) -> tuple[Button, ...]:
    return tuple(Button(say(actor, f"ways.{name}"), action) for name, action in to.items())


@growth.command("growth help")
def help(event: Command) -> Iterator[Effect]:
    actor = event.actor
    text = say(actor, "help").replace("/", f"/{event.settings.prefix}")
    show = Button(say(actor, "show"), "growth.show", style="primary")
    yield Whisper(Card(say(actor, "help_title"), (Text(text), Buttons((show,)))))
